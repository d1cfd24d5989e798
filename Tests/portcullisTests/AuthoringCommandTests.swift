import Foundation
import FoundationXML
import TestSupport
import Testing

/// The verbs with which policies are written and asked, as a person or a pipeline runs them.
@Suite struct AuthoringCommandTests {
    private static let policies = Fixtures.policies
    private static let denied = Fixtures.path("../EndToEnd/samples/denied.yaml")

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata:
          name: regions
        spec:
          rules:
            - name: eu
              locations: {allow: [westeurope]}

        """

    private static func account(_ region: String) -> String {
        """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: data, namespace: team-a}
        spec: {location: \(region), kind: StorageV2, sku: {name: Standard_LRS}, owner: {name: group}}

        """
    }

    private static func review(_ region: String) -> String {
        """
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE",\
        "kind":{"group":"storage.azure.com","version":"v1api20230101","kind":"StorageAccount"},\
        "resource":{"group":"storage.azure.com","version":"v1api20230101","resource":"storageaccounts"},\
        "name":"data","namespace":"team-a","userInfo":{"username":"someone"},"object":\
        {"apiVersion":"storage.azure.com/v1api20230101","kind":"StorageAccount","metadata":{"name":"data",\
        "namespace":"team-a"},"spec":{"location":"\(region)"}}}}

        """
    }

    /// Runs a command in a folder with these files; a name that ends in `@` is a link, and `-` is standard input.
    private func run(_ arguments: [String], _ files: [String: String]) throws -> Executable.Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try folder.write(files.filter { !$0.key.hasSuffix("@") })
        for (name, target) in files where name.hasSuffix("@") {
            let link = folder.appending(path: String(name.dropLast()))
            try FileManager.default.createDirectory(
                at: link.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: target)
        }
        return try Executable.run(arguments, in: folder, reading: files["-"].map { _ in folder.appending(path: "-") })
    }

    // MARK: - Exit codes

    /// A verb, what lies in its folder, and what a shell learns.
    struct Case: CustomTestStringConvertible, Sendable {
        let arguments: [String]
        let files: [String: String]
        let code: Int32
        let says: String?

        init(_ command: String, _ files: [String: String], _ code: Int32, _ says: String?) {
            arguments = command.split(separator: " ").map(String.init)
            self.files = files
            self.code = code
            self.says = says
        }

        var testDescription: String { arguments.joined(separator: " ") + " → \(code)" }
    }

    static let cases: [Case] = {
        let good = ["p/policy.yaml": policy, "m/a.yaml": account("westeurope")]
        let bad = good.merging(["m/b.yaml": account("uksouth")]) { $1 }
        let warned = [
            "p/policy.yaml": policy.replacing("spec:\n", with: "spec:\n  action: Warn\n"),
            "m/b.yaml": account("uksouth"),
        ]
        let suite = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyTest
            metadata: {name: regions}
            spec:
              policies: [p]
              manifest: m/a.yaml
              cases:
                - {name: elsewhere, expect: {decision: Deny, failures: [{rule: eu}]}}

            """
        let tested = good.merging(["p/tests/b.yaml": account("uksouth"), "p/tests/suite.yaml": suite]) { $1 }
        let thing =
            #"{"id": "/subscriptions/s/resourceGroups/g/providers/Contoso.Custom/things/t", "type": "Contoso.Custom/things"}"#
        let unknown = good.merging(["m/b.json": thing]) { $1 }
        let other = ["q/policy.yaml": policy.replacing("[westeurope]", with: "[uksouth]")]
        let snapshot = good.merging([
            "s.json": #"{"apiVersion":"portcullis.dev/v9","kind":"InventorySnapshot","schemaVersion":1,"objects":[]}"#
        ]) { $1 }
        let versions = [
            "v/policy.yaml": policy.replacing("  rules:", with: "  parameters: {version: \"1.2\"}\n  rules:")
                .replacing(
                    "locations: {allow: [westeurope]}",
                    with: "exposure: {minimumTLSVersion: \"${parameters.version}\"}"
                ),
            "m/a.yaml": account("westeurope").replacing("kind: StorageV2", with: "minimumTlsVersion: TLS1_2"),
        ]
        let twice = [
            "p/policy.yaml": policy.replacing(
                "locations: {allow: [westeurope]}",
                with: "locatoins: {allow: [West Europe]}"
            ),
            "p/tests/suite.yaml": "",
        ]
        let records = ["p/policy.yaml": policy, "r.jsonl": review("westeurope") + review("uksouth")]
        return [
            Case("check -p p m", good, 0, "1 manifest: 1 allowed, 0 denied"),
            Case("check -p p m", bad, 1, "m/b.yaml:4:18: denied: StorageAccount team-a/data: regions/eu"),
            Case("check -p p m", warned, 0, "1 allowed, 0 denied, 1 with warnings"),
            Case("check -p p m --fail-on warn", warned, 5, "m/b.yaml:4:18: warning: "),
            Case("check -p p m", unknown, 0, "1 allowed, 0 denied, 1 not judged"),
            Case("check -p p m --fail-on warn", unknown, 5, "the tables do not know Contoso.Custom/things"),
            Case("check -p p m/b.json --fail-on warn", unknown, 5, "nothing was checked: 1 not judged"),
            Case("check -p p m/b.json", unknown, 4, "nothing was checked: 1 not judged"),
            Case("check -p p m --output json", unknown, 0, #""unjudged":1"#),
            Case("check -p p m --output junit", unknown, 0, #"<skipped type="not-judged""#),
            Case("check -p p m --output sarif", unknown, 0, #""ruleId":"not-judged""#),
            Case("check -p p m --output github", unknown, 0, "::warning file=m/b.json,line=1,col=1,title=not-judged::"),
            Case("check -p p m --output azuredevops", unknown, 0, "logissue type=warning;sourcepath=m/b.json;"),
            Case("check -p p m --output markdown", unknown, 0, "| warning | m/b.json:1:1 | not-judged |"),
            Case("check -p p m --output tap", unknown, 0, "# SKIP"),
            Case(
                "check -p p m",
                ["p/policy.yaml": policy, "m/empty.yaml": ""],
                4,
                "nothing was checked: no manifests"
            ),
            Case("check -p v --set version=1.3 m", versions, 1, "allowed: TLS1_3"),
            Case("check -p v m", versions, 0, "1 allowed"),
            Case(
                "check -p p --inventory s.json m",
                snapshot,
                2,
                "s.json:1:1: error: is a snapshot of portcullis.dev/v9, "
            ),
            // Standard input, once.
            Case("check -p p -", ["p/policy.yaml": policy, "-": account("uksouth")], 1, "<stdin>:4:18: denied: "),
            Case("check -p - m", ["-": policy, "m/a.yaml": account("uksouth")], 1, "regions/eu"),
            Case("check -p - m", ["-": policy + "  rulez: []\n"], 2, "<stdin>:9:3: error: spec.rulez"),
            Case("check -p p --inventory - -", good, 2, "<stdin>: error: has been read for another argument"),
            Case("replay -p p -", ["p/policy.yaml": policy, "-": review("uksouth")], 1, "regions/eu"),
            Case("bench -p - --repeats 1 m", ["-": policy, "m/a.yaml": account("uksouth")], 0, "regions"),
            Case("lint -", ["-": policy + "  rulez: []\n"], 1, "<stdin>:9:3: error: PC"),
            Case("lint --fix -", ["-": policy], 2, "--fix writes files"),
            Case("generate vap -", ["-": policy], 0, "kind: ValidatingAdmissionPolicy"),
            Case("generate docs -", ["-": policy], 0, "### Rule `eu`"),
            Case("test -", ["p/policy.yaml": policy, "m/a.yaml": account("uksouth"), "-": suite], 0, "1 passed"),
            Case("test --update -", ["-": suite], 2, "--update does not go with -"),
            // Without policies everything would be allowed.
            Case("check -p - m", ["-": "", "m/a.yaml": account("uksouth")], 2, "there are no policies in <stdin>"),
            Case(
                "check -p p m",
                ["p/n.yaml": "{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "m/a.yaml": account("uksouth")],
                2,
                "there are no policies in p"
            ),
            // What is missing is not passed over.
            Case(
                "check -p p m",
                good.merging(["m/x.yaml@": "/nowhere/x"]) { $1 },
                2,
                "m/x.yaml: error: cannot be read"
            ),
            Case(
                "check -p p m",
                good.merging(["p/x.yaml@": "/nowhere/x"]) { $1 },
                2,
                "p/x.yaml: error: cannot be read"
            ),
            Case("lint p", ["p/a.yaml": policy, "p/x.yaml@": "/nowhere/x"], 2, "p/x.yaml: error: PC001"),
            Case("lint p", ["p/a.yaml": "a: [\n"], 2, "p/a.yaml:2:1: error: PC001"),
            Case("generate vap -o json p", ["p/policy.yaml": policy], 0, #""kind":"ValidatingAdmissionPolicy""#),
            // The tests of policies are no manifests, unless they are meant.
            Case("check -p p .", tested, 0, "2 manifests: 2 allowed, 0 denied, 1 that no policy is for"),
            Case("check -p p .", tested, 0, "p/tests: left out, for it holds tests of policies"),
            Case("check -p p p/tests", tested, 1, "p/tests/b.yaml:4:18: denied"),
            Case("check -p p p/tests/b.yaml", tested, 1, "p/tests/b.yaml:4:18: denied"),
            Case("check -p p p/../p/tests", tested, 1, "p/tests/b.yaml:4:18: denied"),
            Case("check -p p .", good.merging(["app/tests/b.yaml": account("uksouth")]) { $1 }, 1, "tests/b.yaml:4:18"),
            Case(
                "check -p p .",
                good.merging(["app/tests/b.yaml": account("uksouth"), "app/tests/suite.yaml": suite]) { $1 },
                1,
                "app/tests/b.yaml:4:18"
            ),
            Case("check -p none m", good, 2, "none: error: does not exist"),
            Case("check -p p none", good, 2, "none: error: does not exist"),
            Case("check -p p m --output xml", good, 2, "'xml'"),
            Case("check -p p m", good.merging(["p/policy.yaml": policy + "  rulez: []\n"]) { $1 }, 2, "rulez"),
            Case("replay -p p r.jsonl", records, 1, "r.jsonl:2:504: denied: StorageAccount team-a/data: regions/eu"),
            Case("replay -p p .", records, 1, "2 manifests: 1 allowed, 1 denied"),
            Case("replay -p p r.jsonl", records.merging(["r.jsonl": review("westeurope")]) { $1 }, 0, "1 allowed"),
            Case("replay -p p r.jsonl", records.merging(["r.jsonl": "\n"]) { $1 }, 4, "nothing was checked"),
            Case("diff p q m", bad.merging(other) { $1 }, 1, "newly denied"),
            Case(
                "replay -p p m/a.yaml",
                good,
                2,
                "m/a.yaml:1:1: error: is no record: its lines are no JSON; ask about"
            ),
            Case("replay -p p r.jsonl", records.merging(["r.jsonl": "\u{1f}x"]) { $1 }, 2, "r.jsonl:1:1: error: is no"),
            Case("diff p p m", bad, 0, "no difference"),
            Case("diff p q m -o markdown", bad.merging(other) { $1 }, 1, "diff: failed**, 2 looked at, 2 failed"),
            Case("diff p p m -o markdown", bad, 0, "diff: passed**, 2 looked at, 0 failed"),
            Case("diff p p m", ["p/policy.yaml": policy, "m/a.txt": ""], 4, "nothing was compared: no manifests"),
            Case("replay -p p -o junit r.jsonl", records, 1, #"<testsuites name="portcullis replay""#),
            Case("diff p none m", bad, 2, "none: error: does not exist"),
            Case("diff p q r.jsonl", records.merging(other) { $1 }, 1, "newly allowed"),
            Case("lint p", ["p/policy.yaml": policy, "p/tests/suite.yaml": ""], 0, "0 errors"),
            Case("lint p", ["p/policy.yaml": policy + "  rulez: []\n"], 1, "p/policy.yaml:9:3: error: PC"),
            Case(
                "lint p --fail-on warn",
                ["p/policy.yaml": policy.replacing("westeurope", with: "westeurop")],
                5,
                "PC"
            ),
            Case("lint p/empty.yaml", ["p/empty.yaml": "# none\n"], 4, "nothing to look at"),
            Case("lint p", ["p/notes.txt": ""], 4, "nothing to look at"),
            Case("lint --fix p", twice, 0, "p/policy.yaml:8:27: wrote westeurope for West Europe"),
            Case("lint --explain PC032", [:], 0, "PC032"),
            Case("lint --explain PC999", [:], 2, "there is no code PC999"),
            Case("lint none", [:], 2, "none: error"),
            Case("fmt --check p", ["p/policy.yaml": policy], 0, nil),
            Case(
                "fmt --check p",
                ["p/policy.yaml": policy.replacing("kind: A", with: "kind:   A")],
                1,
                "p/policy.yaml"
            ),
            Case("fmt --check p", ["p/policy.yaml": "a: [\n"], 2, "p/policy.yaml:2:1: error"),
            Case("generate vap", ["policies/policy.yaml": policy], 0, "kind: ValidatingAdmissionPolicy"),
            Case("generate vap p", ["p/policy.yaml": policy], 0, "kind: ValidatingAdmissionPolicy"),
            Case("generate vap none", [:], 2, "none"),
            Case("fmt p", ["p/notes.txt": "none"], 4, "nothing to format"),
            Case("generate docs p", ["p/policy.yaml": policy], 0, "### Rule `eu`"),
            Case("generate docs --index p", ["p/policy.yaml": policy], 0, "[regions](p/policy.yaml)"),
            Case("generate docs p", ["p/notes.txt": "none"], 4, "nothing to describe"),
            Case("generate docs --index p", ["p/notes.txt": "none"], 4, "nothing to describe"),
            Case("generate docs p", ["p/policy.yaml": policy + "  rulez: []\n"], 2, "rulez"),
            Case("generate docs none", [:], 2, "none"),
            Case("import azure-policy d.json", ["d.json": "{"], 2, "d.json:"),
            Case("import gatekeeper g.yaml", ["g.yaml": ""], 4, "nothing to import"),
            Case("import kyverno k.yaml", ["k.yaml": "kind: ["], 2, "k.yaml:"),
            Case("import vap none", [:], 2, "none: error: does not exist"),
            Case("test p", ["p/policy.yaml": policy], 4, "nothing was tested"),
        ]
    }()

    @Test(arguments: cases) func exitCodesAreAsDocumented(_ item: Case) throws {
        let outcome = try run(item.arguments, item.files)
        #expect(outcome.code == item.code, "\(outcome.output)\(outcome.error)")
        let said = outcome.output + outcome.error
        #expect(item.says.map(said.contains) ?? said.isEmpty, "\(said)")
    }

    // MARK: - Templates

    /// A file of parameters is what its template is deployed with, found by its name.
    @Test func aTemplateIsJudgedWithItsFilesOfParameters() throws {
        let template = #"""
            {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
             "parameters": {"region": {"type": "string", "defaultValue": "westeurope"}},
             "resources": [{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "data",
               "location": "[parameters('region')]", "properties": {}}]}
            """#
        func values(_ region: String) -> String {
            #"""
            {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
             "contentVersion": "1.0.0.0", "parameters": {"region": \#(region)}}
            """#
        }
        var files = ["p/policy.yaml": Self.policy, "m/main.json": template]
        func check(_ command: String = "check -p p m") throws -> Executable.Outcome {
            try run(command.split(separator: " ").map(String.init), files)
        }
        #expect(try check().code == 0)
        files["m/main.parameters.json"] = values(#"{"value": "uksouth"}"#)
        let given = try check()
        #expect(given.code == 1 && given.output.contains(#": location is "uksouth""#), "\(given.output)")
        #expect(given.output.contains("1 manifest: 0 allowed, 1 denied") && given.error.isEmpty, "\(given.error)")
        #expect(try check("explain -p p m").output.contains("uksouth"))
        // The template alone, and its parameters alone.
        #expect(try check("check -p p m/main.json").code == 0)
        let alone = try check("check -p p m/main.parameters.json --fail-on warn")
        #expect(alone.code == 5 && alone.error.contains("the template of these parameters is not among the files"))
        files["m/main.parameters.eu.json"] = values(#"{"value": "westeurope"}"#)
        let both = try check()
        #expect(both.code == 1 && both.output.contains("2 manifests: 1 allowed, 1 denied"), "\(both.output)")
        #expect(both.output.contains("data (m/main.parameters.json): regions/eu"), "\(both.output)")
        files["m/main.parameters.json"] = values(#"{"reference": {"keyVault": {"id": "/v"}, "secretName": "s"}}"#)
        let secret = try check()
        #expect(secret.output.contains("the parameter region is a secret of a key vault"), "\(secret.output)")
        // Where it is deployed is told by options.
        files = ["p/policy.yaml": Self.policy, "m/main.json": template.replacing("westeurope", with: "x")]
        files["m/main.json"]?.replace("[parameters('region')]", with: "[resourceGroup().location]")
        #expect(try check().output.contains("which --location tells"))
        #expect(try check("check -p p m --resource-group g --location westeurope").code == 0)
        #expect(try check("explain -p p m --location uksouth").output.contains(#"location is "uksouth""#))
        #expect(try check("diff p p m --subscription x").code == 2)
        // What cannot be read is told once.
        files["m/main.json"] = template
        files["m/main.parameters.json"] = "{"
        let broken = try check()
        #expect(broken.code == 2 && broken.error.split(separator: "\n").count == 1, "\(broken.error)")
    }

    /// What controls a terminal or turns the direction of its line is in no output.
    @Test(arguments: ["text", "json", "yaml", "sarif", "github", "azuredevops"])
    func outputIsPrintable(_ format: String) throws {
        let outcome = try run(
            ["check", "-p", "p", "m", "-o", format],
            ["p/policy.yaml": Self.policy, "m/a.yaml": Self.account(#""a\u009b31m\u202eb\u2028c""#)]
        )
        #expect(outcome.code == 1 && outcome.output.contains("a 31m\u{fffd}b c"), "\(outcome.output)")
        #expect(!outcome.output.unicodeScalars.contains { [0x9b, 0x202e, 0x2028].contains($0.value) })
    }

    /// A pipeline whose plan changes nothing is green.
    @Test(arguments: ["check -p p m", "explain -p p m", "diff p p m"])
    func aPlanWithoutChangesIsEnough(_ command: String) throws {
        let files = [
            "p/policy.yaml": Self.policy, "m/plan.json": #"{"format_version": "1.2", "resource_changes": []}"#,
        ]
        let outcome = try run(command.split(separator: " ").map(String.init), files)
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome.error)")
        #expect(outcome.output.contains("the plan changes nothing in Azure"), "\(outcome.output)")
    }

    /// A runner takes lines of its log for commands, and a pull request may name files and write values.
    @Test func noLineIsACommand() throws {
        let account = Self.account("\"##vso[task.setvariable variable=PATH]/tmp\"")
        let outcome = try run(
            ["check", "-p", "p", "."],
            ["p/policy.yaml": Self.policy, "::error::x.yaml": account, "e\u{1b}[31m\u{202e}\n::add.yaml": account]
        )
        #expect(outcome.code == 1 && outcome.output.contains("## vso[task"), "\(outcome.output)")
        let text = outcome.output + outcome.error
        #expect(!text.contains("##vso[") && !text.contains("\n::") && !text.hasPrefix("::"), "\(text)")
        #expect(!text.unicodeScalars.contains { [0x1b, 0x202e].contains($0.value) })
    }

    /// A shell's `<(…)` is a pipe with a name.
    @Test func aPipeThatIsNamedIsRead() throws {
        let outcome = try Executable.run(
            ["-c", "cat '\(Self.denied)' | '\(Executable.path)' check -p '\(Self.policies)' /dev/fd/0"],
            of: "/bin/sh"
        )
        #expect(outcome.code == 1 && outcome.output.contains("/dev/fd/0:7:13: denied: "), "\(outcome.error)")
    }

    // MARK: - Bad input

    @Test(arguments: ["--user", "--group", "--namespace"]) func anEmptyNameIsNone(_ option: String) throws {
        let outcome = try run(["check", "-p", "p", option, "", "m"], ["p/policy.yaml": Self.policy])
        #expect(outcome.code == 2 && outcome.error.contains("\(option) '' is no name"), "\(outcome.error)")
    }

    /// What is no record is told once, not line by line; a bad line among good ones is told at its place.
    @Test func whatIsNoRecordIsToldOnce() throws {
        func replay(_ record: String) throws -> Executable.Outcome {
            try run(["replay", "-p", "p", "r.jsonl"], ["p/policy.yaml": Self.policy, "r.jsonl": record])
        }
        let manifests = try replay(String(repeating: Self.account("uksouth") + "---\n", count: 9))
        #expect(manifests.code == 2)
        #expect(
            manifests.error == "r.jsonl:1:1: error: is no record: its lines are no JSON; "
                + "ask about manifests with check, or name a file that 'serve --record' has written\n"
        )
        let late = try replay("junk\nmore\n" + Self.review("uksouth") + "junk\n" + Self.review("westeurope"))
        #expect(late.code == 2 && late.output.contains("2 manifests: 1 allowed, 1 denied, 3 errors"), "\(late.output)")
        for line in [1, 2, 4] { #expect(late.error.contains("r.jsonl:\(line):1: error: is no JSON"), "\(late.error)") }
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try folder.write(["p/policy.yaml": Self.policy])
        let packed = folder.appending(path: "r.jsonl.gz")
        try Data([0x1f, 0x8b, 8, 0, 10, 3, 10, 0xff, 10, 1]).write(to: packed)
        let compressed = try Executable.run(["replay", "-p", "p", "r.jsonl.gz"], in: folder)
        #expect(compressed.code == 2)
        #expect(
            compressed.error
                == "r.jsonl.gz:1:1: error: is compressed; unpack it, or write zcat FILE | portcullis … -\n"
        )
        // Nobody waits for a pipe in a folder, nor is it passed over.
        try FileManager.default.removeItem(at: packed)
        try folder.write(["records/r.jsonl": Self.review("westeurope")])
        let status = unsafe mkfifo(folder.appending(path: "records/pipe.jsonl").path, 0o600)
        #expect(status == 0)
        let listed = try Executable.run(["replay", "-p", "p", "records"], in: folder)
        #expect(listed.code == 2 && listed.output.contains("1 manifest: 1 allowed"), "\(listed.output)")
        #expect(listed.error.hasPrefix("records/pipe.jsonl: error: cannot be read"), "\(listed.error)")
    }

    /// One bad file hides nothing of the others.
    @Test(arguments: ["check -p p m", "diff p p m"]) func whatCannotBeReadIsToldAndTheRestIsAsked(_ command: String)
        throws
    {
        let outcome = try run(
            command.split(separator: " ").map(String.init),
            [
                "p/policy.yaml": Self.policy, "m/a.yaml": Self.account("uksouth"), "m/broken.yaml": "a: [1\n",
                "m/other.yaml": "hello: world\n", "m/loop/up@": "..", "m/text.yaml": "\u{0}\u{1}",
                "m/plan.json": #"{"format_version": "9.0", "planned_values": {}}"#, "m/r.jsonl": "no review\n",
            ]
        )
        #expect(outcome.code == 2)
        for place in [
            "m/broken.yaml:2:1", "m/other.yaml:1:1", "m/loop/up", "m/text.yaml:1:1", "m/plan.json:1:20",
            "m/r.jsonl:1:1",
        ] {
            #expect(outcome.error.contains("\(place): error: "), "\(place) is not in\n\(outcome.error)")
        }
        #expect(outcome.error.split(separator: "\n").count == 6)
        #expect(outcome.output.contains(command.hasPrefix("check") ? "1 manifest: 0 allowed, 1 denied" : "1 object"))
    }

    @Test func aHugeFileIsRefusedUnread() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "huge.yaml")
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 200 << 20)
        try handle.close()
        let outcome = try Executable.run(["check", "-p", Self.policies, file.path, Self.denied])
        #expect(outcome.code == 2)
        #expect(outcome.error.contains("huge.yaml: error: has more than 64 MiB; "))
        #expect(outcome.output.contains("1 manifest: 0 allowed, 1 denied"))
    }

    @Test(arguments: [
        ("lint - <&-", 4, "there is nothing to look at"), ("check -p - <&-", 2, "Missing expected argument"),
        ("generate crds >&-", 0, ""), ("lint none 2>&- >&-", 2, ""),
    ])
    func closedStreamsAreEmpty(_ command: String, _ code: Int32, _ says: String) throws {
        let outcome = try Executable.run(["-c", "'\(Executable.path)' \(command)"], of: "/bin/sh")
        #expect(outcome.code == code && (says.isEmpty || outcome.error.contains(says)), "\(outcome.error)")
        #expect(outcome.output.isEmpty || !command.contains(">&-"))
    }

    @Test func manyFaultsOfAFileAreNotAllTold() throws {
        let outcome = try run(
            ["check", "-p", "p", "m.yaml"],
            ["p/policy.yaml": Self.policy, "m.yaml": String(repeating: "a: b\n---\n", count: 5_000)]
        )
        #expect(outcome.code == 2 && outcome.error.split(separator: "\n").count == 101)
        #expect(outcome.error.contains("m.yaml: error: has 4900 more documents"), "\(outcome.error.suffix(200))")
    }

    @Test func whatIsNoRecordIsNotComplainedOfLineByLine() throws {
        for (line, count, message) in [
            ("a: b", 1, "r.yaml:1:1: error: is no record: its lines are no JSON"),
            ("{}", 11, "r.yaml: error: is no record: none of its first 10 lines"),
        ] {
            let outcome = try run(
                ["replay", "-p", "p", "r.yaml"],
                ["p/policy.yaml": Self.policy, "r.yaml": String(repeating: line + "\n", count: 500)]
            )
            #expect(outcome.code == 2)
            let lines = outcome.error.split(separator: "\n")
            #expect(lines.count == count && lines.last?.hasPrefix(message) == true, "\(outcome.error)")
        }
    }

    @Test func importingGoesOnBehindAFileThatCannotBeRead() throws {
        let policy = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: owned}
            spec:
              matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE], resources: ["*"]}]}
              validations: [{expression: "has(object.metadata.labels)"}]
            """
        let outcome = try run(["import", "vap", "p"], ["p/a.yaml": policy, "p/loop/up@": ".."])
        #expect(outcome.code == 2)
        #expect(outcome.error.contains("p/loop/up: error: is a link back to a folder above it; remove the link"))
        #expect(outcome.output.contains("name: owned"))
    }

    /// A measurement may be made anew; any other file is somebody's.
    @Test func whatIsNoMeasurementIsNotReplaced() throws {
        let files = ["p/policy.yaml": Self.policy, "m.yaml": Self.account("westeurope")]
        let refused = try run(["bench", "-p", "p", "--repeats", "1", "--save", "m.yaml", "m.yaml"], files)
        #expect(refused.code == 2 && refused.error.contains("--save: m.yaml is there already and is no measurement"))
        let made = try run(["bench", "-p", "p", "--repeats", "1", "--save", "b.json", "m.yaml"], files)
        #expect(made.code == 0, "\(made.error)")
    }

    @Test func aMeasurementOfNonsenseIsRefused() throws {
        let timing = #"{"name": "p", "microseconds": 1, "relative": 1e308, "costUnits": 1}"#
        let file = """
            {"format": "portcullis bench", "version": 1, "requests": 1, "repeats": 1, "fingerprint": "1", \
            "calibrationMicroseconds": 1, "p99Microseconds": 1, "total": \(timing), "base": \(timing), "policies": [\(timing)]}
            """
        let outcome = try run(
            ["bench", "-p", "p", "--repeats", "1", "--compare", "b.json", "-o", "json", "m.yaml"],
            ["p/policy.yaml": Self.policy, "m.yaml": Self.account("westeurope"), "b.json": file]
        )
        #expect(
            outcome.code == 2 && outcome.error.contains("b.json: has no good number 'relative'"),
            "\(outcome.error)"
        )
    }

    /// Half a file that looks whole is worse than none.
    @Test func whatCannotBeWrittenIsTold() throws {
        let shell = "'\(Executable.path)' generate schema >/dev/full"
        let outcome = try Executable.run(["-c", shell], of: "/bin/sh")
        #expect(outcome.code == 1 && outcome.error.contains("standard output cannot be written"))
    }

    // MARK: - Formats

    /// What combines with a character does not hide it, and no value is a command of a pipeline.
    @Test func valuesDoNotBecomeMarkupOrCommands() throws {
        let hostile = "\"\u{600}<script\u{301}>\u{600}|\u{600}%0A##vso[task.complete]##[error]\u{1b}[31m\""
            .replacing("\u{1b}", with: "\\e")
        let files = ["p/policy.yaml": Self.policy, "m/a.yaml": Self.account(hostile)]
        for format in ["markdown", "github", "azuredevops"] {
            let output = try run(["check", "-p", "p", "m", "-o", format], files).output
            #expect(!output.unicodeScalars.contains("\u{1b}"), "\(format)")
            #expect(format != "markdown" || !output.contains("<script"), "\(output)")
            #expect(format == "markdown" || !output.contains("%0A##"), "\(output)")
            let lines = output.split(separator: "\n").map { $0.dropFirst(format == "azuredevops" ? 7 : 0) }
            #expect(!lines.contains { $0.contains("##vso[") || $0.contains("##[") }, "\(output)")
        }
    }

    /// Every format that a command has is one that its readers parse.
    @Test(arguments: ["check -p p m", "diff p q m", "lint p", "replay -p p r.jsonl", "test p"])
    func everyFormatIsWhatItsReadersParse(_ command: String) throws {
        let files = [
            "p/policy.yaml": Self.policy.replacing("[westeurope]", with: "[westeurop]"),
            "q/policy.yaml": Self.policy, "m/a.yaml": Self.account("uksouth"), "r.jsonl": Self.review("uksouth"),
            "p/tests/m.yaml": Self.account("uksouth"),
            "m/unknown.json": #"{"id": "/subscriptions/s", "type": "Contoso.Custom/things"}"#,
            "p/tests/suite.yaml": """
            apiVersion: portcullis.dev/v1alpha1
            kind: PolicyTest
            metadata: {name: regions}
            spec: {cases: [{name: a, manifest: m.yaml, expect: {decision: Allow}}]}
            """,
        ]
        func output(_ format: String) throws -> String {
            try run(command.split(separator: " ").map(String.init) + ["--output", format], files).output
        }
        for format in ["json", "sarif"] {
            let text = try output(format)
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
        }
        let sarif = try #require(
            try JSONSerialization.jsonObject(with: Data(output("sarif").utf8)) as? [String: Any]
        )
        #expect(sarif["version"] as? String == "2.1.0")
        try Self.expectJUnit(output("junit"))
        #expect(try output("tap").hasPrefix("TAP version 14\n1.."))
        let gitHub = /^(::(error|warning|notice) [a-zA-Z]+=[^,:]*(,[a-zA-Z]+=[^,:]*)*::.+|)$/
        #expect(try output("github").split(separator: "\n").allSatisfy { $0.wholeMatch(of: gitHub) != nil })
        let azure = /^##vso\[task\.(logissue|complete) [^\]]*\].*$/
        #expect(try output("azuredevops").split(separator: "\n").allSatisfy { $0.wholeMatch(of: azure) != nil })
        #expect(try output("markdown").contains("|"))
    }

    /// The form that Jenkins' schema (junit-10.xsd) asks for, as far as we use it: elements, where they stand, their attributes.
    private static func expectJUnit(_ text: String) throws {
        let attributes: [String: Set<String>] = [
            "testsuites": ["name", "time", "tests", "failures", "errors"],
            "testsuite": ["name", "time", "tests", "failures", "errors", "skipped", "file"],
            "testcase": ["name", "time", "classname"], "failure": ["type", "message"], "error": ["type", "message"],
            "system-out": [], "skipped": ["type", "message"],
        ]
        let children: [String: Set<String>] = [
            "testsuites": ["testsuite"], "testsuite": ["testcase"],
            "testcase": ["failure", "error", "skipped", "system-out"],
        ]
        var elements = [try #require(try XMLDocument(xmlString: text).rootElement())]
        #expect(elements[0].name == "testsuites")
        while let element = elements.popLast() {
            let name = element.name ?? ""
            #expect(Set((element.attributes ?? []).compactMap(\.name)).isSubset(of: attributes[name] ?? []), "\(name)")
            for required in ["tests", "failures", "errors"] where name == "testsuite" {
                #expect(element.attribute(forName: required)?.stringValue.flatMap(Int.init) != nil)
            }
            if let time = element.attribute(forName: "time")?.stringValue {
                #expect(time.wholeMatch(of: /[0-9]{0,3}(\.[0-9]{0,3})?/) != nil, "\(time)")
            }
            for child in (element.children ?? []).compactMap({ $0 as? XMLElement }) {
                #expect(children[name, default: []].contains(child.name ?? ""), "\(name)")
                elements.append(child)
            }
        }
    }
}
