import JSON
import Policy
import Testing

/// Mutations that are expressions, and values with expressions in them.
@Suite struct ExpressionMutationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let mutations: String
        let object: String
        /// The object's `spec` as JSON after the mutations; nil if nothing is changed.
        let spec: String?
        var testDescription: String { name }
    }

    static func tag(_ name: String, _ value: String, _ expected: String?) -> Case {
        Case(
            name: name,
            mutations: "[{name: m, tags: {set: {x: \"\(value)\"}}}]",
            object: storageAccount("{num: 5, flag: true, tags: {}}"),
            spec: expected.map { #"{"num":5,"flag":true,"tags":{"x":"\#($0)"}}"# }
        )
    }

    static func cel(_ name: String, _ expression: String, _ spec: String, _ expected: String?, more: String = "")
        -> Case
    {
        Case(
            name: name,
            mutations: "[{name: m, cel: {expression: \"\(expression)\"\(more.isEmpty ? "" : ", " + more)}}]",
            object: storageAccount(spec),
            spec: expected
        )
    }

    static let cases: [Case] = [
        tag("an expression", "${namespaceObject.metadata.labels['team']}", "blue"),
        tag("text around it", "t-${request.namespace}-${request.operation}!", "t-team-a-CREATE!"),
        tag("an int", "${object.spec.num}", "5"),
        tag("a bool", "${object.spec.flag}", "true"),
        tag("a uint", "${uint(object.spec.num)}", "5"),
        tag("an escape", "$${a} $$ $", "${a} $$ $"),
        tag("an escape beside an expression", "$${a}${1 + 1}", "${a}2"),
        tag("braces inside", "${{'a': 'b'}['a']}", "b"),
        tag("braces in a literal", "${'}' + '{'}", "}{"),
        tag("a quote in a literal", "${'\\\\'}'}", "'}"),
        tag("a raw literal", "${r'\\\\'.size() == 1 ? 'one' : 'two'}", "one"),
        tag("three quotes", "${'''}'''}", "}"),
        Case(
            name: "a default",
            mutations: "[{name: m, location: {default: \"${has(object.spec.num) ? 'westeurope' : 'eastus'}\"}}]",
            object: storageAccount("{num: 5}"),
            spec: #"{"num":5,"location":"westeurope"}"#
        ),
        Case(
            name: "a default that nobody needs is not evaluated",
            mutations:
                "[{name: m, location: {default: '${object.spec.nothing}'}}, {name: o, tags: {default: {a: '${object.spec.nothing}'}}}]",
            object: storageAccount("{location: eastus, tags: {a: b}}"),
            spec: nil
        ),
        Case(
            name: "what the mutation before has done",
            mutations: "[{name: a, tags: {set: {x: one}}}, {name: b, tags: {set: {z: \"${object.spec.tags.x}-two\"}}}]",
            object: storageAccount("{}"),
            spec: #"{"tags":{"x":"one","z":"one-two"}}"#
        ),
        cel(
            "a JSONPatch",
            "[JSONPatch{op: 'add', path: '/spec/a', value: object.spec.num + 1}, JSONPatch{op: 'remove', path: '/spec/b'}]",
            "{num: 5, b: c}",
            #"{"num":5,"a":6}"#
        ),
        cel("a JSONPatch that changes nothing", "[JSONPatch{op: 'replace', path: '/spec/a', value: 1}]", "{a: 1}", nil),
        cel(
            "a JSONPatch whose test fails",
            "[JSONPatch{op: 'test', path: '/spec/a', value: 2}, JSONPatch{op: 'add', path: '/spec/b', value: 2}]",
            "{a: 1}",
            nil
        ),
        cel("no operations", "object.spec.a == 1 ? [] : [JSONPatch{op: 'remove', path: '/spec/a'}]", "{a: 1}", nil),
        cel(
            "an apply configuration",
            "Object{spec: Object.spec{sku: Object.spec.sku{name: 'Standard_ZRS'}, tags: {'a': 'b'}}}",
            "{sku: {name: Standard_LRS, tier: x}, tags: {c: d}}",
            #"{"sku":{"name":"Standard_ZRS","tier":"x"},"tags":{"c":"d","a":"b"}}"#
        ),
        cel("one that says nothing", "Object{}", "{a: 1}", nil),
        cel("one that says what is so", "Object{spec: Object.spec{a: 1}}", "{a: 1}", nil),
        cel(
            "a list of maps whose form is said",
            "dyn([{'op': 'add', 'path': '/spec/a', 'value': 1}])",
            "{}",
            #"{"a":1}"#,
            more: "patchType: JSONPatch"
        ),
    ]

    @Test(arguments: cases) func mutates(_ example: Case) throws {
        let set = try policies(MutationTests.mutating(example.mutations), ExpressionRuleTests.namespaces)
        let decision = try set.decide(.create(example.object), mode: .mutate)
        #expect(decision.allowed && !decision.isBroken, "\(decision.lines)")
        let object = try #require(try JSONDocument.parseYAML(Array(example.object.utf8)).first)
        guard let patch = decision.patch else {
            #expect(example.spec == nil)
            return
        }
        let expected = try #require(example.spec)
        let result = try patch.apply(to: object)
        let spec = try #require(result.member("spec", of: result.root))
        #expect(JSONFragment(result, spec) == JSONFragment(try JSONDocument(parsing: Array(expected.utf8))))
        // What was mutated is not mutated again.
        let again = try set.decide(.create(String(result.text)), mode: .mutate)
        if !example.name.contains("JSONPatch") { #expect(again.patch == nil) }
    }

    static let broken: [(name: String, mutation: String, text: String)] = [
        ("a value that is not there", "tags: {set: {x: '${object.spec.nothing}'}}", "nothing"),
        ("a list", "tags: {set: {x: '${object.spec.list}'}}", "gives no text"),
        ("a namespace that nobody knows", "tags: {set: {x: \"${namespaceObject.metadata.name}\"}}", "Namespace team-a"),
        (
            "a value that is too long",
            "tags: {set: {x: \"${'0123456789'.replace('', '0123456789012345678901234')}\"}}", "256"
        ),
        (
            "a patch that does not apply", "cel: {expression: \"[JSONPatch{op: 'remove', path: '/spec/no'}]\"}",
            "JSON Patch"
        ),
        ("no operation", "cel: {expression: \"[JSONPatch{op: 'burn', path: '/spec/no'}]\"}", "JSON Patch"),
        ("a list that is atomic", "cel: {expression: \"Object{spec: Object.spec{list: [1]}}\"}", "atomic"),
        ("another kind", "cel: {expression: \"[JSONPatch{op: 'replace', path: '/kind', value: 'X'}]\"}", "may not"),
        ("another name", "cel: {expression: \"Object{metadata: Object.metadata{name: 'x'}}\"}", "may not"),
        ("no object", "cel: {expression: \"[JSONPatch{op: 'replace', path: '', value: 1}]\"}", "may not"),
    ]

    @Test(arguments: broken, ["Fail", "Ignore"]) func breaksAsAWhole(
        _ example: (name: String, mutation: String, text: String),
        _ failurePolicy: String
    ) throws {
        let set = try policies(
            MutationTests.mutating(
                "[{name: a, tags: {set: {half: done}}}, {name: b, \(example.mutation)}]",
                failurePolicy: failurePolicy
            ),
            MutationTests.mutating("[{name: q, tags: {set: {fine: yes-it-is}}}]", name: "q")
        )
        let decision = try set.decide(.create(storageAccount("{list: [1, 2]}")), mode: .mutate)
        #expect(decision.isBroken)
        #expect(decision.allowed == (failurePolicy == "Ignore"))
        #expect(
            (decision.lines + decision.warnings).joined().contains(example.text),
            "\(decision.lines + decision.warnings)"
        )
        #expect((decision.lines + decision.warnings).joined().contains("mutation b"))
        if failurePolicy == "Ignore" {
            let patch = try #require(decision.patch)
            #expect(String(decoding: patch.encode(), as: UTF8.self).contains("yes-it-is"))
            #expect(!String(decoding: patch.encode(), as: UTF8.self).contains("done"))
        } else {
            #expect(decision.patch == nil)
        }
    }

    @Test func policiesSeeWhatOthersHaveDone() throws {
        let set = try policies(
            MutationTests.mutating("[{name: m, tags: {set: {one: a}}}]", name: "a"),
            MutationTests.mutating(
                "[{name: m, cel: {expression: \"Object{spec: Object.spec{tags: {'two': object.spec.tags.one + 'b'}}}\"}}]",
                name: "b"
            ),
            MutationTests.mutating("[{name: m, tags: {set: {three: '${object.spec.tags.two}c'}}}]", name: "c"),
            MutationTests.mutating("[{name: m, tags: {default: {four: d, one: z}}}]", name: "d")
        )
        let decision = try set.decide(.create(storageAccount("{}")), mode: .mutate)
        #expect(
            decision.patch.map { String(decoding: $0.encode(), as: UTF8.self) }
                == #"[{"op":"add","path":"/spec/tags","value":{"one":"a","two":"ab","three":"abc","four":"d"}}]"#
        )
        #expect(decision.mutations == ["a/m", "b/m", "c/m", "d/m"])
    }
}
