import JSON
import Policy
import TestSupport
import Testing

/// Mutations of fields, tags from the namespace, names in Azure and SKUs.
@Suite struct FieldMutationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let mutations: String
        let object: String
        /// The object before; nil on CREATE.
        var old: String?
        /// The object afterwards, in YAML; nil if it stays as it is.
        let result: String?
        var warnings: [String] = []
        var testDescription: String { name }
    }

    static let namespaces = """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: team-a
          labels: {cost-center: CC-0001, team: blue, region: northeurope}
          annotations: {contact: blue@example.com}
        """

    static func account(
        _ name: String,
        _ mutation: String,
        _ spec: String,
        old: String? = nil,
        _ result: String?,
        warnings: [String] = []
    ) -> Case {
        Case(
            name: name,
            mutations: "[{name: m, \(mutation)}]",
            object: storageAccount(spec),
            old: old.map { storageAccount($0) },
            result: result.map { storageAccount($0) },
            warnings: warnings
        )
    }

    static let fields: [Case] = [
        account("a default", "defaults: {spec.minimumTlsVersion: TLS1_2}", "{}", "{minimumTlsVersion: TLS1_2}"),
        account(
            "a default gives way",
            "defaults: {spec.minimumTlsVersion: TLS1_2}",
            "{minimumTlsVersion: TLS1_0}",
            nil
        ),
        account("null is no value", "defaults: {spec.a: b}", "{a: null}", "{a: b}"),
        account("a bool stays one", "defaults: {spec.a: false}", "{}", "{a: false}"),
        account("false is a value", "defaults: {spec.a: true}", "{a: false}", nil),
        account("a number stays one", "defaults: {spec.a: 7, spec.b: 1.5}", "{}", "{a: 7, b: 1.5}"),
        account("a quoted number is text", "defaults: {spec.a: '7'}", "{}", "{a: '7'}"),
        account("a list", "set: {spec.a: [1, x, {y: true}]}", "{a: [2]}", "{a: [1, x, {y: true}]}"),
        account(
            "objects on the way are made",
            "set: {spec.a.b.c: 1, spec.a.b.d: 2, spec.a.e: 3}",
            "{}",
            "{a: {b: {c: 1, d: 2}, e: 3}}"
        ),
        account("what is set to what it is stays", "set: {spec.a: {b: [1]}}", "{a: {b: [1]}}", nil),
        account("set overwrites", "set: {spec.a: x}", "{a: {b: c}}", "{a: x}"),
        account("a value out of a ConfigMap is left", "set: {spec.a: x}", "{aFromConfig: {name: c, key: k}}", nil),
        account("and by default", "defaults: {spec.a.b: x}", "{a: {bFromConfig: {name: c, key: k}}}", nil),
        account(
            "every element of a list",
            "defaults: {'spec.pools[].fips': true}",
            "{pools: [{name: a}, {name: b, fips: false}, {name: c, fips: null}]}",
            "{pools: [{name: a, fips: true}, {name: b, fips: false}, {name: c, fips: true}]}"
        ),
        account(
            "elements with a key",
            "set: {'spec.pools[name=b].count': 2}",
            "{pools: [{name: a, count: 9}, {name: b, count: 9}]}",
            "{pools: [{name: a, count: 9}, {name: b, count: 2}]}"
        ),
        account("no list, no elements", "set: {'spec.pools[].count': 2}", "{}", nil),
        account(
            "a field that goes",
            "remove: [spec.a, spec.b.c]",
            "{a: 1, b: {c: 2, d: 3}, e: 4}",
            "{b: {d: 3}, e: 4}"
        ),
        account("one that is not there", "remove: [spec.a, spec.b.c]", "{b: x}", nil),
        account(
            "elements that go",
            "remove: ['spec.l[name=a]', 'spec.l[name=c]', 'spec.l[].x']",
            "{l: [{name: a, x: 1}, {name: b, x: 1}, {name: c}, {name: d, x: 2}]}",
            "{l: [{name: b}, {name: d}]}"
        ),
        account(
            "an element by a text in quotes",
            "remove: [\"spec.l[name='a]b']\"]",
            "{l: [{name: 'a]b'}, {name: c}]}",
            "{l: [{name: c}]}"
        ),
        Case(
            name: "labels and annotations",
            mutations:
                "[{name: m, set: {\"metadata.labels['app.kubernetes.io/part-of']\": shop, metadata.annotations.a: b}}]",
            object: storageAccount("{}"),
            result: storageAccount("{}", metadata: "labels: {app.kubernetes.io/part-of: shop}, annotations: {a: b}")
        ),
        Case(
            name: "a field, then one beside it, then the tags",
            mutations: """
                [{name: a, set: {spec.a: {b: 1}}}, {name: b, set: {spec.a.c: 2}}, {name: c, remove: [spec.a.b]},
                 {name: d, tags: {set: {x: one}}}, {name: e, remove: [spec.tags]}, {name: f, tags: {default: {z: w}}},
                 {name: g, set: {spec.tags.v: u}}]
                """,
            object: storageAccount("{}"),
            result: storageAccount("{a: {c: 2}, tags: {z: w, v: u}}")
        ),
        Case(
            name: "values of expressions keep their types",
            mutations:
                "[{name: m, set: {spec.num: '${object.spec.a + 1}', spec.t: 'a${object.spec.a}', spec.b: '${object.spec.a > 1}'}}]",
            object: storageAccount("{a: 1}"),
            result: storageAccount("{a: 1, num: 2, t: a1, b: false}")
        ),
        account("the names in short", "set: {spec.a: '${namespace}/${name}'}", "{}", "{a: team-a/thing}"),
    ]

    static let updates: [Case] = [
        account("a default keeps what was", "defaults: {spec.a: new}", "{}", old: "{a: old}", "{a: old}"),
        account(
            "a location keeps what was",
            "location: {default: westeurope}",
            "{}",
            old: "{location: eastus}",
            "{location: eastus}"
        ),
        account("a tag keeps what was", "tags: {default: {a: new}}", "{}", old: "{tags: {A: old}}", "{tags: {A: old}}"),
        account("a default for what never was", "defaults: {spec.a: new}", "{}", old: "{}", "{a: new}"),
        account("set is set", "set: {spec.a: new}", "{}", old: "{a: old}", "{a: new}"),
        account("a value that the user changes", "defaults: {spec.a: new}", "{a: user}", old: "{a: old}", nil),
        account(
            "elements are found by their keys",
            "defaults: {'spec.pools[].size': new}",
            "{pools: [{name: c}, {name: b}, {name: a}]}",
            old: "{pools: [{name: a, size: old}, {name: b}]}",
            "{pools: [{name: c, size: new}, {name: b, size: new}, {name: a, size: old}]}"
        ),
        Case(
            name: "a credential keeps what was",
            mutations: "[{name: m, credential: {default: new}}]",
            object: storageAccount("{}"),
            old: storageAccount("{}", metadata: "annotations: {serviceoperator.azure.com/credential-from: old}"),
            result: storageAccount("{}", metadata: "annotations: {serviceoperator.azure.com/credential-from: old}")
        ),
    ]

    static let name = "azureName: {default: '${namespace}-${name}'}"
    static let names: [Case] = [
        account("a name in Azure", name, "{}", "{azureName: team-a-thing}"),
        account("one that Azure Service Operator gave", name, "{azureName: thing}", "{azureName: team-a-thing}"),
        account("one that the user gave", name, "{azureName: mine}", nil),
        account("an empty one", name, "{azureName: ''}", "{azureName: team-a-thing}"),
        account("one that is the object's", "azureName: {default: '${name}'}", "{azureName: thing}", nil),
        account("one out of a ConfigMap", name, "{azureNameFromConfig: {name: a, key: b}}", nil),
        account("none is given later", name, "{}", old: "{}", nil),
        account("none is lost", name, "{}", old: "{azureName: old}", "{azureName: old}"),
        account("none is changed", name, "{azureName: mine}", old: "{azureName: old}", nil),
        account(
            "what the operator filled in on the way",
            name,
            "{azureName: thing}",
            old: "{azureName: old}",
            "{azureName: old}"
        ),
        account("what was the operator's stays", name, "{azureName: thing}", old: "{azureName: thing}", nil),
        Case(
            name: "a kind with a name of its own",
            mutations: "[{name: m, \(name)}]",
            object: resource("storage.azure.com/v1api20230101/StorageAccountsBlobService", spec: "{}"),
            result: nil
        ),
        Case(
            name: "a kind that is named by a UUID",
            mutations: "[{name: m, \(name)}]",
            object: resource("authorization.azure.com/v1api20220401/RoleAssignment", spec: "{}"),
            result: nil
        ),
        Case(
            name: "an object without a name yet",
            mutations: "[{name: m, \(name)}]",
            object: """
                apiVersion: storage.azure.com/v1api20230101
                kind: StorageAccount
                metadata: {generateName: x-, namespace: team-a}
                spec: {}
                """,
            result: nil
        ),
    ]

    static let namespaceValues: [Case] = [
        account("a tag of the namespace", "tags: {inherit: [cost-center]}", "{}", "{tags: {cost-center: CC-0001}}"),
        account(
            "overwrites",
            "tags: {inherit: [cost-center]}",
            "{tags: {Cost-Center: x}}",
            "{tags: {Cost-Center: CC-0001}}"
        ),
        account("is left if it is so", "tags: {inherit: [cost-center]}", "{tags: {cost-center: CC-0001}}", nil),
        account("a label that is not there", "tags: {inherit: [nothing]}", "{tags: {nothing: x}}", nil),
        account(
            "under another name",
            "tags: {inherit: {owner: {fromNamespaceLabel: team}, contact: {fromNamespaceAnnotation: contact}}}",
            "{}",
            "{tags: {contact: blue@example.com, owner: blue}}"
        ),
        account("tags that go", "tags: {remove: ['tmp-*', x]}", "{tags: {TMP-a: 1, X: 2, y: 3}}", "{tags: {y: 3}}"),
        account("none that goes", "tags: {remove: ['tmp-*']}", "{tags: {y: 3}}", nil),
        account(
            "a location of the namespace",
            "location: {fromNamespaceLabel: region}",
            "{}",
            "{location: northeurope}"
        ),
        account("gives way", "location: {fromNamespaceLabel: region}", "{location: eastus}", nil),
        account("is not there", "location: {fromNamespaceLabel: nothing}", "{}", nil),
        account(
            "keeps what was",
            "location: {fromNamespaceLabel: region}",
            "{}",
            old: "{location: eastus}",
            "{location: eastus}"
        ),
    ]

    static func machine(
        _ name: String,
        _ downgrade: String,
        _ size: String,
        old: String? = nil,
        _ result: String?
    ) -> Case {
        let kind = "compute.azure.com/v1api20220301/VirtualMachine"
        return Case(
            name: name,
            mutations: "[{name: m, sku: {downgrade: \(downgrade)}}]",
            object: resource(kind, spec: "{hardwareProfile: {vmSize: \(size)}}"),
            old: old.map { resource(kind, spec: "{hardwareProfile: {vmSize: \($0)}}") },
            result: result.map { resource(kind, spec: "{hardwareProfile: {vmSize: \($0)}}") },
            warnings: result.map { ["spec.hardwareProfile.vmSize: \(size) was lowered to \($0), as p/m says"] } ?? []
        )
    }

    static func database(
        _ name: String,
        _ downgrade: String,
        _ sku: String,
        _ result: String?,
        _ warnings: [String] = []
    )
        -> Case
    {
        let kind = "sql.azure.com/v1api20211101/ServersDatabase"
        return Case(
            name: name,
            mutations: "[{name: m, sku: {downgrade: \(downgrade)}}]",
            object: resource(kind, spec: "{sku: \(sku)}"),
            result: result.map { resource(kind, spec: "{sku: \($0)}") },
            warnings: warnings
        )
    }

    static let sizes = "{to: [Standard_D2s_v3, Standard_D8s_v3, Standard_D4s_v3]}"
    static let downgrades: [Case] = [
        machine("the largest that is not above", sizes, "Standard_D16s_v5", "Standard_D8s_v3"),
        machine("between two", sizes, "Standard_E6s_v4", "Standard_D4s_v3"),
        machine("one of them", sizes, "standard_d2s_v3", nil),
        machine("smaller than all", sizes, "Standard_B1ms", nil),
        machine("one that nobody knows", sizes, "Gigantic", nil),
        machine("what an update leaves", sizes, "Standard_D16s_v5", old: "Standard_D16s_v5", nil),
        machine("what an update asks for", sizes, "Standard_D16s_v5", old: "Standard_D8s_v3", "Standard_D8s_v3"),
        database(
            "a name that tells cores",
            "{to: [GP_Gen5_2, GP_Gen5_4]}",
            "{name: GP_Gen5_16}",
            "{name: GP_Gen5_4}",
            ["spec.sku.name: GP_Gen5_16 was lowered to GP_Gen5_4, as p/m says"]
        ),
        database(
            "a tier that the choice does not say",
            "{to: [GP_Gen5_2]}",
            "{name: GP_Gen5_16, tier: GeneralPurpose}",
            nil
        ),
        database(
            "with its tier",
            "{to: [{name: GP_Gen5_2, tier: GeneralPurpose}]}",
            "{name: BC_Gen5_16, tier: BusinessCritical}",
            "{name: GP_Gen5_2, tier: GeneralPurpose}",
            ["spec.sku.name: BC_Gen5_16 was lowered to GP_Gen5_2, as p/m says"]
        ),
        database(
            "by capacity where the tables know nothing",
            "{to: [{name: S0, tier: Standard, capacity: 10}, {name: S2, tier: Standard, capacity: 50}]}",
            "{name: P6, tier: Premium, capacity: 1000}",
            "{name: S2, tier: Standard, capacity: 50}",
            ["spec.sku.name: P6 was lowered to S2, as p/m says"]
        ),
        database("which nobody states", "{to: [{name: S0, capacity: 10}]}", "{name: P6}", nil),
        database("a capacity that the choice does not say", "{to: [GP_Gen5_2]}", "{name: GP_Gen5, capacity: 16}", nil),
        database(
            "units",
            "{maximumCapacity: 4}",
            "{name: GP_Gen5, capacity: 16}",
            "{name: GP_Gen5, capacity: 4}",
            ["spec.sku.capacity: 16 was lowered to 4, as p/m says"]
        ),
        Case(
            name: "a name and then its units",
            mutations: "[{name: m, sku: {downgrade: {to: [Standard_D2s_v5], maximumCapacity: 4}}}]",
            object: resource(
                "compute.azure.com/v1api20201201/VirtualMachineScaleSet",
                spec: "{sku: {name: Standard_D64s_v5, capacity: 100}}"
            ),
            result: resource(
                "compute.azure.com/v1api20201201/VirtualMachineScaleSet",
                spec: "{sku: {name: Standard_D2s_v5, capacity: 4}}"
            ),
            warnings: [
                "spec.sku.name: Standard_D64s_v5 was lowered to Standard_D2s_v5, as p/m says",
                "spec.sku.capacity: 100 was lowered to 4, as p/m says",
            ]
        ),
        database("no units", "{maximumCapacity: 4}", "{name: S1}", nil),
    ]

    /// A policy of one mutation.
    @Test(arguments: fields + updates + names + namespaceValues + downgrades)
    func mutates(_ example: Case) throws {
        let set = try policies(MutationTests.mutating(example.mutations), Self.namespaces)
        let ask = example.old.map { Ask.update($0, to: example.object) } ?? .create(example.object)
        let decision = try set.decide(ask, mode: .mutateAndValidate)
        #expect(decision.allowed && !decision.isBroken, "\(decision.lines)")
        #expect(decision.warnings == example.warnings)
        guard let patch = decision.patch else {
            #expect(example.result == nil)
            return
        }
        let expected = try document(try #require(example.result, "\(text(patch))"))
        let result = try patch.apply(to: document(example.object))
        #expect(JSONFragment(result) == JSONFragment(expected), "\(text(patch))")
        // What was mutated is not mutated again.
        let again = String(result.text)
        let later = try set.decide(example.old.map { .update($0, to: again) } ?? .create(again), mode: .mutate)
        if !example.mutations.contains("${object.spec") { #expect(later.patch == nil) }
    }

    @Test func whatIsMissingIsMadeOnce() throws {
        let set = try policies(
            MutationTests.mutating("[{name: m, location: {default: westeurope}}, {name: t, tags: {set: {a: b}}}]")
        )
        let object = "apiVersion: storage.azure.com/v1api20230101\nkind: StorageAccount\nmetadata: {name: x}"
        let decision = try set.decide(.create(object), mode: .mutate)
        #expect(
            decision.patch.map(text)
                == #"[{"op":"add","path":"/spec","value":{}},{"op":"add","path":"/spec/location","value":"westeurope"},{"op":"add","path":"/spec/tags","value":{"a":"b"}}]"#
        )
    }

    static let broken: [(mutation: String, spec: String, text: String)] = [
        ("defaults: {spec.a.b: 1}", "{a: x}", "could not be judged: spec.a is not an object"),
        ("set: {'spec.a[].b': 1}", "{a: {b: c}}", "could not be judged: spec.a is not a list"),
        (
            "set: {'spec.a[].b': 1}", "{a: [\(repeatElement("{}", count: 1001).joined(separator: ","))]}",
            "mutation m: spec.a[].b is in a list of more than 1000 elements"
        ),
        ("set: {spec.a: '${object.spec.nothing}'}", "{}", "mutation m:"),
        ("tags: {inherit: {x: {fromNamespaceAnnotation: long}}}", "{}", "300 characters, and Azure takes 256"),
    ]

    @Test(arguments: broken) func asksTheFailurePolicy(_ example: (mutation: String, spec: String, text: String)) throws
    {
        let long = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: team-a, annotations: {long: \(String(repeating: "x", count: 300))}}
            """
        let set = try policies(MutationTests.mutating("[{name: m, \(example.mutation)}]"), long)
        let decision = try set.decide(.create(storageAccount(example.spec)), mode: .mutate)
        #expect(!decision.allowed && decision.isBroken)
        #expect(decision.lines.first?.contains(example.text) == true, "\(decision.lines)")
    }

    @Test func aNamespaceThatNobodyKnowsIsAnError() throws {
        for mutation in ["tags: {inherit: [team]}", "location: {fromNamespaceLabel: team}"] {
            let set = try policies(MutationTests.mutating("[{name: m, \(mutation)}]"))
            let decision = try set.decide(.create(storageAccount("{}")), mode: .mutate)
            #expect(decision.isBroken)
            #expect(decision.lines.first?.contains("team of the namespace is not known") == true, "\(decision.lines)")
            // What lies in none inherits nothing.
            let outside = try set.decide(.create(storageAccount("{}"), namespace: nil), mode: .mutate)
            #expect(outside.allowed && outside.patch == nil)
        }
    }

    @Test func downgradesOfSeveralPoliciesEndWhereAllAreContent() throws {
        func set(_ first: String, _ second: String, failurePolicy: String = "Fail") throws -> PolicySet {
            try policies(
                MutationTests.mutating(
                    "[{name: m, sku: {downgrade: {to: [\(first)]}}}]",
                    name: "a",
                    failurePolicy: failurePolicy
                ),
                MutationTests.mutating(
                    "[{name: m, sku: {downgrade: {to: [\(second)]}}}]",
                    name: "b",
                    failurePolicy: failurePolicy
                )
            )
        }
        func machine(_ size: String) -> String {
            resource("compute.azure.com/v1api20220301/VirtualMachine", spec: "{hardwareProfile: {vmSize: \(size)}}")
        }
        let chain = try set("Standard_D2s_v3, Standard_D8s_v3", "Standard_D4s_v3")
        let decision = try chain.decide(.create(machine("Standard_D16s_v3")), mode: .mutate)
        #expect(
            decision.patch.map(text)
                == #"[{"op":"replace","path":"/spec/hardwareProfile/vmSize","value":"Standard_D2s_v3"}]"#
        )
        #expect(
            decision.warnings
                == ["spec.hardwareProfile.vmSize: Standard_D16s_v3 was lowered to Standard_D2s_v3, as a/m says"]
        )
        #expect(try chain.decide(.create(machine("Standard_D2s_v3")), mode: .mutate).patch == nil)
        let contrary = try set("Standard_D4s_v3", "Standard_D4s_v5")
        let broken = try contrary.decide(.create(machine("Standard_D16s_v3")), mode: .mutate)
        #expect(broken.lines.first?.contains("contradict each other") == true)
        let ignored = try set("Standard_D4s_v3", "Standard_D4s_v5", failurePolicy: "Ignore")
        let first = try ignored.decide(.create(machine("Standard_D16s_v3")), mode: .mutate)
        #expect(first.mutations == ["a/m"])
        #expect(try ignored.decide(.create(machine("Standard_D4s_v3")), mode: .mutate).patch == nil)
    }

    /// What a mutation looks for may be what a later one makes.
    @Test func mutationsAreGoneThroughUntilTheyAreContent() throws {
        func set(_ mutations: String...) throws -> PolicySet {
            let documents = mutations.enumerated().map {
                MutationTests.mutating("[{name: m, \($0.element)}]", name: "p\($0.offset)")
            }
            return try #require(try compile(documents.enumerated().map { ("\($0.offset).yaml", $0.element) }).set)
        }
        func result(_ set: PolicySet) throws -> String {
            let decision = try set.decide(.create(storageAccount("{}")), mode: .mutate)
            return decision.patch.map(text) ?? decision.lines.joined()
        }
        let two = try set("defaults: {'spec.l[].x': 1}", "defaults: {spec.l: [{}]}")
        #expect(try result(two) == #"[{"op":"add","path":"/spec/l","value":[{"x":1}]}]"#)
        // The last word counts, however often it is said.
        let contrary = try set("remove: [spec.b]", "set: {spec.a: 1}", "set: {spec.a: 2}")
        #expect(try result(contrary) == #"[{"op":"add","path":"/spec/a","value":2}]"#)
        let chain = try set(
            "defaults: {'spec.a[].b[].c[].d[].e': 1}",
            "defaults: {'spec.a[].b[].c[].d': [{}]}",
            "defaults: {'spec.a[].b[].c': [{}]}",
            "defaults: {'spec.a[].b': [{}]}",
            "defaults: {spec.a: [{}]}"
        )
        #expect(try result(chain).contains("mutations come to no end: p4/m, p3/m, p2/m, p1/m"))
    }

    @Test func rulesJudgeWhatWasLowered() throws {
        let set = try policies(
            MutationTests.mutating("[{name: m, sku: {downgrade: {to: [Standard_D2s_v3]}}}]"),
            policy("v", rule: "skus: {allow: [Standard_D2s_v3]}")
        )
        let kind = "compute.azure.com/v1api20220301/VirtualMachine"
        let large = resource(kind, spec: "{hardwareProfile: {vmSize: Standard_D16s_v3}}")
        #expect(try set.decide(.create(large), mode: .mutateAndValidate).allowed)
        let unknown = resource(kind, spec: "{hardwareProfile: {vmSize: Gigantic}}")
        #expect(try !set.decide(.create(unknown), mode: .mutateAndValidate).allowed)
    }
}

func document(_ yaml: String) throws -> JSONDocument {
    try #require(try JSONDocument.parseYAML(Array(yaml.utf8)).first)
}

func text(_ patch: JSONPatch) -> String {
    String(decoding: patch.encode(), as: UTF8.self)
}
