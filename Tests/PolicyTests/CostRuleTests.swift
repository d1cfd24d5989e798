import Azure
import Kubernetes
import Policy
import Testing

@Suite struct CostRuleTests {
    static let prices = """
        apiVersion: portcullis.dev/v1alpha1
        kind: PriceList
        metadata: {name: retail}
        spec:
          currency: EUR
          prices:
            - {kind: sql.azure.com/ServersDatabase, sku: "GP_Gen5_*", location: West Europe, unit: vCoreHour, price: 0.2}
            - {kind: sql.azure.com/ServersDatabase, sku: "GP_Gen5_*", unit: vCoreHour, price: 0.3}
            - {kind: sql.azure.com/ServersDatabase, tier: Basic, unit: month, price: 4.9}
            - {kind: sql.azure.com/ServersDatabase, sku: "GP*", unit: GBMonth, price: 0.1}
            - {kind: "containerservice.azure.com/*", sku: Base, unit: month, price: 0}
            - {kind: "containerservice.azure.com/*", sku: "Standard_D4s_*", unit: hour, price: 0.1}
            - {kind: "containerservice.azure.com/*", sku: "Standard_D8s_*", unit: hour, price: 0.2}
            - {kind: "containerservice.azure.com/*", sku: "Standard_D4s_*", unit: hour, price: 99, currency: USD}
            - {kind: eventhub.azure.com/Namespace, sku: Standard, unit: unitHour, price: 0.03}
            - {kind: documentdb.azure.com/SqlDatabase, unit: throughputHour, price: 0.00008}
            - {kind: network.azure.com/VirtualNetwork, unit: month, price: 0}
            - {kind: network.azure.com/PrivateEndpoint, unit: hour, price: 0.01}
            - {kind: storage.azure.com/StorageAccount, location: westeurope, unit: month, price: 20}
        """

    static let database = "sql.azure.com/v20211101/ServersDatabase"
    static let pool = "containerservice.azure.com/v1api20240901/ManagedClustersAgentPool"
    static let cluster = "containerservice.azure.com/v1api20240901/ManagedCluster"
    static let rule = "cost: {maximum: 500, currency: EUR}"
    static let strict = "ifUnknown: Deny, cost: {maximum: 500, currency: EUR}"
    static let tail = "; choose a smaller or cheaper size, or fewer"

    private static func unpriced(_ place: String, _ value: String) -> String {
        "\(place) is \"\(value)\", for which the price list has no price in EUR; "
            + "choose a size that has a price, or ask the platform team to add it to the price list"
    }

