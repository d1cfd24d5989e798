import HTTPWire
import TestSupport
import Testing

/// What a client does over HTTP/2.
@Suite struct HTTP2ClientTests {
    static let request = ClientRequestHead(.post, authority: "a:443", target: "/", contentType: "text/plain")

    @discardableResult
    private func submit(_ client: RecordingClient, _ body: String) -> StreamID {
        client.submit(HTTP2ClientTests.request, Array(body.utf8))
    }

    private func frames(_ lines: String) -> [UInt8] {
        var assembler = FrameAssembler()
        for line in lines.split(separator: "\n") { assembler.append(line) }
        return assembler.bytes
    }

    @Test(arguments: UInt64(0)..<20)
    func carriesManyRequestsAtOnce(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let client = RecordingClient(.http2)
        let server = EchoServer(.http2)
        var expected: [StreamID: String] = [:]
        for index in 0..<60 {
            let body = String(repeating: "\(index) ", count: Int.random(in: 0...2000, using: &random))
            expected[submit(client, body)] = body
            if Bool.random(using: &random) { exchange(client, server, using: &random) }
        }
        exchange(client, server, using: &random)
        let responses = Dictionary(
            uniqueKeysWithValues: client.responses.map { ($0.stream, String(decoding: $0.body, as: UTF8.self)) }
        )
        #expect(responses == expected)
        #expect(client.isIdle && client.failures == [] && server.failures == [])
    }

    @Test func opensNoMoreStreamsThanTheServerPermits() {
        var limits = HTTPLimits()
        limits.concurrentStreams = 2
        var random = SplitMix64(seed: 1)
        let client = RecordingClient(.http2)
        let server = EchoServer(.http2, limits: limits)
        exchange(client, server, using: &random)
        submit(client, "a")
        #expect(client.canSubmit)
        submit(client, "b")
        #expect(!client.canSubmit)
        exchange(client, server, using: &random)
        #expect(client.canSubmit)
        #expect(client.responses.count == 2)
    }

    @Test func skipsInterimResponses() {
        let client = RecordingClient(.http2)
        submit(client, "a")
        client.receive(
            frames(
                """
                frame SETTINGS 00 0
                headers 04 1 :status: 103 | link: x
                headers 04 1 :status: 200 | content-type: text/plain
                frame DATA 00 1 "hello"
                headers 05 1 trailer: x
                """
            )
        )
        #expect(client.responses.map(\.status) == [200])
        #expect(client.responses.first?.body == Array("hello".utf8))
        #expect(client.responses.first?.contentType == "text/plain")
    }

    @Test(arguments: [
        ("headers 05 1 status: 200", HTTPFailure.Code.badMessage),
        ("headers 05 1 :status: 20x", .badMessage),
        ("headers 05 1 :status: 200 | X: y", .badMessage),
        ("headers 04 1 :status: 200 | content-length: 5\nframe DATA 01 1 \"hell\"", .badMessage),
        ("headers 05 1 :status: 200 | x: a*17000", .headTooLarge),
        ("frame RST_STREAM 00 1 00000007", .refusedByPeer),
        ("frame RST_STREAM 00 1 00000008", .resetByPeer),
        ("headers 04 1 :status: 200\nframe DATA 00 1 61*1001", .bodyTooLarge),
    ])
    func reportsWhatWentWrongWithOneRequest(sent: String, code: HTTPFailure.Code) {
        var limits = HTTPLimits()
        limits.bodyBytes = 1000
        let client = RecordingClient(.http2, limits: limits)
        submit(client, "a")
        submit(client, "b")
        // A header list of 17,000 bytes takes two frames.
        client.receive(frames("frame SETTINGS 00 0\n" + (code == .headTooLarge ? "" : sent)))
        if code == .headTooLarge {
            client.receive(
                frames("frame HEADERS 01 1 88 00 01 78 7f e9 83 01 61*16000\nframe CONTINUATION 04 1 61*1000")
            )
        }
        #expect(client.failures.map(\.code) == [code])
        #expect(client.failures.first?.closes == false)
        client.receive(frames("headers 05 3 :status: 204"))
        #expect(client.responses.map(\.status) == [204])
    }

    @Test func reportsEveryRequestOfAConnectionThatEnds() {
        let client = RecordingClient(.http2)
        submit(client, "a")
        submit(client, "b")
        client.receive(frames("frame SETTINGS 00 0\nheaders 05 3 :status: 200"))
        client.receiveEnd()
        #expect(client.responses.count == 1)
        #expect(client.failures.map(\.code) == [.endedEarly])
        #expect(client.isClosed)
    }

    @Test func reportsAConnectionThatBreaksTheRules() {
        let client = RecordingClient(.http2)
        submit(client, "a")
        client.receive(frames("frame SETTINGS 00 0\nframe DATA 00 0 00"))
        #expect(client.failures.map(\.code) == [.endedEarly])
        #expect(client.isClosed && client.closingFailure?.code == .badFrame)
        #expect(ReceivedFrame.parse(Array(client.takeOutput().dropFirst(24))).last?.errorCode == 1)
    }

    @Test func losesNothingWhenTheServerDrains() {
        var random = SplitMix64(seed: 2)
        let client = RecordingClient(.http2)
        let server = EchoServer(.http2)
        exchange(client, server, using: &random)
        submit(client, "a")
        server.connection.beginDrain(&server.context)
        submit(client, "b")
        exchange(client, server, using: &random)
        #expect(client.responses.count == 2 && client.failures == [])
        #expect(!client.canSubmit)
        #expect(client.isClosed && client.closingFailure == nil)
        #expect(server.isClosed)
    }

    @Test func reportsAsRefusedWhatTheServerWillNotServe() {
        let client = RecordingClient(.http2)
        submit(client, "a")
        submit(client, "b")
        client.receive(frames("frame SETTINGS 00 0\nframe GOAWAY 00 0 0000000100000000"))
        #expect(client.failures.map(\.code) == [.refusedByPeer])
        client.receive(frames("headers 05 1 :status: 200"))
        #expect(client.responses.count == 1)
        #expect(client.isClosed)
    }

    @Test func givesUpOneRequest() {
        var random = SplitMix64(seed: 3)
        let client = RecordingClient(.http2)
        let server = EchoServer(.http2)
        let stream = client.submit(HTTP2ClientTests.request, Array(repeating: 0x61, count: 100_000))
        submit(client, "b")
        client.connection.cancel(stream, &client.context)
        exchange(client, server, using: &random)
        #expect(client.responses.count == 1 && client.failures == [])
        #expect(server.failures.map(\.code) == [.resetByPeer])
        #expect(client.isIdle && server.isIdle)
    }

    @Test func understandsAnswersWithoutABody() {
        var random = SplitMix64(seed: 4)
        let client = RecordingClient(.http2)
        let server = EchoServer(.http2)
        server.responseBody = Array("hello".utf8)
        client.submit(
            ClientRequestHead(.head, authority: "a", target: "/")
        )
        exchange(client, server, using: &random)
        server.response = ServerResponseHead(status: 204)
        client.submit(ClientRequestHead(.get, authority: "a", target: "/"))
        exchange(client, server, using: &random)
        #expect(client.responses.map(\.status) == [200, 204])
        #expect(client.responses.allSatisfy { $0.body == [] })
    }
}
