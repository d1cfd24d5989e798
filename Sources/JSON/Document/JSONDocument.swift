internal import Synchronization

/// A parsed JSON text: the bytes, and a tape that says where in them every value lies.
///
/// Nothing is copied out of the bytes but strings with escapes. A document is immutable; its values are handles
/// (`JSONValue`) that are read through it.
public final class JSONDocument: Sendable {
    /// The text as it was parsed; for a YAML document its translation to JSON.
    let bytes: [UInt8]

    /// What the text holds (`Tape` has the layout).
    let tape: [UInt64]

    /// The decoded bytes of the strings that the parser has decoded.
    let side: [UInt8]

    /// The decoded bytes of the others with escapes, once one of them has been read.
    private let late = AtomicLazyReference<LateStrings>()

    /// Where lines are in a long text, once somebody has asked for a position.
    private let lines = AtomicLazyReference<LineIndex>()

    /// Where the nodes of a YAML document were in its stream, by offset in `bytes`; empty for JSON.
    let marks: [YAMLMark]

    /// Whether values may be unknown (`JSONValue.isUnknown`).
    public let mayHaveUnknowns: Bool

    /// Parses one JSON text (RFC 8259).
    ///
    /// Stricter than the standard asks: keys of an object are unique, `\u` surrogates come in pairs, numbers fit a double.
    ///
    /// - Parameters:
    ///   - bytes: The text; it is kept as it is. Bytes that the caller consumes are not copied.
    ///   - limits: How deep and how long it may be.
    /// - Throws: The first fault of the text, with its offset.
    public convenience init(parsing bytes: consuming [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: bytes, marks: [], limits: limits)
    }

    init(parsing bytes: consuming [UInt8], marks: [YAMLMark], limits: JSONLimits) throws(JSONError) {
        (tape, side) = try TapeBuilder.parse(bytes.span, limits: limits)
        self.marks = marks
        self.bytes = bytes
        mayHaveUnknowns = false
    }

    /// Parses a text in which values may be unknown: what `JSONWriter.unknown(because:)` wrote is one.
    ///
    /// For texts that are written by this program alone: whoever else can write an unknown is judged by what it hides.
    public init(parsingUnknowns bytes: consuming [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        var (tape, side) = try TapeBuilder.parse(bytes.span, limits: limits)
        Unknown.mark(&tape, in: bytes.span)
        self.tape = tape
        self.side = side
        marks = []
        self.bytes = bytes
        mayHaveUnknowns = true
    }

    /// The value that the document is.
    public var root: JSONValue { value(at: 0) }

    /// How many bytes the text has.
    public var byteCount: Int { bytes.count }

    /// The text as it was parsed; for a YAML document its translation to JSON.
    public var text: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // The compiler does not see that the storage of an immutable property lives as long as the object does.
            let buffer = unsafe bytes.withUnsafeBufferPointer { unsafe $0 }
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }

    /// The tape; see `text`.
    @inline(__always)
    var words: Span<UInt64> {
        @_lifetime(borrow self)
        get {
            let buffer = unsafe tape.withUnsafeBufferPointer { unsafe $0 }
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }

    /// The side buffer; see `text`.
    @inline(__always)
    var decoded: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let buffer = unsafe side.withUnsafeBufferPointer { unsafe $0 }
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }

    /// The decoded bytes of the strings with `Tape.lateFlag`; see `text`.
    private var decodedLate: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Of two threads that come first one keeps what it made, and both read that for as long as the document lives.
            let strings = late.load() ?? late.storeIfNil(LateStrings(of: self))
            let buffer = unsafe strings.bytes.withUnsafeBufferPointer { unsafe $0 }
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }

    @inline(__always)
    func value(at index: Int) -> JSONValue {
        JSONValue(word: words[index], index: index)
    }

    /// The second word of a container or an escaped string.
    @inline(__always)
    func second(_ value: JSONValue) -> UInt64 {
        words[Int(value.index) &+ 1]
    }
}

/// The decoded bytes of the strings that the parser has only looked through: those whose escapes are all of one character.
///
/// Nearly all of them are an object's text in an annotation, which hardly any policy reads.
private final class LateStrings: Sendable {
    let bytes: [UInt8]

    /// Decodes them all.
    init(of document: JSONDocument) {
        let tape = document.words
        var decoder = StringDecoder()
        var index = 0
        let end = Tape.next(after: 0, tape[0])
        while index < end {
            let word = tape[index]
            if word & Tape.lateFlag != 0 { decoder.decodeAccepted(document.text, from: Tape.offset(word)) }
            index &+= Tape.width(word)
        }
        bytes = decoder.finish()
    }
}

