extension Library {
    /// What the macros of two variables expand to (cel-go `ext/comprehensions.go`).
    static let twoVariableComprehensions = Library(
        name: "comprehensions",
        functions: [
            Function(
                "cel.@mapInsert",
                .function(
                    "@mapInsert_map_key_value",
                    [map, .parameter("K"), .parameter("V")],
                    map,
                    availability: .everywhere(kubernetes: 32),
                    .ternary(insert)
                ),
                .function(
                    "@mapInsert_map_map",
                    [map, map],
                    map,
                    availability: .everywhere(kubernetes: 32),
                    .binary(insert)
                )
            )
        ]
    )

    private static let map = CELType.map(.parameter("K"), .parameter("V"))

    private static func insert(
        _ map: CELValue,
        _ key: CELValue,
        _ value: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.allowed(.map(MapValue(unchecked: try inserting([(key, value)], into: map, evaluation))))
    }

    private static func insert(
        _ map: CELValue,
        _ other: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.allowed(
            .map(MapValue(unchecked: try inserting(evaluation.entries(of: other), into: map, evaluation)))
        )
    }

    private static func inserting(
        _ new: [(key: CELValue, value: CELValue)],
        into map: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> [(key: CELValue, value: CELValue)] {
        var entries = evaluation.entries(of: map)
        try evaluation.allowElements(entries.count + new.count)
        for entry in new {
            for other in entries where evaluation.isEqual(other.key, entry.key) {
                throw CELError(.duplicateKey, "insert failed: the key exists already")
            }
            entries.append(entry)
        }
        return entries
    }
}
