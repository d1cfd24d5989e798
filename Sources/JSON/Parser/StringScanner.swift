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
        while index &+ 8 <= bytes.count {
            let special = specials(bytes.word(at: index))
            if special != 0 { return index &+ special.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < bytes.count, !isSpecial(bytes[index]) { index &+= 1 }
        return index
    }

    /// The top bit of each byte that is special; bits above the lowest one set may be wrong.
    @inline(__always)
    private static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let backslashes = (word ^ (ones &* 0x5c)) &- ones
        let controls = word &- ones &* 0x20
        return (quotes | backslashes | controls | word) & (ones &* 0x80)
    }

    @inline(__always)
    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Reads on from a byte that `endOfPlain` stopped at.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - start: The first byte inside the quotes.
    ///   - place: The special byte.
    ///   - side: Takes the whole decoded string if it has an escape.
    /// - Returns: Where the closing quote is, and whether there was an escape.
    /// - Throws: The first fault before the closing quote.
    static func scanRest(
        _ bytes: Span<UInt8>,
        start: Int,
        from place: Int,
        side: inout [UInt8]
    ) throws(Fault) -> (end: Int, isEscaped: Bool) {
        var index = place
        var isEscaped = false
        var copied = start
        while true {
            guard index < bytes.count else { throw Fault(.unexpectedEnd, at: index) }
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                if isEscaped { side.append(bytes.extracting(copied..<index)) }
                return (index, isEscaped)
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                side.append(bytes.extracting(copied..<index))
                index = try decodeEscape(bytes, at: index, into: &side)
                copied = index
            } else if byte < 0x20 {
                throw Fault(.controlCharacter, at: index)
            } else {
                repeat {
                    index = try UTF8Sequence.end(bytes, at: index)
                } while index < bytes.count && bytes[index] >= 0x80
            }
            index = endOfPlain(bytes, from: index)
        }
    }

    /// Decodes one escape (two for a surrogate pair) and returns where it ends.
    private static func decodeEscape(
        _ bytes: Span<UInt8>,
        at place: Int,
        into side: inout [UInt8]
    ) throws(Fault) -> Int {
        guard place &+ 1 < bytes.count else { throw Fault(.unexpectedEnd, at: bytes.count) }
        switch bytes[place &+ 1] {
        case UInt8(ascii: "\""): side.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): side.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): side.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): side.append(0x08)
        case UInt8(ascii: "f"): side.append(0x0c)
        case UInt8(ascii: "n"): side.append(0x0a)
        case UInt8(ascii: "r"): side.append(0x0d)
        case UInt8(ascii: "t"): side.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try hexadecimal(bytes, at: place &+ 2)
            guard 0xd800...0xdfff ~= unit else {
                append(unit, to: &side)
                return place &+ 6
            }
            guard unit < 0xdc00, place &+ 7 < bytes.count, bytes[place &+ 6] == UInt8(ascii: "\\"),
                bytes[place &+ 7] == UInt8(ascii: "u")
            else { throw Fault(.loneSurrogate, at: place) }
            let low = try hexadecimal(bytes, at: place &+ 8)
            guard 0xdc00...0xdfff ~= low else { throw Fault(.loneSurrogate, at: place) }
            append(0x10000 &+ ((unit &- 0xd800) << 10) &+ (low &- 0xdc00), to: &side)
            return place &+ 12
        default: throw Fault(.invalidEscape, at: place)
        }
        return place &+ 2
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

    private static func append(_ scalar: UInt32, to side: inout [UInt8]) {
        // Not a surrogate and at most U+10FFFF: the callers have made sure.
        if let scalar = Unicode.Scalar(scalar) { side.append(contentsOf: String(scalar).utf8) }
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
