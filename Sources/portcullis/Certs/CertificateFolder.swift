internal import EventLoop
internal import TLS

/// A folder with an authority and a leaf of ours: `ca.crt`, `ca.key`, `tls.crt`, `tls.key`.
struct CertificateFolder {
    /// The folder.
    let path: String

    var authorityCertificatePath: String { FileSystem.path(path, "ca.crt") }
    var authorityKeyPath: String { FileSystem.path(path, "ca.key") }
    var certificatePath: String { FileSystem.path(path, "tls.crt") }
    var keyPath: String { FileSystem.path(path, "tls.key") }

    private static let maximumBytes = 1 << 20

    /// What clients on this machine call a server.
    static func localNames() throws -> [SubjectAlternativeName] {
        try ["localhost", "127.0.0.1", "::1"].map(SubjectAlternativeName.init(parsing:))
    }

    /// Whether anything of ours is there.
    var isInUse: Bool {
        [authorityCertificatePath, authorityKeyPath, certificatePath, keyPath].contains(where: FileSystem.exists)
    }

    /// Whether a server could use what is there for a good while: the leaf is signed by the authority, neither has lived
    /// two thirds of its life, and the leaf covers the names.
    func isGood(for names: [SubjectAlternativeName], at now: UTCInstant) -> Bool {
        guard let authority = try? authority(), let leaf = try? leaf(), let key = try? key(), leaf.matches(key),
            (try? leaf.verify(against: [authority.certificate], for: .server, at: now)) != nil
        else { return false }
        let covered = Set(leaf.subjectAlternativeNames)
        return names.allSatisfy(covered.contains)
            && [leaf, authority.certificate].allSatisfy { certificate in
                certificate.notAfter - now > (certificate.notAfter - certificate.notBefore) / 3
            }
    }

    /// Makes an authority and a leaf, over whatever is there.
    func create(names: [SubjectAlternativeName], validity: Duration, at now: UTCInstant) throws {
        // The date in the name tells authorities apart while two of them overlap.
        let authority = try CertificateAuthority(named: "portcullis \(String("\(now)".prefix(10)))", at: now)
        try FileSystem.makeDirectory(path)
        try write(authority.key.pem, to: authorityKeyPath, .ownerOnly)
        try write(authority.certificate.pem, to: authorityCertificatePath, .everyoneReads)
        try issue(
            LeafRequest(commonName: "portcullis", subjectAlternativeNames: names, validity: validity),
            by: authority,
            at: now
        )
    }

    /// Issues the leaf again: new key, new dates, the same names.
    func renew(at now: UTCInstant) throws {
        try issue(LeafRequest(renewing: leaf()), by: authority(), at: now)
    }

    /// The authority's certificate.
    func authorityCertificate() throws -> Certificate {
        try certificate(authorityCertificatePath)
    }

    /// The server's certificate.
    func leaf() throws -> Certificate {
        try certificate(certificatePath)
    }

    private func authority() throws -> CertificateAuthority {
        do {
            return try CertificateAuthority(
                certificate: authorityCertificate(),
                key: PrivateKey(pem: read(authorityKeyPath))
            )
        } catch let error as CertificateError {
            throw CommandFailure("\(authorityCertificatePath) and \(authorityKeyPath): \(error)")
        }
    }

    private func key() throws -> PrivateKey {
        try PrivateKey(pem: read(keyPath))
    }

    private func issue(_ request: LeafRequest, by authority: CertificateAuthority, at now: UTCInstant) throws {
        let identity = try authority.issue(request, at: now)
        // The key first: a server that reads in between sees a pair that does not match, and keeps what it has.
        try write(identity.key.pem, to: keyPath, .ownerOnly)
        try write(identity.leaf.pem, to: certificatePath, .everyoneReads)
    }

    private func certificate(_ path: String) throws -> Certificate {
        do {
            return try Certificate.parse(pem: read(path))[0]
        } catch let error as CertificateError {
            throw CommandFailure("\(path): \(error)")
        }
    }

    private func read(_ path: String) throws -> [UInt8] {
        do {
            return try FileSystem.read(path, limitBytes: CertificateFolder.maximumBytes)
        } catch {
            throw CommandFailure("\(error); 'portcullis certs init' makes an authority and a leaf")
        }
    }

    private func write(_ pem: [UInt8], to path: String, _ access: FileSystem.Access) throws {
        do {
            try FileSystem.write(pem.span, to: path, access: access)
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}
