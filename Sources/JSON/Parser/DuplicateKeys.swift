/// The keys that the object being read may have had already: two bits of 59 for each, by a hash.
///
/// Only where both bits of a key are set already are the keys before it compared, and only in an object of at most
/// `comparedKeys`: what a hostile text can make of that stays a small constant. An object with more keys is checked as a
/// whole when it ends (`refuseDuplicates`).
struct KeyFilter {
    /// How many keys of one object are compared with each other.
    static let comparedKeys = 30

    /// The bits; the lowest five are 0, and leave room for a count.
    private var bits: UInt64 = 0

    /// Makes of what can be had cheaply a number that is equal for equal keys.
    ///
    /// - Parameters:
    ///   - first: The opening quote and the first three bytes, as a little-endian word.
    ///   - last: The last three bytes and the closing quote.
    ///   - length: The key's, at least 2.
    /// - Returns: All of its bits are good, and the upper ones better.
    @inline(__always)
    static func hash(first: UInt32, last: UInt32, length: Int) -> UInt64 {
        (UInt64(first) << 32 | UInt64(last)) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(truncatingIfNeeded: length) << 59
    }

    /// The same number of a key of one byte or none.
    @inline(__always)
    static func hash(short byte: UInt8) -> UInt64 { UInt64(byte) &* 0x9e37_79b9_7f4a_7c15 }

    /// The same number of any key.
    @inline(never)
    static func hash(_ key: Span<UInt8>) -> UInt64 {
        let count = key.count
        guard count >= 2 else { return hash(short: count == 0 ? UInt8(ascii: "\"") : key[0]) }
        // Of a key of two bytes both words have both quotes.
        let quote = UInt32(UInt8(ascii: "\""))
        let third = count > 2 ? (UInt32(key[2]), UInt32(key[count &- 3])) : (quote, quote)
        return hash(
            first: quote | UInt32(key[0]) << 8 | UInt32(key[1]) << 16 | third.0 << 24,
            last: third.1 | UInt32(key[count &- 2]) << 8 | UInt32(key[count &- 1]) << 16 | quote << 24,
            length: count
        )
    }

    /// Adds the key with a hash.
    ///
    /// - Returns: Whether it, or others with the same bits, had been added before.
    @inline(__always)
    mutating func insert(_ hash: UInt64) -> Bool {
        // The lowest bits are not there; a key of which both are is always one to be compared.
        let mark = (1 &<< (hash &>> 58) | 1 &<< (hash &>> 52)) & ~31
        let isKnown = bits & mark == mark
        bits |= mark
        return isKnown
    }

    /// The filter and the number of keys in one word, for as long as another object is read.
    ///
    /// With more keys than are compared the filter is of no use, and its room is the number's.
    @inline(__always)
    func word(with count: Int) -> UInt64 {
        count <= Self.comparedKeys ? bits | UInt64(count) : UInt64(count) << 5 | 31
    }

    /// What `word(with:)` was made of.
    @inline(__always)
    static func read(_ word: UInt64) -> (KeyFilter, count: Int) {
        let count = Int(word & 31)
        guard count < 31 else { return (KeyFilter(), Int(word >> 5)) }
        return (KeyFilter(bits: word & ~31), count)
    }
}

extension TapeBuilder {
    /// Throws if the object that is open has the key at `place`, its last one so far, before that place.
    ///
    /// At most `KeyFilter.comparedKeys` keys are there to compare with.
    @inline(never)
    static func refuseDuplicate(
        of place: Int,
        open: Int,
        _ bytes: Span<UInt8>,
        _ decoded: Span<UInt8>,
        _ tape: borrowing MutableSpan<UInt64>
    ) throws(Fault) {
        let word = tape[place]
        var index = open &+ 2
        while index < place {
            let other = tape[index]
            // Of two keys without escapes only those of one length can be equal.
            if (other ^ word) & ~Tape.fieldMask == 0 || _slowPath((other | word) & Tape.escapedFlag != 0),
                text(tape, index, bytes, decoded).equals(text(tape, place, bytes, decoded))
            {
                throw Fault(.duplicateKey(first: Tape.offset(other) &- 1), at: Tape.offset(word) &- 1)
            }
            index = Tape.next(after: index, other)
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
