/// Why bytes are not a document we accept, and where.
public struct JSONError: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Code: Equatable, Sendable {
        /// The text ends inside a value, or holds none.
        case unexpectedEnd
        /// A byte that cannot stand here.
        case unexpectedByte(UInt8)
        /// Something other than white space follows the value.
        case trailingBytes
        /// A number that RFC 8259 §6 does not allow.
        case invalidNumber
        /// A number too large for a double: the Kubernetes API server refuses it as well.
        case numberOutOfRange
        /// A byte below U+0020 inside a string.
        case controlCharacter
        /// A backslash before something other than `"\/bfnrt` or `u` and four hexadecimal digits.
        case invalidEscape
        /// A `\u` escape of one half of a surrogate pair.
        case loneSurrogate
        /// Bytes that are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
        case invalidUTF8
        /// A second member with the same key in one object; `first` is the offset of the one before.
        case duplicateKey(first: Int)
        /// Arrays and objects nested deeper than the limit.
        case tooDeep(limit: Int)
        /// More bytes than the limit.
        case tooLarge(limit: Int)
    }

    /// What is wrong.
    public let code: Code

    /// Where, in bytes from the start.
    public let offset: Int

    /// Where, as people count: from 1, columns in characters.
    public let position: JSONPosition

    init(_ code: Code, at offset: Int, in bytes: Span<UInt8>) {
        self.code = code
        self.offset = offset
        position = JSONPosition(offset: offset, in: bytes)
    }
}

extension JSONError: CustomStringConvertible {
    /// Place, fault and mend in one line.
    public var description: String {
        "line \(position.line), column \(position.column) (offset \(offset)): \(code)"
    }
}

extension JSONError.Code: CustomStringConvertible {
    /// Fault and mend.
    public var description: String {
        switch self {
        case .unexpectedEnd: "the text ends inside a value; complete it"
        case .unexpectedByte(let byte):
            0x21...0x7e ~= byte
                ? "'\(Character(Unicode.Scalar(byte)))' cannot stand here; check quotes, commas and brackets before it"
                : "the byte 0x\(String(byte, radix: 16)) cannot stand here; remove it"
        case .trailingBytes: "something follows the value; send exactly one value"
        case .invalidNumber: "not a JSON number; write it like -12, 0.5 or 1e9"
        case .numberOutOfRange: "the number is too large for a double; write it as a string"
        case .controlCharacter: "a control character inside a string; escape it as \\n, \\t or \\u00XX"
        case .invalidEscape: "not an escape of JSON; write \\\\ for a backslash"
        case .loneSurrogate: "half of a surrogate pair; write both \\u escapes or the character itself"
        case .invalidUTF8: "not UTF-8; encode the text as UTF-8"
        case .duplicateKey(let first): "the object has this key at offset \(first) already; remove one of them"
        case .tooDeep(let limit): "nested deeper than \(limit) levels; flatten it"
        case .tooLarge(let limit): "larger than \(limit) bytes; split it"
        }
    }
}

/// A place in a text, counted from 1.
public struct JSONPosition: Equatable, Hashable, Sendable {
    /// The line.
    public let line: Int

    /// The column, in characters (Unicode scalars).
    public let column: Int

    /// A place that is known already.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Counts the lines and columns before an offset.
    public init(offset: Int, in bytes: Span<UInt8>) {
        self = JSONPosition(line: 1, column: 1).advanced(over: bytes.extracting(0..<min(max(offset, 0), bytes.count)))
    }
}

/// What a parser takes before it refuses.
public struct JSONLimits: Sendable {
    /// The deepest nesting of arrays and objects; a scalar has depth 0.
    public var maximumDepth: Int

    /// The longest text in bytes; never more than 256 MiB less a page, which is what the tape's words can address.
    public var maximumBytes: Int

    /// 512 levels and 64 MiB.
    public static let `default` = JSONLimits()

    /// Limits that differ from the default in what is named.
    public init(maximumDepth: Int = 512, maximumBytes: Int = 64 * 1024 * 1024) {
        self.maximumDepth = maximumDepth
        self.maximumBytes = min(maximumBytes, Tape.maximumBytes)
    }
}
