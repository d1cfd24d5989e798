internal import Azure
internal import JSON
internal import Kubernetes

/// The judgement of identity: every resource ID, credential and identity that a resource names, by the binding of its
/// namespace, or by there being none.
struct BindingCheck {
    /// What governs the namespace.
    enum Governor {
        case binding(Binding)
        /// Bindings are loaded, and none matches.
        case none(namespace: String)
        /// More than one matches: none can be said to hold.
        case several([String], namespace: String)
        /// These select by labels, and the namespace's are not known.
        case unknown([String], namespace: String)

        /// What failures are reported under.
        var name: String {
            switch self {
            case .binding(let binding): binding.name
            case .none: BindingCheck.unboundName
            case .several(let names, _), .unknown(let names, _): names.joined(separator: "+")
            }
        }
    }

    /// What stands for the binding of namespaces that none matches.
    static let unboundName = "no-binding"

    let governor: Governor
    /// The users who may write what Azure Service Operator writes.
    let controllers: NameTable
    /// Every binding, for what is somebody's.
    let bindings: [Binding]

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        switch governor {
        case .several(let names, let namespace):
            refuse(
                .ambiguous,
                "is \(namespace), which the AzureBindings \(names.joined(separator: " and ")) both match",
                mend: "ask the platform team to leave one of them",
                &report
            )
            return
        case .unknown(let names, let namespace):
            refuse(
                .namespaceSelector,
                "is \(namespace), whose labels are not known, and AzureBinding "
                    + "\(names.joined(separator: " and ")) selects by labels",
                mend: "ask the platform team to add its Namespace manifest to the policy folder",
                &report
            )
            return
        case .binding, .none: break
        }
        guard subject.isAzure else {
            if circumstances.request.operation == .delete {
                checkCredentialKept(subject, &report)
            } else if subject.isSecret {
                checkSecret(subject, &report)
            } else {
                try checkNamespace(subject, &report)
            }
            return
        }
        if circumstances.request.operation == .delete { return try checkPlace(subject, circumstances, &report) }
        try checkAnnotations(subject, circumstances, &report)
        try checkOwner(subject, &report)
        try checkReferences(subject, &report)
        try checkIdentities(subject, &report)
        try checkMembers(subject, &report)
        try checkDestinations(subject, circumstances, &report)
        checkName(subject, &report)
        try checkExtension(subject, circumstances, &report)
        try checkNames(subject, circumstances, &report)
        try checkExisting(subject, circumstances, &report)
    }

    /// Judges where a resource lies, and nothing of what it is: whatever it is may go.
    private func checkPlace(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        try checkOwner(subject, &report)
        try checkOwnerMembers(subject, &report)
        checkName(subject, &report)
        checkTarget(subject, &report)
        try checkOwnerName(subject, circumstances, &report)
    }

    private func refuse(_ part: BindingPart, _ message: String, mend: String, _ report: inout Report) {
        report.add(origin(part), .forbidden, at: "metadata.namespace", .text(message: message, mend: mend))
    }

    func origin(_ part: BindingPart) -> Failure.Origin {
        Failure.Origin(source: .binding, policy: governor.name, rule: part.rawValue, effect: .deny, message: nil)
    }

    static func unbound(_ what: String, _ namespace: String) -> Explanation {
        .text(
            message: "is \(what), and no AzureBinding matches namespace \(namespace)",
            mend: "remove it, or ask the platform team for an AzureBinding"
        )
    }
}
