internal import ArgumentParser
internal import Authoring
internal import Glibc
internal import JSON
internal import Policy

/// How a command prints what it has found.
struct OutputOptions: ParsableArguments {
    /// All forms.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case json
        case yaml
        case junit
        case sarif
        case github
        case azuredevops
        case tap
        case markdown
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "text, json, yaml, junit, sarif, github, azuredevops, tap or markdown.",
            valueName: "format"
        )
    )
    var output = Format.text

    /// Prints to standard output.
    ///
    /// - Parameters:
    ///   - text: Makes lines for people, with colours or without.
    ///   - json: Makes the object for programs, which `yaml` shows too.
    ///   - report: Makes what all other forms are made of.
    func print(text: (Bool) -> [String], json: () -> [UInt8], report: () -> Report) {
        switch output {
        case .text: for line in text(Terminal.hasColours(STDOUT_FILENO)) { Terminal.print(line.logLine) }
        case .json: Terminal.print(String(decoding: json(), as: UTF8.self))
        case .yaml: Terminal.print(YAMLText.yaml(ofJSON: json()))
        case .junit: Terminal.print(report().text(.junit))
        case .sarif: Terminal.print(report().text(.sarif))
        case .github: Terminal.print(report().text(.github))
        case .azuredevops: Terminal.print(report().text(.azuredevops))
        case .tap: Terminal.print(report().text(.tap))
        case .markdown: Terminal.print(report().text(.markdown))
        }
    }
}
