import EventLoop
import Glibc
import Synchronization
import Testing

extension Poller {
    /// What is ready now.
    fileprivate mutating func readyNow() throws -> [Event] {
        let count = try wait(until: .now())
        return (0..<count).compactMap { event(at: $0) }
    }
}

@Suite struct PollerTests {
    @Test func tellsAgainWhileItIsTrue() throws {
        let pair = try SocketPair()
        var poller = try Poller()
        let registration = try poller.add(pair.left, interest: .read)
        #expect(try poller.readyNow().isEmpty)
        _ = try pair.right.write([1].span)
        for _ in 0..<2 {
            let events = try poller.readyNow()
            #expect(events.map(\.registration) == [registration])
            #expect(events.first?.readiness == .readable)
        }
        try poller.modify(registration, pair.left, interest: [])
        #expect(try poller.readyNow().isEmpty)
        try poller.modify(registration, pair.left, interest: [.read, .write])
        #expect(try poller.readyNow().first?.readiness == [.readable, .writable])
    }

    /// The deadline of an earlier wait, which an event ended before it passed, ends no later one.
    @Test func waitsUntilItsOwnDeadline() throws {
        let pair = try SocketPair()
        var poller = try Poller()
        let registration = try poller.add(pair.left, interest: .read)
        _ = try pair.right.write([1].span)
        let start = MonotonicInstant.now()
        #expect(try poller.wait(until: start + .milliseconds(20)) == 1)
        try poller.modify(registration, pair.left, interest: [])
        #expect(try poller.wait(until: start + .milliseconds(60)) == 0)
        #expect(.now() - start >= .milliseconds(60))
        #expect(try poller.wait(until: start + .milliseconds(40)) == 0)
        #expect(try poller.wait(until: MonotonicInstant(nanoseconds: 0)) == 0)
        #expect(try poller.wait(until: start + .milliseconds(80)) == 0)
        #expect(.now() - start >= .milliseconds(80))
    }

    /// With no deadline a wait ends with an event, even if the deadline of the wait before it has passed meanwhile.
    @Test func waitsWithoutADeadline() throws {
        let pair = try SocketPair()
        var poller = try Poller()
        let registration = try poller.add(pair.left, interest: .read)
        _ = try pair.right.write([1].span)
        #expect(try poller.wait(until: .now() + .milliseconds(10)) == 1)
        var byte: [UInt8] = []
        #expect(try pair.left.read(appendingTo: &byte, atMost: 1) == 1)
        let writer = pair.right.raw
        let late = try LoopThread(name: "late") { _ in
            usleep(50_000)
            var byte: UInt8 = 2
            guard unsafe write(writer, &byte, 1) == 1 else { throw SystemError(code: errno, call: "write") }
            throw CancellationError()
        }
        let count = try poller.wait(until: nil)
        #expect((0..<count).map { poller.event(at: $0)?.registration } == [registration])
        #expect(throws: CancellationError.self) { try late.join() }
    }

    @Test func tellsOfAHangUpThatNobodyAskedFor() throws {
        let socket = try SocketPair().leftAlone()
        var poller = try Poller()
        _ = try poller.add(socket, interest: [])
        #expect(try poller.readyNow().first?.readiness.contains(.hangUp) == true)
    }

    @Test func anEventOfAClosedDescriptorDoesNotReachItsSuccessor() throws {
        let pair = try SocketPair()
        let other = try SocketPair()
        var poller = try Poller()
        let first = try poller.add(pair.left, interest: .read)
        let second = try poller.add(other.left, interest: .read)
        _ = try pair.right.write([1].span)
        _ = try other.right.write([1].span)
        let count = try poller.wait(until: .now())
        #expect(count == 2)

        // While the first event is worked off, the second descriptor goes, and a new one gets its slot (and its number, if no
        // other thread is faster).
        poller.remove(second, other.left)
        _ = consume other
        let successor = try SocketPair()
        let third = try poller.add(successor.left, interest: .read)
        #expect(third.slot == second.slot)
        #expect(third != second)

        let events = (0..<count).compactMap { poller.event(at: $0)?.registration }
        #expect(events == [first])
        _ = try successor.right.write([1].span)
        #expect(Set(try poller.readyNow().map(\.registration)) == [first, third])
        #expect(poller.count == 2)
    }

    @Test func trapsOnARegistrationThatWasRemoved() async {
        await #expect(processExitsWith: .failure) {
            let pair = try SocketPair()
            var poller = try Poller()
            let registration = try poller.add(pair.left, interest: .read)
            poller.remove(registration, pair.left)
            try poller.modify(registration, pair.left, interest: .write)
        }
    }

    /// A signal with a handler interrupts `epoll_wait` even with SA_RESTART.
    @Test func waitsOnAfterASignal() async {
        await #expect(processExitsWith: .success) {
            signal(SIGUSR1) { _ in }
            let thread = pthread_self()
            let isWaiting = Atomic(true)
            let interrupter = try LoopThread(name: "interrupter") { _ in
                while isWaiting.load(ordering: .relaxed) {
                    pthread_kill(thread, SIGUSR1)
                    usleep(2_000)
                }
                throw CancellationError()
            }
            var poller = try Poller()
            let start = MonotonicInstant.now()
            let count = try poller.wait(until: start + .milliseconds(100))
            #expect(count == 0)
            let waited = MonotonicInstant.now() - start
            #expect(waited >= .milliseconds(100))
            // Nor does each signal begin it anew.
            #expect(waited < .seconds(20))
            isWaiting.store(false, ordering: .relaxed)
            #expect(throws: CancellationError.self) { try interrupter.join() }
        }
    }
}
