/// A request's method (RFC 9110 §9); names are case-sensitive.
public enum HTTPMethod: Sendable, BitwiseCopyable {
    case get, head, post, put, patch, delete, options, connect
    /// Another token; ``RequestHead/methodName`` has it.
    case other

    init(_ name: Span<UInt8>) {
        func matches(_ text: StaticString) -> Bool {
            guard name.count == text.utf8CodeUnitCount else { return false }
            return text.withUTF8Buffer { expected in
                for index in name.indices where unsafe name[index] != expected[index] { return false }
                return true
            }
        }
        self =
            if matches("POST") {
                .post
            } else if matches("GET") {
                .get
            } else if matches("HEAD") {
                .head
            } else if matches("PUT") {
                .put
            } else if matches("PATCH") {
                .patch
            } else if matches("DELETE") {
                .delete
            } else if matches("OPTIONS") {
                .options
            } else if matches("CONNECT") {
                .connect
            } else {
                .other
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
