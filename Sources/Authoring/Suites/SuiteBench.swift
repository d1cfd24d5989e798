internal import Azure
internal import JSON
internal import Kubernetes
internal import Policy

/// What a suite's cases have in common: its policies, and the files that it names.
final class SuiteBench {
    /// The files that the suite names and that were found.
    private(set) var used: Set<String> = []
    /// What policies are warned of.
    private(set) var warnings: [PolicyIssue] = []

    private let suite: Suite
    private let folder: String
    private let files: any SuiteFiles
    private let library: PolicyLibrary
    private let loading: Loading
    /// Whether a file of what mutations make may be missing.
    private let writesSnapshots: Bool
    /// The files of the policies that the suite tests, in ascending order.
    let policyFiles: [String]
    private var documents: [(document: JSONDocument, file: String)] = []
    private var inventory: Inventory?
    private let parameterNames: Set<String>
    /// The sets of the suite, by the parameters that cases change.
    private var sets: [[String: [UInt8]]: PolicySet?] = [:]

    init(
        _ suite: Suite,
        file: String,
        files source: any SuiteFiles,
        library: PolicyLibrary,
        writesSnapshots: Bool,
        _ loading: Loading
    ) {
        self.suite = suite
        self.files = source
        self.library = library
        self.loading = loading
        self.writesSnapshots = writesSnapshots
        folder = SuiteFolder.folder(of: file)
        var files: [String] = []
        var named: Set<String> = []
        func add(_ path: String, _ node: Node) {
            do throws(SuiteFileError) {
                for file in try library.policyFiles(of: path) {
                    named.insert(file)
                    if !files.contains(file) { files.append(file) }
                }
            } catch {
                node.error(error.message, mend: error.mend)
            }
        }
        if let policies = suite.policies {
            for node in policies {
                guard let path = Self.path(node, folder, source) else { continue }
                add(path, node)
            }
        } else {
            do throws(SuiteFileError) {
                let tests = SuiteFolder.tests(of: file)
                add(try source.path(tests == nil ? "." : "..", from: tests ?? folder), suite.node)
            } catch {
                suite.node.error("may not read the folder beside it: it \(error.message)", mend: "add spec.policies")
            }
        }
        policyFiles = files.sorted()
        parameterNames = library.parameterNames(of: files)
        used = named
        readDocuments()
    }

    private func readDocuments() {
        for (name, node) in suite.namespaces {
            if let document = Self.namespace(name, node) { documents.append((document, node.file)) }
        }
        for node in suite.documents { documents += contents(of: node) }
        guard let others = suite.inventory else { return }
        var builder = InventoryBuilder(configuration: library.configuration)
        for node in others {
            for (document, file) in contents(of: node) { builder.add(document, file: file) }
        }
        let result = builder.finish()
        inventory = result.inventory
        for issue in result.issues { loading.report(issue) }
    }

    /// A Namespace manifest with labels.
    private static func namespace(_ name: String, _ node: Node) -> JSONDocument? {
        guard node.value.isObject, node.document.members(of: node.value).allSatisfy({ $0.value.isString }) else {
            node.error(
                "must be an object of strings, the namespace's labels",
                mend: "write key: value, values in quotes"
            )
            return nil
        }
        return JSONFragment { writer in
            writer.beginObject()
            writer.key("apiVersion")
            writer.string("v1")
            writer.key("kind")
            writer.string("Namespace")
            writer.key("metadata")
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            writer.key("labels")
            writer.copy(node.fragment)
            writer.endObject()
            writer.endObject()
        }.document
    }

    // MARK: Files

    private static func path(_ node: Node, _ folder: String, _ files: any SuiteFiles) -> String? {
        guard let text = node.string() else { return nil }
        do throws(SuiteFileError) {
            return try files.path(text, from: folder)
        } catch {
            node.error("\"\(text.prefix(80))\" \(error.message)", mend: error.mend)
            return nil
        }
    }

