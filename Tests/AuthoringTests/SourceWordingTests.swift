import Authoring
import Azure
import JSON
import Policy
import Testing

/// What is said of other tools' resources: fields, values and mends in the tool's words.
@Suite struct SourceWordingTests {
    /// Attributes of azurerm, what is unknown of them, a rule, and what is said.
    static let plans: [(type: String, after: String, unknown: String, rule: String, message: String)] = [
        (
            "storage_account", #"{"min_tls_version": "TLS1_0"}"#, "{}", #"exposure: {minimumTLSVersion: "1.2"}"#,
            #"min_tls_version is "TLS1_0"; allowed: TLS1_2 or later; set min_tls_version to TLS1_2 or later"#
        ),
        (
            "storage_account", #"{"public_network_access_enabled": true}"#, "{}",
            "exposure: {publicNetworkAccess: Disabled}",
            #"public_network_access_enabled is "true"; allowed: false; set public_network_access_enabled to false"#
        ),
        (
            "storage_account", "{}", "{}", "exposure: {publicNetworkAccess: Disabled}",
            #"public_network_access_enabled is "true" by default; allowed: false; "#
                + "set public_network_access_enabled to false"
        ),
        (
            "storage_account", "{}", #"{"location": true}"#, "locations: {allow: [westeurope]}",
            "location is known only after apply; allowed: westeurope; set location itself to westeurope"
        ),
        (
            "storage_account", #"{"account_tier": "Standard", "account_replication_type": "LRS"}"#, "{}",
            "skus: {allow: [Standard_ZRS]}",
            #"account_tier + account_replication_type is "Standard_LRS"; allowed: Standard_ZRS; "#
                + "set account_tier + account_replication_type to Standard_ZRS"
        ),
        (
            "storage_container", #"{"container_access_type": "blob"}"#, "{}", "exposure: {publicAccess: Disabled}",
            #"container_access_type is "blob"; allowed: private; set container_access_type to private"#
        ),
        (
            "storage_account", #"{"tags": {}}"#, "{}", "tags: {required: {owner: {}}}",
            "tags.owner is missing; add the tag owner"
        ),
    ]

    @Test(arguments: plans.indices) func aPlanIsSpokenOfInItsWords(_ index: Int) throws {
        let (type, after, unknown, body, message) = Self.plans[index]
        let messages = try findings(plan([("azurerm_\(type).main", after, unknown)]), rule(body)).map(\.message)
        #expect(messages == [message])
    }

