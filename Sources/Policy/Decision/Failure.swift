public import Azure
internal import JSON

/// One rule that the subject breaks, at one field.
///
/// A failure holds where it is and why; its words are made when somebody asks for them, each time anew.
public struct Failure: Sendable, CustomStringConvertible {
    /// Which of the documents' words a failure goes back to.
    public enum Source: String, Hashable, Sendable {
        /// A rule of an AzurePolicy.
        case policy = "AzurePolicy"
        /// A rule of a NamespaceAzurePolicy.
        case namespacePolicy = "NamespaceAzurePolicy"
        /// An AzureBinding, or the absence of one.
        case binding = "AzureBinding"
        /// A validation of one of Kubernetes' own policies.
        case validatingAdmissionPolicy = "ValidatingAdmissionPolicy"
        /// A mutation of one of Kubernetes' own policies that could not be made.
        case mutatingAdmissionPolicy = "MutatingAdmissionPolicy"
        /// What holds without any document: an object that is being deleted keeps its spec.
        case builtIn = "Portcullis"
    }

    /// The kind of a failure, in the words of Kubernetes' `metav1.CauseType`.
    public enum Reason: String, Hashable, Sendable {
        /// The value is not among the allowed ones, or above a ceiling.
        case notSupported = "FieldValueNotSupported"
        /// The value is forbidden.
        case forbidden = "FieldValueForbidden"
        /// There is no value and no default that would satisfy the rule.
        case required = "FieldValueRequired"
        /// The value has a form that cannot be judged, or does not fit the pattern.
        case invalid = "FieldValueInvalid"
        /// The value is not to be known at admission (`…FromConfig`).
        case unknown = "FieldValueUnknown"
        /// The evaluation broke, and the failurePolicy is Fail.
        case error = "EvaluationError"
    }

    /// What became of a failure.
    public enum Effect: String, Hashable, Sendable {
        /// It denies the request.
        case deny
        /// The user is warned.
        case warn
        /// Only logs know.
        case audit
        /// It would deny, but the object had it before this UPDATE: the user is warned.
        case ratcheted
        /// An exception waives the rule.
        case waived
    }

    /// Whom failures are reported under.
    final class Origin: Sendable {
        let source: Source
        let policy: String
        let rule: String
        let effect: Effect
        let message: MessageTemplate?
        let severity: Severity?
        /// Where people read more, an https URL.
        let link: String?
        /// Whether a failure that the object had before an UPDATE only warns.
        let ratchets: Bool
        /// The policy as answers and logs name it: its kind comes before its name unless it is an AzurePolicy or a binding.
        let document: String
        /// `policy/rule`.
        let label: [UInt8]

        init(
            source: Source,
            policy: String,
            rule: String,
            effect: Effect,
            namespace: String? = nil,
            message: MessageTemplate? = nil,
            severity: Severity? = nil,
            link: String? = nil,
            ratchets: Bool = false
        ) {
            self.source = source
            self.policy = policy
            self.rule = rule
            self.effect = effect
            self.message = message
            self.severity = severity
            self.link = link
            self.ratchets = ratchets
            document =
                if let namespace {
                    "\(source.rawValue)/\(namespace)/\(policy)"
                } else {
                    source.isAdmissionPolicy ? "\(source.rawValue)/\(policy)" : policy
                }
            label = Array("\(document)/\(rule)".utf8)
        }

        /// The origin of the fault that a rule could not be judged.
        init(brokenBy origin: Origin) {
            source = origin.source
            policy = origin.policy
            rule = origin.rule
            effect = origin.effect
            message = nil
            severity = origin.severity
            link = origin.link
            ratchets = false
            document = origin.document
            label = origin.label
        }
    }

    /// The object that failed, for as long as somebody may ask for words about it.
    final class Object: Sendable {
        let document: JSONDocument
        let value: JSONValue
        let kind: AzureKind
        /// Whether it is a Secret, no value of which may ever be shown.
        let isSecret: Bool

