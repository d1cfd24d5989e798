internal import Azure
internal import JSON

/// Members of `spec` that are guarded by their name, whatever the kind.
extension BindingCheck {
    /// Names whose value says who the resource acts as or trusts: what would be judged must not come from a ConfigMap.
    private static let guardedNames = [
        "armid", "clientid", "principalid", "principalname", "objectid", "objectidalias", "tenantid", "applicationid",
        "subject", "issuer", "sid", "login", "identity", "azurename", "endpointid", "resourcegroup",
        "resourcegroupname",
        "subscriptionid", "identities",
    ]

    /// What a name says that is neither a resource ID nor a reference.
    private enum Whereabouts {
        case resourceGroup
        case subscription
    }

    /// The ends of names whose value says where something is or will be, beside what owner and resource IDs say.
    private static let whereabouts: [(end: String, what: Whereabouts)] = [
        // Azure makes the group, or takes it over, and fills it: nodeResourceGroup of AKS, infrastructureResourceGroup of
        // Container Apps, managedResourceGroup of OpenShift. Or it is where an endpoint of an IoT hub lies.
        ("resourcegroup", .resourceGroup),
        // managedResourceGroupName of Synapse does the same.
        ("resourcegroupname", .resourceGroup),
        // Without it the group's name says nothing: endpoints of IoT hubs, Synapse pools of Machine Learning.
        ("subscriptionid", .subscription),
    ]

    func checkMembers(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        guard let spec = subject.document.member("spec", of: subject.object) else { return }
        var steps: [FieldPath.Step] = []
        try visit(spec, subject, &report, &steps)
    }

    /// The same of the owner alone.
    func checkOwnerMembers(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        guard let spec = subject.document.member("spec", of: subject.object),
            let owner = subject.document.member("owner", of: spec)
        else { return }
        var steps: [FieldPath.Step] = [.member("owner")]
        try visit(owner, subject, &report, &steps)
    }

    private func visit(
        _ value: JSONValue,
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ steps: inout [FieldPath.Step]
    ) throws(EvaluationError) {
        let document = subject.document
        try report.meter.spend(1)
        switch value.kind {
        case .object:
            for (key, member) in document.members(of: value) where !member.isNull || member.isUnknown {
                if let reason = document.reason(ofUnknown: member) {
                    judge(document.string(key) ?? "", unknown: reason, subject, &report, steps)
                    continue
                }
                let isContainer = member.isObject || member.isArray
                let isSuspect = document.utf8(key).mayBeGuarded
                guard isContainer || isSuspect else { continue }
                steps.append(.member(document.string(key) ?? ""))
                if isSuspect { judge(document.string(key) ?? "", member, subject, &report, steps) }
                if isContainer { try visit(member, subject, &report, &steps) }
                steps.removeLast()
            }
        case .array:
            for (index, element) in document.elements(of: value).enumerated() where element.isObject || element.isArray
            {
                steps.append(.element(index))
                try visit(element, subject, &report, &steps)
                steps.removeLast()
            }
        default: return
        }
    }

    private func judge(
        _ key: String,
        _ value: JSONValue,
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ steps: [FieldPath.Step]
    ) {
        let path = Failure.Place.path(FieldPath([.member("spec")] + steps))
        let lower = key.lowercased()
        if let what = Self.whereabouts.first(where: { lower.hasSuffix($0.end) })?.what {
            return judge(what, value, at: path, subject, &report)
        }
        guard case .binding(let binding) = governor else { return }
        if key.hasSuffix("FromConfig") {
            let field = String(key.dropLast("FromConfig".count))
            guard binding.fromConfig.isGuarded,
                Self.guardedNames.contains(where: { field.lowercased().hasSuffix($0) })
            else { return }
            judge(field, from: value, at: path, binding.fromConfig, subject, &report)
        } else if let tenant = binding.tenant, lower.hasSuffix("tenantid"), value.isString {
            guard subject.document.string(value)?.lowercased() != tenant else { return }
            report.add(origin(.tenant), .notSupported, at: path, value, of: subject, allowed: tenant, .notAllowed)
        }
    }

