import Foundation
import JSON
import Policy
import TestSupport
import Testing

/// What answers, logs and metrics tell of exceptions, severities and links.
@Suite struct ExceptionAnswerTests {
    private static let link = "https://wiki.example/regions"

    private static func policies(expiresAt: String, subjects: String = "{namespaces: ['*']}") -> String {
        AnswerTests.policy(
            """
              rules:
                - {name: rule-0, severity: High, link: '\(link)', locations: {deny: [westeurope]}}
            """
        ) + """

            ---
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyException
            metadata: {name: move}
            spec:
              policies: [{name: test, rules: [rule-0]}]
              subjects: \(subjects)
              expiresAt: "\(expiresAt)"
              reason: the move
              approvedBy: cloud-team
            """
    }

    /// The clock of the service is the machine's: one exception ends when nobody will run this any more.
    @Test func aWaivedFailureIsToldEverywhere() throws {
        let harness = try Harness(policies: Self.policies(expiresAt: "9999-01-01T00:00:00Z"), logsDecisions: true)
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        #expect(review.isAllowed)
        #expect(review.warnings == ["exception move waives until 9999-01-01T00:00:00Z: test/rule-0"])
        #expect(review.auditAnnotations["waived-by"] == "move (test/rule-0)")
        let line = try #require(try harness.decisions().first)
        #expect(
            line.contains(
                #"{"policy":"test","rule":"rule-0","effect":"waived","reason":"FieldValueForbidden","#
                    + #""field":"spec.location","value":"westeurope","severity":"High","link":"\#(Self.link)","#
                    + #""exception":"move"}],"exceptions":["move"]"#
            )
        )
        let lines = harness.metricsText.split(separator: "\n")
        #expect(lines.contains(#"portcullis_rule_failures_total{effect="waived",severity="high"} 1"#))
        #expect(lines.contains("portcullis_exceptions_used_total 1"))
    }

    @Test func anExpiredOneWaivesNothing() throws {
        let harness = try Harness(policies: Self.policies(expiresAt: "2001-01-01T00:00:00Z"), logsDecisions: true)
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        #expect(!review.isAllowed)
        #expect(review.message.hasSuffix("; see \(Self.link)"))
        #expect(review.causes[0].message.hasSuffix("; see \(Self.link)"))
        #expect(review.auditAnnotations["waived-by"] == nil)
        #expect(try harness.decisions().first?.contains("exceptions") == false)
        let lines = harness.metricsText.split(separator: "\n")
        #expect(lines.contains(#"portcullis_rule_failures_total{effect="deny",severity="high"} 1"#))
        #expect(lines.contains("portcullis_exceptions_used_total 0"))
    }
}
