import CEL
import JSON
import Testing

/// What expressions give: tables of sources and values as CEL writes them.
@Suite struct EvaluationTests {
    /// A source and what it gives, `error: …` and its beginning included.
    typealias Row = (source: String, result: String)

    static let object = """
        {"o": {"spec": {"sku": {"name": "Standard_LRS"}, "tags": {"owner": "a", "größe": "ä"}, "n": [1, 2.5, null, true],
        "escaped": "a\\"\\u00e9", "zones": ["1", "2"], "empty": {}}}, "s": "text", "i": 3, "z": null, "l": [[1], [2, 3]]}
        """

    static let paths: [Row] = [
        ("o.spec.sku.name", "'Standard_LRS'"),
        ("o.spec.n[1]", "2.5"),
        ("o['spec']['n'][2]", "null"),
        ("o.spec.tags['größe']", "'ä'"),
        ("o.spec.escaped == 'a\"é'", "true"),
        ("has(o.spec.tags.owner)", "true"),
        ("has(o.spec.tags.none)", "false"),
        ("has(o.spec.empty)", "true"),
        ("has(o.none.spec)", "error: no such key: 'none' in has(o.none.spec)"),
        ("o.spec.sku.tier", "error: no such key: 'tier' in o.spec.sku.tier"),
        ("o.none.spec.x", "error: no such key: 'none' in o.none.spec"),
        ("o.spec.n[4]", "error: index 4 is out of range in o.spec.n[4]: the list has 4 elements"),
        ("o.spec.n[-1]", "error: index -1 is out of range"),
        ("o.spec.n[1.0]", "2.5"),
        ("o.spec.n[1.5]", "error: 1.5 cannot be the index of a list"),
        ("o.spec.n['a']", "error: 'a' cannot be the index of a list"),
        ("s.x", "error: no such key: 'x', because string has no fields"),
        ("o.?spec.?sku.?tier.orValue('none')", "'none'"),
        ("o.?spec.sku.name", "optional.of('Standard_LRS')"),
        ("o.?none.sku.name.hasValue()", "false"),
        ("o.spec[?'sku'].hasValue()", "true"),
        ("l[?7].orValue([9])", "[9]"),
        ("s.?x", "error: no such key: 'x', because string has no fields"),
        ("(i > 2 ? o : z).spec.zones", "['1', '2']"),
        ("{'a': {'b': 1}}.a.b", "1"),
        ("[{'a': 1}][0].a", "1"),
        ("o.spec.n[i - 3]", "1"),
        ("o[s == 'text' ? 'spec' : 'none'].zones[0]", "'1'"),
    ]

    static let equality: [Row] = [
        ("1 == 1.0 && 1u == 1 && 1.0 == 1u", "does not compile"),
        ("dyn(1) == 1.0 && dyn(1u) == 1", "true"),
        ("dyn(9223372036854775807) == 9223372036854775807u", "true"),
        ("dyn(-1) == 18446744073709551615u", "false"),
        ("dyn('1') == 1", "false"),
        ("0.0 / 0.0 == 0.0 / 0.0", "false"),
        ("[0.0 / 0.0] == [0.0 / 0.0]", "false"),
        ("0.0 == -0.0", "true"),
        ("'\\u00e9' == 'e\\u0301'", "false"),
        ("o.spec == o.spec", "true"),
        ("o.spec.zones == ['1', '2']", "true"),
        ("['1', '2'] == o.spec.zones", "true"),
        ("o.spec.zones == ['1']", "false"),
        ("l == [[1u], [2.0, 3]]", "true"),
        ("o.spec.tags == {'größe': 'ä', 'owner': 'a'}", "true"),
        ("{'größe': 'ä', 'owner': 'b'} == o.spec.tags", "false"),
        ("{1: 'a'} == dyn({1u: 'a'})", "true"),
        ("{1: 2, 2: 3} == {2: 3, 1: 2}", "true"),
        ("z == null && o.spec.n[2] == null", "true"),
        ("optional.of(1) == optional.of(1) && optional.none() != optional.of(1)", "true"),
        ("type(1) == int && type(int) == type && type([]) == type([1])", "true"),
        ("b'a' == b'a' && b'a' != b'b'", "true"),
        ("timestamp(0) == timestamp('1970-01-01T00:00:00Z')", "true"),
    ]

