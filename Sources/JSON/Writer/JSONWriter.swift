/// Writes JSON, compact, into an array of bytes; commas and escapes are its business, balanced brackets the caller's.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.beginObject()
/// writer.key("allowed")
/// writer.bool(true)
/// writer.endObject()
/// ```
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8]

    /// Whether the next value or key comes after another in the same container.
    private var needsComma = false

    /// Begins with nothing written.
    ///
    /// - Parameter bytes: What to append to.
    public init(appendingTo bytes: consuming [UInt8] = []) {
        self.bytes = bytes
    }

    /// Hands over what has been written.
    public consuming func finish() -> [UInt8] { bytes }

    // MARK: Containers

    /// Writes `{`.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }

    /// Writes `}`.
    public mutating func endObject() { end(UInt8(ascii: "}")) }

    /// Writes `[`.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }

    /// Writes `]`.
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a member's key; its value comes next.
    public mutating func key(_ key: StaticString) {
        separate()
        bytes.appendQuoted(Key(key).bytes)
        endKey()
    }

    /// Writes a member's key; its value comes next.
    @_disfavoredOverload
    public mutating func key(_ key: String) {
        self.key(key.utf8Span.span)
    }

    /// Writes a member's key, given in UTF-8; its value comes next.
    public mutating func key(_ key: Span<UInt8>) {
        separate()
        bytes.appendQuoted(key)
        endKey()
    }

    // MARK: Scalars

    /// Writes a string.
    public mutating func string(_ text: StaticString) {
        separate()
        bytes.appendQuoted(Key(text).bytes)
    }

    /// Writes a string.
    @_disfavoredOverload
    public mutating func string(_ text: String) {
        string(text.utf8Span.span)
    }

    /// Writes a string, given in UTF-8; what is not UTF-8 is written as U+FFFD.
    public mutating func string(_ utf8: Span<UInt8>) {
        separate()
        bytes.appendQuoted(utf8)
    }

    /// Writes an integer.
    public mutating func int(_ value: Int64) {
        separate()
        // Digits from the right; 20 bytes hold a sign and 19 of them.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        var rest = value.magnitude
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if value < 0 {
            first -= 1
            digits[first] = UInt8(ascii: "-")
        }
        bytes.append(digits.span.extracting(first..<20))
    }

    /// Writes an integer.
    public mutating func int(_ value: Int) { int(Int64(value)) }

    /// Writes a number in the shortest form that reads back as the same double.
    ///
    /// - Parameter value: A finite number: JSON knows no others.
    public mutating func double(_ value: Double) {
        precondition(value.isFinite, "JSON has no \(value)")
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// Writes `null`.
    public mutating func null() { raw("null") }

    // MARK: Copies

    /// Writes a value of a document as it stands there, white space included.
    public mutating func copy(_ value: JSONValue, in document: JSONDocument) {
        raw(document.lexeme(value))
    }

    /// Writes a value that is JSON already.
    public mutating func raw(_ json: StaticString) {
        raw(Key(json).bytes)
    }

    /// Writes a value that is JSON already.
    public mutating func raw(_ json: Span<UInt8>) {
        separate()
        bytes.append(json)
    }

    // MARK: Parts

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func endKey() {
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}

extension [UInt8] {
    /// Writes quotes with the text between them: escaped is only what must be (RFC 8259 §7).
    mutating func appendQuoted(_ text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        var start = 0
        while true {
            var end = StringScanner.endOfPlain(text, from: start)
            while end < text.count, text[end] >= 0x80, let after = try? UTF8Sequence.end(text, at: end) {
                end = StringScanner.endOfPlain(text, from: after)
            }
            append(text.extracting(start..<end))
            guard end < text.count else { break }
            escape(text[end])
            start = end + 1
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): append(contentsOf: #"\\"#.utf8)
        case 0x08: append(contentsOf: #"\b"#.utf8)
        case 0x09: append(contentsOf: #"\t"#.utf8)
        case 0x0a: append(contentsOf: #"\n"#.utf8)
        case 0x0c: append(contentsOf: #"\f"#.utf8)
        case 0x0d: append(contentsOf: #"\r"#.utf8)
        case 0x80...: append(contentsOf: "\u{fffd}".utf8)
        default:
            append(contentsOf: #"\u00"#.utf8)
            append(contentsOf: [byte >> 4, byte & 15].map { $0 < 10 ? $0 + 0x30 : $0 - 10 + 0x61 })
        }
    }
}
