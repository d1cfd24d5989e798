import JSON
import Policy
import Testing

/// Annotations of Azure Service Operator, by users and by controllers.
@Suite struct BindingAnnotationTests {
    static let binding = BindingCredentialTests.binding
    static let controller = PolicyConfiguration.defaultControllers[0]
    static let prefix = "serviceoperator.azure.com/"

    static func account(_ annotations: String, spec: String = "{}") -> String {
        let separator = annotations.isEmpty ? "" : ", "
        return storageAccount(
            spec,
            metadata: "annotations: {\(BindingTests.annotation): team-a-credential\(separator)\(annotations)}"
        )
    }

    static func path(_ name: String) -> String { "metadata.annotations[\"\(prefix)\(name)\"]" }

    // MARK: reconcile-policy

    static let reconcilePolicies: [(list: String?, value: String, isAllowed: Bool)] = [
        (nil, "manage", true), (nil, "skip", true), (nil, "detach-on-delete", false), (nil, "''", true),
        (nil, "Manage", false), (nil, "'manage '", false), (nil, "detach", false), (nil, "null", true),
        (nil, "1", false),
        ("[manage]", "skip", false), ("[manage]", "manage", true), ("[detach-on-delete]", "detach-on-delete", true),
        ("[detach-on-delete]", "manage", false), ("[manage, skip, detach-on-delete]", "Skip", false),
    ]

    @Test(arguments: reconcilePolicies.indices) func listsReconcilePolicies(_ index: Int) throws {
        let (list, value, isAllowed) = Self.reconcilePolicies[index]
        let set = try policies(Self.binding + (list.map { "\n  reconcilePolicies: \($0)" } ?? ""))
        let object = Self.account("\(Self.prefix)reconcile-policy: \(value)")
        for ask in [Ask.create(object), .update(object, to: object)] {
            let decision = try set.decide(ask)
            let failure = "reconcilePolicies \(Self.path("reconcile-policy"))"
            #expect(decision.failures.map { "\($0.rule) \($0.path)" } == (isAllowed ? [] : [failure]), "\(value)")
        }
        // Nothing guards a namespace without a binding, but what nobody knows is a slip for all.
        let unbound = storageAccount("{}", metadata: "annotations: {\(Self.prefix)reconcile-policy: \(value)}")
        let words = ["manage", "skip", "detach-on-delete", "''", "null"]
        #expect(try set.decide(.create(unbound, namespace: "team-z")).allowed == words.contains(value), "\(value)")
    }

