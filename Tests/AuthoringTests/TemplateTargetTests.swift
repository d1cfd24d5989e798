import Authoring
import Azure
import JSON
import Policy
import Testing

/// Where templates and templates in templates are deployed to, and what a binding says of it.
@Suite struct TemplateTargetTests {
    private static let own = "22222222-2222-2222-2222-222222222222"
    private static let other = "33333333-3333-3333-3333-333333333333"

    private static let binding = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: team-a}
        spec:
          namespaces: [team-a]
          subscriptions: [\(own)]
          resourceGroups: [team-a-*]
          roles: {allow: ["*"], scope: ResourceGroup}
        """

    private static let account = """
        {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "a", "location": "westeurope"}
        """
    private static let container = """
        {"type": "Microsoft.Storage/storageAccounts/blobServices/containers", "apiVersion": "2023-01-01",
         "name": "a/default/c"}
        """

    private func messages(_ resources: String, _ group: String?, _ subscription: String? = nil) throws -> [String] {
        let deployment = TemplateDeployment(resourceGroup: group, subscription: subscription)
        return try findings(template(resources), Self.binding, deployment).map(\.message)
    }

    @Test(arguments: [account, container]) func theTargetIsTheCallersToTell(_ resource: String) throws {
        let untold = try messages(resource, nil)
        #expect(
            untold == [
                "resourceGroup() is known only at deployment: nobody tells the resource group; "
                    + "tell it with --resource-group"
            ]
        )
        #expect(try messages(resource, "team-a-data") == [])
        #expect(try messages(resource, "team-a-data", Self.own) == [])
        for subscription in [nil, Self.own] {
            let message = try #require(try messages(resource, "team-b", subscription).first)
            #expect(message.contains("team-b"), "\(message)")
        }
        let message = try #require(try messages(resource, "team-a-data", Self.other).first)
        #expect(message.contains("the subscription is none of AzureBinding team-a"))
    }

    /// A template in a template, what of its target is said, and whether that is allowed.
    static let nested: [(target: String, isAllowed: Bool)] = [
        ("", true), (#""resourceGroup": "team-a-other","#, true), (#""resourceGroup": "team-b","#, false),
        (#""resourceGroup": "[concat('team', '-b')]","#, false),
        (#""resourceGroup": "[resourceGroup().name]","#, true),
        (#""resourceGroup": "[reference('x').group]","#, false),
        (#""resourceGroup": "team-a-other", "subscriptionId": "\#(other)","#, false),
        (#""resourceGroup": "team-a-other", "subscriptionId": "\#(own)","#, true),
        (#""resourceGroup": "team-a-other", "subscriptionId": "[reference('x').id]","#, false),
        (#""resourceGroup": "team-a-other", "subscriptionId": "[subscription().subscriptionId]","#, true),
        (#""subscriptionId": "\#(own)","#, false),
        (#""scope": "Microsoft.Management/managementGroups/m","#, false),
        (#""scope": "/subscriptions/\#(own)/resourceGroups/team-a-x","#, true),
        (#""scope": "[reference('x').id]","#, false), (#""ResourceGroup": "team-b","#, false),
        (#""SUBSCRIPTIONID": "\#(other)", "resourcegroup": "team-a-x","#, false),
        (#""Scope": "/subscriptions/\#(own)/resourceGroups/team-b","#, false),
        (#""resourceGroup": "[json('null')]","#, true),
    ]

    @Test(arguments: nested.indices) func templatesInTemplatesGoWhereTheySay(_ index: Int) throws {
        let (target, isAllowed) = Self.nested[index]
        for scope in ["inner", "outer"] {
            for resource in [Self.account, Self.container] {
                let text = """
                    {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", \(target)
                     "properties": {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "\(scope)"},
                       "template": \(template(resource))}}
                    """
                let messages = try messages(text, "team-a-data", Self.own)
                #expect(messages.isEmpty == isAllowed, "\(text): \(messages)")
            }
        }
    }

    /// Expressions of an inner template mean its own target; of an outer one that of the template around it.
    @Test(arguments: [("inner", "team-a-other"), ("outer", "team-a-data")])
    func functionsTellTheTarget(_ scope: String, _ expected: String) throws {
        let resource = Self.account.replacing(#""a""#, with: #""[resourceGroup().name]""#)
        let text = """
            {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner",
             "resourceGroup": "team-a-other",
             "properties": {"expressionEvaluationOptions": {"scope": "\(scope)"}, "template": \(template(resource))}}
            """
        let deployment = TemplateDeployment(resourceGroup: "team-a-data")
        let messages = try findings(template(text), rule("naming: {pattern: '^none$'}"), deployment).map(\.message)
        #expect(try #require(messages.first).contains(expected))
        // Nobody knows where another group is.
        let located = Self.account.replacing("westeurope", with: "[resourceGroup().location]")
        let other = text.replacing(resource, with: located)
        let place = TemplateDeployment(location: "westeurope", resourceGroup: "team-a-data")
        let isAllowed = try findings(template(other), rule("locations: {allow: [westeurope]}"), place).isEmpty
        #expect(isAllowed == (scope == "outer"))
    }

    /// The `scope` of a role assignment, and whether it is allowed.
    static let scopes: [(scope: String, isAllowed: Bool)] = [
        ("", true), (#""scope": "Microsoft.Storage/storageAccounts/a","#, true),
        (#""scope": "[format('Microsoft.Storage/storageAccounts/{0}', 'a')]","#, true),
        (#""scope": "[resourceId('team-b', 'Microsoft.Storage/storageAccounts', 'a')]","#, false),
        (#""scope": "/subscriptions/\#(own)/resourceGroups/team-b","#, false),
        (#""scope": "/subscriptions/\#(own)","#, false), (#""scope": "[reference('x').id]","#, false),
        (#""scope": "Microsoft.Management/managementGroups/m","#, false), (#""scope": "[json('null')]","#, true),
        (#""Scope": "/subscriptions/\#(own)/resourceGroups/team-b","#, false),
        (#""scope": "subscriptions/\#(own)/resourceGroups/team-b","#, false), (#""scope": 1,"#, false),
        (#""resourceGroup": "team-b","#, false),
    ]

    /// Without a scope a role is given on all of the group, and one that turns out as null is none.
    @Test func aScopeOfNullIsTheGroup() throws {
        for scope in ["", #""scope": "[json('null')]","#, #""scope": null,"#] {
            let text = """
                {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "r", \(scope)
                 "properties": {"principalId": "44444444-4444-4444-4444-444444444444"}}
                """
            #expect(try messages(text, "team-b", Self.own).contains { $0.hasPrefix("resourceGroup().id") }, "\(scope)")
        }
    }

    /// A resource that says where it lies lies there.
    @Test(arguments: [#""resourceGroup": "team-b","#, #""scope": "/subscriptions/\#(own)/resourceGroups/team-b","#])
    func aResourceLiesWhereItSays(_ target: String) throws {
        for resource in [Self.account, Self.container] {
            let text = resource.replacing(#"{"type""#, with: #"{\#(target) "type""#)
            #expect(try !messages(text, "team-a-data", Self.own).isEmpty)
        }
    }

    /// Names of members are the same in any case, and of two nobody tells which is meant.
    @Test func caseOfMembersDoesNotCount() throws {
        func nested(_ template: String) -> String {
            """
            {"Type": "Microsoft.Resources/deployments", "Name": "n", "resourceGroup": "team-b",
             "Properties": {"Template": \(template)}}
            """
        }
        #expect(try !messages(nested(#"{"Resources": [\#(Self.account)]}"#), "team-a-data").isEmpty)
        let parent = """
            {"type": "Microsoft.Storage/storageAccounts", "name": "a", "condition": false, "location": "westeurope",
             "Resources": [{"type": "blobServices/containers", "name": "default/c"}]}
            """
        #expect(try !messages(parent, "team-b").isEmpty)
        #expect(try messages(parent, "team-a-data").isEmpty)
        #expect(
            try !messages(Self.account.replacing(#"{"type""#, with: #"{"existing": true, "type""#), "team-b").isEmpty
        )
        let document = try JSONDocument(parsing: Array(template(nested("{}")).utf8))
        #expect(try ResourceSource().read(document).passedOver.map(\.isUnseen) == [true])
        let wrong = [
            nested("{}").replacing(#""Name""#, with: #""ResourceGroup": "team-a-data", "Name""#),
            Self.account.replacing(#""location""#, with: #""Location": "eastus", "location""#),
            Self.account.replacing(#""location""#, with: #""[concat('sco', 'pe')]": "/", "location""#),
            Self.account.replacing(#""location""#, with: #""resources": "[variables('r')]", "location""#),
        ]
        for text in wrong {
            let document = try JSONDocument(parsing: Array(template(text).utf8))
            #expect(throws: SourceError.self, "\(text)") { try ResourceSource().read(document) }
        }
        let twice = Self.account.replacing(
            #""location""#,
            with: #""properties": {"minimumTlsVersion": "TLS1_2", "MinimumTlsVersion": "TLS1_0"}, "location""#
        )
        let rule = rule("exposure: {minimumTLSVersion: '1.2'}")
        #expect(try !findings(template(twice), rule, TemplateDeployment()).isEmpty)
    }

    /// An option is named only if it helps.
    @Test func aMendHelps() throws {
        let text = template(Self.account, schema: "subscriptionDeploymentTemplate")
        let deployment = TemplateDeployment(resourceGroup: "team-a-data", subscription: Self.own)
        #expect(
            try findings(text, Self.binding, deployment).map(\.message) == [
                "resourceGroup() is known only at deployment: its deployment goes to no resource group; "
                    + "deploy it to a resource group"
            ]
        )
    }

    /// A group that a deployment to a management group makes lies in a subscription that nobody tells.
    @Test func aManagementGroupHasNoSubscription() throws {
        let text = """
            {"type": "Microsoft.Resources/deployments", "name": "n", "scope": "Microsoft.Management/managementGroups/m",
             "properties": {"template": {"resources": [
               {"type": "Microsoft.Resources/resourceGroups", "name": "team-a-x", "location": "w"}]}}}
            """
        #expect(try !messages(text, "team-a-data", Self.own).isEmpty)
    }

    @Test(arguments: scopes.indices) func extensionsAttachToTheirScope(_ index: Int) throws {
        let (scope, isAllowed) = Self.scopes[index]
        let text = """
            {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "r", \(scope)
             "properties": {"principalId": "44444444-4444-4444-4444-444444444444", "principalType": "ServicePrincipal",
               "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions',
                                     '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')]"}}
            """.replacing("\n                                     ", with: " ")
        let messages = try messages(text, "team-a-data", Self.own).filter {
            $0.hasPrefix("scope") || $0.hasPrefix("resourceGroup")
        }
        #expect(messages.isEmpty == isAllowed, "\(messages)")
    }

    /// What goes to a subscription has no resource group, and a resource group is its name.
    @Test func aTemplateForASubscriptionMakesGroups() throws {
        func messages(_ name: String, _ subscription: String?) throws -> [String] {
            let group = """
                {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "\(name)",
                 "location": "westeurope"}
                """
            let text = template(group, schema: "subscriptionDeploymentTemplate")
            let deployment = TemplateDeployment(resourceGroup: "team-a-data", subscription: subscription)
            return try findings(text, Self.binding, deployment).map(\.message)
        }
        #expect(try messages("team-a-new", nil) == [])
        #expect(try messages("team-a-new", Self.own) == [])
        #expect(try !messages("team-b", nil).isEmpty)
        #expect(try !messages("team-a-new", Self.other).isEmpty)
        let text = template(Self.account, schema: "subscriptionDeploymentTemplate")
        let deployment = TemplateDeployment(resourceGroup: "team-a-data")
        #expect(try !findings(text, Self.binding, deployment).isEmpty)
    }
}
