internal import Azure
internal import JSON
internal import Kubernetes

/// Who answers for a subject's identity.
extension RequestEvaluation {
    /// Who answers for the subject's identity; nil if nobody is asked.
    func governor(_ request: AdmissionRequest) -> BindingCheck.Governor? {
        guard set.hasBinding else { return nil }
        let namespace: JSONValue?
        switch request.operation {
        case .create, .update:
            if isAzure {
                namespace = request.namespace
            } else {
                guard let guest = guest(request) else { return nil }
                namespace = guest == .secret ? request.namespace : name(of: request)
            }
        case .delete:
            guard takesCredentialAway(request) else { return nil }
            namespace = request.namespace
        case .connect: return nil
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

    /// Whether a user deletes the credential of a whole namespace; a namespace that goes takes its own away by a controller.
    private func takesCredentialAway(_ request: AdmissionRequest) -> Bool {
        let document = request.document
        guard !isAzure, document.utf8(request.kind.group).isEmpty, document.equals(request.kind.name, "Secret"),
            let name = name(of: request), document.equals(name, CredentialSecret.namespaceWide)
        else { return false }
        return request.userInfo.username.map { set.controllers.number(of: document.utf8($0)) == nil } ?? true
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
        request.subject.flatMap { ObjectMeta(of: $0, in: request.document).name } ?? request.name
    }

    func judge(
        _ subject: Subject,
        _ request: AdmissionRequest,
        by governor: BindingCheck.Governor,
        _ report: inout Report
    ) {
        let found = report.failures.count
        defer {
            if let trace = report.trace {
                trace.note(governor.name, "", report.failures.count > found ? .failed : .passed)
            }
        }
        do throws(EvaluationError) {
            try BindingCheck(governor: governor, controllers: set.controllers, bindings: set.bindings)
                .check(subject, circumstances(of: request, isOld: false), &report)
        } catch {
            // An AzureBinding always fails closed.
            report.add(error, of: .binding, governor.name, "evaluation")
        }
    }
}
