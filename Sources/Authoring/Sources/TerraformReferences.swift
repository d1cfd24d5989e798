internal import Azure
internal import JSON

/// The resources of a plan or state as others refer to them: by ID, by expression, by name.
struct TerraformReferences {
    /// What is known of a resource, or of several each of which may be meant.
    private struct Resource {
        let type: AttributeType?
        var name: Fact
        var group: Fact
        var location: Fact

        mutating func merge(_ other: Resource) {
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
    /// What expressions refer to: those of all that `count` makes are one.
    private let memo = Memo()

    private final class Memo {
        var found: [String: Resource?] = [:]
    }

    init(document: JSONDocument, sources: SourceTables) {
        self.document = document
        self.sources = sources
    }

    // MARK: Noting

    mutating func note(configured entry: JSONValue, at address: String, _ module: String) {
        configured[address] = (entry, module)
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
        for row in rows {
            guard case .location = row.conversion, case .member(let name)? = row.path.steps.first else { continue }
            // Of several that are alike in all but their key each may be meant.
            if let text = referenced(by: name, of: address)?.location.value?.text { return Draft(.string(text)) }
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
    ///   - address: Its address.
    ///   - tables: Tell the kinds that may own it.
    /// - Returns: The attribute that names the owner, if its group was looked for.
    func completeOwner(
        of spec: Draft,
        _ kind: AzureKind,
        _ rows: [AttributeRow],
        _ address: String,
        _ tables: AzureTables
    ) -> String? {
        guard kind.scope == .child || kind.scope == .extension, let owner = spec["owner"],
            owner["resourceGroupName"] == nil
        else { return nil }
        // By ID if there is one, which says it all if it is known.
        let isByID = owner["armId"] != nil
        if isByID, owner["armId"]?.isUnknown == false { return nil }
        guard let attribute = attribute(isByID ? "armId" : "name", rows, address, spec) else { return nil }
        var found = referenced(by: attribute, of: address)
        if found == nil, let name = owner["name"]?.text?.lowercased() {
            // Two of a name may lie in two groups.
            for kind in Self.owners(of: kind, tables) {
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

    /// The attribute that a member of the owner is made of: of several the one that is written.
    private func attribute(_ member: String, _ rows: [AttributeRow], _ address: String, _ spec: Draft) -> String? {
        let names = rows.compactMap { row -> String? in
            guard row.field.steps == [.member("owner"), .member(member)], row.path.steps.count == 1,
                case .member(let name)? = row.path.steps.first, name != "resource_group_name"
            else { return nil }
            return name
        }
        return names.first { referenced(by: $0, of: address) != nil } ?? names.first
    }

    /// The kinds that a kind may lie in, and those that these may lie in.
    private static func owners(of kind: AzureKind, _ tables: AzureTables) -> Set<String> {
        var owners: Set<String> = []
        var rest = kind.ownerKinds
        while let next = rest.popLast() {
            let parts = next.split(separator: "/")
            guard parts.count == 2, owners.insert(next).inserted else { continue }
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

    /// The resources that an attribute's expression refers to.
    private func referenced(by attribute: String, of address: String) -> Resource? {
        let plain = Self.withoutIndices(address.split(separator: ":").first.map(String.init) ?? address)
        let key = "\(attribute) \(plain)"
        if let known = memo.found[key] { return known }
        let found = look(for: attribute, of: plain)
        memo.found[key] = .some(found)
        return found
    }

    private func look(for attribute: String, of plain: String) -> Resource? {
        guard let (entry, prefix) = configured[plain],
            let expressions = document.member("expressions", of: entry),
            let expression = document.member(attribute, of: expressions),
            let references = document.member("references", of: expression)
        else { return nil }
        for reference in document.elements(of: references) {
            guard let text = document.string(reference) else { continue }
            let parts = Self.withoutIndices(text).split(separator: ".")
            let count = parts.first == "data" ? 3 : 2
            guard parts.count >= count, let found = byAddress[prefix + parts.prefix(count).joined(separator: ".")]
            else { continue }
            return found
        }
        return nil
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
