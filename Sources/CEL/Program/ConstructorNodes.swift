/// A list literal.
final class ListNode: Node {
    private let elements: [Node]
    private let optional: Set<Int>

    init(_ elements: [Node], optional: Set<Int>, offset: Int) {
        self.elements = elements
        self.optional = optional
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(10)
        var values: [CELValue] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let value = try element.evaluate(&evaluation)
            if optional.contains(index) {
                if let inner = try present(value, element, evaluation) { values.append(inner) }
            } else {
                values.append(value)
            }
        }
        return try evaluation.allowed(.list(ListValue(values)), at: offset)
    }
}

/// The value of an element, entry or field that is written with a question mark; nil to leave it out.
private func present(
    _ value: CELValue,
    _ node: Node,
    _ evaluation: borrowing Evaluation
) throws(CELError) -> CELValue? {
    guard case .optional(let optional) = value else {
        throw CELError(.noSuchOverload, "'?' needs an optional value, not \(evaluation.typeName(of: value))")
            .located(at: node.offset)
    }
    return optional.value
}

/// A map literal.
final class MapNode: Node {
    struct Entry {
        let key: Node
        let value: Node
        let isOptional: Bool
    }

    private let entries: [Entry]
    /// Whether a key twice and a key that is no key are errors; in Kubernetes the last of equal keys wins.
    private let isStrict: Bool

    init(_ entries: [Entry], isStrict: Bool, offset: Int) {
        self.entries = entries
        self.isStrict = isStrict
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(30)
        var builder = MapBuilder(isStrict: isStrict)
        for entry in entries {
            let key = try entry.key.evaluate(&evaluation)
            var value = try entry.value.evaluate(&evaluation)
            if entry.isOptional {
                guard let inner = try present(value, entry.value, evaluation) else { continue }
                value = inner
            }
            do throws(CELError) {
                try builder.add(key, value, evaluation)
            } catch {
                throw error.located(at: entry.key.offset)
            }
        }
        return try evaluation.allowed(builder.finish(), at: offset)
    }
}

/// Gathers the entries of a map and sees to it that keys are keys and different.
struct MapBuilder {
    private var entries: [(key: CELValue, value: CELValue)] = []
    private var places: [Key: Int] = [:]
    private let isStrict: Bool

    /// What makes two keys the same.
    private enum Key: Hashable {
        case bool(Bool)
        case int(Int64)
        case uint(UInt64)
        case double(UInt64)
        case string([UInt8])
    }

    init(isStrict: Bool) { self.isStrict = isStrict }

    var count: Int { entries.count }

    mutating func add(
        _ key: CELValue,
        _ value: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        var key = key
        let identity: Key
        switch key {
        case .bool(let value): identity = .bool(value)
        case .int(let number): identity = .int(number)
        // Numbers that are equal are one key, except to Kubernetes.
        case .uint(let number):
            identity = isStrict ? Int64(exactly: number).map { .int($0) } ?? .uint(number) : .uint(number)
        case .double(let number) where !isStrict: identity = .double(number.bitPattern)
        default:
            guard evaluation.isString(key) else {
                throw CELError(.invalidArgument, "unsupported key type: \(evaluation.typeName(of: key))")
            }
            let text = evaluation.string(key)
            key = .string(text)
            identity = .string(Array(text.utf8))
        }
        if let place = places[identity] {
            guard !isStrict else {
                throw CELError(.duplicateKey, "the map has the key \(evaluation.description(of: key)) twice")
            }
            entries[place].value = value
            return
        }
        try evaluation.allowElements(entries.count + 1)
        places[identity] = entries.count
        entries.append((key, value))
    }

    consuming func finish() -> CELValue { .map(MapValue(unchecked: entries)) }
}

/// An object literal.
final class ObjectNode: Node {
    struct Field {
        let name: String
        let value: Node
        let isOptional: Bool
    }

    private let name: String
    private let fields: [Field]

