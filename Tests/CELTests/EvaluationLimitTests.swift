import CEL
import JSON
import Testing

/// That evaluating ends, whatever is evaluated: with an error, soon, and on a small stack.
@Suite struct EvaluationLimitTests {
    static let limits: [(source: String, code: CELError.Code)] = [
        // A billion steps, most of which cost something.
        ("l.all(a, l.all(b, l.all(c, l.all(d, l.all(e, l.all(f, a + b + c + d + e + f >= 0))))))", .costExceeded),
        ("l.map(a, l.map(b, l.map(c, l.map(d, l.map(e, l.map(f, [a, b, c])))))).size() > 0", .costExceeded),
        // Catching what nothing catches.
        ("(l.all(a, l.all(b, l.all(c, l.all(d, l.all(e, true)))))) || true", .costExceeded),
        ("[1].exists(x, l.all(a, l.all(b, l.all(c, l.all(d, l.all(e, true)))))) || true", .costExceeded),
        ("cel.bind(x, l.all(a, l.all(b, l.all(c, l.all(d, l.all(e, true))))), x || true)", .costExceeded),
        // Growth.
        (doubling("s", 24), .tooLarge),
        (doubling("l", 22), .tooLarge),
    ]

    /// Makes `cel.bind(x1, x + x, cel.bind(x2, x1 + x1, …))`.
    private static func doubling(_ name: String, _ count: Int) -> String {
        var text = "size(x\(count)) > 0"
        for index in (1...count).reversed() {
            let previous = index == 1 ? name : "x\(index - 1)"
            text = "cel.bind(x\(index), \(previous) + \(previous), \(text))"
        }
        return text
    }

    static let variables =
        #"{"l": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], "s": "0123456789"}"#

    @Test(arguments: limits.indices) func ends(index: Int) {
        let (source, code) = Self.limits[index]
        var limits = Evaluation.Limits()
        // Growth is to be stopped before cost stops it.
        if code == .tooLarge { limits.cost = 100_000_000 }
        let answer = answer(source, .standard, Self.variables, limits: limits)
        #expect(answer.code == code, "\(answer.text.prefix(200))")
    }

    @Test func stepsThatCostNothingEndAsWell() {
        let items = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        var limits = Evaluation.Limits()
        limits.steps = 100_000
        let source = "l.all(a, l.filter(b, false).size() == 0)"
        let answer = answer(source, .standard, "{\"l\": \(items)}", limits: limits)
        #expect(answer.code == .costExceeded)
        #expect(answer.text.contains("steps"))
    }

    /// Makes `cel.bind(x1, f(x), cel.bind(x2, f(x1), …))`.
    private static func sharing(_ name: String, _ count: Int, _ value: (String) -> String, _ result: String) -> String {
        var text = result
        for index in (1...count).reversed() {
            text = "cel.bind(x\(index), \(value(index == 1 ? name : "x\(index - 1)")), \(text))"
        }
        return text
    }

    /// Values that hold the one before twice: short, but endless for whoever looks at everything in the last.
    static let shared: [(name: String, value: @Sendable (String) -> String, result: String)] = [
        ("lists", { "[\($0), \($0)]" }, "x40 == [x39, x39]"),
        ("maps", { "{'a': \($0), 'b': \($0)}" }, "x40 == {'a': x39, 'b': x39}"),
        ("objects", { "google.protobuf.Struct{fields: {'a': \($0), 'b': \($0)}}" }, "x40 == x40"),
        ("loops", { "[1, 2].map(i, \($0))" }, "x40 in [x40]"),
        ("maps of loops", { "['a', 'b'].transformMap(i, v, \($0))" }, "x40 == x40"),
        ("sums", { "[\($0)] + [\($0)]" }, "sets.contains([x40], [x40])"),
        ("optionals", { "[optional.of(\($0)), optional.of(\($0))]" }, "[x40, x40].distinct().size() == 1"),
    ]

    @Test(arguments: shared.indices, ["l", "{'c': 'd'}"]) func whatIsSharedIsCounted(index: Int, from name: String) {
        let (_, value, result) = Self.shared[index]
        let answer = answer(Self.sharing(name, 40, value, result), .standard, Self.variables)
        #expect(answer.code == .tooLarge, "\(answer.text.prefix(200))")
    }

