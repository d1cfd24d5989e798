internal import Admission
internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Policy

/// `portcullis generate`.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make something of policies.",
        subcommands: [
            GenerateVAP.self, GenerateMAP.self, GenerateWebhooks.self, GenerateSchema.self, GenerateCRDs.self,
            GenerateDocs.self,
        ]
    )
}

/// `portcullis generate docs`.
struct GenerateDocs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Print a page about a set of policies in Markdown.",
        discussion: """
            An overview, and a section for each policy, binding, exception and price list: where it applies, its parameters, what \
            each rule asks and says. Title, description, severity, number and the Azure Policy that it stands for come from \
            annotations: portcullis.dev/title, /description, /severity, /number and /azure-policy-id. With --index it is one table \
            of AzurePolicies, whose titles link to their files, from the folder above the given one.

              portcullis generate docs policies >POLICIES.md

            Exit codes: 0 made; 2 the command line or a policy is wrong; 4 there is nothing to describe.
            """
    )

    @Argument(help: ArgumentHelp("Policy folders and files, or - for standard input.", valueName: "path"))
    var paths: [String]
    @Flag(help: "Print one table of a folder's AzurePolicies alone.") var index = false

    func validate() throws {
        if index, paths.count > 1 { throw ValidationError("--index is about one folder: name one") }
    }

    func run() throws {
        if index {
            for path in paths { try printIndex(of: path) }
            return
        }
        var page = PolicyDocumentation()
        for document in try AdmissionPolicyOptions.documents(of: paths) { page.add(document) }
        if page.isEmpty { throw Self.nothing() }
        for line in page.markdown() { print(line) }
    }

    private static func nothing() -> ExitCode {
        Terminal.complain("portcullis: there is nothing to describe: no policies in what was named\n")
        return ExitCode(Portcullis.ExitCode.untested.rawValue)
    }

    private func printIndex(of path: String) throws {
        var table = PolicyTable()
        do {
            let files = try PolicyFiles(of: path)
            for issue in files.issues where issue.severity == .error { throw UsageError(issue.description) }
            let above = FileSystem.parent(of: FileSystem.normalized(path)) + "/"
            for file in files.files {
                let name = FileSystem.normalized(file.name)
                let content = try FileSystem.read(file.path, limitBytes: PolicyFolder.maximumFileBytes)
                table.add(content, file: name, link: name.hasPrefix(above) ? String(name.dropFirst(above.count)) : name)
            }
        } catch let error as FileError {
            throw UsageError("\(error)")
        }
        if let issue = table.issues.first { throw UsageError(issue.description) }
        if table.isEmpty { throw Self.nothing() }
        for line in table.markdown() { print(line) }
    }
}
