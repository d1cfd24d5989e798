internal import JSON
public import Kubernetes
public import Policy

/// What the webhook would say of manifests.
public struct CheckReport: Sendable {
    /// What it would say of one object.
    public struct Result: Sendable {
        /// The group and kind: `storage.azure.com/StorageAccount`, `Secret`.
        public let kind: String
        /// The namespace that the object goes to; empty if it goes to none.
        public let namespace: String
        /// The name; empty if the API server is to make one up.
        public let name: String
        /// What is done with it.
        public let operation: Operation
        /// Where it begins.
        public let place: Report.Place
        /// Whether it would be admitted.
        public let isAllowed: Bool
        /// What is told of it, in the order in which the webhook would.
        public let findings: [Finding]
        /// The mutations that change it, as `policy/mutation`.
        public let mutations: [String]
        /// What the mutations do to it, as a JSON Patch; nil if nothing, or if it is denied.
        public let patch: String?
        /// How many policies were for it; 0 if it would pass because none is.
        public let policyCount: Int
        /// `StorageAccount team-a/invoices`, or what another tool calls it: `azurerm_storage_account.invoices`.
        public let title: String
    }

    /// One thing that would be told.
    public struct Finding: Sendable {
        /// Whether it denies, warns, or only logs know of it.
        public let level: Report.Level
        /// What came of the failure; nil for what else the user would be warned of.
        public let effect: Failure.Effect?
        /// The policy, as answers name it; empty if none says it.
        public let policy: String
        /// The rule; empty if none says it.
        public let rule: String
        /// The field; empty if none is meant.
        public let field: String
        /// The value, shortened, or `(redacted)`; nil if there is none.
        public let value: String?
        /// What is wrong and how to mend it, without policy and rule.
        public let message: String
        /// How much it matters.
        public let severity: Severity?
        /// Where people read more.
        public let link: String?
        /// Where the field stands, or what it would stand in.
        public let place: Report.Place

        /// `policy/rule`.
        public var code: String { policy.isEmpty ? "webhook" : "\(policy)/\(rule)" }
    }

    /// What would be said of each object; nothing of those that were explained, of which only the numbers are kept.
    public private(set) var results: [Result] = []
    /// What could not be judged, and what else is wrong with the input.
    public internal(set) var issues: [PolicyIssue] = []

    /// How many plans were read that change nothing in Azure: there is nothing to judge then, and nothing wrong.
    public internal(set) var idlePlanCount = 0
    /// How many objects were judged.
    public private(set) var judgedCount = 0
    /// How many objects would be denied.
    public private(set) var deniedCount = 0
    /// How many would be admitted with a warning.
    public private(set) var warnedCount = 0
    /// How many no policy is for.
    private var unmatchedCount = 0

    /// Counts an object.
    ///
    /// - Parameters:
    ///   - result: What would be said of it.
    ///   - isKept: Whether it is to be among the results.
    mutating func add(_ result: Result, isKept: Bool = true) {
        judgedCount += 1
        if !result.isAllowed {
            deniedCount += 1
        } else if result.findings.contains(where: { $0.level == .warning }) {
            warnedCount += 1
        }
        if result.policyCount == 0, result.findings.isEmpty { unmatchedCount += 1 }
        if isKept { results.append(result) }
    }

    /// What could not be judged because it is wrong.
    public var errors: [PolicyIssue] { issues.filter { $0.severity == .error } }
    /// What is not judged though nothing is wrong with it: what nobody knows of a plan or template.
    public var unjudged: [PolicyIssue] { issues.filter { $0.severity == .warning } }
}

extension CheckReport.Result {
    /// What was decided of a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - decision: What was decided.
    ///   - title: What the object is called; nil if by its kind and name.
    ///   - place: Where the object begins.
    ///   - locate: Where a failure's field stands, and how another tool says what it is about.
    init(
        _ request: AdmissionRequest,
        _ decision: Decision,
        title: String? = nil,
        at place: Report.Place,
        locate: (Failure) -> (place: Report.Place, wording: Failure.Wording?)
    ) {
        let document = request.document
        func text(_ value: JSONValue?) -> String { value.flatMap { document.string($0) } ?? "" }
        let group = text(request.kind.group)
        kind = (group.isEmpty ? "" : group + "/") + text(request.kind.name)
        namespace = text(request.namespace)
        name = text(request.name)
        operation = request.operation
        self.place = place
        self.title =
            title?.singleLine
            ?? "\(text(request.kind.name)) \(namespace.isEmpty ? name : "\(namespace)/\(name)")".singleLine
        isAllowed = decision.allowed
        mutations = decision.mutations
        patch = decision.patch.map { String(decoding: $0.encode(), as: UTF8.self) }
        policyCount = decision.matchedPolicyCount
        var lines = decision.warnings
        var findings = decision.failures.map { failure in
            if failure.effect == .warn || failure.effect == .ratcheted {
                let start = failure.shortLine
                if let place = lines.firstIndex(where: { $0.hasPrefix(start) }) { lines.remove(at: place) }
            }
            let (place, wording) = locate(failure)
            return CheckReport.Finding(failure, at: place, in: wording)
        }
        findings += lines.map { CheckReport.Finding(warning: $0, at: place) }
        self.findings = findings
    }
}

