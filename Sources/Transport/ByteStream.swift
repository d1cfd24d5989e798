public import EventLoop
public import TLS

/// A TCP connection's bytes, in the clear or through TLS, without waiting.
///
/// ```
///   socket ── read ──▶ ciphertext ── TLS ──▶ input       (of StreamBuffers)
///   socket ◀─ write ── output ◀───── TLS ◀── send(_:)
///        ◀─ flush ──── unsent                            (kept here)
/// ```
///
/// All buffers are the loop's; only what the kernel does not take is kept here. So an idle connection has no buffer, and a
/// request costs one read and one write.
public struct ByteStream: ~Copyable {
    private let descriptor: OwnedDescriptor
    private var session: TLSSession?
    private var registration: Poller.Registration?
    private var armed: Poller.Interest = []

    /// What the kernel has not taken yet, from `unsentStart` on.
    private var unsent: [UInt8] = []
    private var unsentStart = 0

    /// Whether the peer will send nothing more.
    public private(set) var isAtEnd = false
    /// Whether the peer has sent anything, be it no TLS.
    public private(set) var hasReceived = false

    /// Takes a socket over, in the clear.
    ///
    /// - Parameter descriptor: A connected socket, or one that is being connected.
    public init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Takes an accepted socket over, for TLS.
    ///
    /// - Parameters:
    ///   - descriptor: A connected socket.
    ///   - context: A server's context.
    public init(_ descriptor: consuming OwnedDescriptor, accepting context: TLSContext) {
        self.descriptor = descriptor
        session = TLSSession(accepting: context)
    }

    /// Takes a socket over, for TLS.
    ///
    /// What TLS says first is sent by ``flush()``, once the socket is connected.
    ///
    /// - Parameters:
    ///   - descriptor: A connected socket, or one that is being connected.
    ///   - context: A client's context.
    ///   - host: The name or address that the server's certificate must carry.
    /// - Throws: `.badConfiguration` if `host` can be neither name nor address.
    public init(
        _ descriptor: consuming OwnedDescriptor,
        connecting context: TLSContext,
        to host: String
    ) throws(TLSError) {
        var hello: [UInt8] = []
        session = try TLSSession(connecting: context, to: host, output: &hello)
        unsent = hello
        self.descriptor = descriptor
    }

    /// Whether the bytes go through TLS.
    public var isSecure: Bool {
        switch session {
        case .some: true
        case .none: false
        }
    }

    /// Whether bytes can be sent: in the clear from the start, otherwise once the handshake is complete.
    public var isEstablished: Bool {
        switch session {
        case .some(let session): session.state == .open || session.state == .closed
        case .none: true
        }
    }

    /// What both sides agreed to speak (ALPN); nothing in the clear, or if the client offered nothing.
    public var applicationProtocol: String? {
        switch session {
        case .some(let session): session.applicationProtocol
        case .none: nil
        }
    }

    /// What the server or client at the other end has shown, verified.
    public var peerCertificate: Certificate? {
        switch session {
        case .some(let session): session.peerCertificate
        case .none: nil
        }
    }

    /// How an attempt to connect has ended, once the socket is writable.
    ///
    /// - Returns: Nothing if it is connected.
    public func connectionError() -> SystemError? {
        Socket.connectionError(of: descriptor)
    }
}

// MARK: - Moving bytes

extension ByteStream {
    /// Reads once: goes on with the handshake, and appends what the peer has sent to the buffers' input.
    ///
    /// - Parameter buffers: The loop's; their input must be empty, and is after a throw.
    /// - Throws: Why the connection is over; the peer has been told where TLS has words for it.
    public mutating func receive(using buffers: inout StreamBuffers) throws(TransportError) {
        precondition(buffers.input.isEmpty, "another connection's input")
        guard isSecure else {
            isAtEnd = try read(into: &buffers.input) == 0
            hasReceived = hasReceived || !buffers.input.isEmpty
            return
        }
        defer {
            buffers.ciphertext.removeAll(keepingCapacity: true)
            buffers.output.removeAll(keepingCapacity: true)
        }
        guard let count = try read(into: &buffers.ciphertext) else { return }
        guard count > 0 else { throw .truncated }
        hasReceived = true
        try decrypt(buffers.ciphertext, into: &buffers.input, answering: &buffers.output)
    }

    private mutating func decrypt(
        _ ciphertext: [UInt8],
        into plaintext: inout [UInt8],
        answering output: inout [UInt8]
    ) throws(TransportError) {
        do {
            isAtEnd = try session?.receive(ciphertext.span, plaintext: &plaintext, output: &output) == .closed
        } catch {
            // Whole records may have come before the one that is wrong, and the buffer is the next connection's too.
            plaintext.removeAll(keepingCapacity: true)
            // The alert; whether it gets through changes nothing.
            try? write(output.span)
            throw .tls(error)
        }
        // In the handshake, or a KeyUpdate's answer.
        try write(output.span)
    }

