import EventLoop
import Foundation
import Glibc
import HTTPClient
import HTTPWire
import JSON
import TLS
import TestSupport
import Testing

@testable import portcullis

/// The executable under load, while its operator changes what it works with: nobody loses a request.
@Suite(.serialized) struct ServeTests {
    /// A review that the shipped policies allow, and whose region `everyone.yaml` decides about.
    private let review = Result { try Fixtures.review("storageaccount-create") }

    private func load(_ server: ServedProcess) throws -> ReviewLoad {
        let (http1, http2) = (try server.client("http/1.1"), try server.client("h2"))
        return try ReviewLoad(review.get(), asking: [http1, http1, http2, http2])
    }

    @Test func changedPoliciesAreInForceAndBrokenOnesAreNot() throws {
        let server = try ServedProcess()
        let load = try load(server)
        try load.waitForAnswers(50)
        #expect(load.now.denied == 0)

        let shipped = try server.policy("everyone.yaml")
        try server.replacePolicy("everyone.yaml", with: shipped.replacing("westeurope, ", with: ""))
        try load.waitForAnswers(50) { $0.denied >= 10 }

        // A broken file: what was in force stays, and readiness names the place.
        try server.replacePolicy("everyone.yaml", with: shipped.replacing("locations:", with: "locatoins:"))
        try wait("a refused reload") { try server.ask("/readyz").text.contains("degraded") }
        let report = try server.ask("/readyz")
        #expect(report.status == 200)
        #expect(report.text.contains("everyone.yaml:12:7: error: spec.rules[0].locatoins"))
        let allowed = load.now.allowed
        try load.waitForAnswers(50)
        // Answers that were under way when the reload came may still be counted.
        #expect(load.now.allowed == allowed)

        try server.replacePolicy("everyone.yaml", with: shipped)
        let before = load.now.allowed
        try load.waitForAnswers(50) { $0.allowed >= before + 10 }
        let counts = try load.finish()
        #expect(counts.lost == [])
        #expect(try server.ask("/metrics").text.contains("portcullis_policy_reloads_total{result=\"failure\"} 1"))
        #expect(server.end() == 0)
    }

