extension [UInt8] {
    /// Appends a part of a span.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let part = bytes.extracting(range)
        unsafe part.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a text known at compile time.
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }

    /// Appends a number in decimal digits.
    mutating func append(decimal number: Int) {
        append(addingCapacity: 20) { $0.append(decimal: number) }
    }

    /// Grows geometrically, so that many small answers in one buffer cost no more than one long one.
    @inline(__always)
    mutating func makeRoom(for more: Int) {
        if capacity &- count < more { reserveCapacity(Swift.max(2 * capacity, count + more)) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends a text known at compile time.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends bytes.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends a number in decimal digits.
    mutating func append(decimal number: Int) {
        precondition(number >= 0, "a length or status: \(number)")
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    @inline(__always)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            precondition(bytes.count <= buffer.count &- count, "room was made for all of it")
            unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                .copyMemory(from: bytes)
            count &+= bytes.count
        }
    }
}
