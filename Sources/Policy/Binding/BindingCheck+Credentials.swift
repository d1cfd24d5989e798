internal import Azure
internal import JSON
internal import Kubernetes

/// The Secret that a resource is managed with: the one that its annotation names, else the namespace's `aso-credential`, else
/// the operator's own.
extension BindingCheck {
    static let credentialAnnotation: StaticString = "serviceoperator.azure.com/credential-from"

    func checkCredential(
        _ value: JSONValue?,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        switch governor {
        case .several, .unknown: return
        case .none(let namespace):
            guard let value else { return }
            add(.credentials, .forbidden, value, subject, &report, Self.unbound("a credential of its own", namespace))
        case .binding(let binding):
            if let value {
                checkNamed(value, binding, subject, circumstances, &report)
            } else if !circumstances.isForeign {
                checkAbsent(binding, subject, circumstances, &report)
            }
        }
    }

    private func checkNamed(
        _ value: JSONValue,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        let document = subject.document
        // A * reaches over a slash, and what is behind one is nobody's to say.
        guard value.isString, document.utf8(value).isSubdomain else {
            let mend = "name a Secret of the namespace, without a slash"
            add(.credentials, .invalid, value, subject, &report, .refused(", which is no Secret's name", mend: mend))
            return
        }
        let isListed = binding.lists(credential: document.utf8(value))
        // Only what somebody lists or knows is more than a name.
        let isKnowledgeEnough = binding.credentials.isEmpty
        if isListed || isKnowledgeEnough, let inventory = circumstances.inventory {
            let secret = inventory[Self.secret(document.string(value) ?? "", circumstances)]
            if let credential = secret?.credential {
                guard let fault = binding.fault(with: credential, isStrict: !isListed, isListed: isListed)
                else { return }
                let mend = "ask the platform team for a credential in AzureBinding \(binding.name)"
                add(
                    fault.part,
                    .forbidden,
                    value,
                    subject,
                    &report,
                    allowed: fault.allowed,
                    .refused(", \(fault.message)", mend: mend)
                )
                return
            }
        }
        guard !isListed else { return }
        addUnlisted(value, binding, subject, &report)
    }

    private func checkAbsent(
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        if let inventory = circumstances.inventory {
            let name = CredentialSecret.namespaceWide.description
            if let secret = inventory[Self.secret(name, circumstances)] {
                // The operator looks no further, even if it cannot use it.
                guard let credential = secret.credential,
                    let fault = binding.fault(
                        with: credential,
                        isStrict: false,
                        isListed: binding.lists(credential: name.utf8Span.span)
                    )
                else { return }
                add(
                    fault.part,
                    .forbidden,
                    nil,
                    subject,
                    &report,
                    .text(
                        message: "is not set, and the namespace's \(name) is a Secret \(fault.message)",
                        mend: "ask the platform team to put \(name) right"
                    )
                )
                return
            }
        }
        if binding.globalFallback == .allow { return }
        addUnlisted(nil, binding, subject, &report)
    }

    private func addUnlisted(
        _ value: JSONValue?,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let allowed = binding.credentials.map(\.description).joined(separator: ", ")
        let mend = "ask the platform team for a credential in AzureBinding \(binding.name)"
        var explanation = value == nil ? Explanation.absent : .notAllowed
        if allowed.isEmpty {
            explanation =
                value == nil
                ? .text(message: "is not set, and the global credential is denied", mend: mend)
                : .refused(", and no credential is allowed", mend: mend)
        }
        let reason: Failure.Reason = value == nil ? .required : .notSupported
        add(.credentials, reason, value, subject, &report, allowed: allowed, explanation)
    }

    private func add(
        _ part: BindingPart,
        _ reason: Failure.Reason,
        _ value: JSONValue?,
        _ subject: borrowing Subject,
        _ report: inout Report,
        allowed: String = "",
        _ explanation: Explanation
    ) {
        let place = Self.annotation(Self.credentialAnnotation.description)
        report.add(origin(part), reason, at: place, value, of: subject, allowed: allowed, explanation)
    }

    private static func secret(_ name: String, _ circumstances: borrowing Circumstances) -> Inventory.Key {
        let request = circumstances.request
        let namespace = request.namespace.flatMap { request.document.string($0) } ?? ""
        return Inventory.Key(group: "", kind: "Secret", namespace: namespace, name: name)
    }
}

extension Binding {
    fileprivate func lists(credential name: Span<UInt8>) -> Bool {
        credentials.contains { $0.matches(name) }
    }
}