// MARK: Scalars

extension JSONDocument {
    /// The value of a boolean; nil for any other kind.
    @inlinable
    public func bool(_ value: JSONValue) -> Bool? { value.bool }

    /// The value of a number without fraction and exponent that fits; nil for any other value.
    public func int(_ value: JSONValue) -> Int64? {
        guard value.kind == .int else { return nil }
        let digits = source(value)
        let isNegative = digits[0] == UInt8(ascii: "-")
        var result: Int64 = 0
        // Downwards, because Int64.min has no positive counterpart. The parser has made sure that it fits.
        for index in (isNegative ? 1 : 0)..<digits.count {
            result = result &* 10 &- Int64(digits[index] &- UInt8(ascii: "0"))
        }
        return isNegative ? result : 0 &- result
    }

    /// The value of a number, rounded to the nearest double; nil for any other kind.
    public func double(_ value: JSONValue) -> Double? {
        switch value.kind {
        case .int: int(value).map(Double.init)
        case .double: Number.double(source(value))
        default: nil
        }
    }

    /// The text of a string; nil for any other kind.
    public func string(_ value: JSONValue) -> String? {
        value.isString ? String(utf8(value)) : nil
    }

    /// The decoded bytes of a string; empty for any other kind.
    @_lifetime(borrow self)
    public func utf8(_ value: JSONValue) -> Span<UInt8> {
        guard value.isString else { return text.extracting(0..<0) }
        return decodedText(value)
    }

    /// The decoded bytes of what is written as a string.
    @_lifetime(borrow self)
    @inline(__always)
    func decodedText(_ value: JSONValue) -> Span<UInt8> {
        if value.word & Tape.escapedFlag == 0 {
            return source(value)
        }
        let word = second(value)
        let range = Tape.offset(word)..<(Tape.offset(word) &+ Tape.length(word))
        return (value.word & Tape.lateFlag == 0 ? decoded : decodedLate).extracting(range)
    }

    /// Whether it is a string with exactly this text.
    public func equals(_ value: JSONValue, _ text: StaticString) -> Bool {
        value.isString && Key(text).equals(utf8(value))
    }

    /// Whether it is a string with exactly this text (compared by bytes, without Unicode normalisation).
    @_disfavoredOverload
    public func equals(_ value: JSONValue, _ text: String) -> Bool {
        value.isString && utf8(value).equals(text.utf8Span.span)
    }

    /// Whether it is a string with exactly these bytes.
    public func equals(_ value: JSONValue, _ text: [UInt8]) -> Bool {
        value.isString && utf8(value).equals(text.span)
    }

    /// Whether it is a string with exactly these bytes.
    public func equals(_ value: JSONValue, _ text: Span<UInt8>) -> Bool {
        value.isString && utf8(value).equals(text)
    }
}

// MARK: Places

extension JSONDocument {
    /// Where the value begins in the text, in bytes; a string begins with its quote.
    public func offset(of value: JSONValue) -> Int {
        Tape.offset(value.word) &- (value.isString || value.isUnknown ? 1 : 0)
    }

    /// The source of the value, as it was written: with quotes and escapes, with the brackets and all that is inside.
    @_lifetime(borrow self)
    public func lexeme(_ value: JSONValue) -> Span<UInt8> {
        text.extracting(offset(of: value)..<end(of: value))
    }

    /// Where the value ends in the text, in bytes.
    func end(of value: JSONValue) -> Int {
        switch value.kind {
        case .array, .object: Tape.offset(second(value))
        case .string: Tape.offset(value.word) &+ Tape.length(value.word) &+ 1
        case .null where value.isUnknown: Tape.offset(value.word) &+ Tape.length(value.word) &+ 1
        default: Tape.offset(value.word) &+ Tape.length(value.word)
        }
    }

    /// Where the value stands as people count: in the YAML stream if it came from one, else in the text.
    ///
    /// The first in a long JSON text costs a walk over it, all others are found from a place nearby: for messages.
    public func position(of value: JSONValue) -> JSONPosition {
        let offset = offset(of: value)
        if !marks.isEmpty { return marks.position(of: offset) }
        guard byteCount > LineIndex.spacing else { return JSONPosition(offset: offset, in: text) }
        let index = lines.load() ?? lines.storeIfNil(LineIndex(of: text))
        return index.position(of: offset, in: text)
    }

    /// The source of a scalar: what is between the quotes of a string.
    @_lifetime(borrow self)
    @inline(__always)
    func source(_ value: JSONValue) -> Span<UInt8> {
        let offset = Tape.offset(value.word)
        return text.extracting(offset..<(offset &+ Tape.length(value.word)))
    }
}
