import Foundation
import TestSupport
import Testing

@Suite struct TestCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec:
          rules:
            - {name: eu, locations: {allow: [westeurope]}}
        """

    private static func suite(_ region: String, decision: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: PolicyTest
        metadata: {name: regions}
        spec:
          cases:
            - name: a <group>
              manifest: group.yaml
              changes: {spec: {location: \(region)}}
              expect: {decision: \(decision)}
        """
    }

    private static let group = """
        apiVersion: resources.azure.com/v1api20200601
        kind: ResourceGroup
        metadata: {name: data, namespace: team-a}
        spec: {location: westeurope}
        """

    private func write(_ files: [String: String]) throws {
        try folder.write(files)
    }

    private func run(_ files: [String: String], _ arguments: [String] = []) throws -> Executable.Outcome {
        try write(files)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try Executable.run(["test", folder.path] + arguments)
    }

    private static let good = [
        "p/policy.yaml": policy, "p/tests/suite.yaml": suite("westeurope", decision: "Allow"),
        "p/tests/group.yaml": group,
    ]
    private static let bad = good.merging(["p/tests/suite.yaml": suite("uksouth", decision: "Allow")]) { $1 }

    @Test func passedTestsAreExitCode0() throws {
        let outcome = try run(Self.good)
        #expect(outcome.code == 0 && outcome.error.isEmpty)
        #expect(outcome.lines[..<2] == ["SUITE    CASES  RESULT", "regions  1      ok"])
        #expect(!outcome.output.contains("\u{1b}"))
    }

    @Test func failedTestsAreExitCode1() throws {
        let outcome = try run(Self.bad)
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("FAILED regions: a <group>\n  \(folder.path)/p/tests/suite.yaml:6:7\n"))
        #expect(outcome.output.contains("  decision  expected    Allow\n            got         Deny\n"))
        #expect(outcome.output.contains(#"  failures  unexpected  regions/eu: spec.location is "uksouth";"#))
    }

    @Test func faultsAreExitCode2AndTheOthersRun() throws {
        let files = ["q/tests/suite.yaml": "kind: PolicyTest\napiVersion: portcullis.dev/v1alpha1\n"]
        let outcome = try run(Self.bad.merging(files) { $1 })
        #expect(outcome.code == 2)
        #expect(outcome.output.contains("FAILED regions"))
        #expect(outcome.error.hasPrefix("\(folder.path)/q/tests/suite.yaml:1:1: error: has no metadata; "))
    }

    @Test func noTestsAreExitCode4() throws {
        #expect(try run(["p/policy.yaml": Self.policy]).code == 4)
        let outcome = try run(Self.good, ["--run", "nobody"])
        #expect(outcome.code == 4 && outcome.lines == ["nothing was tested: none of 1 case has such a name"])
    }

    @Test(arguments: [["--run", "("], ["--output", "xml"]]) func aWrongCommandLineIsExitCode2(_ arguments: [String])
        throws
    {
        #expect(try run(Self.good, arguments).code == 2)
    }

    @Test func aPathThatDoesNotExistIsExitCode2() throws {
        let outcome = try Executable.run(["test", "/nowhere"])
        #expect(outcome.code == 2)
        #expect(outcome.error == "/nowhere: error: does not exist; name a file or a folder that is there\n")
    }

    @Test func aFileWithoutATestIsAFaultOnlyIfItIsNamed() throws {
        try write(Self.good)
        defer { try? FileManager.default.removeItem(at: folder) }
        let policy = try Executable.run(["test", folder.path + "/p/policy.yaml"])
        #expect(policy.code == 2 && policy.error.contains("policy.yaml: error: holds no PolicyTest"))
        #expect(try Executable.run(["test", folder.path + "/p/tests/suite.yaml"]).code == 0)
        #expect(try Executable.run(["test", folder.path + "/p/tests/"]).code == 0)
    }

    @Test func suitesReadNothingOutsideOfWhatIsTested() throws {
        let escape = Self.suite("westeurope", decision: "Allow")
        for path in ["../../secret.yaml", "link.yaml", "/etc/hostname"] {
            try write(Self.good)
            try write(["p/tests/suite.yaml": escape.replacing("group.yaml", with: path), "secret.yaml": Self.group])
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/p/tests/link.yaml",
                withDestinationPath: folder.path + "/secret.yaml"
            )
            let outcome = try Executable.run(["test", folder.path + "/p"])
            try FileManager.default.removeItem(at: folder)
            #expect(outcome.code == 2)
            #expect(outcome.error.contains(path.hasPrefix("/") ? "is absolute" : "leads out of what is tested"))
        }
    }

    @Test func theOtherFormatsTellTheSame() throws {
        let json = try run(Self.bad, ["--output", "json"])
        #expect(try json.json("/failed") == "1" && json.json("/cases") == "1")
        #expect(try json.json("/suites/0/cases/0/name") == #""a <group>""#)
        #expect(try json.json("/suites/0/cases/0/differences/0/expected") == #""Allow""#)
        let junit = try run(Self.bad, ["--output", "junit"])
        #expect(junit.output.contains(#"<testcase name="a &lt;group&gt;" classname="regions""#))
        let parser = XMLCheck(junit.output)
        #expect(parser.isWellFormed)
        #expect(parser.names == ["testsuites", "testsuite", "testcase", "failure"])
        let tap = try run(Self.bad, ["--output", "tap"])
        #expect(tap.lines[..<3] == ["TAP version 14", "1..1", "not ok 1 - regions: a <group>"])
    }

    @Test func everyCaseHasARowIfAsked() throws {
        #expect(try run(Self.good, ["-v"]).lines[1] == "regions  a <group>  ok")
    }
}

/// Whether XML is well-formed, as far as tags and escapes go, and which elements it has in their order.
private struct XMLCheck {
    private(set) var names: [String] = []
    private(set) var isWellFormed = true

    init(_ text: String) {
        var open: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else {
                isWellFormed = false
                return
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("?") { continue }
            if tag.hasPrefix("/") {
                if open.popLast() != String(tag.dropFirst()) { isWellFormed = false }
                continue
            }
            let name = String(tag.prefix { $0 != " " && $0 != "/" })
            names.append(name)
            if tag.filter({ $0 == "\"" }).count % 2 != 0 || tag.contains("<") { isWellFormed = false }
            if !tag.hasSuffix("/") { open.append(name) }
        }
        if !open.isEmpty { isWellFormed = false }
    }
}
