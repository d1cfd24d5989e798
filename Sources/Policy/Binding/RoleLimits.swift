internal import Azure
internal import JSON

/// Which roles the namespaces of an AzureBinding may give, to whom, and which they may define.
struct RoleLimits: Sendable {
    /// A role as it is listed.
    enum Name: Sendable, CustomStringConvertible {
        /// A name; one with `*` stands for the roles that the tables know, but for the privileged ones.
        case pattern(NamePattern)
        /// The GUID of a definition, in small letters.
        case id(String)

        var description: String {
            switch self {
            case .pattern(let pattern): pattern.description
            case .id(let id): id
            }
        }
    }

    /// Who may be given a role, in the words of Azure.
    enum PrincipalType: String, CaseIterable, Sendable {
        case servicePrincipal = "ServicePrincipal"
        case user = "User"
        case group = "Group"
        case foreignGroup = "ForeignGroup"
        case device = "Device"
    }

    /// What roles of one's own may allow.
    struct Definitions: Sendable {
        let actions: [NamePattern]
        let dataActions: [NamePattern]
    }

    let allow: [Name]
    let attachment: AttachmentLimits
    /// GUIDs in small letters.
    let principals: [String]
    /// Nil allows all.
    let principalTypes: [PrincipalType]?
    let requireCondition: Bool
    /// Nil: none.
    let definitions: Definitions?

    init?(_ node: Node) {
        guard
            let fields = node.fields(
                ["allow", "principals", "principalTypes", "requireCondition", "definitions"] + AttachmentLimits.fields
            )
        else { return nil }
        if fields["allow"] == nil, fields["definitions"] == nil {
            node.error("allows no role", mend: "list roles in allow, by name or by the GUID of their definition")
        }
        allow = fields["allow"]?.roleNames() ?? []
        attachment = AttachmentLimits(fields)
        principals = fields["principals"]?.elements().compactMap { $0.guid() } ?? []
        principalTypes = fields["principalTypes"]?.elements().compactMap { $0.keyword(PrincipalType.self) }
        requireCondition = fields["requireCondition"]?.bool() ?? false
        definitions = fields["definitions"].flatMap { node in
            node.fields(["actions", "dataActions"]).map {
                Definitions(
                    actions: $0["actions"]?.namePatterns() ?? [],
                    dataActions: $0["dataActions"]?.namePatterns() ?? []
                )
            }
        }
    }
}

extension RoleLimits {
    /// Whether a role may be given.
    enum Answer {
        case allowed
        case unlisted
        /// Only a pattern would allow it, and it lets its holder give access to others.
        case privileged
    }

    /// Judges a role by the name that Azure has for it.
    ///
    /// Letters beyond ASCII are never folded, so that no spelling that Azure Service Operator folds gets past a list.
    func answer(name: String, _ tables: AzureTables) -> Answer {
        guard let role = tables.builtInRole(named: name) else { return answer(names: [name], id: nil, isKnown: false) }
        return answer(id: role.id, tables)
    }

    /// Judges a role by the GUID of its definition, in small letters.
    func answer(id: String, _ tables: AzureTables) -> Answer {
        let roles = tables.builtInRoles(id: id)
        let answer = answer(names: roles.map(\.name), id: id, isKnown: !roles.isEmpty)
        // Nobody lists a privileged role by a pattern, be it meant or not.
        return answer == .allowed && roles.contains { $0.isPrivileged } && !lists(roles, id) ? .privileged : answer
    }

    private func answer(names: [String], id: String?, isKnown: Bool) -> Answer {
        for entry in allow {
            switch entry {
            case .id(let listed): if listed == id { return .allowed }
            case .pattern(let pattern):
                guard pattern.isLiteral || isKnown else { continue }
                if names.contains(where: { pattern.matches($0) }) { return .allowed }
            }
        }
        return .unlisted
    }

    private func lists(_ roles: [BuiltInRole], _ id: String) -> Bool {
        allow.contains { entry in
            switch entry {
            case .id(let listed): listed == id
            case .pattern(let pattern): pattern.isLiteral && roles.contains { pattern.matches($0.name) }
            }
        }
    }
}

extension RoleLimits.Definitions {
    /// Whether a definition may have an action.
    ///
    /// A pattern that matches the text of another, star for star, matches whatever that one does. What gives access to
    /// others must be listed in the same words.
    static func allows(_ action: String, _ listed: [NamePattern]) -> Bool {
        guard isAction(action) else { return false }
        let lower = action.lowercased()
        return listed.contains {
            $0.matches(action) && (!givesAccess(lower) || $0.description.lowercased() == lower)
        }
    }

    /// Whether a text has no characters but those of actions.
    ///
    /// What Azure makes of others (a space before it, `?`) is not known: it may be another action than its letters say.
    static func isAction(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isAlphanumericASCII || "./*_-".utf8.contains($0) }
    }

    /// Whether an action, in small letters, may write in `Microsoft.Authorization`: roles, assignments, locks, policies.
    static func givesAccess(_ action: String) -> Bool {
        let guarded = "microsoft.authorization/"
        let start = action.prefix { $0 != "*" }
        guard start.hasPrefix(guarded) || (start.utf8.count < action.utf8.count && guarded.hasPrefix(start)) else {
            return false
        }
        return !action.hasSuffix("/read")
    }
}

extension Node {
    fileprivate func roleNames() -> [RoleLimits.Name] {
        let tables = loading.tables
        return elements().compactMap { element -> RoleLimits.Name? in
            guard let text = element.string() else { return nil }
            if text.hasPrefix("/") { return element.roleDefinitionID(text).map { .id($0) } }
            if ResourceID.isGUID(text) { return .id(text.lowercased()) }
            let pattern = NamePattern(text)
            if !tables.builtInRoles.contains(where: { pattern.matches($0.name) }) {
                let near = text.nearest(in: tables.builtInRoles.map(\.name)).map { ", did you mean \"\($0)\"?" } ?? ""
                element.warning(
                    .unknownRole,
                    "\"\(text.prefix(80))\" is no role that the tables know\(near)",
                    mend: "write a built-in role's name, or the GUID of a definition"
                )
            }
            return .pattern(pattern)
        }
    }

    private func roleDefinitionID(_ text: String) -> String? {
        guard let id = try? ResourceID(parsing: text), let guid = id.roleDefinition else {
            error(
                "is no ID of a role definition",
                mend: "write the GUID of the definition, or …/providers/Microsoft.Authorization/roleDefinitions/<GUID>"
            )
            return nil
        }
        return guid
    }
}

extension ResourceID {
    /// The GUID of a role's definition in small letters; nil if this is the ID of something else.
    var roleDefinition: String? {
        guard type.lowercased() == "microsoft.authorization/roledefinitions", Self.isGUID(name) else { return nil }
        return name.lowercased()
    }
}
