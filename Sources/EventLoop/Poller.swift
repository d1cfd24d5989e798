internal import CLinux
internal import Glibc

/// Tells which descriptors are ready: epoll, level-triggered.
///
/// An event carries the generation of its slot. Whatever happens while a batch of events is worked off, an event for a
/// descriptor that was removed is not delivered to the one that took its slot (and maybe its number) over.
@safe public struct Poller: ~Copyable {
    /// What to wait for; errors and hang-ups are reported even for the empty set.
    public struct Interest: OptionSet, Sendable {
        /// The bits of `epoll_event.events`.
        public let rawValue: UInt32

        /// Takes bits of `epoll_event.events`.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// There are bytes to read, a connection to accept, or the end of the stream.
        public static let read = Interest(rawValue: EPOLLIN.rawValue)
        /// The kernel takes bytes again, or a connection attempt has ended.
        public static let write = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// What has become possible.
    public struct Readiness: OptionSet, Sendable {
        /// The bits of `epoll_event.events`.
        public let rawValue: UInt32

        /// Takes bits of `epoll_event.events`.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// A read does not wait.
        public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        /// A write does not wait.
        public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        /// Both directions are closed.
        public static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
        /// The descriptor has a pending error, which the next read, write or `SO_ERROR` reports.
        public static let failed = Readiness(rawValue: EPOLLERR.rawValue)
    }

    /// A descriptor's place in the poller, until it is removed.
    public struct Registration: Hashable, Sendable {
        /// A small number that no other registration has now; used again after a removal.
        public let slot: UInt32
        let generation: UInt32
    }

    /// One descriptor that is ready.
    public struct Event: Sendable {
        /// Whose event it is.
        public let registration: Registration
        /// What it may do.
        public let readiness: Readiness
    }

    /// Events that one call fetches; more stay in the kernel for the next.
    private static let batch = 256

    /// The token of the alarm's events; no registration has it, for there are never so many slots.
    private static let alarmToken = UInt64.max

    private let epoll: OwnedDescriptor
    /// Ends a wait at its deadline.
    ///
    /// A timeout of `epoll_wait` is set and taken back by the kernel with every wait, and needs the clock. Deadlines of a
    /// loop mostly move later, so that the alarm is set once for thousands of waits.
    private let alarm: OwnedDescriptor
    /// What the alarm is set to; nothing once a wait has heard it, though it goes on ringing until it is set anew.
    private var alarmTime: MonotonicInstant?
    /// By slot; goes up when the slot is freed.
    private var generations: [UInt32] = []
    private var freeSlots: [UInt32] = []
    private var events: [epoll_event]

    /// Makes a poller without descriptors.
    ///
    /// - Throws: What `epoll_create1` and `timerfd_create` report: no descriptors or no memory left.
    public init() throws(SystemError) {
        let epoll = OwnedDescriptor(owning: try systemCall("epoll_create1") { epoll_create1(CInt(EPOLL_CLOEXEC)) })
        let alarm = OwnedDescriptor(
            owning: try systemCall("timerfd_create") {
                timerfd_create(CLOCK_MONOTONIC, CInt(TFD_CLOEXEC | TFD_NONBLOCK))
            }
        )
        try Poller.control(epoll, EPOLL_CTL_ADD, alarm, token: Poller.alarmToken, .read)
        self.epoll = epoll
        self.alarm = alarm
        unsafe events = Array(repeating: epoll_event(), count: Poller.batch)
    }

    /// The number of descriptors registered.
    public var count: Int { generations.count - freeSlots.count }

    /// Starts to watch a descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: What to watch; the caller removes it before closing it.
    ///   - interest: What to wait for.
    /// - Returns: The name of the descriptor in events.
    /// - Throws: What `epoll_ctl` reports: EEXIST, EPERM for regular files, ENOMEM, ENOSPC.
    public mutating func add(
        _ descriptor: borrowing OwnedDescriptor,
        interest: Interest
    ) throws(SystemError) -> Registration {
        let slot = freeSlots.last ?? UInt32(generations.count)
        if slot == generations.count {
            generations.append(0)
            freeSlots.append(slot)
        }
        let registration = Registration(slot: slot, generation: generations[Int(slot)])
        try control(EPOLL_CTL_ADD, descriptor, registration, interest)
        freeSlots.removeLast()
        return registration
    }

