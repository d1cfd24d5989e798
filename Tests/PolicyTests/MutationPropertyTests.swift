import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// What holds for any mutations and any objects.
@Suite struct MutationPropertyTests {
    /// Random policies that mutate, and values that their paths meet.
    struct Maker {
        var base: PropertyTests.Maker

        init(seed: UInt64) {
            base = PropertyTests.Maker(random: SplitMix64(seed: seed))
        }

        mutating func mutation(_ name: Int) -> String {
            let body = base.one([
                "defaults: {spec.minimumTlsVersion: TLS1_2, spec.sku.tier: Basic}", "defaults: {spec.sku.name: S2}",
                "set: {spec.publicNetworkAccess: Disabled}", "set: {spec.a.b: {c: 1}}",
                "set: {spec.a.b.c: 2, spec.a.d: x}",
                "remove: [spec.a.b, spec.publicNetworkAccess]", "remove: [spec.tags]",
                "remove: ['spec.locations[locationName=eastus]']",
                "set: {'spec.agentPoolProfiles[].count': 3}", "defaults: {'spec.agentPoolProfiles[].fips': true}",
                "set: {spec.tags.team: a}", "tags: {set: {TEAM: b}}", "tags: {default: {team: c, cost: q}}",
                "tags: {inherit: [cost]}", "tags: {remove: ['x*', TEAM]}", "location: {default: westeurope}",
                "location: {fromNamespaceLabel: region}", "credential: {default: c}",
                "azureName: {default: '${namespace}-${name}'}",
                "set: {\"metadata.labels['team']\": a}",
                "defaults: {\"metadata.annotations['a/b']\": \"${namespaceObject.metadata.name}\"}",
                "sku: {downgrade: {to: [GP_Gen5_2, GP_Gen5_4, {name: S1, tier: Basic}], maximumCapacity: 2}}",
                "sku: {downgrade: {to: [Standard_D2s_v3, Standard_D8s_v3]}}",
                "sku: {downgrade: {to: [Standard_D4s_v3]}}",
            ])
            return "{name: m\(name), \(body)}"
        }

