internal import CEL
internal import JSON
internal import Kubernetes

/// A mutation that an expression makes: a JSONPatch or an apply configuration.
struct ExpressionMutation: Sendable {
    let program: CELProgram
    let form: PatchForm

    /// Reads the body of a mutation.
    init?(_ node: Node, _ scope: ExpressionScope) {
        guard
            let fields = node.fields(["expression", "patchType"]),
            let expression = fields.required("expression", "add the expression that gives the patch")
        else { return nil }
        let stated = fields["patchType"]?.keyword(PatchForm.self)
        guard let program = scope.compile(expression, .patch) else { return nil }
        let given: PatchForm? =
            switch program.type {
            case .list: .jsonPatch
            case .object: .applyConfiguration
            default: nil
            }
        guard let form = stated ?? given else {
            expression.error("gives dyn, which may be either form of a patch", mend: "add patchType")
            return nil
        }
        if let given, given != form {
            expression.error("gives no \(form.rawValue)", mend: "set patchType to \(given.rawValue) or remove it")
            return nil
        }
        self.program = program
        self.form = form
    }
}

/// The mutations of one request, policy by policy.
///
/// What typed mutations decide is gathered in a plan; before an expression is evaluated the plan is carried out, so that the
/// expression reads the object as the mutations before it leave it. The same is done before a mutation that touches what the
/// plan holds.
struct MutationRun {
    private let original: JSONFragment
    private let request: AdmissionRequest
    private let namespaces: NamespaceObjects
    /// Who hears what each mutation did; nil if nobody asks.
    private let trace: DecisionTrace?
    /// How often the mutations have been gone through before.
    private(set) var round = 0
    /// The object as far as the mutations have been carried out.
    private(set) var subject: Subject
    private var plan: MutationPlan
    /// Whether an object beside the original has been made.
    private var isChanged = false
    /// The downgrades so far: what one makes smaller, another may find too large.
    private var downgrades: [SKUDowngrade] = []
    /// What has been made smaller, each place once.
    private var lowered: [SKUDowngrade.Step] = []
    /// The mutations that decided something, as `policy/mutation`.
    private(set) var applied: [String] = []
    /// Whether a mutation so far looks for something that one after it might make.
    private var looksForMore = false
    /// Whether an expression's change is among what was done: what that would do once more is its author's to know.
    private var hasExpressionChange = false
    /// Whether a mutation has changed something that one before it may look for.
    private var isDisturbed = false
    /// The object at the beginning of a round; nil in the first.
    private var roundStart: JSONFragment?

    init(_ subject: Subject, of request: AdmissionRequest, _ namespaces: NamespaceObjects, _ trace: DecisionTrace?) {
        self.subject = subject
        self.trace = trace
        self.request = request
        self.namespaces = namespaces
        original = JSONFragment(subject.document, subject.object)
        plan = MutationPlan(subject, old: Self.oldObject(of: request))
    }

    /// What users are told: what they asked for, and what they get.
    var warnings: [String] { lowered.map(\.description) }

    /// Takes over what the mutations of a policy say; all of them or, if one is broken, none.
    mutating func apply(
        _ mutations: [Mutation],
        of policy: String,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) {
        var run = self
        for mutation in mutations {
            let before = trace == nil ? nil : run.outcome
            do throws(EvaluationError) {
                let hasApplied = try run.apply(mutation, of: policy, expressions)
                if hasApplied { run.note("\(policy)/\(mutation.name)") }
                if let trace, let before { run.tell(mutation, of: policy, from: before, hasApplied, trace) }
                if run.plan.looksForMore(mutation.change) { run.looksForMore = true }
            } catch .expression(let reason) {
                throw .expression("mutation \(mutation.name): \(reason)")
            }
        }
        self = run
    }

    /// The object as it would be if nothing came after; nil if the plan cannot be carried out.
    private var outcome: JSONFragment? {
        var copy = self
        do throws(EvaluationError) {
            try copy.carryOut()
        } catch {
            return nil
        }
        return JSONFragment(copy.subject.document, copy.subject.object)
    }

    /// Tells who listens what a mutation did.
    private mutating func tell(
        _ mutation: Mutation,
        of policy: String,
        from before: JSONFragment,
        _ hasApplied: Bool,
        _ trace: DecisionTrace
    ) {
        let changes = outcome.map { MutationTrace.Change.all(from: before, to: $0, isSecret: subject.isSecret) } ?? []
        // In the rounds after the first only what happens is news.
        if !hasApplied && round > 0 { return }
        trace.tell(
            MutationTrace(
                document: policy,
                binding: nil,
                name: mutation.name,
                changes: changes,
                idle: hasApplied && !changes.isEmpty
                    ? nil : plan.whyNothing(mutation.change, namespaces.object(of: request)),
                expressions: trace.takePending(),
                round: round
            )
        )
    }

    /// Whether going through all mutations once more would change nothing.
    mutating func isSettled() throws(EvaluationError) -> Bool {
        guard isDisturbed, !hasExpressionChange else { return true }
        guard let roundStart else { return false }
        try carryOut()
        return isEqual(subject.object, in: subject.document, roundStart.value, in: roundStart.document)
    }

