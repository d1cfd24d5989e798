/// A certificate or a key that cannot be used.
public struct CertificateError: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Code: Equatable, Sendable {
        /// There is no `CERTIFICATE` block.
        case noCertificate
        /// A `CERTIFICATE` block is damaged.
        case unreadableCertificate
        /// There is no private key, or it is damaged.
        case unreadableKey
        /// The key is encrypted; we have no passphrase and ask nobody for one.
        case encryptedKey
        /// The key is another certificate's.
        case keyMismatch
    }

    /// What is wrong.
    public let code: Code

    init(_ code: Code) {
        self.code = code
    }
}

extension CertificateError: CustomStringConvertible {
    /// For people: what is wrong and how to mend it.
    public var description: String {
        switch code {
        case .noCertificate: "no certificate found: a PEM file with at least one CERTIFICATE block is needed"
        case .unreadableCertificate: "a CERTIFICATE block is damaged: write the file again"
        case .unreadableKey: "no private key found, or it is damaged: an unencrypted PEM key is needed"
        case .encryptedKey: "the private key is encrypted: store it without a passphrase (openssl pkey -in … -out …)"
        case .keyMismatch: "the private key belongs to another certificate: certificate and key must be a pair"
        }
    }
}
