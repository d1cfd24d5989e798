import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// A PolicyException, from the members of its spec that are not what they are by default.
func exception(
    _ name: String = "e",
    policies: String = "[{name: p, rules: [r]}]",
    subjects: String = "{namespaces: [team-a]}",
    expiresAt: String = "2027-01-31T00:00:00Z",
    more: String = "reason: the move takes till January, approvedBy: cloud-team, ticket: OPS-7"
) -> String {
    """
    apiVersion: portcullis.dev/v1alpha1
    kind: PolicyException
    metadata: {name: \(name)}
    spec: {policies: \(policies), subjects: \(subjects), expiresAt: "\(expiresAt)", \(more)}
    """
}

extension PolicySet {
    fileprivate func decide(_ ask: Ask, at now: WallTime?, mode: DecisionMode = .validate) throws -> Decision {
        try decide(ask.request(), mode: mode, now: now)
    }
}

@Suite struct ExceptionTests {
    static let regions = policy(rule: "locations: {allow: [westeurope]}")
    static let account = storageAccount("{location: westus}")
    /// 2027-01-31T00:00:00Z.
    static let end: Int64 = 1_801_353_600
    static let before = WallTime(seconds: end - 3600)

    @Test func waivesARule() throws {
        let decision = try policies(Self.regions, exception()).decide(.create(Self.account), at: Self.before)
        #expect(decision.allowed)
        #expect(decision.failures.map(\.effect) == [.waived])
        #expect(decision.failures.map(\.exceptionName) == ["e"])
        #expect(decision.matchedPolicyCount == 1)
        let used = try #require(decision.exceptions.first)
        #expect(decision.exceptions.count == 1)
        #expect((used.name, used.rules, used.ticket) == ("e", ["p/r"], "OPS-7"))
        #expect((used.reason, used.approvedBy) == ("the move takes till January", "cloud-team"))
        #expect(used.expiresAt.description == "2027-01-31T00:00:00Z")
        #expect(decision.warnings == ["exception e waives until 2027-01-31T00:00:00Z: p/r"])
        #expect(decision.auditAnnotations.map(\.key) == ["waived-by"])
        #expect(decision.auditAnnotations.map(\.value) == ["e (p/r)"])
    }

    @Test func whatKeepsTheRulesUsesNoException() throws {
        let set = try policies(Self.regions, exception())
        let decision = try set.decide(.create(storageAccount("{location: westeurope}")), at: Self.before)
        #expect(decision.allowed && decision.exceptions.isEmpty && decision.warnings.isEmpty)
        #expect(decision.auditAnnotations.isEmpty)
    }

    /// Clocks say anything; nothing crashes, and without a clock nothing is waived.
    static let clocks: [(now: Int64?, waives: Bool)] = [
        (end - 1, true), (end, false), (end + 1, false), (nil, false), (.min, true), (.max, false), (0, true),
        (-1, true),
    ]

    @Test(arguments: clocks) func endsInTime(_ clock: (now: Int64?, waives: Bool)) throws {
        let set = try policies(Self.regions, exception())
        let now = clock.now.map { WallTime(seconds: $0) }
        let decision = try set.decide(.create(Self.account), at: now)
        #expect(decision.allowed == clock.waives)
        #expect(decision.exceptions.isEmpty != clock.waives)
        // The counts go by the same clock.
        guard let now else { return }
        #expect(set.expiredExceptionCount(at: now) == (clock.waives ? 0 : 1))
        #expect(set.nextExceptionExpiry(after: now) == (clock.waives ? WallTime(seconds: Self.end) : nil))
        // So does what is said when the folder is read.
        var compiler = PolicyCompiler()
        for document in try JSONDocument.parseYAML(Array(Self.regions.utf8)) { compiler.add(document, file: "p.yaml") }
        for document in try JSONDocument.parseYAML(Array(exception().utf8)) { compiler.add(document, file: "e.yaml") }
        let issues = compiler.finish(now: now).issues
        let isNear = clock.waives && Self.end - max(now.seconds, 0) < 86_400
        #expect(issues.contains { $0.message.contains("expired") } == !clock.waives)
        #expect(issues.contains { $0.message.contains("expires in less than a day") } == isNear)
        #expect(issues.allSatisfy { $0.severity == .warning })
    }

    static let endings: [(left: Int64, says: String?)] = [
        (
            0,
            "e.yaml:4:88: warning: spec.expiresAt: exception e expired at 2027-01-31T00:00:00Z: it waives nothing; remove the exception, or have it renewed"
        ),
        (
            3 * 86_400 + 5,
            "e.yaml:4:88: warning: spec.expiresAt: exception e expires in 3 days, at 2027-01-31T00:00:00Z; remove the exception, or have it renewed"
        ),
        (8 * 86_400, nil),
    ]

