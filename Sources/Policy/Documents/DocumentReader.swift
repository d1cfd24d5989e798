package import Azure
package import JSON

/// The reading of one file: the tables that names are checked against, and the faults as they are found.
///
/// Reading goes on after a fault, so that one load names all of them.
package final class Loading {
    let tables: AzureTables
    package private(set) var issues = IssueList()

    /// The kinds that patterns fit, by the patterns.
    private var matchedKinds: [PatternIndex.Entry: [AzureKind]] = [:]

    /// The facets that any kind has which the patterns fit; nil if they fit none that the tables know.
    func facets(of resources: PatternIndex.Entry) -> FacetSet? {
        let kinds = kinds(of: resources)
        return kinds.isEmpty ? nil : kinds.reduce(into: FacetSet()) { $0.formUnion($1.facets) }
    }

    /// The kinds of the tables that the patterns fit.
    func kinds(of resources: PatternIndex.Entry) -> [AzureKind] {
        if let known = matchedKinds[resources] { return known }
        let included = resources.included
        let kinds = tables.kinds.filter { kind in
            included?.contains { $0.matches(kind.description) } ?? true
                && !resources.excluded.contains { $0.matches(kind.description) }
        }
        matchedKinds[resources] = kinds
        return kinds
    }

    /// Whether another warning would be kept, so that it is worth looking for what was meant.
    var keepsWarnings: Bool { issues.keeps(.warning) }

    /// `group/Kind` of every kind of the tables, in their order.
    var kindNames: [String] { tables.kindNames }

    /// Whether expressions are compiled so that a trace can tell of their parts.
    let tracesExpressions: Bool

    package init(tables: AzureTables) {
        self.tables = tables
        tracesExpressions = false
    }

    init(_ configuration: PolicyConfiguration) {
        tables = configuration.tables
        tracesExpressions = configuration.tracesExpressions
    }

    package func report(_ issue: PolicyIssue) {
        issues.append(issue)
    }

    /// Counts a fault that nobody will read, for it takes time to find its line.
    fileprivate func reportUnkept(_ severity: PolicyIssue.Severity) {
        issues.appendUnkept(severity)
    }
}

/// Faults of policy files: a folder of nonsense must not become a log of nonsense.
package struct IssueList: Sendable {
    private var kept: [PolicyIssue.Severity: [PolicyIssue]] = [:]
    /// Whether there was an error, be it among those that were kept or not.
    package private(set) var hasErrors = false

    /// How many errors, and how many warnings, are kept.
    static let maximumIssues = 200

    func keeps(_ severity: PolicyIssue.Severity) -> Bool { kept[severity, default: []].count < Self.maximumIssues }

    mutating func appendUnkept(_ severity: PolicyIssue.Severity) {
        if severity == .error { hasErrors = true }
    }

    mutating func append(_ issue: PolicyIssue) {
        appendUnkept(issue.severity)
        guard keeps(issue.severity) else { return }
        kept[issue.severity, default: []].append(issue)
    }

    mutating func append(_ others: IssueList) {
        for severity in [PolicyIssue.Severity.error, .warning] {
            for issue in others.kept[severity] ?? [] { append(issue) }
        }
    }

    /// The issues by place, so that the order of files and rules does not matter.
    package var sorted: [PolicyIssue] {
        kept.values.joined().sorted {
            ($0.file, $0.line, $0.column, $0.field, $0.message) < ($1.file, $1.line, $1.column, $1.field, $1.message)
        }
    }
}

