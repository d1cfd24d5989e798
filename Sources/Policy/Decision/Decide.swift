internal import Azure
internal import JSON
public import Kubernetes

extension PolicySet {
    /// Judges a request, mutates its object, or both.
    ///
    /// One evaluator for webhook, command line and tests. What a request that passes costs does not grow with the number of
    /// policies that it does not concern, and nothing is allocated but the list of the places that rules look at.
    ///
    /// - Parameters:
    ///   - request: What the API server asks.
    ///   - mode: What is asked of the set.
    ///   - deadline: When the caller stops waiting; what is not judged by then is an error for its failurePolicy.
    /// - Returns: The decision, with every failure.
    public func decide(
        _ request: AdmissionRequest,
        mode: DecisionMode,
        deadline: ContinuousClock.Instant? = nil
    ) -> Decision {
        var decision = Decision()
        if !hasBinding { decision.notes.insert(.noBinding) }
        // The API server takes nothing but the status from a write of the sub-resource.
        let isStatusWrite = request.subResource.map { request.document.equals($0, "status") } ?? false
        if isStatusWrite { decision.notes.insert(.statusWrite) }
        if admissionPolicies == nil && (isStatusWrite || mode == .mutate && !hasMutations) { return decision }
        var evaluation = Evaluation(set: self, request: request)
        var report = Report(meter: Meter(maximumSteps: configuration.maximumSteps, deadline: deadline))
        var expressions = LazyExpressions(deadline: deadline)
        if mode != .validate { evaluation.mutateByAdmissionPolicies(&report, &decision, &expressions) }
        if !isStatusWrite && (mode != .mutate || hasMutations) {
            evaluation.run(mode, &report, &decision, &expressions)
        }
        evaluation.finish(mode, &report, &decision, &expressions)
        if !report.findings.isEmpty || decision.patch != nil { decision.take(report) }
        return decision
    }
}

/// The request's expression context, once a policy asks for it.
private struct LazyExpressions: ~Copyable {
    let deadline: ContinuousClock.Instant?
    private var context: ExpressionContext?
    /// Whether what the context has bound is what is judged now.
    private var isBound = false

    init(deadline: ContinuousClock.Instant?) {
        self.deadline = deadline
    }

    /// Goes on to another object: the context binds it when it is asked for again.
    mutating func unbind() { isBound = false }

    /// The context for a policy that has expressions.
    ///
    /// - Parameters:
    ///   - evaluation: The request.
    ///   - bind: Binds the object that is judged, when the first policy asks.
    /// - Returns: The context, bound.
    mutating func context(_ evaluation: borrowing Evaluation, _ bind: (ExpressionContext) -> Void) -> ExpressionContext
    {
        let made =
            context
            ?? ExpressionContext(
                evaluation.request,
                namespaces: evaluation.set.namespaceObjects,
                timeLimit: evaluation.set.configuration.maximumExpressionTime,
                deadline: deadline
            )
        context = made
        if !isBound { bind(made) }
        isBound = true
        return made
    }
}

/// One request on its way through a set.
private struct Evaluation: ~Copyable {
    let set: PolicySet
    let request: AdmissionRequest
    let kind: AzureKind
    let isAzure: Bool
    let position: PolicyIndex.Position
    /// What Kubernetes' mutating policies have made of the object, and by which operations; nil if nothing.
    private var admitted: (object: JSONFragment, patch: JSONPatch, mutations: [String])?

    init(set: PolicySet, request: AdmissionRequest) {
        self.set = set
        self.request = request
        let document = request.document
        let group = document.utf8(request.kind.group)
        let tables = set.configuration.tables
        let known = tables.kind(group: group, kind: document.utf8(request.kind.name))
        kind = known ?? tables.general
        isAzure = known != nil || AzureTables.isAzure(group: group)
        func name() -> [UInt8] {
            Array("\(document.string(request.kind.group) ?? "")/\(document.string(request.kind.name) ?? "")".utf8)
        }
        position = set.index.position(
            namespace: document.text(of: request.namespace),
            kind: known?.index,
            operation: request.operation,
            name: name
        )
    }

