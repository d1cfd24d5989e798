internal import Azure
internal import JSON
internal import Kubernetes

/// Kubernetes' own policies on a request's way.
extension RequestEvaluation {
    /// Lets the mutating policies of Kubernetes change the object, before anybody else sees it, as in the API server.
    mutating func mutateByAdmissionPolicies(
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard request.operation == .create || request.operation == .update, let object = request.object,
            let policies = set.admissionPolicies, policies.mayConcern(policies.mutating, request)
        else { return }
        let original = JSONFragment(request.document, object)
        var judgement = AdmissionJudgement(
            policies,
            request,
            object: original,
            expressions.context(self, request) { _ in }
        )
        expressions.unbind()
        guard let (document, names) = judgement.mutate(&report, &decision) else { return }
        let patch = JSONPatch.difference(from: original, to: JSONFragment(document))
        admitted = (JSONFragment(document), patch, names)
    }

    /// Joins the patches, and asks the validating policies of Kubernetes what they say of the object as it is then.
    func finish(
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        if let admitted {
            decision.patch = JSONPatch(admitted.patch.operations + (decision.patch?.operations ?? []))
            decision.mutations = admitted.mutations + decision.mutations
        }
        guard mode != .mutate, let policies = set.admissionPolicies, policies.mayConcern(policies.validating, request)
        else { return }
        var object = request.object.map { JSONFragment(request.document, $0) }
        do throws(JSONPatchError) {
            if let original = object, let patch = decision.patch {
                object = JSONFragment(try patch.apply(to: original))
            }
        } catch {
            report.add(.patch("\(error)"), of: .builtIn, "portcullis", "mutations")
            return
        }
        let judgement = AdmissionJudgement(
            policies,
            request,
            object: object,
            expressions.context(self, request) { _ in }
        )
        expressions.unbind()
        judgement.bindObject()
        judgement.validate(&report, &decision)
    }
}
