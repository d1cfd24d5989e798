internal import Admission
internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Policy

/// `portcullis lint`.
struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find what is wrong with policies, or probably not meant.",
        discussion: """
            All faults that 'serve' would tell, under codes that stay, and what only lint looks for: limits that an absent value \
            passes, expressions that break on a missing field, policies without tests and others.

              portcullis lint policies
              portcullis lint --explain PC032
              portcullis lint --fix --dry-run policies
              portcullis lint --portability policies

            A comment above an entry or behind it suppresses warnings in it: # portcullis:ignore PC035 and the reason.

            Exit codes: 0 no errors; 1 there are errors; 2 the command line is wrong, or a file cannot be read or written; 4 there was \
            nothing to look at; 5 there are warnings, with --fail-on warn.
            """
    )

    /// When the command fails.
    enum FailOn: String, CaseIterable, ExpressibleByArgument {
        /// There are errors.
        case error
        /// There are errors or warnings.
        case warn
    }

    @Argument(
        help: ArgumentHelp(
            "Files and folders of policies, read together as 'serve' reads them, or - for standard input (default: policies).",
            valueName: "path"
        )
    )
    var paths: [String] = ["policies"]
    @OptionGroup(title: "OUTPUT") var output: OutputOptions
    @Option(help: ArgumentHelp("Fail if there are errors, or also if there are warnings.", valueName: "error|warn"))
    var failOn = FailOn.error
    @Option(help: ArgumentHelp("Say what a code means, with an example; or all.", valueName: "code"))
    var explain: String?
    @Flag(
        help:
            "Write what can be mended without a change of what policies decide: misspelt fields, spellings of regions."
    )
    var fix = false
    @Flag(help: "With --fix: tell what would be written, and write nothing.") var dryRun = false
    @Flag(help: "Also tell what 'generate vap' and 'generate map' would refuse, and why.") var portability = false
    @Flag(name: .shortAndLong, help: "Show notes too.") var verbose = false

    func validate() throws {
        if dryRun && !fix { throw ValidationError("--dry-run goes with --fix") }
        if fix && !dryRun && paths.contains(StandardInput.argument) {
            throw ValidationError("--fix writes files: name one in place of -, or add --dry-run")
        }
    }

    func run() throws {
        if let explain { return try Self.explain(explain) }
        var sources = try read()
        var report = lint(sources)
        if fix { report = try mend(report, &sources) }
        let names = sources.files.map(\.name)
        output.print(
            text: { report.text(isColoured: $0, isVerbose: verbose) },
            json: { report.json() },
            report: { report.report(files: names) }
        )
        let isUnreadable = report.findings.contains { $0.code == .unreadable && $0.level == .error }
        if !sources.issues.isEmpty || isUnreadable { throw ExitCode(Portcullis.ExitCode.usage.rawValue) }
        if report.count(.error) > 0 { throw ExitCode(Portcullis.ExitCode.failed.rawValue) }
        if report.objectCount == 0 {
            Terminal.complain("portcullis: there is nothing to look at in what was named\n")
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
        if failOn == .warn, report.count(.warning) > 0 { throw ExitCode(Portcullis.ExitCode.warned.rawValue) }
    }

    private static func explain(_ name: String) throws {
        let codes = name == "all" ? LintCode.allCases : LintCode(rawValue: name.uppercased()).map { [$0] } ?? []
        guard !codes.isEmpty else { throw UsageError("--explain: there is no code \(name); write PC001, or all") }
        for (place, code) in codes.enumerated() {
            Terminal.print((place > 0 ? "\n" : "") + code.explanation.joined(separator: "\n"))
        }
    }

    /// The files of policies, and what could not be read.
    private struct Sources {
        var files: [(name: String, text: [UInt8])] = []
        var issues: [PolicyIssue] = []
    }

    private func read() throws -> Sources {
        var sources = Sources()
        let files = CommandFiles(needsPolicies: false)
        var seen: Set<String> = []
        for path in paths {
            do throws(SuiteFileError) {
                for file in try files.policyFiles(of: path) where seen.insert(file).inserted {
                    do throws(SuiteFileError) {
                        sources.files.append((file, try files.contents(of: file)))
                    } catch {
                        sources.issues.append(PolicyIssue(file: file, message: error.message, mend: error.mend))
                    }
                }
            } catch {
                sources.issues.append(PolicyIssue(file: path, message: error.message, mend: error.mend))
            }
        }
        return sources
    }

    private func lint(_ sources: Sources) -> LintReport {
        var run = LintRun(configuration: PolicyConfiguration(), now: .now(), isAboutPortability: portability)
        for issue in sources.issues { run.add(issue) }
        for (name, text) in sources.files { run.add(text, file: name, hasTests: Self.hasTests(name)) }
        return run.finish()
    }

    /// Whether a folder of tests lies beside a file, or in one of the folders above that are named with it.
    private static func hasTests(_ file: String) -> Bool {
        // Where standard input comes from nobody knows.
        if file == StandardInput.name { return true }
        var folder = FileSystem.parent(of: file)
        for _ in 0..<64 {
            if FileSystem.isDirectory(FileSystem.path(folder, PolicyFile.testsFolder)) { return true }
            let parent = FileSystem.parent(of: folder)
            // Above the working directory lies what is no folder of policies.
            if parent == folder || folder == "." || folder.hasPrefix("..") { return false }
            folder = parent
        }
        return false
    }

    /// Writes what can be mended, and looks again.
    private func mend(_ report: LintReport, _ sources: inout Sources) throws -> LintReport {
        var report = report
        // What is mended may show what else there is to mend: the value of a field that was misspelt.
        for _ in 0..<Self.maximumPasses {
            var hasMended = false
            for index in sources.files.indices {
                let (name, text) = sources.files[index]
                let edits = report.findings.filter { $0.place.file == name }.compactMap(\.edit)
                let (new, done) = LintEdit.apply(edits, to: text)
                guard !done.isEmpty else { continue }
                do throws(PolicyIssue) {
                    if !dryRun { try RewrittenFile.write(new, to: name) }
                } catch {
                    throw UsageError(error.description)
                }
                for edit in done {
                    let word = dryRun ? "would write" : "wrote"
                    Terminal.complain("\(name):\(edit.line):\(edit.column): \(word) \(edit.new) for \(edit.old)\n")
                }
                if !dryRun { sources.files[index].text = new }
                hasMended = true
            }
            guard hasMended, !dryRun else { return report }
            report = lint(sources)
        }
        return report
    }

    /// How often mended files are looked at again.
    private static let maximumPasses = 8
}
