/// From a label's value, as bytes of a request, to its index: for labels whose values come from outside.
///
/// Whatever is not among the values has the index of the last one, which is why that is called `other`.
public struct LabelIndex: Sendable {
    private let values: [[UInt8]]
    /// Open addressing: for each slot an index into `values`, or -1.
    private let slots: [Int32]

    /// The label that belongs to the index.
    public let label: Label

    /// Indexes the values of a label; `other` comes last by itself.
    public init(_ name: String, _ values: [String]) {
        var size = 16
        while size < values.count * 4 { size *= 2 }
        var slots = [Int32](repeating: -1, count: size)
        for (index, value) in values.enumerated() {
            var slot = Self.hash(Array(value.utf8).span) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(index)
        }
        self.values = values.map { Array($0.utf8) }
        self.slots = slots
        label = Label(name, values + ["other"])
    }

    /// The index of a value; without allocation.
    public func index(of value: Span<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(value) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if isSame(values[index], value) { return index }
            slot = (slot + 1) & mask
        }
        return values.count
    }

    private func isSame(_ known: [UInt8], _ value: Span<UInt8>) -> Bool {
        guard known.count == value.count else { return false }
        for index in known.indices where known[index] != value[index] {
            return false
        }
        return true
    }

    /// FNV-1a.
    ///
    /// Nobody gains by a collision: the table holds our values only, and a foreign one ends at the first free slot.
    private static func hash(_ value: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in value.indices {
            hash = (hash ^ UInt64(value[index])) &* 0x100_0000_01b3
        }
        return Int(truncatingIfNeeded: hash >> 20)
    }
}