    static let order: [Row] = [
        ("dyn(1) < 1.5 && dyn(1.5) < 2u && dyn(-1) < 0u", "true"),
        ("'a' < 'b' && 'Z' < 'a' && 'a' < 'aa' && !('a' < 'a')", "true"),
        ("o.spec.zones[0] < '2' && '0' < o.spec.zones[0]", "true"),
        ("'\\uffff' < '\\U00010000'", "true"),
        ("b'\\x00' < b'\\xff' && false < true", "true"),
        ("duration('1s') < duration('1m') && timestamp(1) > timestamp(0)", "true"),
        ("dyn(null) < null", "error: null_type and null_type cannot be ordered"),
        ("dyn('a') < 1", "error: string and int cannot be ordered"),
        ("0.0 / 0.0 < 1.0", "error: NaN has no order"),
    ]

    static let arithmetic: [Row] = [
        ("9223372036854775807 + 1", "error: the result leaves the range of 64 bits"),
        ("-9223372036854775807 - 2", "error: the result leaves"), ("0u - 1u", "error: the result leaves"),
        ("4611686018427387904 * 2", "error: the result leaves"),
        ("-9223372036854775808 / -1", "error: the result leaves"),
        ("-9223372036854775808 % -1", "error: the result leaves"),
        ("-(-9223372036854775808)", "error: the result leaves"),
        ("7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1", "true"), ("1 / 0", "error: division by zero"),
        ("1u % 0u", "error: modulus by zero"), ("1.0 / 0.0", "double(\"Infinity\")"),
        ("'a' + 'ö'", "'aö'"), ("o.spec.zones[0] + 'x'", "'1x'"), ("b'a' + b'b'", "b'ab'"),
        ("o.spec.zones + ['3']", "['1', '2', '3']"), ("dyn(1) + 1u", "error: no such overload: + for int, uint"),
        ("i + 1 == 4", "true"),
    ]

    static let logic: [Row] = [
        ("1 / 0 == 1 || true", "true"), ("true || 1 / 0 == 1", "true"), ("1 / 0 == 1 && false", "false"),
        ("1 / 0 == 1 || false", "error: division by zero"), ("1 / 0 == 1 && 1 % 0 == 1", "error: division by zero"),
        ("dyn('x') || true", "true"), ("dyn('x') && true", "error: no such overload: && for string"),
        ("i > 2 ? 'big' : 'small'", "'big'"), ("dyn(1) ? 1 : 2", "error: no such overload: ?: for int"),
        ("true ? 1 : 1 / 0", "1"), ("!dyn(1)", "error: no such overload: ! for int"),
    ]

    static let macros: [Row] = [
        ("[1, 2, 3].all(x, x > 0)", "true"), ("[].all(x, x)", "true"), ("[].exists(x, x)", "false"),
        ("[1, 0, 2].all(x, 4 / x < 3)", "false"), ("[2, 0, 4].all(x, 4 / x < 3)", "error: division by zero"),
        ("[0, 1].exists(x, 1 / x == 1)", "true"), ("[0, 2].exists(x, 1 / x == 1)", "error: division by zero"),
        ("[1, 2, 2].exists_one(x, x == 1)", "true"), ("[1, 2, 2].exists_one(x, x == 2)", "false"),
        ("[1, 0].exists_one(x, 1 / x == 1)", "error: division by zero"),
        ("o.spec.zones.map(x, x + '!')", "['1!', '2!']"), ("o.spec.n.filter(x, x != null)", "[1, 2.5, true]"),
        ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"), ("[1, 0].map(x, 1 / x)", "error: division by zero"),
        ("o.spec.tags.all(k, size(k) == 5)", "true"), ("o.spec.tags.map(k, k)", "['owner', 'größe']"),
        ("{'a': 1}.exists(k, k == 'a')", "true"), ("l.map(x, x.map(y, y + 1))", "[[2], [3, 4]]"),
        ("[1, 2].map(x, [10, 20].map(y, x * y))", "[[10, 20], [20, 40]]"),
        ("[5, 6].all(i, v, i + 5 == v)", "true"), ("o.spec.tags.exists(k, v, v == 'ä')", "true"),
        ("['a', 'b'].transformList(i, v, v + string(i))", "['a0', 'b1']"),
        ("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 10)", "{'b': 20}"),
        ("['a', 'b'].transformMapEntry(i, v, {v: i})", "{'a': 0, 'b': 1}"),
        ("['a', 'a'].transformMapEntry(i, v, {v: i})", "error: the map has the key 'a' twice"),
        ("i.all(x, true)", "error: int is neither a list nor a map to go through"),
        ("cel.bind(x, 1 / 0, true)", "true"), ("cel.bind(x, 1 / 0, x == 1 || x != 1)", "error: division by zero"),
        ("cel.bind(x, [1, 2], x + x)", "[1, 2, 1, 2]"),
        ("[1, 2].map(x, cel.bind(y, x * 2, y + y))", "[4, 8]"),
        ("cel.block([1, cel.index(0) + 1], cel.index(1) * cel.index(1))", "4"),
    ]

