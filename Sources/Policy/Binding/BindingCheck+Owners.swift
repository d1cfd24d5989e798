internal import Azure
internal import JSON
internal import Kubernetes

/// Owners and other objects that are named: where they lie, as far as the inventory tells.
extension BindingCheck {
    /// Owners above owners that are followed; Azure nests no deeper than five levels.
    private static let maximumDepth = 8

    /// Where an object lies.
    private enum Whereabouts {
        case id(ResourceID)
        /// In a resource group by name, of the subscription that the credential has.
        case group(String)
        /// Its ID, or that of an owner, is none.
        case malformed(String)
        case unknown
    }

    func checkNames(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        guard
            case .binding(let binding) = governor, subject.isAzure,
            circumstances.inventory != nil || circumstances.isForeign || binding.reach.unknownOwners == .deny,
            let spec = subject.document.member("spec", of: subject.object)
        else { return }
        try checkOwnerName(spec, binding, subject, circumstances, &report)
        var steps: [FieldPath.Step] = [.member("spec")]
        for (key, member) in subject.document.members(of: spec) where !subject.document.equals(key, "owner") {
            steps.append(.member(subject.document.string(key) ?? ""))
            try visit(member, binding, subject, circumstances, &report, &steps)
            steps.removeLast()
        }
    }

    /// The same of the owner alone.
    func checkOwnerName(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        guard case .binding(let binding) = governor, let spec = subject.document.member("spec", of: subject.object)
        else { return }
        try checkOwnerName(spec, binding, subject, circumstances, &report)
    }

    private func checkOwnerName(
        _ spec: JSONValue,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        let owner = document.member("owner", of: spec)
        guard let owner, let name = document.member("name", of: owner), !name.isNull else {
            if circumstances.isForeign { checkUntold(owner, binding, subject, &report) }
            return
        }
        // The owner's kind is the table's to say; only extensions say it themselves.
        var (group, kind) = ("", "")
        if subject.kind.ownerKinds.count == 1, let known = subject.kind.ownerKinds.first, known != "*" {
            let parts = known.split(separator: "/")
            if parts.count == 2 { (group, kind) = (String(parts[0]), String(parts[1])) }
        } else {
            group = document.member("group", of: owner).flatMap { document.string($0) } ?? ""
            kind = document.member("kind", of: owner).flatMap { document.string($0) } ?? ""
        }
        let key = Inventory.Key(
            group: group,
            kind: kind,
            namespace: circumstances.namespace,
            name: document.string(name) ?? ""
        )
        try judge(
            key,
            FieldPath(["spec", "owner", "name"]),
            name,
            sharing: !judgesOwnerAsTarget(subject),
            binding,
            subject,
            circumstances,
            &report
        )
    }

    /// A resource of another tool that does not tell its resource group; one that is not known yet is judged as a member.
    private func checkUntold(
        _ owner: JSONValue?,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let document = subject.document
        func isTold(_ key: StaticString) -> Bool {
            guard let value = owner.flatMap({ document.member(key, of: $0) }) else { return false }
            return !value.isNull || value.isUnknown
        }
        guard binding.fromConfig.isGuarded, owner?.isUnknown != true, !isTold("name"), !isTold("armId"),
            subject.kind.ownerKinds == ["resources.azure.com/ResourceGroup"]
        else { return }
        report.add(
            origin(.fromConfig),
            .unknown,
            at: .path(FieldPath(["spec", "owner"])),
            nil,
            of: subject,
            .text(message: "is not told, so that nobody knows the resource group", mend: "name the resource group")
        )
    }

