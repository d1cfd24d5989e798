internal import Azure
internal import JSON

/// Roles that are given and defined: who, which, and under what condition.
extension BindingCheck {
    /// Judges a resource of Azure's access control.
    func checkGrant(
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        let kind = document.member("kind", of: subject.object)
        var refusal: String?
        if binding.reach.roles == nil {
            refusal = ", and AzureBinding \(binding.name) lists no roles"
        } else if subject.kind.isGeneral {
            refusal = ", which gives access in a way that is not known here"
        } else if subject.kind.kind == "RoleDefinition", binding.reach.roles?.definitions == nil {
            refusal = ", and AzureBinding \(binding.name) has no roles.definitions"
        }
        guard refusal == nil, let roles = binding.reach.roles else {
            report.add(
                origin(.roles),
                .forbidden,
                at: .path(FieldPath(["kind"])),
                kind,
                of: subject,
                .refused(refusal ?? "", mend: "ask the platform team for what it would give")
            )
            return
        }
        guard let spec = document.member("spec", of: subject.object) else { return }
        let grant = Grant(check: self, binding: binding, roles: roles, tables: subject.tables, spec: spec)
        if subject.kind.kind == "RoleDefinition" {
            try grant.checkDefinition(subject, &report)
        } else {
            grant.checkRole(subject, circumstances, &report)
            grant.checkPrincipal(subject, &report)
            grant.checkCondition(subject, &report)
        }
    }

    /// Whether a place belongs to what `checkGrant` judges: roles live outside of resource groups.
    func isJudgedAsGrant(_ place: Occurrence, _ subject: borrowing Subject) -> Bool {
        let document = subject.document
        guard let spec = document.member("spec", of: subject.object) else { return false }
        if subject.kind.kind == "RoleAssignment" {
            return document.member("roleDefinitionReference", of: spec)?.isSamePlace(as: place.container) ?? false
        }
        guard let scopes = document.member("assignableScopesReferences", of: spec), scopes.isArray else { return false }
        return document.elements(of: scopes).contains { $0.isSamePlace(as: place.container) }
    }
}

/// A role that is given or defined, and what judges it.
private struct Grant {
    let check: BindingCheck
    let binding: Binding
    let roles: RoleLimits
    let tables: AzureTables
    let spec: JSONValue

    private static let reference = FieldPath(["spec", "roleDefinitionReference"])

    private var allowed: String { roles.allow.map(\.description).joined(separator: ", ") }

    // MARK: Which role

    /// Azure Service Operator sends a well-known name that it does not know as it is: it may be an ID, or a GUID.
    func checkRole(_ subject: borrowing Subject, _ circumstances: borrowing Circumstances, _ report: inout Report) {
        let document = subject.document
        var isNamed = false
        if let reference = document.member("roleDefinitionReference", of: spec) {
            for field: StaticString in ["wellKnownName", "armId"] {
                guard let value = document.member(field, of: reference), !value.isNull, !document.equals(value, "")
                else { continue }
                isNamed = true
                let text = document.string(value) ?? ""
                refuse(answer(text), at: field.description, value, subject, &report)
            }
            if let name = document.member("name", of: reference), !name.isNull, !document.equals(name, "") {
                isNamed = true
                checkObject(name, in: reference, subject, circumstances, &report)
            }
        }
        guard !isNamed else { return }
        if let unknown = unknown(in: "roleDefinitionReference", subject) {
            return add(unknown, allowed: allowed, subject, &report)
        }
        report.add(
            check.origin(.roles),
            .required,
            at: .path(Self.reference),
            nil,
            of: subject,
            allowed: allowed,
            .absent
        )
    }

    /// A field that nobody knows yet.
    private struct Unknown {
        let name: String
        let path: FieldPath
        let reason: String
    }

    /// A field of the spec if nobody knows it yet, or the first in it that nobody knows; nil if all is known.
    private func unknown(in field: String, _ subject: borrowing Subject) -> Unknown? {
        let document = subject.document
        guard let value = document.member(field, of: spec) else { return nil }
        let path = FieldPath([.member("spec"), .member(field)])
        if let reason = document.reason(ofUnknown: value) { return Unknown(name: field, path: path, reason: reason) }
        guard value.isObject else { return nil }
        for (key, member) in document.members(of: value) {
            guard let reason = document.reason(ofUnknown: member) else { continue }
            let name = document.string(key) ?? ""
            return Unknown(name: name, path: path.appending(name), reason: reason)
        }
        return nil
    }

