/// A fact about a resource that policies speak of, wherever its kind keeps it.
public enum Facet: String, BitwiseCopyable, CaseIterable, Hashable, Sendable {
    /// Where the resource is placed, and where it replicates itself to.
    case location
    /// What of the provider's price list is asked for: name, tier, family, size and capacity.
    case sku
    /// How much of it: units, throughput, IOPS, cores, memory.
    case capacity
    /// Sizes of disks, databases and shares.
    case storage
    /// How many machines, instances, replicas or shards.
    case nodeCount
    /// The map of Azure tags.
    case tags
    /// The managed identities that the resource runs as.
    case identity
    /// The Secret that names the credential which Azure Service Operator uses for the resource.
    case credential
    /// The resource that this one belongs to.
    case owner
    /// Resources that this one refers to by resource ID, anywhere in its `spec`.
    case reference
    /// Whether the resource can be reached from the Internet, and by whom.
    case exposure
    /// Which encryption in transit it insists on.
    case tls
    /// Availability zones and edge zones.
    case zone
    /// How data and disks are encrypted where they rest, and with whose key.
    case encryption
    /// How long backups and deleted things are kept, and where.
    case backup
    /// Whether the resource is made from another one, a backup or a point in time.
    case restore

    var bit: UInt16 { 1 << UInt16(ordinal) }

    private var ordinal: UInt8 {
        switch self {
        case .location: 0
        case .sku: 1
        case .capacity: 2
        case .storage: 3
        case .nodeCount: 4
        case .tags: 5
        case .identity: 6
        case .credential: 7
        case .owner: 8
        case .reference: 9
        case .exposure: 10
        case .tls: 11
        case .zone: 12
        case .restore: 13
        case .encryption: 14
        case .backup: 15
        }
    }

    /// What of a facet a path holds.
    public enum Part: String, BitwiseCopyable, CaseIterable, Hashable, Sendable {
        /// `location`: a region's name, in any of its spellings.
        case region
        /// `sku`: its name or a machine size. `owner`, `credential`, `reference`: a Kubernetes name.
        case name
        /// `sku`.
        case tier
        /// `sku`.
        case family
        /// `sku`. `storage`: in the unit of `Occurrence.sense`.
        case size
        /// `sku`, `capacity`: units of the SKU.
        case capacity
        /// `capacity`: request units a second (Cosmos DB) or throughput units (Event Hubs).
        case throughput
        /// `capacity`: operations a second of a disk.
        case iops
        /// `capacity`: megabytes a second of a disk.
        case mbps
        /// `capacity`: processor cores that are asked for directly (a SKU's are told by `SKU.vCores`).
        case vCores
        /// `capacity`: gigabytes of memory.
        case memoryGB
        /// `capacity`: graphics processors.
        case gpus
        /// `nodeCount`: how many there are.
        case count
        /// `nodeCount`: how few a scaler leaves.
        case minimum
        /// `nodeCount`: how many a scaler makes.
        case maximum
        /// `nodeCount`: copies of one node's work.
        case replicas
        /// `nodeCount`: nodes that share the work.
        case shards
        /// `nodeCount`: parts of one node's work.
        case partitions
        /// `tags`: the object of names and values.
        case map
        /// `identity`: `SystemAssigned`, `UserAssigned`, …
        case type
        /// `identity`: an object with `armId`, or with `group`, `kind` and `name`.
        case userAssigned
        /// `identity`: the client ID of an identity or application.
        case clientID
        /// `identity`, `reference`: a resource ID in a plain string, alone or after `…=`.
        case resourceID
        /// `owner`, `reference`: the string under `armId`.
        case armID
        /// `owner`.
        case group
        /// `owner`.
        case kind
        /// `reference`: a storage version's property bag that holds a resource ID; its value is JSON in a string.
        case propertyBag
        /// `exposure`: the switch of that name, in its variants.
        case publicNetworkAccess
        /// `exposure`: what happens to whom no network rule names.
        case defaultAction
        /// `exposure`: anonymous or open access to what the resource serves.
        case publicAccess
        /// `exposure`: an ingress that can be reached from outside.
        case external
        /// `exposure`: an API server without public address.
        case privateCluster
        /// `exposure`: machines with public addresses.
        case nodePublicIP
        /// `exposure`: the switch without which network rules do nothing.
        case networkFilter
        /// `exposure`: the first address of a firewall rule.
        case startIP
        /// `exposure`: the last address of a firewall rule.
        case endIP
        /// `exposure`: an address or range that is let in.
        case allowedIP
        /// `exposure`: the source of a network security rule.
        case sourceAddress
        /// `exposure`: keys and passwords beside Entra ID.
        case localAuthentication
        /// `exposure`: which of Azure's services pass the network rules.
        case bypass
        /// `exposure`: a public address that belongs to the resource.
        case publicIP
        /// `exposure`: whether a machine passes on packets that are not for it.
        case ipForwarding
        /// `exposure`: a subnet of one's own in which the resource lives.
        case privateNetwork
        /// `exposure`: the list of addresses without which every network is let in.
        case firewall
        /// `exposure`: a web application firewall.
        case webApplicationFirewall
        /// `exposure`: whether Azure's roles say who may read the data.
        case rbacAuthorization
        /// `exposure`: from where a disk may be exported.
        case networkAccessPolicy
        /// `tls`: the oldest protocol version that is accepted.
        case minimumVersion
        /// `tls`: whether unencrypted requests are refused.
        case encryptedOnly
        /// `tls`: the switch of a version older than 1.2.
        case oldVersion
        /// `zone`: a zone's number.
        case zone
        /// `zone`: the list of zones as a whole.
        case zones
        /// `zone`: whether the resource is spread over zones.
        case redundant
        /// `zone`: an edge zone or custom location.
        case edgeZone
        /// `restore`: how the resource is made.
        case mode
        /// `restore`: from what.
        case source
        /// `restore`: of which moment.
        case time
        /// `encryption`: whether the key is one's own.
        case customerManagedKey
        /// `encryption`: whether the provider encrypts a second time.
        case infrastructure
        /// `encryption`: whether the host of a machine encrypts its temporary disks and caches.
        case atHost
        /// `encryption`: whether disks are encrypted from inside.
        case disk
        /// `backup`: for how long backups are kept.
        case retentionDays
        /// `backup`: whether there is a copy in another region.
        case geoRedundant
        /// `backup`: whether what is deleted can be had back.
        case softDelete
        /// `backup`: for how long.
        case softDeleteDays
        /// `backup`: whether nobody can do away with it before.
        case purgeProtection
        /// `backup`: whether what is overwritten can be had back.
        case versioning
        /// `backup`: whether what is kept cannot be changed.
        case immutability
    }

