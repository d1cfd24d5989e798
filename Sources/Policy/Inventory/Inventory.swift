public import Azure

/// What is known of the objects beside the one under review: a snapshot that is never changed, only replaced.
///
/// The seam between rules and where facts come from: a folder of manifests (`InventoryBuilder`), later a cluster's caches.
/// What it does not hold is not known; that it does not exist can never be concluded.
public final class Inventory: Sendable {
    /// What is kept of an object: never a Secret's values, and no more of its `spec` than rules ask for.
    public struct Entry: Sendable {
        /// How Kubernetes names it.
        public let key: Key
        /// The kind, if the tables know it.
        public let kind: AzureKind?
        /// Its labels.
        public let labels: [String: String]
        /// The name in Azure: `spec.azureName`, else `metadata.name`; nil if a ConfigMap will tell it, or the kind has none.
        public let azureName: String?
        /// Its region, normalised; nil if it has none or a ConfigMap will tell it.
        public let location: String?
        /// Its tags.
        public let tags: [String: String]
        /// What it belongs to.
        public let owner: Owner?
        /// Its ID in Azure, if its status, an annotation or its owners tell it.
        public internal(set) var resourceID: ResourceID?
        /// The names of the keys of a Secret or ConfigMap.
        public let dataKeys: [String]
        /// What a Secret with a credential says of itself; nil for all others.
        public let credential: Credential?
        /// The `kind/name` of the controller among its owner references, or of the first, for who owns a Secret.
        public let controller: String?
        /// The Secret that its annotation `credential-from` names.
        public let credentialName: String?
        /// What a PrivateEndpoint leads to without anybody's approval; empty for all others.
        public let privateEndpointTargets: [Owner]
        /// What it asks for in all, in the units of `Quantity`; what it does not say is not there.
        public let quantities: [Quantity: Double]
        /// What it asks for without telling how much: a ConfigMap will, or the SKU's name means nothing to the tables.
        public let unknownQuantities: Set<Quantity>

        /// An object of which nothing is known but what is given.
        public init(
            key: Key,
            kind: AzureKind? = nil,
            labels: [String: String] = [:],
            azureName: String? = nil,
            location: String? = nil,
            tags: [String: String] = [:],
            owner: Owner? = nil,
            resourceID: ResourceID? = nil,
            dataKeys: [String] = [],
            credential: Credential? = nil,
            controller: String? = nil,
            credentialName: String? = nil,
            privateEndpointTargets: [Owner] = [],
            quantities: [Quantity: Double] = [:],
            unknownQuantities: Set<Quantity> = []
        ) {
            self.key = key
            self.kind = kind
            self.labels = labels
            self.azureName = azureName
            self.location = location
            self.tags = tags
            self.owner = owner
            self.resourceID = resourceID
            self.dataKeys = dataKeys
            self.credential = credential
            self.controller = controller
            self.credentialName = credentialName
            self.privateEndpointTargets = privateEndpointTargets
            self.quantities = quantities
            self.unknownQuantities = unknownQuantities
        }
    }

    /// How Kubernetes names an object.
    public struct Key: Hashable, Sendable {
        /// The API group; empty for the core group.
        public let group: String
        /// The kind.
        public let kind: String
        /// The namespace; empty for objects outside namespaces.
        public let namespace: String
        /// The name.
        public let name: String

        /// Names an object.
        public init(group: String, kind: String, namespace: String, name: String) {
            self.group = group
            self.kind = kind
            self.namespace = namespace
            self.name = name
        }
    }

    /// What a resource belongs to.
    public enum Owner: Hashable, Sendable {
        /// An object of the same namespace.
        case object(Key)
        /// A resource by its ID, as it is written.
        case armID(String)
    }

    /// Whom a Secret of Azure Service Operator makes one act as; its secret part is never kept.
    public struct Credential: Hashable, Sendable {
        /// `AZURE_CLIENT_ID`.
        public let clientID: String?
        /// `AZURE_SUBSCRIPTION_ID`.
        public let subscriptionID: String?
        /// `AZURE_TENANT_ID`.
        public let tenantID: String?
        /// Whether it says more: where tokens go, other tenants, another application or identity.
        public let saysMore: Bool

        /// What a Secret says; nil for a key that it does not have, or whose value is no GUID.
        public init(
            clientID: String? = nil,
            subscriptionID: String? = nil,
            tenantID: String? = nil,
            saysMore: Bool = false
        ) {
            self.clientID = clientID
            self.subscriptionID = subscriptionID
            self.tenantID = tenantID
            self.saysMore = saysMore
        }
    }

    /// All objects, each once.
    public let entries: [Entry]

    /// The most objects that an inventory holds.
    ///
    /// Ten times what the largest clusters with Azure Service Operator are known to have; 100 MB.
    public static let maximumEntries = 100_000

    /// How many objects of each class there are.
    public let counts: [ObjectClass: Int]

    private let places: [Key: Int]
    private let byNamespace: [String: Namespace]
    private let byAzureName: [AzureName: [Int]]
    /// What some PrivateEndpoint leads to.
    private let reachedObjects: Set<Key>
    /// The same by ID, with the namespaces of the endpoints.
    private let reachedIDs: [ResourceID: Set<String>]

    /// What kinds of objects are told apart where objects are counted.
    public enum ObjectClass: String, CaseIterable, Sendable {
        /// A kind of Azure that the tables know.
        case azure
        /// A kind of Azure that the tables do not know.
        case unknownAzure = "unknown_azure"
        /// A Namespace.
        case namespace
        /// A Secret.
        case secret
        /// A ConfigMap.
        case configMap = "config_map"
    }

