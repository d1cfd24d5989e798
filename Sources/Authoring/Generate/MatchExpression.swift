internal import Azure

/// The match of an AzurePolicy in the words of Kubernetes' admission policies.
struct MatchExpression {
    /// The kinds of the tables that are meant.
    let kinds: [AzureKind]
    /// Whether kinds that the tables do not know may be meant.
    let meansUnknownKinds: Bool
    /// `matchConditions`: names and expressions.
    private(set) var conditions: [(name: String, expression: String)] = []
    /// The condition, of `oldObject`, under which what it was is judged too; nil if it always is.
    let oldObjectCondition: String?
    let operations: [String]
    let failurePolicy: String
    let ratchets: Bool
    let parameters: [TemplateLiteral.Member]

    private let resources: [(group: String, plurals: [String])]
    private let namespaceSelector: TemplateLiteral?
    private let objectSelector: TemplateLiteral?

    static let kind = "(request.kind.group + '/' + request.kind.kind)"

    init(_ spec: TemplateLiteral, _ tables: AzureTables, _ controllers: [String]) throws(Unsayable) {
        let match = spec["match"]
        func texts(_ name: String) -> [String]? { match?[name]?.elements?.compactMap(\.text) }
        let included = texts("resources") ?? ["*.azure.com/*"]
        let excluded = texts("excludedResources") ?? []
        func isMeant(_ name: String) -> Bool {
            included.contains { name.fits($0) } && !excluded.contains { name.fits($0) }
        }
        let kinds = tables.kinds.filter { isMeant($0.description) }
        self.kinds = kinds
        if kinds.isEmpty { throw Unsayable("it is for no kind of Azure Service Operator") }
        let open = included.filter { $0.hasSuffix("*") }
        meansUnknownKinds = !open.isEmpty
        operations = texts("operations") ?? ["CREATE", "UPDATE"]
        failurePolicy = spec["failurePolicy"]?.text ?? "Fail"
        ratchets = spec["ratchet"] != .bool(false)
        parameters = spec["parameters"]?.members ?? []
        namespaceSelector = match?["namespaceSelector"]
        objectSelector = match?["objectSelector"]

        // Resources by group; all of a group where a pattern may mean kinds that are not there yet.
        var resources: [(group: String, plurals: [String])] = []
        for kind in kinds {
            let isOpen = open.contains { pattern in
                pattern.split(separator: "/").first.map { kind.group.fits(String($0)) } ?? false
            }
            if let place = resources.firstIndex(where: { $0.group == kind.group }) {
                if !isOpen { resources[place].plurals.append(kind.plural) }
            } else {
                resources.append((kind.group, isOpen ? ["*"] : [kind.plural]))
            }
        }
        // A pattern for groups may mean one that is not there yet: all are asked, and the first condition sorts them out.
        let isAnyGroup = open.contains { $0.prefix { $0 != "/" }.contains("*") }
        if isAnyGroup { resources = [("*", ["*"])] }
        self.resources = resources
        let opened = resources.filter { $0.plurals == ["*"] }.map(\.group)
        let isWhole =
            !isAnyGroup
            && opened.allSatisfy { group in
                included.contains { $0.hasSuffix("/*") && group.fits(String($0.dropLast(2))) }
            }
        if !isWhole {
            conditions.append(("kinds", NameExpression.matches(Self.kind, included)))
        }
        if !opened.isEmpty, !excluded.isEmpty {
            conditions.append(("other-kinds", "!(\(NameExpression.matches(Self.kind, excluded)))"))
        }

        let namespace = "request.?namespace.orValue('')"
        if let names = texts("namespaces") {
            conditions.append(("namespaces", NameExpression.matches(namespace, names)))
        }
        if let names = texts("excludedNamespaces") {
            conditions.append(("other-namespaces", "!(\(NameExpression.matches(namespace, names)))"))
        }
        let user = "request.?userInfo.?username.orValue('')"
        let groups = "request.?userInfo.?groups.orValue([])"
        func belongs(_ names: [String]) -> String { "\(groups).exists(g, \(NameExpression.matches("g", names)))" }
        let choices = [
            texts("users").map { NameExpression.matches(user, $0) }, texts("groups").map(belongs),
        ].compactMap { $0 }
        if !choices.isEmpty { conditions.append(("users", choices.joined(separator: " || "))) }
        if let names = texts("excludedUsers") {
            conditions.append(("other-users", "!(\(NameExpression.matches(user, names)))"))
        }
        if let names = texts("excludedGroups") { conditions.append(("other-groups", "!(\(belongs(names)))")) }

        var oldConditions: [String] = []
        if let selector = objectSelector { oldConditions.append(Self.selects(selector, "oldObject")) }
        for condition in match?["conditions"]?.elements ?? [] {
            let source = condition["expression"]?.text ?? ""
            let name = condition["name"]?.text ?? "condition"
            let (text, names) = ExpressionRenaming.renamed(source, parameters: parameters)
            for known in ["variables", "facets", "params"] where names.contains(known) {
                throw Unsayable("match.conditions.\(name): \(known) is not there before a policy matches")
            }
            conditions.append((name, text))
            oldConditions.append(
                ExpressionRenaming.renamed(source, ["object": "oldObject"], parameters: parameters).text
            )
        }
        oldObjectCondition =
            oldConditions.isEmpty ? nil : oldConditions.map { "(\($0))" }.joined(separator: " && ")
        conditions.append(("changes", Self.changes(controllers)))
    }

