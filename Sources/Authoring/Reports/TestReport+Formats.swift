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
        for issue in issues { Self.write(issue, to: &writer) }
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

    private static func write(_ issue: PolicyIssue, to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, text) in [
            ("severity", issue.severity.rawValue), ("file", issue.file), ("field", issue.field),
            ("message", issue.message), ("mend", issue.mend),
        ] {
            writer.key(key)
            writer.string(text)
        }
        writer.key("line")
        writer.int(issue.line)
        writer.key("column")
        writer.int(issue.column)
        writer.endObject()
    }

    /// The report in JUnit's XML: a `testsuite` for each suite; what could not be tested is an `error` of one more.
    public func junit() -> String {
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuites name="portcullis" tests="\#(caseCount + errors.count)" failures="\#(failedCount)" "#
                + #"errors="\#(errors.count)" time="\#(Self.seconds(duration))">"#,
        ]
        for suite in suites {
            let failed = suite.cases.count { !$0.passed }
            let time = suite.cases.reduce(Duration.zero) { $0 + $1.duration }
            lines.append(
                #"  <testsuite name="\#(suite.name.xml)" tests="\#(suite.cases.count)" failures="\#(failed)" "#
                    + #"errors="0" time="\#(Self.seconds(time))" file="\#(suite.file.xml)">"#
            )
            for item in suite.cases {
                let start =
                    #"    <testcase name="\#(item.name.xml)" classname="\#(suite.name.xml)" "#
                    + #"time="\#(Self.seconds(item.duration))" file="\#(suite.file.xml)" line="\#(item.line)""#
                guard !item.passed else {
                    lines.append(start + "/>")
                    continue
                }
                let subjects = item.differences.map(\.subject).uniqued.joined(separator: ", ")
                lines.append(start + ">")
                lines.append(#"      <failure type="difference" message="\#("not as expected: \(subjects)".xml)">"#)
                lines += Self.plain(item.differences).map(\.xml)
                lines.append("      </failure>")
                lines.append("    </testcase>")
            }
            lines.append("  </testsuite>")
        }
        if !errors.isEmpty {
            let count = errors.count
            lines.append(#"  <testsuite name="portcullis" tests="\#(count)" failures="0" errors="\#(count)" time="0">"#)
            for issue in errors {
                let place = issue.line > 0 ? "\(issue.file):\(issue.line):\(issue.column)" : issue.file
                lines.append(#"    <testcase name="\#(place.xml)" classname="portcullis" time="0">"#)
                lines.append(#"      <error type="configuration" message="\#(issue.description.xml)"/>"#)
                lines.append("    </testcase>")
            }
            lines.append("  </testsuite>")
        }
        lines.append("</testsuites>")
        return lines.joined(separator: "\n")
    }

    /// The report in the Test Anything Protocol, version 14; what could not be tested is a test that fails.
    public func tap() -> String {
        var lines = ["TAP version 14", "1..\(caseCount + errors.count)"]
        var number = 0
        for suite in suites {
            for item in suite.cases {
                number += 1
                lines.append("\(item.passed ? "ok" : "not ok") \(number) - \("\(suite.name): \(item.name)".tap)")
                if item.passed { continue }
                lines.append("  ---")
                lines.append("  at: \"\(suite.file.quoted):\(item.line):\(item.column)\"")
                lines.append("  differences:")
                lines += Self.plain(item.differences).map { "    - \"\($0.quoted)\"" }
                lines.append("  ...")
            }
        }
        for issue in errors {
            number += 1
            lines.append("not ok \(number) - \(issue.description.tap)")
        }
        return lines.joined(separator: "\n")
    }

    private static func plain(_ differences: [Difference]) -> [String] {
        differences.map { "\($0.subject): expected \($0.expected ?? "nothing"), got \($0.actual ?? "nothing")" }
    }

    /// Seconds with six digits behind the point.
    private static func seconds(_ duration: Duration) -> String {
        let microseconds = Int(duration / .microseconds(1))
        let rest = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
    }
}

extension [String] {
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}

extension String {
    /// The text as XML takes it between tags and in attributes; characters that XML has not are left out.
    fileprivate var xml: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\r", "\t": result += " "
            default:
                if scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff { continue }
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text as a description of a test: `#` would begin a directive.
    fileprivate var tap: String {
        var result = ""
        for character in self {
            switch character {
            case "#", "\\": result += "\\\(character)"
            case "\n", "\r\n", "\r": result += " "
            default: result.append(character)
            }
        }
        return result
    }

    /// The text as YAML and JSON take it between double quotes.
    fileprivate var quoted: String {
        var writer = JSONWriter()
        writer.string(self)
        return String(decoding: writer.finish().dropFirst().dropLast(), as: UTF8.self)
    }
}
