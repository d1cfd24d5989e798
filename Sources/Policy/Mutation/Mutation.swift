internal import Azure
internal import JSON

/// One mutation of a policy: values that an object is given, or loses.
struct Mutation: Sendable {
    let name: String
    let change: Change
    /// What it writes, to be compared with what other policies write.
    let claims: [Claim]

    /// What is given.
    enum Change: Sendable {
        /// Tags with their values; `overwrites` tells `set` from `default`.
        case tags([(name: String, key: NamePattern, value: MutationValue)], overwrites: Bool)
        /// Tags with the values that the namespace says.
        case inheritedTags([(name: String, key: NamePattern, source: NamespaceField)])
        /// Tags that go.
        case removedTags([NamePattern])
        /// A location for an object that has none.
        case location(MutationValue)
        /// The same, as the namespace says.
        case locationOfNamespace(NamespaceField)
        /// A credential Secret for an object that names none.
        case credential(MutationValue)
        /// A name in Azure for an object that is being created without one of its own.
        case azureName(MutationValue)
        /// Fields with their values; `overwrites` tells `set` from `defaults`.
        case fields([(field: FieldPattern, value: FieldValue)], overwrites: Bool)
        /// Fields that go.
        case removal([FieldPattern])
        /// A smaller SKU for one that is too large.
        case downgrade(SKUDowngrade)
        /// Whatever an expression makes of the object.
        case expression(ExpressionMutation)
    }

    /// The longest value of a tag that Azure takes, in UTF-16 units.
    static let maximumTagCharacters = 256

    private static let bodies = [
        "defaults", "set", "remove", "tags", "location", "sku", "credential", "azureName", "cel",
    ]

    /// Whether an expression has to be evaluated.
    var usesExpressions: Bool {
        switch change {
        case .tags(let tags, _): tags.contains { $0.value.usesExpressions }
        case .fields(let fields, _): fields.contains { $0.value.usesExpressions }
        case .location(let value), .credential(let value), .azureName(let value): value.usesExpressions
        case .expression: true
        case .inheritedTags, .removedTags, .locationOfNamespace, .removal, .downgrade: false
        }
    }

    /// Reads an element of `spec.mutations`.
    init?(_ node: Node, _ scope: ExpressionScope, _ resources: PatternIndex.Entry) {
        guard let fields = node.fields(["name"] + Self.bodies, reserved: ["action", "failurePolicy"]) else {
            return nil
        }
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
        var reading = Reading(scope: scope, resources: resources)
        guard let change = reading.change(field, body) else { return nil }
        self.name = name ?? field
        self.change = change
        claims = reading.claims
    }

    /// What is read of one mutation.
    private struct Reading {
        let scope: ExpressionScope
        /// The kinds that the policy matches.
        let resources: PatternIndex.Entry
        var claims: [Claim] = []

        mutating func change(_ field: String, _ node: Node) -> Change? {
            switch field {
            case "cel": ExpressionMutation(node, scope).map { .expression($0) }
            case "tags": tags(node)
            case "defaults": fields(node, overwrites: false)
            case "set": fields(node, overwrites: true)
            case "remove": removal(node)
            case "sku":
                SKUDowngrade(mutation: node, node.loading.skuNames(of: resources)).map { .downgrade($0) }
            case "location": location(node)
            case "azureName": standard(node, "spec.azureName").map { .azureName($0) }
            default:
                standard(node, "metadata.annotations['serviceoperator.azure.com/credential-from']")
                    .map { .credential($0) }
            }
        }

        /// Reads `{default: …}`.
        private mutating func standard(_ node: Node, _ target: String) -> MutationValue? {
            guard let fields = node.fields(["default"], reserved: ["set"]),
                let entry = fields.required("default", "add the value"),
                let value = entry.mutationValue(scope)
            else { return nil }
            claims.append(Claim(target, .defaults(entry.source), entry))
            return value
        }

        private mutating func location(_ node: Node) -> Change? {
            guard
                let fields = node.fields(
                    ["default", "fromNamespaceLabel", "fromNamespaceAnnotation"],
                    reserved: ["set"]
                )
            else { return nil }
            if let source = NamespaceField(fields) {
                guard fields["default"] == nil else {
                    node.error("has default and a field of the namespace", mend: "make a mutation of each")
                    return nil
                }
                claims.append(Claim("spec.location", .defaults("\(source)"), node))
                return .locationOfNamespace(source)
            }
            guard fields["default"] != nil else {
                node.error("says nothing", mend: "add default, fromNamespaceLabel or fromNamespaceAnnotation")
                return nil
            }
            guard let value = fields["default"]?.mutationValue(scope), let entry = fields["default"] else { return nil }
            claims.append(Claim("spec.location", .defaults(entry.source), entry))
            return .location(value)
        }

