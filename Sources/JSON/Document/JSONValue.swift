/// A handle on one value of a `JSONDocument`: 16 trivial bytes, nothing behind it to retain.
///
/// Everything but the kind is read through the document that handed it out; another document would answer nonsense (though
/// never read out of bounds). The handle does not keep its document alive.
public struct JSONValue: BitwiseCopyable, Sendable {
    /// What a value is.
    @frozen
    public enum Kind: UInt8, Sendable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool
        /// A number that is written without fraction and exponent and fits `Int64`.
        case int
        /// Any other number.
        case double
        /// A string.
        case string
        /// An array.
        case array
        /// An object.
        case object
    }

    @usableFromInline let word: UInt64
    @usableFromInline let index: UInt32

    /// The number of the document among those that are evaluated together; 0 unless whoever gathered them set it.
    public var document: UInt16

    @inlinable @inline(__always)
    init(word: UInt64, index: Int) {
        self.word = word
        self.index = UInt32(truncatingIfNeeded: index)
        document = 0
    }

    /// What the value is.
    @inlinable
    public var kind: Kind {
        // A tape holds only the seven kinds.
        Kind(rawValue: UInt8(truncatingIfNeeded: word >> 60)) ?? .null
    }

    /// Compares the tag itself: these questions are asked of every value on the way.
    @inlinable @inline(__always)
    func has(_ kind: Kind) -> Bool { word >> 60 == UInt64(kind.rawValue) }

    /// Whether it is `null`.
    @inlinable @inline(__always)
    public var isNull: Bool { has(.null) }

    /// Whether it stands for a value that nobody knows yet; its kind is `.null` then.
    ///
    /// Only documents that were parsed for it (`JSONDocument.init(parsingUnknowns:limits:)`) have such values.
    @inlinable @inline(__always)
    public var isUnknown: Bool { word >> 59 == 1 }

    /// Whether it is a string.
    @inlinable @inline(__always)
    public var isString: Bool { has(.string) }

    /// Whether it is a number, of either kind.
    @inlinable @inline(__always)
    public var isNumber: Bool { has(.int) || has(.double) }

    /// Whether it is an array.
    @inlinable @inline(__always)
    public var isArray: Bool { has(.array) }

    /// Whether it is an object.
    @inlinable @inline(__always)
    public var isObject: Bool { has(.object) }

    /// The value of a boolean; nil for any other kind.
    @inlinable
    public var bool: Bool? {
        kind == .bool ? word & Tape.trueFlag != 0 : nil
    }

    /// How much of its document it takes: one or two for each value and key in it, itself included.
    @inlinable
    public var extent: Int {
        isArray || isObject ? Swift.max(1, Tape.length(word) &- Int(index)) : 1
    }

    /// Whether it is the empty string.
    @inlinable @inline(__always)
    public var isEmptyString: Bool {
        // No string with escapes is: each of them stands for something.
        isString && Tape.length(word) == 0
    }

    /// Whether two handles stand for the same place of the same document.
    @inlinable @inline(__always)
    public func isSamePlace(as other: JSONValue) -> Bool {
        index == other.index && document == other.document
    }
}
