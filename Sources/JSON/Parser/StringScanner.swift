/// The strings of RFC 8259 §7.
enum StringScanner {
    /// Finds the first byte from `start` that is not an ordinary ASCII character of a string.
    ///
    /// That is a quote, a backslash, a control character, or anything beyond ASCII.
    ///
    /// - Returns: Its place; the number of bytes if there is none.
    @inline(__always)
    static func endOfPlain(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index &+ 16 <= bytes.count {
            let low = specials(bytes.word(at: index))
            let high = specials(bytes.word(at: index &+ 8))
            if low | high != 0 {
                let place = low != 0 ? low.trailingZeroBitCount : 64 &+ high.trailingZeroBitCount
                return index &+ place >> 3
            }
            index &+= 16
        }
        while index < bytes.count, !isSpecial(bytes[index]) { index &+= 1 }
        return index
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

    /// Reads on from a byte that `endOfPlain` stopped at, up to the closing quote or the first escape.
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
