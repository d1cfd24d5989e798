internal import EventLoop
internal import FoundationEssentials
internal import HTTPClient
internal import HTTPWire
internal import JSON
internal import TLS

/// Asks a webhook as an API server does: first `/mutate`, then, about the object as patched, `/validate`.
final class ReviewClient {
    /// What came of one review.
    struct Outcome: Equatable {
        /// Operation, kind and name: `CREATE StorageAccount/orders`.
        var request: String
        var namespace: String
        var isAllowed: Bool
        /// One a failure, or what was answered instead.
        var failures: [String] = []
        var warnings: [String] = []
        /// One a value that the patch sets: `owner=a`.
        var patch: [String] = []
    }

    private let client: HTTPClient
    private let authority: String
    private(set) var latencies: [Duration] = []

    /// Prepares a client.
    ///
    /// - Parameters:
    ///   - address: Where the webhook listens.
    ///   - authority: Who vouches for it.
    ///   - version: The protocol, as ALPN names it; the only one that is offered.
    /// - Throws: That there is no descriptor or memory left.
    init(to address: SocketAddress, trusting authority: Certificate, speaking version: String) throws {
        var tls = TLSClientConfiguration(trust: .authorities([authority]))
        tls.applicationProtocols = [version]
        // The name that a Service gives a webhook would be <service>.<namespace>.svc.
        client = try HTTPClient(
            ClientConfiguration(address: address, tls: TLSContext(client: tls), serverName: "localhost")
        )
        self.authority = "localhost:\(address.port)"
    }

    /// Sends one review.
    ///
    /// - Parameter body: An AdmissionReview with a request.
    /// - Returns: What came of it.
    /// - Throws: `CommandFailure` if an answer is none, or is another review's.
    func ask(_ body: [UInt8]) throws -> Outcome {
        let review = try JSONDocument(parsing: body)
        let request = try review.require("request", of: review.root)
        let mutation = try send(review, to: "/mutate?timeout=10s")
        var outcome = Outcome(review, request)
        guard let patch = try patch(of: mutation) else { return try judge(review, outcome) }
        outcome.patch = patch.operations.flatMap(\.summaries)
        guard let object = review.member("object", of: request), !object.isNull else {
            return try judge(review, outcome)
        }
        let patched = try patch.apply(to: JSONFragment(review, object))
        return try judge(review.replacing(object, by: patched), outcome)
    }

    private func judge(_ review: JSONDocument, _ mutated: Outcome) throws -> Outcome {
        let document = try send(review, to: "/validate?timeout=10s")
        let response = try document.require("response", of: document.root)
        var outcome = mutated
        outcome.isAllowed = document.member("allowed", of: response)?.bool == true
        if let warnings = document.member("warnings", of: response) {
            outcome.warnings = document.elements(of: warnings).compactMap(document.string)
        }
        guard !outcome.isAllowed, let status = document.member("status", of: response) else { return outcome }
        if let details = document.member("details", of: status), let causes = document.member("causes", of: details) {
            for cause in document.elements(of: causes) {
                if let message = document.member("message", of: cause).flatMap(document.string) {
                    outcome.failures.append(message)
                }
            }
        }
        if outcome.failures.isEmpty {
            outcome.failures = [document.member("message", of: status).flatMap(document.string) ?? "no message"]
        }
        return outcome
    }

    private func patch(of document: JSONDocument) throws -> JSONPatch? {
        let response = try document.require("response", of: document.root)
        guard let text = document.member("patch", of: response).flatMap(document.string) else { return nil }
        guard let decoded = Data(base64Encoded: text) else { throw CommandFailure("a patch is not base64: \(text)") }
        return try JSONPatch(parsing: JSONDocument(parsing: Array(decoded)))
    }

    /// Sends a review as kube-apiserver 1.36 does, and checks what every answer must have.
    private func send(_ review: JSONDocument, to target: String) throws -> JSONDocument {
        let head = ClientRequestHead(
            .post,
            authority: authority,
            target: target,
            userAgent: "kube-apiserver-admission",
            // In its order, which is Go's: sorted, and last what Go's transport adds.
            fields: [
                HTTPField("accept", "application/json, */*"),
                HTTPField("content-type", "application/json"),
                HTTPField("accept-encoding", "gzip"),
            ]
        )
        let start = MonotonicInstant.now()
        let response = try client.perform(head, body: Array(review.text), within: .seconds(10))
        latencies.append(MonotonicInstant.now() - start)
        guard response.status == 200 else {
            throw CommandFailure(
                "\(target) answered \(response.status): \(String(decoding: response.body, as: UTF8.self))"
            )
        }
        let answer = try JSONDocument(parsing: response.body)
        let asked = review.member("uid", of: try review.require("request", of: review.root)).flatMap(review.string)
        let given = answer.member("uid", of: try answer.require("response", of: answer.root)).flatMap(answer.string)
        guard asked != nil, asked == given else {
            throw CommandFailure("\(target) answered uid \(given ?? "-") to \(asked ?? "-")")
        }
        return answer
    }
}

extension ReviewClient.Outcome {
    /// Names what is asked; the answer comes later.
    fileprivate init(_ review: JSONDocument, _ request: JSONValue) {
        func text(_ key: String, of value: JSONValue) -> String? {
            review.member(key, of: value).flatMap(review.string)
        }
        let kind = review.member("kind", of: request).flatMap { text("kind", of: $0) } ?? "?"
        let metadata = review.member("object", of: request).flatMap { review.member("metadata", of: $0) }
        let generated = metadata.flatMap { text("generateName", of: $0) }.map { "\($0)*" }
        let name = text("name", of: request) ?? generated ?? "*"
        let subResource = text("subResource", of: request).map { "/\($0)" } ?? ""
        self.init(
            request: "\(text("operation", of: request) ?? "?") \(kind)/\(name)\(subResource)",
            namespace: text("namespace", of: request) ?? "",
            isAllowed: false
        )
    }
}

extension JSONDocument {
    fileprivate func require(_ key: String, of value: JSONValue) throws(CommandFailure) -> JSONValue {
        guard let member = member(key, of: value) else { throw CommandFailure("an AdmissionReview without \(key)") }
        return member
    }

    /// A review with another object.
    fileprivate func replacing(_ object: JSONValue, by other: JSONDocument) throws -> JSONDocument {
        let bytes = Array(text)
        let start = offset(of: object)
        let end = start + lexeme(object).count
        return try JSONDocument(parsing: bytes[..<start] + Array(other.text) + bytes[end...])
    }
}

extension JSONPatchOperation {
    /// For people, and short: `owner=a`, by the last word of the path.
    fileprivate var summaries: [String] {
        switch self {
        case .add(let path, let value), .replace(let path, let value): value.summaries(under: path.lastWord)
        case .remove(let path): ["no \(path.lastWord)"]
        case .move(_, let path), .copy(_, let path): [path.lastWord]
        case .test: []
        }
    }
}

extension JSONPointer {
    fileprivate var lastWord: String { lastPart(tokens.last ?? "") }
}

/// What follows the last slash: a label or annotation without its prefix.
private func lastPart(_ key: String) -> String {
    String(key[(key.lastIndex(of: "/").map(key.index(after:)) ?? key.startIndex)...])
}

extension JSONFragment {
    /// A scalar as `name=value`; of an object, its members.
    fileprivate func summaries(under name: String) -> [String] {
        if value.isObject {
            return document.members(of: value).flatMap { key, member in
                JSONFragment(document, member).summaries(under: lastPart(document.string(key) ?? ""))
            }
        }
        return ["\(name)=\(document.string(value) ?? String(document.lexeme(value)))"]
    }
}
