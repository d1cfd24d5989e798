/// A message of protobuf that the specification gives a meaning of its own: `google.protobuf.Int64Value{value: 1}` is 1.
struct WellKnownType: Sendable {
    /// What its values are.
    let type: CELType
    /// Whether it wraps a value that may be missing as well: then `== null` may be asked of it.
    var isNullable = false
    let fields: [String: CELType]

    /// What the checker knows of its literals and variables: nothing, if they may be null.
    var checkedType: CELType { isNullable ? .dyn : type }

    private init(type: CELType, fields: [String: CELType]) {
        self.type = type
        self.fields = fields
    }

    private init(wrapping type: CELType) {
        self.init(type: type, fields: ["value": type])
        isNullable = true
    }

    /// By full name.
    static let all: [String: WellKnownType] = [
        "google.protobuf.BoolValue": WellKnownType(wrapping: .bool),
        "google.protobuf.BytesValue": WellKnownType(wrapping: .bytes),
        "google.protobuf.DoubleValue": WellKnownType(wrapping: .double),
        "google.protobuf.FloatValue": WellKnownType(wrapping: .double),
        "google.protobuf.Int32Value": WellKnownType(wrapping: .int),
        "google.protobuf.Int64Value": WellKnownType(wrapping: .int),
        "google.protobuf.StringValue": WellKnownType(wrapping: .string),
        "google.protobuf.UInt32Value": WellKnownType(wrapping: .uint),
        "google.protobuf.UInt64Value": WellKnownType(wrapping: .uint),
        "google.protobuf.Duration": WellKnownType(type: .duration, fields: ["seconds": .int, "nanos": .int]),
        "google.protobuf.Timestamp": WellKnownType(type: .timestamp, fields: ["seconds": .int, "nanos": .int]),
        "google.protobuf.ListValue": WellKnownType(type: .list(.dyn), fields: ["values": .list(.dyn)]),
        "google.protobuf.Struct": WellKnownType(
            type: .map(.string, .dyn),
            fields: ["fields": .map(.string, .dyn)]
        ),
        "google.protobuf.Value": WellKnownType(
            type: .dyn,
            fields: [
                "null_value": .dyn, "number_value": .double, "string_value": .string, "bool_value": .bool,
                "struct_value": .map(.string, .dyn), "list_value": .list(.dyn),
            ]
        ),
        "google.protobuf.Any": WellKnownType(type: .dyn, fields: ["type_url": .string, "value": .bytes]),
    ]

    /// The types that have names, besides those of libraries and hosts.
    static let names: [String: CELType] = all.mapValues(\.type).merging([
        "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string, "bytes": .bytes,
        "list": .list(.dyn), "map": .map(.dyn, .dyn), "null_type": .null, "type": .type(.dyn),
        "optional_type": .optional(.dyn),
    ]) { first, _ in first }

    /// The values that have names.
    static let constants: [String: Constant] = ["google.protobuf.NullValue.NULL_VALUE": .int(0)]
}
