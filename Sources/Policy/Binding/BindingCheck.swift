internal import Azure
internal import JSON
internal import Kubernetes

/// The judgement of identity: every resource ID, credential and identity that a resource names, by the binding of its
/// namespace, or by there being none.
struct BindingCheck {
    /// What governs the namespace.
    enum Governor {
        case binding(Binding)
        /// Bindings are loaded, and none matches.
        case none(namespace: String)
        /// More than one matches: none can be said to hold.
        case several([String], namespace: String)

        /// What failures are reported under.
        var name: String {
            switch self {
            case .binding(let binding): binding.name
            case .none: "no-binding"
            case .several(let names, _): names.joined(separator: "+")
            }
        }
    }

    let governor: Governor

    /// Annotations whose value Azure Service Operator takes for a resource ID of its own writing; who forges them redirects
    /// every reference to the object.
    private static let resourceIDAnnotations: [StaticString] = [
        "serviceoperator.azure.com/resource-id", "serviceoperator.azure.com/child-resource-id-override",
    ]
    private static let credentialAnnotation: StaticString = "serviceoperator.azure.com/credential-from"

    func check(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        if case .several(let names, let namespace) = governor {
            report.add(
                origin("ambiguous"),
                .forbidden,
                at: "metadata.namespace",
                .text(
                    message: "is \(namespace), which the AzureBindings \(names.joined(separator: " and ")) both match",
                    mend: "ask the platform team to leave one of them"
                )
            )
            return
        }
        try checkMetadata(subject, &report)
        try checkOwner(subject, &report)
        try checkReferences(subject, &report)
        try checkIdentities(subject, &report)
        try checkMembers(subject, &report)
        checkName(subject, &report)
    }

    private func origin(_ rule: String) -> Failure.Origin {
        Failure.Origin(source: .binding, policy: governor.name, rule: rule, effect: .deny, message: nil)
    }

    // MARK: Credentials

    private func checkMetadata(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        let annotations = ObjectMeta(of: subject.object, in: document).annotations
        try report.meter.spend(1)
        let credential = annotations.flatMap { document.member(Self.credentialAnnotation, of: $0) }
        checkCredential(credential.flatMap { $0.isNull ? nil : $0 }, subject, &report)
        for name in Self.resourceIDAnnotations {
            guard let annotations, let value = document.member(name, of: annotations), !value.isNull else { continue }
            let path = FieldPath([.member("metadata"), .member("annotations"), .member(name.description)])
            checkResourceID(value, at: .path(path), subject, &report)
        }
    }

    private func checkCredential(_ value: JSONValue?, _ subject: borrowing Subject, _ report: inout Report) {
        var path: Failure.Place {
            let name = Self.credentialAnnotation.description
            return .path(FieldPath([.member("metadata"), .member("annotations"), .member(name)]))
        }
        switch governor {
        case .several: return
        case .none(let namespace):
            guard let value else { return }
            let explanation = Self.unbound("a credential of its own", namespace)
            report.add(origin("credentials"), .forbidden, at: path, value, of: subject, explanation)
        case .binding(let binding):
            if let value {
                if value.isString {
                    for glob in binding.credentials where glob.matches(subject.document.utf8(value)) { return }
                }
            } else if binding.globalFallback == .allow {
                return
            }
            let allowed = binding.credentials.map(\.description).joined(separator: ", ")
            let mend = "ask the platform team for a credential in AzureBinding \(binding.name)"
            var explanation = value == nil ? Explanation.absent : .notAllowed
            if allowed.isEmpty {
                explanation =
                    value == nil
                    ? .text(message: "is not set, and the global credential is denied", mend: mend)
                    : .refused(", and no credential is allowed", mend: mend)
            }
            report.add(
                origin("credentials"),
                value == nil ? .required : .notSupported,
                at: path,
                value,
                of: subject,
                allowed: allowed,
                explanation
            )
        }
    }

    // MARK: Resource IDs