    /// What is sensitive is neither looked at nor told.
    @Test func aSecretHasNoWords() throws {
        let text = plan([("azurerm_storage_account.main", #"{"location": "hunter2"}"#, "{}")])
            .replacing(#""after_sensitive": {}"#, with: #""after_sensitive": {"location": true}"#)
        let finding = try #require(try findings(text, rule("locations: {allow: [westeurope]}")).first)
        #expect(finding.message.hasPrefix("location is not known: sensitive, and not looked at; "))
        #expect(!"\(finding)".contains("hunter2"))
    }

    @Test func aTemplateAndCrossplaneAreSpokenOfInTheirWords() throws {
        let template = template(
            #"{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "a","#
                + #""location": "[resourceGroup().location]", "properties": {"minimumTlsVersion": "TLS1_0"}}"#
        )
        #expect(
            try findings(template, rule(#"exposure: {minimumTLSVersion: "1.2"}"#)).map(\.message) == [
                #"properties.minimumTlsVersion is "TLS1_0"; allowed: TLS1_2 or later; "#
                    + "set properties.minimumTlsVersion to TLS1_2 or later"
            ]
        )
        #expect(
            try findings(template, rule("locations: {allow: [westeurope]}")).map(\.message) == [
                "location is known only at deployment: it depends on resourceGroup().location, which --location tells; "
                    + "allowed: westeurope; set location itself to westeurope"
            ]
        )
        let crossplane = """
            {apiVersion: storage.azure.upbound.io/v1beta1, kind: Account, metadata: {name: a},
             spec: {forProvider: {publicNetworkAccessEnabled: true, locationRef: {name: l}}}}
            """
        #expect(
            try findings(crossplane, rule("exposure: {publicNetworkAccess: Disabled}")).map(\.message) == [
                #"spec.forProvider.publicNetworkAccessEnabled is "true"; allowed: false; "#
                    + "set spec.forProvider.publicNetworkAccessEnabled to false"
            ]
        )
        #expect(
            try findings(crossplane, rule("locations: {allow: [westeurope]}")).map(\.message) == [
                "spec.forProvider.location is not known: Crossplane fills it in from locationRef; allowed: westeurope; "
                    + "set spec.forProvider.location itself to westeurope"
            ]
        )
    }

    /// Fields that stand beside `properties`, and the ID that is an object elsewhere.
    @Test func templatesNameWhatTheyDoNotHave() throws {
        let address = template(#"{"type": "Microsoft.Network/publicIPAddresses", "name": "ip", "properties": {}}"#)
        #expect(try findings(address, rule("tags: {required: {owner: {}}}")).map(\.field) == ["tags.owner"])
        #expect(try findings(address, rule("kinds: {allow: [storage.azure.com/*]}")).map(\.field) == ["type"])
        for (body, field) in [
            ("locations: {allow: [westeurope]}", "location"), ("skus: {allow: [Standard]}", "sku.name"),
            ("zones: {minimum: 3}", "zones"),
        ] {
            #expect(try findings(address, rule(body)).map(\.field) == [field])
        }
        let labelled = rule("locations: {allow: [westeurope]}")
            .replacing("spec: {", with: "spec: {match: {namespaceSelector: {matchLabels: {a: b}}}, ")
        #expect(try findings(address, labelled).map(\.field) == ["request"])
    }

    /// An owner that is told later is one all the same.
    @Test func anOwnerThatNobodyKnowsIsNotMissing() throws {
        let template = template(
            #"{"type": "Microsoft.Storage/storageAccounts", "name": "a", "location": "westeurope", "properties": {}}"#
        )
        let crossplane = """
            {apiVersion: storage.azure.upbound.io/v1beta1, kind: Account, metadata: {name: a},
             spec: {forProvider: {location: westeurope, resourceGroupNameRef: {name: g}}}}
            """
        let near = "locations: {sameAsOwner: Required}"
        for (text, message) in [
            (
                template,
                "resourceGroup() is known only at deployment: nobody tells the resource group; "
                    + "tell it with --resource-group"
            ),
            (
                crossplane,
                "spec.forProvider.resourceGroupName is not known: Crossplane fills it in from resourceGroupNameRef; "
                    + "set spec.forProvider.resourceGroupName itself"
            ),
        ] {
            #expect(try findings(text, rule(near)).map(\.message) == [message])
            #expect(try findings(text, rule("ifUnknown: Allow, \(near)")).isEmpty)
        }
    }

    /// Where a template is deployed to no field of it says.
    @Test func aTemplateIsDeployedElsewhere() throws {
        let database = template(
            #"{"type": "Microsoft.Sql/servers/databases", "name": "s/d", "location": "westeurope", "properties": {}}"#
        )
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: [a-*, b]}
            """
        #expect(
            try findings(database, binding, TemplateDeployment(resourceGroup: "c")).map(\.message) == [
                #"resourceGroup() is "c"; allowed: a-*, b; deploy it to a resource group that matches a-* or b"#
            ]
        )
    }

    /// What the tool prints beside the ID says the same again.
    @Test func aResourceLiesElsewhereOnce() throws {
        let id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/c"
        let account = """
            {"id": "\(id)/providers/Microsoft.Storage/storageAccounts/a", "name": "a", "resourceGroup": "c",
             "type": "Microsoft.Storage/storageAccounts", "location": "westeurope", "properties": {}}
            """
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: [a-*]}
            """
        let found = try findings(account, binding)
        #expect(found.map(\.field) == ["id"] && found.first?.value == id, "\(found)")
    }

    /// A pipeline that changes nothing is no mistake.
    @Test func aPlanMayChangeNothing() throws {
        func plan(_ changes: String) -> String { #"{"format_version": "1.2", "resource_changes": [\#(changes)]}"# }
        func change(_ type: String, _ action: String) -> String {
            """
            {"address": "\(type).main", "mode": "managed", "type": "\(type)",
             "change": {"actions": ["\(action)"], "before": {}, "after": {}, "after_unknown": {}}}
            """
        }
        let still = change("azurerm_storage_account", "no-op")
        for changes in [
            "", still, "\(still), \(change("azurerm_nothing_known", "no-op"))", change("random_id", "create"),
        ] {
            let report = try check(plan(changes), rule("locations: {allow: [westeurope]}"))
            #expect(report.idlePlanCount == 1 && report.issues.isEmpty, "\(report.issues)")
            #expect(report.summary == "the plan changes nothing in Azure")
        }
        for changes in [change("azurerm_nothing_known", "create"), change("azurerm_storage_account", "create")] {
            #expect(try check(plan(changes), rule("locations: {allow: [westeurope]}")).idlePlanCount == 0)
        }
    }

    /// An author's own words are filled in with the tool's.
    @Test func messagesOfPoliciesNameTheField() throws {
        let policy = rule(#"locations: {allow: [westeurope]}, message: "${field}: not ${value}, but ${allowed}""#)
        let plan = plan([("azurerm_storage_account.main", #"{"location": "eastus"}"#, "{}")])
        let message = try #require(try findings(plan, policy).first?.message)
        #expect(message.hasPrefix("location: not eastus, but westeurope (location is \"eastus\""))
    }
}

// MARK: - What tests of messages share

/// What `check` finds in a file.
func findings(
    _ text: String,
    _ policies: String,
    _ deployment: TemplateDeployment = TemplateDeployment()
) throws -> [CheckReport.Finding] {
    let report = try check(text, policies, deployment)
    #expect(report.errors.isEmpty, "\(report.errors)")
    return report.results.flatMap(\.findings)
}

func check(
    _ text: String,
    _ policies: String,
    _ deployment: TemplateDeployment = TemplateDeployment()
) throws -> CheckReport {
    let circumstances = CheckRun.Circumstances(namespace: "team-a")
    var run = CheckRun(try set(policies), configuration: PolicyConfiguration(), circumstances)
    run.check(ManifestFile(Array(text.utf8), file: "file", deployment: deployment))
    return run.finish()
}

/// A template of resources.
func template(_ resources: String, schema: String = "deploymentTemplate") -> String {
    """
    {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/\(schema).json#", "contentVersion": "1.0.0.0",
     "resources": [\(resources)]}
    """
}
