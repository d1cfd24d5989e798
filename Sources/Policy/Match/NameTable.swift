/// A set of names, each with its number, that is asked by bytes without allocating.
///
/// Open addressing over FNV-1a. The names come from the operator's folder and the kind tables; requests only look up, so
/// nobody can make it degenerate from outside.
struct NameTable: Sendable {
    private let slots: [Int32]
    private let names: [[UInt8]]
    private let mask: Int

    var count: Int { names.count }

    /// - Parameter names: Distinct; a name's number is its place.
    init(_ names: [[UInt8]]) {
        var capacity = 4
        while capacity < names.count * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        for (number, name) in names.enumerated() {
            var slot = Int(truncatingIfNeeded: Self.hash(name.span)) & (capacity - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = Int32(number)
        }
        self.slots = slots
        self.names = names
        mask = capacity - 1
    }

    func number(of name: Span<UInt8>) -> Int? {
        if names.isEmpty { return nil }
        var slot = Int(truncatingIfNeeded: Self.hash(name)) & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            let candidate = names[number]
            if candidate.span.equals(name) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func name(_ number: Int) -> [UInt8] { names[number] }

    private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
        // The low bits, which choose the slot, have seen too little of the last bytes.
        return hash ^ (hash >> 32)
    }
}