    /// Changes what to wait for.
    ///
    /// - Parameters:
    ///   - registration: What ``add(_:interest:)`` returned for the descriptor.
    ///   - descriptor: The descriptor.
    ///   - interest: What to wait for from now on.
    /// - Throws: What `epoll_ctl` reports: ENOMEM.
    public mutating func modify(
        _ registration: Registration,
        _ descriptor: borrowing OwnedDescriptor,
        interest: Interest
    ) throws(SystemError) {
        precondition(isCurrent(registration), "not registered: \(registration)")
        try control(EPOLL_CTL_MOD, descriptor, registration, interest)
    }

    /// Stops watching a descriptor; no event of it is delivered any more, not even one that was fetched already.
    ///
    /// - Parameters:
    ///   - registration: What ``add(_:interest:)`` returned for the descriptor.
    ///   - descriptor: The descriptor, still open.
    public mutating func remove(_ registration: Registration, _ descriptor: borrowing OwnedDescriptor) {
        precondition(isCurrent(registration), "not registered: \(registration)")
        do {
            try control(EPOLL_CTL_DEL, descriptor, registration, [])
        } catch {
            // Neither limits nor memory can fail a removal; ENOENT says that it is another descriptor's registration.
            fatalError("\(error)")
        }
        generations[Int(registration.slot)] &+= 1
        freeSlots.append(registration.slot)
    }

    /// Waits until a descriptor is ready.
    ///
    /// - Parameter deadline: When to give up; never if nothing.
    /// - Returns: The number of events to look at with ``event(at:)``; 0 if the deadline passed.
    /// - Throws: Nothing that a correct program can see.
    public mutating func wait(until deadline: MonotonicInstant?) throws(SystemError) -> Int {
        while true {
            if let deadline, alarmTime.map({ deadline < $0 }) ?? true { try setAlarm(to: deadline) }
            let count = try fetch()
            guard let place = (0..<count).first(where: { unsafe events[$0].data.u64 == Poller.alarmToken }) else {
                return count
            }
            // It goes on ringing until it is set anew.
            alarmTime = nil
            unsafe events.swapAt(place, count - 1)
            if count > 1 { return count - 1 }
            guard let deadline else {
                try setAlarm(to: nil)
                continue
            }
            // Or it was set for a deadline that was cancelled or moved later.
            if deadline <= .now() { return 0 }
        }
    }

    private mutating func fetch() throws(SystemError) -> Int {
        let epoll = epoll.raw
        return try unsafe events.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
            Int(
                try systemCall("epoll_wait") {
                    unsafe epoll_wait(epoll, buffer.baseAddress, CInt(buffer.count), -1)
                }
            )
        }
    }

    /// Sets the alarm, or silences it if there is nothing to set it to.
    private mutating func setAlarm(to instant: MonotonicInstant?) throws(SystemError) {
        let alarm = alarm.raw
        // The clock's zero would silence it too.
        let nanoseconds = instant.map { max($0.nanoseconds, 1) } ?? 0
        var time = itimerspec()
        time.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
        time.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        try systemCall("timerfd_settime") {
            unsafe timerfd_settime(alarm, CInt(TFD_TIMER_ABSTIME), &time, nil)
        }
        alarmTime = instant
    }

    /// One of the events that the last wait fetched.
    ///
    /// - Parameter index: From 0 up to what ``wait(until:)`` returned.
    /// - Returns: Nothing if the descriptor was removed meanwhile.
    public func event(at index: Int) -> Event? {
        let event = unsafe events[index]
        let token = unsafe event.data.u64
        let registration = Registration(
            slot: UInt32(truncatingIfNeeded: token),
            generation: UInt32(truncatingIfNeeded: token >> 32)
        )
        guard isCurrent(registration) else { return nil }
        return Event(registration: registration, readiness: Readiness(rawValue: unsafe event.events))
    }

    private func isCurrent(_ registration: Registration) -> Bool {
        generations[Int(registration.slot)] == registration.generation
    }

    private func control(
        _ operation: CInt,
        _ descriptor: borrowing OwnedDescriptor,
        _ registration: Registration,
        _ interest: Interest
    ) throws(SystemError) {
        let token = UInt64(registration.generation) << 32 | UInt64(registration.slot)
        try Poller.control(epoll, operation, descriptor, token: token, interest)
    }

    private static func control(
        _ epoll: borrowing OwnedDescriptor,
        _ operation: CInt,
        _ descriptor: borrowing OwnedDescriptor,
        token: UInt64,
        _ interest: Interest
    ) throws(SystemError) {
        let (epoll, raw) = (epoll.raw, descriptor.raw)
        var event = unsafe epoll_event(events: interest.rawValue, data: epoll_data_t(u64: token))
        try systemCall("epoll_ctl") { unsafe epoll_ctl(epoll, operation, raw, &event) }
    }
}
