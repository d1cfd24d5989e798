import Authoring
import Foundation
import Policy
import TestSupport
import Testing

@Suite struct SuiteTests {
    /// Cases that say what happens, in all words that there are.
    static let passing: [(name: String, text: String)] = [
        ("allowed as it is", "- {name: c, expect: {decision: Allow}}"),
        (
            "denied for a rule",
            "- {name: c, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{rule: regions}]}}"
        ),
        (
            "denied at a field with a value and a part of the message",
            """
            - name: c
              changes: {spec: {location: uksouth}}
              expect:
                decision: Deny
                failures:
                  - {policy: accounts, rule: regions, field: spec.location, value: uksouth, message: {contains: westeurope}}
            """
        ),
        (
            "a message by its pattern",
            """
            - name: c
              changes: {spec: {location: uksouth}}
              expect: {decision: Deny, failures: [{message: {matches: "^spec.location is .uksouth.*northeurope"}}]}
            """
        ),
        (
            "a warning",
            """
            - name: c
              changes: {spec: {minimumTlsVersion: TLS1_0}}
              expect: {decision: Allow, warnings: [{rule: tls, field: spec.minimumTlsVersion}]}
            """
        ),
        (
            "what only logs know",
            "- {name: c, changes: {spec: {tags: {owner: null}}}, expect: {decision: Allow, audits: [{rule: owner}]}}"
        ),
        (
            "an update of what was wrong before",
            """
            - name: c
              oldChanges: {spec: {location: uksouth}}
              changes: {spec: {location: uksouth, accessTier: Hot}}
              expect: {decision: Allow, warnings: [{rule: regions, message: {contains: as before this update}}]}
            """
        ),
        (
            "an update of an object of its own",
            """
            - name: c
              old:
                apiVersion: storage.azure.com/v1api20230101
                kind: StorageAccount
                metadata: {name: data, namespace: team-a}
                spec: {location: westeurope}
              expect: {decision: Allow}
            """
        ),
        ("a deletion, which the policy does not judge", "- {name: c, operation: DELETE, expect: {decision: Allow}}"),
        (
            "what a mutation changes",
            """
            - name: c
              changes: {spec: {tags: {team: null}}}
              expect: {decision: Allow, patchedChanges: {spec: {tags: {team: a}}}}
            """
        ),
        (
            "the patched object",
            """
            - name: c
              changes: {spec: {tags: {team: null}}}
              expect:
                decision: Allow
                patched:
                  apiVersion: storage.azure.com/v1api20230101
                  kind: StorageAccount
                  metadata: {name: data}
                  spec: {location: westeurope, minimumTlsVersion: TLS1_2, tags: {owner: me, team: a}}
            """
        ),
        (
            "another value of a parameter",
            "- {name: c, parameters: {regions: [uksouth]}, changes: {spec: {location: uksouth}}, expect: {decision: Allow}}"
        ),
        (
            "how many there are",
            """
            - name: c
              manifest:
                apiVersion: documentdb.azure.com/v1api20231115
                kind: DatabaseAccount
                metadata: {name: data, namespace: team-a}
                spec: {location: westeurope, locations: [{locationName: uksouth}, {locationName: eastus}], tags: {owner: me}}
              expect:
                decision: Deny
                failures: [{rule: regions, count: 2}]
                audits: [{rule: owner, count: 0}]
                exhaustive: false
            """
        ),
        (
            "all that is said by their number",
            "- {name: c, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{count: 1}]}}"
        ),
        (
            "what one rule says of an object that another denies",
            """
            - name: c
              changes: {spec: {location: uksouth, minimumTlsVersion: TLS1_0}}
              expect: {decision: Allow, only: tls, warnings: [{rule: tls}]}
            """
        ),
        (
            "a denial by one rule alone",
            """
            - name: c
              changes: {spec: {location: uksouth, minimumTlsVersion: TLS1_0, tags: null}}
              expect: {decision: Deny, only: [accounts/regions, owner], failures: [{rule: regions}], audits: [{rule: owner}]}
            """
        ),
        (
            "only some of what happens",
            """
            - name: c
              changes: {spec: {location: uksouth, minimumTlsVersion: TLS1_0}}
              expect: {decision: Deny, failures: [{rule: regions}], exhaustive: false}
            """
        ),
    ]

