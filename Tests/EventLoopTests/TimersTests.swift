import EventLoop
import TestSupport
import Testing

@Suite struct TimersTests {
    private func instant(_ nanoseconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: nanoseconds) }

    @Test func passInOrder() {
        var timers = Timers<String>()
        _ = timers.schedule(at: instant(30), "c")
        let first = timers.schedule(at: instant(10), "a")
        _ = timers.schedule(at: instant(20), "b")
        #expect(timers.next == instant(10))
        #expect(timers.popExpired(at: instant(9)) == nil)
        let passed = timers.popExpired(at: instant(25))
        #expect(passed?.payload == "a")
        #expect(passed?.id == first)
        #expect(timers.popExpired(at: instant(25))?.payload == "b")
        #expect(timers.popExpired(at: instant(25)) == nil)
        #expect(timers.count == 1)
    }

    @Test func aNameThatHasPassedMeansNothing() {
        var timers = Timers<Int>()
        let old = timers.schedule(at: instant(1), 1)
        #expect(timers.popExpired(at: instant(1))?.payload == 1)
        let new = timers.schedule(at: instant(2), 2)
        #expect(timers.cancel(old) == nil)
        let wasMoved = timers.reschedule(old, at: instant(9))
        #expect(!wasMoved)
        #expect(timers.cancel(new) == 2)
        #expect(timers.cancel(new) == nil)
        #expect(timers.next == nil)
    }

    /// Against a dictionary that is searched through.
    @Test(arguments: UInt64(0)..<50) func behaveLikeASortedList(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var timers = Timers<Int>()
        var model: [Int: (id: Timers<Int>.ID, time: Int64)] = [:]
        var now: Int64 = 0
        for number in 0..<600 {
            let time = now + Int64.random(in: -5..<200, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: model[number] = (timers.schedule(at: instant(time), number), time)
            case 3, 4:
                guard let (key, entry) = model.randomElement(using: &random) else { continue }
                let wasMoved = timers.reschedule(entry.id, at: instant(time))
                #expect(wasMoved)
                model[key]?.time = time
            case 5:
                guard let (key, entry) = model.randomElement(using: &random) else { continue }
                #expect(timers.cancel(entry.id) == key)
                model[key] = nil
            default:
                now += Int64.random(in: 0..<60, using: &random)
                var last = Int64.min
                while let (id, payload) = timers.popExpired(at: instant(now)) {
                    let entry = model.removeValue(forKey: payload)
                    #expect(entry?.id == id)
                    let time = entry?.time ?? .max
                    #expect(time <= now && time >= last)
                    last = time
                }
                #expect(!model.values.contains { $0.time <= now })
            }
            #expect(timers.count == model.count)
            if let earliest = model.values.map(\.time).min() {
                #expect((timers.next?.nanoseconds ?? .max) <= earliest)
            } else {
                #expect(timers.next == nil)
            }
        }
    }
}
