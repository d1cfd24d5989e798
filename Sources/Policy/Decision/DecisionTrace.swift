internal import Azure

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

    /// Begins a trace.
    public init() {}

    func note(_ document: String, _ rule: String, _ outcomes: Outcomes) {
        entries.append(Entry(document: document, rule: rule, outcomes: outcomes))
    }

    /// Notes what a rule found of a subject.
    func note(_ rule: Rule, _ subject: borrowing Subject, isBroken: Bool, _ failures: ArraySlice<Failure>) {
        var outcomes: Outcomes = isBroken ? .broken : []
        // Where a kind keeps what may be there many times, such as public addresses, no place may be a good sign.
        let isConcerned = rule.demand.facets.isEmpty || !rule.demand.facets.isDisjoint(with: subject.kind.facets)
        let places = subject.facets.places.span
        for index in places.indices {
            let place = places[index]
            guard rule.demand.facets.contains(place.facet), rule.demand.parts.contains(PartSet(place.part)) else {
                continue
            }
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
    }
}

extension Report {
    /// Tells who listens what a rule has found.
    func note(_ rule: Rule, _ subject: borrowing Subject, isBroken: Bool, since count: Int) {
        trace?.note(rule, subject, isBroken: isBroken, failures[count...])
    }
}
