internal import CVector

/// The strings of RFC 8259 §7.
enum StringScanner {
    /// How many words `mark` writes.
    static func markCount(_ bytes: Span<UInt8>) -> Int { bytes.count >> 6 &+ 1 }

    /// Marks every byte of a text that is not an ordinary ASCII character of a string: the special ones.
    ///
    /// Those are quotes, backslashes, control characters, and all bytes beyond ASCII. There is no branch in this that depends
    /// on them, and what is known of all strings beforehand need not be waited for at each of them.
    ///
    /// A mark is a bit; those of the first 64 bytes go to the word at `first`, the lowest bit for the first byte.
    static func mark(_ bytes: Span<UInt8>, _ marks: inout MutableSpan<UInt64>, from first: Int) {
        let places = bytes.places(of: 32)
        var index = 0
        while let (first16, second) = bytes.vectors(at: index, below: places),
            let (third, fourth) = bytes.vectors(at: index &+ 32, below: places)
        {
            marks[first &+ index >> 6] = mask(first16, second, third, fourth) { cvector_special($0) }
            index &+= 64
        }
        // The rest as the upper part of the last 64 bytes. No text is read by its marks that is shorter than that.
        if let (first16, second) = bytes.vectors(at: bytes.count &- 64, below: places),
            let (third, fourth) = bytes.vectors(at: bytes.count &- 32, below: places)
        {
            let last = mask(first16, second, third, fourth) { cvector_special($0) }
            marks[first &+ index >> 6] = last >> UInt64(truncatingIfNeeded: 64 &- (bytes.count &- index))
        }
    }

    /// How many ordinary characters there are from a place on, by the marks from the word at `first` on.
    ///
    /// The caller has checked that the place and 64 bytes more are in the text.
    ///
    /// - Returns: 64 if they are as many or more.
    @unsafe @inline(__always)
    static func plainCount(_ marks: borrowing MutableSpan<UInt64>, from first: Int, at place: Int) -> Int {
        let index = first &+ place >> 6
        let shift = UInt64(truncatingIfNeeded: place & 63)
        let low = unsafe marks[unchecked: index] &>> shift
        let high = unsafe (marks[unchecked: index &+ 1] << 1) &<< (63 &- shift)
        return (low | high).trailingZeroBitCount
    }

    /// Finds the first byte from `start` that is special.
    ///
    /// - Returns: Its place; the number of bytes if there is none.
    static func endOfPlain(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        let places = bytes.places(of: 32)
        while let (low, high) = bytes.vectors(at: index, below: places) {
            let specials = cvector_special(low) | cvector_special(high) << 16
            if specials != 0 { return index &+ specials.trailingZeroBitCount }
            index &+= 32
        }
        while index &+ 8 <= bytes.count {
            let specials = specials(bytes.word(at: index))
            if specials != 0 { return index &+ specials.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < bytes.count, !isSpecial(bytes[index]) { index &+= 1 }
        return index
    }

    /// Reads a string on from its first backslash, if all of its escapes are of one character (`\"`, `\n`).
    ///
    /// - Returns: Where its closing quote is, and how many escapes it has. Nil if there is anything else in it than those and
    ///   printable ASCII, or if the text ends within 64 bytes of it: whoever decodes it will see.
    static func endOfEscaped(_ bytes: Span<UInt8>, from place: Int) -> (end: Int, escapes: Int)? {
        var index = place
        var escapes = 0
        var carry: UInt64 = 0  // 1 if the block before ends with the first half of an escape
        let places = bytes.places(of: 32)
        while let (first, second) = bytes.vectors(at: index, below: places),
            let (third, fourth) = bytes.vectors(at: index &+ 32, below: places)
        {
            let quotes = mask(first, second, third, fourth) { cvector_equal($0, UInt8(ascii: "\"")) }
            let backslashes = mask(first, second, third, fourth) { cvector_equal($0, UInt8(ascii: "\\")) }
            let others = mask(first, second, third, fourth) { cvector_unprintable($0) }
            var starts = backslashes & ~carry
            if starts & starts << 1 != 0 {
                // Of backslashes in a row every second one is escaped by the one before it.
                var rest = starts
                starts = 0
                while rest != 0 {
                    let lowest = rest & (0 &- rest)
                    starts |= lowest
                    rest &= ~(lowest | lowest << 1)
                }
            }
            let escaped = starts << 1 | carry
            let ends = quotes & ~escaped
            let inside = (ends &- 1) & ~ends  // all of the block if the string does not end in it
            guard others & inside == 0 else { return nil }
            var letters = escaped & inside & ~(quotes | backslashes)
            while letters != 0 {
                switch bytes[index &+ letters.trailingZeroBitCount] {
                case UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
                    UInt8(ascii: "t"):
                    letters &= letters &- 1
                default: return nil
                }
            }
            escapes &+= (starts & inside).nonzeroBitCount
            if ends != 0 { return (index &+ ends.trailingZeroBitCount, escapes) }
            carry = starts >> 63
            index &+= 64
        }
        return nil
    }

    /// The bits of 64 bytes that pass a test.
    @inline(__always)
    private static func mask(
        _ first: SIMD16<UInt8>,
        _ second: SIMD16<UInt8>,
        _ third: SIMD16<UInt8>,
        _ fourth: SIMD16<UInt8>,
        _ test: (SIMD16<UInt8>) -> UInt32
    ) -> UInt64 {
        UInt64(test(first) | test(second) << 16) | UInt64(test(third) | test(fourth) << 16) << 32
    }

    /// The top bit of each byte that is special; bits above the lowest one set may be wrong.
    @inline(__always)
    static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let backslashes = (word ^ (ones &* 0x5c)) &- ones
        let controls = word &- ones &* 0x20
        return (quotes | backslashes | controls | word) & (ones &* 0x80)
    }

    @inline(__always)
    static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Reads on from a place that `endOfPlain` has found, to the closing quote or the first escape.
    ///
    /// - Returns: Where the quote or the backslash is.
    /// - Throws: The first fault before it.
    static func endOfUnescaped(_ bytes: Span<UInt8>, from place: Int) throws(Fault) -> Int {
        var index = place
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            guard byte >= 0x80 else { throw Fault(.controlCharacter, at: index) }
            repeat {
                index = try UTF8Sequence.end(bytes, at: index)
            } while index < bytes.count && bytes[index] >= 0x80
            index = endOfPlain(bytes, from: index)
        }
        throw Fault(.unexpectedEnd, at: index)
    }
}