    /// What nobody knows is no role and no principal that may be given; what `fromConfig` has denied is told once.
    private func add(_ unknown: Unknown, allowed: String, _ subject: borrowing Subject, _ report: inout Report) {
        if binding.fromConfig.isGuarded, BindingCheck.isGuarded(unknown.name.lowercased()) { return }
        report.add(
            check.origin(.roles),
            .unknown,
            at: .path(unknown.path),
            nil,
            of: subject,
            allowed: allowed,
            .unknown(unknown.reason.singleLine)
        )
    }

    private func answer(_ text: String) -> RoleLimits.Answer? {
        if text.hasPrefix("/") {
            guard let id = try? ResourceID(parsing: text), let guid = id.roleDefinition else { return nil }
            return roles.answer(id: guid, tables)
        }
        return ResourceID.isGUID(text) ? roles.answer(id: text.lowercased(), tables) : roles.answer(name: text, tables)
    }

    private func refuse(
        _ answer: RoleLimits.Answer?,
        at field: String,
        _ value: JSONValue,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let explanation: Explanation
        switch answer {
        case .allowed: return
        case nil:
            explanation = .refused(
                ", which is no role's definition",
                mend: "write the ID of a definition, or a built-in role's name as wellKnownName"
            )
        case .unlisted: explanation = .notAllowed
        case .privileged:
            explanation = .refused(
                ", which may do anything or give access to others, so that no * stands for it",
                mend: "use a role with less, or ask the platform team to name it in AzureBinding \(binding.name)"
            )
        }
        report.add(
            check.origin(.roles),
            .notSupported,
            at: .path(Self.reference.appending(field)),
            value,
            of: subject,
            allowed: allowed,
            explanation
        )
    }

    /// A role of the namespace's own was judged when it was defined; but its object may bear a built-in role's GUID.
    private func checkObject(
        _ name: JSONValue,
        in reference: JSONValue,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        let document = subject.document
        var explanation: Explanation?
        let isDefinition =
            document.member("kind", of: reference).map { document.equals($0, "RoleDefinition") } ?? false
            && document.member("group", of: reference).map { document.equals($0, "authorization.azure.com") } ?? false
        if !isDefinition {
            explanation = .refused(", which is no RoleDefinition", mend: "name a RoleDefinition of this namespace")
        } else if roles.definitions == nil {
            explanation = .refused(
                ", and AzureBinding \(binding.name) has no roles.definitions",
                mend: "use a built-in role"
            )
        } else if let definition = circumstances.inventory?[
            Inventory.Key(
                group: "authorization.azure.com",
                kind: "RoleDefinition",
                namespace: circumstances.namespace,
                name: document.string(name) ?? ""
            )
        ]?.azureName, !tables.builtInRoles(id: definition).isEmpty,
            roles.answer(id: definition.lowercased(), tables) != .allowed
        {
            explanation = .refused(", which has the GUID of a built-in role", mend: "use a role that is listed")
        }
        guard let explanation else { return }
        report.add(
            check.origin(.roles),
            .forbidden,
            at: .path(Self.reference.appending("name")),
            name,
            of: subject,
            allowed: allowed,
            explanation
        )
    }

    // MARK: Who, and under what condition

    func checkPrincipal(_ subject: borrowing Subject, _ report: inout Report) {
        let document = subject.document
        let mend = "ask the platform team to list it in roles.principals of AzureBinding \(binding.name)"
        if let value = document.member("principalId", of: spec), !value.isNull {
            let principal = document.string(value)?.lowercased() ?? ""
            if !roles.principals.contains(principal) {
                report.add(
                    check.origin(.roles),
                    .notSupported,
                    at: .path(FieldPath(["spec", "principalId"])),
                    value,
                    of: subject,
                    allowed: roles.principals.joined(separator: ", "),
                    .refused(", who may be given no role", mend: mend)
                )
            }
        } else if let unknown = unknown(in: "principalId", subject) {
            add(unknown, allowed: roles.principals.joined(separator: ", "), subject, &report)
        } else if document.member("principalIdFromConfig", of: spec).map(\.isNull) ?? true {
            report.add(
                check.origin(.roles),
                .required,
                at: .path(FieldPath(["spec", "principalId"])),
                nil,
                of: subject,
                allowed: roles.principals.joined(separator: ", "),
                .absent
            )
        }
        guard let types = roles.principalTypes else { return }
        let value = document.member("principalType", of: spec).flatMap { $0.isNull ? nil : $0 }
        let type = value.flatMap { document.string($0) }?.lowercased()
        if types.contains(where: { $0.rawValue.lowercased() == type }) { return }
        report.add(
            check.origin(.roles),
            value == nil ? .required : .notSupported,
            at: .path(FieldPath(["spec", "principalType"])),
            value,
            of: subject,
            allowed: types.map(\.rawValue).joined(separator: ", "),
            value == nil ? .absent : .notAllowed
        )
    }

