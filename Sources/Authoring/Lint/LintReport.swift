internal import JSON
internal import Policy

/// What lint found.
public struct LintReport: Sendable {
    /// The findings by file, line and column.
    public let findings: [LintFinding]
    /// How many files were read.
    public let fileCount: Int
    /// How many objects the files hold; none if they are empty.
    public let objectCount: Int
    /// How many findings comments suppress.
    public let suppressedCount: Int

    /// How many findings of a level there are.
    public func count(_ level: Report.Level) -> Int { findings.count { $0.level == level } }

    /// The report for formats of other programs: an item for each file.
    ///
    /// - Parameter files: The names of all files, also of those without findings.
    /// - Returns: The report.
    public func report(files: [String]) -> Report {
        let others = findings.map(\.place.file).filter { !files.contains($0) }
        let names = files + Set(others).sorted()
        let byFile = Dictionary(grouping: findings, by: \.place.file)
        return Report(
            command: "lint",
            items: names.map { name in
                Report.Item(
                    name: name,
                    group: "lint",
                    place: Report.Place(file: name),
                    findings: (byFile[name] ?? []).map {
                        Report.Finding($0.level, code: $0.code.rawValue, message: $0.line, at: $0.place)
                    }
                )
            },
            issues: []
        )
    }

    /// The report for people: a line for each finding, as compilers print them.
    ///
    /// - Parameters:
    ///   - isColoured: Whether the terminal understands colours.
    ///   - isVerbose: Whether notes have lines too.
    /// - Returns: Lines.
    public func text(isColoured: Bool = false, isVerbose: Bool = false) -> [String] {
        func paint(_ text: String, _ style: TextStyle) -> String { style.paint(text, isColoured: isColoured) }
        var lines: [String] = []
        for finding in findings where isVerbose || finding.level != .note {
            let style: TextStyle =
                switch finding.level {
                case .error: .red
                case .warning: .yellow
                case .note: .faint
                }
            let fix = finding.edit == nil ? "" : " (--fix)"
            lines.append(
                "\(paint(finding.place.description, .faint)): \(paint(finding.level.rawValue, style)): "
                    + "\(finding.code.rawValue): \(finding.line)\(fix)"
            )
        }
        if !lines.isEmpty { lines.append("") }
        let style: TextStyle = count(.error) > 0 ? .red : count(.warning) > 0 ? .yellow : .green
        return lines + [paint(summary, style)]
    }

    /// What came of it, in a line.
    public var summary: String {
        func text(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        var parts = [text(count(.error), "error"), text(count(.warning), "warning"), text(count(.note), "note")]
        if suppressedCount > 0 { parts.append("\(suppressedCount) suppressed") }
        return "\(text(fileCount, "file")): \(parts.joined(separator: ", "))"
    }

    /// The report as a JSON object: `files`, `errors`, `warnings`, `notes`, `suppressed`, `findings`.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (key, number) in [
            ("files", fileCount), ("errors", count(.error)), ("warnings", count(.warning)), ("notes", count(.note)),
            ("suppressed", suppressedCount),
        ] {
            writer.key(key)
            writer.int(number)
        }
        writer.key("findings")
        writer.beginArray()
        for finding in findings {
            writer.beginObject()
            for (key, text) in [
                ("code", finding.code.rawValue), ("level", finding.level.rawValue), ("field", finding.field),
                ("message", finding.message), ("mend", finding.mend),
            ] {
                writer.key(key)
                writer.string(text)
            }
            writer.write(finding.place)
            if let edit = finding.edit {
                writer.key("fix")
                writer.string(edit.new)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }
}
