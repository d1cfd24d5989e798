internal import EventLoop
internal import JSON
public import Observability
public import Policy
internal import Synchronization

/// A folder of policies, and what became of it when it was read last.
///
/// `reload()` puts the set that all files make in force, whole; if anything in them is wrong, the set that was in force
/// before stays, and the issues say where the fault is. What was compiled of a file is kept as long as the file stays as it
/// is. It reads from a disk: never call it on a loop that serves connections.
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
        /// The folders outside of this one that its kustomization leads to.
        public fileprivate(set) var folders: [String] = []
        /// How many files the last reload compiled; the others were as before.
        public fileprivate(set) var compiledFiles = 0
        /// How long the last reload took, from the first file to the set.
        public fileprivate(set) var duration = Duration.zero
    }

    /// The folder.
    public let path: String

    private let holder: PolicyHolder
    private let configuration: PolicyConfiguration
    private let state = Mutex(Status())
    /// What is known of each file, by name; held for the length of a reload.
    private let known = Mutex<[String: KnownFile]>([:])

    /// A file as it was read last.
    private struct KnownFile {
        let path: String
        /// Nil if it changed too lately, or too fast, for an identity to vouch for the content.
        let identity: FileIdentity?
        let content: [UInt8]
        let compiled: PolicyFile
    }

    /// The largest file, in bytes: a ConfigMap holds 1 MiB, and files beside a server may be larger.
    public static let maximumFileBytes = 8 << 20
    /// The most bytes that all files may have together.
    public static let maximumBytes = 128 << 20

    /// Names a folder; nothing is read before `reload()`.
    ///
    /// - Parameters:
    ///   - path: The folder; `PolicyFiles` says which of its files count.
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
        let (result, reading) = known.withLock { compile(generation: generation, &$0) }
        return state.withLock { status in
            status.issues = result.issues
            status.folders = reading.folders
            status.compiledFiles = reading.compiledFiles
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

    /// What one reading of the folder has seen beside policies.
    private struct Reading {
        var folders: [String] = []
        var compiledFiles = 0
    }

    private func compile(
        generation: UInt64,
        _ known: inout [String: KnownFile]
    ) -> (PolicyCompiler.Result, Reading) {
        var attempt = 1
        var reading = Reading()
        while true {
            var compiler = PolicyCompiler(configuration: configuration)
            do throws(FileError) {
                try addFiles(to: &compiler, &known, &reading)
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
            return (compiler.finish(generation: generation), reading)
        }
    }

    /// How often a folder is read from which files disappear meanwhile; the watch tells of the next change anyway.
    private static let attempts = 3

    private func addFiles(
        to compiler: inout PolicyCompiler,
        _ known: inout [String: KnownFile],
        _ reading: inout Reading
    ) throws(FileError) {
        let found = try PolicyFiles(of: path)
        for issue in found.issues { compiler.add(issue) }
        let files = found.files
        reading = Reading(folders: found.folders)
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
        var current: [String: KnownFile] = [:]
        current.reserveCapacity(files.count)
        var bytes = 0
        for file in files {
            let (entry, isNew) = try read(file, known[file.name])
            if isNew { reading.compiledFiles += 1 }
            current[file.name] = entry
            bytes += entry.content.count
            guard bytes <= Self.maximumBytes else {
                let issue = PolicyIssue(
                    file: path,
                    message: "its files have more than \(Self.maximumBytes >> 20) MiB together",
                    mend: "keep other files out of it"
                )
                return compiler.add(issue)
            }
            compiler.add(entry.compiled)
        }
        // Only now, for a file that vanishes makes the reading begin anew.
        known = current
    }

    /// A file as it is now, with what was compiled of it before if it is the same.
    private func read(
        _ file: PolicyFiles.File,
        _ before: KnownFile?
    ) throws(FileError) -> (KnownFile, isNew: Bool) {
        // Looked at before it is read: a change in between shows next time.
        let identity = FileIdentity(of: file.path)
        if let before, before.path == file.path, let known = before.identity, known == identity {
            return (before, false)
        }
        let content = try FileSystem.read(file.path, limitBytes: Self.maximumFileBytes)
        let isSame = before?.content == content
        let compiled = if isSame, let before { before.compiled } else { compile(content, of: file) }
        let current = KnownFile(
            path: file.path,
            identity: identity?.isSettled == true ? identity : nil,
            content: content,
            compiled: compiled
        )
        return (current, !isSame)
    }

    private func compile(_ content: [UInt8], of file: PolicyFiles.File) -> PolicyFile {
        do throws(YAMLError) {
            return PolicyFile(try JSONDocument.parseYAML(content), file: file.name, configuration: configuration)
        } catch {
            return PolicyFile(
                PolicyIssue(
                    file: file.name,
                    line: error.line,
                    column: error.column,
                    message: error.message,
                    mend: error.mend
                )
            )
        }
    }
}
