import JSON
import Policy
import Testing

/// Escapes that were published, and the shapes in which any could come.
@Suite struct BindingEscapeTests {
    static let binding = BindingCredentialTests.binding

    /// ASO #3645: whoever may create a RoleAssignment gives himself any role anywhere that the operator's identity reaches.
    @Test func roleAssignmentsByIDStayInside() throws {
        let object = resource(
            "authorization.azure.com/v1api20200801preview/RoleAssignment",
            spec: """
                {owner: {armId: \(BindingTests.other)/resourceGroups/prod}, principalId: 77777777-7777-7777-7777-777777777777, \
                roleDefinitionReference: {armId: \(BindingTests.other)/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635}}
                """,
            metadata: BindingTests.good
        )
        let decision = try policies(Self.binding).decide(.create(object))
        #expect(!decision.allowed)
        #expect(decision.failures.contains { $0.path == "spec.owner.armId" && $0.rule == "subscriptions" })
    }

    /// ASO #4807: the Secret of a workload identity holds nothing secret, so that anybody can write one.
    @Test func anotherTeamsWorkloadIdentityIsNotTaken() throws {
        let secret = BindingCredentialTests.secret(
            text: BindingCredentialTests.with("AZURE_CLIENT_ID", BindingCredentialTests.stranger),
            name: "aso-credential"
        )
        let decision = try policies(Self.binding).decide(.create(secret))
        #expect(decision.failures.map { "\($0.rule) \($0.path)" } == ["identities stringData.AZURE_CLIENT_ID"])
        #expect(!decision.allowed)
    }

    /// ASO #4810: the same by a Secret of any name and the annotation that names it.
    @Test func noSecretOfAnyNameDoesIt() throws {
        let set = try policies(Self.binding)
        let secret = BindingCredentialTests.secret(
            BindingCredentialTests.with("AZURE_CLIENT_ID", BindingCredentialTests.stranger),
            name: "harmless"
        )
        #expect(try !set.decide(.create(secret)).allowed)
        let account = storageAccount("{}", metadata: "annotations: {\(BindingTests.annotation): harmless}")
        #expect(try set.decide(.create(account)).failures.map(\.rule) == ["credentials"])
        // Nor where nobody has bound the namespace.
        #expect(try !set.decide(.create(secret, namespace: "team-z")).allowed)
        #expect(try !set.decide(.create(account, namespace: "team-z")).allowed)
    }

    /// Names that Azure Service Operator would put into the URL of a request as they are.
    @Test(arguments: [
        "team-a-x/../team-b-x", "../../team-b-x/providers/Microsoft.Storage/storageAccounts/bills", "..", ".",
        "team-a-x?api-version=1", "team-a-x#-b", "team-a-x%2f..%2fteam-b-x", "team-a-x\\\\..\\\\team-b-x", "a\u{ff0f}b",
        "a\\nb",
    ])
    func aNameIsNoPath(_ name: String) throws {
        let set = try policies(Self.binding)
        for kind in [
            "resources.azure.com/v1api20200601/ResourceGroup", "sql.azure.com/v1api20211101storage/ServersDatabase",
            "sql.azure.com/v9/Unheard",
        ] {
            let object = resource(kind, spec: "{azureName: \"\(name)\"}", metadata: BindingTests.good)
            for namespace in ["team-a", "team-z"] {
                let failures = try set.decide(.create(object, namespace: namespace)).failures
                #expect(failures.contains { $0.rule == "azureName" && $0.path == "spec.azureName" }, "\(kind)")
            }
        }
    }

    @Test func aNameMayBeOfManyCharacters() throws {
        let set = try policies(Self.binding)
        for name in ["MyApp:Settings:Timeout", "@", "*", "$Default", "a b", "a.b", "größe", "{x}~2F&"] {
            let object = resource(
                "appconfiguration.azure.com/v1api20240601/KeyValue",
                spec: "{azureName: '\(name)'}",
                metadata: BindingTests.good
            )
            #expect(try set.decide(.create(object)).failures.isEmpty, "\(name)")
        }
    }

    /// The metadata and spec of a bad object, and the rules that it breaks.
    static let bad: [(metadata: String, spec: String, rules: [String])] = [
        (BindingTests.good, "{owner: {armId: \(BindingTests.other)/resourceGroups/x}}", ["subscriptions"]),
        ("annotations: {\(BindingTests.annotation): other}", "{}", ["credentials"]),
        (
            "annotations: {\(BindingTests.annotation): team-a-credential, serviceoperator.azure.com/operator-namespace: x}",
            "{}",
            ["annotations"]
        ),
        (
            "annotations: {\(BindingTests.annotation): team-a-credential, serviceoperator.azure.com/reconcile-policy: x}",
            "{}",
            ["reconcilePolicies"]
        ),
        (
            BindingTests.good, "{operatorSpec: {secrets: {key1: {name: aso-credential, key: a}}}}",
            ["secretDestinations"]
        ),
        (
            BindingTests.good, "{operatorSpec: {configMapExpressions: [{name: a, key: b, value: secret.key1}]}}",
            ["configMapDestinations", "configMapDestinations"]
        ),
        (BindingTests.good, "{novel: {tenantId: 99999999-1111-1111-1111-111111111111}}", ["tenant"]),
        (BindingTests.good, "{encryption: {clientIdFromConfig: {name: a, key: b}}}", ["fromConfig"]),
    ]

    static let versions = [
        "v1api20230101", "v1api20230101storage", "v1api20210401", "v1api20210401storage", "v1beta20210401", "v20250601",
        "v20250601storage", "v99990101", "v1",
    ]

    /// Every version, operation and way of writing has the same answer.
    @Test(arguments: bad.indices) func theShapeOfARequestDoesNotMatter(_ index: Int) throws {
        let set = try policies(Self.binding)
        let (metadata, spec, rules) = Self.bad[index]
        for version in Self.versions {
            func object(_ metadata: String, _ spec: String) -> String {
                resource("storage.azure.com/\(version)/StorageAccount", spec: spec, metadata: metadata)
            }
            let (good, bad) = (object(BindingTests.good, "{}"), object(metadata, spec))
            let unnamed = bad.replacing("name: thing,", with: "generateName: thing-,")
            let applied = object("managedFields: [{manager: kubectl, operation: Apply}], \(metadata)", spec)
            var asks = [
                Ask.create(bad), .create(unnamed), .create(applied), .update(good, to: bad), .update(good, to: applied),
            ]
            for subResource in ["scale", "anything"] {
                var ask = Ask.update(good, to: bad)
                ask.subResource = subResource
                asks.append(ask)
            }
            var dry = Ask.create(bad)
            dry.dryRun = true
            asks.append(dry)
            for ask in asks {
                #expect(try set.decide(ask).failures.map(\.rule) == rules, "\(version)")
            }
            var status = Ask.update(good, to: bad)
            status.subResource = "status"
            #expect(try set.decide(status).allowed)
        }
    }

    /// A Secret without a name yet is judged by its keys.
    @Test func aGeneratedNameDoesNotMatter() throws {
        let secret = BindingCredentialTests.secret([("AZURE_CLIENT_ID", BindingCredentialTests.stranger)])
            .replacing("name: app,", with: "generateName: app-,")
        #expect(try !policies(Self.binding).decide(.create(secret)).allowed)
    }
}
