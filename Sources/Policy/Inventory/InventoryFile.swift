internal import Azure
public import JSON
internal import Kubernetes
internal import Synchronization

/// What one file of an inventory says by itself: kept of a file as long as the file stays as it is.
///
/// Kinds of Azure, Namespaces, Secrets and ConfigMaps are read, lists of them and snapshots too; everything else is passed over. Of an
/// object only what `Inventory.Entry` holds is kept, and of a Secret's values none but the IDs of a credential.
public struct InventoryFile: Sendable {
    private(set) var entries: [Inventory.Entry] = []
    private(set) var issues = IssueList()
    /// The file's name, for messages.
    let name: String

    /// The most labels or tags of an object, and keys of a Secret or ConfigMap, that are kept; Azure allows 50 tags.
    static let maximumMembers = 256
    /// The longest text that is kept, in bytes; Azure's longest tags have 512 characters.
    static let maximumTextBytes = 2048
    /// How many places of an object facets are read from; an object with more is one whose quantities are not known.
    private static let maximumPlaces = 4096

    /// Reads documents.
    ///
    /// - Parameters:
    ///   - documents: All of the file, in their order: manifests, lists, what `kubectl get -o yaml` writes.
    ///   - file: Its name, for messages.
    ///   - configuration: Whose tables tell kinds and sizes.
    ///   - values: Values that files share.
    public init(
        _ documents: [JSONDocument],
        file: String,
        configuration: PolicyConfiguration,
        sharing values: SharedValues = SharedValues()
    ) {
        name = file
        let loading = Loading(tables: configuration.tables)
        for document in documents {
            add(Node(document: document, value: document.root, file: file, path: "", loading: loading), values)
        }
        issues = loading.issues
    }

    /// A file that could not be read as documents: there is no inventory with it.
    public init(_ issue: PolicyIssue) {
        name = issue.file
        issues.append(issue)
    }

    /// Takes a document, or each of a list; `list` is the type of the list around it, whose items need not say theirs.
    private mutating func add(_ node: Node, _ values: SharedValues, list: (apiVersion: String, kind: String)? = nil) {
        if node.value.isNull { return }
        guard node.value.isObject else {
            node.error(
                "the document is \(node.typeName), not an object",
                mend: "write manifests, or what kubectl get -o yaml writes"
            )
            return
        }
        let fields = Fields(node: node)
        func word(_ name: String, _ listed: String?) -> String? {
            if let listed, fields[name] == nil { return listed }
            return fields.required(name, "add \(name)")?.string()
        }
        guard let apiVersion = word("apiVersion", list?.apiVersion), let kind = word("kind", list?.kind) else { return }
        if kind.hasSuffix("List"), let items = fields["items"] {
            guard items.value.isArray else {
                items.error("must be a list, not \(items.typeName)", mend: "write a list of objects")
                return
            }
            let element = kind == "List" ? nil : (apiVersion, String(kind.dropLast("List".count)))
            for (place, item) in node.document.elements(of: items.value).enumerated() {
                add(node.at(item, "\(items.path)[\(place)]"), values, list: element)
            }
            return
        }
        if kind == InventorySnapshot.kind, apiVersion.hasPrefix("portcullis.dev/") {
            guard apiVersion == PolicyFile.apiVersion else {
                // What another version says is for that version to judge; none of it is no inventory either.
                return node.error(
                    "is a snapshot of \(apiVersion.shortened(to: 80).singleLine), and \(PolicyFile.apiVersion) is read",
                    mend: "make it anew with portcullis snapshot"
                )
            }
            entries += node.snapshotEntries(sharing: values)
            return
        }
        guard let type = GroupVersionKind(apiVersion: apiVersion, kind: kind) else {
            return node.error("apiVersion is \"\(apiVersion.prefix(80))\"", mend: "write group/version")
        }
        let isAzure = AzureTables.isAzure(group: type.group.utf8Span.span)
        let isCore = type.group.isEmpty && ["Namespace", "Secret", "ConfigMap"].contains(kind)
        if isAzure || isCore { add(node, type, isAzure: isAzure, values) }
    }

