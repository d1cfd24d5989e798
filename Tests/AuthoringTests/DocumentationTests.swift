import Authoring
import Foundation
import JSON
import TestSupport
import Testing

/// Pages about policies say what stands in the documents, and nothing in these becomes markup.
@Suite struct DocumentationTests {
    private func page(_ yaml: String) throws -> [String] {
        var documentation = PolicyDocumentation()
        for document in try JSONDocument.parseYAML(Array(yaml.utf8)) { documentation.add(document) }
        return documentation.markdown()
    }

    /// The lines of a page, of which all of these must be some.
    private func expect(_ lines: [String], in page: [String]) {
        for line in lines { #expect(page.contains(line), "\(line)\nis not in\n\(page.joined(separator: "\n"))") }
    }

    @Test func aPolicyHasARowAndASection() throws {
        let page = try page(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata:
              name: accounts
              annotations:
                portcullis.dev/title: Accounts stay in Europe
                portcullis.dev/description: "Data is kept here.\\n\\nAnd nowhere else."
            spec:
              parameters: {effect: Audit, regions: [westeurope, northeurope]}
              match:
                resources: [storage.azure.com/*]
                excludedResources: [storage.azure.com/StorageAccount]
                namespaceSelector: {matchLabels: {tier: prod}}
                conditions:
                  - {name: ours, expression: "request.name != 'x' || true"}
              action: "${parameters.effect}"
              failurePolicy: Ignore
              rules:
                - name: regions
                  locations: {allow: "${parameters.regions}"}
                  message: Keep to Europe
                  severity: High
                  link: https://wiki.example/regions
                  ifUnknown: Allow
                - name: named
                  action: Warn
                  cel: {expression: "object.metadata.name != ''", message: "a name"}
              mutations:
                - {name: team, tags: {default: {team: a}}}
            """
        )
        expect(
            [
                "| Policy | Kind | For | Resources | Namespaces | Action | Severity |",
                "| [`accounts`](#azurepolicy-accounts) | AzurePolicy | Accounts stay in Europe "
                    + "| `storage.azure.com/*` but `storage.azure.com/StorageAccount` "
                    + "| with labels `{matchLabels: {tier: prod}}` | Audit, Warn, Mutate | High |",
                "<a id=\"azurepolicy-accounts\"></a>", "## `accounts`",
                "AzurePolicy: **Accounts stay in Europe**", "Data is kept here.", "And nowhere else.",
                "- Operations: `CREATE`, `UPDATE`", "- Action: Audit (`${parameters.effect}`)",
                "- Where an evaluation breaks: Ignore",
                "- `ours`: <code>request.name != 'x' &#124;&#124; true</code>",
                "| `effect` | `Audit` |", "| `regions` | `[westeurope, northeurope]` |",
                "### Rule `regions`", #"`locations: {allow: "${parameters.regions}"}`"#, "- Message: Keep to Europe",
                "- Severity: High", "- If unknown: Allow", "- More: <https://wiki.example/regions>",
                "### Rule `named`", "object.metadata.name != ''", "- Action: Warn", "- message: `a name`",
                "### Mutation `team`", "`tags: {default: {team: a}}`",
            ],
            in: page
        )
    }

    @Test func otherDocumentsHaveSectionsThatFit() throws {
        let page = try page(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], tenant: 11111111-1111-1111-1111-111111111111}
            ---
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyException
            metadata: {name: later}
            spec:
              policies: [{name: accounts, rules: [regions, tls]}]
              subjects: {namespaces: [team-a]}
              expiresAt: "2030-01-01T00:00:00Z"
              reason: It moves in spring
              ticket: T-1
              approvedBy: The board
            ---
            apiVersion: portcullis.dev/v1alpha1
            kind: NamespaceAzurePolicy
            metadata: {name: own, namespace: team-a}
            spec: {rules: [{name: tls, exposure: {minimumTLSVersion: "1.2"}}]}
            ---
            apiVersion: portcullis.dev/v1alpha1
            kind: PriceList
            metadata: {name: prices}
            spec: {currency: EUR, prices: [{kind: sql.azure.com/*, unit: hour, price: 1}]}
            ---
            apiVersion: v1
            kind: List
            items:
              - apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: plain}
                spec:
                  matchConstraints: {resourceRules: [{apiGroups: [a.b], resources: [things]}]}
                  validations: [{expression: "object.x == 1", message: "one *only*"}]
              - apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: bound}
                spec: {policyName: plain, validationActions: [Deny, Audit]}
              - apiVersion: admissionregistration.k8s.io/v1
                kind: MutatingAdmissionPolicyBinding
                metadata: {name: lost}
                spec: {policyName: elsewhere}
              - {apiVersion: v1, kind: ConfigMap, metadata: {name: nobody}}
            """
        )
        expect(
            [
                "| Policy | Kind | Resources | Namespaces | Action |",
                "| `namespaces` | `team-a` | Names of namespaces, with *; needed without a namespaceSelector. |"
                    .replacing("*;", with: "\\*;"),
                "## `team-a/own`", "`exposure: {minimumTLSVersion: \"1.2\"}`",
                "- Waives of `accounts`: `regions`, `tls`", "- For namespaces: `team-a`",
                "- Until: `2030-01-01T00:00:00Z`", "- Reason: It moves in spring", "- Ticket: T-1",
                "- Approved by: The board", "- Prices: 1", "- Currency: `EUR`", "- Kinds: `sql.azure.com/*`",
                "| [`plain`](#validatingadmissionpolicy-plain) | ValidatingAdmissionPolicy | `a.b/things` |  | Deny, Audit |",
                "### Validation 1", "object.x == 1", "- message: one \\*only\\*", "### Binding `bound`",
                "- validationActions: `[Deny, Audit]`", "## `lost`",
                "- Policy, which is not among these: `elsewhere`",
            ],
            in: page
        )
        #expect(!page.contains { $0.contains("nobody") })
    }

    /// Names, words and values that would be markup, wherever a page shows some.
    @Test(arguments: [
        "`x` | y", "<script>alert(1)</script>", "[a](javascript:b)", "![a](//b)", "x\n\n# Heading\n- list",
        "```\n# Heading",
        "**b** _i_ ~~s~~ $m$ &amp; \\", "---", "1. one", "# h", "\u{202e}x", "</code><b>", "</a>",
        "| a | b |\n| - | - |",
        "    indented", "",
    ]) func nothingBecomesMarkup(_ hostile: String) throws {
        var writer = JSONWriter()
        writer.string(hostile)
        let text = String(decoding: writer.finish(), as: UTF8.self)
        let page = try page(
            """
            {"apiVersion": "portcullis.dev/v1alpha1", "kind": "AzurePolicy", "metadata": {"name": \(text), "annotations": {
              "portcullis.dev/title": \(text), "portcullis.dev/description": \(text), "portcullis.dev/severity": \(text)}},
             "spec": {"action": \(text), "failurePolicy": \(text), "parameters": {\(text): \(text)},
              "match": {"resources": [\(text)], "namespaces": [\(text)],
                "conditions": [{"name": \(text), "expression": \(text)}]},
              "variables": [{"name": \(text), "expression": \(text)}],
              "rules": [{"name": \(text), "message": \(text), "link": \(text), "severity": \(text), "cel": {
                "expression": \(text), "messageExpression": \(text)}},
               {"name": \(text), "tags": {"required": {\(text): [\(text), \(text), \(text), \(text), \(text)]}}}]}}
            """
        )
        var fence: String?
        var headings = 0
        var barsOfTable: Int?
        for line in page {
            let inner = line.drop { $0 == " " }
            let ticks = String(inner.prefix { $0 == "`" })
            if let open = fence {
                if inner.allSatisfy({ $0 == "`" }), ticks.count >= open.count { fence = nil }
                continue
            }
            if ticks.count >= 3 {
                fence = ticks
                continue
            }
            if inner.hasPrefix("#") { headings += 1 }
            // A row has the bars of its head, whatever stands before one of them.
            let bars = line.count { $0 == "|" }
            #expect(bars == (inner.hasPrefix("|") ? barsOfTable ?? bars : 0), "\(line)")
            barsOfTable = inner.hasPrefix("|") ? bars : nil
            #expect(!inner.hasPrefix("---") && !inner.hasPrefix("1. "), "\(line)")
            let outside = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
            if !outside.contains("\\"), !line.contains("<a id=\"azurepolicy-") {
                let tags = outside.replacing("<code>", with: "").replacing("</code>", with: "")
                #expect(!tags.contains("<"), "\(line)")
            }
            #expect(!line.contains("\u{202e}"))
        }
        #expect(fence == nil)
        #expect(headings == 4, "\(page.joined(separator: "\n"))")
    }

    @Test func namesThatLookAlikeHaveTheirOwnSections() throws {
        let page = try page(
            """
            {kind: AzurePolicy, metadata: {name: a.b}, spec: {}}
            ---
            {kind: AzurePolicy, metadata: {name: a-b}, spec: {}}
            """
        )
        expect(["<a id=\"azurepolicy-a-b\"></a>", "<a id=\"azurepolicy-a-b-2\"></a>"], in: page)
    }

    @Test func withoutPoliciesThereIsNoPage() throws {
        var documentation = PolicyDocumentation()
        for document in try JSONDocument.parseYAML(Array("{kind: ConfigMap}".utf8)) { documentation.add(document) }
        #expect(documentation.isEmpty)
    }

    /// Every policy that is shipped has a section, in which each of its rules is named.
    @Test func shippedPoliciesAreDescribed() throws {
        let files = try #require(FileManager.default.enumerator(atPath: Fixtures.policies)).compactMap { $0 as? String }
            .filter { $0.hasSuffix(".yaml") && !$0.contains("tests/") }.sorted()
        var count = 0
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: Fixtures.policies + "/" + file)))
            for document in try JSONDocument.parseYAML(bytes) {
                func names(_ path: String...) -> [String] {
                    let value = document.value(at: JSONPointer(tokens: path))
                    return value.map { document.elements(of: $0) }?.compactMap {
                        document.member("name", of: $0).flatMap { document.string($0) }
                    } ?? []
                }
                let kind = document.value(at: JSONPointer(tokens: ["kind"])).flatMap { document.string($0) } ?? ""
                guard ["AzurePolicy", "AzureBinding", "PolicyException"].contains(kind) else { continue }
                let name = document.value(at: JSONPointer(tokens: ["metadata", "name"])).flatMap { document.string($0) }
                var documentation = PolicyDocumentation()
                documentation.add(document)
                let headings = documentation.markdown().filter { $0.hasPrefix("##") }
                let expected =
                    ["## `\(name ?? "")`"] + names("spec", "mutations").map { "### Mutation `\($0)`" }
                    + names("spec", "rules").map { "### Rule `\($0)`" }
                #expect(headings == expected, "\(file)")
                count += 1
            }
        }
        #expect(count > 60)
    }
}
