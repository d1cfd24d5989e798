internal import Azure
internal import JSON
public import Kubernetes

extension PolicySet {
    /// Judges a request, mutates its object, or both.
    ///
    /// One evaluator for webhook, command line and tests. Nothing is allocated for a request that passes without warning or
    /// patch, however many policies there are.
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
        if mode == .mutate && !hasMutations { return decision }
        var evaluation = Evaluation(set: self, request: request, deadline: deadline)
        evaluation.run(mode, &decision)
        return decision
    }
}

/// One request on its way through a set.
private struct Evaluation {
    let set: PolicySet
    let request: AdmissionRequest
    let kind: AzureKind
    let position: PolicyIndex.Position
    var report: Report

    init(set: PolicySet, request: AdmissionRequest, deadline: ContinuousClock.Instant?) {
        self.set = set
        self.request = request
        let document = request.document
        let group = document.utf8(request.kind.group)
        let tables = set.configuration.tables
        let known = tables.kind(group: group, kind: document.utf8(request.kind.name))
        kind = known ?? tables.general
        func name() -> [UInt8] {
            Array("\(document.string(request.kind.group) ?? "")/\(document.string(request.kind.name) ?? "")".utf8)
        }
        position = set.index.position(
            namespace: document.text(of: request.namespace),
            kind: known?.index,
            operation: request.operation,
            name: name
        )
        report = Report(meter: Meter(maximumSteps: set.configuration.maximumSteps, deadline: deadline))
    }

    private var kindName: String {
        let document = request.document
        return "\(document.string(request.kind.group) ?? "")/\(document.string(request.kind.name) ?? "")"
    }

    private func subject(_ object: JSONValue) -> Subject {
        Subject(
            document: request.document,
            object: object,
            kind: kind,
            tables: set.configuration.tables,
            isAzure: !kind.isGeneral || AzureTables.isAzure(group: request.document.utf8(request.kind.group)),
            isSecret: kind.isGeneral && request.document.equals(request.kind.name, "Secret")
        )
    }

