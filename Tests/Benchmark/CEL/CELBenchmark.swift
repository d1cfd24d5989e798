import CAllocations
import CEL
import Foundation
import JSON

/// What ten expressions of platform teams cost, as a table in Markdown.
///
///     CELBenchmark EXPRESSIONS.yaml REVIEW.json
///
/// Ends with 1 if fewer than seven of them are evaluated without an allocation: counts decide, times inform.
@main struct CELBenchmark {
    /// An expression under the name of its rule.
    struct Expression {
        let name: String
        let source: String
        let program: CELProgram
    }

    static let environment = CELEnvironment(
        .standard,
        variables: [CELEnvironment.Variable("object", .dyn), CELEnvironment.Variable("request", .dyn)]
    )

    /// The fewest of the ten that may allocate nothing.
    static let withoutAllocation = 7

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else { return fail("usage: CELBenchmark EXPRESSIONS.yaml REVIEW.json") }
        let expressions = try read(arguments[1])
        let review = try JSONDocument(parsing: bytes(arguments[2]))
        guard expressions.count == 10, let request = review.member("request", of: review.root),
            let object = review.member("object", of: request)
        else { return fail("ten expressions and a review with an object are needed") }
        var evaluation = Evaluation()
        evaluation.bind(1, to: evaluation.add(review, request))
        evaluation.bind(0, to: evaluation.add(review, object))
        for expression in expressions {
            // What fails ends early and would seem fast.
            guard (try? expression.program.evaluateBool(&evaluation)) == true else {
                return fail("the review does not keep \(expression.name)")
            }
        }
        var table = Table()
        table.add("ten expressions, evaluated", time(expressions.map(\.program), &evaluation), budget: 10)
        var compiling = Timing()
        for expression in expressions {
            let one = Line(
                name: expression.name,
                evaluating: time([expression.program], &evaluation),
                compiling: try timeOfCompiling(expression.source),
                allocations: try allocations(expression.program, &evaluation)
            )
            compiling.add(one.compiling)
            table.lines.append(one)
        }
        table.add("one expression, compiled (mean of the ten)", compiling / expressions.count, budget: 100)
        let distinct = try distinct(expressions)
        for program in distinct { _ = try program.evaluateBool(&evaluation) }
        table.add("1,000 distinct expressions, evaluated", time(distinct, &evaluation, evaluations: 1), budget: 1000)
        let free = table.lines.count { $0.allocations == 0 }
        print(table.text(free: free, of: expressions.count))
        if free < withoutAllocation { fail("\(free) expressions allocate nothing, not \(withoutAllocation)") }
    }

    private static func fail(_ message: String) {
        FileHandle.standardError.write(Data("CELBenchmark: \(message)\n".utf8))
        exit(1)
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    private static func read(_ path: String) throws -> [Expression] {
        try JSONDocument.parseYAML(bytes(path)).compactMap { document in
            guard let name = document.value(at: JSONPointer(tokens: ["spec", "rules", "0", "name"])),
                let source = document.value(at: JSONPointer(tokens: ["spec", "rules", "0", "cel", "expression"])),
                let name = document.string(name), let source = document.string(source)
            else { return nil }
            return Expression(name: name, source: source, program: try environment.compile(source))
        }
    }

    // MARK: Measuring

    /// A hundred variants of each, with a constant of its own.
    private static func distinct(_ expressions: [Expression]) throws -> [CELProgram] {
        let constants: [String: (old: String, new: (Int) -> String)] = [
            "location": ("'swedencentral'", { "'region\($0)'" }),
            "sku": ("'Standard_RAGZRS'", { "'Standard_\($0)'" }),
            "tags": ("^CC-", { "^(CC|\($0))-" }),
            "public-network": ("'Disabled'", { "'Disabled\($0)'" }),
            "tls": ("'TLS1_3'", { "'TLS\($0)'" }),
            "name": ("3,20", { "3,\($0 + 20)" }),
            "owner": ("'/subscriptions/", { "'/subscriptions/\($0)" }),
            "credential": ("'-'", { "'-\($0)'" }),
            "identity": ("-id/'", { "-id\($0)/'" }),
            "network": ("203.0.113.", { "203.0.\($0)." }),
        ]
        return try (0..<100).flatMap { number in
            try expressions.map { expression in
                guard let (old, new) = constants[expression.name], expression.source.contains(old) else {
                    throw CELError(.invalidArgument, "\(expression.name) has no constant to change")
                }
                return try environment.compile(expression.source.replacing(old, with: new(number)))
            }
        }
    }

    private static let rounds = 201

    /// Microseconds for one evaluation of all programs.
    private static func time(
        _ programs: [CELProgram],
        _ evaluation: inout Evaluation,
        evaluations: Int = 500
    ) -> Timing {
        var samples: [Double] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            for _ in 0..<evaluations {
                for program in programs { _ = try? program.evaluateBool(&evaluation) }
            }
            samples.append((ContinuousClock.now - start).microseconds / Double(evaluations))
        }
        return Timing(samples)
    }

    private static func timeOfCompiling(_ source: String) throws -> Timing {
        var samples: [Double] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            for _ in 0..<10 { _ = try environment.compile(source) }
            samples.append((ContinuousClock.now - start).microseconds / 10)
        }
        return Timing(samples)
    }

    /// How many blocks one evaluation asks for, after the first of them have made room.
    private static func allocations(_ program: CELProgram, _ evaluation: inout Evaluation) throws -> Double {
        for _ in 0..<10 { _ = try program.evaluateBool(&evaluation) }
        let before = portcullis_allocations()
        for _ in 0..<100 { _ = try program.evaluateBool(&evaluation) }
        return Double(portcullis_allocations() - before) / 100
    }
}