    @Test(arguments: endings) func tellsOfTheEnd(_ ending: (left: Int64, says: String?)) throws {
        var compiler = PolicyCompiler()
        for (name, text) in [("p.yaml", Self.regions), ("e.yaml", exception())] {
            for document in try JSONDocument.parseYAML(Array(text.utf8)) { compiler.add(document, file: name) }
        }
        let result = compiler.finish(now: WallTime(seconds: Self.end - ending.left))
        #expect(result.issues.map(\.description) == (ending.says.map { [$0] } ?? []))
        #expect(result.set != nil)
    }

    static let subjects: [(name: String, subjects: String, ask: Ask, waives: Bool)] = {
        let labelled = storageAccount("{location: westus}", metadata: "labels: {exempt: 'yes'}")
        return [
            ("a namespace", "{namespaces: [team-a]}", .create(account), true),
            ("another namespace", "{namespaces: [team-a]}", .create(account, namespace: "team-b"), false),
            ("no namespace", "{namespaces: ['*']}", .create(account, namespace: nil), false),
            ("a kind", "{resources: ['storage.azure.com/*']}", .create(account), true),
            ("another kind", "{resources: [sql.azure.com/Server]}", .create(account), false),
            (
                "a kind that nobody knows", "{resources: [novel.azure.com/Thing]}",
                .create(resource("novel.azure.com/v1/Thing", spec: "{location: westus}")), true
            ),
            ("a name", "{names: ['th*']}", .create(account), true),
            ("another name", "{names: [other]}", .create(account), false),
            ("a user", "{users: ['dev-*']}", .create(account), true),
            ("another user", "{users: [ci]}", .create(account), false),
            (
                "a label", "{namespaces: [team-a], objectSelector: {matchLabels: {exempt: 'yes'}}}", .create(labelled),
                true
            ),
            (
                "no label", "{namespaces: [team-a], objectSelector: {matchLabels: {exempt: 'yes'}}}", .create(account),
                false
            ),
            (
                "a label that is gone", "{namespaces: [team-a], objectSelector: {matchLabels: {exempt: 'yes'}}}",
                .update(storageAccount("{location: eastus}", metadata: "labels: {exempt: 'yes'}"), to: account), false
            ),
            (
                "all of it", "{namespaces: [team-a], resources: ['*/*'], names: [thing], users: ['*']}",
                .create(account), true
            ),
            (
                "not all of it", "{namespaces: [team-a], resources: ['*/*'], names: [thing], users: [ci]}",
                .create(account), false
            ),
            ("an update", "{names: [thing]}", .update(storageAccount("{location: eastus}"), to: account), true),
        ]
    }()

    @Test(arguments: subjects)
    func isForItsSubjects(_ example: (name: String, subjects: String, ask: Ask, waives: Bool)) throws {
        let set = try policies(Self.regions, exception(subjects: example.subjects))
        let decision = try set.decide(example.ask, at: Self.before)
        #expect(decision.allowed == example.waives)
        #expect(decision.failures.map(\.effect) == [example.waives ? .waived : .deny])
    }

    @Test func anObjectWithoutANameHasNoneThatIsMeant() throws {
        let set = try policies(Self.regions, exception(subjects: "{names: ['*']}"))
        let object = """
            apiVersion: storage.azure.com/v1api20230101
            kind: StorageAccount
            metadata: {generateName: thing-}
            spec: {location: westus}
            """
        #expect(try !set.decide(.create(object), at: Self.before).allowed)
    }

