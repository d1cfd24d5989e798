import CYAML

extension JSONDocument {
    /// Parses a YAML stream, each document as the JSON that the Kubernetes YAML→JSON path makes of it.
    ///
    /// Types follow sigs.k8s.io/yaml (YAML 1.1 as go-yaml v2 reads it): unquoted `no`, `off` and `y` are booleans, `0o17`, `017`
    /// and `1_000` integers, `1e3` is 1000; dates are strings. Anchors, aliases and merge keys are expanded, within a budget.
    /// Refused, with the position, is what JSON cannot say or readers disagree on: `.inf`, keys that stand twice, lists as keys,
    /// tags of other types. `position(of:)` gives a node's place in the stream; a text that is JSON already is taken as it is.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8, or in UTF-16 with a byte order mark.
    ///   - limits: How deep and how long it may be, as YAML and as JSON.
    /// - Returns: The documents that are not empty.
    /// - Throws: The first fault, with its line and column.
    public static func parseYAML(
        _ bytes: [UInt8],
        limits: JSONLimits = .default
    ) throws(YAMLError) -> [JSONDocument] {
        guard bytes.count <= limits.maximumBytes else {
            throw YAMLError(.tooLarge(limit: limits.maximumBytes), at: JSONPosition(line: 1, column: 1))
        }
        // JSON first, as the Kubernetes decoder does: YAML 1.1 lacks its surrogate pairs and its tabs.
        let first = bytes.first { $0 > 0x20 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            let document = try? JSONDocument(parsing: bytes, limits: limits)
        {
            return [document]
        }
        return try unsafe bytes.withUnsafeBufferPointer { text throws(YAMLError) in
            var events = unsafe YAMLEvents(of: text)
            var translator = YAMLTranslator(limits: limits)
            return try translator.documents(from: &events)
        }
    }
}

/// Where a node of a YAML stream was.
struct YAMLMark: Sendable {
    /// Where the node begins in the JSON that it became.
    let offset: UInt32
    let line: UInt32
    let column: UInt32
    var form = Form.other

    /// How a scalar is written.
    enum Form: Sendable {
        /// On one line, without quotes.
        case plain
        /// On one line; a quote in it is two.
        case singleQuoted
        /// On one line, without escapes.
        case doubleQuoted
        /// Line by line behind `|`, each indented by so many spaces.
        case literal(UInt8)
        /// In a way that does not tell where its characters stand, or no scalar.
        case other
    }

    var position: JSONPosition { JSONPosition(line: Int(line), column: Int(column)) }
}

extension [YAMLMark] {
    /// The last mark that is not after an offset; the marks are sorted by theirs, and the first has 0.
    func index(of offset: Int) -> Int {
        var low = 0
        var high = count
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(self[middle].offset) <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Where the node at an offset was.
    func position(of offset: Int) -> JSONPosition {
        isEmpty ? JSONPosition(line: 1, column: 1) : self[index(of: offset)].position
    }
}

extension JSONDocument {
    /// Where a part of a string stands as people count.
    ///
    /// - Parameters:
    ///   - offset: Bytes of the string before the part.
    ///   - value: The string.
    /// - Returns: The place, if the way in which the string is written tells it; else the string's own.
    public func position(at offset: Int, in value: JSONValue) -> JSONPosition {
        let start = position(of: value)
        let text = utf8(value)
        guard value.isString, offset >= 0, offset <= text.count else { return start }
        if marks.isEmpty {
            // Without escapes a byte of the string is one of the text.
            guard source(value).count == text.count else { return start }
            return JSONPosition(offset: self.offset(of: value) + 1 + offset, in: self.text)
        }
        var characters = 0
        var quotes = 0
        var lines = 0
        for index in 0..<offset {
            if text[index] & 0xc0 != 0x80 { characters += 1 }
            if text[index] == UInt8(ascii: "'") { quotes += 1 }
            if text[index] == UInt8(ascii: "\n") {
                lines += 1
                characters = 0
            }
        }
        switch marks[marks.index(of: self.offset(of: value))].form {
        case .plain: return JSONPosition(line: start.line, column: start.column + characters)
        case .singleQuoted: return JSONPosition(line: start.line, column: start.column + 1 + characters + quotes)
        case .doubleQuoted: return JSONPosition(line: start.line, column: start.column + 1 + characters)
        case .literal(let spaces):
            return JSONPosition(line: start.line + 1 + lines, column: Int(spaces) + 1 + characters)
        case .other: return start
        }
    }
}
