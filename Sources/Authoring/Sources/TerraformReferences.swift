internal import Azure
internal import JSON

/// The resources of a plan or state as others refer to them: by ID, by expression, by name.
struct TerraformReferences {
    /// What is known of a resource, or of several each of which may be meant.
    private struct Resource {
        var type: AttributeType?
        var name: Fact
        var group: Fact
        var location: Fact

        mutating func merge(_ other: Resource) {
            if type?.name != other.type?.name { type = nil }
            name.merge(other.name)
            group.merge(other.group)
            location.merge(other.location)
        }
    }

    /// What values say, if they say one thing.
    private struct Fact {
        /// Nil if they say nothing, or several things.
        private(set) var value: Draft?

        mutating func merge(_ other: Fact) {
            // Nobody knows whether what is not known is the same.
            guard let text = value?.text, other.value?.text == text else { return value = nil }
        }
    }

    private let document: JSONDocument
    private let sources: SourceTables
    private var byID: [String: Resource] = [:]
    /// By address without indices.
    private var byAddress: [String: Resource] = [:]
    /// By `group/Kind` and name in Azure, in small letters.
    private var byName: [String: Resource] = [:]
    /// What the configuration says of resources, by address without indices, and the address of their module.
    private var configured: [String: (entry: JSONValue, module: String)] = [:]
    /// What the configuration says of providers, by their keys, and the values of the plan's variables.
    private var providers: JSONValue?
    private var variables: JSONValue?
    /// What expressions refer to: those of all that `count` makes are one.
    private let memo = Memo()

    private final class Memo {
        var found: [String: Reference] = [:]
    }

    /// What an attribute's expression refers to.
    private enum Reference {
        /// Nothing is written, or something that refers to nothing.
        case none
        /// Nobody knows to what, or to which of several things.
        case unclear
        case resource(Resource)
    }

    /// What of another an attribute says.
    private enum Wanted: String {
        case id
        case name
    }

    init(document: JSONDocument, sources: SourceTables) {
        self.document = document
        self.sources = sources
    }

    // MARK: Noting

    mutating func note(configured entry: JSONValue, at address: String, _ module: String) {
        configured[address] = (entry, module)
    }

    /// Notes what tells the subscriptions of providers.
    mutating func note(providers: JSONValue?, variables: JSONValue?) {
        self.providers = providers
        self.variables = variables
    }

    /// Notes a resource: its values, and of the same shape what of them is not known.
    mutating func note(_ entry: JSONValue, _ values: JSONValue, _ unknown: JSONValue?) {
        guard values.isObject else { return }
        func fact(_ name: StaticString) -> Draft? {
            if unknown.flatMap({ document.member(name, of: $0) })?.bool == true {
                return Draft(.unknown(because: AttributeTranslation.afterApply))
            }
            return document.member(name, of: values).flatMap { $0.isNull ? nil : Draft($0, in: document) }
        }
        let type = text("type", of: entry).flatMap { sources.terraformTypes[$0] }
        let id = text("id", of: values)
        let name = fact("name")
        let isGroup = type?.kind == "ResourceGroup"
        let told = id.flatMap { try? ResourceID(parsing: $0) }?.resourceGroup.map { Draft(.string($0)) }
        let resource = Resource(
            type: type,
            name: Fact(value: name),
            group: Fact(value: isGroup ? name : fact("resource_group_name") ?? told),
            location: Fact(value: fact("location"))
        )
        func add(_ key: String, to table: inout [String: Resource]) {
            if table[key]?.merge(resource) == nil { table[key] = resource }
        }
        if let id { byID[id.lowercased()] = resource }
        if let type, let name = name?.text { add("\(type.group)/\(type.kind)/\(name.lowercased())", to: &byName) }
        if let address = text("address", of: entry) { add(Self.withoutIndices(address), to: &byAddress) }
    }

    private func text(_ name: StaticString, of value: JSONValue) -> String? {
        document.member(name, of: value).flatMap { document.string($0) }
    }

    // MARK: Locations

    /// Where the resource is that an attribute names: by its ID, or by the expression of the attribute.
    func location(ofID id: Draft, of address: String, _ rows: [AttributeRow]) -> Draft {
        if let text = id.text, let location = byID[text.lowercased()]?.location.value { return location }
        // An ID that is known says what is meant, whatever the expression is.
        for row in rows where id.isUnknown {
            guard case .location = row.conversion, case .member(let name)? = row.path.steps.first else { continue }
            // Of several that are alike in all but their key each may be meant.
            if case .resource(let found) = referenced(by: name, .id, of: address), let text = found.location.value?.text
            {
                return Draft(.string(text))
            }
        }
        return Draft(.unknown(because: "it is where its owner is, which is not in this file"))
    }

