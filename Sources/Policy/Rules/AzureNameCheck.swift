internal import Azure
internal import CEL
internal import JSON

/// What Azure itself takes for a name: length and characters, by kind; kinds that the tables do not know are not limited.
///
/// A name that it refuses would be found out minutes later, in a condition of the object.
final class AzureNameCheck: Sendable {
    private struct Limits: Sendable {
        let minimum: Int
        let maximum: Int
        let pattern: TextPattern?
    }

    /// In the order of the tables' kinds.
    private let limits: [Limits?]

    private enum Word: String, CaseIterable {
        case azure = "Azure"
    }

    /// Reads `limits: Azure`.
    init?(_ node: Node) {
        guard node.keyword(Word.self) != nil else { return nil }
        let tables = node.loading.tables
        // Many kinds share one.
        var patterns: [String: TextPattern] = [:]
        var limits: [Limits?] = []
        for kind in tables.kinds {
            guard let row = tables.nameLimits(of: kind) else {
                limits.append(nil)
                continue
            }
            if let text = row.pattern, patterns[text] == nil {
                do throws(RegularExpressionError) {
                    patterns[text] = try TextPattern(text)
                } catch {
                    node.error("names.tsv: \(kind): \(error)", mend: "write a pattern in RE2's syntax in the table")
                }
            }
            limits.append(
                Limits(minimum: row.minimum, maximum: row.maximum, pattern: row.pattern.flatMap { patterns[$0] })
            )
        }
        self.limits = limits
    }

    func check(
        _ value: JSONValue,
        _ field: AzureName.Field,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        guard limits.indices.contains(subject.kind.index), let limit = limits[subject.kind.index] else { return }
        let name = subject.document.utf8(value)
        var count = 0
        // Characters, not bytes.
        for index in name.indices where name[index] & 0xc0 != 0x80 { count += 1 }
        let isShort = count < limit.minimum
        let isLong = count > limit.maximum
        if value.isString, !isShort, !isLong, limit.pattern?.matches(name) ?? true { return }
        var words = "\(limit.minimum) to \(limit.maximum) characters"
        if let pattern = limit.pattern { words += " that match \(pattern.text)" }
        report.add(
            rule.origin,
            .invalid,
            at: .path(field.path),
            value,
            of: subject,
            .refused(
                isShort || isLong
                    ? ", \(count) characters, which Azure does not take for a \(subject.kind.kind)"
                    : ", which Azure does not take for a \(subject.kind.kind)",
                mend: "choose \(words)"
            )
        )
    }
}