    /// Sends bytes; what the kernel does not take now is kept, and goes with ``flush()``.
    ///
    /// - Parameters:
    ///   - bytes: What to send; what belongs together in one call, for it becomes one record and one packet.
    ///   - buffers: The loop's.
    /// - Throws: Why the connection is over.
    public mutating func send(_ bytes: Span<UInt8>, using buffers: inout StreamBuffers) throws(TransportError) {
        guard isSecure else { return try write(bytes) }
        defer { buffers.output.removeAll(keepingCapacity: buffers.output.capacity <= StreamBuffers.keptBytes) }
        do {
            try session?.send(bytes, output: &buffers.output)
        } catch {
            throw .tls(error)
        }
        try write(buffers.output.span)
    }

    /// Whether bytes wait for the kernel to take them.
    public var hasUnsentOutput: Bool { unsentStart < unsent.count }

    /// Sends what is kept, as far as the kernel takes it.
    ///
    /// - Throws: Why the connection is over.
    public mutating func flush() throws(TransportError) {
        do {
            while hasUnsentOutput {
                guard let count = try Socket.send(unsent.span.extracting(unsentStart...), to: descriptor) else {
                    return
                }
                unsentStart += count
            }
        } catch {
            throw .system(error)
        }
        unsent = []
        unsentStart = 0
    }

    /// Says that nothing more will be sent (`close_notify` and FIN), once everything is sent.
    ///
    /// After the peer's end there is nothing left to do but to let the stream go, which sends FIN as well.
    ///
    /// - Parameter buffers: The loop's.
    /// - Throws: Why the connection is over.
    public mutating func finishWriting(using buffers: inout StreamBuffers) throws(TransportError) {
        precondition(!hasUnsentOutput, "the end of the stream before its bytes")
        defer { buffers.output.removeAll(keepingCapacity: true) }
        session?.close(output: &buffers.output)
        do {
            // Whether the alert fits into the kernel's buffer or not: FIN says the same.
            if !buffers.output.isEmpty { _ = try Socket.send(buffers.output.span, to: descriptor) }
            if !isAtEnd { try Socket.shutdownWriting(descriptor) }
        } catch {
            throw .system(error)
        }
    }

    /// Makes the end of this stream a reset: what was sent and not taken is dropped, instead of kept by the kernel.
    public func resetOnClose() {
        // It fails only for sockets that are not connected, and those have nothing to drop.
        try? Socket.resetOnClose(descriptor)
    }

    /// Throws away what the peer still sends, without decrypting it.
    ///
    /// - Parameter buffers: The loop's.
    /// - Throws: Why the connection is over.
    public mutating func discardInput(using buffers: inout StreamBuffers) throws(TransportError) {
        defer { buffers.ciphertext.removeAll(keepingCapacity: true) }
        isAtEnd = try read(into: &buffers.ciphertext) == 0
    }

    private func read(into buffer: inout [UInt8]) throws(TransportError) -> Int? {
        do {
            return try Socket.receive(from: descriptor, appendingTo: &buffer, atMost: StreamBuffers.readBytes)
        } catch {
            throw .system(error)
        }
    }

    private mutating func write(_ bytes: Span<UInt8>) throws(TransportError) {
        var sent = 0
        do {
            while !hasUnsentOutput, sent < bytes.count {
                guard let count = try Socket.send(bytes.extracting(sent...), to: descriptor) else { break }
                sent += count
            }
        } catch {
            throw .system(error)
        }
        guard sent < bytes.count else { return }
        unsent.append(addingCapacity: bytes.count - sent) { output in
            for index in sent..<bytes.count { output.append(bytes[index]) }
        }
    }
}

// MARK: - Readiness

extension ByteStream {
    /// Starts to hear of the socket.
    ///
    /// - Parameters:
    ///   - loop: The loop that the connection belongs to from now on.
    ///   - interest: What to wait for.
    ///   - handler: Who hears; ``unregister(from:)`` lets go of it.
    /// - Returns: A small number that no other stream of the loop has.
    /// - Throws: What `epoll_ctl` reports: no memory.
    public mutating func register(
        on loop: Loop,
        interest: Poller.Interest,
        handler: any ReadinessHandler
    ) throws(SystemError) -> Int {
        let registration = try loop.add(descriptor, interest: interest, handler: handler)
        self.registration = registration
        armed = interest
        return Int(registration.slot)
    }

    /// Stops hearing of the socket; must come before the stream goes.
    ///
    /// - Parameter loop: The loop of ``register(on:interest:handler:)``.
    public mutating func unregister(from loop: Loop) {
        guard let registration = registration.take() else { return }
        loop.remove(registration, descriptor)
    }

    /// Waits for what the stream needs: room for what is unsent, and input only if nothing is.
    ///
    /// A peer that sends and never reads is thus not read from, and costs no more than one read's worth of answers.
    ///
    /// - Parameters:
    ///   - loop: The loop of ``register(on:interest:handler:)``.
    ///   - readsWhileSending: Whether to wait for input also while something is unsent: for clients, whom a server may answer
    ///     before it has read the whole request.
    /// - Throws: What `epoll_ctl` reports: no memory.
    public mutating func updateInterest(
        on loop: Loop,
        readsWhileSending: Bool = false
    ) throws(TransportError) {
        let wanted: Poller.Interest =
            hasUnsentOutput ? (readsWhileSending ? [.read, .write] : .write) : .read
        guard wanted != armed, let registration else { return }
        do {
            try loop.modify(registration, descriptor, interest: wanted)
            armed = wanted
        } catch {
            throw .system(error)
        }
    }
}
