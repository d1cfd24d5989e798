/// A value of a definition: known, or an expression of Azure's template language (`[concat('a', parameters('b'))]`).
indirect enum TemplateExpression: Hashable, Sendable {
    case literal(TemplateLiteral)
    /// A call; the name is in small letters.
    case call(String, [TemplateExpression])
    case member(TemplateExpression, String)
    case index(TemplateExpression, TemplateExpression)
    case array([TemplateExpression])

    /// What a string of a definition means: itself, or the expression in brackets; `[[` stands for a bracket.
    init(_ text: String) throws(TemplateError) {
        guard text.hasPrefix("["), text.hasSuffix("]"), !text.hasPrefix("[[") else {
            self = .literal(.string(text.hasPrefix("[[") ? String(text.dropFirst()) : text))
            return
        }
        var parser = TemplateParser(text)
        self = try parser.parse()
    }

    /// What a value of a definition means, with the expressions in the strings of arrays.
    init(_ value: TemplateLiteral) throws(TemplateError) {
        switch value {
        case .string(let text): try self.init(text)
        case .array(let elements):
            var parts: [TemplateExpression] = []
            for element in elements { parts.append(try TemplateExpression(element)) }
            var known: [TemplateLiteral] = []
            for case .literal(let part) in parts { known.append(part) }
            self = known.count == parts.count ? .literal(.array(known)) : .array(parts)
        default: self = .literal(value)
        }
    }

    /// The known value.
    var literal: TemplateLiteral? {
        if case .literal(let value) = self { value } else { nil }
    }
}

/// What is wrong with an expression of the template language, and where in it.
struct TemplateError: Error, Equatable {
    let message: String
    /// In bytes from the expression's bracket.
    let offset: Int
}

/// Reads the template language: literals, calls, members, indices.
private struct TemplateParser {
    /// The deepest nesting of calls: the language has no use for more than a few.
    private static let maximumDepth = 64
    /// The longest expression, in bytes.
    private static let maximumBytes = 32 * 1024

    private let bytes: [UInt8]
    private var place = 1
    private var depth = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func parse() throws(TemplateError) -> TemplateExpression {
        guard bytes.count <= Self.maximumBytes else {
            throw TemplateError(message: "the expression is longer than \(Self.maximumBytes) bytes", offset: 0)
        }
        let result = try expression()
        skipSpaces()
        guard place == bytes.count - 1 else { throw error("expected the end of the expression") }
        return result
    }

    private func error(_ message: String) -> TemplateError { TemplateError(message: message, offset: place) }

    private var next: UInt8? { place < bytes.count - 1 ? bytes[place] : nil }

    private mutating func skipSpaces() {
        while let byte = next, byte == 0x20 || (0x09...0x0d).contains(byte) { place += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func expression() throws(TemplateError) -> TemplateExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
        var result = try primary()
        while true {
            if take(".") {
                result = .member(result, try name())
            } else if take("[") {
                let index = try expression()
                guard take("]") else { throw error("expected ]") }
                result = .index(result, index)
            } else {
                return result
            }
        }
    }

    private mutating func primary() throws(TemplateError) -> TemplateExpression {
        skipSpaces()
        switch next {
        case UInt8(ascii: "'"): return .literal(.string(try string()))
        case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .literal(try number())
        case nil: throw error("the expression ends too early")
        default: break
        }
        let name = try name().lowercasedASCII
        guard take("(") else {
            switch name {
            case "true": return .literal(.bool(true))
            case "false": return .literal(.bool(false))
            case "null": return .literal(.null)
            default: throw error("expected ( after \(name)")
            }
        }
        var arguments: [TemplateExpression] = []
        if !take(")") {
            repeat { arguments.append(try expression()) } while take(",")
            guard take(")") else { throw error("expected , or )") }
        }
        switch (name, arguments.isEmpty) {
        case ("true", true): return .literal(.bool(true))
        case ("false", true): return .literal(.bool(false))
        case ("null", true): return .literal(.null)
        default: return .call(name, arguments)
        }
    }

    private mutating func name() throws(TemplateError) -> String {
        skipSpaces()
        let start = place
        while let byte = next, byte == UInt8(ascii: "_") || byte.isASCIIAlphanumeric { place += 1 }
        guard place > start, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[start]) else {
            throw error("expected a name")
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func string() throws(TemplateError) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = next {
            place += 1
            if byte != UInt8(ascii: "'") {
                text.append(byte)
            } else if next == UInt8(ascii: "'") {
                text.append(byte)
                place += 1
            } else {
                return String(decoding: text, as: UTF8.self)
            }
        }
        throw error("the text has no end: expected '")
    }

    private mutating func number() throws(TemplateError) -> TemplateLiteral {
        let start = place
        if next == UInt8(ascii: "-") { place += 1 }
        while let byte = next, byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            place += 1
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if let value = Int64(text) { return .int(value) }
        if let value = Double(text), value.isFinite { return .double(value) }
        throw error("not a number: \(text)")
    }
}

extension UInt8 {
    fileprivate var isASCIIAlphanumeric: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
    }
}
