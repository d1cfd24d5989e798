public import Azure
public import JSON
public import Kubernetes

/// A manifest and who does what with it: what becomes the AdmissionRequest that an API server would send.
///
/// The object is as its author wrote it, with the namespace that it goes to. What an API server adds besides (`uid`,
/// `creationTimestamp`, `managedFields`, defaults of the resource's schema) is not there.
public struct ManifestRequest: Sendable {
    /// What is done with which object.
    public enum Change: Sendable {
        /// A new object.
        case create(JSONFragment)
        /// An object in the place of another.
        case update(JSONFragment, from: JSONFragment)
        /// An object that goes.
        case delete(JSONFragment)
    }

    /// Who does it.
    public struct User: Hashable, Sendable {
        /// The name; `system:serviceaccount:<namespace>:<name>` for a service account.
        public var name: String
        /// The groups.
        public var groups: [String]

        /// Names a user.
        ///
        /// - Parameters:
        ///   - name: The name.
        ///   - groups: The groups; if nothing, those that every authenticated user, or service account, is in.
        public init(name: String, groups: [String]? = nil) {
            self.name = name
            self.groups = groups ?? Self.impliedGroups(of: name)
        }

        /// Somebody of whom nothing is known but that they have shown who they are.
        public static let anybody = User(name: "kubernetes-user")

        private static func impliedGroups(of name: String) -> [String] {
            let parts = name.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 4, name.hasPrefix("system:serviceaccount:") else { return ["system:authenticated"] }
            return ["system:serviceaccounts", "system:serviceaccounts:\(parts[2])", "system:authenticated"]
        }
    }

    /// What is done.
    public var change: Change
    /// The namespace of objects that do not say theirs; `default` if nothing.
    public var namespace: String?
    /// Who does it.
    public var user: User
    /// Whether nothing will be stored.
    public var isDryRun: Bool

    /// Says who does what.
    public init(_ change: Change, namespace: String? = nil, by user: User = .anybody, isDryRun: Bool = false) {
        self.change = change
        self.namespace = namespace
        self.user = user
        self.isDryRun = isDryRun
    }

    /// Makes the request.
    ///
    /// - Parameter tables: Tell the plural of a kind; one that they do not know is guessed as kubectl does.
    /// - Returns: The request; its `uid` is always the same.
    /// - Throws: Why no API server would take the manifest.
    public func admissionRequest(tables: AzureTables) throws(ManifestError) -> AdmissionRequest {
        let identity = try ObjectIdentity(change.subject)
        let target = identity.isNamespaced ? identity.namespace ?? namespace ?? "default" : nil
        if let namespace, let own = identity.namespace, own != namespace {
            throw ManifestError(
                "is in namespace \(own), not \(namespace)",
                mend: "name the same namespace, or one of both"
            )
        }
        let text = try write(identity, target, tables)
        let review: JSONDocument
        do throws(JSONError) {
            // Objects that other tools' files were made into may hold what nobody knows yet.
            review =
                change.mayHaveUnknowns
                ? try JSONDocument(parsingUnknowns: text) : try JSONDocument(parsing: text)
        } catch {
            throw ManifestError("is no object of Kubernetes: \(error.code)", mend: "make it smaller")
        }
        let request: AdmissionRequest
        do throws(AdmissionReviewError) {
            request = try AdmissionReview.decode(review)
        } catch {
            throw ManifestError("makes no request: \(error)", mend: "write the object as kubectl takes it")
        }
        if let problem = request.problems().first {
            throw ManifestError(
                "is no object that an API server takes: \(problem.field) \(problem.message)",
                mend: "an object that is updated keeps kind, name and namespace; labels and annotations are strings"
            )
        }
        return request
    }

    private func write(
        _ identity: ObjectIdentity,
        _ target: String?,
        _ tables: AzureTables
    ) throws(ManifestError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("kind")
        writer.string("AdmissionReview")
        writer.key("apiVersion")
        writer.string("admission.k8s.io/v1")
        writer.key("request")
        writer.beginObject()
        writer.key("uid")
        // Always the same, so that nothing can depend on it.
        writer.string("00000000-0000-4000-8000-000000000000")
        let type = identity.type
        let plural = type.plural(tables)
        for (key, last, name) in [
            ("kind", "kind", type.kind), ("resource", "resource", plural), ("requestKind", "kind", type.kind),
            ("requestResource", "resource", plural),
        ] {
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
        if let name = identity.name {
            writer.key("name")
            writer.string(name)
        }
        if let target {
            writer.key("namespace")
            writer.string(target)
        }
        writer.key("operation")
        writer.string(change.operation.rawValue)
        writer.key("userInfo")
        writer.beginObject()
        writer.key("username")
        writer.string(user.name)
        writer.key("groups")
        writer.beginArray()
        for group in user.groups { writer.string(group) }
        writer.endArray()
        writer.endObject()
        for (key, object) in [("object", change.object), ("oldObject", change.oldObject)] {
            writer.key(key)
            if let object { writer.copy(try object.inNamespace(target)) } else { writer.null() }
        }
        writer.key("dryRun")
        writer.bool(isDryRun)
        writer.key("options")
        writer.beginObject()
        writer.key("kind")
        writer.string(change.options)
        writer.key("apiVersion")
        writer.string("meta.k8s.io/v1")
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }
}

extension ManifestRequest.Change {
    /// The operation.
    public var operation: Operation {
        switch self {
        case .create: .create
        case .update: .update
        case .delete: .delete
        }
    }