    private func subject(_ object: JSONValue?, in document: JSONDocument) -> Subject {
        Subject(
            document: document,
            object: object ?? document.root,
            kind: kind,
            type: SubjectType(document: request.document, group: request.kind.group, kind: request.kind.name),
            tables: set.configuration.tables,
            isAzure: isAzure,
            isSecret: !isAzure && request.document.equals(request.kind.name, "Secret")
        )
    }

    func run(
        _ mode: DecisionMode,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        let governor = governor()
        let candidates = candidates()
        guard governor != nil || candidates.exist else { return }
        note(&decision)
        switch Write(request, controllers: set.controllers) {
        case .ordinary: break
        case .byController:
            decision.notes.insert(.controllerWrite)
            return
        case .finalizerRemoval:
            decision.notes.formUnion([.finalizerRemoval, .beingDeleted])
            return
        case .changesDying:
            decision.notes.insert(.beingDeleted)
            if mode != .mutate { report.addChangeOfDying() }
            return
        }
        guard let object = request.subject else {
            judgeWithoutObject(&report, &decision, &expressions)
            return
        }
        let start = admitted?.object ?? JSONFragment(request.document, object)
        var subject = subject(start.value, in: start.document)
        if mode != .validate, let mutated = mutate(subject, &report, &decision, &expressions) { subject = mutated }
        guard mode != .mutate else { return }
        if let governor { judge(subject, by: governor, &report) }
        if candidates.exist {
            let unreadable = read(candidates.facets, of: &subject)
            judge(subject, unreadable, &report, &decision, &expressions)
            ratchet(subject, candidates.facets, &report, &decision, &expressions)
        }
    }

    private func note(_ decision: inout Decision) {
        if kind.isGeneral {
            decision.notes.insert(.generalKind)
        } else if kind.match(version: request.document.utf8(request.kind.version)) == .unlisted {
            decision.notes.insert(.newestVersionPaths)
        }
    }

    // MARK: Kubernetes' own policies

    /// Lets the mutating policies of Kubernetes change the object, before anybody else sees it, as in the API server.
    mutating func mutateByAdmissionPolicies(
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard request.operation == .create || request.operation == .update, let object = request.object,
            let policies = set.admissionPolicies, policies.mayConcern(policies.mutating, request)
        else { return }
        let original = JSONFragment(request.document, object)
        var judgement = AdmissionJudgement(policies, request, object: original, expressions.context(self) { _ in })
        expressions.unbind()
        guard let (document, names) = judgement.mutate(&report, &decision) else { return }
        let patch = JSONPatch.difference(from: original, to: JSONFragment(document))
        admitted = (JSONFragment(document), patch, names)
    }

    /// Joins the patches, and asks the validating policies of Kubernetes what they say of the object as it is then.
    func finish(
        _ mode: DecisionMode,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        if let admitted {
            decision.patch = JSONPatch(admitted.patch.operations + (decision.patch?.operations ?? []))
            decision.mutations = admitted.mutations + decision.mutations
        }
        guard mode != .mutate, let policies = set.admissionPolicies, policies.mayConcern(policies.validating, request)
        else { return }
        var object = request.object.map { JSONFragment(request.document, $0) }
        do throws(JSONPatchError) {
            if let original = object, let patch = decision.patch {
                object = JSONFragment(try patch.apply(to: original))
            }
        } catch {
            report.add(.patch("\(error)"), of: .builtIn, "portcullis", "mutations")
            return
        }
        let judgement = AdmissionJudgement(policies, request, object: object, expressions.context(self) { _ in })
        expressions.unbind()
        judgement.bindObject()
        judgement.validate(&report, &decision)
    }

    // MARK: Policies

    /// Whether the index knows a policy for the request, and what the rules of all of them ask of an object.
    private func candidates() -> (exist: Bool, facets: FacetSet) {
        var exist = false
        var facets: FacetSet = []
        for word in 0..<set.index.wordCount {
            let (matching, undecided) = set.index.word(word, at: position)
            var bits = matching | undecided
            exist = exist || bits != 0
            while bits != 0 {
                facets.formUnion(set.facets[word &* 64 &+ bits.trailingZeroBitCount])
                bits &= bits &- 1
            }
        }
        return (exist, facets)
    }

    /// The policies that match the request, in the order of their names, and of each whether the index could say so.
    private struct Matches {
        var word = -1
        var bits: UInt64 = 0
        var undecided: UInt64 = 0
    }

