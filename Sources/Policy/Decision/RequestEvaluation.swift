internal import Azure
internal import JSON
internal import Kubernetes

/// One request on its way through a set.
struct RequestEvaluation: ~Copyable {
    let set: PolicySet
    let mode: DecisionMode
    let kind: AzureKind
    let isAzure: Bool
    let position: PolicyIndex.Position
    /// What is known of other objects; nil if nobody tells.
    let inventory: Inventory?
    /// What the wall clock says, by which exceptions end.
    let now: WallTime?
    /// What Kubernetes' mutating policies have made of the object, and by which operations; nil if nothing.
    var admitted: (object: JSONFragment, patch: JSONPatch, mutations: [String])?
    /// What the AzurePolicies have judged and NamespaceAzurePolicies are to judge after all others; nil if none is for it.
    var judged: Subject?

    // The request is handed from function to function: a copy of it costs as much as a rule.
    init(
        _ set: PolicySet,
        _ request: borrowing AdmissionRequest,
        _ mode: DecisionMode,
        _ inventory: Inventory?,
        _ now: WallTime?
    ) {
        self.set = set
        self.mode = mode
        self.now = now
        self.inventory = inventory
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

    func subject(_ object: JSONValue?, in document: JSONDocument, _ request: AdmissionRequest) -> Subject {
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

    mutating func run(
        _ request: AdmissionRequest,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        let governor = governor(request)
        let candidates = candidates(set.clusterTier)
        let isJudgedByNamespace = mode != .mutate && self.candidates(set.namespaceTier).exist
        guard governor != nil || candidates.exist || isJudgedByNamespace else { return }
        if isAzure || candidates.exist || isJudgedByNamespace { note(request, &decision) }
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
            if isJudgedByNamespace { judged = subject(nil, in: request.document, request) }
            judgeWithoutObject(request, set.clusterTier, &report, &decision, &expressions)
            return
        }
        let start = admitted?.object ?? JSONFragment(request.document, object)
        var subject = subject(start.value, in: start.document, request)
        if mode.mutates, let mutated = mutate(subject, request, &report, &decision, &expressions) {
            subject = mutated
        }
        guard mode != .mutate else { return }
        if isJudgedByNamespace { judged = subject }
        if let governor { judge(subject, request, by: governor, &report) }
        if candidates.exist {
            let unreadable = read(candidates.demand, of: &subject) ?? hiddenFields(of: subject, request)
            judge(subject, request, set.clusterTier, unreadable, &report, &decision, &expressions)
            ratchet(subject, request, set.clusterTier, candidates.demand, &report, &decision, &expressions)
        }
    }

    /// Notes by which paths the object is read; what a binding asks of Secrets and Namespaces reads none.
    func note(_ request: AdmissionRequest, _ decision: inout Decision) {
        if kind.isGeneral {
            decision.notes.insert(.generalKind)
        } else if kind.match(version: request.document.utf8(request.kind.version)) == .unlisted {
            decision.notes.insert(.newestVersionPaths)
        }
    }

    // MARK: Policies

    /// Whether the index knows a policy for the request, and what the rules of all of them ask of an object.
    func candidates(_ tier: PolicySet.Tier) -> (exist: Bool, demand: PolicySet.Demand) {
        var exist = false
        var demand = PolicySet.Demand()
        for word in tier.firstWord..<tier.endOfWords {
            let (matching, undecided) = set.index.word(word, at: position)
            var bits = matching | undecided
            exist = exist || bits != 0
            while bits != 0 {
                demand.formUnion(set.plans[word &* 64 &+ bits.trailingZeroBitCount &- tier.padding].demand)
                bits &= bits &- 1
            }
        }
        return (exist, demand)
    }

    /// The policies that match the request, in the order of their names, and of each whether the index could say so.
    struct Matches {
        let tier: PolicySet.Tier
        var word: Int
        var bits: UInt64 = 0
        var undecided: UInt64 = 0

        init(_ tier: PolicySet.Tier) {
            self.tier = tier
            word = tier.firstWord &- 1
        }
    }

    /// Goes on to the next policy that matches.
    ///
    /// - Returns: The policy's place, and whether only the namespace's labels could tell that it matches, which are not known.
    func next(_ matches: inout Matches, _ request: AdmissionRequest) -> (policy: Int, isUndecided: Bool)? {
        while true {
            while matches.bits == 0 {
                matches.word &+= 1
                guard matches.word < matches.tier.endOfWords else { return nil }
                let (matching, undecided) = set.index.word(matches.word, at: position)
                matches.bits = matching | undecided
                matches.undecided = undecided
            }
            let bit = matches.bits.trailingZeroBitCount
            matches.bits &= matches.bits &- 1
            let policy = matches.word &* 64 &+ bit &- matches.tier.padding
            if !set.plans[policy].matchesEverybody, !self.matches(set.policies[policy].match, request) { continue }
            return (policy, matches.undecided & 1 << UInt64(bit) != 0)
        }
    }

    func matches(_ match: PolicyMatch, _ request: AdmissionRequest) -> Bool {
        guard match.matches(request.userInfo, in: request.document) else { return false }
        guard let selector = match.objectSelector else { return true }
        return matches(selector, request)
    }

    func matches(_ selector: LabelSelector, _ request: AdmissionRequest) -> Bool {
        // As webhooks do: the old object counts too, or taking a label away would be the way out.
        for case let object? in [request.object, request.oldObject] {
            if selector.matches(request.document, labels: ObjectMeta(of: object, in: request.document).labels) {
                return true
            }
        }
        return false
    }

    func judge(
        _ subject: borrowing Subject,
        _ request: AdmissionRequest,
        _ tier: PolicySet.Tier,
        _ unreadable: EvaluationError?,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        var matches = Matches(tier)
        var waivers: Waivers?
        expressions.unbind()
        while let (place, isUndecided) = next(&matches, request) {
            decision.matchedPolicyCount += 1
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                if let unreadable { throw unreadable }
                let plan = set.plans[place]
                if plan.isPlain {
                    try judge(subject, request, by: plan.rules, &report, nil)
                } else {
                    try judge(place, subject, request, &waivers, &report, &decision, &expressions)
                }
            } catch {
                fail(set.policies[place], "rules", error, &report, &decision)
            }
        }
    }

