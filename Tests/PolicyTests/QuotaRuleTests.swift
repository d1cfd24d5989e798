import Azure
import JSON
import Policy
import TestSupport
import Testing

/// How many there may be, and how much of them.
@Suite struct QuotaRuleTests {
    static let database = "sql.azure.com/v1api20211101/ServersDatabase"
    static let machine = "compute.azure.com/v1api20220301/VirtualMachine"
    static let disk = "compute.azure.com/v1api20240302/Disk"

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// The body of the rule.
        let rule: String
        /// What there is, as manifests; nil if nobody tells.
        var inventory: [String]? = []
        var match = "{}"
        var old: String?
        let object: String
        /// What the failures say behind policy and rule.
        var failures: [String] = []

        var testDescription: String { name }
    }

    /// Databases of the namespace `team-a`, each with so many cores.
    static func databases(_ cores: Int...) -> [String] {
        cores.enumerated().map { resource(database, spec: "{sku: {name: GP_Gen5_\($1)}}", name: "db-\($0)") }
    }

    static func database(_ name: String, _ cores: Int) -> String {
        resource(database, spec: "{sku: {name: GP_Gen5_\(cores)}}", name: name)
    }

    static func other(_ manifest: String, in namespace: String) -> String {
        manifest.replacing("namespace: team-a", with: "namespace: \(namespace)")
    }

    // MARK: Counts

    static let counts: [Case] = [
        Case(name: "the first is allowed", rule: "quota: {count: 1}", object: database("new", 2)),
        Case(
            name: "the last is allowed",
            rule: "quota: {count: 3}",
            inventory: databases(2, 2),
            object: database("new", 2)
        ),
        Case(
            name: "one more is not",
            rule: "quota: {count: 2}",
            inventory: databases(2, 2),
            object: database("new", 2),
            failures: [
                "quota of 2 resources is used up: 2 of 2 in namespace team-a; delete one or ask the platform team for more"
            ]
        ),
        Case(
            name: "none is allowed at all",
            rule: "quota: {count: 0}",
            object: database("new", 2),
            failures: [
                "quota of 0 resources is used up: 0 of 0 in namespace team-a; delete one or ask the platform team for more"
            ]
        ),
        Case(
            name: "one that is there already is not counted twice",
            rule: "quota: {count: 2}",
            inventory: databases(2, 2),
            object: database("db-1", 2)
        ),
        Case(
            name: "another namespace does not count",
            rule: "quota: {count: 1}",
            inventory: databases(2, 2).map { other($0, in: "team-b") },
            object: database("new", 2)
        ),
        Case(
            name: "nor does a kind that the policy does not match",
            rule: "quota: {count: 1}",
            inventory: [storageAccount("{}")],
            match: "{resources: ['sql.azure.com/*']}",
            object: database("new", 2)
        ),
        Case(
            name: "all kinds that the policy matches count together",
            rule: "quota: {count: 1}",
            inventory: [storageAccount("{}")],
            object: database("new", 2),
            failures: [
                "quota of 1 resource is used up: 1 of 1 in namespace team-a; delete one or ask the platform team for more"
            ]
        ),
        Case(
            name: "kinds that the policy excludes do not",
            rule: "quota: {count: 1}",
            inventory: [storageAccount("{}")],
            match: "{excludedResources: ['storage.azure.com/*']}",
            object: database("new", 2)
        ),
        Case(
            name: "the rule's own resources count",
            rule: "quota: {count: 1, resources: ['sql.azure.com/*']}",
            inventory: [storageAccount("{}")],
            object: database("new", 2)
        ),
        Case(
            name: "what they do not name is not the rule's concern",
            rule: "quota: {count: 0, resources: ['sql.azure.com/*']}",
            object: storageAccount("{}")
        ),
        Case(
            name: "kinds that nobody knows count by their names",
            rule: "quota: {count: 1, resources: ['novel.azure.com/*']}",
            inventory: [resource("novel.azure.com/v1/Gadget", spec: "{}", name: "a")],
            object: resource("novel.azure.com/v1/Gadget", spec: "{}", name: "b"),
            failures: [
                "quota of 1 resource is used up: 1 of 1 in namespace team-a; delete one or ask the platform team for more"
            ]
        ),
        Case(
            name: "Secrets and ConfigMaps do not count",
            rule: "quota: {count: 1}",
            inventory: ["apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: team-a}"],
            object: database("new", 2)
        ),
        Case(
            name: "an update changes no count, even above the quota",
            rule: "quota: {count: 1}",
            inventory: databases(2, 2, 2),
            old: database("db-0", 2),
            object: database("db-0", 4)
        ),
    ]

    // MARK: Sums

    static let sums: [Case] = [
        Case(
            name: "what is left is allowed",
            rule: "quota: {sum: {vCores: 16}}",
            inventory: databases(8, 4),
            object: database("new", 4)
        ),
        Case(
            name: "more is not, and the message says what is left",
            rule: "quota: {sum: {vCores: 16}}",
            inventory: databases(8, 4),
            object: database("new", 8),
            failures: [
                "spec.sku.name is \"GP_Gen5_8\", so that the object asks for 8 vCores of a quota of 16, of which 12 are used "
                    + "in namespace team-a; ask for at most 4 vCores, delete what is not needed or ask the platform team "
                    + "for more"
            ]
        ),
        Case(
            name: "if nothing is left it does not say so",
            rule: "quota: {sum: {storageGB: 100}}",
            inventory: [resource(disk, spec: "{diskSizeGB: 100}", name: "a")],
            object: resource(disk, spec: "{diskSizeGB: 1}", name: "b"),
            failures: [
                "spec.diskSizeGB is \"1\", so that the object asks for 1 GB of storage of a quota of 100, of which 100 are "
                    + "used in namespace team-a; delete what is not needed or ask the platform team for more"
            ]
        ),
        Case(
            name: "who asks for none is not concerned, even above the quota",
            rule: "quota: {sum: {vCores: 1}}",
            inventory: databases(8),
            object: storageAccount("{sku: {name: Standard_LRS}}")
        ),
        Case(
            name: "machines of a pool count each",
            rule: "quota: {sum: {vCores: 16, nodeCount: 5}}",
            object: resource(
                RuleTests.cluster,
                spec: "{agentPoolProfiles: [{vmSize: Standard_D4s_v3, count: 3}, {vmSize: Standard_D4s_v3, count: 3}]}"
            ),
            failures: [
                "spec.agentPoolProfiles[0].vmSize is \"Standard_D4s_v3\", so that the object asks for 24 vCores of a quota "
                    + "of 16, of which 0 are used in namespace team-a; ask for at most 16 vCores, delete what is not "
                    + "needed or ask the platform team for more",
                "spec.agentPoolProfiles[0].count is \"3\", so that the object asks for 6 nodes of a quota of 5, of which 0 "
                    + "are used in namespace team-a; ask for at most 5 nodes, delete what is not needed or ask the "
                    + "platform team for more",
            ]
        ),
        Case(
            name: "what an object has already does not count twice",
            rule: "quota: {sum: {vCores: 16}}",
            inventory: databases(8, 8),
            object: database("db-0", 8)
        ),
        Case(
            name: "an update may ask for what is left",
            rule: "quota: {sum: {vCores: 16}}",
            inventory: databases(4, 8),
            old: database("db-0", 4),
            object: database("db-0", 8)
        ),
        Case(
            name: "but not for more",
            rule: "quota: {sum: {vCores: 16}}",
            inventory: databases(4, 8),
            old: database("db-0", 4),
            object: database("db-0", 16),
            failures: [
                "spec.sku.name is \"GP_Gen5_16\", so that the object asks for 16 vCores of a quota of 16, of which 8 are used "
                    + "in namespace team-a; ask for at most 8 vCores, delete what is not needed or ask the platform team "
                    + "for more"
            ]
        ),
        Case(
            name: "an update that asks for no more passes above the quota",
            rule: "quota: {sum: {vCores: 4}}",
            inventory: databases(8, 8),
            old: database("db-0", 8),
            object: database("db-0", 8)
        ),
        Case(
            name: "so does one that asks for less",
            rule: "quota: {sum: {vCores: 4}}",
            inventory: databases(8, 8),
            old: database("db-0", 8),
            object: database("db-0", 6)
        ),
        Case(
            name: "the object before the update counts where the inventory does not know it yet",
            rule: "quota: {sum: {vCores: 8}}",
            old: database("db-0", 4),
            object: database("db-0", 16),
            failures: [
                "spec.sku.name is \"GP_Gen5_16\", so that the object asks for 16 vCores of a quota of 8, of which 0 are used in "
                    + "namespace team-a; ask for at most 8 vCores, delete what is not needed or ask the platform team "
                    + "for more"
            ]
        ),
        Case(
            name: "fractions leave nothing behind",
            rule: "quota: {sum: {vCores: 0.6}}",
            inventory: ["a", "b"].map { container($0, 0.1) } + [container("c", 0.3)],
            object: container("c", 0.4)
        ),
        Case(
            name: "a huge number is refused, not wrapped",
            rule: "quota: {sum: {storageGB: 100}}",
            inventory: [resource(disk, spec: "{diskSizeGB: 1e300}", name: "a")],
            object: resource(disk, spec: "{diskSizeGB: 1e300}", name: "a"),
            failures: [
                "spec.diskSizeGB is \"1e+300\", so that the object asks for 1000000000000000 GB of storage of a quota of 100, of which 0 "
                    + "are used in namespace team-a; ask for at most 100 GB of storage, delete what is not needed or ask "
                    + "the platform team for more"
            ]
        ),
    ]

    static func container(_ name: String, _ cores: Double) -> String {
        resource(
            "containerinstance.azure.com/v1api20211001/ContainerGroup",
            spec: "{containers: [{resources: {requests: {cpu: \(cores)}}}]}",
            name: name
        )
    }

    // MARK: Unknown

    static let unknown: [Case] = [
        Case(
            name: "without an inventory nothing new is allowed",
            rule: "quota: {count: 5}",
            inventory: nil,
            object: database("new", 2),
            failures: [
                "quota of 5 resources cannot be judged: nobody tells what there is already; "
                    + "tell it with --inventory, or ask the platform team to"
            ]
        ),
        Case(
            name: "unless the rule says so",
            rule: "ifUnknown: Allow, quota: {count: 5}",
            inventory: nil,
            object: database("new", 2)
        ),
        Case(
            name: "nor is more of a sum",
            rule: "quota: {sum: {vCores: 5}}",
            inventory: nil,
            old: database("db", 2),
            object: database("db", 4),
            failures: [
                "quota of 5 vCores cannot be judged: nobody tells what there is already; "
                    + "tell it with --inventory, or ask the platform team to"
            ]
        ),
        Case(
            name: "an update that asks for no more passes even then",
            rule: "quota: {count: 1, sum: {vCores: 5}}",
            inventory: nil,
            old: database("db", 8),
            object: database("db", 8)
        ),
        Case(
            name: "others that do not tell how much they ask for count as nothing",
            rule: "quota: {sum: {vCores: 4}}",
            inventory: [resource(machine, spec: "{hardwareProfile: {vmSize: Enormous}}", name: "vm")],
            object: database("new", 4)
        ),
        Case(
            name: "unless the rule denies what is unknown",
            rule: "ifUnknown: Deny, quota: {sum: {vCores: 4}}",
            inventory: [resource(machine, spec: "{hardwareProfile: {vmSize: Enormous}}", name: "vm")],
            object: database("new", 4),
            failures: [
                "quota of 4 vCores cannot be judged: how much VirtualMachine team-a/vm asks for is not known; write how "
                    + "much into the object itself, delete it or ask the platform team"
            ]
        ),
        Case(
            name: "what is silent about something else does not matter",
            rule: "ifUnknown: Deny, quota: {sum: {storageGB: 4}}",
            inventory: [resource(machine, spec: "{hardwareProfile: {vmSize: Enormous}}", name: "vm")],
            object: resource(disk, spec: "{diskSizeGB: 4}", name: "a")
        ),
        Case(
            name: "an object that does not tell itself",
            rule: "ifUnknown: Deny, quota: {sum: {vCores: 4}}",
            object: resource(machine, spec: "{hardwareProfile: {vmSize: Enormous}}"),
            failures: [
                "spec.hardwareProfile.vmSize is \"Enormous\", which does not tell how much of the quota of 4 vCores it "
                    + "takes; write a size or number that is known"
            ]
        ),
        Case(
            name: "an object whose size a ConfigMap tells",
            rule: "ifUnknown: Deny, quota: {sum: {storageGB: 4}}",
            object: resource(disk, spec: "{diskSizeGBFromConfig: {name: a, key: b}}"),
            failures: [
                "spec.diskSizeGB is not known at admission (spec.diskSizeGBFromConfig); set "
                    + "spec.diskSizeGB itself"
            ]
        ),
        Case(
            name: "by default it counts as nothing",
            rule: "quota: {sum: {storageGB: 4}}",
            object: resource(disk, spec: "{diskSizeGBFromConfig: {name: a, key: b}}")
        ),
        Case(
            name: "an update of one that never told",
            rule: "ifUnknown: Deny, quota: {sum: {vCores: 4}}",
            old: resource(machine, spec: "{hardwareProfile: {vmSize: Enormous}}"),
            object: resource(machine, spec: "{hardwareProfile: {vmSize: Enormous}}", metadata: "labels: {a: b}")
        ),
        Case(
            name: "no size at all",
            rule: "ifAbsent: Deny, quota: {sum: {vCores: 4}}",
            object: resource(machine, spec: "{}"),
            failures: ["spec.hardwareProfile.vmSize is not set; set spec.hardwareProfile.vmSize"]
        ),
    ]

    @Test(arguments: counts + sums + unknown) func judges(_ test: Case) throws {
        let inventory = try test.inventory.map(Self.inventory)
        var ask = test.old.map { Ask.update($0, to: test.object) } ?? .create(test.object)
        for (action, effect) in [("Deny", Failure.Effect.deny), ("Warn", .warn), ("Audit", .audit)] {
            let set = try policies(policy(match: test.match, action: action, rule: test.rule))
            for dryRun in [false, true] {
                ask.dryRun = dryRun
                let decision = try set.decide(ask.request(), mode: .validate, inventory: inventory)
                #expect(decision.failures.map(\.words) == test.failures)
                #expect(decision.failures.allSatisfy { $0.effect == effect })
                #expect(decision.allowed == (test.failures.isEmpty || effect != .deny))
                #expect(!decision.isBroken)
            }
        }
    }

    static func inventory(_ manifests: [String]) throws -> Inventory {
        var builder = InventoryBuilder()
        for (place, text) in manifests.enumerated() {
            for document in try JSONDocument.parseYAML(Array(text.utf8)) {
                builder.add(document, file: "\(place).yaml")
            }
        }
        return try #require(builder.finish().inventory)
    }

    // MARK: Scopes

    static func namespace(_ name: String, _ labels: String = "{}") -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: \(labels)}"
    }

    static func binding(_ name: String, _ namespaces: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: \(name)}
        spec:
          namespaces: [\(namespaces)]
          subscriptions: [22222222-2222-2222-2222-222222222222]
          resourceGroups: ["*"]
        """
    }

    private func failures(
        _ rule: String,
        beside documents: String = "",
        inventory: [String],
        of origin: String = "p"
    ) throws -> [String] {
        let set = try policies(policy(rule: rule) + (documents.isEmpty ? "" : "\n---\n" + documents))
        let ask = Ask.create(Self.database("new", 2))
        let decision = try set.decide(ask.request(), mode: .validate, inventory: Self.inventory(inventory))
        return decision.failures.filter { $0.policy == origin }.map(\.words)
    }

    @Test func namespacesOfOneLabelShareAQuota() throws {
        let rule = "quota: {count: 2, per: {label: team}}"
        let folder = [
            Self.namespace("team-a", "{team: a}"), Self.namespace("team-a-test", "{team: a}"),
            Self.namespace("team-b", "{team: b}"),
        ].joined(separator: "\n---\n")
        let databases = Self.databases(2, 2)
        let there = databases.map { Self.other($0, in: "team-a-test") }
        #expect(
            try failures(rule, beside: folder, inventory: there) == [
                "quota of 2 resources is used up: 2 of 2 in the namespaces with team=a; delete one or ask the platform "
                    + "team for more"
            ]
        )
        #expect(try failures(rule, beside: folder, inventory: databases.map { Self.other($0, in: "team-b") }) == [])
        // The inventory's own Namespaces tell what the folder does not.
        #expect(try failures(rule, inventory: there + [folder]).count == 1)
        #expect(
            try failures(rule, inventory: there) == [
                "quota of 2 resources cannot be judged: namespace team-a is not known to have the label team; ask the "
                    + "platform team to label the namespace"
            ]
        )
    }

    @Test func namespacesOfOneBindingShareAQuota() throws {
        let rule = "quota: {count: 2, per: Binding}"
        let there = Self.databases(2, 2).map { Self.other($0, in: "team-a-test") }
        #expect(
            try failures(rule, beside: Self.binding("a", "team-a, team-a-*"), inventory: there) == [
                "quota of 2 resources is used up: 2 of 2 in the namespaces of AzureBinding a; delete one or ask the "
                    + "platform team for more"
            ]
        )
        #expect(try failures(rule, beside: Self.binding("a", "team-a"), inventory: there) == [])
        #expect(
            try failures(rule, beside: Self.binding("b", "team-b"), inventory: there) == [
                "quota of 2 resources cannot be judged: no AzureBinding, or more than one, matches namespace team-a; ask "
                    + "the platform team for a binding"
            ]
        )
    }

    // MARK: Actions and operations

    @Test(arguments: [("Deny", false, 0), ("Warn", true, 1), ("Audit", true, 0)]) func itsActionSaysWhatAFailureMeans(
        _ action: String,
        _ isAllowed: Bool,
        _ warnings: Int
    ) throws {
        let set = try policies(policy(action: action, rule: "quota: {count: 0}"))
        let ask = Ask.create(Self.database("new", 2))
        let decision = try set.decide(ask.request(), mode: .validate, inventory: Inventory([]))
        #expect(decision.allowed == isAllowed && decision.warnings.count == warnings)
        #expect(decision.failures.count == 1)
    }

    @Test func nothingThatGoesIsCounted() throws {
        let set = try policies(policy(match: "{operations: [CREATE, DELETE]}", rule: "quota: {count: 0}"))
        let ask = Ask.delete(Self.database("db", 2))
        #expect(try set.decide(ask.request(), mode: .validate, inventory: nil).allowed)
    }

    @Test func anObjectWithoutANameYetIsANewOne() throws {
        let set = try policies(policy(rule: "quota: {count: 2}"))
        let object = Self.database("db", 2).replacing("name: db,", with: "generateName: db-,")
        let inventory = try Self.inventory(Self.databases(2, 2))
        #expect(try !set.decide(Ask.create(object).request(), mode: .validate, inventory: inventory).allowed)
    }

    @Test func theMutatedObjectIsCounted() throws {
        let set = try policies(
            policy(rule: "quota: {sum: {vCores: 4}}"),
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: m}
            spec:
              mutations:
                - {name: m, cel: {expression: "Object{spec: Object.spec{sku: Object.spec.sku{name: 'GP_Gen5_8'}}}"}}
            """
        )
        let ask = Ask.create(Self.database("db", 2))
        #expect(try !set.decide(ask.request(), mode: .mutateAndValidate, inventory: Inventory([])).allowed)
        #expect(try set.decide(ask.request(), mode: .validate, inventory: Inventory([])).allowed)
    }

    @Test func usageIsAddedUpBeforeItIsAsked() throws {
        // Ten thousand objects in the namespace cost no more steps than one: one for each kind.
        let entries = (0..<10_000).map { place in
            Inventory.Entry(
                key: .init(group: "sql.azure.com", kind: "ServersDatabase", namespace: "team-a", name: "db-\(place)"),
                kind: AzureTables.embedded.kind(group: "sql.azure.com", kind: "ServersDatabase"),
                quantities: [.vCores: 2]
            )
        }
        var configuration = PolicyConfiguration()
        configuration.maximumSteps = 100
        let rule = policy(rule: "quota: {count: 9999, sum: {vCores: 20000}}")
        let set = try policies(rule, configuration: configuration)
        let ask = Ask.create(Self.database("new", 2))
        let decision = try set.decide(ask.request(), mode: .validate, inventory: Inventory(entries))
        #expect(!decision.isBroken)
        #expect(decision.failures.map(\.path) == ["quota", "spec.sku.name"])
    }

    @Test func manyPlacesAreReadInOneWalk() throws {
        let disks = (0..<5000).map { _ in "{diskSizeGB: 1}" }.joined(separator: ", ")
        let set = try policies(policy(rule: "quota: {sum: {storageGB: 4999}}"))
        let object = resource(Self.machine, spec: "{storageProfile: {dataDisks: [\(disks)]}}")
        let decision = try set.decide(Ask.create(object).request(), mode: .validate, inventory: Inventory([]))
        #expect(decision.failures.first?.words.contains("for 5000 GB of storage of a quota of 4999") == true)
    }

    // MARK: Load errors

    static let faults: [(rule: String, says: String)] = [
        ("quota: {}", "says nothing; add count or sum"),
        ("quota: {count: many}", "must be a number, not a string"),
        ("quota: {count: 1.5}", "must be a whole number"),
        ("quota: {count: -1}", "must not be negative"),
        ("quota: {sum: {}}", "is empty; add one of capacity"),
        ("quota: {sum: {vcores: 4}}", "did you mean \"vCores\"?"),
        ("quota: {sum: 4}", "must be an object"),
        ("quota: {counts: 4}", "did you mean \"count\"?"),
        ("quota: {count: 4, per: Namespaces}", "write Namespace or Binding"),
        ("quota: {count: 4, per: {labels: team}}", "did you mean \"label\"?"),
        ("quota: {count: 4, per: {}}", "name a label of namespaces"),
        ("quota: {count: 4, resources: [sql]}", "write group/Kind"),
        ("quota: 5", "must be an object"),
    ]

    @Test(arguments: faults) func refuses(_ test: (rule: String, says: String)) throws {
        let result = try compile([("a.yaml", policy(rule: test.rule))])
        #expect(result.set == nil)
        let text = result.errors.map(\.description).joined(separator: "\n")
        #expect(text.contains(test.says) && text.hasPrefix("a.yaml:8:"), "\(text)")
    }

    @Test func aQuotaThatIsNeverAskedIsRefused() throws {
        let text = policy(match: "{operations: [DELETE]}", rule: "quota: {count: 1}")
        let result = try compile([("a.yaml", text)])
        #expect(result.errors.map(\.message) == ["is for CREATE and UPDATE, which the policy does not match"])
    }

    /// An object that is in the inventory is always allowed again, whatever the quota and whatever else there is.
    @Test(arguments: UInt64(0)..<100) func whatIsThereWithinTheQuotaMayBeAppliedAgain(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let cores = (0..<Int.random(in: 1...6, using: &random)).map { _ in 2 * Int.random(in: 1...8, using: &random) }
        let manifests = cores.enumerated().map { Self.database("db-\($0)", $1) }
        let sum = cores.reduce(0, +)
        let inventory = try Self.inventory(manifests)
        let exact = try policies(policy(rule: "quota: {count: \(cores.count), sum: {vCores: \(sum)}}"))
        let short = try policies(policy(rule: "quota: {count: \(cores.count), sum: {vCores: \(sum - 1)}}"))
        for manifest in manifests {
            #expect(try exact.decide(Ask.create(manifest).request(), mode: .validate, inventory: inventory).allowed)
            let update = Ask.update(manifest, to: manifest)
            #expect(try short.decide(update.request(), mode: .validate, inventory: inventory).allowed)
            #expect(try !short.decide(Ask.create(manifest).request(), mode: .validate, inventory: inventory).allowed)
        }
        let new = Ask.create(Self.database("new", 2))
        #expect(try !exact.decide(new.request(), mode: .validate, inventory: inventory).allowed)
    }
}

extension Failure {
    /// The line behind policy and rule.
    fileprivate var words: String { String(description.dropFirst("\(document)/\(rule): ".count)) }
}
