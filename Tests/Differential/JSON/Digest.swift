import JSON

/// A number that tells values apart, made as `CSimdJSON` makes it from simdjson's.
struct Digest {
    private(set) var state: UInt64 = 0xcbf2_9ce4_8422_2325

    init(_ document: JSONDocument) {
        add(document.root, in: document)
    }

    private mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x100_0000_01b3
    }

    private mutating func add(_ text: Span<UInt8>) {
        add(UInt64(text.count))
        for index in text.indices { add(UInt64(text[index])) }
    }

    private mutating func add(_ value: JSONValue, in document: JSONDocument) {
        switch value.kind {
        case .null: add(0)
        case .bool: add(value.bool == true ? 2 : 1)
        case .int, .double:
            add(3)
            let number = document.double(value) ?? .nan
            add((number == 0 ? 0 : number).bitPattern)
        case .string:
            add(4)
            add(document.utf8(value))
        case .array:
            add(5)
            for element in document.elements(of: value) { add(element, in: document) }
            add(6)
        case .object:
            add(7)
            for (key, member) in document.members(of: value) {
                add(document.utf8(key))
                add(member, in: document)
            }
            add(8)
        }
    }
}