    /// A name of a resource group or subscription; an empty one is none.
    private func judge(
        _ what: Whereabouts,
        _ value: JSONValue,
        at path: Failure.Place,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let document = subject.document
        // An ID in the place of a name is judged as every ID.
        guard value.isString, !value.isEmptyString, (try? ResourceID(within: document.utf8(value))) == nil else {
            return
        }
        switch what {
        case .resourceGroup: checkGroupName(value, at: path, subject, &report)
        case .subscription:
            guard case .binding(let binding) = governor,
                !binding.subscriptions.contains(document.string(value)?.lowercased() ?? "")
            else { return }
            let allowed = binding.subscriptions.joined(separator: ", ")
            report.add(
                origin(.subscriptions),
                .notSupported,
                at: path,
                value,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        }
    }

    /// Whether what a field of a name, in lower case, says is `fromConfig`'s to decide if nobody knows it.
    static func isGuarded(_ name: String) -> Bool {
        name.hasSuffix("reference") || guardedNames.contains { name.hasSuffix($0) }
            || whereabouts.contains { name.hasSuffix($0.end) }
    }

    /// A field whose value nobody knows yet.
    private func judge(
        _ key: String,
        unknown reason: String,
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ steps: [FieldPath.Step]
    ) {
        let name = key.lowercased()
        // A name that the tool makes up is none that leads elsewhere; that of a resource group is judged for itself.
        guard case .binding(let binding) = governor, binding.fromConfig.isGuarded,
            name != "azurename" || !steps.isEmpty,
            Self.isGuarded(name) || name == "owner" || (name == "name" && steps == [.member("owner")])
        else { return }
        report.add(
            origin(.fromConfig),
            .unknown,
            at: .path(FieldPath([.member("spec")] + steps + [.member(key)])),
            nil,
            of: subject,
            .unknown(reason.singleLine)
        )
    }

    /// A guarded field that takes its value from a ConfigMap.
    private func judge(
        _ field: String,
        from value: JSONValue,
        at path: Failure.Place,
        _ fromConfig: Binding.FromConfig,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        guard case .from(let globs) = fromConfig else {
            report.add(
                origin(.fromConfig),
                .unknown,
                at: path,
                nil,
                of: subject,
                .text(
                    message: "takes \(field) from a ConfigMap, which admission cannot judge",
                    mend: "set \(field) itself"
                )
            )
            return
        }
        let name = subject.document.member("name", of: value)
        if let name, name.isString, globs.contains(where: { $0.matches(subject.document.utf8(name)) }) { return }
        report.add(
            origin(.fromConfig),
            .notSupported,
            at: path,
            nil,
            of: subject,
            shown: name.flatMap { subject.document.string($0) },
            allowed: globs.map(\.description).joined(separator: ", "),
            .refused(
                ", from which \(field) may not be taken",
                mend: "set \(field) itself, or take it from a ConfigMap that is allowed"
            )
        )
    }
}

extension Binding.FromConfig {
    /// Whether guarded fields may be taken from the ConfigMap of this name because it is listed; `*` alone lists none.
    func trusts(_ name: Span<UInt8>) -> Bool {
        guard case .from(let globs) = self else { return false }
        return globs.contains { $0.description != "*" && $0.matches(name) }
    }

    /// Whether admission has anything to say.
    var isGuarded: Bool {
        switch self {
        case .deny, .from: true
        case .allow, .defer: false
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether a key may be one of those that are judged by name, `…FromConfig`, `…tenantId`, `…subscriptionId`,
    /// `…resourceGroup` and `…resourceGroupName`; cheap, and right only where it says no.
    fileprivate var mayBeGuarded: Bool {
        guard count >= 8 else { return false }
        switch self[count - 1] | 0x20 {
        case UInt8(ascii: "g"): return count > 10 && self[count - 10] == UInt8(ascii: "F")
        case UInt8(ascii: "d"):
            return self[count - 8] | 0x20 == UInt8(ascii: "t")
                || (count >= 14 && self[count - 14] | 0x20 == UInt8(ascii: "s"))
        case UInt8(ascii: "p"): return count >= 13 && self[count - 13] | 0x20 == UInt8(ascii: "r")
        case UInt8(ascii: "e"): return count >= 17 && self[count - 17] | 0x20 == UInt8(ascii: "r")
        default: return false
        }
    }
}
