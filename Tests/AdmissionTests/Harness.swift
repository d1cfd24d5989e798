import Admission
import Azure
import EventLoop
import Foundation
import JSON
import Observability
import Policy
import TestSupport
import Testing

/// A service with policies, asked as the API server asks.
final class Harness {
    let metrics = Metrics()
    let holder = PolicyHolder()
    let service: AdmissionService
    let decisionLog: LineLog?
    private let logFolder: TemporaryFolder?

    /// Compiles a stream of YAML documents; without one, no policy set is in force.
    convenience init(policies: String?, inventory: InventoryHolder? = nil, logsDecisions: Bool = false) throws {
        let set = try policies.map { try Self.compile($0) }
        try self.init(set: set, inventory: inventory, logsDecisions: logsDecisions)
    }

    init(set: PolicySet?, inventory: InventoryHolder? = nil, logsDecisions: Bool = false) throws {
        if let set { holder.replace(with: set) }
        let families = AdmissionMetrics(in: metrics, tables: .embedded)
        logFolder = logsDecisions ? try TemporaryFolder() : nil
        decisionLog = try logFolder.map { try LineLog(to: .file($0.path("decisions")), delay: .seconds(3600)) }
        service = AdmissionService(
            policies: holder,
            inventory: inventory,
            metrics: families,
            shard: metrics.makeShard(),
            decisionLog: decisionLog
        )
    }

    /// The policies of the repository.
    static func shipped(logsDecisions: Bool = false) throws -> Harness {
        let harness = try Harness(set: nil, logsDecisions: logsDecisions)
        let status = PolicyFolder(path: Fixtures.policies, holder: harness.holder).reload()
        #expect(status.issues.filter { $0.severity == .error }.map(\.description) == [])
        return harness
    }

    static func compile(_ policies: String) throws -> PolicySet {
        var compiler = PolicyCompiler()
        for document in try JSONDocument.parseYAML(Array(policies.utf8)) {
            compiler.add(document, file: "test.yaml")
        }
        let result = compiler.finish(generation: 1)
        #expect(result.errors.map(\.description) == [])
        return try #require(result.set)
    }

    func ask(
        _ body: [UInt8],
        at path: String = "/validate",
        query: String = "timeout=10s",
        isPost: Bool = true,
        contentType: String = "application/json"
    ) -> Answer {
        var output: [UInt8] = []
        let reply = service.respond(
            path: Array(path.utf8).span,
            query: Array(query.utf8).span,
            isPost: isPost,
            contentType: Array(contentType.utf8).span,
            body: body,
            into: &output
        )
        return Answer(reply: reply, body: output)
    }

    /// Asks the mutating webhook, applies its patch, and asks the validating one, as the API server does.
    func admit(_ body: [UInt8]) throws -> (mutation: Review, validation: Review) {
        let mutation = try ask(body, at: "/mutate").review(of: body)
        let patched = try mutation.patched(body)
        return (mutation, try ask(patched).review(of: patched))
    }

