internal import CEL
internal import JSON
internal import Kubernetes

/// One request on its way through the admission policies of a folder.
struct AdmissionJudgement {
    private let policies: AdmissionPolicies
    private let namespace: Int?
    private var subject: AdmissionSubject
    private let expressions: ExpressionContext

    /// - Parameters:
    ///   - policies: The policies.
    ///   - request: The request.
    ///   - object: What is judged; nil on DELETE.
    ///   - expressions: What expressions read.
    init(
        _ policies: AdmissionPolicies,
        _ request: AdmissionRequest,
        object: JSONFragment?,
        _ expressions: ExpressionContext
    ) {
        self.policies = policies
        self.expressions = expressions
        namespace = policies.namespace(of: request)
        subject = AdmissionSubject(
            request: request,
            object: object,
            oldObject: request.oldObject.map { JSONFragment(request.document, $0) },
            namespace: policies.labels(of: request, object: object)
        )
    }

    // MARK: Matching

    /// What a hook is to a request.
    private enum Concern {
        case none
        /// With these parameters, once each.
        case params([Param?])
        case broken(EvaluationError)
    }

    private func concern(of hook: AdmissionHook) -> Concern {
        let isKnown = namespace != nil
        for resources in [hook.policy.constraints, hook.binding.resources] {
            switch resources?.match(subject, knowsNamespace: isKnown) {
            case .matches, nil: continue
            case .differs: return .none
            case .unknownNamespace: return .broken(.unknownNamespace(namespaceName))
            }
        }
        do throws(EvaluationError) {
            return .params(try hook.binding.params.params(for: subject.request))
        } catch {
            return .broken(error)
        }
    }

    private var namespaceName: String {
        subject.request.namespace.flatMap { subject.request.document.string($0) } ?? ""
    }

    /// Whether all conditions hold.
    ///
    /// - Throws: If none says no, but one could not be evaluated.
    private func conditionsHold(_ hook: AdmissionHook, _ param: Param?) throws(EvaluationError) -> Bool {
        if hook.policy.conditions.isEmpty { return true }
        guard let trace = expressions.trace else { return try conditionsHold(hook.policy, param) }
        var answer: Bool?
        defer {
            trace.noteConditions(hook.policy.conditions, of: hook.traced, hook.binding.name, holds: answer)
        }
        let holds = try conditionsHold(hook.policy, param)
        answer = holds
        return holds
    }

    private func conditionsHold(_ policy: AdmissionPolicy, _ param: Param?) throws(EvaluationError) -> Bool {
        expressions.begin(variables: [], parameters: param?.object, budget: ExpressionContext.conditionsBudget)
        var firstError: EvaluationError?
        for condition in policy.conditions {
            do throws(EvaluationError) {
                guard case .bool(let holds) = try expressions.evaluate(condition.program, as: .condition) else {
                    throw .expression("gives no bool")
                }
                if !holds { return false }
            } catch {
                let located = EvaluationError.expression("matchConditions[\(condition.name)]: \(error)")
                firstError = firstError ?? (error == .deadlineExceeded ? error : located)
            }
        }
        if let firstError { throw firstError }
        return true
    }

    // MARK: Validating

    /// Tries every ValidatingAdmissionPolicy that is for the request.
    func validate(_ report: inout Report, _ decision: inout Decision) {
        let hooks = policies.validating
        if let trace = expressions.trace { policies.tell(hooks, subject, trace) }
        let position = hooks.position(of: subject.request, namespace: namespace)
        var annotations = AuditAnnotations()
        var audited: [AuditedFailure] = []
        var last: AdmissionPolicy?
        var place = 0
        while let number = hooks.next(from: place, at: position) {
            place = number + 1
            let hook = hooks.hooks[number]
            let concern = concern(of: hook)
            if case .none = concern { continue }
            if last !== hook.policy { decision.matchedPolicyCount += 1 }
            last = hook.policy
            switch concern {
            case .none: break
            case .broken(let error): fail(hook, nil, "binding", error, [.deny], &report, &decision)
            case .params(let params):
                for param in params { validate(hook, param, &report, &decision, &annotations, &audited) }
            }
        }
        decision.auditAnnotations += annotations.all
        if !audited.isEmpty {
            decision.auditAnnotations.append(("validation_failure", AuditedFailure.text(audited)))
        }
    }

