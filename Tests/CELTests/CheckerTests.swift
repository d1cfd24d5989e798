import Testing

@testable import CEL

/// What the checker makes of names and types: results, errors as people read them, limits.
@Suite struct CheckerTests {
    static let environment = CELEnvironment(
        .standard,
        variables: [
            .init("object", .dyn), .init("n", .int), .init("s", .string), .init("a.b", .int), .init("a.b.c", .string),
            .init("m", .map(.string, .list(.int))), .init("p", .object("Person")), .init("o", .optional(.string)),
        ],
        objects: [
            .init("Person", fields: ["name": .string, "age": .int, "friends": .list(.object("Person"))])
        ],
        functions: [
            .init("lib.twice", [.int], .int) { arguments, _ throws(CELError) in arguments[0] }
        ],
        openObject: "Object"
    )

    struct Typed: Sendable, CustomTestStringConvertible {
        let source: String
        let type: String
        init(_ source: String, _ type: String) { (self.source, self.type) = (source, type) }
        var testDescription: String { source }
    }

    static let typed: [Typed] = [
        // Literals and their elements.
        Typed("1", "int"), Typed("null", "null"), Typed("[]", "list(dyn)"), Typed("{}", "map(dyn, dyn)"),
        Typed("[1, 2]", "list(int)"), Typed("[1, 'a']", "list(dyn)"), Typed("[[], [1]]", "list(list(int))"),
        Typed("[[], [[]], [[[]]], [[[[]]]]]", "list(list(list(list(list(dyn)))))"),
        Typed("[[[[[]]]], [], [[[]]]]", "list(list(list(list(list(dyn)))))"),
        Typed("[1, dyn('a')]", "list(dyn)"), Typed("{'a': 1, 'b': 2u}", "map(string, dyn)"),
        Typed("[optional.of(1), optional.none()]", "list(optional_type(int))"),
        Typed("[optional.of(1), optional.of(dyn(1))]", "list(optional_type(dyn))"),
        Typed("[optional.of(1), null][0]", "optional_type(int)"), Typed("[?o, 'a']", "list(string)"),
        Typed("{?'a': o}", "map(string, string)"),
        // Operators.
        Typed("n + 1", "int"), Typed("object.x + 1", "int"), Typed("object.x + object.y", "dyn"),
        Typed("object.x == 'a'", "bool"), Typed("1 < 2.0", "bool"), Typed("n in [1]", "bool"),
        Typed("object.x ? 1 : 2", "int"), Typed("true ? object : 1", "dyn"), Typed("m['a'][0]", "int"),
        Typed("m.a", "list(int)"), Typed("m[?'a']", "optional_type(list(int))"),
        Typed("m.?a", "optional_type(list(int))"),
        Typed("m.?a[0]", "optional_type(int)"), Typed("object.?a.b.c", "optional_type(dyn)"), Typed("has(m.a)", "bool"),
        Typed("null == duration('1s')", "bool"),
        Typed("true ? optional.of(dyn(1)) : optional.of(1)", "optional_type(dyn)"),
        Typed("object.a && object.b || !object.c", "bool"), Typed("{1: 'a'}[1]", "string"), Typed("-object.x", "dyn"),
        // Names.
        Typed("a.b", "int"), Typed("a.b.c", "string"), Typed("a.b.c.size()", "int"), Typed("int", "type(int)"),
        Typed("type(n)", "type(int)"), Typed("type(n) == int", "bool"),
        Typed("google.protobuf.Duration", "type(duration)"),
        Typed("lib.twice(n)", "int"), Typed(".lib.twice(.n)", "int"), Typed("p.friends[0].name", "string"),
        Typed("Person{name: 'a', age: n}", "Person"), Typed("Person{?name: o}.age", "int"),
        Typed("Object{spec: Object.spec{any: [1]}}.spec.any", "dyn"),
        Typed("google.protobuf.Int64Value{value: 1}", "dyn"), Typed("google.protobuf.Value{number_value: 1.0}", "dyn"),
        Typed("google.protobuf.NullValue.NULL_VALUE", "int"),
        // Comprehensions and bindings.
        Typed("[1].map(x, string(x))", "list(string)"), Typed("[1].filter(x, x > 0)", "list(int)"),
        Typed("m.map(k, k)", "list(string)"), Typed("m.exists(k, k == 'a')", "bool"),
        Typed("[1].all(i, x, i < x)", "bool"),
        Typed("[[1]].map(x, x.map(y, y + 1))", "list(list(int))"), Typed("object.map(x, x)", "list(dyn)"),
        Typed("([].map(x, x))[0].foo", "dyn"), Typed("['a'].transformList(i, v, i)", "list(int)"),
        Typed("m.transformMap(k, v, v.size())", "map(string, int)"), Typed("cel.bind(x, 'a', x + x)", "string"),
        Typed("cel.bind(n, 'a', n)", "string"), Typed("o.optMap(x, x.size())", "optional_type(int)"),
        Typed("o.optFlatMap(x, optional.of(x))", "optional_type(string)"), Typed("o.orValue('a')", "string"),
        Typed("cel.block([1, cel.index(0) + 1], [cel.index(1)])", "list(int)"),
        Typed("[{'z': 0}].exists(a, a.z == 0)", "bool"), Typed("['x'].all(n, .n == 1 && n == 'x')", "bool"),
        Typed("[3, 1].sortBy(x, -x)", "list(int)"), Typed("math.greatest(1, 2)", "int"),
        Typed("math.least(1, 2.0)", "dyn"),
    ]

