public import Azure

/// What was made of one policy that was considered for a request.
public struct PolicyTrace: Sendable {
    /// Whether a policy is for a request.
    public enum Match: String, Hashable, Sendable {
        /// It is.
        case matches
        /// It is not; one of the aspects says why.
        case differs
        /// That could not be told, and so the policy could not be judged.
        case unknown
    }

    /// What kind of document it is.
    public let source: Failure.Source
    /// The document as answers and logs name it.
    public let document: String
    /// The binding through which one of Kubernetes' own policies is considered; nil for all others, and for a policy without a
    /// binding.
    public let binding: String?
    /// Whether it is for the request.
    public internal(set) var match: Match
    /// What its match asks, in the order in which it is asked, and what the request has.
    public internal(set) var aspects: [Aspect]
    /// Its rules for the request's operation; validations of Kubernetes' own policies once for each of their parameters.
    public internal(set) var rules: [RuleTrace] = []
    /// Why the policy as a whole, or its mutations, could not be evaluated; nil if it could.
    public internal(set) var fault: String?
    /// What its failurePolicy makes of that.
    public let failurePolicy: FailurePolicy
    /// What its expressions have cost, in the units of Kubernetes.
    public internal(set) var cost: UInt64 = 0

    /// The first aspect that does not fit: why the policy is not for the request.
    public var reason: Aspect? { aspects.first { $0.fits != true } }

    /// One thing that a policy's match asks.
    public struct Aspect: Sendable {
        /// The member of the match that asks it: `namespaceSelector`.
        public let field: String
        /// What is asked for: `tier=standard`.
        public let wanted: String
        /// What the request has: `team-x has no label tier`.
        public let found: String
        /// Whether that fits; nil if it could not be told.
        public let fits: Bool?
        /// The expression that asks it, if one does.
        public let expression: ExpressionTrace?

        init(_ field: String, _ wanted: String, found: String, fits: Bool?, _ expression: ExpressionTrace? = nil) {
            self.field = field
            self.wanted = wanted
            self.found = found
            self.fits = fits
            self.expression = expression
        }
    }
}

/// What a rule, or what a policy guards otherwise, found.
public struct RuleTrace: Sendable {
    /// What came of trying it.
    public enum Verdict: Hashable, Sendable {
        /// There was nothing wrong.
        case passed
        /// Something was wrong; the failures say what, and what came of them.
        case failed
        /// The subject's kind has nothing that the rule speaks of.
        case doesNotApply(String)
        /// It could not be judged.
        case broken(String)
        /// It was not tried.
        case notReached(String)
    }

    /// The rule's name; `validations[0]` of Kubernetes' own policies; empty for all that an AzureBinding guards.
    public let name: String
    /// What the rule is about: the member of the rule that says it (`locations`).
    public let field: String
    /// The parameters with which it was tried, of Kubernetes' own policies: `ConfigMap team-a/limits`.
    public let parameter: String?
    /// What a failure means.
    public let effect: Failure.Effect
    /// What came of it.
    public internal(set) var verdict: Verdict
    /// The values that it asks for, the first `maximumPlaces` of them.
    public internal(set) var places: [FacetTrace] = []
    /// Its failures: their places in `Decision.failures`.
    public internal(set) var failures: [Int] = []
    /// Its expressions, in the order in which they were evaluated.
    public internal(set) var expressions: [ExpressionTrace] = []
    /// The PolicyException that waives it, if one does.
    public internal(set) var exception: String?

    /// The most values that are kept of one rule, and members of one map.
    static let maximumPlaces = 64
}

/// A value that a rule asks for.
public struct FacetTrace: Sendable {
    /// The facet: `location`.
    public let facet: Facet
    /// What of it; nil for a member of a map.
    public let part: Facet.Part?
    /// Where it is, or would be.
    public let path: FieldPath
    /// The path as failures show it.
    public let shownPath: String
    /// What is known of it.
    public let state: Occurrence.State
    /// The value, shortened, or `(redacted)`; of an absent one what the provider takes, of an unknown one why; nil if there is
    /// nothing to say.
    public let text: String?
}

/// What a mutation made of the object.
public struct MutationTrace: Sendable {
    /// A field that was changed.
    public struct Change: Hashable, Sendable {
        /// The field.
        public let path: String
        /// What stood there, as failures show it; nil if nothing did.
        public let before: String?
        /// What stands there now; nil if nothing does.
        public let after: String?
    }

    /// The policy as answers and logs name it.
    public let document: String
    /// The binding of a MutatingAdmissionPolicy.
    public let binding: String?
    /// The mutation's name; `mutations[0]` of Kubernetes' own policies.
    public let name: String
    /// What it changed; none if `idle` or `fault` says why.
    public internal(set) var changes: [Change]
    /// Why there was nothing to change.
    public internal(set) var idle: String?
    /// Why it could not be made; its changes are undone then.
    public internal(set) var fault: String?
    /// Its expressions, in the order in which they were evaluated.
    public let expressions: [ExpressionTrace]
    /// How often the mutations had been gone through before.
    public let round: Int

    /// The most fields that are kept of one mutation.
    static let maximumChanges = 64
}

/// What was made of a PolicyException.
public struct ExceptionTrace: Sendable {
    /// Its `metadata.name`.
    public let name: String
    /// The rules that it waives, as `policy/rule`.
    public let rules: [String]
    /// When it ends.
    public let expiresAt: WallTime
    /// Why there is one.
    public let reason: String
    /// Where it was asked for, if it says so.
    public let ticket: String?
    /// Whether it is in force, and whom it is for.
    public let aspects: [PolicyTrace.Aspect]

    /// Whether it waives its rules for the subject.
    public var fits: Bool { aspects.allSatisfy { $0.fits == true } }
}

/// An expression that was evaluated.
public struct ExpressionTrace: Sendable {
    /// What it is for.
    public enum Role: Hashable, Sendable {
        /// What must hold, or what a mutation makes.
        case expression
        /// What is said of a failure.
        case message
        /// Whether the policy is for the request.
        case condition(String)
        /// What other expressions read under a name.
        case variable(String)
        /// A value of a mutation.
        case value
        /// What the API server's audit log is told.
        case annotation
    }

    /// A part of it, and what that gave.
    public struct Part: Hashable, Sendable {
        /// The sub-expression, as it would be written.
        public let text: String
        /// Its value as CEL writes it, shortened, or why there is none; `(redacted)` where it could tell a secret.
        public let value: String
    }

    /// What it is for.
    public internal(set) var role: Role
    /// The expression.
    public let source: String
    /// What it gave, or why it gave nothing, as of a part.
    public let value: String
    /// Whether it gave nothing.
    public let isBroken: Bool
    /// What its parts gave, in the order in which they ended; none if the policies were compiled without
    /// `PolicyConfiguration.tracesExpressions`.
    public let parts: [Part]
    /// What it has cost with the variables that it was the first to read.
    public let cost: UInt64

    /// The most parts that are kept of one expression.
    static let maximumParts = 200
}
