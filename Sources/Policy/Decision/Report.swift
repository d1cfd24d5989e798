internal import Azure
internal import JSON

/// The object that rules judge: the one of the request, its predecessor, or the one that mutations made of it.
struct Subject {
    let document: JSONDocument
    let object: JSONValue
    let kind: AzureKind
    let type: SubjectType
    let tables: AzureTables
    /// Whether it is one of Azure Service Operator's, known to the tables or not.
    let isAzure: Bool
    /// Whether it is a Secret, no value of which may ever be shown.
    let isSecret: Bool
    /// The facets that the policies ask for.
    var facets = ObjectFacets()

    func path(of occurrence: Occurrence) -> FieldPath {
        kind.path(of: occurrence, in: document, of: object)
    }
}

/// The kind of a subject as the request spells it, for those that the tables do not know.
struct SubjectType {
    let document: JSONDocument
    let group: JSONValue
    let kind: JSONValue

    /// `group/Kind`.
    var name: String {
        "\(document.string(group) ?? "")/\(document.string(kind) ?? "")"
    }
}

/// What a judgement has found so far, and what it may still cost.
struct Report {
    /// A failure, and with it what tells on UPDATE whether it is an old one.
    struct Finding {
        var failure: Failure
        let path: FieldPath
        let value: JSONValue?
    }

    /// The most failures that are kept; more are counted.
    ///
    /// Each is a line that somebody should read.
    static let maximumFindings = 128
    /// The longest value that is shown, in bytes.
    static let maximumValueBytes = 128
    /// The longest path that is shown, in bytes: longer ones have names that nobody reads.
    static let maximumPathBytes = 512

    private(set) var findings: [Finding] = []
    /// How many failures were found beyond those that were kept.
    private(set) var uncounted = 0
    /// Whether one of those would deny.
    private(set) var hasUncountedDenial = false
    var meter: Meter

    init(meter: Meter) {
        self.meter = meter
    }

    /// Adds a failure of a rule: `value` is what stands at `path`, to be compared with what stood there, and shown unless
    /// `shown` says it better.
    mutating func add(
        _ origin: Origin,
        _ reason: Failure.Reason,
        at path: @autoclosure () -> FieldPath,
        _ value: JSONValue?,
        of subject: borrowing Subject,
        shown: String? = nil,
        allowed: String = "",
        _ explanation: Explanation
    ) {
        // Checked here too, so that no path is looked for in vain.
        guard !isFull else { return count(origin.effect) }
        let path = path()
        append(
            origin,
            reason,
            path.description.singleLine.shortened(to: Self.maximumPathBytes),
            shown: Self.show(value, shown, at: path, of: subject),
            allowed,
            explanation,
            path,
            value
        )
    }

    /// A failure for want of a value that would stand at a path of the rule's own making.
    struct Missing {
        let origin: Origin
        let path: FieldPath
        let allowed: String
        let explanation: Explanation
    }

    mutating func add(_ missing: Missing, of subject: borrowing Subject) {
        add(
            missing.origin,
            .required,
            at: missing.path,
            nil,
            of: subject,
            allowed: missing.allowed,
            missing.explanation
        )
    }

    /// The value as a failure may show it: short, on one line, and nothing of what should be secret.
    private static func show(
        _ value: JSONValue?,
        _ shown: String?,
        at path: FieldPath,
        of subject: borrowing Subject
    ) -> String? {
        if value == nil && shown == nil { return nil }
        if subject.isSecret || path.mayHoldSecret { return "(redacted)" }
        if let shown { return shown.singleLine.shortened(to: maximumValueBytes) }
        guard let value else { return nil }
        switch value.kind {
        case .string: return subject.document.start(of: subject.document.utf8(value), maximumValueBytes)
        case .null, .bool, .int, .double:
            return subject.document.start(of: subject.document.lexeme(value), maximumValueBytes)
        case .array: return "a list of \(subject.document.count(of: value))"
        case .object: return "an object of \(subject.document.count(of: value))"
        }
    }

