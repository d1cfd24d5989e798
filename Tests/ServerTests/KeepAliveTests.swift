import EventLoop
import HTTPWire
import TLS
import TestSupport
import Testing

@Suite struct KeepAliveTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [false, true]) func servesManyRequestsOnOneConnection(isSecure: Bool) throws {
        try withServer(tls: isSecure ? .testServer() : nil) { server in
            let client = try RawClient(server.address, tls: isSecure ? .testClient() : nil)
            for number in 0..<100 {
                let response = try client.exchange(post("\(100_000 + number)"))
                #expect(response.status == 200)
                #expect(response.text == "\(100_000 + number)")
                #expect(!response.closes)
            }
            #expect(server.metric("portcullis_connections_accepted_total") == 1)
            #expect(server.metric(#"portcullis_http_requests_total{protocol="h1",status="200"}"#) == 100)
        }
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0", ":0"]) func listensOn(_ address: String) throws {
        try withServer(at: address) { server in
            var address = server.address
            if address.host == .v6(high: 0, low: 0, scope: 0) { address.host = .v4(0x7f00_0001) }
            let client = try RawClient(address)
            #expect(try client.exchange(KeepAliveTests.get).status == 200)
        }
    }

    @Test(arguments: [false, true]) func answersPipelinedRequestsInOrder(isSecure: Bool) throws {
        try withServer(tls: isSecure ? .testServer() : nil) { server in
            let client = try RawClient(server.address, tls: isSecure ? .testClient() : nil)
            let numbers = 0..<2000
            try client.send(numbers.map { post("\($0)") }.joined())
            for number in numbers { #expect(try client.response().text == "\(number)") }
        }
    }

    /// Where the bytes are cut, by packets or records, makes no difference.
    @Test(arguments: UInt64(0)..<40) func splitsDoNotMatter(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let isSecure = seed % 2 == 1
        try withServer(tls: isSecure ? .testServer() : nil, workers: 1) { server in
            let client = try RawClient(server.address, tls: isSecure ? .testClient() : nil)
            let bodies = (0..<5).map { _ in String(repeating: "b", count: Int.random(in: 0..<5000, using: &random)) }
            var rest = Array(bodies.map(post).joined().utf8)[...]
            while !rest.isEmpty {
                let longest = [1, 20, 3000].randomElement(using: &random) ?? 1
                let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
                try client.send(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            for body in bodies { #expect(try client.response().text == body) }
        }
    }

    @Test func doesNotReadFromAPipeliningClientThatDoesNotRead() throws {
        try withServer { server in
            let client = try RawClient(server.address)
            // 3 KB of requests ask for 100 MB.
            let request = "GET /big?1000000 HTTP/1.1\r\nHost: a\r\n\r\n"
            try client.send(String(repeating: request, count: 100))
            sleep(milliseconds: 100)
            // What the kernel takes, some megabytes, and one answer more.
            #expect(server.metric(#"portcullis_http_requests_total{protocol="h1",status="200"}"#) < 50)
            for _ in 0..<100 { #expect(try client.response().body.count == 1_000_000) }
        }
    }

    @Test func closesWhenTheClientAsksForIt() throws {
        try withServer { server in
            let client = try RawClient(server.address)
            let response = try client.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(response.status == 200 && response.closes)
            try client.waitForEnd()
        }
    }

    @Test func closesWhenTheClientSendsNothingMore() throws {
        try withServer(tls: .testServer()) { server in
            let client = try RawClient(server.address, tls: .testClient())
            try client.send(KeepAliveTests.get)
            try client.finishWriting()
            #expect(try client.response().status == 200)
            try client.waitForEnd()
        }
    }

    @Test func saysContinueBeforeTheBody() throws {
        try withServer { server in
            let client = try RawClient(server.address)
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            #expect(try client.exchange(head).status == 100)
            #expect(try client.exchange("hello").text == "hello")
        }
    }

    @Test func refusesALengthBeyondTheLimitBeforeTheBody() throws {
        try withServer(tls: .testServer()) { server in
            let client = try RawClient(server.address, tls: .testClient())
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7340033\r\n\r\n"
            let response = try client.exchange(head)
            #expect(response.status == 413 && response.closes)
            try client.waitForEnd()
        }
    }

    /// The answer must survive what a client sends that does not look at it before it is done.
    @Test func refusesALengthBeyondTheLimitWhileTheBodyArrives() throws {
        try withServer(tls: .testServer()) { server in
            let client = try RawClient(server.address, tls: .testClient())
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n"
            try? client.send(Array(head.utf8) + [UInt8](repeating: 0x78, count: 20_000_000))
            #expect(try client.response().status == 413)
        }
    }

    @Test func takesTheLargestBody() throws {
        try withServer(tls: .testServer()) { server in
            let client = try RawClient(server.address, tls: .testClient())
            let body = [UInt8](repeating: 0x78, count: 7 * 1024 * 1024)
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n"
            try client.send(Array(head.utf8) + body)
            #expect(try client.response().body == body)
        }
    }

    @Test func answersHEADWithoutABody() throws {
        try withServer { server in
            let client = try RawClient(server.address)
            try client.send("HEAD /big?1000 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response(toHead: true).fields["content-length"] == "1000")
            #expect(try client.exchange(KeepAliveTests.get).status == 200)
        }
    }
}

/// A request that is echoed.
func post(_ body: String) -> String {
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
