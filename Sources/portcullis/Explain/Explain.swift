internal import ArgumentParser
internal import Authoring
internal import Glibc
internal import Policy

/// `portcullis explain`.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why the webhook would say of manifests what it would say.",
        discussion: """
            Of every object: what was decided and because of what; each policy that is for it, its rules with the values that they \
            asked for and where those stand, what parts of expressions gave, what mutations changed, which exceptions waive; and \
            of each policy that is not for it why not.

              portcullis explain -p policies app/database.yaml
              portcullis explain -p policies --policy team-storage --verbose app/
              portcullis explain -p policies --output html refused.jsonl >why.html

            Takes what 'portcullis check' takes. A policy that does not act: name it with --policy. Values of Secrets, and of \
            fields that are called like secrets, are never shown; other values of the objects are.

            Exit codes: 0 all would be admitted; 1 some would be denied; 2 the command line, a policy or a manifest is wrong (the \
            others are explained); 4 there was nothing to explain.
            """
    )

    /// All forms.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case json
        case yaml
        case html

        var written: ExplanationWriter.Format {
            switch self {
            case .text: .text
            case .json: .json
            case .yaml: .yaml
            case .html: .html
            }
        }
    }

    @Argument(help: ArgumentHelp("Files, folders with all below them, or - for standard input.", valueName: "path"))
    var paths: [String]
    @OptionGroup(title: "POLICIES") var policies: PolicyOptions
    @OptionGroup(title: "REQUEST") var circumstances: CircumstanceOptions
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("text, json, yaml or html, a page that needs no other file.", valueName: "format")
    )
    var output = Format.text
    @Option(help: ArgumentHelp("Tell only of policies of this name; * stands for anything.", valueName: "name"))
    var policy: String?
    @Option(
        help: ArgumentHelp("Tell only of rules and mutations of this name; * stands for anything.", valueName: "name")
    )
    var rule: String?
    @Flag(name: .shortAndLong, help: "Tell all of policies that are not for an object and of rules that pass.")
    var verbose = false

    func run() throws {
        var configuration = PolicyConfiguration()
        configuration.tracesExpressions = true
        // To listen takes time, which is not the webhook's; what expressions may cost is limited as ever.
        configuration.maximumExpressionTime = .seconds(60)
        let loaded = try policies.load(configuration)
        let filter = ExplanationFilter(policy: policy, rule: rule, isVerbose: verbose)
        try checkNames(filter, loaded.set)
        var runs = [
            CheckRun(
                loaded.set,
                configuration: loaded.configuration,
                try circumstances.load(loaded)
            )
        ]
        var writer = ExplanationWriter(output.written, filter, isColoured: Terminal.hasColours(STDOUT_FILENO)) {
            Swift.print($0, terminator: "")
        }
        Questions(paths, policies: loaded.paths, deployment: circumstances.deployment).ask(&runs) { writer.add($0) }
        let report = runs[0].finish()
        Terminal.complain(of: report.issues)
        writer.end(report)
        if let code = Check.exitCode(of: report) { throw ExitCode(code.rawValue) }
    }

    /// A name that is nobody's would look like a policy that has nothing to say.
    private func checkNames(_ filter: ExplanationFilter, _ set: PolicySet) throws(UsageError) {
        let names = set.names.filter { filter.includes(policy: $0.policy) }
        if let policy, names.isEmpty {
            throw UsageError(Self.unknown(policy, "policy", set.names.map(\.policy)))
        }
        let rules = names.flatMap(\.rules)
        if let rule, !(rules + PolicySet.generalRules).contains(where: { filter.includes(rule: $0) }) {
            throw UsageError(Self.unknown(rule, "rule", rules))
        }
    }

    private static let maximumNames = 20

    private static func unknown(_ name: String, _ what: String, _ known: [String]) -> String {
        let known = Set(known).sorted()
        let message = "--\(what): no \(what) is called \"\(name.singleLine)\""
        if let near = name.nearest(in: known) { return "\(message), did you mean \"\(near)\"?" }
        let rest = known.count > maximumNames ? " and \(known.count - maximumNames) more" : ""
        return known.isEmpty
            ? "\(message); there is none"
            : "\(message); there are \(known.prefix(maximumNames).joined(separator: ", "))\(rest)"
    }
}
