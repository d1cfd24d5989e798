/// The client side of one connection without its socket: requests and bytes go in, events and output bytes come out.
///
/// It is used like ``HTTPServerConnection``: `receive` until `.needsBytes`, then write the output.
public struct HTTPClientConnection: ~Copyable {
    private var http1: HTTP1Client
    private let http2: HTTP2Client?

    /// A connection on which nothing was sent yet.
    ///
    /// - Parameters:
    ///   - version: What ALPN chose; `http1_1` without ALPN.
    ///   - limits: What a response may have.
    public init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        http1 = HTTP1Client(limits: limits)
        http2 = version == .http2 ? HTTP2Client(limits: limits) : nil
    }

    /// Whether another request may be submitted now.
    public var canSubmit: Bool { http2?.canSubmit ?? http1.canSubmit }

    /// Whether no response is awaited.
    public var isIdle: Bool { http2?.isIdle ?? http1.isIdle }

    /// Whether the connection is over.
    public var isClosed: Bool { http2?.isClosed ?? http1.isClosed }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - request: What is asked of whom; length and framing are added.
    ///   - body: The body; a `Content-Length` of 0 is sent where the method gives an empty body a meaning.
    ///   - context: Takes the bytes.
    /// - Returns: The stream that its response will name.
    /// - Precondition: ``canSubmit``.
    public mutating func submit(
        _ request: ClientRequestHead,
        body: Span<UInt8>,
        _ context: inout WireContext
    ) -> StreamID {
        if let http2 { return http2.submit(request, body: body, &context) }
        return http1.submit(request, body: body, &context)
    }

    /// Uses bytes up to the next event.
    ///
    /// - Parameters:
    ///   - bytes: What the server sent; the same until `.needsBytes` says that all are used.
    ///   - offset: How many of them earlier calls have used.
    ///   - context: The loop's clocks and output.
    /// - Returns: The event; ask again until it is `.needsBytes` or `.closed`.
    public mutating func receive(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        _ context: inout WireContext
    ) -> ClientEvent {
        if let http2 { return http2.receive(bytes, at: &offset, &context) }
        return http1.receive(bytes, at: &offset)
    }

    /// Takes note that the server will send nothing more; ask `receive` with no bytes for the events that follow.
    public mutating func receiveEnd(_ context: inout WireContext) -> ClientEvent {
        if let http2 { return http2.receiveEnd(&context) }
        return http1.receiveEnd()
    }

    /// The head of the response that was reported last on a stream.
    public func head(of stream: StreamID) -> ResponseHead {
        if let http2 { return http2.head(of: stream) }
        return http1.head
    }

    /// Hands over the body of a response that was reported; a second time it is empty.
    ///
    /// With HTTP/2 this also forgets the stream and its head.
    public mutating func takeBody(of stream: StreamID) -> [UInt8] {
        if let http2 { return http2.takeBody(of: stream) }
        return http1.takeBody()
    }

    /// Gives up a request: RST_STREAM in HTTP/2, the end of the connection in HTTP/1.1.
    public mutating func cancel(_ stream: StreamID, _ context: inout WireContext) {
        if let http2 { return http2.cancel(stream, &context) }
        http1.cancel()
    }

    /// Appends what HTTP/2 held back because ``HTTPLimits/outputBytes`` was reached; to be called after each write.
    public mutating func flush(_ context: inout WireContext) {
        http2?.flush(&context)
    }
}
