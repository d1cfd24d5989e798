import EventLoop
import Glibc
import Testing

@Suite(.serialized) struct DirectoryWatchTests {
    let directory: TemporaryDirectory
    let loop: Loop

    init() throws {
        directory = try TemporaryDirectory()
        loop = try Loop()
    }

    /// Watches while `change` runs, and after it until the change has been told as often as expected, and a while longer.
    ///
    /// - Returns: How often a change was told.
    private func tell(
        _ path: String? = nil,
        depth: Int = 16,
        atLeast expected: Int = 1,
        _ change: () throws -> Void
    ) throws -> Int {
        var count = 0
        let watch = try DirectoryWatch(.init(path: path ?? directory.path, depth: depth), on: loop) { _ in count += 1 }
        defer { watch.cancel() }
        try change()
        try run { count >= expected }
        return count
    }

    /// Runs the loop until something holds, and a while longer, in which it may turn out not to last.
    private func run(until isDone: () -> Bool) throws {
        let limit = MonotonicInstant.now() + .seconds(20)
        while !isDone(), MonotonicInstant.now() < limit { try loop.run(for: .milliseconds(5)) }
        try loop.run(for: .milliseconds(40))
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let prepare: @Sendable (TemporaryDirectory) throws -> Void
        let change: @Sendable (TemporaryDirectory) throws -> Void
        var testDescription: String { name }

        init(
            _ name: String,
            _ prepare: @escaping @Sendable (TemporaryDirectory) throws -> Void = { _ in },
            change: @escaping @Sendable (TemporaryDirectory) throws -> Void
        ) {
            (self.name, self.prepare, self.change) = (name, prepare, change)
        }
    }

    static let told = [
        Change("a file is written") { try $0.write("1", "a.yaml") },
        Change("a file is written again", { try $0.write("1", "a.yaml") }) { try $0.write("2", "a.yaml") },
        Change("a file is replaced by a rename", { try $0.write("1", "a.yaml") }) {
            try FileSystem.write([50].span, to: $0.path("a.yaml"), access: .everyoneReads)
        },
        Change("a file is removed", { try $0.write("1", "a.yaml") }) { try $0.remove("a.yaml") },
        Change("a file becomes readable", { try $0.write("1", "a.yaml") }) {
            try require(unsafe chmod($0.path("a.yaml"), 0o600))
        },
        Change("a file gets a second name", { try $0.write("1", "a.yaml") }) {
            try require(unsafe link($0.path("a.yaml"), $0.path("b.yaml")))
        },
        Change("a link is made") { try $0.link("a.yaml", to: "/dev/null") },
        Change("a ConfigMap volume is swapped") {
            try $0.makeDirectory("..1")
            try $0.write("1", "..1/a.yaml")
            try $0.link("..data", to: "..1")
            try $0.link("a.yaml", to: "..data/a.yaml")
        } change: {
            try $0.makeDirectory("..2")
            try $0.write("2", "..2/a.yaml")
            try $0.link("..data_tmp", to: "..2")
            try $0.rename("..data_tmp", to: "..data")
            try $0.remove("..1/a.yaml")
            try $0.remove("..1")
        },
        Change("a file deep in the tree is written", { try $0.makeDirectory("a/b/c") }) {
            try $0.write("1", "a/b/c/d")
        },
        Change("a directory with a file arrives", { try $0.makeDirectory("a") }) {
            try $0.makeDirectory("a/b")
            try $0.write("1", "a/b/c")
        },
        Change(
            "a file behind a link to a directory is written",
            {
                try $0.makeDirectory(".real")
                try $0.link("a", to: ".real")
            }
        ) { try $0.write("1", ".real/b") },
        Change("the directory is replaced") {
            let old = $0.path + ".old"
            try require(unsafe rename($0.path, old))
            try FileSystem.makeDirectory($0.path)
            try require(unsafe rmdir(old))
        },
    ]

    @Test(arguments: told) func tellsOnce(_ change: Change) throws {
        try change.prepare(directory)
        #expect(try tell { try change.change(directory) } == 1)
    }

    static let untold = [
        Change("a file is read", { try $0.write("1", "a") }) { _ = try FileSystem.read($0.path("a"), limitBytes: 9) },
        Change("an editor writes its swap file") { try $0.write("1", ".a.swp") },
        Change("a version is prepared but not chosen") {
            try $0.makeDirectory("..2")
            try $0.write("1", "..2/a")
        },
        Change("a neighbour of the directory changes") {
            try FileSystem.write([1].span, to: $0.path + ".neighbour", access: .ownerOnly)
            try require(unsafe unlink($0.path + ".neighbour"))
        },
    ]

