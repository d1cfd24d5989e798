import JSON
import Policy
import Testing

/// What authors are told about expressions that do not compile.
@Suite struct ExpressionCompileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// The document from `spec` on, which begins in line 5.
        let spec: String
        /// The beginnings of the issues, each as `line:column field: message; mend`.
        let issues: [String]
        var testDescription: String { name }
    }

    static func rule(_ name: String, _ cel: String, _ issues: String...) -> Case {
        Case(name: name, spec: "rules:\n  - name: r\n    cel: \(cel)", issues: issues)
    }

    static func spec(_ name: String, _ spec: String, _ issues: String...) -> Case {
        Case(name: name, spec: spec + "\nrules: [{name: r, cel: {expression: 'true'}}]", issues: issues)
    }

    static func mutation(_ name: String, _ mutation: String, _ issues: String...) -> Case {
        Case(name: name, spec: "mutations:\n  - name: m\n    \(mutation)", issues: issues)
    }

    static let cases: [Case] = [
        rule("nothing", "{}", "7:12 spec.rules[0].cel: has no expression; add the expression that must be true"),
        rule("no text", "{expression: 5}", "7:25 spec.rules[0].cel.expression: must be a string"),
        rule("no words", "{expression: ' '}", "7:25 spec.rules[0].cel.expression: is empty"),
        rule(
            "a name that nobody knows",
            "{expression: objekt.spec.a == 1}",
            "7:25 spec.rules[0].cel.expression: does not compile: there is no variable 'objekt'; did you mean 'object'?; write object"
        ),
        rule(
            "the end of a call",
            "{expression: \"object.spec.a.startsWith('x'\"}",
            "7:54 spec.rules[0].cel.expression: does not compile: "
        ),
        rule(
            "a literal block",
            "\n      expression: |\n        object.spec.a == 1 &&\n          objekt.spec.b == 2",
            "10:13 spec.rules[0].cel.expression: does not compile: there is no variable 'objekt'"
        ),
        rule(
            "two faults",
            "{expression: 'objekt.a && objekd.b'}",
            "7:26 spec.rules[0].cel.expression: does not compile: there is no variable 'objekt'",
            "7:38 spec.rules[0].cel.expression: does not compile: there is no variable 'objekd'"
        ),
        rule(
            "a number",
            "{expression: 1 + 1}",
            "7:25 spec.rules[0].cel.expression: gives int, not a bool; write a comparison"
        ),
        rule("anything", "{expression: object.spec.flag}"),
        rule(
            "a message that is no text",
            "{expression: 'true', messageExpression: '1'}",
            "7:53 spec.rules[0].cel.messageExpression: gives int, not a string; convert it with string(…)"
        ),
        rule(
            "what Kubernetes hides",
            "{expression: request.uid == ''}",
            "7:33 spec.rules[0].cel.expression: does not compile: kubernetes.AdmissionRequest has no field 'uid'"
        ),
        rule(
            "the object of a request",
            "{expression: request.object == object}",
            "7:33 spec.rules[0].cel.expression: does not compile: kubernetes.AdmissionRequest has no field 'object'"
        ),
        rule(
            "the authorizer",
            "{expression: \"authorizer.group('').resource('pods').check('create').allowed()\"}",
            "7:26 spec.rules[0].cel.expression: reads authorizer, which nothing here can ask"
        ),
        rule(
            "params of a policy without any",
            "{expression: params.data.a == ''}",
            "7:25 spec.rules[0].cel.expression: reads params, but the policy names none; add spec.params"
        ),
        rule(
            "a facet that is none",
            "{expression: \"facets.locatoin.orValue('') == ''\"}",
            "7:33 spec.rules[0].cel.expression: does not compile: portcullis.Facets has no field 'locatoin'; "
                + "did you mean 'location'?; write location"
        ),
        rule(
            "a facet that is taken for its value",
            "{expression: \"facets.location == 'westeurope'\"}",
            "7:42 spec.rules[0].cel.expression: does not compile: "
        ),
        rule(
            "a variable that there is not",
            "{expression: variables.a == 1}",
            "7:35 spec.rules[0].cel.expression: does not compile: kubernetes.variables has no field 'a'"
        ),
        rule(
            "a path that is none",
            "{expression: 'true', fieldPath: 'spec..a'}",
            "7:44 spec.rules[0].cel.fieldPath: is \"spec..a\"; write names with dots"
        ),
        rule(
            "a reason that is none",
            "{expression: 'true', reason: Because}",
            "7:41 spec.rules[0].cel.reason: is \"Because\"; write Unauthorized, Forbidden, Invalid or RequestEntityTooLarge"
        ),
        Case(
            name: "ifUnknown beside an expression",
            spec: "rules:\n  - {name: r, cel: {expression: 'true'}, ifUnknown: Allow}",
            issues: ["6:55 spec.rules[0].ifUnknown: means nothing to an expression; ask in the expression itself"]
        ),
        spec(
            "a variable that reads itself",
            "variables: [{name: a, expression: variables.a + 1}]",
            "5:47 spec.variables[0].expression: does not compile: kubernetes.variables has no field 'a'; "
                + "define it above; variables know those before them"
        ),
        spec(
            "a cycle",
            "variables: [{name: a, expression: variables.b}, {name: b, expression: variables.a}]",
            "5:47 spec.variables[0].expression: does not compile: kubernetes.variables has no field 'b'",
            "5:83 spec.variables[1].expression: does not compile: kubernetes.variables has no field 'a'"
        ),
        spec(
            "a variable twice",
            "variables: [{name: a, expression: '1'}, {name: a, expression: '2'}]",
            "5:43 spec.variables[1]: is the second variable named \"a\"; give it a name of its own"
        ),
        spec(
            "a variable whose name is no name",
            "variables: [{name: a-b, expression: '1'}]",
            "5:22 spec.variables[0].name: is \"a-b\""
        ),
        spec(
            "a condition that is no bool",
            "match: {conditions: [{name: a, expression: \"'x'\"}]}",
            "5:47 spec.match.conditions[0].expression: gives string, not a bool"
        ),
        spec(
            "a condition twice",
            "match: {conditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]}",
            "5:55 spec.match.conditions[1]: is the second condition named \"a\""
        ),
        spec(
            "too many conditions",
            "match: {conditions: [\((0..<65).map { "{name: c\($0), expression: 'true'}" }.joined(separator: ", "))]}",
            "5:23 spec.match.conditions: has 65 conditions; keep within 64"
        ),
        spec(
            "params that the folder does not have",
            "params: {kind: ConfigMap, name: limits, namespace: x}",
            "5:11 spec.params: names ConfigMap limits of namespace x, which the folder does not have; add its manifest"
        ),
        spec(
            "a Secret for params",
            "params: {kind: Secret, name: limits}",
            "5:11 spec.params: is a Secret, whose values messages could tell; use a ConfigMap"
        ),
        mutation(
            "an expression that is not closed",
            "tags: {set: {x: 'a${request.name'}}",
            "7:25 spec.mutations[0].tags.set.x: has a '${' that is not closed"
        ),
        mutation(
            "an empty one",
            "tags: {set: {x: '${ }'}}",
            "7:24 spec.mutations[0].tags.set.x: has an empty '${}'"
        ),
        mutation(
            "a name that nobody knows",
            "tags: {set: {x: 'a${objekt.name}'}}",
            "7:27 spec.mutations[0].tags.set.x: does not compile: there is no variable 'objekt'"
        ),
        mutation(
            "a list for text",
            "tags: {set: {x: '${[1]}'}}",
            "7:26 spec.mutations[0].tags.set.x: gives list(int), not a string, an int or a bool"
        ),
        mutation(
            "an optional for text",
            "location: {default: '${facets.location}'}",
            "7:30 spec.mutations[0].location.default: gives optional_type(string), not a string, an int or a bool"
        ),
        mutation(
            "a text for a patch",
            "cel: {expression: \"'a'\"}",
            "7:26 spec.mutations[0].cel.expression: gives string, not a list of JSONPatch or an Object"
        ),
        mutation(
            "a patch of either form",
            "cel: {expression: object.spec}",
            "7:25 spec.mutations[0].cel.expression: gives dyn, which may be either form of a patch; add patchType"
        ),
        mutation(
            "the other form",
            "cel: {expression: 'Object{}', patchType: JSONPatch}",
            "7:25 spec.mutations[0].cel.expression: gives no JSONPatch; set patchType to ApplyConfiguration or remove it"
        ),
        mutation(
            "a field that a JSONPatch has not",
            "cel: {expression: \"[JSONPatch{op: 'remove', pfad: '/spec/a'}]\"}",
            "7:51 spec.mutations[0].cel.expression: does not compile: "
        ),
    ]

    @Test(arguments: cases) func tells(_ example: Case) throws {
        let text =
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: p}\nspec:\n"
            + example.spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(
                separator: "\n"
            )
        let result = try compile([("f.yaml", text)])
        let issues = result.issues.map { "\($0.line):\($0.column) \($0.field): \($0.message); \($0.mend)" }
        #expect(issues.count == example.issues.count, "\(issues)")
        for (issue, expected) in zip(issues, example.issues) { #expect(issue.hasPrefix(expected), "\(issue)") }
        #expect((result.set == nil) == !example.issues.isEmpty)
    }

    static let hostile: [String] = [
        String(repeating: "(", count: 60_000), String(repeating: "a+", count: 30_000) + "a",
        String(repeating: "[", count: 30_000), String(repeating: "!", count: 60_000) + "1",
        "'" + String(repeating: "\\\\", count: 20_000), String(repeating: "a.", count: 30_000),
        String(repeating: "x", count: 100_000), "\u{0}", "'\u{feff}' == '", String(repeating: "${", count: 100),
        "[1].all(x, " + String(repeating: "[1].all(x, ", count: 1000),
    ]

    @Test(arguments: hostile.indices) func survives(_ index: Int) throws {
        var writer = JSONWriter()
        writer.string(Self.hostile[index])
        let literal = String(decoding: writer.finish(), as: UTF8.self)
        for spec in [
            "rules: [{name: r, cel: {expression: \(literal)}}]",
            "mutations: [{name: m, location: {default: \(literal)}}]",
            "variables: [{name: v, expression: \(literal)}]", "mutations: [{name: m, cel: {expression: \(literal)}}]",
        ] {
            let text =
                "{apiVersion: portcullis.dev/v1alpha1, kind: AzurePolicy, metadata: {name: p}, spec: {\(spec)}}"
            let result = try compile([("f.yaml", text)])
            if !spec.hasPrefix("mutations: [{name: m, loc") { #expect(result.set == nil) }
            for issue in result.issues { #expect(issue.description.utf8.count < 4096) }
        }
    }
}
