import Azure
import Kubernetes
import Policy
import TestSupport
import Testing

@Suite struct LocationRuleTests {
    static let cosmos = "documentdb.azure.com/v1api20240815/DatabaseAccount"
    static let registry = "containerregistry.azure.com/v1api20230701/RegistryReplication"
    static let vault = "dataprotection.azure.com/v1api20231101/BackupVault"
    static let eu = "locations: {allow: [westeurope], replicas: {allow: [northeurope]}}"

    // MARK: Copies

    static let replicas: [RuleCase] = [
        RuleCase(
            "the account and its copies each by their list",
            eu,
            cosmos,
            "{location: West Europe, locations: [{locationName: westeurope}, {locationName: North Europe}]}"
        ),
        RuleCase(
            "a copy elsewhere",
            eu,
            cosmos,
            "{location: westeurope, locations: [{locationName: eastus}]}",
            [
                "spec.locations[0].locationName is \"eastus\"; allowed: northeurope; "
                    + "set spec.locations[0].locationName to northeurope"
            ]
        ),
        RuleCase(
            "the account may not be where only its copies may be",
            eu,
            cosmos,
            "{location: northeurope, locations: [{locationName: northeurope}]}",
            ["spec.location is \"northeurope\"; allowed: westeurope; set spec.location to westeurope"]
        ),
        RuleCase(
            "without a list of their own copies obey the first",
            "locations: {allow: [westeurope]}",
            cosmos,
            "{location: westeurope, locations: [{locationName: northeurope}]}",
            [
                "spec.locations[0].locationName is \"northeurope\"; allowed: westeurope; "
                    + "set spec.locations[0].locationName to westeurope"
            ]
        ),
        RuleCase(
            "only copies are judged",
            "locations: {replicas: {allow: [northeurope]}}",
            cosmos,
            "{location: eastus, locations: [{locationName: northeurope}]}"
        ),
        RuleCase(
            "denied copies",
            "locations: {replicas: {deny: [eastus]}}",
            cosmos,
            "{location: westeurope, locations: [{locationName: East US}, {locationName: westus}]}",
            [
                "spec.locations[0].locationName is \"East US\", which is denied; "
                    + "choose another spec.locations[0].locationName"
            ]
        ),
        RuleCase("a replica of a registry is a copy", eu, registry, "{location: northeurope}"),
        RuleCase(
            "a replica of a registry elsewhere",
            eu,
            registry,
            "{location: westeurope}",
            ["spec.location is \"westeurope\"; allowed: northeurope; set spec.location to northeurope"]
        ),
        RuleCase(
            "a copy that is not said",
            eu,
            registry,
            "{}",
            ["spec.location is not set; allowed: northeurope; set spec.location to northeurope"]
        ),
        RuleCase("a copy that is not said may be allowed", "ifAbsent: Allow, \(eu)", registry, "{}"),
        RuleCase(
            "a copy from a ConfigMap",
            eu,
            registry,
            "{locationFromConfig: {name: a, key: b}}",
            [
                "spec.location is not known at admission (spec.locationFromConfig); allowed: northeurope; "
                    + "set spec.location itself to northeurope"
            ]
        ),
        RuleCase(
            "a list of plain regions",
            eu,
            vault,
            "{location: westeurope, properties: {replicatedRegions: [northeurope, eastus]}}",
            [
                "spec.properties.replicatedRegions[1] is \"eastus\"; allowed: northeurope; "
                    + "set spec.properties.replicatedRegions[1] to northeurope"
            ]
        ),
        RuleCase(
            "a copy that is no text",
            eu,
            cosmos,
            "{location: westeurope, locations: [{locationName: [northeurope]}]}",
            [
                "spec.locations[0].locationName is \"a list of 1\"; allowed: northeurope; "
                    + "set spec.locations[0].locationName to northeurope"
            ]
        ),
    ]

    @Test(arguments: replicas) func judgesCopies(_ example: RuleCase) throws { try example.check() }

