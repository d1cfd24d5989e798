import JSON
import Kubernetes
import Policy
import Testing

/// What MutatingAdmissionPolicies make of objects.
@Suite struct MutatingAdmissionPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let policy: String
        let object: String
        /// The object as it is then, without its type and metadata if those are as before; nil if nothing changes.
        let becomes: String?
        var testDescription: String { name }

        init(_ name: String, _ policy: String, _ object: String, _ becomes: String?) {
            self.name = name
            self.policy = policy
            self.object = object
            self.becomes = becomes
        }
    }

    static func pod(_ spec: String, metadata: String = "") -> String {
        resource("core/v1/Pod", spec: spec, metadata: metadata).replacing("core/v1", with: "v1")
    }

    static let apply: [Case] = [
        Case(
            "a field is set",
            Manifest.apply("Object{spec: Object.spec{location: 'westeurope'}}"),
            storageAccount("{sku: {name: Standard_LRS}}"),
            storageAccount("{sku: {name: Standard_LRS}, location: westeurope}")
        ),
        Case(
            "a field is changed, its neighbours stay",
            Manifest.apply("Object{spec: Object.spec{sku: Object.spec.sku{name: 'Premium_LRS'}}}"),
            storageAccount("{sku: {name: Standard_LRS, tier: Standard}, a: [1]}"),
            storageAccount("{sku: {name: Premium_LRS, tier: Standard}, a: [1]}")
        ),
        Case(
            "what is so already stays",
            Manifest.apply("Object{spec: Object.spec{location: 'westeurope'}}"),
            storageAccount("{location: westeurope}"),
            nil
        ),
        Case(
            "an object that is not there is made",
            Manifest.apply("Object{spec: Object.spec{a: Object.spec.a{b: Object.spec.a.b{c: 1}}}}"),
            storageAccount("{}"),
            storageAccount("{a: {b: {c: 1}}}")
        ),
        Case(
            "a map",
            Manifest.apply("Object{metadata: Object.metadata{labels: {'app.kubernetes.io/name': 'web', 'b': 'c'}}}"),
            storageAccount("{}", metadata: "labels: {a: x, b: y}"),
            storageAccount("{}", metadata: "labels: {a: x, b: c, app.kubernetes.io/name: web}")
        ),
        Case(
            "values of the object",
            Manifest.apply("Object{spec: Object.spec{copy: object.spec.from, size: object.spec.size * 2}}"),
            storageAccount("{from: {a: b}, size: 4}"),
            storageAccount("{from: {a: b}, size: 8, copy: {a: b}}")
        ),
        Case(
            "an optional field that is none",
            Manifest.apply("Object{spec: Object.spec{?a: object.spec.?none, ?b: object.spec.?from}}"),
            storageAccount("{from: 1}"),
            storageAccount("{from: 1, b: 1}")
        ),
        Case(
            "finalizers are a set",
            Manifest.apply("Object{metadata: Object.metadata{finalizers: ['b', 'c']}}"),
            storageAccount("{}", metadata: "finalizers: [a, b]"),
            storageAccount("{}", metadata: "finalizers: [a, b, c]")
        ),
        Case(
            "containers have names",
            Manifest.apply(
                "Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, imagePullPolicy: 'Always'})}}"
            ),
            pod("{containers: [{name: a, image: x}, {name: b, image: y}]}"),
            pod(
                "{containers: [{name: a, image: x, imagePullPolicy: Always}, {name: b, image: y, imagePullPolicy: Always}]}"
            )
        ),
        Case(
            "a sidecar comes behind those that are there",
            Manifest.apply(
                "Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'proxy', image: 'mesh', restartPolicy: 'Always'}]}}"
            ),
            pod("{initContainers: [{name: a, image: x}]}"),
            pod("{initContainers: [{name: a, image: x}, {name: proxy, image: mesh, restartPolicy: Always}]}")
        ),
        Case(
            "a list of names that was not there",
            Manifest.apply(
                "Object{spec: Object.spec{imagePullSecrets: [Object.spec.imagePullSecrets{name: 'registry'}]}}"
            ),
            pod("{}"),
            pod("{imagePullSecrets: [{name: registry}]}")
        ),
        Case(
            "ports are told apart by number and protocol",
            Manifest.apply(
                "Object{spec: Object.spec{ports: [Object.spec.ports{port: 80, name: 'web'}, Object.spec.ports{port: 53, protocol: 'UDP', name: 'dns'}]}}"
            ),
            resource("core/v1/Service", spec: "{ports: [{port: 53, protocol: TCP}, {port: 80, protocol: TCP}]}")
                .replacing("core/v1", with: "v1"),
            resource(
                "core/v1/Service",
                spec:
                    "{ports: [{port: 53, protocol: TCP}, {port: 80, protocol: TCP, name: web}, {port: 53, protocol: UDP, name: dns}]}"
            ).replacing("core/v1", with: "v1")
        ),
    ]

    static let patches: [Case] = [
        Case(
            "a JSON Patch",
            Manifest.patch(
                "[JSONPatch{op: 'add', path: '/spec/location', value: 'westeurope'}, JSONPatch{op: 'remove', path: '/spec/a'}]"
            ),
            storageAccount("{a: 1}"),
            storageAccount("{location: westeurope}")
        ),
        Case(
            "an empty one",
            Manifest.patch("[JSONPatch{op: 'test', path: '/spec/a', value: 1}]"),
            storageAccount("{a: 1}"),
            nil
        ),
        Case(
            "of some objects only",
            Manifest.patch("object.spec.a > 1 ? [JSONPatch{op: 'replace', path: '/spec/a', value: 1}] : []"),
            storageAccount("{a: 1}"),
            nil
        ),
        Case(
            "a test that does not hold undoes everything",
            Manifest.patch(
                "[JSONPatch{op: 'add', path: '/spec/b', value: 1}, JSONPatch{op: 'test', path: '/spec/a', value: 2}]"
            ),
            storageAccount("{a: 1}"),
            nil
        ),
        Case(
            "so does one of a member that is not there",
            Manifest.patch(
                "[JSONPatch{op: 'test', path: '/spec/none', value: 2}, JSONPatch{op: 'add', path: '/spec/b', value: 1}]"
            ),
            storageAccount("{a: 1}"),
            nil
        ),
        Case(
            "unless it asks for that",
            Manifest.patch(
                "[JSONPatch{op: 'test', path: '/spec/none', value: null}, JSONPatch{op: 'add', path: '/spec/b', value: 1}]"
            ),
            storageAccount("{a: 1}"),
            storageAccount("{a: 1, b: 1}")
        ),
        Case(
            "a key with a slash",
            Manifest.patch(
                "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/a~b'), value: 'x'}]"
            ),
            storageAccount("{}", metadata: "labels: {a: b}"),
            storageAccount("{}", metadata: "labels: {a: b, example.com/a~b: x}")
        ),
        Case(
            "an object in its place",
            Manifest.patch(
                "[JSONPatch{op: 'add', path: '/spec/sku', value: Object.spec.sku{name: 'Standard_LRS', zones: [1, 2]}}]"
            ),
            storageAccount("{}"),
            storageAccount("{sku: {name: Standard_LRS, zones: [1, 2]}}")
        ),
        Case(
            "copied and moved",
            Manifest.patch(
                "[JSONPatch{op: 'copy', from: '/spec/a', path: '/spec/b'}, JSONPatch{op: 'move', from: '/spec/a', path: '/spec/c'}]"
            ),
            storageAccount("{a: [1]}"),
            storageAccount("{b: [1], c: [1]}")
        ),
        Case(
            "atomic lists are for JSON Patches",
            Manifest.patch("[JSONPatch{op: 'add', path: '/spec/rules/-', value: {'value': '10.0.0.0/8'}}]"),
            storageAccount("{rules: [{value: 10.1.0.0/16}]}"),
            storageAccount("{rules: [{value: 10.1.0.0/16}, {value: 10.0.0.0/8}]}")
        ),
    ]

    static let orders: [Case] = [
        Case(
            "each sees what those before it made",
            Manifest.apply(
                "Object{spec: Object.spec{size: object.spec.size + 1}}",
                "Object{spec: Object.spec{size: object.spec.size * 10}}"
            ),
            storageAccount("{size: 1}"),
            storageAccount("{size: 20}")
        ),
        Case(
            "and so do variables",
            Manifest.mutating(
                """
                variables: [{name: size, expression: object.spec.size}]
                mutations:
                - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'replace', path: '/spec/size', value: variables.size + 1}]"}}
                - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'replace', path: '/spec/size', value: variables.size * 10}]"}}
                """
            ),
            storageAccount("{size: 1}"),
            storageAccount("{size: 20}")
        ),
        Case(
            "a condition that is false",
            Manifest.mutating(
                """
                matchConditions: [{name: a, expression: "object.spec.size > 1"}]
                mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.spec{size: 7}}"}}]
                """
            ),
            storageAccount("{size: 1}"),
            nil
        ),
    ]

    @Test(arguments: [apply, patches, orders].flatMap { $0 }) func mutates(_ test: Case) throws {
        let set = try patient(test.policy, Manifest.mutatingBinding())
        let request = try Ask.create(test.object).request()
        let decision = set.decide(request, mode: .mutate)
        #expect(decision.allowed, "\(decision.lines)")
        guard let becomes = test.becomes else {
            #expect(decision.patch == nil && decision.mutations.isEmpty)
            return
        }
        let patch = try #require(decision.patch)
        let object = try JSONFragment(request.document, #require(request.object))
        let result = try patch.apply(to: object)
        let expected = try #require(try JSONDocument.parseYAML(Array(becomes.utf8)).first)
        #expect(JSONFragment(result) == JSONFragment(expected), "\(String(decoding: patch.encode(), as: UTF8.self))")
        #expect(decision.mutations.first == "MutatingAdmissionPolicy/m/mutations[0]")
        // The validating webhook does nothing of the kind.
        #expect(set.decide(request, mode: .validate).patch == nil)
    }

    @Test(arguments: apply) func mutatingTwiceIsMutatingOnce(_ test: Case) throws {
        guard let becomes = test.becomes, test.name != "values of the object" else { return }
        let set = try patient(test.policy, Manifest.mutatingBinding())
        #expect(try set.decide(.create(becomes), mode: .mutate).patch == nil)
    }

    // MARK: Faults

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let policy: String
        let object: String
        let says: String
        var testDescription: String { name }

        init(_ name: String, _ policy: String, _ object: String, _ says: String) {
            self.name = name
            self.policy = policy
            self.object = object
            self.says = says
        }
    }

    static let faults: [Fault] = [
        Fault(
            "a list without a schema",
            Manifest.apply("Object{spec: Object.spec{rules: [Object.spec.rules{value: 'a'}], zones: ['1']}}"),
            storageAccount("{}"),
            "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.rules, .spec.zones; use a JSONPatch"
        ),
        Fault(
            "a selector",
            Manifest.apply("Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}}}"),
            resource("apps/v1/Deployment", spec: "{selector: {matchLabels: {a: c}}}"),
            "may not mutate atomic arrays, maps or structs: .spec.selector;"
        ),
        Fault(
            "a list in a list",
            Manifest.apply("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', args: ['b']}]}}"),
            pod("{containers: [{name: a}]}"),
            "may not mutate atomic arrays, maps or structs: .spec.containers[0].args;"
        ),
        Fault(
            "a type of another place",
            Manifest.apply("Object{spec: Object.spec{sku: Object.spec.wrong{name: 'a'}}}"),
            storageAccount("{}"),
            #"type mismatch: unexpected type name "Object.spec.wrong", expected "Object.spec.sku""#
        ),
        Fault(
            "an element without a name",
            Manifest.apply("Object{spec: Object.spec{containers: [Object.spec.containers{image: 'a'}]}}"),
            pod("{containers: [{name: a}]}"),
            "an element lacks name"
        ),
        Fault(
            "an object where there is none",
            Manifest.apply("Object{spec: Object.spec{sku: Object.spec.sku{name: 'a'}}}"),
            storageAccount("{sku: Standard}"),
            ".spec.sku has another form in the object"
        ),
        Fault(
            "a patch of what is not there",
            Manifest.patch("[JSONPatch{op: 'replace', path: '/spec/none', value: 1}]"),
            storageAccount("{}"),
            "JSON Patch: operation 0, \"/spec/none\": there is no such value"
        ),
        Fault(
            "another name",
            Manifest.patch("[JSONPatch{op: 'replace', path: '/metadata/name', value: 'b'}]"),
            storageAccount("{}"),
            "it changes apiVersion, kind, name or namespace"
        ),
        Fault(
            "no object at all",
            Manifest.patch("[JSONPatch{op: 'replace', path: '', value: 1}]"),
            storageAccount("{}"),
            "it changes apiVersion, kind, name or namespace"
        ),
        Fault(
            "a word that is no operation",
            Manifest.patch("[JSONPatch{op: 'merge', path: '/spec', value: 1}]"),
            storageAccount("{}"),
            "'op' must be add, remove, replace, move, copy or test"
        ),
        Fault(
            "a value that JSON has not",
            Manifest.patch("[JSONPatch{op: 'add', path: '/spec/a', value: double('NaN')}]"),
            storageAccount("{}"),
            "JSON has no number"
        ),
        Fault(
            "an expression that breaks",
            Manifest.apply("Object{spec: Object.spec{a: object.spec.none}}"),
            storageAccount("{}"),
            "no such key: 'none'"
        ),
    ]

    @Test(arguments: faults) func breaks(_ test: Fault) throws {
        let set = try patient(test.policy, Manifest.mutatingBinding())
        let decision = try set.decide(.create(test.object), mode: .mutate)
        #expect(!decision.allowed && decision.patch == nil && decision.isBroken)
        let failure = try #require(decision.failures.first)
        #expect(
            failure.source == .mutatingAdmissionPolicy && failure.rule == "mutations[0]" && failure.reason == .error
        )
        #expect(failure.message.contains(test.says), "\(failure.message)")
        #expect(decision.statusReason == .invalid)
    }

    @Test func ifIgnoredTheNextMutationIsMadeAllTheSame() throws {
        let spec = """
            failurePolicy: Ignore
            mutations:
            - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'remove', path: '/spec/none'}]"}}
            - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/spec/a', value: 1}]"}}
            """
        let set = try patient(Manifest.mutating(spec), Manifest.mutatingBinding())
        let decision = try set.decide(.create(storageAccount("{}")), mode: .mutate)
        #expect(decision.allowed && decision.warnings.count == 1)
        #expect(decision.mutations == ["MutatingAdmissionPolicy/m/mutations[1]"])
    }

    // MARK: Beside others

    @Test func everybodyElseJudgesWhatWasMade() throws {
        let set = try patient(
            Manifest.apply("Object{spec: Object.spec{location: 'westeurope'}}"),
            Manifest.mutatingBinding(),
            policy("regions", rule: "locations: {allow: [westeurope]}"),
            Manifest.validation("expression: object.spec.location == 'westeurope'"),
            Manifest.binding()
        )
        let ask = Ask.create(storageAccount("{location: northeurope}"))
        #expect(try set.decide(ask, mode: .validate).failures.count == 2)
        let decision = try set.decide(ask, mode: .mutateAndValidate)
        #expect(decision.allowed, "\(decision.lines)")
        #expect(decision.patch?.operations.count == 1)
    }

    @Test func ourMutationsComeAfterThem() throws {
        let set = try patient(
            Manifest.patch(
                "[JSONPatch{op: 'add', path: '/spec/tags', value: {'a': string(has(object.spec.tags))}}]"
            ),
            Manifest.mutatingBinding(),
            MutationTests.mutating("[{name: t, tags: {set: {b: c}}}]")
        )
        let request = try Ask.create(storageAccount("{}")).request()
        let decision = set.decide(request, mode: .mutate)
        let object = try JSONFragment(request.document, #require(request.object))
        let result = try #require(decision.patch).apply(to: object)
        let tags = result.value(at: try JSONPointer(parsing: "/spec/tags")).map {
            String(decoding: Array(result.lexeme($0)), as: UTF8.self)
        }
        #expect(tags == #"{"a":"false","b":"c"}"#)
        #expect(decision.mutations == ["MutatingAdmissionPolicy/m/mutations[0]", "p/t"])
        #expect(
            decision.auditAnnotations.contains {
                $0.key == "mutated-by" && $0.value == decision.mutations.joined(separator: ", ")
            }
        )
    }

    @Test func whatIsDeniedIsNotPatched() throws {
        let set = try patient(
            Manifest.apply("Object{spec: Object.spec{a: 1}}"),
            Manifest.mutatingBinding(),
            Manifest.validation("expression: 'false'"),
            Manifest.binding()
        )
        let decision = try set.decide(.create(storageAccount("{}")), mode: .mutateAndValidate)
        #expect(!decision.allowed && decision.patch == nil && decision.mutations.isEmpty)
    }

    @Test func kindsOfOthersAreMutatedToo() throws {
        let set = try patient(Manifest.apply("Object{data: Object.data{a: 'b'}}"), Manifest.mutatingBinding())
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team-a}"
        #expect(try set.decide(.create(map), mode: .mutate).patch?.operations.count == 1)
    }

    @Test func aDeletionIsNotMutated() throws {
        let set = try patient(Manifest.apply("Object{spec: Object.spec{a: 1}}"), Manifest.mutatingBinding())
        let decision = try set.decide(.delete(storageAccount("{}")), mode: .mutateAndValidate)
        #expect(decision.allowed && decision.patch == nil)
    }

    /// `a` looks at what `b`, which comes after it, makes.
    @Test(arguments: [("Never", false), ("IfNeeded", true)])
    func aPolicyMaySeeWhatOthersMadeAfterIt(reinvocation: String, sees: Bool) throws {
        let first = Manifest.document(
            "MutatingAdmissionPolicy",
            "a",
            "v1alpha1",
            """
            matchConstraints: \(Manifest.writes)
            reinvocationPolicy: \(reinvocation)
            mutations:
            - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.spec{seen: has(object.spec.b)}}"}}
            """
        )
        let set = try patient(
            first,
            Manifest.mutatingBinding("a", name: "a"),
            Manifest.apply(named: "b", "Object{spec: Object.spec{b: 1}}"),
            Manifest.mutatingBinding("b", name: "b")
        )
        let request = try Ask.create(storageAccount("{}")).request()
        let object = try JSONFragment(request.document, #require(request.object))
        let result = try #require(set.decide(request, mode: .mutate).patch).apply(to: object)
        #expect(result.value(at: try JSONPointer(parsing: "/spec/seen")).flatMap { result.bool($0) } == sees)
    }

    @Test func eachParameterMutatesOnce() throws {
        let spec = """
            paramKind: {apiVersion: v1, kind: ConfigMap}
            mutations:
            - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: params.data}}"}}
            """
        let set = try patient(
            Manifest.mutating(spec),
            Manifest.mutatingBinding("m", "paramRef: {selector: {}, namespace: team-a, parameterNotFoundAction: Deny}"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: team-a}\ndata: {a: b, c: d}",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two, namespace: team-a}\ndata: {c: e}"
        )
        let request = try Ask.create(storageAccount("{}")).request()
        let object = try JSONFragment(request.document, #require(request.object))
        let result = try #require(set.decide(request, mode: .mutate).patch).apply(to: object)
        let labels = result.value(at: try JSONPointer(parsing: "/metadata/labels"))
        #expect(labels.map { String(decoding: Array(result.lexeme($0)), as: UTF8.self) } == #"{"a":"b","c":"e"}"#)
    }
}
