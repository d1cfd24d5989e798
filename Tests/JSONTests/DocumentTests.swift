import JSON
import Testing

@Suite struct DocumentTests {
    /// A number's text, what it is, and its value.
    static let numbers: [(String, JSONValue.Kind, Int64?, Double)] = [
        ("0", .int, 0, 0), ("-0", .int, 0, 0), ("7", .int, 7, 7), ("-12", .int, -12, -12),
        ("9223372036854775807", .int, .max, 0x1p63),
        ("-9223372036854775808", .int, .min, -0x1p63),
        ("9223372036854775808", .double, nil, 0x1p63),
        ("-9223372036854775809", .double, nil, -0x1p63),
        ("18446744073709551616", .double, nil, 0x1p64),
        ("1.0", .double, nil, 1), ("-0.0", .double, nil, 0), ("1e3", .double, nil, 1000), ("1E-2", .double, nil, 0.01),
        ("1e-400", .double, nil, 0), ("0.1", .double, nil, 0.1), ("5e-324", .double, nil, .leastNonzeroMagnitude),
        ("1.7976931348623157e+308", .double, nil, .greatestFiniteMagnitude),
    ]

    @Test(arguments: numbers) func readsNumbers(_ text: String, kind: JSONValue.Kind, int: Int64?, double: Double)
        throws
    {
        for source in [text, "[\(text)]", "{\"a\":\(text) }"] {
            let document = try JSONDocument(parsing: Array(source.utf8))
            let value =
                document.element(0, of: document.root) ?? document.member("a", of: document.root) ?? document.root
            #expect(value.kind == kind)
            #expect(document.int(value) == int)
            #expect(document.double(value) == double)
            #expect(String(document.lexeme(value)) == text)
        }
    }

