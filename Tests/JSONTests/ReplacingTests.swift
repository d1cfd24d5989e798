import JSON
import Testing

/// Other values in the place of some: everything keeps its position.
@Suite struct ReplacingTests {
    /// The text, and the position of each of its values and keys in their order.
    private static func positions(_ document: JSONDocument) -> [String] {
        var result: [String] = []
        func walk(_ value: JSONValue) {
            let position = document.position(of: value)
            let shown = value.isObject || value.isArray ? "" : String(document.lexeme(value))
            result.append("\(shown)@\(position.line):\(position.column)")
            for (key, value) in document.members(of: value) {
                walk(key)
                walk(value)
            }
            for element in document.elements(of: value) { walk(element) }
        }
        walk(document.root)
        return result
    }

    private static func value(_ pointer: String, of document: JSONDocument) throws -> JSONValue {
        try #require(document.value(at: JSONPointer(parsing: pointer)))
    }

    @Test(arguments: [
        "a: [1, 2]\nb: {c: long text, d: x}\n\ne: \"f\"\n",
        "{\"a\": [1, 2],\n\"b\": {\"c\": \"long text\", \"d\": \"x\"},\n\n \"e\": \"f\"}",
        "  { \"a\" : [1, 2],\r\n\"b\": {\"c\": \"\\u00fc\", \"d\": \"é\"},\n\"e\": \"f\"}\n",
    ])
    func allElseStandsWhereItStood(_ text: String) throws {
        let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
        let (list, word) = (try Self.value("/a", of: document), try Self.value("/b/c", of: document))
        let new = JSONFragment(try JSONDocument(parsing: Array(#"{"x": [true, null], "y": "z"}"#.utf8)))
        // In whatever order they are given.
        let changed = try document.replacing([(word, JSONFragment(string: "w")), (list, new)])
        #expect(changed.equals(try Self.value("/b/c", of: changed), "w"))
        #expect(changed.bool(try Self.value("/a/x/0", of: changed)) == true)
        var expected = Self.positions(document)
        let start = try #require(expected.firstIndex { $0.hasPrefix("1@") }) - 1
        let place = expected[start]
        let inside = [#""x""#, "", "true", "null", #""y""#, #""z""#].map { $0 + place }
        expected.replaceSubrange(start...start + 2, with: [place] + inside)
        let spelt = try #require(expected.firstIndex { $0.hasPrefix(#""c"@"#) }) + 1
        let position = try #require(expected[spelt].split(separator: "@").last)
        expected[spelt] = #""w"@"# + position
        #expect(Self.positions(changed) == expected)
        // A fault inside a string that is as it was has its own place.
        let (before, after) = (try Self.value("/e", of: document), try Self.value("/e", of: changed))
        #expect(changed.position(at: 1, in: after) == document.position(at: 1, in: before))
    }

    @Test func nothingAndAll() throws {
        let document = try #require(try JSONDocument.parseYAML(Array("a: 1\nb: 2\n".utf8)).first)
        #expect(Self.positions(try document.replacing([])) == Self.positions(document))
        let all = try document.replacing([(document.root, JSONFragment(string: "x"))])
        #expect(all.string(all.root) == "x" && all.position(of: all.root).line == 1)
        let limits = JSONLimits(maximumDepth: 8, maximumBytes: 16)
        #expect(throws: JSONError.self) {
            try document.replacing(
                [(document.root, JSONFragment(string: String(repeating: "x", count: 20)))],
                limits: limits
            )
        }
    }
}
