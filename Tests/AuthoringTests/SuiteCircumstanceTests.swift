import Authoring
import Policy
import Testing

/// What a suite says of the circumstances of its cases: the time, and parameters of policies wherever they stand.
@Suite struct SuiteCircumstanceTests {
    private static let exception = """
        apiVersion: portcullis.dev/v1alpha1
        kind: PolicyException
        metadata: {name: move}
        spec:
          policies: [{name: accounts, rules: [regions]}]
          subjects: {namespaces: [team-a]}
          expiresAt: 2027-01-31T00:00:00Z
          reason: data moves in spring
          approvedBy: platform
        """

    private func report(_ time: String, of decision: String, spec: String = "") throws -> TestReport {
        let findings =
            decision == "Deny"
            ? "failures: [{rule: regions}]"
            : "audits: [{rule: regions}], warnings: [{message: {contains: exception move waives until 2027-01-31}}]"
        let text = """
            - name: c
              \(time)
              changes: {spec: {location: uksouth}}
              expect: {decision: \(decision), \(findings)}
            """
        return try AuthoringTests.report(text, spec: spec, ["p/exception.yaml": Self.exception])
    }

    /// The clock of these tests says 2030.
    @Test(arguments: [
        ("time: 2027-01-30T23:59:59Z", "Allow"), ("time: 2027-01-31T00:00:00Z", "Deny"),
        ("time: 2027-01-31T00:59:59+01:00", "Allow"), ("time: 2027-01-31T00:00:01Z", "Deny"), ("", "Deny"),
    ])
    func exceptionsEndAtAMoment(_ time: String, _ decision: String) throws {
        let report = try report(time, of: decision)
        #expect(report.faults.isEmpty)
        #expect(report.differences.isEmpty && report.caseCount == 1)
        #expect(report.issues.isEmpty)
    }

    @Test func theTimeIsTheSuitesUnlessTheCaseSaysItsOwn() throws {
        let suite = "time: 2026-06-01T12:00:00Z"
        #expect(try report("", of: "Allow", spec: suite).failedCount == 0)
        #expect(try report("time: 2028-06-01T12:00:00Z", of: "Deny", spec: suite).failedCount == 0)
    }

    @Test func anAnswerThatWillNotLastIsWarnedOf() throws {
        let later = Self.exception.replacing("2027-01-31", with: "2031-01-31")
        let text = """
            - name: c
              changes: {spec: {location: uksouth}}
              expect: {decision: Allow, audits: [{rule: regions}], exhaustive: false}
            """
        let report = try AuthoringTests.report(text, ["p/exception.yaml": later])
        #expect(report.failedCount == 0 && report.errors.isEmpty)
        #expect(
            report.issues.map(\.description) == [
                "p/tests/suite.yaml:12:7: warning: spec.cases[0]: is decided by an exception, which ends some day, and the test "
                    + "with it; say when it is asked: time: 2027-01-31T00:00:00Z"
            ]
        )
    }

    @Test(arguments: ["", "\n  - apiVersion: v1\n    kind: List\n    items: []"])
    func parametersReachPoliciesInAList(_ more: String) throws {
        let item = accountPolicy.split(separator: "\n").joined(separator: "\n    ")
        let list = "apiVersion: v1\nkind: List\nitems:\(more)\n  - \(item)"
        let nested =
            "apiVersion: v1\nkind: List\nitems:\n  - "
            + list.split(separator: "\n").joined(separator: "\n    ")
        let text = """
            - name: changed
              parameters: {regions: [uksouth]}
              changes: {spec: {location: uksouth}}
              expect: {decision: Allow}
            - name: as it is
              changes: {spec: {location: uksouth}}
              expect: {decision: Deny, failures: [{rule: regions}]}
            """
        for policies in [list, nested] {
            let report = try AuthoringTests.report(text, ["p/policy.yaml": policies])
            #expect(report.faults.isEmpty)
            #expect(report.differences.isEmpty && report.caseCount == 2)
        }
    }
}
