extension Library {
    /// Functions on lists (cel-go `ext/lists.go`, version 3); `sortBy` is a macro of `@sortByAssociatedKeys`.
    static let lists = Library(
        name: "lists",
        functions: [
            Function("slice", row("list_slice", [.list(t), .int, .int], .list(t), .ternary(Lists.slice), outputCost)),
            Function(
                "flatten",
                row("list_flatten", [.list(.list(t))], .list(t), .unary(Lists.flatten), flattenCost),
                row("list_flatten_int", [.list(.dyn), .int], .list(.dyn), .binary(Lists.flatten), flattenCost)
            ),
            Function(
                "lists.range",
                .function(
                    "lists_range",
                    [.int],
                    .list(.int),
                    availability: .everywhere(kubernetes: 34),
                    charge: outputCost,
                    .unary(Lists.range)
                )
            ),
            Function("reverse", row("list_reverse", [.list(t)], .list(t), .unary(Lists.reverse), outputCost)),
            Function("distinct", row("list_distinct", [.list(t)], .list(t), .unary(Lists.distinct), comparingCost(0))),
            Function(
                name: "sort",
                overloads: CELType.comparable.map { type in
                    let list = CELType.list(type)
                    return row("list_\(type.runtimeName)_sort", [list], list, .unary(Lists.sort), comparingCost(0))
                }
            ),
            Function(
                name: "@sortByAssociatedKeys",
                overloads: CELType.comparable.map { type in
                    row(
                        "list_\(type.runtimeName)_sortByAssociatedKeys",
                        [.list(t), .list(type)],
                        .list(t),
                        .binary(Lists.sort),
                        comparingCost(1)
                    )
                }
            ),
            Function("first", row("list_first", [.list(t)], .optional(t), .unary(Lists.first), .one)),
            Function("last", row("list_last", [.list(t)], .optional(t), .unary(Lists.last), .one)),
        ]
    )

    private static let t = CELType.parameter("T")

    private static func row(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        _ implementation: Implementation,
        _ charge: CallCost
    ) -> Overload {
        .method(
            id,
            parameters,
            result,
            availability: .everywhere(kubernetes: 34),
            charge: charge,
            implementation
        )
    }

    /// A unit for each element of the result, one for the call and ten for a new list.
    private static let outputCost = CallCost.computed { _, result, evaluation in evaluation.size(of: result) + 11 }
    private static let flattenCost = CallCost.computed { arguments, _, evaluation in
        let depth = arguments.count > 1 ? UInt64(clamping: arguments[1].intValue) : 1
        return evaluation.size(of: arguments[0]).saturatingMultiply(depth).saturatingAdd(11)
    }

    /// Every element compared with every other one.
    private static func comparingCost(_ list: Int) -> CallCost {
        .computed { arguments, _, evaluation in Lists.comparisons(arguments[list], evaluation) }
    }
}

extension CELType {
    /// The types whose values have an order.
    static let comparable: [CELType] = [.int, .uint, .double, .bool, .duration, .timestamp, .string, .bytes]
}

private enum Lists {
    static func slice(
        _ list: CELValue,
        _ start: CELValue,
        _ end: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let (start, end) = (start.intValue, end.intValue)
        let elements = evaluation.elements(of: list)
        let problem: String? =
            if start < 0 || end < 0 {
                "negative indexes not supported"
            } else if start > end {
                "start index must be less than or equal to end index"
            } else if end > elements.count {
                "list is length \(elements.count)"
            } else {
                nil
            }
        if let problem { throw CELError(.invalidArgument, "cannot slice(\(start), \(end)), \(problem)") }
        return .list(ListValue(Array(elements[Int(start)..<Int(end)])))
    }

    static func flatten(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try flatten(list, .int(1), &evaluation)
    }

