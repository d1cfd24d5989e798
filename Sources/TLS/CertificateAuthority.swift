internal import COpenSSL
internal import Glibc

/// A private authority: a certificate that may sign others, with its key.
public struct CertificateAuthority: Sendable {
    /// What clients trust, the `caBundle` of a webhook configuration.
    public let certificate: Certificate
    /// What signs.
    public let key: PrivateKey

    /// Joins an authority's certificate and key.
    ///
    /// - Parameters:
    ///   - certificate: It may sign others.
    ///   - key: The certificate's key.
    /// - Throws: `.notAnAuthority`, `.keyMismatch`.
    public init(certificate: Certificate, key: PrivateKey) throws(CertificateError) {
        guard certificate.isAuthority else { throw CertificateError(.notAnAuthority) }
        guard certificate.matches(key) else { throw CertificateError(.keyMismatch) }
        self.certificate = certificate
        self.key = key
    }

    /// Makes an authority that signs itself.
    ///
    /// - Parameters:
    ///   - commonName: Its name; authorities that overlap should differ in it.
    ///   - validity: How long it lasts.
    ///   - now: The time.
    /// - Throws: `.badName`, `.unusable`.
    public init(
        named commonName: String,
        validity: Duration = .years(10),
        at now: UTCInstant
    ) throws(CertificateError) {
        let key = try PrivateKey(generating: .p256)
        let draft = try CertificateDraft(
            commonName: commonName,
            key: key,
            notBefore: now + CertificateAuthority.backdating,
            notAfter: now + validity
        )
        // It signs leaves, not other authorities.
        try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try draft.add(NID_subject_key_identifier, "hash")
        self.key = key
        certificate = try draft.sign(with: key)
    }

    /// Issues a certificate for a new ECDSA P-256 key.
    ///
    /// - Parameters:
    ///   - leaf: Whom it is for.
    ///   - now: The time.
    /// - Returns: The certificate and its key. It does not outlive the authority.
    /// - Throws: `.badName`, `.expired` if the authority is, `.unusable`.
    public func issue(_ leaf: LeafRequest, at now: UTCInstant) throws(CertificateError) -> TLSIdentity {
        try issue(leaf, for: PrivateKey(generating: .p256), at: now)
    }

    /// Issues a certificate for a key.
    ///
    /// - Parameters:
    ///   - leaf: Whom it is for.
    ///   - key: What it speaks of.
    ///   - now: The time.
    /// - Returns: The certificate and its key. It does not outlive the authority.
    /// - Throws: `.badName`, `.expired` if the authority is, `.unusable`.
    public func issue(
        _ leaf: LeafRequest,
        for key: PrivateKey,
        at now: UTCInstant
    ) throws(CertificateError) -> TLSIdentity {
        try certificate.checkValidity(at: now)
        let draft = try CertificateDraft(
            commonName: leaf.commonName,
            key: key,
            notBefore: now + CertificateAuthority.backdating,
            notAfter: min(now + leaf.validity, certificate.notAfter)
        )
        try draft.add(NID_basic_constraints, "critical,CA:FALSE", issuer: certificate)
        // RSA's key exchange by encryption is not in the cipher list, so it needs nothing more either.
        try draft.add(NID_key_usage, "critical,digitalSignature", issuer: certificate)
        let purposes = leaf.purposes.map { $0 == .server ? "serverAuth" : "clientAuth" }
        try draft.add(NID_ext_key_usage, purposes.joined(separator: ","), issuer: certificate)
        try draft.add(NID_subject_key_identifier, "hash", issuer: certificate)
        try draft.add(NID_authority_key_identifier, "keyid:always", issuer: certificate)
        try draft.add(leaf.subjectAlternativeNames)
        return try TLSIdentity(chain: [draft.sign(with: self.key, issuer: certificate)], key: key)
    }

    /// Clocks differ: what is issued now is valid for a peer that is five minutes behind.
    private static let backdating = Duration.seconds(-300)
}

/// Whom a certificate is to be issued for.
public struct LeafRequest: Sendable {
    /// The subject's common name, at most 64 characters; for clients the user name, for servers only a label.
    public var commonName: String
    /// What clients may have asked for, at least one for a server.
    public var subjectAlternativeNames: [SubjectAlternativeName]
    /// What it will be shown for, at least one.
    public var purposes: [Certificate.Purpose]
    /// How long it lasts.
    public var validity: Duration

