import Azure
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// However a write arrives, the decision is the same.
@Suite struct RequestShapeTests {
    /// An escape that was published, as the object that a team would write.
    struct Escape: Sendable, CustomTestStringConvertible {
        let name: String
        let group: String
        let versions: [String]
        /// The object without its `apiVersion`.
        let object: String
        /// What else it was before.
        let before: String
        /// The rule of the binding that refuses it.
        let rule: String

        var testDescription: String { name }

        func text(_ version: String) -> String {
            "apiVersion: \(group.isEmpty ? "" : group + "/")\(version)\n\(object)"
        }
    }

    private static func escape(
        _ name: String,
        _ kind: String,
        spec: String,
        metadata: String = BindingTests.good,
        rule: String
    ) -> Escape {
        let parts = kind.split(separator: "/").map(String.init)
        let known = AzureTables.embedded.kind(group: parts[0], kind: parts[1])
        let versions = known?.versions ?? []
        func object(_ spec: String) -> String {
            "kind: \(parts[1])\nmetadata: {name: thing, namespace: team-a, \(metadata)}\nspec: \(spec)"
        }
        return Escape(
            name: name,
            group: parts[0],
            versions: versions + versions.map { $0 + "storage" } + ["v99990101", "v1beta20200101"],
            object: object(spec),
            before: object("{}"),
            rule: rule
        )
    }

    private static func secret(_ name: String, client: String, key: String) -> String {
        let text = "\(key): '\(client)'"
        return "kind: Secret\nmetadata: {name: \(name), namespace: team-a}\ntype: Opaque\nstringData: {\(text)}"
    }

    private static let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    private static let stranger = BindingCredentialTests.stranger

    static let escapes: [Escape] = [
        escape(
            "ASO #3645: a role in a group of others",
            "authorization.azure.com/RoleAssignment",
            spec: "{owner: {armId: \(BindingTests.other)/resourceGroups/prod}, principalId: \(stranger)}",
            rule: "subscriptions"
        ),
        escape(
            "ASO #3645: Owner, by the ID of its definition, of a group of one's own",
            "authorization.azure.com/RoleAssignment",
            spec: """
                {owner: {armId: \(BindingTests.mine)/resourceGroups/team-a-x}, principalId: \(stranger), \
                roleDefinitionReference: {armId: \(BindingTests.mine)/providers/Microsoft.Authorization/roleDefinitions/\(owner)}}
                """,
            rule: "roles"
        ),
        Escape(
            name: "ASO #4807: the namespace's credential names another's identity",
            group: "",
            versions: ["v1"],
            object: secret("aso-credential", client: stranger, key: "AZURE_CLIENT_ID"),
            before: secret("aso-credential", client: BindingCredentialTests.client, key: "AZURE_CLIENT_ID"),
            rule: "identities"
        ),
        Escape(
            name: "ASO #4807: in another subscription",
            group: "",
            versions: ["v1"],
            object: secret("aso-credential", client: stranger, key: "AZURE_SUBSCRIPTION_ID"),
            before: secret("aso-credential", client: BindingCredentialTests.client, key: "AZURE_CLIENT_ID"),
            rule: "subscriptions"
        ),
        Escape(
            name: "ASO #4810: a Secret of any name does",
            group: "",
            versions: ["v1"],
            object: secret("harmless", client: stranger, key: "AZURE_CLIENT_ID"),
            before: secret("harmless", client: BindingCredentialTests.client, key: "AZURE_CLIENT_ID"),
            rule: "identities"
        ),
        escape(
            "ASO #4810: and the annotation names it",
            "storage.azure.com/StorageAccount",
            spec: "{location: westeurope}",
            metadata: "annotations: {\(BindingTests.annotation): harmless}",
            rule: "credentials"
        ),
    ]

    /// The same write in every way in which it can come.
    static func shapes(_ object: String, before: String) -> [(name: String, ask: Ask)] {
        func with(_ members: String, _ text: String) -> String {
            text.replacing("metadata: {", with: "metadata: {\(members), ")
        }
        let applied = "managedFields: [{manager: kubectl, operation: Apply, apiVersion: v1, fieldsType: FieldsV1}]"
        var dryRun = Ask.create(object)
        dryRun.dryRun = true
        var asks: [(name: String, ask: Ask)] = [
            ("kubectl create", .create(object)),
            ("server-side apply of what is not there", .create(with(applied, object))),
            ("dry run", dryRun),
            ("kubectl apply", .update(before, to: object)),
            ("kubectl replace", .update(before, to: with("resourceVersion: '7', uid: u", object))),
            ("server-side apply", .update(before, to: with(applied, object))),
        ]
        for subResource in ["scale", "anything"] {
            var ask = Ask.update(before, to: object)
            ask.subResource = subResource
            asks.append((subResource, ask))
        }
        return asks
    }

    /// Each published escape is denied in every version, operation and way of writing.
    @Test(arguments: escapes) func publishedEscapesAreDenied(_ escape: Escape) throws {
        let set = try policies(BindingCredentialTests.binding)
        try #require(!escape.versions.isEmpty)
        for version in escape.versions {
            let object = escape.text(version)
            let before = escape.text(version).replacing(escape.object, with: escape.before)
            let unnamed = object.replacing(
                "{name: \(escape.object.contains("thing") ? "thing" : "harmless"),",
                with: "{generateName: x-,"
            )
            let shapes = Self.shapes(object, before: before) + [("generateName", .create(unnamed))]
            for (name, ask) in shapes {
                for mode in [DecisionMode.validate, .mutateAndValidate] {
                    let decision = try set.decide(ask, mode: mode)
                    #expect(!decision.allowed, "\(version), \(name)")
                    #expect(
                        decision.denials.map(\.rule).contains(escape.rule),
                        "\(version), \(name): \(decision.lines)"
                    )
                }
            }
        }
    }

    /// Random policies say the same of random objects in every shape and under the name of the version that is stored.
    @Test(arguments: 0..<60) func theShapeOfARequestDoesNotMatter(_ seed: Int) throws {
        var maker = PropertyTests.Maker(random: SplitMix64(seed: UInt64(seed) + 50_000))
        let set = try #require(try compile(maker.policies()).set)
        for _ in 0..<10 {
            let object = maker.object()
            let before = object.replacing("spec: {", with: "spec: {old: 1, ")
            let start = object.split(separator: "\n", maxSplits: 1).map(String.init)
            let twin =
                start[0].hasSuffix("Thing") ? object : ([start[0] + "storage", start[1]]).joined(separator: "\n")
            for mode in [DecisionMode.validate, .mutateAndValidate] {
                let created = try set.decide(.create(object), mode: mode)
                let updated = try set.decide(.update(before, to: object), mode: mode)
                for text in [object, twin] {
                    for (name, ask) in Self.shapes(
                        text,
                        before: text == twin ? twin.replacing("spec: {", with: "spec: {old: 1, ") : before
                    ) {
                        let decision = try set.decide(ask, mode: mode)
                        let expected = ask.operation == .create ? created : updated
                        #expect(decision.allowed == expected.allowed, "seed \(seed), \(name): \(text)")
                        #expect(decision.lines == expected.lines, "seed \(seed), \(name): \(text)")
                        #expect(
                            decision.failures.map(\.effect) == expected.failures.map(\.effect),
                            "seed \(seed), \(name)"
                        )
                        #expect((decision.patch == nil) == (expected.patch == nil), "seed \(seed), \(name)")
                    }
                }
            }
        }
    }
}
