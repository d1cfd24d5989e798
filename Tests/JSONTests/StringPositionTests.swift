import Foundation
import JSON
import Testing

/// Where in a file a part of a string stands: what compilers of expressions point at.
@Suite struct StringPositionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// What of the string is looked for.
        let part: String
        let line: Int
        let column: Int
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "plain", text: "a: 1\nv: object.x == y", part: "y", line: 2, column: 16),
        Case(name: "in flow style", text: "{v: object.x}", part: "x", line: 1, column: 12),
        Case(name: "behind wide characters", text: "v: ä€𝄞 x", part: "x", line: 1, column: 8),
        Case(name: "double quotes", text: "v: \"abc x\"", part: "x", line: 1, column: 9),
        Case(name: "single quotes", text: "v: 'abc x'", part: "x", line: 1, column: 9),
        Case(name: "quotes in single quotes", text: "v: 'a ''b'' x'", part: "x", line: 1, column: 13),
        Case(name: "escapes leave the string", text: "v: \"a\\tb x\"", part: "x", line: 1, column: 4),
        Case(name: "several lines leave the string", text: "v: a\n  b x", part: "x", line: 1, column: 4),
        Case(name: "a literal block", text: "v: |\n  one\n  two x\n", part: "x", line: 3, column: 7),
        Case(name: "the first line of one", text: "v: |\n  one\n  two x\n", part: "one", line: 2, column: 3),
        Case(name: "a literal block that is cut", text: "v: |-\n    a\n      b x", part: "x", line: 3, column: 9),
        Case(name: "one with empty lines", text: "v: |\n\n \n  a\n\n  x\n", part: "x", line: 6, column: 3),
        Case(name: "one behind wide characters", text: "'ä€': 𝄞\nv: |\n   ä x", part: "x", line: 3, column: 6),
        Case(
            name: "one behind a byte order mark",
            text: "\u{feff}w: |\n  y\nv: |\n  a x",
            part: "x",
            line: 4,
            column: 5
        ),
        Case(name: "one with a header that says more", text: "v: |2\n   a x", part: "x", line: 1, column: 4),
        Case(name: "one with a comment", text: "v: | # 1\n  a x", part: "x", line: 2, column: 5),
        Case(name: "a folded block leaves the string", text: "v: >\n  a\n  x", part: "x", line: 1, column: 4),
        Case(name: "an anchor leaves the string", text: "w: &a b x\nv: *a", part: "x", line: 1, column: 4),
        Case(name: "a merge is where it came from", text: "w: &a {v: b x}\n<<: *a", part: "x", line: 1, column: 13),
        Case(name: "JSON", text: "{\"v\": \"ab x\"}", part: "x", line: 1, column: 11),
        Case(name: "JSON with escapes", text: "{\"v\": \"a\\n x\"}", part: "x", line: 1, column: 7),
    ]

    @Test(arguments: cases) func finds(_ example: Case) throws {
        let document = try #require(try JSONDocument.parseYAML(Array(example.text.utf8)).first)
        let value = try #require(document.member("v", of: document.root))
        let text = try #require(document.string(value))
        let range = try #require(text.range(of: example.part))
        let offset = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
        #expect(document.position(at: offset, in: value) == JSONPosition(line: example.line, column: example.column))
    }

    @Test func staysWithinTheString() throws {
        let document = try #require(try JSONDocument.parseYAML(Array("v: abc".utf8)).first)
        let value = try #require(document.member("v", of: document.root))
        for offset in [-1, 4, 1000, .max] {
            #expect(document.position(at: offset, in: value) == JSONPosition(line: 1, column: 4))
        }
        #expect(document.position(at: 0, in: document.root) == JSONPosition(line: 1, column: 1))
    }
}
