/// A type of CEL, as declarations and the checker speak of it.
public indirect enum CELType: Hashable, Sendable {
    /// Known only when evaluated; JSON is of this type throughout.
    case dyn
    /// The type of `null`.
    case null
    /// `bool`
    case bool
    /// `int`, 64 bits signed
    case int
    /// `uint`, 64 bits unsigned
    case uint
    /// `double`
    case double
    /// `string`, a sequence of Unicode code points
    case string
    /// `bytes`
    case bytes
    /// `google.protobuf.Timestamp`
    case timestamp
    /// `google.protobuf.Duration`
    case duration
    /// `list(element)`
    case list(CELType)
    /// `map(key, value)`
    case map(CELType, CELType)
    /// `optional_type(value)`
    case optional(CELType)
    /// The type of a type, such as that of `int`.
    case type(CELType)
    /// A type with fields that are declared in the environment.
    case object(String)
    /// A type that only its library's functions see into, such as `kubernetes.Quantity`.
    case opaque(String)
    /// A parameter of a declaration, such as `A` in `list(A)`.
    case parameter(String)
}

extension CELType: CustomStringConvertible {
    /// The type as messages spell it, such as `map(string, list(int))`.
    public var description: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .optional(let value): "optional_type(\(value))"
        case .type(let value): "type(\(value))"
        case .object(let name), .opaque(let name), .parameter(let name): name
        }
    }
}
