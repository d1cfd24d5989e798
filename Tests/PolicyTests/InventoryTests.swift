import Azure
import JSON
import Policy
import TestSupport
import Testing

/// What the documents of files make.
private func build(_ files: (name: String, text: String)...) throws -> InventoryBuilder.Result {
    var builder = InventoryBuilder()
    for file in files {
        let documents = try JSONDocument.parseYAML(Array(file.text.utf8))
        builder.add(InventoryFile(documents, file: file.name, configuration: PolicyConfiguration()))
    }
    let result = builder.finish()
    if let inventory = result.inventory {
        // A snapshot keeps all that was read.
        let snapshot = InventorySnapshot.text(of: inventory)
        var reader = InventoryBuilder()
        reader.add(try JSONDocument(parsing: snapshot), file: "snapshot.json")
        let copy = reader.finish()
        #expect(copy.issues.isEmpty)
        #expect(copy.inventory.map { InventorySnapshot.text(of: $0) } == snapshot)
    }
    return result
}

private func inventory(_ text: String) throws -> Inventory {
    let result = try build(("a.yaml", text))
    return try #require(result.inventory, "\(result.issues)")
}

private func key(_ type: String, _ name: String, in namespace: String = "team-a") -> Inventory.Key {
    let parts = type.split(separator: "/", omittingEmptySubsequences: false)
    return Inventory.Key(group: String(parts[0]), kind: String(parts[1]), namespace: namespace, name: name)
}

@Suite struct InventoryTests {
    private static let subscription = "22222222-2222-2222-2222-222222222222"

    @Test func readsWhatKubectlWrites() throws {
        let inventory = try inventory(
            """
            apiVersion: v1
            kind: List
            metadata: {resourceVersion: ""}
            items:
            - apiVersion: v1
              kind: Namespace
              metadata: {name: team-a, labels: {team: a}}
            - apiVersion: storage.azure.com/v1api20230101storage
              kind: StorageAccount
              metadata:
                name: data
                namespace: team-a
                labels: {app: web}
                ownerReferences:
                - {apiVersion: resources.azure.com/v1, kind: ResourceGroup, name: rg}
              spec:
                azureName: teamadata
                location: West Europe
                owner: {name: rg}
                tags: {cost-center: CC-1}
              status: {id: /subscriptions/\(Self.subscription)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/teamadata}
            - apiVersion: v1
              kind: ConfigMap
              metadata: {name: settings, namespace: team-a}
              data: {b: "2", a: "1"}
              binaryData: {c: AA==}
            - apiVersion: apps/v1
              kind: Deployment
              metadata: {name: web, namespace: team-a}
            - apiVersion: novel.azure.com/v1
              kind: Gadget
              metadata: {name: g, namespace: team-a}
              spec: {location: eastus, sku: {name: X, capacity: 3}}
            """
        )
        #expect(inventory.counts == [.namespace: 1, .azure: 1, .configMap: 1, .unknownAzure: 1])
        let account = try #require(inventory[key("storage.azure.com/StorageAccount", "data")])
        #expect(account.kind?.kind == "StorageAccount")
        #expect(account.labels == ["app": "web"] && account.tags == ["cost-center": "CC-1"])
        #expect(account.azureName == "teamadata" && account.location == "westeurope")
        #expect(account.owner == .object(key("resources.azure.com/ResourceGroup", "rg")))
        #expect(account.controller == "ResourceGroup/rg")
        #expect(account.resourceID?.name == "teamadata")
        #expect(inventory[key("/ConfigMap", "settings")]?.dataKeys == ["a", "b", "c"])
        let gadget = try #require(inventory[key("novel.azure.com/Gadget", "g")])
        #expect(gadget.kind == nil && gadget.location == "eastus" && gadget.quantities == [.capacity: 3])
        #expect(inventory[key("/Namespace", "team-a", in: "")]?.labels == ["team": "a"])
        #expect(inventory.entries(in: "team-a").count == 3)
        let armType = "microsoft.storage/STORAGEACCOUNTS"
        #expect(inventory.entries(armType: armType, azureName: "TeamAData").map(\.key.name) == ["data"])
    }