        init(_ object: JSONFragment, kind: AzureKind, isSecret: Bool) {
            document = object.document
            value = object.value
            self.kind = kind
            self.isSecret = isSecret
        }

        convenience init(_ subject: borrowing Subject) {
            self.init(
                JSONFragment(subject.document, subject.object),
                kind: subject.kind,
                isSecret: subject.isSecret
            )
        }
    }

    /// Where a failure is.
    enum Place: Sendable {
        /// Where a facet is kept, or should be.
        case occurrence(Occurrence)
        /// A member of a facet's object.
        case member(Occurrence, key: JSONValue)
        /// A member that a facet's object should have.
        case missing(Occurrence, String)
        /// Anywhere else in the object.
        case path(FieldPath)
        /// What comes nearest to a failure that no value of the object stands for.
        case field(String)
    }

    let origin: Origin
    let place: Place
    /// What stands there.
    let found: JSONValue?
    /// The value in better words than its own.
    let shown: String?
    let object: Object?
    let explanation: Explanation
    /// Which object the request is about; nil unless the rule's message tells.
    var request: MessageTemplate.Object?
    /// What waives the rule.
    var exception: PolicyException?

    /// What came of it.
    public internal(set) var effect: Effect
    /// What kind of failure.
    public let reason: Reason
    /// What would be allowed (`westeurope, northeurope`); empty if that is not a list.
    public let allowed: String

    /// What kind of document asks for it.
    public var source: Source { origin.source }
    /// The document's `metadata.name`.
    public var policy: String { origin.policy }
    /// The rule's name; for a binding the field of its spec that is guarded, for an admission policy the element
    /// (`validations[2]`).
    public var rule: String { origin.rule }
    /// The document as answers and logs name it: its kind comes before its name unless it is an AzurePolicy or a binding.
    public var document: String { origin.document }
    /// The reason of the status with which it denies: Forbidden, unless an admission policy says otherwise.
    public var statusReason: StatusReason {
        if case .admission(_, let reason) = explanation { return reason }
        return .forbidden
    }
    /// The PolicyException that waives the rule, if one does.
    public var exceptionName: String? { exception?.name }
    /// How bad it is, if the rule says so.
    public var severity: Severity? { origin.severity }
    /// Where people read more, an https URL, if the rule says so.
    public var link: String? { origin.link }

    /// The field (`spec.agentPoolProfiles[0].vmSize`), as `details.causes[].field` wants it.
    public var path: String { String(FailureText(self).path) }

    /// The value, shortened to 128 bytes, or `(redacted)`; nil if there is none.
    public var value: String? {
        let text = FailureText(self)
        return text.hasValue ? String(text.value) : nil
    }

    /// `policy/rule: message; mend; see link`, in one line.
    public var description: String { String(FailureText(self).line) }

    /// The line without the link, as warnings have it: there is hardly room for the words.
    public var shortLine: String { String(FailureText(self).lineWithoutLink) }

    /// The same, in the words of the tool that the object was translated from.
    public func shortLine(in wording: Wording) -> String { String(FailureText(self, wording).lineWithoutLink) }

    /// How another tool says what a failure is about.
    public struct Wording: Sendable {
        /// The field.
        public let field: String
        /// What messages call it.
        public let phrase: String
        /// Whether nobody wrote the value that is judged: the tool fills it in.
        public let isDefault: Bool
        /// What to do about a value that is not known; nil to set it.
        public let mendOfUnknown: String?
        /// What the resource is deployed to, if that is told with it and no field says it: `a resource group`.
        public let target: String?
        /// A value, in the object's spelling, as the tool spells it.
        public let spelling: @Sendable (String) -> String
        /// What is said of a field whose value is not known, by the reason; it follows the field's name.
        public let unknown: @Sendable (String) -> String

        /// Says how.
        public init(
            field: String,
            phrase: String,
            isDefault: Bool = false,
            mendOfUnknown: String? = nil,
            target: String? = nil,
            spelling: @escaping @Sendable (String) -> String,
            unknown: @escaping @Sendable (String) -> String
        ) {
            self.field = field
            self.phrase = phrase
            self.isDefault = isDefault
            self.mendOfUnknown = mendOfUnknown
            self.target = target
            self.spelling = spelling
            self.unknown = unknown
        }