/// One value of a manifest with its place: what every typed read starts from.
package struct Node {
    package let document: JSONDocument
    package let value: JSONValue
    package let file: String
    package let path: String
    package let loading: Loading
    /// What `${parameters.name}` stands for in the node and below it.
    var parameters: PolicyParameters?

    package func error(_ message: String, mend: String) {
        report(.error, .invalid, message, mend: mend)
    }

    func error(_ kind: PolicyIssue.Kind, _ message: String, mend: String, correction: String? = nil) {
        report(.error, kind, message, mend: mend, correction: correction)
    }

    package func warning(_ message: String, mend: String) {
        report(.warning, .doubtful, message, mend: mend)
    }

    func warning(_ kind: PolicyIssue.Kind, _ message: String, mend: String) {
        report(.warning, kind, message, mend: mend)
    }

    /// Reports a fault inside a string, so many bytes from its beginning.
    func error(_ message: String, mend: String, at offset: Int) {
        error(.invalid, message, mend: mend, at: offset)
    }

    /// Reports a fault inside a string, so many bytes from its beginning.
    func error(_ kind: PolicyIssue.Kind, _ message: String, mend: String, at offset: Int) {
        loading.report(issue(.error, kind, message, mend: mend, at: offset))
    }

    private func report(
        _ severity: PolicyIssue.Severity,
        _ kind: PolicyIssue.Kind,
        _ message: String,
        mend: String,
        correction: String? = nil
    ) {
        guard loading.issues.keeps(severity) else { return loading.reportUnkept(severity) }
        loading.report(issue(severity, kind, message, mend: mend, correction: correction))
    }

    /// A fault of the format that may be found to be one after the reading.
    package func issue(_ severity: PolicyIssue.Severity, _ message: String, mend: String) -> PolicyIssue {
        issue(severity, .invalid, message, mend: mend)
    }

    /// A fault that may be found to be one after the reading.
    package func issue(
        _ severity: PolicyIssue.Severity,
        _ kind: PolicyIssue.Kind,
        _ message: String,
        mend: String,
        at offset: Int? = nil,
        correction: String? = nil
    ) -> PolicyIssue {
        let position = offset.map { document.position(at: $0, in: value) } ?? document.position(of: value)
        return PolicyIssue(
            severity: severity,
            kind: kind,
            file: file,
            line: position.line,
            column: position.column,
            field: path,
            message: message,
            mend: mend,
            correction: correction
        )
    }

    package func at(_ value: JSONValue, _ path: String) -> Node {
        let node = Node(
            document: document,
            value: value,
            file: file,
            path: path,
            loading: loading,
            parameters: parameters
        )
        return parameters?.resolve(node) ?? node
    }

    /// What the value is, in the words of YAML.
    package var typeName: String {
        switch value.kind {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    // MARK: Scalars

    package func string() -> String? {
        guard let text = document.string(value) else {
            error(
                "must be a string, not \(typeName)",
                mend: value.kind == .object || value.isArray ? "write a string" : "quote it"
            )
            return nil
        }
        guard !text.isEmpty else {
            error("is empty", mend: "write a value or remove the field")
            return nil
        }
        guard text.utf8.count <= 4096 else {
            error("has \(text.utf8.count) bytes", mend: "keep it within 4096")
            return nil
        }
        return text
    }

    /// A ceiling or a count.
    func number() -> Double? {
        guard let number = document.double(value) else {
            error("must be a number, not \(typeName)", mend: "write a number without quotes")
            return nil
        }
        guard number >= 0, number.isFinite else {
            error("must not be negative", mend: "write 0 or more")
            return nil
        }
        return number
    }

    func bool() -> Bool? {
        guard value.kind == .bool else {
            error("must be true or false, not \(typeName)", mend: "write true or false without quotes")
            return nil
        }
        return document.bool(value)
    }

    /// One of the words of an enumeration, read without regard to case.
    package func keyword<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> Word? where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue)
        guard value.isString else {
            // `1.2` is a word without its quotes; `true` is none with them.
            let isWord = !value.isArray && !value.isObject && words.contains(String(document.lexeme(value)))
            error(
                "must be a string, not \(typeName)",
                mend: isWord ? "quote it" : "write \(words.joinedForChoice())"
            )
            return nil
        }
        guard let text = string() else { return nil }
        if let word = Word.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) { return word }
        error("is \"\(text.prefix(40))\"", mend: "write \(words.joinedForChoice())")
        return nil
    }

    // MARK: Containers

    /// The elements of a list that must have some.
    package func elements() -> [Node] {
        guard value.isArray else {
            error("must be a list, not \(typeName)", mend: "write a list (- …)")
            return []
        }
        guard document.count(of: value) > 0 else {
            error("is an empty list, which would match nothing", mend: "list something or remove the field")
            return []
        }
        var result: [Node] = []
        for element in document.elements(of: value) {
            result.append(at(element, "\(path)[\(result.count)]"))
        }
        return result
    }

    package func strings() -> [String] {
        elements().compactMap { $0.string() }
    }

    /// The members of an object whose keys are the author's: tags, labels.
    package func entries() -> [(key: String, node: Node)] {
        guard value.isObject else {
            error("must be an object, not \(typeName)", mend: "write an object (key: value)")
            return []
        }
        guard document.count(of: value) > 0 else {
            error("is an empty object, which would say nothing", mend: "write an entry or remove the field")
            return []
        }
        var result: [(key: String, node: Node)] = []
        for (key, member) in document.members(of: value) {
            let name = document.string(key) ?? ""
            result.append((name, at(member, memberPath(name))))
        }
        return result
    }

    /// The value as an object with known fields; every other one is an error that says what may have been meant.
    ///
    /// - Parameters:
    ///   - fields: What there is.
    ///   - reserved: What the design knows and this version does not do; never ignored.
    /// - Returns: nil if it is no object.
    package func fields(_ fields: [String], reserved: [String] = []) -> Fields? {
        guard value.isObject else {
            error("must be an object, not \(typeName)", mend: "write an object with \(fields.joinedForChoice())")
            return nil
        }
        for (key, _) in document.members(of: value) {
            let name = document.string(key) ?? ""
            guard !fields.contains(name) else { continue }
            let fault = at(key, memberPath(name))
            if reserved.contains(name) {
                fault.error(
                    .unknownField,
                    "is not supported by this version",
                    mend: "remove it; nothing would enforce it"
                )
            } else if let near = name.nearest(in: fields + reserved) {
                // Safe to write only where the object does not say the field already.
                let isFree =
                    fields.contains(near) && document.member(near, of: value) == nil
                    && (fields + reserved).count { name.nearest(in: [$0]) != nil } == 1
                fault.error(
                    .unknownField,
                    "is unknown, did you mean \"\(near)\"?",
                    mend: "write \(near)",
                    correction: isFree ? near : nil
                )
            } else {
                fault.error(.unknownField, "is unknown", mend: "remove it; known are \(fields.joined(separator: ", "))")
            }
        }
        return Fields(node: self)
    }

    private func memberPath(_ name: String) -> String {
        let shown = name.utf8.count > 80 ? "\(name.prefix(80))…" : name
        let isPlain = !name.isEmpty && name.utf8.allSatisfy { $0.isAlphanumericASCII || "-_".utf8.contains($0) }
        if !isPlain { return "\(path)[\"\(shown.singleLine)\"]" }
        return path.isEmpty ? shown : "\(path).\(shown)"
    }
}

