internal import EventLoop
internal import HTTPWire
internal import TLS

/// A connection's place in its loop: it hears of readiness and deadlines, and its state does the work.
final class Connection: ReadinessHandler, DeadlineHandler {
    private let worker: Worker
    private var state: ConnectionState
    /// The one deadline there is, moved with every event.
    private var deadline: Loop.Deadline?
    private var index = 0

    init(_ state: consuming ConnectionState, worker: Worker) {
        self.state = state
        self.worker = worker
    }

    /// Begins to hear of the socket.
    ///
    /// - Returns: A small number that no other connection of the loop has.
    /// - Throws: That the poller has no memory.
    func start() throws(SystemError) -> Int {
        index = try state.register(on: worker.loop, self)
        deadline = worker.loop.schedule(at: worker.deadlines.due(state), self)
        return index
    }

    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        worker.synchronizeClocks()
        state.proceed(&worker.lent)
        follow()
    }

    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        self.deadline = nil
        worker.synchronizeClocks()
        state.expire(&worker.lent)
        follow()
    }

    /// Lets the connection go without losing a request.
    func drain() {
        state.drain(&worker.lent)
        follow()
    }

    /// Ends the connection now.
    func close() {
        state.close()
        follow()
    }

    /// Does what follows from the state: the deadline moves, usually later, which costs a store; or it was the end.
    private func follow() {
        let loop = worker.loop
        guard state.phase != .closed else {
            state.unregister(from: loop)
            if let deadline = deadline.take() { loop.cancel(deadline) }
            return worker.remove(index, from: state.peer)
        }
        let instant = worker.deadlines.due(state)
        if let deadline, loop.reschedule(deadline, at: instant) { return }
        deadline = loop.schedule(at: instant, self)
    }
}

/// How long connections may stay in their states; in nanoseconds, for it is looked up with every request.
struct ConnectionDeadlines {
    private let handshake: Int64
    private let idle: Int64
    private let write: Int64
    private let linger: Int64
    private let drainIdle: Int64

    init(_ configuration: ServerConfiguration) {
        handshake = configuration.deadlines.handshake.nanoseconds
        idle = configuration.deadlines.idle.nanoseconds
        write = configuration.deadlines.write.nanoseconds
        linger = configuration.deadlines.linger.nanoseconds
        drainIdle = configuration.drain.idle.nanoseconds
    }

    /// When the peer has had the time that a connection's state grants.
    func due(_ state: borrowing ConnectionState) -> MonotonicInstant {
        switch state.phase {
        case .handshaking: return state.phaseStart.advanced(by: handshake)
        case .finishing: return (state.stuckSince ?? state.phaseStart).advanced(by: write)
        case .lingering: return state.phaseStart.advanced(by: linger)
        case .closed: return state.phaseStart
        case .open: break
        }
        if let stuckSince = state.stuckSince { return stuckSince.advanced(by: write) }
        if let due = state.wire.deadlineNanoseconds { return MonotonicInstant(nanoseconds: Int64(due)) }
        if let drainStart = state.drainStart { return max(drainStart, state.lastUse).advanced(by: drainIdle) }
        return state.lastUse.advanced(by: idle)
    }
}

extension MonotonicInstant {
    fileprivate func advanced(by nanoseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: self.nanoseconds + nanoseconds)
    }
}
