internal import Azure
internal import JSON
internal import Kubernetes

/// Secrets that Azure Service Operator takes for credentials: whom they make it act as. No value of theirs is ever shown.
extension BindingCheck {
    func checkSecret(_ subject: borrowing Subject, _ report: inout Report) {
        switch governor {
        case .several, .unknown: return
        case .none(let namespace): checkUnboundSecret(namespace, subject, &report)
        case .binding(let binding):
            for value in CredentialSecret.values(of: subject.object, in: subject.document) {
                check(value, binding, subject, &report)
            }
        }
    }

    /// Without the namespace's credential its resources would be managed with the operator's own.
    func checkCredentialKept(_ subject: borrowing Subject, _ report: inout Report) {
        guard case .binding(let binding) = governor, binding.globalFallback == .deny else { return }
        report.add(
            origin(.credentials),
            .forbidden,
            at: .path(FieldPath(["metadata", "name"])),
            nil,
            of: subject,
            .text(
                message: "is the namespace's credential, without which the operator would use its own",
                mend: "change what it says instead, or ask the platform team"
            )
        )
    }

    /// A namespace without a binding has no credential of its own; one failure says that of the whole Secret.
    private func checkUnboundSecret(_ namespace: String, _ subject: borrowing Subject, _ report: inout Report) {
        let value = CredentialSecret.values(of: subject.object, in: subject.document).first
        report.add(
            origin(.credentials),
            .forbidden,
            at: value.map(Self.place) ?? .path(FieldPath(["metadata", "name"])),
            value?.value,
            of: subject,
            Self.unbound("a credential of its own", namespace)
        )
    }

    private static func place(_ value: CredentialSecret.Value) -> Failure.Place {
        .path(FieldPath([.member(value.field.description), .member(value.key.rawValue)]))
    }

    private func check(
        _ value: CredentialSecret.Value,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let guarded: (part: BindingPart, allowed: [String])
        switch value.key {
        case .clientID, .entraApplicationID: guarded = (.identities, binding.identities)
        case .subscriptionID: guarded = (.subscriptions, binding.subscriptions)
        case .tenantID, .additionalTenants: guarded = (.tenant, binding.tenant.map { [$0] } ?? [])
        case .userAssignedIdentityCredentials:
            return refuse(.identities, "names a file that says whom to act as", value, subject, &report)
        case .authorityHost, .resourceManagerEndpoint, .resourceManagerAudience:
            return refuse(.credentials, "says where the operator's tokens go", value, subject, &report)
        case .clientSecret, .clientCertificate, .clientCertificatePassword: return
        }
        guard let bytes = value.bytes else {
            report.add(
                origin(guarded.part),
                .invalid,
                at: Self.place(value),
                value.value,
                of: subject,
                .text(
                    message: "cannot be read, and so not be judged",
                    mend: "write the value in base64 under data, or as it is under stringData"
                )
            )
            return
        }
        let isAllowed =
            value.key == .additionalTenants
            ? Self.areAllowed(bytes, guarded.allowed) : Self.isAllowed(bytes[...], guarded.allowed)
        guard !isAllowed else { return }
        report.add(
            origin(guarded.part),
            .notSupported,
            at: Self.place(value),
            value.value,
            of: subject,
            allowed: guarded.allowed.joined(separator: ", "),
            .refused(
                guarded.allowed.isEmpty ? ", and AzureBinding \(binding.name) has no \(guarded.part.rawValue)" : "",
                mend:
                    "write the namespace's own, or ask the platform team to add it to \(guarded.part.rawValue) of AzureBinding "
                    + binding.name
            )
        )
    }

    private func refuse(
        _ part: BindingPart,
        _ why: String,
        _ value: CredentialSecret.Value,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        report.add(
            origin(part),
            .forbidden,
            at: Self.place(value),
            value.value,
            of: subject,
            .text(message: "\(why), which is the operator's own business", mend: "remove it")
        )
    }

    /// Whether a value is one of some GUIDs, exactly: a line end behind it makes it another.
    private static func isAllowed(_ value: ArraySlice<UInt8>, _ allowed: [String]) -> Bool {
        allowed.contains { $0.utf8.elementsEqual(value.lazy.map(\.lowercasedASCII)) }
    }

    /// Whether each of a list with commas is.
    private static func areAllowed(_ list: [UInt8], _ allowed: [String]) -> Bool {
        list.split(separator: UInt8(ascii: ",")).allSatisfy { part in
            let space = UInt8(ascii: " ")
            guard let first = part.firstIndex(where: { $0 != space }),
                let last = part.lastIndex(where: { $0 != space })
            else { return true }
            return isAllowed(part[first...last], allowed)
        }
    }
}

extension Binding {
    /// Why a credential is not one of the namespace's, by what is known of it; nil if nothing says so.
    ///
    /// - Parameters:
    ///   - credential: What its Secret says; never repeated.
    ///   - isStrict: Whether what is not known is held against it.
    ///   - isListed: Whether its Secret is named in `credentials.allow`, so that it may say more than whose it is.
    /// - Returns: The field that guards it, what is wrong, and what is allowed.
    func fault(
        with credential: Inventory.Credential,
        isStrict: Bool,
        isListed: Bool
    ) -> (part: BindingPart, message: String, allowed: String)? {
        let facts: [(value: String?, part: BindingPart, what: String, allowed: [String])] = [
            (credential.clientID, .identities, "client ID", identities),
            (credential.subscriptionID, .subscriptions, "subscription", subscriptions),
            (credential.tenantID, .tenant, "tenant", tenant.map { [$0] } ?? []),
        ]
        for (value, part, what, allowed) in facts {
            guard let value else {
                if isStrict { return (part, "whose \(what) is not known", allowed.joined(separator: ", ")) }
                continue
            }
            if !allowed.contains(value.lowercased()) {
                return (part, "whose \(what) is none of AzureBinding \(name)", allowed.joined(separator: ", "))
            }
        }
        if credential.saysMore, !isListed {
            let allowed = credentials.map(\.description).joined(separator: ", ")
            return (.credentials, "that says more than client, subscription and tenant", allowed)
        }
        return nil
    }
}
