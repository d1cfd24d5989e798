internal import CLinux
internal import Glibc

/// A file or directory that could not be used.
public struct FileError: Error, Equatable, Sendable {
    /// What went wrong.
    public enum Reason: Equatable, Sendable {
        /// A system call failed.
        case system(SystemError)
        /// The file has more bytes than the caller takes; the value is the caller's limit.
        case tooLarge(limitBytes: Int)
        /// It is a directory, a pipe, a device or the like.
        case notARegularFile
        /// The tree holds more files and directories than the caller takes; the value is the caller's limit.
        case tooManyEntries(limit: Int)
        /// The tree is deeper than the caller takes; the value is the caller's limit.
        case tooDeep(limit: Int)
        /// A link leads back to a directory above it.
        case circle
    }

    /// What went wrong.
    public let reason: Reason
    /// Which file or directory, as the caller named it.
    public let path: String

    /// Whether there is no such file.
    public var isNotFound: Bool {
        if case .system(let error) = reason { error.isNotFound } else { false }
    }
}

extension FileError: CustomStringConvertible {
    /// For people: `policies/a.yaml: open: Permission denied (13)`.
    public var description: String {
        switch reason {
        case .system(let error): "\(path): \(error)"
        case .tooLarge(let limit): "\(path): more than \(limit) bytes"
        case .notARegularFile: "\(path): not a regular file"
        case .tooManyEntries(let limit): "\(path): more than \(limit) files and directories"
        case .tooDeep(let limit): "\(path): nested more than \(limit) directories deep"
        case .circle: "\(path): a link back to a directory above it"
        }
    }
}

/// Files, read and written whole.
///
/// Disks make the caller wait: never on a loop that serves connections.
public enum FileSystem {
    /// Who may read what is written.
    public enum Access: CUnsignedInt, Sendable {
        /// Only the owner, for keys (0600).
        case ownerOnly = 0o600
        /// Everyone; only the owner may write (0644).
        case everyoneReads = 0o644
    }

