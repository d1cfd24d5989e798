import HTTPWire
import TestSupport

/// A server connection with a handler that answers each request with a transcript of it, so that what the connection
/// understood can be compared.
final class EchoServer {
    var connection: HTTPServerConnection
    var context = WireContext()
    /// What came of the bytes, in order: requests as text, failures as `failed code status`, and `closed`.
    private(set) var transcript: [String] = []
    private(set) var failures: [HTTPFailure] = []
    var response = ServerResponseHead(status: 200, contentType: "text/plain")
    /// The body of every answer; the request's body if `nil`.
    var responseBody: [UInt8]?

    init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        connection = HTTPServerConnection(version, limits: limits)
    }

    var output: [UInt8] { context.output }
    var isClosed: Bool { connection.isClosed }
    var isIdle: Bool { connection.isIdle }

    func receive(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var offset = 0
        while true {
            let event = connection.receive(bytes.span, at: &offset, &context)
            if handle(event) { return }
        }
    }

    func receiveEnd() {
        if handle(connection.receiveEnd(&context)) { return }
        receive([])
    }

    func takeOutput() -> [UInt8] {
        let taken = context.output
        context.output = []
        return taken
    }

    /// Whether this was the last event.
    private func handle(_ event: ServerEvent) -> Bool {
        switch event {
        case .needsBytes: return true
        case .request(let stream):
            let head = connection.head(of: stream)
            let body = connection.takeBody(of: stream)
            transcript.append(EchoServer.describe(head, body: body))
            let answer = responseBody ?? body
            connection.respond(to: stream, response, body: answer.span, &context)
            return false
        case .failed(let failure):
            failures.append(failure)
            transcript.append("failed \(failure.code.rawValue) \(failure.status)")
            return false
        case .closed:
            if transcript.last != "closed" { transcript.append("closed") }
            return true
        }
    }

    static func describe(_ head: RequestHead, body: [UInt8]) -> String {
        var lines = "\(text(head.methodName)) \(text(head.path))"
        if head.query.count > 0 { lines += " ? \(text(head.query))" }
        lines += " @ \(text(head.authority))"
        for index in 0..<head.fields.count {
            lines += "\n\(text(head.fields.name(at: index))): \(text(head.fields.value(at: index)))"
        }
        return lines + "\n" + text(body.span)
    }
}

/// The bytes as text, for expectations.
func text(_ bytes: Span<UInt8>) -> String {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    return String(decoding: copy, as: UTF8.self)
}

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
    private(set) var responses: [Response] = []
    private(set) var failures: [HTTPFailure] = []
    private(set) var isClosed = false
    var isIdle: Bool { connection.isIdle }
    private(set) var closingFailure: HTTPFailure?

    init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        connection = HTTPClientConnection(version, limits: limits)
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

/// Cuts bytes into pieces of random length, many of them short.
func split(_ bytes: [UInt8], using random: inout some RandomNumberGenerator) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let longest = [1, 3, 40, 1000, rest.count].randomElement(using: &random) ?? 1
        let piece = rest.prefix(Int.random(in: 1...max(1, longest), using: &random))
        pieces.append(piece)
        rest = rest.dropFirst(piece.count)
    }
    return pieces
}
