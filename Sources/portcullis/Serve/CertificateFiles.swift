internal import EventLoop
internal import TLS

/// The files that the webhook's TLS is made of.
struct CertificateFiles {
    private let settings: ServeSettings
    private var reloader: CertificateReloader

    /// PEM files: a chain of ten RSA certificates has some 20 KB, a bundle of all public authorities 200 KB.
    private static let maximumBytes = 1 << 20

    init(_ settings: ServeSettings) {
        self.settings = settings
        // Identities and authorities come from the files.
        var template = TLSServerConfiguration(identities: [])
        template.clientAuthentication =
            switch settings.clientAuthentication {
            case .off: .off
            case .request: .request(authorities: [])
            case .require: .require(authorities: [])
            }
        reloader = CertificateReloader(template: template)
    }

    /// The leaf in use.
    var leaf: Certificate? { reloader.leaves.first }

    /// The folders to watch.
    var folders: Set<String> {
        Set(
            [settings.certificate, settings.key, settings.clientAuthorities].compactMap {
                $0.map(FileSystem.parent(of:))
            }
        )
    }

    /// Reads the files.
    ///
    /// - Returns: What new connections use; nothing if the files are what they were.
    /// - Throws: Which file cannot be used, and why; what was in use stays so.
    mutating func load() throws(UsageError) -> TLSContext? {
        let pair = CertificateReloader.Pair(
            chain: try read(settings.certificate, ServeSettings.certificateSetting),
            key: try read(settings.key, ServeSettings.keySetting)
        )
        var files = CertificateReloader.Files(pairs: [pair])
        if let path = settings.clientAuthorities {
            files.clientAuthorities = try read(path, ServeSettings.clientAuthoritiesSetting)
        }
        do {
            return try reloader.load(files, at: .now())
        } catch {
            switch error {
            case .clientAuthorities(let error): throw UsageError("\(settings.clientAuthorities ?? ""): \(error)")
            case .pair, .context: throw UsageError("\(settings.certificate) and \(settings.key): \(error)")
            }
        }
    }

    private func read(_ path: String, _ setting: Setting) throws(UsageError) -> [UInt8] {
        do {
            return try FileSystem.read(path, limitBytes: CertificateFiles.maximumBytes)
        } catch {
            throw UsageError("\(setting.flag): \(error)")
        }
    }
}
