public import Policy

/// What came of a run of suites.
public struct TestReport: Sendable {
    /// A suite, and what came of its cases.
    public struct Suite: Sendable {
        /// The suite's `metadata.name`.
        public let name: String
        /// The file that it stands in.
        public let file: String
        /// Where it begins in the file, from 1.
        public let line: Int
        /// The cases that were run, in their order.
        public internal(set) var cases: [Case] = []
    }

    /// A case that was run.
    public struct Case: Sendable {
        /// The case's `name`.
        public let name: String
        /// Where it begins in the suite's file, from 1.
        public let line: Int
        /// The column of that place, from 1.
        public let column: Int
        /// What is not as it was expected; nothing if the case passed.
        public let differences: [Difference]
        /// How long the policies took, without the reading of files.
        public let duration: Duration

        /// Whether all is as it was expected.
        public var passed: Bool { differences.isEmpty }
    }

    /// Something that is not as it was expected.
    public struct Difference: Sendable, Hashable {
        /// What of the decision: `decision`, `failures`, `warnings`, `audits` or `patched`.
        public let subject: String
        /// What was expected; nil if nothing was.
        public let expected: String?
        /// What there is instead; nil if nothing is.
        public let actual: String?

        /// Notes a difference; what would break a line, or a terminal, is left out.
        init(subject: String, expected: String?, actual: String?) {
            self.subject = subject
            self.expected = expected?.singleLine
            self.actual = actual?.singleLine
        }
    }

    /// What a case expects of mutations, written anew.
    public struct Snapshot: Sendable {
        /// The suite's name.
        public let suite: String
        /// The case's name.
        public let name: String
        /// The file that is changed: the suite's, or the one that holds the object.
        public let file: String
        /// Where the case begins in the suite's file, from 1.
        public let line: Int
        /// What was expected before, and what is now.
        public let differences: [Difference]
    }

    /// A file with other content.
    public struct Rewrite: Sendable {
        /// The path, as the suite's files have it.
        public let file: String
        /// All that it is to hold.
        public let content: [UInt8]
    }

    /// The suites of which cases were run, in the order of files.
    public internal(set) var suites: [Suite] = []
    /// What is wrong with suites, manifests and policies, by place; those with errors were not run.
    public internal(set) var issues: [PolicyIssue] = []
    /// How many cases were passed over, because their names were not asked for.
    public internal(set) var filteredCount = 0
    /// What tests have made of every rule; nil if nobody asked.
    public internal(set) var coverage: Coverage?
    /// What became of changes of policies; nil if none were tried.
    public internal(set) var mutation: MutationReport?
    /// What suites expect of mutations and was written anew.
    public internal(set) var snapshots: [Snapshot] = []
    /// The files to be written for that.
    public internal(set) var rewrites: [Rewrite] = []
    /// How long all of it took.
    public internal(set) var duration = Duration.zero

    /// How many cases were run.
    public var caseCount: Int { suites.reduce(0) { $0 + $1.cases.count } }
    /// How many of them failed.
    public var failedCount: Int { suites.reduce(0) { $0 + $1.cases.count { !$0.passed } } }
    /// What could not be tested because it is wrong.
    public var errors: [PolicyIssue] { issues.filter { $0.severity == .error } }
}