    @Test func theItemsOfATypedListNeedNotSayTheirType() throws {
        let inventory = try inventory(
            """
            apiVersion: storage.azure.com/v1api20230101
            kind: StorageAccountList
            items: [{metadata: {name: a, namespace: team-a}}, {metadata: {name: b, namespace: team-a}}]
            """
        )
        #expect(inventory.entries(in: "team-a").map(\.kind?.kind) == ["StorageAccount", "StorageAccount"])
    }

    // MARK: Names, owners, IDs

    private static let hierarchy = """
        apiVersion: v1
        kind: Secret
        metadata: {name: aso-credential, namespace: team-a}
        stringData: {AZURE_SUBSCRIPTION_ID: \(subscription)}
        ---
        apiVersion: resources.azure.com/v1api20200601
        kind: ResourceGroup
        metadata: {name: rg, namespace: team-a}
        spec: {azureName: Team-A, location: westeurope}
        ---
        apiVersion: sql.azure.com/v1api20211101
        kind: Server
        metadata: {name: server, namespace: team-a}
        spec: {location: westeurope, owner: {name: rg}}
        ---
        apiVersion: sql.azure.com/v1api20211101
        kind: ServersDatabase
        metadata: {name: db, namespace: team-a}
        spec: {location: westeurope, azureName: orders, owner: {name: server}}
        ---
        apiVersion: authorization.azure.com/v1api20220401
        kind: RoleAssignment
        metadata: {name: reader, namespace: team-a}
        spec:
          azureName: 7c7f6b4e-0000-4000-8000-000000000000
          owner: {name: db, group: sql.azure.com, kind: ServersDatabase}
        ---
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccountsBlobService
        metadata: {name: blobs, namespace: team-a}
        spec:
          owner: {armId: /subscriptions/\(subscription)/resourceGroups/x/providers/Microsoft.Storage/storageAccounts/a}
        ---
        apiVersion: sql.azure.com/v1api20211101
        kind: ServersDatabase
        metadata: {name: orphan, namespace: team-a}
        spec: {owner: {name: nobody}}
        ---
        apiVersion: sql.azure.com/v1api20211101
        kind: Server
        metadata: {name: other, namespace: team-b}
        spec: {location: westeurope, owner: {name: rg}}
        """

    @Test(arguments: [
        ("resources.azure.com/ResourceGroup", "rg", ""),
        ("sql.azure.com/Server", "server", "/providers/Microsoft.Sql/servers/server"),
        ("sql.azure.com/ServersDatabase", "db", "/providers/Microsoft.Sql/servers/server/databases/orders"),
        (
            "authorization.azure.com/RoleAssignment", "reader",
            "/providers/Microsoft.Sql/servers/server/databases/orders/providers/Microsoft.Authorization/roleAssignments"
                + "/7c7f6b4e-0000-4000-8000-000000000000"
        ),
    ]) func derivesIDsFromOwnersAndTheCredentialsSubscription(_ type: String, _ name: String, _ end: String) throws {
        let entry = try #require(try inventory(Self.hierarchy)[key(type, name)])
        #expect(entry.resourceID?.description == "/subscriptions/\(Self.subscription)/resourceGroups/Team-A" + end)
    }

    @Test func derivesAnIDFromAnOwnersID() throws {
        let blobs = try inventory(Self.hierarchy)[key("storage.azure.com/StorageAccountsBlobService", "blobs")]
        #expect(blobs?.azureName == "default")
        #expect(blobs?.resourceID?.description.hasSuffix("/storageAccounts/a/blobServices/default") == true)
    }

    @Test func anIDIsNotKnownWithoutItsOwners() throws {
        let inventory = try inventory(Self.hierarchy)
        #expect(inventory[key("sql.azure.com/ServersDatabase", "orphan")]?.resourceID == nil)
        // Another namespace's resource group is not its owner.
        #expect(inventory[key("sql.azure.com/Server", "other", in: "team-b")]?.resourceID == nil)
    }

