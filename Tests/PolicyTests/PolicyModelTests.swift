import JSON
import Kubernetes
import Policy
import Testing

/// What a policy says for all of its rules.
@Suite struct PolicyModelTests {
    /// A policy of one rule that denies every region but one, with `ratchet` as it is given.
    static func set(ratchet: String) throws -> PolicySet {
        try policies(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              ratchet: \(ratchet)
              rules: [{name: r, locations: {allow: [westeurope]}}]
            """
        )
    }

    @Test(arguments: [(ratchet: "true", allows: true), ("null", true), ("false", false)])
    func ratchetsOnlyWherePoliciesLetIt(_ example: (ratchet: String, allows: Bool)) throws {
        let update = Ask.update(
            storageAccount("{location: westus}"),
            to: storageAccount("{location: westus, tags: {}}")
        )
        let decision = try Self.set(ratchet: example.ratchet).decide(update)
        #expect(decision.allowed == example.allows)
        #expect(decision.failures.map(\.effect) == [example.allows ? .ratcheted : .deny])
        #expect(decision.notes.contains(.ratcheted) == example.allows)
    }

    @Test func ratchetsTheOnePolicyAndNotTheOther() throws {
        func text(_ name: String, _ ratchet: Bool) -> String {
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: \(name)}
            spec: {ratchet: \(ratchet), rules: [{name: r, locations: {allow: [westeurope]}}]}
            """
        }
        let old = storageAccount("{location: westus}")
        let decision = try policies(text("a", true), text("b", false)).decide(.update(old, to: old))
        #expect(decision.failures.map(\.policy) == ["a", "b"])
        #expect(decision.failures.map(\.effect) == [.ratcheted, .deny])
        #expect(!decision.allowed)
    }

    @Test func refusesARatchetThatIsNoBool() throws {
        let result = try compile([
            (
                "p.yaml",
                """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: p}
                spec:
                  ratchet: "no"
                  rules: [{name: r, locations: {allow: [westeurope]}}]
                """
            )
        ])
        #expect(
            result.issues.map(\.description) == [
                "p.yaml:5:12: error: spec.ratchet: must be true or false, not a string; write true or false without quotes"
            ]
        )
    }
}

