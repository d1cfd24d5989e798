import EventLoop
import TLS
import TestSupport
import Testing
import Transport

/// A client that sends whatever bytes a test gives it, and waits for answers; over TLS if it has a context.
///
/// It waits 30 s at most, so that a test that fails also ends.
final class RawClient {
    enum Failure: Error {
        case timedOut
        /// The connection ended before what was waited for.
        case ended
    }

    /// A response as it stands on the wire.
    struct Response: Equatable {
        var status: Int
        var fields: [String: String]
        var body: [UInt8]

        var closes: Bool { fields["connection"] == "close" }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// What a client costs: its socket, and its loop's epoll, eventfd and timerfd.
    static let descriptors = 4

    private let loop: Loop
    private var stream: ByteStream
    private var buffers = StreamBuffers()
    private var hasTimedOut = false
    private let ear = Ear()

    /// What has arrived and was not asked for yet.
    private(set) var received: [UInt8] = []
    /// Whether nothing more will arrive: closed or reset by the server.
    private(set) var isAtEnd = false

    init(_ address: SocketAddress, tls: TLSContext? = nil, serverName: String = "localhost") throws {
        loop = try Loop()
        let socket = try Socket.connect(to: address)
        if let tls {
            stream = try ByteStream(socket, connecting: tls, to: serverName)
        } else {
            stream = ByteStream(socket)
        }
        _ = try stream.register(on: loop, interest: .write, handler: ear)
        ear.client = self
        try wait { stream.isEstablished && !stream.hasUnsentOutput }
    }

    deinit { stream.unregister(from: loop) }

    /// What was agreed to speak.
    var applicationProtocol: String? { stream.applicationProtocol }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Sends bytes and waits until the kernel has them.
    func send(_ bytes: [UInt8]) throws {
        _ = try begin(bytes)
        try wait { !stream.hasUnsentOutput }
    }

    /// Sends what the kernel takes, and lets the rest wait for the next call.
    ///
    /// - Returns: Whether it took everything.
    func begin(_ bytes: [UInt8]) throws -> Bool {
        try stream.send(bytes.span, using: &buffers)
        return !stream.hasUnsentOutput
    }

    /// Says that nothing more follows.
    func finishWriting() throws {
        try stream.finishWriting(using: &buffers)
    }

    /// Waits for a whole response and takes it.
    func response(toHead: Bool = false) throws -> Response {
        var response: Response?
        try wait {
            response = Response(taking: &received, toHead: toHead)
            return response != nil
        }
        return try #require(response)
    }

    /// Waits for bytes, whatever they are, and takes them.
    func take() throws -> [UInt8] {
        try wait { !received.isEmpty }
        defer { received = [] }
        return received
    }

    /// Sends a request and waits for its response.
    func exchange(_ request: String) throws -> Response {
        try send(request)
        return try response()
    }

    /// Waits until the server has closed the connection; what it sent before stays in ``received``.
    func waitForEnd() throws {
        do {
            try wait { false }
        } catch Failure.ended {
            return
        }
    }

    /// Waits until the frames of HTTP/2 that have arrived are as wanted.
    func wait(until isDone: ([ReceivedFrame]) -> Bool) throws {
        try wait { isDone(ReceivedFrame.parse(received)) }
    }

    /// Lets time pass while the server may answer.
    func pause(_ duration: Duration) throws {
        let end = MonotonicInstant.now() + duration
        do {
            try wait(for: duration) { MonotonicInstant.now() >= end }
        } catch Failure.timedOut, Failure.ended {
            return
        }
    }

    private func wait(for patience: Duration = .seconds(30), until isDone: () -> Bool) throws {
        hasTimedOut = false
        let deadline = loop.schedule(at: .now() + patience, ear)
        defer { loop.cancel(deadline) }
        while !isDone() {
            if hasTimedOut { throw Failure.timedOut }
            if isAtEnd { throw Failure.ended }
            try stream.updateInterest(on: loop, readsWhileSending: true)
            try loop.run()
        }
    }

    /// Hears for the client without keeping it alive: the loop keeps this.
    private final class Ear: ReadinessHandler, DeadlineHandler {
        weak var client: RawClient?

        func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
            client?.proceed(readiness)
        }

        func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
            client?.hasTimedOut = true
            loop.stop()
        }
    }

    private func proceed(_ readiness: Poller.Readiness) {
        do {
            if !readiness.isDisjoint(with: [.readable, .hangUp, .failed]) {
                try stream.receive(using: &buffers)
                received += buffers.input
                buffers.input.removeAll(keepingCapacity: true)
                isAtEnd = stream.isAtEnd
            }
            try stream.flush()
        } catch {
            isAtEnd = true
        }
        loop.stop()
    }

}

extension RawClient.Response {
    /// Takes a response off the front of `bytes` if it is there whole.
    init?(taking bytes: inout [UInt8], toHead: Bool) {
        let separator = Array("\r\n\r\n".utf8)
        guard let headEnd = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { return nil }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let bodyStart = headEnd + separator.count
        let length = toHead || status < 200 ? 0 : Int(fields["content-length"] ?? "") ?? 0
        guard bytes.count >= bodyStart + length else { return nil }
        self.init(status: status, fields: fields, body: Array(bytes[bodyStart..<bodyStart + length]))
        bytes.removeFirst(bodyStart + length)
    }
}
