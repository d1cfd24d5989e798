import JSON
import Testing

@Suite struct KeysTests {
    private static func found(_ keys: [String], in text: String) throws -> [String?] {
        let document = try JSONDocument(parsing: Array(text.utf8))
        var values = InlineArray<16, JSONValue?>(repeating: nil)
        document.find(JSONKeys(keys), in: document.root, into: values.mutableSpan)
        return keys.indices.map { place in values[place].map { String(document.lexeme($0)) } }
    }

    static let texts: [(name: String, text: String, found: [String?])] = [
        ("in the order of the keys", #"{"a":1,"kind":"x","deletionTimestamp":[2]}"#, ["1", "\"x\"", "[2]"]),
        ("in another order", #"{"deletionTimestamp":[2],"a":1,"kind":"x"}"#, ["1", "\"x\"", "[2]"]),
        ("among others", #"{"b":{"a":0},"kind":"x","kinds":0,"deletionTimestam_":[]}"#, [nil, "\"x\"", nil]),
        ("null counts as absent", #"{"a":null,"kind":null,"deletionTimestamp":null}"#, [nil, nil, nil]),
        (
            "with escapes in the keys", #"{"\u0061":1,"k\u0069nd":2,"deletionTimestam\u0070":3,"\u0062":4}"#,
            ["1", "2", "3"]
        ),
        ("nothing there", "{}", [nil, nil, nil]),
        ("not an object", #"["a",1]"#, [nil, nil, nil]),
    ]

    @Test(arguments: texts) func findsMembers(_ name: String, _ text: String, _ expected: [String?]) throws {
        for behind in ["", String(repeating: " ", count: 64)] {
            #expect(try Self.found(["a", "kind", "deletionTimestamp"], in: text + behind) == expected)
        }
    }

    @Test func comparesEveryByte() throws {
        for length in 1...JSONKeys.maximumLength {
            let key = Array("abcdefghijklmnopqrstuvwxyz".utf8.prefix(length))
            for place in key.indices {
                var other = key
                other[place] = UInt8(ascii: "_")
                let text =
                    "{\"\(String(decoding: other, as: UTF8.self))\":1,\"\(String(decoding: key, as: UTF8.self))\":2}"
                #expect(try Self.found([String(decoding: key, as: UTF8.self)], in: text) == ["2"])
            }
        }
    }

    @Test func tellsWhetherAllElementsAreOfAKind() throws {
        func all(_ text: String, _ kind: JSONValue.Kind) throws -> Bool {
            let document = try JSONDocument(parsing: Array(text.utf8))
            return document.isContainer(document.root, of: kind)
        }
        #expect(try all(#"{"a":"x","b\n":"\n","c":""}"#, .string))
        #expect(try all(#"["x","\n",""]"#, .string))
        #expect(try all("[]", .string) && all("{}", .object))
        #expect(try !all(#"{"a":"x","b":["y"]}"#, .string))
        #expect(try !all(#"{"a":{"b":"x"},"c":"y"}"#, .string))
        #expect(try !all(#"["x",null]"#, .string))
        #expect(try !all(#""x""#, .string))
    }
}
