/// What Kubernetes refuses of expressions whose types agree: literals of several types in one list, and those that a function
/// would refuse whenever it is reached (cel-go `cel/validator.go`, on in Kubernetes since 1.29).
struct KubernetesRules {
    private let checked: CheckedExpression
    private var issues: [SyntaxIssue] = []

    /// What is refused of an expression.
    static func issues(of checked: CheckedExpression) -> [SyntaxIssue] {
        var rules = KubernetesRules(checked)
        rules.visitAll()
        return rules.issues
    }

    private init(_ checked: CheckedExpression) { self.checked = checked }

    private mutating func visitAll() {
        var pending = [checked.root]
        while let node = pending.popLast() {
            switch node.form {
            case .call: checkCall(node)
            case .list: checkList(node)
            case .map: checkMap(node)
            default: break
            }
            node.forEachChild { pending.append($0) }
        }
    }

    private mutating func checkMap(_ node: Expression) {
        guard case .map(let entries) = node.form else { return }
        var keys: CELType?
        var values: CELType?
        for entry in entries {
            let key = checked.types[entry.key.id]
            compare(entry.key, keys, key, "the keys of a map")
            keys = keys ?? key
            let value = type(of: entry.value, isOptional: entry.isOptional)
            compare(entry.value, values, value, "the values of a map")
            values = values ?? value
        }
    }

    private mutating func checkList(_ node: Expression) {
        guard case .list(let elements, let places) = node.form else { return }
        let optional = Set(places)
        var first: CELType?
        for (place, element) in elements.enumerated() {
            let type = type(of: element, isOptional: optional.contains(place))
            compare(element, first, type, "the elements of a list")
            first = first ?? type
        }
    }

    private func type(of node: Expression, isOptional: Bool) -> CELType {
        let type = checked.types[node.id]
        guard isOptional, case .optional(let value) = type else { return type }
        return value
    }

    private mutating func compare(_ node: Expression, _ first: CELType?, _ type: CELType, _ elements: String) {
        guard let first, first != type else { return }
        let message =
            "in Kubernetes, \(elements) have the same type: expected \(first), found \(type); wrap each in dyn()"
        issues.append(SyntaxIssue(message: message, offset: node.startOffset))
    }

    // MARK: Arguments

    private mutating func checkCall(_ node: Expression) {
        guard case .call(let name, _, let arguments) = node.form, let first = arguments.first,
            case .constant(let constant) = first.form
        else { return }
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
