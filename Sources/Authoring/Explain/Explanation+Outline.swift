internal import Azure
internal import Kubernetes
internal import Policy

extension Explanation {
    private typealias Piece = OutlineNode.Piece

    /// The explanation as a tree: first what was decided and because of what, then each policy that is for the object, then in a
    /// line each those that are not.
    func outline(_ filter: ExplanationFilter) -> OutlineNode {
        let decision: Piece = result.isAllowed ? Piece("allowed", .green) : Piece("denied", .red)
        var root = OutlineNode(Piece(result.title, .bold), Piece(": "), decision)
        let matching = policies.filter { $0.match != .differs }
        if matching.isEmpty, notes.reasonForSilence == nil, result.findings.isEmpty {
            root.pieces.append(Piece(", for no policy is for it"))
        }
        root.children.append(
            OutlineNode(
                "\(result.operation.rawValue) of \(result.kind) \(version) by \(user), \(result.place.description)",
                .faint
            )
        )
        if let reason = notes.reasonForSilence { root.children.append(OutlineNode("not judged: \(reason)", .yellow)) }
        if notes.contains(.generalKind) {
            root.children.append(OutlineNode("the kind is not in the tables; it is read by the usual fields", .yellow))
        }
        root.children += findings(filter)
        for policy in policies where filter.includes(policy: policy.document) {
            guard policy.match != .differs || filter.isVerbose || filter.namesPolicies else { continue }
            root.children.append(policyNode(policy, filter))
        }
        let mutations = mutationNodes(filter)
        if !mutations.isEmpty {
            var node = OutlineNode("mutations", .bold, children: mutations)
            if !result.isAllowed { node.pieces.append(Piece(": nothing of them remains, for the object is denied")) }
            root.children.append(node)
        }
        let exceptions = exceptionNodes(filter)
        if !exceptions.isEmpty { root.children.append(OutlineNode("exceptions", .bold, children: exceptions)) }
        if cost > 0 { root.children.append(OutlineNode("expressions cost \(cost)", .faint)) }
        // What is for other kinds or operations last: it is hardly what somebody wonders about.
        let others = policies.filter { $0.match == .differs && filter.includes(policy: $0.document) }
            .enumerated().sorted { ($0.element.remoteness, $0.offset) < ($1.element.remoteness, $1.offset) }
            .map(\.element)
        if !others.isEmpty && !filter.isVerbose && !filter.namesPolicies {
            root.children.append(
                OutlineNode(
                    Piece("not for it", .bold),
                    Piece(": \(others.count) of \(policies.count)"),
                    children: others.map { policy in
                        OutlineNode(Piece(policy.title), Piece(": \(policy.reason?.whyNot ?? "")", .faint))
                    },
                    isOpen: false
                )
            )
        }
        return root
    }

    // MARK: What was decided

    /// What is told of the object, the worst first.
    private func findings(_ filter: ExplanationFilter) -> [OutlineNode] {
        var shown: [CheckReport.Finding] = []
        for finding in result.findings {
            let isWanted = finding.policy.isEmpty || filter.includes(policy: finding.policy)
            if isWanted && filter.includes(rule: finding.rule) { shown.append(finding) }
        }
        let groups: [(title: String, style: TextStyle, findings: [CheckReport.Finding])] = [
            ("denied by", .red, shown.filter { $0.level == .error }),
            ("warnings", .yellow, shown.filter { $0.level == .warning }),
            ("only logged", .faint, shown.filter { $0.effect == .audit }),
            ("waived", .faint, shown.filter { $0.effect == .waived }),
        ]
        var nodes = groups.filter { !$0.findings.isEmpty }.map { group in
            OutlineNode(
                group.title,
                group.style,
                children: group.findings.map { finding in
                    OutlineNode(
                        Piece("\(finding.place.position) ", .faint),
                        Piece(finding.policy.isEmpty ? "" : "\(finding.code): ", .bold),
                        Piece(finding.message),
                        Piece(finding.link == nil ? "" : "; see "),
                        Piece(finding.link ?? "", .plain, .link)
                    )
                }
            )
        }
        let hidden = result.findings.count - shown.count
        if hidden > 0 {
            let denials = result.deniedCount - shown.count { $0.level == .error }
            let worst = denials > 0 ? "; denials among them: \(denials)" : ""
            nodes.append(OutlineNode("\(hidden) more of other policies or rules\(worst)", .faint))
        }
        return nodes
    }

