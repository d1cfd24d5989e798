public import EventLoop
public import HTTPWire
public import TLS

/// Whom a ``ClientConnection`` talks to, and how.
public struct ClientConfiguration: Sendable {
    /// Where the server is.
    public var address: SocketAddress

    /// A client's context: whom to trust, what to show, which protocols to offer; in the clear if nothing.
    public var tls: TLSContext?

    /// The name or address that the server's certificate must carry, sent as SNI if it is a name.
    ///
    /// The API server asks for `<service>.<namespace>.svc` wherever that resolves to.
    public var serverName: String

    /// What a response may have.
    public var http = HTTPLimits()

    /// For the connection to be made, TLS included.
    public var connectDeadline = Duration.seconds(10)

    /// After how many bytes a request continues in another TLS record and packet; never if nothing.
    ///
    /// Go's client writes through a buffer of 4,096 bytes, so that a larger request comes in two pieces.
    public var splitsRequestsAfter: Int?

    /// Describes a server with the defaults of everything else.
    ///
    /// - Parameters:
    ///   - address: Where it is.
    ///   - tls: A client's context; in the clear if nothing.
    ///   - serverName: What its certificate must carry; the address if nothing.
    public init(address: SocketAddress, tls: TLSContext? = nil, serverName: String? = nil) {
        self.address = address
        self.tls = tls
        self.serverName = serverName ?? "\(address.host)"
    }
}
