internal import EventLoop
internal import HTTPWire
internal import TLS
internal import Transport

/// One connection of a client.
///
/// ```
///  handshaking ──▶ open ──▶ finishing ──▶ lingering ──▶ closed
///                  serves   sends what    throws away
///                           is left       what arrives
/// ```
///
/// Every state has a deadline, and any may end in `closed` at once: peer gone, deadline passed, TLS broken.
final class Connection: ReadinessHandler {
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

    let worker: Worker
    let peer: SocketAddress
    private(set) var phase: Phase
    var stream: ByteStream
    var wire: HTTPServerConnection
    private(set) var version = HTTPVersion.http1_1
    private var lifetime: Lifetime
    /// What was read and not looked at, because answers wait for a client that does not read them; seldom anything.
    private var unserved: [UInt8] = []
    private var index = 0

    /// When the present phase began.
    var phaseStart: MonotonicInstant
    /// When the last request was answered.
    var lastUse: MonotonicInstant
    /// Since when the connection ends with its next answer, or soon if it is idle; nothing if it may go on.
    private(set) var drainStart: MonotonicInstant?
    /// Since when output waits for the peer; nothing if none does.
    var stuckSince: MonotonicInstant?
    /// The one deadline there is, moved with every event.
    var deadline: Loop.Deadline?

    init(
        _ descriptor: consuming OwnedDescriptor,
        from peer: SocketAddress,
        context: TLSContext?,
        lifetime: Lifetime,
        worker: Worker
    ) {
        self.worker = worker
        self.peer = peer
        self.lifetime = lifetime
        if let context {
            stream = ByteStream(descriptor, accepting: context)
            phase = .handshaking
        } else {
            stream = ByteStream(descriptor)
            phase = .open
        }
        wire = HTTPServerConnection(.http1_1, limits: worker.configuration.http)
        phaseStart = worker.loop.now
        lastUse = worker.loop.now
    }

