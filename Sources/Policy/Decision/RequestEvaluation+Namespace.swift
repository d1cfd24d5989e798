internal import Azure
internal import JSON
internal import Kubernetes

extension RequestEvaluation {
    /// Asks the NamespaceAzurePolicies, after everybody else and on an account of their own.
    ///
    /// They add failures and change nothing that was found before, so that adding one never allows what was denied.
    func judgeByNamespace(
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard var subject = judged else { return }
        expressions.unbind()
        expressions.restrict(to: ExpressionContext.namespaceBudget)
        guard request.subject != nil else {
            judgeWithoutObject(request, set.namespaceTier, &report, &decision, &expressions)
            return
        }
        let demand = candidates(set.namespaceTier).demand
        let unreadable = read(demand, of: &subject) ?? hiddenFields(of: subject, request)
        judge(subject, request, set.namespaceTier, unreadable, &report, &decision, &expressions)
        ratchet(subject, request, set.namespaceTier, demand, &report, &decision, &expressions)
    }
}
