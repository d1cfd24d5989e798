import JSON
import Policy
import Testing

/// Secrets that Azure Service Operator would take for a credential, and resources that name one.
@Suite struct BindingCredentialTests {
    static let client = "55555555-5555-5555-5555-555555555555"
    static let subscription = "22222222-2222-2222-2222-222222222222"
    static let tenant = "11111111-1111-1111-1111-111111111111"
    /// Another team's; no output may hold it, as it is or in base64.
    static let stranger = "deadbeef-dead-beef-dead-beefdeadbeef"

    static let binding = BindingTests.binding + "\n  identities: [\(client), 66666666-6666-6666-6666-666666666666]"

    /// A Secret with these members of `data`, in base64, and of `stringData`.
    static func secret(
        _ data: [(String, String)] = [],
        text: [(String, String)] = [],
        name: String = "app",
        more: String = ""
    ) -> String {
        let encoded = data.map { "\($0.0): \(base64($0.1))" }.joined(separator: ", ")
        let plain = text.map { "\($0.0): '\($0.1)'" }.joined(separator: ", ")
        return """
            apiVersion: v1
            kind: Secret
            metadata: {name: \(name), namespace: team-a}
            type: Opaque
            data: {\(encoded)}
            stringData: {\(plain)}
            \(more)
            """
    }

