extension Span<UInt8> {
    /// Whether these are the bytes of `text` in any case; see ``matches(_:at:)``.
    @inline(__always)
    func isText(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && matches(text)
    }

    /// Whether the bytes at `start` begin with `text` in any case.
    ///
    /// - Parameters:
    ///   - text: Small letters, digits and `-:/`; four bytes or more.
    ///   - start: Where it would begin.
    /// - Returns: False also if there are too few bytes.
    /// - Precondition: The bytes hold no control characters, which the comparison cannot tell from some of those.
    @inline(__always)
    func matches(_ text: StaticString, at start: Int = 0) -> Bool {
        let length = text.utf8CodeUnitCount
        guard start &+ length <= count else { return false }
        let raw = unsafe bytes
        // The text is a literal, so this is unrolled into comparisons with constants.
        return text.withUTF8Buffer { text in
            let expected = UnsafeRawBufferPointer(text)
            var offset = 0
            while offset &+ 8 <= length {
                let found = unsafe raw.unsafeLoadUnaligned(fromByteOffset: start &+ offset, as: UInt64.self)
                let wanted = unsafe expected.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                if found | 0x2020_2020_2020_2020 != wanted { return false }
                offset &+= 8
            }
            guard offset < length else { return true }
            if length >= 8 {
                let found = unsafe raw.unsafeLoadUnaligned(fromByteOffset: start &+ length &- 8, as: UInt64.self)
                let wanted = unsafe expected.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self)
                return found | 0x2020_2020_2020_2020 == wanted
            }
            let first = unsafe raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self)
            let last = unsafe raw.unsafeLoadUnaligned(fromByteOffset: start &+ length &- 4, as: UInt32.self)
            let wantedFirst = unsafe expected.loadUnaligned(as: UInt32.self)
            let wantedLast = unsafe expected.loadUnaligned(fromByteOffset: length &- 4, as: UInt32.self)
            return first | 0x2020_2020 == wantedFirst && last | 0x2020_2020 == wantedLast
        }
    }

    /// Whether these are the bytes of a field name, given in lower case, in any case.
    func isName(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { expected in
            for index in indices {
                let byte = self[index]
                let lowered = byte &- 0x41 < 26 ? byte | 0x20 : byte
                if unsafe lowered != expected[index] { return false }
            }
            return true
        }
    }

    /// Whether these are the bytes of `text`.
    @inline(__always)
    func isExactly(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for index in indices where unsafe self[index] != expected[index] { return false }
            return true
        }
    }

    /// Whether these are the same bytes as others.
    func isEqual(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// Without spaces and tabs at both ends.
    @_lifetime(copy self)
    func trimmed() -> Span<UInt8> {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return extracting(start..<end)
    }
}
