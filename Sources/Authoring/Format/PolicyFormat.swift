internal import JSON
public import Policy

/// The canonical form of policies' files: what `fmt` writes.
///
/// Entries are indented by two spaces, known fields stand in a fixed order, there is at most one blank line between entries.
/// Lines move whole, with their comments; what a value says is never written anew, but for single quotes that become double
/// ones where nothing in between means anything else. JSON is left as it is, and so is a document with entries that are
/// written in a way of their own.
public enum PolicyFormat {
    /// Brings a file into the canonical form.
    ///
    /// What comes out holds the same documents and the same comments, and comes out the same a second time: that is checked.
    ///
    /// - Parameters:
    ///   - bytes: The file in UTF-8.
    ///   - file: Its name, for messages.
    /// - Returns: The form; equal to `bytes` if they have it.
    /// - Throws: What is wrong with the file, or that its form cannot be made without a change of what it says.
    public static func format(_ bytes: [UInt8], file: String) throws(PolicyIssue) -> [UInt8] {
        let documents: [JSONDocument]
        do throws(YAMLError) {
            documents = try JSONDocument.parseYAML(bytes)
        } catch {
            throw PolicyIssue(error, file: file)
        }
        if isLeft(bytes) { return bytes }
        // An alias comes after its anchor: where the order of fields would change that, they stay where they are. And a block
        // scalar at the end of a file without a last line break is another text with one.
        let ends = bytes.last == newline ? [true] : [true, false]
        for (isSorted, endsLine) in [true, false].flatMap({ isSorted in ends.map { (isSorted, $0) } }) {
            func form(of bytes: [UInt8]) -> [UInt8] {
                let lines = formatted(bytes, isSorted: isSorted)
                return endsLine || lines.last != newline ? lines : Array(lines.dropLast())
            }
            let result = form(of: bytes)
            if result == bytes { return result }
            guard let others = try? JSONDocument.parseYAML(result), others.count == documents.count,
                zip(documents, others).allSatisfy({ JSONFragment($0) == JSONFragment($1) }),
                comments(of: bytes) == comments(of: result), form(of: result) == result
            else { continue }
            return result
        }
        throw PolicyIssue(
            file: file,
            message: "cannot be formatted without a change of what it says",
            mend: "write the values out where it has anchors, and one entry on a line"
        )
    }

    /// Whether a file has no form of ours: JSON, other encodings, directives.
    private static func isLeft(_ bytes: [UInt8]) -> Bool {
        let first = bytes.first { $0 > 0x20 }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == nil || bytes.contains(0)
            || [0xef, 0xfe, 0xff].contains(bytes[0])
    }

    // MARK: Files

    private static func formatted(_ bytes: [UInt8], isSorted: Bool) -> [UInt8] {
        guard let documents = split(bytes) else { return bytes }
        var result: [UInt8] = []
        var isFirst = true
        for document in documents {
            var lines: [[UInt8]]
            do throws(YAMLOutline.Unknown) {
                var block = try YAMLOutline.read(document.lines)
                if isSorted { FieldOrder.sort(&block) }
                lines = Printer.print(block)
            } catch {
                lines = document.lines
            }
            // What is between two separators and says nothing is no document.
            if lines.isEmpty, document.separator.count <= 3 { continue }
            if !isFirst || document.separator.count > 3 {
                result += document.separator.isEmpty ? Array("---".utf8) : document.separator
                result.append(newline)
            }
            for line in lines { result += line + [newline] }
            isFirst = false
        }
        return result
    }

    private static let newline = UInt8(ascii: "\n")

