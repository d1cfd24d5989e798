import EventLoop
import Testing

@Suite struct KeepAliveTests {
    @Test func servesManyRequestsOnOneConnection() throws {
        try withServer { server in
            let client = try RawClient(server.address)
            for number in 0..<100 {
                let response = try client.exchange(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(6)\r\n\r\n\(100_000 + number)"
                )
                #expect(response.status == 200)
                #expect(response.text == "\(100_000 + number)")
                #expect(!response.closes)
            }
            #expect(server.metric("portcullis_connections_accepted_total") == 1)
            #expect(server.metric(#"portcullis_http_requests_total{protocol="h1",status="200"}"#) == 100)
        }
    }
}
