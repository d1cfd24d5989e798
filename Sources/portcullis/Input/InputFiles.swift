internal import Admission
internal import Authoring
internal import EventLoop
internal import Glibc
internal import JSON
internal import Policy

/// The files that a command line names: files, folders with all below them, and standard input.
struct InputFiles {
    /// What stands for standard input.
    static let standardInput = "-"

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
            guard path != Self.standardInput else {
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

    /// What people call a file.
    static func name(of file: String) -> String { file == standardInput ? "<stdin>" : file }

    /// Reads a file.
    ///
    /// - Throws: Why it cannot be read.
    static func read(_ file: String, limitBytes: Int = ManifestFile.maximumBytes) throws(PolicyIssue) -> [UInt8] {
        do throws(FileError) {
            return file == standardInput
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
            throw PolicyIssue(
                file: name(of: file),
                line: error.line,
                column: error.column,
                message: error.message,
                mend: error.mend
            )
        }
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
