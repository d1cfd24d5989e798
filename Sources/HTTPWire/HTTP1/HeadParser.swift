/// Parses a request's head line by line, each byte once unless the head comes in pieces.
struct HeadParser {
    enum Result {
        case incomplete
        /// The head is whole and ends at the offset.
        case complete(end: Int)
        case failed(HTTPFailure.Code)
    }

    private var lineStart = 0
    private(set) var isInRequestLine = true
    private var hasSkippedEmptyLine = false

    // What framing needs, found on the way. An index of -1 means none.
    private(set) var host = -1
    private(set) var contentLength = -1
    private(set) var transferEncoding = -1
    private(set) var expect = -1
    private(set) var connection = -1
    /// A field that must not be repeated was.
    private(set) var repeated: HTTPFailure.Code?
    private(set) var absoluteAuthority: ByteRange?

    /// Goes on with the head that `bytes` begin with.
    ///
    /// - Parameters:
    ///   - bytes: The head from its first byte, at most as long as a head may be; more of it at each call.
    ///   - head: Takes request line and entries. Its `fields.bytes` are the caller's concern.
    ///   - limits: For the number of fields.
    /// - Returns: How far the head is.
    mutating func parse(
        _ bytes: Span<UInt8>,
        into head: inout RequestHead,
        limits: borrowing HTTPLimits
    ) -> Result {
        if isInRequestLine {
            if lineStart == 0, bytes[0] == 0x0d {
                // One empty line before a request is ignored (RFC 9112 §2.2): old clients end a body with it.
                guard bytes.count > 1 else { return .incomplete }
                guard bytes[1] == 0x0a else { return .failed(.badRequestLine) }
                lineStart = 2
            }
            guard lineStart < bytes.count else { return .incomplete }
            // The first byte alone tells a TLS handshake or other noise from a request.
            guard ASCIISet.token.contains(bytes[lineStart]) else { return .failed(.badRequestLine) }
            switch RequestLine.parse(bytes, at: lineStart) {
            case .incomplete: return .incomplete
            case .failed(let code): return .failed(code)
            case .line(let line, let next):
                head.methodRange = line.method
                head.method = HTTPMethod(bytes.extracting(line.method.start..<line.method.end))
                head.version = line.version
                head.pathRange = line.path
                head.queryRange = line.query
                absoluteAuthority = line.authority
                isInRequestLine = false
                lineStart = next
            }
        }
        while true {
            guard lineStart < bytes.count else { return .incomplete }
            switch FieldLine.parse(bytes, at: lineStart) {
            case .field(let entry, let next):
                guard head.fields.entries.count < limits.fieldCount else { return .failed(.tooManyFields) }
                note(entry, bytes, index: head.fields.entries.count)
                head.fields.entries.append(entry)
                lineStart = next
            case .end(let end): return .complete(end: end)
            case .failed(let code): return .failed(code)
            case .incomplete: return .incomplete
            }
        }
    }

    /// Remembers the fields that framing depends on.
    @inline(__always)
    private mutating func note(_ entry: HTTPFields.Entry, _ bytes: Span<UInt8>, index: Int) {
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
