/// A message that is well-formed and yet refused.
struct FramingError: Error {
    let code: HTTPFailure.Code
}

/// How a message's body is delimited and whether the connection goes on (RFC 9112 §6 and §9.3).
struct HTTP1Framing {
    var body = BodyReader.Framing.none
    var keepsAlive: Bool
    var expectsContinue = false

    /// Judges a request's head and completes it with length and authority.
    init(request head: inout RequestHead, _ noted: NotedFields, target: ByteRange?) throws(FramingError) {
        if let code = noted.repeated { throw FramingError(code: code) }
        let isOld = head.version == .http1_0
        head.authorityRange = try HTTP1Framing.authority(of: head, noted, target: target)
        head.contentLength = nil
        if noted.transferEncoding >= 0 {
            guard noted.contentLength < 0 else { throw FramingError(code: .lengthAndCoding) }
            guard !isOld else { throw FramingError(code: .badTransferCoding) }
            try HTTP1Framing.requireChunked(head.fields.value(at: noted.transferEncoding))
            body = .chunked
        } else if noted.contentLength >= 0 {
            let length = try parseContentLength(head.fields.value(at: noted.contentLength))
            head.contentLength = length
            body = length == 0 ? .none : .length(length)
        }
        if noted.expect >= 0, !isOld {
            guard head.fields.value(at: noted.expect).isText("100-continue") else {
                throw FramingError(code: .unsupportedExpectation)
            }
            expectsContinue = true
        }
        keepsAlive = head.fields.keepsAlive(from: noted.connection, isOld: isOld)
    }

    /// Judges a final response's head (RFC 9112 §6.3).
    init(
        response head: ResponseHead,
        _ noted: NotedFields,
        isOld: Bool,
        answersHead: Bool
    ) throws(FramingError) {
        if let code = noted.repeated { throw FramingError(code: code) }
        if noted.transferEncoding >= 0 {
            guard noted.contentLength < 0 else { throw FramingError(code: .lengthAndCoding) }
            guard !isOld else { throw FramingError(code: .badTransferCoding) }
            try HTTP1Framing.requireChunked(head.fields.value(at: noted.transferEncoding))
            body = .chunked
        } else if noted.contentLength >= 0 {
            body = .length(try parseContentLength(head.fields.value(at: noted.contentLength)))
        } else {
            body = .untilEnd
        }
        if answersHead || head.status == 204 || head.status == 304 { body = .none }
        keepsAlive = head.fields.keepsAlive(from: noted.connection, isOld: isOld)
        if case .untilEnd = body { keepsAlive = false }
    }

    /// Whom a request is for (RFC 9112 §3.2): `Host`, and an absolute target that says the same.
    private static func authority(
        of head: RequestHead,
        _ noted: NotedFields,
        target: ByteRange?
    ) throws(FramingError) -> ByteRange {
        guard noted.host >= 0 else {
            guard head.version == .http1_0 else { throw FramingError(code: .missingHost) }
            return target ?? .empty
        }
        let host = head.fields.entries[noted.host].value
        guard HostPort.isValid(head.fields[host]) else { throw FramingError(code: .badHost) }
        // RFC 9112 §3.2.2 lets the target win; a client that says two things is refused instead.
        guard let target else { return host }
        guard head.fields[target].isEqual(head.fields[host]) else { throw FramingError(code: .badHost) }
        return target
    }

    /// `chunked` alone is a coding that we read; what else there is, or may hide, is refused.
    private static func requireChunked(_ value: Span<UInt8>) throws(FramingError) {
        guard !value.isText("chunked") else { return }
        throw FramingError(code: value.count == 0 ? .badTransferCoding : .unsupportedTransferCoding)
    }
}

/// Reads a `Content-Length` (RFC 9110 §8.6): one or more digits, nothing else, not even the list that it tolerates.
func parseContentLength(_ value: Span<UInt8>) throws(FramingError) -> Int {
    guard value.count > 0, value.count <= 18 else { throw FramingError(code: .badContentLength) }
    var length = 0
    for index in value.indices {
        let digit = value[index] &- 0x30
        guard digit < 10 else { throw FramingError(code: .badContentLength) }
        length = length * 10 + Int(digit)
    }
    return length
}

extension HTTPFields {
    /// Reads all `Connection` lines from one on: `close` wins over `keep-alive`, which HTTP/1.0 needs.
    fileprivate func keepsAlive(from first: Int, isOld: Bool) -> Bool {
        guard first >= 0 else { return !isOld }
        var saysKeepAlive = false
        for index in first..<count where name(at: index).isText("connection") {
            let value = value(at: index)
            var start = 0
            while start <= value.count {
                var end = start
                while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
                let option = value.extracting(start..<end).trimmed()
                if option.isText("close") { return false }
                if option.isText("keep-alive") { saysKeepAlive = true }
                start = end + 1
            }
        }
        return !isOld || saysKeepAlive
    }
}
