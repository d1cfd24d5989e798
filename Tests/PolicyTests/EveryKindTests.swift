import JSON
import Policy
import TestSupport
import Testing

/// Each rule on every kind that has its facet, at every path of the tables: what is wrong there is found there, what is
/// right is not, and what is absent or unknown is what the rule says of it.
@Suite struct EveryKindTests {
    /// What a rule makes of a value at a path of some facet and part.
    struct Probe: Sendable, CustomTestStringConvertible {
        let facet: String
        let part: String
        var senses: Set<String>?
        /// The body of the rule.
        let rule: String
        /// JSON that the rule allows, and JSON that it denies.
        let good: String
        let bad: String
        /// Whether no value and an unknown one are denied where the rule does not say otherwise.
        let isAllowList: Bool

        var testDescription: String { "\(facet).\(part) \(senses?.sorted().joined(separator: ",") ?? "")" }

        init(
            _ facet: String,
            _ part: String,
            senses: Set<String>? = nil,
            _ rule: String,
            good: String,
            bad: String,
            isAllowList: Bool
        ) {
            self.facet = facet
            self.part = part
            self.senses = senses
            self.rule = rule
            self.good = good
            self.bad = bad
            self.isAllowList = isAllowList
        }

        func matches(_ row: FacetRow) -> Bool {
            row.facet == facet && row.part == part && senses?.contains(row.sense) ?? true
        }

        func set(action: String = "Deny", _ extra: String = "") throws -> PolicySet {
            try policies(policy(action: action, rule: rule + extra))
        }
    }

    /// A ceiling of 8 and a value above it, in the unit of the sense.
    private static func ceiling(
        _ field: String,
        _ facet: String,
        _ part: String,
        senses: Set<String>? = nil,
        _ good: String = "8",
        _ bad: String = "9"
    ) -> Probe {
        Probe(
            facet,
            part,
            senses: senses,
            "skus: {maximum: {\(field): 8}}",
            good: good,
            bad: bad,
            isAllowList: false
        )
    }

    /// A switch that is closed when it is off, and one that is closed when it is on.
    private static func closed(_ field: String, _ word: String = "Disabled", senses: String...) -> [Probe] {
        senses.map { sense in
            let (good, bad) =
                ["open", "open/small", "trueOpens"].contains(sense) ? ("false", "true") : ("true", "false")
            let rule = "exposure: {\(field): \(word)}"
            return Probe("exposure", field, senses: [sense], rule, good: good, bad: bad, isAllowList: true)
        }
    }

