internal import Azure
internal import JSON
public import Policy

/// What is wrong with policies, or probably not meant: the compiler's faults under their codes, and what only lint looks for.
public struct LintRun {
    private struct File {
        let name: String
        let text: [UInt8]
        let hasTests: Bool
    }

    private let configuration: PolicyConfiguration
    private let now: WallTime?
    private let isAboutPortability: Bool
    private var files: [File] = []
    private var issues: [PolicyIssue] = []

    /// Starts a run.
    ///
    /// - Parameters:
    ///   - configuration: What policies are compiled with.
    ///   - now: What the clock says, for exceptions that end; nil if it is not to matter.
    ///   - isAboutPortability: Whether to tell what `generate vap` and `generate map` would refuse.
    public init(configuration: PolicyConfiguration, now: WallTime?, isAboutPortability: Bool = false) {
        self.configuration = configuration
        self.now = now
        self.isAboutPortability = isAboutPortability
    }

    /// Adds a file of policies.
    ///
    /// - Parameters:
    ///   - text: What it holds.
    ///   - file: Its name.
    ///   - hasTests: Whether tests lie beside it or above it.
    public mutating func add(_ text: [UInt8], file: String, hasTests: Bool) {
        files.append(File(name: file, text: text, hasTests: hasTests))
    }

    /// Adds what could not be read.
    public mutating func add(_ issue: PolicyIssue) {
        issues.append(issue)
    }

    /// Compiles all files as one set, and looks for all that there is to find.
    public func finish() -> LintReport {
        var compiler = PolicyCompiler(configuration: configuration)
        for issue in issues { compiler.add(issue) }
        var findings: [LintFinding] = []
        var objects: [(file: String, document: JSONDocument, value: JSONValue)] = []
        for file in files {
            for document in documents(of: file, &compiler) {
                for object in document.objects.map(\.value) {
                    var checks = LintChecks(document, object, file: file.name, configuration.tables, now: now)
                    checks.run(hasTests: file.hasTests)
                    findings += checks.findings
                    objects.append((file.name, document, object))
                }
            }
        }
        let issues = compiler.finish(now: now).issues
        // An end that is so near that the compiler warns is told once.
        let ends = Set(issues.filter { $0.kind == .expiringException }.map { "\($0.file):\($0.line):\($0.column)" })
        findings.removeAll { $0.code == .endingException && ends.contains($0.place.description) }
        findings += issues.map(LintFinding.init)
        if isAboutPortability {
            // What does not compile has no meaning that could be carried over.
            let faulty = Set(issues.filter { $0.severity == .error }.map(\.file))
            for (file, document, object) in objects where !faulty.contains(file) {
                findings += portability(of: object, in: document, file: file)
            }
        }
        var suppressedCount = 0
        for file in files {
            var ignores = LintIgnores(file.text, file: file.name)
            var suppressed: Set<String> = []
            for finding in findings where finding.place.file == file.name && finding.level != .error {
                if ignores.suppresses(finding) { suppressed.insert(finding.key) }
            }
            suppressedCount += suppressed.count
            findings.removeAll { $0.place.file == file.name && suppressed.contains($0.key) }
            findings += ignores.findings
        }
        findings.sort { first, second in
            let (one, other) = (first.place, second.place)
            return (one.file, one.line, one.column, first.key) < (other.file, other.line, other.column, second.key)
        }
        return LintReport(
            findings: findings,
            fileCount: files.count,
            objectCount: objects.count,
            suppressedCount: suppressedCount
        )
    }

    /// What of a policy could not be generated.
    private func portability(of object: JSONValue, in document: JSONDocument, file: String) -> [LintFinding] {
        var refusals: [AdmissionPolicyGenerator.Refusal] = []
        for target in [AdmissionPolicyGenerator.Target.validating, .mutating] {
            var generator = AdmissionPolicyGenerator(target, configuration: configuration)
            generator.add(object, in: document)
            // What is no matter of rules or mutations is refused by both.
            refusals += generator.refusals.filter { !refusals.contains($0) }
        }
        var checks = LintChecks(document, object, file: file, configuration.tables)
        for refusal in refusals { checks.report(refusal) }
        return checks.findings
    }

