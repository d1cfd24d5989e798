internal import ArgumentParser
internal import CEL
internal import EventLoop
internal import Glibc
internal import JSON

/// `portcullis cel conformance`.
struct CELConformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Run a file of conformance tests and print what fails.",
        discussion: """
            One test a line, in protocol buffers' JSON form of the CEL specification's SimpleTest: name, expr, and value, \
            typedResult or evalError; also typeEnv, bindings, container, checkOnly and disableCheck.

            Exit codes: 0 no test failed; 1 some did; 2 the command line or the file is wrong.
            """
    )

    @Argument(help: ArgumentHelp("The tests, one a line.", valueName: "file")) var file: String
    @OptionGroup var language: CELCommand.Language

    /// The largest file, in bytes; the suite of the specification has less than one of its thousand megabytes.
    private static let maximumFileBytes = 1 << 30

    func run() throws {
        let tests: [UInt8]
        do throws(FileError) {
            tests = try FileSystem.read(file, limitBytes: Self.maximumFileBytes)
        } catch {
            throw UsageError("\(error)")
        }
        var tally = Tally()
        var progress = Progress("tests")
        var start = 0
        var line = 0
        while start < tests.count {
            let end = tests[start...].firstIndex(of: UInt8(ascii: "\n")) ?? tests.count
            line += 1
            if end > start {
                let test = try Self.test(Array(tests[start..<end]), at: "\(file):\(line)")
                tally.add(test, test.run(language.profile))
                if tally.count % 256 == 0 { progress.show(tally.count) }
            }
            start = end + 1
        }
        progress.end()
        guard tally.count > 0 else { throw UsageError("\(file) holds no test; write one on each line") }
        switch language.output {
        case .text: printText(tally)
        case .json: printJSON(tally)
        }
        if !tally.failures.isEmpty { throw ExitCode(Portcullis.ExitCode.failed.rawValue) }
    }

    private static func test(_ text: [UInt8], at place: String) throws(UsageError) -> ConformanceTest {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: text)
        } catch {
            // The text is one line.
            throw UsageError("\(place):\(error.position.column): \(error.code)")
        }
        guard let test = ConformanceTest(document) else {
            throw UsageError("\(place): is no test; it must be an object with name and expr")
        }
        return test
    }

    /// What has come of the tests so far.
    private struct Tally {
        struct Entry {
            let test: ConformanceTest
            let reason: String

            var place: String { [test.file, test.section, test.name].filter { !$0.isEmpty }.joined(separator: "/") }
        }

        var passed = 0
        var failures: [Entry] = []
        var skips: [Entry] = []
        var count: Int { passed + failures.count + skips.count }

        mutating func add(_ test: ConformanceTest, _ outcome: ConformanceTest.Outcome) {
            guard let reason = outcome.reason else {
                passed += 1
                return
            }
            if case .skipped = outcome {
                skips.append(Entry(test: test, reason: reason))
            } else {
                failures.append(Entry(test: test, reason: reason))
            }
        }
    }

    private func printText(_ tally: Tally) {
        for (word, entries) in [("FAILED", tally.failures), ("skipped", tally.skips)] {
            for entry in entries {
                print("\(word) \(entry.place)")
                print("    \(entry.test.expression)")
                for line in entry.reason.split(separator: "\n") { print("    \(line)") }
            }
        }
        print("passed \(tally.passed)")
        print("failed \(tally.failures.count)")
        print("skipped \(tally.skips.count)")
    }

    private func printJSON(_ tally: Tally) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("profile")
        writer.string(language.profile.name)
        writer.key("passed")
        writer.int(tally.passed)
        writer.key("failed")
        writer.int(tally.failures.count)
        writer.key("skipped")
        writer.int(tally.skips.count)
        for (key, entries) in [("failures", tally.failures), ("skips", tally.skips)] {
            writer.key(key)
            writer.beginArray()
            for entry in entries {
                writer.beginObject()
                writer.key("file")
                writer.string(entry.test.file)
                writer.key("section")
                writer.string(entry.test.section)
                writer.key("name")
                writer.string(entry.test.name)
                writer.key("expression")
                writer.string(entry.test.expression)
                writer.key("reason")
                writer.string(entry.reason)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
        print(String(writer.finish().span))
    }
}