    @Test func everyRowOfCopiesIsALocation() throws {
        for row in try AzureDataFiles.rows("replicas.tsv") {
            let kind = try #require(AzureTables.embedded.kind(group: row[0], kind: row[1]))
            #expect(kind.has(.location), "\(kind)")
        }
    }

    // MARK: Owners

    /// A group in westeurope, a server in it that is in northeurope, and one that a ConfigMap places.
    static let inventory = Inventory([
        entry("resources.azure.com", "ResourceGroup", "rg", location: "westeurope"),
        entry("sql.azure.com", "Server", "server", location: "northeurope"),
        entry("sql.azure.com", "Server", "server-of-config"),
        entry(
            "network.azure.com",
            "VirtualNetworksSubnet",
            "subnet",
            owner: Inventory.Key(group: "resources.azure.com", kind: "ResourceGroup", namespace: "team-a", name: "rg")
        ),
        entry(
            "network.azure.com",
            "VirtualNetworksSubnet",
            "circle",
            owner: Inventory.Key(
                group: "network.azure.com",
                kind: "VirtualNetworksSubnet",
                namespace: "team-a",
                name: "circle"
            )
        ),
        entry("resources.azure.com", "ResourceGroup", "elsewhere", namespace: "team-b", location: "westeurope"),
    ])

    private static func entry(
        _ group: String,
        _ kind: String,
        _ name: String,
        namespace: String = "team-a",
        location: String? = nil,
        owner: Inventory.Key? = nil
    ) -> Inventory.Entry {
        Inventory.Entry(
            key: Inventory.Key(group: group, kind: kind, namespace: namespace, name: name),
            kind: AzureTables.embedded.kind(group: group, kind: kind),
            location: location,
            owner: owner.map { .object($0) }
        )
    }

    static let same = "locations: {sameAsOwner: Required}"
    static let account = "storage.azure.com/v1api20230101/StorageAccount"
    static let database = "sql.azure.com/v20211101/ServersDatabase"

    private static func unknown(_ value: String, _ owner: String) -> String {
        "spec.location is \"\(value)\", which must be the location of its owner \(owner), and that is not known here"
    }

