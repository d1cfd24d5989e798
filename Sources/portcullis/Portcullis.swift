import ArgumentParser

@main
struct Portcullis: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "portcullis")
}
