internal import Admission
internal import Authoring
internal import EventLoop
internal import JSON
internal import Policy

/// What a command asks the policies about: manifests, and recorded AdmissionReviews, one a line in files `*.jsonl`.
struct Questions {
    private let input: InputFiles
    /// Whether all files that are named are records, whatever their names.
    private let areRecords: Bool
    /// The files that may be parameters of a template, by its name; both are among the files.
    private let parameters: [String: [String]]
    /// Where templates are deployed to.
    private let deployment: TemplateDeployment

    /// Lists the files.
    ///
    /// - Parameters:
    ///   - paths: As they were given.
    ///   - policies: The files and folders of the policies, whose tests are no manifests.
    ///   - deployment: Where templates are deployed to.
    ///   - areRecords: Whether they name records alone.
    init(
        _ paths: [String],
        policies: [String],
        deployment: TemplateDeployment = TemplateDeployment(),
        areRecords: Bool = false
    ) {
        self.areRecords = areRecords
        self.deployment = deployment
        var input = InputFiles(paths) { Self.isRecord($0) || !areRecords && PolicyFiles.isPolicyFile($0) }
        input.leaveOutTests(of: policies, unlessNamedBy: paths)
        self.input = input
        let files = Set(input.files)
        parameters = Dictionary(grouping: input.files) { ParametersFile.template(of: $0) ?? "" }
            .filter { files.contains($0.key) }
    }

    /// Whether a file holds a review on each line, by its name.
    static func isRecord(_ file: String) -> Bool { file.hasSuffix(".jsonl") || file.hasSuffix(".ndjson") }

    /// The longest line of a record, in bytes: the largest body that the server takes, and its answer.
    private static let maximumLineBytes = 16 << 20

    /// How many lines of a file are looked at before it is no record.
    private static let doubtfulLines = 10

    /// Asks, file by file, with progress.
    ///
    /// - Parameters:
    ///   - runs: Who is asked.
    ///   - explain: Is told why, object by object; what is written meanwhile is progress enough if somebody looks at it.
    func ask(_ runs: inout [CheckRun], explain: ((Explanation) -> Void)? = nil) {
        var progress = Progress("objects", besideOutput: explain != nil)
        func add(_ issue: PolicyIssue) { for place in runs.indices { runs[place].add(issue) } }
        for issue in input.issues { add(issue) }
        for file in input.files {
            let name = InputFiles.name(of: file)
            do throws(PolicyIssue) {
                if areRecords || Self.isRecord(file) {
                    var (reviews, isDoubted) = (0, false)
                    // The lines before the first in JSON: if there is none, what the file is instead is told once.
                    var held: [(line: [UInt8], number: Int)]? = []
                    func ask(_ line: [UInt8], _ number: Int) {
                        let place = Report.Place(file: name, line: number, column: 1)
                        for index in runs.indices {
                            let before = runs[index].count
                            progress.show(runs[index].check(review: line, at: place, explain: explain))
                            reviews += runs[index].count - before
                        }
                    }
                    let isStandardInput = file == StandardInput.argument
                    if isStandardInput { try StandardInput.take() }
                    do throws(FileError) {
                        try FileSystem.forEachLine(
                            of: isStandardInput ? nil : file,
                            limitBytes: Self.maximumLineBytes
                        ) { line, number in
                            if var lines = held {
                                lines.append((line, number))
                                let size = lines.reduce(0) { $0 + $1.line.count }
                                guard (try? JSONDocument(parsing: line)) != nil else {
                                    held = lines
                                    return lines.count < Self.doubtfulLines && size <= Self.maximumLineBytes
                                }
                                held = nil
                                for (line, number) in lines { ask(line, number) }
                            } else {
                                ask(line, number)
                            }
                            isDoubted = reviews == 0 && number >= Self.doubtfulLines
                            return !isDoubted
                        }
                    } catch {
                        throw PolicyIssue(unreadable: error)
                    }
                    if let first = held?.first {
                        throw PolicyIssue(noRecord: name, beginning: first.line, at: first.number, areRecords)
                    }
                    if isDoubted {
                        throw PolicyIssue(
                            file: name,
                            message:
                                "is no record: none of its first \(Self.doubtfulLines) lines is an AdmissionReview",
                            mend: "name a file that 'serve --record' has written"
                        )
                    }
                } else {
                    let manifests = ManifestFile(
                        try InputFiles.read(file),
                        file: name,
                        parameters: parametersFiles(of: file),
                        deployment: deployment
                    )
                    if !manifests.parameters.isEmpty, !isPaired(file) {
                        add(
                            PolicyIssue(
                                severity: .warning,
                                file: name,
                                message: "is passed over: the template of these parameters is not among the files",
                                mend: "name NAME.json beside NAME.parameters.json"
                            )
                        )
                    }
                    for place in runs.indices { progress.show(runs[place].check(manifests, explain: explain)) }
                }
            } catch {
                add(error)
            }
        }
        progress.end()
    }

    /// Whether the file that the name of a file of parameters tells is there.
    private func isPaired(_ file: String) -> Bool {
        ParametersFile.template(of: file).map { parameters[$0] != nil } ?? false
    }

    /// The values with which a template is deployed.
    ///
    /// What of it cannot be read is told where its own turn comes.
    private func parametersFiles(of template: String) -> [ParametersFile] {
        (parameters[template] ?? []).flatMap { file in
            guard let bytes = try? InputFiles.read(file) else { return [ParametersFile]() }
            return ManifestFile(bytes, file: InputFiles.name(of: file)).parameters
        }
    }
}

extension PolicyIssue {
    /// A file that is to be a record and has no line in JSON.
    ///
    /// - Parameters:
    ///   - file: What people call it.
    ///   - line: Its first line.
    ///   - number: Which line that is.
    ///   - isReplay: Whether the command asks about records alone.
    fileprivate init(noRecord file: String, beginning line: [UInt8], at number: Int, _ isReplay: Bool) {
        let isCompressed = line.starts(with: [0x1f, 0x8b])
        self.init(
            file: file,
            line: number,
            column: 1,
            message: isCompressed ? "is compressed" : "is no record: its lines are no JSON",
            mend: isCompressed
                ? "unpack it, or write zcat FILE | portcullis … -"
                : (isReplay ? "ask about manifests with check, or " : "")
                    + "name a file that 'serve --record' has written"
        )
    }
}
