internal import JSON

/// Values as people write them in YAML.
public enum YAMLText {
    /// A text in JSON as a document in YAML; the text itself if it is none.
    public static func yaml(ofJSON json: [UInt8]) -> String {
        guard let document = try? JSONDocument(parsing: json) else { return String(decoding: json, as: UTF8.self) }
        return block(JSONFragment(document)).joined(separator: "\n")
    }

    /// A value in one line, as it stands between braces.
    static func flow(_ value: JSONFragment) -> String {
        let document = value.document
        switch value.value.kind {
        case .object:
            let members = document.members(of: value.value).map { key, member in
                "\(scalar(document.string(key) ?? "")): \(flow(JSONFragment(document, member)))"
            }
            return "{\(members.joined(separator: ", "))}"
        case .array:
            let elements = document.elements(of: value.value).map { flow(JSONFragment(document, $0)) }
            return "[\(elements.joined(separator: ", "))]"
        case .string: return scalar(document.string(value.value) ?? "")
        case .null, .bool, .int, .double: return String(decoding: document.bytes(of: value.value), as: UTF8.self)
        }
    }

    /// A value in lines of its own.
    ///
    /// - Parameters:
    ///   - value: Any value.
    ///   - indent: How many spaces stand before each line.
    /// - Returns: The lines.
    static func block(_ value: JSONFragment, indent: Int = 0) -> [String] {
        let document = value.document
        let spaces = String(repeating: " ", count: indent)
        switch value.value.kind {
        case .object where document.count(of: value.value) > 0:
            return document.members(of: value.value).flatMap { key, member in
                let inner = JSONFragment(document, member)
                let name = scalar(document.string(key) ?? "")
                guard isBlock(inner) else { return ["\(spaces)\(name): \(flow(inner))"] }
                return ["\(spaces)\(name):"] + block(inner, indent: indent + 2)
            }
        case .array where document.count(of: value.value) > 0:
            return document.elements(of: value.value).flatMap { element in
                let inner = JSONFragment(document, element)
                guard isBlock(inner) else { return ["\(spaces)- \(flow(inner))"] }
                var lines = block(inner, indent: indent + 2)
                lines[0] = "\(spaces)- \(lines[0].dropFirst(indent + 2))"
                return lines
            }
        default: return [spaces + flow(value)]
        }
    }

    private static func isBlock(_ value: JSONFragment) -> Bool {
        (value.value.isObject || value.value.isArray) && value.document.count(of: value.value) > 0
    }

    /// Words that YAML takes for something else than text.
    private static let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

    /// A text, with quotes where it could be taken for something else.
    static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { isLetter($0) } ?? false
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "-./".utf8.contains($0) }
            && !words.contains(text.lowercased())
        if isPlain { return text }
        var writer = JSONWriter()
        writer.string(text)
        let quoted = String(decoding: writer.finish(), as: UTF8.self)
        guard quoted.unicodeScalars.contains(where: isUnprintable) else { return quoted }
        return quoted.unicodeScalars.reduce(into: "") { result, scalar in
            if isUnprintable(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// What YAML takes no file with, and what turns the direction of a line.
    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff, 0xfffe, 0xffff: true
        default: false
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }
}
