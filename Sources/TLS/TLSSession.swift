internal import COpenSSL
internal import Glibc

/// One end of one TLS connection over a connected, non-blocking socket.
///
/// The session reads and writes the socket itself but does not own it: it goes before the socket is closed. It belongs to
/// one thread at a time. After a thrown error only `deinit` is left. SIGPIPE must be ignored.
@safe public struct TLSSession: ~Copyable, @unchecked Sendable {
    // Proof of Sendable: the SSL is reached through the only copy of this value.

    /// How far a handshake has come.
    public enum Handshake: Equatable, Sendable {
        /// Done: data may flow.
        case complete
        /// Call again when the socket is readable.
        case needsInput
        /// Call again when the socket is writable.
        case needsOutput
    }

    /// What a read or a write did.
    public enum Progress: Equatable, Sendable {
        /// That many bytes of plaintext were moved, at least 1.
        case bytes(Int)
        /// Nothing: call again, with the same arguments, when the socket is readable.
        case needsInput
        /// Nothing: call again, with the same arguments, when the socket is writable.
        case needsOutput
        /// The peer has said that it sends nothing more (`close_notify`).
        case closed
    }

    private let ssl: OpaquePointer
    /// The ALPN callback reads it, and a reload may let go of it in the middle of a handshake.
    private let context: TLSContext

    /// Begins a server's session.
    ///
    /// - Parameters:
    ///   - context: A server's context.
    ///   - socket: A connected, non-blocking socket that outlives the session.
    public init(accepting context: TLSContext, socket: CInt) {
        precondition(context.isServer, "a client's context cannot accept")
        self.init(context, socket)
        unsafe SSL_set_accept_state(ssl)
    }

