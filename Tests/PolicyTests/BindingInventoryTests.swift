import Azure
import JSON
import Policy
import Testing

/// What bindings say where the inventory knows other objects.
@Suite struct BindingInventoryTests {
    static let mine = BindingReachTests.mine
    static let other = BindingReachTests.other

    /// An object that is known.
    static func entry(
        _ type: String,
        _ name: String,
        in namespace: String = "team-a",
        azureName: String? = nil,
        owner: Inventory.Owner? = nil,
        id: String? = nil
    ) -> Inventory.Entry {
        let parts = type.split(separator: "/").map(String.init)
        let kind = AzureTables.embedded.kind(group: parts[0], kind: parts[1])
        return Inventory.Entry(
            key: Inventory.Key(group: parts[0], kind: parts[1], namespace: namespace, name: name),
            kind: kind,
            azureName: azureName ?? (kind?.azureName == .spec ? name : nil),
            owner: owner,
            resourceID: id.flatMap { try? ResourceID(parsing: $0) }
        )
    }

    static func object(_ type: String, _ name: String, in namespace: String = "team-a") -> Inventory.Owner {
        let parts = type.split(separator: "/").map(String.init)
        return .object(Inventory.Key(group: parts[0], kind: parts[1], namespace: namespace, name: name))
    }

    static let group = "resources.azure.com/ResourceGroup"
    static let server = "sql.azure.com/Server"
    static let vault = "keyvault.azure.com/Vault"

    static let known = Inventory([
        entry(group, "rg", azureName: "team-a-rg"),
        entry(group, "theirs", azureName: "team-b-rg"),
        entry(group, "nameless", azureName: nil, id: "\(mine)/resourceGroups/team-a-new"),
        entry(group, "elsewhere", azureName: "team-a-rg", id: "\(other)/resourceGroups/team-a-rg"),
        entry(server, "good", owner: object(group, "rg")),
        entry(server, "bad", owner: object(group, "theirs")),
        entry(server, "by-id", owner: .armID("\(other)/resourceGroups/team-a-rg")),
        entry(server, "malformed", owner: .armID("\(mine)/resourceGroups/team-a-rg/../team-b-rg")),
        entry(server, "orphan"),
        entry(server, "lost", owner: object(group, "gone")),
        entry(server, "loop", owner: object(server, "loop")),
        entry(server, "shared", owner: .armID("\(mine)/resourceGroups/shared")),
        entry(server, "shared-id", id: "\(mine)/resourceGroups/shared/providers/Microsoft.Sql/servers/s"),
        entry(vault, "v", owner: object(group, "theirs")),
        entry(group, "rg", in: "team-b", azureName: "team-b-rg"),
        entry(
            "authorization.azure.com/RoleDefinition",
            "trick",
            azureName: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
            owner: object(group, "rg")
        ),
    ])

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let fields: String
        let object: String
        var failures: [String]
        var old: String?

        var testDescription: String { name }

