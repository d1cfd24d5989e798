import EventLoop
import HTTPClient
import HTTPWire
import Server
import TLS
import Testing
import Transport

extension ClientRequestHead {
    /// A request that ``EchoHandler`` sends back.
    static let echo = ClientRequestHead(.post, authority: "localhost", target: "/echo", contentType: "text/plain")
}

@Suite struct HTTPClientTests {
    private static func configuration(
        of server: TestServer,
        _ protocols: [String] = ["h2", "http/1.1"],
        configure: (inout TLSClientConfiguration) -> Void = { _ in }
    ) throws -> ClientConfiguration {
        ClientConfiguration(
            address: server.address,
            tls: try .testClient(protocols, configure: configure),
            serverName: "localhost"
        )
    }

    @Test(arguments: ["http/1.1", "h2"]) func keepsItsConnection(_ name: String) throws {
        try withServer(tls: .testServer()) { server in
            let client = try HTTPClient(HTTPClientTests.configuration(of: server, [name]))
            #expect(client.version == nil)
            for number in 0..<50 {
                let body = Array(String(repeating: "\(number)", count: number * 370).utf8)
                let response = try client.perform(.echo, body: body)
                #expect(response.status == 200)
                #expect(response.body == body)
            }
            #expect(client.version == (name == "h2" ? .http2 : .http1_1))
            #expect(server.metric("portcullis_connections_accepted_total") == 1)
        }
    }

    @Test func agreesOnHTTP2WhereBothCan() throws {
        try withServer(tls: .testServer()) { server in
            let client = try HTTPClient(HTTPClientTests.configuration(of: server))
            #expect(try client.perform(.echo).status == 200)
            #expect(client.version == .http2)
        }
    }

    @Test(arguments: ["127.0.0.1", "::1", "portcullis.portcullis-system.svc"])
    func asksForTheNameThatTheCertificateCarries(_ name: String) throws {
        try withServer(tls: .testServer()) { server in
            var configuration = try HTTPClientTests.configuration(of: server)
            configuration.serverName = name
            #expect(try HTTPClient(configuration).perform(.echo).status == 200)
        }
    }

    @Test func refusesACertificateForAnotherName() throws {
        try withServer(tls: .testServer()) { server in
            var configuration = try HTTPClientTests.configuration(of: server)
            configuration.serverName = "example.org"
            let error = #expect(throws: ClientError.self) { _ = try HTTPClient(configuration).perform(.echo) }
            #expect(error?.isRejection == true)
            #expect(error?.isUnprocessed == true)
        }
    }

    @Test func refusesACertificateOfAnotherAuthority() throws {
        let other = try CertificateAuthority(named: "Another", at: .now())
        try withServer(tls: .testServer()) { server in
            let configuration = try HTTPClientTests.configuration(of: server) {
                $0.trust = .authorities([other.certificate])
            }
            let error = #expect(throws: ClientError.self) { _ = try HTTPClient(configuration).perform(.echo) }
            #expect(error?.isRejection == true)
        }
    }

    @Test(arguments: ["http/1.1", "h2"]) func showsItsCertificateToAServerThatRequiresOne(_ name: String) throws {
        let identity = try TestIdentity.shared.get()
        let context = try TLSContext.testServer {
            $0.clientAuthentication = .require(authorities: [identity.authority.certificate])
        }
        try withServer(tls: context) { server in
            let anonymous = try HTTPClient(HTTPClientTests.configuration(of: server, [name]))
            let error = #expect(throws: ClientError.self) { _ = try anonymous.perform(.echo) }
            guard case .transport(.tls(let tls)) = error?.code, case .alertReceived(116) = tls.code else {
                Issue.record("no alert certificate_required: \(String(describing: error))")
                return
            }
            let known = try HTTPClient(
                HTTPClientTests.configuration(of: server, [name]) { $0.identity = identity.client }
            )
            #expect(try known.perform(.echo).status == 200)
        }
    }

    @Test func saysThatNobodyListens() throws {
        let server = try TestServer(tls: .testServer())
        let client = try HTTPClient(HTTPClientTests.configuration(of: server))
        server.listener.stop()
        try server.listener.join()
        let error = #expect(throws: ClientError.self) { _ = try client.perform(.echo) }
        guard case .connecting = error?.code else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isUnprocessed == true)
    }

    @Test(arguments: ["http/1.1", "h2"]) func comesBackAfterTheServerHasClosed(_ name: String) throws {
        try withServer(tls: .testServer(), configure: { $0.deadlines.idle = .milliseconds(300) }) { server in
            let client = try HTTPClient(HTTPClientTests.configuration(of: server, [name]))
            #expect(try client.perform(.echo).status == 200)
            #expect(waitUntil { server.metric("portcullis_connections") == 0 })
            #expect(try client.perform(.echo).status == 200)
            #expect(server.metric("portcullis_connections_accepted_total") == 2)
        }
    }

    /// The backlog takes the connection, and nobody ever answers.
    @Test(arguments: [false, true]) func givesUpAfterItsTime(isSecure: Bool) throws {
        let address = try #require(SocketAddress(parsing: "127.0.0.1:0"))
        let socket = try Socket.listen(on: address)
        let tls: TLSContext? = isSecure ? try .testClient() : nil
        let client = try HTTPClient(ClientConfiguration(address: Socket.localAddress(of: socket), tls: tls))
        let error = #expect(throws: ClientError.self) { _ = try client.perform(.echo, within: .milliseconds(50)) }
        #expect(error?.code == .timedOut)
        // In the clear the request was sent, and who knows what became of it.
        #expect(error?.isUnprocessed == isSecure)
    }
}

extension ClientError {
    /// Whether the server's certificate did not satisfy the client.
    fileprivate var isRejection: Bool {
        guard case .transport(.tls(let error)) = code, case .peerCertificateRejected = error.code else { return false }
        return true
    }
}
