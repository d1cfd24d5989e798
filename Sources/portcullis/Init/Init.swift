internal import ArgumentParser
internal import Authoring
internal import EventLoop

/// `portcullis init`.
struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Begin a folder of policies: an example with tests, for editors and build servers too.",
        discussion: """
            Writes policies/ with a policy and its tests, the schema that editors complete and check policies by, and what \
            makes build servers lint and test at every change. The folder is best the root of a repository.

              portcullis init
              portcullis init guardrails --ci github,pre-commit

            Nothing is ever overwritten: if one of the files is there, none is written.

            Exit codes: 0 written; 1 a file could not be written; 2 the command line is wrong, or a file is there already.
            """
    )

    @Argument(help: ArgumentHelp("Where; made if it is not there (default: the working directory).", valueName: "dir"))
    var folder = "."
    @Option(
        help: ArgumentHelp(
            "For which build servers, with commas: github, gitlab, azure-devops, pre-commit; or all, or none.",
            valueName: "name,…"
        )
    )
    var ci = "all"
    @Flag(help: "Without .vscode/settings.json.") var noEditor = false

    func run() throws {
        guard !folder.isEmpty, folder != StandardInput.argument else {
            throw UsageError("\"\(folder)\" is no folder; name one, or write . for this one")
        }
        let starter = StarterFolder(pipelines: try pipelines(), hasEditorSettings: !noEditor)
        if FileSystem.exists(folder), !FileSystem.isDirectory(folder) {
            throw UsageError("\(folder) is no folder; name one, or one that is to be made")
        }
        let isHere = FileSystem.normalized(folder) == "."
        let files = starter.files.map { (file: $0, path: isHere ? $0.path : FileSystem.path(folder, $0.path)) }
        // A link that leads nowhere is somebody's too.
        let taken = files.filter { FileSystem.exists($0.path) || FileSystem.target(ofLink: $0.path) != nil }
        guard taken.isEmpty else {
            for (_, path) in taken { Terminal.complain("\(path): is there already\n") }
            throw UsageError(
                "nothing was written; name another folder, or leave files out with --ci none and --no-editor"
            )
        }
        for (file, path) in files {
            do throws(FileError) {
                try FileSystem.makeDirectory(FileSystem.parent(of: path))
                try FileSystem.write(Array(file.text.utf8).span, to: path, access: .everyoneReads)
            } catch {
                throw CommandFailure("\(error)")
            }
        }
        let width = files.map { $0.path.count }.max() ?? 0
        Terminal.print("WROTE".padded(to: width + 2) + "WHICH IS")
        for (file, path) in files { Terminal.print(path.padded(to: width + 2) + file.purpose) }
        let change = isHere ? "" : "cd \(Self.quoted(folder)) && "
        Terminal.print("\nNext: \(change)\(Self.quoted(executable)) test policies")
    }

    /// How the executable is called from the folder, if it is called as it was here.
    private var executable: String {
        guard let name = CommandLine.arguments.first, name.contains("/") else { return "portcullis" }
        if name.hasPrefix("/") { return name }
        let steps = FileSystem.normalized(folder).split(separator: "/")
        guard !folder.hasPrefix("/"), steps.first != ".." else { return FileSystem.real(name) ?? name }
        return steps.reduce(name) { name, step in step == "." ? name : "../" + name }
    }

    /// A word of a shell's command line.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { $0 > 0x2a && $0 < 0x7f && !";<>?[\\]^`{|}".utf8.contains($0) }
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private func pipelines() throws(UsageError) -> [StarterFolder.Pipeline] {
        switch ci {
        case "all": return StarterFolder.Pipeline.allCases
        case "none": return []
        default:
            var result: [StarterFolder.Pipeline] = []
            for name in ci.split(separator: ",", omittingEmptySubsequences: false) {
                guard let pipeline = StarterFolder.Pipeline(rawValue: String(name)) else {
                    let names = StarterFolder.Pipeline.allCases.map(\.rawValue).joined(separator: ", ")
                    throw UsageError("--ci: there is no \"\(name)\"; write one or more of \(names), or all, or none")
                }
                result.append(pipeline)
            }
            return result
        }
    }
}
