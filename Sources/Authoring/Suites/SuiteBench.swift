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
    private let library: PolicyLibrary
    private let loading: Loading
    private let policyFiles: [String]
    private var documents: [(document: JSONDocument, file: String)] = []
    private var inventory: Inventory?
    private let parameterNames: Set<String>
    /// The sets of the suite, by the parameters that cases change.
    private var sets: [[String: [UInt8]]: PolicySet?] = [:]

    init(_ suite: Suite, file: String, library: PolicyLibrary, _ loading: Loading) {
        self.suite = suite
        self.library = library
        self.loading = loading
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
                guard let path = Self.path(node, folder, library) else { continue }
                add(path, node)
            }
        } else {
            do throws(SuiteFileError) {
                let tests = SuiteFolder.tests(of: file)
                add(try library.files.path(tests == nil ? "." : "..", from: tests ?? folder), suite.node)
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

    private static func path(_ node: Node, _ folder: String, _ library: PolicyLibrary) -> String? {
        guard let text = node.string() else { return nil }
        do throws(SuiteFileError) {
            return try library.files.path(text, from: folder)
        } catch {
            node.error("\"\(text.prefix(80))\" \(error.message)", mend: error.mend)
            return nil
        }
    }

    /// The documents of a file that a node names, or the one that it is.
    private func contents(of node: Node) -> [(document: JSONDocument, file: String)] {
        if node.value.isObject { return [(JSONFragment { $0.copy(node.fragment) }.document, node.file)] }
        guard let path = Self.path(node, folder, library) else { return [] }
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
        let patched: JSONFragment?? =
            expectation.patched.map { object($0) } ?? expectation.patchedChanges.map { changed(subject, by: $0) }
        let set = policySet(for: item)
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
                inventory: inventory,
                time: item.time,
                expectation: expectation,
                patched: patched ?? nil
            )
        } catch {
            base.error(error.message, mend: error.mend)
            return nil
        }
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

    /// The policies with the parameters that the suite and the case give them.
    private func policySet(for item: SuiteCase) -> PolicySet? {
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
            let policies = names.filter { pattern.policy == nil || $0.policy == pattern.policy }
            if policies.isEmpty, let policy = pattern.policy, policy != "portcullis" {
                Self.report(policy, "policy", names.map(\.policy), at: pattern.node)
            } else if let rule = pattern.rule, !policies.isEmpty, policies.allSatisfy({ $0.rules != nil }) {
                let known = policies.flatMap { $0.rules ?? [] }
                // What is reported of a policy as a whole, and of what holds without any.
                let general = ["match", "mutations", "being-deleted"]
                if !known.contains(rule), !general.contains(rule) { Self.report(rule, "rule", known, at: pattern.node) }
            }
        }
    }

    private static func report(_ name: String, _ what: String, _ known: [String], at node: Node) {
        let near = name.nearest(in: known)
        let place = node.document.member(what, of: node.value).map { node.document.position(of: $0) }
        let issue = PolicyIssue(
            file: node.file,
            line: place?.line ?? node.position.line,
            column: place?.column ?? node.position.column,
            field: "\(node.path).\(what)",
            message: "no \(what) here is named \"\(name)\"" + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
            mend: near.map { "write \($0)" }
                ?? "write one of \(known.prefix(10).joined(separator: ", "))"
        )
        node.loading.report(issue)
    }
}
