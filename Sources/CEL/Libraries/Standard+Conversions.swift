internal import JSON

// MARK: Conversions

extension Standard {
    private typealias Conversion = @Sendable (CELValue, inout Evaluation) throws(CELError) -> CELValue

    static let conversions: [Function] = [
        conversion("bool", .bool, [.bool, .string], toBool),
        conversion("bytes", .bytes, [.bytes, .string], toBytes),
        conversion("double", .double, [.double, .int, .uint, .string], toDouble),
        conversion("duration", .duration, [.duration, .string], toDuration),
        conversion("int", .int, [.int, .uint, .double, .string, .timestamp, .duration], toInt),
        conversion(
            "string",
            .string,
            [.string, .bool, .bytes, .double, .int, .uint, .timestamp, .duration],
            toString
        ),
        conversion("timestamp", .timestamp, [.timestamp, .int, .string], toTimestamp),
        conversion("uint", .uint, [.uint, .int, .double, .string], toUint),
        Function(
            name: "dyn",
            overloads: [
                Overload("to_dyn", [.parameter("A")], .dyn, .unary { value, _ throws(CELError) in value })
            ]
        ),
        Function(
            name: "type",
            overloads: [
                Overload(
                    "type",
                    [.parameter("A")],
                    .type(.parameter("A")),
                    .unary { value, evaluation throws(CELError) in .type(evaluation.type(of: value)) }
                )
            ]
        ),
    ]

    /// The functions whose calls with a constant are made when the expression is compiled, as Kubernetes does.
    static let conversionNames: Set<String> = [
        "bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint",
    ]

    private static func conversion(
        _ name: String,
        _ result: CELType,
        _ sources: [CELType],
        _ body: @escaping Conversion
    ) -> Function {
        Function(
            name: name,
            overloads: sources.map { source in
                let isTraversal = source != result && [source, result].allSatisfy { $0 == .string || $0 == .bytes }
                return Overload(
                    "\(shortName(source))_to_\(shortName(result))",
                    [source],
                    result,
                    cost: isTraversal ? .size(of: 0, times: 1) : .one,
                    .unary(body)
                )
            }
        )
    }

    private static func shortName(_ type: CELType) -> String {
        switch type {
        case .int: "int64"
        case .uint: "uint64"
        case .timestamp: "timestamp"
        case .duration: "duration"
        default: type.runtimeName
        }
    }

    private static func failure(
        _ value: CELValue,
        to type: String,
        _ evaluation: borrowing Evaluation
    ) -> CELError {
        let text = evaluation.isString(value) ? " '\(evaluation.string(value).prefix(64))'" : ""
        return CELError(.arithmetic, "type conversion error: \(evaluation.typeName(of: value))\(text) is no \(type)")
    }

    private static func outOfRange(_ type: String) -> CELError {
        CELError(.arithmetic, "the number is out of the range of \(type)")
    }

