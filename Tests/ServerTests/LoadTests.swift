import EventLoop
import HTTPClient
import Observability
import Server
import Synchronization
import TLS
import Testing

/// Many clients at once, and what happens to the server meanwhile: nobody loses a request.
@Suite struct LoadTests {
    enum Kind: CaseIterable, Sendable {
        case clear
        case http1
        case http1Split
        case http2

        func client(of server: TestServer, configure: (inout TLSClientConfiguration) -> Void = { _ in }) throws
            -> ClientConfiguration
        {
            try client(of: server.address, configure: configure)
        }

        func client(of address: SocketAddress, configure: (inout TLSClientConfiguration) -> Void = { _ in }) throws
            -> ClientConfiguration
        {
            let tls: TLSContext? =
                switch self {
                case .clear: nil
                case .http1, .http1Split: try .testClient(configure: configure)
                case .http2: try .testClient(["h2"], configure: configure)
                }
            var configuration = ClientConfiguration(address: address, tls: tls, serverName: "localhost")
            if self == .http1Split { configuration.splitsRequestsAfter = 4096 }
            return configuration
        }

        func server() throws -> TLSContext? {
            self == .clear ? nil : try .testServer()
        }

        /// Requests that a client has under way.
        var depth: Int { self == .http2 ? 8 : 1 }
    }

    @Test(arguments: Kind.allCases) func serves64Connections(_ kind: Kind) throws {
        try withServer(tls: kind.server()) { server in
            let load = try Load(kind.client(of: server), clients: 64, depth: kind.depth)
            load.waitForAnswers(2000)
            let counts = try load.finish()
            #expect(counts.lost == [])
            #expect(counts.sentAgain == 0)
            #expect(counts.connections == 64)
            let label = kind == .http2 ? "h2" : "h1"
            #expect(
                server.metric(#"portcullis_http_requests_total{protocol="\#(label)",status="200"}"#)
                    == counts.answered
            )
        }
    }

    /// 64 requests under way on one connection, with bodies on both sides of every limit of flow control.
    @Test func multiplexes64RequestsOnOneConnection() throws {
        try withServer(tls: .testServer()) { server in
            let load = try Load(Kind.http2.client(of: server), clients: 1, depth: 64)
            load.waitForAnswers(2000)
            let counts = try load.finish()
            #expect(counts.lost == [])
            #expect(counts.connections == 1)
        }
    }

    @Test func handsEachConnectionToTheLoopThatHasTheFewest() throws {
        try withServer(workers: 4) { server in
            var clients: [RawClient] = []
            var loops: [String: Int] = [:]
            for _ in 0..<40 {
                let client = try RawClient(server.address)
                let loop = try client.exchange("GET /loop HTTP/1.1\r\nHost: a\r\n\r\n").text
                loops[loop, default: 0] += 1
                clients.append(client)
            }
            #expect(loops == ["0": 10, "1": 10, "2": 10, "3": 10])
        }
    }

    @Test(arguments: Kind.allCases) func drainsWithoutLosingARequest(_ kind: Kind) throws {
        let server = try TestServer(tls: kind.server()) {
            $0.drain.delay = .milliseconds(50)
            $0.drain.idle = .seconds(2)
        }
        let idle = try RawClient(server.address, tls: kind == .clear ? nil : .testClient())
        let load = try Load(kind.client(of: server), clients: 16, depth: kind.depth)
        load.waitForAnswers(500)
        #expect(!server.listener.isDraining)
        server.listener.drain()
        #expect(server.listener.isDraining)
        // Clients go on, and find that nobody listens any more.
        try server.listener.join()
        let counts = try load.finish()
        #expect(counts.lost == [])
        #expect(counts.answered >= 500)
        #expect(server.metric("portcullis_connections") == 0)
        #expect(server.metric(#"portcullis_limits_total{limit="drain"}"#) == 0)
        try idle.waitForEnd()
        #expect(idle.received.isEmpty)
    }

