import JSON

/// What must hold for any bytes: run by the fuzzers on what they make up, and by tests on what they found.
///
/// A property that does not hold traps.
public enum Fuzzed {
    /// Parses a text and, if it is JSON, reads, writes and compares everything in it.
    public static func json(_ text: [UInt8]) {
        guard let document = try? JSONDocument(parsing: text) else { return }
        read(document.root, in: document)
        var writer = JSONWriter()
        write(document.root, in: document, to: &writer)
        guard let copy = try? JSONDocument(parsing: writer.finish()) else { fatalError("what was written is not JSON") }
        precondition(JSONFragment(document) == JSONFragment(copy), "what was written is another value")
        precondition(JSONPatch.difference(from: document, to: copy).isEmpty, "equal values differ")
        guard let patch = try? JSONPatch(parsing: document) else { return }
        _ = try? patch.apply(to: document)
    }

    /// Parses a stream and, if it is YAML, reads everything in its documents.
    public static func yaml(_ text: [UInt8]) {
        guard let documents = try? JSONDocument.parseYAML(text) else { return }
        for document in documents {
            read(document.root, in: document)
            precondition(
                (try? JSONDocument(parsing: Array(document.text))) != nil,
                "YAML became something other than JSON"
            )
        }
    }

    private static func read(_ value: JSONValue, in document: JSONDocument) {
        precondition(document.position(of: value).line > 0, "no position")
        switch value.kind {
        case .null: break
        case .bool: precondition(document.bool(value) != nil, "no boolean")
        case .int: precondition(document.int(value).map { Double($0) } == document.double(value), "no integer")
        case .double: precondition(document.double(value)?.isFinite == true, "no double")
        case .string:
            precondition(document.string(value).map { Array($0.utf8) } == Array(document.utf8(value)), "no string")
        case .array:
            for (place, element) in document.elements(of: value).enumerated() {
                if place < 100 {
                    precondition(document.element(place, of: value)?.isSamePlace(as: element) == true, "no element")
                }
                read(element, in: document)
            }
        case .object:
            for (place, (key, member)) in document.members(of: value).enumerated() {
                if place < 100 {
                    let found = document.member(document.utf8(key), of: value)
                    precondition(found?.isSamePlace(as: member) == true, "no member")
                }
                read(member, in: document)
            }
        }
    }

    private static func write(_ value: JSONValue, in document: JSONDocument, to writer: inout JSONWriter) {
        switch value.kind {
        case .null: writer.null()
        case .bool: writer.bool(value.bool == true)
        case .int: writer.int(document.int(value) ?? 0)
        case .double: writer.double(document.double(value) ?? 0)
        case .string: writer.string(document.utf8(value))
        case .array:
            writer.beginArray()
            for element in document.elements(of: value) { write(element, in: document, to: &writer) }
            writer.endArray()
        case .object:
            writer.beginObject()
            for (key, member) in document.members(of: value) {
                writer.key(document.utf8(key))
                write(member, in: document, to: &writer)
            }
            writer.endObject()
        }
    }
}
