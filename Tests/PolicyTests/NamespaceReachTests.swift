import Azure
import JSON
import Policy
import TestSupport
import Testing

/// The kinds of rules that there are, in the order in which messages list them.
func ruleBodies() throws -> [String] {
    let issue = try #require(try compile([("p.yaml", policy(rule: "action: Deny"))]).errors.first)
    let list = try #require(issue.description.split(separator: "add one of ").last)
    return list.split(separator: ", ").map(String.init)
}

/// What a NamespaceAzurePolicy may know: its own namespace, and nothing of others.
@Suite struct NamespaceReachTests {
    static let reaching = [
        "quota: {count: 5, per: Binding}", "quota: {count: 5, per: {label: team}}",
        "quota: {sum: {vCores: 5}, per: {label: team}}",
    ]

    @Test(arguments: reaching) func quotasOfSeveralNamespacesAreRefused(_ rule: String) throws {
        let result = try compile([("n.yaml", namespacePolicy(spec: "{rules: [{name: r, \(rule)}]}"))])
        #expect(result.set == nil)
        #expect(
            result.errors.map(\.message) == ["looks at other namespaces, which a NamespaceAzurePolicy may not"],
            "\(result.issues)"
        )
        #expect(try compile([("p.yaml", policy(rule: rule))]).set != nil)
    }

    @Test(arguments: ["quota: {count: 5}", "quota: {count: 5, per: Namespace}"])
    func quotasOfItsOwnAreNot(_ rule: String) throws {
        #expect(try compile([("n.yaml", namespacePolicy(spec: "{rules: [{name: r, \(rule)}]}"))]).set != nil)
    }

    /// Every kind of rule in the forms that ask for more than the object.
    static let rules: [String: [String]] = [
        "locations": ["{allow: [westeurope]}", "{sameAsOwner: Required}"],
        "skus": ["{allow: [Standard_LRS], maximum: {vCores: 4}}"],
        "tags": ["{required: {team: {}}}", "{inherited: [team]}", "{inherited: {t: {fromNamespaceAnnotation: team}}}"],
        "naming": ["{prefix: '${namespace}-'}"],
        "exposure": ["{publicNetworkAccess: Disabled}", "{privateEndpoints: Required}", "{firewall: Required}"],
        "encryption": ["{customerManagedKey: Required}"],
        "zones": ["{redundant: Required}"],
        "backup": ["{softDelete: Required}"],
        "cost": ["{maximum: 5, currency: EUR}"],
        "kinds": ["{deny: ['storage.azure.com/*']}"],
        "deletion": ["{detachOnDelete: Deny, protected: true}"],
        "immutable": ["{fields: [spec.location]}"],
        "cel": ["{expression: 'namespaceObject.metadata.name == object.spec.x'}"],
        "quota": ["{count: 1}", "{sum: {storageGB: 5, vCores: 2}}"],
    ]

    @Test func noKindOfRuleIsMissingHere() throws {
        #expect(try ruleBodies() == ruleBodies().filter { Self.rules[$0] != nil })
        #expect(try Self.rules.count == ruleBodies().count)
    }

    static let prices = """
        apiVersion: portcullis.dev/v1alpha1
        kind: PriceList
        metadata: {name: list}
        spec:
          currency: EUR
          prices: [{kind: '*/*', location: westeurope, unit: month, price: 1}, {kind: '*/*', unit: month, price: 9}]
        """

    private static let scope = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"

    /// What random objects of a namespace say, some of them about one another.
    static func entries(_ namespace: String, _ maker: inout PropertyTests.Maker) throws -> [Inventory.Entry] {
        let groups = "resources.azure.com"
        let account = "storage.azure.com"
        let id = "\(scope)/providers/Microsoft.Storage/storageAccounts/thing"
        func key(_ group: String, _ kind: String, _ name: String) -> Inventory.Key {
            Inventory.Key(group: group, kind: kind, namespace: kind == "Namespace" ? "" : namespace, name: name)
        }
        func kind(_ group: String, _ name: String) -> AzureKind? { AzureTables.embedded.kind(group: group, kind: name) }
        let owner = Inventory.Owner.object(key(groups, "ResourceGroup", "rg"))
        let all = [
            Inventory.Entry(
                key: key(groups, "ResourceGroup", "rg"),
                kind: kind(groups, "ResourceGroup"),
                location: maker.one(["westeurope", "eastus"])
            ),
            Inventory.Entry(
                key: key(account, "StorageAccount", "thing"),
                kind: kind(account, "StorageAccount"),
                owner: owner,
                resourceID: try ResourceID(parsing: id)
            ),
            Inventory.Entry(
                key: key(account, "StorageAccount", "other"),
                kind: kind(account, "StorageAccount"),
                quantities: [.storageGB: 3, .vCores: 2]
            ),
            Inventory.Entry(
                key: key("network.azure.com", "PrivateEndpoint", "way"),
                kind: kind("network.azure.com", "PrivateEndpoint"),
                privateEndpointTargets: [
                    maker.happens(50) ? .armID(id) : .object(key(account, "StorageAccount", "thing"))
                ]
            ),
            Inventory.Entry(key: key("", "Namespace", namespace), labels: ["team": maker.one(["a", "b"])]),
        ]
        var some: [Inventory.Entry] = []
        for entry in all where maker.happens(60) { some.append(entry) }
        return some
    }

    static func object(_ maker: inout PropertyTests.Maker) -> String {
        let owner = maker.one(["{name: rg}", "{armId: '\(scope)'}"])
        let location = maker.one(["westeurope", "eastus", "None"])
        let tags = maker.one(["{team: a}", "{team: b, t: a}", "{}"])
        return storageAccount("{owner: \(owner), location: \(location), tags: \(tags), x: team-a}")
    }

    /// Whatever other namespaces have changes no decision of a NamespaceAzurePolicy.
    @Test func decisionsKnowNothingOfOtherNamespaces() throws {
        var differing = 0
        for (field, bodies) in Self.rules.sorted(by: { $0.key < $1.key }) {
            for (number, body) in bodies.enumerated() {
                let rule = "\(field): \(body)"
                let own = try policies(namespacePolicy(spec: "{rules: [{name: r, \(rule)}]}"), Self.prices)
                let wide = try policies(policy(rule: rule), Self.prices)
                for seed in 0..<150 {
                    let start = UInt64(seed &* 131 &+ number) &+ 40_000
                    var maker = PropertyTests.Maker(random: SplitMix64(seed: start))
                    let mine = try Self.entries("team-a", &maker)
                    let others = try Self.entries("team-b", &maker)
                    let (old, new) = (Self.object(&maker), Self.object(&maker))
                    let ask = [Ask.create(new), .update(old, to: new), .delete(old)][seed % 3]
                    func lines(_ set: PolicySet, _ entries: [Inventory.Entry]) throws -> [String] {
                        set.decide(try ask.request(), mode: .mutateAndValidate, inventory: Inventory(entries)).lines
                    }
                    let alone = try lines(own, mine)
                    #expect(try lines(own, (mine + others).shuffled(using: &maker.random)) == alone, "\(rule) \(seed)")
                    if try lines(wide, mine + others) != lines(wide, mine) { differing += 1 }
                }
            }
        }
        // An AzurePolicy sees the private endpoints of others, so that these inventories do make a difference.
        #expect(differing > 0)
    }
}
