import Foundation
import TestSupport
import Testing

/// `portcullis explain` as the shell sees it.
@Suite struct ExplainCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec:
          match: {namespaceSelector: {matchLabels: {tier: standard}}}
          rules:
            - {name: eu, locations: {allow: [westeurope]}}
            - {name: small, cel: {expression: "size(object.metadata.name) < 9"}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: team-a, labels: {tier: standard}}
        """

    private static func group(_ region: String, namespace: String = "team-a") -> String {
        """
        apiVersion: resources.azure.com/v1api20200601
        kind: ResourceGroup
        metadata: {name: data, namespace: \(namespace)}
        spec: {location: \(region)}
        """
    }

    private func run(
        _ files: [String: String],
        _ arguments: [String],
        policies: String = policy
    ) throws -> Executable.Outcome {
        try folder.write(files.merging(["policies/p.yaml": policies], uniquingKeysWith: { $1 }))
        defer { try? FileManager.default.removeItem(at: folder) }
        return try Executable.run(
            ["explain", "-p", folder.path + "/policies"] + files.keys.sorted().map { folder.path + "/" + $0 }
                + arguments
        )
    }

    @Test func whatIsAdmittedIsExitCode0() throws {
        let outcome = try run(["a.yaml": Self.group("westeurope")], [])
        #expect(outcome.code == 0 && outcome.error.isEmpty)
        #expect(outcome.lines.first == "ResourceGroup team-a/data: allowed")
        #expect(outcome.output.contains("✓ eu (locations)\n│  │  └─ 4:18 spec.location = westeurope"))
        #expect(outcome.output.hasSuffix("1 manifest: 1 allowed, 0 denied\n") && !outcome.output.contains("\u{1b}"))
    }

    @Test func whatIsDeniedIsExitCode1() throws {
        let outcome = try run(["a.yaml": Self.group("uksouth")], [])
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("│  └─ 4:18 regions/eu: spec.location is \"uksouth\""))
    }

    @Test func aNamespaceThatIsNotKnownIsToldAndDenied() throws {
        let outcome = try run(["a.yaml": Self.group("westeurope", namespace: "team-x")], [])
        #expect(outcome.code == 1)
        #expect(
            outcome.output.contains(
                "? namespaceSelector: tier=standard; the labels of namespace team-x are not known; add its Namespace manifest"
            )
        )
    }

    @Test func badInputIsExitCode2AndTheOthersAreExplained() throws {
        let outcome = try run(["a.yaml": "a: [", "b.yaml": Self.group("westeurope")], [])
        #expect(outcome.code == 2)
        #expect(outcome.error.contains("/a.yaml:") && outcome.output.contains("ResourceGroup team-a/data: allowed"))
    }

    static let wrong: [[String]] = [
        ["--output", "sarif"], ["--policy", "nobody"], ["--rule", "nobody"], ["--old", "/nowhere"], ["--nothing"],
    ]

    @Test(arguments: wrong) func aWrongCommandLineIsExitCode2(_ arguments: [String]) throws {
        let outcome = try run(["a.yaml": Self.group("westeurope")], arguments)
        #expect(outcome.code == 2 && outcome.output.isEmpty && !outcome.error.isEmpty)
    }

    private static let binding = """
        \(policy)
        ---
        apiVersion: portcullis.dev/v1alpha1
        kind: AzureBinding
        metadata: {name: teams}
        spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222]}
        """

    /// Names of policies and rules that bindings have, and what is said of those that nobody has.
    static let names: [(arguments: [String], fault: String?)] = [
        (["--rule", "resourceGroups"], nil), (["--rule", "armId", "--policy", "no-binding"], nil),
        (["--rule", "federated*", "--policy", "teams"], nil), (["--rule", "eu"], nil),
        (["--rule", "being-deleted"], nil),
        (
            ["--rule", "nobody"],
            "--rule: no rule is called \"nobody\"; there are adoption, ambiguous, annotations, armId,"
        ),
        (["--rule", "resourceGroup"], "--rule: no rule is called \"resourceGroup\", did you mean \"resourceGroups\"?"),
        (["--rule", "eu", "--policy", "teams"], "--rule: no rule is called \"eu\"; there are adoption,"),
        (["--policy", "region"], "--policy: no policy is called \"region\", did you mean \"regions\"?"),
        (["--policy", "x"], "--policy: no policy is called \"x\"; there are no-binding, regions, teams"),
    ]

    @Test(arguments: names) func namesThatNobodyHasAreRefusedBesideABindingToo(
        _ arguments: [String],
        _ fault: String?
    ) throws {
        let outcome = try run(["a.yaml": Self.group("westeurope")], arguments, policies: Self.binding)
        #expect(outcome.code == (fault == nil ? 1 : 2))
        #expect((fault.map { outcome.error.contains($0) } ?? true) && outcome.output.isEmpty == (fault != nil))
    }

    @Test func withoutPoliciesThereIsNothingToAsk() throws {
        let outcome = try run(["a.yaml": Self.group("westeurope")], [], policies: "kind: Nothing\napiVersion: v1\n")
        #expect(outcome.code == 2 && outcome.error.contains("the policies have errors"))
        #expect(try Executable.run(["explain", "-p", "/nowhere", "x.yaml"]).code == 2)
    }

    @Test func nothingToExplainIsExitCode4() throws {
        let outcome = try run(["a.yaml": "# nothing\n"], [])
        #expect(outcome.code == 4 && outcome.output.hasSuffix("nothing was checked: no manifests\n"))
    }

    @Test func policiesAreNamed() throws {
        let outcome = try run(["a.yaml": Self.group("uksouth")], ["--policy", "reg*", "--rule", "small", "--verbose"])
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("size(object.metadata.name) → 4") && !outcome.output.contains("uksouth"))
    }

    @Test func programsAreGivenAnObject() throws {
        let json = try run(["a.yaml": Self.group("uksouth")], ["-o", "json"])
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(json.code == 1 && object?["denied"] as? Int == 1)
        let yaml = try run(["a.yaml": Self.group("uksouth")], ["-o", "yaml"])
        #expect(yaml.code == 1 && yaml.lines.contains("    decision: Deny"))
    }

    @Test func pagesStandByThemselves() throws {
        let outcome = try run(["a.yaml": Self.group("uksouth")], ["-o", "html"])
        #expect(outcome.code == 1)
        #expect(outcome.lines.first == "<!DOCTYPE html>" && outcome.lines.last == "</html>")
        #expect(!outcome.output.contains("<script") && !outcome.output.contains("src="))
    }
}
