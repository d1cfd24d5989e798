internal import JSON
internal import Kubernetes

/// The admission policies of a folder and their bindings, until all documents are known.
struct AdmissionDocuments {
    private var policies: [AdmissionPolicyDocument] = []
    /// The places in `policies` of each kind and name.
    private var numbers: [String: Int] = [:]
    private var bindings: [AdmissionBindingDocument] = []
    /// The Namespaces of the folder: parameters, where a policy takes such.
    private var namespaces: [Node] = []
    /// Where each name of a kind was first used.
    private var places: [String: String] = [:]

    /// The kinds.
    static let kinds = AdmissionPolicyKind.allCases.flatMap { [$0.rawValue, $0.bindingKind] }
    /// What their apiVersion should be.
    static let apiVersion = "\(AdmissionPolicyKind.group)/v1"

    /// Whether a document is one of these.
    static func reads(_ apiVersion: String, _ kind: String) -> Bool {
        kinds.contains(kind)
            && AdmissionPolicyKind.versions.contains { apiVersion == "\(AdmissionPolicyKind.group)/\($0)" }
    }

    /// The kinds that policies take for parameters.
    var paramKinds: Set<ParamKind> { Set(policies.compactMap(\.paramKind)) }

    /// Adds a document of which `reads` is true.
    mutating func add(_ node: Node, apiVersion: String, kind: String) {
        guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec", "status"]),
            let name = name(fields, kind)
        else { return }
        let spec = fields.required("spec", "add spec")
        for policyKind in AdmissionPolicyKind.allCases {
            if kind == policyKind.rawValue {
                numbers["\(kind)/\(name)"] = policies.count
                policies.append(AdmissionPolicyDocument(policyKind, name: name, node: node, spec: spec))
            } else if kind == policyKind.bindingKind {
                let isAlpha = apiVersion.hasSuffix("/v1alpha1")
                let binding = AdmissionBindingDocument(policyKind, name: name, node: node, spec: spec, isAlpha: isAlpha)
                if let binding { bindings.append(binding) }
            }
        }
    }

    /// Keeps a Namespace, in case that a policy takes it for a parameter.
    mutating func add(namespace node: Node) { namespaces.append(node) }

    private mutating func name(_ fields: Fields, _ kind: String) -> String? {
        guard let metadata = fields.required("metadata", "add metadata: {name: …}") else { return nil }
        guard let value = metadata.document.member("name", of: metadata.value), !value.isNull else {
            metadata.error("has no name", mend: "add a name")
            return nil
        }
        let node = metadata.at(value, "metadata.name")
        guard let name = node.subdomain() else { return nil }
        let place = "\(node.file):\(node.document.position(of: value).line)"
        if let first = places.updateValue(place, forKey: "\(kind)/\(name)") {
            node.error("\(kind) \(name) exists already (\(first))", mend: "give it a name of its own")
            return nil
        }
        return name
    }

    /// Tells the manifests what policies and bindings say of them, before anybody looks for parameters.
    func prepare(_ manifests: inout ParamManifests) {
        let kind = ParamKind(apiVersion: "v1", kind: "Namespace")
        if paramKinds.contains(kind) {
            for node in namespaces { manifests.add(node, kind) }
        }
        for binding in bindings {
            if let kind = policy(of: binding)?.paramKind { binding.note(kind, in: &manifests) }
        }
    }

    private func policy(of binding: AdmissionBindingDocument) -> AdmissionPolicyDocument? {
        numbers["\(binding.kind.rawValue)/\(binding.policyName)"].map { policies[$0] }
    }

    /// Joins policies and bindings; nil if there are none.
    ///
    /// A binding of a policy that is not there does nothing, and neither does a policy without a binding: as in Kubernetes,
    /// where the one may come before the other. Both are warned of.
    func compile(_ manifests: ParamManifests, namespaces: [PolicyIndex.Namespace]) -> AdmissionPolicies? {
        if policies.isEmpty && bindings.isEmpty { return nil }
        var hooks: [AdmissionPolicyKind: [AdmissionHook]] = [:]
        var bound: Set<String> = []
        for document in bindings.sorted(by: { ($0.policyName, $0.name) < ($1.policyName, $1.name) }) {
            guard let policyDocument = policy(of: document) else {
                let names = policies.filter { $0.kind == document.kind }.map(\.name)
                let near = document.policyName.nearest(in: names)
                document.policyNode.warning(
                    .unknownName,
                    "names no \(document.kind.rawValue) of the folder"
                        + (near.map { ", did you mean \"\($0)\"?" } ?? "") + "; the binding does nothing",
                    mend: near.map { "write \($0)" } ?? "add the policy"
                )
                continue
            }
            bound.insert("\(document.kind.rawValue)/\(document.policyName)")
            guard let policy = policyDocument.policy else { continue }
            let binding = document.binding(of: policy, manifests)
            hooks[document.kind, default: []].append(AdmissionHook(policy: policy, binding: binding))
        }
        let unbound = policies.filter { !bound.contains("\($0.kind.rawValue)/\($0.name)") }
        for document in unbound {
            document.node.warning(
                .unused,
                "\(document.kind.rawValue) \(document.name) has no binding and does nothing",
                mend: "add a \(document.kind.bindingKind)"
            )
        }
        return AdmissionPolicies(
            validating: hooks[.validating] ?? [],
            mutating: hooks[.mutating] ?? [],
            policyCounts: policies.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 },
            unbound: unbound.map { ($0.kind, $0.name) }.sorted { $0.1 < $1.1 },
            namespaces: namespaces
        )
    }
}
