internal import EventLoop
internal import Synchronization
internal import TLS

/// What the threads of a listener share: a request touches none of it, a new or closed connection does.
final class ListenerState: Sendable {
    let configuration: ServerConfiguration
    let workers: [WorkerSlot]

    private let tls: Mutex<TLSContext?>
    private let peers = Mutex<[SocketAddress.Host: Int]>([:])
    private let open = Atomic<Int>(0)
    /// Whether the acceptor waits for a connection to close.
    private let isAcceptorPaused = Atomic<Bool>(false)
    let isDraining = Atomic<Bool>(false)

    init(configuration: ServerConfiguration, tls: TLSContext?) {
        precondition(configuration.workers > 0, "a server without event loops")
        self.configuration = configuration
        self.tls = Mutex(tls)
        workers = (0..<configuration.workers).map { _ in WorkerSlot() }
    }

    /// What new connections speak; in the clear if nothing.
    var context: TLSContext? { tls.withLock { $0 } }

    func use(_ context: TLSContext) {
        tls.withLock { $0 = context }
    }

    /// Connections that are open.
    var count: Int { open.load(ordering: .relaxed) }

    /// Notes a new connection.
    ///
    /// - Returns: Nothing, or the limit that forbids it.
    func admit(_ peer: SocketAddress) -> ConnectionLimit? {
        let limit = configuration.limits.connectionsPerPeer
        let isAdmitted = peers.withLock { peers in
            let count = peers[peer.host.network, default: 0]
            if count >= limit { return false }
            peers[peer.host.network] = count + 1
            return true
        }
        guard isAdmitted else { return .connectionsPerPeer }
        open.add(1, ordering: .relaxed)
        return nil
    }

    /// Notes that a connection that was admitted is gone; any thread may.
    func release(_ peer: SocketAddress) {
        peers.withLock { peers in
            let count = peers[peer.host.network, default: 1]
            peers[peer.host.network] = count > 1 ? count - 1 : nil
        }
        open.subtract(1, ordering: .sequentiallyConsistent)
        if isAcceptorPaused.exchange(false, ordering: .sequentiallyConsistent) {
            workers[0].submit { $0.resumeAccepting() }
        }
    }

    /// Asks for the acceptor to be resumed when a connection closes.
    ///
    /// - Returns: Whether to wait; not if there is room meanwhile.
    func pauseAcceptor(ifAtLeast limit: Int) -> Bool {
        isAcceptorPaused.store(true, ordering: .sequentiallyConsistent)
        // Whoever released a connection before the store did not see it.
        if open.load(ordering: .sequentiallyConsistent) >= limit { return true }
        isAcceptorPaused.store(false, ordering: .sequentiallyConsistent)
        return false
    }

    /// The loop with the fewest connections; of equals the last, for the first also accepts.
    var leastLoaded: WorkerSlot {
        var best = workers[workers.count - 1]
        for worker in workers.reversed() where worker.load < best.load { best = worker }
        return best
    }
}

extension SocketAddress.Host {
    /// What counts as one peer: an IPv4 address, or the IPv6 network that one customer usually has (RFC 6177).
    fileprivate var network: SocketAddress.Host {
        switch self {
        case .v4: self
        case .v6(let high, _, let scope): .v6(high: high, low: 0, scope: scope)
        }
    }
}

/// A worker as other threads see it.
final class WorkerSlot: @unchecked Sendable {
    // Proof: `worker` is only used on its loop's thread: by what prepares the loop, and by work that the loop runs.
    private var worker: Worker?
    private let remote = Mutex<LoopRemote?>(nil)
    private let connections = Atomic<Int>(0)

    /// Connections that the worker has, or that are on their way to it.
    var load: Int { connections.load(ordering: .relaxed) }

    func add() { connections.add(1, ordering: .relaxed) }
    func remove() { connections.subtract(1, ordering: .relaxed) }

    func attach(_ worker: Worker) { self.worker = worker }
    func detach() {
        worker = nil
        // What is submitted from now on would never run, and hold whoever submitted it.
        remote.withLock { $0 = nil }
    }

    func attach(_ remote: LoopRemote) { self.remote.withLock { $0 = remote } }

    /// Runs something on the worker's thread, soon.
    ///
    /// - Returns: Whether the worker is still there.
    @discardableResult
    func submit(_ work: @escaping @Sendable (Worker) -> Void) -> Bool {
        guard let remote = remote.withLock({ $0 }) else { return false }
        remote.submit { _ in
            if let worker = self.worker { work(worker) }
        }
        return true
    }
}
