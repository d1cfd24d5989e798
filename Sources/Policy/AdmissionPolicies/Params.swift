internal import JSON
internal import Kubernetes

/// The kind of a policy's parameters.
struct ParamKind: Hashable, Sendable, CustomStringConvertible {
    let apiVersion: String
    let kind: String

    var description: String { "\(kind) of \(apiVersion)" }

    /// Whether Kubernetes itself has the kind, and keeps it in namespaces; nil for a kind of others.
    var isNamespaced: Bool? {
        switch (apiVersion, kind) {
        case ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "ServiceAccount"), ("v1", "Service"), ("v1", "Pod"),
            ("v1", "ResourceQuota"), ("v1", "LimitRange"), ("apps/v1", "Deployment"):
            true
        case ("v1", "Namespace"), ("v1", "Node"), ("v1", "PersistentVolume"): false
        default: nil
        }
    }
}

/// An object that expressions read as `params`.
struct Param: Sendable {
    let name: String
    /// Empty if it lives in none.
    let namespace: String
    let object: JSONFragment

    /// The labels, for a selector.
    var labels: JSONValue? { ObjectMeta(of: object.value, in: object.document).labels }
}

/// The manifests of a folder that policies take for parameters, by kind.
struct ParamManifests {
    private var params: [ParamKind: [(name: String, namespace: String?, node: Node)]] = [:]
    /// The kinds for which a binding names a namespace.
    private var namespaced: Set<ParamKind> = []

    /// Takes a manifest.
    mutating func add(_ node: Node, _ kind: ParamKind) {
        let meta = ObjectMeta(of: node.value, in: node.document)
        guard let name = meta.name.flatMap({ node.document.string($0) }), !name.isEmpty else {
            node.error("has no metadata.name", mend: "add a name: bindings find parameters by it")
            return
        }
        let namespace = meta.namespace.flatMap { node.document.string($0) }.flatMap { $0.isEmpty ? nil : $0 }
        if let other = params[kind]?.first(where: { $0.name == name && $0.namespace == namespace }) {
            let line = other.node.document.position(of: other.node.value).line
            node.error("\(kind.kind) \(name) exists already (\(other.node.file):\(line))", mend: "keep one")
            return
        }
        params[kind, default: []].append((name, namespace, node))
    }

    /// Remembers that a binding looks for a kind in a namespace, so it must live in some.
    mutating func noteNamespace(of kind: ParamKind) { namespaced.insert(kind) }

    /// Whether objects of the kind live in namespaces, as far as the folder shows it.
    func isNamespaced(_ kind: ParamKind) -> Bool {
        if let isNamespaced = kind.isNamespaced { return isNamespaced }
        return namespaced.contains(kind) || params[kind]?.contains { $0.namespace != nil } ?? false
    }

    /// The manifests of a kind, by namespace and name; as for kubectl, `default` is the namespace of one that names none.
    func all(_ kind: ParamKind) -> [Param] {
        let isNamespaced = isNamespaced(kind)
        return (params[kind] ?? []).map { param in
            Param(
                name: param.name,
                namespace: isNamespaced ? param.namespace ?? "default" : "",
                object: JSONFragment(param.node.document, param.node.value)
            )
        }.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
    }
}

/// Which parameters a binding names.
struct ParamReference {
    /// Which of a kind's objects.
    enum Choice {
        case name(String)
        case selector(LabelSelector)
    }

    let choice: Choice
    /// Nil means the request's.
    let namespace: String?
    /// Whether nothing found is a fault; else nothing is judged then.
    let deniesIfNotFound: Bool
}

/// The parameters of a binding, found when the folder was loaded.
enum BoundParams: Sendable {
    /// The policy takes none, or the binding gives none: `params` is null.
    case none
    /// The same for every request.
    case fixed([Param], deniesIfNotFound: Bool)
    /// Those of the request's namespace, by its name.
    case ofNamespace([[UInt8]: [Param]], deniesIfNotFound: Bool)

    /// Finds the parameters that a binding names.
    init(_ reference: ParamReference, of kind: ParamKind, in manifests: ParamManifests) {
        let found = manifests.all(kind).filter { param in
            switch reference.choice {
            case .name(let name): param.name == name
            case .selector(let selector): selector.matches(param.object.document, labels: param.labels)
            }
        }
        guard manifests.isNamespaced(kind) else {
            self = .fixed(found, deniesIfNotFound: reference.deniesIfNotFound)
            return
        }
        if let namespace = reference.namespace {
            let here = found.filter { $0.namespace == namespace }
            self = .fixed(here, deniesIfNotFound: reference.deniesIfNotFound)
        } else {
            let all = Dictionary(grouping: found) { Array($0.namespace.utf8) }
            self = .ofNamespace(all, deniesIfNotFound: reference.deniesIfNotFound)
        }
    }

    /// Whether no request can ever have parameters.
    var isEmpty: Bool {
        switch self {
        case .none: false
        case .fixed(let params, _): params.isEmpty
        case .ofNamespace(let params, _): params.isEmpty
        }
    }

    /// The parameters for a request: nil stands for `null`, and for every element the policy is evaluated once.
    func params(for request: AdmissionRequest) throws(EvaluationError) -> [Param?] {
        let found: [Param]
        let denies: Bool
        switch self {
        case .none: return [nil]
        case .fixed(let params, let deniesIfNotFound):
            found = params
            denies = deniesIfNotFound
        case .ofNamespace(let params, let deniesIfNotFound):
            guard let namespace = request.namespace else {
                throw .params("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
            }
            found = params[request.document.bytes(of: namespace)] ?? []
            denies = deniesIfNotFound
        }
        if found.isEmpty && denies {
            throw .params("no params found for policy binding with `Deny` parameterNotFoundAction")
        }
        return found
    }
}

extension JSONDocument {
    /// A string's bytes, copied.
    func bytes(of value: JSONValue) -> [UInt8] {
        let text = utf8(value)
        return [UInt8](capacity: text.count) { output in
            for index in text.indices { output.append(text[index]) }
        }
    }
}
