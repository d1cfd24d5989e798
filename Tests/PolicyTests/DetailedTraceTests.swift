import Azure
import JSON
import Kubernetes
import Policy
import Testing

/// What a detailed trace says of one request.
private struct Told {
    let decision: Decision
    let trace: DecisionTrace

    init(_ ask: Ask, _ documents: String..., at now: WallTime? = nil, mode: DecisionMode = .mutateAndValidate) throws {
        var configuration = PolicyConfiguration.patient
        configuration.tracesExpressions = true
        let files = documents.enumerated().map { (name: "\($0.offset).yaml", text: $0.element) }
        let result = try compile(files, configuration: configuration)
        let set = try #require(result.set, "\(result.lines.joined(separator: "\n"))")
        trace = DecisionTrace(isDetailed: true)
        decision = set.decide(try ask.request(), mode: mode, now: now, trace: trace)
        // Who listens changes nothing.
        let silent = try #require(try compile(files, configuration: .patient).set)
            .decide(try ask.request(), mode: mode, now: now)
        #expect(decision.isSame(as: silent))
    }

    var policy: PolicyTrace {
        get throws { try #require(trace.policies.first) }
    }

    var rule: RuleTrace {
        get throws { try #require(try policy.rules.first) }
    }

    /// Why the first policy is not for the request.
    var reason: String {
        get throws {
            let aspect = try #require(try policy.reason)
            return "\(aspect.field): \(aspect.wanted); \(aspect.found)"
        }
    }

    /// All that is told of values.
    var shown: String {
        var texts: [String] = []
        func add(_ expression: ExpressionTrace) {
            texts.append(expression.value)
            for part in expression.parts { texts.append("\(part.text)=\(part.value)") }
        }
        for policy in trace.policies {
            texts.append(policy.fault ?? "")
            for aspect in policy.aspects {
                texts.append(aspect.found)
                if let expression = aspect.expression { add(expression) }
            }
            for rule in policy.rules {
                for place in rule.places { texts.append(place.text ?? "") }
                for expression in rule.expressions { add(expression) }
            }
        }
        for mutation in trace.mutations {
            for change in mutation.changes { texts += [change.before ?? "", change.after ?? ""] }
            for expression in mutation.expressions { add(expression) }
        }
        return texts.joined(separator: "\n")
    }
}

extension Decision {
    /// Whether two decisions say the same.
    func isSame(as other: Decision) -> Bool {
        allowed == other.allowed && failures.map(\.description) == other.failures.map(\.description)
            && failures.map(\.effect) == other.failures.map(\.effect) && warnings == other.warnings
            && patch == other.patch && mutations == other.mutations && exceptions == other.exceptions
            && auditAnnotations.map(\.key) == other.auditAnnotations.map(\.key)
            && auditAnnotations.map(\.value) == other.auditAnnotations.map(\.value)
            && matchedPolicyCount == other.matchedPolicyCount && notes == other.notes
    }
}

/// Why policies are for a request, or not.
@Suite struct MatchTraceTests {
    private static let regions = "locations: {allow: [westeurope]}"
    private static let namespace = Manifest.namespace("team-a", labels: "{tier: gold}")

    static let differences: [(match: String, reason: String)] = [
        ("{namespaces: [team-b]}", "namespaces: team-b; the namespace is team-a"),
        (
            "{namespaces: ['team-*'], excludedNamespaces: [team-a]}",
            "namespaces: team-* but not team-a; the namespace is team-a, which is excluded"
        ),
        (
            "{namespaceSelector: {matchLabels: {tier: standard}}}",
            "namespaceSelector: tier=standard; namespace team-a has tier=gold"
        ),
        (
            "{namespaceSelector: {matchExpressions: [{key: zone, operator: Exists}]}}",
            "namespaceSelector: zone; namespace team-a has no label zone"
        ),
        (
            "{resources: [sql.azure.com/*]}",
            "resources: sql.azure.com/*; the object is storage.azure.com/StorageAccount"
        ),
        ("{operations: [DELETE]}", "operations: DELETE; the request is CREATE"),
        (
            "{users: [ann], groups: [ops]}",
            "users: users ann; groups ops; the user is dev-alice of groups system:authenticated"
        ),
        (
            "{excludedUsers: ['dev-*']}",
            "users: not users dev-*; the user is dev-alice of groups system:authenticated"
        ),
        (
            "{objectSelector: {matchExpressions: [{key: a, operator: In, values: [b, c]}]}}",
            "objectSelector: a in (b,c); the object has a=d"
        ),
        (
            "{conditions: [{name: always, expression: 'true'}, {name: small, expression: 'size(object.metadata.name) < 3'}]}",
            "conditions[small]: size(object.metadata.name) < 3; false"
        ),
    ]

    @Test(arguments: differences) func tellsWhatDoesNotFit(_ item: (match: String, reason: String)) throws {
        let account = storageAccount("{location: uksouth}", metadata: "labels: {a: d}")
        let told = try Told(.create(account), policy(match: item.match, rule: Self.regions), Self.namespace)
        #expect(told.decision.allowed)
        #expect(try told.policy.match == .differs)
        #expect(try told.reason == item.reason)
        #expect(try told.policy.rules.isEmpty)
    }

    @Test func tellsWhatFits() throws {
        let match = """
            {namespaces: ['team-*'], namespaceSelector: {matchLabels: {tier: gold}}, users: ['dev-*'],
             conditions: [{name: named, expression: 'size(object.metadata.name) > 3'}]}
            """
        let told = try Told(
            .create(storageAccount("{location: uksouth}")),
            policy(match: match, rule: Self.regions),
            Self.namespace
        )
        let policy = try told.policy
        #expect(policy.match == .matches && policy.reason == nil)
        #expect(
            policy.aspects.map(\.field) == [
                "resources", "operations", "namespaces", "namespaceSelector", "users", "conditions[named]",
            ]
        )
        #expect(
            policy.aspects.last?.expression?.parts.map { "\($0.text) = \($0.value)" } == [
                "object.metadata.name = 'thing'", "size(object.metadata.name) = 5",
                "size(object.metadata.name) > 3 = true",
            ]
        )
        #expect(policy.cost > 0 && told.trace.cost == policy.cost)
    }

