import Authoring
import Foundation
import FoundationXML
import JSON
import Kubernetes
import Policy
import Testing

/// Explanations for people and programs.
@Suite struct ExplainTests {
    private static func explain(
        _ text: String,
        _ policies: String...,
        change: (inout CheckRun.Circumstances) -> Void = { _ in }
    ) throws -> Explained {
        var configuration = PolicyConfiguration()
        configuration.tracesExpressions = true
        configuration.maximumExpressionTime = .seconds(3600)
        let library = PolicyLibrary(
            files: Files(["p.yaml": policies.joined(separator: "\n---\n")]),
            configuration: configuration
        )
        let result = library.set(ofPaths: ["p.yaml"])
        var circumstances = CheckRun.Circumstances(now: WallTime("2027-01-01T00:00:00Z"))
        change(&circumstances)
        var run = CheckRun(
            try #require(result.set, "\(result.issues)"),
            configuration: configuration,
            circumstances
        )
        var explanations: [Explanation] = []
        run.check(ManifestFile(Array(text.utf8), file: "app.yaml")) { explanations.append($0) }
        return Explained(explanations: explanations, report: run.finish())
    }

    /// What was explained, to be written in any form.
    private struct Explained {
        let explanations: [Explanation]
        let report: CheckReport

        func written(
            _ format: ExplanationWriter.Format,
            _ filter: ExplanationFilter = ExplanationFilter(),
            isColoured: Bool = false
        ) -> String {
            var pieces: [String] = []
            var writer = ExplanationWriter(format, filter, isColoured: isColoured) { pieces.append($0) }
            for explanation in explanations { writer.add(explanation) }
            writer.end(report)
            return pieces.joined()
        }
    }

