import Authoring
import Azure
import JSON
import Policy
import Testing

/// What a binding says of resources of other tools: where they lie, what goes, and what they write.
@Suite struct SourceBindingTests {
    private static let own = "22222222-2222-2222-2222-222222222222"

    private static func binding(_ rest: String = "") -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: team-a}
        spec:
          namespaces: [team-a]
          subscriptions: [\(own)]
          resourceGroups: [team-a-*]
          roles: {allow: ["*"], scope: ResourceGroup}
          \(rest)
        """
    }

    private func messages(_ text: String, _ rest: String = "") throws -> [String] {
        try findings(text, Self.binding(rest)).map(\.message)
    }

    // MARK: What goes

    private func change(_ actions: String, _ before: String, _ after: String, type: String) -> String {
        """
        {"format_version": "1.2", "resource_changes": [
          {"address": "azurerm_\(type).main", "mode": "managed", "type": "azurerm_\(type)",
           "change": {"actions": \(actions), "before": \(before), "after": \(after), "after_unknown": {}}}]}
        """
    }

    @Test(arguments: ["team-a-data", "team-b"]) func whatGoesMustLieInside(_ group: String) throws {
        let identity = #""identity": [{"type": "UserAssigned", "identity_ids": ["/subscriptions/x/other"]}]"#
        let account = #"{"name": "a", "resource_group_name": "\#(group)", \#(identity)}"#
        let id = "/subscriptions/\(Self.own)/resourceGroups/\(group)/providers/Microsoft.Sql/servers/s"
        let inside = #"{"name": "a", "resource_group_name": "team-a-data"}"#
        let gone = [
            change(#"["delete"]"#, account, "null", type: "storage_account"),
            change(#"["delete", "create"]"#, account, inside, type: "storage_account"),
            change(#"["delete"]"#, #"{"name": "d", "server_id": "\#(id)"}"#, "null", type: "mssql_database"),
            change(#"["delete"]"#, #"{"name": "\#(group)"}"#, "null", type: "resource_group"),
            change(
                #"["delete"]"#,
                #"{"name": "s", "virtual_network_name": "v", "resource_group_name": "\#(group)"}"#,
                "null",
                type: "subnet"
            ),
            change(#"["delete"]"#, #"{"name": "r", "scope": "\#(id)"}"#, "null", type: "role_assignment"),
        ]
        for text in gone {
            let messages = try messages(text)
            #expect(messages.isEmpty == (group == "team-a-data"), "\(text): \(messages)")
            #expect(messages.count < 2, "what goes is judged by its place alone: \(messages)")
        }
    }

    // MARK: Owners

    private static let account = (
        address: "azurerm_storage_account.main", after: #"{"name": "acct", "resource_group_name": "GROUP"}"#,
        unknown: #"{"id": true}"#
    )

    private static func configured(_ attribute: String, _ reference: String) -> String {
        """
        {"root_module": {"resources": [{"address": "azurerm_storage_container.c", "expressions": {
          "\(attribute)": {"references": ["\(reference)"]}}}]}}
        """
    }

    /// A container, what is unknown of it, and what its expressions refer to.
    static let containers: [(after: String, unknown: String, configuration: String)] = [
        (#"{"name": "c", "storage_account_name": "acct"}"#, "{}", "{}"),
        (
            #"{"name": "c", "storage_account_name": "acct"}"#, "{}",
            configured("storage_account_name", "azurerm_storage_account.main.name")
        ),
        (
            #"{"name": "c"}"#, #"{"storage_account_id": true}"#,
            configured("storage_account_id", "azurerm_storage_account.main.id")
        ),
        (
            #"{"name": "c"}"#, #"{"storage_account_name": true}"#,
            configured("storage_account_name", "azurerm_storage_account.main.name")
        ),
    ]

    @Test(arguments: containers.indices) func aChildLiesWhereItsParentDoes(_ index: Int) throws {
        let (after, unknown, configuration) = Self.containers[index]
        let child = (address: "azurerm_storage_container.c", after: after, unknown: unknown)
        for group in ["team-a-data", "team-b"] {
            var parent = Self.account
            parent.after = parent.after.replacing("GROUP", with: group)
            let report = try check(plan([parent, child], configuration: configuration), Self.binding())
            let container = try #require(report.results.last)
            #expect(container.isAllowed == (group == "team-a-data"), "\(container.findings)")
            guard group == "team-b" else { continue }
            let attribute = after.contains("_name") || unknown.contains("_name") ? "name" : "id"
            #expect(
                container.findings.map(\.message) == [
                    #"the resource group of storage_account_\#(attribute) is "team-b"; allowed: team-a-*; "#
                        + "set the resource group of storage_account_\(attribute) to a value that matches team-a-*"
                ]
            )
            #expect(container.findings.map(\.field) == ["storage_account_\(attribute)"])
        }
    }

    /// Without its parent nobody knows where a child lies; `fromConfig` decides.
    @Test func aChildAloneLiesNowhere() throws {
        let container = plan([
            ("azurerm_storage_container.c", #"{"name": "c", "storage_account_name": "acct"}"#, "{}")
        ])
        #expect(
            try messages(container) == [
                "the resource group of storage_account_name is not known: what it belongs to is not in this file; "
                    + "name it by its ID, or have it in the same plan"
            ]
        )
        #expect(try messages(container, "fromConfig: Allow") == [])
        // Two of that name are not one, and another kind of thing is not meant.
        let twice = plan([
            ("azurerm_storage_account.a", #"{"name": "acct", "resource_group_name": "team-a-1"}"#, "{}"),
            ("azurerm_storage_account.b", #"{"name": "acct", "resource_group_name": "team-b"}"#, "{}"),
            ("azurerm_storage_container.c", #"{"name": "c", "storage_account_name": "acct"}"#, "{}"),
        ])
        #expect(try check(twice, Self.binding()).results.map(\.isAllowed) == [true, false, false])
        let other = plan([
            ("azurerm_key_vault.a", #"{"name": "acct", "resource_group_name": "team-a-1"}"#, "{}"),
            ("azurerm_storage_container.c", #"{"name": "c", "storage_account_name": "acct"}"#, "{}"),
        ])
        #expect(try check(other, Self.binding()).results.map(\.isAllowed) == [true, false])
        let crossplane = """
            {apiVersion: storage.azure.upbound.io/v1beta1, kind: Container, metadata: {name: c},
             spec: {forProvider: {storageAccountName: acct}}}
            """
        #expect(try messages(crossplane).count == 1)
    }

    /// What is only read, by a data source, is the parent of what refers to it.
    @Test func dataSourcesTellTheirGroup() throws {
        let configuration = Self.configured("storage_account_name", "data.azurerm_storage_account.shared.name")
        let text = plan(
            [("azurerm_storage_container.c", #"{"name": "c", "storage_account_name": "acct"}"#, "{}")],
            configuration: configuration
        )
        let state = """
            "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": [
              {"address": "data.azurerm_storage_account.shared", "mode": "data", "type": "azurerm_storage_account",
               "values": {"name": "acct", "resource_group_name": "GROUP"}}]}}},
             "configuration":
            """
        for group in ["team-a-data", "team-b"] {
            let state = state.replacing("GROUP", with: group)
            let messages = try messages(text.replacing(#""configuration":"#, with: state))
            #expect(messages.isEmpty == (group == "team-a-data"), "\(messages)")
        }
    }

    /// A role on a resource of the same plan is a role in its group.
    @Test(arguments: ["team-a-data", "team-b"]) func aRoleIsGivenWhereItsScopeLies(_ group: String) throws {
        let configuration = """
            {"root_module": {"resources": [{"address": "azurerm_role_assignment.r", "expressions": {
              "scope": {"references": ["azurerm_storage_account.main.id", "azurerm_storage_account.main"]}}}]}}
            """
        var account = Self.account
        account.after = account.after.replacing("GROUP", with: group)
        let role = #"{"role_definition_name": "Reader", "principal_id": "44444444-4444-4444-4444-444444444444"}"#
        let text = plan(
            [account, ("azurerm_role_assignment.r", role, #"{"scope": true}"#)],
            configuration: configuration
        )
        let findings = try #require(try check(text, Self.binding()).results.last).findings
        #expect(findings.contains { $0.field == "scope" } == (group == "team-b"), "\(findings)")
    }

    // MARK: Decoys

    private static func references(_ resource: String, _ attribute: String, _ texts: [String]) -> String {
        """
        {"root_module": {"resources": [{"address": "azurerm_\(resource)", "expressions": {
          "\(attribute)": {"references": [\(texts.map { #""azurerm_\#($0)""# }.joined(separator: ", "))]}}}]}}
        """
        .replacing("azurerm_data.", with: "data.").replacing("azurerm_each.", with: "each.")
        .replacing("azurerm_var.", with: "var.")
    }

    private static let mine = (
        address: "azurerm_storage_account.mine", after: #"{"name": "mine", "resource_group_name": "team-a-data"}"#,
        unknown: #"{"id": true}"#
    )
    private static let theirs = (
        address: "azurerm_storage_account.theirs", after: #"{"name": "theirs", "resource_group_name": "team-b"}"#,
        unknown: #"{"id": true}"#
    )

    /// What a container's ID of an account refers to, and whether that tells that it is an own one.
    static let ids: [(references: [String], isAllowed: Bool)] = [
        (["storage_account.mine.id", "storage_account.mine"], true),
        (["storage_account.mine[\\\"a\\\"].id", "storage_account.mine[\\\"a\\\"]", "storage_account.mine"], true),
        (["storage_account.mine", "each.key"], true), (["storage_account.theirs.id"], false),
        (
            [
                "storage_account.mine.id", "storage_account.mine", "storage_account.theirs.id",
                "storage_account.theirs",
            ],
            false
        ),
        (["storage_account.mine.id", "storage_account.mine", "storage_account.theirs"], false),
        (["storage_account.mine.id", "storage_account.mine", "data.azurerm_storage_account.x.id"], false),
        (["storage_account.mine.id", "storage_account.mine", "var.other"], false),
        (["storage_account.mine.primary_blob_endpoint", "storage_account.mine"], false),
        (["resource_group.main.id", "resource_group.main"], false),
    ]

    @Test(arguments: ids) func allThatAnExpressionNamesMayBeMeant(_ texts: [String], _ isAllowed: Bool) throws {
        let container = (
            address: "azurerm_storage_container.c", after: #"{"name": "c"}"#, unknown: #"{"storage_account_id": true}"#
        )
        let group = (
            address: "azurerm_resource_group.main", after: #"{"name": "team-a-data"}"#, unknown: #"{"id": true}"#
        )
        let configuration = Self.references("storage_container.c", "storage_account_id", texts)
        let text = plan([Self.mine, Self.theirs, group, container], configuration: configuration)
        #expect(try #require(try check(text, Self.binding()).results.last).isAllowed == isAllowed)
    }

    /// A name that is known is that of the owner, whatever its expression refers to.
    @Test func aKnownNameIsNoOthers() throws {
        let chosen = [
            "storage_account.mine.name", "storage_account.mine", "storage_account.theirs.name",
            "storage_account.theirs",
        ]
        let group = (address: "azurerm_resource_group.main", after: #"{"name": "team-a-data"}"#, unknown: "{}")
        let named = (address: "azurerm_resource_group.main", after: #"{"name": "team-a-theirs"}"#, unknown: "{}")
        let plans: [(name: String, resources: [(String, String, String)], references: [String], isAllowed: Bool)] = [
            ("mine", [Self.mine, Self.theirs], chosen, true), ("theirs", [Self.mine, Self.theirs], chosen, false),
            ("theirs", [Self.mine], Array(chosen[..<2]), false),
            ("theirs", [group], ["resource_group.main.name", "resource_group.main"], false),
            ("team-a-theirs", [named], [], false),
            ("team-a-theirs", [named], ["resource_group.main.name", "resource_group.main"], false),
        ]
        for (name, resources, texts, isAllowed) in plans {
            let after = #"{"name": "c", "storage_account_name": "\#(name)"}"#
            let configuration = Self.references("storage_container.c", "storage_account_name", texts)
            let text = plan(resources + [("azurerm_storage_container.c", after, "{}")], configuration: configuration)
            let report = try check(text, Self.binding())
            #expect(try #require(report.results.last).isAllowed == isAllowed, "\(name) \(texts)")
        }
    }

    /// The configuration says nothing of what was there before.
    @Test func whatGoesLiesWhereItWas() throws {
        let configuration = Self.references(
            "storage_container.c",
            "storage_account_name",
            ["storage_account.mine.name", "storage_account.mine"]
        )
        let container = "azurerm_storage_container"
        let text = """
            {"format_version": "1.2", "configuration": \(configuration), "resource_changes": [
              {"address": "\(Self.mine.address)", "mode": "managed", "type": "azurerm_storage_account",
               "change": {"actions": ["no-op"], "before": \(Self.mine.after), "after": \(Self.mine.after)}},
              {"address": "\(Self.theirs.address)", "mode": "managed", "type": "azurerm_storage_account",
               "change": {"actions": ["no-op"], "before": \(Self.theirs.after), "after": \(Self.theirs.after)}},
              {"address": "\(container).c", "mode": "managed", "type": "\(container)",
               "change": {"actions": ["delete", "create"],
                 "before": {"name": "c", "storage_account_name": "theirs"},
                 "after": {"name": "c", "storage_account_name": "mine"}, "after_unknown": {}}}]}
            """
        let findings = try findings(text, Self.binding())
        #expect(findings.map(\.field) == ["storage_account_name"], "\(findings)")
    }

    /// A failure of an update stands at what is to be.
    @Test func anUpdateFailsAtItsNewValue() throws {
        let text = """
            {"format_version": "1.2", "resource_changes": [
            {"address": "azurerm_storage_container.c", "mode": "managed", "type": "azurerm_storage_container",
            "change": {"actions": ["update"],
            "before": {"name": "c", "storage_account_name": "old"},
            "after": {"name": "c", "storage_account_name": "new"}, "after_unknown": {}}}]}
            """
        #expect(try findings(text, Self.binding()).map(\.place.line) == [5])
    }

    /// A role on one of two things is a role on either.
    @Test func aScopeOfTwoIsNone() throws {
        let role = #"{"role_definition_name": "Reader", "principal_id": "44444444-4444-4444-4444-444444444444"}"#
        let others = ["data.azurerm_subscription.current.id", "data.azurerm_subscription.current"]
        for texts in [[], others, ["storage_account.theirs.id"]] {
            let own = ["storage_account.mine.id", "storage_account.mine"]
            let text = plan(
                [Self.mine, Self.theirs, ("azurerm_role_assignment.r", role, #"{"scope": true}"#)],
                configuration: Self.references("role_assignment.r", "scope", own + texts)
            )
            let findings = try #require(try check(text, Self.binding()).results.last).findings
            #expect(findings.contains { $0.field == "scope" } != texts.isEmpty, "\(texts): \(findings)")
        }
    }

    /// A database is where its server is, and nobody knows where one of two is.
    @Test func aPlaceOfTwoIsNone() throws {
        let servers: [(address: String, after: String, unknown: String)] = [
            (
                "azurerm_mssql_server.mine",
                #"{"name": "m", "resource_group_name": "team-a-data", "location": "westeurope"}"#, #"{"id": true}"#
            ),
            (
                "azurerm_mssql_server.theirs",
                #"{"name": "t", "resource_group_name": "team-b", "location": "eastus"}"#, #"{"id": true}"#
            ),
            ("azurerm_mssql_database.d", #"{"name": "d"}"#, #"{"server_id": true}"#),
        ]
        for texts in [["mssql_server.mine.id"], ["mssql_server.mine.id", "mssql_server.theirs.id"]] {
            let text = plan(servers, configuration: Self.references("mssql_database.d", "server_id", texts))
            for policy in [Self.binding(), rule("locations: {allow: [westeurope]}")] {
                let result = try #require(try check(text, policy).results.last)
                #expect(result.isAllowed == (texts.count == 1), "\(texts): \(result.findings)")
            }
        }
    }

    // MARK: Subscriptions

    /// The expression of a provider's subscription, and whether it is one of the binding's.
    static let providers: [(expression: String, isAllowed: Bool)] = [
        ("{}", true), (#"{"subscription_id": {"constant_value": "\#(own)"}}"#, true),
        (#"{"subscription_id": {"constant_value": "33333333-3333-3333-3333-333333333333"}}"#, false),
        (#"{"subscription_id": {"references": ["var.own"]}}"#, true),
        (#"{"subscription_id": {"references": ["var.other"]}}"#, false),
        (#"{"subscription_id": {"references": ["local.it"]}}"#, false),
    ]

    @Test(arguments: providers) func aProviderTellsTheSubscription(_ expressions: String, _ isAllowed: Bool) throws {
        let configuration = """
            {"provider_config": {"azurerm.far": {"name": "azurerm", "alias": "far", "expressions": \(expressions)}},
             "root_module": {"resources": [
               {"address": "azurerm_storage_account.mine", "provider_config_key": "azurerm.far"},
               {"address": "azurerm_resource_group.main", "provider_config_key": "azurerm.far"}]}},
             "variables": {"own": {"value": "\(Self.own)"}, "other": {"value": "33333333-3333-3333-3333-333333333333"}}
            """
        let group = (address: "azurerm_resource_group.main", after: #"{"name": "team-a-data"}"#, unknown: "{}")
        let report = try check(plan([Self.mine, group], configuration: configuration), Self.binding())
        #expect(report.results.map(\.isAllowed) == [isAllowed, isAllowed], "\(report.results.map(\.findings))")
    }

    @Test func anIDTellsTheSubscription() throws {
        for (subscription, isAllowed) in [(Self.own, true), ("33333333-3333-3333-3333-333333333333", false)] {
            let id =
                "/subscriptions/\(subscription)/resourceGroups/team-a-data/providers/Microsoft.Storage/storageAccounts/a"
            let account = #"{"id": "\#(id)", "name": "a", "resource_group_name": "team-a-data"}"#
            let messages = try messages(change(#"["delete"]"#, account, "null", type: "storage_account"))
            #expect(messages.isEmpty == isAllowed, "\(messages)")
        }
    }

    @Test func whatTerraformDefersIsNotSeen() throws {
        let text = """
            {"format_version": "1.2", "resource_changes": [], "deferred_changes": [{"reason": "instance_count_unknown",
              "resource_change": {"address": "azurerm_storage_account.main", "type": "azurerm_storage_account"}}]}
            """
        let document = try JSONDocument(parsing: Array(text.utf8))
        let found = try ResourceSource().read(document)
        #expect(found.passedOver.map(\.name) == ["azurerm_storage_account.main"])
        #expect(found.passedOver.map(\.isUnseen) == [true])
    }

    // MARK: What is made up

    private func cluster(_ expressions: String) -> String {
        plan(
            [
                (
                    "azurerm_kubernetes_cluster.main", #"{"name": "a", "resource_group_name": "team-a-data"}"#,
                    #"{"node_resource_group": true}"#
                )
            ],
            configuration: """
                {"root_module": {"resources": [{"address": "azurerm_kubernetes_cluster.main",
                  "expressions": \(expressions)}]}}
                """
        )
    }

    /// What nobody has written is as in a manifest that leaves it out.
    @Test func computedAttributesAreNoUnknowns() throws {
        #expect(try messages(cluster(#"{"name": {"constant_value": "a"}}"#)) == [])
        let written = #"{"node_resource_group": {"references": ["random_id.x"]}}"#
        #expect(
            try messages(cluster(written)) == [
                "node_resource_group is known only after apply; set node_resource_group itself"
            ]
        )
    }

    /// A name that is made up leads nowhere else, unless it is a resource group's.
    @Test func madeUpNamesStayWhereTheyAre() throws {
        let account = #"{"resource_group_name": "team-a-data"}"#
        #expect(try messages(plan([("azurerm_storage_account.main", account, #"{"name": true}"#)])) == [])
        let group = plan([("azurerm_resource_group.main", "{}", #"{"name": true}"#)])
        #expect(
            try messages(group) == [
                "name is known only after apply; allowed: team-a-*; set name itself to a value that matches team-a-*"
            ]
        )
    }

    @Test(arguments: ["fromConfig: Deny", "fromConfig: Allow"]) func whatIsGivenMustBeKnown(_ rest: String) throws {
        let text = plan([
            (
                "azurerm_role_assignment.main", #"{"scope": "/subscriptions/\#(Self.own)/resourceGroups/team-a-data"}"#,
                #"{"role_definition_id": true, "principal_id": true}"#
            )
        ])
        let fields = try findings(text, Self.binding(rest)).map(\.field).sorted()
        #expect(fields == ["principal_id", "role_definition_id"])
    }

    // MARK: Identities

    @Test(
        arguments: [#"{"identity": true}"#, #"{"identity": [{"identity_ids": true}]}"#],
        ["storage_account", "mssql_server", "linux_web_app", "kubernetes_cluster", "container_registry"]
    ) func anIdentityThatNobodyKnowsIsUnknown(_ unknown: String, _ type: String) throws {
        let identity = unknown.contains("ids") ? #", "identity": [{"type": "UserAssigned"}]"# : ""
        let after = #"{"name": "a", "resource_group_name": "team-a-data"\#(identity)}"#
        let text = plan([("azurerm_\(type).main", after, unknown)])
        let found = try findings(text, Self.binding())
        #expect(found.map(\.message).contains { $0.contains("is known only after apply") }, "\(found)")
        #expect(try messages(text, "fromConfig: Allow").isEmpty)
        let expression = rule("cel: {expression: \"!has(object.spec.identity.userAssignedIdentities)\"}")
        #expect(try !findings(text, expression).isEmpty)
    }

    // MARK: Crossplane's Secrets

    @Test func whatIsPublishedIsASecretToo() throws {
        func messages(_ spec: String) throws -> [String] {
            try self.messages(
                """
                {apiVersion: storage.azure.upbound.io/v1beta1, kind: Account, metadata: {name: a},
                 spec: {forProvider: {resourceGroupName: team-a-data}, \(spec)}}
                """,
                "secretDestinations: [out-*]"
            )
        }
        #expect(try messages("publishConnectionDetailsTo: {name: out-a}") == [])
        let published = try messages("publishConnectionDetailsTo: {name: aso-credential}")
        #expect(
            published.count == 1 && published[0].hasPrefix("spec.publishConnectionDetailsTo.name is"),
            "\(published)"
        )
        let both = "writeConnectionSecretToRef: {name: out-a}, publishConnectionDetailsTo: {name: other}"
        #expect(try messages(both).count == 1)
    }

    @Test func aSecretIsWrittenAtHome() throws {
        func messages(_ reference: String) throws -> [String] {
            try self.messages(
                """
                {apiVersion: storage.azure.upbound.io/v1beta1, kind: Account, metadata: {name: a},
                 spec: {forProvider: {resourceGroupName: team-a-data}, writeConnectionSecretToRef: \(reference)}}
                """,
                "secretDestinations: [out-*]"
            )
        }
        #expect(try messages("{name: out-a, namespace: team-a}") == [])
        #expect(try messages("{name: out-a}") == [])
        #expect(
            try messages("{name: out-a, namespace: team-b}") == [
                #"spec.writeConnectionSecretToRef.namespace is "team-b", and a resource of namespace team-a writes there "#
                    + "alone; write team-a"
            ]
        )
        let others = try messages("{name: aso-credential, namespace: team-a}")
        #expect(others.count == 1 && others[0].hasPrefix("spec.writeConnectionSecretToRef.name is"), "\(others)")
        #expect(try messages("{name: other}").count == 1)
    }
}
