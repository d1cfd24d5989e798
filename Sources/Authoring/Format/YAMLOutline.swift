/// A YAML document as its author sees it: entries, one below the other, each with the comments above it.
///
/// Only what moves or is indented anew is understood. A value that spans lines (block scalars, flow collections, long strings)
/// is kept as it stands, and a document that is written in another way than entries below entries has no outline.
struct YAMLOutline {
    /// Entries of one mapping or of one sequence.
    struct Block {
        var entries: [Entry] = []
        /// Comments below the last entry.
        var trailing: [Line] = []
    }

    /// `key: value` or `- value`.
    struct Entry {
        /// Comments and blank lines above it.
        var leading: [Line] = []
        /// The key as it is written; empty for an element of a sequence.
        var key: Line = []
        var isElement: Bool { key.isEmpty }
        /// What stands behind the colon or the dash on its line, a comment too.
        var rest: Line = []
        /// Lines that belong to the value and are kept as they are.
        var continuation: [Line] = []
        /// By how many spaces the entry was indented.
        var indent = 0
        /// What stands below it.
        var child: Block?
    }

    typealias Line = [UInt8]

    /// That a document is written in a way of its own.
    struct Unknown: Error {}

    /// How deep entries may be nested.
    static let maximumDepth = 100

    private var lines: [Line]
    private var at = 0
    private var depth = 0

    /// Reads the outline of a document.
    ///
    /// - Parameter lines: The document's lines without their ends, none of them `---`.
    /// - Returns: Its entries.
    /// - Throws: That it is written in a way of its own.
    static func read(_ lines: [Line]) throws(Unknown) -> Block {
        var outline = YAMLOutline(lines: lines)
        guard let first = outline.nextContent(from: 0) else { return Block(trailing: lines.map(\.trimmed)) }
        let block = try outline.block(indent: lines[first].indent, isIndentless: false)
        guard outline.at == lines.count else { throw Unknown() }
        return block
    }

    private init(lines: [Line]) {
        self.lines = lines
    }

    /// The next line that is neither blank nor a comment.
    private func nextContent(from start: Int) -> Int? {
        lines[start...].indices.first { !lines[$0].isBlank && !lines[$0].isComment }
    }

    // MARK: Blocks

