internal import Admission
internal import ArgumentParser
internal import Authoring
internal import Glibc
internal import Policy

/// `portcullis replay`.
struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask the policies again about recorded AdmissionReviews.",
        discussion: """
            Records hold an AdmissionReview on each line, as 'serve --record FILE' writes them: who asked, what was done, with which \
            object. What is told is what the webhook would answer now; 'portcullis diff' compares two sets of policies over a record.

              portcullis replay -p policies reviews.jsonl
              zcat reviews.jsonl.gz | portcullis replay -p policies -

            Exit codes: 0 all would be admitted; 1 some would be denied; 2 the command line, a policy or a record is wrong (the \
            others are asked about); 4 there was nothing to ask about.
            """
    )

    @Argument(help: ArgumentHelp("Files, folders with *.jsonl, or - for standard input.", valueName: "path"))
    var paths: [String]
    @OptionGroup(title: "POLICIES") var policies: PolicyOptions
    @OptionGroup(title: "INVENTORY") var inventory: InventoryOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions
    @Flag(name: .shortAndLong, help: "List what passes, and what only logs would know.") var verbose = false

    func run() throws {
        let loaded = try policies.load()
        let circumstances = CheckRun.Circumstances(inventory: try inventory.load(loaded), now: .now())
        var runs = [CheckRun(loaded.set, configuration: loaded.configuration, circumstances)]
        Questions(paths, policies: loaded.paths, areRecords: true).ask(&runs)
        let report = runs[0].finish()
        Terminal.complain(of: report.issues)
        output.print(
            text: { report.text(isColoured: $0, isVerbose: verbose) },
            json: { report.json() },
            report: { report.report(of: "replay") }
        )
        if let code = Check.exitCode(of: report) { throw ExitCode(code.rawValue) }
    }
}
