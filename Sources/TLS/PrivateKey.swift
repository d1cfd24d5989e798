internal import COpenSSL
internal import Synchronization

/// What a key is made of.
public enum KeyType: Hashable, Sendable, CustomStringConvertible {
    /// ECDSA on a curve, named as OpenSSL does: `prime256v1` is P-256.
    case ecdsa(curve: String)
    /// RSA with a modulus of that many bits.
    case rsa(bits: Int)
    /// Anything else, named as OpenSSL does.
    case other(String)

    /// ECDSA P-256: what we issue, for it signs in a third of RSA's time.
    public static let p256 = KeyType.ecdsa(curve: "prime256v1")

    /// For people: `ECDSA P-256`, `RSA 2048`.
    public var description: String {
        switch self {
        case .ecdsa(curve: "prime256v1"): "ECDSA P-256"
        case .ecdsa(curve: "secp384r1"): "ECDSA P-384"
        case .ecdsa(let curve): "ECDSA \(curve)"
        case .rsa(let bits): "RSA \(bits)"
        case .other(let name): name
        }
    }

    /// Of what OpenSSL holds only one in a context.
    enum Slot: Hashable {
        case ecdsa, rsa
        case other(String)
    }

    var slot: Slot {
        switch self {
        case .ecdsa: .ecdsa
        case .rsa: .rsa
        case .other(let name): .other(name)
        }
    }

    init(of key: OpaquePointer) {
        if unsafe EVP_PKEY_is_a(key, "EC") == 1 {
            var name = [CChar](repeating: 0, count: 80)
            unsafe EVP_PKEY_get_group_name(key, &name, name.count, nil)
            self = .ecdsa(curve: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        } else if unsafe EVP_PKEY_is_a(key, "RSA") == 1 {
            self = .rsa(bits: Int(unsafe EVP_PKEY_get_bits(key)))
        } else if let name = unsafe EVP_PKEY_get0_type_name(key) {
            self = .other(unsafe String(cString: name))
        } else {
            self = .other("unknown")
        }
    }
}

/// A private key.
@safe public final class PrivateKey: @unchecked Sendable {
    // Proof: nobody changes the EVP_PKEY after `init`, and what OpenSSL caches in it while signing is under its own lock.
    let pkey: OpaquePointer

    /// What the key is made of.
    public let type: KeyType

    private init(owning pkey: OpaquePointer) {
        unsafe self.pkey = pkey
        type = unsafe KeyType(of: pkey)
    }

    deinit { unsafe EVP_PKEY_free(pkey) }

    /// Makes a key from the system's randomness.
    ///
    /// - Parameter type: `.ecdsa` or `.rsa`.
    /// - Throws: `.unusable` if OpenSSL cannot make such a key.
    public convenience init(generating type: KeyType = .p256) throws(CertificateError) {
        ERR_clear_error()
        var name = type.description
        if case .ecdsa = type { name = "EC" }
        if case .rsa = type { name = "RSA" }
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, name, nil)
        defer { unsafe EVP_PKEY_CTX_free(context) }
        guard unsafe context != nil, unsafe EVP_PKEY_keygen_init(context) == 1 else { throw .lastError() }
        let status: CInt
        switch type {
        case .ecdsa(let curve): status = unsafe EVP_PKEY_CTX_set_group_name(context, curve)
        case .rsa(let bits): status = unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, CInt(clamping: bits))
        case .other: status = 1
        }
        var pkey: OpaquePointer?
        guard status == 1, unsafe EVP_PKEY_generate(context, &pkey) == 1, let pkey = unsafe pkey else {
            throw .lastError()
        }
        unsafe self.init(owning: pkey)
    }

    /// Reads a key.
    ///
    /// - Parameter bytes: PEM, in any of its forms (`PRIVATE KEY`, `EC PRIVATE KEY`, `RSA PRIVATE KEY`).
    /// - Throws: `.encryptedKey`, `.unreadableKey`.
    public convenience init(pem bytes: [UInt8]) throws(CertificateError) {
        ERR_clear_error()
        var isEncrypted = false
        let pkey = unsafe withReadingBIO(bytes) { bio in
            // Without a callback of ours OpenSSL asks the terminal for a passphrase, and a server would stand still.
            unsafe withUnsafeMutablePointer(to: &isEncrypted) { isEncrypted in
                unsafe PEM_read_bio_PrivateKey(
                    bio,
                    nil,
                    { _, _, _, isEncrypted in
                        unsafe isEncrypted?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    },
                    isEncrypted
                )
            }
        }
        ERR_clear_error()
        guard let pkey = unsafe pkey else { throw CertificateError(isEncrypted ? .encryptedKey : .unreadableKey) }
        unsafe self.init(owning: pkey)
    }

    /// The key as a PEM `PRIVATE KEY` (PKCS #8), not encrypted: for a file that only its owner reads.
    public var pem: [UInt8] {
        // OpenSSL sets a flag of the key while it writes it: two writers of one key would not write the same.
        PrivateKey.writing.withLock { _ in
            unsafe bytesWritten { bio in
                unsafe PEM_write_bio_PKCS8PrivateKey(bio, pkey, nil, nil, 0, nil, nil) == 1 ? 1 : -1
            }
        }
    }

    private static let writing = Mutex(())
}

/// Lends bytes to OpenSSL as a BIO that reads.
func withReadingBIO<Result>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { buffer in
        // An empty array has no address, but nothing is read from this one either.
        let start = unsafe buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
        guard let bio = unsafe BIO_new_mem_buf(start, CInt(buffer.count)) else {
            fatalError("BIO_new_mem_buf: no memory")
        }
        defer { unsafe BIO_free(bio) }
        return unsafe body(bio)
    }
}

/// Collects what OpenSSL writes, which says by a negative number that it cannot.
func bytesWritten(_ body: (OpaquePointer) -> CInt) -> [UInt8] {
    guard let bio = unsafe BIO_new(BIO_s_mem()) else { fatalError("BIO_new: no memory") }
    defer { unsafe BIO_free(bio) }
    // What is written is ours and whole: only memory can be wanting.
    guard unsafe body(bio) >= 0 else { fatalError("writing to a memory BIO: \(CertificateError.lastError())") }
    return [UInt8](capacity: unsafe BIO_ctrl_pending(bio)) { output in
        unsafe output.withUnsafeMutableBufferPointer { buffer, count in
            _ = unsafe BIO_read_ex(bio, buffer.baseAddress, buffer.count, &count)
        }
    }
}