        /// A list of values in the tool's spelling.
        func spelling(ofList values: String) -> String {
            values.split(separator: ", ").map { spelling(String($0)) }.joined(separator: ", ")
        }
    }
}

/// How bad it is that a rule is broken: for logs and metrics, without a say in the decision.
public enum Severity: String, Hashable, Sendable, CaseIterable {
    /// An incident in waiting.
    case critical = "Critical"
    /// To be mended now.
    case high = "High"
    /// To be mended soon.
    case medium = "Medium"
    /// A matter of tidiness.
    case low = "Low"
}

/// A failure in words, as UTF-8, in a buffer that serves for one failure after the other.
public struct FailureText: ~Copyable, Sendable {
    private var text = TextBuffer()
    private var pathEnd = 0
    private var valueEnd = 0
    /// Where the line's link begins, if it has one.
    private var wordsEnd = 0

    /// Whether there is a value.
    public private(set) var hasValue = false

    /// What kind of failure.
    public private(set) var reason = Failure.Reason.error
    /// What came of it.
    public private(set) var effect = Failure.Effect.deny

    /// The field (`spec.agentPoolProfiles[0].vmSize`), as `details.causes[].field` wants it.
    public var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.span(0..<pathEnd) }
    }

    /// The value, shortened to 128 bytes, or `(redacted)`; empty if there is none.
    public var value: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.span(pathEnd..<valueEnd) }
    }

    /// `policy/rule: message; mend; see link`, in one line.
    public var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.span(valueEnd..<text.count) }
    }

    var lineWithoutLink: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.span(valueEnd..<wordsEnd) }
    }

    /// The longest value that is shown, in bytes.
    static let maximumValueBytes = 128
    /// The longest path that is shown, in bytes: longer ones have names that nobody reads.
    static let maximumPathBytes = 512

    /// Makes an empty buffer.
    public init() {}

    init(_ failure: borrowing Failure, _ wording: Failure.Wording? = nil) {
        render(failure, wording)
    }

    /// Puts a failure into words, in the place of the last one's.
    ///
    /// - Parameters:
    ///   - place: The failure's place among `failures`.
    ///   - decision: Whose failures.
    ///   - characters: The most characters (Unicode scalars) that its line may have; a link that does not fit is left out.
    public mutating func render(failure place: Int, of decision: borrowing Decision, lineCharacters characters: Int) {
        render(decision.failures.span[place])
        // No text has more scalars than bytes.
        guard line.count > characters else { return }
        if String(line).unicodeScalars.count > characters { text.removeAll(after: wordsEnd) }
        let scalars = String(line).unicodeScalars
        guard scalars.count > characters else { return }
        text.removeAll(after: valueEnd)
        text.append(String(scalars.prefix(characters - 1)) + "…")
    }

    private mutating func render(_ failure: borrowing Failure, _ wording: Failure.Wording? = nil) {
        reason = failure.reason
        effect = failure.effect
        text.removeAll()
        let name = failure.writePath(to: &text)
        var isSecret = false
        if let object = failure.object {
            isSecret = object.isSecret || (text.span(name).namesSecret && !failure.isSwitch)
        }
        if failure.object != nil { text.tidy(from: 0, Self.maximumPathBytes) }
        if let wording {
            text.removeAll()
            text.append(wording.phrase.singleLine.shortened(to: Self.maximumPathBytes))
        }
        pathEnd = text.count
        hasValue = failure.writeValue(to: &text, isSecret: isSecret)
        if let wording, hasValue, !isSecret {
            let value = String(text.span(pathEnd..<text.count))
            text.removeAll(after: pathEnd)
            text.append(wording.spelling(value))
        }
        valueEnd = text.count
        text.append(failure.origin.label)
        text.append(": ")
        writeWords(of: failure, wording, isSecret: isSecret)
        wordsEnd = text.count
        guard let link = failure.origin.link else { return }
        text.append("; see ")
        text.append(link)
    }

    private mutating func writeWords(of failure: borrowing Failure, _ wording: Failure.Wording?, isSecret: Bool) {
        let words = Explanation.Words(
            path: 0..<pathEnd,
            value: pathEnd..<valueEnd,
            hasValue: hasValue,
            isRedacted: isSecret,
            allowed: wording?.spelling(ofList: failure.allowed) ?? failure.allowed,
            wording: wording
        )
        let message = failure.origin.message
        if let message {
            message.write(of: failure, to: &text, words)
            text.append(" (")
        }
        failure.explanation.writeMessage(to: &text, words)
        // What an admission policy says is all there is to say.
        if case .admission = failure.explanation { return }
        text.append("; ")
        failure.explanation.writeMend(to: &text, words)
        if message != nil { text.append(")") }
    }
}

