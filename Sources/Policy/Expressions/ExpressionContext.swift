internal import CEL
internal import JSON
internal import Kubernetes

/// What expressions read while one request is judged, and what they may cost: made when the first policy that matches has
/// expressions.
///
/// The AzurePolicies and the admission policies of a request share one. Not shared between threads.
final class ExpressionContext {
    /// The budget of a policy's expressions (`RuntimeCELCostBudget` in `apiserver/pkg/apis/cel/config.go`).
    static let policyBudget: UInt64 = 10_000_000
    /// The budget of a policy's conditions (`RuntimeCELCostBudgetMatchConditions`).
    static let conditionsBudget: UInt64 = 2_500_000
    /// The budget of all NamespaceAzurePolicies of a request together: anybody with a namespace may write them.
    static let namespaceBudget: UInt64 = 100_000

    private let request: AdmissionRequest
    private let namespaces: NamespaceObjects
    private var evaluation: Evaluation
    /// How many of the evaluation's documents stay for the whole request, and how many as long as the object is bound.
    private var commonDocuments = 0
    private var objectDocuments = 0
    private var variables: VariablesValue?
    /// What the policy's expressions may still cost; nil once that has been exceeded.
    private var budget: UInt64? = policyBudget
    private let timeLimit: Duration
    private let end: ContinuousClock.Instant
    private let deadline: ContinuousClock.Instant?
    /// Cost since the clock was read last, outside of comprehensions, which look at it themselves.
    private var uncheckedCost: UInt64 = 0
    /// Whether no value of the object may be told, by an error's text either.
    private(set) var isSecret = false
    /// What is bound, and what of it may not be told; nil until a message could tell it.
    private var bound: [JSONFragment] = []
    private var secrets: SecretValues?
    /// Whether the policy has spent its budget: whatever else it asks fails.
    var isSpent: Bool { budget == nil }
    /// What the object that is judged has become since; nil if it is the request's.
    private(set) var successor: JSONFragment?
    /// What the policy that is judged reads beside the object.
    private var policy: (variables: [NamedExpression], parameters: JSONFragment?, constants: JSONFragment?) = (
        [], nil, nil
    )
    /// The rules whose expressions broke, until somebody takes them.
    private var broken: [(rule: Rule, error: EvaluationError)] = []

    /// Who hears what expressions give; nil if nobody asks, as on a request's way.
    let trace: DecisionTrace?
    /// What tells it of the policy that is judged.
    private var listener: ExpressionListener?

    /// Reading the clock costs as much as some ten units.
    private static let clockInterval: UInt64 = 2000

    /// Binds what a request has in common for all policies.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - namespaces: The folder's namespaces.
    ///   - timeLimit: How long the request's expressions may hold up the loop, in all.
    ///   - deadline: When the caller stops waiting.
    ///   - trace: Who hears what expressions give.
    init(
        _ request: AdmissionRequest,
        namespaces: NamespaceObjects,
        timeLimit: Duration,
        deadline: ContinuousClock.Instant?,
        trace: DecisionTrace? = nil
    ) {
        self.request = request
        self.trace = trace
        self.namespaces = namespaces
        self.timeLimit = timeLimit
        self.deadline = deadline
        end = ContinuousClock.now + timeLimit
        evaluation = Evaluation()
        evaluation.deadline = deadline.map { min($0, end) } ?? end
        // The last variable first, so that there is room for all.
        bind(.facets, to: .null)
        // The first document has the number 0, as the handles of a request have.
        _ = evaluation.add(request.document)
        bind(.request, to: .object(RequestValue(request, number: 0)))
        switch namespaces.object(of: request) {
        case .none: bind(.namespaceObject, to: .null)
        case .known(let document): bind(.namespaceObject, to: evaluation.add(document))
        // Not bound: reading it is an error.
        case .unknown: break
        }
        commonDocuments = evaluation.documentCount
        objectDocuments = commonDocuments
    }

    // MARK: Messages

    /// The longest message that an expression may give, in bytes (`MaxEvaluatedMessageExpressionSizeBytes` in
    /// `apiserver/pkg/apis/cel/config.go`).
    private static let maximumMessageBytes = 5 * 1024

