public import EventLoop
public import TLS

/// Why a connection is over.
public enum TransportError: Error, Equatable, Sendable {
    /// The socket failed.
    case system(SystemError)
    /// TLS failed.
    case tls(TLSError)

    /// The peer closed the connection without the `close_notify` of TLS (RFC 8446 §6.1); what was read may be cut short.
    case truncated

    /// Whether it is just that the peer went away, which no side can prevent.
    public var isDisconnect: Bool {
        switch self {
        case .system(let error): error.isDisconnect
        case .tls: false
        case .truncated: true
        }
    }
}

extension TransportError: CustomStringConvertible {
    /// For people and logs.
    public var description: String {
        switch self {
        case .system(let error): error.description
        case .tls(let error): error.description
        case .truncated: "the peer closed the connection without saying so"
        }
    }
}
