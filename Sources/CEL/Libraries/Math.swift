extension Library {
    /// Functions on numbers (cel-go `ext/math.go`); `math.least` and `math.greatest` are macros of `math.@min` and `math.@max`.
    static let math = Library(
        name: "math",
        functions: [
            Function(name: "math.@min", overloads: extremes("min", .least)),
            Function(name: "math.@max", overloads: extremes("max", .greatest)),
            Function("math.ceil", rounding("ceil", .up)),
            Function("math.floor", rounding("floor", .down)),
            Function("math.round", rounding("round", .toNearestOrAwayFromZero)),
            Function("math.trunc", rounding("trunc", .towardZero)),
            Function("math.isInf", predicate("isInf") { $0.isInfinite }),
            Function("math.isNaN", predicate("isNaN") { $0.isNaN }),
            Function("math.isFinite", predicate("isFinite") { $0.isFinite }),
            Function(
                "math.abs",
                row("math_abs_double", [.double], .double, .unary(Arithmetic.magnitude)),
                row("math_abs_int", [.int], .int, .unary(Arithmetic.magnitude)),
                row("math_abs_uint", [.uint], .uint, .unary(Arithmetic.magnitude))
            ),
            Function(
                "math.sign",
                row("math_sign_double", [.double], .double, .unary(Arithmetic.sign)),
                row("math_sign_int", [.int], .int, .unary(Arithmetic.sign)),
                row("math_sign_uint", [.uint], .uint, .unary(Arithmetic.sign))
            ),
            Function(
                "math.sqrt",
                row("math_sqrt_double", [.double], .double, .unary(Arithmetic.squareRoot)),
                row("math_sqrt_int", [.int], .double, .unary(Arithmetic.squareRoot)),
                row("math_sqrt_uint", [.uint], .double, .unary(Arithmetic.squareRoot))
            ),
            Function(name: "math.bitAnd", overloads: bits("bitAnd", { $0 & $1 }, { $0 & $1 })),
            Function(name: "math.bitOr", overloads: bits("bitOr", { $0 | $1 }, { $0 | $1 })),
            Function(name: "math.bitXor", overloads: bits("bitXor", { $0 ^ $1 }, { $0 ^ $1 })),
            Function(
                "math.bitNot",
                row("math_bitNot_int_int", [.int], .int, .unary(Arithmetic.complement)),
                row("math_bitNot_uint_uint", [.uint], .uint, .unary(Arithmetic.complement))
            ),
            Function(
                "math.bitShiftLeft",
                row("math_bitShiftLeft_int_int", [.int, .int], .int, .binary(Arithmetic.shiftLeft)),
                row("math_bitShiftLeft_uint_int", [.uint, .int], .uint, .binary(Arithmetic.shiftLeft))
            ),
            Function(
                "math.bitShiftRight",
                row("math_bitShiftRight_int_int", [.int, .int], .int, .binary(Arithmetic.shiftRight)),
                row("math_bitShiftRight_uint_int", [.uint, .int], .uint, .binary(Arithmetic.shiftRight))
            ),
        ]
    )

    private static func row(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        _ implementation: Implementation
    ) -> Overload {
        .function(id, parameters, result, availability: .standardOnly, implementation)
    }

    /// One number, two of any kinds, or a list.
    private static func extremes(_ name: String, _ extreme: Extreme) -> [Overload] {
        let kinds: [(name: String, type: CELType)] = [("double", .double), ("int", .int), ("uint", .uint)]
        var rows = kinds.map { kind in
            row("math_@\(name)_\(kind.name)", [kind.type], kind.type, .unary { value, _ in value })
        }
        for first in kinds {
            for second in kinds {
                rows.append(
                    row(
                        "math_@\(name)_\(first.name)_\(second.name)",
                        [first.type, second.type],
                        first.type == second.type ? first.type : .dyn,
                        .binary { (first, second, evaluation) throws(CELError) in
                            try extreme.of(first, second, evaluation)
                        }
                    )
                )
            }
        }
        rows += kinds.map { kind in
            row(
                "math_@\(name)_list_\(kind.name)",
                [.list(kind.type)],
                kind.type,
                .unary { (list, evaluation) throws(CELError) in try extreme.of(list, evaluation) }
            )
        }
        return rows
    }

    private static func rounding(_ name: String, _ rule: FloatingPointRoundingRule) -> Overload {
        row("math_\(name)_double", [.double], .double, .unary { value, _ in .double(value.doubleValue.rounded(rule)) })
    }

    private static func predicate(_ name: String, _ holds: @escaping @Sendable (Double) -> Bool) -> Overload {
        row("math_\(name)_double", [.double], .bool, .unary { value, _ in .bool(holds(value.doubleValue)) })
    }

    private static func bits(
        _ name: String,
        _ signed: @escaping @Sendable (Int64, Int64) -> Int64,
        _ unsigned: @escaping @Sendable (UInt64, UInt64) -> UInt64
    ) -> [Overload] {
        [
            row(
                "math_\(name)_int_int",
                [.int, .int],
                .int,
                .binary { first, second, _ in .int(signed(first.intValue, second.intValue)) }
            ),
            row(
                "math_\(name)_uint_uint",
                [.uint, .uint],
                .uint,
                .binary { first, second, _ in .uint(unsigned(first.uintValue, second.uintValue)) }
            ),
        ]
    }
}