    static let cases: [RuleCase] = [
        RuleCase("priced within", strict, database, "{location: westeurope, sku: {name: GP_Gen5_2}}"),
        RuleCase(
            "priced above: 4 × 730 × 0.2",
            rule,
            database,
            "{location: westeurope, sku: {name: GP_Gen5_4}}",
            [
                "spec.sku.name is \"GP_Gen5_4\": about 584 EUR a month (4 vCores × 730 h × 0.2), the maximum is 500 EUR"
                    + tail
            ]
        ),
        RuleCase(
            "another region has another price",
            rule,
            database,
            "{location: eastus, sku: {name: GP_Gen5_4}}",
            [
                "spec.sku.name is \"GP_Gen5_4\": about 876 EUR a month (4 vCores × 730 h × 0.3), the maximum is 500 EUR"
                    + tail
            ]
        ),
        RuleCase(
            "storage is added",
            "cost: {maximum: 300, currency: EUR}",
            database,
            "{location: westeurope, sku: {name: GP_Gen5_2}, maxSizeBytes: 274877906944}",
            [
                "spec.sku.name is \"GP_Gen5_2\": about 317.60 EUR a month (2 vCores × 730 h × 0.2 + 256 GB × 0.1), "
                    + "the maximum is 300 EUR" + tail
            ]
        ),
        RuleCase(
            "the default has a price",
            "cost: {maximum: 200, currency: EUR}",
            database,
            "{location: westeurope}",
            [
                "spec.sku.name is not set: about 292 EUR a month (2 vCores × 730 h × 0.2), the maximum is 200 EUR"
                    + tail
            ]
        ),
        RuleCase("priced by tier", strict, database, "{location: westeurope, sku: {name: Basic, tier: Basic}}"),
        RuleCase(
            "machines count",
            rule,
            pool,
            "{vmSize: Standard_D4s_v5, count: 10}",
            [
                "spec.vmSize is \"Standard_D4s_v5\": about 730 EUR a month (10 × 730 h × 0.1), the maximum is 500 EUR"
                    + tail
            ]
        ),
        RuleCase(
            "what a scaler may make counts",
            rule,
            pool,
            "{vmSize: Standard_D4s_v5, count: 1, minCount: 1, maxCount: 10}",
            [
                "spec.vmSize is \"Standard_D4s_v5\": about 730 EUR a month (10 × 730 h × 0.1), the maximum is 500 EUR"
                    + tail
            ]
        ),
        RuleCase(
            "pools add up, at the dearest; what is free is not told",
            strict,
            cluster,
            """
            {location: westeurope, agentPoolProfiles: [{name: a, vmSize: Standard_D4s_v5, count: 2},
            {name: b, vmSize: Standard_D8s_v5, count: 3}]}
            """,
            [
                "spec.agentPoolProfiles[1].vmSize is \"Standard_D8s_v5\": about 584 EUR a month "
                    + "(2 × 730 h × 0.1 + 3 × 730 h × 0.2), the maximum is 500 EUR" + tail
            ]
        ),
        RuleCase(
            "units of capacity",
            "cost: {maximum: 100, currency: EUR}",
            "eventhub.azure.com/v1api20240101/Namespace",
            "{location: westeurope, sku: {name: Standard, capacity: 5}}",
            [
                "spec.sku.name is \"Standard\": about 109.50 EUR a month (5 × 730 h × 0.03), the maximum is 100 EUR"
                    + tail
            ]
        ),
        RuleCase(
            "one unit if nothing is said",
            "cost: {maximum: 21, currency: EUR}",
            "eventhub.azure.com/v1api20240101/Namespace",
            "{location: westeurope, sku: {name: Standard}}",
            ["spec.sku.name is \"Standard\": about 21.90 EUR a month (730 h × 0.03), the maximum is 21 EUR" + tail]
        ),
        RuleCase(
            "throughput",
            "cost: {maximum: 50, currency: EUR}",
            "documentdb.azure.com/v1api20240815/SqlDatabase",
            "{options: {throughput: 1000}}",
            [
                "spec.options.throughput is \"1000\": about 58.40 EUR a month (1000 × 730 h × 0.00008), the maximum is 50 EUR"
                    + tail
            ]
        ),
        RuleCase("free", strict, "network.azure.com/v1api20240301/VirtualNetwork", "{location: westeurope}"),
        RuleCase(
            "a kind without SKU",
            "cost: {maximum: 7, currency: EUR}",
            "network.azure.com/v1api20240301/PrivateEndpoint",
            "{location: westeurope}",
            ["spec costs about 7.30 EUR a month (730 h × 0.01), the maximum is 7 EUR; choose another kind of resource"]
        ),
        RuleCase("unpriced passes", rule, database, "{location: westeurope, sku: {name: BC_Gen5_80}}"),
        RuleCase(
            "unpriced is denied where the rule says so",
            strict,
            database,
            "{location: westeurope, sku: {name: BC_Gen5_80}}",
            [unpriced("spec.sku.name", "BC_Gen5_80")]
        ),
        RuleCase(
            "a kind without any price",
            strict,
            "network.azure.com/v1api20240301/NatGateway",
            "{location: westeurope, sku: {name: Standard}}",
            [unpriced("spec.sku.name", "Standard")]
        ),
        RuleCase(
            "a kind without any price and without SKU",
            strict,
            "network.azure.com/v1api20240301/RouteTable",
            "{location: westeurope}",
            [unpriced("kind", "network.azure.com/RouteTable")]
        ),
        RuleCase(
            "a region without a price",
            strict,
            "storage.azure.com/v1api20230101/StorageAccount",
            "{location: eastus, sku: {name: Standard_LRS}}",
            [unpriced("spec.sku.name", "Standard_LRS")]
        ),
        RuleCase(
            "a part without a price does not hide what the others cost",
            rule,
            cluster,
            "{agentPoolProfiles: [{name: a, vmSize: Enormous, count: 2}, {name: b, vmSize: Standard_D8s_v5, count: 5}]}",
            [
                "spec.agentPoolProfiles[1].vmSize is \"Standard_D8s_v5\": about 730 EUR a month (5 × 730 h × 0.2), "
                    + "the maximum is 500 EUR" + tail
            ]
        ),
        RuleCase("a size from a ConfigMap passes", rule, pool, "{vmSizeFromConfig: {name: a, key: b}}"),
        RuleCase(
            "a size from a ConfigMap is denied where the rule says so",
            strict,
            pool,
            "{vmSizeFromConfig: {name: a, key: b}}",
            ["spec.vmSize is not known at admission (spec.vmSizeFromConfig); set spec.vmSize itself"]
        ),
        RuleCase("no size passes", rule, pool, "{count: 3}"),
        RuleCase(
            "no size is denied where the rule says so",
            "ifAbsent: Deny, \(rule)",
            pool,
            "{count: 3}",
            ["spec.vmSize is not set; set spec.vmSize"]
        ),
        RuleCase("no size is allowed where the rule says so", "ifAbsent: Allow, \(strict)", pool, "{count: 3}"),
    ]

