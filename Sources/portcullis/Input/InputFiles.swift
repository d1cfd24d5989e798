internal import Admission
internal import Authoring
internal import EventLoop
internal import Glibc
internal import JSON
internal import Policy
internal import Synchronization

/// Standard input, which one argument of a command line may name.
enum StandardInput {
    /// What stands for it.
    static let argument = "-"
    /// What people call it.
    static let name = "<stdin>"

    private static let isTaken = Mutex(false)

    /// Says that it will be read.
    ///
    /// - Throws: That it has been read: for another argument there is nothing left.
    static func take() throws(PolicyIssue) {
        let wasTaken = isTaken.withLock { isTaken in
            defer { isTaken = true }
            return isTaken
        }
        guard !wasTaken else {
            throw PolicyIssue(
                file: name,
                message: "has been read for another argument",
                mend: "write - once, and name files elsewhere"
            )
        }
    }
}

/// The files that a command line names: files, folders with all below them, and standard input.
struct InputFiles {
    /// The files, those of a folder in ascending order, each once.
    private(set) var files: [String] = []
    /// What cannot be listed.
    private(set) var issues: [PolicyIssue] = []

    /// Lists the files.
    ///
    /// - Parameters:
    ///   - paths: As they were given.
    ///   - isWanted: Which files of folders count, by name; those that are named themselves always do.
    init(_ paths: [String], where isWanted: (String) -> Bool = PolicyFiles.isPolicyFile) {
        var seen: Set<String> = []
        var limits = FileSystem.ListingLimits()
        limits.entries = 1_000_000
        limits.depth = 64
        for path in paths {
            guard path != StandardInput.argument else {
                if seen.insert(path).inserted { files.append(path) }
                continue
            }
            let path = FileSystem.normalized(path)
            guard FileSystem.exists(path) else {
                issues.append(
                    PolicyIssue(
                        file: path,
                        message: "does not exist",
                        mend: "name a file or a folder that is there"
                    )
                )
                continue
            }
            guard FileSystem.isDirectory(path) else {
                if seen.insert(path).inserted { files.append(path) }
                continue
            }
            let (found, faults) = FileSystem.readableFiles(under: path, limits: limits)
            for name in found where isWanted(name) {
                let file = FileSystem.normalized(FileSystem.path(path, name))
                if seen.insert(file).inserted { files.append(file) }
            }
            issues += faults.map(PolicyIssue.init(unreadable:))
        }
    }

    /// Leaves out what lies with the tests of policies, much of which is there to be denied.
    ///
    /// - Parameters:
    ///   - policies: The files and folders of the policies: only what lies in their folders of tests is left out.
    ///   - paths: As they were given: a folder of tests that one of them names is meant.
    mutating func leaveOutTests(of policies: [String], unlessNamedBy paths: [String]) {
        let roots = policies.compactMap(FileSystem.real)
        let named = paths.compactMap(FileSystem.real)
        for folder in Set(files.compactMap(SuiteFolder.tests)).sorted() {
            guard let real = FileSystem.real(folder), roots.contains(where: { FileSystem.isInside(real, $0) }),
                !named.contains(where: { FileSystem.isInside($0, real) })
            else { continue }
            files.removeAll { SuiteFolder.tests(of: $0) == folder }
            let notice = "\(folder): left out, for it holds tests of policies; name it if it is meant"
            Terminal.complain(notice.singleLine + "\n")
        }
    }

    /// What people call a file.
    static func name(of file: String) -> String { file == StandardInput.argument ? StandardInput.name : file }

    /// Reads a file.
    ///
    /// - Throws: Why it cannot be read.
    static func read(_ file: String, limitBytes: Int = ManifestFile.maximumBytes) throws(PolicyIssue) -> [UInt8] {
        if file == StandardInput.argument { try StandardInput.take() }
        do throws(FileError) {
            return file == StandardInput.argument
                ? try FileSystem.readStandardInput(limitBytes: limitBytes)
                : try FileSystem.read(file, limitBytes: limitBytes)
        } catch {
            throw PolicyIssue(unreadable: error)
        }
    }
}

extension InputFiles {
    /// Reads the documents of a file.
    ///
    /// - Throws: Why it cannot be read.
    static func documents(of file: String) throws(PolicyIssue) -> [JSONDocument] {
        let bytes = try read(file)
        do throws(YAMLError) {
            return try JSONDocument.parseYAML(bytes)
        } catch {
            throw PolicyIssue(error, file: name(of: file))
        }
    }
}

extension FileSystem {
    /// Whether an absolute path without links is another, or lies below it.
    static func isInside(_ path: String, _ root: String) -> Bool {
        path == root || path.hasPrefix(root == "/" ? root : root + "/")
    }
}

extension PolicyIssue {
    /// A file or folder that cannot be read.
    init(unreadable error: FileError) {
        switch error.reason {
        case .circle:
            self.init(file: error.path, message: "is a link back to a folder above it", mend: "remove the link")
        case .tooLarge(let limit):
            self.init(
                file: error.path,
                message: "has more than \(limit >> 20) MiB",
                mend: "split it, or name the files that are meant"
            )
        default: self.init(file: error.path, message: "cannot be read (\(error))", mend: "make it readable")
        }
    }
}