    @Test func aNamespaceThatIsNotKnownCannotBeTold() throws {
        let told = try Told(
            .create(storageAccount("{location: uksouth}")),
            policy(match: "{namespaceSelector: {matchLabels: {tier: standard}}}", rule: Self.regions)
        )
        #expect(!told.decision.allowed)
        #expect(try told.policy.match == .unknown)
        #expect(
            try told.reason
                == "namespaceSelector: tier=standard; the labels of namespace team-a are not known; add its Namespace manifest to the policies"
        )
        #expect(try told.policy.fault?.hasPrefix("the labels of namespace team-a are not known") == true)
        #expect(try told.rule.verdict == .notReached("the policy could not be evaluated: \(told.policy.fault ?? "")"))
    }

    @Test func anObjectOutsideNamespacesIsInNone() throws {
        let told = try Told(
            .create(storageAccount("{location: uksouth}"), namespace: nil),
            policy(match: "{namespaceSelector: {matchLabels: {tier: standard}}}", rule: Self.regions)
        )
        #expect(try told.reason == "namespaceSelector: tier=standard; the object is in no namespace")
    }

    @Test func aPolicyOfSeveralOperationsIsToldOnce() throws {
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              rules:
                - {name: r, locations: {allow: [westeurope]}}
                - {name: kept, deletion: {protected: true}}
            """
        let account = storageAccount("{location: uksouth}")
        let created = try Told(.create(account), text)
        #expect(created.trace.policies.count == 1)
        #expect(try created.policy.rules.map(\.name) == ["r", "kept"])
        let deleted = try Told(.delete(account), text)
        #expect(deleted.trace.policies.count == 1)
        #expect(try deleted.policy.match == .matches)
        #expect(try deleted.policy.rules.map(\.name) == ["kept", "r"])
        #expect(
            try deleted.policy.rules[1].verdict
                == .notReached("it is asked on CREATE, UPDATE, and the request is DELETE")
        )
    }

    @Test func bindingsSayWhomTheyAreFor() throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: b}
            spec: {namespaces: [team-b]}
            """
        let told = try Told(.create(storageAccount("{location: uksouth}")), binding)
        #expect(told.trace.policies.map(\.document) == ["b", "no-binding"])
        #expect(try told.reason == "namespaces: team-b; the namespace is team-a")
        #expect(told.trace.policies[1].rules.map(\.verdict) == [.passed])
        let map = try Told(.create(resource("v1/v1/ConfigMap", spec: "{}").replacing("v1/v1", with: "v1")), binding)
        #expect(try map.reason.hasPrefix("subject: resources of Azure") == true)
    }

    @Test func namespacePoliciesSayWhoseTheyAre() throws {
        let text = policy(rule: Self.regions).replacing("AzurePolicy", with: "NamespaceAzurePolicy")
            .replacing("{name: p}", with: "{name: p, namespace: team-b}")
        let told = try Told(
            .create(storageAccount("{location: uksouth}")),
            text,
            policy("q", match: "{resources: [sql.azure.com/*]}", rule: Self.regions)
        )
        #expect(told.trace.policies.map(\.document) == ["q", "NamespaceAzurePolicy/team-b/p"])
        #expect(told.trace.policies[1].reason?.found == "the namespace is team-a")
    }
}