/// A rule's own words about its failures.
@Suite struct MessageTests {
    static let messages: [(name: String, message: String, spec: String, says: String)] = [
        ("text alone", "regions matter", "{location: westus}", "regions matter ("),
        (
            "all names", "${kind} ${namespace}/${name}: ${field} is ${value}, not ${allowed} (${policy}/${rule})",
            "{location: westus}",
            "StorageAccount team-a/thing: spec.location is westus, not westeurope, northeurope (p/r) ("
        ),
        ("a dollar sign", "$${value} costs $5, ${value}", "{location: westus}", "${value} costs $5, westus ("),
        ("no value", "it is ${value}", "{}", "it is (not set) ("),
        ("a value of a ConfigMap", "it is ${value}", "{locationFromConfig: {name: a, key: b}}", "it is (not known) ("),
        ("a hostile value", "it is ${value}", #"{location: "a\nb"}"#, "it is a b ("),
        ("a placeholder in a value is text", "it is ${value}", #"{location: "${name}"}"#, "it is ${name} ("),
    ]

    @Test(arguments: messages)
    func fillsIn(_ example: (name: String, message: String, spec: String, says: String)) throws {
        let set = try policies(
            policy(rule: "message: '\(example.message)', locations: {allow: [westeurope, northeurope]}")
        )
        let decision = try set.decide(.create(storageAccount(example.spec)))
        let failure = try #require(decision.failures.first)
        #expect(failure.message.hasPrefix(example.says), "\(failure)")
        #expect(failure.description.utf8.allSatisfy { $0 >= 0x20 })
    }

    @Test func namesObjectsThatHaveNoNameYet() throws {
        let set = try policies(policy(rule: "message: '${name} in ${namespace}', locations: {allow: [westeurope]}"))
        let object = """
            apiVersion: storage.azure.com/v1api20230101
            kind: StorageAccount
            metadata: {generateName: web-}
            spec: {location: westus}
            """
        let decision = try set.decide(.create(object, namespace: nil))
        #expect(decision.failures.first?.message.hasPrefix("web-… in (no namespace) (") == true)
    }

    @Test func neverTellsSecrets() throws {
        let set = try policies(
            policy(
                rule: """
                    message: "is ${value}", cel: {expression: "object.spec.administratorLoginPassword == 'x'", \
                    fieldPath: spec.administratorLoginPassword}
                    """
            )
        )
        let object = resource("sql.azure.com/v1api20211101/Server", spec: "{administratorLoginPassword: hunter2}")
        let failure = try #require(try set.decide(.create(object)).failures.first)
        #expect(failure.message.hasPrefix("is (redacted) ("))
        #expect(!failure.description.contains("hunter2"))
    }

    static let refused: [(name: String, field: String, says: String)] = [
        (
            "a slip", "message: 'is ${valeu}'",
            #"8:30: error: spec.rules[0].message: has "${valeu}", which is unknown, did you mean "${value}"?; write ${value}"#
        ),
        (
            "an expression", "message: 'is ${object.spec}'",
            #"8:30: error: spec.rules[0].message: has "${object.spec}", which is unknown; write one of value, field, allowed, "#
                + "kind, name, namespace, policy, rule, or $${ for the text ${"
        ),
        (
            "no end", "message: 'is ${value'",
            "8:30: error: spec.rules[0].message: has a '${' that is not closed; add '}', or write $${ for the text ${"
        ),
        (
            "a word for severity", "severity: Bad",
            #": error: spec.rules[0].severity: is "Bad"; write Critical, High, Medium or Low"#
        ),
        (
            "a link in the clear", "link: 'http://wiki.example'",
            #": error: spec.rules[0].link: is "http://wiki.example"; write an https URL of at most 512 bytes, such as "#
                + "https://wiki.example/databases"
        ),
        (
            "a link with a script", "link: 'https://wiki.example/\"><script>'",
            #": error: spec.rules[0].link: is "https://wiki.example/"><script>"; write an https URL of at most 512 bytes, "#
                + "such as https://wiki.example/databases"
        ),
    ]

    @Test(arguments: refused) func refuses(_ example: (name: String, field: String, says: String)) throws {
        let result = try compile([("p.yaml", policy(rule: "\(example.field), locations: {allow: [westeurope]}"))])
        #expect(result.set == nil)
        #expect(result.issues.count == 1)
        #expect(result.issues.first?.description.hasSuffix(example.says) == true, "\(result.issues)")
    }

    @Test func putsParametersIn() throws {
        let set = try policies(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              parameters: {regions: [westeurope, northeurope], contact: cloud-team}
              rules:
                - name: r
                  message: "use ${parameters.regions}, ask ${parameters.contact} about ${value}"
                  locations: {allow: "${parameters.regions}"}
            """
        )
        let failure = try #require(try set.decide(.create(storageAccount("{location: westus}"))).failures.first)
        #expect(failure.message.hasPrefix("use westeurope, northeurope, ask cloud-team about westus ("))
    }

    private static func line(_ text: borrowing FailureText) throws -> String {
        String(copying: try UTF8Span(validating: text.line))
    }

    @Test func tellsSeverityAndLink() throws {
        let link = "https://wiki.example/regions?a=b#c"
        let set = try policies(
            policy("a", rule: "severity: high, link: '\(link)', locations: {allow: [westeurope]}"),
            policy("b", rule: "locations: {allow: [westeurope]}"),
            policy("c", action: "Warn", rule: "link: '\(link)', locations: {allow: [westeurope]}")
        )
        let decision = try set.decide(.create(storageAccount("{location: westus}")))
        #expect(decision.failures.map(\.severity) == [.high, nil, nil])
        #expect(decision.failures.map(\.link) == [link, nil, link])
        #expect(
            decision.failures.first?.description.hasSuffix("; set spec.location to westeurope; see \(link)") == true
        )
        // A warning has 120 characters in all.
        #expect(decision.warnings.allSatisfy { !$0.contains("wiki") })
        // A link that does not fit is left out, not cut.
        var text = FailureText()
        let whole = try #require(decision.failures.first).description
        text.render(failure: 0, of: decision, lineCharacters: whole.count)
        #expect(try Self.line(text) == whole)
        text.render(failure: 0, of: decision, lineCharacters: whole.count - 1)
        #expect(try Self.line(text) == String(whole.dropLast("; see \(link)".count)))
    }
}
