import Azure
import JSON
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