    @Test(arguments: typed) func deduces(_ expected: Typed) throws {
        #expect(try Self.environment.check(expected.source).type.description == expected.type)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let source: String
        let message: String
        init(_ source: String, _ message: String) { (self.source, self.message) = (source, message) }
        var testDescription: String { source }
    }

    static let refusals: [Refusal] = [
        Refusal("objct.x", "1:1: there is no variable 'objct'; did you mean 'object'?"),
        Refusal("x", "1:1: there is no variable 'x'"), Refusal("[1].all(x, y)", "1:12: there is no variable 'y'"),
        Refusal("[1].all(x, true) && x", "1:21: there is no variable 'x'"),
        Refusal("s.startWith('a')", "1:3: there is no function 'startWith'; did you mean 'startsWith'?"),
        Refusal("siez(s)", "1:1: there is no function 'siez'; did you mean 'size'?"),
        Refusal("math.greates(1)", "1:6: there is no function 'math.greates'; did you mean 'math.greatest'?"),
        Refusal("p.nme", "1:3: Person has no field 'nme'; did you mean 'name'?"),
        Refusal("Person{nam: ''}", "1:8: Person has no field 'nam'; did you mean 'name'?"),
        Refusal("Person{age: ''}", "1:13: the field 'age' is int, found string"),
        Refusal("Person{age: 1, age: 2}", "1:16: the field 'age' is there twice"),
        Refusal("'%d'.format(['a'])", "1:14: error during formatting: "),
        Refusal("Persn{}", "1:1: there is no type 'Persn'; did you mean 'Person'?"),
        Refusal("n.x", "1:3: int has no fields; '.x' needs a map or an object"),
        Refusal("s.startsWith(1)", "1:3: there is no string.startsWith(int); there is string.startsWith(string)"),
        Refusal("s - s", "1:3: there is no string - string; there is int - int, uint - uint, double - double"),
        Refusal("s[0]", "1:2: there is no string[int]; there is list(A)[int], map(A, B)[A]"),
        Refusal("n && true", "1:1: expected bool, found int"), Refusal("true || s", "1:9: expected bool, found string"),
        Refusal("!n", "1:1: there is no !int; there is !bool"),
        Refusal("n ? 1 : 2", "1:3: there is no int ? int : int; there is bool ? A : A"),
        Refusal("1 == 'a'", "1:3: there is no int == string; there is A == A"),
        Refusal("startsWith(s, 'a')", "1:1: 'startsWith' is a method: write x.startsWith()"),
        Refusal("n.all(x, true)", "1:1: all() needs a list or a map, found int"),
        Refusal("[1].all(x, x)", "1:12: expected bool, found int"),
        Refusal("[?1]", "1:3: what follows '?' has to be optional, found int"),
        Refusal("[1].map(x)", "1:5: map() takes 2 or 3 arguments, not 1"),
        Refusal("all(x)", "1:1: 'all' is a method: write x.all(…)"),
        Refusal("object.has(x)", "1:8: 'has' is a function: write has(a.b)"),
    ]

    @Test(arguments: refusals) func refuses(_ expected: Refusal) {
        let error = #expect(throws: CELCompileError.self) { _ = try Self.environment.check(expected.source) }
        let line = error?.description.split(separator: "\n").first.map(String.init) ?? ""
        #expect(line.hasPrefix(expected.message))
        #expect(error?.issues.count == 1, "\(error?.description ?? "")")
    }

