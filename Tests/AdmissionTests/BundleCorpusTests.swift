import Admission
import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// What the bundles say to the recorded reviews, as a table that people read: a change of a policy or of a rule shows in it.
///
/// `make corpus-table` writes it anew.
@Suite(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence)))
struct BundleCorpusTests {
    private static let bundles = ["baseline", "strict"]
    private static let path = Fixtures.policies + "/bundles/corpus.md"

    /// What one bundle says.
    private struct Tally {
        var allowed = 0
        var warned = 0
        var denied = 0
        var rules: [String: Count] = [:]

        struct Count {
            /// Reviews that the rule denies.
            var denied = 0
            /// Reviews of objects that broke it before, and may.
            var old = 0
            var kinds: [String: Int] = [:]

            /// The kinds that are denied most, with how often.
            var most: String {
                let sorted = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                let shown = sorted.prefix(3).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                let rest = sorted.dropFirst(3).reduce(0) { $0 + $1.value }
                return rest == 0 ? shown : "\(shown), others \(rest)"
            }
        }

        mutating func add(_ decision: Decision, of kind: String) {
            if decision.allowed { allowed += 1 } else { denied += 1 }
            if decision.allowed, !decision.warnings.isEmpty { warned += 1 }
            func rules(_ effect: Failure.Effect) -> Set<String> {
                Set(decision.failures.filter { $0.effect == effect }.map { "\($0.policy)/\($0.rule)" })
            }
            for rule in rules(.deny) {
                self.rules[rule, default: Count()].denied += 1
                self.rules[rule, default: Count()].kinds[kind, default: 0] += 1
            }
            for rule in rules(.ratcheted) { self.rules[rule, default: Count()].old += 1 }
        }
    }

    private struct Review {
        let body: [UInt8]
        let request: AdmissionRequest
        let kind: String
    }

    private static func reviews() throws -> [Review] {
        try Corpus.reviews().map { body in
            let request = try AdmissionReview.decode(JSONDocument(parsing: body))
            let group = request.document.string(request.kind.group)?.prefix { $0 != "." } ?? ""
            let kind = request.document.string(request.kind.name) ?? ""
            return Review(body: body, request: request, kind: "\(group)/\(kind)")
        }
    }

    private static func table(_ tallies: [Tally], _ rules: Set<String>, _ operations: [String: Int]) -> String {
        let count = operations.values.reduce(0, +)
        let parts = operations.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        var lines = [
            "# What the bundles say to recorded requests", "",
            "\(count) requests as an API server sent them (\(parts)), most of them samples of Azure Service",
            "Operator, judged by the bundles as they are, with their parameters' defaults. Samples are short, and most are in regions that",
            "the bundles do not list: few are meant to pass. Made by `make corpus-table`, compared by the tests.", "",
            "| | baseline | strict |", "| --- | ---: | ---: |",
            "| allowed | " + tallies.map { "\($0.allowed)" }.joined(separator: " | ") + " |",
            "| of these with a warning | " + tallies.map { "\($0.warned)" }.joined(separator: " | ") + " |",
            "| denied | " + tallies.map { "\($0.denied)" }.joined(separator: " | ") + " |", "",
            "Requests that each rule denies; one may be denied by several. Old: updates of objects that broke the rule before, which",
            "it warns of. A dash: the bundle does not have the rule.", "",
            "| Rule | baseline | old | strict | old | Kinds that strict denies most |",
            "| --- | ---: | ---: | ---: | ---: | --- |",
        ]
        let isBroken = { (rule: String) in
            tallies.contains { $0.rules[rule].map { $0.denied + $0.old > 0 } ?? false }
        }
        for rule in rules.sorted() where isBroken(rule) {
            let cells = tallies.map { tally in
                tally.rules[rule].map { "\($0.denied) | \($0.old)" } ?? "– | –"
            }
            lines.append("| `\(rule)` | \(cells.joined(separator: " | ")) | \(tallies[1].rules[rule]?.most ?? "") |")
        }
        let unbroken = rules.filter { !isBroken($0) }.sorted().map { "`\($0)`" }
        lines += ["", "Nothing to say had \(unbroken.joined(separator: ", "))."]
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func theTableIsFresh() throws {
        let reviews = try Self.reviews()
        var operations: [String: Int] = [:]
        for review in reviews { operations[review.request.operation.rawValue, default: 0] += 1 }
        var rules: Set<String> = []
        let tallies = try Self.bundles.map { bundle in
            let harness = try Harness(set: nil)
            let folder = PolicyFolder(path: "\(Fixtures.policies)/bundles/\(bundle)", holder: harness.holder)
            #expect(folder.reload().issues.isEmpty)
            let set = try #require(harness.holder.current)
            var tally = Tally()
            for policy in set.names {
                for rule in policy.rules { tally.rules["\(policy.policy)/\(rule)"] = Tally.Count() }
            }
            for review in reviews {
                let decision = set.decide(review.request, mode: .mutateAndValidate)
                #expect(!decision.failures.contains { $0.reason == .error }, "\(review.kind): \(decision.lines)")
                tally.add(decision, of: review.kind)
                // The webhooks, asked one after the other, say the same.
                let (mutation, validation) = try harness.admit(review.body)
                #expect(mutation.isAllowed && validation.isAllowed == decision.allowed, "\(review.kind)")
            }
            rules.formUnion(tally.rules.keys)
            return tally
        }
        let table = Self.table(tallies, rules, operations)
        if ProcessInfo.processInfo.environment["PORTCULLIS_WRITE_TABLES"] == "1" {
            try table.write(toFile: Self.path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: Self.path, encoding: .utf8) == table, "run make corpus-table")
    }
}

extension Decision {
    fileprivate var lines: [String] { failures.map(\.description) }
}
