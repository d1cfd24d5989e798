internal import JSON

/// The operators and functions of the language's own definition.
///
/// All overloads of an operator share an implementation, which looks at the kinds of its arguments: so the planner may call it
/// without choosing an overload first.
enum Standard {
    static let library = Library(
        name: "standard",
        types: [
            .bool, .bytes, .double, .duration, .int, .list(.dyn), .map(.dyn, .dyn), .null, .string, .timestamp, .uint,
        ],
        functions: logic + arithmetic + relations + containers + conversions + strings + times
    )

    private typealias Signature = (id: String, left: CELType, right: CELType, result: CELType)

    private static let a = CELType.parameter("A")
    private static let b = CELType.parameter("B")

    private static let logic = [
        Function(name: "_?_:_", overloads: [Overload("conditional", [.bool, a, a], a, cost: .free, .planned)]),
        Function(name: "_&&_", overloads: [Overload("logical_and", [.bool, .bool], .bool, cost: .free, .planned)]),
        Function(name: "_||_", overloads: [Overload("logical_or", [.bool, .bool], .bool, cost: .free, .planned)]),
        Function(name: "!_", overloads: [Overload("logical_not", [.bool], .bool, .unary(not))]),
        Function(
            name: "@not_strictly_false",
            overloads: [Overload("not_strictly_false", [.bool], .bool, .planned)]
        ),
        Function(name: "_==_", overloads: [Overload("equals", [a, a], .bool, .planned)]),
        Function(name: "_!=_", overloads: [Overload("not_equals", [a, a], .bool, .planned)]),
    ]

    private static let arithmetic = [
        Function(
            name: "_+_",
            overloads: [
                ("add_int64", .int, .int, .int), ("add_uint64", .uint, .uint, .uint),
                ("add_double", .double, .double, .double), ("add_string", .string, .string, .string),
                ("add_bytes", .bytes, .bytes, .bytes), ("add_list", .list(a), .list(a), .list(a)),
                ("add_duration_duration", .duration, .duration, .duration),
                ("add_duration_timestamp", .duration, .timestamp, .timestamp),
                ("add_timestamp_duration", .timestamp, .duration, .timestamp),
            ].map { (row: Signature) in
                let isText = row.left == .string || row.left == .bytes
                let cost: CallCost = isText ? .computed(concatenation) : .one
                return Overload(row.id, [row.left, row.right], row.result, cost: cost, .binary(add))
            }
        ),
        Function(
            name: "_-_",
            overloads: [
                ("subtract_int64", .int, .int, .int), ("subtract_uint64", .uint, .uint, .uint),
                ("subtract_double", .double, .double, .double),
                ("subtract_duration_duration", .duration, .duration, .duration),
                ("subtract_timestamp_duration", .timestamp, .duration, .timestamp),
                ("subtract_timestamp_timestamp", .timestamp, .timestamp, .duration),
            ].map { (row: Signature) in Overload(row.id, [row.left, row.right], row.result, .binary(subtract)) }
        ),
        numeric("_*_", "multiply", [.int, .uint, .double], multiply),
        numeric("_/_", "divide", [.int, .uint, .double], divide),
        numeric("_%_", "modulo", [.int, .uint], modulo),
        Function(
            name: "-_",
            overloads: [
                Overload("negate_int64", [.int], .int, .unary(negate)),
                Overload("negate_double", [.double], .double, .unary(negate)),
            ]
        ),
    ]

    private static func numeric(
        _ name: String,
        _ verb: String,
        _ types: [CELType],
        _ body: @escaping @Sendable (CELValue, CELValue, inout Evaluation) throws(CELError) -> CELValue
    ) -> Function {
        Function(
            name: name,
            overloads: types.map { Overload("\(verb)_\(suffix($0))", [$0, $0], $0, .binary(body)) }
        )
    }

    private static func suffix(_ type: CELType) -> String {
        switch type {
        case .int: "int64"
        case .uint: "uint64"
        default: type.runtimeName
        }
    }

    private static let relations = [
        relation("_<_", "less") { $0 < 0 }, relation("_<=_", "less_equals") { $0 <= 0 },
        relation("_>_", "greater") { $0 > 0 }, relation("_>=_", "greater_equals") { $0 >= 0 },
    ]