    /// The documents of a file, which the compiler gets too.
    private func documents(of file: File, _ compiler: inout PolicyCompiler) -> [JSONDocument] {
        do throws(YAMLError) {
            let documents = try JSONDocument.parseYAML(file.text)
            for document in documents { compiler.add(document, file: file.name) }
            return documents
        } catch {
            compiler.add(PolicyIssue(error, file: file.name))
            return []
        }
    }
}

/// One thing that lint found.
public struct LintFinding: Sendable {
    /// What sort of thing.
    public let code: LintCode
    /// How bad it is.
    public let level: Report.Level
    /// The field; empty if none is meant.
    public let field: String
    /// What is wrong.
    public let message: String
    /// What to do.
    public let mend: String
    /// Where.
    public let place: Report.Place
    /// What `--fix` writes; nil if it is for people to decide.
    public let edit: LintEdit?

    init(
        _ code: LintCode,
        level: Report.Level? = nil,
        field: String = "",
        _ message: String,
        mend: String,
        at place: Report.Place,
        edit: LintEdit? = nil
    ) {
        self.code = code
        self.level = level ?? code.entry.level
        self.field = field
        self.message = message
        self.mend = mend
        self.place = place
        self.edit = edit
    }

    init(_ issue: PolicyIssue) {
        code = LintCode(issue.kind)
        level = issue.severity == .error ? .error : code.entry.level == .note ? .note : .warning
        field = issue.field
        message = issue.message
        mend = issue.mend
        place = Report.Place(file: issue.file, line: issue.line, column: issue.column)
        // The last name of the path is what the author wrote.
        let name = issue.field.split(separator: ".").last.map(String.init) ?? ""
        edit = issue.correction.map { LintEdit(line: issue.line, column: issue.column, old: name, new: $0) }
    }

    /// What makes it another finding than others of its file.
    fileprivate var key: String { "\(place.line):\(place.column):\(code.rawValue):\(field):\(message)" }

    /// Field, fault and mend in a line.
    var line: String { (field.isEmpty ? "" : "\(field): ") + "\(message); \(mend)".singleLine }
}

/// A word of a file that is to be another one.
public struct LintEdit: Sendable, Hashable {
    /// Its line, from 1.
    public let line: Int
    /// Its column in characters, from 1; that of the quote if it has one.
    public let column: Int
    /// The word.
    public let old: String
    /// What is to stand there.
    public let new: String

    /// How many edits of a file are made at a time.
    private static let maximumCount = 1000

    /// Says what is to be changed.
    public init(line: Int, column: Int, old: String, new: String) {
        self.line = line
        self.column = column
        self.old = old
        self.new = new
    }

    /// Makes edits, those that fit.
    ///
    /// - Parameters:
    ///   - edits: What is to be changed.
    ///   - text: The file.
    /// - Returns: The file with what was changed in it; nothing is, if it would not be YAML any more.
    public static func apply(_ edits: [LintEdit], to text: [UInt8]) -> (text: [UInt8], done: [LintEdit]) {
        let newline = UInt8(ascii: "\n")
        var lines = text.split(separator: newline, omittingEmptySubsequences: false).map { Array($0) }
        var done: [LintEdit] = []
        var seen: Set<[Int]> = []
        // From the end, so that places before it stay.
        for edit in edits.prefix(maximumCount).sorted(by: { ($0.line, $0.column) > ($1.line, $1.column) }) {
            guard lines.indices.contains(edit.line - 1), seen.insert([edit.line, edit.column]).inserted else {
                continue
            }
            let line = lines[edit.line - 1]
            // Columns count characters: the bytes that begin one.
            let starts = line.indices.filter { line[$0] & 0xc0 != 0x80 }
            guard starts.indices.contains(edit.column - 1) else { continue }
            var start = starts[edit.column - 1]
            if line[start] == UInt8(ascii: "\"") || line[start] == UInt8(ascii: "'") { start += 1 }
            guard line[start...].starts(with: edit.old.utf8) else { continue }
            let end = start + edit.old.utf8.count
            // The whole word, not the beginning of a longer one.
            if end < line.count, !": \"',}]#\r".utf8.contains(line[end]) { continue }
            lines[edit.line - 1].replaceSubrange(start..<end, with: edit.new.utf8)
            done.append(edit)
        }
        let result = Array(lines.joined(separator: [newline]))
        guard !done.isEmpty, (try? JSONDocument.parseYAML(result)) != nil else { return (text, []) }
        return (result, done.reversed())
    }
}

