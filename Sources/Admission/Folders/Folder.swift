internal import EventLoop
internal import JSON
public import Observability
public import Policy
internal import Synchronization

/// A folder of files, and what became of it when it was read last: policies, or an inventory.
///
/// `reload()` puts the value that all files make in force, whole; if anything in them is wrong, the value that was in force
/// before stays, and the issues say where the fault is. What was made of a file is kept as long as the file stays as it is;
/// the file's own bytes are not. It reads from a disk: never call it on a loop that serves connections.
public final class Folder<Contents: FolderContents>: Sendable {
    /// What is known of the folder; a copy that does not change.
    public struct Status: Sendable {
        /// What the last reload complained about, errors first.
        public fileprivate(set) var issues: [PolicyIssue] = []
        /// Whether the last reload put its value in force.
        public fileprivate(set) var isCurrent = false
        /// The generation in force; 0 if there has been no good value yet.
        public fileprivate(set) var generation: UInt64 = 0
        /// How many reloads were good, and how many were refused.
        public fileprivate(set) var successes = 0
        /// How many reloads were refused.
        public fileprivate(set) var failures = 0
        /// When the value in force was put there.
        public fileprivate(set) var lastSuccess: Timestamp?
        /// The folders outside of this one that its kustomization leads to.
        public fileprivate(set) var folders: [String] = []
        /// How many files the last reload compiled; the others were as before.
        public fileprivate(set) var compiledFiles = 0
        /// How long the last reload took, from the first file to the value.
        public fileprivate(set) var duration = Duration.zero
    }

    /// The folder.
    public let path: String

    private let holder: Holder<Contents.Value>
    private let contents: Contents
    private let state = Mutex(Status())
    /// What is known of each file, by name; held for the length of a reload.
    private let known = Mutex<[String: KnownFile]>([:])

    /// A file as it was read last.
    private struct KnownFile {
        let path: String
        /// Nil if it changed too lately, or too fast, for an identity to vouch for the content.
        let identity: FileIdentity?
        let fingerprint: Fingerprint
        let part: Contents.Part
    }

    /// What tells a content from another without keeping it: an inventory's files hold Secrets.
    ///
    /// The hash is keyed anew in each process, so nobody can write two files that have the same; by chance two of 2⁶⁴ do.
    private struct Fingerprint: Equatable {
        let byteCount: Int
        private let hash: Int

        init(_ content: [UInt8]) {
            byteCount = content.count
            var hasher = Hasher()
            unsafe content.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
            hash = hasher.finalize()
        }
    }

    /// The largest file, in bytes.
    public static var maximumFileBytes: Int { Contents.maximumFileBytes }
    /// The most bytes that all files may have together.
    public static var maximumBytes: Int { Contents.maximumBytes }

    /// Names a folder; nothing is read before `reload()`.
    ///
    /// - Parameters:
    ///   - path: The folder; `PolicyFiles` says which of its files count.
    ///   - holder: Where a good value is put in force.
    ///   - configuration: What the value is made with.
    public init(
        path: String,
        holder: Holder<Contents.Value>,
        configuration: PolicyConfiguration = PolicyConfiguration()
    ) {
        self.path = path
        self.holder = holder
        contents = Contents(configuration: configuration)
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
        let (result, reading) = known.withLock { read(generation: generation, &$0) }
        return state.withLock { status in
            status.issues = result.issues
            status.folders = reading.folders
            status.compiledFiles = reading.compiledFiles
            status.isCurrent = result.value != nil
            if let value = result.value {
                holder.replace(with: value)
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

    /// What one reading of the folder has found.
    private struct Reading {
        var parts: [Contents.Part] = []
        var issues: [PolicyIssue] = []
        var folders: [String] = []
        var compiledFiles = 0
    }

    private func read(
        generation: UInt64,
        _ known: inout [String: KnownFile]
    ) -> (result: (value: Contents.Value?, issues: [PolicyIssue]), Reading) {
        var attempt = 1
        var reading = Reading()
        while true {
            do throws(FileError) {
                try read(&known, &reading)
            } catch {
                // The kubelet removes the old version of a ConfigMap volume soon after it put the new one in place.
                if error.isNotFound, attempt < Self.attempts, FileSystem.exists(path) {
                    attempt += 1
                    continue
                }
                // One file that cannot be read is a policy that would silently not be in force.
                reading.issues.append(
                    PolicyIssue(
                        file: error.path,
                        message: "cannot be read (\(error))",
                        mend: "make the folder and its files readable, and keep other files out of it"
                    )
                )
            }
            return (contents.join(reading.parts, reading.issues, folder: path, generation: generation), reading)
        }
    }

    /// How often a folder is read from which files disappear meanwhile; the watch tells of the next change anyway.
    private static var attempts: Int { 3 }

    private func read(_ known: inout [String: KnownFile], _ reading: inout Reading) throws(FileError) {
        let found = try Contents.files(of: path)
        let files = found.files
        reading = Reading(issues: found.issues, folders: found.folders)
        if files.isEmpty { reading.issues.append(contents.emptiness(of: path)) }
        var current: [String: KnownFile] = [:]
        current.reserveCapacity(files.count)
        var bytes = 0
        for file in files {
            let (entry, isNew) = try read(file, known[file.name])
            if isNew { reading.compiledFiles += 1 }
            current[file.name] = entry
            bytes += entry.fingerprint.byteCount
            guard bytes <= Self.maximumBytes else {
                let issue = PolicyIssue(
                    file: path,
                    message: "its files have more than \(Self.maximumBytes >> 20) MiB together",
                    mend: "keep other files out of it"
                )
                return reading.issues.append(issue)
            }
            reading.parts.append(entry.part)
        }
        // Only now, for a file that vanishes makes the reading begin anew.
        known = current
    }

    /// A file as it is now, with what was made of it before if it is the same.
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
        let fingerprint = Fingerprint(content)
        let isSame = before?.fingerprint == fingerprint
        let part = if isSame, let before { before.part } else { read(content, of: file) }
        let current = KnownFile(
            path: file.path,
            identity: identity?.isSettled == true ? identity : nil,
            fingerprint: fingerprint,
            part: part
        )
        return (current, !isSame)
    }

    private func read(_ content: [UInt8], of file: PolicyFiles.File) -> Contents.Part {
        do throws(YAMLError) {
            return contents.read(try JSONDocument.parseYAML(content), file: file.name)
        } catch {
            return contents.refuse(
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
