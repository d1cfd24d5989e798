internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread of its own that runs one loop.
public final class LoopThread: Sendable {
    /// The loop as other threads may use it.
    public let remote: LoopRemote

    /// Nothing once it was joined.
    private let thread: Mutex<pthread_t?>
    private let failure: Failure

    private final class Failure: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    /// What the new thread needs to begin; it travels through `pthread_create` as a pointer.
    private final class Start {
        let name: String
        let processor: Int?
        let prepare: @Sendable (Loop) throws -> Void
        let failure: Failure
        /// Made by the creating thread, which uses only `remote` of it afterwards.
        let loop: Loop

        init(
            name: String,
            processor: Int?,
            loop: Loop,
            failure: Failure,
            prepare: @escaping @Sendable (Loop) throws -> Void
        ) {
            self.name = name
            self.processor = processor
            self.loop = loop
            self.failure = failure
            self.prepare = prepare
        }
    }

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: What `top` and debuggers show; Linux keeps 15 bytes.
    ///   - processor: The number of the only processor that it may run on; any if nothing.
    ///   - prepare: Runs first on the new thread, to make what belongs to the loop. What it throws ends the thread, and
    ///     ``join()`` throws it.
    /// - Throws: What `pthread_create` and ``Loop/init()`` report: no memory, threads or descriptors left.
    public init(
        name: String,
        processor: Int? = nil,
        prepare: @escaping @Sendable (Loop) throws -> Void
    ) throws(SystemError) {
        let loop = try Loop()
        let failure = Failure()
        let start = Start(name: name, processor: processor, loop: loop, failure: failure, prepare: prepare)
        let pointer = unsafe Unmanaged.passRetained(start)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { pointer in
                guard let pointer = unsafe pointer else { return nil }
                LoopThread.main(unsafe Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue())
                return nil
            },
            pointer.toOpaque()
        )
        guard code == 0 else {
            unsafe pointer.release()
            throw SystemError(code: code, call: "pthread_create")
        }
        remote = loop.remote
        self.failure = failure
        self.thread = Mutex(thread)
    }

    deinit {
        // Nobody joined it, so nobody will: the system frees what belongs to the thread when it ends.
        if let thread = thread.withLock({ $0.take() }) { pthread_detach(thread) }
    }

    /// Waits until the thread has ended, which `remote.stop()` brings about; a second call returns at once.
    ///
    /// - Throws: What `prepare` or the loop threw.
    public func join() throws {
        if let thread = self.thread.withLock({ $0.take() }) {
            pthread_join(thread, nil)
        }
        if let error = failure.error.withLock({ $0 }) { throw error }
    }

    private static func main(_ start: Start) {
        unsafe portcullis_name_thread(String(decoding: start.name.utf8.prefix(15), as: UTF8.self))
        do {
            if let processor = start.processor { try pin(to: processor) }
            try start.prepare(start.loop)
            try start.loop.run()
        } catch {
            start.failure.error.withLock { $0 = error }
        }
    }

    private static func pin(to processor: Int) throws(SystemError) {
        try systemCall("sched_setaffinity") { portcullis_run_on(CInt(processor)) }
    }
}

/// The processors that this process may run on, in ascending order.
///
/// - Returns: Their numbers; at least one.
public func allowedProcessors() -> [Int] {
    let allowed = (0..<1024).filter { portcullis_may_run_on(CInt($0)) != 0 }
    return allowed.isEmpty ? [0] : allowed
}
