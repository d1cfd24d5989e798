import Foundation
import Testing

/// `portcullis bench` as people call it.
@Suite struct BenchCommandTests {
    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec: {rules: [{name: eu, locations: {allow: [westeurope]}}]}
        """
    private static let group = """
        apiVersion: resources.azure.com/v1api20200601
        kind: ResourceGroup
        metadata: {name: data, namespace: team-a}
        spec: {location: westeurope}
        """

    /// A folder with a policy and a manifest, for the time of a closure.
    private static func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try folder.write(["p/policy.yaml": policy, "m/group.yaml": group])
        try body(folder)
    }

    private static func bench(_ folder: URL, _ arguments: [String]) throws -> Executable.Outcome {
        try Executable.run(
            ["bench", "-p", folder.path + "/p", "--repeats", "1"] + arguments + [folder.path + "/m"]
        )
    }

    /// The saved file with every figure multiplied that things are compared by.
    private static func scale(_ file: URL, by factor: Double) throws {
        var saved = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        for key in ["total", "base"] {
            var timing = try #require(saved[key] as? [String: Any])
            timing["relative"] = try #require(timing["relative"] as? Double) * factor
            saved[key] = timing
        }
        try JSONSerialization.data(withJSONObject: saved).write(to: file)
    }

    @Test func whatWasSavedIsCompared() throws {
        try Self.withFolder { folder in
            let file = folder.appending(path: "saved.json")
            let first = try Self.bench(folder, ["--save", file.path])
            #expect(first.code == 0 && first.error.isEmpty, "\(first.error)")
            #expect(first.lines[0].hasPrefix("1 request, 1 repeats: a decision takes "))
            #expect(first.output.contains("regions") && first.output.contains("CEL UNITS"))
            // No machine is a thousand times slower than itself, nor faster.
            try Self.scale(file, by: 1000)
            let faster = try Self.bench(folder, ["--compare", file.path])
            #expect(faster.code == 0 && faster.output.contains("RATIO"))
            #expect(faster.output.contains("nothing is more than 20 % slower"))
            try Self.scale(file, by: 1e-6)
            let slower = try Self.bench(folder, ["--compare", file.path, "--threshold", "50", "--output", "json"])
            #expect(slower.code == 1)
            #expect(try slower.json("/comparison/isSlower") == "true")
            #expect(try slower.json("/comparison/thresholdPercent")?.hasPrefix("50") == true)
            #expect(try slower.json("/format") == "\"portcullis bench\"")
        }
    }

    @Test func rulesAreListedTheSlowestFirst() throws {
        try Self.withFolder { folder in
            let text = try Self.bench(folder, [])
            #expect(text.output.contains("RULE ") && text.output.contains("\nregions/eu "))
            let json = try Self.bench(folder, ["--output", "json"])
            #expect(try json.json("/rules/0/name") == "\"regions/eu\"")
            let without = try Self.bench(folder, ["--rules", "0"])
            #expect(without.code == 0 && !without.output.contains("RULE "))
            #expect(try Self.bench(folder, ["--rules", "-1"]).code == 2)
        }
    }

    @Test func filesThatCannotBeComparedAreExitCode2() throws {
        try Self.withFolder { folder in
            let file = folder.appending(path: "saved.json")
            for (text, reason) in [
                ("{}", "is not what 'bench --save' writes"), ("[", "is no JSON"),
                ("{\"format\": \"portcullis bench\", \"version\": 99}", "is of version"),
            ] {
                try Data(text.utf8).write(to: file)
                let outcome = try Self.bench(folder, ["--compare", file.path])
                #expect(outcome.code == 2 && outcome.error.contains(reason), "\(outcome.error)")
            }
            #expect(try Self.bench(folder, ["--compare", folder.path + "/none.json"]).code == 2)
            #expect(try Self.bench(folder, ["--save", folder.path + "/none/saved.json"]).code == 1)
            // Measured with another manifest.
            #expect(try Self.bench(folder, ["--save", file.path]).code == 0)
            let other = Self.group.replacing("westeurope", with: "uksouth")
            try Data(other.utf8).write(to: folder.appending(path: "m/group.yaml"))
            let outcome = try Self.bench(folder, ["--compare", file.path])
            #expect(outcome.code == 2 && outcome.error.contains("other requests"))
        }
    }

    @Test(arguments: [["--threshold", "-1"], ["--threshold", "x"], ["--repeats", "0"], ["--output", "sarif"]])
    func wrongArgumentsAreExitCode2(_ arguments: [String]) throws {
        try Self.withFolder { folder in
            let paths = ["-p", folder.path + "/p", folder.path + "/m"]
            let outcome = try Executable.run(["bench"] + arguments + paths)
            #expect(outcome.code == 2)
        }
    }

    @Test func nothingToDecideIsExitCode4AndBadInputExitCode2() throws {
        try Self.withFolder { folder in
            try Data("".utf8).write(to: folder.appending(path: "m/group.yaml"))
            let empty = try Self.bench(folder, [])
            #expect(
                empty.code == 4 && empty.error.hasPrefix("nothing was measured: no manifests;") && empty.output.isEmpty
            )
            try Data("a: [".utf8).write(to: folder.appending(path: "m/group.yaml"))
            #expect(try Self.bench(folder, []).code == 2)
            try Data("acton: x".utf8).write(to: folder.appending(path: "p/policy.yaml"))
            #expect(try Self.bench(folder, []).code == 2)
        }
    }
}
