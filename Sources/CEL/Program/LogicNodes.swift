internal import JSON

/// `&&` and `||`: an operand that decides does so even if the other fails.
final class LogicNode: Node {
    private let left: Node
    private let right: Node
    /// The value of an operand that decides: false for `&&`.
    private let deciding: Bool

    init(_ left: Node, _ right: Node, deciding: Bool, offset: Int) {
        self.left = left
        self.right = right
        self.deciding = deciding
        super.init(offset: offset)
    }

    private var function: String { deciding ? "||" : "&&" }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        do throws(CELError) {
            if try left.evaluateBool(&evaluation, function) == deciding { return .bool(deciding) }
        } catch {
            guard error.isCatchable else { throw error }
            return try otherwise(error, &evaluation)
        }
        return .bool(try right.evaluateBool(&evaluation, function))
    }

    private func otherwise(_ failure: CELError, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        do throws(CELError) {
            if try right.evaluateBool(&evaluation, function) == deciding { return .bool(deciding) }
        } catch {
            guard error.isCatchable else { throw error }
        }
        throw failure
    }
}

/// `condition ? a : b`.
final class ConditionalNode: Node {
    private let condition: Node
    private let first: Node
    private let second: Node

    init(_ condition: Node, _ first: Node, _ second: Node, offset: Int) {
        self.condition = condition
        self.first = first
        self.second = second
        super.init(offset: offset)
    }

    override var isAttribute: Bool { true }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let branch = try condition.evaluateBool(&evaluation, "?:") ? first : second
        return try branch.isAttribute ? branch.resolve(&evaluation) : branch.evaluate(&evaluation)
    }
}

/// `optional.or(other)` and `optional.orValue(other)`: the other is evaluated only if the first has no value.
final class OptionalOrNode: Node {
    private let optional: Node
    private let other: Node
    private let givesValue: Bool

    init(_ optional: Node, _ other: Node, givesValue: Bool, offset: Int) {
        self.optional = optional
        self.other = other
        self.givesValue = givesValue
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let value: CELValue
        if givesValue, let path = optional as? AttributeNode {
            switch try path.evaluateOptional(&evaluation) {
            case .present(let inner): return inner
            case .absent: return try other.evaluate(&evaluation)
            case .value(let other): value = other
            }
        } else {
            value = try optional.evaluate(&evaluation)
        }
        guard case .optional(let optional) = value else {
            throw Standard.noOverload(givesValue ? "orValue" : "or", value, in: evaluation).located(at: offset)
        }
        guard let inner = optional.value else { return try other.evaluate(&evaluation) }
        return givesValue ? inner : value
    }
}

/// `==` and `!=`.
final class EqualityNode: Node {
    private let left: Node
    private let right: Node
    /// Whether equal values give true.
    private let isEquality: Bool

    init(_ left: Node, _ right: Node, isEquality: Bool, offset: Int) {
        self.left = left
        self.right = right
        self.isEquality = isEquality
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let (a, b) = try evaluateBoth(left, right, &evaluation) { a, b, evaluation in
            Self.cost(a, b, evaluation)
        }
        try evaluation.charge(Self.cost(a, b, evaluation))
        do throws(CELError) {
            return .bool(try evaluation.compare(a, b) == isEquality)
        } catch {
            throw error.located(at: offset)
        }
    }

    static func cost(_ a: CELValue, _ b: CELValue, _ evaluation: borrowing Evaluation) -> UInt64 {
        // Kubernetes gives most of its own types a cost of one; their size is one as well.
        tenth(min(evaluation.size(of: a), evaluation.size(of: b)))
    }
}

/// `==` and `!=` with a constant string on one side: compared where the other side's bytes lie.
final class TextEqualityNode: Node {
    private let operand: Node
    private let text: String
    private let size: UInt64
    private let isEquality: Bool

