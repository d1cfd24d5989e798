internal import COpenSSL

/// One end of one TLS connection without its socket: ciphertext goes in, plaintext and ciphertext come out.
///
/// ```
///   receive(_:plaintext:output:)        send(_:output:)
///     socket ──▶ plaintext                plaintext ──▶ output ──▶ socket
///          └───▶ output ──▶ socket
///             (handshake, KeyUpdate, alerts)
/// ```
///
/// Whatever a call appends to `output` is to be sent, also after it has thrown: then it is the alert that tells the peer why.
/// Where the ciphertext was split makes no difference. A session belongs to one thread at a time.
@safe public struct TLSSession: ~Copyable, @unchecked Sendable {
    // Proof of Sendable: the SSL is reached through the only copy of this value.

    /// How far the session is.
    public enum State: Equatable, Sendable {
        /// No plaintext can be sent yet.
        case handshaking
        /// Plaintext flows both ways.
        case open
        /// The peer has said that it sends nothing more (`close_notify`); we may still send.
        ///
        /// A connection that ends without this was cut off, and its last message may be incomplete.
        case closed
        /// The session is over; the call that made it so has thrown the reason.
        case failed
    }

    /// How far the session is.
    public private(set) var state = State.handshaking

    private let ssl: OpaquePointer
    private let bio: OpaquePointer
    /// The ALPN callback reads it, and a reload may let go of it in the middle of a handshake.
    private let context: TLSContext

    /// Begins a server's session; the client speaks first.
    ///
    /// - Parameter context: A server's context.
    public init(accepting context: TLSContext) {
        precondition(context.isServer, "a client's context cannot accept")
        self.init(context)
        unsafe SSL_set_accept_state(ssl)
    }

    /// Begins a client's session and says hello.
    ///
    /// - Parameters:
    ///   - context: A client's context.
    ///   - host: The name or IP address that the server's certificate must carry; a name is also sent as SNI.
    ///   - output: Where the first message is appended.
    /// - Throws: `.badConfiguration` if `host` can be neither name nor address.
    public init(connecting context: TLSContext, to host: String, output: inout [UInt8]) throws(TLSError) {
        precondition(!context.isServer, "a server's context cannot connect")
        self.init(context)
        unsafe SSL_set_connect_state(ssl)
        let parameters = unsafe SSL_get0_param(ssl)
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1 {
            ERR_clear_error()
            unsafe X509_VERIFY_PARAM_set_hostflags(parameters, TLSSession.hostFlags)
            guard unsafe SSL_set1_host(ssl, host) == 1, unsafe portcullis_SSL_set_tlsext_host_name(ssl, host) == 1
            else {
                throw .configuration()
            }
        }
        var plaintext: [UInt8] = []
        _ = try receive(Span<UInt8>(), plaintext: &plaintext, output: &output)
    }

    private init(_ context: TLSContext) {
        guard let ssl = unsafe SSL_new(context.pointer), let bio = unsafe Exchange.makeBIO() else {
            fatalError("SSL_new: no memory")
        }
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe self.ssl = ssl
        unsafe self.bio = bio
        self.context = context
    }

    deinit { unsafe SSL_free(ssl) }