    // MARK: Owners

    /// Says the resource group of an owner that is named without it: that of the resource of the same file which it is.
    ///
    /// - Parameters:
    ///   - spec: What is made of a resource.
    ///   - kind: What it is.
    ///   - rows: Its attributes.
    ///   - address: Its address; nil of what is as it was before, of which the configuration says nothing.
    ///   - tables: Tell the kinds that may own it.
    /// - Returns: The attribute that names the owner, if its group was looked for.
    func completeOwner(
        of spec: Draft,
        _ kind: AzureKind,
        _ rows: [AttributeRow],
        _ address: String?,
        _ tables: AzureTables
    ) -> String? {
        guard kind.scope == .child || kind.scope == .extension, let owner = spec["owner"],
            owner["resourceGroupName"] == nil
        else { return nil }
        // By ID if there is one, which says it all if it is known.
        let isByID = owner["armId"] != nil
        if isByID, owner["armId"]?.isUnknown == false { return nil }
        let wanted = isByID ? Wanted.id : .name
        guard let attribute = attribute(wanted, rows, address) else { return nil }
        let owners = Self.owners(of: kind, tables)
        let name = owner["name"]?.text?.lowercased()
        var found: Resource?
        // A name that is known says what is meant, whatever the expression is.
        if case .resource(let resource) = referenced(by: attribute, wanted, of: address),
            name == nil || resource.name.value?.text?.lowercased() == name,
            kind.scope == .extension || resource.type.map({ owners.contains("\($0.group)/\($0.kind)") }) ?? false
        {
            found = resource
        }
        if found == nil, let name {
            // Two of a name may lie in two groups.
            for kind in owners {
                guard let other = byName["\(kind)/\(name)"] else { continue }
                if found?.merge(other) == nil { found = other }
            }
        }
        if let found, let group = found.group.value?.text {
            var members: [(name: String, value: Draft)] = [("resourceGroupName", Draft(.string(group)))]
            if let name = found.name.value?.text { members.append(("name", Draft(.string(name)))) }
            if kind.scope == .extension, let type = found.type {
                members += [("group", Draft(.string(type.group))), ("kind", Draft(.string(type.kind)))]
            }
            owner.content = .object(members)
        } else if !isByID {
            var reason = Self.notHere
            if let found {
                let isUntold = found.group.value?.isUnknown == true
                reason = isUntold ? AttributeTranslation.afterApply : "it may belong to any of several"
            }
            owner.set(Draft(.unknown(because: reason)), at: [.member("resourceGroupName")])
        }
        return attribute
    }

    /// Why nobody knows the resource group of an owner.
    private static let notHere = "what it belongs to is not in this file"

    /// The attribute that the owner's ID or name is made of: of several the one that is written.
    private func attribute(_ wanted: Wanted, _ rows: [AttributeRow], _ address: String?) -> String? {
        let member = wanted == .id ? "armId" : "name"
        let names = rows.compactMap { row -> String? in
            guard row.field.steps == [.member("owner"), .member(member)], row.path.steps.count == 1,
                case .member(let name)? = row.path.steps.first, name != "resource_group_name"
            else { return nil }
            return name
        }
        return names.first { name in
            if case .none = referenced(by: name, wanted, of: address) { false } else { true }
        } ?? names.first
    }

    /// The kinds that a kind may lie in, and those that these may lie in; a resource group is none that is named so.
    private static func owners(of kind: AzureKind, _ tables: AzureTables) -> Set<String> {
        var owners: Set<String> = []
        var rest = kind.ownerKinds
        while let next = rest.popLast() {
            let parts = next.split(separator: "/")
            guard parts.count == 2, next != "resources.azure.com/ResourceGroup", owners.insert(next).inserted
            else { continue }
            rest += tables.kind(group: String(parts[0]), kind: String(parts[1]))?.ownerKinds ?? []
        }
        return owners
    }

    // MARK: Expressions

