import Foundation
import JSON
import TestSupport
import Testing

/// Secrets that could be credentials: which of them the webhook is sent, and what answers and logs tell of them.
@Suite struct CredentialSecretTests {
    static let stranger = "deadbeef-dead-beef-dead-beefdeadbeef"
    static let encoded = "ZGVhZGJlZWYtZGVhZC1iZWVmLWRlYWQtYmVlZmRlYWRiZWVm"
    static let proof = "not-a-secret-but-looks-like-one"

    /// The review of a Secret or a Namespace.
    static func review(
        _ kind: String,
        _ object: String,
        old: String = "null",
        name: String? = "app",
        namespace: String = "team-a"
    ) -> ReviewText {
        let type = #"{"group":"","version":"v1","kind":"\#(kind)"}"#
        let resource = #"{"group":"","version":"v1","resource":"\#(kind.lowercased())s"}"#
        return ReviewText().setting("kind", type).setting("requestKind", type).setting("resource", resource)
            .setting("requestResource", resource).setting("namespace", "\"\(namespace)\"").setting("object", object)
            .setting("name", name.map { "\"\($0)\"" })
            .setting("oldObject", old).setting("operation", old == "null" ? #""CREATE""# : #""UPDATE""#)
    }

    static func secret(_ members: String, name: String = #""name":"app","#) -> String {
        #"{"apiVersion":"v1","kind":"Secret","metadata":{\#(name)"namespace":"team-a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"stringData\":{\"AZURE_CLIENT_ID\":\"\#(stranger)\"}}"}},\#(members)}"#
    }

    static let secrets = [
        secret(#""data":{"AZURE_CLIENT_ID":"\#(encoded)","AZURE_CLIENT_SECRET":"bm90LWEtc2VjcmV0"}"#),
        secret(#""stringData":{"AZURE_CLIENT_ID":"\#(stranger)","AZURE_CLIENT_SECRET":"\#(proof)"}"#),
        secret(#""data":{"AZURE_TENANT_ID":"\#(encoded)!"}"#),
        secret(#""stringData":{"AZURE_AUTHORITY_HOST":"\#(stranger)","AZURE_ADDITIONAL_TENANTS":"\#(stranger)"}"#),
    ]

    /// No answer and no line of the log holds a value, as it is, in base64, or as what was applied last.
    @Test(arguments: secrets, ["team-a", "nowhere"]) func noOutputTellsAValue(_ secret: String, namespace: String)
        throws
    {
        let harness = try Harness.shipped(logsDecisions: true)
        let secret = secret.replacing("team-a", with: namespace)
        let plain = Self.secret(#""data":{"password":"eA=="}"#).replacing("team-a", with: namespace)
        for review in [
            Self.review("Secret", secret, namespace: namespace),
            Self.review("Secret", secret, old: plain, namespace: namespace),
            Self.review("Secret", secret, old: secret, namespace: namespace),
        ] {
            let answer = harness.ask(review.bytes)
            let message = try answer.review(of: review.bytes).message
            #expect(message.contains(namespace == "team-a" ? "team-a/" : "no-binding/credentials"), "\(message)")
            let mutation = harness.ask(review.bytes, at: "/mutate")
            for text in [answer.text, mutation.text, harness.metricsText] + (try harness.decisions()) {
                for value in ["deadbeef", "ZGVhZ", "bm90LWEtc2VjcmV0", Self.proof] { #expect(!text.contains(value)) }
            }
        }
    }

    // MARK: What is sent

    /// The expressions of the registration's matchConditions, by the name of the condition.
    static func conditions() throws -> [String: String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "deploy/webhooks.yaml")
        var found: [String: String] = [:]
        for document in try JSONDocument.parseYAML([UInt8](try Data(contentsOf: file))) {
            for webhook in document.elements(of: try #require(document.member("webhooks", of: document.root))) {
                guard let conditions = document.member("matchConditions", of: webhook) else { continue }
                for condition in document.elements(of: conditions) {
                    let name = document.member("name", of: condition).flatMap { document.string($0) } ?? ""
                    found[name] = document.member("expression", of: condition).flatMap { document.string($0) }
                }
            }
        }
        return found
    }

    /// Whether a condition holds, as the API server evaluates it: an error would send the request too, and fail it.
    static func matches(_ condition: String, _ review: ReviewText) throws -> Bool {
        let expression = try #require(try conditions()[condition]).split(separator: "\n").joined(separator: " ")
        let harness = try Harness(
            policies: """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: p}
                spec:
                  matchConstraints:
                    resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]
                  matchConditions:
                    - name: c
                      expression: "\(expression)"
                  validations: [{expression: "false", message: sent}]
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: b}
                spec: {policyName: p, validationActions: [Deny]}
                """
        )
        let answer = try harness.ask(review.bytes).review(of: review.bytes)
        #expect(answer.isAllowed || answer.message.contains(": sent"), "\(answer.message)")
        return !answer.isAllowed
    }

    static let sent: [(object: String, old: String, isSent: Bool)] = [
        (secret(#""data":{"password":"eA=="}"#), "null", false),
        (secret(#""type":"Opaque""#), "null", false),
        (secret(#""data":{"AZURE_CLIENT_ID":"eA=="}"#), "null", true),
        (secret(#""stringData":{"AZURE_X":"x"}"#), "null", true),
        (secret(#""data":{"XAZURE_X":"eA==","azure_x":"eA=="}"#), "null", false),
        (secret(#""type":"Opaque""#, name: #""name":"aso-credential","#), "null", true),
        (secret(#""type":"Opaque""#, name: #""generateName":"aso-","#), "null", false),
        (secret(#""data":{"AZURE_X":"eA=="}"#, name: #""generateName":"aso-","#), "null", true),
        (secret(#""data":{"a":"eA=="}"#), secret(#""data":{"AZURE_CLIENT_ID":"eA=="}"#), true),
        (secret(#""data":{"AZURE_CLIENT_ID":"eA=="}"#), secret(#""data":{"a":"eA=="}"#), true),
        (secret(#""data":{"a":"eA=="}"#), secret(#""data":{"a":"eA=="}"#), false),
    ]

    @Test(arguments: sent.indices) func onlySecretsThatCouldBeCredentialsAreSent(_ index: Int) throws {
        let (object, old, isSent) = Self.sent[index]
        let name = object.contains("generateName") ? nil : object.contains("aso-credential") ? "aso-credential" : "app"
        #expect(try Self.matches("credential", Self.review("Secret", object, old: old, name: name)) == isSent)
    }

    @Test(arguments: [
        (#"{"name":"team-a"}"#, false), (#"{"name":"team-a","annotations":{"a":"b"}}"#, false),
        (#"{"name":"team-a","annotations":{"serviceoperator.azure.com/reconcile-policy":"skip"}}"#, true),
    ]) func onlyNamespacesWithAReconcilePolicyAreSent(_ metadata: String, isSent: Bool) throws {
        let object = #"{"apiVersion":"v1","kind":"Namespace","metadata":\#(metadata)}"#
        #expect(try Self.matches("reconcile-policy", Self.review("Namespace", object, name: "team-a")) == isSent)
    }
}
