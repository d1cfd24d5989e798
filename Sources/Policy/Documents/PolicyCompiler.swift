internal import Azure
public import JSON
internal import Kubernetes

/// Makes a policy set of the documents of a folder.
///
/// Documents are added in any order; nothing is in force before all are good. One compiler makes one set.
public struct PolicyCompiler {
    /// What became of a folder.
    public struct Result: Sendable {
        /// The set; nil if any issue is an error.
        public let set: PolicySet?
        /// Errors and warnings, by file, line and column.
        public let issues: [PolicyIssue]

        /// The issues that keep the set from being made.
        public var errors: [PolicyIssue] { issues.filter { $0.severity == .error } }
    }

    private static let apiVersion = "portcullis.dev/v1alpha1"
    /// Kinds that the design knows and this version does not enforce.
    private static let reserved = ["NamespaceAzurePolicy", "PolicyException", "DatabaseRestore"]

    private let configuration: PolicyConfiguration
    private let loading: Loading
    private var policies: [AzurePolicyDocument] = []
    private var bindings: [AzureBindingDocument] = []
    private var admission = AdmissionDocuments()
    private var namespaces: [PolicyIndex.Namespace] = []
    /// Documents of kinds that are not ours: the parameters of policies.
    private var others: [(node: Node, apiVersion: String, kind: String)] = []
    /// Where each name of a kind was first used.
    private var places: [String: String] = [:]

    /// Starts a set.
    public init(configuration: PolicyConfiguration = PolicyConfiguration()) {
        self.configuration = configuration
        loading = Loading(tables: configuration.tables)
    }

    /// Adds a document of a file.
    ///
    /// AzurePolicy, AzureBinding, Namespace and Kubernetes' admission policies are read, lists of them too. Empty documents and kustomizations are passed
    /// over; any other kind is an error, for a policy that is not enforced must not look as if it were.
    public mutating func add(_ document: JSONDocument, file: String) {
        add(Node(document: document, value: document.root, file: file, path: "", loading: loading))
    }

    /// Reports that a file could not be read as documents; there will be no set then.
    public mutating func add(_ issue: PolicyIssue) {
        loading.report(issue)
    }

    /// Makes the set, which will carry the number.
    public consuming func finish(generation: UInt64 = 0) -> Result {
        let names = namespaces.map { Array($0.name.utf8) }
        reportSharedNamespaces(names)
        let manifests = bindParameters()
        let admissionPolicies = admission.compile(manifests, namespaces: namespaces)
        guard !loading.hasErrors else { return Result(set: nil, issues: loading.sorted) }
        let set = PolicySet(
            policies: policies.map {
                (
                    $0.entry,
                    PolicySet.Policy(
                        name: $0.name,
                        match: $0.match,
                        failurePolicy: $0.failurePolicy,
                        rules: $0.rules,
                        mutations: $0.mutations,
                        expressions: $0.expressions
                    )
                )
            },
            bindings: bindings.map { ($0.entry, $0.binding) },
            admissionPolicies: admissionPolicies,
            namespaces: namespaces,
            configuration: configuration,
            generation: generation
        )
        return Result(set: set, issues: loading.sorted)
    }

    /// Finds the manifests that policies name as their parameters; a kind that none names is no document of ours.
    private mutating func bindParameters() -> ParamManifests {
        var manifests = ParamManifests()
        let params = policies.compactMap(\.params)
        let kinds = Set(params.map(\.kind)).union(admission.paramKinds)
        for other in others {
            let kind = ParamKind(apiVersion: other.apiVersion, kind: other.kind)
            if kinds.contains(kind) {
                manifests.add(other.node, kind)
            } else {
                refuse(Fields(node: other.node), other.apiVersion, other.kind)
            }
        }
        for param in params where param.reference.namespace != nil { manifests.noteNamespace(of: param.kind) }
        admission.prepare(&manifests)
        for index in policies.indices {
            guard let params = policies[index].params else { continue }
            policies[index].expressions?.parameters = params.bind(to: manifests)
        }
        return manifests
    }

