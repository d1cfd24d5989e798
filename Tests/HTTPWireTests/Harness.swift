import HTTPWire
import TestSupport

/// A client connection and what came of it.
final class RecordingClient {
    struct Response: Equatable {
        var stream: StreamID
        var status: Int
        var contentType: String?
        var body: [UInt8]
    }

    var connection: HTTPClientConnection
    var context = WireContext()
    var output: [UInt8] { context.output }
    var canSubmit: Bool { connection.canSubmit }
    private(set) var responses: [Response] = []
    private(set) var failures: [HTTPFailure] = []
    private(set) var isClosed = false
    var isIdle: Bool { connection.isIdle }
    private(set) var closingFailure: HTTPFailure?

    init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        connection = HTTPClientConnection(version, limits: limits)
    }

    /// Sends a request with a body.
    @discardableResult
    func submit(_ request: ClientRequestHead, _ body: [UInt8] = []) -> StreamID {
        connection.submit(request, body: body.span, &context)
    }

    func receive(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var offset = 0
        while handle(connection.receive(bytes.span, at: &offset, &context)) {}
    }

    func receiveEnd() {
        if handle(connection.receiveEnd(&context)) { receive([]) }
    }

    func takeOutput() -> [UInt8] {
        let taken = context.output
        context.output = []
        return taken
    }

    private func handle(_ event: ClientEvent) -> Bool {
        switch event {
        case .needsBytes: return false
        case .response(let stream):
            let head = connection.head(of: stream)
            var type: String?
            if let value = head.fields.first("content-type") { type = text(value) }
            responses.append(
                Response(
                    stream: stream,
                    status: head.status,
                    contentType: type,
                    body: connection.takeBody(of: stream)
                )
            )
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
func exchange(
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
