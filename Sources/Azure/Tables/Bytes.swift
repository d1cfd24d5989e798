extension Span where Element == UInt8 {
    func equals(_ other: Span<UInt8>) -> Bool {
        count == other.count && starts(with: other)
    }

    func starts(with prefix: Span<UInt8>) -> Bool {
        guard count >= prefix.count else { return false }
        var index = 0
        while index &+ 8 <= prefix.count {
            guard word(at: index) == prefix.word(at: index) else { return false }
            index &+= 8
        }
        while index < prefix.count {
            guard self[index] == prefix[index] else { return false }
            index &+= 1
        }
        return true
    }

    func ends(with suffix: StaticString) -> Bool {
        matches(suffix, at: count - suffix.utf8CodeUnitCount, ignoringCase: false)
    }

    /// Eight bytes as one word; bounds are checked.
    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        // Unsafe by name, for what it can make of bytes; every pattern of bytes is an integer.
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
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
