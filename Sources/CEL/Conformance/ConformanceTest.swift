public import JSON

/// A test of the specification's conformance suite: `SimpleTest` of `cel.expr.conformance.test`, as protocol buffers' JSON.
public struct ConformanceTest: Sendable {
    /// What came of a test.
    public enum Outcome: Sendable, Equatable {
        /// The expression gave what it should.
        case passed
        /// It should fail, and does not even compile.
        case passedByNotCompiling
        /// It should give a value and does not compile.
        case failedToCompile(String)
        /// It should give a value and compiles, but a constant in it is known to fail.
        case failedToPlan(String)
        /// It should give a value and fails.
        case failedToEvaluate(String)
        /// It gives another value than it should, another type, or one instead of an error.
        case mismatched(String)
        /// It cannot be run.
        case skipped(String)

        /// Whether the test says that all is well.
        public var isPass: Bool { self == .passed || self == .passedByNotCompiling }

        /// Why the test did not pass; nil if it did.
        public var reason: String? {
            switch self {
            case .passed, .passedByNotCompiling: nil
            case .failedToCompile(let reason), .failedToPlan(let reason): "it does not compile: \(reason)"
            case .failedToEvaluate(let reason): "it fails: \(reason)"
            case .mismatched(let reason), .skipped(let reason): reason
            }
        }
    }

    /// Where the test stands in the suite.
    public let file: String
    /// The part of the file.
    public let section: String
    /// The name, of which a section has no two.
    public let name: String
    /// The expression.
    public let expression: String

    private let document: JSONDocument

    /// A test from one line of a file: an object with at least `name` and `expr`, else nil.
    public init?(_ document: JSONDocument) {
        func text(_ key: StaticString) -> String? {
            document.member(key, of: document.root).flatMap { document.string($0) }
        }
        guard let name = text("name"), let expression = text("expr") else { return nil }
        file = text("file") ?? ""
        section = text("section") ?? ""
        self.name = name
        self.expression = expression
        self.document = document
    }

    /// Runs the test.
    public func run(_ profile: Profile) -> Outcome {
        do throws(Obstacle) {
            return try runOrSkip(profile)
        } catch {
            return .skipped(error.reason)
        }
    }

    private func runOrSkip(_ profile: Profile) throws(Obstacle) -> Outcome {
        let reader = ConformanceReader(document: document)
        guard reader.member("disableMacros", of: document.root) == nil else {
            throw Obstacle("macros cannot be switched off")
        }
        let expectation = try reader.expectation()
        let (environment, values) = try reader.environment(profile)
        let isUnchecked = reader.flag("disableCheck")
        let checked: CheckedExpression
        do throws(CELCompileError) {
            checked = try environment.check(expression, unchecked: isUnchecked)
        } catch {
            return expectation.isFailure ? .passedByNotCompiling : .failedToCompile(error.description)
        }
        if let type = expectation.type, checked.type != type {
            return .mismatched("the type is \(checked.type), not \(type)")
        }
        if reader.flag("checkOnly") { return .passed }
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment.plan(checked)
        } catch {
            return expectation.isFailure ? .passedByNotCompiling : .failedToPlan(error.description)
        }
        var evaluation = Evaluation()
        for (number, value) in values.enumerated() { evaluation.bind(number, to: value) }
        let result: CELValue
        do throws(CELError) {
            result = try program.evaluate(&evaluation)
        } catch {
            return expectation.isFailure ? .passed : .failedToEvaluate(error.description)
        }
        guard let value = expectation.value else {
            return .mismatched("the value is \(evaluation.description(of: result)) where there should be an error")
        }
        guard evaluation.isIdentical(result, value) else {
            let found = evaluation.description(of: result)
            return .mismatched("the value is \(found), not \(evaluation.description(of: value))")
        }
        return .passed
    }
}

/// Why a test cannot be run.
struct Obstacle: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

extension Evaluation {
    /// Whether two values are the same in type and in value; NaN is the same as NaN.
    fileprivate func isIdentical(_ a: CELValue, _ b: CELValue) -> Bool {
        guard type(of: a).isSameRuntimeType(as: type(of: b)) else { return false }
        switch a {
        case .double(let left):
            guard case .double(let right) = b else { return false }
            return left == right || left.isNaN && right.isNaN
        case .list, .json:
            guard isValue(a, of: .list(.dyn)) else { return isEqual(a, b) }
            let left = elements(of: a)
            let right = elements(of: b)
            guard left.count == right.count else { return false }
            for index in left.indices where !isIdentical(left[index], right[index]) { return false }
            return true
        case .map(let map):
            guard map.entries.count == count(of: b) else { return false }
            for (key, value) in map.entries {
                var match: CELValue?
                for other in entries(of: b) where isIdentical(other.key, key) { match = other.value }
                guard let match, isIdentical(value, match) else { return false }
            }
            return true
        default:
            return isEqual(a, b)
        }
    }
}
