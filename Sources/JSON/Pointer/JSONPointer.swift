/// A JSON Pointer (RFC 6901): the way from the root of a document to one of its values.
public struct JSONPointer: Hashable, Sendable {
    /// The reference tokens, unescaped: an object's key or an array's index each.
    public var tokens: [String]

    /// The pointer that these unescaped tokens make.
    ///
    /// - Parameter tokens: None for the whole document.
    public init(tokens: [String] = []) {
        self.tokens = tokens
    }

    /// Reads a pointer from its text.
    ///
    /// - Parameter text: Empty, or tokens that each follow a `/`, with `~1` for a slash in them and `~0` for a tilde.
    /// - Throws: If the text does not begin with a slash, or holds a tilde that neither 0 nor 1 follows.
    public init(parsing text: String) throws(JSONPointerError) {
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noLeadingSlash }
        var tokens: [String] = []
        var token: [UInt8] = []
        var isEscape = false
        for byte in text.utf8.dropFirst() {
            if isEscape {
                guard byte == UInt8(ascii: "0") || byte == UInt8(ascii: "1") else { throw .invalidEscape }
                token.append(byte == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                isEscape = false
            } else if byte == UInt8(ascii: "/") {
                tokens.append(String(token.span))
                token.removeAll(keepingCapacity: true)
            } else if byte == UInt8(ascii: "~") {
                isEscape = true
            } else {
                token.append(byte)
            }
        }
        guard !isEscape else { throw .invalidEscape }
        tokens.append(String(token.span))
        self.tokens = tokens
    }

    /// The pointer to what a key or an index names inside the value here.
    public func appending(_ token: String) -> JSONPointer {
        JSONPointer(tokens: tokens + [token])
    }

    /// Reads a token as an array's index (RFC 6901 §4).
    ///
    /// - Returns: Nil for `-`, leading zeros, and anything that is not all digits.
    static func index(_ token: String) -> Int? {
        let digits = token.utf8
        guard digits.allSatisfy({ 0x30...0x39 ~= $0 }), digits.count == 1 || digits.first != 0x30 else { return nil }
        return Int(token)
    }
}

extension JSONPointer: CustomStringConvertible {
    /// The text, with `~` and `/` in tokens escaped.
    public var description: String {
        var text = ""
        for token in tokens {
            text.append("/")
            for scalar in token.unicodeScalars {
                switch scalar {
                case "~": text.append("~0")
                case "/": text.append("~1")
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }
}

/// Why a text is not a JSON Pointer.
public enum JSONPointerError: Error, CustomStringConvertible {
    /// The text is neither empty nor begins with a slash.
    case noLeadingSlash
    /// A tilde that neither 0 nor 1 follows.
    case invalidEscape

    /// Fault and mend.
    public var description: String {
        switch self {
        case .noLeadingSlash: "a JSON Pointer begins with '/'; the empty one is the whole document"
        case .invalidEscape: "'~' in a JSON Pointer must be written as '~0'"
        }
    }
}

extension JSONDocument {
    /// The value that a pointer leads to from the root; nil if there is none.
    public func value(at pointer: JSONPointer) -> JSONValue? {
        value(at: pointer, from: root)
    }

    /// The value that a pointer leads to from another value; nil if there is none.
    public func value(at pointer: JSONPointer, from start: JSONValue) -> JSONValue? {
        var value = start
        for token in pointer.tokens {
            let next: JSONValue? =
                value.isArray
                ? JSONPointer.index(token).flatMap { element($0, of: value) } : member(token, of: value)
            guard let next else { return nil }
            value = next
        }
        return value
    }
}
