import HTTPWire

extension Fuzzed {
    /// Serves what a peer sends over HTTP/1.1: it must not matter where it is cut, and the connection ends in order.
    public static func http1(_ bytes: [UInt8]) {
        let whole = EchoServer(.http1_1, limits: limits)
        whole.receive(bytes)
        var random = SplitMix64(seed: UInt64(bytes.count) ^ UInt64(bytes.first ?? 0) << 32)
        let pieces = EchoServer(.http1_1, limits: limits)
        for piece in split(bytes, using: &random) { pieces.receive(piece) }
        pieces.receive([])
        precondition(pieces.transcript == whole.transcript, "it matters where the bytes are cut")
        precondition(pieces.output == whole.output, "the answers depend on where the bytes are cut")
        whole.receiveEnd()
        precondition(whole.isClosed, "the connection outlives its end")
    }

    /// Serves what a peer sends over HTTP/2 after a good preface.
    public static func http2(_ bytes: [UInt8]) {
        var assembler = FrameAssembler()
        assembler.append("preface")
        let server = EchoServer(.http2, limits: limits)
        server.receive(assembler.bytes)
        var random = SplitMix64(seed: UInt64(bytes.count))
        for piece in split(bytes, using: &random) { server.receive(piece) }
        let sent = ReceivedFrame.parse(server.output)
        precondition(sent.reduce(0) { $0 + 9 + $1.payload.count } == server.output.count, "half a frame was sent")
        precondition(server.isClosed == sent.contains { $0.type == 7 && $0.errorCode != 0 } || server.isClosed)
        server.receiveEnd()
        precondition(server.isClosed, "the connection outlives its end")
    }

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
