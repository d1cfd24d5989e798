internal import Azure
internal import JSON
internal import Kubernetes

/// What every rule that was tried found: for those who want to know more of a decision than what came of it.
///
/// Handed to `PolicySet.decide` and filled by the evaluation itself, so that it tells what was judged and not what could have
/// been. One trace is for one decision.
public final class DecisionTrace {
    /// What a rule, or what a policy guards otherwise, found.
    public struct Entry: Sendable {
        /// The document as answers and logs name it: its kind comes before its name unless it is an AzurePolicy or a binding.
        public let document: String
        /// The rule's name; `validations[0]` of Kubernetes' own policies; empty for all that an AzureBinding guards.
        public let rule: String
        /// What came of it.
        public fileprivate(set) var outcomes: Outcomes
    }

    /// What came of trying a rule.
    public struct Outcomes: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt8

        /// Takes the bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// There was something to judge, and nothing was wrong.
        public static let passed = Outcomes(rawValue: 1 << 0)
        /// Something was wrong, whatever came of that.
        public static let failed = Outcomes(rawValue: 1 << 1)
        /// A value that the rule asks for was not there.
        public static let absent = Outcomes(rawValue: 1 << 2)
        /// A value that the rule asks for is not to be known at admission.
        public static let unknown = Outcomes(rawValue: 1 << 3)
        /// The rule could not be judged.
        public static let broken = Outcomes(rawValue: 1 << 4)
    }

    /// The rules that were tried, in that order.
    public private(set) var entries: [Entry] = []

    /// Whether it hears why as well: what else of a trace there is stays empty if it does not.
    public let isDetailed: Bool

    /// Every policy of the set, whether it is for the request or not: AzurePolicies, bindings, NamespaceAzurePolicies, then
    /// Kubernetes' own with their bindings.
    public internal(set) var policies: [PolicyTrace] = []
    /// What the mutations did, step by step; of what is denied nothing remains.
    public internal(set) var mutations: [MutationTrace] = []
    /// Every PolicyException of the set.
    public internal(set) var exceptions: [ExceptionTrace] = []

    /// What all expressions have cost, in the units of Kubernetes.
    public var cost: UInt64 { policies.reduce(0) { $0 + $1.cost } }

    // MARK: While it is filled

    /// The expressions that were evaluated since somebody took them.
    private var pending: [ExpressionTrace] = []
    /// The places of policies, by document and binding.
    private var places: [String: Int] = [:]
    /// The rules of the policies that match, by the policies' places.
    private var expected: [Int: (rules: [Rule], others: [RuleTrace])] = [:]
    private var uncounted = 0
    /// Whether what is judged now is only compared with.
    private var isPaused = false
    /// What may not be shown of the request's objects.
    private var secrets = SecretValues()

    /// Begins a trace.
    ///
    /// - Parameter isDetailed: Whether it hears why: which policies match and by what, values, expressions, mutations.
    public init(isDetailed: Bool = false) {
        self.isDetailed = isDetailed
    }

    /// Looks for what may not be shown.
    func begin(_ request: AdmissionRequest) {
        for case let object? in [request.object, request.oldObject] {
            secrets.add(JSONFragment(request.document, object))
        }
    }

    /// What may not be shown by expressions that read parameters.
    func secrets(_ parameters: JSONFragment?) -> SecretValues {
        var secrets = secrets
        if let parameters { secrets.add(parameters) }
        return secrets
    }

    func note(_ document: String, _ rule: String, _ outcomes: Outcomes) {
        entries.append(Entry(document: document, rule: rule, outcomes: outcomes))
    }

    /// Notes what a rule found of a subject.
    func note(
        _ rule: Rule,
        _ subject: borrowing Subject,
        isBroken: Bool,
        _ failures: ArraySlice<Failure>,
        uncounted: Int
    ) {
        var outcomes: Outcomes = isBroken ? .broken : []
        // Where a kind keeps what may be there many times, such as public addresses, no place may be a good sign.
        let isConcerned = rule.demand.facets.isEmpty || !rule.demand.facets.isDisjoint(with: subject.kind.facets)
        let places = subject.facets.places.span
        for index in places.indices {
            let place = places[index]
            guard rule.asks(for: place) else { continue }
            switch place.state {
            case .known: break
            case .absent: outcomes.insert(.absent)
            case .unknown: outcomes.insert(.unknown)
            }
        }
        for failure in failures {
            switch failure.reason {
            case .error: outcomes.insert(.broken)
            case .required: outcomes.formUnion([.failed, .absent])
            case .unknown: outcomes.formUnion([.failed, .unknown])
            case .notSupported, .forbidden, .invalid: outcomes.insert(.failed)
            }
        }
        if isConcerned && failures.isEmpty && !isBroken { outcomes.insert(.passed) }
        note(rule.origin.document, rule.name, outcomes)
        guard isDetailed else { return }
        let hasMore = uncounted > self.uncounted
        self.uncounted = max(uncounted, self.uncounted)
        let verdict: RuleTrace.Verdict =
            if isBroken {
                .broken("")
            } else if !failures.isEmpty || hasMore {
                .failed
            } else if isConcerned {
                .passed
            } else {
                .doesNotApply("\(subject.type.name) has no \(rule.demand.facets.names.joinedForChoice())")
            }
        var told = RuleTrace(rule, verdict)
        told.failures = Array(failures.indices)
        told.places = FacetTrace.all(of: rule, subject, secrets)
        told.expressions = takePending()
        change(rule.origin.document) { policy in
            policy.rules.append(told)
            policy.cost += told.expressions.reduce(0) { $0 + $1.cost }
        }
    }

    // MARK: Policies

    private static func key(_ document: String, _ binding: String?) -> String { "\(document)\n\(binding ?? "")" }

    /// Tells of a policy, in the place of what was told of it before.
    ///
    /// - Parameters:
    ///   - policy: The policy.
    ///   - rules: Those that are tried if it matches.
    ///   - others: Those that it has for other operations.
    func tell(_ policy: PolicyTrace, rules: [Rule] = [], others: [RuleTrace] = []) {
        let key = Self.key(policy.document, policy.binding)
        if let place = places[key] {
            policies[place].aspects = policy.aspects
            policies[place].match = policy.match
            return
        }
        places[key] = policies.count
        expected[policies.count] = (rules, others)
        policies.append(policy)
    }

    private func change(_ document: String, _ binding: String? = nil, _ body: (inout PolicyTrace) -> Void) {
        guard let place = places[Self.key(document, binding)] else { return }
        body(&policies[place])
    }

    /// Notes that a policy as a whole could not be evaluated.
    func fail(_ document: String, _ binding: String? = nil, with error: EvaluationError) {
        guard isDetailed else { return }
        _ = takePending()
        change(document, binding) { policy in
            if case .unknownNamespace = error { policy.match = .unknown }
            policy.fault = "\(error)"
        }
    }

    /// Notes what the conditions said, which are asked last whether a policy is for a request.
    ///
    /// - Parameters:
    ///   - conditions: The conditions, of which the first have been evaluated.
    ///   - document: The policy.
    ///   - binding: The binding of one of Kubernetes' own.
    ///   - holds: Whether it is; nil if that could not be told.
    func noteConditions(
        _ conditions: [NamedExpression],
        of document: String,
        _ binding: String? = nil,
        holds: Bool?
    ) {
        var names = conditions.map(\.name)[...]
        var expressions = takePending()
        for place in expressions.indices {
            guard case .condition = expressions[place].role else { continue }
            expressions[place].role = .condition(names.popFirst() ?? "")
        }
        change(document, binding) { policy in
            policy.cost += expressions.reduce(0) { $0 + $1.cost }
            // The policy may have been asked before, for its mutations or with other parameters.
            var aspects = policy.aspects.filter { $0.expression == nil && $0.field != "params" }
            for expression in expressions {
                guard case .condition(let name) = expression.role else { continue }
                aspects.append(
                    PolicyTrace.Aspect(
                        "conditions[\(name)]",
                        expression.source.singleLine.shortened(to: 256),
                        found: expression.value,
                        fits: expression.isBroken ? nil : expression.value == "true",
                        expression
                    )
                )
            }
            if holds == false, !aspects.contains(where: { $0.fits == false }) {
                aspects.append(
                    PolicyTrace.Aspect(
                        "params",
                        "a manifest of the folder",
                        found: "none is for the request, and parameterNotFoundAction is Allow",
                        fits: false
                    )
                )
            }
            policy.aspects = aspects
            if holds == false && !policy.rules.isEmpty { return }
            policy.match = holds.map { $0 ? .matches : .differs } ?? .unknown
        }
    }

    // MARK: Rules

    /// Tells of something that is tried as rules are, such as a validation of Kubernetes' own policies.
    func tell(_ rule: RuleTrace, of document: String, _ binding: String? = nil) {
        guard isDetailed else { return }
        var rule = rule
        rule.expressions += takePending()
        change(document, binding) { policy in
            policy.rules.append(rule)
            policy.cost += rule.expressions.reduce(0) { $0 + $1.cost }
        }
    }

    /// Notes what came of a rule after it was tried.
    func change(_ rule: String, of document: String, _ binding: String? = nil, _ body: (inout RuleTrace) -> Void) {
        guard isDetailed else { return }
        let expressions = takePending()
        change(document, binding) { policy in
            guard let place = policy.rules.lastIndex(where: { $0.name == rule }) else { return }
            policy.rules[place].expressions += expressions
            policy.cost += expressions.reduce(0) { $0 + $1.cost }
            body(&policy.rules[place])
        }
    }

    // MARK: Expressions

    /// Takes what an expression gave.
    func add(_ expression: ExpressionTrace) {
        if !isPaused { pending.append(expression) }
    }

    /// The expressions that nobody has taken yet.
    func takePending() -> [ExpressionTrace] {
        defer { pending = [] }
        return pending
    }

    /// Hears nothing while the object before an UPDATE is judged.
    func pause() { isPaused = true }

    /// Hears again.
    func resume() { isPaused = false }

    // MARK: Mutations

    /// Tells of a mutation that was made, or came to nothing.
    func tell(_ mutation: MutationTrace) {
        change(mutation.document, mutation.binding) { policy in
            policy.cost += mutation.expressions.reduce(0) { $0 + $1.cost }
        }
        // A policy that is invoked again is news only if it does something.
        let isAgain = mutations.contains {
            $0.document == mutation.document && $0.binding == mutation.binding && $0.name == mutation.name
        }
        if isAgain && mutation.changes.isEmpty { return }
        var mutation = mutation
        mutation.changes = mutation.changes.map { change in
            MutationTrace.Change(
                path: change.path,
                before: secrets.hidden(change.before),
                after: secrets.hidden(change.after)
            )
        }
        mutations.append(mutation)
    }

    /// Notes that mutations are not made: those of one policy in one round, for one of them could not be, or all of them.
    func undoMutations(of document: String? = nil, round: Int = 0, _ error: EvaluationError) {
        for place in mutations.indices where mutations[place].binding == nil {
            guard document == nil || (mutations[place].document == document && mutations[place].round == round) else {
                continue
            }
            mutations[place].changes = []
            mutations[place].idle = nil
            mutations[place].fault =
                document == nil ? "no mutation is made: \(error)" : "none of the policy's mutations is made: \(error)"
        }
    }

    // MARK: The end

    /// Names the rules of policies that match which were not tried, and why.
    @inline(never)
    func finish(_ decision: borrowing Decision) {
        guard isDetailed else { return }
        let why = decision.notes.reasonForSilence
        for place in policies.indices where policies[place].match != .differs {
            guard let (rules, others) = expected[place], !rules.isEmpty || !others.isEmpty else { continue }
            let tried = policies[place].rules
            let reason =
                policies[place].fault.map { "the policy could not be evaluated: \($0)" }
                ?? why ?? "there is no object that it could look at"
            policies[place].rules = rules.map { rule in
                tried.first { $0.name == rule.name } ?? RuleTrace(rule, .notReached(reason))
            }
            policies[place].rules += others
        }
    }
}

