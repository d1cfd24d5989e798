/// Makes a server's contexts from the contents of files, one after another, and never a bad one.
///
/// It reads nothing itself: whoever watches the files brings what is in them. A pair that is broken, expired or only half
/// written is refused with the reason, and the last good context stays in use.
public struct CertificateReloader: Sendable {
    /// What the files hold, all of it PEM.
    public struct Files: Equatable, Sendable {
        /// A chain and its key, one for each type of key.
        public var pairs: [Pair]
        /// Who may vouch for clients; not read if clients are not asked.
        public var clientAuthorities: [UInt8]

        /// Brings what the files hold.
        ///
        /// - Parameters:
        ///   - pairs: At least one.
        ///   - clientAuthorities: Who may vouch for clients.
        public init(pairs: [Pair], clientAuthorities: [UInt8] = []) {
            precondition(!pairs.isEmpty, "a server without a certificate")
            self.pairs = pairs
            self.clientAuthorities = clientAuthorities
        }
    }

    /// What `tls.crt` and `tls.key` hold.
    public struct Pair: Equatable, Sendable {
        /// The leaf first.
        public var chain: [UInt8]
        /// Not encrypted.
        public var key: [UInt8]

        /// Brings a pair.
        ///
        /// - Parameters:
        ///   - chain: The leaf first.
        ///   - key: Not encrypted.
        public init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    /// Which of the files cannot be used, and why.
    public enum Failure: Error, Equatable, Sendable {
        /// The pair with that index.
        case pair(Int, CertificateError)
        /// The client authorities.
        case clientAuthorities(CertificateError)
        /// All of them together, such as a key that OpenSSL thinks too weak.
        case context(TLSError)
    }

    /// The last good context; nothing before the first.
    public private(set) var context: TLSContext?
    /// The leaves of the last good context, in the order of the pairs.
    public private(set) var leaves: [Certificate] = []

    private let template: TLSServerConfiguration
    private var files: Files?

    /// Makes a reloader that has loaded nothing.
    ///
    /// - Parameter template: Everything but identities and client authorities, which come from the files.
    public init(template: TLSServerConfiguration) {
        self.template = template
    }

    /// Makes a context of the files, if they have changed and are good.
    ///
    /// - Parameters:
    ///   - files: What the files hold now.
    ///   - now: The time.
    /// - Returns: What new connections use from now on; nothing if the files are those of the last good context.
    /// - Throws: Why ``context`` stays what it was.
    public mutating func load(_ files: Files, at now: UTCInstant) throws(Failure) -> TLSContext? {
        if files == self.files { return nil }
        var configuration = template
        configuration.identities = []
        for (index, pair) in files.pairs.enumerated() {
            do {
                configuration.identities.append(try CertificateReloader.identity(pair, at: now))
            } catch {
                throw .pair(index, error)
            }
        }
        do {
            switch template.clientAuthentication {
            case .off: break
            case .request:
                configuration.clientAuthentication = .request(
                    authorities: try Certificate.parse(pem: files.clientAuthorities)
                )
            case .require:
                configuration.clientAuthentication = .require(
                    authorities: try Certificate.parse(pem: files.clientAuthorities)
                )
            }
        } catch {
            throw .clientAuthorities(error)
        }
        let context: TLSContext
        do {
            context = try TLSContext(server: configuration)
        } catch {
            throw .context(error)
        }
        self.files = files
        self.context = context
        leaves = configuration.identities.map(\.leaf)
        return context
    }

    /// What a client would refuse is refused here, while the last good pair is still in use.
    private static func identity(_ pair: Pair, at now: UTCInstant) throws(CertificateError) -> TLSIdentity {
        let identity = try TLSIdentity(pem: pair.chain, key: pair.key)
        try identity.leaf.checkValidity(at: now)
        guard identity.leaf.allows(.server) else { throw CertificateError(.wrongPurpose) }
        guard !identity.leaf.subjectAlternativeNames.isEmpty else { throw CertificateError(.noSubjectAlternativeName) }
        return identity
    }
}

extension CertificateReloader.Failure: CustomStringConvertible {
    /// For people; the caller knows the files' names.
    public var description: String {
        switch self {
        case .pair(_, let error): "\(error)"
        case .clientAuthorities(let error): "client authorities: \(error)"
        case .context(let error): "\(error)"
        }
    }
}