    /// As a rolling update does: the old one drains, its port is free, the new one takes it.
    @Test(arguments: Kind.allCases) func restartsWithoutLosingARequest(_ kind: Kind) throws {
        let first = try TestServer(tls: kind.server()) { $0.drain.idle = .seconds(2) }
        let load = try Load(kind.client(of: first), clients: 8, depth: kind.depth)
        load.waitForAnswers(200)
        first.listener.drain()
        try first.listener.join()
        let second = try TestServer(tls: kind.server(), at: "\(first.address)")
        load.waitForAnswers(200)
        let counts = try load.finish()
        #expect(counts.lost == [])
        #expect(counts.sentAgain > 0)
        #expect(counts.connections >= 16)
        second.listener.stop()
        try second.listener.join()
    }

    @Test(arguments: [Kind.http1, .http2]) func changesItsCertificateUnderLoad(_ kind: Kind) throws {
        let identity = try TestIdentity.shared.get()
        // Another authority: who trusts only one of the two sees which certificate is in use.
        let other = try CertificateAuthority(named: "Another", at: .now())
        let renewed = try TestIdentity.issueServer(from: other)
        try withServer(tls: .testServer(), configure: { $0.rotation?.requests = 50 }) { server in
            let load = try Load(
                kind.client(of: server) {
                    $0.trust = .authorities([identity.authority.certificate, other.certificate])
                },
                clients: 8,
                depth: kind.depth
            )
            load.waitForAnswers(300)
            let before = try RawClient(server.address, tls: .testClient())
            server.listener.use(try .testServer { $0.identities = [renewed] })
            // Connections that are open live on with what they began with.
            #expect(try before.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            let after = try RawClient(
                server.address,
                tls: .testClient { $0.trust = .authorities([other.certificate]) }
            )
            #expect(try after.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            #expect(throws: (any Error).self) { try RawClient(server.address, tls: .testClient()) }
            load.waitForAnswers(1000)
            let counts = try load.finish()
            #expect(counts.lost == [])
            #expect(counts.connections > 8)
        }
    }

    /// With each goes its loop, and everything that the loop held.
    @Test(arguments: [false, true]) func letsGoOfItsHandlersAtTheEnd(drains: Bool) throws {
        let count = HandlerCount()
        let metrics = Metrics()
        var configuration = ServerConfiguration(addresses: [try #require(SocketAddress(parsing: "127.0.0.1:0"))])
        configuration.workers = 3
        configuration.drain.delay = .zero
        configuration.drain.idle = .zero
        let listener = try Listener(configuration, tls: nil, metrics: ServerMetrics(in: metrics, listeners: ["server"]))
        {
            CountedHandler(count, loop: $0.index)
        }
        let client = try RawClient(listener.addresses[0])
        #expect(try client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        #expect(waitUntil { count.value.load(ordering: .relaxed) == 3 })
        if drains { listener.drain() } else { listener.stop() }
        try listener.join()
        #expect(count.value.load(ordering: .relaxed) == 0)
    }

    @Test func cutsOffWhatDoesNotEndInTime() throws {
        let server = try TestServer { $0.drain.deadline = .milliseconds(200) }
        let client = try RawClient(server.address)
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        #expect(waitUntil { server.listener.connectionCount == 1 })
        server.listener.drain()
        try server.listener.join()
        try client.waitForEnd()
        #expect(server.metric(#"portcullis_limits_total{limit="drain"}"#) == 1)
    }
}

/// How many handlers there are.
private final class HandlerCount: Sendable {
    let value = Atomic<Int>(0)
}

private final class CountedHandler: RequestHandler {
    private let count: HandlerCount
    private let echo: EchoHandler

    init(_ count: HandlerCount, loop: Int) {
        self.count = count
        echo = EchoHandler(loop: loop)
        count.value.add(1, ordering: .relaxed)
    }

    deinit { count.value.subtract(1, ordering: .relaxed) }

    func respond(to request: borrowing ServerRequest, body: consuming [UInt8], response: inout ServerResponse) {
        echo.respond(to: request, body: body, response: &response)
    }
}
