internal import JSON
public import Policy

/// A table of policies for a page of documentation: what each is for, and what of it can be changed.
public struct PolicyTable {
    /// Annotations that say of a policy what its rules do not.
    private enum Annotation {
        static let number = "portcullis.dev/number"
        static let title = "portcullis.dev/title"
        static let severity = "portcullis.dev/severity"
        static let identifiers = "portcullis.dev/azure-policy-id"
    }

    private struct Row {
        let number: Int?
        let name: String
        let cells: [String]
    }

    private var rows: [Row] = []
    /// What is no policy, or cannot be read.
    public private(set) var issues: [PolicyIssue] = []

    /// Begins a table without rows.
    public init() {}

    /// Adds the AzurePolicies of a file; other documents are passed over.
    ///
    /// - Parameters:
    ///   - content: The file's content.
    ///   - file: Its path, for messages.
    ///   - link: Where the policy's title leads to.
    public mutating func add(_ content: [UInt8], file: String, link: String) {
        do throws(YAMLError) {
            for document in try JSONDocument.parseYAML(content) {
                let policy = Reader(document: document)
                guard policy.text(["kind"]) == "AzurePolicy" else { continue }
                rows.append(Self.row(policy, link: link))
            }
        } catch {
            issues.append(PolicyIssue(error, file: file))
        }
    }

    /// Whether there is no policy in it.
    public var isEmpty: Bool { rows.isEmpty }

    /// The table in Markdown, numbered policies first.
    public func markdown() -> [String] {
        let sorted = rows.sorted { ($0.number ?? .max, $0.name) < ($1.number ?? .max, $1.name) }
        let head = ["#", "Policy", "Kinds", "Azure Policy", "Severity", "Parameters"]
        return ([head, head.map { _ in "---" }] + sorted.map(\.cells)).map { "| \($0.joined(separator: " | ")) |" }
    }

    private static func row(_ policy: Reader, link: String) -> Row {
        func annotation(_ name: String) -> String? { policy.text(["metadata", "annotations", name]) }
        let name = policy.text(["metadata", "name"]) ?? ""
        let number = annotation(Annotation.number).flatMap { Int($0) }
        var kinds = policy.list(["spec", "match", "resources"]).map { "`\($0)`" }.joined(separator: ", ")
        let excluded = policy.list(["spec", "match", "excludedResources"]).map { "`\($0)`" }
        if kinds.isEmpty { kinds = "all of Azure's" }
        if !excluded.isEmpty { kinds += " but \(excluded.joined(separator: ", "))" }
        let title = (annotation(Annotation.title) ?? name).cell
        let identifiers = (annotation(Annotation.identifiers) ?? "").split { $0 == "," || $0 == " " }
        return Row(
            number: number,
            name: name,
            cells: [
                number.map(String.init) ?? "", "[\(title)](\(link))", kinds.cell,
                identifiers.map { "`\($0)`" }.joined(separator: ", ").cell,
                (annotation(Annotation.severity) ?? "").cell,
                policy.members(["spec", "parameters"]).map { "`\($0.key)`: `\($0.value.shortened)`" }
                    .joined(separator: "; ").cell,
            ]
        )
    }

    /// Reads what may be there.
    private struct Reader {
        let document: JSONDocument

        private func value(_ path: [String]) -> JSONValue? {
            document.value(at: JSONPointer(tokens: path))
        }

        func text(_ path: [String]) -> String? { value(path).flatMap { document.string($0) } }

        /// The texts of a list, or one that stands for a list.
        func list(_ path: [String]) -> [String] {
            text(path).map { [$0] } ?? value(path).map { document.elements(of: $0).compactMap { document.string($0) } }
                ?? []
        }

        func members(_ path: [String]) -> [(key: String, value: String)] {
            guard let object = value(path) else { return [] }
            return document.members(of: object).map { key, value in
                (document.string(key) ?? "", plain(value))
            }
        }

        /// A value as people write it in YAML's flow style.
        private func plain(_ value: JSONValue) -> String {
            switch value.kind {
            case .array: "[\(document.elements(of: value).map { plain($0) }.joined(separator: ", "))]"
            case .object:
                "{\(document.members(of: value).map { "\(document.string($0) ?? ""): \(plain($1))" }.joined(separator: ", "))}"
            case .string: document.string(value) ?? ""
            default: String(decoding: document.bytes(of: value), as: UTF8.self)
            }
        }
    }
}

extension String {
    /// The text as a cell of a table.
    fileprivate var cell: String { split(separator: "\n").joined(separator: " ").replacingBars }

    private var replacingBars: String {
        split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }

    /// As much as fits into a table.
    fileprivate var shortened: String { count > 60 ? prefix(59) + "…" : self }
}