    private mutating func add(_ node: Node, _ type: GroupVersionKind, isAzure: Bool, _ values: SharedValues) {
        let meta = ObjectMeta(of: node.value, in: node.document)
        let reader = EntryReader(document: node.document, object: node.value, meta: meta, values: values)
        guard let name = meta.name else {
            let path = node.path.isEmpty ? "metadata" : "\(node.path).metadata"
            let metadata = node.at(node.document.member("metadata", of: node.value) ?? node.value, path)
            if meta.generateName != nil {
                metadata.warning("has no name yet, so it is passed over", mend: "take manifests from the cluster")
            } else {
                metadata.error("has no name", mend: "add a name")
            }
            return
        }
        guard let name = node.at(name, "metadata.name").string() else { return }
        var namespace = ""
        if isAzure || type.kind != "Namespace" {
            namespace = meta.namespace.flatMap { reader.text($0) } ?? ""
            if namespace.isEmpty {
                node.warning(
                    "\(type.kind.prefix(80)) \(name.prefix(80)) has no namespace, so it counts as one of default",
                    mend: "add metadata.namespace"
                )
                namespace = "default"
            }
        }
        let tables = node.loading.tables
        let kind = isAzure ? tables.kind(group: type.group, kind: type.kind) : nil
        let key = Inventory.Key(
            group: kind?.group ?? values.shared(type.group),
            kind: kind?.kind ?? values.shared(type.kind),
            namespace: values.shared(namespace),
            name: name
        )
        entries.append(isAzure ? reader.resource(key, kind, tables) : reader.coreObject(key))
    }

    fileprivate static func facets(
        of kind: AzureKind,
        in document: JSONDocument,
        of object: JSONValue
    ) -> ObjectFacets? {
        var facets = QuantityReader.facets
        facets.formUnion([FacetSet(.location), FacetSet(.tags)])
        return try? ObjectFacets(facets, of: kind, in: document, of: object, maximumPlaces: maximumPlaces)
    }
}

/// Values that many objects of an inventory have in common, kept once while its files are read.
public final class SharedValues: Sendable {
    private struct Values {
        var texts: Set<String> = []
        var maps: Set<[String: String]> = []
        var lists: Set<[String]> = []
        var quantities: Set<[Quantity: Double]> = []
    }

    private let values = Mutex(Values())

    /// Shares nothing yet.
    public init() {}

    /// Forgets everything: what was shared stays so, and files that are read from now on share among themselves.
    public func removeAll() {
        values.withLock { $0 = Values() }
    }

    func shared(_ text: String) -> String {
        // Short texts stand in the string itself.
        text.utf8.count <= 15 ? text : values.withLock { $0.texts.insert(text).memberAfterInsert }
    }

    func shared(_ map: [String: String]) -> [String: String] {
        map.isEmpty ? map : values.withLock { $0.maps.insert(map).memberAfterInsert }
    }

    func shared(_ list: [String]) -> [String] {
        list.isEmpty ? list : values.withLock { $0.lists.insert(list).memberAfterInsert }
    }

    func shared(_ quantities: [Quantity: Double]) -> [Quantity: Double] {
        quantities.isEmpty ? quantities : values.withLock { $0.quantities.insert(quantities).memberAfterInsert }
    }
}

/// Takes from one object what an entry holds.
private struct EntryReader {
    let document: JSONDocument
    let object: JSONValue
    let meta: ObjectMeta
    let values: SharedValues

    func text(_ value: JSONValue?) -> String? {
        guard let value, value.isString else { return nil }
        let text = document.utf8(value)
        guard !text.isEmpty, text.count <= InventoryFile.maximumTextBytes else { return nil }
        return values.shared(String(text))
    }

    /// An object of texts, such as labels; what is none is left out.
    private func map(_ value: JSONValue?) -> [String: String] {
        guard let value else { return [:] }
        var map: [String: String] = [:]
        for (key, value) in document.members(of: value).prefix(InventoryFile.maximumMembers) {
            guard let name = text(key), value.isString else { continue }
            map[name] = value.isEmptyString ? "" : text(value)
        }
        return values.shared(map)
    }

    private func annotation(_ name: StaticString) -> String? {
        meta.annotations.flatMap { text(document.member(name, of: $0)) }
    }

    // MARK: Azure

