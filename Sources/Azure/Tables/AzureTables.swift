import CAzureData

/// What is known about the kinds of Azure resources: read once, never changed.
public final class AzureTables: Sendable {
    /// The tables that the executable carries.
    public static let embedded: AzureTables = {
        do {
            return try AzureTables(directory: embeddedFiles)
        } catch {
            // The build embedded them, and a test reads them: only the programmer can break them.
            preconditionFailure("embedded table: \(error)")
        }
    }()

    /// The names of the files of a directory of tables.
    public static let fileNames = [
        "kinds.tsv", "facets.tsv", "deltas.tsv", "regions.tsv", "sizes.tsv", "defaults.tsv", "replicas.tsv",
        "roles.tsv", "names.tsv", "skus.tsv",
    ]

    /// The kinds in the order of their table; `AzureKind.index` is the place here.
    public let kinds: [AzureKind]

    /// `group/Kind` of each of them.
    public let kindNames: [String]

    /// The rules for kinds that the tables do not know.
    public let general: AzureKind

    let regionTable: RegionTable
    let sizes: SizeTable
    let defaults: DefaultTable
    let replicas: ReplicaTable
    let roles: RoleTable
    let nameLimits: [String: NameLimits]
    let skuNames: SKUNameTable

    private let index: KindIndex

    /// Reads tables from the contents of files, by file name; a file that is not among them is the embedded one.
    ///
    /// - Throws: The first fault, with file, line and column.
    public init(directory given: [String: [UInt8]]) throws(TableError) {
        for name in given.keys.sorted() where !Self.fileNames.contains(name) {
            let known = Self.fileNames.joined(separator: ", ")
            throw TableError(file: name, line: 0, column: 0, message: "is not a table; tables are \(known)")
        }
        // Given tables of kinds or facets need not know what embedded tables speak of.
        func isOurs(_ name: String) -> Bool { !given.isEmpty && given[name] == nil }
        let files = Self.embeddedFiles.merging(given) { _, given in given }
        var builder = TableBuilder()
        try builder.readKinds(files["kinds.tsv"] ?? [])
        try builder.readFacets("facets.tsv", files["facets.tsv"] ?? [], hasVersions: false)
        try builder.readFacets("deltas.tsv", files["deltas.tsv"] ?? [], hasVersions: true)
        (kinds, general) = builder.finish()
        kindNames = kinds.map(\.description)
        index = KindIndex(kinds)
        regionTable = try RegionTable(files["regions.tsv"] ?? [])
        sizes = try SizeTable(files["sizes.tsv"] ?? [])
        defaults = try DefaultTable(
            files["defaults.tsv"] ?? [],
            builder,
            general.program,
            skipsUnknown: isOurs("defaults.tsv")
        )
        replicas = try ReplicaTable(
            files["replicas.tsv"] ?? [],
            builder,
            general.program,
            skipsUnknown: isOurs("replicas.tsv")
        )
        roles = try RoleTable(files["roles.tsv"] ?? [])
        nameLimits = try NameLimits.read(files["names.tsv"] ?? [])
        skuNames = try SKUNameTable(
            files["skus.tsv"] ?? [],
            builder,
            general.program,
            skipsUnknown: isOurs("skus.tsv")
        )
    }

    /// The kind of a group and name in UTF-8; nil if the tables do not know it.
    public func kind(group: Span<UInt8>, kind: Span<UInt8>) -> AzureKind? {
        index.place(group: group, kind: kind).map { kinds[$0] }
    }

    /// The kind of a group and name; nil if the tables do not know it.
    public func kind(group: String, kind: String) -> AzureKind? {
        self.kind(group: group.utf8Span.span, kind: kind.utf8Span.span)
    }

    /// Whether a group is one of Azure Service Operator's: `azure.com` under any name.
    public static func isAzure(group: Span<UInt8>) -> Bool {
        group.ends(with: ".azure.com")
    }
}

extension AzureTables {
    private static var embeddedFiles: [String: [UInt8]] {
        unsafe [
            "kinds.tsv": bytes(portcullis_azure_kinds),
            "facets.tsv": bytes(portcullis_azure_facets),
            "deltas.tsv": bytes(portcullis_azure_deltas),
            "regions.tsv": bytes(portcullis_azure_regions),
            "sizes.tsv": bytes(portcullis_azure_sizes),
            "defaults.tsv": bytes(portcullis_azure_defaults),
            "replicas.tsv": bytes(portcullis_azure_replicas),
            "roles.tsv": bytes(portcullis_azure_roles),
            "names.tsv": bytes(portcullis_azure_names),
            "skus.tsv": bytes(portcullis_azure_skus),
        ]
    }

    private static func bytes(_ table: portcullis_azure_table) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: table.bytes, count: table.length))
    }
}
