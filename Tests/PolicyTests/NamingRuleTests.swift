import Policy
import Testing

/// Names with what the namespace is called in them, and tags that the namespace says.
@Suite struct NamingRuleTests {
    static let cases: [(rule: String, spec: String, lines: [String])] = [
        ("prefix: '${namespace}-'", "{azureName: team-a-x}", []),
        (
            "prefix: '${namespace}-'", "{azureName: team-b-x}",
            ["spec.azureName is \"team-b-x\", which does not begin with \"team-a-\"; choose a name that does"]
        ),
        (
            "prefix: '${namespace}-'", "{}",
            ["metadata.name is \"thing\", which does not begin with \"team-a-\"; choose a name that does"]
        ),
        ("suffix: '-${name}'", "{azureName: x-thing}", []),
        (
            "suffix: '-${name}', prefix: q", "{azureName: thing}",
            [
                "spec.azureName is \"thing\", which does not begin with \"q\"; choose a name that does",
                "spec.azureName is \"thing\", which does not end with \"-thing\"; choose a name that does",
            ]
        ),
        ("minimumLength: 3, maximumLength: 5", "{azureName: abc}", []),
        (
            "minimumLength: 3, maximumLength: 5", "{azureName: ab}",
            [
                "spec.azureName is \"ab\", which has 2 characters, the minimum is 3; choose a name of 3 characters or more"
            ]
        ),
        (
            "minimumLength: 3, maximumLength: 5", "{azureName: abcdef}",
            [
                "spec.azureName is \"abcdef\", which has 6 characters, the maximum is 5; choose a name of 5 characters or less"
            ]
        ),
        ("maximumLength: 2", "{azureName: 'éé'}", []),
        ("limits: Azure", "{azureName: invoices2026}", []),
        (
            "limits: Azure", "{azureName: In-voices}",
            [
                "spec.azureName is \"In-voices\", which Azure does not take for a StorageAccount; "
                    + "choose 3 to 24 characters that match ^[a-z0-9]+$"
            ]
        ),
        (
            "limits: Azure", "{azureName: ab}",
            [
                "spec.azureName is \"ab\", 2 characters, which Azure does not take for a StorageAccount; "
                    + "choose 3 to 24 characters that match ^[a-z0-9]+$"
            ]
        ),
        (
            "deny: ['^test', temp]", "{azureName: my-temp}",
            [
                "spec.azureName is \"my-temp\", which matches temp, and such names are denied; choose a name that does not match"
            ]
        ),
        (
            "pattern: '^a', maximumLength: 2", "{azureName: bcd}",
            [
                "spec.azureName is \"bcd\", which does not match ^a; set spec.azureName to a value that matches ^a",
                "spec.azureName is \"bcd\", which has 3 characters, the maximum is 2; choose a name of 2 characters or less",
            ]
        ),
        (
            "maximumLength: 2", "{azureNameFromConfig: {name: a, key: b}}",
            ["spec.azureName is not known at admission (spec.azureNameFromConfig); set spec.azureName itself"]
        ),
    ]

    @Test(arguments: cases) func judgesNames(_ example: (rule: String, spec: String, lines: [String])) throws {
        for action in ["Deny", "Warn", "Audit"] {
            let set = try policies(policy(action: action, rule: "naming: {\(example.rule)}"))
            let decision = try set.decide(.create(storageAccount(example.spec)))
            #expect(decision.allowed == (example.lines.isEmpty || action != "Deny"))
            #expect(decision.lines == example.lines.map { "p/r: \($0)" })
            // What was so before only warns.
            let update = try set.decide(.update(storageAccount(example.spec), to: storageAccount(example.spec)))
            #expect(update.allowed)
        }
    }

