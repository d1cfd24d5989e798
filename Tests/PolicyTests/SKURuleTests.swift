import Kubernetes
import Policy
import Testing

/// One object and one rule, and what is said.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let name: String
    let rule: String
    let type: String
    let spec: String
    /// The failures' lines without policy and rule.
    let lines: [String]

    init(_ name: String, _ rule: String, _ type: String, _ spec: String, _ lines: [String] = []) {
        self.name = name
        self.rule = rule
        self.type = type
        self.spec = spec
        self.lines = lines
    }

    var testDescription: String { name }

    func check(_ more: [String] = [], inventory: Inventory? = nil) throws {
        try decideUnderEachAction(rule, resource(type, spec: spec), more, inventory: inventory) { decision in
            #expect(decision.failures.map(\.message) == lines, "\(name)")
        }
    }
}

@Suite struct SKURuleTests {
    static let database = "sql.azure.com/v20211101/ServersDatabase"
    static let machine = "compute.azure.com/v1api20220301/VirtualMachine"
    static let cluster = "containerservice.azure.com/v1api20240901/ManagedCluster"
    static let pool = "containerservice.azure.com/v1api20240901/ManagedClustersAgentPool"

    // MARK: What providers take

    static let defaults: [RuleCase] = [
        RuleCase("the default is allowed by its name", "skus: {allow: [\"GP_Gen5_*\"]}", database, "{}"),
        RuleCase("the default is allowed by its tier", "skus: {allow: [{tier: generalpurpose}]}", database, "{}"),
        RuleCase("the default is allowed by its family", "skus: {allow: [{family: Gen5}]}", database, "{sku: null}"),
        RuleCase(
            "the default is not allowed by its name",
            "skus: {allow: [S0, S1]}",
            database,
            "{}",
            ["spec.sku.name is not set and Azure takes GP_Gen5_2; allowed: S0, S1; set spec.sku.name to S0 or S1"]
        ),
        RuleCase(
            "the default is not allowed by its tier",
            "skus: {allow: [{tier: Standard}]}",
            database,
            "{}",
            [
                "spec.sku.name is not set and Azure takes GP_Gen5_2; allowed: tier=Standard; choose a SKU with tier=Standard"
            ]
        ),
        RuleCase(
            "the default is denied",
            "skus: {deny: [{tier: GeneralPurpose}]}",
            database,
            "{}",
            [
                "spec.sku.name is not set and Azure takes GP_Gen5_2, which is denied (tier=GeneralPurpose); choose another SKU"
            ]
        ),
        RuleCase("another is denied", "skus: {deny: [{tier: Premium}]}", database, "{}"),
        RuleCase("the default is within the ceiling", "skus: {maximum: {vCores: 2, memoryGB: 11}}", database, "{}"),
        RuleCase(
            "the default is above ceilings",
            "skus: {maximum: {vCores: 1, memoryGB: 8, capacity: 1}}",
            database,
            "{}",
            [
                "spec.sku.name is not set and Azure takes GP_Gen5_2 (2), the maximum is 1; choose a size of 1 or less",
                "spec.sku.name is not set and Azure takes GP_Gen5_2 (2 vCores), the maximum is 1 vCore; "
                    + "choose a size of 1 vCore or less",
                "spec.sku.name is not set and Azure takes GP_Gen5_2 (10.38 GB), the maximum is 8 GB; "
                    + "choose a size of 8 GB or less",
            ]
        ),
        RuleCase("ifAbsent allows whatever Azure takes", "ifAbsent: Allow, skus: {allow: [S0]}", database, "{}"),
        RuleCase(
            "ifAbsent denies whatever Azure takes",
            "ifAbsent: Deny, skus: {allow: [\"GP*\"]}",
            database,
            "{}",
            ["spec.sku.name is not set; allowed: GP*; set spec.sku.name to a value that matches GP*"]
        ),
        RuleCase(
            "a copy has the SKU of what it copies, which nobody knows",
            "skus: {allow: [\"GP*\"]}",
            database,
            "{createMode: Copy}",
            ["spec.sku.name is not set; allowed: GP*; set spec.sku.name to a value that matches GP*"]
        ),
        RuleCase("a copy is below any ceiling", "skus: {maximum: {vCores: 1}}", database, "{createMode: Copy}"),
        RuleCase("a database of a pool", "skus: {allow: [ElasticPool]}", database, "{elasticPoolReference: {name: p}}"),
        RuleCase(
            "a tier alone names no SKU",
            "skus: {allow: [{tier: Basic}]}",
            database,
            "{sku: {tier: Basic}}",
            ["spec.sku.name is not set; allowed: tier=Basic; choose a SKU with tier=Basic"]
        ),
        RuleCase(
            "a tier that only a ConfigMap knows",
            "skus: {allow: [{tier: Basic}, {tier: Standard}]}",
            database,
            "{sku: {name: S0, tierFromConfig: {name: a, key: b}}}",
            [
                "spec.sku.tier is not known at admission (spec.sku.tierFromConfig); allowed: tier=Basic, tier=Standard; "
                    + "choose a SKU with tier=Basic or tier=Standard"
            ]
        ),
        RuleCase(
            "nobody can write a pattern as it stands",
            "skus: {allow: [\"Standard_B*\", Standard_D2s_v5]}",
            pool,
            "{vmSize: Standard_M128s}",
            [
                "spec.vmSize is \"Standard_M128s\"; allowed: Standard_B*, Standard_D2s_v5; "
                    + "set spec.vmSize to a value that matches Standard_B* or Standard_D2s_v5"
            ]
        ),
        RuleCase(
            "a cluster's own SKU and a machine that is not said",
            "skus: {deny: [{tier: Free}]}",
            cluster,
            "{agentPoolProfiles: [{name: a}]}",
            ["spec.sku.name is not set and Azure takes Base, which is denied (tier=Free); choose another SKU"]
        ),
    ]

