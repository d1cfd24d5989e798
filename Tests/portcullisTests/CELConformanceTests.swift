import Testing

@testable import portcullis

/// `portcullis cel conformance` as people and scripts see it.
@Suite struct CELConformanceTests {
    private static let passing = [
        #"{"file": "basic", "section": "sums", "name": "two", "expr": "1 + 1", "value": {"int64Value": "2"}}"#,
        #"{"file": "basic", "section": "sums", "name": "error", "expr": "1 / 0", "evalError": {}}"#,
    ]
    private static let failing =
        #"{"file": "basic", "section": "sums", "name": "three", "expr": "1 + 1", "value": {"int64Value": "3"}}"#
    private static let unknown = #"{"name": "unknown", "expr": "x", "unknown": {}}"#
    /// Passes in the standard profile alone.
    private static let twice = #"{"name": "twice", "expr": "{'a': 1, 'a': 2}", "evalError": {}}"#

    private func run(_ lines: [String], _ options: String...) throws -> Executable.Outcome {
        try Executable.run(
            ["cel", "conformance"] + options,
            withFile: "tests.jsonl",
            lines.joined(separator: "\n")
        )
    }

    @Test func allPass() throws {
        let outcome = try run(Self.passing)
        #expect(outcome.code == 0 && outcome.error.isEmpty)
        #expect(outcome.output == "passed 2\nfailed 0\nskipped 0\n")
    }

    @Test func emptyLinesAndALastLineWithItsEndAreNoTests() throws {
        #expect(try run([Self.passing[0], "", Self.passing[1], ""]).output == "passed 2\nfailed 0\nskipped 0\n")
    }

    @Test func whatFailsIsTold() throws {
        let outcome = try run(Self.passing + [Self.failing, Self.unknown])
        #expect(outcome.code == 1 && outcome.error.isEmpty)
        #expect(
            outcome.output == """
                FAILED basic/sums/three
                    1 + 1
                    the value is 2, not 3
                skipped unknown
                    x
                    unknown values are not evaluated
                passed 2
                failed 1
                skipped 1

                """
        )
    }

    @Test func whatIsSkippedAloneIsNoFailure() throws {
        #expect(try run([Self.unknown]).code == 0)
    }

    @Test func theProfileIsTheLanguage() throws {
        #expect(try run([Self.twice]).code == 0)
        let outcome = try run([Self.twice], "--profile", "kubernetes-1.36")
        #expect(outcome.code == 1 && outcome.output.contains("the value is {'a': 2} where there should be an error"))
    }

    @Test func countsInJSON() throws {
        let outcome = try run(Self.passing + [Self.failing, Self.unknown], "--output", "json")
        #expect(outcome.code == 1 && outcome.lines.count == 1)
        #expect(try outcome.json("/profile") == #""standard""#)
        #expect(try outcome.json("/passed") == "2")
        #expect(try outcome.json("/failed") == "1")
        #expect(try outcome.json("/skipped") == "1")
        #expect(try outcome.json("/failures/0/section") == #""sums""#)
        #expect(try outcome.json("/failures/0/name") == #""three""#)
        #expect(try outcome.json("/failures/0/expression") == #""1 + 1""#)
        #expect(try outcome.json("/failures/0/reason") == #""the value is 2, not 3""#)
        #expect(try outcome.json("/skips/0/name") == #""unknown""#)
        #expect(try outcome.json("/failures/1") == nil)
    }

    static let malformed = [
        (#"{"name":"#, "tests.jsonl:2:9: the text ends inside a value; complete it\n"),
        (#"{"name": "x"}"#, "tests.jsonl:2: is no test; it must be an object with name and expr\n"),
        ("[]", "tests.jsonl:2: is no test; it must be an object with name and expr\n"),
        ("name: x", "tests.jsonl:2:2: "),
    ]

    @Test(arguments: malformed) func aMalformedLineIsNamed(line: String, message: String) throws {
        let outcome = try run([Self.passing[0], line])
        #expect(outcome.code == 2 && outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("portcullis: /") && outcome.error.contains("/\(message)"), "\(outcome.error)")
    }

    @Test func aFileWithoutTestsIsAMistake() throws {
        let outcome = try run([])
        #expect(outcome.code == 2 && outcome.error.contains("tests.jsonl holds no test; write one on each line"))
        #expect(try Executable.run(["cel", "conformance", "/nowhere.jsonl"]).code == 2)
        #expect(try Executable.run(["cel", "conformance"]).code == 2)
        #expect(try run(Self.passing, "--profile", "cel").code == 2)
    }
}
