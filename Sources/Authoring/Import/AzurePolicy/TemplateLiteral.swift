internal import JSON

/// A JSON value that is known when a definition is read.
indirect enum TemplateLiteral: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([TemplateLiteral])
    case object([Member])

    struct Member: Hashable, Sendable {
        let key: String
        var value: TemplateLiteral
    }

    init(_ value: JSONValue, in document: JSONDocument) {
        switch value.kind {
        case .null: self = .null
        case .bool: self = .bool(value.bool ?? false)
        case .int: self = .int(document.int(value) ?? 0)
        case .double: self = .double(document.double(value) ?? 0)
        case .string: self = .string(document.string(value) ?? "")
        case .array: self = .array(document.elements(of: value).map { TemplateLiteral($0, in: document) })
        case .object:
            self = .object(
                document.members(of: value).map {
                    Member(key: document.string($0.key) ?? "", value: TemplateLiteral($0.value, in: document))
                }
            )
        }
    }

    /// A scalar as conditions compare it: text in small letters.
    var folded: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): value.description
        case .string(let text): text.lowercasedASCII
        case .null, .array, .object: nil
        }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var elements: [TemplateLiteral]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    subscript(key: String) -> TemplateLiteral? {
        members?.first { $0.key.lowercasedASCII == key.lowercasedASCII }?.value
    }

    /// The value as a literal of CEL.
    var cel: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): value.description
        case .string(let text): text.celLiteral
        case .array(let elements): "[" + elements.map(\.cel).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\($0.key.celLiteral): \($0.value.cel)" }.joined(separator: ", ") + "}"
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.int(value)
        case .double(let value): writer.double(value)
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    /// The value in one line of JSON, which is YAML too.
    var json: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// The value with another one at a path; objects and elements that are missing on the way are made.
    ///
    /// - Parameters:
    ///   - steps: The way, elements of lists by the first of them.
    ///   - value: What stands there then; nil takes it away.
    /// - Returns: The value as it is then.
    func setting(_ steps: ArraySlice<FieldStep>, to value: TemplateLiteral?) -> TemplateLiteral {
        guard let step = steps.first else { return value ?? .null }
        let rest = steps.dropFirst()
        switch step {
        case .element:
            var elements = self.elements ?? []
            if elements.isEmpty {
                if value == nil { return self }
                elements = [.object([])]
            }
            elements[0] = elements[0].setting(rest, to: value)
            return .array(elements)
        case .member(let name), .key(let name):
            var members = self.members ?? []
            let place = members.firstIndex { $0.key == name }
            if rest.isEmpty, value == nil {
                if let place { members.remove(at: place) }
                return .object(members)
            }
            if let place {
                members[place].value = members[place].value.setting(rest, to: value)
            } else if value != nil {
                members.append(Member(key: name, value: TemplateLiteral.object([]).setting(rest, to: value)))
            }
            return .object(members)
        }
    }

    /// Whether something stands there.
    ///
    /// - Parameter steps: The way, elements of lists by the first of them.
    /// - Returns: Whether there is a value, which null is none.
    func hasValue(at steps: ArraySlice<FieldStep>) -> Bool {
        guard let step = steps.first else { return self != .null }
        let next: TemplateLiteral? =
            switch step {
            case .element: elements?.first
            case .member(let name), .key(let name): members?.first { $0.key == name }?.value
            }
        return next?.hasValue(at: steps.dropFirst()) ?? false
    }
}

extension String {
    /// The text with the letters A to Z in small ones, as CEL's `lowerAscii` makes it.
    var lowercasedASCII: String {
        String(
            decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 },
            as: UTF8.self
        )
    }

    /// The text as a string literal of CEL.
    var celLiteral: String {
        var result = "'"
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "'": result += "\\'"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f || (0x80...0x9f).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "'"
    }
}