    /// Takes what the peer sent: goes on with the handshake, decrypts, answers what TLS itself must answer.
    ///
    /// All of `ciphertext` is taken; a record that has not arrived whole is kept inside. Whoever bounds the ciphertext bounds
    /// the plaintext, which is shorter. Whoever does not send the output must not go on receiving, for a peer can ask for
    /// answers without end.
    ///
    /// - Parameters:
    ///   - ciphertext: Bytes from the socket.
    ///   - plaintext: Where decrypted bytes are appended; 16 KiB of room are reserved in it, so that one buffer for many
    ///     connections is best.
    ///   - output: Where ciphertext for the peer is appended.
    /// - Returns: How far the session is now; what was decrypted before the peer closed is in `plaintext`.
    /// - Throws: Why the session failed.
    @discardableResult
    public mutating func receive(
        _ ciphertext: Span<UInt8>,
        plaintext: inout [UInt8],
        output: inout [UInt8]
    ) throws(TLSError) -> State {
        precondition(state != .failed, "a failed session cannot receive")
        let ssl = unsafe ssl
        var state = state
        let failure = unsafe Exchange.run(bio, ciphertext, &output) { exchange -> TLSError? in
            if state == .handshaking {
                forgetErrors()
                let status = unsafe SSL_do_handshake(ssl)
                if status != 1 { return unsafe TLSSession.failure(ssl, status) }
                state = .open
            }
            while state == .open, unsafe !exchange.pointee.input.isEmpty || SSL_has_pending(ssl) == 1 {
                var status: CInt = 0
                forgetErrors()
                plaintext.append(addingCapacity: TLSSession.maximumRecordBytes) { room in
                    unsafe room.withUnsafeMutableBufferPointer { buffer, count in
                        unsafe status = SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
                    }
                }
                if status == 1 { continue }
                if unsafe SSL_get_error(ssl, status) == SSL_ERROR_ZERO_RETURN {
                    state = .closed
                    return nil
                }
                return unsafe TLSSession.failure(ssl, status)
            }
            return nil
        }
        self.state = failure == nil ? state : .failed
        if let failure { throw failure }
        return state
    }

    /// Encrypts; pieces that go together should be sent together, for each call makes a record of its own.
    ///
    /// - Parameters:
    ///   - plaintext: What to send; nothing happens if it is empty.
    ///   - output: Where ciphertext for the peer is appended.
    /// - Throws: Why the session failed.
    public mutating func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
        precondition(state == .open || state == .closed, "a session that is \(state) cannot send")
        if plaintext.isEmpty { return }
        let ssl = unsafe ssl
        let failure = unsafe Exchange.run(bio, Span<UInt8>(), &output) { _ -> TLSError? in
            unsafe plaintext.withUnsafeBytes { buffer in
                var sent = 0
                // With partial writes OpenSSL returns after each record.
                while sent < buffer.count {
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                    var count = 0
                    forgetErrors()
                    let status = unsafe SSL_write_ex(ssl, rest.baseAddress, rest.count, &count)
                    if status != 1 { return unsafe TLSSession.failure(ssl, status) ?? TLSError(.protocolViolation) }
                    sent += count
                }
                return nil
            }
        }
        if let failure {
            state = .failed
            throw failure
        }
    }

    /// Says that nothing more will be sent (`close_notify`); does nothing if there is no session yet or any more.
    ///
    /// - Parameter output: Where ciphertext for the peer is appended.
    public mutating func close(output: inout [UInt8]) {
        guard state == .open || state == .closed else { return }
        forgetErrors()
        let ssl = unsafe ssl
        unsafe Exchange.run(bio, Span<UInt8>(), &output) { _ in _ = unsafe SSL_shutdown(ssl) }
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

    /// Names are in the subject alternative names or nowhere (RFC 9525 §2), as in Go.
    static let hostFlags = CUnsignedInt(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

    /// The most plaintext that a record holds (RFC 8446 §5.1).
    private static let maximumRecordBytes = 1 << 14

    /// Translates a status that is not success; nothing if more ciphertext is all that is missing.
    private static func failure(_ ssl: OpaquePointer, _ status: CInt) -> TLSError? {
        if unsafe SSL_get_error(ssl, status) == SSL_ERROR_WANT_READ { return nil }
        let reason = ERR_get_error()
        ERR_clear_error()
        let number = Int(ERR_GET_REASON(reason))
        switch number {
        case Int(SSL_R_CERTIFICATE_VERIFY_FAILED):
            return TLSError(.peerCertificateRejected(unsafe SSL_get_verify_result(ssl)), reason: reason)
        // An alert that was received has its number above this offset.
        case Int(SSL_AD_REASON_OFFSET)..<Int(SSL_AD_REASON_OFFSET) + 256:
            return TLSError(.alertReceived(number - Int(SSL_AD_REASON_OFFSET)), reason: reason)
        default: return TLSError(.protocolViolation, reason: reason)
        }
    }
}

/// Empties the error queue, which the whole thread shares: `SSL_get_error` takes what is in it for the last call's.
///
/// OpenSSL leaves errors behind even when a call succeeds. To look first is a fifth of the price of emptying.
private func forgetErrors() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
}