    init(_ name: String, _ fields: [Field], offset: Int) {
        self.name = name
        self.fields = fields
        super.init(offset: offset)
    }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try evaluation.charge(40)
        var values: [(name: String, value: CELValue)] = []
        for field in fields {
            let value = try field.value.evaluate(&evaluation)
            if field.isOptional {
                if let inner = try present(value, field.value, evaluation) { values.append((field.name, inner)) }
            } else {
                values.append((field.name, value))
            }
        }
        do throws(CELError) {
            if let value = try evaluation.wellKnown(name, values) { return value }
            return try evaluation.allowed(.object(StructValue(name, values)))
        } catch {
            throw error.located(at: offset)
        }
    }
}

// MARK: Well-known types

extension Evaluation {
    /// What a message of `google.protobuf` is to expressions: mostly the value that it wraps.
    ///
    /// - Returns: nil for any other type.
    func wellKnown(_ name: String, _ fields: [(name: String, value: CELValue)]) throws(CELError) -> CELValue? {
        let prefix = "google.protobuf."
        guard name.hasPrefix(prefix) else { return nil }
        func field(_ name: String) -> CELValue? { fields.last { $0.name == name }?.value }
        func integer(_ name: String) throws(CELError) -> Int64 {
            switch field(name) {
            case nil: return 0
            case .int(let number)?: return number
            case let other?: throw CELError(.noSuchOverload, "\(name) cannot be \(typeName(of: other))")
            }
        }
        let value = field("value")
        switch name.dropFirst(prefix.count) {
        case "BoolValue": return value ?? .bool(false)
        case "StringValue": return value ?? .string("")
        case "BytesValue": return value ?? .bytes([])
        case "DoubleValue": return value ?? .double(0)
        case "Int64Value": return value ?? .int(0)
        case "UInt64Value": return value ?? .uint(0)
        case "FloatValue":
            guard case .double(let number)? = value else { return value ?? .double(0) }
            return .double(Double(Float(number)))
        case "Int32Value":
            guard case .int(let number)? = value else { return value ?? .int(0) }
            guard Int32(exactly: number) != nil else {
                throw CELError(.arithmetic, "\(number) is out of the range of int32")
            }
            return value
        case "UInt32Value":
            guard case .uint(let number)? = value else { return value ?? .uint(0) }
            guard UInt32(exactly: number) != nil else {
                throw CELError(.arithmetic, "\(number) is out of the range of uint32")
            }
            return value
        case "Value":
            return try fields.last.map { field throws(CELError) in
                field.name == "null_value" ? .null : try protobufJSON(field.value)
            } ?? .null
        case "Struct": return try protobufJSON(field("fields") ?? .map(MapValue(unchecked: [])))
        case "ListValue": return try protobufJSON(field("values") ?? .list(ListValue([])))
        case "Timestamp":
            guard let nanoseconds = Int32(exactly: try integer("nanos")),
                let time = TimestampValue(seconds: try integer("seconds"), nanoseconds: nanoseconds)
            else { throw CELError(.arithmetic, "the time leaves the range of years 1 to 9999") }
            return .timestamp(time)
        case "Duration":
            guard let nanoseconds = Int32(exactly: try integer("nanos")),
                let span = DurationValue(seconds: try integer("seconds"), nanoseconds: nanoseconds)
            else { throw CELError(.arithmetic, "the duration leaves the range of 292 years") }
            return .duration(span)
        case "Any": throw CELError(.invalidArgument, "conversion error: google.protobuf.Any without a type")
        default: return nil
        }
    }

    /// A value as JSON has it, whose numbers are all doubles.
    private func protobufJSON(_ value: CELValue) throws(CELError) -> CELValue {
        switch value {
        case .null, .bool, .double, .string, .json: return value
        case .int(let number): return .double(Double(number))
        case .uint(let number): return .double(Double(number))
        case .list(let list):
            var elements: [CELValue] = []
            for element in list.elements { elements.append(try protobufJSON(element)) }
            return .list(ListValue(elements))
        case .map(let map):
            var entries: [(key: CELValue, value: CELValue)] = []
            for (key, value) in map.entries {
                guard case .string = key else {
                    throw CELError(.invalidArgument, "\(typeName(of: key)) cannot be a key in JSON")
                }
                entries.append((key, try protobufJSON(value)))
            }
            return .map(MapValue(unchecked: entries))
        default:
            throw CELError(.invalidArgument, "\(typeName(of: value)) cannot be JSON")
        }
    }
}
