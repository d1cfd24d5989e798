import EventLoop
import HTTPWire
import Observability
import Server
import TLS
import Testing

/// A server on a port that the kernel chose, with the little that the tests ask of it.
final class TestServer: Sendable {
    let listener: Listener
    let metrics: Metrics
    let address: SocketAddress

    init(
        tls: TLSContext? = nil,
        at address: String = "127.0.0.1:0",
        workers: Int = 2,
        configure: (inout ServerConfiguration) -> Void = { _ in }
    ) throws {
        SignalSource.ignoreBrokenPipes()
        let address = try #require(SocketAddress(parsing: address))
        var configuration = ServerConfiguration(addresses: [address])
        configuration.name = "test"
        configuration.workers = workers
        // A test ends its server under its eyes.
        configuration.drain.delay = .zero
        configuration.drain.idle = .milliseconds(200)
        configuration.deadlines.linger = .milliseconds(500)
        configure(&configuration)
        metrics = Metrics()
        listener = try Listener(
            configuration,
            tls: tls,
            metrics: ServerMetrics(in: metrics, listeners: ["test"])
        ) { EchoHandler(loop: $0.index) }
        self.address = listener.addresses[0]
    }

    /// A sample of what `/metrics` would show: the name with its labels, without the listener's.
    ///
    /// - Returns: 0 if it is not there.
    func metric(_ name: String) -> Int {
        var output: [UInt8] = []
        metrics.render(into: &output)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        let wanted =
            name.contains("{") ? name.replacing("{", with: "{listener=\"test\",") : name + "{listener=\"test\"}"
        guard let line = lines.first(where: { $0.hasPrefix(wanted + " ") }) else { return 0 }
        return Int(line.dropFirst(wanted.count + 1)) ?? 0
    }
}

/// Lets a body use a server, and ends the server whatever happens.
func withServer(
    tls: TLSContext? = nil,
    at address: String = "127.0.0.1:0",
    workers: Int = 2,
    configure: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (TestServer) throws -> Void
) throws {
    let server = try TestServer(tls: tls, at: address, workers: workers, configure: configure)
    defer { server.listener.stop() }
    try body(server)
    server.listener.stop()
    try server.listener.join()
}

/// Sends back what it gets; `/big?N` is answered with N bytes, `/loop` with the loop's number, `/status/N` with a status.
final class EchoHandler: RequestHandler {
    private let loop: Int

    init(loop: Int) {
        self.loop = loop
    }

    func respond(to request: borrowing ServerRequest, body: consuming [UInt8], response: inout ServerResponse) {
        let path = text(request.head.path)
        response.head.contentType = "text/plain"
        if path == "/big" {
            response.body = Array(repeating: UInt8(ascii: "x"), count: Int(text(request.head.query)) ?? 0)
        } else if path == "/loop" {
            response.body.append(contentsOf: "\(loop)".utf8)
        } else if path.hasPrefix("/status/") {
            response.head.status = Int(path.dropFirst("/status/".count)) ?? 500
        } else {
            response.body.append(contentsOf: body)
        }
    }
}

/// The bytes as text.
func text(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}
