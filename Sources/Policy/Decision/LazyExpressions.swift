internal import JSON
internal import Kubernetes

/// The request's expression context, once a policy asks for it.
struct LazyExpressions: ~Copyable {
    let deadline: ContinuousClock.Instant?
    private let trace: DecisionTrace?
    private var context: ExpressionContext?
    /// Whether what the context has bound is what is judged now.
    private var isBound = false
    /// What the policies that come now may cost together; nil if each has a budget of its own.
    private var allowance: UInt64?

    /// - Parameters:
    ///   - deadline: When the caller stops waiting.
    ///   - trace: Who hears what expressions give.
    init(deadline: ContinuousClock.Instant?, _ trace: DecisionTrace?) {
        self.deadline = deadline
        self.trace = trace
    }

    /// Goes on to another object: the context binds it when it is asked for again.
    mutating func unbind() { isBound = false }

    /// Gives the policies that come now one budget for all of them.
    mutating func restrict(to allowance: UInt64) {
        self.allowance = allowance
        context?.restrict(to: allowance)
    }

    /// The context for a policy that has expressions.
    ///
    /// - Parameters:
    ///   - evaluation: The request's way through the set.
    ///   - request: The request.
    ///   - bind: Binds the object that is judged, when the first policy asks.
    /// - Returns: The context, bound.
    mutating func context(
        _ evaluation: borrowing RequestEvaluation,
        _ request: AdmissionRequest,
        _ bind: (ExpressionContext) -> Void
    ) -> ExpressionContext {
        let made: ExpressionContext
        if let context {
            made = context
        } else {
            made = ExpressionContext(
                request,
                namespaces: evaluation.set.namespaceObjects,
                timeLimit: evaluation.set.configuration.maximumExpressionTime,
                deadline: deadline,
                trace: trace
            )
            if let allowance { made.restrict(to: allowance) }
            context = made
        }
        if !isBound { bind(made) }
        isBound = true
        return made
    }
}
