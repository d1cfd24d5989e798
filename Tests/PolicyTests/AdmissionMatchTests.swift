import JSON
import Kubernetes
import Policy
import Testing

/// Which requests admission policies are for.
@Suite struct AdmissionMatchTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let policy: String
        let binding: String
        let ask: Ask
        let matches: Bool
        var testDescription: String { name }

        init(_ name: String, _ match: String, binding: String = "", _ ask: Ask, _ matches: Bool) {
            self.name = name
            policy = Manifest.validation(match: match, "expression: 'false'")
            self.binding = Manifest.binding("p", binding)
            self.ask = ask
            self.matches = matches
        }
    }

    static let account = storageAccount("{}", metadata: "labels: {app: web}")
    static let pod = resource("core/v1/Pod", spec: "{}").replacing("core/v1", with: "v1")
    static let created = Ask.create(account)
    static let namespaces = [
        Manifest.namespace("team-a", labels: "{tier: standard}"), Manifest.namespace("team-b"),
    ]

    static func rule(
        groups: String = "['*']",
        versions: String = "['*']",
        resources: String = "['*']",
        operations: String = "['*']",
        more: String = ""
    ) -> String {
        "{apiGroups: \(groups), apiVersions: \(versions), resources: \(resources), operations: \(operations)\(more)}"
    }

    static func rules(_ rules: String..., more: String = "") -> String {
        "{resourceRules: [\(rules.joined(separator: ", "))]\(more)}"
    }

    static func ask(_ operation: Kubernetes.Operation, subResource: String? = nil) -> Ask {
        let hasObject = operation != .delete
        let hasOld = operation == .update || operation == .delete
        return Ask(
            operation: operation,
            object: hasObject ? account : nil,
            old: hasOld ? account : nil,
            subResource: subResource
        )
    }

    static let resources: [Case] = [
        Case("everything", rules(rule()), created, true),
        Case("the group", rules(rule(groups: "[storage.azure.com]")), created, true),
        Case("another group", rules(rule(groups: "[sql.azure.com]")), created, false),
        Case("one of the groups", rules(rule(groups: "[sql.azure.com, storage.azure.com]")), created, true),
        Case("the core group", rules(rule(groups: "['']")), .create(pod), true),
        Case("not the core group", rules(rule(groups: "['']")), created, false),
        Case("a group is no pattern", rules(rule(groups: "['*.azure.com']")), created, false),
        Case("the resource", rules(rule(resources: "[storageaccounts]")), created, true),
        Case("the kind is not the resource", rules(rule(resources: "[StorageAccount]")), created, false),
        Case("another resource", rules(rule(resources: "[servers]")), created, false),
        Case("a sub-resource is not the resource", rules(rule()), ask(.update, subResource: "scale"), false),
        Case(
            "the resource with all its sub-resources",
            rules(rule(resources: "['storageaccounts/*']")),
            ask(.update, subResource: "scale"),
            true
        ),
        Case("and without", rules(rule(resources: "['storageaccounts/*']")), created, true),
        Case(
            "a sub-resource of anything",
            rules(rule(resources: "['*/scale']")),
            ask(.update, subResource: "scale"),
            true
        ),
        Case("only that", rules(rule(resources: "['*/scale']")), created, false),
        Case("another", rules(rule(resources: "['*/status']")), ask(.update, subResource: "scale"), false),
        Case(
            "a write of the status",
            rules(rule(resources: "['*/status']")),
            ask(.update, subResource: "status"),
            true
        ),
        Case("everything of everything", rules(rule(resources: "['*/*']")), ask(.update, subResource: "scale"), true),
        Case("an operation", rules(rule(operations: "[UPDATE]")), ask(.update), true),
        Case("another operation", rules(rule(operations: "[UPDATE]")), created, false),
        Case("a deletion", rules(rule(operations: "[DELETE]")), ask(.delete), true),
        Case("a connection", rules(rule(operations: "[CONNECT]")), ask(.connect), true),
        Case("the second rule", rules(rule(groups: "[a]"), rule(groups: "[storage.azure.com]")), created, true),
        Case("rules do not mix", rules(rule(groups: "[a]"), rule(resources: "[b]")), created, false),
        Case("a name", rules(rule(more: ", resourceNames: [other, thing]")), created, true),
        Case("another name", rules(rule(more: ", resourceNames: [other]")), created, false),
        Case("no names are all names", rules(rule(more: ", resourceNames: []")), created, true),
        Case(
            "an excluded resource",
            rules(rule(), more: ", excludeResourceRules: [\(rule(groups: "[storage.azure.com]"))]"),
            created,
            false
        ),
        Case(
            "another is excluded",
            rules(rule(), more: ", excludeResourceRules: [\(rule(groups: "[sql.azure.com]"))]"),
            created,
            true
        ),
        Case(
            "an excluded name",
            rules(rule(), more: ", excludeResourceRules: [\(rule(more: ", resourceNames: [thing]"))]"),
            created,
            false
        ),
    ]

    static let versions: [Case] = [
        Case("the version", rules(rule(versions: "[v1api20230101]"), more: ", matchPolicy: Exact"), created, true),
        Case("another version", rules(rule(versions: "[v1]"), more: ", matchPolicy: Exact"), created, false),
        Case(
            "versions are equivalent",
            rules(rule(versions: "[v1]"), more: ", matchPolicy: Equivalent"),
            created,
            true
        ),
        Case("which is the default", rules(rule(versions: "[v1]")), created, true),
        Case(
            "for what is excluded too",
            rules(rule(), more: ", excludeResourceRules: [\(rule(versions: "[v1]"))]"),
            created,
            false
        ),
    ]

    static let scopes: [Case] = [
        Case("namespaced", rules(rule(more: ", scope: Namespaced")), created, true),
        Case("not namespaced", rules(rule(more: ", scope: Namespaced")), .create(account, namespace: nil), false),
        Case("cluster", rules(rule(more: ", scope: Cluster")), .create(account, namespace: nil), true),
        Case("not cluster", rules(rule(more: ", scope: Cluster")), created, false),
        Case("any scope", rules(rule(more: ", scope: '*'")), created, true),
        Case(
            "a Namespace is of the cluster",
            rules(rule(more: ", scope: Cluster")),
            .create(Manifest.namespace("team-c"), namespace: "team-c"),
            true
        ),
    ]

    static func selecting(_ selector: String) -> String { rules(rule(), more: ", namespaceSelector: \(selector)") }

    static let selectors: [Case] = [
        Case("a namespace's label", selecting("{matchLabels: {tier: standard}}"), created, true),
        Case("another value", selecting("{matchLabels: {tier: premium}}"), created, false),
        Case(
            "another namespace",
            selecting("{matchLabels: {tier: standard}}"),
            .create(account, namespace: "team-b"),
            false
        ),
        Case("no selector at all", selecting("{}"), .create(account, namespace: "nowhere"), true),
        Case(
            "objects of the cluster are not asked",
            selecting("{matchLabels: {tier: standard}}"),
            .create(account, namespace: nil),
            true
        ),
        Case(
            "the name of a namespace is known",
            selecting(
                "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}"
            ),
            .create(account, namespace: "nowhere"),
            true
        ),
        Case(
            "whatever else is not",
            selecting("{matchLabels: {kubernetes.io/metadata.name: other}}"),
            .create(account, namespace: "nowhere"),
            false
        ),
        Case(
            "a Namespace brings its own labels",
            selecting("{matchLabels: {tier: standard}}"),
            .create(Manifest.namespace("team-c", labels: "{tier: standard}"), namespace: "team-c"),
            true
        ),
        Case(
            "be it known otherwise",
            selecting("{matchLabels: {tier: standard}}"),
            .update(
                Manifest.namespace("team-a", labels: "{tier: standard}"),
                to: Manifest.namespace("team-a"),
                namespace: "team-a"
            ),
            false
        ),
        Case(
            "an object's label",
            rules(rule(), more: ", objectSelector: {matchLabels: {app: web}}"),
            created,
            true
        ),
        Case(
            "an object without",
            rules(rule(), more: ", objectSelector: {matchLabels: {app: web}}"),
            .create(storageAccount("{}")),
            false
        ),
        Case(
            "one that had it",
            rules(rule(), more: ", objectSelector: {matchLabels: {app: web}}"),
            .update(account, to: storageAccount("{}")),
            true
        ),
    ]

    static func bound(_ resources: String) -> String { "matchResources: \(resources)" }

    static let bindings: [Case] = [
        Case("a binding of everything", rules(rule()), binding: bound("{}"), created, true),
        Case(
            "a binding narrows resources",
            rules(rule()),
            binding: bound(rules(rule(groups: "[sql.azure.com]"))),
            created,
            false
        ),
        Case(
            "and does not widen them",
            rules(rule(groups: "[sql.azure.com]")),
            binding: bound(rules(rule())),
            created,
            false
        ),
        Case(
            "a binding for a namespace",
            rules(rule()),
            binding: bound("{namespaceSelector: {matchLabels: {tier: standard}}}"),
            created,
            true
        ),
        Case(
            "not for another",
            rules(rule()),
            binding: bound("{namespaceSelector: {matchLabels: {tier: standard}}}"),
            .create(account, namespace: "team-b"),
            false
        ),
        Case(
            "a binding for labels",
            rules(rule()),
            binding: bound("{objectSelector: {matchLabels: {app: db}}}"),
            created,
            false
        ),
        Case(
            "a binding that excludes",
            rules(rule()),
            binding: bound("{excludeResourceRules: [\(rule(resources: "[storageaccounts]"))]}"),
            created,
            false
        ),
    ]

    @Test(arguments: [resources, versions, scopes, selectors, bindings].flatMap { $0 })
    func matches(_ test: Case) throws {
        let result = try compile(
            ([test.policy, test.binding] + Self.namespaces).map { (name: "f.yaml", text: $0) },
            configuration: .patient
        )
        let set = try #require(result.set, "\(result.issues)")
        let decision = try set.decide(test.ask)
        #expect(decision.allowed != test.matches, "\(decision.lines)")
        #expect(decision.matchedPolicyCount == (test.matches ? 1 : 0))
    }

    @Test(arguments: [("Fail", false), ("Ignore", true)])
    func anUnknownNamespaceIsAMatterForTheFailurePolicy(failurePolicy: String, isAllowed: Bool) throws {
        let set = try patient(
            Manifest.validating(
                match: Self.selecting("{matchLabels: {tier: standard}}"),
                "failurePolicy: \(failurePolicy)\nvalidations: [{expression: 'true'}]"
            ),
            Manifest.binding(actions: "[Warn]")
        )
        let decision = try set.decide(.create(Self.account, namespace: "nowhere"))
        #expect(decision.allowed == isAllowed)
        #expect(decision.isBroken)
        #expect((decision.lines + decision.warnings).joined().contains("labels of namespace nowhere are not known"))
        #expect(try set.decide(.create(Self.account, namespace: nil)).allowed)
    }

    /// Under `matchPolicy: Equivalent` of the webhook the review holds another version than the user sent.
    @Test(arguments: [
        ("Exact", "[v1api20230101]", false), ("Exact", "[v1api20210401]", true), ("Equivalent", "[v1]", true),
    ]) func exactMeansTheVersionThatWasSent(policy: String, versions: String, matches: Bool) throws {
        let set = try patient(
            Manifest.validation(
                match: Self.rules(Self.rule(versions: versions), more: ", matchPolicy: \(policy)"),
                "expression: 'false'"
            ),
            Manifest.binding()
        )
        let sent =
            #""requestResource":{"group":"storage.azure.com","version":"v1api20210401","resource":"storageaccounts"}"#
        let body = String(decoding: try Self.created.body(), as: UTF8.self)
            .replacing(#""operation":"#, with: "\(sent),\"operation\":")
        let request = try AdmissionReview.decode(JSONDocument(parsing: Array(body.utf8)))
        #expect(set.decide(request, mode: .validate).allowed != matches)
    }

    @Test func policiesDoNotJudgeAdmissionItself() throws {
        let set = try patient(Manifest.validation("expression: 'false'"), Manifest.binding())
        for kind in ["ValidatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"] {
            let object = resource("admissionregistration.k8s.io/v1/\(kind)", spec: "{}")
            #expect(try set.decide(.create(object, namespace: nil)).allowed)
        }
        let other = resource("admissionregistration.k8s.io/v1/Other", spec: "{}")
        #expect(try !set.decide(.create(other, namespace: nil)).allowed)
    }

    @Test func oneOfManyIsFound() throws {
        var documents: [(name: String, text: String)] = []
        for number in 0..<200 {
            let match = Self.rules(
                Self.rule(groups: "[g\(number)]", operations: "[\(number % 2 == 0 ? "CREATE" : "UPDATE")]")
            )
            documents.append(
                ("p\(number).yaml", Manifest.validation(named: "p\(number)", match: match, "expression: 'false'"))
            )
            documents.append(("b\(number).yaml", Manifest.binding("p\(number)", name: "b\(number)")))
        }
        let result = try compile(documents, configuration: .patient)
        let set = try #require(result.set, "\(result.issues)")
        for number in [0, 2, 63, 64, 65, 128, 198, 199] {
            let decision = try set.decide(.create(resource("g\(number)/v1/Thing", spec: "{}")))
            #expect(decision.allowed == (number % 2 == 1))
            #expect(decision.matchedPolicyCount == (number % 2 == 0 ? 1 : 0))
        }
    }
}
