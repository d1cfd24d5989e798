internal import COpenSSL

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
        /// The certificate may not sign others.
        case notAnAuthority
        /// It names nobody: a server's certificate without subject alternative names, which clients insist on.
        case noSubjectAlternativeName
        /// Its extended key usage forbids what it is to be shown for.
        case wrongPurpose
        /// It is no longer valid.
        case expired(at: UTCInstant)
        /// It is not valid yet.
        case notYetValid(from: UTCInstant)
        /// It does not lead to a trusted authority; the value is OpenSSL's `X509_V_ERR_…`.
        case untrusted(Int)
        /// A name or an address cannot stand in a certificate.
        case badName(String)
        /// OpenSSL cannot use it: too weak, or of a kind that it does not know.
        case unusable
    }

    /// What is wrong.
    public let code: Code

    /// OpenSSL's packed error code, 0 if there is none: only for the text.
    let reason: UInt

    init(_ code: Code, reason: UInt = 0) {
        self.code = code
        self.reason = reason
    }

    /// Reads the thread's error queue.
    static func lastError() -> CertificateError {
        let reason = ERR_get_error()
        ERR_clear_error()
        return CertificateError(.unusable, reason: reason)
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
        case .notAnAuthority: "the certificate may not sign others: an authority's (CA:TRUE) is needed"
        case .noSubjectAlternativeName:
            "the certificate has no subject alternative names, and clients ignore the common name: issue it with them"
        case .wrongPurpose:
            "the certificate's extended key usage forbids this use: issue it with serverAuth or clientAuth"
        case .expired(let instant): "expired at \(instant): renew it"
        case .notYetValid(let instant): "not valid before \(instant): check the clock"
        case .untrusted(let code):
            "not trusted: \(unsafe String(cString: X509_verify_cert_error_string(code)))"
        case .badName(let name): "\"\(name)\" cannot stand in a certificate"
        case .unusable: "OpenSSL cannot use it: \(openSSLText(reason))"
        }
    }
}

/// The words for a packed error code.
func openSSLText(_ code: UInt) -> String {
    guard let text = unsafe ERR_reason_error_string(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