    static let membership: [Row] = [
        ("'b' in ['a', 'b']", "true"), ("s in ['x', 'text']", "true"), ("i in [1, 2, 3]", "true"),
        ("i in [3.0]", "true"),
        ("i in [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12]", "false"),
        ("dyn(3.0) in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]", "true"),
        ("s in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'text']", "true"),
        ("o.spec.zones[1] in o.spec.zones", "true"), ("'owner' in o.spec.tags", "true"),
        ("'x' in o.spec.tags", "false"),
        ("1 in o.spec.tags", "false"), ("[1] in l", "true"), ("1u in {1: 'a'}", "does not compile"),
        ("dyn(1u) in {1: 'a'}", "true"), ("dyn(1) in 'a'", "does not compile"),
        ("1 in dyn('a')", "error: no such overload: in"), ("i in []", "false"),
        ("o.none in []", "error: no such key: 'none' in o.none"), ("!(o.none in [])", "error: no such key: 'none'"),
        ("1 / 0 in []", "error: division by zero"), ("o.none in [] || true", "true"),
    ]

    static let literals: [Row] = [
        ("{1: 'a', 1u: 'b'}", "error: the map has the key 1u twice"),
        ("{'a': 1, 'a': 2}", "error: the map has the key 'a' twice"),
        ("{1.0: 1}", "error: unsupported key type: double"),
        ("{?'a': optional.none(), ?'b': optional.of(1)}", "{'b': 1}"),
        ("[?optional.of(1), ?o.?none]", "[1]"), ("{?'a': dyn(1)}", "error: '?' needs an optional value, not int"),
        ("google.protobuf.Int32Value{value: 5} + 1", "6"), ("google.protobuf.StringValue{}", "''"),
        ("google.protobuf.Int32Value{value: 3000000000}", "error: 3000000000 is out of the range of int32"),
        ("google.protobuf.Value{list_value: [1.0, 'a', null]}", "[1.0, 'a', null]"),
        ("google.protobuf.Struct{fields: {'a': 1.0}}.a", "1.0"),
        ("google.protobuf.Timestamp{seconds: 1}", "timestamp('1970-01-01T00:00:01Z')"),
        ("google.protobuf.NullValue.NULL_VALUE == 0", "true"), ("google.protobuf.BoolValue{} != null", "true"),
        ("{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10}[10u]", "does not compile"),
        ("{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10}[dyn(10.0)]", "10"),
    ]

    static let conversions: [Row] = [
        ("string(1.5)", "'1.5'"), ("string(1e6)", "'1e+06'"), ("string(123456.0)", "'123456'"),
        ("string(-0.00001)", "'-1e-05'"),
        ("string(1e300)", "'1e+300'"), ("string(1.0 / 0.0)", "'+Inf'"),
        ("string(b'\\xff')", "error: the bytes are not"),
        ("double('1e400')", "error: type conversion error"), ("double('-inf')", "double(\"-Infinity\")"),
        ("double('0x1p3')", "8.0"), ("double(' 1')", "error: type conversion"),
        ("double('1_000')", "error: type conversion"),
        ("int('+7')", "7"), ("int('0x7')", "error: type conversion"),
        ("int('9223372036854775808')", "error: type conversion"),
        ("int(-1.9)", "-1"), ("int(9.3e18)", "error: the number is out of the range of int"),
        ("int(0.0 / 0.0)", "error: the num"),
        ("uint('+7')", "error: type conversion"), ("uint(-1)", "error: the number is out of the range of uint"),
        ("bool('tRUE')", "error: type conversion"), ("bool('t') && !bool('0') && bool('T')", "true"),
        ("bytes('ö')", "b'\\xc3\\xb6'"),
        ("int(timestamp('2009-02-13T23:31:30Z'))", "1234567890"), ("int(duration('1.5s'))", "1500000000"),
        ("string(o.spec.sku.name)", "'Standard_LRS'"),
        ("int(s)", "error: type conversion error: string 'text' is no int"),
        ("size('größe') == 5 && size(b'\\xc3') == 1 && size(o.spec.n) == 4", "true"), ("type(o.spec.sku)", "map"),
    ]

