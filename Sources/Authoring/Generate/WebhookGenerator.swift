internal import Azure
public import JSON
public import Policy

/// Makes the registrations of a webhook that asks about what a set of policies matches, and about nothing else.
///
/// What they say beside the rules is what `deploy/` says: validation fails closed, mutation open, and every version is asked
/// about, for an older one would be the way around a policy.
public struct WebhookGenerator {
    /// Where the API server finds the webhook.
    public enum Address: Sendable {
        /// A Service of the cluster.
        case service(namespace: String, name: String, port: Int)
        /// An `https` URL, to which the paths are added.
        case url(String)
    }

    /// What registrations say beside what is asked about.
    public struct Settings: Sendable {
        /// Where the webhook is.
        public var address: Address
        /// Certificates in PEM by which the API server knows it; nil leaves that to whoever writes `caBundle` later.
        public var authority: [UInt8]?
        /// How long the API server waits, in seconds, 1 to 30.
        public var timeoutSeconds: Int

        /// What is given.
        public init(address: Address, authority: [UInt8]? = nil, timeoutSeconds: Int = 5) {
            self.address = address
            self.authority = authority
            self.timeoutSeconds = timeoutSeconds
        }
    }

    /// What somebody should know of what was made.
    public private(set) var notes: [String] = []

    private let settings: Settings
    private var validating: WebhookRules
    private var mutating: WebhookRules
    private var hasBinding = false

    /// Begins.
    public init(_ settings: Settings, configuration: PolicyConfiguration = PolicyConfiguration()) {
        self.settings = settings
        validating = WebhookRules(configuration.tables)
        mutating = WebhookRules(configuration.tables)
    }

    /// Whether no policy asks for anything.
    public var isEmpty: Bool { validating.isEmpty && mutating.isEmpty }

    /// Adds the policies of a document, which must be good: what `PolicyCompiler` finds fault with has no meaning here.
    public mutating func add(_ document: JSONDocument) {
        for (_, object) in document.objects {
            let policy = TemplateLiteral(object, in: document)
            let name = policy["metadata"]?["name"]?.text ?? ""
            switch (policy["apiVersion"]?.text ?? "", policy["kind"]?.text ?? "") {
            case (PolicyFile.apiVersion, "AzurePolicy"), (PolicyFile.apiVersion, "NamespaceAzurePolicy"):
                if let spec = policy["spec"]?.resolvingParameters() { add(spec, named: name) }
            case (PolicyFile.apiVersion, "AzureBinding"): hasBinding = true
            case (let version, "ValidatingAdmissionPolicy") where version.hasPrefix("admissionregistration.k8s.io/"):
                validating.copy(policy["spec"]?["matchConstraints"]?["resourceRules"])
            case (let version, "MutatingAdmissionPolicy") where version.hasPrefix("admissionregistration.k8s.io/"):
                mutating.copy(policy["spec"]?["matchConstraints"]?["resourceRules"])
            default: continue
            }
        }
    }

    private mutating func add(_ spec: TemplateLiteral, named name: String) {
        let match = spec["match"]
        func texts(_ field: String) -> [String]? { match?[field]?.elements?.compactMap(\.text) }
        let included = texts("resources") ?? ["*.azure.com/*"]
        let excluded = texts("excludedResources") ?? []
        let operations = Set((texts("operations") ?? ["CREATE", "UPDATE"]).map { $0.uppercased() })
        let rules = spec["rules"]?.elements ?? []
        // Some rules are asked on operations of their own, whatever the policy matches.
        var asked = rules.isEmpty ? [] : operations
        for rule in rules {
            if let deletion = rule["deletion"] {
                asked.formUnion(deletion["detachOnDelete"] == nil ? ["DELETE"] : ["CREATE", "UPDATE", "DELETE"])
            }
            if rule["immutable"] != nil { asked.insert("UPDATE") }
        }
        var open = validating.add(included, without: excluded, asked)
        if !(spec["mutations"]?.elements ?? []).isEmpty {
            open += mutating.add(included, without: excluded, operations.intersection(["CREATE", "UPDATE"]))
        }
        for pattern in Set(open).sorted() {
            notes.append(
                "\(name): groups beyond those of Azure Service Operator that \(pattern) fits are not asked about"
            )
        }
    }

    // MARK: Manifests

