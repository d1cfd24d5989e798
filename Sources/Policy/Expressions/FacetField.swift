internal import Azure
internal import CEL

/// A fact that expressions read as a field of `facets`: `facets.location`, `facets.sku.name`.
struct FacetField: Sendable {
    /// What values a field gives, wherever and however the kind spells them.
    enum Reading: Sendable {
        /// A region's normalised name.
        case region
        /// A string as it is.
        case text
        /// A number: an int where it is whole, else a double.
        case number
        /// A number of gigabytes (GiB), whatever the kind counts in.
        case gigabytes
        /// `1.0` to `1.3`, or `0.0` where none is insisted on or the spelling is not known: texts in the order of versions.
        case tlsVersion
        /// Whether what the field is named after is open; a word that nobody knows counts as open.
        case isOpen
        /// Whether what the field is named after closes something; a word that nobody knows does not.
        case isClosed
        /// `Allow` or `Deny`; a word that nobody knows counts as `Allow`.
        case action
        /// A map.
        case map
        /// Whatever stands there.
        case any
        /// Processor cores, asked for directly or by the name of a SKU.
        case cores
    }

    /// As expressions name it: `sku.name`.
    let name: String
    let facet: Facet
    let part: Facet.Part
    let reading: Reading

    /// What stands behind the dot of the group, or of `facets` where there is no group.
    let member: String
    /// The first part of the name, where it has two.
    let group: String?

    private init(_ name: String, _ facet: Facet, _ part: Facet.Part, _ reading: Reading) {
        self.name = name
        self.facet = facet
        self.part = part
        self.reading = reading
        if let dot = name.firstIndex(of: ".") {
            group = String(name[..<dot])
            member = String(name[name.index(after: dot)...])
        } else {
            group = nil
            member = name
        }
    }

    private init(_ facet: Facet, _ part: Facet.Part, _ reading: Reading) {
        self.init("\(facet.rawValue).\(part.rawValue)", facet, part, reading)
    }

    /// The type of a value, inside its optional.
    var type: CELType {
        switch reading {
        case .region, .text, .tlsVersion, .action: .string
        case .isOpen, .isClosed: .bool
        case .map: .map(.string, .dyn)
        case .number, .gigabytes, .any, .cores: .dyn
        }
    }

