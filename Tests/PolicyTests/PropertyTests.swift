import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// What holds for any policies and any objects.
@Suite struct PropertyTests {
    /// Random policies and objects out of a few words, so that they meet.
    struct Maker {
        var random: SplitMix64
        static let regions = ["westeurope", "West Europe", "eastus", "global", "''", "[x]", "5"]
        static let kinds = [
            "storage.azure.com/v1api20230101/StorageAccount", "documentdb.azure.com/v1api20231115/DatabaseAccount",
            "containerservice.azure.com/v1api20240901/ManagedCluster", "sql.azure.com/v1api20211101/ServersDatabase",
            "network.azure.com/v1api20180501/DnsZone", "novel.azure.com/v1/Thing",
        ]

        mutating func one(_ words: [String]) -> String { words.randomElement(using: &random) ?? "" }
        mutating func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

        mutating func rule(_ name: Int) -> String {
            let body = one([
                "locations: {allow: [westeurope, \(one(["northeurope", "eastus"]))]}",
                "locations: {deny: [westus, eastus]}",
                "skus: {allow: ['S*', {tier: Basic}]}",
                "skus: {deny: [S1], maximum: {capacity: 2, vCores: 4, nodeCount: 2}}",
                "tags: {required: {team: {values: [a, b]}, cost: {}}}",
                "tags: {required: {Team: {pattern: '^a'}}, forbidden: ['x*']}",
                "naming: {pattern: '^t'}",
                "exposure: {publicNetworkAccess: Disabled, minimumTLSVersion: '1.2', encryption: Required}",
                "kinds: {deny: ['sql.azure.com/*', 'novel*/*']}",
            ])
            let absent = happens(20) ? ", ifAbsent: \(one(["Allow", "Deny"]))" : ""
            let action = happens(20) ? ", action: \(one(["Warn", "Audit"]))" : ""
            return "{name: r\(name), \(body)\(absent)\(action)}"
        }

        mutating func mutation(_ name: Int) -> String {
            let body = one([
                "tags: {set: {team: \(one(["a", "b", "c"])), new: x}}", "tags: {default: {TEAM: b, cost: q}}",
                "location: {default: westeurope}",
                "credential: {default: c}", "tags: {set: {TEAM: d}}",
            ])
            return "{name: m\(name), \(body)}"
        }

        mutating func policies() -> [(name: String, text: String)] {
            (0..<Int.random(in: 1..<12, using: &random)).map { number in
                let rules = (0..<Int.random(in: 1..<4, using: &random)).map { rule($0) }
                let mutations = (0..<Int.random(in: 0..<3, using: &random)).map { mutation($0) }
                let match = one([
                    "{}", "{namespaces: ['team-*']}", "{namespaces: [team-b]}", "{resources: ['sql*/*', 'storage*/*']}",
                ])
                return (
                    "\(number).yaml",
                    """
                    apiVersion: portcullis.dev/v1alpha1
                    kind: AzurePolicy
                    metadata: {name: p\(number)}
                    spec:
                      match: \(match)
                      failurePolicy: \(one(["Fail", "Ignore"]))
                      rules: [\(rules.joined(separator: ", "))]
                    \(mutations.isEmpty ? "" : "  mutations: [\(mutations.joined(separator: ", "))]")
                    """
                )
            }
        }

        mutating func object() -> String {
            var members: [String] = []
            if happens(80) { members.append("location: \(one(Self.regions))") }
            if happens(10) { members.append("locationFromConfig: {name: a, key: b}") }
            if happens(60) {
                members.append(
                    "sku: {name: \(one(["S1", "S2", "GP_Gen5_8", "''", "{}"])), tier: \(one(["Basic", "Standard"])), capacity: \(one(["1", "9", "x"]))}"
                )
            }
            if happens(60) {
                members.append(
                    "tags: \(one(["{team: a}", "{Team: b, cost: c}", "{TEAM: z, team: a, xx: a}", "{}", "[a]", "'no'", "null"]))"
                )
            }
            if happens(40) { members.append("publicNetworkAccess: \(one(["Enabled", "Disabled", "Odd"]))") }
            if happens(40) {
                members.append("locations: [{locationName: \(one(Self.regions))}, {locationName: eastus}, {}]")
            }
            if happens(40) {
                members.append("agentPoolProfiles: [{name: a, vmSize: Standard_D16s_v3, count: 9}, {name: b}]")
            }
            if happens(20) { members.append("azureName: other") }
            return resource(one(Self.kinds), spec: "{\(members.joined(separator: ", "))}")
        }
    }

