import JSON
import Policy
import Testing

/// Secrets and ConfigMaps that resources write to.
@Suite struct BindingDestinationTests {
    static let binding =
        BindingCredentialTests.binding
        + "\n  secretDestinations: ['out-*', team-a-credential]\n  configMapDestinations: ['cm-*']"

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// `spec.operatorSpec`.
        let operatorSpec: String
        /// The failures as `rule path`, from `spec.operatorSpec` on.
        let failures: [String]

        init(_ name: String, _ operatorSpec: String, _ failures: String...) {
            self.name = name
            self.operatorSpec = operatorSpec
            self.failures = failures
        }

        var testDescription: String { name }
    }

    static func expression(_ text: String, _ failures: String...) -> Case {
        let value = text.replacing("'", with: "''")
        var example = Case(text, "{configMapExpressions: [{name: cm-a, key: k, value: '\(value)'}]}")
        if !failures.isEmpty {
            example = Case(
                text,
                "{configMapExpressions: [{name: cm-a, key: k, value: '\(value)'}]}",
                "configMapDestinations configMapExpressions[0].value"
            )
        }
        return example
    }

    static let cases = [
        Case("none", "{}"), Case("null", "null"), Case("empty ones", "{secrets: {}, configMapExpressions: []}"),
        Case("a Secret that is allowed", "{secrets: {key1: {name: out-a, key: k}, key2: {name: out-b, key: k}}}"),
        Case(
            "another",
            "{secrets: {key1: {name: out-a, key: k}, key2: {name: app, key: k}}}",
            "secretDestinations secrets.key2.name"
        ),
        Case(
            "by an expression",
            "{secretExpressions: [{name: app, key: k, value: secret.x}]}",
            "secretDestinations secretExpressions[0].name"
        ),
        Case("by an expression, allowed", "{secretExpressions: [{name: out-a, key: k, value: secret.x}]}"),
        Case(
            "the namespace's credential",
            "{secrets: {key1: {name: aso-credential, key: k}}}",
            "secretDestinations secrets.key1.name"
        ),
        Case(
            "a credential, though the pattern fits",
            "{secretExpressions: [{name: team-a-credential, key: AZURE_CLIENT_ID, value: self.x}]}",
            "secretDestinations secretExpressions[0].name"
        ),
        Case("no name", "{secrets: {key1: {key: k}}, secretExpressions: [{value: x}]}"),
        Case("a name that is none", "{secrets: {key1: {name: 5, key: k}}}", "secretDestinations secrets.key1.name"),
        Case("a list for a name", "{secrets: {key1: {name: [out-a], key: k}}}", "secretDestinations secrets.key1.name"),
        Case("a ConfigMap that is allowed", "{configMaps: {id: {name: cm-a, key: k}}}"),
        Case(
            "another ConfigMap",
            "{configMaps: {id: {name: out-a, key: k}}}",
            "configMapDestinations configMaps.id.name"
        ),
        Case(
            "another ConfigMap by an expression",
            "{configMapExpressions: [{name: kube-root-ca.crt, key: k, value: self.status.id}]}",
            "configMapDestinations configMapExpressions[0].name"
        ),
        Case(
            "deeper than anything is today",
            "{secrets: {a: {b: [{c: {name: app}}]}}}",
            "secretDestinations secrets.a.b[0].c.name"
        ),
        Case("a property bag", "{$propertyBag: {Secrets: '{}'}}", "secretDestinations $propertyBag"),
        Case("a deeper one", "{secrets: {$propertyBag: {A: '{}'}}}", "secretDestinations secrets.$propertyBag"),
        Case("an empty one", "{$propertyBag: {}}"),
        expression("self.status.id"),
        expression("'literal ' + string(self.spec.x)"),
        expression("aso.parseResourceId(self.status.id).subscriptionId"),
        expression("self.secret"), expression("self['secret']"), expression("'secret'"),
        expression("[1].exists(secret, secret > 0) ? 'a' : 'b'"),
        expression("self.?a.orValue('b')"), expression("self.items.transformList(i, v, v)[0]"),
        expression("secret.key1", "reads"), expression("secret['key1']", "reads"),
        expression("self.a + ( secret ) . key1", "reads"), expression("has(secret.a) ? 'x' : 'y'", "reads"),
        expression("[secret].map(x, x.a)[0]", "reads"), expression(".secret.key1", "reads"),
        expression("'a'.replace('a', secret.key1)", "reads"), expression("{'a': secret}['a'].key1", "reads"),
        expression("self.x +", "broken"), expression("sec" + "ret.key1 /*", "broken"), expression("", "broken"),
        expression("unknown.x", "broken"),
    ]

    @Test(arguments: cases) func guardsDestinations(_ example: Case) throws {
        let set = try policies(Self.binding)
        let object = storageAccount("{operatorSpec: \(example.operatorSpec)}", metadata: BindingTests.good)
        for ask in [Ask.create(object), .update(storageAccount("{}"), to: object), .update(object, to: object)] {
            let decision = try set.decide(ask)
            let failures = decision.failures.map { "\($0.rule) \($0.path)" }
            #expect(failures == example.failures.map { $0.replacing(" ", with: " spec.operatorSpec.") })
        }
    }

    /// What an expression says there would pass for what the platform team trusts.
    @Test func expressionsDoNotWriteWhatGuardedFieldsAreTakenFrom() throws {
        let set = try policies(Self.binding + "\n  fromConfig: {allow: [cm-ids, '*']}")
        let object = storageAccount(
            "{operatorSpec: {configMaps: {id: {name: cm-ids, key: a}}, "
                + "configMapExpressions: [{name: cm-a, key: k, value: \"'a'\"}, {name: cm-ids, key: k, value: \"'a'\"}]}}",
            metadata: BindingTests.good
        )
        let failures = try set.decide(.create(object)).failures
        #expect(
            failures.map { "\($0.rule) \($0.path)" } == [
                "configMapDestinations spec.operatorSpec.configMapExpressions[1].name"
            ]
        )
    }

    @Test func aLongTextIsNotCompiled() throws {
        let long = String(repeating: "self.a + ", count: 4000) + "'x'"
        let object = storageAccount(
            "{operatorSpec: {configMapExpressions: [{name: cm-a, value: \"\(long)\"}, {name: cm-a, value: secret.a}]}}",
            metadata: BindingTests.good
        )
        let decision = try policies(Self.binding).decide(.create(object))
        #expect(decision.lines.count == 1 && decision.lines[0].contains("longer than 8192 bytes"))
    }

    @Test func whatABindingDoesNotListIsNotAllowed() throws {
        let object = storageAccount(
            "{operatorSpec: {secrets: {key1: {name: a, key: k}}, configMaps: {id: {name: a, key: k}}}}",
            metadata: BindingTests.good
        )
        let decision = try policies(BindingTests.binding).decide(.create(object))
        #expect(
            decision.lines == [
                "team-a/secretDestinations: spec.operatorSpec.secrets.key1.name is \"a\", and AzureBinding team-a has no "
                    + "secretDestinations; choose another name, or ask the platform team to add it to secretDestinations of AzureBinding team-a",
                "team-a/configMapDestinations: spec.operatorSpec.configMaps.id.name is \"a\", and AzureBinding team-a has no "
                    + "configMapDestinations; choose another name, or ask the platform team to add it to configMapDestinations of "
                    + "AzureBinding team-a",
            ]
        )
    }

    @Test func noNamespaceWritesItsOwnCredential() throws {
        let object = storageAccount(
            "{operatorSpec: {secrets: {key1: {name: aso-credential, key: k}, key2: {name: b}}}}"
        )
        let decision = try policies(Self.binding).decide(.create(object, namespace: "team-z"))
        #expect(decision.failures.map(\.path) == ["spec.operatorSpec.secrets.key1.name"])
    }

    @Test func whereEverySecretMayBeACredentialNoneIsByName() throws {
        let spec = "namespaces: [team-a], credentials: {allow: ['*']}, secretDestinations: ['*']"
        let set = try policies(BindingNamespaceTests.binding("a", spec))
        func decide(_ name: String) throws -> Bool {
            let spec = "{operatorSpec: {secrets: {key1: {name: \(name), key: k}}}}"
            return try set.decide(.create(storageAccount(spec, metadata: BindingTests.good))).allowed
        }
        #expect(try decide("app"))
        #expect(try !decide("aso-credential"))
    }

    // MARK: What exists already

    static func entry(_ kind: String, _ name: String, _ controller: String?, namespace: String = "team-a")
        -> Inventory.Entry
    {
        Inventory.Entry(
            key: Inventory.Key(group: "", kind: kind, namespace: namespace, name: name),
            controller: controller
        )
    }

    static let existing: [(name: String, entry: Inventory.Entry, isAllowed: Bool)] = [
        ("one's own", entry("Secret", "out-a", "StorageAccount/thing"), true),
        ("another resource's", entry("Secret", "out-a", "StorageAccount/other"), false),
        ("one of another kind", entry("Secret", "out-a", "Deployment/thing"), false),
        ("nobody's", entry("Secret", "out-a", nil), false),
        ("in another namespace", entry("Secret", "out-a", "Deployment/x", namespace: "team-b"), true),
        ("of another name", entry("Secret", "out-b", "Deployment/x"), true),
        ("a ConfigMap of that name", entry("ConfigMap", "out-a", "Deployment/x"), true),
    ]

    @Test(arguments: existing.indices) func overwritesNothingOfOthers(_ index: Int) throws {
        let (name, entry, isAllowed) = Self.existing[index]
        let object = storageAccount(
            "{operatorSpec: {secrets: {key1: {name: out-a, key: k}}}}",
            metadata: BindingTests.good
        )
        let request = try Ask.create(object).request()
        let decision = try policies(Self.binding).decide(request, mode: .validate, inventory: Inventory([entry]))
        #expect(decision.allowed == isAllowed, "\(name)")
        #expect(decision.failures.allSatisfy { $0.rule == "secretDestinations" })
    }
}