    @Sendable private static func toBool(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue
    {
        if case .bool = value { return value }
        guard evaluation.isString(value) else { throw noOverload("bool", value, in: evaluation) }
        switch evaluation.string(value) {
        case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
        case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
        default: throw failure(value, to: "bool", evaluation)
        }
    }

    @Sendable private static func toBytes(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        if case .bytes = value { return value }
        guard evaluation.isString(value) else { throw noOverload("bytes", value, in: evaluation) }
        return .bytes(Array(evaluation.string(value).utf8))
    }

    @Sendable private static func toDouble(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        switch value {
        case .double: return value
        case .int(let number): return .double(Double(number))
        case .uint(let number): return .double(Double(number))
        default:
            guard evaluation.isString(value) else { throw noOverload("double", value, in: evaluation) }
            guard let number = DoubleText.parse(evaluation.string(value)) else {
                throw failure(value, to: "double", evaluation)
            }
            return .double(number)
        }
    }

    @Sendable private static func toDuration(
        _ value: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        if case .duration = value { return value }
        guard evaluation.isString(value) else { throw noOverload("duration", value, in: evaluation) }
        guard let span = DurationValue(evaluation.string(value)) else {
            throw failure(value, to: "duration in the range of 292 years, such as 1h30m or 0.5s", evaluation)
        }
        return .duration(span)
    }

    @Sendable private static func toTimestamp(
        _ value: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        switch value {
        case .timestamp: return value
        case .int(let seconds):
            guard let time = TimestampValue(seconds: seconds) else { throw outOfRange("timestamp") }
            return .timestamp(time)
        default:
            guard evaluation.isString(value) else { throw noOverload("timestamp", value, in: evaluation) }
            guard let time = TimestampValue(evaluation.string(value)) else {
                throw failure(value, to: "time in the range of years 1 to 9999 as RFC 3339 writes it", evaluation)
            }
            return .timestamp(time)
        }
    }

    @Sendable private static func toInt(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue
    {
        switch value {
        case .int: return value
        case .uint(let number):
            guard let number = Int64(exactly: number) else { throw outOfRange("int") }
            return .int(number)
        case .double(let number):
            // The limits themselves are refused: a double that reads as one may have been rounded to it.
            guard number > -0x1p63, number < 0x1p63 else { throw outOfRange("int") }
            return .int(Int64(number))
        case .timestamp(let time): return .int(time.seconds)
        case .duration(let span): return .int(span.totalNanoseconds)
        default:
            guard evaluation.isString(value) else { throw noOverload("int", value, in: evaluation) }
            guard let number = Int64(evaluation.string(value)) else { throw failure(value, to: "int", evaluation) }
            return .int(number)
        }
    }

    @Sendable private static func toUint(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue
    {
        switch value {
        case .uint: return value
        case .int(let number):
            guard let number = UInt64(exactly: number) else { throw outOfRange("uint") }
            return .uint(number)
        case .double(let number):
            guard number >= 0, number < 0x1p64 else { throw outOfRange("uint") }
            return .uint(UInt64(number))
        default:
            guard evaluation.isString(value) else { throw noOverload("uint", value, in: evaluation) }
            let text = evaluation.string(value)
            guard text.utf8.first != UInt8(ascii: "+"), text.utf8.first != UInt8(ascii: "-"), let number = UInt64(text)
            else { throw failure(value, to: "uint", evaluation) }
            return .uint(number)
        }
    }

    @Sendable private static func toString(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError)
        -> CELValue
    {
        switch value {
        case .string: return value
        case .json(let json) where json.isString: return value
        case .bool(let value): return .string(value ? "true" : "false")
        case .int(let number): return .string(String(number))
        case .uint(let number): return .string(String(number))
        case .double(let number): return .string(DoubleText.shortest(number))
        case .timestamp(let time): return .string(time.description)
        case .duration(let span): return .string(span.description)
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELError(.invalidArgument, "the bytes are not valid UTF-8")
            }
            return .string(text)
        default: throw noOverload("string", value, in: evaluation)
        }
    }
}

// MARK: Strings

extension Standard {
    static let strings: [Function] = [
        Function(
            name: "contains",
            overloads: [
                Overload(
                    "contains_string",
                    isMember: true,
                    [.string, .string],
                    .bool,
                    cost: .computed { arguments, _, evaluation in
                        tenth(evaluation.size(of: arguments[0])) * tenth(evaluation.size(of: arguments[1]))
                    },
                    text { $0.contains($1) }
                )
            ]
        ),
        Function(
            name: "startsWith",
            overloads: [
                Overload(
                    "starts_with_string",
                    isMember: true,
                    [.string, .string],
                    .bool,
                    cost: .size(of: 0, times: 1),
                    text { $0.count >= $1.count && $0.extracting(0..<$1.count).isEqual(to: $1) }
                )
            ]
        ),
        Function(
            name: "endsWith",
            overloads: [
                Overload(
                    "ends_with_string",
                    isMember: true,
                    [.string, .string],
                    .bool,
                    cost: .size(of: 0, times: 1),
                    text { $0.count >= $1.count && $0.extracting(($0.count - $1.count)...).isEqual(to: $1) }
                )
            ]
        ),
        Function(
            name: "matches",
            overloads: [
                // Kubernetes charges the member alone for its length.
                Overload("matches", [.string, .string], .bool, .binary(matches)),
                Overload(
                    "matches_string",
                    isMember: true,
                    [.string, .string],
                    .bool,
                    cost: .computed { arguments, _, evaluation in
                        matchCost(evaluation.size(of: arguments[0]), evaluation.size(of: arguments[1]))
                    },
                    .binary(matches)
                ),
            ]
        ),
    ]

    private static func text(_ body: @escaping @Sendable (Span<UInt8>, Span<UInt8>) -> Bool) -> Implementation {
        .binary { a, b, evaluation throws(CELError) in
            .bool(
                try evaluation.withUTF8(a) { a throws(CELError) in
                    try evaluation.withUTF8(b) { b throws(CELError) in body(a, b) }
                }
            )
        }
    }

    /// What Kubernetes charges for matching a text against a pattern, both by their sizes.
    static func matchCost(_ text: UInt64, _ pattern: UInt64) -> UInt64 {
        let textCost = UInt64(((1 + Double(text)) * 0.1).rounded(.up))
        return textCost * UInt64((Double(pattern) * 0.25).rounded(.up))
    }

    @Sendable private static func matches(
        _ text: CELValue,
        _ pattern: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let expression = try evaluation.patterns.expression(evaluation.string(pattern))
        return .bool(try evaluation.withUTF8(text) { text throws(CELError) in expression.matches(text) })
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes are somewhere among these.
    func contains(_ other: Span<UInt8>) -> Bool {
        guard other.count > 0 else { return true }
        guard count >= other.count else { return false }
        let first = other[0]
        for start in 0...(count - other.count) where self[start] == first {
            if extracting(start..<start + other.count).isEqual(to: other) { return true }
        }
        return false
    }
}