    @Test func ownersInACircleHaveNoID() throws {
        let inventory = try inventory(
            """
            apiVersion: authorization.azure.com/v1api20220401
            kind: RoleAssignment
            metadata: {name: a, namespace: team-a}
            spec: {azureName: a, owner: {name: b, group: authorization.azure.com, kind: RoleAssignment}}
            ---
            apiVersion: authorization.azure.com/v1api20220401
            kind: RoleAssignment
            metadata: {name: b, namespace: team-a}
            spec: {azureName: b, owner: {name: a, group: authorization.azure.com, kind: RoleAssignment}}
            """
        )
        #expect(inventory.entries.allSatisfy { $0.resourceID == nil })
    }

    @Test func theStatusIsBelievedBeforeAnnotations() throws {
        func id(_ name: String) -> String { "/subscriptions/\(Self.subscription)/resourceGroups/\(name)" }
        func group(_ annotation: String, status: String) throws -> ResourceID? {
            try inventory(
                """
                apiVersion: resources.azure.com/v1api20200601
                kind: ResourceGroup
                metadata: {name: rg, namespace: team-a, annotations: {serviceoperator.azure.com/resource-id: "\(annotation)"}}
                status: {id: "\(status)"}
                """
            ).entries[0].resourceID
        }
        #expect(try group(id("a"), status: id("b"))?.name == "b")
        #expect(try group(id("a"), status: "")?.name == "a")
        #expect(try group("nonsense", status: "../..")?.name == nil)
    }

    @Test func aNameThatAConfigMapTellsIsNotKnown() throws {
        let inventory = try inventory(
            """
            apiVersion: dbforpostgresql.azure.com/v20250801
            kind: FlexibleServersAdministrator
            metadata: {name: admin, namespace: team-a}
            spec: {azureNameFromConfig: {name: c, key: k}, owner: {name: s}}
            """
        )
        #expect(inventory.entries[0].azureName == nil)
    }

    // MARK: Secrets