    /// Two bindings that match one namespace, where that can be seen: for every namespace that the folder names.
    private func reportSharedNamespaces(_ known: [[UInt8]]) {
        guard bindings.count > 1 else { return }
        let bindings = bindings.sorted { $0.binding.name < $1.binding.name }
        let index = PatternIndex(bindings.map(\.entry), names: known)
        var names = Set(known)
        for entry in bindings.map(\.entry) + policies.map(\.entry.namespaces) {
            for glob in entry.included ?? [] where glob.isLiteral { names.insert(glob.pattern) }
        }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let match = index.match(name.span)
            let matching = bindings.indices.filter { index.word($0 / 64, of: match) & 1 << UInt64($0 % 64) != 0 }
            guard matching.count > 1, let last = matching.last, let first = matching.first else { continue }
            bindings[last].node.error(
                "namespace \(String(decoding: name, as: UTF8.self)) is matched by AzureBinding \(bindings[first].binding.name) too",
                mend: "leave a namespace to one binding; bindings do not add up"
            )
        }
    }

    private mutating func add(_ node: Node) {
        if node.value.isNull { return }
        guard node.value.isObject else {
            node.error(
                "the document is \(node.typeName), not an object",
                mend: "write apiVersion, kind, metadata and spec"
            )
            return
        }
        let type = Fields(node: node)
        guard
            let apiVersion = type.required("apiVersion", "add apiVersion: \(Self.apiVersion)")?.string(),
            let kind = type.required("kind", "add kind: AzurePolicy or another kind of policy")?.string()
        else { return }
        switch (apiVersion, kind) {
        case (Self.apiVersion, "AzurePolicy"), (Self.apiVersion, "AzureBinding"):
            addPolicy(node, kind)
        case ("v1", "Namespace"):
            addNamespace(node)
            admission.add(namespace: node)
        case _ where AdmissionDocuments.reads(apiVersion, kind):
            admission.add(node, apiVersion: apiVersion, kind: kind)
        case ("v1", "List"):
            guard let items = type["items"] else { return }
            guard items.value.isArray else {
                items.error("must be a list, not \(items.typeName)", mend: "write a list of documents")
                return
            }
            for (place, item) in node.document.elements(of: items.value).enumerated() {
                add(node.at(item, "\(items.path)[\(place)]"))
            }
        case (_, "Kustomization") where apiVersion.hasPrefix("kustomize.config.k8s.io/"):
            return
        default:
            others.append((node, apiVersion, kind))
        }
    }

    private func refuse(_ type: Fields, _ apiVersion: String, _ kind: String) {
        if Self.reserved.contains(kind) {
            type["kind"]?.error("\(kind) is not supported by this version", mend: "remove it; nothing would enforce it")
            return
        }
        let kinds = ["AzurePolicy", "AzureBinding", "Namespace"] + AdmissionDocuments.kinds
        if kinds.contains(kind) {
            let expected =
                kind == "Namespace"
                ? "v1" : AdmissionDocuments.kinds.contains(kind) ? AdmissionDocuments.apiVersion : Self.apiVersion
            type["apiVersion"]?.error("is \"\(apiVersion.prefix(80))\"", mend: "write \(expected)")
        } else if let near = kind.nearest(in: kinds + Self.reserved) {
            type["kind"]?.error("is \"\(kind.prefix(80))\", did you mean \"\(near)\"?", mend: "write \(near)")
        } else {
            type["kind"]?.error(
                "\(kind.prefix(80)) of \(apiVersion.prefix(80)) is not a policy",
                mend: "keep it in another folder, or name its kind in a policy's spec.params"
            )
        }
    }

    private mutating func addPolicy(_ node: Node, _ kind: String) {
        guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec", "status"]),
            let name = name(fields, kind)
        else {
            return
        }
        let spec = fields.required("spec", "add spec")
        if kind == "AzurePolicy" {
            policies.append(AzurePolicyDocument(name: name, node: node, spec: spec))
        } else if let binding = AzureBindingDocument(name: name, node: node, spec: spec) {
            bindings.append(binding)
        }
    }

    private mutating func addNamespace(_ node: Node) {
        guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec", "status"]),
            let name = name(fields, "Namespace")
        else { return }
        var labels = JSONWriter()
        labels.beginObject()
        // The API server gives every namespace this label, whether the manifest says so or not.
        labels.key("kubernetes.io/metadata.name")
        labels.string(name)
        if let given = fields["metadata"]?.member("labels") {
            guard given.value.isObject else {
                given.error("must be an object, not \(given.typeName)", mend: "write labels as key: value")
                return
            }
            for (key, value) in node.document.members(of: given.value)
            where !node.document.equals(key, "kubernetes.io/metadata.name") {
                guard value.isString else {
                    node.at(value, "metadata.labels").error("a label's value must be a string", mend: "quote it")
                    return
                }
                labels.key(node.document.utf8(key))
                labels.copy(value, in: node.document)
            }
        }
        labels.endObject()
        // What the writer wrote of checked parts is JSON.
        guard let document = try? JSONDocument(parsing: labels.finish()) else { return }
        namespaces.append(
            PolicyIndex.Namespace(
                name: name,
                document: document,
                labels: document.root,
                object: NamespaceObjects.object(
                    JSONFragment(node.document, node.value),
                    labels: JSONFragment(document)
                )
            )
        )
    }

    /// The document's name, which no other of its kind may have.
    private mutating func name(_ fields: Fields, _ kind: String) -> String? {
        guard
            let metadata = fields.required("metadata", "add metadata: {name: …}"),
            let node = metadata.member("name")
        else {
            fields["metadata"]?.error("has no name", mend: "add a name")
            return nil
        }
        guard let name = node.label() else { return nil }
        let position = node.document.position(of: node.value)
        let place = "\(node.file):\(position.line)"
        if let first = places.updateValue(place, forKey: "\(kind)/\(name)") {
            node.error("\(kind) \(name) exists already (\(first))", mend: "give it a name of its own")
            return nil
        }
        return name
    }
}

extension Node {
    /// A member of an object that is Kubernetes' own and not checked for unknown fields.
    fileprivate func member(_ name: StaticString) -> Node? {
        guard let value = document.member(name, of: self.value), !value.isNull else { return nil }
        return at(value, path.isEmpty ? name.description : "\(path).\(name)")
    }
}
