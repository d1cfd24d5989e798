internal import COpenSSL

/// An X.509 certificate.
@safe public final class Certificate: @unchecked Sendable {
    // Proof: nobody changes the X509 after `init`, and what OpenSSL caches in it while reading is under its own lock.
    let x509: OpaquePointer

    init(owning x509: OpaquePointer) {
        unsafe self.x509 = x509
    }

    deinit { unsafe X509_free(x509) }

    /// Reads all certificates of a PEM text, such as a chain or a bundle of authorities.
    ///
    /// - Parameter bytes: PEM; text around the blocks is skipped, blocks of other kinds too.
    /// - Returns: At least one.
    /// - Throws: `.noCertificate`, `.unreadableCertificate`.
    public static func parse(pem bytes: [UInt8]) throws(CertificateError) -> [Certificate] {
        ERR_clear_error()
        var certificates: [Certificate] = []
        let isComplete = unsafe withMemoryBIO(bytes) { bio in
            while let x509 = unsafe PEM_read_bio_X509(bio, nil, nil, nil) {
                unsafe certificates.append(Certificate(owning: x509))
            }
            // The end of the text is an error to OpenSSL as well.
            let code = ERR_peek_last_error()
            ERR_clear_error()
            return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
        }
        guard isComplete else { throw CertificateError(.unreadableCertificate) }
        guard !certificates.isEmpty else { throw CertificateError(.noCertificate) }
        return certificates
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
}

/// A private key, ECDSA or RSA.
@safe public final class PrivateKey: @unchecked Sendable {
    // Proof: nobody changes the EVP_PKEY after `init`, and what OpenSSL caches in it while signing is under its own lock.
    let pkey: OpaquePointer

    init(owning pkey: OpaquePointer) {
        unsafe self.pkey = pkey
    }

    deinit { unsafe EVP_PKEY_free(pkey) }

    /// Reads a key.
    ///
    /// - Parameter bytes: PEM, in any of its forms (`PRIVATE KEY`, `EC PRIVATE KEY`, `RSA PRIVATE KEY`).
    /// - Throws: `.encryptedKey`, `.unreadableKey`.
    public init(pem bytes: [UInt8]) throws(CertificateError) {
        ERR_clear_error()
        var wasAsked = false
        let pkey = unsafe withMemoryBIO(bytes) { bio in
            // Without a callback of ours OpenSSL asks the terminal for a passphrase, and a server would stand still.
            unsafe withUnsafeMutablePointer(to: &wasAsked) { pointer in
                unsafe PEM_read_bio_PrivateKey(
                    bio,
                    nil,
                    { _, _, _, wasAsked in
                        unsafe wasAsked?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    },
                    pointer
                )
            }
        }
        ERR_clear_error()
        guard let pkey = unsafe pkey else { throw CertificateError(wasAsked ? .encryptedKey : .unreadableKey) }
        unsafe self.pkey = pkey
    }
}

/// Lends bytes to OpenSSL as a BIO that reads.
func withMemoryBIO<Result>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { buffer in
        guard
            let bio = unsafe BIO_new_mem_buf(buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1), CInt(buffer.count))
        else { fatalError("BIO_new_mem_buf: no memory") }
        defer { unsafe BIO_free(bio) }
        return unsafe body(bio)
    }
}
