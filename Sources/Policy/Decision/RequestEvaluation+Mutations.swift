internal import Azure
internal import JSON
internal import Kubernetes

extension RequestEvaluation {
    /// Puts the mutations' patch into the decision; the object as it leaves it, if there is one.
    func mutate(
        _ subject: Subject,
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) -> Subject? {
        guard set.hasMutations, request.operation == .create || request.operation == .update else { return nil }
        var run = MutationRun(subject, of: request)
        var matches = Matches(set.clusterTier)
        while let (place, isUndecided) = next(&matches, request) {
            let policy = set.policies[place]
            guard !policy.mutations.isEmpty else { continue }
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                guard policy.expressions != nil else {
                    try run.apply(policy.mutations, of: policy.name, nil)
                    continue
                }
                // Expressions read the object as the policies before have left it.
                try run.carryOut()
                expressions.unbind()
                guard let context = try begin(policy, run.subject, request, successor: nil, &expressions) else {
                    continue
                }
                try run.apply(policy.mutations, of: policy.name, context)
            } catch {
                fail(policy, "mutations", error, &report, &decision)
            }
        }
        do throws(EvaluationError) {
            guard let patch = try run.patch else { return nil }
            decision.patch = patch
            decision.mutations = run.applied
            try run.carryOut()
            return run.subject
        } catch {
            report.add(error, of: .builtIn, "portcullis", "mutations")
            return nil
        }
    }
}
