import CEL
import Testing

@Suite struct RegularExpressionTests {
    struct Match: Sendable, CustomTestStringConvertible {
        let name: String
        let pattern: String
        let text: String
        let matches: Bool
        var testDescription: String { name }
    }

    static let cases = [
        Match(name: "a pattern matches anywhere", pattern: "b+", text: "abbc", matches: true),
        Match(name: "anchors tie it to the ends", pattern: "^b+$", text: "abbc", matches: false),
        Match(name: "a whole text matches", pattern: "^CC-[0-9]{4}$", text: "CC-1234", matches: true),
        Match(name: "one digit too many does not", pattern: "^CC-[0-9]{4}$", text: "CC-12345", matches: false),
        Match(name: "a line feed does not end the text", pattern: "^a$", text: "a\n", matches: false),
        Match(name: "a dot is one code point", pattern: "^.$", text: "ü", matches: true),
        Match(name: "classes know Unicode", pattern: "^\\pL+$", text: "Größe", matches: true),
        Match(name: "case folding is asked for", pattern: "(?i)^west", text: "WestEurope", matches: true),
        Match(name: "the empty pattern matches the empty text", pattern: "", text: "", matches: true),
        Match(name: "a NUL is a character", pattern: "^a\u{0}b$", text: "a\u{0}b", matches: true),
    ]

    @Test(arguments: cases) func decides(_ match: Match) throws {
        let expression = try RegularExpression(match.pattern)
        #expect(expression.matches(match.text) == match.matches)
        let matchesBytes = expression.matches(Array(match.text.utf8).span)
        #expect(matchesBytes == match.matches)
    }

    @Test(arguments: ["[a-", "(", "a**", "\\1", "(?=a)", "a{1001}", "\\C{1000}{1000}"])
    func refusesWithTheReason(_ pattern: String) {
        let error = #expect(throws: RegularExpressionError.self) { _ = try RegularExpression(pattern) }
        #expect(error?.pattern == pattern)
        #expect(error?.reason.isEmpty == false)
    }

    @Test func refusesWhatNeedsMoreMemoryThanItMay() throws {
        let error = #expect(throws: RegularExpressionError.self) {
            _ = try RegularExpression("(\\pL{100}){10}", memoryBytes: 64 * 1024)
        }
        #expect(error?.reason.contains("too large") == true)
    }

    @Test func refusesAPatternBeyondTheLimit() throws {
        let limit = RegularExpression.maximumPatternBytes
        _ = try RegularExpression(String(repeating: "a", count: limit))
        let error = #expect(throws: RegularExpressionError.self) {
            _ = try RegularExpression(String(repeating: "a", count: limit + 1))
        }
        #expect((error?.pattern.utf8.count ?? 0) < 100)
    }

    @Test func takesBytesThatAreNotUTF8() throws {
        let bytes: [UInt8] = [0xff, 0xfe, 0x61]
        let atTheEnd = try RegularExpression("a$").matches(bytes.span)
        #expect(atTheEnd)
        let nowhere = try RegularExpression("b").matches(bytes.span)
        #expect(!nowhere)
    }

    /// The classic that takes back-tracking engines 2⁴⁰ steps.
    @Test(.timeLimit(.minutes(1))) func isLinearWhateverThePattern() throws {
        let expression = try RegularExpression("^(a|a)*(a|a)*(a|a)*b$")
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        let matches = expression.matches(text.span)
        #expect(!matches)
    }

    @Test func isSharedBetweenThreads() async throws {
        let expression = try RegularExpression("^team-[a-z]+-(dev|prod)$")
        let matches = await withTaskGroup(of: Int.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    (0..<2000).count { expression.matches($0 % 2 == 0 ? "team-x-dev" : "team-\(thread)-dev") }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(matches == 8 * 1000)
    }
}