/// The comments of a file that suppress findings: `# portcullis:ignore PC012 reason`, for the entry below or on the line.
struct LintIgnores {
    private struct Ignore {
        let place: Report.Place
        let codes: [LintCode]
        let lines: ClosedRange<Int>
        var used: Set<LintCode> = []
    }

    private var ignores: [Ignore] = []
    private var faults: [LintFinding] = []
    private static let mark = "portcullis:ignore"
    /// How many comments of a file are read.
    private static let maximumCount = 1000

    init(_ text: [UInt8], file: String) {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
        for (index, line) in lines.enumerated() where ignores.count + faults.count < Self.maximumCount {
            guard let start = Self.start(of: line) else { continue }
            let place = Report.Place(file: file, line: index + 1, column: start + 1)
            let comment = Self.words(of: line, from: start)
            var words = comment.split { $0 == " " || $0 == "," || $0 == "\r" }
            var codes: [LintCode] = []
            while let word = words.first, word.hasPrefix("PC"), word.dropFirst(2).allSatisfy(\.isNumber) {
                words.removeFirst()
                if let code = LintCode(rawValue: String(word)) {
                    codes.append(code)
                } else {
                    faults.append(
                        LintFinding(
                            .needlessIgnore,
                            "there is no code \(word.prefix(20))",
                            mend: "see portcullis lint --explain all",
                            at: place
                        )
                    )
                }
            }
            if codes.isEmpty {
                faults.append(
                    LintFinding(
                        .needlessIgnore,
                        "names no code",
                        mend: "write # portcullis:ignore PC012 and the reason",
                        at: place
                    )
                )
            } else if words.isEmpty {
                faults.append(
                    LintFinding(.needlessIgnore, "gives no reason", mend: "say why behind the code", at: place)
                )
            } else {
                ignores.append(Ignore(place: place, codes: codes, lines: Self.entry(at: index, of: lines)))
            }
        }
    }

    /// What stands behind the mark of a comment.
    private static func words(of line: [UInt8], from start: Int) -> String {
        let comment = line[start...].drop { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: " ") }
        return String(decoding: comment.dropFirst(mark.utf8.count), as: UTF8.self)
    }

    /// Where the comment begins.
    private static func start(of line: [UInt8]) -> Int? {
        guard
            let place = line.indices.first(where: { place in
                line[place] == UInt8(ascii: "#") && (place == 0 || line[place - 1] == UInt8(ascii: " "))
                    && line[(place + 1)...].drop { $0 == UInt8(ascii: " ") }.starts(with: mark.utf8)
            })
        else { return nil }
        return place
    }

    /// The lines of the entry that a comment is about: that on its line or, if there is none, the next one, with all below it.
    private static func entry(at index: Int, of lines: [[UInt8]]) -> ClosedRange<Int> {
        guard let first = lines[index...].indices.first(where: { !lines[$0].isBlank && !lines[$0].isComment }) else {
            return (index + 1)...(index + 1)
        }
        let indent = lines[first].indent
        let next = lines[(first + 1)...].indices.first {
            !lines[$0].isBlank && !lines[$0].isComment && lines[$0].indent <= indent
        }
        return (first + 1)...(next ?? lines.count)
    }

    /// Whether a comment suppresses a finding, which is noted.
    mutating func suppresses(_ finding: LintFinding) -> Bool {
        var isSuppressed = false
        for index in ignores.indices
        where ignores[index].lines.contains(finding.place.line) && ignores[index].codes.contains(finding.code) {
            ignores[index].used.insert(finding.code)
            isSuppressed = true
        }
        return isSuppressed
    }

    /// What is wrong with the comments, after all findings have been asked about.
    var findings: [LintFinding] {
        faults
            + ignores.flatMap { ignore in
                ignore.codes.filter { !ignore.used.contains($0) }.map {
                    LintFinding(
                        .needlessIgnore,
                        "\($0.rawValue) is not found here",
                        mend: "remove the code",
                        at: ignore.place
                    )
                }
            }
    }
}
