import Foundation
import TestSupport
import Testing

private enum FactTable {
    static let file = Corpus.facts.appending(path: "aso-policy-facts.csv")
    static let isAvailable = FileManager.default.fileExists(atPath: file.path)
}

/// The facts that the tables are generated from: nothing that policies care about is lost on the way.
@Suite(.enabled(if: FactTable.isAvailable, "no facts: set PORTCULLIS_FACTS to their folder"))
struct FactTableTests {
    /// The facets that a sort of facts may become.
    static let facets: [String: Set<String>] = [
        "location": ["location"], "location-extra": ["location"], "tags": ["tags"], "sku-name": ["sku"],
        "sku-tier": ["sku"], "sku-family": ["sku"], "sku-size": ["sku"], "sku-scalar": ["sku"], "vm-size": ["sku"],
        "sku-capacity": ["sku", "capacity", "nodeCount"], "storage-size": ["storage"],
        "performance": ["capacity", "backup"],
        "count": ["nodeCount", "capacity"], "identity-type": ["identity"], "identity-uai": ["identity"],
        "identity-other": ["identity"], "zones": ["zone"], "extended-location": ["zone"], "create-mode": ["restore"],
        "public-network": ["exposure", "tls", "backup"], "geo-redundancy": ["backup"],
    ]

    /// Sorts of facts, and single paths, of which no row speaks, and why.
    static let excused: [String: String] = [
        "secret-in": "references to Secrets are no facet; bindings judge what operators write",
        "spec.extendedLocation.type": "always EdgeZone or CustomLocation; the name says which",
        "spec.geoReplication": "names the group of linked caches, each of which is judged itself",
        "spec.regionEndpointEnabled": "whether a replica answers; where it is, its location says",
        "spec.properties.featureSettings.crossRegionRestoreSettings": "reads the copy that geo-redundancy makes",
        "spec.replicationRole": "promotes a replica; what it copies is restore.source",
        "spec.properties.autoReplicate": "keyspaces of a cluster's own data centers",
        "spec.enableMultipleWriteLocations": "where it writes; the regions are locations",
        "spec.secondaryType": "how a secondary is kept; where it is, its own location says",
        "spec.allowCrossTenantReplication": "names no region",
        "spec.tier": "a performance tier of a disk: no units that could be compared",
        "spec.storage.tier": "a performance tier of a disk: no units that could be compared",
        "spec.accessTier": "hot or cool: no size", "spec.capacity.totalThroughputLimit": "a limit, not a demand",
        "spec.minCapacity": "a floor: what may be used is the SKU's capacity",
        "spec.autoscaleConfiguration.minCapacity": "a floor: what may be used is maxCapacity",
        "spec.perDatabaseSettings.minCapacity": "a share of the pool's capacity",
        "spec.perDatabaseSettings.maxCapacity": "a share of the pool's capacity",
    ]

    @Test func everyFactHasARowOrAReason() throws {
        var rows: [String: Set<String>] = [:]
        for fields in try AzureDataFiles.rows("facets.tsv") {
            rows["\(fields[0])/\(fields[1]) \(fields[2])", default: []].insert(fields[3])
        }
        let lines = try String(contentsOf: FactTable.file, encoding: .utf8).split(whereSeparator: \.isNewline)
            .dropFirst()
        var needed: Set<String> = []
        for line in lines {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            try #require(fields.count == 7, "\(line)")
            let (subject, path, fact) = ("\(fields[0])/\(fields[1])", fields[3], fields[4])
            if Self.excused[fact] != nil {
                needed.insert(fact)
                continue
            }
            let facets = try #require(Self.facets[fact], "\(fact) is a sort of facts that nobody knows: \(line)")
            // A map, a list or an object may be told as a whole or by its members; `-` is a row that says why it is no fact.
            let shorter = path.hasSuffix("{}") || path.hasSuffix("[]") ? String(path.dropLast(2)) : path
            let found = [path, shorter, path + ".name"].flatMap { rows["\(subject) \($0)"] ?? [] }
            if found.contains(where: { facets.contains($0) || $0 == "-" }) { continue }
            needed.insert(path)
            #expect(Self.excused[path] != nil, "\(fact) \(subject) \(path) has no row: \(found)")
        }
        #expect(lines.count > 1000)
        #expect(needed == Set(Self.excused.keys), "excused without need")
    }
}
