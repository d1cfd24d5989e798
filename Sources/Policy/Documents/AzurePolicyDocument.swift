internal import JSON
internal import Kubernetes

/// An AzurePolicy or a NamespaceAzurePolicy as the folder says it, before it has its place in a set.
struct AzurePolicyDocument: Sendable {
    let name: String
    /// The namespace of a NamespaceAzurePolicy, the only one that it judges and reads; nil for an AzurePolicy.
    let namespace: String?
    var entry = PolicyIndex.Entry()
    var match = PolicyMatch()
    var failurePolicy = FailurePolicy.fail
    var rules: [Rule] = []
    var mutations: [Mutation] = []
    var params: PolicyParams?
    var expressions: PolicyExpressions?
    private var hasConditions = false
    /// What its rules deny, to be compared with other policies.
    private(set) var contenders: [Contender] = []

    /// Reads `spec`; what is wrong goes to the node's log, and the result is then not used.
    init(name: String, namespace: String?, spec: Node?) {
        self.name = name
        self.namespace = namespace
        entry.namespaces.included = namespace.map { [Glob($0)] }
        entry.resources.included = [Glob("*.azure.com/*")]
        guard var spec else { return }
        let names = [
            "match", "action", "failurePolicy", "ratchet", "rules", "mutations", "variables", "params", "parameters",
        ]
        guard let given = spec.fields(names) else { return }
        let parameters = given["parameters"].flatMap { PolicyParameters($0) }
        spec.parameters = parameters
        let fields = Fields(node: spec)
        params = fields["params"].flatMap { PolicyParams($0, within: namespace) }
        let scope = ExpressionScope(variables: fields["variables"], hasParams: fields["params"] != nil, parameters)
        var conditions: [NamedExpression] = []
        if let node = fields["match"] { conditions = readMatch(node, scope) }
        hasConditions = !conditions.isEmpty
        let policy = Rule.Policy(
            source: namespace == nil ? .policy : .namespacePolicy,
            namespace: namespace,
            name: name,
            action: fields["action"]?.keyword(Action.self) ?? .deny,
            operations: entry.operations,
            resources: entry.resources,
            ratchets: fields["ratchet"]?.bool() ?? true
        )
        if let node = fields["failurePolicy"] { failurePolicy = node.keyword(FailurePolicy.self) ?? .fail }
        var statements: [PolicyChecks.Statement] = []
        if let node = fields["rules"] {
            rules = Self.distinct(node, "rule") { element in
                guard let rule = Rule(element, of: policy, scope) else { return nil }
                // A name that is used twice is told by itself: most often the rule was copied and not finished.
                if !statements.contains(where: { $0.rule.name == rule.name }) {
                    statements.append(PolicyChecks.Statement(rule, element))
                }
                return rule
            } name: {
                $0.name
            }
        }
        let checks = PolicyChecks(entry: entry, statements: statements)
        checks.run()
        if comparableMatch != nil { contenders = checks.contenders(of: name) }
        if let node = fields["mutations"], namespace != nil {
            node.error(
                "is not for a NamespaceAzurePolicy, which only adds restrictions: what it changed could make an object pass",
                mend: "remove it, or ask the platform team for a mutation in an AzurePolicy"
            )
        } else if let node = fields["mutations"] {
            let resources = entry.resources
            mutations = Self.distinct(node, "mutation") {
                let mutation = Mutation($0, scope, resources)
                mutation?.warnIfFarReaching($0, resources)
                return mutation
            } name: {
                $0.name
            }
        }
        if scope.isUsed || params != nil {
            expressions = PolicyExpressions(variables: scope.variables, conditions: conditions)
            expressions?.constants = parameters?.object
        }
        parameters?.reportUnused()
        if namespace != nil, fields["rules"] == nil {
            spec.error("has no rules", mend: "add rules; a policy without them does nothing")
        } else if fields["rules"] == nil && fields["mutations"] == nil {
            spec.error(
                "has neither rules nor mutations",
                mend: "add rules or mutations; a policy without them does nothing"
            )
        }
        if !mutations.isEmpty && !entry.operations.isDisjoint(with: [.delete, .connect])
            && entry.operations.isDisjoint(with: [.create, .update])
        {
            spec.error(
                "mutates, but matches neither CREATE nor UPDATE",
                mend: "add CREATE or UPDATE to spec.match.operations"
            )
        }
    }

    /// The policy as a set holds it: a part for each group of operations with rules of its own.
    ///
    /// A request has one operation, so one part at most is for it.
    var parts: [(entry: PolicyIndex.Entry, policy: PolicySet.Policy)] {
        var parts: [(operations: OperationSet, rules: [Rule])] = []
        for operation in OperationSet.each where entry.operations.union(operationsOfRules).contains(operation) {
            let rules = rules.filter { $0.operations.contains(operation) }
            // A policy without rules for an operation of its own still mutates, and still counts as one that matches.
            let isSame: (OperationSet, [Rule]) -> Bool = { operations, others in
                others.elementsEqual(rules, by: ===)
                    && operations.isSubset(of: entry.operations) == entry.operations.contains(operation)
            }
            if let part = parts.firstIndex(where: isSame) {
                parts[part].operations.insert(operation)
            } else {
                parts.append((operation, rules))
            }
        }
        return parts.map { operations, rules in
            var entry = entry
            let isOwn = operations.isSubset(of: entry.operations)
            entry.operations = operations
            let policy = PolicySet.Policy(
                name: name,
                namespace: namespace,
                match: match,
                failurePolicy: failurePolicy,
                rules: rules,
                mutations: isOwn ? mutations : [],
                expressions: expressions
            )
            return (entry, policy)
        }
    }

