internal import CLinux
internal import Glibc

/// Signals as events: a signalfd.
public struct SignalSource: ~Copyable {
    /// A signal that the source hears.
    public enum Signal: CInt, CaseIterable, Sendable {
        /// SIGTERM: finish what was begun and exit.
        case terminate = 15
        /// SIGINT: the same, from a terminal.
        case interrupt = 2
        /// SIGHUP: read the configuration again.
        case hangUp = 1
    }

    /// What to watch for reading.
    public let descriptor: OwnedDescriptor

    /// Takes signals over from their default action.
    ///
    /// Only threads that are started afterwards inherit that the signals are blocked: make it before any other thread.
    ///
    /// - Parameter signals: Which.
    /// - Throws: What `signalfd` reports: no descriptors or no memory left.
    public init(_ signals: [Signal] = Signal.allCases) throws(SystemError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        let code = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        precondition(code == 0, "pthread_sigmask: \(code)")
        descriptor = OwnedDescriptor(
            owning: try systemCall("signalfd") {
                unsafe signalfd(-1, &set, CInt(SFD_CLOEXEC | SFD_NONBLOCK))
            }
        )
    }

    /// Takes the next signal that has arrived.
    ///
    /// - Returns: Nothing if none is pending.
    /// - Throws: Nothing that a correct program can see.
    public borrowing func next() throws(SystemError) -> Signal? {
        let raw = descriptor.raw
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard try systemCallUnlessBlocked("read", { unsafe Glibc.read(raw, &info, size) }) != nil else { return nil }
        return Signal(rawValue: CInt(info.ssi_signo))
    }

    /// Lets a write to a closed connection fail with EPIPE instead of ending the process.
    public static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
