internal import JSON

/// Settings in a YAML file: one mapping from names to scalars, or to lists where several values are allowed.
struct SettingsFile {
    /// By name of the setting.
    private(set) var values: [String: SettingSources.Given] = [:]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: YAML, or JSON.
    ///   - path: Its name, for errors.
    ///   - settings: What may stand in it.
    /// - Throws: What is wrong, as `file:line:column`: not YAML, not a mapping, an unknown key.
    init(parsing bytes: [UInt8], path: String, settings: [Setting]) throws(UsageError) {
        let documents: [JSONDocument]
        do {
            documents = try JSONDocument.parseYAML(bytes)
        } catch {
            throw UsageError("\(path):\(error.line):\(error.column): \(error.message); \(error.mend)")
        }
        guard let document = documents.first, !document.root.isNull else { return }
        func place(_ value: JSONValue, in other: JSONDocument? = nil) -> String {
            let position = (other ?? document).position(of: value)
            return "\(path):\(position.line):\(position.column)"
        }
        guard documents.count == 1 else {
            throw UsageError("\(place(documents[1].root, in: documents[1])): a second document; settings are one")
        }
        guard document.root.isObject else {
            throw UsageError("\(place(document.root)): settings are a mapping such as 'listen: 127.0.0.1:8443'")
        }
        for (key, value) in document.members(of: document.root) {
            let name = document.string(key) ?? ""
            guard settings.contains(where: { $0.name == name }) else {
                let known = settings.map(\.name)
                let meant = nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
                let list = meant.isEmpty ? "; the keys are \(known.joined(separator: ", "))" : ""
                throw UsageError("\(place(key)): there is no setting '\(name)'\(meant)\(list)")
            }
            guard let text = SettingsFile.text(of: value, in: document) else {
                throw UsageError("\(place(value)): '\(name)' is a single value or a list of them")
            }
            values[name] = SettingSources.Given(text: text, origin: .file("\(place(value)): \(name)"))
        }
    }

    /// A scalar as it is written; a list as the same text that a flag takes, with commas.
    private static func text(of value: JSONValue, in document: JSONDocument) -> String? {
        switch value.kind {
        case .string: return document.string(value)
        case .int: return document.int(value).map(String.init)
        case .double, .bool: return String(document.lexeme(value))
        case .null: return ""
        case .object: return nil
        case .array:
            var texts: [String] = []
            for element in document.elements(of: value) {
                guard !element.isArray, let text = text(of: element, in: document) else { return nil }
                texts.append(text)
            }
            return texts.joined(separator: ",")
        }
    }
}

/// The candidate that a misspelt word probably means: at most two letters wrong, missing or too many.
func nearest(to word: String, in candidates: [String]) -> String? {
    candidates.map { ($0, editDistance(word, $0)) }.filter { $0.1 <= 2 }.min { $0.1 < $1.1 }?.0
}

/// Levenshtein's distance.
private func editDistance(_ first: String, _ second: String) -> Int {
    let second = Array(second)
    var row = Array(0...second.count)
    for (i, a) in first.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in second.enumerated() {
            let substituted = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
        }
    }
    return row[second.count]
}
