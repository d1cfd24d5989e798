internal import JSON

/// A call of a function of which the checker has left one overload or several.
///
/// Arguments are checked against the overloads' parameters, since what is `dyn` may turn out to be anything.
final class CallNode: Node {
    private let function: String
    private let overloads: [Overload]
    private let arguments: [Node]

    /// Makes a call; the overloads are those that take as many arguments.
    init(_ function: String, _ overloads: [Overload], _ arguments: [Node], offset: Int) {
        self.function = function
        self.overloads = overloads
        self.arguments = arguments
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch arguments.count {
        case 1: try evaluateUnary(&evaluation)
        case 2: try evaluateBinary(&evaluation)
        default: try evaluateOther(&evaluation)
        }
    }

    // What recurses keeps little on the stack: an overload is large.
    private func evaluateUnary(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let value: CELValue
        do throws(CELError) {
            value = try arguments[0].evaluate(&evaluation)
        } catch {
            throw failUnary(error, &evaluation)
        }
        return try applyUnary(value, &evaluation)
    }

    @inline(never)
    private func failUnary(_ failure: CELError, _ evaluation: inout Evaluation) -> CELError {
        guard failure.isCatchable else { return failure }
        do throws(CELError) {
            try charge([.null], &evaluation)
            return failure
        } catch {
            return error
        }
    }

    @inline(never)
    private func applyUnary(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        for overload in overloads where evaluation.isValue(value, of: overload.parameters[0]) {
            guard case .unary(let body) = overload.implementation else {
                return try call(overload, [value], &evaluation)
            }
            let result: CELValue
            do throws(CELError) {
                result = try body(value, &evaluation)
            } catch {
                throw try failed(error, overload, [value], &evaluation)
            }
            if case .one = overload.cost {
                try evaluation.charge(1)
            } else {
                try charge(overload, [value], result, &evaluation)
            }
            return result
        }
        return try refuse([value], &evaluation)
    }

    private func evaluateBinary(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let overloads = overloads
        let (a, b) = try evaluateBoth(arguments[0], arguments[1], &evaluation) { a, b, evaluation in
            Self.failureCost(overloads, [a, b], evaluation)
        }
        return try applyBinary(a, b, &evaluation)
    }

    @inline(never)
    private func applyBinary(
        _ a: CELValue,
        _ b: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        for overload in overloads
        where evaluation.isValue(a, of: overload.parameters[0]) && evaluation.isValue(b, of: overload.parameters[1]) {
            guard case .binary(let body) = overload.implementation else {
                return try call(overload, [a, b], &evaluation)
            }
            let result: CELValue
            do throws(CELError) {
                result = try body(a, b, &evaluation)
            } catch {
                throw try failed(error, overload, [a, b], &evaluation)
            }
            if case .one = overload.cost {
                try evaluation.charge(1)
            } else {
                try charge(overload, [a, b], result, &evaluation)
            }
            return result
        }
        return try refuse([a, b], &evaluation)
    }

