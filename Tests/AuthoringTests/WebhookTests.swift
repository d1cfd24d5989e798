import Authoring
import Azure
import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// Registrations ask about everything that a policy matches, and say what `deploy/` says beside.
@Suite struct WebhookTests {
    /// The registrations of documents, by kind.
    private static func manifests(
        _ documents: [JSONDocument],
        _ settings: WebhookGenerator.Settings = WebhookGenerator.Settings(
            address: .service(namespace: "portcullis-system", name: "portcullis", port: 443)
        )
    ) throws -> [String: JSONFragment] {
        var generator = WebhookGenerator(settings)
        for document in documents { generator.add(document) }
        let yaml = try JSONDocument.parseYAML(Array(generator.yaml.utf8)).map { JSONFragment($0) }
        let list = JSONFragment(try JSONDocument(parsing: Array(generator.json.utf8)))
        #expect(list["items"]?.elements == yaml)
        return Dictionary(uniqueKeysWithValues: yaml.map { ($0["kind"]?.text ?? "", $0) })
    }

    private static func manifests(_ text: String) throws -> [String: JSONFragment] {
        try manifests(JSONDocument.parseYAML(Array(text.utf8)))
    }

    private static func policy(_ spec: String) -> String {
        "{apiVersion: portcullis.dev/v1alpha1, kind: AzurePolicy, metadata: {name: a}, spec: {\(spec)}}"
    }

    /// Whether rules of a webhook ask about something.
    private static func asks(_ rules: [JSONFragment], _ group: String, _ plural: String, _ operation: String) -> Bool {
        func names(_ rule: JSONFragment, _ field: String, _ text: String) -> Bool {
            rule[field]?.elements.contains { $0.text == text || $0.text == "*" } ?? false
        }
        return rules.contains {
            names($0, "apiGroups", group) && names($0, "resources", plural) && names($0, "operations", operation)
                && names($0, "apiVersions", "v1api20990101")
        }
    }

    private static func rules(_ manifest: JSONFragment?, _ webhook: String) -> [JSONFragment] {
        let webhooks = manifest?["webhooks"]?.elements ?? []
        return webhooks.first { $0["name"]?.text == webhook }?["rules"]?.elements ?? []
    }

    // MARK: What is asked about

    /// A request for an object of a kind, as small as can be.
    private static func review(_ kind: AzureKind, _ operation: String) -> [UInt8] {
        let version = kind.newestVersion
        let object =
            "{\"apiVersion\":\"\(kind.group)/\(version)\",\"kind\":\"\(kind.kind)\",\"metadata\":{\"name\":\"a\",\"namespace\":\"team-a\"},\"spec\":{}}"
        let changed = object.replacing("\"spec\":{}", with: "\"spec\":{\"location\":\"westeurope\"}")
        let objects =
            switch operation {
            case "CREATE": "\"object\":\(object)"
            case "UPDATE": "\"object\":\(changed),\"oldObject\":\(object)"
            default: "\"oldObject\":\(object)"
            }
        return Array(
            """
            {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"\(operation)",\
            "kind":{"group":"\(kind.group)","version":"\(version)","kind":"\(kind.kind)"},\
            "resource":{"group":"\(kind.group)","version":"\(version)","resource":"\(kind.plural)"},\
            "name":"a","namespace":"team-a","userInfo":{"username":"someone"},\(objects)}}
            """.utf8
        )
    }

    /// All files of a folder of policies, but for tests.
    private static func documents(_ file: String) throws -> [JSONDocument] {
        try JSONDocument.parseYAML(Array(try Data(contentsOf: URL(filePath: file))))
    }

