import Authoring
import Foundation
import FoundationXML
import JSON
import Kubernetes
import Policy
import Testing

/// What is said of manifests, and where.
@Suite struct CheckTests {
    static func check(
        _ text: String,
        policy: String = accountPolicy,
        parameters: [String: JSONFragment] = [:],
        _ change: (inout CheckRun.Circumstances) -> Void = { _ in }
    ) throws -> CheckReport {
        let configuration = PolicyConfiguration()
        let library = PolicyLibrary(files: Files(["policy.yaml": policy]), configuration: configuration)
        let result = library.set(ofPaths: ["policy.yaml"], parameters)
        var circumstances = CheckRun.Circumstances()
        change(&circumstances)
        var run = CheckRun(try #require(result.set, "\(result.issues)"), configuration: configuration, circumstances)
        run.check(ManifestFile(Array(text.utf8), file: "app.yaml"))
        return run.finish()
    }

    static let account = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: data, namespace: team-a}
        spec:
          location: uksouth
          minimumTlsVersion: TLS1_0
        """

    private func places(_ report: CheckReport) -> [String] {
        report.results.flatMap { result in
            result.findings.map { "\($0.place.line):\($0.place.column) \($0.level) \($0.code) \($0.field)" }
        }
    }

    @Test func findingsStandAtTheirFields() throws {
        let report = try Self.check(Self.account)
        #expect(
            places(report) == [
                "5:13 error accounts/regions spec.location", "6:22 warning accounts/tls spec.minimumTlsVersion",
                "5:3 note accounts/owner spec.tags.owner",
            ]
        )
        let result = try #require(report.results.first)
        #expect(result.title == "StorageAccount team-a/data" && result.kind == "storage.azure.com/StorageAccount")
        #expect(!result.isAllowed && result.policyCount == 1)
        #expect(report.deniedCount == 1 && report.warnedCount == 0 && report.issues.isEmpty)
    }

    @Test func itemsOfListsAndDocumentsAreJudgedOneByOne() throws {
        let list = #"""
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "storage.azure.com/v1api20230101", "kind": "StorageAccount",
               "metadata": {"name": "a"}, "spec": {"location": "westus"}},
              {"apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}]}]}
            """#
        let listed = try Self.check(list)
        #expect(listed.results.map(\.title) == ["StorageAccount default/a", "ConfigMap default/b"])
        #expect(places(listed).first == "3:52 error accounts/regions spec.location")
        let documents = try Self.check("---\n\(Self.account)\n---\n# nothing\n---\n\(Self.account)\n")
        #expect(documents.results.map(\.place.line) == [2, 11])
        let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]"
        let none = try Self.check(kustomization)
        #expect(none.results.isEmpty && none.issues.isEmpty)
    }

    @Test func aSnapshotOfAnInventoryIsNoManifest() throws {
        let snapshot = String(decoding: InventorySnapshot.text(of: Inventory([])), as: UTF8.self)
        let report = try Self.check("\(Self.account)\n---\n\(snapshot)")
        #expect(report.results.map(\.title) == ["StorageAccount team-a/data"])
        #expect(
            report.issues.map(\.description) == [
                "app.yaml:8:1: error: is a snapshot of an inventory, no manifest; give it to --inventory"
            ]
        )
    }

    @Test func theCircumstancesDecide() throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: who}
            spec:
              match: {namespaces: [team-b], users: [ann], groups: [ops]}
              parameters: {regions: [westeurope]}
              rules: [{name: regions, locations: {allow: "${parameters.regions}"}}]
            """
        let account = Self.account.replacing(", namespace: team-a", with: "")
        func denied(
            _ parameters: [String: JSONFragment] = [:],
            _ change: @escaping (inout CheckRun.Circumstances) -> Void
        ) throws -> Bool {
            try Self.check(account, policy: policy, parameters: parameters, change).deniedCount > 0
        }
        #expect(
            try denied {
                $0.namespace = "team-b"; $0.user = .init(name: "ann")
            }
        )
        #expect(
            try denied {
                $0.namespace = "team-b"; $0.user = .init(name: "x", groups: ["ops"])
            }
        )
        #expect(
            try !denied {
                $0.namespace = "team-a"; $0.user = .init(name: "ann")
            }
        )
        #expect(try !denied { $0.namespace = "team-b" })
        let region = JSONFragment { writer in
            writer.beginArray()
            writer.string("uksouth")
            writer.endArray()
        }
        #expect(
            try !denied(["regions": region]) {
                $0.namespace = "team-b"; $0.user = .init(name: "ann")
            }
        )
        // Another namespace than the manifest's is a fault, as it is for kubectl.
        let elsewhere = try Self.check(Self.account) { $0.namespace = "team-b" }
        #expect(
            elsewhere.issues.map(\.description) == [
                "app.yaml:1:1: error: is in namespace team-a, not team-b; name the same namespace, or one of both"
            ]
        )
    }

    @Test func whatWasThereBeforeMakesAnUpdate() throws {
        var objects = CheckRun.Objects()
        let old = Self.account.replacing("v1api20230101", with: "v1api20220901")
        #expect(objects.add(ManifestFile(Array(old.utf8), file: "old.yaml")).isEmpty)
        let updated = try Self.check(Self.account) { $0.old = objects }
        #expect(updated.results.map(\.operation) == [.update])
        #expect(updated.deniedCount == 0 && updated.warnedCount == 1)
        #expect(updated.results.first?.findings.first?.effect == .ratcheted)
        let moved = try Self.check(Self.account.replacing("uksouth", with: "westus")) { $0.old = objects }
        #expect(moved.deniedCount == 1)
        let deleted = try Self.check(Self.account) { $0.isDeletion = true }
        #expect(deleted.results.map(\.operation) == [.delete] && deleted.deniedCount == 0)
    }

    @Test func whatIsForTerraformIsJudgedInItsOwnWords() throws {
        let plan = #"""
            {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {}, "resource_changes": [
              {"address": "azurerm_storage_account.main", "mode": "managed", "type": "azurerm_storage_account",
               "name": "main", "change": {"actions": ["create"], "before": null,
                "after": {"name": "data", "location": "uksouth", "min_tls_version": "TLS1_2", "tags": {"owner": "a"}},
                "after_unknown": {"id": true}}},
              {"address": "azapi_resource.x", "mode": "managed", "type": "azapi_resource", "name": "x",
               "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {}}}]}
            """#
        let report = try Self.check(plan)
        #expect(report.results.map(\.title) == ["azurerm_storage_account.main"])
        let result = try #require(report.results.first)
        #expect(!result.isAllowed && result.kind == "storage.azure.com/StorageAccount" && result.patch == nil)
        let finding = try #require(result.findings.first)
        #expect(finding.field == "location" && finding.place.line == 4 && finding.place.column > 40)
        #expect(finding.message.hasPrefix("location is \"uksouth\"; "))
        #expect(report.errors.isEmpty && report.issues.count == 1)
        #expect(report.issues.first?.message.contains("azapi_resource.x is not judged") == true)
        let wrong = try Self.check(plan.replacing("1.2\"", with: "9.0\""))
        #expect(wrong.results.isEmpty && wrong.errors.count == 1)
    }

    @Test func recordedReviewsAreAskedAboutAgain() throws {
        let configuration = PolicyConfiguration()
        let set = PolicyLibrary(files: Files(["p.yaml": accountPolicy]), configuration: configuration)
            .set(ofPaths: ["p.yaml"]).set
        var run = CheckRun(try #require(set), configuration: configuration)
        let review = #"""
            {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","kind":{"group":"storage.azure.com",\#
            "version":"v1api20230101","kind":"StorageAccount"},"resource":{"group":"storage.azure.com","version":"v1api20230101",\#
            "resource":"storageaccounts"},"name":"data","namespace":"team-a","operation":"CREATE","userInfo":{"username":"a"},\#
            "object":{"apiVersion":"storage.azure.com/v1api20230101","kind":"StorageAccount","metadata":{"name":"data",\#
            "namespace":"team-a"},"spec":{"location":"uksouth"}},"oldObject":null,"dryRun":false,"options":null}}
            """#
        run.check(review: Array(review.utf8), at: Report.Place(file: "r.jsonl", line: 7, column: 1))
        run.check(review: Array("{}".utf8), at: Report.Place(file: "r.jsonl", line: 8, column: 1))
        run.check(review: Array("{".utf8), at: Report.Place(file: "r.jsonl", line: 9, column: 1))
        let report = run.finish()
        #expect(report.deniedCount == 1 && report.results.first?.findings.first?.place.line == 7)
        #expect(report.issues.map(\.line) == [8, 9])
    }

    @Test func differencesBetweenPoliciesAreTold() throws {
        let text =
            Self.account + "\n---\n"
            + Self.account.replacing("uksouth", with: "westeurope").replacing("name: data", with: "name: b")
        func difference(_ change: (String) -> String) throws -> CheckDifference {
            CheckDifference(from: try Self.check(text), to: try Self.check(text, policy: change(accountPolicy)))
        }
        let same = try difference { $0 }
        #expect(same.results.isEmpty && same.summary == "2 objects: no difference")
        let swapped = try difference { $0.replacing("[westeurope, northeurope]", with: "[uksouth]") }
        #expect(swapped.results.map(\.change) == [.newlyAllowed, .newlyDenied])
        #expect(swapped.summary == "2 objects: 1 newly denied, 1 newly allowed")
        let patched = try difference { $0.replacing("{team: a}", with: "{team: c}") }
        #expect(patched.results.map(\.change) == [.otherPatch])
        let words = try difference { $0.replacing("northeurope]", with: "francecentral]") }
        #expect(words.results.map(\.change) == [.otherReasons])
        let quiet = try difference { $0.replacing("action: Warn", with: "action: Audit") }
        #expect(quiet.results.map(\.change) == [.otherReasons, .otherWarnings])
        #expect(swapped.report.text(.github).contains("::error file=app.yaml"))
        // Whatever differs fails the command, and so it does in the formats that have a verdict.
        #expect(same.report.text(.markdown) == "**portcullis diff: passed**, 2 looked at, 0 failed")
        #expect(same.report.text(.tap).hasPrefix("TAP version 14\n1..2\nok 1 - "))
        for difference in [swapped, patched, words, quiet] {
            let failed = difference.results.count
            let report = difference.report
            #expect(
                report.text(.markdown).hasPrefix("**portcullis diff: failed**, 2 looked at, \(failed) failed; ")
            )
            #expect(report.text(.tap).split(separator: "\n").count { $0.hasPrefix("not ok ") } == failed)
            let junit = report.text(.junit)
            #expect(junit.contains(#"tests="2" failures="\#(failed)" errors="0""#), "\(junit)")
            #expect(junit.components(separatedBy: "<failure ").count == failed + 1, "\(junit)")
            #expect(!junit.contains("<system-out>"), "\(junit)")
        }
        // Nothing is no agreement.
        let none = CheckDifference(from: try Self.check(""), to: try Self.check(""))
        #expect(none.summary == "nothing was compared: no manifests and no records")
        #expect(none.report.text(.markdown).hasPrefix("**portcullis diff: nothing was looked at**, 0 looked at"))
    }

    static let faults: [(text: String, issues: [String])] = [
        ("a: [", ["error: did not find expected node content; "]),
        ("[1]", ["1:1: error: is no object; "]),
        ("a: b", ["1:1: error: has no apiVersion and kind; "]),
        ("apiVersion: v1\nkind: Secret\n", ["1:1: error: has no name; "]),
        ("apiVersion: a/b/c\nkind: X\nmetadata: {name: a}\n", ["1:1: error: has no apiVersion and kind; "]),
        (
            "apiVersion: v1\nkind: List\nitems: [1, {}]\n",
            ["3:9: error: is no object; ", "3:12: error: has no apiVersion"]
        ),
        (
            String(repeating: "{apiVersion: v1, kind: List, items: [", count: 9) + String(repeating: "]}", count: 9),
            [":297: error: is a list in too many lists; "]
        ),
        ("{{ .Values.x }}: y\n", ["error: "]),
    ]

    @Test(arguments: faults) func tellsOfFaultsAndGoesOn(_ text: String, _ issues: [String]) throws {
        let report = try Self.check(text)
        #expect(report.issues.count == issues.count)
        for (issue, expected) in zip(report.issues, issues) {
            #expect(issue.description.hasPrefix("app.yaml:") && issue.description.contains(expected), "\(issue)")
        }
        if !text.contains("[") && !text.contains("{{") {
            let good = try Self.check("\(text)\n---\n\(Self.account)")
            #expect(good.results.count == 1 && good.issues.count == issues.count)
        }
    }

    @Test func parametersThatNoPolicyHasAreFaults() throws {
        let library = PolicyLibrary(files: Files(["p.yaml": accountPolicy]), configuration: PolicyConfiguration())
        let result = library.set(ofPaths: ["p.yaml"], ["region": JSONFragment(string: "x")])
        #expect(result.set == nil)
        #expect(
            result.issues.map(\.description).sorted() == [
                "--set region: error: is a parameter of no policy, did you mean \"regions\"?; write regions"
            ]
        )
    }

    @Test func faultsOfOtherValuesAreTheOptions() throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: regions}
            spec:
              parameters:
                regions: [westeurope]
                team: a
              rules:
                - name: eu
                  locations: {allow: "${parameters.regions}"}
                - name: teams
                  tags: {required: {team: {values: ["${parameters.team}"]}}}
              action: Wran

            """
        func issues(_ text: String, _ parameters: [String: JSONFragment]) -> [String] {
            PolicyLibrary(files: Files(["p.yaml": text]), configuration: PolicyConfiguration())
                .set(ofPaths: ["p.yaml"], parameters).issues.map(\.description).sorted()
        }
        let list =
            "apiVersion: v1\nkind: List\nitems:\n  - "
            + policy.replacing("\n", with: "\n    ").trimmingCharacters(in: .whitespaces)
        for (text, field, place, odd) in [
            (policy, "spec", "6:14", "13:11"), (list, "items[0].spec", "9:18", "16:15"),
        ] {
            let found = issues(text, ["regions": JSONFragment(string: "eastus"), "team": JSONFragment(string: "bb")])
            let told =
                "--set regions: error: \(field).parameters.regions: must be a list, not a string (p.yaml:\(place)); "
                + "write a list (- …)"
            #expect(found.contains(told), "\(found)")
            // All else is where it stands in the file, whatever the length of the new values.
            let other = "p.yaml:\(odd): error: \(field).action: "
            #expect(found.contains { $0.hasPrefix(other) }, "\(found)")
            #expect(!found.contains { $0.hasPrefix("p.yaml:1:") || $0.contains("team") }, "\(found)")
        }
        // Without the option it is the file's fault; that nothing uses a parameter always is.
        let wrong = policy.replacing("[westeurope]", with: "eastus")
        #expect(issues(wrong, [:]).contains { $0.hasPrefix("p.yaml:6:14: error: spec.parameters.regions: must be") })
        let unused = policy.replacing("\"${parameters.regions}\"", with: "[westeurope]")
        let told = issues(unused, ["regions": JSONFragment(string: "eastus")])
        #expect(told.contains { $0.hasPrefix("p.yaml:6:14: warning: spec.parameters.regions: is a parameter that") })
    }

    // MARK: Formats

    @Test func textIsForPeople() throws {
        let report = try Self.check(Self.account + "\n---\n{a: b}\n")
        #expect(
            report.text() == [
                "app.yaml:5:13: denied: StorageAccount team-a/data: accounts/regions: spec.location is \"uksouth\"; "
                    + "allowed: westeurope, northeurope; set spec.location to westeurope or northeurope",
                "app.yaml:6:22: warning: StorageAccount team-a/data: accounts/tls: spec.minimumTlsVersion is \"TLS1_0\"; "
                    + "allowed: TLS1_2 or later; set spec.minimumTlsVersion to TLS1_2 or later",
                "", "RULE              DENIED  WARNED", "accounts/regions       1  0", "accounts/tls           0  1",
                "",
                "1 manifest: 0 allowed, 1 denied, 1 error",
            ]
        )
        #expect(report.text(isVerbose: true).contains { $0.contains(": audit: StorageAccount") })
        let good = try Self.check(
            Self.account.replacing("uksouth", with: "westeurope").replacing("TLS1_0", with: "TLS1_2")
        )
        #expect(good.text() == ["1 manifest: 1 allowed, 0 denied"])
        #expect(good.results.first?.mutations == ["accounts/team"])
        #expect(
            good.text(isVerbose: true).first == "app.yaml:5:3: audit: StorageAccount team-a/data: accounts/owner: "
                + "spec.tags.owner is missing; add the tag owner"
        )
        #expect(try Self.check("").text() == ["nothing was checked: no manifests"])
    }

    /// YAML takes no file with control characters, and what turns a line's direction should be seen.
    @Test func yamlTextIsPrintable() throws {
        let json = #"{"a":"x\u009by\u202ez\ufeff\u2028\u007f"}"#
        let text = YAMLText.yaml(ofJSON: Array(json.utf8))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || (0x20..<0x7f) ~= $0.value }, "\(text)")
        let read = try JSONDocument.parseYAML(Array(text.utf8))
        #expect(read.map { JSONFragment($0) } == [JSONFragment(try JSONDocument(parsing: Array(json.utf8)))])
    }

    @Test func jsonHoldsAll() throws {
        let report = try Self.check(Self.account + "\n---\n{a: b}\n")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(report.json())) as? [String: Any])
        #expect(json["manifests"] as? Int == 1 && json["denied"] as? Int == 1 && json["errors"] as? Int == 1)
        let result = try #require((json["results"] as? [[String: Any]])?.first)
        #expect(result["decision"] as? String == "Deny" && result["operation"] as? String == "CREATE")
        let finding = try #require((result["findings"] as? [[String: Any]])?.first)
        #expect(finding["rule"] as? String == "regions" && finding["value"] as? String == "uksouth")
        #expect(finding["line"] as? Int == 5 && finding["column"] as? Int == 13)
        #expect(((json["issues"] as? [[String: Any]])?.first?["line"] as? Int) == 8)
        // YAML says the same.
        let yaml = try JSONDocument.parseYAML(Array(YAMLText.yaml(ofJSON: report.json()).utf8))
        #expect(yaml.map { JSONFragment($0) } == [JSONFragment(try JSONDocument(parsing: report.json()))])
    }

    @Test func sarifHasWhatCodeScanningAsksFor() throws {
        let report = try Self.check(Self.account + "\n---\n{a: b}\n").report
        let sarif = try #require(
            try JSONSerialization.jsonObject(with: Data(report.text(.sarif).utf8)) as? [String: Any]
        )
        #expect(sarif["version"] as? String == "2.1.0")
        let run = try #require((sarif["runs"] as? [[String: Any]])?.first)
        let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
        let rules = try #require(driver["rules"] as? [[String: Any]]).map { $0["id"] as? String }
        #expect(rules == ["accounts/regions", "accounts/tls", "accounts/owner"])
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(results.map { $0["level"] as? String } == ["error", "warning", "note"])
        for (place, result) in results.enumerated() {
            #expect(result["ruleIndex"] as? Int == place && result["ruleId"] as? String == rules[place])
            #expect(((result["message"] as? [String: Any])?["text"] as? String)?.isEmpty == false)
            let location = try #require((result["locations"] as? [[String: Any]])?.first)
            let physical = try #require(location["physicalLocation"] as? [String: Any])
            #expect((physical["artifactLocation"] as? [String: Any])?["uri"] as? String == "app.yaml")
            #expect(((physical["region"] as? [String: Any])?["startLine"] as? Int ?? 0) > 0)
        }
        let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
        #expect(invocation["executionSuccessful"] as? Bool == false)
        #expect((invocation["toolExecutionNotifications"] as? [Any])?.count == 1)
    }

    /// A file with every character that some format gives a meaning, and a message with them.
    static let odd = Report(
        command: "check",
        items: [
            Report.Item(
                name: "a<b>&\"#,;]:%|*",
                group: "f:o,o;b%r] \"<&>.yaml",
                place: Report.Place(file: "f:o,o;b%r] \"<&>.yaml", line: 1, column: 1),
                findings: [
                    Report.Finding(
                        .error,
                        code: "p,1/r;2:]%",
                        message: "x <y> & \"z\" | # 100 %;]\u{1b}[31m\n::error::injected\r##vso[task.complete]",
                        at: Report.Place(file: "f:o,o;b%r] \"<&>.yaml", line: 2, column: 3)
                    )
                ]
            )
        ],
        issues: []
    )

    @Test func nothingInsideBreaksAFormat() throws {
        for format in ReportFormat.allCases {
            let text = Self.odd.text(format)
            #expect(!text.contains("\u{1b}"), "\(format)")
            switch format {
            case .github:
                #expect(text.split(separator: "\n").count == 1)
                #expect(
                    text.hasPrefix(
                        "::error file=f%3Ao%2Co;b%25r] \"<&>.yaml,line=2,col=3,title=p%2C1/r;2%3A]%25::x <y>"
                    )
                )
            case .azuredevops:
                #expect(text.split(separator: "\n").count == 1)
                #expect(text.contains("sourcepath=f:o,o%3Bb%AZP25r%5D \"<&>.yaml;linenumber=2;columnnumber=3;"))
            case .junit:
                let document = try XMLDocument(xmlString: text)
                let failures = try document.nodes(forXPath: "/testsuites/testsuite/testcase/failure")
                #expect(failures.count == 1 && failures[0].stringValue?.contains("x <y> & \"z\" | # 100 %") == true)
            case .sarif: #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil)
            case .tap: #expect(text.split(separator: "\n").count == 8)
            case .markdown: #expect(text.split(separator: "\n").last?.filter { $0 == "|" }.count == 6)
            }
        }
    }
}