    private static func relation(_ name: String, _ verb: String, _ holds: @escaping @Sendable (Int) -> Bool) -> Function
    {
        let body = Implementation.binary { a, b, evaluation throws(CELError) in .bool(holds(try evaluation.order(a, b)))
        }
        let same: [CELType] = [.bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration]
        let numbers: [CELType] = [.int, .uint, .double]
        var overloads = same.map { type in
            let isText = type == .string || type == .bytes
            return Overload(
                "\(verb)_\(type == .timestamp ? "timestamp" : type == .duration ? "duration" : suffix(type))",
                [type, type],
                .bool,
                cost: isText ? .computed(comparison) : .one,
                body
            )
        }
        for left in numbers {
            for right in numbers where left != right {
                // Kubernetes has compared numbers of different types since 1.28, before every release that is known here.
                overloads.append(Overload("\(verb)_\(suffix(left))_\(suffix(right))", [left, right], .bool, body))
            }
        }
        return Function(name: name, overloads: overloads)
    }

    private static let containers = [
        Function(
            name: "_[_]",
            overloads: [
                Overload("index_list", [.list(a), .int], a, .planned),
                Overload("index_map", [.map(a, b), a], b, .planned),
                Overload("optional_list_index_int", [.optional(.list(a)), .int], .optional(a), .planned),
                Overload("optional_map_index_value", [.optional(.map(a, b)), a], .optional(b), .planned),
            ]
        ),
        Function(
            name: "@in",
            overloads: [
                Overload("in_list", [a, .list(a)], .bool, cost: .computed(listSize), .planned),
                Overload("in_map", [a, .map(a, b)], .bool, .planned),
            ]
        ),
        Function(
            name: "size",
            overloads: [("string", .string), ("bytes", .bytes), ("list", .list(a)), ("map", .map(a, b))].flatMap {
                (row: (String, CELType)) in
                [
                    Overload("size_\(row.0)", [row.1], .int, .unary(size)),
                    Overload("\(row.0)_size", isMember: true, [row.1], .int, .unary(size)),
                ]
            }
        ),
    ]

    // MARK: Costs

    private static func concatenation(_ arguments: [CELValue], _: CELValue, _ evaluation: inout Evaluation) -> UInt64 {
        tenth(evaluation.size(of: arguments[0]) + evaluation.size(of: arguments[1]))
    }

    private static func comparison(_ arguments: [CELValue], _: CELValue, _ evaluation: inout Evaluation) -> UInt64 {
        tenth(min(evaluation.size(of: arguments[0]), evaluation.size(of: arguments[1])))
    }

    private static func listSize(_ arguments: [CELValue], _: CELValue, _ evaluation: inout Evaluation) -> UInt64 {
        evaluation.size(of: arguments[1])
    }
}

// MARK: Operators

extension Standard {
    static func noOverload(_ function: String, _ arguments: CELValue..., in evaluation: borrowing Evaluation)
        -> CELError
    {
        var names: [String] = []
        for argument in arguments { names.append(evaluation.typeName(of: argument)) }
        return noOverload(function, names)
    }

    static func noOverload(_ function: String, _ types: [String]) -> CELError {
        // Operators are called `!_` inside.
        let name = function.hasSuffix("_") ? function.filter { $0 != "_" } : function
        return CELError(.noSuchOverload, "no such overload: \(name) for \(types.joined(separator: ", "))")
    }

    private static let overflow = CELError(.arithmetic, "the result leaves the range of 64 bits")
    private static let timeOverflow = CELError(.arithmetic, "the time leaves the range of years 1 to 9999")
    private static let spanOverflow = CELError(.arithmetic, "the duration leaves the range of 292 years")

    @Sendable static func not(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        guard case .bool(let value) = value else { throw noOverload("!", value, in: evaluation) }
        return .bool(!value)
    }

    @Sendable static func negate(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch value {
        case .int(let value): return .int(try checked(Int64(0).subtractingReportingOverflow(value)))
        case .double(let value): return .double(-value)
        case .duration(let value):
            let (span, isTooLong) = Int64(0).subtractingReportingOverflow(value.totalNanoseconds)
            guard !isTooLong else { throw spanOverflow }
            return .duration(DurationValue(nanoseconds: span))
        default: throw noOverload("-", value, in: evaluation)
        }
    }

    @inline(__always)
    private static func checked<Number>(_ result: (partialValue: Number, overflow: Bool)) throws(CELError) -> Number {
        guard !result.overflow else { throw overflow }
        return result.partialValue
    }