    /// Calls of no argument or more than two: Kubernetes looks at no argument after one that fails, and charges nothing then.
    private func evaluateOther(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        var values: [CELValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.evaluate(&evaluation)) }
        for overload in overloads where accepts(overload, values, evaluation) {
            return try call(overload, values, &evaluation)
        }
        return try refuse(values, &evaluation)
    }

    private func accepts(_ overload: Overload, _ values: [CELValue], _ evaluation: borrowing Evaluation) -> Bool {
        for (index, value) in values.enumerated() {
            guard let parameter = overload.parameter(index), evaluation.isValue(value, of: parameter) else {
                return false
            }
        }
        return true
    }

    private func call(
        _ overload: Overload,
        _ values: [CELValue],
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let result: CELValue
        do throws(CELError) {
            switch (overload.implementation, values.count) {
            case (.nullary(let body), 0): result = try body(&evaluation)
            case (.unary(let body), 1): result = try body(values[0], &evaluation)
            case (.binary(let body), 2): result = try body(values[0], values[1], &evaluation)
            case (.ternary(let body), 3): result = try body(values[0], values[1], values[2], &evaluation)
            case (.variadic(let body), _): result = try body(values, &evaluation)
            default: throw refusal(values, evaluation)
            }
        } catch {
            throw try failed(error, overload, values, &evaluation)
        }
        try charge(overload, values, result, &evaluation)
        return result
    }

    // MARK: Costs

    /// Kubernetes knows the overload only if the checker left one.
    private func charge(
        _ overload: Overload,
        _ values: [CELValue],
        _ result: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) {
        guard overloads.count == 1 || overload.isCostByName else { return try evaluation.charge(1) }
        try evaluation.charge(overload.cost, values, result)
    }

    private func charge(_ values: [CELValue], _ evaluation: inout Evaluation) throws(CELError) {
        guard let overload = overloads.first else { return try evaluation.charge(1) }
        try charge(overload, values, .null, &evaluation)
    }

    /// An estimate of what a call is charged of which an argument has failed: a closure's is left out.
    private static func failureCost(
        _ overloads: [Overload],
        _ values: [CELValue],
        _ evaluation: borrowing Evaluation
    ) -> UInt64 {
        guard overloads.count == 1, case .size(let place, let times) = overloads[0].cost, place < values.count else {
            return 1
        }
        return evaluation.tenth(times, evaluation.size(of: values[place]))
    }

    // MARK: Failures

    private func failed(
        _ error: CELError,
        _ overload: Overload,
        _ values: [CELValue],
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELError {
        if error.isCatchable { try charge(overload, values, .null, &evaluation) }
        return error.located(at: offset)
    }

    private func refuse(_ values: [CELValue], _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try charge(values, &evaluation)
        throw refusal(values, evaluation).located(at: offset)
    }

    private func refusal(_ values: [CELValue], _ evaluation: borrowing Evaluation) -> CELError {
        var names: [String] = []
        for value in values { names.append(evaluation.typeName(of: value)) }
        return Standard.noOverload(function, names)
    }
}

extension Overload {
    /// The type of the parameter for an argument; nil if there is none.
    func parameter(_ index: Int) -> CELType? {
        if index < parameters.count { return parameters[index] }
        if case .variadic = implementation { return parameters.last }
        return nil
    }

    /// Whether a call may have so many arguments.
    func takes(_ count: Int) -> Bool {
        if case .variadic = implementation { return count >= parameters.count - 1 }
        return count == parameters.count
    }
}

/// An operator whose implementation looks at its operands itself: `+ - * / %`.
final class ArithmeticNode: Node {
    typealias Body = @Sendable (CELValue, CELValue, inout Evaluation) throws(CELError) -> CELValue

    private let left: Node
    private let right: Node
    private let body: Body
    /// Whether the operands are known to be strings or bytes, which are charged for their length.
    private let isText: Bool

    init(_ left: Node, _ right: Node, isText: Bool, offset: Int, _ body: @escaping Body) {
        self.left = left
        self.right = right
        self.isText = isText
        self.body = body
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let isText = isText
        let (a, b) = try evaluateBoth(left, right, &evaluation) { a, b, evaluation in
            isText ? tenth(evaluation.size(of: a) + evaluation.size(of: b)) : 1
        }
        try evaluation.charge(isText ? tenth(evaluation.size(of: a) + evaluation.size(of: b)) : 1)
        do throws(CELError) { return try body(a, b, &evaluation) } catch { throw error.located(at: offset) }
    }
}

/// `contains`, `startsWith` and `endsWith`, on bytes where they lie.
final class TextPredicateNode: Node {
    enum Predicate: Sendable {
        case contains
        case startsWith
        case endsWith
    }

    private let text: Node
    private let part: Node
    private let predicate: Predicate
    private let name: String

