import HTTPWire
import TestSupport
import Testing

/// Every malformed message is answered with its status, closes, and nothing after it is read.
@Suite struct MalformedHTTP1Tests {
    @Test(arguments: MalformedMessage.http1)
    func refusesAndCloses(message: MalformedMessage) {
        let server = EchoServer(.http1_1)
        server.receive(message.bytes)
        server.receive(Array("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        expect(server.transcript, server.output, of: message)
        #expect(server.isClosed)
    }

    @Test(arguments: MalformedMessage.http1)
    func refusesTheSameBytesOneByOne(message: MalformedMessage) {
        let server = EchoServer(.http1_1)
        for byte in message.bytes { server.receive([byte]) }
        expect(server.transcript, server.output, of: message)
    }

    @Test(arguments: MalformedMessage.http1)
    func refusesTheSameBytesAfterAGoodRequest(message: MalformedMessage) {
        let server = EchoServer(.http1_1)
        server.receive(Array("GET /good HTTP/1.1\r\nHost: a\r\n\r\n".utf8) + message.bytes)
        #expect(server.transcript.first == "GET /good @ a\nHost: a\n")
        guard case .closed(let status, let rule) = message.outcome else { return }
        #expect(server.transcript.last == "closed" || server.transcript.last == "failed \(rule) \(status)")
        #expect(server.failures.count == 1)
    }

    private func expect(_ transcript: [String], _ output: [UInt8], of message: MalformedMessage) {
        guard case .closed(let status, let rule) = message.outcome else {
            Issue.record("not an outcome of HTTP/1.1")
            return
        }
        #expect(transcript.first == "failed \(rule) \(status)")
        #expect(transcript.count <= 2 && (transcript.count == 1 || transcript.last == "closed"))
        let answer = String(decoding: output, as: UTF8.self)
        let status100 = answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && !status100)
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n\(rule)\n"))
    }
}