    /// How the value at a path is to be read.
    public enum Sense: String, BitwiseCopyable, CaseIterable, Hashable, Sendable {
        /// As it is.
        case text
        /// A region's name in one of its spellings.
        case region
        /// A region's name, or `None`, which counts as absent.
        case regionOrNone = "region?"
        /// The size of a virtual machine: `Standard_D4s_v3`.
        case machine
        /// An SKU of the vCore model: `GP_Gen5_4`, or `GP_Gen5` with the number in the SKU's capacity.
        case vCoreModel = "vCore"
        /// A number without unit.
        case number
        /// A number of gigabytes (GiB, as Azure counts).
        case gigabytes = "GB"
        /// A number of megabytes.
        case megabytes = "MB"
        /// A number of bytes.
        case bytes
        /// A Kubernetes quantity: `1.5Gi`.
        case quantity
        /// A switch: `Enabled`, `Allow` leave something open.
        case open
        /// A switch: `Enabled`, `Allow` close something.
        case closed
        /// The same in small letters: `enabled`.
        case openInSmallLetters = "open/small"
        /// A switch in small letters: `enabled` closes something.
        case closedInSmallLetters = "closed/small"
        /// A switch that is a boolean: `true` leaves something open.
        case trueOpens
        /// A switch that is a boolean: `true` closes something.
        case trueCloses
        /// A version of TLS in one of the providers' spellings.
        case tls
        /// Its existence opens something.
        case opens
        /// Its existence closes something, if it is not empty.
        case closes
        /// A list of ways to authenticate, which closes something if `SharedKey` is not among them.
        case modes
        /// A list which closes something if it has two or more different elements.
        case several
        /// A word that names a key of one's own: `AzureKeyVault`, `EncryptionAtRestWithCustomerKey`.
        case customerKey
        /// A word that names two keys: `EncryptionAtRestWithPlatformAndCustomerKeys`.
        case doubleKey
        /// The word `Internal`.
        case `internal`
        /// A word such as `ZoneRedundant`.
        case zoneRedundant
        /// A SKU such as `Standard_ZRS`, `Standard_GZRS`.
        case zoneRedundantStorage = "ZRS"
        /// A word such as `Geo`, `GeoZone`, `GeoRedundant`.
        case geoRedundant
        /// A SKU such as `Standard_GRS`, `Standard_RAGZRS`.
        case geoRedundantStorage = "GRS"
        /// A number of days, or a word that has one: `Continuous7Days`.
        case days
        /// A number of hours.
        case hours
        /// A span of time as ISO 8601 writes it: `P30D`.
        case duration
        /// Only absence says something; what stands there is told by its members.
        case holder
    }
}

/// A set of facets, for reading several in one go.
public struct FacetSet: OptionSet, BitwiseCopyable, Hashable, Sendable {
    /// One bit a facet.
    public let rawValue: UInt16

    /// The set with these bits.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The set of one facet.
    public init(_ facet: Facet) {
        rawValue = facet.bit
    }

    /// Whether the facet is in the set.
    public func contains(_ facet: Facet) -> Bool {
        rawValue & facet.bit != 0
    }

    /// All facets.
    public static let all = FacetSet(rawValue: Facet.allCases.reduce(0) { $0 | $1.bit })
}

/// A set of parts, whatever facets they are part of: what a reading may leave out.
///
/// Parts beyond the 64th share bits with the first, which are of other facets: a reading may find more than was asked for.
public struct PartSet: OptionSet, BitwiseCopyable, Hashable, Sendable {
    /// One bit a part, in the order of `Facet.Part.allCases`.
    public let rawValue: UInt64

    /// The set with these bits.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The set of one part.
    public init(_ part: Facet.Part) {
        // Searched, not computed: sets are made of tables and policies, not for requests.
        let place = Facet.Part.allCases.firstIndex(of: part) ?? 0
        rawValue = 1 << UInt64(place & 63)
    }

    /// All parts.
    public static let all = PartSet(rawValue: .max)
}
