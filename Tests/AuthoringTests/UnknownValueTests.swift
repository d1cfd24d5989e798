import Authoring
import Azure
import JSON
import Policy
import Testing

/// What is known only after a plan is applied is unknown to every rule, and never allowed in silence.
@Suite struct UnknownValueTests {
    private static let account = """
        {"name": "orders", "account_tier": "Standard", "account_replication_type": "ZRS",
         "public_network_access_enabled": false, "min_tls_version": "TLS1_2", "tags": {"owner": "a"}}
        """

    /// Attributes that are unknown, a rule, and what it finds.
    static let cases: [(unknown: String, rule: String, finding: String)] = [
        (#"{"location": true}"#, "locations: {allow: [westeurope]}", "spec.location"),
        (#"{"tags": true}"#, "tags: {required: {owner: {}}}", "spec.tags"),
        (#"{"tags": {"cost": true}}"#, "tags: {required: {cost: {pattern: '^C'}}}", "spec.tags.cost"),
        (#"{"tags": {"cost": true}}"#, "tags: {required: {cost: {}}}", "spec.tags.cost"),
        (#"{"account_tier": true}"#, "skus: {allow: [Standard_ZRS]}", "spec.sku.name"),
        (#"{"account_replication_type": true}"#, "skus: {allow: [Standard_ZRS]}", "spec.sku.name"),
        (#"{"https_traffic_only_enabled": true}"#, "exposure: {httpsOnly: Required}", "spec.supportsHttpsTrafficOnly"),
        (#"{"network_rules": true}"#, "exposure: {defaultAction: Deny}", "spec.networkAcls.defaultAction"),
        (#"{"network_rules": true}"#, "exposure: {allowedIPs: [10.0.0.0/8]}", "spec.networkAcls.ipRules"),
        (
            #"{"network_rules": [{"ip_rules": [true]}]}"#, "exposure: {allowedIPs: [10.0.0.0/8]}",
            "spec.networkAcls.ipRules[0].value"
        ),
        (#"{"name": true}"#, "naming: {pattern: '^orders'}", "spec.azureName"),
    ]

    @Test(arguments: cases.indices) func nobodyKnowsWhatIsUnknown(_ index: Int) throws {
        let (unknown, body, field) = Self.cases[index]
        let plan = plan([("azurerm_storage_account.main", try without(unknown), unknown)])
        let resource = try #require(try read(plan).resources.first)
        let decision = try decide(resource.change, rule(body))
        let failure = try #require(decision.failures.first, "\(body)")
        #expect(!decision.allowed)
        #expect(failure.reason == .unknown)
        #expect(failure.path == field)
        #expect(failure.description.contains("known after apply"), "\(failure)")
        #expect(try decide(resource.change, rule(body + ", ifUnknown: Allow")).allowed)
    }

    /// Expressions that would be true if what is unknown were not there.
    static let expressions = [
        "!has(object.spec.location)", "!has(object.spec.location) || object.spec.location == 'eastus'",
        "object.spec.location != 'eastus'", "object.spec.?location.orValue('westeurope') == 'westeurope'",
        "!('eastus' in [object.spec.location])", "object.spec.tags.all(name, object.spec.tags[name] != 'x')",
        "object.spec.tags != {'owner': 'a'}", "object.spec['location'] != 'eastus'",
        "object.spec.networkAcls.ipRules.all(r, r.value != '0.0.0.0')", "type(object.spec.location) != string",
        "facets.location.orValue('westeurope') == 'westeurope'", "object.spec.location == null",
        "object.spec != {'location': null}", "[object.spec.location].exists(l, l != 'eastus')",
        "object.spec.zones.all(z, z != '1')", "!sets.intersects(object.spec.zones, ['1'])",
        "!('1' in object.spec.zones)",
    ]

    @Test(arguments: expressions) func expressionsFailOnWhatIsUnknown(_ expression: String) throws {
        let unknown = #"{"location": true, "tags": {"cost": true}, "network_rules": [{"ip_rules": [true]}]}"#
        let cache = #"{"location": true, "tags": {"cost": true}, "zones": [false, true]}"#
        let isCache = expression.contains("zones")
        let plan =
            isCache
            ? plan([("azurerm_redis_cache.main", #"{"name": "c", "zones": ["2"]}"#, cache)])
            : plan([("azurerm_storage_account.main", try without(unknown), unknown)])
        let resource = try #require(try read(plan).resources.first)
        let decision = try decide(resource.change, rule("cel: {expression: \(quoted(expression))}"))
        #expect(!decision.allowed, "\(decision.failures)")
        #expect(decision.failures.first?.reason == .error)
        #expect(decision.failures.first?.description.contains("not known") ?? false, "\(decision.failures)")
    }

    static let decided = [
        "object.spec.location == 'x' || true", "object.spec.minimumTlsVersion == 'TLS1_2'",
        "'cost' in object.spec.tags", "object.spec.tags.owner == 'a'", "facets.isUnknown('location')",
        "size(object.spec.networkAcls.ipRules) == 1", "object.spec.sku.name == 'Standard_ZRS'",
    ]

    @Test(arguments: decided) func expressionsMayDoWithoutIt(_ expression: String) throws {
        let unknown = #"{"location": true, "tags": {"cost": true}, "network_rules": [{"ip_rules": [true]}]}"#
        let plan = plan([("azurerm_storage_account.main", try without(unknown), unknown)])
        let resource = try #require(try read(plan).resources.first)
        let decision = try decide(resource.change, rule("cel: {expression: \(quoted(expression))}"))
        #expect(decision.allowed, "\(decision.failures)")
    }

    /// Bindings judge identity: what names one must be known.
    @Test func bindingsWantToKnowIdentities() throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: ["*"]}
            """
        let plan = plan([("azurerm_mssql_firewall_rule.main", #"{"name": "all"}"#, #"{"server_id": true}"#)])
        let resource = try #require(try read(plan).resources.first)
        let decision = try decide(resource.change, binding)
        #expect(decision.failures.map(\.path) == ["spec.owner.armId"])
        #expect(decision.failures.first?.reason == .unknown)
    }

    /// What is named by its parent's name says its group beside it.
    @Test(arguments: [
        "mssql_elasticpool", "mysql_flexible_server_firewall_rule", "redis_firewall_rule", "subnet",
        "network_security_rule",
    ])
    func theGroupOfAChildIsJudged(_ type: String) throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: [team-a]}
            """
        func failures(_ group: String, unknown: String = "{}") throws -> [String] {
            let plan = plan([("azurerm_\(type).main", #"{"name": "a"\#(group)}"#, unknown)])
            let resource = try #require(try read(plan).resources.first)
            let decision = try decide(resource.change, binding)
            return decision.failures.map { resource.place(of: $0.path).field }
        }
        #expect(try failures(#", "resource_group_name": "team-a""#) == [])
        #expect(try failures(#", "resource_group_name": "team-b""#) == ["resource_group_name"])
        #expect(try failures("", unknown: #"{"resource_group_name": true}"#) == ["resource_group_name"])
    }

    /// Whoever is given access, and by what, is known before it is given.
    @Test(
        arguments: [
            ("role_assignment", "role_definition_name", #""principal_id": "44444444-4444-4444-4444-444444444444""#),
            ("role_assignment", "principal_id", #""role_definition_name": "Reader""#),
            (
                "federated_identity_credential", "audience",
                #""issuer": "https://i/", "subject": "system:serviceaccount:team-a:x""#
            ),
        ],
        ["Deny", "Allow"]
    )
    func accessThatNobodyKnowsIsNotGiven(
        _ test: (type: String, unknown: String, rest: String),
        _ fromConfig: String
    ) throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec:
              namespaces: [team-a]
              subscriptions: [22222222-2222-2222-2222-222222222222]
              resourceGroups: [team-a]
              userAssignedIdentities: [/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/team-a/providers/Microsoft.ManagedIdentity/userAssignedIdentities/*]
              fromConfig: \(fromConfig)
              roles: {allow: [Reader], scope: Resource, principals: [44444444-4444-4444-4444-444444444444]}
              federatedSubjects: {issuers: ["https://i/"], subjects: ["*"]}
            """
        let group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/team-a/providers"
        let scope = #""scope": "\#(group)/Microsoft.Storage/storageAccounts/a""#
        let parent = #""parent_id": "\#(group)/Microsoft.ManagedIdentity/userAssignedIdentities/i""#
        let after = #"{"name": "a", \#(test.type == "role_assignment" ? scope : parent), \#(test.rest)}"#
        let plan = plan([("azurerm_\(test.type).main", after, #"{"\#(test.unknown)": true}"#)])
        let resource = try #require(try read(plan).resources.first)
        let failures = try decide(resource.change, binding).failures
        #expect(Set(failures.map { resource.place(of: $0.path).field }) == [test.unknown], "\(failures)")
        #expect(failures.allSatisfy { $0.reason == .unknown })
    }

    /// The tool has a credential of its own; all else that a binding guards holds.
    @Test func nobodyAsksAToolForTheCredentialOfAnObject() throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec:
              namespaces: [team-a]
              subscriptions: [22222222-2222-2222-2222-222222222222]
              resourceGroups: [team-a]
              credentials: {allow: [team-a-credential], globalFallback: Deny}
            """
        func failures(_ rest: String, unknown: String = "{}") throws -> [String] {
            let values = #"{"name": "a", "location": "westeurope"\#(rest)}"#
            let plan = plan([("azurerm_storage_account.main", values, unknown)])
            let resource = try #require(try read(plan).resources.first)
            return try decide(resource.change, binding).failures.map(\.path)
        }
        #expect(try failures(#", "resource_group_name": "team-a""#) == [])
        #expect(try failures(#", "resource_group_name": "team-b""#) == ["spec.owner.name"])
        #expect(try failures(#", "resource_group_name": "team-a/../team-b""#) == ["spec.owner.name"])
        #expect(try failures("", unknown: #"{"resource_group_name": true}"#) == ["spec.owner.name"])
        #expect(try failures("") == ["spec.owner"])
        let manifest = """
            {"apiVersion": "storage.azure.com/v20250601", "kind": "StorageAccount", "metadata": {"name": "a"},
             "spec": {"location": "westeurope", "owner": {"name": "team-a"}}}
            """
        let object = JSONFragment(try JSONDocument(parsing: Array(manifest.utf8)))
        let request = try ManifestRequest(.create(object), namespace: "team-a").admissionRequest(tables: .embedded)
        let decision = try set(binding).decide(request, mode: .validate)
        #expect(
            decision.failures.map(\.path) == [#"metadata.annotations["serviceoperator.azure.com/credential-from"]"#]
        )
    }

    /// What looks like an unknown in somebody's file is a text as any other.
    @Test(arguments: [#"\\u0055nknown: x"#, #"\u0055nknown: x"#, "Unknown: x"])
    func nobodyElseWritesUnknowns(_ text: String) throws {
        let plan = plan([("azurerm_storage_account.main", #"{"location": "\#(text)"}"#, "{}")])
        let resource = try #require(try read(plan).resources.first)
        let decision = try decide(resource.change, rule("locations: {allow: [westeurope]}"))
        #expect(decision.failures.first?.reason == .notSupported)
        let manifest = """
            {"apiVersion": "storage.azure.com/v20250601", "kind": "StorageAccount", "metadata": {"name": "a"},
             "spec": {"location": "\(text)"}}
            """
        let object = JSONFragment(try JSONDocument(parsing: Array(manifest.utf8)))
        let other = try decide(.create(object), rule("locations: {allow: [westeurope]}"))
        #expect(other.failures.first?.reason == .notSupported)
    }

    @Test func aSecretIsNotLookedAt() throws {
        let text = plan([("azurerm_storage_account.main", #"{"location": "hunter2", "tags": {}}"#, "{}")])
            .replacing(#""after_sensitive": {}"#, with: #""after_sensitive": {"location": true}"#)
        let resource = try #require(try read(text).resources.first)
        let decision = try decide(resource.change, rule("locations: {allow: [westeurope]}"))
        #expect(decision.failures.first?.reason == .unknown)
        #expect(!"\(decision.failures)".contains("hunter2"))
    }

    private func update(_ before: String, _ after: String, _ unknown: String, _ sensitive: String = "{}") -> String {
        """
        {"format_version": "1.2", "resource_changes": [
          {"address": "azurerm_storage_account.main", "mode": "managed", "type": "azurerm_storage_account",
           "change": {"actions": ["update"], "before": \(before), "after": \(after), "after_unknown": \(unknown),
                      "before_sensitive": \(sensitive), "after_sensitive": \(sensitive)}}]}
        """
    }

    /// What is not known now is no old failure, whatever was there before.
    @Test(
        arguments: [
            "locations: {allow: [westeurope]}", "cel: {expression: \"object.spec.location == 'westeurope'\"}",
            "cel: {expression: \"object.spec.location == 'westeurope'\", fieldPath: spec.location}",
            "immutable: {fields: [spec.location]}", "immutable: {facets: [location]}",
        ]
    ) func theRatchetKnowsNoUnknowns(_ body: String) throws {
        let plans = [
            update(#"{"name": "a"}"#, #"{"name": "a"}"#, #"{"location": true}"#),
            update(#"{"name": "a", "location": "eastus"}"#, #"{"name": "a"}"#, #"{"location": true}"#),
            update(
                #"{"name": "a", "location": "eastus"}"#,
                #"{"name": "a", "location": "westus"}"#,
                "{}",
                #"{"location": true}"#
            ),
        ]
        for plan in plans {
            let resource = try #require(try read(plan).resources.first)
            #expect(!(try decide(resource.change, rule(body)).allowed), "\(plan)")
        }
    }

    @Test(arguments: [#"{"tags": true}"#, #"{"tags": {"environment": true}}"#])
    func unknownTagsProtect(_ sensitive: String) throws {
        let plan = """
            {"format_version": "1.2", "resource_changes": [
              {"address": "azurerm_storage_account.main", "mode": "managed", "type": "azurerm_storage_account",
               "change": {"actions": ["delete"], "before": {"name": "a", "tags": {"environment": "production"}},
                          "after": null, "after_unknown": {}, "before_sensitive": \(sensitive)}}]}
            """
        let resource = try #require(try read(plan).resources.first)
        let body = "deletion: {protected: {tags: {environment: [production]}}}"
        #expect(!(try decide(resource.change, rule(body)).allowed))
        #expect(try decide(resource.change, rule(body + ", ifUnknown: Allow")).allowed)
    }

    /// Terraform leaves out of `after` what is unknown.
    private func without(_ unknown: String) throws -> String {
        let account = JSONFragment(try JSONDocument(parsing: Array(Self.account.utf8)))
        let mask = try JSONDocument(parsing: Array(unknown.utf8))
        let names = mask.members(of: mask.root).filter { $0.value.bool == true }.compactMap { mask.string($0.key) }
        var writer = JSONWriter()
        writer.beginObject()
        for (key, value) in account.document.members(of: account.value) {
            guard let name = account.document.string(key), !names.contains(name) else { continue }
            writer.key(name)
            writer.copy(value, in: account.document)
        }
        if unknown.contains("ip_rules") {
            writer.key("network_rules")
            writer.raw(#"[{"default_action": "Deny", "ip_rules": [null]}]"#)
        }
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