    /// Goes on to the next policy that matches.
    ///
    /// - Returns: The policy, and whether only the namespace's labels could tell that it matches, which are not known.
    private func next(_ matches: inout Matches) -> (policy: PolicySet.Policy, isUndecided: Bool)? {
        while true {
            while matches.bits == 0 {
                matches.word += 1
                guard matches.word < set.index.wordCount else { return nil }
                let (matching, undecided) = set.index.word(matches.word, at: position)
                matches.bits = matching | undecided
                matches.undecided = undecided
            }
            let bit = matches.bits.trailingZeroBitCount
            matches.bits &= matches.bits &- 1
            let policy = set.policies[matches.word &* 64 &+ bit]
            if !policy.match.isEverything && !self.matches(policy.match) { continue }
            return (policy, matches.undecided & 1 << UInt64(bit) != 0)
        }
    }

    private func matches(_ match: PolicyMatch) -> Bool {
        guard match.matches(request.userInfo, in: request.document) else { return false }
        guard let selector = match.objectSelector else { return true }
        // As webhooks do: the old object counts too, or taking a label away would be the way out.
        for case let object? in [request.object, request.oldObject] {
            if selector.matches(request.document, labels: ObjectMeta(of: object, in: request.document).labels) {
                return true
            }
        }
        return false
    }