/// Decodes strings with escapes into a buffer that is never too small.
struct StringDecoder {
    /// What has been decoded, and behind it room for all that may follow.
    private var buffer: [UInt8] = []

    /// How many bytes have been decoded.
    private(set) var count = 0

    /// What has been decoded.
    var decoded: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.span }
    }

    /// Hands over what has been decoded.
    consuming func finish() -> [UInt8] {
        buffer.removeLast(buffer.count - count)
        return buffer
    }

    /// Decodes a string from its first byte inside the quotes.
    ///
    /// - Returns: Where its closing quote is.
    /// - Throws: The first fault before it.
    mutating func decode(_ bytes: Span<UInt8>, from start: Int) throws(Fault) -> Int {
        if buffer.isEmpty {
            // Decoded text is never longer than its source: this is enough for the rest, and for the last word copied.
            buffer = [UInt8](repeating: 0, count: bytes.count &- start &+ 8)
        }
        var top = count
        var output = buffer.mutableSpan
        let end = try Self.decode(bytes, from: start, to: &output, &top)
        count = top
        return end
    }

    /// Decodes a string that the parser has accepted.
    mutating func decodeAccepted(_ bytes: Span<UInt8>, from start: Int) {
        do throws(Fault) {
            _ = try decode(bytes, from: start)
        } catch {
            preconditionFailure("an accepted string has a fault: \(error)")
        }
    }

    private static func decode(
        _ bytes: Span<UInt8>,
        from start: Int,
        to output: inout MutableSpan<UInt8>,
        _ top: inout Int
    ) throws(Fault) -> Int {
        var index = start
        while true {
            index = copyPlain(bytes, from: index, to: &output, &top)
            guard index < bytes.count else { throw Fault(.unexpectedEnd, at: index) }
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index = try decodeEscape(bytes, at: index, to: &output, &top)
            } else if byte == UInt8(ascii: "\"") {
                return index
            } else if byte >= 0x80 {
                let end = try UTF8Sequence.end(bytes, at: index)
                while index < end {
                    output[top] = bytes[index]
                    top &+= 1
                    index &+= 1
                }
            } else {
                throw Fault(.controlCharacter, at: index)
            }
        }
    }

    /// Copies ordinary ASCII characters and returns where they end.
    @inline(__always)
    private static func copyPlain(
        _ bytes: Span<UInt8>,
        from start: Int,
        to output: inout MutableSpan<UInt8>,
        _ top: inout Int
    ) -> Int {
        var index = start
        while index &+ 8 <= bytes.count {
            let word = bytes.word(at: index)
            output.store(word, at: top)  // and whatever follows the last ordinary character, to be overwritten
            let special = StringScanner.specials(word)
            if special != 0 {
                let length = special.trailingZeroBitCount >> 3
                top &+= length
                return index &+ length
            }
            index &+= 8
            top &+= 8
        }
        while index < bytes.count, !StringScanner.isSpecial(bytes[index]) {
            output[top] = bytes[index]
            index &+= 1
            top &+= 1
        }
        return index
    }

    /// Decodes one escape (two for a surrogate pair) and returns where it ends.
    @inline(__always)
    private static func decodeEscape(
        _ bytes: Span<UInt8>,
        at place: Int,
        to output: inout MutableSpan<UInt8>,
        _ top: inout Int
    ) throws(Fault) -> Int {
        guard place &+ 1 < bytes.count else { throw Fault(.unexpectedEnd, at: bytes.count) }
        let byte = bytes[place &+ 1]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output[top] = byte
        case UInt8(ascii: "b"): output[top] = 0x08
        case UInt8(ascii: "f"): output[top] = 0x0c
        case UInt8(ascii: "n"): output[top] = 0x0a
        case UInt8(ascii: "r"): output[top] = 0x0d
        case UInt8(ascii: "t"): output[top] = 0x09
        case UInt8(ascii: "u"): return try decodeUnicodeEscape(bytes, at: place, to: &output, &top)
        default: throw Fault(.invalidEscape, at: place)
        }
        top &+= 1
        return place &+ 2
    }

    @inline(never)
    private static func decodeUnicodeEscape(
        _ bytes: Span<UInt8>,
        at place: Int,
        to output: inout MutableSpan<UInt8>,
        _ top: inout Int
    ) throws(Fault) -> Int {
        let unit = try hexadecimal(bytes, at: place &+ 2)
        guard 0xd800...0xdfff ~= unit else {
            append(unit, to: &output, &top)
            return place &+ 6
        }
        guard unit < 0xdc00, place &+ 7 < bytes.count, bytes[place &+ 6] == UInt8(ascii: "\\"),
            bytes[place &+ 7] == UInt8(ascii: "u")
        else { throw Fault(.loneSurrogate, at: place) }
        let low = try hexadecimal(bytes, at: place &+ 8)
        guard 0xdc00...0xdfff ~= low else { throw Fault(.loneSurrogate, at: place) }
        append(0x10000 &+ ((unit &- 0xd800) << 10) &+ (low &- 0xdc00), to: &output, &top)
        return place &+ 12
    }

    private static func hexadecimal(_ bytes: Span<UInt8>, at place: Int) throws(Fault) -> UInt32 {
        var result: UInt32 = 0
        for index in place..<(place &+ 4) {
            guard index < bytes.count else { throw Fault(.unexpectedEnd, at: bytes.count) }
            let byte = bytes[index]
            let digit: UInt8 =
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
                default: throw Fault(.invalidEscape, at: place &- 2)
                }
            result = result << 4 | UInt32(digit)
        }
        return result
    }

    /// Writes a scalar in UTF-8; it is not a surrogate, and at most U+10FFFF.
    private static func append(_ scalar: UInt32, to output: inout MutableSpan<UInt8>, _ top: inout Int) {
        let length = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
        let lead: UInt32 = [0x00, 0xc0, 0xe0, 0xf0][length &- 1]
        for place in 0..<length {
            let bits = scalar >> UInt32(6 &* (length &- 1 &- place))
            output[top] = UInt8(truncatingIfNeeded: place == 0 ? lead | bits : 0x80 | bits & 0x3f)
            top &+= 1
        }
    }
}

/// The sequences of more than one byte of RFC 3629.
enum UTF8Sequence {
    /// Where the sequence that begins at `place` with a byte from 0x80 on ends.
    static func end(_ bytes: Span<UInt8>, at place: Int) throws(Fault) -> Int {
        let lead = bytes[place]
        let length: Int
        // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        case 0xf1...0xf3: length = 4
        default: throw Fault(.invalidUTF8, at: place)
        }
        guard place &+ length <= bytes.count, second ~= bytes[place &+ 1] else { throw Fault(.invalidUTF8, at: place) }
        for index in (place &+ 2)..<max(place &+ 2, place &+ length) where bytes[index] & 0xc0 != 0x80 {
            throw Fault(.invalidUTF8, at: place)
        }
        return place &+ length
    }
}