    @Test(arguments: reconcilePolicies.indices) func andThoseOfNamespaces(_ index: Int) throws {
        let (list, value, isAllowed) = Self.reconcilePolicies[index]
        let set = try policies(Self.binding + (list.map { "\n  reconcilePolicies: \($0)" } ?? ""))
        let object = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: team-a, annotations: {\(Self.prefix)reconcile-policy: \(value)}}
            """
        for namespace in ["team-a", nil] {
            let decision = try set.decide(.create(object, namespace: namespace))
            let failure = "reconcilePolicies \(Self.path("reconcile-policy"))"
            #expect(decision.failures.map { "\($0.rule) \($0.path)" } == (isAllowed ? [] : [failure]), "\(value)")
        }
    }

    @Test func namespacesAreNobodysBusinessOtherwise() throws {
        let object = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, annotations: {a: b}}"
        #expect(try policies(Self.binding).decide(.create(object)).failures.isEmpty)
    }

    @Test func saysWhichReconcilePoliciesThereAre() throws {
        let decision = try policies(Self.binding).decide(
            .create(Self.account("\(Self.prefix)reconcile-policy: detach-on-delete"))
        )
        let path = Self.path("reconcile-policy")
        #expect(
            decision.lines == [
                "team-a/reconcilePolicies: \(path) is \"detach-on-delete\"; allowed: manage, skip; set \(path) to manage or skip"
            ]
        )
    }

    // MARK: What the operator writes

    static let inside = "\(BindingTests.mine)/resourceGroups/team-a-rg"

    static let own: [(name: String, value: String)] = [
        ("resource-id", inside), ("child-resource-id-override", inside), ("operator-namespace", "mine"),
        ("poller-resume-token", "'{\"url\":\"https://example.test\"}'"), ("poller-resume-id", "x"),
        ("bi-poller-resume-token", "x"), ("azure-name-from-config", "x"), ("latest-reconciled-generation", "'7'"),
        ("whatever-comes-next", "x"),
    ]

    @Test(arguments: own.indices) func onlyControllersWriteTheOperatorsOwn(_ index: Int) throws {
        let (name, value) = Self.own[index]
        let set = try policies(Self.binding)
        let (plain, forged) = (Self.account(""), Self.account("\(Self.prefix)\(name): \(value)"))
        let changed = Self.account("\(Self.prefix)\(name): \(value == Self.inside ? value + "x" : "y")")
        let tagged = Self.account("\(Self.prefix)\(name): \(value)", spec: "{tags: {a: b}}")
        func failures(_ ask: Ask) throws -> [String] { try set.decide(ask).failures.map { "\($0.rule) \($0.path)" } }
        let failure = ["annotations \(Self.path(name))"]
        #expect(try failures(.create(forged)) == failure, "set")
        #expect(try failures(.update(plain, to: forged)) == failure, "added")
        #expect(try failures(.update(forged, to: changed)) == failure, "changed")
        #expect(try failures(.update(forged, to: plain)) == failure, "taken away")
        #expect(try failures(.update(forged, to: tagged)) == [], "kept")
        #expect(try failures(.create(forged, user: Self.controller)) == [], "set by the operator")
        #expect(try failures(.update(plain, to: tagged, user: Self.controller)) == [], "added by the operator")
        #expect(try failures(.update(tagged, to: plain, user: Self.controller)) == [], "taken away by the operator")
        #expect(try failures(.update(plain, to: forged, user: Self.controller)) == [], "its metadata only")
        // A namespace without a binding could forge as well.
        let bare = storageAccount("{}", metadata: "annotations: {\(Self.prefix)\(name): \(value)}")
        #expect(try set.decide(.create(bare, namespace: "team-z")).failures.map(\.rule) == ["annotations"])
        #expect(try set.decide(.update(bare, to: bare, namespace: "team-z")).allowed)
    }

    @Test func noControllerWritesOutsideOfTheBinding() throws {
        let forged = Self.account("\(Self.prefix)resource-id: \(BindingTests.other)/resourceGroups/x", spec: "{a: b}")
        let decision = try policies(Self.binding).decide(.create(forged, user: Self.controller))
        #expect(decision.failures.map(\.rule) == ["subscriptions"])
    }

    @Test func noTokenIsShown() throws {
        let forged = Self.account("\(Self.prefix)poller-resume-token: 'sig=abc'")
        let decision = try policies(Self.binding).decide(.create(forged))
        #expect(decision.failures.map(\.value) == ["(redacted)"])
        #expect(decision.lines.allSatisfy { !$0.contains("sig=abc") })
    }

    @Test func othersAnnotationsAreNobodysBusiness() throws {
        let object = Self.account("example.com/resource-id: x, serviceoperator.azure.com: y, a: b")
        #expect(try policies(Self.binding).decide(.create(object)).failures.isEmpty)
    }

    // MARK: Values from ConfigMaps

    static let fromConfig: [(word: String, isAllowed: Bool)] = [
        ("Deny", false), ("Allow", true), ("Defer", true), ("{allow: [ids]}", true), ("{allow: ['id*']}", true),
        ("{allow: [other]}", false),
    ]

    @Test(arguments: fromConfig.indices) func takesGuardedFieldsFromConfigMapsThatAreNamed(_ index: Int) throws {
        let (word, isAllowed) = Self.fromConfig[index]
        let set = try policies(Self.binding + "\n  fromConfig: \(word)")
        let object = resource(
            "authorization.azure.com/v1api20220401/RoleAssignment",
            spec: "{principalIdFromConfig: {name: ids, key: b}}",
            metadata: BindingTests.good
        )
        let failures = try set.decide(.create(object)).failures.filter { $0.rule == "fromConfig" }
        #expect(failures.map(\.path) == (isAllowed ? [] : ["spec.principalIdFromConfig"]))
    }

    @Test(arguments: ["5", "{}", "{name: 5}", "{name: {a: ids}}", "[ids]", "ids"])
    func refusesReferencesThatAreNone(_ reference: String) throws {
        let set = try policies(Self.binding + "\n  fromConfig: {allow: ['*']}")
        let object = resource(
            "authorization.azure.com/v1api20220401/RoleAssignment",
            spec: "{principalIdFromConfig: \(reference)}",
            metadata: BindingTests.good
        )
        let failures = try set.decide(.create(object)).failures.filter { $0.rule == "fromConfig" }
        #expect(failures.map(\.path) == ["spec.principalIdFromConfig"])
    }

    @Test func saysWhichConfigMapsThereAre() throws {
        let set = try policies(Self.binding + "\n  fromConfig: {allow: [ids, 'team-*']}")
        let object = resource(
            "managedidentity.azure.com/v1api20230131/FederatedIdentityCredential",
            spec: "{subjectFromConfig: {name: mine, key: b}}",
            metadata: BindingTests.good
        )
        let lines = try set.decide(.create(object)).failures.filter { $0.rule == "fromConfig" }.map(\.description)
        #expect(
            lines == [
                "team-a/fromConfig: spec.subjectFromConfig is \"mine\", from which subject may not be taken; "
                    + "allowed: ids, team-*; set subject itself, or take it from a ConfigMap that is allowed"
            ]
        )
    }
}
