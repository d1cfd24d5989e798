internal import Admission
internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Glibc
internal import JSON
internal import Policy

/// `portcullis generate vap`.
struct GenerateVAP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vap",
        abstract: "Make ValidatingAdmissionPolicies, with bindings, of AzurePolicies' rules.",
        discussion: AdmissionPolicyOptions.discussion
    )

    @OptionGroup var options: AdmissionPolicyOptions

    func run() throws { try options.run(.validating) }
}

/// `portcullis generate map`.
struct GenerateMAP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "Make MutatingAdmissionPolicies, with bindings, of AzurePolicies' mutations.",
        discussion: AdmissionPolicyOptions.discussion
    )

    @OptionGroup var options: AdmissionPolicyOptions

    func run() throws { try options.run(.mutating) }
}

/// What both take.
struct AdmissionPolicyOptions: ParsableArguments {
    /// How manifests are printed.
    enum Output: String, CaseIterable, ExpressibleByArgument {
        /// One stream of documents.
        case yaml
        /// An object with the manifests and what could not be made.
        case json
    }

    static let discussion = """
        Manifests go to standard output. What CEL cannot say is left out and listed on standard error with its reason. \
        policies/README.md says what is carried over.

        Exit codes: 0 all was made; 1 some of it was not; 2 the command line or a policy is wrong; 4 there was nothing to \
        make.
        """

    @Argument(
        help: ArgumentHelp("Policy folders and files, or - for standard input (default: policies).", valueName: "path")
    )
    var paths: [String] = ["policies"]
    @Flag(
        name: .customLong("static"),
        help: "For an API server's staticManifestsDir: names end with .static.k8s.io."
    )
    var isStatic = false
    @Option(name: .shortAndLong, help: ArgumentHelp("How manifests are printed: yaml or json.", valueName: "format"))
    var output = Output.yaml

    func run(_ target: AdmissionPolicyGenerator.Target) throws {
        var generator = AdmissionPolicyGenerator(target, isStatic: isStatic)
        for document in try Self.documents(of: paths) { generator.add(document) }
        switch output {
        case .yaml: print(generator.yaml, terminator: "")
        case .json: print(String(decoding: generator.json(), as: UTF8.self))
        }
        for line in generator.table { Terminal.complain(line.singleLine + "\n") }
        if !generator.refusals.isEmpty { throw ExitCode(Portcullis.ExitCode.failed.rawValue) }
        if generator.policyCount == 0 {
            Terminal.complain(
                "portcullis: no policy has anything to make \(target == .validating ? "a VAP" : "a MAP") of\n"
            )
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
    }

    /// The documents of all policies of folders and files, which have been compiled.
    static func documents(of paths: [String]) throws -> [JSONDocument] {
        var result: [JSONDocument] = []
        var compiler = PolicyCompiler()
        let files = CommandFiles(needsPolicies: false)
        for path in paths {
            do throws(SuiteFileError) {
                for file in try files.policyFiles(of: path) {
                    let content = try files.contents(of: file)
                    do throws(YAMLError) {
                        for document in try JSONDocument.parseYAML(content) {
                            compiler.add(document, file: file)
                            result.append(document)
                        }
                    } catch {
                        compiler.add(PolicyIssue(error, file: file))
                    }
                }
            } catch {
                compiler.add(PolicyIssue(file: path, message: error.message, mend: error.mend))
            }
        }
        let errors = compiler.finish().errors
        for error in errors.dropLast() { Terminal.complain(error.description.singleLine + "\n") }
        if let last = errors.last { throw UsageError(last.description.singleLine) }
        return result
    }
}
