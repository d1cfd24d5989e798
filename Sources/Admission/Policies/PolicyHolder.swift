public import Policy
internal import Synchronization

/// The policy set in force: one immutable value, swapped whole, for every event loop of the process.
///
/// A loop reads it through a `PolicyReader` of its own, which costs one atomic load unless there is a new set.
public final class PolicyHolder: Sendable {
    private struct State {
        var set: PolicySet?
        var swaps: UInt64 = 0
    }

    private let state = Mutex(State())
    /// A copy of `State.swaps` that readers look at without the lock.
    private let swaps = Atomic<UInt64>(0)

    /// Starts without a set: nothing may be allowed yet.
    public init() {}

    /// Puts a set in force for every request that begins from now on.
    public func replace(with set: PolicySet) {
        state.withLock { state in
            state.set = set
            state.swaps += 1
            // Inside the lock, so that a reader that sees the number finds at least that set.
            swaps.store(state.swaps, ordering: .releasing)
        }
    }

    /// The set in force, read with the lock: for status and metrics.
    public var current: PolicySet? {
        state.withLock { $0.set }
    }

    /// Makes the view of one event loop.
    public func makeReader() -> PolicyReader {
        PolicyReader(holder: self)
    }

    fileprivate func read(unlessSeen seen: UInt64) -> (set: PolicySet?, swaps: UInt64)? {
        guard swaps.load(ordering: .acquiring) != seen else { return nil }
        return state.withLock { ($0.set, $0.swaps) }
    }
}

/// One event loop's view of a `PolicyHolder`.
///
/// It keeps the set that it saw last, so that no request takes a lock.
public struct PolicyReader {
    private let holder: PolicyHolder
    private var seen: UInt64 = 0
    /// The set that `refresh()` found last; absent until the first good one is in force.
    public private(set) var set: PolicySet?

    init(holder: PolicyHolder) {
        self.holder = holder
    }

    /// Takes over a new set, if there is one.
    public mutating func refresh() {
        guard let (set, swaps) = holder.read(unlessSeen: seen) else { return }
        self.set = set
        seen = swaps
    }
}
