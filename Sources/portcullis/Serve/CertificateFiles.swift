internal import EventLoop
internal import TLS

/// The files that the webhook's TLS is made of.
struct CertificateFiles {
    /// The leaf in force.
    var leaf: Certificate? { reloader.leaves.first }

    private let settings: ServeSettings
    private var reloader: CertificateReloader

    /// PEM files: a chain of ten RSA certificates has some 20 KB, a bundle of all public authorities 200 KB.
    private static let maximumBytes = 1 << 20

    init(_ settings: ServeSettings) {
        self.settings = settings
        var template = TLSServerConfiguration(identities: [])
        switch settings.clientAuthentication {
        case .off: break
        case .request: template.clientAuthentication = .request(authorities: [])
        case .require: template.clientAuthentication = .require(authorities: [])
        }
        reloader = CertificateReloader(template: template)
    }

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
    /// - Throws: Which file cannot be used, and why.
    mutating func load() throws(UsageError) -> TLSContext? {
        var files = CertificateReloader.Files(pairs: [
            .init(
                chain: try read(settings.certificate, ServeSettings.certificateSetting),
                key: try read(settings.key, ServeSettings.keySetting)
            )
        ])
        if settings.clientAuthentication != .off, let path = settings.clientAuthorities {
            files.clientAuthorities = try read(path, ServeSettings.clientAuthoritiesSetting)
        }
        do {
            return try reloader.load(files, at: .now())
        } catch .clientAuthorities(let error) {
            throw UsageError("\(settings.clientAuthorities ?? ""): \(error)")
        } catch {
            throw UsageError("\(settings.certificate), \(settings.key): \(error)")
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