    mutating func run(_ mode: DecisionMode, _ decision: inout Decision) {
        note(&decision)
        let governor = governor()
        guard governor != nil || hasCandidates else { return }
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
            guard mode != .mutate else { return }
            let origin = Report.Origin(
                source: .builtIn,
                policy: "portcullis",
                rule: "being-deleted",
                effect: .deny,
                message: nil
            )
            report.add(
                origin,
                .forbidden,
                .text(
                    message: "may not change while the object is being deleted",
                    mend: "wait until it is gone, then create it anew"
                ),
                at: "spec"
            )
            finish(&decision)
            return
        }
        guard let object = request.subject else {
            judgeKindOnly(&decision)
            finish(&decision)
            return
        }
        var judged = subject(object)
        if mode != .validate, let mutated = mutate(judged, &decision) { judged = mutated }
        if mode != .mutate {
            if let governor { judge(judged, by: governor) }
            judge(judged, &decision)
            ratchet(judged, &decision)
        }
        finish(&decision)
    }

    private func note(_ decision: inout Decision) {
        if kind.isGeneral {
            decision.notes.insert(.generalKind)
        } else if kind.match(version: request.document.utf8(request.kind.version)) == .unlisted {
            decision.notes.insert(.newestVersionPaths)
        }
    }

    // MARK: Policies

    private var hasCandidates: Bool {
        for word in 0..<set.index.wordCount {
            let (matching, undecided) = set.index.word(word, at: position)
            if matching | undecided != 0 { return true }
        }
        return false
    }

    /// Calls `body` with each policy that matches the request, in the order of their names; `undecided` tells those of
    /// which the index could not say so.
    private func forEachPolicy(_ body: (PolicySet.Policy, _ undecided: Bool) -> Void) {
        for word in 0..<set.index.wordCount {
            let (matching, undecided) = set.index.word(word, at: position)
            var bits = matching | undecided
            while bits != 0 {
                let bit = bits.trailingZeroBitCount
                bits &= bits &- 1
                let policy = set.policies[word &* 64 &+ bit]
                if !policy.match.isEverything && !matches(policy.match) { continue }
                body(policy, undecided & 1 << UInt64(bit) != 0)
            }
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

    private mutating func judge(_ subject: Subject, _ decision: inout Decision) {
        var report = self.report
        var matched = 0
        var broken: [(PolicySet.Policy, EvaluationError)] = []
        forEachPolicy { policy, undecided in
            matched += 1
            do throws(EvaluationError) {
                if undecided {
                    throw .unknownNamespace(request.namespace.flatMap { request.document.string($0) } ?? "")
                }
                try policy.judge(subject, name: kindName, &report)
            } catch {
                broken.append((policy, error))
            }
        }
        self.report = report
        decision.matchedPolicyCount += matched
        for (policy, error) in broken { fail(policy, "rules", error, &decision) }
    }

    /// A connection has no object that rules could read; what remains is whether there may be one.
    private mutating func judgeKindOnly(_ decision: inout Decision) {
        var report = self.report
        var matched = 0
        forEachPolicy { policy, undecided in
            matched += 1
            for rule in policy.rules {
                guard case .kinds(let test) = rule.test else { continue }
                try? test.check(kind, name: { kindName }, policy.origin(of: rule), &report)
            }
        }
        self.report = report
        decision.matchedPolicyCount += matched
    }

    /// The one place in which an evaluation that broke becomes an answer.
    private mutating func fail(
        _ policy: PolicySet.Policy,
        _ part: String,
        _ error: EvaluationError,
        _ decision: inout Decision
    ) {
        decision.notes.insert(.broken)
        switch policy.failurePolicy {
        case .fail:
            let origin = Report.Origin(source: .policy, policy: policy.name, rule: part, effect: .deny, message: nil)
            report.add(
                origin,
                .error,
                .text(message: "could not be judged by the policy: \(error)", mend: "ask the platform team"),
                at: "request"
            )
        case .ignore:
            decision.warnings.append("policy \(policy.name) was skipped: \(error)".singleLine)
        }
    }

    // MARK: Bindings

    /// Who answers for the subject's identity; nil if nobody is asked.
    private func governor() -> BindingCheck.Governor? {
        guard set.hasBinding, request.operation == .create || request.operation == .update else { return nil }
        let document = request.document
        guard !kind.isGeneral || AzureTables.isAzure(group: document.utf8(request.kind.group)) else { return nil }
        let match = set.bindingIndex.match(document.text(of: request.namespace))
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
        let namespace = request.namespace.flatMap { document.string($0) } ?? ""
        if !names.isEmpty { return .several(names, namespace: namespace) }
        return found.map { .binding($0) } ?? .none(namespace: namespace)
    }

    private mutating func judge(_ subject: Subject, by governor: BindingCheck.Governor) {
        do throws(EvaluationError) {
            try BindingCheck(governor: governor).check(subject, &report)
        } catch {
            // An AzureBinding always fails closed.
            let origin = Report.Origin(
                source: .binding,
                policy: "binding",
                rule: "evaluation",
                effect: .deny,
                message: nil
            )
            report.add(
                origin,
                .error,
                .text(message: "could not be judged by the AzureBinding: \(error)", mend: "make the object smaller"),
                at: "request"
            )
        }
    }

    // MARK: Mutations

    /// Puts the mutations' patch into the decision; the object as it leaves it, if there is one.
    private mutating func mutate(_ subject: Subject, _ decision: inout Decision) -> Subject? {
        guard set.hasMutations, request.operation == .create || request.operation == .update else { return nil }
        var plan = MutationPlan(subject)
        var broken: [(PolicySet.Policy, EvaluationError)] = []
        forEachPolicy { policy, undecided in
            guard !policy.mutations.isEmpty else { return }
            do throws(EvaluationError) {
                if undecided {
                    throw .unknownNamespace(request.namespace.flatMap { request.document.string($0) } ?? "")
                }
                try plan.apply(policy.mutations, of: policy.name)
            } catch {
                broken.append((policy, error))
            }
        }
        for (policy, error) in broken { fail(policy, "mutations", error, &decision) }
        guard let patch = plan.patch else { return nil }
        do throws(JSONPatchError) {
            let document = try patch.apply(to: JSONFragment(subject.document, subject.object))
            decision.patch = patch
            decision.mutations = plan.applied
            return Subject(
                document: document,
                object: document.root,
                kind: kind,
                tables: subject.tables,
                isAzure: subject.isAzure,
                isSecret: subject.isSecret
            )
        } catch {
            let origin = Report.Origin(
                source: .builtIn,
                policy: "portcullis",
                rule: "mutations",
                effect: .deny,
                message: nil
            )
            report.add(
                origin,
                .error,
                .text(message: "could not be mutated: \(error)", mend: "ask the platform team"),
                at: "request"
            )
            return nil
        }
    }

    // MARK: Outcome

    /// Turns denials that the old object had already into warnings.
    private mutating func ratchet(_ subject: Subject, _ decision: inout Decision) {
        guard request.operation == .update, let old = request.oldObject, report.uncounted == 0 else { return }
        guard report.findings.contains(where: { $0.failure.effect == .deny && $0.failure.source == .policy }) else {
            return
        }
        let oldSubject = self.subject(old)
        var oldReport = Report(meter: report.meter)
        var isBroken = false
        forEachPolicy { policy, undecided in
            if undecided || isBroken { return }
            if let selector = policy.match.objectSelector,
                !selector.matches(request.document, labels: ObjectMeta(of: old, in: request.document).labels)
            {
                return
            }
            do throws(EvaluationError) {
                try policy.judge(oldSubject, name: kindName, &oldReport)
            } catch {
                isBroken = true
            }
        }
        // What could not be compared is not old.
        guard !isBroken, oldReport.uncounted == 0 else { return }
        let ratchet = Ratchet(oldReport.findings, of: oldSubject)
        var hasRatcheted = false
        report.update { finding in
            guard finding.failure.effect == .deny, finding.failure.reason != .error, ratchet.isOld(finding, of: subject)
            else {
                return
            }
            finding.failure.effect = .ratcheted
            hasRatcheted = true
        }
        if hasRatcheted { decision.notes.insert(.ratcheted) }
    }

    /// Writes what was found into the decision.
    private func finish(_ decision: inout Decision) {
        guard !report.findings.isEmpty || decision.patch != nil else { return }
        var names: [Failure.Effect: [String]] = [:]
        for finding in report.findings {
            let failure = finding.failure
            names[failure.effect, default: []].append("\(failure.policy)/\(failure.rule)")
            switch failure.effect {
            case .deny: decision.allowed = false
            case .warn: decision.warnings.append(failure.description.singleLine)
            case .ratcheted: decision.warnings.append("\(failure.description), as before this update".singleLine)
            case .audit: break
            }
            decision.failures.append(failure)
        }
        if report.uncounted > 0 {
            decision.warnings.append("\(report.uncounted) more failures are not listed")
            decision.notes.insert(.truncated)
        }
        annotate("denied-by", names[.deny], &decision)
        annotate("warned-by", names[.warn], &decision)
        annotate("audited-by", names[.audit], &decision)
        annotate("ratcheted-by", names[.ratcheted], &decision)
        annotate("mutated-by", decision.mutations.isEmpty ? nil : decision.mutations, &decision)
        // The patch of what is refused is nobody's.
        if !decision.allowed { decision.patch = nil }
    }

    private func annotate(_ key: String, _ names: [String]?, _ decision: inout Decision) {
        guard let names else { return }
        var seen: Set<String> = []
        decision.auditAnnotations.append((key, names.filter { seen.insert($0).inserted }.joined(separator: ", ")))
    }
}

extension PolicySet.Policy {
    func origin(of rule: Rule) -> Report.Origin {
        let effect: Failure.Effect =
            switch rule.action {
            case .deny: .deny
            case .warn: .warn
            case .audit: .audit
            }
        return Report.Origin(source: .policy, policy: name, rule: rule.name, effect: effect, message: rule.message)
    }

    /// Tries every rule on the subject.
    func judge(_ subject: borrowing Subject, name: @autoclosure () -> String, _ report: inout Report)
        throws(EvaluationError)
    {
        for rule in rules {
            let origin = origin(of: rule)
            switch rule.test {
            case .locations(let test): try test.check(subject, rule, origin, &report)
            case .skus(let test): try test.check(subject, rule, origin, &report)
            case .tags(let test): try test.check(subject, rule, origin, &report)
            case .naming(let test): try test.check(subject, rule, origin, &report)
            case .exposure(let test): try test.check(subject, rule, origin, &report)
            case .kinds(let test): try test.check(subject.kind, name: name, origin, &report)
            }
        }
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
