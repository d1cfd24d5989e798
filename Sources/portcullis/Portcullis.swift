internal import ArgumentParser
internal import EventLoop
internal import Glibc

/// The executable: reads the command line, runs a command, tells the shell how it went.
@main
struct Portcullis: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis",
        abstract: "Guards what teams may ask of Azure through Kubernetes.",
        discussion: """
            An admission webhook for Azure Service Operator: 'portcullis serve' validates and mutates resources against \
            the policies in a folder, 'portcullis test' runs the tests beside them. 'portcullis init' begins such a folder, \
            'portcullis demo' shows the server at work.

            Exit codes: 0 done as asked; 1 it could not be done, such as a port that is taken, or there are denials, failed \
            tests or differences; 2 the command line, the environment or a configuration file is wrong; 3 a bug of ours; 4 \
            there was nothing to do it with; 5 there were only warnings, and they were to count.
            """,
        version: Version.text,
        subcommands: [
            Init.self, Serve.self, Check.self, Explain.self, Test.self, Lint.self, Fmt.self, Diff.self, Replay.self,
            Bench.self, SnapshotCommand.self, CELCommand.self, Certs.self, Demo.self, Generate.self, Import.self,
            Version.self,
        ]
    )

    /// What the shell learns.
    enum ExitCode: Int32 {
        case done = 0
        case failed = 1
        case usage = 2
        case bug = 3
        case untested = 4
        case warned = 5
    }

    static func main() {
        openStandardStreams()
        do {
            var command = try parseAsRoot()
            try command.run()
            flush()
        } catch let error as UsageError {
            fail(.usage, error.description)
        } catch let error as CommandFailure {
            fail(.failed, error.description)
        } catch let code as ArgumentParser.ExitCode {
            flush()
            Glibc.exit(code.rawValue)
        } catch {
            // What is left is the parser's: a wrong command line, or --help and --version, which it throws as well.
            let code = exitCode(for: error)
            if code.isSuccess {
                print(fullMessage(for: error))
                return
            }
            guard code == .validationFailure else { fail(.bug, "internal error: \(error)") }
            end(.usage, fullMessage(for: error))
        }
    }

    /// Opens what the shell has closed (`<&-`, `>&-`): a file of ours in its place would get what is printed.
    private static func openStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest that is free is this one.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Makes sure that what was printed has been written: who stores half a file must not believe it whole.
    private static func flush() {
        guard fflush(nil) != 0 else { return }
        fail(.failed, "standard output cannot be written: \(SystemError(code: errno, call: "write"))")
    }

    private static func fail(_ code: ExitCode, _ message: String) -> Never {
        end(code, "portcullis: \(message)")
    }

    private static func end(_ code: ExitCode, _ message: String) -> Never {
        Terminal.complain(message + "\n")
        Glibc.exit(code.rawValue)
    }
}

/// Something that could not be done: exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    /// What, and the mend.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
