internal import Azure
internal import JSON
internal import Kubernetes

/// What is there already: names that other objects have taken, and resources that an object would take over.
extension BindingCheck {
    private static let adoptAnnotation: StaticString = "portcullis.dev/adopt"
    private static let policyAnnotation: StaticString = "serviceoperator.azure.com/reconcile-policy"

    func checkExisting(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        guard case .binding(let binding) = governor, subject.isAzure else { return }
        if binding.reach.adoption != .allow { checkAdoption(binding, subject, circumstances, &report) }
        if binding.reach.duplicates == .deny, let inventory = circumstances.inventory {
            try checkDuplicates(binding, inventory, subject, circumstances, &report)
        }
    }

    // MARK: Adoption

    /// Azure Service Operator takes over whatever has the name already, and admission cannot see Azure: it sees a name of its
    /// own choosing, and an object that was only watched becoming managed.
    private func checkAdoption(
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        let document = subject.document
        let metadata = ObjectMeta(of: subject.object, in: document)
        if binding.reach.adoption == .annotated, let annotations = metadata.annotations,
            let value = document.member(Self.adoptAnnotation, of: annotations), document.equals(value, "true")
        {
            return
        }
        let mend =
            binding.reach.adoption == .annotated
            ? "add the annotation \(Self.adoptAnnotation.description): \"true\" if it may take over a resource of Azure"
            : "ask the platform team to take the resource over"
        if case .known(let value, .azureName) = subject.azureName, !subject.isNamedByGUID {
            let own = metadata.name.flatMap { document.string($0) }?.lowercased()
            if own != document.string(value)?.lowercased() {
                report.add(
                    origin(.adoption),
                    .forbidden,
                    at: .path(FieldPath(["spec", "azureName"])),
                    value,
                    of: subject,
                    .refused(", not the object's own name: it may be a resource that exists", mend: mend)
                )
            }
        }
        guard let old = circumstances.request.oldObject else { return }
        let before = Self.reconcilePolicy(of: old, in: circumstances.request.document)
        guard before == "skip", Self.reconcilePolicy(of: subject.object, in: document) != "skip" else { return }
        report.add(
            origin(.adoption),
            .forbidden,
            at: .path(
                FieldPath([.member("metadata"), .member("annotations"), .member(Self.policyAnnotation.description)])
            ),
            nil,
            of: subject,
            .text(message: "was skip: the resource was only watched, and would now be managed", mend: mend)
        )
    }

    private static func reconcilePolicy(of object: JSONValue, in document: JSONDocument) -> String? {
        guard let annotations = ObjectMeta(of: object, in: document).annotations else { return nil }
        return document.member(policyAnnotation, of: annotations).flatMap { document.string($0) }
    }

    // MARK: Duplicates

    /// Where a resource is in Azure, so far as that is known.
    private struct Placement: Hashable {
        /// Nil if it is the credential's.
        var subscription: String?
        /// What it lies in, in small letters: the part of its ID behind the subscription, or the object that stands for it.
        var parent: String
    }

    /// Two objects that stand for one resource undo each other, and deleting one deletes the other's.
    private func checkDuplicates(
        _ binding: Binding,
        _ inventory: Inventory,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        guard
            let type = subject.kind.armType, case .known(let value, let field) = subject.azureName,
            let name = document.string(value)
        else { return }
        let isGlobal = subject.tables.nameLimits(of: subject.kind)?.scope == .global
        let own = Inventory.Key(
            group: subject.kind.group,
            kind: subject.kind.kind,
            namespace: circumstances.namespace,
            name: ObjectMeta(of: subject.object, in: document).name.flatMap { document.string($0) } ?? ""
        )
        var mine: Placement?
        for entry in inventory.entries(armType: type, azureName: name) where entry.key != own {
            try report.meter.spend(8)
            if !isGlobal {
                let placement = mine ?? Self.placement(of: subject, in: circumstances.namespace, inventory)
                mine = placement
                guard Self.isSame(placement, Self.placement(of: entry, inventory), entry, own, binding) else {
                    continue
                }
            }
            let other =
                entry.key.namespace == own.namespace
                ? "\(entry.key.kind) \(entry.key.name)" : "an object of another namespace"
            report.add(
                origin(.duplicates),
                .forbidden,
                at: .path(field.path),
                value,
                of: subject,
                .refused(
                    isGlobal
                        ? ", a name that \(other) has, and that only one resource in Azure can have"
                        : ", and \(other) stands for that resource already",
                    mend: "choose another name"
                )
            )
            return
        }
    }

