public import JSON

/// What a failed rule means for the request.
public enum Action: String, Hashable, Sendable, CaseIterable {
    /// The request is denied.
    case deny = "Deny"
    /// The request passes with a warning to the user.
    case warn = "Warn"
    /// The request passes; only audit log, decision log and metrics know.
    case audit = "Audit"
}

/// What an evaluation that breaks means for the request.
public enum FailurePolicy: String, Hashable, Sendable, CaseIterable {
    /// The request is denied.
    case fail = "Fail"
    /// The request passes with a warning.
    case ignore = "Ignore"
}

/// What is asked of a policy set.
public enum DecisionMode: Hashable, Sendable {
    /// Rules and bindings judge the object as it is: the validating webhook.
    case validate
    /// Mutations are computed and nothing is judged: the mutating webhook. Others may still change the object after us;
    /// only the validating webhook sees it as it will be stored.
    case mutate
    /// Mutations are computed, and rules judge the object as they leave it: command line, demo, tests.
    case mutateAndValidate
    /// Rules and bindings judge a resource that another tool manages, in the terms of an object: nobody mutates it, and it
    /// names no credential, because its tool has one of its own.
    case validateForeign

    /// Whether mutations are computed.
    var mutates: Bool { self == .mutate || self == .mutateAndValidate }
}

/// What the set says of a request.
public struct Decision: Sendable {
    /// Whether the request may proceed.
    public internal(set) var allowed = true

    /// Every rule that the subject breaks, in the order of policy name, rule and path; those with `action` other than
    /// deny, old ones on UPDATE, and those that an exception waives, do not make `allowed` false.
    public internal(set) var failures: [Failure] = []

    /// One line each for the user.
    ///
    /// Failures of action Warn, failures that were there before, policies that broke under their failurePolicy Ignore. Not
    /// shortened: the webhook's limits are Admission's business.
    public internal(set) var warnings: [String] = []

    /// The operations that the mutations make of the object, relative to its root; nil if they change nothing.
    public internal(set) var patch: JSONPatch?

    /// The mutations behind `patch`, as `policy/mutation`.
    public internal(set) var mutations: [String] = []

    /// The exceptions without which there would be more failures.
    public internal(set) var exceptions: [UsedException] = []

    /// Keys without `/` and deterministic values for the API server's audit log; empty if there is nothing to tell.
    public internal(set) var auditAnnotations: [(key: String, value: String)] = []

    /// How many policies matched the subject, an AzureBinding included.
    public internal(set) var matchedPolicyCount = 0

    /// Circumstances that explain the decision.
    public internal(set) var notes: DecisionNotes = []

    /// Whether an evaluation broke (a failure's `reason` is then `.error`, or a warning says so).
    public var isBroken: Bool { notes.contains(.broken) }

    /// The reason, and with it the HTTP status, of a denial: that of the first failure if admission policies alone deny, and
    /// Forbidden otherwise.
    public var statusReason: StatusReason {
        var first: StatusReason?
        for failure in failures where failure.effect == .deny {
            guard failure.source.isAdmissionPolicy else { return .forbidden }
            first = first ?? failure.statusReason
        }
        return first ?? .forbidden
    }

    /// What came of the failure at a place of `failures`, without a copy of it.
    public func effect(ofFailure place: Int) -> Failure.Effect {
        failures.span[place].effect
    }

    /// What logs say of a failure beside its words.
    public struct FailureDetails {
        /// The policy, as answers and logs name it.
        public let policy: String
        /// The rule.
        public let rule: String
        /// How bad it is, if the rule says so.
        public let severity: Severity?
        /// Where people read more, an https URL.
        public let link: String?
        /// The PolicyException that waives the rule.
        public let exception: String?
    }

    /// What logs say of the failure at a place of `failures`, without a copy of it.
    public func details(ofFailure place: Int) -> FailureDetails {
        let origin = failures.span[place].origin
        return FailureDetails(
            policy: origin.document,
            rule: origin.rule,
            severity: origin.severity,
            link: origin.link,
            exception: failures.span[place].exception?.name
        )
    }

    /// The failures that made `allowed` false.
    public var denials: some Sequence<Failure> {
        failures.lazy.filter { $0.effect == .deny }
    }
}

/// Circumstances that explain a decision without a word of its own.
public struct DecisionNotes: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt16

    /// Takes the bits.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A write of the `status` sub-resource: never judged.
    public static let statusWrite = DecisionNotes(rawValue: 1 << 0)
    /// Only metadata changed, and one of the configured controllers did it: not judged.
    public static let controllerWrite = DecisionNotes(rawValue: 1 << 1)
    /// The object is being deleted and only lost finalizers: not judged.
    public static let finalizerRemoval = DecisionNotes(rawValue: 1 << 2)
    /// The object is being deleted.
    public static let beingDeleted = DecisionNotes(rawValue: 1 << 3)
    /// The kind is not in the tables: general rules were used.
    public static let generalKind = DecisionNotes(rawValue: 1 << 4)
    /// The version is not in the tables: the newest version's paths were used.
    public static let newestVersionPaths = DecisionNotes(rawValue: 1 << 5)
    /// Failures that the old object already had were turned into warnings.
    public static let ratcheted = DecisionNotes(rawValue: 1 << 6)
    /// An evaluation broke, and the policy's failurePolicy was asked.
    public static let broken = DecisionNotes(rawValue: 1 << 7)
    /// More failures than are listed.
    public static let truncated = DecisionNotes(rawValue: 1 << 9)
    /// No AzureBinding is loaded: identity is not checked.
    public static let noBinding = DecisionNotes(rawValue: 1 << 8)

    /// The notes' names, for the decision log and traces.
    public var names: [String] {
        let all: [(DecisionNotes, String)] = [
            (.statusWrite, "statusWrite"), (.controllerWrite, "controllerWrite"),
            (.finalizerRemoval, "finalizerRemoval"),
            (.beingDeleted, "beingDeleted"), (.generalKind, "generalKind"), (.newestVersionPaths, "newestVersionPaths"),
            (.ratcheted, "ratcheted"), (.broken, "broken"), (.truncated, "truncated"), (.noBinding, "noBinding"),
        ]
        return all.filter { contains($0.0) }.map { $0.1 }
    }
}
