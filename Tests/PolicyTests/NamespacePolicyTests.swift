import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// A NamespaceAzurePolicy of namespace team-a, from the lines of its spec.
func namespacePolicy(_ name: String = "own", namespace: String = "team-a", spec: String) -> String {
    """
    apiVersion: portcullis.dev/v1alpha1
    kind: NamespaceAzurePolicy
    metadata: {name: \(name), namespace: \(namespace)}
    spec: \(spec)
    """
}

/// Policies that a namespace's owner writes.
@Suite struct NamespacePolicyTests {
    static let rule = "{name: r, locations: {allow: [westeurope]}}"
    static let account = storageAccount("{location: westus}")

    @Test func judgesItsOwnNamespaceAlone() throws {
        let set = try policies(namespacePolicy(spec: "{rules: [\(Self.rule)]}"))
        let decision = try set.decide(.create(Self.account))
        #expect(!decision.allowed)
        #expect(
            decision.lines == [
                "NamespaceAzurePolicy/team-a/own/r: spec.location is \"westus\"; allowed: westeurope; "
                    + "set spec.location to westeurope"
            ]
        )
        let failure = try #require(decision.failures.first)
        #expect(
            (failure.source, failure.policy, failure.document) == (
                .namespacePolicy, "own", "NamespaceAzurePolicy/team-a/own"
            )
        )
        #expect(decision.auditAnnotations.map(\.value) == ["NamespaceAzurePolicy/team-a/own/r"])
        #expect(decision.matchedPolicyCount == 1)
        #expect(decision.statusReason == .forbidden)
        for namespace in ["team-b", "team-a2", "team", nil] {
            let other = try set.decide(.create(Self.account, namespace: namespace))
            #expect(other.allowed && other.failures.isEmpty && other.matchedPolicyCount == 0)
        }
        #expect(set.namespacePolicyCount == 1 && set.policyCount == 0 && set.ruleCount == 1)
    }

    @Test(arguments: [("Deny", Failure.Effect.deny), ("Warn", .warn), ("Audit", .audit)])
    func hasActions(_ action: String, _ effect: Failure.Effect) throws {
        let set = try policies(namespacePolicy(spec: "{action: \(action), rules: [\(Self.rule)]}"))
        let decision = try set.decide(.create(Self.account))
        #expect(decision.failures.map(\.effect) == [effect])
        #expect(decision.allowed == (effect != .deny))
        #expect(decision.warnings.count == (effect == .warn ? 1 : 0))
        #expect(try set.decide(.create(Self.account), mode: .mutate).failures.isEmpty)
    }

    @Test func ratchets() throws {
        let set = try policies(namespacePolicy(spec: "{rules: [\(Self.rule)]}"))
        let changed = storageAccount("{location: westus, tags: {a: b}}")
        #expect(try set.decide(.update(Self.account, to: changed)).failures.map(\.effect) == [.ratcheted])
        let moved = storageAccount("{location: eastus}")
        #expect(try set.decide(.update(Self.account, to: moved)).failures.map(\.effect) == [.deny])
        let strict = try policies(namespacePolicy(spec: "{ratchet: false, rules: [\(Self.rule)]}"))
        #expect(try strict.decide(.update(Self.account, to: changed)).failures.map(\.effect) == [.deny])
    }

    @Test func comesAfterAllOthers() throws {
        let set = try policies(
            namespacePolicy("a", spec: "{rules: [\(Self.rule)]}"),
            policy("z", rule: "locations: {allow: [northeurope]}"),
            policy("b", rule: "locations: {deny: [westus]}")
        )
        #expect(
            try set.decide(.create(Self.account)).failures.map(\.document) == [
                "b", "z", "NamespaceAzurePolicy/team-a/a",
            ]
        )
    }

    @Test func manyMeetAsFewDo() throws {
        // More than a word of either kind, in several namespaces.
        var documents = (0..<70).map { policy("p\($0)", rule: "locations: {allow: [westeurope]}") }
        for namespace in ["team-a", "team-b", "team-c"] {
            documents += (0..<70).map {
                namespacePolicy("n\($0)", namespace: namespace, spec: "{rules: [\(Self.rule)]}")
            }
        }
        let result = try compile(documents.enumerated().map { ("\($0.offset).yaml", $0.element) })
        let set = try #require(result.set)
        let decision = try set.decide(.create(Self.account, namespace: "team-b"))
        #expect(decision.matchedPolicyCount == 140)
        // The rest is beyond what is listed, and denies all the same.
        #expect(decision.failures.filter { $0.source == .policy }.count == 70)
        #expect(decision.failures.allSatisfy { $0.source == .policy || $0.document.contains("/team-b/") })
        #expect(try set.decide(.create(Self.account, namespace: "team-d")).matchedPolicyCount == 70)
    }

    @Test func judgesConnectionsAndDeletions() throws {
        let set = try policies(
            namespacePolicy(
                spec: """
                    {match: {operations: [DELETE]}, rules: [{name: r, cel: {expression: "request.operation != 'DELETE'"}}]}
                    """
            )
        )
        #expect(try !set.decide(.delete(Self.account)).allowed)
        #expect(try set.decide(.create(Self.account)).allowed)
    }

    static let refused: [(name: String, spec: String, says: String)] = [
        (
            "mutations", "{rules: [\(rule)], mutations: [{name: m, location: {default: westeurope}}]}",
            "spec.mutations: is not for a NamespaceAzurePolicy, which only adds restrictions: what it changed could make an "
                + "object pass; remove it, or ask the platform team for a mutation in an AzurePolicy"
        ),
        (
            "namespaces", "{match: {namespaces: [team-b]}, rules: [\(rule)]}",
            "spec.match.namespaces: is not for a NamespaceAzurePolicy, which judges its own namespace; remove it"
        ),
        (
            "a selector of namespaces", "{match: {namespaceSelector: {matchLabels: {a: b}}}, rules: [\(rule)]}",
            "spec.match.namespaceSelector: is not for a NamespaceAzurePolicy, which judges its own namespace; remove it"
        ),
        (
            "parameters of others",
            "{params: {kind: ConfigMap, name: c, namespace: team-b}, rules: [{name: r, cel: {expression: 'params != null'}}]}",
            "spec.params.namespace: is team-b: a NamespaceAzurePolicy reads nothing outside its namespace; remove it, or "
                + "write team-a"
        ),
        ("no rules", "{action: Deny}", "spec: has no rules; add rules; a policy without them does nothing"),
    ]

    @Test(arguments: refused) func refuses(_ example: (name: String, spec: String, says: String)) throws {
        let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team-a}\ndata: {a: b}"
        let result = try compile([("n.yaml", namespacePolicy(spec: example.spec)), ("c.yaml", config)])
        #expect(result.set == nil)
        #expect(
            result.errors.contains { $0.description.hasSuffix(": error: \(example.says)") },
            "\(result.issues.map(\.description))"
        )
    }

    @Test func needsANamespace() throws {
        let text =
            "apiVersion: portcullis.dev/v1alpha1\nkind: NamespaceAzurePolicy\nmetadata: {name: own}\nspec: {rules: [\(Self.rule)]}"
        #expect(
            try compile([("n.yaml", text)]).issues.map(\.description) == [
                "n.yaml:3:11: error: metadata: has no namespace; add the namespace whose objects the policy is to judge"
            ]
        )
    }

    @Test func namesAreOfTheirNamespace() throws {
        let spec = "{rules: [\(Self.rule)]}"
        let files = [
            ("1.yaml", namespacePolicy(spec: spec)), ("2.yaml", namespacePolicy(namespace: "team-b", spec: spec)),
            ("3.yaml", policy("own", rule: "locations: {allow: [westeurope]}")),
        ]
        #expect(try compile(files).issues.isEmpty)
        #expect(
            try compile(files + [("4.yaml", namespacePolicy(spec: spec))]).errors.map(\.message) == [
                "NamespaceAzurePolicy team-a/own exists already (1.yaml:3)"
            ]
        )
    }

    @Test func readsParametersOfItsNamespaceAlone() throws {
        func config(_ namespace: String, _ region: String) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: \(namespace)}\ndata: {region: \(region)}"
        }
        let expression = "{name: r, cel: {expression: 'object.spec.location == params.data.region'}}"
        let text = namespacePolicy(spec: "{params: {kind: ConfigMap, name: c}, rules: [\(expression)]}")
        let set = try policies(text, config("team-a", "westus"), config("team-b", "westeurope"))
        #expect(try set.decide(.create(Self.account)).allowed)
        #expect(try !set.decide(.create(storageAccount("{location: westeurope}"))).allowed)
        #expect(
            try compile([("n.yaml", text), ("c.yaml", config("team-b", "westus"))]).errors.map(\.message) == [
                "names ConfigMap c of namespace team-a, which the folder does not have"
            ]
        )
        // What is in no namespace is not the namespace's, and that somebody asks for it there is nothing to others.
        let limits = "apiVersion: example.dev/v1\nkind: Limits\nmetadata: {name: c}\ndata: {region: westus}"
        let kind = "{params: {apiVersion: example.dev/v1, kind: Limits, name: c}, rules: [\(expression)]}"
        let cluster = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec: \(kind)
            """
        #expect(
            try compile([("n.yaml", namespacePolicy(spec: kind)), ("c.yaml", limits)]).errors.map(\.message) == [
                "names Limits c of namespace team-a, which the folder does not have"
            ]
        )
        let silent = kind.replacing("name: c}", with: "name: c, parameterNotFoundAction: Allow}")
        let both = try policies(cluster, namespacePolicy(spec: silent), limits)
        #expect(try !both.decide(.create(storageAccount("{location: westeurope}"))).allowed)
    }

    @Test func expressionsShareABudget() throws {
        // Some 60,000 units each: one may, two may not, and an AzurePolicy is not asked to share.
        let costly =
            "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, "
            + "[1,2,3,4,5].all(d, a + b + c + d > 0))))"
        let rule = "{name: r, cel: {expression: '\(costly)'}}"
        let patient = PolicyConfiguration(maximumExpressionTime: .seconds(60))
        let one = try policies(namespacePolicy(spec: "{rules: [\(rule)]}"), configuration: patient)
        #expect(try one.decide(.create(Self.account)).allowed)
        let two = try policies(
            namespacePolicy("a", spec: "{rules: [\(rule)]}"),
            namespacePolicy("b", spec: "{rules: [\(rule)]}"),
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec: {rules: [\(rule), \(rule.replacing("name: r", with: "name: s")), \(rule.replacing("name: r", with: "name: t"))]}
            """,
            configuration: patient
        )
        let decision = try two.decide(.create(Self.account))
        #expect(decision.failures.map(\.document) == ["NamespaceAzurePolicy/team-a/b"])
        #expect(decision.failures.map(\.reason) == [.error])
        #expect(
            decision.failures.first?.message.hasSuffix(
                "could not be judged: the expressions of NamespaceAzurePolicies cost more than 100000 units together"
            ) == true
        )
        #expect(try two.decide(.create(Self.account, namespace: "team-b")).allowed)
    }

    // MARK: Only restrictions

    /// Whatever a namespace's owner adds: what others found stays as it was, and what they denied stays denied.
    @Test(arguments: 0..<80) func addingOneNeverAllowsWhatWasDenied(_ seed: Int) throws {
        var maker = PropertyTests.Maker(random: SplitMix64(seed: UInt64(seed) + 7000))
        let costly =
            "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, a + b > 0))"
        let files =
            maker.policies() + [
                (
                    "cel.yaml",
                    """
                    apiVersion: portcullis.dev/v1alpha1
                    kind: AzurePolicy
                    metadata: {name: cel}
                    spec:
                      failurePolicy: \(maker.one(["Fail", "Ignore"]))
                      rules: [{name: r, cel: {expression: "has(object.spec.azureName) || \(costly)"}}]
                    """
                )
            ]
        let added = (0..<Int.random(in: 1..<4, using: &maker.random)).map { number in
            let rules = (0..<Int.random(in: 1..<4, using: &maker.random)).map { maker.rule($0) }
            let expression = maker.happens(50) ? ", {name: c, cel: {expression: '\(costly)'}}" : ""
            let spec = """
                {failurePolicy: \(maker.one(["Fail", "Ignore"])), action: \(maker.one(["Deny", "Warn", "Audit"])), \
                ratchet: \(maker.one(["true", "false"])), rules: [\(rules.joined(separator: ", "))\(expression)]}
                """
            return ("n\(number).yaml", namespacePolicy(maker.one(["a", "p0", "z"]) + "\(number)", spec: spec))
        }
        // Where little may be spent, whoever comes first takes it from the others.
        let configuration = PolicyConfiguration(
            maximumSteps: maker.happens(50) ? 1_000_000 : 20,
            maximumExpressionTime: .seconds(60)
        )
        let fewer = try #require(try compile(files, configuration: configuration).set)
        let more = try #require(
            try compile((files + added).shuffled(using: &maker.random), configuration: configuration).set
        )
        for _ in 0..<10 {
            let object = maker.object()
            let ask =
                switch Int.random(in: 0..<4, using: &maker.random) {
                case 0: Ask.create(object)
                case 1: Ask.update(object, to: object)
                case 2: Ask.update(maker.object(), to: object)
                default: Ask.delete(object)
                }
            for mode in [DecisionMode.validate, .mutateAndValidate] {
                let (less, much) = try (fewer.decide(ask, mode: mode), more.decide(ask, mode: mode))
                #expect(less.allowed || !much.allowed, "seed \(seed): \(object)")
                #expect(Array(much.lines.prefix(less.failures.count)) == less.lines, "seed \(seed)")
                #expect(
                    much.failures.prefix(less.failures.count).map(\.effect) == less.failures.map(\.effect),
                    "seed \(seed)"
                )
                #expect(much.failures.dropFirst(less.failures.count).allSatisfy { $0.source == .namespacePolicy })
                if much.allowed { #expect(much.patch == less.patch) }
            }
            #expect(try fewer.decide(ask, mode: .mutate).patch == more.decide(ask, mode: .mutate).patch)
            let elsewhere = Ask.create(object, namespace: "team-b")
            #expect(try fewer.decide(elsewhere).lines == more.decide(elsewhere).lines)
        }
    }

    /// The same of every kind of rule, beside a binding, an exception and a policy of Kubernetes' own, with an inventory.
    @Test(arguments: 0..<100) func noKindOfRuleAllowsWhatWasDenied(_ seed: Int) throws {
        var maker = PropertyTests.Maker(random: SplitMix64(seed: UInt64(seed) + 60_000))
        let bodies = NamespaceReachTests.rules.sorted { $0.key < $1.key }.flatMap { field, bodies in
            bodies.map { "\(field): \($0)" }
        }
        func rules() -> String {
            let count = Int.random(in: 1..<5, using: &maker.random)
            return (0..<count).map {
                "{name: r\($0), action: \(maker.one(["Deny", "Warn", "Audit"])), \(maker.one(bodies))}"
            }
            .joined(separator: ", ")
        }
        var files: [(name: String, text: String)] = []
        for number in 0..<3 {
            let text = """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: p\(number)}
                spec: {ratchet: \(maker.one(["true", "false"])), rules: [\(rules())]}
                """
            files.append(("p\(number).yaml", text))
        }
        files.append(("prices.yaml", NamespaceReachTests.prices))
        files.append(("e.yaml", exception(policies: "[{name: p0, rules: [r0]}]", subjects: "{users: ['*']}")))
        if maker.happens(50) { files.append(("b.yaml", BindingTests.binding)) }
        let added = (0..<Int.random(in: 1..<4, using: &maker.random)).map { number in
            (
                "n\(number).yaml",
                namespacePolicy("p\(number)", spec: "{ratchet: \(maker.one(["true", "false"])), rules: [\(rules())]}")
            )
        }
        let fewer = try #require(try compile(files).set)
        let more = try #require(try compile((files + added).shuffled(using: &maker.random)).set)
        for _ in 0..<20 {
            let (old, new) = (NamespaceReachTests.object(&maker), NamespaceReachTests.object(&maker))
            let ask = [Ask.create(new), .update(old, to: new), .update(new, to: new), .delete(old)][
                Int.random(in: 0..<4, using: &maker.random)
            ]
            let entries = try NamespaceReachTests.entries("team-a", &maker)
            let inventory = maker.happens(80) ? Inventory(entries) : nil
            let now = maker.happens(50) ? ExceptionTests.before : nil
            func decide(_ set: PolicySet) throws -> Decision {
                set.decide(try ask.request(), mode: .mutateAndValidate, inventory: inventory, now: now)
            }
            let (less, much) = try (decide(fewer), decide(more))
            #expect(less.allowed || !much.allowed, "seed \(seed): \(old) \(new)")
            #expect(Array(much.lines.prefix(less.failures.count)) == less.lines, "seed \(seed)")
            #expect(
                much.failures.prefix(less.failures.count).map(\.effect) == less.failures.map(\.effect),
                "seed \(seed)"
            )
            #expect(much.failures.dropFirst(less.failures.count).allSatisfy { $0.source == .namespacePolicy })
        }
    }
}
