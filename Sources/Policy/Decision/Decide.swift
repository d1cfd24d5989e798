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
        if let subResource = request.subResource, request.document.equals(subResource, "status") {
            decision.notes.insert(.statusWrite)
            return decision
        }
        if isEmpty || mode == .mutate && !hasMutations { return decision }
        let evaluation = Evaluation(self, request)
        var report = Report(meter: Meter(maximumSteps: configuration.maximumSteps, deadline: deadline))
        evaluation.run(request, mode, &report, &decision)
        if !report.failures.isEmpty || decision.patch != nil { decision.take(report) }
        return decision
    }
}

/// One request on its way through a set.
private struct Evaluation: ~Copyable {
    let set: PolicySet
    let kind: AzureKind
    let isAzure: Bool
    let position: PolicyIndex.Position

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

    func run(_ request: AdmissionRequest, _ mode: DecisionMode, _ report: inout Report, _ decision: inout Decision) {
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
            judgeKindOnly(request, &report, &decision)
            return
        }
        var subject = subject(object, in: request.document, request)
        if mode != .validate, let mutated = mutate(subject, request, &report, &decision) { subject = mutated }
        guard mode != .mutate else { return }
        if let governor { judge(subject, by: governor, &report) }
        if candidates.exist {
            let unreadable = read(candidates.demand, of: &subject)
            judge(subject, request, unreadable, &report, &decision)
            ratchet(subject, request, candidates.demand, &report, &decision)
        }
    }

    private func note(_ request: AdmissionRequest, _ decision: inout Decision) {
        if kind.isGeneral {
            decision.notes.insert(.generalKind)
        } else if kind.match(version: request.document.utf8(request.kind.version)) == .unlisted {
            decision.notes.insert(.newestVersionPaths)
        }
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
        _ decision: inout Decision
    ) {
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches, request) {
            decision.matchedPolicyCount += 1
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                if let unreadable { throw unreadable }
                try judge(subject, by: set.plans[policy].rules, &report)
            } catch {
                fail(set.policies[policy], "rules", error, &report, &decision)
            }
        }
    }

    /// Tries rules on the subject.
    private func judge(
        _ subject: borrowing Subject,
        by rules: Range<Int>,
        _ report: inout Report
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
            }
        }
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

    /// A connection has no object that rules could read; what remains is whether there may be one.
    private func judgeKindOnly(_ request: AdmissionRequest, _ report: inout Report, _ decision: inout Decision) {
        let subject = subject(nil, in: request.document, request)
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches, request) {
            decision.matchedPolicyCount += 1
            let policy = set.policies[policy]
            if isUndecided { fail(policy, "rules", .unknownNamespace(namespaceName(request)), &report, &decision) }
            for rule in policy.rules where !isUndecided {
                guard case .kinds(let test) = rule.test else { continue }
                test.check(subject, rule, &report)
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
        _ decision: inout Decision
    ) -> Subject? {
        guard set.hasMutations, request.operation == .create || request.operation == .update else { return nil }
        var plan = MutationPlan(subject)
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches, request) {
            let policy = set.policies[policy]
            guard !policy.mutations.isEmpty else { continue }
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                try plan.apply(policy.mutations, of: policy.name)
            } catch {
                fail(policy, "mutations", error, &report, &decision)
            }
        }
        guard let patch = plan.patch else { return nil }
        do throws(JSONPatchError) {
            let document = try patch.apply(to: JSONFragment(subject.document, subject.object))
            decision.patch = patch
            decision.mutations = plan.applied
            return self.subject(document.root, in: document, request)
        } catch {
            report.add(.patch("\(error)"), of: .builtIn, "portcullis", "mutations")
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
        _ decision: inout Decision
    ) {
        guard request.operation == .update, let old = request.oldObject, report.uncounted == 0 else { return }
        guard report.failures.contains(where: { $0.effect == .deny && $0.source == .policy }) else { return }
        var oldReport = Report(meter: report.meter)
        var oldSubject = self.subject(old, in: request.document, request)
        // What could not be compared is not old.
        guard
            read(demand, of: &oldSubject) == nil, judgeOld(oldSubject, request, &oldReport), oldReport.uncounted == 0
        else { return }
        let ratchet = Ratchet(oldReport.failures, of: oldSubject)
        report.update { failure in
            guard failure.effect == .deny, failure.reason != .error, ratchet.isOld(failure, of: subject) else { return }
            failure.effect = .ratcheted
            decision.notes.insert(.ratcheted)
        }
    }

    /// Judges what the object was, by those policies that match it as it was; says whether that was possible.
    private func judgeOld(_ subject: Subject, _ request: AdmissionRequest, _ report: inout Report) -> Bool {
        var matches = Matches()
        while let (policy, isUndecided) = next(&matches, request) {
            // It judged neither the one nor the other.
            if isUndecided { continue }
            if let selector = set.policies[policy].match.objectSelector,
                !selector.matches(subject.document, labels: ObjectMeta(of: subject.object, in: subject.document).labels)
            {
                continue
            }
            do throws(EvaluationError) {
                try judge(subject, by: set.plans[policy].rules, &report)
            } catch {
                return false
            }
        }
        return true
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
