extension Library {
    /// Lists taken for sets (cel-go `ext/sets.go`).
    static let sets = Library(
        name: "sets",
        functions: [
            Function("sets.contains", row("list_sets_contains_list", charge: 1, .binary(Sets.contains))),
            Function("sets.equivalent", row("list_sets_equivalent_list", charge: 2, .binary(Sets.equivalent))),
            Function("sets.intersects", row("list_sets_intersects_list", charge: 1, .binary(Sets.intersects))),
        ]
    )

    private static func row(_ id: String, charge: UInt64, _ implementation: Implementation) -> Overload {
        .function(
            id,
            [.list(.parameter("T")), .list(.parameter("T"))],
            .bool,
            availability: .everywhere(kubernetes: 29),
            charge: .computed { arguments, _, evaluation in
                Sets.comparisons(arguments[0], arguments[1], evaluation).saturatingMultiply(charge).saturatingAdd(1)
            },
            implementation
        )
    }
}

private enum Sets {
    static func comparisons(_ first: CELValue, _ second: CELValue, _ evaluation: borrowing Evaluation) -> UInt64 {
        evaluation.size(of: first).saturatingMultiply(evaluation.size(of: second))
    }

    /// Whether the first holds every element of the second.
    static func contains(
        _ list: CELValue,
        _ part: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.foresee(comparisons(list, part, evaluation))
        return .bool(try holdsAll(evaluation.elements(of: list), evaluation.elements(of: part), &evaluation))
    }

    static func equivalent(
        _ first: CELValue,
        _ second: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.foresee(comparisons(first, second, evaluation).saturatingMultiply(2))
        let (first, second) = (evaluation.elements(of: first), evaluation.elements(of: second))
        guard try holdsAll(first, second, &evaluation) else { return .bool(false) }
        return .bool(try holdsAll(second, first, &evaluation))
    }

    static func intersects(
        _ first: CELValue,
        _ second: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.foresee(comparisons(first, second, evaluation))
        let (first, second) = (evaluation.elements(of: first), evaluation.elements(of: second))
        for element in first where try holds(second, element, &evaluation) { return .bool(true) }
        return .bool(false)
    }

    private static func holdsAll(
        _ list: [CELValue],
        _ part: [CELValue],
        _ evaluation: inout Evaluation
    ) throws(CELError) -> Bool {
        for element in part where try !holds(list, element, &evaluation) { return false }
        return true
    }

    private static func holds(
        _ list: [CELValue],
        _ element: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> Bool {
        for other in list where try evaluation.compare(other, element) { return true }
        return false
    }
}