    @Test func keepsTheIDsOfACredentialAndNothingElse() throws {
        let inventory = try inventory(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: aso-credential, namespace: team-a}
            data:
              AZURE_SUBSCRIPTION_ID: MjIyMjIyMjItMjIyMi0yMjIyLTIyMjItMjIyMjIyMjIyMjIy
              AZURE_TENANT_ID: MTExMTExMTEtMTExMS0xMTExLTExMTEtMTExMTExMTExMTEx
              AZURE_CLIENT_SECRET: aHVudGVyMg==
            stringData:
              AZURE_CLIENT_ID: AAAAAAAA-0000-4000-8000-000000000000
              AZURE_CLIENT_SECRET: hunter2
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: swapped, namespace: team-a}
            stringData: {AZURE_CLIENT_ID: hunter2, password: hunter2}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: plain, namespace: team-a}
            data: {password: aHVudGVyMg==}
            """
        )
        let credential = inventory[key("/Secret", "aso-credential")]?.credential
        #expect(credential?.clientID == "aaaaaaaa-0000-4000-8000-000000000000")
        #expect(credential?.subscriptionID == Self.subscription)
        #expect(credential?.tenantID == "11111111-1111-1111-1111-111111111111")
        let keys = inventory[key("/Secret", "aso-credential")]?.dataKeys
        #expect(keys == ["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"])
        #expect(inventory[key("/Secret", "swapped")]?.credential == Inventory.Credential())
        #expect(inventory[key("/Secret", "plain")]?.credential == nil)
        var dumped = ""
        dump(inventory, to: &dumped)
        #expect(dumped.contains("swapped") && dumped.contains("password"))
        for secret in ["hunter2", "aHVudGVyMg"] { #expect(!dumped.contains(secret)) }
    }

    /// What is kept of a credential's other keys is that there are some.
    @Test(arguments: [
        ("AZURE_CLIENT_SECRET: hunter2, password: x", false),
        ("AZURE_AUTHORITY_HOST: 'https://evil.example'", true),
        ("AZURE_RESOURCE_MANAGER_ENDPOINT: ''", true),
        ("AZURE_RESOURCE_MANAGER_AUDIENCE: x", true),
        ("AZURE_USER_ASSIGNED_IDENTITY_CREDENTIALS: /etc/x", true),
        ("AZURE_ADDITIONAL_TENANTS: '*'", true),
        ("AZURE_ADDITIONAL_TENANTS: 99999999-1111-1111-1111-111111111111", true),
        ("AZURE_ADDITIONAL_TENANTS: 11111111-1111-1111-1111-111111111111", false),
        ("ENTRA_APP_ID: 44444444-4444-4444-4444-444444444444", true),
        ("ENTRA_APP_ID: AAAAAAAA-0000-4000-8000-000000000000", false),
    ])
    func aCredentialTellsThatItSaysMore(_ others: String, _ saysMore: Bool) throws {
        let inventory = try inventory(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: aso-credential, namespace: team-a}
            stringData:
              {AZURE_CLIENT_ID: aaaaaaaa-0000-4000-8000-000000000000, \
            AZURE_TENANT_ID: 11111111-1111-1111-1111-111111111111, \(others)}
            """
        )
        #expect(inventory.entries[0].credential?.saysMore == saysMore)
        var dumped = ""
        dump(inventory, to: &dumped)
        #expect(!dumped.contains("evil.example") && !dumped.contains("99999999") && !dumped.contains("44444444"))
    }

    @Test(arguments: ["!!!!", "MjIy", "MjIyMjIyMjItMjIyMi0yMjIyLTIyMjItMjIyMjIyMjIyMjIyCg==", "=", "===="])
    func anIDThatIsNoGUIDIsNotKept(_ text: String) throws {
        let inventory = try inventory(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: aso-credential, namespace: team-a}
            data: {AZURE_SUBSCRIPTION_ID: "\(text)"}
            """
        )
        #expect(inventory.entries[0].credential == Inventory.Credential())
    }

    // MARK: Quantities

    struct Amounts: Sendable {
        let name: String
        let type: String
        let spec: String
        var known: [Quantity: Double] = [:]
        var unknown: Set<Quantity> = []
    }

    static let amounts = [
        Amounts(
            name: "a pool's cores count for each machine",
            type: "containerservice.azure.com/v1api20240901/ManagedCluster",
            spec:
                "{agentPoolProfiles: [{vmSize: Standard_D4s_v3, count: 3, osDiskSizeGB: 100}, {vmSize: Standard_D2s_v3}]}",
            known: [.vCores: 14, .memoryGB: 56, .storageGB: 300, .nodeCount: 3]
        ),
        Amounts(
            name: "a scaler's most counts, not its least",
            type: "containerservice.azure.com/v1api20240901/ManagedClustersAgentPool",
            spec: "{vmSize: Standard_D4s_v3, count: 1, minCount: 1, maxCount: 5}",
            known: [.vCores: 20, .memoryGB: 80, .nodeCount: 5]
        ),
        Amounts(
            name: "disks of a scale set count for each machine",
            type: "compute.azure.com/v1api20220301/VirtualMachineScaleSet",
            spec: """
                {sku: {name: Standard_D2s_v3, capacity: 3}, virtualMachineProfile: {storageProfile: {
                osDisk: {diskSizeGB: 30}, dataDisks: [{diskSizeGB: 10}, {diskSizeGB: 20}]}}}
                """,
            known: [.vCores: 6, .memoryGB: 24, .storageGB: 180, .nodeCount: 3, .capacity: 3]
        ),
        Amounts(
            name: "limits and requests of one container are the same cores",
            type: "containerinstance.azure.com/v1api20211001/ContainerGroup",
            spec: """
                {containers: [{resources: {limits: {cpu: 2, memoryInGB: 4}, requests: {cpu: 1, memoryInGB: 1}}},
                {resources: {requests: {cpu: 1.5, memoryInGB: 1}}}]}
                """,
            known: [.vCores: 3.5, .memoryGB: 5]
        ),
        Amounts(
            name: "a database in the vCore model",
            type: "sql.azure.com/v1api20211101/ServersDatabase",
            spec: "{sku: {name: GP_Gen5, capacity: 4}, maxSizeBytes: 34359738368}",
            known: [.vCores: 4, .memoryGB: 20.76, .storageGB: 32, .capacity: 4]
        ),
        Amounts(
            name: "a database that leaves its size to Azure",
            type: "sql.azure.com/v1api20211101/ServersDatabase",
            spec: "{}",
            known: [.vCores: 2, .memoryGB: 10.38]
        ),
        Amounts(
            name: "a size that nobody knows",
            type: "compute.azure.com/v1api20220301/VirtualMachine",
            spec: "{hardwareProfile: {vmSize: Enormous}}",
            unknown: [.vCores, .memoryGB]
        ),
        Amounts(
            name: "numbers that make no sense",
            type: "compute.azure.com/v1api20240302/Disk",
            spec: "{diskSizeGB: -100}",
            unknown: [.storageGB]
        ),
        Amounts(
            name: "more than any sum needs",
            type: "compute.azure.com/v1api20240302/Disk",
            spec: "{diskSizeGB: 1e300}",
            known: [.storageGB: 1e15]
        ),
        Amounts(
            name: "a storage account's SKU has no cores",
            type: "storage.azure.com/v1api20230101/StorageAccount",
            spec: "{sku: {name: Standard_LRS}}"
        ),
    ]

    @Test(arguments: amounts) func addsUpWhatAnObjectAsksFor(_ amounts: Amounts) throws {
        let entry = try inventory(resource(amounts.type, spec: amounts.spec)).entries[0]
        #expect(entry.kind != nil)
        #expect(entry.quantities == amounts.known, "\(amounts.name)")
        #expect(entry.unknownQuantities == amounts.unknown, "\(amounts.name)")
    }

    // MARK: Faults

    struct Fault: Sendable {
        let text: String
        let says: String
        var isError = true
    }

    static let faults = [
        Fault(text: "just text", says: "a.yaml:1:1: error: the document is a string, not an object"),
        Fault(
            text: "kind: Secret\nmetadata: {name: a}",
            says: "a.yaml:1:1: error: has no apiVersion; add apiVersion"
        ),
        Fault(text: "apiVersion: v1\nkind: [Secret]", says: "a.yaml:2:7: error: kind: must be a string, not a list"),
        Fault(text: "apiVersion: v1\nkind: List\nitems: {a: b}", says: "a.yaml:3:8: error: items: must be a list"),
        Fault(
            text: "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {}}]",
            says: "a.yaml:3:50: error: items[0].metadata: has no name; add a name"
        ),
        Fault(text: "apiVersion: a/b/c\nkind: Secret", says: "a.yaml:1:1: error: apiVersion is \"a/b/c\""),
        Fault(
            text: "apiVersion: v1\nkind: Secret\nmetadata: {generateName: a-}",
            says: "metadata: has no name yet, so it is passed over",
            isError: false
        ),
        Fault(
            text: "apiVersion: v1\nkind: Secret\nmetadata: {name: a}",
            says: "Secret a has no namespace, so it counts as one of default",
            isError: false
        ),
    ]

    @Test(arguments: faults) func tellsFaultsWithPlaceAndMend(_ fault: Fault) throws {
        let result = try build(("a.yaml", fault.text), ("b.yaml", storageAccount("{}")))
        #expect((result.inventory == nil) == fault.isError)
        #expect(result.issues.count == 1)
        let text = result.issues.first?.description ?? ""
        #expect(text.contains(fault.says) && text.contains("; "), "\(text)")
    }

    @Test func allFaultsOfAllFilesAreTold() throws {
        let bad = "apiVersion: v1\nkind: Secret\nmetadata: {}"
        let result = try build(("a.yaml", bad), ("b.yaml", bad + "\n---\n" + bad))
        #expect(result.inventory == nil && result.issues.map(\.file) == ["a.yaml", "b.yaml", "b.yaml"])
    }

    @Test func ofTwoObjectsOfOneNameTheLaterCounts() throws {
        let result = try build(
            ("a.yaml", storageAccount("{location: westeurope}")),
            ("b.yaml", storageAccount("{location: eastus}"))
        )
        let inventory = try #require(result.inventory)
        #expect(inventory.entries.count == 1 && inventory.entries[0].location == "eastus")
        #expect(inventory.counts == [.azure: 1])
        #expect(result.issues.map(\.severity) == [.warning])
        let message = result.issues.first?.message ?? ""
        #expect(message.contains("StorageAccount team-a/thing") && message.contains("a.yaml"))
    }

    @Test func moreObjectsThanAreHeldAreAnError() {
        var builder = InventoryBuilder()
        let text = (0...Inventory.maximumEntries).map { place in
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c\#(place)","namespace":"n"}}"#
        }.joined(separator: ",")
        let document = try? JSONDocument(parsing: Array(#"{"apiVersion":"v1","kind":"List","items":[\#(text)]}"#.utf8))
        if let document { builder.add(document, file: "a.json") }
        let result = builder.finish(folder: "inventory")
        #expect(result.inventory == nil)
        #expect(result.issues.first?.message.contains("100001 objects") == true)
    }

    @Test(arguments: [
        "{apiVersion: storage.azure.com/v1, kind: StorageAccount, metadata: {name: a, namespace: {}, labels: [1]}, spec: 7}",
        "{apiVersion: storage.azure.com/v1, kind: StorageAccount, metadata: {name: a, namespace: n}, spec: {tags: 7, owner: []}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: n}, data: [1], stringData: {AZURE_CLIENT_ID: {}}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n, ownerReferences: {a: 1}}, data: 7}",
        "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {a: 1, b: null}}}",
    ]) func oddShapesAreReadAsFarAsTheyGo(_ text: String) throws {
        #expect(try inventory(text).entries.count == 1)
    }

    @Test func hugeTextsAreNotKept() throws {
        let huge = String(repeating: "x", count: 100_000)
        let many = (0..<1000).map { "t\($0): v" }.joined(separator: ", ")
        let inventory = try inventory(
            storageAccount("{location: \(huge), tags: {big: \(huge), \(many)}}", metadata: "labels: {a: \(huge)}")
        )
        let entry = inventory.entries[0]
        #expect(entry.location == nil && entry.labels.isEmpty)
        #expect(entry.tags.count == 255 && entry.tags["big"] == nil)
    }
}

/// The manifests of Azure Service Operator.
@Suite(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence))) struct InventoryCorpusTests {
    @Test func readsEveryManifest() throws {
        let files = Corpus.files(under: "aso-samples", suffix: ".yaml")
        #expect(files.count == 838)
        var builder = InventoryBuilder()
        var expected: Set<Inventory.Key> = []
        for file in files {
            for document in try JSONDocument.parseYAML(try Corpus.contents(of: file)) {
                builder.add(document, file: file)
                let text = { (path: [String]) -> String? in
                    var value: JSONValue? = document.root
                    for name in path { value = value.flatMap { document.member(name, of: $0) } }
                    return value.flatMap { document.string($0) }
                }
                guard let version = text(["apiVersion"]), let kind = text(["kind"]),
                    let name = text(["metadata", "name"])
                else { continue }
                let group = version.split(separator: "/").count == 2 ? String(version.prefix { $0 != "/" }) : ""
                guard
                    group.hasSuffix(".azure.com")
                        || (group.isEmpty && ["Secret", "ConfigMap", "Namespace"].contains(kind))
                else { continue }
                let namespace =
                    group.isEmpty && kind == "Namespace" ? "" : text(["metadata", "namespace"]) ?? "default"
                expected.insert(Inventory.Key(group: group, kind: kind, namespace: namespace, name: name))
            }
        }
        let result = builder.finish()
        #expect(result.issues.filter { $0.severity == .error }.map(\.description) == [])
        let inventory = try #require(result.inventory)
        #expect(Set(inventory.entries.map(\.key)) == expected)
        #expect(inventory.entries.count > 300)
        let azure = inventory.entries.filter { $0.kind != nil }
        #expect(azure.count > 300)
        // Nearly all have a region and an owner; machines tell their cores.
        #expect(azure.count { $0.owner != nil } > azure.count * 9 / 10)
        for entry in azure where entry.key.kind == "VirtualMachine" {
            #expect((entry.quantities[.vCores] ?? 0) > 0, "\(entry.key)")
        }
    }
}
