internal import Azure
internal import JSON
internal import Kubernetes

extension RequestEvaluation {
    /// Turns denials that the old object had already into warnings.
    func ratchet(
        _ subject: Subject,
        _ request: AdmissionRequest,
        _ tier: PolicySet.Tier,
        _ demand: PolicySet.Demand,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard request.operation == .update, let old = request.oldObject, report.uncounted == 0 else { return }
        guard report.failures.contains(where: { $0.effect == .deny && $0.origin.ratchets }) else { return }
        report.trace?.pause()
        defer { report.trace?.resume() }
        var oldReport = Report(meter: report.meter)
        var oldSubject = self.subject(old, in: request.document, request)
        expressions.unbind()
        let successor = JSONFragment(subject.document, subject.object)
        // What could not be compared is not old.
        guard
            read(demand, of: &oldSubject) == nil,
            judgeOld(oldSubject, request, tier, successor, &oldReport, &expressions), oldReport.uncounted == 0
        else { return }
        var ratchet = Ratchet(oldReport.failures, of: oldSubject)
        report.update { failure in
            guard failure.effect == .deny, failure.reason != .error, ratchet.isOld(failure, of: subject) else { return }
            failure.effect = .ratcheted
            decision.notes.insert(.ratcheted)
        }
    }

    /// Judges what the object was, by those policies that match it as it was; says whether that was possible.
    func judgeOld(
        _ subject: Subject,
        _ request: AdmissionRequest,
        _ tier: PolicySet.Tier,
        _ successor: JSONFragment,
        _ report: inout Report,
        _ expressions: inout LazyExpressions
    ) -> Bool {
        var matches = Matches(tier)
        while let (place, isUndecided) = next(&matches, request) {
            // It judged neither the one nor the other.
            if isUndecided { continue }
            if let selector = set.policies[place].match.objectSelector,
                !selector.matches(subject.document, labels: ObjectMeta(of: subject.object, in: subject.document).labels)
            {
                continue
            }
            do throws(EvaluationError) {
                let plan = set.plans[place]
                guard plan.hasExpressions else {
                    try judge(subject, request, by: plan.rules, &report, nil, isOld: true)
                    continue
                }
                let policy = set.policies[place]
                guard let context = try begin(policy, subject, request, successor: successor, &expressions) else {
                    continue
                }
                try judge(subject, request, by: plan.rules, &report, context, isOld: true)
                // What broke did not fail.
                _ = context.takeBroken()
            } catch {
                return false
            }
        }
        return true
    }
}
