internal import Authoring

/// Outcomes as a table for a terminal, every line within its width.
struct OutcomeTable {
    /// Columns: of a terminal, but not so few that nothing can be said, nor so many that lines are hard to follow.
    let width: Int
    /// Whether the terminal understands colours.
    let isColoured: Bool

    init(width: Int, isColoured: Bool) {
        self.width = min(max(width, 80), 120)
        self.isColoured = isColoured
    }

    private static let headings = ["REQUEST", "NAMESPACE", "DECISION", "PATCH"]

    /// The lines of a table: a row for each outcome, and below it why.
    func lines(_ outcomes: [ReviewClient.Outcome]) -> [String] {
        let request = min(longest(outcomes.map(\.request), Self.headings[0]), width * 2 / 5)
        let namespace = min(longest(outcomes.map(\.namespace), Self.headings[1]), 16)
        let decision = longest(["allowed"], Self.headings[2])
        let patch = width - request - namespace - decision - 6
        let widths = [request, namespace, decision, patch]
        var lines = [row(zip(Self.headings, widths).map { cut($0, $1).padded(to: $1) }, style: .bold)]
        for outcome in outcomes {
            let changes = outcome.patch.enumerated().map {
                $0.offset == outcome.patch.count - 1 ? $0.element : $0.element + ","
            }
            for (index, text) in wrap(changes, patch).enumerated() {
                let isFirst = index == 0
                let verdict = isFirst ? (outcome.isAllowed ? "allowed" : "denied") : ""
                lines.append(
                    row([
                        cut(isFirst ? outcome.request : "", request).padded(to: request),
                        cut(isFirst ? outcome.namespace : "", namespace).padded(to: namespace),
                        paint(verdict.padded(to: decision), outcome.isAllowed ? .green : .red),
                        text,
                    ])
                )
            }
            for failure in outcome.failures { lines += paragraph(failure, marked: "-", .red) }
            for warning in outcome.warnings { lines += paragraph(warning, marked: "!", .yellow) }
        }
        return lines
    }

    /// A text below its row, as many lines as it needs.
    private func paragraph(_ text: String, marked mark: String, _ style: TextStyle) -> [String] {
        wrap(text.split(separator: " ").map(String.init), width - 4).enumerated().map { index, line in
            paint("  \(index == 0 ? mark : " ") \(line)", style)
        }
    }

    /// Words with spaces between them, as many on a line as fit; at least one line.
    private func wrap(_ words: [String], _ width: Int) -> [String] {
        var lines = [""]
        for word in words {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = cut(word, width)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(cut(word, width))
            }
        }
        return lines
    }

    private func longest(_ texts: [String], _ heading: String) -> Int {
        texts.reduce(heading.count) { max($0, $1.count) }
    }

    private func row(_ cells: [String], style: TextStyle = .plain) -> String {
        var line = paint(cells.joined(separator: "  "), style)
        while line.last == " " { line.removeLast() }
        return line
    }

    private func cut(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : text.prefix(width - 1) + "…"
    }

    /// A text in a style, if there are any.
    func paint(_ text: String, _ style: TextStyle) -> String { style.paint(text, isColoured: isColoured) }
}
