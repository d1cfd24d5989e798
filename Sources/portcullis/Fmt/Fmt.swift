internal import Admission
internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Policy

/// `portcullis fmt`.
struct Fmt: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring policies into their canonical form.",
        discussion: """
            Two spaces for each level, known fields in a fixed order, at most one blank line, double quotes where single ones are \
            not needed. Comments move with what they stand above, and what a value says is never written anew: that the documents \
            and the comments are the same afterwards is checked before a file is written. The names of files that were changed go \
            to standard output.

              portcullis fmt policies
              portcullis fmt --check policies
              portcullis fmt - <policy.yaml

            Exit codes: 0 done; 1 with --check, some files would change; 2 a file cannot be read, or is wrong; 4 there is \
            nothing to format.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Files, folders with all below them, or - for standard input, which goes to standard output (default: policies).",
            valueName: "path"
        )
    )
    var paths: [String] = ["policies"]
    @Flag(help: "Write nothing: list the files that would change, and fail if there are any.") var check = false

    func run() throws {
        // JSON has no form of ours.
        let input = InputFiles(paths) { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
        var issues = input.issues
        var changed = 0
        for file in input.files {
            do throws(PolicyIssue) {
                let old = try InputFiles.read(file, limitBytes: PolicyFolder.maximumFileBytes)
                let new = try PolicyFormat.format(old, file: InputFiles.name(of: file))
                if new != old { changed += 1 }
                if file == StandardInput.argument, !check {
                    print(String(decoding: new, as: UTF8.self), terminator: "")
                } else if new != old {
                    if !check { try RewrittenFile.write(new, to: file) }
                    print(InputFiles.name(of: file))
                }
            } catch {
                issues.append(error)
            }
        }
        Terminal.complain(of: issues)
        if issues.contains(where: { $0.severity == .error }) {
            throw ExitCode(Portcullis.ExitCode.usage.rawValue)
        }
        guard !input.files.isEmpty else {
            Terminal.complain("portcullis: there is nothing to format in what was named\n")
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
        if check, changed > 0 {
            let files = changed == 1 ? "this file" : "these files"
            Terminal.complain("portcullis: 'portcullis fmt' would change \(files)\n")
            throw ExitCode(Portcullis.ExitCode.failed.rawValue)
        }
    }
}

/// A file that a command changes.
enum RewrittenFile {
    /// Writes a file anew, where it is and not where a link to it is.
    ///
    /// - Throws: Why it cannot be written.
    static func write(_ content: [UInt8], to path: String) throws(PolicyIssue) {
        do throws(FileError) {
            try FileSystem.write(content.span, to: FileSystem.real(path) ?? path, access: .everyoneReads)
        } catch {
            throw PolicyIssue(file: path, message: "cannot be written (\(error))", mend: "make it writable")
        }
    }
}
