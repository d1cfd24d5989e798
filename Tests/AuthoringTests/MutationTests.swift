import Authoring
import Policy
import Testing

/// Changes of policies, and which of them tests notice.
@Suite struct MutationTests {
    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: accounts}
        spec:
          parameters: {regions: [westeurope, northeurope]}
          match:
            resources: [storage.azure.com/StorageAccount]
          rules:
            - name: regions
              ifAbsent: Deny
              locations:
                allow: "${parameters.regions}"
            - name: tls
              action: Audit
              exposure: {minimumTLSVersion: "1.2"}
            - name: hot
              cel: {expression: "object.spec.?accessTier.orValue('Hot') == 'Hot'"}
        """

    /// Tests that notice everything.
    private static let good = """
        - {name: good, expect: {decision: Allow}}
        - {name: north, changes: {spec: {location: northeurope}}, expect: {decision: Allow}}
        - {name: elsewhere, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{rule: regions}]}}
        - {name: nowhere, changes: {spec: {location: null}}, expect: {decision: Deny, failures: [{rule: regions}]}}
        - {name: cool, changes: {spec: {accessTier: Cool}}, expect: {decision: Deny, failures: [{rule: hot}]}}
        - {name: old, changes: {spec: {minimumTlsVersion: TLS1_1}}, expect: {decision: Allow, audits: [{rule: tls}]}}
        """

    private func mutation(_ cases: String, _ policy: String = policy) throws -> MutationReport {
        let files = Files(["p/policy.yaml": policy, "p/tests/suite.yaml": suite(cases)])
        let report = try files.run(tasks: .mutation)
        #expect(report.faults.isEmpty)
        #expect(report.differences.isEmpty)
        return try #require(report.mutation)
    }

    private func told(_ report: MutationReport) -> [String] {
        report.survivors.map { "\($0.line):\($0.column) \($0.rule): \($0.field) \($0.change)" }
    }

    @Test func goodTestsNoticeEverything() throws {
        let report = try mutation(Self.good)
        #expect(told(report).isEmpty)
        #expect(report.killed > 10)
        #expect(report.summary == "\(report.killed) mutants: \(report.killed) killed, 0 survived")
    }

    /// A case left out, and what nobody notices then.
    @Test(arguments: [
        ("north", ["5:38 regions: spec.parameters.regions without northeurope"]),
        ("nowhere", ["10:17 regions: spec.rules[0].ifAbsent is Allow instead of Deny"]),
        (
            "cool",
            [
                "16:7 hot: spec.rules[2] is dropped",
                "16:7 hot: spec.rules[2].action is Audit instead of Deny",
            ]
        ),
        (
            "old",
            [
                "13:7 tls: spec.rules[1] is dropped", "14:15 tls: spec.rules[1].action is Deny instead of Audit",
                "15:37 tls: spec.rules[1].exposure.minimumTLSVersion is 1.1 instead of 1.2",
            ]
        ),
    ]) func aMissingTestIsTold(_ name: String, _ survivors: [String]) throws {
        let cases = Self.good.split(separator: "\n").filter { !$0.contains("name: \(name),") }.joined(separator: "\n")
        let told = told(try mutation(cases))
        for survivor in survivors {
            #expect(told.contains(survivor), "\(survivor) is not among \(told)")
        }
    }

    @Test func aRefusedValueIsAllowed() throws {
        // The denial is looked for by the rule's name alone in a case that another rule denies as well.
        let cases = """
            - {name: good, expect: {decision: Allow}}
            - name: both
              changes: {spec: {location: uksouth, accessTier: Cool}}
              expect: {decision: Deny, failures: [{rule: hot}], exhaustive: false}
            """
        let told = told(try mutation(cases))
        #expect(told.contains("5:25 regions: spec.parameters.regions with uksouth too"), "\(told)")
    }

    @Test func theOnlyRuleGoesWithItsPolicy() throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: sizes}
            spec:
              rules:
                - name: few
                  skus: {maximum: {nodeCount: 3}}
            """
        let item = policy.split(separator: "\n").joined(separator: "\n    ")
        for policy in [policy, "apiVersion: v1\nkind: List\nitems:\n  - \(item)"] {
            let told = told(try mutation("- {name: c, expect: {decision: Allow}}", policy))
            #expect(told.contains { $0.hasSuffix("few: spec.rules[0] is dropped") }, "\(told)")
            #expect(told.contains { $0.hasSuffix("spec.rules[0].skus.maximum.nodeCount is 4 instead of 3") })
            #expect(told.contains { $0.hasSuffix("spec.rules[0].skus.maximum.nodeCount is 2 instead of 3") })
        }
    }

    /// What is no policy with some value of a parameter is no mutant, whatever other values make of it.
    @Test func whatMakesNoPolicyIsNotCounted() throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: kept}
            spec:
              parameters: {protected: true}
              match: {resources: [storage.azure.com/StorageAccount]}
              rules:
                - name: deletion
                  deletion: {protected: "${parameters.protected}"}
            """
        let report = try mutation(
            """
            - {name: a, operation: DELETE, expect: {decision: Deny, failures: [{rule: deletion}]}}
            - {name: b, operation: DELETE, parameters: {protected: {tags: {keep: "yes"}}}, expect: {decision: Allow}}
            """,
            policy
        )
        #expect(told(report).isEmpty && report.invalid == 1)
        #expect(report.summary == "\(report.killed) mutants: \(report.killed) killed, 0 survived, 1 made no policy")
    }

    @Test func bindingsAndKubernetesPoliciesAreChanged() throws {
        let policies = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: hot}
            spec:
              matchConstraints:
                resourceRules:
                  - {apiGroups: [storage.azure.com], apiVersions: ["*"], operations: [CREATE], resources: ["*"]}
              validations:
                - {expression: "object.spec.location == 'westeurope'"}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: hot}
            spec: {policyName: hot, validationActions: [Deny]}
            ---
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: all}
            spec:
              namespaces: [team-a]
              subscriptions: [22222222-2222-2222-2222-222222222222]
              resourceGroups: ["*"]
              credentials: {allow: [a, b]}
            """
        let told = told(try mutation("- {name: c, expect: {decision: Allow}}", policies))
        #expect(told.contains("9:20 validations[0]: spec.validations[0].expression is true, always"))
        #expect(!told.contains { $0.contains("is negated") })
        #expect(told.contains("14:44 : spec.validationActions is Audit"))
        #expect(told.contains("23:25 : spec.credentials.allow without a"))
    }

    @Test func testsThatFailTellNothingOfMutants() throws {
        let files = Files([
            "p/policy.yaml": Self.policy,
            "p/tests/suite.yaml": suite("- {name: c, expect: {decision: Deny, failures: [{rule: hot}]}}"),
        ])
        let report = try files.run(tasks: .mutation)
        #expect(report.failedCount == 1 && report.mutation == nil)
    }

    @Test func theFormatsTellSurvivors() throws {
        let files = Files([
            "p/policy.yaml": Self.policy, "p/tests/suite.yaml": suite("- {name: c, expect: {decision: Allow}}"),
        ])
        let report = try files.run(tasks: [.mutation, .coverage])
        let line = "SURVIVED p/policy.yaml:10:17: accounts/regions: spec.rules[0].ifAbsent is Allow instead of Deny"
        #expect(report.text().contains(line), "\(report.text())")
        let json = String(decoding: report.json(), as: UTF8.self)
        #expect(
            json.contains(
                #""field":"spec.rules[0].ifAbsent","change":"is Allow instead of Deny","line":10,"column":17"#
            )
        )
        #expect(
            json.contains(
                #""rule":"hot","kind":"expression","file":"p/policy.yaml","line":16,"tests":{"true":1,"false":0},"missing":["false"]"#
            )
        )
    }
}