        // MARK: Tags

        private mutating func tags(_ node: Node) -> Change? {
            let bodies = ["set", "default", "inherit", "remove"]
            guard let fields = node.fields(bodies) else { return nil }
            let present = bodies.filter { fields[$0] != nil }
            guard present.count == 1, let field = present.first, let body = fields[field] else {
                node.error("needs one of \(bodies.joinedForChoice())", mend: "make a mutation of each")
                return nil
            }
            switch field {
            case "inherit": return inheritedTags(body)
            case "remove":
                let patterns = body.namePatterns()
                for pattern in patterns where pattern.isLiteral {
                    claims.append(Claim(tag: pattern.description, .removes, body))
                }
                return patterns.isEmpty ? nil : .removedTags(patterns)
            default: return valuedTags(body, overwrites: field == "set")
            }
        }

        private mutating func valuedTags(_ node: Node, overwrites: Bool) -> Change? {
            var tags: [(name: String, key: NamePattern, value: MutationValue)] = []
            for (name, entry) in node.entries() {
                guard let key = entry.tagName(name), let value = entry.mutationValue(scope) else { continue }
                if tags.contains(where: { $0.key.matches(name) }) { entry.reportSecondTag() }
                if case .literal(let text) = value, text.utf16.count > Mutation.maximumTagCharacters {
                    entry.error("has \(text.utf16.count) characters", mend: "keep it within Azure's 256")
                    continue
                }
                tags.append((name, key, value))
                claims.append(Claim(tag: name, overwrites ? .sets(entry.source) : .defaults(entry.source), entry))
            }
            return .tags(tags.sorted { $0.name < $1.name }, overwrites: overwrites)
        }

        /// Reads the names of labels that are tags too, or tags with where their values come from.
        private mutating func inheritedTags(_ node: Node) -> Change? {
            var tags: [(name: String, key: NamePattern, source: NamespaceField)] = []
            for (name, entry, source) in node.inheritance() {
                guard let key = entry.tagName(name) else { continue }
                if tags.contains(where: { $0.key.matches(name) }) { entry.reportSecondTag() }
                tags.append((name, key, source))
                claims.append(Claim(tag: name, .sets("\(source)"), entry))
            }
            return tags.isEmpty ? nil : .inheritedTags(tags.sorted { $0.name < $1.name })
        }

        // MARK: Fields

        private mutating func fields(_ node: Node, overwrites: Bool) -> Change? {
            var result: [(field: FieldPattern, value: FieldValue)] = []
            for (name, entry) in node.entries() {
                guard let field = entry.fieldPattern(name), entry.isWritable(field, removes: false),
                    let value = FieldValue(entry, scope)
                else { continue }
                if let other = result.first(where: { $0.field.overlaps(field) })?.field {
                    entry.error("is, or lies in, what \(other) sets too", mend: "make a mutation of each")
                }
                result.append((field, value))
                claims.append(
                    Claim(field.description, overwrites ? .sets(entry.source) : .defaults(entry.source), entry)
                )
            }
            return result.isEmpty ? nil : .fields(result, overwrites: overwrites)
        }

        private mutating func removal(_ node: Node) -> Change? {
            var result: [FieldPattern] = []
            for entry in node.elements() {
                guard let field = entry.fieldPattern(), entry.isWritable(field, removes: true) else { continue }
                if case .every = field.steps.last {
                    entry.error("empties a list", mend: "name the list itself, or elements by a key: […=…]")
                    continue
                }
                result.append(field)
                claims.append(Claim(field.description, .removes, entry))
            }
            return result.isEmpty ? nil : .removal(result)
        }
    }
}

/// A value that a field is given, of the type in which the author wrote it.
enum FieldValue: Sendable {
    case literal(JSONFragment)
    case template(MutationValue)

    var usesExpressions: Bool {
        switch self {
        case .literal: false
        case .template(let value): value.usesExpressions
        }
    }

    fileprivate init?(_ node: Node, _ scope: ExpressionScope) {
        switch node.value.kind {
        case .null:
            node.error("is null", mend: "write a value, or take the field away with remove")
            return nil
        case .string:
            guard let value = node.mutationValue(scope) else { return nil }
            self = .template(value)
        case .bool, .int, .double: self = .literal(JSONFragment(node.document, node.value))
        case .array, .object:
            guard node.holdsOnlyPlainValues() else { return nil }
            self = .literal(JSONFragment(node.document, node.value))
        }
    }

    /// The value for a request: an expression that stands alone gives its own type.
    func fragment(_ expressions: ExpressionContext?) throws(EvaluationError) -> JSONFragment {
        switch self {
        case .literal(let fragment): fragment
        case .template(let value): try value.fragment(expressions)
        }
    }
}

