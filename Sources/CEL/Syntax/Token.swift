/// A token: its kind, and where it lies in the source.
struct Token {
    /// The kinds of tokens; those that are always the same text have it as their raw value.
    enum Kind: String {
        case end
        case identifier
        case quotedIdentifier
        case int
        case uint
        case double
        case string
        case bytes
        case `true`
        case `false`
        case null
        case `in`
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case and = "&&"
        case or = "||"
        case not = "!"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case remainder = "%"
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBracket = "["
        case closeBracket = "]"
        case openBrace = "{"
        case closeBrace = "}"
        case dot = "."
        case comma = ","
        case question = "?"
        case colon = ":"
    }

    var kind: Kind
    /// Where it begins, in bytes.
    var start: Int
    /// Where it ends, in bytes.
    var end: Int
}

/// What is wrong at a place of the source.
struct SyntaxIssue: Error {
    let message: String
    let offset: Int
    /// Whether a limit is reached, after which nothing goes on.
    var isLimit = false
}

/// Splits a source into tokens, one at a time.
///
/// The grammar's tokens are ASCII, so that bytes are enough; what is between quotes is taken as it is.
struct Lexer {
    let bytes: [UInt8]
    private var position = 0

    init(_ source: String) {
        bytes = Array(source.utf8)
    }

