/// The first line of a message: ``RequestLine`` or ``StatusLine``.
protocol StartLine {
    /// Parses the line at `start`; `incomplete` until its LF is there, whatever is wrong with it.
    static func parse(_ bytes: Span<UInt8>, at start: Int) -> StartLineResult<Self>

    /// What a message that begins with none of its bytes is refused with.
    static var failure: HTTPFailure.Code { get }
    /// What a line is refused with that fills the whole head.
    static var tooLong: HTTPFailure.Code { get }
}

enum StartLineResult<Line> {
    case incomplete
    case line(Line, next: Int)
    case failed(HTTPFailure.Code)

    /// A refusal, once the line that starts at `start` is complete: it must not matter where the bytes were split.
    static func refuse(_ code: HTTPFailure.Code, _ bytes: Span<UInt8>, at start: Int) -> StartLineResult {
        bytes.firstLineFeed(from: start) == nil ? .incomplete : .failed(code)
    }
}

/// Reads a message's head line by line, each byte once unless the head comes in pieces.
struct HeadReader<Line: StartLine> {
    enum Progress {
        case incomplete
        case complete
        case failed(HTTPFailure.Code)
    }

    /// The first line; there once the head is complete.
    private(set) var line: Line?
    private(set) var noted = NotedFields()
    private var lineStart = 0

    /// Uses bytes up to the end of the head.
    ///
    /// - Parameters:
    ///   - bytes: What was received.
    ///   - offset: How much of it is used.
    ///   - fields: Takes the head's bytes and entries; empty before the first call.
    ///   - limits: For bytes and number of fields.
    /// - Returns: How far the head is.
    mutating func read(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        into fields: inout HTTPFields,
        limits: borrowing HTTPLimits
    ) -> Progress {
        let gathered = fields.bytes.count
        let count = min(bytes.count - offset, limits.headBytes - gathered)
        let result: ParseResult
        if gathered == 0 {
            // Parsed where it lies: only the head's own bytes are copied if it lies there whole.
            result = parse(bytes.extracting(offset..<offset + count), into: &fields.entries, limits: limits)
            if case .complete(let end) = result {
                fields.bytes.append(bytes, offset..<offset + end)
            } else {
                fields.bytes.append(bytes, offset..<offset + count)
            }
        } else {
            fields.bytes.append(bytes, offset..<offset + count)
            if gathered > 2, bytes.extracting(offset..<offset + count).firstLineFeed(from: 0) == nil {
                // Nothing but the first bytes is judged before its line is complete, so a slow peer's line is not
                // read again for each byte of it.
                result = .incomplete
            } else {
                var entries: [HTTPFields.Entry] = []
                swap(&entries, &fields.entries)
                result = parse(fields.bytes.span, into: &entries, limits: limits)
                swap(&entries, &fields.entries)
            }
            if case .complete(let end) = result { fields.bytes.removeLast(fields.bytes.count - end) }
        }
        switch result {
        case .complete(let end):
            offset += end - gathered
            return .complete
        case .incomplete:
            offset += count
            guard gathered + count == limits.headBytes else { return .incomplete }
            return .failed(line == nil ? Line.tooLong : .headTooLarge)
        case .failed(let code):
            return .failed(code)
        }
    }

    private enum ParseResult {
        case incomplete
        case complete(end: Int)
        case failed(HTTPFailure.Code)
    }

    /// Goes on with the head that `bytes` begin with: at each call there are more of them.
    private mutating func parse(
        _ bytes: Span<UInt8>,
        into entries: inout [HTTPFields.Entry],
        limits: borrowing HTTPLimits
    ) -> ParseResult {
        if line == nil {
            if lineStart == 0, bytes[0] == 0x0d {
                // One empty line before a request is ignored (RFC 9112 §2.2): old clients end a body with it.
                guard bytes.count > 1 else { return .incomplete }
                guard bytes[1] == 0x0a else { return .failed(Line.failure) }
                lineStart = 2
            }
            guard lineStart < bytes.count else { return .incomplete }
            // The first byte alone tells a TLS handshake or other noise from a message.
            guard ASCIISet.token.contains(bytes[lineStart]) else { return .failed(Line.failure) }
            switch Line.parse(bytes, at: lineStart) {
            case .incomplete: return .incomplete
            case .failed(let code): return .failed(code)
            case .line(let parsed, let next):
                line = parsed
                lineStart = next
            }
        }
        while true {
            guard lineStart < bytes.count else { return .incomplete }
            switch FieldLine.parse(bytes, at: lineStart) {
            case .field(let entry, let next):
                guard entries.count < limits.fieldCount else { return .failed(.tooManyFields) }
                noted.note(entry, bytes, index: entries.count)
                entries.append(entry)
                lineStart = next
            case .end(let end): return .complete(end: end)
            case .failed(let code): return .failed(code)
            case .incomplete: return .incomplete
            }
        }
    }
}

/// The places of the fields that framing depends on, noted while the head is parsed; -1 where there is none.
struct NotedFields {
    private(set) var host = -1
    private(set) var contentLength = -1
    private(set) var transferEncoding = -1
    private(set) var expect = -1
    private(set) var connection = -1
    /// A field that must not be repeated was.
    private(set) var repeated: HTTPFailure.Code?

    @inline(__always)
    mutating func note(_ entry: HTTPFields.Entry, _ bytes: Span<UInt8>, index: Int) {
        switch entry.name.count {
        case 4 where bytes.matches("host", at: entry.name.start):
            if host >= 0 { repeated = repeated ?? .repeatedHost }
            host = index
        case 6 where bytes.matches("expect", at: entry.name.start):
            if expect >= 0 { repeated = repeated ?? .unsupportedExpectation }
            expect = index
        case 10 where bytes.matches("connection", at: entry.name.start):
            connection = connection < 0 ? index : connection
        case 14 where bytes.matches("content-length", at: entry.name.start):
            if contentLength >= 0 { repeated = repeated ?? .repeatedContentLength }
            contentLength = index
        case 17 where bytes.matches("transfer-encoding", at: entry.name.start):
            if transferEncoding >= 0 { repeated = repeated ?? .badTransferCoding }
            transferEncoding = index
        default: break
        }
    }
}