extension CheckReport.Finding {
    fileprivate init(_ failure: Failure, at place: Report.Place, in wording: Failure.Wording?) {
        effect = failure.effect
        level =
            switch failure.effect {
            case .deny: .error
            case .warn, .ratcheted: .warning
            case .audit, .waived: .note
            }
        policy = failure.document
        rule = failure.rule
        field = wording?.field ?? failure.path
        value = wording.flatMap { wording in failure.value.map { wording.spelling($0) } } ?? failure.value
        let line = wording.map { failure.shortLine(in: $0) } ?? failure.shortLine
        let label = "\(failure.document)/\(failure.rule): "
        message = line.hasPrefix(label) ? String(line.dropFirst(label.count)) : line
        severity = failure.severity
        link = failure.link
        self.place = place
    }

    fileprivate init(warning: String, at place: Report.Place) {
        effect = nil
        level = .warning
        policy = ""
        rule = ""
        field = ""
        value = nil
        message = warning
        severity = nil
        link = nil
        self.place = place
    }
}

// MARK: - Formats

extension CheckReport {
    /// The report for formats of other programs: a group for each file, an item for each object, and for each that is not judged.
    ///
    /// - Parameter command: Whose report it is.
    /// - Returns: The report.
    public func report(of command: String) -> Report {
        Report(
            command: command,
            items: results.map { result in
                Report.Item(
                    name: result.title,
                    group: result.place.file,
                    place: result.place,
                    findings: result.findings.map { finding in
                        Report.Finding(
                            finding.level,
                            code: finding.code,
                            message: finding.message,
                            at: finding.place,
                            link: finding.link,
                            severity: finding.severity
                        )
                    }
                )
            } + unjudged.map(Report.Item.init(skipped:)),
            issues: errors
        )
    }

    /// The report of `check`.
    public var report: Report { report(of: "check") }

    /// The report for people: a line for each finding, as compilers print them, then a table of what was found most.
    ///
    /// - Parameters:
    ///   - isColoured: Whether the terminal understands colours.
    ///   - isVerbose: Whether objects that pass, and what only logs would know, have lines too.
    /// - Returns: Lines.
    public func text(isColoured: Bool = false, isVerbose: Bool = false) -> [String] {
        func paint(_ text: String, _ style: TextStyle) -> String { style.paint(text, isColoured: isColoured) }
        var lines: [String] = []
        for result in results {
            let shown = result.findings.filter { isVerbose || $0.level != .note }
            if shown.isEmpty, isVerbose {
                let how = result.policyCount == 0 ? "allowed: no policy is for it" : "allowed"
                lines.append("\(paint(result.place.description, .faint)): \(paint(how, .green)): \(result.title)")
            }
            for finding in shown {
                let (word, style): (String, TextStyle) =
                    switch finding.level {
                    case .error: ("denied", .red)
                    case .warning: ("warning", .yellow)
                    case .note: (finding.effect?.rawValue ?? "note", .faint)
                    }
                let code = finding.policy.isEmpty ? "" : "\(finding.code): "
                let link = finding.link.map { "; see \($0)" } ?? ""
                lines.append(
                    "\(paint(finding.place.description, .faint)): \(paint(word, style)): \(result.title): "
                        + "\(code)\(finding.message.singleLine)\(link)"
                )
            }
        }
        let table = self.table
        if table.count > 1 {
            if !lines.isEmpty { lines.append("") }
            let width = table.reduce(0) { max($0, $1.code.count) }
            lines.append(paint("\("RULE".padded(to: width))  DENIED  WARNED", .bold))
            for row in table.prefix(Self.maximumRows) {
                let denied = String(row.denied)
                let spaces = String(repeating: " ", count: max(0, 6 - denied.count))
                lines.append("\(row.code.padded(to: width))  \(spaces)\(denied)  \(row.warned)")
            }
            if table.count > Self.maximumRows { lines.append("and \(table.count - Self.maximumRows) rules more") }
        }
        if !lines.isEmpty { lines.append("") }
        lines.append(
            paint(
                summary,
                deniedCount > 0 || !errors.isEmpty ? .red : warnedCount + unjudged.count > 0 ? .yellow : .green
            )
        )
        return lines
    }

