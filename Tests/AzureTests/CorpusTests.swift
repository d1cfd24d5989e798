import Azure
import Foundation
import JSON
import TestSupport
import Testing

/// Real resources: what the tables find in them is what a straightforward reading of `aso-policy-facts.csv` finds.
@Suite(.enabled(if: Corpus.isAvailable, "\(Corpus.absence)")) struct CorpusTests {
    @Test func readsRecordedReviewsAsTheFactsSay() throws {
        let facts = try Facts()
        var compared = 0
        for body in try Corpus.reviews() {
            let document = try JSONDocument(parsing: body)
            let request = try #require(document.member("request", of: document.root))
            let tree = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
            for name in ["object", "oldObject"] {
                guard let object = document.member(name, of: request), object.isObject,
                    let plain = (tree?["request"] as? [String: Any])?[name] as? [String: Any]
                else { continue }
                compared += try compare(document, object, plain, facts)
            }
        }
        #expect(compared > 1000)
    }

    @Test func readsSamplesAsTheFactsSay() throws {
        let facts = try Facts()
        var compared = 0
        for file in Corpus.files(under: "aso-samples", suffix: ".yaml") {
            for document in try JSONDocument.parseYAML(try Corpus.contents(of: file), limits: .default)
            where document.root.isObject {
                let plain = try JSONSerialization.jsonObject(with: Data(text(document.lexeme(document.root)).utf8))
                compared += try compare(document, document.root, plain as? [String: Any] ?? [:], facts)
            }
        }
        #expect(compared > 800)
    }

    /// - Returns: How many objects were compared: 1, or 0 for what is no resource of Azure.
    private func compare(
        _ document: JSONDocument,
        _ object: JSONValue,
        _ plain: [String: Any],
        _ facts: Facts
    ) throws -> Int {
        let version = (plain["apiVersion"] as? String ?? "").split(separator: "/").map(String.init)
        guard version.count == 2, version[0].hasSuffix(".azure.com"), let name = plain["kind"] as? String else {
            return 0
        }
        let kind = try #require(AzureTables.embedded.kind(group: version[0], kind: name), "\(version) \(name)")
        let match = kind.match(version: version[1].utf8Span.span)
        #expect(match != .unlisted, "\(version) \(name)")
        var found: [Facet: Set<String>] = [.location: [], .sku: [], .tags: []]
        kind.forEachOccurrence(of: [FacetSet(.location), FacetSet(.sku), FacetSet(.tags)], in: document, of: object) {
            occurrence in
            guard let value = occurrence.value else { return }
            let path = kind.path(of: occurrence, in: document, of: object)
            if occurrence.facet == .tags {
                for (key, tag) in document.members(of: value) {
                    found[.tags]?.insert(
                        "\(path.description)[\(document.string(key) ?? "")]=\(document.string(tag) ?? "?")"
                    )
                }
            } else {
                let value = document.string(value) ?? text(document.lexeme(value))
                found[occurrence.facet]?.insert("\(path)=\(value)")
            }
        }
        for (facet, lines) in found {
            let expected = facts.read(facet, version[0], name, plain)
            #expect(lines == expected, "\(facet) of \(version[0])/\(name)")
        }
        return 1
    }
}

