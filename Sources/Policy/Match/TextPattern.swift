internal import CEL

/// A pattern of a policy in RE2's syntax.
///
/// What people write is mostly a row of characters and classes (`^CC-[0-9]{4}$`), which a few comparisons settle; everything
/// else is RE2's.
final class TextPattern: Sendable {
    /// The pattern as it was written.
    let text: String

    private let matcher: Matcher

    private enum Matcher: Sendable {
        case row(ClassRow)
        case expression(RegularExpression)
    }

    /// Compiles a pattern; whether it is one is always RE2's to say.
    init(_ text: String) throws(RegularExpressionError) {
        let expression = try RegularExpression(text)
        self.text = text
        matcher = ClassRow(parsing: text).map(Matcher.row) ?? .expression(expression)
    }

    /// Whether the pattern matches anywhere in a text; `^` and `$` tie it to the ends.
    func matches(_ text: Span<UInt8>) -> Bool {
        switch matcher {
        case .row(let row): row.matches(text)
        case .expression(let expression): expression.matches(text)
        }
    }
}

/// A row of ASCII classes, each so many times, at the start of a text, at its end, or making up the whole of it.
///
/// At most one class may occur a varying number of times, and only where the length of the text leaves no choice: so there is
/// one way to match and no back-tracking.
struct ClassRow: Sendable {
    /// Characters, and how often one of them stands.
    private struct Element: BitwiseCopyable {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var minimum = 1
        var maximum = 1

        mutating func insert(_ byte: UInt8) {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) }
        }

        @inline(__always)
        func contains(_ byte: UInt8) -> Bool {
            guard byte < 0x80 else { return false }
            return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0
        }
    }

    private let elements: [Element]
    /// How many characters all elements take at least.
    private let minimum: Int
    private let startsText: Bool
    private let endsText: Bool

    /// Reads a pattern that RE2 has accepted.
    ///
    /// - Returns: nil if it says more than a row of classes can.
    init?(parsing text: String) {
        var pattern = Array(text.utf8)[...]
        startsText = pattern.first == UInt8(ascii: "^")
        if startsText { pattern.removeFirst() }
        var elements: [Element] = []
        var endsText = false
        while let first = pattern.first {
            if first == UInt8(ascii: "$"), pattern.count == 1 {
                endsText = true
                break
            }
            guard var element = Self.atom(&pattern), Self.repetition(&element, &pattern) else { return nil }
            elements.append(element)
        }
        guard startsText || endsText else { return nil }
        if !(startsText && endsText) {
            // What may go on for as long as it likes at the open end matches as soon as it has what it needs.
            let open = startsText ? elements.indices.last : elements.indices.first
            if let open { elements[open].maximum = elements[open].minimum }
        }
        let varying = elements.count { $0.minimum != $0.maximum }
        guard varying == 0 || (varying == 1 && startsText && endsText) else { return nil }
        self.elements = elements
        self.endsText = endsText
        minimum = elements.reduce(0) { $0 + $1.minimum }
    }

    func matches(_ text: Span<UInt8>) -> Bool {
        guard text.count >= minimum else { return false }
        let spare = text.count &- minimum
        var index = startsText ? 0 : spare
        let elements = elements.span
        var taken = 0
        for place in elements.indices {
            let element = elements[place]
            var count = element.minimum
            if element.maximum > count {
                taken = Swift.min(spare, element.maximum &- count)
                count &+= taken
            }
            for _ in 0..<count {
                guard element.contains(text[index]) else { return false }
                index &+= 1
            }
        }
        return !(startsText && endsText) || taken == spare
    }

    /// Takes a character, an escaped one, or a class.
    private static func atom(_ pattern: inout ArraySlice<UInt8>) -> Element? {
        var element = Element()
        guard let first = pattern.popFirst() else { return nil }
        switch first {
        case UInt8(ascii: "["):
            guard classMembers(&element, &pattern) else { return nil }
        case UInt8(ascii: "\\"):
            guard let byte = escaped(&pattern) else { return nil }
            element.insert(byte)
        default:
            guard first > 0x1f, first < 0x7f, !".^$|()[]{}*+?\\".utf8.contains(first) else { return nil }
            element.insert(first)
        }
        return element
    }

    /// What follows a backslash, if it is punctuation: that stands for itself.
    private static func escaped(_ pattern: inout ArraySlice<UInt8>) -> UInt8? {
        guard let byte = pattern.popFirst(), byte > 0x20, byte < 0x7f, !byte.isAlphanumericASCII else { return nil }
        return byte
    }

    private static func classMembers(_ element: inout Element, _ pattern: inout ArraySlice<UInt8>) -> Bool {
        guard pattern.first != UInt8(ascii: "^"), pattern.first != UInt8(ascii: "]") else { return false }
        var isFirst = true
        while let byte = pattern.popFirst() {
            if byte == UInt8(ascii: "]") { return true }
            var low = byte
            switch byte {
            case UInt8(ascii: "["): return false
            case UInt8(ascii: "-"):
                guard isFirst || pattern.first == UInt8(ascii: "]") else { return false }
            case UInt8(ascii: "\\"):
                guard let byte = escaped(&pattern) else { return false }
                low = byte
            default:
                guard byte > 0x1f, byte < 0x7f else { return false }
            }
            isFirst = false
            var high = low
            if pattern.first == UInt8(ascii: "-"), pattern.dropFirst().first != UInt8(ascii: "]") {
                pattern.removeFirst()
                // Only letters and digits, so that no escape has to be told from a bound.
                guard let bound = pattern.popFirst(), bound.isAlphanumericASCII, low.isAlphanumericASCII, low <= bound
                else { return false }
                high = bound
            }
            for member in low...high { element.insert(member) }
        }
        return false
    }

    /// Takes what says how often; a `?` or another repetition behind it is not ours.
    private static func repetition(_ element: inout Element, _ pattern: inout ArraySlice<UInt8>) -> Bool {
        switch pattern.first {
        case UInt8(ascii: "*"): (element.minimum, element.maximum) = (0, .max)
        case UInt8(ascii: "+"): element.maximum = .max
        case UInt8(ascii: "?"): element.minimum = 0
        case UInt8(ascii: "{"):
            guard let end = pattern.firstIndex(of: UInt8(ascii: "}")) else { return false }
            let bounds = pattern[(pattern.startIndex + 1)..<end]
                .split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { Int(String(decoding: $0, as: UTF8.self)) }
            guard let first = bounds.first, let minimum = first, minimum >= 0 else { return false }
            element.minimum = minimum
            switch bounds.count {
            case 1: element.maximum = minimum
            case 2 where pattern[end - 1] == UInt8(ascii: ","): element.maximum = .max
            case 2:
                guard let maximum = bounds[1], maximum >= minimum else { return false }
                element.maximum = maximum
            default: return false
            }
            pattern = pattern[end...]
        default: return true
        }
        pattern.removeFirst()
        return !"*+?{".utf8.contains(pattern.first ?? 0)
    }
}
