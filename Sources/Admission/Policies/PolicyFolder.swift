internal import EventLoop
internal import JSON
public import Observability
public import Policy
internal import Synchronization

/// A folder of policies, and what became of it when it was read last.
///
/// `reload()` reads every file and puts the set that they make in force, whole; if anything in them is wrong, the set that
/// was in force before stays, and the issues say where the fault is. It reads from a disk: never call it on a loop that
/// serves connections.
public final class PolicyFolder: Sendable {
    /// What is known of the folder; a copy that does not change.
    public struct Status: Sendable {
        /// What the last reload complained about, errors first.
        public fileprivate(set) var issues: [PolicyIssue] = []
        /// Whether the last reload put its set in force.
        public fileprivate(set) var isCurrent = false
        /// The generation in force; 0 if there has been no good set yet.
        public fileprivate(set) var generation: UInt64 = 0
        /// How many reloads were good, and how many were refused.
        public fileprivate(set) var successes = 0
        /// How many reloads were refused.
        public fileprivate(set) var failures = 0
        /// When the set in force was put there.
        public fileprivate(set) var lastSuccess: Timestamp?
        /// How long the last reload took, from the first file to the set.
        public fileprivate(set) var duration = Duration.zero
    }

    /// The folder.
    public let path: String

    private let holder: PolicyHolder
    private let configuration: PolicyConfiguration
    private let state = Mutex(Status())

    /// The largest file, in bytes: a ConfigMap holds 1 MiB, and files beside a server may be larger.
    public static let maximumFileBytes = 8 << 20
    /// The most bytes that all files may have together.
    public static let maximumBytes = 128 << 20

    /// Names a folder; nothing is read before `reload()`.
    ///
    /// - Parameters:
    ///   - path: The folder. Its files `*.yaml`, `*.yml` and `*.json` count, those in folders below too; names that begin with
    ///     a dot do not, which leaves out editors' files and the versioned copies of a ConfigMap volume.
    ///   - holder: Where a good set is put in force.
    ///   - configuration: What the set is made with.
    public init(path: String, holder: PolicyHolder, configuration: PolicyConfiguration = PolicyConfiguration()) {
        self.path = path
        self.holder = holder
        self.configuration = configuration
    }

    /// What is known at this moment.
    public var status: Status {
        state.withLock { $0 }
    }

    /// Reads the folder again; one thread does, the one that hears of changes.
    ///
    /// - Returns: What came of it.
    @discardableResult
    public func reload() -> Status {
        let start = MonotonicInstant.now()
        let generation = status.generation + 1
        let result = compile(generation: generation)
        return state.withLock { status in
            status.issues = result.issues
            status.isCurrent = result.set != nil
            if let set = result.set {
                holder.replace(with: set)
                status.generation = generation
                status.successes += 1
                status.lastSuccess = Timestamp.now()
            } else {
                status.failures += 1
            }
            status.duration = MonotonicInstant.now() - start
            return status
        }
    }

    private func compile(generation: UInt64) -> PolicyCompiler.Result {
        var attempt = 1
        while true {
            var compiler = PolicyCompiler(configuration: configuration)
            do throws(FileError) {
                try addFiles(to: &compiler)
            } catch {
                // The kubelet removes the old version of a ConfigMap volume soon after it put the new one in place.
                if error.isNotFound, attempt < Self.attempts, FileSystem.exists(path) {
                    attempt += 1
                    continue
                }
                // One file that cannot be read is a policy that would silently not be in force.
                compiler.add(
                    PolicyIssue(
                        file: error.path,
                        message: "cannot be read (\(error))",
                        mend: "make the folder and its files readable, and keep other files out of it"
                    )
                )
            }
            return compiler.finish(generation: generation)
        }
    }

    /// How often a folder is read from which files disappear meanwhile; the watch tells of the next change anyway.
    private static let attempts = 3

    private func addFiles(to compiler: inout PolicyCompiler) throws(FileError) {
        let files = try PolicyFiles.list(path).filter { Self.isPolicyFile($0.name) }
        if files.isEmpty {
            compiler.add(
                PolicyIssue(
                    severity: .warning,
                    file: path,
                    message: "holds no policies, so everything is allowed",
                    mend: "put an AzurePolicy into a file *.yaml, *.yml or *.json"
                )
            )
        }
        var bytes = 0
        for file in files {
            let content = try FileSystem.read(file.path, limitBytes: Self.maximumFileBytes)
            bytes += content.count
            guard bytes <= Self.maximumBytes else {
                let issue = PolicyIssue(
                    file: path,
                    message: "its files have more than \(Self.maximumBytes >> 20) MiB together",
                    mend: "keep other files out of it"
                )
                return compiler.add(issue)
            }
            let name = FileSystem.path(path, file.name)
            do throws(YAMLError) {
                for document in try JSONDocument.parseYAML(content) {
                    compiler.add(document, file: name)
                }
            } catch {
                compiler.add(
                    PolicyIssue(
                        file: name,
                        line: error.line,
                        column: error.column,
                        message: error.message,
                        mend: error.mend
                    )
                )
            }
        }
    }

    private static func isPolicyFile(_ name: String) -> Bool {
        name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json")
    }
}
