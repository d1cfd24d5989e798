/// Finds a kind's place by the bytes of its group and name, without allocating.
struct KindIndex: Sendable {
    private struct Entry: BitwiseCopyable {
        let hash: UInt32
        /// The place among the kinds; -1 where the slot is free.
        let place: Int32
        let offset: Int32
        let groupLength: Int16
        let kindLength: Int16
    }

    /// Open addressing; a power of two, at least twice the number of kinds.
    private var entries: [Entry]

    /// Groups and names, one after the other.
    private var text: [UInt8] = []

    init(_ kinds: [AzureKind]) {
        var size = 64
        while size < kinds.count * 2 { size *= 2 }
        entries = Array(repeating: Entry(hash: 0, place: -1, offset: 0, groupLength: 0, kindLength: 0), count: size)
        for kind in kinds {
            let hash = Self.hash(kind.group.utf8Span.span, kind.kind.utf8Span.span)
            var slot = Int(hash) & (size - 1)
            while entries[slot].place >= 0 { slot = (slot + 1) & (size - 1) }
            entries[slot] = Entry(
                hash: hash,
                place: Int32(kind.index),
                offset: Int32(text.count),
                groupLength: Int16(kind.group.utf8.count),
                kindLength: Int16(kind.kind.utf8.count)
            )
            text += kind.group.utf8
            text += kind.kind.utf8
        }
    }

    func place(group: Span<UInt8>, kind: Span<UInt8>) -> Int? {
        let hash = Self.hash(group, kind)
        let mask = entries.count - 1
        var slot = Int(hash) & mask
        while true {
            let entry = entries[slot]
            if entry.place < 0 { return nil }
            if entry.hash == hash, Int(entry.groupLength) == group.count, Int(entry.kindLength) == kind.count {
                let middle = Int(entry.offset) + group.count
                let text = text.span
                if text.extracting(middle..<(middle + kind.count)).equals(kind),
                    text.extracting(Int(entry.offset)..<middle).equals(group)
                {
                    return Int(entry.place)
                }
            }
            slot = (slot + 1) & mask
        }
    }

    /// FNV-1a over the kind and the start of the group.
    ///
    /// What is stored comes from the tables, so nobody can make it collide.
    private static func hash(_ group: Span<UInt8>, _ kind: Span<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for index in 0..<kind.count { hash = (hash ^ UInt32(kind[index])) &* 16_777_619 }
        for index in 0..<min(4, group.count) { hash = (hash ^ UInt32(group[index])) &* 16_777_619 }
        return hash ^ hash >> 15
    }
}
