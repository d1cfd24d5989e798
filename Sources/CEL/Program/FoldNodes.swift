internal import JSON

/// What the comprehensions have in common: the range and the variables that walk over it.
struct Loop {
    let range: Node
    /// Where the element lies, or the index or key where there are two variables.
    let slot: Int
    /// Where the value lies, if there are two variables.
    let secondSlot: Int?

    /// Calls a closure for each element of a list, key of a map, or pair of index or key and value.
    ///
    /// The closure returns whether to go on; a range that is neither a list nor a map is an error.
    @inline(__always)
    func forEach(
        _ evaluation: inout Evaluation,
        _ body: (inout Evaluation) throws(CELError) -> Bool
    ) throws(CELError) {
        let range = try range.evaluate(&evaluation)
        switch range {
        case .list(let list):
            for (index, element) in list.elements.enumerated() {
                try evaluation.step()
                set(.int(Int64(index)), element, &evaluation)
                guard try body(&evaluation) else { return }
            }
        case .map(let map):
            for (key, value) in map.entries {
                try evaluation.step()
                set(key, secondSlot == nil ? key : value, &evaluation)
                guard try body(&evaluation) else { return }
            }
        case .json(let json) where json.isArray:
            let document = evaluation.document(of: json)
            var index: Int64 = 0
            for element in document.elements(of: json) {
                try evaluation.step()
                set(.int(index), evaluation.value(element, in: document), &evaluation)
                index += 1
                guard try body(&evaluation) else { return }
            }
        case .json(let json) where json.isObject:
            let document = evaluation.document(of: json)
            for (key, value) in document.members(of: json) {
                try evaluation.step()
                set(.json(key), secondSlot == nil ? .json(key) : evaluation.value(value, in: document), &evaluation)
                guard try body(&evaluation) else { return }
            }
        default:
            throw CELError(
                .noSuchOverload,
                "\(evaluation.typeName(of: range)) is neither a list nor a map to go through"
            )
            .located(at: self.range.offset)
        }
    }

    @inline(__always)
    private func set(_ key: CELValue, _ value: CELValue, _ evaluation: inout Evaluation) {
        guard let secondSlot else { return evaluation.setSlot(slot, to: value) }
        evaluation.setSlot(slot, to: key)
        evaluation.setSlot(secondSlot, to: value)
    }
}

/// `all` and `exists`: ends at the first element that decides, which it does even if others fail.
///
/// The charges are those of cel-go's expansion, for instance of `all`: `@not_strictly_false(@result)` before each step,
/// `@result && predicate` as the step and `@result` at the end.
final class QuantifierNode: Node {
    private let loop: Loop
    private let predicate: Node
    /// The value of a predicate that decides: false for `all`.
    private let deciding: Bool
    private let name: String

    init(_ loop: Loop, _ predicate: Node, deciding: Bool, name: String, offset: Int) {
        self.loop = loop
        self.predicate = predicate
        self.deciding = deciding
        self.name = name
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        // `exists` asks for `!@result`, which is one call more.
        let conditionCost: UInt64 = deciding ? 3 : 2
        var isDecided = false
        var failure: CELError?
        try loop.forEach(&evaluation) { evaluation throws(CELError) in
            try evaluation.charge(conditionCost)
            guard !isDecided else { return false }
            try evaluation.charge(1)
            do throws(CELError) {
                isDecided = try predicate.evaluateBool(&evaluation, name) == deciding
            } catch {
                guard error.isCatchable else { throw error }
                failure = failure ?? error
            }
            return true
        }
        try evaluation.charge(1)
        if isDecided { return .bool(deciding) }
        if let failure { throw failure }
        return .bool(!deciding)
    }
}

/// `exists_one` and `existsOne`.
final class ExistsOneNode: Node {
    private let loop: Loop
    private let predicate: Node

    init(_ loop: Loop, _ predicate: Node, offset: Int) {
        self.loop = loop
        self.predicate = predicate
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        var count = 0
        var failure: CELError?
        try loop.forEach(&evaluation) { evaluation throws(CELError) in
            do throws(CELError) {
                if try predicate.evaluateBool(&evaluation, "exists_one") {
                    // `@result + 1`
                    try evaluation.charge(2)
                    count += 1
                }
            } catch {
                guard error.isCatchable else { throw error }
                failure = failure ?? error
            }
            return true
        }
        // `@result == 1`
        try evaluation.charge(2)
        if let failure { throw failure }
        return .bool(count == 1)
    }
}