    // MARK: Policies

    private func policyNode(_ policy: PolicyTrace, _ filter: ExplanationFilter) -> OutlineNode {
        var children: [OutlineNode] = [match(of: policy, filter)]
        if let fault = policy.fault {
            children.append(
                OutlineNode(
                    Piece("! ", .red, .mark("error")),
                    Piece("could not be evaluated: ", .red),
                    Piece("\(fault); failurePolicy \(policy.failurePolicy.rawValue)")
                )
            )
        }
        let rules = policy.rules.filter { filter.includes(rule: $0.name) }
        children += rules.map { ruleNode($0, filter) }
        if policy.cost > 0 { children.append(OutlineNode("cost \(policy.cost)", .faint)) }
        var node = OutlineNode(Piece(policy.title, .bold), children: children)
        switch policy.match {
        case .matches:
            let own = mutations.filter {
                $0.document == policy.document && $0.binding == policy.binding && $0.round == 0
            }
            node.pieces.append(Piece(policy.summary(made: own.count { !$0.changes.isEmpty }, of: own.count)))
            // Who wonders why it was denied looks for what failed.
            node.isOpen =
                result.isAllowed || filter.namesPolicies || filter.namesRules || policy.fault != nil
                || rules.contains(where: \.verdict.isBad)
        case .unknown: node.pieces.append(Piece(": cannot be told whether it is for the object", .red))
        case .differs:
            node.pieces.append(Piece(": not for it: \(policy.reason?.whyNot ?? "")", .faint))
            node.isOpen = false
        }
        return node
    }

    private func match(of policy: PolicyTrace, _ filter: ExplanationFilter) -> OutlineNode {
        let isFull = filter.isVerbose || policy.match != .matches
        if !isFull {
            let asked = policy.aspects.map { "\($0.field) \($0.wanted)" }.joined(separator: "; ")
            return OutlineNode(asked.isEmpty ? "for everything" : "for \(asked)", .faint)
        }
        let aspects = policy.aspects.map { aspect in
            var node = OutlineNode(
                Piece("\(aspect.fits.mark) ", aspect.fits.style, .mark(aspect.fits.word)),
                Piece("\(aspect.field): \(aspect.wanted); \(aspect.found)")
            )
            if let expression = aspect.expression, filter.isVerbose || aspect.fits != true {
                node.children = expression.partNodes
            }
            return node
        }
        return OutlineNode("match", children: aspects)
    }

    // MARK: Rules

    private func ruleNode(_ rule: RuleTrace, _ filter: ExplanationFilter) -> OutlineNode {
        let findings = findings(of: rule)
        let isSaid = rule.name.hasPrefix(rule.field)
        let name = rule.name.isEmpty ? rule.field : isSaid ? rule.name : "\(rule.name) (\(rule.field))"
        let with = rule.parameter.map { " with \($0)" } ?? ""
        var node: OutlineNode
        switch rule.verdict {
        case .passed: node = OutlineNode(Piece("✓ ", .green, .mark("passed")), Piece("\(name)\(with)"))
        case .failed:
            let isDenied = findings.contains { $0.level == .error }
            node = OutlineNode(
                Piece("✗ ", isDenied ? .red : .yellow, .mark("failed")),
                Piece("\(name)\(with): \(effects(of: findings, rule))")
            )
        case .doesNotApply(let why): node = OutlineNode("– \(name): does not apply: \(why)", .faint)
        case .broken(let why):
            node = OutlineNode(
                Piece("! ", .red, .mark("error")),
                Piece("\(name)\(with): could not be evaluated: \(why)")
            )
        case .notReached(let why): node = OutlineNode("· \(name): not tried: \(why)", .faint)
        }
        let isFull = filter.isVerbose || rule.verdict.isBad
        if case .doesNotApply = rule.verdict, !filter.isVerbose { return node }
        node.children = rule.places.filter { isFull || $0.state != .absent || $0.text != nil }.map { facetNode($0) }
        node.children += rule.expressions.map { expression in
            OutlineNode(
                Piece("\(expression.role.words): ", .faint),
                Piece(expression.source.shortenedInside(to: 160), .plain, .code),
                Piece(" → "),
                Piece(expression.value, expression.isBroken ? .red : .bold, .code),
                Piece(expression.cost > 0 ? "  cost \(expression.cost)" : "", .faint),
                children: isFull ? expression.partNodes : [],
                isOpen: rule.verdict.isBad
            )
        }
        return node
    }

