import Authoring
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// What is made of measurements; how long anything takes decides no test.
@Suite struct BenchTests {
    private static func timing(_ name: String, _ relative: Double) -> BenchMeasurement.Timing {
        BenchMeasurement.Timing(name: name, microseconds: relative * 100, relative: relative, costUnits: 3)
    }

    private static func measurement(
        total: Double = 1,
        policies: [(String, Double)] = [("a", 0.4), ("b", 0.1)],
        calibration: Double = 100,
        fingerprint: UInt64 = 0xfeed_0000_0000_beef
    ) -> BenchMeasurement {
        BenchMeasurement(
            requestCount: 7,
            fingerprint: fingerprint,
            repeatCount: 20,
            calibrationMicroseconds: calibration,
            total: timing("", total),
            p99Microseconds: 300,
            base: timing("", 0.2),
            policies: policies.map { timing($0.0, $0.1) }
        )
    }

    @Test func whatIsSavedIsReadAgain() throws {
        let measurement = Self.measurement()
        let read = try BenchMeasurement(reading: measurement.json())
        #expect(read.total == measurement.total && read.base == measurement.base)
        #expect(read.policies == measurement.policies && read.fingerprint == measurement.fingerprint)
        #expect(read.requestCount == 7 && read.repeatCount == 20 && read.calibrationMicroseconds == 100)
        #expect(read.json() == measurement.json())
    }

    static let foreign = [
        "", "{", "[]", "{}", "{\"format\": \"portcullis bench\"}", "{\"format\": \"other\", \"version\": 1}", "null",
        "{\"format\": 1}",
    ]

    @Test(arguments: foreign) func foreignFilesAreRefused(_ text: String) {
        #expect(throws: BenchFileError.self) { try BenchMeasurement(reading: Array(text.utf8)) }
    }

    /// A saved file with one text in the place of another.
    private static func changed(_ old: String, _ new: String) -> [UInt8] {
        let text = String(decoding: measurement().json(), as: UTF8.self)
        precondition(text.contains(old), "\(old) is not in \(text)")
        return Array(text.replacing(old, with: new).utf8)
    }

    @Test(arguments: [
        ("\"version\":1", "\"version\":2"), ("\"version\":1", "\"version\":\"1\""),
        ("\"requests\":7", "\"requests\":-7"),
        ("\"requests\":7", "\"requests\":7.5"), ("\"fingerprint\":\"feed", "\"fingerprint\":\"what"),
        ("\"calibrationMicroseconds\":100", "\"calibrationMicroseconds\":0"), ("\"relative\":1", "\"relative\":0"),
        ("\"relative\":1", "\"relative\":-1"), ("\"name\":\"a\"", "\"name\":1"), ("\"policies\":[", "\"policies\":[7,"),
        ("\"total\":{", "\"whole\":{"),
    ])
    func brokenFilesAreRefused(_ old: String, _ new: String) {
        let error = #expect(throws: BenchFileError.self) { try BenchMeasurement(reading: Self.changed(old, new)) }
        #expect(error?.description.isEmpty == false)
    }