    static func base64(_ text: String) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { start + $0 < bytes.count ? Int(bytes[start + $0]) : 0 }
            let number = group[0] << 16 | group[1] << 8 | group[2]
            for place in 0..<4 {
                let isPadding = start + place - 1 >= bytes.count && place > 1
                result.append(isPadding ? "=" : digits[number >> (18 - 6 * place) & 63])
            }
        }
        return result
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let object: String
        /// The failures as `rule path`.
        let failures: [String]

        init(_ name: String, _ object: String, _ failures: String...) {
            self.name = name
            self.object = object
            self.failures = failures
        }

        var testDescription: String { name }
    }

    static let whole = [
        ("AZURE_CLIENT_ID", client), ("AZURE_SUBSCRIPTION_ID", subscription), ("AZURE_TENANT_ID", tenant),
    ]

    static func with(_ key: String, _ value: String) -> [(String, String)] {
        whole.filter { $0.0 != key } + [(key, value)]
    }

    static let secrets = [
        Case("the namespace's own", secret(whole)),
        Case("the same in stringData", secret(text: whole)),
        Case(
            "in capitals",
            secret(text: [("AZURE_CLIENT_ID", "ABCDEF55-5555-5555-5555-555555555555")]),
            "identities stringData.AZURE_CLIENT_ID"
        ),
        Case("the other identity of its own", secret(with("AZURE_CLIENT_ID", "66666666-6666-6666-6666-666666666666"))),
        Case("another team's identity", secret(with("AZURE_CLIENT_ID", stranger)), "identities data.AZURE_CLIENT_ID"),
        Case(
            "another team's identity as text",
            secret(text: with("AZURE_CLIENT_ID", stranger)),
            "identities stringData.AZURE_CLIENT_ID"
        ),
        Case(
            "another subscription",
            secret(with("AZURE_SUBSCRIPTION_ID", stranger)),
            "subscriptions data.AZURE_SUBSCRIPTION_ID"
        ),
        Case("another tenant", secret(with("AZURE_TENANT_ID", stranger)), "tenant data.AZURE_TENANT_ID"),
        Case(
            "everything another's",
            secret(whole.map { ($0.0, stranger) }),
            "identities data.AZURE_CLIENT_ID",
            "subscriptions data.AZURE_SUBSCRIPTION_ID",
            "tenant data.AZURE_TENANT_ID"
        ),
        Case("stringData wins over data, for good", secret([("AZURE_CLIENT_ID", stranger)], text: whole)),
        Case(
            "stringData wins over data, for bad",
            secret(whole, text: [("AZURE_CLIENT_ID", stranger)]),
            "identities stringData.AZURE_CLIENT_ID"
        ),
        Case("a line end behind it", secret(with("AZURE_CLIENT_ID", client + "\n")), "identities data.AZURE_CLIENT_ID"),
        Case("two in one", secret(with("AZURE_CLIENT_ID", client + stranger)), "identities data.AZURE_CLIENT_ID"),
        Case(
            "an empty one, for which the operator takes its own",
            secret(with("AZURE_CLIENT_ID", "")),
            "identities data.AZURE_CLIENT_ID"
        ),
        Case(
            "null, which is empty",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {AZURE_CLIENT_ID: null}",
            "identities data.AZURE_CLIENT_ID"
        ),
        Case(
            "a number",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {AZURE_CLIENT_ID: 5}",
            "identities data.AZURE_CLIENT_ID"
        ),
        Case(
            "what is not base64",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {AZURE_TENANT_ID: 'MTEx!'}",
            "tenant data.AZURE_TENANT_ID"
        ),
        Case(
            "base64 with something behind its end",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {AZURE_CLIENT_ID: '\(base64(client))MTEx'}",
            "identities data.AZURE_CLIENT_ID"
        ),
        Case(
            "base64 over two lines is the same value",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {AZURE_CLIENT_ID: \"\(base64(client).prefix(16))\\n\(base64(client).dropFirst(16))\"}"
        ),
        Case(
            "a megabyte",
            secret(text: [("AZURE_CLIENT_ID", String(repeating: "a", count: 1 << 20))]),
            "identities stringData.AZURE_CLIENT_ID"
        ),
        Case(
            "how to prove who one is changes nothing",
            secret(
                whole + [
                    ("AZURE_CLIENT_SECRET", stranger), ("AZURE_CLIENT_CERTIFICATE", stranger),
                    ("AZURE_CLIENT_CERTIFICATE_PASSWORD", stranger), ("AUTH_MODE", "podidentity"),
                ]
            )
        ),
        Case(
            "an authority of one's own would get the operator's token",
            secret(whole + [("AZURE_AUTHORITY_HOST", "https://example.test")]),
            "credentials data.AZURE_AUTHORITY_HOST"
        ),
        Case(
            "so would an endpoint",
            secret(
                text: whole + [
                    ("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://a.test"), ("AZURE_RESOURCE_MANAGER_AUDIENCE", "b"),
                ]
            ),
            "credentials stringData.AZURE_RESOURCE_MANAGER_ENDPOINT",
            "credentials stringData.AZURE_RESOURCE_MANAGER_AUDIENCE"
        ),
        Case(
            "a file of the operator's",
            secret(whole + [("AZURE_USER_ASSIGNED_IDENTITY_CREDENTIALS", "/x")]),
            "identities data.AZURE_USER_ASSIGNED_IDENTITY_CREDENTIALS"
        ),
        Case("its own tenant once more", secret(whole + [("AZURE_ADDITIONAL_TENANTS", "\(tenant), \(tenant)")])),
        Case(
            "another tenant besides",
            secret(whole + [("AZURE_ADDITIONAL_TENANTS", "\(tenant),\(stranger)")]),
            "tenant data.AZURE_ADDITIONAL_TENANTS"
        ),
        Case(
            "any tenant besides",
            secret(whole + [("AZURE_ADDITIONAL_TENANTS", "*")]),
            "tenant data.AZURE_ADDITIONAL_TENANTS"
        ),
        Case("no tenant besides", secret(whole + [("AZURE_ADDITIONAL_TENANTS", "")])),
        Case(
            "another application for Entra kinds",
            secret(whole + [("ENTRA_APP_ID", stranger)]),
            "identities data.ENTRA_APP_ID"
        ),
        Case(
            "keys that the operator does not read",
            secret([("AZURE_OPENAI_KEY", stranger), ("azure_client_id", stranger)])
        ),
        Case("a Secret of anything else", secret([("password", stranger)])),
        Case("by its name alone", secret([("password", stranger)], name: "aso-credential")),
        Case(
            "an immutable one of another type",
            secret([("AZURE_CLIENT_ID", stranger)], more: "immutable: true").replacing("Opaque", with: "example.com/x"),
            "identities data.AZURE_CLIENT_ID"
        ),
    ]

    @Test(arguments: secrets) func guardsSecrets(_ example: Case) throws {
        let set = try policies(Self.binding)
        for ask in [
            Ask.create(example.object), .update(Self.secret([("password", "x")]), to: example.object),
            .update(example.object, to: example.object),
        ] {
            let decision = try set.decide(ask)
            #expect(decision.failures.map { "\($0.rule) \($0.path)" } == example.failures)
            #expect(decision.allowed == example.failures.isEmpty)
            #expect(
                decision.failures.allSatisfy {
                    $0.policy == "team-a" && $0.source == .binding && $0.value == "(redacted)"
                }
            )
        }
    }

    /// Neither message, value, warning nor annotation holds what a Secret holds, in any form.
    @Test(arguments: secrets) func showsNoValue(_ example: Case) throws {
        for (set, namespace) in [(try policies(Self.binding), "team-a"), (try policies(Self.binding), "team-z")] {
            let decision = try set.decide(.create(example.object, namespace: namespace))
            var output = decision.lines + decision.warnings + decision.auditAnnotations.flatMap { [$0.key, $0.value] }
            output += decision.failures.flatMap { [$0.value ?? "", $0.path, $0.allowed, $0.message] }
            for text in output {
                #expect(!text.contains(Self.stranger) && !text.contains("deadbeef"))
                #expect(!text.contains(Self.base64(Self.stranger)) && !text.contains("ZGVhZ"))
                #expect(!text.contains("example.test") && !text.contains("MTEx"))
            }
        }
    }

    static let unbound: [(name: String, object: String, path: String?)] = [
        ("another's", secret([("AZURE_CLIENT_ID", stranger)]), "data.AZURE_CLIENT_ID"),
        ("a good one", secret(whole), "data.AZURE_CLIENT_ID"),
        ("by name", secret([("x", "y")], name: "aso-credential"), "metadata.name"),
        ("how to prove who one is", secret(text: [("AZURE_CLIENT_SECRET", "y")]), "stringData.AZURE_CLIENT_SECRET"),
        ("what means nothing alone", secret([("ENTRA_APP_ID", "y"), ("AUTH_MODE", "podidentity")]), nil),
        ("none", secret([("x", "y"), ("AZURE_OPENAI_KEY", "y")]), nil),
    ]

    @Test(arguments: unbound.indices) func deniesTheUnbound(_ index: Int) throws {
        let (name, object, path) = Self.unbound[index]
        let decision = try policies(Self.binding).decide(.create(object, namespace: "team-z"))
        #expect(
            decision.failures.map { "\($0.rule) \($0.path)" } == (path.map { ["credentials \($0)"] } ?? []),
            "\(name)"
        )
        #expect(decision.allowed == (path == nil), "\(name)")
    }

    @Test func saysWhatToDo() throws {
        let decision = try policies(Self.binding).decide(.create(Self.secret([("AZURE_TENANT_ID", Self.stranger)])))
        #expect(
            decision.lines == [
                "team-a/tenant: data.AZURE_TENANT_ID is \"(redacted)\"; allowed: \(Self.tenant); "
                    + "write the namespace's own, or ask the platform team to add it to tenant of AzureBinding team-a"
            ]
        )
    }

    @Test func whatABindingDoesNotListIsNotAllowed() throws {
        let bare = try policies(BindingTests.binding("team-a", "[team-a]"))
        let decision = try bare.decide(.create(Self.secret(Self.whole)))
        #expect(decision.failures.map(\.rule) == ["identities", "subscriptions", "tenant"])
        #expect(decision.lines[0].contains("and AzureBinding team-a has no identities"))
    }

    @Test func isNotAskedWithoutAnyBindingNorAboutDeletions() throws {
        let bad = Self.secret([("AZURE_CLIENT_ID", Self.stranger)])
        #expect(try policies(policy(rule: "locations: {deny: [eastus]}")).decide(.create(bad)).allowed)
        #expect(try policies(Self.binding).decide(.delete(bad)).allowed)
    }

    /// Without it the operator would use its own; a namespace that goes is the namespace controller's to empty.
    @Test func keepsTheNamespacesCredential() throws {
        let secret = Self.secret(Self.whole, name: "aso-credential")
        let deny = try policies(Self.binding)
        let allow = try policies(Self.binding.replacing("globalFallback: Deny", with: "globalFallback: Allow"))
        #expect(
            try deny.decide(.delete(secret)).lines == [
                "team-a/credentials: metadata.name is the namespace's credential, without which the operator would use its own; "
                    + "change what it says instead, or ask the platform team"
            ]
        )
        for user in PolicyConfiguration.defaultControllers {
            #expect(try deny.decide(.delete(secret, user: user)).allowed)
        }
        #expect(try allow.decide(.delete(secret)).allowed)
        #expect(try deny.decide(.delete(Self.secret(Self.whole))).allowed)
        #expect(try deny.decide(.delete(secret, namespace: "team-z")).allowed)
    }

    @Test func aControllersWordCountsForMetadataOnly() throws {
        let controller = PolicyConfiguration.defaultControllers[0]
        let (good, bad) = (Self.secret(Self.whole), Self.secret([("AZURE_CLIENT_ID", Self.stranger)]))
        let set = try policies(Self.binding)
        #expect(try !set.decide(.create(bad, user: controller)).allowed)
        #expect(try !set.decide(.update(good, to: bad, user: controller)).allowed)
        #expect(try set.decide(.update(bad, to: bad, user: controller)).allowed)
    }

    @Test func aSecretOfAnotherGroupIsNone() throws {
        let object = resource("example.com/v1/Secret", spec: "{}").replacing(
            "spec: {}",
            with: "data: {AZURE_CLIENT_ID: x}"
        )
        #expect(try policies(Self.binding).decide(.create(object)).allowed)
    }

    // MARK: credential-from

    static func known(_ name: String, _ credential: Inventory.Credential?, namespace: String = "team-a")
        -> Inventory.Entry
    {
        Inventory.Entry(
            key: Inventory.Key(group: "", kind: "Secret", namespace: namespace, name: name),
            credential: credential
        )
    }

    static let mine = Inventory.Credential(clientID: client, subscriptionID: subscription, tenantID: tenant)
    static let another = Inventory.Credential(clientID: stranger, subscriptionID: subscription, tenantID: tenant)

    static let mineAndMore = Inventory.Credential(
        clientID: client,
        subscriptionID: subscription,
        tenantID: tenant,
        saysMore: true
    )

    struct Naming: Sendable, CustomTestStringConvertible {
        let name: String
        /// The annotation's value.
        var credential: String?
        var hasList = true
        var fallback = "Deny"
        var inventory: Inventory?
        let rule: String?

        var testDescription: String { name }
    }

    static let namings = [
        Naming(name: "listed, and nobody tells more", credential: "team-a-credential", rule: nil),
        Naming(
            name: "listed, and not among what is known",
            credential: "team-a-credential",
            inventory: Inventory([]),
            rule: nil
        ),
        Naming(
            name: "listed, and known to be one's own",
            credential: "team-a-credential",
            inventory: Inventory([known("team-a-credential", mine)]),
            rule: nil
        ),
        Naming(
            name: "listed, and known to be another's",
            credential: "team-a-credential",
            inventory: Inventory([known("team-a-credential", another)]),
            rule: "identities"
        ),
        Naming(
            name: "listed, and known to be of another subscription",
            credential: "team-a-credential",
            inventory: Inventory([known("team-a-credential", Inventory.Credential(subscriptionID: stranger))]),
            rule: "subscriptions"
        ),
        Naming(
            name: "listed, and known to be of another tenant",
            credential: "team-a-credential",
            inventory: Inventory([known("team-a-credential", Inventory.Credential(tenantID: stranger))]),
            rule: "tenant"
        ),
        Naming(
            name: "a Secret of that name elsewhere is another",
            credential: "team-a-credential",
            inventory: Inventory([known("team-a-credential", another, namespace: "team-b")]),
            rule: nil
        ),
        Naming(
            name: "not listed, though known to be one's own",
            credential: "other",
            inventory: Inventory([known("other", mine)]),
            rule: "credentials"
        ),
        Naming(name: "no list, and nobody tells", credential: "other", hasList: false, rule: "credentials"),
        Naming(
            name: "no list, and not among what is known",
            credential: "other",
            hasList: false,
            inventory: Inventory([known("one", mine)]),
            rule: "credentials"
        ),
        Naming(
            name: "no list, and known to be one's own",
            credential: "other",
            hasList: false,
            inventory: Inventory([known("other", mine)]),
            rule: nil
        ),
        Naming(
            name: "no list, and only half known",
            credential: "other",
            hasList: false,
            inventory: Inventory([known("other", Inventory.Credential(clientID: client))]),
            rule: "subscriptions"
        ),
        Naming(
            name: "no list, and known to be no credential",
            credential: "other",
            hasList: false,
            inventory: Inventory([known("other", nil)]),
            rule: "credentials"
        ),
        Naming(
            name: "no list, and one's own, but it says more",
            credential: "other",
            hasList: false,
            inventory: Inventory([known("other", mineAndMore)]),
            rule: "credentials"
        ),
        Naming(
            name: "listed, and it says more",
            credential: "team-a-credential",
            inventory: Inventory([known("team-a-credential", mineAndMore)]),
            rule: nil
        ),
        Naming(
            name: "none, and the namespace's says more",
            inventory: Inventory([known("aso-credential", mineAndMore)]),
            rule: "credentials"
        ),
        Naming(
            name: "one of another namespace, which a * would fit",
            credential: "team-a-x/secret",
            rule: "credentials"
        ),
        Naming(name: "one in capitals", credential: "team-a-X", rule: "credentials"),
        Naming(name: "one with a name of several labels", credential: "team-a-x.y-1", rule: nil),
        Naming(name: "one with an empty label", credential: "team-a-x..y", rule: "credentials"),
        Naming(name: "one that ends in a hyphen", credential: "team-a-x-", rule: "credentials"),
        Naming(name: "one with a long name", credential: "team-a-x" + String(repeating: "x", count: 245), rule: nil),
        Naming(
            name: "one with too long a name",
            credential: "team-a-x" + String(repeating: "x", count: 246),
            rule: "credentials"
        ),
        Naming(name: "none, and the global one is denied", rule: "credentials"),
        Naming(name: "none, and the global one is allowed", fallback: "Allow", rule: nil),
        Naming(
            name: "none, and the namespace has one of its own",
            inventory: Inventory([known("aso-credential", mine)]),
            rule: nil
        ),
        Naming(
            name: "none, and the namespace's is useless, but the operator looks no further",
            inventory: Inventory([known("aso-credential", nil)]),
            rule: nil
        ),
        Naming(
            name: "none, and the namespace's is another's",
            inventory: Inventory([known("aso-credential", another)]),
            rule: "identities"
        ),
        Naming(
            name: "none, the global one is allowed, but the namespace's, which comes first, is another's",
            fallback: "Allow",
            inventory: Inventory([known("aso-credential", another)]),
            rule: "identities"
        ),
        Naming(
            name: "none, and only another namespace has one",
            inventory: Inventory([known("aso-credential", mine, namespace: "team-b")]),
            rule: "credentials"
        ),
    ]

    @Test(arguments: namings) func guardsWhatIsNamed(_ example: Naming) throws {
        let list = example.hasList ? "allow: [team-a-credential, 'team-a-x*'], " : ""
        let set = try policies(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec:
              namespaces: [team-a]
              tenant: \(Self.tenant)
              subscriptions: [\(Self.subscription)]
              identities: [\(Self.client)]
              credentials: {\(list)globalFallback: \(example.fallback)}
            """
        )
        let metadata = example.credential.map { "annotations: {\(BindingTests.annotation): \($0)}" } ?? ""
        let ask = Ask.create(storageAccount("{}", metadata: metadata))
        let decision = try set.decide(ask.request(), mode: .validate, inventory: example.inventory)
        let path = "metadata.annotations[\"\(BindingTests.annotation)\"]"
        #expect(decision.failures.map { "\($0.rule) \($0.path)" } == (example.rule.map { ["\($0) \(path)"] } ?? []))
        #expect(decision.lines.allSatisfy { !$0.contains(Self.stranger) })
    }
}
