import Testing

@testable import CEL

/// What the parser makes of sources: the trees that cost is counted over, and the errors that people read.
@Suite struct ParserTests {
    struct Tree: Sendable, CustomTestStringConvertible {
        let source: String
        let tree: String
        init(_ source: String, _ tree: String) { (self.source, self.tree) = (source, tree) }
        var testDescription: String { source }
    }

    static let trees: [Tree] = [
        // Literals.
        Tree("0", "0"), Tree("0x1F", "31"), Tree("-0x1f", "-31"), Tree("12u", "12u"), Tree("0xFFu", "255u"),
        Tree("-9223372036854775808", "-9223372036854775808"), Tree("1.5", "1.5"), Tree(".5", "0.5"),
        Tree("1e3", "1000.0"), Tree("-1.5E-2", "-0.015"), Tree("true", "true"), Tree("null", "null"),
        Tree("'a'", "\"a\""), Tree(#""it's""#, #""it\'s""#), Tree("'''a'b\n'''", "\"a\\'b\\n\""),
        Tree(#""""say "no" """"#, #""say \"no\" ""#), Tree(#"r'a\n'"#, #""a\\n""#), Tree(#"R"\d""#, #""\\d""#),
        Tree(#"'\x41\u00e9\U0001F431\101\n\?\`'"#, "\"Aé🐱A\\n?`\""), Tree("'''a\r\nb\rc'''", "\"a\\nb\\nc\""),
        Tree(#"b'\xff\377a'"#, "b[255, 255, 97]"), Tree("B'ÿ'", "b[195, 191]"), Tree(#"br'\x'"#, "b[92, 120]"),
        Tree("''", "\"\""), Tree("''''''", "\"\""), Tree("r''''''", "\"\""),
        // Names and calls.
        Tree("a", "a"), Tree(".a", ".a"), Tree("a.b.c", "a.b.c"), Tree("a.`b-c/d`", "a.b-c/d"), Tree("a.as", "a.as"),
        Tree("a.?b", "(_?._ a \"b\")"), Tree("a[?0]", "(_[?_] a 0)"), Tree("a[b][c]", "(_[_] (_[_] a b) c)"),
        Tree("f()", "(f)"), Tree("f(a, 1)", "(f a 1)"), Tree("a.f()", "a.(f)"),
        Tree("a.b.f(c).g(d)", "a.b.(f c).(g d)"),
        Tree(".f(a)", "(.f a)"), Tree("a.for()", "a.(for)"), Tree("a // b\n + c", "(_+_ a c)"),
        // Lists, maps, objects.
        Tree("[]", "[]"), Tree("[,]", "[]"), Tree("[1, a,]", "[1, a]"), Tree("[?a, b]", "[?a, b]"),
        Tree("{}", "{}"), Tree("{'a': 1, ?b: c,}", "{\"a\": 1, ?b: c}"), Tree("A{}", "A{}"),
        Tree("a.b.C{x: 1, ?y: z,}", "a.b.C{x: 1, ?y: z}"), Tree(".A{`x-y`: 1}", ".A{x-y: 1}"),
        Tree("{a ? b : c: d ? e : f}", "{(_?_:_ a b c): (_?_:_ d e f)}"), Tree("A{x: B{y: 1}}.x", "A{x: B{y: 1}}.x"),
        // Operators.
        Tree("a + b * c", "(_+_ a (_*_ b c))"), Tree("(a + b) * c", "(_*_ (_+_ a b) c)"),
        Tree("a - b - c", "(_-_ (_-_ a b) c)"), Tree("a -1", "(_-_ a 1)"), Tree("a - -1", "(_-_ a -1)"),
        Tree("-a.b", "(-_ a.b)"), Tree("-(1)", "(-_ 1)"), Tree("--a", "a"), Tree("---a", "(-_ a)"), Tree("--1", "1"),
        Tree("!a", "(!_ a)"), Tree("!!a", "a"), Tree("!a == b", "(_==_ (!_ a) b)"), Tree("-1.f()", "-1.(f)"),
        Tree("!a.b(c)[0]", "(!_ (_[_] a.(b c) 0))"), Tree("a in b == c", "(_==_ (@in a b) c)"),
        Tree("a ? b : c ? d : e", "(_?_:_ a b (_?_:_ c d e))"),
        Tree("a ? (b ? c : d) : e", "(_?_:_ a (_?_:_ b c d) e)"),
        Tree("a || b && c == d", "(_||_ a (_&&_ b (_==_ c d)))"), Tree("a && b && c", "(_&&_ (_&&_ a b) c)"),
        Tree("a && b && c && d", "(_&&_ (_&&_ a b) (_&&_ c d))"),
        Tree("a || b || c || d || e", "(_||_ (_||_ (_||_ a b) c) (_||_ d e))"),
        Tree("a && (b && c) && d", "(_&&_ (_&&_ a (_&&_ b c)) d)"), Tree("[a ? b : c, -d]", "[(_?_:_ a b c), (-_ d)]"),
        // Macros.
        Tree("has(a.b.c)", "has(a.b.c)"), Tree("has(a[0].b)", "has((_[_] a 0).b)"),
        Tree("has(a.b) ? a : b", "(_?_:_ has(a.b) a b)"),
        Tree(
            "a.all(x, x > 0)",
            "fold(a, x, @result = true, (@not_strictly_false @result), (_&&_ @result (_>_ x 0)), @result)"
        ),
        Tree(
            "a.exists(x, x)",
            "fold(a, x, @result = false, (@not_strictly_false (!_ @result)), (_||_ @result x), @result)"
        ),
        Tree(
            "a.exists_one(x, x)",
            "fold(a, x, @result = 0, true, (_?_:_ x (_+_ @result 1) @result), (_==_ @result 1))"
        ),
        Tree("a.existsOne(x, x)", "fold(a, x, @result = 0, true, (_?_:_ x (_+_ @result 1) @result), (_==_ @result 1))"),
        Tree("a.map(x, x + 1)", "fold(a, x, @result = [], true, (_+_ @result [(_+_ x 1)]), @result)"),
        Tree("a.map(x, x, y)", "fold(a, x, @result = [], true, (_?_:_ x (_+_ @result [y]) @result), @result)"),
        Tree("a.filter(x, y)", "fold(a, x, @result = [], true, (_?_:_ y (_+_ @result [x]) @result), @result)"),
        Tree(
            "a.all(i, x, y)",
            "fold(a, i, x, @result = true, (@not_strictly_false @result), (_&&_ @result y), @result)"
        ),
        Tree(
            "a.transformList(i, x, f, y)",
            "fold(a, i, x, @result = [], true, (_?_:_ f (_+_ @result [y]) @result), @result)"
        ),
        Tree("a.transformMap(k, v, y)", "fold(a, k, v, @result = {}, true, (cel.@mapInsert @result k y), @result)"),
        Tree("a.transformMapEntry(k, v, y)", "fold(a, k, v, @result = {}, true, (cel.@mapInsert @result y), @result)"),
        Tree("cel.bind(x, 1, x)", "fold([], #unused, x = 1, false, x, x)"), Tree("b.bind(x, 1, x)", "b.(bind x 1 x)"),
        Tree(
            "a.optMap(x, y)",
            "(_?_:_ a.(hasValue) (optional.of fold([], #unused, x = a.(value), false, x, y)) (optional.none))"
        ),
        Tree(
            "a.optFlatMap(x, y)",
            "(_?_:_ a.(hasValue) fold([], #unused, x = a.(value), false, x, y) (optional.none))"
        ),
        Tree("math.greatest(a, 2)", "(math.@max a 2)"), Tree("math.least(1, 2, a)", "(math.@min [1, 2, a])"),
        Tree("math.greatest([1])", "(math.@max [1])"), Tree("cel.block([1], cel.index(0))", "(cel.@block [1] @index0)"),
        Tree("cel.iterVar(1, 2) + cel.accuVar(0, 1)", "(_+_ @it:1:2 @ac:0:1)"),
        Tree(
            "a.sortBy(x, y)",
            "fold([], #unused, @__sortBy_input__ = a, false, @__sortBy_input__, "
                + "@__sortBy_input__.(@sortByAssociatedKeys fold(@__sortBy_input__, x, @result = [], true, (_+_ @result [y]), @result)))"
        ),
    ]

    @Test(arguments: trees) func makesTree(_ expected: Tree) throws {
        let root = try? Parser.parse(expected.source, profile: .standard)
        #expect(root.map(describe) ?? "error" == expected.tree)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let source: String
        let message: String
        let column: Int
        init(_ source: String, _ column: Int, _ message: String) {
            (self.source, self.column, self.message) = (source, column, message)
        }
        var testDescription: String { source }
    }

    static let refusals: [Refusal] = [
        Refusal("", 1, "expected an expression, found the end"), Refusal("a b", 3, "expected an operator, found 'b'"),
        Refusal("(a", 3, "expected ')', found the end"), Refusal("a)", 2, "')' closes nothing"),
        Refusal("[1, 2", 6, "expected ',' or ']', found the end"),
        Refusal("[1, , 2]", 5, "expected an expression, found ','"),
        Refusal("{1}", 3, "expected ':' and the entry's value, found '}'"),
        Refusal("f(a,)", 5, "expected an expression, found ')'"),
        Refusal("a ? b", 6, "expected ':' and the value for the other case, found the end"),
        Refusal("a ? b ? c : d : e", 7, "a '?' between '?' and ':' needs parentheses"),
        Refusal("a : b", 3, "expected an operator, found ':'"),
        Refusal("a = b", 3, "'=' is not an operator; to compare, write '=='"),
        Refusal("a & b", 3, "'&' is not an operator; for 'and', write '&&'"),
        Refusal("a # b", 3, "'#' does not belong into an expression"),
        Refusal("a.", 3, "expected a field's name, found the end"),
        Refusal("a.in", 3, "expected a field's name, found 'in'"),
        Refusal("!-a", 2, "'!' and '-' cannot follow each other without parentheses"),
        Refusal("-!a", 2, "'-' and '!' cannot follow each other without parentheses"),
        Refusal("'abc", 1, "the string has no closing '"), Refusal("'a\nb'", 1, "the string has no closing '"),
        Refusal("'''abc", 1, "the string has no closing '''"),
        Refusal(#"'\q'"#, 2, #"there is no such escape; for a backslash, write \\"#),
        Refusal(#"'\ud800'"#, 2, "the escape names no code point"),
        Refusal(#"'\x1'"#, 2, "the escape needs 2 hexadecimal digits"),
        Refusal(#"b'\u0041'"#, 3, "bytes have no escapes for code points; write \\x and two digits"),
        Refusal("9223372036854775808", 1, "the number does not fit into an int"),
        Refusal("1e999", 1, "the number does not fit into a double"),
        Refusal("18446744073709551616u", 1, "the number does not fit into a uint"),
        Refusal("12abc", 3, "'a' cannot follow a number"),
        Refusal("1.5u", 4, "'u' cannot follow a number"), Refusal("a.`b", 3, "the name has no closing backtick"),
        Refusal("for", 1, "'for' is reserved and cannot be a name; for a field, write a.for or a['for']"),
        Refusal("has(a)", 5, "has() needs a field selection, such as has(a.b)"),
        Refusal("(a){}", 4, "expected an operator, found '{'"),
        Refusal("a.all(x.y, true)", 7, "all() needs a simple name for its variable, such as x"),
        Refusal("a.map(__result__, 1)", 7, "a variable cannot be called '__result__'"),
        Refusal("a.all(x, x, true)", 10, "the two variables of all() need different names"),
        Refusal("math.greatest()", 6, "math.greatest() needs at least one argument"),
        Refusal("math.greatest('a', 1)", 15, "math.greatest() needs numbers"),
        Refusal("é.b + 1", 1, "'é' does not belong into an expression"),
        Refusal("'é' b", 5, "expected an operator, found 'b'"),
        Refusal("cel.index(-1)", 11, "cel.index() needs an integer literal that is not negative"),
    ]

    @Test(arguments: refusals) func refuses(_ expected: Refusal) throws {
        let error = #expect(throws: CELCompileError.self) { _ = try Parser.parse(expected.source, profile: .standard) }
        #expect(error?.issues.first?.message == expected.message)
        #expect(error?.issues.first?.column == expected.column)
    }

    @Test func tellsSeveralIssuesWithTheirLines() {
        let error = #expect(throws: CELCompileError.self) {
            _ = try Parser.parse("has(a) &&\n\tfor == '\\q'", profile: .standard)
        }
        #expect(
            error?.description == """
                1:5: has() needs a field selection, such as has(a.b)
                  has(a) &&
                      ^
                2:2: 'for' is reserved and cannot be a name; for a field, write a.for or a['for']
                   for == '\\q'
                   ^
                2:10: there is no such escape; for a backslash, write \\\\
                   for == '\\q'
                           ^
                """
        )
    }

    @Test func tellsTenIssuesAtMost() {
        let source = Array(repeating: "for", count: 5_000).joined(separator: "+")
        let error = #expect(throws: CELCompileError.self) { _ = try Parser.parse(source, profile: .standard) }
        #expect(error?.issues.count == CELCompileError.maximumIssues)
    }

    @Test func cutsLongLines() throws {
        let source = String(repeating: "a && ", count: 1_000) + "= b && " + String(repeating: "a && ", count: 1_000)
        let error = #expect(throws: CELCompileError.self) { _ = try Parser.parse(source, profile: .standard) }
        let lines = try #require(error?.description.split(separator: "\n"))
        #expect(lines[0].hasPrefix("1:5001: "))
        #expect(lines[1].count == 102)
        #expect(lines[1].dropFirst(lines[2].count - 1).first == "=")
    }

    @Test(arguments: [30, 31, 32, 33, 34, 36]) func macrosComeWithTheirRelease(minor: Int) throws {
        let pair = try Parser.parse("a.all(i, x, true)", profile: .kubernetes(minor))
        #expect(describe(pair).hasPrefix("fold") == (minor >= 32))
        let one = try Parser.parse("a.existsOne(x, true)", profile: .kubernetes(minor))
        #expect(describe(one).hasPrefix("fold") == (minor >= 33))
        let sorted = try Parser.parse("a.sortBy(x, x)", profile: .kubernetes(minor))
        #expect(describe(sorted).hasPrefix("fold") == (minor >= 34))
        #expect(describe(try Parser.parse("math.greatest(1, 2)", profile: .kubernetes(minor))) == "math.(greatest 1 2)")
        #expect(throws: CELCompileError.self) { _ = try Parser.parse("a.`b`", profile: .kubernetes(minor)) }
    }

    // MARK: Limits

    static let hostile: [(name: String, source: @Sendable () -> String)] = [
        ("parentheses", { String(repeating: "(", count: 49_999) + "a" + String(repeating: ")", count: 49_999) }),
        ("a list in a list", { String(repeating: "[", count: 99_999) }),
        ("a map in a map", { String(repeating: "{1:", count: 33_000) }),
        ("sums", { String(repeating: "a+", count: 49_000) + "a" }),
        ("selections", { "a" + String(repeating: ".a", count: 49_000) }),
        ("indexes", { "a" + String(repeating: "[0]", count: 33_000) }),
        ("methods", { "a" + String(repeating: ".f()", count: 24_000) }),
        ("conditionals", { String(repeating: "a?a:", count: 24_000) + "a" }),
        ("copies", { "a" + String(repeating: ".optMap(x,x)", count: 60) }),
        ("macros", { String(repeating: "a.all(x,", count: 12_000) }),
        ("a megabyte", { String(repeating: "a+", count: 524_288) + "a" }),
    ]

    @Test(arguments: hostile.indices) func hostileSourcesEndInAnError(_ index: Int) async {
        let source = Self.hostile[index].source()
        let message = await onSmallStack { () -> String in
            do throws(CELCompileError) {
                _ = try Parser.parse(source, profile: .standard)
                return "no error"
            } catch {
                return error.issues[0].message
            }
        }
        let limits = ["is nested deeper than 250", "has more than 100000 parts", "the limit is 100000"]
        #expect(limits.contains { message.contains($0) }, "\(message)")
    }

    @Test func longButShallowSourcesParse() async {
        for source in [
            String(repeating: "a && ", count: 15_000) + "a", String(repeating: "!", count: 90_000) + "a",
            "[" + String(repeating: "a,", count: 40_000) + "]",
            String(repeating: "(", count: 250) + "a" + String(repeating: ")", count: 250),
            String(repeating: "a+", count: 249) + "a",
        ] {
            let depth = await onSmallStack { (try? Parser.parse(source, profile: .standard))?.depth }
            #expect(depth.map { $0 <= Parser.maximumDepth } == true)
        }
    }

    @Test func nodesAreNumberedFromTheLeavesToTheRoot() throws {
        let root = try Parser.parse(
            "a.b.exists(x, x.c == 'd' && [x, 1].all(y, y)) ? {1: a}.optMap(z, z) : f(a)",
            profile: .standard
        )
        var seen: Set<Int> = []
        func visit(_ node: Expression) {
            #expect(seen.insert(node.id).inserted)
            for child in node.children {
                #expect(child.id < node.id)
                #expect(child.depth < node.depth)
                visit(child)
            }
        }
        visit(root)
    }
}

extension Expression {
    /// The nodes directly below.
    fileprivate var children: [Expression] {
        switch form {
        case .constant, .identifier: []
        case .select(let operand, _, _): [operand]
        case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .list(let elements, _): elements
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .object(_, let fields): fields.map(\.value)
        case .comprehension(let fold): [fold.range, fold.initial, fold.condition, fold.step, fold.result]
        }
    }
}

/// A tree on one line.
func describe(_ node: Expression) -> String {
    switch node.form {
    case .constant(.null): "null"
    case .constant(.bool(let value)): "\(value)"
    case .constant(.int(let value)): "\(value)"
    case .constant(.uint(let value)): "\(value)u"
    case .constant(.double(let value)): "\(value)"
    case .constant(.string(let value)): value.debugDescription
    case .constant(.bytes(let value)): "b\(value)"
    case .identifier(let name): name
    case .select(let operand, let field, let isTest):
        isTest ? "has(\(describe(operand)).\(field))" : "\(describe(operand)).\(field)"
    case .call(let function, let target, let arguments):
        (target.map { describe($0) + "." } ?? "") + "(" + ([function] + arguments.map(describe)).joined(separator: " ")
            + ")"
    case .list(let elements, let optional):
        "[" + elements.enumerated().map { (optional.contains($0) ? "?" : "") + describe($1) }.joined(separator: ", ")
            + "]"
    case .map(let entries):
        "{"
            + entries.map { "\($0.isOptional ? "?" : "")\(describe($0.key)): \(describe($0.value))" }.joined(
                separator: ", "
            ) + "}"
    case .object(let name, let fields):
        name + "{"
            + fields.map { "\($0.isOptional ? "?" : "")\($0.name): \(describe($0.value))" }.joined(separator: ", ")
            + "}"
    case .comprehension(let fold):
        "fold("
            + [
                describe(fold.range), fold.secondVariable.map { "\(fold.variable), \($0)" } ?? fold.variable,
                "\(fold.accumulator) = \(describe(fold.initial))", describe(fold.condition), describe(fold.step),
                describe(fold.result),
            ].joined(separator: ", ") + ")"
    }
}
