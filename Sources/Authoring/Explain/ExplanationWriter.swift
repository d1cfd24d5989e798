internal import JSON
internal import Policy

/// Writes explanations one by one, so that what has been written need not be kept.
public struct ExplanationWriter {
    /// All forms.
    public enum Format: String, CaseIterable, Sendable {
        /// A tree for people.
        case text
        /// An object: `explanations`, `issues`, `manifests`, `allowed`, `denied`, `errors`.
        case json
        /// The same.
        case yaml
        /// A page that needs no other file.
        case html
    }

    private let format: Format
    private let filter: ExplanationFilter
    private let isColoured: Bool
    private let write: (String) -> Void
    private var count = 0
    /// The first one of a page, whose title depends on whether there are others.
    private var first: Explanation?

    /// Begins.
    ///
    /// - Parameters:
    ///   - format: The form.
    ///   - filter: What is told.
    ///   - isColoured: Whether text has colours.
    ///   - write: Takes what is written, piece by piece.
    public init(
        _ format: Format,
        _ filter: ExplanationFilter = ExplanationFilter(),
        isColoured: Bool = false,
        write: @escaping (String) -> Void
    ) {
        self.format = format
        self.filter = filter
        self.isColoured = isColoured
        self.write = write
    }

    /// Writes an explanation; the first of a page waits for the second, or for the end.
    public mutating func add(_ explanation: Explanation) {
        count += 1
        switch format {
        case .text:
            write(explanation.outline(filter).text(isColoured: isColoured).joined(separator: "\n") + "\n\n")
        case .json:
            write(count == 1 ? "{\"explanations\":[" : ",")
            write(String(decoding: explanation.json(filter), as: UTF8.self))
        case .yaml:
            write((count == 1 ? "explanations:\n" : "") + Self.listElement(explanation.json(filter)) + "\n")
        case .html:
            switch count {
            case 1: first = explanation
            case 2: beginPage(then: explanation)
            default: write(explanation.article(filter, isOneOfSeveral: true))
            }
        }
    }

    /// Writes what stands behind all.
    ///
    /// - Parameter report: What came of those that were explained.
    public mutating func end(_ report: CheckReport) {
        switch format {
        case .text:
            let isBad = report.deniedCount > 0 || !report.errors.isEmpty
            let style: TextStyle = isBad ? .red : report.warnedCount > 0 ? .yellow : .green
            write(style.paint(report.summary, isColoured: isColoured) + "\n")
        case .json:
            write(count == 0 ? "{\"explanations\":[" : "")
            // The members of an object that has begun.
            write("]," + String(decoding: report.explanationTail().dropFirst(), as: UTF8.self) + "\n")
        case .yaml:
            write(count == 0 ? "explanations: []\n" : "")
            write(YAMLText.yaml(ofJSON: report.explanationTail()) + "\n")
        case .html:
            if count <= 1 { beginPage() }
            write(ExplanationPage.foot(report))
        }
    }

    /// Writes what stands above all, and the first explanation, if there is one.
    private mutating func beginPage(then second: Explanation? = nil) {
        write(ExplanationPage.head(title: count == 1 ? first?.result.title : nil, isOfSeveral: count > 1))
        for explanation in [first, second].compactMap(\.self) {
            write(explanation.article(filter, isOneOfSeveral: count > 1))
        }
        first = nil
    }

    /// An element of a list in YAML; as it is if it is larger than a document may be, for JSON is YAML too.
    private static func listElement(_ json: [UInt8]) -> String {
        let list = [UInt8(ascii: "[")] + json + [UInt8(ascii: "]")]
        guard let document = try? JSONDocument(parsing: list) else {
            return "  - " + String(decoding: json, as: UTF8.self)
        }
        return YAMLText.block(JSONFragment(document), indent: 2).joined(separator: "\n")
    }
}
