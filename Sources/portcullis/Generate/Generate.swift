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
        abstract: "Print a table of a folder's AzurePolicies in Markdown.",
        discussion: """
            Number, title, severity and the Azure Policy that each stands for come from annotations: portcullis.dev/number, \
            /title, /severity and /azure-policy-id. Titles link to the policies' files, from the folder above the given one.
            """
    )

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir")) var path: String

    func run() throws {
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
        for line in table.markdown() { print(line) }
    }
}
