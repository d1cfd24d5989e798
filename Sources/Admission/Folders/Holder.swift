public import Policy
internal import Synchronization

/// What is in force, such as the policy set: one immutable value, swapped whole, for every event loop of the process.
///
/// A loop reads it through a `HolderReader` of its own, which costs one atomic load unless there is a new value.
public final class Holder<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var swaps: UInt64 = 0
    }

    private let state = Mutex(State())
    /// A copy of `State.swaps` that readers look at without the lock.
    private let swaps = Atomic<UInt64>(0)

    /// Starts without a value: nothing may be allowed yet.
    public init() {}

    /// Puts a value in force for every request that begins from now on.
    public func replace(with value: Value) {
        state.withLock { state in
            state.value = value
            state.swaps += 1
            // Inside the lock, so that a reader that sees the number finds at least that value.
            swaps.store(state.swaps, ordering: .releasing)
        }
    }

    /// The value in force, read with the lock: for status and metrics.
    public var current: Value? {
        state.withLock { $0.value }
    }

    /// Makes the view of one event loop.
    public func makeReader() -> HolderReader<Value> {
        HolderReader(holder: self)
    }

    fileprivate func read(unlessSeen seen: UInt64) -> (value: Value?, swaps: UInt64)? {
        guard swaps.load(ordering: .acquiring) != seen else { return nil }
        return state.withLock { ($0.value, $0.swaps) }
    }
}

/// One event loop's view of a `Holder`.
///
/// It keeps the value that it saw last, so that no request takes a lock.
public struct HolderReader<Value: Sendable> {
    private let holder: Holder<Value>
    private var seen: UInt64 = 0
    /// The value that `refresh()` found last; absent until the first good one is in force.
    public private(set) var value: Value?

    init(holder: Holder<Value>) {
        self.holder = holder
    }

    /// Takes over a new value, if there is one.
    public mutating func refresh() {
        guard let (value, swaps) = holder.read(unlessSeen: seen) else { return }
        self.value = value
        seen = swaps
    }
}

/// The policy set in force.
public typealias PolicyHolder = Holder<PolicySet>

/// What is known of other objects.
public typealias InventoryHolder = Holder<Inventory>
