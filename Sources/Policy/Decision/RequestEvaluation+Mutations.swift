internal import Azure
internal import JSON
internal import Kubernetes

extension RequestEvaluation {
    /// How often the policies of a request are gone through until none changes anything any more.
    private static let maximumRounds = 4

    /// Puts the mutations' patch into the decision; the object as it leaves it, if there is one.
    func mutate(
        _ subject: Subject,
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) -> Subject? {
        guard set.hasMutations, request.operation == .create || request.operation == .update else { return nil }
        let listener = report.trace?.isDetailed == true ? report.trace : nil
        var run = MutationRun(subject, of: request, set.namespaceObjects, listener)
        var broken: Set<Int> = []
        mutate(&run, request, &broken, &report, &decision, &expressions)
        do throws(EvaluationError) {
            // What one mutation has made may be what another, before it, looks for: a second request must not find it so.
            var rounds = 1
            while try !run.isSettled() {
                guard rounds < Self.maximumRounds else {
                    throw .expression("mutations come to no end: \(run.applied.joined(separator: ", "))")
                }
                rounds += 1
                try run.beginRound()
                mutate(&run, request, &broken, &report, &decision, &expressions)
            }
            guard let patch = try run.patch else { return nil }
            decision.patch = patch
            decision.mutations = run.applied
            decision.warnings += run.warnings
            try run.carryOut()
            return run.subject
        } catch {
            report.trace?.undoMutations(error)
            report.add(error, of: .builtIn, "portcullis", "mutations")
            return nil
        }
    }

    /// Goes through the policies of a request once.
    private func mutate(
        _ run: inout MutationRun,
        _ request: AdmissionRequest,
        _ broken: inout Set<Int>,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        var matches = Matches(set.clusterTier)
        while let (place, isUndecided) = next(&matches, request) {
            let policy = set.policies[place]
            guard !policy.mutations.isEmpty, !broken.contains(place) else { continue }
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
                broken.insert(place)
                report.trace?.undoMutations(of: policy.name, round: run.round, error)
                fail(policy, "mutations", error, &report, &decision)
            }
        }
    }
}
