internal import Azure
internal import EventLoop
internal import JSON
internal import Policy

/// The part of a kustomization that needs no kustomize: which files and folders belong together.
struct Kustomization {
    /// A file or a folder that it lists.
    struct Resource {
        /// As it is written, from the kustomization's folder, without `./` before it and slashes behind it.
        let path: String
        fileprivate let node: Node

        func issue(_ message: String, mend: String) -> PolicyIssue {
            node.issue(.error, "\"\(path)\" \(message)", mend: mend)
        }
    }

    /// What kustomize looks for.
    static let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"]

    /// What it lists; nil if it lists nothing, as one that only makes a ConfigMap of its folder.
    private(set) var resources: [Resource]?

    /// Reads a kustomization; what is wrong with it goes to the issues.
    init(_ path: String, name: String, _ issues: inout [PolicyIssue]) throws(FileError) {
        let content = try FileSystem.read(path, limitBytes: PolicyFolder.maximumFileBytes)
        let loading = Loading(tables: .embedded)
        defer { issues += loading.issues.sorted }
        let documents: [JSONDocument]
        do throws(YAMLError) {
            documents = try JSONDocument.parseYAML(content)
        } catch {
            loading.report(
                PolicyIssue(
                    file: name,
                    line: error.line,
                    column: error.column,
                    message: error.message,
                    mend: error.mend
                )
            )
            // The folder is not read whole for a slip in the file that says what of it counts.
            resources = []
            return
        }
        guard let document = documents.first else { return }
        let node = Node(document, file: name, loading)
        guard let list = document.member("resources", of: document.root), !list.isNull else { return }
        for (key, _) in document.members(of: document.root) {
            let field = document.string(key) ?? ""
            if ["apiVersion", "kind", "metadata", "resources"].contains(field) { continue }
            node.at(key, field).error(
                "cannot be done without kustomize",
                mend: "run kustomize build, and use a folder with what it prints"
            )
        }
        resources = node.at(list, "resources").elements().compactMap { Self.resource($0) }
    }

    private static func resource(_ node: Node) -> Resource? {
        guard let text = node.string() else { return nil }
        let isRemote = text.contains("://") || text.contains("?ref=") || text.hasPrefix("git@") || text.hasPrefix("/")
        guard !isRemote else {
            node.error(
                "\"\(text.prefix(80))\" is no path from here",
                mend: "write a relative path; kustomize build fetches what is elsewhere"
            )
            return nil
        }
        return Resource(path: FileSystem.normalized(text), node: node)
    }
}
