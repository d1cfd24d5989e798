internal import Azure
internal import JSON

/// Identities that are named by object.
extension BindingCheck {
    /// Identities by resource ID have been judged as references; here are those that are named by object.
    func checkIdentities(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        guard case .none(let namespace) = governor else { return }
        let (document, object) = (subject.document, subject.object)
        try subject.kind.forEachOccurrence(of: .identity, in: document, of: object) { (place) throws(EvaluationError) in
            try report.meter.spend(1)
            guard place.part == .userAssigned, let value = place.value, document.member("armId", of: value) == nil
            else { return }
            // `system` and the like are not user-assigned.
            if document.member("wellKnownName", of: value) != nil, document.member("name", of: value) == nil { return }
            report.add(
                origin(.userAssignedIdentities),
                .forbidden,
                at: .occurrence(place),
                value,
                of: subject,
                shown: document.member("name", of: value).flatMap { document.string($0) },
                Self.unbound("a user-assigned identity", namespace)
            )
        }
    }
}