    /// Begins a client's session.
    ///
    /// - Parameters:
    ///   - context: A client's context.
    ///   - host: The name or IP address that the server's certificate must carry; a name is also sent as SNI.
    ///   - socket: A connected, non-blocking socket that outlives the session.
    /// - Throws: `.badConfiguration` if `host` can be neither name nor address.
    public init(connecting context: TLSContext, to host: String, socket: CInt) throws(TLSError) {
        precondition(!context.isServer, "a server's context cannot connect")
        self.init(context, socket)
        unsafe SSL_set_connect_state(ssl)
        let parameters = unsafe SSL_get0_param(ssl)
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        ERR_clear_error()
        unsafe X509_VERIFY_PARAM_set_hostflags(parameters, CUnsignedInt(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard unsafe SSL_set1_host(ssl, host) == 1, unsafe portcullis_SSL_set_tlsext_host_name(ssl, host) == 1 else {
            throw .configuration()
        }
    }

    private init(_ context: TLSContext, _ socket: CInt) {
        guard let ssl = unsafe SSL_new(context.pointer), unsafe SSL_set_fd(ssl, socket) == 1 else {
            fatalError("SSL_new: no memory")
        }
        unsafe self.ssl = ssl
        self.context = context
    }

    deinit { unsafe SSL_free(ssl) }

    /// Goes on with the handshake.
    ///
    /// - Returns: How far it has come.
    /// - Throws: Why it failed; an alert for the peer has been written where TLS has one.
    public mutating func handshake() throws(TLSError) -> Handshake {
        ERR_clear_error()
        let status = unsafe SSL_do_handshake(ssl)
        if status == 1 { return .complete }
        switch try progress(after: status, errno: errno) {
        case .needsOutput: return .needsOutput
        case .needsInput: return .needsInput
        case .bytes, .closed: throw TLSError(.truncated)
        }
    }

    /// Decrypts what there is, at most one record (16 KiB); ask ``hasPending`` whether there is more.
    ///
    /// - Parameter output: Where the bytes are appended; not full.
    /// - Returns: What was done.
    /// - Throws: Why the session is over.
    public mutating func read(into output: inout OutputSpan<UInt8>) throws(TLSError) -> Progress {
        precondition(!output.isFull, "no room to read into")
        ERR_clear_error()  // SSL_get_error() below reads a queue that the whole thread shares.
        let ssl = unsafe ssl
        var count = 0
        var systemError: CInt = 0
        let status = unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
            let free = unsafe buffer[initialized...]
            let status = unsafe SSL_read_ex(
                ssl,
                UnsafeMutableBufferPointer(rebasing: free).baseAddress,
                free.count,
                &count
            )
            systemError = errno
            if status == 1 { initialized += count }
            return status
        }
        if status == 1 { return .bytes(count) }
        return try progress(after: status, errno: systemError)
    }

    /// Decrypts what there is behind the bytes that are there, at most one record.
    ///
    /// - Parameters:
    ///   - buffer: What grows.
    ///   - limit: The largest number of bytes to append, more than 0.
    /// - Returns: As ``read(into:)``.
    /// - Throws: As ``read(into:)``.
    public mutating func read(appendingTo buffer: inout [UInt8], atMost limit: Int) throws(TLSError) -> Progress {
        var progress = Progress.needsInput
        try buffer.append(addingCapacity: limit) { (output: inout OutputSpan<UInt8>) throws(TLSError) in
            progress = try read(into: &output)
        }
        return progress
    }

    /// Encrypts and sends; small writes should be joined, for each is a record and a system call.
    ///
    /// - Parameter bytes: What to send, not empty. After `needsInput` or `needsOutput` the next write begins with the same
    ///   bytes (they may have moved, and more may follow).
    /// - Returns: How many bytes were taken, which may be fewer than there are.
    /// - Throws: Why the session is over.
    public mutating func write(_ bytes: Span<UInt8>) throws(TLSError) -> Progress {
        precondition(!bytes.isEmpty, "nothing to write")
        ERR_clear_error()
        let ssl = unsafe ssl
        var count = 0
        var systemError: CInt = 0
        let status = unsafe bytes.withUnsafeBytes { buffer in
            let status = unsafe SSL_write_ex(ssl, buffer.baseAddress, buffer.count, &count)
            systemError = errno
            return status
        }
        if status == 1 { return .bytes(count) }
        return try progress(after: status, errno: systemError)
    }

    /// Says that nothing more will be sent (`close_notify`); does not wait for the peer to say so.
    ///
    /// - Returns: `complete`, or what to wait for before calling again.
    /// - Throws: Why the session is over.
    public mutating func shutdown() throws(TLSError) -> Handshake {
        ERR_clear_error()
        let status = unsafe SSL_shutdown(ssl)
        if status >= 0 { return .complete }
        switch try progress(after: status, errno: errno) {
        case .needsOutput: return .needsOutput
        case .needsInput: return .needsInput
        case .bytes, .closed: return .complete
        }
    }

    /// Whether bytes were taken from the socket that ``read(into:)`` has not delivered: the poller will not tell of them.
    public var hasPending: Bool {
        unsafe SSL_has_pending(ssl) == 1
    }

    /// Nothing before the handshake is complete.
    public var version: TLSVersion? {
        unsafe SSL_is_init_finished(ssl) == 1 ? TLSVersion(rawValue: Int(SSL_version(ssl))) : nil
    }

    /// What both sides agreed to speak (ALPN); nothing if the client offered nothing.
    public var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: CUnsignedInt = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name = unsafe name else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The name that the client asked for (SNI, RFC 6066 §3); nothing if it gave none.
    public var serverName: String? {
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return nil }
        return unsafe String(cString: name)
    }

    /// What the peer has shown, verified; a client that need not show one may have shown nothing.
    public var peerCertificate: Certificate? {
        guard let x509 = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        return unsafe Certificate(owning: x509)
    }

    /// Translates a status that is not success.
    private func progress(after status: CInt, errno: CInt) throws(TLSError) -> Progress {
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_WANT_WRITE: return .needsOutput
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL:
            throw TLSError(errno == 0 ? .truncated : .connectionFailed(errno))
        default:
            let reason = ERR_get_error()
            ERR_clear_error()
            let number = Int(ERR_GET_REASON(reason))
            switch number {
            case Int(SSL_R_UNEXPECTED_EOF_WHILE_READING): throw TLSError(.truncated, reason: reason)
            case Int(SSL_R_CERTIFICATE_VERIFY_FAILED):
                throw TLSError(.peerCertificateRejected(unsafe SSL_get_verify_result(ssl)), reason: reason)
            // An alert that was received has its number above this offset.
            case Int(SSL_AD_REASON_OFFSET)..<Int(SSL_AD_REASON_OFFSET) + 256:
                throw TLSError(.alertReceived(number - Int(SSL_AD_REASON_OFFSET)), reason: reason)
            default: throw TLSError(.protocolViolation, reason: reason)
            }
        }
    }
}