    @Test(arguments: untold) func saysNothing(_ change: Change) throws {
        try change.prepare(directory)
        #expect(try tell(atLeast: 0) { try change.change(directory) } == 0)
    }

    @Test func waitsUntilAFileIsWhole() throws {
        var file: OpenFile?
        let begun = try tell(atLeast: 0) {
            file = try OpenFile(directory.path("a"))
            file?.write("half")
        }
        #expect(begun == 0)
        #expect(try tell { file = nil } == 1)
    }

    @Test func doesNotLookDeeperThanAsked() throws {
        try directory.makeDirectory("a")
        #expect(try tell(depth: 0, atLeast: 0) { try directory.write("1", "a/b") } == 0)
        #expect(try tell(depth: 0) { try directory.write("1", "b") } == 1)
    }

    @Test func tellsOfADirectoryThatDoesNotExistYet() throws {
        let path = directory.path("x/y/policies")
        #expect(try tell(path) { try directory.makeDirectory("x") } == 1)
        let count = try tell(path) {
            try directory.makeDirectory("x/y/policies")
            try directory.write("1", "x/y/policies/a")
        }
        #expect(count == 1)
    }

    @Test func tellsWhenADirectoryComesBack() throws {
        let path = directory.path("policies")
        try directory.makeDirectory("policies")
        var count = 0
        let watch = try DirectoryWatch(.init(path: path), on: loop) { _ in count += 1 }
        defer { watch.cancel() }
        var expected = 0
        for _ in 0..<3 {
            try directory.remove("policies")
            expected += 1
            try run { count == expected }
            #expect(count == expected)
            try directory.makeDirectory("policies")
            expected += 1
            try run { count == expected }
            #expect(count == expected)
            try directory.write("1", "policies/a")
            try directory.remove("policies/a")
            expected += 1
            try run { count == expected }
            #expect(count == expected)
        }
    }

    @Test func watchesATreeThatALinkLeadsOutOf() throws {
        // The directory above the tree's root is in the tree too; both roles of it must work.
        try directory.makeDirectory("above/tree")
        try directory.link("above/tree/up", to: "..")
        let tree = directory.path("above/tree")
        #expect(try tell(tree) { try directory.write("1", "above/a") } == 1)
        #expect(try tell(tree) { try directory.write("1", "above/tree/a") } == 1)
    }

    @Test func tellsOfALinkThatIsTurned() throws {
        try directory.makeDirectory("one")
        try directory.makeDirectory("two")
        try directory.link("current", to: "one")
        var count = 0
        let watch = try DirectoryWatch(.init(path: directory.path("current")), on: loop) { _ in count += 1 }
        defer { watch.cancel() }
        try directory.link("next", to: "two")
        try directory.rename("next", to: "current")
        try run { count == 1 }
        #expect(count == 1)
        try directory.write("1", "two/a")
        try run { count == 2 }
        #expect(count == 2)
        try directory.write("1", "one/a")
        try run { count == 2 }
        #expect(count == 2)
    }

    @Test func aStreamOfChangesIsToldOften() throws {
        final class Writer: DeadlineHandler {
            let directory: TemporaryDirectory
            let onWrite: () -> Void
            init(_ directory: TemporaryDirectory, onWrite: @escaping () -> Void) {
                self.directory = directory
                self.onWrite = onWrite
            }
            func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
                try? directory.write("1", "a")
                onWrite()
                _ = loop.schedule(at: loop.now + .milliseconds(1), self)
            }
        }
        // The writer never pauses for the 5 ms of silence that end a burst.
        var written = 0
        let count = try tell(atLeast: 4) { _ = loop.schedule(at: .now(), Writer(directory) { written += 1 }) }
        #expect(count >= 4)
        // Far less often than something is written.
        #expect(count * 2 <= written)
    }

    @Test func noticesWhatIsBehindAnOverflow() throws {
        let limit = try FileSystem.read("/proc/sys/fs/inotify/max_queued_events", limitBytes: 99)
        let queue = try #require(Int(String(decoding: limit.dropLast(), as: UTF8.self)))
        var count = 0
        let watch = try DirectoryWatch(.init(path: directory.path), on: loop) { _ in count += 1 }
        defer { watch.cancel() }
        try directory.write("", "a")
        try directory.write("", "b")
        // Two names in turn, for the kernel merges an event with an equal one before it.
        for _ in 0..<queue {
            try require(unsafe chmod(directory.path("a"), 0o600))
            try require(unsafe chmod(directory.path("b"), 0o600))
        }
        try directory.makeDirectory("lost")
        try run { count >= 1 }
        #expect(count >= 1)
        count = 0
        try directory.write("1", "lost/a")
        try run { count == 1 }
        #expect(count == 1)
    }
}