    static let owners: [RuleCase] = [
        RuleCase("beside its group", same, account, "{location: West Europe, owner: {name: rg}}"),
        RuleCase(
            "elsewhere than its group",
            same,
            account,
            "{location: eastus, owner: {name: rg}}",
            [
                "spec.location is \"eastus\", but its owner is elsewhere; allowed: westeurope; "
                    + "use the location of the owner, westeurope"
            ]
        ),
        RuleCase("a database beside its server", same, database, "{location: northeurope, owner: {name: server}}"),
        RuleCase(
            "a database elsewhere than its server",
            same,
            database,
            "{location: westeurope, owner: {name: server}}",
            [
                "spec.location is \"westeurope\", but its owner is elsewhere; allowed: northeurope; "
                    + "use the location of the owner, northeurope"
            ]
        ),
        RuleCase(
            "an owner that nobody knows",
            same,
            account,
            "{location: westeurope, owner: {name: other}}",
            [unknown("westeurope", "ResourceGroup/other")]
        ),
        RuleCase(
            "another namespace's group is another",
            same,
            account,
            "{location: westeurope, owner: {name: elsewhere}}",
            [unknown("westeurope", "ResourceGroup/elsewhere")]
        ),
        RuleCase(
            "an owner by its ID",
            same,
            account,
            "{location: westeurope, owner: {armId: /subscriptions/x}}",
            [unknown("westeurope", "/subscriptions/x")]
        ),
        RuleCase(
            "an owner that a ConfigMap places",
            same,
            database,
            "{location: westeurope, owner: {name: server-of-config}}",
            [unknown("westeurope", "Server/server-of-config")]
        ),
        RuleCase(
            "what nobody knows may pass",
            "ifUnknown: Allow, \(same)",
            account,
            "{location: westeurope, owner: {name: other}}"
        ),
        RuleCase(
            "no owner",
            same,
            account,
            "{location: westeurope}",
            ["spec.owner is not set; set spec.owner"]
        ),
        RuleCase("no owner may pass", "ifAbsent: Allow, \(same)", account, "{location: westeurope}"),
        RuleCase(
            "no location",
            same,
            account,
            "{owner: {name: rg}}",
            ["spec.location is not set; allowed: westeurope; set spec.location to westeurope"]
        ),
        RuleCase("no location may pass", "ifAbsent: Allow, \(same)", account, "{owner: {name: rg}}"),
        RuleCase(
            "a location from a ConfigMap",
            same,
            account,
            "{locationFromConfig: {name: a, key: b}, owner: {name: rg}}",
            [
                "spec.location is not known at admission (spec.locationFromConfig); allowed: westeurope; "
                    + "set spec.location itself to westeurope"
            ]
        ),
        RuleCase(
            "resources of no region are nowhere else",
            same,
            "network.azure.com/v1api20180901/PrivateDnsZone",
            "{location: global, owner: {name: rg}}"
        ),
        RuleCase(
            "resources of no region may be refused",
            "locations: {sameAsOwner: Required, global: Deny}",
            "network.azure.com/v1api20180901/PrivateDnsZone",
            "{location: global, owner: {name: rg}}",
            [
                "spec.location is \"global\"; allowed: a region; set spec.location to a region"
            ]
        ),
        RuleCase(
            "a group has no owner",
            same,
            "resources.azure.com/v1api20200601/ResourceGroup",
            "{location: westeurope}"
        ),
        RuleCase(
            "copies may be elsewhere",
            same,
            cosmos,
            "{location: westeurope, owner: {name: rg}, locations: [{locationName: eastus}]}"
        ),
        RuleCase(
            "lists hold too",
            "locations: {allow: [northeurope], sameAsOwner: Required}",
            account,
            "{location: westeurope, owner: {name: rg}}",
            ["spec.location is \"westeurope\"; allowed: northeurope; set spec.location to northeurope"]
        ),
        RuleCase(
            "an extension of something without a location is where that is",
            same,
            "insights.azure.com/v1api20210501preview/DiagnosticSetting",
            "{owner: {group: network.azure.com, kind: VirtualNetworksSubnet, name: circle}}"
        ),
    ]

    @Test(arguments: owners) func comparesWithOwners(_ example: RuleCase) throws {
        try example.check(inventory: Self.inventory)
    }

    @Test func withoutAnInventoryNothingIsKnown() throws {
        try RuleCase(
            "",
            Self.same,
            Self.account,
            "{location: westeurope, owner: {name: rg}}",
            [Self.unknown("westeurope", "ResourceGroup/rg")]
        ).check()
    }

    static let broken: [(rule: String, message: String)] = [
        ("locations: {}", "says nothing"),
        ("locations: {global: Deny}", "says nothing"),
        ("locations: {replicas: {}}", "says nothing"),
        ("locations: {replicas: [westeurope]}", "must be an object"),
        ("locations: {replicas: {alow: [westeurope]}}", "did you mean \"allow\"?"),
        ("locations: {replicas: {allow: []}}", "is an empty list"),
        ("locations: {sameAsOwner: true}", "must be a string, not a boolean; write Required"),
        ("locations: {sameAsOwner: [Required]}", "must be a string, not a list; write Required"),
        ("locations: {sameAsOwner: Maybe}", "write Required"),
    ]

    @Test(arguments: broken) func saysWhatIsWrong(_ rule: String, _ message: String) throws {
        let result = try compile([("p.yaml", policy(rule: rule))])
        #expect(result.set == nil)
        #expect(result.issues.contains { $0.description.contains(message) }, "\(result.issues)")
    }

    @Test func unknownRegionsOfCopiesAreWarnedOf() throws {
        let result = try compile([("p.yaml", policy(rule: "locations: {replicas: {allow: [northeurop]}}"))])
        #expect(result.set != nil)
        #expect(result.issues.contains { $0.description.contains("did you mean \"northeurope\"?") })
    }
}