    func resource(_ key: Inventory.Key, _ kind: AzureKind?, _ tables: AzureTables) -> Inventory.Entry {
        let read = kind ?? tables.general
        let facets = InventoryFile.facets(of: read, in: document, of: object)
        var quantities: [Quantity: Double] = [:]
        var unknown: Set<Quantity> = facets == nil ? Set(Quantity.allCases) : []
        if let facets {
            let reader = QuantityReader(facets, of: read, tables, in: document, of: object)
            for quantity in Quantity.allCases {
                let measure = reader.measure(quantity)
                if measure.amount > 0 { quantities[quantity] = measure.amount }
                if measure.unknown != nil { unknown.insert(quantity) }
            }
        }
        return Inventory.Entry(
            key: key,
            kind: kind,
            labels: map(meta.labels),
            azureName: azureName(read),
            location: location(facets),
            tags: map(facets?.places.first { $0.facet == .tags }?.value),
            owner: owner(read, in: key.namespace),
            resourceID: resourceID,
            controller: controller,
            credentialName: annotation("serviceoperator.azure.com/credential-from"),
            privateEndpointTargets: privateEndpointTargets(key),
            quantities: values.shared(quantities),
            unknownQuantities: unknown
        )
    }

    private func azureName(_ kind: AzureKind) -> String? {
        if case .fixed(let name) = kind.azureName { return name }
        guard case .known(let name, _) = AzureName(of: object, kind, in: document) else { return nil }
        return text(name)
    }

    /// The region in `spec` itself if there are several.
    private func location(_ facets: ObjectFacets?) -> String? {
        guard let places = facets?.places.filter({ $0.facet == .location && $0.part == .region }),
            let first = places.first
        else { return nil }
        let spec = document.member("spec", of: object)
        let own = places.first { place in spec.map { place.container.isSamePlace(as: $0) } ?? false }
        return text((own ?? first).value).map { values.shared(Region.normalise($0)) }
    }

    /// The owner that `spec.owner` names; the kind's own if it names none and there is one only.
    private func owner(_ kind: AzureKind, in namespace: String) -> Inventory.Owner? {
        guard let owner = document.member("spec", of: object).flatMap({ document.member("owner", of: $0) }) else {
            return nil
        }
        if let armID = text(document.member("armId", of: owner)) { return .armID(armID) }
        guard let name = text(document.member("name", of: owner)) else { return nil }
        if let group = text(document.member("group", of: owner)), let kind = text(document.member("kind", of: owner)) {
            return .object(Inventory.Key(group: group, kind: kind, namespace: namespace, name: name))
        }
        guard kind.ownerKinds.count == 1, let type = kind.ownerKinds.first?.split(separator: "/"), type.count == 2
        else {
            return nil
        }
        return .object(
            Inventory.Key(
                group: values.shared(String(type[0])),
                kind: values.shared(String(type[1])),
                namespace: namespace,
                name: name
            )
        )
    }

    /// What the connections of a PrivateEndpoint lead to; those that wait for somebody's approval are left out.
    private func privateEndpointTargets(_ key: Inventory.Key) -> [Inventory.Owner] {
        guard key.kind == "PrivateEndpoint", key.group == "network.azure.com",
            let spec = document.member("spec", of: object),
            let connections = document.member("privateLinkServiceConnections", of: spec)
        else { return [] }
        return document.elements(of: connections).prefix(InventoryFile.maximumMembers).compactMap { connection in
            guard let target = document.member("privateLinkServiceReference", of: connection) else { return nil }
            if let armID = text(document.member("armId", of: target)) { return .armID(armID) }
            guard let group = text(document.member("group", of: target)),
                let kind = text(document.member("kind", of: target)),
                let name = text(document.member("name", of: target))
            else { return nil }
            return .object(Inventory.Key(group: group, kind: kind, namespace: key.namespace, name: name))
        }
    }

    /// The ID that the status tells, which controllers alone write; else the one of Azure Service Operator's annotation.
    private var resourceID: ResourceID? {
        let told = document.member("status", of: object).flatMap { text(document.member("id", of: $0)) }
        for text in [told, annotation("serviceoperator.azure.com/resource-id")] {
            if let text, let id = try? ResourceID(parsing: text) { return id }
        }
        return nil
    }