    init(_ operand: Node, _ text: String, isEquality: Bool, offset: Int) {
        self.operand = operand
        self.text = text
        size = UInt64(text.utf8Span.span.codePoints)
        self.isEquality = isEquality
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let value: CELValue
        do throws(CELError) {
            value = try operand.evaluate(&evaluation)
        } catch {
            guard error.isCatchable else { throw error }
            try evaluation.charge(tenth(min(size, 1)))
            throw error
        }
        let isEqual: Bool
        switch value {
        case .json(let json) where json.isString:
            let document = evaluation.document(of: json)
            let bytes = document.utf8(json)
            try evaluation.charge(cost(bytes))
            isEqual = bytes.isEqual(to: text.utf8Span.span)
        case .string(let other):
            let bytes = other.utf8Span.span
            try evaluation.charge(cost(bytes))
            isEqual = bytes.isEqual(to: text.utf8Span.span)
        default:
            try evaluation.charge(tenth(min(size, evaluation.size(of: value))))
            isEqual = false
        }
        return .bool(isEqual == isEquality)
    }

    @inline(__always)
    private func cost(_ bytes: Span<UInt8>) -> UInt64 {
        // Up to ten code points cost one unit, whatever their number.
        if bytes.count == 0 || size <= 10 { return tenth(bytes.count == 0 ? 0 : size) }
        return tenth(min(size, UInt64(bytes.codePoints)))
    }
}

/// `<`, `<=`, `>` and `>=`.
final class OrderNode: Node {
    /// Which orders the operator holds for.
    struct Relation: Sendable {
        let less: Bool
        let equal: Bool
        let greater: Bool
    }

    private let left: Node
    private let right: Node
    private let relation: Relation
    /// Whether the operands are known to be strings or bytes, which are charged for their length.
    private let isText: Bool

    init(_ left: Node, _ right: Node, _ relation: Relation, isText: Bool, offset: Int) {
        self.left = left
        self.right = right
        self.relation = relation
        self.isText = isText
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let isText = isText
        let (a, b) = try evaluateBoth(left, right, &evaluation) { a, b, evaluation in
            isText ? EqualityNode.cost(a, b, evaluation) : 1
        }
        try evaluation.charge(isText ? EqualityNode.cost(a, b, evaluation) : 1)
        do throws(CELError) {
            let order = try evaluation.order(a, b)
            return .bool(order < 0 ? relation.less : order == 0 ? relation.equal : relation.greater)
        } catch {
            throw error.located(at: offset)
        }
    }
}

/// Evaluates the operands of a call, both of them even if the first fails, as Kubernetes does and charges for.
///
/// The closure tells what the call is charged if an operand fails, given null in its place.
@inline(__always)
func evaluateBoth(
    _ left: Node,
    _ right: Node,
    _ evaluation: inout Evaluation,
    cost: (CELValue, CELValue, borrowing Evaluation) -> UInt64
) throws(CELError) -> (CELValue, CELValue) {
    let a: CELValue
    do throws(CELError) {
        a = try left.evaluate(&evaluation)
    } catch {
        throw failLeft(error, right, &evaluation, cost)
    }
    do throws(CELError) {
        return (a, try right.evaluate(&evaluation))
    } catch {
        throw failRight(error, a, &evaluation, cost)
    }
}

/// Charges a call whose first operand has failed.
@inline(never)
private func failLeft(
    _ failure: CELError,
    _ right: Node,
    _ evaluation: inout Evaluation,
    _ cost: (CELValue, CELValue, borrowing Evaluation) -> UInt64
) -> CELError {
    guard failure.isCatchable else { return failure }
    var b = CELValue.null
    do throws(CELError) {
        b = try right.evaluate(&evaluation)
    } catch {
        guard error.isCatchable else { return error }
    }
    do throws(CELError) {
        try evaluation.charge(cost(.null, b, evaluation))
        return failure
    } catch {
        return error
    }
}

/// Charges a call whose second operand has failed.
@inline(never)
private func failRight(
    _ failure: CELError,
    _ a: CELValue,
    _ evaluation: inout Evaluation,
    _ cost: (CELValue, CELValue, borrowing Evaluation) -> UInt64
) -> CELError {
    guard failure.isCatchable else { return failure }
    do throws(CELError) {
        try evaluation.charge(cost(a, .null, evaluation))
        return failure
    } catch {
        return error
    }
}
