import TLS
import Testing

/// What a test trusts and shows; made once, for keys take time.
enum Fixture {
    static let now = UTCInstant.now()
    static let authority = made { () throws(CertificateError) in
        try CertificateAuthority(named: "portcullis test CA", at: now)
    }
    static let stranger = made { () throws(CertificateError) in try CertificateAuthority(named: "stranger", at: now) }

    /// Made a year ago, so that it could have issued what is expired now.
    static let oldAuthority = made { () throws(CertificateError) in
        try CertificateAuthority(named: "old test CA", at: now + .days(-365))
    }

    /// For `server.test`, 127.0.0.1 and ::1.
    static let server = leaf()
    static let rsaServer = made { () throws(CertificateError) in
        try authority.issue(serverRequest(), for: PrivateKey(generating: .rsa(bits: 2048)), at: now)
    }
    static let client = made { () throws(CertificateError) in
        try authority.issue(clientRequest, at: now)
    }

    static func serverRequest(_ names: [SubjectAlternativeName]? = nil) -> LeafRequest {
        LeafRequest(
            commonName: "a server",
            subjectAlternativeNames: names ?? [.dns("server.test"), .dns("*.wild.test"), .ip("127.0.0.1"), .ip("::1")]
        )
    }

    static let clientRequest = LeafRequest(
        commonName: "kube-apiserver",
        subjectAlternativeNames: [.uri("spiffe://test/apiserver")],
        purposes: [.client]
    )

    /// An identity for 90 days from `start`.
    static func leaf(
        _ request: LeafRequest = serverRequest(),
        by authority: CertificateAuthority = authority,
        at start: UTCInstant = now
    ) -> TLSIdentity {
        made { () throws(CertificateError) in try authority.issue(request, at: start) }
    }

    /// What cannot fail here.
    static func made<Value>(_ body: () throws(CertificateError) -> Value) -> Value {
        do { return try body() } catch { fatalError("\(error)") }
    }

    static func serverContext(
        _ identities: [TLSIdentity] = [server],
        _ change: (inout TLSServerConfiguration) -> Void = { _ in }
    ) throws -> TLSContext {
        var configuration = TLSServerConfiguration(identities: identities)
        change(&configuration)
        return try TLSContext(server: configuration)
    }

    static func clientContext(
        trusting authority: CertificateAuthority = authority,
        _ change: (inout TLSClientConfiguration) -> Void = { _ in }
    ) throws -> TLSContext {
        var configuration = TLSClientConfiguration(trust: .authorities([authority.certificate]))
        change(&configuration)
        return try TLSContext(client: configuration)
    }
}

/// A server and a client, and what is on the way between them.
final class Conversation {
    var server: TLSSession
    var client: TLSSession
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var serverRead: [UInt8] = []
    var clientRead: [UInt8] = []
    var serverError: TLSError?
    var clientError: TLSError?

    init(_ server: TLSContext, _ client: TLSContext, host: String = "server.test") throws {
        self.server = TLSSession(accepting: server)
        self.client = try TLSSession(connecting: client, to: host, output: &toServer)
    }

    convenience init() throws { try self.init(Fixture.serverContext(), Fixture.clientContext()) }

    /// Carries bytes to and fro until nobody says anything more; whoever has failed receives nothing.
    ///
    /// - Parameter split: How many bytes arrive at once.
    func talk(split: () -> Int = { Int.max }) {
        while !toServer.isEmpty || !toClient.isEmpty {
            let forServer = Conversation.take(&toServer, split())
            if serverError == nil {
                do { try server.receive(forServer.span, plaintext: &serverRead, output: &toClient) } catch {
                    serverError = error
                }
            }
            let forClient = Conversation.take(&toClient, split())
            if clientError == nil {
                do { try client.receive(forClient.span, plaintext: &clientRead, output: &toServer) } catch {
                    clientError = error
                }
            }
        }
    }

    private static func take(_ bytes: inout [UInt8], _ count: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(count))
        bytes.removeFirst(taken.count)
        return taken
    }

    /// Insists that both are open, and that bytes go both ways.
    func expectOpen(sourceLocation: SourceLocation = #_sourceLocation) throws {
        talk()
        #expect(serverError == nil, sourceLocation: sourceLocation)
        #expect(clientError == nil, sourceLocation: sourceLocation)
        let states = [server.state, client.state]
        try #require(states == [.open, .open], sourceLocation: sourceLocation)
        try client.send(Array("request".utf8).span, output: &toServer)
        try server.send(Array("response".utf8).span, output: &toClient)
        talk()
        #expect(serverRead == Array("request".utf8), sourceLocation: sourceLocation)
        #expect(clientRead == Array("response".utf8), sourceLocation: sourceLocation)
    }
}

/// The texts of alerts' numbers (RFC 8446 §6).
enum Alert {
    static let closeNotify = 0, unexpectedMessage = 10, badRecordMAC = 20, handshakeFailure = 40, badCertificate = 42
    static let certificateExpired = 45, unknownAuthority = 48, decodeError = 50, protocolVersion = 70
    static let certificateRequired = 116, noApplicationProtocol = 120
}
