import Azure
import Testing

/// Roles that Azure has by itself, and what it takes for names.
@Suite struct RoleTests {
    static let tables = AzureTables.embedded

    /// As every page of Azure's documentation spells them.
    static let roles = [
        ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", true),
        ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", true),
        ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", false),
        ("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", true),
        ("Role Based Access Control Administrator", "f58310d9-a9f6-439a-9e8d-f62e7b41a168", true),
        ("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", false),
        ("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", false),
        ("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", false),
        ("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483", false),
        ("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6", false),
        ("Key Vault Data Access Administrator", "8b54135c-b56d-4d72-a534-26097cfdc8d8", true),
        ("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d", false),
        ("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec", false),
        ("Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7", false),
        ("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830", false),
        ("Azure Kubernetes Service RBAC Cluster Admin", "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", false),
        ("Azure Kubernetes Service Cluster User Role", "4abbcc35-e782-43d8-92c5-2d3f1bd2253f", false),
    ]

    @Test(arguments: roles) func knowsARole(_ name: String, _ id: String, _ isPrivileged: Bool) throws {
        let role = try #require(Self.tables.builtInRole(named: name.uppercased()))
        #expect((role.name, role.id, role.isPrivileged) == (name, id, isPrivileged))
        #expect(Self.tables.builtInRoles(id: id.uppercased()).contains(role))
    }

    @Test func knowsARoleUnderAllItsNames() {
        #expect(Self.tables.builtInRoles.count > 900)
        #expect(
            Self.tables.builtInRoles(id: "53ca6127-db72-4b80-b1b0-d745d6d5456d").map(\.name)
                == ["Azure AI User", "Foundry User"]
        )
        #expect(Self.tables.builtInRoles(id: "00000000-0000-0000-0000-000000000000").isEmpty)
        #expect(Self.tables.builtInRole(named: "") == nil)
    }

    static let limits: [(kind: String, limits: (Int, Int), isGlobal: Bool)] = [
        ("storage.azure.com/StorageAccount", (3, 24), true), ("keyvault.azure.com/Vault", (3, 24), true),
        ("resources.azure.com/ResourceGroup", (1, 90), false), ("sql.azure.com/ServersDatabase", (1, 128), false),
    ]

    @Test(arguments: limits.indices) func knowsWhatANameMayBe(_ index: Int) throws {
        let (name, range, isGlobal) = Self.limits[index]
        let parts = name.split(separator: "/")
        let kind = try #require(Self.tables.kind(group: String(parts[0]), kind: String(parts[1])))
        let limits = try #require(Self.tables.nameLimits(of: kind))
        #expect((limits.minimum, limits.maximum) == range)
        #expect((limits.scope == .global) == isGlobal)
    }

    /// A row for a kind that has no name of its own choosing, or that nobody knows, would never be read.
    @Test func everyRowIsOfAKindWithNames() throws {
        let kinds = Self.tables.kinds.filter { Self.tables.nameLimits(of: $0) != nil }
        #expect(kinds.count == 144)
        #expect(kinds.allSatisfy { $0.azureName == .spec })
    }

    static let faults: [(file: String, text: String, message: String)] = [
        (
            "roles.tsv", "name\tid\tprivileged\nR\tx\tno\n",
            "roles.tsv:2:3: id is \"x\"; expected a GUID in small letters"
        ),
        (
            "roles.tsv", "name\tid\tprivileged\nR\t8E3AF657-A8FF-443C-A75C-2FE8C4BCB635\tno\n",
            "expected a GUID in small letters"
        ),
        (
            "roles.tsv", "name\tid\tprivileged\nR\t8e3af657-a8ff-443c-a75c-2fe8c4bcb635\tmaybe\n",
            "expected one of yes, no"
        ),
        (
            "roles.tsv",
            "name\tid\tprivileged\nR\t8e3af657-a8ff-443c-a75c-2fe8c4bcb635\tno\nr\t8e3af657-a8ff-443c-a75c-2fe8c4bcb636\tno\n",
            "roles.tsv:3:1: r is listed twice"
        ),
        (
            "roles.tsv",
            "name\tid\tprivileged\nR\t8e3af657-a8ff-443c-a75c-2fe8c4bcb635\tno\nS\t8e3af657-a8ff-443c-a75c-2fe8c4bcb635\tyes\n",
            "privileged differs from that of R, which has the same id"
        ),
        ("names.tsv", "\(header)\na.azure.com\tA\t0\t3\tparent\t-\tx\n", "names.tsv:2:15: minimum is \"0\""),
        ("names.tsv", "\(header)\na.azure.com\tA\t4\t3\tparent\t-\tx\n", "maximum is \"3\"; expected 4 or more"),
        ("names.tsv", "\(header)\na.azure.com\tA\t1\t3\tplanet\t-\tx\n", "expected one of global, parent"),
        ("names.tsv", "\(header)\na.azure.com\tA\t1\t3\tparent\t\tx\n", "pattern is empty"),
        (
            "names.tsv", "\(header)\na.azure.com\tA\t1\t3\tparent\t-\tx\na.azure.com\tA\t1\t3\tparent\t-\tx\n",
            "a.azure.com/A is listed twice"
        ),
    ]
    private static let header = "group\tkind\tminimum\tmaximum\tscope\tpattern\tsource"

    @Test(arguments: faults.indices) func saysWhereATableIsBroken(_ index: Int) throws {
        let (file, text, message) = Self.faults[index]
        let error = try #require(throws: TableError.self) { _ = try AzureTables(directory: [file: Array(text.utf8)]) }
        #expect("\(error)".contains(message), "\(error)")
    }
}
