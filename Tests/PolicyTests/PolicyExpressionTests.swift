import JSON
import Policy
import Testing

/// What a policy's expressions share: conditions, variables, parameters and budgets.
@Suite struct PolicyExpressionTests {
    static let account = ExpressionRuleTests.account

    static func policy(_ expression: String, spec: String, failurePolicy: String = "Fail") -> String {
        ExpressionRuleTests.policy(expression, spec: spec, failurePolicy: failurePolicy)
            .replacing("  match: {resources: ['*/*'], operations: [CREATE, UPDATE, DELETE, CONNECT]}\n", with: "")
    }

    // MARK: Conditions

    struct Conditions: Sendable, CustomTestStringConvertible {
        let name: String
        let expressions: [String]
        /// Whether the policy is tried, or broken.
        let isTried: Bool
        var isBroken = false
        var testDescription: String { name }
    }

    static let conditions: [Conditions] = [
        Conditions(name: "true", expressions: ["true"], isTried: true),
        Conditions(name: "false", expressions: ["false"], isTried: false),
        Conditions(name: "true and false", expressions: ["true", "false"], isTried: false),
        Conditions(
            name: "of the object",
            expressions: ["object.spec.retentionDays == 3", "request.userInfo.username != 'admin'"],
            isTried: true
        ),
        Conditions(name: "an error", expressions: ["object.spec.x == 1"], isTried: false, isBroken: true),
        Conditions(name: "an error before false", expressions: ["object.spec.x == 1", "false"], isTried: false),
        Conditions(name: "an error behind false", expressions: ["false", "object.spec.x == 1"], isTried: false),
        Conditions(
            name: "an error beside true",
            expressions: ["true", "object.spec.x == 1", "true"],
            isTried: false,
            isBroken: true
        ),
        Conditions(name: "no bool", expressions: ["object.spec.location"], isTried: false, isBroken: true),
        Conditions(
            name: "of a variable",
            expressions: ["variables.days == 3"],
            isTried: true
        ),
    ]

    @Test(arguments: conditions, ["Fail", "Ignore"]) func matches(_ example: Conditions, _ failurePolicy: String) throws
    {
        let conditions = example.expressions.enumerated().map {
            "    - {name: c\($0.offset), expression: \"\($0.element)\"}"
        }
        let text = Self.policy(
            "false",
            spec: "variables: [{name: days, expression: object.spec.retentionDays}]\nmatch:\n  conditions:\n"
                + conditions.joined(separator: "\n"),
            failurePolicy: failurePolicy
        )
        let decision = try policies(text).decide(.create(Self.account))
        #expect(decision.isBroken == example.isBroken)
        #expect(decision.allowed == (!example.isTried && (!example.isBroken || failurePolicy == "Ignore")))
        #expect(decision.failures.contains { $0.rule == "r" } == example.isTried)
        if example.isBroken {
            #expect((decision.lines + decision.warnings).joined().contains("condition c"))
        } else {
            #expect(decision.matchedPolicyCount == (example.isTried ? 1 : 0))
        }
    }

