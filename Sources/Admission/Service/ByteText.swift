internal import JSON

extension Span<UInt8> {
    /// Whether these are the bytes of a literal.
    func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text)
    }

    /// Whether these begin with the bytes of a literal.
    func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where unsafe self[index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Where the first byte from `start` stands that a JSON string must escape; the end if there is none.
    fileprivate func endOfPlain(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        var index = start
        while index &+ 8 <= count {
            let word = unsafe UInt64(
                littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            )
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // The top bit of each byte below 0x20 and of each that became zero; exact for the first of them.
            let special =
                ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            if special & tops != 0 { return index &+ (special & tops).trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index &+= 1
        }
        return count
    }

    /// What follows a literal at the beginning; `nil` if something else is there.
    @_lifetime(copy self)
    func suffix(behind text: StaticString) -> Span<UInt8>? {
        hasPrefix(text) ? extracting(droppingFirst: text.utf8CodeUnitCount) : nil
    }

    /// Whether these are a media type, with or without parameters (RFC 9110 §8.3.1).
    func isMediaType(_ type: StaticString) -> Bool {
        var end = 0
        while end < count, self[end] != UInt8(ascii: ";") { end += 1 }
        while end > 0, self[end - 1] == UInt8(ascii: " ") || self[end - 1] == UInt8(ascii: "\t") { end -= 1 }
        guard end == type.utf8CodeUnitCount else { return false }
        for index in 0..<end {
            let byte = self[index]
            let isUppercase = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            guard unsafe (isUppercase ? byte | 0x20 : byte) == type.utf8Start[index] else { return false }
        }
        return true
    }
}

// Bytes that are appended to bytes: answers and the lines of the decision log.
extension [UInt8] {
    mutating func append(_ text: Span<UInt8>) {
        append(addingCapacity: text.count) { output in
            unsafe output.withUnsafeMutableBufferPointer { buffer, count in
                // What is free in the output is at least what was asked for.
                unsafe text.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
                count = text.count
            }
        }
    }

    mutating func append(_ text: StaticString) {
        unsafe append(Span(_unsafeElements: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)))
    }

    @_disfavoredOverload
    mutating func append(_ text: String) {
        unsafe text.utf8.withContiguousStorageIfAvailable { unsafe append($0.span) } ?? append(text.utf8Span.span)
    }

    /// Appends what a closure writes as JSON.
    mutating func json(_ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(appendingTo: self)
        // Given up, or the writer would copy what it appends to.
        self = []
        body(&writer)
        self = writer.finish()
    }

    /// Appends UTF-8 as it stands between the quotes of a JSON string: escaped is only what must be (RFC 8259 §7).
    mutating func append(escaping text: Span<UInt8>) {
        var start = 0
        while true {
            let end = text.endOfPlain(from: start)
            append(text.extracting(start..<end))
            guard end < text.count else { return }
            let byte = text[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(UInt8(ascii: "\\"))
                append(byte)
            } else {
                // Control characters, which hardly any text has.
                var writer = JSONWriter()
                writer.string(text.extracting(end..<(end + 1)))
                let quoted = writer.finish()
                append(quoted.span.extracting(1..<(quoted.count - 1)))
            }
            start = end + 1
        }
    }

    /// Appends a number in decimal digits.
    mutating func append(decimal number: UInt64) {
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
}
