import TLS
import Testing

@Suite struct CertificateReloaderTests {
    typealias Failure = CertificateReloader.Failure

    private static func files(_ identities: TLSIdentity...) -> CertificateReloader.Files {
        .init(pairs: identities.map { .init(chain: $0.leaf.pem, key: $0.key.pem) })
    }

    private static func template() -> TLSServerConfiguration { TLSServerConfiguration(identities: []) }

    /// The name in the certificate that a new connection is shown.
    private func shown(by context: TLSContext?) throws -> String? {
        let conversation = try Conversation(#require(context), Fixture.clientContext())
        try conversation.expectOpen()
        return conversation.client.peerCertificate?.fingerprint
    }

    @Test func usesWhatIsNewAndGood() throws {
        var reloader = CertificateReloader(template: Self.template())
        #expect(reloader.context == nil)
        let first = try reloader.load(Self.files(Fixture.server), at: Fixture.now)
        #expect(try shown(by: first) == Fixture.server.leaf.fingerprint)
        #expect(try reloader.load(Self.files(Fixture.server), at: Fixture.now) == nil)

        let renewed = Fixture.leaf()
        let second = try reloader.load(Self.files(renewed), at: Fixture.now)
        #expect(try shown(by: second) == renewed.leaf.fingerprint)
        #expect(reloader.context === second)
        #expect(reloader.leaves.map(\.fingerprint) == [renewed.leaf.fingerprint])
        // Sessions of the old one are as good as ever.
        #expect(try shown(by: first) == Fixture.server.leaf.fingerprint)
    }

    @Test func loadsBothTypesOfKeys() throws {
        var reloader = CertificateReloader(template: Self.template())
        _ = try reloader.load(Self.files(Fixture.server, Fixture.rsaServer), at: Fixture.now)
        #expect(reloader.leaves.map(\.keyType) == [.p256, .rsa(bits: 2048)])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let name: String
        let pair: Int
        let code: CertificateError.Code
        let files: @Sendable () -> CertificateReloader.Files
        var testDescription: String { name }
    }

    static let bad = [
        Bad(name: "a key that does not belong to the certificate", pair: 0, code: .keyMismatch) {
            .init(pairs: [.init(chain: Fixture.leaf().leaf.pem, key: Fixture.server.key.pem)])
        },
        Bad(name: "a certificate that is half written", pair: 0, code: .unreadableCertificate) {
            .init(pairs: [.init(chain: Array(Fixture.server.leaf.pem.prefix(300)), key: Fixture.server.key.pem)])
        },
        Bad(name: "empty files", pair: 0, code: .noCertificate) { .init(pairs: [.init(chain: [], key: [])]) },
        Bad(name: "a second pair that is broken", pair: 1, code: .unreadableKey) {
            .init(pairs: [
                .init(chain: Fixture.server.leaf.pem, key: Fixture.server.key.pem),
                .init(chain: Fixture.rsaServer.leaf.pem, key: []),
            ])
        },
        Bad(name: "a client's certificate", pair: 0, code: .wrongPurpose) { files(Fixture.client) },
        Bad(name: "a certificate without names", pair: 0, code: .noSubjectAlternativeName) {
            files(Fixture.leaf(Fixture.serverRequest([])))
        },
        Bad(
            name: "a certificate that has expired",
            pair: 0,
            code: .expired(at: Fixture.now + .days(-10))
        ) { files(Fixture.leaf(by: Fixture.oldAuthority, at: Fixture.now + .days(-100))) },
    ]

    @Test(arguments: bad) func keepsTheLastGoodContextInPlaceOf(_ bad: Bad) throws {
        var reloader = CertificateReloader(template: Self.template())
        let good = try reloader.load(Self.files(Fixture.server), at: Fixture.now)
        let error = #expect(throws: Failure.self) { _ = try reloader.load(bad.files(), at: Fixture.now) }
        if case .pair(let index, let cause)? = error {
            #expect(index == bad.pair)
            #expect(cause.code == bad.code)
        } else {
            Issue.record("\(String(describing: error))")
        }
        #expect(reloader.context === good)
        // The same good files again are no change.
        #expect(try reloader.load(Self.files(Fixture.server), at: Fixture.now) == nil)
    }

    @Test func clientAuthoritiesComeFromTheFiles() throws {
        var template = Self.template()
        template.clientAuthentication = .require(authorities: [])
        var reloader = CertificateReloader(template: template)
        var files = Self.files(Fixture.server)
        let error = #expect(throws: Failure.self) { _ = try reloader.load(files, at: Fixture.now) }
        #expect(error?.description.hasPrefix("client authorities: no certificate found") == true)

        files.clientAuthorities = Fixture.stranger.certificate.pem
        let first = try #require(try reloader.load(files, at: Fixture.now))
        files.clientAuthorities += Fixture.authority.certificate.pem
        let second = try #require(try reloader.load(files, at: Fixture.now))
        for (context, isWelcome) in [(first, false), (second, true)] {
            let conversation = try Conversation(context, Fixture.clientContext { $0.identity = Fixture.client })
            conversation.talk()
            #expect((conversation.serverError == nil) == isWelcome)
        }
    }
}
