internal import Azure
internal import JSON

/// Whom a managed identity trusts: whoever has a token of that issuer and subject is the identity.
extension BindingCheck {
    private static let serviceAccount = "system:serviceaccount:"

    func checkFederation(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        try report.meter.spend(4)
        let document = subject.document
        let kind = document.member("kind", of: subject.object)
        let trusted: FederatedSubjects
        switch governor {
        case .several, .unknown: return
        case .none(let namespace):
            report.add(
                origin(.federatedSubjects),
                .forbidden,
                at: .path(FieldPath(["kind"])),
                kind,
                of: subject,
                Self.unbound("a kind that lets others act as an identity", namespace)
            )
            return
        case .binding(let binding):
            guard let listed = binding.reach.federatedSubjects else {
                report.add(
                    origin(.federatedSubjects),
                    .forbidden,
                    at: .path(FieldPath(["kind"])),
                    kind,
                    of: subject,
                    .refused(
                        ", and AzureBinding \(binding.name) lists no federatedSubjects",
                        mend: "ask the platform team to list issuers and subjects there"
                    )
                )
                return
            }
            trusted = listed
        }
        guard let spec = document.member("spec", of: subject.object) else { return }
        let own = Self.serviceAccount + circumstances.namespace + ":"
        judge("issuer", "issuerFromConfig", in: spec, subject, &report, trusted.issuers) {
            trusted.issuers.contains($0)
        }
        let subjects = trusted.subjects?.map(\.description) ?? [own + "*"]
        judge("subject", "subjectFromConfig", in: spec, subject, &report, subjects) { text in
            Self.trusts(text, own: own, trusted)
        }
        guard let audiences = document.member("audiences", of: spec) else { return }
        let allowed = trusted.audiences.joined(separator: ", ")
        guard audiences.isArray else {
            let reason = document.reason(ofUnknown: audiences)
            if audiences.isNull, reason == nil { return }
            return report.add(
                origin(.federatedSubjects),
                reason == nil ? .notSupported : .unknown,
                at: .path(FieldPath(["spec", "audiences"])),
                reason == nil ? audiences : nil,
                of: subject,
                allowed: allowed,
                reason.map { .unknown($0.singleLine) } ?? .notAllowed
            )
        }
        for (index, audience) in document.elements(of: audiences).enumerated() {
            try report.meter.spend(1)
            if let text = document.string(audience), trusted.audiences.contains(text) { continue }
            report.add(
                origin(.federatedSubjects),
                .notSupported,
                at: .path(FieldPath([.member("spec"), .member("audiences"), .element(index)])),
                audience,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        }
    }

    /// Judges a field that must be there; what takes its place is `fromConfig`'s to judge.
    private func judge(
        _ field: String,
        _ stand: String,
        in spec: JSONValue,
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ allowed: [String],
        _ isAllowed: (String) -> Bool
    ) {
        let document = subject.document
        let value = document.member(field, of: spec).flatMap { $0.isNull ? nil : $0 }
        if let value {
            if let text = document.string(value), isAllowed(text) { return }
        } else if let other = document.member(stand, of: spec), !other.isNull {
            return
        }
        report.add(
            origin(.federatedSubjects),
            value == nil ? .required : .notSupported,
            at: .path(FieldPath([.member("spec"), .member(field)])),
            value,
            of: subject,
            allowed: allowed.joined(separator: ", "),
            value == nil ? .absent : .notAllowed
        )
    }

    /// Whether a subject is one of the namespace's own service accounts, or listed; in a pattern no `*` stands for another
    /// namespace.
    private static func trusts(_ text: String, own: String, _ trusted: FederatedSubjects) -> Bool {
        let isListed = { (pattern: Glob) in pattern.matches(text) }
        guard text.hasPrefix(serviceAccount) else { return trusted.subjects?.contains(where: isListed) ?? false }
        if text.hasPrefix(own), text.utf8.count > own.utf8.count {
            return trusted.subjects?.contains(where: isListed) ?? true
        }
        let end = text.dropFirst(serviceAccount.count).firstIndex(of: ":") ?? text.endIndex
        let named = text[..<end]
        return trusted.subjects?.contains { isListed($0) && $0.description.hasPrefix(named) } ?? false
    }
}
