internal import JSON
internal import Kubernetes
internal import Policy

/// A case with all that it takes to run it.
struct SuiteTrial {
    let request: AdmissionRequest
    var set: PolicySet
    /// The values of policies' parameters that the suite and the case give.
    let parameters: [String: JSONFragment]
    let inventory: Inventory?
    /// When it is asked; nil for whatever the clock says.
    let time: WallTime?
    let expectation: Expectation
    /// The object that mutations are to make; nil if the case does not say.
    let patched: JSONFragment?
    /// The file that holds this object.
    let snapshotFile: String?
    /// The file that is to hold it and is not there yet.
    let newSnapshot: String?

    /// What the policies depend on, as far as it is the case's.
    var parameterKey: [String: [UInt8]] { parameters.mapValues { $0.document.bytes(of: $0.value) } }

    private typealias Difference = TestReport.Difference

    /// What came of a question.
    struct Outcome {
        var differences: [TestReport.Difference] = []
        let findings: Findings
        /// The object as mutations leave it; nil if nothing is left, or the request is denied.
        let patched: JSONFragment?
        /// The mutations that had something to do, as `policy/mutation`.
        let mutations: [String]
        /// Whether another day would have brought another answer: an exception decided, and the case does not say when it is
        /// asked.
        let dependsOnClock: Bool
    }

    /// Asks the policies and compares.
    ///
    /// - Parameters:
    ///   - now: What the clock says, for a case that does not say when it is asked.
    ///   - trace: Hears what every rule found.
    /// - Returns: What came of it.
    func run(at now: WallTime?, _ trace: DecisionTrace? = nil) -> Outcome {
        let decision = set.decide(
            request,
            mode: .mutateAndValidate,
            inventory: inventory,
            now: time ?? now,
            trace: trace
        )
        var findings = Findings(decision)
        var isAllowed = decision.allowed
        if let only = expectation.only {
            findings = findings.only(only)
            isAllowed = findings.failures.isEmpty
        }
        var differences: [TestReport.Difference] = []
        let isExpectedAllowed = expectation.verdict == .allow
        if isAllowed != isExpectedAllowed {
            differences.append(
                Difference(
                    subject: "decision",
                    expected: expectation.verdict.rawValue,
                    actual: (isAllowed ? Expectation.Verdict.allow : .deny).rawValue
                )
            )
        }
        compare("failures", expectation.failures, findings.failures, &differences)
        compare("warnings", expectation.warnings, findings.warnings, &differences)
        compare("audits", expectation.audits, findings.audits, &differences)
        var patched: JSONFragment?
        if decision.allowed && isExpectedAllowed && expectation.only == nil {
            patched = comparePatched(decision, &differences)
        }
        return Outcome(
            differences: differences,
            findings: findings,
            patched: patched,
            mutations: decision.mutations,
            dependsOnClock: time == nil && !decision.exceptions.isEmpty
        )
    }

    private func compare(
        _ subject: String,
        _ patterns: [Expectation.Pattern],
        _ findings: [Finding],
        _ differences: inout [TestReport.Difference]
    ) {
        for pattern in patterns where pattern.count == 0 {
            for finding in findings where pattern.matches(finding) {
                let expected = "no \(pattern.description)"
                differences.append(Difference(subject: subject, expected: expected, actual: finding.line))
            }
        }
        let wanted = patterns.flatMap { Array(repeating: $0, count: $0.count) }
        let matching = Matching(wanted, findings)
        var left = findings.indices.filter { !matching.isTaken($0) }
        for (place, pattern) in wanted.enumerated() where matching.finding(of: place) == nil {
            // One of the same rule that nothing else expects is what was meant.
            guard let near = left.firstIndex(where: { pattern.isNear(findings[$0]) }) else {
                differences.append(Difference(subject: subject, expected: pattern.description, actual: nil))
                continue
            }
            let finding = findings[left.remove(at: near)]
            let label = "\(finding.policy ?? "")/\(finding.rule ?? ""): "
            for (expected, actual) in pattern.differences(from: finding) {
                differences.append(Difference(subject: subject, expected: label + expected, actual: label + actual))
            }
        }
        guard expectation.isExhaustive else { return }
        for place in left where !patterns.contains(where: { $0.count == 0 && $0.matches(findings[place]) }) {
            differences.append(Difference(subject: subject, expected: nil, actual: findings[place].line))
        }
    }

    // MARK: The patched object

    /// The most places of an object that are told to differ.
    private static let maximumPlaces = 20