    @Test(arguments: defaults) func judgesWhatTheProviderTakes(_ example: RuleCase) throws { try example.check() }

    // MARK: Machines and services

    static let scopes: [RuleCase] = [
        RuleCase(
            "machines alone, of a cluster whose own SKU is missing",
            "skus: {of: Machines, allow: [Standard_B2s]}",
            cluster,
            "{agentPoolProfiles: [{name: a, vmSize: Standard_B2s}, {name: b, vmSize: Standard_E2_v5}]}",
            [
                "spec.agentPoolProfiles[1].vmSize is \"Standard_E2_v5\"; allowed: Standard_B2s; "
                    + "set spec.agentPoolProfiles[1].vmSize to Standard_B2s"
            ]
        ),
        RuleCase(
            "services alone, of a cluster whose machines would be denied",
            "skus: {of: Services, deny: [{tier: Free}, \"Standard_*\"]}",
            cluster,
            "{sku: {name: Base, tier: Free}, agentPoolProfiles: [{name: a, vmSize: Standard_B2s}]}",
            ["spec.sku.name is \"tier=Free name=Base\", which is denied (tier=Free); choose another SKU"]
        ),
        RuleCase(
            "what the provider takes is a service's",
            "skus: {of: Services, allow: [{tier: Standard}]}",
            cluster,
            "{agentPoolProfiles: [{name: a, vmSize: Standard_B2s}]}",
            [
                "spec.sku.name is not set and Azure takes Base; allowed: tier=Standard; choose a SKU with tier=Standard"
            ]
        ),
        RuleCase("a kind of services alone", "skus: {of: Machines, allow: [Standard_B2s]}", database, "{}"),
        RuleCase(
            "ceilings are for both",
            "skus: {of: Services, deny: [Basic], maximum: {vCores: 1}}",
            machine,
            "{hardwareProfile: {vmSize: Standard_D4s_v5}}",
            [
                "spec.hardwareProfile.vmSize is \"Standard_D4s_v5\" (4 vCores), the maximum is 1 vCore; "
                    + "choose a size of 1 vCore or less for spec.hardwareProfile.vmSize"
            ]
        ),
    ]

    @Test(arguments: scopes) func tellsMachinesFromServices(_ example: RuleCase) throws { try example.check() }

    // MARK: Sizes

