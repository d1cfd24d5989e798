internal import EventLoop
internal import Glibc

/// Runs tests again whenever a file changes, until somebody ends it.
final class TestWatch {
    private let runOnce: () throws -> (code: Portcullis.ExitCode, files: TestedFiles)
    private let loop: Loop
    private var watches: [DirectoryWatch] = []
    private var watched: Set<String> = []
    /// Those that are watched with all below them.
    private var trees: Set<String> = []
    private var code = Portcullis.ExitCode.done
    private var failure: (any Error)?

    /// Prepares a watch.
    ///
    /// - Parameters:
    ///   - paths: The folders and files that are tested.
    ///   - runOnce: Runs the tests.
    /// - Throws: If the system has no means to hear of changes.
    init(
        paths: [String],
        _ runOnce: @escaping () throws -> (code: Portcullis.ExitCode, files: TestedFiles)
    ) throws {
        self.runOnce = runOnce
        loop = try Loop()
        for path in paths.map(FileSystem.normalized) {
            let isFile = FileSystem.exists(path) && !FileSystem.isDirectory(path)
            try watch(isFile ? FileSystem.parent(of: path) : path, depth: isFile ? 0 : 16)
        }
    }

    /// Runs tests until SIGINT or SIGTERM.
    ///
    /// - Returns: What the last run came to.
    func run() throws -> Portcullis.ExitCode {
        let signals = try SignalHandler(SignalSource([.interrupt, .terminate]), on: loop) { [loop] _ in loop.stop() }
        defer { withExtendedLifetime(signals) {} }
        try again()
        try loop.run()
        for watch in watches { watch.cancel() }
        if let failure { throw failure }
        return code
    }

    private func again() throws {
        let (code, files) = try runOnce()
        self.code = code
        // What suites have read elsewhere changes their answers too.
        for folder in files.folders { try watch(folder, depth: 0) }
    }

    private func watch(_ folder: String, depth: Int) throws {
        let isBelow = trees.contains {
            folder.hasPrefix($0 + "/") || $0 == "." && !folder.hasPrefix("/") && !folder.hasPrefix("..")
        }
        guard !isBelow, !trees.contains(folder), watched.insert(folder).inserted else { return }
        if depth > 0 { trees.insert(folder) }
        let configuration = DirectoryWatch.Configuration(path: folder, depth: depth)
        watches.append(
            try DirectoryWatch(configuration, on: loop) { [unowned self] result in
                do {
                    // A watch with gaps would show the answers of yesterday.
                    try result.get()
                    try again()
                } catch {
                    failure = error
                    loop.stop()
                }
            }
        )
    }
}