    /// What a messageExpression gives, if it is one line of text that may be told.
    ///
    /// - Throws: That it cannot be evaluated.
    func message(of program: CELProgram) throws(EvaluationError) -> String? {
        guard let text = string(try evaluate(program, as: .message))?.trimmed, !text.isEmpty,
            text.utf8.count <= Self.maximumMessageBytes, !text.utf8.contains(UInt8(ascii: "\n")), !tellsSecret(text)
        else { return nil }
        return text.singleLine
    }

    /// Whether a text that an expression gave holds a value that the objects or the parameters keep under a secret's name,
    /// or may hold one.
    func tellsSecret(_ text: String) -> Bool {
        if isSecret { return true }
        var secrets = self.secrets ?? SecretValues(of: bound)
        self.secrets = secrets
        for parameters in [policy.parameters, policy.constants] { if let parameters { secrets.add(parameters) } }
        return secrets.areIn(text)
    }

    // MARK: Binding

    /// Says what `object` and `oldObject` are; null where there is none.
    ///
    /// A policy begins after that.
    func bind(object: JSONFragment?, oldObject: JSONFragment?, isSecret: Bool) {
        evaluation.removeDocuments(after: commonDocuments)
        self.isSecret = isSecret
        bound = [object, oldObject].compactMap(\.self)
        secrets = nil
        bind(.object, to: value(of: object))
        bind(.oldObject, to: value(of: oldObject))
        objectDocuments = evaluation.documentCount
    }

    /// Says what `object`, `oldObject` and `facets` are.
    ///
    /// - Parameters:
    ///   - subject: What is judged.
    ///   - isGoing: Whether the subject is the old object, of a request that deletes it.
    ///   - oldObject: What there was before.
    ///   - successor: What the subject has become, if it is the old object of an UPDATE.
    func bind(
        _ subject: borrowing Subject,
        isGoing: Bool,
        oldObject: JSONFragment?,
        successor: JSONFragment? = nil
    ) {
        self.successor = successor
        let object = JSONFragment(subject.document, subject.object)
        bind(object: isGoing ? nil : object, oldObject: oldObject, isSecret: subject.isSecret)
        bind(.facets, to: .object(FacetsValue(subject, number: number(of: subject.document))))
        objectDocuments = evaluation.documentCount
    }

    /// Begins with a policy: its variables are unread, its budget is whole.
    ///
    /// - Parameters:
    ///   - definitions: Its variables.
    ///   - parameters: Its `params`; null if there are none.
    ///   - constants: Its `parameters`; null if there are none.
    ///   - budget: What its expressions may cost together.
    func begin(
        variables definitions: [NamedExpression],
        parameters: JSONFragment?,
        constants: JSONFragment? = nil,
        budget: UInt64
    ) {
        self.budget = budget
        policy = (definitions, parameters, constants)
        if let trace { listener = ExpressionListener(trace, isSecret: isSecret, trace.secrets(parameters)) }
        evaluation.removeDocuments(after: objectDocuments)
        bind(.params, to: value(of: parameters))
        bind(.parameters, to: value(of: constants))
        variables = definitions.isEmpty ? nil : VariablesValue(definitions, trace == nil ? nil : listener)
        bind(.variables, to: variables.map { .object($0) } ?? .null)
    }

    /// Goes on with the policy after a mutation: the variables are unread again, the budget is what is left of it.
    func rebind(_ subject: borrowing Subject, oldObject: JSONFragment?) {
        bind(subject, isGoing: false, oldObject: oldObject)
        let left = budget
        begin(
            variables: policy.variables,
            parameters: policy.parameters,
            constants: policy.constants,
            budget: 0
        )
        budget = left
    }

    /// Gives the policies that come now one budget for all of them.
    func restrict(to allowance: UInt64) {
        evaluation.budget = evaluation.spent + allowance
    }

    /// Gives another budget for what the policy does next; its variables stay as they are.
    func begin(budget: UInt64) {
        self.budget = budget
    }

    private func bind(_ variable: ExpressionVariable, to value: CELValue) {
        evaluation.bind(variable.rawValue, to: value)
    }

    private func value(of fragment: JSONFragment?) -> CELValue {
        guard let fragment else { return .null }
        if fragment.document === request.document { return evaluation.value(fragment.value) }
        return evaluation.add(fragment.document, fragment.value)
    }

    private func number(of document: JSONDocument) -> UInt16 {
        if document === request.document { return 0 }
        let number = UInt16(truncatingIfNeeded: evaluation.documentCount)
        _ = evaluation.add(document)
        return number
    }

