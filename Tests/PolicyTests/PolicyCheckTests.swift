import JSON
import Kubernetes
import Policy
import Testing

/// What is said of policies before there is a request.
@Suite struct PolicyCheckTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let match: String
        let rules: [String]
        let says: [String]

        init(_ name: String, match: String = "{}", _ rules: [String], says: [String] = []) {
            self.name = name
            self.match = match
            self.rules = rules
            self.says = says
        }

        var testDescription: String { name }

        /// A policy whose rule on line 6 is called a, that on line 7 b, and so on.
        var text: String {
            let lines = zip("abcdefgh", rules).map { "    - {name: \($0), \($1)}" }
            return """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: p}
                spec: {match: \(match),
                  rules: [
                \(lines.joined(separator: ",\n").replacing("    - ", with: "    "))
                  ]}
                """
        }
    }

    static let split = "leave one of the rules, or make a policy of each with a match of its own"
    static let twice = "remove the rule, or let it ask for more"

    static let contradictions: [Case] = [
        Case(
            "two regions",
            ["locations: {allow: [westeurope]}", "locations: {allow: [northeurope]}"],
            says: [
                #"7:26: error: spec.rules[1].locations: allows no location that rule "a" allows, so that none passes both; "#
                    + split
            ]
        ),
        Case(
            "a region in common",
            ["locations: {allow: [westeurope, eastus]}", "locations: {allow: [West US, West Europe]}"]
        ),
        Case(
            "all that is allowed is denied",
            ["locations: {allow: [westeurope]}", "locations: {deny: [eastus, West Europe]}"],
            says: [#"7:26: error: spec.rules[1].locations: denies every location that rule "a" allows; "# + split]
        ),
        Case(
            "the same the other way round",
            ["locations: {deny: [eastus, westeurope]}", "locations: {allow: [westeurope]}"],
            says: [#"7:26: error: spec.rules[1].locations: allows no location but what rule "a" denies; "# + split]
        ),
        Case(
            "a rule that denies all that it allows",
            ["skus: {allow: [S1, {name: S2}], deny: ['s*']}"],
            says: [
                "6:21: error: spec.rules[0].skus: denies every SKU that it allows, so that none passes; take from deny what "
                    + "is to pass"
            ]
        ),
        Case("a rule that denies some of what it allows", ["skus: {allow: ['S*'], deny: [S1]}"]),
        Case(
            "two tiers",
            ["skus: {allow: [{tier: Basic}]}", "skus: {allow: [{tier: Standard, name: 'S*'}]}"],
            says: [
                #"7:21: error: spec.rules[1].skus: allows no SKU that rule "a" allows, so that none passes both; "#
                    + split
            ]
        ),
        Case("a tier and a name", ["skus: {allow: [{tier: Basic}]}", "skus: {allow: [{name: 'S*'}]}"]),
        Case(
            "patterns that cannot meet",
            ["skus: {allow: ['GP_*']}", "skus: {allow: ['BC_*']}"],
            says: [
                #"7:21: error: spec.rules[1].skus: allows no SKU that rule "a" allows, so that none passes both; "#
                    + split
            ]
        ),
        Case("patterns that may meet", ["skus: {allow: ['GP_*']}", "skus: {allow: ['*_8']}"]),
        Case(
            "a tag that is required and forbidden",
            ["tags: {required: {Team: {}}}", "tags: {forbidden: ['te*']}"],
            says: [#"7:21: error: spec.rules[1].tags: forbids what rule "a" requires; "# + split]
        ),
        Case(
            "values of a tag",
            ["tags: {required: {Team: {values: [a]}}}", "tags: {required: {team: {values: [A]}}}"],
            says: [
                #"7:21: error: spec.rules[1].tags: allows no tag team that rule "a" allows, so that none passes both; "#
                    + split
            ]
        ),
        Case(
            "kinds",
            ["kinds: {allow: ['sql.azure.com/*']}", "kinds: {allow: ['storage.azure.com/*']}"],
            says: [
                #"7:22: error: spec.rules[1].kinds: allows no kind that rule "a" allows, so that none passes both; "#
                    + split
            ]
        ),
        Case(
            "one that only warns",
            ["locations: {allow: [westeurope]}", "action: Warn, locations: {allow: [northeurope]}"]
        ),
    ]

    static let shadows: [Case] = [
        Case(
            "the same twice",
            ["locations: {allow: [westeurope]}", "locations: {allow: [West Europe]}"],
            says: [#"7:26: warning: spec.rules[1].locations: finds nothing that rule "a" does not find; "# + twice]
        ),
        Case(
            "a wider list",
            ["locations: {allow: [westeurope, northeurope]}", "locations: {allow: [westeurope]}"],
            says: [#"6:26: warning: spec.rules[0].locations: finds nothing that rule "b" does not find; "# + twice]
        ),
        Case(
            "a greater maximum",
            ["skus: {maximum: {vCores: 4}}", "skus: {maximum: {vCores: 8}}"],
            says: [#"7:21: warning: spec.rules[1].skus: finds nothing that rule "a" does not find; "# + twice]
        ),
        Case(
            "what is not allowed anyway",
            ["skus: {allow: ['S*']}", "skus: {deny: [Premium]}"],
            says: [#"7:21: warning: spec.rules[1].skus: finds nothing that rule "a" does not find; "# + twice]
        ),
        Case(
            "a warning of what is denied",
            ["locations: {allow: [westeurope]}", "action: Warn, locations: {allow: [westeurope]}"],
            says: [#"7:40: warning: spec.rules[1].locations: finds nothing that rule "a" does not find; "# + twice]
        ),
        Case(
            "a denial of what is warned of",
            ["action: Warn, locations: {allow: [westeurope]}", "locations: {allow: [westeurope]}"],
            says: [#"6:40: warning: spec.rules[0].locations: finds nothing that rule "b" does not find; "# + twice]
        ),
        Case(
            "a warning of more",
            ["locations: {allow: [westeurope, eastus]}", "action: Warn, locations: {allow: [westeurope]}"]
        ),
        Case(
            "other meaning of absence",
            ["locations: {allow: [westeurope]}", "ifAbsent: Allow, locations: {allow: [westeurope]}"]
        ),
        Case(
            "what the other does not say of global",
            ["locations: {allow: [westeurope], global: Deny}", "locations: {allow: [westeurope]}"],
            says: [#"7:26: warning: spec.rules[1].locations: finds nothing that rule "a" does not find; "# + twice]
        ),
        Case("patterns of tags", ["tags: {required: {a: {pattern: '^a'}}}", "tags: {required: {a: {pattern: '^a'}}}"]),
        Case(
            "an older TLS",
            ["exposure: {minimumTLSVersion: '1.2'}", "exposure: {minimumTLSVersion: '1.0'}"],
            says: [#"7:25: warning: spec.rules[1].exposure: finds nothing that rule "a" does not find; "# + twice]
        ),
        Case(
            "different switches",
            ["exposure: {publicNetworkAccess: Disabled}", "exposure: {localAuthentication: Disabled}"]
        ),
        Case(
            "a switch of several",
            [
                "exposure: {publicNetworkAccess: Disabled, minimumTLSVersion: '1.2'}",
                "exposure: {publicNetworkAccess: Disabled}",
            ],
            says: [#"7:25: warning: spec.rules[1].exposure: finds nothing that rule "a" does not find; "# + twice]
        ),
    ]

    static let matches: [Case] = [
        Case(
            "every namespace taken away",
            match: "{namespaces: [team-a, 'team-b*'], excludedNamespaces: ['team-*']}",
            ["locations: {allow: [westeurope]}"],
            says: [
                "4:69: warning: spec.match.excludedNamespaces: takes away every namespace, so that the policy matches nothing; "
                    + "take from it what is meant"
            ]
        ),
        Case(
            "every kind taken away",
            match: "{excludedResources: ['*.azure.com/*']}",
            ["locations: {allow: [westeurope]}"],
            says: [
                "4:35: warning: spec.match.excludedResources: takes away every kind, so that the policy matches nothing; take "
                    + "from it what is meant"
            ]
        ),
        Case(
            "every user taken away",
            match: "{users: [dev-a], excludedUsers: ['dev-*']}",
            ["locations: {allow: [westeurope]}"],
            says: [
                "4:47: warning: spec.match.excludedUsers: takes away every user, so that the policy matches nothing; take from "
                    + "it what is meant"
            ]
        ),
        Case(
            "users taken away, groups not",
            match: "{users: [dev-a], groups: [x], excludedUsers: ['dev-*']}",
            ["locations: {allow: [westeurope]}"]
        ),
        Case(
            "some namespaces taken away",
            match: "{namespaces: ['team-*'], excludedNamespaces: [team-a]}",
            ["locations: {allow: [westeurope]}"]
        ),
        Case(
            "connections",
            match: "{operations: [CONNECT]}",
            ["locations: {allow: [westeurope]}", "kinds: {deny: ['sql*/*']}"],
            says: [
                "6:26: warning: spec.rules[0].locations: is asked on CONNECT alone, where there is no object to judge; add "
                    + "CREATE and UPDATE to spec.match.operations"
            ]
        ),
        Case(
            "a kind without regions",
            match: "{resources: [authorization.azure.com/RoleAssignment]}",
            ["locations: {allow: [westeurope]}", "kinds: {deny: ['sql*/*']}"],
            says: [
                "6:26: warning: spec.rules[0].locations: is about location, which no kind has that the policy matches; match "
                    + "other resources, or remove the rule"
            ]
        ),
        Case(
            "a kind that nobody knows",
            match: "{resources: [novel.example/Thing]}",
            ["locations: {allow: [westeurope]}"]
        ),
        Case(
            "one kind of several has regions",
            match: "{resources: [authorization.azure.com/RoleAssignment, 'sql.azure.com/*']}",
            ["locations: {allow: [westeurope]}"]
        ),
    ]

    @Test(arguments: contradictions + shadows + matches) func says(_ example: Case) throws {
        let result = try compile([("p.yaml", example.text)])
        #expect(result.issues.map(\.description) == example.says.map { "p.yaml:\($0)" })
        #expect((result.set == nil) == example.says.contains { $0.contains(": error: ") })
    }

    @Test func warnsOfPoliciesThatContradictEachOther() throws {
        let one = policy("one", match: "{namespaces: [team-a]}", rule: "locations: {allow: [westeurope]}")
        let two = policy("two", match: "{namespaces: [team-a]}", rule: "locations: {allow: [northeurope]}")
        let result = try compile([("1.yaml", one), ("2.yaml", two)])
        #expect(
            result.issues.map(\.description) == [
                "2.yaml:8:28: warning: spec.rules[0].locations: allows no location that rule \"r\" of AzurePolicy one allows, "
                    + "so that none passes both; let the policies match different things, or remove one of the rules"
            ]
        )
        #expect(result.set != nil)
        let elsewhere = policy("two", match: "{namespaces: [team-b]}", rule: "locations: {allow: [northeurope]}")
        #expect(try compile([("1.yaml", one), ("2.yaml", elsewhere)]).issues.isEmpty)
        // What a namespace's owner writes is no matter of the platform's.
        let own = namespacePolicy(spec: "{rules: [{name: r, locations: {allow: [northeurope]}}]}")
        #expect(try compile([("1.yaml", one), ("2.yaml", own)]).issues.isEmpty)
    }

    /// Rules of a policy are compared with each other, so that there is an end to them.
    @Test(arguments: ["AzurePolicy", "NamespaceAzurePolicy"]) func aPolicyHasSoManyRules(_ kind: String) throws {
        for (count, says) in [(1000, []), (1001, ["has 1001 rules, and a policy may have 1000"])] {
            let rules = (0..<count).map { "{name: r\($0), locations: {deny: [westeurope]}, action: Audit}" }
            let text = namespacePolicy(spec: "{rules: [\(rules.joined(separator: ", "))]}")
            let result = try compile([("p.yaml", text.replacing("NamespaceAzurePolicy", with: kind))])
            let errors = result.issues.filter { $0.severity == .error }
            #expect(errors.map { "\($0.field) \($0.message)" } == says.map { "spec.rules \($0)" })
            #expect((result.set != nil) == says.isEmpty)
        }
    }

    @Test func aPolicyHasSoManyMutations() throws {
        let mutations = (0..<1001).map { "{name: m\($0), tags: {set: {a\($0): b}}}" }.joined(separator: ", ")
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec: {mutations: [\(mutations)]}
            """
        let result = try compile([("p.yaml", text)])
        #expect(result.issues.map(\.message) == ["has 1001 mutations, and a policy may have 1000"])
        #expect(result.set == nil)
    }

    /// Of very many faults the first are told, and none is lost for what the set is worth.
    @Test func faultsThatNobodyReadsCount() throws {
        let warned = (0..<300).map { "\"novel\($0).azure.com/X\"" }.joined(separator: ", ")
        let wrong = (0..<300).map { "\"\($0)\"" }.joined(separator: ", ")
        let result = try compile([
            ("p.yaml", policy(match: "{resources: [\(warned), \(wrong)]}", rule: "locations: {deny: [eastus]}"))
        ])
        #expect(result.issues.count { $0.severity == .warning } == 200)
        #expect(result.issues.count { $0.severity == .error } == 200)
        #expect(result.set == nil)
    }

    @Test func aThousandAlikeSayLittle() throws {
        let files = (0..<1000).map { number in
            ("\(number).yaml", policy("p\(number)", rule: "locations: {allow: [region\(number)]}"))
        }
        let result = try compile(files)
        #expect(result.set != nil)
        #expect(result.issues.allSatisfy { $0.severity == .warning })
    }
}
