public import EventLoop
public import HTTPWire
internal import TLS
internal import Transport

/// An event loop with what its client connections share; it belongs to the thread that runs the loop.
public final class ClientLoop {
    /// The loop.
    public let loop: Loop
    var buffers = StreamBuffers()

    /// Prepares a loop for client connections.
    ///
    /// - Parameter loop: A loop of the calling thread.
    public init(_ loop: Loop) {
        self.loop = loop
    }
}

/// One connection to one server: requests go in, responses come back through callbacks.
///
/// ```
///   connecting ──▶ handshaking ──▶ open ──▶ closed
/// ```
///
/// Requests wait until the connection can take them: one at a time over HTTP/1.1, as many as the server allows over HTTP/2.
/// Everything happens on the loop's thread. The connection lives as long as it is open, whoever else holds it.
public final class ClientConnection: ReadinessHandler, DeadlineHandler {
    /// Takes the outcome of a request, on the loop's thread; it may send the next one.
    public typealias Completion = (Result<ClientResponse, ClientError>) -> Void

    private enum Phase {
        case connecting
        case handshaking
        case open
        case closed
    }

    private struct Request {
        let head: ClientRequestHead
        let body: [UInt8]
        let deadline: MonotonicInstant
        let completion: Completion
    }

    private let shared: ClientLoop
    private let configuration: ClientConfiguration
    private var phase = Phase.connecting
    private var stream: ByteStream
    private var wire: HTTPClientConnection
    private var context = WireContext()
    private var waiting: [Request] = []
    private var sent: [StreamID: Request] = [:]
    private let connectDeadline: MonotonicInstant
    private var deadline: Loop.Deadline?
    /// What came of requests; told when the event is worked off, for who is told may send, close, or use other connections.
    private var outcomes: [(Completion, Result<ClientResponse, ClientError>)] = []
    private var isTelling = false

    /// What was agreed to speak, once the connection is open.
    public private(set) var version = HTTPVersion.http1_1

    /// Called once, when the connection is closed and all requests are completed.
    public var onClose: (() -> Void)?

    /// Begins to connect.
    ///
    /// - Parameters:
    ///   - configuration: To whom.
    ///   - shared: The loop.
    /// - Throws: What can be known at once: no route, no descriptors, a server name that is none.
    public init(_ configuration: ClientConfiguration, on shared: ClientLoop) throws(ClientError) {
        self.shared = shared
        self.configuration = configuration
        connectDeadline = .now() + configuration.connectDeadline
        wire = HTTPClientConnection(.http1_1, limits: configuration.http)
        do {
            let socket = try Socket.connect(to: configuration.address)
            if let tls = configuration.tls {
                stream = try ByteStream(socket, connecting: tls, to: configuration.serverName)
            } else {
                stream = ByteStream(socket)
            }
            _ = try stream.register(on: shared.loop, interest: .write, handler: self)
        } catch let error as SystemError {
            throw ClientError(.connecting(error), isUnprocessed: true)
        } catch let error as TLSError {
            throw ClientError(.transport(.tls(error)), isUnprocessed: true)
        } catch {
            preconditionFailure("\(error)")
        }
        updateDeadline()
    }

    /// Whether no request waits or is under way.
    public var isIdle: Bool { waiting.isEmpty && sent.isEmpty }

    /// Whether the connection is over; requests fail at once then, and may be sent on another.
    public var isClosed: Bool { phase == .closed }

    /// Sends a request, as soon as the connection can take it.
    ///
    /// - Parameters:
    ///   - request: What is asked of whom.
    ///   - body: The body.
    ///   - limit: How long the response may take, from now.
    ///   - completion: Takes the outcome, once.
    public func send(
        _ request: ClientRequestHead,
        body: [UInt8] = [],
        within limit: Duration = .seconds(30),
        completion: @escaping Completion
    ) {
        guard phase != .closed else { return completion(.failure(ClientError(.closed, isUnprocessed: true))) }
        waiting.append(Request(head: request, body: body, deadline: .now() + limit, completion: completion))
        settle()
    }

    /// Closes the connection now; requests fail.
    public func close() {
        // Without it the server could not tell our end from an attacker's.
        if phase == .open, !stream.hasUnsentOutput { try? stream.finishWriting(using: &shared.buffers) }
        end(.closed)
        settle()
    }

    // MARK: - Events