extension Failure {
    /// Writes the path as it is.
    ///
    /// - Returns: Where in the text the last name stands.
    fileprivate func writePath(to text: inout TextBuffer) -> Range<Int> {
        guard let object else {
            if case .field(let name) = place { text.append(name) }
            return 0..<0
        }
        var path: [UInt8] = []
        path.reserveCapacity(64)
        let name: Range<Int>
        switch place {
        case .occurrence(let place):
            name = object.write(place, to: &path)
        case .member(let place, let key):
            _ = object.write(place, to: &path)
            let document = object.document
            name = FieldPath.append(document.utf8(key), to: &path)
        case .missing(let place, let member):
            _ = object.write(place, to: &path)
            name = FieldPath.append(member.utf8Span.span, to: &path)
        case .path(let field):
            name = field.write(to: &path)
        case .field(let field):
            path = Array(field.utf8)
            name = 0..<0
        }
        text.append(path.span)
        return name
    }

    /// Whether what stands there is `true`, `false` or `null`, which is no secret whatever the field is called
    /// (`allowSharedKeyAccess`).
    fileprivate var isSwitch: Bool {
        guard shown == nil, let found else { return false }
        return found.kind == .bool || found.isNull
    }

    /// Appends the value as it may be shown: short, on one line, and nothing of what should be secret.
    ///
    /// - Returns: Whether there is one.
    fileprivate func writeValue(to text: inout TextBuffer, isSecret: Bool) -> Bool {
        if found == nil && shown == nil { return false }
        if isSecret {
            text.append("(redacted)")
        } else if let shown {
            text.append(shown.singleLine.shortened(to: FailureText.maximumValueBytes))
        } else if let found, let document = object?.document {
            switch found.kind {
            case .string: text.append(startOf: document.utf8(found), FailureText.maximumValueBytes)
            case .null, .bool, .int, .double:
                text.append(startOf: document.lexeme(found), FailureText.maximumValueBytes)
            case .array: text.append("a list of \(document.count(of: found))")
            case .object: text.append("an object of \(document.count(of: found))")
            }
        }
        return true
    }

    /// Where the failure is, as a path; `path` in steps.
    public var fieldPath: FieldPath {
        guard let object else {
            guard case .field(let name) = place else { return FieldPath([] as [FieldPath.Step]) }
            return FieldPath([.member(name)])
        }
        func path(_ place: Occurrence) -> FieldPath {
            object.kind.path(of: place, in: object.document, of: object.value)
        }
        return switch place {
        case .occurrence(let place): path(place)
        case .member(let place, let key): path(place).appending(object.document.string(key) ?? "")
        case .missing(let place, let name): path(place).appending(name)
        case .path(let path): path
        case .field(let name): FieldPath([.member(name)])
        }
    }
}

extension Failure.Object {
    fileprivate func write(_ place: Occurrence, to text: inout [UInt8]) -> Range<Int> {
        kind.writePath(of: place, in: document, of: value, to: &text)
    }
}

extension Failure.Source {
    /// Whether it is one of Kubernetes' own policies.
    var isAdmissionPolicy: Bool {
        self == .validatingAdmissionPolicy || self == .mutatingAdmissionPolicy
    }
}
