import Dispatch
import Foundation
import Synchronization

/// Runs a body on a thread with a stack of 512 KiB, no more than any thread that compiles or evaluates has, and waits.
func onSmallStack<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result? {
    let run = SmallStackRun(body)
    let thread = Thread { run.start() }
    thread.stackSize = 512 * 1024
    thread.start()
    return run.wait()
}

private final class SmallStackRun<Result: Sendable>: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let body: @Sendable () -> Result
    private let result = Mutex<Result?>(nil)

    init(_ body: @escaping @Sendable () -> Result) { self.body = body }

    func start() {
        let value = body()
        result.withLock { $0 = value }
        done.signal()
    }

    func wait() -> Result? {
        done.wait()
        return result.withLock { $0 }
    }
}