extension Node {
    /// A whole document.
    package init(_ document: JSONDocument, file: String, _ loading: Loading) {
        self.init(document: document, value: document.root, file: file, path: "", loading: loading)
    }

    /// The value without its place in a file.
    package var fragment: JSONFragment { JSONFragment(document, value) }
}

/// An object whose fields have been checked by name; `null` counts as absent, as Kubernetes reads it.
package struct Fields {
    let node: Node

    package subscript(_ name: String) -> Node? {
        guard let value = node.document.member(name, of: node.value), !value.isNull else { return nil }
        let member = node.at(value, node.path.isEmpty ? name : "\(node.path).\(name)")
        // A parameter may be null, so that the field is as good as left out.
        return member.value.isNull ? nil : member
    }

    /// Present even if `null`: for fields whose presence is their meaning.
    func present(_ name: String) -> Node? {
        guard let value = node.document.member(name, of: node.value) else { return nil }
        return node.at(value, node.path.isEmpty ? name : "\(node.path).\(name)")
    }

    /// A field that must be there.
    package func required(_ name: String, _ mend: String) -> Node? {
        if let node = self[name] { return node }
        node.error("has no \(name)", mend: mend)
        return nil
    }
}

extension [String] {
    /// `a`, `a or b`, `a, b or c`.
    package func joinedForChoice() -> String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " or " + last
    }
}

extension String {
    /// The candidate that a typing slip away from this word, if one is near enough to be meant.
    package func nearest(in candidates: [String]) -> String? {
        // An attacker's kilobyte is no typing slip.
        guard utf8.count <= 64 else { return nil }
        var best: (distance: Int, candidate: String)?
        for candidate in candidates {
            let distance = lowercased().distance(to: candidate.lowercased())
            if distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        guard let best, best.distance <= Swift.max(1, Swift.min(utf8.count, best.candidate.utf8.count) / 3) else {
            return nil
        }
        return best.candidate
    }

    /// The Damerau–Levenshtein distance (optimal string alignment) in bytes.
    private func distance(to other: String) -> Int {
        let (left, right) = (Array(utf8), Array(other.utf8))
        if left.isEmpty || right.isEmpty { return Swift.max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let cost = left[row - 1] == right[column - 1] ? 0 : 1
                var best = Swift.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + cost)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    best = Swift.min(best, beforeLast[column - 2] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
