internal import Azure
internal import JSON
internal import Kubernetes
public import Policy

/// Why the webhook would say of an object what it would say.
///
/// Told by the evaluation itself (`DecisionTrace`), and joined here with where things stand in the object's file.
public struct Explanation: Sendable {
    /// What would be said.
    public let result: CheckReport.Result
    /// Every policy of the set, and what came of it.
    public let policies: [PolicyTrace]
    /// What mutations did, step by step.
    public let mutations: [MutationTrace]
    /// Every PolicyException of the set.
    public let exceptions: [ExceptionTrace]
    /// What explains the decision without a policy.
    public let notes: DecisionNotes
    /// The answer's warnings, in whole.
    public let warnings: [String]
    /// Who asks.
    public let user: String
    /// The version of the object.
    public let version: String
    /// What the expressions have cost together, in the units of Kubernetes.
    public let cost: UInt64
    /// How many of the result's findings are failures, which are the first of them.
    let failureCount: Int
    private let locate: @Sendable (FacetTrace) -> (place: Report.Place, field: String?)

    init(
        _ result: CheckReport.Result,
        _ request: AdmissionRequest,
        _ decision: Decision,
        _ trace: DecisionTrace,
        locate: @escaping @Sendable (FacetTrace) -> (place: Report.Place, field: String?)
    ) {
        func text(_ value: JSONValue?) -> String { value.flatMap { request.document.string($0) } ?? "" }
        self.result = result
        policies = trace.policies
        mutations = trace.mutations
        exceptions = trace.exceptions
        notes = decision.notes
        warnings = decision.warnings
        user = text(request.userInfo.username)
        version = text(request.kind.version)
        cost = trace.cost
        failureCount = decision.failures.count
        self.locate = locate
    }

    /// Where a value stands, or would, and what another tool calls it.
    func place(of facet: FacetTrace) -> (place: Report.Place, field: String) {
        let (place, field) = locate(facet)
        return (place, field ?? facet.shownPath)
    }

    /// The findings of a rule.
    func findings(of rule: RuleTrace) -> [CheckReport.Finding] {
        rule.failures.filter { result.findings.indices.contains($0) }.map { result.findings[$0] }
    }
}

/// Which policies and rules somebody wants to read of.
public struct ExplanationFilter: Sendable {
    private let policy: Glob?
    private let rule: Glob?
    /// Whether all is told: what does not match, what passes, what every expression's parts gave.
    public let isVerbose: Bool

    /// A filter.
    ///
    /// - Parameters:
    ///   - policy: A pattern for policies' names, in which `*` stands for anything; nil for all.
    ///   - rule: The same for the names of rules and mutations.
    ///   - isVerbose: Whether all of them is told.
    public init(policy: String? = nil, rule: String? = nil, isVerbose: Bool = false) {
        self.policy = policy.map { Glob($0) }
        self.rule = rule.map { Glob($0) }
        self.isVerbose = isVerbose
    }

    /// Whether certain policies are asked for, which are told in full whatever they are.
    var namesPolicies: Bool { policy != nil }
    /// Whether certain rules are asked for.
    var namesRules: Bool { rule != nil }

    /// Whether a policy is told of; it may be named with its kind before it.
    public func includes(policy document: String) -> Bool {
        guard let policy else { return true }
        return policy.matches(document) || policy.matches(document.split(separator: "/").last.map(String.init) ?? "")
    }

    /// Whether a rule or a mutation is told of.
    public func includes(rule name: String) -> Bool { rule?.matches(name) ?? true }
}