/// What rules found, and in what.
@Suite struct RuleTraceTests {
    private func told(_ rule: String, _ spec: String) throws -> Told {
        try Told(.create(storageAccount(spec)), policy(match: "{resources: ['*/*']}", rule: rule))
    }

    private func places(_ rule: RuleTrace) -> [String] {
        rule.places.map { place in
            let part = place.part.map { ".\($0.rawValue)" } ?? ""
            return "\(place.facet.rawValue)\(part) \(place.shownPath) \(place.state) \(place.text ?? "-")"
        }
    }

    @Test func valuesAreToldWithWhatIsKnownOfThem() throws {
        let known = try told("locations: {allow: [westeurope]}", "{location: uksouth}").rule
        #expect(known.verdict == .failed && known.failures == [0] && known.field == "locations")
        #expect(places(known) == ["location.region spec.location known uksouth"])
        let passed = try told("locations: {allow: [westeurope]}", "{location: westeurope}").rule
        #expect(passed.verdict == .passed && passed.failures.isEmpty)
        let absent = try told("locations: {allow: [westeurope]}", "{}").rule
        #expect(absent.verdict == .failed && places(absent) == ["location.region spec.location absent -"])
        let provided = try told("exposure: {localAuthentication: Disabled}", "{}").rule
        #expect(places(provided) == ["exposure.localAuthentication spec.allowSharedKeyAccess absent true"])
    }

    @Test func whatIsNotKnownSaysWhy() throws {
        let rule = try told("locations: {allow: [westeurope]}", "{locationFromConfig: {name: a, key: b}}").rule
        #expect(rule.verdict == .failed)
        #expect(places(rule) == ["location.region spec.location unknown spec.locationFromConfig"])
    }

    @Test func aKindWithoutTheFacetIsNoneOfTheRules() throws {
        let assignment = resource("authorization.azure.com/v1api20220401/RoleAssignment", spec: "{}")
        let told = try Told(.create(assignment), policy(rule: "locations: {allow: [westeurope]}"))
        #expect(try told.rule.verdict == .doesNotApply("authorization.azure.com/RoleAssignment has no location"))
    }

    @Test func tagsAreToldOneByOne() throws {
        let rule = try told("tags: {required: {owner: {}}}", "{tags: {team: a, password: hunter2}}").rule
        #expect(places(rule) == ["tags spec.tags.team known a", "tags spec.tags.password known (redacted)"])
    }

