/// A fault in a policy folder: where it is, what it is, and how to mend it.
public struct PolicyIssue: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a fault means for the set.
    public enum Severity: String, Hashable, Sendable, Comparable {
        /// The folder is refused; the last good set stays in force.
        case error
        /// The set is good, but something in it is probably not what its author meant.
        case warning

        /// Errors come before warnings.
        public static func < (left: Severity, right: Severity) -> Bool {
            left == .error && right == .warning
        }
    }

    /// Error or warning.
    public let severity: Severity
    /// The file, as `PolicyCompiler.add` was told.
    public let file: String
    /// The line, from 1; 0 if the whole file is meant.
    public let line: Int
    /// The column, from 1; 0 if the whole file is meant.
    public let column: Int
    /// The field (`spec.rules[0].locations.allow`); empty if the whole document is meant.
    public let field: String
    /// What is wrong.
    public let message: String
    /// What to write instead.
    public let mend: String

    /// Reports a fault of a file that is not a document yet (unreadable, not YAML).
    public init(
        severity: Severity = .error,
        file: String,
        line: Int = 0,
        column: Int = 0,
        field: String = "",
        message: String,
        mend: String
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.message = message
        self.mend = mend
    }

    /// The same fault in other words.
    func saying(_ message: String, mend: String? = nil) -> PolicyIssue {
        PolicyIssue(
            severity: severity,
            file: file,
            line: line,
            column: column,
            field: field,
            message: message,
            mend: mend ?? self.mend
        )
    }

    /// `file:line:column: error: field: message; mend`, as compilers print it.
    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        let subject = field.isEmpty ? "" : "\(field): "
        return "\(place): \(severity.rawValue): \(subject)\(message); \(mend)"
    }
}
