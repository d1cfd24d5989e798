/// Character classes of RFC 9110 §5.6.2 and RFC 3986 as bit sets over ASCII.
struct ASCIISet {
    private let low: UInt64
    private let high: UInt64

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? (low >> UInt64(byte)) & 1 != 0 : byte < 128 && (high >> UInt64(byte & 63)) & 1 != 0
    }

    /// `token`: letters, digits and `!#$%&'*+-.^_`|~`.
    @inline(__always)
    static var token: ASCIISet { ASCIISet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }

    /// A host's name: letters, digits and `-._`.
    @inline(__always)
    static var host: ASCIISet { ASCIISet(low: 0x03ff_6000_0000_0000, high: 0x07ff_fffe_87ff_fffe) }

    /// What a request target may hold: visible characters but the quotes, hash, angles, backslash, caret and braces.
    ///
    /// `[` and `]` are tolerated as browsers do.
    @inline(__always)
    static var target: ASCIISet { ASCIISet(low: 0xafff_fff2_0000_0000, high: 0x47ff_fffe_afff_ffff) }
}

extension Span<UInt8> {
    /// The first byte from `start` that may not stand in a field value (RFC 9110 §5.5): a control character but HTAB.
    ///
    /// CR and LF are among them, so this finds the end of the line in the same pass.
    @inline(__always)
    func endOfFieldValue(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        let raw = unsafe bytes
        while index &+ 8 <= count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            // A byte's high bit is set where it is below 0x20, or equals 0x7f. Borrows reach only bytes above a hit,
            // so the lowest hit is exact.
            let deletes = word ^ (0x7f &* ones)
            let hits = (((word &- 0x20 &* ones) & ~word) | ((deletes &- ones) & ~deletes)) & highs
            if hits == 0 {
                index &+= 8
                continue
            }
            index &+= hits.trailingZeroBitCount >> 3
            if self[index] != 0x09 { return index }
            index &+= 1
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 && byte != 0x09 || byte == 0x7f { return index }
            index &+= 1
        }
        return count
    }

    /// Skips letters, digits, `-` and `.`, which are most of most names, eight at a time.
    ///
    /// - Returns: The first other byte, or an earlier one among the last seven.
    @inline(__always)
    func skipNameCharacters(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        let raw = unsafe bytes
        while index &+ 8 <= count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            // Seven bits a byte, so that no sum carries into the next; a high bit says "in the range".
            let low = word & ~highs
            let folded = low | 0x20 &* ones
            let letters = (folded &+ (0x80 - 0x61) &* ones) & ~(folded &+ (0x80 - 0x7b) &* ones)
            let digits = (low &+ (0x80 - 0x30) &* ones) & ~(low &+ (0x80 - 0x3a) &* ones)
            let marks = (low &+ (0x80 - 0x2d) &* ones) & ~(low &+ (0x80 - 0x2f) &* ones)
            let others = (~(letters | digits | marks) | word) & highs
            if others != 0 { return index &+ others.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        return index
    }

    /// The first byte from `start` that is not in a set, which must hold letters, digits, `-` and `.`.
    @inline(__always)
    func end(of set: ASCIISet, from start: Int) -> Int {
        var index = start
        while true {
            index = skipNameCharacters(from: index)
            guard index < count, set.contains(self[index]) else { return index }
            index &+= 1
        }
    }

    /// The first LF from `start`.
    func firstLineFeed(from start: Int) -> Int? {
        var index = start
        while index < count {
            if self[index] == 0x0a { return index }
            index &+= 1
        }
        return nil
    }
}

/// One `name: value` line in a head or trailer section.
enum FieldLine {
    case incomplete
    /// The empty line; the section ends at the offset.
    case end(Int)
    /// A line; the next starts at `next`.
    case field(HTTPFields.Entry, next: Int)
    case failed(HTTPFailure.Code)

    /// Parses the line that starts at `start` (RFC 9112 §5): no obs-fold, no space around the name, CRLF at the end.
    ///
    /// What is wrong is said only when the line is complete, so that it does not matter where the bytes were split.
    @inline(__always)
    static func parse(_ bytes: Span<UInt8>, at start: Int) -> FieldLine {
        let nameEnd = bytes.end(of: .token, from: start)
        guard nameEnd < bytes.count else { return .incomplete }
        guard bytes[nameEnd] == UInt8(ascii: ":"), nameEnd > start else {
            return endOrFailure(bytes, at: start)
        }
        var index = nameEnd &+ 1
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index &+= 1 }
        let valueStart = index
        let end = bytes.endOfFieldValue(from: index)
        guard end &+ 1 < bytes.count, bytes[end] == 0x0d, bytes[end &+ 1] == 0x0a else {
            return failure(.badFieldValue, bytes, lineStart: start)
        }
        var valueEnd = end
        while valueEnd > valueStart, bytes[valueEnd &- 1] == 0x20 || bytes[valueEnd &- 1] == 0x09 { valueEnd &-= 1 }
        return .field(
            HTTPFields.Entry(name: ByteRange(start, nameEnd), value: ByteRange(valueStart, valueEnd)),
            next: end &+ 2
        )
    }

    /// A line without a name: the section's end, obs-fold, or garbage.
    private static func endOrFailure(_ bytes: Span<UInt8>, at start: Int) -> FieldLine {
        if bytes[start] == 0x0d {
            guard start + 1 < bytes.count else { return .incomplete }
            if bytes[start + 1] == 0x0a { return .end(start + 2) }
        }
        return failure(.badFieldName, bytes, lineStart: start)
    }

    private static func failure(_ code: HTTPFailure.Code, _ bytes: Span<UInt8>, lineStart: Int) -> FieldLine {
        bytes.firstLineFeed(from: lineStart) == nil ? .incomplete : .failed(code)
    }
}
