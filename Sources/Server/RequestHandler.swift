public import EventLoop
public import HTTPWire

/// Answers requests; every event loop has its own, so that it needs no locks.
public protocol RequestHandler: AnyObject {
    /// Makes the answer to a request.
    ///
    /// The loop, and with it hundreds of connections, stands still meanwhile: whoever waits for anything here (a file, a
    /// lock, another thread) has a bug.
    ///
    /// - Parameters:
    ///   - request: What is asked. The caller uses its buffers again; a copy that is kept costs the next request an
    ///     allocation.
    ///   - body: The body, complete; the handler's to keep.
    ///   - response: The answer, at first 200 without a body.
    func respond(to request: borrowing ServerRequest, body: consuming [UInt8], response: inout ServerResponse)
}

/// A request as a handler sees it.
public struct ServerRequest: Sendable {
    /// Method, target and fields.
    public let head: RequestHead
    /// Who sent it.
    public let peer: SocketAddress
    /// Whether it came through TLS.
    public let isSecure: Bool
    /// When the loop learned of it: what deadlines of the answer count from.
    public let received: MonotonicInstant
}

/// An answer that a handler fills in.
public struct ServerResponse: Sendable {
    /// Status, content type and further fields; `closes` may be set, and is set by the server where it must be.
    public var head = ServerResponseHead(status: 200)
    /// The body; its storage is used again for the next answer.
    public var body: [UInt8] = []

    /// Above this a buffer is not kept for the next answer, in bytes: an AdmissionResponse has some hundred, `/metrics`
    /// some ten thousand.
    static let keptBytes = 64 * 1024

    /// Goes back to an empty 200.
    mutating func reset() {
        head = ServerResponseHead(status: 200)
        body.removeAll(keepingCapacity: body.capacity <= ServerResponse.keptBytes)
    }
}
