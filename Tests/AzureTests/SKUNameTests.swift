import Azure
import Testing

/// The names that SKUs can have.
@Suite struct SKUNameTests {
    static func kinds(_ names: [String]) throws -> [AzureKind] {
        try names.map { name in
            let parts = name.split(separator: "/").map(String.init)
            return try #require(AzureTables.embedded.kind(group: parts[0], kind: parts[1]))
        }
    }

    @Test func kindsTellTheNamesOfTheirSKUs() throws {
        let tables = AzureTables.embedded
        let vault = try Self.kinds(["keyvault.azure.com/Vault"])
        let names = tables.skuVocabulary(of: .name, in: vault)
        #expect(names.names == ["premium", "standard"])
        #expect(!names.isOpen && !names.hasMachines && !names.isEmpty)
        #expect(tables.skuVocabulary(of: .family, in: vault).names == ["A"])
        #expect(tables.skuVocabulary(of: .tier, in: vault).isEmpty)
        let both = try Self.kinds(["keyvault.azure.com/Vault", "storage.azure.com/StorageAccount"])
        #expect(tables.skuVocabulary(of: .name, in: both).names.count == 16)
        #expect(tables.skuVocabulary(of: .name, in: tables.kinds).isOpen)
        #expect(tables.skuVocabulary(of: .name, in: []).isEmpty)
    }

    @Test func clustersHaveMachinesAndSKUsOfTheirOwn() throws {
        let tables = AzureTables.embedded
        let cluster = try Self.kinds(["containerservice.azure.com/ManagedCluster"])
        let machines = tables.skuVocabulary(of: .name, in: cluster, machines: true)
        #expect(machines.hasMachines && !machines.isOpen)
        #expect(!tables.skuVocabulary(of: .name, in: cluster, machines: false).hasMachines)
        #expect(tables.skuVocabulary(of: .name, in: cluster).hasMachines)
    }

    static let sizes: [(name: String, isOne: Bool)] = [
        ("Standard_D4s_v5", true), ("STANDARD_d4S_V5", true), ("Basic_A0", true), ("Standard_D96-48ads_v6", true),
        ("Standard_NC4as_T4_v3", true), ("Standard_DS2_v2_Promo", true), ("Standard_D4s_v99", true),
        ("Standard_E104i_v5", true), ("Standard_M416s_10_v2", true),
        ("Standard_D4sv5", false), ("Standard_D4_v5s", false), ("Standard_D4s_5", false), ("Standard-D4s-v5", false),
        ("Standard_Ds_v5", false), ("Standard_4s_v5", false), ("Standard_", false), ("D4s_v5", false), ("", false),
        ("Basic_Z0", false), ("Standard_D4-s_v5", false), ("Standard__v5", false), ("Standard_D4s_v5_", false),
        ("Standard_D4sd_v5", false), ("Dev(No SLA)_Standard_E2a_v4", false), ("Standard_DS13_v2+1TB_PS", false),
        ("Standard_D4s_v", false), ("Standard_D4s_v5 ", false), ("Standard_D4š_v5", false),
    ]

    @Test(arguments: sizes) func sizesOfMachinesAreKnownByTheirForm(_ name: String, _ isOne: Bool) {
        #expect(AzureTables.embedded.isMachineSize(name) == isOne)
    }

    static let head = "group\tkind\tpart\tnames\tsource\n"
    static let row = "sql.azure.com\tServersDatabase\t"
    static let broken: [(text: String, message: String)] = [
        ("", "skus.tsv: the header is missing"),
        (head + "a\tb\tname\tS0\tx\n", "skus.tsv:2:3: a/b is not in kinds.tsv"),
        (head + row + "nick\tS0\tx\n", "expected one of"),
        (head + row + "capacity\t1\tx\n", "capacity is no part of the kind's SKUs"),
        (head + "keyvault.azure.com\tVault\ttier\tA\tx\n", "tier is no part of the kind's SKUs"),
        (head + row + "name\t\tx\n", "names is empty"),
        (head + row + "name\tS0||S1\tx\n", "names are empty or listed twice"),
        (head + row + "name\tS0|s0\tx\n", "names are empty or listed twice"),
        (head + row + "name\tS0\t\n", "source is empty"),
        (head + row + "name\tS0\tx\n" + row + "name\tS1\tx\n", "skus.tsv:3:31: name is listed twice"),
    ]

    @Test(arguments: broken) func saysWhereTheTableIsBroken(_ text: String, _ message: String) {
        let error = #expect(throws: TableError.self) { try AzureTables(directory: ["skus.tsv": Array(text.utf8)]) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }

    @Test func anotherTableTakesThePlace() throws {
        let text = Self.head + Self.row + "name\tTiny\tmy own\n"
        let tables = try AzureTables(directory: ["skus.tsv": Array(text.utf8)])
        let database = try Self.kinds(["sql.azure.com/ServersDatabase"])
        #expect(tables.skuVocabulary(of: .name, in: database).names == ["Tiny"])
        #expect(tables.skuVocabulary(of: .tier, in: database).isOpen)
    }
}