    fileprivate var object: JSONFragment? {
        switch self {
        case .create(let object), .update(let object, _): object
        case .delete: nil
        }
    }

    fileprivate var oldObject: JSONFragment? {
        switch self {
        case .create: nil
        case .update(_, let old), .delete(let old): old
        }
    }

    fileprivate var subject: JSONFragment {
        switch self {
        case .create(let object), .update(let object, _), .delete(let object): object
        }
    }

    fileprivate var mayHaveUnknowns: Bool {
        switch self {
        case .create(let object), .delete(let object): object.document.mayHaveUnknowns
        case .update(let object, let old): object.document.mayHaveUnknowns || old.document.mayHaveUnknowns
        }
    }

    fileprivate var options: String {
        switch self {
        case .create: "CreateOptions"
        case .update: "UpdateOptions"
        case .delete: "DeleteOptions"
        }
    }
}

/// Why a manifest is no object that an API server takes.
public struct ManifestError: Error, Equatable, Sendable {
    /// What is wrong.
    public let message: String
    /// What to write instead.
    public let mend: String

    init(_ message: String, mend: String) {
        self.message = message
        self.mend = mend
    }
}

/// What an object says of itself.
struct ObjectIdentity {
    let type: GroupVersionKind
    /// Nothing if the API server is to make one up.
    let name: String?
    let namespace: String?

    init(_ object: JSONFragment) throws(ManifestError) {
        let (document, value) = (object.document, object.value)
        guard value.isObject else { throw ManifestError("is no object", mend: "write apiVersion, kind and metadata") }
        func text(_ name: StaticString) -> String? {
            document.member(name, of: value).flatMap { document.string($0) }
        }
        guard let apiVersion = text("apiVersion"), let kind = text("kind"),
            let type = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        else {
            throw ManifestError(
                "has no apiVersion and kind",
                mend: "write both, such as storage.azure.com/v1api20230101 and StorageAccount"
            )
        }
        let metadata = ObjectMeta(of: value, in: document)
        let name = metadata.name.flatMap { document.string($0) }
        if name?.isEmpty ?? true, metadata.generateName == nil {
            throw ManifestError("has no name", mend: "write metadata.name or metadata.generateName")
        }
        self.type = type
        self.name = name?.isEmpty ?? true ? nil : name
        namespace = metadata.namespace.flatMap { document.string($0) }
    }

    /// All of Azure Service Operator's kinds are, and most of others; whoever brings a kind of their own that is not says no
    /// namespace.
    var isNamespaced: Bool {
        !Self.clusterScoped.contains(type.kind) || type.group.hasSuffix(".azure.com")
    }

    private static let clusterScoped: Set<String> = [
        "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
        "StorageClass", "IngressClass", "PriorityClass", "RuntimeClass", "APIService", "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "AzurePolicy", "AzureBinding", "PolicyException",
    ]
}

extension GroupVersionKind {
    /// The resource's name in URLs.
    fileprivate func plural(_ tables: AzureTables) -> String {
        if let kind = tables.kind(group: group, kind: kind), !kind.plural.isEmpty { return kind.plural }
        let singular = kind.lowercased()
        if singular.hasSuffix("s") { return singular + "es" }
        if singular.hasSuffix("y") { return singular.dropLast() + "ies" }
        return singular + "s"
    }
}

extension JSONFragment {
    /// The object with the namespace that it goes to, as the API server writes it before it asks anybody.
    fileprivate func inNamespace(_ namespace: String?) throws(ManifestError) -> JSONFragment {
        guard let namespace, ObjectMeta(of: value, in: document).namespace == nil,
            document.member("metadata", of: value)?.isObject ?? false
        else { return self }
        let place = JSONPointer(tokens: ["metadata", "namespace"])
        do throws(JSONPatchError) {
            return JSONFragment(try JSONPatch([.add(place, JSONFragment(string: namespace))]).apply(to: self))
        } catch {
            throw ManifestError("cannot be put into namespace \(namespace): \(error)", mend: "write metadata.namespace")
        }
    }
}
