import Testing

@testable import portcullis

/// `portcullis cel eval` as people and scripts see it.
@Suite struct CELEvaluationTests {
    static let review = """
        object:
          metadata: {name: stteama001}
          spec:
            location: eastus
            tags: {cost-center: CC-1234}
            rules: [{ip: 10.0.0.0/8}, {ip: 10.0.0.0/8}, {ip: 0.0.0.0/0}]
        """

    private func evaluate(
        _ expression: String,
        _ options: String...,
        bindings: String? = nil
    ) throws -> Executable.Outcome {
        let arguments = ["cel", "eval", "--expression", expression] + options
        guard let bindings else { return try Executable.run(arguments) }
        return try Executable.run(arguments, withFile: "review.yaml", bindings, as: "--bindings")
    }

    // MARK: Values

    static let values = [
        ("1 + 2", "3"), ("-1 + 2", "1"), ("--1", "1"), ("'a' + \"b\"", "'ab'"),
        ("[1, 2].map(x, {x: double(x) * 1.5})", "[{1: 1.5}, {2: 3.0}]"),
        ("object.spec.location", "'eastus'"), ("object.spec.?zone", "optional.none()"),
        ("duration('90m') > duration('1h')", "true"),
    ]

    @Test(arguments: values) func printsTheValue(expression: String, value: String) throws {
        let outcome = try evaluate(expression, bindings: Self.review)
        #expect(outcome.code == 0 && outcome.output == value + "\n" && outcome.error.isEmpty)
    }

    @Test func bindingsMayBeJSON() throws {
        let outcome = try evaluate("a.b + c", bindings: #"{"a": {"b": 40}, "c": 2}"#)
        #expect(outcome.code == 0 && outcome.output == "42\n")
    }

    @Test func shortOptionsAreTheSame() throws {
        let outcome = try Executable.run(["cel", "eval", "-e", "-x", "-b"], withFile: "x.json", #"{"x": 1}"#)
        #expect(outcome.code == 0 && outcome.output == "-1\n")
    }

    @Test func theProfileIsTheLanguage() throws {
        #expect(try evaluate("{'a': 1, 'a': 2}").code == 1)
        let outcome = try evaluate("{'a': 1, 'a': 2}", "--profile", "kubernetes-1.36")
        #expect(outcome.code == 0 && outcome.output == "{'a': 2}\n")
        #expect(try evaluate("math.greatest(1, 2)").output == "2\n")
        #expect(try evaluate("math.greatest(1, 2)", "--profile", "kubernetes-1.30").code == 1)
    }

    @Test func printsJSONForPrograms() throws {
        let outcome = try evaluate("object.spec.tags", "--output", "json", bindings: Self.review)
        #expect(outcome.code == 0 && outcome.lines.count == 1)
        #expect(try outcome.json("/type") == #""map(dyn, dyn)""#)
        #expect(try outcome.json("/text") == #""{'cost-center': 'CC-1234'}""#)
        #expect(try outcome.json("/value") == #"{"cost-center":"CC-1234"}"#)
        #expect(try outcome.json("/cost") == "3")
        #expect(try outcome.json("/trace") == nil)
        // What JSON cannot say has a text all the same.
        let other = try evaluate("1.0 / 0.0", "--output", "json")
        #expect(try other.json("/type") == #""double""#)
        #expect(try other.json("/text") == #""double(\"Infinity\")""#)
        #expect(try other.json("/value") == nil)
    }

    @Test func jsonIsOneLineHoweverTheBindingsAreWritten() throws {
        let outcome = try evaluate(
            "a",
            "--output",
            "json",
            bindings: "{\n  \"a\": {\n    \"b c\": \"d \\\" e\"\n  }\n}\n"
        )
        #expect(outcome.code == 0 && outcome.lines.count == 1)
        #expect(try outcome.json("/value") == #"{"b c":"d \" e"}"#)
    }

    // MARK: Traces

    @Test func tracesWhatEachPartGave() throws {
        let expression = "object.spec.location in ['westeurope'] || object.spec.tags.size() > 0"
        let outcome = try evaluate(expression, "--trace", bindings: Self.review)
        #expect(outcome.code == 0)
        #expect(
            outcome.lines == [
                "object.spec.location                                      'eastus'",
                "object.spec.location in ['westeurope']                    false",
                "object.spec.tags                                          {'cost-center': 'CC-1234'}",
                "object.spec.tags.size()                                   1",
                "object.spec.tags.size() > 0                               true",
                "(object.spec.location in ['…object.spec.tags.size() > 0)  true",
                "cost 8",
                "true",
            ]
        )
    }

    @Test func aLoopTellsEachValueOfItsVariableOnce() throws {
        let outcome = try evaluate("[1, 2, 2].filter(x, x + x > 2)", "--trace")
        #expect(outcome.lines.filter { $0.hasPrefix("x  ") }.count == 2)
        #expect(outcome.lines.filter { $0.hasPrefix("(x + x) > 2 ") || $0.hasPrefix("x + x > 2 ") }.count == 3)
        #expect(outcome.lines.last == "[2, 2]")
    }

    @Test func longPartsAreShortenedInTheMiddle() throws {
        let all = "object.spec.rules.all(rule, rule.ip != '0.0.0.0/0' && rule.ip != '0.0.0.0/1')"
        let outcome = try evaluate("\(all) && has(object.spec.tags)", "--trace", bindings: Self.review)
        #expect(outcome.code == 0 && outcome.lines.last == "false")
        let parts = outcome.lines.map { $0.prefix(57) }.filter { $0.contains("…") }
        #expect(Set(parts).count == 2 && parts.contains { $0.contains("has(object.spec.tags)") })
        #expect(outcome.lines.allSatisfy { $0.unicodeScalars.count <= 56 + 2 + 56 })
    }

    @Test func aLongTraceSaysThatItIsNotWhole() throws {
        let list = "[" + (0..<20).map(String.init).joined(separator: ", ") + "]"
        let outcome = try evaluate("\(list).all(x, \(list).all(y, x * y < 1000))", "--trace")
        #expect(outcome.code == 0 && outcome.lines.contains("… (the first 1000 parts)"))
        #expect(outcome.lines.suffix(2).first?.hasPrefix("cost ") == true && outcome.lines.last == "true")
    }

    @Test func tracesInJSON() throws {
        let outcome = try evaluate("[1].all(x, x > 0)", "--trace", "--output", "json")
        #expect(try outcome.json("/value") == "true")
        #expect(try outcome.json("/trace/0/expression") == #""x""#)
        #expect(try outcome.json("/trace/0/offset") == "11")
        #expect(try outcome.json("/trace/1/expression") == #""x > 0""#)
        #expect(try outcome.json("/trace/1/value") == "true")
        #expect(try outcome.json("/trace/2/cost") == outcome.json("/cost"))
        #expect(try outcome.json("/trace/3") == nil)
    }

    @Test func aTraceEndsWithWhatFailed() throws {
        let outcome = try evaluate("object.spec.zone == '1'", "--trace", bindings: Self.review)
        #expect(outcome.code == 1)
        #expect(outcome.lines.first?.hasSuffix("error: no such key: 'zone' in object.spec.zone") == true)
        #expect(outcome.lines.last?.hasPrefix("cost ") == true)
        #expect(outcome.error.hasPrefix("portcullis: 1:13: no such key: 'zone' in object.spec.zone\n"))
    }

    // MARK: Failures

    @Test func whatDoesNotCompileIsShownWithACaret() throws {
        let outcome = try evaluate("object.spec.location.startWith('a') && nobody", bindings: Self.review)
        #expect(outcome.code == 1 && outcome.output.isEmpty)
        #expect(
            outcome.error == """
                portcullis: 1:22: there is no function 'startWith'; did you mean 'startsWith'?
                  object.spec.location.startWith('a') && nobody
                                       ^
                1:40: there is no variable 'nobody'
                  object.spec.location.startWith('a') && nobody
                                                         ^

                """
        )
    }

