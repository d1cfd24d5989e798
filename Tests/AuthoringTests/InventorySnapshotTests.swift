import Authoring
import Azure
import Foundation
import JSON
import Policy
import TestSupport
import Testing

/// A snapshot stands for the manifests that it was made of.
@Suite struct InventorySnapshotTests {
    private static func inventory(_ text: String) throws -> InventoryBuilder.Result {
        var builder = InventoryBuilder()
        for document in try JSONDocument.parseYAML(Array(text.utf8)) { builder.add(document, file: "a.yaml") }
        return builder.finish()
    }

    private static func snapshot(_ text: String) throws -> String {
        let inventory = try #require(inventory(text).inventory)
        return String(decoding: InventorySnapshot.text(of: inventory), as: UTF8.self)
    }

    private static func faults(_ text: String) throws -> [String] { try inventory(text).issues.map(\.description) }

    /// As many as a cluster has: each in a line, in the order of their keys.
    @Test func manyObjectsAreKept() throws {
        let count = 5000
        let names = (0..<count).map { "{apiVersion: v1, kind: Namespace, metadata: {name: n\(($0 * 7) % count)}}" }
        let text = try Self.snapshot(names.joined(separator: "\n---\n"))
        let lines = text.split(separator: "\n").dropFirst().dropLast()
        #expect(lines.count == count && Array(lines.dropLast()) == lines.dropLast().sorted())
        #expect(try Self.snapshot(text) == text)
    }

    // MARK: The same decisions

