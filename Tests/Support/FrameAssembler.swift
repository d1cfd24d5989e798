/// Writes HTTP/2 frames (RFC 9113 §4.1) from lines of text, right or wrong.
public struct FrameAssembler {
    /// The bytes so far.
    public private(set) var bytes: [UInt8] = []

    /// An assembler that has written nothing.
    public init() {}

    /// Writes what a line says; `Tests/Fixtures/http/README.md` has the words.
    public mutating func append(_ line: some StringProtocol) {
        let (word, rest) = String(line).cut()
        switch word {
        case "preface":
            append("magic")
            appendFrame(type: 4, flags: 0, stream: 0, payload: [])
        case "magic":
            bytes += Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        case "bytes":
            bytes += FrameAssembler.payload(rest).bytes
        case "frame":
            let (type, afterType) = rest.cut()
            let (flags, afterFlags) = afterType.cut()
            let (stream, words) = afterFlags.cut()
            let payload = FrameAssembler.payload(words)
            appendFrame(
                type: FrameAssembler.frameType(type),
                flags: hexadecimal(flags)[0],
                stream: number(stream),
                payload: payload.bytes,
                length: payload.length
            )
        case "headers":
            let (flags, afterFlags) = rest.cut()
            let (stream, fields) = afterFlags.cut()
            appendFrame(
                type: 1,
                flags: hexadecimal(flags)[0],
                stream: number(stream),
                payload: FrameAssembler.headerBlock(fields)
            )
        case "request":
            append("headers \(rest) :method: POST | :scheme: https | :authority: a | :path: /")
        case "repeat":
            let (count, item) = rest.cut()
            for index in 0..<number(count) { append(item.replacing("$", with: String(2 * index + 1))) }
        default:
            preconditionFailure("not an item: \(line)")
        }
    }

    /// Writes a frame.
    ///
    /// - Parameters:
    ///   - type: RFC 9113 §6.
    ///   - flags: Of that type.
    ///   - stream: The identifier.
    ///   - payload: The bytes after the header.
    ///   - length: What the header says; the payload's if `nil`.
    public mutating func appendFrame(
        type: UInt8,
        flags: UInt8,
        stream: UInt32,
        payload: [UInt8],
        length: Int? = nil
    ) {
        let length = length ?? payload.count
        bytes += [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags]
        bytes += stride(from: 24, through: 0, by: -8).map { UInt8(stream >> UInt32($0) & 0xff) }
        bytes += payload
    }

    /// Encodes `name: value | name: value` as HPACK literals that are not indexed (RFC 7541 §6.2.2).
    ///
    /// A value may be `text*count`.
    public static func headerBlock(_ fields: String) -> [UInt8] {
        var block: [UInt8] = []
        for field in fields.split(separator: " | ") {
            let colon = field.dropFirst().firstIndex(of: ":") ?? field.endIndex
            let name = Array(field[..<colon].utf8)
            let value = Array(field[colon...].dropFirst(2).utf8)
            block.append(0)
            block += hpackString(name)
            block += hpackString(repeated(value))
        }
        return block
    }

    /// A string without Huffman coding (RFC 7541 §5.2).
    private static func hpackString(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var prefix: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            prefix.append(UInt8(rest % 128 + 128))
            rest /= 128
        }
        prefix.append(UInt8(rest))
        return prefix + bytes
    }

    private static func repeated(_ value: [UInt8]) -> [UInt8] {
        guard let star = value.lastIndex(of: UInt8(ascii: "*")), star > 0,
            let count = Int(String(decoding: value[(star + 1)...], as: UTF8.self))
        else { return value }
        return Array(repeating: Array(value[..<star]), count: count).flatMap { $0 }
    }

    private static func payload(_ words: String) -> (bytes: [UInt8], length: Int?) {
        var bytes: [UInt8] = []
        var length: Int?
        for word in words.split(separator: " ") {
            if word.hasPrefix("\"") {
                bytes += Array(word.dropFirst().dropLast().utf8)
            } else if word.hasPrefix("length:") {
                length = Int(number(String(word.dropFirst(7))))
            } else if let star = word.firstIndex(of: "*") {
                let unit = hexadecimal(String(word[..<star]))
                for _ in 0..<number(String(word[star...].dropFirst())) { bytes += unit }
            } else {
                bytes += hexadecimal(String(word))
            }
        }
        return (bytes, length)
    }

    private static let frameTypes = [
        "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE",
        "CONTINUATION",
    ]

    private static let errorCodes = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]

    private static func frameType(_ name: String) -> UInt8 {
        frameTypes.firstIndex(of: name).map(UInt8.init) ?? UInt8(number(name))
    }

    static func errorCode(_ name: String) -> UInt32 {
        guard let code = errorCodes.firstIndex(of: name) else { preconditionFailure("not an error code: \(name)") }
        return UInt32(code)
    }
}

/// A frame that was received.
public struct ReceivedFrame: Equatable, Sendable {
    /// The type (RFC 9113 §6).
    public let type: UInt8
    /// The flags.
    public let flags: UInt8
    /// The stream's identifier.
    public let stream: UInt32
    /// What follows the header.
    public let payload: [UInt8]

    /// A frame with these parts.
    public init(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8]) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    /// The error code of RST_STREAM or GOAWAY; `nil` of any other frame.
    public var errorCode: UInt32? {
        let offset = type == 3 ? 0 : type == 7 ? 4 : -1
        guard offset >= 0, payload.count >= offset + 4 else { return nil }
        return payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads frames up to the last that is whole.
    public static func parse(_ bytes: [UInt8]) -> [ReceivedFrame] {
        var frames: [ReceivedFrame] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 9 + length else { break }
            frames.append(
                ReceivedFrame(
                    type: head[3],
                    flags: head[4],
                    stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) } & 0x7fff_ffff,
                    payload: Array(rest.dropFirst(9).prefix(length))
                )
            )
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }
}

extension String {
    /// The first word and what follows the space after it.
    fileprivate func cut() -> (word: String, rest: String) {
        guard let space = firstIndex(of: " ") else { return (self, "") }
        return (String(self[..<space]), String(self[index(after: space)...]))
    }
}
