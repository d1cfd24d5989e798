import Admission
import Foundation
import JSON
import Policy
import Synchronization
import Testing

@Suite struct PolicyHolderTests {
    private func sets(_ count: Int) throws -> [PolicySet] {
        try (1...count).map { generation in
            try #require(PolicyCompiler().finish(generation: UInt64(generation)).set)
        }
    }

    @Test func aReaderKeepsItsSetUntilItAsks() throws {
        let holder = PolicyHolder()
        var reader = holder.makeReader()
        reader.refresh()
        #expect(reader.value == nil && holder.current == nil)
        let sets = try sets(2)
        holder.replace(with: sets[0])
        #expect(reader.value == nil)
        reader.refresh()
        #expect(reader.value === sets[0])
        holder.replace(with: sets[1])
        #expect(reader.value === sets[0] && holder.current === sets[1])
        reader.refresh()
        #expect(reader.value === sets[1])
    }

    /// Readers on other threads see sets in the order in which they were put in force, each whole, and the last one.
    @Test func readersNeverGoBack() throws {
        let holder = PolicyHolder()
        let sets = try sets(200)
        let shared = Shared()
        holder.replace(with: sets[0])
        // Threads of their own: a pool might not start the third before the first has ended.
        let readers = (0..<3).map { _ in
            Thread {
                var reader = holder.makeReader()
                var last: UInt64 = 0
                var isLast = false
                while !isLast {
                    isLast = shared.isDone.load(ordering: .acquiring)
                    reader.refresh()
                    let generation = reader.value?.generation ?? 0
                    if generation == 0 || generation < last { shared.failures.add(1, ordering: .relaxed) }
                    last = generation
                }
                if last != 200 { shared.failures.add(1, ordering: .relaxed) }
            }
        }
        for reader in readers { reader.start() }
        for (index, set) in sets.enumerated() {
            holder.replace(with: set)
            if index % 10 == 0 { usleep(1000) }
        }
        shared.isDone.store(true, ordering: .releasing)
        for reader in readers { while !reader.isFinished { usleep(1000) } }
        #expect(shared.failures.load(ordering: .relaxed) == 0)
    }

    private final class Shared: Sendable {
        let isDone = Atomic<Bool>(false)
        let failures = Atomic<Int>(0)
    }
}
