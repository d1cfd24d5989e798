/// The parser: one pass over the text, one loop without recursion, everything it needs to know on the tape.
///
/// While a container is open its words hold what closing it needs: the first the index of the container around it (instead
/// of the index after it), the second its count so far and the filter of its keys.
struct TapeBuilder {
    /// Decodes the strings that have escapes.
    private(set) var strings = StringDecoder()

    // Where the loop stands. It leaves only to let the tape grow.
    private var position = 0
    private var top = 0
    private var open = TapeBuilder.none
    private var depth = 0
    private var isInObject = false
    private var count = 0
    private var keys = KeyFilter()

    /// What `open` is while no container is: an index that none can have.
    private static let none = Int(Tape.fieldMask)

    /// The most words that one turn of the loop writes: an escaped key, and a container or an escaped string after it.
    private static let wordsATurn = 4

    /// Parses a text.
    ///
    /// - Returns: The tape, and the decoded bytes of the strings with escapes.
    static func parse(
        _ bytes: Span<UInt8>,
        limits: JSONLimits
    ) throws(JSONError) -> (tape: [UInt64], side: [UInt8]) {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(.tooLarge(limit: limits.maximumBytes), at: limits.maximumBytes, in: bytes)
        }
        // Reviews have a word for every 13 to 16 bytes. Whatever is denser makes the tape grow.
        var tape = [UInt64](repeating: 0, count: bytes.count / 10 + 16)
        var builder = TapeBuilder()
        do throws(Fault) {
            while true {
                var words = tape.mutableSpan
                if try builder.run(bytes, &words, maximumDepth: limits.maximumDepth) { break }
                tape.append(contentsOf: repeatElement(0, count: tape.count))
            }
        } catch {
            throw JSONError(error.code, at: error.offset, in: bytes)
        }
        tape.removeLast(tape.count - builder.top)
        return (tape, builder.strings.finish())
    }

    /// Parses on until the end of the text.
    ///
    /// - Returns: False if the tape must grow first.
    private mutating func run(
        _ bytes: Span<UInt8>,
        _ tape: inout MutableSpan<UInt64>,
        maximumDepth: Int
    ) throws(Fault) -> Bool {
        // Locals stay in registers.
        var position = position
        var top = top
        var open = open
        var isInObject = isInObject
        var count = count
        var keys = keys

        while top &+ Self.wordsATurn <= tape.count {
            if isInObject {
                guard try Self.skipSpace(bytes, &position) == UInt8(ascii: "\"") else {
                    throw Self.unexpected(bytes, position)
                }
                let key = top
                let start = position &+ 1
                let isKnown =
                    if try string(bytes, &position, &tape, &top) {
                        keys.insert(bytes, start: start, length: position &- start &- 1)
                    } else {
                        insert(Self.text(tape, key, bytes, strings.decoded), into: &keys)
                    }
                if isKnown, count < KeyFilter.comparedKeys { try refuseDuplicate(of: key, open: open, bytes, tape) }
                guard try Self.skipSpace(bytes, &position) == UInt8(ascii: ":") else {
                    throw Self.unexpected(bytes, position)
                }
                position &+= 1
            }
            let byte = try Self.skipSpace(bytes, &position)
            switch byte {
            case UInt8(ascii: "\""):
                _ = try string(bytes, &position, &tape, &top)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < maximumDepth else { throw Fault(.tooDeep(limit: maximumDepth), at: position) }
                depth &+= 1
                if open != Self.none { tape[open &+ 1] = UInt64(count) << 32 | keys.bits }
                isInObject = byte == UInt8(ascii: "{")
                tape[top] = Tape.word(isInObject ? .object : .array, length: open, offset: position)
                open = top
                top &+= 2
                position &+= 1
                count = 0
                keys = KeyFilter()
                // Below an empty container is closed; anything inside has a turn of its own.
                guard try Self.skipSpace(bytes, &position) == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
                else {
                    continue
                }
                count = -1
            case UInt8(ascii: "t"):
                try Self.literal("true", 0x6575_7274, bytes, &position)
                tape[top] = Tape.word(.bool, length: 4, offset: position &- 4) | Tape.trueFlag
                top &+= 1
            case UInt8(ascii: "f"):
                try Self.literal("false", 0x736c_6166, bytes, &position)
                tape[top] = Tape.word(.bool, length: 5, offset: position &- 5)
                top &+= 1
            case UInt8(ascii: "n"):
                try Self.literal("null", 0x6c6c_756e, bytes, &position)
                tape[top] = Tape.word(.null, length: 4, offset: position &- 4)
                top &+= 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let (end, kind) = try Number.scan(bytes, from: position)
                tape[top] = Tape.word(kind, length: end &- position, offset: position)
                top &+= 1
                position = end
            default:
                throw Fault(.unexpectedByte(byte), at: position)
            }

            // A value ends here: its container goes on or ends as well.
            while true {
                if open == Self.none {
                    Self.skipTrailingSpace(bytes, &position)
                    guard position == bytes.count else { throw Fault(.trailingBytes, at: position) }
                    self.top = top
                    return true
                }
                count &+= 1
                let byte = try Self.skipSpace(bytes, &position)
                position &+= 1
                if byte == UInt8(ascii: ",") { break }
                guard byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw Fault(.unexpectedByte(byte), at: position &- 1)
                }
                if isInObject, count > KeyFilter.comparedKeys {
                    try refuseDuplicates(in: open, end: top, count: count, bytes, tape)
                }
                // Close it, and restore what the container around it had.
                let word = tape[open]
                tape[open] = word & ~(Tape.fieldMask << 28) | UInt64(top) << 28
                tape[open &+ 1] = UInt64(count) << 28 | UInt64(position)
                open = Tape.length(word)
                depth &-= 1
                if open != Self.none {
                    isInObject = tape[open] >> 60 == UInt64(JSONValue.Kind.object.rawValue)
                    count = Int(truncatingIfNeeded: tape[open &+ 1] >> 32)
                    keys = KeyFilter(bits: tape[open &+ 1] & 0xffff_ffff)
                }
            }
        }
        self.position = position
        self.top = top
        self.open = open
        self.isInObject = isInObject
        self.count = count
        self.keys = keys
        return false
    }

    @inline(never)
    private func insert(_ key: Span<UInt8>, into keys: inout KeyFilter) -> Bool {
        keys.insert(key, start: 0, length: key.count)
    }

    /// Reads the string whose opening quote is at `position`.
    ///
    /// - Returns: Whether the string is what stands between its quotes, with no escapes to decode.
    /// - Throws: The first fault before its closing quote.
    @inline(__always)
    private mutating func string(
        _ bytes: Span<UInt8>,
        _ position: inout Int,
        _ tape: inout MutableSpan<UInt64>,
        _ top: inout Int
    ) throws(Fault) -> Bool {
        let start = position &+ 1
        let end = StringScanner.endOfPlain(bytes, from: start)
        if end < bytes.count, bytes[end] == UInt8(ascii: "\"") {
            tape[top] = Tape.word(.string, length: end &- start, offset: start)
            top &+= 1
            position = end &+ 1
            return true
        }
        return try specialString(bytes, &position, &tape, &top, special: end)
    }

    /// Reads a string that has something other than ordinary ASCII characters, the first at `special`.
    @inline(never)
    private mutating func specialString(
        _ bytes: Span<UInt8>,
        _ position: inout Int,
        _ tape: inout MutableSpan<UInt64>,
        _ top: inout Int,
        special: Int
    ) throws(Fault) -> Bool {
        let start = position &+ 1
        var end = try StringScanner.endOfUnescaped(bytes, from: special)
        let isEscaped = bytes[end] == UInt8(ascii: "\\")
        if isEscaped {
            let decoded = strings.count
            end = try strings.decode(bytes, from: start)
            tape[top] = Tape.word(.string, length: end &- start, offset: start) | Tape.escapedFlag
            tape[top &+ 1] = UInt64(strings.count &- decoded) << 28 | UInt64(decoded)
            top &+= 2
        } else {
            tape[top] = Tape.word(.string, length: end &- start, offset: start)
            top &+= 1
        }
        position = end &+ 1
        return !isEscaped
    }

    /// Moves to the next byte that is not white space and returns it.
    @inline(__always)
    private static func skipSpace(_ bytes: Span<UInt8>, _ position: inout Int) throws(Fault) -> UInt8 {
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return byte }
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
        _ position: inout Int
    ) throws(Fault) {
        let length = text.utf8CodeUnitCount
        guard position &+ length <= bytes.count, bytes.prefix(at: position, length: 4) == UInt64(word),
            length == 4 || bytes[position &+ 4] == UInt8(ascii: "e")
        else { throw misspelt(text, bytes, position) }
        position &+= length
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
