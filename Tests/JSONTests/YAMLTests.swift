import JSON
import TestSupport
import Testing

@Suite struct YAMLTests {
    /// The documents of a stream as JSON texts.
    private func json(_ yaml: String) throws -> [String] {
        try JSONDocument.parseYAML(Array(yaml.utf8)).map { String($0.text) }
    }

    // MARK: Scalars

    /// A plain scalar and what go-yaml v2 and `encoding/json` make of it.
    static let scalars: [(String, String)] = [
        ("true", "true"), ("True", "true"), ("TRUE", "true"), ("tRUE", #""tRUE""#), ("yes", "true"), ("Yes", "true"),
        ("YES", "true"),
        ("on", "true"), ("On", "true"), ("ON", "true"), ("oN", #""oN""#), ("y", "true"), ("Y", "true"),
        ("false", "false"),
        ("no", "false"), ("No", "false"), ("NO", "false"), ("off", "false"), ("Off", "false"), ("OFF", "false"),
        ("n", "false"),
        ("N", "false"), ("nope", #""nope""#), ("not", #""not""#),

        ("null", "null"), ("Null", "null"), ("NULL", "null"), ("~", "null"), ("", "null"), ("nULL", #""nULL""#),
        ("~x", #""~x""#),

        ("0", "0"), ("12", "12"), ("+12", "12"), ("-12", "-12"), ("-0", "0"), ("1_000", "1000"), ("1__0_", "10"),
        ("0x1F", "31"),
        ("0X1f", "31"), ("-0x10", "-16"), ("0x", #""0x""#), ("0xfg", #""0xfg""#), ("0b101", "5"), ("-0b101", "-5"),
        ("0b102", #""0b102""#),
        ("0o17", "15"), ("0O17", "15"), ("017", "15"), ("-017", "-15"), ("00", "0"), ("0_7", "7"), ("08", "8"),
        ("09.5", "9.5"),
        ("0o8", #""0o8""#), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854775808"), ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "18446744073709552000"), ("-9223372036854775809", "-9223372036854776000"),
        ("0x7fffffffffffffff", "9223372036854775807"), ("0xffffffffffffffff", "18446744073709551615"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),

        ("1.5", "1.5"), ("+1.5", "1.5"), ("-1.5", "-1.5"), ("1.", "1"), (".5", "0.5"), ("-.5", "-0.5"), ("1.0", "1"),
        ("1_0.5", "10.5"),
        ("1e3", "1000"), ("1E+3", "1000"), ("1.5e3", "1500"), ("1e-3", "0.001"), ("1e-6", "0.000001"), ("1e-7", "1e-7"),
        ("1.5e-9", "1.5e-9"), ("1e20", "100000000000000000000"), ("1e21", "1e+21"), ("1.25e22", "1.25e+22"),
        ("123.456", "123.456"),
        ("-0.0", "-0"), ("0.1", "0.1"), ("12e4567", #""12e4567""#), ("1e", #""1e""#), ("1e5x", #""1e5x""#),
        ("0e5", "0"),
        (".", #"".""#), ("+", #""+""#), ("1.2.3", #""1.2.3""#), ("1-2", #""1-2""#),
        ("1:30", #""1:30""#),
        ("190:20:30", #""190:20:30""#), ("._5", #""._5""#), (".5_0", #"".5_0""#),

        ("2001-12-14", #""2001-12-14""#), ("2001-12-14T21:59:43.10-05:00", #""2001-12-14T21:59:43.10-05:00""#),
        ("1.31.2", #""1.31.2""#),
        ("=", #""=""#), ("<<", #""<<""#), ("é", #""é""#), ("S1", #""S1""#), ("v1api20240101", #""v1api20240101""#),
    ]

    @Test(arguments: scalars) func resolvesPlainScalars(_ plain: String, _ value: String) throws {
        #expect(try json("a: \(plain)\n") == [#"{"a":\#(value)}"#])
        #expect(try json("- \(plain)\n") == ["[\(value)]"])
    }

    /// Go's JSON and this parser agree on what kind of number the text is.
    @Test func numbersWithoutAFractionAreIntegersWhateverTheirSpelling() throws {
        let document = try #require(try JSONDocument.parseYAML(Array("[1e3, 1.0, 0x10, 1.5]".utf8)).first)
        #expect(document.elements(of: document.root).map { document.int($0) } == [1000, 1, 16, nil])
    }

    static let quoted = ["true", "no", "null", "~", "", "12", "0x1F", "1e3", "2001-12-14", ".inf", "<<", "*a", "- x"]

    @Test(arguments: quoted) func quotedScalarsStayStrings(_ text: String) throws {
        for source in ["a: \"\(text)\"\n", "a: '\(text)'\n", "a: !!str \"\(text)\"\n"] {
            #expect(try json(source) == [#"{"a":"\#(text)"}"#])
        }
    }

    static let keys: [(String, String)] = [
        ("a", "a"), ("yes", "true"), ("on", "true"), ("off", "false"), ("1", "1"), ("0x10", "16"), ("1.5", "1.5"),
        ("1.0", "1"),
        ("1e5", "100000"), ("1e6", "1e+06"), ("1234567.0", "1.234567e+06"), ("0.0001", "0.0001"), ("0.00001", "1e-05"),
        ("1e300", ".inf"),
        ("-1e300", "-.inf"), ("0.1", "0.1"), ("\"1.50\"", "1.50"), ("2001-12-14", "2001-12-14"), ("\"\"", ""),
        ("'<<'", "<<"),
        ("? a", "a"), ("!!str 1", "1"),
    ]

    @Test(arguments: keys) func keysBecomeStrings(_ key: String, _ name: String) throws {
        #expect(try json(key.hasPrefix("?") ? "\(key)\n: 0\n" : "\(key): 0\n") == [#"{"\#(name)":0}"#])
    }

    // MARK: Structure

    static let streams: [(String, String, [String])] = [
        (
            "a block of everything", "a:\n  - 1\n  - b: c\n    d: [x, {w: z}]\ne: {}\nf: []\n",
            [#"{"a":[1,{"b":"c","d":["x",{"w":"z"}]}],"e":{},"f":[]}"#]
        ),
        ("a literal block", "a: |\n  one\n  two\nb: >-\n  three\n  four\n", [#"{"a":"one\ntwo\n","b":"three four"}"#]),
        ("escapes in double quotes", #"a: "\x41\u00e9\U0001f600\t\0""#, [#"{"a":"Aé😀\t\u0000"}"#]),
        ("a scalar alone", "hello\n", [#""hello""#]), ("a sequence at the top", "- 1\n- 2\n", ["[1,2]"]),
        ("several documents", "a: 1\n---\nb: 2\n...\n---\nc: 3\n", [#"{"a":1}"#, #"{"b":2}"#, #"{"c":3}"#]),
        ("empty documents between them", "---\n---\na: 1\n---\n# nothing\n---\n~\n---\nnull\n---\n", [#"{"a":1}"#]),
        ("nothing", "", []), ("comments alone", "# a\n# b\n", []),
        ("a directive", "%YAML 1.1\n---\na: 1\n", [#"{"a":1}"#]),
        ("a comment after a value", "a: 1 # one\nb: x#y\n", [#"{"a":1,"b":"x#y"}"#]),
        ("Windows line ends", "a: 1\r\nb:\r\n  - 2\r\n", [#"{"a":1,"b":[2]}"#]),
        ("a byte order mark", "\u{feff}a: 1\n", [#"{"a":1}"#]),
        (
            "JSON with what YAML 1.1 lacks", "{\"a\":\"\\/\\ud83d\\ude00\",\n\t\"b\":[1.50]}",
            ["{\"a\":\"\\/\\ud83d\\ude00\",\n\t\"b\":[1.50]}"]
        ),
        ("a flow that only looks like JSON", "{a: b, c: [d]}", [#"{"a":"b","c":["d"]}"#]),
        ("JSON documents as YAML", "---\n{\"a\": 1}\n---\n{\"b\": 2}\n", [#"{"a":1}"#, #"{"b":2}"#]),

        ("an alias of a scalar", "a: &x 1\nb: *x\nc: [*x, *x]\n", [#"{"a":1,"b":1,"c":[1,1]}"#]),
        (
            "an alias of a collection", "a: &x {b: [1, c]}\nd: *x\ne: [*x]\n",
            [#"{"a":{"b":[1,"c"]},"d":{"b":[1,"c"]},"e":[{"b":[1,"c"]}]}"#]
        ),
        ("an alias as a key", "a: &x yes\n*x : 1\n", [#"{"a":true,"true":1}"#]),
        ("an anchor that is set anew", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n", [#"{"a":1,"b":1,"c":2,"d":2}"#]),
        ("an anchor of an empty value", "a: &x\nb: *x\n", [#"{"a":null,"b":null}"#]),

        ("a merge", "x: &x {a: 1, b: 2}\nm:\n  <<: *x\n  b: 3\n", [#"{"x":{"a":1,"b":2},"m":{"b":3,"a":1}}"#]),
        (
            "a merge of several", "- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n  c: 3\n",
            [#"[{"a":1},{"a":2,"b":2},{"c":3,"a":1,"b":2}]"#]
        ),
        ("a merge of a literal object", "<<: {a: 1, b: {c: [2]}}\nd: 4\n", [#"{"d":4,"a":1,"b":{"c":[2]}}"#]),
        ("a merge alone", "x: &x {a: 1}\nm: {<<: *x}\n", [#"{"x":{"a":1},"m":{"a":1}}"#]),
        ("a merge that brings nothing", "x: &x {}\nm: {<<: *x, a: 1}\n", [#"{"x":{},"m":{"a":1}}"#]),
        (
            "a merge inside a merge", "x: &x {a: 1}\nm: &m {<<: *x, b: 2}\nz: {<<: *m}\n",
            [#"{"x":{"a":1},"m":{"b":2,"a":1},"z":{"b":2,"a":1}}"#]
        ),
        ("an anchor inside what is merged", "a: {<<: {b: &x [1]}}\nc: *x\n", [#"{"a":{"b":[1]},"c":[1]}"#]),
        (
            "a merge after other keys", "x: &x {a: 1}\nm: {b: 2, <<: *x, c: 3}\n",
            [#"{"x":{"a":1},"m":{"b":2,"c":3,"a":1}}"#]
        ),
        ("a merge key in quotes", "\"<<\": {a: 1}\n", [#"{"<<":{"a":1}}"#]),

        (
            "the tags of JSON's types",
            "- !!str 12\n- !!int \"12\"\n- !!float 3\n- !!bool \"yes\"\n- !!null \"\"\n- !!map {}\n- !!seq []\n",
            [#"["12",12,3,true,null,{},[]]"#]
        ),
        ("the tag that makes a string of any scalar", "- ! 12\n- ! \"12\"\n- ! [1]\n", [#"["12","12",[1]]"#]),
    ]

    @Test(arguments: streams) func translates(_ name: String, _ yaml: String, _ expected: [String]) throws {
        #expect(try json(yaml) == expected)
    }

    @Test func readsUTF16() throws {
        let text = "é: 1\n"
        let little: [UInt8] = [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big: [UInt8] = [0xfe, 0xff] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        for bytes in [little, big] {
            #expect(try JSONDocument.parseYAML(bytes).map { String($0.text) } == [#"{"é":1}"#])
        }
    }

    @Test func keepsThePlaceOfEveryNode() throws {
        let yaml = "# policy\nspec: &s\n  locations:\n    - westeurope\n    - é: [1,  2]\n---\nother:   *s\nlist: []\n"
        let text = yaml.replacing("*s", with: "x")
        let documents = try JSONDocument.parseYAML(Array(text.utf8))
        let first = documents[0]
        func place(_ pointer: String) throws -> [Int] {
            let value = try #require(first.value(at: try JSONPointer(parsing: pointer)))
            let position = first.position(of: value)
            return [position.line, position.column]
        }
        #expect(try place("") == [2, 1])
        #expect(try place("/spec/locations") == [4, 5])
        #expect(try place("/spec/locations/0") == [4, 7])
        #expect(try place("/spec/locations/1") == [5, 7])
        #expect(try place("/spec/locations/1/é") == [5, 10])
        #expect(try place("/spec/locations/1/é/1") == [5, 15])
        let key = try #require(first.members(of: first.root).first { _ in true }?.key)
        #expect(first.position(of: key) == JSONPosition(line: 2, column: 1))
        let second = documents[1]
        #expect(second.position(of: second.root) == JSONPosition(line: 7, column: 1))
        let list = try #require(second.member("list", of: second.root))
        #expect(second.position(of: list) == JSONPosition(line: 8, column: 7))
    }

    @Test func whatAliasesAndMergesBringStandsWhereItWasWritten() throws {
        let document = try #require(
            try JSONDocument.parseYAML(Array("x: &x\n  a: [1]\nm: *x\nz:\n  <<: *x\n".utf8)).first
        )
        for pointer in ["/x/a/0", "/m/a/0", "/z/a/0"] {
            let value = try #require(document.value(at: try JSONPointer(parsing: pointer)))
            #expect(document.position(of: value) == JSONPosition(line: 2, column: 7), "\(pointer)")
        }
    }

    // MARK: Refusals

    struct Refusal: CustomTestStringConvertible, Sendable {
        let name: String
        let yaml: [UInt8]
        let line: Int
        let column: Int
        let isExpected: @Sendable (YAMLError.Code) -> Bool

        init(_ name: String, _ yaml: String, _ line: Int, _ column: Int, _ code: YAMLError.Code) {
            self.init(name, bytes: Array(yaml.utf8), line, column) { $0 == code }
        }

        init(
            _ name: String,
            bytes: [UInt8],
            _ line: Int,
            _ column: Int,
            _ isExpected: @escaping @Sendable (YAMLError.Code) -> Bool
        ) {
            self.name = name
            self.yaml = bytes
            self.line = line
            self.column = column
            self.isExpected = isExpected
        }

        static func syntax(_ name: String, _ yaml: String, _ line: Int, _ column: Int) -> Refusal {
            Refusal(name, bytes: Array(yaml.utf8), line, column) { if case .syntax = $0 { true } else { false } }
        }

        static func encoding(_ name: String, _ yaml: [UInt8], _ line: Int, _ column: Int) -> Refusal {
            Refusal(name, bytes: yaml, line, column) { if case .encoding = $0 { true } else { false } }
        }

        var testDescription: String { name }
    }

    static let refusals: [Refusal] = [
        Refusal("a key twice", "a: 1\nb: 2\na: 3\n", 3, 1, .duplicateKey("a", first: JSONPosition(line: 1, column: 1))),
        Refusal(
            "a key twice in a flow",
            "{a: 1, b: {c: 1, c: 2}}",
            1,
            18,
            .duplicateKey("c", first: JSONPosition(line: 1, column: 12))
        ),
        Refusal(
            "two spellings of one key",
            "x:\n  yes: 1\n  \"true\": 2\n",
            3,
            3,
            .duplicateKey("true", first: JSONPosition(line: 2, column: 3))
        ),
        Refusal(
            "a number and its text as keys",
            "1: a\n\"1\": b\n",
            2,
            1,
            .duplicateKey("1", first: JSONPosition(line: 1, column: 1))
        ),
        Refusal(
            "two merges",
            "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n",
            4,
            3,
            .duplicateKey("<<", first: JSONPosition(line: 3, column: 3))
        ),
        Refusal(
            "a duplicate in JSON",
            "{\"a\": 1,\n \"a\": 2}",
            2,
            2,
            .duplicateKey("a", first: JSONPosition(line: 1, column: 2))
        ),
        Refusal(
            "a duplicate inside what is merged",
            "a:\n  <<: {x: 1, x: 2}\n",
            2,
            14,
            .duplicateKey("x", first: JSONPosition(line: 2, column: 8))
        ),
        Refusal("a list as key", "? [a]\n: b\n", 1, 3, .unsupportedKey),
        Refusal("an object as key", "{{a: b}: c}", 1, 2, .unsupportedKey),
        Refusal("null as key", "a: 1\n~: b\n", 2, 1, .unsupportedKey),
        Refusal("an integer beyond 64 bits as key", "9223372036854775808: b\n", 1, 1, .unsupportedKey),
        Refusal("a list as key by its alias", "a: &x [1]\n*x : 1\n", 2, 1, .unsupportedKey),
        Refusal("infinity", "a: .inf\n", 1, 4, .notANumber(".inf")),
        Refusal("negative infinity", "- -.INF\n", 1, 3, .notANumber("-.INF")),
        Refusal("not a number", "a: .NaN\n", 1, 4, .notANumber(".NaN")),
        Refusal(
            "a hexadecimal number beyond 64 bits",
            "a: 0x10000000000000000\n",
            1,
            4,
            .numberOutOfRange("0x10000000000000000")
        ),
        Refusal("a binary tag", "a: !!binary aGk=\n", 1, 4, .unsupportedTag("!!binary")),
        Refusal("a tag of one's own", "a: !Ref b\n", 1, 4, .unsupportedTag("!Ref")),
        Refusal("a tag of one's own on a list", "a: !Join [b]\n", 1, 4, .unsupportedTag("!Join")),
        Refusal("a set", "a: !!set {b}\n", 1, 4, .unsupportedTag("!!set")),
        Refusal("a timestamp by tag", "a: !!timestamp 2001-12-14\n", 1, 4, .unsupportedTag("!!timestamp")),
        Refusal("a word as !!int", "a: !!int b\n", 1, 4, .tagMismatch("!!int")),
        Refusal("a word as !!bool", "a: !!bool 1\n", 1, 4, .tagMismatch("!!bool")),
        Refusal("a word as !!float", "a: !!float x\n", 1, 4, .tagMismatch("!!float")),
        Refusal("a word as !!null", "a: !!null x\n", 1, 4, .tagMismatch("!!null")),
        Refusal("an alias without its anchor", "a: *x\n", 1, 4, .unknownAnchor("x")),
        Refusal("an alias before its anchor", "a: *x\nb: &x 1\n", 1, 4, .unknownAnchor("x")),
        Refusal("an alias of another document", "a: &x 1\n---\nb: *x\n", 3, 4, .unknownAnchor("x")),
        Refusal("a value that contains itself", "a: &x\n  b: [*x]\n", 2, 7, .recursiveAlias("x")),
        Refusal("a merge that contains itself", "a: &x\n  <<: *x\n", 2, 7, .recursiveAlias("x")),
        Refusal("a merge of a scalar", "a:\n  <<: 1\n", 2, 3, .unsupportedMerge),
        Refusal("a merge of a list of scalars", "<<: [{}, 1]\n", 1, 1, .unsupportedMerge),
        Refusal("a merge of nothing", "<<:\n", 1, 1, .unsupportedMerge),
        Refusal(
            "a merge after the key that it brings",
            "x: &x {a: 1}\nm:\n  a: 2\n  <<: *x\n",
            4,
            3,
            .ambiguousMerge("a", first: JSONPosition(line: 3, column: 3))
        ),
        Refusal("a tab as indentation", "a:\n\tb: 1\n", 2, 1, .tab),
        Refusal("a tab after spaces", "a:\n  b: 1\n  \tc: 2\n", 3, 3, .tab),
        .syntax("a bracket that does not close", "a: [1, 2\nb: 3\n", 2, 2),
        .syntax("a value beside a value", "a: b: c\n", 1, 5),
        .syntax("a quote that does not close", "a: \"b\n", 2, 1),
        .syntax("wrong indentation", "a:\n  b: 1\n c: 2\n", 3, 2),
        .syntax("a reserved character", "a: @b\n", 1, 4), .syntax("an escape that is none", #"a: "\y""#, 1, 5),
        .syntax("half a surrogate pair", #"a: "\ud800""#, 1, 7),
        .encoding("a control character", Array("a: b\nc: \u{1}\n".utf8), 2, 4),
        .encoding("Latin 1", Array("a: b\nc: ".utf8) + [0xe9, 0x0a], 2, 4),
    ]

    @Test(arguments: refusals) func refuses(_ refusal: Refusal) throws {
        let error = try #require(throws: YAMLError.self) { try JSONDocument.parseYAML(refusal.yaml) }
        #expect(refusal.isExpected(error.code), "\(error)")
        #expect([error.line, error.column] == [refusal.line, refusal.column], "\(error)")
        #expect(error.description.hasPrefix("line \(refusal.line), column \(refusal.column): "))
        #expect(error.description.contains("; \(error.mend)"))
    }

    @Test func aliasBombsAreRefusedWhereTheyGrow() {
        var yaml = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...9 {
            let aliases = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            yaml += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = #expect(throws: YAMLError.self) { try JSONDocument.parseYAML(Array(yaml.utf8)) }
        #expect(error?.code == .excessiveAliases(limit: 4 * 1024 * 1024))
        #expect(error?.line == 7)
    }

    @Test func bombsOfLongScalarsAndOfMergesAreRefused() {
        let long = String(repeating: "x", count: 100_000)
        let scalars = "a: &a \(long)\nb:\n" + String(repeating: "- *a\n", count: 100)
        let nested = String(repeating: "{<<: ", count: 200) + "{a: \(long)}" + String(repeating: "}", count: 200)
        for yaml in [scalars, nested] {
            let error = #expect(throws: YAMLError.self) { try JSONDocument.parseYAML(Array(yaml.utf8)) }
            #expect(error?.code == .excessiveAliases(limit: 4 * 1024 * 1024))
        }
    }

    @Test(arguments: ["[", "{a: ", "- "]) func limitsTheDepth(_ opening: String) {
        let text = String(repeating: opening, count: 100_000)
        let error = #expect(throws: YAMLError.self) { try JSONDocument.parseYAML(Array(text.utf8)) }
        #expect(error?.code == .tooDeep(limit: 512))
        #expect(error?.column == opening.utf8.count * 512 + 1)
    }

    @Test func limitsTheDepthThatAliasesReach() {
        let deep = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
        let yaml = "a: &a \(deep)\nb: " + String(repeating: "[", count: 300) + "*a" + String(repeating: "]", count: 300)
        let error = #expect(throws: YAMLError.self) { try JSONDocument.parseYAML(Array(yaml.utf8)) }
        #expect(error?.code == .tooDeep(limit: 512))
    }

    @Test func limitsTheLength() {
        #expect(throws: YAMLError.self) {
            try JSONDocument.parseYAML(Array("a: 1".utf8), limits: JSONLimits(maximumBytes: 3))
        }
        let error = #expect(throws: YAMLError.self) {
            try JSONDocument.parseYAML(Array("[\"\\0\\0\\0\\0\\0\\0\"]".utf8), limits: JSONLimits(maximumBytes: 20))
        }
        #expect(error?.code == .tooLarge(limit: 20))
    }

    @Test(arguments: UInt64(0)..<40) func noMutationTraps(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let original = Array(
            "a: &a {b: [1, 'c'], d: \"\\u00e9\"}\ne:\n  <<: *a\n  f: !!str yes\n  ? g\n  : |\n    h\n---\n- *a\n- 0x1F\n- ~\n"
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
                default:
                    text.insert(
                        contentsOf: Array("\n*a: &b {<<: [*a], - ? : # | > !!int".utf8).shuffled(using: &random).prefix(
                            4
                        ),
                        at: place
                    )
                }
            }
            Fuzzed.yaml(text)
        }
    }
}
