internal import EventLoop
internal import Glibc
internal import HTTPWire
internal import TLS
internal import Transport

/// What a loop lends its connections for the length of a call; only one has it at a time.
struct Lent: ~Copyable {
    let loop: Loop
    let handler: any RequestHandler
    let counters: ServerCounters
    let http: HTTPLimits
    let deadlines: ConnectionDeadlines
    /// The loop's time, as of the last ``synchronizeClocks()``.
    private(set) var now: MonotonicInstant
    /// Where connections read to; empty between events, so that one set serves all connections.
    var buffers = StreamBuffers()
    /// Where connections write what they send, with the clocks.
    var context = WireContext()
    /// Where the handler writes its answer.
    var response = ServerResponse()

    init(loop: Loop, handler: any RequestHandler, counters: ServerCounters, _ configuration: ServerConfiguration) {
        self.loop = loop
        self.handler = handler
        self.counters = counters
        http = configuration.http
        deadlines = ConnectionDeadlines(configuration)
        now = loop.now
        setClocks()
    }

    /// Sets the clocks to the loop's time; once for all events that were fetched together.
    mutating func synchronizeClocks() {
        guard now != loop.now else { return }
        now = loop.now
        setClocks()
    }

    private mutating func setClocks() {
        var time = timespec()
        // Coarse: the `Date` field has seconds.
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        context.setTime(monotonicNanoseconds: UInt64(now.nanoseconds), unixSeconds: Int64(time.tv_sec))
    }
}

/// One connection of a client, without its place in the loop.
///
/// ```
///  handshaking ──▶ open ──▶ finishing ──▶ lingering ──▶ closed
///                  serves   sends what    throws away
///                           is left       what arrives
/// ```
///
/// Every state has a deadline, and any may end in `closed` at once: peer gone, deadline passed, TLS broken.
struct ConnectionState: ~Copyable {
    /// When a healthy connection is closed with its next answer.
    struct Lifetime {
        var requests: Int
        var end: MonotonicInstant?
    }

    enum Phase {
        case handshaking
        case open
        /// The wire is done; what it wrote last is still to be sent.
        case finishing
        /// The peer knows that nothing follows. What it sends is thrown away for a while: a reset, which is what the kernel
        /// answers to bytes for a closed socket, would destroy the answer on its way (RFC 9112 §9.6).
        case lingering
        case closed
    }

    /// Answers that are joined to one write while a client pipelines.
    private static let joinedBytes = 64 * 1024
    /// The largest output buffer that a loop keeps for the next answer.
    private static let keptBytes = 1024 * 1024

    let peer: SocketAddress
    private(set) var phase: Phase
    /// When the present phase began.
    private(set) var phaseStart: MonotonicInstant
    /// When the last request was answered.
    private(set) var lastUse: MonotonicInstant
    /// Since when output waits for the peer; nothing if none does.
    private(set) var stuckSince: MonotonicInstant?
    /// Since when the connection ends with its next answer, or soon if it is idle; nothing if it may go on.
    private(set) var drainStart: MonotonicInstant?
    private(set) var version = HTTPVersion.http1_1

    private(set) var wire: HTTPServerConnection
    private var stream: ByteStream
    private var lifetime: Lifetime
    /// What was read and not looked at, because answers wait for a client that does not read them; seldom anything.
    private var unserved: [UInt8] = []

    init(
        _ descriptor: consuming OwnedDescriptor,
        from peer: SocketAddress,
        context: TLSContext?,
        lifetime: Lifetime,
        limits: HTTPLimits,
        at now: MonotonicInstant
    ) {
        self.peer = peer
        self.lifetime = lifetime
        if let context {
            stream = ByteStream(descriptor, accepting: context)
            phase = .handshaking
        } else {
            stream = ByteStream(descriptor)
            phase = .open
        }
        wire = HTTPServerConnection(.http1_1, limits: limits)
        phaseStart = now
        lastUse = now
    }

    /// Begins to hear of the socket.
    ///
    /// - Returns: A small number that no other connection of the loop has.
    /// - Throws: That the poller has no memory.
    mutating func register(on loop: Loop, _ handler: any ReadinessHandler) throws(SystemError) -> Int {
        try stream.register(on: loop, interest: .read, handler: handler)
    }

    mutating func unregister(from loop: Loop) {
        stream.unregister(from: loop)
    }
}

// MARK: - What may happen

