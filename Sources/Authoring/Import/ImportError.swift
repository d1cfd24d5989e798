internal import JSON
internal import Policy

/// Why a document cannot be read: it is wrong, whoever reads it.
struct ImportError: Error, Equatable {
    let message: String
    let mend: String
    let position: JSONPosition

    init(_ message: String, mend: String, at position: JSONPosition) {
        self.message = message
        self.mend = mend
        self.position = position
    }

    func issue(_ file: String) -> PolicyIssue {
        PolicyIssue(file: file, line: position.line, column: position.column, message: message, mend: mend)
    }
}

/// Why something that is right where it comes from cannot be said here.
public struct ImportReason: Error, Hashable, Sendable {
    /// The kinds of reasons, for tables and programs.
    public enum Code: String, CaseIterable, Sendable {
        /// It judges resources other than the one that is written.
        case otherResources
        /// A value for which Azure Service Operator has no field.
        case noField
        /// A resource type of which Azure Service Operator has no kind.
        case noKind
        /// A value or function that only Azure can tell.
        case needsAzure
        /// The time, of which expressions know nothing.
        case needsClock
        /// An effect that admission has not.
        case effect
        /// A function, condition or form that the importer does not know.
        case unsupported
        /// A value that may not be changed here, such as an identity.
        case protectedField
        /// It is switched off.
        case disabled
        /// A definition that is not among the files.
        case missingDefinition
        /// What was made of it does not load: a bug of the importer.
        case internalFault
    }

    /// The kind of reason.
    public let code: Code

    /// What it is, in words, with the name from the document.
    public let message: String

    /// Says why.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
