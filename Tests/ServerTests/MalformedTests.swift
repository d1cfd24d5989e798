import EventLoop
import HTTPClient
import HTTPWire
import Server
import TLS
import TestSupport
import Testing

/// One server for a whole table: whatever one connection did, the next is served.
@Suite struct MalformedTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [false, true]) func refusesMalformedHTTP1(isSecure: Bool) throws {
        try withServer(tls: isSecure ? .testServer() : nil) { server in
            let tls = isSecure ? try TLSContext.testClient() : nil
            for message in MalformedMessage.http1 {
                guard case .closed(let status, _) = message.outcome else { continue }
                let client = try RawClient(server.address, tls: tls)
                #expect(try client.exchange(MalformedTests.get).status == 200, "\(message.name)")
                try? client.send(message.bytes)
                let response = try? client.response()
                #expect(response?.status == status && response?.closes == true, "\(message.name)")
                try client.waitForEnd()
                #expect(client.received.isEmpty, "\(message.name)")
                #expect(
                    try RawClient(server.address, tls: tls).exchange(MalformedTests.get).status == 200,
                    "\(message.name)"
                )
            }
        }
    }

    @Test func refusesMalformedHTTP2() throws {
        try withServer(tls: .testServer()) { server in
            for message in MalformedMessage.http2 {
                let client = try RawClient(server.address, tls: .testClient(["h2"]))
                try? client.send(message.bytes)
                switch message.outcome {
                case .closed: Issue.record("not an outcome of HTTP/2: \(message.name)")
                case .goAway(let code):
                    try client.waitForEnd()
                    let last = ReceivedFrame.parse(client.received).last
                    #expect(last?.type == 7 && last?.errorCode == code, "\(message.name)")
                case .reset(let stream, let code):
                    try client.wait { frames in
                        frames.contains { $0.type == 3 && $0.stream == stream && $0.errorCode == code }
                    }
                    try expectToGoOn(client, message)
                case .answer(let stream, _, _):
                    try client.wait { frames in frames.contains { $0.type == 1 && $0.stream == stream } }
                    try expectToGoOn(client, message)
                }
                let next = try HTTPClient(
                    ClientConfiguration(address: server.address, tls: .testClient(["h2"]), serverName: "localhost")
                )
                #expect(try next.perform(.echo).status == 200, "\(message.name)")
            }
        }
    }

    private func expectToGoOn(_ client: RawClient, _ message: MalformedMessage) throws {
        var assembler = FrameAssembler()
        assembler.append("request 05 2001")
        try client.send(assembler.bytes)
        try client.wait { frames in frames.contains { $0.type == 1 && $0.stream == 2001 } }
    }

    struct MalformedTLS: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]

        init(_ name: String, _ bytes: [UInt8]) {
            testDescription = name
            self.bytes = bytes
        }

        /// A record (RFC 8446 §5.1) with another length than it has, if one is given.
        static func record(_ type: UInt8, _ payload: [UInt8], version: UInt8 = 3, length: Int? = nil) -> [UInt8] {
            let length = length ?? payload.count
            return [type, version, 1, UInt8(length >> 8), UInt8(length & 0xff)] + payload
        }
    }

    /// What begins no handshake: the server says so with an alert or just closes, and has not answered in the clear.
    static let malformedTLS = [
        MalformedTLS("HTTP/1.1 in the clear", Array(get.utf8)),
        MalformedTLS(
            "HTTP/2 in the clear",
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        ),
        MalformedTLS("an SSH greeting", Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)),
        MalformedTLS("zeros", [UInt8](repeating: 0, count: 100)),
        MalformedTLS("ones", [UInt8](repeating: 0xff, count: 100)),
        MalformedTLS("a record of no known type", MalformedTLS.record(0x63, [1, 2, 3, 4])),
        MalformedTLS("a record of another version", MalformedTLS.record(22, [1, 0, 0, 0], version: 9)),
        MalformedTLS(
            "a record beyond 16 KiB",
            MalformedTLS.record(22, [UInt8](repeating: 1, count: 100), length: 0xffff)
        ),
        MalformedTLS("an empty handshake record", MalformedTLS.record(22, []) + MalformedTLS.record(22, [])),
        MalformedTLS("application data before the handshake", MalformedTLS.record(23, Array("hello".utf8))),
        MalformedTLS("an alert before the handshake", MalformedTLS.record(21, [2, 40])),
        MalformedTLS("a close_notify before the handshake", MalformedTLS.record(21, [1, 0])),
        MalformedTLS("a change of ciphers before the handshake", MalformedTLS.record(20, [1])),
        MalformedTLS("a server's hello", MalformedTLS.record(22, [2, 0, 0, 4, 3, 3, 0, 0])),
        MalformedTLS("a finished message first", MalformedTLS.record(22, [20, 0, 0, 4, 1, 2, 3, 4])),
        MalformedTLS("a hello that ends early", MalformedTLS.record(22, [1, 0, 0, 2, 3, 3])),
        MalformedTLS("a hello without a random number", MalformedTLS.record(22, [1, 0, 0, 4, 3, 3, 0, 0])),
        MalformedTLS(
            "a hello of 16 MB",
            MalformedTLS.record(22, [1, 0xff, 0xff, 0xff] + [UInt8](repeating: 3, count: 200))
        ),
        MalformedTLS(
            "a hello with no cipher",
            MalformedTLS.record(22, [1, 0, 0, 39, 3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 0, 1, 0])
        ),
        MalformedTLS(
            "a hello with ciphers of the last century",
            MalformedTLS.record(22, [1, 0, 0, 41, 3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0, 4, 1, 0])
        ),
        MalformedTLS(
            "an SSL 2 hello",
            [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10] + [UInt8](repeating: 1, count: 40)
        ),
    ]

    @Test func refusesMalformedTLS() throws {
        try withServer(tls: .testServer(), configure: { $0.deadlines.handshake = .seconds(1) }) { server in
            for malformed in MalformedTests.malformedTLS {
                let client = try RawClient(server.address)
                try client.send(malformed.bytes)
                try client.waitForEnd()
                let isAlert = client.received.first == 21
                #expect(client.received.isEmpty || isAlert, "\(malformed.testDescription)")
                let next = try RawClient(server.address, tls: .testClient())
                #expect(try next.exchange(MalformedTests.get).status == 200, "\(malformed.testDescription)")
            }
            #expect(
                server.metric(#"portcullis_tls_handshakes_total{result="failed"}"#) == MalformedTests.malformedTLS.count
            )
            #expect(server.metric(#"portcullis_http_requests_total{protocol="h1",status="400"}"#) == 0)
        }
    }

    /// What looks whether somebody listens, and closes, has no handshake that could fail.
    @Test func countsProbesApart() throws {
        try withServer(tls: .testServer()) { server in
            for _ in 0..<3 {
                let probe = try RawClient(server.address)
                try probe.finishWriting()
                try probe.waitForEnd()
            }
            #expect(waitUntil { server.metric(#"portcullis_tls_handshakes_total{result="unbegun"}"#) == 3 })
            let brokenOff = try RawClient(server.address)
            try brokenOff.send([22, 3, 1])
            try brokenOff.finishWriting()
            try brokenOff.waitForEnd()
            #expect(waitUntil { server.metric(#"portcullis_tls_handshakes_total{result="failed"}"#) == 1 })
            #expect(server.metric(#"portcullis_tls_handshakes_total{result="unbegun"}"#) == 3)
        }
    }

    /// A client that ends the session with an alert waits for nothing, so the server does not wait for it to close.
    @Test func closesAtOnceAfterAnAlert() throws {
        try withServer(tls: .testServer(), configure: { $0.deadlines.linger = .seconds(3600) }) { server in
            let distrustful = try TLSContext(client: TLSClientConfiguration(trust: .authorities([])))
            let client = try RawClient(server.address)
            var output: [UInt8] = []
            var plaintext: [UInt8] = []
            var session = try TLSSession(connecting: distrustful, to: "localhost", output: &output)
            try client.send(output)
            output = []
            var failure: (any Error)?
            while failure == nil {
                let input = try client.take()
                do {
                    try session.receive(input.span, plaintext: &plaintext, output: &output)
                } catch {
                    failure = error
                }
            }
            try client.send(output)
            try client.waitForEnd()
            #expect(waitUntil { server.listener.connectionCount == 0 })
            #expect(client.received.isEmpty)
            #expect(server.metric(#"portcullis_tls_handshakes_total{result="failed"}"#) == 1)
        }
    }

    /// A byte of a record changed on the way: TLS notices, and nothing of the connection reaches HTTP, or the next one.
    @Test(arguments: [5, 6, 20, 30]) func closesWhenARecordWasTamperedWith(at tampered: Int) throws {
        try withServer(tls: .testServer(), workers: 1) { server in
            let next = try RawClient(server.address, tls: .testClient())
            let client = try RawClient(server.address)
            var output: [UInt8] = []
            var plaintext: [UInt8] = []
            var session = try TLSSession(connecting: .testClient(), to: "localhost", output: &output)
            try client.send(output)
            while session.state == .handshaking {
                output = []
                let input = try client.take()
                try session.receive(input.span, plaintext: &plaintext, output: &output)
                try client.send(output)
            }
            // A whole record with the beginning of a request, and the rest in the one that is wrong.
            output = []
            let beginning = Array("POST /status/404 HTTP/1.1\r\nX: ".utf8)
            try session.send(beginning.span, output: &output)
            let wrong = output.count
            let rest = Array(MalformedTests.get.utf8)
            try session.send(rest.span, output: &output)
            output[wrong + tampered] ^= 1
            try client.send(output)
            try client.waitForEnd()
            #expect(try next.exchange(post("mine")).text == "mine")
            #expect(server.metric("portcullis_connections_accepted_total") == 2)
            #expect(server.metric(#"portcullis_http_requests_total{protocol="h1",status="200"}"#) == 1)
            #expect(server.metric(#"portcullis_http_failures_total{rule="badRequestLine"}"#) == 0)
        }
    }
}