    @Test(arguments: cases) func estimates(_ example: RuleCase) throws { try example.check([Self.prices]) }

    @Test func aChildsRegionIsItsOwners() throws {
        let key = Inventory.Key(
            group: "containerservice.azure.com",
            kind: "ManagedCluster",
            namespace: "team-a",
            name: "aks"
        )
        let prices = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PriceList
            metadata: {name: regional}
            spec: {currency: EUR, prices: [{kind: "*/*", location: "*europe", unit: hour, price: 1}]}
            """
        let child = RuleCase(
            "",
            Self.strict,
            Self.pool,
            "{owner: {name: aks}, vmSize: Standard_D4s_v5}",
            [
                "spec.vmSize is \"Standard_D4s_v5\": about 730 EUR a month (730 h × 1), the maximum is 500 EUR"
                    + Self.tail
            ]
        )
        try child.check([prices], inventory: Inventory([Inventory.Entry(key: key, location: "westeurope")]))
        let lost = RuleCase("", Self.strict, Self.pool, child.spec, [Self.unpriced("spec.vmSize", "Standard_D4s_v5")])
        try lost.check([prices])
    }

    @Test func listsAreAskedInTheOrderOfTheirNames() throws {
        func list(_ name: String, _ price: Int) -> String {
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: PriceList
            metadata: {name: \(name)}
            spec: {currency: EUR, prices: [{kind: "*/*", unit: month, price: \(price)}]}
            """
        }
        let cheap = RuleCase("", Self.strict, Self.pool, "{vmSize: Standard_D4s_v5}")
        try cheap.check([list("b", 1000), list("a", 1)])
    }

    @Test func moreThanFourTermsAreCounted() throws {
        let pools = (0..<6).map { "{name: p\($0), vmSize: Standard_D8s_v5, count: 1}" }.joined(separator: ", ")
        let set = try policies(policy(rule: Self.rule), Self.prices)
        let decision = try set.decide(.create(resource(Self.cluster, spec: "{agentPoolProfiles: [\(pools)]}")))
        let line = try #require(decision.failures.first?.message)
        #expect(line.contains("about 876 EUR a month"))
        #expect(line.contains("730 h × 0.2 + 2 more)"), "\(line)")
    }

    static let hostile = [
        "{vmSize: Standard_D4s_v5, count: 1e300}", "{vmSize: Standard_D4s_v5, count: -3}",
        "{vmSize: Standard_D4s_v5, count: 1e400}", "{vmSize: Standard_D4s_v5, count: [3]}",
        "{vmSize: [Standard_D4s_v5], count: 3}", "{vmSize: 7}", "{vmSize: \"\"}", "[]", "x",
    ]

    @Test(arguments: hostile) func hostileNumbersAreJudged(_ spec: String) throws {
        let set = try policies(policy(rule: Self.strict), Self.prices)
        let decision = try? set.decide(.create(resource(Self.pool, spec: spec)))
        for failure in decision?.failures ?? [] { #expect(!failure.description.contains("nan")) }
        #expect(decision?.allowed != true, "\(spec)")
    }

    static let broken: [(rule: String, prices: String, message: String)] = [
        ("cost: {}", "", "has no maximum"),
        ("cost: {maximum: 5}", "", "has no currency"),
        ("cost: {maximum: -5, currency: EUR}", "", "must not be negative"),
        ("cost: {maximum: 5, currency: euro}", "", "write a currency's code, such as EUR"),
        ("cost: {maximum: 5, currency: CHF}", "", "no PriceList of this folder has a price in CHF"),
        ("cost: {maximun: 5, currency: EUR}", "", "did you mean \"maximum\"?"),
        ("kinds: {deny: [a/b]}", "spec: {currency: EUR}", "has no prices"),
        ("kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: []}", "is an empty list"),
        ("kinds: {deny: [a/b]}", "spec: {prices: [{kind: \"*/*\", unit: hour, price: 1}]}", "has no currency"),
        ("kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{unit: hour, price: 1}]}", "has no kind"),
        ("kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", price: 1}]}", "has no unit"),
        ("kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", unit: hour}]}", "has no price"),
        (
            "kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: a, unit: hour, price: 1}]}",
            "write group/Kind"
        ),
        (
            "kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", unit: week, price: 1}]}",
            "write hour, month"
        ),
        (
            "kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", unit: hour, price: -1}]}",
            "must not be negative"
        ),
        (
            "kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", unit: hour, price: 1e10}]}",
            "is above 1000000000"
        ),
        (
            "kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", unit: hour, price: \"1\"}]}",
            "must be a number"
        ),
        (
            "kinds: {deny: [a/b]}", "spec: {currency: EUR, prices: [{kind: \"*/*\", skus: S0, unit: hour, price: 1}]}",
            "did you mean \"sku\"?"
        ),
        ("kinds: {deny: [a/b]}", "", "has no spec"),
    ]

    @Test(arguments: broken) func saysWhatIsWrong(_ rule: String, _ prices: String, _ message: String) throws {
        let list = "apiVersion: portcullis.dev/v1alpha1\nkind: PriceList\nmetadata: {name: p}\n\(prices)"
        let result = try compile([("p.yaml", policy(rule: rule)), ("prices.yaml", list)])
        #expect(result.set == nil)
        #expect(result.errors.contains { $0.description.contains(message) }, "\(result.issues)")
    }

    @Test func slipsAreWarnedOf() throws {
        let list = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PriceList
            metadata: {name: p}
            spec:
              currency: EUR
              prices:
                - {kind: sql.azure.com/ServerDatabase, unit: hour, price: 1}
                - {kind: sql.azure.com/ServersDatabase, location: westeurop, unit: hour, price: 1}
                - {kind: "nothing/*", unit: hour, price: 1}
            """
        let result = try compile([("prices.yaml", list)])
        #expect(result.set != nil)
        let lines = result.issues.map(\.description)
        #expect(lines.count == 3)
        #expect(lines[0].contains("did you mean \"sql.azure.com/ServersDatabase\"?"))
        #expect(lines[1].contains("is not a region that we know"))
        #expect(lines[2].contains("fits no kind that we know"))
    }
}
