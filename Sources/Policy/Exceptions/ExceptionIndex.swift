internal import Azure
internal import JSON
internal import Kubernetes

/// The exceptions of a set, found as policies are.
final class ExceptionIndex: Sendable {
    private let exceptions: [PolicyException]
    private let rules: [[Rule]]
    private let index: PolicyIndex

    /// - Parameters:
    ///   - exceptions: The exceptions with the rules that they waive.
    ///   - kinds: `group/Kind` of the kinds that requests ask for by number.
    init(_ exceptions: [(document: PolicyExceptionDocument, rules: [Rule])], kinds: [String]) {
        let sorted = exceptions.sorted { $0.document.exception.name < $1.document.exception.name }
        self.exceptions = sorted.map(\.document.exception)
        rules = sorted.map(\.rules)
        index = PolicyIndex(sorted.map(\.document.entry), namespaces: [], kinds: kinds)
    }

    var count: Int { exceptions.count }

    /// How many of them waive nothing any more.
    func expiredCount(at now: WallTime) -> Int { exceptions.count { !$0.isInForce(at: now) } }

    /// When the next of them ends.
    func nextExpiry(after now: WallTime) -> WallTime? {
        exceptions.filter { $0.isInForce(at: now) }.map(\.expiresAt).min()
    }

    /// Whether any of them names a rule.
    func waives(_ rule: Rule) -> Bool { rules.contains { $0.contains { $0 === rule } } }

    private func position(of subject: borrowing Subject, _ request: AdmissionRequest) -> PolicyIndex.Position {
        let kind = subject.kind
        let type = subject.type
        return index.position(
            namespace: request.document.text(of: request.namespace),
            kind: kind.isGeneral ? nil : kind.index,
            operation: request.operation
        ) {
            Array(type.name.utf8)
        }
    }

    /// The rules that are waived for a subject, and by which exception: the first by name.
    func waivers(
        of subject: borrowing Subject,
        _ request: AdmissionRequest,
        at now: WallTime?
    ) -> Waivers {
        let position = position(of: subject, request)
        var waivers = Waivers()
        for word in 0..<index.wordCount {
            var bits = index.word(word, at: position).matching
            while bits != 0 {
                let place = word * 64 + bits.trailingZeroBitCount
                bits &= bits - 1
                let exception = exceptions[place]
                guard exception.isInForce(at: now), exception.covers(subject, request) else { continue }
                for rule in rules[place] where waivers[rule] == nil { waivers.add(exception, rule) }
            }
        }
        return waivers
    }
}

extension ExceptionIndex {
    /// What each exception is to a subject, asked as `waivers` asks.
    func tell(
        of subject: borrowing Subject,
        _ request: AdmissionRequest,
        at now: WallTime?
    ) -> [ExceptionTrace] {
        let position = position(of: subject, request)
        let words = RequestWords(request)
        return exceptions.indices.map { place in
            let exception = exceptions[place]
            var aspects = index.aspects(place, at: position, words).filter { $0.field != "operations" }
            aspects.append(
                PolicyTrace.Aspect(
                    "expiresAt",
                    "\(exception.expiresAt)",
                    found: now.map { $0 < exception.expiresAt ? "not yet" : "expired" } ?? "no clock tells",
                    fits: exception.isInForce(at: now)
                )
            )
            aspects += exception.aspects(of: subject, request, words)
            return ExceptionTrace(
                name: exception.name,
                rules: rules[place].map { String(decoding: $0.origin.label, as: UTF8.self) },
                expiresAt: exception.expiresAt,
                reason: exception.reason,
                ticket: exception.ticket,
                aspects: aspects
            )
        }
    }
}

/// The rules that are waived for one request.
struct Waivers {
    private var exceptions: [ObjectIdentifier: PolicyException] = [:]

    var isEmpty: Bool { exceptions.isEmpty }

    subscript(_ rule: Rule) -> PolicyException? { exceptions[ObjectIdentifier(rule)] }

    fileprivate mutating func add(_ exception: PolicyException, _ rule: Rule) {
        exceptions[ObjectIdentifier(rule)] = exception
    }
}

/// A PolicyException that a decision made use of.
public struct UsedException: Hashable, Sendable {
    /// Its `metadata.name`.
    public let name: String
    /// The rules that would have failed, as `policy/rule`.
    public internal(set) var rules: [String]
    /// When it ends.
    public let expiresAt: WallTime
    /// Why there is one.
    public let reason: String
    /// Where it was asked for, if it says so.
    public let ticket: String?
    /// Who answers for it.
    public let approvedBy: String
}