    /// Adds a failure that no value of the object stands for; `field` names what comes nearest.
    mutating func add(
        _ origin: Origin,
        _ reason: Failure.Reason,
        at field: String,
        shown: String? = nil,
        allowed: String = "",
        _ explanation: Explanation
    ) {
        append(
            origin,
            reason,
            field,
            shown: shown?.singleLine.shortened(to: Self.maximumValueBytes),
            allowed,
            explanation,
            FieldPath([.member(field)]),
            nil
        )
    }

    /// Adds that an evaluation broke.
    mutating func add(
        _ error: EvaluationError,
        of source: Failure.Source,
        _ policy: String,
        _ part: String,
        effect: Failure.Effect = .deny
    ) {
        let origin = Origin(source: source, policy: policy, rule: part, effect: effect, message: nil)
        add(
            origin,
            .error,
            at: "request",
            .text(
                message: "could not be judged: \(error)".singleLine.shortened(to: Self.maximumPathBytes),
                mend: "ask the platform team"
            )
        )
    }

    /// Adds that an object which is being deleted would change.
    mutating func addChangeOfDying() {
        let origin = Origin(source: .builtIn, policy: "portcullis", rule: "being-deleted", effect: .deny, message: nil)
        add(
            origin,
            .forbidden,
            at: "spec",
            .text(
                message: "may not change while the object is being deleted",
                mend: "wait until it is gone, then create it anew"
            )
        )
    }

    private mutating func append(
        _ origin: Origin,
        _ reason: Failure.Reason,
        _ field: String,
        shown: String?,
        _ allowed: String,
        _ explanation: Explanation,
        _ path: FieldPath,
        _ value: JSONValue?
    ) {
        guard !isFull else { return count(origin.effect) }
        let failure = Failure(
            source: origin.source,
            policy: origin.policy,
            rule: origin.rule,
            effect: origin.effect,
            reason: reason,
            path: field,
            value: shown,
            allowed: allowed,
            customMessage: origin.message,
            explanation: explanation
        )
        findings.append(Finding(failure: failure, path: path, value: value))
    }

    private mutating func count(_ effect: Failure.Effect) {
        uncounted += 1
        if effect == .deny { hasUncountedDenial = true }
    }

    private var isFull: Bool { findings.count >= Self.maximumFindings }

    mutating func update(_ body: (inout Finding) -> Void) {
        for index in findings.indices { body(&findings[index]) }
    }

    /// Whom failures are reported under.
    struct Origin {
        let source: Failure.Source
        let policy: String
        let rule: String
        let effect: Failure.Effect
        let message: String?
    }
}

/// What one decision may cost, counted in places visited and checked against the clock now and then.
struct Meter {
    private var steps = 0
    private var nextCheck = Self.checkInterval
    private let maximumSteps: Int
    private let deadline: ContinuousClock.Instant?

    /// Reading the clock costs as much as visiting a place.
    private static let checkInterval = 256

    /// The most places of one object that are kept while it is judged, 48 bytes each.
    static let maximumPlaces = 65_536

    init(maximumSteps: Int, deadline: ContinuousClock.Instant?) {
        self.maximumSteps = maximumSteps
        self.deadline = deadline
    }

    /// Counts work before it is done.
    ///
    /// - Throws: If that is more than a decision may cost, or the deadline has passed. Every later call throws again.
    @inline(__always)
    mutating func spend(_ count: Int) throws(EvaluationError) {
        steps &+= count
        if steps >= nextCheck { try check() }
    }

    private mutating func check() throws(EvaluationError) {
        guard steps <= maximumSteps else { throw .tooExpensive(maximumSteps: maximumSteps) }
        if let deadline, ContinuousClock.now >= deadline { throw .deadlineExceeded }
        nextCheck = steps &+ Self.checkInterval
    }
}