    func checkCondition(_ subject: borrowing Subject, _ report: inout Report) {
        guard roles.requireCondition else { return }
        let document = subject.document
        let value = document.member("condition", of: spec).flatMap { $0.isNull ? nil : $0 }
        let text = value.flatMap { document.string($0) } ?? ""
        if text.contains(where: { !$0.isWhitespace }) { return }
        report.add(
            check.origin(.roles),
            .required,
            at: .path(FieldPath(["spec", "condition"])),
            value,
            of: subject,
            .text(
                message: "is not set, and AzureBinding \(binding.name) asks for a condition",
                mend: "say in spec.condition to what the role is limited"
            )
        )
    }

    // MARK: Definitions

    func checkDefinition(_ subject: borrowing Subject, _ report: inout Report) throws(EvaluationError) {
        checkIdentifier(subject, &report)
        let document = subject.document
        if let list = document.member("permissions", of: spec), list.isArray {
            for (index, permission) in document.elements(of: list).enumerated() {
                for (field, allowed) in [
                    ("actions", roles.definitions?.actions ?? []),
                    ("dataActions", roles.definitions?.dataActions ?? []),
                ] {
                    guard let actions = document.member(field, of: permission), actions.isArray else { continue }
                    let path = FieldPath([
                        .member("spec"), .member("permissions"), .element(index), .member(field),
                    ])
                    try checkActions(actions, at: path, allowed, subject, &report)
                }
            }
        }
        guard let scopes = document.member("assignableScopesReferences", of: spec), scopes.isArray else { return }
        let target = BindingCheck.Target(part: .roles, limits: roles.attachment, binding: binding)
        for (index, scope) in document.elements(of: scopes).enumerated() {
            try report.meter.spend(4)
            let path = FieldPath([.member("spec"), .member("assignableScopesReferences"), .element(index)])
            check.checkReference(scope, at: path, target, subject, &report)
        }
    }

    /// An assignment may name the definition by object before Azure has refused it: it must not pass for a built-in role.
    private func checkIdentifier(_ subject: borrowing Subject, _ report: inout Report) {
        guard case .known(let value, let field) = subject.azureName else { return }
        let text = subject.document.string(value) ?? ""
        let isBuiltIn = !tables.builtInRoles(id: text).isEmpty
        guard isBuiltIn || (field == .azureName && !ResourceID.isGUID(text)) else { return }
        report.add(
            check.origin(.roles),
            .invalid,
            at: .path(field.path),
            value,
            of: subject,
            .refused(
                isBuiltIn ? ", the GUID of a built-in role" : ", which is no GUID",
                mend: "leave spec.azureName out, or choose a new GUID"
            )
        )
    }

    private func checkActions(
        _ actions: JSONValue,
        at path: FieldPath,
        _ listed: [NamePattern],
        _ subject: borrowing Subject,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        for (index, action) in document.elements(of: actions).enumerated() {
            try report.meter.spend(1 + listed.count)
            let text = document.string(action) ?? ""
            if RoleLimits.Definitions.allows(text, listed) { continue }
            var explanation = Explanation.notAllowed
            if !RoleLimits.Definitions.isAction(text) {
                explanation = .refused(
                    ", which is no action",
                    mend: "write it as Azure lists it, such as Microsoft.Storage/storageAccounts/read"
                )
            } else if listed.contains(where: { $0.matches(text) }) {
                explanation = .refused(
                    ", which may give access to others, so that no * stands for it",
                    mend: "leave it out, or ask the platform team to list it in the same words"
                )
            }
            report.add(
                check.origin(.roles),
                .notSupported,
                at: .path(FieldPath(path.steps + [.element(index)])),
                action,
                of: subject,
                allowed: listed.map(\.description).joined(separator: ", "),
                explanation
            )
        }
    }
}