    private static let shipped: [String] = {
        let root = URL(filePath: Fixtures.policies).resolvingSymlinksInPath()
        let files = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.contains("tests/") && !$0.hasPrefix("bundles") }
            .map { root.appending(path: $0).path }.sorted()
    }()

    @Test(arguments: shipped) func noKindIsAdmittedUnasked(_ file: String) throws {
        let documents = try Self.documents(file)
        var compiler = PolicyCompiler()
        for document in documents { compiler.add(document, file: file) }
        compiler.add(try Self.documents(Fixtures.policies + "/namespaces.yaml")[0], file: "namespaces.yaml")
        guard let set = compiler.finish().set, set.policyCount + set.bindingCount > 0 else { return }
        let manifests = try Self.manifests(documents)
        let validating = Self.rules(manifests["ValidatingWebhookConfiguration"], "validate.portcullis.dev")
        let mutating = Self.rules(manifests["MutatingWebhookConfiguration"], "mutate.portcullis.dev")
        var considered = 0
        for kind in AzureTables.embedded.kinds {
            for operation in ["CREATE", "UPDATE", "DELETE"] {
                let document = try JSONDocument(parsing: Self.review(kind, operation))
                let request = try AdmissionReview.decode(document)
                let trace = DecisionTrace()
                let decision = set.decide(request, mode: .mutateAndValidate, trace: trace)
                if !trace.entries.isEmpty || !decision.failures.isEmpty {
                    considered += 1
                    #expect(
                        Self.asks(validating, kind.group, kind.plural, operation),
                        "\(operation) \(kind.description): \(trace.entries.map(\.rule))"
                    )
                }
                if !decision.mutations.isEmpty {
                    considered += 1
                    #expect(Self.asks(mutating, kind.group, kind.plural, operation), "\(operation) \(kind.description)")
                }
            }
        }
        // One policy does nothing where the namespace has no such label.
        if set.policyCount > 0, !file.contains("inherited-tags") { #expect(considered > 0) }
    }

    @Test func rulesAreNarrow() throws {
        let manifests = try Self.manifests(
            Self.policy(
                "match: {resources: [storage.azure.com/StorageAccount, cache.azure.com/Redis]}, rules: [{name: a, zones: {minimum: 2}}]"
            )
        )
        let rules = Self.rules(manifests["ValidatingWebhookConfiguration"], "validate.portcullis.dev")
        #expect(Self.asks(rules, "storage.azure.com", "storageaccounts", "UPDATE"))
        #expect(Self.asks(rules, "cache.azure.com", "redis", "CREATE"))
        #expect(!Self.asks(rules, "storage.azure.com", "storageaccounts", "DELETE"))
        #expect(!Self.asks(rules, "storage.azure.com", "storageaccountsblobservices", "CREATE"))
        #expect(!Self.asks(rules, "cache.azure.com", "storageaccounts", "CREATE"))
        #expect(!Self.asks(rules, "", "pods", "CREATE"))
        #expect(manifests["MutatingWebhookConfiguration"] == nil)
    }

    @Test(arguments: [
        (
            "operations that are named", "match: {operations: [create]}, rules: [{name: a, zones: {minimum: 2}}]",
            "CREATE", "UPDATE"
        ),
        ("deletions of what is protected", "rules: [{name: a, deletion: {protected: true}}]", "DELETE", "CONNECT"),
        (
            "changes of what is immutable",
            "match: {operations: [CREATE]}, rules: [{name: a, immutable: {facets: [sku]}}]", "UPDATE", "DELETE"
        ),
        (
            "resources that a parameter names",
            "parameters: {r: [storage.azure.com/StorageAccount]}, match: {resources: \"${parameters.r}\"}, rules: [{name: a, zones: {minimum: 2}}]",
            "CREATE", "DELETE"
        ),
        (
            "a pattern of groups",
            "match: {resources: [\"stor*.azure.com/*\"]}, rules: [{name: a, zones: {minimum: 2}}]", "CREATE", "DELETE"
        ),
        (
            "a kind of several groups",
            "match: {resources: [\"*/StorageAccount\"]}, rules: [{name: a, zones: {minimum: 2}}]", "CREATE", "DELETE"
        ),
    ])
    func operationsAreThoseOfTheRules(_ name: String, _ spec: String, _ asked: String, _ other: String) throws {
        let rules = Self.rules(
            try Self.manifests(Self.policy(spec))["ValidatingWebhookConfiguration"],
            "validate.portcullis.dev"
        )
        #expect(Self.asks(rules, "storage.azure.com", "storageaccounts", asked), "\(name)")
        #expect(!Self.asks(rules, "storage.azure.com", "storageaccounts", other), "\(name)")
    }

    @Test func kindsThatTheTablesDoNotKnowAreAskedAbout() throws {
        let rules = Self.rules(
            try Self.manifests(
                Self.policy(
                    "match: {resources: [new.azure.com/Thing, example.com/Policy, sql.azure.com/New]}, rules: [{name: a, zones: {minimum: 2}}]"
                )
            )["ValidatingWebhookConfiguration"],
            "validate.portcullis.dev"
        )
        #expect(Self.asks(rules, "new.azure.com", "things", "CREATE"))
        #expect(Self.asks(rules, "sql.azure.com", "news", "CREATE"))
        #expect(Self.asks(rules, "example.com", "policies", "CREATE"))
        #expect(!Self.asks(rules, "example.com", "things", "CREATE"))
    }

    @Test func whatCannotBeListedIsTold() throws {
        var generator = WebhookGenerator(WebhookGenerator.Settings(address: .url("https://a.example")))
        let text = Self.policy("match: {resources: [\"*/StorageAccount\"]}, rules: [{name: a, zones: {minimum: 2}}]")
        for document in try JSONDocument.parseYAML(Array(text.utf8)) { generator.add(document) }
        #expect(
            generator.notes == [
                "a: groups beyond those of Azure Service Operator that */StorageAccount fits are not asked about"
            ]
        )
    }

    @Test func kubernetesOwnPoliciesKeepTheirRules() throws {
        let text = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: a}
            spec:
              matchConstraints:
                resourceRules:
                  - {apiGroups: [""], apiVersions: ["*"], operations: [CREATE], resources: [configmaps]}
              validations: [{expression: "true"}]
            """
        let rules = Self.rules(
            try Self.manifests(text)["ValidatingWebhookConfiguration"],
            "validate.portcullis.dev"
        )
        #expect(Self.asks(rules, "", "configmaps", "CREATE"))
        #expect(!Self.asks(rules, "", "secrets", "CREATE"))
    }

    // MARK: As deploy/ has them

    @Test func theShippedPoliciesAreRegisteredAsInDeploy() throws {
        var documents: [JSONDocument] = []
        for name in ["bindings", "defaults", "everyone", "expressions", "teams"] {
            documents += try Self.documents(Fixtures.policies + "/\(name).yaml")
        }
        let made = try Self.manifests(documents)
        let root = URL(filePath: Fixtures.policies).resolvingSymlinksInPath().deletingLastPathComponent()
        let deployed = try Self.documents(root.appending(path: "deploy/webhooks.yaml").path).map { JSONFragment($0) }
        for theirs in deployed {
            let kind = try #require(theirs["kind"]).text
            let ours = try #require(made[kind])
            #expect(ours["metadata"] == theirs["metadata"])
            let webhooks = zip(ours["webhooks"]?.elements ?? [], theirs["webhooks"]?.elements ?? [])
            #expect(ours["webhooks"]?.elements.count == theirs["webhooks"]?.elements.count)
            for (ours, theirs) in webhooks {
                for (field, value) in theirs.members {
                    switch field {
                    case "clientConfig":
                        #expect(ours["clientConfig"]?["service"] == value["service"])
                    case "matchConditions":
                        // Line breaks apart, which are where a page is too narrow.
                        func expression(_ fragment: JSONFragment?) -> String {
                            (fragment?.elements.first?["expression"]?.text ?? "").filter { $0 != " " && $0 != "\n" }
                        }
                        #expect(expression(ours[field]) == expression(value))
                    case "rules" where ours["name"]?.text.hasSuffix(".validate.portcullis.dev") == true:
                        #expect(ours[field] == value)
                    case "rules": continue
                    default: #expect(ours[field] == value, "\(field)")
                    }
                }
            }
        }
    }

    @Test func theyAreFoundByURLWithTheirAuthority() throws {
        var settings = WebhookGenerator.Settings(address: .url("https://10.0.0.5:8443/"), timeoutSeconds: 3)
        settings.authority = Array("ab?".utf8)
        let text = Self.policy(
            "rules: [{name: a, zones: {minimum: 2}}], mutations: [{name: m, location: {default: westeurope}}]"
        )
        let made = try Self.manifests(JSONDocument.parseYAML(Array(text.utf8)), settings)
        for (kind, path) in [
            ("ValidatingWebhookConfiguration", "validate"), ("MutatingWebhookConfiguration", "mutate"),
        ] {
            let webhook = try #require(made[kind]?["webhooks"]?.elements.first)
            #expect(webhook["clientConfig"]?["url"]?.text == "https://10.0.0.5:8443/\(path)")
            #expect(webhook["clientConfig"]?["caBundle"]?.text == "YWI/")
            #expect(webhook["timeoutSeconds"]?.int == 3)
        }
    }

    @Test(arguments: [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("abcd", "YWJjZA==")])
    func bundlesAreBase64(_ text: String, _ expected: String) throws {
        var settings = WebhookGenerator.Settings(address: .url("https://a"))
        settings.authority = Array(text.utf8)
        let documents = try JSONDocument.parseYAML(Array(Self.policy("rules: [{name: a, zones: {minimum: 2}}]").utf8))
        let made = try Self.manifests(documents, settings)["ValidatingWebhookConfiguration"]
        #expect(made?["webhooks"]?.elements.first?["clientConfig"]?["caBundle"]?.text == expected)
    }
}
