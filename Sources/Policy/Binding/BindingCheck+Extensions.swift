internal import Azure
internal import JSON
internal import Kubernetes

/// Kinds whose resources attach to any other: what they may be, and how much they may reach.
extension BindingCheck {
    /// Whether the owner is judged as what something is attached to, more strictly than as what it lies in.
    func judgesOwnerAsTarget(_ subject: borrowing Subject) -> Bool {
        guard case .binding = governor else { return false }
        return subject.givesAccess || subject.isExtension
    }

    func checkExtension(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        if subject.isFederatedCredential { try checkFederation(subject, circumstances, &report) }
        if subject.kind.isOfTenant { return checkTenant(subject, &report) }
        let givesAccess = subject.givesAccess
        guard givesAccess || subject.isExtension else { return }
        try report.meter.spend(4)
        let kind = subject.document.member("kind", of: subject.object)
        switch governor {
        case .several, .unknown: return
        case .none(let namespace):
            guard givesAccess else { return }
            report.add(
                origin(.roles),
                .forbidden,
                at: .path(FieldPath(["kind"])),
                kind,
                of: subject,
                Self.unbound("a kind that gives access to others", namespace)
            )
        case .binding(let binding):
            let part = givesAccess ? BindingPart.roles : .extensions
            if givesAccess {
                try checkGrant(binding, subject, circumstances, &report)
            } else {
                if let kinds = binding.reach.extensions.kinds, !kinds.contains(where: { $0.matches(subject.type.name) })
                {
                    report.add(
                        origin(part),
                        .notSupported,
                        at: .path(FieldPath(["kind"])),
                        kind,
                        of: subject,
                        allowed: kinds.map(\.description).joined(separator: ", "),
                        .refused(
                            ", which attaches to other resources",
                            mend: "ask the platform team to list \(subject.type.name) in AzureBinding \(binding.name)"
                        )
                    )
                }
            }
            checkTarget(subject, &report)
        }
    }

    /// What lies in no subscription belongs to nobody's resource groups: an Alias adopts a whole subscription, and cancels it
    /// when it is deleted.
    private func checkTenant(_ subject: borrowing Subject, _ report: inout Report) {
        let kind = subject.document.member("kind", of: subject.object)
        let explanation: Explanation
        switch governor {
        case .several, .unknown: return
        case .none(let namespace): explanation = Self.unbound("a kind that lies in no subscription", namespace)
        case .binding(let binding):
            if binding.reach.extensions.kinds?.contains(where: { $0.matches(subject.type.name) }) ?? false { return }
            explanation = .refused(
                ", which lies in no subscription",
                mend:
                    "ask the platform team to list \(subject.type.name) in extensions.allow of AzureBinding \(binding.name)"
            )
        }
        report.add(origin(.extensions), .forbidden, at: .path(FieldPath(["kind"])), kind, of: subject, explanation)
    }

    /// What judges the resource that something is attached to.
    struct Target {
        /// The field of the binding that says so.
        let part: BindingPart
        let limits: AttachmentLimits
        let binding: Binding
    }

    /// Judges what something is attached to, if the subject is such.
    func checkTarget(_ subject: borrowing Subject, _ report: inout Report) {
        let document = subject.document
        guard case .binding(let binding) = governor, judgesOwnerAsTarget(subject), !subject.kind.isOfTenant,
            let spec = document.member("spec", of: subject.object),
            let owner = document.member("owner", of: spec)
        else { return }
        let reach = binding.reach
        let target =
            subject.givesAccess
            ? Target(part: .roles, limits: reach.roles?.attachment ?? AttachmentLimits(nil), binding: binding)
            : Target(part: .extensions, limits: reach.extensions.attachment, binding: binding)
        checkReference(owner, at: FieldPath(["spec", "owner"]), target, subject, &report)
    }

