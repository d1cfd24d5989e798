import Authoring
import Policy
import Testing

/// Suites that test nothing, or not what their authors mean, are faults with a place.
@Suite struct SuiteFaultTests {
    private static let allowed = "- {name: c, expect: {decision: Allow}}"

    /// Cases and what is said of them, without the file.
    static let cases: [(text: String, fault: String)] = [
        (
            "- {name: c}",
            "12:7: error: spec.cases[0]: has no expect; say what the policies decide: a case without it tests nothing"
        ),
        (
            "- {expect: {decision: Allow}}",
            "12:7: error: spec.cases[0]: has no name; add a name: say what is to happen, in a few words"
        ),
        (
            "- {name: c, expect: {}}",
            "12:25: error: spec.cases[0].expect: has no decision; write decision: Allow or Deny"
        ),
        (
            "- {name: c, expect: {decision: Denied}}",
            #"12:36: error: spec.cases[0].expect.decision: is "Denied"; write Allow or Deny"#
        ),
        (
            "- {name: c, expect: {decision: Deny}}",
            "12:25: error: spec.cases[0].expect: does not say which rule denies; add failures: a denial for another reason is no success"
        ),
        (
            "- {name: c, expect: {decision: Deny, failures: [{rule: region}]}}",
            #"12:60: error: spec.cases[0].expect.failures[0].rule: no rule here is named "region", did you mean "regions"?; write regions"#
        ),
        (
            "- {name: c, expect: {decision: Deny, failures: [{policy: account, rule: regions}]}}",
            #"12:62: error: spec.cases[0].expect.failures[0].policy: no policy here is named "account", did you mean "accounts"?; write accounts"#
        ),
        (
            "- {name: c, expect: {decision: Allow, failures: [{rule: regions}]}}",
            "12:53: error: spec.cases[0].expect.failures: stand beside decision: Allow; write them as warnings or audits, or decision: Deny"
        ),
        (
            "- {name: c, expect: {decision: Allow, warnings: [{}]}}",
            "12:54: error: spec.cases[0].expect.warnings[0]: says nothing; write the rule, its field or its message"
        ),
        (
            "- {name: c, expect: {decision: Allow, warnings: [{message: {matches: '['}}]}}",
            #"12:74: error: spec.cases[0].expect.warnings[0].message.matches: the pattern "[" does not compile: missing ]: [; write a regular expression in RE2's syntax"#
        ),
        (
            "- {name: c, manifest: other.yaml, expect: {decision: Allow}}",
            "12:27: error: spec.cases[0].manifest: p/tests/other.yaml does not exist; write it"
        ),
        (
            "- {name: c, manifest: ../../../x.yaml, expect: {decision: Allow}}",
            #"12:27: error: spec.cases[0].manifest: "../../../x.yaml" leads out; stay inside"#
        ),
        (
            "- {name: c, manifest: {kind: Pod}, expect: {decision: Allow}}",
            "12:27: error: spec.cases[0].manifest: has no apiVersion and kind; write both, such as storage.azure.com/v1api20230101 and StorageAccount"
        ),
        (
            "- {name: c, changes: {metadata: {name: null}}, expect: {decision: Allow}}",
            "6:5: error: spec.manifest: has no name; write metadata.name or metadata.generateName"
        ),
        (
            "- {name: c, namespace: team-b, expect: {decision: Allow}}",
            "6:5: error: spec.manifest: is in namespace team-a, not team-b; name the same namespace, or one of both"
        ),
        (
            "- {name: c, oldChanges: {metadata: {name: x}}, expect: {decision: Allow}}",
            "6:5: error: spec.manifest: is no object that an API server takes: metadata.name is not the request's name; "
                + "an object that is updated keeps kind, name and namespace; labels and annotations are strings"
        ),
        (
            "- {name: c, operation: UPDATE, expect: {decision: Allow}}",
            "12:28: error: spec.cases[0].operation: is UPDATE, but there is no old object; add old or oldChanges"
        ),
        (
            "- {name: c, parameters: {region: []}, expect: {decision: Allow}}",
            #"12:38: error: spec.cases[0].parameters.region: is a parameter of no policy here, did you mean "regions"?; write regions"#
        ),
        (
            "- {name: c, dryRun: yes please, expect: {decision: Allow}}",
            "12:25: error: spec.cases[0].dryRun: must be true or false, not a string; write true or false"
        ),
        (
            "- {name: c, expect: {decision: Allow, only: region}}",
            #"12:49: error: spec.cases[0].expect.only: no rule here is named "region", did you mean "regions"?; write regions"#
        ),
        (
            "- {name: c, expect: {decision: Allow, only: [accnts/regions]}}",
            #"12:50: error: spec.cases[0].expect.only[0]: no policy here is named "accnts", did you mean "accounts"?; write accounts"#
        ),
        (
            "- {name: c, expect: {decision: Allow, only: [regions], patchedChanges: {spec: {}}}}",
            "12:76: error: spec.cases[0].expect.patchedChanges: stands beside only; "
                + "give it a case of its own: an object is patched by all policies"
        ),
        (
            "- {name: c, expect: {decision: Allow, warnings: [{rule: tls, count: -1}]}}",
            "12:73: error: spec.cases[0].expect.warnings[0].count: must be a whole number; write how many there are, 0 to 128"
        ),
        (
            "- {name: c, expect: {decision: Deny, failures: [{rule: regions, count: 0}]}}",
            "12:25: error: spec.cases[0].expect: does not say which rule denies; "
                + "add failures: a denial for another reason is no success"
        ),
        (
            "- {name: c, time: tomorrow, expect: {decision: Allow}}",
            #"12:23: error: spec.cases[0].time: is "tomorrow"; write a date and time as RFC 3339 does, such as 2027-01-31T00:00:00Z"#
        ),
        (
            "- {name: c, time: 2027, expect: {decision: Allow}}",
            "12:23: error: spec.cases[0].time: must be a string, not a number; quote it"
        ),
        (
            "- {name: c, expect: {decision: Allow}}\n- {name: c, expect: {decision: Allow}}",
            #"13:7: error: spec.cases[1]: is the second case "c" (line 12); give it a name of its own"#
        ),
        (
            "- {name: c, expct: {decision: Allow}}",
            #"12:17: error: spec.cases[0].expct: is unknown, did you mean "expect"?; write expect"#
        ),
    ]

