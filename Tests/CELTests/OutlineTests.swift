import CEL
import JSON
import Testing

/// What is told of expressions without evaluating them.
@Suite struct OutlineTests {
    /// Everything below `object.spec` may be missing, and what elements of lists have.
    static func outline(
        _ source: String,
        name: String? = nil,
        variables: [String: CELOutline] = [:],
        present: Set<OutlinePath> = []
    ) throws -> CELOutline {
        try CELOutline(source, name: name, variables: variables, present: present) { path in
            path.isElement || path.variable == "object" && path.names.first == "spec" && path.names.count > 1
        }
    }

    /// The fields that are read unasked, as they are written.
    static func unchecked(_ source: String) throws -> [String] {
        try outline(source).uncheckedReads.map(\.missing.description).reduce(into: []) { found, name in
            if !found.contains(name) { found.append(name) }
        }
    }

    // MARK: Presence

    static let checked = [
        "has(object.spec.a)", "!has(object.spec.a) || object.spec.a == 1", "object.spec.a == 1 || !has(object.spec.a)",
        "has(object.spec.a) && object.spec.a == 1", "object.spec.a == 1 && has(object.spec.a)",
        "has(object.spec.a) ? object.spec.a == 1 : true", "!has(object.spec.a) ? true : object.spec.a == 1",
        "has(object.spec.a) && has(object.spec.a.b) && object.spec.a.b == 1",
        "has(object.spec.a) && (object.spec.a == 1 || object.spec.a == 2)",
        "(has(object.spec.a) || false) && object.spec.a == 1",
        "(has(object.spec.a) && has(object.spec.b) || has(object.spec.a)) && object.spec.a == 1",
        "'a' in object.spec && object.spec.a == 1", "object.spec.?a.orValue(1) == 1",
        "object.spec.?a.b.orValue(1) == 1", "object.spec.?a.hasValue() && object.spec.a == 1",
        "object.spec.?a.?b.hasValue() && object.spec.a.b == 1",
        "object.spec.?a.orValue('') != '' && object.spec.a.startsWith('x')",
        "object.spec.?a.orValue('') == '' || object.spec.a.startsWith('x')",
        "object.spec.?a.orValue(false) && object.spec.a", "object.spec.?a.orValue(true) || object.spec.a",
        "object.spec.?a == optional.of('x') && object.spec.a == 'x'",
        "object.spec.?a == optional.none() || object.spec.a == 'x'",
        "object.spec[?'a'].orValue(1) == 1", "has(object.spec.a) && object.spec['a'] == 1",
        "'k' in object.spec.?tags.orValue({}) && object.spec.tags.k == 'v'",
        "object.spec.?a.optMap(a, a == 1).orValue(true)",
        "object.spec.?a.hasValue() ? object.spec.?a.value() == 1 : true",
        "cel.bind(isThere, has(object.spec.a), !isThere || object.spec.a == 1)",
        "has(object.spec.l) && object.spec.l.all(e, !has(e.x) || e.x == 1)",
        "object.spec.?l.orValue([]).filter(e, has(e.x)).all(f, f.x == 1)",
        "object.spec.?l.orValue([]).filter(e, has(e.x) && e.x > 1).filter(g, has(g.y)).all(f, f.x == f.y)",
        "object.spec.?l.orValue([]).map(e, has(e.x), e.x).size() > 0",
        "object.metadata.name == 'a'", "request.userInfo.username == 'a'", "[{'a': 1}].all(e, e.a == 1)",
        "object.spec.?tags.orValue({}).all(k, k.startsWith('a'))", "object.kind == 'object.spec.a'",
    ]

    @Test(arguments: checked) func whatIsAskedForIsThere(_ source: String) throws {
        #expect(try Self.unchecked(source) == [])
    }

