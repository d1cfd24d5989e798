/// Why an expression does not compile: everything that could be found wrong with it at once.
public struct CELCompileError: Error, Sendable, CustomStringConvertible {
    /// The most issues that are told of one expression: what follows is mostly an echo of what went before.
    public static let maximumIssues = 10

    /// One thing that is wrong, and where.
    public struct Issue: Sendable, Hashable {
        /// What is wrong and, where it is known, how to mend it.
        public let message: String
        /// Bytes of UTF-8 before the place.
        public let offset: Int
        /// The line, from 1.
        public let line: Int
        /// The column in code points, from 1.
        public let column: Int

        /// The name that may have been meant, if one is near to what stands there; it is part of the message too.
        public var suggestion: String? {
            guard let range = message.firstRange(of: Self.question), message.hasSuffix("'?") else { return nil }
            return String(message[range.upperBound...].dropLast(2))
        }

        /// What comes before a suggestion.
        static let question = "; did you mean '"
    }

    /// At least one issue, in the order of their places.
    public let issues: [Issue]

    /// The expression, for the excerpts in `description`; shortened to what these need.
    private let excerpts: [Excerpt]

    /// The part of a line that people see under an issue.
    private struct Excerpt: Sendable {
        let text: String
        let caretColumn: Int
    }

    /// The most code points of a line that an excerpt shows: it fits a terminal of 120 columns.
    private static let excerptColumns = 100

    /// Finds lines, columns and excerpts.
    init(_ found: [(message: String, offset: Int)], source: String) {
        let bytes = source.utf8Span.span
        var issues: [Issue] = []
        var excerpts: [Excerpt] = []
        for (message, offset) in found.sorted(by: { $0.offset < $1.offset }).prefix(Self.maximumIssues) {
            let place = min(max(offset, 0), bytes.count)
            var line = 1
            var lineStart = 0
            for index in 0..<place where bytes[index] == UInt8(ascii: "\n") {
                line += 1
                lineStart = index + 1
            }
            var lineEnd = place
            while lineEnd < bytes.count, bytes[lineEnd] != UInt8(ascii: "\n") { lineEnd += 1 }
            // Whole code points begin where a byte is not a continuation (0b10xxxxxx).
            var column = 1
            for index in lineStart..<place where bytes[index] & 0xC0 != 0x80 { column += 1 }
            issues.append(Issue(message: message, offset: place, line: line, column: column))
            excerpts.append(Self.excerpt(bytes, lineStart..<lineEnd, column: column))
        }
        self.issues = issues
        self.excerpts = excerpts
    }

    private static func excerpt(_ bytes: Span<UInt8>, _ line: Range<Int>, column: Int) -> Excerpt {
        let first = column > excerptColumns * 3 / 4 ? column - excerptColumns / 2 : 1
        var text: [UInt8] = []
        var current = 0
        for index in line {
            if bytes[index] & 0xC0 != 0x80 { current += 1 }
            guard current >= first else { continue }
            guard current < first + excerptColumns else { break }
            // A tab or another control character would put the caret under the wrong place.
            text.append(bytes[index] < 0x20 ? UInt8(ascii: " ") : bytes[index])
        }
        return Excerpt(text: String(decoding: text, as: UTF8.self), caretColumn: column - first + 1)
    }

    /// Each issue as `line:column: message`, the line and a caret under the place.
    public var description: String {
        zip(issues, excerpts).map { issue, excerpt in
            let caret = String(repeating: " ", count: excerpt.caretColumn - 1) + "^"
            return "\(issue.line):\(issue.column): \(issue.message)\n  \(excerpt.text)\n  \(caret)"
        }
        .joined(separator: "\n")
    }
}

extension CELError {
    /// The failure as `line:column: message`, with the line and a caret under the sub-expression that failed.
    public func description(in source: String) -> String {
        guard let offset else { return message }
        return CELCompileError([(message, offset)], source: source).description
    }
}
