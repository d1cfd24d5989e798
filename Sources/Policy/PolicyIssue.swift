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

    /// What sort of fault it is: what programs tell faults apart by, for messages may change.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// It is not what the format asks for.
        case invalid
        /// The file cannot be read, or is not YAML.
        case unreadable
        /// A field that there is not.
        case unknownField
        /// An expression that does not compile.
        case expression
        /// A second thing of one name.
        case duplicateName
        /// A name of what is not there.
        case unknownName
        /// What nothing can satisfy.
        case contradiction
        /// A rule that finds only what another one finds.
        case shadowedRule
        /// A rule about what is never asked of it.
        case idleRule
        /// A match that nothing fits.
        case emptyMatch
        /// A kind that the tables do not know.
        case unknownKind
        /// A region that the tables do not know.
        case unknownRegion
        /// A name of SKUs that the tables do not know.
        case unknownSKU
        /// A role that the tables do not know.
        case unknownRole
        /// What is given and used nowhere.
        case unused
        /// A mutation of more kinds than can be meant.
        case farReachingMutation
        /// Two mutations that give one field two values.
        case conflictingMutations
        /// A binding or an exception that lets in more than can be meant.
        case wideGrant
        /// Two bindings of one namespace.
        case sharedNamespace
        /// An exception that has ended, or soon will.
        case expiringException
        /// A message that could tell a secret.
        case secretInMessage
        /// What is read and is probably not what its author meant.
        case doubtful
    }

    /// Error or warning.
    public let severity: Severity
    /// What sort of fault it is.
    public let kind: Kind
    /// What is to stand in the place of the key at `line` and `column`, if only one thing can be meant.
    public let correction: String?
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
        kind: Kind = .unreadable,
        file: String,
        line: Int = 0,
        column: Int = 0,
        field: String = "",
        message: String,
        mend: String,
        correction: String? = nil
    ) {
        self.severity = severity
        self.kind = kind
        self.correction = correction
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
            kind: kind,
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
