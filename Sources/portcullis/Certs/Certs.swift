internal import ArgumentParser
internal import TLS

/// `portcullis certs`.
struct Certs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, show and renew the certificates of a server.",
        discussion: """
            For development and for clusters without an issuer of their own: an authority (ca.crt, ca.key; ECDSA P-256, ten \
            years) and a leaf that it signs (tls.crt, tls.key). ca.crt is what a webhook configuration's caBundle holds.
            """,
        subcommands: [Init.self, Show.self, Renew.self]
    )

    /// Where the files are, the same for all three.
    struct Folder: ParsableArguments {
        @Option(help: ArgumentHelp("Where the files are.", valueName: "dir")) var directory = "certs"

        var folder: CertificateFolder { CertificateFolder(path: directory) }
    }

    /// `portcullis certs init`.
    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an authority and a leaf.")

        @OptionGroup var place: Folder
        @Option(
            help: ArgumentHelp(
                "A name or address that API servers ask for, such as portcullis.portcullis-system.svc; may be repeated (default: localhost, 127.0.0.1 and ::1).",
                valueName: "name"
            )
        )
        var san: [String] = []
        @Option(help: ArgumentHelp("How long the leaf lasts.", valueName: "n")) var days = 90
        @Flag(help: "Leave what is there if it is good for the names and has a third of its life left.")
        var ifNeeded = false
        @Flag(help: "Replace what is there.") var force = false

        func run() throws {
            guard (1...3650).contains(days) else { throw UsageError("--days: \(days) is not from 1 to 3650") }
            let names = san.isEmpty ? try CertificateFolder.localNames() : try san.map(Init.name)
            let folder = place.folder
            let now = UTCInstant.now()
            if ifNeeded, folder.isGood(for: names, at: now) { return }
            guard force || ifNeeded || !folder.isInUse else {
                throw CommandFailure(
                    "\(folder.path) holds certificates already; 'portcullis certs renew' issues a new leaf, --force replaces all"
                )
            }
            try folder.create(names: names, validity: .days(days), at: now)
            let list = names.map { "\($0)" }.joined(separator: ", ")
            print("\(folder.authorityCertificatePath): an authority of ten years")
            print("\(folder.certificatePath): a leaf of \(days) days for \(list)")
        }

        private static func name(_ text: String) throws(UsageError) -> SubjectAlternativeName {
            do {
                return try SubjectAlternativeName(parsing: text)
            } catch {
                throw UsageError("--san \(text): \(error)")
            }
        }
    }

    /// `portcullis certs show`.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what the certificates are and how long they last."
        )

        @OptionGroup var place: Folder

        func run() throws {
            let folder = place.folder
            let now = UTCInstant.now()
            for (path, certificate) in [
                (folder.authorityCertificatePath, try folder.authorityCertificate()),
                (folder.certificatePath, try folder.leaf()),
            ] {
                let left = (certificate.notAfter - now).components.seconds / 86400
                print(path)
                print("  subject      \(certificate.subject)")
                print("  issuer       \(certificate.issuer)")
                let names = certificate.subjectAlternativeNames.map { "\($0)" }.joined(separator: ", ")
                if !names.isEmpty { print("  names        \(names)") }
                print("  key          \(certificate.keyType)")
                print("  valid        \(certificate.notBefore) to \(certificate.notAfter) (\(left) days left)")
                print("  fingerprint  \(certificate.fingerprint)")
            }
        }
    }

    /// `portcullis certs renew`.
    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue the leaf again.",
            discussion:
                "New key, new dates, the same names and authority. A running server uses it for its next connection."
        )

        @OptionGroup var place: Folder

        func run() throws {
            let folder = place.folder
            try folder.renew(at: .now())
            print("\(folder.certificatePath): valid to \(try folder.leaf().notAfter)")
        }
    }
}
