// The nodes are as immutable as this, see `Node`.
/// A compiled expression: immutable, shared by threads, evaluated as often as one likes.
public final class CELProgram: @unchecked Sendable {
    /// The expression's text.
    public let source: String

    /// The type of its value; `.dyn` if that is known only when it is evaluated.
    public let type: CELType

    private let root: Node
    private let slots: Int
    /// The numbers of the environment's variables that the expression names.
    private let variables: [Int]

    fileprivate init(_ checked: CheckedExpression, root: Node, slots: Int) {
        source = checked.source
        type = checked.type
        self.root = root
        self.slots = slots
        variables = checked.variables
    }

    /// Whether the expression names a variable of the environment, by the number of its declaration.
    public func reads(_ variable: Int) -> Bool { variables.contains(variable) }

    /// Evaluates the expression with the variables that are bound.
    ///
    /// `evaluation.cost` is what it has cost afterwards, whether it has failed or not. While another expression is evaluated
    /// with the same `evaluation`, as in a host's function, this belongs into `nested`.
    ///
    /// - Throws: Why there is no value; `.costExceeded`, `.deadlineExceeded` and `.tooLarge` are limits.
    public func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        evaluation.begin(slots: slots)
        return try root.evaluate(&evaluation)
    }

    /// Evaluates an expression whose value has to be a boolean.
    ///
    /// - Throws: Also if the value is anything else.
    public func evaluateBool(_ evaluation: inout Evaluation) throws(CELError) -> Bool {
        let value = try evaluate(&evaluation)
        guard case .bool(let result) = value else {
            throw CELError(.noSuchOverload, "the expression has to give bool, not \(evaluation.typeName(of: value))")
        }
        return result
    }

    /// Evaluates an expression that was compiled for it, and tells of its sub-expressions.
    ///
    /// - Returns: The value, or why there is none, and what each sub-expression gave, in the order in which they ended; the
    ///   first `TraceEntry.maximumCount` of them.
    public func evaluateTraced(
        _ evaluation: inout Evaluation
    ) -> (result: Result<CELValue, CELError>, trace: [TraceEntry]) {
        // Another expression may be the one that reads this.
        let outer = evaluation.trace
        evaluation.trace = []
        defer { evaluation.trace = outer }
        let result: Result<CELValue, CELError>
        do throws(CELError) {
            result = .success(try evaluate(&evaluation))
        } catch {
            result = .failure(error)
        }
        return (result, evaluation.trace ?? [])
    }
}

extension CELEnvironment {
    /// Compiles an expression.
    ///
    /// - Parameters:
    ///   - source: The expression, at most 100,000 code points.
    ///   - tracing: Whether `evaluateTraced` is to tell of sub-expressions, which makes every evaluation slower.
    /// - Returns: The program.
    /// - Throws: Everything that is wrong with its syntax, names and types, and constants that are known to fail.
    public func compile(_ source: String, tracing: Bool = false) throws(CELCompileError) -> CELProgram {
        try plan(try check(source), tracing: tracing)
    }

    /// Makes a program of a tree.
    func plan(_ checked: CheckedExpression, tracing: Bool = false) throws(CELCompileError) -> CELProgram {
        let planner = Planner(checked, self, traces: tracing)
        let root = try planner.plan()
        return CELProgram(checked, root: root, slots: planner.slotCount)
    }
}
