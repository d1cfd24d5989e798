internal import Policy

/// Texts of others as Markdown (GitHub's), in which they are nothing but text.
enum Markdown {
    /// A text in one line, also for a cell of a table.
    static func text(_ text: String) -> String {
        line(text).unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            // A backslash before a bar is read in two ways, and dollars enclose formulas.
            case "|", "$": result += "&#\(scalar.value);"
            case "\\", "`", "*", "_", "[", "]", "~": result += "\\\(scalar)"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    /// A text as paragraphs: empty lines stay, other breaks do not.
    static func paragraphs(_ text: String) -> [String] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return lines.split { $0.allSatisfy(\.isWhitespace) }.flatMap { lines in
            let paragraph = Markdown.text(lines.map { line(String($0)) }.joined(separator: " "))
            return [startingAsText(paragraph), ""]
        }
    }

    /// What would begin a heading, a list or a line below a heading begins a paragraph.
    private static func startingAsText(_ text: String) -> String {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let rest = text.dropFirst(digits.count)
        let marks: Set<Character> = digits.isEmpty ? ["#", "-", "+", "=", ":"] : [".", ")"]
        guard let first = rest.first, marks.contains(first) else { return text }
        return "\(digits)\\\(rest)"
    }

    /// A text as code in one line, also in a cell of a table.
    static func code(_ text: String) -> String {
        let text = line(text)
        if text.isEmpty { return "`\"\"`" }
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "|") }) else {
            return "`\(text)`"
        }
        // Within backticks neither of the two can be said everywhere.
        let escaped = text.unicodeScalars.reduce(into: "") { result, scalar in
            let isPlain =
                !scalar.isASCII || scalar.properties.isAlphabetic
                || " 0123456789.,;()=!?+-/'\"{}".unicodeScalars.contains(scalar)
            if isPlain { result.unicodeScalars.append(scalar) } else { result += "&#\(scalar.value);" }
        }
        return "<code>\(escaped)</code>"
    }

    static func codes(_ texts: [String]) -> String { texts.map { code($0) }.joined(separator: ", ") }

    /// Lines as a block of code.
    static func block(_ lines: [String], language: String, indent: Int = 0) -> [String] {
        let lines = lines.map { $0.singleLine }
        let longest = lines.map { line in line.split { $0 != "`" }.map(\.count).max() ?? 0 }.max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        let spaces = String(repeating: " ", count: indent)
        return ([fence + language] + lines + [fence]).map { $0.isEmpty ? "" : spaces + $0 }
    }

    /// An address that can be followed; code if it is no plain one.
    static func link(_ url: String) -> String {
        let isPlain = url.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                || "-._~:/?#@!&'+,;=%".utf8.contains(byte)
        }
        return isPlain && url.hasPrefix("https://") ? "<\(url)>" : code(url)
    }

    /// A table of cells that are Markdown.
    static func table(_ head: [String], _ rows: [[String]]) -> [String] {
        ([head, head.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }
    }

    /// The text without breaks, and without blanks at its ends.
    private static func line(_ text: String) -> String {
        let characters = text.singleLine.drop(while: \.isWhitespace)
        let end = characters.lastIndex { !$0.isWhitespace }
        return String(end.map { characters[...$0] } ?? "")
    }
}
