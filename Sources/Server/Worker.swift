internal import EventLoop
internal import Observability
internal import Transport

/// What one event loop has: its handler, its buffers, its counters, its connections.
///
/// Only its thread sees it.
final class Worker {
    let loop: Loop
    /// What connections use while they are called.
    var lent: Lent

    private let state: ListenerState
    private let counters: ServerCounters
    private let slot: WorkerSlot
    private var acceptors: [Acceptor] = []
    /// By slot of the poller.
    private var connections: [Connection?] = []
    private var delayEnd: Loop.Deadline?
    private var closingEnd: Loop.Deadline?
    /// Whether connections are to end: after the drain delay.
    private var isClosing = false
    private var random = SystemRandomNumberGenerator()

    init(
        loop: Loop,
        state: ListenerState,
        slot: WorkerSlot,
        counters: ServerCounters,
        handler: any RequestHandler
    ) {
        self.loop = loop
        self.state = state
        self.slot = slot
        self.counters = counters
        lent = Lent(loop: loop, handler: handler, counters: counters, state.configuration)
    }

    private var configuration: ServerConfiguration { state.configuration }

    // MARK: - Accepting

    func accept(from sockets: [CInt]) throws(SystemError) {
        for raw in sockets {
            let acceptor = Acceptor(OwnedDescriptor(owning: raw), on: self, state, counters)
            acceptors.append(acceptor)
            try acceptor.resume()
        }
    }

    func resumeAccepting() {
        for acceptor in acceptors {
            // Without memory for the poller the next connection that closes tries again.
            try? acceptor.resume()
        }
    }

    func stopAccepting() {
        for acceptor in acceptors { acceptor.close() }
        acceptors = []
    }

    // MARK: - Connections

    /// Whether a slot is this worker's, so that a connection needs no way through another thread's queue.
    func has(_ slot: WorkerSlot) -> Bool { slot === self.slot }

    /// Takes a connection over that the acceptor has admitted.
    func open(_ descriptor: consuming OwnedDescriptor, from peer: SocketAddress) {
        do {
            let connection = Connection(
                ConnectionState(
                    descriptor,
                    from: peer,
                    context: state.context,
                    lifetime: lifetime(),
                    limits: configuration.http,
                    at: loop.now
                ),
                worker: self
            )
            let index = try connection.start()
            while connections.count <= index { connections.append(nil) }
            connections[index] = connection
            counters.add(1, to: counters.open)
        } catch {
            // The poller has no memory for it; it is closed with its last reference.
            counters.count(.descriptors)
            slot.remove()
            state.release(peer)
            stopIfDone()
        }
    }

    /// Forgets a connection that has closed.
    func remove(_ index: Int, from peer: SocketAddress) {
        connections[index] = nil
        counters.subtract(1, from: counters.open)
        slot.remove()
        state.release(peer)
        stopIfDone()
    }

    /// How long a new connection may live; shortened at random, so that connections do not come back together.
    private func lifetime() -> ConnectionState.Lifetime {
        guard let rotation = configuration.rotation else { return ConnectionState.Lifetime(requests: .max, end: nil) }
        let share = 1 - rotation.jitter * Double.random(in: 0...1, using: &random)
        return ConnectionState.Lifetime(
            requests: max(1, Int(Double(rotation.requests) * share)),
            end: loop.now + rotation.age * share
        )
    }

    // MARK: - Ending

    /// Goes on as before for the drain delay, then closes on all loops; for the worker that accepts.
    func beginDrain() {
        guard !isClosing, delayEnd == nil else { return }
        delayEnd = loop.schedule(at: loop.now + configuration.drain.delay, self)
    }

    /// Lets connections go with their next answer, and idle ones after a while; the loop ends with the last.
    func beginClosing() {
        guard !isClosing else { return }
        stopAccepting()
        isClosing = true
        closingEnd = loop.schedule(at: loop.now + configuration.drain.deadline, self)
        for connection in connections { connection?.drain() }
        stopIfDone()
    }

    /// Closes what is still open, and ends the loop.
    func cutOff() {
        stopAccepting()
        isClosing = true
        for connection in connections {
            guard let connection else { continue }
            counters.count(.drain)
            connection.close()
        }
        stopIfDone()
    }

    private func stopIfDone() {
        // A connection that is on its way here counts in the slot already.
        guard isClosing && slot.load == 0 else { return }
        loop.stop()
        // What the loop and the listener's state hold would hold them in return.
        for deadline in [delayEnd, closingEnd] {
            if let deadline { loop.cancel(deadline) }
        }
        slot.detach()
    }
}

extension Worker: DeadlineHandler {
    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        guard deadline == delayEnd else { return cutOff() }
        // Accepting ends first: whatever was handed over precedes this in the other loops' queues.
        stopAccepting()
        for worker in state.workers { worker.submit { $0.beginClosing() } }
    }
}
