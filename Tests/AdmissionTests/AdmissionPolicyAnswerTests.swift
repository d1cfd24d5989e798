import JSON
import Policy
import TestSupport
import Testing

/// How decisions of Kubernetes' own policies become answers.
@Suite struct AdmissionPolicyAnswerTests {
    static func policies(reason: String, actions: String = "[Deny]") throws -> PolicySet {
        let text = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: names.example.com}
            spec:
              matchConstraints:
                resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}]
              validations: [{expression: "object.metadata.name != 'data'", message: choose another name, reason: \(reason)}]
              auditAnnotations: [{key: name, valueExpression: "'name ' + string(object.metadata.name)"}]
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: everywhere}
            spec: {policyName: names.example.com, validationActions: \(actions)}
            """
        // No machine is too slow for a test.
        var compiler = PolicyCompiler(configuration: PolicyConfiguration(maximumExpressionTime: .seconds(3600)))
        for document in try JSONDocument.parseYAML(Array(text.utf8)) { compiler.add(document, file: "test.yaml") }
        let result = compiler.finish(generation: 1)
        return try #require(result.set, "\(result.issues)")
    }

    @Test(arguments: [("Invalid", Int64(422)), ("Forbidden", 403), ("RequestEntityTooLarge", 413)])
    func theStatusIsWhatThePolicyAsksFor(reason: String, code: Int64) throws {
        let harness = try Harness(set: Self.policies(reason: reason), logsDecisions: true)
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        #expect(review.code == code && review.string("/status/reason") == reason)
        let line =
            "ValidatingAdmissionPolicy/names.example.com/validations[0]: choose another name (binding everywhere)"
        #expect(review.message == #"StorageAccount "data" breaks a rule: \#(line)"#)
        #expect(review.causes.map(\.message) == [line] && review.fields == [""])
        #expect(review.auditAnnotations["names.example.com.name"] == "name data")
        #expect(
            review.auditAnnotations["denied-by"] == "ValidatingAdmissionPolicy/names.example.com/validations[0]"
        )
        let logged = try JSONDocument(parsing: Array(#require(try harness.decisions().first).utf8))
        let policy = logged.value(at: try JSONPointer(parsing: "/failures/0/policy")).flatMap { logged.string($0) }
        #expect(policy == "ValidatingAdmissionPolicy/names.example.com")
        #expect(logged.member("code", of: logged.root).flatMap { logged.int($0) } == code)
    }

    @Test func whatIsAuditedIsToldToTheAuditLogAlone() throws {
        let harness = try Harness(set: Self.policies(reason: "Invalid", actions: "[Audit]"))
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        #expect(review.isAllowed && review.warnings.isEmpty)
        #expect(
            review.auditAnnotations["validation_failure"]
                == #"[{"message":"choose another name","policy":"names.example.com","binding":"everywhere","expressionIndex":0,"validationActions":["Audit"]}]"#
        )
    }
}