    /// A byte of the source; zero behind its end.
    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    /// The next token.
    mutating func next() throws(SyntaxIssue) -> Token {
        skipBlanks()
        let start = position
        guard start < bytes.count else { return Token(kind: .end, start: start, end: start) }
        let first = bytes[start]
        if Self.isIdentifierStart(first) { return try identifierOrString(start) }
        if Self.isDigit(first) { return try number(start) }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quoted(start, at: start, isRaw: false, kind: .string)
        case UInt8(ascii: "`"): return try quotedIdentifier(start)
        case UInt8(ascii: "."):
            return Self.isDigit(byte(start + 1)) ? try number(start) : symbol(.dot, 1)
        case UInt8(ascii: "("): return symbol(.openParenthesis, 1)
        case UInt8(ascii: ")"): return symbol(.closeParenthesis, 1)
        case UInt8(ascii: "["): return symbol(.openBracket, 1)
        case UInt8(ascii: "]"): return symbol(.closeBracket, 1)
        case UInt8(ascii: "{"): return symbol(.openBrace, 1)
        case UInt8(ascii: "}"): return symbol(.closeBrace, 1)
        case UInt8(ascii: ","): return symbol(.comma, 1)
        case UInt8(ascii: "?"): return symbol(.question, 1)
        case UInt8(ascii: ":"): return symbol(.colon, 1)
        case UInt8(ascii: "+"): return symbol(.plus, 1)
        case UInt8(ascii: "-"): return symbol(.minus, 1)
        case UInt8(ascii: "*"): return symbol(.times, 1)
        case UInt8(ascii: "/"): return symbol(.divide, 1)
        case UInt8(ascii: "%"): return symbol(.remainder, 1)
        case UInt8(ascii: "!"):
            return byte(start + 1) == UInt8(ascii: "=") ? symbol(.notEqual, 2) : symbol(.not, 1)
        case UInt8(ascii: "<"):
            return byte(start + 1) == UInt8(ascii: "=") ? symbol(.lessOrEqual, 2) : symbol(.less, 1)
        case UInt8(ascii: ">"):
            return byte(start + 1) == UInt8(ascii: "=") ? symbol(.greaterOrEqual, 2) : symbol(.greater, 1)
        case UInt8(ascii: "="):
            guard byte(start + 1) == UInt8(ascii: "=") else {
                throw SyntaxIssue(message: "'=' is not an operator; to compare, write '=='", offset: start)
            }
            return symbol(.equal, 2)
        case UInt8(ascii: "&"):
            guard byte(start + 1) == UInt8(ascii: "&") else {
                throw SyntaxIssue(message: "'&' is not an operator; for 'and', write '&&'", offset: start)
            }
            return symbol(.and, 2)
        case UInt8(ascii: "|"):
            guard byte(start + 1) == UInt8(ascii: "|") else {
                throw SyntaxIssue(message: "'|' is not an operator; for 'or', write '||'", offset: start)
            }
            return symbol(.or, 2)
        default:
            throw SyntaxIssue(message: "\(character(at: start)) does not belong into an expression", offset: start)
        }
    }

    private mutating func symbol(_ kind: Token.Kind, _ length: Int) -> Token {
        let token = Token(kind: kind, start: position, end: position + length)
        position += length
        return token
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0C:
                position += 1
            case UInt8(ascii: "/") where byte(position + 1) == UInt8(ascii: "/"):
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
            default:
                return
            }
        }
    }

    // MARK: Words

    private mutating func identifierOrString(_ start: Int) throws(SyntaxIssue) -> Token {
        // `r"`, `b"` and `br"` begin literals, as do their capitals.
        let isBytes = bytes[start] | 0x20 == UInt8(ascii: "b")
        let afterBytes = isBytes ? start + 1 : start
        let isRaw = byte(afterBytes) | 0x20 == UInt8(ascii: "r")
        let quote = isRaw ? afterBytes + 1 : afterBytes
        if isBytes || isRaw, byte(quote) == UInt8(ascii: "\"") || byte(quote) == UInt8(ascii: "'") {
            return try quoted(start, at: quote, isRaw: isRaw, kind: isBytes ? .bytes : .string)
        }
        position = start + 1
        while position < bytes.count, Self.isIdentifierStart(bytes[position]) || Self.isDigit(bytes[position]) {
            position += 1
        }
        var kind = Token.Kind.identifier
        switch position - start {
        case 2 where spells("in", at: start): kind = .in
        case 4 where spells("true", at: start): kind = .true
        case 4 where spells("null", at: start): kind = .null
        case 5 where spells("false", at: start): kind = .false
        default: break
        }
        return Token(kind: kind, start: start, end: position)
    }

    private func spells(_ word: StaticString, at start: Int) -> Bool {
        word.withUTF8Buffer { unsafe $0.elementsEqual(bytes[start..<start + $0.count]) }
    }

    private mutating func quotedIdentifier(_ start: Int) throws(SyntaxIssue) -> Token {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "`") {
            let byte = bytes[index]
            guard
                Self.isIdentifierStart(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: " ")
            else {
                throw SyntaxIssue(
                    message: "\(character(at: index)) cannot stand between backticks; write a[\"name\"] instead",
                    offset: index
                )
            }
            index += 1
        }
        guard index < bytes.count else {
            throw SyntaxIssue(message: "the name has no closing backtick", offset: start)
        }
        guard index > start + 1 else {
            throw SyntaxIssue(message: "there is no name between the backticks", offset: start)
        }
        position = index + 1
        return Token(kind: .quotedIdentifier, start: start, end: position)
    }

    // MARK: Numbers

    private mutating func number(_ start: Int) throws(SyntaxIssue) -> Token {
        var kind = Token.Kind.int
        position = start
        if bytes[start] == UInt8(ascii: "0"), byte(start + 1) == UInt8(ascii: "x"),
            Self.hexDigit(byte(start + 2)) != nil
        {
            position = start + 2
            while Self.hexDigit(byte(position)) != nil { position += 1 }
        } else {
            while Self.isDigit(byte(position)) { position += 1 }
            if byte(position) == UInt8(ascii: "."), Self.isDigit(byte(position + 1)) {
                kind = .double
                position += 1
                while Self.isDigit(byte(position)) { position += 1 }
            }
            if byte(position) | 0x20 == UInt8(ascii: "e") {
                var exponent = position + 1
                if byte(exponent) == UInt8(ascii: "+") || byte(exponent) == UInt8(ascii: "-") { exponent += 1 }
                if Self.isDigit(byte(exponent)) {
                    kind = .double
                    position = exponent
                    while Self.isDigit(byte(position)) { position += 1 }
                }
            }
        }
        if kind == .int, byte(position) | 0x20 == UInt8(ascii: "u") {
            kind = .uint
            position += 1
        }
        guard !Self.isIdentifierStart(byte(position)) else {
            throw SyntaxIssue(message: "\(character(at: position)) cannot follow a number", offset: position)
        }
        return Token(kind: kind, start: start, end: position)
    }

    // MARK: Strings

    private mutating func quoted(
        _ start: Int,
        at opening: Int,
        isRaw: Bool,
        kind: Token.Kind
    ) throws(SyntaxIssue) -> Token {
        let quote = bytes[opening]
        let isTriple = byte(opening + 1) == quote && byte(opening + 2) == quote
        var index = opening + (isTriple ? 3 : 1)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote, !isTriple || (self.byte(index + 1) == quote && self.byte(index + 2) == quote) {
                position = index + (isTriple ? 3 : 1)
                return Token(kind: kind, start: start, end: position)
            }
            if !isTriple, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
            index += byte == UInt8(ascii: "\\") && !isRaw ? 2 : 1
        }
        let quotes = String(repeating: Character(Unicode.Scalar(quote)), count: isTriple ? 3 : 1)
        throw SyntaxIssue(message: "the string has no closing \(quotes)", offset: start)
    }

    // MARK: Characters

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    @inline(__always)
    static func isIdentifierStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
    }

    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The code point at a place, as messages show it.
    private func character(at offset: Int) -> String {
        let decoded = String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self)
        guard let scalar = decoded.unicodeScalars.first else { return "this" }
        return scalar.value < 0x20 || scalar.value == 0x7F
            ? "U+00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16, uppercase: true)
            : "'\(scalar)'"
    }

    /// The text of a token.
    func text(_ token: Token) -> String { String(decoding: bytes[token.start..<token.end], as: UTF8.self) }
}
