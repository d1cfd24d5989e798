internal import JSON
public import Policy

/// What two sets of policies say differently of the same objects.
public struct CheckDifference: Sendable {
    /// How the two differ about an object.
    public enum Change: String, Sendable, CaseIterable {
        /// It was admitted, and is denied.
        case newlyDenied
        /// It was denied, and is admitted.
        case newlyAllowed
        /// It is denied as before, for other reasons or in other words.
        case otherReasons
        /// It is admitted as before, with other warnings.
        case otherWarnings
        /// It is admitted as before, and mutated otherwise.
        case otherPatch
    }

    /// One object of which both say different things.
    public struct Result: Sendable {
        /// How they differ: the worst of it.
        public let change: Change
        /// What the old policies say.
        public let old: CheckReport.Result
        /// What the new ones say.
        public let new: CheckReport.Result
        /// What only the new ones find, and what only the old ones did.
        public let found: [CheckReport.Finding]
        /// What only the old ones find.
        public let gone: [CheckReport.Finding]
    }

    /// The objects of which both say different things, in their order.
    public let results: [Result]
    /// How many objects both were asked about.
    public let count: Int
    /// How many plans were read that change nothing in Azure.
    public let idlePlanCount: Int
    /// What could not be judged.
    public let issues: [PolicyIssue]
    /// All objects that were compared, in their order.
    private let compared: [Compared]

    private struct Compared {
        let title: String
        let place: Report.Place
        /// The place among the results; nil if both say the same.
        let result: Int?
    }

    /// Compares.
    ///
    /// - Parameters:
    ///   - old: What the old policies say.
    ///   - new: What the new ones say of the same objects, in the same order.
    public init(from old: CheckReport, to new: CheckReport) {
        count = min(old.results.count, new.results.count)
        issues = new.issues
        idlePlanCount = new.idlePlanCount
        var results: [Result] = []
        compared = zip(old.results, new.results).map { old, new in
            let result = Result(old, new)
            if let result { results.append(result) }
            return Compared(title: new.title, place: new.place, result: result == nil ? nil : results.count - 1)
        }
        self.results = results
    }

    /// How many objects differ in a way.
    public func count(of change: Change) -> Int { results.count { $0.change == change } }
}

extension CheckDifference.Result {
    init?(_ old: CheckReport.Result, _ new: CheckReport.Result) {
        // What only logs know is no difference to anybody who asks.
        let before = old.findings.filter { $0.level != .note }
        let after = new.findings.filter { $0.level != .note }
        found = after.filter { finding in !before.contains { $0.isSame(as: finding) } }
        gone = before.filter { finding in !after.contains { $0.isSame(as: finding) } }
        self.old = old
        self.new = new
        if old.isAllowed != new.isAllowed {
            change = new.isAllowed ? .newlyAllowed : .newlyDenied
        } else if !found.isEmpty || !gone.isEmpty {
            change = new.isAllowed ? .otherWarnings : .otherReasons
        } else if new.isAllowed, old.patch != new.patch {
            change = .otherPatch
        } else {
            return nil
        }
    }
}

extension CheckReport.Finding {
    fileprivate func isSame(as other: CheckReport.Finding) -> Bool {
        level == other.level && code == other.code && field == other.field && message == other.message
            && link == other.link
    }
}

// MARK: - Formats

extension CheckDifference.Change {
    fileprivate var words: String {
        switch self {
        case .newlyDenied: "newly denied"
        case .newlyAllowed: "newly allowed"
        case .otherReasons: "denied for other reasons"
        case .otherWarnings: "other warnings"
        case .otherPatch: "mutated otherwise"
        }
    }

    fileprivate var style: TextStyle {
        switch self {
        case .newlyDenied: .red
        case .newlyAllowed: .green
        case .otherReasons, .otherWarnings, .otherPatch: .yellow
        }
    }
}

extension CheckDifference {
    /// The differences for people: each object with what came and what went, and a table by policy and namespace.
    public func text(isColoured: Bool = false) -> [String] {
        func paint(_ text: String, _ style: TextStyle) -> String { style.paint(text, isColoured: isColoured) }
        var lines: [String] = []
        for result in results {
            lines.append(
                "\(paint(result.new.place.description, .faint)): \(paint(result.change.words, result.change.style)): "
                    + result.new.title
            )
            for finding in result.gone { lines.append(paint("  - \(Self.line(finding))", .red)) }
            for finding in result.found { lines.append(paint("  + \(Self.line(finding))", .green)) }
            if result.old.patch != result.new.patch, result.new.isAllowed, result.old.isAllowed {
                lines.append(paint("  - patch \(result.old.patch ?? "none")", .red))
                lines.append(paint("  + patch \(result.new.patch ?? "none")", .green))
            }
        }
        if !results.isEmpty {
            lines.append("")
            lines += table(["POLICY", "DENIED +", "DENIED -", "WARNED +", "WARNED -"], byPolicy, paint)
            lines.append("")
            lines += table(["NAMESPACE", "DENIED +", "DENIED -", "OTHERWISE"], byNamespace, paint)
            lines.append("")
        }
        let style: TextStyle = results.isEmpty ? (count + idlePlanCount > 0 ? .green : .yellow) : .yellow
        lines.append(paint(summary, count(of: .newlyDenied) > 0 ? .red : style))
        return lines
    }