    /// The documents, each with the line that separates it from what is before; nil if there are other marks than `---`.
    private static func split(_ bytes: [UInt8]) -> [(separator: [UInt8], lines: [[UInt8]])]? {
        var documents: [(separator: [UInt8], lines: [[UInt8]])] = [([], [])]
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : Array(line)
        }
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        for line in lines {
            if line.contains(UInt8(ascii: "\r")) || line.first == UInt8(ascii: "%") { return nil }
            if line.starts(with: "...".utf8), line.count == 3 || line[3] == UInt8(ascii: " ") { return nil }
            guard line.starts(with: "---".utf8), line.count == 3 || line[3] == UInt8(ascii: " ") else {
                documents[documents.count - 1].lines.append(line)
                continue
            }
            let rest = Array(line.dropFirst(3)).trimmed
            guard rest.first ?? UInt8(ascii: "#") == UInt8(ascii: "#") else { return nil }
            documents.append((Array("---".utf8) + (rest.isEmpty ? [] : [UInt8(ascii: " ")] + rest), []))
        }
        return documents
    }

    /// The comments of a file, sorted: those on lines of their own and those behind values.
    static func comments(of bytes: [UInt8]) -> [String] {
        var comments: [[UInt8]] = []
        func add(_ block: YAMLOutline.Block) {
            comments += block.trailing.filter(\.isComment)
            for entry in block.entries {
                comments += entry.leading.filter(\.isComment)
                comments += ([entry.rest] + entry.continuation).compactMap(\.comment)
                if let child = entry.child { add(child) }
            }
        }
        for document in split(bytes) ?? [] {
            if let comment = document.separator.comment { comments.append(comment) }
            if let block = try? YAMLOutline.read(document.lines) { add(block) } else { comments += document.lines }
        }
        return comments.map { String($0.span) }.sorted()
    }

    // MARK: Printing

    /// Writes an outline as lines.
    private enum Printer {
        static func print(_ block: YAMLOutline.Block) -> [[UInt8]] {
            var lines: [[UInt8]] = []
            append(block, indent: 0, to: &lines)
            return lines
        }

        private static func append(_ block: YAMLOutline.Block, indent: Int, to lines: inout [[UInt8]]) {
            var isFirst = true
            for entry in block.entries {
                appendComments(entry.leading, indent: indent, isFirst: isFirst, to: &lines)
                append(entry, indent: indent, to: &lines)
                isFirst = false
            }
            let end = block.trailing.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
            appendComments(Array(block.trailing[..<end]), indent: indent, isFirst: isFirst, to: &lines)
        }

        /// Writes comments with at most one blank line between them, and none at the beginning of a block.
        private static func appendComments(
            _ comments: [[UInt8]],
            indent: Int,
            isFirst: Bool,
            to lines: inout [[UInt8]]
        ) {
            var isBlank = isFirst
            for comment in comments {
                if comment.isEmpty {
                    if !isBlank { lines.append([]) }
                    isBlank = true
                } else {
                    lines.append(spaces(indent) + comment)
                    isBlank = false
                }
            }
        }

        private static func append(_ entry: YAMLOutline.Entry, indent: Int, to lines: inout [[UInt8]]) {
            guard entry.isElement, entry.rest.isEmpty, entry.continuation.isEmpty, var child = entry.child,
                !child.entries.isEmpty
            else {
                var line = spaces(indent) + (entry.isElement ? [UInt8(ascii: "-")] : entry.key + [UInt8(ascii: ":")])
                let rest = entry.continuation.isEmpty ? entry.rest.withDoubleQuotes : entry.rest
                if !rest.isEmpty { line += [UInt8(ascii: " ")] + rest }
                lines.append(line)
                let shift = indent - entry.indent
                for line in entry.continuation {
                    lines.append(shift >= 0 ? line.isEmpty ? [] : spaces(shift) + line : line.outdented(by: -shift))
                }
                if let child = entry.child { append(child, indent: indent + 2, to: &lines) }
                return
            }
            // The block begins behind the dash; what stands above its first entry stands above the dash.
            appendComments(takeLeading(of: &child), indent: indent, isFirst: true, to: &lines)
            let start = lines.count
            append(child, indent: indent + 2, to: &lines)
            lines[start][indent] = UInt8(ascii: "-")
        }

        private static func takeLeading(of block: inout YAMLOutline.Block) -> [[UInt8]] {
            guard !block.entries.isEmpty else { return [] }
            var leading = block.entries[0].leading
            block.entries[0].leading = []
            if block.entries[0].isElement, block.entries[0].rest.isEmpty, var child = block.entries[0].child {
                leading += takeLeading(of: &child)
                block.entries[0].child = child
            }
            return leading
        }

        private static func spaces(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: " "), count: count) }
    }
}

extension [UInt8] {
    fileprivate func outdented(by count: Int) -> [UInt8] { Array(dropFirst(Swift.min(count, indent))) }

    /// The comment at the end of a line that is no block scalar's.
    fileprivate var comment: [UInt8]? {
        var quote: UInt8?
        for (place, byte) in enumerated() {
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                if place == 0 || " {[,:".utf8.contains(self[place - 1]) { quote = byte }
            } else if byte == UInt8(ascii: "#"), place == 0 || self[place - 1] == UInt8(ascii: " ") {
                return Array(self[place...])
            }
        }
        return nil
    }

    /// The text with double quotes for single ones, if it begins with them and nothing in them means something else then.
    fileprivate var withDoubleQuotes: [UInt8] {
        guard first == UInt8(ascii: "'") else { return self }
        var scanner = FlowScanner()
        guard let end = scanner.scan(self, from: 0), end > 1 else { return self }
        let inner = self[1..<(end - 1)]
        guard !inner.contains(where: { "'\"\\".utf8.contains($0) || $0 < 0x20 || $0 == 0x7f }) else { return self }
        return [UInt8(ascii: "\"")] + inner + [UInt8(ascii: "\"")] + self[end...]
    }
}
