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
/// expression reads the object as the mutations before it leave it.
struct MutationRun {
    private let original: JSONFragment
    private let request: AdmissionRequest
    /// The object as far as the mutations have been carried out.
    private(set) var subject: Subject
    private var plan: MutationPlan
    /// Whether an object beside the original has been made.
    private var isChanged = false
    /// The mutations that decided something, as `policy/mutation`.
    private(set) var applied: [String] = []

    init(_ subject: Subject, of request: AdmissionRequest) {
        self.subject = subject
        self.request = request
        original = JSONFragment(subject.document, subject.object)
        plan = MutationPlan(subject)
    }

    /// Takes over what the mutations of a policy say; all of them or, if one is broken, none.
    mutating func apply(
        _ mutations: [Mutation],
        of policy: String,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) {
        var run = self
        for mutation in mutations {
            do throws(EvaluationError) {
                if try run.apply(mutation, expressions) { run.applied.append("\(policy)/\(mutation.name)") }
            } catch .expression(let reason) {
                throw .expression("mutation \(mutation.name): \(reason)")
            }
        }
        self = run
    }

    private mutating func apply(
        _ mutation: Mutation,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        guard mutation.usesExpressions else { return try plan.apply(mutation.change, nil) }
        guard let expressions else { throw .expression("expressions cannot be evaluated here") }
        if try carryOut() { expressions.rebind(subject, oldObject: oldObject) }
        guard case .expression(let change) = mutation.change else {
            return try plan.apply(mutation.change, expressions)
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
        expressions.rebind(subject, oldObject: oldObject)
        return true
    }

    private var oldObject: JSONFragment? { request.oldObject.map { JSONFragment(request.document, $0) } }

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
        plan = MutationPlan(subject)
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
