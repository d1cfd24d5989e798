internal import Admission
internal import ArgumentParser
internal import Authoring
internal import CEL
internal import EventLoop
internal import Glibc
internal import Policy

/// `portcullis test`.
struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the tests that lie beside policies.",
        discussion: """
            A test asks the policies about a manifest, as the webhook would be asked, and compares decision, messages and the \
            patched object with what is expected. Tests are documents of kind PolicyTest in a folder 'tests' beside the \
            policies:

              apiVersion: portcullis.dev/v1alpha1
              kind: PolicyTest
              metadata: {name: secure-transfer}
              spec:
                manifest: account.yaml
                cases:
                  - name: HTTPS alone is allowed
                    expect: {decision: Allow}
                  - name: HTTP is denied
                    changes: {spec: {supportsHttpsTrafficOnly: false}}
                    expect:
                      decision: Deny
                      failures: [{rule: https-only, field: spec.supportsHttpsTrafficOnly}]

            policies/README.md describes every field. Nothing is asked of a cluster.

            Exit codes: 0 all tests passed; 1 some failed; 2 the command line, a test, a manifest or a policy is wrong; \
            4 nothing was tested.
            """
    )

    /// How results are printed.
    enum Output: String, CaseIterable, ExpressibleByArgument {
        /// A table for people.
        case text
        /// An object for programs.
        case json
        /// XML for build servers.
        case junit
        /// The Test Anything Protocol.
        case tap
    }

    @Argument(
        help: ArgumentHelp("Folders, with all below them, or files with tests (default: policies).", valueName: "path")
    )
    var paths: [String] = ["policies"]
    @Option(help: ArgumentHelp("How results are printed: text, json, junit or tap.", valueName: "format"))
    var output = Output.text
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "Run only the cases whose 'suite/case' this regular expression (RE2) finds.",
            valueName: "regex"
        )
    )
    var pattern: String?
    @Flag(name: .shortAndLong, help: "List every case, not only every suite.") var verbose = false

    func run() throws {
        let files = TestedFiles(paths)
        var run = SuiteRun(files: files, filter: try filter(), now: .now())
        var progress = Progress("tests")
        for issue in files.issues { run.add(issue) }
        for file in files.files { progress.show(run.run(file, isAsked: files.asked.contains(file))) }
        progress.end()
        let report = run.finish(files: files.files)
        let isColoured = Terminal.hasColours(STDERR_FILENO)
        for issue in report.issues {
            let style: TextStyle = issue.severity == .error ? .red : .yellow
            Terminal.complain(style.paint(issue.description.singleLine, isColoured: isColoured) + "\n")
        }
        switch output {
        case .text:
            for line in report.text(isColoured: Terminal.hasColours(STDOUT_FILENO), isVerbose: verbose) { print(line) }
        case .json: print(String(decoding: report.json(), as: UTF8.self))
        case .junit: print(report.junit())
        case .tap: print(report.tap())
        }
        if let code = Self.exitCode(of: report) { throw ExitCode(code.rawValue) }
    }

    private func filter() throws(UsageError) -> RegularExpression? {
        guard let pattern else { return nil }
        do throws(RegularExpressionError) {
            return try RegularExpression(pattern)
        } catch {
            throw UsageError("--run: \(error)")
        }
    }

    /// Nothing if all is well.
    private static func exitCode(of report: TestReport) -> Portcullis.ExitCode? {
        if !report.errors.isEmpty { return .usage }
        if report.failedCount > 0 { return .failed }
        return report.caseCount == 0 ? .untested : nil
    }
}
