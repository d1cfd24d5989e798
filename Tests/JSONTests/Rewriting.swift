import JSON

/// Writes a document anew, value by value.
///
/// Strings whose source says more than it must (`\u003c`) are copied as they stand.
func rewritten(_ document: JSONDocument) -> [UInt8] {
    var writer = JSONWriter()
    rewrite(document.root, in: document, to: &writer)
    return writer.finish()
}

private func rewrite(_ value: JSONValue, in document: JSONDocument, to writer: inout JSONWriter) {
    switch value.kind {
    case .object:
        writer.beginObject()
        for (key, member) in document.members(of: value) {
            writer.key(document.utf8(key))
            rewrite(member, in: document, to: &writer)
        }
        writer.endObject()
    case .array:
        writer.beginArray()
        for element in document.elements(of: value) { rewrite(element, in: document, to: &writer) }
        writer.endArray()
    default:
        writer.copy(value, in: document)
    }
}
