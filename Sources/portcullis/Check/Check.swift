internal import ArgumentParser
internal import Authoring
internal import Glibc
internal import Policy

/// `portcullis check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what the webhook would say of manifests.",
        discussion: """
            Manifests are YAML or JSON, also several documents or a List in a file, and what helm or kustomize print. Every object \
            is mutated and judged as an API server would have it done, and what is wrong is told at the field where it stands.

              portcullis check -p policies app/
              helm template app | portcullis check -p policies -n team-a -
              portcullis check -p policies --old main/ --output sarif app/ >results.sarif

            Terraform's plans and states ('terraform show -json'), ARM templates, what 'az resource show' prints and Crossplane's \
            resources are judged too; what a plan does not know yet is unknown and never allowed in silence. Where a template is \
            deployed, --resource-group, --subscription and --location tell:

              portcullis check -p policies --resource-group team-a --location westeurope main.json

            Nothing is asked of a cluster: owners, credentials and quotas are known from --inventory, labels of namespaces from \
            Namespace manifests among the policies. The policies' own tests are no manifests, unless their folder is named.

            Exit codes: 0 all would be admitted; 1 some would be denied; 2 the command line, a policy or a manifest is wrong (the \
            others are checked); 4 there was nothing to check; 5 none is denied, but with --fail-on warn there are warnings, of \
            what is not judged too. A Terraform plan that changes nothing in Azure is checked with that.
            """
    )

    /// When the command fails.
    enum FailOn: String, CaseIterable, ExpressibleByArgument {
        /// Something would be denied.
        case deny
        /// Something would be denied or warned of, or is not judged.
        case warn
    }

    @Argument(help: ArgumentHelp("Files, folders with all below them, or - for standard input.", valueName: "path"))
    var paths: [String]
    @OptionGroup(title: "POLICIES") var policies: PolicyOptions
    @OptionGroup(title: "REQUEST") var circumstances: CircumstanceOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions
    @Option(help: ArgumentHelp("Fail if something is denied, or also if it is warned of.", valueName: "deny|warn"))
    var failOn = FailOn.deny
    @Flag(name: .shortAndLong, help: "List what passes, and what only logs would know.") var verbose = false

    func run() throws {
        let loaded = try policies.load()
        var runs = [
            CheckRun(loaded.set, configuration: loaded.configuration, try circumstances.load(loaded))
        ]
        Questions(paths, policies: loaded.paths, deployment: circumstances.deployment).ask(&runs)
        let report = runs[0].finish()
        Terminal.complain(of: report.issues)
        output.print(
            text: { report.text(isColoured: $0, isVerbose: verbose) },
            json: { report.json() },
            report: { report.report }
        )
        if let code = Self.exitCode(of: report, failOn) { throw ExitCode(code.rawValue) }
    }

    /// Nothing if all is well.
    static func exitCode(of report: CheckReport, _ failOn: FailOn = .deny) -> Portcullis.ExitCode? {
        if !report.errors.isEmpty { return .usage }
        if report.deniedCount > 0 { return .failed }
        if failOn == .warn, report.warnedCount + report.unjudged.count > 0 { return .warned }
        return report.judgedCount + report.idlePlanCount == 0 ? .untested : nil
    }
}