    private func validate(
        _ hook: AdmissionHook,
        _ param: Param?,
        _ report: inout Report,
        _ decision: inout Decision,
        _ annotations: inout AuditAnnotations,
        _ audited: inout [AuditedFailure]
    ) {
        let policy = hook.policy
        guard case .validating(let validations, let rules) = policy.body else { return }
        func fail(_ part: String, _ error: EvaluationError, _ place: Int) {
            self.fail(hook, param, part, error, hook.binding.actions, &report, &decision)
            guard policy.failurePolicy == .fail, hook.binding.actions.contains(.audit) else { return }
            audited.append(AuditedFailure(hook: hook, place: place, message: "\(error)"))
        }
        do throws(EvaluationError) {
            guard try conditionsHold(hook, param) else { return }
        } catch {
            return fail("matchConditions", error, 0)
        }
        expressions.begin(
            variables: policy.variables,
            parameters: param?.object,
            budget: ExpressionContext.policyBudget
        )
        var outcomes: [(place: Int, error: EvaluationError?)] = []
        for (place, validation) in validations.enumerated() {
            do throws(EvaluationError) {
                guard case .bool(let holds) = try expressions.evaluate(validation.program) else {
                    throw .expression("gives no bool")
                }
                if !holds { outcomes.append((place, nil)) }
                if let trace = report.trace {
                    trace.note(hook.traced, "validations[\(place)]", holds ? .passed : .failed)
                    let told = hook.trace("validations[\(place)]", param, holds ? .passed : .failed)
                    trace.tell(told, of: hook.traced, hook.binding.name)
                }
            } catch {
                if let trace = report.trace {
                    trace.note(hook.traced, "validations[\(place)]", .broken)
                    let told = hook.trace("validations[\(place)]", param, .broken("\(error)"))
                    trace.tell(told, of: hook.traced, hook.binding.name)
                }
                outcomes.append((place, error))
                // What is spent is spent: the rest would say the same.
                if expressions.isSpent { break }
            }
        }
        // Messages come out of what the validations have left of the budget.
        for (place, error) in outcomes {
            if let error {
                fail("validations[\(place)]", error, place)
                continue
            }
            let message: String
            do throws(EvaluationError) {
                message = try self.message(of: validations[place])
            } catch {
                fail("validations[\(place)]", .expression("failed messageExpression: \(error)"), place)
                continue
            }
            if hook.binding.actions.contains(.audit) {
                audited.append(AuditedFailure(hook: hook, place: place, message: message))
            }
            report.add(
                origin(hook, "validations[\(place)]", hook.binding.actions),
                .invalid,
                at: "",
                .admission(message + suffix(hook, param), validations[place].reason)
            )
            tellFailure("validations[\(place)]", hook, param, report)
        }
        annotate(hook, param, rules, &report, &decision, &annotations)
    }

    /// What a failed validation says: what its messageExpression gives if that is one line of text, else its message, else
    /// the expression.
    ///
    /// - Throws: If the policy's budget does not suffice for the messageExpression.
    private func message(of validation: AdmissionPolicy.Validation) throws(EvaluationError) -> String {
        // What a Secret holds would be part of what the expression gives.
        if let program = validation.messageProgram, !subject.isSecret {
            do throws(EvaluationError) {
                if let text = try expressions.message(of: program) { return text }
            } catch {
                if expressions.isSpent { throw error }
            }
        }
        return validation.message ?? "failed expression: \(validation.program.source.trimmed.singleLine)"
    }