    /// Reads a whole file.
    ///
    /// - Parameters:
    ///   - path: A regular file, or a link to one. Pipes and devices are refused instead of waited for, but for pipes that the
    ///     process was given open.
    ///   - limitBytes: The largest size that is taken.
    /// - Returns: The content.
    /// - Throws: `FileError`, also if the file grows beyond the limit while it is read.
    public static func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
        let file = try File.reading(path)
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { return try file.readToEnd(limitBytes: limitBytes) }
        guard status.st_size <= limitBytes else { throw FileError(.tooLarge(limitBytes: limitBytes), path) }
        var content: [UInt8] = []
        // One byte more than its size shows the end of the file, or that it has grown; files in /proc claim to be empty.
        var room = max(4096, Int(status.st_size) + 1)
        while try file.read(appendingTo: &content, atMost: room) > 0 {
            guard content.count <= limitBytes else { throw FileError(.tooLarge(limitBytes: limitBytes), path) }
            room = max(4096, content.count)
        }
        return content
    }

    /// Reads standard input to its end, whatever it is: the one file that is waited for.
    ///
    /// - Parameter limitBytes: The largest size that is taken.
    /// - Returns: The content.
    /// - Throws: `FileError`, which calls it `<stdin>`.
    public static func readStandardInput(limitBytes: Int) throws(FileError) -> [UInt8] {
        try File.standardInput().readToEnd(limitBytes: limitBytes)
    }

    /// Reads a file line by line, however long it is; `nil` for standard input.
    ///
    /// - Parameters:
    ///   - path: What ``read(_:limitBytes:)`` reads.
    ///   - limitBytes: The longest line that is taken.
    ///   - body: Is given each line that is not empty, without its end, and its number from 1; false ends the reading.
    /// - Throws: `FileError`; the lines before have been given by then.
    public static func forEachLine(
        of path: String?,
        limitBytes: Int,
        _ body: (_ line: [UInt8], _ number: Int) -> Bool
    ) throws(FileError) {
        let file = if let path { try File.reading(path) } else { try File.standardInput() }
        var chunk: [UInt8] = []
        var line: [UInt8] = []
        var number = 1
        while try file.read(appendingTo: &chunk, atMost: 1 << 16) > 0 {
            var rest = chunk[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                rest = rest[(end + 1)...]
                guard line.count <= limitBytes else { throw FileError(.tooLarge(limitBytes: limitBytes), file.path) }
                if !line.isEmpty, !body(line, number) { return }
                line.removeAll(keepingCapacity: true)
                number += 1
            }
            line += rest
            guard line.count <= limitBytes else { throw FileError(.tooLarge(limitBytes: limitBytes), file.path) }
            chunk.removeAll(keepingCapacity: true)
        }
        if !line.isEmpty { _ = body(line, number) }
    }

    /// Writes a whole file so that readers see the old content or the new one, never a part, even after a power cut.
    ///
    /// - Parameters:
    ///   - content: What to write.
    ///   - path: Where; what is there is replaced, a link too.
    ///   - access: Who may read it, from its first moment.
    /// - Throws: `FileError`; the old content is still there then.
    public static func write(_ content: Span<UInt8>, to path: String, access: Access) throws(FileError) {
        // The name begins with a dot, so that who lists the directory meanwhile skips it.
        let directory = parent(of: path)
        let temporary = self.path(directory, ".\(UInt64.random(in: 0 ... .max)).tmp")
        do {
            let file = try File(opening: temporary, O_WRONLY | O_CREAT | O_EXCL, access)
            try file.write(content)
            try file.synchronize()
            try FileError.naming(path, "rename") { unsafe rename(temporary, path) }
        } catch {
            unsafe unlink(temporary)
            // Nobody knows the other name.
            throw FileError(error.reason, path)
        }
        // The new name is on the disk only when the directory is.
        try File(opening: directory, O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Makes a directory and what is missing above it, with mode 0755 less the umask.
    ///
    /// - Parameter path: The directory; nothing happens if it exists.
    /// - Throws: `FileError`.
    public static func makeDirectory(_ path: String) throws(FileError) {
        let parent = parent(of: path)
        if parent != path, !exists(parent) { try makeDirectory(parent) }
        do {
            try FileError.naming(path, "mkdir") { unsafe mkdir(path, 0o755) }
        } catch {
            // Another may make it at the same time.
            guard error.isAlreadyThere, isDirectory(path) else { throw error }
        }
    }

    /// Whether there is something at a path; a link to nothing is nothing.
    ///
    /// - Parameter path: A file, a directory or anything else.
    /// - Returns: `false` also if we may not look.
    public static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// The absolute path without links.
    ///
    /// - Parameter path: Where something is.
    /// - Returns: `nil` if there is nothing, or we may not look.
    public static func real(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The directory that holds a path's last component: `a/b` → `a`, `a` → `.`, `/a` → `/`.
    ///
    /// - Parameter path: A file or directory, which need not exist.
    /// - Returns: A path without a slash at its end.
    public static func parent(of path: String) -> String {
        var bytes = path.utf8[...]
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        var head = bytes[..<slash]
        while head.last == UInt8(ascii: "/") { head.removeLast() }
        return head.isEmpty ? "/" : String(Substring(head))
    }

    /// A path without `.`, and without `name/..`, which says the same as long as no name is a link.
    ///
    /// - Parameter path: A path, which need not exist.
    /// - Returns: `.` for the working directory.
    public static func normalized(_ path: String) -> String {
        let isAbsolute = path.hasPrefix("/")
        var names: [Substring] = []
        for name in path.split(separator: "/") where name != "." {
            if name != ".." {
                names.append(name)
            } else if let last = names.last, last != ".." {
                names.removeLast()
            } else if !isAbsolute {
                names.append(name)
            }
        }
        let joined = (isAbsolute ? "/" : "") + names.joined(separator: "/")
        return joined.isEmpty ? "." : joined
    }

    /// Joins a directory and a name.
    ///
    /// - Parameters:
    ///   - directory: A path, with or without a slash at its end.
    ///   - name: What is in it.
    /// - Returns: The path of what is in it.
    public static func path(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }
}

extension FileSystem {
    /// What ``files(under:limits:)`` takes before it gives up.
    public struct ListingLimits: Sendable {
        /// Files and directories, counted together.
        public var entries = 10_000
        /// Directories inside one another; this also ends a circle of links.
        public var depth = 16

        /// The defaults.
        public init() {}
    }

    /// Lists the files of a tree.
    ///
    /// Links are followed. Names that begin with a dot are skipped: editors' and `write`'s temporary files, and the
    /// versioned directories of a ConfigMap volume, whose files are linked to from beside them.
    ///
    /// - Parameters:
    ///   - directory: The root of the tree.
    ///   - limits: When to give up.
    /// - Returns: The paths relative to `directory` of all that is no directory, in ascending order of their bytes: pipes and
    ///   links to nothing too, so that whoever wants one of that name is told that it cannot be read.
    /// - Throws: `FileError`, the first fault. What vanishes while the tree is listed is skipped.
    public static func files(under directory: String, limits: ListingLimits = .init()) throws(FileError) -> [String] {
        let (files, faults) = readableFiles(under: directory, limits: limits)
        if let fault = faults.first { throw fault }
        return files
    }

    /// Lists the files of a tree as far as it can be read, otherwise as `files(under:limits:)` does.
    ///
    /// - Returns: The files, and what could not be listed.
    public static func readableFiles(
        under directory: String,
        limits: ListingLimits = .init()
    ) -> (files: [String], faults: [FileError]) {
        var files: [String] = []
        var faults: [FileError] = []
        var seen = 0
        var isFull: Bool { seen > limits.entries }
        func list(_ relative: String, _ above: [Identity]) throws(FileError) {
            let directory = relative.isEmpty ? directory : self.path(directory, relative)
            guard above.count <= limits.depth else { throw FileError(.tooDeep(limit: limits.depth), directory) }
            let identity = Identity(of: directory)
            if let identity, above.contains(identity) { throw FileError(.circle, directory) }
            for name in try names(in: directory) where !name.hasPrefix(".") && !isFull {
                seen += 1
                guard !isFull else { throw FileError(.tooManyEntries(limit: limits.entries), directory) }
                let relative = relative.isEmpty ? name : self.path(relative, name)
                let path = self.path(directory, name)
                switch kind(path) {
                case S_IFDIR:
                    do { try list(relative, above + [identity].compactMap(\.self)) } catch {
                        if !error.isNotFound { faults.append(error) }
                    }
                // A link to nothing is somebody's file that is missing; what is no link has vanished.
                case nil: if target(ofLink: path) != nil { files.append(relative) }
                default: files.append(relative)
                }
            }
        }
        do { try list("", []) } catch { faults.append(error) }
        return (files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, faults)
    }

    /// What tells one directory from another, whatever leads to it.
    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64

        init?(of path: String) {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// The names in a directory but `.` and `..`, in no order.
    static func names(in directory: String) throws(FileError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw FileError(.system(SystemError(code: errno, call: "opendir")), directory)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        if errno != 0 { throw FileError(.system(SystemError(code: errno, call: "readdir")), directory) }
        return names
    }

    /// Whether a path leads to a directory, maybe by links.
    public static func isDirectory(_ path: String) -> Bool { kind(path) == S_IFDIR }

    /// What a path leads to, by links too: `S_IFREG` and the like; nothing if it leads nowhere.
    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

/// An open file that says its name when it fails.
private struct File: ~Copyable {
    let descriptor: OwnedDescriptor
    let path: String

    init(opening path: String, _ flags: CInt, _ access: FileSystem.Access = .ownerOnly) throws(FileError) {
        let raw = try FileError.naming(path, "open") {
            unsafe portcullis_open(path, flags | O_CLOEXEC, access.rawValue)
        }
        descriptor = OwnedDescriptor(owning: raw)
        self.path = path
    }

    private init(_ descriptor: consuming OwnedDescriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a regular file, or a pipe that the process was given open: a shell's `<(…)` has its writer.
    static func reading(_ path: String) throws(FileError) -> File {
        let isGiven = path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/")
        // Non-blocking, because to open another pipe would wait for its writer.
        let file = try File(opening: path, O_RDONLY | (isGiven ? 0 : O_NONBLOCK))
        let kind = try file.status().st_mode & S_IFMT
        guard kind == S_IFREG || isGiven && kind == S_IFIFO else { throw FileError(.notARegularFile, path) }
        return file
    }

    /// Reads what is still to come, and waits for it.
    func readToEnd(limitBytes: Int) throws(FileError) -> [UInt8] {
        var content: [UInt8] = []
        while try read(appendingTo: &content, atMost: 1 << 16) > 0 {
            guard content.count <= limitBytes else { throw FileError(.tooLarge(limitBytes: limitBytes), path) }
        }
        return content
    }

    /// Standard input by a descriptor of its own, for ours are closed when they are no longer used.
    static func standardInput() throws(FileError) -> File {
        let name = "<stdin>"
        let raw = try FileError.naming(name, "dup") { dup(STDIN_FILENO) }
        return File(OwnedDescriptor(owning: raw), name)
    }

    func status() throws(FileError) -> stat {
        var status = stat()
        let raw = descriptor.raw
        try FileError.naming(path, "fstat") { unsafe fstat(raw, &status) }
        return status
    }

    /// Reads at least one byte; 0 is the end.
    func read(appendingTo content: inout [UInt8], atMost limit: Int) throws(FileError) -> Int {
        do { return try descriptor.read(appendingTo: &content, atMost: limit) ?? 0 } catch {
            throw FileError(.system(error), path)
        }
    }

    func write(_ content: Span<UInt8>) throws(FileError) {
        var written = 0
        while written < content.count {
            do { written += try descriptor.write(content.extracting(droppingFirst: written)) ?? 0 } catch {
                throw FileError(.system(error), path)
            }
        }
    }

    func synchronize() throws(FileError) {
        let raw = descriptor.raw
        try FileError.naming(path, "fsync") { fsync(raw) }
    }
}

extension FileError {
    init(_ reason: Reason, _ path: String) {
        self.reason = reason
        self.path = path
    }

    fileprivate var isAlreadyThere: Bool {
        if case .system(let error) = reason { error.code == EEXIST } else { false }
    }

    /// Makes a system call, and names the file if it fails.
    @discardableResult
    fileprivate static func naming(_ path: String, _ call: StaticText, _ body: () -> CInt) throws(FileError) -> CInt {
        do { return try systemCall(call, body) } catch { throw FileError(.system(error), path) }
    }
}
