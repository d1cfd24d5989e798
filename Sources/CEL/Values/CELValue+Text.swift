public import JSON

// MARK: For people

extension Evaluation {
    /// A value as one would write it in an expression, for people: at most some `limit` bytes, then `…`.
    public func description(of value: CELValue, limit: Int = 200) -> String {
        var writer = ValueWriter(room: limit)
        writer.write(value, self)
        return writer.text
    }
}

private struct ValueWriter {
    private(set) var text = ""
    private var room: Int

    init(room: Int) { self.room = room }

    private mutating func put(_ part: String) {
        guard room > 0 else { return }
        room -= part.utf8.count
        text += room > 0 ? part : "…"
    }

    /// How deep what is written lies; deeper than this nobody reads, and the stack is finite.
    private var depth = 0
    private static let maximumDepth = 32

    mutating func write(_ value: CELValue, _ evaluation: borrowing Evaluation) {
        guard room > 0 else { return }
        guard depth < Self.maximumDepth else { return put("…") }
        depth += 1
        defer { depth -= 1 }
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .int(let number): put(String(number))
        case .uint(let number): put("\(number)u")
        case .double(let number): put(DoubleText.literal(number))
        case .string(let text): quote(text)
        case .bytes(let bytes): quote(bytes)
        case .timestamp(let time): put("timestamp('\(time)')")
        case .duration(let span): put("duration('\(span)')")
        case .type(let type): put(type.runtimeName)
        case .list, .map: container(value, evaluation)
        case .json(let json):
            if json.isString { quote(evaluation.string(value)) } else { container(value, evaluation) }
        case .optional(let optional):
            guard let inner = optional.value else { return put("optional.none()") }
            put("optional.of(")
            write(inner, evaluation)
            put(")")
        case .object(let object):
            guard let object = object as? StructValue else { return put(object.type.runtimeName) }
            put("\(object.typeName){")
            for (index, field) in object.fields.enumerated() {
                put((index > 0 ? ", " : "") + "\(field.name): ")
                write(field.value, evaluation)
            }
            put("}")
        }
    }

    private mutating func container(_ value: CELValue, _ evaluation: borrowing Evaluation) {
        if evaluation.isValue(value, of: .list(.dyn)) {
            put("[")
            // No more than can be shown is looked at.
            for index in 0..<min(evaluation.count(of: value), room) {
                guard room > 0, let element = evaluation.element(index, of: value) else { break }
                if index > 0 { put(", ") }
                write(element, evaluation)
            }
            return put("]")
        }
        put("{")
        for (index, entry) in evaluation.entries(of: value).enumerated() {
            guard room > 0 else { break }
            if index > 0 { put(", ") }
            write(entry.key, evaluation)
            put(": ")
            write(entry.value, evaluation)
        }
        put("}")
    }

    private mutating func quote(_ text: String) {
        put("'")
        for scalar in text.unicodeScalars {
            guard room > 0 else { break }
            switch scalar {
            case "'": put("\\'")
            case "\\": put("\\\\")
            case "\n": put("\\n")
            case "\r": put("\\r")
            case "\t": put("\\t")
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: put("\\x" + hexadecimal(UInt8(scalar.value)))
            default: put(String(scalar))
            }
        }
        put("'")
    }

    private mutating func quote(_ bytes: [UInt8]) {
        put("b'")
        for byte in bytes {
            guard room > 0 else { break }
            let isPlain = (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
            put(isPlain ? String(Unicode.Scalar(byte)) : "\\x" + hexadecimal(byte))
        }
        put("'")
    }

    private func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

// MARK: As JSON

extension Evaluation {
    /// Writes a value as JSON: integers that a double cannot hold, bytes and times as strings, as protocol buffers do.
    ///
    /// - Throws: For types, optionals without a value, numbers that JSON has not, and keys that are no strings.
    public func write(_ value: CELValue, to writer: inout JSONWriter) throws(CELError) {
        switch value {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let number): writer.int(number)
        case .uint(let number):
            if let number = Int64(exactly: number) { writer.int(number) } else { writer.string(String(number)) }
        case .double(let number):
            guard number.isFinite else { throw CELError(.invalidArgument, "JSON has no number \(number)") }
            writer.double(number)
        case .string(let text): writer.string(text)
        case .json(let json): writer.copy(json, in: document(of: json))
        case .bytes(let bytes): writer.string(try base64(bytes))
        case .timestamp(let time): writer.string(time.description)
        case .duration(let span): writer.string(span.description)
        case .list(let list):
            writer.beginArray()
            for element in list.elements { try write(element, to: &writer) }
            writer.endArray()
        case .map(let map):
            writer.beginObject()
            for (key, value) in map.entries {
                guard isString(key) else {
                    throw CELError(.invalidArgument, "\(description(of: key)) cannot be a key in JSON")
                }
                writer.key(string(key))
                try write(value, to: &writer)
            }
            writer.endObject()
        case .optional(let optional):
            guard let value = optional.value else {
                throw CELError(.invalidArgument, "optional.none() cannot be JSON")
            }
            try write(value, to: &writer)
        case .object(let object):
            guard let object = object as? StructValue else {
                throw CELError(.invalidArgument, "\(object.type.runtimeName) cannot be JSON")
            }
            writer.beginObject()
            for field in object.fields {
                writer.key(field.name)
                try write(field.value, to: &writer)
            }
            writer.endObject()
        case .type(let type):
            throw CELError(.invalidArgument, "the type \(type.runtimeName) cannot be JSON")
        }
    }

    private func base64(_ bytes: [UInt8]) throws(CELError) -> String {
        var builder = TextBuilder(self)
        try Base64.encode(bytes, to: &builder)
        return builder.text
    }
}
