internal import Admission
internal import ArgumentParser
internal import Authoring
internal import Azure
internal import EventLoop
internal import JSON
internal import Policy
internal import Synchronization

/// Which policies a command asks.
struct PolicyOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: ArgumentHelp(
            "File or folder of policies, read as 'serve' reads it, or - for standard input; several times (default: policies).",
            valueName: "path"
        )
    )
    var policies: [String] = []
    @Option(
        name: .customLong("set"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Another value for a parameter of the policies: a text, or a list or object in YAML; several times.",
            valueName: "name=value"
        )
    )
    var parameters: [String] = []

    /// Compiles the policies.
    ///
    /// - Parameter configuration: What they are compiled with.
    /// - Returns: The set, what it was compiled with, and warnings.
    /// - Throws: That there is an error in them, after all have been written to standard error.
    func load(_ configuration: PolicyConfiguration = PolicyConfiguration()) throws -> LoadedPolicies {
        try Self.load(policies.isEmpty ? ["policies"] : policies, parameters, configuration)
    }

    /// Compiles the policies of files and folders, with other values for parameters.
    static func load(
        _ paths: [String],
        _ parameters: [String] = [],
        _ configuration: PolicyConfiguration = PolicyConfiguration()
    ) throws -> LoadedPolicies {
        let library = PolicyLibrary(files: CommandFiles(), configuration: configuration)
        let result = library.set(ofPaths: paths, try Self.values(of: parameters))
        let issues = result.issues.sorted { ($0.severity, $0.file, $0.line) < ($1.severity, $1.file, $1.line) }
        Terminal.complain(of: issues)
        guard let set = result.set else {
            throw UsageError("the policies have errors, so that nothing was asked")
        }
        // Without policies all would be allowed, such as where the command before a pipe has failed.
        guard !set.names.isEmpty else {
            let names = paths.map { InputFiles.name(of: $0).singleLine }.joined(separator: ", ")
            throw UsageError("there are no policies in \(names); name a file or folder with an AzurePolicy")
        }
        return LoadedPolicies(set: set, configuration: configuration, paths: paths)
    }

    /// Compiles the policies, all together and one by one, for measuring.
    ///
    /// - Parameters:
    ///   - configuration: What they are compiled with.
    ///   - rules: Whether their rules are compiled one by one too.
    /// - Returns: The policies, which `load` has found to be good.
    /// - Throws: That they are so no longer.
    func benchPolicies(_ configuration: PolicyConfiguration, rules: Bool) throws -> BenchRun.Policies {
        let library = PolicyLibrary(files: CommandFiles(), configuration: configuration)
        let paths = policies.isEmpty ? ["policies"] : policies
        guard let result = library.benchPolicies(ofPaths: paths, try Self.values(of: parameters), rules: rules) else {
            throw UsageError("the policies have changed while they were read; try again")
        }
        return result
    }

    /// The values of parameters that are written `name=value`.
    private static func values(of parameters: [String]) throws -> [String: JSONFragment] {
        var values: [String: JSONFragment] = [:]
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw UsageError("--set: \"\(parameter)\" is no name=value; write --set regions='[westeurope]'")
            }
            do throws(YAMLError) {
                let documents = try JSONDocument.parseYAML(Array(parts[1].utf8))
                values[String(parts[0])] =
                    documents.first.map { JSONFragment($0) } ?? JSONFragment(string: String(parts[1]))
            } catch {
                throw UsageError("--set \(parts[0]): \(error.message); \(error.mend)")
            }
        }
        return values
    }
}

/// Policies that are ready to be asked.
struct LoadedPolicies {
    let set: PolicySet
    let configuration: PolicyConfiguration
    /// The files and folders that they were read from.
    let paths: [String]
}

/// Files that a person names on the command line: wherever they like.
struct CommandFiles: PolicySources {
    /// Whether a folder without policies is an error.
    var needsPolicies = true

    /// What came by standard input, which a command that measures asks for again.
    private static let standardInput = Mutex<[UInt8]?>(nil)

    func contents(of path: String) throws(SuiteFileError) -> [UInt8] {
        let isStandardInput = path == StandardInput.name
        if isStandardInput, let known = Self.standardInput.withLock(\.self) { return known }
        let content: [UInt8]
        do throws(PolicyIssue) {
            content = try InputFiles.read(
                isStandardInput ? StandardInput.argument : path,
                limitBytes: PolicyFolder.maximumFileBytes
            )
        } catch {
            throw SuiteFileError(error.message, mend: error.mend)
        }
        if isStandardInput { Self.standardInput.withLock { $0 = content } }
        return content
    }

    func policyFiles(of path: String) throws(SuiteFileError) -> [String] {
        if path == StandardInput.argument { return [StandardInput.name] }
        guard FileSystem.isDirectory(path) else {
            guard FileSystem.exists(path) else {
                throw SuiteFileError("does not exist", mend: "name a file or folder of policies that is there")
            }
            return [path]
        }
        let found: PolicyFiles
        do throws(FileError) {
            found = try PolicyFiles(of: path)
        } catch {
            throw SuiteFileError("cannot be read (\(error))", mend: "make it readable")
        }
        if let issue = found.issues.first(where: { $0.severity == .error }) {
            throw SuiteFileError("cannot be read: \(issue.file): \(issue.message)", mend: issue.mend)
        }
        guard !found.files.isEmpty || !needsPolicies else {
            throw SuiteFileError("holds no policies", mend: "put an AzurePolicy into a file *.yaml, *.yml or *.json")
        }
        return found.files.map { FileSystem.normalized($0.path) }
    }
}
