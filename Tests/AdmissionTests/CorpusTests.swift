import Foundation
import JSON
import TestSupport
import Testing

/// The recorded reviews of a real API server, offline, and what a plain reading of the facts says of them.
@Suite(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence)))
struct CorpusTests {
    /// Every rule and mutation there is, for all namespaces.
    static let broad = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: broad}
        spec:
          rules:
            - {name: regions, locations: {allow: [westeurope, northeurope, westus2, westus3, australiaeast], global: Allow}}
            - {name: skus, skus: {allow: ["Standard*", {tier: GeneralPurpose}], deny: ["*_v2"], maximum: {vCores: 4, storageGB: 128, nodeCount: 2, capacity: 10}}}
            - {name: tags, tags: {required: {cost-center: {pattern: "^CC-[0-9]{4}$"}}, forbidden: ["tmp*"]}}
            - {name: names, naming: {pattern: "^[a-z0-9-]{3,63}$"}}
            - {name: closed, exposure: {publicNetworkAccess: Disabled, minimumTLSVersion: "1.2"}}
            - {name: kinds, action: Warn, kinds: {deny: ["*.azure.com/*FirewallRule"]}}
          mutations:
            - {name: owner, tags: {set: {owner: team-a}}}
            - {name: environment, tags: {default: {environment: test}}}
            - {name: region, location: {default: westeurope}}
            - {name: credential, credential: {default: team-credential}}
        ---
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: all}
        spec:
          namespaces: ["*"]
          tenant: 11111111-1111-1111-1111-111111111111
          subscriptions: [22222222-2222-2222-2222-222222222222]
          resourceGroups: ["team-*"]
          credentials: {allow: [team-credential]}
        """

    private static func isBasic(_ review: Review, of body: [UInt8]) throws {
        // `review(of:)` has checked the contract; what is left is that a denial says something of every failure.
        #expect(review.isAllowed || review.causes.count >= review.message.split(separator: "\n").count - 1)
    }

    @Test func everyReviewIsAnswered() throws {
        let reviews = try Corpus.reviews()
        #expect(reviews.count == 1193)
        for harness in [try Harness.shipped(), try Harness(policies: Self.broad)] {
            for body in reviews {
                let (mutation, validation) = try harness.admit(body)
                #expect(mutation.isAllowed)
                try Self.isBasic(validation, of: body)
            }
        }
    }

    @Test func mutationsAreIdempotentAndDoWhatTheySay() throws {
        let harness = try Harness(policies: Self.broad)
        var patches = 0
        for body in try Corpus.reviews() {
            let review = try harness.ask(body, at: "/mutate").review(of: body)
            guard try review.patch() != nil, try Subject(body).kind != "subscription.azure.com/Alias" else { continue }
            patches += 1
            let patched = try review.patched(body)
            #expect(try harness.ask(patched, at: "/mutate").review(of: patched).patch() == nil)
            let before = try Subject(body)
            let after = try Subject(patched)
            #expect(after.string("metadata/annotations/serviceoperator.azure.com~1credential-from") != nil)
            // Only what the mutations name has changed.
            for fact in Facts.facts(of: before.kind) where fact.isPlainLocation {
                let old = before.values(at: fact.path)
                #expect(
                    after.values(at: fact.path) == (old.isEmpty && fact.path == "spec.location" ? ["westeurope"] : old)
                )
            }
            if Facts.facts(of: before.kind).contains(where: { $0.fact == "tags" && $0.path == "spec.tags{}" }) {
                #expect(after.string("spec/tags/owner") == "team-a")
                // Azure does not tell `Environment` from `environment`, so the one that is there stays alone.
                let old = before.tags(named: "environment")
                #expect(after.tags(named: "environment") == (old.isEmpty ? ["test"] : old))
            }
            #expect(after.without(["tags", "location"]) == before.without(["tags", "location"]))
        }
        #expect(patches > 500)
    }

    static let regions = ["westeurope", "northeurope", "westus2"]

    /// Locations: every known place that the facts name must hold one of three regions.
    @Test func locationsAreJudgedAsThePlainCheckJudgesThem() throws {
        let harness = try Harness(
            policies: """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: regions}
                spec:
                  rules:
                    - name: regions
                      ifAbsent: Allow
                      ifUnknown: Allow
                      locations: {allow: [\(Self.regions.joined(separator: ", "))], global: Allow}
                """
        )
        var denied = 0
        for body in try Corpus.reviews() {
            let subject = try Subject(body)
            guard subject.isJudged else { continue }
            var expected: Set<String> = []
            for fact in Facts.facts(of: subject.kind) where fact.isPlainLocation {
                for value in subject.values(at: fact.path) {
                    let region = value.lowercased().filter { $0 != " " }
                    if !Self.regions.contains(region) && region != "global" { expected.insert(value) }
                }
            }
            let review = try harness.ask(body).review(of: body)
            #expect(review.isAllowed == expected.isEmpty, "\(subject.kind) \(expected) \(review.message)")
            for value in expected { #expect(review.message.contains("\"\(value)\""), "\(review.message)") }
            if !review.isAllowed { denied += 1 }
        }
        #expect(denied > 100)
    }

    /// SKUs: where the facts name a `sku.name`, it must be none of those that begin with Standard or Basic; where there is none,
    /// what Azure takes then must not either.
    @Test func skusAreJudgedAsThePlainCheckJudgesThem() throws {
        let harness = try Harness(
            policies: """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: skus}
                spec:
                  rules:
                    - {name: skus, skus: {deny: [{name: "Standard*"}, {name: "Basic*"}]}}
                """
        )
        var denied = 0
        for body in try Corpus.reviews() {
            let subject = try Subject(body)
            guard subject.isJudged else { continue }
            var expected: Set<String> = []
            for fact in Facts.facts(of: subject.kind) where ["sku-name", "sku-scalar", "vm-size"].contains(fact.fact) {
                let values = subject.values(at: fact.path)
                // Of the corpus' kinds this is the only one that Azure gives such an SKU.
                let taken =
                    values.isEmpty && subject.kind == "containerinstance.azure.com/ContainerGroup" ? ["Standard"] : []
                for value in values + taken
                where value.lowercased().hasPrefix("standard") || value.lowercased().hasPrefix("basic") {
                    expected.insert(value)
                }
            }
            let review = try harness.ask(body).review(of: body)
            #expect(review.isAllowed == expected.isEmpty, "\(subject.kind) \(expected) \(review.message)")
            for value in expected { #expect(review.message.contains(value), "\(review.message)") }
            if !review.isAllowed { denied += 1 }
        }
        #expect(denied > 50)
    }

    /// Tags: a kind that has them at `spec.tags` must have `cost-center`.
    @Test func tagsAreJudgedAsThePlainCheckJudgesThem() throws {
        let harness = try Harness(
            policies: """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: tags}
                spec:
                  rules:
                    - {name: tags, tags: {required: {cost-center: {}}}}
                """
        )
        var (denied, allowed) = (0, 0)
        for body in try Corpus.reviews() {
            let subject = try Subject(body)
            guard subject.isJudged else { continue }
            let hasTags = Facts.facts(of: subject.kind).contains { $0.fact == "tags" && $0.path == "spec.tags{}" }
            let isTagged = subject.string("spec/tags/cost-center") != nil
            let review = try harness.ask(body).review(of: body)
            #expect(review.isAllowed == (!hasTags || isTagged), "\(subject.kind) \(review.message)")
            if review.isAllowed { allowed += 1 } else { denied += 1 }
        }
        #expect(denied > 100 && allowed > 100)
    }
}

/// `facts/aso-policy-facts.csv`, as a test reads it: split at commas.
private enum Facts {
    struct Fact {
        let path: String
        let fact: String

        /// A region; an extended location is no region, nor is the geography of Communication Services (`UnitedStates`).
        var isPlainLocation: Bool {
            (fact == "location" || fact == "location-extra") && !path.contains("extendedLocation")
                && !path.hasSuffix("dataLocation")
        }
    }

    private static let rows: [String: [Fact]] = {
        let text =
            (try? String(contentsOf: Corpus.facts.appending(path: "aso-policy-facts.csv"), encoding: .utf8)) ?? ""
        var rows: [String: [Fact]] = [:]
        for line in text.split(whereSeparator: \.isNewline).dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count >= 5 else { continue }
            rows["\(cells[0])/\(cells[1])", default: []].append(Fact(path: String(cells[3]), fact: String(cells[4])))
        }
        return rows
    }()

    static func facts(of kind: String) -> [Fact] { rows[kind] ?? [] }
}

/// The object of a review as Foundation sees it: another reader than the one under test.
private struct Subject {
    let kind: String
    private let request: [String: Any]
    private let object: [String: Any]

    init(_ body: [UInt8]) throws {
        let root = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        request = try #require(root["request"] as? [String: Any])
        let kind = try #require(request["kind"] as? [String: Any])
        self.kind = "\(kind["group"] ?? "")/\(kind["kind"] ?? "")"
        object = request["object"] as? [String: Any] ?? [:]
    }

    /// Whether the plain checks apply: a CREATE, because on UPDATE old failures only warn, of a kind that the facts name.
    ///
    /// They lack `subscription.azure.com/Alias`, whose tags (`spec.properties.additionalProperties.tags`) the tables know
    /// from its CRD.
    var isJudged: Bool {
        request["operation"] as? String == "CREATE" && kind != "subscription.azure.com/Alias"
    }

    /// The strings at a path of the facts (`spec.locations[].locationName`, `spec.tags{}`).
    func values(at path: String) -> [String] {
        var values: [Any] = [object]
        for step in path.split(separator: ".") {
            let name = step.prefix { $0 != "[" && $0 != "{" }
            values = values.compactMap { ($0 as? [String: Any])?[String(name)] }
            var rest = step.dropFirst(name.count)
            while !rest.isEmpty {
                if rest.hasPrefix("[]") {
                    values = values.flatMap { $0 as? [Any] ?? [] }
                } else {
                    values = values.flatMap { ($0 as? [String: Any]).map { Array($0.values) } ?? [] }
                }
                rest = rest.dropFirst(2)
            }
        }
        return values.compactMap { $0 as? String }
    }

    /// The values of tags with a name, in whatever case it is written.
    func tags(named name: String) -> [String] {
        let tags = (object["spec"] as? [String: Any])?["tags"] as? [String: String] ?? [:]
        return tags.filter { $0.key.lowercased() == name }.map(\.value)
    }

    func string(_ pointer: String) -> String? {
        var value: Any? = object
        for token in pointer.split(separator: "/") {
            value = (value as? [String: Any])?[String(token).replacing("~1", with: "/")]
        }
        return value as? String
    }

    /// The spec without some members, in a form that can be compared.
    func without(_ names: [String]) -> String {
        var spec = object["spec"] as? [String: Any] ?? [:]
        for name in names { spec[name] = nil }
        let data = (try? JSONSerialization.data(withJSONObject: spec, options: .sortedKeys)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
