internal import CEL
internal import JSON
internal import Kubernetes
internal import Policy

/// A PolicyTest as its file says it: policies, and what they are to decide.
struct Suite {
    let name: String
    /// The whole document, for faults that no field of it is guilty of.
    let node: Node
    /// Files and folders of policies; nil for those of the folder that the suite is beside or inside.
    let policies: [Node]?
    /// Names and labels of namespaces.
    let namespaces: [(name: String, node: Node)]
    /// More documents of the policies' folder: parameters, bindings, Namespace manifests.
    let documents: [Node]
    /// Other objects that are known; nil if nobody tells of any, which differs from knowing that there are none.
    let inventory: [Node]?
    let parameters: [(name: String, node: Node)]
    let manifest: Node?
    let cases: [SuiteCase]

    private static let fields = [
        "policies", "namespaces", "documents", "inventory", "parameters", "manifest", "namespace", "user", "time",
        "cases",
    ]

    /// Reads a document; what is wrong goes to the node's log.
    init?(_ node: Node) {
        guard let fields = node.fields(["apiVersion", "kind", "metadata", "spec"]),
            let metadata = fields.required("metadata", "add metadata: {name: …}")?
                .fields(["name", "labels", "annotations"]),
            let name = metadata.required("name", "add a name: results are reported under it")?.line(),
            let spec = fields.required("spec", "add spec with cases"),
            let body = spec.fields(Self.fields),
            let list = body.required("cases", "add cases: a suite without one tests nothing")
        else { return nil }
        self.name = name
        self.node = node
        policies = body["policies"]?.elements()
        namespaces = body["namespaces"]?.entries().map { ($0.key, $0.node) } ?? []
        documents = body["documents"]?.elements() ?? []
        inventory = body["inventory"].map { $0.isEmptyList ? [] : $0.elements() }
        parameters = body["parameters"]?.entries().map { ($0.key, $0.node) } ?? []
        manifest = body["manifest"]
        let namespace = body["namespace"]?.string()
        let user = body["user"]?.user()
        let time = body["time"]?.time()
        var cases: [SuiteCase] = []
        var places: [String: Int] = [:]
        for (number, element) in list.elements().enumerated() {
            guard let item = SuiteCase(element, number: number, namespace: namespace, user: user, time: time) else {
                continue
            }
            if let first = places.updateValue(element.position.line, forKey: item.name) {
                element.error("is the second case \"\(item.name)\" (line \(first))", mend: "give it a name of its own")
            }
            cases.append(item)
        }
        self.cases = cases
    }

    /// Whether a document is a suite, or means to be one.
    static func isSuite(_ node: Node) -> Bool {
        let (document, root) = (node.document, node.value)
        return document.member("kind", of: root).map { document.equals($0, "PolicyTest") } ?? false
    }
}

/// One question to the policies and the answer that is expected.
struct SuiteCase {
    let name: String
    let node: Node
    /// Which of the suite's cases it is, from 0.
    let number: Int
    let manifest: Node?
    let changes: Node?
    let old: Node?
    let oldChanges: Node?
    let operation: Operation?
    let namespace: String?
    let user: ManifestRequest.User?
    let isDryRun: Bool
    /// When it is asked; nil for now.
    let time: WallTime?
    let parameters: [(name: String, node: Node)]
    let expectation: Expectation

    private static let fields = [
        "name", "manifest", "changes", "old", "oldChanges", "operation", "namespace", "user", "dryRun", "time",
        "parameters", "expect",
    ]

    private enum Word: String, CaseIterable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
    }

    init?(_ node: Node, number: Int, namespace: String?, user: ManifestRequest.User?, time: WallTime?) {
        guard let fields = node.fields(Self.fields) else { return nil }
        self.node = node
        self.number = number
        manifest = fields["manifest"]
        changes = fields["changes"]?.changes()
        old = fields["old"]
        oldChanges = fields["oldChanges"]?.changes()
        if let old, oldChanges != nil {
            old.error("is there beside oldChanges", mend: "write the old object, or its changes to the manifest")
        }
        let isUpdate = old != nil || oldChanges != nil
        let word = fields["operation"].flatMap { $0.keyword(Word.self) }
        switch word {
        case .update where !isUpdate:
            fields["operation"]?.error("is UPDATE, but there is no old object", mend: "add old or oldChanges")
        case .create where isUpdate, .delete where isUpdate:
            fields["operation"]?.error("has no old object beside the manifest", mend: "remove old, or write UPDATE")
        default: break
        }
        operation = word.flatMap { Operation(rawValue: $0.rawValue) } ?? (isUpdate ? .update : .create)
        self.namespace = fields["namespace"].map { $0.string() } ?? namespace
        self.user = fields["user"].map { $0.user() } ?? user
        isDryRun = fields["dryRun"]?.flag() ?? false
        self.time = fields["time"].map { $0.time() } ?? time
        parameters = fields["parameters"]?.entries().map { ($0.key, $0.node) } ?? []
        guard let name = fields.required("name", "add a name: say what is to happen, in a few words")?.line(),
            let expect = fields.required("expect", "say what the policies decide: a case without it tests nothing"),
            let expectation = Expectation(expect)
        else { return nil }
        self.name = name
        self.expectation = expectation
    }
}

extension Node {
    fileprivate var isEmptyList: Bool { value.isArray && document.count(of: value) == 0 }

    /// Where the value stands.
    var position: JSONPosition { document.position(of: value) }

    /// Changes to an object.
    fileprivate func changes() -> Node? {
        guard value.isObject else {
            error("must be an object, not \(typeName)", mend: "write the fields that differ; null removes one")
            return nil
        }
        return self
    }

    func flag() -> Bool? {
        guard let flag = value.bool else {
            error("must be true or false, not \(typeName)", mend: "write true or false")
            return nil
        }
        return flag
    }

    /// A moment of the wall clock.
    fileprivate func time() -> WallTime? {
        guard let text = string() else { return nil }
        guard let time = WallTime(text) else {
            error(
                "is \"\(text.prefix(40).description.singleLine)\"",
                mend: "write a date and time as RFC 3339 does, such as 2027-01-31T00:00:00Z"
            )
            return nil
        }
        return time
    }

    /// A user's name, or name and groups.
    fileprivate func user() -> ManifestRequest.User? {
        if value.isString { return string().map { ManifestRequest.User(name: $0) } }
        guard let fields = fields(["name", "groups"]) else { return nil }
        guard let name = fields.required("name", "add the user's name")?.string() else { return nil }
        return ManifestRequest.User(name: name, groups: fields["groups"]?.strings())
    }
}
