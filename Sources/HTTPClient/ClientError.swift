public import EventLoop
public import HTTPWire
public import Transport

/// Why a request has no response.
public struct ClientError: Error, Equatable, Sendable {
    /// What went wrong.
    public enum Code: Equatable, Sendable {
        /// No connection could be made.
        case connecting(SystemError)
        /// The connection could not be set up, or broke.
        case transport(TransportError)
        /// The server broke a rule of HTTP, or refused the request by HTTP/2's means.
        case http(HTTPFailure)
        /// The deadline has passed.
        case timedOut
        /// The connection was closed, by the server or by ``ClientConnection/close()``.
        case closed
    }

    /// What went wrong.
    public let code: Code

    /// Whether the server has certainly not seen the whole request, so that it may be sent again whatever it does.
    public let isUnprocessed: Bool

    init(_ code: Code, isUnprocessed: Bool = false) {
        self.code = code
        self.isUnprocessed = isUnprocessed
    }
}

extension ClientError: CustomStringConvertible {
    /// For people and logs.
    public var description: String {
        switch code {
        case .connecting(let error): "no connection: \(error)"
        case .transport(let error): "the connection failed: \(error)"
        case .http(let failure): "no valid response: \(failure)"
        case .timedOut: "no response in time"
        case .closed: "the connection was closed before the response"
        }
    }
}

/// A response, complete.
public struct ClientResponse: Sendable {
    /// Status and fields.
    public let head: ResponseHead
    /// The body.
    public let body: [UInt8]

    /// The status code.
    public var status: Int { head.status }
}
