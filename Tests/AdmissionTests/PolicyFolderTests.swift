import Admission
import Azure
import Foundation
import Observability
import Policy
import TestSupport
import Testing

@Suite struct PolicyFolderTests {
    private let files: TemporaryFolder
    private let holder = PolicyHolder()
    private let folder: PolicyFolder

    init() throws {
        files = try TemporaryFolder()
        folder = PolicyFolder(path: files.url.path, holder: holder)
    }

    private func policy(_ name: String, allow region: String = "westeurope") -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: \(name)}
        spec:
          rules:
            - {name: region, locations: {allow: [\(region)]}}
        """
    }

    private func allows(_ region: String) throws -> Bool {
        let harness = try Harness(set: holder.current)
        let body = ReviewText(spec: #"{"location":"\#(region)"}"#).bytes
        return try harness.ask(body).review(of: body).isAllowed
    }

    @Test func readsYAMLAndJSONInAllFolders() throws {
        try files.write(policy("a"), to: "a.yaml")
        try files.write(policy("b") + "\n---\n" + policy("c"), to: "deep/er/b.yml")
        try files.write(
            #"{"apiVersion":"portcullis.dev/v1alpha1","kind":"AzurePolicy","metadata":{"name":"d"},"#
                + #""spec":{"rules":[{"name":"r","locations":{"allow":["westeurope"]}}]}}"#,
            to: "d.json"
        )
        try files.write("not a policy", to: "README.md")
        try files.write("not: [a policy", to: ".hidden.yaml")
        try files.write("not: [a policy", to: "..2026_11_23/e.yaml")
        let status = folder.reload()
        #expect(status.isCurrent && status.generation == 1 && status.successes == 1 && status.failures == 0)
        #expect(status.issues.isEmpty)
        #expect(holder.current?.policyCount == 4)
    }

    @Test func aBrokenFileKeepsTheLastGoodSet() throws {
        try files.write(policy("a"), to: "a.yaml")
        folder.reload()
        try files.write("kind: AzurePolicy\nmetadata: {name: [", to: "b.yaml")
        let status = folder.reload()
        #expect(!status.isCurrent && status.generation == 1 && status.failures == 1)
        #expect(status.issues.count == 1)
        #expect(status.issues[0].file == files.path("b.yaml") && status.issues[0].line > 0)
        #expect(!status.issues[0].mend.isEmpty)
        #expect(holder.current?.generation == 1)
        #expect(try allows("westeurope") && !allows("northeurope"))
        try FileManager.default.removeItem(atPath: files.path("b.yaml"))
        #expect(folder.reload().isCurrent)
        #expect(holder.current?.generation == 2)
    }

    @Test func aFaultIsTaggedWithFileLineAndColumn() throws {
        try files.write(policy("a") + "\n    - {name: other, locatoins: {allow: [westeurope]}}\n", to: "a.yaml")
        let issue = try #require(folder.reload().issues.first)
        #expect(issue.severity == .error)
        #expect(issue.file == files.path("a.yaml"))
        #expect(issue.line == 7 && issue.column > 1)
        #expect(issue.description.hasPrefix("\(files.path("a.yaml")):7:"))
        #expect(holder.current == nil)
    }

    @Test func twoFilesWithOneNameAreAnError() throws {
        try files.write(policy("a"), to: "a.yaml")
        try files.write(policy("a"), to: "b.yaml")
        #expect(!folder.reload().isCurrent)
    }

    @Test func aFolderWithoutPoliciesAllowsEverythingAndSaysSo() throws {
        let status = folder.reload()
        #expect(status.isCurrent)
        #expect(status.issues.map(\.severity) == [.warning])
        #expect(try allows("brazilsouth"))
    }

    @Test func aMissingFolderIsAnErrorAndNothingIsInForce() throws {
        try FileManager.default.removeItem(at: files.url)
        let status = folder.reload()
        #expect(!status.isCurrent && holder.current == nil)
        #expect(status.issues.map(\.severity) == [.error])
    }

    @Test func aFileThatIsTooLargeIsAnError() throws {
        try files.write(policy("a"), to: "a.yaml")
        try files.write("#" + String(repeating: " ", count: PolicyFolder.maximumFileBytes), to: "b.yaml")
        #expect(!folder.reload().isCurrent)
        #expect(holder.current == nil)
    }

    @Test func aRenameReplacesAPolicyWhole() throws {
        try files.write(policy("a"), to: "a.yaml")
        folder.reload()
        try files.write(policy("a", allow: "northeurope"), to: ".a.yaml.new")
        try FileManager.default.removeItem(atPath: files.path("a.yaml"))
        try FileManager.default.moveItem(atPath: files.path(".a.yaml.new"), toPath: files.path("a.yaml"))
        folder.reload()
        #expect(try allows("northeurope") && !allows("westeurope"))
    }

    @Test func volumesBelowTheFolderAndFilesBesideThemCount() throws {
        try files.write(policy("plain"), to: "plain.yaml")
        try mount("one", ["a.yaml": policy("a")], in: "volume/")
        try files.write(policy("beside"), to: "volume/beside.yaml")
        #expect(folder.reload().issues.isEmpty)
        #expect(holder.current?.policyCount == 3)
    }

    /// A ConfigMap volume as the kubelet lays it out.
    private func mount(_ version: String, _ contents: [String: String], in volume: String = "") throws {
        for (name, text) in contents {
            try files.write(text, to: "\(volume)..\(version)/\(name)")
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: files.path(volume + name))) == nil {
                try FileManager.default.createSymbolicLink(
                    atPath: files.path(volume + name),
                    withDestinationPath: "..data/\(name)"
                )
            }
        }
        try FileManager.default.createSymbolicLink(
            atPath: files.path(volume + "..data_tmp"),
            withDestinationPath: "..\(version)"
        )
        #expect(files.rename(volume + "..data_tmp", to: volume + "..data"))
    }

    @Test func aConfigMapIsReadOnceAndSwappedWhole() throws {
        try mount("2026_11_23_01", ["a.yaml": policy("a"), "b.yaml": policy("b")])
        #expect(folder.reload().isCurrent)
        #expect(holder.current?.policyCount == 2)
        #expect(try allows("westeurope") && !allows("northeurope"))
        try mount(
            "2026_11_23_02",
            ["a.yaml": policy("a", allow: "northeurope"), "b.yaml": policy("b", allow: "northeurope")]
        )
        #expect(folder.reload().isCurrent)
        #expect(holder.current?.policyCount == 2)
        #expect(try allows("northeurope") && !allows("westeurope"))
    }

    /// While the link turns from one version to the other and back, no set mixes the two.
    @Test func aReadingNeverMixesTwoVersions() throws {
        let contents = { (region: String) in
            Dictionary(
                uniqueKeysWithValues: (0..<20).map { ("p\($0).yaml", self.policy("p\($0)", allow: region)) }
            )
        }
        try mount("one", contents("westeurope"))
        try mount("two", contents("northeurope"))
        let turning = Thread { [files] in
            for _ in 0..<200 {
                for version in ["one", "two"] {
                    try? FileManager.default.createSymbolicLink(
                        atPath: files.path("..data_tmp"),
                        withDestinationPath: "..\(version)"
                    )
                    _ = files.rename("..data_tmp", to: "..data")
                    usleep(2000)
                }
            }
        }
        turning.start()
        while !turning.isFinished {
            guard folder.reload().isCurrent else { continue }
            #expect(try allows("westeurope") != allows("northeurope"))
        }
    }

    @Test func onlyWhatChangedIsCompiledAgain() throws {
        for name in ["a", "b", "c"] { try files.write(policy(name), to: "\(name).yaml") }
        #expect(folder.reload().compiledFiles == 3)
        #expect(folder.reload().compiledFiles == 0)
        try files.write(policy("b", allow: "northeurope"), to: "b.yaml")
        #expect(folder.reload().compiledFiles == 1)
        #expect(try !allows("westeurope"))
        try files.write(policy("a"), to: "a.yaml")
        #expect(folder.reload().compiledFiles == 0)
        try FileManager.default.removeItem(atPath: files.path("b.yaml"))
        #expect(folder.reload().compiledFiles == 0)
        #expect(try allows("westeurope"))
        #expect(holder.current?.policyCount == 2 && holder.current?.generation == 5)
    }

    /// What is wrong with two files only together is found, and found to be mended, whichever of them changes.
    @Test func keptFilesAreJudgedTogetherWithNewOnes() throws {
        try files.write(policy("same"), to: "a.yaml")
        try files.write(policy("other"), to: "b.yaml")
        #expect(folder.reload().isCurrent)
        try files.write(policy("same"), to: "b.yaml")
        let refused = folder.reload()
        #expect(!refused.isCurrent && refused.compiledFiles == 1)
        #expect(refused.issues.map(\.file) == [files.path("b.yaml")])
        #expect(refused.issues.first?.message == "AzurePolicy same exists already (\(files.path("a.yaml")):3)")
        try files.write(policy("first"), to: "a.yaml")
        let mended = folder.reload()
        #expect(mended.isCurrent && mended.compiledFiles == 1 && holder.current?.policyCount == 2)
    }

    @Test func aFaultOfAKeptFileIsToldEachTime() throws {
        try files.write(policy("a"), to: "a.yaml")
        try files.write("kind: [", to: "b.yaml")
        let first = folder.reload()
        let second = folder.reload()
        #expect(first.compiledFiles == 2 && second.compiledFiles == 0)
        #expect(!second.isCurrent && second.issues == first.issues)
    }

    @Test func ofAConfigMapOnlyTheChangedFilesAreCompiledAgain() throws {
        try mount("one", ["a.yaml": policy("a"), "b.yaml": policy("b")])
        #expect(folder.reload().compiledFiles == 2)
        try mount("two", ["a.yaml": policy("a"), "b.yaml": policy("b", allow: "northeurope")])
        #expect(folder.reload().compiledFiles == 1)
        #expect(try !allows("westeurope"))
    }

    /// A change that nothing but the content shows: in place, by renaming over, by turning a link; size and time are the same.
    ///
    /// The file is just written when it is read first, or old enough for its times to be trusted.
    @Test(arguments: [Duration.zero, .milliseconds(3200)]) func aChangeIsNeverMissed(_ age: Duration) async throws {
        // Both names have as many letters.
        let (before, after) = (policy("a", allow: "northeurope"), policy("a", allow: "francesouth"))
        #expect(before.utf8.count == after.utf8.count)
        let time = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)]
        let changes: [(name: String, () throws -> Void)] = [
            ("in place", { [files] in try files.write(after, to: "real/a.txt") }),
            (
                "renamed over",
                { [files] in
                    try files.write(before, to: "real/b.txt")
                    #expect(files.rename("real/b.txt", to: "real/a.txt"))
                }
            ),
            (
                "link turned",
                { [files] in
                    try files.write(after, to: "real/c.txt")
                    try FileManager.default.createSymbolicLink(
                        atPath: files.path("link"),
                        withDestinationPath: "real/c.txt"
                    )
                    #expect(files.rename("link", to: "a.yaml"))
                }
            ),
        ]
        try files.write(before, to: "real/a.txt")
        try FileManager.default.setAttributes(time, ofItemAtPath: files.path("real/a.txt"))
        try FileManager.default.createSymbolicLink(atPath: files.path("a.yaml"), withDestinationPath: "real/a.txt")
        var region = "northeurope"
        for (name, change) in changes {
            try await Task.sleep(for: age)
            folder.reload()
            #expect(folder.reload().compiledFiles == 0, "\(name)")
            #expect(try allows(region), "\(name)")
            try change()
            for file in try FileManager.default.contentsOfDirectory(atPath: files.path("real")) {
                try FileManager.default.setAttributes(time, ofItemAtPath: files.path("real/\(file)"))
            }
            region = region == "northeurope" ? "francesouth" : "northeurope"
            #expect(folder.reload().compiledFiles == 1, "\(name)")
            #expect(try allows(region), "\(name)")
        }
    }

    @Test func ofAThousandPoliciesOnlyTheChangedOneIsCompiled() throws {
        for index in 0..<1000 { try files.write(policy("p\(index)"), to: "p\(index).yaml") }
        let status = folder.reload()
        #expect(status.isCurrent && status.compiledFiles == 1000 && holder.current?.policyCount == 1000)
        try files.write(policy("another"), to: "p500.yaml")
        #expect(folder.reload().compiledFiles == 1)
        #expect(holder.current?.policyCount == 1000)
    }
}

@Suite struct AdminServiceTests {
    private let files: TemporaryFolder
    private let metrics = Metrics()
    private let holder = PolicyHolder()
    private let folder: PolicyFolder
    private let readiness = Readiness()
    private let service: AdminService

    init() throws {
        files = try TemporaryFolder()
        folder = PolicyFolder(path: files.url.path, holder: holder)
        service = AdminService(metrics: metrics, folder: folder, holder: holder, readiness: readiness)
    }

    private func get(_ path: String, isGet: Bool = true) -> (reply: Reply, text: String) {
        var output: [UInt8] = []
        let path = Array(path.utf8)
        let reply = service.respond(path: path.span, isGet: isGet, into: &output)
        return (reply, String(decoding: output, as: UTF8.self))
    }

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: a}
        spec:
          rules:
            - {name: region, locations: {allow: [westeurope]}}
        """

    @Test func readinessFollowsThePolicies() throws {
        #expect(get("/readyz").reply.status == 503)
        #expect(get("/readyz").text.hasPrefix("not ready: "))
        #expect(get("/livez").reply.status == 200)
        try files.write(Self.policy, to: "a.yaml")
        folder.reload()
        #expect(get("/readyz").reply.status == 200)
        #expect(
            get("/readyz").text
                == "ok: policy set 1 is in force with 1 AzurePolicy and 0 AzureBindings; "
                + "without an AzureBinding identity is not checked\n"
        )
        try files.write("a: [", to: "b.yaml")
        folder.reload()
        #expect(get("/readyz").reply.status == 200)
        #expect(get("/readyz").text.hasPrefix("degraded: "))
        #expect(get("/readyz").text.contains("\(files.path("b.yaml")):"))
        readiness.beginDraining()
        #expect(get("/readyz").reply.status == 503)
        #expect(get("/readyz").text.hasPrefix("draining: "))
        #expect(get("/livez").reply.status == 200)
    }

    @Test func kubernetesOwnPoliciesAreCountedByTheirKinds() throws {
        let rules = "resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]"
        let admission = ["a", "b"].map { name in
            """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: \(name)}
            spec: {matchConstraints: {\(rules)}, validations: [{expression: 'true'}]}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: \(name)}
            spec: {policyName: \(name), validationActions: [Deny]}
            """
        }
        try files.write(([Self.policy] + admission).joined(separator: "\n---\n"), to: "a.yaml")
        folder.reload()
        #expect(
            get("/readyz").text.hasPrefix(
                "ok: policy set 1 is in force with 1 AzurePolicy, 2 ValidatingAdmissionPolicies and 0 AzureBindings; "
            )
        )
        let text = get("/metrics").text
        for (kind, count) in [
            ("AzurePolicy", 1), ("AzureBinding", 0), ("ValidatingAdmissionPolicy", 2), ("MutatingAdmissionPolicy", 0),
        ] {
            #expect(text.contains("\nportcullis_policies{kind=\"\(kind)\"} \(count)\n"), "\(kind)")
        }
    }

    @Test func metricsTellOfThePolicies() throws {
        #expect(get("/metrics").text.contains("portcullis_policy_set_generation 0\n"))
        try files.write(Self.policy, to: "a.yaml")
        folder.reload()
        try files.write("a: [", to: "b.yaml")
        folder.reload()
        let (reply, text) = get("/metrics")
        #expect(reply.contentType.description == "text/plain; version=0.0.4; charset=utf-8")
        for line in [
            "portcullis_policy_set_generation 1", #"portcullis_policies{kind="AzurePolicy"} 1"#,
            #"portcullis_policies{kind="AzureBinding"} 0"#, "portcullis_identity_checked 0",
            #"portcullis_policy_reloads_total{result="success"} 1"#,
            #"portcullis_policy_reloads_total{result="failure"} 1"#,
            "portcullis_policy_folder_current 0",
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
    }

    /// Every line is a comment that Prometheus knows or a sample, and every sample follows its family's head.
    @Test func metricsAreValidExposition() throws {
        _ = AdmissionMetrics(in: metrics, tables: .embedded)
        _ = metrics.makeShard()
        var family = ""
        var heads: Set<String> = []
        for line in get("/metrics").text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if let head = line.wholeMatch(of: /# (HELP|TYPE) ([a-z_]+) (.+)/) {
                family = String(head.2)
                if head.1 == "TYPE" {
                    #expect(["counter", "gauge", "histogram"].contains(head.3))
                    #expect(heads.insert(family).inserted, "two heads for \(family)")
                    #expect((head.3 == "counter") == family.hasSuffix("_total"))
                }
            } else if let sample = line.wholeMatch(
                of: /([a-z_]+)(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? ([0-9.e+-]+|NaN|[+-]Inf)/
            ) {
                #expect(sample.1 == family || ["_bucket", "_sum", "_count"].contains { family + $0 == sample.1 })
            } else {
                Issue.record("no line of the text format: \(line)")
            }
        }
        #expect(heads.count > 10)
    }

    static let others: [(path: String, isGet: Bool, status: Int)] = [
        ("/", true, 404), ("/healthz", true, 404), ("/metrics/", true, 404), ("/metrics", false, 405),
        ("/readyz", false, 405), ("/validate", false, 404),
    ]

    @Test(arguments: others) func refuses(_ test: (path: String, isGet: Bool, status: Int)) {
        let (reply, text) = get(test.path, isGet: test.isGet)
        #expect(reply.status == test.status)
        #expect(text.hasSuffix("\n"))
        #expect(reply.allow?.description == (test.status == 405 ? "GET, HEAD" : nil))
    }
}
