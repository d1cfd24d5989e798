/// What is refused of expressions whose types agree, because of the literals in them (cel-go `cel/validator.go`).
///
/// Formats whose clauses do not take their arguments; in Kubernetes also lists and maps of several types, outside of formats,
/// and literals that `duration`, `timestamp` or `matches` would refuse whenever they are reached.
struct LiteralRules {
    private let checked: CheckedExpression
    private let profile: Profile
    private var issues: [SyntaxIssue] = []

    /// What is refused of an expression.
    static func issues(of checked: CheckedExpression, in profile: Profile) -> [SyntaxIssue] {
        var rules = LiteralRules(checked, profile)
        rules.visitAll()
        return rules.issues
    }

    private init(_ checked: CheckedExpression, _ profile: Profile) {
        self.checked = checked
        self.profile = profile
    }

    /// Since when formats are judged: cel-go has done so since 0.20.
    private static let formats = Availability.everywhere(kubernetes: 31)

    private mutating func visitAll() {
        var pending = [(node: checked.root, isInFormat: false)]
        while let (node, isUnderFormat) = pending.popLast() {
            var isInFormat = isUnderFormat
            switch node.form {
            case .call(let name, let target, let arguments):
                if name == "format" {
                    isInFormat = true
                    if Self.formats.includes(profile) { checkFormat(node, target, arguments) }
                }
                if profile != .standard { checkArgument(node, name, arguments) }
            case .list where profile != .standard && !isInFormat: checkList(node)
            case .map where profile != .standard && !isInFormat: checkMap(node)
            default: break
            }
            node.forEachChild { pending.append(($0, isInFormat)) }
        }
    }

    // MARK: Lists and maps

    private mutating func checkMap(_ node: Expression) {
        guard case .map(let entries) = node.form else { return }
        var keys: CELType?
        var values: CELType?
        for entry in entries {
            let key = checked.types[entry.key.id]
            if let keys, keys != key { return refuse(entry.key, keys, key, "the keys of a map") }
            keys = key
            let value = type(of: entry.value, isOptional: entry.isOptional)
            if let values, values != value { return refuse(entry.value, values, value, "the values of a map") }
            values = value
        }
    }

    private mutating func checkList(_ node: Expression) {
        guard case .list(let elements, let places) = node.form else { return }
        let optional = Set(places)
        var first: CELType?
        for (place, element) in elements.enumerated() {
            let type = type(of: element, isOptional: optional.contains(place))
            if let first, first != type {
                return refuse(element, first, type, "the elements of a list")
            }
            first = type
        }
    }

    private func type(of node: Expression, isOptional: Bool) -> CELType {
        let type = checked.types[node.id]
        guard isOptional, case .optional(let value) = type else { return type }
        return value
    }

    private mutating func refuse(_ node: Expression, _ wanted: CELType, _ found: CELType, _ elements: String) {
        let message =
            "in Kubernetes, \(elements) have the same type: expected \(wanted), found \(found); dyn() around each takes any"
        issues.append(SyntaxIssue(message: message, offset: node.startOffset))
    }

    // MARK: Arguments

    private mutating func checkFormat(_ node: Expression, _ target: Expression?, _ arguments: [Expression]) {
        guard case .constant(.string(let text)) = target?.form, arguments.count == 1,
            case .list(let elements, _) = arguments[0].form,
            let refusal = StringFormat.check(text, elements, types: checked.types, profile: profile)
        else { return }
        let offset = refusal.argument?.startOffset ?? node.offset
        issues.append(SyntaxIssue(message: refusal.message, offset: offset))
    }

    private mutating func checkArgument(_ node: Expression, _ name: String, _ arguments: [Expression]) {
        guard let first = arguments.first, case .constant(let constant) = first.form else { return }
        let reason: String?
        switch name {
        case "duration", "timestamp": reason = failure(of: node, constant)
        case "matches": reason = patternError(constant)
        default: reason = nil
        }
        if let reason { issues.append(SyntaxIssue(message: "\(name)() fails: \(reason)", offset: first.offset)) }
    }

    /// What calling a function of one argument throws.
    private func failure(of node: Expression, _ constant: Constant) -> String? {
        guard case .overloads(let overloads) = checked.references[node.id], let overload = overloads.first,
            case .unary(let body) = overload.implementation
        else { return nil }
        let argument: CELValue
        switch constant {
        case .string(let text): argument = .string(text)
        case .int(let number): argument = .int(number)
        default: return nil
        }
        var evaluation = Evaluation()
        do throws(CELError) {
            _ = try body(argument, &evaluation)
            return nil
        } catch {
            return error.message
        }
    }

    private func patternError(_ constant: Constant) -> String? {
        guard case .string(let pattern) = constant else { return nil }
        do throws(RegularExpressionError) {
            _ = try RegularExpression(pattern)
            return nil
        } catch {
            return error.description
        }
    }
}