    private func judge(
        _ subject: borrowing Subject,
        _ unreadable: EvaluationError?,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        var matches = Matches()
        expressions.unbind()
        while let (policy, isUndecided) = next(&matches) {
            decision.matchedPolicyCount += 1
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName) }
                if let unreadable { throw unreadable }
                guard policy.expressions != nil else {
                    try policy.judge(subject, &report, nil)
                    continue
                }
                guard let context = try begin(policy, subject, successor: nil, &expressions) else {
                    decision.matchedPolicyCount -= 1
                    continue
                }
                try policy.judge(subject, &report, context)
                for (rule, error) in context.takeBroken() {
                    fail(policy, rule, error, &report, &decision)
                }
            } catch {
                fail(policy, "rules", error, &report, &decision)
            }
        }
    }

    /// Begins with a policy that has expressions.
    ///
    /// - Returns: What they are evaluated in; nil if a condition says that the policy is not for the request.
    private func begin(
        _ policy: PolicySet.Policy,
        _ subject: borrowing Subject,
        successor: JSONFragment?,
        _ expressions: inout LazyExpressions
    ) throws(EvaluationError) -> ExpressionContext? {
        let old = request.oldObject.map { JSONFragment(request.document, $0) }
        let context = expressions.context(self) {
            $0.bind(subject, isGoing: request.object == nil, oldObject: old, successor: successor)
        }
        guard let expressions = policy.expressions, try expressions.match(request, context) else { return nil }
        return context
    }

    /// Finds the places that rules will look at; says why if that is not possible.
    private func read(_ facets: FacetSet, of subject: inout Subject) -> EvaluationError? {
        do throws(ObjectFacets.TooManyPlaces) {
            subject.facets = try ObjectFacets(
                facets,
                of: kind,
                in: subject.document,
                of: subject.object,
                maximumPlaces: Meter.maximumPlaces
            )
            return nil
        } catch {
            return .tooManyPlaces
        }
    }

    private var namespaceName: String {
        request.namespace.flatMap { request.document.string($0) } ?? ""
    }

    /// A connection has no object that rules could read; what remains is whether there may be one, and what expressions say.
    private func judgeWithoutObject(
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        let subject = subject(nil, in: request.document)
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches) {
            decision.matchedPolicyCount += 1
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName) }
                let context =
                    policy.expressions == nil ? nil : try begin(policy, subject, successor: nil, &expressions)
                if policy.expressions != nil && context == nil { continue }
                for rule in policy.rules {
                    switch rule.test {
                    case .kinds(let test): test.check(subject, rule, &report)
                    case .cel(let test): test.judge(subject, rule, &report, try context.orBroken())
                    default: continue
                    }
                }
                for (rule, error) in context?.takeBroken() ?? [] {
                    fail(policy, rule, error, &report, &decision)
                }
            } catch {
                fail(policy, "rules", error, &report, &decision)
            }
        }
    }

    /// The one place in which an evaluation that broke becomes an answer.
    private func fail(
        _ policy: PolicySet.Policy,
        _ part: String,
        _ error: EvaluationError,
        _ report: inout Report,
        _ decision: inout Decision
    ) {
        decision.notes.insert(.broken)
        switch policy.failurePolicy {
        case .fail: report.add(error, of: .policy, policy.name, part)
        case .ignore: decision.warnings.append("policy \(policy.name) was skipped: \(error)".singleLine)
        }
    }

    /// The same for one rule, whose action says what a failure means.
    private func fail(
        _ policy: PolicySet.Policy,
        _ rule: Rule,
        _ error: EvaluationError,
        _ report: inout Report,
        _ decision: inout Decision
    ) {
        decision.notes.insert(.broken)
        switch (policy.failurePolicy, rule.origin.effect) {
        case (.fail, let effect): report.add(error, of: .policy, policy.name, rule.name, effect: effect)
        case (.ignore, .audit): break
        case (.ignore, _):
            decision.warnings.append("rule \(policy.name)/\(rule.name) was skipped: \(error)".singleLine)
        }
    }

    // MARK: Bindings

    /// Who answers for the subject's identity; nil if nobody is asked.
    private func governor() -> BindingCheck.Governor? {
        guard set.hasBinding, isAzure, request.operation == .create || request.operation == .update else { return nil }
        let match = set.bindingIndex.match(request.document.text(of: request.namespace))
        var found: Binding?
        var names: [String] = []
        for word in 0..<set.bindingIndex.wordCount {
            var bits = set.bindingIndex.word(word, of: match)
            while bits != 0 {
                let binding = set.bindings[word &* 64 &+ bits.trailingZeroBitCount]
                bits &= bits &- 1
                if let found {
                    names = (names.isEmpty ? [found.name] : names) + [binding.name]
                } else {
                    found = binding
                }
            }
        }
        if !names.isEmpty { return .several(names, namespace: namespaceName) }
        return found.map { .binding($0) } ?? .none(namespace: namespaceName)
    }

    private func judge(_ subject: Subject, by governor: BindingCheck.Governor, _ report: inout Report) {
        do throws(EvaluationError) {
            try BindingCheck(governor: governor).check(subject, &report)
        } catch {
            // An AzureBinding always fails closed.
            report.add(error, of: .binding, governor.name, "evaluation")
        }
    }

    // MARK: Mutations

    /// Puts the mutations' patch into the decision; the object as it leaves it, if there is one.
    private func mutate(
        _ subject: Subject,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) -> Subject? {
        guard set.hasMutations, request.operation == .create || request.operation == .update else { return nil }
        var run = MutationRun(subject, of: request)
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches) {
            guard !policy.mutations.isEmpty else { continue }
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName) }
                guard policy.expressions != nil else {
                    try run.apply(policy.mutations, of: policy.name, nil)
                    continue
                }
                // Expressions read the object as the policies before have left it.
                try run.carryOut()
                expressions.unbind()
                guard let context = try begin(policy, run.subject, successor: nil, &expressions) else { continue }
                try run.apply(policy.mutations, of: policy.name, context)
            } catch {
                fail(policy, "mutations", error, &report, &decision)
            }
        }
        do throws(EvaluationError) {
            guard let patch = try run.patch else { return nil }
            decision.patch = patch
            decision.mutations = run.applied
            try run.carryOut()
            return run.subject
        } catch {
            report.add(error, of: .builtIn, "portcullis", "mutations")
            return nil
        }
    }

    // MARK: Ratcheting

    /// Turns denials that the old object had already into warnings.
    private func ratchet(
        _ subject: Subject,
        _ facets: FacetSet,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard request.operation == .update, let old = request.oldObject, report.uncounted == 0 else { return }
        guard report.findings.contains(where: { $0.failure.effect == .deny && $0.failure.source == .policy }) else {
            return
        }
        var oldReport = Report(meter: report.meter)
        var oldSubject = self.subject(old, in: request.document)
        expressions.unbind()
        let successor = JSONFragment(subject.document, subject.object)
        // What could not be compared is not old.
        guard
            read(facets, of: &oldSubject) == nil, judgeOld(oldSubject, successor, &oldReport, &expressions),
            oldReport.uncounted == 0
        else { return }
        let ratchet = Ratchet(oldReport.findings, of: oldSubject)
        report.update { finding in
            guard finding.failure.effect == .deny, finding.failure.reason != .error, ratchet.isOld(finding, of: subject)
            else {
                return
            }
            finding.failure.effect = .ratcheted
            decision.notes.insert(.ratcheted)
        }
    }

    /// Judges what the object was, by those policies that match it as it was; says whether that was possible.
    private func judgeOld(
        _ subject: Subject,
        _ successor: JSONFragment,
        _ report: inout Report,
        _ expressions: inout LazyExpressions
    ) -> Bool {
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches) {
            // It judged neither the one nor the other.
            if isUndecided { continue }
            if let selector = policy.match.objectSelector,
                !selector.matches(subject.document, labels: ObjectMeta(of: subject.object, in: subject.document).labels)
            {
                continue
            }
            do throws(EvaluationError) {
                guard policy.expressions != nil else {
                    try policy.judge(subject, &report, nil)
                    continue
                }
                guard let context = try begin(policy, subject, successor: successor, &expressions) else { continue }
                try policy.judge(subject, &report, context)
                // What broke did not fail.
                _ = context.takeBroken()
            } catch {
                return false
            }
        }
        return true
    }
}

