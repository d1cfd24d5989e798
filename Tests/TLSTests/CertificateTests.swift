import TLS
import Testing

@Suite struct CertificateTests {
    @Test func anAuthorityIsWhatItSays() throws {
        let start = UTCInstant(secondsSinceEpoch: 1_795_435_200)  // 2026-11-23T12:00:00Z
        let authority = try CertificateAuthority(named: "portcullis dev CA", validity: .years(10), at: start)
        let certificate = authority.certificate
        #expect(certificate.subject == "CN=portcullis dev CA")
        #expect(certificate.issuer == certificate.subject)
        #expect(certificate.commonName == "portcullis dev CA")
        #expect(certificate.isAuthority)
        #expect(certificate.keyType == .p256)
        #expect(certificate.keyType.description == "ECDSA P-256")
        #expect(certificate.subjectAlternativeNames.isEmpty)
        #expect(certificate.notBefore.description == "2026-11-23T11:55:00Z")
        #expect(certificate.notAfter.description == "2036-11-20T12:00:00Z")
        #expect(certificate.fingerprint.count == 32 * 3 - 1)
        #expect(certificate.matches(authority.key))
    }

    @Test func aLeafIsWhatWasAskedFor() throws {
        let names: [SubjectAlternativeName] = [
            .dns("portcullis.portcullis-system.svc"), .dns("*.example.com"), .ip("127.0.0.1"), .ip("2001:db8::1"),
            .uri("spiffe://example/ns/portcullis-system/sa/portcullis"),
        ]
        let identity = try Fixture.authority.issue(
            LeafRequest(
                commonName: "portcullis",
                subjectAlternativeNames: names,
                purposes: [.server, .client],
                validity: .days(7)
            ),
            at: Fixture.now
        )
        let leaf = identity.leaf
        #expect(leaf.subject == "CN=portcullis")
        #expect(leaf.issuer == "CN=portcullis test CA")
        #expect(leaf.subjectAlternativeNames == names)
        #expect(!leaf.isAuthority)
        #expect(leaf.notAfter == Fixture.now + .days(7))
        #expect(leaf.notBefore == Fixture.now + .seconds(-300))
        #expect(leaf.allows(.server) && leaf.allows(.client))
        try leaf.verify(against: [Fixture.authority.certificate], for: .server, at: Fixture.now)
        try leaf.verify(against: [Fixture.authority.certificate], for: .client, at: Fixture.now)
    }

    @Test func serialNumbersAreLargeAndDiffer() throws {
        let numbers = (0..<20).map { _ in Fixture.leaf().leaf.serialNumber }
        #expect(Set(numbers).count == 20)
        #expect(numbers.allSatisfy { $0.count == 32 && "4567".contains($0.first ?? " ") })
    }

    @Test func renewingKeepsNamesAndPurposesButNotTheKey() throws {
        let later = Fixture.now + .days(30)
        let renewed = try Fixture.authority.issue(LeafRequest(renewing: Fixture.server.leaf), at: later)
        #expect(renewed.leaf.subject == Fixture.server.leaf.subject)
        #expect(renewed.leaf.subjectAlternativeNames == Fixture.server.leaf.subjectAlternativeNames)
        #expect(renewed.leaf.allows(.server) && !renewed.leaf.allows(.client))
        #expect(renewed.leaf.notAfter == later + .days(90))
        #expect(!renewed.leaf.matches(Fixture.server.key))
        #expect(renewed.leaf.fingerprint != Fixture.server.leaf.fingerprint)
        let client = try Fixture.authority.issue(LeafRequest(renewing: Fixture.client.leaf), at: later)
        #expect(client.leaf.allows(.client) && !client.leaf.allows(.server))
    }

