/// A truth value in CEL, kept simple while it is put together.
indirect enum Formula: Hashable, Sendable {
    case constant(Bool)
    /// An expression that binds closer than `&&`, and the one that denies it.
    case term(String, denied: String)
    case and([Formula])
    case or([Formula])

    /// A comparison.
    static func compare(_ left: String, _ sign: Sign, _ right: String) -> Formula {
        .term("\(left) \(sign.rawValue) \(right)", denied: "\(left) \(sign.denied.rawValue) \(right)")
    }

    /// A call, or a name, that gives a truth value.
    static func call(_ text: String) -> Formula { .term(text, denied: "!" + text) }

    /// Anything else that gives a truth value.
    static func other(_ text: String) -> Formula { .term("(\(text))", denied: "!(\(text))") }

    enum Sign: String {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="

        var denied: Sign {
            switch self {
            case .equal: .notEqual
            case .notEqual: .equal
            case .less: .greaterOrEqual
            case .lessOrEqual: .greater
            case .greater: .lessOrEqual
            case .greaterOrEqual: .less
            }
        }
    }

    var constant: Bool? {
        if case .constant(let value) = self { value } else { nil }
    }

    static func all(_ parts: [Formula]) -> Formula { join(parts, neutral: true) { .and($0) } }

    static func any(_ parts: [Formula]) -> Formula { join(parts, neutral: false) { .or($0) } }

    private static func join(_ parts: [Formula], neutral: Bool, _ make: ([Formula]) -> Formula) -> Formula {
        var result: [Formula] = []
        var seen: Set<Formula> = []
        for part in parts {
            switch (part, neutral) {
            case (.constant(let value), _):
                if value != neutral { return part }
            case (.and(let inner), true), (.or(let inner), false):
                for part in inner where seen.insert(part).inserted { result.append(part) }
            default: if seen.insert(part).inserted { result.append(part) }
            }
        }
        if let only = result.first, result.count == 1 { return only }
        return result.isEmpty ? .constant(neutral) : make(result)
    }

    /// The opposite, with the denial moved inwards.
    static prefix func ! (_ formula: Formula) -> Formula {
        switch formula {
        case .constant(let value): .constant(!value)
        case .term(let text, let denied): .term(denied, denied: text)
        case .and(let parts): .any(parts.map { !$0 })
        case .or(let parts): .all(parts.map { !$0 })
        }
    }

    /// The expression in one line.
    var text: String {
        switch self {
        case .constant(let value): value ? "true" : "false"
        case .term(let text, _): text
        case .and(let parts): parts.map(\.operand).joined(separator: " && ")
        case .or(let parts): parts.map { $0.isAnd ? "(\($0.text))" : $0.operand }.joined(separator: " || ")
        }
    }

    /// The expression with a line for each part of the outermost `&&` or `||`.
    var lines: [String] {
        switch self {
        case .and(let parts): parts.enumerated().map { ($0 > 0 ? "&& " : "") + $1.operand }
        case .or(let parts):
            parts.enumerated().map { ($0 > 0 ? "|| " : "") + ($1.isAnd ? "(\($1.text))" : $1.operand) }
        default: [text]
        }
    }

    /// The expression as part of another.
    var operand: String {
        switch self {
        case .and, .or: "(\(text))"
        default: text
        }
    }

    private var isAnd: Bool {
        if case .and = self { true } else { false }
    }
}
