internal import COpenSSL
internal import Glibc

/// An X.509 certificate (RFC 5280).
@safe public final class Certificate: @unchecked Sendable {
    // Proof: nobody changes the X509 after `init`, and what OpenSSL caches in it while reading is under its own lock.
    let x509: OpaquePointer

    init(owning x509: OpaquePointer) {
        unsafe self.x509 = x509
    }

    deinit { unsafe X509_free(x509) }

    /// Reads all certificates of a PEM text, such as a chain or a bundle of authorities.
    ///
    /// - Parameter bytes: PEM; text around the blocks is skipped, and so are blocks of other kinds.
    /// - Returns: At least one.
    /// - Throws: `.noCertificate`, `.unreadableCertificate`.
    public static func parse(pem bytes: [UInt8]) throws(CertificateError) -> [Certificate] {
        ERR_clear_error()
        var certificates: [Certificate] = []
        let isComplete = unsafe withReadingBIO(bytes) { bio in
            while let x509 = unsafe PEM_read_bio_X509(bio, nil, nil, nil) {
                unsafe certificates.append(Certificate(owning: x509))
            }
            // The end of the text is an error to OpenSSL as well.
            let code = ERR_peek_last_error()
            return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
        }
        ERR_clear_error()
        guard isComplete else { throw CertificateError(.unreadableCertificate) }
        guard !certificates.isEmpty else { throw CertificateError(.noCertificate) }
        return certificates
    }

    /// The certificate as a PEM `CERTIFICATE` block.
    public var pem: [UInt8] {
        unsafe bytesWritten { bio in unsafe PEM_write_bio_X509(bio, x509) == 1 ? 1 : -1 }
    }
}

// MARK: - What it says

extension Certificate {
    /// Whom it speaks of, as RFC 2253 writes names: `CN=portcullis.portcullis-system.svc,O=example`.
    public var subject: String { unsafe Certificate.text(of: X509_get_subject_name(x509)) }

    /// Who signed it.
    public var issuer: String { unsafe Certificate.text(of: X509_get_issuer_name(x509)) }

    /// The subject's common name, which Kubernetes takes for a client's user name; nothing if it has none.
    public var commonName: String? {
        let name = unsafe X509_get_subject_name(x509)
        let index = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0 else { return nil }
        return unsafe Certificate.text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)))
    }

    /// The names and addresses that it may be used for, in its order; e-mail addresses and the like are left out.
    public var subjectAlternativeNames: [SubjectAlternativeName] {
        guard let names = unsafe OpaquePointer(X509_get_ext_d2i(x509, NID_subject_alt_name, nil, nil)) else {
            return []
        }
        defer { unsafe portcullis_GENERAL_NAMES_free(names) }
        let count = unsafe OPENSSL_sk_num(names)
        return (0..<count).compactMap { index in
            guard let name = unsafe OPENSSL_sk_value(names, index) else { return nil }
            return unsafe SubjectAlternativeName(name.assumingMemoryBound(to: GENERAL_NAME.self))
        }
    }

    /// The first second in which it is valid.
    public var notBefore: UTCInstant { unsafe Certificate.instant(X509_get0_notBefore(x509)) }

    /// The last second in which it is valid.
    public var notAfter: UTCInstant { unsafe Certificate.instant(X509_get0_notAfter(x509)) }

    /// The number that its issuer gave it, in hexadecimal digits.
    public var serialNumber: String {
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nil) else { return "" }
        defer { unsafe BN_free(number) }
        guard let digits = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe CRYPTO_free(digits, nil, 0) }
        return unsafe String(cString: digits)
    }

    /// The SHA-256 of its DER form, as `openssl x509 -fingerprint` writes it: `0A:1B:…`.
    public var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: CUnsignedInt = 0
        unsafe X509_digest(x509, EVP_sha256(), &digest, &count)
        return digest.prefix(Int(count)).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "0" + digits : digits
        }.joined(separator: ":")
    }

    /// What its key is made of.
    public var keyType: KeyType {
        guard let key = unsafe X509_get0_pubkey(x509) else { return .other("unknown") }
        return unsafe KeyType(of: key)
    }

    /// Whether it may sign other certificates.
    public var isAuthority: Bool { unsafe X509_check_ca(x509) == 1 }

    private static func text(of name: OpaquePointer?) -> String {
        let text = unsafe bytesWritten { unsafe X509_NAME_print_ex($0, name, 0, portcullis_XN_FLAG_RFC2253_UTF8) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The text of a string of any of ASN.1's character sets.
    static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = unsafe ASN1_STRING_to_UTF8(&bytes, string)
        guard count >= 0, let bytes = unsafe bytes else { return nil }
        defer { unsafe CRYPTO_free(bytes, nil, 0) }
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    private static func instant(_ time: UnsafePointer<ASN1_TIME>?) -> UTCInstant {
        var parts = unsafe tm()
        // A malformed time is before everything: expired, and not an error of its own.
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return UTCInstant(secondsSinceEpoch: 0) }
        return UTCInstant(secondsSinceEpoch: Int64(unsafe timegm(&parts)))
    }
}

