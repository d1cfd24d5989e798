import EventLoop
import Glibc
import TLS
import Testing

@testable import portcullis

@Suite struct CertificateFilesTests {
    private static let now = UTCInstant.now()

    /// Writes a leaf and its key into a folder, as `NAME.crt` and `NAME.key`.
    private func write(_ name: String, _ type: KeyType, in folder: String) throws {
        let authority = try CertificateAuthority(named: "test", at: Self.now)
        let leaf = try LeafRequest(
            commonName: name,
            subjectAlternativeNames: CertificateFolder.localNames(),
            validity: .days(1)
        )
        let identity = try authority.issue(leaf, for: PrivateKey(generating: type), at: Self.now)
        try FileSystem.write(identity.leaf.pem.span, to: "\(folder)/\(name).crt", access: .everyoneReads)
        try FileSystem.write(identity.key.pem.span, to: "\(folder)/\(name).key", access: .ownerOnly)
    }

    /// What comes of a folder with the leaves `a` and `b` (ECDSA) and `r` (RSA).
    private func load(certificates: String, keys: String) throws -> (leaves: [String?], error: String?) {
        var template = Array("/tmp/portcullis-certs-XXXXXX".utf8CString)
        let folder = try #require(unsafe mkdtemp(&template).map { unsafe String(cString: $0) })
        defer {
            for name in ["a.crt", "a.key", "b.crt", "b.key", "r.crt", "r.key"] {
                _ = unsafe unlink("\(folder)/\(name)")
            }
            _ = unsafe rmdir(folder)
        }
        try write("a", .p256, in: folder)
        try write("b", .p256, in: folder)
        try write("r", .rsa(bits: 2048), in: folder)
        func paths(_ names: String) -> String {
            names.split(separator: ",").map { "\(folder)/\($0)" }.joined(separator: ",")
        }
        var sources = SettingSources { _ in nil }
        sources.take("p", for: ServeSettings.policiesSetting)
        sources.take(paths(certificates), for: ServeSettings.certificateSetting)
        sources.take(paths(keys), for: ServeSettings.keySetting)
        var files = CertificateFiles(try ServeSettings(sources))
        do {
            _ = try files.load()
            return (files.leaves.map(\.commonName), nil)
        } catch {
            return ([], error.description.replacing("\(folder)/", with: ""))
        }
    }

    @Test func oneForEachTypeOfKeyIsLoaded() throws {
        let outcome = try load(certificates: "a.crt,r.crt", keys: "a.key,r.key")
        #expect(outcome.error == nil)
        #expect(outcome.leaves == ["a", "r"])
    }

    /// Which files, what is wrong with them.
    @Test(arguments: [
        ("a.crt,r.crt", "r.key,a.key", "a.crt, r.key: the private key belongs to another certificate"),
        ("a.crt,r.crt", "a.key,b.key", "r.crt, b.key: the private key belongs to another certificate"),
        (
            "a.crt,b.crt", "a.key,b.key",
            "a.crt, a.key; b.crt, b.key: TLS cannot be set up: two certificates with keys like"
        ),
        ("a.crt,gone.crt", "a.key,r.key", "--tls-cert: gone.crt: open: No such file or directory"),
        ("a.crt,r.crt", "a.key,r.crt", "r.crt, r.crt: no private key found"),
    ])
    func namesTheFilesThatDoNotFit(_ certificates: String, _ keys: String, _ expected: String) throws {
        let error = try load(certificates: certificates, keys: keys).error ?? ""
        #expect(error.hasPrefix(expected), "\(error)")
    }
}
