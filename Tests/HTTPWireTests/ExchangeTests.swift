import HTTPWire
import TestSupport
import Testing

/// Our client against our server over memory, both protocols.
@Suite struct ExchangeTests {
    static let versions: [HTTPVersion] = [.http1_1, .http2]

    @Test(arguments: versions, [0, 1, 4000, 70_000, 300_000])
    func echoesBodies(version: HTTPVersion, size: Int) {
        var random = SplitMix64(seed: UInt64(size))
        let client = RecordingClient(version)
        let server = EchoServer(version)
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for _ in 0..<3 {
            let request = ClientRequestHead(
                .post,
                authority: "a.b.svc:443",
                target: "/validate?timeout=10s",
                contentType: "application/json"
            )
            client.submit(request, body)
            exchange(client, server, using: &random)
        }
        #expect(client.responses.count == 3)
        #expect(client.responses.allSatisfy { $0.status == 200 && $0.body == body && $0.contentType == "text/plain" })
        #expect(client.failures == [])
        #expect(server.failures == [])
        #expect(server.isIdle && client.isIdle)
    }
}
