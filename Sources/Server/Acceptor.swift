internal import EventLoop

/// Accepts a socket's connections on one loop and hands each to the loop that has the fewest.
///
/// At a limit it stops watching the socket: the kernel keeps connections in its queue, and refuses more when that is full.
final class Acceptor: ReadinessHandler, DeadlineHandler {
    /// Connections that are accepted before other events of the loop have their turn.
    private static let batch = 64
    /// How long to wait after descriptors or memory ran out, for whoever has them is not known here.
    private static let pause = Duration.milliseconds(100)

    private let socket: OwnedDescriptor
    private let worker: Worker
    private let state: ListenerState
    private let counters: ServerCounters
    private var registration: Poller.Registration?
    private var pauseEnd: Loop.Deadline?

    /// Prepares to accept.
    ///
    /// - Parameters:
    ///   - socket: A listening socket.
    ///   - worker: Whose loop it is on.
    ///   - state: Where the others are.
    ///   - counters: The worker's.
    init(
        _ socket: consuming OwnedDescriptor,
        on worker: Worker,
        _ state: ListenerState,
        _ counters: ServerCounters
    ) {
        self.socket = socket
        self.worker = worker
        self.state = state
        self.counters = counters
    }

    /// Starts to accept, or goes on after a pause.
    func resume() throws(SystemError) {
        if let pauseEnd = pauseEnd.take() { worker.loop.cancel(pauseEnd) }
        if registration == nil { registration = try worker.loop.add(socket, interest: .read, handler: self) }
    }

    /// Takes what the kernel has completed, so that no client that sees an open connection loses it, and stops.
    func close() {
        accept(atMost: .max)
        pause()
        if let pauseEnd = pauseEnd.take() { worker.loop.cancel(pauseEnd) }
    }

    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        accept(atMost: Acceptor.batch)
    }

    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        pauseEnd = nil
        do {
            try resume()
        } catch {
            pauseEnd = loop.schedule(at: loop.now + Acceptor.pause, self)
        }
    }

    private func accept(atMost limit: Int) {
        var accepted = 0
        while accepted < limit {
            let maximum = state.configuration.limits.connections
            if state.count >= maximum, state.pauseAcceptor(ifAtLeast: maximum) {
                counters.count(.connections)
                return pause()
            }
            do {
                guard let connection = try Socket.accept(from: socket) else { return }
                accepted += 1
                let peer = connection.peer
                hand(over: connection.take(), from: peer)
            } catch {
                // The connection stays in the kernel's queue, and the poller would report it without pause.
                counters.count(.descriptors)
                pause()
                pauseEnd = worker.loop.schedule(at: worker.loop.now + Acceptor.pause, self)
                return
            }
        }
    }

    private func hand(over descriptor: consuming OwnedDescriptor, from peer: SocketAddress) {
        if let limit = state.admit(peer) {
            counters.count(limit)
            // Closed without a word: before a handshake there is none that the peer would understand.
            return
        }
        counters.add(1, to: counters.accepted)
        let slot = state.leastLoaded
        slot.add()
        if worker.has(slot) { return worker.open(descriptor, from: peer) }
        // A closure cannot own a descriptor; the number travels, and becomes one again.
        let raw = descriptor.release()
        slot.submit { worker in worker.open(OwnedDescriptor(owning: raw), from: peer) }
    }

    private func pause() {
        guard let registration = registration.take() else { return }
        worker.loop.remove(registration, socket)
    }
}