    @Test func kindsWithNamesOfTheirOwnAreLeft() throws {
        let set = try policies(policy(rule: "naming: {prefix: x, maximumLength: 1}"))
        #expect(
            try set.decide(.create(resource("storage.azure.com/v1api20230101/StorageAccountsBlobService", spec: "{}")))
                .allowed
        )
    }

    // MARK: Inherited tags

    static let namespace = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: team-a, labels: {cost-center: CC-1}, annotations: {contact: 'a b'}}
        """

    static let inherited: [(rule: String, spec: String, lines: [String])] = [
        ("[cost-center]", "{tags: {cost-center: CC-1}}", []),
        ("[cost-center]", "{tags: {Cost-Center: CC-1}}", []),
        (
            "[cost-center]", "{tags: {cost-center: CC-2}}",
            [
                "spec.tags.cost-center is \"CC-2\", which is not the label cost-center of the namespace; allowed: CC-1; set it to CC-1"
            ]
        ),
        (
            "[cost-center]", "{tags: {cost-center: CC-1, COST-CENTER: CC-2}}",
            [
                "spec.tags.COST-CENTER is \"CC-2\", which is not the label cost-center of the namespace; allowed: CC-1; set it to CC-1"
            ]
        ),
        (
            "[cost-center]", "{}",
            ["spec.tags.cost-center is missing; add the tag cost-center with the value CC-1"]
        ),
        (
            "{owner: {fromNamespaceAnnotation: contact}}", "{tags: {owner: x}}",
            [
                "spec.tags.owner is \"x\", which is not the annotation contact of the namespace; allowed: a b; set it to a b"
            ]
        ),
        (
            "[nothing]", "{tags: {nothing: x}}",
            [
                "spec.tags.nothing must be the label nothing of the namespace, and namespace team-a has no such label; ask the platform team to label the namespace"
            ]
        ),
    ]

    @Test(arguments: inherited) func comparesTagsWithTheNamespace(
        _ example: (rule: String, spec: String, lines: [String])
    ) throws {
        for action in ["Deny", "Warn", "Audit"] {
            let set = try policies(policy(action: action, rule: "tags: {inherited: \(example.rule)}"), Self.namespace)
            let decision = try set.decide(.create(storageAccount(example.spec)))
            #expect(decision.allowed == (example.lines.isEmpty || action != "Deny"))
            #expect(decision.lines == example.lines.map { "p/r: \($0)" })
            #expect(try set.decide(.update(storageAccount(example.spec), to: storageAccount(example.spec))).allowed)
        }
    }

    @Test func aNamespaceThatNobodyKnowsIsUnknown() throws {
        let object = storageAccount("{tags: {cost-center: x}}")
        let set = try policies(policy(rule: "tags: {inherited: [cost-center]}"))
        let decision = try set.decide(.create(object))
        #expect(
            decision.lines == [
                "p/r: spec.tags.cost-center must be the label cost-center of the namespace, and the manifest of namespace team-a is not in the policy folder; ask the platform team to label the namespace"
            ]
        )
        #expect(decision.failures.map(\.reason) == [.unknown])
        let lenient = try policies(policy(rule: "ifUnknown: Allow, tags: {inherited: [cost-center]}"))
        #expect(try lenient.decide(.create(object)).allowed)
        // What lies in none has nothing to inherit; the other demands hold all the same.
        #expect(try set.decide(.create(object, namespace: nil)).allowed)
        let both = try policies(policy(rule: "tags: {required: {team: {}}, inherited: [cost-center]}"))
        #expect(try both.decide(.create(object, namespace: nil)).lines.count == 1)
    }

    @Test func absenceMayBeAllowed() throws {
        let set = try policies(policy(rule: "ifAbsent: Allow, tags: {inherited: [cost-center]}"), Self.namespace)
        #expect(try set.decide(.create(storageAccount("{}"))).allowed)
        #expect(try !set.decide(.create(storageAccount("{tags: {cost-center: x}}"))).allowed)
    }

    @Test func tagsOfAnotherFormAreRefused() throws {
        let set = try policies(policy(rule: "tags: {inherited: [cost-center]}"), Self.namespace)
        let decision = try set.decide(.create(storageAccount("{tags: [x]}")))
        #expect(decision.lines.count == 1 && decision.lines[0].contains("is not an object of tags"))
    }

    /// What a mutation inherits is what the rule asks for.
    @Test func mutationAndRuleGoTogether() throws {
        let set = try policies(
            MutationTests.mutating("[{name: m, tags: {inherit: [cost-center]}}]", name: "m"),
            policy(rule: "tags: {inherited: [cost-center]}"),
            Self.namespace
        )
        #expect(
            try set.decide(.create(storageAccount("{tags: {cost-center: wrong}}")), mode: .mutateAndValidate).allowed
        )
    }
}
