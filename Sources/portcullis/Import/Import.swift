internal import ArgumentParser
internal import Authoring

/// `portcullis import`.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make policies of what other engines enforce.",
        discussion: """
            What cannot be carried over is listed with its reason, and nothing is carried over in a way that means less. \
            Policies are loaded, and their tests run, before they are written.

            Exit codes: 0 everything was imported whole; 1 some of it was not; 2 the command line or a document is wrong; \
            4 there was nothing to import.
            """,
        subcommands: [ImportAzurePolicy.self, ImportGatekeeper.self, ImportKyverno.self, ImportVAP.self]
    )
}

/// `portcullis import azure-policy`.
struct ImportAzurePolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "azure-policy",
        abstract: "Import definitions, initiatives and assignments of Azure Policy.",
        discussion: """
            Reads JSON as Azure, its command line and its repository of built-in definitions write it. An assignment or \
            initiative finds its definitions among the files that are given:

              az policy definition show --name NAME | portcullis import azure-policy -
              portcullis import azure-policy definitions --output-dir policies/imported

            Each definition becomes a folder with policy.yaml and, where a resource could be found that complies or \
            violates it, tests/suite.yaml. policies/README.md says what is carried over.
            """
    )

    @OptionGroup var options: ImportOptions

    func run() throws {
        var importer = AzurePolicyImport()
        let issues = options.read(".json", limitBytes: AzurePolicyImport.maximumFileBytes) {
            importer.add($0, file: $1)
        }
        var progress = Progress("policies")
        let report = importer.finish { progress.show($0) }
        progress.end()
        try options.finish(report, unread: issues)
    }
}

/// `portcullis import gatekeeper`.
struct ImportGatekeeper: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatekeeper",
        abstract: "Import Gatekeeper's templates with CEL, and their constraints.",
        discussion: """
            A ConstraintTemplate with the engine K8sNativeValidation becomes an AzurePolicy for each constraint among the \
            files. Templates in Rego are refused.
            """
    )

    @OptionGroup var options: ImportOptions

    func run() throws { try options.importPolicies(of: .gatekeeper) }
}

/// `portcullis import kyverno`.
struct ImportKyverno: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kyverno",
        abstract: "Import Kyverno's policies with CEL.",
        discussion: """
            A ValidatingPolicy becomes a ValidatingAdmissionPolicy with its binding; each rule of a ClusterPolicy with \
            validate.cel becomes an AzurePolicy. Patterns and JMESPath are refused.
            """
    )

    @OptionGroup var options: ImportOptions

    func run() throws { try options.importPolicies(of: .kyverno) }
}

/// `portcullis import vap`.
struct ImportVAP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vap",
        abstract: "Import ValidatingAdmissionPolicies.",
        discussion: """
            They are enforced as they are: each is checked and written with its bindings and the parameters among the files.
            """
    )

    @OptionGroup var options: ImportOptions

    func run() throws { try options.importPolicies(of: .vap) }
}
