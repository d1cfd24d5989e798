import Admission
import Foundation
import Observability
import Policy
import TestSupport
import Testing

/// The folder of an inventory: the same mechanism as the policies', with what differs.
@Suite struct InventoryFolderTests {
    private let files: TemporaryFolder
    private let holder = InventoryHolder()
    private let folder: InventoryFolder

    init() throws {
        files = try TemporaryFolder()
        folder = InventoryFolder(path: files.url.path, holder: holder)
    }

    private func account(_ name: String) -> String {
        """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: \(name), namespace: team-a}
        spec: {location: westeurope}
        """
    }

    private var names: [String] { (holder.current?.entries ?? []).map(\.key.name).sorted() }

    @Test func readsAllFilesAndOnlyWhatChangedAgain() throws {
        try files.write(account("a"), to: "a.yaml")
        try files.write(account("b") + "\n---\n" + account("c"), to: "deep/b.yml")
        try files.write("not an object", to: "README.md")
        let status = folder.reload()
        #expect(status.isCurrent && status.compiledFiles == 2 && status.issues.isEmpty)
        #expect(names == ["a", "b", "c"])
        try files.write(account("d"), to: "a.yaml")
        #expect(folder.reload().compiledFiles == 1)
        #expect(names == ["b", "c", "d"])
        try FileManager.default.removeItem(atPath: files.path("deep/b.yml"))
        #expect(folder.reload().isCurrent && names == ["d"])
    }

    @Test func aBrokenFileKeepsTheLastGoodInventory() throws {
        try files.write(account("a"), to: "a.yaml")
        folder.reload()
        try files.write(account("b"), to: "b.yaml")
        try files.write("apiVersion: v1\nkind: Secret\nmetadata: {name: [}", to: "c.yaml")
        try files.write("apiVersion: v1\nkind: Secret\nmetadata: {}", to: "d.yaml")
        let status = folder.reload()
        // All files are read, so that all faults are told at once.
        #expect(!status.isCurrent && status.issues.map(\.file) == [files.path("c.yaml"), files.path("d.yaml")])
        #expect(status.issues.allSatisfy { $0.line == 3 && $0.column > 0 && !$0.mend.isEmpty })
        #expect(names == ["a"])
        for name in ["c.yaml", "d.yaml"] { try FileManager.default.removeItem(atPath: files.path(name)) }
        #expect(folder.reload().isCurrent && names == ["a", "b"])
    }

    @Test func anEmptyFolderIsAnInventoryAndSaysSo() throws {
        let status = folder.reload()
        #expect(status.isCurrent && status.issues.map(\.severity) == [.warning])
        #expect(holder.current?.entries.isEmpty == true)
    }

    @Test func aMissingFolderIsAnError() throws {
        try FileManager.default.removeItem(at: files.url)
        #expect(!folder.reload().isCurrent && holder.current == nil)
    }

    /// Link by link, as the kubelet does it.
    @Test func aConfigMapIsSwappedWhole() throws {
        func mount(_ version: String, _ names: [String]) throws {
            for (file, name) in zip(["a.yaml", "b.yaml"], names) {
                try files.write(account(name), to: "..\(version)/\(file)")
                if (try? FileManager.default.destinationOfSymbolicLink(atPath: files.path(file))) == nil {
                    try FileManager.default.createSymbolicLink(
                        atPath: files.path(file),
                        withDestinationPath: "..data/\(file)"
                    )
                }
            }
            try FileManager.default.createSymbolicLink(
                atPath: files.path("..data_tmp"),
                withDestinationPath: "..\(version)"
            )
            #expect(files.rename("..data_tmp", to: "..data"))
        }
        try mount("one", ["a", "b"])
        #expect(folder.reload().isCurrent && names == ["a", "b"])
        try mount("two", ["c", "d"])
        #expect(folder.reload().isCurrent && names == ["c", "d"])
    }