        init(
            _ name: String,
            _ type: String,
            _ spec: String,
            _ failures: String...,
            fields: String = "",
            objectName: String = "thing",
            metadata: String = "",
            old: String? = nil
        ) {
            self.name = name
            self.fields = fields
            object = resource(type, spec: spec, name: objectName, metadata: metadata)
            self.failures = failures
            self.old = old.map { resource(type, spec: spec, name: objectName, metadata: $0) }
        }
    }

    static let account = "storage.azure.com/v1api20230101/StorageAccount"
    static let database = "sql.azure.com/v1api20211101/ServersDatabase"
    static let setting = "insights.azure.com/v1api20210501preview/DiagnosticSetting"
    static let assignment = "authorization.azure.com/v1api20220401/RoleAssignment"
    static let deny = "owners: {ifUnknown: Deny}"

    static func owner(_ name: String, _ owner: String, _ failures: String..., fields: String = "") -> Case {
        var example = Case(name, database, "{owner: {name: \(owner)}}", fields: fields)
        example = example.failing(failures.map { "\($0) spec.owner.name" })
        return example
    }

    static let owners = [
        Case("one's own group", account, "{owner: {name: rg}}"),
        Case("another team's group", account, "{owner: {name: theirs}}", "resourceGroups spec.owner.name"),
        Case("a group elsewhere", account, "{owner: {name: elsewhere}}", "subscriptions spec.owner.name"),
        Case("a group of which the ID is known", account, "{owner: {name: nameless}}"),
        Case("a group that is not known", account, "{owner: {name: gone}}"),
        Case(
            "a group that is not known, where that is denied",
            account,
            "{owner: {name: gone}}",
            "owners spec.owner.name",
            fields: deny
        ),
        Case(
            "a name in another case is another object",
            account,
            "{owner: {name: RG}}",
            "owners spec.owner.name",
            fields: deny
        ),
        owner("a server of one's own", "good"),
        owner("a server in another team's group", "bad", "resourceGroups"),
        owner("a server that lies elsewhere by ID", "by-id", "subscriptions"),
        owner("a server whose owner climbs", "malformed", "resourceGroups"),
        owner("a server without an owner", "orphan"),
        owner("a server whose group is not known", "lost", "owners", fields: deny),
        owner("a server that owns itself", "loop", "owners", fields: deny),
        owner("a server in a shared group", "shared", "resourceGroups"),
        owner("a shared server", "shared-id"),
        Case(
            "an extension of a shared server",
            setting,
            "{owner: {group: sql.azure.com, kind: Server, name: shared-id}}",
            "resourceGroups spec.owner.name"
        ),
        Case(
            "an extension of another team's vault",
            setting,
            "{owner: {group: keyvault.azure.com, kind: Vault, name: v}}",
            "resourceGroups spec.owner.name"
        ),
        Case(
            "a reference to another team's vault",
            account,
            "{encryption: {keyVaults: [{reference: {group: keyvault.azure.com, kind: Vault, name: v}}]}}",
            "resourceGroups spec.encryption.keyVaults[0].reference.name"
        ),
        Case(
            "a reference to what is not known",
            account,
            "{novel: {group: keyvault.azure.com, kind: Vault, name: w}}",
            "owners spec.novel.name",
            fields: deny
        ),
        Case("what only looks like one", account, "{novel: {group: apps, kind: Vault, name: w}}", fields: deny),
        Case(
            "a definition that bears Owner's GUID",
            assignment,
            "{owner: {group: resources.azure.com, kind: ResourceGroup, name: rg}, principalId: \(BindingReachTests.app), roleDefinitionReference: {group: authorization.azure.com, kind: RoleDefinition, name: trick}}",
            "roles spec.roleDefinitionReference.name",
            fields: "roles: {definitions: {}, principals: [\(BindingReachTests.app)]}"
        ),
    ]

    @Test(arguments: owners) func followsNames(_ example: Case) throws {
        try expect(example, Self.known)
    }

    /// Without an inventory nothing is known, and what is unknown is judged as the binding says.
    @Test func knowsNothingWithoutAnInventory() throws {
        let object = storageAccount("{owner: {name: theirs}}")
        #expect(try policies(BindingReachTests.binding("")).decide(.create(object)).allowed)
        let strict = try policies(BindingReachTests.binding(Self.deny)).decide(.create(object))
        #expect(
            strict.lines == [
                "team-a/owners: spec.owner.name is \"theirs\", and where that ResourceGroup lies is not known; create it, and what "
                    + "it belongs to, first"
            ]
        )
    }

    // MARK: Names that are taken

    static let taken = Inventory([
        entry(group, "rg", azureName: "team-a-rg"),
        entry(group, "rg-2", azureName: "team-a-two"),
        entry(group, "rg", in: "team-b", azureName: "TEAM-A-RG", id: "\(mine)/resourceGroups/team-a-rg"),
        entry("storage.azure.com/StorageAccount", "taken", in: "team-b", azureName: "Taken"),
        entry(server, "s", owner: object(group, "rg")),
        entry("sql.azure.com/ServersDatabase", "d", azureName: "orders", owner: object(server, "s")),
        entry("sql.azure.com/ServersDatabase", "e", azureName: "bills", owner: object(server, "unknown")),
        entry(
            "sql.azure.com/ServersDatabase",
            "x",
            in: "team-b",
            azureName: "theirs",
            id: "\(mine)/resourceGroups/team-a-rg/providers/Microsoft.Sql/servers/s/databases/theirs"
        ),
        entry(
            "sql.azure.com/ServersDatabase",
            "y",
            in: "team-b",
            azureName: "far",
            id: "\(other)/resourceGroups/team-a-rg/providers/Microsoft.Sql/servers/s/databases/far"
        ),
        entry(
            "sql.azure.com/ServersDatabase",
            "z",
            in: "team-b",
            azureName: "vague",
            owner: object(server, "s", in: "team-b")
        ),
        entry(server, "s", in: "team-b", owner: object(group, "rg", in: "team-b")),
    ])

    static func taken(
        _ name: String,
        _ spec: String,
        _ failures: String...,
        fields: String = "",
        objectName: String = "thing"
    ) -> Case {
        Case(name, database, spec, fields: fields, objectName: objectName).failing(failures.map { "duplicates \($0)" })
    }

    static let names = [
        Case(
            "a global name of another namespace",
            account,
            "{owner: {name: rg}, azureName: taken}",
            "duplicates spec.azureName"
        ),
        Case(
            "a global name, by the object's",
            account,
            "{owner: {name: rg}}",
            "duplicates metadata.name",
            objectName: "taken"
        ),
        Case("a free name", account, "{owner: {name: rg}, azureName: free}"),
        Case(
            "a taken name, where that is allowed",
            account,
            "{owner: {name: rg}, azureName: taken}",
            fields: "duplicates: Allow"
        ),
        taken("another object for one database", "{owner: {name: s}, azureName: Orders}", "spec.azureName"),
        taken("the object itself", "{owner: {name: s}, azureName: orders}", objectName: "d"),
        taken("the same name in another server", "{owner: {name: t}, azureName: orders}"),
        taken(
            "the same server by ID",
            "{owner: {armId: \(mine)/resourceGroups/team-a-rg/providers/Microsoft.Sql/servers/s}, azureName: orders}",
            "spec.azureName"
        ),
        taken("a server that is not known, twice", "{owner: {name: unknown}, azureName: bills}", "spec.azureName"),
        taken(
            "another namespace's object for one's own server",
            "{owner: {name: s}, azureName: theirs}",
            "spec.azureName"
        ),
        taken("the same in another subscription", "{owner: {name: s}, azureName: far}"),
        taken(
            "what lies in the subscription of another's credential",
            "{owner: {name: s}, azureName: vague}",
            "spec.azureName"
        ),
        Case(
            "a group that another namespace has",
            "resources.azure.com/v1api20200601/ResourceGroup",
            "{azureName: team-a-rg}",
            "duplicates spec.azureName",
            objectName: "again"
        ),
        Case("a group of one's own", "resources.azure.com/v1api20200601/ResourceGroup", "{azureName: team-a-three}"),
    ]

    @Test(arguments: names) func knowsWhichAreTaken(_ example: Case) throws {
        try expect(example, Self.taken)
    }

    @Test func tellsNoNamesOfOthers() throws {
        let ask = Ask.create(resource(Self.account, spec: "{owner: {name: rg}, azureName: taken}"))
        let set = try policies(BindingReachTests.binding(""))
        let decision = try set.decide(ask.request(), mode: .validate, inventory: Self.taken)
        #expect(
            decision.lines == [
                "team-a/duplicates: spec.azureName is \"taken\", a name that an object of another namespace has, and that only one "
                    + "resource in Azure can have; choose another name"
            ]
        )
    }

    // MARK: Adoption

    static let skip = "annotations: {serviceoperator.azure.com/reconcile-policy: skip}"
    static let adopt = "annotations: {portcullis.dev/adopt: \"true\"}"

    static let adoptions = [
        Case("by default", account, "{azureName: other}"),
        Case(
            "a name of its own",
            account,
            "{azureName: other}",
            "adoption spec.azureName",
            fields: "adoption: Annotated"
        ),
        Case("the object's own name", account, "{azureName: THING}", fields: "adoption: Annotated"),
        Case("no name", account, "{}", fields: "adoption: Deny"),
        Case("with the annotation", account, "{azureName: other}", fields: "adoption: Annotated", metadata: adopt),
        Case(
            "with an annotation that says no",
            account,
            "{azureName: other}",
            "adoption spec.azureName",
            fields: "adoption: Annotated",
            metadata: "annotations: {portcullis.dev/adopt: \"false\"}"
        ),
        Case(
            "where nothing helps",
            account,
            "{azureName: other}",
            "adoption spec.azureName",
            fields: "adoption: Deny",
            metadata: adopt
        ),
        Case(
            "a name that Azure Service Operator makes",
            "documentdb.azure.com/v1api20240815/SqlRoleAssignment",
            "{azureName: \(BindingReachTests.custom)}",
            fields: "adoption: Deny"
        ),
        Case("from watching", account, "{}", fields: "adoption: Deny", metadata: skip),
        Case(
            "from watching to managing",
            account,
            "{}",
            "adoption metadata.annotations[\"serviceoperator.azure.com/reconcile-policy\"]",
            fields: "adoption: Annotated",
            old: skip
        ),
        Case(
            "from watching to managing, with the annotation",
            account,
            "{}",
            fields: "adoption: Annotated",
            metadata: adopt,
            old: skip
        ),
        Case("watching on", account, "{}", fields: "adoption: Annotated", metadata: skip, old: skip),
    ]

    @Test(arguments: adoptions) func asksBeforeTakingOver(_ example: Case) throws {
        try expect(example, nil)
    }

    private func expect(_ example: Case, _ inventory: Inventory?) throws {
        let set = try policies(BindingReachTests.binding(example.fields))
        let asks =
            example.old.map { [Ask.update($0, to: example.object)] } ?? [
                Ask.create(example.object), .update(example.object, to: example.object),
            ]
        for ask in asks {
            let decision = try set.decide(ask.request(), mode: .validate, inventory: inventory)
            #expect(decision.failures.map { "\($0.rule) \($0.path)" } == example.failures)
            #expect(decision.allowed == example.failures.isEmpty)
        }
    }
}

extension BindingInventoryTests.Case {
    func failing(_ failures: [String]) -> Self {
        var copy = self
        copy.failures = failures
        return copy
    }
}
