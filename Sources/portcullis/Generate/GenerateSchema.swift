internal import ArgumentParser
internal import Authoring

/// `portcullis generate schema`.
struct GenerateSchema: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema (draft-07) of policies, their tests, bindings, exceptions and price lists.",
        discussion: """
            For editors: yaml-language-server reads it by a first line '# yaml-language-server: $schema=FILE' in a document, \
            or by the setting yaml.schemas. Documents of other kinds in the same folder fit it whatever they say.
            """
    )

    func run() { Terminal.print(JSONSchema.text) }
}

/// `portcullis generate crds`.
struct GenerateCRDs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crds",
        abstract: "Print CustomResourceDefinitions of policies, bindings, exceptions and price lists.",
        discussion: """
            They let an API server keep such documents and refuse what has not their form. 'portcullis serve' reads a folder; \
            it does not read them from the cluster.
            """
    )

    @Option(help: ArgumentHelp("How they are printed: yaml or json.", valueName: "format"))
    var output = AdmissionPolicyOptions.Output.yaml

    func run() {
        switch output {
        case .yaml: Swift.print(CustomResourceDefinitions.yaml, terminator: "")
        case .json: Terminal.print(CustomResourceDefinitions.json)
        }
    }
}
