internal import COpenSSL

/// What a server shows and asks for.
public struct TLSServerConfiguration: Sendable {
    /// Whether clients show certificates.
    public enum ClientAuthentication: Sendable {
        /// They are not asked.
        case off
        /// They are asked; a client may have none, but one that it shows must lead to one of `authorities`.
        case request(authorities: [Certificate])
        /// They are asked, and must show one that leads to one of `authorities`.
        case require(authorities: [Certificate])
    }

    /// At most one for each type of key; with ECDSA and RSA both, the client's abilities decide.
    public var identities: [TLSIdentity]
    /// Whether clients show certificates.
    public var clientAuthentication = ClientAuthentication.off
    /// ALPN names, the preferred one first.
    ///
    /// A client that offers some but none of these is refused (RFC 7301 §3.2); one that offers none gets none.
    public var applicationProtocols = ["h2", "http/1.1"]
    /// The oldest version that is spoken.
    public var minimumVersion = TLSVersion.v1_2

    /// Describes a server with the given identities and the defaults of everything else.
    public init(identities: [TLSIdentity]) {
        self.identities = identities
    }
}

/// What a client trusts and shows.
public struct TLSClientConfiguration: Sendable {
    /// Who may vouch for servers.
    public enum Trust: Sendable {
        /// These and nobody else.
        case authorities([Certificate])
        /// Those of the machine (`/etc/ssl/certs`).
        case system
    }

    /// Who may vouch for servers.
    public var trust: Trust
    /// What is shown to a server that asks.
    public var identity: TLSIdentity?
    /// ALPN names that are offered, the preferred one first.
    public var applicationProtocols = ["h2", "http/1.1"]
    /// The oldest version that is spoken.
    public var minimumVersion = TLSVersion.v1_2
    /// The newest version that is spoken.
    public var maximumVersion = TLSVersion.v1_3

    /// Describes a client with the given trust and the defaults of everything else.
    public init(trust: Trust) {
        self.trust = trust
    }
}

/// A version of the protocol.
public enum TLSVersion: Int, Comparable, Sendable {
    /// RFC 5246.
    case v1_2 = 0x0303
    /// RFC 8446.
    case v1_3 = 0x0304

    /// Whether one is older than the other.
    public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }
}

/// What all sessions of one configuration share.
///
/// Immutable, and swapped whole when certificates change: sessions keep the one that they began with.
@safe public final class TLSContext: @unchecked Sendable {
    // Proof: after `init` nobody changes the SSL_CTX but SSL_new(), which counts references atomically; session cache and
    // tickets, which sessions would write to, are off.
    let pointer: OpaquePointer

    let isServer: Bool

    /// ALPN names in the wire's form (RFC 7301 §3.1); the selection callback reads them, so they live as long as we do.
    private let protocols: UnsafeMutableBufferPointer<UInt8>

