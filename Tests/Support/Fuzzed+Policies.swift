import JSON
import Kubernetes
import Policy

extension Fuzzed {
    /// Compiles a file of a policy folder, and judges a request if it is good.
    ///
    /// Either there are errors, each with its place, or a set that decides, each time the same.
    public static func policies(_ text: [UInt8]) {
        guard let documents = try? JSONDocument.parseYAML(text) else { return }
        var compiler = PolicyCompiler(configuration: configuration)
        for document in documents { compiler.add(document, file: "f.yaml") }
        let result = compiler.finish()
        precondition((result.set == nil) == !result.errors.isEmpty, "no set and no error, or both")
        for issue in result.issues {
            precondition(issue.line > 0 && !issue.message.isEmpty && !issue.mend.isEmpty, "an issue that does not help")
            precondition(issue.description.utf8.count < 16 * 1024, "an endless issue")
        }
        guard let set = result.set else { return }
        for mode in [DecisionMode.validate, .mutateAndValidate] {
            let decision = set.decide(request, mode: mode)
            let lines = decision.failures.map(\.description)
            let isDenied = decision.failures.contains { $0.effect == .deny }
            precondition(decision.allowed != isDenied, "a denial that allows, or the reverse")
            precondition(lines.allSatisfy { !$0.isEmpty }, "a failure without a text")
            // What has run out of time has another outcome the next time.
            if decision.isBroken { continue }
            let again = set.decide(request, mode: mode)
            if again.isBroken { continue }
            precondition(again.failures.map(\.description) == lines, "other failures the second time")
            precondition(again.warnings == decision.warnings, "other warnings the second time")
        }
    }

    private static let configuration = PolicyConfiguration(maximumExpressionTime: .seconds(1))

    private static let request: AdmissionRequest = {
        let text = """
            {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
            "uid": "4a29250b-a72c-40ff-90fa-4e7fae1e0e74",
            "kind": {"group": "storage.azure.com", "version": "v20230101", "kind": "StorageAccount"},
            "resource": {"group": "storage.azure.com", "version": "v20230101", "resource": "storageaccounts"},
            "name": "invoices", "namespace": "team-a", "operation": "UPDATE",
            "userInfo": {"username": "alice", "groups": ["team-a-developers", "system:authenticated"]},
            "object": {"apiVersion": "storage.azure.com/v20230101", "kind": "StorageAccount",
            "metadata": {"name": "invoices", "namespace": "team-a", "labels": {"app": "web"},
            "annotations": {"serviceoperator.azure.com/credential-from": "team-a-credential"}},
            "spec": {"azureName": "teaminvoices", "location": "westeurope", "sku": {"name": "Standard_LRS"},
            "minimumTlsVersion": "TLS1_0", "publicNetworkAccess": "Enabled", "owner": {"name": "team-a-data"},
            "networkAcls": {"ipRules": [{"value": "203.0.113.0/28"}]}, "tags": {"cost-center": "CC-1001"}}},
            "oldObject": {"apiVersion": "storage.azure.com/v20230101", "kind": "StorageAccount",
            "metadata": {"name": "invoices", "namespace": "team-a"}, "spec": {"location": "northeurope"}}}}
            """
        guard let document = try? JSONDocument(parsing: Array(text.utf8)),
            let request = try? AdmissionReview.decode(document)
        else { fatalError("the request is no review") }
        return request
    }()
}