    @Test func programsGetAllIssues() throws {
        let outcome = try evaluate("1 + 'a' == nobody", "--output", "json")
        #expect(outcome.code == 1 && outcome.error.isEmpty)
        #expect(try outcome.json("/issues/0/message") == #""there is no int + string; there is int + int""#)
        #expect(try outcome.json("/issues/0/line") == "1")
        #expect(try outcome.json("/issues/0/column") == "3")
        #expect(try outcome.json("/issues/0/offset") == "2")
        #expect(try outcome.json("/issues/1/column") == "12")
    }

    @Test func whatFailsIsShownWithACaret() throws {
        let outcome = try evaluate("10 / size([])")
        #expect(outcome.code == 1 && outcome.output.isEmpty)
        #expect(outcome.error == "portcullis: 1:4: division by zero\n  10 / size([])\n     ^\n")
        let other = try evaluate("10 / size([])", "--output", "json")
        #expect(other.code == 1 && other.error.isEmpty)
        #expect(try other.json("/error/message") == #""division by zero""#)
        #expect(try other.json("/error/offset") == "3")
    }

    static let refused = [
        ("[1]", "must be one object whose members are the variables"),
        ("a: 1\n---\nb: 2", "must be one object whose members are the variables"),
        ("", "must be one object whose members are the variables"),
        ("a: 1\nb: [1\nc: 2", "review.yaml:3:2: did not find expected ',' or ']'; "),
        (#"{"a": 1, "a": 2}"#, "review.yaml:1:10: the key 'a' stands at line 1, column 2 already; "),
    ]

    @Test(arguments: refused) func bindingsThatCannotBeReadAreAWrongCommandLine(text: String, message: String) throws {
        let outcome = try evaluate("1", bindings: text)
        #expect(outcome.code == 2 && outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("portcullis: /") && outcome.error.contains(message), "\(outcome.error)")
    }

    @Test func aFileThatIsNotThereIsNamed() throws {
        let outcome = try evaluate("1", "--bindings", "/nowhere/review.yaml")
        #expect(outcome.code == 2 && outcome.error.hasPrefix("portcullis: --bindings: /nowhere/review.yaml: "))
    }

    @Test func anUnknownProfileIsToldWhichThereAre() throws {
        let outcome = try evaluate("1", "--profile", "kubernetes-1.29")
        #expect(outcome.code == 2)
        #expect(outcome.error.contains("write one of standard, kubernetes-1.30, kubernetes-1.31"))
        #expect(try evaluate("1", "--output", "xml").code == 2)
        #expect(try Executable.run(["cel", "eval"]).code == 2)
    }
}
