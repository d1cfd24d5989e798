import JSON
import Policy
import Testing

/// What is said of mutations when they are loaded.
@Suite struct MutationLoadTests {
    static func issues(_ mutation: String) throws -> [String] {
        let text =
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: m}\nspec: {match: {resources: [sql.azure.com/Server]}, mutations: [{name: a, \(mutation)}]}\n"
        return try compile([("p.yaml", text)]).issues.map { "\($0.field): \($0.message); \($0.mend)" }
    }

    static let faults: [(mutation: String, issue: String)] = [
        (
            "defaults: {}",
            "spec.mutations[0].defaults: is an empty object, which would say nothing; write an entry or remove the field"
        ),
        (
            "set: {spec.a: null}",
            "spec.mutations[0].set[\"spec.a\"]: is null; write a value, or take the field away with remove"
        ),
        (
            "set: {spec.a: [{b: '${name}'}]}",
            "spec.mutations[0].set[\"spec.a\"][0].b: holds an expression or a parameter; set the field itself: they are not read inside of lists and objects"
        ),
        (
            "set: {spec.a: 1, spec.a.b: 2}",
            "spec.mutations[0].set[\"spec.a.b\"]: is, or lies in, what spec.a sets too; make a mutation of each"
        ),
        (
            "set: {'spec.a[].b': 1, 'spec.a[name=x].b': 2}",
            "spec.mutations[0].set[\"spec.a[name=x].b\"]: is, or lies in, what spec.a[].b sets too; make a mutation of each"
        ),
        (
            "set: {status.a: 1}",
            "spec.mutations[0].set[\"status.a\"]: status.a: only fields of spec, labels and annotations can be written; begin with spec., and name a field"
        ),
        (
            "set: {spec: {}}",
            "spec.mutations[0].set.spec: spec: only fields of spec, labels and annotations can be written; begin with spec., and name a field"
        ),
        (
            "remove: [metadata.finalizers]",
            "spec.mutations[0].remove[0]: metadata.finalizers: of metadata only single labels and annotations can be written; name one, such as metadata.labels['team']"
        ),
        (
            "set: {metadata.labels: {a: b}}",
            "spec.mutations[0].set[\"metadata.labels\"]: metadata.labels: of metadata only single labels and annotations can be written; name one, such as metadata.labels['team']"
        ),
        (
            "remove: ['spec.a[]']",
            "spec.mutations[0].remove[0]: empties a list; name the list itself, or elements by a key: […=…]"
        ),
        (
            "remove: ['spec.a[0]']",
            "spec.mutations[0].remove[0]: \"spec.a[0]\" names no field: at character 7: has a '[' that nothing fitting follows; write [] for every element, [name=…] for those with that member (places change), or ['name']"
        ),
        (
            "set: {spec..a: 1}",
            "spec.mutations[0].set[\"spec..a\"]: \"spec..a\" names no field: at character 6: lacks a name here; write letters and digits, or quote the name: ['…']"
        ),
        (
            "set: {spec.*.a: 1}",
            "spec.mutations[0].set[\"spec.*.a\"]: \"spec.*.a\" names no field: at character 6: lacks a name here; write [] for every element of a list; members are named one by one"
        ),
        (
            "set: {\"spec['a\": 1}",
            "spec.mutations[0].set[\"spec['a\"]: \"spec['a\" names no field: at character 6: has a quote that is not closed; add the second quote"
        ),
        (
            "set: {'spec.a[x=b': 1}",
            "spec.mutations[0].set[\"spec.a[x=b\"]: \"spec.a[x=b\" names no field: at character 7: has a '[' that is not closed; add ']'"
        ),
        (
            "set: {'spec.a[]b': 1}",
            "spec.mutations[0].set[\"spec.a[]b\"]: \"spec.a[]b\" names no field: at character 9: goes on after ']' without '.'; write a '.' before the next name"
        ),
        (
            "tags: {inherit: {a: {}}}",
            "spec.mutations[0].tags.inherit.a: says nothing; add fromNamespaceLabel or fromNamespaceAnnotation"
        ),
        (
            "tags: {inherit: [a/b]}",
            "spec.mutations[0].tags.inherit[0]: is no tag's name; use at most 512 characters without < > % & \\ ? / *"
        ),
        (
            "tags: {inherit: [a, A]}",
            "spec.mutations[0].tags.inherit[1]: is given twice: Azure does not tell letter case in tag names; keep one"
        ),
        (
            "tags: {set: {a: b, A: c}}",
            "spec.mutations[0].tags.set.A: is given twice: Azure does not tell letter case in tag names; keep one"
        ),
        (
            "location: {default: a, fromNamespaceLabel: b}",
            "spec.mutations[0].location: has default and a field of the namespace; make a mutation of each"
        ),
        (
            "location: {}",
            "spec.mutations[0].location: says nothing; add default, fromNamespaceLabel or fromNamespaceAnnotation"
        ),
        (
            "location: {fromNamespaceLabel: a, fromNamespaceAnnotation: b}",
            "spec.mutations[0].location: names a label and an annotation; keep one"
        ),
        (
            "azureName: {set: a}",
            "spec.mutations[0].azureName.set: is not supported by this version; remove it; nothing would enforce it"
        ),
        ("sku: {downgrade: {}}", "spec.mutations[0].sku.downgrade: says nothing; add to: [names], or maximumCapacity"),
        (
            "sku: {downgrade: {to: ['S*']}}",
            "spec.mutations[0].sku.downgrade.to[0]: is a pattern; write a whole name: it is what the object will say"
        ),
        (
            "sku: {downgrade: {to: [{tier: x}]}}",
            "spec.mutations[0].sku.downgrade.to[0]: has no name; add the name of a SKU"
        ),
        (
            "sku: {downgrade: {maximumCapacity: 1.5}}",
            "spec.mutations[0].sku.downgrade.maximumCapacity: must be a whole number, 0 or more; write it without quotes and fraction"
        ),
    ]

    @Test(arguments: faults) func tells(_ example: (mutation: String, issue: String)) throws {
        let issues = try Self.issues(example.mutation)
        #expect(issues.contains(example.issue), "\(issues)")
    }

    /// Who a resource is, what it belongs to and what is secret are not a policy's to write.
    static let refused = [
        "spec.owner.name", "spec.identity.type", "spec.userAssignedIdentities", "spec.azureName",
        "spec.operatorSpec.secrets",
        "spec.administratorLoginPassword", "spec.a.armId", "spec.keyVaultReference.name", "spec.locationFromConfig",
        "spec.tenantId", "spec.properties.clientId", "spec.clientSecret", "metadata.name", "metadata.ownerReferences",
        "metadata.annotations['serviceoperator.azure.com/credential-from']",
        "metadata.annotations['serviceoperator.azure.com/resource-id']",
        "metadata.annotations['portcullis.dev/confirm-deletion']",
        "apiVersion", "data.a",
    ]

    @Test(arguments: refused) func doesNotWrite(_ field: String) throws {
        #expect(try !Self.issues("set: {\"\(field)\": x}").isEmpty)
        #expect(try !Self.issues("defaults: {\"\(field)\": x}").isEmpty)
        if field.hasPrefix("spec."), field.split(separator: ".").count == 2, field != "spec.azureName" {
            let member = field.dropFirst(5)
            #expect(try !Self.issues("set: {spec.x: [{\(member): x}]}").isEmpty)
        }
    }

    @Test func takesAwayWhatLeadsToASecret() throws {
        #expect(try Self.issues("remove: [spec.operatorSpec.secrets, spec.administratorLoginPassword]").isEmpty)
        #expect(try !Self.issues("remove: [spec.identity]").isEmpty)
        #expect(
            try Self.issues("set: {\"metadata.annotations['serviceoperator.azure.com/reconcile-policy']\": manage}")
                .isEmpty
        )
    }

    // MARK: Conflicts

    static func policy(_ name: String, _ mutation: String, match: String = sql) -> (name: String, text: String) {
        (
            "\(name).yaml",
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: \(name)}
            spec:
              match: \(match)
              mutations:
                - {name: m, \(mutation)}
            """
        )
    }

    static let sql = "{resources: [sql.azure.com/Server]}"

    struct Conflict: Sendable, CustomTestStringConvertible {
        let name: String
        let first: String
        let second: String
        var matches = (sql, sql)
        let warning: String?
        var testDescription: String { name }
    }

    static let conflicts: [Conflict] = [
        Conflict(
            name: "a tag in two values",
            first: "tags: {set: {Team: a}}",
            second: "tags: {set: {team: b}}",
            warning: "tag team is set to another value by a (a.yaml:7), which this one overwrites"
        ),
        Conflict(name: "in one value", first: "tags: {set: {team: a}}", second: "tags: {set: {team: a}}", warning: nil),
        Conflict(
            name: "two defaults",
            first: "location: {default: eastus}",
            second: "location: {default: westeurope}",
            warning: "spec.location is given another default by a (a.yaml:7), which comes first"
        ),
        Conflict(
            name: "a default by path",
            first: "defaults: {spec.location: eastus}",
            second: "location: {fromNamespaceLabel: region}",
            warning: "spec.location is given another default by a (a.yaml:7), which comes first"
        ),
        Conflict(
            name: "a default and a value",
            first: "tags: {default: {a: b}}",
            second: "tags: {set: {a: c}}",
            warning: nil
        ),
        Conflict(
            name: "what one gives and another takes",
            first: "set: {spec.a: b}",
            second: "remove: [spec.a]",
            warning: "spec.a is given a value by a (a.yaml:7), which this one takes away"
        ),
        Conflict(
            name: "other namespaces",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: (
                "{resources: [sql.azure.com/Server], namespaces: ['team-*']}",
                "{resources: [sql.azure.com/Server], namespaces: [platform]}"
            ),
            warning: nil
        ),
        Conflict(
            name: "namespaces that both may name",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: (
                "{resources: [sql.azure.com/Server], namespaces: ['team-*']}",
                "{resources: [sql.azure.com/Server], namespaces: ['*-a']}"
            ),
            warning: "spec.a is set to another value by a (a.yaml:7), which this one overwrites"
        ),
        Conflict(
            name: "a namespace that one leaves out",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: (
                "{resources: [sql.azure.com/Server], namespaces: ['team-*'], excludedNamespaces: [team-b]}",
                "{resources: [sql.azure.com/Server], namespaces: [team-b]}"
            ),
            warning: nil
        ),
        Conflict(
            name: "other kinds",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: ("{resources: [sql.azure.com/Server]}", "{resources: [storage.azure.com/StorageAccount]}"),
            warning: nil
        ),
        Conflict(
            name: "other operations",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: (
                "{resources: [sql.azure.com/Server], operations: [CREATE]}",
                "{resources: [sql.azure.com/Server], operations: [UPDATE]}"
            ),
            warning: nil
        ),
        Conflict(
            name: "labels that no namespace has both of",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: (
                "{resources: [sql.azure.com/Server], namespaceSelector: {matchLabels: {tier: x}}}",
                "{resources: [sql.azure.com/Server], namespaceSelector: {matchLabels: {tier: y2}}}"
            ),
            warning: nil
        ),
        Conflict(
            name: "labels that a namespace has",
            first: "set: {spec.a: b}",
            second: "set: {spec.a: c}",
            matches: (
                "{resources: [sql.azure.com/Server], namespaceSelector: {matchLabels: {tier: x}}}",
                "{resources: [sql.azure.com/Server], namespaces: ['*']}"
            ),
            warning: "spec.a is set to another value by a (a.yaml:7), which this one overwrites"
        ),
    ]

    @Test(arguments: conflicts) func reportsConflicts(_ example: Conflict) throws {
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {tier: x}}"
        let result = try compile([
            Self.policy("b", example.second, match: example.matches.1), ("n.yaml", namespace),
            Self.policy("a", example.first, match: example.matches.0),
        ])
        #expect(result.set != nil)
        #expect(result.issues.map(\.message) == (example.warning.map { [$0] } ?? []))
        if example.warning != nil { #expect(result.issues.first?.file == "b.yaml") }
    }

    /// A field that not every kind has, written into all of them.
    @Test func warnsOfFieldsOfNobodyKnowsWhom() throws {
        for (resources, count) in [("sql.azure.com/Server*", 0), ("sql.azure.com/*", 1), ("*.azure.com/*", 1)] {
            let match = "{resources: [storage.azure.com/StorageAccount, '\(resources)']}"
            let result = try compile([Self.policy("a", "set: {spec.a: b}", match: match)])
            #expect(result.set != nil && result.issues.count == count)
            #expect(try compile([Self.policy("a", "set: {metadata.labels.a: b}", match: match)]).issues.isEmpty)
            #expect(try compile([Self.policy("a", "tags: {set: {a: b}}", match: match)]).issues.isEmpty)
        }
        let everything = try compile([Self.policy("a", "defaults: {spec.a: b}", match: "{}")])
        #expect(
            everything.issues.map(\.description) == [
                "a.yaml:7:7: warning: spec.mutations[0]: writes spec.a into every kind of *.azure.com/*; name the kinds that have it in spec.match.resources: of others the API server drops it, each time anew"
            ]
        )
    }

    @Test func takesParametersForValues() throws {
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: a}
            spec:
              parameters: {days: 7, list: [1, 2]}
              match: {resources: [storage.azure.com/StorageAccount]}
              mutations:
                - {name: m, set: {spec.days: '${parameters.days}', spec.list: '${parameters.list}'}}
            """
        let decision = try policies(text).decide(.create(storageAccount("{}")), mode: .mutate)
        let result = try (decision.patch ?? JSONPatch()).apply(to: document(storageAccount("{}")))
        #expect(JSONFragment(result) == JSONFragment(try document(storageAccount("{days: 7, list: [1, 2]}"))))
        let nested = text.replacing("'${parameters.list}'", with: "[1, '${parameters.days}']")
        #expect(
            try compile([("a.yaml", nested)]).errors.contains { $0.message == "holds an expression or a parameter" }
        )
    }

    /// A folder of contradictions is loaded in bounded time, and none of them is an error.
    @Test func manyConflictsAreBounded() throws {
        let files = (0..<400).map { Self.policy("p\(1000 + $0)", "tags: {set: {team: v\($0)}}") }
        let result = try compile(files)
        #expect(result.set?.policyCount == 400)
        #expect(result.issues.count == 200)
    }
}
