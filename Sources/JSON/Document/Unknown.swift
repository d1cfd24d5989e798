/// Values that nobody knows yet, in documents that this program wrote itself.
///
/// On the tape an unknown is a null with a flag, so that whoever does not ask takes it for nothing there. In the text it is a
/// string whose first letter is written as an escape that `JSONWriter` never makes of a string: no text that passes through
/// the writer can become one, and the text stays JSON.
enum Unknown {
    /// What the source of an unknown begins with, inside its quotes.
    static let start: StaticString = #"\u0055nknown: "#
    /// What of the decoded text comes before the reason.
    private static let label: StaticString = "Unknown: "

    /// Makes unknowns of the strings on a tape that are written as such.
    static func mark(_ tape: inout [UInt64], in bytes: Span<UInt8>) {
        let start = Key(start).bytes
        var index = 0
        let end = Tape.next(after: 0, tape[0])
        while index < end {
            let word = tape[index]
            if word >> 60 == UInt64(JSONValue.Kind.string.rawValue), word & Tape.escapedFlag != 0,
                Tape.length(word) >= start.count,
                bytes.extracting(Tape.offset(word)..<Tape.offset(word) + start.count).equals(start)
            {
                tape[index] = word & ~(0b1111 << 60) | Tape.unknownFlag
            }
            index += Tape.width(word)
        }
    }

    /// The reason in the decoded text of an unknown.
    static func reason(_ text: Span<UInt8>) -> String {
        String(text.extracting(min(label.utf8CodeUnitCount, text.count)...))
    }
}

extension JSONDocument {
    /// Why an unknown value is unknown; nil for any other value.
    public func reason(ofUnknown value: JSONValue) -> String? {
        value.isUnknown ? Unknown.reason(decodedText(value)) : nil
    }
}

extension JSONWriter {
    /// Writes a value that nobody knows yet; only `JSONDocument.init(parsingUnknowns:limits:)` reads it back as such.
    ///
    /// - Parameter reason: Why, in a few words.
    public mutating func unknown(because reason: String) {
        var text = JSONWriter()
        text.string(reason)
        let quoted = text.finish()
        var source = [UInt8(ascii: "\"")]
        source.append(contentsOf: String(describing: Unknown.start).utf8)
        source.append(contentsOf: quoted.dropFirst())
        raw(source.span)
    }
}
