// Text for people.

extension Span where Element == UInt8 {
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// Whether the text ends with a word.
    func endsWith(_ word: StaticString) -> Bool {
        word.withUTF8Buffer { word in
            let start = count - word.count
            guard start >= 0 else { return false }
            for offset in word.indices where unsafe self[start + offset] != word[offset] { return false }
            return true
        }
    }

    /// Whether one of the words that secrets are called by stands anywhere, in any case.
    var namesSecret: Bool {
        for start in indices {
            // One look at each byte: hardly any begins a word.
            let isWord =
                switch self[start] | 0x20 {
                case UInt8(ascii: "p"):
                    beginsWith("password", at: start) || beginsWith("passwd", at: start)
                        || beginsWith("privatekey", at: start)
                case UInt8(ascii: "s"): beginsWith("secret", at: start) || beginsWith("sharedkey", at: start)
                case UInt8(ascii: "t"): beginsWith("token", at: start)
                case UInt8(ascii: "c"): beginsWith("connectionstring", at: start)
                case UInt8(ascii: "a"): beginsWith("accesskey", at: start) || beginsWith("apikey", at: start)
                default: false
                }
            if isWord { return true }
        }
        return false
    }

    private func beginsWith(_ word: StaticString, at start: Int) -> Bool {
        word.withUTF8Buffer { word in
            guard count - start >= word.count else { return false }
            for offset in word.indices where unsafe self[start + offset].lowercasedASCII != word[offset] {
                return false
            }
            return true
        }
    }
}

extension UInt8 {
    /// The lower-case letter of an upper-case ASCII letter; every other byte as it is.
    @inline(__always)
    var lowercasedASCII: UInt8 {
        self >= 0x41 && self <= 0x5a ? self | 0x20 : self
    }

    var isAlphanumericASCII: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension String {
    /// The text without what breaks a line or a terminal, or turns the direction of what follows.
    package var singleLine: String {
        guard utf8Span.span.mayHaveControls else { return self }
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(scalar.inLine) }
        return String(scalars)
    }

    /// The text, or as much of its start as fits into so many bytes together with an ellipsis.
    func shortened(to byteCount: Int) -> String {
        guard utf8.count > byteCount else { return self }
        var end = utf8.index(startIndex, offsetBy: byteCount - 3)
        // Back to where a character begins.
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }

    init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension Unicode.Scalar {
    /// As it may stand in a line for people: U+FFFD for what turns its direction, a space for what breaks it.
    package var inLine: Unicode.Scalar {
        switch value {
        case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029: " "
        case 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: "\u{fffd}"
        default: self
        }
    }
}

extension TextBuffer {
    /// Appends the start of a text on one line; a megabyte of it is not looked at.
    mutating func append(startOf text: Span<UInt8>, _ byteCount: Int) {
        // One byte more than fits, so that it shows that there is more.
        let start = text.extracting(0..<min(text.count, byteCount + 4))
        if start.count <= byteCount, !start.mayHaveControls {
            append(start)
        } else {
            append(String(start).singleLine.shortened(to: byteCount))
        }
    }

    /// Puts what stands behind a place on one line, and shortens it.
    mutating func tidy(from start: Int, _ byteCount: Int) {
        guard count - start > byteCount || span(start..<count).mayHaveControls else { return }
        let tidied = String(span(start..<count)).singleLine.shortened(to: byteCount)
        removeAll(after: start)
        append(tidied)
    }
}
