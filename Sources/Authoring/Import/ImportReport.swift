internal import JSON
public import Policy

/// What an importer made of documents.
public struct ImportReport: Sendable {
    /// How much of a document was carried over.
    public enum Status: String, CaseIterable, Sendable {
        /// All that it means.
        case imported
        /// Some of it: the reasons say what not.
        case partly
        /// Nothing.
        case refused
    }

    /// A file that is to be written.
    public struct File: Sendable {
        /// The path below the folder of results.
        public let path: String
        /// What it holds.
        public let text: String
    }

    /// A document, and what became of it.
    public struct Item: Sendable {
        /// The folder of its files, and the name of its policy.
        public let name: String
        /// Its title, or else its name where it comes from.
        public let title: String
        /// Its name where it comes from.
        public let id: String
        /// The file that it stands in.
        public let file: String
        /// The line that it begins in, from 1.
        public let line: Int
        /// How much was carried over.
        public internal(set) var status = Status.refused
        /// What was not, and why.
        public internal(set) var reasons: [ImportReason] = []
        /// What its user should know.
        public internal(set) var notes: [String] = []
        /// What was made of it.
        public internal(set) var files: [File] = []
        /// How many test cases are in them.
        public internal(set) var caseCount = 0
    }

    /// The documents, in the order of their files.
    public internal(set) var items: [Item] = []
    /// What could not be read.
    public internal(set) var issues: [PolicyIssue] = []

    /// How many documents have a status.
    public func count(_ status: Status) -> Int { items.count { $0.status == status } }

    /// The report in lines for people.
    public func text(isColoured: Bool) -> [String] {
        var lines: [String] = []
        for item in items {
            let (word, style): (String, TextStyle) =
                switch item.status {
                case .imported: ("imported", .green)
                case .partly: ("in part ", .yellow)
                case .refused: ("refused ", .red)
                }
            let title = item.title.isEmpty ? item.name : item.title
            lines.append("\(style.paint(word, isColoured: isColoured)) \(item.name)  \(title.singleLine)")
            for reason in item.reasons {
                lines.append("           \(reason.code.rawValue): \(reason.message.singleLine)")
            }
            for note in item.notes { lines.append("           note: \(note.singleLine)") }
        }
        let cases = items.reduce(0) { $0 + $1.caseCount }
        lines.append(
            "\(count(.imported)) imported, \(count(.partly)) in part, \(count(.refused)) refused; \(cases) test cases"
        )
        return lines
    }

    /// The report as a JSON object.
    ///
    /// - Parameter includesTexts: Whether the files are told with what they hold.
    /// - Returns: One object in one line.
    public func json(includesTexts: Bool = false) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("items")
        writer.beginArray()
        for item in items {
            writer.beginObject()
            for (key, value) in [
                ("name", item.name), ("title", item.title), ("id", item.id), ("file", item.file),
                ("status", item.status.rawValue),
            ] {
                writer.key(key)
                writer.string(value)
            }
            writer.key("line")
            writer.int(item.line)
            writer.key("cases")
            writer.int(item.caseCount)
            writer.key("reasons")
            writer.beginArray()
            for reason in item.reasons {
                writer.beginObject()
                writer.key("code")
                writer.string(reason.code.rawValue)
                writer.key("message")
                writer.string(reason.message)
                writer.endObject()
            }
            writer.endArray()
            writer.key("notes")
            writer.beginArray()
            for note in item.notes { writer.string(note) }
            writer.endArray()
            writer.key("files")
            writer.beginArray()
            for file in item.files {
                writer.beginObject()
                writer.key("path")
                writer.string(file.path)
                if includesTexts {
                    writer.key("text")
                    writer.string(file.text)
                }
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writer.key("errors")
        writer.beginArray()
        for issue in issues { writer.string(issue.description) }
        writer.endArray()
        writer.key("summary")
        writer.beginObject()
        for status in ImportReport.Status.allCases {
            writer.key(status.rawValue)
            writer.int(count(status))
        }
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }
}