    @Sendable static func add(_ a: CELValue, _ b: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue
    {
        switch (a, b) {
        case (.int(let a), .int(let b)): return .int(try checked(a.addingReportingOverflow(b)))
        case (.uint(let a), .uint(let b)): return .uint(try checked(a.addingReportingOverflow(b)))
        case (.double(let a), .double(let b)): return .double(a + b)
        case (.timestamp(let time), .duration(let span)), (.duration(let span), .timestamp(let time)):
            guard let sum = time.advanced(by: span) else { throw timeOverflow }
            return .timestamp(sum)
        case (.duration(let a), .duration(let b)):
            let (sum, isTooLong) = a.totalNanoseconds.addingReportingOverflow(b.totalNanoseconds)
            guard !isTooLong else { throw spanOverflow }
            return .duration(DurationValue(nanoseconds: sum))
        case (.bytes(let a), .bytes(let b)):
            try evaluation.allowString(a.count + b.count)
            return .bytes(a + b)
        default:
            if evaluation.isString(a), evaluation.isString(b) { return try concatenate(a, b, &evaluation) }
            guard evaluation.isValue(a, of: .list(.dyn)), evaluation.isValue(b, of: .list(.dyn)) else {
                throw noOverload("+", a, b, in: evaluation)
            }
            let count = evaluation.count(of: b)
            guard count > 0 else { return a }
            try evaluation.allowElements(evaluation.count(of: a) + count)
            let elements = evaluation.elements(of: a) + evaluation.elements(of: b)
            return try evaluation.allowed(.list(ListValue(elements)))
        }
    }

    private static func concatenate(
        _ a: CELValue,
        _ b: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let left = evaluation.string(a)
        let right = evaluation.string(b)
        try evaluation.allowString(left.utf8.count + right.utf8.count)
        return .string(left + right)
    }

    @Sendable static func subtract(_ a: CELValue, _ b: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        switch (a, b) {
        case (.int(let a), .int(let b)): return .int(try checked(a.subtractingReportingOverflow(b)))
        case (.uint(let a), .uint(let b)): return .uint(try checked(a.subtractingReportingOverflow(b)))
        case (.double(let a), .double(let b)): return .double(a - b)
        case (.duration(let a), .duration(let b)):
            let (span, isTooLong) = a.totalNanoseconds.subtractingReportingOverflow(b.totalNanoseconds)
            guard !isTooLong else { throw spanOverflow }
            return .duration(DurationValue(nanoseconds: span))
        case (.timestamp(let time), .duration(let span)):
            guard span.totalNanoseconds != .min,
                let result = time.advanced(by: DurationValue(nanoseconds: -span.totalNanoseconds))
            else { throw timeOverflow }
            return .timestamp(result)
        case (.timestamp(let a), .timestamp(let b)):
            guard let span = a.since(b) else { throw spanOverflow }
            return .duration(span)
        default: throw noOverload("-", a, b, in: evaluation)
        }
    }

    @Sendable static func multiply(_ a: CELValue, _ b: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        switch (a, b) {
        case (.int(let a), .int(let b)): return .int(try checked(a.multipliedReportingOverflow(by: b)))
        case (.uint(let a), .uint(let b)): return .uint(try checked(a.multipliedReportingOverflow(by: b)))
        case (.double(let a), .double(let b)): return .double(a * b)
        default: throw noOverload("*", a, b, in: evaluation)
        }
    }

    @Sendable static func divide(_ a: CELValue, _ b: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        switch (a, b) {
        case (.int(_), .int(0)), (.uint(_), .uint(0)): throw CELError(.arithmetic, "division by zero")
        case (.int(let a), .int(let b)): return .int(try checked(a.dividedReportingOverflow(by: b)))
        case (.uint(let a), .uint(let b)): return .uint(a / b)
        case (.double(let a), .double(let b)): return .double(a / b)
        default: throw noOverload("/", a, b, in: evaluation)
        }
    }

    @Sendable static func modulo(_ a: CELValue, _ b: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        switch (a, b) {
        case (.int(_), .int(0)), (.uint(_), .uint(0)): throw CELError(.arithmetic, "modulus by zero")
        case (.int(let a), .int(let b)): return .int(try checked(a.remainderReportingOverflow(dividingBy: b)))
        case (.uint(let a), .uint(let b)): return .uint(a % b)
        default: throw noOverload("%", a, b, in: evaluation)
        }
    }

    @Sendable static func size(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch value {
        case .string, .bytes, .list, .map, .json: return .int(Int64(evaluation.size(of: value)))
        default: throw noOverload("size", value, in: evaluation)
        }
    }

    /// Whether a list has an equal element, or a map a key.
    static func contains(
        _ container: CELValue,
        _ element: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> Bool {
        switch container {
        case .list(let list):
            for other in list.elements where try evaluation.compare(element, other) { return true }
            return false
        case .json(let json) where json.isArray:
            for other in evaluation.document(of: json).elements(of: json) {
                if try evaluation.compare(element, evaluation.value(other)) { return true }
            }
            return false
        case .map, .json:
            guard evaluation.isValue(container, of: .map(.dyn, .dyn)) else { break }
            return evaluation.value(at: element, of: container) != nil
        default:
            break
        }
        throw noOverload("in", element, container, in: evaluation)
    }
}
