internal import JSON
internal import Policy

/// Loads what an importer wrote, and runs the tests that it wrote, before anybody gets them.
enum ImportProof {
    /// What is wrong with policies, warnings included.
    static func issues(_ text: String) -> [PolicyIssue] {
        let configuration = PolicyConfiguration()
        var compiler = PolicyCompiler(configuration: configuration)
        do throws(YAMLError) {
            compiler.add(
                PolicyFile(
                    try JSONDocument.parseYAML(Array(text.utf8)),
                    file: "policy.yaml",
                    configuration: configuration
                )
            )
        } catch {
            return [PolicyIssue(error, file: "policy.yaml")]
        }
        return compiler.finish().issues
    }

    /// The cases of a suite that pass, by name; nothing if the suite cannot be run.
    static func passing(_ policy: String, _ suite: String) -> Set<String> {
        var run = SuiteRun(files: WrittenFiles(texts: ["policy.yaml": policy, "tests/suite.yaml": suite]))
        run.run("tests/suite.yaml")
        return Set(run.finish().suites.flatMap(\.cases).filter(\.passed).map(\.name))
    }
}

/// Files that are not on any disk yet.
private struct WrittenFiles: SuiteFiles {
    let texts: [String: String]

    func path(_ relative: String, from folder: String) throws(SuiteFileError) -> String { "." }

    func newPath(_ relative: String, from folder: String) throws(SuiteFileError) -> String {
        throw SuiteFileError("is not to be written", mend: "write it into the suite")
    }

    func contents(of path: String) throws(SuiteFileError) -> [UInt8] {
        guard let text = texts[path] else { throw SuiteFileError("does not exist", mend: "write it") }
        return Array(text.utf8)
    }

    func policyFiles(of path: String) throws(SuiteFileError) -> [String] { ["policy.yaml"] }
}
