import EventLoop
import Glibc
import Testing

@Suite struct FileSystemTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func reason(_ body: () throws -> Void) -> FileError.Reason? {
        #expect(throws: FileError.self) { try body() }?.reason
    }

    @Test func readsWhatItWrote() throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let path = directory.path("file")
        try FileSystem.write(Array("old".utf8).span, to: path, access: .everyoneReads)
        try FileSystem.write(content.span, to: path, access: .everyoneReads)
        #expect(try FileSystem.read(path, limitBytes: 100_000) == content)
        #expect(reason { _ = try FileSystem.read(path, limitBytes: 99_999) } == .tooLarge(limitBytes: 99_999))
        #expect(try FileSystem.files(under: directory.path) == ["file"])
    }

    @Test func readsAnEmptyFile() throws {
        try directory.write("", "empty")
        #expect(try FileSystem.read(directory.path("empty"), limitBytes: 0).isEmpty)
    }

    @Test func readsAFileOfUnknownSize() throws {
        // Files in /proc say that they have 0 bytes.
        #expect(try FileSystem.read("/proc/self/maps", limitBytes: 1 << 24).count > 1000)
        #expect(reason { _ = try FileSystem.read("/proc/self/maps", limitBytes: 100) } == .tooLarge(limitBytes: 100))
    }

    @Test func keysAreForTheirOwnerOnly() throws {
        umask(0o022)
        let modes: [(FileSystem.Access, mode_t)] = [(.ownerOnly, 0o600), (.everyoneReads, 0o644)]
        for (access, mode) in modes {
            let path = directory.path("file")
            try FileSystem.write([1].span, to: path, access: access)
            var status = stat()
            try require(unsafe stat(path, &status))
            #expect(status.st_mode & 0o777 == mode)
        }
    }

    @Test func refusesWhatIsNotAFile() throws {
        try require(unsafe mkfifo(directory.path("pipe"), 0o600))
        #expect(reason { _ = try FileSystem.read(directory.path("pipe"), limitBytes: 1) } == .notARegularFile)
        #expect(reason { _ = try FileSystem.read(directory.path, limitBytes: 1) } == .notARegularFile)
        #expect(reason { _ = try FileSystem.read("/dev/zero", limitBytes: 1) } == .notARegularFile)
        let missing = #expect(throws: FileError.self) {
            _ = try FileSystem.read(directory.path("missing"), limitBytes: 1)
        }
        #expect(missing?.isNotFound == true)
        #expect(missing?.description == "\(directory.path("missing")): open: No such file or directory (2)")
    }

    @Test func leavesNothingBehindWhenItCannotWrite() throws {
        try directory.makeDirectory("taken/inner")
        #expect(throws: FileError.self) {
            try FileSystem.write([1].span, to: directory.path("taken"), access: .ownerOnly)
        }
        #expect(throws: FileError.self) {
            try FileSystem.write([1].span, to: directory.path("no/such/directory"), access: .ownerOnly)
        }
        #expect(try FileSystem.files(under: directory.path).isEmpty)
        #expect(FileSystem.exists(directory.path("taken/inner")))
    }

    @Test func makesDirectoriesOnce() throws {
        try directory.makeDirectory("a/b/c")
        try directory.makeDirectory("a/b/c/")
        try directory.write("", "file")
        #expect(throws: FileError.self) { try directory.makeDirectory("file/x") }
        #expect(throws: FileError.self) { try directory.makeDirectory("file") }
    }

    @Test func listsAConfigMapVolume() throws {
        try directory.makeDirectory("..2026_11_23")
        try directory.write("1", "..2026_11_23/b.yaml")
        try directory.write("2", "..2026_11_23/a.yaml")
        try directory.link("..data", to: "..2026_11_23")
        try directory.link("b.yaml", to: "..data/b.yaml")
        try directory.link("a.yaml", to: "..data/a.yaml")
        try directory.link("dangling", to: "nothing")
        try directory.write("", ".swp")
        // A link to nothing is not passed over: whoever reads it is told.
        #expect(try FileSystem.files(under: directory.path) == ["a.yaml", "b.yaml", "dangling"])
        #expect(try FileSystem.read(directory.path("b.yaml"), limitBytes: 9) == Array("1".utf8))
    }

    @Test func listsATreeInOrder() throws {
        for name in ["b/x", "b/a", "B", "a-", "a/z", "ä"] {
            try FileSystem.makeDirectory(FileSystem.parent(of: directory.path(name)))
            try directory.write("", name)
        }
        #expect(try FileSystem.files(under: directory.path) == ["B", "a-", "a/z", "b/a", "b/x", "ä"])
        var limits = FileSystem.ListingLimits()
        limits.entries = 8
        #expect(try FileSystem.files(under: directory.path, limits: limits).count == 6)
        limits.entries = 7
        #expect(reason { _ = try FileSystem.files(under: directory.path, limits: limits) } == .tooManyEntries(limit: 7))
        limits = .init()
        limits.depth = 0
        #expect(reason { _ = try FileSystem.files(under: directory.path, limits: limits) } == .tooDeep(limit: 0))
    }

    @Test func listsPipesForOthersToRefuse() throws {
        try require(unsafe mkfifo(directory.path("pipe.yaml"), 0o600))
        #expect(try FileSystem.files(under: directory.path) == ["pipe.yaml"])
    }

    @Test func endsInACircleOfLinks() throws {
        try directory.link("self", to: ".")
        #expect(reason { _ = try FileSystem.files(under: directory.path) } == .circle)
    }

    @Test func listsWhatCanBeListedBesideACircle() throws {
        for name in ["a/x", "b/y"] {
            try FileSystem.makeDirectory(FileSystem.parent(of: directory.path(name)))
            try directory.write("", name)
        }
        try directory.link("a/back", to: "..")
        let listing = FileSystem.readableFiles(under: directory.path)
        #expect(listing.files == ["a/x", "b/y"])
        #expect(listing.faults.map(\.path) == [directory.path("a/back")])
        #expect(listing.faults.map(\.reason) == [.circle])
    }

    static let parents = [
        ("a/b", "a"), ("a", "."), ("/a", "/"), ("/", "/"), ("a/b/", "a"), ("a//b", "a"), ("//a", "/"), ("./a", "."),
        ("", "."), ("/a/b/c", "/a/b"),
    ]

    @Test(arguments: parents) func knowsWhatIsAbove(_ path: String, _ parent: String) {
        #expect(FileSystem.parent(of: path) == parent)
    }
}
