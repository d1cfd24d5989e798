internal import Azure
internal import JSON
internal import Kubernetes

/// Who answers for a subject's identity.
extension RequestEvaluation {
    /// Who answers for the subject's identity; nil if nobody is asked.
    func governor(_ request: AdmissionRequest) -> BindingCheck.Governor? {
        guard set.hasBinding, request.operation == .create || request.operation == .update else { return nil }
        let namespace: JSONValue?
        if isAzure {
            namespace = request.namespace
        } else {
            guard let guest = guest(request) else { return nil }
            namespace = guest == .secret ? request.namespace : name(of: request)
        }
        var name: String { namespace.flatMap { request.document.string($0) } ?? "" }
        let match = set.bindingIndex.match(request.document.text(of: namespace))
        if !match.possible.isEmpty {
            return .unknown(match.possible.map { set.bindings[$0].name }, namespace: name)
        }
        guard let first = match.first else { return .none(namespace: name) }
        guard match.others.isEmpty else {
            return .several(([first] + match.others).map { set.bindings[$0].name }, namespace: name)
        }
        return .binding(set.bindings[first])
    }

    /// Objects of Kubernetes' own that tell Azure Service Operator who to be or what to leave alone.
    private enum Guest {
        case secret
        case namespace
    }

    private func guest(_ request: AdmissionRequest) -> Guest? {
        let document = request.document
        guard document.utf8(request.kind.group).isEmpty, let object = request.object else { return nil }
        if document.equals(request.kind.name, "Secret") {
            return CredentialSecret.concerns(object, in: document) ? .secret : nil
        }
        guard document.equals(request.kind.name, "Namespace") else { return nil }
        return BindingCheck.hasReconcilePolicy(object, in: document) ? .namespace : nil
    }

    private func name(of request: AdmissionRequest) -> JSONValue? {
        request.object.flatMap { ObjectMeta(of: $0, in: request.document).name } ?? request.name
    }

    func judge(
        _ subject: Subject,
        _ request: AdmissionRequest,
        by governor: BindingCheck.Governor,
        _ report: inout Report
    ) {
        do throws(EvaluationError) {
            try BindingCheck(governor: governor, controllers: set.controllers, bindings: set.bindings)
                .check(subject, circumstances(of: request, isOld: false), &report)
        } catch {
            // An AzureBinding always fails closed.
            report.add(error, of: .binding, governor.name, "evaluation")
        }
    }
}
