internal import Admission
internal import Authoring
internal import EventLoop
internal import Policy

/// The files of the paths that are tested, and which others their suites may read.
final class TestedFiles: SuiteFiles {
    /// All files under the paths that may hold suites or what they need, in ascending order.
    private(set) var files: [String] = []
    /// Those that somebody named themselves.
    private(set) var asked: Set<String> = []
    /// Paths that cannot be read.
    private(set) var issues: [PolicyIssue] = []
    /// The folders of all files that were read.
    private(set) var folders: Set<String> = []
    /// The folders, without links, that suites may read in.
    private var roots: Set<String> = []

    init(_ paths: [String]) {
        let input = InputFiles(paths)
        issues = input.issues
        if paths.contains(StandardInput.argument) {
            asked.insert(StandardInput.name)
            roots.insert(Self.root(of: "."))
        }
        for path in paths.map(FileSystem.normalized) where FileSystem.exists(path) {
            let isFolder = FileSystem.isDirectory(path)
            if !isFolder { asked.insert(path) }
            roots.insert(Self.root(of: isFolder ? path : FileSystem.parent(of: path)))
        }
        files = input.files.map(InputFiles.name).sorted()
    }

    /// The folder that suites of a folder may read in: the working directory for all that is in it, so that tests can use what
    /// lies beside them; else the folder itself, or the one that it holds the tests of.
    private static func root(of folder: String) -> String {
        let real = FileSystem.real(folder) ?? folder
        if let working = FileSystem.real("."), FileSystem.isInside(real, working) { return working }
        return real.hasSuffix("/" + PolicyFile.testsFolder) ? FileSystem.parent(of: real) : real
    }

    // MARK: - What suites name

    func path(_ relative: String, from folder: String) throws(SuiteFileError) -> String {
        guard !relative.hasPrefix("/") else {
            throw SuiteFileError("is absolute", mend: "write a path that counts from the suite's folder")
        }
        let path = FileSystem.normalized(FileSystem.path(folder, relative))
        guard let real = FileSystem.real(path) else {
            throw SuiteFileError("does not exist", mend: "correct the path; it counts from the suite's folder")
        }
        try check(real)
        return path
    }

    func newPath(_ relative: String, from folder: String) throws(SuiteFileError) -> String {
        guard !relative.hasPrefix("/"), PolicyFiles.isPolicyFile(relative) else {
            throw SuiteFileError("is no file that tests may have", mend: "write a path that ends in .yaml or .json")
        }
        let path = FileSystem.normalized(FileSystem.path(folder, relative))
        guard !FileSystem.exists(path), let real = FileSystem.real(FileSystem.parent(of: path)) else {
            throw SuiteFileError("has no folder", mend: "make the folder")
        }
        try check(real)
        return path
    }

    /// Writes a file anew, where it is and not where a link to it is.
    func write(_ content: [UInt8], to path: String) throws(FileError) {
        try FileSystem.write(content.span, to: FileSystem.real(path) ?? path, access: .everyoneReads)
    }

    private func check(_ real: String) throws(SuiteFileError) {
        guard roots.contains(where: { FileSystem.isInside(real, $0) }) else {
            throw SuiteFileError(
                "leads out of what is tested",
                mend: "name a file below the folder that is tested, or run the tests in a folder above both"
            )
        }
    }

    func contents(of path: String) throws(SuiteFileError) -> [UInt8] {
        folders.insert(FileSystem.parent(of: path))
        return try CommandFiles().contents(of: path)
    }

    func policyFiles(of path: String) throws(SuiteFileError) -> [String] {
        guard FileSystem.isDirectory(path) else { return [path] }
        let found: PolicyFiles
        do throws(FileError) {
            found = try PolicyFiles(of: path)
        } catch {
            throw SuiteFileError("cannot be read (\(error))", mend: "make it readable")
        }
        if let issue = found.issues.first(where: { $0.severity == .error }) {
            throw SuiteFileError("is a folder that cannot be read: \(issue.file): \(issue.message)", mend: issue.mend)
        }
        var files: [String] = []
        for file in found.files {
            try check(FileSystem.real(file.path) ?? file.path)
            files.append(FileSystem.normalized(file.name))
        }
        return files
    }
}
