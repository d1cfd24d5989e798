import CEL
import JSON
import Testing

/// What evaluating costs: the units that Kubernetes charges for the same (cel-go `interpreter/runtimecost.go`, Kubernetes
/// `pkg/cel/library/cost.go`), after the folding of constants that it does.
@Suite struct CostTests {
    typealias Row = (source: String, cost: UInt64)

    static let variables = """
        {"o": {"a": {"b": {"c": 1}}, "list": [1, 2, 3], "name": "0123456789abcde"}, "s": "text", "long":
        "0123456789012345678901234567890123456789", "i": 1, "list": ["a", "b"], "empty": [], "yes": true, "no": false}
        """

    /// Names, paths and literals.
    static let reading: [Row] = [
        ("'Hello World!'", 0), ("i", 1), ("o.a", 2), ("o.a.b.c", 4), ("o['a'].b", 3), ("list[0]", 2), ("list[i]", 2),
        ("list[o.a.b.c]", 5), ("o['n' + 'ame']", 3), ("has(o.a)", 1), ("has(o.a.b)", 2), ("has(o.a.x)", 2),
        ("o.?a.b.c.hasValue()", 5), ("o.?x.y.hasValue()", 2), ("o.?a.orValue(1)", 2), ("o.?x.orValue(i)", 2),
        ("[i, i]", 12), ("[1, 2, 3]", 0), ("{'a': i}", 31), ("{'a': 1}", 0), ("[[i], [i]]", 32),
        ("google.protobuf.Int64Value{value: i}", 41), ("{'a': {'b': 1}}.a.b", 3), ("[i][0]", 13),
    ]

    /// Conditionals do not charge for the variables that they lead to.
    static let branching: [Row] = [
        ("yes && no && yes", 2), ("yes || no", 1), ("no || no || yes", 3), ("yes ? i : 0", 1), ("yes ? o.a.b : o", 3),
        ("(yes ? o : o).a", 2), ("yes ? i + 1 : 0", 3), ("(no ? empty : list).all(x, true)", 8),
        ("!yes", 2), ("yes ? 1 : 2", 1),
    ]

    static let calls: [Row] = [
        ("1 + 1", 1), ("i + 1 * 2", 3), ("i < 2", 2), ("s < 'b'", 2), ("long == long", 6), ("long == s", 3),
        ("s == ''", 1),
        ("long == '0123456789012345678901234567890123456789'", 5), ("dyn(1) == 1", 1), ("list == ['a', 'b']", 2),
        ("long + s", 3), ("string(s) + 'a'", 3), ("size(long)", 2), ("long.contains('0123456789012')", 9),
        ("long.startsWith(s)", 6), ("long.endsWith('9')", 5), ("s.matches('^a.*b$')", 3), ("matches(s, '^a.*b$')", 2),
        ("s in list", 3), ("s in ['a', 'b']", 1), ("i in [1, 2, 3]", 1), ("'a' in {'a': 1}", 1), ("'list' in o", 2),
        ("string(1)", 0), ("string(i)", 2), ("bytes(s)", 2), ("bytes('text') == b'text'", 1), ("duration('1h')", 0),
        ("timestamp('2020-01-01T00:00:00Z').getFullYear()", 1), ("int('1') + i", 2), ("type(i) == int", 3),
        ("'größe' == 'größe'", 1),
    ]

    /// As the expansions of macros are charged, the literals that they begin with being folded.
    static let macros: [Row] = [
        ("empty.all(x, true)", 2), ("[1, 2, 3].all(x, true)", 10), ("o.list.all(x, x > 0)", 18),
        ("o.list.all(x, x > 5)", 10), ("o.list.all(x, x > 1)", 10), ("o.list.exists(x, x == 1)", 12),
        ("o.list.exists(x, x == 3)", 21), ("o.list.exists_one(x, x == 2)", 12),
        ("[1, 2, 3, 4, 5].map(x, x)", 66), ("[1, 2, 3, 4, 5].filter(x, x % 2 == 0)", 42),
        ("[1, 2, 3, 4, 5].map(x, x).filter(x, x % 2 == 0)", 108), ("[1, 2].map(x, 'a')", 5),
        ("[1, 2].map(x, x > 1, x)", 18), ("[1, 2, 3].all(i, i in [1, 2, 3].map(j, j + j))", 56),
        ("{'a': 1, 'b': 2}.all(k, v, v > 0)", 11), ("{'a': 1, 'b': 2}.existsOne(k, v, v > 0)", 10),
        ("{'a': 1, 'b': 2}.transformMap(k, v, v + 1)", 11), ("[1, 2].transformList(i, v, v + 1)", 29),
        ("{'a': 1, 'b': 2}.transformMapEntry(k, v, {k: v + 1})", 71),
    ]

    /// A failure that another operand makes good has still been charged for.
    static let failures: [Row] = [
        ("o.x || true", 2), ("o.x.y.z == 1 || true", 3), ("1 / 0 == i || true", 3),
        ("o.list.all(x, 1 / (x - 2) < 5) || true", 24),
        ("i.contains(s) || true", 3),
    ]

    static let all = [reading, branching, calls, macros, failures].flatMap { $0 }

    @Test(arguments: all.indices) func costs(index: Int) {
        let (source, cost) = Self.all[index]
        let answer = answer(source, .kubernetes(36), Self.variables)
        #expect(answer.cost == cost, "\(source): \(answer.text)")
    }

    @Test func budgetIsSharedByExpressions() throws {
        let environment = CELEnvironment(.kubernetes(36), variables: [CELEnvironment.Variable("x", .dyn)])
        let program = try environment.compile("x + 1 == 2")
        var evaluation = Evaluation()
        evaluation.bind(0, to: .int(1))
        evaluation.budget = 8
        var codes: [CELError.Code?] = []
        for _ in 0..<3 {
            do throws(CELError) {
                _ = try program.evaluate(&evaluation)
                codes.append(nil)
            } catch {
                codes.append(error.code)
            }
        }
        #expect(codes == [nil, nil, .costExceeded])
        evaluation.reset()
        evaluation.bind(0, to: .int(1))
        let value = try program.evaluateBool(&evaluation)
        let (cost, spent) = (evaluation.cost, evaluation.spent)
        #expect(value && cost == 3 && spent == 3)
    }

    @Test func nestedEvaluationsCountAgainstTheBudgetAlone() throws {
        let environment = CELEnvironment(.kubernetes(36), variables: [CELEnvironment.Variable("x", .int)])
        let inner = try environment.compile("[x, x].map(y, y + 1)")
        let outer = CELEnvironment(
            .kubernetes(36),
            functions: [
                CELEnvironment.Function("named", [], .dyn) { _, evaluation throws(CELError) in
                    try evaluation.nested { evaluation throws(CELError) in try inner.evaluate(&evaluation) }.result
                        .get()
                }
            ]
        )
        let program = try outer.compile("[1, 2].all(z, named().size() == z + 1 || z < 2)")
        var evaluation = Evaluation()
        evaluation.bind(0, to: .int(3))
        let value = try program.evaluateBool(&evaluation)
        let (cost, spent) = (evaluation.cost, evaluation.spent)
        #expect(!value)
        // Of the inner expression: 12 for the list, 15 for each element and 1 for the result, twice.
        #expect(spent - cost == 2 * (12 + 2 * 14 + 1))
    }
}
