public import Policy

/// What a command found in what it looked at: the one form that all formats for other programs are made of.
public struct Report: Sendable {
    /// How bad a finding is.
    public enum Level: String, Hashable, Sendable, CaseIterable {
        /// It must be mended: the command fails.
        case error
        /// Somebody should look at it.
        case warning
        /// For the record.
        case note
    }

    /// Where something stands.
    public struct Place: Hashable, Sendable {
        /// The file; empty if there is none.
        public let file: String
        /// The line, from 1; 0 for the whole file.
        public let line: Int
        /// The column, from 1, in characters; 0 for the whole file.
        public let column: Int

        /// Names a place.
        public init(file: String, line: Int = 0, column: Int = 0) {
            self.file = file
            self.line = line
            self.column = column
        }

        /// `file:line:column`.
        public var description: String { line > 0 ? "\(file.singleLine):\(line):\(column)" : file.singleLine }
    }

    /// One thing that was found.
    public struct Finding: Sendable {
        /// How bad it is.
        public let level: Level
        /// What found it: `policy/rule`, or a code.
        public let code: String
        /// What is wrong and how to mend it, without the code, in one line.
        public let message: String
        /// Where.
        public let place: Place
        /// Where people read more, an https URL.
        public let link: String?
        /// How much it matters to whoever wrote the rule.
        public let severity: Severity?

        /// Tells of something.
        public init(
            _ level: Level,
            code: String,
            message: String,
            at place: Place,
            link: String? = nil,
            severity: Severity? = nil
        ) {
            self.level = level
            self.code = code
            self.message = message.singleLine
            self.place = place
            self.link = link
            self.severity = severity
        }
    }

    /// One thing that was looked at, and what was found in it.
    public struct Item: Sendable {
        /// What it is called.
        public let name: String
        /// What it belongs to: a file, or a suite.
        public let group: String
        /// Where it begins.
        public let place: Place
        /// What was found.
        public let findings: [Finding]
        /// How long it took; zero if nobody looked at the clock.
        public let duration: Duration
        /// Whether it was passed over, for the reason that the finding tells.
        public let isSkipped: Bool
        /// Whether the command does not fail for it.
        public let passed: Bool

        /// Tells what was found in something.
        ///
        /// `isFailure` is for commands that fail for findings that are no errors too.
        public init(
            name: String,
            group: String,
            place: Place,
            findings: [Finding],
            duration: Duration = .zero,
            isSkipped: Bool = false,
            isFailure: Bool = false
        ) {
            self.name = name.singleLine
            self.group = group
            self.place = place
            self.findings = findings
            self.duration = duration
            self.isSkipped = isSkipped
            passed = !isFailure && !findings.contains { $0.level == .error }
        }

        /// What was passed over, as its warning tells.
        init(skipped issue: PolicyIssue) {
            let place = Place(file: issue.file, line: issue.line, column: issue.column)
            let message = "\(issue.message); \(issue.mend)"
            let finding = Finding(.warning, code: "not-judged", message: message, at: place)
            self.init(name: issue.message, group: issue.file, place: place, findings: [finding], isSkipped: true)
        }

        /// What it fails for: its errors, or all that was found if the command fails for less.
        var failures: [Finding] {
            let errors = findings.filter { $0.level == .error }
            return errors.isEmpty && !passed ? findings : errors
        }
    }

    /// The command: `check`.
    public let command: String
    /// What was looked at, in the order in which it stands.
    public let items: [Item]
    /// What could not be looked at, and what else is wrong with the input.
    public let issues: [PolicyIssue]
    /// How long all of it took.
    public let duration: Duration

    /// Puts a report together.
    public init(command: String, items: [Item], issues: [PolicyIssue], duration: Duration = .zero) {
        self.command = command
        self.items = items
        self.issues = issues
        self.duration = duration
    }

    /// What could not be looked at because it is wrong.
    public var errors: [PolicyIssue] { issues.filter { $0.severity == .error } }

    /// The items, by group, each group where its first item is.
    var groups: [(name: String, items: [Item])] {
        var places: [String: Int] = [:]
        var groups: [(name: String, items: [Item])] = []
        for item in items {
            if let place = places[item.group] {
                groups[place].items.append(item)
            } else {
                places[item.group] = groups.count
                groups.append((item.group, [item]))
            }
        }
        return groups
    }

    /// What was found, and what could not be looked at as findings too.
    var allFindings: [Finding] {
        items.flatMap(\.findings)
            + issues.map { issue in
                Finding(
                    issue.severity == .error ? .error : .warning,
                    code: "input",
                    message: (issue.field.isEmpty ? "" : "\(issue.field): ") + "\(issue.message); \(issue.mend)",
                    at: Place(file: issue.file, line: issue.line, column: issue.column)
                )
            }
    }
}

/// A form of reports that other programs read.
public enum ReportFormat: String, CaseIterable, Sendable {
    /// JUnit's XML, for build servers.
    case junit
    /// SARIF 2.1.0, for code scanning.
    case sarif
    /// Commands of GitHub's workflows, which become annotations.
    case github
    /// Commands of Azure Pipelines.
    case azuredevops
    /// The Test Anything Protocol, version 14.
    case tap
    /// A table, for a comment on a pull request.
    case markdown
}

extension Report {
    /// The report in a format for other programs.
    public func text(_ format: ReportFormat) -> String {
        switch format {
        case .junit: junit()
        case .sarif: sarif()
        case .github: github()
        case .azuredevops: azureDevOps()
        case .tap: tap()
        case .markdown: markdown()
        }
    }
}
