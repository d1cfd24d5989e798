internal import JSON
internal import Policy

/// A part of a suite's file that is to say something else; all around it stays, comments too.
struct SnapshotEdit {
    /// What is written.
    enum Place {
        /// In the place of a value of the suite.
        case value(Node)
        /// As the member `patchedChanges` of an object of the suite that has none.
        case member(of: Node)
    }

    let place: Place
    let value: JSONFragment
    /// Which document of the file.
    let document: Int
    /// Where the value stands in the document, or is to stand.
    let pointer: JSONPointer
    /// The case, for messages.
    let node: Node
}

/// A suite's file with other expectations.
struct SnapshotWriter {
    private let text: [UInt8]
    private let isJSON: Bool
    /// Where each line begins.
    private let lines: [Int]

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")

    init(_ text: [UInt8], of file: String) {
        self.text = text
        isJSON = file.hasSuffix(".json")
        lines = [0] + text.indices.filter { text[$0] == Self.newline }.map { $0 + 1 }
    }

    /// The text with all edits.
    ///
    /// - Returns: Nothing if it would not say what is meant: what stands there is written in a way of its own.
    func text(with edits: [SnapshotEdit]) -> [UInt8]? {
        var changes: [(range: Range<Int>, text: String)] = []
        for edit in edits {
            guard let change = change(for: edit) else { return nil }
            changes.append(change)
        }
        var result = text
        for change in changes.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
            result.replaceSubrange(change.range, with: Array(change.text.utf8))
        }
        return says(edits, result) ? result : nil
    }

    /// Whether a text is the old one but for the edits.
    private func says(_ edits: [SnapshotEdit], _ result: [UInt8]) -> Bool {
        guard let old = try? JSONDocument.parseYAML(text), let new = try? JSONDocument.parseYAML(result),
            old.count == new.count
        else { return false }
        for (number, document) in old.enumerated() {
            let operations = edits.filter { $0.document == number }.map {
                JSONPatchOperation.add($0.pointer, $0.value)
            }
            guard let wanted = try? JSONPatch(operations).apply(to: document),
                JSONFragment(wanted) == JSONFragment(new[number])
            else { return false }
        }
        return true
    }

    // MARK: Finding places

    private func change(for edit: SnapshotEdit) -> (range: Range<Int>, text: String)? {
        switch edit.place {
        case .value(let node):
            guard let start = offset(of: node.position) else { return nil }
            if text[start] == UInt8(ascii: "{") {
                guard let end = endOfFlow(from: start) else { return nil }
                return (start..<end + 1, flow(edit.value))
            }
            guard let block = block(of: node, start) else { return nil }
            let lines = YAMLText.block(edit.value, indent: block.indent).joined(separator: "\n")
            return (block.range, lines)
        case .member(let node):
            guard let start = offset(of: node.position) else { return nil }
            if text[start] == UInt8(ascii: "{") {
                guard let end = endOfFlow(from: start) else { return nil }
                let key = isJSON ? "\"patchedChanges\"" : "patchedChanges"
                return (end..<end, ", \(key): \(flow(edit.value))")
            }
            guard let block = block(of: node, start) else { return nil }
            let member = JSONFragment { writer in
                writer.beginObject()
                writer.key("patchedChanges")
                writer.copy(edit.value)
                writer.endObject()
            }
            let lines = YAMLText.block(member, indent: block.indent).joined(separator: "\n")
            return (block.range.upperBound..<block.range.upperBound, "\n" + lines)
        }
    }

    private func flow(_ value: JSONFragment) -> String {
        isJSON
            ? String(decoding: value.document.bytes(of: value.value), as: UTF8.self) : YAMLText.flow(value)
    }

    /// The byte at which people's line and column are.
    private func offset(of position: JSONPosition) -> Int? {
        guard lines.indices.contains(position.line - 1) else { return nil }
        var offset = lines[position.line - 1]
        var column = 1
        while column < position.column {
            guard offset < text.count, text[offset] != Self.newline else { return nil }
            offset += 1
            while offset < text.count, text[offset] & 0xc0 == 0x80 { offset += 1 }
            column += 1
        }
        return offset < text.count ? offset : nil
    }

    /// The brace that closes the one at an offset.
    private func endOfFlow(from start: Int) -> Int? {
        var depth = 0
        var quote: UInt8?
        var place = start
        var last = Self.space
        while place < text.count {
            let byte = text[place]
            if let open = quote {
                if byte == UInt8(ascii: "\\"), open == UInt8(ascii: "\"") {
                    place += 1
                } else if byte == open {
                    quote = nil
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"):
                    // In the middle of a word it is a letter as any other.
                    if " \n\t{[,:".utf8.contains(last) { quote = byte }
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth == 0 { return place }
                case UInt8(ascii: "#") where last == Self.space || last == Self.newline:
                    while place + 1 < text.count, text[place + 1] != Self.newline { place += 1 }
                default: break
                }
            }
            last = byte
            place += 1
        }
        return nil
    }

    /// The lines of a mapping that begins at an offset, from the beginning of the first to the end of the last one that says
    /// something.
    private func block(of node: Node, _ start: Int) -> (range: Range<Int>, indent: Int)? {
        let first = node.position.line - 1
        let beginning = lines[first]
        // What stands before it belongs to somebody else, such as the dash of a list.
        let isAlone = text[beginning..<start].allSatisfy { $0 == Self.space }
        let indent = start - beginning
        var end = endOfLine(first)
        for line in lines.indices.dropFirst(first + 1) {
            let content = text[lines[line]..<endOfLine(line)]
            guard let word = content.firstIndex(where: { $0 != Self.space && $0 != UInt8(ascii: "\r") }) else {
                continue
            }
            if text[word] == UInt8(ascii: "#"), word - lines[line] < indent { break }
            if text[word] == UInt8(ascii: "#") { continue }
            guard word - lines[line] >= indent else { break }
            end = endOfLine(line)
        }
        return isAlone ? (beginning..<end, indent) : nil
    }

    private func endOfLine(_ line: Int) -> Int {
        lines.indices.contains(line + 1) ? lines[line + 1] - 1 : text.count
    }
}

