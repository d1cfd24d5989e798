extension Span where Element == UInt8 {
    func equals(_ other: Span<UInt8>) -> Bool {
        count == other.count && starts(with: other)
    }

    func starts(with prefix: Span<UInt8>) -> Bool {
        guard count >= prefix.count else { return false }
        for index in 0..<prefix.count where self[index] != prefix[index] { return false }
        return true
    }

    func ends(with suffix: String) -> Bool {
        let suffix = suffix.utf8Span.span
        return count >= suffix.count && extracting((count - suffix.count)...).equals(suffix)
    }

    /// Whether an ASCII literal, in lower case, stands at `offset` in any case.
    func matchesIgnoringCase(_ lower: StaticString, at offset: Int) -> Bool {
        matches(lower, at: offset, ignoringCase: true)
    }

    /// Whether an ASCII literal, in lower case, stands anywhere in any case.
    func containsIgnoringCase(_ lower: StaticString) -> Bool {
        let last = count - lower.utf8CodeUnitCount
        guard last >= 0 else { return false }
        for offset in 0...last where matchesIgnoringCase(lower, at: offset) { return true }
        return false
    }

    private func matches(_ literal: StaticString, at offset: Int, ignoringCase: Bool) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard offset >= 0, count - offset >= length else { return false }
        return literal.withUTF8Buffer { buffer in
            for index in 0..<length {
                let byte = self[offset + index]
                guard unsafe buffer[index] == (ignoringCase ? byte.asciiLowercased : byte) else { return false }
            }
            return true
        }
    }
}

extension UInt8 {
    /// The byte, or the small letter of an ASCII capital.
    @inline(__always)
    var asciiLowercased: UInt8 {
        self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
    }
}

extension UInt8 {
    var isASCIIDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    var isASCIILetter: Bool { asciiLowercased &- UInt8(ascii: "a") < 26 }

    var isASCIIAlphanumeric: Bool { isASCIIDigit || isASCIILetter }
}

extension String {
    /// The text that the bytes spell in UTF-8.
    init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
