import HTTPWire

extension Fuzzed {
    /// Serves what a client sends over HTTP/1.1, and understands it as what a server sends: it must not matter where the
    /// bytes are cut, and the connection ends in order.
    public static func http1(_ bytes: [UInt8]) {
        var random = SplitMix64(seed: UInt64(bytes.count))
        let pieces = split(bytes, using: &random) + [[]]

        let server = EchoServer(.http1_1, limits: limits)
        server.receive(bytes)
        server.receive([])
        let cutServer = EchoServer(.http1_1, limits: limits)
        for piece in pieces { cutServer.receive(piece) }
        precondition(cutServer.transcript == server.transcript, "it matters where a request is cut")
        precondition(cutServer.output == server.output, "the answers depend on where a request is cut")
        server.receiveEnd()
        precondition(server.isClosed, "the connection outlives its end")

        let client = RecordingClient(.http1_1, limits: limits)
        client.submit(request)
        client.receive(bytes)
        let cutClient = RecordingClient(.http1_1, limits: limits)
        cutClient.submit(request)
        for piece in pieces { cutClient.receive(piece) }
        precondition(cutClient.responses == client.responses, "it matters where a response is cut")
        precondition(cutClient.failures == client.failures, "failures depend on where a response is cut")
        client.receiveEnd()
        precondition(client.isClosed && client.responses.count + client.failures.count == 1, "no outcome, or two")
    }

    /// Serves what a client sends over HTTP/2 after a good preface, and understands it as what a server sends.
    public static func http2(_ bytes: [UInt8]) {
        var random = SplitMix64(seed: UInt64(bytes.count))
        let pieces = split(bytes, using: &random)

        let server = EchoServer(.http2, limits: limits)
        var assembler = FrameAssembler()
        assembler.append("preface")
        server.receive(assembler.bytes)
        for piece in pieces { server.receive(piece) }
        let sent = ReceivedFrame.parse(server.output)
        precondition(sent.reduce(0) { $0 + 9 + $1.payload.count } == server.output.count, "half a frame was sent")
        server.receiveEnd()
        precondition(server.isClosed, "the connection outlives its end")

        let client = RecordingClient(.http2, limits: limits)
        client.submit(request)
        client.submit(request)
        client.receive([0, 0, 0, 4, 0, 0, 0, 0, 0])
        for piece in pieces { client.receive(piece) }
        client.receiveEnd()
        precondition(client.isClosed && client.responses.count + client.failures.count == 2, "an outcome each")
    }

    private static let request = ClientRequestHead(.get, authority: "a", target: "/")

    /// Small, so that short inputs reach them.
    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.headBytes = 512
        limits.fieldCount = 8
        limits.bodyBytes = 256
        limits.chunkOverheadBytes = 64
        limits.trailerBytes = 64
        limits.concurrentStreams = 4
        limits.connectionBodyBytes = 512
        limits.costlyFrames = 16
        return limits
    }
}
