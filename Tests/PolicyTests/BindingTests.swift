import JSON
import Policy
import Testing

/// Every way in which a namespace could be somebody else or write elsewhere.
@Suite struct BindingTests {
    static let mine = "/subscriptions/22222222-2222-2222-2222-222222222222"
    static let other = "/subscriptions/33333333-3333-3333-3333-333333333333"

    static let binding = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: team-a}
        spec:
          namespaces: [team-a]
          tenant: 11111111-1111-1111-1111-111111111111
          subscriptions: [22222222-2222-2222-2222-222222222222]
          resourceGroups: ["team-a-*"]
          sharedResources:
            - \(mine)/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/*
            - \(mine)/resourceGroups/shared/**
          credentials: {allow: [team-a-credential, "extra-*"], globalFallback: Deny}
          userAssignedIdentities:
            - \(mine)/resourceGroups/team-a-id/providers/Microsoft.ManagedIdentity/userAssignedIdentities/*
          roles: {allow: [Reader]}
          federatedSubjects: {issuers: ["https://oidc.example/"]}
        """

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let object: String
        /// The failure as `rule path`; nil means allowed.
        let failure: String?

        var testDescription: String { name }
    }

    static let annotation = "serviceoperator.azure.com/credential-from"
    static let good = "annotations: {\(annotation): team-a-credential}"

    static func credential(_ name: String, _ annotations: String, _ failure: String?) -> Case {
        Case(name: name, object: storageAccount("{owner: {name: rg}}", metadata: annotations), failure: failure)
    }

    static func owner(_ name: String, _ armID: String, _ failure: String?) -> Case {
        Case(
            name: name,
            object: storageAccount("{owner: {armId: \"\(armID)\"}}", metadata: good),
            failure: failure.map { "\($0) spec.owner.armId" }
        )
    }

    static func spec(_ name: String, _ type: String, _ spec: String, _ failure: String?) -> Case {
        Case(name: name, object: resource(type, spec: spec, metadata: good), failure: failure)
    }

    static let credentials = [
        credential("an allowed credential", good, nil),
        credential("one that a glob allows", "annotations: {\(annotation): extra-1}", nil),
        credential(
            "another team's",
            "annotations: {\(annotation): team-b-credential}",
            "credentials metadata.annotations[\"\(annotation)\"]"
        ),
        credential(
            "an empty name",
            "annotations: {\(annotation): ''}",
            "credentials metadata.annotations[\"\(annotation)\"]"
        ),
        credential(
            "none, where the global one is denied",
            "labels: {a: b}",
            "credentials metadata.annotations[\"\(annotation)\"]"
        ),
        credential(
            "null is none",
            "annotations: {\(annotation): null}",
            "credentials metadata.annotations[\"\(annotation)\"]"
        ),
        credential(
            "annotations that are no object",
            "annotations: [x]",
            "credentials metadata.annotations[\"\(annotation)\"]"
        ),
    ]

    static let owners = [
        owner("a group of one's own", "\(mine)/resourceGroups/team-a-rg", nil),
        owner("in another spelling", "\(mine.uppercased())/RESOURCEGROUPS/TEAM-A-RG", nil),
        owner("another team's group", "\(mine)/resourceGroups/team-b-rg", "resourceGroups"),
        owner("a group that only begins alike", "\(mine)/resourceGroups/team-abc", "resourceGroups"),
        owner("one's own name elsewhere", "\(other)/resourceGroups/team-a-rg", "subscriptions"),
        owner("the whole subscription", mine, "resourceGroups"),
        owner(
            "a resource of the subscription",
            "\(mine)/providers/Microsoft.Authorization/roleDefinitions/x",
            "resourceGroups"
        ),
        owner("a management group", "/providers/Microsoft.Management/managementGroups/root", "subscriptions"),
        owner("climbing out of the group", "\(mine)/resourceGroups/team-a-rg/../team-b-rg", "resourceGroups"),
        owner("a double slash", "\(mine)//resourceGroups/team-a-rg", "resourceGroups"),
        owner("a percent escape", "\(mine)/resourceGroups/team-a-%72g", "resourceGroups"),
        owner("a slash at the end", "\(mine)/resourceGroups/team-a-rg/", "resourceGroups"),
        owner(
            "the group's name in another place",
            "\(mine)/resourceGroups/team-b-rg/providers/Microsoft.Storage/storageAccounts/team-a-x",
            "resourceGroups"
        ),
        owner(
            "a shared group's resource",
            "\(mine)/resourceGroups/shared/providers/Microsoft.Storage/storageAccounts/x",
            nil
        ),
        owner("but not the group itself", "\(mine)/resourceGroups/shared", "resourceGroups"),
        owner("nothing", "", "resourceGroups"),
        owner("nonsense", "team-a-rg", "resourceGroups"),
    ]

    static let identity = "Microsoft.ManagedIdentity/userAssignedIdentities"
    static let subnet = "\(mine)/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/s1"
    static let trust = "issuer: 'https://oidc.example/', subject: 'system:serviceaccount:team-a:app'"
    static let nic = "network.azure.com/v1api20201101/NetworkInterface"
    static let account = "storage.azure.com/v1api20230101/StorageAccount"
    static let cluster = "containerservice.azure.com/v1api20240901/ManagedCluster"

    static let references = [
        spec("a shared subnet", nic, "{ipConfigurations: [{name: a, subnet: {reference: {armId: \(subnet)}}}]}", nil),
        spec(
            "a subnet of another network",
            nic,
            "{ipConfigurations: [{name: a, subnet: {reference: {armId: \(subnet.replacing("hub", with: "spoke"))}}}]}",
            "resourceGroups spec.ipConfigurations[0].subnet.reference.armId"
        ),
        spec(
            "the star of a shared resource does not cross a slash",
            nic,
            "{ipConfigurations: [{name: a, subnet: {reference: {armId: \(subnet)/x/y}}}]}",
            "resourceGroups spec.ipConfigurations[0].subnet.reference.armId"
        ),
        spec(
            "an armId in a field that nobody knows",
            account,
            "{novel: [{deep: {armId: \(other)/resourceGroups/x}}]}",
            "subscriptions spec.novel[0].deep.armId"
        ),
        spec(
            "a resource ID in a plain string",
            account,
            "{novel: \(other)/resourceGroups/x}",
            "subscriptions spec.novel"
        ),
        spec(
            "an identity behind an equals sign",
            "documentdb.azure.com/v1api20231115/DatabaseAccount",
            "{defaultIdentity: 'UserAssignedIdentity=\(mine)/resourceGroups/team-b-id/providers/\(identity)/x'}",
            "userAssignedIdentities spec.defaultIdentity"
        ),
        spec(
            "an identity of one's own",
            account,
            "{identity: {type: UserAssigned, userAssignedIdentities: [{reference: {armId: \(mine)/resourceGroups/team-a-id/providers/\(identity)/x}}]}}",
            nil
        ),
        spec(
            "an identity of another team",
            account,
            "{identity: {userAssignedIdentities: [{reference: {armId: \(mine)/resourceGroups/team-b-id/providers/\(identity)/x}}]}}",
            "userAssignedIdentities spec.identity.userAssignedIdentities[0].reference.armId"
        ),
        spec(
            "an identity in one's own group that is not listed",
            account,
            "{identity: {userAssignedIdentities: [{reference: {armId: \(mine)/resourceGroups/team-a-rg/providers/\(identity)/x}}]}}",
            "userAssignedIdentities spec.identity.userAssignedIdentities[0].reference.armId"
        ),
        spec(
            "an identity by the name of an object",
            account,
            "{identity: {userAssignedIdentities: [{reference: {group: managedidentity.azure.com, kind: UserAssignedIdentity, name: x}}]}}",
            nil
        ),
        spec(
            "a federated credential of somebody's identity",
            "managedidentity.azure.com/v1api20230131/FederatedIdentityCredential",
            "{owner: {armId: \(mine)/resourceGroups/team-b-id/providers/\(identity)/x}, \(trust)}",
            "userAssignedIdentities spec.owner.armId"
        ),
        spec(
            "a reference in a storage version's property bag",
            "storage.azure.com/v1api20230101storage/StorageAccount",
            "{$propertyBag: {X: '{\"armId\":\"\(other)/resourceGroups/x\"}'}}",
            "resourceGroups spec.$propertyBag.X"
        ),
        spec(
            "an armId from a ConfigMap is none that we could judge",
            "authorization.azure.com/v1api20220401/RoleAssignment",
            "{principalIdFromConfig: {name: a, key: b}, roleDefinitionReference: {wellKnownName: Reader}}",
            "fromConfig spec.principalIdFromConfig"
        ),
        spec(
            "a subject from a ConfigMap",
            "managedidentity.azure.com/v1api20230131/FederatedIdentityCredential",
            "{subjectFromConfig: {name: a, key: b}, issuer: 'https://oidc.example/'}",
            "fromConfig spec.subjectFromConfig"
        ),
        spec(
            "an address from a ConfigMap is nobody's identity",
            "network.azure.com/v1api20180501/DnsZonesARecord",
            "{ARecords: [{ipv4AddressFromConfig: {name: a, key: b}}]}",
            nil
        ),
        spec(
            "another tenant",
            "keyvault.azure.com/v1api20230701/Vault",
            "{properties: {tenantId: 99999999-1111-1111-1111-111111111111}}",
            "tenant spec.properties.tenantId"
        ),
        spec(
            "one's own tenant",
            "keyvault.azure.com/v1api20230701/Vault",
            "{properties: {tenantId: 11111111-1111-1111-1111-111111111111, accessPolicies: [{tenantId: '11111111-1111-1111-1111-111111111111'}]}}",
            nil
        ),
        spec(
            "a group of one's own, to make",
            "resources.azure.com/v1api20200601/ResourceGroup",
            "{azureName: team-a-new}",
            nil
        ),
        spec(
            "a group of another team, to take over",
            "resources.azure.com/v1api20200601/ResourceGroup",
            "{azureName: team-b-rg}",
            "resourceGroups spec.azureName"
        ),
        spec(
            "and by the object's name",
            "resources.azure.com/v1api20200601/ResourceGroup",
            "{location: westeurope}",
            "resourceGroups metadata.name"
        ),
        spec(
            "a group of one's own for the nodes of a cluster",
            cluster,
            "{nodeResourceGroup: team-a-nodes}",
            nil
        ),
        spec("no name for it, which is Azure's to choose", cluster, "{nodeResourceGroup: ''}", nil),
        spec(
            "a group of another team for them",
            cluster,
            "{nodeResourceGroup: team-b-x}",
            "resourceGroups spec.nodeResourceGroup"
        ),
        spec(
            "a name of a group that is a path",
            cluster,
            "{nodeResourceGroup: team-a-x/../team-b-x}",
            "resourceGroups spec.nodeResourceGroup"
        ),
        spec(
            "a group of another team for what Synapse manages",
            "synapse.azure.com/v1api20210601/Workspace",
            "{managedResourceGroupName: team-b-x}",
            "resourceGroups spec.managedResourceGroupName"
        ),
        spec(
            "and for what Container Apps run on",
            "app.azure.com/v1api20240301storage/ManagedEnvironment",
            "{infrastructureResourceGroup: team-b-x}",
            "resourceGroups spec.infrastructureResourceGroup"
        ),
        spec(
            "and in a kind that nobody knows",
            "novel.azure.com/v1/Thing",
            "{parameters: [{managedResourceGroup: team-b-x}]}",
            "resourceGroups spec.parameters[0].managedResourceGroup"
        ),
        spec(
            "an ID in the place of a group's name",
            "novel.azure.com/v1/Thing",
            "{managedResourceGroup: \(mine)/resourceGroups/team-a-x}",
            nil
        ),
        spec(
            "and one that lies elsewhere",
            "novel.azure.com/v1/Thing",
            "{managedResourceGroup: \(other)/resourceGroups/team-a-x}",
            "subscriptions spec.managedResourceGroup"
        ),
        spec(
            "the group's name in one's own subscription",
            "devices.azure.com/v1api20210702/IotHub",
            "{properties: {routing: {endpoints: {eventHubs: [{resourceGroup: team-a-x, subscriptionId: 22222222-2222-2222-2222-222222222222}]}}}}",
            nil
        ),
        spec(
            "the group's name in another subscription",
            "devices.azure.com/v1api20210702/IotHub",
            "{properties: {routing: {endpoints: {eventHubs: [{resourceGroup: team-a-x, subscriptionId: 33333333-3333-3333-3333-333333333333}]}}}}",
            "subscriptions spec.properties.routing.endpoints.eventHubs[0].subscriptionId"
        ),
        spec(
            "somebody's identity as the key of a map",
            "novel.azure.com/v1/Thing",
            "{identity: {type: UserAssigned, userAssignedIdentities: {\(mine)/resourceGroups/team-b-id/providers/\(identity)/x: {}}}}",
            "userAssignedIdentities spec.identity.userAssignedIdentities[\"\(mine)/resourceGroups/team-b-id/providers/\(identity)/x\"]"
        ),
        spec(
            "and behind one's own",
            "novel.azure.com/v1/Thing",
            "{map: {plain: {a: 1}, \(mine)/resourceGroups/team-a-id/providers/\(identity)/x: {b: []}, \(other)/resourceGroups/x: {}}, last: 1}",
            "subscriptions spec.map[\"\(other)/resourceGroups/x\"]"
        ),
        Case(
            name: "a resource ID that ASO would believe",
            object: storageAccount(
                "{}",
                metadata:
                    "annotations: {\(annotation): team-a-credential, serviceoperator.azure.com/resource-id: \(other)/resourceGroups/x}"
            ),
            failure: "subscriptions metadata.annotations[\"serviceoperator.azure.com/resource-id\"]"
        ),
        spec(
            "a kind that nobody knows",
            "novel.azure.com/v1/Thing",
            "{owner: {armId: \(other)/resourceGroups/x}}",
            "subscriptions spec.owner.armId"
        ),
    ]

    @Test(arguments: credentials + owners + references) func guards(_ example: Case) throws {
        let decision = try policies(Self.binding).decide(.create(example.object))
        #expect(decision.failures.map { "\($0.rule) \($0.path)" } == (example.failure.map { [$0] } ?? []))
        #expect(decision.allowed == (example.failure == nil))
        #expect(decision.failures.allSatisfy { $0.source == .binding && $0.policy == "team-a" })
    }

    @Test func leavesOtherKindsAlone() throws {
        let ask = Ask.create(resource("apps/v1/Deployment", spec: "{owner: {armId: \(Self.other)/resourceGroups/x}}"))
        #expect(try policies(Self.binding).decide(ask).allowed)
    }

    /// Once there is a binding, a namespace without one has no way to name anything of Azure's.
    static let unbound: [(name: String, object: String, path: String?)] = [
        ("nothing named", storageAccount("{owner: {name: rg}}"), nil),
        ("an owner by ID", storageAccount("{owner: {armId: \(mine)/resourceGroups/team-a-rg}}"), "spec.owner.armId"),
        ("a reference", storageAccount("{x: {armId: \(mine)/resourceGroups/team-a-rg}}"), "spec.x.armId"),
        ("a credential", storageAccount("{}", metadata: good), "metadata.annotations[\"\(annotation)\"]"),
        (
            "an identity by name",
            storageAccount(
                "{identity: {userAssignedIdentities: [{reference: {group: managedidentity.azure.com, kind: UserAssignedIdentity, name: x}}]}}"
            ),
            "spec.identity.userAssignedIdentities[0].reference"
        ),
        (
            "an identity by ID",
            storageAccount(
                "{identity: {userAssignedIdentities: [{reference: {armId: \(mine)/resourceGroups/team-a-id/providers/\(identity)/x}}]}}"
            ),
            "spec.identity.userAssignedIdentities[0].reference.armId"
        ),
    ]

    @Test(arguments: unbound.indices) func deniesTheUnbound(_ index: Int) throws {
        let (name, object, path) = Self.unbound[index]
        let decision = try policies(Self.binding).decide(.create(object, namespace: "team-z"))
        #expect(decision.failures.map(\.path) == (path.map { [$0] } ?? []), "\(name)")
        #expect(decision.allowed == (path == nil), "\(name)")
        #expect(decision.lines.allSatisfy { $0.contains("no AzureBinding matches namespace team-z") })
    }

    @Test func isSilentWithoutAnyBinding() throws {
        let set = try policies(policy(rule: "locations: {deny: [eastus]}"))
        let decision = try set.decide(.create(storageAccount("{owner: {armId: \(Self.other)/resourceGroups/x}}")))
        #expect(decision.allowed)
        #expect(decision.notes.contains(.noBinding))
        #expect(!set.hasBinding)
    }

    /// The way out that ratcheting would be.
    @Test func neverRatchets() throws {
        let bad = storageAccount("{owner: {armId: \(Self.other)/resourceGroups/x}}", metadata: Self.good)
        let decision = try policies(Self.binding).decide(.update(bad, to: bad))
        #expect(!decision.allowed)
        #expect(decision.failures.map(\.effect) == [.deny])
    }

    @Test func isNotAskedAboutDeletions() throws {
        let bad = storageAccount("{owner: {armId: \(Self.other)/resourceGroups/x}}")
        #expect(try policies(Self.binding).decide(.delete(bad)).allowed)
    }

    static func binding(_ name: String, _ namespaces: String) -> String {
        "apiVersion: portcullis.dev/v1alpha1\nkind: AzureBinding\nmetadata: {name: \(name)}\nspec: {namespaces: \(namespaces)}\n"
    }

    /// Bindings do not add up.
    static let overlaps: [(first: String, second: String, others: String, namespace: String)] = [
        ("[team-a]", "[team-a]", "", "team-a"), ("[team-a]", "['team-*']", "", "team-a"),
        ("['team-*']", "['*-a']", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a}", "team-a"),
        ("['team-*']", "['*-a']", policy(match: "{namespaces: [team-a]}", rule: "locations: {deny: [x]}"), "team-a"),
    ]

    @Test(arguments: overlaps.indices) func refusesTwoForOneNamespace(_ index: Int) throws {
        let (first, second, others, namespace) = Self.overlaps[index]
        let result = try compile([
            ("a.yaml", Self.binding("a", first)), ("b.yaml", Self.binding("b", second)), ("c.yaml", others),
        ])
        #expect(result.set == nil)
        #expect(result.errors.map(\.message) == ["namespace \(namespace) is matched by AzureBinding a too"])
        #expect(result.errors[0].file == "b.yaml")
    }

    @Test func deniesNamingBothWhereOnlyTheRequestShowsIt() throws {
        let set = try policies(Self.binding("a", "['team-*']"), Self.binding("b", "['*-z']"))
        let decision = try set.decide(.create(storageAccount("{}"), namespace: "team-z"))
        #expect(
            decision.lines == [
                "a+b/ambiguous: metadata.namespace is team-z, which the AzureBindings a and b both match; "
                    + "ask the platform team to leave one of them"
            ]
        )
        #expect(try set.decide(.create(storageAccount("{}"), namespace: "team-y")).allowed)
    }

    @Test func allowsConfigMapsWhereItSaysSo() throws {
        let set = try policies(Self.binding + "\n  fromConfig: Allow")
        let object = resource(
            "authorization.azure.com/v1api20220401/RoleAssignment",
            spec: "{principalIdFromConfig: {name: a, key: b}, roleDefinitionReference: {wellKnownName: Reader}}",
            metadata: Self.good
        )
        #expect(try set.decide(.create(object)).allowed)
    }
}
