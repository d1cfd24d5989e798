/// A pattern for Kubernetes' names, in which `*` stands for any run of bytes; letter case counts.
///
/// Azure's names are compared without regard to case: `NamePattern`.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    let pattern: [UInt8]
    /// Whether it is a name: nothing in it is a wildcard.
    let isLiteral: Bool

    private static let star = UInt8(ascii: "*")

    package init(_ pattern: String) {
        self.pattern = Array(pattern.utf8)
        isLiteral = !self.pattern.contains(Self.star)
    }

    package var description: String { String(decoding: pattern, as: UTF8.self) }

    /// The bytes before the first wildcard.
    var literalPrefix: ArraySlice<UInt8> {
        pattern.prefix { $0 != Self.star }
    }

    /// Whether a name, given in UTF-8, matches; takes at most the product of both lengths in steps.
    func matches(_ text: Span<UInt8>) -> Bool {
        let pattern = pattern.span
        var place = 0
        var index = 0
        // Where to go on after the last `*` has taken one byte more.
        var retry: (place: Int, index: Int)?
        while index < text.count {
            if place < pattern.count, pattern[place] == Self.star {
                retry = (place + 1, index)
                place += 1
            } else if place < pattern.count, pattern[place] == text[index] {
                place += 1
                index += 1
            } else if let last = retry {
                retry = (last.place, last.index + 1)
                place = last.place
                index = last.index + 1
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == Self.star { place += 1 }
        return place == pattern.count
    }

    package func matches(_ text: String) -> Bool {
        matches(text.utf8Span.span)
    }
}