    /// Reads the entries at an indentation; they may be a sequence that is no deeper than its key.
    private mutating func block(indent: Int, isIndentless: Bool) throws(Unknown) -> Block {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw Unknown() }
        var block = Block()
        while true {
            let start = at
            guard let next = nextContent(from: at) else {
                let deep = comments(from: start, to: lines.count, atLeast: isIndentless ? indent + 1 : indent)
                let own = depth == 1 ? lines.count : deep
                block.trailing = take(from: start, to: own)
                at = own
                return block
            }
            let line = lines[next]
            let isEnd = line.indent < indent || isIndentless && line.indent == indent && !line.isElement(at: indent)
            if isEnd {
                let own = comments(from: start, to: next, atLeast: isIndentless ? indent + 1 : indent)
                block.trailing = take(from: start, to: own)
                at = own
                return block
            }
            guard line.indent == indent, line.first != UInt8(ascii: "%") else { throw Unknown() }
            var entry: Entry
            let leading = take(from: start, to: next)
            at = next
            if line.isElement(at: indent) {
                guard block.entries.last?.isElement ?? true else { throw Unknown() }
                entry = try element(indent)
            } else {
                guard block.entries.last.map({ !$0.isElement }) ?? true else { throw Unknown() }
                entry = try member(indent)
            }
            entry.leading = leading
            block.entries.append(entry)
        }
    }

    /// The end of what belongs to a block that has ended: its comments that are indented far enough.
    private func comments(from start: Int, to end: Int, atLeast indent: Int) -> Int {
        (start..<end).last { lines[$0].isComment && lines[$0].indent >= indent }.map { $0 + 1 } ?? start
    }

    private func take(from start: Int, to end: Int) -> [Line] {
        lines[start..<end].map(\.trimmed)
    }

    // MARK: Entries

    private mutating func member(_ indent: Int) throws(Unknown) -> Entry {
        let line = lines[at]
        guard let colon = line.colon(from: indent) else { throw Unknown() }
        var entry = Entry(key: Line(line[indent..<colon]).trimmed, indent: indent)
        let start = line.skippingSpaces(from: colon + 1)
        entry.rest = line.rest(from: start, behind: colon)
        try readValue(of: &entry, from: start)
        return entry
    }

    private mutating func element(_ indent: Int) throws(Unknown) -> Entry {
        var entry = Entry(indent: indent)
        let line = lines[at]
        let start = line.skippingSpaces(from: indent + 1)
        if start < line.count, line[start] != UInt8(ascii: "#"),
            line.isElement(at: start) || line.colon(from: start) != nil
        {
            // `- name: value` is a block of its own that begins behind the dash.
            lines[at][indent] = UInt8(ascii: " ")
            entry.child = try block(indent: start, isIndentless: false)
            return entry
        }
        entry.rest = line.rest(from: start, behind: indent)
        try readValue(of: &entry, from: start)
        return entry
    }

    /// Reads what stands behind a key or a dash, on its line from a column on, and below it.
    private mutating func readValue(of entry: inout Entry, from column: Int) throws(Unknown) {
        let line = lines[at]
        var column = column
        while column < line.count, line[column] == UInt8(ascii: "&") || line[column] == UInt8(ascii: "!") {
            while column < line.count, line[column] != UInt8(ascii: " ") { column += 1 }
            column = line.skippingSpaces(from: column)
        }
        let first = column < line.count ? line[column] : UInt8(ascii: "#")
        switch first {
        case UInt8(ascii: "#"):
            at += 1
            try readBelow(&entry)
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            at += 1
            let keepsBlanks = entry.rest.contains(UInt8(ascii: "+"))
            readDeeper(&entry, keepsBlanks: keepsBlanks)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "{"), UInt8(ascii: "["):
            var scanner = FlowScanner()
            guard var end = scanner.scan(line, from: column) else { throw Unknown() }
            at += 1
            while end < 0 {
                guard at < lines.count, let next = scanner.scan(lines[at], from: 0) else { throw Unknown() }
                entry.continuation.append(lines[at])
                end = next
                at += 1
            }
            let last = lines[at - 1]
            end = last.skippingSpaces(from: end)
            guard end >= last.count || last[end] == UInt8(ascii: "#") else { throw Unknown() }
        case UInt8(ascii: "?"), UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"):
            throw Unknown()
        default:
            at += 1
            let start = at
            // What follows a plain value and is deeper belongs to it; a comment ends it.
            while at < lines.count, lines[at].isBlank || lines[at].indent > entry.indent && !lines[at].isComment {
                at += 1
            }
            while at > start, lines[at - 1].isBlank { at -= 1 }
            entry.continuation = Array(lines[start..<at])
        }
    }

    /// Takes all lines below an entry that are deeper than it.
    private mutating func readDeeper(_ entry: inout Entry, keepsBlanks: Bool) {
        let start = at
        while at < lines.count, lines[at].isBlank || lines[at].indent > entry.indent { at += 1 }
        if !keepsBlanks {
            while at > start, lines[at - 1].isBlank { at -= 1 }
        }
        entry.continuation = Array(lines[start..<at])
    }

    /// Reads the block below an entry whose line has no value.
    private mutating func readBelow(_ entry: inout Entry) throws(Unknown) {
        let next = nextContent(from: at)
        if let next, lines[next].indent > entry.indent {
            let indent = lines[next].indent
            guard lines[next].isElement(at: indent) || lines[next].colon(from: indent) != nil else {
                // A value that begins on a line of its own.
                guard next == at, lines[next][indent].isPlainStart else { throw Unknown() }
                readDeeper(&entry, keepsBlanks: false)
                guard !entry.continuation.contains(where: \.isComment) else { throw Unknown() }
                return
            }
            entry.child = try block(indent: indent, isIndentless: false)
        } else if let next, !entry.isElement, lines[next].indent == entry.indent,
            lines[next].isElement(at: entry.indent)
        {
            entry.child = try block(indent: entry.indent, isIndentless: true)
        } else {
            // Nothing but comments, most often what has been commented out.
            let end = comments(from: at, to: next ?? lines.count, atLeast: entry.indent + 1)
            if end > at {
                entry.child = Block(trailing: take(from: at, to: end))
                at = end
            }
        }
    }
}

/// Finds the end of a quoted string or a flow collection, line by line.
struct FlowScanner {
    private var brackets: [UInt8] = []
    private var quote: UInt8?