/// `map`, `filter` and `transformList`: appends in place.
final class CollectNode: Node {
    private let loop: Loop
    private let filter: Node?
    private let element: Node

    init(_ loop: Loop, filter: Node?, _ element: Node, offset: Int) {
        self.loop = loop
        self.filter = filter
        self.element = element
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        // `@result + [element]`: the variable, the operator, and a list unless its element is constant.
        let cost: UInt64 = element.constant == nil ? 12 : 2
        var values: [CELValue] = []
        var failure: CELError?
        try loop.forEach(&evaluation) { evaluation throws(CELError) in
            do throws(CELError) {
                if let filter, !(try filter.evaluateBool(&evaluation, "?:")) { return true }
                try evaluation.charge(cost)
                let value = try element.evaluate(&evaluation)
                guard failure == nil else { return true }
                try evaluation.allowElements(values.count + 1)
                values.append(value)
            } catch {
                guard error.isCatchable else { throw error }
                failure = failure ?? error
            }
            return true
        }
        try evaluation.charge(1)
        if let failure { throw failure }
        return try evaluation.allowed(.list(ListValue(values)), at: offset)
    }
}

/// `transformMap` and `transformMapEntry`: inserts in place.
final class CollectMapNode: Node {
    private let loop: Loop
    private let filter: Node?
    /// nil where the value is a map whose entries are inserted.
    private let key: Node?
    private let value: Node

    init(_ loop: Loop, filter: Node?, key: Node?, _ value: Node, offset: Int) {
        self.loop = loop
        self.filter = filter
        self.key = key
        self.value = value
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        var builder = MapBuilder(isStrict: true)
        var failure: CELError?
        try loop.forEach(&evaluation) { evaluation throws(CELError) in
            do throws(CELError) {
                if let filter, !(try filter.evaluateBool(&evaluation, "?:")) { return true }
                try evaluation.charge(1)
                // A call of three arguments is not made once the first of them has failed.
                guard failure == nil || key == nil else { return true }
                if let key {
                    let key = try key.evaluate(&evaluation)
                    let value = try value.evaluate(&evaluation)
                    try evaluation.charge(1)
                    try builder.add(key, value, evaluation)
                } else {
                    let map = try value.evaluate(&evaluation)
                    try evaluation.charge(1)
                    guard evaluation.isValue(map, of: .map(.dyn, .dyn)) else {
                        throw Standard.noOverload("transformMapEntry", map, in: evaluation)
                    }
                    for (key, value) in evaluation.entries(of: map) { try builder.add(key, value, evaluation) }
                }
            } catch {
                guard error.isCatchable else { throw error }
                failure = failure ?? error.located(at: value.offset)
            }
            return true
        }
        try evaluation.charge(1)
        if let failure { throw failure }
        return try evaluation.allowed(builder.finish(), at: offset)
    }
}

/// A comprehension of no known form, evaluated part by part.
final class FoldNode: Node {
    private let loop: Loop
    private let accumulator: Int
    private let initial: Node
    private let condition: Node
    private let step: Node
    private let result: Node

    init(
        _ loop: Loop,
        accumulator: Int,
        initial: Node,
        condition: Node,
        step: Node,
        result: Node,
        offset: Int
    ) {
        self.loop = loop
        self.accumulator = accumulator
        self.initial = initial
        self.condition = condition
        self.step = step
        self.result = result
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try accumulate(initial, &evaluation)
        try loop.forEach(&evaluation) { evaluation throws(CELError) in
            do throws(CELError) {
                if case .bool(false) = try condition.evaluate(&evaluation) { return false }
            } catch {
                // A condition that fails does not end the loop, see cel-go's `evalFold`.
                guard error.isCatchable else { throw error }
            }
            try accumulate(step, &evaluation)
            return true
        }
        return try result.evaluate(&evaluation)
    }

    private func accumulate(_ node: Node, _ evaluation: inout Evaluation) throws(CELError) {
        let value: CELValue
        do throws(CELError) {
            value = try node.evaluate(&evaluation)
        } catch {
            guard error.isCatchable else { throw error }
            value = .object(Failure(error))
        }
        evaluation.setSlot(accumulator, to: value)
    }
}

/// `cel.bind` and `cel.block`: names for expressions that are evaluated once, when they are first read.
final class BindNode: Node {
    private let slots: Range<Int>
    private let result: Node

    init(_ slots: Range<Int>, _ result: Node, offset: Int) {
        self.slots = slots
        self.result = result
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        for slot in slots { evaluation.setSlot(slot, to: .object(Pending.value)) }
        return try result.evaluate(&evaluation)
    }
}