    static let sizes: [RuleCase] = [
        RuleCase(
            "memory of a machine",
            "skus: {maximum: {memoryGB: 16}}",
            machine,
            "{hardwareProfile: {vmSize: Standard_D4s_v5}}"
        ),
        RuleCase(
            "too much memory",
            "skus: {maximum: {memoryGB: 16}}",
            machine,
            "{hardwareProfile: {vmSize: Standard_E4s_v5}}",
            [
                "spec.hardwareProfile.vmSize is \"Standard_E4s_v5\" (32 GB), the maximum is 16 GB; "
                    + "choose a size of 16 GB or less for spec.hardwareProfile.vmSize"
            ]
        ),
        RuleCase(
            "both ceilings of one machine",
            "skus: {maximum: {vCores: 2, memoryGB: 16}}",
            pool,
            "{vmSize: Standard_E4s_v5}",
            [
                "spec.vmSize is \"Standard_E4s_v5\" (4 vCores), the maximum is 2 vCores; "
                    + "choose a size of 2 vCores or less for spec.vmSize",
                "spec.vmSize is \"Standard_E4s_v5\" (32 GB), the maximum is 16 GB; "
                    + "choose a size of 16 GB or less for spec.vmSize",
            ]
        ),
        RuleCase(
            "memory of a cache",
            "skus: {maximum: {memoryGB: 6}}",
            "cache.azure.com/v1api20230801/Redis",
            "{sku: {name: Premium, family: P, capacity: 2}}",
            [
                "spec.sku.name is \"Premium\" (13 GB), the maximum is 6 GB; choose a size of 6 GB or less for spec.sku.name"
            ]
        ),
        RuleCase(
            "an unlisted size passes",
            "skus: {maximum: {vCores: 2, memoryGB: 2}}",
            machine,
            "{hardwareProfile: {vmSize: Enormous}}"
        ),
        RuleCase(
            "an unlisted size is denied where the rule says so",
            "ifUnknown: Deny, skus: {maximum: {vCores: 2, memoryGB: 2}}",
            machine,
            "{hardwareProfile: {vmSize: Enormous}}",
            [
                "spec.hardwareProfile.vmSize is \"Enormous\", which does not tell its vCores, the maximum is 2 vCores; "
                    + "choose a size that is known to have 2 vCores or less",
                "spec.hardwareProfile.vmSize is \"Enormous\", which does not tell its memory, the maximum is 2 GB; "
                    + "choose a size that is known to have 2 GB or less",
            ]
        ),
        RuleCase(
            "DTUs tell no cores",
            "ifUnknown: Deny, skus: {maximum: {vCores: 2}}",
            database,
            "{sku: {name: S3}}",
            [
                "spec.sku.name is \"S3\", which does not tell its vCores, the maximum is 2 vCores; "
                    + "choose a size that is known to have 2 vCores or less"
            ]
        ),
        RuleCase(
            "a storage account has no cores to tell",
            "ifUnknown: Deny, skus: {maximum: {vCores: 2, memoryGB: 1}}",
            "storage.azure.com/v1api20230101/StorageAccount",
            "{sku: {name: Standard_LRS}}"
        ),
        RuleCase(
            "a size from a ConfigMap passes a ceiling",
            "skus: {maximum: {vCores: 2}}",
            pool,
            "{vmSizeFromConfig: {name: a, key: b}}"
        ),
        RuleCase(
            "a size from a ConfigMap is denied where the rule says so",
            "ifUnknown: Deny, skus: {maximum: {vCores: 2}}",
            pool,
            "{vmSizeFromConfig: {name: a, key: b}}",
            [
                "spec.vmSize is not known at admission (spec.vmSizeFromConfig); allowed: at most 2 vCores; "
                    + "set spec.vmSize itself to at most 2 vCores"
            ]
        ),
        RuleCase(
            "cores that are not whole",
            "skus: {maximum: {vCores: 0.5}}",
            "app.azure.com/v1api20240301/Job",
            "{template: {containers: [{resources: {cpu: 0.5}}]}}"
        ),
        RuleCase(
            "absent without a default",
            "ifAbsent: Deny, skus: {maximum: {vCores: 2}}",
            pool,
            "{}",
            ["spec.vmSize is not set; allowed: at most 2 vCores; choose a size of 2 vCores or less"]
        ),
    ]

    @Test(arguments: sizes) func measuresSizes(_ example: RuleCase) throws { try example.check() }

    // MARK: Totals

