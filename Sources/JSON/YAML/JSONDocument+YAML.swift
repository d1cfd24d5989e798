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