    /// The documents of a file that a node names, or the one that it is.
    private func contents(of node: Node) -> [(document: JSONDocument, file: String)] {
        if node.value.isObject { return [(JSONFragment { $0.copy(node.fragment) }.document, node.file)] }
        guard let path = Self.path(node, folder, files) else { return [] }
        used.insert(path)
        do throws(PolicyIssue) {
            return try library.documents(of: path).map { ($0, path) }
        } catch {
            report(error, at: node)
            return []
        }
    }

    /// A file that cannot be read is the fault of who names it; one that is no YAML has places of its own.
    private func report(_ issue: PolicyIssue, at node: Node) {
        if issue.line > 0 {
            loading.report(issue)
        } else {
            node.error("\(issue.file) \(issue.message)", mend: issue.mend)
        }
    }

    /// The object that a node is, or that the file which it names holds.
    private func object(_ node: Node) -> JSONFragment? {
        if node.value.isObject { return node.fragment }
        let documents = contents(of: node)
        if documents.count == 1, let only = documents.first {
            guard only.document.root.isObject else {
                node.error("\(only.file) holds no object", mend: "write apiVersion, kind, metadata and spec")
                return nil
            }
            return JSONFragment(only.document)
        }
        if !documents.isEmpty {
            node.error("names a file of \(documents.count) objects", mend: "give each object a file, or write it here")
        }
        return nil
    }

    // MARK: Cases

    /// Reads what a case names; what is wrong goes to the suite's log.
    func prepare(_ item: SuiteCase) -> SuiteTrial? {
        guard let base = item.manifest ?? suite.manifest else {
            item.node.error("has no manifest", mend: "add manifest here, or to spec for all cases")
            return nil
        }
        // All are read before any is missed, so that one run tells all faults.
        let manifest = object(base)
        let subject = changed(manifest, by: item.changes)
        let old = item.old.map { object($0) } ?? item.oldChanges.map { changed(manifest, by: $0) }
        let expectation = item.expectation
        let newSnapshot = expectation.patched.flatMap { self.newSnapshot($0) }
        let patched: JSONFragment??
        if let node = expectation.patched {
            patched = newSnapshot == nil ? .some(object(node)) : nil
        } else {
            patched = expectation.patchedChanges.map { changed(subject, by: $0) }
        }
        let parameters = self.parameters(for: item)
        let set = policySet(for: item, parameters)
        if let set { check(item, set) }
        guard let subject, old != .some(nil), patched != .some(nil), let set else { return nil }
        let change: ManifestRequest.Change =
            switch (item.operation, old) {
            case (.delete, _): .delete(subject)
            case (_, let old??): .update(subject, from: old)
            default: .create(subject)
            }
        let question = ManifestRequest(
            change,
            namespace: item.namespace,
            by: item.user ?? .anybody,
            isDryRun: item.isDryRun
        )
        do throws(ManifestError) {
            return SuiteTrial(
                request: try question.admissionRequest(tables: library.configuration.tables),
                set: set,
                parameters: parameters,
                inventory: inventory,
                time: item.time,
                expectation: expectation,
                patched: patched ?? nil,
                snapshotFile: expectation.patched.flatMap { snapshotFile($0) },
                newSnapshot: newSnapshot
            )
        } catch {
            base.error(error.message, mend: error.mend)
            return nil
        }
    }

    /// The file that holds what mutations are to make.
    private func snapshotFile(_ node: Node) -> String? {
        node.document.string(node.value).flatMap { try? files.path($0, from: folder) }
    }

    /// The same, if there is none yet and one may be written.
    private func newSnapshot(_ node: Node) -> String? {
        guard writesSnapshots, let text = node.document.string(node.value) else {
            return nil
        }
        if let known = snapshotFile(node), (try? files.contents(of: known)) != nil { return nil }
        guard let path = try? files.newPath(text, from: folder) else { return nil }
        used.insert(path)
        return path
    }