    /// Lets all mutations look at what they have made together.
    mutating func beginRound() throws(EvaluationError) {
        try carryOut()
        roundStart = JSONFragment(subject.document, subject.object)
        downgrades = []
        isDisturbed = false
        round += 1
    }

    private mutating func note(_ name: String) {
        if looksForMore { isDisturbed = true }
        if !applied.contains(name) { applied.append(name) }
    }

    private mutating func apply(
        _ mutation: Mutation,
        of policy: String,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        guard mutation.usesExpressions else {
            if try plan.mayTouchDecided(mutation.change) { try carryOut() }
            if case .downgrade(let downgrade) = mutation.change {
                return try lower(downgrade, by: "\(policy)/\(mutation.name)")
            }
            return try plan.apply(mutation.change, in: namespaces.object(of: request), nil)
        }
        guard let expressions else { throw .expression("expressions cannot be evaluated here") }
        if try carryOut() { expressions.rebind(subject, oldObject: oldObject) }
        guard case .expression(let change) = mutation.change else {
            return try plan.apply(mutation.change, in: namespaces.object(of: request), expressions)
        }
        let value = try expressions.evaluate(change.program)
        let object = JSONFragment(subject.document, subject.object)
        let schema = MergeSchema.of(request.kind, in: request.document)
        let result = try expressions.read { (evaluation) throws(EvaluationError) in
            try ExpressionPatch.apply(value, as: change.form, evaluation, to: object, schema: schema)
        }
        guard let result else { return false }
        guard result.isSameResource(as: object) else {
            throw .expression("it changes apiVersion, kind, name or namespace, which a patch may not")
        }
        replace(with: result)
        hasExpressionChange = true
        expressions.rebind(subject, oldObject: oldObject)
        return true
    }

    private var oldObject: JSONFragment? { Self.oldObject(of: request) }

    private static func oldObject(of request: AdmissionRequest) -> JSONFragment? {
        request.oldObject.map { JSONFragment(request.document, $0) }
    }

    // MARK: Downgrades

    /// Makes SKUs smaller, by this downgrade and by those before it, until none changes anything.
    private mutating func lower(_ downgrade: SKUDowngrade, by mutation: String) throws(EvaluationError) -> Bool {
        downgrades.append(downgrade)
        var changed = false
        // Each round makes something smaller, a name and then its capacity, or replaces it by its like: two that disagree about
        // likes would never end.
        for _ in 0...2 * downgrades.count {
            var isDone = true
            for downgrade in downgrades {
                let steps = try downgrade.steps(for: plan.subject, before: oldObject)
                guard !steps.isEmpty else { continue }
                for step in steps {
                    for (path, value) in step.changes { plan.replace(path, with: value) }
                    note(step, by: mutation)
                }
                try carryOut()
                (isDone, changed) = (false, true)
            }
            if isDone { return changed }
        }
        throw .expression("its SKUs and those of another downgrade contradict each other")
    }

    private mutating func note(_ step: SKUDowngrade.Step, by mutation: String) {
        if let place = lowered.firstIndex(where: { $0.path == step.path }) {
            lowered[place].new = step.new
        } else {
            var step = step
            step.mutation = mutation
            lowered.append(step)
        }
    }

    /// Makes the object that the plan says.
    ///
    /// - Returns: Whether it is another one.
    @discardableResult
    mutating func carryOut() throws(EvaluationError) -> Bool {
        guard let patch = plan.patch else { return false }
        do throws(JSONPatchError) {
            replace(with: try patch.apply(to: JSONFragment(subject.document, subject.object)))
        } catch {
            throw .patch("\(error)")
        }
        return true
    }

    private mutating func replace(with document: JSONDocument) {
        subject = Subject(subject, document)
        plan = MutationPlan(subject, old: oldObject)
        isChanged = true
    }

    /// The operations that make the request's object what the mutations say; nil if it is so already.
    var patch: JSONPatch? {
        mutating get throws(EvaluationError) {
            guard isChanged else { return plan.patch }
            try carryOut()
            let patch = JSONPatch.difference(from: original, to: JSONFragment(subject.document, subject.object))
            return patch.isEmpty ? nil : patch
        }
    }
}

extension Subject {
    /// The same resource after a mutation.
    init(_ subject: borrowing Subject, _ document: JSONDocument) {
        self.init(
            document: document,
            object: document.root,
            kind: subject.kind,
            type: subject.type,
            tables: subject.tables,
            isAzure: subject.isAzure,
            isSecret: subject.isSecret
        )
    }
}

extension JSONDocument {
    /// Whether the document is the object still that it was before a patch.
    func isSameResource(as old: JSONFragment) -> Bool {
        func isSame(_ path: [StaticString]) -> Bool {
            var new: JSONValue? = root
            var before: JSONValue? = old.value
            for name in path {
                new = new.flatMap { member(name, of: $0) }
                before = before.flatMap { old.document.member(name, of: $0) }
            }
            switch (new, before) {
            case (nil, nil): return true
            case (let new?, let before?): return isEqual(new, in: self, before, in: old.document)
            default: return false
            }
        }
        return root.isObject && isSame(["apiVersion"]) && isSame(["kind"]) && isSame(["metadata", "name"])
            && isSame(["metadata", "namespace"])
    }
}
