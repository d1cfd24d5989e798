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

    /// What follows a literal at the beginning; `nil` if something else is there.
    @_lifetime(copy self)
    func suffix(behind text: StaticString) -> Span<UInt8>? {
        hasPrefix(text) ? extracting(droppingFirst: text.utf8CodeUnitCount) : nil
    }

    /// Whether these are a media type, with or without parameters (RFC 9110 §8.3.1).
    func isMediaType(_ type: StaticString) -> Bool {
        // As every API server writes it.
        if equals(type) { return true }
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
