/// Words that differ where keys differ, nearly always, for the keys of the objects that are open.
///
/// A small object's keys are compared with each other by these; equal ones are then compared in full. An object with more
/// than `perObject` keys, or one that does not fit, is checked as a whole when it ends (`refuseDuplicates`).
struct KeySignatures {
    /// How many keys of one object are compared pairwise: what a hostile text can make of it stays a small constant.
    private static let perObject = 16

    /// The signatures of the open objects, the outermost first.
    private var words = InlineArray<128, UInt64>(repeating: 0)

    /// How many are in use.
    var count = 0

    /// Whether the object whose signatures begin at `base` gets no more of them.
    @inline(__always)
    func isFull(from base: Int) -> Bool {
        count &- base >= Self.perObject || count == words.count
    }

    /// Adds a signature.
    ///
    /// - Returns: Whether the object whose signatures begin at `base` had it already.
    @inline(__always)
    mutating func insert(_ signature: UInt64, from base: Int) -> Bool {
        var isKnown = false
        for index in base..<count where words[index] == signature { isKnown = true }
        words[count] = signature
        count &+= 1
        return isKnown
    }

    /// The length, the first and the last eight bytes of a key, mixed.
    @inline(__always)
    static func signature(of key: Span<UInt8>) -> UInt64 {
        let length = key.count
        guard length > 8 else { return key.prefix(at: 0, length: length) ^ UInt64(length) << 56 }
        return (key.word(at: 0) ^ UInt64(length)) &* 0x9e37_79b9_7f4a_7c15 ^ key.word(at: length &- 8)
    }
}

extension TapeBuilder {
    /// Throws if the object that is open has the key at `place`, its last one so far, before that place.
    ///
    /// At most 16 keys are there to compare with.
    func refuseDuplicate(
        of place: Int,
        open: Int,
        _ bytes: Span<UInt8>,
        _ tape: borrowing MutableSpan<UInt64>
    ) throws(Fault) {
        let key = Self.text(tape, place, bytes, strings.decoded)
        var index = open &+ 2
        while index < place {
            guard !Self.text(tape, index, bytes, strings.decoded).equals(key) else {
                throw Fault(.duplicateKey(first: Tape.offset(tape[index]) &- 1), at: Tape.offset(tape[place]) &- 1)
            }
            index = Tape.next(after: index, tape[index])
            index = Tape.next(after: index, tape[index])
        }
    }

    /// Throws if an object that is complete has a key twice.
    ///
    /// A hash table over the keys; the hash is seeded anew by every process, so no text can make it collide.
    func refuseDuplicates(
        in open: Int,
        end: Int,
        count: Int,
        _ bytes: Span<UInt8>,
        _ tape: borrowing MutableSpan<UInt64>
    ) throws(Fault) {
        let mask = (count &* 2).nextPowerOfTwo &- 1
        var slots = [UInt32](repeating: 0, count: mask &+ 1)  // an index on the tape; 0 is no key's
        var index = open &+ 2
        while index < end {
            let key = Self.text(tape, index, bytes, strings.decoded)
            var slot = key.seededHash & mask
            while slots[slot] != 0 {
                guard !Self.text(tape, Int(slots[slot]), bytes, strings.decoded).equals(key) else {
                    let first = Tape.offset(tape[Int(slots[slot])]) &- 1
                    throw Fault(.duplicateKey(first: first), at: Tape.offset(tape[index]) &- 1)
                }
                slot = (slot &+ 1) & mask
            }
            slots[slot] = UInt32(index)
            index = Tape.next(after: index, tape[index])
            index = Tape.next(after: index, tape[index])
        }
    }
}

extension Int {
    /// The smallest power of two that is not below; the number is positive.
    fileprivate var nextPowerOfTwo: Int {
        1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}

extension Span where Element == UInt8 {
    /// A hash that differs from process to process.
    var seededHash: Int {
        var hasher = Hasher()
        unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
