public import CEL
public import JSON
public import Policy

/// Runs suites: reads them and what they name, asks the policies, compares.
///
/// The same evaluator as the webhook's, with mutations and rules in one go. Suites are read and run one after the other; what
/// is wrong with one is reported and does not keep others from being run.
public struct SuiteRun {
    let files: any SuiteFiles
    private let filter: RegularExpression?
    private let tasks: Tasks
    let now: WallTime?
    let library: PolicyLibrary
    var report = TestReport()
    private var coverage = CoverageRecord()
    private(set) var stands: [SuiteStand] = []
    /// What suites' files are to say else.
    var edits: [String: [SnapshotEdit]] = [:]
    /// The objects of files that are written anew.
    var snapshotFiles: [String: JSONFragment] = [:]
    /// Files that suites have named.
    private var used: Set<String> = []
    private var suiteFiles: Set<String> = []
    /// Where each suite's name of a folder was first used.
    private var names: [String: String] = [:]

    /// What is to be done beside the tests.
    public struct Tasks: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8

        /// Takes the bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Count what tests make of every rule.
        public static let coverage = Tasks(rawValue: 1 << 0)
        /// Keep the tests for `mutate`.
        public static let mutation = Tasks(rawValue: 1 << 1)
        /// Write what mutations make of objects into the suites that expect something else.
        public static let snapshots = Tasks(rawValue: 1 << 2)
    }

    /// The largest file, in bytes: many times what people write.
    public static let maximumFileBytes = 8 << 20

    /// Begins a run.
    ///
    /// - Parameters:
    ///   - files: Where files come from.
    ///   - filter: Matches `suite/case` of those that are to be run; nil for all.
    ///   - tasks: What is to be done beside the tests.
    ///   - now: What the clock says: when cases are asked that do not say it; nil if there is no clock, and then no exception
    ///     is in force for them.
    ///   - configuration: What policies are read and asked with.
    public init(
        files: any SuiteFiles,
        filter: RegularExpression? = nil,
        tasks: Tasks = [],
        now: WallTime? = nil,
        configuration: PolicyConfiguration = PolicyConfiguration()
    ) {
        self.files = files
        self.filter = filter
        self.tasks = tasks
        self.now = now
        var configuration = configuration
        // A test must not fail because the machine is busy.
        configuration.maximumExpressionTime = .seconds(60)
        library = PolicyLibrary(files: files, configuration: configuration)
    }

    /// Reports something that could not be tested.
    public mutating func add(_ issue: PolicyIssue) {
        report.issues.append(issue)
    }

    /// Reads a file and runs the suites in it; a file that holds none does nothing.
    ///
    /// - Parameters:
    ///   - file: Its path, as `files` writes it.
    ///   - isAsked: Whether somebody named the file itself, so that one without a suite is a fault.
    /// - Returns: How many cases have been run in all.
    @discardableResult
    public mutating func run(_ file: String, isAsked: Bool = false) -> Int {
        let clock = ContinuousClock()
        let start = clock.now
        defer { report.duration += clock.now - start }
        let bytes: [UInt8]
        do throws(SuiteFileError) {
            bytes = try files.contents(of: file)
        } catch {
            report.issues.append(PolicyIssue(file: file, message: error.message, mend: error.mend))
            return report.caseCount
        }
        if bytes.containsWord("PolicyTest") {
            run(bytes, file)
        } else if isAsked {
            report.issues.append(
                PolicyIssue(file: file, message: "holds no PolicyTest", mend: "name a suite, or a folder with suites")
            )
        }
        return report.caseCount
    }

    private mutating func run(_ bytes: [UInt8], _ file: String) {
        let documents: [JSONDocument]
        do throws(YAMLError) {
            documents = try JSONDocument.parseYAML(bytes)
        } catch {
            suiteFiles.insert(file)
            report.issues.append(PolicyIssue(error, file: file))
            return
        }
        for (number, document) in documents.enumerated() {
            let loading = Loading(tables: library.configuration.tables)
            let node = Node(document, file: file, loading)
            guard Suite.isSuite(node) else { continue }
            suiteFiles.insert(file)
            if let version = document.member("apiVersion", of: document.root).flatMap({ document.string($0) }),
                version == PolicyFile.apiVersion, let suite = Suite(node)
            {
                noteName(of: suite, in: file)
                run(suite, in: file, document: number, loading)
            } else if !loading.issues.hasErrors {
                node.error("is a PolicyTest of another apiVersion", mend: "write \(PolicyFile.apiVersion)")
            }
            report.issues += loading.issues.sorted
        }
    }

    private mutating func noteName(of suite: Suite, in file: String) {
        let place = "\(file):\(suite.node.position.line)"
        guard let first = names.updateValue(place, forKey: "\(SuiteFolder.folder(of: file))/\(suite.name)") else {
            return
        }
        suite.node.error(
            "is the second suite \"\(suite.name)\" of this folder (\(first))",
            mend: "give it a name of its own"
        )
    }

    private mutating func run(_ suite: Suite, in file: String, document: Int, _ loading: Loading) {
        let bench = SuiteBench(
            suite,
            file: file,
            files: files,
            library: library,
            writesSnapshots: tasks.contains(.snapshots),
            loading
        )
        var result = TestReport.Suite(name: suite.name, file: file, line: suite.node.position.line)
        var trials: [SuiteTrial] = []
        var refused: [(key: String, value: String)] = []
        var keys: [CoverageRecord.Key: Int] = [:]
        if tasks.contains(.coverage) {
            for file in bench.policyFiles { coverage.declare((try? library.documents(of: file)) ?? [], of: file) }
            keys = coverage.keys(of: bench.policyFiles)
        }
        // All are prepared, also those that are not asked for: files that they name are used.
        for item in suite.cases {
            guard let trial = bench.prepare(item) else { continue }
            if let filter, !filter.matches("\(suite.name)/\(item.name)") {
                report.filteredCount += 1
                continue
            }
            if loading.issues.hasErrors { continue }
            let position = item.node.position
            let clock = ContinuousClock()
            let start = clock.now
            let trace = tasks.contains(.coverage) ? DecisionTrace() : nil
            var outcome = trial.run(at: now, trace)
            let duration = clock.now - start
            if let trace { coverage.note(trace, mutations: outcome.mutations, keys) }
            if tasks.contains(.snapshots) { write(&outcome, of: trial, item, suite, in: file, document) }
            result.cases.append(
                TestReport.Case(
                    name: item.name,
                    line: position.line,
                    column: position.column,
                    differences: outcome.differences,
                    duration: duration
                )
            )
            if outcome.dependsOnClock {
                item.node.warning(
                    "is decided by an exception, which ends some day, and the test with it",
                    mend: "say when it is asked: time: 2027-01-31T00:00:00Z"
                )
            }
            if tasks.contains(.mutation) {
                trials.append(trial)
                refused += outcome.findings.refused
            }
        }
        used.formUnion(bench.used)
        report.issues += bench.warnings
        if loading.issues.hasErrors { result.cases = [] }
        if !result.cases.isEmpty { report.suites.append(result) }
        if !trials.isEmpty { stands.append(SuiteStand(bench: bench, trials: trials, refused: refused)) }
    }

    /// Ends the run.
    ///
    /// - Parameter files: All YAML and JSON files of the folder; nothing if a single file was tested. Those that lie in a suite's
    ///   folder `tests`, and that no suite names, are faults: a manifest that nobody looks at proves nothing.
    /// - Returns: What came of it.
    public consuming func finish(files: [String] = []) -> TestReport {
        let folders = Set(suiteFiles.compactMap { SuiteFolder.tests(of: $0) })
        for file in files where !suiteFiles.contains(file) && !used.contains(file) {
            guard let folder = SuiteFolder.tests(of: file), folders.contains(folder) else { continue }
            report.issues.append(
                PolicyIssue(file: file, message: "is used by no test", mend: "name it in a suite, or remove it")
            )
        }
        writeSnapshots()
        if tasks.contains(.coverage) {
            // Policies that no suite names count too.
            for file in files where SuiteFolder.tests(of: file) == nil {
                coverage.declare((try? library.documents(of: file)) ?? [], of: file)
            }
            report.coverage = coverage.coverage
        }
        var seen: Set<PolicyIssue> = []
        report.issues = report.issues.filter { seen.insert($0).inserted }.sorted {
            ($0.file, $0.line, $0.column, $0.message) < ($1.file, $1.line, $1.column, $1.message)
        }
        return report
    }
}

extension PolicyIssue {
    /// A file that is no YAML.
    public init(_ error: YAMLError, file: String) {
        self.init(file: file, line: error.line, column: error.column, message: error.message, mend: error.mend)
    }
}

extension [UInt8] {
    /// Whether the bytes of a word are among these.
    fileprivate func containsWord(_ word: StaticString) -> Bool {
        let wanted = Array(word.description.utf8)
        guard count >= wanted.count, let first = wanted.first else { return false }
        for start in 0...(count - wanted.count) where self[start] == first {
            if self[start..<start + wanted.count].elementsEqual(wanted) { return true }
        }
        return false
    }
}
