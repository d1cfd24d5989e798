/// Deadlines in order: a binary heap whose entries know their place.
///
/// To add, cancel or move earlier costs O(log n). To move *later*, which a connection does with every request, costs a
/// store: the entry finds out when it reaches the top.
public struct Timers<Payload> {
    /// A deadline's name, until it passes or is cancelled.
    public struct ID: Hashable, Sendable {
        let slot: UInt32
        let generation: UInt32
    }

    private struct Entry {
        var generation: UInt32
        /// Where the heap holds it; -1 if it is free.
        var position: Int
        /// When it is due, never before the time that the heap orders it by.
        var deadline: Int64
        var payload: Payload?
    }

    private struct Node {
        var time: Int64
        var slot: UInt32
    }

    private var entries: [Entry] = []
    private var freeSlots: [UInt32] = []
    private var heap: [Node] = []

    /// Makes an empty set of deadlines.
    public init() {}

    /// The number of deadlines that have neither passed nor been cancelled.
    public var count: Int { heap.count }

    /// A moment at which to look again, because no deadline is earlier; nothing if there are none.
    public var next: MonotonicInstant? {
        guard let first = heap.first else { return nil }
        return MonotonicInstant(nanoseconds: first.time)
    }

    /// Adds a deadline.
    ///
    /// - Parameters:
    ///   - deadline: When it passes.
    ///   - payload: What ``popExpired(at:)`` returns then.
    /// - Returns: Its name.
    public mutating func schedule(at deadline: MonotonicInstant, _ payload: Payload) -> ID {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(entries.count)
            entries.append(Entry(generation: 0, position: -1, deadline: 0, payload: nil))
        }
        entries[Int(slot)].deadline = deadline.nanoseconds
        entries[Int(slot)].payload = payload
        heap.append(Node(time: deadline.nanoseconds, slot: slot))
        siftUp(heap.count - 1)
        return ID(slot: slot, generation: entries[Int(slot)].generation)
    }

    /// Moves a deadline.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - deadline: When it passes now.
    /// - Returns: Whether it was still there.
    @discardableResult
    public mutating func reschedule(_ id: ID, at deadline: MonotonicInstant) -> Bool {
        guard isCurrent(id) else { return false }
        let slot = Int(id.slot)
        entries[slot].deadline = deadline.nanoseconds
        let position = entries[slot].position
        if deadline.nanoseconds < heap[position].time {
            heap[position].time = deadline.nanoseconds
            siftUp(position)
        }
        return true
    }

    /// Takes a deadline away before it passes.
    ///
    /// - Parameter id: Its name.
    /// - Returns: Its payload; nothing if it has passed or was cancelled.
    @discardableResult
    public mutating func cancel(_ id: ID) -> Payload? {
        guard isCurrent(id) else { return nil }
        let position = entries[Int(id.slot)].position
        remove(at: position)
        return free(id.slot)
    }

    /// Takes the earliest deadline that has passed.
    ///
    /// - Parameter now: The time.
    /// - Returns: Its name and payload; nothing if none has passed.
    public mutating func popExpired(at now: MonotonicInstant) -> (id: ID, payload: Payload)? {
        while let first = heap.first, first.time <= now.nanoseconds {
            let deadline = entries[Int(first.slot)].deadline
            if deadline > first.time {
                // It was moved later: take its true place now.
                heap[0].time = deadline
                siftDown(0)
                continue
            }
            let id = ID(slot: first.slot, generation: entries[Int(first.slot)].generation)
            remove(at: 0)
            return free(first.slot).map { (id, $0) }
        }
        return nil
    }

    private func isCurrent(_ id: ID) -> Bool {
        let entry = entries[Int(id.slot)]
        return entry.generation == id.generation && entry.position >= 0
    }

    private mutating func free(_ slot: UInt32) -> Payload? {
        entries[Int(slot)].generation &+= 1
        entries[Int(slot)].position = -1
        freeSlots.append(slot)
        return entries[Int(slot)].payload.take()
    }

    private mutating func remove(at position: Int) {
        let last = heap.removeLast()
        if position == heap.count { return }
        let earlier = last.time < heap[position].time
        heap[position] = last
        if earlier { siftUp(position) } else { siftDown(position) }
    }

    private mutating func siftUp(_ start: Int) {
        let node = heap[start]
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            if heap[parent].time <= node.time { break }
            place(heap[parent], at: position)
            position = parent
        }
        place(node, at: position)
    }

    private mutating func siftDown(_ start: Int) {
        let node = heap[start]
        var position = start
        while true {
            var child = 2 * position + 1
            if child >= heap.count { break }
            if child + 1 < heap.count, heap[child + 1].time < heap[child].time { child += 1 }
            if node.time <= heap[child].time { break }
            place(heap[child], at: position)
            position = child
        }
        place(node, at: position)
    }

    private mutating func place(_ node: Node, at position: Int) {
        heap[position] = node
        entries[Int(node.slot)].position = position
    }
}