    @Test func versionsAreNamed() {
        let error = #expect(throws: BenchFileError.self) {
            try BenchMeasurement(reading: Self.changed("\"version\":1", "\"version\":2"))
        }
        #expect(error?.description.contains("save it anew") == true)
    }

    // MARK: Comparing

    @Test(arguments: [
        (1.0, 20.0, false), (1.19, 20, false), (1.21, 20, true), (0.5, 20, false), (1.05, 0, true), (1.0, 0, false),
    ])
    func theThresholdDecides(_ total: Double, _ threshold: Double, _ isSlower: Bool) throws {
        let comparison = try BenchComparison(
            Self.measurement(),
            Self.measurement(total: total),
            thresholdPercent: threshold
        )
        #expect(comparison.isSlower == isSlower)
        #expect(comparison.rows.first?.ratio == total)
    }

    @Test func anotherMachineIsNoDifference() throws {
        // Twice as slow, and so is the fixed work.
        let slow = Self.measurement(calibration: 200)
        let comparison = try BenchComparison(Self.measurement(), slow, thresholdPercent: 20)
        #expect(!comparison.isSlower)
        #expect(comparison.rows.first?.oldMicroseconds == 200)
    }

    @Test func aPolicyCountsIfItWeighs() throws {
        func isSlower(_ policies: [(String, Double)]) throws -> [String] {
            try BenchComparison(Self.measurement(), Self.measurement(policies: policies), thresholdPercent: 20)
                .rows.filter(\.isSlower).map(\.name)
        }
        #expect(try isSlower([("a", 0.4), ("b", 0.1)]) == [])
        #expect(try isSlower([("a", 0.6), ("b", 0.1)]) == ["a"])
        // Half as much again, but nothing of weight.
        #expect(try isSlower([("a", 0.4), ("b", 0.149)]) == [])
        #expect(try isSlower([("a", 0.4), ("b", 0.16)]) == ["b"])
    }

    @Test func whatCameAndWentHasNoRatio() throws {
        let comparison = try BenchComparison(
            Self.measurement(),
            Self.measurement(policies: [("a", 0.4), ("c", 9)]),
            thresholdPercent: 20
        )
        #expect(comparison.rows.map(\.name) == ["", "a", "c", "b"])
        #expect(comparison.rows.map { $0.ratio == nil } == [false, false, true, true])
        #expect(!comparison.isSlower)
        let text = comparison.text().joined(separator: "\n")
        #expect(text.contains("new") && text.contains("gone") && text.contains("nothing is more than 20 % slower"))
    }

    @Test func otherRequestsCannotBeCompared() {
        #expect(throws: BenchFileError.self) {
            try BenchComparison(Self.measurement(), Self.measurement(fingerprint: 1), thresholdPercent: 20)
        }
    }

    @Test func peopleReadSharesAndUnits() {
        let lines = Self.measurement().text()
        #expect(lines[0].contains("7 requests, 20 repeats: a decision takes 100.00 µs (median), 300.00 µs (p99)"))
        #expect(lines[2].hasPrefix("POLICY") && lines[2].hasSuffix("CEL UNITS"))
        #expect(lines[3].hasPrefix("a ") && lines[3].contains("40.00 µs") && lines[3].contains("57.1 %"))
        #expect(lines[5].hasPrefix("without policies"))
    }

    @Test func namesOfAFileMoveNoCursor() throws {
        let hostile = "a\u{1b}[2J\r\nb"
        let old = Self.measurement(policies: [(hostile, 0.4)])
        let read = try BenchMeasurement(reading: old.json())
        #expect(read.policies.map(\.name) == [hostile])
        let comparison = try BenchComparison(read, Self.measurement(), thresholdPercent: 20)
        for line in comparison.text() + read.text() {
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
        }
    }

    // MARK: Rules

    private static func withRules(_ rules: [(String, Double)]) -> BenchMeasurement {
        BenchMeasurement(
            requestCount: 1,
            fingerprint: 1,
            repeatCount: 1,
            calibrationMicroseconds: 1,
            total: timing("", 1),
            p99Microseconds: 1,
            base: timing("", 0.1),
            policies: [timing("a", 0.4)],
            rules: rules.map { timing($0.0, $0.1) }
        )
    }

    @Test func theSlowestRulesAreListed() throws {
        let measurement = Self.withRules([("a/x", 0.3), ("a/y", 0.1)])
        let lines = measurement.text()
        #expect(lines[6].hasPrefix("RULE") && lines[7].hasPrefix("a/x ") && lines[7].contains("75.0 %"))
        #expect(lines[8].hasPrefix("a/y ") && lines.count == 9)
        #expect(measurement.text(maximumRules: 1).last == "and 1 rules more")
        #expect(measurement.text(maximumRules: 0).count == 5)
        let read = try BenchMeasurement(reading: measurement.json())
        #expect(read.rules == measurement.rules && read.json() == measurement.json())
        #expect(try BenchMeasurement(reading: Self.measurement().json()).rules.isEmpty)
    }

    // MARK: Measuring

    private static let policies = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec: {rules: [{name: eu, locations: {allow: [westeurope]}}]}
        ---
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: tagged}
        spec: {rules: [{name: r, cel: {expression: "has(object.spec.tags)", message: m}}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: team-a}
        """

    /// A clock that is read twice for a thing, which takes as long as anything else.
    private final class Steps {
        private var time = Duration.zero

        func next() -> Duration {
            time += .milliseconds(3)
            return time
        }
    }

    @Test func everyPolicyIsMeasured() throws {
        let library = PolicyLibrary(files: Files(["p.yaml": Self.policies]), configuration: PolicyConfiguration())
        let policies = try #require(library.benchPolicies(ofPaths: ["p.yaml"]))
        #expect(policies.parts.map(\.name) == ["regions", "tagged"])
        let manifest = """
            apiVersion: storage.azure.com/v1api20230101
            kind: StorageAccount
            metadata: {name: a, namespace: team-a}
            spec: {location: westeurope}
            """
        let set = try #require(library.set(ofPaths: ["p.yaml"]).set)
        var run = CheckRun(set, configuration: PolicyConfiguration(), keepsRequests: true)
        run.check(ManifestFile(Array(manifest.utf8), file: "m.yaml"))
        #expect(run.requests.count == 1)
        var seen: [Int] = []
        let measured = BenchRun(policies, run.requests, clock: Steps().next).run(repeats: 3) { seen.append($0) }
        #expect(seen == [1, 2, 3] && measured.repeatCount == 3 && measured.requestCount == 1)
        #expect(Set(measured.policies.map(\.name)) == ["regions", "tagged"])
        let costs = Dictionary(uniqueKeysWithValues: measured.policies.map { ($0.name, $0.costUnits) })
        #expect(costs["regions"] == 0 && costs["tagged"] == 2 && measured.total.costUnits == 2)
        // Everything takes a step of the clock, and a policy by itself no more than none.
        #expect(measured.calibrationMicroseconds == 3000 && measured.p99Microseconds == 3000)
        #expect(measured.total.relative == 1 && measured.total.microseconds == 3000)
        #expect(measured.policies.allSatisfy { $0.relative == 0 && $0.microseconds == 0 })
        #expect(measured.rules.isEmpty)
        let again = BenchRun(policies, run.requests, clock: Steps().next).run(repeats: 1)
        #expect(again.fingerprint == measured.fingerprint)
        var other = CheckRun(set, configuration: PolicyConfiguration(), keepsRequests: true)
        other.check(ManifestFile(Array(manifest.replacing("westeurope", with: "uksouth").utf8), file: "m.yaml"))
        #expect(
            BenchRun(policies, other.requests, clock: Steps().next).run(repeats: 1).fingerprint != measured.fingerprint
        )
    }

    private static let manyRules = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: several}
        spec:
          variables: [{name: tags, expression: "object.spec.tags"}]
          rules:
            - {name: costly, cel: {expression: "variables.tags.all(k, k.matches('^[a-z]+$'))", message: m}}
            - {name: cheap, cel: {expression: "has(object.spec.tags)", message: m}}
            - {name: typed, locations: {allow: [westeurope]}}
          mutations: [{name: tag, tags: {default: {team: a}}}]
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: {name: vap}
        spec:
          matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], operations: ["*"]}]}
          validations: [{expression: "has(object.spec)"}, {expression: "has(object.spec) && has(object.spec.tags)"}]
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata: {name: vap}
        spec: {policyName: vap, validationActions: [Deny]}
        """

    @Test func everyRuleIsMeasuredAlone() throws {
        let library = PolicyLibrary(files: Files(["p.yaml": Self.manyRules]), configuration: PolicyConfiguration())
        let policies = try #require(library.benchPolicies(ofPaths: ["p.yaml"], rules: true))
        let vap = "ValidatingAdmissionPolicy vap"
        #expect(
            policies.rules.map(\.name) == [
                "several/costly", "several/cheap", "several/typed", "several/tag", "\(vap)/validations[0]",
                "\(vap)/validations[1]",
            ]
        )
        let set = try #require(library.set(ofPaths: ["p.yaml"]).set)
        var run = CheckRun(set, configuration: PolicyConfiguration(), keepsRequests: true)
        run.check(ManifestFile(Array(CheckTests.account.utf8), file: "m.yaml"))
        let measured = BenchRun(policies, run.requests, clock: Steps().next).run(repeats: 1)
        let costs = Dictionary(uniqueKeysWithValues: measured.rules.map { ($0.name, $0.costUnits) })
        #expect(costs["several/typed"] == 0 && costs["several/tag"] == 0)
        #expect(try #require(costs["several/costly"]) > #require(costs["several/cheap"]))
        #expect(try #require(costs["\(vap)/validations[1]"]) > #require(costs["\(vap)/validations[0]"]))
    }
}
