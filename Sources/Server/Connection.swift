internal import EventLoop
internal import HTTPWire
internal import TLS

/// A connection's place in its loop: it hears of readiness and deadlines, and its state does the work.
final class Connection: ReadinessHandler, DeadlineHandler {
    private let worker: Worker
    private var state: ConnectionState
    /// The one deadline there is.
    ///
    /// It may pass before the state's, which moves later with every request: to find that out once costs less than to move
    /// it every time.
    private var deadline: Loop.Deadline?
    /// When `deadline` passes.
    private var deadlineTime = MonotonicInstant(nanoseconds: 0)
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
        follow(state.due(worker.lent.deadlines))
        return index
    }

    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        follow(state.proceed(&worker.lent))
    }

    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        self.deadline = nil
        follow(state.expire(&worker.lent))
    }

    /// Lets the connection go without losing a request.
    func drain() {
        follow(state.drain(&worker.lent))
    }

    /// Ends the connection now.
    func close() {
        state.close()
        follow(nil)
    }

    /// Does what follows from the state: a deadline, or the end if it has none.
    private func follow(_ due: MonotonicInstant?) {
        guard let due else {
            state.unregister(from: worker.loop)
            if let deadline = deadline.take() { worker.loop.cancel(deadline) }
            return worker.remove(index, from: state.peer)
        }
        if let deadline {
            if due >= deadlineTime { return }
            worker.loop.reschedule(deadline, at: due)
        } else {
            deadline = worker.loop.schedule(at: due, self)
        }
        deadlineTime = due
    }
}

/// How long connections may stay in their states; in nanoseconds, for it is looked up with every request.
struct ConnectionDeadlines {
    let handshake: Int64
    let idle: Int64
    let write: Int64
    let linger: Int64
    let drainIdle: Int64

    init(_ configuration: ServerConfiguration) {
        handshake = configuration.deadlines.handshake.nanoseconds
        idle = configuration.deadlines.idle.nanoseconds
        write = configuration.deadlines.write.nanoseconds
        linger = configuration.deadlines.linger.nanoseconds
        drainIdle = configuration.drain.idle.nanoseconds
    }
}

extension ConnectionState {
    /// When the peer has had the time that the state grants; nothing if the connection is closed.
    func due(_ deadlines: ConnectionDeadlines) -> MonotonicInstant? {
        switch phase {
        case .handshaking: return phaseStart.advanced(by: deadlines.handshake)
        case .finishing: return (stuckSince ?? phaseStart).advanced(by: deadlines.write)
        case .lingering: return phaseStart.advanced(by: deadlines.linger)
        case .closed: return nil
        case .open: break
        }
        if let stuckSince { return stuckSince.advanced(by: deadlines.write) }
        if let due = wire.deadlineNanoseconds { return MonotonicInstant(nanoseconds: Int64(due)) }
        if let drainStart { return max(drainStart, lastUse).advanced(by: deadlines.drainIdle) }
        return lastUse.advanced(by: deadlines.idle)
    }
}

extension MonotonicInstant {
    fileprivate func advanced(by nanoseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: self.nanoseconds + nanoseconds)
    }
}