    private static func text(_ explained: Explained, _ filter: ExplanationFilter = ExplanationFilter()) -> [String] {
        let text = explained.written(.text, filter)
        #expect(text.hasSuffix("\n"))
        return text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static let elsewhere = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: databases}
        spec:
          match: {resources: [sql.azure.com/*]}
          rules: [{name: r, locations: {allow: [westeurope]}}]
        """

    @Test func theTreeSaysFirstWhatWasDecidedAndWhy() throws {
        let lines = Self.text(try Self.explain(CheckTests.account, accountPolicy, Self.elsewhere))
        #expect(
            lines == [
                "StorageAccount team-a/data: denied",
                "├─ CREATE of storage.azure.com/StorageAccount v1api20230101 by kubernetes-user, app.yaml:1:1",
                "├─ denied by",
                "│  └─ 5:13 accounts/regions: spec.location is \"uksouth\"; allowed: westeurope, northeurope; set spec.location to westeurope or northeurope",
                "├─ warnings",
                "│  └─ 6:22 accounts/tls: spec.minimumTlsVersion is \"TLS1_0\"; allowed: TLS1_2 or later; set spec.minimumTlsVersion to TLS1_2 or later",
                "├─ only logged",
                "│  └─ 5:3 accounts/owner: spec.tags.owner is missing; add the tag owner",
                "├─ AzurePolicy accounts: 3 failed, 1 of 1 mutations",
                "│  ├─ for resources storage.azure.com/StorageAccount; operations CREATE, UPDATE",
                "│  ├─ ✗ regions (locations): denies",
                "│  │  └─ 5:13 spec.location = uksouth  location.region",
                "│  ├─ ✗ tls (exposure): warns",
                "│  │  └─ 6:22 spec.minimumTlsVersion = TLS1_0  tls.minimumVersion",
                "│  └─ ✗ owner (tags): is only logged",
                "│     └─ 5:3 spec.tags.team = a  tags",
                "├─ mutations: nothing of them remains, for the object is denied",
                "│  └─ ✓ accounts/team",
                "│     └─ spec.tags.team: not set → a",
                "└─ not for it: 1 of 2",
                "   └─ AzurePolicy databases: resources: sql.azure.com/*; the object is storage.azure.com/StorageAccount",
                "",
                "1 manifest: 0 allowed, 1 denied",
            ]
        )
    }

    @Test func filtersTellLess() throws {
        let report = try Self.explain(CheckTests.account, accountPolicy, Self.elsewhere)
        let named = Self.text(report, ExplanationFilter(policy: "data*"))
        #expect(named.contains { $0.hasPrefix("└─ AzurePolicy databases: not for it: resources: sql.azure.com/*") })
        #expect(named.contains("   └─ match") || named.contains { $0.contains("✗ resources: sql.azure.com/*") })
        #expect(!named.contains { $0.contains("accounts") })
        let rule = Self.text(report, ExplanationFilter(rule: "tls"))
        #expect(rule.contains { $0.contains("✗ tls (exposure): warns") } && !rule.contains { $0.contains("regions") })
        // Nobody should take the one that is asked for for the one that denies.
        #expect(rule.contains("├─ 2 more of other policies or rules; denials among them: 1"))
        let verbose = Self.text(report, ExplanationFilter(isVerbose: true))
        #expect(verbose.contains { $0.contains("✓ operations: CREATE, UPDATE; the request is CREATE") })
    }

    @Test func coloursAreForTerminals() throws {
        let report = try Self.explain(CheckTests.account, accountPolicy)
        #expect(!Self.text(report).joined().contains("\u{1b}"))
        let coloured = report.written(.text, isColoured: true)
        #expect(coloured.contains("\u{1b}[31mdenied\u{1b}[0m"))
    }

    @Test func whatNoPolicyIsForSaysSo() throws {
        let lines = Self.text(try Self.explain(CheckTests.account, Self.elsewhere))
        #expect(lines.first == "StorageAccount team-a/data: allowed, for no policy is for it")
    }

    @Test func exceptionsSayWhatTheyWaive() throws {
        func exception(_ name: String, _ namespace: String) -> String {
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyException
            metadata: {name: \(name)}
            spec:
              policies: [{name: accounts, rules: [regions]}]
              subjects: {namespaces: [\(namespace)]}
              expiresAt: "2027-06-01T00:00:00Z"
              reason: the move takes till May
              approvedBy: cloud-team
            """
        }
        let lines = Self.text(
            try Self.explain(CheckTests.account, accountPolicy, exception("a", "team-a"), exception("b", "team-b"))
        )
        #expect(lines.contains { $0.hasSuffix("✗ regions (locations): waived by exception a") })
        #expect(
            lines.contains {
                $0.hasSuffix("✓ a waives accounts/regions until 2027-06-01T00:00:00Z: the move takes till May")
            }
        )
        #expect(
            lines.contains {
                $0.hasSuffix("– b does not waive accounts/regions: namespaces: team-b; the namespace is team-a")
            }
        )
    }

    @Test func plansAreToldInTheirOwnWords() throws {
        let plan = #"""
            {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {}, "resource_changes": [
              {"address": "azurerm_storage_account.main", "mode": "managed", "type": "azurerm_storage_account",
               "name": "main", "change": {"actions": ["create"], "before": null,
                "after": {"name": "data", "min_tls_version": "TLS1_2"},
                "after_unknown": {"id": true, "location": true}}}]}
            """#
        let lines = Self.text(try Self.explain(plan, accountPolicy))
        #expect(lines.first == "azurerm_storage_account.main: denied")
        #expect(lines.contains { $0.contains(" location is not known: ") })
        #expect(lines.contains { $0.hasSuffix(" min_tls_version = TLS1_2  tls.minimumVersion") })
    }

    @Test func recordsAreTold() throws {
        var run = CheckRun(.empty, configuration: PolicyConfiguration())
        var count = 0
        run.check(review: Array("{}".utf8), at: Report.Place(file: "r.jsonl", line: 1, column: 1)) { _ in count += 1 }
        #expect(count == 0 && run.finish().errors.count == 1)
    }

    // MARK: Programs

    @Test func theObjectForProgramsHasItAll() throws {
        let report = try Self.explain(CheckTests.account, accountPolicy, Self.elsewhere)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(report.written(.json).utf8)) as? [String: Any]
        )
        #expect(json["manifests"] as? Int == 1 && json["denied"] as? Int == 1 && json["errors"] as? Int == 0)
        let explanation = try #require((json["explanations"] as? [[String: Any]])?.first)
        #expect(explanation["decision"] as? String == "Deny" && explanation["user"] as? String == "kubernetes-user")
        #expect(explanation["patch"] == nil)
        let policies = try #require(explanation["policies"] as? [[String: Any]])
        #expect(policies.map { $0["match"] as? String } == ["matches", "differs"])
        #expect(
            policies[1]["reason"] as? String
                == "resources: sql.azure.com/*; the object is storage.azure.com/StorageAccount"
        )
        let rules = try #require(policies[0]["rules"] as? [[String: Any]])
        #expect(rules.map { $0["verdict"] as? String } == ["failed", "failed", "failed"])
        #expect(rules.map { $0["findings"] as? [Int] } == [[0], [1], [2]])
        let facet = try #require((rules[0]["facets"] as? [[String: Any]])?.first)
        #expect(facet["field"] as? String == "spec.location" && facet["value"] as? String == "uksouth")
        #expect(facet["state"] as? String == "known" && facet["line"] as? Int == 5 && facet["column"] as? Int == 13)
        let mutation = try #require((explanation["mutations"] as? [[String: Any]])?.first)
        let change = try #require((mutation["changes"] as? [[String: Any]])?.first)
        #expect(change["field"] as? String == "spec.tags.team" && change["after"] as? String == "a")
        #expect(change["before"] == nil)
    }

    /// An object a document, each after the other.
    private static func several(_ count: Int) -> String {
        (0..<count).map { CheckTests.account.replacing("name: data", with: "name: data\($0)") }
            .joined(separator: "\n---\n")
    }

    @Test(arguments: ExplanationWriter.Format.allCases) func objectsAreWrittenOneByOne(
        _ format: ExplanationWriter.Format
    ) throws {
        let explained = try Self.explain(Self.several(3), accountPolicy)
        #expect(explained.explanations.count == 3)
        var written = ""
        var writer = ExplanationWriter(format) { written += $0 }
        for (place, explanation) in explained.explanations.enumerated() {
            writer.add(explanation)
            // Whether a page is about one object is not known before the second.
            let first = format == .html && place == 0 ? -1 : place
            for other in 0..<3 { #expect(written.contains("data\(other)") == (other <= first)) }
        }
        writer.end(explained.report)
        #expect(written == explained.written(format))
    }

    @Test(arguments: 0...3) func jsonAndYAMLAreTheSameObject(_ count: Int) throws {
        let explained = try Self.explain(count == 0 ? "# nothing" : Self.several(count), accountPolicy)
        let json = try JSONDocument(parsing: Array(explained.written(.json).utf8))
        let list = try #require(json.member("explanations", of: json.root))
        #expect(json.count(of: list) == count)
        #expect(
            explained.written(.json).hasSuffix(
                "\"manifests\":\(count),\"allowed\":0,\"denied\":\(count),\"errors\":0}\n"
            )
        )
        let yaml = try #require(try JSONDocument.parseYAML(Array(explained.written(.yaml).utf8)).first)
        #expect(explained.written(.yaml) == YAMLText.yaml(ofJSON: Array(explained.written(.json).utf8)) + "\n")
        #expect(yaml.count(of: try #require(yaml.member("explanations", of: yaml.root))) == count)
    }

    @Test func resultsOfExplainedObjectsAreCountedAndNotKept() throws {
        let report = try Self.explain(Self.several(2), accountPolicy).report
        #expect(report.results.isEmpty && report.judgedCount == 2 && report.deniedCount == 2)
        #expect(report.summary == "2 manifests: 0 allowed, 2 denied")
    }

    // MARK: Pages

    @Test func severalObjectsCanBeChosenFrom() throws {
        let one = try Self.explain(CheckTests.account, accountPolicy).written(.html)
        let two = try Self.explain(Self.several(2), accountPolicy).written(.html)
        #expect(!one.contains("<input") && two.contains("<title>Explanations – Portcullis</title>"))
        #expect(two.contains("<input type=\"radio\" name=\"show\" id=\"denied\" />"))
        // Why it was denied is seen at once, what each policy has found when it is asked for.
        #expect(two.contains("<details open><summary><h3><span class=\"red\">denied by</span></h3></summary>"))
        #expect(two.contains("<details><summary><h3><span class=\"bold\">AzurePolicy accounts</span>"))
        #expect(one.contains("<details open><summary><h3><span class=\"bold\">AzurePolicy accounts</span>"))
    }

    @Test func onlyLinksOfTheWebAreLinks() throws {
        func page(_ link: String) throws -> String {
            let policy = accountPolicy.replacing("name: regions,", with: "name: regions, link: \"\(link)\",")
            return try Self.explain(CheckTests.account, policy).written(.html)
        }
        #expect(
            try page("https://example.com/a?b&c").contains(
                "<a href=\"https://example.com/a?b&amp;c\" rel=\"noreferrer\">"
            )
        )
        #expect(try !Self.explain(CheckTests.account, accountPolicy).written(.html).contains("<a "))
    }

    private static let hostile = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: "<script>alert(1)</script>", namespace: team-a}
        spec:
          location: "\\"><img src=x onerror=alert(2)>"
          minimumTlsVersion: "' onmouseover='alert(3)"
          tags: {"</details><script>": "&amp;<b>"}
        """

    private static let hostilePolicy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: hostile}
        spec:
          rules:
            - {name: regions, message: "<script>alert(4)</script>", locations: {allow: [westeurope]}}
            - {name: tags, tags: {required: {owner: {}}}}
            - {name: cel, cel: {expression: "object.spec.location == '<i>' || object.spec.minimumTlsVersion == '</span>'", messageExpression: "'<u>' + object.spec.location"}}
        """

    @Test func noTextBecomesMarkup() throws {
        let report = try Self.explain(Self.hostile, Self.hostilePolicy)
        #expect(report.report.deniedCount == 1)
        let html = report.written(.html, ExplanationFilter(isVerbose: true))
        for tag in ["<script", "<img", "<b>", "<i>", "<u>", "</details><script"] {
            #expect(!html.contains(tag), "\(tag)")
        }
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("&lt;u&gt;"))
        // The only tags are ours, and each is closed in its place.
        let body =
            try #require(html.range(of: "<body>")).lowerBound..<(try #require(html.range(of: "</html>")).lowerBound)
        let elements = Elements()
        let parser = XMLParser(
            data: Data(html[body].replacing("<details open>", with: "<details open=\"open\">").utf8)
        )
        parser.delegate = elements
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(
            elements.names == [
                "body", "header", "h1", "main", "article", "details", "summary", "h2", "h3", "span", "code", "ul",
                "li", "footer", "p",
            ]
        )
        #expect(elements.attributes == ["class", "open", "role", "aria-label"])
    }

    @Test func pagesNeedNothingElse() throws {
        let html = try Self.explain(CheckTests.account, accountPolicy).written(.html)
        #expect(html.hasPrefix("<!DOCTYPE html>\n") && html.hasSuffix("</html>\n"))
        #expect(!html.contains("http") || html.components(separatedBy: "http").count == 2)
        #expect(html.contains("default-src 'none'") && html.contains("prefers-color-scheme: dark"))
        #expect(html.contains("<title>StorageAccount team-a/data – Portcullis</title>"))
        #expect(html.contains("<details open><summary><h2><span class=\"bold\">StorageAccount team-a/data</span>"))
    }

    @Test func linesMoveNoCursor() throws {
        let text = CheckTests.account.replacing("uksouth", with: "\"a\\u001b[2Jb\\nc\"")
        let lines = Self.text(try Self.explain(text, accountPolicy))
        #expect(!lines.joined().contains("\u{1b}") && lines.allSatisfy { !$0.contains("\n") })
    }
}

/// Which elements and attributes a page has.
private final class Elements: NSObject, XMLParserDelegate {
    private(set) var names: Set<String> = []
    private(set) var attributes: Set<String> = []

    func parser(
        _ parser: XMLParser,
        didStartElement name: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String]
    ) {
        names.insert(name)
        self.attributes.formUnion(attributes.keys)
    }
}