    private func annotate(
        _ hook: AdmissionHook,
        _ param: Param?,
        _ rules: [AdmissionPolicy.AuditAnnotationRule],
        _ report: inout Report,
        _ decision: inout Decision,
        _ annotations: inout AuditAnnotations
    ) {
        if rules.isEmpty { return }
        expressions.begin(budget: ExpressionContext.policyBudget)
        for (place, rule) in rules.enumerated() {
            do throws(EvaluationError) {
                let value = try expressions.evaluate(rule.program, as: .annotation)
                guard let text = expressions.string(value)?.trimmed, !text.isEmpty else { continue }
                annotations.add(rule.key, expressions.tellsSecret(text) ? "(redacted)" : text)
            } catch {
                // Whatever the binding does with failures: this denies.
                fail(hook, param, "auditAnnotations[\(place)]", error, [.deny], &report, &decision)
                if expressions.isSpent { return }
            }
        }
    }

    // MARK: Mutating

    /// What the MutatingAdmissionPolicies make of the object; nil if nothing changes.
    mutating func mutate(_ report: inout Report, _ decision: inout Decision) -> (object: JSONDocument, names: [String])?
    {
        guard let original = subject.object else { return nil }
        let hooks = policies.mutating
        let position = hooks.position(of: subject.request, namespace: namespace)
        let schema = MergeSchema.of(subject.request.kind, in: subject.request.document)
        var invocations: [(hook: AdmissionHook, param: Param?)] = []
        var place = 0
        var last: AdmissionPolicy?
        // What matches is asked of the object as it came.
        while let number = hooks.next(from: place, at: position) {
            place = number + 1
            let hook = hooks.hooks[number]
            let concern = concern(of: hook)
            if case .none = concern { continue }
            if last !== hook.policy { decision.matchedPolicyCount += 1 }
            last = hook.policy
            switch concern {
            case .none: break
            case .broken(let error): fail(hook, nil, "binding", error, [.deny], &report, &decision)
            case .params(let params): for param in params { invocations.append((hook, param)) }
            }
        }
        var names: [String] = []
        for invocation in invocations {
            mutate(invocation.hook, invocation.param, schema, &names, &report, &decision)
        }
        // Another policy may have changed what they have seen.
        if !names.isEmpty {
            var ignored: [String] = []
            for invocation in invocations where invocation.hook.policy.isReinvoked {
                mutate(invocation.hook, invocation.param, schema, &ignored, &report, &decision)
            }
            for name in ignored where !names.contains(name) { names.append(name) }
        }
        guard let object = subject.object, object != original else { return nil }
        return (object.document, names)
    }

    private mutating func mutate(
        _ hook: AdmissionHook,
        _ param: Param?,
        _ schema: MergeSchema,
        _ names: inout [String],
        _ report: inout Report,
        _ decision: inout Decision
    ) {
        let policy = hook.policy
        guard case .mutating(let mutations, _) = policy.body else { return }
        bindObject()
        do throws(EvaluationError) {
            guard try conditionsHold(hook, param) else { return }
        } catch {
            return fail(hook, param, "matchConditions", error, [.deny], &report, &decision)
        }
        for (place, mutation) in mutations.enumerated() {
            guard let object = subject.object else { return }
            do throws(EvaluationError) {
                // A mutation sees what those before it have made, and so do the variables.
                bindObject()
                expressions.begin(
                    variables: policy.variables,
                    parameters: param?.object,
                    budget: ExpressionContext.policyBudget
                )
                let value = try expressions.evaluate(mutation.program)
                let changed = try expressions.read { (evaluation) throws(EvaluationError) in
                    try ExpressionPatch.apply(value, as: mutation.form, evaluation, to: object, schema: schema)
                }
                guard let changed else {
                    tell(hook, place, from: object, to: object)
                    continue
                }
                guard changed.isSameResource(as: object) else {
                    throw .expression("it changes apiVersion, kind, name or namespace, which a patch may not")
                }
                tell(hook, place, from: object, to: JSONFragment(changed))
                subject.object = JSONFragment(changed)
                let name = "\(AdmissionPolicyKind.mutating.rawValue)/\(policy.name)/mutations[\(place)]"
                if !names.contains(name) { names.append(name) }
            } catch {
                fail(hook, param, "mutations[\(place)]", error, [.deny], &report, &decision)
            }
        }
    }

