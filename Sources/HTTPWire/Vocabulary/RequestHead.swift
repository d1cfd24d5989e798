/// A request's method (RFC 9110 §9); names are case-sensitive.
public enum HTTPMethod: Sendable, BitwiseCopyable {
    case get, head, post, put, patch, delete, options, connect
    /// Another token; ``RequestHead/methodName`` has it.
    case other

    /// The method of a name, compared as sent.
    init(_ name: Span<UInt8>) {
        self =
            switch name.count {
            case 3 where name.isExactly("GET"): .get
            case 3 where name.isExactly("PUT"): .put
            case 4 where name.isExactly("POST"): .post
            case 4 where name.isExactly("HEAD"): .head
            case 5 where name.isExactly("PATCH"): .patch
            case 6 where name.isExactly("DELETE"): .delete
            case 7 where name.isExactly("OPTIONS"): .options
            case 7 where name.isExactly("CONNECT"): .connect
            default: .other
            }
    }

    /// The name of any method but `.other`.
    var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .other: preconditionFailure("a method without a name of its own")
        }
    }
}

/// The head of a request that passed every check of its protocol: what to do, to what, and the fields.
///
/// A value of two arrays that the connection uses again: let go of it before the connection's next call, or the
/// connection must allocate new ones.
public struct RequestHead: Sendable {
    /// The method.
    public internal(set) var method = HTTPMethod.other

    /// The version that the peer speaks.
    public internal(set) var version = HTTPVersion.http1_1

    /// The field lines, without HTTP/2's pseudo-header fields.
    public internal(set) var fields = HTTPFields()

    /// The body's length as the head announced it; `nil` for chunked bodies and HTTP/2 requests without the field.
    public internal(set) var contentLength: Int?

    var methodNameRange = ByteRange.empty
    var pathRange = ByteRange.empty
    var queryRange = ByteRange.empty
    var authorityRange = ByteRange.empty

    /// The method as sent.
    public var methodName: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields[methodNameRange] }
    }

    /// The path as sent, percent-encoding and all: it starts with `/`, or is `*` for OPTIONS.
    public var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields[pathRange] }
    }

    /// What follows the `?`; empty without one.
    public var query: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields[queryRange] }
    }

    /// Host and port that the request is for, from `Host`, `:authority` or an absolute target; empty in HTTP/1.0 without one.
    public var authority: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields[authorityRange] }
    }
}

/// A version of HTTP that a connection speaks or a message has.
public enum HTTPVersion: Sendable, BitwiseCopyable {
    case http1_0, http1_1, http2
}
