import Azure
import JSON

/// What libFuzzer calls: reads every facet of a kind, which the first byte chooses, out of an object, and resource IDs out of
/// its strings.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ text: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: text, count: count))
    guard let first = bytes.first else { return 0 }
    checkID(bytes[1...])
    guard let document = try? JSONDocument(parsing: Array(bytes[1...])) else { return 0 }
    let tables = AzureTables.embedded
    let kind = first == 255 ? tables.general : tables.kinds[Int(first) * 7 % tables.kinds.count]
    kind.forEachOccurrence(of: .all, in: document, of: document.root) { occurrence in
        let path = kind.path(of: occurrence, in: document, of: document.root)
        precondition(!path.steps.isEmpty, "no path")
        _ = kind.reason(of: occurrence, in: document, of: document.root)
        _ = occurrence.isOpen(in: document)
        _ = occurrence.number(in: document)
        _ = occurrence.tlsVersion(in: document)
        guard let value = occurrence.value else { return }
        precondition(document.value(at: path.pointer)?.isSamePlace(as: value) == true, "the path leads elsewhere")
        checkID(Array(document.utf8(value))[...])
    }
    kind.forEachSKU(in: document, of: document.root) { _ = tables.vCores(of: $0, of: kind, in: document) }
    return 0
}

/// What is an ID stays the same one in its canonical form, and lies in its parents.
private func checkID(_ text: ArraySlice<UInt8>) {
    let text = Array(text)
    guard let id = try? ResourceID(within: text.span) else { return }
    guard let canonical = try? ResourceID(parsing: id.canonical) else { fatalError("the canonical form is no ID") }
    precondition(canonical == id && canonical.canonical == id.canonical, "the canonical form is another ID")
    precondition(!id.canonical.contains("//") && !id.canonical.contains("/../") && !id.canonical.contains("%"))
    if !text.contains(UInt8(ascii: "*")) {
        guard let pattern = try? ResourceIDPattern(parsing: id.description) else { fatalError("an ID is no pattern") }
        precondition(pattern.matches(id), "an ID does not match itself")
    }
    _ = (id.type, id.name, id.subscription, id.resourceGroup)
    var child = id
    while let parent = child.parent {
        precondition(parent.contains(id) && !child.contains(parent), "a parent does not contain")
        child = parent
    }
}