    /// Every field; a facet of one part is a field itself, the others are groups.
    static let all: [FacetField] = [
        FacetField("location", .location, .region, .region),
        FacetField("tags", .tags, .map, .map),
        FacetField("credential", .credential, .name, .text),
        FacetField(.sku, .name, .text), FacetField(.sku, .tier, .text), FacetField(.sku, .family, .text),
        FacetField(.sku, .size, .text), FacetField(.sku, .capacity, .number),
        FacetField(.capacity, .capacity, .number), FacetField(.capacity, .throughput, .number),
        FacetField(.capacity, .iops, .number), FacetField(.capacity, .mbps, .number),
        FacetField(.capacity, .vCores, .cores), FacetField(.capacity, .memoryGB, .gigabytes),
        FacetField(.capacity, .gpus, .number),
        FacetField("storage.sizeGB", .storage, .size, .gigabytes),
        FacetField(.nodeCount, .count, .number), FacetField(.nodeCount, .minimum, .number),
        FacetField(.nodeCount, .maximum, .number), FacetField(.nodeCount, .replicas, .number),
        FacetField(.nodeCount, .shards, .number), FacetField(.nodeCount, .partitions, .number),
        FacetField(.identity, .type, .text), FacetField(.identity, .userAssigned, .any),
        FacetField(.identity, .clientID, .text), FacetField(.identity, .resourceID, .text),
        FacetField(.owner, .name, .text), FacetField(.owner, .group, .text), FacetField(.owner, .kind, .text),
        FacetField(.owner, .armID, .text),
        FacetField(.reference, .armID, .text), FacetField(.reference, .resourceID, .text),
        FacetField(.reference, .propertyBag, .any),
        FacetField(.exposure, .publicNetworkAccess, .isOpen), FacetField(.exposure, .defaultAction, .action),
        FacetField(.exposure, .publicAccess, .isOpen), FacetField(.exposure, .external, .isOpen),
        FacetField(.exposure, .privateCluster, .isClosed), FacetField(.exposure, .nodePublicIP, .isOpen),
        FacetField(.exposure, .networkFilter, .isClosed), FacetField(.exposure, .localAuthentication, .isOpen),
        FacetField(.exposure, .publicIP, .isOpen), FacetField(.exposure, .ipForwarding, .isOpen),
        FacetField(.exposure, .privateNetwork, .isClosed), FacetField(.exposure, .firewall, .isClosed),
        FacetField(.exposure, .webApplicationFirewall, .isClosed), FacetField(.exposure, .rbacAuthorization, .isClosed),
        FacetField(.exposure, .networkAccessPolicy, .text),
        FacetField(.exposure, .bypass, .any), FacetField(.exposure, .startIP, .text),
        FacetField(.exposure, .endIP, .text), FacetField(.exposure, .allowedIP, .text),
        FacetField(.exposure, .sourceAddress, .text),
        FacetField(.tls, .minimumVersion, .tlsVersion), FacetField(.tls, .encryptedOnly, .isClosed),
        FacetField(.tls, .oldVersion, .isOpen),
        FacetField(.encryption, .customerManagedKey, .isClosed), FacetField(.encryption, .infrastructure, .isClosed),
        FacetField(.encryption, .atHost, .isClosed), FacetField(.encryption, .disk, .isClosed),
        FacetField(.backup, .retentionDays, .number), FacetField(.backup, .geoRedundant, .isClosed),
        FacetField(.backup, .softDelete, .isClosed), FacetField(.backup, .softDeleteDays, .number),
        FacetField(.backup, .purgeProtection, .isClosed), FacetField(.backup, .versioning, .isClosed),
        FacetField(.backup, .immutability, .isClosed),
        FacetField(.zone, .zone, .text), FacetField(.zone, .zones, .any), FacetField(.zone, .redundant, .isClosed),
        FacetField(.zone, .edgeZone, .text),
        FacetField(.restore, .mode, .any), FacetField(.restore, .source, .any), FacetField(.restore, .time, .any),
    ]

    /// The numbers in `all` of the fields without a group.
    static let alone: [String: Int] = all.indices.reduce(into: [:]) { alone, number in
        if all[number].group == nil { alone[all[number].member] = number }
    }

    /// The numbers in `all` of the fields in groups, by group and member.
    static let members: [String: [String: Int]] = all.indices.reduce(into: [:]) { members, number in
        if let group = all[number].group { members[group, default: [:]][all[number].member] = number }
    }

    /// The names of the groups.
    static let groups: [String] = members.keys.sorted()

    /// The numbers in `all` of the fields that a group or a field's name stands for; empty for any other text.
    static func numbers(of name: String) -> [Int] {
        all.indices.filter { all[$0].name.isSame(as: name) || all[$0].group?.isSame(as: name) == true }
    }

    /// The type of `facets`, and those of its groups.
    static let types: [CELEnvironment.ObjectType] = {
        var own: [String: CELType] = [:]
        var grouped: [String: [String: CELType]] = [:]
        for field in all {
            if let group = field.group {
                own[group] = .object(typeName(group))
                grouped[group, default: [:]][field.member] = .optional(field.type)
            } else {
                own[field.member] = .optional(field.type)
            }
        }
        return [CELEnvironment.ObjectType(typeName(nil), fields: own)]
            + grouped.map { CELEnvironment.ObjectType(typeName($0.key), fields: $0.value) }
    }()

    static func typeName(_ group: String?) -> String {
        group.map { "portcullis.Facets.\($0)" } ?? "portcullis.Facets"
    }
}

extension String {
    /// Whether both have the same bytes, not only the same meaning in Unicode.
    func isSame(as other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}
