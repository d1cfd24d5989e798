internal import CEL
internal import JSON
internal import Policy

/// What a case expects of a decision: all of it, unless it says that it names only some.
struct Expectation {
    enum Verdict: String, CaseIterable {
        case allow = "Allow"
        case deny = "Deny"
    }

    let verdict: Verdict
    let failures: [Pattern]
    let warnings: [Pattern]
    let audits: [Pattern]
    /// The object as mutations leave it.
    let patched: Node?
    /// What mutations change.
    let patchedChanges: Node?
    /// Whether what is not expected may not be.
    let isExhaustive: Bool
    /// The rules that the case is about: what others say is nothing to it; nil for all.
    let only: [RuleName]?
    /// Where all of it stands.
    let node: Node

    private static let fields = [
        "decision", "only", "failures", "warnings", "audits", "patched", "patchedChanges", "exhaustive",
    ]

    /// A rule as `only` names it: its name, or `policy/rule`.
    struct RuleName {
        let node: Node
        let policy: String?
        let rule: String

        init?(_ node: Node) {
            guard let text = node.string() else { return nil }
            self.node = node
            let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
            policy = parts.count == 2 ? parts[0] : nil
            rule = parts.last ?? text
        }

        func names(_ finding: Finding) -> Bool {
            finding.rule == rule && (policy == nil || finding.policy == policy)
        }
    }

    init?(_ node: Node) {
        guard let fields = node.fields(Self.fields),
            let verdict = fields.required("decision", "write decision: Allow or Deny")?.keyword(Verdict.self)
        else { return nil }
        self.verdict = verdict
        self.node = node
        only = fields["only"].map { only in
            (only.value.isString ? [only] : only.elements()).compactMap { RuleName($0) }
        }
        failures = fields["failures"]?.elements().compactMap { Pattern($0) } ?? []
        warnings = fields["warnings"]?.elements().compactMap { Pattern($0) } ?? []
        audits = fields["audits"]?.elements().compactMap { Pattern($0) } ?? []
        patched = fields["patched"]
        patchedChanges = fields["patchedChanges"]
        isExhaustive = fields["exhaustive"]?.flag() ?? true
        if verdict == .deny, fields["failures"] == nil || !failures.isEmpty && failures.allSatisfy({ $0.count == 0 }) {
            node.error(
                "does not say which rule denies",
                mend: "add failures: a denial for another reason is no success"
            )
        }
        if verdict == .allow, let failures = fields["failures"] {
            failures.error("stand beside decision: Allow", mend: "write them as warnings or audits, or decision: Deny")
        }
        if verdict == .deny, let patched = patched ?? patchedChanges {
            patched.error("stands beside decision: Deny", mend: "remove it: what is refused is not patched")
        }
        if only != nil, let patched = patched ?? patchedChanges {
            patched.error("stands beside only", mend: "give it a case of its own: an object is patched by all policies")
        }
        if let patched, patchedChanges != nil {
            patched.error("is there beside patchedChanges", mend: "write the object, or what changes")
        }
        if let patchedChanges, !patchedChanges.value.isObject {
            patchedChanges.error(
                "must be an object, not \(patchedChanges.typeName)",
                mend: "write the fields that mutations change; null for those that they remove"
            )
        }
    }

    var patterns: [Pattern] { failures + warnings + audits }

    /// What one failure, or one line of a warning, is to look like.
    struct Pattern {
        enum Text {
            case exactly(String)
            case containing(String)
            case matching(RegularExpression)
        }

        let node: Node
        /// The whole line.
        var line: String?
        var policy: String?
        var rule: String?
        var field: String?
        var value: String?
        var message: Text?
        /// How many there are to be; 0 for none.
        private(set) var count = 1

        /// The most that a decision lists.
        private static let maximumCount: Int64 = 128

