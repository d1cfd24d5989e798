extension TestReport {
    /// The report for people: a table of suites, and below it what failed.
    ///
    /// - Parameters:
    ///   - isColoured: Whether the terminal understands colours.
    ///   - isVerbose: Whether every case has a row, not only every suite.
    /// - Returns: Lines.
    public func text(isColoured: Bool = false, isVerbose: Bool = false) -> [String] {
        func paint(_ text: String, _ style: TextStyle) -> String { style.paint(text, isColoured: isColoured) }
        var rows = [isVerbose ? ["SUITE", "CASE", "RESULT"] : ["SUITE", "CASES", "RESULT"]]
        var failed: [Int] = []
        for suite in suites {
            if isVerbose {
                for item in suite.cases {
                    if !item.passed { failed.append(rows.count) }
                    rows.append([suite.name, item.name, item.passed ? "ok" : "FAILED"])
                }
            } else {
                let count = suite.cases.count { !$0.passed }
                if count > 0 { failed.append(rows.count) }
                rows.append([suite.name, "\(suite.cases.count)", count > 0 ? "\(count) FAILED" : "ok"])
            }
        }
        let widths = (0..<2).map { column in rows.reduce(0) { max($0, $1[column].count) } }
        var lines: [String] = []
        for (place, row) in rows.enumerated() where !suites.isEmpty {
            let result = paint(row[2], place == 0 ? .plain : failed.contains(place) ? .red : .green)
            let line = "\(row[0].padded(to: widths[0]))  \(row[1].padded(to: widths[1]))  \(result)"
            lines.append(place == 0 ? paint(line, .bold) : line)
        }
        for suite in suites {
            for item in suite.cases where !item.passed {
                lines += [""] + Self.lines(of: item, suite, paint)
            }
        }
        for snapshot in snapshots {
            lines.append("")
            lines.append(paint("WROTE \(snapshot.suite): \(snapshot.name)", .yellow))
            lines.append(paint("  \(snapshot.file)", .faint))
            lines += Self.lines(snapshot.differences, paint)
        }
        let quality = quality(isColoured: isColoured)
        lines += (lines.isEmpty || quality.isEmpty ? [] : [""]) + quality
        if !lines.isEmpty { lines.append("") }
        lines.append(paint(summary, failedCount > 0 || !errors.isEmpty ? .red : caseCount == 0 ? .yellow : .green))
        return lines
    }

    /// What was found beside the tests: coverage, and changes of policies that no test noticed.
    ///
    /// - Parameter isColoured: Whether the terminal understands colours.
    /// - Returns: Lines; none if nobody asked.
    public func quality(isColoured: Bool = false) -> [String] {
        func paint(_ text: String, _ style: TextStyle) -> String { style.paint(text, isColoured: isColoured) }
        let parts = [coverage?.text(paint), mutation?.text(paint)].compactMap { $0 }
        return Array(parts.joined(separator: [""]))
    }

    /// What failed, without a table of what passed.
    ///
    /// - Parameter isColoured: Whether the terminal understands colours.
    /// - Returns: Lines; none if nothing failed.
    public func failures(isColoured: Bool = false) -> [String] {
        suites.flatMap { suite in
            suite.cases.filter { !$0.passed }.flatMap {
                Self.lines(of: $0, suite) { $1.paint($0, isColoured: isColoured) }
            }
        }
    }

    private static func lines(
        of item: Case,
        _ suite: Suite,
        _ paint: (String, TextStyle) -> String
    ) -> [String] {
        [
            paint("FAILED \(suite.name): \(item.name)", .red),
            paint("  \(suite.file):\(item.line):\(item.column)", .faint),
        ] + lines(item.differences, paint)
    }

    private static func lines(_ differences: [Difference], _ paint: (String, TextStyle) -> String) -> [String] {
        let width = differences.reduce(0) { max($0, $1.subject.count) }
        var lines: [String] = []
        var last = ""
        for difference in differences {
            let subject = (difference.subject == last ? "" : difference.subject).padded(to: width)
            last = difference.subject
            switch (difference.expected, difference.actual) {
            case (let expected?, let actual?):
                lines.append("  \(subject)  expected    " + paint(expected, .green))
                lines.append("  \("".padded(to: width))  got         " + paint(actual, .red))
            case (let expected?, nil): lines.append("  \(subject)  missing     " + paint(expected, .green))
            case (nil, let actual): lines.append("  \(subject)  unexpected  " + paint(actual ?? "", .red))
            }
        }
        return lines
    }

    /// What came of it, in a line.
    public var summary: String {
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        if caseCount == 0 && errors.isEmpty {
            return filteredCount > 0
                ? "nothing was tested: none of \(count(filteredCount, "case")) has such a name" : "nothing was tested"
        }
        var parts = ["\(caseCount - failedCount) passed", "\(failedCount) failed"]
        if filteredCount > 0 { parts.append("\(filteredCount) passed over") }
        if !errors.isEmpty { parts.append(count(errors.count, "error")) }
        let milliseconds = Int(duration / .milliseconds(1))
        return
            "\(count(suites.count, "suite")), \(count(caseCount, "case")): \(parts.joined(separator: ", ")) (\(milliseconds) ms)"
    }
}
