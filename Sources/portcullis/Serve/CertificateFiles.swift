internal import EventLoop
internal import TLS

/// The files that the webhook's TLS is made of.
struct CertificateFiles {
    /// The leaves in force: one, or one for each type of key.
    var leaves: [Certificate] { reloader.leaves }

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
            (settings.identities.flatMap { [$0.certificate, $0.key] } + [settings.clientAuthorities].compactMap { $0 })
                .map(FileSystem.parent(of:))
        )
    }

    /// Reads the files.
    ///
    /// - Returns: What new connections use; nothing if the files are what they were.
    /// - Throws: Which file cannot be used, and why.
    mutating func load() throws(UsageError) -> TLSContext? {
        var pairs: [CertificateReloader.Pair] = []
        for identity in settings.identities {
            pairs.append(
                .init(
                    chain: try read(identity.certificate, ServeSettings.certificateSetting),
                    key: try read(identity.key, ServeSettings.keySetting)
                )
            )
        }
        var files = CertificateReloader.Files(pairs: pairs)
        if settings.clientAuthentication != .off, let path = settings.clientAuthorities {
            files.clientAuthorities = try read(path, ServeSettings.clientAuthoritiesSetting)
        }
        do {
            return try reloader.load(files, at: .now())
        } catch {
            throw UsageError(describe(error))
        }
    }

    /// Which files cannot be used, and why.
    private func describe(_ failure: CertificateReloader.Failure) -> String {
        switch failure {
        case .pair(let index, let error): "\(settings.identities[index]): \(error)"
        case .clientAuthorities(let error): "\(settings.clientAuthorities ?? ""): \(error)"
        case .context(let error):
            "\(settings.identities.map(\.description).joined(separator: "; ")): \(error)"
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
