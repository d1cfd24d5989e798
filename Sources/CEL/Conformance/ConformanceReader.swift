internal import JSON

/// What a test should give.
struct Expectation {
    /// nil for an error.
    var value: CELValue?
    /// nil for any.
    var type: CELType?
    /// Whether an error is all that is asked for.
    var isFailure = false
}

/// Reads the types and values of a test.
struct ConformanceReader {
    let document: JSONDocument

    func member(_ key: StaticString, of value: JSONValue) -> JSONValue? { document.member(key, of: value) }

    func flag(_ key: StaticString) -> Bool { member(key, of: document.root)?.bool ?? false }

    private func text(_ key: StaticString, of value: JSONValue) -> String? {
        member(key, of: value).flatMap { document.string($0) }
    }

    // MARK: Tests

    func expectation() throws(Obstacle) -> Expectation {
        let root = document.root
        if member("evalError", of: root) != nil || member("anyEvalErrors", of: root) != nil {
            return Expectation(isFailure: true)
        }
        if member("unknown", of: root) != nil || member("anyUnknowns", of: root) != nil {
            throw Obstacle("unknown values are not evaluated")
        }
        if let typed = member("typedResult", of: root) {
            var result = Expectation()
            if let value = member("result", of: typed) { result.value = try value.isNull ? nil : self.value(value) }
            if let type = member("deducedType", of: typed) { result.type = try self.type(type) }
            return result
        }
        guard let value = member("value", of: root) else { return Expectation(value: .bool(true)) }
        return Expectation(value: try self.value(value))
    }

    /// The environment that a test declares, and the values of its variables by their number.
    func environment(_ profile: Profile) throws(Obstacle) -> (CELEnvironment, [CELValue?]) {
        var variables: [CELEnvironment.Variable] = []
        var functions: [CELEnvironment.Function] = []
        if let declarations = member("typeEnv", of: document.root) {
            for declaration in document.elements(of: declarations) {
                guard let name = text("name", of: declaration) else { throw Obstacle("a declaration has no name") }
                guard let identifier = member("ident", of: declaration), let type = member("type", of: identifier)
                else {
                    functions += try self.functions(name, declaration)
                    continue
                }
                variables.append(CELEnvironment.Variable(name, try self.type(type)))
            }
        }
        var values = [CELValue?](repeating: nil, count: variables.count)
        if let bindings = member("bindings", of: document.root) {
            for (key, binding) in document.members(of: bindings) {
                guard let name = document.string(key), let content = member("value", of: binding) else {
                    throw Obstacle("a binding has no value")
                }
                let value = try self.value(content)
                if let number = variables.firstIndex(where: { $0.name == name }) {
                    values[number] = value
                } else {
                    variables.append(CELEnvironment.Variable(name, .dyn))
                    values.append(value)
                }
            }
        }
        let container = text("container", of: document.root) ?? ""
        let environment = CELEnvironment(profile, variables: variables, functions: functions, container: container)
        return (environment, values)
    }

    /// Functions that are declared for the checker alone: nothing says what they do.
    private func functions(_ name: String, _ declaration: JSONValue) throws(Obstacle) -> [CELEnvironment.Function] {
        guard let function = member("function", of: declaration), let overloads = member("overloads", of: function)
        else {
            throw Obstacle("a declaration is neither of a variable nor of a function")
        }
        var functions: [CELEnvironment.Function] = []
        for overload in document.elements(of: overloads) {
            var parameters: [CELType] = []
            if let list = member("params", of: overload) {
                for parameter in document.elements(of: list) { parameters.append(try type(parameter)) }
            }
            let isMember = member("isInstanceFunction", of: overload)?.bool ?? false
            let result =
                try member("resultType", of: overload).map { value throws(Obstacle) in try type(value) } ?? .dyn
            functions.append(
                CELEnvironment.Function(name, isMember: isMember, parameters, result) { _, _ throws(CELError) in
                    throw CELError(.host, "the function '\(name)' is only declared")
                }
            )
        }
        return functions
    }

    // MARK: Types

    /// A `cel.expr.Type`.
    func type(_ json: JSONValue) throws(Obstacle) -> CELType {
        var members = document.members(of: json)
        guard let (key, value) = members.next(), let kind = document.string(key) else {
            throw Obstacle("an empty type")
        }
        switch kind {
        case "dyn": return .dyn
        case "null": return .null
        case "primitive": return try primitive(value)
        // There are no types of nullable numbers: `dyn` takes both.
        case "wrapper": return .dyn
        case "wellKnown":
            switch document.string(value) {
            case "TIMESTAMP": return .timestamp
            case "DURATION": return .duration
            default: return .dyn
            }
        case "messageType":
            switch document.string(value) {
            case "google.protobuf.Timestamp": return .timestamp
            case "google.protobuf.Duration": return .duration
            case let name?:
                guard let known = WellKnownType.all[name] else { throw Obstacle("there is no message \(name)") }
                return known.checkedType
            case nil: throw Obstacle("a message without a name")
            }
        case "typeParam": return .parameter(document.string(value) ?? "")
        case "listType":
            return .list(
                try member("elemType", of: value).map { element throws(Obstacle) in try type(element) } ?? .dyn
            )
        case "mapType":
            guard let key = member("keyType", of: value), let value = member("valueType", of: value) else {
                return .map(.dyn, .dyn)
            }
            return .map(try type(key), try type(value))
        case "type":
            return .type(try document.count(of: value) == 0 ? .dyn : type(value))
        case "abstractType":
            guard text("name", of: value) == "optional_type", let parameters = member("parameterTypes", of: value),
                let parameter = document.element(0, of: parameters)
            else { throw Obstacle("abstract types of tests have no parameters here") }
            return .optional(try type(parameter))
        default:
            throw Obstacle("types cannot be '\(kind)'")
        }
    }