    static let strings: [Row] = [
        ("s.contains('ex') && s.startsWith('te') && s.endsWith('xt')", "true"), ("s.contains('')", "true"),
        ("'a'.startsWith('ab')", "false"), ("s.matches('^t.*t$')", "true"), ("matches(s, 'x')", "true"),
        ("s.matches('(' + s)", "error: the pattern \"(text\" does not compile"), ("s.matches('[')", "does not compile"),
        ("dyn(1).startsWith('a')", "error: no such overload: startsWith for int, string"),
    ]

    static let all = [
        paths, equality, order, arithmetic, logic, macros, membership, literals, conversions, strings,
    ].flatMap { $0 }

    @Test(arguments: all.indices) func gives(index: Int) {
        let (source, result) = Self.all[index]
        let answer = answer(source, .standard, Self.object)
        if result.hasPrefix("error: ") || result == "does not compile" {
            #expect(answer.text.hasPrefix(result), "\(source)")
        } else {
            #expect(answer.text == result, "\(source)")
        }
    }

    /// What Kubernetes does otherwise.
    static let kubernetes: [Row] = [
        ("{'a': 1, 'a': 2}", "{'a': 2}"), ("s.?x.hasValue()", "false"), ("int('a')", "does not compile"),
        ("timestamp('0000-01-01T00:00:00Z')", "does not compile"), ("{1: 2}[dyn(b'')]", "does not compile"),
        ("duration('61.5s').getMilliseconds()", "61500"), ("[1, 'a']", "does not compile"), ("o.none in []", "false"),
        ("1 / 0 in []", "false"), ("o.none in dyn([])", "error: no such key: 'none' in o.none"),
    ]

    @Test(arguments: kubernetes.indices) func givesInKubernetes(index: Int) {
        let (source, result) = Self.kubernetes[index]
        #expect(answer(source, .kubernetes(36), Self.object).text.hasPrefix(result), "\(source)")
    }

    @Test func failuresTellTheirPlace() throws {
        let environment = CELEnvironment(.standard, variables: [CELEnvironment.Variable("x", .dyn)])
        var evaluation = Evaluation()
        for (source, offset) in [("x.a.b", 2), ("1 + (2 / x)", 7), ("[1, x[3]]", 5), ("y.all(z, z < x)", 11)] {
            let declared = source.hasPrefix("y") ? source.replacing("y", with: "[1]", maxReplacements: 1) : source
            let program = try environment.compile(declared)
            evaluation.bind(0, to: source.contains("/") ? .int(0) : .string("text"))
            let error = failure(of: program, &evaluation)
            #expect(error?.offset == offset + (source.hasPrefix("y") ? 2 : 0), "\(source)")
        }
    }

    @Test func variablesMayHaveDotsAndBeUnbound() throws {
        let environment = CELEnvironment(
            .standard,
            variables: [CELEnvironment.Variable("a.b", .int), CELEnvironment.Variable("c.d.e", .string)],
            container: "c"
        )
        var evaluation = Evaluation()
        evaluation.bind(0, to: .int(7))
        let program = try environment.compile("a.b + size(d.e)")
        let error = failure(of: program, &evaluation)
        #expect(error?.code == .unboundVariable)
        evaluation.bind(1, to: .string("four"))
        let value = try program.evaluate(&evaluation)
        #expect(value.isInt(11))
    }