    /// The registrations as a stream of documents.
    public var yaml: String {
        manifests.map { "---\n" + YAMLText.yaml(ofJSON: Array($0.json.utf8)) + "\n" }.joined()
    }

    /// The registrations as a List.
    public var json: String {
        let list: TemplateLiteral = ["apiVersion": "v1", "kind": "List", "items": .array(manifests)]
        return list.indentedJSON
    }

    private var manifests: [TemplateLiteral] {
        var validating = validating
        // Once there is a binding, everything that could name somebody else's is judged, wherever it is.
        if hasBinding { validating.addEveryKind(["CREATE", "UPDATE"]) }
        var webhooks: [TemplateLiteral] = []
        if !validating.isEmpty { webhooks.append(webhook("validate", "/validate", "Fail", validating.rules)) }
        if hasBinding {
            webhooks.append(
                webhook(
                    "secrets.validate",
                    "/validate",
                    "Fail",
                    [Self.secrets],
                    condition: ("credential", Self.isCredential)
                )
            )
            webhooks.append(
                webhook(
                    "namespaces.validate",
                    "/validate",
                    "Fail",
                    [Self.namespaces],
                    condition: ("reconcile-policy", Self.hasReconcilePolicy)
                )
            )
        }
        var result: [TemplateLiteral] = []
        if !webhooks.isEmpty { result.append(Self.configuration("ValidatingWebhookConfiguration", webhooks)) }
        if !mutating.isEmpty {
            // Validation sees the result in any case, and is the one that fails closed.
            let webhook = webhook("mutate", "/mutate", "Ignore", mutating.rules, reinvocationPolicy: "IfNeeded")
            result.append(Self.configuration("MutatingWebhookConfiguration", [webhook]))
        }
        return result
    }

    private static func configuration(_ kind: String, _ webhooks: [TemplateLiteral]) -> TemplateLiteral {
        [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": .string(kind), "metadata": ["name": "portcullis"],
            "webhooks": .array(webhooks),
        ]
    }

    private func webhook(
        _ name: String,
        _ path: String,
        _ failurePolicy: String,
        _ rules: [TemplateLiteral],
        condition: (name: String, expression: String)? = nil,
        reinvocationPolicy: String? = nil
    ) -> TemplateLiteral {
        let client: TemplateLiteral.Member
        switch settings.address {
        case .service(let namespace, let name, let port):
            client = .init(
                key: "service",
                value: [
                    "name": .string(name), "namespace": .string(namespace), "path": .string(path),
                    "port": .int(Int64(port)),
                ]
            )
        case .url(let url):
            client = .init(key: "url", value: .string((url.hasSuffix("/") ? String(url.dropLast()) : url) + path))
        }
        let bundle = settings.authority.map {
            TemplateLiteral.Member(key: "caBundle", value: .string(Self.base64($0)))
        }
        return TemplateLiteral(
            ("name", .string("\(name).portcullis.dev")),
            ("admissionReviewVersions", ["v1"]),
            ("clientConfig", .object([client] + (bundle.map { [$0] } ?? []))),
            ("failurePolicy", .string(failurePolicy)),
            ("matchPolicy", "Equivalent"),
            ("reinvocationPolicy", reinvocationPolicy.map { .string($0) }),
            ("sideEffects", "None"),
            ("timeoutSeconds", .int(Int64(settings.timeoutSeconds))),
            (
                "matchConditions",
                condition.map { [["name": .string($0.name), "expression": .string($0.expression)]] }
            ),
            ("rules", .array(rules))
        )
    }

