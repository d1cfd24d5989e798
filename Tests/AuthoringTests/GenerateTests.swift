import Authoring
import Azure
import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// Kubernetes' own policies that are made of ours decide as ours do.
@Suite struct GenerateTests {
    /// The folder of the catalogue.
    static let catalogue = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "policies/catalogue")

    static let names: [String] = {
        let found = try? FileManager.default.contentsOfDirectory(atPath: catalogue.path)
        return (found ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }()

    /// Catalogue policies that are refused, and what the reason names.
    static let refused = ["location-of-owner": "sameAsOwner"]

    /// Cases that Kubernetes does not know.
    static let unknownToKubernetes = ["a namespace that nobody knows gives nothing, and says so"]

    static func policy(_ name: String) throws -> String {
        try String(contentsOf: catalogue.appending(path: "\(name)/policy.yaml"), encoding: .utf8)
    }

    /// The manifests and refusals of a policy.
    static func generate(_ documents: [JSONDocument]) -> (text: String, refusals: [String]) {
        var text: [String] = []
        var refusals: [String] = []
        for target in [AdmissionPolicyGenerator.Target.validating, .mutating] {
            var generator = AdmissionPolicyGenerator(target)
            for document in documents { generator.add(document) }
            text += generator.manifests.map { $0.joined(separator: "\n") + "\n" }
            refusals += generator.refusals.map(\.description)
        }
        return (text.joined(separator: "---\n"), refusals)
    }

    static func set(_ texts: [String]) throws -> PolicySet {
        // A test must not fail because the machine is busy.
        var compiler = PolicyCompiler(configuration: PolicyConfiguration(maximumExpressionTime: .seconds(60)))
        for text in texts {
            for document in try JSONDocument.parseYAML(Array(text.utf8)) { compiler.add(document, file: "p") }
        }
        let result = compiler.finish()
        #expect(result.errors.map(\.description) == [])
        return try #require(result.set)
    }

    @Test func makesAllButAFew() throws {
        var refused: [String: [String]] = [:]
        for name in Self.names {
            let made = Self.generate(try JSONDocument.parseYAML(Array(Self.policy(name).utf8)))
            if !made.refusals.isEmpty { refused[name] = made.refusals }
        }
        #expect(Set(refused.keys) == Set(Self.refused.keys), "\(refused)")
        for (name, reason) in Self.refused {
            #expect(refused[name]?.contains { $0.contains(reason) } == true, "\(refused[name] ?? [])")
        }
        #expect(Self.names.count - refused.count >= 45)
    }

    // MARK: Suites

    /// The values of YAML documents as Foundation has them.
    static func values(_ yaml: String) throws -> [[String: Any]] {
        try JSONDocument.parseYAML(Array(yaml.utf8)).map { document in
            var writer = JSONWriter()
            writer.copy(document.root, in: document)
            return try #require(
                try JSONSerialization.jsonObject(with: Data(writer.finish())) as? [String: Any]
            )
        }
    }

    static func text(_ value: Any) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)
    }

    /// A policy's suite, asked of what is made of the policy: each case with its own parameters, and without words.
    @Test(arguments: names.filter { refused[$0] == nil })
    func passesItsSuite(_ name: String) throws {
        var policy = try #require(try Self.values(Self.policy(name)).first)
        let folder = Self.catalogue.appending(path: "\(name)/tests")
        var texts: [String: String] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file != "suite.yaml" {
            texts["tests/\(file)"] = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        }
        var suite = try #require(
            try Self.values(String(contentsOf: folder.appending(path: "suite.yaml"), encoding: .utf8)).first
        )
        var spec = try #require(suite["spec"] as? [String: Any])
        let cases = try #require(spec["cases"] as? [[String: Any]])
        var policySpec = try #require(policy["spec"] as? [String: Any])
        let parameters = policySpec["parameters"] as? [String: Any] ?? [:]
        #expect(!cases.isEmpty)
        for var item in cases where !Self.unknownToKubernetes.contains(item["name"] as? String ?? "") {
            policySpec["parameters"] = parameters.merging(item["parameters"] as? [String: Any] ?? [:]) { $1 }
            policy["spec"] = policySpec
            item["parameters"] = nil
            var expect = item["expect"] as? [String: Any] ?? [:]
            // A failure names its rule; how many there are of one rule is not the same.
            // Old failures of an UPDATE pass without a word: an admission policy denies or warns, not one for the other.
            let isUpdate = item["old"] != nil || item["oldChanges"] != nil
            for field in ["failures", "warnings", "audits"] {
                if isUpdate, field == "warnings" { expect[field] = nil }
                guard let found = expect[field] as? [[String: Any]] else { continue }
                let rules = Set(found.compactMap { $0["rule"] as? String })
                expect[field] = rules.sorted().map { ["message": ["contains": "\($0): "]] }
                expect["exhaustive"] = false
            }
            item["expect"] = expect
            spec["cases"] = [item]
            suite["spec"] = spec
            let made = Self.generate(try JSONDocument.parseYAML(Array(Self.text(policy).utf8)))
            #expect(made.refusals == [], "\(item["name"] ?? "")")
            var files = texts.mapKeys { "p/\($0)" }
            files["p/policy.yaml"] = made.text
            files["p/tests/suite.yaml"] = try Self.text(suite)
            var run = SuiteRun(files: Files(files), now: WallTime("2030-01-01T00:00:00Z"))
            run.run("p/tests/suite.yaml")
            let report = run.finish()
            #expect(report.faults == [], "\(item["name"] ?? "")")
            #expect(report.differences == [], "\(item["name"] ?? "")")
            #expect(report.caseCount == 1)
        }
    }

    // MARK: Rules

    /// What rules of all kinds are tried on, each object after every other.
    static let objects: [String] = [
        storage(
            "{location: westeurope, sku: {name: Standard_LRS}, tags: {Owner: me, environment: prod}}",
            labels: "{a: b}"
        ),
        storage("{location: East US, sku: {name: Premium_ZRS}, kind: StorageV2, minimumTlsVersion: TLS1_2}"),
        storage(
            "{location: global, publicNetworkAccess: SecuredByPerimeter, tags: {environment: ''}}",
            labels: "{a: c}"
        ),
        storage(
            "{publicNetworkAccess: disabled, networkAcls: {bypass: 'Logging, AzureServices', defaultAction: deny}}"
        ),
        storage("{networkAcls: {}, allowBlobPublicAccess: true, supportsHttpsTrafficOnly: false, tags: {x-1: y}}"),
        manifest("documentdb.azure.com/v1api20231115", "DatabaseAccount", cosmosAccount),
        manifest(
            "containerservice.azure.com/v1api20250801",
            "ManagedCluster",
            "{location: westeurope, sku: {tier: Free, name: Base}, agentPoolProfiles: "
                + "[{name: a, vmSize: Standard_D4s_v5, enableEncryptionAtHost: true}, {name: b, vmSize: Standard_M8ms}]}"
        ),
        manifest(
            "containerservice.azure.com/v1api20250801",
            "ManagedCluster",
            "{location: westus, agentPoolProfiles: [{name: b, vmSize: Standard_M8ms, availabilityZones: ['1', '4']}, {name: c}]}"
        ),
        manifest(
            "dbforpostgresql.azure.com/v1api20240801",
            "FlexibleServer",
            "{location: eastus, network: {delegatedSubnetResourceReference: {armId: /x}}, sku: {tier: Burstable}}"
        ),
        manifest(
            "dbforpostgresql.azure.com/v1api20240801",
            "FlexibleServer",
            "{sku: {name: Standard_D4s_v3, tier: GeneralPurpose}, backup: {geoRedundantBackup: Enabled}, createMode: Replica}"
        ),
        manifest("new.azure.com/v1", "Thing", "{location: westus, sku: {name: Basic}, tags: {environment: test}}"),
        storage("{azureName: team-a-thing, tags: {Cost-Center: CC-1, owner: you, team: a}}"),
        storage("{azureName: teamadata1, tags: {cost-center: CC-2}, location: westeurope, sku: {name: Standard_ZRS}}"),
        storage("{azureNameFromConfig: {name: a, key: b}, sku: {}, locationFromConfig: {name: a, key: b}}"),
        manifest("compute.azure.com/v1api20220301", "VirtualMachine", "{location: westeurope, zones: ['1', '2', '2']}"),
        manifest("compute.azure.com/v1api20220301", "VirtualMachine", "{zones: ['3', '1', '2'], hardwareProfile: {}}"),
        manifest("compute.azure.com/v1api20220301", "VirtualMachine", "{zones: []}"),
        manifest("compute.azure.com/v1api20220301", "VirtualMachine", "{}"),
        backups("{backupRetentionDays: 35}"), backups("{backupRetentionDays: 7}"),
        cosmos("{continuous: {continuousModeProperties: {tier: Continuous7Days}}}"),
        cosmos("{continuous: {}}"), cosmos("{periodic: {}}"),
        cosmos("{periodic: {periodicModeProperties: {backupRetentionIntervalInHours: 720}}}"),
        kept("P30D"), kept("p1y2m"), kept("PT48H"), kept("P2WT1S"), kept("tomorrow"), kept("P5"),
        vault("{softDeleteRetentionInDays: 7}"), vault("{softDeleteRetentionInDays: 90, enablePurgeProtection: true}"),
    ]

    static func backups(_ spec: String) -> String {
        manifest("dbforpostgresql.azure.com/v1api20240801", "FlexibleServer", "{backup: \(spec)}")
    }

    static func cosmos(_ policy: String) -> String {
        manifest("documentdb.azure.com/v1api20231115", "DatabaseAccount", "{backupPolicy: \(policy)}")
    }

    static func kept(_ duration: String) -> String {
        let rule =
            "{azureRetentionRule: {lifecycles: [{deleteAfter: {absoluteDeleteOption: {duration: \(duration)}}}]}}"
        return manifest(
            "dataprotection.azure.com/v1api20231101",
            "BackupVaultsBackupPolicy",
            "{properties: {backupPolicy: {policyRules: [\(rule)]}}}"
        )
    }

    static func vault(_ properties: String) -> String {
        manifest("keyvault.azure.com/v1api20230701", "Vault", "{properties: \(properties)}")
    }

    static let cosmosAccount =
        "{location: westeurope, locations: [{locationName: West Europe, isZoneRedundant: true}, {locationName: eastus}], "
        + "ipRules: [{ipAddressOrRange: 1.2.3.4}]}"

    static func storage(_ spec: String, labels: String = "{}") -> String {
        manifest("storage.azure.com/v1api20230101", "StorageAccount", spec, labels: labels)
    }

    static func manifest(_ version: String, _ kind: String, _ spec: String, labels: String = "{}") -> String {
        "{apiVersion: \(version), kind: \(kind), metadata: {name: thing, namespace: team-a, labels: \(labels)}, spec: \(spec)}"
    }

    static let rules = [
        "locations: {allow: [westeurope]}", "locations: {deny: [East US], global: Deny}",
        "locations: {allow: [westeurope], replicas: {allow: [eastus]}}", "locations: {deny: [westus]}, ifAbsent: Deny",
        "skus: {deny: [\"Premium*\"]}",
        "skus: {allow: [{tier: GeneralPurpose}, {name: \"Standard_*\"}]}, ifAbsent: Allow",
        "skus: {of: Services, allow: [Base, \"*_LRS\"]}", "skus: {of: Machines, allow: [\"standard_d*\"]}",
        "tags: {required: {environment: {values: [prod, test]}, owner: {}}}", "tags: {forbidden: [\"x-*\", OWNER]}",
        "tags: {required: {environment: {pattern: '^p'}}}, ifAbsent: Allow",
        "exposure: {publicNetworkAccess: SecuredByPerimeter}",
        "exposure: {publicNetworkAccess: Disabled}, ifAbsent: Allow",
        "exposure: {firewall: Required}", "exposure: {minimumTLSVersion: \"1.2\", publicAccess: Disabled}",
        "exposure: {trustedServices: Disabled}", "exposure: {trustedServices: Required, httpsOnly: Required}",
        "encryption: {atHost: Required}", "zones: {redundant: Required}", "zones: {allow: ['1', '2']}",
        "backup: {geoRedundant: Disabled}", "backup: {geoRedundant: Required}",
        "kinds: {deny: [\"storage.azure.com/*\"]}",
        "cel: {expression: \"!has(object.spec.location) || object.spec.location == 'westeurope'\"}",
        "cel: {expression: \"object.?spec.?sku.?name.orValue('') != 'Basic'\", fieldPath: spec.sku.name}",
        "naming: {pattern: '^team-', maximumLength: 11, deny: ['x$', ing$]}",
        "naming: {minimumLength: 6}, ifUnknown: Allow",
        "naming: {prefix: \"${namespace}-\", suffix: \"${name}\"}",
        "zones: {minimum: 1}", "zones: {minimum: 2}, ifAbsent: Allow", "zones: {minimum: 3}",
        "backup: {minimumRetentionDays: 14}", "backup: {maximumRetentionDays: 30}",
        "backup: {minimumRetentionDays: 7, minimumSoftDeleteDays: 30, maximumSoftDeleteDays: 60}, ifAbsent: Allow",
        "backup: {minimumRetentionDays: 2, maximumRetentionDays: 366}, ifAbsent: Deny",
        "immutable: {fields: [spec.location, spec.sku.name]}",
        "immutable: {fields: [\"spec.tags['owner']\", metadata.labels.a], addition: Allow}",
        "tags: {inherited: [cost-center]}", "tags: {inherited: [cost-center]}, ifAbsent: Allow, ifUnknown: Allow",
        "tags: {inherited: {owner: {fromNamespaceAnnotation: contact}, team: {fromNamespaceLabel: nothing}}}",
    ]

    /// What needs a list of kinds: too many kinds make an expression that nobody can nest.
    static let limits = [
        ("naming: {limits: Azure}", matches[6]),
        (
            "immutable: {facets: [location, sku, tags, tls]}",
            "{resources: [\"storage.azure.com/*\", \"keyvault.azure.com/*\"]}"
        ),
        (
            "immutable: {facets: [sku, tags], addition: Allow}, ifUnknown: Allow",
            "{resources: [\"storage.azure.com/*\"]}"
        ),
        ("immutable: {facets: [location, backup], fields: [spec.kind]}", "{resources: [keyvault.azure.com/Vault]}"),
        ("naming: {limits: Azure, prefix: team}", "{resources: [keyvault.azure.com/Vault, \"storage.azure.com/*\"]}"),
    ]

    static let namespace = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: team-a, labels: {cost-center: CC-1}, annotations: {contact: you, region: northeurope}}
        """

    static let matches = [
        "{}", "{objectSelector: {matchLabels: {a: b}}}", "{namespaces: [\"team-*\"], excludedNamespaces: [team-b]}",
        "{users: [\"*-alice\"], excludedGroups: [\"system:masters\"]}",
        "{conditions: [{name: has-location, expression: \"has(object.spec.location)\"}]}",
        "{resources: [\"*.azure.com/*\"], excludedResources: [\"storage.azure.com/*\"]}",
        "{resources: [storage.azure.com/StorageAccount, \"documentdb.azure.com/*\"]}",
    ]

    @Test(arguments: rules.map { ($0, matches[0]) } + matches.map { (rules[0], $0) } + limits)
    func decidesAlike(_ rule: String, _ match: String) throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              match: \(match)
              rules: [{name: r, \(rule)}]
            """
        try compare(policy)
    }

    static let mutations = [
        "tags: {set: {owner: you}}", "tags: {default: {environment: test, a: b}}", "tags: {remove: [OWNER, \"x*\"]}",
        "location: {default: westeurope}", "credential: {default: secret}",
        "location: {fromNamespaceAnnotation: region}", "location: {fromNamespaceLabel: nothing}",
        "tags: {inherit: [cost-center]}",
        "tags: {inherit: {owner: {fromNamespaceAnnotation: contact}, a: {fromNamespaceLabel: nothing}}}",
        "set: {spec.minimumTlsVersion: TLS1_2, spec.sku.name: Standard_LRS, \"metadata.labels['a/b']\": c}",
        "defaults: {spec.sku.tier: Basic, spec.sku.name: Premium_LRS, spec.location: uksouth, spec.zones: ['1', '2']}",
        "set: {spec.networkAcls: {defaultAction: Deny, ipRules: [{value: 1.2.3.4}]}, spec.azureData.depth.flag: true}",
        "remove: [spec.sku, \"spec.tags['x-1']\", metadata.labels.a]",
    ]

    @Test(arguments: mutations) func mutatesAlike(_ mutation: String) throws {
        try compare(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec: {mutations: [{name: m, \(mutation)}]}
            """
        )
    }

    /// Compares decisions on every object, new and after every other one of its kind.
    private func compare(_ policy: String) throws {
        let made = Self.generate(try JSONDocument.parseYAML(Array(policy.utf8)))
        #expect(made.refusals == [])
        let (ours, theirs) = (try Self.set([policy, Self.namespace]), try Self.set([made.text, Self.namespace]))
        for object in Self.objects {
            let type = object.split(separator: "metadata")[0]
            let others = Self.objects.filter { $0.hasPrefix(type) }
            for old in [nil] + others.map(Optional.init) {
                let request = try Self.request(object, old)
                let (first, second) = (
                    ours.decide(request, mode: .mutateAndValidate), theirs.decide(request, mode: .mutateAndValidate)
                )
                let isAlike = first.allowed == second.allowed && isSame(first.patch, second.patch, of: request)
                #expect(
                    isAlike,
                    "\(object) after \(old ?? "nothing"): \(first.failures) \(second.failures) \(made.text)"
                )
            }
        }
    }

    private static func request(_ object: String, _ old: String?) throws -> AdmissionRequest {
        func value(_ yaml: String) throws -> [String: Any] { try #require(try values(yaml).first) }
        let new = try value(object)
        let version = try #require(new["apiVersion"] as? String).split(separator: "/").map(String.init)
        let kind = try #require(new["kind"] as? String)
        let plural = try #require(PolicyConfiguration().tables.kind(group: version[0], kind: kind)?.plural ?? "things")
        let review: [String: Any] = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "u", "kind": ["group": version[0], "version": version[1], "kind": kind],
                "resource": ["group": version[0], "version": version[1], "resource": plural], "name": "thing",
                "namespace": "team-a", "operation": old == nil ? "CREATE" : "UPDATE",
                "userInfo": ["username": "dev-alice", "groups": ["system:authenticated"]], "object": new,
                "oldObject": try old.map { try value($0) as Any } ?? NSNull(), "dryRun": false,
            ],
        ]
        return try AdmissionReview.decode(JSONDocument(parsing: Array(text(review).utf8)))
    }

    @Test(arguments: [
        "{location: westeurope, $propertyBag: {a: b}}", "{location: westeurope, sku: {$propertyBag: {a: b}}}",
        "{location: westeurope, $propertyBag: {}}",
    ])
    func storageVersionsHideNothing(_ spec: String) throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec: {rules: [{name: r, \(Self.rules[0])}]}
            """
        let made = Self.generate(try JSONDocument.parseYAML(Array(policy.utf8)))
        let object = Self.manifest("storage.azure.com/v1api20230101storage", "StorageAccount", spec)
        for old in [nil, object] {
            let request = try Self.request(object, old)
            let expected = try Self.set([policy]).decide(request, mode: .validate).allowed
            #expect(try Self.set([made.text]).decide(request, mode: .validate).allowed == expected)
            #expect(expected == spec.contains("{}"))
        }
    }

    @Test func refusesWhatIsNotInTheObject() throws {
        let policy = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              rules:
                - {name: five, quota: {count: 5}}
                - {name: small, skus: {maximum: {vCores: 4}}}
                - {name: near, locations: {sameAsOwner: Required}}
                - {name: facets, cel: {expression: "facets.tags.exists(t, t == 'a')"}}
                - {name: held, immutable: {fields: ["spec.agentPoolProfiles[].vmSize"]}}
                - {name: fast, immutable: {facets: [location]}}
                - {name: owned, immutable: {facets: [owner]}}
                - {name: here, locations: {allow: [westeurope]}}
            """
        var generator = AdmissionPolicyGenerator(.validating, isStatic: true)
        for document in try JSONDocument.parseYAML(Array(policy.utf8)) { generator.add(document) }
        #expect(generator.refusals.map(\.rule) == ["five", "small", "near", "facets", "held", "fast", "owned"])
        let reasons = generator.refusals.map(\.description).joined(separator: "\n")
        #expect(
            reasons.contains("keeps its location in a list")
                && reasons.contains("owner is found by following references")
        )
        #expect(generator.table.count == 8)
        #expect(generator.manifests.count == 2)
        #expect(generator.yaml.contains("name: p.static.k8s.io"))
    }

    // MARK: Corpus

    @Test(
        .enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence)),
        arguments: names.filter { refused[$0] == nil }
    )
    func decidesTheCorpusAlike(_ name: String) throws {
        let policy = try Self.policy(name)
        let made = Self.generate(try JSONDocument.parseYAML(Array(policy.utf8)))
        let (ours, theirs) = (try Self.set([policy]), try Self.set([made.text]))
        var differences: [String] = []
        for body in try Corpus.reviews() {
            let request = try AdmissionReview.decode(JSONDocument(parsing: body))
            let (first, second) = (
                ours.decide(request, mode: .mutateAndValidate), theirs.decide(request, mode: .mutateAndValidate)
            )
            // What is being deleted keeps its spec, whatever policies say.
            if first.notes.contains(.beingDeleted) { continue }
            if first.allowed != second.allowed || !isSame(first.patch, second.patch, of: request) {
                differences.append(
                    "\(request.operation) \(String(decoding: body.prefix(400), as: UTF8.self)): ours \(first.failures.map(\.description)),"
                        + " theirs \(second.failures.map(\.description))"
                )
            }
        }
        #expect(differences.count == 0, "\(differences.prefix(3))")
    }

    /// Whether two patches make the same of an object.
    private func isSame(_ first: JSONPatch?, _ second: JSONPatch?, of request: AdmissionRequest) -> Bool {
        guard let object = request.object, first != nil || second != nil else { return true }
        let fragment = JSONFragment(request.document, object)
        func patched(_ patch: JSONPatch?) -> JSONDocument? {
            try? (patch ?? JSONPatch()).apply(to: fragment)
        }
        guard let first = patched(first), let second = patched(second) else { return false }
        return isEqual(first.root, in: first, second.root, in: second)
    }
}

extension Dictionary where Key == String {
    fileprivate func mapKeys(_ transform: (String) -> String) -> [String: Value] {
        Dictionary(uniqueKeysWithValues: map { (transform($0.key), $0.value) })
    }
}
