/// UTF-8 that is put together piece by piece, in memory that serves for one text after the other.
///
/// A piece costs a comparison and a copy: an array would ask with each whether somebody else holds it.
@safe
public struct TextBuffer: ~Copyable, Sendable {
    // Owned by this value alone, freed in `deinit`. The first `count` of its `capacity` bytes are the text.
    private nonisolated(unsafe) var bytes: UnsafeMutablePointer<UInt8>
    private var capacity = 256

    /// How many bytes the text has.
    public private(set) var count = 0

    /// Makes an empty text.
    public init() {
        unsafe bytes = .allocate(capacity: capacity)
    }

    deinit {
        unsafe bytes.deallocate()
    }

    /// The text.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { span(0..<count) }
    }

    /// A part of the text.
    @_lifetime(borrow self)
    public func span(_ range: Range<Int>) -> Span<UInt8> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "no such part of \(count) bytes: \(range)")
        return unsafe _overrideLifetime(
            Span(_unsafeStart: UnsafePointer(bytes) + range.lowerBound, count: range.count),
            borrowing: self
        )
    }

    /// Empties the text, or cuts it after so many bytes.
    public mutating func removeAll(after count: Int = 0) {
        precondition(count >= 0 && count <= self.count, "the text has \(self.count) bytes, not \(count)")
        self.count = count
    }

    /// Appends text.
    public mutating func append(_ text: Span<UInt8>) {
        let end = reserve(text.count)
        unsafe text.withUnsafeBufferPointer { text in
            guard let start = text.baseAddress else { return }
            unsafe (bytes + count).update(from: start, count: text.count)
        }
        count = end
    }

    /// Appends text.
    public mutating func append(_ text: StaticString) {
        unsafe append(Span(_unsafeElements: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)))
    }

    /// Appends text.
    @_disfavoredOverload
    public mutating func append(_ text: String) {
        unsafe text.utf8.withContiguousStorageIfAvailable { unsafe append($0.span) } ?? append(text.utf8Span.span)
    }

    /// Appends text.
    public mutating func append(_ text: [UInt8]) {
        append(text.span)
    }

    /// Appends a part of the text itself.
    public mutating func append(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "no such part of \(count) bytes: \(range)")
        // After this, for it may move the bytes.
        let end = reserve(range.count)
        unsafe (bytes + count).update(from: bytes + range.lowerBound, count: range.count)
        count = end
    }

    /// Appends another text, or a part of it.
    public mutating func append(_ text: borrowing TextBuffer, _ range: Range<Int>? = nil) {
        append(text.span(range ?? 0..<text.count))
    }

    /// Appends the text to others, such as an answer.
    public func append(to output: inout [UInt8]) {
        unsafe span.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
    }

    /// Appends a byte.
    public mutating func append(_ byte: UInt8) {
        let end = reserve(1)
        unsafe bytes[count] = byte
        count = end
    }

    /// Appends a number in decimal digits.
    public mutating func append(decimal number: UInt64) {
        // Digits from the right; no number has more than 20.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        var rest = number
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(digits.span.extracting(first...))
    }

    /// Appends text as it stands between the quotes of a JSON string: escaped is only what must be (RFC 8259 §7).
    public mutating func append(escaping text: Span<UInt8>) {
        var start = 0
        while true {
            let end = text.endOfPlain(from: start)
            append(text.extracting(start..<end))
            guard end < text.count else { return }
            escape(text[end])
            start = end + 1
        }
    }

    private mutating func escape(_ byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0c: append(UInt8(ascii: "f"))
        case 0x0d: append(UInt8(ascii: "r"))
        case 0..<0x20:
            append("u00")
            for digit in [byte >> 4, byte & 15] {
                append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
            }
        default: append(byte)
        }
    }

    /// Makes room behind the text; says where it will end.
    @inline(__always)
    private mutating func reserve(_ byteCount: Int) -> Int {
        let end = count + byteCount
        if end > capacity { grow(end) }
        return end
    }

    private mutating func grow(_ minimum: Int) {
        capacity = Swift.max(minimum, 2 * capacity)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.update(from: bytes, count: count)
        unsafe bytes.deallocate()
        unsafe bytes = larger
    }
}

extension Span where Element == UInt8 {
    /// Where the first byte from `start` stands that a JSON string must escape; the end if there is none.
    fileprivate func endOfPlain(from start: Int) -> Int {
        var index = start
        while index &+ 8 <= count {
            let word = word(at: index)
            let special =
                word.bytesBelow(0x20) | word.bytesEqual(UInt8(ascii: "\"")) | word.bytesEqual(UInt8(ascii: "\\"))
            if special != 0 { return index &+ special.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index &+= 1
        }
        return count
    }

    /// Whether a byte of what ``Unicode/Scalar/inLine`` replaces may be in it; hardly any text has one.
    var mayHaveControls: Bool {
        var index = 0
        while index &+ 8 <= count {
            let word = word(at: index)
            let found =
                word.bytesBelow(0x20) | word.bytesEqual(0x7f) | word.bytesEqual(0xc2) | word.bytesEqual(0xe2)
            if found != 0 { return true }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte == 0x7f || byte == 0xc2 || byte == 0xe2 { return true }
            index &+= 1
        }
        return false
    }

    /// Eight bytes, the first the lowest; bounds are checked.
    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        // Unsafe by name, for what it can make of bytes; every pattern of bytes is an integer.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension UInt64 {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The top bits of the bytes below a limit of at most 0x80; those above the first such byte may have strays.
    @inline(__always)
    fileprivate func bytesBelow(_ limit: UInt8) -> UInt64 {
        (self &- Self.ones &* UInt64(limit)) & ~self & Self.ones << 7
    }

    /// The top bits of the bytes with a value; those above the first such byte may have strays.
    @inline(__always)
    fileprivate func bytesEqual(_ value: UInt8) -> UInt64 {
        (self ^ Self.ones &* UInt64(value)).bytesBelow(1)
    }
}
