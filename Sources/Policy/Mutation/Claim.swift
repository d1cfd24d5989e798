internal import Azure
internal import JSON
internal import Kubernetes

extension Mutation {
    /// What a mutation says of one field or tag, for the comparison with other policies.
    struct Claim: Sendable {
        enum Will: Equatable, Sendable {
            case sets(String)
            case defaults(String)
            case removes
        }

        /// The field or `tag name`, in one spelling.
        let target: String
        let will: Will
        /// Where it says so, to be given a message.
        let place: PolicyIssue

        init(_ target: String, _ will: Will, _ node: Node) {
            self.target = target
            self.will = will
            place = node.issue(
                .warning,
                .conflictingMutations,
                "",
                mend:
                    "say it in one policy only, or let their matches differ: mutations come in the order of policy names"
            )
        }

        init(tag name: String, _ will: Will, _ node: Node) {
            self.init("tag \(name.lowercased())", will, node)
        }
    }
}

/// Finds policies that give one field two values.
///
/// The order of their names decides between them, so that the outcome is always the same; what is reported is that somebody
/// wrote a value that nobody gets.
enum MutationConflicts {
    /// The most pairs of claims that are compared.
    private static let maximumComparisons = 20_000

    /// - Parameters:
    ///   - policies: In any order.
    ///   - namespaces: Those of the folder.
    ///   - kinds: `group/Kind` of the kinds of the tables.
    ///   - issues: Where warnings go.
    static func report(
        _ policies: [AzurePolicyDocument],
        namespaces: [PolicyIndex.Namespace],
        kinds: [String],
        _ issues: inout IssueList
    ) {
        let policies = policies.filter { !$0.mutations.isEmpty }.sorted { $0.name < $1.name }
        var claims: [String: [(policy: Int, claim: Mutation.Claim)]] = [:]
        for (number, policy) in policies.enumerated() {
            for claim in policy.mutations.flatMap(\.claims) {
                claims[claim.target, default: []].append((number, claim))
            }
        }
        var left = maximumComparisons
        for (_, claims) in claims.sorted(by: { $0.key < $1.key }) {
            for (place, later) in claims.enumerated() {
                for earlier in claims.prefix(place) where earlier.policy != later.policy {
                    guard left > 0 else { return }
                    left -= 1
                    guard let text = contradiction(earlier.claim, later.claim, policies[earlier.policy].name),
                        PolicyOverlap.mayBothMatch(
                            policies[earlier.policy],
                            policies[later.policy],
                            namespaces: namespaces,
                            kinds: kinds
                        )
                    else { continue }
                    issues.append(later.claim.place.saying(text))
                    break
                }
            }
        }
    }

    /// What a later policy's claim makes of an earlier one; nil if they go together.
    private static func contradiction(_ earlier: Mutation.Claim, _ later: Mutation.Claim, _ policy: String) -> String? {
        let place = "\(policy) (\(earlier.place.file):\(earlier.place.line))"
        return switch (earlier.will, later.will) {
        case (.sets(let first), .sets(let second)) where first != second:
            "\(later.target) is set to another value by \(place), which this one overwrites"
        case (.defaults(let first), .defaults(let second)) where first != second:
            "\(later.target) is given another default by \(place), which comes first"
        case (.sets, .removes), (.defaults, .removes):
            "\(later.target) is given a value by \(place), which this one takes away"
        default: nil
        }
    }
}

/// Whether two policies can be for one request.
enum PolicyOverlap {
    static func mayBothMatch(
        _ first: AzurePolicyDocument,
        _ second: AzurePolicyDocument,
        namespaces: [PolicyIndex.Namespace],
        kinds: [String]
    ) -> Bool {
        guard !first.entry.operations.isDisjoint(with: second.entry.operations) else { return false }
        return mayShare(first.entry.resources, second.entry.resources, known: kinds)
            && mayShareNamespace(first.entry, second.entry, namespaces)
    }

    private static func mayShareNamespace(
        _ first: PolicyIndex.Entry,
        _ second: PolicyIndex.Entry,
        _ namespaces: [PolicyIndex.Namespace]
    ) -> Bool {
        if first.namespaceSelector == nil && second.namespaceSelector == nil {
            return mayShare(first.namespaces, second.namespaces, known: namespaces.map(\.name))
        }
        // Labels are known of the folder's namespaces only, and of others no selector is ever satisfied.
        return namespaces.contains { namespace in
            [first, second].allSatisfy { entry in
                let fits = entry.namespaces.matches(namespace.name)
                return fits && entry.namespaceSelector?.matches(namespace.document, labels: namespace.labels) ?? true
            }
        }
    }

    private static func mayShare(_ first: PatternIndex.Entry, _ second: PatternIndex.Entry, known: [String]) -> Bool {
        if known.contains(where: { first.matches($0) && second.matches($0) }) { return true }
        guard let mine = first.included, let theirs = second.included else { return true }
        return mine.contains { glob in
            theirs.contains { other in
                glob.mayShareName(with: other)
                    && (!glob.isLiteral || (first.matches(glob.description) && second.matches(glob.description)))
                    && (!other.isLiteral || (first.matches(other.description) && second.matches(other.description)))
            }
        }
    }
}

extension PatternIndex.Entry {
    fileprivate func matches(_ name: String) -> Bool {
        (included.map { $0.contains { $0.matches(name) } } ?? true) && !excluded.contains { $0.matches(name) }
    }
}

extension Glob {
    /// Whether some name fits both.
    fileprivate func mayShareName(with other: Glob) -> Bool {
        if isLiteral { return other.matches(description) }
        if other.isLiteral { return matches(other.description) }
        // Between the ends, stars on both sides make room for anything.
        let (start, otherStart) = (literalPrefix, other.literalPrefix)
        let end = pattern.reversed().prefix { $0 != UInt8(ascii: "*") }
        let otherEnd = other.pattern.reversed().prefix { $0 != UInt8(ascii: "*") }
        return zip(start, otherStart).allSatisfy { $0 == $1 } && zip(end, otherEnd).allSatisfy { $0 == $1 }
    }
}