    /// Describes a leaf.
    ///
    /// - Parameters:
    ///   - commonName: The subject's common name.
    ///   - subjectAlternativeNames: What clients may have asked for.
    ///   - purposes: What it will be shown for.
    ///   - validity: How long it lasts.
    public init(
        commonName: String,
        subjectAlternativeNames: [SubjectAlternativeName],
        purposes: [Certificate.Purpose] = [.server],
        validity: Duration = .days(90)
    ) {
        precondition(!purposes.isEmpty, "a certificate for nothing")
        self.commonName = commonName
        self.subjectAlternativeNames = subjectAlternativeNames
        self.purposes = purposes
        self.validity = validity
    }

    /// Describes the successor of a leaf: the same names, the same purposes, as long a life.
    ///
    /// - Parameter certificate: What is to be renewed.
    public init(renewing certificate: Certificate) {
        let purposes = [Certificate.Purpose.server, .client].filter { certificate.allows($0) }
        let backdating = Duration.seconds(300)
        self.init(
            commonName: certificate.commonName ?? "",
            subjectAlternativeNames: certificate.subjectAlternativeNames,
            purposes: purposes.isEmpty ? [.server] : purposes,
            validity: certificate.notAfter - certificate.notBefore - backdating
        )
    }
}

extension Duration {
    /// Days of 24 hours.
    ///
    /// - Parameter count: How many.
    /// - Returns: Their length.
    public static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }

    /// Years of 365 days, as certificates' lives are told.
    ///
    /// - Parameter count: How many.
    /// - Returns: Their length.
    public static func years(_ count: Int) -> Duration { .days(count * 365) }
}

/// A certificate that is being made.
@safe private struct CertificateDraft: ~Copyable {
    let x509: OpaquePointer

    init(commonName: String, key: PrivateKey, notBefore: UTCInstant, notAfter: UTCInstant) throws(CertificateError) {
        ERR_clear_error()
        guard let x509 = unsafe X509_new() else { fatalError("X509_new: no memory") }
        unsafe self.x509 = x509
        try check(unsafe X509_set_version(x509, Int(X509_VERSION_3)))
        try check(unsafe X509_set_pubkey(x509, key.pkey))
        unsafe ASN1_TIME_set(X509_getm_notBefore(x509), time_t(notBefore.secondsSinceEpoch))
        unsafe ASN1_TIME_set(X509_getm_notAfter(x509), time_t(notAfter.secondsSinceEpoch))
        // 127 random bits; RFC 5280 §4.1.2.2 asks for a positive number, browsers for 64 bits that cannot be guessed.
        guard let serial = unsafe BN_new() else { fatalError("BN_new: no memory") }
        defer { unsafe BN_free(serial) }
        try check(unsafe BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY))
        unsafe BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509))
        let status = unsafe X509_NAME_add_entry_by_NID(
            X509_get_subject_name(x509),
            NID_commonName,
            MBSTRING_UTF8,
            Array(commonName.utf8),
            CInt(commonName.utf8.count),
            -1,
            0
        )
        guard status == 1 else {
            ERR_clear_error()
            throw CertificateError(.badName(commonName))
        }
    }

    deinit { unsafe X509_free(x509) }

    /// Adds an extension that is written as in a configuration file of OpenSSL; only texts of our own may come here.
    func add(_ identifier: CInt, _ value: String, issuer: Certificate? = nil) throws(CertificateError) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer?.x509 ?? x509, x509, nil, nil, 0)
        guard let item = unsafe X509V3_EXT_conf_nid(nil, &context, identifier, value) else { throw .lastError() }
        defer { unsafe X509_EXTENSION_free(item) }
        try check(unsafe X509_add_ext(x509, item, -1))
    }

    func add(_ names: [SubjectAlternativeName]) throws(CertificateError) {
        if names.isEmpty { return }
        guard let stack = unsafe OPENSSL_sk_new_null() else { fatalError("OPENSSL_sk_new_null: no memory") }
        defer { unsafe portcullis_GENERAL_NAMES_free(stack) }
        for name in names {
            try name.check()
            unsafe OPENSSL_sk_push(stack, name.generalName())
        }
        try check(unsafe X509_add1_ext_i2d(x509, NID_subject_alt_name, UnsafeMutableRawPointer(stack), 0, 0))
    }

    /// Ends the draft; without an issuer it vouches for itself.
    func sign(with key: PrivateKey, issuer: Certificate? = nil) throws(CertificateError) -> Certificate {
        try check(unsafe X509_set_issuer_name(x509, X509_get_subject_name(issuer?.x509 ?? x509)))
        guard unsafe X509_sign(x509, key.pkey, EVP_sha256()) > 0, unsafe X509_up_ref(x509) == 1 else {
            throw .lastError()
        }
        return unsafe Certificate(owning: x509)
    }

    private func check(_ status: CInt) throws(CertificateError) {
        if status != 1 { throw .lastError() }
    }
}
