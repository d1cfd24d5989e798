internal import EventLoop
internal import HTTPWire
internal import Transport

extension Connection: DeadlineHandler {
    /// Moves the deadline to when the present state has lasted too long; later, the usual direction, costs a store.
    func updateDeadline() {
        stuckSince = stream.hasUnsentOutput ? stuckSince ?? worker.loop.now : nil
        let instant = dueTime()
        if let deadline, worker.loop.reschedule(deadline, at: instant) { return }
        deadline = worker.loop.schedule(at: instant, self)
    }

    /// When the peer has had the time that the present state grants.
    private func dueTime() -> MonotonicInstant {
        let deadlines = worker.configuration.deadlines
        switch phase {
        case .handshaking: return phaseStart + deadlines.handshake
        case .finishing: return (stuckSince ?? phaseStart) + deadlines.write
        case .lingering: return phaseStart + deadlines.linger
        case .closed: return phaseStart
        case .open: break
        }
        if let stuckSince { return stuckSince + deadlines.write }
        if let due = wire.deadlineNanoseconds { return MonotonicInstant(nanoseconds: Int64(due)) }
        if let drainStart { return max(drainStart, lastUse) + worker.configuration.drain.idle }
        return lastUse + deadlines.idle
    }

    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        self.deadline = nil
        worker.synchronizeClocks()
        perform { () throws(TransportError) in try expire() }
    }

    /// Ends what has lasted too long.
    ///
    /// Each case changes the state, or the deadline would pass again at once.
    private func expire() throws(TransportError) {
        switch phase {
        case .handshaking:
            worker.counters.count(.handshake)
            worker.counters.add(1, to: worker.counters.handshakesFailed)
            close()
        case .finishing: reset(.write)
        case .lingering:
            worker.counters.count(.linger)
            close()
        case .closed: break
        case .open:
            if stuckSince != nil {
                reset(.write)
            } else if wire.deadlineNanoseconds != nil {
                if let failure = wire.expire(&worker.context) { worker.counters.count(failure, version) }
                try send()
                if wire.isClosed { enter(.finishing) }
            } else if drainStart == nil {
                worker.counters.count(.idle)
                // HTTP/2 can say goodbye without losing what is under way; HTTP/1.1 can only close.
                if version == .http2 { try startDraining() } else { enter(.finishing) }
            } else {
                enter(.finishing)
            }
        }
    }

    /// Closes without sending what the peer does not take; the kernel would keep it for a quarter of an hour.
    private func reset(_ limit: ConnectionLimit) {
        worker.counters.count(limit)
        stream.resetOnClose()
        close()
    }
}
