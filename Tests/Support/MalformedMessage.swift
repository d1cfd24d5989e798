public import Testing

/// A message that breaks a rule of HTTP and what must come of it; `Tests/Fixtures/http/README.md` has the format.
public struct MalformedMessage: Sendable, CustomTestStringConvertible {
    /// What the peer must see.
    public enum Outcome: Equatable, Sendable {
        /// HTTP/1.1: an answer with this status, then the end of the connection.
        case closed(status: Int, rule: String)
        /// HTTP/2: GOAWAY with this error code, then the end of the connection.
        case goAway(UInt32)
        /// HTTP/2: RST_STREAM with this error code; the connection goes on.
        case reset(stream: UInt32, UInt32)
        /// HTTP/2: an answer with this status on a stream; the connection goes on.
        case answer(stream: UInt32, status: Int, rule: String)
    }

    /// The rule that is broken, as a sentence.
    public let name: String
    /// What must come of it.
    public let outcome: Outcome
    /// What the peer sends from the start of the connection.
    public let bytes: [UInt8]

    /// The name, in reports.
    public var testDescription: String { name }

    /// Over HTTP/1.1.
    public static let http1 = read("http1.txt") { MalformedMessage.bytes(escaped: $0) }
    /// Over HTTP/2.
    public static let http2 = read("http2.txt") { lines in
        var assembler = FrameAssembler()
        for line in lines { assembler.append(line) }
        return assembler.bytes
    }

    private static func read(_ file: String, _ encode: ([Substring]) -> [UInt8]) -> [MalformedMessage] {
        guard let content = try? Fixtures.bytes("http/\(file)") else { preconditionFailure("no fixture \(file)") }
        var messages: [MalformedMessage] = []
        var name: Substring?
        var outcome: Outcome?
        var lines: [Substring] = []
        func finish() {
            guard let name else { return }
            guard let outcome else { preconditionFailure("\(file): no outcome for '\(name)'") }
            messages.append(MalformedMessage(name: String(name), outcome: outcome, bytes: encode(lines)))
        }
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("# ") {
            if line.hasPrefix("== ") {
                finish()
                (name, outcome, lines) = (line.dropFirst(3), nil, [])
            } else if line.hasPrefix("-> ") {
                outcome = Outcome(line.dropFirst(3))
            } else {
                lines.append(line)
            }
        }
        finish()
        return messages
    }

    /// Reads `\r`, `\xHH` and `{text*count}`.
    private static func bytes(escaped lines: [Substring]) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines {
            var rest = line[...]
            while let start = rest.firstUnescapedBrace {
                bytes += unescape(rest[..<start])
                guard let end = rest[start...].firstIndex(of: "}"), let star = rest[..<end].lastIndex(of: "*"),
                    let count = Int(rest[rest.index(after: star)..<end])
                else { preconditionFailure("malformed repetition: \(rest)") }
                let unit = unescape(rest[rest.index(after: start)..<star])
                for _ in 0..<count { bytes += unit }
                rest = rest[rest.index(after: end)...]
            }
            bytes += unescape(rest)
        }
        return bytes
    }

    private static func unescape(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "{"): bytes.append(UInt8(ascii: "{"))
            case UInt8(ascii: "x"):
                bytes += hexadecimal(String(decoding: rest.prefix(2), as: UTF8.self))
                rest = rest.dropFirst(2)
            default: preconditionFailure("unknown escape in: \(text)")
            }
        }
        return bytes
    }
}

extension MalformedMessage.Outcome {
    fileprivate init(_ text: Substring) {
        let words = text.split(separator: " ").map(String.init)
        switch (words.first ?? "", words.count) {
        case ("goaway", 2): self = .goAway(FrameAssembler.errorCode(words[1]))
        case ("reset", 3): self = .reset(stream: number(words[1]), FrameAssembler.errorCode(words[2]))
        case ("answer", 4):
            self = .answer(stream: number(words[1]), status: Int(number(words[2])), rule: words[3])
        case (_, 2): self = .closed(status: Int(number(words[0])), rule: words[1])
        default: preconditionFailure("not an outcome: \(text)")
        }
    }
}

extension Substring {
    fileprivate var firstUnescapedBrace: Index? {
        var isEscaped = false
        for index in indices {
            if self[index] == "{", !isEscaped { return index }
            isEscaped = self[index] == "\\" && !isEscaped
        }
        return nil
    }
}

/// Reads a decimal number.
func number(_ text: String) -> UInt32 {
    guard let number = UInt32(text) else { preconditionFailure("not a number: \(text)") }
    return number
}

/// Reads pairs of hexadecimal digits.
func hexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    precondition(digits.count.isMultiple(of: 2), "an odd number of digits: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { index in
        guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
            preconditionFailure("not hexadecimal: \(text)")
        }
        return byte
    }
}
