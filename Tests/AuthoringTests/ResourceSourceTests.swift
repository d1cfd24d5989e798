import Authoring
import Azure
import JSON
import Kubernetes
import Policy
import Testing

/// What other tools say of a resource leads to the decision that its manifest leads to.
@Suite struct ResourceSourceTests {
    /// Asks for the opposite of what the cases say, by every rule that reads facets.
    static let everything = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: everything}
        spec:
          rules:
            - {name: locations, locations: {allow: [westeurope]}}
            - {name: tags, tags: {required: {cost-center: {}}}}
            - {name: skus, skus: {allow: [{tier: Nothing}]}}
            - {name: sizes, skus: {maximum: {vCores: 1, storageGB: 1, nodeCount: 1, capacity: 1, throughput: 1}}}
            - name: exposure
              exposure:
                {publicNetworkAccess: Disabled, publicAccess: Disabled, external: Disabled, nodePublicIP: Disabled,
                 publicIP: Disabled, ipForwarding: Disabled, localAuthentication: Disabled, defaultAction: Deny,
                 privateCluster: Required, rbacAuthorization: Required, trustedServices: Disabled,
                 networkAccessPolicy: DenyAll, httpsOnly: Required, minimumTLSVersion: "1.2", allowedIPs: [10.0.0.0/8]}
            - {name: encryption, encryption: {customerManagedKey: Required, infrastructure: Required, atHost: Required}}
            - {name: zones, zones: {redundant: Required, minimum: 2}}
            - name: backup
              backup:
                {minimumRetentionDays: 30, minimumSoftDeleteDays: 90, geoRedundant: Required, purgeProtection: Required}
        """

    // MARK: The same decision

    @Test(arguments: SourceCase.all) func terraformIsJudgedAsTheManifest(_ source: SourceCase) throws {
        let expected = try failures(manifest: source)
        #expect(!expected.isEmpty)
        let plan = plan([("azurerm_\(source.terraform).main", source.attributes, "{}")])
        let resource = try #require(try read(plan).resources.first)
        #expect(resource.name == "azurerm_\(source.terraform).main")
        #expect(resource.kind == source.group)
        #expect(try failures(of: resource) == expected)
        #expect(resource.place(of: "spec.\(source.field.spec)").field == source.field.attribute)
    }

    @Test(arguments: SourceCase.all) func crossplaneIsJudgedAsTheManifest(_ source: SourceCase) throws {
        let type = try #require(SourceTables.embedded.terraformTypes["azurerm_\(source.terraform)"])
        let expected = try failures(manifest: source)
        for blocks in [BlockForm.lists, .objects] {
            let crossplane = try #require(type.crossplane.isEmpty ? nil : type.crossplane)
            let parts = crossplane.split(separator: "/", omittingEmptySubsequences: false)
            for provider in ["azure.upbound.io", "azure.m.upbound.io"] {
                let group = parts[0].isEmpty ? provider : "\(parts[0]).\(provider)"
                let manifest = """
                    {"apiVersion": "\(group)/v1beta1", "kind": "\(parts[1])", "metadata": {"name": "thing"},
                    "spec": {"forProvider": \(try camel(source.attributes, blocks))}}
                    """
                let resource = try #require(try read(manifest).resources.first, "\(manifest)")
                #expect(try failures(of: resource) == expected)
                let place = resource.place(of: "spec.\(source.field.spec)")
                #expect(place.field.filter { $0 != "[" && $0 != "]" && $0 != "0" }.hasPrefix("spec.forProvider."))
                #expect(plain(place.field) == plain("spec.forProvider." + source.field.attribute))
            }
        }
    }

    @Test(arguments: SourceCase.all) func aTemplateIsJudgedAsTheManifest(_ source: SourceCase) throws {
        let expected = try failures(manifest: source)
        for (schema, resources) in [("2019-04-01", "[RESOURCE]"), ("2019-04-01", "{\"thing\": RESOURCE}")] {
            let template = """
                {"$schema": "https://schema.management.azure.com/schemas/\(schema)/deploymentTemplate.json#",
                 "contentVersion": "1.0.0.0", "languageVersion": "2.0", "resources": \(resources)}
                """
            let envelope = "{\"type\": \(quoted(source.type)), \"apiVersion\": \"2099-01-01\", \"name\": \"thing\", "
            let text = template.replacing("RESOURCE", with: envelope + source.body.dropFirst())
            let resource = try #require(try read(text).resources.first)
            #expect(resource.kind == source.group)
            #expect(try failures(of: resource) == expected)
            #expect(resource.place(of: "spec.\(source.field.spec)").field == source.field.property)
        }
    }

    @Test(arguments: SourceCase.all) func aResourceOfAzureIsJudgedAsTheManifest(_ source: SourceCase) throws {
        let names = source.type.split(separator: "/").dropFirst().map { "/\($0)/thing" }.joined()
        let isGroup = source.type == "Microsoft.Resources/resourceGroups"
        let id =
            "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/"
            + (isGroup ? "thing" : "g/providers/\(source.type.split(separator: "/")[0])\(names)")
        let body =
            source.body.contains("\"properties\"") ? "" : "\"properties\": {\"provisioningState\": \"Succeeded\"}, "
        let text =
            "{\"id\": \"\(id)\", \"name\": \"thing\", \"type\": \"\(source.type)\", \(body)" + source.body.dropFirst()
        // Some tools tell the version too, and many a resource has a kind: that makes no object of Kubernetes.
        let versioned = "{\"apiVersion\": \"2023-01-01\", \"kind\": \"Some\", " + text.dropFirst()
        for text in [text, "[\(text)]"] + (source.body.contains("\"kind\"") ? [] : [versioned]) {
            let resource = try #require(try read(text).resources.first)
            #expect(resource.name == id)
            #expect(try failures(of: resource) == failures(manifest: source))
            #expect(resource.place(of: "spec.\(source.field.spec)").field == source.field.property)
        }
    }

    // MARK: Helpers

    private func plain(_ path: String) -> String {
        path.lowercased().replacing("[0]", with: "").filter { $0 != "_" }
    }

    private enum BlockForm {
        /// As older versions of the providers have them.
        case lists
        /// As newer versions have those that can be there once.
        case objects
    }

    /// azurerm's attributes as Crossplane spells them.
    private func camel(_ attributes: String, _ blocks: BlockForm) throws -> String {
        let document = try JSONDocument(parsing: Array(attributes.utf8))
        var writer = JSONWriter()
        func write(_ value: JSONValue) {
            if value.isObject {
                writer.beginObject()
                for (key, member) in document.members(of: value) {
                    let words = (document.string(key) ?? "").split(separator: "_")
                    writer.key(words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.capitalized })
                    write(member)
                }
                writer.endObject()
            } else if value.isArray {
                let elements = Array(document.elements(of: value))
                if blocks == .objects, elements.count == 1, let block = elements.first, block.isObject {
                    return write(block)
                }
                writer.beginArray()
                for element in elements { write(element) }
                writer.endArray()
            } else {
                writer.copy(value, in: document)
            }
        }
        write(document.root)
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}

extension Substring {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}

extension SourceCase {
    var group: String {
        let parts = kind.split(separator: "/")
        return "\(parts[0]).azure.com/\(parts[1])"
    }
}

// MARK: - What tests of sources share

func read(_ text: String) throws -> ForeignResources {
    let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
    return try ResourceSource().read(document)
}

/// A plan that makes resources: their addresses, what is known of them, and what is not.
func plan(_ resources: [(address: String, after: String, unknown: String)], configuration: String = "{}") -> String {
    let changes = resources.map { address, after, unknown in
        let type = address.split(separator: ".").last { $0.hasPrefix("azurerm_") || $0.hasPrefix("random_") } ?? ""
        return """
            {"address": \(quoted(address)), "mode": "managed", "type": "\(type)", "name": "main",
             "provider_name": "registry.terraform.io/hashicorp/azurerm",
             "change": {"actions": ["create"], "before": null,
                        "after": \(after),
                        "after_unknown": \(unknown), "before_sensitive": false, "after_sensitive": {}}}
            """
    }
    return """
        {"format_version": "1.2", "terraform_version": "1.9.5",
         "resource_changes": [
        \(changes.joined(separator: ",\n"))],
         "configuration": \(configuration)}
        """
}

func quoted(_ text: String) -> String {
    var writer = JSONWriter()
    writer.string(text)
    return String(decoding: writer.finish(), as: UTF8.self)
}

func set(_ policies: String) throws -> PolicySet {
    var compiler = PolicyCompiler(configuration: PolicyConfiguration())
    for document in try JSONDocument.parseYAML(Array(policies.utf8)) { compiler.add(document, file: "p.yaml") }
    let result = compiler.finish()
    return try #require(result.set, "\(result.issues)")
}

/// A policy of one rule.
func rule(_ body: String) -> String {
    """
    apiVersion: portcullis.dev/v1alpha1
    kind: AzurePolicy
    metadata: {name: p}
    spec: {rules: [{name: r, \(body)}]}
    """
}

func decide(_ change: ManifestRequest.Change, _ policies: String) throws -> Decision {
    let request = try ManifestRequest(change, namespace: "team-a").admissionRequest(tables: .embedded)
    return try set(policies).decide(request, mode: .validateForeign)
}

extension ResourceSourceTests {
    /// What policies find, as `rule field reason value`.
    func failures(of resource: ForeignResource) throws -> [String] {
        texts(try decide(resource.change, Self.everything))
    }

    func failures(manifest source: SourceCase) throws -> [String] {
        let parts = source.group.split(separator: "/")
        let kind = try #require(AzureTables.embedded.kind(group: String(parts[0]), kind: String(parts[1])))
        let text = """
            {"apiVersion": "\(kind.group)/\(kind.newestVersion)", "kind": "\(kind.kind)",
             "metadata": {"name": "thing"}, "spec": \(source.spec)}
            """
        let document = try JSONDocument(parsing: Array(text.utf8))
        return texts(try decide(.create(JSONFragment(document)), Self.everything))
    }

    private func texts(_ decision: Decision) -> [String] {
        decision.failures.map { "\($0.rule) \($0.path) \($0.reason.rawValue) \($0.value ?? "")" }.sorted()
    }
}
