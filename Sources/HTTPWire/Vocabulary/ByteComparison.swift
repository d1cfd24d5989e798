extension Span<UInt8> {
    /// Whether these are the bytes of `text`, given in lower case, in any case.
    func isText(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && matches(text)
    }

    /// Whether the bytes at `start` begin with `text`, given in lower case, in any case.
    func matches(_ text: StaticString, at start: Int = 0) -> Bool {
        let length = text.utf8CodeUnitCount
        guard start + length <= count else { return false }
        return text.withUTF8Buffer { expected in
            for offset in 0..<length {
                let byte = self[start + offset]
                let lowered = byte &- 0x41 < 26 ? byte | 0x20 : byte
                if unsafe lowered != expected[offset] { return false }
            }
            return true
        }
    }

    /// Whether these are the bytes of `text`.
    func isExactly(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for index in indices where unsafe self[index] != expected[index] { return false }
            return true
        }
    }

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
