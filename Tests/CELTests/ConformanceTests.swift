import CEL
import Foundation
import JSON
import Testing

/// The specification's conformance suite, as far as it lies beside the checkout.
@Suite(.enabled(if: conformanceFolder != nil, "no corpus: set PORTCULLIS_CORPUS to its folder"))
struct ConformanceTests {
    /// Tests that the standard profile does not pass, and why.
    static let standardExceptions: [String: String] = [
        "parse/bytes_literals/triple_double_quoted_unescaped_punctuation": misreadEscape,
        "network_ext/ipv4/ipv4_equals_ipv6": mappedAddress,
        "network_ext/ipv4/ipv4_not_equals_ipv6": mappedAddress,
        "type_deduction/type_parameters/multiple_parameters_generality": abstractTypes,
        "type_deduction/type_parameters/multiple_parameters_parameterized_ovl": abstractTypes,
        "type_deduction/type_parameters/multiple_parameters_parameterized_ovl_2": abstractTypes,
    ]

    /// Tests of which Kubernetes 1.36 says something else than its profile, and why.
    static let kubernetesExceptions: [String: String] = [
        "parse/bytes_literals/triple_double_quoted_unescaped_punctuation": misreadEscape,
        "parse/receiver_function_names/namespace":
            "unchecked, `a.namespace()` is no call of the authorizer's method, which cel-go refuses to plan",
        "timestamps/duration_converters/get_milliseconds":
            "not run there; Kubernetes gives all milliseconds, not those that a second leaves",
    ]

    private static let misreadEscape = "the corpus has a backslash that the suite's own `\\?` does not mean"
    private static let mappedAddress = "IPv4 addresses in IPv6 are refused, as Kubernetes does"
    private static let abstractTypes = "no type that a library or a host can declare has parameters of its own"

    /// The words of the verdicts' table.
    private func verdict(_ outcome: ConformanceTest.Outcome) -> String {
        switch outcome {
        case .passed: "pass"
        case .passedByNotCompiling: "pass_compile_err"
        case .failedToCompile: "compile_fail"
        case .failedToPlan: "program_fail"
        case .failedToEvaluate: "eval_fail"
        case .mismatched: "mismatch"
        case .skipped: "harness"
        }
    }

    private func tests() throws -> [ConformanceTest] {
        let folder = try #require(conformanceFolder)
        let text = try Data(contentsOf: folder.appending(path: "conformance.jsonl"))
        return try text.split(separator: UInt8(ascii: "\n")).map { line in
            try #require(ConformanceTest(try JSONDocument(parsing: Array(line))))
        }
    }

    @Test func standardPassesAllButExceptions() throws {
        var failed: [String: String] = [:]
        for test in try tests() {
            let outcome = test.run(.standard)
            if !outcome.isPass { failed["\(test.file)/\(test.section)/\(test.name)"] = outcome.reason }
        }
        #expect(Set(failed.keys) == Set(Self.standardExceptions.keys), "\(failed)")
    }

    @Test func kubernetesJudgesAsItsReleaseDoes() throws {
        let folder = try #require(conformanceFolder)
        let table = try String(contentsOf: folder.appending(path: "kubernetes-1.36-verdicts.tsv"), encoding: .utf8)
        var expected: [String: String] = [:]
        for row in table.split(separator: "\n").dropFirst() {
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            expected[columns[0...2].joined(separator: "/")] = String(columns[4])
        }
        var differing: [String: String] = [:]
        for test in try tests() {
            let name = "\(test.file)/\(test.section)/\(test.name)"
            let outcome = test.run(.kubernetes(36))
            if verdict(outcome) != expected[name] {
                differing[name] = "\(verdict(outcome)), not \(expected[name] ?? "?"): \(outcome.reason ?? "")"
            }
        }
        #expect(Set(differing.keys) == Set(Self.kubernetesExceptions.keys), "\(differing)")
    }
}

/// How single tests are read and judged.
@Suite struct ConformanceReadingTests {
    static let outcomes: [(test: String, isPass: Bool)] = [
        (#"{"name": "a value", "expr": "1 + 1", "value": {"int64Value": "2"}}"#, true),
        (#"{"name": "of another type", "expr": "1 + 1", "value": {"uint64Value": "2"}}"#, false),
        (#"{"name": "of no value given", "expr": "1 < 2"}"#, true),
        (#"{"name": "an error", "expr": "1 / 0", "evalError": {"errors": [{"message": "x"}]}}"#, true),
        (#"{"name": "an error that does not compile", "expr": "1 +", "evalError": {}}"#, true),
        (#"{"name": "a value for an error", "expr": "1", "evalError": {}}"#, false),
        (#"{"name": "NaN", "expr": "0.0 / 0.0", "value": {"doubleValue": "NaN"}}"#, true),
        (
            #"{"name": "a map in any order", "expr": "{'a': 1, 'b': [2u]}", "value": {"mapValue": {"entries": ["#
                + #"{"key": {"stringValue": "b"}, "value": {"listValue": {"values": [{"uint64Value": "2"}]}}}, "#
                + #"{"key": {"stringValue": "a"}, "value": {"int64Value": "1"}}]}}}"#, true
        ),
        (
            #"{"name": "a variable", "expr": "x", "typeEnv": [{"name": "x", "ident": {"type": {"primitive": "BYTES"}}}],"#
                + #" "bindings": {"x": {"value": {"bytesValue": "AP8="}}}, "value": {"bytesValue": "AP8="}}"#, true
        ),
        (
            #"{"name": "a duration", "expr": "x.getSeconds()", "bindings": {"x": {"value": {"objectValue": "#
                + #"{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}}}}, "#
                + #""value": {"int64Value": "1"}}"#, true
        ),
        (
            #"{"name": "a type", "expr": "[[]]", "checkOnly": true, "typedResult": {"deducedType": "#
                + #"{"listType": {"elemType": {"listType": {"elemType": {"dyn": {}}}}}}}}"#, true
        ),
        (
            #"{"name": "another type", "expr": "[1]", "checkOnly": true, "typedResult": {"deducedType": "#
                + #"{"listType": {"elemType": {"primitive": "UINT64"}}}}}"#, false
        ),
        (
            #"{"name": "a function that is declared", "expr": "f('a')", "checkOnly": true, "typeEnv": [{"name": "f", "#
                + #""function": {"overloads": [{"overloadId": "f_string", "params": [{"primitive": "STRING"}], "#
                + #""resultType": {"primitive": "BOOL"}}]}}], "typedResult": {"deducedType": {"primitive": "BOOL"}}}"#,
            true
        ),
        (#"{"name": "a message", "expr": "x", "bindings": {"x": {"value": {"objectValue": {}}}}}"#, false),
        (#"{"name": "unknown", "expr": "x", "unknown": {}}"#, false),
    ]

    @Test(arguments: outcomes.indices) func judges(index: Int) throws {
        let (text, isPass) = Self.outcomes[index]
        let test = try #require(ConformanceTest(try JSONDocument(parsing: Array(text.utf8))))
        let outcome = test.run(.standard)
        #expect(outcome.isPass == isPass, "\(test.name): \(outcome)")
    }

    @Test func refusesWhatIsNoTest() throws {
        #expect(ConformanceTest(try JSONDocument(parsing: Array(#"{"name": "x"}"#.utf8))) == nil)
        #expect(ConformanceTest(try JSONDocument(parsing: Array("[]".utf8))) == nil)
    }
}
