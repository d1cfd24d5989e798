import Azure
import JSON
import Testing

@Suite struct DefaultTests {
    /// What providers take for what a spec leaves out, a line a place.
    private func defaults(_ type: String, _ spec: String, _ tables: AzureTables = .embedded) throws -> [String] {
        let parts = type.split(separator: "/").map(String.init)
        let kind = try #require(tables.kind(group: parts[0], kind: parts[1]))
        let version = "\(kind.group)/\(kind.newestVersion)"
        let document = try JSONDocument(parsing: Array(#"{"apiVersion":"\#(version)","spec":\#(spec)}"#.utf8))
        var lines: [String] = []
        kind.forEachOccurrence(of: .all, in: document, of: document.root) { place in
            guard let found = tables.defaultValue(of: place, of: kind, in: document, of: document.root) else { return }
            #expect(found.place.facet == place.facet && found.place.part == place.part && found.place.state == .known)
            #expect(found.source.hasPrefix("https://"))
            lines.append("\(kind.path(of: place, in: document, of: document.root)) \(found.text)")
        }
        return lines
    }

    static let cases: [(type: String, spec: String, defaults: [String])] = [
        ("sql.azure.com/ServersDatabase", "{}", ["spec.sku.name GP_Gen5_2"]),
        ("sql.azure.com/ServersDatabase", #"{"sku":null,"createMode":"default"}"#, ["spec.sku.name GP_Gen5_2"]),
        ("sql.azure.com/ServersDatabase", #"{"useFreeLimit":false}"#, ["spec.sku.name GP_Gen5_2"]),
        ("sql.azure.com/ServersDatabase", #"{"useFreeLimit":true}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"createMode":"Copy"}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"createMode":7}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"createMode":{"Default":1}}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"createModeFromConfig":{"name":"x","key":"y"}}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"tier":"Basic"}}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"S0"}}"#, []),
        ("sql.azure.com/ServersDatabase", #"{"elasticPoolReference":{"armId":"x"}}"#, ["spec.sku.name ElasticPool"]),
        ("containerservice.azure.com/ManagedCluster", "{}", ["spec.sku.name Base"]),
        ("containerservice.azure.com/ManagedCluster", #"{"sku":{}}"#, []),
        ("containerinstance.azure.com/ContainerGroup", "{}", ["spec.sku Standard"]),
        ("documentdb.azure.com/CassandraDataCenter", "{}", ["spec.properties.sku Standard_DS14_v2"]),
        (
            "storage.azure.com/StorageAccount", "{}",
            [
                "spec.allowBlobPublicAccess false", "spec.allowSharedKeyAccess true", "spec.minimumTlsVersion TLS1_0",
                "spec.networkAcls.bypass AzureServices", "spec.networkAcls.defaultAction Allow",
            ]
        ),
        (
            "storage.azure.com/StorageAccount",
            #"{"allowBlobPublicAccess":true,"allowSharedKeyAccess":false,"minimumTlsVersion":"TLS1_2"}"#,
            ["spec.networkAcls.bypass AzureServices", "spec.networkAcls.defaultAction Allow"]
        ),
        (
            "keyvault.azure.com/Vault", "{}",
            [
                "spec.properties.enableRbacAuthorization false", "spec.properties.networkAcls.bypass AzureServices",
                "spec.properties.softDeleteRetentionInDays 90",
            ]
        ),
    ]

    @Test(arguments: cases) func tellsDefaults(_ type: String, _ spec: String, _ expected: [String]) throws {
        let found = try defaults(type, spec)
        #expect(found == expected)
    }

    @Test func defaultsReadAsTheResourcesOwn() throws {
        let tables = AzureTables.embedded
        let kind = try #require(tables.kind(group: "storage.azure.com", kind: "StorageAccount"))
        let object = #"{"apiVersion":"storage.azure.com/v20230101","spec":{}}"#
        let document = try JSONDocument(parsing: Array(object.utf8))
        var open: [String: Bool] = [:]
        var versions: [TLSVersion?] = []
        kind.forEachOccurrence(of: [FacetSet(.exposure), FacetSet(.tls)], in: document, of: document.root) { place in
            guard let found = tables.defaultValue(of: place, of: kind, in: document, of: document.root) else { return }
            if let isOpen = found.place.isOpen(in: found.document) { open["\(found.place.part)"] = isOpen }
            if place.part == .minimumVersion { versions.append(found.place.tlsVersion(in: found.document)) }
        }
        #expect(open == ["publicAccess": false, "localAuthentication": true, "defaultAction": true])
        #expect(versions == [TLSVersion(parsing: "1.0".utf8Span.span)])
    }

    /// What older versions left open newer ones close; what the versions of tomorrow do nobody knows.
    @Test(arguments: [("v1api20210401", "true"), ("v20220901", "true"), ("v20230101", "false"), ("v20990101", nil)])
    func defaultsGoByTheVersion(_ version: String, _ expected: String?) throws {
        let tables = AzureTables.embedded
        let kind = try #require(tables.kind(group: "storage.azure.com", kind: "StorageAccount"))
        let object = #"{"apiVersion":"storage.azure.com/\#(version)","spec":{}}"#
        let document = try JSONDocument(parsing: Array(object.utf8))
        var found: String?
        kind.forEachOccurrence(of: .exposure, in: document, of: document.root) { place in
            guard place.part == .publicAccess else { return }
            found = tables.defaultValue(of: place, of: kind, in: document, of: document.root)?.text
        }
        #expect(found == expected)
    }

    @Test func aSKUsPartsHaveDefaultsTogether() throws {
        let tables = AzureTables.embedded
        let kind = try #require(tables.kind(group: "sql.azure.com", kind: "ServersDatabase"))
        let document = try JSONDocument(parsing: Array(#"{"spec":{}}"#.utf8))
        var found: [String] = []
        kind.forEachSKU(in: document, of: document.root) { sku in
            guard let (sku, name) = tables.defaultSKU(of: sku, of: kind, in: document, of: document.root) else {
                return
            }
            for part in [sku.name, sku.tier, sku.family, sku.size, sku.capacity] {
                found.append(part?.value.map { text(name.document.lexeme($0)) } ?? "none")
            }
            #expect(tables.vCores(of: sku, of: kind, in: name.document) == 2)
        }
        #expect(found == [#""GP_Gen5_2""#, #""GeneralPurpose""#, #""Gen5""#, "none", "2"])
    }

    static let head = "group\tkind\tpath\tvalue\twhen\tsource\n"
    static let row = "sql.azure.com\tServersDatabase\t"
    static let broken: [(text: String, message: String)] = [
        ("", "defaults.tsv: the header is missing"),
        (head + "a\tb\tspec.sku.name\tS0\t-\tx\n", "defaults.tsv:2:3: a/b is not in kinds.tsv"),
        (head + row + "spec.nothing\tS0\t-\tx\n", "no facet is kept at spec.nothing"),
        (head + row + "spec.sku\tS0\t-\tx\n", "no facet is kept at spec.sku"),
        (head + row + "spec..sku\tS0\t-\tx\n", "expected a name"),
        (head + row + "spec.sku.name\t\t-\tx\n", "value is empty"),
        (head + row + "spec.sku.name\tS0\t\tx\n", "when is empty"),
        (head + row + "spec.sku.name\tS0\talways\tx\n", "when is \"always\""),
        (head + row + "spec.sku.name\tS0\tspec.a=\tx\n", "when is \"spec.a=\""),
        (head + row + "spec.sku.name\tS0\tspec.a=b=c\tx\n", "when is"),
        (head + row + "spec.sku.name\tS0\t-\t\n", "source is empty"),
        (head + row + "spec.sku.capacity\tmany\t-\tx\n", "value is \"many\"; expected a whole number"),
    ]

    @Test(arguments: broken) func saysWhereTheTableIsBroken(_ text: String, _ message: String) {
        let error = #expect(throws: TableError.self) { try AzureTables(directory: ["defaults.tsv": Array(text.utf8)]) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }
}
