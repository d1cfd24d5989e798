/// A kind of Azure resource as Azure Service Operator knows it.
public final class AzureKind: Sendable, CustomStringConvertible {
    /// What a kind's resources lie in.
    public enum Scope: String, CaseIterable, Sendable {
        /// A resource group.
        case resourceGroup = "resource-group"
        /// Another resource of this table.
        case child
        /// Any resource.
        case `extension`
        /// A subscription.
        case subscription
        /// A tenant.
        case tenant
        /// Nothing of Azure Resource Manager.
        case nonARM = "non-arm"
    }

    /// How a resource gets its name in Azure.
    public enum AzureName: Hashable, Sendable {
        /// From `spec.azureName`, else from `metadata.name`.
        case spec
        /// Always this one.
        case fixed(String)
        /// It has none.
        case none
    }

    /// How a version of a review is known to the tables.
    public enum VersionMatch: Sendable {
        /// The tables list it.
        case listed
        /// It is the storage twin (`<version>storage`) of one that the tables list.
        case storage
        /// The tables do not list it: the newest version's paths are read.
        case unlisted
    }

    /// The API group, such as `sql.azure.com`.
    public let group: String

    /// The kind, such as `ServersDatabase`.
    public let kind: String

    /// `group/Kind`.
    public let description: String

    /// The resource's name in URLs, such as `serversdatabases`; empty for a kind that the tables do not know.
    public let plural: String

    /// The versions without their storage twins, as the CustomResourceDefinition orders them.
    public let versions: [String]

    /// The version whose paths the tables hold.
    public let newestVersion: String

    /// The type in Azure Resource Manager, such as `Microsoft.Sql/servers/databases`; nil if it has none.
    public let armType: String?

    /// The API version of that type which belongs to the newest version.
    public let armAPIVersion: String?

    /// What its resources lie in.
    public let scope: Scope

    /// The kinds that may own it, as `group/Kind`; `*` is any.
    public let ownerKinds: [String]

    /// How its resources are named in Azure.
    public let azureName: AzureName

    /// The place among `AzureTables.kinds`; -1 for a kind that the tables do not know.
    public let index: Int

    /// Whether the tables do not know the kind, and the rules that hold for any kind are read.
    public var isGeneral: Bool { index < 0 }

    /// The facets of which the tables name a path.
    public let facets: FacetSet

    let program: FacetProgram
    let root: Int32

    private let versionTable: VersionTable

    init(_ row: KindRow, index: Int, program: FacetProgram, root: Int32) {
        group = row.group
        kind = row.kind
        description = "\(row.group)/\(row.kind)"
        plural = row.plural
        versions = row.versions
        newestVersion = row.newestVersion
        armType = row.armType
        armAPIVersion = row.armAPIVersion
        scope = row.scope
        ownerKinds = row.ownerKinds
        azureName = row.azureName
        self.index = index
        facets = FacetSet(rawValue: program.nodes[Int(root)].facets | program.nodes[Int(program.commonRoot)].facets)
        self.program = program
        self.root = root
        versionTable = VersionTable(row.versions)
    }

    /// How the tables know a version, given in UTF-8.
    public func match(version: Span<UInt8>) -> VersionMatch {
        versionTable.match(version)
    }
}

/// The versions of a kind as bytes: every request asks for its own.
private struct VersionTable {
    /// One after the other.
    private var text: [UInt8] = []
    private var ends: [Int] = []

    init(_ versions: [String]) {
        for version in versions {
            text += version.utf8
            ends.append(text.count)
        }
    }

    func match(_ version: Span<UInt8>) -> AzureKind.VersionMatch {
        let text = text.span
        let ends = ends.span
        var start = 0
        for index in ends.indices {
            let known = text.extracting(start..<ends[index])
            start = ends[index]
            if version.equals(known) { return .listed }
            if version.count == known.count + 7, version.starts(with: known), version.ends(with: "storage") {
                return .storage
            }
        }
        return .unlisted
    }
}

/// A row of `kinds.tsv`.
struct KindRow {
    var group: String
    var kind: String
    var plural = ""
    var versions: [String] = []
    var newestVersion = ""
    var armType: String?
    var armAPIVersion: String?
    var scope = AzureKind.Scope.resourceGroup
    var ownerKinds: [String] = []
    var azureName = AzureKind.AzureName.spec
}
