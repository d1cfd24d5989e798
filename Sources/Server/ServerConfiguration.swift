public import EventLoop
public import HTTPWire

/// What a ``Listener`` may be asked for, and how long it waits for whom.
public struct ServerConfiguration: Sendable {
    /// Where to listen, on IPv4 and IPv6; port 0 lets the kernel choose.
    public var addresses: [SocketAddress]

    /// The name of the threads, of which Linux shows 15 bytes, the loop's number included.
    public var name = "server"

    /// The number of event loops: one per processor that the process may use.
    public var workers = allowedProcessors().count

    /// What one peer and all of them together may hold.
    public var limits = Limits()

    /// What a request may ask for: head, body, streams, and the time that each may take.
    public var http = HTTPLimits()

    /// How long the server waits in each state of a connection.
    public var deadlines = Deadlines()

    /// When a healthy connection is asked to come back on a new one; never if nothing.
    public var rotation: Rotation? = Rotation()

    /// How the server ends.
    public var drain = Drain()

    /// A configuration with the defaults that each property documents.
    public init(addresses: [SocketAddress]) {
        self.addresses = addresses
    }

    /// Limits on connections.
    public struct Limits: Sendable {
        /// The most connections that are open at once; more wait in the kernel's queue until one ends.
        ///
        /// An idle connection costs 16 KiB at most, so 2,048 of them stay below 32 MiB.
        public var connections = 2048

        /// The most connections of one peer (an IPv4 address, or an IPv6 /64); more are closed at once.
        ///
        /// API servers open one connection per request in flight (64 in parallel were measured), and may come through one
        /// gateway: half of all leaves room for the others.
        public var connectionsPerPeer = 1024

        /// The limits as documented at each property.
        public init() {}
    }

    /// How long the server waits in the states of a connection that are not a request's (those are in ``http``).
    ///
    /// All count from the beginning of what they wait for, so that one byte a second does not push them back.
    public struct Deadlines: Sendable {
        /// For the TLS handshake, from the moment that the connection was accepted.
        public var handshake = Duration.seconds(10)
        /// For the next request.
        ///
        /// Above 90 s, after which Go's HTTP client closes an idle connection: who closes second
        /// never loses a request to the race between a close and a request.
        public var idle = Duration.seconds(120)
        /// For the peer to take an answer, from the moment that the kernel's buffer was full.
        public var write = Duration.seconds(30)
        /// For the peer to close after we have said that nothing more follows.
        public var linger = Duration.seconds(2)

        /// The deadlines as documented at each property.
        public init() {}
    }

    /// When a connection that could go on is closed with its next answer, so that its client meets other replicas.
    public struct Rotation: Sendable {
        /// After this many requests.
        public var requests = 10_000
        /// After this much time.
        public var age = Duration.seconds(600)
        /// The part by which both are shortened at random for each connection, so that connections that were opened
        /// together do not come back together: 0 to 1.
        public var jitter = 0.25

        /// The rotation as documented at each property.
        public init() {}
    }

    /// How the server ends: see ``Listener/drain()``.
    public struct Drain: Sendable {
        /// How long connections are still accepted after readiness has gone, for those who have not heard of it yet.
        public var delay = Duration.seconds(10)
        /// How long a connection without a request in flight stays open after that, so that a request that is on its way gets
        /// its answer with `Connection: close` instead of a reset.
        public var idle = Duration.seconds(1)
        /// How long requests in flight may take from the end of ``delay``; what is open then is cut off.
        public var deadline = Duration.seconds(30)

        /// The times as documented at each property.
        public init() {}
    }
}
