/// What a sub-expression gave while an expression was evaluated for people to see.
public struct TraceEntry: Sendable {
    /// The sub-expression's text, as it would be written.
    public let text: String
    /// Where it begins in the source, in bytes of UTF-8.
    public let offset: Int
    /// Its value, or why there is none.
    public let result: Result<CELValue, CELError>
    /// What the expression had spent by then.
    public let cost: UInt64

    /// The most entries that are kept: a loop over a large list must not fill the memory.
    public static let maximumCount = 1000
}

/// Records what another node gives.
final class TraceNode: Node {
    let inner: Node
    private let expression: Expression

    init(_ inner: Node, _ expression: Expression) {
        self.inner = inner
        self.expression = expression
        super.init(offset: inner.offset)
    }

    override var constant: CELValue? { inner.constant }
    override var isAttribute: Bool { inner.isAttribute }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try record(&evaluation) { evaluation throws(CELError) in try inner.evaluate(&evaluation) }
    }

    override func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try record(&evaluation) { evaluation throws(CELError) in try inner.resolve(&evaluation) }
    }

    private func record(
        _ evaluation: inout Evaluation,
        _ body: (inout Evaluation) throws(CELError) -> CELValue
    ) throws(CELError) -> CELValue {
        let result: Result<CELValue, CELError>
        do throws(CELError) {
            result = .success(try body(&evaluation))
        } catch {
            result = .failure(error)
        }
        if let count = evaluation.trace?.count, count < TraceEntry.maximumCount {
            let entry = TraceEntry(text: expression.text, offset: offset, result: result, cost: evaluation.cost)
            evaluation.trace?.append(entry)
        }
        return try result.get()
    }
}
