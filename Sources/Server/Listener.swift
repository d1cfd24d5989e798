public import EventLoop
internal import HTTPWire
public import Observability
internal import Synchronization
public import TLS

/// A server on one or more sockets: threads, each with its event loop, its connections and its handler.
///
/// HTTP/1.1 and, by ALPN, HTTP/2 over TLS; HTTP/1.1 in the clear.
///
/// ```
///            drain()             delay has passed                last connection closed
///   serving ─────────▶ draining ──────────────────▶ closing ─────────────────────────▶ ended
///                      serves as    no new connections; the next answer says
///                      before       `Connection: close` (HTTP/2: GOAWAY); idle ones go
/// ```
public final class Listener: Sendable {
    /// Where the server listens, in the order of ``ServerConfiguration/addresses``, with the ports that the kernel chose.
    public let addresses: [SocketAddress]

    private let state: ListenerState
    private let threads: [LoopThread]

    /// Starts to serve.
    ///
    /// Threads inherit the caller's signal mask; SIGPIPE must be ignored.
    ///
    /// - Parameters:
    ///   - configuration: Addresses, limits, deadlines.
    ///   - tls: A server's context; in the clear if nothing.
    ///   - metrics: Where to count, under the configuration's `name`.
    ///   - makeHandler: Makes a loop's handler, on the loop's thread.
    /// - Throws: What `bind` reports: EADDRINUSE, EACCES, …; no descriptors or threads left.
    public init(
        _ configuration: ServerConfiguration,
        tls: TLSContext?,
        metrics: ServerMetrics,
        makeHandler: @escaping @Sendable (ServerLoop) -> any RequestHandler
    ) throws(SystemError) {
        var sockets: [CInt] = []
        var addresses: [SocketAddress] = []
        do throws(SystemError) {
            for address in configuration.addresses {
                let socket = try Socket.listen(on: address)
                addresses.append(try Socket.localAddress(of: socket))
                sockets.append(socket.release())
            }
        } catch {
            for socket in sockets { _ = OwnedDescriptor(owning: socket) }
            throw error
        }
        self.addresses = addresses
        let state = ListenerState(configuration: configuration, tls: tls)
        self.state = state
        var threads: [LoopThread] = []
        do throws(SystemError) {
            // The first accepts, and comes last: the others are there to take what it accepts.
            for index in (0..<configuration.workers).reversed() {
                let shard = metrics.metrics.makeShard()
                let counters = metrics.counters(of: configuration.name, in: shard)
                let sockets = index == 0 ? sockets : []
                let slot = state.workers[index]
                let thread = try LoopThread(name: "\(configuration.name)-\(index)") { loop in
                    let worker = Worker(
                        loop: loop,
                        state: state,
                        slot: slot,
                        counters: counters,
                        handler: makeHandler(ServerLoop(index: index, loop: loop, metrics: shard))
                    )
                    slot.attach(worker)
                    slot.attach(loop.remote)
                    do {
                        try worker.accept(from: sockets)
                    } catch {
                        // Nobody would ever end the others.
                        for other in state.workers { other.submit { $0.cutOff() } }
                        throw error
                    }
                }
                slot.attach(thread.remote)
                threads.append(thread)
            }
        } catch {
            for thread in threads { thread.remote.stop() }
            for socket in sockets { _ = OwnedDescriptor(owning: socket) }
            throw error
        }
        self.threads = threads
    }

    /// Uses other certificates for connections that come from now on; those that are open keep theirs.
    ///
    /// - Parameter tls: A server's context.
    public func use(_ tls: TLSContext) {
        state.use(tls)
    }

    /// Whether ``drain()`` was called: readiness is over.
    public var isDraining: Bool { state.isDraining.load(ordering: .acquiring) }

    /// The number of connections that are open.
    public var connectionCount: Int { state.count }

    /// Begins to end without losing a request, and returns at once; ``join()`` waits for the end.
    ///
    /// For ``ServerConfiguration/Drain/delay`` everything goes on, for there are clients who have not heard that this server
    /// is no longer ready. Then nothing new is accepted, and every connection ends: with its next answer, or once it has been
    /// idle for a while.
    public func drain() {
        if state.isDraining.exchange(true, ordering: .acquiringAndReleasing) { return }
        state.workers[0].submit { $0.beginDrain() }
    }

    /// Closes everything now, requests in flight included.
    public func stop() {
        state.isDraining.store(true, ordering: .releasing)
        let state = state
        // The first hands nothing over any more before the others end; in a drain it may have ended itself.
        let isThere = state.workers[0].submit { first in
            first.stopAccepting()
            for worker in state.workers { worker.submit { $0.cutOff() } }
        }
        if !isThere { for worker in state.workers { worker.submit { $0.cutOff() } } }
    }

    /// Waits until ``drain()`` or ``stop()`` has done its work.
    ///
    /// - Throws: What ended a loop early: a bug.
    public func join() throws {
        for thread in threads { try thread.join() }
    }
}

/// An event loop of a ``Listener``, for the handler that works on it.
public struct ServerLoop {
    /// From 0 up to the configured number.
    public let index: Int
    /// The loop; it belongs to the thread that makes the handler.
    public let loop: Loop
    /// The loop's own counters.
    public let metrics: MetricsShard
}
