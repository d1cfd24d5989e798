import CEL
import JSON

/// As much of JSON Schema as our own schemas say; what a structural schema of Kubernetes adds is heeded too.
struct SchemaValidator {
    let schema: JSONFragment

    init(_ schema: JSONFragment) {
        self.schema = schema
    }

    init(_ text: String) throws {
        schema = JSONFragment(try JSONDocument(parsing: Array(text.utf8)))
    }

    /// Why a value does not fit, in the words of paths; empty if it does.
    func faults(of value: JSONFragment) -> [String] { faults(value, schema, "") }

    private func faults(_ value: JSONFragment, _ schema: JSONFragment, _ path: String) -> [String] {
        if schema.value.kind == .bool { return schema.value.bool == true ? [] : ["\(path): is not allowed"] }
        var result: [String] = []
        func complain(_ text: String) { result.append("\(path): \(text)") }
        if value.value.isNull, schema["nullable"]?.value.bool == true { return [] }
        for (key, member) in schema.members {
            switch key {
            case "$ref":
                let name = member.text.split(separator: "/").last.map(String.init) ?? ""
                guard let target = self.schema["definitions"]?[name] else {
                    complain("names no definition \(name)")
                    continue
                }
                result += faults(value, target, path)
            case "type": if !value.isOf(member.text) { complain("is no \(member.text)") }
            case "enum":
                if !member.elements.contains(value) { complain("is none of \(member.elements.map(\.text))") }
            case "const": if member != value { complain("is not \(member.text)") }
            case "pattern":
                guard value.value.isString else { continue }
                let pattern = try? RegularExpression(member.text)
                if pattern?.matches(value.text) != true { complain("does not match \(member.text)") }
            case "minLength": if value.value.isString, value.text.count < member.int { complain("is too short") }
            case "maxLength": if value.value.isString, value.text.count > member.int { complain("is too long") }
            case "minimum": if let number = value.number, number < Double(member.int) { complain("is too small") }
            case "maximum": if let number = value.number, number > Double(member.int) { complain("is too large") }
            case "minItems": if value.value.isArray, value.elements.count < member.int { complain("has too few") }
            case "maxItems": if value.value.isArray, value.elements.count > member.int { complain("has too many") }
            case "minProperties": if value.value.isObject, value.members.count < member.int { complain("says nothing") }
            case "maxProperties": if value.value.isObject, value.members.count > member.int { complain("says a lot") }
            case "required":
                guard value.value.isObject else { continue }
                for name in member.elements where value[name.text] == nil { complain("has no \(name.text)") }
            case "properties":
                for (name, inner) in value.members {
                    if let known = member[name] { result += faults(inner, known, "\(path).\(name)") }
                }
            case "additionalProperties":
                for (name, inner) in value.members where schema["properties"]?[name] == nil {
                    result += faults(inner, member, "\(path).\(name)")
                }
            case "items":
                for (place, element) in value.elements.enumerated() {
                    result += faults(element, member, "\(path)[\(place)]")
                }
            case "anyOf":
                let all = member.elements.map { faults(value, $0, path) }
                if !all.contains([]) { result += all.min { $0.count < $1.count } ?? [] }
            case "oneOf":
                let count = member.elements.count { faults(value, $0, path).isEmpty }
                if count != 1 { complain("fits \(count) alternatives") }
            case "allOf": for inner in member.elements { result += faults(value, inner, path) }
            case "if":
                guard faults(value, member, path).isEmpty, let then = schema["then"] else { continue }
                result += faults(value, then, path)
            case "x-kubernetes-int-or-string":
                if value.value.kind != .int, !value.value.isString { complain("is neither number nor text") }
            case "then", "definitions", "description", "title", "$schema", "examples", "format", "nullable",
                "x-kubernetes-preserve-unknown-fields", "x-kubernetes-list-type", "x-kubernetes-list-map-keys":
                continue
            default: complain("schema says \(key)")
            }
        }
        return result
    }
}

extension JSONFragment {
    var members: [(key: String, value: JSONFragment)] {
        guard value.isObject else { return [] }
        return document.members(of: value).map { (document.string($0.key) ?? "", JSONFragment(document, $0.value)) }
    }

    var elements: [JSONFragment] {
        guard value.isArray else { return [] }
        return document.elements(of: value).map { JSONFragment(document, $0) }
    }

    subscript(_ name: String) -> JSONFragment? { members.first { $0.key == name }?.value }

    var text: String { document.string(value) ?? "" }
    var int: Int { number.map { Int($0) } ?? 0 }
    var number: Double? { document.double(value) }

    fileprivate func isOf(_ type: String) -> Bool {
        switch value.kind {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .int: type == "integer" || type == "number"
        case .double: type == "number"
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }
}
