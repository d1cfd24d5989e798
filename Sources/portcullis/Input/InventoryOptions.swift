internal import Admission
internal import ArgumentParser
internal import Authoring
internal import JSON
internal import Policy

/// What else there is beside what is asked about.
struct InventoryOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "File or folder of manifests, or of what 'kubectl get -A -o yaml' writes, that tells what else there is; several times.",
            valueName: "path"
        )
    )
    var inventory: [String] = []

    /// Reads what the option names.
    ///
    /// - Returns: What was read; nil if nothing was named.
    /// - Throws: What of it cannot be read, after all has been written to standard error.
    func load(_ policies: LoadedPolicies) throws(UsageError) -> Inventory? {
        guard !inventory.isEmpty else { return nil }
        let files = InputFiles(inventory)
        var issues = files.issues
        let values = SharedValues()
        var builder = InventoryBuilder(configuration: policies.configuration)
        for file in files.files {
            do throws(PolicyIssue) {
                let documents = try InputFiles.documents(of: file)
                builder.add(
                    InventoryFile(
                        documents,
                        file: InputFiles.name(of: file),
                        configuration: policies.configuration,
                        sharing: values
                    )
                )
            } catch {
                issues.append(error)
            }
        }
        let result = builder.finish(folder: inventory.joined(separator: ", "))
        issues += result.issues
        Terminal.complain(of: issues)
        guard !issues.contains(where: { $0.severity == .error }) else {
            throw UsageError("what --inventory names cannot be read")
        }
        return result.inventory
    }
}
