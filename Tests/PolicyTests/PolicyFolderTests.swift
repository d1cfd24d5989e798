import Foundation
import JSON
import Policy
import Testing

/// The policies that the repository ships are good, and do what their README says.
@Suite struct PolicyFolderTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "policies")

    static func load() throws -> PolicyCompiler.Result {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
            .sorted()
        return try compile(
            names.map { ($0, String(decoding: try Data(contentsOf: folder.appending(path: $0)), as: UTF8.self)) }
        )
    }

    @Test func loadsWithoutAWord() throws {
        let result = try Self.load()
        #expect(result.issues.map(\.description) == [])
        #expect(result.set?.policyCount == 10)
        #expect(result.set?.bindingCount == 4)
    }

    /// What the README shows can be copied.
    @Test func itsReadmeSaysWhatLoads() throws {
        let text = try String(contentsOf: Self.folder.appending(path: "README.md"), encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(!examples.isEmpty)
        for example in examples {
            let result = try compile([("README.md", example)])
            #expect(result.issues.map(\.description) == [])
        }
    }

    @Test func deniesAllThatIsWrongAtOnce() throws {
        let set = try #require(try Self.load().set)
        let decision = try set.decide(
            .create(
                """
                apiVersion: dbforpostgresql.azure.com/v1api20230601
                kind: FlexibleServer
                metadata:
                  name: team-a-db
                  namespace: team-a
                spec:
                  location: eastus
                  owner: {armId: /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/team-b-rg}
                  sku: {name: Standard_D16s_v3, tier: MemoryOptimized}
                  storage: {storageSizeGB: 512}
                """
            )
        )
        #expect(!decision.allowed)
        #expect(
            decision.failures.map { "\($0.policy)/\($0.rule) \($0.path)" } == [
                "team-a/credentials metadata.annotations[\"serviceoperator.azure.com/credential-from\"]",
                "team-a/resourceGroups spec.owner.armId",
                "everyone/eu-only spec.location",
                "everyone/cost-center spec.tags.cost-center",
                "team-databases/small-skus spec.sku.name",
                "team-databases/small-skus spec.sku.name",
                "team-databases/small-skus spec.storage.storageSizeGB",
                "team-databases/no-public-endpoint spec.network.publicNetworkAccess",
            ]
        )
    }

    @Test func mutatesWhatIsLeftOut() throws {
        let set = try #require(try Self.load().set)
        let decision = try set.decide(
            .create(
                storageAccount(
                    "{owner: {name: team-a-rg}, kind: StorageV2, sku: {name: Standard_LRS}, tags: {cost-center: CC-1234}, "
                        + "minimumTlsVersion: TLS1_2, publicNetworkAccess: Disabled, allowBlobPublicAccess: false}"
                )
            ),
            mode: .mutateAndValidate
        )
        #expect(decision.allowed)
        #expect(decision.warnings.count == 1)
        #expect(
            decision.patch?.operations == [
                .add(
                    JSONPointer(tokens: ["metadata", "annotations"]),
                    JSONFragment { writer in
                        writer.beginObject()
                        writer.key("serviceoperator.azure.com/credential-from")
                        writer.string("team-a-credential")
                        writer.endObject()
                    }
                ),
                .add(JSONPointer(tokens: ["spec", "location"]), JSONFragment(string: "westeurope")),
                .add(JSONPointer(tokens: ["spec", "tags", "managed-by"]), JSONFragment(string: "portcullis")),
                .add(JSONPointer(tokens: ["spec", "tags", "environment"]), JSONFragment(string: "development")),
            ]
        )
    }

    @Test func readsLimitsAndLabelsWithExpressions() throws {
        let set = try #require(try Self.load().set)
        func decide(_ days: String, mode: String = "Default") throws -> Decision {
            let spec =
                "{location: westeurope, tags: {cost-center: CC-1234}, sku: {name: Standard_D2s_v3, tier: GeneralPurpose}, "
                + "storage: {storageSizeGB: 64}, network: {publicNetworkAccess: Disabled}, createMode: \(mode), \(days)}"
            return try set.decide(
                .create(resource("dbforpostgresql.azure.com/v1api20230601preview/FlexibleServer", spec: spec)),
                mode: .mutateAndValidate
            )
        }
        let short = try decide("backup: {backupRetentionDays: 3}")
        #expect(!short.allowed && !short.isBroken)
        #expect(
            short.denials.map(\.description) == [
                "team-backups/backups-kept: spec.backup.backupRetentionDays: backups must be kept for 7 days or more; "
                    + "what must hold is: object.spec.?backup.?backupRetentionDays.orValue(7) >= variables.days"
            ]
        )
        for good in [
            try decide("backup: {backupRetentionDays: 7}"), try decide("administratorLogin: a"),
            try decide("backup: {backupRetentionDays: 3}", mode: "Replica"),
        ] {
            #expect(good.allowed && !good.isBroken, "\(good.lines)")
        }
        let group = try set.decide(
            .create(resource("resources.azure.com/v1api20200601/ResourceGroup", spec: "{location: westeurope}")),
            mode: .mutate
        )
        let patch = try #require(group.patch)
        #expect(String(decoding: patch.encode(), as: UTF8.self).contains(#""team":"team-a""#))
    }
}
