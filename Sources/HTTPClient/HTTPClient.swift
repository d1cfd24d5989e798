public import EventLoop
public import HTTPWire

/// A client that waits: one request at a time, on one kept connection, on the calling thread.
public final class HTTPClient {
    private let configuration: ClientConfiguration
    private let shared: ClientLoop
    private var connection: ClientConnection?

    /// Prepares a client; the first request connects.
    ///
    /// - Parameter configuration: Whom to ask.
    /// - Throws: No descriptors or memory left.
    public init(_ configuration: ClientConfiguration) throws(SystemError) {
        self.configuration = configuration
        shared = ClientLoop(try Loop())
    }

    deinit { connection?.close() }

    /// What the present connection speaks; nothing without one.
    public var version: HTTPVersion? {
        guard let connection, !connection.isClosed else { return nil }
        return connection.version
    }

    /// Sends a request and waits for the response.
    ///
    /// On a new connection if the old one has been closed; once more if the old one turns out to be closing and the server
    /// has certainly not seen the request.
    ///
    /// - Parameters:
    ///   - request: What is asked of whom.
    ///   - body: The body.
    ///   - limit: How long the response may take.
    /// - Returns: The response, whatever its status.
    /// - Throws: Why there is none.
    public func perform(
        _ request: ClientRequestHead,
        body: [UInt8] = [],
        within limit: Duration = .seconds(30)
    ) throws(ClientError) -> ClientResponse {
        let deadline = MonotonicInstant.now() + limit
        takeNews()
        if let connection, !connection.isClosed {
            do {
                return try perform(request, body: body, within: limit, on: connection)
            } catch {
                guard error.isUnprocessed, error.code != .timedOut else { throw error }
            }
        }
        let connection = try ClientConnection(configuration, on: shared)
        self.connection = connection
        return try perform(request, body: body, within: deadline - .now(), on: connection)
    }

    /// Closes the connection; the next request makes another.
    public func close() {
        connection?.close()
        connection = nil
    }

    private func perform(
        _ request: ClientRequestHead,
        body: [UInt8],
        within limit: Duration,
        on connection: ClientConnection
    ) throws(ClientError) -> ClientResponse {
        var outcome: Result<ClientResponse, ClientError>?
        connection.send(request, body: body, within: limit) { result in
            outcome = result
            self.shared.loop.stop()
        }
        while outcome == nil { run() }
        guard let outcome else { preconditionFailure("the loop ends with the outcome") }
        return try outcome.get()
    }

    /// Learns what has happened to the connection since the last request: the server may have closed it.
    private func takeNews() {
        if connection == nil { return }
        _ = shared.loop.schedule(at: .now(), Stop())
        run()
    }

    private func run() {
        do {
            try shared.loop.run()
        } catch {
            // Only a bug fails the loop itself.
            fatalError("\(error)")
        }
    }

    /// Ends the loop once it has worked off what is there.
    private final class Stop: DeadlineHandler {
        func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) { loop.stop() }
    }
}
