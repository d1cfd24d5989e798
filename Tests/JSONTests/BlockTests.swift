import JSON
import TestSupport
import Testing

/// The parser looks at 32 and 64 bytes at a time, and at less near the end: where those blocks begin and end must not show.
@Suite struct BlockTests {
    /// A text behind so many spaces, alone or with as many bytes behind it.
    private static func placed(_ text: String, after before: Int, and behind: Int) -> [UInt8] {
        Array(("[" + String(repeating: " ", count: before) + text + String(repeating: " ", count: behind) + "]").utf8)
    }

    /// A character of a string in every form in which the parser meets it, and what it means.
    static let characters: [(source: String, text: String)] = [
        ("x", "x"), (#"\""#, "\""), (#"\\"#, "\\"), (#"\n"#, "\n"), (#"\\\""#, "\\\""), (#"\\\\\\"#, "\\\\\\"),
        (#"\u0041"#, "A"), (#"\ud83d\ude00"#, "😀"), ("é", "é"), ("😀", "😀"), ("\u{7f}", "\u{7f}"),
    ]

    @Test(arguments: characters) func readsACharacterAtEveryPlace(_ source: String, _ text: String) throws {
        for before in 0..<140 {
            let plain = String(repeating: "a", count: before)
            for (after, behind) in [(0, 0), (5, 0), (5, 100), (70, 0), (70, 100)] {
                let rest = String(repeating: "b", count: after)
                let string = "\"\(plain)\(source)\(rest)\""
                let bytes = Array(("{\(string):\(string)" + String(repeating: " ", count: behind) + "}").utf8)
                let document = try JSONDocument(parsing: bytes)
                let member = try #require(document.members(of: document.root).first { _ in true })
                #expect(document.string(member.key) == plain + text + rest)
                #expect(document.string(member.value) == plain + text + rest)
                #expect(String(document.lexeme(member.value)) == string)
                #expect(document.member(plain + text + rest, of: document.root) != nil)
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6]) func tellsEscapedQuotesByTheBackslashesBeforeThem(_ backslashes: Int) throws
    {
        let run = String(repeating: "\\", count: backslashes) + "\""
        for before in 0..<140 {
            let text = "\"" + String(repeating: "a", count: before) + run + String(repeating: " ", count: 100)
            guard backslashes % 2 == 0 else {
                let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.utf8)) }
                #expect(error?.code == .unexpectedEnd)
                #expect(error?.offset == text.utf8.count)
                continue
            }
            let document = try JSONDocument(parsing: Array(text.utf8))
            #expect(document.utf8(document.root).count == before + backslashes / 2)
        }
    }

    /// A fault inside a string, and how far from its own start it is told.
    static let faults: [(source: String, code: JSONError.Code)] = [
        ("\u{1}", .controlCharacter), ("\n", .controlCharacter), (#"\x"#, .invalidEscape), (#"\u12g4"#, .invalidEscape),
        (#"\ud800"#, .loneSurrogate),
    ]

    @Test(arguments: faults) func refusesAFaultAtEveryPlace(_ source: String, _ code: JSONError.Code) {
        for escape in ["", #"\""#] {
            for before in 0..<140 {
                let start = "[\"" + escape + String(repeating: "a", count: before)
                for behind in ["\"]", "\"" + String(repeating: " ", count: 100) + "]"] {
                    let error = #expect(throws: JSONError.self) {
                        try JSONDocument(parsing: Array((start + source + behind).utf8))
                    }
                    #expect(error?.code == code)
                    #expect(error?.offset == start.utf8.count)
                }
            }
        }
    }

    @Test func refusesBadUTF8AtEveryPlace() {
        for before in 0..<140 {
            let start = Array(("[\"" + String(repeating: "a", count: before)).utf8)
            for behind in [0, 100] {
                let text = start + [0xff, 0x22] + [UInt8](repeating: 0x20, count: behind) + [0x5d]
                let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: text) }
                #expect(error?.code == .invalidUTF8)
                #expect(error?.offset == start.count)
            }
        }
    }

    @Test func findsADuplicateOfAnyLengthAnywhere() throws {
        for length in 0..<80 {
            let key = String(repeating: "k", count: length)
            // Written with an escape it is the same key.
            let escaped = length == 0 ? key : #"\u006b"# + key.dropFirst()
            for second in [key, escaped] {
                for (gap, behind) in [(0, 0), (60, 0), (0, 100), (60, 100)] {
                    let start = "{\"\(key)\":1,\(String(repeating: " ", count: gap))"
                    let text = start + "\"\(second)\":2}" + String(repeating: " ", count: behind)
                    let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.utf8)) }
                    #expect(error?.code == .duplicateKey(first: 1))
                    #expect(error?.offset == start.utf8.count)
                    let other = start + "\"\(second)x\":2}" + String(repeating: " ", count: behind)
                    #expect(try JSONDocument(parsing: Array(other.utf8)).root.isObject)
                }
            }
        }
    }

    @Test func whiteSpaceMayStandAroundEveryToken() throws {
        let tokens = [
            "{", #""a""#, ":", "[", "1", ",", #""b""#, ",", "{", "}", ",", "[", "]", "]", ",", #""c""#, ":", "true",
            "}",
        ]
        for count in [0, 1, 33] {
            for space in [" ", "\t", "\r\n"] {
                let text = tokens.joined(separator: String(repeating: space, count: count))
                let document = try JSONDocument(parsing: Array(text.utf8))
                #expect(document.count(of: document.root) == 2)
                #expect(document.member("a", of: document.root).map { document.count(of: $0) } == 4)
                #expect(document.member("c", of: document.root)?.bool == true)
            }
        }
    }

    @Test func refusesARecordedReviewThatIsCutOffAnywhere() throws {
        for name in try Fixtures.reviewNames() {
            let text = try Fixtures.review(name)
            let end = (text.lastIndex(of: UInt8(ascii: "}")) ?? 0)
            for length in 0...end where length % 7 == 0 || length > end - 200 {
                let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text[..<length])) }
                #expect(error.map { $0.offset <= length } == true)
            }
        }
    }

    /// Strings whose escapes are all of one character are decoded by whoever reads first; here many do at once.
    @Test func threadsReadTheSameText() async throws {
        let inner = (0..<400).map { #"\"key-\#($0)\":\"C:\\\\dir\\n\""# }.joined(separator: ",")
        let text = "[" + (0..<20).map { "\"\($0){\(inner)}\"" }.joined(separator: ",") + "]"
        let document = try JSONDocument(parsing: Array(text.utf8))
        let expected = inner.replacing(#"\\"#, with: "\u{0}").replacing(#"\""#, with: "\"").replacing(
            #"\n"#,
            with: "\n"
        )
        .replacing("\u{0}", with: "\\")
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    document.elements(of: document.root).enumerated().allSatisfy { place, element in
                        document.equals(element, "\(place){\(expected)}")
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