    /// What there is in a namespace.
    fileprivate struct Namespace {
        var places: [Int] = []
        var kinds: [KindUsage] = []
        /// The place in `kinds` by `group/Kind`.
        var kindPlaces: [KindName: Int] = [:]
    }

    fileprivate struct KindName: Hashable {
        let group: String
        let kind: String
    }

    private struct AzureName: Hashable {
        let armType: String
        let name: String

        init(_ armType: String, _ name: String) {
            self.armType = armType.lowercased()
            self.name = name.lowercased()
        }
    }

    /// A snapshot; of two entries of one name the later one counts.
    public init(_ all: [Entry]) {
        var places: [Key: Int] = [:]
        places.reserveCapacity(all.count)
        for (place, entry) in all.enumerated() { places[entry.key] = place }
        if places.count < all.count {
            let kept = places
            entries = all.enumerated().filter { kept[$0.element.key] == $0.offset }.map(\.element)
            for (place, entry) in entries.enumerated() { places[entry.key] = place }
        } else {
            entries = all
        }
        var byNamespace: [String: Namespace] = [:]
        var byAzureName: [AzureName: [Int]] = [:]
        var counts: [ObjectClass: Int] = [:]
        var reachedObjects: Set<Key> = []
        var reachedIDs: [ResourceID: Set<String>] = [:]
        for (place, entry) in entries.enumerated() {
            let objectClass = entry.objectClass
            counts[objectClass, default: 0] += 1
            byNamespace[entry.key.namespace, default: Namespace()].add(entry, at: place, objectClass)
            if let type = entry.kind?.armType, let name = entry.azureName {
                byAzureName[AzureName(type, name), default: []].append(place)
            }
            for target in entry.privateEndpointTargets {
                switch target {
                case .object(let key): reachedObjects.insert(key)
                case .armID(let text):
                    guard let id = try? ResourceID(parsing: text) else { continue }
                    reachedIDs[id, default: []].insert(entry.key.namespace)
                }
            }
        }
        self.places = places
        self.byNamespace = byNamespace
        self.byAzureName = byAzureName
        self.counts = counts
        self.reachedObjects = reachedObjects
        self.reachedIDs = reachedIDs
    }

    /// Whether a PrivateEndpoint is known that leads to an object, by its name or by its ID in Azure.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - namespace: Where the endpoint must be; nil if it may be anywhere.
    /// - Returns: Whether there is one; that there is none is never known.
    public func hasPrivateEndpoint(to key: Key, in namespace: String? = nil) -> Bool {
        // By name an endpoint leads to objects of its own namespace alone.
        if reachedObjects.contains(key) { return namespace.map { $0 == key.namespace } ?? true }
        guard !reachedIDs.isEmpty, let id = self[key]?.resourceID, let namespaces = reachedIDs[id] else { return false }
        return namespace.map { namespaces.contains($0) } ?? true
    }

    /// The object of a name; nil if it is not known.
    public subscript(_ key: Key) -> Entry? {
        places[key].map { entries[$0] }
    }

    /// The objects of a namespace.
    public func entries(in namespace: String) -> [Entry] {
        (byNamespace[namespace]?.places ?? []).map { entries[$0] }
    }

    /// The objects that stand for an Azure resource of a type and name, in whatever namespace, without regard to case.
    public func entries(armType: String, azureName: String) -> [Entry] {
        (byAzureName[AzureName(armType, azureName)] ?? []).map { entries[$0] }
    }

    /// The namespaces in which there are objects, in no order.
    var namespaces: some Sequence<String> { byNamespace.keys }

    /// What the Azure resources of a namespace use, added up for each kind when the inventory was made.
    func usage(in namespace: String) -> [KindUsage] {
        byNamespace[namespace]?.kinds ?? []
    }

    /// The first object of a namespace that fits.
    func first(in namespace: String, where fits: (Entry) -> Bool) -> Entry? {
        byNamespace[namespace]?.places.first { fits(entries[$0]) }.map { entries[$0] }
    }
}

extension Inventory.Entry {
    var objectClass: Inventory.ObjectClass {
        if kind != nil { return .azure }
        guard key.group.isEmpty else { return .unknownAzure }
        switch key.kind {
        case "Namespace": return .namespace
        case "Secret": return .secret
        default: return .configMap
        }
    }
}

extension Inventory.Namespace {
    fileprivate mutating func add(_ entry: Inventory.Entry, at place: Int, _ objectClass: Inventory.ObjectClass) {
        places.append(place)
        guard objectClass == .azure || objectClass == .unknownAzure else { return }
        let name = Inventory.KindName(group: entry.key.group, kind: entry.key.kind)
        let index = kindPlaces[name] ?? kinds.count
        if index == kinds.count {
            kindPlaces[name] = index
            kinds.append(KindUsage(kind: entry.kind, name: "\(name.group)/\(name.kind)"))
        }
        kinds[index].usage.add(entry)
    }
}

/// A number that a resource asks for, wherever its kind keeps it: what ceilings and quotas count.
public enum Quantity: String, CaseIterable, Hashable, Sendable {
    /// Units of the SKU.
    case capacity
    /// Request units or throughput units.
    case throughput
    /// Processor cores.
    case vCores
    /// Gigabytes of memory.
    case memoryGB
    /// Gigabytes of disks, databases and shares.
    case storageGB
    /// Machines, instances, replicas.
    case nodeCount

    /// The place among all.
    var index: Int {
        switch self {
        case .capacity: 0
        case .throughput: 1
        case .vCores: 2
        case .memoryGB: 3
        case .storageGB: 4
        case .nodeCount: 5
        }
    }
}
