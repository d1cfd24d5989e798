internal import JSON
internal import Policy

/// Policies as suites name them, each file read and compiled once.
final class PolicyLibrary {
    let files: any SuiteFiles
    let configuration: PolicyConfiguration
    private var folders: [String: Result<[String], SuiteFileError>] = [:]
    private var compiled: [String: PolicyFile] = [:]
    private var documents: [String: Result<[JSONDocument], PolicyIssue>] = [:]
    private var sets: [[String]: PolicyCompiler.Result] = [:]

    init(files: any SuiteFiles, configuration: PolicyConfiguration) {
        self.files = files
        self.configuration = configuration
    }

    /// The documents of a file.
    func documents(of file: String) throws(PolicyIssue) -> [JSONDocument] {
        if let known = documents[file] { return try known.get() }
        let result: Result<[JSONDocument], PolicyIssue>
        do throws(SuiteFileError) {
            let bytes = try files.contents(of: file)
            do throws(YAMLError) {
                result = .success(try JSONDocument.parseYAML(bytes))
            } catch {
                result = .failure(PolicyIssue(error, file: file))
            }
        } catch {
            result = .failure(PolicyIssue(file: file, message: error.message, mend: error.mend))
        }
        documents[file] = result
        return try result.get()
    }

    /// The files that hold a path's policies.
    func policyFiles(of path: String) throws(SuiteFileError) -> [String] {
        if let known = folders[path] { return try known.get() }
        let result: Result<[String], SuiteFileError>
        do throws(SuiteFileError) {
            result = .success(try files.policyFiles(of: path))
        } catch {
            result = .failure(error)
        }
        folders[path] = result
        return try result.get()
    }

    /// The set of files, kept for the next suite that wants the same.
    func set(of files: [String]) -> PolicyCompiler.Result {
        if let known = sets[files] { return known }
        let result = set(of: files, with: [], [:])
        sets[files] = result
        return result
    }

    /// The set of files and documents.
    ///
    /// - Parameters:
    ///   - files: Files of policies.
    ///   - documents: Documents beside them, each with the file that it stands in.
    ///   - parameters: Other values of policies' parameters, by name.
    /// - Returns: The set, or why there is none.
    func set(
        of files: [String],
        with documents: [(document: JSONDocument, file: String)],
        _ parameters: [String: JSONFragment]
    ) -> PolicyCompiler.Result {
        var compiler = PolicyCompiler(configuration: configuration)
        for file in files {
            do throws(PolicyIssue) {
                compiler.add(try policies(of: file, parameters))
            } catch {
                compiler.add(error)
            }
        }
        for (document, file) in documents { compiler.add(document, file: file) }
        return compiler.finish()
    }

    private func policies(of file: String, _ parameters: [String: JSONFragment]) throws(PolicyIssue) -> PolicyFile {
        var isChanged = false
        var changed: [JSONDocument] = []
        for document in try documents(of: file) {
            do throws(JSONPatchError) {
                let other = try document.withParameters(parameters)
                if other !== document { isChanged = true }
                changed.append(other)
            } catch {
                throw PolicyIssue(
                    file: file,
                    message: "cannot take the parameters (\(error))",
                    mend: "make them smaller"
                )
            }
        }
        if isChanged { return PolicyFile(changed, file: file, configuration: configuration) }
        if let known = compiled[file] { return known }
        let result = PolicyFile(changed, file: file, configuration: configuration)
        compiled[file] = result
        return result
    }

    /// The names of all parameters of files' policies.
    func parameterNames(of files: [String]) -> Set<String> {
        var names: Set<String> = []
        for file in files {
            for document in (try? documents(of: file)) ?? [] { names.formUnion(document.parameterNames) }
        }
        return names
    }
}

extension JSONDocument {
    /// `spec.parameters` of a policy of ours.
    private var parameters: JSONValue? {
        guard let version = member("apiVersion", of: root), equals(version, PolicyFile.apiVersion) else { return nil }
        return member("spec", of: root).flatMap { member("parameters", of: $0) }
    }

    fileprivate var parameterNames: [String] {
        parameters.map { members(of: $0).compactMap { string($0.key) } } ?? []
    }

    /// The policy with other values for the parameters that it has; the same document if it has none of them.
    fileprivate func withParameters(_ values: [String: JSONFragment]) throws(JSONPatchError) -> JSONDocument {
        let operations = parameterNames.compactMap { name in
            values[name].map { JSONPatchOperation.replace(JSONPointer(tokens: ["spec", "parameters", name]), $0) }
        }
        return operations.isEmpty ? self : try JSONPatch(operations).apply(to: self)
    }
}
