internal import Azure
internal import JSON

/// Resources as `az resource show` and `az resource list --query` print them.
struct AzureResourceSource {
    private let document: JSONDocument
    private let translations: BodyTranslations

    init(document: JSONDocument, sources: SourceTables) {
        self.document = document
        translations = BodyTranslations(sources)
    }

    /// Whether a value says that it is a resource of Azure.
    static func isResource(_ value: JSONValue, in document: JSONDocument) -> Bool {
        guard let id = document.member("id", of: value).flatMap({ document.string($0) }),
            document.member("type", of: value)?.isString ?? false
        else { return false }
        return id.lowercased().hasPrefix("/subscriptions/") || id.lowercased().hasPrefix("/providers/")
    }

    func read(into collector: inout Collector) throws(SourceError) {
        let kinds = KindsByType(collector.tables)
        let entries = document.root.isArray ? Array(document.elements(of: document.root)) : [document.root]
        for entry in entries { try read(entry, kinds, into: &collector) }
    }

    private func read(_ entry: JSONValue, _ kinds: KindsByType, into collector: inout Collector) throws(SourceError) {
        let object = try CaselessObject(entry, in: document)
        func text(_ name: String) -> String? { object[name].flatMap { document.string($0) } }
        guard Self.isResource(entry, in: document), let id = text("id"), let type = text("type") else {
            throw SourceError(
                "holds something without id and type",
                mend: "print resources with 'az resource show'",
                at: entry,
                in: document
            )
        }
        guard let kind = kinds[type] else {
            return try collector.passOver(id, "the tables do not know \(type)", isUnseen: true, at: entry)
        }
        guard let properties = object["properties"], properties.isObject else {
            throw SourceError(
                "\(id) has no properties",
                mend: "print it with 'az resource show', which leaves nothing out",
                at: entry,
                in: document
            )
        }
        let translation = translations[kind]
        let spec = translation.spec(of: Draft(entry, in: document))
        let parts = id.split(separator: "/")
        let name = parts.last.map(String.init) ?? id
        if kind.azureName == .spec { spec.set(Draft(.string(name)), at: [.member("azureName")]) }
        if let parent = Self.parent(of: id) {
            spec.set(Draft(.object([("armId", Draft(.string(parent)))])), at: [.member("owner")])
        }
        let origin = Origin(
            source: JSONFragment(document, entry),
            prefix: "",
            mapping: .body(translation.rows)
        )
        try collector.add(id, type: type, kind: kind, .create(Collector.Object(spec: spec, name: name)), origin)
    }

    /// What a resource lies in: the resource, or else the resource group or subscription.
    private static func parent(of id: String) -> String? {
        var parts = id.split(separator: "/")
        guard parts.count > 3 else { return nil }
        parts.removeLast(2)
        // `…/providers/Namespace` is nothing by itself.
        if parts.count >= 2, parts[parts.count - 2].lowercased() == "providers" { parts.removeLast(2) }
        return parts.isEmpty ? nil : "/" + parts.joined(separator: "/")
    }
}

/// Kinds by their type in Azure Resource Manager, whose case does not count.
struct KindsByType {
    private let kinds: [String: AzureKind]

    init(_ tables: AzureTables) {
        var kinds: [String: AzureKind] = [:]
        for kind in tables.kinds {
            guard let type = kind.armType?.lowercased(), kinds[type] == nil else { continue }
            kinds[type] = kind
        }
        self.kinds = kinds
    }

    subscript(type: String) -> AzureKind? { kinds[type.lowercased()] }
}
