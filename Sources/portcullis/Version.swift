internal import ArgumentParser

/// `portcullis version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    /// The release that the sources are, or are on their way to.
    static let text = "0.1.0"

    func run() {
        print("portcullis \(Version.text)")
    }
}
