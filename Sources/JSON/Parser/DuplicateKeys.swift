/// The keys that the object being read may have had already: one bit of 32 for each, by a hash.
///
/// Only where the bit of a key is set already are the keys before it compared, and only in an object of at most
/// `comparedKeys`: what a hostile text can make of that stays a small constant. An object with more keys is checked as a
/// whole when it ends (`refuseDuplicates`).
struct KeyFilter {
    /// How many keys of one object are compared with each other.
    static let comparedKeys = 16

    /// The bits; the upper half is 0.
    private(set) var bits: UInt64 = 0

    init(bits: UInt64 = 0) {
        self.bits = bits
    }

    /// Adds the key `text[start..<start + length]`.
    ///
    /// - Returns: Whether it, or another with the same hash, had been added before.
    @inline(__always)
    mutating func insert(_ text: Span<UInt8>, start: Int, length: Int) -> Bool {
        // The first and the last eight bytes, or all of a shorter key: cheap, and equal for equal keys.
        var hash = text.prefix(at: start, length: length)
        if length > 8 { hash = hash &* 0x9e37_79b9_7f4a_7c15 ^ text.word(at: start &+ length &- 8) }
        let bit: UInt64 = 1 << ((hash &* 0x9e37_79b9_7f4a_7c15) >> 59)
        let isKnown = bits & bit != 0
        bits |= bit
        return isKnown
    }
}

extension TapeBuilder {
    /// Throws if the object that is open has the key at `place`, its last one so far, before that place.
    ///
    /// At most `KeyFilter.comparedKeys` keys are there to compare with.
    func refuseDuplicate(
        of place: Int,
        open: Int,
        _ bytes: Span<UInt8>,
        _ tape: borrowing MutableSpan<UInt64>
    ) throws(Fault) {
        let key = Self.text(tape, place, bytes, strings.decoded)
        let word = tape[place]
        var index = open &+ 2
        while index < place {
            // Of two keys without escapes only those of one length can be equal.
            let isCandidate =
                (tape[index] | word) & Tape.escapedFlag != 0
                || (tape[index] ^ word) & ~Tape.fieldMask == 0
            guard !isCandidate || !Self.text(tape, index, bytes, strings.decoded).equals(key) else {
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