    @Test(arguments: cases) func aCase(_ item: (text: String, fault: String)) throws {
        let report = try report(item.text)
        #expect(report.faults.contains("p/tests/suite.yaml:\(item.fault)"), "\(report.faults)")
        #expect(report.caseCount == 0)
    }

    @Test func noEscapeSequenceReachesATerminal() throws {
        let named = try report(#"- {name: "\e[2Jc", expect: {decision: Allow}}"#)
        #expect(named.faults.count == 1 && named.faults[0].contains("must be one line"))
        let expected = try report(#"- {name: c, expect: {decision: Allow, warnings: ["\e[2J\nx"]}}"#)
        #expect(expected.differences == ["warnings:  [2J x / nothing"])
        #expect(!expected.text().joined().contains("\u{1b}"))
    }

    @Test func noCasesAreAFault() throws {
        let text = suite("[]").replacing("\n    []", with: " []")
        let report = try Files(["p/policy.yaml": accountPolicy, "p/tests/suite.yaml": text]).run()
        #expect(report.faults.count == 1 && report.faults[0].contains("is an empty list"), "\(report.faults)")
    }

    @Test func aManifestThatNoTestUsesIsAFault() throws {
        let report = try report(Self.allowed, ["p/tests/stale.yaml": "a: b", "other/tests/mine.yaml": "a: b"])
        #expect(report.faults == ["p/tests/stale.yaml: error: is used by no test; name it in a suite, or remove it"])
        #expect(report.caseCount == 1)
    }

    @Test func twoSuitesOfOneNameAreAFault() throws {
        let report = try report(Self.allowed, ["p/tests/two.yaml": suite(Self.allowed)])
        #expect(report.faults.count == 1)
        #expect(report.faults[0].contains(#"is the second suite "accounts" of this folder (p/tests/suite.yaml:1)"#))
    }

    @Test func faultsOfPoliciesHaveTheirOwnPlace() throws {
        let policy = accountPolicy.replacing("locations: {allow", with: "locatons: {allow")
        let report = try report(Self.allowed, ["p/policy.yaml": policy])
        #expect(report.caseCount == 0)
        #expect(report.errors.map(\.file) == ["p/policy.yaml"])
        #expect(report.errors.map(\.line) == [8])
    }

    @Test func parametersThatDoNotFitAreAFaultOfTheCase() throws {
        let report = try report("- {name: c, parameters: {regions: 7}, expect: {decision: Allow}}")
        #expect(report.caseCount == 0)
        #expect(report.errors.contains { $0.file == "p/tests/suite.yaml" && $0.line == 12 })
    }

    @Test func aFolderWithoutPoliciesIsAFault() throws {
        let report = try Files(["p/tests/suite.yaml": suite(Self.allowed)]).run()
        #expect(
            report.faults == [
                "p/tests/suite.yaml:1:1: error: finds no policies; name their files or folders in spec.policies"
            ]
        )
    }

    @Test(arguments: [
        "kind: PolicyTest", "kind: PolicyTest\napiVersion: v1", "kind: PolicyTest\napiVersion: portcullis.dev/v1alpha1",
        "kind: PolicyTest\napiVersion: portcullis.dev/v1alpha1\nmetadata: 7\nspec: []", "# PolicyTest\n- 1\n---\n~",
    ]) func nonsenseIsNoCrash(_ text: String) throws {
        let report = try Files(["tests/suite.yaml": text]).run()
        #expect(report.caseCount == 0)
        #expect(report.errors.isEmpty == text.hasPrefix("#"))
    }
}