    // MARK: Evaluating

    /// Evaluates an expression under the budgets.
    ///
    /// - Throws: What went wrong, with the sub-expression.
    ///
    /// - Parameters:
    ///   - program: The expression.
    ///   - role: What it is for, for whoever listens.
    /// - Returns: Its value.
    func evaluate(
        _ program: CELProgram,
        as role: ExpressionRole = .expression
    ) throws(EvaluationError) -> CELValue {
        guard budget != nil else { throw .expression(Self.overBudget) }
        if uncheckedCost > Self.clockInterval {
            uncheckedCost = 0
            if let error = timeError() { throw error }
        }
        // Of what never changes, to look costs nothing.
        if trace != nil { return try evaluateAloud(program, role) }
        let result: Result<CELValue, CELError>
        do throws(CELError) {
            result = .success(try program.evaluate(&evaluation))
        } catch {
            result = .failure(error)
        }
        try spend(evaluation.cost + (variables?.takeCost() ?? 0))
        switch result {
        case .success(let value): return value
        case .failure(let error): throw failure(error, program)
        }
    }

    /// Evaluates an expression for somebody who wants to know what its parts give.
    @inline(never)
    private func evaluateAloud(_ program: CELProgram, _ role: ExpressionRole) throws(EvaluationError) -> CELValue {
        let (result, entries) = program.evaluateTraced(&evaluation)
        let cost = evaluation.cost + (variables?.takeCost() ?? 0)
        listener?.hear(program, ExpressionTrace.Role(role), result, entries, cost, evaluation)
        try spend(cost)
        switch result {
        case .success(let value): return value
        case .failure(let error): throw failure(error, program)
        }
    }

    private func spend(_ cost: UInt64) throws(EvaluationError) {
        uncheckedCost += cost
        guard let left = budget, cost <= left else {
            budget = nil
            throw .expression(Self.overBudget)
        }
        budget = left - cost
    }

    private static let overBudget = "the policy's expressions cost more than they may together"

    private func timeError() -> EvaluationError? {
        let now = ContinuousClock.now
        if let deadline, now >= deadline { return .deadlineExceeded }
        return now >= end ? .expression("the request's expressions take longer than \(timeLimit)") : nil
    }

    private func failure(_ error: CELError, _ program: CELProgram) -> EvaluationError {
        switch error.code {
        case .deadlineExceeded: return timeError() ?? .expression(error.message)
        case .costExceeded where evaluation.budget.map { evaluation.spent > $0 } == true:
            return .expression(
                "the expressions of NamespaceAzurePolicies cost more than \(Self.namespaceBudget) units together"
            )
        // The one variable that may have no value.
        case .unboundVariable:
            let name = request.namespace.flatMap { request.document.string($0) } ?? ""
            return .expression(
                "namespaceObject is not known; add the manifest of Namespace \(name.singleLine) to the policy folder"
            )
        default: return .expression(isSecret ? program.place(of: error) : program.text(of: error))
        }
    }

    /// The text of a string that an expression gave; nil for any other value.
    func string(_ value: CELValue) -> String? {
        switch value {
        case .string(let text): text
        case .json(let json) where json.isString: evaluation.string(value)
        default: nil
        }
    }

    /// Reads values that an expression gave.
    func read<Value, Failure: Error>(
        _ body: (inout Evaluation) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(&evaluation)
    }

    // MARK: Broken rules

    /// Notes that a rule could not be evaluated.
    func add(_ error: EvaluationError, of rule: Rule) {
        broken.append((rule, error))
    }

    /// Whether a rule is one of those that could not be evaluated.
    func isBroken(_ rule: Rule) -> Bool {
        broken.contains { $0.rule === rule }
    }

    /// The rules that could not be evaluated since this was asked last.
    func takeBroken() -> [(rule: Rule, error: EvaluationError)] {
        defer { broken = [] }
        return broken
    }
}

/// What an expression is for; of one that has a name, whoever evaluates it says the name.
enum ExpressionRole: UInt8 {
    case expression
    case message
    case condition
    case value
    case annotation
}

extension ExpressionTrace.Role {
    fileprivate init(_ role: ExpressionRole) {
        self =
            switch role {
            case .expression: .expression
            case .message: .message
            case .condition: .condition("")
            case .value: .value
            case .annotation: .annotation
            }
    }
}
