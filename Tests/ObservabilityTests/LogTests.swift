import EventLoop
import Foundation
import JSON
import Logging
import Observability
import Testing

@Suite struct TimestampTests {
    static let moments: [(seconds: Int64, nanoseconds: Int32, text: String)] = [
        (0, 0, "1970-01-01T00:00:00.000Z"),
        (951_782_400, 999_999_999, "2000-02-29T00:00:00.999Z"),
        (951_868_799, 0, "2000-02-29T23:59:59.000Z"),
        (1_795_401_481, 42_000_000, "2026-11-23T02:38:01.042Z"),
        (4_107_542_400, 1_000_000, "2100-03-01T00:00:00.001Z"),
        (-1, 500_000_000, "1969-12-31T23:59:59.500Z"),
    ]

    @Test(arguments: moments) func writesTheDate(_ moment: (seconds: Int64, nanoseconds: Int32, text: String)) {
        #expect(Timestamp(seconds: moment.seconds, nanoseconds: moment.nanoseconds).description == moment.text)
    }

    @Test func agreesWithFoundationForEveryDayOfFourCenturies() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for day in stride(from: Int64(0), to: 146_097, by: 37) {
            let seconds = day * 86_400 + day
            #expect(
                Timestamp(seconds: seconds).description
                    == formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            )
        }
    }
}

@Suite struct LineLogTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func text(_ name: String) -> String {
        // Not Foundation's String(contentsOf:): it leaks 4 KiB for an empty file, and LeakSanitizer would blame the tests.
        let bytes = try? FileSystem.read(directory.appending(path: name).path, limitBytes: 1 << 20)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    private func path(_ name: String) -> LineLog.Destination {
        .file(directory.appending(path: name).path)
    }

    private func append(_ line: String, to log: LineLog) -> Bool {
        log.append(Array(line.utf8).span)
    }

    @Test func linesArriveInOrderWithoutAnybodyAskingForThem() throws {
        let log = try LineLog(to: path("log"), delay: .milliseconds(1))
        #expect(append("one", to: log))
        #expect(append("two", to: log))
        for _ in 0..<500 where text("log") != "one\ntwo\n" { usleep(10_000) }
        #expect(text("log") == "one\ntwo\n")
        #expect(append("three", to: log))
        for _ in 0..<500 where text("log") != "one\ntwo\nthree\n" { usleep(10_000) }
        #expect(text("log") == "one\ntwo\nthree\n")
    }

    @Test func whatDoesNotFitIsDroppedAndCounted() throws {
        let log = try LineLog(to: path("log"), capacityBytes: 10, delay: .seconds(3600))
        #expect(append("123456789", to: log))
        #expect(!append("x", to: log))
        #expect(log.droppedLines == 1)
        log.flush()
        #expect(append("x", to: log))
        log.flush()
        #expect(text("log") == "123456789\nx\n")
    }

    @Test func aRotatedFileIsLeftAloneAfterReopening() throws {
        let log = try LineLog(to: path("log"), delay: .seconds(3600))
        #expect(append("old", to: log))
        try FileManager.default.moveItem(
            at: directory.appending(path: "log"),
            to: directory.appending(path: "log.1")
        )
        try log.reopen()
        #expect(append("new", to: log))
        log.flush()
        #expect(text("log.1") == "old\n")
        #expect(text("log") == "new\n")
    }

    @Test func aFileThatCannotBeReopenedStaysOpen() throws {
        let log = try LineLog(to: path("log"), delay: .seconds(3600))
        try FileManager.default.removeItem(at: directory)
        #expect(throws: (any Error).self) { try log.reopen() }
        #expect(append("line", to: log))
        log.flush()
        #expect(log.failedWrites == 0)
    }

    @Test func closingWritesWhatWaits() throws {
        do {
            let log = try LineLog(to: path("log"), delay: .seconds(3600))
            #expect(append("last", to: log))
        }
        #expect(text("log") == "last\n")
    }

    @Test func aDirectoryThatIsMissingIsAnErrorAtOnce() {
        #expect(throws: (any Error).self) { _ = try LineLog(to: path("missing/log")) }
    }

    @Test func threadsDoNotTearEachOthersLines() throws {
        let log = try LineLog(to: path("log"), delay: .milliseconds(1))
        let line = String(repeating: "x", count: 100)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<250 {
                log.append(Array(line.utf8).span)
                // Rarely two at once: the thread sanitizer does not see the unlock of a contended Mutex, which happens in
                // a library that is not instrumented, and reports what the lock protects.
                usleep(200)
            }
        }
        log.close()
        let lines = text("log").split(separator: "\n")
        #expect(lines.count == 1000)
        #expect(lines.allSatisfy { $0 == line })
    }

    private func line(_ format: LogFormat, _ write: (inout Logger) -> Void) throws -> String {
        let log = try LineLog(to: path("log"), delay: .seconds(3600))
        var logger = Logger(label: "server") { StructuredLogHandler(label: $0, format: format, log: log) }
        write(&logger)
        log.flush()
        // Without the time, which the test cannot know.
        return text("log").replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "T")
    }

    @Test func jsonLinesKeepTypesAndOrder() throws {
        let line = try line(.json) { logger in
            logger[metadataKey: "zone"] = "1"
            logger.info(
                "lis\"tening",
                metadata: [
                    "port": .stringConvertible(9443), "tls": .stringConvertible(true), "list": ["a", "b"],
                    "map": ["k": "v"], "message": "mine",
                ]
            )
        }
        #expect(
            line == #"{"time":"T","level":"info","logger":"server","message":"lis\"tening","list":["a","b"],"#
                + #""map":{"k":"v"},"message_":"mine","port":9443,"tls":true,"zone":"1"}"# + "\n"
        )
        _ = try JSONDocument(parsing: Array(line.utf8.dropLast()))
    }

    @Test func textLinesStayOneLine() throws {
        let line = try line(.text) { logger in
            logger.warning("bad\nhead", metadata: ["peer": "10.0.0.1", "text": "a \"b\"\n", "empty": ""])
        }
        #expect(line == #"T warning server: bad head empty="" peer=10.0.0.1 text="a \"b\"\n""# + "\n")
    }

    @Test func whatIsBelowTheLevelIsNotWritten() throws {
        let line = try line(.text) { logger in
            logger.debug("no")
            logger.logLevel = .debug
            logger.debug("yes")
        }
        #expect(line == "T debug server: yes\n")
    }
}
