internal import CLinux
internal import Synchronization

/// Hears that a descriptor is ready.
public protocol ReadinessHandler: AnyObject {
    /// Does what has become possible, without waiting for anything.
    ///
    /// - Parameters:
    ///   - loop: The loop that calls.
    ///   - registration: The descriptor's name.
    ///   - readiness: What has become possible; it is told again as long as it stays true.
    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness)
}

/// Hears that a deadline has passed.
public protocol DeadlineHandler: AnyObject {
    /// Does what is due; the deadline is gone by then.
    ///
    /// - Parameters:
    ///   - loop: The loop that calls.
    ///   - deadline: The name that ``Loop/schedule(at:_:)`` returned.
    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline)
}

/// One thread's events: descriptors, deadlines and work from other threads.
///
/// Everything but ``remote`` belongs to the thread that calls ``run()``. Handlers are kept alive while they are
/// registered, and may add and remove registrations, their own too, whenever they are called.
public final class Loop {
    /// A deadline's name.
    public typealias Deadline = Timers<any DeadlineHandler>.ID

    /// The loop as other threads may use it.
    public let remote: LoopRemote

    /// When the events that are being worked off were fetched: the same for all of them, and cheaper than the clock.
    public private(set) var now = MonotonicInstant.now()

    private var poller: Poller
    private var timers = Timers<any DeadlineHandler>()
    /// By slot of the poller.
    private var handlers: [(any ReadinessHandler)?] = []
    private let wakeup: Poller.Registration
    private var isStopping = false

    /// Makes a loop for the thread that will run it.
    ///
    /// - Throws: What `epoll_create1` and `eventfd` report: no descriptors or no memory left.
    public init() throws(SystemError) {
        remote = try LoopRemote()
        poller = try Poller()
        wakeup = try poller.add(remote.wakeup.descriptor, interest: .read)
    }

    /// Starts to watch a descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: What to watch; it is removed before it is closed.
    ///   - interest: What to wait for.
    ///   - handler: Who hears of it.
    /// - Returns: The descriptor's name; its `slot` is a small number that no other descriptor of this loop has now.
    /// - Throws: As ``Poller/add(_:interest:)``.
    public func add(
        _ descriptor: borrowing OwnedDescriptor,
        interest: Poller.Interest,
        handler: any ReadinessHandler
    ) throws(SystemError) -> Poller.Registration {
        let registration = try poller.add(descriptor, interest: interest)
        let slot = Int(registration.slot)
        while handlers.count <= slot { handlers.append(nil) }
        handlers[slot] = handler
        return registration
    }

    /// Changes what to wait for.
    ///
    /// - Parameters:
    ///   - registration: The descriptor's name.
    ///   - descriptor: The descriptor.
    ///   - interest: What to wait for from now on.
    /// - Throws: As ``Poller/modify(_:_:interest:)``.
    public func modify(
        _ registration: Poller.Registration,
        _ descriptor: borrowing OwnedDescriptor,
        interest: Poller.Interest
    ) throws(SystemError) {
        try poller.modify(registration, descriptor, interest: interest)
    }

    /// Stops watching a descriptor; its handler hears nothing of it any more.
    ///
    /// - Parameters:
    ///   - registration: The descriptor's name.
    ///   - descriptor: The descriptor, still open.
    public func remove(_ registration: Poller.Registration, _ descriptor: borrowing OwnedDescriptor) {
        poller.remove(registration, descriptor)
        handlers[Int(registration.slot)] = nil
    }

    /// Adds a deadline.
    ///
    /// - Parameters:
    ///   - deadline: When it passes.
    ///   - handler: Who hears of it.
    /// - Returns: The deadline's name.
    public func schedule(at deadline: MonotonicInstant, _ handler: any DeadlineHandler) -> Deadline {
        timers.schedule(at: deadline, handler)
    }

    /// Moves a deadline; to move it later is almost free.
    ///
    /// - Parameters:
    ///   - deadline: Its name.
    ///   - instant: When it passes now.
    /// - Returns: Whether it was still there.
    @discardableResult
    public func reschedule(_ deadline: Deadline, at instant: MonotonicInstant) -> Bool {
        timers.reschedule(deadline, at: instant)
    }

    /// Takes a deadline away; nothing happens if it has passed.
    ///
    /// - Parameter deadline: Its name.
    public func cancel(_ deadline: Deadline) {
        timers.cancel(deadline)
    }

    /// Works until ``stop()``: fetches events, tells handlers, passes deadlines, runs submitted work.
    ///
    /// - Throws: What `epoll_wait` reports to a program with a bug.
    public func run() throws(SystemError) {
        isStopping = false
        runSubmitted()
        while !isStopping {
            let count = try poller.wait(until: timers.next)
            now = .now()
            for index in 0..<count {
                guard let event = poller.event(at: index) else { continue }
                if event.registration == wakeup {
                    runSubmitted()
                } else if let handler = handlers[Int(event.registration.slot)] {
                    handler.loop(self, registration: event.registration, isReady: event.readiness)
                }
            }
            // Bounded, for a handler may schedule what is due at once.
            for _ in 0..<timers.count {
                guard let (deadline, handler) = timers.popExpired(at: now) else { break }
                handler.loop(self, deadlinePassed: deadline)
            }
        }
    }

    /// Ends ``run()`` when the events that are being worked off are done; call it on the loop's thread.
    public func stop() {
        isStopping = true
    }

    private func runSubmitted() {
        for work in remote.takeSubmitted() { work(self) }
    }
}

/// What other threads may do with a loop.
public final class LoopRemote: Sendable {
    /// A piece of work for the loop's thread.
    public typealias Work = @Sendable (Loop) -> Void

    let wakeup: Wakeup
    private let submitted = Mutex<[Work]>([])

    init() throws(SystemError) {
        wakeup = try Wakeup()
    }

    /// Runs something on the loop's thread, soon and in the order of submission.
    ///
    /// - Parameter work: What to run; it waits for nothing. It is dropped if the loop never runs again.
    public func submit(_ work: @escaping Work) {
        let isFirst = submitted.withLock { queue in
            queue.append(work)
            return queue.count == 1
        }
        // Later ones find the bell ringing: the loop silences it before it takes the queue.
        if isFirst { wakeup.ring() }
    }

    /// Ends the loop's ``Loop/run()``.
    public func stop() {
        submit { $0.stop() }
    }

    func takeSubmitted() -> [Work] {
        wakeup.clear()
        return submitted.withLock { queue in
            let work = queue
            queue = []
            return work
        }
    }
}
