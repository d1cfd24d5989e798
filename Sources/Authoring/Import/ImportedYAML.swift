/// Block YAML for what importers write.
enum ImportedYAML {
    /// A scalar that reads back as this text.
    static func scalar(_ text: String) -> String {
        isPlain(text) ? text : TemplateLiteral.string(text).json
    }

    /// Whether a text means itself without quotes, in blocks and in brackets.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count < 80 else { return false }
        let isLetter: (UInt8) -> Bool = { (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) }
        guard isLetter(first), text.utf8.last != 0x20 else { return false }
        let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        guard !words.contains(text.lowercasedASCII) else { return false }
        return text.utf8.allSatisfy {
            isLetter($0) || (0x30...0x39).contains($0) || [0x20, 0x2d, 0x2e, 0x2f, 0x5f].contains($0)
        }
    }

    /// A value in block style, from the current column on.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - indent: How many spaces its lines begin with.
    /// - Returns: Its lines, and whether they begin on the line of the key.
    static func lines(_ value: TemplateLiteral, indent: Int) -> (lines: [String], isInline: Bool) {
        let margin = String(repeating: " ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            return (members.flatMap { entry($0.key, $0.value, indent: indent) }, false)
        case .array(let elements) where !elements.isEmpty && !elements.allSatisfy(\.isScalar):
            var result: [String] = []
            for element in elements {
                var lines = lines(element, indent: indent + 2).lines
                let first = lines.removeFirst()
                result.append("\(margin)- \(first.drop { $0 == " " })")
                result += lines
            }
            return (result, false)
        case .string(let text):
            guard text.isBlock else { return ([scalar(text)], true) }
            let body = text.split(separator: "\n", omittingEmptySubsequences: false)
            return (["|-"] + body.map { $0.isEmpty ? "" : margin + $0 }, true)
        case .array(let elements):
            let texts = elements.map { element in
                if case .string(let text) = element { scalar(text) } else { element.json }
            }
            return (["[" + texts.joined(separator: ", ") + "]"], true)
        default: return ([value.json], true)
        }
    }

    /// A member of an object in block style.
    static func entry(_ key: String, _ value: TemplateLiteral, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        let (below, isInline) = lines(value, indent: indent + 2)
        if isInline { return ["\(margin)\(scalar(key)): \(below[0])"] + below.dropFirst() }
        return ["\(margin)\(scalar(key)):"] + below
    }
}

extension String {
    /// Whether it can stand as a block of lines that reads back as this text.
    fileprivate var isBlock: Bool {
        guard utf8.contains(0x0a), let first = utf8.first, first != 0x20, first != 0x0a, utf8.last != 0x0a else {
            return false
        }
        return unicodeScalars.allSatisfy {
            $0 == "\n" || $0.value >= 0x20 && $0.value < 0x7f || $0.value >= 0xa0 && $0.value < 0xd7ff
        }
    }
}

extension TemplateLiteral {
    var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}

extension String {
    /// A name of Kubernetes made of a title, with room for numbers behind it.
    var asName: String { asName(limit: 48) }

    /// A name of Kubernetes made of a text, whole words of it.
    func asName(limit: Int) -> String {
        var result = ""
        for byte in lowercasedASCII.utf8 {
            if (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else if !result.hasSuffix("-"), !result.isEmpty {
                result += "-"
            }
        }
        if result.utf8.count > limit {
            let start = result.prefix(limit + 1)
            result = String(start.lastIndex(of: "-").map { start[..<$0] } ?? start.dropLast())
        }
        while result.hasSuffix("-") { result.removeLast() }
        return result
    }

    /// The text in one line, without what policies would fill in.
    var asMessage: String {
        let words = split { $0 == "\n" || $0 == "\r" || $0 == "\t" || $0 == " " }.joined(separator: " ")
        return String(words.replacing("${", with: "{").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f })
    }
}

extension StringProtocol {
    /// The beginning, for messages.
    var abridged: String { count > 80 ? prefix(80) + "…" : String(self) }
}
