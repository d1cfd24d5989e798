public import HTTPWire

/// A server connection without a socket whose handler answers each request with its body, and keeps a transcript of what
/// the connection understood.
public final class EchoServer {
    /// The connection.
    public var connection: HTTPServerConnection
    /// Its clocks and output.
    public var context = WireContext()
    /// What came of the bytes, in order: requests as text, failures as `failed code status`, and `closed`.
    public private(set) var transcript: [String] = []
    /// The failures in the transcript.
    public private(set) var failures: [HTTPFailure] = []
    /// The head of every answer.
    public var response = ServerResponseHead(status: 200, contentType: "text/plain")
    /// The body of every answer; the request's body if `nil`.
    public var responseBody: [UInt8]?

    /// A connection on which nothing was received yet.
    public init(_ version: HTTPVersion, limits: HTTPLimits = HTTPLimits()) {
        connection = HTTPServerConnection(version, limits: limits)
    }

    /// What is to be sent.
    public var output: [UInt8] { context.output }
    /// Whether the connection is over.
    public var isClosed: Bool { connection.isClosed }
    /// Whether it serves no request.
    public var isIdle: Bool { connection.isIdle }

    /// Receives bytes and answers the requests that they complete.
    public func receive(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var offset = 0
        while true {
            let event = connection.receive(bytes.span, at: &offset, &context)
            if handle(event) { return }
        }
    }

    /// Learns that the peer sends nothing more.
    public func receiveEnd() {
        if handle(connection.receiveEnd(&context)) { return }
        receive([])
    }

    /// What is to be sent, which is forgotten.
    public func takeOutput() -> [UInt8] {
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
            let path = text(head.path)
            precondition(path.hasPrefix("/") || path == "*" && head.method == .options, "not a path: \(path)")
            transcript.append(describe(head, body: body))
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

    private func describe(_ head: RequestHead, body: [UInt8]) -> String {
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
public func text(_ bytes: Span<UInt8>) -> String {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    return String(decoding: copy, as: UTF8.self)
}

/// Cuts bytes into pieces of random length, many of them short.
public func split(_ bytes: [UInt8], using random: inout some RandomNumberGenerator) -> [ArraySlice<UInt8>] {
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
