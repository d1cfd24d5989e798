internal import Azure
public import JSON
internal import Kubernetes

/// The documents of one file, compiled by themselves: what a folder keeps of a file as long as the file stays as it is.
public struct PolicyFile: Sendable {
    /// The version of our own kinds.
    package static let apiVersion = "portcullis.dev/v1alpha1"
    /// The name of folders that hold what tests policies, and no policies.
    package static let testsFolder = "tests"

    /// A name that one document of its kind may have, and what is said to the second.
    struct Name: Sendable {
        let kind: String
        let name: String
        let issue: PolicyIssue

        var key: String { "\(kind)/\(name)" }
        var shown: String { "\(kind) \(name)" }
        var place: String { "\(issue.file):\(issue.line)" }
    }

    /// A document that means something only beside others: Kubernetes' own policies, parameters, and what nobody asks for.
    struct Guest: Sendable {
        let document: JSONDocument
        let value: JSONValue
        let file: String
        let path: String
        let apiVersion: String
        let kind: String

        fileprivate init(_ node: Node, _ apiVersion: String, _ kind: String) {
            document = node.document
            value = node.value
            file = node.file
            path = node.path
            self.apiVersion = apiVersion
            self.kind = kind
        }

        /// The document, to be read with all others of a set.
        func node(_ loading: Loading) -> Node {
            Node(document: document, value: value, file: file, path: path, loading: loading)
        }
    }

    private(set) var issues = IssueList()
    private(set) var names: [Name] = []
    private(set) var policies: [AzurePolicyDocument] = []
    private(set) var bindings: [AzureBindingDocument] = []
    private(set) var exceptions: [PolicyExceptionDocument] = []
    private(set) var namespaces: [PolicyIndex.Namespace] = []
    private(set) var priceLists: [PriceList] = []
    private(set) var guests: [Guest] = []

    /// Compiles documents.
    ///
    /// - Parameters:
    ///   - documents: All of the file, in their order.
    ///   - file: Its name, for messages.
    ///   - configuration: That of the sets that the file will be part of.
    public init(_ documents: [JSONDocument], file: String, configuration: PolicyConfiguration) {
        let loading = Loading(configuration)
        for document in documents {
            add(Node(document: document, value: document.root, file: file, path: "", loading: loading))
        }
        issues = loading.issues
    }

    /// A file that could not be read as documents: there is no set with it.
    public init(_ issue: PolicyIssue) {
        issues.append(issue)
    }

    /// Takes a document, or each of a list.
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
        case (Self.apiVersion, "AzurePolicy"), (Self.apiVersion, "NamespaceAzurePolicy"),
            (Self.apiVersion, "AzureBinding"), (Self.apiVersion, "PolicyException"):
            addPolicy(node, kind)
        case (Self.apiVersion, "PriceList"):
            guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec", "status"]),
                let (name, _) = name(fields, kind)
            else { return }
            priceLists.append(PriceList(name: name, spec: fields.required("spec", "add spec")))
        case ("v1", "Namespace"):
            addNamespace(node)
            // Some policy may take it for a parameter.
            guests.append(Guest(node, apiVersion, kind))
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
        // Tests may lie beside what they test.
        case (Self.apiVersion, "PolicyTest"):
            return
        default:
            guests.append(Guest(node, apiVersion, kind))
        }
    }

    private mutating func addPolicy(_ node: Node, _ kind: String) {
        guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec", "status"]),
            let (name, namespace) = name(fields, kind, isNamespaced: kind == "NamespaceAzurePolicy")
        else {
            return
        }
        let spec = fields.required("spec", "add spec")
        if kind == "PolicyException" {
            if let exception = PolicyExceptionDocument(name: name, spec: spec) { exceptions.append(exception) }
        } else if kind != "AzureBinding" {
            policies.append(AzurePolicyDocument(name: name, namespace: namespace, spec: spec))
        } else if let binding = AzureBindingDocument(name: name, node: node, spec: spec) {
            bindings.append(binding)
        }
    }

    private mutating func addNamespace(_ node: Node) {
        guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec", "status"]),
            let (name, _) = name(fields, "Namespace")
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

    /// The document's name, which no other of its kind may have, and its namespace.
    private mutating func name(
        _ fields: Fields,
        _ kind: String,
        isNamespaced: Bool = false
    ) -> (name: String, namespace: String?)? {
        guard
            let metadata = fields.required("metadata", "add metadata: {name: …}"),
            let node = metadata.member("name")
        else {
            fields["metadata"]?.error("has no name", mend: "add a name")
            return nil
        }
        guard let name = node.label() else { return nil }
        let issue = node.issue(.error, .duplicateName, "exists already", mend: "give it a name of its own")
        guard isNamespaced else {
            names.append(Name(kind: kind, name: name, issue: issue))
            return (name, nil)
        }
        guard let place = metadata.member("namespace") else {
            metadata.error("has no namespace", mend: "add the namespace whose objects the policy is to judge")
            return nil
        }
        guard let namespace = place.label() else { return nil }
        names.append(Name(kind: kind, name: "\(namespace)/\(name)", issue: issue))
        return (name, namespace)
    }
}

extension Node {
    /// A member of an object that is Kubernetes' own and not checked for unknown fields.
    fileprivate func member(_ name: StaticString) -> Node? {
        guard let value = document.member(name, of: self.value), !value.isNull else { return nil }
        return at(value, path.isEmpty ? name.description : "\(path).\(name)")
    }
}
