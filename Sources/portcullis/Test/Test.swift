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

            policies/README.md describes every field. Nothing is asked of a cluster. What comes by - counts its paths from the \
            working directory, and names its policies: spec.policies.

            --coverage tells of every rule how many tests made it pass and fail, and of expressions how many made them true and \
            false. --mutate changes the policies, one thing at a time (a rule dropped, Deny for Audit, a value more or less in a \
            list, a limit moved, an expression negated): each change should make some test fail.

            Exit codes: 0 all tests passed; 1 some failed, the coverage is too low, or no test noticed a change; 2 the command \
            line, a test, a manifest or a policy is wrong; 4 nothing was tested.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Folders, with all below them, files with tests, or - for standard input (default: policies).",
            valueName: "path"
        )
    )
    var paths: [String] = ["policies"]
    @OptionGroup(title: "OUTPUT") var output: OutputOptions
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "Run only the cases whose 'suite/case' this regular expression (RE2) finds.",
            valueName: "regex"
        )
    )
    var pattern: String?
    @Flag(name: .shortAndLong, help: "List every case, not only every suite.") var verbose = false
    @Flag(help: "Tell what tests make of every rule.") var coverage = false
    @Option(
        help: ArgumentHelp(
            "Fail if tests go through less than so many of a hundred branches of rules.",
            valueName: "percent"
        )
    )
    var coverageThreshold: Int?
    @Flag(help: "Change the policies, one thing at a time, and tell which changes no test notices.") var mutate = false
    @Flag(help: "Write what mutations make of objects into the suites that expect something else.") var update = false
    @Flag(help: "Run again whenever a file changes; a line for each run.") var watch = false

    func validate() throws {
        if let coverageThreshold, !(0...100).contains(coverageThreshold) {
            throw ValidationError("--coverage-threshold: \(coverageThreshold) is not within 0 and 100")
        }
        for (flag, isSet) in [("--mutate", mutate), ("--update", update)] where isSet && watch {
            throw ValidationError("--watch does not go with \(flag): run it by itself")
        }
        if update && mutate { throw ValidationError("--update does not go with --mutate: run one after the other") }
        for (flag, isSet) in [("--watch", watch), ("--update", update)]
        where isSet && paths.contains(StandardInput.argument) {
            throw ValidationError("\(flag) does not go with -: name a file")
        }
        if watch && output.output != .text { throw ValidationError("--watch prints text: remove --output") }
    }

    func run() throws {
        let filter = try filter()
        if watch {
            let code = try TestWatch(paths: paths) { try runOnce(filter, isRepeated: true) }.run()
            if code != .done { throw ExitCode(code.rawValue) }
            return
        }
        let code = try runOnce(filter).code
        if code != .done { throw ExitCode(code.rawValue) }
    }

    /// Runs all tests and prints what came of them.
    private func runOnce(
        _ filter: RegularExpression?,
        isRepeated: Bool = false
    ) throws -> (code: Portcullis.ExitCode, files: TestedFiles) {
        let files = TestedFiles(paths)
        var run = SuiteRun(files: files, filter: filter, tasks: tasks, now: .now())
        var progress = Progress("tests")
        for issue in files.issues { run.add(issue) }
        for file in files.files { progress.show(run.run(file, isAsked: files.asked.contains(file))) }
        if mutate { run.mutate { tried, all in progress.show(tried, of: all, "mutants") } }
        progress.end()
        let report = run.finish(files: files.files)
        Terminal.complain(of: report.issues)
        if report.errors.isEmpty { try write(report.rewrites, files) }
        if isRepeated {
            for line in report.failures(isColoured: Terminal.hasColours(STDOUT_FILENO)) { print(line) }
            print("\(WallTime.now()) \(report.summary)" + (report.coverage.map { "; \($0.summary)" } ?? ""))
            // Whoever reads through a pipe waits for the line too.
            fflush(nil)
        } else {
            show(report)
        }
        return (complaint(about: report), files)
    }

    private func show(_ report: TestReport) {
        output.print(
            text: { report.text(isColoured: $0, isVerbose: verbose) },
            json: { report.json() },
            report: { report.report }
        )
        guard ![.text, .json, .yaml].contains(output.output) else { return }
        // These formats know nothing but tests.
        for line in report.quality(isColoured: Terminal.hasColours(STDERR_FILENO)) { Terminal.complain(line + "\n") }
    }

    private func write(_ rewrites: [TestReport.Rewrite], _ files: TestedFiles) throws {
        for rewrite in rewrites {
            do throws(FileError) {
                try files.write(rewrite.content, to: rewrite.file)
            } catch {
                throw CommandFailure("\(rewrite.file) cannot be written: \(error)")
            }
        }
    }

    private var tasks: SuiteRun.Tasks {
        var tasks: SuiteRun.Tasks = []
        if coverage || coverageThreshold != nil { tasks.insert(.coverage) }
        if mutate { tasks.insert(.mutation) }
        if update { tasks.insert(.snapshots) }
        return tasks
    }

    private func filter() throws(UsageError) -> RegularExpression? {
        guard let pattern else { return nil }
        do throws(RegularExpressionError) {
            return try RegularExpression(pattern)
        } catch {
            throw UsageError("--run: \(error)")
        }
    }

    /// What the shell learns; what is not to be seen in the results of every format is said.
    private func complaint(about report: TestReport) -> Portcullis.ExitCode {
        if !report.errors.isEmpty { return .usage }
        if report.failedCount > 0 {
            if mutate { Terminal.complain("portcullis: no mutants were tried, for the tests fail without them\n") }
            return .failed
        }
        if report.caseCount == 0 { return .untested }
        if let coverageThreshold, let coverage = report.coverage, coverage.percent < coverageThreshold {
            Terminal.complain("portcullis: \(coverage.summary), and \(coverageThreshold) % are asked for\n")
            return .failed
        }
        return report.mutation?.survivors.isEmpty ?? true ? .done : .failed
    }
}