    static let unchecked: [(String, [String])] = [
        ("object.spec.a == 1", ["object.spec.a"]),
        ("object.spec.a.b == 1", ["object.spec.a"]),
        ("has(object.spec.a) || object.spec.a == 1", ["object.spec.a"]),
        ("!has(object.spec.a) && object.spec.a == 1", ["object.spec.a"]),
        ("has(object.spec.a) ? true : object.spec.a == 1", ["object.spec.a"]),
        ("(has(object.spec.a) || has(object.spec.b)) && object.spec.a == 1", ["object.spec.a"]),
        ("has(object.spec.a.b)", ["object.spec.a"]),
        // Each would have to be there for the other to be false.
        ("has(object.spec.a.b) && has(object.spec.a.b.c)", ["object.spec.a"]),
        ("has(object.spec.a) && object.spec.a.b == 1", ["object.spec.a.b"]),
        ("has(object.spec.b) && object.spec.a == 1", ["object.spec.a"]),
        ("has(oldObject.spec.a) && object.spec.a == 1", ["object.spec.a"]),
        ("has(object.spec.a) == false || object.spec.a == 1", ["object.spec.a"]),
        ("object.spec['cost center'] == 1", ["object.spec[\"cost center\"]"]),
        ("'a' in object.spec.tags", ["object.spec.tags"]),
        ("object.spec.?a.value() == 1", ["object.spec.a"]),
        ("object.spec.?a.orValue('x') != '' && object.spec.a.startsWith('x')", ["object.spec.a"]),
        ("object.spec.l.all(e, true)", ["object.spec.l"]),
        ("object.spec.?l.orValue([]).all(e, e.x == 1)", ["e.x"]),
        ("object.spec.?l.orValue([]).all(e, has(e.x)) && object.spec.l.all(f, f.x == 1)", ["object.spec.l", "f.x"]),
        ("object.spec.?l.orValue([]).filter(e, has(e.y)).all(f, f.x == 1)", ["f.x"]),
        ("object.spec.?l.orValue([]).all(e, has(e.x) && e.x.all(g, g.y == 1))", ["g.y"]),
        ("object.spec.?m.orValue({}).all(k, v, v.x == 1)", ["v.x"]),
        ("cel.bind(s, object.spec.s, has(s.a) && s.b == 1)", ["object.spec.s", "object.spec.s.b"]),
        ("dyn(object.spec).a == 1", ["object.spec.a"]),
    ]

    @Test(arguments: unchecked) func whatIsNotAskedForIsFound(_ source: String, _ expected: [String]) throws {
        #expect(try Self.unchecked(source) == expected)
    }

