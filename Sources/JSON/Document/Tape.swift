/// The layout of a tape: one or two 64-bit words a node, in document order.
///
/// ```
/// bits 60…63   kind (`JSONValue.Kind`)
/// bit  59      of a null: an unknown, which is written as a string with escapes and otherwise has its words
/// bit  58      an escaped string that is decoded when one of its kind is read, and not by the parser
/// bit  57      the value of a boolean
/// bit  56      a string with escapes: a second word follows
/// bits 28…55   scalars: length of the source text in bytes; containers: index of the word after the last one inside
/// bits  0…27   offset of the source text: of the first byte inside the quotes for a string
///
/// second word of an escaped string    bits 28…55 length, bits 0…27 offset, both in the buffer of its kind
/// second word of a container          bits 28…63 number of elements or members, bits 0…27 offset after its bracket
/// ```
///
/// An object's members are its keys (strings) and values in turn. A word's 28-bit fields bound a document at 2²⁸ − 1 bytes;
/// no node has more words than bytes but for containers on the way to the depth limit.
@usableFromInline
enum Tape {
    @usableFromInline static let fieldMask: UInt64 = (1 << 28) - 1
    @usableFromInline static let trueFlag: UInt64 = 1 << 57
    @usableFromInline static let escapedFlag: UInt64 = 1 << 56
    static let lateFlag: UInt64 = 1 << 58
    static let unknownFlag: UInt64 = 1 << 59

    /// The largest number of bytes of a document whose offsets fit the words.
    static let maximumBytes = (1 << 28) - 4096

    @inline(__always)
    static func word(_ kind: JSONValue.Kind, length: Int, offset: Int) -> UInt64 {
        UInt64(kind.rawValue) << 60 | UInt64(truncatingIfNeeded: length) << 28 | UInt64(truncatingIfNeeded: offset)
    }

    /// The low field: an offset.
    @inlinable @inline(__always)
    static func offset(_ word: UInt64) -> Int {
        Int(truncatingIfNeeded: word & fieldMask)
    }

    /// The middle field: a length, or the index after a container.
    @inlinable @inline(__always)
    static func length(_ word: UInt64) -> Int {
        Int(truncatingIfNeeded: (word >> 28) & fieldMask)
    }

    /// The number of elements or members, from a container's second word.
    @inline(__always)
    static func count(_ second: UInt64) -> Int {
        Int(truncatingIfNeeded: second >> 28)
    }

    /// The number of words of the node itself, without what a container holds.
    static func width(_ word: UInt64) -> Int {
        word >> 60 >= UInt64(JSONValue.Kind.array.rawValue) || word & escapedFlag != 0 ? 2 : 1
    }

    /// The index of the node after the one at `index`, whatever that one holds.
    @inlinable @inline(__always)
    static func next(after index: Int, _ word: UInt64) -> Int {
        word >> 60 >= UInt64(JSONValue.Kind.array.rawValue)
            ? length(word) : index &+ 1 &+ Int(truncatingIfNeeded: (word >> 56) & 1)
    }
}
