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
            "File or folder of manifests, of what 'kubectl get -A -o yaml' writes, or a snapshot, that tells what else there is; several times.",
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
        guard let result = Self.read(inventory, policies.configuration) else {
            throw UsageError("what --inventory names cannot be read")
        }
        return result
    }

    /// Reads files and folders.
    ///
    /// - Returns: What they hold; nil if there are errors. They, and warnings, have been written to standard error.
    static func read(_ paths: [String], _ configuration: PolicyConfiguration) -> Inventory? {
        let files = InputFiles(paths)
        var issues = files.issues
        let values = SharedValues()
        var builder = InventoryBuilder(configuration: configuration)
        for file in files.files {
            do throws(PolicyIssue) {
                let documents = try InputFiles.documents(of: file)
                builder.add(
                    InventoryFile(
                        documents,
                        file: InputFiles.name(of: file),
                        configuration: configuration,
                        sharing: values
                    )
                )
            } catch {
                issues.append(error)
            }
        }
        let result = builder.finish(folder: paths.joined(separator: ", "))
        issues += result.issues
        Terminal.complain(of: issues)
        return issues.contains { $0.severity == .error } ? nil : result.inventory
    }
}
