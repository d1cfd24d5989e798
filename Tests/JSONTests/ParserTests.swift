import JSON
import TestSupport
import Testing

@Suite struct ParserTests {
    /// A text that is refused, and why and where.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let name: String
        let text: [UInt8]
        let code: JSONError.Code
        let offset: Int

        init(_ name: String, _ text: String, _ code: JSONError.Code, at offset: Int) {
            self.init(name, bytes: Array(text.utf8), code, at: offset)
        }

        init(_ name: String, bytes: [UInt8], _ code: JSONError.Code, at offset: Int) {
            self.name = name
            self.text = bytes
            self.code = code
            self.offset = offset
        }

        var testDescription: String { name }
    }

    static let refusals: [Refusal] = [
        Refusal("nothing", "", .unexpectedEnd, at: 0),
        Refusal("white space alone", " \t\r\n", .unexpectedEnd, at: 4),
        Refusal("a byte order mark", "\u{feff}{}", .unexpectedByte(0xef), at: 0),
        Refusal("a vertical tab as white space", "\u{0b}1", .unexpectedByte(0x0b), at: 0),
        Refusal("a null byte as white space", "1\u{0}", .trailingBytes, at: 1),
        Refusal("a second value", "{} {}", .trailingBytes, at: 3),
        Refusal("a comma after the value", "1,", .trailingBytes, at: 1),
        Refusal("a comment", "// 1\n1", .unexpectedByte(0x2f), at: 0),
        Refusal("a bare word", "nope", .unexpectedByte(0x6f), at: 1),
        Refusal("a literal that ends early", "tru", .unexpectedEnd, at: 3),
        Refusal("a literal of the right letters but one", "falsy", .unexpectedByte(0x79), at: 4),
        Refusal("a literal in capitals", "True", .unexpectedByte(0x54), at: 0),
        Refusal("a literal that goes on", "nulls", .trailingBytes, at: 4),
        Refusal("an object that does not end", #"{"a":1"#, .unexpectedEnd, at: 6),
        Refusal("an object that ends with a bracket", #"{"a":1]"#, .unexpectedByte(0x5d), at: 6),
        Refusal("an array that ends with a brace", "[1}", .unexpectedByte(0x7d), at: 2),
        Refusal("a bracket that closes nothing", "]", .unexpectedByte(0x5d), at: 0),
        Refusal("a trailing comma in an object", #"{"a":1,}"#, .unexpectedByte(0x7d), at: 7),
        Refusal("a trailing comma in an array", "[1,]", .unexpectedByte(0x5d), at: 3),
        Refusal("a leading comma", "[,1]", .unexpectedByte(0x2c), at: 1),
        Refusal("two commas", "[1,,2]", .unexpectedByte(0x2c), at: 3),
        Refusal("no comma", "[1 2]", .unexpectedByte(0x32), at: 3),
        Refusal("a key without quotes", "{a:1}", .unexpectedByte(0x61), at: 1),
        Refusal("a number as key", "{1:1}", .unexpectedByte(0x31), at: 1),
        Refusal("a key without a value", #"{"a"}"#, .unexpectedByte(0x7d), at: 4),
        Refusal("a key without a colon", #"{"a" 1}"#, .unexpectedByte(0x31), at: 5),
        Refusal("a colon without a value", #"{"a":}"#, .unexpectedByte(0x7d), at: 5),
        Refusal("single quotes", "'a'", .unexpectedByte(0x27), at: 0),

        Refusal("a plus sign", "+1", .unexpectedByte(0x2b), at: 0),
        Refusal("a sign alone", "-", .unexpectedEnd, at: 1),
        Refusal("a sign before a letter", "-a", .invalidNumber, at: 1),
        Refusal("a leading zero", "01", .invalidNumber, at: 1),
        Refusal("a negative leading zero", "-00", .invalidNumber, at: 2),
        Refusal("a fraction without digits", "1.", .unexpectedEnd, at: 2),
        Refusal("a fraction without digits in an array", "[1.]", .invalidNumber, at: 3),
        Refusal("a number that begins with its point", ".5", .unexpectedByte(0x2e), at: 0),
        Refusal("an exponent without digits", "1e", .unexpectedEnd, at: 2),
        Refusal("an exponent with a sign alone", "[1e+]", .invalidNumber, at: 4),
        Refusal("a hexadecimal number", "0x10", .trailingBytes, at: 1),
        Refusal("infinity", "Infinity", .unexpectedByte(0x49), at: 0),
        Refusal("not a number", "NaN", .unexpectedByte(0x4e), at: 0),
        Refusal("a number that overflows a double", "1e400", .numberOutOfRange, at: 0),
        Refusal("a negative one inside an array", "[0,-1.5e309]", .numberOutOfRange, at: 3),
        Refusal(
            "one that overflows by its digits alone",
            "1" + String(repeating: "0", count: 400),
            .numberOutOfRange,
            at: 0
        ),

        Refusal("a string that does not end", #""abc"#, .unexpectedEnd, at: 4),
        Refusal("a string that ends with its backslash", #""abc\"#, .unexpectedEnd, at: 5),
        Refusal("a string whose closing quote is escaped", #""abc\""#, .unexpectedEnd, at: 6),
        Refusal("a line feed in a string", "\"a\nb\"", .controlCharacter, at: 2),
        Refusal("a tab far inside a string", "\"0123456789012345678901234567890\t\"", .controlCharacter, at: 32),
        Refusal("a null byte in a string", "\"\u{0}\"", .controlCharacter, at: 1),
        Refusal("a control character after an escape", "\"\\n\u{1}\"", .controlCharacter, at: 3),
        Refusal("an escape that is none", #""\x""#, .invalidEscape, at: 1),
        Refusal("an escaped apostrophe", #""\'""#, .invalidEscape, at: 1),
        Refusal("a \\u escape of three digits", #""\u12"#, .unexpectedEnd, at: 5),
        Refusal("a \\u escape with a letter beyond f", #""\u12g4""#, .invalidEscape, at: 1),
        Refusal("a high surrogate alone", #""\ud800""#, .loneSurrogate, at: 1),
        Refusal("a high surrogate before another", #""\ud800\ud800""#, .loneSurrogate, at: 1),
        Refusal("a high surrogate before another escape", #""\ud800\n""#, .loneSurrogate, at: 1),
        Refusal("a low surrogate alone", #""a\udc00""#, .loneSurrogate, at: 2),
        Refusal("a surrogate in a key", #"{"\ud800":1}"#, .loneSurrogate, at: 2),

        Refusal("a continuation byte alone", bytes: [0x22, 0x80, 0x22], .invalidUTF8, at: 1),
        Refusal("a byte of Latin 1", bytes: [0x22, 0xe9, 0x22], .invalidUTF8, at: 1),
        Refusal("an overlong form of two bytes", bytes: [0x22, 0xc0, 0xaf, 0x22], .invalidUTF8, at: 1),
        Refusal("an overlong form of three bytes", bytes: [0x22, 0xe0, 0x9f, 0xbf, 0x22], .invalidUTF8, at: 1),
        Refusal("an overlong form of four bytes", bytes: [0x22, 0xf0, 0x8f, 0xbf, 0xbf, 0x22], .invalidUTF8, at: 1),
        Refusal("a surrogate in three bytes", bytes: [0x22, 0xed, 0xa0, 0x80, 0x22], .invalidUTF8, at: 1),
        Refusal("beyond U+10FFFF", bytes: [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], .invalidUTF8, at: 1),
        Refusal("a lead byte that never was", bytes: [0x22, 0xf8, 0x88, 0x80, 0x80, 0x80, 0x22], .invalidUTF8, at: 1),
        Refusal("a sequence that the quote cuts off", bytes: [0x22, 0xe2, 0x82, 0x22], .invalidUTF8, at: 1),
        Refusal("a sequence that the end cuts off", bytes: [0x22, 0xe2, 0x82], .invalidUTF8, at: 1),
        Refusal("bad bytes after an escape", bytes: [0x22, 0x5c, 0x6e, 0xff, 0x22], .invalidUTF8, at: 3),
        Refusal("bad bytes outside strings", bytes: [0x5b, 0xff, 0x5d], .unexpectedByte(0xff), at: 1),

        Refusal("a key twice", #"{"a":1,"a":2}"#, .duplicateKey(first: 1), at: 7),
        Refusal("a key twice, once escaped", #"{"ab":1,"\u0061b":2}"#, .duplicateKey(first: 1), at: 8),
        Refusal("two escaped keys", #"{"\u0061":1,"b":{},"\u0061":2}"#, .duplicateKey(first: 1), at: 19),
        Refusal("an empty key twice", #"{"":1,"":2}"#, .duplicateKey(first: 1), at: 6),
        Refusal(
            "a long key twice",
            #"{"kubernetes.io/x":1,"y":[{}],"kubernetes.io/x":2}"#,
            .duplicateKey(first: 1),
            at: 30
        ),
        Refusal(
            "a key twice in an inner object",
            #"[{"a":{"b":1,"c":{"d":0},"b":2}}]"#,
            .duplicateKey(first: 7),
            at: 25
        ),
        Refusal("a key again after an inner object", #"{"a":{"x":{},"y":[]},"a":0}"#, .duplicateKey(first: 1), at: 21),
    ]

    @Test(arguments: refusals) func refuses(_ refusal: Refusal) {
        let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: refusal.text) }
        #expect(error?.code == refusal.code)
        #expect(error?.offset == refusal.offset)
    }

    static let accepted = [
        "null", " true ", "\t\r\nfalse\n", "0", "-0", "-0.0", "1E5", "1e-400", "\"\"", "[]", "{}", "[ ]", "{ }",
        #"{"a":1,"A":2,"a ":3}"#, #"{"":0,"a":{"":0,"a":{"":0}}}"#, #"[{"a":1},{"a":1}]"#, "\"\u{7f}\"", "\"/\"",
        "\"\u{10ffff}\"",
        "1.7976931348623157e308", "123456789012345678901234567890", #"{"ab":1,"ba":2,"\u0062b":3}"#,
    ]

    @Test(arguments: accepted) func accepts(_ text: String) throws {
        let document = try JSONDocument(parsing: Array(text.utf8))
        #expect(String(document.lexeme(document.root)) == text.trimmingSpace)
    }

    @Test func tellsLineAndColumnAsPeopleCount() {
        let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: Array("{\n  \"é\": x}".utf8)) }
        #expect(error?.position == JSONPosition(line: 2, column: 8))
        #expect("\(error, default: "")".contains("line 2, column 8"))
    }

    @Test func refusesEveryTextThatIsCutOff() {
        let text = Array(#"{"a":[1,-2.5e3,"\u00e9\n€",true,false,null,{}],"b":{"c":[]}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text[..<length])) }
        }
    }

    @Test(arguments: ["[", "{\"a\":"]) func limitsTheDepth(_ opening: String) {
        let close = opening == "[" ? "]" : "}"
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: opening, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONDocument(parsing: nested(512)) }
        let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: nested(513)) }
        #expect(error?.code == .tooDeep(limit: 512))
        #expect(error?.offset == opening.utf8.count * 512)
        #expect(throws: JSONError.self) { try JSONDocument(parsing: nested(4), limits: JSONLimits(maximumDepth: 3)) }
    }

    @Test func limitsTheLength() {
        let error = #expect(throws: JSONError.self) {
            try JSONDocument(parsing: Array("[1,2,3]".utf8), limits: JSONLimits(maximumBytes: 6))
        }
        #expect(error?.code == .tooLarge(limit: 6))
    }

    @Test(arguments: [2, 16, 29, 30, 31, 32, 33, 1000]) func findsADuplicateAmongAnyNumberOfKeys(_ count: Int) throws {
        for duplicated in [0, count / 2, count - 1] {
            var members = (0..<count).map { "\"key-\($0)\":{\"x\":[\($0)]}" }
            let unique = Array("{\(members.joined(separator: ","))}".utf8)
            #expect(try JSONDocument(parsing: unique).byteCount == unique.count)
            members.append(members[duplicated])
            let error = #expect(throws: JSONError.self) {
                try JSONDocument(parsing: Array("{\(members.joined(separator: ","))}".utf8))
            }
            #expect(error?.offset == unique.count)
        }
    }

    /// Keys that agree in length and in their first and last eight bytes: all that the filter looks at.
    @Test(.timeLimit(.minutes(1))) func hostileKeysAreNoQuadraticWork() throws {
        let keys = (0..<40_000).map { "aaaaaaaa\(String($0 + 100_000))zzzzzzzz" }
        let many = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try JSONDocument(parsing: Array(many.utf8)).byteCount == many.utf8.count)
        let objects = keys.map { "{\"\($0)\":0,\"b\($0.dropFirst())\":0}" }.joined(separator: ",")
        #expect(try JSONDocument(parsing: Array("[\(objects)]".utf8)).root.isArray)
    }

    /// The densest texts that there are: the tape must grow, again and again.
    @Test(arguments: ["1,", "[],", "{},", "\"\",", "\"\\n\",", "[[]],", "{\"\":{}},", "true,"])
    func growsForTextsThatAreAllStructure(_ element: String) throws {
        for count in [1, 7, 100, 3000] {
            let text = "[" + String(repeating: element, count: count).dropLast() + "]"
            let document = try JSONDocument(parsing: Array(text.utf8))
            #expect(document.count(of: document.root) == count)
            #expect(document.elements(of: document.root).allSatisfy { String(document.lexeme($0)) + "," == element })
        }
    }

    @Test(arguments: UInt64(0)..<40) func noMutationTraps(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let original = Array(
            #"{"a":[1,-0,0.5,1e3,9223372036854775807],"b":{"\u0063":null,"é€😀":true},"\ud83d\ude00":"\"\\\/\b\f\n\r\t"}"#
                .utf8
        )
        for _ in 0..<50 {
            var text = original
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &random)
                case 1: text.removeSubrange(place..<min(text.count, place + 3))
                case 2: text.insert(original[Int.random(in: 0..<original.count, using: &random)], at: place)
                default: text.insert(contentsOf: original.shuffled(using: &random).prefix(4), at: place)
                }
            }
            Fuzzed.json(text)
            Fuzzed.yaml(text)
        }
    }
}

extension String {
    fileprivate var trimmingSpace: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