    @Test func expressionsAreToldWithTheirParts() throws {
        let rule = try told(
            """
            cel: {expression: "object.spec.days >= 7 && object.spec.name == 'x'",
                  messageExpression: "'not ' + string(object.spec.days)"}
            """,
            "{days: 3, name: x}"
        ).rule
        #expect(rule.verdict == .failed)
        #expect(rule.expressions.map(\.role) == [.expression, .message])
        #expect(rule.expressions.map(\.value) == ["false", "'not 3'"])
        #expect(
            rule.expressions[0].parts.prefix(2).map { "\($0.text) = \($0.value)" } == [
                "object.spec.days = 3", "object.spec.days >= 7 = false",
            ]
        )
        #expect(rule.expressions.allSatisfy { $0.cost > 0 && !$0.isBroken })
    }

    @Test func variablesAreToldByThemselves() throws {
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              variables: [{name: days, expression: 'int(object.spec.days)'}]
              rules:
                - {name: r, cel: {expression: 'variables.days > 1'}}
                - {name: s, cel: {expression: 'variables.days > 2'}}
            """
        let told = try Told(.create(storageAccount("{days: '7'}")), text)
        let rules = try told.policy.rules
        #expect(rules.map { $0.expressions.map(\.role) } == [[.variable("days"), .expression], [.expression]])
        #expect(rules[0].expressions[0].parts.first?.text == "object.spec.days")
        #expect(rules[0].expressions[1].parts.map(\.text) == ["variables.days", "variables.days > 1"])
    }

    @Test func brokenRulesSayWhy() throws {
        let broken = try told("cel: {expression: 'object.spec.a == 1'}", "{}").rule
        guard case .broken(let why) = broken.verdict else {
            Issue.record("\(broken.verdict)")
            return
        }
        #expect(why.contains("no such key") && broken.failures == [0])
        #expect(broken.expressions.map(\.isBroken) == [true])
    }

    @Test func whatIsNotJudgedIsNotTried() throws {
        let old = storageAccount("{location: westeurope}")
        let controller = "system:serviceaccount:kube-system:generic-garbage-collector"
        let new = storageAccount("{location: westeurope}", metadata: "labels: {a: b}")
        let told = try Told(
            .update(old, to: new, user: controller),
            policy(rule: "locations: {allow: [uksouth]}")
        )
        #expect(told.decision.allowed)
        #expect(
            try told.rule.verdict
                == .notReached("only metadata changed, and one of the configured controllers did it")
        )
    }

    @Test func oldFailuresAreTheSameFailures() throws {
        let account = storageAccount("{location: uksouth}")
        let told = try Told(
            .update(account, to: account.replacing("uksouth}", with: "uksouth, tags: {a: b}}")),
            policy(rule: "cel: {expression: \"object.spec.location == 'westeurope'\", fieldPath: spec.location}")
        )
        #expect(told.decision.allowed)
        let rule = try told.rule
        #expect(rule.verdict == .failed && rule.failures == [0] && rule.expressions.count == 1)
        #expect(told.decision.failures[0].effect == .ratcheted)
    }
}

/// What exceptions waive, and what they do not.
@Suite struct ExceptionTraceTests {
    private static let account = storageAccount("{location: uksouth}")
    private static let regions = policy(rule: "locations: {allow: [westeurope]}")
    private static let before = WallTime("2027-01-01T00:00:00Z")

    static let others: [(exception: String, now: String, reason: String)] = [
        (exception(), "2027-02-01T00:00:00Z", "expiresAt: 2027-01-31T00:00:00Z; expired"),
        (
            exception(subjects: "{namespaces: [team-b]}"), "2027-01-01T00:00:00Z",
            "namespaces: team-b; the namespace is team-a"
        ),
        (exception(subjects: "{names: ['x*']}"), "2027-01-01T00:00:00Z", "names: x*; the name is thing"),
        (
            exception(subjects: "{users: [ann]}"), "2027-01-01T00:00:00Z",
            "users: ann; the user is dev-alice of groups system:authenticated"
        ),
        (
            exception(subjects: "{resources: [sql.azure.com/*]}"), "2027-01-01T00:00:00Z",
            "resources: sql.azure.com/*; the object is storage.azure.com/StorageAccount"
        ),
        (
            exception(subjects: "{namespaces: [team-a], objectSelector: {matchLabels: {a: b}}}"),
            "2027-01-01T00:00:00Z",
            "objectSelector: a=b; the object has no label a"
        ),
    ]

    @Test(arguments: others)
    func saysWhyItDoesNotWaive(_ item: (exception: String, now: String, reason: String)) throws {
        let told = try Told(.create(Self.account), Self.regions, item.exception, at: WallTime(item.now))
        #expect(!told.decision.allowed)
        let exception = try #require(told.trace.exceptions.first)
        #expect(!exception.fits && exception.rules == ["p/r"])
        let reason = exception.aspects.first { $0.fits != true }
        #expect(reason.map { "\($0.field): \($0.wanted); \($0.found)" } == item.reason)
    }

    @Test func saysWhatItWaives() throws {
        let broken = policy("q", rule: "cel: {expression: 'object.spec.a == 1'}")
        let told = try Told(
            .create(Self.account),
            broken,
            Self.regions,
            exception(policies: "[{name: p, rules: [r]}, {name: q, rules: [r]}]"),
            at: Self.before
        )
        #expect(told.decision.allowed)
        #expect(told.trace.exceptions.map(\.fits) == [true])
        let rules = told.trace.policies.flatMap(\.rules)
        #expect(rules.map(\.exception) == ["e", "e"])
        #expect(Set(rules.flatMap(\.failures)) == [0, 1])
        for rule in rules { for place in rule.failures { #expect(told.decision.failures[place].effect == .waived) } }
    }
}

/// What mutations did.
@Suite struct MutationTraceTests {
    private func steps(_ mutations: String, _ spec: String, more: String = "") throws -> [String] {
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              mutations: \(mutations)
            """
        let told = try Told(
            .create(storageAccount(spec)),
            text,
            Manifest.namespace("team-a", labels: "{team: a}")
        )
        return told.trace.mutations.flatMap { mutation in
            mutation.changes.map { "\(mutation.name) \($0.path): \($0.before ?? "-") > \($0.after ?? "-")" }
                + [mutation.idle, mutation.fault].compactMap { $0 }.map { "\(mutation.name) \($0)" }
        }
    }

    @Test func everyStepIsTold() throws {
        #expect(
            try steps(
                """
                [{name: a, tags: {default: {owner: me, team: b}}}, {name: b, tags: {set: {team: c}}},
                 {name: c, location: {default: westeurope}}, {name: d, remove: [spec.sku]},
                 {name: e, cel: {expression: "Object{spec: Object.spec{kind: object.spec.tags.team}}"}}]
                """,
                "{tags: {team: x}, sku: {name: a}}"
            ) == [
                "a spec.tags.owner: - > me", "b spec.tags.team: x > c", "c spec.location: - > westeurope",
                "d spec.sku: an object of 1 > -", "e spec.kind: - > c",
            ]
        )
    }

    static let idle: [(mutation: String, spec: String, reason: String)] = [
        ("tags: {default: {owner: me}}", "{tags: {owner: you}}", "the tags are set"),
        ("tags: {set: {owner: me}}", "{tags: {owner: me}}", "the tags have these values"),
        ("tags: {inherit: [team]}", "{tags: {team: a}}", "the tags have these values"),
        ("tags: {inherit: [zone]}", "{}", "there is no label zone of the namespace"),
        ("tags: {remove: [zone]}", "{tags: {a: b}}", "there are no such tags"),
        ("location: {default: westeurope}", "{location: uksouth}", "the location is set"),
        ("location: {fromNamespaceLabel: region}", "{}", "there is no label region of the namespace"),
        ("defaults: {spec.kind: StorageV2}", "{kind: Storage}", "the fields are set"),
        ("set: {spec.kind: StorageV2}", "{kind: StorageV2}", "the fields have these values"),
        ("remove: [spec.sku]", "{}", "there are no such fields"),
        ("cel: {expression: 'Object{}'}", "{}", "the expression changes nothing"),
    ]

    @Test(arguments: idle) func saysWhyNothing(_ item: (mutation: String, spec: String, reason: String)) throws {
        #expect(try steps("[{name: m, \(item.mutation)}]", item.spec) == ["m \(item.reason)"])
    }

    @Test func mutationsOfAPolicyThatBreaksAreUndone() throws {
        let steps = try steps(
            "[{name: a, tags: {set: {owner: me}}}, {name: b, tags: {set: {x: '${string(object.spec.none)}'}}}]",
            "{}"
        )
        #expect(steps.count == 1)
        #expect(steps.first?.hasPrefix("a none of the policy's mutations is made: mutation b: no such key") == true)
    }
}