    /// Goes through a line.
    ///
    /// - Returns: The column behind the value's end; −1 if it goes on below; nil if the brackets do not match.
    mutating func scan(_ line: [UInt8], from start: Int) -> Int? {
        var column = start
        while column < line.count {
            let byte = line[column]
            if let open = quote {
                if open == UInt8(ascii: "\""), byte == UInt8(ascii: "\\") {
                    column += 1
                } else if byte == open {
                    if open == UInt8(ascii: "'"), column + 1 < line.count, line[column + 1] == open {
                        column += 1
                    } else {
                        quote = nil
                        if brackets.isEmpty { return column + 1 }
                    }
                }
                column += 1
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                // Inside of a word a quote is a letter.
                if isValueStart(line, column) { quote = byte }
            case UInt8(ascii: "{"): brackets.append(UInt8(ascii: "}"))
            case UInt8(ascii: "["): brackets.append(UInt8(ascii: "]"))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard brackets.popLast() == byte else { return nil }
                if brackets.isEmpty { return column + 1 }
            case UInt8(ascii: "#") where column == 0 || line[column - 1] == UInt8(ascii: " "):
                return -1
            default: break
            }
            column += 1
        }
        return -1
    }

    private func isValueStart(_ line: [UInt8], _ column: Int) -> Bool {
        guard let before = line[..<column].last(where: { $0 != UInt8(ascii: " ") }) else { return true }
        let isApart = line[column - 1] == UInt8(ascii: " ")
        return switch before {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ","): true
        // Behind a quoted key no space is needed.
        case UInt8(ascii: ":"): true
        default: isApart && brackets.isEmpty
        }
    }
}

extension [UInt8] {
    /// How many spaces stand at the beginning.
    var indent: Int { firstIndex { $0 != UInt8(ascii: " ") } ?? count }

    var isBlank: Bool { allSatisfy { $0 == UInt8(ascii: " ") } }

    var isComment: Bool { indent < count && self[indent] == UInt8(ascii: "#") }

    /// Without spaces at both ends.
    var trimmed: [UInt8] {
        guard let first = firstIndex(where: { $0 != UInt8(ascii: " ") }),
            let last = lastIndex(where: { $0 != UInt8(ascii: " ") })
        else { return [] }
        return Array(self[first...last])
    }

    /// Whether a dash and a space stand at a column.
    fileprivate func isElement(at column: Int) -> Bool {
        column < count && self[column] == UInt8(ascii: "-")
            && (column + 1 == count || self[column + 1] == UInt8(ascii: " "))
    }

    fileprivate func skippingSpaces(from column: Int) -> Int {
        var column = column
        while column < count, self[column] == UInt8(ascii: " ") { column += 1 }
        return Swift.min(column, count)
    }

    /// What stands behind a colon or a dash; the spaces before a comment stay, but for the first.
    fileprivate func rest(from start: Int, behind mark: Int) -> [UInt8] {
        let rest = Array(self[start...]).trimmed
        guard rest.first == UInt8(ascii: "#"), start > mark + 2 else { return rest }
        return Array(repeating: UInt8(ascii: " "), count: start - mark - 2) + rest
    }

    /// The colon behind a key that begins at a column; nil if there is none that is simple.
    fileprivate func colon(from start: Int) -> Int? {
        guard start < count else { return nil }
        var column = start
        if self[start] == UInt8(ascii: "\"") || self[start] == UInt8(ascii: "'") {
            var scanner = FlowScanner()
            guard let end = scanner.scan(self, from: start), end > 0 else { return nil }
            column = skippingSpaces(from: end)
            guard column < count, self[column] == UInt8(ascii: ":") else { return nil }
            return column + 1 == count || self[column + 1] == UInt8(ascii: " ") ? column : nil
        }
        guard self[start].isPlainStart else { return nil }
        while column < count {
            if self[column] == UInt8(ascii: ":"), column + 1 == count || self[column + 1] == UInt8(ascii: " ") {
                return column
            }
            if self[column] == UInt8(ascii: "#"), column > start, self[column - 1] == UInt8(ascii: " ") { return nil }
            column += 1
        }
        return nil
    }
}

extension UInt8 {
    /// Whether a plain scalar may begin with it.
    fileprivate var isPlainStart: Bool { !"[]{}&*!|>%@`,#?\"'".utf8.contains(self) }
}
