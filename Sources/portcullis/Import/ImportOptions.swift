internal import Admission
internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Glibc
internal import Policy

/// What all importers take: where documents come from, and where policies go.
struct ImportOptions: ParsableArguments {
    /// How the report is printed.
    enum Output: String, CaseIterable, ExpressibleByArgument {
        /// Lines for people.
        case text
        /// An object for programs.
        case json
    }

    @Argument(help: ArgumentHelp("Files, folders with all below them, or - for standard input.", valueName: "path"))
    var paths: [String]
    @Option(
        name: .customLong("output-dir"),
        help: ArgumentHelp(
            "Write each policy and its tests into a folder here; without it policies go to standard output.",
            valueName: "dir"
        )
    )
    var folder: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("How the report is printed: text or json.", valueName: "format"))
    var output = Output.text
    @Flag(help: "Replace files that differ from what is written.") var force = false

    /// Reads the documents.
    ///
    /// - Parameters:
    ///   - suffixes: The ends of the names of files that are read of folders.
    ///   - limitBytes: The largest file.
    ///   - take: Is given each file and its name.
    /// - Returns: What cannot be read.
    func read(_ suffixes: String..., limitBytes: Int, _ take: ([UInt8], String) -> Void) -> [PolicyIssue] {
        let input = InputFiles(paths) { name in suffixes.contains(where: name.hasSuffix) }
        var issues = input.issues
        for file in input.files {
            do throws(PolicyIssue) {
                take(try InputFiles.read(file, limitBytes: limitBytes), InputFiles.name(of: file))
            } catch {
                issues.append(error)
            }
        }
        return issues
    }

    /// Imports policies of another engine that are written in CEL.
    func importPolicies(of source: CELPolicyImport.Source) throws {
        var importer = CELPolicyImport(source)
        let issues = read(".yaml", ".yml", ".json", limitBytes: PolicyFolder.maximumFileBytes) {
            importer.add($0, file: $1)
        }
        var progress = Progress("policies")
        let report = importer.finish { progress.show($0) }
        progress.end()
        try finish(report, unread: issues)
    }

    /// Writes what was made and tells about it.
    func finish(_ report: ImportReport, unread: [PolicyIssue]) throws {
        let issues = unread + report.issues
        Terminal.complain(of: issues)
        if let folder { try write(report, to: folder) }
        let isColoured = Terminal.hasColours(folder == nil ? STDERR_FILENO : STDOUT_FILENO)
        switch (output, folder) {
        case (.json, _): print(String(decoding: report.json(includesTexts: folder == nil), as: UTF8.self))
        case (.text, _?): for line in report.text(isColoured: isColoured) { print(line) }
        case (.text, nil):
            let policies = report.items.flatMap { $0.files.prefix(1) }
            for (index, file) in policies.enumerated() { print((index > 0 ? "---\n" : "") + file.text, terminator: "") }
            for line in report.text(isColoured: isColoured) { Terminal.complain(line + "\n") }
        }
        if !issues.isEmpty { throw ExitCode(Portcullis.ExitCode.usage.rawValue) }
        if report.items.isEmpty {
            Terminal.complain("portcullis: there is nothing to import in what was named\n")
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
        if report.count(.imported) < report.items.count { throw ExitCode(Portcullis.ExitCode.failed.rawValue) }
    }

    private func write(_ report: ImportReport, to folder: String) throws(UsageError) {
        var conflicts: [String] = []
        for file in report.items.flatMap(\.files) {
            let path = FileSystem.path(folder, file.path)
            let content = Array(file.text.utf8)
            do throws(FileError) {
                let isThere = FileSystem.exists(path)
                if isThere, try FileSystem.read(path, limitBytes: PolicyFolder.maximumFileBytes) == content { continue }
                if isThere, !force { conflicts.append(path) }
                if isThere, !force { continue }
                try FileSystem.makeDirectory(FileSystem.parent(of: path))
                try FileSystem.write(content.span, to: path, access: .everyoneReads)
            } catch {
                throw UsageError("\(error)")
            }
        }
        if let first = conflicts.first {
            let others = conflicts.count > 1 ? " and \(conflicts.count - 1) other files are" : " is"
            throw UsageError("\(first)\(others) there already with something else; --force replaces them")
        }
    }
}
