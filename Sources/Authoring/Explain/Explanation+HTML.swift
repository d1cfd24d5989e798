internal import Policy

/// A page of explanations that needs nothing else: no scripts, its style in itself, light and dark.
///
/// All that comes from objects and policies is text there, whatever it looks like.
enum ExplanationPage {
    /// What stands above the explanations.
    ///
    /// - Parameters:
    ///   - title: The object, if there is only one.
    ///   - isOfSeveral: Whether there are several objects, among which a reader chooses.
    /// - Returns: The start of a page.
    static func head(title: String?, isOfSeveral: Bool) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="\(contentSecurityPolicy)">
        <title>\((title ?? "Explanations").escapedForHTML) – Portcullis</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <header>
        <h1>What the policies say, and why</h1>
        \(isOfSeveral ? choice : "")</header>
        <main>

        """
    }

    /// What stands below the explanations, and is shown above them: what came of all, and what could not be judged.
    static func foot(_ report: CheckReport) -> String {
        var html = "</main>\n<footer>\n<p class=\"bold\">\(report.summary.escapedForHTML)</p>\n"
        if !report.issues.isEmpty {
            html += "<ul class=\"issues\">\n"
            for issue in report.issues { html += "<li>\(issue.description.singleLine.escapedForHTML)</li>\n" }
            html += "</ul>\n"
        }
        return html + legend + "</footer>\n</body>\n</html>\n"
    }

    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    /// Buttons that style alone obeys.
    private static let choice = """
        <fieldset>
        <legend>Show</legend>
        <label><input type="radio" name="show" id="all" checked="checked" /> all</label>
        <label><input type="radio" name="show" id="denied" /> denied</label>
        <label><input type="radio" name="show" id="allowed" /> allowed</label>
        </fieldset>

        """

    private static let legend = """
        <p class="legend faint"><span>✓ passed</span> <span>✗ failed</span> <span>– does not apply</span> \
        <span>! could not be evaluated</span> <span>· not tried</span> <span>? cannot be told</span></p>

