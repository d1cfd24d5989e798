import Authoring
import Foundation
import Policy
import TestSupport
import Testing

/// What `lint` finds, and what it leaves alone.
@Suite struct LintTests {
    private static func lint(
        _ texts: [String: String],
        hasTests: Bool = true,
        isAboutPortability: Bool = false
    ) -> LintReport {
        var run = LintRun(
            configuration: PolicyConfiguration(),
            now: WallTime("2030-01-01T00:00:00Z"),
            isAboutPortability: isAboutPortability
        )
        for (file, text) in texts.sorted(by: { $0.key < $1.key }) {
            run.add(Array(text.utf8), file: file, hasTests: hasTests)
        }
        return run.finish()
    }

    private static func policy(_ spec: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: a}
        spec:
        \(spec)
        """
    }

    /// `PC012 5:3` for each finding.
    private static func codes(_ spec: String, hasTests: Bool = true) -> [String] {
        lint(["a.yaml": policy(spec)], hasTests: hasTests).findings.map {
            "\($0.code.rawValue) \($0.place.line):\($0.place.column)"
        }
    }

    private static func expression(_ text: String, _ kinds: String = "storage.azure.com/StorageAccount") -> [String] {
        codes(
            """
              match: {resources: ["\(kinds)"]}
              rules:
                - name: a
                  message: stop
                  cel:
                    expression: >-
                      \(text)
            """
        ).map { String($0.prefix(5)) }
    }

    @Test(arguments: [
        ("  rules: [{name: a, locations: {allow: [westeurop]}}]", ["PC012 5:41"]),
        ("  acton: Warn\n  rules: [{name: a, locations: {allow: [westeurope]}}]", ["PC003 5:3"]),
        ("  rules: [{name: a, locations: {allow: [westeurope], deny: [westeurope]}}]", ["PC007 5:32"]),
        ("  parameters: {x: 1}\n  rules: [{name: a, zones: {minimum: 2}}]", ["PC015 5:19"]),
        ("  match: {resources: [sql.azure.com/Severs]}\n  rules: [{name: a, zones: {minimum: 2}}]", ["PC011 5:23"]),
        ("  rules: [{name: a, cel: {expression: \"1 +\", message: m}}]", ["PC004 5:43"]),
        ("  rules: [{name: a, locations: {allow: [West Europe, northeurope]}}]", ["PC038 5:41"]),
        ("  failurePolicy: Ignore\n  rules: [{name: a, zones: {minimum: 2}}]", ["PC035 5:18"]),
        ("  failurePolicy: Ignore\n  action: Warn\n  rules: [{name: a, zones: {minimum: 2}}]", []),
        ("  rules: [{name: a, cel: {expression: \"has(object.spec)\"}}]", ["PC036 5:26"]),
        (
            "  variables: [{name: x, expression: \"1\"}, {name: xy, expression: \"2\"}]\n"
                + "  rules: [{name: a, cel: {expression: \"variables.xy == 2\", message: m}}]", ["PC015 5:15"]
        ),
        (
            "  match: {resources: [storage.azure.com/StorageAccount]}\n  rules: [{name: a, skus: {deny: [\"Premium*\"]}}]",
            ["PC030 6:27"]
        ),
        (
            "  match: {resources: [storage.azure.com/StorageAccount]}\n"
                + "  rules: [{name: a, ifAbsent: Deny, skus: {deny: [\"Premium*\"]}}]", []
        ),
        (
            "  match: {resources: [storage.azure.com/StorageAccount]}\n"
                + "  rules: [{name: a, skus: {allow: [\"Standard*\"], maximum: {storageGB: 9}}}]", []
        ),
        (
            "  match: {resources: [sql.azure.com/ServersDatabase]}\n  rules: [{name: a, skus: {maximum: {vCores: 4}}}]",
            ["PC031 6:27"]
        ),
    ])
    func findsWithCodeAndPlace(_ spec: String, _ expected: [String]) {
        #expect(Self.codes(spec) == expected)
    }

    @Test func expressionsThatBreak() {
        #expect(Self.expression("object.spec.kind == 'StorageV2'") == ["PC032"])
        #expect(Self.expression("!has(object.spec.kind) || object.spec.kind == 'object.spec.sku'") == [])
        #expect(Self.expression("object.spec.?kind.orValue('') == 'a'") == [])
        #expect(Self.expression("has(object.spec.encryption.identity)") == ["PC032"])
        #expect(Self.expression("has(object.spec.encryption) && has(object.spec.encryption.identity)") == [])
        #expect(Self.expression("object.metadata.name.startsWith('a')") == [])
        #expect(Self.expression("has(object.spec.kind) && object.spec.kind.startsWith('a')") == [])
        #expect(Self.expression("'a' in object.metadata.labels") == ["PC032"])
        #expect(Self.expression("[1].all(a, [1].all(b, [1].exists(c, a == b || b == c)))") == ["PC034"])
        #expect(Self.expression("[1].all(a, [1].all(b, a == b)) && [1].all(c, c == 1)") == [])
        let credential = "managedidentity.azure.com/FederatedIdentityCredential"
        #expect(Self.expression("!has(object.spec.subject) || object.spec.subject == 'a'", credential) == ["PC033"])
        #expect(Self.expression("has(object.spec.subject) && object.spec.subject == 'a'", credential) == [])
        #expect(
            Self.expression("has(object.spec.subjectFromConfig) || !has(object.spec.subject)", credential) == []
        )
        // By what a missing field makes of the expression, not by its words.
        #expect(Self.expression("object.spec.?subject.orValue('a') in ['a']", credential) == ["PC033"])
        #expect(Self.expression("object.spec.?subject.orValue('') in ['a']", credential) == [])
        #expect(
            Self.expression("!object.spec.?subject.orValue('').contains('subjectFromConfig')", credential) == ["PC033"]
        )
        #expect(Self.expression("has(object.spec.subject) && true || has(object.spec.issuer)", credential) == [])
        // Nothing that is no expression of CEL is too much.
        for text in [
            "object.", "object.spec.", "'", "\\\\'", "((((", "))))", "\"\"\"", "object.spec.a(", "//", "r'\\'",
        ] {
            _ = Self.expression(text)
        }
    }

    @Test func whatAConditionAsksForIsThere() {
        let found = Self.codes(
            """
              match: {conditions: [{name: a, expression: has(object.spec.kind)}]}
              rules: [{name: a, cel: {expression: object.spec.kind == 'a', message: m}}]
            """
        )
        #expect(found == [])
    }

    /// What follows of how a policy's expressions hang together.
    @Test(arguments: [
        // Variables are asked where they are read.
        ("variables: [{name: x, expression: object.spec.kind}]", "has(object.spec.kind) && variables.x == 'a'", []),
        ("variables: [{name: x, expression: object.spec.kind}]", "variables.x == 'a'", ["PC032 6:49"]),
        (
            "variables: [{name: x, expression: has(object.spec.kind)}]", "variables.x ? object.spec.kind == 'a' : true",
            []
        ),
        ("match: {conditions: [{name: a, expression: \"has(object.spec.kind)\"}]}", "object.spec.kind == 'a'", []),
        (
            "match: {conditions: [{name: a, expression: \"has(object.spec.kind) || true\"}]}",
            "object.spec.kind == 'a'",
            ["PC032 10:34"]
        ),
        (
            "match: {conditions: [{name: a, expression: object.spec.kind == 'a'}, {name: b, expression: has(object.spec.kind)}]}",
            "'a' == 'b'", []
        ),
        // A condition that asks for the field leaves out who uses its twin.
        (
            "match: {resources: [managedidentity.azure.com/FederatedIdentityCredential], conditions: "
                + "[{name: a, expression: has(object.spec.subject)}]}",
            "object.spec.subject == 'a'", ["PC033 6:130"]
        ),
    ])
    func expressionsOfAPolicyTogether(_ field: String, _ expression: String, _ expected: [String]) {
        let found = Self.codes(
            """
              action: Deny
              \(field)
              rules:
                - name: a
                  cel:
                    expression: "\(expression)"
                    message: stop
            """
        )
        #expect(found == expected)
    }

    @Test func messagesAreAskedWhereTheRuleIsFalse() {
        let found = Self.codes(
            """
              rules:
                - name: a
                  cel:
                    expression: "!has(object.spec.kind)"
                    messageExpression: "'not ' + object.spec.kind"
                - name: b
                  cel:
                    expression: has(object.spec.tags)
                    messageExpression: "'not ' + object.spec.kind"
            """
        )
        #expect(found == ["PC032 13:50"])
    }

    // MARK: - Cost

    @Test func costsAreEstimatedBySize() throws {
        func findings(_ expression: String, _ parameters: String = "{}") -> [LintFinding] {
            Self.lint([
                "a.yaml": Self.policy(
                    """
                      parameters: \(parameters)
                      rules:
                        - name: a
                          message: stop
                          cel: {expression: "\(expression)"}
                    """
                )
            ]).findings.filter { $0.code == .costly }
        }
        let rules = "object.spec.?rules.orValue([])"
        let nested = try #require(findings("\(rules).all(r, \(rules).exists(s, r == s))").first)
        #expect(nested.level == .warning && nested.place.line == 9)
        #expect(nested.message.contains("1,000,000 are allowed: one of "))
        // Only a flood of elements reaches the limit of one loop, and of loops over the elements of elements.
        #expect(findings("\(rules).all(r, r != 'x')").map(\.level) == [.note])
        #expect(findings("\(rules).all(r, r.?ports.orValue([]).all(p, p != 1))").map(\.level) == [.note])
        // Loops over lists that are written down are bounded, and so is what the user is.
        #expect(findings("\(rules).all(r, r in parameters.known)", "{known: [a, b]}").map(\.level) == [.note])
        #expect(findings("parameters.known.all(a, parameters.known.all(b, a == b))", "{known: [a, b]}").isEmpty)
        #expect(findings("request.userInfo.groups.exists(g, g == 'x')").isEmpty)
        #expect(findings("object.metadata.name.startsWith('a') && object.spec.?kind.orValue('') == 'b'").isEmpty)
    }

    // MARK: - Portability

    @Test func rulesThatGenerateRefusesAreToldWithItsReason() {
        let spec = """
              match: {resources: [storage.azure.com/StorageAccount]}
              rules:
                - {name: five, quota: {count: 5}}
                - {name: here, locations: {allow: [westeurope]}}
              mutations:
                - {name: name, azureName: {default: "x-${name}"}}
            """
        func found(_ text: String, _ isAsked: Bool) -> [LintFinding] {
            Self.lint(["a.yaml": text], isAboutPortability: isAsked).findings.filter { $0.code == .notPortable }
        }
        let findings = found(Self.policy(spec), true)
        #expect(findings.map(\.field) == ["spec.rules[0]", "spec.mutations[0]"])
        #expect(findings.first?.message.contains("quota: it counts what else there is") == true)
        #expect(findings.first?.place.line == 7)
        #expect(found(Self.policy(spec), false).isEmpty)
        // What does not compile is told as that.
        #expect(found(Self.policy("  acton: Warn\n" + spec), true).isEmpty)
        let exception = Self.exception("2031-01-01T00:00:00Z", rule: "here")
        #expect(found(Self.policy(spec) + "\n---\n" + exception, true).map(\.field).contains("metadata.name"))
    }

    // MARK: - Exceptions

    private static func exception(_ end: String, policy: String = "a", rule: String = "r") -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: PolicyException
        metadata: {name: e}
        spec:
          policies: [{name: \(policy), rules: [\(rule)]}]
          subjects: {namespaces: [team-a]}
          expiresAt: \(end)
          reason: until the move
          approvedBy: platform
        """
    }

    @Test(arguments: [
        ("2031-01-01T00:00:00Z", "a", "r", []), ("2029-12-31T00:00:00Z", "a", "r", ["PC020 warning"]),
        ("2030-01-04T00:00:00Z", "a", "r", ["PC020 warning"]), ("2030-01-20T00:00:00Z", "a", "r", ["PC042 note"]),
        ("2030-01-31T00:00:00Z", "a", "r", ["PC042 note"]), ("2030-02-01T00:00:00Z", "a", "r", []),
        ("2031-01-01T00:00:00Z", "b", "r", ["PC006 error"]), ("2031-01-01T00:00:00Z", "a", "s", ["PC006 error"]),
    ])
    func exceptionsThatEndOrNameNothing(_ end: String, _ policy: String, _ rule: String, _ expected: [String]) {
        let report = Self.lint([
            "a.yaml": Self.policy("  rules: [{name: r, locations: {allow: [westeurope]}}]"),
            "e.yaml": Self.exception(end, policy: policy, rule: rule),
        ])
        #expect(report.findings.map { "\($0.code.rawValue) \($0.level.rawValue)" } == expected)
    }

    @Test func bindingsTestsAndFilesThatCannotBeRead() {
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: a}
            spec:
              namespaces: ["*"]
              tenant: 11111111-1111-1111-1111-111111111111
              subscriptions: [22222222-2222-2222-2222-222222222222]
            """
        #expect(Self.lint(["a.yaml": binding]).findings.map(\.code) == [.everyNamespace])
        #expect(Self.codes("  rules: [{name: a, zones: {minimum: 2}}]", hasTests: false) == ["PC037 3:18"])
        let broken = Self.lint(["a.yaml": "a: [", "b.yaml": Self.policy("  acton: Warn")])
        #expect(broken.findings.map(\.code) == [.unreadable, .invalid, .unknownField])
        #expect(broken.count(.error) == 3)
    }

    // MARK: - Comments

    @Test func aCommentWithAReasonSuppresses() {
        let spec = """
              # portcullis:ignore PC035 the webhook is not to stop anybody
              failurePolicy: Ignore
              rules:
                # portcullis:ignore PC012, PC036 the tables are old
                - name: a
                  locations:
                    allow:
                      - westeurop
                - name: b
                  locations: {allow: [westeurop]} # portcullis:ignore PC012 here too
                - name: c
                  locations: {allow: [northeurop]}
            """
        let report = Self.lint(["a.yaml": Self.policy(spec)])
        // The second code of the second comment suppresses nothing.
        #expect(report.findings.contains { $0.code == .needlessIgnore && $0.place.line == 8 })
        #expect(!report.findings.contains { $0.code == .ignoredFailure })
        #expect(report.findings.count { $0.code == .unknownRegion } == 1)
        #expect(report.suppressedCount == 3)
    }

    @Test(arguments: ["PC035", "because", "PC999 because", "PC001 because", ""])
    func aCommentThatIsWrongIsFound(_ text: String) {
        let found = Self.codes("  # portcullis:ignore \(text)\n  rules: [{name: a, zones: {minimum: 2}}]")
        #expect(!found.isEmpty && found.allSatisfy { $0 == "PC050 5:3" })
    }

    // MARK: - Mending

    @Test func editsMendAndKeepComments() throws {
        let text = Self.policy(
            """
              acton: Warn # why
              'faliurePolicy': Fail
              rules:
                - name: a # é West Europe
                  locations: {allow: ["West Europe", North Europe], deny: [uksouth]}
            """
        )
        let report = Self.lint(["a.yaml": text])
        let edits = report.findings.compactMap(\.edit)
        let (mended, done) = LintEdit.apply(edits, to: Array(text.utf8))
        let result = String(decoding: mended, as: UTF8.self)
        #expect(done.map(\.new) == ["action", "failurePolicy", "westeurope", "northeurope"])
        #expect(result.contains("  action: Warn # why\n  'failurePolicy': Fail\n"))
        #expect(result.contains("# é West Europe\n") && result.contains("[\"westeurope\", northeurope]"))
        #expect(!Self.lint(["a.yaml": result]).findings.contains { $0.edit != nil })
    }

    @Test func whatCouldBeTwoThingsIsLeft() {
        let text = Self.policy("  acton: Warn\n  action: Deny\n  rules: [{name: a, zones: {minimum: 2}}]")
        #expect(Self.lint(["a.yaml": text]).findings.compactMap(\.edit).isEmpty)
        let other = LintEdit(line: 1, column: 1, old: "apiVers", new: "b")
        #expect(LintEdit.apply([other], to: Array(text.utf8)).done.isEmpty)
        let beyond = [
            LintEdit(line: 99, column: 1, old: "a", new: "b"), LintEdit(line: 1, column: 99, old: "a", new: "b"),
        ]
        #expect(LintEdit.apply(beyond, to: Array(text.utf8)).done.isEmpty)
    }

    // MARK: - Reports

    @Test func everyFormatNamesTheCode() {
        let report = Self.lint(["a.yaml": Self.policy("  rules: [{name: a, locations: {allow: [westeurop]}}]")])
        #expect(
            report.text().first?.hasPrefix("a.yaml:5:41: warning: PC012: spec.rules[0].locations.allow[0]: ") ?? false
        )
        #expect(report.summary == "1 file: 0 errors, 1 warning, 0 notes")
        #expect(String(decoding: report.json(), as: UTF8.self).contains(#""code":"PC012""#))
        for format in ReportFormat.allCases where format != .junit && format != .tap {
            #expect(report.report(files: ["a.yaml"]).text(format).contains("PC012"), "\(format)")
        }
    }

    @Test func everyCodeIsExplainedAndInTheReadme() throws {
        let readme = try String(contentsOfFile: Fixtures.policies + "/README.md", encoding: .utf8)
        for code in LintCode.allCases {
            let entry = code.entry
            #expect(!entry.explanation.isEmpty && entry.bad != "" && entry.good != "")
            let row =
                "| \(code.rawValue) | \(entry.level.rawValue) | \(entry.title)\(entry.isFixable ? " (`--fix`)" : "") |"
            #expect(readme.contains(row), "\(row)")
        }
        for kind in PolicyIssue.Kind.allCases { #expect(LintCode.allCases.contains(LintCode(kind))) }
    }

    /// What the repository ships has nothing to be warned of.
    @Test func shippedPoliciesAreClean() throws {
        let folder = URL(filePath: Fixtures.policies).resolvingSymlinksInPath().path
        let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        var own: [String: String] = [:]
        for name in names where name.hasSuffix(".yaml") && !name.contains("/") {
            own[name] = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
        }
        #expect(own.count > 5 && Self.lint(own).findings.allSatisfy { $0.level == .note })
        for name in names.sorted()
        where name.hasSuffix(".yaml") && name.hasPrefix("catalogue/") && !name.contains("tests/") {
            let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            let found = Self.lint([name: text]).findings.filter { $0.level != .note }
            #expect(found.isEmpty, "\(name): \(found.map { "\($0.code.rawValue) \($0.message)" })")
        }
    }

    @Test func noCutOfAFileIsTooMuch() throws {
        let text = Array(try String(contentsOfFile: Fixtures.policies + "/expressions.yaml", encoding: .utf8).utf8)
        for end in stride(from: 0, to: text.count, by: 37) {
            _ = Self.lint(["a.yaml": String(decoding: text[..<end], as: UTF8.self)])
        }
        let comments = String(repeating: "  # portcullis:ignore PC035 because\r\n", count: 20_000)
        #expect(Self.codes(comments + "  rules: [{name: a, zones: {minimum: 2}}]").count == 1_000)
        _ = Self.expression(String(repeating: "a.all(", count: 10_000))
        let regions = Array(repeating: "West Europe", count: 20_000).joined(separator: ", ")
        let report = Self.lint(["a.yaml": Self.policy("  rules: [{name: a, locations: {allow: [\(regions)]}}]")])
        #expect(report.findings.count { $0.code == .regionSpelling } == 200)
    }
}
