internal import Policy

extension Report {
    /// A `testsuite` for each group; what could not be looked at is an `error` of one more.
    ///
    /// In the form that Jenkins' schema (junit-10.xsd) allows: a case has no attributes for its place, and seconds have three
    /// digits behind the point.
    func junit() -> String {
        let failed = items.count { !$0.passed }
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuites name="portcullis \#(command)" tests="\#(items.count + errors.count)" failures="\#(failed)" "#
                + #"errors="\#(errors.count)" time="\#(duration.seconds)">"#,
        ]
        for (name, items) in groups {
            let failed = items.count { !$0.passed }
            let skipped = items.count(where: \.isSkipped)
            let time = items.reduce(Duration.zero) { $0 + $1.duration }
            lines.append(
                #"  <testsuite name="\#(name.xml)" tests="\#(items.count)" failures="\#(failed)" errors="0" "#
                    + #"skipped="\#(skipped)" time="\#(time.seconds)" file="\#((items.first?.place.file ?? "").xml)">"#
            )
            for item in items { lines += Self.testCase(item) }
            lines.append("  </testsuite>")
        }
        if !errors.isEmpty {
            let count = errors.count
            lines.append(
                #"  <testsuite name="portcullis" tests="\#(count)" failures="0" errors="\#(count)" skipped="0" time="0">"#
            )
            for issue in errors {
                let place = Place(file: issue.file, line: issue.line, column: issue.column)
                lines.append(#"    <testcase name="\#(place.description.xml)" classname="portcullis" time="0">"#)
                lines.append(#"      <error type="configuration" message="\#(issue.description.xml)"/>"#)
                lines.append("    </testcase>")
            }
            lines.append("  </testsuite>")
        }
        lines.append("</testsuites>")
        return lines.joined(separator: "\n")
    }

    private static func testCase(_ item: Item) -> [String] {
        let start =
            #"    <testcase name="\#(item.name.xml)" classname="\#(item.group.xml)" time="\#(item.duration.seconds)""#
        guard !item.findings.isEmpty else { return [start + "/>"] }
        var lines = [start + ">"]
        if item.isSkipped, let reason = item.findings.first {
            return lines + [
                #"      <skipped type="\#(reason.code.xml)" message="\#(reason.message.xml)"/>"#, "    </testcase>",
            ]
        }
        let failures = item.failures
        // One for each item: those who read the form count them.
        if let first = failures.first {
            let message = failures.count == 1 ? first.code : "\(first.code) and \(failures.count - 1) more"
            lines.append(#"      <failure type="\#(first.code.xml)" message="\#(message.xml)">"#)
            lines += failures.map(\.line).map(\.xml)
            lines.append("      </failure>")
        }
        let others = item.findings.filter { $0.level != .error }
        if !others.isEmpty, others.count + failures.count == item.findings.count {
            lines.append("      <system-out>")
            lines += others.map { "\($0.level.rawValue): \($0.line)" }.map(\.xml)
            lines.append("      </system-out>")
        }
        lines.append("    </testcase>")
        return lines
    }
}

extension Report.Finding {
    /// `file:line:column: code: message`.
    fileprivate var line: String { "\(place.description): \(code): \(message)" }
}

extension Duration {
    /// Seconds with three digits behind the point.
    fileprivate var seconds: String {
        let milliseconds = Int(self / .milliseconds(1))
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
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
}