    var metricsText: String {
        var text: [UInt8] = []
        metrics.render(into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The lines of the decision log so far.
    func decisions() throws -> [String] {
        decisionLog?.flush()
        guard let logFolder else { return [] }
        return try String(contentsOfFile: logFolder.path("decisions"), encoding: .utf8).split(separator: "\n")
            .map(String.init)
    }
}

/// What came back.
struct Answer {
    let reply: Reply
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The AdmissionReview in the body, checked against the contract with the API server.
    func review(of request: [UInt8]) throws -> Review {
        #expect(reply.status == 200, "\(text)")
        #expect(reply.contentType.description == "application/json")
        let review = try Review(document: try JSONDocument(parsing: body))
        try review.checkContract(with: try JSONDocument(parsing: request))
        return review
    }
}

/// An answered AdmissionReview.
struct Review {
    let document: JSONDocument
    let response: JSONValue

    init(document: JSONDocument) throws {
        self.document = document
        response = try #require(document.member("response", of: document.root))
    }

    private func value(_ path: String) -> JSONValue? {
        (try? JSONPointer(parsing: "/response" + path)).flatMap { document.value(at: $0) }
    }

    func string(_ path: String) -> String? { value(path).flatMap { document.string($0) } }

    var isAllowed: Bool { value("/allowed").flatMap { document.bool($0) } ?? false }
    var code: Int64? { value("/status/code").flatMap { document.int($0) } }
    var message: String { string("/status/message") ?? "" }
    var warnings: [String] {
        value("/warnings").map { document.elements(of: $0).compactMap { document.string($0) } } ?? []
    }
    var fields: [String] { causes.map(\.field) }

    var causes: [(reason: String, message: String, field: String)] {
        guard let causes = value("/status/details/causes") else { return [] }
        return document.elements(of: causes).map { cause in
            func member(_ name: String) -> String {
                document.member(name, of: cause).flatMap { document.string($0) } ?? ""
            }
            return (member("reason"), member("message"), member("field"))
        }
    }

    var auditAnnotations: [String: String] {
        guard let annotations = value("/auditAnnotations") else { return [:] }
        return Dictionary(
            document.members(of: annotations).map { (document.string($0.key) ?? "", document.string($0.value) ?? "") },
            uniquingKeysWith: { first, _ in first }
        )
    }

    func patch() throws -> JSONPatch? {
        guard let text = string("/patch") else { return nil }
        let data = try #require(Data(base64Encoded: text))
        return try JSONPatch(parsing: try JSONDocument(parsing: [UInt8](data)))
    }

    /// The review that the API server would send next: the same with the patched object.
    func patched(_ body: [UInt8]) throws -> [UInt8] {
        guard let patch = try patch() else { return body }
        let request = try JSONDocument(parsing: body)
        let object = try #require(request.value(at: try JSONPointer(parsing: "/request/object")))
        let old = request.lexeme(object)
        let patched = try patch.apply(to: try JSONDocument(parsing: Array(String(decoding: old, as: UTF8.self).utf8)))
        let start = request.offset(of: object)
        return body[..<start] + Array(patched.text) + body[(start + old.count)...]
    }

    /// What the API server asks of every answer (`admission/v1`, and its code in `k8s.io/apiserver/…/webhook`).
    func checkContract(with request: JSONDocument) throws {
        #expect(document.member("kind", of: document.root).flatMap { document.string($0) } == "AdmissionReview")
        #expect(
            document.member("apiVersion", of: document.root).flatMap { document.string($0) } == "admission.k8s.io/v1"
        )
        let uid = try #require(request.value(at: try JSONPointer(parsing: "/request/uid")))
        #expect(string("/uid") == request.string(uid))
        #expect(value("/allowed")?.kind == .bool)
        #expect((value("/patch") == nil) == (value("/patchType") == nil))
        if isAllowed {
            #expect(value("/status") == nil)
        } else {
            let reasons: [Int64: String] = [403: "Forbidden", 413: "RequestEntityTooLarge", 422: "Invalid"]
            let code = try #require(code)
            #expect(reasons[code] != nil && reasons[code] == string("/status/reason"), "\(code)")
            #expect(!message.isEmpty && message.split(separator: "\n").count <= 21)
            #expect(!causes.isEmpty)
            for cause in causes { #expect(!cause.reason.isEmpty && !cause.message.isEmpty) }
        }
        #expect(warnings.count <= 10)
        for warning in warnings {
            #expect(!warning.isEmpty && warning.unicodeScalars.count <= 120)
            #expect(!warning.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f })
        }
        for (key, value) in auditAnnotations {
            #expect(key.wholeMatch(of: /[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?/) != nil)
            #expect(!value.isEmpty)
        }
    }
}

extension Array where Element == UInt8 {
    /// A copy of bytes.
    init(_ span: Span<UInt8>) {
        self = []
        for index in span.indices { append(span[index]) }
    }
}

extension String {
    /// The text of bytes.
    init(decoding span: Span<UInt8>, as encoding: UTF8.Type) {
        self = String(decoding: Array(span), as: UTF8.self)
    }
}

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Renames as the kernel does it: what is there already is replaced at one moment.
    func rename(_ name: String, to other: String) -> Bool {
        unsafe Foundation.rename(path(name), path(other)) == 0
    }

    func write(_ text: String, to name: String) throws {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}
