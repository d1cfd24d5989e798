import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct LoopTests {
    @Test func runsWhatOtherThreadsSubmitInTheirOrder() throws {
        let loop = try Loop()
        let remote = loop.remote
        nonisolated(unsafe) var seen = [[Int]](repeating: [], count: 4)  // Proof: only the loop's thread touches it.
        let threads = try (0..<4).map { thread in
            try LoopThread(name: "submitter") { own in
                for number in 0..<500 { remote.submit { _ in unsafe seen[thread].append(number) } }
                own.remote.stop()
            }
        }
        let alarm = loop.schedule(at: .now() + .seconds(10), Stop())
        for thread in threads { try thread.join() }
        remote.stop()
        try loop.run()
        loop.cancel(alarm)
        #expect(unsafe seen.allSatisfy { $0 == Array(0..<500) })
    }

    @Test func wakesFromAnEndlessWait() throws {
        let loop = try Loop()
        let remote = loop.remote
        let waker = try LoopThread(name: "waker") { own in
            usleep(20_000)
            remote.submit { $0.stop() }
            own.remote.stop()
        }
        try loop.run()
        try waker.join()
    }

    @Test func passesDeadlinesInOrderAndMovesThem() throws {
        final class Recorder: DeadlineHandler {
            var passed: [Loop.Deadline] = []
            func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) { passed.append(deadline) }
        }
        let loop = try Loop()
        let recorder = Recorder()
        let start = MonotonicInstant.now()
        let late = loop.schedule(at: start + .milliseconds(8), recorder)
        let early = loop.schedule(at: start + .milliseconds(4), recorder)
        let moved = loop.schedule(at: start + .milliseconds(1), recorder)
        let cancelled = loop.schedule(at: start + .milliseconds(2), recorder)
        loop.reschedule(moved, at: start + .milliseconds(12))
        loop.cancel(cancelled)
        try loop.run(for: .milliseconds(30))
        #expect(recorder.passed == [early, late, moved])
        #expect(loop.now - start >= .milliseconds(30))
        #expect(!loop.reschedule(moved, at: start))
    }

    @Test func aDeadlineThatIsAlwaysDueStarvesNobody() throws {
        final class Restless: DeadlineHandler {
            func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) { _ = loop.schedule(at: loop.now, self) }
        }
        let loop = try Loop()
        let pair = try SocketPair()
        _ = try pair.right.write([1].span)
        _ = loop.schedule(at: loop.now, Restless())
        _ = try loop.add(pair.left, interest: .read, handler: OnReady { loop, _, _ in loop.stop() })
        try loop.run()
    }

    @Test func aHandlerMayRemoveItselfAndOthers() throws {
        let loop = try Loop()
        let first = try SocketPair()
        let second = try SocketPair()
        var registrations: [Poller.Registration] = []
        var calls = 0
        // Both are ready in the same batch; whoever comes first removes both, so the other hears nothing.
        let handler = OnReady { loop, _, _ in
            calls += 1
            loop.remove(registrations[0], first.left)
            loop.remove(registrations[1], second.left)
            loop.stop()
        }
        registrations = [
            try loop.add(first.left, interest: .read, handler: handler),
            try loop.add(second.left, interest: .read, handler: handler),
        ]
        _ = try first.right.write([1].span)
        _ = try second.right.write([1].span)
        try loop.run()
        #expect(calls == 1)
    }

    @Test func handlersLiveWhileTheyAreRegistered() throws {
        let loop = try Loop()
        let pair = try SocketPair()
        weak var handler: OnReady?
        let registration: Poller.Registration
        do {
            let strong = OnReady { _, _, _ in }
            handler = strong
            registration = try loop.add(pair.left, interest: .read, handler: strong)
        }
        #expect(handler != nil)
        loop.remove(registration, pair.left)
        #expect(handler == nil)
    }

    @Test func joinThrowsWhatThePreparationThrew() throws {
        let thread = try LoopThread(name: "fails") { _ in throw SystemError(code: EPERM, call: "prepare") }
        let error = #expect(throws: SystemError.self) { try thread.join() }
        #expect(error == SystemError(code: EPERM, call: "prepare"))
    }

    @Test func aThreadHasItsNameAndItsProcessor() throws {
        let processor = try #require(allowedProcessors().last)
        let seen = Mutex<(name: String, processors: [Int])>(("", []))
        let thread = try LoopThread(name: "a name longer than Linux keeps", processor: processor) { loop in
            let name = try FileSystem.read("/proc/thread-self/comm", limitBytes: 99).dropLast()
            seen.withLock { $0 = (String(decoding: name, as: UTF8.self), allowedProcessors()) }
            loop.remote.stop()
        }
        try thread.join()
        try thread.join()
        seen.withLock {
            #expect($0.name == "a name longer t")
            #expect($0.processors == [processor])
        }
    }

    @Test func signalsAreEvents() async {
        await #expect(processExitsWith: .success) {
            let source = try SignalSource()
            let loop = try Loop()
            var seen: [SignalSource.Signal] = []
            let handler = OnReady { loop, _, _ in
                while let signal = try? source.next() { seen.append(signal) }
                loop.stop()
            }
            _ = try loop.add(source.descriptor, interest: .read, handler: handler)
            // To this thread: the test library has others, which began before the signals were blocked.
            for signal in [SIGTERM, SIGHUP, SIGINT] { pthread_kill(pthread_self(), signal) }
            try loop.run()
            #expect(seen == [.hangUp, .interrupt, .terminate])
        }
    }

    @Test func aClosedConnectionDoesNotEndTheProcess() async {
        await #expect(processExitsWith: .success) {
            SignalSource.ignoreBrokenPipes()
            let socket = try SocketPair().leftAlone()
            #expect(throws: SystemError.self) { _ = try socket.write([1].span) }
        }
    }
}
