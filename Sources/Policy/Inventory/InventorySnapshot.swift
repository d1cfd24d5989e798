internal import Azure
internal import JSON

/// An inventory as one document: the facts that it keeps of objects, and nothing else of them.
///
/// A file with it is read wherever an inventory's manifests are. An object stands in a line of its own, so that a comparison
/// of two snapshots tells which objects differ.
public enum InventorySnapshot {
    /// What documents of this kind are called; their API is that of policies.
    public static let kind = "InventorySnapshot"
    /// The version of what is written; another one is not read.
    static let schemaVersion = 1

    /// What every file of this kind begins with, whatever its version.
    public static let beginning = Array(
        "{\"apiVersion\":\"\(PolicyFile.apiVersion)\",\"kind\":\"\(kind)\",".utf8
    )

    /// Writes an inventory.
    ///
    /// - Parameter inventory: All of it, in the order of its keys.
    /// - Returns: A document in JSON, with line breaks between objects and at the end.
    public static func text(of inventory: Inventory) -> [UInt8] {
        var text = beginning + Array("\"schemaVersion\":\(schemaVersion),\"objects\":[".utf8)
        let entries = inventory.entries.sorted { $0.key.order < $1.key.order }
        for (place, entry) in entries.enumerated() {
            text += Array((place > 0 ? ",\n" : "\n").utf8)
            // Consumed: a second owner would make the writer copy all that is written so far for each object.
            var writer = JSONWriter(appendingTo: consume text)
            writer.write(entry)
            text = writer.finish()
        }
        return text + Array("\n]}\n".utf8)
    }

    /// The fields of an object.
    enum Field: String, CaseIterable {
        case kind, namespace, name, azureName, location, id, owner, ownerID, controller, credential, credentialName
        case labels, tags, dataKeys, privateEndpoints, quantities, unknownQuantities
    }

    fileprivate enum CredentialField: String, CaseIterable {
        case clientID, subscriptionID, tenantID, saysMore
    }
}

extension Inventory.Key {
    fileprivate var order: (String, String, String, String) { (group, kind, namespace, name) }
    /// `group/Kind`; a core object's group is empty.
    fileprivate var type: String { "\(group)/\(kind)" }
}

// MARK: Writing

extension JSONWriter {
    fileprivate mutating func write(_ entry: Inventory.Entry) {
        typealias Field = InventorySnapshot.Field
        beginObject()
        write(Field.kind, entry.key.type)
        if !entry.key.namespace.isEmpty { write(Field.namespace, entry.key.namespace) }
        write(Field.name, entry.key.name)
        if let name = entry.azureName { write(Field.azureName, name) }
        if let location = entry.location { write(Field.location, location) }
        if let id = entry.resourceID { write(Field.id, id.description) }
        switch entry.owner {
        case .object(let key):
            self.key(Field.owner.rawValue)
            write(key)
        case .armID(let id): write(Field.ownerID, id)
        case nil: break
        }
        if let controller = entry.controller { write(Field.controller, controller) }
        if let credential = entry.credential { write(credential) }
        if let name = entry.credentialName { write(Field.credentialName, name) }
        write(Field.labels, entry.labels)
        write(Field.tags, entry.tags)
        if !entry.dataKeys.isEmpty { write(Field.dataKeys, entry.dataKeys) }
        if !entry.privateEndpointTargets.isEmpty {
            key(Field.privateEndpoints.rawValue)
            beginArray()
            for target in entry.privateEndpointTargets {
                switch target {
                case .object(let key): write(key)
                case .armID(let id): string(id)
                }
            }
            endArray()
        }
        if !entry.quantities.isEmpty {
            key(Field.quantities.rawValue)
            beginObject()
            for quantity in Quantity.allCases {
                guard let amount = entry.quantities[quantity] else { continue }
                key(quantity.rawValue)
                double(amount)
            }
            endObject()
        }
        if !entry.unknownQuantities.isEmpty {
            write(
                Field.unknownQuantities,
                Quantity.allCases.filter { entry.unknownQuantities.contains($0) }.map(\.rawValue)
            )
        }
        endObject()
    }

