/// What came of bytes that a client connection received.
public enum ClientEvent: Equatable, Sendable {
    /// All bytes are used; more are needed.
    case needsBytes

    /// A response is complete: read its head and body. The stream is over then.
    case response(StreamID)

    /// A request will not be answered. The connection may still be good for others: see ``HTTPFailure/closes``.
    case failed(StreamID, HTTPFailure)

    /// The connection is over, and every request on it was reported; the failure, if it was not a clean end.
    case closed(HTTPFailure?)
}

/// The head of a request to send, without what the protocol adds (length, framing).
public struct ClientRequestHead: Sendable {
    /// The method; not `.other`.
    public var method: HTTPMethod
    /// Host and port: the `Host` field or `:authority`.
    public var authority: String
    /// Path and query, percent-encoded: starts with `/`.
    public var target: String
    /// The `User-Agent`, which HTTP/1.1 clients send right after `Host`.
    public var userAgent: StaticString?
    /// The `Content-Type`; none without a body, or if ``fields`` has it.
    public var contentType: StaticString?
    /// Fields beyond these, in the order in which they are sent.
    public var fields: [HTTPField]

    /// A request's head.
    ///
    /// - Precondition: Authority and target hold visible ASCII only: a request cannot be split by what it is made of.
    public init(
        _ method: HTTPMethod,
        authority: String,
        target: String,
        userAgent: StaticString? = nil,
        contentType: StaticString? = nil,
        fields: [HTTPField] = []
    ) {
        precondition(method != .other && method != .connect, "not a request for an origin server: \(method)")
        precondition(authority.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "not an authority: \(authority)")
        precondition(target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "not a request target: \(target)")
        precondition(target.utf8.first == UInt8(ascii: "/"), "not an origin-form target: \(target)")
        self.method = method
        self.authority = authority
        self.target = target
        self.userAgent = userAgent
        self.contentType = contentType
        self.fields = fields
    }
}

extension ClientRequestHead {
    /// Whether a length is said (RFC 9110 §8.6): with a body, and where a server expects one.
    func sendsLength(_ body: Span<UInt8>) -> Bool {
        if body.count > 0 { return true }
        return switch method {
        case .post, .put, .patch: true
        default: false
        }
    }
}

/// The head of a response that passed every check of its protocol.
public struct ResponseHead: Sendable {
    /// The status code of a final response, 200–999 as sent.
    public internal(set) var status = 0

    /// The field lines, without HTTP/2's pseudo-header field.
    public internal(set) var fields = HTTPFields()
}