    init(_ text: Node, _ part: Node, _ predicate: Predicate, name: String, offset: Int) {
        self.text = text
        self.part = part
        self.predicate = predicate
        self.name = name
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let predicate = predicate
        let (text, part) = try evaluateBoth(text, part, &evaluation) { text, part, evaluation in
            Self.cost(predicate, text, part, evaluation)
        }
        try evaluation.charge(Self.cost(predicate, text, part, evaluation))
        guard evaluation.isString(text), evaluation.isString(part) else {
            throw Standard.noOverload(name, text, part, in: evaluation).located(at: offset)
        }
        return .bool(
            try evaluation.withUTF8(text) { text throws(CELError) in
                try evaluation.withUTF8(part) { part throws(CELError) in
                    switch predicate {
                    case .contains: text.contains(part)
                    case .startsWith: text.count >= part.count && text.extracting(0..<part.count).isEqual(to: part)
                    case .endsWith:
                        text.count >= part.count && text.extracting((text.count - part.count)...).isEqual(to: part)
                    }
                }
            }
        )
    }

    private static func cost(
        _ predicate: Predicate,
        _ text: CELValue,
        _ part: CELValue,
        _ evaluation: borrowing Evaluation
    ) -> UInt64 {
        let cost = tenth(evaluation.size(of: text))
        return predicate == .contains ? cost * tenth(evaluation.size(of: part)) : cost
    }
}

/// `matches` with a pattern that is compiled with the expression.
final class MatchNode: Node {
    private let text: Node
    private let expression: RegularExpression
    /// The size of the pattern, for which the member is charged; nil for the function, which is not.
    private let patternSize: UInt64?

    init(_ text: Node, _ expression: RegularExpression, isMember: Bool, offset: Int) {
        self.text = text
        self.expression = expression
        patternSize = isMember ? UInt64(expression.pattern.utf8Span.span.codePoints) : nil
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let value = try text.evaluate(&evaluation)
        try evaluation.charge(patternSize.map { Standard.matchCost(evaluation.size(of: value), $0) } ?? 1)
        guard evaluation.isString(value) else {
            throw Standard.noOverload("matches", value, .string(""), in: evaluation).located(at: offset)
        }
        return .bool(try evaluation.withUTF8(value) { text throws(CELError) in expression.matches(text) })
    }
}

/// `in` whatever the list or map is.
final class MembershipNode: Node {
    private let element: Node
    private let container: Node
    /// Whether the container is known to be a list, which is charged for its length.
    private let isList: Bool

    init(_ element: Node, _ container: Node, isList: Bool, offset: Int) {
        self.element = element
        self.container = container
        self.isList = isList
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let isList = isList
        let (element, container) = try evaluateBoth(element, container, &evaluation) { _, container, evaluation in
            isList ? evaluation.size(of: container) : 1
        }
        try evaluation.charge(isList ? evaluation.size(of: container) : 1)
        do throws(CELError) {
            return .bool(try Standard.contains(container, element, &evaluation))
        } catch {
            throw error.located(at: offset)
        }
    }
}

/// `in` with a list of constant scalars: found by hash, and free of charge.
final class ConstantMembershipNode: Node {
    private let element: Node
    private let constants: [CELValue]
    private let index: KeyIndex?

    init(_ element: Node, _ constants: [CELValue], offset: Int) {
        self.element = element
        self.constants = constants
        index = constants.count > KeyIndex.worthwhile ? KeyIndex(constants.count) { constants[$0] } : nil
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let value = try element.evaluate(&evaluation)
        if let index { return .bool(index.place(of: value, evaluation) { constants[$0] } != nil) }
        for constant in constants where evaluation.isEqual(value, constant) { return .bool(true) }
        return .bool(false)
    }
}

/// `@not_strictly_false`, which macros ask whether to go on: an error does not stop them.
final class NotStrictlyFalseNode: Node {
    private let operand: Node

    init(_ operand: Node, offset: Int) {
        self.operand = operand
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        var result = true
        do throws(CELError) {
            if case .bool(false) = try operand.evaluate(&evaluation) { result = false }
        } catch {
            guard error.isCatchable else { throw error }
        }
        try evaluation.charge(1)
        return .bool(result)
    }
}