    @Test(arguments: passing) func passes(_ item: (name: String, text: String)) throws {
        // For one of them: what a policy for all kinds says.
        let policy = accountPolicy.replacing("storage.azure.com/StorageAccount", with: #""*.azure.com/*""#)
        let report = try report(item.text, item.text.contains("documentdb") ? ["p/policy.yaml": policy] : [:])
        #expect(report.faults.isEmpty)
        #expect(report.differences.isEmpty)
        #expect(report.caseCount == 1 && report.failedCount == 0)
    }

    /// Cases that do not say what happens, and what is told of them.
    static let failing: [(text: String, differences: [String])] = [
        (
            "- {name: c, expect: {decision: Deny, failures: [{rule: regions}]}}",
            ["decision: Deny / Allow", "failures: */regions / nothing"]
        ),
        (
            "- {name: c, changes: {spec: {minimumTlsVersion: TLS1_0}}, expect: {decision: Allow}}",
            [
                "warnings: nothing / accounts/tls: spec.minimumTlsVersion is \"TLS1_0\"; allowed: TLS1_2 or later; set spec.minimumTlsVersion to TLS1_2 or later"
            ]
        ),
        (
            """
            - name: c
              changes: {spec: {location: uksouth}}
              expect: {decision: Deny, failures: [{rule: regions, field: spec.region, value: eastus}]}
            """,
            [
                "failures: accounts/regions: field spec.region / accounts/regions: field spec.location",
                "failures: accounts/regions: value eastus / accounts/regions: value uksouth",
            ]
        ),
        (
            "- {name: c, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{rule: regions, count: 2}]}}",
            ["failures: */regions / nothing"]
        ),
        (
            """
            - name: c
              changes: {spec: {minimumTlsVersion: TLS1_0}}
              expect: {decision: Allow, warnings: [{rule: tls, count: 0}]}
            """,
            [
                "warnings: no */tls / accounts/tls: spec.minimumTlsVersion is \"TLS1_0\"; allowed: TLS1_2 or later; set spec.minimumTlsVersion to TLS1_2 or later"
            ]
        ),
        (
            "- {name: c, changes: {spec: {location: uksouth}}, expect: {decision: Deny, only: tls, failures: [{rule: tls}]}}",
            ["decision: Deny / Allow", "failures: */tls / nothing"]
        ),
        (
            "- {name: c, changes: {spec: {tags: {team: null}}}, expect: {decision: Allow}}",
            [#"patched: nothing / spec.tags.team: "a""#]
        ),
        (
            "- {name: c, expect: {decision: Allow, patchedChanges: {spec: {accessTier: Hot, location: null}}}}",
            [
                #"patched: spec.accessTier: "Hot" / nothing"#, #"patched: nothing / spec.location: "westeurope""#,
            ]
        ),
    ]

    @Test(arguments: failing) func tellsWhatDiffers(_ item: (text: String, differences: [String])) throws {
        let report = try report(item.text)
        #expect(report.faults.isEmpty)
        #expect(report.failedCount == 1)
        #expect(report.differences.sorted() == item.differences.sorted())
    }

    @Test func eachExpectationTakesAFailureOfItsOwn() throws {
        // The first expectation fits both failures, the second only that which the first would take.
        let text = """
            - name: c
              manifest:
                apiVersion: documentdb.azure.com/v1api20231115
                kind: DatabaseAccount
                metadata: {name: data, namespace: team-a}
                spec: {location: westeurope, locations: [{locationName: uksouth}, {locationName: eastus}]}
              expect: {decision: Deny, failures: [{rule: regions}, {value: uksouth}]}
            """
        let policy = accountPolicy.replacing("storage.azure.com/StorageAccount", with: #""*.azure.com/*""#)
        let report = try report(text, ["p/policy.yaml": policy])
        #expect(report.faults.isEmpty)
        #expect(report.differences.filter { $0.hasPrefix("failures") }.isEmpty)
    }

    @Test func namespacesParametersAndUsersAreTheSuites() throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: tiers}
            spec:
              match: {namespaceSelector: {matchLabels: {tier: small}}, users: ["*:robot"], groups: ["system:serviceaccounts:ci"]}
              params: {kind: ConfigMap, name: limits, namespace: platform}
              rules:
                - name: kept
                  cel: {expression: "params.data.region == object.spec.location && request.namespace == 'team-b'"}
            """
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyTest
            metadata: {name: tiers}
            spec:
              policies: [policy.yaml]
              namespaces: {team-a: {tier: large}, team-b: {tier: small}}
              documents:
                - {apiVersion: v1, kind: ConfigMap, metadata: {name: limits, namespace: platform}, data: {region: westeurope}}
              manifest: account.json
              namespace: team-b
              user: "system:serviceaccount:ci:robot"
              cases:
                - {name: matched and good, expect: {decision: Allow}}
                - name: matched and bad
                  changes: {spec: {location: uksouth}}
                  expect: {decision: Deny, failures: [{rule: kept}]}
                - name: another namespace is not matched
                  namespace: team-a
                  changes: {spec: {location: uksouth}}
                  expect: {decision: Allow}
                - name: another user is not matched
                  user: {name: alice, groups: [developers]}
                  changes: {spec: {location: uksouth}}
                  expect: {decision: Allow}
            """
        let account = #"""
            {"apiVersion":"storage.azure.com/v1api20230101","kind":"StorageAccount","metadata":{"generateName":"x-"},
             "spec":{"location":"westeurope"}}
            """#
        let report = try Files(["policy.yaml": policy, "tiers.test.yaml": text, "account.json": account]).run()
        #expect(report.faults.isEmpty)
        #expect(report.differences.isEmpty)
        #expect(report.caseCount == 4)
    }

    /// What the README of the policies shows can be copied: its suite, beside its policy of that name.
    @Test func theReadmesSuitePasses() throws {
        let text = try String(contentsOfFile: Fixtures.policies + "/README.md", encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").compactMap { $0.components(separatedBy: "```").first }
        func example(_ kind: String) throws -> String {
            let start = "apiVersion: portcullis.dev/v1alpha1\nkind: \(kind)\nmetadata: {name: regions}\n"
            return try #require(examples.first { $0.hasPrefix(start) })
        }
        let files = ["policy.yaml": try example("AzurePolicy"), "tests/suite.yaml": try example("PolicyTest")]
        let report = try Files(files).run()
        #expect(report.faults.isEmpty && report.differences.isEmpty && report.caseCount == 3)
    }

    /// What an inventory holds is known; without one nothing is.
    @Test(arguments: [
        ("inventory: [taken.yaml]", "Deny"), ("inventory: []", "Allow"), ("namespaces: {a: {}}", "Allow"),
    ])
    func otherObjectsAreTheInventorys(_ spec: String, _ decision: String) throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: b}
            spec: {namespaces: [a, b], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: ["*"]}
            """
        let account = """
            apiVersion: storage.azure.com/v1api20230101
            kind: StorageAccount
            metadata: {name: data, namespace: a}
            spec: {azureName: alldata}
            """
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyTest
            metadata: {name: names}
            spec:
              manifest: account.yaml
              \(spec)
              cases:
                - name: c
                  expect: {decision: \(decision)\(decision == "Deny" ? ", failures: [{rule: duplicates}]" : "")}
            """
        var files = [
            "policy.yaml": binding, "tests/suite.yaml": text, "tests/account.yaml": account,
            "tests/taken.yaml": account.replacing("namespace: a", with: "namespace: b"),
        ]
        if !spec.contains("taken") { files["tests/taken.yaml"] = nil }
        let report = try Files(files).run()
        #expect(report.faults.isEmpty)
        #expect(report.differences.isEmpty)
    }

    @Test func aFilterChoosesCases() throws {
        let cases = "- {name: one, expect: {decision: Allow}}\n- {name: two, expect: {decision: Allow}}"
        let files = Files(["p/policy.yaml": accountPolicy, "p/tests/suite.yaml": suite(cases)])
        let report = try files.run(filter: "^accounts/t")
        #expect(report.suites.map { $0.cases.map(\.name) } == [["two"]])
        #expect(report.filteredCount == 1)
        let none = try files.run(filter: "three")
        #expect(none.caseCount == 0 && none.errors.isEmpty)
        #expect(none.summary == "nothing was tested: none of 2 cases has such a name")
    }

    @Test func aFaultySuiteDoesNotStopTheOthers() throws {
        let good = suite("- {name: c, expect: {decision: Allow}}")
        let report = try Files([
            "p/policy.yaml": accountPolicy, "p/tests/a.yaml": "kind: PolicyTest\nmetadata: [",
            "p/tests/b.yaml": good,
            "p/tests/c.yaml": good.replacing("name: accounts", with: "name: c")
                .replacing("cases:", with: "casse:"),
        ]).run()
        #expect(report.suites.map(\.file) == ["p/tests/b.yaml"])
        #expect(Set(report.errors.map(\.file)) == ["p/tests/a.yaml", "p/tests/c.yaml"])
        #expect(report.errors.allSatisfy { $0.line > 0 && !$0.mend.isEmpty })
    }

    @Test func noValueOfASecretIsTold() throws {
        let policy = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingAdmissionPolicy
            metadata: {name: secrets}
            spec:
              matchConstraints:
                resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: [CREATE], resources: [secrets]}]
              reinvocationPolicy: Never
              mutations:
                - patchType: JSONPatch
                  jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/stringData/b', value: 'topsecret'}]"}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingAdmissionPolicyBinding
            metadata: {name: secrets}
            spec: {policyName: secrets}
            """
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyTest
            metadata: {name: secrets}
            spec:
              manifest: {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: a}, stringData: {a: x}}
              cases: [{name: c, expect: {decision: Allow}}]
            """
        let report = try Files(["policy.yaml": policy, "tests/suite.yaml": text]).run()
        #expect(report.faults.isEmpty)
        #expect(report.differences == ["patched: nothing / stringData.b: (redacted)"])
    }
}