    @Test func aLeafDoesNotOutliveItsAuthority() throws {
        let late = Fixture.authority.certificate.notAfter + .days(-1)
        #expect(Fixture.leaf(at: late).leaf.notAfter == Fixture.authority.certificate.notAfter)
        let error = #expect(throws: CertificateError.self) {
            _ = try Fixture.authority.issue(Fixture.serverRequest(), at: late + .days(2))
        }
        #expect(error?.code == .expired(at: Fixture.authority.certificate.notAfter))
    }

    /// OpenSSL alone writes the curve twice if two write a new key at once.
    @Test func aKeyIsWrittenTheSameByManyAtOnce() async throws {
        for _ in 0..<2_000 {
            let key = try PrivateKey(generating: .p256)
            let texts = await withTaskGroup(of: [[UInt8]].self) { group in
                for _ in 0..<2 { group.addTask { (0..<4).map { _ in key.pem } } }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(texts).count == 1)
        }
    }

    @Test func pemIsReadAsItWasWritten() throws {
        let chain = Fixture.server.leaf.pem + Array("\nsome text between\n".utf8) + Fixture.authority.certificate.pem
        let certificates = try Certificate.parse(pem: chain)
        #expect(
            certificates.map(\.fingerprint) == [Fixture.server.leaf, Fixture.authority.certificate].map(\.fingerprint)
        )
        for identity in [Fixture.server, Fixture.rsaServer] {
            let key = try PrivateKey(pem: identity.key.pem)
            #expect(key.type == identity.key.type)
            #expect(identity.leaf.matches(key))
            #expect(identity.key.pem.starts(with: "-----BEGIN PRIVATE KEY-----".utf8))
        }
        _ = try CertificateAuthority(
            certificate: Certificate.parse(pem: Fixture.authority.certificate.pem)[0],
            key: PrivateKey(pem: Fixture.authority.key.pem)
        )
    }

    // MARK: What is refused

    struct Bad: Sendable, CustomTestStringConvertible {
        let name: String
        let code: CertificateError.Code
        let body: @Sendable () throws -> Void
        var testDescription: String { name }
    }

    /// A key of nobody, with the passphrase `secret`.
    static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhB0D/Xhlir3wIBATAM
        BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQM5ehHs3Zq4cLONDqAWT+GwSBkAYF
        2tZoPD8Ccixk/uTIy/kFVkwRhXmOsmWGZpyk8LxSZS7Gjxp0FWAME45bNM8s2LeY
        pgie7xpSZu4j9s3WEvq8UADA5C0e8SM2k63/KU8GHWdT9Vfe8Ju2vDnK+ijQ+Tjq
        omy5fCPgTC6wxIDpXH5Fx6vyyIIRI66xZmEK76lr/JQg6o7YMQ4tMK/bSiJG+Q==
        -----END ENCRYPTED PRIVATE KEY-----
        """

    static let bad = [
        Bad(name: "an empty certificate file", code: .noCertificate) { _ = try Certificate.parse(pem: []) },
        Bad(name: "a certificate file of something else", code: .noCertificate) {
            _ = try Certificate.parse(pem: Array("hello".utf8))
        },
        Bad(name: "a key in place of the certificate", code: .noCertificate) {
            _ = try Certificate.parse(pem: Fixture.server.key.pem)
        },
        Bad(name: "a certificate that is cut off", code: .unreadableCertificate) {
            _ = try Certificate.parse(pem: Array(Fixture.server.leaf.pem.dropLast(60)))
        },
        Bad(name: "a chain whose second certificate is damaged", code: .unreadableCertificate) {
            var second = Fixture.authority.certificate.pem
            second[100] = UInt8(ascii: "!")
            _ = try Certificate.parse(pem: Fixture.server.leaf.pem + second)
        },
        Bad(name: "an empty key file", code: .unreadableKey) { _ = try PrivateKey(pem: []) },
        Bad(name: "a certificate in place of the key", code: .unreadableKey) {
            _ = try PrivateKey(pem: Fixture.server.leaf.pem)
        },
        Bad(name: "a key that is cut off", code: .unreadableKey) {
            _ = try PrivateKey(pem: Array(Fixture.server.key.pem.dropLast(50)))
        },
        Bad(name: "another certificate's key", code: .keyMismatch) {
            _ = try TLSIdentity(pem: Fixture.server.leaf.pem, key: Fixture.client.key.pem)
        },
        Bad(name: "a key of another type", code: .keyMismatch) {
            _ = try TLSIdentity(pem: Fixture.server.leaf.pem, key: Fixture.rsaServer.key.pem)
        },
        Bad(name: "a chain in the wrong order", code: .keyMismatch) {
            _ = try TLSIdentity(
                pem: Fixture.authority.certificate.pem + Fixture.server.leaf.pem,
                key: Fixture.server.key.pem
            )
        },
        Bad(name: "a leaf in place of an authority", code: .notAnAuthority) {
            _ = try CertificateAuthority(certificate: Fixture.server.leaf, key: Fixture.server.key)
        },
        Bad(name: "an authority with another's key", code: .keyMismatch) {
            _ = try CertificateAuthority(certificate: Fixture.authority.certificate, key: Fixture.stranger.key)
        },
        Bad(name: "a certificate after its time", code: .expired(at: Fixture.now + .days(90))) {
            try Fixture.server.leaf.checkValidity(at: Fixture.now + .days(91))
        },
        Bad(name: "a certificate before its time", code: .notYetValid(from: Fixture.now + .seconds(-300))) {
            try Fixture.server.leaf.checkValidity(at: Fixture.now + .days(-1))
        },
        // 20 is X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 26 is X509_V_ERR_INVALID_PURPOSE.
        Bad(name: "a certificate of another authority", code: .untrusted(20)) {
            try Fixture.server.leaf.verify(against: [Fixture.stranger.certificate], for: .server, at: Fixture.now)
        },
        Bad(name: "a certificate without any authority", code: .untrusted(20)) {
            try Fixture.server.leaf.verify(against: [], for: .server, at: Fixture.now)
        },
        Bad(name: "a server's certificate shown by a client", code: .untrusted(26)) {
            try Fixture.server.leaf.verify(against: [Fixture.authority.certificate], for: .client, at: Fixture.now)
        },
        Bad(name: "a common name that is too long", code: .badName(String(repeating: "a", count: 65))) {
            _ = try CertificateAuthority(named: String(repeating: "a", count: 65), at: Fixture.now)
        },
        Bad(name: "a name that smuggles another one in", code: .badName("a.test,IP:10.0.0.1")) {
            _ = try Fixture.authority.issue(Fixture.serverRequest([.dns("a.test,IP:10.0.0.1")]), at: Fixture.now)
        },
        Bad(name: "an address that is none", code: .badName("10.0.0")) {
            _ = try Fixture.authority.issue(Fixture.serverRequest([.ip("10.0.0")]), at: Fixture.now)
        },
    ]

    @Test(arguments: bad) func refuses(_ bad: Bad) {
        let error = #expect(throws: CertificateError.self) { try bad.body() }
        #expect(error?.code == bad.code)
        #expect(error?.description.isEmpty == false)
    }

    @Test(arguments: [
        (
            "EC",
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END EC PRIVATE KEY-----\n"
        ),
        ("PKCS #8", CertificateTests.encryptedKey),
    ]) func saysThatAKeyIsEncryptedAndAsksNobody(_ form: String, _ pem: String) {
        let error = #expect(throws: CertificateError.self) { _ = try PrivateKey(pem: Array(pem.utf8)) }
        #expect(error?.code == .encryptedKey)
    }

    // MARK: Names

    static let names: [(text: String, description: String)] = [
        ("localhost", "DNS:localhost"), ("portcullis.ns.svc", "DNS:portcullis.ns.svc"), ("*.a.b", "DNS:*.a.b"),
        ("10.0.0.1", "IP:10.0.0.1"), ("::1", "IP:::1"), ("spiffe://example/a", "URI:spiffe://example/a"),
        ("1.example", "DNS:1.example"),
    ]

    @Test(arguments: names) func readsNames(_ text: String, _ description: String) throws {
        #expect(try SubjectAlternativeName(parsing: text).description == description)
    }

    @Test(arguments: [
        "", ".", "a..b", "a b", "-a", "a-", "*", "*.com", "10.0.0", "1.2.3.4.5", "256.0.0.1", "a.*.b", "ä.test", "a/b",
        "mailto:x", "://x", "a\u{0}b",
    ])
    func refusesNames(_ text: String) {
        let error = #expect(throws: CertificateError.self) { _ = try SubjectAlternativeName(parsing: text) }
        #expect(error?.code == .badName(text))
    }

    // MARK: Time

    static let instants: [(seconds: Int64, text: String)] = [
        (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_435_200, "2026-11-23T12:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ]

    @Test(arguments: instants) func writesInstants(_ seconds: Int64, _ text: String) {
        #expect(UTCInstant(secondsSinceEpoch: seconds).description == text)
    }

    @Test func keepsTimesBeyond2050() throws {
        // From 2050 on X.509 writes times in another form (RFC 5280 §4.1.2.5).
        let authority = try CertificateAuthority(named: "far", validity: .years(60), at: Fixture.now)
        #expect(authority.certificate.notAfter == Fixture.now + .years(60))
    }
}