    /// Looks for objects that are named by group, kind and name, in whatever field.
    private func visit(
        _ value: JSONValue,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report,
        _ steps: inout [FieldPath.Step]
    ) throws(EvaluationError) {
        let document = subject.document
        try report.meter.spend(1)
        switch value.kind {
        case .object:
            if let group = document.member("group", of: value), group.isString,
                let kind = document.member("kind", of: value), kind.isString,
                let name = document.member("name", of: value), name.isString,
                AzureTables.isAzure(group: document.utf8(group))
            {
                let key = Inventory.Key(
                    group: document.string(group) ?? "",
                    kind: document.string(kind) ?? "",
                    namespace: circumstances.namespace,
                    name: document.string(name) ?? ""
                )
                let path = FieldPath(steps + [.member("name")])
                try judge(key, path, name, sharing: true, binding, subject, circumstances, &report)
            }
            for (key, member) in document.members(of: value) where member.isObject || member.isArray {
                steps.append(.member(document.string(key) ?? ""))
                try visit(member, binding, subject, circumstances, &report, &steps)
                steps.removeLast()
            }
        case .array:
            for (index, element) in document.elements(of: value).enumerated() where element.isObject || element.isArray
            {
                steps.append(.element(index))
                try visit(element, binding, subject, circumstances, &report, &steps)
                steps.removeLast()
            }
        default: return
        }
    }

    private func judge(
        _ key: Inventory.Key,
        _ path: FieldPath,
        _ value: JSONValue,
        sharing: Bool,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        try report.meter.spend(Self.maximumDepth)
        let mend = "name an object that lies inside, or ask the platform team to add it to AzureBinding \(binding.name)"
        let fault: (part: BindingPart, message: String, allowed: String)
        switch whereabouts(of: key, circumstances) {
        case .id(let id):
            if sharing, binding.sharedResources.contains(where: { $0.matches(id) }) { return }
            guard let found = binding.locationFault(with: id) else { return }
            let place = id.resourceGroup.map { "resource group \($0)" } ?? "no resource group"
            fault = (found.part, ": it lies in \(place), and \(found.message)", found.allowed)
        case .group(let group):
            if binding.resourceGroups.contains(where: { $0.matches(group) }) { return }
            fault = (
                .resourceGroups, ": it lies in resource group \(group), which is none of AzureBinding \(binding.name)",
                binding.resourceGroups.map(\.description).joined(separator: ", ")
            )
        case .malformed(let reason): fault = (.resourceGroups, ": where it lies is \(reason)", "")
        case .unknown:
            guard binding.reach.unknownOwners == .deny else { return }
            report.add(
                origin(.owners),
                .unknown,
                at: .path(path),
                value,
                of: subject,
                .refused(
                    ", and where \(key.kind.isEmpty ? "it" : "that \(key.kind)") lies is not known",
                    mend: "create it, and what it belongs to, first"
                )
            )
            return
        }
        report.add(
            origin(fault.part),
            .forbidden,
            at: .path(path),
            value,
            of: subject,
            allowed: fault.allowed,
            .refused(fault.message, mend: mend)
        )
    }

    private func whereabouts(of key: Inventory.Key, _ circumstances: borrowing Circumstances) -> Whereabouts {
        // Other tools speak of names in Azure, the inventory of objects.
        if circumstances.isForeign {
            guard key.kind == "ResourceGroup" else { return .unknown }
            return ResourceID.isSegment(key.name.utf8Span.span)
                ? .group(key.name) : .malformed("no name of a resource group")
        }
        var key = key
        for _ in 0..<Self.maximumDepth {
            guard let entry = circumstances.inventory?[key] else { return .unknown }
            if let id = entry.resourceID { return .id(id) }
            if key.kind == "ResourceGroup" { return entry.azureName.map { .group($0) } ?? .unknown }
            switch entry.owner {
            case .object(let owner): key = owner
            case .armID(let text):
                do throws(ResourceIDError) {
                    return .id(try ResourceID(parsing: text))
                } catch {
                    return .malformed(error.description)
                }
            case nil: return .unknown
            }
        }
        return .unknown
    }
}

extension Circumstances {
    /// The namespace of the request; empty for objects outside namespaces.
    var namespace: String { request.namespace.flatMap { request.document.string($0) } ?? "" }
}