    @Test func conditionsHoldForMutationsToo() throws {
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              match: {conditions: [{name: c, expression: "object.spec.location == 'eastus'"}]}
              mutations:
                - {name: m, tags: {set: {a: b}}}
            """
        let set = try policies(text)
        #expect(try set.decide(.create(storageAccount("{location: eastus}")), mode: .mutate).patch != nil)
        #expect(try set.decide(.create(storageAccount("{location: westus}")), mode: .mutate).patch == nil)
    }

    // MARK: Variables

    @Test func variablesKnowThoseBeforeThem() throws {
        let spec = """
            variables:
              - {name: days, expression: object.spec.retentionDays}
              - {name: doubled, expression: "[1, 2].map(x, variables.days * x)[1]"}
              - {name: texts, expression: "['a', 'b'].map(x, x + string(variables.doubled))"}
            """
        for (expression, passes) in [
            ("variables.doubled == 6 && variables.days == 3", true), ("variables.texts == ['a6', 'b6']", true),
            ("[1, 2, 3].all(x, variables.doubled >= x && variables.texts.exists(t, t == 'a6'))", true),
            ("variables.doubled == 7", false),
        ] {
            let decision = try policies(Self.policy(expression, spec: spec)).decide(.create(Self.account))
            #expect(!decision.isBroken, "\(decision.lines)")
            #expect(decision.allowed == passes, "\(expression)")
        }
    }

    @Test func remembersThatAVariableFailed() throws {
        let spec = "variables: [{name: bad, expression: object.spec.nothing.more}, {name: good, expression: '1'}]"
        for (expression, breaks) in [
            ("variables.bad == 1", true), ("variables.good == 1", false),
            ("variables.good == 1 || variables.bad == 1", false),
            ("variables.bad == 1 || variables.bad == 2 || variables.good == 1", false),
            ("variables.bad == 1 || variables.good == 2", true),
        ] {
            let decision = try policies(Self.policy(expression, spec: spec)).decide(.create(Self.account))
            #expect(decision.isBroken == breaks, "\(expression)")
            #expect(decision.allowed != breaks)
            if breaks {
                #expect(decision.lines.joined().contains("variables.bad failed: no such key"), "\(decision.lines)")
            }
        }
    }

    @Test func chargesAVariableOnce() throws {
        // Some 400,000 units: thirty readings would cost more than a policy may, one does not.
        let spec = "variables: [{name: v, expression: \"\(Self.expensive(400_000))\"}]"
        let rules = (0..<30).map { _ in "variables.v" }.joined(separator: " && ")
        let set = try policies(Self.policy(rules, spec: spec), configuration: Self.patient)
        let decision = try set.decide(.create(Self.account))
        #expect(decision.allowed, "\(decision.lines)")
    }

    // MARK: Parameters

    static let limits = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: limits, namespace: platform}
        data: {days: "7", location: westeurope}
        """

    struct Params: Sendable, CustomTestStringConvertible {
        let name: String
        let params: String
        let manifests: [String]
        var namespace: String? = "team-a"
        /// What becomes of `params.data.days == '7'`.
        let outcome: Outcome
        var testDescription: String { name }

        enum Outcome { case passes, fails, breaks, skipped }
    }

    static let params: [Params] = [
        Params(
            name: "one of a namespace",
            params: "{kind: ConfigMap, name: limits, namespace: platform}",
            manifests: [limits],
            outcome: .passes
        ),
        Params(
            name: "one that says otherwise",
            params: "{kind: ConfigMap, name: limits, namespace: platform}",
            manifests: [limits.replacing("\"7\"", with: "\"8\"")],
            outcome: .fails
        ),
        Params(
            name: "the request's namespace",
            params: "{kind: ConfigMap, name: limits}",
            manifests: [limits.replacing("platform", with: "team-a"), limits.replacing("\"7\"", with: "\"8\"")],
            outcome: .passes
        ),
        Params(
            name: "none in the request's namespace",
            params: "{kind: ConfigMap, name: limits}",
            manifests: [limits],
            outcome: .breaks
        ),
        Params(
            name: "none in the request's namespace, which may be",
            params: "{kind: ConfigMap, name: limits, parameterNotFoundAction: Allow}",
            manifests: [limits],
            outcome: .skipped
        ),
        Params(
            name: "none at all, which may be",
            params: "{kind: ConfigMap, name: limits, parameterNotFoundAction: Allow}",
            manifests: [],
            outcome: .skipped
        ),
        Params(
            name: "a kind of one's own outside namespaces",
            params: "{apiVersion: rules.example.com/v1, kind: Limits, name: limits}",
            manifests: ["apiVersion: rules.example.com/v1\nkind: Limits\nmetadata: {name: limits}\ndata: {days: '7'}"],
            outcome: .passes
        ),
    ]

    @Test(arguments: params) func findsParameters(_ example: Params) throws {
        let text = Self.policy("params.data.days == '7'", spec: "params: \(example.params)")
        var compiler = PolicyCompiler()
        for text in [text] + example.manifests {
            for document in try JSONDocument.parseYAML(Array(text.utf8)) { compiler.add(document, file: "f.yaml") }
        }
        let result = compiler.finish()
        let set = try #require(result.set, "\(result.issues)")
        let decision = try set.decide(.create(Self.account, namespace: example.namespace))
        #expect(decision.isBroken == (example.outcome == .breaks))
        #expect(decision.allowed == (example.outcome == .passes || example.outcome == .skipped), "\(decision.lines)")
        #expect((decision.matchedPolicyCount == 0) == (example.outcome == .skipped))
    }

    // MARK: Budgets

    /// An expression that costs about so many units, and is true.
    static func expensive(_ units: Int) -> String {
        let digits = "[" + (0..<10).map(String.init).joined(separator: ",") + "]"
        var expression = "true"
        var left = units / 6
        var depth = 0
        while left >= 10 {
            expression = "\(digits).all(x\(depth), \(expression))"
            left /= 10
            depth += 1
        }
        return expression
    }

    @Test(arguments: ["Fail", "Ignore"]) func limitsAnExpression(_ failurePolicy: String) throws {
        let text = Self.policy(Self.expensive(100_000_000), spec: "", failurePolicy: failurePolicy)
        let decision = try policies(text, configuration: Self.patient).decide(.create(Self.account))
        #expect(decision.isBroken)
        #expect(decision.allowed == (failurePolicy == "Ignore"))
        #expect((decision.lines + decision.warnings).joined().contains("cost"))
    }

    static let patient = PolicyConfiguration(maximumExpressionTime: .seconds(600))

    @Test func limitsAPolicy() throws {
        // Each within its own limit, all together beyond the policy's.
        let rules = (0..<60).map { "    - {name: r\($0), cel: {expression: \"\(Self.expensive(600_000))\"}}" }
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              rules:
            \(rules.joined(separator: "\n"))
            """
        let decision = try policies(text, configuration: Self.patient).decide(.create(Self.account))
        let broken = decision.failures.map(\.rule)
        #expect(!decision.allowed)
        #expect(broken.contains("r59"))
        #expect(!broken.contains("r0"))
        // Another policy has a budget of its own.
        let other = Self.policy("[1].all(x, true)", spec: "").replacing("name: p}", with: "name: q}")
        let both = try policies(text, other, configuration: Self.patient).decide(.create(Self.account))
        #expect(!both.failures.contains { $0.policy == "q" })
    }

    @Test func limitsConditions() throws {
        let conditions = (0..<20).map { "    - {name: c\($0), expression: \"\(Self.expensive(600_000))\"}" }
        let spec = "match:\n  conditions:\n" + conditions.joined(separator: "\n")
        let decision = try policies(Self.policy("true", spec: spec), configuration: Self.patient)
            .decide(.create(Self.account))
        #expect(decision.isBroken)
        #expect(!decision.allowed)
    }

    @Test func limitsTheTime() throws {
        let text = Self.policy(Self.expensive(600_000), spec: "")
        let impatient = PolicyConfiguration(maximumExpressionTime: .zero)
        let decision = try policies(text, configuration: impatient).decide(.create(Self.account))
        #expect(decision.isBroken)
        #expect(!decision.allowed)
        #expect(decision.lines.joined().contains("take longer than"), "\(decision.lines)")
        let late = try policies(text).decide(
            Ask.create(Self.account).request(),
            mode: .validate,
            deadline: ContinuousClock.now - .seconds(1)
        )
        #expect(!late.allowed)
        #expect(late.lines.joined().contains("deadline"), "\(late.lines)")
    }
}