        """

    /// Colours that can be read on both grounds; a rule at the left of what belongs together.
    private static let style = """
        :root { color-scheme: light dark; --ground: #f6f6f8; --card: #fff; --text: #1c1c1e; --faint: #5f5f66;
          --line: #d5d5da; --red: #a9201a; --green: #176a2f; --yellow: #7d5200; --redground: #fdf1f0;
          --yellowground: #fdf6e7; --code: #f1f1f4; }
        @media (prefers-color-scheme: dark) { :root { --ground: #151517; --card: #1e1e21; --text: #ececee;
          --faint: #a4a4ab; --line: #3b3b40; --red: #ff8f86; --green: #7fd694; --yellow: #f2c063;
          --redground: #33201f; --yellowground: #302817; --code: #2a2a2e; } }
        * { box-sizing: border-box; }
        body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
          max-width: 76rem; margin: 0 auto; padding: 1rem; display: flex; flex-direction: column; }
        main { order: 1; min-width: 0; }
        h1 { font-size: 1.35rem; margin: .3rem 0 .6rem; } h2, h3 { display: inline; margin: 0; font-size: 1.08rem; }
        h3 { font-size: 1rem; font-weight: 400; }
        h2 > .red, h2 > .green { border: 1px solid; border-radius: 1rem; padding: 0 .6rem; font-size: .85em; }
        fieldset { border: 1px solid var(--line); border-radius: 6px; padding: .1rem .8rem .4rem; width: fit-content; }
        label { margin-right: 1rem; cursor: pointer; }
        body:has(#denied:checked) article.allowed, body:has(#allowed:checked) article.denied { display: none; }
        footer p { margin: .5rem 0; } .legend span { margin-right: .8rem; white-space: nowrap; }
        article { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--green);
          border-radius: 6px; padding: .7rem 1rem; margin: .8rem 0; content-visibility: auto;
          contain-intrinsic-size: auto 3rem; }
        article.denied { border-left-color: var(--red); }
        ul { list-style: none; margin: .1rem 0; padding: 0 0 0 1rem; border-left: 1px solid var(--line); }
        article > details > ul { border: 0; padding: 0; margin-top: .4rem; }
        article > details > ul > li { margin: .35rem 0; }
        li li { margin: .1rem 0; } li, h1, h2 { overflow-wrap: anywhere; } li span, li code { unicode-bidi: isolate; }
        li.red { color: inherit; background: var(--redground); border-radius: 6px; padding: .3rem .6rem; }
        li.yellow { color: inherit; background: var(--yellowground); border-radius: 6px; padding: .3rem .6rem; }
        ul.issues { border-left: 3px solid var(--yellow); }
        summary { cursor: pointer; border-radius: 4px; } summary:hover { background: var(--code); }
        :focus-visible { outline: 2px solid var(--text); outline-offset: 2px; }
        a { color: inherit; }
        code { font: .92em ui-monospace, monospace; background: var(--code); border-radius: 3px; padding: 0 .2em;
          white-space: pre-wrap; }
        .bold { font-weight: 600; } .faint { color: var(--faint); } .red { color: var(--red); }
        .green { color: var(--green); } .yellow { color: var(--yellow); }
        @media print { :root { color-scheme: light; --ground: #fff; --card: #fff; --text: #000; --faint: #444;
            --line: #999; --red: #a9201a; --green: #176a2f; --yellow: #7d5200; --redground: #fff;
            --yellowground: #fff; --code: #fff; }
          body { display: block; max-width: none; padding: 0; font-size: 10pt; } fieldset { display: none; }
          article { content-visibility: visible; } li:not(:has(ul)) { break-inside: avoid-page; } summary { break-after: avoid; } }
        """
}

extension Explanation {
    /// The explanation as an element of a page.
    ///
    /// - Parameters:
    ///   - filter: What is told.
    ///   - isOneOfSeveral: Whether only what was decided and because of what is unfolded, and nothing of what is allowed without a
    ///     warning, so that the others are found.
    /// - Returns: An element.
    func article(_ filter: ExplanationFilter, isOneOfSeveral: Bool) -> String {
        var node = outline(filter)
        if isOneOfSeveral {
            for place in node.children.indices where !node.children[place].isLoud {
                node.children[place].isOpen = false
            }
        }
        node.isOpen = !isOneOfSeveral || !result.isAllowed || result.findings.contains { $0.level == .warning }
        return "<article class=\"\(result.isAllowed ? "allowed" : "denied")\">\n\(node.html(depth: 0))</article>\n"
    }
}

extension OutlineNode {
    /// The tree as nested lists, each branch to be folded.
    ///
    /// - Parameter depth: How many nodes stand above it; 0 for an object.
    /// - Returns: Elements.
    fileprivate func html(depth: Int) -> String {
        let line = pieces.filter { !$0.text.isEmpty }.map(\.html).joined()
        let heading = depth == 0 ? "h2" : depth == 1 && !children.isEmpty ? "h3" : nil
        let shown = heading.map { "<\($0)>\(line)</\($0)>" } ?? line
        var html = shown
        if !children.isEmpty {
            let inner = children.map { $0.html(depth: depth + 1) }.joined()
            html = "<details\(isOpen ? " open" : "")><summary>\(shown)</summary><ul>\n\(inner)</ul></details>\n"
        }
        guard depth > 0 else { return html }
        let loudness = pieces.first?.style == .red ? "red" : "yellow"
        return "<li\(depth == 1 && isLoud ? " class=\"\(loudness)\"" : "")>\(html)</li>\n"
    }

    /// Whether a branch below an object says what was decided and because of what.
    fileprivate var isLoud: Bool { !children.isEmpty && [.red, .yellow].contains(pieces.first?.style) }
}

extension OutlineNode.Piece {
    fileprivate var html: String {
        var html = text.singleLine.escapedForHTML
        switch role {
        case .text: break
        case .code:
            html = "<code>\(html)</code>"
        case .mark(let word):
            html = "<span role=\"img\" aria-label=\"\(word)\">\(html)</span>"
        case .link where text.hasPrefix("https://"):
            html = "<a href=\"\(html)\" rel=\"noreferrer\">\(html)</a>"
        case .link: break
        }
        let name: String
        switch style {
        case .plain: return html
        case .bold: name = "bold"
        case .faint: name = "faint"
        case .red: name = "red"
        case .green: name = "green"
        case .yellow: name = "yellow"
        }
        return "<span class=\"\(name)\">\(html)</span>"
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
