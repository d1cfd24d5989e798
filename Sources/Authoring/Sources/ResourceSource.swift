public import Azure
public import JSON
internal import Kubernetes

/// Reads resources out of the files of other tools.
///
/// One document holds one plan, state, template, resource or managed resource; which it is, its content tells.
public struct ResourceSource: Sendable {
    /// The most resources of one source, those included that loops make.
    public static let maximumResources = 50_000

    /// What a Terraform plan may be as text: far above the plans of a thousand resources.
    public static let limits = JSONLimits(maximumDepth: 256, maximumBytes: 64 * 1024 * 1024)

    let tables: AzureTables
    let sources: SourceTables

    /// A reader that translates by tables.
    ///
    /// - Parameters:
    ///   - tables: Tell the kinds of Azure Service Operator.
    ///   - sources: Tell where other tools keep what those have in `spec`.
    public init(tables: AzureTables = .embedded, sources: SourceTables = .embedded) {
        self.tables = tables
        self.sources = sources
    }

    /// What kind of source a document is; nil if none, such as an object of Kubernetes.
    public static func format(of document: JSONDocument) -> SourceFormat? {
        let root = document.root
        func has(_ name: StaticString) -> Bool { document.member(name, of: root) != nil }
        func text(_ name: StaticString) -> String? { document.member(name, of: root).flatMap { document.string($0) } }
        // Before Kubernetes: many a resource has a kind, and some tools write an apiVersion beside it.
        if AzureResourceSource.isResource(root, in: document) { return .azureResource }
        if let version = text("apiVersion"), let kind = text("kind"),
            let type = GroupVersionKind(apiVersion: version, kind: kind)
        {
            return SourceTables.isCrossplane(group: type.group) ? .crossplane : nil
        }
        if has("format_version") || has("terraform_version") {
            return has("resource_changes") || has("planned_values") || has("configuration")
                ? .terraformPlan : .terraformState
        }
        if let schema = text("$schema")?.lowercased(), schema.contains("deploymenttemplate.json") {
            return .armTemplate
        }
        guard root.isArray, let entry = document.element(0, of: root) else { return nil }
        return AzureResourceSource.isResource(entry, in: document) ? .azureResource : nil
    }

    /// Reads a source.
    ///
    /// - Parameters:
    ///   - document: What `format(of:)` knows.
    ///   - deployment: What is known of a template's deployment.
    /// - Returns: Its resources, and what is passed over.
    /// - Throws: Why it cannot be read, with the place.
    public func read(
        _ document: JSONDocument,
        deployment: TemplateDeployment = TemplateDeployment()
    ) throws(SourceError) -> ForeignResources {
        guard let format = Self.format(of: document) else {
            throw SourceError(
                "is no plan, state, template, resource or managed resource",
                mend: "give what 'terraform show -json', 'az bicep build' or 'az resource show' prints",
                at: document.root,
                in: document
            )
        }
        var collector = Collector(format: format, document: document, tables: tables)
        switch format {
        case .terraformPlan, .terraformState:
            var source = TerraformSource(document: document, sources: sources)
            try source.read(into: &collector)
        case .crossplane:
            try CrossplaneSource(document: document, sources: sources).read(into: &collector)
        case .armTemplate:
            let source = TemplateSource(document: document, sources: sources, deployment: deployment, tables: tables)
            try source.read(into: &collector)
        case .azureResource:
            try AzureResourceSource(document: document, sources: sources).read(into: &collector)
        }
        return collector.finish()
    }
}

/// Gathers the resources of one source.
struct Collector {
    let format: SourceFormat
    let document: JSONDocument
    let tables: AzureTables
    private var resources: [ForeignResource] = []
    private var passedOver: [ForeignResources.PassedOver] = []

    init(format: SourceFormat, document: JSONDocument, tables: AzureTables) {
        self.format = format
        self.document = document
        self.tables = tables
    }

    func finish() -> ForeignResources {
        ForeignResources(format: format, resources: resources, passedOver: passedOver)
    }