    /// Begins to hear of the socket.
    ///
    /// - Returns: A small number that no other connection of the loop has.
    /// - Throws: That the poller has no memory.
    func start() throws(SystemError) -> Int {
        index = try stream.register(on: worker.loop, interest: .read, handler: self)
        updateDeadline()
        return index
    }

    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        worker.synchronizeClocks()
        perform { () throws(TransportError) in
            switch phase {
            case .handshaking: try shakeHands()
            case .open: try serve()
            case .finishing: try stream.flush()
            case .lingering: try discardInput()
            case .closed: break
            }
        }
    }

    /// Does something on the connection, and what follows from it: the next phase, what to wait for, the deadline.
    func perform(_ body: () throws(TransportError) -> Void) {
        do {
            try body()
            if phase == .finishing, !stream.hasUnsentOutput {
                try stream.finishWriting(using: &worker.buffers)
                enter(.lingering)
            }
            guard phase != .closed else { return }
            try stream.updateInterest(on: worker.loop)
            updateDeadline()
        } catch {
            // A peer that goes away in the middle of its handshake, or does not trust us, is a handshake that failed.
            if phase == .handshaking { worker.counters.add(1, to: worker.counters.handshakesFailed) }
            if case .tls = error, !stream.hasUnsentOutput { sendAlert() } else { close() }
        }
    }

    /// Lets the alert that TLS has written reach the peer.
    private func sendAlert() {
        do {
            try stream.finishWriting(using: &worker.buffers)
            enter(.lingering)
            updateDeadline()
        } catch {
            close()
        }
    }

    func enter(_ next: Phase) {
        phase = next
        phaseStart = worker.loop.now
    }

    /// Ends the connection now; what was not sent is lost.
    func close() {
        guard phase != .closed else { return }
        enter(.closed)
        stream.unregister(from: worker.loop)
        if let deadline = deadline.take() { worker.loop.cancel(deadline) }
        worker.remove(index, from: peer)
    }

    // MARK: - Handshake

    private func shakeHands() throws(TransportError) {
        try stream.receive(using: &worker.buffers)
        guard stream.isEstablished else { return }
        worker.counters.add(1, to: worker.counters.handshakesComplete)
        if stream.applicationProtocol == "h2" {
            version = .http2
            wire = HTTPServerConnection(.http2, limits: worker.configuration.http)
        }
        enter(.open)
        lastUse = worker.loop.now
        if worker.closingSince != nil { try startDraining() }
        // The first request may have come with the end of the handshake.
        try answer()
    }

    // MARK: - Requests

    private func serve() throws(TransportError) {
        if stream.hasUnsentOutput {
            try stream.flush()
            guard !stream.hasUnsentOutput else { return }
            try send()
        }
        if unserved.isEmpty {
            try stream.receive(using: &worker.buffers)
            worker.counters.add(worker.buffers.input.count, to: worker.counters.received)
        } else {
            swap(&unserved, &worker.buffers.input)
        }
        try answer()
    }

    /// Answers the requests in the loop's input, and leaves it empty.
    private func answer() throws(TransportError) {
        // Out of the worker meanwhile: a span of a class's property does not outlive one access to it.
        var input: [UInt8] = []
        swap(&input, &worker.buffers.input)
        defer {
            input.removeAll(keepingCapacity: true)
            swap(&input, &worker.buffers.input)
        }
        var offset = 0
        var isEndTold = false
        while phase == .open {
            var event = wire.receive(input.span, at: &offset, &worker.context)
            if event == .needsBytes {
                guard stream.isAtEnd else { break }
                event = isEndTold ? .closed : wire.receiveEnd(&worker.context)
                isEndTold = true
            }
            handle(event)
            if worker.context.output.count >= Connection.joinedBytes {
                try send()
                if stream.hasUnsentOutput, offset < input.count {
                    unserved = Array(input[offset...])
                    return
                }
            }
        }
        try send()
    }

    private func handle(_ event: ServerEvent) {
        switch event {
        case .needsBytes: break
        case .request(let request): respond(to: request)
        case .failed(let failure): worker.counters.count(failure, version)
        case .closed: enter(.finishing)
        }
    }

    private func respond(to request: StreamID) {
        let worker = worker
        let now = worker.loop.now
        worker.response.reset()
        worker.handler.respond(
            to: ServerRequest(head: wire.head(of: request), peer: peer, isSecure: stream.isSecure, received: now),
            body: wire.takeBody(of: request),
            response: &worker.response
        )
        lifetime.requests -= 1
        if lifetime.requests <= 0 || lifetime.end.map({ $0 <= now }) ?? false { worker.response.head.closes = true }
        wire.respond(to: request, worker.response.head, body: worker.response.body.span, &worker.context)
        worker.counters.countRequest(version, status: worker.response.head.status)
        lastUse = now
    }

    /// Sends what the wire has written, and what it held back for the room that this makes.
    func send() throws(TransportError) {
        repeat {
            try sendOutput()
            guard !stream.hasUnsentOutput else { return }
            wire.flush(&worker.context)
        } while !worker.context.output.isEmpty
    }

    private func sendOutput() throws(TransportError) {
        guard !worker.context.output.isEmpty else { return }
        var output: [UInt8] = []
        swap(&output, &worker.context.output)
        // Whatever happens, the next connection finds it empty.
        defer {
            output.removeAll(keepingCapacity: output.capacity <= Connection.keptBytes)
            swap(&output, &worker.context.output)
        }
        worker.counters.add(output.count, to: worker.counters.sent)
        try stream.send(output.span, using: &worker.buffers)
    }

    private func discardInput() throws(TransportError) {
        try stream.discardInput(using: &worker.buffers)
        if stream.isAtEnd { close() }
    }

    // MARK: - Ending

    /// Lets the connection go without losing a request.
    func beginDrain() {
        guard phase == .open else { return }
        perform { () throws(TransportError) in try startDraining() }
    }

    func startDraining() throws(TransportError) {
        drainStart = worker.loop.now
        wire.beginDrain(&worker.context)
        try send()
    }
}
