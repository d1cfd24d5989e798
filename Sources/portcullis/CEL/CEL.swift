internal import ArgumentParser
internal import CEL
internal import EventLoop
internal import Glibc

/// `portcullis cel`.
struct CELCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cel",
        abstract: "Evaluate expressions as policies do.",
        subcommands: [CELEvaluation.self, CELConformance.self]
    )

    /// How results are printed.
    enum Output: String, CaseIterable, ExpressibleByArgument {
        /// For people.
        case text
        /// For programs.
        case json
    }

    /// What both sub-commands ask.
    struct Language: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The language: standard (the specification with all its libraries; the default), or kubernetes-1.30 to kubernetes-1.36, as that release's API server speaks it.",
                valueName: "profile"
            ),
            transform: Self.profile
        )
        var profile = Profile.standard

        @Option(help: ArgumentHelp("How results are printed.", valueName: "format")) var output = Output.text

        private static func profile(_ name: String) throws -> Profile {
            if let profile = Profile(name: name) { return profile }
            throw ValidationError("write one of \(Profile.all.map(\.name).joined(separator: ", "))")
        }
    }
}
