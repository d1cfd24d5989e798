import Azure
import JSON
import Policy
import Testing

/// What namespaces may attach, whom they may give which roles, whom their identities trust.
@Suite struct BindingReachTests {
    static let mine = "/subscriptions/22222222-2222-2222-2222-222222222222"
    static let other = "/subscriptions/33333333-3333-3333-3333-333333333333"
    static let app = "44444444-4444-4444-4444-444444444444"
    static let vault = "\(mine)/resourceGroups/team-a-rg/providers/Microsoft.KeyVault/vaults/v"
    static let registry = "\(mine)/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/r"

    static func binding(_ fields: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: team-a}
        spec:
          namespaces: [team-a]
          subscriptions: [22222222-2222-2222-2222-222222222222]
          resourceGroups: ["team-a-*"]
          sharedResources: ["\(mine)/resourceGroups/shared/**"]
          \(fields)
        """
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let fields: String
        let object: String
        /// The failures as `rule path`.
        let failures: [String]

        var testDescription: String { name }
    }

    /// Whatever version an object is written in, the decision is the same.
    static let versions: [String: [String]] = [
        "RoleAssignment": ["v1api20220401", "v20220401", "v20220401storage", "v1api20200801preview", "v9"],
        "RoleDefinition": ["v1api20220401", "v20220401", "v20220401storage", "v9"],
        "FederatedIdentityCredential": ["v1api20220131preview", "v1api20230131", "v1api20230131storage", "v9"],
        "DiagnosticSetting": ["v1api20210501preview", "v1api20210501previewstorage", "v9"],
    ]

    // MARK: Roles

    static let roles = "roles: {allow: [Reader, 'Storage *'], principals: [\(app)]}"
    static let ownGroup = "owner: {armId: \(mine)/resourceGroups/team-a-rg}"
    static let principal = "principalId: \(app)"

    static func assignment(_ name: String, _ spec: String, _ failures: String..., roles: String = roles) -> Case {
        Case(
            name: name,
            fields: roles,
            object: resource("authorization.azure.com/v1api20220401/RoleAssignment", spec: "{\(spec)}"),
            failures: failures
        )
    }

    static func role(
        _ name: String,
        _ reference: String,
        _ failures: String...,
        allow: String = "[Reader, 'Storage *']"
    )
        -> Case
    {
        Case(
            name: name,
            fields: "roles: {allow: \(allow), principals: [\(app)]}",
            object: resource(
                "authorization.azure.com/v1api20220401/RoleAssignment",
                spec: "{\(ownGroup), \(principal), roleDefinitionReference: {\(reference)}}"
            ),
            failures: failures.map { "roles spec.roleDefinitionReference.\($0)" }
        )
    }

    static func id(_ guid: String, in scope: String = mine) -> String {
        "\(scope)/providers/Microsoft.Authorization/roleDefinitions/\(guid)"
    }

    static let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    static let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    static let custom = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"

    static let named = [
        role("a listed role", "wellKnownName: Reader", ),
        role("in any case", "wellKnownName: rEADER"),
        role("by the GUID of a listed name", "armId: \(id(reader))"),
        role("by a GUID in capitals", "armId: \(id(reader.uppercased(), in: mine.uppercased()))"),
        role("by an ID of the tenant", "armId: \(id(reader, in: ""))"),
        role("one that a pattern means", "wellKnownName: Storage Blob Data Reader"),
        role("and by its GUID", "armId: \(id("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"))"),
        role("one that is not listed", "wellKnownName: Contributor", "wellKnownName"),
        role("Owner", "wellKnownName: Owner", "wellKnownName"),
        role("Owner by its GUID", "armId: \(id(owner))", "armId"),
        role("a GUID where a name should be", "wellKnownName: \(owner)", "wellKnownName"),
        role("a listed GUID where a name should be", "wellKnownName: \(reader)"),
        role("an ID where a name should be", "wellKnownName: \(id(owner))", "wellKnownName"),
        role("both, and one is bad", "wellKnownName: Reader, armId: \(id(owner))", "armId"),
        role("nothing is no role", "wellKnownName: ''", ""),
        role("an unknown name that a pattern would match", "wellKnownName: Storage Everything", "wellKnownName"),
        role(
            "letters that Azure Service Operator folds",
            "wellKnownName: \"\u{212A}ey Vault Administrator\"",
            "wellKnownName",
            allow: "['*']"
        ),
        role("a star is not for Owner", "wellKnownName: Owner", "wellKnownName", allow: "['*']"),
        role("nor for its GUID", "armId: \(id(owner))", "armId", allow: "['*', 'Own*']"),
        role(
            "nor for User Access Administrator",
            "wellKnownName: user access administrator",
            "wellKnownName",
            allow: "['*']"
        ),
        role(
            "nor for Role Based Access Control Administrator",
            "armId: \(id("f58310d9-a9f6-439a-9e8d-f62e7b41a168"))",
            "armId",
            allow: "['Role *']"
        ),
        role(
            "nor for one that assigns roles under a condition",
            "wellKnownName: Key Vault Data Access Administrator",
            "wellKnownName",
            allow: "['Key Vault *']"
        ),
        role("but for its neighbours", "wellKnownName: Key Vault Secrets User", allow: "['Key Vault *']"),
        role("Owner, listed", "wellKnownName: owner", allow: "[Owner]"),
        role("Owner, listed by its GUID", "wellKnownName: Owner", allow: "[\(owner)]"),
        role("Owner, listed by an ID", "armId: \(id(owner))", allow: "['\(id(owner, in: other))']"),
        role("Owner by GUID, listed by name", "armId: \(id(owner))", allow: "[Owner, '*']"),
        role("a custom role", "armId: \(id(custom))", "armId", allow: "['*']"),
        role("a custom role, listed", "armId: \(id(custom))", allow: "[\(custom)]"),
        role("an ID of something else", "armId: \(vault)", "armId"),
        role(
            "an ID with a fault",
            "armId: \(mine)//providers/Microsoft.Authorization/roleDefinitions/\(reader)",
            "armId"
        ),
        role("an ID with a percent escape", "armId: '\(id("acdd72a7-3385-48ef-bd42-f606fba81a%65"))'", "armId"),
        role("an ID with a slash at the end", "armId: \(id(reader))/", "armId"),
        role("an object that is no definition", "group: storage.azure.com, kind: StorageAccount, name: x", "name"),
        role(
            "a definition of one's own, where none may be",
            "group: authorization.azure.com, kind: RoleDefinition, name: x",
            "name"
        ),
    ].map { example in
        // A failure at the reference itself has no member behind it.
        Case(
            name: example.name,
            fields: example.fields,
            object: example.object,
            failures: example.failures.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        )
    }

    static let readerRole = "roleDefinitionReference: {wellKnownName: Reader}"

    static let assignments = [
        assignment("no roles at all", "\(ownGroup), \(principal), \(readerRole)", "roles kind", roles: ""),
        assignment("one's own group", "\(ownGroup), \(principal), \(readerRole)"),
        assignment("a resource in it", "owner: {armId: \(vault)}, \(principal), \(readerRole)"),
        assignment(
            "another team's group",
            "owner: {armId: \(mine)/resourceGroups/team-b-rg}, \(principal), \(readerRole)",
            "resourceGroups spec.owner.armId"
        ),
        assignment(
            "another subscription",
            "owner: {armId: \(other)/resourceGroups/team-a-rg}, \(principal), \(readerRole)",
            "subscriptions spec.owner.armId"
        ),
        assignment(
            "the subscription",
            "owner: {armId: \(mine)}, \(principal), \(readerRole)",
            "roles spec.owner.armId"
        ),
        assignment(
            "the subscription, where that is allowed",
            "owner: {armId: \(mine)}, \(principal), \(readerRole)",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Subscription}"
        ),
        assignment(
            "another subscription, where one's own is allowed",
            "owner: {armId: \(other)}, \(principal), \(readerRole)",
            "subscriptions spec.owner.armId",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Subscription}"
        ),
        assignment(
            "a management group",
            "owner: {armId: /providers/Microsoft.Management/managementGroups/root}, \(principal), \(readerRole)",
            "subscriptions spec.owner.armId",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Subscription}"
        ),
        assignment(
            "a group, where only resources are allowed",
            "\(ownGroup), \(principal), \(readerRole)",
            "roles spec.owner.armId",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Resource}"
        ),
        assignment(
            "a group by name, where only resources are allowed",
            "owner: {group: resources.azure.com, kind: ResourceGroup, name: rg}, \(principal), \(readerRole)",
            "roles spec.owner.kind",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Resource}"
        ),
        assignment(
            "a resource by name",
            "owner: {group: keyvault.azure.com, kind: Vault, name: v}, \(principal), \(readerRole)",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Resource}"
        ),
        assignment(
            "a subscription by name",
            "owner: {group: subscription.azure.com, kind: Alias, name: a}, \(principal), \(readerRole)",
            "roles spec.owner.kind",
            roles: "roles: {allow: [Reader], principals: [\(app)], scope: Subscription}"
        ),
        assignment(
            "a shared resource is not one's own",
            "owner: {armId: \(registry)}, \(principal), \(readerRole)",
            "resourceGroups spec.owner.armId"
        ),
        assignment(
            "unless roles may be given on it",
            "owner: {armId: \(registry)}, \(principal), \(readerRole)",
            roles: "roles: {allow: [Reader], principals: [\(app)], resources: ['\(registry)']}"
        ),
        assignment(
            "climbing out",
            "owner: {armId: '\(mine)/resourceGroups/team-a-rg/../x'}, \(principal), \(readerRole)",
            "resourceGroups spec.owner.armId"
        ),
        assignment(
            "a slash too many",
            "owner: {armId: '\(mine)/resourceGroups//team-a-rg'}, \(principal), \(readerRole)",
            "resourceGroups spec.owner.armId"
        ),
        assignment(
            "somebody's principal",
            "\(ownGroup), principalId: \(custom), \(readerRole)",
            "roles spec.principalId"
        ),
        assignment("a principal in capitals", "\(ownGroup), principalId: '\(app.uppercased())', \(readerRole)"),
        assignment("no principal", "\(ownGroup), \(readerRole)", "roles spec.principalId"),
        assignment(
            "a principal that is no text",
            "\(ownGroup), principalId: [x], \(readerRole)",
            "roles spec.principalId"
        ),
        assignment(
            "a principal from a ConfigMap",
            "\(ownGroup), principalIdFromConfig: {name: a, key: b}, \(readerRole)",
            "fromConfig spec.principalIdFromConfig"
        ),
        assignment(
            "a principal from a ConfigMap that is trusted",
            "\(ownGroup), principalIdFromConfig: {name: a, key: b}, \(readerRole)",
            roles: roles + "\n  fromConfig: Allow"
        ),
        assignment(
            "both, and the ConfigMap is trusted",
            "\(ownGroup), principalId: \(custom), principalIdFromConfig: {name: a, key: b}, \(readerRole)",
            "roles spec.principalId",
            roles: roles + "\n  fromConfig: Allow"
        ),
        assignment("no role", "\(ownGroup), \(principal)", "roles spec.roleDefinitionReference"),
        assignment(
            "a user, where only services are allowed",
            "\(ownGroup), \(principal), principalType: User, \(readerRole)",
            "roles spec.principalType",
            roles: "roles: {allow: [Reader], principals: [\(app)], principalTypes: [ServicePrincipal]}"
        ),
        assignment(
            "no type, where only services are allowed",
            "\(ownGroup), \(principal), \(readerRole)",
            "roles spec.principalType",
            roles: "roles: {allow: [Reader], principals: [\(app)], principalTypes: [ServicePrincipal]}"
        ),
        assignment(
            "a service",
            "\(ownGroup), \(principal), principalType: ServicePrincipal, \(readerRole)",
            roles: "roles: {allow: [Reader], principals: [\(app)], principalTypes: [ServicePrincipal]}"
        ),
        assignment(
            "no condition, where one is required",
            "\(ownGroup), \(principal), condition: ' ', \(readerRole)",
            "roles spec.condition",
            roles: "roles: {allow: [Reader], principals: [\(app)], requireCondition: true}"
        ),
        assignment(
            "a condition",
            "\(ownGroup), \(principal), condition: \"@Resource[x] StringEquals 'y'\", \(readerRole)",
            roles: "roles: {allow: [Reader], principals: [\(app)], requireCondition: true}"
        ),
        assignment(
            "an identity of somebody's, to act for",
            "\(ownGroup), \(principal), \(readerRole), delegatedManagedIdentityResourceReference: {armId: \(mine)/resourceGroups/team-b-id/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x}",
            "userAssignedIdentities spec.delegatedManagedIdentityResourceReference.armId"
        ),
        assignment(
            "all at once",
            "owner: {armId: \(other)}, principalId: \(custom), roleDefinitionReference: {wellKnownName: Owner}",
            "roles spec.roleDefinitionReference.wellKnownName",
            "roles spec.principalId",
            "subscriptions spec.owner.armId"
        ),
        Case(
            name: "a kind of access control that nobody knows",
            fields: "roles: {allow: [Owner], principals: [\(app)]}",
            object: resource("authorization.azure.com/v1/RoleEligibilityScheduleRequest", spec: "{\(ownGroup)}"),
            failures: ["roles kind"]
        ),
    ]

    // MARK: Definitions

    static func definition(_ name: String, _ spec: String, _ failures: String..., roles: String) -> Case {
        Case(
            name: name,
            fields: "roles: {\(roles)}",
            object: resource("authorization.azure.com/v1api20220401/RoleDefinition", spec: "{\(ownGroup), \(spec)}"),
            failures: failures
        )
    }

    static func action(_ name: String, _ action: String, _ isAllowed: Bool, listed: String = "'Microsoft.Storage/*'")
        -> Case
    {
        definition(
            name,
            "permissions: [{actions: [Microsoft.Storage/a/read], dataActions: []}, {actions: ['\(action)'], notActions: ['*']}]",
            roles: "definitions: {actions: [Microsoft.Storage/a/read, \(listed)]}"
        ).failing(isAllowed ? [] : ["roles spec.permissions[1].actions[0]"])
    }

    static let definitions = [
        definition("none may be defined", "permissions: []", "roles kind", roles: "allow: [Reader]"),
        definition("one without permissions", "permissions: []", roles: "definitions: {}"),
        action("a listed action", "Microsoft.Storage/storageAccounts/read", true),
        action("in another case", "microsoft.STORAGE/storageaccounts/READ", true),
        action("a pattern within", "Microsoft.Storage/*/read", true),
        action("the listed pattern itself", "Microsoft.Storage/*", true),
        action("a pattern that says more", "Microsoft.*/read", false),
        action("everything", "*", false),
        action("everything, under a pattern that means it", "*", false, listed: "'**'"),
        action("everything, listed", "*", true, listed: "'*'"),
        action("to read everything", "*/read", true, listed: "'*/read'"),
        action("to give roles", "Microsoft.Authorization/roleAssignments/write", false, listed: "'*'"),
        action("to give roles, behind a star", "Microsoft.*/roleAssignments/write", false, listed: "'M*'"),
        action("to do all in access control", "microsoft.authorization/*", false, listed: "'Microsoft.*'"),
        action("a space before it", " Microsoft.Storage/x/read", false, listed: "'*'"),
        action("a star behind a space", " *", false, listed: "'*'"),
        action(
            "a character that stands for another",
            "?icrosoft.Authorization/roleAssignments/write",
            false,
            listed: "'*'"
        ),
        action(
            "a letter that looks like another",
            "\u{41c}icrosoft.Authorization/roleAssignments/write",
            false,
            listed: "'*'"
        ),
        action("no action", "", false, listed: "'*'"),
        action("to read roles", "Microsoft.Authorization/roleAssignments/read", true, listed: "'Microsoft.*'"),
        action(
            "to give roles, listed",
            "Microsoft.Authorization/roleAssignments/write",
            true,
            listed: "microsoft.authorization/roleassignments/write"
        ),
        definition(
            "an action on data",
            "permissions: [{dataActions: [Microsoft.Storage/x/read, Microsoft.KeyVault/x/read]}]",
            "roles spec.permissions[0].dataActions[1]",
            roles: "definitions: {dataActions: ['Microsoft.Storage/*']}"
        ),
        definition(
            "scopes inside and outside",
            "assignableScopesReferences: [{armId: \(mine)/resourceGroups/team-a-rg}, {armId: \(mine)}, {armId: \(other)/resourceGroups/team-a-rg}, {armId: \(vault)}, {group: resources.azure.com, kind: ResourceGroup, name: rg}]",
            "roles spec.assignableScopesReferences[1].armId",
            "subscriptions spec.assignableScopesReferences[2].armId",
            roles: "definitions: {}"
        ),
        definition("a built-in role's GUID", "azureName: \(owner)", "roles spec.azureName", roles: "definitions: {}"),
        definition(
            "in capitals",
            "azureName: '\(owner.uppercased())'",
            "roles spec.azureName",
            roles: "definitions: {}"
        ),
        definition("no GUID", "azureName: '\(owner)x'", "roles spec.azureName", roles: "definitions: {}"),
        definition(
            "a path",
            "azureName: '\(owner)/..'",
            "azureName spec.azureName",
            "roles spec.azureName",
            roles: "definitions: {}"
        ),
        definition("a new GUID", "azureName: \(custom)", roles: "definitions: {}"),
    ]

    // MARK: Extensions

    static func setting(_ name: String, _ owner: String, _ failures: String..., fields: String = "") -> Case {
        Case(
            name: name,
            fields: fields,
            object: resource("insights.azure.com/v1api20210501preview/DiagnosticSetting", spec: "{owner: \(owner)}"),
            failures: failures
        )
    }

    static let extensions = [
        setting("one's own resource", "{armId: \(vault)}"),
        setting("one's own resource by name", "{group: keyvault.azure.com, kind: Vault, name: v}"),
        setting(
            "another team's",
            "{armId: \(vault.replacing("team-a", with: "team-b"))}",
            "resourceGroups spec.owner.armId"
        ),
        setting(
            "another subscription's",
            "{armId: \(vault.replacing("2222", with: "3333"))}",
            "subscriptions spec.owner.armId"
        ),
        setting("a shared one", "{armId: \(registry)}", "resourceGroups spec.owner.armId"),
        setting(
            "a shared one that is listed",
            "{armId: \(registry)}",
            fields: "extensions: {resources: ['\(registry)']}"
        ),
        setting("one's own group", "{armId: \(mine)/resourceGroups/team-a-rg}"),
        setting(
            "one's own group, where only resources are allowed",
            "{armId: \(mine)/resourceGroups/team-a-rg}",
            "extensions spec.owner.armId",
            fields: "extensions: {scope: Resource}"
        ),
        setting("the subscription", "{armId: \(mine)}", "extensions spec.owner.armId"),
        setting("what lies in no group", "{armId: \(mine)/providers/Microsoft.X/y/z}", "extensions spec.owner.armId"),
        setting("the subscription, allowed", "{armId: \(mine)}", fields: "extensions: {scope: Subscription}"),
        setting("the kind is listed", "{armId: \(vault)}", fields: "extensions: {allow: [insights.azure.com/*]}"),
        setting(
            "the kind is not listed",
            "{armId: \(vault)}",
            "extensions kind",
            fields: "extensions: {allow: [eventgrid.azure.com/EventSubscription]}"
        ),
        setting("a slash at the end", "{armId: \(vault)/}", "resourceGroups spec.owner.armId"),
        setting(
            "letters of another alphabet",
            "{armId: '\(vault.replacing("team-a", with: "te\u{0430}m-a"))'}",
            "resourceGroups spec.owner.armId"
        ),
        setting("nothing", "{armId: ''}", "resourceGroups spec.owner.armId"),
        Case(
            name: "a kind that nobody knows, and whose owner says its kind",
            fields: "extensions: {allow: [insights.azure.com/*]}",
            object: resource(
                "novel.azure.com/v1/Lock",
                spec: "{owner: {group: keyvault.azure.com, kind: Vault, name: v}}"
            ),
            failures: ["extensions kind"]
        ),
        Case(
            name: "what lies in no subscription",
            fields: "",
            object: resource(
                "subscription.azure.com/v1api20211001/Alias",
                spec: "{properties: {subscriptionId: \(app)}}"
            ),
            failures: ["subscriptions spec.properties.subscriptionId", "extensions kind"]
        ),
        Case(
            name: "a group of people",
            fields: "extensions: {allow: [insights.azure.com/*]}",
            object: resource("entra.azure.com/v1/SecurityGroup", spec: "{displayName: admins}"),
            failures: ["extensions kind"]
        ),
        Case(
            name: "a group of people, listed",
            fields: "extensions: {allow: [entra.azure.com/SecurityGroup]}",
            object: resource("entra.azure.com/v1/SecurityGroup", spec: "{displayName: admins}"),
            failures: []
        ),
        Case(
            name: "every kind of extension",
            fields: "",
            object: resource(
                "kubernetesconfiguration.azure.com/v1api20230501/FluxConfiguration",
                spec: "{owner: {armId: \(registry)}}"
            ),
            failures: ["resourceGroups spec.owner.armId"]
        ),
    ]

    // MARK: Federated credentials

    static let issuer = "https://oidc.example/"
    static let account = "system:serviceaccount:team-a:app"

    static func federation(
        _ name: String,
        _ spec: String,
        _ failures: String...,
        subjects: String = "federatedSubjects: {issuers: ['\(issuer)']}"
    ) -> Case {
        Case(
            name: name,
            fields: subjects,
            object: resource(
                "managedidentity.azure.com/v1api20230131/FederatedIdentityCredential",
                spec: "{owner: {name: id}, \(spec)}"
            ),
            failures: failures.map { "federatedSubjects \($0)" }
        )
    }

    static func subject(_ name: String, _ text: String, _ isAllowed: Bool, listed: String? = nil) -> Case {
        federation(
            name,
            "issuer: '\(issuer)', subject: '\(text)'",
            subjects: "federatedSubjects: {issuers: ['\(issuer)']\(listed.map { ", subjects: [\($0)]" } ?? "")}"
        ).failing(isAllowed ? [] : ["federatedSubjects spec.subject"])
    }

    static let federations = [
        federation("none are allowed", "issuer: '\(issuer)', subject: '\(account)'", "kind", subjects: ""),
        federation("one's own account", "issuer: '\(issuer)', subject: '\(account)'"),
        federation("another issuer", "issuer: https://oidc.evil/, subject: '\(account)'", "spec.issuer"),
        federation(
            "the issuer without its slash",
            "issuer: https://oidc.example, subject: '\(account)'",
            "spec.issuer"
        ),
        federation("the issuer in capitals", "issuer: https://OIDC.example/, subject: '\(account)'", "spec.issuer"),
        federation("no issuer", "subject: '\(account)'", "spec.issuer"),
        federation("no subject", "issuer: '\(issuer)', subject: null", "spec.subject"),
        federation("a subject that is no text", "issuer: '\(issuer)', subject: [x]", "spec.subject"),
        federation(
            "the audience",
            "issuer: '\(issuer)', subject: '\(account)', audiences: ['api://AzureADTokenExchange']"
        ),
        federation(
            "another audience",
            "issuer: '\(issuer)', subject: '\(account)', audiences: ['api://AzureADTokenExchange', sts.evil]",
            "spec.audiences[1]"
        ),
        federation(
            "a listed audience",
            "issuer: '\(issuer)', subject: '\(account)', audiences: ['api://AzureADTokenExchangeUSGov']",
            subjects: "federatedSubjects: {issuers: ['\(issuer)'], audiences: ['api://AzureADTokenExchangeUSGov']}"
        ),
        subject("another namespace's account", "system:serviceaccount:team-b:app", false),
        subject("a namespace that begins alike", "system:serviceaccount:team-ab:app", false),
        subject("no account", "system:serviceaccount:team-a:", false),
        subject("somebody else altogether", "repo:org/app:ref:refs/heads/main", false),
        subject("a listed subject", "repo:org/app:ref:refs/heads/main", true, listed: "'repo:org/app:*'"),
        subject("another repository", "repo:evil/app:ref:refs/heads/main", false, listed: "'repo:org/app:*'"),
        subject("one's own account where others are listed", account, false, listed: "'repo:org/app:*'"),
        subject("one's own account, listed", account, true, listed: "'system:serviceaccount:team-a:*'"),
        subject(
            "another namespace's account, listed",
            "system:serviceaccount:ci:app",
            true,
            listed: "'system:serviceaccount:ci:*'"
        ),
        subject(
            "no star stands for another namespace",
            "system:serviceaccount:team-b:app",
            false,
            listed: "'system:serviceaccount:*:app', '*'"
        ),
        subject("but for one's own", account, true, listed: "'system:serviceaccount:*:app'"),
        subject(
            "a star behind half a namespace",
            "system:serviceaccount:team-b:app",
            false,
            listed: "'system:serviceaccount:team-*'"
        ),
    ]

    @Test(arguments: named + assignments + definitions + extensions + federations) func guards(_ example: Case) throws {
        let set = try policies(Self.binding(example.fields))
        let kind = try #require(example.object.split(separator: "\n")[1].split(separator: " ").last)
        let group = try #require(example.object.split(separator: " ")[1].split(separator: "/").first)
        let written = try #require(example.object.split(separator: "\n").first)
        for version in [""] + (Self.versions[String(kind)] ?? []) {
            let object =
                version.isEmpty
                ? example.object : example.object.replacing(written, with: "apiVersion: \(group)/\(version)")
            for ask in [Ask.create(object), .update(object, to: object)] {
                let decision = try set.decide(ask)
                #expect(decision.failures.map { "\($0.rule) \($0.path)" } == example.failures, "\(version)")
                #expect(decision.allowed == example.failures.isEmpty)
                #expect(decision.failures.allSatisfy { $0.source == .binding && $0.effect == .deny })
            }
        }
    }

    /// Azure/azure-service-operator#3645: who may write a RoleAssignment makes an identity of its own the owner of everything.
    @Test(arguments: ["", "roles: {allow: ['*'], principals: [\(app)]}"])
    func deniesThePublishedEscape(_ fields: String) throws {
        let object = resource(
            "authorization.azure.com/v1api20220401/RoleAssignment",
            spec:
                "{owner: {armId: \(Self.mine)}, principalIdFromConfig: {name: my-identity, key: principalId}, roleDefinitionReference: {armId: \(Self.id(Self.owner))}}"
        )
        let decision = try policies(Self.binding(fields)).decide(.create(object))
        #expect(!decision.allowed)
        #expect(Set(decision.failures.map(\.path)).isSuperset(of: ["spec.owner.armId", "spec.principalIdFromConfig"]))
    }

    /// A namespace without a binding gives nobody anything.
    @Test(arguments: [
        ("Alias", "subscription.azure.com/v1api20211001/Alias"),
        ("SecurityGroup", "entra.azure.com/v1/SecurityGroup"),
        ("RoleAssignment", "authorization.azure.com/v1api20220401/RoleAssignment"),
        ("RoleDefinition", "authorization.azure.com/v1api20220401/RoleDefinition"),
        ("FederatedIdentityCredential", "managedidentity.azure.com/v1api20230131/FederatedIdentityCredential"),
    ])
    func deniesTheUnbound(_ kind: String, _ type: String) throws {
        let ask = Ask.create(resource(type, spec: "{owner: {name: x}}"), namespace: "team-z")
        let decision = try policies(Self.binding("")).decide(ask)
        #expect(decision.failures.map(\.path) == ["kind"])
        #expect(decision.lines.allSatisfy { $0.contains("no AzureBinding matches namespace team-z") })
    }

    /// Nor does it take over a group that a binding gives to others.
    @Test func leavesOthersTheirGroups() throws {
        let everything = Self.binding("").replacing("team-a-*", with: "*").replacing("team-a", with: "platform")
        let set = try policies(Self.binding(""), everything)
        let type = "resources.azure.com/v1api20200601/ResourceGroup"
        let theirs = try set.decide(.create(resource(type, spec: "{azureName: TEAM-A-rg}"), namespace: "team-z"))
        #expect(
            theirs.lines == [
                "no-binding/resourceGroups: spec.azureName is \"TEAM-A-rg\", a resource group of those that have an AzureBinding, "
                    + "and none matches namespace team-z; choose another name, or ask the platform team for an AzureBinding"
            ]
        )
        #expect(try set.decide(.create(resource(type, spec: "{azureName: team-z-rg}"), namespace: "team-z")).allowed)
        let cluster = "containerservice.azure.com/v1api20240901/ManagedCluster"
        for (group, paths) in [("team-a-nodes", ["spec.nodeResourceGroup"]), ("team-z-nodes", [])] {
            let object = resource(cluster, spec: "{nodeResourceGroup: \(group)}")
            #expect(try set.decide(.create(object, namespace: "team-z")).failures.map(\.path) == paths)
        }
    }

    /// What people read.
    static let messages: [(name: String, example: Case, line: String)] = [
        (
            "a privileged role", role("", "wellKnownName: Owner", "", allow: "['*']"),
            "team-a/roles: spec.roleDefinitionReference.wellKnownName is \"Owner\", which may do anything or give access to "
                + "others, so that no * stands for it; allowed: *; use a role with less, or ask the platform team to name it in "
                + "AzureBinding team-a"
        ),
        (
            "a scope", assignment("", "owner: {armId: \(mine)}, \(principal), \(readerRole)"),
            "team-a/roles: spec.owner.armId is \"\(mine)\", which reaches a whole subscription, and AzureBinding team-a allows a whole "
                + "resource group at most; attach it to less, or ask the platform team for roles.scope Subscription"
        ),
        (
            "no roles", assignment("", "\(ownGroup), \(principal), \(readerRole)", roles: ""),
            "team-a/roles: kind is \"RoleAssignment\", and AzureBinding team-a lists no roles; ask the platform team for what it would give"
        ),
        (
            "a subject", subject("", "system:serviceaccount:team-b:app", false),
            "team-a/federatedSubjects: spec.subject is \"system:serviceaccount:team-b:app\"; allowed: "
                + "system:serviceaccount:team-a:*; set spec.subject to a value that matches system:serviceaccount:team-a:*"
        ),
    ]

    @Test(arguments: messages.indices) func saysWhatAndWhatToDo(_ index: Int) throws {
        let (_, example, line) = Self.messages[index]
        #expect(try policies(Self.binding(example.fields)).decide(.create(example.object)).lines == [line])
    }

    static let faults: [(fields: String, issues: [String])] = [
        ("roles: {}", ["spec.roles allows no role"]),
        ("roles: {allow: []}", ["spec.roles.allow is an empty list, which would match nothing"]),
        (
            "roles: {allow: [Raeder]}",
            ["spec.roles.allow[0] \"Raeder\" is no role that the tables know, did you mean \"Reader\"?"]
        ),
        ("roles: {allow: ['Nonsense *']}", ["spec.roles.allow[0] \"Nonsense *\" is no role that the tables know"]),
        ("roles: {allow: [/x]}", ["spec.roles.allow[0] is no ID of a role definition"]),
        ("roles: {allow: [Reader], scope: Tenant}", ["spec.roles.scope is \"Tenant\""]),
        ("roles: {allow: [Reader], principals: [me]}", ["spec.roles.principals[0] is \"me\""]),
        ("roles: {allow: [Reader], principalTypes: [Robot]}", ["spec.roles.principalTypes[0] is \"Robot\""]),
        (
            "roles: {allow: [Reader], requireCondition: 'yes'}",
            ["spec.roles.requireCondition must be true or false, not a string"]
        ),
        ("roles: {allow: [Reader], scopes: Resource}", ["spec.roles.scopes is unknown, did you mean \"scope\"?"]),
        (
            "roles: {definitions: {action: [x]}}",
            ["spec.roles.definitions.action is unknown, did you mean \"actions\"?"]
        ),
        (
            "extensions: {allow: [insights.azure.com/DiagnosticSettings]}",
            [
                "spec.extensions.allow[0] \"insights.azure.com/DiagnosticSettings\" is no extension that the tables know, did you mean "
                    + "\"insights.azure.com/DiagnosticSetting\"?"
            ]
        ),
        (
            "extensions: {resources: [nonsense]}",
            ["spec.extensions.resources[0] not a resource ID: must begin with '/' (at byte 0)"]
        ),
        ("federatedSubjects: {}", ["spec.federatedSubjects has no issuers"]),
        ("federatedSubjects: {issuers: ['http://x']}", ["spec.federatedSubjects.issuers[0] is \"http://x\""]),
        ("federatedSubjects: {issuers: ['https://*']}", ["spec.federatedSubjects.issuers[0] is \"https://*\""]),
        ("owners: {ifUnknown: Maybe}", ["spec.owners.ifUnknown is \"Maybe\""]),
        ("adoption: Sometimes", ["spec.adoption is \"Sometimes\""]),
        ("duplicates: 5", ["spec.duplicates must be a string, not a number"]),
    ]

    /// Names and IDs that fit nothing, or everything.
    @Test(arguments: [
        (
            "resourceGroups: [a/b]",
            "error: spec.resourceGroups[0]: is \"a/b\", and no resource group has a '/' in its name"
        ),
        (
            "sharedResources: ['/subscriptions/*/resourceGroups/*/**']",
            "warning: spec.sharedResources[0]: fits every resource of every subscription"
        ),
        (
            "sharedResources: ['/subscriptions/*/**']",
            "warning: spec.sharedResources[0]: fits every resource of every subscription"
        ),
        ("sharedResources: ['\(mine)/resourceGroups/*/**']", nil),
        ("sharedResources: ['/subscriptions/*/resourceGroups/hub-*/**']", nil),
        (
            "sharedResources: ['/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*/**']",
            nil
        ),
    ])
    func saysWhatABindingWouldFit(_ field: String, _ issue: String?) throws {
        let name = try #require(field.split(separator: ":").first)
        let text = Self.binding("").split(separator: "\n").filter { !$0.hasPrefix("  \(name):") }
        let result = try compile([("b.yaml", text.joined(separator: "\n") + "\n  \(field)\n")])
        #expect(result.issues.map { "\($0.severity): \($0.field): \($0.message)" } == (issue.map { [$0] } ?? []))
    }

    @Test(arguments: faults.indices) func saysWhatIsWrongWithABinding(_ index: Int) throws {
        let (fields, issues) = Self.faults[index]
        let result = try compile([("b.yaml", Self.binding(fields))])
        #expect(result.issues.map { "\($0.field) \($0.message)" } == issues)
    }
}

extension BindingReachTests.Case {
    func failing(_ failures: [String]) -> Self {
        Self(name: name, fields: fields, object: object, failures: failures)
    }
}
