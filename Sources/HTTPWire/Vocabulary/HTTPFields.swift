/// The fields of one message as they arrived: one buffer of bytes and the places of names and values in it.
///
/// Both protocols fill it, and it is used again for the next message, so reading a request allocates nothing.
public struct HTTPFields: Sendable {
    /// A field's place in the buffer; heads are limited to 65,535 bytes.
    struct Entry: BitwiseCopyable {
        var name: ByteRange
        var value: ByteRange
    }

    /// Everything that entries and request lines point into.
    var bytes: [UInt8] = []
    var entries: [Entry] = []

    /// How many field lines there are, in the order of the message.
    public var count: Int { entries.count }

    /// The name of a field line, as sent.
    @_lifetime(borrow self)
    public func name(at index: Int) -> Span<UInt8> {
        self[entries[index].name]
    }

    /// The value of a field line without the spaces around it.
    @_lifetime(borrow self)
    public func value(at index: Int) -> Span<UInt8> {
        self[entries[index].value]
    }

    /// The value of the first field line of a name.
    ///
    /// - Parameter name: In lower case; the message's case does not matter.
    /// - Returns: The value without the spaces around it; `nil` without such a line.
    @_lifetime(borrow self)
    public func first(_ name: StaticString) -> Span<UInt8>? {
        for entry in entries where self[entry.name].isName(name) {
            return self[entry.value]
        }
        return nil
    }

    subscript(range: ByteRange) -> Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(range.start..<range.end) }
    }

    /// Forgets the message and keeps its memory for the next one.
    mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    /// Forgets an unusually large message: an idle connection may keep a usual one's memory.
    mutating func trim() {
        if bytes.capacity > 1024 { bytes = [] }
        if entries.capacity > 32 { entries = [] }
    }
}

/// A stretch of a head's buffer.
struct ByteRange: BitwiseCopyable, Sendable {
    private var lower: UInt16 = 0
    private var upper: UInt16 = 0

    static let empty = ByteRange(0, 0)

    init(_ start: Int, _ end: Int) {
        lower = UInt16(start)
        upper = UInt16(end)
    }

    var start: Int { Int(lower) }
    var end: Int { Int(upper) }
    var count: Int { Int(upper) - Int(lower) }
}
