internal import JSON
internal import Policy

/// What became of small changes of policies: each should make some test fail.
public struct MutationReport: Sendable {
    /// A change that no test noticed.
    public struct Survivor: Sendable, Hashable {
        /// The policy's file.
        public let file: String
        /// Where what was changed stands, from 1.
        public let line: Int
        /// The column of that place, from 1.
        public let column: Int
        /// The policy's name.
        public let policy: String
        /// The rule or mutation; empty if it is about all of the policy.
        public let rule: String
        /// The field that was changed.
        public let field: String
        /// What was changed, in words that follow the field.
        public let change: String
    }

    /// How many changes some test noticed.
    public internal(set) var killed = 0
    /// How many made no policy, so that there was nothing to test.
    public internal(set) var invalid = 0
    /// How many were not tried, because there are too many.
    public internal(set) var untried = 0
    /// The changes that no test noticed, by place.
    public internal(set) var survivors: [Survivor] = []

    /// The most changes that are tried in one run.
    ///
    /// A change takes a millisecond or two, so that this is a coffee's time.
    public static let maximumMutants = 20_000

    /// How many changes were tested.
    public var testedCount: Int { killed + survivors.count }
}

/// The tests of a suite, kept to be run again with other policies.
struct SuiteStand {
    let bench: SuiteBench
    let trials: [SuiteTrial]
    /// What the tests have seen refused, by policy and rule.
    let refused: [(key: String, value: String)]
}

extension SuiteRun {
    /// Changes policies, each change by itself, and runs the tests of those suites that use the file.
    ///
    /// Takes what has been run so far; the run must have been begun with the task `.mutation`. Does nothing if a test has
    /// failed or something is wrong, for a change would not be what makes it fail.
    ///
    /// - Parameter progress: Hears how many changes have been tried, and of how many.
    public mutating func mutate(progress: (_ tried: Int, _ all: Int) -> Void = { _, _ in }) {
        guard report.errors.isEmpty, report.failedCount == 0, !stands.isEmpty else { return }
        let clock = ContinuousClock()
        let start = clock.now
        defer { report.duration += clock.now - start }
        var result = MutationReport()
        let files = Set(stands.flatMap(\.bench.policyFiles)).sorted()
        var mutants: [(mutant: Mutant, originals: [JSONDocument])] = []
        for file in files {
            guard let originals = try? library.documents(of: file) else { continue }
            var refused: [String: Set<String>] = [:]
            for stand in stands where stand.bench.policyFiles.contains(file) {
                for (key, value) in stand.refused { refused[key, default: []].insert(value) }
            }
            for (number, document) in originals.enumerated() {
                let found = MutantFinder(document, number: number, of: file, refused: refused).mutants
                mutants += found.map { ($0, originals) }
            }
        }
        result.untried = max(0, mutants.count - MutationReport.maximumMutants)
        mutants.removeLast(result.untried)
        for (place, item) in mutants.enumerated() {
            progress(place, mutants.count)
            switch outcome(of: item.mutant, item.originals) {
            case .killed: result.killed += 1
            case .invalid: result.invalid += 1
            case .survived: result.survivors.append(MutationReport.Survivor(item.mutant))
            }
        }
        result.survivors.sort { ($0.file, $0.line, $0.column, $0.field) < ($1.file, $1.line, $1.column, $1.field) }
        report.mutation = result
    }

    private enum Outcome {
        case killed
        case survived
        case invalid
    }

    private func outcome(of mutant: Mutant, _ originals: [JSONDocument]) -> Outcome {
        guard let documents = mutant.documents(of: originals) else { return .invalid }
        // With some values of parameters it may be none: then the author would be told, and nothing is left to test.
        var isPolicy = true
        for stand in stands where stand.bench.policyFiles.contains(mutant.file) {
            var sets: [[String: [UInt8]]: PolicySet?] = [:]
            for var trial in stand.trials {
                let set: PolicySet?
                if let known = sets[trial.parameterKey] {
                    set = known
                } else {
                    set = stand.bench.set(for: trial, replacing: mutant.file, by: documents)
                    sets[trial.parameterKey] = .some(set)
                }
                guard let set else {
                    isPolicy = false
                    continue
                }
                trial.set = set
                if !trial.run(at: now).differences.isEmpty { return .killed }
            }
        }
        return isPolicy ? .survived : .invalid
    }
}

extension MutationReport.Survivor {
    init(_ mutant: Mutant) {
        self.init(
            file: mutant.file,
            line: mutant.position.line,
            column: mutant.position.column,
            policy: mutant.policy,
            rule: mutant.rule,
            field: mutant.field,
            change: mutant.change
        )
    }
}
