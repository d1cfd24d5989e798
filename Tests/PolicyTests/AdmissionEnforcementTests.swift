import JSON
import Kubernetes
import Policy
import Testing

/// What ValidatingAdmissionPolicies do with the requests that they are for.
@Suite struct AdmissionEnforcementTests {
    static let account = storageAccount("{location: westeurope, tags: {owner: alice}, replicas: 5}")
    static let created = Ask.create(account)

    static func decide(_ documents: String..., ask: Ask = created) throws -> Decision {
        let files = documents.enumerated().map { (name: "\($0.offset).yaml", text: $0.element) }
        let result = try compile(files, configuration: .patient)
        return try #require(result.set, "\(result.lines)").decide(ask)
    }

    // MARK: Messages

    struct Message: Sendable, CustomTestStringConvertible {
        let name: String
        let validation: String
        /// What the user reads; nil if nothing is wrong.
        let says: String?
        var testDescription: String { name }

        init(_ name: String, _ validation: String, _ says: String?) {
            self.name = name
            self.validation = validation
            self.says = says
        }
    }

    static let messages: [Message] = [
        Message("what holds", "expression: object.spec.replicas <= 5", nil),
        Message(
            "the expression",
            "expression: object.spec.replicas <= 4",
            "failed expression: object.spec.replicas <= 4"
        ),
        Message("without its spaces", "expression: '  1 > 2  '", "failed expression: 1 > 2"),
        Message("a message", "expression: 'false', message: ' too many '", "too many"),
        Message("an empty message", "expression: 'false', message: ''", "failed expression: false"),
        Message(
            "a message that is made",
            #"expression: 'false', message: m, messageExpression: "'at most 4, not ' + string(object.spec.replicas)""#,
            "at most 4, not 5"
        ),
        Message("its spaces go", #"expression: 'false', messageExpression: "'  a  '""#, "a"),
        Message("an empty one", #"expression: 'false', message: m, messageExpression: "'  '""#, "m"),
        Message("one of two lines", #"expression: 'false', message: m, messageExpression: "'a\\nb'""#, "m"),
        Message("one that breaks", "expression: 'false', message: m, messageExpression: string(object.spec.none)", "m"),
        Message(
            "and nothing else",
            "expression: 'false', messageExpression: string(object.spec.none)",
            "failed expression: false"
        ),
        Message(
            "one that is too long",
            #"expression: 'false', message: m, messageExpression: "'\#(String(repeating: "x", count: 5121))'""#,
            "m"
        ),
        Message(
            "the longest",
            #"expression: 'false', messageExpression: "'\#(String(repeating: "x", count: 5120))'""#,
            String(repeating: "x", count: 5120)
        ),
    ]

    @Test(arguments: messages) func says(_ test: Message) throws {
        let decision = try Self.decide(Manifest.validation(test.validation), Manifest.binding())
        #expect(decision.allowed == (test.says == nil))
        let expected = test.says.map { "ValidatingAdmissionPolicy/p/validations[0]: \($0) (binding b)" }
        #expect(decision.lines == (expected.map { [$0] } ?? []))
    }

    @Test func whatCannotBeEvaluatedDeniesToo() throws {
        let decision = try Self.decide(Manifest.validation("expression: object.spec.none == 1"), Manifest.binding())
        #expect(!decision.allowed && decision.isBroken)
        let failure = try #require(decision.failures.first)
        #expect(failure.reason == .error && failure.rule == "validations[0]")
        #expect(failure.message.hasPrefix("could not be judged: no such key: 'none'"), "\(failure.message)")
    }

    @Test func everyFailureIsReported() throws {
        let decision = try Self.decide(
            Manifest.validating(
                """
                validations:
                - {expression: "object.spec.location == 'northeurope'", message: wrong region}
                - {expression: "object.spec.replicas == 5"}
                - {expression: "has(object.spec.tags.costCenter)", message: no cost center}
                """
            ),
            Manifest.binding(),
            Manifest.binding(name: "c")
        )
        #expect(
            decision.lines == [
                "ValidatingAdmissionPolicy/p/validations[0]: wrong region (binding b)",
                "ValidatingAdmissionPolicy/p/validations[2]: no cost center (binding b)",
                "ValidatingAdmissionPolicy/p/validations[0]: wrong region (binding c)",
                "ValidatingAdmissionPolicy/p/validations[2]: no cost center (binding c)",
            ]
        )
        let failure = try #require(decision.failures.first)
        #expect(
            failure.source == .validatingAdmissionPolicy && failure.policy == "p" && failure.rule == "validations[0]"
        )
        #expect(failure.document == "ValidatingAdmissionPolicy/p")
        #expect(failure.message == "wrong region (binding b)" && failure.path.isEmpty)
        #expect(
            decision.auditAnnotations.first { $0.key == "denied-by" }?.value.hasPrefix(
                "ValidatingAdmissionPolicy/p/validations[0], "
            ) == true
        )
    }