    /// Suites of the repository whose cases know other objects.
    private static let suites: [String] = {
        let root = URL(filePath: Fixtures.policies).resolvingSymlinksInPath()
        let files = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".yaml") && $0.contains("tests/") }.sorted().filter {
            (try? String(contentsOf: root.appending(path: $0), encoding: .utf8))?.contains("\n  inventory:") == true
        }
    }()

    @Test(arguments: suites) func casesAreDecidedAsWithTheManifests(_ path: String) throws {
        let root = URL(filePath: Fixtures.policies).resolvingSymlinksInPath()
        var texts: [String: String] = [:]
        for file in FileManager.default.enumerator(atPath: root.path)?.compactMap({ $0 as? String }) ?? []
        where file.hasSuffix(".yaml") {
            texts[file] = try String(contentsOf: root.appending(path: file), encoding: .utf8)
        }
        let folder = path.components(separatedBy: "tests/")[0]
        var isReplaced = false
        let original = try #require(texts[path])
        let suite = try #require(
            JSONDocument.parseYAML(Array(original.utf8)).first { JSONFragment($0)["kind"]?.text == "PolicyTest" }
        )
        // The suite as it is, but with a snapshot in the place of the objects.
        let changed = JSONFragment { writer in
            writer.beginObject()
            for (key, value) in JSONFragment(suite).members {
                writer.key(key)
                guard key == "spec" else {
                    writer.copy(value)
                    continue
                }
                writer.beginObject()
                for (key, value) in value.members {
                    writer.key(key)
                    guard key == "inventory" else {
                        writer.copy(value)
                        continue
                    }
                    var builder = InventoryBuilder()
                    for element in value.elements {
                        if element.value.isString {
                            let text = texts[
                                path.components(separatedBy: "/").dropLast().joined(separator: "/") + "/" + element.text
                            ]
                            for document in (try? JSONDocument.parseYAML(Array((text ?? "").utf8))) ?? [] {
                                builder.add(document, file: element.text)
                            }
                        } else if let document = try? JSONDocument(parsing: element.bytes) {
                            builder.add(document, file: path)
                        }
                    }
                    writer.beginArray()
                    if let inventory = builder.finish().inventory,
                        let document = try? JSONDocument(parsing: InventorySnapshot.text(of: inventory))
                    {
                        writer.copy(JSONFragment(document))
                        isReplaced = true
                    }
                    writer.endArray()
                }
                writer.endObject()
            }
            writer.endObject()
        }
        #expect(isReplaced)
        func run(_ suite: String) throws -> TestReport {
            // The folder's kustomization leaves out what is there to choose from.
            let own = texts.filter { file, _ in
                file.hasPrefix(folder)
                    && (!folder.isEmpty || !["catalogue/", "bundles/"].contains { file.hasPrefix($0) })
            }
            let files = Files(own.merging([path: suite]) { $1 })
            var run = SuiteRun(files: files, now: WallTime("2030-01-01T00:00:00Z"))
            run.run(path)
            return run.finish(files: [path])
        }
        let before = try run(original)
        let after = try run(String(decoding: changed.bytes, as: UTF8.self))
        #expect(after.suites.flatMap(\.cases).count == before.suites.flatMap(\.cases).count)
        #expect(before.suites.flatMap(\.cases).count > 0 && before.differences == [])
        #expect(after.differences == [])
        // Beside what no suite names any more, if objects were in a file.
        #expect(after.faults.filter { !$0.contains("is used by no test") } == [])
    }

    @Test func thereAreSuchSuites() { #expect(Self.suites.count >= 2) }

    @Test func recordedObjectsComeBack() throws {
        var builder = InventoryBuilder()
        for name in try Fixtures.reviewNames() {
            let review = JSONFragment(try JSONDocument(parsing: try Fixtures.review(name)))
            for field in ["object", "oldObject"] {
                guard let object = review["request"]?[field], object.value.isObject else { continue }
                guard object["metadata"]?["name"] != nil else { continue }
                builder.add(try JSONDocument(parsing: object.bytes), file: name)
            }
        }
        let inventory = try #require(builder.finish().inventory)
        #expect(inventory.entries.count > 10)
        let text = String(decoding: InventorySnapshot.text(of: inventory), as: UTF8.self)
        #expect(try Self.snapshot(text) == text)
    }

    @Test func everyFactComesBack() throws {
        let kind = try #require(AzureTables.embedded.kind(group: "sql.azure.com", kind: "Server"))
        let owner = Inventory.Key(
            group: "resources.azure.com",
            kind: "ResourceGroup",
            namespace: "team-a",
            name: "data"
        )
        let id = try ResourceID(
            parsing:
                "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/data/providers/Microsoft.Sql/servers/a"
        )
        let entry = Inventory.Entry(
            key: Inventory.Key(group: kind.group, kind: kind.kind, namespace: "team-a", name: "a"),
            kind: kind,
            labels: ["team": "", "app.kubernetes.io/name": "a\n\"b\""],
            azureName: "in-azure",
            location: "westeurope",
            tags: ["cost-center": "CC-1"],
            owner: .object(owner),
            resourceID: id,
            dataKeys: ["AZURE_CLIENT_ID", "b"],
            credential: Inventory.Credential(clientID: "11111111-1111-1111-1111-111111111111", saysMore: true),
            controller: "Server/b",
            credentialName: "team-a-credential",
            privateEndpointTargets: [.object(owner), .armID(id.description)],
            quantities: [.vCores: 4, .storageGB: 0.5],
            unknownQuantities: [.memoryGB, .capacity]
        )
        let other = Inventory.Entry(
            key: Inventory.Key(group: "", kind: "Namespace", namespace: "", name: "team-a"),
            owner: .armID("/subscriptions/x")
        )
        let text = String(decoding: InventorySnapshot.text(of: Inventory([entry, other])), as: UTF8.self)
        let read = try #require(Self.inventory(text).inventory)
        let back = try #require(read[entry.key])
        #expect(back.kind?.description == kind.description)
        #expect(back.labels == entry.labels && back.tags == entry.tags)
        #expect(back.azureName == entry.azureName && back.location == entry.location)
        #expect(back.owner == entry.owner && back.resourceID == entry.resourceID)
        #expect(back.dataKeys == entry.dataKeys && back.credential == entry.credential)
        #expect(back.controller == entry.controller && back.credentialName == entry.credentialName)
        #expect(back.privateEndpointTargets == entry.privateEndpointTargets)
        #expect(back.quantities == entry.quantities && back.unknownQuantities == entry.unknownQuantities)
        #expect(read[other.key]?.owner == other.owner)
        #expect(try Self.snapshot(text) == text)
    }

    // MARK: What is in it

    private static let secrets = """
        apiVersion: v1
        kind: Secret
        metadata: {name: aso-credential, namespace: team-a, annotations: {note: hidden-annotation}}
        data: {AZURE_CLIENT_SECRET: aGlkZGVuLXZhbHVl, AZURE_CLIENT_ID: MTExMTExMTEtMTExMS0xMTExLTExMTEtMTExMTExMTExMTEx}
        stringData: {AZURE_TENANT_ID: hidden-tenant, password: hidden-password}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: names, namespace: team-a}
        data: {a: hidden-text}
        ---
        apiVersion: sql.azure.com/v1api20211101
        kind: Server
        metadata: {name: a, namespace: team-a}
        spec:
          location: westeurope
          administratorLogin: hidden-login
          administratorLoginPassword: {name: hidden-reference, key: hidden-key}
        """

    @Test func noValueOfASecretIsInIt() throws {
        let text = try Self.snapshot(Self.secrets)
        #expect(!text.contains("hidden") && !text.contains("aGlkZGVu"))
        #expect(text.contains("\"clientID\":\"11111111-1111-1111-1111-111111111111\""))
        #expect(
            text.contains("\"dataKeys\":[\"AZURE_CLIENT_ID\",\"AZURE_CLIENT_SECRET\",\"AZURE_TENANT_ID\",\"password\"]")
        )
    }

    @Test func anObjectIsALine() throws {
        let lines = try Self.snapshot(Self.secrets).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(
            lines[0]
                == "{\"apiVersion\":\"portcullis.dev/v1alpha1\",\"kind\":\"InventorySnapshot\",\"schemaVersion\":1,\"objects\":["
        )
        // In the order of their names, so that snapshots can be compared.
        #expect(lines[1].hasPrefix("{\"kind\":\"/ConfigMap\"") && lines[3].contains("sql.azure.com/Server"))
    }

    // MARK: What is wrong with it

    private static func document(_ objects: String, version: String = "1") -> String {
        """
        {"apiVersion":"portcullis.dev/v1alpha1","kind":"InventorySnapshot","schemaVersion":\(version),"objects":\(objects)}
        """
    }

    @Test(arguments: [
        (
            "an older version", document("[]", version: "0"),
            "schemaVersion: is 0, and this version of Portcullis reads 1; make it anew"
        ),
        ("a newer version", document("[{\"fresh\":1}]", version: "2"), "schemaVersion: is 2, and this version"),
        ("a version that is none", document("[]", version: "\"1\""), "schemaVersion: is \"1\", and this version"),
        (
            "no version", "{apiVersion: portcullis.dev/v1alpha1, kind: InventorySnapshot, objects: []}",
            "has no schemaVersion"
        ),
        (
            "no objects", "{apiVersion: portcullis.dev/v1alpha1, kind: InventorySnapshot, schemaVersion: 1}",
            "has no objects"
        ),
        ("objects that are none", document("{}"), "objects: must be a list"),
        ("an object that is none", document("[1]"), "objects[0]: must be an object"),
        ("an object without a name", document("[{\"kind\":\"/Secret\"}]"), "objects[0]: has no name"),
        (
            "a field of somebody else's", document("[{\"kind\":\"/Secret\",\"name\":\"a\",\"data\":{}}]"),
            "objects[0].data: is unknown"
        ),
        (
            "a kind without a group", document("[{\"kind\":\"Secret\",\"name\":\"a\"}]"),
            "objects[0].kind: is \"Secret\""
        ),
        (
            "an ID that is none", document("[{\"kind\":\"/Secret\",\"name\":\"a\",\"id\":\"nothing\"}]"),
            "objects[0].id: "
        ),
        (
            "a quantity below zero", document("[{\"kind\":\"/Secret\",\"name\":\"a\",\"quantities\":{\"vCores\":-1}}]"),
            "objects[0].quantities.vCores: must not be negative"
        ),
        (
            "a quantity without end",
            document("[{\"kind\":\"/Secret\",\"name\":\"a\",\"quantities\":{\"vCores\":1e300}}]"),
            "is more than any resource has"
        ),
        (
            "a client that is no GUID",
            document("[{\"kind\":\"/Secret\",\"name\":\"a\",\"credential\":{\"clientID\":\"x\"}}]"),
            "objects[0].credential.clientID: is \"x\""
        ),
        (
            "an owner without a name", document("[{\"kind\":\"/Secret\",\"name\":\"a\",\"owner\":{\"kind\":\"a/b\"}}]"),
            "objects[0].owner: has no name"
        ),
    ])
    func faultsAreTold(_ name: String, _ text: String, _ expected: String) throws {
        let result = try Self.inventory(text)
        #expect(result.inventory == nil, "\(name)")
        #expect(
            result.issues.contains { $0.severity == .error && $0.description.contains(expected) },
            "\(name): \(result.issues)"
        )
    }

    @Test func snapshotsAndManifestsAddUp() throws {
        let text =
            try Self.snapshot(Self.secrets) + "\n---\n"
            + Self.secrets.replacing("name: a, namespace", with: "name: b, namespace")
        let result = try Self.inventory(text)
        #expect(result.inventory?.entries.count == 4)
        // Of an object that both have the last counts, and that is told.
        #expect(result.issues.allSatisfy { $0.severity == .warning } && !result.issues.isEmpty)
    }
}

extension JSONFragment {
    /// The value in JSON.
    fileprivate var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.copy(self)
        return writer.finish()
    }
}
