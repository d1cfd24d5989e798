import Policy
import Testing

/// Each rule on each state of a facet: known, absent, unknown.
@Suite struct RuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: String
        let object: String
        /// The failures as `path reason`; none means allowed.
        var failures: [String] = []

        var testDescription: String { name }
    }

    /// A storage account.
    static func account(_ name: String, _ rule: String, _ spec: String, _ failures: String...) -> Case {
        Case(name: name, rule: rule, object: storageAccount(spec), failures: failures)
    }

    static func other(_ name: String, _ rule: String, _ type: String, _ spec: String, _ failures: String...) -> Case {
        Case(name: name, rule: rule, object: resource(type, spec: spec), failures: failures)
    }

    static let cosmos = "documentdb.azure.com/v1api20231115/DatabaseAccount"
    static let cluster = "containerservice.azure.com/v1api20240901/ManagedCluster"
    static let postgres = "dbforpostgresql.azure.com/v1api20230601/FlexibleServer"
    static let database = "sql.azure.com/v1api20211101/ServersDatabase"
    static let zone = "network.azure.com/v1api20180501/DnsZone"
    static let container = "storage.azure.com/v1api20230101/StorageAccountsBlobServicesContainer"
    static let machine = "compute.azure.com/v1api20220301/VirtualMachine"

    static let locations: [Case] = [
        account("a region of the list is allowed", "locations: {allow: [westeurope]}", "{location: westeurope}"),
        account(
            "spaces and case of a region do not count",
            "locations: {allow: [westeurope]}",
            "{location: West Europe}"
        ),
        account("nor do they in the policy", "locations: {allow: [West Europe]}", "{location: westeurope}"),
        account(
            "another region is denied",
            "locations: {allow: [westeurope]}",
            "{location: eastus}",
            "spec.location FieldValueNotSupported"
        ),
        account("no region is denied", "locations: {allow: [westeurope]}", "{}", "spec.location FieldValueRequired"),
        account(
            "null is no region",
            "locations: {allow: [westeurope]}",
            "{location: null}",
            "spec.location FieldValueRequired"
        ),
        account(
            "the empty string is no allowed region",
            "locations: {allow: [westeurope]}",
            "{location: ''}",
            "spec.location FieldValueNotSupported"
        ),
        account("no region is allowed if the rule says so", "locations: {allow: [westeurope]}, ifAbsent: Allow", "{}"),
        account("and in lower case too", "locations: {allow: [westeurope]}, ifAbsent: allow", "{}"),
        account("no region is not on a deny-list", "locations: {deny: [westeurope]}", "{}"),
        account(
            "unless the rule says so",
            "locations: {deny: [westeurope]}, ifAbsent: Deny",
            "{}",
            "spec.location FieldValueRequired"
        ),
        account(
            "a region of the deny-list is denied",
            "locations: {deny: [eastus]}",
            "{location: EastUS}",
            "spec.location FieldValueForbidden"
        ),
        account(
            "an unknown region does not satisfy an allow-list",
            "locations: {allow: [westeurope]}",
            "{locationFromConfig: {name: a, key: b}}",
            "spec.location FieldValueUnknown"
        ),
        account(
            "an unknown region satisfies it if the rule says so",
            "locations: {allow: [westeurope]}, ifUnknown: Allow",
            "{locationFromConfig: {name: a, key: b}}"
        ),
        account(
            "an unknown region is not on a deny-list",
            "locations: {deny: [westeurope]}",
            "{locationFromConfig: {name: a, key: b}}"
        ),
        other("global is a class of its own", "locations: {allow: [westeurope]}", zone, "{location: Global}"),
        other(
            "that a rule can refuse",
            "locations: {allow: [westeurope], global: Deny}",
            zone,
            "{location: global}",
            "spec.location FieldValueNotSupported"
        ),
        other("or name", "locations: {allow: [global], global: Deny}", zone, "{location: global}"),
        other(
            "replicas are somewhere too",
            "locations: {allow: [westeurope]}",
            cosmos,
            "{location: westeurope, locations: [{locationName: westeurope}, {locationName: East US}]}",
            "spec.locations[1].locationName FieldValueNotSupported"
        ),
        other("a kind without location is not the rule's concern", "locations: {allow: [westeurope]}", container, "{}"),
        other(
            "a list in place of a region is denied",
            "locations: {allow: [westeurope]}",
            "storage.azure.com/v1api20230101/StorageAccount",
            "{location: [westeurope]}",
            "spec.location FieldValueNotSupported"
        ),
        other(
            "a kind that nobody knows is read by the general rules",
            "locations: {allow: [westeurope]}",
            "novel.azure.com/v1/Thing",
            "{location: eastus}",
            "spec.location FieldValueNotSupported"
        ),
        other(
            "and need not have a location",
            "locations: {allow: [westeurope]}",
            "novel.azure.com/v1/Thing",
            "{}"
        ),
    ]

    static let skus: [Case] = [
        account("a name of the list is allowed", "skus: {allow: [Standard_LRS]}", "{sku: {name: Standard_LRS}}"),
        account("letter case does not count", "skus: {allow: [standard_lrs]}", "{sku: {name: Standard_LRS}}"),
        account("a glob matches", "skus: {allow: ['Standard_*']}", "{sku: {name: Standard_ZRS}}"),
        account(
            "another name is denied",
            "skus: {allow: [Standard_LRS]}",
            "{sku: {name: Premium_LRS}}",
            "spec.sku.name FieldValueNotSupported"
        ),
        account("no SKU is denied", "skus: {allow: [Standard_LRS]}", "{}", "spec.sku.name FieldValueRequired"),
        account(
            "an SKU without name is denied",
            "skus: {allow: [Standard_LRS]}",
            "{sku: {}}",
            "spec.sku.name FieldValueRequired"
        ),
        account("no SKU is allowed if the rule says so", "skus: {allow: [Standard_LRS]}, ifAbsent: Allow", "{}"),
        account(
            "a name of the deny-list is denied",
            "skus: {deny: ['Premium*']}",
            "{sku: {name: Premium_LRS}}",
            "spec.sku.name FieldValueForbidden"
        ),
        account(
            "deny goes before allow",
            "skus: {allow: ['*'], deny: ['Premium*']}",
            "{sku: {name: Premium_LRS}}",
            "spec.sku.name FieldValueForbidden"
        ),
        other(
            "all parts of a line must fit",
            "skus: {allow: [{tier: Standard, name: 'S*'}, {tier: GeneralPurpose}]}",
            database,
            "{sku: {name: S3, tier: Standard}}"
        ),
        other(
            "parts of different lines do not add up",
            "skus: {allow: [{tier: Standard, name: 'S*'}, {tier: Basic, name: B}]}",
            database,
            "{sku: {name: S3, tier: Basic}}",
            "spec.sku.name FieldValueNotSupported"
        ),
        other(
            "a part that is missing does not fit",
            "skus: {allow: [{tier: Standard, name: 'S*'}]}",
            database,
            "{sku: {name: S3}}",
            "spec.sku.name FieldValueNotSupported"
        ),
        other(
            "machine sizes are SKUs, in every pool",
            "skus: {allow: ['Standard_D*', Base]}",
            cluster,
            "{sku: {name: Base}, agentPoolProfiles: [{name: a, vmSize: Standard_D2s_v5}, {name: b, vmSize: Standard_NC6}]}",
            "spec.agentPoolProfiles[1].vmSize FieldValueNotSupported"
        ),
        other("a kind without SKU is not the rule's concern", "skus: {allow: [S1]}", container, "{}"),
    ]

    static let ceilings: [Case] = [
        other(
            "storage within the maximum",
            "skus: {maximum: {storageGB: 256}}",
            postgres,
            "{storage: {storageSizeGB: 256}}"
        ),
        other(
            "storage above it",
            "skus: {maximum: {storageGB: 256}}",
            postgres,
            "{storage: {storageSizeGB: 257}}",
            "spec.storage.storageSizeGB FieldValueNotSupported"
        ),
        other(
            "bytes are counted as gigabytes",
            "skus: {maximum: {storageGB: 2}}",
            database,
            "{maxSizeBytes: 2147483648}"
        ),
        other(
            "and so is one byte more",
            "skus: {maximum: {storageGB: 2}}",
            database,
            "{maxSizeBytes: 2147483649}",
            "spec.maxSizeBytes FieldValueNotSupported"
        ),
        other("no size is below a maximum", "skus: {maximum: {storageGB: 1}}", postgres, "{}"),
        other(
            "a size that is no number is no size",
            "skus: {maximum: {storageGB: 1}}",
            postgres,
            "{storage: {storageSizeGB: '9'}}",
            "spec.storage.storageSizeGB FieldValueInvalid"
        ),
        other(
            "the vCores of a machine size",
            "skus: {maximum: {vCores: 4}}",
            postgres,
            "{sku: {name: Standard_D8s_v3, tier: GeneralPurpose}}",
            "spec.sku.name FieldValueNotSupported"
        ),
        other(
            "few of them",
            "skus: {maximum: {vCores: 4}}",
            postgres,
            "{sku: {name: Standard_D4s_v3, tier: GeneralPurpose}}"
        ),
        other(
            "the vCores of a database",
            "skus: {maximum: {vCores: 4}}",
            database,
            "{sku: {name: GP_Gen5_8}}",
            "spec.sku.name FieldValueNotSupported"
        ),
        other(
            "nodes of each pool",
            "skus: {maximum: {nodeCount: 3}}",
            cluster,
            "{agentPoolProfiles: [{name: a, count: 3}, {name: b, count: 1, maxCount: 10}]}",
            "spec.agentPoolProfiles[1].maxCount FieldValueNotSupported"
        ),
        other(
            "the capacity of an SKU",
            "skus: {maximum: {capacity: 2}}",
            "servicebus.azure.com/v1api20221001preview/Namespace",
            "{sku: {name: Premium, capacity: 4}}",
            "spec.sku.capacity FieldValueNotSupported"
        ),
    ]

    static let tags: [Case] = [
        account("a tag that is there", "tags: {required: {team: {}}}", "{tags: {team: a}}"),
        account(
            "a tag that is not",
            "tags: {required: {team: {}}}",
            "{tags: {other: a}}",
            "spec.tags.team FieldValueRequired"
        ),
        account(
            "no tags at all",
            "tags: {required: {team: {}, cost: {}}}",
            "{}",
            "spec.tags.team FieldValueRequired",
            "spec.tags.cost FieldValueRequired"
        ),
        account(
            "an empty tag is none",
            "tags: {required: {team: {}}}",
            "{tags: {team: ''}}",
            "spec.tags.team FieldValueRequired"
        ),
        account("nothing more is asked", "tags: {required: {team: }}", "{tags: {team: a}}"),
        account("letter case of names does not count", "tags: {required: {Team: {}}}", "{tags: {team: a}}"),
        account("a value that matches", "tags: {required: {cc: {pattern: '^CC-[0-9]{4}$'}}}", "{tags: {cc: CC-1234}}"),
        account(
            "a value that does not",
            "tags: {required: {cc: {pattern: '^CC-[0-9]{4}$'}}}",
            "{tags: {cc: CC-12345}}",
            "spec.tags.cc FieldValueInvalid"
        ),
        account(
            "all spellings are looked at",
            "tags: {required: {cc: {values: [a]}}}",
            "{tags: {cc: a, CC: b}}",
            "spec.tags.CC FieldValueNotSupported"
        ),
        account("a value of the list", "tags: {required: {env: {values: [dev, prod]}}}", "{tags: {env: prod}}"),
        account(
            "a value that is not",
            "tags: {required: {env: {values: [dev, prod]}}}",
            "{tags: {env: Prod}}",
            "spec.tags.env FieldValueNotSupported"
        ),
        account("missing tags pass if the rule says so", "tags: {required: {team: {}}}, ifAbsent: Allow", "{}"),
        account(
            "but not wrong ones",
            "tags: {required: {team: {values: [a]}}}, ifAbsent: Allow",
            "{tags: {team: b}}",
            "spec.tags.team FieldValueNotSupported"
        ),
        account(
            "a forbidden tag",
            "tags: {forbidden: ['secret*']}",
            "{tags: {SecretSauce: x, plain: y}}",
            "spec.tags.SecretSauce FieldValueForbidden"
        ),
        account(
            "tags that are no object",
            "tags: {required: {team: {}}}",
            "{tags: [team]}",
            "spec.tags FieldValueInvalid"
        ),
        account(
            "a value that is no string",
            "tags: {required: {team: {}}}",
            "{tags: {team: 5}}",
            "spec.tags.team FieldValueNotSupported"
        ),
        account(
            "a name with a dot is quoted",
            "tags: {required: {a.b: {}}}",
            "{}",
            "spec.tags[\"a.b\"] FieldValueRequired"
        ),
        other("a kind without tags is not the rule's concern", "tags: {required: {team: {}}}", container, "{}"),
    ]

    static let others: [Case] = [
        account("the Azure name is judged", "naming: {pattern: '^team'}", "{azureName: teamstore}"),
        account("in its absence the object's", "naming: {pattern: '^team'}", "{}", "metadata.name FieldValueInvalid"),
        account(
            "before the object's",
            "naming: {pattern: '^thing$'}",
            "{azureName: other}",
            "spec.azureName FieldValueInvalid"
        ),
        account(
            "an unknown name",
            "naming: {pattern: '.'}",
            "{azureNameFromConfig: {name: a, key: b}}",
            "spec.azureName FieldValueUnknown"
        ),
        other(
            "a kind with a fixed name",
            "naming: {pattern: nothing}",
            "storage.azure.com/v1api20230101/StorageAccountsBlobService",
            "{}"
        ),
        account("closed", "exposure: {publicNetworkAccess: Disabled}", "{publicNetworkAccess: Disabled}"),
        account(
            "open",
            "exposure: {publicNetworkAccess: Disabled}",
            "{publicNetworkAccess: Enabled}",
            "spec.publicNetworkAccess FieldValueNotSupported"
        ),
        account(
            "neither",
            "exposure: {publicNetworkAccess: Disabled}",
            "{}",
            "spec.publicNetworkAccess FieldValueRequired"
        ),
        account("neither, if that is allowed", "exposure: {publicNetworkAccess: Disabled}, ifAbsent: Allow", "{}"),
        account(
            "a word between",
            "exposure: {publicNetworkAccess: Disabled}",
            "{publicNetworkAccess: SecuredByPerimeter}",
            "spec.publicNetworkAccess FieldValueNotSupported"
        ),
        account(
            "a switch that is a boolean",
            "exposure: {publicAccess: Disabled}",
            "{allowBlobPublicAccess: true}",
            "spec.allowBlobPublicAccess FieldValueNotSupported"
        ),
        account("TLS of today", "exposure: {minimumTLSVersion: '1.2'}", "{minimumTlsVersion: TLS1_2}"),
        account(
            "TLS of yesterday",
            "exposure: {minimumTLSVersion: '1.2'}",
            "{minimumTlsVersion: TLS1_1}",
            "spec.minimumTlsVersion FieldValueNotSupported"
        ),
        account(
            "TLS unsaid",
            "exposure: {minimumTLSVersion: '1.2'}",
            "{}",
            "spec.minimumTlsVersion FieldValueRequired"
        ),
        account(
            "unencrypted requests",
            "exposure: {encryption: Required}",
            "{supportsHttpsTrafficOnly: false}",
            "spec.supportsHttpsTrafficOnly FieldValueNotSupported"
        ),
        other(
            "a kind without switches",
            "exposure: {publicNetworkAccess: Disabled, minimumTLSVersion: '1.2'}",
            zone,
            "{}"
        ),
        account("a kind of the list", "kinds: {allow: ['storage.azure.com/*']}", "{}"),
        account("another kind", "kinds: {allow: ['sql.azure.com/*']}", "{}", "kind FieldValueNotSupported"),
        account("a denied kind", "kinds: {deny: ['*/StorageAccount']}", "{}", "kind FieldValueNotSupported"),
        other(
            "a kind that nobody knows",
            "kinds: {allow: ['storage.azure.com/*']}",
            "novel.azure.com/v1/Thing",
            "{}",
            "kind FieldValueNotSupported"
        ),
        other(
            "a kind that nobody knows but the policy",
            "kinds: {allow: ['novel.azure.com/T*']}",
            "novel.azure.com/v1/Thing",
            "{}"
        ),
    ]

    @Test(arguments: locations + skus + ceilings + tags + others) func judges(_ example: Case) throws {
        try decideUnderEachAction(example.rule, example.object) { decision in
            #expect(decision.failures.map { "\($0.path) \($0.reason.rawValue)" } == example.failures)
        }
    }

    /// A failure names what was asked, what is there and what to do, in words that a team can act on.
    static let words: [(rule: String, object: String, line: String)] = [
        (
            "locations: {allow: [westeurope, northeurope]}", storageAccount("{location: eastus}"),
            "p/r: spec.location is \"eastus\"; allowed: westeurope, northeurope; set spec.location to westeurope or northeurope"
        ),
        (
            "locations: {deny: [eastus]}", storageAccount("{location: eastus}"),
            "p/r: spec.location is \"eastus\", which is denied; choose another spec.location"
        ),
        (
            "locations: {allow: [westeurope]}", storageAccount("{locationFromConfig: {name: a, key: b}}"),
            "p/r: spec.location is not known at admission (spec.locationFromConfig); allowed: westeurope; "
                + "set spec.location itself to westeurope"
        ),
        (
            "skus: {allow: [{tier: Basic}]}", resource(database, spec: "{sku: {name: S3, tier: Standard}}"),
            "p/r: spec.sku.name: the SKU is \"tier=Standard name=S3\"; allowed: tier=Basic; choose a SKU with tier=Basic"
        ),
        (
            "skus: {maximum: {vCores: 4}}", resource(postgres, spec: "{sku: {name: Standard_D8s_v3}}"),
            "p/r: spec.sku.name is \"Standard_D8s_v3\" (8 vCores), the maximum is 4 vCores; "
                + "choose a size of 4 vCores or less for spec.sku.name"
        ),
        (
            "skus: {maximum: {storageGB: 1.5}}", resource(postgres, spec: "{storage: {storageSizeGB: 2}}"),
            "p/r: spec.storage.storageSizeGB is \"2\", the maximum is 1.5 GB; set spec.storage.storageSizeGB to 1.5 GB or less"
        ),
        (
            "tags: {required: {cc: {pattern: '^C'}}}", storageAccount("{}"),
            "p/r: spec.tags.cc is missing; add the tag cc with a value that matches ^C"
        ),
        (
            "tags: {required: {cc: {values: [a, b]}}}", storageAccount("{tags: {cc: c}}"),
            "p/r: spec.tags.cc is \"c\"; allowed: a, b; set spec.tags.cc to a or b"
        ),
        (
            "tags: {forbidden: [x]}", storageAccount("{tags: {x: c}}"),
            "p/r: spec.tags.x is \"c\": the tag is forbidden; remove spec.tags.x"
        ),
        (
            "naming: {pattern: '^b'}", storageAccount("{azureName: a}"),
            "p/r: spec.azureName is \"a\", which does not match ^b; set spec.azureName to a value that matches ^b"
        ),
        (
            "exposure: {publicNetworkAccess: Disabled}", storageAccount("{publicNetworkAccess: Enabled}"),
            "p/r: spec.publicNetworkAccess is \"Enabled\"; allowed: Disabled; set spec.publicNetworkAccess to Disabled"
        ),
        (
            "exposure: {publicAccess: Disabled}", storageAccount("{allowBlobPublicAccess: true}"),
            "p/r: spec.allowBlobPublicAccess is \"true\"; allowed: false; set spec.allowBlobPublicAccess to false"
        ),
        (
            "exposure: {minimumTLSVersion: '1.2'}", storageAccount("{minimumTlsVersion: TLS1_0}"),
            "p/r: spec.minimumTlsVersion is \"TLS1_0\"; allowed: TLS1_2 or later; "
                + "set spec.minimumTlsVersion to TLS1_2 or later"
        ),
        (
            "exposure: {minimumTLSVersion: '1.2'}",
            resource("sql.azure.com/v1api20211101/Server", spec: "{minimalTlsVersion: None}"),
            "p/r: spec.minimalTlsVersion is \"None\"; allowed: 1.2 or later; set spec.minimalTlsVersion to 1.2 or later"
        ),
        (
            "exposure: {minimumTLSVersion: '1.2'}",
            resource("documentdb.azure.com/v1api20240815/DatabaseAccount", spec: "{minimalTlsVersion: Tls}"),
            "p/r: spec.minimalTlsVersion is \"Tls\"; allowed: Tls12 or later; set spec.minimalTlsVersion to Tls12 or later"
        ),
        (
            "kinds: {allow: [sql.azure.com/Server]}", storageAccount("{}"),
            "p/r: kind is \"storage.azure.com/StorageAccount\", which is not allowed here; allowed: sql.azure.com/Server; "
                + "use another kind of resource"
        ),
        (
            "locations: {allow: [westeurope]}, message: stay in Europe", storageAccount("{location: eastus}"),
            "p/r: stay in Europe (spec.location is \"eastus\"; allowed: westeurope; set spec.location to westeurope)"
        ),
    ]

    @Test(arguments: words.indices) func tells(_ index: Int) throws {
        let (rule, object, line) = Self.words[index]
        #expect(try policies(policy(rule: rule)).decide(.create(object)).lines == [line])
    }

    @Test func reportsAllFailuresOfAllPolicies() throws {
        let set = try policies(
            policy("b", rule: "locations: {allow: [westeurope]}"),
            policy("a", rule: "skus: {allow: [Standard_LRS]}"),
            policy("c", rule: "tags: {required: {x: {}, z: {}}}")
        )
        let decision = try set.decide(.create(storageAccount("{location: eastus, sku: {name: Premium_LRS}}")))
        #expect(
            decision.failures.map { "\($0.policy) \($0.path)" } == [
                "a spec.sku.name", "b spec.location", "c spec.tags.x", "c spec.tags.z",
            ]
        )
        #expect(decision.auditAnnotations.map { "\($0.key)=\($0.value)" } == ["denied-by=a/r, b/r, c/r"])
        #expect(decision.matchedPolicyCount == 3)
    }

    @Test func warnsAndAudits() throws {
        let set = try policies(
            policy("w", action: "Warn", rule: "locations: {allow: [westeurope]}"),
            policy("a", action: "Audit", rule: "locations: {allow: [westeurope]}"),
            policy("o", action: "Audit", rule: "locations: {allow: [northeurope]}, action: Warn")
        )
        let decision = try set.decide(.create(storageAccount("{location: eastus}")))
        #expect(decision.allowed)
        #expect(decision.failures.map { "\($0.policy) \($0.effect)" } == ["a audit", "o warn", "w warn"])
        #expect(decision.warnings.count == 2)
        #expect(decision.auditAnnotations.map(\.key) == ["warned-by", "audited-by"])
    }

    @Test func showsNoSecretsAndNoNovels() throws {
        let set = try policies(policy(rule: "tags: {required: {db-password: {values: [a]}, text: {values: [a]}}}"))
        let long = String(repeating: "x", count: 1000)
        let decision = try set.decide(.create(storageAccount("{tags: {db-password: hunter2, text: \"\(long)\\n2\"}}")))
        #expect(decision.failures[0].value == "(redacted)")
        #expect(!decision.lines.joined().contains("hunter2"))
        #expect(decision.failures[1].value?.utf8.count == 128)
        #expect(decision.lines.allSatisfy { !$0.contains("\n") })
    }

    /// A switch is no secret, whatever it is called; what is not `true` or `false` may be one.
    @Test func showsSwitchesThatSoundLikeSecrets() throws {
        let set = try policies(policy(rule: "exposure: {localAuthentication: Disabled}"))
        func lines(_ spec: String) throws -> [String] { try set.decide(.create(storageAccount(spec))).lines }
        #expect(
            try lines("{allowSharedKeyAccess: true}") == [
                "p/r: spec.allowSharedKeyAccess is \"true\"; allowed: false; set spec.allowSharedKeyAccess to false"
            ]
        )
        #expect(
            try lines("{allowSharedKeyAccess: hunter2}") == [
                "p/r: spec.allowSharedKeyAccess is \"(redacted)\"; allowed: false; set spec.allowSharedKeyAccess to false"
            ]
        )
        let immutable = try policies(policy(rule: "immutable: {fields: [spec.allowSharedKeyAccess]}"))
        let change = Ask.update(
            storageAccount("{allowSharedKeyAccess: false}"),
            to: storageAccount("{allowSharedKeyAccess: true}")
        )
        #expect(
            try immutable.decide(change).lines == [
                "p/r: spec.allowSharedKeyAccess is \"true\", was \"false\" and may not change; "
                    + "set it back to false, or make another resource"
            ]
        )
    }

    /// Names and values of a megabyte end before they are lines that nobody reads.
    @Test func showsNoMegabytes() throws {
        let long = String(repeating: "ü", count: 500_000)
        let set = try policies(policy(rule: "tags: {forbidden: ['*']}, message: nothing"))
        let decision = try set.decide(.create(storageAccount("{tags: {\(long.prefix(450)): \(long)}}")))
        #expect(decision.failures.count == 1)
        #expect(decision.failures[0].path.utf8.count <= 512)
        #expect(decision.failures[0].value.map { $0.utf8.count <= 128 && $0.hasSuffix("ü…") } == true)
    }

    /// Whoever writes another version of a kind is judged alike.
    @Test(arguments: [
        "v1api20230101", "v1api20230101storage", "v1api20210401", "v20250601", "v20250601storage", "v9novel",
    ])
    func versionsMakeNoDifference(_ version: String) throws {
        let set = try policies(
            policy(rule: "locations: {allow: [westeurope]}"),
            policy("q", rule: "skus: {allow: [Standard_LRS]}")
        )
        let decision = try set.decide(
            .create(
                resource(
                    "storage.azure.com/\(version)/StorageAccount",
                    spec: "{location: eastus, sku: {name: Premium_LRS}}"
                )
            )
        )
        #expect(decision.failures.map(\.path) == ["spec.location", "spec.sku.name"])
        #expect(decision.notes.contains(.newestVersionPaths) == (version == "v9novel"))
    }
}