extension JSONFragment {
    /// What must be merged into an object (RFC 7396) to make it another.
    func mergeDifference(to other: JSONFragment) -> JSONFragment {
        JSONFragment { $0.mergeDifference(from: self, to: other) }
    }
}

extension JSONWriter {
    fileprivate mutating func mergeDifference(from old: JSONFragment, to new: JSONFragment) {
        guard old.value.isObject, new.value.isObject else { return copy(new) }
        beginObject()
        for (key, value) in new.document.members(of: new.value) {
            let name = new.document.utf8(key)
            let after = JSONFragment(new.document, value)
            let before = old.document.member(name, of: old.value).map { JSONFragment(old.document, $0) }
            if before == after { continue }
            self.key(name)
            if let before { mergeDifference(from: before, to: after) } else { copy(after) }
        }
        for (key, _) in old.document.members(of: old.value) {
            let name = old.document.utf8(key)
            if new.document.member(name, of: new.value) != nil { continue }
            self.key(name)
            null()
        }
        endObject()
    }
}

/// A file that holds nothing but an object.
enum SnapshotFile {
    /// The lines at a file's beginning that only say something to people.
    static func comment(of text: [UInt8]) -> [UInt8] {
        var end = 0
        var place = 0
        while place < text.count {
            let line = text[place...].prefix { $0 != UInt8(ascii: "\n") }
            guard line.isEmpty || line.first == UInt8(ascii: "#") else { break }
            place = min(line.endIndex + 1, text.count)
            end = place
        }
        return Array(text[..<end])
    }

    static func yaml(_ object: JSONFragment) -> [UInt8] {
        Array((YAMLText.block(object).joined(separator: "\n") + "\n").utf8)
    }

    static func json(_ object: JSONFragment) -> [UInt8] {
        object.document.bytes(of: object.value) + [UInt8(ascii: "\n")]
    }
}
