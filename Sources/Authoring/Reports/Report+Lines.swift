internal import JSON
internal import Policy

// Formats of a line for each finding, or for each item.

extension Report {
    /// `::error file=…,line=…,col=…,title=…::message`, as GitHub's runner reads them from a log.
    func github() -> String {
        allFindings.map { finding in
            let command =
                switch finding.level {
                case .error: "error"
                case .warning: "warning"
                case .note: "notice"
                }
            var properties: [String] = []
            if !finding.place.file.isEmpty { properties.append("file=\(finding.place.file.githubProperty)") }
            if finding.place.line > 0 {
                properties.append("line=\(finding.place.line)")
                properties.append("col=\(finding.place.column)")
            }
            properties.append("title=\(finding.code.githubProperty)")
            return "::\(command) \(properties.joined(separator: ","))::\(finding.message.githubData)"
        }
        .joined(separator: "\n")
    }

    /// `##vso[task.logissue type=error;…]message`, as an agent of Azure Pipelines reads them; it has no notes.
    func azureDevOps() -> String {
        allFindings.filter { $0.level != .note }.map { finding in
            var properties = ["type=\(finding.level.rawValue)"]
            if !finding.place.file.isEmpty { properties.append("sourcepath=\(finding.place.file.azureProperty)") }
            if finding.place.line > 0 {
                properties.append("linenumber=\(finding.place.line)")
                properties.append("columnnumber=\(finding.place.column)")
            }
            properties.append("code=\(finding.code.azureProperty)")
            return "##vso[task.logissue \(properties.joined(separator: ";"))]\(finding.message.azureData)"
        }
        .joined(separator: "\n")
    }

    /// A line for each item; what could not be looked at is an item that fails.
    func tap() -> String {
        var lines = ["TAP version 14", "1..\(items.count + errors.count)"]
        var number = 0
        for item in items {
            number += 1
            lines.append(
                "\(item.passed ? "ok" : "not ok") \(number) - \("\(item.group): \(item.name)".tap)\(item.isSkipped ? " # SKIP" : "")"
            )
            guard !item.findings.isEmpty else { continue }
            lines.append("  ---")
            lines.append("  at: \"\(item.place.description.quoted)\"")
            lines.append("  findings:")
            for finding in item.findings {
                let place = finding.place == item.place ? "" : "\(finding.place.description): "
                lines.append("    - \"\("\(place)\(finding.level): \(finding.code): \(finding.message)".quoted)\"")
            }
            lines.append("  ...")
        }
        for issue in errors {
            number += 1
            lines.append("not ok \(number) - \(issue.description.singleLine.tap)")
        }
        return lines.joined(separator: "\n")
    }

    /// A sentence, and a table of what was found, the worst first.
    func markdown() -> String {
        let failed = items.count { !$0.passed }
        let counts = Level.allCases.compactMap { level -> String? in
            let count = allFindings.count { $0.level == level }
            return count == 0 ? nil : "\(count) \(level.rawValue)\(count == 1 ? "" : "s")"
        }
        let lookedAt = items.count { !$0.isSkipped }
        let verdict = failed > 0 || !errors.isEmpty ? "failed" : lookedAt > 0 ? "passed" : "nothing was looked at"
        var lines = [
            "**portcullis \(command): \(verdict)**, \(lookedAt) looked at, \(failed) failed"
                + (counts.isEmpty ? "" : "; \(counts.joined(separator: ", "))")
        ]
        guard !allFindings.isEmpty else { return lines[0] }
        lines += ["", "| Level | Where | Rule | Message |", "| --- | --- | --- | --- |"]
        for level in Level.allCases {
            for finding in allFindings where finding.level == level {
                let rule = finding.link.map { "[\(finding.code.markdown)](\($0))" } ?? finding.code.markdown
                lines.append(
                    "| \(level.rawValue) | \(finding.place.description.markdown) | \(rule) | \(finding.message.markdown) |"
                )
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// With other texts in the place of some scalars, and the rest as it may stand in a line.
    ///
    /// Scalars, not characters: one that combines with what is beside it must not hide it.
    private func replacing(_ table: [Unicode.Scalar: String]) -> String {
        guard unicodeScalars.contains(where: { table[$0] != nil || $0.inLine != $0 }) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if let text = table[scalar] {
                result += text
            } else {
                result.unicodeScalars.append(scalar.inLine)
            }
        }
        return result
    }

    /// Without what runners of Azure Pipelines and GitHub take for a command wherever it stands in a line.
    private var harmless: String {
        contains("##") ? replacing("##vso[", with: "## vso[").replacing("##[", with: "## [") : self
    }

    /// The text as a line of a log, in which no runner finds a command.
    public var logLine: String { hasPrefix("::") ? " " + harmless : harmless }

    fileprivate var githubData: String { harmless.replacing(["%": "%25", "\r": "%0D", "\n": "%0A"]) }

    fileprivate var githubProperty: String { githubData.replacing([":": "%3A", ",": "%2C"]) }

    fileprivate var azureData: String { harmless.replacing(["%": "%AZP25", "\r": "%0D", "\n": "%0A"]) }

    fileprivate var azureProperty: String { azureData.replacing([";": "%3B", "]": "%5D"]) }

    /// As a cell of a table.
    fileprivate var markdown: String {
        replacing([
            "|": "\\|", "<": "&lt;", ">": "&gt;", "&": "&amp;", "*": "\\*", "_": "\\_", "`": "\\`", "[": "\\[",
            "]": "\\]", "\n": " ", "\r": " ",
            "\\": "\\\\",
        ])
    }

    /// As a description of a test: `#` would begin a directive.
    fileprivate var tap: String { replacing(["#": "\\#", "\\": "\\\\", "\n": " ", "\r": " "]) }

    /// As YAML and JSON take it between double quotes.
    fileprivate var quoted: String {
        var writer = JSONWriter()
        writer.string(self)
        return String(decoding: writer.finish().dropFirst().dropLast(), as: UTF8.self)
    }
}
