internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Glibc
internal import Policy

/// `portcullis bench`.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell how long decisions take with some policies.",
        discussion: """
            Every object is decided again and again, by all policies together and by each alone. Times are of the processor; a \
            policy's is what it adds to a set without policies; its CEL units are what Kubernetes would charge for its expressions, on average of the objects.

            Rules and mutations are measured the same way: the time of policy/rule is what its policy adds with that rule alone, its \
            match and the variables that the rule reads among it; rules that share work cost less together than their sum. A share is of \
            the sum of all rules. Bindings have no rules. --rules 0 leaves rules out, which makes measuring many policies shorter.

              portcullis bench -p policies app/
              portcullis bench -p policies --save before.json reviews.jsonl
              portcullis bench -p policies --compare before.json reviews.jsonl

            Compared are the fastest of the repeats, as multiples of a fixed piece of work that is measured in between and saved with \
            them, so that another machine, or a busy one, does not look like slower policies. What has become slower by more than the threshold fails: \
            deciding as a whole, or a policy that now takes as much more as a twentieth of all.

            Exit codes: 0 measured, and nothing is too slow; 1 something has become slower; 2 the command line, a policy, a \
            manifest or the saved file is wrong; 4 there was nothing to decide.
            """
    )

    /// How results are printed.
    enum Output: String, CaseIterable, ExpressibleByArgument {
        case text
        case json
    }

    @Argument(
        help: ArgumentHelp(
            "Files, folders with all below them, also records *.jsonl, or - for standard input.",
            valueName: "path"
        )
    )
    var paths: [String]
    @OptionGroup(title: "POLICIES") var policies: PolicyOptions
    @OptionGroup(title: "REQUEST") var circumstances: CircumstanceOptions
    @Option(help: ArgumentHelp("Write what was measured to a file.", valueName: "file")) var save: String?
    @Option(help: ArgumentHelp("Compare with what was written to a file.", valueName: "file")) var compare: String?
    @Option(help: ArgumentHelp("By how many per cent things may become slower.", valueName: "percent"))
    var threshold = 20.0
    @Option(help: ArgumentHelp("How often everything is measured; less often if that takes long.", valueName: "count"))
    var repeats = 20
    @Option(
        help: ArgumentHelp("How many rules are listed, the slowest; 0 measures none. JSON has all.", valueName: "count")
    )
    var rules = 10
    @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format")) var output = Output.text

    func validate() throws {
        guard threshold.isFinite, threshold >= 0, threshold <= 10_000 else {
            throw ValidationError("--threshold is a number of per cent from 0 to 10000")
        }
        guard (1...BenchRun.maximumRepeats).contains(repeats) else {
            throw ValidationError("--repeats is a number from 1 to \(BenchRun.maximumRepeats)")
        }
        guard rules >= 0 else { throw ValidationError("--rules is a number of rules, 0 or more") }
    }

    func run() throws {
        if let save { try Self.refuseToReplace(save) }
        let old = try compare.map(Self.read)
        var configuration = PolicyConfiguration()
        // A busy machine must not make an expression run out of time.
        configuration.maximumExpressionTime = .seconds(60)
        let loaded = try policies.load(configuration)
        let circumstances = try circumstances.load(loaded)
        var runs = [CheckRun(loaded.set, configuration: loaded.configuration, circumstances, keepsRequests: true)]
        Questions(paths, policies: loaded.paths, deployment: self.circumstances.deployment).ask(&runs)
        let requests = runs[0].requests
        let issues = runs[0].finish().issues
        Terminal.complain(of: issues)
        guard !issues.contains(where: { $0.severity == .error }) else {
            throw UsageError("what is to be decided has errors, so that nothing was measured")
        }
        guard !requests.isEmpty else {
            let why = issues.isEmpty ? "no manifests" : "nothing of what was given is judged"
            Terminal.complain("nothing was measured: \(why); name files that hold objects\n")
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
        let measurement = try measure(requests, circumstances, configuration)
        let comparison = try old.map { old in
            do throws(BenchFileError) {
                return try BenchComparison(old, measurement, thresholdPercent: threshold)
            } catch {
                throw UsageError("\(compare ?? ""): \(error)")
            }
        }
        if let save { try Self.write(measurement, to: save) }
        let isColoured = Terminal.hasColours(STDOUT_FILENO)
        switch output {
        case .text:
            var lines = measurement.text(isColoured: isColoured, maximumRules: rules)
            if let comparison { lines += [""] + comparison.text(isColoured: isColoured) }
            Terminal.print(lines.joined(separator: "\n"))
        case .json:
            let bytes = comparison?.json(measurement) ?? measurement.json()
            Terminal.print(String(decoding: bytes, as: UTF8.self))
        }
        if comparison?.isSlower ?? false { throw ExitCode(Portcullis.ExitCode.failed.rawValue) }
    }

    private func measure(
        _ requests: [BenchRun.Question],
        _ circumstances: CheckRun.Circumstances,
        _ configuration: PolicyConfiguration
    ) throws -> BenchMeasurement {
        let run = BenchRun(
            try policies.benchPolicies(configuration, rules: rules > 0),
            requests,
            inventory: circumstances.inventory,
            now: circumstances.now,
            clock: Self.threadTime
        )
        var progress = Progress("repeats")
        let measurement = run.run(repeats: repeats) { progress.show($0, of: repeats, "repeats") }
        progress.end()
        return measurement
    }

    /// What this thread has had of the processor: work of others does not count.
    private static func threadTime() -> Duration {
        var time = timespec()
        let status = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        precondition(status == 0, "every Linux has a clock for each thread")
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func read(_ file: String) throws -> BenchMeasurement {
        let name = InputFiles.name(of: file)
        let bytes: [UInt8]
        do throws(PolicyIssue) {
            bytes = try InputFiles.read(file, limitBytes: BenchMeasurement.maximumFileBytes)
        } catch {
            throw UsageError("\(name): \(error.message); \(error.mend)")
        }
        do throws(BenchFileError) {
            return try BenchMeasurement(reading: bytes)
        } catch {
            throw UsageError("\(name): \(error)")
        }
    }

    /// What was saved before may be saved anew; any other file is somebody's.
    private static func refuseToReplace(_ file: String) throws(UsageError) {
        guard FileSystem.exists(file) || FileSystem.target(ofLink: file) != nil else { return }
        let content = try? InputFiles.read(file, limitBytes: BenchMeasurement.maximumFileBytes)
        guard let content, BenchMeasurement.isOne(content) else {
            throw UsageError("--save: \(file) is there already and is no measurement; name another file, or remove it")
        }
    }

    private static func write(_ measurement: BenchMeasurement, to file: String) throws(CommandFailure) {
        do throws(PolicyIssue) {
            try RewrittenFile.write(measurement.json() + [UInt8(ascii: "\n")], to: file)
        } catch {
            throw CommandFailure("--save: \(file) \(error.message); \(error.mend)")
        }
    }
}