    private func checkOwner(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        guard
            let spec = document.member("spec", of: subject.object),
            let owner = document.member("owner", of: spec),
            let value = document.member("armId", of: owner), !value.isNull
        else { return }
        try report.meter.spend(1)
        checkResourceID(value, at: .path(FieldPath(["spec", "owner", "armId"])), subject, &report)
    }

    private func checkReferences(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        let (document, object) = (subject.document, subject.object)
        try subject.kind.forEachOccurrence(of: .reference, in: document, of: object) {
            (place) throws(EvaluationError) in
            try report.meter.spend(4)
            guard let value = place.value else { return }
            if place.part == .propertyBag {
                report.add(
                    origin("resourceGroups"),
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

    private func checkResourceID(
        _ value: JSONValue,
        at path: Failure.Place,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let binding: Binding
        switch governor {
        case .several: return
        case .none(let namespace):
            report.add(
                origin("armId"),
                .forbidden,
                at: path,
                value,
                of: subject,
                Self.unbound("a resource ID", namespace)
            )
            return
        case .binding(let found): binding = found
        }
        let id: ResourceID
        do {
            id = try ResourceID(within: subject.document.utf8(value))
        } catch {
            report.add(
                origin("resourceGroups"),
                .invalid,
                at: path,
                value,
                of: subject,
                .text(message: "is \(error)", mend: "write the resource ID as Azure does")
            )
            return
        }
        guard let fault = binding.fault(with: id) else { return }
        report.add(
            origin(fault.rule),
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
    }

    private static func unbound(_ what: String, _ namespace: String) -> Explanation {
        .text(
            message: "is \(what), and no AzureBinding matches namespace \(namespace)",
            mend: "remove it, or ask the platform team for an AzureBinding"
        )
    }

    // MARK: Identities

    /// Identities by resource ID have been judged as references; here are those that are named by object.
    private func checkIdentities(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        guard case .none(let namespace) = governor else { return }
        let (document, object) = (subject.document, subject.object)
        try subject.kind.forEachOccurrence(of: .identity, in: document, of: object) { (place) throws(EvaluationError) in
            try report.meter.spend(1)
            guard place.part == .userAssigned, let value = place.value, document.member("armId", of: value) == nil
            else { return }
            // `system` and the like are not user-assigned.
            if document.member("wellKnownName", of: value) != nil, document.member("name", of: value) == nil { return }
            report.add(
                origin("userAssignedIdentities"),
                .forbidden,
                at: .occurrence(place),
                value,
                of: subject,
                shown: document.member("name", of: value).flatMap { document.string($0) },
                Self.unbound("a user-assigned identity", namespace)
            )
        }
    }

    // MARK: Members that are guarded by name

    /// Names whose value says who the resource acts as or trusts: what would be judged must not come from a ConfigMap.
    private static let guardedNames = [
        "armid", "clientid", "principalid", "principalname", "objectid", "objectidalias", "tenantid", "applicationid",
        "subject", "issuer", "sid", "login", "identity", "azurename",
    ]

    private func checkMembers(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        guard case .binding(let binding) = governor, binding.fromConfig == .deny || binding.tenant != nil else {
            return
        }
        guard let spec = subject.document.member("spec", of: subject.object) else { return }
        var steps: [FieldPath.Step] = []
        try visit(spec, binding, subject, &report, &steps)
    }

    private func visit(
        _ value: JSONValue,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ steps: inout [FieldPath.Step]
    ) throws(EvaluationError) {
        let document = subject.document
        try report.meter.spend(1)
        switch value.kind {
        case .object:
            for (key, member) in document.members(of: value) where !member.isNull {
                let isContainer = member.isObject || member.isArray
                let isSuspect = document.utf8(key).mayBeGuarded
                guard isContainer || isSuspect else { continue }
                steps.append(.member(document.string(key) ?? ""))
                if isSuspect { judge(document.string(key) ?? "", member, binding, subject, &report, steps) }
                if isContainer { try visit(member, binding, subject, &report, &steps) }
                steps.removeLast()
            }
        case .array:
            for (index, element) in document.elements(of: value).enumerated() where element.isObject || element.isArray
            {
                steps.append(.element(index))
                try visit(element, binding, subject, &report, &steps)
                steps.removeLast()
            }
        default: return
        }
    }

    private func judge(
        _ key: String,
        _ value: JSONValue,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ steps: [FieldPath.Step]
    ) {
        let path = Failure.Place.path(FieldPath([.member("spec")] + steps))
        if key.hasSuffix("FromConfig") {
            let field = String(key.dropLast("FromConfig".count))
            guard binding.fromConfig == .deny, Self.guardedNames.contains(where: { field.lowercased().hasSuffix($0) })
            else { return }
            report.add(
                origin("fromConfig"),
                .unknown,
                at: path,
                nil,
                of: subject,
                .text(
                    message: "takes \(field) from a ConfigMap, which admission cannot judge",
                    mend: "set \(field) itself"
                )
            )
        } else if let tenant = binding.tenant, key.lowercased().hasSuffix("tenantid"), value.isString {
            guard subject.document.string(value)?.lowercased() != tenant else { return }
            report.add(origin("tenant"), .notSupported, at: path, value, of: subject, allowed: tenant, .notAllowed)
        }
    }

    // MARK: Resource groups by name

    /// A ResourceGroup takes over the group of its name if there is one, so its name is a place to write to.
    private func checkName(_ subject: borrowing Subject, _ report: inout Report) {
        guard
            case .binding(let binding) = governor, subject.kind.kind == "ResourceGroup",
            subject.kind.group == "resources.azure.com"
        else { return }
        var allowed: String { binding.resourceGroups.map(\.description).joined(separator: ", ") }
        switch subject.azureName {
        case .none: return
        case .known(let value, let field):
            if binding.resourceGroups.contains(where: { $0.matches(subject.document.utf8(value)) }) { return }
            report.add(
                origin("resourceGroups"),
                .notSupported,
                at: .path(field.path),
                value,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        case .unknown(let field, let source):
            report.add(
                origin("resourceGroups"),
                .unknown,
                at: .path(field.path),
                nil,
                of: subject,
                allowed: allowed,
                .unknown("\(source)")
            )
        }
    }
}

extension Binding {
    /// Why an ID is outside of what the binding allows; nil if it is inside.
    func fault(with id: ResourceID) -> (rule: String, message: String, allowed: String)? {
        if sharedResources.contains(where: { $0.matches(id) }) { return nil }
        if id.canonical.contains("/microsoft.managedidentity/userassignedidentities/") {
            // What lies below an identity (its federated credentials) is as good as the identity.
            var identity: ResourceID? = id
            while let candidate = identity {
                if userAssignedIdentities.contains(where: { $0.matches(candidate) }) { return nil }
                identity = candidate.parent
            }
            let allowed = userAssignedIdentities.map(\.description).joined(separator: ", ")
            return ("userAssignedIdentities", "the identity is none of AzureBinding \(name)", allowed)
        }
        guard let subscription = id.subscription, subscriptions.contains(subscription) else {
            return (
                "subscriptions", "the subscription is none of AzureBinding \(name)",
                subscriptions.joined(separator: ", ")
            )
        }
        let allowed = resourceGroups.map(\.description).joined(separator: ", ")
        guard let group = id.resourceGroup else {
            return ("resourceGroups", "it is outside the resource groups of AzureBinding \(name)", allowed)
        }
        if resourceGroups.contains(where: { $0.matches(group) }) { return nil }
        return ("resourceGroups", "the resource group is none of AzureBinding \(name)", allowed)
    }
}

extension Span where Element == UInt8 {
    /// Whether a key may be one of those that are judged by name, `…FromConfig` and `…tenantId`; cheap, and right only where
    /// it says no.
    fileprivate var mayBeGuarded: Bool {
        guard count >= 8 else { return false }
        switch self[count - 1] | 0x20 {
        case UInt8(ascii: "g"): return count > 10 && self[count - 10] == UInt8(ascii: "F")
        case UInt8(ascii: "d"): return self[count - 8] | 0x20 == UInt8(ascii: "t")
        default: return false
        }
    }
}