    @Test func hostsHaveFunctionsAndObjects() throws {
        final class Facets: ObjectValue {
            var type: CELType { .object("Facets") }
            func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? {
                switch name {
                case "location": return .string("westeurope")
                case "unknown": throw CELError(.host, "not known before it is deployed")
                default: return nil
                }
            }
        }
        let environment = CELEnvironment(
            .standard,
            variables: [CELEnvironment.Variable("facets", .object("Facets"))],
            objects: [
                CELEnvironment.ObjectType(
                    "Facets",
                    fields: ["location": .string, "unknown": .string, "absent": .string]
                )
            ],
            functions: [
                CELEnvironment.Function("double", isMember: true, [.string], .string, cost: 5) {
                    arguments,
                    evaluation in
                    let text = evaluation.string(arguments[0])
                    return .string(text + text)
                }
            ]
        )
        var evaluation = Evaluation()
        evaluation.bind(0, to: .object(Facets()))
        func text(_ source: String) throws -> String {
            let program = try environment.compile(source)
            do throws(CELError) {
                return evaluation.description(of: try program.evaluate(&evaluation))
            } catch {
                return "\(error)"
            }
        }
        #expect(try text("facets.location.double()") == "'westeuropewesteurope'")
        let cost = evaluation.cost
        #expect(cost == 7)
        #expect(try text("has(facets.absent)") == "false")
        #expect(try text("facets.absent") == "no such key: 'absent' in facets.absent")
        #expect(try text("facets.?absent.orValue('none')") == "'none'")
        #expect(try text("facets.unknown == 'a' || true") == "true")
        #expect(try text("facets.unknown") == "not known before it is deployed")
        #expect(throws: CELCompileError.self) { _ = try environment.compile("facets.none") }
    }

    @Test func tracesSubexpressions() throws {
        let environment = CELEnvironment(.standard, variables: [CELEnvironment.Variable("x", .dyn)])
        let program = try environment.compile("x.a > 1 && [1, 2].exists(i, i == x.a)", tracing: true)
        var evaluation = Evaluation()
        evaluation.bind(0, to: evaluation.add(try JSONDocument(parsing: Array(#"{"a": 2}"#.utf8))))
        let (result, trace) = program.evaluateTraced(&evaluation)
        let value = evaluation.description(of: try result.get())
        #expect(value == "true")
        let lines = trace.map { entry in
            "\(entry.text) = \((try? entry.result.get()).map { evaluation.description(of: $0) } ?? "error")"
        }
        #expect(lines.contains("x.a = 2"))
        #expect(lines.contains("x.a > 1 = true"))
        #expect(lines.contains("i == x.a = false"))
        #expect(lines.last == "(x.a > 1) && [1, 2].exists(i, i == x.a) = true")
        let cost = evaluation.cost
        #expect(trace.last?.cost == cost)
    }

    @Test func writesJSON() throws {
        let program = try CELEnvironment(.standard).compile(
            "{'a': [1, 2.5, true, null, 18446744073709551615u], 'b': b'ab', 'c': duration('1.5s'), 'd': timestamp(0)}"
        )
        var evaluation = Evaluation()
        let value = try program.evaluate(&evaluation)
        var writer = JSONWriter()
        try evaluation.write(value, to: &writer)
        let text = String(decoding: writer.finish(), as: UTF8.self)
        #expect(
            text == #"{"a":[1,2.5,true,null,"18446744073709551615"],"b":"YWI=","c":"1.5s","d":"1970-01-01T00:00:00Z"}"#
        )
        for source in ["{1: 2}", "[type(1)]", "optional.none()", "1.0 / 0.0"] {
            let value = try CELEnvironment(.standard).compile(source).evaluate(&evaluation)
            let isWritten = isWritten(value, evaluation)
            #expect(!isWritten, "\(source)")
        }
    }

    @Test func isSharedBetweenThreads() async throws {
        let program = try CELEnvironment(.standard).compile("[1, 2, 3].map(x, x * 2).exists(x, x == 6)")
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var evaluation = Evaluation()
                    return (0..<200).allSatisfy { _ in (try? program.evaluateBool(&evaluation)) == true }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}

/// Why an expression fails; nil if it does not.
private func failure(of program: CELProgram, _ evaluation: inout Evaluation) -> CELError? {
    do throws(CELError) {
        _ = try program.evaluate(&evaluation)
        return nil
    } catch {
        return error
    }
}

/// Whether JSON can have a value.
private func isWritten(_ value: CELValue, _ evaluation: borrowing Evaluation) -> Bool {
    var writer = JSONWriter()
    do throws(CELError) {
        try evaluation.write(value, to: &writer)
        return true
    } catch {
        return false
    }
}

extension CELValue {
    fileprivate func isInt(_ number: Int64) -> Bool {
        if case .int(number) = self { true } else { false }
    }
}
