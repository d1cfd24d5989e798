/// The server side of one connection without its socket: bytes go in, events and output bytes come out.
///
/// HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113) look the same from here:
///
/// ```swift
/// var offset = 0
/// while true {
///     switch connection.receive(bytes, at: &offset, &context) {
///     case .needsBytes: return
///     case .request(let stream):
///         let head = connection.head(of: stream)
///         let body = connection.takeBody(of: stream)
///         connection.respond(to: stream, ServerResponseHead(status: 200, contentType: "text/plain"), body: …, &context)
///     case .failed(let failure): count(failure)
///     case .closed: return sendAndClose()
///     }
/// }
/// ```
///
/// Where the bytes were split makes no difference to the events. The loop must not read more from the peer while output
/// waits for the socket: then a peer that asks and never reads costs no more than one read's worth of answers.
public struct HTTPServerConnection: ~Copyable {
    private var http1: HTTP1Server
    private let http2: HTTP2Server?

    /// A connection on which nothing was received yet.
    ///
    /// - Parameters:
    ///   - version: What ALPN chose; `http1_1` without ALPN.
    ///   - limits: What the peer may ask.
    public init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        http1 = HTTP1Server(limits: limits)
        http2 = version == .http2 ? HTTP2Server(limits: limits) : nil
    }

    /// Uses bytes up to the next event.
    ///
    /// - Parameters:
    ///   - bytes: What the peer sent; the same until `.needsBytes` says that all are used.
    ///   - offset: How many of them earlier calls have used.
    ///   - context: The loop's clocks and output.
    /// - Returns: The event; ask again until it is `.needsBytes` or `.closed`.
    public mutating func receive(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        _ context: inout WireContext
    ) -> ServerEvent {
        if let http2 { return http2.receive(bytes, at: &offset, &context) }
        return http1.receive(bytes, at: &offset, &context)
    }

    /// Takes note that the peer will send nothing more (close_notify or FIN).
    public mutating func receiveEnd(_ context: inout WireContext) -> ServerEvent {
        if let http2 { return http2.receiveEnd(&context) }
        return http1.receiveEnd()
    }

    /// The head of a request that was reported and not yet answered.
    public func head(of stream: StreamID) -> RequestHead {
        if let http2 { return http2.head(of: stream) }
        return http1.head
    }

    /// Hands over the body of a request that was reported and not yet answered; a second time it is empty.
    public mutating func takeBody(of stream: StreamID) -> [UInt8] {
        if let http2 { return http2.takeBody(of: stream) }
        return http1.takeBody()
    }

    /// Answers a request.
    ///
    /// HTTP/1.1 must be answered before the next `receive`.
    ///
    /// - Parameters:
    ///   - stream: The request.
    ///   - head: Status and fields; length, date and framing are added.
    ///   - body: The body, which is left out where the protocol demands it (HEAD, 204, 304).
    ///   - context: Takes the bytes.
    public mutating func respond(
        to stream: StreamID,
        _ head: ServerResponseHead,
        body: Span<UInt8>,
        _ context: inout WireContext
    ) {
        if let http2 { return http2.respond(to: stream, head, body: body, &context) }
        http1.respond(head, body: body, &context)
    }

    /// Appends what HTTP/2 held back because ``HTTPLimits/outputBytes`` was reached; to be called after each write.
    public mutating func flush(_ context: inout WireContext) {
        http2?.flush(&context)
    }

    /// Starts to end the connection without losing a request.
    ///
    /// HTTP/1.1 closes with the next response; an idle one (``isIdle``) may be closed at any time, better after a while. HTTP/2 sends GOAWAY in two steps (RFC 9113 §6.8) and reports `.closed` when all is answered.
    public mutating func beginDrain(_ context: inout WireContext) {
        if let http2 { return http2.beginDrain(&context) }
        http1.beginDrain()
    }

    /// When ``expire(_:)`` is due, on the monotonic clock; `nil` while nothing waits for the peer.
    ///
    /// It changes with every call, so a loop reads it after each. With HTTP/2 it may be too early, never too late.
    public var deadlineNanoseconds: UInt64? {
        if let http2 { return http2.deadlineNanoseconds }
        return http1.deadlineNanoseconds
    }

    /// Ends requests whose time is up (``HTTPLimits``): 408 and close in HTTP/1.1, RST_STREAM in HTTP/2.
    ///
    /// - Returns: The last failure, if there was one.
    public mutating func expire(_ context: inout WireContext) -> HTTPFailure? {
        if let http2 { return http2.expire(&context) }
        return http1.expire(&context)
    }

    /// Whether no request is being read or answered, so that closing the connection costs the peer nothing.
    public var isIdle: Bool { http2?.isIdle ?? http1.isIdle }

    /// Whether nothing more will be read or answered; what is in the output may still be sent.
    public var isClosed: Bool { http2?.isClosed ?? http1.isClosed }
}