    /// For the loop only.
    public func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        perform { () throws(TransportError) in
            if phase == .connecting {
                if let error = stream.connectionError() { return end(.connecting(error)) }
                phase = .handshaking
                if stream.isEstablished { open() }
            }
            // Input first: a server that refuses a body answers, and then resets what is still being sent.
            if !readiness.isDisjoint(with: [.readable, .hangUp, .failed]) {
                try stream.receive(using: &shared.buffers)
                if phase == .handshaking, stream.isEstablished { open() }
                if phase == .open { useInput() }
            }
            if phase != .closed { try stream.flush() }
        }
    }

    /// For the loop only.
    public func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        self.deadline = nil
        perform { () throws(TransportError) in
            let now = loop.now
            if phase != .open, connectDeadline <= now { return end(.timedOut) }
            for request in waiting where request.deadline <= now {
                outcomes.append((request.completion, .failure(ClientError(.timedOut, isUnprocessed: true))))
            }
            waiting.removeAll { $0.deadline <= now }
            for (id, request) in sent where request.deadline <= now {
                sent[id] = nil
                wire.cancel(id, &context)
                outcomes.append((request.completion, .failure(ClientError(.timedOut))))
            }
            if wire.isClosed { end(.closed) }
        }
    }

    /// Does something on the connection, and what follows from it.
    private func perform(_ body: () throws(TransportError) -> Void) {
        do {
            try body()
        } catch {
            end(.transport(error))
        }
        settle()
    }

    /// Submits what waits, tells what has come of requests, and again if those who are told send more.
    private func settle() {
        // Who is told calls `send` or `close`, and comes back to where it was called from.
        guard !isTelling else { return }
        isTelling = true
        repeat {
            do {
                try submit()
            } catch {
                end(.transport(error))
            }
            let told = outcomes
            outcomes = []
            for (completion, result) in told { completion(result) }
        } while !outcomes.isEmpty || canSubmit
        isTelling = false
        if phase == .closed {
            onClose.take()?()
        } else {
            updateDeadline()
        }
    }

    private var canSubmit: Bool { phase == .open && !waiting.isEmpty && wire.canSubmit }

    private func submit() throws(TransportError) {
        while canSubmit {
            let request = waiting.removeFirst()
            sent[wire.submit(request.head, body: request.body.span, &context)] = request
        }
        guard phase != .closed else { return }
        try sendOutput()
        if phase != .connecting { try stream.updateInterest(on: shared.loop, readsWhileSending: true) }
    }

    private func sendOutput() throws(TransportError) {
        while phase == .open, !context.output.isEmpty {
            var output: [UInt8] = []
            swap(&output, &context.output)
            if let split = configuration.splitsRequestsAfter, output.count > split {
                try stream.send(output.span.extracting(..<split), using: &shared.buffers)
                try stream.send(output.span.extracting(split...), using: &shared.buffers)
            } else {
                try stream.send(output.span, using: &shared.buffers)
            }
            output.removeAll(keepingCapacity: true)
            swap(&output, &context.output)
            if stream.hasUnsentOutput { return }
            wire.flush(&context)
        }
    }

    // MARK: - States

    private func open() {
        phase = .open
        guard stream.applicationProtocol == "h2" else { return }
        version = .http2
        wire = HTTPClientConnection(.http2, limits: configuration.http)
    }

    private func useInput() {
        var input: [UInt8] = []
        swap(&input, &shared.buffers.input)
        defer {
            input.removeAll(keepingCapacity: true)
            swap(&input, &shared.buffers.input)
        }
        context.setTime(monotonicNanoseconds: UInt64(shared.loop.now.nanoseconds), unixSeconds: 0)
        var offset = 0
        var isEndTold = false
        while phase == .open {
            var event = wire.receive(input.span, at: &offset, &context)
            if event == .needsBytes {
                guard stream.isAtEnd else { break }
                event = isEndTold ? .closed(nil) : wire.receiveEnd(&context)
                isEndTold = true
            }
            handle(event)
        }
    }

    private func handle(_ event: ClientEvent) {
        switch event {
        case .needsBytes: break
        case .response(let id):
            let response = ClientResponse(head: wire.head(of: id), body: wire.takeBody(of: id))
            guard let request = sent.removeValue(forKey: id) else { return }
            outcomes.append((request.completion, .success(response)))
        case .failed(let id, let failure):
            guard let request = sent.removeValue(forKey: id) else { return }
            let error = ClientError(.http(failure), isUnprocessed: failure.code == .refusedByPeer)
            outcomes.append((request.completion, .failure(error)))
        case .closed(let failure): end(failure.map(ClientError.Code.http) ?? .closed)
        }
    }

    private func end(_ code: ClientError.Code) {
        guard phase != .closed else { return }
        phase = .closed
        stream.unregister(from: shared.loop)
        if let deadline = deadline.take() { shared.loop.cancel(deadline) }
        for request in sent.values { outcomes.append((request.completion, .failure(ClientError(code)))) }
        for request in waiting {
            outcomes.append((request.completion, .failure(ClientError(code, isUnprocessed: true))))
        }
        sent = [:]
        waiting = []
    }

    private func updateDeadline() {
        var instants = waiting.map(\.deadline) + sent.values.map(\.deadline)
        if phase != .open { instants.append(connectDeadline) }
        guard let first = instants.min() else {
            if let deadline = deadline.take() { shared.loop.cancel(deadline) }
            return
        }
        if let deadline, shared.loop.reschedule(deadline, at: first) { return }
        deadline = shared.loop.schedule(at: first, self)
    }
}
