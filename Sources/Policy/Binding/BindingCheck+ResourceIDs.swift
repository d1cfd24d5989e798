internal import Azure
internal import JSON

/// Every resource ID of an object: its owner, its references, and what Azure Service Operator takes for one.
extension BindingCheck {
    func checkOwner(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        guard
            let spec = document.member("spec", of: subject.object),
            let owner = document.member("owner", of: spec),
            let value = document.member("armId", of: owner), !value.isNull, !judgesOwnerAsTarget(subject)
        else { return }
        try report.meter.spend(1)
        checkResourceID(value, at: .path(FieldPath(["spec", "owner", "armId"])), subject, &report)
    }

    func checkReferences(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        let (document, object) = (subject.document, subject.object)
        let judgesGrants = subject.givesAccess && judgesOwnerAsTarget(subject)
        try subject.kind.forEachOccurrence(of: .reference, in: document, of: object) {
            (place) throws(EvaluationError) in
            try report.meter.spend(4)
            guard let value = place.value, !(judgesGrants && isJudgedAsGrant(place, subject)) else { return }
            if place.part == .propertyBag {
                report.add(
                    origin(.resourceGroups),
                    .invalid,
                    at: .occurrence(place),
                    value,
                    of: subject,
                    shown: "(a property bag)",
                    .text(
                        message: "holds a resource ID that cannot be judged",
                        mend: "write the object in a version without \"storage\" in its name"
                    )
                )
            } else if isOutside(value, in: document) {
                checkResourceID(value, at: .occurrence(place), subject, &report)
            }
        }
    }

    /// Whether there is anything to report, so that no path is made where there is not.
    private func isOutside(_ value: JSONValue, in document: JSONDocument) -> Bool {
        guard case .binding(let binding) = governor else { return true }
        guard let id = try? ResourceID(within: document.utf8(value)) else { return true }
        return binding.fault(with: id) != nil
    }

    /// Judges a resource ID.
    ///
    /// - Returns: Whether there was nothing to report.
    @discardableResult
    func checkResourceID(
        _ value: JSONValue,
        at path: Failure.Place,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) -> Bool {
        let binding: Binding
        switch governor {
        case .several, .unknown: return false
        case .none(let namespace):
            report.add(
                origin(.armId),
                .forbidden,
                at: path,
                value,
                of: subject,
                Self.unbound("a resource ID", namespace)
            )
            return false
        case .binding(let found): binding = found
        }
        let id: ResourceID
        do {
            id = try ResourceID(within: subject.document.utf8(value))
        } catch {
            report.add(
                origin(.resourceGroups),
                .invalid,
                at: path,
                value,
                of: subject,
                .text(message: "is \(error)", mend: "write the resource ID as Azure does")
            )
            return false
        }
        guard let fault = binding.fault(with: id) else { return true }
        report.add(
            origin(fault.part),
            .forbidden,
            at: path,
            value,
            of: subject,
            allowed: fault.allowed,
            .refused(
                ": \(fault.message)",
                mend: "use a resource inside, or ask the platform team to list it in AzureBinding \(binding.name)"
            )
        )
        return false
    }
}

extension Binding {
    /// Why an ID is outside of what the binding allows; nil if it is inside.
    ///
    /// - Parameters:
    ///   - id: The ID.
    ///   - sharing: Whether shared resources are inside.
    /// - Returns: The field of the binding that says so, and why.
    func fault(with id: ResourceID, sharing: Bool = true) -> (part: BindingPart, message: String, allowed: String)? {
        if sharing, sharedResources.contains(where: { $0.matches(id) }) { return nil }
        if id.canonical.contains("/microsoft.managedidentity/userassignedidentities/") {
            // What lies below an identity (its federated credentials) is as good as the identity.
            var identity: ResourceID? = id
            while let candidate = identity {
                if userAssignedIdentities.contains(where: { $0.matches(candidate) }) { return nil }
                identity = candidate.parent
            }
            let allowed = userAssignedIdentities.map(\.description).joined(separator: ", ")
            return (.userAssignedIdentities, "the identity is none of AzureBinding \(name)", allowed)
        }
        return locationFault(with: id)
    }

    /// Why an ID is in none of the binding's subscriptions; nil if it is.
    func subscriptionFault(with id: ResourceID) -> (part: BindingPart, message: String, allowed: String)? {
        if let subscription = id.subscription, subscriptions.contains(subscription) { return nil }
        return (
            .subscriptions, "the subscription is none of AzureBinding \(name)", subscriptions.joined(separator: ", ")
        )
    }

    /// Why an ID lies in none of the binding's subscriptions and resource groups; nil if it does.
    func locationFault(with id: ResourceID) -> (part: BindingPart, message: String, allowed: String)? {
        if let fault = subscriptionFault(with: id) { return fault }
        let allowed = resourceGroups.map(\.description).joined(separator: ", ")
        guard let group = id.resourceGroup else {
            return (.resourceGroups, "it is outside the resource groups of AzureBinding \(name)", allowed)
        }
        if resourceGroups.contains(where: { $0.matches(group) }) { return nil }
        return (.resourceGroups, "the resource group is none of AzureBinding \(name)", allowed)
    }
}
