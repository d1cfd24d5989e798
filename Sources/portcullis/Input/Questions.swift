internal import Authoring
internal import EventLoop
internal import Policy

/// What a command asks the policies about: manifests, and recorded AdmissionReviews, one a line in files `*.jsonl`.
struct Questions {
    private let input: InputFiles

    init(_ paths: [String]) {
        input = InputFiles(paths) {
            Self.isRecord($0) || $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") || $0.hasSuffix(".json")
        }
    }

    /// Whether a file holds a review on each line, by its name.
    static func isRecord(_ file: String) -> Bool { file.hasSuffix(".jsonl") || file.hasSuffix(".ndjson") }

    /// The longest line of a record, in bytes: the largest body that the server takes, and its answer.
    private static let maximumLineBytes = 16 << 20

    /// Asks, file by file, with progress.
    ///
    /// - Parameters:
    ///   - isRecord: Whether all files are records, whatever their names.
    ///   - runs: Who is asked.
    func ask(isRecord: Bool = false, _ runs: inout [CheckRun]) {
        var progress = Progress("objects")
        func add(_ issue: PolicyIssue) { for place in runs.indices { runs[place].add(issue) } }
        for issue in input.issues { add(issue) }
        for file in input.files {
            let name = InputFiles.name(of: file)
            do throws(PolicyIssue) {
                if isRecord || Self.isRecord(file) {
                    do throws(FileError) {
                        try FileSystem.forEachLine(
                            of: file == InputFiles.standardInput ? nil : file,
                            limitBytes: Self.maximumLineBytes
                        ) { line, number in
                            for place in runs.indices {
                                progress.show(
                                    runs[place].check(
                                        review: line,
                                        at: Report.Place(file: name, line: number, column: 1)
                                    )
                                )
                            }
                            return true
                        }
                    } catch {
                        throw PolicyIssue(unreadable: error)
                    }
                } else {
                    let manifests = ManifestFile(try InputFiles.read(file), file: name)
                    for place in runs.indices { progress.show(runs[place].check(manifests)) }
                }
            } catch {
                add(error)
            }
        }
        progress.end()
    }
}
