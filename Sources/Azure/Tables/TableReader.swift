/// Reads tab-separated rows: comments (`#`) and empty lines first or anywhere, then the header with the columns' names.
struct TableReader {
    let file: String
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private(set) var line = 0
    private var lineStart = 0
    private let columns: [String]

    /// The fields of the current row; their indices are those of the file's bytes.
    private(set) var fields: [ArraySlice<UInt8>] = []

    /// Starts with the header, which must name exactly these columns.
    init(_ file: String, _ bytes: ArraySlice<UInt8>, columns: [String]) throws(TableError) {
        self.file = file
        self.bytes = bytes
        self.columns = columns
        position = bytes.startIndex
        guard readLine() else { throw error(at: 0, "the header is missing: expected the columns \(columns)") }
        let found = fields.map { String(decoding: $0, as: UTF8.self) }
        guard found == columns else { throw error(at: 0, "expected the columns \(columns), found \(found)") }
    }

    /// Goes to the next row.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: If it has too few or too many fields.
    mutating func next() throws(TableError) -> Bool {
        guard readLine() else { return false }
        guard fields.count == columns.count else {
            throw error(at: 0, "expected \(columns.count) fields separated by tabs, found \(fields.count)")
        }
        return true
    }

    private mutating func readLine() -> Bool {
        while position < bytes.endIndex {
            line += 1
            lineStart = position
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            let text = bytes[position..<end]
            position = min(end + 1, bytes.endIndex)
            if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
            fields.removeAll(keepingCapacity: true)
            var start = text.startIndex
            while let tab = text[start...].firstIndex(of: UInt8(ascii: "\t")) {
                fields.append(text[start..<tab])
                start = tab + 1
            }
            fields.append(text[start...])
            return true
        }
        return false
    }

    /// A field as text.
    func text(_ column: Int) -> String {
        String(decoding: fields[column], as: UTF8.self)
    }

    /// A field that must not be empty, as text.
    func name(_ column: Int) throws(TableError) -> String {
        guard !fields[column].isEmpty else { throw error(at: column, "\(columns[column]) is empty") }
        return text(column)
    }

    /// A field that must be one of an enumeration's words.
    func word<Word>(_ column: Int, of words: WordList<Word>) throws(TableError) -> Word {
        guard let word = words[fields[column]] else {
            throw error(at: column, "\(columns[column]) is \"\(text(column))\"; expected one of \(words)")
        }
        return word
    }

    /// A fault in a field, or `offset` bytes into it.
    func error(at column: Int, offset: Int = 0, _ message: String) -> TableError {
        let start = fields.indices.contains(column) ? fields[column].startIndex : lineStart
        return TableError(file: file, line: line, column: start + offset - lineStart + 1, message: message)
    }
}

/// The words of an enumeration as bytes.
struct WordList<Word: RawRepresentable & CaseIterable>: CustomStringConvertible where Word.RawValue == String {
    private let words = Word.allCases.map { (text: Array($0.rawValue.utf8), word: $0) }

    subscript(text: ArraySlice<UInt8>) -> Word? {
        words.first { $0.text.count == text.count && $0.text.elementsEqual(text) }?.word
    }

    var description: String { Word.allCases.map(\.rawValue).joined(separator: ", ") }
}