    @Test func waivesNoMoreThanItNames() throws {
        let set = try policies(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              rules:
                - {name: r, locations: {allow: [westeurope]}}
                - {name: s, tags: {required: {team: {}}}}
                - {name: c, cel: {expression: "object.spec.location == 'westeurope'"}}
                - {name: broken, cel: {expression: "object.spec.nothing == 1"}}
            """,
            policy("q", rule: "locations: {allow: [westeurope]}"),
            exception("a", policies: "[{name: p, rules: [r, broken]}]"),
            exception("b", policies: "[{name: p, rules: [r, c]}]")
        )
        let decision = try set.decide(.create(Self.account), at: Self.before)
        #expect(!decision.allowed)
        #expect(decision.failures.map(\.rule) == ["r", "s", "c", "broken", "r"])
        #expect(decision.failures.map(\.effect) == [.waived, .deny, .waived, .waived, .deny])
        #expect(decision.failures.map(\.exceptionName) == ["a", nil, "b", "a", nil])
        #expect(decision.exceptions.map(\.name) == ["a", "b"])
        #expect(decision.exceptions.map(\.rules) == [["p/r", "p/broken"], ["p/c"]])
        #expect(decision.warnings == ["exceptions a, b waive: p/r, p/broken, p/c"])
        #expect(decision.auditAnnotations.map(\.value) == ["p/s, q/r", "a (p/r, p/broken), b (p/c)"])
        #expect(!decision.isBroken)
    }

    @Test(arguments: ["Warn", "Audit"]) func waivesWhatOnlyWarns(_ action: String) throws {
        let set = try policies(policy(action: action, rule: "locations: {allow: [westeurope]}"), exception())
        #expect(try set.decide(.create(Self.account), at: Self.before).failures.map(\.effect) == [.waived])
    }

    @Test func manyFailuresOfAWaivedRuleCrowdNobodyOut() throws {
        let set = try policies(
            policy("a", rule: "locations: {allow: [westeurope]}"),
            policy("b", rule: "tags: {required: {team: {}}}"),
            exception(policies: "[{name: a, rules: [r]}]")
        )
        let places = Array(repeating: "{locationName: westus}", count: 500).joined(separator: ", ")
        let object = resource(
            "documentdb.azure.com/v1api20231115/DatabaseAccount",
            spec: "{locations: [\(places)], tags: {team: x}}"
        )
        #expect(try set.decide(.create(object), at: Self.before).allowed)
        let untagged = resource("documentdb.azure.com/v1api20231115/DatabaseAccount", spec: "{locations: [\(places)]}")
        let decision = try set.decide(.create(untagged), at: Self.before)
        #expect(decision.denials.map(\.policy) == ["b"])
    }

    @Test func identityIsNeverWaived() throws {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222]}
            """
        let result = try compile([
            ("b.yaml", binding), ("e.yaml", exception(policies: "[{name: team-a, rules: [subscriptions]}]")),
        ])
        #expect(result.set == nil)
        #expect(
            result.issues.map(\.description) == [
                "e.yaml:4:26: error: spec.policies[0].name: is an AzureBinding, which nothing waives: it says who a namespace "
                    + "may be; change the AzureBinding if the namespace is to be somebody else"
            ]
        )
    }

    static let refused: [(name: String, text: String, says: String)] = [
        (
            "a policy that is not there", exception(policies: "[{name: pp, rules: [r]}]"),
            "4:26: error: spec.policies[0].name: there is no AzurePolicy \"pp\", did you mean \"p\"?; write p"
        ),
        (
            "a rule that is not there", exception(policies: "[{name: p, rules: [rr]}]"),
            "4:37: error: spec.policies[0].rules[0]: AzurePolicy p has no rule \"rr\", did you mean \"r\"?; write r"
        ),
        (
            "a policy of a namespace", exception(policies: "[{name: own, rules: [r]}]"),
            "4:26: error: spec.policies[0].name: is a NamespaceAzurePolicy, which its namespace's owner can change; exclude "
                + "the subject there, by match or by a condition"
        ),
        (
            "a policy of Kubernetes", exception(policies: "[{name: vap, rules: ['validations[0]']}]"),
            "4:26: error: spec.policies[0].name: is a ValidatingAdmissionPolicy, which exceptions do not waive; exclude the "
                + "subject in the policy's matchConditions, or in its binding's matchResources"
        ),
        (
            "no rules", exception(policies: "[{name: p}]"),
            "4:19: error: spec.policies[0]: has no rules; name the rules: an exception from a whole policy hides what it is for"
        ),
        (
            "everybody", exception(subjects: "{}"),
            "spec.subjects: names nobody, so that it would be for everybody; add namespaces, resources, names, users or "
                + "objectSelector"
        ),
        (
            "a day without a time", exception(expiresAt: "2027-01-31"),
            "spec.expiresAt: is \"2027-01-31\"; write a date and time as RFC 3339 does, such as 2027-01-31T00:00:00Z"
        ),
        (
            "a day that no calendar has", exception(expiresAt: "2027-02-30T00:00:00Z"),
            "spec.expiresAt: is \"2027-02-30T00:00:00Z\"; write a date and time as RFC 3339 does, such as "
                + "2027-01-31T00:00:00Z"
        ),
        (
            "no reason", exception(more: "approvedBy: me"),
            "4:7: error: spec: has no reason; say why, in one line: who uses the exception is told"
        ),
        (
            "nobody who answers", exception(more: "reason: because"),
            "4:7: error: spec: has no approvedBy; name who answers for it"
        ),
        (
            "an unknown field", exception(more: "reason: because, approvedby: me"),
            "spec.approvedby: is unknown, did you mean \"approvedBy\"?; write approvedBy"
        ),
    ]