    @Test func variablesAreAskedWhereTheyAreRead() throws {
        let sub = try Self.outline("object.spec.sub", name: "sub")
        let isThere = try Self.outline("has(object.spec.sub)", name: "isThere")
        let size = try Self.outline("variables.sub.size", name: "size", variables: ["sub": sub])
        let variables = ["sub": sub, "isThere": isThere, "size": size]
        func reads(_ source: String) throws -> [String] {
            try Self.outline(source, variables: variables).uncheckedReads.map {
                "\($0.missing) in \($0.variable ?? "itself")"
            }
        }
        #expect(try reads("variables.isThere") == [])
        #expect(try reads("variables.isThere && variables.sub == 1") == [])
        #expect(try reads("variables.sub == 1") == ["object.spec.sub in sub"])
        #expect(try reads("variables.isThere && variables.sub.b == 1") == ["object.spec.sub.b in itself"])
        #expect(
            try reads("variables.size == 1") == ["object.spec.sub in sub", "object.spec.sub.size in size"]
        )
        #expect(try reads("has(object.spec.sub) && has(object.spec.sub.size) && variables.size == 1") == [])
        let given = try Self.outline(
            "variables.sub == 1",
            variables: variables,
            present: [OutlinePath("object", ["spec", "sub"])]
        )
        #expect(given.uncheckedReads == [])
    }

    @Test func loopsAreCountedWhereTheyAreNested() throws {
        #expect(try Self.outline("[1].all(a, [1].all(b, [1].exists(c, a == b)))").loopDepth == 3)
        #expect(try Self.outline("[1].filter(a, a > 1).map(b, b + 1).all(c, c > 1)").loopDepth == 1)
        #expect(try Self.outline("cel.bind(x, 1, [1].all(a, a == x))").loopDepth == 1)
    }

    // MARK: Absence

    /// Whether an object without `spec.a` is let through.
    static let absences: [(String, Bool)] = [
        ("!has(object.spec.a) || object.spec.a == 'x'", true), ("has(object.spec.a) && object.spec.a == 'x'", false),
        ("has(object.spec.a) ? object.spec.a == 'x' : true", true), ("object.spec.?a.orValue('') == 'x'", false),
        ("object.spec.?a.orValue('x') == 'x'", true), ("object.spec.?a.orValue('x') in ['x', 'y']", true),
        ("!object.spec.?a.orValue('').contains('*')", true), ("object.spec.?a.orValue('').startsWith('x')", false),
        ("object.spec.?a.orValue([]).all(e, e == 1)", true), ("object.spec.?a.orValue([]).exists(e, e == 1)", false),
        ("size(object.spec.?a.orValue('')) < 5", true), ("object.spec.a == 'x'", false),
        ("object.spec.a == 'x' || has(object.spec.b)", false),
        ("object.spec.kind == 'B' || !has(object.spec.a) || object.spec.a == 'x'", true),
        ("has(object.spec.b) && (!has(object.spec.a) || object.spec.a == 'x')", true),
        ("has(object.spec.b) && (has(object.spec.a) || object.spec.b == 1)", false),
        ("object.spec.?b.orValue('') == 'B' ? !has(object.spec.a) || object.spec.a == 'x' : has(object.spec.c)", true),
        ("!(has(object.spec.a) && object.spec.a == 'x')", true), ("!(!has(object.spec.a))", false),
        ("object.spec.?a.optMap(v, v == 'x').orValue(true)", true), ("has(object.spec.b)", false),
        ("object.spec.?a.b.hasValue()", false), ("cel.bind(v, object.spec.?a.orValue(''), v == '' || v == 'x')", true),
        ("object.spec.?a.orValue('') != 'y' && object.spec.?b.orValue(1) == 1", true),
    ]

    @Test(arguments: absences) func whatPassesWithoutAField(_ source: String, _ expected: Bool) throws {
        let outline = try Self.outline(source)
        #expect((outline.passes(without: OutlinePath("object", ["spec", "a"]), letting: true) != nil) == expected)
    }

    @Test func conditionsLeaveOutAndVariablesCarryOver() throws {
        let path = OutlinePath("object", ["spec", "a"])
        #expect(try Self.outline("has(object.spec.a)").passes(without: path, letting: false) != nil)
        #expect(try Self.outline("!has(object.spec.a)").passes(without: path, letting: false) == nil)
        let value = try Self.outline("object.spec.?a.orValue('x')", name: "value")
        let isGood = try Self.outline("variables.value == 'x'", name: "isGood", variables: ["value": value])
        let rule = try Self.outline("variables.isGood", variables: ["value": value, "isGood": isGood])
        #expect(rule.mentionsAnywhere(path))
        #expect(rule.passes(without: path, letting: true) != nil)
        #expect(rule.passes(without: OutlinePath("object", ["spec", "b"]), letting: true) == nil)
    }

    // MARK: Cost

    static let costly = CostTests.all + LibraryCostTests.costs.filter { !$0.source.contains("authorizer") }

    private static let lists = """
        {"numbers": [1, 2, 3, 4, 5], "names": ["012345678901", "012345678901", "012345678901", "012345678901", "012345678901"]}
        """

    /// An estimate is never less than what evaluating has cost.
    @Test(arguments: costly.indices) func estimatesAreNotTooLow(_ index: Int) throws {
        let (source, cost) = Self.costly[index]
        let variables = index < CostTests.all.count ? CostTests.variables : Self.lists
        let document = try JSONDocument(parsing: Array(variables.utf8))
        let estimate = try CELOutline(source, profile: .kubernetes(36), mayBeMissing: { _ in false }).costEstimate {
            path in
            guard let value = document.member(path.variable, of: document.root) else { return .init(bytes: 1) }
            var writer = JSONWriter()
            writer.copy(value, in: document)
            return .init(bytes: Double(writer.finish().count))
        }
        #expect(estimate >= Double(cost), "\(source)")
        #expect(estimate.isFinite)
    }

    private static func estimate(_ source: String, _ bytes: Double) throws -> Double {
        try outline(source).costEstimate { _ in .init(bytes: bytes) }
    }

    @Test func loopsOverDifferentListsMultiply() throws {
        let product = "object.spec.l.all(a, object.spec.m.all(b, a == b))"
        let sum = "object.spec.l.all(a, a.m.all(b, b == 1))"
        let single = "object.spec.l.all(a, a == 1)"
        func growth(_ source: String) throws -> Double {
            try Self.estimate(source, 200_000) / Self.estimate(source, 20_000)
        }
        #expect(try growth(product) > 50)
        #expect(try growth(sum) < 20)
        #expect(try growth(single) < 20)
        // What an expression itself lists does not grow.
        #expect(try growth("['a', 'b'].all(a, ['c', 'd'].all(b, a != b))") == 1)
    }

    @Test func hostileExpressionsAreBounded() throws {
        var source = "true"
        for depth in 0..<30 { source = "object.spec.l.all(v\(depth), \(source) && v\(depth) == 1)" }
        #expect(try Self.estimate(source, 1_000) > 1e15)
        let long = (0..<2_000).map { "has(object.spec.a\($0))" }.joined(separator: ", ")
        #expect(try Self.outline("[\(long)].all(x, x)").uncheckedReads == [])
        let reads = (0..<2_000).map { "object.spec.a\($0)" }.joined(separator: ", ")
        #expect(try Self.outline("[\(reads)].size() > 1").uncheckedReads.count == 200)
    }
}
