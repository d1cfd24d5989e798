import FoundationEssentials
import TLS
import Testing

@Suite struct HandshakeTests {
    // MARK: Versions and keys

    struct Combination: Sendable, CustomTestStringConvertible {
        let version: TLSVersion
        let identity: String
        let clientAuthentication: String
        var testDescription: String { "\(version), \(identity), client certificate \(clientAuthentication)" }
    }

    static let combinations = [TLSVersion.v1_2, .v1_3].flatMap { version in
        ["ECDSA", "RSA", "both"].flatMap { identity in
            ["off", "requested", "requested and shown", "required and shown"].map { authentication in
                Combination(version: version, identity: identity, clientAuthentication: authentication)
            }
        }
    }

    @Test(arguments: combinations) func succeeds(_ combination: Combination) throws {
        let identities: [TLSIdentity] =
            switch combination.identity {
            case "ECDSA": [Fixture.server]
            case "RSA": [Fixture.rsaServer]
            default: [Fixture.rsaServer, Fixture.server]
            }
        let authorities = [Fixture.authority.certificate]
        let isShown = combination.clientAuthentication.hasSuffix("shown")
        let conversation = try Conversation(
            Fixture.serverContext(identities) {
                switch combination.clientAuthentication {
                case "off": break
                case "required and shown": $0.clientAuthentication = .require(authorities: authorities)
                default: $0.clientAuthentication = .request(authorities: authorities)
                }
            },
            Fixture.clientContext {
                $0.maximumVersion = combination.version
                if isShown { $0.identity = Fixture.client }
            }
        )
        try conversation.expectOpen()
        #expect(conversation.server.version == combination.version)
        #expect(conversation.client.version == combination.version)
        let expectedKey: KeyType = combination.identity == "RSA" ? .rsa(bits: 2048) : .p256
        #expect(conversation.client.peerCertificate?.keyType == expectedKey)
        let peer = conversation.server.peerCertificate
        #expect(peer?.commonName == (isShown ? "kube-apiserver" : nil))
        #expect(peer?.subjectAlternativeNames == (isShown ? [.uri("spiffe://test/apiserver")] : nil))
    }

    @Test func refusesAVersionThatIsTooOld() throws {
        let conversation = try Conversation(
            Fixture.serverContext { $0.minimumVersion = .v1_3 },
            Fixture.clientContext { $0.maximumVersion = .v1_2 }
        )
        conversation.talk()
        #expect(conversation.serverError?.code == .protocolViolation)
        #expect(conversation.clientError?.code == .alertReceived(Alert.protocolVersion))
    }

