internal import Azure
internal import JSON

/// One mutation of a policy: values that an object is given.
struct Mutation: Sendable {
    let name: String
    let change: Change

    /// What is given.
    enum Change: Sendable {
        /// Tags with their values; `overwrites` tells `set` from `default`.
        case tags([(name: String, key: NamePattern, value: MutationValue)], overwrites: Bool)
        /// A location for an object that has none.
        case location(MutationValue)
        /// A credential Secret for an object that names none.
        case credential(MutationValue)
        /// Whatever an expression makes of the object.
        case expression(ExpressionMutation)
    }

    /// The longest value of a tag that Azure takes, in UTF-16 units.
    static let maximumTagCharacters = 256

    private static let bodies = ["tags", "location", "credential", "cel"]

    /// Whether an expression has to be evaluated.
    var usesExpressions: Bool {
        switch change {
        case .tags(let tags, _): tags.contains { $0.value.usesExpressions }
        case .location(let value), .credential(let value): value.usesExpressions
        case .expression: true
        }
    }

    /// Reads an element of `spec.mutations`.
    init?(_ node: Node, _ scope: ExpressionScope) {
        guard
            let fields = node.fields(
                ["name"] + Self.bodies,
                reserved: ["sku", "azureName", "remove", "action", "failurePolicy"]
            )
        else { return nil }
        let name = fields.required("name", "add a name: the patch is reported under it")?.label()
        let present = Self.bodies.filter { fields[$0] != nil }
        guard present.count == 1, let field = present.first, let body = fields[field] else {
            if present.count > 1 {
                node.error("has \(present.joinedForChoice()) in one mutation", mend: "make a mutation of each")
            } else if node.document.count(of: node.value) <= 1 {
                node.error("says nothing", mend: "add one of \(Self.bodies.joined(separator: ", "))")
            }
            return nil
        }
        guard let change = Self.change(field, body, scope) else { return nil }
        self.name = name ?? field
        self.change = change
    }

    private static func change(_ field: String, _ node: Node, _ scope: ExpressionScope) -> Change? {
        if field == "cel" { return ExpressionMutation(node, scope).map { .expression($0) } }
        guard field == "tags" else {
            guard
                let fields = node.fields(["default"], reserved: ["set"]),
                let value = fields.required("default", "add the value")?.mutationValue(scope)
            else { return nil }
            return field == "location" ? .location(value) : .credential(value)
        }
        guard let fields = node.fields(["set", "default"], reserved: ["remove", "inherit"]) else { return nil }
        guard (fields["set"] == nil) != (fields["default"] == nil), let body = fields["set"] ?? fields["default"] else {
            node.error("needs one of set and default", mend: "make a mutation of each")
            return nil
        }
        var tags: [(name: String, key: NamePattern, value: MutationValue)] = []
        for (name, entry) in body.entries() {
            guard let key = entry.tagName(name), let value = entry.mutationValue(scope) else { continue }
            if tags.contains(where: { $0.key == key }) {
                entry.error("is given twice: Azure does not tell letter case in tag names", mend: "keep one")
            }
            if case .literal(let text) = value, text.utf16.count > Self.maximumTagCharacters {
                entry.error("has \(text.utf16.count) characters", mend: "keep it within Azure's 256")
                continue
            }
            tags.append((name, key, value))
        }
        return .tags(tags.sorted { $0.name < $1.name }, overwrites: fields["set"] != nil)
    }
}
