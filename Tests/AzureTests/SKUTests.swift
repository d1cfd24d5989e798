import Azure
import JSON
import TestSupport
import Testing

@Suite struct SKUTests {
    static let vCores: [(kind: String, spec: String, vCores: [Int?])] = [
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_Gen5_4"}}"#, [4]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_S_Gen5_2"}}"#, [2]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_Gen5","capacity":8}}"#, [8]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_Gen5_2","capacity":80}}"#, [80]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"gp_gen5_80","capacity":2}}"#, [80]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"S0","capacity":10}}"#, [nil]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"Basic"}}"#, [nil]),
        ("sql.azure.com/ServersDatabase", "{}", [nil]),
        ("sql.azure.com/ServersElasticPool", #"{"sku":{"name":"StandardPool","capacity":50}}"#, [nil]),
        (
            "dbforpostgresql.azure.com/FlexibleServer", #"{"sku":{"name":"Standard_D4ds_v4","tier":"GeneralPurpose"}}"#,
            [4]
        ),
        ("dbforpostgresql.azure.com/FlexibleServer", #"{"sku":{"name":"Standard_B1ms","tier":"Burstable"}}"#, [1]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D2_v2"}}"#, [2]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D3_v2"}}"#, [4]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D4_v2_Promo"}}"#, [8]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_DS5_v2_Promo"}}"#, [16]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_DS13-4_v2"}}"#, [8]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"STANDARD_E16-4S_V5"}}"#, [16]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_NC24ads_A100_v4"}}"#, [24]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_A2_v2"}}"#, [2]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_A3"}}"#, [4]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_"}}"#, [nil]),
        (
            "compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D99999999999999999999s"}}"#,
            [nil]
        ),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":7}}"#, [nil]),
        (
            "kusto.azure.com/Cluster", #"{"sku":{"name":"Dev(No SLA)_Standard_E2a_v4","tier":"Basic","capacity":1}}"#,
            [2]
        ),
        ("kusto.azure.com/Cluster", #"{"sku":{"name":"Standard_DS13_v2+1TB_PS"}}"#, [8]),
        ("web.azure.com/ServerFarm", #"{"sku":{"name":"P1v3"}}"#, [2]),
        ("synapse.azure.com/WorkspacesBigDataPool", #"{"nodeSize":"Medium"}"#, [8]),
        ("documentdb.azure.com/MongoCluster", #"{"properties":{"compute":{"tier":"M50"}}}"#, [8]),
        ("storage.azure.com/StorageAccount", #"{"sku":{"name":"Standard_LRS"}}"#, [nil]),
        ("network.azure.com/ApplicationGateway", #"{"sku":{"name":"Standard_v2"}}"#, [nil]),
        ("signalrservice.azure.com/SignalR", #"{"sku":{"name":"Standard_S1"}}"#, [nil]),
        (
            "containerservice.azure.com/ManagedCluster",
            #"{"agentPoolProfiles":[{"vmSize":"Standard_D2s_v3"},{"vmSize":"Standard_D8s_v3"}],"sku":{"name":"Base"}}"#,
            [2, 8, nil]
        ),
    ]

    @Test(arguments: vCores) func tellsVCores(_ kind: String, _ spec: String, _ expected: [Int?]) throws {
        let parts = kind.split(separator: "/").map(String.init)
        let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
        let tables = AzureTables.embedded
        let kind = try #require(tables.kind(group: parts[0], kind: parts[1]))
        var found: [Int?] = []
        kind.forEachSKU(in: document, of: document.root) { found.append(tables.vCores(of: $0, of: kind, in: document)) }
        #expect(found == expected)
    }

    @Test func partsOfOneSKUStayTogether() throws {
        let object = """
            {"spec":{"additionalLocations":[{"sku":{"capacity":1,"name":"Basic"}},{"sku":{"capacity":3,"name":"Premium"}}],
            "sku":{"name":"Developer","capacity":2}}}
            """
        let document = try JSONDocument(parsing: Array(object.utf8))
        let kind = try #require(AzureTables.embedded.kind(group: "apimanagement.azure.com", kind: "Service"))
        var found: [String] = []
        kind.forEachSKU(in: document, of: document.root) { sku in
            let name = sku.name?.value.flatMap(document.string) ?? "none"
            found.append("\(name) \(sku.capacity?.value.flatMap(document.int) ?? 0)")
        }
        #expect(found == ["Basic 1", "Premium 3", "Developer 2"])
    }
}

/// The memory that names of SKUs and machines stand for.
@Suite struct SKUMemoryTests {
    static let memory: [(kind: String, spec: String, gigabytes: [Double?])] = [
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D4s_v5"}}"#, [16]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"standard_d4LDS_v5"}}"#, [8]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_E16-4s_v5"}}"#, [128]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_E96as_v5"}}"#, [672]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_E64_v3"}}"#, [432]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_F8s_v2"}}"#, [16]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_B1ls"}}"#, [0.5]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_B2ts_v2"}}"#, [1]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_L80s_v3"}}"#, [640]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_M128ms"}}"#, [3892]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D64pds_v5"}}"#, [208]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_EC32as_v5"}}"#, [192]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_EC16as_v5"}}"#, [128]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D192ds_v7"}}"#, [768]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_DS4_v2_Promo"}}"#, [28]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_NC24ads_A100_v4"}}"#, [220]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_DS13-4_v2"}}"#, [56]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D4s_v99"}}"#, [nil]),
        (
            "compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D99999999999999999999s_v5"}}"#,
            [nil]
        ),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_D#s_v5"}}"#, [nil]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":"Standard_"}}"#, [nil]),
        ("compute.azure.com/VirtualMachine", #"{"hardwareProfile":{"vmSize":["Standard_D4s_v5"]}}"#, [nil]),
        ("kusto.azure.com/Cluster", #"{"sku":{"name":"Standard_E8as_v5+1TB_PS"}}"#, [64]),
        ("dbforpostgresql.azure.com/FlexibleServer", #"{"sku":{"name":"Standard_B1ms"}}"#, [2]),
        ("dbforpostgresql.azure.com/FlexibleServer", #"{"sku":{"name":"Standard_E20ds_v4"}}"#, [160]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_Gen5_2"}}"#, [10.38]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_Gen5","capacity":4}}"#, [20.76]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"GP_Gen5"}}"#, [nil]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"gp_s_gen5_4"}}"#, [12]),
        ("sql.azure.com/ServersDatabase", #"{"sku":{"name":"S0"}}"#, [nil]),
        ("web.azure.com/ServerFarm", #"{"sku":{"name":"P1v3"}}"#, [8]),
        ("cache.azure.com/Redis", #"{"sku":{"name":"Premium","family":"P","capacity":2}}"#, [13]),
        ("cache.azure.com/Redis", #"{"sku":{"name":"Premium","family":"P","capacity":-2}}"#, [nil]),
        ("cache.azure.com/Redis", #"{"sku":{"name":"Premium","family":"P"}}"#, [nil]),
        ("cache.azure.com/RedisEnterprise", #"{"sku":{"name":"Balanced_B5"}}"#, [6]),
        ("synapse.azure.com/WorkspacesBigDataPool", #"{"nodeSize":"Medium"}"#, [64]),
    ]

    @Test(arguments: memory) func tellsMemory(_ kind: String, _ spec: String, _ expected: [Double?]) throws {
        let parts = kind.split(separator: "/").map(String.init)
        let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
        let tables = AzureTables.embedded
        let kind = try #require(tables.kind(group: parts[0], kind: parts[1]))
        var found: [Double?] = []
        kind.forEachSKU(in: document, of: document.root) {
            found.append(tables.memoryGB(of: $0, of: kind, in: document))
        }
        #expect(found == expected)
    }

    /// Every row of the table is found by the name that it lists, whatever its letter case.
    @Test func everyRowIsObeyed() throws {
        let tables = AzureTables.embedded
        for row in try AzureDataFiles.rows("sizes.tsv") {
            for name in row[1].split(separator: " ").map({ $0.replacing("#", with: "2") }) {
                let isMachine = row[0] == "vm"
                let parts =
                    isMachine ? ["compute.azure.com", "VirtualMachine"] : row[0].split(separator: "/").map(String.init)
                let kind = try #require(tables.kind(group: parts[0], kind: parts[1]), "\(row[0])")
                let path =
                    kind.kind == "MongoCluster"
                    ? ["properties", "compute", "tier"]
                    : kind.kind == "WorkspacesBigDataPool"
                        ? ["nodeSize"]
                        : kind.kind == "WorkspacesCompute"
                            ? ["properties", "synapseSpark", "properties", "nodeSize"]
                            : isMachine ? ["hardwareProfile", "vmSize"] : ["sku", "name"]
                var spec = #""\#(name.uppercased())""#
                if kind.kind == "Redis" {
                    spec = #"{"sku":{"name":"Premium","family":"\#(name.prefix(1))","capacity":\#(name.dropFirst())}}"#
                } else {
                    for step in path.reversed() { spec = #"{"\#(step)":\#(spec)}"# }
                }
                let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
                var found: [(Int?, Double?)] = []
                kind.forEachSKU(in: document, of: document.root) { sku in
                    guard sku.name?.state == .known else { return }
                    found.append(
                        (
                            tables.vCores(of: sku, of: kind, in: document),
                            tables.memoryGB(of: sku, of: kind, in: document)
                        )
                    )
                }
                let first = try #require(found.first, "\(name)")
                if let vCores = Int(row[2]) { #expect(first.0 == vCores, "\(name)") }
                #expect((first.1 != nil) == (row[3] != "-"), "\(name)")
                if let memory = Double(row[3]) {
                    #expect(first.1 == (row[1].contains("#") ? memory * 2 : memory), "\(name)")
                }
            }
        }
    }
}
