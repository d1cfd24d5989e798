/// Keys whose members are looked up together, in one pass over the object.
///
/// Made once, for a type that is read again and again: its members are found fastest where the keys are named in the order
/// in which they mostly come.
public struct JSONKeys: Sendable {
    /// A key as the strings on a tape are compared with it: no more than four words, with nothing to retain.
    private struct Entry {
        /// The string's word without its offset: kind, flags and length.
        let word: UInt64
        /// Its first eight bytes, the next eight and the last eight, which overlap; of a shorter key its bytes and zeros.
        let first: UInt64
        let middle: UInt64
        let last: UInt64

        init(_ key: Span<UInt8>) {
            word = Tape.word(.string, length: key.count, offset: 0)
            first = key.prefix(at: 0, length: key.count)
            middle = key.count > 8 ? key.word(at: min(8, key.count - 8)) : first
            last = key.count > 8 ? key.word(at: key.count - 8) : first
        }

        /// Whether the bytes after the first eight are those of the string at a place, which has the key's length.
        @inline(never)
        func endsLike(_ text: Span<UInt8>, at offset: Int, length: Int) -> Bool {
            text.word(at: offset &+ length &- 8) == last && text.word(at: offset &+ min(8, length &- 8)) == middle
        }
    }

    private let entries: [Entry]

    /// The most keys that can be looked up together.
    public static let maximumCount = 16

    /// The longest key in bytes.
    public static let maximumLength = 24

    /// Keys by their text; a member is found by the place of its key among them.
    ///
    /// - Parameter keys: At most `maximumCount` of at most `maximumLength`.
    public init(_ keys: [String]) {
        precondition(keys.count <= Self.maximumCount, "at most \(Self.maximumCount) keys, not \(keys.count)")
        entries = keys.map { key in
            precondition(key.utf8.count <= Self.maximumLength, "longer than \(Self.maximumLength) bytes: \(key)")
            return Entry(key.utf8Span.span)
        }
    }

    /// Looks for a string among the keys.
    ///
    /// - Parameters:
    ///   - word: Its kind, length and offset in `text`, and no flags.
    ///   - text: Where its bytes are.
    ///   - expected: Where to look first.
    /// - Returns: The place of the key; -1 if it is none of them.
    @inline(__always)
    fileprivate func place(of word: UInt64, in text: Span<UInt8>, expected: Int) -> Int {
        let entries = entries.span
        let wanted = word & ~Tape.fieldMask
        let length = Tape.length(word)
        let first = text.prefix(at: Tape.offset(word), length: length)
        var place = expected
        for _ in entries.indices {
            if place >= entries.count { place = 0 }
            if entries[place].word == wanted, entries[place].first == first,
                length <= 8 || entries[place].endsLike(text, at: Tape.offset(word), length: length)
            {
                return place
            }
            place &+= 1
        }
        return -1
    }
}

extension JSONDocument {
    /// Finds the members of an object that have one of these keys and are not `null`; none in anything but an object.
    ///
    /// - Parameters:
    ///   - keys: What to look for.
    ///   - object: Where.
    ///   - values: Takes the value of each member at the place of its key, and must have room for all keys; the others stay
    ///     as they are.
    public func find(_ keys: JSONKeys, in object: JSONValue, into values: consuming MutableSpan<JSONValue?>) {
        guard object.isObject else { return }
        var values = values
        let tape = words
        let text = text
        var index = Int(object.index) &+ 2
        let end = Tape.length(object.word)
        var expected = 0
        while index < end {
            let word = tape[index]
            let place: Int
            if _fastPath(word & Tape.escapedFlag == 0) {
                place = keys.place(of: word, in: text, expected: expected)
                index &+= 1
            } else {
                // Keys are never decoded late.
                let second = tape[index &+ 1]
                let key = Tape.word(.string, length: Tape.length(second), offset: Tape.offset(second))
                place = keys.place(of: key, in: decoded, expected: expected)
                index &+= 2
            }
            let value = JSONValue(word: tape[index], index: index)
            if place >= 0 {
                expected = place &+ 1
                if !value.isNull { values[place] = value.numbered(object.document) }
            }
            index = Tape.next(after: index, value.word)
        }
    }

    /// Whether all elements of an array, or all values of an object's members, are of a kind; false for anything else.
    public func isContainer(_ container: JSONValue, of kind: JSONValue.Kind) -> Bool {
        guard container.isArray || container.isObject else { return false }
        let tape = words
        var index = Int(container.index) &+ 2
        let end = Tape.length(container.word)
        while index < end {
            if container.isObject { index = Tape.next(after: index, tape[index]) }
            guard tape[index] >> 60 == UInt64(kind.rawValue) else { return false }
            index = Tape.next(after: index, tape[index])
        }
        return true
    }
}
