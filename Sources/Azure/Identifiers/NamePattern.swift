/// A pattern for names in which `*` stands for any run of characters; compared without regard to ASCII case.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
    /// The pattern as it was written.
    public let description: String

    /// The same in lower case.
    private let pattern: [UInt8]

    /// Whether the pattern names exactly one name.
    public let isLiteral: Bool

    /// A pattern from its text; every text is one.
    public init(_ text: String) {
        description = text
        pattern = text.utf8.map(\.asciiLowercased)
        isLiteral = !pattern.contains(UInt8(ascii: "*"))
    }

    /// Whether a name, given in UTF-8, matches.
    public func matches(_ name: Span<UInt8>) -> Bool {
        let pattern = pattern.span
        // Most patterns are names, and most names differ from them in length.
        if isLiteral {
            guard name.count == pattern.count else { return false }
            for index in name.indices where name[index].asciiLowercased != pattern[index] { return false }
            return true
        }
        return Self.matchesStars(pattern, name)
    }

    private static func matchesStars(_ pattern: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        var position = 0
        var next = 0
        // Where to go on when what follows the last `*` does not match: at most `name.count * pattern.count` steps in all.
        var star = -1
        var resume = 0
        while position < name.count {
            if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
                star = next
                resume = position
                next += 1
            } else if next < pattern.count, pattern[next] == name[position].asciiLowercased {
                position += 1
                next += 1
            } else if star >= 0 {
                next = star + 1
                resume += 1
                position = resume
            } else {
                return false
            }
        }
        while next < pattern.count, pattern[next] == UInt8(ascii: "*") { next += 1 }
        return next == pattern.count
    }

    /// Whether a name matches.
    public func matches(_ name: String) -> Bool {
        matches(name.utf8Span.span)
    }
}