extension ConnectionState {
    /// Does what the socket is ready for.
    ///
    /// - Returns: When the peer has had the time that it is granted; nothing if the connection is closed.
    mutating func proceed(_ lent: inout Lent) -> MonotonicInstant? {
        lent.synchronizeClocks()
        do {
            switch phase {
            case .handshaking: try shakeHands(&lent)
            case .open: try serve(&lent)
            case .finishing: try stream.flush()
            case .lingering: try discardInput(&lent)
            case .closed: break
            }
            try settle(&lent)
        } catch {
            fail(error, &lent)
        }
        return due(lent.deadlines)
    }

    /// Lets the connection go without losing a request.
    ///
    /// - Returns: As ``proceed(_:)``.
    mutating func drain(_ lent: inout Lent) -> MonotonicInstant? {
        lent.synchronizeClocks()
        guard drainStart == nil, phase == .handshaking || phase == .open else { return due(lent.deadlines) }
        drainStart = lent.now
        guard phase == .open else { return due(lent.deadlines) }
        do {
            try sayGoodbye(&lent)
            try settle(&lent)
        } catch {
            fail(error, &lent)
        }
        return due(lent.deadlines)
    }

    /// Ends what has lasted too long; does nothing before that.
    ///
    /// Each case changes the state, or the deadline would pass again at once.
    ///
    /// - Returns: As ``proceed(_:)``.
    mutating func expire(_ lent: inout Lent) -> MonotonicInstant? {
        lent.synchronizeClocks()
        if let due = due(lent.deadlines), due > lent.now { return due }
        do {
            switch phase {
            case .handshaking:
                lent.counters.count(.handshake)
                lent.counters.add(1, to: lent.counters.handshakesFailed)
                close()
            case .open: try expireOpen(&lent)
            case .finishing: reset(.write, lent)
            case .lingering:
                lent.counters.count(.linger)
                close()
            case .closed: break
            }
            try settle(&lent)
        } catch {
            fail(error, &lent)
        }
        return due(lent.deadlines)
    }

    /// Ends the connection now; what was not sent is lost.
    mutating func close() {
        phase = .closed
    }

    private mutating func expireOpen(_ lent: inout Lent) throws(TransportError) {
        if stuckSince != nil {
            reset(.write, lent)
        } else if wire.deadlineNanoseconds != nil {
            if let failure = wire.expire(&lent.context) { lent.counters.count(failure, version) }
            try send(&lent)
            if wire.isClosed { enter(.finishing, lent) }
        } else if drainStart == nil {
            lent.counters.count(.idle)
            drainStart = lent.now
            // HTTP/2 can say goodbye without losing what is under way; HTTP/1.1 can only close.
            if version == .http2 { try sayGoodbye(&lent) } else { enter(.finishing, lent) }
        } else {
            enter(.finishing, lent)
        }
    }

    /// Closes without sending what the peer does not take; the kernel would keep it for a quarter of an hour.
    private mutating func reset(_ limit: ConnectionLimit, _ lent: borrowing Lent) {
        lent.counters.count(limit)
        stream.resetOnClose()
        close()
    }

    private mutating func enter(_ next: Phase, _ lent: borrowing Lent) {
        phase = next
        phaseStart = lent.now
    }

    /// Does what follows from what has happened: the next phase, what to wait for.
    private mutating func settle(_ lent: inout Lent) throws(TransportError) {
        if phase == .finishing, !stream.hasUnsentOutput {
            try stream.finishWriting(using: &lent.buffers)
            if stream.isAtEnd { close() } else { enter(.lingering, lent) }
        }
        guard phase != .closed else { return }
        try stream.updateInterest(on: lent.loop)
        if !stream.hasUnsentOutput {
            stuckSince = nil
        } else if stuckSince == nil {
            stuckSince = lent.now
        }
    }

    private mutating func fail(_ error: TransportError, _ lent: inout Lent) {
        if phase == .handshaking {
            // A peer that goes away in the middle of its handshake, or does not trust us, is a handshake that failed. One
            // that says nothing at all looks whether somebody listens, as the TCP probes of load balancers do.
            let isProbe = !stream.hasReceived && error.isDisconnect
            lent.counters.add(1, to: isProbe ? lent.counters.handshakesUnbegun : lent.counters.handshakesFailed)
        }
        guard case .tls(let failure) = error, !stream.hasUnsentOutput else { return close() }
        // It is the peer that has ended the session: nothing of ours is on its way to it.
        if case .alertReceived = failure.code { return close() }
        // The alert that TLS has written shall reach the peer.
        do {
            try stream.finishWriting(using: &lent.buffers)
            enter(.lingering, lent)
        } catch {
            close()
        }
    }
}

