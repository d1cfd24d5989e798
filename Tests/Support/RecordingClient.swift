public import HTTPWire

/// A client connection without a socket, and what came of it.
public final class RecordingClient {
    /// A response that was complete.
    public struct Response: Equatable, Sendable {
        /// The request that it answers.
        public var stream: StreamID
        /// The status.
        public var status: Int
        /// The content type.
        public var contentType: String?
        /// The body.
        public var body: [UInt8]
    }

    /// The connection.
    public var connection: HTTPClientConnection
    /// Its clocks and output.
    public var context = WireContext()
    /// The responses in the order in which they were complete.
    public private(set) var responses: [Response] = []
    /// Requests that will not be answered.
    public private(set) var failures: [HTTPFailure] = []
    /// Whether the connection is over.
    public private(set) var isClosed = false
    /// Why, if it was not a clean end.
    public private(set) var closingFailure: HTTPFailure?

    /// A connection on which nothing was sent yet.
    public init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        connection = HTTPClientConnection(version, limits: limits)
    }

    /// What is to be sent.
    public var output: [UInt8] { context.output }
    /// Whether another request may be sent.
    public var canSubmit: Bool { connection.canSubmit }
    /// Whether no response is awaited.
    public var isIdle: Bool { connection.isIdle }

    /// Sends a request with a body.
    @discardableResult
    public func submit(_ request: ClientRequestHead, _ body: [UInt8] = []) -> StreamID {
        connection.submit(request, body: body.span, &context)
    }

    /// Receives bytes and keeps what they complete.
    public func receive(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var offset = 0
        while handle(connection.receive(bytes.span, at: &offset, &context)) {}
    }

    /// Learns that the server sends nothing more.
    public func receiveEnd() {
        if handle(connection.receiveEnd(&context)) { receive([]) }
    }

    /// What is to be sent, which is forgotten.
    public func takeOutput() -> [UInt8] {
        let taken = context.output
        context.output = []
        return taken
    }

    /// Whether more events may follow.
    private func handle(_ event: ClientEvent) -> Bool {
        switch event {
        case .needsBytes: return false
        case .response(let stream):
            let head = connection.head(of: stream)
            var type: String?
            if let value = head.fields.first("content-type") { type = text(value) }
            let body = connection.takeBody(of: stream)
            responses.append(Response(stream: stream, status: head.status, contentType: type, body: body))
            return true
        case .failed(_, let failure):
            failures.append(failure)
            return true
        case .closed(let failure):
            isClosed = true
            closingFailure = failure
            return false
        }
    }
}

/// Carries bytes both ways, in pieces that the generator cuts, until both are quiet.
public func exchange(
    _ client: RecordingClient,
    _ server: EchoServer,
    using random: inout some RandomNumberGenerator
) {
    while true {
        server.connection.flush(&server.context)
        client.connection.flush(&client.context)
        let toServer = client.takeOutput()
        let toClient = server.takeOutput()
        if toServer.isEmpty && toClient.isEmpty { return }
        for piece in split(toServer, using: &random) { server.receive(piece) }
        for piece in split(toClient, using: &random) { client.receive(piece) }
    }
}