/// Kubernetes' own policies.
@Suite struct AdmissionTraceTests {
    private static let account = storageAccount("{location: uksouth}")

    @Test func validationsAreToldWithBindingAndParameters() throws {
        let policy = Manifest.validating(
            """
            paramKind: {apiVersion: v1, kind: ConfigMap}
            matchConditions: [{name: named, expression: "object.metadata.name != ''"}]
            validations: [{expression: "object.spec.location in params.data.regions.split(',')", messageExpression: "'not ' + object.spec.location"}, {expression: 'true'}]
            """
        )
        let params = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team-a}\ndata: {regions: 'a,b'}"
        let told = try Told(
            .create(Self.account),
            policy,
            Manifest.binding("p", "paramRef: {name: c, parameterNotFoundAction: Deny}"),
            params
        )
        let told1 = try told.policy
        #expect(told1.document == "ValidatingAdmissionPolicy/p" && told1.binding == "b" && told1.match == .matches)
        #expect(told1.aspects.map(\.field) == ["matchConstraints.resourceRules", "conditions[named]"])
        #expect(told1.rules.map(\.name) == ["validations[0]", "validations[1]"])
        #expect(told1.rules.map(\.verdict) == [.failed, .passed])
        #expect(told1.rules.map(\.failures) == [[0], []])
        #expect(told1.rules.map(\.parameter) == ["ConfigMap team-a/c", "ConfigMap team-a/c"])
        #expect(told1.rules[0].expressions.map(\.role) == [.expression, .message])
        #expect(told1.rules[0].expressions[1].value == "'not uksouth'")
    }

    static let differences: [(documents: [String], reason: String)] = [
        ([Manifest.validation("expression: 'false'")], "binding: a ValidatingAdmissionPolicyBinding; none names it"),
        (
            [
                Manifest.validation("expression: 'false'"),
                Manifest.binding("p", "matchResources: {objectSelector: {matchLabels: {a: b}}}"),
            ],
            "matchResources.objectSelector: a=b; the object has no label a"
        ),
        (
            [
                Manifest.validation("expression: 'false'"),
                Manifest.binding("p", "matchResources: {namespaceSelector: {matchLabels: {a: b}}}"),
                Manifest.namespace("team-a"),
            ],
            "matchResources.namespaceSelector: a=b; namespace team-a has no label a"
        ),
        (
            [
                Manifest.validation(
                    match:
                        "{resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}",
                    "expression: 'false'"
                ),
                Manifest.binding(),
            ],
            "matchConstraints.resourceRules: CREATE apps/v1 deployments; the request is CREATE storage.azure.com/v1api20230101 storageaccounts"
        ),
        (
            [
                Manifest.validating(
                    "matchConditions: [{name: never, expression: 'false'}]\nvalidations: [{expression: 'false'}]"
                ),
                Manifest.binding(),
            ],
            "conditions[never]: false; false"
        ),
    ]

    @Test(arguments: differences) func saysWhatDoesNotFit(_ item: (documents: [String], reason: String)) throws {
        let text = item.documents.joined(separator: "\n---\n")
        let told = try Told(.create(Self.account), text)
        #expect(told.decision.allowed)
        #expect(try told.policy.match == .differs)
        #expect(try told.reason == item.reason)
    }

    @Test func mutationsAreToldStepByStep() throws {
        let told = try Told(
            .create(Self.account),
            Manifest.apply("Object{spec: Object.spec{location: 'westeurope'}}", "Object{}"),
            Manifest.mutatingBinding()
        )
        #expect(told.trace.mutations.map(\.name) == ["mutations[0]", "mutations[1]"])
        let change = try #require(told.trace.mutations[0].changes.first)
        #expect((change.path, change.before, change.after) == ("spec.location", "uksouth", "westeurope"))
        #expect(told.trace.mutations[1].idle == "the expression changes nothing")
        #expect(try told.policy.cost > 0)
    }
}