    private var controller: String? {
        guard let references = meta.ownerReferences else { return nil }
        var found: JSONValue?
        for reference in document.elements(of: references).prefix(InventoryFile.maximumMembers) {
            let controls = document.member("controller", of: reference)?.bool == true
            if controls || found == nil { found = reference }
            if controls { break }
        }
        guard let found, let kind = text(document.member("kind", of: found)),
            let name = text(document.member("name", of: found))
        else { return nil }
        return values.shared("\(kind)/\(name)")
    }

    // MARK: Core

    func coreObject(_ key: Inventory.Key) -> Inventory.Entry {
        let isSecret = key.kind == "Secret"
        let data = key.kind == "Namespace" ? [] : ["data", isSecret ? "stringData" : "binaryData"]
        return Inventory.Entry(
            key: key,
            labels: map(meta.labels),
            dataKeys: values.shared(keys(of: data)),
            credential: isSecret ? credential : nil,
            controller: controller
        )
    }

    private func keys(of members: [String]) -> [String] {
        var keys: Set<String> = []
        for name in members {
            guard let member = document.member(name, of: object) else { continue }
            for (key, _) in document.members(of: member).prefix(InventoryFile.maximumMembers) {
                if let key = text(key) { keys.insert(key) }
            }
        }
        return keys.sorted()
    }

    private var credential: Inventory.Credential? {
        let names: [StaticString] = ["AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"]
        let given = names.map { identifier($0) }
        guard given.contains(where: \.isThere) else { return nil }
        let (client, subscription, tenant) = (given[0].id, given[1].id, given[2].id)
        func repeats(_ value: CredentialSecret.Value, _ id: String?) -> Bool {
            guard let id, let bytes = value.bytes else { return false }
            return bytes.span.isGUID && String(bytes.span).lowercased() == id
        }
        let saysMore = CredentialSecret.values(of: object, in: document).contains { value in
            switch value.key {
            case .clientID, .subscriptionID, .tenantID: false
            case .clientSecret, .clientCertificate, .clientCertificatePassword: false
            case .entraApplicationID: !repeats(value, client)
            case .additionalTenants: !repeats(value, tenant)
            case .userAssignedIdentityCredentials, .authorityHost, .resourceManagerEndpoint, .resourceManagerAudience:
                true
            }
        }
        return Inventory.Credential(
            clientID: client,
            subscriptionID: subscription,
            tenantID: tenant,
            saysMore: saysMore
        )
    }

    /// An ID of a Secret: a GUID and nothing else, so that no secret is kept that somebody put into the wrong key.
    private func identifier(_ name: StaticString) -> (isThere: Bool, id: String?) {
        // The API server writes stringData over data.
        if let value = document.member("stringData", of: object).flatMap({ document.member(name, of: $0) }) {
            let text = document.utf8(value)
            return (true, text.isGUID ? values.shared(String(text).lowercased()) : nil)
        }
        guard let value = document.member("data", of: object).flatMap({ document.member(name, of: $0) }) else {
            return (false, nil)
        }
        let decoded = document.utf8(value).decodingBase64(maximumBytes: 64)
        guard let decoded, decoded.span.isGUID else { return (true, nil) }
        return (true, values.shared(String(decoded.span).lowercased()))
    }
}

extension Span where Element == UInt8 {
    /// Whether it is `8-4-4-4-12` hexadecimal digits.
    fileprivate var isGUID: Bool {
        guard count == 36 else { return false }
        for index in indices {
            let byte = self[index]
            let isDash = index == 8 || index == 13 || index == 18 || index == 23
            guard isDash ? byte == UInt8(ascii: "-") : byte.isHexadecimalASCII else { return false }
        }
        return true
    }

    /// The bytes that base64 (RFC 4648 §4) stands for; nil if it is none, or more than so many.
    fileprivate func decodingBase64(maximumBytes: Int) -> [UInt8]? {
        guard count % 4 == 0, count / 4 * 3 <= maximumBytes + 2 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var digits = 0
        for index in indices {
            let byte = self[index]
            if byte == UInt8(ascii: "=") {
                // Padding: at most two at the end.
                guard index >= count - 2, self[count - 1] == byte else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(digit)
            digits += 1
            // Behind the second digit of four stand four bits too many, behind the third two.
            if digits % 4 != 1 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32((4 - digits % 4) % 4 * 2))) }
        }
        return bytes.count <= maximumBytes ? bytes : nil
    }
}

extension UInt8 {
    fileprivate var isHexadecimalASCII: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
