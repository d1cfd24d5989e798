import Foundation
import Testing

/// `portcullis test` with what it does beside the tests: coverage, mutants, snapshots, watching.
@Suite struct TestQualityTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec:
          rules:
            - {name: eu, locations: {allow: [westeurope]}}
          mutations:
            - {name: team, tags: {default: {team: a}}}
        """

    private static func suite(_ cases: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: PolicyTest
        metadata: {name: regions}
        spec:
          manifest: group.yaml
          cases:

        """ + cases
    }

    private static let group = """
        apiVersion: resources.azure.com/v1api20200601
        kind: ResourceGroup
        metadata: {name: data, namespace: team-a}
        spec: {location: westeurope}
        """

    private static let allowed =
        "    - {name: a, expect: {decision: Allow, patchedChanges: {spec: {tags: {team: a}}}}}\n"
    private static let denied =
        "    - {name: b, changes: {spec: {location: uksouth}}, expect: {decision: Deny, failures: [{rule: eu}]}}\n"

    private func write(_ files: [String: String]) throws {
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file, options: .atomic)
        }
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    private func run(_ cases: String, _ arguments: String...) throws -> Executable.Outcome {
        try write([
            "policy.yaml": Self.policy, "tests/suite.yaml": Self.suite(cases), "tests/group.yaml": Self.group,
        ])
        return try Executable.run(["test", folder.path] + arguments)
    }

    @Test func coverageIsAskedFor() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let some = try run(Self.allowed, "--coverage")
        #expect(some.code == 0 && some.error.isEmpty)
        #expect(some.output.contains("\(folder.path)/policy.yaml:6: no test makes regions/eu fail\n"))
        #expect(some.output.contains("coverage: 2 of 3 branches, 66 %\n"))
        #expect(try run(Self.allowed, "--coverage-threshold", "66").code == 0)
        let low = try run(Self.allowed, "--coverage-threshold", "67", "--output", "json")
        #expect(low.code == 1)
        #expect(low.error == "portcullis: coverage: 2 of 3 branches, 66 %, and 67 % are asked for\n")
        #expect(try low.json("/coverage/percent") == "66")
        #expect(try low.json("/coverage/rules/0/missing") == #"["failed"]"#)
        let all = try run(Self.allowed + Self.denied, "--coverage-threshold", "100")
        #expect(all.code == 0 && all.output.contains("regions  eu               1       1       -       -\n"))
    }

    @Test func survivorsAreExitCode1() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let good = try run(Self.allowed + Self.denied, "--mutate")
        #expect(good.code == 0 && good.error.isEmpty, "\(good.output)")
        #expect(good.output.contains(" killed, 0 survived\n"))
        let weak = try run(Self.allowed, "--mutate")
        #expect(weak.code == 1)
        #expect(weak.output.contains("SURVIVED \(folder.path)/policy.yaml:6:7: regions/eu: spec.rules[0] is dropped\n"))
        let json = try run(Self.allowed, "--mutate", "--output", "json")
        #expect(json.code == 1)
        #expect(try json.json("/mutation/survived") != "0" && json.json("/mutation/survivors/0/line") == "6")
        let tap = try run(Self.allowed, "--mutate", "--output", "tap")
        #expect(tap.code == 1 && tap.lines[0] == "TAP version 14" && !tap.output.contains("SURVIVED"))
        #expect(tap.error.hasPrefix("SURVIVED ") && tap.error.hasSuffix(" survived\n"))
        let failing = try run(Self.allowed.replacing("team: a", with: "team: b"), "--mutate")
        #expect(failing.code == 1)
        #expect(failing.error == "portcullis: no mutants were tried, for the tests fail without them\n")
    }

    @Test func snapshotsAreWritten() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let old = "    # The team.\n" + Self.allowed.replacing("team: a", with: "team: b")
        #expect(try run(old).code == 1)
        let outcome = try run(old, "--update")
        #expect(outcome.code == 0, "\(outcome.error)")
        #expect(outcome.output.contains("WROTE regions: a\n  \(folder.path)/tests/suite.yaml\n"))
        #expect(
            outcome.output.contains(
                "  patched  expected    spec.tags.team: \"b\"\n           got         spec.tags.team: \"a\""
            )
        )
        #expect(try text("tests/suite.yaml") == Self.suite("    # The team.\n" + Self.allowed))
        let file = "    - {name: a, expect: {decision: Allow, patched: after.yaml}}\n"
        #expect(try run(file).code == 2)
        #expect(try run(file, "--update").code == 0)
        #expect(try text("tests/after.yaml").hasSuffix("  tags:\n    team: a\n"))
        #expect(try run(file).code == 0)
        // A denial that nobody expects is not for an update to mend, and nothing is written.
        let wrong = Self.allowed.replacing("name: a", with: "name: a, changes: {spec: {location: uksouth}}")
        let two = wrong + file.replacing("name: a", with: "name: c")
        #expect(try run(two, "--update").code == 1)
        #expect(try text("tests/suite.yaml") == Self.suite(two))
    }

    @Test(arguments: ["../../after.yaml", "/tmp/after.yaml", "after.txt", "nowhere/after.yaml"])
    func snapshotsStayInside(_ path: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let outcome = try run("    - {name: a, expect: {decision: Allow, patched: \(path)}}\n", "--update")
        #expect(outcome.code == 2)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/tests/" + path))
    }

    @Test(arguments: [
        ["--coverage-threshold", "101"], ["--coverage-threshold", "much"], ["--watch", "--mutate"],
        ["--watch", "--update"],
        ["--update", "--mutate"], ["--watch", "--output", "json"],
    ]) func aWrongCommandLineIsExitCode2(_ arguments: [String]) throws {
        #expect(try Executable.run(["test"] + arguments).code == 2)
    }

    @Test(.timeLimit(.minutes(2))) func watchingRunsAgain() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try run(Self.allowed).code == 0)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: Executable.path)
        process.arguments = ["test", folder.path, "--watch", "--coverage"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { process.terminate() }
        var printed = ""
        /// Waits until so many runs have been told.
        func wait(_ word: String) {
            while !printed.contains(word) {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { return }
                printed += String(decoding: data, as: UTF8.self)
            }
        }
        wait("branches, 66 %\n")
        #expect(printed.contains("1 suite, 1 case: 1 passed, 0 failed"))
        try write(["tests/suite.yaml": Self.suite(Self.allowed + Self.denied)])
        wait("branches, 100 %\n")
        try write(["policy.yaml": Self.policy.replacing("westeurope", with: "northeurope")])
        wait("1 failed")
        #expect(printed.contains("FAILED regions: a\n"))
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    }
}