/// The paths of `aso-policy-facts.csv`, and a reading of them that shares nothing with the one under test.
private struct Facts {
    /// What of the file's facts is none: other resources' places and SKUs, and what only informs.
    ///
    /// See the notes in facets.tsv.
    static let not: Set<String> = [
        "communication.azure.com/CommunicationService spec.dataLocation",
        "communication.azure.com/EmailService spec.dataLocation",
        "containerservice.azure.com/ManagedCluster spec.identity.delegatedResources{}.location",
        "dataprotection.azure.com/BackupVaultsBackupInstance spec.properties.dataSourceInfo.resourceLocation",
        "dataprotection.azure.com/BackupVaultsBackupInstance spec.properties.dataSourceSetInfo.resourceLocation",
        "documentdb.azure.com/DatabaseAccount spec.locations[]",
        "documentdb.azure.com/MongoCluster spec.properties.replicaParameters.sourceLocation",
        "insights.azure.com/ActionGroup spec.itsmReceivers[].region",
        "insights.azure.com/AutoscaleSetting spec.profiles[].rules[].metricTrigger.metricResourceLocation",
        "insights.azure.com/AutoscaleSetting spec.targetResourceLocation",
        "insights.azure.com/MetricAlert spec.targetResourceRegion", "insights.azure.com/Webtest spec.Locations[]",
        "network.azure.com/FirewallPolicy spec.insights.logAnalyticsResources.workspaces[].region",
        "network.azure.com/NetworkWatchersFlowLog "
            + "spec.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.workspaceRegion",
        "network.azure.com/TrafficManagerProfilesAzureEndpoint spec.endpointLocation",
        "network.azure.com/TrafficManagerProfilesExternalEndpoint spec.endpointLocation",
        "network.azure.com/TrafficManagerProfilesNestedEndpoint spec.endpointLocation",
        "network.azure.com/VirtualNetworksSubnet spec.serviceEndpoints[].locations[]",
        "web.azure.com/ServerFarm spec.sku.locations[]", "web.azure.com/Site spec.cloningInfo.sourceWebAppLocation",
    ]

    private var paths: [String: Set<String>] = [:]

    init() throws {
        let file = try String(contentsOf: Corpus.facts.appending(path: "aso-policy-facts.csv"), encoding: .utf8)
        for line in file.split(whereSeparator: \.isNewline).dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let (kind, path) = (fields[0] + "/" + fields[1], fields[3])
            let facet: Facet
            switch fields[4] {
            case "location", "location-extra": facet = .location
            case "tags": facet = .tags
            case "sku-name", "sku-tier", "sku-family", "sku-size", "sku-capacity", "vm-size": facet = .sku
            case "sku-scalar" where ["string", "ContainerGroupSku"].contains(fields[5]): facet = .sku
            default: continue
            }
            if Self.not.contains("\(kind) \(path)") || path.contains("virtualMachineNodesStatus")
                || path.contains("skuCapacity")
                || path.contains("publicIPAddressConfiguration")
            {
                continue
            }
            paths["\(facet) \(kind)", default: []].insert(path)
        }
        // Versions with paths of their own (research on ASO, 1.8).
        paths["sku storage.azure.com/StorageAccount"]?.insert("spec.sku.tier")
        paths["location cognitiveservices.azure.com/Account"] = [
            "spec.location", "spec.properties.locations.regions[].name",
        ]
    }

    func read(_ facet: Facet, _ group: String, _ kind: String, _ object: [String: Any]) -> Set<String> {
        var lines: Set<String> = []
        for path in paths["\(facet) \(group)/\(kind)"] ?? [] {
            let steps = path.replacingOccurrences(of: "[]", with: ".[]").replacingOccurrences(of: "{}", with: ".{}")
            collect(object, steps.split(separator: ".").map(String.init)[...], "", &lines)
        }
        return lines
    }

    private func collect(_ value: Any, _ steps: ArraySlice<String>, _ path: String, _ lines: inout Set<String>) {
        guard let step = steps.first else {
            if !(value is NSNull) { lines.insert("\(path)=\(value)") }
            return
        }
        switch step {
        case "[]":
            for (index, element) in (value as? [Any] ?? []).enumerated() {
                collect(element, steps.dropFirst(), "\(path)[\(index)]", &lines)
            }
        case "{}":
            for (key, member) in value as? [String: Any] ?? [:] {
                collect(member, steps.dropFirst(), "\(path)[\(key)]", &lines)
            }
        default:
            guard let member = (value as? [String: Any])?[step] else { return }
            collect(member, steps.dropFirst(), path.isEmpty ? step : "\(path).\(step)", &lines)
        }
    }
}
