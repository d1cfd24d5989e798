internal import JSON
internal import Policy

extension TestReport {
    /// The report as a JSON object, for programs: `passed`, `failed`, `errors`, `suites` with their `cases`, and `issues`.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (key, number) in [
            ("cases", caseCount), ("passed", caseCount - failedCount), ("failed", failedCount),
            ("filtered", filteredCount), ("errors", errors.count),
        ] {
            writer.key(key)
            writer.int(number)
        }
        writer.key("milliseconds")
        writer.int(Int(duration / .milliseconds(1)))
        writer.key("suites")
        writer.beginArray()
        for suite in suites { Self.write(suite, to: &writer) }
        writer.endArray()
        writer.key("issues")
        writer.beginArray()
        for issue in issues { writer.write(issue) }
        writer.endArray()
        if !snapshots.isEmpty {
            writer.key("snapshots")
            writer.beginArray()
            for snapshot in snapshots { Self.write(snapshot, to: &writer) }
            writer.endArray()
        }
        if let coverage {
            writer.key("coverage")
            coverage.write(to: &writer)
        }
        if let mutation {
            writer.key("mutation")
            mutation.write(to: &writer)
        }
        writer.endObject()
        return writer.finish()
    }

    private static func write(_ snapshot: Snapshot, to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, text) in [("suite", snapshot.suite), ("case", snapshot.name), ("file", snapshot.file)] {
            writer.key(key)
            writer.string(text)
        }
        writer.key("line")
        writer.int(snapshot.line)
        write(snapshot.differences, to: &writer)
        writer.endObject()
    }

    private static func write(_ differences: [Difference], to writer: inout JSONWriter) {
        writer.key("differences")
        writer.beginArray()
        for difference in differences {
            writer.beginObject()
            for (key, text) in [
                ("subject", difference.subject), ("expected", difference.expected), ("actual", difference.actual),
            ] {
                writer.key(key)
                if let text { writer.string(text) } else { writer.null() }
            }
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ suite: Suite, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(suite.name)
        writer.key("file")
        writer.string(suite.file)
        writer.key("line")
        writer.int(suite.line)
        writer.key("cases")
        writer.beginArray()
        for item in suite.cases {
            writer.beginObject()
            writer.key("name")
            writer.string(item.name)
            writer.key("line")
            writer.int(item.line)
            writer.key("column")
            writer.int(item.column)
            writer.key("result")
            writer.string(item.passed ? "passed" : "failed")
            write(item.differences, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// The report for formats of other programs: a group for each suite, an item for each case, a finding for each difference.
    public var report: Report {
        Report(
            command: "test",
            items: suites.flatMap { suite in
                suite.cases.map { item in
                    let place = Report.Place(file: suite.file, line: item.line, column: item.column)
                    return Report.Item(
                        name: item.name,
                        group: suite.name,
                        place: place,
                        findings: item.differences.map { difference in
                            let (expected, actual) = (difference.expected ?? "nothing", difference.actual ?? "nothing")
                            return Report.Finding(
                                .error,
                                code: "\(suite.name)/\(difference.subject)",
                                message: "\(item.name): \(difference.subject): expected \(expected), got \(actual)",
                                at: place
                            )
                        },
                        duration: item.duration
                    )
                }
            },
            issues: issues,
            duration: duration
        )
    }
}