/// No trace shows what should be secret.
@Suite struct TraceSecrecyTests {
    static let expressions = [
        "object.data.key == 'x'", "object.data['key'].size() > 100", "object.data.exists(k, object.data[k] == 'x')",
        "object.data.map(k, object.data[k]).join(',') == 'x'", "string(object.data) == 'x'",
        "object.data.none == object.data.key",
        "object.data.key.split('')[0] == 'x'", "object.data.key + object.metadata.name == 'x'",
    ]

    @Test(arguments: expressions) func nothingOfASecret(_ expression: String) throws {
        let secret = """
            apiVersion: v1
            kind: Secret
            metadata: {name: s, namespace: team-a}
            data: {key: aHVudGVyMg==}
            """
        let told = try Told(
            .create(secret),
            Manifest.validation("expression: \"\(expression)\", messageExpression: \"'is ' + object.data.key\""),
            Manifest.binding(),
            policy(match: "{resources: ['*/*']}", rule: "cel: {expression: \"\(expression)\"}")
        )
        #expect(told.trace.policies.flatMap(\.rules).count == 2)
        #expect(!told.shown.contains("aHVudGVyMg==") && !told.shown.contains("hunter2"), "\(told.shown)")
    }

    static let reaching = [
        "object.spec.adminPassword == 'x'", "object.spec.exists(k, object.spec[k] == 'x')",
        "object.spec.map(k, string(object.spec[k])).join(',') == 'x'",
        "object.spec.deep.all(k, object.spec.deep[k] == 'x')",
        "object.spec['admin' + 'Pass' + 'word'].upperAscii() == 'x'", "object.spec.map(k, object.spec[k]) == []",
        "object.spec.list.all(s, s.apiKey == 'x')", "[object.spec].map(o, o.map(k, o[k])) == []",
        "object.spec.map(k, string(object.spec[k]).substring(0, 3)) == []",
    ]

