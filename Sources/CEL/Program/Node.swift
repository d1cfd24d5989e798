/// A step of a program; its subclasses are final, so that a call of `evaluate` is one jump through a table.
///
/// Every stored property of every subclass is a constant of a type that threads may share: `CELProgram` relies on that.
class Node {
    /// Where the sub-expression begins in the source, in bytes of UTF-8.
    final let offset: Int

    init(offset: Int) { self.offset = offset }

    /// Gives the sub-expression's value and spends what that costs.
    ///
    /// - Throws: Why there is none; located at the innermost sub-expression that failed.
    func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        preconditionFailure("a node without a meaning")
    }

    /// As `evaluate`, without what Kubernetes charges for the reading of a variable.
    ///
    /// It is not charged where a variable, or a path that begins with one, is a branch of a conditional or an index.
    func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue { try evaluate(&evaluation) }

    /// The value if it is known when the expression is compiled, and free.
    var constant: CELValue? { nil }

    /// Whether the value is one of a variable or of a path, see `resolve`.
    var isAttribute: Bool { false }

    /// Gives the value if it is a boolean.
    @inline(__always)
    final func evaluateBool(_ evaluation: inout Evaluation, _ function: String) throws(CELError) -> Bool {
        let value = try evaluate(&evaluation)
        guard case .bool(let result) = value else {
            throw Standard.noOverload(function, value, in: evaluation).located(at: offset)
        }
        return result
    }
}

/// A value that is known when the expression is compiled.
final class ConstantNode: Node {
    private let value: CELValue

    init(_ value: CELValue, offset: Int) {
        self.value = value
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue { value }
    override var constant: CELValue? { value }
}

/// A value that is known when the expression is compiled, but for which Kubernetes charges its calculation each time.
final class FoldedNode: Node {
    private let value: CELValue
    private let cost: UInt64

    init(_ value: CELValue, cost: UInt64, offset: Int) {
        self.value = value
        self.cost = cost
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(cost)
        return value
    }
}

/// What is known to fail when it is evaluated, which other operands of `||` may make good.
final class FailingNode: Node {
    private let error: CELError
    private let cost: UInt64

    init(_ error: CELError, cost: UInt64 = 0, offset: Int) {
        self.error = error.located(at: offset)
        self.cost = cost
        super.init(offset: offset)
    }

    /// Stands where a node was taken for one of another form, which cannot be.
    static var impossible: Node { FailingNode(CELError(.host, "a part of the expression was misread"), offset: 0) }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(cost)
        throw error
    }
}

/// A variable of the host.
final class VariableNode: Node {
    let number: Int
    private let name: String

    init(_ number: Int, name: String, offset: Int) {
        self.number = number
        self.name = name
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(1)
        return try resolve(&evaluation)
    }

    override func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        guard let value = evaluation.variable(number) else {
            throw CELError(.unboundVariable, "'\(name)' has no value").located(at: offset)
        }
        return value
    }

    override var isAttribute: Bool { true }
}

/// A variable of a comprehension.
final class LocalNode: Node {
    let slot: Int

    init(slot: Int, offset: Int) {
        self.slot = slot
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(1)
        return evaluation.slot(slot)
    }

    override func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue { evaluation.slot(slot) }
    override var isAttribute: Bool { true }
}

/// A name that stands for an expression that is evaluated when the name is first read, or for an accumulator that may hold a
/// failure.
final class LazyNode: Node {
    private let slot: Int
    private let value: Node?

    /// Makes a name for a value; nil stands for a slot that always holds a value or a failure.
    init(slot: Int, value: Node?, offset: Int) {
        self.slot = slot
        self.value = value
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(1)
        return try resolve(&evaluation)
    }

    override func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let current = evaluation.slot(slot)
        guard case .object(let object) = current else { return current }
        if object === Pending.value, let value {
            do throws(CELError) {
                let result = try value.evaluate(&evaluation)
                evaluation.setSlot(slot, to: result)
                return result
            } catch {
                if error.isCatchable { evaluation.setSlot(slot, to: .object(Failure(error))) }
                throw error
            }
        }
        if let failure = object as? Failure { throw failure.error }
        return current
    }

    override var isAttribute: Bool { true }
}

/// What a slot holds until its value is asked for.
final class Pending: ObjectValue {
    static let value = Pending()
    private init() {}
    var type: CELType { .opaque("pending") }
}

/// What a slot holds if its value could not be found.
final class Failure: ObjectValue {
    let error: CELError
    init(_ error: CELError) { self.error = error }
    var type: CELType { .opaque("failure") }
}

extension Evaluation {
    @inline(__always)
    func variable(_ number: Int) -> CELValue? { number < variables.count ? variables[number] : nil }
}
