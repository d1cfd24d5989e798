internal import Azure

/// Finds resources that fulfil a definition's condition, and such as do not.
///
/// It reads the definition, not the policy made of it, so that the policy's tests say what the definition means. What it finds
/// is a guess until the policy has been asked.
struct ExampleSearch {
    /// A field that is set, or taken away.
    struct Edit: Hashable {
        let steps: [FieldStep]
        let value: TemplateLiteral?
        /// Whether any other value does as well.
        var isAnyValue = false
    }

    /// The most ways that are kept of one condition.
    private static let maximumWays = 12

    private let definition: PolicyDefinition
    private let resolver: AliasResolver
    private var translator: ConditionTranslator

    init(_ definition: PolicyDefinition, _ kind: AzureKind) {
        self.definition = definition
        resolver = AliasResolver(kind)
        var parameters = definition.parameters
        for index in parameters.indices {
            parameters[index].fixed = parameters[index].value ?? parameters[index].placeholder
        }
        translator = ConditionTranslator(resolver, parameters: parameters)
    }

    /// Manifests for which the condition should be true, or false.
    mutating func manifests(_ wanted: Bool) -> [TemplateLiteral] {
        var seen: Set<TemplateLiteral> = []
        var result: [TemplateLiteral] = []
        for edits in ways(definition.condition, wanted) {
            var manifest = base
            for edit in edits where !edit.isAnyValue || !manifest.hasValue(at: edit.steps[...]) {
                manifest = manifest.setting(edit.steps[...], to: edit.value)
            }
            if seen.insert(manifest).inserted { result.append(manifest) }
        }
        return result
    }

    /// An object of the kind with what nearly every one has.
    private var base: TemplateLiteral {
        let kind = resolver.kind
        var spec: [TemplateLiteral.Member] = []
        if case .field(let field)? = try? resolver.resolve("location"), field.path == "spec.location" {
            spec.append(.init(key: "location", value: .string("westeurope")))
        }
        if let owner = kind.ownerKinds.first, owner != "*", kind.ownerKinds.count == 1 {
            spec.append(.init(key: "owner", value: .at(["name"], .string("example"))))
        }
        return .object([
            .init(key: "apiVersion", value: .string("\(kind.group)/\(kind.newestVersion)")),
            .init(key: "kind", value: .string(kind.kind)),
            .init(
                key: "metadata",
                value: .object([
                    .init(key: "name", value: .string("example")), .init(key: "namespace", value: .string("default")),
                ])
            ),
            .init(key: "spec", value: .object(spec)),
        ])
    }

    // MARK: - Conditions

    private mutating func ways(_ condition: PolicyCondition, _ wanted: Bool) -> [[Edit]] {
        // What the kind alone decides takes no edit.
        var trial = translator
        if let known = (try? trial.formula(condition))?.constant { return known == wanted ? [[]] : [] }
        switch condition {
        case .not(let inner): return ways(inner, !wanted)
        case .allOf(let parts): return wanted ? all(parts, true) : any(parts, false)
        case .anyOf(let parts): return wanted ? any(parts, true) : all(parts, false)
        case .test(let subject, let op, let operand): return ways(subject, op, operand, wanted)
        }
    }

    private mutating func all(_ parts: [PolicyCondition], _ wanted: Bool) -> [[Edit]] {
        var result: [[Edit]] = [[]]
        for part in parts {
            let ways = ways(part, wanted)
            var next: [[Edit]] = []
            for way in ways { next += result.map { $0 + way } }
            result = Array(next.prefix(Self.maximumWays))
        }
        return result
    }

    private mutating func any(_ parts: [PolicyCondition], _ wanted: Bool) -> [[Edit]] {
        // Each part gets its turn: its first way, then its second.
        let ways = parts.map { self.ways($0, wanted) }
        var result: [[Edit]] = []
        for place in 0..<Self.maximumWays {
            for way in ways where way.indices.contains(place) { result.append(way[place]) }
        }
        return Array(result.prefix(Self.maximumWays))
    }

    private mutating func ways(
        _ subject: PolicyCondition.Subject,
        _ op: PolicyCondition.Operator,
        _ operand: TemplateExpression,
        _ wanted: Bool
    ) -> [[Edit]] {
        switch subject {
        case .field(let name):
            if case .call("if", let parts) = name, parts.count == 3 {
                return parts.dropFirst().flatMap { ways(.field($0), op, operand, wanted) }
            }
            guard let text = known(name)?.text else { return [[]] }
            return ways(ofField: text, op, known(operand) ?? .string("x"), wanted)
        case .value(let value):
            var result: [[Edit]] = [[]]
            for field in value.fields {
                result += ways(ofField: field, op.denied ?? op, known(operand) ?? .string("x"), true)
                result += ways(ofField: field, .exists, .bool(false), true)
                result += ways(ofField: field, .exists, .bool(true), true)
            }
            return Array(result.prefix(Self.maximumWays))
        case .count(let count):
            guard case .field(let alias) = count.source, case .field(let field)? = try? resolver.resolve(alias) else {
                return [[]]
            }
            let empty = [[Edit(steps: field.steps.dropLast(), value: nil)]]
            var filled: [[Edit]] = []
            if let condition = count.condition {
                filled = ways(condition, true) + ways(condition, false)
            } else {
                filled = [[Edit(steps: field.steps, value: Self.sample(of: field))]]
            }
            return op == .equals || op == .less || op == .lessOrEquals ? empty + filled : filled + empty
        }
    }

