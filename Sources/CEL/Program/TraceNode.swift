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

/// A sub-expression and what it gave, in words.
public struct TraceRow: Hashable, Sendable {
    /// The sub-expression.
    public let part: String
    /// Its value, or why there is none.
    public let value: String

    /// Puts a row together.
    public init(part: String, value: String) {
        self.part = part
        self.value = value
    }

    /// Whether the sub-expression is a name alone, such as a variable of a loop.
    fileprivate var isName: Bool {
        part.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                || $0 == UInt8(ascii: "_")
        }
    }
}

extension [TraceRow] {
    /// The rows that have something to say: of a name alone only what it has not said before, so that a loop tells each value
    /// once.
    public var withoutRepetitions: [TraceRow] {
        var told: [String: String] = [:]
        return filter { !$0.isName || told.updateValue($0.value, forKey: $0.part) != $0.value }
    }
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
