import Authoring
import JSON
import Kubernetes
import Policy
import Testing

/// Plans and states of Terraform: what is done to which resource, and where it stands.
@Suite struct TerraformSourceTests {
    private static let locations = rule("locations: {allow: [westeurope]}")

    private func change(_ actions: String, _ before: String, _ after: String) -> String {
        """
        {"format_version": "1.2", "resource_changes": [
          {"address": "azurerm_storage_account.main", "mode": "managed", "type": "azurerm_storage_account",
           "change": {"actions": \(actions), "before": \(before), "after": \(after), "after_unknown": {}}}]}
        """
    }

    @Test func anUpdateKnowsWhatWasThere() throws {
        let old =
            #"{"name": "orders", "location": "eastus", "account_tier": "Standard", "account_replication_type": "LRS"}"#
        let new = old.replacing("LRS", with: "ZRS")
        let resource = try #require(try read(change(#"["update"]"#, old, new)).resources.first)
        #expect(resource.change.operation == .update)
        // An old failure only warns.
        let decision = try decide(resource.change, Self.locations)
        #expect(decision.allowed)
        #expect(decision.failures.map(\.effect) == [.ratcheted])
        #expect(!(try decide(resource.change, rule("immutable: {fields: [spec.sku.name]}")).allowed))
    }

