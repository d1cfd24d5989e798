internal import Azure

/// A step on the way to a field.
enum FieldStep: Hashable, Sendable {
    case member(String)
    /// Each element of a list.
    case element
    /// The value of a key of a map, whose letter case makes no difference.
    case key(String)
}

/// The field of a kind that a definition's field or alias stands for.
struct AliasField: Hashable, Sendable {
    /// From the object's root.
    var steps: [FieldStep]
    let rule: ARMField.Rule
    let type: ARMField.ValueType
    /// The field that says instead from which ConfigMap the value is taken.
    var configTwin: [FieldStep]?
    /// Whether it is a region, whose spelling makes no difference.
    var isRegion = false
    /// Where the value stands in other forms of the object, of which one alone is there.
    var alternatives: [[FieldStep]] = []

    var isReference: Bool { rule == .reference || rule == .wellKnownReference }

    /// Whether the field as a whole, not each element, is a list.
    var isList: Bool {
        switch rule {
        case .list, .objectList, .referenceList, .referenceSet: steps.last != .element
        default: false
        }
    }

    var isMap: Bool {
        if case .key = steps.last { return false }
        return rule == .map || rule == .objectMap || rule == .secretMap || rule == .referenceMap
    }

    /// The path for messages, as policies write it.
    var path: String {
        var text = ""
        for step in steps {
            switch step {
            case .member(let name): text += text.isEmpty ? name : ".\(name)"
            case .element: text += "[]"
            case .key(let name): text += "['\(name)']"
            }
        }
        return text
    }
}

/// What a definition's field or alias is for resources of one kind.
enum AliasMeaning: Hashable, Sendable {
    case known(TemplateLiteral)
    /// No resource of the kind has it.
    case absent
    case field(AliasField)
    /// The name in Azure.
    case name
}

/// Finds the fields of a kind by the names that Azure Policy has for them.
struct AliasResolver {
    let kind: AzureKind
    private let fields: [ARMField]
    /// By path in the body without the word `properties`, in small letters, without what ends it.
    private var byPath: [String: [ARMField]] = [:]
    private var byExactPath: [String: [ARMField]] = [:]
    private let table: ARMFieldTable

    init(_ kind: AzureKind, table: ARMFieldTable = .embedded, fields given: [ARMField]? = nil) {
        self.kind = kind
        self.table = table
        fields = given ?? table.fields(of: kind)
        for field in fields {
            byExactPath[Self.key(field.armPath), default: []].append(field)
            byPath[Self.looseKey(field.armPath), default: []].append(field)
        }
    }

    /// What stands behind the name of a field or an alias.
    func resolve(_ name: String) throws(ImportReason) -> AliasMeaning {
        switch name.lowercasedASCII {
        case "type": return .known(.string(kind.policyType))
        case "name": return .name
        case "fullname":
            guard kind.scope == .child || kind.scope == .extension else { return .name }
            throw ImportReason(.needsAzure, "fullName of a child resource: names of owners are not known")
        case "id": throw ImportReason(.needsAzure, "id: the subscription is not known")
        case "location":
            guard case .field(var field) = try meaning(of: "location", "location") else { return .absent }
            field.isRegion = true
            return .field(field)
        case "kind", "identity.type", "managedby", "plan.name", "plan.publisher", "plan.product":
            return try meaning(of: name, name)
        case "tags": return try meaning(of: "tags", "tags")
        default: break
        }
        if let tag = Self.tagName(name) {
            guard case .field(var tags) = try meaning(of: "tags", "tags") else { return .absent }
            tags.steps.append(.key(tag))
            return .field(tags)
        }
        guard let slash = name.lastIndex(of: "/") else {
            throw ImportReason(.unsupported, "the field \(name.abridged)")
        }
        let targets = table.targets(ofAlias: name)
        if !targets.isEmpty {
            guard let target = targets.first(where: { isOwn($0.type) }) else { return .absent }
            guard let path = target.armPath else { return .absent }
            if path.hasPrefix("spec.") {
                return .field(AliasField(steps: try Self.steps(path, []), rule: .scalar, type: .bool))
            }
            return try meaning(of: name, path)
        }
        let type = String(name[..<slash])
        guard type.contains("/") else {
            throw ImportReason(.noField, "the alias \(name): no table says where its value stands")
        }
        guard isOwn(type) else { return .absent }
        return try meaning(of: name, String(name[name.index(after: slash)...]))
    }

    private func isOwn(_ type: String) -> Bool { type.lowercasedASCII == kind.policyType.lowercasedASCII }

    /// The name of a tag: `tags.env`, `tags[env]`, `tags['env']`.
    static func tagName(_ name: String) -> String? {
        let lowered = name.lowercasedASCII
        if lowered.hasPrefix("tags.") { return String(name.dropFirst(5)) }
        guard lowered.hasPrefix("tags["), name.hasSuffix("]") else { return nil }
        let inner = name.dropFirst(5).dropLast()
        let quoted = inner.count >= 2 && inner.first == "'" && inner.last == "'"
        let tag = String(quoted ? inner.dropFirst().dropLast() : inner)
        return tag.isEmpty ? nil : tag
    }

