/// The parser: one pass over the text, one loop without recursion, everything it needs to know on the tape.
///
/// While a container is open its words hold what closing it needs: the first the index of the container around it (instead
/// of the index after it), the second its count so far and the filter of its keys.
struct TapeBuilder {
    /// Decodes the strings with escapes that cannot wait.
    private(set) var strings = StringDecoder()

    /// How many bytes the strings that are decoded when they are read will have.
    private var lateCount = 0

    // Where the loop stands. It leaves only to let the tape grow.
    private var position = 0
    private var top = 0
    private var open = TapeBuilder.none
    private var depth = 0
    private var closing: UInt8 = 0  // the bracket that ends what is open
    private var count = 0
    private var keys = KeyFilter()

    /// What `open` is while no container is: an index that none can have.
    private static let none = Int(Tape.fieldMask)

    /// The most words that one turn of the loop writes: an escaped key, and a container or an escaped string after it.
    private static let wordsATurn = 4

    /// Parses a text.
    ///
    /// - Returns: The tape, with words behind its end that mean nothing, and the decoded bytes of the strings with escapes
    ///   that are not decoded late.
    static func parse(
        _ bytes: Span<UInt8>,
        limits: JSONLimits
    ) throws(JSONError) -> (tape: [UInt64], side: [UInt8]) {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(.tooLarge(limit: limits.maximumBytes), at: limits.maximumBytes, in: bytes)
        }
        // Reviews have a word for every 11 to 16 bytes. Whatever is denser makes the tape grow.
        // The marks of the text stand at its end.
        let markCount = StringScanner.markCount(bytes)
        var tape = [UInt64](repeating: 0, count: bytes.count / 10 + 16 + markCount)
        var builder = TapeBuilder()
        do throws(Fault) {
            while true {
                var words = tape.mutableSpan
                let marks = words.count &- markCount
                StringScanner.mark(bytes, &words, from: marks)
                if try builder.run(bytes, words, marks: marks, maximumDepth: limits.maximumDepth) { break }
                tape.append(contentsOf: repeatElement(0, count: tape.count))
            }
        } catch {
            throw JSONError(error.code, at: error.offset, in: bytes)
        }
        return (tape, builder.strings.finish())
    }

    /// Parses on until the end of the text.
    ///
    /// What a compact text of plain strings needs is in this one loop; all else is in functions of its own. Of the words
    /// those before `marks` are the tape, and the others the marks of the text.
    ///
    /// - Returns: False if the tape must grow first.
    /// - Throws: The first fault.
    private mutating func run(
        _ bytes: Span<UInt8>,
        _ words: consuming MutableSpan<UInt64>,
        marks: Int,
        maximumDepth: Int
    ) throws(Fault) -> Bool {
        // Locals stay in registers.
        var tape = words
        var position = position
        var top = top
        var open = open
        var closing = closing
        var count = count
        var keys = keys
        // From a place below there are 72 bytes: a string of up to 64 by its marks, its quote, and what follows.
        let places = bytes.places(of: 72)

        // As many words as a turn writes are there, which is why some are written without another look.
        turn: while top &+ Self.wordsATurn <= marks {
            if closing == UInt8(ascii: "}") {
                let key = top
                let start = position &+ 1
                var hash: UInt64 = 0
                var isCompact = false
                if _fastPath(UInt(bitPattern: start) < UInt(bitPattern: places)) {
                    let length = unsafe StringScanner.plainCount(tape, from: marks, at: start)
                    let end = start &+ length
                    if _fastPath(
                        unsafe bytes.load(uncheckedAt: position, as: UInt8.self) == UInt8(ascii: "\"")
                            && UInt16(littleEndian: bytes.load(uncheckedAt: end, as: UInt16.self)) == 0x3a22
                    ) {
                        if length >= 2 {
                            let first = unsafe bytes.load(uncheckedAt: position, as: UInt32.self)
                            let last = unsafe bytes.load(uncheckedAt: end &- 3, as: UInt32.self)
                            hash = KeyFilter.hash(
                                first: UInt32(littleEndian: first),
                                last: UInt32(littleEndian: last),
                                length: length
                            )
                        } else {
                            hash = KeyFilter.hash(short: unsafe bytes.load(uncheckedAt: start, as: UInt8.self))
                        }
                        unsafe tape[unchecked: top] = Tape.word(.string, length: length, offset: start)
                        top &+= 1
                        position = end &+ 2
                        isCompact = true
                    }
                }
                if _slowPath(!isCompact) {
                    let string = try anyKey(bytes, at: position)
                    tape[top] = string.first
                    tape[top &+ 1] = string.second
                    top = Tape.next(after: top, string.first)
                    position = Tape.offset(string.first) &+ Tape.length(string.first) &+ 1
                    hash = KeyFilter.hash(Self.text(tape, key, bytes, strings.decoded))
                }
                if _slowPath(keys.insert(hash)), count < KeyFilter.comparedKeys {
                    try Self.refuseDuplicate(of: key, open: open, bytes, strings.decoded, tape)
                }
                if _slowPath(!isCompact) {
                    position = try Self.skipSpace(bytes, from: position)
                    guard bytes[position] == UInt8(ascii: ":") else { throw Self.unexpected(bytes, position) }
                    position &+= 1
                }
            }
            value: while true {
                let byte = bytes.byte(at: position)
                if byte == UInt8(ascii: "\"") {
                    let start = position &+ 1
                    if _fastPath(UInt(bitPattern: start) < UInt(bitPattern: places)) {
                        let length = unsafe StringScanner.plainCount(tape, from: marks, at: start)
                        if _fastPath(
                            unsafe bytes.load(uncheckedAt: start &+ length, as: UInt8.self) == UInt8(ascii: "\"")
                        ) {
                            unsafe tape[unchecked: top] = Tape.word(.string, length: length, offset: start)
                            top &+= 1
                            position = start &+ length &+ 1
                            break value
                        }
                    }
                    let string = try anyString(bytes, from: start, isKey: false)
                    tape[top] = string.first
                    tape[top &+ 1] = string.second
                    top = Tape.next(after: top, string.first)
                    position = start &+ Tape.length(string.first) &+ 1
                } else if byte | 0x20 == UInt8(ascii: "{") {
                    guard depth < maximumDepth else { throw Fault(.tooDeep(limit: maximumDepth), at: position) }
                    let kind: JSONValue.Kind = byte == UInt8(ascii: "{") ? .object : .array
                    let start = position
                    position &+= 1
                    // Both closing brackets are their opening ones plus 2.
                    guard try Self.next(bytes, &position) == byte &+ 2 else {
                        if open != Self.none { tape[open &+ 1] = keys.word(with: count) }
                        tape[top] = Tape.word(kind, length: open, offset: start)
                        open = top
                        top &+= 2
                        depth &+= 1
                        count = 0
                        keys = KeyFilter()
                        closing = byte &+ 2
                        continue turn
                    }
                    position &+= 1
                    tape[top] = Tape.word(kind, length: top &+ 2, offset: start)
                    tape[top &+ 1] = UInt64(position)
                    top &+= 2
                } else if _slowPath(byte <= 0x20) {
                    position = try Self.skipSpace(bytes, from: position)
                    continue value
                } else {
                    let word = try Self.scalar(bytes, at: position, byte)
                    tape[top] = word
                    top &+= 1
                    position &+= Tape.length(word)
                }
                break value
            }

            // A value ends here: its container goes on or ends as well.
            while true {
                if open == Self.none {
                    Self.skipTrailingSpace(bytes, &position)
                    guard position == bytes.count else { throw Fault(.trailingBytes, at: position) }
                    return true
                }
                count &+= 1
                if bytes.byte(at: position) == UInt8(ascii: ",") {
                    position &+= 1
                    break
                }
                let byte = try Self.next(bytes, &position)
                position &+= 1
                if byte == UInt8(ascii: ",") { break }
                guard byte == closing else {
                    throw Fault(.unexpectedByte(byte), at: position &- 1)
                }
                if byte == UInt8(ascii: "}"), count > KeyFilter.comparedKeys {
                    try refuseDuplicates(in: open, end: top, count: count, bytes, tape)
                }
                // Close it, and restore what the container around it had.
                let word = tape[open]
                tape[open] = word & ~(Tape.fieldMask << 28) | UInt64(top) << 28
                tape[open &+ 1] = UInt64(count) << 28 | UInt64(position)
                open = Tape.length(word)
                depth &-= 1
                if open != Self.none {
                    closing =
                        tape[open] >> 60 == UInt64(JSONValue.Kind.object.rawValue)
                        ? UInt8(ascii: "}") : UInt8(ascii: "]")
                    (keys, count) = KeyFilter.read(tape[open &+ 1])
                }
            }
        }
        self.position = position
        self.top = top
        self.open = open
        self.closing = closing
        self.count = count
        self.keys = keys
        return false
    }

    /// Reads a key, up to its closing quote; see `anyString`.
    @inline(never)
    private mutating func anyKey(
        _ bytes: Span<UInt8>,
        at place: Int
    ) throws(Fault) -> (first: UInt64, second: UInt64) {
        let position = try Self.skipSpace(bytes, from: place)
        guard bytes[position] == UInt8(ascii: "\"") else { throw Self.unexpected(bytes, position) }
        return try anyString(bytes, from: position &+ 1, isKey: true)
    }

    /// Reads a string, whatever is in it, from the first byte inside its quotes up to the closing one.
    ///
    /// - Returns: Its words on the tape; the second is no part of it if the first has no `escapedFlag`.
    /// - Throws: The first fault before its closing quote.
    @inline(never)
    private mutating func anyString(
        _ bytes: Span<UInt8>,
        from start: Int,
        isKey: Bool
    ) throws(Fault) -> (first: UInt64, second: UInt64) {
        let special = StringScanner.endOfPlain(bytes, from: start)
        var end = try StringScanner.endOfUnescaped(bytes, from: special)
        guard bytes[end] == UInt8(ascii: "\\") else {
            return (Tape.word(.string, length: end &- start, offset: start), 0)
        }
        // Keys are compared with each other: theirs cannot wait.
        if !isKey, special == end, let found = StringScanner.endOfEscaped(bytes, from: special) {
            let word = Tape.word(.string, length: found.end &- start, offset: start)
            let length = found.end &- start &- found.escapes
            lateCount &+= length
            return (
                word | Tape.escapedFlag | Tape.lateFlag,
                UInt64(length) << 28 | UInt64(lateCount &- length)
            )
        }
        let decoded = strings.count
        end = try strings.decode(bytes, from: start)
        return (
            Tape.word(.string, length: end &- start, offset: start) | Tape.escapedFlag,
            UInt64(strings.count &- decoded) << 28 | UInt64(decoded)
        )
    }

    /// Reads a literal or a number, which begins with `byte`.
    ///
    /// - Returns: Its word on the tape.
    @inline(never)
    private static func scalar(_ bytes: Span<UInt8>, at place: Int, _ byte: UInt8) throws(Fault) -> UInt64 {
        switch byte {
        case UInt8(ascii: "t"):
            try literal("true", 0x6575_7274, bytes, place)
            return Tape.word(.bool, length: 4, offset: place) | Tape.trueFlag
        case UInt8(ascii: "f"):
            try literal("false", 0x736c_6166, bytes, place)
            return Tape.word(.bool, length: 5, offset: place)
        case UInt8(ascii: "n"):
            try literal("null", 0x6c6c_756e, bytes, place)
            return Tape.word(.null, length: 4, offset: place)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let (end, kind) = try Number.scan(bytes, from: place)
            return Tape.word(kind, length: end &- place, offset: place)
        default:
            throw Fault(.unexpectedByte(byte), at: place)
        }
    }

    /// Moves to the next byte that is not white space and returns it.
    @inline(__always)
    private static func next(_ bytes: Span<UInt8>, _ position: inout Int) throws(Fault) -> UInt8 {
        let byte = bytes.byte(at: position)
        if _fastPath(byte > 0x20) { return byte }
        position = try skipSpace(bytes, from: position)
        return bytes[position]
    }

    /// The place of the next byte that is not white space.
    @inline(never)
    private static func skipSpace(_ bytes: Span<UInt8>, from start: Int) throws(Fault) -> Int {
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return position }
            guard isSpace(byte) else { throw Fault(.unexpectedByte(byte), at: position) }
            position &+= 1
        }
        throw Fault(.unexpectedEnd, at: position)
    }

    private static func skipTrailingSpace(_ bytes: Span<UInt8>, _ position: inout Int) {
        while position < bytes.count, isSpace(bytes[position]) { position &+= 1 }
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    /// Reads `true`, `false` or `null`, whose first four bytes are `word`.
    @inline(__always)
    private static func literal(
        _ text: StaticString,
        _ word: UInt32,
        _ bytes: Span<UInt8>,
        _ position: Int
    ) throws(Fault) {
        let length = text.utf8CodeUnitCount
        guard position &+ length <= bytes.count, bytes.prefix(at: position, length: 4) == UInt64(word),
            length == 4 || bytes[position &+ 4] == UInt8(ascii: "e")
        else { throw misspelt(text, bytes, position) }
    }

    /// The first byte that is not the literal's.
    private static func misspelt(_ text: StaticString, _ bytes: Span<UInt8>, _ position: Int) -> Fault {
        var index = position
        for byte in text.description.utf8 {
            guard index < bytes.count, bytes[index] == byte else { break }
            index += 1
        }
        return unexpected(bytes, index)
    }

    private static func unexpected(_ bytes: Span<UInt8>, _ position: Int) -> Fault {
        position < bytes.count
            ? Fault(.unexpectedByte(bytes[position]), at: position) : Fault(.unexpectedEnd, at: position)
    }

    /// The decoded bytes of the string at a place of the tape.
    @_lifetime(copy bytes, copy side)
    @inline(__always)
    static func text(
        _ tape: borrowing MutableSpan<UInt64>,
        _ index: Int,
        _ bytes: Span<UInt8>,
        _ side: Span<UInt8>
    ) -> Span<UInt8> {
        let isEscaped = tape[index] & Tape.escapedFlag != 0
        let word = isEscaped ? tape[index &+ 1] : tape[index]
        let range = Tape.offset(word)..<(Tape.offset(word) &+ Tape.length(word))
        return isEscaped ? side.extracting(range) : bytes.extracting(range)
    }
}
