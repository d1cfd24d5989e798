internal import Azure
internal import JSON
internal import Kubernetes

/// What can be said of a policy before there is a request: rules that can never find anything, or that nothing can satisfy.
///
/// Only what could never be meant is an error; all else is a warning.
struct PolicyChecks {
    /// A rule, the place of its body and what it says.
    struct Statement {
        let rule: Rule
        let body: Node
        let claims: Claims

        init(_ rule: Rule, _ element: Node) {
            self.rule = rule
            body = element.body
            claims = rule.test.claims
        }

        /// Whether its claims are all that it says.
        var isComplete: Bool {
            !claims.all.isEmpty
                && body.document.members(of: body.value).allSatisfy {
                    claims.fields.contains(body.document.string($0.key) ?? "")
                }
        }
    }

    let entry: PolicyIndex.Entry
    let statements: [Statement]

    /// The most rules of one policy that are compared with each other.
    private static let maximumRules = 256

    func run() {
        for statement in statements { check(statement) }
        guard statements.count <= Self.maximumRules else { return }
        // What could never pass is an error, and errors enough: whoever mends it will see the rest.
        var faulty: Set<ObjectIdentifier> = []
        for (place, later) in statements.enumerated() {
            for earlier in statements[..<place] where reportContradiction(of: later, earlier) {
                faulty.insert(ObjectIdentifier(later.rule))
                break
            }
        }
        for (place, statement) in statements.enumerated() where !faulty.contains(ObjectIdentifier(statement.rule)) {
            let other = statements.enumerated().first { otherPlace, other in
                guard otherPlace != place, other.covers(statement) else { return false }
                // Of two that say the same the later one is one too many.
                return otherPlace < place || !statement.covers(other)
            }
            guard let other else { continue }
            statement.body.warning(
                .shadowedRule,
                "finds nothing that rule \"\(other.element.rule.name)\" does not find",
                mend: "remove the rule, or let it ask for more"
            )
        }
    }

    // MARK: One rule

    private func check(_ statement: Statement) {
        for claim in statement.claims.all where claim.contradictsItself {
            statement.body.error(
                .contradiction,
                "denies every \(claim.subject) that it allows, so that none passes",
                mend: "take from deny what is to pass"
            )
        }
        if statement.rule.operations == .connect, statement.rule.test.needsObject {
            statement.body.warning(
                .idleRule,
                "is asked on CONNECT alone, where there is no object to judge",
                mend: "add CREATE and UPDATE to spec.match.operations"
            )
        }
        checkFacets(statement)
    }

    /// A rule about what no kind has that the policy matches.
    private func checkFacets(_ statement: Statement) {
        let facets = statement.rule.test.facets
        guard !facets.isEmpty, let matched = statement.body.loading.facets(of: entry.resources) else { return }
        guard facets.isDisjoint(with: matched) else { return }
        let names = Facet.allCases.filter { facets.contains($0) }.map(\.rawValue)
        statement.body.warning(
            .idleRule,
            "is about \(names.joinedForChoice()), which no kind has that the policy matches",
            mend: "match other resources, or remove the rule"
        )
    }

    // MARK: Two rules

    private func reportContradiction(of later: Statement, _ earlier: Statement) -> Bool {
        guard earlier.rule.origin.effect == .deny, later.rule.origin.effect == .deny,
            !earlier.rule.operations.isDisjoint(with: later.rule.operations)
        else { return false }
        for claim in earlier.claims.all {
            for other in later.claims.all where other.subject == claim.subject {
                guard let fault = claim.contradiction(of: other, "rule \"\(earlier.rule.name)\"") else { continue }
                later.body.error(
                    .contradiction,
                    fault,
                    mend: "leave one of the rules, or make a policy of each with a match of its own"
                )
                return true
            }
        }
        return false
    }
}

extension PolicyChecks.Statement {
    /// Whether it fails wherever another does, and with no less effect.
    fileprivate func covers(_ other: PolicyChecks.Statement) -> Bool {
        guard other.isComplete, rule.origin.effect.isAsStrong(as: other.rule.origin.effect),
            rule.operations.isSuperset(of: other.rule.operations), rule.ifAbsent == other.rule.ifAbsent,
            rule.ifUnknown == other.rule.ifUnknown, rule.origin.ratchets == other.rule.origin.ratchets
        else { return false }
        return other.claims.all.allSatisfy { claim in
            claims.all.contains { $0.subject == claim.subject && $0.implies(claim) }
        }
    }
}

extension Failure.Effect {
    /// Whether nothing is lost if this comes of a failure and not the other.
    fileprivate func isAsStrong(as other: Failure.Effect) -> Bool {
        let order: [Failure.Effect] = [.audit, .warn, .deny]
        return (order.firstIndex(of: self) ?? 0) >= (order.firstIndex(of: other) ?? 0)
    }
}

// MARK: Several policies

/// A rule that denies, as far as it can be compared with those of other policies.
struct Contender: Sendable {
    let policy: String
    let rule: String
    let claim: Claim
    let place: PolicyIssue

    /// The most claims about one thing that are compared.
    private static let maximumClaims = 16

    /// Warns of policies with the same match that contradict each other.
    static func reportContradictions(in policies: [AzurePolicyDocument], _ issues: inout IssueList) {
        var seen: [String: [Contender]] = [:]
        for policy in policies.sorted(by: { $0.name < $1.name }) {
            guard let match = policy.comparableMatch else { continue }
            for contender in policy.contenders {
                let key = "\(match)\n\(contender.claim.subject)"
                let others = seen[key, default: []].filter { $0.policy != contender.policy }
                for other in others {
                    let rule = "rule \"\(other.rule)\" of AzurePolicy \(other.policy)"
                    guard let fault = other.claim.contradiction(of: contender.claim, rule) else { continue }
                    issues.append(contender.place.saying(fault))
                    break
                }
                guard seen[key, default: []].count < maximumClaims,
                    !others.contains(where: { $0.claim == contender.claim })
                else { continue }
                seen[key, default: []].append(contender)
            }
        }
    }
}

extension PolicyChecks {
    /// What is compared with other policies.
    func contenders(of policy: String) -> [Contender] {
        statements.filter { $0.rule.origin.effect == .deny }.flatMap { statement in
            statement.claims.all.map { claim in
                Contender(
                    policy: policy,
                    rule: statement.rule.name,
                    claim: claim,
                    place: statement.body.issue(
                        .warning,
                        .contradiction,
                        "",
                        mend: "let the policies match different things, or remove one of the rules"
                    )
                )
            }
        }
    }
}

// MARK: Matches

extension Node {
    /// Reports that what a field takes away is all that there was.
    ///
    /// - Parameters:
    ///   - included: What the policy names; nil if that is everything.
    ///   - excluded: What the field takes away.
    ///   - what: What there is none of then.
    func reportNothingLeft(of included: [Glob]?, without excluded: [Glob], _ what: String) {
        let all = included ?? [Glob("*")]
        guard !all.isEmpty, !excluded.isEmpty else { return }
        let isNothing = all.allSatisfy { glob in excluded.contains { $0.matches(glob.pattern.span) } }
        guard isNothing else { return }
        warning(
            .emptyMatch,
            "takes away every \(what), so that the policy matches nothing",
            mend: "take from it what is meant"
        )
    }
}