    /// Whether a resource's configuration is known and does not have an attribute.
    func isUnset(_ attribute: String, of address: String) -> Bool {
        guard let (entry, _) = configured[Self.withoutIndices(address)],
            let expressions = document.member("expressions", of: entry), expressions.isObject
        else { return false }
        return document.member(attribute, of: expressions) == nil
    }

    /// What the expression of an attribute that tells another's ID or name refers to.
    private func referenced(by attribute: String, _ wanted: Wanted, of address: String?) -> Reference {
        guard let address else { return .none }
        let plain = Self.withoutIndices(address.split(separator: ":").first.map(String.init) ?? address)
        let key = "\(wanted.rawValue) \(attribute) \(plain)"
        if let known = memo.found[key] { return known }
        let found = look(for: attribute, wanted, of: plain)
        memo.found[key] = found
        return found
    }

    /// Each thing that an expression names may be what it gives: all of them are to be one.
    private func look(for attribute: String, _ wanted: Wanted, of plain: String) -> Reference {
        guard let (entry, prefix) = configured[plain],
            let expressions = document.member("expressions", of: entry),
            let expression = document.member(attribute, of: expressions),
            let references = document.member("references", of: expression)
        else { return .none }
        var found: Resource?
        for text in wholeReferences(references) {
            // They tell an instance, and are no value of another resource.
            if text == "each.key" || text == "count.index" { continue }
            let parts = Self.withoutIndices(text).split(separator: ".")
            let count = parts.first == "data" ? 3 : 2
            // Of an instance that an expression chooses the attribute is not told.
            guard parts.count == count || parts.count == count + 1 && parts[count] == wanted.rawValue,
                let other = byAddress[prefix + parts.prefix(count).joined(separator: ".")]
            else { return .unclear }
            if found?.merge(other) == nil { found = other }
        }
        return found.map { .resource($0) } ?? .none
    }

    /// References as they are written: a plan has after each of them also all that it begins with.
    private func wholeReferences(_ references: JSONValue) -> [String] {
        var whole: [String] = []
        var last = ""
        for reference in document.elements(of: references) {
            guard let text = document.string(reference) else { continue }
            let next = last.utf8.dropFirst(text.utf8.count).first
            let isBeginning = last.hasPrefix(text) && (next == UInt8(ascii: ".") || next == UInt8(ascii: "["))
            if !isBeginning { whole.append(text) }
            last = text
        }
        return whole
    }

    // MARK: Subscriptions

    /// The subscription of a resource, and where that stands; nil if it is that of the credential.
    ///
    /// - Parameters:
    ///   - values: The resource's values, whose ID goes before all else.
    ///   - address: Its address.
    /// - Returns: A subscription that may be unknown, and what tells it.
    func subscription(of values: JSONValue, _ address: String) -> (value: Draft, place: JSONValue, name: String)? {
        if let value = document.member("id", of: values), let text = document.string(value),
            let id = try? ResourceID(parsing: text), let subscription = id.subscription
        {
            return (Draft(.string(subscription)), value, "id")
        }
        let plain = Self.withoutIndices(address.split(separator: ":").first.map(String.init) ?? address)
        guard let (entry, _) = configured[plain], let key = text("provider_config_key", of: entry),
            let provider = providers.flatMap({ document.member(key, of: $0) }),
            let expressions = document.member("expressions", of: provider),
            let expression = document.member("subscription_id", of: expressions)
        else { return nil }
        let name = "the provider's subscription_id"
        if let value = document.member("constant_value", of: expression) {
            guard let subscription = document.string(value), !subscription.isEmpty else { return nil }
            return (Draft(.string(subscription)), value, name)
        }
        let references = document.member("references", of: expression).map { wholeReferences($0) } ?? []
        if references.count == 1, references[0].hasPrefix("var."),
            document.member("module_address", of: provider) == nil,
            let variable = variables.flatMap({ document.member(String(references[0].dropFirst(4)), of: $0) }),
            let value = document.member("value", of: variable)
        {
            if value.isNull { return nil }
            if let subscription = document.string(value) { return (Draft(.string(subscription)), expression, name) }
        }
        return (Draft(.unknown(because: "an expression tells it")), expression, name)
    }

    /// An address without the keys of `count` and `for_each`, in which anything may stand.
    private static func withoutIndices(_ address: String) -> String {
        var bytes: [UInt8] = []
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        for byte in address.utf8 {
            if isQuoted {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""): isQuoted = true
            default: if depth == 0 { bytes.append(byte) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
