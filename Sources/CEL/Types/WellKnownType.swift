/// A message of protobuf that the specification gives a meaning of its own: `google.protobuf.Int64Value{value: 1}` is 1.
struct WellKnownType: Sendable {
    /// What its literals are.
    let type: CELType
    let fields: [String: CELType]

    /// By full name.
    static let all: [String: WellKnownType] = [
        "google.protobuf.BoolValue": WellKnownType(type: .bool, fields: ["value": .bool]),
        "google.protobuf.BytesValue": WellKnownType(type: .bytes, fields: ["value": .bytes]),
        "google.protobuf.DoubleValue": WellKnownType(type: .double, fields: ["value": .double]),
        "google.protobuf.FloatValue": WellKnownType(type: .double, fields: ["value": .double]),
        "google.protobuf.Int32Value": WellKnownType(type: .int, fields: ["value": .int]),
        "google.protobuf.Int64Value": WellKnownType(type: .int, fields: ["value": .int]),
        "google.protobuf.StringValue": WellKnownType(type: .string, fields: ["value": .string]),
        "google.protobuf.UInt32Value": WellKnownType(type: .uint, fields: ["value": .uint]),
        "google.protobuf.UInt64Value": WellKnownType(type: .uint, fields: ["value": .uint]),
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
