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
        let isJudged = !isStatusWrite && !isEmpty && (mode != .mutate || hasMutations)
        if !isJudged && admissionPolicies == nil { return decision }
        var evaluation = Evaluation(self, request)
        var report = Report(meter: Meter(maximumSteps: configuration.maximumSteps, deadline: deadline))
        var expressions = LazyExpressions(deadline: deadline)
        if mode != .validate { evaluation.mutateByAdmissionPolicies(request, &report, &decision, &expressions) }
        if isJudged { evaluation.run(request, mode, &report, &decision, &expressions) }
        evaluation.finish(request, mode, &report, &decision, &expressions)
        if !report.failures.isEmpty || decision.patch != nil { decision.take(report) }
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
    ///   - evaluation: The request's way through the set.
    ///   - request: The request.
    ///   - bind: Binds the object that is judged, when the first policy asks.
    /// - Returns: The context, bound.
    mutating func context(
        _ evaluation: borrowing Evaluation,
        _ request: AdmissionRequest,
        _ bind: (ExpressionContext) -> Void
    ) -> ExpressionContext {
        let made =
            context
            ?? ExpressionContext(
                request,
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
    let kind: AzureKind
    let isAzure: Bool
    let position: PolicyIndex.Position
    /// What Kubernetes' mutating policies have made of the object, and by which operations; nil if nothing.
    private var admitted: (object: JSONFragment, patch: JSONPatch, mutations: [String])?

    // The request is handed from function to function: a copy of it costs as much as a rule.
    init(_ set: PolicySet, _ request: borrowing AdmissionRequest) {
        self.set = set
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

    private func subject(_ object: JSONValue?, in document: JSONDocument, _ request: AdmissionRequest) -> Subject {
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
        _ request: AdmissionRequest,
        _ mode: DecisionMode,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        let governor = governor(request)
        let candidates = candidates()
        guard governor != nil || candidates.exist else { return }
        note(request, &decision)
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
            judgeWithoutObject(request, &report, &decision, &expressions)
            return
        }
        let start = admitted?.object ?? JSONFragment(request.document, object)
        var subject = subject(start.value, in: start.document, request)
        if mode != .validate, let mutated = mutate(subject, request, &report, &decision, &expressions) {
            subject = mutated
        }
        guard mode != .mutate else { return }
        if let governor { judge(subject, by: governor, &report) }
        if candidates.exist {
            let unreadable = read(candidates.demand, of: &subject)
            judge(subject, request, unreadable, &report, &decision, &expressions)
            ratchet(subject, request, candidates.demand, &report, &decision, &expressions)
        }
    }

    private func note(_ request: AdmissionRequest, _ decision: inout Decision) {
        if kind.isGeneral {
            decision.notes.insert(.generalKind)
        } else if kind.match(version: request.document.utf8(request.kind.version)) == .unlisted {
            decision.notes.insert(.newestVersionPaths)
        }
    }

    // MARK: Kubernetes' own policies

    /// Lets the mutating policies of Kubernetes change the object, before anybody else sees it, as in the API server.
    mutating func mutateByAdmissionPolicies(
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard request.operation == .create || request.operation == .update, let object = request.object,
            let policies = set.admissionPolicies, policies.mayConcern(policies.mutating, request)
        else { return }
        let original = JSONFragment(request.document, object)
        var judgement = AdmissionJudgement(
            policies,
            request,
            object: original,
            expressions.context(self, request) { _ in }
        )
        expressions.unbind()
        guard let (document, names) = judgement.mutate(&report, &decision) else { return }
        let patch = JSONPatch.difference(from: original, to: JSONFragment(document))
        admitted = (JSONFragment(document), patch, names)
    }

    /// Joins the patches, and asks the validating policies of Kubernetes what they say of the object as it is then.
    func finish(
        _ request: AdmissionRequest,
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
        let judgement = AdmissionJudgement(
            policies,
            request,
            object: object,
            expressions.context(self, request) { _ in }
        )
        expressions.unbind()
        judgement.bindObject()
        judgement.validate(&report, &decision)
    }

    // MARK: Policies

    /// Whether the index knows a policy for the request, and what the rules of all of them ask of an object.
    private func candidates() -> (exist: Bool, demand: PolicySet.Demand) {
        var exist = false
        var demand = PolicySet.Demand()
        for word in 0..<set.index.wordCount {
            let (matching, undecided) = set.index.word(word, at: position)
            var bits = matching | undecided
            exist = exist || bits != 0
            while bits != 0 {
                demand.formUnion(set.plans[word &* 64 &+ bits.trailingZeroBitCount].demand)
                bits &= bits &- 1
            }
        }
        return (exist, demand)
    }

    /// The policies that match the request, in the order of their names, and of each whether the index could say so.
    private struct Matches {
        var word = -1
        var bits: UInt64 = 0
        var undecided: UInt64 = 0
    }

    /// Goes on to the next policy that matches.
    ///
    /// - Returns: The policy's place, and whether only the namespace's labels could tell that it matches, which are not known.
    private func next(_ matches: inout Matches, _ request: AdmissionRequest) -> (policy: Int, isUndecided: Bool)? {
        while true {
            while matches.bits == 0 {
                matches.word &+= 1
                guard matches.word < set.index.wordCount else { return nil }
                let (matching, undecided) = set.index.word(matches.word, at: position)
                matches.bits = matching | undecided
                matches.undecided = undecided
            }
            let bit = matches.bits.trailingZeroBitCount
            matches.bits &= matches.bits &- 1
            let policy = matches.word &* 64 &+ bit
            if !set.plans[policy].matchesEverybody, !self.matches(set.policies[policy].match, request) { continue }
            return (policy, matches.undecided & 1 << UInt64(bit) != 0)
        }
    }

    private func matches(_ match: PolicyMatch, _ request: AdmissionRequest) -> Bool {
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
        _ request: AdmissionRequest,
        _ unreadable: EvaluationError?,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        var matches = Matches()
        expressions.unbind()
        while let (place, isUndecided) = next(&matches, request) {
            decision.matchedPolicyCount += 1
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                if let unreadable { throw unreadable }
                let plan = set.plans[place]
                guard plan.hasExpressions else {
                    try judge(subject, by: plan.rules, &report, nil)
                    continue
                }
                let policy = set.policies[place]
                guard let context = try begin(policy, subject, request, successor: nil, &expressions) else {
                    decision.matchedPolicyCount -= 1
                    continue
                }
                try judge(subject, by: plan.rules, &report, context)
                for (rule, error) in context.takeBroken() {
                    fail(policy, rule, error, &report, &decision)
                }
            } catch {
                fail(set.policies[place], "rules", error, &report, &decision)
            }
        }
    }

    /// Tries rules on the subject.
    private func judge(
        _ subject: borrowing Subject,
        by rules: Range<Int>,
        _ report: inout Report,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) {
        for index in rules {
            let rule = set.rules[index]
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

    /// Begins with a policy that has expressions.
    ///
    /// - Returns: What they are evaluated in; nil if a condition says that the policy is not for the request.
    private func begin(
        _ policy: PolicySet.Policy,
        _ subject: borrowing Subject,
        _ request: AdmissionRequest,
        successor: JSONFragment?,
        _ expressions: inout LazyExpressions
    ) throws(EvaluationError) -> ExpressionContext? {
        let old = request.oldObject.map { JSONFragment(request.document, $0) }
        let context = expressions.context(self, request) {
            $0.bind(subject, isGoing: request.object == nil, oldObject: old, successor: successor)
        }
        guard let expressions = policy.expressions, try expressions.match(request, context) else { return nil }
        return context
    }

    /// Finds the places that rules will look at; says why if that is not possible.
    private func read(_ demand: PolicySet.Demand, of subject: inout Subject) -> EvaluationError? {
        do throws(ObjectFacets.TooManyPlaces) {
            subject.facets = try ObjectFacets(
                demand.facets,
                parts: demand.parts,
                of: kind,
                in: subject.document,
                of: subject.object,
                maximumPlaces: Meter.maximumPlaces
            )
            if demand.facets.contains(.tags) { subject.readTags() }
            return nil
        } catch {
            return .tooManyPlaces
        }
    }

    private func namespaceName(_ request: AdmissionRequest) -> String {
        request.namespace.flatMap { request.document.string($0) } ?? ""
    }

    /// A connection has no object that rules could read; what remains is whether there may be one, and what expressions say.
    private func judgeWithoutObject(
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        let subject = subject(nil, in: request.document, request)
        var matches = Matches()
        while let (place, isUndecided) = next(&matches, request) {
            decision.matchedPolicyCount += 1
            let policy = set.policies[place]
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                let context =
                    policy.expressions == nil ? nil : try begin(policy, subject, request, successor: nil, &expressions)
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
    private func governor(_ request: AdmissionRequest) -> BindingCheck.Governor? {
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
        if !names.isEmpty { return .several(names, namespace: namespaceName(request)) }
        return found.map { .binding($0) } ?? .none(namespace: namespaceName(request))
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
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) -> Subject? {
        guard set.hasMutations, request.operation == .create || request.operation == .update else { return nil }
        var run = MutationRun(subject, of: request)
        var matches = Matches()
        while let (place, isUndecided) = next(&matches, request) {
            let policy = set.policies[place]
            guard !policy.mutations.isEmpty else { continue }
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                guard policy.expressions != nil else {
                    try run.apply(policy.mutations, of: policy.name, nil)
                    continue
                }
                // Expressions read the object as the policies before have left it.
                try run.carryOut()
                expressions.unbind()
                guard let context = try begin(policy, run.subject, request, successor: nil, &expressions) else {
                    continue
                }
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
        _ request: AdmissionRequest,
        _ demand: PolicySet.Demand,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        guard request.operation == .update, let old = request.oldObject, report.uncounted == 0 else { return }
        guard report.failures.contains(where: { $0.effect == .deny && $0.source == .policy }) else { return }
        var oldReport = Report(meter: report.meter)
        var oldSubject = self.subject(old, in: request.document, request)
        expressions.unbind()
        let successor = JSONFragment(subject.document, subject.object)
        // What could not be compared is not old.
        guard
            read(demand, of: &oldSubject) == nil,
            judgeOld(oldSubject, request, successor, &oldReport, &expressions), oldReport.uncounted == 0
        else { return }
        let ratchet = Ratchet(oldReport.failures, of: oldSubject)
        report.update { failure in
            guard failure.effect == .deny, failure.reason != .error, ratchet.isOld(failure, of: subject) else { return }
            failure.effect = .ratcheted
            decision.notes.insert(.ratcheted)
        }
    }

    /// Judges what the object was, by those policies that match it as it was; says whether that was possible.
    private func judgeOld(
        _ subject: Subject,
        _ request: AdmissionRequest,
        _ successor: JSONFragment,
        _ report: inout Report,
        _ expressions: inout LazyExpressions
    ) -> Bool {
        var matches = Matches()
        while let (place, isUndecided) = next(&matches, request) {
            // It judged neither the one nor the other.
            if isUndecided { continue }
            if let selector = set.policies[place].match.objectSelector,
                !selector.matches(subject.document, labels: ObjectMeta(of: subject.object, in: subject.document).labels)
            {
                continue
            }
            do throws(EvaluationError) {
                let plan = set.plans[place]
                guard plan.hasExpressions else {
                    try judge(subject, by: plan.rules, &report, nil)
                    continue
                }
                let policy = set.policies[place]
                guard let context = try begin(policy, subject, request, successor: successor, &expressions) else {
                    continue
                }
                try judge(subject, by: plan.rules, &report, context)
                // What broke did not fail.
                _ = context.takeBroken()
            } catch {
                return false
            }
        }
        return true
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
        failures = report.failures
        let found = report.failures.span
        for index in found.indices {
            switch found[index].effect {
            case .deny: denied.add(found[index])
            case .warn:
                warned.add(found[index])
                warnings.append(found[index].description.singleLine)
            case .ratcheted:
                ratcheted.add(found[index])
                warnings.append("\(found[index].description), as before this update".singleLine)
            case .audit: audited.add(found[index])
            }
        }
        if report.uncounted > 0 {
            warnings.append("\(report.uncounted) more failures are not listed")
            notes.insert(.truncated)
        }
        // Nobody has compared what was not counted with anything: it may deny.
        allowed = denied.isEmpty && !report.hasUncountedDenial
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
private struct NameList: ~Copyable {
    private var bytes = TextBuffer()
    private var last: Failure.Origin?

    var isEmpty: Bool { bytes.count == 0 }

    var text: String { String(bytes.span) }

    mutating func add(_ failure: borrowing Failure) {
        if let last, last === failure.origin || last.label == failure.origin.label { return }
        last = failure.origin
        if !isEmpty { bytes.append(", ") }
        bytes.append(failure.origin.label)
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