    private mutating func write(_ field: InventorySnapshot.Field, _ text: String) {
        key(field.rawValue)
        string(text)
    }

    private mutating func write(_ field: InventorySnapshot.Field, _ texts: [String]) {
        key(field.rawValue)
        beginArray()
        for text in texts { string(text) }
        endArray()
    }

    private mutating func write(_ field: InventorySnapshot.Field, _ map: [String: String]) {
        if map.isEmpty { return }
        key(field.rawValue)
        beginObject()
        for (name, value) in map.sorted(by: { $0.key < $1.key }) {
            key(name)
            string(value)
        }
        endObject()
    }

    /// An object of the same namespace.
    private mutating func write(_ key: Inventory.Key) {
        beginObject()
        self.key("kind")
        string(key.type)
        self.key("name")
        string(key.name)
        endObject()
    }

    private mutating func write(_ credential: Inventory.Credential) {
        typealias Field = InventorySnapshot.CredentialField
        key(InventorySnapshot.Field.credential.rawValue)
        beginObject()
        let ids: [(Field, String?)] = [
            (.clientID, credential.clientID), (.subscriptionID, credential.subscriptionID),
            (.tenantID, credential.tenantID),
        ]
        for (field, id) in ids {
            guard let id else { continue }
            key(field.rawValue)
            string(id)
        }
        if credential.saysMore {
            key(Field.saysMore.rawValue)
            bool(true)
        }
        endObject()
    }
}

// MARK: Reading

extension Node {
    /// The objects of a snapshot; what is wrong goes to the node's log.
    func snapshotEntries(sharing values: SharedValues) -> [Inventory.Entry] {
        let fields = Fields(node: self)
        // Before anything else: what another version says is for that version to judge.
        guard let version = fields.required("schemaVersion", "make it anew with portcullis snapshot") else { return [] }
        guard version.document.int(version.value) == Int64(InventorySnapshot.schemaVersion) else {
            version.error(
                "is \(String(version.document.lexeme(version.value)).shortened(to: 40).singleLine), "
                    + "and this version of Portcullis reads \(InventorySnapshot.schemaVersion)",
                mend: "make it anew with portcullis snapshot"
            )
            return []
        }
        guard let fields = self.fields(["apiVersion", "kind", "schemaVersion", "objects"]),
            let objects = fields.required("objects", "make it anew with portcullis snapshot")
        else { return [] }
        guard objects.value.isArray else {
            objects.error("must be a list, not \(objects.typeName)", mend: "make it anew with portcullis snapshot")
            return []
        }
        var result: [Inventory.Entry] = []
        for (place, object) in document.elements(of: objects.value).enumerated() {
            if let entry = objects.at(object, "objects[\(place)]").snapshotEntry(values) { result.append(entry) }
        }
        return result
    }