    /// What writes are judged: not those of metadata by controllers, nor the removal of finalizers from what is being deleted.
    private static func changes(_ controllers: [String]) -> String {
        let spec = "object.?spec == oldObject.?spec"
        let users = controllers.map(\.celLiteral).joined(separator: ", ")
        let fields = "['finalizers', 'managedFields', 'resourceVersion', 'generation']"
        let metadata =
            "object.metadata.all(k, k in \(fields) || k in oldObject.metadata && object.metadata[k] == oldObject.metadata[k])"
            + " && oldObject.metadata.all(k, k in \(fields) || k in object.metadata)"
            + " && object.metadata.?finalizers.orValue([]).all(f, f in oldObject.metadata.?finalizers.orValue([]))"
        return "request.operation != 'UPDATE' || !(\(spec))"
            + " || !(request.userInfo.username in [\(users)]"
            + " || has(oldObject.metadata.deletionTimestamp) && object.?status == oldObject.?status && \(metadata))"
    }

    /// A label selector as CEL.
    private static func selects(_ selector: TemplateLiteral, _ object: String) -> String {
        let labels = "\(object).?metadata.?labels.orValue({})"
        var conditions = (selector["matchLabels"]?.members ?? []).map { member in
            "\(labels)[?\(member.key.celLiteral)].orValue(dyn(null)) == \(member.value.cel)"
        }
        for requirement in selector["matchExpressions"]?.elements ?? [] {
            let key = requirement["key"]?.text ?? ""
            let value = "\(labels)[?\(key.celLiteral)].orValue(dyn(null))"
            let values = requirement["values"]?.cel ?? "[]"
            switch requirement["operator"]?.text {
            case "In": conditions.append("\(value) != null && \(value) in \(values)")
            case "NotIn": conditions.append("\(value) == null || !(\(value) in \(values))")
            case "Exists": conditions.append("\(value) != null")
            default: conditions.append("\(value) == null")
            }
        }
        return conditions.isEmpty ? "true" : conditions.map { "(\($0))" }.joined(separator: " && ")
    }

    /// `matchConstraints` for some operations.
    func constraints(_ operations: [String]) -> TemplateLiteral {
        // Groups whose resources are all meant stand together.
        let whole = resources.filter { $0.plurals == ["*"] }.map(\.group)
        var rules: [([String], [String])] = whole.isEmpty ? [] : [(whole, ["*"])]
        rules += resources.filter { $0.plurals != ["*"] }.map { ([$0.group], $0.plurals) }
        var members = [
            TemplateLiteral.Member(
                key: "resourceRules",
                value: .array(
                    rules.map { groups, plurals in
                        .record([
                            ("apiGroups", .texts(groups)), ("apiVersions", .texts(["*"])),
                            ("operations", .texts(operations)), ("resources", .texts(plurals)),
                        ])
                    }
                )
            ),
            // Every version is named, so that nothing has to be converted.
            TemplateLiteral.Member(key: "matchPolicy", value: .string("Exact")),
        ]
        if let namespaceSelector { members.append(.init(key: "namespaceSelector", value: namespaceSelector)) }
        if let objectSelector { members.append(.init(key: "objectSelector", value: objectSelector)) }
        return .object(members)
    }

    /// `matchConditions`.
    var matchConditions: TemplateLiteral {
        .array(
            conditions.map { .record([("name", .string($0.name)), ("expression", .string($0.expression))]) }
        )
    }
}

extension TemplateLiteral {
    static func record(_ members: [(String, TemplateLiteral)]) -> TemplateLiteral {
        .object(members.map { Member(key: $0.0, value: $0.1) })
    }

    static func texts(_ texts: [String]) -> TemplateLiteral { .array(texts.map { .string($0) }) }
}

extension String {
    /// Whether the text fits a pattern with `*`, letter case counting.
    fileprivate func fits(_ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let last = parts.last else { return false }
        if parts.count == 1 { return self == pattern }
        guard utf8.count >= first.utf8.count + last.utf8.count, hasPrefix(first), hasSuffix(last) else { return false }
        var rest = dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
