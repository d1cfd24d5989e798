internal import Azure
internal import JSON
internal import Kubernetes

/// Who answers for a subject's identity.
extension RequestEvaluation {
    /// Who answers for the subject's identity; nil if nobody is asked.
    func governor(_ request: AdmissionRequest) -> BindingCheck.Governor? {
        guard set.hasBinding, let governed = governed(request) else { return nil }
        let namespace = governed.namespace
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

    /// A request that bindings have a say in.
    struct Governed {
        /// The namespace whose identity it is about; nil for an object outside namespaces.
        let namespace: JSONValue?
    }

    /// What bindings have a say in; nil if in nothing of the request.
    func governed(_ request: AdmissionRequest) -> Governed? {
        switch request.operation {
        case .create, .update:
            if isAzure { return Governed(namespace: request.namespace) }
            guard let guest = guest(request) else { return nil }
            return Governed(namespace: guest == .secret ? request.namespace : name(of: request))
        case .delete:
            // An object was judged when it was written; nobody has asked before about what another tool takes away.
            let isAsked = isAzure ? mode == .validateForeign : takesCredentialAway(request)
            return isAsked ? Governed(namespace: request.namespace) : nil
        case .connect: return nil
        }
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
                if trace.isDetailed { tell(governor, found..<report.failures.count, trace) }
            }
        }
        do throws(EvaluationError) {
            try BindingCheck(governor: governor, controllers: set.controllers, bindings: set.bindings)
                .check(subject, circumstances(of: request, isOld: false), &report)
        } catch {
            // An AzureBinding always fails closed.
            report.add(error, of: .binding, governor.name, BindingPart.evaluation.rawValue)
        }
    }
}