    // MARK: Status

    @Test(
        arguments: [
            (nil, 422, "Invalid"), ("Invalid", 422, "Invalid"), ("Forbidden", 403, "Forbidden"),
            ("RequestEntityTooLarge", 413, "RequestEntityTooLarge"),
        ] as [(String?, Int, String)]
    )
    func aReasonHasItsStatus(reason: String?, code: Int, word: String) throws {
        let reason = reason.map { ", reason: \($0)" } ?? ""
        let decision = try Self.decide(Manifest.validation("expression: 'false'\(reason)"), Manifest.binding())
        #expect(decision.statusReason.code == code && decision.statusReason.rawValue == word)
    }

    @Test func theFirstDenialSaysTheStatus() throws {
        let decision = try Self.decide(
            Manifest.validating(
                "validations: [{expression: 'true', reason: Forbidden}, {expression: 'false', reason: RequestEntityTooLarge}, {expression: 'false'}]"
            ),
            Manifest.binding()
        )
        #expect(decision.statusReason == .requestEntityTooLarge)
    }

    @Test func anAzurePolicyThatDeniesTooForbids() throws {
        let decision = try Self.decide(
            Manifest.validation("expression: 'false'"),
            Manifest.binding(),
            policy("regions", rule: "locations: {allow: [northeurope]}")
        )
        #expect(decision.failures.count == 2 && decision.statusReason == .forbidden)
        #expect(Set(decision.failures.map(\.document)) == ["regions", "ValidatingAdmissionPolicy/p"])
    }

    // MARK: Actions

    @Test(arguments: [
        ("[Deny]", Failure.Effect.deny, false, 0, false), ("[Warn]", .warn, true, 1, false),
        ("[Audit]", .audit, true, 0, true), ("[Deny, Audit]", .deny, false, 0, true),
        ("[Audit, Warn]", .warn, true, 1, true),
    ])
    func anActionIsWhatComesOfAFailure(
        actions: String,
        effect: Failure.Effect,
        isAllowed: Bool,
        warnings: Int,
        isAudited: Bool
    ) throws {
        for expression in ["'false'", "object.spec.none"] {
            let decision = try Self.decide(
                Manifest.validation(
                    "expression: \(expression == "'false'" ? expression : "\(expression) == 1"), message: m"
                ),
                Manifest.binding(actions: actions)
            )
            #expect(decision.allowed == isAllowed)
            #expect(decision.failures.map(\.effect) == [effect])
            #expect(decision.warnings.count == warnings)
            let audited = decision.auditAnnotations.first { $0.key == "validation_failure" }
            #expect((audited != nil) == isAudited)
            if let audited {
                let document = try JSONDocument(parsing: Array(audited.value.utf8))
                let entry = try #require(document.element(0, of: document.root))
                #expect(document.member("policy", of: entry).map { document.equals($0, "p") } == true)
                #expect(document.member("binding", of: entry).map { document.equals($0, "b") } == true)
                #expect(document.member("expressionIndex", of: entry).flatMap { document.int($0) } == 0)
            }
        }
    }

    @Test func whatBreaksIsIgnoredIfThePolicySaysSo() throws {
        let spec = """
            failurePolicy: Ignore
            validations: [{expression: object.spec.none == 1}, {expression: 'false', message: m}]
            """
        let decision = try Self.decide(Manifest.validating(spec), Manifest.binding())
        #expect(decision.lines == ["ValidatingAdmissionPolicy/p/validations[1]: m (binding b)"])
        #expect(decision.isBroken && decision.warnings.count == 1)
        #expect(try Self.decide(Manifest.validating(spec), Manifest.binding(actions: "[Audit]")).warnings.isEmpty)
    }