    private func snapshotEntry(_ values: SharedValues) -> Inventory.Entry? {
        typealias Field = InventorySnapshot.Field
        guard let fields = fields(Field.allCases.map(\.rawValue)),
            let type = fields.required("kind", "write group/Kind")?.snapshotType(),
            let name = fields.required("name", "write its name")?.string()
        else { return nil }
        func text(_ field: Field) -> String? { fields[field.rawValue]?.string().map { values.shared($0) } }
        let namespace = text(.namespace) ?? ""
        let tables = loading.tables
        let kind =
            AzureTables.isAzure(group: type.group.utf8Span.span)
            ? tables.kind(group: type.group, kind: type.kind) : nil
        let key = Inventory.Key(
            group: kind?.group ?? values.shared(type.group),
            kind: kind?.kind ?? values.shared(type.kind),
            namespace: namespace,
            name: name
        )
        var owner = fields[Field.owner.rawValue]?.snapshotKey(in: namespace).map { Inventory.Owner.object($0) }
        if let id = text(.ownerID) { owner = .armID(id) }
        return Inventory.Entry(
            key: key,
            kind: kind,
            labels: fields[Field.labels.rawValue]?.snapshotMap(values) ?? [:],
            azureName: text(.azureName),
            location: text(.location),
            tags: fields[Field.tags.rawValue]?.snapshotMap(values) ?? [:],
            owner: owner,
            resourceID: fields[Field.id.rawValue]?.snapshotID(),
            dataKeys: values.shared(fields[Field.dataKeys.rawValue]?.strings() ?? []),
            credential: fields[Field.credential.rawValue]?.snapshotCredential(values),
            controller: text(.controller),
            credentialName: text(.credentialName),
            privateEndpointTargets: fields[Field.privateEndpoints.rawValue]?.elements().compactMap { target in
                target.value.isString
                    ? target.string().map { .armID($0) } : target.snapshotKey(in: namespace).map { .object($0) }
            } ?? [],
            quantities: values.shared(fields[Field.quantities.rawValue]?.snapshotQuantities() ?? [:]),
            unknownQuantities: Set(
                fields[Field.unknownQuantities.rawValue]?.elements().compactMap { $0.keyword(Quantity.self) } ?? []
            )
        )
    }

    private func snapshotType() -> (group: String, kind: String)? {
        guard let text = string() else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let group = parts.first, let kind = parts.last, !kind.isEmpty else {
            error("is \"\(text.shortened(to: 80).singleLine)\"", mend: "write group/Kind")
            return nil
        }
        return (group, kind)
    }

    private func snapshotKey(in namespace: String) -> Inventory.Key? {
        guard let fields = fields(["kind", "name"]),
            let type = fields.required("kind", "write group/Kind")?.snapshotType(),
            let name = fields.required("name", "write its name")?.string()
        else { return nil }
        return Inventory.Key(group: type.group, kind: type.kind, namespace: namespace, name: name)
    }

    private func snapshotID() -> ResourceID? {
        guard let text = string() else { return nil }
        do throws(ResourceIDError) {
            return try ResourceID(parsing: text)
        } catch {
            self.error(error.description, mend: "write the ID of a resource")
            return nil
        }
    }

    /// Labels or tags: values may be empty.
    private func snapshotMap(_ values: SharedValues) -> [String: String] {
        var map: [String: String] = [:]
        for (name, entry) in entries().prefix(InventoryFile.maximumMembers) {
            guard entry.value.isString else {
                entry.error("must be a string, not \(entry.typeName)", mend: "quote it")
                continue
            }
            map[name] = entry.value.isEmptyString ? "" : entry.string()
        }
        return values.shared(map)
    }

    private func snapshotCredential(_ values: SharedValues) -> Inventory.Credential? {
        typealias Field = InventorySnapshot.CredentialField
        guard let fields = fields(Field.allCases.map(\.rawValue)) else { return nil }
        func id(_ field: Field) -> String? { fields[field.rawValue]?.guid().map { values.shared($0) } }
        return Inventory.Credential(
            clientID: id(.clientID),
            subscriptionID: id(.subscriptionID),
            tenantID: id(.tenantID),
            saysMore: fields[Field.saysMore.rawValue]?.bool() ?? false
        )
    }

    private func snapshotQuantities() -> [Quantity: Double] {
        guard let fields = fields(Quantity.allCases.map(\.rawValue)) else { return [:] }
        var result: [Quantity: Double] = [:]
        for quantity in Quantity.allCases {
            guard let node = fields[quantity.rawValue], let amount = node.number() else { continue }
            guard amount <= QuantityReader.maximumAmount else {
                node.error("is more than any resource has", mend: "make the snapshot anew")
                continue
            }
            result[quantity] = amount
        }
        return result
    }
}