    @Test(arguments: reaching) func nothingUnderTheNameOfASecret(_ expression: String) throws {
        let account = storageAccount(
            "{adminPassword: hunter2, kind: plain, deep: {clientSecret: hunter2}, list: [{apiKey: hunter2}]}"
        )
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              variables: [{name: all, expression: 'object.spec.map(k, string(object.spec[k]))'}]
              rules:
                - {name: r, cel: {expression: "\(expression)"}}
                - {name: s, cel: {expression: "variables.all.join('') == 'x'"}}
              mutations:
                - {name: m, cel: {expression: "Object{spec: Object.spec{copy: object.spec['adminPass' + 'word']}}"}}
            """
        let told = try Told(.create(account), text)
        #expect(!told.shown.contains("hunter") && !told.shown.contains("HUNTER"), "\(told.shown)")
        #expect(!told.shown.contains("'hun"), "\(told.shown)")
    }

    @Test(arguments: ["object.spec[k]", "object.spec[k].substring(0, 9)", "object.spec[k] + 'x'", "[object.spec[k]]"])
    func nothingOfALongOne(_ part: String) throws {
        let key = String(repeating: "hunter2-", count: 1000)
        let told = try Told(
            .create(storageAccount("{adminPassword: \(key)}")),
            policy(rule: "cel: {expression: \"object.spec.all(k, dyn(\(part)) == 'x')\"}")
        )
        #expect(!told.shown.contains("hunter2"), "\(told.shown)")
    }

    @Test func ofManyNoneIsShown() throws {
        let fields = (0..<300).map { "password\($0): hunter2-\($0)" }.joined(separator: ", ")
        let told = try Told(
            .create(storageAccount("{\(fields)}")),
            policy(rule: "cel: {expression: \"object.spec.all(k, object.spec[k] == '')\"}")
        )
        #expect(!told.shown.contains("hunter2"))
    }

    @Test func othersAreShown() throws {
        let account = storageAccount("{adminPassword: hunter2, kind: plain}")
        let told = try Told(
            .create(account),
            policy(rule: "cel: {expression: \"object.spec.kind == 'x' || has(object.spec.adminPassword)\"}")
        )
        #expect(told.shown.contains("object.spec.kind='plain'"))
        #expect(told.shown.contains("has(object.spec.adminPassword)=true"))
    }
}
