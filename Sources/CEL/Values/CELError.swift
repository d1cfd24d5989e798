/// Why an expression could not be evaluated.
public struct CELError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Sendable {
        /// No overload of the function takes these arguments.
        case noSuchOverload
        /// A map has no such key, an object no such field, a list no such index.
        case noSuchKey
        /// A name that nothing is bound to.
        case unboundVariable
        /// An integer, a time or a conversion left its range, or division by zero.
        case arithmetic
        /// An argument that the function does not take.
        case invalidArgument
        /// A map literal with a key twice.
        case duplicateKey
        /// The cost limit is reached: nothing catches this.
        case costExceeded
        /// The deadline is reached: nothing catches this.
        case deadlineExceeded
        /// A string, list or map has grown beyond its limit: nothing catches this.
        case tooLarge
        /// The host could not tell a value.
        case host
    }

    /// What kind of failure it is.
    public let code: Code

    /// One line for people, without the place.
    public let message: String

    /// Where the sub-expression that failed begins in the source, in bytes of UTF-8; nil until the engine knows it.
    public private(set) var offset: Int?

    /// A failure with its text.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether `&&`, `||` and the macros may go on in spite of it.
    public var isCatchable: Bool {
        switch code {
        case .costExceeded, .deadlineExceeded, .tooLarge: false
        default: true
        }
    }

    /// The same failure with its place, unless it has one.
    func located(at offset: Int) -> CELError {
        guard self.offset == nil else { return self }
        var copy = self
        copy.offset = offset
        return copy
    }

    /// One line for people.
    public var description: String { message }
}
