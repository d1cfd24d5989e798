import Authoring
import Policy
import Testing

/// What tests make of every rule, as they tell it.
@Suite struct CoverageTests {
    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: accounts}
        spec:
          match: {resources: [storage.azure.com/StorageAccount]}
          rules:
            - {name: regions, ifAbsent: Allow, locations: {allow: [westeurope]}}
            - {name: tls, exposure: {minimumTLSVersion: "1.2"}}
            - {name: hot, cel: {expression: "object.spec.?accessTier.orValue('Hot') == 'Hot'"}}
          mutations:
            - {name: team, tags: {default: {team: a}}}
        """

    private func coverage(_ cases: String, _ more: [String: String] = [:]) throws -> Coverage {
        let files = ["p/policy.yaml": Self.policy, "p/tests/suite.yaml": suite(cases)]
        let report = try Files(files.merging(more) { $1 }).run(tasks: .coverage)
        #expect(report.faults.isEmpty)
        return try #require(report.coverage)
    }

    private func tests(_ coverage: Coverage, _ rule: String) throws -> [Coverage.Branch: Int] {
        try #require(coverage.rows.first { $0.rule == rule }).tests
    }

    @Test func everyBranchIsCounted() throws {
        let coverage = try coverage(
            """
            - {name: good, expect: {decision: Allow}}
            - {name: elsewhere, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{rule: regions}]}}
            - {name: nowhere, changes: {spec: {location: null}}, expect: {decision: Allow}}
            - {name: cool, changes: {spec: {accessTier: Cool}}, expect: {decision: Deny, failures: [{rule: hot}]}}
            - name: bare
              changes: {spec: {tags: null, minimumTlsVersion: TLS1_0}}
              expect: {decision: Deny, failures: [{rule: tls}]}
            """
        )
        #expect(coverage.rows.map(\.rule) == ["regions", "tls", "hot", "team"])
        #expect(coverage.rows.map(\.line) == [7, 8, 9, 11])
        #expect(try tests(coverage, "regions") == [.passed: 4, .failed: 1, .absent: 1])
        #expect(try tests(coverage, "tls") == [.passed: 4, .failed: 1])
        #expect(try tests(coverage, "hot") == [.passed: 4, .failed: 1])
        #expect(coverage.rows.map(\.kind) == [.rule, .rule, .expression, .mutation])
        // Denied objects are not patched.
        #expect(coverage.rows.flatMap(\.missing) == [.applied])
        #expect(coverage.coveredCount == 7 && coverage.neededCount == 8 && coverage.percent == 87)
        #expect(coverage.summary == "coverage: 7 of 8 branches, 87 %")
    }

    @Test func whatNoTestDoesIsTold() throws {
        let files = Files([
            "p/policy.yaml": Self.policy, "p/tests/suite.yaml": suite("- {name: good, expect: {decision: Allow}}"),
            "q/policy.yaml": Self.policy.replacing("name: accounts", with: "name: nobody"),
        ])
        let lines = try files.run(tasks: .coverage).text()
        for line in [
            "POLICY    RULE             PASSED  FAILED  ABSENT  UNKNOWN",
            "accounts  regions          1       0       0       -",
            "accounts  team (mutation)  0       -       -       -",
            "p/policy.yaml:7: no test makes accounts/regions fail",
            "p/policy.yaml:7: no test of accounts/regions leaves the value out",
            "p/policy.yaml:9: no test makes accounts/hot false",
            "p/policy.yaml:11: no test gives accounts/team something to do",
            // A policy that no suite names.
            "q/policy.yaml:9: no test makes nobody/hot true",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func waivedAndOldFailuresAreFailures() throws {
        let exception = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyException
            metadata: {name: move}
            spec:
              policies: [{name: accounts, rules: [tls]}]
              subjects: {namespaces: [team-a]}
              expiresAt: 2031-01-31T00:00:00Z
              reason: r
              approvedBy: p
            """
        let coverage = try coverage(
            """
            - name: old
              oldChanges: {spec: {location: uksouth}}
              changes: {spec: {location: uksouth, minimumTlsVersion: TLS1_0}}
              expect: {decision: Allow, exhaustive: false}
            """,
            ["p/exception.yaml": exception]
        )
        #expect(try tests(coverage, "regions") == [.failed: 1])
        #expect(try tests(coverage, "tls") == [.failed: 1])
    }

    @Test func kubernetesPoliciesAndBindingsAreCounted() throws {
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
                - {expression: "has(object.spec.tags)"}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: hot}
            spec: {policyName: hot, validationActions: [Deny]}
            ---
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: all}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: ["*"]}
            """
        let coverage = try coverage(
            """
            - {name: good, changes: {spec: {tags: {team: a}}}, expect: {decision: Allow}}
            - {name: bad, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{count: 1}]}}
            """,
            ["p/policy.yaml": policies]
        )
        #expect(try tests(coverage, "validations[0]") == [.passed: 1, .failed: 1])
        #expect(try tests(coverage, "validations[1]") == [.passed: 2])
        #expect(try tests(coverage, "") == [.passed: 2])
        #expect(coverage.rows.map(\.policy) == Array(repeating: "ValidatingAdmissionPolicy/hot", count: 2) + ["all"])
    }

    @Test func withoutTheTaskNothingIsCounted() throws {
        let files = Files([
            "p/policy.yaml": Self.policy, "p/tests/s.yaml": suite("- {name: c, expect: {decision: Allow}}"),
        ])
        let report = try files.run()
        #expect(report.coverage == nil && report.mutation == nil)
    }
}
