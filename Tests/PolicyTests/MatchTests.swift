import JSON
import Policy
import TestSupport
import Testing

/// Whom a policy is about.
@Suite struct MatchTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let match: String
        let ask: Ask
        let matches: Bool

        init(_ name: String, _ match: String, _ ask: Ask, _ matches: Bool) {
            self.name = name
            self.match = match
            self.ask = ask
            self.matches = matches
        }

        var testDescription: String { name }
    }

    static let thing = storageAccount("{location: eastus}")
    static let labelled = storageAccount("{location: eastus}", metadata: "labels: {app: web}")
    static let alice = Ask.create(thing)

    static func by(_ user: String, _ groups: String...) -> Ask {
        Ask(object: thing, user: user, groups: groups)
    }

    static let cases: [Case] = [
        Case("without match everything of Azure is meant", "{}", alice, true),
        Case("and nothing else", "{}", .create(resource("apps/v1/Deployment", spec: "{location: eastus}")), false),
        Case("a namespace by name", "{namespaces: [team-a]}", alice, true),
        Case("another namespace", "{namespaces: [team-b]}", alice, false),
        Case("a namespace by glob", "{namespaces: [team-*]}", alice, true),
        Case("a glob with its star in front", "{namespaces: ['*-a']}", alice, true),
        Case("a glob with two stars", "{namespaces: ['t*m-*']}", alice, true),
        Case("a glob that does not fit", "{namespaces: ['t*m-*b']}", alice, false),
        Case("one of several globs", "{namespaces: [x, 'y*', 'te*']}", alice, true),
        Case("all namespaces but one", "{namespaces: ['*'], excludedNamespaces: [team-a]}", alice, false),
        Case("all but some", "{excludedNamespaces: ['team-*']}", alice, false),
        Case("all but others", "{excludedNamespaces: ['squad-*']}", alice, true),
        Case("letter case of namespaces counts", "{namespaces: [Team-A]}", alice, false),
        Case("a selector of labels", "{namespaceSelector: {matchLabels: {tier: standard}}}", alice, true),
        Case("a selector of other labels", "{namespaceSelector: {matchLabels: {tier: gold}}}", alice, false),
        Case(
            "a selector with expressions",
            "{namespaceSelector: {matchExpressions: [{key: tier, operator: In, values: [gold, standard]}]}}",
            alice,
            true
        ),
        Case(
            "every namespace has its name as label",
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team-a}}}",
            alice,
            true
        ),
        Case(
            "selector and name must both fit",
            "{namespaces: [x], namespaceSelector: {matchLabels: {tier: standard}}}",
            alice,
            false
        ),
        Case("a kind", "{resources: [storage.azure.com/StorageAccount]}", alice, true),
        Case("another kind", "{resources: [storage.azure.com/StorageAccountsBlobService]}", alice, false),
        Case("all kinds of a group", "{resources: ['storage.azure.com/*']}", alice, true),
        Case("a kind of all groups", "{resources: ['*/StorageAccount']}", alice, true),
        Case("a glob in a kind", "{resources: ['*.azure.com/Storage*']}", alice, true),
        Case("all kinds but some", "{excludedResources: ['*/Storage*']}", alice, false),
        Case(
            "a kind that the tables do not know",
            "{resources: [apps/Deployment]}",
            .create(resource("apps/v1/Deployment", spec: "{location: eastus}")),
            true
        ),
        Case(
            "a glob for kinds that the tables do not know",
            "{resources: ['apps/*']}",
            .create(resource("apps/v1/Deployment", spec: "{location: eastus}")),
            true
        ),
        Case("a star before the slash does not stop at dots", "{resources: ['*/*']}", alice, true),
        Case("CREATE is meant by default", "{}", alice, true),
        Case("UPDATE too", "{}", .update(storageAccount("{location: westeurope}"), to: thing), true),
        Case("UPDATE alone", "{operations: [UPDATE]}", alice, false),
        Case("DELETE is not meant by default", "{}", .delete(thing), false),
        Case("DELETE where it is named", "{operations: [DELETE]}", .delete(thing), true),
        Case("a user", "{users: [dev-alice]}", alice, true),
        Case("another user", "{users: [dev-bob]}", alice, false),
        Case("users by glob", "{users: ['dev-*']}", alice, true),
        Case(
            "service accounts of a namespace",
            "{users: ['system:serviceaccount:flux-system:*']}",
            by("system:serviceaccount:flux-system:kustomize-controller"),
            true
        ),
        Case("a group", "{groups: [admins]}", by("x", "system:authenticated", "admins"), true),
        Case("no such group", "{groups: [admins]}", by("x", "system:authenticated"), false),
        Case("users and groups add up", "{users: [x], groups: [admins]}", by("x"), true),
        Case("all users but one", "{excludedUsers: [dev-alice]}", alice, false),
        Case("all but a group", "{excludedGroups: ['adm*']}", by("x", "admins"), false),
        Case("an exclusion goes before", "{users: [x], excludedGroups: [admins]}", by("x", "admins"), false),
        Case("labels of the object", "{objectSelector: {matchLabels: {app: web}}}", .create(labelled), true),
        Case("no such labels", "{objectSelector: {matchLabels: {app: web}}}", alice, false),
        Case(
            "labels that the update takes away",
            "{objectSelector: {matchLabels: {app: web}}}",
            .update(storageAccount("{location: westeurope}", metadata: "labels: {app: web}"), to: thing),
            true
        ),
        Case("an object outside of namespaces", "{}", .create(thing, namespace: nil), true),
        Case("is in no named namespace", "{namespaces: ['*']}", .create(thing, namespace: nil), false),
        Case(
            "nor in one with labels",
            "{namespaceSelector: {matchLabels: {tier: standard}}}",
            .create(thing, namespace: nil),
            false
        ),
    ]

    static let namespace = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: team-a, labels: {tier: standard}}
        """

    @Test(arguments: cases) func matches(_ example: Case) throws {
        let set = try policies(Self.namespace, policy(match: example.match, rule: "locations: {deny: [eastus]}"))
        let decision = try set.decide(example.ask)
        #expect(decision.allowed != example.matches)
        #expect(decision.matchedPolicyCount == (example.matches ? 1 : 0))
    }

    /// Labels that nobody knows are no labels that do not fit.
    @Test(arguments: ["Fail", "Ignore"]) func asksTheFailurePolicyWhereLabelsAreNotKnown(_ failurePolicy: String) throws
    {
        let text = policy(
            match: "{namespaceSelector: {matchLabels: {tier: standard}}}",
            rule: "locations: {deny: [eastus]}"
        )
        .replacing("action: Deny", with: "failurePolicy: \(failurePolicy)")
        let decision = try policies(Self.namespace, text).decide(.create(Self.thing, namespace: "team-z"))
        #expect(decision.allowed == (failurePolicy == "Ignore"))
        #expect(decision.isBroken)
        let told = decision.lines + decision.warnings
        #expect(told.count == 1)
        #expect(told[0].contains("the labels of namespace team-z are not known; add its Namespace manifest"))
    }

    /// The index must say exactly what a plain comparison says, whatever the number of policies.
    @Test(arguments: 0..<20) func indexAgreesWithAPlainComparison(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let words = ["a", "b", "ab", "team-a", "team-b", "team-ab", "x"]
        func glob() -> String {
            var word = words.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<4, using: &random) {
            case 0: word += "*"
            case 1: word = "*" + word
            case 2: word = String(word.prefix(1)) + "*" + String(word.suffix(1))
            default: break
            }
            return word
        }
        let count = Int.random(in: 1..<200, using: &random)
        var included: [[String]] = []
        var excluded: [[String]] = []
        var text: [String] = []
        for index in 0..<count {
            included.append((0..<Int.random(in: 1..<6, using: &random)).map { _ in glob() })
            excluded.append((0..<Int.random(in: 0..<2, using: &random)).map { _ in glob() })
            func list(_ globs: [String]) -> String { "[" + globs.map { "'\($0)'" }.joined(separator: ", ") + "]" }
            let exclusion = excluded[index].isEmpty ? "" : ", excludedNamespaces: \(list(excluded[index]))"
            text.append(
                policy(
                    "p\(index)",
                    match: "{namespaces: \(list(included[index]))\(exclusion)}",
                    rule: "locations: {deny: [eastus]}"
                )
            )
        }
        let set = try policies(text.joined(separator: "\n---\n"))
        for name in words + ["team-abc", "zzz", "bb"] {
            let expected = (0..<count).count { index in
                included[index].contains { matches($0, name) } && !excluded[index].contains { matches($0, name) }
            }
            #expect(try set.decide(.create(Self.thing, namespace: name)).matchedPolicyCount == expected, "\(name)")
        }
    }

    /// A glob, as plainly as it can be said.
    private func matches(_ glob: String, _ name: String) -> Bool {
        guard let first = glob.first else { return name.isEmpty }
        if first == "*" {
            return (0...name.count).contains { matches(String(glob.dropFirst()), String(name.dropFirst($0))) }
        }
        return name.first == first && matches(String(glob.dropFirst()), String(name.dropFirst()))
    }
}
