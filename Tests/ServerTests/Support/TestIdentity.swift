import TLS

/// An authority of the tests' own, and what it has issued; made once, for keys cost time.
struct TestIdentity {
    let authority: CertificateAuthority
    let server: TLSIdentity
    let client: TLSIdentity

    static let shared = Result { try TestIdentity() }

    private init() throws {
        authority = try CertificateAuthority(named: "Portcullis tests", at: .now())
        server = try TestIdentity.issueServer(from: authority)
        client = try authority.issue(
            LeafRequest(commonName: "kube-apiserver", subjectAlternativeNames: [], purposes: [.client]),
            at: .now()
        )
    }

    /// Another certificate for the same names.
    static func issueServer(from authority: CertificateAuthority) throws -> TLSIdentity {
        let names: [SubjectAlternativeName] = [
            .dns("localhost"), .dns("portcullis.portcullis-system.svc"), .ip("127.0.0.1"), .ip("::1"),
        ]
        return try authority.issue(
            LeafRequest(commonName: "portcullis", subjectAlternativeNames: names),
            at: .now()
        )
    }
}

extension TLSContext {
    /// A server's context with the tests' certificate.
    static func testServer(configure: (inout TLSServerConfiguration) -> Void = { _ in }) throws -> TLSContext {
        var configuration = TLSServerConfiguration(identities: [try TestIdentity.shared.get().server])
        configure(&configuration)
        return try TLSContext(server: configuration)
    }

    /// A client's context that trusts the tests' authority.
    static func testClient(
        _ protocols: [String] = ["http/1.1"],
        configure: (inout TLSClientConfiguration) -> Void = { _ in }
    ) throws -> TLSContext {
        let authority = try TestIdentity.shared.get().authority.certificate
        var configuration = TLSClientConfiguration(trust: .authorities([authority]))
        configuration.applicationProtocols = protocols
        configure(&configuration)
        return try TLSContext(client: configuration)
    }
}