    @Test func noSecretsValueIsKeptOfAFile() throws {
        try files.write(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: aso-credential, namespace: team-a}
            stringData: {AZURE_CLIENT_SECRET: hunter2, AZURE_TENANT_ID: 11111111-1111-1111-1111-111111111111}
            """,
            to: "a.yaml"
        )
        folder.reload()
        var dumped = ""
        dump(holder, to: &dumped)
        dump(folder, to: &dumped)
        if let inventory = holder.current { dump(inventory, to: &dumped) }
        #expect(dumped.contains("11111111-1111-1111-1111-111111111111"))
        #expect(!dumped.contains("hunter2"))
    }

    // MARK: Readiness and metrics

    private func get(_ path: String, of service: AdminService) -> (status: Int, text: String) {
        var output: [UInt8] = []
        let reply = service.respond(path: Array(path.utf8).span, isGet: true, into: &output)
        return (reply.status, String(decoding: output, as: UTF8.self))
    }

    @Test func readinessAndMetricsFollowTheInventory() throws {
        let policies = PolicyHolder()
        let policyFolder = PolicyFolder(path: Fixtures.policies, holder: policies)
        let service = AdminService(
            metrics: Metrics(),
            folder: policyFolder,
            holder: policies,
            inventory: (folder, holder),
            readiness: Readiness()
        )
        policyFolder.reload()
        try files.write("a: [", to: "a.yaml")
        folder.reload()
        #expect(get("/readyz", of: service).status == 503)
        #expect(
            get("/readyz", of: service).text.hasPrefix("not ready: \(files.url.path) has not held a good inventory")
        )
        #expect(get("/readyz", of: service).text.contains("\(files.path("a.yaml")):"))
        try files.write(account("a"), to: "a.yaml")
        folder.reload()
        #expect(get("/readyz", of: service).status == 200)
        #expect(get("/readyz", of: service).text.contains("; the inventory holds 1 object, read 0 s ago\n"))
        try files.write("a: [", to: "b.yaml")
        folder.reload()
        let report = get("/readyz", of: service)
        #expect(report.status == 200)
        #expect(report.text.hasPrefix("degraded: \(files.url.path) was refused when it was read last; "))
        #expect(report.text.contains("the inventory holds 1 object"))
        let text = get("/metrics", of: service).text
        for line in [
            #"portcullis_inventory_objects{class="azure"} 1"#, #"portcullis_inventory_objects{class="secret"} 0"#,
            #"portcullis_inventory_reloads_total{result="success"} 1"#,
            #"portcullis_inventory_reloads_total{result="failure"} 2"#, "portcullis_inventory_folder_current 0",
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        #expect(text.contains("\nportcullis_inventory_age_seconds "))
    }

    // MARK: Answers

    @Test func nothingIsDecidedBeforeTheInventoryWasRead() throws {
        let harness = try Harness(policies: Self.quota, inventory: holder)
        let body = ReviewText(spec: #"{"location":"westeurope"}"#).bytes
        let refused = harness.ask(body)
        #expect(refused.reply.status == 503 && refused.text.contains("the inventory has not been read yet"))
        #expect(harness.metricsText.contains(#"portcullis_admission_refusals_total{reason="no_inventory"} 1"#))
        folder.reload()
        #expect(try harness.ask(body).review(of: body).isAllowed)
    }

    @Test func aChangedInventoryCountsFromTheNextRequestOn() throws {
        let harness = try Harness(policies: Self.quota, inventory: holder)
        let body = ReviewText(spec: #"{"location":"westeurope"}"#).bytes
        folder.reload()
        #expect(try harness.ask(body).review(of: body).isAllowed)
        try files.write(account("other"), to: "a.yaml")
        folder.reload()
        let review = try harness.ask(body).review(of: body)
        #expect(!review.isAllowed)
        #expect(review.message.contains("quota of 1 resource is used up: 1 of 1 in namespace team-a"))
    }

    private static let quota = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: small}
        spec:
          rules:
            - {name: one, quota: {count: 1}}
        """
}