// MARK: - Serving

extension ConnectionState {
    private mutating func shakeHands(_ lent: inout Lent) throws(TransportError) {
        // A peer that does not read is not read from either, so output may be what it is about.
        if stream.hasUnsentOutput { return try stream.flush() }
        try receive(&lent)
        guard stream.isEstablished else { return }
        lent.counters.add(1, to: lent.counters.handshakesComplete)
        if stream.applicationProtocol == "h2" {
            version = .http2
            wire = HTTPServerConnection(.http2, limits: lent.http)
        }
        enter(.open, lent)
        lastUse = lent.now
        if drainStart != nil { try sayGoodbye(&lent) }
        // The first request may have come with the end of the handshake.
        try answer(&lent)
    }

    private mutating func serve(_ lent: inout Lent) throws(TransportError) {
        if stream.hasUnsentOutput {
            try stream.flush()
            guard !stream.hasUnsentOutput else { return }
            try send(&lent)
        }
        if unserved.isEmpty {
            try receive(&lent)
        } else {
            swap(&unserved, &lent.buffers.input)
        }
        try answer(&lent)
    }

    private mutating func receive(_ lent: inout Lent) throws(TransportError) {
        try stream.receive(using: &lent.buffers)
        lent.counters.add(lent.buffers.input.count, to: lent.counters.received)
    }

    /// Answers the requests in the loop's input, and leaves it empty.
    private mutating func answer(_ lent: inout Lent) throws(TransportError) {
        // Out of the loop's hands meanwhile: its span would keep everything else that is lent.
        var input: [UInt8] = []
        swap(&input, &lent.buffers.input)
        defer {
            input.removeAll(keepingCapacity: true)
            swap(&input, &lent.buffers.input)
        }
        var offset = 0
        var isEndTold = false
        while phase == .open {
            var event = wire.receive(input.span, at: &offset, &lent.context)
            if event == .needsBytes {
                guard stream.isAtEnd else { break }
                event = isEndTold ? .closed : wire.receiveEnd(&lent.context)
                isEndTold = true
            }
            switch event {
            case .needsBytes: break
            case .request(let request): respond(to: request, &lent)
            case .failed(let failure): lent.counters.count(failure, version)
            case .closed: enter(.finishing, lent)
            }
            if lent.context.output.count >= ConnectionState.joinedBytes {
                try send(&lent)
                if stream.hasUnsentOutput, offset < input.count {
                    unserved = Array(input[offset...])
                    return
                }
            }
        }
        try send(&lent)
    }

    private mutating func respond(to request: StreamID, _ lent: inout Lent) {
        let now = lent.now
        // As the input above.
        var response = ServerResponse()
        swap(&response, &lent.response)
        lent.handler.respond(
            to: ServerRequest(head: wire.head(of: request), peer: peer, isSecure: stream.isSecure, received: now),
            body: wire.takeBody(of: request),
            response: &response
        )
        lifetime.requests -= 1
        if lifetime.requests <= 0 { response.head.closes = true }
        if let end = lifetime.end, end <= now { response.head.closes = true }
        wire.respond(to: request, response.head, body: response.body.span, &lent.context)
        lent.counters.countRequest(version, status: response.head.status)
        lastUse = now
        response.reset()
        swap(&response, &lent.response)
    }

    /// Sends what the wire has written, and what it held back for the room that this makes.
    private mutating func send(_ lent: inout Lent) throws(TransportError) {
        repeat {
            try sendOutput(&lent)
            guard !stream.hasUnsentOutput else { return }
            wire.flush(&lent.context)
        } while !lent.context.output.isEmpty
    }

    private mutating func sendOutput(_ lent: inout Lent) throws(TransportError) {
        guard !lent.context.output.isEmpty else { return }
        var output: [UInt8] = []
        swap(&output, &lent.context.output)
        // Whatever happens, the next connection finds it empty.
        defer {
            output.removeAll(keepingCapacity: output.capacity <= ConnectionState.keptBytes)
            swap(&output, &lent.context.output)
        }
        lent.counters.add(output.count, to: lent.counters.sent)
        try stream.send(output.span, using: &lent.buffers)
    }

    private mutating func discardInput(_ lent: inout Lent) throws(TransportError) {
        try stream.discardInput(using: &lent.buffers)
        if stream.isAtEnd { close() }
    }

    private mutating func sayGoodbye(_ lent: inout Lent) throws(TransportError) {
        wire.beginDrain(&lent.context)
        try send(&lent)
    }
}