    /// What came of a rule's failures.
    private func effects(of findings: [CheckReport.Finding], _ rule: RuleTrace) -> String {
        var words: [String] = []
        for finding in findings {
            let word: String
            switch finding.effect {
            case .deny: word = "denies"
            case .warn: word = "warns"
            case .audit: word = "is only logged"
            case .ratcheted: word = "only warns, for the object was so before"
            case .waived: word = "waived by exception \(rule.exception ?? "")"
            case nil: continue
            }
            if !words.contains(word) { words.append(word) }
        }
        return words.isEmpty ? "fails, beyond the failures that are listed" : words.joined(separator: ", ")
    }

    private func facetNode(_ facet: FacetTrace) -> OutlineNode {
        let (place, field) = place(of: facet)
        let (state, value): (Piece, Piece) =
            switch facet.state {
            case .known: (Piece(" = "), Piece(facet.text ?? "", .plain, .code))
            case .absent:
                (Piece(facet.text.map { " is not set; Azure takes \($0)" } ?? " is not set", .faint), Piece(""))
            case .unknown: (Piece(" is not known: \(facet.text ?? "")", .yellow), Piece(""))
            }
        return OutlineNode(
            Piece("\(place.position) ", .faint),
            Piece(field, .plain, .code),
            state,
            value,
            Piece("  \(facet.facet.rawValue)\(facet.part.map { ".\($0.rawValue)" } ?? "")", .faint)
        )
    }

    // MARK: Mutations and exceptions

    private func mutationNodes(_ filter: ExplanationFilter) -> [OutlineNode] {
        mutations.filter { filter.includes(policy: $0.document) && filter.includes(rule: $0.name) }.map { mutation in
            let name = "\(mutation.document)/\(mutation.name)"
            let again = mutation.round > 0 ? " (round \(mutation.round + 1))" : ""
            let expressions = mutation.expressions.map { expression in
                OutlineNode(
                    Piece("\(expression.role.words): ", .faint),
                    Piece(expression.source.shortenedInside(to: 160), .plain, .code),
                    Piece(" → "),
                    Piece(expression.value, .plain, .code),
                    children: filter.isVerbose ? expression.partNodes : [],
                    isOpen: false
                )
            }
            if let fault = mutation.fault {
                return OutlineNode(
                    Piece("! ", .red, .mark("error")),
                    Piece("\(name): \(fault)"),
                    children: expressions
                )
            }
            if let idle = mutation.idle {
                let shown = filter.isVerbose ? expressions : []
                return OutlineNode("– \(name): nothing: \(idle)", .faint, children: shown)
            }
            let changes = mutation.changes.map { change in
                OutlineNode(
                    Piece(change.path, .plain, .code),
                    Piece(": "),
                    change.before.map { Piece($0, .plain, .code) } ?? Piece("not set"),
                    Piece(" → "),
                    change.after.map { Piece($0, .plain, .code) } ?? Piece("gone")
                )
            }
            return OutlineNode(Piece("✓ ", .green, .mark("made")), Piece(name + again), children: changes + expressions)
        }
    }

    private func exceptionNodes(_ filter: ExplanationFilter) -> [OutlineNode] {
        var nodes: [OutlineNode] = []
        for exception in exceptions {
            let rules = exception.rules.filter { name in
                guard let slash = name.lastIndex(of: "/") else { return false }
                return filter.includes(policy: String(name[..<slash]))
                    && filter.includes(rule: String(name[name.index(after: slash)...]))
            }
            let concerned = rules.filter { concerns($0) }
            if rules.isEmpty || (concerned.isEmpty && !filter.isVerbose) { continue }
            let list = (filter.isVerbose ? rules : concerned).joined(separator: ", ")
            if exception.fits {
                let ticket = exception.ticket.map { ", \($0)" } ?? ""
                let why = "\(exception.name) waives \(list) until \(exception.expiresAt): \(exception.reason)\(ticket)"
                nodes.append(OutlineNode(Piece("✓ ", .green, .mark("in force")), Piece(why)))
            } else {
                let why = exception.aspects.first { $0.fits != true }?.whyNot ?? ""
                nodes.append(OutlineNode("– \(exception.name) does not waive \(list): \(why)", .faint))
            }
        }
        return nodes
    }

