public import JSON

/// A value of CEL while an expression is evaluated.
///
/// What comes from JSON stays where it is: strings, arrays and objects are handles (`json`), read through the
/// `Evaluation` that knows their documents. Numbers, booleans and nulls of JSON are always the cases of their own.
/// There are no error values: an evaluation that fails throws `CELError`, and `&&` and `||` catch it.
public enum CELValue: Sendable {
    /// `null`
    case null
    /// A truth value.
    case bool(Bool)
    /// A signed integer.
    case int(Int64)
    /// An unsigned integer.
    case uint(UInt64)
    /// A floating-point number.
    case double(Double)
    /// A string. Compare its UTF-8, never with `==`, which takes canonically equivalent texts for equal.
    case string(String)
    /// A string, an array or an object of one of the evaluation's documents.
    case json(JSONValue)
    /// A sequence of bytes.
    case bytes([UInt8])
    /// A list that an expression made.
    case list(ListValue)
    /// A map that an expression made.
    case map(MapValue)
    /// A point in time.
    case timestamp(TimestampValue)
    /// A span of time.
    case duration(DurationValue)
    /// A type.
    case type(CELType)
    /// A value that may be absent.
    case optional(OptionalValue)
    /// A value that only libraries or the host see into.
    case object(any ObjectValue)
}

extension CELValue {
    /// How much there is to see for whoever looks at everything in the value, as comparing and writing do.
    ///
    /// Lists and maps share what they hold, so that forty short ones, each of which holds the one before twice, weigh 2⁴⁰.
    var weight: Int {
        switch self {
        case .list(let list): list.weight
        case .map(let map): map.weight
        case .json(let json): json.extent
        case .string(let text): 1 + text.utf8.count / 64
        case .bytes(let bytes): 1 + bytes.count / 64
        case .optional(let optional): (optional.value?.weight ?? 0).plus(1)
        case .object(let object): (object as? StructValue)?.weight ?? 1
        default: 1
        }
    }
}

extension Int {
    /// The sum of two weights, or the greatest number if that is less.
    fileprivate func plus(_ other: Int) -> Int {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }

    /// The weight of a map.
    static func weight(of entries: [(key: CELValue, value: CELValue)]) -> Int {
        entries.reduce(1) { $0.plus($1.key.weight).plus($1.value.weight) }
    }
}

/// A list that an expression made.
public final class ListValue: Sendable {
    /// Its elements.
    public let elements: [CELValue]

    /// See `CELValue.weight`.
    let weight: Int

    /// A list of these elements.
    public init(_ elements: [CELValue]) {
        self.elements = elements
        weight = elements.reduce(1) { $0.plus($1.weight) }
    }
}

/// A value or none.
public final class OptionalValue: Sendable {
    /// What is there, if anything is.
    public let value: CELValue?

    /// The optional without a value.
    public static let none = OptionalValue(nil)

    /// An optional of a value.
    public init(_ value: CELValue?) { self.value = value }
}

/// A value whose inside only a library or the host knows: a quantity, an IP address, an authorizer, a policy's facets.
public protocol ObjectValue: AnyObject, Sendable {
    /// Its type, `.opaque` or `.object`.
    var type: CELType { get }

    /// The value of a field; nil if the field is absent.
    ///
    /// - Throws: If the field cannot be read, which is not the same as its absence.
    func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue?

    /// Whether another object is equal.
    func isEqual(to other: any ObjectValue) -> Bool
}

extension ObjectValue {
    /// No fields unless the type says otherwise.
    public func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? { nil }

    /// The same object unless the type says otherwise.
    public func isEqual(to other: any ObjectValue) -> Bool { self === other }
}

/// What an object literal (`JSONPatch{op: "remove"}`) makes: a type's name and the fields that are set, in their order.
public final class StructValue: ObjectValue {
    /// The type's name, as it is written.
    public let typeName: String
    /// The fields, no name twice.
    public let fields: [(name: String, value: CELValue)]
    /// See `CELValue.weight`.
    let weight: Int

    /// An object of a type.
    public init(_ typeName: String, _ fields: [(name: String, value: CELValue)]) {
        self.typeName = typeName
        self.fields = fields
        weight = fields.reduce(1) { $0.plus($1.value.weight) }
    }

    /// `.object` of the name.
    public var type: CELType { .object(typeName) }

    /// The value of a field; nil if it is not set.
    public func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? {
        for field in fields where field.name.isSame(as: name) { return field.value }
        return nil
    }
}

extension Evaluation {
    /// The type that a value has while it is evaluated; those of elements are not looked at.
    public func type(of value: CELValue) -> CELType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list(.dyn)
        case .map: .map(.dyn, .dyn)
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type(.dyn)
        case .optional: .optional(.dyn)
        case .object(let object): object.type
        case .json(let json): json.isString ? .string : json.isArray ? .list(.dyn) : .map(.dyn, .dyn)
        }
    }

    /// The name of a value's type, for messages.
    func typeName(of value: CELValue) -> String { type(of: value).runtimeName }

    /// Whether a value may be an argument for a parameter of a type; what is inside of lists, maps and optionals is not
    /// looked at.
    @inline(__always)
    func isValue(_ value: CELValue, of type: CELType) -> Bool {
        switch (type, value) {
        case (.dyn, _), (.parameter, _): true
        case (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double): true
        case (.string, .string), (.bytes, .bytes), (.null, .null): true
        case (.list, .list), (.map, .map), (.timestamp, .timestamp), (.duration, .duration): true
        case (.type, .type), (.optional, .optional): true
        case (.string, .json(let json)): json.isString
        case (.list, .json(let json)): json.isArray
        case (.map, .json(let json)): json.isObject
        case (.object, .object(let object)), (.opaque, .object(let object)): object.type == type
        default: false
        }
    }
}

extension CELType {
    /// The name as values of it answer `type()`.
    var runtimeName: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map: "map"
        case .optional: "optional_type"
        case .type: "type"
        case .object(let name), .opaque(let name), .parameter(let name): name
        }
    }
}