    static let strings: [(String, String)] = [
        (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (#""\u0041\u00e9\u20AC\ud83d\ude00""#, "Aé€😀"), (#""\u0000""#, "\u{0}"), (#""é€😀""#, "é€😀"),
        (#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10ffff}"),
        (#""0123456789abcdef\n0123456789abcdef""#, "0123456789abcdef\n0123456789abcdef"),
        (#""é\\é""#, "é\\é"), (#""\\\"""#, "\\\""),
    ]

    @Test(arguments: strings) func decodesStrings(_ source: String, _ text: String) throws {
        // At the end of the text and far from it: words of eight bytes are read where there is room.
        for (before, after) in [("", ""), ("[", "]"), ("[", String(repeating: " ", count: 40) + "]")] {
            let document = try JSONDocument(parsing: Array((before + source + after).utf8))
            let value = document.element(0, of: document.root) ?? document.root
            #expect(document.string(value) == text)
            #expect(Array(document.utf8(value)) == Array(text.utf8))
            #expect(document.equals(value, text))
            #expect(document.equals(value, Array(text.utf8)))
            #expect(!document.equals(value, text + "x"))
            #expect(String(document.lexeme(value)) == source)
            #expect(document.offset(of: value) == before.utf8.count)
        }
    }

    static let object = #"""
        {"a": 1, "location": "westeurope", "locations": [1, [2, 3], {"a": 4}], "": null,
         "\u0061pp.kubernetes.io/name": {"x": {}, "y": []}, "nested": {"a": {"a": {"a": true}}}, "é": 1.5}
        """#

    @Test func findsMembersByAnyFormOfTheirKey() throws {
        let document = try JSONDocument(parsing: Array(Self.object.utf8))
        let root = document.root
        #expect(document.count(of: root) == 7)
        #expect(try document.int(#require(document.member("a", of: root))) == 1)
        #expect(try document.equals(#require(document.member("location", of: root)), "westeurope"))
        let keys = ["a", "location", "locations", "", "app.kubernetes.io/name", "nested", "é"]
        for (key, member) in zip(keys, document.members(of: root)) {
            #expect(document.string(member.key) == key)
            #expect(document.member(key, of: root)?.isSamePlace(as: member.value) == true)
            #expect(document.member(JSONKey(key), of: root)?.isSamePlace(as: member.value) == true)
            #expect(document.member(Array(key.utf8).span, of: root)?.isSamePlace(as: member.value) == true)
        }
        for missing in ["b", "locatio", "locationss", "xpp.kubernetes.io/name", "app.kubernetes.io/namf", "A"] {
            #expect(document.member(missing, of: root) == nil)
            #expect(document.member(JSONKey(missing), of: root) == nil)
        }
        #expect(document.member("a", of: try #require(document.member("locations", of: root))) == nil)
        #expect(document.member("a", of: try #require(document.member("a", of: root))) == nil)
    }

    @Test func walksArrays() throws {
        let document = try JSONDocument(parsing: Array(Self.object.utf8))
        let array = try #require(document.member("locations", of: document.root))
        #expect(document.count(of: array) == 3)
        #expect(document.elements(of: array).map(\.kind) == [.int, .array, .object])
        #expect(document.element(1, of: array).map { document.count(of: $0) } == 2)
        #expect(document.element(3, of: array) == nil)
        #expect(document.element(-1, of: array) == nil)
        #expect(document.element(0, of: document.root) == nil)
        #expect(Array(document.elements(of: document.root)).isEmpty)
        #expect(Array(document.members(of: array)).isEmpty)
        #expect(document.count(of: try #require(document.element(0, of: array))) == 0)
    }

    @Test func tellsWhereAValueStands() throws {
        let document = try JSONDocument(parsing: Array(Self.object.utf8))
        let nested = try #require(document.member("nested", of: document.root))
        #expect(document.position(of: nested) == JSONPosition(line: 2, column: 63))
        #expect(document.position(of: document.root) == JSONPosition(line: 1, column: 1))
        #expect(String(document.lexeme(nested)) == #"{"a": {"a": {"a": true}}}"#)
    }

    @Test func handlesStayTrivialAndKeepTheirDocumentsNumber() throws {
        #expect(MemoryLayout<JSONValue>.stride == 16)
        let document = try JSONDocument(parsing: Array(#"{"a":[{"b":1}]}"#.utf8))
        var root = document.root
        root.document = 7
        let array = try #require(document.member("a", of: root))
        let element = try #require(document.element(0, of: array))
        #expect(array.document == 7)
        #expect(document.members(of: element).allSatisfy { $0.key.document == 7 && $0.value.document == 7 })
    }

    @Test func readsNothingOfTheWrongKind() throws {
        let document = try JSONDocument(parsing: Array(#"[null,true,1,"1",[],{}]"#.utf8))
        let values = Array(document.elements(of: document.root))
        #expect(values.map { document.bool($0) } == [nil, true, nil, nil, nil, nil])
        #expect(values.map { document.int($0) } == [nil, nil, 1, nil, nil, nil])
        #expect(values.map { document.double($0) } == [nil, nil, 1, nil, nil, nil])
        #expect(values.map { document.string($0) } == [nil, nil, nil, "1", nil, nil])
        #expect(values.map { document.utf8($0).count } == [0, 0, 0, 1, 0, 0])
        #expect(values.map { document.equals($0, "") } == [Bool](repeating: false, count: 6))
        #expect(values.map(\.isNull) == [true, false, false, false, false, false])
    }

    static let equal = [
        ("1", "1.0"), ("1", "1e0"), ("100", "1E+2"), ("0", "-0.0"), ("1.5", "15e-1"), (#""a""#, #""\u0061""#),
        ("[]", "[ ]"),
        (#"{"a":1,"b":[2]}"#, #"{"b":[2.0],"a":1}"#), ("9223372036854775807", "9223372036854775807"),
        (#"{"a":{"x":1,"y":2},"b":0}"#, #"{"b":0,"a":{"y":2,"x":1}}"#),
    ]
    static let unequal = [
        ("1", "2"), ("1", "\"1\""), ("true", "1"), ("null", "false"), ("[]", "{}"), ("[1,2]", "[2,1]"),
        ("[1]", "[1,1]"),
        (#"{"a":1}"#, #"{"a":2}"#), (#"{"a":1}"#, #"{"b":1}"#), (#"{"a":1}"#, #"{"a":1,"b":1}"#), ("\"a\"", "\"A\""),
        ("9223372036854775807", "9223372036854775808"), ("9007199254740993", "9007199254740992.0"),
        (#"{"a":null}"#, #"{"b":null}"#), ("\"é\"", "\"e\u{301}\""),
    ]

    @Test(arguments: equal) func comparesAsEqual(_ a: String, _ b: String) throws {
        #expect(try fragment(a) == fragment(b))
        #expect(try fragment(b) == fragment(a))
    }

    @Test(arguments: unequal) func comparesAsDifferent(_ a: String, _ b: String) throws {
        #expect(try fragment(a) != fragment(b))
        #expect(try fragment(b) != fragment(a))
    }
}

/// A text as a value.
func fragment(_ text: String) throws -> JSONFragment {
    JSONFragment(try JSONDocument(parsing: Array(text.utf8)))
}