    /// A client that verifies only RSA signatures; our own verifies both, so its hello is rewritten on the way.
    @Test func showsTheCertificateThatTheClientCanVerify() throws {
        for (schemes, identity) in [([0x08, 0x04], Fixture.rsaServer), ([0x04, 0x03], Fixture.server)] as [([UInt8], _)]
        {
            let conversation = try Conversation(
                Fixture.serverContext([Fixture.server, Fixture.rsaServer]),
                Fixture.clientContext { $0.maximumVersion = .v1_2 }
            )
            // signature_algorithms: type 13, length, length of the list, list.
            let start = try #require(
                conversation.toServer.indices.dropLast(6).first { index in
                    let hello = conversation.toServer
                    return hello[index] == 0 && hello[index + 1] == 13 && hello[index + 2] == 0 && hello[index + 4] == 0
                        && hello[index + 3] == hello[index + 5] + 2
                }
            )
            let count = Int(conversation.toServer[start + 5])
            for offset in 0..<count { conversation.toServer[start + 6 + offset] = schemes[offset % 2] }
            let hello = conversation.toServer
            conversation.toServer = []
            try conversation.server.receive(
                hello.span,
                plaintext: &conversation.serverRead,
                output: &conversation.toClient
            )
            // In TLS 1.2 the certificate is not encrypted.
            #expect(conversation.toClient.contains(try der(identity.leaf)))
        }
    }

    @Test func showsTheWholeChainThatItWasGiven() throws {
        let whole = try TLSIdentity(
            chain: [Fixture.server.leaf, Fixture.authority.certificate],
            key: Fixture.server.key
        )
        for (identity, isShown) in [(whole, true), (Fixture.server, false)] {
            let conversation = try Conversation(
                Fixture.serverContext([identity]),
                Fixture.clientContext { $0.maximumVersion = .v1_2 }
            )
            let hello = conversation.toServer
            conversation.toServer = []
            try conversation.server.receive(
                hello.span,
                plaintext: &conversation.serverRead,
                output: &conversation.toClient
            )
            #expect(conversation.toClient.contains(try der(Fixture.server.leaf)))
            #expect(conversation.toClient.contains(try der(Fixture.authority.certificate)) == isShown)
        }
    }

    private func der(_ certificate: Certificate) throws -> [UInt8] {
        let lines = String(decoding: certificate.pem, as: UTF8.self).split(separator: "\n")
        return Array(try #require(Data(base64Encoded: lines.dropFirst().dropLast().joined())))
    }

    // MARK: Application protocols

    struct Negotiation: Sendable, CustomTestStringConvertible {
        let name: String
        var server = ["h2", "http/1.1"]
        let client: [String]
        let result: String?
        var testDescription: String { name }
    }

    static let negotiations = [
        Negotiation(name: "the server prefers h2", client: ["http/1.1", "h2"], result: "h2"),
        Negotiation(name: "a Service webhook's client", client: ["http/1.1"], result: "http/1.1"),
        Negotiation(name: "a client that offers nothing", client: [], result: nil),
        Negotiation(name: "an offer with strangers in it", client: ["spdy/3", "http/1.1"], result: "http/1.1"),
        Negotiation(
            name: "a server that prefers http/1.1",
            server: ["http/1.1", "h2"],
            client: ["h2", "http/1.1"],
            result: "http/1.1"
        ),
        Negotiation(name: "a server that speaks of nothing", server: [], client: ["h2"], result: nil),
    ]

    @Test(arguments: negotiations) func agreesOnAProtocol(_ negotiation: Negotiation) throws {
        let conversation = try Conversation(
            Fixture.serverContext { $0.applicationProtocols = negotiation.server },
            Fixture.clientContext { $0.applicationProtocols = negotiation.client }
        )
        try conversation.expectOpen()
        #expect(conversation.server.applicationProtocol == negotiation.result)
        #expect(conversation.client.applicationProtocol == negotiation.result)
    }

    @Test func refusesAnOfferWithoutOverlap() throws {
        let conversation = try Conversation(
            Fixture.serverContext(),
            Fixture.clientContext { $0.applicationProtocols = ["spdy/3", "http/1.0"] }
        )
        conversation.talk()
        #expect(conversation.serverError?.code == .protocolViolation)
        #expect(conversation.clientError?.code == .alertReceived(Alert.noApplicationProtocol))
        #expect(conversation.clientError?.description == "the peer refused: tlsv1 alert no application protocol")
    }

    // MARK: Names

    @Test func trustsWhatIsInTheBundleThoughItsIssuerIsNot() throws {
        var configuration = TLSClientConfiguration(trust: .authorities([Fixture.server.leaf, Fixture.server.leaf]))
        configuration.applicationProtocols = []
        try Conversation(Fixture.serverContext(), TLSContext(client: configuration)).expectOpen()
    }

    @Test func theMachinesAuthoritiesDoNotVouchForOurs() throws {
        let client = try TLSContext(client: TLSClientConfiguration(trust: .system))
        let conversation = try Conversation(Fixture.serverContext(), client)
        conversation.talk()
        #expect(conversation.serverError?.code == .alertReceived(Alert.unknownAuthority))
    }

    @Test(arguments: ["server.test", "SERVER.test", "a.wild.test", "127.0.0.1", "::1"])
    func trustsTheNamesOfTheCertificate(_ host: String) throws {
        let conversation = try Conversation(Fixture.serverContext(), Fixture.clientContext(), host: host)
        try conversation.expectOpen()
        let isAddress = host == "127.0.0.1" || host == "::1"
        #expect(conversation.server.serverName == (isAddress ? nil : host))
    }

    @Test(arguments: ["other.test", "a server", "wild.test", "a.b.wild.test", "xserver.test", "127.0.0.2", "::2"])
    func distrustsOtherNames(_ host: String) throws {
        let conversation = try Conversation(Fixture.serverContext(), Fixture.clientContext(), host: host)
        conversation.talk()
        guard case .peerCertificateRejected? = conversation.clientError?.code else {
            Issue.record("\(host): \(String(describing: conversation.clientError))")
            return
        }
        #expect(conversation.serverError?.code == .alertReceived(Alert.badCertificate))
        #expect(conversation.client.state == .failed)
        #expect(conversation.clientError?.description.contains("mismatch") == true)
    }

    // MARK: Certificates that are refused

    @Test func refusesTwoIdentitiesWithKeysOfOneType() {
        let error = #expect(throws: TLSError.self) { _ = try Fixture.serverContext([Fixture.server, Fixture.leaf()]) }
        #expect(error?.code == .ambiguousIdentities(.p256))
    }

    @Test func refusesAKeyThatIsTooWeak() throws {
        let weak = try Fixture.authority.issue(
            Fixture.serverRequest(),
            for: PrivateKey(generating: .rsa(bits: 1024)),
            at: Fixture.now
        )
        let error = #expect(throws: TLSError.self) { _ = try Fixture.serverContext([weak]) }
        #expect(error?.description == "TLS cannot be set up: ee key too small")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let identity: @Sendable () -> TLSIdentity
        let alert: Int
        var testDescription: String { name }
    }

    static let refusals = [
        Refusal(
            name: "another authority's certificate",
            identity: { Fixture.leaf(by: Fixture.stranger) },
            alert: Alert.unknownAuthority
        ),
        Refusal(
            name: "an expired certificate",
            identity: {
                let then = Fixture.now + .days(-100)
                let old = Fixture.made { () throws(CertificateError) in
                    try CertificateAuthority(
                        certificate: Fixture.oldAuthority.certificate,
                        key: Fixture.oldAuthority.key
                    )
                }
                return Fixture.leaf(by: old, at: then)
            },
            alert: Alert.certificateExpired
        ),
        Refusal(
            name: "a certificate that is not valid yet",
            identity: { Fixture.leaf(by: Fixture.oldAuthority, at: Fixture.now + .days(2)) },
            alert: Alert.badCertificate
        ),
        Refusal(
            name: "a client's certificate shown by a server",
            identity: { Fixture.client },
            // OpenSSL's name for it is "unsupported certificate".
            alert: 43
        ),
    ]

    @Test(arguments: refusals) func refusesAServerWith(_ refusal: Refusal) throws {
        let authority =
            refusal.name.contains("expired") || refusal.name.contains("yet") ? Fixture.oldAuthority : Fixture.authority
        let conversation = try Conversation(
            Fixture.serverContext([refusal.identity()]),
            Fixture.clientContext(trusting: authority)
        )
        conversation.talk()
        #expect(conversation.client.state == .failed)
        #expect(conversation.serverError?.code == .alertReceived(refusal.alert))
    }

    @Test(arguments: [TLSVersion.v1_2, .v1_3], [true, false])
    func refusesAClientOfAnotherAuthority(_ version: TLSVersion, _ isRequired: Bool) throws {
        let authorities = [Fixture.authority.certificate]
        let conversation = try Conversation(
            Fixture.serverContext {
                $0.clientAuthentication =
                    isRequired ? .require(authorities: authorities) : .request(authorities: authorities)
            },
            Fixture.clientContext {
                $0.maximumVersion = version
                $0.identity = Fixture.leaf(Fixture.clientRequest, by: Fixture.stranger)
            }
        )
        conversation.talk()
        guard case .peerCertificateRejected? = conversation.serverError?.code else {
            Issue.record("\(String(describing: conversation.serverError))")
            return
        }
        #expect(conversation.clientError?.code == .alertReceived(Alert.unknownAuthority))
    }

    @Test(arguments: [TLSVersion.v1_2, .v1_3]) func refusesAClientWithoutACertificate(_ version: TLSVersion) throws {
        let conversation = try Conversation(
            Fixture.serverContext { $0.clientAuthentication = .require(authorities: [Fixture.authority.certificate]) },
            Fixture.clientContext { $0.maximumVersion = version }
        )
        conversation.talk()
        #expect(conversation.serverError?.code == .protocolViolation)
        #expect(conversation.serverError?.description == "TLS failed: peer did not return a certificate")
        let alert = version == .v1_3 ? Alert.certificateRequired : Alert.handshakeFailure
        #expect(conversation.clientError?.code == .alertReceived(alert))
    }

    // MARK: Reload

    @Test func aSessionKeepsTheContextThatItBeganWith() throws {
        var context: TLSContext? = try Fixture.serverContext()
        weak let released = context
        let conversation = try Conversation(#require(context), Fixture.clientContext())
        // The reload comes in the middle of the handshake: the callbacks of the old context must still work.
        context = nil
        #expect(released != nil)
        try conversation.expectOpen()
        #expect(conversation.server.applicationProtocol == "h2")
    }
}