/// What rounds took, in microseconds.
struct Timing {
    private(set) var median = 0.0
    private(set) var fastest = 0.0

    init() {}

    init(_ samples: [Double]) {
        let sorted = samples.sorted()
        median = sorted[sorted.count / 2]
        fastest = sorted[0]
    }

    mutating func add(_ other: Timing) {
        median += other.median
        fastest += other.fastest
    }

    static func / (timing: Timing, count: Int) -> Timing {
        var result = timing
        result.median /= Double(count)
        result.fastest /= Double(count)
        return result
    }
}

/// What was measured of one expression.
struct Line {
    let name: String
    let evaluating: Timing
    let compiling: Timing
    let allocations: Double
}

/// What is printed.
struct Table {
    var lines: [Line] = []
    private var sums: [String] = []

    mutating func add(_ name: String, _ timing: Timing, budget: Int) {
        sums.append("| \(name), µs | \(timing.median.short) | \(timing.fastest.short) | ≤ \(budget) |")
    }

    func text(free: Int, of count: Int) -> String {
        let head = "| CEL, one thread | median | fastest | budget |\n| --- | ---: | ---: | ---: |"
        let counted =
            "| of \(count), evaluated without an allocation | \(free) | | ≥ \(CELBenchmark.withoutAllocation) |"
        let each =
            "| expression | evaluated, µs | fastest | compiled, µs | fastest | allocations |\n"
            + "| --- | ---: | ---: | ---: | ---: | ---: |"
        let rows = lines.map {
            "| \($0.name) | \($0.evaluating.median.short) | \($0.evaluating.fastest.short) "
                + "| \($0.compiling.median.short) | \($0.compiling.fastest.short) | \($0.allocations.formatted()) |"
        }
        return ([head] + sums + [counted, "", each] + rows).joined(separator: "\n")
    }
}

extension Double {
    /// With two digits behind the point, or none from 100 on.
    fileprivate var short: String { String(format: self < 100 ? "%.2f" : "%.0f", self) }
}

extension Duration {
    fileprivate var microseconds: Double { self / .microseconds(1) }
}