    static let probes: [Probe] =
        [
            Probe(
                "location",
                "region",
                "locations: {allow: [westeurope]}",
                good: #""West Europe""#,
                bad: #""eastus""#,
                isAllowList: true
            ),
            Probe(
                "tags",
                "map",
                "tags: {required: {cost: {values: [a]}}}",
                good: #"{"cost":"a"}"#,
                bad: #"{"cost":"b"}"#,
                isAllowList: true
            ),
            Probe(
                "sku",
                "name",
                "skus: {allow: ['G*']}",
                good: #""GP_Gen5_2""#,
                bad: #""BC_Gen5_2""#,
                isAllowList: true
            ),
            Probe(
                "zone",
                "zone",
                "zones: {allow: ['1']}",
                good: #""1""#,
                bad: #""2""#,
                isAllowList: true
            ),
            Probe(
                "zone",
                "redundant",
                senses: ["closed"],
                "zones: {redundant: Required}",
                good: #""Enabled""#,
                bad: #""Disabled""#,
                isAllowList: true
            ),
            ceiling("capacity", "capacity", "capacity"),
            ceiling("throughput", "capacity", "throughput"),
            ceiling("vCores", "capacity", "vCores"),
            ceiling("memoryGB", "capacity", "memoryGB", senses: ["GB"]),
            ceiling("memoryGB", "capacity", "memoryGB", senses: ["quantity"], #""8Gi""#, #""8193Mi""#),
            ceiling("storageGB", "storage", "size", senses: ["GB"]),
            ceiling("storageGB", "storage", "size", senses: ["MB"], "8192", "8193"),
            ceiling("storageGB", "storage", "size", senses: ["bytes"], "8589934592", "8589934593"),
        ] + ["count", "minimum", "maximum", "replicas", "shards"].map { ceiling("nodeCount", "nodeCount", $0) } + [
            Probe(
                "tls",
                "minimumVersion",
                "exposure: {minimumTLSVersion: '1.2'}",
                good: #""TLS1_2""#,
                bad: #""TLS1_0""#,
                isAllowList: true
            )
        ] + closed("publicNetworkAccess", senses: "open", "open/small")
        + closed("publicAccess", senses: "open", "trueOpens")
        + closed("external", senses: "open", "trueOpens", "trueCloses")
        + closed("nodePublicIP", senses: "trueOpens", "trueCloses")
        + closed("localAuthentication", senses: "open", "closed", "trueOpens", "trueCloses")
        + closed("defaultAction", "Deny", senses: "open") + closed("privateCluster", "Required", senses: "trueCloses")

    /// A resource of the row's kind with something at its path.
    static func resource(_ row: FacetRow, _ object: String) -> String {
        let known = row.kind == "*" ? ("storage.azure.com", "StorageAccount") : (row.group, row.kind)
        let (group, kind) = row.kind == "?" ? ("unheard.azure.com", "Thing") : known
        let metadata = row.path.hasPrefix("metadata.") ? "" : #""metadata":{"name":"thing","namespace":"team-a"},"#
        let head = #"{"apiVersion":"\#(group)/\#(row.version)","kind":"\#(kind)",\#(metadata)"#
        return head + object.dropFirst()
    }

    /// The failures of the rule at the row's path.
    private static func failures(_ set: PolicySet, _ ask: Ask, _ row: FacetRow) throws -> [Failure] {
        try set.decide(ask).failures.filter { $0.policy == "p" && FacetRow.pattern(of: $0.path).hasPrefix(row.pattern) }
    }

    @Test(arguments: probes) func judgesEveryKind(_ probe: Probe) throws {
        let deny = try probe.set()
        let others = [(Failure.Effect.warn, try probe.set(action: "Warn")), (.audit, try probe.set(action: "Audit"))]
        let lenient = try probe.set(", ifAbsent: Allow, ifUnknown: Allow")
        let strict = try probe.set(", ifAbsent: Deny, ifUnknown: Deny")
        // What the provider takes where nothing is said is judged as if it were said.
        let defaulted = Set(try AzureDataFiles.rows("defaults.tsv").map { "\($0[0])/\($0[1]) \($0[2])" })
        var count = 0
        for row in try FacetRow.all() where probe.matches(row) {
            count += 1
            let good = Self.resource(row, row.object(value: probe.good))
            let bad = Self.resource(row, row.object(value: probe.bad))
            #expect(try Self.failures(deny, .create(good), row).isEmpty, "\(row) allows \(probe.good)")
            #expect(try Self.failures(deny, .create(bad), row).map(\.effect) == [.deny], "\(row) denies \(probe.bad)")
            for (effect, set) in others {
                #expect(try Self.failures(set, .create(bad), row).map(\.effect) == [effect], "\(row)")
                #expect(try set.decide(.create(bad)).allowed, "\(row)")
            }
            #expect(try Self.failures(deny, .update(good, to: bad), row).map(\.effect) == [.deny], "\(row), new")
            #expect(try Self.failures(deny, .update(bad, to: bad), row).map(\.effect) == [.ratcheted], "\(row), old")
            #expect(try Self.failures(deny, .update(bad, to: good), row).isEmpty, "\(row), mended")
            guard row.endsWithName else { continue }
            let absent = Self.resource(row, row.object(value: "", missing: 1))
            let unknown = Self.resource(row, row.object(value: "{}", suffix: "FromConfig"))
            if row.absence != "present" {
                if !defaulted.contains("\(row.group)/\(row.kind) \(row.path)") {
                    #expect(
                        try Self.failures(deny, .create(absent), row).isEmpty == !probe.isAllowList,
                        "\(row) absent"
                    )
                }
                #expect(try !Self.failures(strict, .create(absent), row).isEmpty, "\(row) absent, ifAbsent: Deny")
            }
            #expect(try Self.failures(lenient, .create(absent), row).isEmpty, "\(row) absent, ifAbsent: Allow")
            #expect(try Self.failures(deny, .create(unknown), row).isEmpty == !probe.isAllowList, "\(row) unknown")
            #expect(try !Self.failures(strict, .create(unknown), row).isEmpty, "\(row) unknown, ifUnknown: Deny")
            #expect(try Self.failures(lenient, .create(unknown), row).isEmpty, "\(row) unknown, ifUnknown: Allow")
        }
        #expect(count > 0)
    }
}