// MARK: - Whether it holds

extension Certificate {
    /// What a certificate is shown for.
    public enum Purpose: Sendable {
        /// To clients.
        case server
        /// To servers.
        case client

        fileprivate var identifier: CInt {
            switch self {
            case .server: X509_PURPOSE_SSL_SERVER
            case .client: X509_PURPOSE_SSL_CLIENT
            }
        }
    }

    /// Whether a key is the one that the certificate speaks of.
    ///
    /// - Parameter key: A private key.
    /// - Returns: `true` if they are a pair.
    public func matches(_ key: PrivateKey) -> Bool {
        let matches = unsafe X509_check_private_key(x509, key.pkey) == 1
        ERR_clear_error()
        return matches
    }

    /// Whether it may be shown for a purpose, as its extended key usage says.
    ///
    /// - Parameter purpose: What it is to be shown for.
    /// - Returns: `true` also if it says nothing of its usage.
    public func allows(_ purpose: Purpose) -> Bool {
        unsafe X509_check_purpose(x509, purpose.identifier, 0) == 1
    }

    /// Insists that the certificate is valid now.
    ///
    /// - Parameter now: The time.
    /// - Throws: `.notYetValid`, `.expired`.
    public func checkValidity(at now: UTCInstant) throws(CertificateError) {
        if now < notBefore { throw CertificateError(.notYetValid(from: notBefore)) }
        if now > notAfter { throw CertificateError(.expired(at: notAfter)) }
    }

    /// Insists that the certificate leads to an authority.
    ///
    /// - Parameters:
    ///   - authorities: Who is trusted.
    ///   - intermediates: What may lead there.
    ///   - purpose: What the certificate is to be shown for.
    ///   - now: The time.
    /// - Throws: `.notYetValid`, `.expired` of the certificate itself, otherwise `.untrusted`.
    public func verify(
        against authorities: [Certificate],
        through intermediates: [Certificate] = [],
        for purpose: Purpose,
        at now: UTCInstant
    ) throws(CertificateError) {
        try checkValidity(at: now)
        guard let store = unsafe X509_STORE_new(), let context = unsafe X509_STORE_CTX_new(),
            let untrusted = unsafe OPENSSL_sk_new_null()
        else { fatalError("X509_STORE_new: no memory") }
        defer {
            unsafe X509_STORE_CTX_free(context)
            unsafe X509_STORE_free(store)
            unsafe OPENSSL_sk_free(untrusted)
        }
        for authority in authorities { unsafe X509_STORE_add_cert(store, authority.x509) }
        for intermediate in intermediates {
            unsafe OPENSSL_sk_push(untrusted, UnsafeRawPointer(intermediate.x509))
        }
        guard unsafe X509_STORE_CTX_init(context, store, x509, untrusted) == 1 else { throw .lastError() }
        unsafe X509_STORE_CTX_set_time(context, 0, time_t(now.secondsSinceEpoch))
        unsafe X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        unsafe X509_STORE_CTX_set_purpose(context, purpose.identifier)
        let isTrusted = unsafe X509_verify_cert(context) == 1
        let code = unsafe X509_STORE_CTX_get_error(context)
        ERR_clear_error()
        if !isTrusted { throw CertificateError(.untrusted(Int(code))) }
    }
}