    /// The match as text, equal for policies that match the same; nil if it takes more than patterns to say.
    var comparableMatch: String? {
        guard namespace == nil, entry.namespaceSelector == nil, match.objectSelector == nil, !hasConditions else {
            return nil
        }
        func text(_ globs: [Glob]?) -> String {
            globs.map { $0.map(\.description).sorted().joined(separator: ",") } ?? "-"
        }
        return [
            entry.namespaces.included, entry.namespaces.excluded, entry.resources.included, entry.resources.excluded,
            match.users, match.excludedUsers, match.groups, match.excludedGroups,
        ].map(text).joined(separator: ";") + ";\(entry.operations.rawValue)"
    }

    private var operationsOfRules: OperationSet {
        rules.reduce(into: []) { $0.formUnion($1.operations) }
    }

    /// - Returns: The conditions.
    private mutating func readMatch(_ node: Node, _ scope: ExpressionScope) -> [NamedExpression] {
        guard
            let fields = node.fields(
                [
                    "namespaces", "excludedNamespaces", "namespaceSelector", "resources", "excludedResources",
                    "operations",
                    "users", "excludedUsers", "groups", "excludedGroups", "objectSelector", "conditions",
                ]
            )
        else { return [] }
        if namespace == nil {
            entry.namespaces.included = fields["namespaces"]?.globs()
            entry.namespaces.excluded = fields["excludedNamespaces"]?.globs() ?? []
            entry.namespaceSelector = fields["namespaceSelector"].flatMap { $0.labelSelector() }
        } else {
            for name in ["namespaces", "excludedNamespaces", "namespaceSelector"] {
                fields[name]?.error(
                    "is not for a NamespaceAzurePolicy, which judges its own namespace",
                    mend: "remove it"
                )
            }
        }
        if let node = fields["resources"] { entry.resources.included = node.resources() }
        entry.resources.excluded = fields["excludedResources"]?.resources() ?? []
        if let node = fields["operations"] { entry.operations = Self.operations(node) }
        match.users = fields["users"]?.globs()
        match.excludedUsers = fields["excludedUsers"]?.globs() ?? []
        match.groups = fields["groups"]?.globs()
        match.excludedGroups = fields["excludedGroups"]?.globs() ?? []
        match.objectSelector = fields["objectSelector"].flatMap { $0.labelSelector() }
        if namespace == nil {
            fields["excludedNamespaces"]?.reportNothingLeft(
                of: entry.namespaces.included,
                without: entry.namespaces.excluded,
                "namespace"
            )
        }
        fields["excludedResources"]?.reportNothingLeft(
            of: entry.resources.included,
            without: entry.resources.excluded,
            "kind"
        )
        // Users and groups add up, so that either may be what is left.
        if match.groups == nil {
            fields["excludedUsers"]?.reportNothingLeft(of: match.users, without: match.excludedUsers, "user")
        }
        if match.users == nil {
            fields["excludedGroups"]?.reportNothingLeft(of: match.groups, without: match.excludedGroups, "group")
        }
        return scope.conditions(fields["conditions"])
    }

    private enum Word: String, CaseIterable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
        case connect = "CONNECT"
    }

    private static func operations(_ node: Node) -> OperationSet {
        var result: OperationSet = []
        for element in node.elements() {
            switch element.keyword(Word.self) {
            case .create: result.insert(.create)
            case .update: result.insert(.update)
            case .delete: result.insert(.delete)
            case .connect: result.insert(.connect)
            case nil: break
            }
        }
        return result
    }

    /// The most rules, and the most mutations, of one policy; each is compared with all others.
    static let maximumRules = 1000

    /// Reads a list whose elements have names of their own.
    private static func distinct<Element>(
        _ node: Node,
        _ what: String,
        _ read: (Node) -> Element?,
        name: (Element) -> String
    ) -> [Element] {
        let nodes = node.elements()
        guard nodes.count <= maximumRules else {
            node.error(
                "has \(nodes.count) \(what)s, and a policy may have \(maximumRules)",
                mend: "make several policies of it"
            )
            return []
        }
        var result: [Element] = []
        var names: Set<String> = []
        for node in nodes {
            guard let element = read(node) else { continue }
            if !names.insert(name(element)).inserted {
                node.error(
                    .duplicateName,
                    "is the second \(what) named \"\(name(element))\"",
                    mend: "give it a name of its own"
                )
            }
            result.append(element)
        }
        return result
    }
}

extension Node {
    func labelSelector() -> LabelSelector? {
        do {
            return try LabelSelector(compiling: value, in: document, path: path)
        } catch {
            Node(document: document, value: error.value, file: file, path: error.path, loading: loading)
                .error(error.message, mend: error.mend)
            return nil
        }
    }

    /// `group/Kind` with globs on either side.
    func resources() -> [Glob] {
        elements().compactMap { element in
            guard let text = element.string() else { return nil }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let kind = parts.last, !kind.isEmpty else {
                element.error(
                    "is \"\(text.prefix(80))\"",
                    mend: "write group/Kind, such as storage.azure.com/StorageAccount or sql.azure.com/*"
                )
                return nil
            }
            let glob = Glob(text)
            if parts[0].hasSuffix("azure.com") { element.warnIfUnheardOf(glob) }
            return glob
        }
    }

    /// A pattern for kinds of Azure that fits none of the tables' may be right, for kinds are added; more often it is a slip.
    private func warnIfUnheardOf(_ glob: Glob) {
        let kinds = loading.kindNames
        guard !kinds.contains(where: { glob.matches($0) }) else { return }
        let near = glob.isLiteral ? glob.description.nearest(in: kinds) : nil
        warning(
            .unknownKind,
            "fits no kind that we know" + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
            mend: near.map { "write \($0)" } ?? "check the spelling"
        )
    }
}