    // MARK: Conditions and variables

    @Test(arguments: [
        ("[{name: a, expression: 'true'}]", "Fail", "denies"),
        ("[{name: a, expression: 'true'}, {name: b, expression: 'false'}]", "Fail", "passes"),
        ("[{name: a, expression: object.spec.none == 1}, {name: b, expression: 'true'}]", "Fail", "breaks"),
        ("[{name: a, expression: object.spec.none == 1}, {name: b, expression: 'true'}]", "Ignore", "passes"),
        ("[{name: a, expression: object.spec.none == 1}, {name: b, expression: 'false'}]", "Fail", "passes"),
        ("[]", "Fail", "denies"),
    ])
    func conditionsComeFirst(conditions: String, failurePolicy: String, outcome: String) throws {
        let decision = try Self.decide(
            Manifest.validating(
                "failurePolicy: \(failurePolicy)\nmatchConditions: \(conditions)\nvalidations: [{expression: 'false'}]"
            ),
            Manifest.binding()
        )
        switch outcome {
        case "denies": #expect(decision.lines.count == 1 && !decision.isBroken)
        case "breaks":
            #expect(decision.failures.map(\.rule) == ["matchConditions"])
            #expect(decision.failures.map(\.reason) == [.error] && decision.statusReason == .invalid)
        default: #expect(decision.allowed && decision.failures.isEmpty)
        }
    }

    @Test func variablesAreReadWhenTheyAreNeeded() throws {
        let spec = """
            variables:
            - {name: tags, expression: "has(object.spec.tags) ? object.spec.tags : {}"}
            - {name: owner, expression: "variables.tags.owner"}
            - {name: broken, expression: "object.spec.none"}
            validations:
            - {expression: "variables.owner == 'alice'"}
            - {expression: "true || variables.broken == 1"}
            - {expression: "variables.broken == 1"}
            - {expression: "variables.owner == 'bob'", messageExpression: "'owner is ' + string(variables.owner)"}
            """
        let decision = try Self.decide(Manifest.validating(spec), Manifest.binding())
        #expect(decision.failures.map(\.rule) == ["validations[2]", "validations[3]"])
        #expect(decision.failures.last?.message == "owner is alice (binding b)")
        #expect(decision.failures.first?.message.contains("variables.broken") == true)
    }

    // MARK: What expressions read

    @Test(arguments: [
        "object == null", "oldObject.spec.location == 'westeurope'", "request.operation == 'DELETE'",
        "request.userInfo.username == 'dev-alice'", "request.resource.resource == 'storageaccounts'",
        "request.kind.kind == 'StorageAccount'", "request.namespace == 'team-a'",
        "namespaceObject.metadata.labels.tier == 'standard'", "!has(request.subResource)",
        "namespaceObject.metadata.name == 'team-a'", "'system:authenticated' in request.userInfo.groups",
    ]) func expressionsReadTheRequest(expression: String) throws {
        let decision = try Self.decide(
            Manifest.validating("validations:\n- expression: >-\n    \(expression)"),
            Manifest.binding(),
            Manifest.namespace("team-a", labels: "{tier: standard}"),
            ask: .delete(Self.account)
        )
        #expect(decision.allowed, "\(decision.lines)")
    }

    @Test func anUpdateHasBothObjectsAndACreationOne() throws {
        let policy = Manifest.validation(
            "expression: oldObject == null || oldObject.spec.replicas == object.spec.replicas"
        )
        #expect(try Self.decide(policy, Manifest.binding()).allowed)
        let changed = Ask.update(Self.account, to: storageAccount("{location: westeurope, replicas: 6}"))
        #expect(try !Self.decide(policy, Manifest.binding(), ask: changed).allowed)
    }