    /// Makes the context of a server.
    ///
    /// - Parameter configuration: What the server shows and asks for.
    /// - Throws: `.badConfiguration`, `.ambiguousIdentities`.
    public convenience init(server configuration: TLSServerConfiguration) throws(TLSError) {
        precondition(!configuration.identities.isEmpty, "a server without an identity")
        var slots: Set<KeyType.Slot> = []
        for type in configuration.identities.lazy.map(\.key.type) where !slots.insert(type.slot).inserted {
            throw TLSError(.ambiguousIdentities(type))
        }
        try self.init(isServer: true, protocols: configuration.applicationProtocols)
        try setVersions(configuration.minimumVersion, .v1_3)
        for identity in configuration.identities { try use(identity) }
        switch configuration.clientAuthentication {
        case .off: break
        case .request(let authorities):
            try trust(authorities)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        case .require(let authorities):
            try trust(authorities)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        if unsafe protocols.isEmpty { return }
        unsafe SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, output, outputCount, offer, offerCount, context in
                guard let context = unsafe context else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                let protocols = unsafe Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue().protocols
                var selected: UnsafeMutablePointer<UInt8>?
                let status = unsafe SSL_select_next_proto(
                    &selected,
                    outputCount,
                    protocols.baseAddress,
                    CUnsignedInt(protocols.count),
                    offer,
                    offerCount
                )
                unsafe output?.pointee = unsafe UnsafePointer(selected)
                return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Makes the context of a client.
    ///
    /// - Parameter configuration: What the client trusts and shows.
    /// - Throws: `.badConfiguration`.
    public convenience init(client configuration: TLSClientConfiguration) throws(TLSError) {
        try self.init(isServer: false, protocols: configuration.applicationProtocols)
        try setVersions(configuration.minimumVersion, configuration.maximumVersion)
        if let identity = configuration.identity { try use(identity) }
        switch configuration.trust {
        case .authorities(let authorities): try trust(authorities)
        case .system: try check(unsafe SSL_CTX_set_default_verify_paths(pointer))
        }
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        // Of all OpenSSL functions this one and its namesake for SSL return 0 for success.
        let status = unsafe SSL_CTX_set_alpn_protos(pointer, protocols.baseAddress, CUnsignedInt(protocols.count))
        try check(status == 0 ? 1 : 0)
    }

    private init(isServer: Bool, protocols names: [String]) throws(TLSError) {
        ERR_clear_error()
        let context = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method())
        guard let context = unsafe context else { throw .configuration() }
        unsafe pointer = context
        self.isServer = isServer
        let wire = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        unsafe protocols = .allocate(capacity: wire.count)
        _ = unsafe protocols.initialize(from: wire)

        unsafe portcullis_SSL_CTX_set_mode(
            pointer,
            // We say which chain to show: otherwise OpenSSL looks for one in each handshake (4 µs).
            Int(
                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                    | SSL_MODE_NO_AUTO_CHAIN
            )
        )
        // One read for a whole record, head included: 10 % of a request.
        unsafe portcullis_SSL_CTX_set_read_ahead(pointer, 1)
        // A ticket costs 25 µs of a handshake's 340, and the API server does not resume.
        unsafe portcullis_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        try check(unsafe SSL_CTX_set_num_tickets(pointer, 0))
        unsafe SSL_CTX_set_options(
            pointer,
            portcullis_SSL_OP_NO_TICKET | portcullis_SSL_OP_NO_RENEGOTIATION | portcullis_SSL_OP_NO_COMPRESSION
        )
        // What Debian's openssl.cnf says, wherever we run: 112 bits of strength, so no RSA below 2048 and no SHA-1.
        unsafe SSL_CTX_set_security_level(pointer, 2)
        // As in Go: whoever is in a bundle is trusted, an intermediate authority too (the default wants its root as well).
        try check(unsafe X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN)))
        // TLS 1.2 only with forward secrecy and authenticated encryption (RFC 9325 §4.2); 1.3 has nothing else.
        try check(unsafe SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20"))
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
        unsafe protocols.deallocate()
    }

    private func setVersions(_ minimum: TLSVersion, _ maximum: TLSVersion) throws(TLSError) {
        try check(unsafe portcullis_SSL_CTX_set_min_proto_version(pointer, CInt(minimum.rawValue)))
        try check(unsafe portcullis_SSL_CTX_set_max_proto_version(pointer, CInt(maximum.rawValue)))
    }

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        try check(unsafe SSL_CTX_use_certificate(pointer, identity.leaf.x509))
        try check(unsafe SSL_CTX_use_PrivateKey(pointer, identity.key.pkey))
        for certificate in identity.chain.dropFirst() {
            try check(unsafe portcullis_SSL_CTX_add1_chain_cert(pointer, certificate.x509))
        }
    }

    /// Trusts authorities, and as a server tells clients their names.
    private func trust(_ authorities: [Certificate]) throws(TLSError) {
        let store = unsafe SSL_CTX_get_cert_store(pointer)
        for authority in authorities {
            try check(unsafe X509_STORE_add_cert(store, authority.x509))
            if isServer { try check(unsafe SSL_CTX_add_client_CA(pointer, authority.x509)) }
        }
    }

    private func check(_ status: CInt) throws(TLSError) {
        if status != 1 { throw .configuration() }
    }
}
