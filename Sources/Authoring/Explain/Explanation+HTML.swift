internal import Policy

extension CheckReport {
    /// The explanations as a page that needs nothing else: no scripts, its style in itself, light and dark.
    ///
    /// All that comes from objects and policies is text there, whatever it looks like.
    public func explanationHTML(_ filter: ExplanationFilter) -> String {
        let title = explanations.count == 1 ? explanations.first?.result.title ?? "" : summary
        var html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title.escapedForHTML) – Portcullis</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>Why?</h1>
            <p>\(summary.escapedForHTML)</p>

            """
        if !issues.isEmpty {
            html += "<ul class=\"issues\">\n"
            for issue in issues { html += "<li>\(issue.description.singleLine.escapedForHTML)</li>\n" }
            html += "</ul>\n"
        }
        for explanation in explanations {
            html += "<article class=\"\(explanation.result.isAllowed ? "allowed" : "denied")\">\n"
            html += explanation.outline(filter).html(depth: 0)
            html += "</article>\n"
        }
        return html + "</body>\n</html>"
    }

    /// Colours that can be read on both grounds; a rule at the left of what belongs together.
    private static let style = """
        :root { color-scheme: light dark; --ground: #fff; --text: #1c1c1e; --faint: #6b6b70; --line: #d8d8dc;
          --red: #b3261e; --green: #1b7034; --yellow: #8a5a00; }
        @media (prefers-color-scheme: dark) { :root { --ground: #1b1b1d; --text: #ececee; --faint: #9a9aa0;
          --line: #3c3c40; --red: #ff8a80; --green: #7fd694; --yellow: #f2c063; } }
        body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
          max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 0; display: inline; }
        article { border: 1px solid var(--line); border-left-width: 4px; border-radius: 6px; padding: .7rem 1rem;
          margin: 1rem 0; }
        article.denied { border-left-color: var(--red); } article.allowed { border-left-color: var(--green); }
        ul { list-style: none; margin: 0; padding: 0 0 0 1.1rem; border-left: 1px solid var(--line); }
        li { overflow-wrap: anywhere; } summary { cursor: pointer; }
        ul.issues { border-left: 3px solid var(--yellow); }
        .bold { font-weight: 600; } .faint { color: var(--faint); } .red { color: var(--red); }
        .green { color: var(--green); } .yellow { color: var(--yellow); }
        """
}

extension OutlineNode {
    /// The tree as nested lists, each branch to be folded.
    ///
    /// - Parameter depth: How many nodes stand above it; 0 for an object.
    /// - Returns: Elements.
    func html(depth: Int) -> String {
        let line = pieces.filter { !$0.text.isEmpty }.map(\.html).joined()
        let shown = depth == 0 ? "<h2>\(line)</h2>" : line
        guard !children.isEmpty else { return depth == 0 ? shown : "<li>\(shown)</li>\n" }
        let inner = children.map { $0.html(depth: depth + 1) }.joined()
        let branch = "<details\(isOpen ? " open" : "")><summary>\(shown)</summary><ul>\n\(inner)</ul></details>\n"
        return depth == 0 ? branch : "<li>\(branch)</li>\n"
    }
}

extension OutlineNode.Piece {
    fileprivate var html: String {
        let escaped = text.singleLine.escapedForHTML
        let name: String
        switch style {
        case .plain: return escaped
        case .bold: name = "bold"
        case .faint: name = "faint"
        case .red: name = "red"
        case .green: name = "green"
        case .yellow: name = "yellow"
        }
        return "<span class=\"\(name)\">\(escaped)</span>"
    }
}

extension String {
    /// The text as it stands between tags, and in an attribute's quotes.
    fileprivate var escapedForHTML: String {
        var result = ""
        result.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
