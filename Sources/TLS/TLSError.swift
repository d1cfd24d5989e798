internal import COpenSSL

/// A TLS session that failed, or a context that could not be made.
public struct TLSError: Error, Equatable, Sendable {
    /// What went wrong.
    public enum Code: Equatable, Sendable {
        /// The peer refused us with an alert (RFC 8446 §6.2); the value is its number.
        case alertReceived(Int)
        /// The peer's certificate does not satisfy us; the value is OpenSSL's `X509_V_ERR_…`.
        case peerCertificateRejected(Int)
        /// The peer sent something that is not TLS, or nothing that both sides can agree on.
        case protocolViolation
        /// A server was given two identities with keys of the same type, and nothing says which to show; the value is one.
        case ambiguousIdentities(KeyType)
        /// OpenSSL refused what a context was given.
        case badConfiguration
    }

    /// What went wrong.
    public let code: Code

    /// OpenSSL's packed error code, 0 if there is none: only for the text.
    let reason: UInt

    init(_ code: Code, reason: UInt = 0) {
        self.code = code
        self.reason = reason
    }
}

extension TLSError: CustomStringConvertible {
    /// For people and logs.
    public var description: String {
        switch code {
        case .alertReceived(let number): "the peer refused: \(alertText ?? "alert \(number)")"
        case .peerCertificateRejected(let code):
            "the peer's certificate was refused: \(unsafe String(cString: X509_verify_cert_error_string(code)))"
        case .protocolViolation: "TLS failed: \(reasonText)"
        case .ambiguousIdentities(let type): "TLS cannot be set up: two certificates with keys like \(type)"
        case .badConfiguration: "TLS cannot be set up: \(reasonText)"
        }
    }

    private var reasonText: String { openSSLText(reason) }

    private var alertText: String? {
        reason == 0 ? nil : reasonText
    }
}

extension TLSError {
    /// Reads the thread's error queue after a call that set a context up.
    static func configuration() -> TLSError {
        let reason = ERR_get_error()
        ERR_clear_error()
        return TLSError(.badConfiguration, reason: reason)
    }
}