    @Test func whatIsReplacedGoesAndComes() throws {
        let old = #"{"name": "orders", "location": "eastus", "tags": {"environment": "production"}}"#
        let resources = try read(change(#"["delete", "create"]"#, old, old)).resources
        #expect(resources.map(\.change.operation) == [.delete, .create])
        let policy = rule("deletion: {protected: {tags: {environment: [production]}}}")
        #expect(try resources.map { try decide($0.change, policy).allowed } == [false, true])
    }

    @Test(arguments: [#"["no-op"]"#, #"["read"]"#, #"["forget"]"#]) func whatDoesNotChangeIsPassedOver(
        _ actions: String
    ) throws {
        let found = try read(change(actions, "{}", #"{"name": "orders"}"#))
        #expect(found.resources.isEmpty)
        #expect(found.passedOver.map(\.isUnseen) == [false])
    }

    @Test func aStateHasModulesAndKeys() throws {
        let found = try read(
            """
            {"format_version": "1.0", "terraform_version": "1.9.5", "values": {"root_module": {
              "resources": [
                {"address": "data.azurerm_client_config.me", "mode": "data", "type": "azurerm_client_config", "values": {}},
                {"address": "random_id.x", "mode": "managed", "type": "random_id", "values": {}}],
              "child_modules": [{"address": "module.data", "resources": [
                {"address": "module.data.azurerm_mssql_server.main[\\"eu\\"]", "mode": "managed",
                 "type": "azurerm_mssql_server", "index": "eu", "values": {
                   "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/main", "name": "main",
                   "location": "eastus", "resource_group_name": "g"}},
                {"address": "module.data.azurerm_mssql_database.orders", "mode": "managed",
                 "type": "azurerm_mssql_database", "values": {"name": "orders", "sku_name": "GP_Gen5_2",
                   "server_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/Servers/main"}}]}]}}}
            """
        )
        #expect(found.format == .terraformState)
        #expect(
            found.resources.map(\.name) == [
                #"module.data.azurerm_mssql_server.main["eu"]"#, "module.data.azurerm_mssql_database.orders",
            ]
        )
        #expect(found.passedOver.map(\.name) == ["random_id.x"])
        // A database is where its server is.
        let database = try #require(found.resources.last)
        let decision = try decide(database.change, Self.locations)
        #expect(decision.failures.map(\.value) == ["eastus"])
        #expect(database.place(of: "spec.location").field == "server_id")
        let tiers = "skus: {allow: [{tier: GeneralPurpose}], maximum: {vCores: 2}}"
        #expect(try decide(database.change, rule(tiers)).allowed)
    }

    @Test func aPlanTellsTheServerByItsExpression() throws {
        let configuration = """
            {"root_module": {"module_calls": {"data": {"module": {"resources": [
              {"address": "azurerm_mssql_database.orders", "expressions": {
                "server_id": {"references": ["azurerm_mssql_server.main.id", "azurerm_mssql_server.main"]}}}]}}}}}
            """
        let plan = plan(
            [
                (
                    "module.data[0].azurerm_mssql_server.main", #"{"name": "main", "location": "westeurope"}"#,
                    #"{"id": true}"#
                ),
                ("module.data[0].azurerm_mssql_database.orders", #"{"name": "orders"}"#, #"{"server_id": true}"#),
            ],
            configuration: configuration
        )
        let found = try read(plan)
        #expect(try found.resources.map { try decide($0.change, Self.locations).allowed } == [true, true])
        let lonely = try read(
            self.plan([("azurerm_mssql_database.orders", #"{"name": "orders"}"#, #"{"server_id": true}"#)])
        )
        let failures = try lonely.resources.flatMap { try decide($0.change, Self.locations).failures }
        #expect(failures.map(\.reason) == [.unknown])
    }

    @Test func rulesOfASecurityGroupAreResources() throws {
        let found = try read(
            plan([
                (
                    "azurerm_network_security_group.main",
                    """
                    {"name": "n", "location": "westeurope", "security_rule": [
                      {"name": "ssh", "access": "Allow", "direction": "Inbound", "source_address_prefix": "*"}]}
                    """, "{}"
                )
            ])
        )
        #expect(found.resources.map(\.kind).last == "network.azure.com/NetworkSecurityGroupsSecurityRule")
        let rules = try #require(found.resources.last)
        #expect(rules.name == "azurerm_network_security_group.main: security_rule[0]")
        #expect(!(try decide(rules.change, rule("exposure: {allowedIPs: [10.0.0.0/8]}")).allowed))
    }

    @Test func fieldsHavePlaces() throws {
        let text = plan([
            (
                "azurerm_storage_account.main",
                """
                {"name": "orders",
                 "location": "eastus",
                 "tags": {
                   "owner": "a"}}
                """, "{}"
            )
        ])
        let resource = try #require(try read(text).resources.first)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        func line(_ field: String) -> Substring { lines[resource.place(of: field).position.line - 1] }
        #expect(line("spec.location").contains(#""location": "eastus""#))
        #expect(line("spec.tags.owner").contains(#""owner""#))
        // What is missing stands where it would.
        #expect(line("spec.tags[\"cost-center\"]").contains(#""tags""#))
        #expect(resource.place(of: "spec.tags[\"cost-center\"]").field == "tags.cost-center")
        #expect(resource.place(of: "spec.minimumTlsVersion").field == "min_tls_version")
        #expect(resource.place(of: "spec.networkAcls.defaultAction").field == "network_rules[0].default_action")
        #expect(resource.place(of: "metadata.name").field == "name")
        #expect(resource.place(of: "spec.unheardOf").field == "spec.unheardOf")
    }

    // MARK: What is refused

    static let refused: [(text: String, message: String)] = [
        (#"{"terraform_version": "0.11", "planned_values": {}}"#, "has no format_version"),
        (#"{"format_version": "0.1", "resource_changes": []}"#, "is of format 0.1"),
        (#"{"format_version": "2.0", "resource_changes": []}"#, "is of format 2.0"),
        (#"{"format_version": "1.2", "errored": true, "resource_changes": []}"#, "is a plan that failed"),
        (#"{"format_version": "1.2", "configuration": {}}"#, "has no resource_changes"),
        (#"{"format_version": "1.2", "resource_changes": {}}"#, "no list"),
        (
            #"{"format_version": "1.2", "resource_changes": [{"address": "a.b", "type": "azurerm_x"}]}"#,
            "a.b has no change"
        ),
        (
            #"""
            {"format_version": "1.2", "resource_changes": [{"address": "a", "type": "azurerm_redis_cache",
            "change": {"actions": ["explode"]}}]}
            """#, "has the actions"
        ),
        (#"{"apiVersion": "v1", "kind": "ConfigMap"}"#, "is no plan"),
        ("[]", "is no plan"), ("7", "is no plan"),
    ]

    @Test(arguments: refused) func refuses(_ text: String, _ message: String) throws {
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message.contains(message) ?? false, "\(String(describing: error))")
        #expect(error?.mend.isEmpty == false)
    }

    static let misshapen: [(actions: String, before: String, after: String, message: String, place: String)] = [
        (#""create""#, "null", "{}", "has actions that are no list", #""create""#),
        ("[]", "null", "{}", "has an empty list of actions", "[]"),
        ("[5]", "null", "{}", "has an action that is no text", "5]"),
        (#"["create", null]"#, "null", "{}", "has an action that is no text", "null]"),
        (#"["create", "explode"]"#, "null", "{}", #"has the actions ["create", "explode"]"#, "{"),
        (#"["create"]"#, "{}", "[7]", "has no object in 'after'", "[7]"),
        (#"["create"]"#, "{}", "null", "has no object in 'after'", "null"),
        (#"["update"]"#, "7", "{}", "has no object in 'before'", "7"),
        (#"["update"]"#, "{}", "null", "has no object in 'after'", "null"),
        (#"["delete"]"#, "null", "{}", "has no object in 'before'", "null"),
        (#"["delete", "create"]"#, "{}", "null", "has no object in 'after'", "null"),
    ]

    /// What Terraform never prints may hide a change: it is no reason to pass a resource over.
    @Test(arguments: misshapen) func aChangeMustBeUnderstood(
        _ actions: String,
        _ before: String,
        _ after: String,
        _ message: String,
        _ place: String
    ) throws {
        let text = change(actions, before, after)
        let error = try #require(#expect(throws: SourceError.self) { _ = try read(text) })
        #expect(error.message.hasPrefix("azurerm_storage_account.main \(message)"), "\(error)")
        let line = text.split(separator: "\n")[error.position.line - 1]
        #expect(line.dropFirst(error.position.column - 1).hasPrefix(place), "\(error)")
    }

    @Test(arguments: ["5", "null", "[]", #""x""#]) func aResourceMustBeAnObject(_ entry: String) throws {
        let plan = #"{"format_version": "1.2", "resource_changes": [\#(entry)]}"#
        let state = #"{"format_version": "1.0", "values": {"root_module": {"resources": [\#(entry)]}}}"#
        for text in [plan, state] {
            let error = try #require(#expect(throws: SourceError.self) { _ = try read(text) })
            #expect(error.message == "has a resource that is no object")
            #expect(text.dropFirst(error.position.column - 1).hasPrefix(entry), "\(error)")
        }
        let nameless = plan.replacing("[\(entry)]", with: #"[{"address": "a.b", "mode": "managed"}]"#)
        let error = #expect(throws: SourceError.self) { _ = try read(nameless) }
        #expect(error?.message == "a.b has no type")
    }

    /// One is left in Azure, and another comes.
    @Test func whatComesForAForgottenResourceIsJudged() throws {
        let values = #"{"name": "orders", "location": "eastus"}"#
        let resources = try read(change(#"["create", "forget"]"#, values, values)).resources
        #expect(resources.map(\.change.operation) == [.create])
        #expect(!(try decide(resources[0].change, Self.locations).allowed))
    }

    /// Values of every wrong shape break nothing.
    @Test(arguments: ["null", "true", "7", #""x""#, "[]", "{}", "[[[]]]", #"[{"a": [null]}]"#, #"{"0": {}}"#])
    func wrongShapesBreakNothing(_ value: String) throws {
        for type in ["storage_account", "kubernetes_cluster", "cosmosdb_account", "network_security_group"] {
            for name in [
                "identity", "network_rules", "default_node_pool", "tags", "sku_name", "backup", "security_rule",
            ] {
                let plan = plan([("azurerm_\(type).main", "{\"name\": \"n\", \"\(name)\": \(value)}", "{}")])
                for resource in try read(plan).resources {
                    _ = try decide(resource.change, ResourceSourceTests.everything)
                    _ = resource.place(of: "spec.tags.a.b[3].c")
                }
                let masked = self.plan([("azurerm_\(type).main", #"{"name": "n"}"#, "{\"\(name)\": \(value)}")])
                for resource in try read(masked).resources {
                    _ = try decide(resource.change, ResourceSourceTests.everything)
                }
            }
        }
    }

    private func plan(
        _ resources: [(address: String, after: String, unknown: String)],
        configuration: String = "{}"
    ) -> String {
        AuthoringTests.plan(resources, configuration: configuration)
    }
}