    private mutating func known(_ expression: TemplateExpression) -> TemplateLiteral? {
        try? translator.term(expression, .init()).literal
    }

    private mutating func ways(
        ofField name: String,
        _ op: PolicyCondition.Operator,
        _ operand: TemplateLiteral,
        _ wanted: Bool
    ) -> [[Edit]] {
        if let base = op.denied { return ways(ofField: name, base, operand, !wanted) }
        if name.lowercasedASCII == "name" || name.lowercasedASCII == "fullname" {
            return values(op, operand, wanted, .string).map {
                [Edit(steps: [.member("spec"), .member("azureName")], value: $0)]
            }
        }
        guard case .field(let field)? = try? resolver.resolve(name) else { return [[]] }
        var steps = field.steps
        if field.isReference || field.rule == .referenceList { steps.append(.member("armId")) }
        if op == .exists {
            let isWanted = (operand.folded == "true") == wanted
            guard isWanted else { return [[Edit(steps: field.steps, value: nil)]] }
            // What another part of the condition asks of the field must not be written over.
            return [[Edit(steps: steps, value: Self.sample(of: field), isAnyValue: true)]]
        }
        if op == .containsKey, let key = operand.text {
            return [[Edit(steps: steps + [.member(key)], value: wanted ? .string("x") : nil)]]
        }
        var result = values(op, operand, wanted, field.type).map { value in
            [Edit(steps: steps, value: field.isList ? .array([value]) : value)]
        }
        if !wanted { result.append([Edit(steps: field.steps, value: nil)]) }
        return result
    }

    /// Values of which a condition is true, or false.
    private func values(
        _ op: PolicyCondition.Operator,
        _ operand: TemplateLiteral,
        _ wanted: Bool,
        _ type: ARMField.ValueType
    ) -> [TemplateLiteral] {
        let typed: (String) -> TemplateLiteral = { text in
            switch type {
            case .bool: .bool(text.lowercasedASCII == "true")
            case .int, .double: Int64(text).map { .int($0) } ?? .string(text)
            default: .string(text)
            }
        }
        let text = operand.text ?? operand.folded ?? "x"
        let other: TemplateLiteral =
            switch type {
            case .bool: .bool(text.lowercasedASCII != "true")
            case .int, .double: .int((Int64(text) ?? 0) + 1)
            default: .string(Self.opposites[text.lowercasedASCII] ?? "other")
            }
        switch op {
        case .equals: return [wanted ? typed(text) : other]
        case .in:
            let first = operand.elements?.first.flatMap { $0.text ?? $0.folded }
            return wanted ? first.map { [typed($0)] } ?? [] : [other]
        case .contains: return [wanted ? typed(text) : other]
        case .like: return [wanted ? .string(text.replacing("*", with: "x")) : other]
        case .match, .matchInsensitively:
            let matching = text.replacing("#", with: "1").replacing("?", with: "a").replacing(".", with: "x")
            return [wanted ? .string(matching) : .string("-")]
        case .less, .lessOrEquals, .greater, .greaterOrEquals:
            guard let bound = Int64(text), type != .string else {
                return [.string("0"), .string(text), .string("9" + text)]
            }
            return [.int(bound - 1), .int(bound), .int(bound + 1)]
        default: return []
        }
    }

    private static let opposites = ["disabled": "Enabled", "enabled": "Disabled", "deny": "Allow", "allow": "Deny"]

    private static func sample(of field: AliasField) -> TemplateLiteral {
        if field.isReference || field.rule == .referenceList {
            return .string(
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example/providers/"
                    + "Microsoft.Network/virtualNetworks/example"
            )
        }
        if field.isList { return .array([]) }
        switch (field.rule, field.type) {
        case (_, .bool): return .bool(true)
        case (_, .int), (_, .double): return .int(1)
        case (.object, _), (.objectList, _), (.map, _), (.objectMap, _), (.json, _): return .object([])
        case (.secret, _), (.secretMap, _): return .object([.init(key: "name", value: .string("example"))])
        default: return .string("example")
        }
    }
}

extension TemplateExpression {
    /// The fields that an expression reads.
    var fields: [String] {
        switch self {
        case .literal: []
        case .array(let elements): elements.flatMap(\.fields)
        case .member(let base, _): base.fields
        case .index(let base, let index): base.fields + index.fields
        case .call("field", let arguments): arguments.first?.literal?.text.map { [$0] } ?? []
        case .call(_, let arguments): arguments.flatMap(\.fields)
        }
    }
}
