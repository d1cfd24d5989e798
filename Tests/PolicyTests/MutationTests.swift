import JSON
import Policy
import Testing

/// What mutations make of objects.
@Suite struct MutationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let mutations: String
        let object: String
        /// The patch as compact JSON; nil if there is none.
        let patch: String?
        var testDescription: String { name }
    }

    static func mutating(_ mutations: String, name: String = "p", failurePolicy: String = "Fail") -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: \(name)}
        spec:
          match: {resources: ['*/*']}
          failurePolicy: \(failurePolicy)
          mutations: \(mutations)
        """
    }

    static func account(_ name: String, _ mutations: String, _ spec: String, _ patch: String?) -> Case {
        Case(name: name, mutations: "[{name: m, \(mutations)}]", object: storageAccount(spec), patch: patch)
    }

    static func metadata(_ name: String, _ metadata: String, _ patch: String?) -> Case {
        Case(
            name: name,
            mutations: "[{name: m, credential: {default: c}}]",
            object: storageAccount("{}", metadata: metadata),
            patch: patch
        )
    }

    static let pointer = "/metadata/annotations/serviceoperator.azure.com~1credential-from"

    static let cases: [Case] = [
        account(
            "a tag is set",
            "tags: {set: {a: b}}",
            "{tags: {}}",
            #"[{"op":"add","path":"/spec/tags/a","value":"b"}]"#
        ),
        account(
            "tags are made",
            "tags: {set: {c: d, a: b}}",
            "{}",
            #"[{"op":"add","path":"/spec/tags","value":{"a":"b","c":"d"}}]"#
        ),
        account(
            "null is no tags",
            "tags: {set: {a: b}}",
            "{tags: null}",
            #"[{"op":"add","path":"/spec/tags","value":{"a":"b"}}]"#
        ),
        account(
            "a tag is set to another value",
            "tags: {set: {a: b}}",
            "{tags: {a: x}}",
            #"[{"op":"replace","path":"/spec/tags/a","value":"b"}]"#
        ),
        account("a tag that is so is left", "tags: {set: {a: b}}", "{tags: {a: b}}", nil),
        account(
            "in its own spelling",
            "tags: {set: {a: b}}",
            "{tags: {A: x}}",
            #"[{"op":"replace","path":"/spec/tags/A","value":"b"}]"#
        ),
        account(
            "a default is given",
            "tags: {default: {a: b}}",
            "{tags: {x: z}}",
            #"[{"op":"add","path":"/spec/tags/a","value":"b"}]"#
        ),
        account("a default gives way", "tags: {default: {a: b}}", "{tags: {A: x}}", nil),
        account(
            "a name with a slash is escaped",
            "tags: {set: {'a~b': b}}",
            "{tags: {}}",
            #"[{"op":"add","path":"/spec/tags/a~0b","value":"b"}]"#
        ),
        account(
            "a location is given",
            "location: {default: westeurope}",
            "{}",
            #"[{"op":"add","path":"/spec/location","value":"westeurope"}]"#
        ),
        account("a location is left", "location: {default: westeurope}", "{location: eastus}", nil),
        account(
            "a location from a ConfigMap is left",
            "location: {default: westeurope}",
            "{locationFromConfig: {name: a, key: b}}",
            nil
        ),
        Case(
            name: "a kind without location is left",
            mutations: "[{name: m, location: {default: westeurope}}]",
            object: resource("storage.azure.com/v1api20230101/StorageAccountsBlobService", spec: "{}"),
            patch: nil
        ),
        Case(
            name: "a kind without tags is left",
            mutations: "[{name: m, tags: {set: {a: b}}}]",
            object: resource("storage.azure.com/v1api20230101/StorageAccountsBlobService", spec: "{}"),
            patch: nil
        ),
        Case(
            name: "a kind that nobody knows is left",
            mutations: "[{name: m, tags: {set: {a: b}}}, {name: k, location: {default: x}}]",
            object: resource("novel.azure.com/v1/Thing", spec: "{}"),
            patch: nil
        ),
        Case(
            name: "a kind of others is left",
            mutations: "[{name: m, credential: {default: c}}]",
            object: resource("apps/v1/Deployment", spec: "{}"),
            patch: nil
        ),
        Case(
            name: "where spec is missing it is made",
            mutations: "[{name: m, tags: {set: {a: b}}}]",
            object: "apiVersion: storage.azure.com/v1api20230101\nkind: StorageAccount\nmetadata: {name: x}",
            patch: #"[{"op":"add","path":"/spec","value":{}},{"op":"add","path":"/spec/tags","value":{"a":"b"}}]"#
        ),
        metadata(
            "annotations are made",
            "labels: {a: b}",
            #"[{"op":"add","path":"/metadata/annotations","value":{"serviceoperator.azure.com/credential-from":"c"}}]"#
        ),
        metadata(
            "a credential is given",
            "annotations: {a: b}",
            "[{\"op\":\"add\",\"path\":\"\(pointer)\",\"value\":\"c\"}]"
        ),
        metadata("a credential is left", "annotations: {serviceoperator.azure.com/credential-from: x}", nil),
        metadata("even an empty one", "annotations: {serviceoperator.azure.com/credential-from: ''}", nil),
    ]

    @Test(arguments: cases) func patches(_ example: Case) throws {
        let set = try policies(Self.mutating(example.mutations))
        for mode in [DecisionMode.mutate, .mutateAndValidate] {
            let decision = try set.decide(.create(example.object), mode: mode)
            #expect(decision.allowed)
            #expect(decision.patch.map { String(decoding: $0.encode(), as: UTF8.self) } == example.patch)
            #expect(decision.mutations.isEmpty == (example.patch == nil))
        }
        #expect(try set.decide(.create(example.object), mode: .validate).patch == nil)
    }

    @Test func appliesPoliciesInTheOrderOfTheirNames() throws {
        let set = try policies(
            Self.mutating("[{name: m, tags: {set: {x: b}}}]", name: "b"),
            Self.mutating("[{name: m, tags: {set: {x: a, z: a}}}]", name: "a"),
            Self.mutating("[{name: m, tags: {default: {x: c, w: c}}}]", name: "c")
        )
        let decision = try set.decide(.create(storageAccount("{}")), mode: .mutate)
        #expect(
            decision.patch.map { String(decoding: $0.encode(), as: UTF8.self) }
                == #"[{"op":"add","path":"/spec/tags","value":{"x":"b","z":"a","w":"c"}}]"#
        )
        #expect(decision.mutations == ["a/m", "b/m", "c/m"])
        #expect(decision.auditAnnotations.map(\.value) == ["a/m, b/m, c/m"])
        // What the one undid of the other is no change.
        let same = try set.decide(.create(storageAccount("{tags: {x: b, z: a, w: c}}")), mode: .mutate)
        #expect(same.patch == nil)
    }

    @Test func rulesSeeWhatMutationsLeave() throws {
        let set = try policies(
            Self.mutating("[{name: m, tags: {set: {team: a}}}, {name: l, location: {default: westeurope}}]", name: "m"),
            policy("v", rule: "tags: {required: {team: {}}}"),
            policy("w", rule: "locations: {allow: [westeurope]}")
        )
        #expect(try !set.decide(.create(storageAccount("{}")), mode: .validate).allowed)
        let decision = try set.decide(.create(storageAccount("{}")), mode: .mutateAndValidate)
        #expect(decision.allowed)
        #expect(decision.patch?.operations.count == 2)
        let denied = try set.decide(.create(storageAccount("{location: eastus}")), mode: .mutateAndValidate)
        #expect(!denied.allowed)
        #expect(denied.patch == nil)
    }

    @Test(arguments: ["Fail", "Ignore"]) func asksTheFailurePolicyWhenBroken(_ failurePolicy: String) throws {
        let set = try policies(
            Self.mutating(
                "[{name: l, location: {default: westeurope}}, {name: m, tags: {set: {a: b}}}]",
                name: "broken",
                failurePolicy: failurePolicy
            ),
            Self.mutating("[{name: c, credential: {default: c}}]", name: "fine")
        )
        let decision = try set.decide(.create(storageAccount("{tags: [a]}")), mode: .mutate)
        #expect(decision.allowed == (failurePolicy == "Ignore"))
        #expect(decision.isBroken)
        if failurePolicy == "Ignore" {
            // All of a policy's mutations or none.
            #expect(decision.mutations == ["fine/c"])
            #expect(decision.warnings == ["policy broken was skipped: spec.tags is not an object of tags"])
        } else {
            #expect(decision.patch == nil)
            #expect(decision.failures.map(\.reason) == [.error])
        }
    }

    @Test func leavesWhatIsNotWrittenByUsers() throws {
        let set = try policies(Self.mutating("[{name: m, tags: {set: {a: b}}}]"))
        #expect(try set.decide(.delete(storageAccount("{}")), mode: .mutate).patch == nil)
        let controller = Ask.update(
            storageAccount("{}"),
            to: storageAccount("{}", metadata: "labels: {a: b}"),
            user: DecisionTests.controller
        )
        #expect(try set.decide(controller, mode: .mutate).patch == nil)
        #expect(try set.decide(.update(storageAccount("{}"), to: storageAccount("{a: b}")), mode: .mutate).patch != nil)
    }
}