    /// Secrets that could be taken for a credential, before or after the change.
    private static let isCredential = """
        [object, oldObject].exists(o, o != null && (\
        (has(o.metadata.name) && o.metadata.name == 'aso-credential') || \
        (has(o.data) && o.data.exists(k, k.startsWith('AZURE_'))) || \
        (has(o.stringData) && o.stringData.exists(k, k.startsWith('AZURE_')))))
        """
    /// Namespaces that tell Azure Service Operator to leave their resources alone.
    private static let hasReconcilePolicy = """
        has(object.metadata.annotations) && 'serviceoperator.azure.com/reconcile-policy' in object.metadata.annotations
        """
    private static let secrets: TemplateLiteral = [
        "operations": ["CREATE", "UPDATE", "DELETE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["secrets"], "scope": "Namespaced",
    ]
    private static let namespaces: TemplateLiteral = [
        "operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["namespaces"],
        "scope": "Cluster",
    ]

    /// Bytes in base64 with padding (RFC 4648 §4), as manifests hold them.
    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// What is asked about, by group.
///
/// Kinds of the tables are named by their plurals; a pattern for kinds means all of its group, for kinds are added.
private struct WebhookRules {
    private let tables: AzureTables
    /// Operations by group and resource; `*` stands for all resources.
    private var operations: [String: [String: Set<String>]] = [:]
    /// Rules of Kubernetes' own policies, which are rules of webhooks already.
    private var copied: [TemplateLiteral] = []

    init(_ tables: AzureTables) {
        self.tables = tables
    }

    var isEmpty: Bool { operations.isEmpty && copied.isEmpty }

    private var groups: Set<String> { Set(tables.kinds.map(\.group)) }

    mutating func addEveryKind(_ operations: Set<String>) {
        for group in groups { add("*", of: group, operations) }
    }

    /// Adds the kinds that patterns fit.
    ///
    /// - Returns: Patterns that may mean groups which nobody can list.
    mutating func add(_ included: [String], without excluded: [String], _ operations: Set<String>) -> [String] {
        var open: [String] = []
        for pattern in included where !operations.isEmpty {
            let parts = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard let group = parts.first, let kind = parts.last else { continue }
            let glob = Glob(pattern)
            let known = tables.kinds.filter { glob.matches($0.description) }
            if group.contains("*") {
                // Groups of Azure are those of the tables, as in deploy/.
                if !group.hasSuffix(".azure.com") { open.append(pattern) }
                guard kind.contains("*") else {
                    for kind in known { add(kind.plural, of: kind.group, operations) }
                    continue
                }
                let groupGlob = Glob(group)
                for group in groups where groupGlob.matches(group) { add("*", of: group, operations) }
            } else if kind.contains("*") {
                add("*", of: group, operations)
            } else if known.isEmpty {
                add(Self.plural(kind, of: group), of: group, operations)
            }
            for kind in known where !excluded.contains(where: { Glob($0).matches(kind.description) }) {
                add(kind.plural, of: kind.group, operations)
            }
        }
        return open
    }

    /// The plural of a kind that the tables do not know: Azure's groups are asked about whole, others by the usual rule.
    private static func plural(_ kind: String, of group: String) -> String {
        if AzureTables.isAzure(group: Array(group.utf8).span) { return "*" }
        let name = kind.lowercased()
        if name.hasSuffix("y") { return name.dropLast() + "ies" }
        return name + (["s", "x", "ch", "sh"].contains { name.hasSuffix($0) } ? "es" : "s")
    }

    mutating func copy(_ rules: TemplateLiteral?) {
        for rule in rules?.elements ?? [] where !copied.contains(rule) { copied.append(rule) }
    }

    private mutating func add(_ resource: String, of group: String, _ names: Set<String>) {
        operations[group, default: [:]][resource, default: []].formUnion(names)
    }

    // MARK: Rules

    /// In the order of Kubernetes' own manifests.
    private static let order = ["CREATE", "UPDATE", "DELETE", "CONNECT"]

    /// Rules, in which groups of which the same is asked stand together.
    var rules: [TemplateLiteral] {
        struct Question: Hashable {
            let operations: [String]
            let resources: [String]
        }
        var groups: [Question: [String]] = [:]
        for (group, resources) in operations {
            let all = resources["*"] ?? []
            var byOperations: [[String]: [String]] = [:]
            for (resource, names) in resources {
                // What is asked of all of a group is asked of each.
                let names = resource == "*" ? names : names.subtracting(all)
                if names.isEmpty { continue }
                byOperations[Self.order.filter { names.contains($0) }, default: []].append(resource)
            }
            for (operations, resources) in byOperations {
                groups[Question(operations: operations, resources: resources.sorted()), default: []].append(group)
            }
        }
        let own = groups.map { question, groups -> (groups: [String], rule: TemplateLiteral) in
            let groups = groups.sorted()
            return (
                groups,
                [
                    "operations": .strings(question.operations), "apiGroups": .strings(groups), "apiVersions": ["*"],
                    "resources": .strings(question.resources), "scope": "*",
                ]
            )
        }
        let sorted = own.sorted {
            ($0.groups.count, $1.groups[0], $0.rule.json) > ($1.groups.count, $0.groups[0], $1.rule.json)
        }
        return sorted.map(\.rule) + copied
    }
}
