import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// Decisions on recorded reviews, beside a second opinion that knows nothing of tables, facets or indexes.
@Suite(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence)))
struct CorpusTests {
    /// The paths of a fact by `group/Kind`, as `aso-policy-facts.csv` has them.
    static func paths(_ fact: String) throws -> [String: Set<String>] {
        let text = try String(contentsOf: Corpus.facts.appending(path: "aso-policy-facts.csv"), encoding: .utf8)
        var result: [String: Set<String>] = [:]
        for line in text.split(whereSeparator: \.isNewline).dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            if cells.count > 4, cells[4] == fact {
                result["\(cells[0])/\(cells[1])", default: []].insert(String(cells[3]))
            }
        }
        return result
    }

    struct Review {
        let request: AdmissionRequest
        let kind: String
        let operation: String
        let spec: [String: Any]
    }

    static func reviews() throws -> [Review] {
        try Corpus.reviews().map { body in
            let json = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
            let request = try #require(json["request"] as? [String: Any])
            let kind = try #require(request["kind"] as? [String: String])
            let object = request["object"] as? [String: Any] ?? [:]
            return Review(
                request: try AdmissionReview.decode(JSONDocument(parsing: body)),
                kind: "\(kind["group"] ?? "")/\(kind["kind"] ?? "")",
                operation: request["operation"] as? String ?? "",
                spec: object["spec"] as? [String: Any] ?? [:]
            )
        }
    }

    /// A rule with its second opinion: whether the values of a spec are bad.
    struct Opinion {
        let fact: String
        let path: String
        let failure: String
        let rule: String
        let isBad: ([String: Any]) -> Bool
    }

    static var opinions: [Opinion] {
        [
            Opinion(
                fact: "location",
                path: "spec.location",
                failure: "spec.location",
                rule: "locations: {allow: [westus3, eastus]}"
            ) { spec in
                let region = (spec["location"] as? String)?.lowercased().replacing(" ", with: "")
                return region.map { !["westus3", "eastus", "global"].contains($0) } ?? true
            },
            Opinion(fact: "sku-name", path: "spec.sku.name", failure: "spec.sku.name", rule: "skus: {allow: ['S*']}") {
                spec in
                let name = (spec["sku"] as? [String: Any])?["name"] as? String
                return name.map { !$0.lowercased().hasPrefix("s") } ?? true
            },
            Opinion(
                fact: "tags",
                path: "spec.tags{}",
                failure: "spec.tags.owner",
                rule: "tags: {required: {owner: {}}}"
            ) { spec in
                let tags = spec["tags"] as? [String: String] ?? [:]
                return !tags.contains { $0.key.lowercased() == "owner" && !$0.value.isEmpty }
            },
        ]
    }

    @Test func agreeWithASecondOpinion() throws {
        let judges = try Self.opinions.map { opinion in
            (
                opinion, try Self.paths(opinion.fact),
                try policies(policy(match: "{operations: [CREATE, UPDATE]}", rule: opinion.rule))
            )
        }
        var denied = [0, 0, 0]
        for review in try Self.reviews() where review.operation != "DELETE" {
            for (number, (opinion, kinds, set)) in judges.enumerated() {
                let decision = set.decide(review.request, mode: .validate)
                let expected = kinds[review.kind]?.contains(opinion.path) == true && opinion.isBad(review.spec)
                let found = decision.failures.contains { $0.path == opinion.failure }
                #expect(found == expected, "\(review.kind) \(decision.lines)")
                if found { denied[number] += 1 }
            }
        }
        #expect(denied.allSatisfy { $0 > 10 }, "\(denied)")
    }

    /// Every review under the policies that the repository ships, with bindings, in every mode.
    @Test func theShippedPoliciesJudgeEverything() throws {
        let set = try #require(try PolicyFolderTests.load().set)
        var allowed = 0
        for review in try Self.reviews() {
            let decision = set.decide(review.request, mode: .mutateAndValidate)
            #expect(!decision.isBroken)
            #expect(decision.allowed == decision.denials.allSatisfy { _ in false })
            if decision.allowed { allowed += 1 }
        }
        #expect(allowed > 47)
    }
}
