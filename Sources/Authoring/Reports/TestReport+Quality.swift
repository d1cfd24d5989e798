internal import JSON

extension Coverage {
    /// The table for people: how many tests made what of every rule, and below it what none did.
    func text(_ paint: (String, TextStyle) -> String) -> [String] {
        let heads = ["POLICY", "RULE", "PASSED", "FAILED", "ABSENT", "UNKNOWN"]
        let table = rows.map { row in
            let name = row.kind == .binding ? "(binding)" : row.kind == .mutation ? "\(row.rule) (mutation)" : row.rule
            // A mutation that had something to do has passed.
            let branches: [Branch] = [row.kind == .mutation ? .applied : .passed, .failed, .absent, .unknown]
            return [row.policy, name] + branches.map { Self.cell($0, of: row) }
        }
        let widths = heads.indices.map { column in ([heads] + table).reduce(0) { max($0, $1[column].count) } }
        func line(_ cells: [String]) -> String {
            var text = zip(cells, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text
        }
        var lines = [paint(line(heads), .bold)]
        for (row, cells) in zip(rows, table) { lines.append(paint(line(cells), row.missing.isEmpty ? .plain : .red)) }
        let missing = rows.flatMap { row in row.missing.map { "\(row.file):\(row.line): \(Self.words($0, of: row))" } }
        if !missing.isEmpty { lines += [""] + missing.map { paint($0, .red) } }
        return lines + ["", paint(summary, missing.isEmpty ? .green : .yellow)]
    }

    /// What came of it, in a line.
    public var summary: String { "coverage: \(coveredCount) of \(neededCount) branches, \(percent) %" }

    /// What is nobody's business is no zero.
    private static func cell(_ branch: Branch, of row: Row) -> String {
        row.tests[branch].map { String($0) } ?? (row.needed.contains(branch) ? "0" : "-")
    }

    private static func words(_ branch: Branch, of row: Row) -> String {
        let name = row.kind == .binding ? "binding \(row.policy)" : "\(row.policy)/\(row.rule)"
        return switch (branch, row.kind) {
        case (.passed, .expression): "no test makes \(name) true"
        case (.failed, .expression): "no test makes \(name) false"
        case (.passed, _): "no test makes \(name) pass"
        case (.failed, _): "no test makes \(name) fail"
        case (.absent, _): "no test of \(name) leaves the value out"
        case (.unknown, _): "no test of \(name) has a value that is not known"
        case (.applied, _): "no test gives \(name) something to do"
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, number) in [("branches", neededCount), ("covered", coveredCount), ("percent", percent)] {
            writer.key(key)
            writer.int(number)
        }
        writer.key("rules")
        writer.beginArray()
        for row in rows {
            writer.beginObject()
            for (key, text) in [
                ("policy", row.policy), ("rule", row.rule), ("kind", row.kind.rawValue), ("file", row.file),
            ] {
                writer.key(key)
                writer.string(text)
            }
            writer.key("line")
            writer.int(row.line)
            writer.key("tests")
            writer.beginObject()
            for branch in Branch.allCases where row.needed.contains(branch) || row.tests[branch] != nil {
                writer.key(Self.name(branch, of: row))
                writer.int(row.tests[branch] ?? 0)
            }
            writer.endObject()
            writer.key("missing")
            writer.beginArray()
            for branch in row.missing { writer.string(Self.name(branch, of: row)) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func name(_ branch: Branch, of row: Row) -> String {
        switch (branch, row.kind) {
        case (.passed, .expression): "true"
        case (.failed, .expression): "false"
        default: branch.rawValue
        }
    }
}

extension MutationReport {
    /// For people: the changes that no test noticed, and how many there were.
    func text(_ paint: (String, TextStyle) -> String) -> [String] {
        survivors.map { survivor in
            let rule = survivor.rule.isEmpty ? survivor.policy : "\(survivor.policy)/\(survivor.rule)"
            let place = "\(survivor.file):\(survivor.line):\(survivor.column)"
            return paint("SURVIVED", .red) + " \(place): \(rule): \(survivor.field) \(survivor.change)"
        } + [paint(summary, survivors.isEmpty ? .green : .red)]
    }

    /// What came of it, in a line.
    public var summary: String {
        var parts = ["\(killed) killed", "\(survivors.count) survived"]
        if invalid > 0 { parts.append("\(invalid) made no policy") }
        if untried > 0 { parts.append("\(untried) not tried") }
        return "\(killed + survivors.count) mutants: \(parts.joined(separator: ", "))"
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, number) in [
            ("mutants", testedCount), ("killed", killed), ("survived", survivors.count), ("invalid", invalid),
            ("untried", untried),
        ] {
            writer.key(key)
            writer.int(number)
        }
        writer.key("survivors")
        writer.beginArray()
        for survivor in survivors {
            writer.beginObject()
            for (key, text) in [
                ("file", survivor.file), ("policy", survivor.policy), ("rule", survivor.rule),
                ("field", survivor.field),
                ("change", survivor.change),
            ] {
                writer.key(key)
                writer.string(text)
            }
            for (key, number) in [("line", survivor.line), ("column", survivor.column)] {
                writer.key(key)
                writer.int(number)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}