extension DecisionNotes {
    /// Why a request was not judged by the rules that are for it; nil if it was.
    public var reasonForSilence: String? {
        if contains(.statusWrite) { return "a write of status changes nothing that policies speak of" }
        if contains(.controllerWrite) { return "only metadata changed, and one of the configured controllers did it" }
        if contains(.finalizerRemoval) { return "the object is being deleted and only lost finalizers" }
        if contains(.beingDeleted) { return "the object is being deleted, and its spec may not change" }
        return nil
    }
}

extension Report {
    /// Tells who listens what a rule has found.
    func note(_ rule: Rule, _ subject: borrowing Subject, isBroken: Bool, since count: Int) {
        trace?.note(rule, subject, isBroken: isBroken, failures[count...], uncounted: uncounted)
    }
}

extension Rule {
    /// Whether a place is one of those that the rule asks for.
    func asks(for place: Occurrence) -> Bool {
        demand.facets.contains(place.facet) && demand.parts.contains(PartSet(place.part))
    }
}

extension RuleTrace {
    init(_ rule: Rule, _ verdict: Verdict) {
        self.init(
            name: rule.name,
            field: rule.field,
            parameter: nil,
            effect: rule.origin.effect,
            verdict: verdict
        )
    }
}

extension FacetSet {
    /// The names of the facets.
    var names: [String] { Facet.allCases.filter { contains($0) }.map(\.rawValue) }
}