    static let totals: [RuleCase] = [
        RuleCase(
            "ten machines of four cores",
            "skus: {total: {vCores: 40}}",
            pool,
            "{vmSize: Standard_D4s_v5, count: 10}"
        ),
        RuleCase(
            "one core too many",
            "skus: {total: {vCores: 39}}",
            pool,
            "{vmSize: Standard_D4s_v5, count: 10}",
            [
                "spec.vmSize is \"Standard_D4s_v5\": all places together ask for 40 vCores, the maximum is 39 vCores; "
                    + "choose smaller sizes, or fewer"
            ]
        ),
        RuleCase(
            "two pools, at the larger",
            "skus: {maximum: {vCores: 8}, total: {vCores: 16, memoryGB: 1000}}",
            cluster,
            "{agentPoolProfiles: [{name: a, vmSize: Standard_D4s_v5, count: 1}, {name: b, vmSize: Standard_D8s_v5, count: 2}]}",
            [
                "spec.agentPoolProfiles[1].vmSize is \"Standard_D8s_v5\": all places together ask for 20 vCores, "
                    + "the maximum is 16 vCores; choose smaller sizes, or fewer"
            ]
        ),
        RuleCase(
            "disks add up",
            "skus: {maximum: {storageGB: 256}, total: {storageGB: 300}}",
            machine,
            "{storageProfile: {osDisk: {diskSizeGB: 128}, dataDisks: [{diskSizeGB: 128}, {diskSizeGB: 64}]}}",
            [
                "spec.storageProfile.dataDisks[0].diskSizeGB is \"128\": all places together ask for 320 GB, the maximum is 300 GB; "
                    + "choose smaller sizes, or fewer"
            ]
        ),
        RuleCase(
            "tenths add up to what they are",
            "skus: {total: {vCores: 0.3}}",
            "app.azure.com/v1api20240301/Job",
            "{template: {containers: [{resources: {cpu: 0.1}}, {resources: {cpu: 0.2}}]}}"
        ),
        RuleCase("the default counts", "skus: {total: {vCores: 2}}", database, "{}"),
        RuleCase(
            "the default counts too much",
            "skus: {total: {vCores: 1}}",
            database,
            "{}",
            [
                "spec.sku.name is not set: all places together ask for 2 vCores, the maximum is 1 vCore; "
                    + "choose smaller sizes, or fewer"
            ]
        ),
        RuleCase("what nobody can add up passes", "skus: {total: {vCores: 1}}", pool, "{vmSize: Enormous}"),
        RuleCase(
            "what nobody can add up is denied where the rule says so",
            "ifUnknown: Deny, skus: {total: {vCores: 1}}",
            pool,
            "{vmSize: Enormous}",
            [
                "spec.vmSize is \"Enormous\", which does not tell its vCores, the maximum is 1 vCore; "
                    + "choose a size that is known to have 1 vCore or less"
            ]
        ),
        RuleCase(
            "a number of machines from a ConfigMap",
            "ifUnknown: Deny, skus: {total: {vCores: 8}}",
            pool,
            "{vmSize: Standard_D4s_v5, countFromConfig: {name: a, key: b}}",
            [
                "spec.vmSize is \"Standard_D4s_v5\", which does not tell its vCores, the maximum is 8 vCores; "
                    + "choose a size that is known to have 8 vCores or less"
            ]
        ),
        RuleCase(
            "absent where the rule says so",
            "ifAbsent: Deny, skus: {total: {vCores: 8}}",
            pool,
            "{count: 2}",
            ["spec.vmSize is not set; allowed: at most 8 vCores; choose a size of 8 vCores or less"]
        ),
    ]

    @Test(arguments: totals) func addsUp(_ example: RuleCase) throws { try example.check() }

    @Test func anUpdateThatAddsMoreIsNew() throws {
        let set = try policies(policy(rule: "skus: {total: {vCores: 8}}"))
        let old = resource(Self.pool, spec: "{vmSize: Standard_D4s_v5, count: 3}")
        let more = resource(Self.pool, spec: "{vmSize: Standard_D4s_v5, count: 4}")
        #expect(try set.decide(.update(old, to: old)).allowed)
        #expect(try !set.decide(.update(old, to: more)).allowed)
    }

    static let hostile = [
        "{vmSize: Standard_D4s_v5, count: 1e400}", "{vmSize: Standard_D4s_v5, count: -1}",
        "{vmSize: [1], count: {a: 1}}",
        "{vmSize: Standard_D4s_v5, count: 99999999999999999999999}",
        "{vmSize: \"Standard_D9223372036854775807s_v5\", count: 9e99}",
        "{vmSize: \"\", count: \"3\"}", "{vmSize: \"Standard_D4s_v5\\u0000\"}", "{vmSize: 7}", "[]", "7",
    ]

    @Test(arguments: hostile) func hostileNumbersAreJudged(_ spec: String) throws {
        let set = try policies(
            policy(
                rule: "ifUnknown: Deny, skus: {maximum: {vCores: 4, memoryGB: 16}, total: {vCores: 8, memoryGB: 32}}"
            )
        )
        let object = resource(Self.pool, spec: spec)
        let decision = try? set.decide(.create(object))
        for failure in decision?.failures ?? [] { #expect(!failure.description.contains("\n")) }
    }

    static let broken: [(rule: String, message: String)] = [
        ("skus: {}", "says nothing"),
        ("skus: {total: {}}", "is empty"),
        ("skus: {total: {vCores: many}}", "must be a number"),
        ("skus: {total: {vcores: 4}}", "did you mean \"vCores\"?"),
        ("skus: {totals: {vCores: 4}}", "did you mean \"total\"?"),
        ("skus: {total: {vCores: -1}}", "must not be negative"),
    ]

    @Test(arguments: broken) func saysWhatIsWrong(_ rule: String, _ message: String) throws {
        let result = try compile([("p.yaml", policy(rule: rule))])
        #expect(result.set == nil)
        #expect(result.issues.contains { $0.description.contains(message) }, "\(result.issues)")
    }
}