    /// Judges by a policy that has expressions, or rules that an exception names, or where there is no object to be judged.
    private func judge(
        _ place: Int,
        _ subject: borrowing Subject,
        hasObject: Bool = true,
        _ request: AdmissionRequest,
        _ waivers: inout Waivers?,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) throws(EvaluationError) {
        let plan = set.plans[place]
        let policy = set.policies[place]
        var context: ExpressionContext?
        if plan.hasExpressions {
            context = try begin(policy, subject, request, successor: nil, &expressions)
            guard context != nil else {
                decision.matchedPolicyCount -= 1
                return
            }
        }
        var waived = Waivers()
        if plan.mayBeWaived, let exceptions = set.exceptions {
            waived = waivers ?? exceptions.waivers(of: subject, request, at: now)
            waivers = waived
            if let trace = report.trace, trace.isDetailed {
                trace.exceptions = exceptions.tell(of: subject, request, at: now)
            }
        }
        if waived.isEmpty && hasObject {
            try judge(subject, request, by: plan.rules, &report, context)
        } else {
            for index in plan.rules {
                if !hasObject && set.rules[index].test.needsObject { continue }
                guard let exception = waived[set.rules[index]] else {
                    try judge(subject, request, by: index..<index + 1, &report, context)
                    continue
                }
                var found = Report(meter: report.meter, trace: report.trace)
                do throws(EvaluationError) {
                    try judge(subject, request, by: index..<index + 1, &found, context)
                } catch {
                    found.add(error, Failure.Origin(brokenBy: set.rules[index].origin))
                }
                waive(set.rules[index], found, exception, &report)
            }
        }
        for (rule, error) in context?.takeBroken() ?? [] {
            if let exception = waived[rule] {
                var found = Report(meter: report.meter)
                found.add(error, Failure.Origin(brokenBy: rule.origin))
                waive(rule, found, exception, &report)
            } else {
                fail(policy, rule, error, &report, &decision)
            }
        }
    }

