internal import CLinux
internal import Glibc

/// Wakes a poller from another thread: an eventfd.
final class Wakeup: Sendable {
    /// What to watch for reading.
    let descriptor: OwnedDescriptor

    /// Makes a wake-up that has not rung.
    ///
    /// - Throws: What `eventfd` reports: no descriptors or no memory left.
    init() throws(SystemError) {
        descriptor = OwnedDescriptor(
            owning: try systemCall("eventfd") { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) }
        )
    }

    /// Makes the descriptor readable; any thread may.
    func ring() {
        let raw = descriptor.raw
        var one: UInt64 = 1
        // EAGAIN, the only failure left, says that the counter is full: it is readable already.
        _ = try? systemCall("write") { unsafe Glibc.write(raw, &one, 8) }
    }

    /// Makes the descriptor unreadable until the next ``ring()``.
    func clear() {
        let raw = descriptor.raw
        var counter: UInt64 = 0
        // EAGAIN, the only failure left, says that nobody rang.
        _ = try? systemCall("read") { unsafe Glibc.read(raw, &counter, 8) }
    }
}
