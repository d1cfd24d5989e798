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
    ///   - inventory: What is known of other objects; nil if nobody tells.
    ///   - now: What the wall clock says, by which exceptions end; nil if there is no clock, and then none is in force.
    ///   - deadline: When the caller stops waiting; what is not judged by then is an error for its failurePolicy.
    ///   - trace: Hears what every rule found; nil if nobody asks, as on a request's way.
    /// - Returns: The decision, with every failure.
    public func decide(
        _ request: AdmissionRequest,
        mode: DecisionMode,
        inventory: Inventory? = nil,
        now: WallTime? = nil,
        deadline: ContinuousClock.Instant? = nil,
        trace: DecisionTrace? = nil
    ) -> Decision {
        var decision = Decision()
        if !hasBinding { decision.notes.insert(.noBinding) }
        // The API server takes nothing but the status from a write of the sub-resource.
        let isStatusWrite = request.subResource.map { request.document.equals($0, "status") } ?? false
        if isStatusWrite { decision.notes.insert(.statusWrite) }
        let isJudged = !isStatusWrite && !isEmpty && (mode != .mutate || hasMutations)
        if !isJudged && admissionPolicies == nil { return decision }
        var evaluation = RequestEvaluation(self, request, mode, inventory, now)
        var report = Report(meter: Meter(maximumSteps: configuration.maximumSteps, deadline: deadline), trace: trace)
        let listener = trace?.isDetailed == true ? trace : nil
        if let listener { evaluation.tell(request, listener) }
        var expressions = LazyExpressions(deadline: deadline, listener)
        if mode.mutates { evaluation.mutateByAdmissionPolicies(request, &report, &decision, &expressions) }
        if isJudged { evaluation.run(request, &report, &decision, &expressions) }
        evaluation.finish(request, &report, &decision, &expressions)
        evaluation.judgeByNamespace(request, &report, &decision, &expressions)
        if !report.failures.isEmpty || decision.patch != nil {
            report.name(request)
            decision.take(report)
        }
        listener?.finish(decision)
        return decision
    }
}

extension Decision {
    /// What a warning ends in that is none but for what the object was before: the first that goes where room is short.
    package static let ratchetNote = ", as before this update"

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
                warnings.append(found[index].shortLine.singleLine)
            case .ratcheted:
                ratcheted.add(found[index])
                warnings.append((found[index].shortLine + Self.ratchetNote).singleLine)
            case .audit: audited.add(found[index])
            case .waived: use(found[index])
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
        tellExceptions()
        annotate("mutated-by", mutations.joined(separator: ", "))
    }

    /// Notes the exception that waives a failure.
    private mutating func use(_ failure: borrowing Failure) {
        guard let exception = failure.exception else { return }
        let rule = String(decoding: failure.origin.label, as: UTF8.self)
        if let place = exceptions.firstIndex(where: { $0.name == exception.name }) {
            if !exceptions[place].rules.contains(rule) { exceptions[place].rules.append(rule) }
            return
        }
        exceptions.append(
            UsedException(
                name: exception.name,
                rules: [rule],
                expiresAt: exception.expiresAt,
                reason: exception.reason,
                ticket: exception.ticket,
                approvedBy: exception.approvedBy
            )
        )
    }

    /// Says in a line which exceptions were used: the user should know that this ends.
    private mutating func tellExceptions() {
        guard let first = exceptions.first else { return }
        let rules = exceptions.flatMap(\.rules).joined(separator: ", ")
        warnings.insert(
            exceptions.count == 1
                ? "exception \(first.name) waives until \(first.expiresAt): \(rules)"
                : "exceptions \(exceptions.map(\.name).joined(separator: ", ")) waive: \(rules)",
            at: 0
        )
        let texts = exceptions.map { "\($0.name) (\($0.rules.joined(separator: ", ")))" }
        annotate("waived-by", texts.joined(separator: ", "))
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