        init?(_ node: Node) {
            self.node = node
            if node.value.isString {
                guard let line = node.string() else { return nil }
                self.line = line
                return
            }
            guard let fields = node.fields(["policy", "rule", "field", "value", "message", "count"]) else { return nil }
            policy = fields["policy"].flatMap { $0.string() }
            rule = fields["rule"].flatMap { $0.string() }
            field = fields["field"].flatMap { $0.string() }
            value = fields["value"].flatMap { $0.scalar() }
            message = fields["message"].flatMap { Text($0) }
            if let node = fields["count"] {
                guard let number = node.document.int(node.value), (0...Self.maximumCount).contains(number) else {
                    node.error("must be a whole number", mend: "write how many there are, 0 to \(Self.maximumCount)")
                    return nil
                }
                count = Int(number)
            }
            if node.document.count(of: node.value) == 0 {
                node.error("says nothing", mend: "write the rule, its field or its message")
                return nil
            }
        }

        func matches(_ finding: Finding) -> Bool {
            if let line { return finding.line == line }
            return fits(policy, finding.policy) && fits(rule, finding.rule) && fits(field, finding.field)
                && fits(value, finding.value) && (message?.matches(finding.message) ?? true)
        }

        /// Whether it is about the same rule, so that what differs can be told.
        func isNear(_ finding: Finding) -> Bool {
            if line != nil { return false }
            return rule != nil && fits(rule, finding.rule) && fits(policy, finding.policy)
        }

        private func fits(_ wanted: String?, _ found: String?) -> Bool { wanted == nil || wanted == found }

        /// The pattern in words.
        var description: String {
            if let line { return line }
            var parts: [String] = []
            if policy != nil || rule != nil { parts.append("\(policy ?? "*")/\(rule ?? "*")") }
            if let field { parts.append("field \(field)") }
            if let value { parts.append("value \(value)") }
            if let message { parts.append("message \(message.description)") }
            return parts.isEmpty ? "anything" : parts.joined(separator: ", ")
        }

        /// What of a finding is not as it should be.
        func differences(from finding: Finding) -> [(expected: String, actual: String)] {
            var result: [(expected: String, actual: String)] = []
            for (name, wanted, found) in [("field", field, finding.field), ("value", value, finding.value)] {
                if let wanted, wanted != found { result.append(("\(name) \(wanted)", "\(name) \(found ?? "none")")) }
            }
            if let message, !message.matches(finding.message) {
                result.append(("message \(message.description)", "message \"\(finding.message)\""))
            }
            return result
        }
    }
}

extension Expectation.Pattern.Text {
    init?(_ node: Node) {
        if node.value.isString {
            guard let text = node.string() else { return nil }
            self = .exactly(text)
            return
        }
        guard let fields = node.fields(["contains", "matches"]) else { return nil }
        switch (fields["contains"], fields["matches"]) {
        case (let contains?, nil):
            guard let text = contains.string() else { return nil }
            self = .containing(text)
        case (nil, let pattern?):
            guard let text = pattern.string() else { return nil }
            do throws(RegularExpressionError) {
                self = .matching(try RegularExpression(text))
            } catch {
                pattern.error(error.description, mend: "write a regular expression in RE2's syntax")
                return nil
            }
        default:
            node.error("must say one thing", mend: "write the whole message, {contains: …} or {matches: …}")
            return nil
        }
    }

    func matches(_ message: String) -> Bool {
        switch self {
        case .exactly(let text): message == text
        case .containing(let text): message.contains(text)
        case .matching(let expression): expression.matches(message)
        }
    }

    var description: String {
        switch self {
        case .exactly(let text): "\"\(text)\""
        case .containing(let text): "containing \"\(text)\""
        case .matching(let expression): "matching \"\(expression.pattern)\""
        }
    }
}

extension Node {
    /// A value that messages show: text, or a number or boolean as it is written.
    fileprivate func scalar() -> String? {
        switch value.kind {
        case .bool, .int, .double: String(decoding: document.bytes(of: value), as: UTF8.self)
        default: string()
        }
    }
}

extension JSONDocument {
    /// The source of a value.
    func bytes(of value: JSONValue) -> [UInt8] {
        let source = lexeme(value)
        return source.indices.map { source[$0] }
    }
}
