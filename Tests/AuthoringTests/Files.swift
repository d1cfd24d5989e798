import Authoring
import CEL
import Policy
import Testing

/// Files that are nowhere but in a test.
final class Files: SuiteFiles {
    private(set) var texts: [String: String]

    init(_ texts: [String: String]) {
        self.texts = texts
    }

    func newPath(_ relative: String, from folder: String) throws(SuiteFileError) -> String {
        try path(relative, from: folder)
    }

    func path(_ relative: String, from folder: String) throws(SuiteFileError) -> String {
        var names: [Substring] = []
        for name in "\(folder)/\(relative)".split(separator: "/") where name != "." {
            if name != ".." {
                names.append(name)
            } else if names.popLast() == nil {
                throw SuiteFileError("leads out", mend: "stay inside")
            }
        }
        return names.isEmpty ? "." : names.joined(separator: "/")
    }

    func contents(of path: String) throws(SuiteFileError) -> [UInt8] {
        guard let text = texts[path] else { throw SuiteFileError("does not exist", mend: "write it") }
        return Array(text.utf8)
    }

    func policyFiles(of path: String) throws(SuiteFileError) -> [String] {
        if texts[path] != nil { return [path] }
        let start = path == "." ? "" : path + "/"
        return texts.keys.filter { $0.hasPrefix(start) && !$0.dropFirst(start.count).contains("tests/") }.sorted()
    }

    /// Runs the suites of all files.
    ///
    /// The clock says the first second of 2030, so that no test depends on the day.
    func run(filter: String? = nil, tasks: SuiteRun.Tasks = []) throws -> TestReport {
        var run = SuiteRun(
            files: self,
            filter: try filter.map { try RegularExpression($0) },
            tasks: tasks,
            now: WallTime("2030-01-01T00:00:00Z")
        )
        for file in texts.keys.sorted() { run.run(file) }
        if tasks.contains(.mutation) { run.mutate() }
        return run.finish(files: texts.keys.sorted())
    }
}

/// A policy about regions and TLS of storage accounts, with a mutation.
let accountPolicy = """
    apiVersion: portcullis.dev/v1alpha1
    kind: AzurePolicy
    metadata: {name: accounts}
    spec:
      match: {resources: [storage.azure.com/StorageAccount]}
      parameters: {regions: [westeurope, northeurope]}
      rules:
        - {name: regions, locations: {allow: "${parameters.regions}"}}
        - {name: tls, action: Warn, exposure: {minimumTLSVersion: "1.2"}}
        - {name: owner, action: Audit, tags: {required: {owner: {}}}}
      mutations:
        - {name: team, tags: {default: {team: a}}}
    """

/// A suite beside `accountPolicy`, with cases as YAML.
func suite(_ cases: String, spec: String = "") -> String {
    """
    apiVersion: portcullis.dev/v1alpha1
    kind: PolicyTest
    metadata: {name: accounts}
    spec:
      manifest:
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: data, namespace: team-a}
        spec: {location: westeurope, minimumTlsVersion: TLS1_2, tags: {team: b, owner: me}}
    \(spec.indented(2))
      cases:
    \(cases.indented(4))
    """
}

/// What came of one suite's cases.
func report(_ cases: String, spec: String = "", _ more: [String: String] = [:]) throws -> TestReport {
    let files = ["p/policy.yaml": accountPolicy, "p/tests/suite.yaml": suite(cases, spec: spec)]
    return try Files(files.merging(more) { $1 }).run()
}

extension TestReport {
    /// All differences, for comparisons.
    var differences: [String] {
        suites.flatMap(\.cases).flatMap(\.differences).map {
            "\($0.subject): \($0.expected ?? "nothing") / \($0.actual ?? "nothing")"
        }
    }

    var faults: [String] { errors.map(\.description) }
}

extension String {
    fileprivate func indented(_ spaces: Int) -> String {
        split(separator: "\n").map { String(repeating: " ", count: spaces) + $0 }.joined(separator: "\n")
    }
}