extension Node {
    /// The value as the author wrote it, for comparisons and messages.
    var source: String {
        document.string(value) ?? String(document.lexeme(value))
    }

    fileprivate func reportSecondTag() {
        error("is given twice: Azure does not tell letter case in tag names", mend: "keep one")
    }

    /// Whether a mutation may write a field, or take it away; says why if not.
    ///
    /// Who a resource is and what it belongs to is never a mutation's: it would act in the name of whoever wrote the object.
    fileprivate func isWritable(_ field: FieldPattern, removes: Bool) -> Bool {
        let names = field.names
        func refuse(_ why: String, _ mend: String) -> Bool {
            error("\(field): \(why)", mend: mend)
            return false
        }
        if names.first == "metadata" {
            guard names.count == 3, field.steps.count == 3, names[1] == "labels" || names[1] == "annotations" else {
                return refuse(
                    "of metadata only single labels and annotations can be written",
                    "name one, such as metadata.labels['team']"
                )
            }
            let group = names[2].split(separator: "/").first ?? ""
            let isOurs = group == "portcullis.dev" || group.hasSuffix(".portcullis.dev")
            let isController = group == "serviceoperator.azure.com" && !names[2].hasSuffix("/reconcile-policy")
            if names[1] == "annotations", isOurs || isController {
                return refuse(
                    "the annotation says who the resource is, or what somebody has confirmed",
                    "leave it to the object; for credential-from there is credential: {default: …}"
                )
            }
            return true
        }
        guard names.first == "spec", field.steps.count > 1 else {
            return refuse(
                "only fields of spec, labels and annotations can be written",
                "begin with spec., and name a field"
            )
        }
        if names == ["spec", "azureName"] {
            return refuse("a name in Azure stays for good", "use azureName: {default: …}")
        }
        if let name = names.first(where: { $0.saysIdentity }) {
            return refuse(
                "\(name) says who the resource is, or what it belongs to or trusts",
                "remove it; that is the object's own to say, and an AzureBinding's to judge"
            )
        }
        if !removes, let name = names.first(where: { $0.utf8Span.span.namesSecret || $0 == "operatorSpec" }) {
            return refuse("\(name) leads to a secret", "remove it; secrets are not for policies to give")
        }
        return true
    }

    /// Whether a list or an object holds nothing that a mutation may not write; says why if it does.
    fileprivate func holdsOnlyPlainValues() -> Bool {
        var isGood = true
        func visit(_ node: Node) {
            switch node.value.kind {
            case .object:
                for (key, member) in document.members(of: node.value) {
                    let name = document.string(key) ?? ""
                    let place = node.at(member, "\(node.path).\(name.prefix(80))")
                    if name.saysIdentity || name.utf8Span.span.namesSecret || name == "operatorSpec" {
                        place.error(
                            "says who the resource is, or leads to a secret",
                            mend: "remove it; that is the object's own to say"
                        )
                        isGood = false
                    }
                    visit(place)
                }
            case .array:
                for (index, element) in document.elements(of: node.value).enumerated() {
                    visit(node.at(element, "\(node.path)[\(index)]"))
                }
            case .string where (document.string(node.value) ?? "").contains("${"):
                node.error(
                    "holds an expression or a parameter",
                    mend: "set the field itself: they are not read inside of lists and objects"
                )
                isGood = false
            case .null:
                node.error("is null", mend: "leave it out")
                isGood = false
            default: break
            }
        }
        // The value is taken over as it stands: what a parameter would put into it is not.
        var plain = self
        plain.parameters = nil
        visit(plain)
        return isGood
    }
}

extension Mutation {
    /// Warns of fields that are written into kinds of which nobody knows whether they have them.
    func warnIfFarReaching(_ node: Node, _ resources: PatternIndex.Entry) {
        guard case .fields(let fields, _) = change, let first = fields.first(where: { $0.field.names.first == "spec" }),
            let wide = (resources.included ?? []).first(where: { $0.description.hasSuffix("/*") })
        else { return }
        node.warning(
            .farReachingMutation,
            "writes \(first.field) into every kind of \(wide)",
            mend:
                "name the kinds that have it in spec.match.resources: of others the API server drops it, each time anew"
        )
    }
}

extension String {
    /// Whether a field of that name says who a resource acts as, belongs to or refers to.
    fileprivate var saysIdentity: Bool {
        let name = lowercased()
        return ["owner", "armid", "tenantid", "clientid", "principalid", "objectid"].contains(name)
            || name.contains("identity") || name.contains("identities") || hasSuffix("Reference")
            || hasSuffix("References") || hasSuffix("FromConfig") || name.contains("credential")
    }
}
