internal import JSON
internal import Kubernetes

/// The request's expression context, once a policy asks for it.
struct LazyExpressions: ~Copyable {
    let deadline: ContinuousClock.Instant?
    private var context: ExpressionContext?
    /// Whether what the context has bound is what is judged now.
    private var isBound = false

    init(deadline: ContinuousClock.Instant?) {
        self.deadline = deadline
    }

    /// Goes on to another object: the context binds it when it is asked for again.
    mutating func unbind() { isBound = false }

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
        let made =
            context
            ?? ExpressionContext(
                request,
                namespaces: evaluation.set.namespaceObjects,
                timeLimit: evaluation.set.configuration.maximumExpressionTime,
                deadline: deadline
            )
        context = made
        if !isBound { bind(made) }
        isBound = true
        return made
    }
}
