import Foundation
import Testing

/// `portcullis lint` as people call it.
@Suite struct LintCommandTests {
    private static func policy(_ rules: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: a}
        spec:
          match: {resources: [storage.azure.com/StorageAccount]}
          rules:
            \(rules)
        """
    }

    private static func lint(_ rules: String, _ arguments: [String] = []) throws -> Executable.Outcome {
        try Executable.run(["lint"] + arguments, withFile: "policy.yaml", policy(rules))
    }

    @Test func whatCannotBeGeneratedIsToldIfThatIsAsked() throws {
        let rules = "- {name: five, quota: {count: 5}}"
        let silent = try Self.lint(rules)
        #expect(silent.code == 0 && !silent.output.contains("PC040"))
        let told = try Self.lint(rules, ["--portability"])
        #expect(told.code == 0)
        #expect(told.output.contains("policy.yaml:7:7: warning: PC040: spec.rules[0]: "))
        #expect(told.output.contains("quota: it counts what else there is"))
        #expect(try Self.lint(rules, ["--portability", "--fail-on", "warn"]).code == 5)
        let json = try Self.lint(rules, ["--portability", "--output", "json"])
        #expect(json.output.contains(#""code":"PC040""#))
    }

    @Test func expressionsAreRead() throws {
        let loops = "object.spec.?a.orValue([]).all(x, object.spec.?b.orValue([]).exists(y, x == y))"
        let costly = try Self.lint("- {name: r, cel: {expression: \"\(loops)\", message: m}}")
        #expect(costly.code == 0 && costly.output.contains("warning: PC041: spec.rules[0].cel.expression: "))
        let unasked = try Self.lint("- {name: r, cel: {expression: \"object.spec.kind == 'a'\", message: m}}")
        #expect(unasked.output.contains("policy.yaml:7:48: warning: PC032: "), "\(unasked.output)")
    }

    @Test func codesAreExplained() throws {
        for code in ["PC040", "PC041", "PC042"] {
            let outcome = try Executable.run(["lint", "--explain", code])
            #expect(outcome.code == 0 && outcome.lines[0].hasPrefix("\(code): "))
            #expect(outcome.output.contains("# found") && outcome.output.contains("# better"))
        }
        #expect(try Executable.run(["lint", "--explain", "PC999"]).code == 2)
    }

    @Test func whatIsWrongWithTheCallIsExitCode2() throws {
        #expect(try Executable.run(["lint", "--dry-run"]).code == 2)
        #expect(try Executable.run(["lint", "/does/not/exist"]).code == 2)
        #expect(try Self.lint("- {name: r, acton: Deny}").code == 1)
    }
}
