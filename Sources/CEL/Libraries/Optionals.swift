internal import JSON

/// Values that may be absent (`optional.of`, `a.?b`, `orValue`).
enum Optionals {
    static let library = Library(
        name: "optional",
        types: [.optional(.dyn)],
        functions: [
            Function(
                name: "optional.of",
                overloads: [
                    Overload("optional_of", [value], .optional(value), availability: since28, .unary(of))
                ]
            ),
            Function(
                name: "optional.ofNonZeroValue",
                overloads: [
                    Overload(
                        "optional_ofNonZeroValue",
                        [value],
                        .optional(value),
                        availability: since28,
                        .unary { value, evaluation throws(CELError) in
                            evaluation.isZero(value) ? .optional(.none) : .optional(OptionalValue(value))
                        }
                    )
                ]
            ),
            Function(
                name: "optional.none",
                overloads: [
                    Overload(
                        "optional_none",
                        [],
                        .optional(value),
                        availability: since28,
                        .nullary { _ throws(CELError) in .optional(.none) }
                    )
                ]
            ),
            Function(
                name: "value",
                overloads: [
                    Overload(
                        "optional_value",
                        isMember: true,
                        [.optional(value)],
                        value,
                        availability: since28,
                        .unary { value, evaluation throws(CELError) in
                            guard let value = try optional(value, "value", evaluation).value else {
                                throw CELError(.invalidArgument, "optional.none() has no value")
                            }
                            return value
                        }
                    )
                ]
            ),
            Function(
                name: "hasValue",
                overloads: [
                    Overload(
                        "optional_hasValue",
                        isMember: true,
                        [.optional(value)],
                        .bool,
                        availability: since28,
                        .unary { value, evaluation throws(CELError) in
                            .bool(try optional(value, "hasValue", evaluation).value != nil)
                        }
                    )
                ]
            ),
            Function(
                name: "or",
                overloads: [
                    Overload(
                        "optional_or_optional",
                        isMember: true,
                        [.optional(value), .optional(value)],
                        .optional(value),
                        availability: since28,
                        cost: .free,
                        .planned
                    )
                ]
            ),
            Function(
                name: "orValue",
                overloads: [
                    Overload(
                        "optional_orValue_value",
                        isMember: true,
                        [.optional(value), value],
                        value,
                        availability: since28,
                        cost: .free,
                        .planned
                    )
                ]
            ),
            Function(
                name: "optional.unwrap",
                overloads: [
                    Overload(
                        "optional_unwrap",
                        [.list(.optional(value))],
                        .list(value),
                        availability: since28,
                        .unary(unwrap)
                    )
                ]
            ),
            Function(
                name: "unwrapOpt",
                overloads: [
                    Overload(
                        "optional_unwrapOpt",
                        isMember: true,
                        [.list(.optional(value))],
                        .list(value),
                        availability: since28,
                        .unary(unwrap)
                    )
                ]
            ),
            Function(
                name: "_?._",
                overloads: [
                    Overload(
                        "select_optional_field",
                        [.dyn, .string],
                        .optional(value),
                        availability: since28,
                        .planned
                    )
                ]
            ),
            Function(
                name: "_[?_]",
                overloads: [
                    Overload(
                        "list_optindex_optional_int",
                        [.list(value), .int],
                        .optional(value),
                        availability: since28,
                        .planned
                    ),
                    Overload(
                        "optional_list_optindex_optional_int",
                        [.optional(.list(value)), .int],
                        .optional(value),
                        availability: since28,
                        .planned
                    ),
                    Overload(
                        "map_optindex_optional_value",
                        [.map(key, value), key],
                        .optional(value),
                        availability: since28,
                        .planned
                    ),
                    Overload(
                        "optional_map_optindex_optional_value",
                        [.optional(.map(key, value)), key],
                        .optional(value),
                        availability: since28,
                        .planned
                    ),
                ]
            ),
        ]
    )

    private static let key = CELType.parameter("K")
    private static let value = CELType.parameter("V")
    private static let since28 = Availability.everywhere(kubernetes: 28)

    @Sendable private static func of(_ value: CELValue, _: inout Evaluation) throws(CELError) -> CELValue {
        .optional(OptionalValue(value))
    }

    private static func optional(
        _ value: CELValue,
        _ function: String,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> OptionalValue {
        guard case .optional(let optional) = value else {
            throw Standard.noOverload(function, value, in: evaluation)
        }
        return optional
    }

    @Sendable private static func unwrap(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue
    {
        var values: [CELValue] = []
        for element in evaluation.elements(of: list) {
            if let value = try optional(element, "unwrap", evaluation).value { values.append(value) }
        }
        return .list(ListValue(values))
    }
}

extension Evaluation {
    /// Whether a value is the empty one of its type, such as 0, an empty list or the beginning of 1970.
    func isZero(_ value: CELValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let value): !value
        case .int(let number): number == 0
        case .uint(let number): number == 0
        case .double(let number): number == 0
        case .string, .json, .bytes, .list, .map: size(of: value) == 0
        case .timestamp(let time): time.seconds == 0 && time.nanoseconds == 0
        case .duration(let span): span.totalNanoseconds == 0
        case .optional, .type: false
        case .object(let object): (object as? StructValue)?.fields.isEmpty ?? false
        }
    }
}