        mutating func set(beside others: [(name: String, text: String)] = []) throws -> PolicySet {
            var files = others
            for number in 0..<Int.random(in: 1..<8, using: &base.random) {
                var mutations: [String] = []
                for name in 0..<Int.random(in: 1..<4, using: &base.random) { mutations.append(mutation(name)) }
                let text = MutationTests.mutating(
                    "[\(mutations.joined(separator: ", "))]",
                    name: "p\(number)",
                    failurePolicy: base.one(["Fail", "Ignore"])
                )
                files.append((name: "\(number).yaml", text: text))
            }
            let labels = "{cost: c1, region: northeurope}"
            let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: \(labels)}"
            files.append((name: "n.yaml", text: namespace))
            let result = try compile(files)
            return try #require(result.set, "\(result.errors)")
        }
    }

    @Test(arguments: 0..<60) func mutatingTwiceIsMutatingOnce(_ seed: Int) throws {
        var maker = Maker(seed: UInt64(seed) + 9000)
        let set = try maker.set()
        for _ in 0..<10 {
            let object = maker.base.object()
            let first = try set.decide(.create(object), mode: .mutate)
            // What was skipped may find its footing in what others have made of the object.
            guard let patch = first.patch, !first.isBroken else { continue }
            let result = try patch.apply(to: document(object))
            let mutated = String(result.text)
            let second = try set.decide(.create(mutated), mode: .mutate)
            #expect(second.patch == nil, "seed \(seed): \(object) \(text(patch)) \(second.patch.map(text) ?? "")")
        }
    }

    /// A manifest that is applied again changes nothing of what it has become: replaced as it is, or merged onto that.
    @Test(arguments: 0..<60) func applyingAgainChangesNothing(_ seed: Int) throws {
        var maker = Maker(seed: UInt64(seed) + 12_000)
        let set = try maker.set()
        for _ in 0..<10 {
            let manifest = maker.base.object()
            let creation = try set.decide(.create(manifest), mode: .mutate)
            guard !creation.isBroken else { continue }
            try Self.expectStable(set, manifest, creation.patch, namespace: "team-a")
        }
    }

    /// What is judged is what is stored: the object as the mutations leave it, on CREATE and UPDATE.
    @Test(arguments: 0..<100) func theMutatedObjectIsJudged(_ seed: Int) throws {
        var maker = Maker(seed: UInt64(seed) + 15_000)
        let rules = (0..<3).map { maker.base.rule($0) }.joined(separator: ", ")
        let judge = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: z}
            spec: {rules: [\(rules)]}
            """
        let set = try maker.set(beside: [(name: "z.yaml", text: judge)])
        for _ in 0..<10 {
            let (old, object) = (maker.base.object(), maker.base.object())
            for ask in [Ask.create(object), .update(old, to: object)] {
                let mutation = try set.decide(ask, mode: .mutate)
                guard !mutation.isBroken else { continue }
                let stored = try (mutation.patch ?? JSONPatch()).apply(to: document(object))
                var second = ask
                second.object = String(stored.text)
                #expect(try set.decide(second, mode: .mutate).patch == nil, "seed \(seed): \(object)")
                let both = try set.decide(ask, mode: .mutateAndValidate)
                let later = try set.decide(second, mode: .validate)
                #expect(both.allowed == later.allowed, "seed \(seed): \(object)")
                #expect(both.lines == later.lines, "seed \(seed): \(object)")
                if both.allowed { #expect(both.patch == mutation.patch) }
            }
        }
    }

    /// What a set makes of a stored object when its manifest comes once more.
    static func expectStable(
        _ set: PolicySet,
        _ manifest: String,
        _ patch: JSONPatch?,
        namespace: String?
    ) throws {
        let sent = try document(manifest)
        let stored = try (patch ?? JSONPatch()).apply(to: sent)
        let applied = merged(JSONFragment(sent), onto: JSONFragment(stored)).document
        for object in [sent, applied] {
            let (old, new) = (String(stored.text), String(object.text))
            let ask = Ask.update(old, to: new, namespace: namespace)
            let decision = try set.decide(ask, mode: .mutate)
            let result = try (decision.patch ?? JSONPatch()).apply(to: object)
            let isSame = JSONFragment(result) == JSONFragment(stored)
            let patch = decision.patch.map { text($0) } ?? "no patch"
            #expect(isSame, "\(new) \(patch) \(old)")
        }
    }

    /// What an apply sends: objects are merged, everything else is the manifest's.
    static func merged(_ manifest: JSONFragment, onto stored: JSONFragment) -> JSONFragment {
        JSONFragment { write(manifest, onto: stored, to: &$0) }
    }

    private static func write(_ manifest: JSONFragment, onto stored: JSONFragment, to writer: inout JSONWriter) {
        let (new, old) = (manifest.document, stored.document)
        guard manifest.value.isObject, stored.value.isObject else { return writer.copy(manifest) }
        writer.beginObject()
        for (key, value) in old.members(of: stored.value) {
            let name = old.string(key) ?? ""
            writer.key(name)
            if let own = new.member(name, of: manifest.value) {
                write(JSONFragment(new, own), onto: JSONFragment(old, value), to: &writer)
            } else {
                writer.copy(value, in: old)
            }
        }
        for (key, value) in new.members(of: manifest.value) {
            // What a mutation has taken away comes again.
            let name = new.string(key) ?? ""
            guard old.member(name, of: stored.value) == nil else { continue }
            writer.key(name)
            writer.copy(value, in: new)
        }
        writer.endObject()
    }
}

/// The same with recorded objects.
@Suite(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence)))
struct MutationCorpusTests {
    static let policy = MutationTests.mutating(
        """
        [{name: tls, defaults: {spec.minimumTlsVersion: TLS1_2, spec.publicNetworkAccess: Disabled}},
         {name: set, set: {spec.disableLocalAuth: true, "metadata.labels['managed']": 'yes'}},
         {name: remove, remove: [spec.supportsHttpsTrafficOnly, spec.networkAcls.bypass]},
         {name: pools, defaults: {'spec.agentPoolProfiles[].enableFIPS': true}},
         {name: tags, tags: {set: {managed-by: portcullis}}}, {name: more, tags: {default: {environment: dev}}},
         {name: inherit, tags: {inherit: [team]}}, {name: less, tags: {remove: ['tmp*']}},
         {name: region, location: {fromNamespaceLabel: region}}, {name: location, location: {default: westus3}},
         {name: credential, credential: {default: c}}, {name: name, azureName: {default: '${namespace}-${name}'}},
         {name: sku, sku: {downgrade: {to: [Standard_D2s_v3, GP_Gen5_2], maximumCapacity: 1}}}]
        """
    )

    /// Every recorded object and every sample: mutated once it stays, and its manifest changes nothing when it comes again.
    @Test func mutationsAreStable() throws {
        let reviews = try Corpus.reviews().map { try AdmissionReview.decode(JSONDocument(parsing: $0)) }
        let namespaces = Set(reviews.compactMap { review in review.namespace.flatMap { review.document.string($0) } })
        var files = [(name: "p.yaml", text: Self.policy)]
        for name in namespaces.sorted() {
            let labels = "{team: blue, region: eastus}"
            let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: \(labels)}"
            files.append((name: "\(name).yaml", text: text))
        }
        let set = try #require(try compile(files).set)
        var changed = 0
        for review in reviews {
            guard review.operation == .create, let object = review.object else { continue }
            let fragment = JSONFragment(review.document, object)
            let decision = set.decide(review, mode: .mutate)
            #expect(!decision.isBroken, "\(decision.lines)")
            guard let patch = decision.patch else { continue }
            changed += 1
            let namespace = review.namespace.flatMap { review.document.string($0) }
            let stored = try patch.apply(to: fragment)
            let again = try Ask.create(String(stored.text), namespace: namespace).request()
            #expect(set.decide(again, mode: .mutate).patch == nil)
            let manifest = try JSONPatch().apply(to: fragment)
            let text = String(manifest.text)
            try MutationPropertyTests.expectStable(set, text, patch, namespace: namespace)
        }
        #expect(changed > 100)
    }
}
