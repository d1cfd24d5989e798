extension Span where Element == UInt8 {
    /// Eight bytes as a little-endian word; bounds are checked.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        // Unsafe by name, for what it can make of bytes; every pattern of bytes is an integer.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The byte at a place; 0 beyond the end.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        guard _fastPath(UInt(bitPattern: offset) < UInt(bitPattern: count)) else { return 0 }
        return unsafe self[unchecked: offset]
    }

    /// How many places have so many bytes from there on; a place is compared with it once for all of them.
    @inline(__always)
    func places(of length: Int) -> Int { Swift.max(count, length &- 1) &- (length &- 1) }

    /// 32 bytes as two vectors, from a place below `places(of: 32)`; nil from any other.
    @inline(__always)
    func vectors(at offset: Int, below places: Int) -> (SIMD16<UInt8>, SIMD16<UInt8>)? {
        // A negative offset is large as well.
        guard UInt(bitPattern: offset) < UInt(bitPattern: places) else { return nil }
        return (
            unsafe load(uncheckedAt: offset, as: SIMD16<UInt8>.self),
            unsafe load(uncheckedAt: offset &+ 16, as: SIMD16<UInt8>.self)
        )
    }

    /// What the bytes from a place on make; the caller has checked that they are there.
    @unsafe @inline(__always)
    func load<Value: BitwiseCopyable>(uncheckedAt offset: Int, as type: Value.Type) -> Value {
        let bytes = unsafe bytes
        return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
    }

    /// The first eight bytes from `offset`, of which only `length` count; the others are zero.
    @inline(__always)
    func prefix(at offset: Int, length: Int) -> UInt64 {
        guard _fastPath(offset &+ 8 <= count) else { return lastPrefix(at: offset, length: length) }
        let all = word(at: offset)
        return length >= 8 ? all : all & ~(~0 &<< UInt64(truncatingIfNeeded: length &* 8))
    }

    /// The same near the end.
    @inline(never)
    private func lastPrefix(at offset: Int, length: Int) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<Swift.min(8, length) {
            result |= UInt64(self[offset &+ index]) << UInt64(truncatingIfNeeded: index &* 8)
        }
        return result
    }

    /// Whether both hold the same bytes.
    @inline(__always)
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard count >= 8 else { return prefix(at: 0, length: count) == other.prefix(at: 0, length: count) }
        var index = 0
        while index &+ 8 < count {
            guard word(at: index) == other.word(at: index) else { return false }
            index &+= 8
        }
        return word(at: count &- 8) == other.word(at: count &- 8)
    }
}

extension MutableSpan where Element == UInt8 {
    /// Writes eight bytes, the word's lowest first; bounds are checked.
    @inline(__always)
    mutating func store(_ word: UInt64, at offset: Int) {
        var bytes = unsafe mutableBytes
        bytes.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
}

extension String {
    /// The text that valid UTF-8 spells, such as a document's `utf8(_:)`.
    public init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension [UInt8] {
    /// A copy of the bytes.
    public init(_ bytes: Span<UInt8>) {
        self = []
        reserveCapacity(bytes.count)
        append(bytes)
    }

    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
