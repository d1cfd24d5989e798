import Admission
import Azure
import EventLoop
import HTTPClient
import HTTPWire
import JSON
import Observability
import Policy
import Server
import TLS
import TestSupport
import Testing

/// AdmissionReviews over real sockets get the answers that the engine gives without any.
@Suite struct ReviewTests {
    private let holder = PolicyHolder()
    private let metrics = Metrics()
    private let admission: AdmissionMetrics
    private let counters: ServerMetrics

    init() throws {
        counters = ServerMetrics(in: metrics, listeners: ["test"])
        admission = AdmissionMetrics(in: metrics, tables: .embedded)
        #expect(PolicyFolder(path: Fixtures.policies, holder: holder).reload().isCurrent)
    }

    private func service(_ shard: MetricsShard) -> AdmissionService {
        AdmissionService(policies: holder, metrics: admission, shard: shard)
    }

    /// The recorded reviews where they are at hand, and the repository's own.
    private func reviews() throws -> [[UInt8]] {
        let own = try Fixtures.reviewNames().map(Fixtures.review)
        return own + (Corpus.isAvailable ? try Corpus.reviews() : [])
    }

    /// What the engine answers by itself.
    private func answers(to reviews: [[UInt8]], at path: String) throws -> [[UInt8]] {
        let service = service(metrics.makeShard())
        return try reviews.map { review in
            var answer: [UInt8] = []
            let reply = service.respond(
                path: Array(path.utf8).span,
                query: Array("timeout=10s".utf8).span,
                isPost: true,
                contentType: Array("application/json".utf8).span,
                body: review,
                into: &answer
            )
            #expect(reply.status == 200)
            let (asked, told) = (try JSONDocument(parsing: review), try JSONDocument(parsing: answer))
            #expect(Self.uid(in: asked, under: "request") == Self.uid(in: told, under: "response"))
            #expect(told.member("apiVersion", of: told.root).flatMap(told.string) == "admission.k8s.io/v1")
            return answer
        }
    }

    private static func uid(in document: JSONDocument, under key: String) -> String? {
        document.member(key, of: document.root).flatMap { document.member("uid", of: $0) }.flatMap(document.string)
    }

    private func withService(_ body: (SocketAddress) throws -> Void) throws {
        SignalSource.ignoreBrokenPipes()
        var configuration = ServerConfiguration(addresses: [try #require(SocketAddress(parsing: "127.0.0.1:0"))])
        configuration.name = "test"
        configuration.workers = 2
        configuration.rotation = nil
        let listener = try Listener(configuration, tls: .testServer(), metrics: counters) { loop in
            ReviewHandler(service(loop.metrics))
        }
        defer { listener.stop() }
        try body(listener.addresses[0])
        listener.stop()
        try listener.join()
    }

    /// Twenty requests at a time, in pieces that end anywhere.
    @Test(arguments: ["/validate", "/mutate"])
    func pipelinedAndSplitAnywhere(_ path: String) throws {
        let reviews = try reviews()
        let expected = try answers(to: reviews, at: path)
        try withService { address in
            var random = SplitMix64(seed: 7)
            let client = try RawClient(address, tls: .testClient())
            for start in stride(from: 0, to: reviews.count, by: 20) {
                let batch = start..<min(start + 20, reviews.count)
                var bytes: [UInt8] = []
                for review in reviews[batch] {
                    let head =
                        "POST \(path)?timeout=10s HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(review.count)\r\n"
                        + "Content-Type: application/json\r\n\r\n"
                    bytes += Array(head.utf8) + review
                }
                var sent = 0
                while sent < bytes.count {
                    let piece = min(Int.random(in: 1...6000, using: &random), bytes.count - sent)
                    try client.send(Array(bytes[sent..<sent + piece]))
                    sent += piece
                }
                for index in batch {
                    let response = try client.response()
                    #expect(response.status == 200)
                    #expect(response.body == expected[index], "review \(index)")
                }
            }
        }
    }

    /// Many connections at once: those of HTTP/1.1 one request after the other, those of HTTP/2 with all of them under way.
    @Test(arguments: ["http/1.1", "h2"], ["/validate", "/mutate"])
    func fromManyConnections(_ version: String, _ path: String) throws {
        let reviews = try reviews()
        let expected = try answers(to: reviews, at: path)
        try withService { address in
            let shared = ClientLoop(try Loop())
            var configuration = ClientConfiguration(
                address: address,
                tls: try .testClient([version]),
                serverName: "localhost"
            )
            var random = SplitMix64(seed: 11)
            let connections = try (0..<16).map { _ in
                configuration.splitsRequestsAfter = Int.random(in: 1...3000, using: &random)
                return try ClientConnection(configuration, on: shared)
            }
            let head = ClientRequestHead(
                .post,
                authority: "localhost",
                target: "\(path)?timeout=10s",
                contentType: "application/json"
            )
            var left = reviews.count
            for (index, review) in reviews.enumerated() {
                connections[index % connections.count].send(head, body: review) { result in
                    let response = try? result.get()
                    #expect(response?.status == 200)
                    #expect(response?.body == expected[index], "review \(index): \(result)")
                    left -= 1
                    if left == 0 { shared.loop.stop() }
                }
            }
            try shared.loop.run()
            #expect(left == 0)
            for connection in connections { connection.close() }
        }
    }
}

/// The webhook's answers on one loop.
private final class ReviewHandler: RequestHandler {
    private let service: AdmissionService

    init(_ service: AdmissionService) {
        self.service = service
    }

    func respond(to request: borrowing ServerRequest, body: consuming [UInt8], response: inout ServerResponse) {
        let reply = service.respond(
            path: request.head.path,
            query: request.head.query,
            isPost: request.head.method == .post,
            contentType: Array("application/json".utf8).span,
            received: request.received,
            body: body,
            into: &response.body
        )
        response.head.status = reply.status
        response.head.contentType = reply.contentType
    }
}