extension PolicySet.Policy {
    /// Tries every rule on the subject; expressions are evaluated in their context.
    fileprivate func judge(
        _ subject: borrowing Subject,
        _ report: inout Report,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) {
        for rule in rules {
            switch rule.test {
            case .locations(let test): try test.check(subject, rule, &report)
            case .skus(let test): try test.check(subject, rule, &report)
            case .tags(let test): try test.check(subject, rule, &report)
            case .naming(let test): try test.check(subject, rule, &report)
            case .exposure(let test): try test.check(subject, rule, &report)
            case .kinds(let test): test.check(subject, rule, &report)
            case .cel(let test): test.judge(subject, rule, &report, try expressions.orBroken())
            }
        }
    }
}

extension ExpressionContext? {
    /// The context; a policy with expressions is always given one, and must not pass if it is not.
    fileprivate func orBroken() throws(EvaluationError) -> ExpressionContext {
        guard let self else { throw .expression("expressions cannot be evaluated here") }
        return self
    }
}

extension Decision {
    /// Takes over what was found.
    fileprivate mutating func take(_ report: Report) {
        var denied = NameList()
        var warned = NameList()
        var audited = NameList()
        var ratcheted = NameList()
        failures.reserveCapacity(report.findings.count)
        for finding in report.findings {
            let failure = finding.failure
            switch failure.effect {
            case .deny: denied.add(failure)
            case .warn:
                warned.add(failure)
                warnings.append(failure.description.singleLine)
            case .ratcheted:
                ratcheted.add(failure)
                warnings.append("\(failure.description), as before this update".singleLine)
            case .audit: audited.add(failure)
            }
            failures.append(failure)
        }
        if report.uncounted > 0 {
            warnings.append("\(report.uncounted) more failures are not listed")
            notes.insert(.truncated)
        }
        // Nobody has compared what was not counted with anything: it may deny.
        allowed = denied.text.isEmpty && !report.hasUncountedDenial
        if !allowed {
            // The patch of what is refused is nobody's.
            patch = nil
            mutations = []
        }
        annotate("denied-by", denied.text)
        annotate("warned-by", warned.text)
        annotate("audited-by", audited.text)
        annotate("ratcheted-by", ratcheted.text)
        annotate("mutated-by", mutations.joined(separator: ", "))
    }

    private mutating func annotate(_ key: String, _ names: String) {
        if !names.isEmpty { auditAnnotations.append((key, names)) }
    }
}

/// `policy/rule` of failures, each once: those of one rule follow each other.
private struct NameList {
    private(set) var text = ""
    private var last: (policy: String, rule: String)?

    mutating func add(_ failure: Failure) {
        if let last, last.rule == failure.rule, last.policy == failure.policy { return }
        last = (failure.policy, failure.rule)
        if !text.isEmpty { text += ", " }
        text += failure.document
        text += "/"
        text += failure.rule
    }
}

extension JSONDocument {
    /// The bytes of a string that may not be there: none then.
    @_lifetime(borrow self)
    fileprivate func text(of value: JSONValue?) -> Span<UInt8> {
        guard let value else { return text.extracting(0..<0) }
        return utf8(value)
    }
}