    /// Compares the object as mutations leave it, and gives it.
    private func comparePatched(
        _ decision: Decision,
        _ differences: inout [TestReport.Difference]
    ) -> JSONFragment? {
        guard let object = request.object else {
            if patched != nil {
                differences.append(
                    Difference(subject: "patched", expected: "an object", actual: "nothing: the object goes")
                )
            }
            return nil
        }
        let before = JSONFragment(request.document, object)
        let after: JSONFragment
        do throws(JSONPatchError) {
            after = JSONFragment(try (decision.patch ?? JSONPatch()).apply(to: before))
        } catch {
            differences.append(Difference(subject: "patched", expected: "a patch that applies", actual: "\(error)"))
            return nil
        }
        guard patched != nil || expectation.isExhaustive else { return after }
        // What the API server fills in is no difference.
        let wanted = (patched ?? before).withNamespace(of: after)
        let places = JSONPatch.difference(from: wanted, to: after).operations
        for operation in places.prefix(Self.maximumPlaces) {
            differences.append(
                Difference(
                    subject: "patched",
                    expected: Self.text(of: wanted, at: operation.path),
                    actual: Self.text(of: after, at: operation.path)
                )
            )
        }
        if places.count > Self.maximumPlaces {
            differences.append(
                Difference(
                    subject: "patched",
                    expected: nil,
                    actual: "\(places.count - Self.maximumPlaces) more places differ"
                )
            )
        }
        return after
    }

    /// A place of an object and what stands there, unless that is a secret.
    private static func text(of object: JSONFragment, at place: JSONPointer) -> String? {
        guard let value = object.document.value(at: place, from: object.value) else { return nil }
        let isSecret =
            object.document.member("kind", of: object.value).map { object.document.equals($0, "Secret") } ?? false
        let path = place.tokens.joined(separator: ".")
        if isSecret, let first = place.tokens.first, first == "data" || first == "stringData" {
            return "\(path): (redacted)"
        }
        let source = String(decoding: object.document.bytes(of: value), as: UTF8.self)
        return "\(path): \(source.count > 160 ? source.prefix(159) + "…" : source)"
    }
}

extension JSONFragment {
    /// The object without its namespace, if another says none.
    func withNamespace(ifIn other: JSONFragment) -> JSONFragment {
        guard ObjectMeta(of: other.value, in: other.document).namespace == nil,
            ObjectMeta(of: value, in: document).namespace != nil
        else { return self }
        let patch = JSONPatch([.remove(JSONPointer(tokens: ["metadata", "namespace"]))])
        return (try? patch.apply(to: self)).map { JSONFragment($0) } ?? self
    }

    /// The object with another's namespace, if it says none.
    fileprivate func withNamespace(of other: JSONFragment) -> JSONFragment {
        guard let namespace = ObjectMeta(of: other.value, in: other.document).namespace,
            ObjectMeta(of: value, in: document).namespace == nil
        else { return self }
        let place = JSONPointer(tokens: ["metadata", "namespace"])
        let patch = JSONPatch([.add(place, JSONFragment(other.document, namespace))])
        // An object without metadata differs, whatever its namespace.
        guard let patched = try? patch.apply(to: self) else { return self }
        return JSONFragment(patched)
    }
}

/// Which pattern stands for which finding: as many of both as possible, each once.
private struct Matching {
    /// The pattern that took each finding.
    private var takers: [Int?]
    private var choices: [Int?]

    init(_ patterns: [Expectation.Pattern], _ findings: [Finding]) {
        takers = Array(repeating: nil, count: findings.count)
        choices = Array(repeating: nil, count: patterns.count)
        let fits = patterns.map { pattern in findings.indices.filter { pattern.matches(findings[$0]) } }
        for pattern in patterns.indices {
            var seen: Set<Int> = []
            _ = take(pattern, fits, &seen)
        }
        for (finding, taker) in takers.enumerated() {
            if let taker { choices[taker] = finding }
        }
    }

    /// Finds a pattern its finding, and who had that another one.
    private mutating func take(_ pattern: Int, _ fits: [[Int]], _ seen: inout Set<Int>) -> Bool {
        for finding in fits[pattern] where seen.insert(finding).inserted {
            if let other = takers[finding], !take(other, fits, &seen) { continue }
            takers[finding] = pattern
            return true
        }
        return false
    }

    func isTaken(_ finding: Int) -> Bool { takers[finding] != nil }

    func finding(of pattern: Int) -> Int? { choices[pattern] }
}