/// The least or the greatest of numbers, which keep their kinds; of equal ones the first.
private enum Extreme: Sendable {
    case least
    case greatest

    func of(_ first: CELValue, _ second: CELValue, _ evaluation: borrowing Evaluation) throws(CELError) -> CELValue {
        guard first.isNumber, second.isNumber else {
            throw CELError(.noSuchOverload, "no such overload: math.\(name)")
        }
        return try evaluation.order(first, second) == (self == .least ? 1 : -1) ? second : first
    }

    func of(_ list: CELValue, _ evaluation: borrowing Evaluation) throws(CELError) -> CELValue {
        let elements = evaluation.elements(of: list)
        guard var result = elements.first else {
            throw CELError(.invalidArgument, "math.\(name)(list) argument must not be empty")
        }
        guard result.isNumber else { throw CELError(.noSuchOverload, "no such overload: math.\(name)") }
        for element in elements.dropFirst() { result = try of(result, element, evaluation) }
        return result
    }

    private var name: String { self == .least ? "@min" : "@max" }
}

extension CELValue {
    fileprivate var isNumber: Bool {
        switch self {
        case .int, .uint, .double: true
        default: false
        }
    }
}

private enum Arithmetic {
    static func magnitude(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch value {
        case .int(.min): throw CELError(.arithmetic, "integer overflow")
        case .int(let number): .int(abs(number))
        case .double(let number): .double(abs(number))
        default: value
        }
    }

    static func sign(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch value {
        case .int(let number): .int(number.signum())
        case .uint(let number): .uint(number == 0 ? 0 : 1)
        case .double(let number): number.isNaN ? value : .double(number > 0 ? 1 : number < 0 ? -1 : 0)
        default: value
        }
    }

    static func squareRoot(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch value {
        case .int(let number): .double(Double(number).squareRoot())
        case .uint(let number): .double(Double(number).squareRoot())
        default: .double(value.doubleValue.squareRoot())
        }
    }

    static func complement(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        if case .uint(let number) = value { .uint(~number) } else { .int(~value.intValue) }
    }

    static func shiftLeft(
        _ value: CELValue,
        _ count: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let count = try offset(count, "math.bitShiftLeft")
        return if case .uint(let number) = value { .uint(number << count) } else { .int(value.intValue << count) }
    }

    /// Fills with zeros, also for signed numbers.
    static func shiftRight(
        _ value: CELValue,
        _ count: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let count = try offset(count, "math.bitShiftRight")
        if case .uint(let number) = value { return .uint(number >> count) }
        return .int(Int64(bitPattern: UInt64(bitPattern: value.intValue) >> count))
    }

    private static func offset(_ count: CELValue, _ name: String) throws(CELError) -> Int64 {
        guard count.intValue >= 0 else {
            throw CELError(.invalidArgument, "\(name)() negative offset: \(count.intValue)")
        }
        return count.intValue
    }
}
