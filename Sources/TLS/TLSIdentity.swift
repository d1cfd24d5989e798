internal import COpenSSL

/// A certificate chain with the key of its leaf: who one end of a TLS connection is.
public struct TLSIdentity: Sendable {
    /// The leaf first, then what leads towards its root, which is not needed.
    public let chain: [Certificate]
    /// The leaf's key.
    public let key: PrivateKey

    /// The certificate that the key belongs to.
    public var leaf: Certificate { chain[0] }

    /// Joins a chain and a key.
    ///
    /// - Parameters:
    ///   - chain: The leaf first.
    ///   - key: The leaf's key.
    /// - Throws: `.noCertificate`, `.keyMismatch`.
    public init(chain: [Certificate], key: PrivateKey) throws(CertificateError) {
        guard let leaf = chain.first else { throw CertificateError(.noCertificate) }
        guard leaf.matches(key) else { throw CertificateError(.keyMismatch) }
        self.chain = chain
        self.key = key
    }

    /// Reads a chain and a key, as they lie in `tls.crt` and `tls.key` of a Secret.
    ///
    /// - Parameters:
    ///   - certificates: PEM, the leaf first.
    ///   - key: PEM, not encrypted.
    /// - Throws: What is wrong with which of the two.
    public init(pem certificates: [UInt8], key: [UInt8]) throws(CertificateError) {
        try self.init(chain: Certificate.parse(pem: certificates), key: PrivateKey(pem: key))
    }
}
