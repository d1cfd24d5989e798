internal import Azure
internal import JSON
internal import Kubernetes

/// Annotations of Azure Service Operator: those by which users tell it something, and those that it believes because it has
/// written them itself.
extension BindingCheck {
    private static let prefix: StaticString = "serviceoperator.azure.com/"
    private static let reconcilePolicyAnnotation: StaticString = "serviceoperator.azure.com/reconcile-policy"
    /// Annotations whose value is a resource ID: every reference to the object leads there.
    private static let resourceIDAnnotations: [StaticString] = [
        "serviceoperator.azure.com/resource-id", "serviceoperator.azure.com/child-resource-id-override",
    ]

    static func annotation(_ name: String) -> Failure.Place {
        .path(FieldPath([.member("metadata"), .member("annotations"), .member(name)]))
    }

    func checkAnnotations(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        let request = circumstances.request
        let annotations = ObjectMeta(of: subject.object, in: document).annotations
        let before = request.oldObject.flatMap { ObjectMeta(of: $0, in: request.document).annotations }
        try report.meter.spend(1)
        var credential: JSONValue?
        if let annotations {
            for (key, value) in document.members(of: annotations)
            where document.utf8(key).hasPrefix(Self.prefix) && !value.isNull {
                try report.meter.spend(1)
                if document.equals(key, Self.credentialAnnotation) {
                    credential = value
                } else if document.equals(key, Self.reconcilePolicyAnnotation) {
                    checkReconcilePolicy(value, subject, &report)
                } else {
                    let old = before.flatMap { request.document.member(document.utf8(key), of: $0) }
                    checkOwn(key, value, old, subject, request, &report)
                }
            }
        }
        checkCredential(credential, subject, circumstances, &report)
        guard let before else { return }
        for (key, value) in request.document.members(of: before)
        where request.document.utf8(key).hasPrefix(Self.prefix) && !value.isNull {
            try report.meter.spend(1)
            checkKept(key, annotations, subject, request, &report)
        }
    }

    /// Whether an object carries the annotation that Azure Service Operator reads of Namespaces too.
    static func hasReconcilePolicy(_ object: JSONValue, in document: JSONDocument) -> Bool {
        let annotations = ObjectMeta(of: object, in: document).annotations
        return annotations.flatMap { document.member(reconcilePolicyAnnotation, of: $0) } != nil
    }

    /// A Namespace's policy holds for all of its resources that have none of their own.
    func checkNamespace(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        try report.meter.spend(1)
        let document = subject.document
        guard let annotations = ObjectMeta(of: subject.object, in: document).annotations,
            let value = document.member(Self.reconcilePolicyAnnotation, of: annotations), !value.isNull
        else { return }
        checkReconcilePolicy(value, subject, &report)
    }

    // MARK: What users may write

    /// Azure Service Operator takes a value that it does not know for its default, and only its log tells.
    private func checkReconcilePolicy(_ value: JSONValue, _ subject: borrowing Subject, _ report: inout Report) {
        let allowed: [Binding.ReconcilePolicy]
        switch governor {
        case .several, .unknown: return
        case .none: allowed = Binding.ReconcilePolicy.allCases
        case .binding(let binding): allowed = binding.reconcilePolicies
        }
        let document = subject.document
        // An empty one counts as none.
        if document.equals(value, "") || allowed.contains(where: { document.equals(value, $0.rawValue) }) { return }
        report.add(
            origin(.reconcilePolicies),
            .notSupported,
            at: Self.annotation(Self.reconcilePolicyAnnotation.description),
            value,
            of: subject,
            allowed: allowed.map(\.rawValue).joined(separator: ", "),
            .notAllowed
        )
    }

    // MARK: What only controllers write

    /// An annotation that is none of those that users write; `old` is its value before the UPDATE.
    private func checkOwn(
        _ key: JSONValue,
        _ value: JSONValue,
        _ old: JSONValue?,
        _ subject: borrowing Subject,
        _ request: AdmissionRequest,
        _ report: inout Report
    ) {
        let document = subject.document
        let place = Self.annotation(document.string(key) ?? "")
        if case .binding = governor, Self.resourceIDAnnotations.contains(where: { document.equals(key, $0) }) {
            guard checkResourceID(value, at: place, subject, &report) else { return }
        }
        if let old, isEqual(old, in: request.document, value, in: document) { return }
        guard !isByController(request) else { return }
        let explanation = Explanation.unwanted(
            "Azure Service Operator believes it as its own, so that only the controllers may set or change it"
        )
        report.add(origin(.annotations), .forbidden, at: place, value, of: subject, explanation)
    }

    /// Taking away what a controller wrote is a change too: without its ID a resource counts as not yet created.
    private func checkKept(
        _ key: JSONValue,
        _ annotations: JSONValue?,
        _ subject: borrowing Subject,
        _ request: AdmissionRequest,
        _ report: inout Report
    ) {
        let old = request.document
        if old.equals(key, Self.credentialAnnotation) || old.equals(key, Self.reconcilePolicyAnnotation) { return }
        let value = annotations.flatMap { subject.document.member(old.utf8(key), of: $0) }
        guard value?.isNull ?? true, !isByController(request) else { return }
        report.add(
            origin(.annotations),
            .forbidden,
            at: Self.annotation(old.string(key) ?? ""),
            nil,
            of: subject,
            .text(
                message: "would go, and only the controllers may take it away",
                mend: "keep it, or use kubectl apply, which does"
            )
        )
    }

    private func isByController(_ request: AdmissionRequest) -> Bool {
        request.userInfo.username.map { controllers.number(of: request.document.utf8($0)) != nil } ?? false
    }
}

extension Span where Element == UInt8 {
    func hasPrefix(_ prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { prefix in
            guard count >= prefix.count else { return false }
            for index in prefix.indices where unsafe self[index] != prefix[index] { return false }
            return true
        }
    }
}
