internal import Azure
internal import JSON
internal import Kubernetes

/// Annotations by which Azure Service Operator chooses an identity or an Azure resource.
extension BindingCheck {
    /// Annotations whose value Azure Service Operator takes for a resource ID of its own writing; who forges them redirects
    /// every reference to the object.
    private static let resourceIDAnnotations: [StaticString] = [
        "serviceoperator.azure.com/resource-id", "serviceoperator.azure.com/child-resource-id-override",
    ]
    private static let credentialAnnotation: StaticString = "serviceoperator.azure.com/credential-from"

    func checkMetadata(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        let annotations = ObjectMeta(of: subject.object, in: document).annotations
        try report.meter.spend(1)
        let credential = annotations.flatMap { document.member(Self.credentialAnnotation, of: $0) }
        checkCredential(credential.flatMap { $0.isNull ? nil : $0 }, subject, &report)
        for name in Self.resourceIDAnnotations {
            guard let annotations, let value = document.member(name, of: annotations), !value.isNull else { continue }
            let path = FieldPath([.member("metadata"), .member("annotations"), .member(name.description)])
            checkResourceID(value, at: .path(path), subject, &report)
        }
    }

    private func checkCredential(_ value: JSONValue?, _ subject: borrowing Subject, _ report: inout Report) {
        var path: Failure.Place {
            let name = Self.credentialAnnotation.description
            return .path(FieldPath([.member("metadata"), .member("annotations"), .member(name)]))
        }
        switch governor {
        case .several: return
        case .none(let namespace):
            guard let value else { return }
            let explanation = Self.unbound("a credential of its own", namespace)
            report.add(origin("credentials"), .forbidden, at: path, value, of: subject, explanation)
        case .binding(let binding):
            if let value {
                if value.isString {
                    for glob in binding.credentials where glob.matches(subject.document.utf8(value)) { return }
                }
            } else if binding.globalFallback == .allow {
                return
            }
            let allowed = binding.credentials.map(\.description).joined(separator: ", ")
            let mend = "ask the platform team for a credential in AzureBinding \(binding.name)"
            var explanation = value == nil ? Explanation.absent : .notAllowed
            if allowed.isEmpty {
                explanation =
                    value == nil
                    ? .text(message: "is not set, and the global credential is denied", mend: mend)
                    : .refused(", and no credential is allowed", mend: mend)
            }
            report.add(
                origin("credentials"),
                value == nil ? .required : .notSupported,
                at: path,
                value,
                of: subject,
                allowed: allowed,
                explanation
            )
        }
    }
}