/// Why a policy could not be evaluated: not a verdict, but a matter for its failurePolicy.
enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// The object is so large, or the policies so many, that judging it would hold up others.
    case tooExpensive(maximumSteps: Int)
    /// The object has more places that rules would look at than are kept.
    case tooManyPlaces
    /// The API server would not wait for the answer.
    case deadlineExceeded
    /// The policy selects namespaces by labels, and the folder does not say which labels this one has.
    case unknownNamespace(String)
    /// A field that a mutation must change has a form that it cannot have.
    case malformed(path: String, expected: String)
    /// The patch that mutations made does not apply.
    case patch(String)
    /// An expression gave no value, or one that cannot be used.
    case expression(String)
    /// A binding of an admission policy finds no parameters, or cannot look for them.
    case params(String)

    var description: String {
        switch self {
        case .tooExpensive(let maximum): "judging the object takes more than \(maximum) steps"
        case .tooManyPlaces: "the object has more than \(Meter.maximumPlaces) places to look at"
        case .deadlineExceeded: "the request's deadline has passed"
        case .unknownNamespace(let name):
            "the labels of namespace \(name) are not known; add its Namespace manifest to the policy folder"
        case .malformed(let path, let expected): "\(path) is not \(expected)"
        case .patch(let reason): "the patch does not apply: \(reason)"
        case .expression(let reason): reason
        case .params(let reason): reason
        }
    }
}

extension FieldPath {
    /// Whether the last name suggests that the value is a secret that somebody wrote in the wrong place.
    var mayHoldSecret: Bool {
        for step in steps.reversed() {
            guard case .member(let name) = step else { continue }
            return name.utf8Span.span.namesSecret
        }
        return false
    }
}

extension Span where Element == UInt8 {
    /// Whether one of the words that secrets are called by stands anywhere, in any case.
    var namesSecret: Bool {
        for start in indices {
            // One look at each byte: hardly any begins a word.
            let isWord =
                switch self[start] | 0x20 {
                case UInt8(ascii: "p"):
                    beginsWith("password", at: start) || beginsWith("passwd", at: start)
                        || beginsWith("privatekey", at: start)
                case UInt8(ascii: "s"): beginsWith("secret", at: start) || beginsWith("sharedkey", at: start)
                case UInt8(ascii: "t"): beginsWith("token", at: start)
                case UInt8(ascii: "c"): beginsWith("connectionstring", at: start)
                case UInt8(ascii: "a"): beginsWith("accesskey", at: start) || beginsWith("apikey", at: start)
                default: false
                }
            if isWord { return true }
        }
        return false
    }

    private func beginsWith(_ word: StaticString, at start: Int) -> Bool {
        word.withUTF8Buffer { word in
            guard count - start >= word.count else { return false }
            for offset in word.indices where unsafe self[start + offset].lowercasedASCII != word[offset] {
                return false
            }
            return true
        }
    }

    /// Whether a byte of a control character may be in it; hardly any text has one.
    fileprivate var mayHaveControls: Bool {
        for index in indices where self[index] < 0x20 || self[index] == 0x7f || self[index] == 0xc2 { return true }
        return false
    }
}

extension UInt8 {
    /// The lower-case letter of an upper-case ASCII letter; every other byte as it is.
    @inline(__always)
    var lowercasedASCII: UInt8 {
        self >= 0x41 && self <= 0x5a ? self | 0x20 : self
    }

    var isAlphanumericASCII: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension String {
    /// The text without what breaks a line or a terminal.
    var singleLine: String {
        guard utf8Span.span.mayHaveControls else { return self }
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars {
            scalars.append(scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? " " : scalar)
        }
        return String(scalars)
    }

    /// The text, or as much of its start as fits into so many bytes together with an ellipsis.
    func shortened(to byteCount: Int) -> String {
        guard utf8.count > byteCount else { return self }
        var end = utf8.index(startIndex, offsetBy: byteCount - 3)
        // Back to where a character begins.
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }

    init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension JSONDocument {
    /// The start of a text on one line; a megabyte of it is not looked at.
    fileprivate func start(of bytes: Span<UInt8>, _ byteCount: Int) -> String {
        // One byte more than fits, so that it shows that there is more.
        let part = String(bytes.extracting(0..<min(bytes.count, byteCount + 4)))
        return part.singleLine.shortened(to: byteCount)
    }
}
