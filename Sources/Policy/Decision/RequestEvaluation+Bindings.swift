internal import Azure
internal import JSON
internal import Kubernetes

/// Who answers for a subject's identity.
extension RequestEvaluation {
    /// Who answers for the subject's identity; nil if nobody is asked.
    func governor(_ request: AdmissionRequest) -> BindingCheck.Governor? {
        guard set.hasBinding, isAzure, request.operation == .create || request.operation == .update else { return nil }
        let match = set.bindingIndex.match(request.document.text(of: request.namespace))
        var found: Binding?
        var names: [String] = []
        for word in 0..<set.bindingIndex.wordCount {
            var bits = set.bindingIndex.word(word, of: match)
            while bits != 0 {
                let binding = set.bindings[word &* 64 &+ bits.trailingZeroBitCount]
                bits &= bits &- 1
                if let found {
                    names = (names.isEmpty ? [found.name] : names) + [binding.name]
                } else {
                    found = binding
                }
            }
        }
        if !names.isEmpty { return .several(names, namespace: namespaceName(request)) }
        return found.map { .binding($0) } ?? .none(namespace: namespaceName(request))
    }

    func judge(
        _ subject: Subject,
        _ request: AdmissionRequest,
        by governor: BindingCheck.Governor,
        _ report: inout Report
    ) {
        do throws(EvaluationError) {
            try BindingCheck(governor: governor).check(subject, circumstances(of: request, isOld: false), &report)
        } catch {
            // An AzureBinding always fails closed.
            report.add(error, of: .binding, governor.name, "evaluation")
        }
    }
}