    /// Whether a rule that an exception names is of a policy that is for the object.
    private func concerns(_ rule: String) -> Bool {
        policies.contains { policy in
            policy.match != .differs && policy.rules.contains { "\(policy.document)/\($0.name)" == rule }
        }
    }
}

// MARK: - Words

extension PolicyTrace {
    /// `AzurePolicy everyone`, with the binding of one of Kubernetes' own.
    var title: String {
        let name = document.split(separator: "/").last.map(String.init) ?? document
        let place =
            source == .namespacePolicy ? document.split(separator: "/").dropLast().last.map { "\($0)/" } ?? "" : ""
        return "\(source.rawValue) \(place)\(name)" + (binding.map { " (binding \($0))" } ?? "")
    }
}

extension PolicyTrace {
    /// How far a policy is from being for the object.
    fileprivate var remoteness: Int {
        switch reason?.field {
        case "resources", "subject", "matchConstraints.resourceRules": 2
        case "operations": 1
        default: 0
        }
    }
}

extension PolicyTrace.Aspect {
    /// What is asked and what there is instead.
    var whyNot: String { "\(field): \(wanted.shortenedInside(to: 160)); \(found)" }
}

extension PolicyTrace {
    /// How many rules came to what, and how many mutations were made.
    fileprivate func summary(made: Int, of mutations: Int) -> String {
        func count(_ isMeant: (RuleTrace.Verdict) -> Bool, _ word: String) -> String? {
            let number = rules.count { isMeant($0.verdict) }
            return number == 0 ? nil : "\(number) \(word)"
        }
        let parts = [
            count({ $0 == .failed }, "failed"),
            count({ if case .broken = $0 { true } else { false } }, "broken"),
            count({ $0 == .passed }, "passed"),
            count({ if case .doesNotApply = $0 { true } else { false } }, "not applicable"),
            count({ if case .notReached = $0 { true } else { false } }, "not tried"),
            mutations == 0 ? nil : "\(made) of \(mutations) mutations",
        ].compactMap { $0 }
        return parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    }
}

extension RuleTrace.Verdict {
    /// Whether somebody will want to know why.
    fileprivate var isBad: Bool {
        switch self {
        case .failed, .broken: true
        case .passed, .doesNotApply, .notReached: false
        }
    }
}

extension CheckReport.Result {
    /// How many findings deny it.
    fileprivate var deniedCount: Int { findings.count { $0.level == .error } }
}

extension Bool? {
    fileprivate var mark: String { self.map { $0 ? "✓" : "✗" } ?? "?" }
    /// The mark in a word.
    fileprivate var word: String { self.map { $0 ? "fits" : "does not fit" } ?? "cannot be told" }
    fileprivate var style: TextStyle { self.map { $0 ? .green : .red } ?? .yellow }
}

extension Report.Place {
    /// `line:column`, for the file is known; the file where nothing more is.
    fileprivate var position: String { line > 0 ? "\(line):\(column)" : file }
}

extension ExpressionTrace {
    /// What its parts gave, but for the whole, which stands above them.
    fileprivate var partNodes: [OutlineNode] {
        let isWhole = parts.last?.value == value
        return (isWhole ? parts.dropLast() : parts[...]).map { part in
            OutlineNode(
                OutlineNode.Piece(part.text.shortenedInside(to: 96), .plain, .code),
                OutlineNode.Piece(" → \(part.value)", .faint)
            )
        }
    }
}

extension ExpressionTrace.Role {
    /// As the policy calls it.
    var words: String {
        switch self {
        case .expression: "expression"
        case .message: "messageExpression"
        case .condition(let name): "condition \(name)"
        case .variable(let name): "variables.\(name)"
        case .value: "value"
        case .annotation: "auditAnnotation"
        }
    }
}
