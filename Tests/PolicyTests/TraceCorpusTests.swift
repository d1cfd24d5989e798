import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// Who listens in detail changes nothing, and hears of everything.
@Suite(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence)))
struct TraceCorpusTests {
    /// The policies that a kustomization lists.
    private static func set(_ folder: String, tracing: Bool) throws -> PolicySet {
        var configuration = PolicyConfiguration.patient
        configuration.tracesExpressions = tracing
        var compiler = PolicyCompiler(configuration: configuration)
        func add(_ folder: URL) throws {
            let file = folder.appending(path: "kustomization.yaml")
            guard let data = try? Data(contentsOf: file) else {
                return try read(folder.appending(path: "policy.yaml"))
            }
            let document = try #require(try JSONDocument.parseYAML([UInt8](data)).first)
            let resources = try #require(document.member("resources", of: document.root))
            for element in document.elements(of: resources) {
                let path = folder.appending(path: document.string(element) ?? "").standardized
                if path.pathExtension == "yaml" { try read(path) } else { try add(path) }
            }
        }
        func read(_ file: URL) throws {
            for document in try JSONDocument.parseYAML([UInt8](try Data(contentsOf: file))) {
                compiler.add(document, file: file.lastPathComponent)
            }
        }
        try add(URL(filePath: Fixtures.policies + folder))
        let result = compiler.finish()
        return try #require(result.set, "\(result.lines)")
    }

    @Test(arguments: ["/bundles/strict", ""]) func explainsEveryReview(_ folder: String) throws {
        let silent = try Self.set(folder, tracing: false)
        let traced = try Self.set(folder, tracing: true)
        for body in try Corpus.reviews() {
            let request = try AdmissionReview.decode(JSONDocument(parsing: body))
            let trace = DecisionTrace(isDetailed: true)
            let decision = traced.decide(request, mode: .mutateAndValidate, trace: trace)
            let plain = silent.decide(request, mode: .mutateAndValidate)
            #expect(decision.isSame(as: plain), "\(plain.lines) / \(decision.lines)")
            let isJudged = decision.notes.reasonForSilence == nil
            // As many match as the evaluation says.
            let matching = trace.policies.filter { $0.match != .differs && $0.source != .binding }
            if isJudged { #expect(matching.count == decision.matchedPolicyCount) }
            // Each failure is told of by one rule, or by its policy as a whole.
            let told = trace.policies.flatMap { policy in
                policy.rules.flatMap { rule in
                    rule.failures.map { place in
                        let failure = decision.failures[place]
                        #expect(failure.document == policy.document && (rule.name.isEmpty || failure.rule == rule.name))
                        return place
                    }
                }
            }
            let expected = decision.failures.indices.filter { place in
                let failure = decision.failures[place]
                return failure.source != .builtIn
                    && !trace.policies.contains { $0.document == failure.document && $0.fault != nil }
            }
            #expect(told.sorted() == expected, "\(decision.lines)")
            for policy in matching {
                for rule in policy.rules {
                    #expect((rule.verdict == .failed) == !rule.failures.isEmpty, "\(policy.document)/\(rule.name)")
                }
            }
        }
    }
}
