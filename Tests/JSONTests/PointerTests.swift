import JSON
import Testing

@Suite struct PointerTests {
    /// RFC 6901 §5.
    static let document = #"""
        {"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,"~1":9}
        """#
    static let cases: [(String, String)] = [
        ("", document), ("/foo", #"["bar","baz"]"#), ("/foo/0", #""bar""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"),
        ("/e^f", "3"), ("/g|h", "4"), (#"/i\j"#, "5"), (#"/k"l"#, "6"), ("/ ", "7"), ("/m~0n", "8"), ("/~01", "9"),
    ]

    @Test(arguments: cases) func leadsToTheValue(_ text: String, _ value: String) throws {
        let document = try JSONDocument(parsing: Array(Self.document.utf8))
        let pointer = try JSONPointer(parsing: text)
        let found = try #require(document.value(at: pointer))
        #expect(String(document.lexeme(found)) == value)
        #expect(pointer.description == text)
    }

    @Test(arguments: [
        "/foo/2", "/foo/-", "/foo/00", "/foo/+1", "/foo/1e0", "/foo/ 0", "/foo/0/x", "/bar", "//",
        "/foo/99999999999999999999",
    ])
    func leadsToNothing(_ text: String) throws {
        let document = try JSONDocument(parsing: Array(Self.document.utf8))
        #expect(document.value(at: try JSONPointer(parsing: text)) == nil)
    }

    @Test(arguments: [
        ("foo", JSONPointerError.noLeadingSlash), ("/~", .invalidEscape), ("/~2", .invalidEscape),
        ("/a~/b", .invalidEscape),
    ])
    func refuses(_ text: String, _ error: JSONPointerError) {
        #expect(throws: error) { try JSONPointer(parsing: text) }
    }
}