    private static func line(_ finding: CheckReport.Finding) -> String {
        let word = finding.level == .error ? "denied" : "warning"
        return "\(word): \(finding.policy.isEmpty ? "" : "\(finding.code): ")\(finding.message.singleLine)"
    }

    /// What came of it, in a line.
    public var summary: String {
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        if self.count == 0, idlePlanCount > 0, issues.isEmpty { return CheckReport.idleness(ofPlans: idlePlanCount) }
        let parts = Change.allCases.compactMap { change in
            self.count(of: change) == 0 ? nil : "\(self.count(of: change)) \(change.words)"
        }
        guard self.count > 0 else {
            let errors = issues.count { $0.severity == .error }
            let why = errors > 0 ? count(errors, "error") : "\(issues.count) not judged"
            return "nothing was compared: \(issues.isEmpty ? "no manifests and no records" : why)"
        }
        let all = count(self.count, "object")
        return parts.isEmpty ? "\(all): no difference" : "\(all): \(parts.joined(separator: ", "))"
    }

    /// How many objects each policy denies or warns of that it did not, and the other way round.
    private var byPolicy: [(name: String, numbers: [Int])] {
        var rows: [String: [Int]] = [:]
        for result in results {
            for (findings, column) in [(result.found, 0), (result.gone, 1)] {
                for level in [Report.Level.error, .warning] {
                    for policy in Set(findings.filter { $0.level == level }.map(\.policy)) {
                        rows[policy.isEmpty ? "webhook" : policy, default: [0, 0, 0, 0]][
                            column + (level == .error ? 0 : 2)
                        ] += 1
                    }
                }
            }
        }
        return rows.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    private var byNamespace: [(name: String, numbers: [Int])] {
        var rows: [String: [Int]] = [:]
        for result in results {
            let column =
                switch result.change {
                case .newlyDenied: 0
                case .newlyAllowed: 1
                case .otherReasons, .otherWarnings, .otherPatch: 2
                }
            let name = result.new.namespace.isEmpty ? "-" : result.new.namespace
            rows[name, default: [0, 0, 0]][column] += 1
        }
        return rows.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    private func table(
        _ heads: [String],
        _ rows: [(name: String, numbers: [Int])],
        _ paint: (String, TextStyle) -> String
    ) -> [String] {
        let width = rows.reduce(heads[0].count) { max($0, $1.name.count) }
        var lines = [paint(([heads[0].padded(to: width)] + heads.dropFirst()).joined(separator: "  "), .bold)]
        for row in rows {
            var line = row.name.padded(to: width)
            for (number, head) in zip(row.numbers, heads.dropFirst()) {
                let text = number == 0 ? "" : String(number)
                line += "  " + String(repeating: " ", count: max(0, head.count - text.count)) + text
            }
            lines.append(line)
        }
        return lines
    }

    /// The differences as a JSON object: `objects`, `changed`, a number for each change, `results`, `issues`.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("objects")
        writer.int(count)
        writer.key("changed")
        writer.int(results.count)
        for change in Change.allCases {
            writer.key(change.rawValue)
            writer.int(count(of: change))
        }
        writer.key("results")
        writer.beginArray()
        for result in results {
            writer.beginObject()
            writer.key("change")
            writer.string(result.change.rawValue)
            writer.key("old")
            result.old.write(to: &writer)
            writer.key("new")
            result.new.write(to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("issues")
        writer.beginArray()
        for issue in issues { writer.write(issue) }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    /// The differences for formats of other programs: what is newly denied is an error, the rest a warning or a note.
    ///
    /// Every object that was compared is an item, which fails if there is a difference, as the command does.
    public var report: Report {
        Report(
            command: "diff",
            items: compared.map { object in
                Report.Item(
                    name: object.title,
                    group: object.place.file,
                    place: object.place,
                    findings: object.result.map { results[$0].reportFindings } ?? [],
                    isFailure: object.result != nil
                )
            } + issues.filter { $0.severity == .warning }.map(Report.Item.init(skipped:)),
            issues: issues.filter { $0.severity == .error }
        )
    }
}

extension CheckDifference.Result {
    fileprivate var reportFindings: [Report.Finding] {
        let level: Report.Level =
            switch change {
            case .newlyDenied: .error
            case .newlyAllowed, .otherReasons, .otherPatch: .warning
            case .otherWarnings: .note
            }
        let words = change.words
        let findings = (found + gone).map { finding in
            Report.Finding(
                level,
                code: finding.code,
                message: "\(words): \(finding.message)",
                at: finding.place,
                link: finding.link,
                severity: finding.severity
            )
        }
        return findings.isEmpty ? [Report.Finding(level, code: "diff", message: words, at: new.place)] : findings
    }
}
