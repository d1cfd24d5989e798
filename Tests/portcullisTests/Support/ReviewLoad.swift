import EventLoop
import Glibc
import HTTPClient
import HTTPWire
import JSON
import Synchronization

/// API servers that ask one review after the other, each on a connection of its own, and count every request to its end.
///
/// A request that the server has certainly not seen is sent again, as an API server does; any other that has no answer is
/// lost.
final class ReviewLoad: Sendable {
    struct Counts: Sendable {
        var allowed = 0
        var denied = 0
        var sentAgain = 0
        var lost: [String] = []

        var answered: Int { allowed + denied }
    }

    private let counts = Mutex(Counts())
    private let isFinishing = Atomic<Bool>(false)
    private let threads: Mutex<[LoopThread]> = Mutex([])

    /// Starts the clients.
    init(_ review: [UInt8], asking configurations: [ClientConfiguration]) throws {
        for configuration in configurations {
            let thread = try LoopThread(name: "load") { [self] loop in
                defer { loop.remote.stop() }
                let client = try HTTPClient(configuration)
                while !isFinishing.load(ordering: .relaxed) { ask(review, client) }
            }
            threads.withLock { $0.append(thread) }
        }
    }

    var now: Counts { counts.withLock { $0 } }

    /// Waits until so many more have been answered, and whatever else is asked for is so.
    func waitForAnswers(_ count: Int, where condition: (Counts) -> Bool = { _ in true }) throws {
        let goal = now.answered + count
        try wait("\(count) answers") { now.answered >= goal && condition(now) }
    }

    /// Sends nothing more, and waits for what is under way.
    func finish() throws -> Counts {
        isFinishing.store(true, ordering: .relaxed)
        for thread in threads.withLock({ $0 }) { try thread.join() }
        return now
    }

    private func ask(_ review: [UInt8], _ client: HTTPClient) {
        let head = ClientRequestHead(
            .post,
            authority: "localhost",
            target: "/validate?timeout=10s",
            contentType: "application/json"
        )
        do {
            let response = try client.perform(head, body: review)
            guard response.status == 200, let isAllowed = Self.decision(in: response.body) else {
                return counts.withLock { $0.lost.append("status \(response.status)") }
            }
            counts.withLock { if isAllowed { $0.allowed += 1 } else { $0.denied += 1 } }
        } catch {
            counts.withLock { if error.isUnprocessed { $0.sentAgain += 1 } else { $0.lost.append("\(error)") } }
            usleep(2000)
        }
    }

    private static func decision(in body: [UInt8]) -> Bool? {
        guard let document = try? JSONDocument(parsing: body) else { return nil }
        return document.member("response", of: document.root).flatMap { document.member("allowed", of: $0) }?.bool
    }
}
