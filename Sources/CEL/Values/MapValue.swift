internal import JSON

/// A map that an expression made; its entries keep the order in which they were written.
public final class MapValue: Sendable {
    /// The entries, no key twice.
    public let entries: [(key: CELValue, value: CELValue)]

    /// See `CELValue.weight`.
    let weight: Int

    /// Finds the places of keys; nil if there are so few that looking at each is faster.
    private let index: KeyIndex?

    /// A map of entries whose keys are known to be different and of the kinds that keys may have.
    public init(unchecked entries: [(key: CELValue, value: CELValue)]) {
        self.entries = entries
        weight = .weight(of: entries)
        index = entries.count > KeyIndex.worthwhile ? KeyIndex(entries.count) { entries[$0].key } : nil
    }

    /// The value at a key; numbers that are equal are the same key.
    func value(at key: CELValue, _ evaluation: borrowing Evaluation) -> CELValue? {
        if let index {
            return index.place(of: key, evaluation) { entries[$0].key }.map { entries[$0].value }
        }
        for entry in entries where evaluation.isEqual(entry.key, key) { return entry.value }
        return nil
    }
}

extension Evaluation {
    /// The value at a key of a map, wherever it lies; nil if there is none, and for anything but a map.
    public func value(at key: CELValue, of map: CELValue) -> CELValue? {
        switch map {
        case .map(let map):
            return map.value(at: key, self)
        case .json(let object):
            switch key {
            case .string(let text):
                return document(of: object).member(text, of: object).map { value($0) }
            case .json(let text) where text.isString:
                return document(of: object).member(document(of: text).utf8(text), of: object).map { value($0) }
            default:
                return nil
            }
        default:
            return nil
        }
    }

    /// The element at a place of a list, from 0; nil if there is none, and for anything but a list.
    public func element(_ place: Int, of list: CELValue) -> CELValue? {
        switch list {
        case .list(let list):
            list.elements.indices.contains(place) ? list.elements[place] : nil
        case .json(let array):
            document(of: array).element(place, of: array).map { value($0) }
        default:
            nil
        }
    }
}

/// A hash table over scalar values that lie in an array beside it: the keys of a map, the elements of a constant list.
///
/// Open addressing over places. Hashes are seeded for the process, so that nobody can choose keys that collide.
struct KeyIndex: Sendable {
    /// How many keys are searched faster one by one.
    static let worthwhile = 8

    /// Places plus one by their hash; 0 is free.
    ///
    /// The length is a power of two, at least half of it free.
    private var slots: [Int32]

    /// An index over keys, the first of which wins where some are equal.
    ///
    /// - Returns: nil if one of them is no scalar, or lies in a document.
    init?(_ count: Int, _ key: (Int) -> CELValue) {
        var capacity = 16
        while capacity < count * 2 { capacity *= 2 }
        slots = [Int32](repeating: 0, count: capacity)
        for place in 0..<count {
            guard let hash = Self.hash(key(place)) else { return nil }
            var slot = hash & (capacity - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = Int32(place + 1)
        }
    }

    /// The place of a key that is equal.
    func place(of wanted: CELValue, _ evaluation: borrowing Evaluation, _ key: (Int) -> CELValue) -> Int? {
        let hash =
            switch wanted {
            case .json(let json) where json.isString: Self.hash(evaluation.document(of: json).utf8(json))
            default: Self.hash(wanted)
            }
        guard let hash else { return nil }
        let mask = slots.count - 1
        var slot = hash & mask
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if evaluation.isEqual(key(place), wanted) { return place }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Equal for equal values; nil for what is no scalar.
    private static func hash(_ value: CELValue) -> Int? {
        switch value {
        case .bool(let value): hash(value ? 1 : 0, tag: 1)
        // Numbers are compared as doubles if one of them is one, so all are hashed as doubles.
        case .int(let value): hash(Double(value).bitPattern, tag: 2)
        case .uint(let value): hash(Double(value).bitPattern, tag: 2)
        case .double(let value): hash(value == 0 ? 0 : value.bitPattern, tag: 2)
        case .string(let text): hash(text.utf8Span.span)
        default: nil
        }
    }

    private static func hash(_ bits: UInt64, tag: UInt8) -> Int {
        var hasher = Hasher()
        hasher.combine(tag)
        hasher.combine(bits)
        return hasher.finalize()
    }

    private static func hash(_ text: Span<UInt8>) -> Int {
        var hasher = Hasher()
        unsafe text.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
