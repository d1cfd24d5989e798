internal import Policy

/// Something that a decision tells: a failure, or a line of a warning.
struct Finding {
    /// All that is said.
    let line: String
    var policy: String?
    var rule: String?
    var field: String?
    var value: String?
    /// What is said behind policy and rule.
    let message: String

    init(_ failure: Failure) {
        line = failure.description
        policy = failure.policy
        rule = failure.rule
        field = failure.path
        value = failure.value
        let label = "\(failure.document)/\(failure.rule): "
        message = line.hasPrefix(label) ? String(line.dropFirst(label.count)) : line
    }

    init(warning: String) {
        line = warning
        message = warning
    }

    /// A warning about a failure: its line, and maybe more behind it.
    init(warning: String, of failure: Failure) {
        let finding = Finding(failure)
        line = warning
        policy = finding.policy
        rule = finding.rule
        field = finding.field
        value = finding.value
        message = finding.message + warning.dropFirst(failure.shortLine.count)
    }
}

/// What a decision tells, by what came of it.
struct Findings {
    var failures: [Finding] = []
    var warnings: [Finding] = []
    var audits: [Finding] = []

    init(_ decision: Decision) {
        var lines = decision.warnings
        for failure in decision.failures {
            switch failure.effect {
            case .deny: failures.append(Finding(failure))
            case .audit, .waived: audits.append(Finding(failure))
            case .warn, .ratcheted:
                let start = failure.shortLine
                guard let place = lines.firstIndex(where: { $0.hasPrefix(start) }) else {
                    warnings.append(Finding(failure))
                    continue
                }
                warnings.append(Finding(warning: lines.remove(at: place), of: failure))
            }
        }
        warnings += lines.map { Finding(warning: $0) }
    }
}

extension Findings {
    /// What rules tell, and nothing else.
    func only(_ rules: [Expectation.RuleName]) -> Findings {
        var result = self
        let isMeant: (Finding) -> Bool = { finding in rules.contains { $0.names(finding) } }
        result.failures = failures.filter(isMeant)
        result.warnings = warnings.filter(isMeant)
        result.audits = audits.filter(isMeant)
        return result
    }

    /// The values that rules find wrong, each with the rule.
    var refused: [(key: String, value: String)] {
        (failures + warnings + audits).compactMap { finding in
            guard let policy = finding.policy, let rule = finding.rule, let value = finding.value else { return nil }
            return (MutantFinder.key(policy, rule), value)
        }
    }
}