    @Test func whatIsSharedALittleIsEqual() {
        let source = Self.sharing("l", 12, { "[\($0), \($0)]" }, "x12 == [x11, x11] && x12 in [x11, x12]")
        #expect(answer(source, .standard, Self.variables).text == "true")
    }

    @Test func largeComparisonsTakeSteps() {
        let items = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        var limits = Evaluation.Limits()
        limits.steps = 100_000
        let variables = "{\"a\": \(items), \"b\": \(items)}"
        for source in ["a.all(i, a == b)", "a.all(i, a in [b])", "a.all(i, sets.contains([a], [b]))"] {
            let answer = answer(source, .standard, variables, limits: limits)
            #expect(answer.code == .costExceeded && answer.text.contains("steps"), "\(answer.text)")
        }
        let past = ContinuousClock.now - .seconds(1)
        #expect(answer("a == b", .standard, variables, deadline: past).code == .deadlineExceeded)
    }

    @Test func deadlineEndsLoops() {
        let past = ContinuousClock.now - .seconds(1)
        let long = "l.all(a, l.all(b, a + b > 0)) || true"
        #expect(answer(long, .standard, Self.variables, deadline: past).code == .deadlineExceeded)
        #expect(answer(long, .standard, Self.variables, deadline: past + .seconds(3600)).text == "true")
        #expect(answer("1 + 1", .standard, Self.variables, deadline: past).text == "2")
    }

    static let deep: [(name: String, source: String)] = [
        ("negations", String(repeating: "!", count: 248) + "true"),
        ("sums", String(repeating: "(1 + ", count: 240) + "1" + String(repeating: ")", count: 240)),
        ("lists", String(repeating: "[", count: 240) + String(repeating: "]", count: 240)),
        ("lists of variables", String(repeating: "[", count: 240) + "l" + String(repeating: "]", count: 240)),
        ("maps", String(repeating: "{'a': ", count: 240) + "l" + String(repeating: "}", count: 240)),
        (
            "conditionals",
            String(repeating: "size(l) > 0 ? (", count: 120) + "1" + String(repeating: ") : 0", count: 120)
        ),
        ("calls", String(repeating: "string(", count: 240) + "s" + String(repeating: ")", count: 240)),
        (
            "equalities",
            String(repeating: "(true == ", count: 240) + "(size(l) > 0)" + String(repeating: ")", count: 240)
        ),
        (
            "conjunctions",
            String(repeating: "(size(l) > 0 && ", count: 200) + "true" + String(repeating: ")", count: 200)
        ),
        ("indices", String(repeating: "l[", count: 240) + "0" + String(repeating: "]", count: 240)),
        ("loops", (0..<30).map { "[1].all(x\($0), " }.joined() + "true" + String(repeating: ")", count: 30)),
        ("a long sum", Array(repeating: "1", count: 200).joined(separator: " + ")),
        ("a long conjunction", Array(repeating: "size(l) > 0", count: 3000).joined(separator: " && ")),
    ]

    @Test(arguments: deep.indices) func depthFitsTheStack(index: Int) async {
        let (name, source) = Self.deep[index]
        let text = await onSmallStack { answer(source, .standard, Self.variables).text }
        #expect(!text.hasPrefix("does not compile"), "\(name): \(text.prefix(200))")
    }

    @Test func deepDocumentsAreComparedAndWritten() async {
        let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        let variables = "{\"a\": \(deep), \"b\": \(deep)}"
        let text = await onSmallStack { answer("a == b && [a] == [b]", .standard, variables).text }
        #expect(text == "true")
    }

    @Test func manyKeysAreNoSquare() {
        let entries = (0..<5000).map { "'key\($0)': \($0)" }.joined(separator: ", ")
        let answer = answer("{\(entries)}.all(k, v, k == 'key' + string(v))", .standard)
        #expect(answer.text == "true")
    }

    @Test func listsGrowInPlace() {
        let items = "[" + (0..<20_000).map(String.init).joined(separator: ",") + "]"
        let answer = answer("l.map(x, x + 1).filter(x, x % 2 == 0).size()", .standard, "{\"l\": \(items)}")
        #expect(answer.text == "10000")
    }
}
