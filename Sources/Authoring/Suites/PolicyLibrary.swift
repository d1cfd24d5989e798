public import JSON
public import Policy

/// Policies as suites and commands name them, each file read and compiled once.
public final class PolicyLibrary {
    private let files: any PolicySources
    let configuration: PolicyConfiguration
    private var folders: [String: Result<[String], SuiteFileError>] = [:]
    private var compiled: [String: PolicyFile] = [:]
    private var documents: [String: Result<[JSONDocument], PolicyIssue>] = [:]
    private var sets: [[String]: PolicyCompiler.Result] = [:]

    /// A library without policies yet.
    ///
    /// - Parameters:
    ///   - files: Where files come from.
    ///   - configuration: What policies are compiled with.
    public init(files: any PolicySources, configuration: PolicyConfiguration) {
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

    /// The set of files and folders, each read as `serve --policies` reads it.
    ///
    /// - Parameters:
    ///   - paths: Files and folders.
    ///   - parameters: Other values of policies' parameters, by name; one that no policy has is an error.
    /// - Returns: The set, or why there is none.
    public func set(ofPaths paths: [String], _ parameters: [String: JSONFragment] = [:]) -> PolicyCompiler.Result {
        var files: [String] = []
        var issues: [PolicyIssue] = []
        for path in paths {
            do throws(SuiteFileError) {
                files += try policyFiles(of: path).filter { !files.contains($0) }
            } catch {
                issues.append(PolicyIssue(file: path, message: error.message, mend: error.mend))
            }
        }
        let known = parameterNames(of: files)
        for name in parameters.keys.sorted() where !known.contains(name) {
            let near = name.nearest(in: known.sorted())
            issues.append(
                PolicyIssue(
                    file: "--set \(name)",
                    message: "is a parameter of no policy" + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
                    mend: near.map { "write \($0)" } ?? "remove it"
                )
            )
        }
        let result = set(of: files, with: [], parameters, issues)
        return PolicyCompiler.Result(set: result.set, issues: result.issues.map { $0.atOption(of: parameters) })
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
    ///   - changed: A file whose documents are to be others.
    ///   - issues: What else is wrong.
    /// - Returns: The set, or why there is none.
    func set(
        of files: [String],
        with documents: [(document: JSONDocument, file: String)],
        _ parameters: [String: JSONFragment],
        changed: (file: String, documents: [JSONDocument])? = nil,
        _ issues: [PolicyIssue] = []
    ) -> PolicyCompiler.Result {
        var compiler = PolicyCompiler(configuration: configuration)
        for issue in issues { compiler.add(issue) }
        for file in files {
            do throws(PolicyIssue) {
                let others = changed?.file == file ? changed?.documents : nil
                compiler.add(try policies(of: file, others, parameters))
            } catch {
                compiler.add(error)
            }
        }
        for (document, file) in documents { compiler.add(document, file: file) }
        return compiler.finish()
    }

    private func policies(
        of file: String,
        _ others: [JSONDocument]?,
        _ parameters: [String: JSONFragment]
    ) throws(PolicyIssue) -> PolicyFile {
        var isChanged = others != nil
        var changed: [JSONDocument] = []
        let originals: [JSONDocument]
        if let others { originals = others } else { originals = try documents(of: file) }
        for document in originals {
            do throws(JSONError) {
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
    /// The objects of the document: those of a list, or what it holds itself, each with where it stands.
    var objects: [(place: [String], value: JSONValue)] {
        var result: [(place: [String], value: JSONValue)] = []
        // The last is taken first.
        var pending: [(place: [String], value: JSONValue)] = [([], root)]
        while let (place, value) = pending.popLast() {
            guard member("kind", of: value).map({ equals($0, "List") }) ?? false,
                member("apiVersion", of: value).map({ equals($0, "v1") }) ?? false
            else {
                result.append((place, value))
                continue
            }
            guard let items = member("items", of: value) else { continue }
            let inner = elements(of: items).enumerated().map { (place + ["items", String($0.offset)], $0.element) }
            pending += inner.reversed()
        }
        return result
    }

    /// The names in `spec.parameters` of policies of ours, each with its value.
    private var parameters: [(name: String, value: JSONValue)] {
        objects.flatMap { _, object -> [(name: String, value: JSONValue)] in
            guard let version = member("apiVersion", of: object), equals(version, PolicyFile.apiVersion),
                let values = member("spec", of: object).flatMap({ member("parameters", of: $0) })
            else { return [] }
            return members(of: values).compactMap { key, value in string(key).map { ($0, value) } }
        }
    }

    fileprivate var parameterNames: [String] { parameters.map(\.name) }

    /// The policies with other values for the parameters that they have, all at the places where they stand in their file; the
    /// same document if they have none of them.
    func withParameters(_ values: [String: JSONFragment]) throws(JSONError) -> JSONDocument {
        let others = parameters.compactMap { name, value in
            values[name].map { (old: value, new: $0.text(like: value)) }
        }
        return others.isEmpty ? self : try replacing(others)
    }
}

extension JSONFragment {
    /// The value, as a text where it is to stand in place of a text: `1.3` for a version is not meant as a number.
    fileprivate func text(like old: JSONValue) -> JSONFragment {
        guard old.isString, [.int, .double, .bool].contains(value.kind) else { return self }
        let lexeme = document.lexeme(value)
        return JSONFragment(string: String(decoding: lexeme.indices.map { lexeme[$0] }, as: UTF8.self))
    }
}

extension PolicyIssue {
    /// What is wrong with another value of a parameter, said of the option that gives it; any other fault is the file's.
    fileprivate func atOption(of parameters: [String: JSONFragment]) -> PolicyIssue {
        // That nothing uses the parameter is no fault of its value.
        guard !parameters.isEmpty, kind != .unused, let name = parameterName, parameters[name] != nil else {
            return self
        }
        return PolicyIssue(
            severity: severity,
            kind: kind,
            file: "--set \(name)",
            field: field,
            message: "\(message) (\(file):\(line):\(column))",
            mend: mend
        )
    }

    /// The parameter of a policy that the field is, or is in.
    private var parameterName: String? {
        let start = "spec.parameters."
        var field = self.field[...]
        // A policy may be one of a list.
        while field.hasPrefix("items["), let end = field.firstIndex(of: ".") { field = field[end...].dropFirst() }
        guard field.hasPrefix(start) else { return nil }
        return String(field.dropFirst(start.count).prefix { $0 != "." && $0 != "[" })
    }
}