    private func meaning(of alias: String, _ path: String) throws(ImportReason) -> AliasMeaning {
        let isElements = path.hasSuffix("[*]")
        let lowered = path.lowercasedASCII
        let wanted = isElements ? String(lowered.dropLast(3)) : lowered
        var keys: [String] = []
        var found = byExactPath["properties." + wanted] ?? byExactPath[wanted] ?? byPath[Self.loosened(wanted)] ?? []
        if found.isEmpty, wanted.hasPrefix("default.") {
            found = byPath[Self.loosened(String(wanted.dropFirst(8)))] ?? []
        }
        if found.isEmpty { (found, keys) = inMap(path.replacing("[*]", with: "[]")) }
        let values = found.filter { $0.rule != .configMap && $0.rule != .oneOf }
        guard let field = values.first else {
            switch path.lowercasedASCII {
            // What every body of Azure Resource Manager has at its root, if its kind has it at all.
            case "location", "tags", "kind", "managedby", "plan.name", "plan.publisher", "plan.product",
                "identity.type":
                return .absent
            default:
                throw ImportReason(.noField, "the alias \(alias): \(kind) has no such field")
            }
        }
        var result = AliasField(steps: try Self.steps(field.path, keys), rule: field.rule, type: field.type)
        for other in values.dropFirst() where other.path != field.path {
            let steps = try Self.steps(other.path, keys)
            guard other.rule == .scalar, field.rule == .scalar, !steps.contains(.element), !isElements else {
                throw ImportReason(.noField, "the alias \(alias): \(kind) has several such fields")
            }
            result.alternatives.append(steps)
        }
        if let twin = found.first(where: { $0.rule == .configMap }) {
            result.configTwin = try Self.steps(twin.path, keys)
        }
        if isElements {
            guard result.isList || field.rule == .json else {
                throw ImportReason(.noField, "the alias \(alias): \(kind) has no list there")
            }
            result.steps.append(.element)
        }
        return .field(result)
    }

    /// Fields in maps: a name of the alias is a key then.
    private func inMap(_ path: String) -> (fields: [ARMField], keys: [String]) {
        let wanted = Self.loosened(path, keepingCase: true).split(separator: ".").map(String.init)
        for field in fields {
            guard field.armPath.contains("{}") || field.rule == .json else { continue }
            let names = Self.loosened(field.armPath, keepingCase: true).split(separator: ".").map(String.init)
            var keys: [String] = []
            var place = 0
            var fits = true
            for (index, name) in names.enumerated() where fits {
                let bare = name.hasSuffix("{}") ? String(name.dropLast(2)) : name
                guard place < wanted.count, wanted[place].lowercasedASCII == bare.lowercasedASCII else {
                    fits = false
                    break
                }
                place += 1
                if name.hasSuffix("{}") {
                    // A map of scalars has its values at its keys; one of objects has rows for what is below.
                    guard place < wanted.count, index < names.count - 1 || field.rule == .map else {
                        fits = false
                        break
                    }
                    keys.append(wanted[place])
                    place += 1
                }
            }
            if fits, place == wanted.count, !keys.isEmpty { return ([field], keys) }
        }
        return ([], [])
    }

    /// The steps of a path of the custom resource, with the keys of the maps on the way.
    private static func steps(_ path: String, _ keys: [String]) throws(ImportReason) -> [FieldStep] {
        var steps: [FieldStep] = []
        var keys = keys[...]
        let names = path.split(separator: ".")
        for (index, name) in names.enumerated() {
            if name.hasSuffix("[]") {
                steps.append(.member(String(name.dropLast(2))))
                if index < names.count - 1 { steps.append(.element) }
            } else if name.hasSuffix("{}") {
                steps.append(.member(String(name.dropLast(2))))
                if let key = keys.popFirst() {
                    steps.append(.key(key))
                } else if index < names.count - 1 {
                    throw ImportReason(.noField, "\(path): the key is not named")
                }
            } else {
                steps.append(.member(String(name)))
            }
        }
        return steps
    }

    private static func key(_ armPath: String) -> String {
        let text = armPath.lowercasedASCII.replacing("[]", with: "[*]")
        return text.hasSuffix("[*]") ? String(text.dropLast(3)) : text.hasSuffix("{}") ? String(text.dropLast(2)) : text
    }

    private static func looseKey(_ armPath: String) -> String { loosened(key(armPath)) }

    private static func loosened(_ path: String, keepingCase: Bool = false) -> String {
        path.split(separator: ".").filter { $0.lowercased() != "properties" }.joined(separator: ".")
    }
}

extension AzureKind {
    /// The type by which Azure Policy knows the kind's resources.
    var policyType: String {
        guard let armType else { return "" }
        return armType == "Microsoft.Resources/resourceGroups"
            ? "Microsoft.Resources/subscriptions/resourceGroups" : armType
    }

    /// The API version of Azure Resource Manager that a version of the kind stands for: `2023-01-01` of `v1api20230101`.
    func armVersion(of version: String) -> String {
        if version == newestVersion, let known = armAPIVersion { return known }
        let text = version.hasPrefix("v1api") ? version.dropFirst(5) : version.dropFirst()
        guard text.count >= 8, text.prefix(8).allSatisfy(\.isNumber) else { return armAPIVersion ?? "" }
        let preview = text.dropFirst(8)
        let month = text.dropFirst(4)
        return "\(text.prefix(4))-\(month.prefix(2))-\(month.dropFirst(2).prefix(2))"
            + (preview.isEmpty ? "" : "-\(preview)")
    }
}
