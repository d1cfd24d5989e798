internal import ArgumentParser
internal import Authoring
internal import Glibc
internal import Policy

/// `portcullis diff`.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what other policies would say differently.",
        discussion: """
            Asks both sets of policies about the same objects, manifests or AdmissionReviews that 'serve --record' has written, and \
            tells what is newly denied, newly allowed, denied for other reasons, warned of or mutated otherwise.

              portcullis diff policies-main/ policies/ app/
              portcullis diff policies-main/ policies/ --output markdown reviews.jsonl

            Exit codes: 0 no difference; 1 there are differences; 2 the command line, a policy or an object is wrong; 4 there was \
            nothing to ask about.
            """
    )

    @Argument(help: ArgumentHelp("File or folder of the policies as they are.", valueName: "old")) var old: String
    @Argument(help: ArgumentHelp("File or folder of the policies as they are to be.", valueName: "new")) var new: String
    @Argument(
        help: ArgumentHelp(
            "Manifests: files, folders, or - for standard input; and records, *.jsonl.",
            valueName: "path"
        )
    )
    var paths: [String]
    @OptionGroup(title: "REQUEST") var circumstances: CircumstanceOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions

    func run() throws {
        var runs: [CheckRun] = []
        for path in [old, new] {
            let loaded = try PolicyOptions.load([path])
            runs.append(
                CheckRun(loaded.set, configuration: loaded.configuration, try circumstances.load(loaded))
            )
        }
        Questions(paths, policies: [old, new], deployment: circumstances.deployment).ask(&runs)
        let reports = runs.map { $0.finish() }
        let difference = CheckDifference(from: reports[0], to: reports[1])
        Terminal.complain(of: difference.issues)
        output.print(
            text: { difference.text(isColoured: $0) },
            json: { difference.json() },
            report: { difference.report }
        )
        if difference.issues.contains(where: { $0.severity == .error }) {
            throw ExitCode(Portcullis.ExitCode.usage.rawValue)
        }
        if difference.count + difference.idlePlanCount == 0 { throw ExitCode(Portcullis.ExitCode.untested.rawValue) }
        if !difference.results.isEmpty { throw ExitCode(Portcullis.ExitCode.failed.rawValue) }
    }
}
