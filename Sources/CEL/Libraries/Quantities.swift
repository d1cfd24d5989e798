extension Library {
    /// Kubernetes' functions on quantities (`apiserver/pkg/cel/library/quantity.go`).
    static let quantities = Library(
        name: "kubernetes.quantity",
        types: [type],
        functions: [
            Function("quantity", read("string_to_quantity", type, .unary(Quantities.quantity))),
            Function("isQuantity", read("is_quantity_string", .bool, .unary(Quantities.isQuantity))),
            // Not a method, whatever its documentation says.
            Function(
                "sign",
                .function(
                    "quantity_sign",
                    [type],
                    .int,
                    availability: since,
                    .unary { value, _ in .int(Int64(value.quantity.sign)) }
                )
            ),
            Function(
                "isInteger",
                method(
                    "quantity_is_integer",
                    [type],
                    .bool,
                    .unary { value, _ in .bool(value.quantity.integer != nil) }
                )
            ),
            Function("asInteger", method("quantity_get_int", [type], .int, .unary(Quantities.integer))),
            Function(
                "asApproximateFloat",
                method(
                    "quantity_get_float",
                    [type],
                    .double,
                    .unary { value, _ in .double(value.quantity.approximate) }
                )
            ),
            Function(
                "add",
                method("quantity_add", [type, type], type, .binary(Quantities.add)),
                method("quantity_add_int", [type, .int], type, .binary(Quantities.add))
            ),
            Function(
                "sub",
                method("quantity_sub", [type, type], type, .binary(Quantities.subtract)),
                method("quantity_sub_int", [type, .int], type, .binary(Quantities.subtract))
            ),
            comparison("isGreaterThan", "quantity_is_greater_than", .bool) { .bool($0 > 0) },
            comparison("isLessThan", "quantity_is_less_than", .bool) { .bool($0 < 0) },
            comparison("compareTo", "quantity_compare_to", .int) { .int(Int64($0)) },
        ]
    )

    private static let type = QuantityValue.type
    private static let since = Availability.kubernetesOnly(from: 28)

    private static func read(_ id: String, _ result: CELType, _ implementation: Implementation) -> Overload {
        .function(id, [.string], result, availability: since, named: .traversal, implementation)
    }

    private static func method(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        _ implementation: Implementation
    ) -> Overload {
        .method(id, parameters, result, availability: since, implementation)
    }

    private static func comparison(
        _ name: String,
        _ id: String,
        _ result: CELType,
        _ answer: @escaping @Sendable (Int) -> CELValue
    ) -> Function {
        Function(
            name,
            method(
                id,
                [type, type],
                result,
                .binary { first, second, _ in answer(first.quantity.order(second.quantity)) }
            )
        )
    }
}

/// A quantity as a value.
final class QuantityValue: ObjectValue {
    static let type = CELType.opaque("kubernetes.Quantity")
    let quantity: Quantity

    init(_ quantity: Quantity) { self.quantity = quantity }

    var type: CELType { Self.type }
    func isEqual(to other: any ObjectValue) -> Bool { (other as? QuantityValue)?.quantity.order(quantity) == 0 }
}

extension CELValue {
    /// A quantity, also of an integer.
    fileprivate var quantity: Quantity {
        if case .object(let object) = self, let value = object as? QuantityValue { return value.quantity }
        return Quantity(intValue)
    }
}

private enum Quantities {
    static func quantity(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .object(QuantityValue(try Quantity(evaluation.utf8(text))))
    }

    static func isQuantity(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .bool((try? Quantity(evaluation.utf8(text))) != nil)
    }

    static func integer(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        guard let integer = value.quantity.integer else {
            throw CELError(.arithmetic, "cannot convert value to integer")
        }
        return .int(integer)
    }

    static func add(
        _ first: CELValue,
        _ second: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        .object(QuantityValue(try first.quantity + second.quantity))
    }

    static func subtract(
        _ first: CELValue,
        _ second: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        .object(QuantityValue(try first.quantity - second.quantity))
    }
}
