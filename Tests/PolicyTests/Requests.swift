import JSON
import Kubernetes
import Policy
import Testing

/// What a test asks of the API server, in the fewest words.
struct Ask: Sendable {
    var operation = Operation.create
    var namespace: String? = "team-a"
    var object: String?
    var old: String?
    var user = "dev-alice"
    var groups = ["system:authenticated"]
    var subResource: String?
    var dryRun = false

    static func create(_ object: String, namespace: String? = "team-a", user: String = "dev-alice") -> Ask {
        Ask(namespace: namespace, object: object, user: user)
    }

    static func update(
        _ old: String,
        to object: String,
        namespace: String? = "team-a",
        user: String = "dev-alice"
    ) -> Ask {
        Ask(operation: .update, namespace: namespace, object: object, old: old, user: user)
    }

    static func delete(_ old: String, namespace: String? = "team-a", user: String = "dev-alice") -> Ask {
        Ask(operation: .delete, namespace: namespace, old: old, user: user)
    }

    /// The request as the API server sends it.
    func request() throws -> AdmissionRequest {
        try AdmissionReview.decode(JSONDocument(parsing: body()))
    }

    /// The body of the review.
    func body() throws -> [UInt8] {
        let object = try object.map(document)
        let old = try old.map(document)
        let subject = try #require(object ?? old)
        let apiVersion = subject.member("apiVersion", of: subject.root).flatMap { subject.string($0) } ?? ""
        let kind = subject.member("kind", of: subject.root).flatMap { subject.string($0) } ?? ""
        let name = subject.member("metadata", of: subject.root).flatMap { subject.member("name", of: $0) }
        let type = try #require(GroupVersionKind(apiVersion: apiVersion, kind: kind))
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("kind")
        writer.string("AdmissionReview")
        writer.key("apiVersion")
        writer.string("admission.k8s.io/v1")
        writer.key("request")
        writer.beginObject()
        writer.key("uid")
        writer.string("26858c88-e8b6-44b3-a799-a62faeb5f1ec")
        for (key, last, name) in [("kind", "kind", kind), ("resource", "resource", kind.lowercased() + "s")] {
            writer.key(key)
            writer.beginObject()
            writer.key("group")
            writer.string(type.group)
            writer.key("version")
            writer.string(type.version)
            writer.key(last)
            writer.string(name)
            writer.endObject()
        }
        if let subResource {
            writer.key("subResource")
            writer.string(subResource)
        }
        if let name {
            writer.key("name")
            writer.copy(name, in: subject)
        }
        if let namespace {
            writer.key("namespace")
            writer.string(namespace)
        }
        writer.key("operation")
        writer.string(operation.rawValue)
        writer.key("userInfo")
        writer.beginObject()
        writer.key("username")
        writer.string(user)
        writer.key("groups")
        writer.beginArray()
        for group in groups { writer.string(group) }
        writer.endArray()
        writer.endObject()
        writer.key("object")
        if let object { writer.copy(object.root, in: object) } else { writer.null() }
        writer.key("oldObject")
        if let old { writer.copy(old.root, in: old) } else { writer.null() }
        writer.key("dryRun")
        writer.bool(dryRun)
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    private func document(_ yaml: String) throws -> JSONDocument {
        try #require(try JSONDocument.parseYAML(Array(yaml.utf8)).first)
    }
}

/// What became of a folder with these files.
func compile(
    _ files: [(name: String, text: String)],
    configuration: PolicyConfiguration = PolicyConfiguration()
) throws -> PolicyCompiler.Result {
    var compiler = PolicyCompiler(configuration: configuration)
    for file in files {
        for document in try JSONDocument.parseYAML(Array(file.text.utf8)) { compiler.add(document, file: file.name) }
    }
    return compiler.finish()
}

/// The set of good documents.
func policies(_ documents: String..., configuration: PolicyConfiguration = PolicyConfiguration()) throws -> PolicySet {
    let files = documents.enumerated().map { (name: "\($0.offset).yaml", text: $0.element) }
    let result = try compile(files, configuration: configuration)
    return try #require(result.set, "\(result.issues.map(\.description).joined(separator: "\n"))")
}

/// A policy with one rule, written as the body of `spec.rules[0]` without its name.
func policy(_ name: String = "p", match: String = "{}", action: String = "Deny", rule: String) -> String {
    """
    apiVersion: portcullis.dev/v1alpha1
    kind: AzurePolicy
    metadata: {name: \(name)}
    spec:
      match: \(match)
      action: \(action)
      rules:
        - {name: r, \(rule)}
    """
}

/// A resource of a kind, with `spec` in flow style.
func resource(
    _ type: String,
    spec: String,
    name: String = "thing",
    metadata: String = ""
) -> String {
    let parts = type.split(separator: "/")
    return """
        apiVersion: \(parts[0])/\(parts[1])
        kind: \(parts[2])
        metadata: {name: \(name), namespace: team-a\(metadata.isEmpty ? "" : ", " + metadata)}
        spec: \(spec)
        """
}

/// A storage account, the tests' favourite.
func storageAccount(_ spec: String, metadata: String = "") -> String {
    resource("storage.azure.com/v1api20230101/StorageAccount", spec: spec, metadata: metadata)
}

/// What a rule says of an object under each action.
///
/// On CREATE its failures deny, warn or are kept for the log as the action says; on an UPDATE of the same object they are old.
/// `judge` is given each decision; `more` are documents beside the policy.
func decideUnderEachAction(
    _ rule: String,
    _ object: String,
    _ more: [String] = [],
    inventory: Inventory? = nil,
    judge: (Decision) throws -> Void
) throws {
    for (action, effect) in [("Deny", Failure.Effect.deny), ("Warn", .warn), ("Audit", .audit)] {
        let files = ([policy(action: action, rule: rule)] + more).enumerated().map {
            (name: "\($0.offset).yaml", text: $0.element)
        }
        let result = try compile(files)
        let set = try #require(result.set, "\(result.issues)")
        let created = try set.decide(Ask.create(object).request(), mode: .validate, inventory: inventory)
        #expect(created.failures.allSatisfy { $0.effect == effect })
        #expect(created.allowed == (created.failures.isEmpty || effect != .deny))
        try judge(created)
        let ask = Ask.update(object, to: object)
        let updated = try set.decide(ask.request(), mode: .validate, inventory: inventory)
        #expect(updated.allowed)
        #expect(updated.failures.allSatisfy { $0.effect == (effect == .deny ? .ratcheted : effect) })
        try judge(updated)
    }
}

extension PolicySet {
    func decide(_ ask: Ask, mode: DecisionMode = .validate) throws -> Decision {
        try decide(ask.request(), mode: mode)
    }
}

extension Decision {
    /// `path: message; mend` of all failures, for comparisons.
    var lines: [String] { failures.map(\.description) }
}

extension Failure {
    /// What the failure's line says behind its policy and rule; of an expression's, what comes before the mend.
    var message: String {
        let line = description.dropFirst("\(document)/\(rule): ".count)
        for mend in ["; what must hold is: ", "; change the object so that it holds", "; ask the platform team"] {
            var end = line.startIndex
            while end < line.endIndex {
                if line[end...].hasPrefix(mend) { return String(line[..<end]) }
                end = line.index(after: end)
            }
        }
        return String(line)
    }
}