    @Test(arguments: 0..<60) func mutatingTwiceIsMutatingOnce(_ seed: Int) throws {
        var maker = Maker(random: SplitMix64(seed: UInt64(seed)))
        let set = try #require(try compile(maker.policies()).set)
        for _ in 0..<10 {
            let object = maker.object()
            let first = try set.decide(.create(object), mode: .mutate)
            guard let patch = first.patch else { continue }
            let document = try #require(try JSONDocument.parseYAML(Array(object.utf8)).first)
            let mutated = try patch.apply(to: document)
            let text = String(decoding: Array(mutated.text), as: UTF8.self)
            let second = try set.decide(.create(text), mode: .mutate)
            #expect(second.patch == nil, "seed \(seed): \(object)")
            // Judging what the patch makes is judging the mutated object.
            let both = try set.decide(.create(object), mode: .mutateAndValidate)
            let later = try set.decide(.create(text), mode: .validate)
            #expect(both.allowed == later.allowed, "seed \(seed): \(object)")
            #expect(both.lines == later.lines)
        }
    }

    @Test(arguments: 0..<60) func theOrderOfFilesDoesNotMatter(_ seed: Int) throws {
        var maker = Maker(random: SplitMix64(seed: UInt64(seed) + 1000))
        let files = maker.policies()
        let set = try #require(try compile(files).set)
        let shuffled = try #require(try compile(files.shuffled(using: &maker.random)).set)
        for _ in 0..<10 {
            let ask = Ask.create(maker.object())
            let one = try set.decide(ask, mode: .mutateAndValidate)
            let other = try shuffled.decide(ask, mode: .mutateAndValidate)
            #expect(one.lines == other.lines)
            #expect(one.warnings == other.warnings)
            #expect(one.patch == other.patch)
            #expect(one.auditAnnotations.map(\.value) == other.auditAnnotations.map(\.value))
        }
    }

    @Test(arguments: 0..<60) func whatChangesNothingIsNotDenied(_ seed: Int) throws {
        var maker = Maker(random: SplitMix64(seed: UInt64(seed) + 2000))
        let set = try #require(try compile(maker.policies()).set)
        for _ in 0..<10 {
            let object = maker.object()
            let decision = try set.decide(.update(object, to: object))
            #expect(
                decision.failures.allSatisfy { $0.effect != .deny || $0.reason == .error },
                "seed \(seed): \(object)"
            )
            // What an update from another object denies, a creation denies too.
            let update = try set.decide(.update(maker.object(), to: object))
            let creation = try set.decide(.create(object))
            #expect(update.allowed || !creation.allowed)
            #expect(update.failures.count == creation.failures.count)
        }
    }

    /// More policies never allow what fewer denied.
    @Test(arguments: 0..<50) func policiesOnlyTakeAway(_ seed: Int) throws {
        var maker = Maker(random: SplitMix64(seed: UInt64(seed) + 3000))
        let files = maker.policies().map {
            (
                name: $0.name,
                text: $0.text.split(separator: "\n").filter { !$0.contains("mutations:") }.joined(separator: "\n")
            )
        }
        let set = try #require(try compile(files).set)
        let fewer = try #require(try compile(Array(files.dropLast())).set)
        for _ in 0..<10 {
            let ask = Ask.create(maker.object())
            #expect(try !set.decide(ask).allowed || fewer.decide(ask).allowed)
        }
    }
}

extension Array<UInt8> {
    fileprivate init(_ span: Span<UInt8>) {
        self = span.indices.map { span[$0] }
    }
}
