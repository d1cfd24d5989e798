/// Patterns with `*` as CEL.
enum NameExpression {
    /// Whether a name fits one of the patterns.
    ///
    /// - Parameters:
    ///   - name: The expression of a string; in small letters if letter case does not count.
    ///   - patterns: Names, `*` for any characters.
    ///   - ignoringCase: Whether letter case does not count.
    /// - Returns: The condition.
    static func matches(_ name: String, _ patterns: [String], ignoringCase: Bool = false) -> String {
        let patterns = ignoringCase ? patterns.map(\.lowercasedASCII) : patterns
        let name = ignoringCase ? "\(name).lowerAscii()" : name
        if patterns.contains("*") { return "true" }
        var choices: [String] = []
        let literals = patterns.filter { !$0.utf8.contains(UInt8(ascii: "*")) }
        if literals.count == 1, let only = literals.first {
            choices.append("\(name) == \(only.celLiteral)")
        } else if !literals.isEmpty {
            choices.append("\(name) in [\(literals.map(\.celLiteral).joined(separator: ", "))]")
        }
        let globs = patterns.filter { $0.utf8.contains(UInt8(ascii: "*")) }
        if !globs.isEmpty {
            let expressions = globs.map(expression)
            let joined = expressions.count == 1 ? expressions[0] : "(\(expressions.joined(separator: "|")))"
            choices.append("\(name).matches(\("(?s)^\(joined)$".celLiteral))")
        }
        if choices.isEmpty { return "false" }
        return choices.count == 1 ? choices[0] : "(\(choices.joined(separator: " || ")))"
    }

    /// A pattern in RE2's syntax.
    private static func expression(_ glob: String) -> String {
        var result = ""
        for scalar in glob.unicodeScalars {
            switch scalar {
            case "*": result += ".*"
            case "\\", ".", "+", "?", "(", ")", "[", "]", "{", "}", "^", "$", "|":
                result += "\\" + String(Character(scalar))
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Expressions of policies for Kubernetes' environment, which has no `parameters`.
enum ExpressionRenaming {
    /// An expression with other names.
    ///
    /// - Parameters:
    ///   - source: The expression.
    ///   - names: What stands for a name that is not a member's.
    ///   - parameters: What stands for `parameters.name`.
    /// - Returns: The expression, and the names that it uses.
    static func renamed(
        _ source: String,
        _ names: [String: String] = [:],
        parameters: [TemplateLiteral.Member] = []
    ) -> (text: String, names: Set<String>) {
        var result: [UInt8] = []
        var used: Set<String> = []
        let bytes = Array(source.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                let end = endOfString(bytes, index, isRaw: index > 0 && bytes[index - 1] | 0x20 == UInt8(ascii: "r"))
                result += bytes[index..<end]
                index = end
                continue
            }
            guard isLetter(byte) else {
                result.append(byte)
                index += 1
                if (0x30...0x39).contains(byte) {
                    // The letters of a number are no name.
                    while index < bytes.count, isLetter(bytes[index]) || (0x30...0x39).contains(bytes[index]) {
                        result.append(bytes[index])
                        index += 1
                    }
                }
                continue
            }
            let end = endOfName(bytes, index)
            let name = String(decoding: bytes[index..<end], as: UTF8.self)
            let before = result.last { $0 != 0x20 && $0 != 0x0a }
            index = end
            guard before != UInt8(ascii: "."), before != UInt8(ascii: "?") || !isOptionalSelection(result) else {
                result += name.utf8
                continue
            }
            used.insert(name)
            if name == "parameters", index + 1 < bytes.count, bytes[index] == UInt8(ascii: ".") {
                let last = endOfName(bytes, index + 1)
                let key = String(decoding: bytes[(index + 1)..<last], as: UTF8.self)
                if let value = parameters.first(where: { $0.key == key })?.value {
                    result += value.kubernetesCEL.utf8
                    index = last
                    continue
                }
            }
            result += (names[name] ?? name).utf8
        }
        return (String(decoding: result, as: UTF8.self), used)
    }

    /// Whether a text ends with `.?`.
    private static func isOptionalSelection(_ text: [UInt8]) -> Bool {
        text.count > 1 && text[text.count - 2] == UInt8(ascii: ".")
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) || byte == 0x5f }

    private static func endOfName(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex { !isLetter($0) && !(0x30...0x39).contains($0) } ?? bytes.count
    }

    private static func endOfString(_ bytes: [UInt8], _ start: Int, isRaw: Bool) -> Int {
        let quote = bytes[start]
        let isTriple = start + 2 < bytes.count && bytes[start + 1] == quote && bytes[start + 2] == quote
        var index = start + (isTriple ? 3 : 1)
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), !isRaw {
                index += 2
                continue
            }
            if bytes[index] == quote {
                if !isTriple { return index + 1 }
                if index + 2 < bytes.count, bytes[index + 1] == quote, bytes[index + 2] == quote { return index + 3 }
            }
            index += 1
        }
        return bytes.count
    }
}

extension TemplateLiteral {
    /// The value as a literal of CEL as Kubernetes takes it, where all elements are of one type.
    var kubernetesCEL: String {
        switch self {
        case .array(let elements):
            "[" + elements.map { $0.isScalar ? $0.cel : "dyn(\($0.kubernetesCEL))" }.joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\($0.key.celLiteral): dyn(\($0.value.kubernetesCEL))" }.joined(separator: ", ") + "}"
        default: cel
        }
    }
}
