import Policy
import Testing

/// Which binding a namespace has, by name and by labels.
@Suite struct BindingNamespaceTests {
    static func binding(_ name: String, _ spec: String) -> String {
        "apiVersion: portcullis.dev/v1alpha1\nkind: AzureBinding\nmetadata: {name: \(name)}\nspec: {\(spec)}\n"
    }

    static func namespace(_ name: String, _ labels: String) -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: \(labels)}\n"
    }

    static let manifests =
        namespace("team-a", "{tier: standard}") + "---\n" + namespace("team-b", "{tier: gold}")
        + "---\n" + namespace("plain", "{}")
    static let standard = "namespaceSelector: {matchLabels: {tier: standard}}"

    /// Bindings, and which of them answers for a namespace: its name, `no-binding`, or the rule that denies.
    static let cases: [(bindings: [String], namespace: String, governor: String)] = [
        ([standard], "team-a", "b0"), ([standard], "team-b", "no-binding"), ([standard], "plain", "no-binding"),
        ([standard], "stranger", "b0/namespaceSelector"),
        (["namespaces: ['team-*'], \(standard)"], "team-a", "b0"),
        (["namespaces: ['team-*'], \(standard)"], "team-b", "no-binding"),
        (["namespaces: ['team-*'], \(standard)"], "stranger", "no-binding"),
        (["namespaces: ['team-*'], \(standard)"], "team-x", "b0/namespaceSelector"),
        (["excludedNamespaces: [stranger], \(standard)"], "stranger", "no-binding"),
        ([standard, "namespaceSelector: {matchLabels: {tier: gold}}"], "team-b", "b1"),
        ([standard, "namespaces: [team-x]"], "team-x", "b0/namespaceSelector"),
        ([standard, "namespaceSelector: {matchLabels: {tier: gold}}"], "stranger", "b0+b1/namespaceSelector"),
        (["namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: plain}}"], "plain", "b0"),
        (["namespaceSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}"], "plain", "b0"),
    ]

    @Test(arguments: cases.indices) func isFoundByLabels(_ index: Int) throws {
        let (bindings, namespace, governor) = Self.cases[index]
        let documents = bindings.enumerated().map { Self.binding("b\($0.offset)", $0.element) }
        let set = try policies(Self.manifests + "---\n" + documents.joined(separator: "---\n"))
        // Every governor has something to say about a stranger's resource.
        let object = storageAccount("{owner: {armId: \(BindingTests.other)/resourceGroups/x}}")
        let failure = try #require(try set.decide(.create(object, namespace: namespace)).failures.first)
        #expect([failure.policy, "\(failure.policy)/\(failure.rule)"].contains(governor))
        #expect((failure.rule == "namespaceSelector") == governor.hasSuffix("/namespaceSelector"))
    }

    @Test func failsClosedWhereLabelsAreNotKnown() throws {
        let set = try policies(Self.manifests, Self.binding("b", Self.standard))
        let decision = try set.decide(.create(storageAccount("{}"), namespace: "stranger"))
        #expect(
            decision.lines == [
                "b/namespaceSelector: metadata.namespace is stranger, whose labels are not known, and AzureBinding b selects "
                    + "by labels; ask the platform team to add its Namespace manifest to the policy folder"
            ]
        )
    }

    @Test func alsoForSecrets() throws {
        let set = try policies(Self.manifests, Self.binding("b", Self.standard))
        let secret = BindingCredentialTests.secret(BindingCredentialTests.whole, name: "aso-credential")
        for ask in [Ask.create(secret, namespace: "stranger"), .delete(secret, namespace: "stranger")] {
            #expect(try set.decide(ask).failures.map(\.rule) == ["namespaceSelector"])
        }
        let plain = BindingCredentialTests.secret([("password", "x")])
        #expect(try set.decide(.create(plain, namespace: "stranger")).allowed)
    }

    @Test func refusesOverlapsThatLabelsShow() throws {
        let result = try compile([
            ("n.yaml", Self.manifests), ("a.yaml", Self.binding("a", Self.standard)),
            ("b.yaml", Self.binding("b", "namespaces: ['team-*']")),
        ])
        #expect(result.set == nil)
        #expect(result.errors.map(\.message) == ["namespace team-a is matched by AzureBinding a too"])
    }

    /// The issues that a binding's spec has, without their places.
    static let faults: [(spec: String, issue: String)] = [
        ("namespaceSelector: {tier: a}", "is not a member of a label selector"),
        ("namespaceSelector: 5", "is not an object"),
        ("excludedNamespaces: [a]", "has no namespaces"),
        ("namespaces: [a], identities: [app]", "is \"app\""),
        ("namespaces: [a], identities: []", "is an empty list, which would match nothing"),
        ("namespaces: [a], identities: x", "must be a list, not a string"),
        ("namespaces: [a], reconcilePolicies: [keep]", "is \"keep\""),
        ("namespaces: [a], reconcilePolicies: manage", "must be a list, not a string"),
        ("namespaces: [a], fromConfig: Maybe", "is \"Maybe\""),
        ("namespaces: [a], fromConfig: {}", "has no allow"),
        ("namespaces: [a], fromConfig: {allow: [a/b]}", "names a namespace"),
        ("namespaces: [a], fromConfig: {deny: [b]}", "is unknown"),
        ("namespaces: [a], secretDestinations: [a/b]", "names a namespace"),
        ("namespaces: [a], configMapDestinations: [5]", "must be a string, not a number"),
        ("namespaces: [a], secretDestination: [a]", "is unknown, did you mean \"secretDestinations\"?"),
    ]

    @Test(arguments: faults.indices) func reportsFaults(_ index: Int) throws {
        let (spec, issue) = Self.faults[index]
        let result = try compile([("b.yaml", Self.binding("b", spec))])
        #expect(result.set == nil)
        #expect(result.errors.contains { $0.message.hasPrefix(issue) }, "\(result.errors.map(\.message))")
    }
}