    private func primitive(_ json: JSONValue) throws(Obstacle) -> CELType {
        switch document.string(json) {
        case "BOOL": return .bool
        case "INT64": return .int
        case "UINT64": return .uint
        case "DOUBLE": return .double
        case "STRING": return .string
        case "BYTES": return .bytes
        default: throw Obstacle("there is no such primitive type")
        }
    }

    // MARK: Values

    /// A `cel.expr.Value`.
    func value(_ json: JSONValue) throws(Obstacle) -> CELValue {
        var members = document.members(of: json)
        guard let (key, value) = members.next(), let kind = document.string(key) else {
            throw Obstacle("an empty value")
        }
        let text = document.string(value) ?? ""
        switch kind {
        case "nullValue": return .null
        case "boolValue": return .bool(value.bool ?? false)
        case "int64Value":
            guard let number = Int64(text) ?? document.int(value) else { break }
            return .int(number)
        case "uint64Value":
            guard let number = UInt64(text) ?? document.int(value).map({ UInt64($0) }) else { break }
            return .uint(number)
        case "doubleValue": return .double(try double(value))
        case "stringValue": return .string(text)
        case "bytesValue": return .bytes(try bytes(text))
        case "typeValue": return .type(namedType(text))
        case "enumValue": throw Obstacle("enumerations have no types of their own")
        case "listValue":
            var elements: [CELValue] = []
            if let list = member("values", of: value) {
                for element in document.elements(of: list) { elements.append(try self.value(element)) }
            }
            return .list(ListValue(elements))
        case "mapValue":
            var entries: [(key: CELValue, value: CELValue)] = []
            if let list = member("entries", of: value) {
                for entry in document.elements(of: list) {
                    guard let key = member("key", of: entry), let item = member("value", of: entry) else { continue }
                    entries.append((try self.value(key), try self.value(item)))
                }
            }
            return .map(MapValue(unchecked: entries))
        case "objectValue": return try message(value)
        default: break
        }
        throw Obstacle("values cannot be '\(kind)'")
    }

    private func double(_ json: JSONValue) throws(Obstacle) -> Double {
        if let number = document.double(json) { return number }
        switch document.string(json) {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: throw Obstacle("not a number")
        }
    }

    private func bytes(_ text: String) throws(Obstacle) -> [UInt8] {
        do throws(CELError) {
            return try Base64.decode(Array(text.utf8))
        } catch {
            throw Obstacle(error.description)
        }
    }

    private func namedType(_ name: String) -> CELType {
        switch name {
        case "google.protobuf.Timestamp": .timestamp
        case "google.protobuf.Duration": .duration
        default: WellKnownType.names[name] ?? .opaque(name)
        }
    }

    /// A message in an `Any`, if the specification gives it a meaning.
    private func message(_ json: JSONValue) throws(Obstacle) -> CELValue {
        let prefix = "type.googleapis.com/google.protobuf."
        guard let type = text("@type", of: json), type.hasPrefix(prefix) else {
            throw Obstacle("there are no messages but those of google.protobuf")
        }
        let value = member("value", of: json)
        let text = value.flatMap { document.string($0) } ?? ""
        switch type.dropFirst(prefix.count) {
        case "Duration":
            if let span = DurationValue(text) { return .duration(span) }
        case "Timestamp":
            if let time = TimestampValue(text) { return .timestamp(time) }
        case "BoolValue": return .bool(value?.bool ?? false)
        case "StringValue": return .string(text)
        case "BytesValue": return .bytes(try bytes(text))
        case "Int32Value", "Int64Value":
            if let number = Int64(text) ?? value.flatMap({ document.int($0) }) { return .int(number) }
        case "UInt32Value", "UInt64Value":
            if let number = UInt64(text) ?? value.flatMap({ document.int($0) }).map({ UInt64($0) }) {
                return .uint(number)
            }
        case "FloatValue":
            if let value { return .double(Double(Float(try double(value)))) }
        case "DoubleValue":
            if let value { return .double(try double(value)) }
        case "Value", "Struct", "ListValue":
            if let value { return plain(value) }
        default: break
        }
        throw Obstacle("the message \(type) cannot be read")
    }

    /// JSON as protocol buffers have it: all numbers are doubles.
    private func plain(_ json: JSONValue) -> CELValue {
        switch json.kind {
        case .null: .null
        case .bool: .bool(json.bool ?? false)
        case .int, .double: .double(document.double(json) ?? 0)
        case .string: .string(document.string(json) ?? "")
        case .array: .list(ListValue(document.elements(of: json).map { plain($0) }))
        case .object:
            .map(
                MapValue(
                    unchecked: document.members(of: json).map {
                        (.string(document.string($0.key) ?? ""), plain($0.value))
                    }
                )
            )
        }
    }
}