    private func changed(_ object: JSONFragment?, by changes: Node?) -> JSONFragment? {
        guard let object, let changes else { return object }
        do throws(ManifestError) {
            return try object.merged(with: changes.fragment)
        } catch {
            changes.error(error.message, mend: error.mend)
            return nil
        }
    }

    /// The policies of a case, with other documents in the place of a file's; nothing if they are no policies.
    func set(for trial: SuiteTrial, replacing file: String, by documents: [JSONDocument]) -> PolicySet? {
        library.set(of: policyFiles, with: self.documents, trial.parameters, changed: (file, documents)).set
    }

    /// The values of parameters that the suite and the case give.
    private func parameters(for item: SuiteCase) -> [String: JSONFragment] {
        var values: [String: JSONFragment] = [:]
        for (name, node) in suite.parameters + item.parameters {
            if parameterNames.contains(name) {
                values[name] = node.fragment
            } else {
                let near = name.nearest(in: parameterNames.sorted())
                node.error(
                    "is a parameter of no policy here" + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
                    mend: near.map { "write \($0)" } ?? "add it to the policy's spec.parameters, or remove it"
                )
            }
        }
        return values
    }

    /// The policies with those parameters.
    private func policySet(for item: SuiteCase, _ values: [String: JSONFragment]) -> PolicySet? {
        let key = values.mapValues { $0.document.bytes(of: $0.value) }
        if let known = sets[key] { return known }
        let result =
            documents.isEmpty && values.isEmpty
            ? library.set(of: policyFiles) : library.set(of: policyFiles, with: documents, values)
        if policyFiles.isEmpty, result.errors.isEmpty {
            suite.node.error("finds no policies", mend: "name their files or folders in spec.policies")
        }
        warnings += result.issues.filter { $0.severity == .warning }
        for issue in result.errors { loading.report(issue) }
        if !result.errors.isEmpty, !item.parameters.isEmpty || !suite.parameters.isEmpty {
            item.node.error(
                "cannot be asked: the policies do not compile with its parameters",
                mend: "see their faults"
            )
        }
        sets[key] = .some(result.set)
        return result.set
    }

    /// Expectations that nothing could ever meet.
    private func check(_ item: SuiteCase, _ set: PolicySet) {
        let names = set.names
        for pattern in item.expectation.patterns {
            Self.check(pattern.policy, pattern.rule, names) { word, what, known in
                Self.report(word, what, known, at: pattern.node, pattern.node.member(what))
            }
        }
        for rule in item.expectation.only ?? [] {
            Self.check(rule.policy, rule.rule, names) { word, what, known in
                Self.report(word, what, known, at: rule.node, rule.node)
            }
        }
    }

    /// Says which of both names nothing has.
    private static func check(
        _ policy: String?,
        _ rule: String?,
        _ names: [PolicySet.Names],
        report: (_ name: String, _ what: String, _ known: [String]) -> Void
    ) {
        let policies = names.filter { policy == nil || $0.policy == policy }
        if policies.isEmpty, let policy, policy != "portcullis" {
            report(policy, "policy", names.map(\.policy))
        } else if let rule, !policies.isEmpty {
            let known = policies.flatMap(\.rules)
            if !known.contains(rule), !PolicySet.generalRules.contains(rule) { report(rule, "rule", known) }
        }
    }

    private static func report(_ name: String, _ what: String, _ known: [String], at node: Node, _ place: Node) {
        let near = name.nearest(in: known)
        let position = place.position
        let issue = PolicyIssue(
            file: node.file,
            line: position.line,
            column: position.column,
            field: place.path,
            message: "no \(what) here is named \"\(name)\"" + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
            mend: near.map { "write \($0)" }
                ?? "write one of \(known.prefix(10).joined(separator: ", "))"
        )
        node.loading.report(issue)
    }
}

extension Node {
    /// A member that was read; the node itself if there is none.
    fileprivate func member(_ name: String) -> Node {
        document.member(name, of: value).map { at($0, "\(path).\(name)") } ?? self
    }
}