    /// Tells who listens what a mutation did.
    private func tell(_ hook: AdmissionHook, _ place: Int, from before: JSONFragment, to after: JSONFragment) {
        guard let trace = expressions.trace else { return }
        let changes = MutationTrace.Change.all(from: before, to: after, isSecret: subject.isSecret)
        trace.tell(
            MutationTrace(
                document: hook.traced,
                binding: hook.binding.name,
                name: "mutations[\(place)]",
                changes: changes,
                idle: changes.isEmpty ? "the expression changes nothing" : nil,
                expressions: trace.takePending(),
                round: 0
            )
        )
    }

    /// Shows expressions the object as it is now.
    func bindObject() {
        expressions.bind(object: subject.object, oldObject: subject.oldObject, isSecret: subject.isSecret)
    }

    // MARK: Failures

    /// Tells who listens which rule the last failure is of.
    private func tellFailure(_ part: String, _ hook: AdmissionHook, _ param: Param?, _ report: borrowing Report) {
        guard let trace = expressions.trace else { return }
        let place = report.failures.count - 1
        // Beyond the most that are kept it is another's.
        guard report.failures.last?.rule == part else { return }
        trace.change(part, of: hook.traced, hook.binding.name) { told in told.failures.append(place) }
    }

    /// The one place in which an evaluation that broke becomes an answer.
    private func fail(
        _ hook: AdmissionHook,
        _ param: Param?,
        _ part: String,
        _ error: EvaluationError,
        _ actions: [AdmissionBinding.ValidationAction],
        _ report: inout Report,
        _ decision: inout Decision
    ) {
        decision.notes.insert(.broken)
        if let trace = expressions.trace {
            tellBroken(part, hook, param, error, trace)
        }
        switch hook.policy.failurePolicy {
        case .fail:
            defer { tellFailure(part, hook, param, report) }
            report.add(
                origin(hook, part, actions),
                .error,
                at: "",
                .admission("could not be judged: \(error)".singleLine + suffix(hook, param), .invalid)
            )
        case .ignore where actions == [.audit]: break
        case .ignore:
            let name = "\(hook.policy.kind.rawValue) \(hook.policy.name)"
            decision.warnings.append("\(name) was skipped: \(part): \(error)".singleLine)
        }
    }

    /// Tells who listens what could not be evaluated.
    private func tellBroken(
        _ part: String,
        _ hook: AdmissionHook,
        _ param: Param?,
        _ error: EvaluationError,
        _ trace: DecisionTrace
    ) {
        if part == "binding" || part == "matchConditions" {
            trace.fail(hook.traced, hook.binding.name, with: error)
        } else if !part.hasPrefix("validations") {
            trace.tell(hook.trace(part, param, .broken("\(error)")), of: hook.traced, hook.binding.name)
        }
    }

    private func origin(
        _ hook: AdmissionHook,
        _ part: String,
        _ actions: [AdmissionBinding.ValidationAction]
    ) -> Failure.Origin {
        Failure.Origin(
            source: hook.policy.kind == .validating ? .validatingAdmissionPolicy : .mutatingAdmissionPolicy,
            policy: hook.policy.name,
            rule: part,
            effect: actions.contains(.deny) ? .deny : actions.contains(.warn) ? .warn : .audit,
            message: nil
        )
    }

    /// Which of the policy's bindings and parameters said it.
    private func suffix(_ hook: AdmissionHook, _ param: Param?) -> String {
        guard let param, let kind = hook.policy.paramKind else { return " (binding \(hook.binding.name))" }
        let name = param.namespace.isEmpty ? param.name : "\(param.namespace)/\(param.name)"
        return " (binding \(hook.binding.name), \(kind.kind) \(name))"
    }
}