    private static func isSame(
        _ mine: Placement,
        _ theirs: Placement,
        _ entry: Inventory.Entry,
        _ own: Inventory.Key,
        _ binding: Binding
    ) -> Bool {
        guard mine.parent == theirs.parent else { return false }
        switch (mine.subscription, theirs.subscription) {
        case (let mine?, let theirs?): return mine == theirs
        // The credential's subscription is one of the binding's.
        case (nil, let theirs?): return binding.subscriptions.contains(theirs)
        // In one namespace there is one credential, as a rule.
        case (_, nil): return entry.key.namespace == own.namespace
        }
    }

    private static func placement(
        of subject: borrowing Subject,
        in namespace: String,
        _ inventory: Inventory
    ) -> Placement {
        let document = subject.document
        guard
            let spec = document.member("spec", of: subject.object),
            let owner = document.member("owner", of: spec)
        else { return Placement(subscription: nil, parent: "") }
        if let id = document.member("armId", of: owner).flatMap({ document.string($0) }) {
            return placement(of: .armID(id), inventory)
        }
        let text = { (field: String) in document.member(field, of: owner).flatMap { document.string($0) } ?? "" }
        let known = subject.kind.ownerKinds.count == 1 ? subject.kind.ownerKinds.first?.split(separator: "/") : nil
        let key = Inventory.Key(
            group: known.flatMap { $0.count == 2 ? String($0[0]) : nil } ?? text("group"),
            kind: known.flatMap { $0.count == 2 ? String($0[1]) : nil } ?? text("kind"),
            namespace: namespace,
            name: text("name")
        )
        return placement(of: .object(key), inventory)
    }

    private static func placement(of entry: Inventory.Entry, _ inventory: Inventory) -> Placement {
        if let parent = entry.resourceID?.parent { return placement(of: .armID(parent.description), inventory) }
        return entry.owner.map { placement(of: $0, inventory) } ?? Placement(subscription: nil, parent: "")
    }

    /// Where what lies in an owner is.
    private static func placement(
        of owner: Inventory.Owner,
        _ inventory: Inventory,
        depth: Int = 0
    ) -> Placement {
        switch owner {
        case .armID(let text):
            guard let id = try? ResourceID(parsing: text) else {
                return Placement(subscription: nil, parent: text.lowercased())
            }
            // `/subscriptions/<GUID>` has 51 bytes.
            let tail = id.subscription == nil ? id.canonical : String(id.canonical.dropFirst(51))
            return Placement(subscription: id.subscription, parent: tail)
        case .object(let key):
            let unknown = Placement(
                subscription: nil,
                parent: "\(key.namespace) \(key.group) \(key.kind) \(key.name)".lowercased()
            )
            guard depth < 8, let entry = inventory[key] else { return unknown }
            if let id = entry.resourceID { return placement(of: .armID(id.description), inventory) }
            guard let kind = entry.kind, let type = kind.armType else { return unknown }
            let name: String
            switch (kind.azureName, entry.azureName) {
            case (.fixed(let fixed), _): name = fixed
            case (_, let found?): name = found
            default: return unknown
            }
            if kind.scope == .subscription {
                return Placement(subscription: nil, parent: "/resourcegroups/\(name)".lowercased())
            }
            guard let next = entry.owner else { return unknown }
            var placement = placement(of: next, inventory, depth: depth + 1)
            let last = type.split(separator: "/").last ?? ""
            placement.parent += (kind.scope == .child ? "/\(last)/\(name)" : "/providers/\(type)/\(name)").lowercased()
            return placement
        }
    }
}

extension Subject {
    /// Whether Azure Service Operator makes the name: a GUID that has nothing to do with the object's.
    fileprivate var isNamedByGUID: Bool {
        switch kind.description {
        case "authorization.azure.com/RoleAssignment", "authorization.azure.com/RoleDefinition",
            "documentdb.azure.com/SqlRoleAssignment":
            true
        default: false
        }
    }
}
