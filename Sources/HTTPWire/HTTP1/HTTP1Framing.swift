/// A head that is well-formed and yet refused.
struct HTTP1HeadError: Error {
    let code: HTTPFailure.Code
}

/// How a request's body is delimited and whether the connection goes on (RFC 9112 §6 and §9.3).
struct HTTP1Framing {
    enum Body {
        case none
        case fixed(Int)
        case chunked
    }

    var body = Body.none
    var keepsAlive: Bool
    var expectsContinue = false

    /// Reads the fields that the parser noted, and completes the head with length and authority.
    init(request head: inout RequestHead, parser: borrowing HeadParser) throws(HTTP1HeadError) {
        if let code = parser.repeated { throw HTTP1HeadError(code: code) }
        let isOld = head.version == .http1_0

        head.authorityRange = .empty
        if parser.host >= 0 {
            let value = head.fields.entries[parser.host].value
            guard HostPort.isValid(head.fields[value]) else { throw HTTP1HeadError(code: .badHost) }
            head.authorityRange = value
        } else if !isOld {
            throw HTTP1HeadError(code: .missingHost)
        }
        if let authority = parser.absoluteAuthority {
            // RFC 9112 §3.2.2 lets the target win; a client that says two things is refused instead.
            guard parser.host < 0 || head.fields[authority].isEqual(head.fields[head.authorityRange]) else {
                throw HTTP1HeadError(code: .badHost)
            }
            head.authorityRange = authority
        }

        head.contentLength = nil
        if parser.transferEncoding >= 0 {
            guard parser.contentLength < 0 else { throw HTTP1HeadError(code: .lengthAndCoding) }
            guard !isOld else { throw HTTP1HeadError(code: .badTransferCoding) }
            let value = head.fields.value(at: parser.transferEncoding)
            guard value.count == 7, value.matches("chunked") else {
                throw HTTP1HeadError(code: value.count == 0 ? .badTransferCoding : .unsupportedTransferCoding)
            }
            body = .chunked
        } else if parser.contentLength >= 0 {
            let length = try parseContentLength(head.fields.value(at: parser.contentLength))
            head.contentLength = length
            body = length == 0 ? .none : .fixed(length)
        }

        if parser.expect >= 0, !isOld {
            let value = head.fields.value(at: parser.expect)
            guard value.count == 12, value.matches("100-continue") else {
                throw HTTP1HeadError(code: .unsupportedExpectation)
            }
            expectsContinue = true
        }

        keepsAlive = !isOld
        if parser.connection >= 0 {
            keepsAlive = head.fields.keepsAlive(from: parser.connection, isOld: isOld)
        }
    }
}

/// Reads a `Content-Length` (RFC 9110 §8.6): one or more digits, nothing else, not even the list RFC 9110 tolerates.
func parseContentLength(_ value: Span<UInt8>) throws(HTTP1HeadError) -> Int {
    guard value.count > 0, value.count <= 18 else { throw HTTP1HeadError(code: .badContentLength) }
    var length = 0
    for index in value.indices {
        let digit = value[index] &- 0x30
        guard digit < 10 else { throw HTTP1HeadError(code: .badContentLength) }
        length = length * 10 + Int(digit)
    }
    return length
}

extension HTTPFields {
    /// Reads all `Connection` lines from one on: `close` wins over `keep-alive`, which HTTP/1.0 needs.
    fileprivate func keepsAlive(from first: Int, isOld: Bool) -> Bool {
        var saysKeepAlive = false
        for index in first..<count where name(at: index).count == 10 && name(at: index).matches("connection") {
            let value = value(at: index)
            var start = 0
            while start <= value.count {
                var end = start
                while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
                let option = value.extracting(start..<end).trimmed()
                if option.count == 5, option.matches("close") { return false }
                if option.count == 10, option.matches("keep-alive") { saysKeepAlive = true }
                start = end + 1
            }
        }
        return !isOld || saysKeepAlive
    }
}

extension Span<UInt8> {
    func isEqual(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// Without spaces and tabs at both ends.
    @_lifetime(copy self)
    func trimmed() -> Span<UInt8> {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return extracting(start..<end)
    }
}