    @Test func controllersAndDyingObjectsAreJudgedToo() throws {
        let policy = Manifest.validation("expression: '!has(object.metadata.finalizers)'")
        let old = storageAccount("{}", metadata: "deletionTimestamp: '2024-01-01T00:00:00Z', finalizers: [a, b]")
        let new = storageAccount("{}", metadata: "deletionTimestamp: '2024-01-01T00:00:00Z', finalizers: [a]")
        #expect(try !Self.decide(policy, Manifest.binding(), ask: .update(old, to: new)).allowed)
    }

    @Test func theLanguageIsKubernetes() throws {
        for expression in [
            "'1Gi' == '1Gi' && quantity('1Gi').isGreaterThan(quantity('1Mi'))", "ip('10.0.0.1').family() == 4",
        ] {
            #expect(
                try Self.decide(
                    Manifest.validating("validations:\n- expression: >-\n    \(expression)"),
                    Manifest.binding()
                ).allowed
            )
        }
    }

    // MARK: Secrets

    @Test func ofASecretNothingIsTold() throws {
        let secret =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: team-a}\ndata: {password: aHVudGVyMg==}"
        let spec = """
            validations:
            - {expression: "'password' in object.data ? false : true", message: no passwords, messageExpression: "'it is ' + string(object.data.password)"}
            - {expression: "int(object.data.password) == 1"}
            auditAnnotations: [{key: value, valueExpression: string(object.data.password)}]
            """
        let decision = try Self.decide(
            Manifest.validating(spec),
            Manifest.binding(actions: "[Deny, Audit]"),
            ask: .create(secret)
        )
        #expect(decision.failures.count == 2)
        #expect(decision.failures.first?.message == "no passwords (binding b)")
        let told = (decision.lines + decision.warnings + decision.auditAnnotations.map(\.value)).joined(separator: "\n")
        #expect(!told.contains("aHVudGVyMg"), "\(told)")
    }

    // MARK: Audit annotations

    /// Who looks at all fields comes upon a secret without naming it.
    @Test func noSecretIsTold() throws {
        let all = "object.spec.map(k, k + '=' + string(object.spec[k])).join(' ')"
        let spec = """
            validations: [{expression: 'false', message: m, messageExpression: "\(all)"}]
            auditAnnotations: [{key: all, valueExpression: "\(all)"}]
            """
        func decide(_ object: String) throws -> Decision {
            try Self.decide(Manifest.validating(spec), Manifest.binding(), ask: .create(storageAccount(object)))
        }
        let secret = try decide("{location: westeurope, adminPassword: hunter22}")
        #expect(secret.lines == ["ValidatingAdmissionPolicy/p/validations[0]: m (binding b)"])
        #expect(secret.auditAnnotations.first?.value == "(redacted)")
        let harmless = try decide("{location: westeurope}")
        #expect(harmless.lines == ["ValidatingAdmissionPolicy/p/validations[0]: location=westeurope (binding b)"])
        #expect(harmless.auditAnnotations.first?.value == "location=westeurope")
    }

    @Test func annotationsGoToTheAuditLog() throws {
        let spec = """
            paramKind: {apiVersion: v1, kind: ConfigMap}
            auditAnnotations:
            - {key: replicas, valueExpression: "object.spec.replicas > 3 ? string(object.spec.replicas) : ''"}
            - {key: limit, valueExpression: "'limit ' + string(params.data.limit)"}
            - {key: nothing, valueExpression: "null"}
            - {key: space, valueExpression: "'  '"}
            """
        let decision = try Self.decide(
            Manifest.validating(spec),
            Manifest.binding("p", "paramRef: {selector: {}, namespace: team-a, parameterNotFoundAction: Deny}"),
            Manifest.binding("p", name: "c", "paramRef: {name: two, namespace: team-a, parameterNotFoundAction: Deny}"),
            Self.limit("one", 1),
            Self.limit("two", 2)
        )
        #expect(decision.allowed)
        let annotations = decision.auditAnnotations.map { "\($0.key)=\($0.value)" }
        #expect(annotations == ["p.replicas=5", "p.limit=limit 1, limit 2"])
    }

    @Test func anAnnotationThatBreaksDeniesWhateverTheAction() throws {
        let spec = "auditAnnotations: [{key: a, valueExpression: string(object.spec.none)}]"
        let decision = try Self.decide(Manifest.validating(spec), Manifest.binding(actions: "[Audit]"))
        #expect(!decision.allowed && decision.failures.map(\.rule) == ["auditAnnotations[0]"])
        let ignoring = try Self.decide(Manifest.validating("failurePolicy: Ignore\n\(spec)"), Manifest.binding())
        #expect(ignoring.allowed && ignoring.auditAnnotations.isEmpty)
    }

    @Test func longAnnotationsAreCutAndLongKeysToldApart() throws {
        let long = String(repeating: "k", count: 60)
        let spec = """
            variables: [{name: text, expression: "'\(String(repeating: "0123456789", count: 400))'"}]
            auditAnnotations:
            - {key: \(long)1, valueExpression: "variables.text + variables.text + variables.text"}
            - {key: \(long)2, valueExpression: "'b'"}
            """
        let decision = try Self.decide(Manifest.validating(spec), Manifest.binding())
        let annotations = decision.auditAnnotations
        #expect(annotations.count == 2 && Set(annotations.map(\.key)).count == 2)
        #expect(annotations.allSatisfy { $0.key.utf8.count == 63 })
        #expect(annotations.first?.value.utf8.count == 10 * 1024)
    }

    // MARK: Params

    static func limit(_ name: String, _ limit: Int, namespace: String? = "team-a", labels: String = "{}") -> String {
        let namespace = namespace.map { ", namespace: \($0)" } ?? ""
        return
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)\(namespace), labels: \(labels)}\ndata: {limit: '\(limit)'}"
    }

    static let limiting = Manifest.validating(
        """
        paramKind: {apiVersion: v1, kind: ConfigMap}
        validations:
        - expression: params == null || object.spec.replicas <= int(params.data.limit)
          messageExpression: "'at most ' + string(params.data.limit)"
        """
    )

    struct Params: Sendable, CustomTestStringConvertible {
        let name: String
        let reference: String
        let documents: [String]
        let ask: Ask
        /// The messages of the failures.
        let says: [String]
        var testDescription: String { name }

        init(_ name: String, _ reference: String, _ documents: [String], ask: Ask = created, _ says: String...) {
            self.name = name
            self.reference = reference
            self.documents = documents
            self.ask = ask
            self.says = says
        }
    }

    static let params: [Params] = [
        Params(
            "by name, in the request's namespace",
            "{name: limits, parameterNotFoundAction: Deny}",
            [limit("limits", 3), limit("limits", 9, namespace: "team-b"), limit("others", 1)],
            "at most 3 (binding b, ConfigMap team-a/limits)"
        ),
        Params(
            "in the other namespace",
            "{name: limits, parameterNotFoundAction: Deny}",
            [limit("limits", 3), limit("limits", 9, namespace: "team-b")],
            ask: .create(account, namespace: "team-b")
        ),
        Params(
            "in a namespace that is named",
            "{name: limits, namespace: platform, parameterNotFoundAction: Deny}",
            [limit("limits", 9), limit("limits", 4, namespace: "platform")],
            "at most 4 (binding b, ConfigMap platform/limits)"
        ),
        Params(
            "default is where kubectl puts it",
            "{name: limits, namespace: default, parameterNotFoundAction: Deny}",
            [limit("limits", 2, namespace: nil)],
            "at most 2 (binding b, ConfigMap default/limits)"
        ),
        Params(
            "each by itself",
            "{selector: {matchLabels: {use: limits}}, parameterNotFoundAction: Deny}",
            [
                limit("c", 2, labels: "{use: limits}"), limit("a", 1, labels: "{use: limits}"),
                limit("b", 7, labels: "{use: limits}"), limit("d", 0),
            ],
            "at most 1 (binding b, ConfigMap team-a/a)",
            "at most 2 (binding b, ConfigMap team-a/c)"
        ),
        Params("none is allowed", "{name: limits, parameterNotFoundAction: Allow}", [limit("other", 1)]),
        Params(
            "none is denied",
            "{name: limits, parameterNotFoundAction: Deny}",
            [limit("other", 1)],
            "could not be judged: no params found for policy binding with `Deny` parameterNotFoundAction (binding b)"
        ),
        Params(
            "none in this namespace",
            "{name: limits, parameterNotFoundAction: Deny}",
            [limit("limits", 1)],
            ask: .create(account, namespace: "team-b"),
            "could not be judged: no params found for policy binding with `Deny` parameterNotFoundAction (binding b)"
        ),
        Params(
            "no namespace at all",
            "{name: limits, parameterNotFoundAction: Allow}",
            [limit("limits", 1)],
            ask: .create(account, namespace: nil),
            "could not be judged: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources (binding b)"
        ),
    ]

    @Test(arguments: params) func paramsAreFound(_ test: Params) throws {
        let documents = [Self.limiting, Manifest.binding("p", "paramRef: \(test.reference)")] + test.documents
        let result = try compile(
            documents.enumerated().map { (name: "\($0.offset).yaml", text: $0.element) },
            configuration: .patient
        )
        let set = try #require(result.set, "\(result.lines)")
        let decision = try set.decide(test.ask)
        #expect(decision.failures.map(\.message) == test.says)
        #expect(decision.allowed == test.says.isEmpty)
    }

    @Test func withoutAReferenceParamsIsNull() throws {
        #expect(try Self.decide(Self.limiting, Manifest.binding(), Self.limit("limits", 1)).allowed)
    }

    @Test func parametersMayBeOfKindsOfOthers() throws {
        let decision = try Self.decide(
            Manifest.validating(
                "paramKind: {apiVersion: rules.example.com/v1, kind: ReplicaLimit}\nvalidations: [{expression: object.spec.replicas <= params.maxReplicas}]"
            ),
            Manifest.binding("p", "paramRef: {name: prod, parameterNotFoundAction: Deny}"),
            "apiVersion: rules.example.com/v1\nkind: ReplicaLimit\nmetadata: {name: prod}\nmaxReplicas: 3",
            ask: .create(Self.account, namespace: nil)
        )
        #expect(
            decision.failures.map(\.message) == [
                "failed expression: object.spec.replicas <= params.maxReplicas (binding b, ReplicaLimit prod)"
            ]
        )
    }

    // MARK: Budgets

    /// A tenth of a text's bytes times a tenth of these is what looking for them costs.
    static let word = String(repeating: "y", count: 200)

    /// Each expression costs some 200,000 of the 1,000,000 that it may; together they may cost 10,000,000.
    @Test func aPolicyMaySpendSoMuch() throws {
        let ask = Ask.create(storageAccount("{text: \(String(repeating: "x", count: 100_000))}"))
        func spec(_ count: Int) -> String {
            let validation = #"- expression: "!object.spec.text.contains('\#(Self.word)')""#
            return "validations:\n" + Array(repeating: validation, count: count).joined(separator: "\n")
        }
        let few = try Self.decide(Manifest.validating(spec(3)), Manifest.binding(), ask: ask)
        #expect(few.allowed, "\(few.lines)")
        let many = try Self.decide(Manifest.validating(spec(60)), Manifest.binding(), ask: ask)
        #expect(!many.allowed && many.failures.map(\.reason) == [.error])
        // Another binding has a budget of its own.
        let three = try Self.decide(
            Manifest.validating(spec(30)),
            Manifest.binding(),
            Manifest.binding(name: "c"),
            Manifest.binding(name: "d"),
            ask: ask
        )
        #expect(three.allowed, "\(three.lines)")
    }

    /// 2,500,000 for all conditions of a policy.
    @Test func conditionsMaySpendLess() throws {
        let ask = Ask.create(storageAccount("{text: \(String(repeating: "x", count: 100_000))}"))
        func spec(_ count: Int) -> String {
            let conditions = (0..<count).map {
                #"- {name: c\#($0), expression: "!object.spec.text.contains('\#(Self.word)')"}"#
            }
            return "matchConditions:\n\(conditions.joined(separator: "\n"))\nvalidations: [{expression: 'true'}]"
        }
        #expect(try Self.decide(Manifest.validating(spec(10)), Manifest.binding(), ask: ask).allowed)
        let many = try Self.decide(Manifest.validating(spec(16)), Manifest.binding(), ask: ask)
        #expect(many.failures.map(\.rule) == ["matchConditions"])
    }
}
