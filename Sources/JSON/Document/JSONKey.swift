/// A member's key made ready for lookups: for tables and policies that ask for the same key again and again.
public struct JSONKey: Hashable, Sendable, CustomStringConvertible {
    /// The key's bytes in UTF-8.
    public let utf8: [UInt8]

    private let prefix: UInt64

    /// A key from its text.
    public init(_ text: String) {
        self.init(utf8: Array(text.utf8))
    }

    /// A key from its bytes in UTF-8.
    public init(utf8: [UInt8]) {
        self.utf8 = utf8
        prefix = utf8.span.prefix(at: 0, length: utf8.count)
    }

    /// The key's text.
    public var description: String { String(utf8.span) }

    @inline(__always)
    var key: Key {
        @_lifetime(borrow self)
        get { Key(utf8.span, prefix: prefix) }
    }
}

/// A key in the form in which lookups compare it: its length and first eight bytes decide nearly always.
struct Key: ~Escapable {
    let bytes: Span<UInt8>
    let prefix: UInt64

    @_lifetime(copy bytes)
    @inline(__always)
    init(_ bytes: Span<UInt8>, prefix: UInt64) {
        self.bytes = bytes
        self.prefix = prefix
    }

    @_lifetime(copy bytes)
    @inline(__always)
    init(_ bytes: Span<UInt8>) {
        self.init(bytes, prefix: bytes.prefix(at: 0, length: bytes.count))
    }

    @_lifetime(immortal)
    @inline(__always)
    init(_ text: StaticString) {
        // A static string outlives everything, and `hasPointerRepresentation` holds for all but single scalars.
        precondition(text.hasPointerRepresentation, "a key must be a string literal")
        let buffer = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        self.init(unsafe _overrideLifetime(Span(_unsafeElements: buffer), copying: ()))
    }

    @inline(__always)
    func equals(_ other: Span<UInt8>) -> Bool { bytes.equals(other) }

    /// Whether `text[offset..<offset + length]` is this key, given that the lengths agree.
    @inline(__always)
    func equals(_ text: Span<UInt8>, at offset: Int) -> Bool {
        guard text.prefix(at: offset, length: bytes.count) == prefix else { return false }
        return bytes.count <= 8 || bytes.equals(text.extracting(offset..<(offset &+ bytes.count)))
    }
}