    @Test func tellsAllIssuesInTheOrderOfTheirPlaces() {
        let error = #expect(throws: CELCompileError.self) {
            _ = try Self.environment.check("x + y == 1 &&\n 'a' - 'b' > z")
        }
        #expect(error?.issues.map { "\($0.line):\($0.column)" } == ["1:1", "1:5", "2:6", "2:14"])
    }

    // MARK: Containers

    struct Lookup: Sendable, CustomTestStringConvertible {
        let source: String
        let variables: [String]
        let found: String
        var testDescription: String { "\(source) among \(variables)" }
    }

    static let lookups: [Lookup] = [
        Lookup(source: "y", variables: ["com.example.y", "com.y", "y"], found: "com.example.y"),
        Lookup(source: "y", variables: ["com.y", "y"], found: "com.y"),
        Lookup(source: ".y", variables: ["com.example.y", "y"], found: "y"),
        Lookup(source: "x.y", variables: ["com.example.x", "x.y"], found: "x.y"),
        Lookup(source: "x.y", variables: ["com.example.x.y", "x.y"], found: "com.example.x.y"),
        Lookup(source: "cel.bind(x, {'y': 0}, x.y)", variables: ["com.example.x.y"], found: "x"),
        Lookup(source: "[{'y': 0}].map(x, .x.y)", variables: ["com.example.x.y", "x.y"], found: "x.y"),
    ]

    @Test(arguments: lookups) func findsTheInnermostName(_ lookup: Lookup) throws {
        let environment = CELEnvironment(
            .standard,
            variables: lookup.variables.map { .init($0, .dyn) },
            container: "com.example"
        )
        let checked = try environment.check(lookup.source)
        var found: [String] = []
        for reference in checked.references {
            switch reference {
            case .variable(let number): found.append(lookup.variables[number])
            case .local(let name) where name != Macro.accumulator: found.append(name)
            default: break
            }
        }
        #expect(found.last == lookup.found)
    }

    // MARK: Unchecked

    @Test func leavesEverythingToTheEvaluationIfAsked() throws {
        for source in [
            "x || true", "f_unknown(17) || true", "a.as() || true", "1 == 'a'", "null < null", "[1, 'a'].x", "s.f",
        ] {
            let checked = try CELEnvironment(.standard).check(source, unchecked: true)
            #expect(checked.types.allSatisfy { $0 == .dyn })
        }
        let sum = try CELEnvironment(.standard).check("1 + 'a'", unchecked: true)
        guard case .overloads(let overloads) = sum.references[sum.root.id] else {
            Issue.record("a call refers to overloads")
            return
        }
        #expect(overloads.count > 4)
        let unknown = try CELEnvironment(.standard).check("f(1)", unchecked: true)
        guard case .overloads(let none) = unknown.references[unknown.root.id] else {
            Issue.record("a call refers to overloads")
            return
        }
        #expect(none.isEmpty)
    }

    // MARK: Kubernetes

    static let kubernetesRefusals: [Refusal] = [
        Refusal(
            "[1, 'a']",
            "1:5: in Kubernetes, the elements of a list have the same type: expected int, found string; dyn() around each takes any"
        ),
        Refusal(
            "{'a': 1, 'b': 'c'}",
            "1:15: in Kubernetes, the values of a map have the same type: expected int, found string; dyn() around each takes any"
        ),
        Refusal(
            "{'a': 1, 2: 2}",
            "1:10: in Kubernetes, the keys of a map have the same type: expected string, found int; dyn() around each takes any"
        ),
        Refusal(
            "[1, dyn('a')]",
            "1:5: in Kubernetes, the elements of a list have the same type: expected int, found dyn; dyn() around each takes any"
        ),
        Refusal(
            "[optional.of(1), null][0]",
            "1:18: in Kubernetes, the elements of a list have the same type: expected optional_type(int), found null; dyn() around each takes any"
        ),
        Refusal("'a'.matches('[')", "1:13: matches() fails: the pattern \"[\" does not compile: missing ]: ["),
        Refusal("duration('x') == duration('1s')", "1:10: duration() fails: "),
        Refusal("math.greatest(1, 2)", "1:6: Kubernetes 1.30 does not have the macro 'math.greatest'"),
        Refusal("cel.bind(x, 1, x)", "1:5: Kubernetes 1.30 does not have the macro 'cel.bind'"),
        Refusal("base64.encode(b'a')", "1:8: Kubernetes 1.30 does not have 'base64.encode'"),
        Refusal("regex.replace('a', 'b', 'c')", "1:7: Kubernetes 1.30 does not have 'regex.replace'"),
        Refusal("[1].transformList(i, x, x)", "1:5: Kubernetes 1.30 does not have the macro 'transformList'"),
        Refusal("[1].all(i, x, true)", "1:5: all() takes 2 arguments, not 3"),
    ]

    @Test(arguments: kubernetesRefusals) func kubernetesRefuses(_ expected: Refusal) {
        let error = #expect(throws: CELCompileError.self) {
            _ = try CELEnvironment(.kubernetes(30)).check(expected.source)
        }
        #expect(error?.description.hasPrefix(expected.message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        "'%d %s'.format([1, 'a'])", "'%d'.format(['a'])", "[dyn(1), dyn('a')]", "[1, 2]", "[[], [1]]",
        "{'a': [], 'b': [1]}",
        "duration('1s') == duration('2s')",
    ])
    func kubernetesTakes(_ source: String) throws {
        _ = try CELEnvironment(.kubernetes(30)).check(source)
    }

    // MARK: Limits

    /// Sources as deep as the parser lets through, and types that grow without end.
    static let hostile: [(name: String, source: @Sendable () -> String)] = [
        ("sums", { String(repeating: "1+", count: 248) + "1" }),
        ("lists", { String(repeating: "[", count: 249) + String(repeating: "]", count: 249) }),
        ("maps", { String(repeating: "{1:", count: 248) + "1" + String(repeating: "}", count: 248) }),
        ("selections", { "object" + String(repeating: ".a", count: 248) }),
        ("methods", { "object" + String(repeating: ".size()", count: 248) }),
        ("conditionals", { String(repeating: "true?1:", count: 248) + "1" }),
        ("calls", { String(repeating: "dyn(", count: 248) + "1" + String(repeating: ")", count: 248) }),
        ("objects", { String(repeating: "Object{a:", count: 248) + "1" + String(repeating: "}", count: 248) }),
        ("comprehensions", { String(repeating: "[1].all(x,", count: 30) + "true" + String(repeating: ")", count: 30) }),
        ("mapped", { String(repeating: "[1].map(x,", count: 30) + "x" + String(repeating: ")", count: 30) }),
        ("copies", { "o" + String(repeating: ".optMap(x,x)", count: 8) }),
        (
            "types that double",
            {
                "cel.bind(x0,1," + (0..<80).map { "cel.bind(x\($0 + 1),{x\($0):x\($0)}," }.joined()
                    + "x80" + String(repeating: ")", count: 81)
            }
        ),
        (
            "types that deepen",
            {
                let wrap = (String(repeating: "[", count: 140), String(repeating: "]", count: 140))
                return "cel.bind(x0,1," + (0..<80).map { "cel.bind(x\($0 + 1),\(wrap.0)x\($0)\(wrap.1)," }.joined()
                    + "x80"
                    + String(repeating: ")", count: 81)
            }
        ),
        (
            "free types that double",
            {
                let binds = (0..<70).map { "cel.bind(x\($0 + 1),[]," }.joined()
                let pairs = (1..<70).map { "[x\($0), {1:[x\($0 + 1),x\($0 + 1)][0]}.map(k,k)]" }.joined(separator: ",")
                return binds + "[" + pairs + "]" + String(repeating: ")", count: 70)
            }
        ),
    ]

    @Test(arguments: hostile.indices) func hostileSourcesEndQuickly(_ index: Int) async {
        let source = Self.hostile[index].source()
        let done = await onSmallStack { () -> Bool in
            for environment in [Self.environment, CELEnvironment(.kubernetes(36))] {
                do throws(CELCompileError) { _ = try environment.check(source) } catch { _ = error.description }
                do throws(CELCompileError) { _ = try environment.check(source, unchecked: true) } catch {}
            }
            return true
        }
        #expect(done)
    }

    @Test func comprehensionsNestUpToTheLimit() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[1].all(x,", count: depth) + "true" + String(repeating: ")", count: depth)
        }
        _ = try Self.environment.check(nested(Checker.maximumComprehensionNesting))
        let error = #expect(throws: CELCompileError.self) {
            _ = try Self.environment.check(nested(Checker.maximumComprehensionNesting + 1))
        }
        #expect(error?.issues.map(\.message) == ["comprehensions are nested deeper than 32"])
    }
}