    /// Notes that something is not judged.
    mutating func passOver(
        _ name: String,
        _ reason: String,
        isUnseen: Bool = false,
        at value: JSONValue
    ) throws(SourceError) {
        try count(value)
        passedOver.append(
            ForeignResources.PassedOver(
                name: name,
                reason: reason,
                isUnseen: isUnseen,
                source: JSONFragment(document, value)
            )
        )
    }

    private func count(_ value: JSONValue) throws(SourceError) {
        guard resources.count + passedOver.count < ResourceSource.maximumResources else { throw tooMany(at: value) }
    }

    /// The error of a source that has more resources than one may have.
    func tooMany(at value: JSONValue) -> SourceError {
        SourceError(
            "holds more than \(ResourceSource.maximumResources) resources",
            mend: "split it",
            at: value,
            in: document
        )
    }

    /// An object of Azure Service Operator.
    struct Object {
        let spec: Draft
        /// `metadata`, but for the name.
        var metadata: [(name: String, value: Draft)] = []
        /// The name in Kubernetes; nil if the name in Azure will do.
        var name: String?
    }

    enum Change {
        case create(Object)
        case update(Object, from: Object)
        case delete(Object)
    }

    /// Adds a resource.
    mutating func add(
        _ name: String,
        type: String,
        kind: AzureKind,
        version: String? = nil,
        _ change: Change,
        _ origin: Origin
    ) throws(SourceError) {
        try count(origin.source.value)
        let (first, second): (Object, Object?) =
            switch change {
            case .create(let object), .delete(let object): (object, nil)
            case .update(let object, let old): (object, old)
            }
        // Both objects of an update have one name.
        let objectName = first.name ?? first.spec.azureName ?? second?.spec.azureName ?? name
        func fragment(_ object: Object) throws(SourceError) -> JSONFragment {
            do throws(JSONError) {
                return try self.fragment(object, objectName, kind, version ?? kind.newestVersion)
            } catch {
                throw SourceError(
                    "\(name) is no object that can be judged: \(error.code)",
                    mend: "make it smaller",
                    at: origin.source.value,
                    in: document
                )
            }
        }
        let made: ManifestRequest.Change =
            switch change {
            case .create(let object): .create(try fragment(object))
            case .update(let object, let old): .update(try fragment(object), from: try fragment(old))
            case .delete(let object): .delete(try fragment(object))
            }
        resources.append(
            ForeignResource(
                name: name,
                type: type,
                kind: kind.description,
                change: made,
                format: format,
                origin: origin
            )
        )
    }

    private func fragment(
        _ object: Object,
        _ name: String,
        _ kind: AzureKind,
        _ version: String
    ) throws(JSONError) -> JSONFragment {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("apiVersion")
        writer.string("\(kind.group)/\(version)")
        writer.key("kind")
        writer.string(kind.kind)
        writer.key("metadata")
        writer.beginObject()
        writer.key("name")
        writer.string(Self.objectName(name))
        for (key, value) in object.metadata {
            writer.key(key)
            value.write(to: &writer)
        }
        writer.endObject()
        writer.key("spec")
        object.spec.write(to: &writer)
        writer.endObject()
        return JSONFragment(try JSONDocument(parsingUnknowns: writer.finish(), limits: ResourceSource.limits))
    }

    /// A name as Kubernetes takes it: small letters, digits, `-` and `.`.
    private static func objectName(_ name: String) -> String {
        var bytes: [UInt8] = []
        for byte in name.lowercased().utf8 {
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isPlain || byte == UInt8(ascii: ".") {
                bytes.append(byte)
            } else if bytes.last != UInt8(ascii: "-"), !bytes.isEmpty {
                bytes.append(UInt8(ascii: "-"))
            }
        }
        while let last = bytes.last, last == UInt8(ascii: "-") || last == UInt8(ascii: ".") { bytes.removeLast() }
        let text = String(decoding: bytes.prefix(253), as: UTF8.self)
        return text.isEmpty ? "unnamed" : text
    }
}

extension Draft {
    fileprivate var azureName: String? { self["azureName"]?.text.flatMap { $0.isEmpty ? nil : $0 } }
}
