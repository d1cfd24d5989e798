import Foundation
import TestSupport
import Testing

/// `portcullis snapshot`, and what reads its files.
@Suite struct SnapshotCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: together}
        spec:
          match: {resources: [storage.azure.com/StorageAccount]}
          rules:
            - {name: two-accounts, quota: {count: 2}}
            - {name: with-its-group, locations: {sameAsOwner: Required}}
        """

    private static func account(_ name: String, _ region: String = "westeurope") -> String {
        """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: \(name), namespace: team-a}
        spec: {location: \(region), owner: {name: group}}
        """
    }

    private static let cluster = """
        apiVersion: resources.azure.com/v1api20200601
        kind: ResourceGroup
        metadata: {name: group, namespace: team-a}
        spec: {location: westeurope}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: aso-credential, namespace: team-a}
        stringData: {AZURE_CLIENT_SECRET: hidden, AZURE_CLIENT_ID: 11111111-1111-1111-1111-111111111111}
        """

    /// Runs commands in a folder with a policy, a cluster's manifests and two questions.
    private func inFolder(_ body: ((_ arguments: [String]) throws -> Executable.Outcome) throws -> Void) throws {
        let files = [
            "policies/policy.yaml": Self.policy, "cluster/a.yaml": Self.cluster,
            "cluster/b/b.yaml": Self.account("one") + "\n---\n" + Self.account("two"),
            "good.yaml": Self.account("two"), "bad.yaml": Self.account("three", "northeurope"),
        ]
        try folder.write(files)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body { try Executable.run($0, in: folder) }
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: path)), as: UTF8.self)
    }

    @Test func checkSaysTheSameWithTheFile() throws {
        try inFolder { (run) throws in
            let made = try run(["snapshot", "cluster", "--to", "cluster.json"])
            #expect(made.code == 0 && made.error.isEmpty && made.output == "cluster.json: 4 objects\n")
            #expect(try run(["snapshot", "cluster"]).output == text("cluster.json"))
            #expect(try !text("cluster.json").contains("hidden"))
            let questions = ["check", "good.yaml", "bad.yaml", "-o", "json", "--inventory"]
            let (before, after) = (try run(questions + ["cluster"]), try run(questions + ["cluster.json"]))
            #expect(
                before.code == 1 && before.output.contains("two-accounts") && before.output.contains("with-its-group")
            )
            #expect(after.code == 1 && after.output == before.output)
            // Without either nobody knows.
            #expect(try run(Array(questions.dropLast())).output != before.output)
        }
    }

    @Test func aSnapshotOfASnapshotIsTheSame() throws {
        try inFolder { (run) throws in
            #expect(try run(["snapshot", "cluster", "--to", "cluster.json"]).code == 0)
            #expect(try run(["snapshot", "cluster", "--to", "cluster.json"]).code == 0)
            #expect(try run(["snapshot", "cluster.json", "--to", "copy.json"]).code == 0)
            #expect(try text("copy.json") == text("cluster.json"))
        }
    }

    @Test func itIsForItsOwnerToShare() throws {
        try inFolder { (run) throws in
            #expect(try run(["snapshot", "cluster", "--to", "cluster.json"]).code == 0)
            let attributes = try FileManager.default.attributesOfItem(
                atPath: folder.appending(path: "cluster.json").path
            )
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func nothingElseIsReplaced() throws {
        try inFolder { (run) throws in
            for file in ["good.yaml", "cluster"] {
                let outcome = try run(["snapshot", "cluster", "--to", file])
                #expect(outcome.code == 2 && outcome.error.contains("\(file) is there already and is no snapshot"))
            }
            #expect(try text("good.yaml") == Self.account("two"))
        }
    }

    @Test func badInputIsExitCode2() throws {
        try inFolder { (run) throws in
            try Data("a: [".utf8).write(to: folder.appending(path: "cluster/c.yaml"))
            let broken = try run(["snapshot", "cluster", "--to", "cluster.json"])
            #expect(broken.code == 2 && broken.error.contains("cluster/c.yaml:"))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "cluster.json").path))
            #expect(try run(["snapshot", "nowhere"]).code == 2)
            #expect(try run(["snapshot"]).code == 2)
            let old =
                #"{"apiVersion":"portcullis.dev/v1alpha1","kind":"InventorySnapshot","schemaVersion":0,"objects":[]}"#
            try Data(old.utf8).write(to: folder.appending(path: "old.json"))
            let outcome = try run(["check", "good.yaml", "--inventory", "old.json"])
            #expect(outcome.code == 2)
            #expect(outcome.error.contains("old.json:1:"))
            #expect(outcome.error.contains("make it anew with portcullis snapshot"))
        }
    }

    @Test func nothingToKeepIsExitCode4() throws {
        try inFolder { (run) throws in #expect(try run(["snapshot", "policies"]).code == 4) }
    }

    @Test func whatCannotBeWrittenIsExitCode1() throws {
        try inFolder { (run) throws in
            let outcome = try run(["snapshot", "cluster", "--to", "/proc/portcullis.json"])
            #expect(outcome.code == 1 && outcome.error.contains("/proc/"))
        }
    }
}

/// `portcullis generate webhooks`.
@Suite struct GenerateWebhooksCommandTests {
    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec:
          match: {resources: [storage.azure.com/StorageAccount]}
          rules: [{name: eu, locations: {allow: [westeurope]}}]
        """

    private func run(_ arguments: [String], policy: String = policy) throws -> Executable.Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(policy.utf8).write(to: folder.appending(path: "policy.yaml"))
        let policies = folder.appending(path: "policies")
        try FileManager.default.createSymbolicLink(atPath: policies.path, withDestinationPath: "policy.yaml")
        try Data("-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n".utf8)
            .write(to: folder.appending(path: "ca.crt"))
        try Data("-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n".utf8)
            .write(to: folder.appending(path: "both.pem"))
        return try Executable.run(["generate", "webhooks"] + arguments, in: folder)
    }

    @Test func registrationsArePrinted() throws {
        let outcome = try run(["policy.yaml", "--ca", "ca.crt", "--service", "a/b:8443", "--timeout", "3"])
        #expect(outcome.code == 0 && outcome.error.isEmpty)
        #expect(outcome.output.contains("kind: ValidatingWebhookConfiguration"))
        #expect(outcome.output.contains("- storageaccounts\n") && !outcome.output.contains("MutatingWebhook"))
        for line in ["name: b", "namespace: a", "port: 8443", "timeoutSeconds: 3", "caBundle: "] {
            #expect(outcome.output.contains(line))
        }
    }

    @Test func withoutAnAuthorityThatIsTold() throws {
        let outcome = try run(["--url", "https://10.0.0.5:8443", "--output", "json"])
        #expect(outcome.code == 0)
        #expect(try outcome.json("/items/0/webhooks/0/clientConfig/url") == "\"https://10.0.0.5:8443/validate\"")
        #expect(outcome.error == "there is no caBundle: give --ca, or let what issues the certificate fill it in\n")
    }

    @Test(arguments: [
        ["--service", "portcullis"], ["--service", "a/b:0"], ["--service", "A/b"], ["--service", "a/b/c"],
        ["--url", "http://10.0.0.5"], ["--url", "https://user@host"], ["--url", "https://"], ["--timeout", "0"],
        ["--timeout", "31"], ["--service", "a/b", "--url", "https://c"], ["--ca", "nowhere.crt"],
        ["--ca", "policy.yaml"], ["--ca", "both.pem"], ["nowhere"],
    ])
    func aWrongCommandLineIsExitCode2(_ arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.code == 2 && outcome.output.isEmpty && !outcome.error.isEmpty)
    }

    @Test func aWrongPolicyIsExitCode2() throws {
        let outcome = try run([], policy: Self.policy.replacing("locations", with: "locatoins"))
        #expect(outcome.code == 2 && outcome.error.contains("did you mean \"locations\"?"))
    }

    @Test func noPolicyIsExitCode4() throws {
        #expect(try run([], policy: "{apiVersion: v1, kind: Namespace, metadata: {name: a}}").code == 4)
    }
}
