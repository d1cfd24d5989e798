internal import Azure
internal import CEL
internal import JSON

/// Which tags a resource must and may not carry.
///
/// Azure compares tag names without regard to case, and so does this.
final class TagRule: Sendable {
    /// A tag that must be there.
    final class Required: Sendable {
        let name: String
        let key: NamePattern
        let pattern: RegularExpression?
        /// Allowed values; empty means any.
        let values: [[UInt8]]
        /// The values, or the pattern, as failures show them.
        let allowed: String

        /// Reads a tag's demands: `{}` or nothing asks only that it be there and not empty.
        init?(_ name: String, _ node: Node) {
            guard let key = node.tagName(name) else { return nil }
            self.name = name
            self.key = key
            guard !node.value.isNull else {
                pattern = nil
                values = []
                allowed = ""
                return
            }
            guard let fields = node.fields(["pattern", "values"]) else { return nil }
            let values = fields["values"]?.strings() ?? []
            pattern = fields["pattern"]?.regularExpression()
            self.values = values.map { Array($0.utf8) }
            allowed = values.joined(separator: ", ")
        }
    }

    let required: [Required]
    let forbidden: [NamePattern]

    init?(_ node: Node) {
        guard let fields = node.fields(["required", "forbidden"], reserved: ["inherited"]) else { return nil }
        var required: [Required] = []
        var names: Set<String> = []
        for (name, entry) in fields["required"]?.entries() ?? [] {
            guard let tag = Required(name, entry) else { continue }
            if !names.insert(name.lowercased()).inserted {
                entry.error("is required twice: Azure does not tell letter case in tag names", mend: "keep one")
            }
            required.append(tag)
        }
        self.required = required
        forbidden = fields["forbidden"]?.namePatterns() ?? []
        if fields["required"] == nil && fields["forbidden"] == nil {
            node.error("says nothing", mend: "add required or forbidden")
        }
    }
}

// MARK: Judging

extension TagRule {
    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        for place in subject.facets.places where place.facet == .tags {
            switch place.state {
            case .known:
                guard let tags = place.value else { continue }
                guard tags.isObject else {
                    report.add(
                        rule.origin,
                        .invalid,
                        at: subject.path(of: place),
                        tags,
                        of: subject,
                        .text(message: "is not an object of tags", mend: "write an object of names and strings")
                    )
                    continue
                }
                let count = subject.document.count(of: tags)
                try report.meter.spend(1 + count * (required.count + forbidden.count))
                for tag in required { check(tag, tags, place, subject, rule, &report) }
                if !forbidden.isEmpty { checkForbidden(tags, place, subject, rule, &report) }
            case .absent where rule.deniesAbsence(byDefault: true):
                for tag in required { report.add(tag.missing(rule.origin, subject.path(of: place)), of: subject) }
            case .unknown where rule.deniesUnknown(byDefault: !required.isEmpty):
                report.addUnknown(rule.origin, place, of: subject, allowed: "")
            case .absent, .unknown: continue
            }
        }
    }

    /// All spellings of a name are looked at: two that differ in case are one tag to Azure, and which wins is its secret.
    private func check(
        _ tag: Required,
        _ tags: JSONValue,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        var isThere = false
        for (key, value) in document.members(of: tags) where tag.key.matches(document.utf8(key)) {
            guard !value.isNull, !(value.isString && document.utf8(value).isEmpty) else { continue }
            isThere = true
            if tag.accepts(value, in: document) { continue }
            let path = subject.path(of: place).appending(document.string(key) ?? tag.name)
            if let pattern = tag.pattern, tag.values.isEmpty {
                report.add(rule.origin, .invalid, at: path, value, of: subject, .mismatch(pattern.pattern))
            } else {
                report.add(rule.origin, .notSupported, at: path, value, of: subject, allowed: tag.allowed, .notAllowed)
            }
        }
        if !isThere, rule.deniesAbsence(byDefault: true) {
            report.add(tag.missing(rule.origin, subject.path(of: place)), of: subject)
        }
    }

    private func checkForbidden(
        _ tags: JSONValue,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        for (key, value) in document.members(of: tags) {
            for pattern in forbidden where pattern.matches(document.utf8(key)) {
                report.add(
                    rule.origin,
                    .forbidden,
                    at: subject.path(of: place).appending(document.string(key) ?? ""),
                    value,
                    of: subject,
                    .unwanted("the tag is forbidden")
                )
                break
            }
        }
    }
}

extension TagRule.Required {
    fileprivate func accepts(_ value: JSONValue, in document: JSONDocument) -> Bool {
        guard value.isString else { return false }
        if let pattern, !pattern.matches(document.utf8(value)) { return false }
        return values.isEmpty || values.contains { document.equals(value, $0) }
    }

    fileprivate func missing(_ origin: Report.Origin, _ tags: FieldPath) -> Report.Missing {
        var mend = "add the tag \(name)"
        if !allowed.isEmpty {
            mend += ", one of \(allowed)"
        } else if let pattern {
            mend += " with a value that matches \(pattern.pattern)"
        }
        return Report.Missing(
            origin: origin,
            path: tags.appending(name),
            allowed: allowed,
            explanation: .text(message: "is missing", mend: mend)
        )
    }
}

extension Node {
    /// A tag's name as Azure takes it: at most 512 characters, none of `<>%&\?/` and control characters.
    func tagName(_ name: String) -> NamePattern? {
        let isValid =
            !name.isEmpty && name.utf16.count <= 512
            && !name.unicodeScalars.contains { "<>%&\\?/*".unicodeScalars.contains($0) || $0.value < 0x20 }
        guard isValid else {
            error("is no tag's name", mend: "use at most 512 characters without < > % & \\ ? / *")
            return nil
        }
        return NamePattern(name)
    }

    func regularExpression() -> RegularExpression? {
        guard let text = string() else { return nil }
        do throws(RegularExpressionError) {
            return try RegularExpression(text)
        } catch {
            self.error(error.description, mend: "write a pattern in RE2's syntax")
            return nil
        }
    }
}