    /// Judges a reference, by ID or by name, to what something is attached to.
    func checkReference(
        _ reference: JSONValue,
        at path: FieldPath,
        _ target: Target,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let document = subject.document
        if let value = document.member("armId", of: reference), !value.isNull {
            checkTargetID(value, at: .path(path.appending("armId")), target, subject, &report)
        }
        guard let kind = document.member("kind", of: reference), !kind.isNull else { return }
        let place = Failure.Place.path(path.appending("kind"))
        if document.equals(kind, "ResourceGroup"), target.limits.scope < .resourceGroup {
            report.add(
                origin(target.part),
                .forbidden,
                at: place,
                kind,
                of: subject,
                target.tooWide(.resourceGroup)
            )
        } else if document.equals(kind, "Alias") {
            report.add(
                origin(target.part),
                .forbidden,
                at: place,
                kind,
                of: subject,
                .refused(
                    ", a subscription that admission cannot tell",
                    mend: "name the subscription itself, as armId"
                )
            )
        }
    }

    private func checkTargetID(
        _ value: JSONValue,
        at place: Failure.Place,
        _ target: Target,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let id: ResourceID
        do {
            id = try ResourceID(parsing: subject.document.utf8(value))
        } catch {
            report.add(
                origin(.resourceGroups),
                .invalid,
                at: place,
                value,
                of: subject,
                .text(message: "is \(error)", mend: "write the resource ID as Azure does")
            )
            return
        }
        if target.limits.resources.contains(where: { $0.matches(id) }) { return }
        let breadth = id.breadth
        let fault: (part: BindingPart, message: String, allowed: String)?
        if breadth > target.limits.scope, target.binding.locationFault(with: id)?.part != .subscriptions {
            return report.add(origin(target.part), .forbidden, at: place, value, of: subject, target.tooWide(breadth))
        } else if breadth == .subscription {
            fault = target.binding.subscriptionFault(with: id)
        } else {
            fault = target.binding.fault(with: id, sharing: false)
        }
        guard let fault else { return }
        report.add(
            origin(fault.part),
            .forbidden,
            at: place,
            value,
            of: subject,
            allowed: fault.allowed,
            .refused(
                ": \(fault.message)",
                mend:
                    "attach it to a resource inside, or ask the platform team to list that in \(target.part.rawValue).resources "
                    + "of AzureBinding \(target.binding.name)"
            )
        )
    }
}

extension BindingCheck.Target {
    fileprivate func tooWide(_ breadth: Breadth) -> Explanation {
        .refused(
            ", which reaches \(breadth.words), and AzureBinding \(binding.name) allows \(limits.scope.words) at most",
            mend: "attach it to less, or ask the platform team for \(part.rawValue).scope \(breadth.rawValue)"
        )
    }
}

extension ResourceID {
    /// How much of a subscription it is; what lies in no resource group counts as all of it.
    fileprivate var breadth: Breadth {
        if resourceGroup == nil { return .subscription }
        return type == "Microsoft.Resources/resourceGroups" ? .resourceGroup : .resource
    }
}

extension Subject {
    /// Whether it is of a kind of Azure's access control: known ones give roles, others might.
    var givesAccess: Bool { type.document.equals(type.group, "authorization.azure.com") }

    /// Whether it attaches to any resource: a kind that nobody knows does if its owner says a kind of its own.
    var isExtension: Bool {
        if !kind.isGeneral { return kind.scope == .extension }
        guard
            isAzure, let spec = document.member("spec", of: object), let owner = document.member("owner", of: spec)
        else { return false }
        return document.member("kind", of: owner) != nil || document.member("group", of: owner) != nil
    }

    var isFederatedCredential: Bool {
        type.document.equals(type.kind, "FederatedIdentityCredential")
            && type.document.equals(type.group, "managedidentity.azure.com")
    }
}

extension AzureKind {
    /// Whether its resources lie in no subscription: what belongs to the tenant.
    var isOfTenant: Bool {
        scope == .tenant || (scope == .nonARM && ownerKinds.isEmpty)
    }
}
