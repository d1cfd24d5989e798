internal import HTTPWire
public import Observability

/// What the listeners of a process count.
///
/// Declared once, before the first ``Listener``: a listener makes its loops' shards, and families come before shards.
public struct ServerMetrics: Sendable {
    let metrics: Metrics
    private let listeners: [String]
    private let open: CounterFamily
    private let accepted: CounterFamily
    private let handshakes: CounterFamily
    private let received: CounterFamily
    private let sent: CounterFamily
    private let limits: CounterFamily
    private let failures: CounterFamily
    private let requests: CounterFamily

    /// Declares the families.
    ///
    /// - Parameters:
    ///   - metrics: Where.
    ///   - listeners: The `name` of every ``ServerConfiguration`` that there will be, such as `webhook` and `admin`.
    public init(in metrics: Metrics, listeners: [String]) {
        self.metrics = metrics
        self.listeners = listeners
        let listener = Label("listener", listeners)
        open = metrics.levels("portcullis_connections", help: "Connections that are open.", labels: [listener])
        accepted = metrics.counters(
            "portcullis_connections_accepted_total",
            help: "Connections that were accepted.",
            labels: [listener]
        )
        handshakes = metrics.counters(
            "portcullis_tls_handshakes_total",
            help: "TLS handshakes that ended; unbegun: the client went away before it sent anything, as TCP probes do.",
            labels: [listener, Label("result", ["complete", "failed", "unbegun"])]
        )
        received = metrics.counters(
            "portcullis_received_bytes_total",
            help: "Bytes of HTTP that were received.",
            labels: [listener]
        )
        sent = metrics.counters(
            "portcullis_sent_bytes_total",
            help: "Bytes of HTTP that were sent.",
            labels: [listener]
        )
        limits = metrics.counters(
            "portcullis_limits_total",
            help: "Limits and deadlines of connections that were hit.",
            labels: [listener, Label("limit", ConnectionLimit.allCases.map(\.rawValue))]
        )
        failures = metrics.counters(
            "portcullis_http_failures_total",
            help: "Requests that broke a rule or a limit of HTTP.",
            labels: [listener, Label("rule", HTTPFailure.Code.allCases.map(\.rawValue))]
        )
        requests = metrics.counters(
            "portcullis_http_requests_total",
            help: "Requests that were answered, refused ones included.",
            labels: [listener, Label("protocol", ["h1", "h2"]), Label("status", StatusLabel.values)]
        )
    }

    /// The counters of one listener's loop.
    func counters(of listener: String, in shard: MetricsShard) -> ServerCounters {
        guard let index = listeners.firstIndex(of: listener) else {
            preconditionFailure("listener \(listener) is not declared among \(listeners)")
        }
        return ServerCounters(
            shard: shard,
            open: open[index],
            accepted: accepted[index],
            handshakesComplete: handshakes[index, 0],
            handshakesFailed: handshakes[index, 1],
            handshakesUnbegun: handshakes[index, 2],
            received: received[index],
            sent: sent[index],
            limits: ConnectionLimit.allCases.indices.map { limits[index, $0] },
            failures: HTTPFailure.Code.allCases.indices.map { failures[index, $0] },
            requests: (0..<2).map { version in
                StatusLabel.values.indices.map { requests[index, version, $0] }
            }
        )
    }
}

/// A limit or deadline of a connection, by the name that metrics give it.
enum ConnectionLimit: String, CaseIterable {
    case connections, connectionsPerPeer = "connections_per_peer", descriptors
    case handshake, idle, write, linger, drain

    static let indices = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

/// The statuses that metrics tell apart: those that this server sends, and one for all others.
enum StatusLabel {
    private static let codes = [
        200, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 421, 422, 429, 431, 500, 501, 503, 505,
    ]
    static let values = codes.map(String.init) + ["other"]

    static func index(of status: Int) -> Int {
        // Nearly always the first.
        codes.firstIndex(of: status) ?? codes.count
    }
}

/// The counters of one loop.
struct ServerCounters {
    let shard: MetricsShard
    let open: Counter
    let accepted: Counter
    let handshakesComplete: Counter
    let handshakesFailed: Counter
    let handshakesUnbegun: Counter
    let received: Counter
    let sent: Counter
    let limits: [Counter]
    let failures: [Counter]
    let requests: [[Counter]]

    func add(_ amount: Int, to counter: Counter) { shard.add(amount, to: counter) }
    func subtract(_ amount: Int, from counter: Counter) { shard.subtract(amount, from: counter) }

    func count(_ limit: ConnectionLimit) {
        guard let index = ConnectionLimit.indices[limit] else { return }
        shard.add(1, to: limits[index])
    }

    func countRequest(_ version: HTTPVersion, status: Int) {
        shard.add(1, to: requests[version == .http2 ? 1 : 0][StatusLabel.index(of: status)])
    }

    func count(_ failure: HTTPFailure, _ version: HTTPVersion) {
        if let index = HTTPFailure.Code.allCases.firstIndex(of: failure.code) { shard.add(1, to: failures[index]) }
        if failure.status != 0 { countRequest(version, status: failure.status) }
    }
}
