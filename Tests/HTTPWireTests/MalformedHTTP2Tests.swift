import HTTPWire
import TestSupport
import Testing

/// Every malformed message costs its stream or its connection, with the error code that RFC 9113 names.
@Suite struct MalformedHTTP2Tests {
    @Test(arguments: MalformedMessage.http2)
    func refuses(message: MalformedMessage) {
        let server = EchoServer(.http2)
        server.receive(message.bytes)
        expect(server, message)
    }

    @Test(arguments: MalformedMessage.http2)
    func refusesTheSameBytesInPieces(message: MalformedMessage) {
        var random = SplitMix64(seed: UInt64(message.bytes.count))
        let server = EchoServer(.http2)
        for piece in split(message.bytes, using: &random) { server.receive(piece) }
        expect(server, message)
    }

    private func expect(_ server: EchoServer, _ message: MalformedMessage) {
        let frames = ReceivedFrame.parse(server.output)
        #expect(frames.first?.type == 4, "SETTINGS come first")
        let goAway = frames.first { $0.type == 7 }
        switch message.outcome {
        case .closed:
            Issue.record("not an outcome of HTTP/2")
        case .goAway(let code):
            #expect(goAway?.errorCode == code)
            #expect(frames.last?.type == 7)
            #expect(server.isClosed)
            #expect(server.transcript.last == "closed")
        case .reset(let stream, let code):
            #expect(frames.first { $0.type == 3 && $0.stream == stream }?.errorCode == code)
            #expect(goAway == nil)
            expectToGoOn(server)
        case .answer(let stream, let status, let rule):
            #expect(frames.contains { $0.type == 1 && $0.stream == stream })
            #expect(frames.allSatisfy { $0.type != 3 || $0.errorCode == 0 })
            #expect(goAway == nil)
            if status != 200 { #expect(server.transcript.first == "failed \(rule) \(status)") }
            expectToGoOn(server)
        }
    }

    /// The next request on the connection is served.
    private func expectToGoOn(_ server: EchoServer) {
        var assembler = FrameAssembler()
        assembler.append("request 05 2001")
        server.receive(assembler.bytes)
        #expect(server.transcript.last?.hasPrefix("POST / @ a") == true)
        #expect(ReceivedFrame.parse(server.output).contains { $0.type == 1 && $0.stream == 2001 })
    }
}