    @Test(arguments: refused) func refuses(_ example: (name: String, text: String, says: String)) throws {
        let vap = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: vap}
            spec:
              matchConstraints:
                resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]
              validations: [{expression: 'true'}]
            """
        let own = namespacePolicy(spec: "{rules: [{name: r, locations: {allow: [westeurope]}}]}")
        let result = try compile([
            ("p.yaml", Self.regions), ("own.yaml", own), ("vap.yaml", vap), ("e.yaml", example.text),
        ])
        #expect(result.set == nil)
        #expect(
            result.errors.contains { $0.description.hasPrefix("e.yaml:") && $0.description.hasSuffix(example.says) },
            "\(result.errors.map(\.description))"
        )
    }

    @Test func warnsOfLabelsThatAnybodyMaySet() throws {
        let text = exception(subjects: "{objectSelector: {matchLabels: {exempt: 'yes'}}}")
        let result = try compile([("p.yaml", Self.regions), ("e.yaml", text)])
        #expect(result.set != nil)
        #expect(
            result.issues.map(\.message) == ["asks for labels alone, which anybody may give an object"]
        )
    }

    @Test func offsetsAndFractionsAreRead() throws {
        let set = try policies(Self.regions, exception(expiresAt: "2027-01-31T02:00:00.5+02:00"))
        #expect(try set.decide(.create(Self.account), at: WallTime(seconds: Self.end - 1)).allowed)
        #expect(try !set.decide(.create(Self.account), at: WallTime(seconds: Self.end)).allowed)
    }

    /// Whatever is asked of the set, the last second in which a rule is waived is the same.
    @Test func endsInTheSameSecondEverywhere() throws {
        let set = try policies(
            policy(
                match: "{operations: [CREATE, UPDATE, DELETE, CONNECT]}",
                rule: "kinds: {deny: ['storage.azure.com/*']}"
            ),
            policy("broken", rule: "cel: {expression: 'object.spec.none.at == 1'}"),
            exception(policies: "[{name: p, rules: [r]}, {name: broken, rules: [r]}]")
        )
        var connect = Ask.create(Self.account)
        connect.operation = .connect
        let asks = [Ask.create(Self.account), .update(Self.account, to: storageAccount("{location: eastus}")), connect]
        for mode in [DecisionMode.validate, .mutateAndValidate] {
            for ask in asks + [.delete(Self.account)] {
                let last = try set.decide(ask, at: WallTime(seconds: Self.end - 1), mode: mode)
                #expect(last.allowed && !last.failures.isEmpty, "\(ask.operation): \(last.lines)")
                #expect(last.failures.allSatisfy { $0.effect == .waived }, "\(ask.operation)")
                #expect(last.exceptions.map(\.name) == ["e"])
                for now in [WallTime(seconds: Self.end), WallTime(seconds: .max), nil] {
                    let over = try set.decide(ask, at: now, mode: mode)
                    #expect(!over.allowed && over.exceptions.isEmpty, "\(ask.operation)")
                    #expect(over.failures.count == last.failures.count)
                }
            }
        }
        // Nothing is judged where only mutations are asked for, and no exception is used.
        for now in [Self.end - 1, Self.end] {
            #expect(try set.decide(.create(Self.account), at: WallTime(seconds: now), mode: .mutate).exceptions.isEmpty)
        }
    }

    /// An exception takes failures away from those that deny, and nothing else; the other rules say what they said.
    @Test(arguments: 0..<40) func onlyWaives(_ seed: Int) throws {
        var maker = PropertyTests.Maker(random: SplitMix64(seed: UInt64(seed) + 9000))
        let files = maker.policies()
        let number = Int.random(in: 0..<files.count, using: &maker.random)
        let text = exception(policies: "[{name: p\(number), rules: [r0]}]", subjects: "{users: ['*']}")
        let plain = try #require(try compile(files).set)
        let waiving = try #require(try compile(files + [("e.yaml", text)]).set)
        for _ in 0..<10 {
            let object = maker.object()
            let ask = maker.happens(50) ? Ask.create(object) : .update(maker.object(), to: object)
            for mode in [DecisionMode.validate, .mutate, .mutateAndValidate] {
                let strict = try plain.decide(ask, at: Self.before, mode: mode)
                let lenient = try waiving.decide(ask, at: Self.before, mode: mode)
                func isNamed(_ failure: Failure) -> Bool {
                    failure.policy == "p\(number)" && failure.rule == "r0"
                }
                #expect(
                    strict.failures.filter { !isNamed($0) }.map(\.description)
                        == lenient.failures.filter { !isNamed($0) }.map(\.description)
                )
                #expect(lenient.failures.filter(isNamed).allSatisfy { $0.effect == .waived })
                #expect(lenient.allowed || !strict.allowed)
                #expect(lenient.allowed == lenient.failures.allSatisfy { $0.effect != .deny })
                // Without a clock nothing is waived.
                #expect(try waiving.decide(ask, at: nil, mode: mode).lines == strict.lines)
            }
        }
    }
}
