import JSON
import Testing

@Suite struct WriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(writer.finish().span)
    }

    @Test func placesCommas() {
        let text = written { writer in
            writer.beginObject()
            writer.key("empty")
            writer.beginArray()
            writer.endArray()
            writer.key("list")
            writer.beginArray()
            writer.int(1)
            writer.beginObject()
            writer.endObject()
            writer.null()
            writer.bool(true)
            writer.bool(false)
            writer.endArray()
            writer.key("text" + "")
            writer.string("x")
            writer.endObject()
        }
        #expect(text == #"{"empty":[],"list":[1,{},null,true,false],"text":"x"}"#)
    }

    @Test func appendsToWhatIsThere() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.int(1)
        #expect(String(writer.finish().span) == "data: 1")
    }

    static let escapes: [([UInt8], String)] = [
        (Array("plain".utf8), #""plain""#), (Array("\"\\/".utf8), #""\"\\/""#),
        (Array("\u{8}\u{9}\u{a}\u{c}\u{d}".utf8), #""\b\t\n\f\r""#), ([0x00, 0x1f, 0x7f], "\"\\u0000\\u001f\u{7f}\""),
        (Array("é€😀<>&\u{2028}".utf8), "\"é€😀<>&\u{2028}\""), ([0x61, 0xff, 0x62], "\"a\u{fffd}b\""),
        ([0xed, 0xa0, 0x80], "\"\u{fffd}\u{fffd}\u{fffd}\""), ([0xe2, 0x82], "\"\u{fffd}\u{fffd}\""),
        (Array(repeating: 0x61, count: 40) + [0x0a], "\"" + String(repeating: "a", count: 40) + "\\n\""),
    ]

    @Test(arguments: escapes) func escapesWhatMustBe(_ text: [UInt8], _ json: String) {
        #expect(written { $0.string(text.span) } == json)
    }

    @Test(arguments: [0, 1, -1, 9, 10, 99, 100, 1234567890, Int64.max, Int64.min]) func writesIntegers(_ value: Int64) {
        #expect(written { $0.int(value) } == value.description)
    }

    @Test(arguments: [
        0, -0.0, 0.1, 1.5, -2.25e-10, 1e21, 1e300, .leastNonzeroMagnitude, Double.greatestFiniteMagnitude,
    ])
    func writesDoublesThatReadBack(_ value: Double) throws {
        let read = try fragment(written { $0.double(value) })
        #expect(read.document.double(read.value) == value)
    }

    @Test func copiesAsItStands() throws {
        let source = try fragment(#"{"a": [1.50, "\u0061"], "b" : {}}"#)
        let value = try #require(source.document.member("a", of: source.value))
        let text = written { writer in
            writer.beginArray()
            writer.copy(value, in: source.document)
            writer.copy(source)
            writer.raw("null")
            writer.endArray()
        }
        #expect(text == #"[[1.50, "\u0061"],{"a": [1.50, "\u0061"], "b" : {}},null]"#)
    }
}