    static func flatten(
        _ list: CELValue,
        _ depth: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        guard depth.intValue >= 0, depth.intValue < .max else {
            throw CELError(.invalidArgument, "level must be non-negative")
        }
        var result: [CELValue] = []
        // Without recursion: JSON may be deep.
        var pending = [(value: list, depth: depth.intValue + 1)]
        while let (value, depth) = pending.popLast() {
            if depth > 0, value.isList {
                for element in evaluation.elements(of: value).reversed() { pending.append((element, depth - 1)) }
            } else {
                result.append(value)
            }
            try evaluation.allowElements(result.count + pending.count)
        }
        return .list(ListValue(result))
    }

    static func range(_ count: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let count = Swift.max(0, count.intValue)
        try evaluation.foresee(UInt64(count))
        try evaluation.allowElements(Int(count))
        return .list(ListValue((0..<count).map { .int($0) }))
    }

    static func reverse(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .list(ListValue(evaluation.elements(of: list).reversed()))
    }

    static func first(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .optional(evaluation.elements(of: list).first.map { OptionalValue($0) } ?? .none)
    }

    static func last(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .optional(evaluation.elements(of: list).last.map { OptionalValue($0) } ?? .none)
    }

    /// The elements without those that are equal to an earlier one.
    static func distinct(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.foresee(comparisons(list, evaluation))
        var result: [CELValue] = []
        for element in evaluation.elements(of: list) where try !holds(result, element, &evaluation) {
            result.append(element)
        }
        return .list(ListValue(result))
    }

    private static func holds(
        _ list: [CELValue],
        _ element: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> Bool {
        for other in list where try evaluation.compare(element, other) { return true }
        return false
    }

    static func sort(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try sort(list, list, &evaluation)
    }

    /// Sorts a list by the keys of its elements, which another list holds; what is equal keeps its order.
    static func sort(
        _ list: CELValue,
        _ keys: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let (elements, keys) = (evaluation.elements(of: list), evaluation.elements(of: keys))
        guard elements.count == keys.count else {
            throw CELError(
                .invalidArgument,
                "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, "
                    + "but got \(elements.count) and \(keys.count) elements respectively"
            )
        }
        guard let first = keys.first else { return list }
        let type = evaluation.type(of: first)
        guard CELType.comparable.contains(type) else {
            throw CELError(.invalidArgument, "list elements must be comparable")
        }
        guard keys.allSatisfy({ evaluation.type(of: $0) == type }) else {
            throw CELError(.invalidArgument, "list elements must have the same type")
        }
        var order = Array(keys.indices)
        // NaN has no order and stays where it is.
        merge(&order) { (try? evaluation.order(keys[$0], keys[$1])) == 1 }
        return .list(ListValue(order.map { elements[$0] }))
    }

    /// Sorts by merging runs of growing length, which terminates and keeps the order of equals whatever `isAfter` says: an
    /// order with NaN in it is none.
    private static func merge(_ order: inout [Int], _ isAfter: (Int, Int) -> Bool) {
        var width = 1
        var merged = order
        while width < order.count {
            for start in stride(from: 0, to: order.count, by: width * 2) {
                let middle = Swift.min(start + width, order.count)
                let end = Swift.min(start + width * 2, order.count)
                var (left, right) = (start, middle)
                for place in start..<end {
                    if right == end || left < middle && !isAfter(order[left], order[right]) {
                        merged[place] = order[left]
                        left += 1
                    } else {
                        merged[place] = order[right]
                        right += 1
                    }
                }
            }
            swap(&order, &merged)
            width *= 2
        }
    }

    static func comparisons(_ list: CELValue, _ evaluation: borrowing Evaluation) -> UInt64 {
        let count = evaluation.size(of: list)
        var factor = 2.0
        switch evaluation.elements(of: list).first.map({ evaluation.type(of: $0) }) {
        case .string, .bytes: factor += 0.1
        default: break
        }
        let product = Double(count.saturatingMultiply(count)) * factor
        return (product < 0x1p63 ? UInt64(product) : .max).saturatingAdd(11)
    }
}
