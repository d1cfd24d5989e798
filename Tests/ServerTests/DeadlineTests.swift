import EventLoop
import HTTPWire
import Server
import TLS
import TestSupport
import Testing

/// Deadlines are a second or less here, and whoever waits for them waits for 30 s: only a server that never acts fails.
@Suite struct DeadlineTests {
    private static let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"

    @Test func closesAConnectionThatStaysSilentInTheHandshake() throws {
        try withServer(
            tls: .testServer(),
            configure: { $0.deadlines.handshake = .milliseconds(100) }
        ) { server in
            let client = try RawClient(server.address)
            try client.send([0x16])
            try client.waitForEnd()
            #expect(client.received.isEmpty)
            #expect(server.metric(#"portcullis_limits_total{limit="handshake"}"#) == 1)
            #expect(server.metric(#"portcullis_tls_handshakes_total{result="failed"}"#) == 1)
        }
    }

    @Test func answers408ToAHeadOfOneByteASecond() throws {
        try withServer(configure: { $0.http.headSeconds = 1 }) { server in
            let client = try RawClient(server.address)
            let other = try RawClient(server.address)
            for byte in DeadlineTests.head.utf8 where !client.isAtEnd && client.received.isEmpty {
                try? client.send([byte])
                #expect(try other.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
                try client.pause(.milliseconds(100))
            }
            let response = try client.response()
            #expect(response.status == 408 && response.closes)
            try client.waitForEnd()
        }
    }

    @Test func answers408ToABodyOfOneByteASecond() throws {
        try withServer(configure: { $0.http.bodySeconds = 1 }) { server in
            let client = try RawClient(server.address)
            let other = try RawClient(server.address)
            try client.send(DeadlineTests.head)
            for _ in 0..<99 where !client.isAtEnd && client.received.isEmpty {
                try? client.send("x")
                #expect(try other.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
                try client.pause(.milliseconds(100))
            }
            let response = try client.response()
            #expect(response.status == 408 && response.closes)
            try client.waitForEnd()
        }
    }

    @Test(arguments: [false, true]) func closesAnIdleConnection(hasAsked: Bool) throws {
        try withServer(configure: { $0.deadlines.idle = .milliseconds(500) }) { server in
            let client = try RawClient(server.address)
            if hasAsked { #expect(try client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200) }
            try client.waitForEnd()
            #expect(client.received.isEmpty)
            #expect(server.metric(#"portcullis_limits_total{limit="idle"}"#) == 1)
        }
    }

    /// Answers of 1 MB each, asked for until nothing more goes into the connection.
    @Test(arguments: [false, true]) func closesAConnectionThatNeverReads(isSecure: Bool) throws {
        try withServer(
            tls: isSecure ? .testServer() : nil,
            configure: { $0.deadlines.write = .milliseconds(300) }
        ) { server in
            let tls = isSecure ? try TLSContext.testClient() : nil
            let client = try RawClient(server.address, tls: tls)
            let other = try RawClient(server.address, tls: tls)
            let request = Array("GET /big?1000000 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            for _ in 0..<100 { _ = try client.begin(request) }
            let isClosed = try waitUntil {
                let response = try other.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(response.status == 200)
                return server.metric(#"portcullis_limits_total{limit="write"}"#) > 0
            }
            #expect(isClosed)
            // A reset: what the kernel had was dropped with it.
            try client.waitForEnd()
            #expect(client.received.count < 100_000_000)
            #expect(try other.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        }
    }

    /// Its window is closed, so that its answers stay here until their time is up; others' do not wait for them.
    @Test func takesBackAnswersThatAnHTTP2ClientDoesNotTake() throws {
        try withServer(tls: .testServer(), configure: { $0.http.responseSeconds = 1 }) { server in
            let client = try RawClient(server.address, tls: .testClient(["h2"]))
            var assembler = FrameAssembler()
            assembler.append("magic")
            // SETTINGS_INITIAL_WINDOW_SIZE 0
            assembler.append("frame SETTINGS 00 0 000400000000")
            assembler.append("headers 05 1 :method: GET | :scheme: https | :authority: a | :path: /big?100000")
            try client.send(assembler.bytes)
            try client.wait { frames in frames.contains { $0.type == 1 && $0.stream == 1 } }
            let other = try RawClient(server.address, tls: .testClient())
            #expect(try other.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            // RST_STREAM with CANCEL; the connection goes on.
            try client.wait { frames in frames.contains { $0.type == 3 && $0.stream == 1 && $0.errorCode == 8 } }
            var next = FrameAssembler()
            next.append("headers 05 3 :method: GET | :scheme: https | :authority: a | :path: /")
            try client.send(next.bytes)
            try client.wait { frames in frames.contains { $0.type == 1 && $0.stream == 3 } }
        }
    }

    @Test func stopsListeningToAClientThatSendsOnAfterItsRefusal() throws {
        try withServer { server in
            let client = try RawClient(server.address)
            try client.send("nonsense\r\n\r\n")
            #expect(try client.response().status == 400)
            let isClosed = waitUntil {
                _ = try? client.begin([UInt8](repeating: 0x78, count: 100))
                return server.metric(#"portcullis_limits_total{limit="linger"}"#) > 0
            }
            #expect(isClosed)
            #expect(server.metric("portcullis_connections") == 0)
        }
    }
}
