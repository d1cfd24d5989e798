internal import Azure
internal import JSON
internal import Kubernetes

/// What may not be deleted, or only by somebody who has confirmed it before; and what may not be left behind in Azure.
///
/// On DELETE the object that is there is judged, whoever deletes it: a person, the garbage collector, or the namespace
/// controller, so that a namespace waits for what it must not take with it.
final class DeletionRule: CircumstantialTest {
    /// What is protected.
    struct Protection: Sendable {
        /// Kinds; empty if none is protected as such.
        var kinds: [Glob] = []
        /// Tags that protect, with the values that do.
        var tags: [(key: NamePattern, values: [NamePattern])] = []
        /// Whether all is that the policy matches.
        var isEverything = false
    }

    /// An annotation whose value confirms that the object is to go.
    struct Confirmation: Sendable {
        let annotation: String
        let value: NameTemplate
    }

    let protected: Protection?
    let confirmation: Confirmation?
    let deniesDetaching: Bool

    var demand: PolicySet.Demand {
        guard let protected, !protected.tags.isEmpty else { return PolicySet.Demand() }
        return PolicySet.Demand(facets: FacetSet(.tags), parts: PartSet(.map))
    }
    var operations: OperationSet? { deniesDetaching ? [.create, .update, .delete] : .delete }
    var ratchets: Bool { false }

    static let standardAnnotation = "portcullis.dev/confirm-deletion"
    private static let reconcilePolicy = "serviceoperator.azure.com/reconcile-policy"

    init?(_ node: Node) {
        guard let fields = node.fields(["protected", "confirmation", "detachOnDelete"]) else { return nil }
        protected = fields["protected"].flatMap { Protection($0) }
        confirmation = fields["confirmation"].flatMap { Confirmation($0) }
        deniesDetaching = fields["detachOnDelete"]?.keyword(Verdict.self) == .deny
        if protected == nil, fields["protected"] == nil, !deniesDetaching {
            node.error("forbids nothing", mend: "add protected: true, or detachOnDelete: Deny")
        }
        if fields["protected"] == nil, let confirmation = fields["confirmation"] {
            confirmation.error("confirms nothing", mend: "add protected: true, or the kinds or tags that are")
        }
    }
}

extension DeletionRule.Protection {
    fileprivate init?(_ node: Node) {
        if node.value.kind == .bool {
            guard node.document.bool(node.value) == true else {
                node.error("protects nothing", mend: "write true, or remove the field")
                return nil
            }
            isEverything = true
            return
        }
        guard let fields = node.fields(["kinds", "tags"]) else { return nil }
        kinds = fields["kinds"]?.resources() ?? []
        for (name, entry) in fields["tags"]?.entries() ?? [] {
            guard let key = entry.tagName(name) else { continue }
            tags.append((key, entry.value.isArray ? entry.namePatterns() : entry.namePattern().map { [$0] } ?? []))
        }
        if fields["kinds"] == nil && fields["tags"] == nil {
            node.error("protects nothing", mend: "write true, or add kinds or tags")
        }
    }
}

extension DeletionRule.Confirmation {
    fileprivate init?(_ node: Node) {
        guard let fields = node.fields(["annotation", "value"]) else { return nil }
        annotation = fields["annotation"]?.string() ?? DeletionRule.standardAnnotation
        guard let entry = fields["value"] else {
            value = .name
            return
        }
        guard let template = entry.nameTemplate() else { return nil }
        value = template
    }
}

// MARK: Judging

extension DeletionRule {
    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try report.meter.spend(1)
        let metadata = ObjectMeta(of: subject.object, in: subject.document)
        let isDeletion = circumstances.request.operation == .delete
        if deniesDetaching { checkDetaching(subject, metadata, isDeletion: isDeletion, rule, &report) }
        // What is going already is beyond protection.
        guard isDeletion, metadata.deletionTimestamp == nil, let protected else { return }
        guard let reason = try reason(protected, subject, rule, &report) else { return }
        checkConfirmation(reason, subject, circumstances, metadata, rule, &report)
    }

    /// Why an object is protected; nil if it is not.
    private func reason(
        _ protected: Protection,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) -> String? {
        if protected.isEverything { return "" }
        let kind = subject.kind.isGeneral ? subject.type.name : subject.kind.description
        if protected.kinds.contains(where: { $0.matches(kind) }) { return " (every \(kind) is)" }
        let document = subject.document
        for place in subject.facets.places where place.facet == .tags {
            if place.state == .unknown, rule.deniesUnknown(byDefault: true) { return " (its tags are not known)" }
            guard let map = place.value, map.isObject else { continue }
            try report.meter.spend(document.count(of: map) * protected.tags.count)
            for (name, value) in document.members(of: map) {
                for tag in protected.tags where tag.key.matches(document.utf8(name)) {
                    if value.isUnknown, rule.deniesUnknown(byDefault: true) { return " (a tag is not known)" }
                    guard tag.values.contains(where: { $0.matches(document.utf8(value)) }) else { continue }
                    let tag = (document.string(name) ?? "").singleLine.shortened(to: FailureText.maximumValueBytes)
                    return " (by its tag \(tag))"
                }
            }
        }
        return nil
    }

    private func checkConfirmation(
        _ reason: String,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ metadata: ObjectMeta,
        _ rule: Rule,
        _ report: inout Report
    ) {
        guard let confirmation else {
            report.add(
                rule.origin,
                .forbidden,
                at: .path(FieldPath(["metadata", "name"])),
                metadata.name,
                of: subject,
                .refused(
                    ", which is protected from deletion\(reason)",
                    mend: "keep it, or ask the platform team to lift the protection"
                )
            )
            return
        }
        let request = circumstances.request
        let wanted = confirmation.value.text(
            name: request.document.string(metadata.name),
            namespace: request.document.string(request.namespace)
        )
        let found = metadata.annotations.flatMap { subject.document.present(confirmation.annotation, of: $0) }
        if let found, subject.document.equals(found, wanted) { return }
        let mend = "keep it, or first annotate it with \(confirmation.annotation)=\(wanted)".singleLine
        report.add(
            rule.origin,
            .forbidden,
            at: .path(FieldPath(["metadata", "annotations"]).appending(confirmation.annotation)),
            found,
            of: subject,
            .refused(", so that the deletion is not confirmed: the resource is protected\(reason)", mend: mend)
        )
    }

    /// `detach-on-delete` leaves the resource behind in Azure when its object goes; `skip` does so too, but has other uses before.
    private func checkDetaching(
        _ subject: borrowing Subject,
        _ metadata: ObjectMeta,
        isDeletion: Bool,
        _ rule: Rule,
        _ report: inout Report
    ) {
        guard subject.isAzure, let annotations = metadata.annotations,
            let value = subject.document.present(Self.reconcilePolicy, of: annotations)
        else { return }
        let document = subject.document
        guard document.equals(value, "detach-on-delete") || (isDeletion && document.equals(value, "skip")) else {
            return
        }
        report.add(
            rule.origin,
            .forbidden,
            at: .path(FieldPath(["metadata", "annotations"]).appending(Self.reconcilePolicy)),
            value,
            of: subject,
            .refused(
                ", which would leave the resource behind in Azure without its object",
                mend: isDeletion ? "set it to manage before you delete" : "remove it or set it to manage"
            )
        )
    }
}
