import EventLoop
import Glibc
import TLS
import Testing

@testable import portcullis

@Suite struct CertificateFolderTests {
    private let now = UTCInstant.now()

    /// A folder that is there for the length of a test.
    private func withFolder(_ body: (CertificateFolder) throws -> Void) throws {
        var template = Array("/tmp/portcullis-certs-XXXXXX".utf8CString)
        let path = try #require(unsafe mkdtemp(&template).map { unsafe String(cString: $0) })
        let folder = CertificateFolder(path: path)
        defer {
            for file in [
                folder.authorityCertificatePath, folder.authorityKeyPath, folder.certificatePath, folder.keyPath,
            ] {
                _ = unsafe unlink(file)
            }
            _ = unsafe rmdir(path)
        }
        try body(folder)
    }

    @Test func whatIsCreatedIsGoodForItsNamesAndOthersAreNot() throws {
        try withFolder { folder in
            let names = try CertificateFolder.localNames()
            #expect(!folder.isInUse)
            #expect(!folder.isGood(for: names, at: now))
            try folder.create(names: names, validity: .days(90), at: now)
            #expect(folder.isInUse)
            #expect(folder.isGood(for: names, at: now))
            #expect(!folder.isGood(for: [try SubjectAlternativeName(parsing: "elsewhere.example")], at: now))
        }
    }

    @Test func afterTwoThirdsOfItsLifeTheLeafIsNotGoodAndRenewalMakesItSo() throws {
        try withFolder { folder in
            let names = try CertificateFolder.localNames()
            try folder.create(names: names, validity: .days(90), at: now)
            #expect(folder.isGood(for: names, at: now + .days(55)))
            #expect(!folder.isGood(for: names, at: now + .days(62)))
            let (before, authority) = (try folder.leaf().fingerprint, try folder.authorityCertificate().fingerprint)
            try folder.renew(at: now + .days(62))
            #expect(folder.isGood(for: names, at: now + .days(62)))
            #expect(try folder.leaf().fingerprint != before)
            #expect(try folder.authorityCertificate().fingerprint == authority)
        }
    }

    @Test func keysAreTheOwnersOnly() throws {
        try withFolder { folder in
            try folder.create(names: CertificateFolder.localNames(), validity: .days(90), at: now)
            for path in [folder.authorityKeyPath, folder.keyPath] {
                var status = stat()
                #expect(unsafe stat(path, &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600)
            }
        }
    }

    @Test func aKeyOfAnotherLeafIsNotGood() throws {
        try withFolder { folder in
            let names = try CertificateFolder.localNames()
            try folder.create(names: names, validity: .days(90), at: now)
            let key = try FileSystem.read(folder.keyPath, limitBytes: 10_000)
            try folder.renew(at: now)
            try FileSystem.write(key.span, to: folder.keyPath, access: .ownerOnly)
            #expect(!folder.isGood(for: names, at: now))
        }
    }

    @Test func withoutFilesTheErrorNamesTheCommandThatMakesThem() throws {
        try withFolder { folder in
            let error = #expect(throws: CommandFailure.self) { try folder.renew(at: now) }
            #expect(error?.description.contains("'portcullis certs init'") == true)
        }
    }
}