    /// A bundle's policies lie beside it, and their folder is watched as well.
    @Test func aChangeInAFolderOfAKustomizationIsInForce() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        let policy = { (region: String) in
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: regions}
            spec: {rules: [{name: eu, locations: {allow: [\(region)]}}]}
            """
        }
        let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: "
        for (file, text) in [
            ("policies/kustomization.yaml", kustomization + "[../base]"),
            ("base/kustomization.yaml", kustomization + "[policy.yaml]"), ("base/policy.yaml", policy("westeurope")),
        ] {
            let url = folder.appending(path: file)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        let server = try ServedProcess(in: folder)
        let load = try load(server)
        try load.waitForAnswers(50)
        #expect(load.now.denied == 0)
        try Data(policy("northeurope").utf8).write(to: folder.appending(path: "base/policy.yaml"), options: .atomic)
        try load.waitForAnswers(50) { $0.denied >= 10 }
        #expect(try load.finish().lost == [])
        #expect(server.end() == 0)
    }

    /// A quota of what the inventory holds: a changed inventory counts, a broken one does not.
    @Test func aChangedInventoryIsInForceAndABrokenOneIsNot() throws {
        let server = try ServedProcess { certificates in
            let folder = URL(filePath: certificates.path).deletingLastPathComponent()
            let inventory = folder.appending(path: "inventory")
            try FileManager.default.createDirectory(at: inventory, withIntermediateDirectories: true)
            let policy = """
                ---
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: quota}
                spec:
                  rules:
                    - {name: few, quota: {count: 2}}
                """
            // The kustomization lists the files that are in force.
            let file = folder.appending(path: "policies/everyone.yaml")
            try Data((String(contentsOf: file, encoding: .utf8) + policy).utf8).write(to: file)
            return ["--inventory", inventory.path]
        }
        let load = try load(server)
        try load.waitForAnswers(50)
        #expect(load.now.denied == 0)
        #expect(try server.ask("/readyz").text.contains("the inventory holds 0 objects"))

        let namespace = try Self.namespace(of: review.get())
        try server.replaceInventory("a.yaml", with: Self.accounts(2, in: namespace))
        try load.waitForAnswers(50) { $0.denied >= 10 }

        try server.replaceInventory("b.yaml", with: "apiVersion: v1\nkind: Secret\nmetadata: {}\n")
        try wait("a refused reload") { try server.ask("/readyz").text.contains("degraded") }
        #expect(try server.ask("/readyz").text.contains("b.yaml:3:11: error: metadata: has no name"))
        let allowed = load.now.allowed
        try load.waitForAnswers(50)
        #expect(load.now.allowed == allowed)

        try server.replaceInventory("b.yaml", with: "")
        try server.replaceInventory("a.yaml", with: Self.accounts(1, in: namespace))
        let before = load.now.allowed
        try load.waitForAnswers(50) { $0.allowed >= before + 10 }
        #expect(try load.finish().lost == [])
        let metrics = try server.ask("/metrics").text
        #expect(metrics.contains(#"portcullis_inventory_objects{class="azure"} 1"#))
        #expect(server.end() == 0)
    }

    /// The file of a snapshot in the place of a folder: replaced as a whole, and another version of it is not in force.
    @Test func anInventoryMayBeOneFile() throws {
        func snapshot(_ names: [String], version: Int = 1) -> String {
            let objects = names.map { #"{"kind":"storage.azure.com/StorageAccount","namespace":"a","name":"\#($0)"}"# }
            let head = #""apiVersion":"portcullis.dev/v1alpha1","kind":"InventorySnapshot","schemaVersion":\#(version)"#
            return "{\(head),\"objects\":[\(objects.joined(separator: ","))]}"
        }
        let server = try ServedProcess { certificates in
            let inventory = URL(filePath: certificates.path).deletingLastPathComponent().appending(path: "inventory")
            try FileManager.default.createDirectory(at: inventory, withIntermediateDirectories: true)
            let file = inventory.appending(path: "cluster.json")
            try Data(snapshot(["one"]).utf8).write(to: file)
            // What lies beside it is not read.
            try Data("a: [".utf8).write(to: inventory.appending(path: "other.yaml"))
            return ["--inventory", file.path]
        }
        #expect(try server.ask("/readyz").text.contains("the inventory holds 1 object"))
        try server.replaceInventory("cluster.json", with: snapshot(["one", "two"]))
        try wait("another snapshot") { try server.ask("/readyz").text.contains("the inventory holds 2 objects") }
        try server.replaceInventory("cluster.json", with: snapshot(["one"], version: 2))
        try wait("a refused reload") { try server.ask("/readyz").text.contains("degraded") }
        #expect(try server.ask("/readyz").text.contains("make it anew with portcullis snapshot"))
        #expect(server.end() == 0)
    }

    /// What is recorded can be asked about again; Secrets are not recorded.
    @Test func whatIsSentToValidateIsRecordedButSecrets() throws {
        let server = try ServedProcess { certificates in
            let folder = URL(filePath: certificates.path).deletingLastPathComponent()
            return ["--record", folder.appending(path: "reviews.jsonl").path]
        }
        let client = try HTTPClient(server.client("http/1.1"))
        func ask(_ path: String, _ body: [UInt8]) throws {
            let head = ClientRequestHead(.post, authority: "localhost", target: path, contentType: "application/json")
            #expect(try client.perform(head, body: body).status == 200)
        }
        let review = try review.get()
        let lines = try JSONSerialization.data(
            withJSONObject: JSONSerialization.jsonObject(with: Data(review)),
            options: .prettyPrinted
        )
        try ask("/validate", Array(lines))
        try ask("/mutate", review)
        let secret = String(decoding: review, as: UTF8.self)
            .replacing(#""group":"storage.azure.com""#, with: #""group":"""#)
            .replacing(#""kind":"StorageAccount""#, with: #""kind":"Secret""#)
        try ask("/validate", Array(secret.utf8))
        try ask("/validate", review)
        #expect(server.end() == 0)
        let file = server.folder.appending(path: "reviews.jsonl")
        let recorded = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(recorded.count == 2 && !recorded.contains { $0.contains("Secret") })
        for line in recorded {
            #expect(try JSONDocument(parsing: Array(line.utf8)).root.isObject)
        }
        let access = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(access == 0o600)
        let replayed = try Executable.run(["replay", "-p", server.folder.appending(path: "policies").path, file.path])
        #expect(replayed.code == 0 && replayed.output.contains("2 manifests: 2 allowed, 0 denied"))
        #expect(try server.log().contains("reviews are recorded with what their objects hold"))
    }

    private static func namespace(of review: [UInt8]) throws -> String {
        let json = try #require(try JSONSerialization.jsonObject(with: Data(review)) as? [String: Any])
        let request = try #require(json["request"] as? [String: Any])
        return try #require(request["namespace"] as? String)
    }

    private static func accounts(_ count: Int, in namespace: String) -> String {
        (0..<count).map { place in
            """
            apiVersion: storage.azure.com/v1api20230101
            kind: StorageAccount
            metadata: {name: other-\(place), namespace: \(namespace)}
            spec: {location: westeurope}
            """
        }.joined(separator: "\n---\n")
    }

    @Test func aChangedCertificateIsShownToNewConnections() throws {
        let server = try ServedProcess()
        let load = try load(server)
        try load.waitForAnswers(50)
        let before = try server.certificates.leaf().notAfter
        try server.certificates.renew(at: .now() + .seconds(5))
        let after = try server.certificates.leaf().notAfter
        #expect(after != before)
        try wait("the new leaf") {
            try server.ask("/metrics").text.contains(
                "portcullis_certificate_expiry_timestamp_seconds \(after.secondsSinceEpoch)"
            )
        }
        try load.waitForAnswers(50)
        // A client that connects now is content with it as well.
        let client = try HTTPClient(server.client("http/1.1"))
        #expect(try client.perform(.init(.get, authority: "localhost", target: "/validate")).status == 405)
        let counts = try load.finish()
        #expect(counts.lost == [])
        #expect(counts.denied == 0)
        #expect(server.end() == 0)
    }

    @Test func drainsAndStartsAgainWithoutLosingARequest() throws {
        let first = try ServedProcess()
        let load = try load(first)
        try load.waitForAnswers(100)
        #expect(first.end(SIGTERM) == 0)
        let second = try ServedProcess(in: first.folder, port: first.webhook.port)
        try load.waitForAnswers(100)
        let counts = try load.finish()
        #expect(counts.lost == [])
        #expect(counts.denied == 0)
        #expect(second.end(SIGINT) == 0)
    }

    @Test func afterAKillTheNextProcessServes() throws {
        let first = try ServedProcess()
        #expect(first.end(SIGKILL) == 128 + SIGKILL)
        let second = try ServedProcess(in: first.folder, port: first.webhook.port)
        let load = try load(second)
        try load.waitForAnswers(50)
        #expect(try load.finish().lost == [])
        #expect(second.end() == 0)
        // Every decision was written before the end.
        let log = try String(contentsOf: second.folder.appending(path: "decisions"), encoding: .utf8)
        #expect(log.split(separator: "\n").count == load.now.answered)
    }

    /// One certificate with an ECDSA key and one with an RSA key: the log and the metric speak of both.
    @Test func showsTwoCertificates() throws {
        let now = UTCInstant.now()
        let server = try ServedProcess { certificates in
            let authority = try CertificateAuthority(named: "second", at: now)
            let leaf = LeafRequest(
                commonName: "rsa",
                subjectAlternativeNames: try CertificateFolder.localNames(),
                validity: .days(1)
            )
            let identity = try authority.issue(leaf, for: PrivateKey(generating: .rsa(bits: 2048)), at: now)
            let (chain, key) = (certificates.path + "/rsa.crt", certificates.path + "/rsa.key")
            try FileSystem.write(identity.leaf.pem.span, to: chain, access: .everyoneReads)
            try FileSystem.write(identity.key.pem.span, to: key, access: .ownerOnly)
            return ["--tls-cert", chain, "--tls-key", key]
        }
        let log = try server.log()
        #expect(log.contains("ECDSA P-256"), "\(log)")
        #expect(log.contains("RSA 2048"), "\(log)")
        // The RSA leaf expires first.
        let early = (now + .days(1)).secondsSinceEpoch
        #expect(try early < server.certificates.leaf().notAfter.secondsSinceEpoch)
        let metric = "portcullis_certificate_expiry_timestamp_seconds \(early)"
        #expect(try server.ask("/metrics").text.contains(metric))
        let load = try load(server)
        try load.waitForAnswers(20)
        #expect(try load.finish().lost == [])
        #expect(server.end() == 0)
    }

    /// The soft limit is raised to the hard one; connections that would not fit are not promised.
    @Test(arguments: [(200, true), (4096, false)]) func fitsItsConnectionsToItsDescriptors(
        _ descriptors: Int,
        _ isTooFew: Bool
    ) throws {
        let server = try ServedProcess(descriptors: descriptors)
        let log = try server.log()
        #expect(log.contains("fewer connections than usual") == isTooFew, "\(log)")
        #expect(log.contains("descriptors=200") == isTooFew, "\(log)")
        #expect(log.contains("connections=2048") == !isTooFew, "\(log)")
        let load = try load(server)
        try load.waitForAnswers(20)
        #expect(try load.finish().lost == [])
        #expect(server.end() == 0)
    }
}
