public import EventLoop
internal import Synchronization

/// Lines on their way to a file, a bounded queue and a thread that empties it.
///
/// Whoever appends never waits for the file: a disk that is full or slow costs lines, which are counted, and never an
/// answer. A line is written at most `delay` after it was appended, together with those that came meanwhile, so that
/// even at thousands of lines a second the thread is woken a few dozen times only.
public final class LineLog: Sendable {
    /// Where lines go.
    public enum Destination: Hashable, Sendable {
        /// Descriptor 1.
        case standardOutput
        /// Descriptor 2.
        case standardError
        /// A file, opened for appending; `reopen()` opens the path again.
        case file(String)
        /// The same; if it is made, only the owner may read it.
        case privateFile(String)
    }

    private let core: Core
    private let thread: LoopThread

    /// Opens the destination and starts the thread.
    ///
    /// - Parameters:
    ///   - destination: Where lines go.
    ///   - capacityBytes: The most that waits; a line beyond it is dropped. 8 MiB are about 20,000 decisions.
    ///   - delay: How long a line may wait for others.
    /// - Throws: Why the file could not be opened or the thread not started.
    public init(
        to destination: Destination,
        capacityBytes: Int = 8 << 20,
        delay: Duration = .milliseconds(20)
    ) throws(SystemError) {
        let core = Core(
            destination: destination,
            file: try Core.open(destination),
            capacityBytes: capacityBytes,
            delay: delay
        )
        self.core = core
        thread = try LoopThread(name: "log") { _ in }
    }

    deinit {
        close()
    }

    /// Queues one line; a newline is put behind it.
    ///
    /// - Returns: Whether there was room.
    @discardableResult
    public func append(_ line: Span<UInt8>) -> Bool {
        switch core.enqueue(line) {
        case .dropped:
            return false
        case .queued(let isFirst):
            if isFirst { wake() }
            return true
        }
    }

    private func wake() {
        let core = core
        thread.remote.submit { loop in
            _ = loop.schedule(at: .now() + core.delay, core)
        }
    }

    /// Writes what is queued before it returns: for the end of the process, and for tests.
    public func flush() {
        core.drain()
    }

    /// Opens a file again under its path, after what is queued went to the old one: for SIGHUP after a rotation.
    ///
    /// - Throws: Why it could not be opened; lines keep going where they went.
    public func reopen() throws(SystemError) {
        try core.reopen()
    }

    /// Writes what is queued and ends the thread; lines that come later stay in the queue.
    public func close() {
        thread.remote.stop()
        // The thread has nothing to throw: it prepares nothing, and its loop ends only by `stop`.
        try? thread.join()
        core.drain()
    }

    /// How many lines found no room.
    public var droppedLines: UInt64 {
        core.dropped.load(ordering: .relaxed)
    }

    /// How many times the file refused what was written to it; the lines of that batch are lost.
    public var failedWrites: UInt64 {
        core.failedWrites.load(ordering: .relaxed)
    }
}

extension LineLog {
    fileprivate enum Outcome {
        case queued(isFirst: Bool)
        case dropped
    }

    /// What appenders and the thread share.
    fileprivate final class Core: DeadlineHandler, Sendable {
        struct File: ~Copyable {
            var descriptor: OwnedDescriptor
            /// The array that the queue gets when its own is taken, so that neither is allocated again.
            var spare: [UInt8] = []
        }

        let destination: Destination
        let capacityBytes: Int
        let delay: Duration
        let dropped = Atomic<UInt64>(0)
        let failedWrites = Atomic<UInt64>(0)
        // Whoever needs both takes `file` first: the order of the lines in the file is that of the queue.
        private let file: Mutex<File>
        private let queue = Mutex<[UInt8]>([])

        init(destination: Destination, file: consuming OwnedDescriptor, capacityBytes: Int, delay: Duration) {
            self.destination = destination
            self.capacityBytes = capacityBytes
            self.delay = delay
            self.file = Mutex(File(descriptor: file))
        }

        static func open(_ destination: Destination) throws(SystemError) -> OwnedDescriptor {
            switch destination {
            case .standardOutput: try .duplicate(of: 1)
            case .standardError: try .duplicate(of: 2)
            case .file(let path): try .appending(to: path)
            case .privateFile(let path): try .appending(to: path, isPrivate: true)
            }
        }

        func enqueue(_ line: Span<UInt8>) -> Outcome {
            let capacity = capacityBytes
            let outcome: Outcome = queue.withLock { bytes in
                guard bytes.count + line.count < capacity else { return .dropped }
                let isFirst = bytes.isEmpty
                unsafe line.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
                bytes.append(UInt8(ascii: "\n"))
                return .queued(isFirst: isFirst)
            }
            if case .dropped = outcome { dropped.add(1, ordering: .relaxed) }
            return outcome
        }

        func drain() {
            file.withLock { file in drain(into: &file) }
        }

        func reopen() throws(SystemError) {
            try file.withLock { file throws(SystemError) in
                drain(into: &file)
                file.descriptor = try Self.open(destination)
            }
        }

        private func drain(into file: inout File) {
            var batch = file.spare
            file.spare = []
            queue.withLock { swap(&$0, &batch) }
            write(batch, to: file.descriptor)
            batch.removeAll(keepingCapacity: batch.capacity <= 1 << 20)
            file.spare = batch
        }

        private func write(_ batch: [UInt8], to descriptor: borrowing OwnedDescriptor) {
            var written = 0
            while written < batch.count {
                guard let count = try? descriptor.write(batch.span.extracting(written...)) else {
                    // Also what a non-blocking pipe answers whose reader is behind: it made itself non-blocking, not we.
                    failedWrites.add(1, ordering: .relaxed)
                    return
                }
                written += count
            }
        }

        func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
            drain()
        }
    }
}