    /// Takes over what a rule found that an exception waives.
    private func waive(_ rule: Rule, _ found: Report, _ exception: PolicyException, _ report: inout Report) {
        let count = report.failures.count
        report.add(found, waivedBy: exception)
        report.trace?.change(rule.name, of: rule.origin.document) { told in
            told.exception = exception.name
            // Those before were the places of another report.
            told.failures = Array(count..<report.failures.count)
            if case .broken = told.verdict { told.verdict = .broken("it could not be evaluated") }
        }
    }

    /// Tries rules on the subject.
    ///
    /// - Parameters:
    ///   - subject: What is judged.
    ///   - request: The request.
    ///   - rules: Which rules of the set.
    ///   - report: Where failures go.
    ///   - expressions: The context of the policy's expressions; nil if it has none.
    ///   - isOld: Whether the subject is the object before the UPDATE.
    /// - Throws: If a rule cannot be judged.
    func judge(
        _ subject: borrowing Subject,
        _ request: AdmissionRequest,
        by rules: Range<Int>,
        _ report: inout Report,
        _ expressions: ExpressionContext?,
        isOld: Bool = false
    ) throws(EvaluationError) {
        for index in rules {
            let rule = set.rules[index]
            if isOld && !rule.origin.ratchets { continue }
            let found = report.failures.count
            switch rule.test {
            case .locations(let test): try test.check(subject, rule, &report)
            case .skus(let test): try test.check(subject, rule, &report)
            case .tags(let test): try test.check(subject, rule, &report)
            case .naming(let test): try test.check(subject, request, rule, &report)
            case .exposure(let test): try test.check(subject, rule, &report)
            case .kinds(let test): test.check(subject, rule, &report)
            case .cel(let test): test.judge(subject, rule, &report, try expressions.orBroken())
            case .circumstantial(let test):
                try test.check(subject, circumstances(of: request, isOld: isOld), rule, &report)
            }
            // To look whether there is one takes no reference.
            if report.trace != nil {
                report.note(rule, subject, isBroken: expressions?.isBroken(rule) ?? false, since: found)
            }
        }
    }

    func circumstances(of request: AdmissionRequest, isOld: Bool) -> Circumstances {
        Circumstances(
            request: request,
            set: set,
            namespaces: set.namespaceObjects,
            inventory: inventory,
            prices: set.prices,
            isOld: isOld,
            isForeign: mode == .validateForeign
        )
    }

    /// Begins with a policy that has expressions.
    ///
    /// - Returns: What they are evaluated in; nil if a condition says that the policy is not for the request.
    @inline(__always)
    func begin(
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
        guard let expressions = policy.expressions else { return nil }
        if context.trace != nil { return try match(policy, expressions, request, context) ? context : nil }
        return try expressions.match(request, context) ? context : nil
    }

    /// Asks the conditions for somebody who wants to know what they say.
    @inline(never)
    private func match(
        _ policy: PolicySet.Policy,
        _ expressions: PolicyExpressions,
        _ request: AdmissionRequest,
        _ context: ExpressionContext
    ) throws(EvaluationError) -> Bool {
        var holds: Bool?
        defer {
            context.trace?.noteConditions(expressions.conditions, of: policy.origin("").document, holds: holds)
        }
        let matches = try expressions.match(request, context)
        holds = matches
        return matches
    }