    private static let maximumRows = 20

    /// How many objects each rule denies or warns of, the most first.
    private var table: [(code: String, denied: Int, warned: Int)] {
        var rows: [String: (denied: Int, warned: Int)] = [:]
        for result in results {
            // A rule that finds several places of an object counts once.
            for level in [Report.Level.error, .warning] {
                for code in Set(result.findings.filter { $0.level == level }.map(\.code)) {
                    rows[code, default: (0, 0)].denied += level == .error ? 1 : 0
                    rows[code, default: (0, 0)].warned += level == .warning ? 1 : 0
                }
            }
        }
        return rows.map { ($0.key, $0.value.denied, $0.value.warned) }
            .sorted { ($1.1, $1.2, $0.0) < ($0.1, $0.2, $1.0) }
    }

    /// What came of it, in a line.
    public var summary: String {
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        guard judgedCount > 0 else {
            if !errors.isEmpty { return "nothing was checked: \(count(errors.count, "error"))" }
            if unjudged.isEmpty, idlePlanCount > 0 { return Self.idleness(ofPlans: idlePlanCount) }
            return "nothing was checked: \(unjudged.isEmpty ? "no manifests" : "\(unjudged.count) not judged")"
        }
        var parts = ["\(judgedCount - deniedCount) allowed", "\(deniedCount) denied"]
        if warnedCount > 0 { parts.append("\(warnedCount) with warnings") }
        if unmatchedCount > 0 { parts.append("\(unmatchedCount) that no policy is for") }
        if !unjudged.isEmpty { parts.append("\(unjudged.count) not judged") }
        if !errors.isEmpty { parts.append(count(errors.count, "error")) }
        return "\(count(judgedCount, "manifest")): \(parts.joined(separator: ", "))"
    }

    /// What is said of plans that change nothing.
    static func idleness(ofPlans count: Int) -> String {
        count == 1 ? "the plan changes nothing in Azure" : "the \(count) plans change nothing in Azure"
    }

    /// The report as a JSON object: `manifests`, `allowed`, `denied`, `warned`, `unjudged`, `errors`, `results`,
    /// `issues`.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (key, number) in [
            ("manifests", judgedCount), ("allowed", judgedCount - deniedCount), ("denied", deniedCount),
            ("warned", warnedCount), ("unjudged", unjudged.count), ("errors", errors.count),
        ] {
            writer.key(key)
            writer.int(number)
        }
        writer.key("results")
        writer.beginArray()
        for result in results { result.write(to: &writer) }
        writer.endArray()
        writer.key("issues")
        writer.beginArray()
        for issue in issues { writer.write(issue) }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }
}

extension CheckReport.Result {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, text) in [
            ("kind", kind), ("namespace", namespace), ("name", name), ("operation", operation.rawValue),
            ("decision", isAllowed ? "Allow" : "Deny"),
        ] {
            writer.key(key)
            writer.string(text)
        }
        writer.write(place)
        writer.key("policies")
        writer.int(policyCount)
        writer.key("mutations")
        writer.beginArray()
        for mutation in mutations { writer.string(mutation) }
        writer.endArray()
        if let patch {
            writer.key("patch")
            writer.raw(patch.utf8Span.span)
        }
        writer.key("findings")
        writer.beginArray()
        for finding in findings { finding.write(to: &writer) }
        writer.endArray()
        writer.endObject()
    }
}

extension CheckReport.Finding {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, text) in [
            ("level", level.rawValue), ("effect", effect?.rawValue), ("policy", policy), ("rule", rule),
            ("field", field),
            ("value", value), ("message", message), ("severity", severity?.rawValue), ("link", link),
        ] {
            guard let text else { continue }
            writer.key(key)
            writer.string(text)
        }
        writer.write(place)
        writer.endObject()
    }
}

extension JSONWriter {
    /// Members `file`, `line`, `column`.
    mutating func write(_ place: Report.Place) {
        key("file")
        string(place.file)
        key("line")
        int(place.line)
        key("column")
        int(place.column)
    }

    /// An object of an issue's parts.
    mutating func write(_ issue: PolicyIssue) {
        beginObject()
        for (name, text) in [
            ("severity", issue.severity.rawValue), ("field", issue.field), ("message", issue.message),
            ("mend", issue.mend),
        ] {
            key(name)
            string(text)
        }
        write(Report.Place(file: issue.file, line: issue.line, column: issue.column))
        endObject()
    }
}
