/// How a terminal shows a text.
public enum TextStyle: String, Sendable {
    /// As everything else.
    case plain = ""
    /// Bold, for headings.
    case bold = "1"
    /// Faint, for what matters least.
    case faint = "2"
    /// Red, for what is wrong.
    case red = "31"
    /// Green, for what is right.
    case green = "32"
    /// Yellow, for what needs a look.
    case yellow = "33"

    /// A text in the style; as it is if there are no colours.
    public func paint(_ text: String, isColoured: Bool) -> String {
        isColoured && self != .plain && !text.isEmpty ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text
    }
}

extension String {
    /// The text with spaces behind it, so that it is as wide as a column.
    public func padded(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }

    /// The text on one line, and not too long for a table; the middle is left out, for many texts begin alike.
    ///
    /// - Parameter columns: The most Unicode scalars that are left.
    /// - Returns: The text, with `…` where something is missing.
    public func shortenedInside(to columns: Int) -> String {
        let line = unicodeScalars.map { $0.value < 0x20 ? " " : $0 }
        guard line.count > columns else { return String(String.UnicodeScalarView(line)) }
        let end = columns / 2
        let kept = line.prefix(columns - 1 - end) + ["…"] + line.suffix(end)
        return String(String.UnicodeScalarView(kept))
    }
}