    /// Finds the places that rules will look at; says why if that is not possible.
    func read(_ demand: PolicySet.Demand, of subject: inout Subject) -> EvaluationError? {
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

    /// Whether an object keeps fields where no rule looks.
    ///
    /// Azure Service Operator's storage versions keep fields of newer versions as JSON in strings, and its conversion takes
    /// them from there: what is written so would pass by every rule. What is being deleted is what was judged.
    func hiddenFields(of subject: borrowing Subject, _ request: AdmissionRequest) -> EvaluationError? {
        guard
            isAzure, request.object != nil,
            request.document.utf8(request.kind.version).endsWith("storage"),
            let spec = subject.document.member("spec", of: subject.object), subject.document.hasPropertyBag(spec)
        else { return nil }
        return .hiddenFields
    }

    func namespaceName(_ request: AdmissionRequest) -> String {
        request.namespace.flatMap { request.document.string($0) } ?? ""
    }

    /// A connection has no object that rules could read; what remains is whether there may be one, and what expressions say.
    func judgeWithoutObject(
        _ request: AdmissionRequest,
        _ tier: PolicySet.Tier,
        _ report: inout Report,
        _ decision: inout Decision,
        _ expressions: inout LazyExpressions
    ) {
        let subject = subject(nil, in: request.document, request)
        var matches = Matches(tier)
        var waivers: Waivers?
        while let (place, isUndecided) = next(&matches, request) {
            decision.matchedPolicyCount += 1
            do throws(EvaluationError) {
                if isUndecided { throw .unknownNamespace(namespaceName(request)) }
                try judge(place, subject, hasObject: false, request, &waivers, &report, &decision, &expressions)
            } catch {
                fail(set.policies[place], "rules", error, &report, &decision)
            }
        }
    }

    /// The one place in which an evaluation that broke becomes an answer.
    func fail(
        _ policy: PolicySet.Policy,
        _ part: String,
        _ error: EvaluationError,
        _ report: inout Report,
        _ decision: inout Decision
    ) {
        decision.notes.insert(.broken)
        report.trace?.fail(policy.origin(part).document, with: error)
        switch policy.failurePolicy {
        case .fail: report.add(error, policy.origin(part))
        case .ignore:
            decision.warnings.append("policy \(policy.origin(part).document) was skipped: \(error)".singleLine)
        }
    }

    /// The same for one rule, whose action says what a failure means.
    func fail(
        _ policy: PolicySet.Policy,
        _ rule: Rule,
        _ error: EvaluationError,
        _ report: inout Report,
        _ decision: inout Decision
    ) {
        decision.notes.insert(.broken)
        let count = report.failures.count
        defer {
            report.trace?.change(rule.name, of: rule.origin.document) { told in
                told.verdict = .broken("\(error)")
                told.failures = Array(count..<report.failures.count)
            }
        }
        switch (policy.failurePolicy, rule.origin.effect) {
        case (.fail, _): report.add(error, Failure.Origin(brokenBy: rule.origin))
        case (.ignore, .audit): break
        case (.ignore, _):
            decision.warnings.append("rule \(rule.origin.document)/\(rule.name) was skipped: \(error)".singleLine)
        }
    }

}

extension ExpressionContext? {
    /// The context; a policy with expressions is always given one, and must not pass if it is not.
    func orBroken() throws(EvaluationError) -> ExpressionContext {
        guard let self else { throw .expression("expressions cannot be evaluated here") }
        return self
    }
}

extension JSONDocument {
    /// Whether there is a `$propertyBag` with something in it, at any depth.
    fileprivate func hasPropertyBag(_ value: JSONValue) -> Bool {
        if value.isArray { return elements(of: value).contains { hasPropertyBag($0) } }
        guard value.isObject else { return false }
        if let bag = member("$propertyBag", of: value), bag.isObject, count(of: bag) > 0 { return true }
        return members(of: value).contains { hasPropertyBag($0.value) }
    }

    /// The bytes of a string that may not be there: none then.
    @_lifetime(borrow self)
    func text(of value: JSONValue?) -> Span<UInt8> {
        guard let value else { return text.extracting(0..<0) }
        return utf8(value)
    }
}
