extension Expression {
    /// The expression as it would be written, macros folded up again: for messages, not for parsing.
    ///
    /// At most some 200 characters; what is left out shows as `…`.
    var text: String {
        var writer = ExpressionWriter()
        writer.write(self)
        return writer.text
    }
}

private struct ExpressionWriter {
    private(set) var text = ""
    /// How many characters may follow.
    private var room = 200

    private mutating func put(_ part: String) {
        guard room > 0 else { return }
        room -= part.unicodeScalars.count
        text += room > 0 ? part : "…"
    }

    /// How deep what is written lies; deeper than this nobody reads, and the stack is finite.
    private var depth = 0
    private static let maximumDepth = 32

    mutating func write(_ expression: Expression) {
        guard room > 0 else { return }
        guard depth < Self.maximumDepth else { return put("…") }
        depth += 1
        defer { depth -= 1 }
        switch expression.form {
        case .constant(let constant):
            put(Evaluation().description(of: CELValue(constant)))
        case .identifier(let name):
            put(name)
        case .select(let operand, let field, let isTest):
            if isTest { put("has(") }
            operandOf(operand)
            put(".\(field)")
            if isTest { put(")") }
        case .call(let function, let target, let arguments):
            call(function, target, arguments)
        case .list(let elements, let optional):
            put("[")
            for (index, element) in elements.enumerated() {
                put(index > 0 ? ", " : "")
                if optional.contains(index) { put("?") }
                write(element)
            }
            put("]")
        case .map(let entries):
            put("{")
            for (index, entry) in entries.enumerated() {
                put((index > 0 ? ", " : "") + (entry.isOptional ? "?" : ""))
                write(entry.key)
                put(": ")
                write(entry.value)
            }
            put("}")
        case .object(let name, let fields):
            put("\(name){")
            for (index, field) in fields.enumerated() {
                put((index > 0 ? ", " : "") + (field.isOptional ? "?" : "") + "\(field.name): ")
                write(field.value)
            }
            put("}")
        case .comprehension(let fold):
            comprehension(fold)
        }
    }

    private static let operators = [
        "_&&_": "&&", "_||_": "||", "_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=",
        "_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%", "@in": "in",
    ]

    /// Writes an operand in brackets if it has an operator of its own.
    private mutating func operandOf(_ expression: Expression) {
        guard case .call(let function, _, let arguments) = expression.form else { return write(expression) }
        let hasOperator =
            Self.operators[function] != nil && arguments.count == 2 || ["_?_:_", "!_", "-_"].contains(function)
        if hasOperator { put("(") }
        write(expression)
        if hasOperator { put(")") }
    }

    private mutating func call(_ function: String, _ target: Expression?, _ arguments: [Expression]) {
        switch (function, arguments.count) {
        case (_, 2) where Self.operators[function] != nil:
            operandOf(arguments[0])
            put(" \(Self.operators[function] ?? function) ")
            operandOf(arguments[1])
        case ("!_", 1), ("-_", 1):
            put(String(function.prefix(1)))
            operandOf(arguments[0])
        case ("_?_:_", 3):
            operandOf(arguments[0])
            put(" ? ")
            operandOf(arguments[1])
            put(" : ")
            operandOf(arguments[2])
        case ("_[_]", 2), ("_[?_]", 2):
            operandOf(arguments[0])
            put(function == "_[_]" ? "[" : "[?")
            write(arguments[1])
            put("]")
        case ("_?._", 2):
            operandOf(arguments[0])
            if case .constant(.string(let field)) = arguments[1].form { put(".?\(field)") }
        default:
            if let target {
                operandOf(target)
                put(".")
            }
            put("\(function)(")
            list(arguments)
            put(")")
        }
    }

    private mutating func list(_ expressions: [Expression]) {
        for (index, expression) in expressions.enumerated() {
            if index > 0 { put(", ") }
            write(expression)
        }
    }

    private mutating func comprehension(_ fold: Expression.Comprehension) {
        if case .list(let elements, _) = fold.range.form, elements.isEmpty {
            put("\(fold.macro)(\(fold.accumulator), ")
            list([fold.initial, fold.result])
            return put(")")
        }
        operandOf(fold.range)
        put(".\(fold.macro)(\(fold.variable)\(fold.secondVariable.map { ", " + $0 } ?? "")")
        for argument in arguments(of: fold.step, fold.accumulator) {
            put(", ")
            write(argument)
        }
        put(")")
    }

    /// What the macro's user wrote, dug out of the step that it expands to.
    private func arguments(of step: Expression, _ accumulator: String) -> [Expression] {
        guard case .call(let function, _, let parts) = step.form else { return [] }
        switch (function, parts.count) {
        case ("_&&_", 2), ("_||_", 2): return [parts[1]]
        case ("_?_:_", 3): return [parts[0]] + arguments(of: parts[1], accumulator)
        case ("_+_", 2):
            guard case .list(let elements, _) = parts[1].form else { return [] }
            return elements.filter { if case .identifier = $0.form { false } else { true } }
        case ("cel.@mapInsert", 2), ("cel.@mapInsert", 3): return [parts[parts.count - 1]]
        default: return []
        }
    }
}
