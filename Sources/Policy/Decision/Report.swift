internal import Azure
internal import JSON
internal import Kubernetes

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
    /// Its tags, if they are asked for.
    var tags = Tags()

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
    /// The most failures that are kept; more are counted.
    ///
    /// Each is a line that somebody should read.
    static let maximumFailures = 128

    private(set) var failures: [Failure] = []
    /// How many failures were found beyond those that were kept.
    private(set) var uncounted = 0
    /// Whether one of those would deny.
    private(set) var hasUncountedDenial = false
    var meter: Meter
    /// Who hears what every rule finds; nil if nobody asks.
    let trace: DecisionTrace?
    /// What the last failure was about: hardly ever is the next about something else.
    private var object: Failure.Object?

    init(meter: Meter, trace: DecisionTrace? = nil) {
        self.meter = meter
        self.trace = trace
    }

    /// Adds a failure of a rule: `value` is what stands at `place`, to be compared with what stood there, and shown unless
    /// `shown` says it better.
    mutating func add(
        _ origin: Failure.Origin,
        _ reason: Failure.Reason,
        at place: Failure.Place,
        _ value: JSONValue?,
        of subject: borrowing Subject,
        shown: String? = nil,
        allowed: String = "",
        _ explanation: Explanation
    ) {
        append(origin, reason, place, value, shown, object(of: subject), allowed, explanation)
    }

    /// Adds a failure that no value of the object stands for; `field` names what comes nearest.
    mutating func add(
        _ origin: Failure.Origin,
        _ reason: Failure.Reason,
        at field: String,
        shown: String? = nil,
        allowed: String = "",
        _ explanation: Explanation
    ) {
        append(origin, reason, .field(field), nil, shown, nil, allowed, explanation)
    }

    /// Adds that an evaluation broke.
    mutating func add(
        _ error: EvaluationError,
        of source: Failure.Source,
        _ policy: String,
        _ part: String
    ) {
        add(error, Failure.Origin(source: source, policy: policy, rule: part, effect: .deny))
    }

    /// Adds that the evaluation of a rule broke.
    mutating func add(_ error: EvaluationError, _ origin: Failure.Origin) {
        add(
            origin,
            .error,
            at: "request",
            .text(
                message: "could not be judged: \(error)".singleLine.shortened(to: FailureText.maximumPathBytes),
                mend: "ask the platform team"
            )
        )
    }

    /// Adds that an object which is being deleted would change.
    mutating func addChangeOfDying() {
        let origin = Failure.Origin(
            source: .builtIn,
            policy: "portcullis",
            rule: "being-deleted",
            effect: .deny
        )
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
        _ origin: Failure.Origin,
        _ reason: Failure.Reason,
        _ place: Failure.Place,
        _ found: JSONValue?,
        _ shown: String?,
        _ object: Failure.Object?,
        _ allowed: String,
        _ explanation: Explanation
    ) {
        guard failures.count < Self.maximumFailures else {
            uncounted += 1
            if origin.effect == .deny { hasUncountedDenial = true }
            return
        }
        if failures.isEmpty { failures.reserveCapacity(16) }
        failures.append(
            Failure(
                origin: origin,
                place: place,
                found: found,
                shown: shown,
                object: object,
                explanation: explanation,
                effect: origin.effect,
                reason: reason,
                allowed: allowed
            )
        )
    }

    private mutating func object(of subject: borrowing Subject) -> Failure.Object {
        if let object, object.document === subject.document, object.value.isSamePlace(as: subject.object) {
            return object
        }
        let object = Failure.Object(subject)
        self.object = object
        return object
    }

    /// The most failures of one rule that are kept if it is waived: they must not crowd out those that count.
    private static let maximumWaived = 8

    /// Takes over what a waived rule has found.
    mutating func add(_ found: Report, waivedBy exception: PolicyException) {
        meter = found.meter
        for var failure in found.failures.prefix(Self.maximumWaived) {
            failure.effect = .waived
            failure.exception = exception
            if failures.count < Self.maximumFailures { failures.append(failure) }
        }
    }

    /// Tells failures whose messages name the object which one the request is about.
    mutating func name(_ request: borrowing AdmissionRequest) {
        var object: MessageTemplate.Object?
        for index in failures.indices where failures[index].origin.message?.namesObject == true {
            let named = object ?? MessageTemplate.Object(request)
            object = named
            failures[index].request = named
        }
    }

    mutating func update(_ body: (inout Failure) -> Void) {
        for index in failures.indices { body(&failures[index]) }
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
    /// The object says things in a form that rules do not read.
    case hiddenFields
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
        case .hiddenFields:
            "its storage version keeps fields in a $propertyBag, where rules do not look; write it in a version without "
                + "\"storage\" in its name"
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
