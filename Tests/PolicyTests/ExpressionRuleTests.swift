import JSON
import Policy
import Testing

/// Rules that are expressions: what they read, when they pass, and what is said if they do not.
@Suite struct ExpressionRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// The expression of the rule.
        let expression: String
        let ask: Ask
        var passes = true
        var testDescription: String { name }
    }

    static let account = storageAccount(
        "{location: West Europe, sku: {name: Standard_LRS}, retentionDays: 3, tags: {team: a}}",
        metadata: "labels: {app: web}"
    )

    static let namespaces = """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: team-a
          labels: {team: blue}
          annotations: {a: b}
          managedFields: [{manager: x}]
          ownerReferences: []
        """

    /// A policy with one cel rule.
    static func policy(
        _ expression: String,
        more: String = "",
        rule: String = "",
        spec: String = "",
        failurePolicy: String = "Fail"
    ) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: p}
        spec:
          match: {resources: ['*/*'], operations: [CREATE, UPDATE, DELETE, CONNECT]}
          failurePolicy: \(failurePolicy)
        \(spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
          rules:
            - name: r
              \(rule)
              cel:
                expression: |-
                  \(expression)
        \(more.split(separator: "\n").map { "        \($0)" }.joined(separator: "\n"))
        """
    }

    static let cases: [Case] = [
        Case(name: "a field", expression: "object.spec.retentionDays == 3", ask: .create(account)),
        Case(
            name: "a field that is too small",
            expression: "object.spec.retentionDays >= 7",
            ask: .create(account),
            passes: false
        ),
        Case(name: "a field that is not there", expression: "!has(object.spec.x)", ask: .create(account)),
        Case(name: "a label", expression: "object.metadata.labels.app == 'web'", ask: .create(account)),
        Case(name: "no old object on CREATE", expression: "oldObject == null", ask: .create(account)),
        Case(
            name: "the old object on UPDATE",
            expression: "object.spec.location == oldObject.spec.location",
            ask: .update(account, to: account)
        ),
        Case(
            name: "no object on DELETE",
            expression: "object == null && oldObject.spec.retentionDays == 3",
            ask: .delete(account)
        ),
        Case(name: "the operation", expression: "request.operation == 'CREATE'", ask: .create(account)),
        Case(name: "who asks", expression: "request.userInfo.username == 'dev-alice'", ask: .create(account)),
        Case(
            name: "their groups",
            expression: "'system:authenticated' in request.userInfo.groups && !has(request.userInfo.uid)",
            ask: .create(account)
        ),
        Case(
            name: "what is asked",
            expression: "request.kind.kind == 'StorageAccount' && request.kind.group == 'storage.azure.com' && "
                + "request.resource.resource == 'storageaccounts' && request.name == 'thing' && request.namespace == 'team-a'",
            ask: .create(account)
        ),
        Case(
            name: "what is not asked",
            expression: "!has(request.subResource) && !has(request.requestKind) && request.dryRun == false",
            ask: .create(account)
        ),
        Case(
            name: "neither uid nor objects behind the types",
            expression: "!has(dyn(request).uid) && !has(dyn(request).object) && !has(dyn(request).oldObject)",
            ask: .create(account)
        ),
        Case(
            name: "the namespace's labels",
            expression: "namespaceObject.metadata.labels['team'] == 'blue' && "
                + "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'team-a' && "
                + "namespaceObject.metadata.name == 'team-a' && namespaceObject.metadata.annotations.a == 'b'",
            ask: .create(account)
        ),
        Case(
            name: "no more of the namespace than Kubernetes shows",
            expression: "!has(dyn(namespaceObject).metadata.managedFields) && "
                + "!has(dyn(namespaceObject).metadata.ownerReferences) && !has(dyn(namespaceObject).kind)",
            ask: .create(account)
        ),
        Case(
            name: "no namespace outside namespaces",
            expression: "namespaceObject == null && !has(request.namespace)",
            ask: .create(resource("resources.azure.com/v1api20200601/ResourceGroup", spec: "{}"), namespace: nil)
        ),
    ]

    @Test(arguments: cases) func reads(_ example: Case) throws {
        let set = try policies(Self.policy(example.expression), Self.namespaces)
        let decision = try set.decide(example.ask)
        #expect(!decision.isBroken, "\(decision.lines)")
        #expect(decision.allowed == example.passes, "\(decision.lines)")
    }

    // MARK: Messages

    struct Message: Sendable, CustomTestStringConvertible {
        let name: String
        let more: String
        /// The failure's message.
        let message: String
        var value: String?
        var path = "object"
        var testDescription: String { name }
    }

    static let expression = "object.spec.retentionDays >= 7"

    static let messages: [Message] = [
        Message(name: "the expression", more: "", message: "failed expression: \(expression)"),
        Message(name: "a message", more: "message: keep them", message: "keep them"),
        Message(
            name: "a messageExpression",
            more: "message: x\nmessageExpression: \"'not ' + string(object.spec.retentionDays)\"",
            message: "not 3"
        ),
        Message(name: "trimmed", more: "messageExpression: \"'  a \\\\n '\"", message: "a"),
        Message(name: "two lines", more: "message: x\nmessageExpression: \"'a\\\\nb'\"", message: "x"),
        Message(name: "white space", more: "message: x\nmessageExpression: \"'  '\"", message: "x"),
        Message(name: "an error", more: "message: x\nmessageExpression: \"object.spec.nothing\"", message: "x"),
        Message(name: "a number", more: "message: x\nmessageExpression: \"object.spec.retentionDays\"", message: "x"),
        Message(
            name: "six thousand bytes",
            more: "message: x\nmessageExpression: \"'\(String(repeating: "a", count: 6000))'\"",
            message: "x"
        ),
        Message(
            name: "an error and no message",
            more: "messageExpression: \"object.spec.nothing\"",
            message: "failed expression: \(expression)"
        ),
        Message(
            name: "a field",
            more: "message: x\nfieldPath: .spec.retentionDays",
            message: "spec.retentionDays: x",
            value: "3",
            path: "spec.retentionDays"
        ),
        Message(
            name: "a field that is not there",
            more: "message: x\nfieldPath: spec.tags['cost-center']",
            message: "spec.tags.cost-center: x",
            path: "spec.tags.cost-center"
        ),
    ]

    @Test(arguments: messages) func tells(_ example: Message) throws {
        let set = try policies(Self.policy(Self.expression, more: example.more))
        let decision = try set.decide(.create(Self.account))
        #expect(!decision.isBroken)
        let failure = try #require(decision.failures.first)
        #expect(decision.failures.count == 1)
        #expect(failure.message == example.message)
        #expect(failure.path == example.path)
        #expect(failure.value == example.value)
        #expect(failure.reason == .invalid)
        #expect(failure.description.utf8.allSatisfy { $0 >= 0x20 })
    }

    /// Who looks at all fields comes upon a secret without naming it.
    @Test(arguments: [
        ("{location: westeurope}", "location=westeurope"),
        ("{location: westeurope, adminPassword: hunter22}", "x"),
        ("{location: westeurope, adminPassword: {name: vault, key: westeurope}}", "location=westeurope"),
        ("{location: westeurope, inner: {password: westeurope}}", "x"),
    ]) func tellsNoSecret(_ spec: String, _ message: String) throws {
        let texts = "object.spec.filter(k, type(object.spec[k]) == string)"
        let set = try policies(
            Self.policy(
                "false",
                more: "message: x\nmessageExpression: \"\(texts).map(k, k + '=' + object.spec[k]).join(' ')\""
            )
        )
        #expect(try set.decide(.create(storageAccount(spec))).failures.map(\.message) == [message])
    }

    @Test(arguments: [("Forbidden", Failure.Reason.forbidden), ("Unauthorized", .forbidden), ("Invalid", .invalid)])
    func takesKubernetesReasons(_ word: String, _ reason: Failure.Reason) throws {
        let set = try policies(Self.policy("false", more: "reason: \(word)"))
        #expect(try set.decide(.create(Self.account)).failures.map(\.reason) == [reason])
    }

    @Test(arguments: ["Deny", "Warn", "Audit"]) func obeysTheAction(_ action: String) throws {
        for expression in ["false", "object.spec.nothing == 1"] {
            let set = try policies(Self.policy(expression, rule: "action: \(action)"))
            let decision = try set.decide(.create(Self.account))
            #expect(decision.allowed == (action != "Deny"))
            #expect(decision.warnings.isEmpty == (action != "Warn"))
            #expect(decision.failures.count == 1)
        }
    }

    @Test func staysWithItsRule() throws {
        let set = try policies(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              rules:
                - {name: broken, cel: {expression: "object.spec.nothing.more == 1"}}
                - {name: fails, cel: {expression: "false", message: nope}}
                - {name: location, locations: {allow: [northeurope]}}
            """
        )
        let decision = try set.decide(.create(Self.account))
        #expect(Set(decision.failures.map(\.rule)) == ["broken", "fails", "location"])
        #expect(decision.failures.first { $0.rule == "broken" }?.reason == .error)
    }

    // MARK: Errors

    static let errors: [(expression: String, text: String)] = [
        ("object.spec.nothing == 1", "nothing"),
        ("object.spec.retentionDays / 0 == 1", "object.spec.retentionDays / 0"),
        ("object.spec.location", "bool"),
        ("object.spec.location > 5", ">"),
        ("[1, 2, 3].map(x, object.spec.tags[string(x)]).size() == 3", "tags"),
        ("params_x_y.z == 1 || true", ""),
    ]

    @Test(arguments: errors.dropLast(), ["Fail", "Ignore"]) func asksTheFailurePolicy(
        _ example: (expression: String, text: String),
        _ failurePolicy: String
    ) throws {
        let set = try policies(Self.policy(example.expression, failurePolicy: failurePolicy))
        let decision = try set.decide(.create(Self.account))
        #expect(decision.isBroken)
        #expect(decision.allowed == (failurePolicy == "Ignore"))
        let text = decision.failures.map(\.message).joined() + decision.warnings.joined()
        #expect(text.contains(example.text), "\(text)")
    }

    @Test func namesANamespaceThatItDoesNotKnow() throws {
        let set = try policies(Self.policy("namespaceObject.metadata.labels.team == 'x'"))
        let decision = try set.decide(.create(Self.account, namespace: "team-z"))
        #expect(!decision.allowed)
        #expect(decision.failures.first?.message.contains("Namespace team-z") == true)
        // What is not read is not missed.
        let other = try policies(Self.policy("request.namespace == 'team-a' || namespaceObject == null"))
        #expect(try other.decide(.create(Self.account)).allowed)
    }

    // MARK: Secrets

    @Test func tellsNothingOfSecrets() throws {
        let secret = """
            apiVersion: v1
            kind: Secret
            metadata: {name: s, namespace: team-a}
            data: {value: aHVudGVyMg==}
            """
        for (expression, more) in [
            ("object.data.value == ''", "messageExpression: \"'it is ' + object.data.value\"\nfieldPath: data.value"),
            ("object.data.value == ''", "messageExpression: \"'it is ' + object.data.value\""),
            ("int(object.data.value) == 1", ""),
            ("object.data[object.data.value] == ''", ""),
            ("timestamp(object.data.value) == timestamp(object.data.value)", ""),
        ] {
            let decision = try policies(Self.policy(expression, more: more)).decide(.create(secret))
            #expect(!decision.allowed)
            let text =
                decision.lines.joined() + decision.failures.compactMap(\.value).joined() + decision.warnings.joined()
            #expect(!text.contains("aHVudGVyMg"), "\(text)")
        }
    }

    @Test func tellsNothingOfFieldsThatMayHoldSecrets() throws {
        let object = storageAccount("{adminPassword: hunter2, days: 1}")
        let set = try policies(
            Self.policy(
                "object.spec.days > 1",
                more: "messageExpression: \"'days ' + string(object.spec)\"\nfieldPath: spec.adminPassword".replacing(
                    "string(object.spec)",
                    with: "object.spec['admin' + 'Pass' + 'word']"
                )
            )
        )
        let decision = try set.decide(.create(object))
        #expect(decision.failures.map(\.value) == ["(redacted)"])
        #expect(!decision.lines.joined().contains("hunter2"))
    }

    @Test func doesNotEvaluateMessagesThatNameSecrets() throws {
        let text = Self.policy("object.spec.days > 1", more: "message: x\nmessageExpression: object.spec.adminPassword")
        let result = try compile([("f.yaml", text)])
        #expect(result.issues.map(\.severity) == [.warning])
        let decision = try #require(result.set).decide(.create(storageAccount("{adminPassword: hunter2, days: 1}")))
        #expect(decision.failures.map(\.message) == ["x"])
    }

    @Test func tellsNothingOfSecretsThatVariablesRead() throws {
        let object = storageAccount("{adminPassword: hunter2, days: 1}")
        let message = Self.policy(
            "object.spec.days > 1",
            more: "message: x\nmessageExpression: variables.v",
            spec: "variables: [{name: v, expression: object.spec.adminPassword}]"
        )
        let decision = try policies(message).decide(.create(object))
        #expect(decision.failures.map(\.message) == ["x"])
        for (expression, variable) in [
            ("int(object.spec.adminPassword) == 1", "1"), ("variables.v == 1", "int(object.spec.adminPassword)"),
            ("duration(object.spec.adminPassword) == duration('1s')", "1"),
        ] {
            let text = Self.policy(expression, spec: "variables: [{name: v, expression: \"\(variable)\"}]")
            let broken = try policies(text).decide(.create(object))
            #expect(broken.isBroken && !broken.allowed)
            #expect(!broken.lines.joined().contains("hunter2"), "\(broken.lines)")
        }
    }

    // MARK: Ratcheting

    struct Ratchet: Sendable, CustomTestStringConvertible {
        let name: String
        let expression: String
        var more = ""
        let old: String
        let new: String
        let isOld: Bool
        var testDescription: String { name }
    }

    static let updates: [Ratchet] = [
        Ratchet(
            name: "nothing changed",
            expression: expression,
            old: account,
            new: account,
            isOld: true
        ),
        Ratchet(
            name: "a label beside a spec that stays bad",
            expression: expression,
            old: account,
            new: account.replacing("app: web", with: "app: api"),
            isOld: true
        ),
        Ratchet(
            name: "another field beside a bad one",
            expression: expression,
            old: account,
            new: account.replacing("team: a", with: "team: b"),
            isOld: false
        ),
        Ratchet(
            name: "another field beside a bad one that has a path",
            expression: expression,
            more: "fieldPath: spec.retentionDays",
            old: account,
            new: account.replacing("team: a", with: "team: b"),
            isOld: true
        ),
        Ratchet(
            name: "from bad to worse",
            expression: expression,
            more: "fieldPath: spec.retentionDays",
            old: account,
            new: account.replacing("retentionDays: 3", with: "retentionDays: 2"),
            isOld: false
        ),
        Ratchet(
            name: "from bad to missing",
            expression: "has(object.spec.retentionDays) && object.spec.retentionDays > 7",
            more: "fieldPath: spec.retentionDays",
            old: account,
            new: account.replacing("retentionDays: 3, ", with: ""),
            isOld: false
        ),
        Ratchet(
            name: "an expression about labels, whose labels change",
            expression: "object.metadata.labels.app == 'db'",
            old: account,
            new: account.replacing("app: web", with: "app: api"),
            isOld: false
        ),
        Ratchet(
            name: "an expression about labels, whose labels stay",
            expression: "object.metadata.labels.app == 'db'",
            old: account,
            new: account.replacing("name: thing", with: "name: thing, resourceVersion: '5', generation: 2"),
            isOld: true
        ),
        Ratchet(
            name: "a field that may not change",
            expression: "object.spec.retentionDays == oldObject.spec.retentionDays",
            more: "fieldPath: spec.retentionDays",
            old: account,
            new: account.replacing("retentionDays: 3", with: "retentionDays: 4"),
            isOld: false
        ),
        Ratchet(
            name: "an error that was one before",
            expression: "object.spec.nothing == 1",
            old: account,
            new: account,
            isOld: false
        ),
        Ratchet(
            name: "another message",
            expression: "false",
            more: "fieldPath: spec.location\nmessageExpression: string(object.spec.retentionDays)",
            old: account,
            new: account.replacing("retentionDays: 3", with: "retentionDays: 4"),
            isOld: false
        ),
    ]

    @Test(arguments: updates) func knowsOldFailures(_ example: Ratchet) throws {
        let set = try policies(Self.policy(example.expression, more: example.more))
        let decision = try set.decide(.update(example.old, to: example.new))
        #expect(decision.allowed == example.isOld, "\(decision.lines)")
        #expect(decision.notes.contains(.ratcheted) == example.isOld)
        #expect(decision.failures.count == 1)
    }
}
