import EventLoop
import Glibc
import HTTPClient
import HTTPWire
import Synchronization

/// Clients on a thread of their own that ask without pause, and count every request until its end.
///
/// A request is lost if it got neither its answer nor the certainty that the server has not seen it; with that certainty it
/// is sent again, as any client may.
final class Load: Sendable {
    struct Counts: Sendable {
        var answered = 0
        var sentAgain = 0
        var connections = 0
        var lost: [String] = []
    }

    fileprivate struct State: Sendable {
        var counts = Counts()
        var isFinishing = false
        var clients = 0
    }

    fileprivate let state: Mutex<State>
    private let thread: Mutex<LoopThread?>

    /// Starts the clients.
    ///
    /// - Parameters:
    ///   - configuration: Whom they ask.
    ///   - clients: How many connections there are.
    ///   - depth: How many requests each has under way; more than one is for HTTP/2.
    /// - Throws: No threads or descriptors left.
    init(_ configuration: ClientConfiguration, clients: Int, depth: Int = 1) throws {
        state = Mutex(State(clients: clients * depth))
        thread = Mutex(nil)
        let thread = try LoopThread(name: "load") { [self] loop in
            let shared = ClientLoop(loop)
            for number in 0..<clients {
                let client = Client(number, depth: depth, configuration, shared, self)
                for _ in 0..<depth { client.ask() }
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// What has happened so far.
    var counts: Counts { state.withLock { $0.counts } }

    /// Waits until so many requests more have been answered, 30 s at most.
    func waitForAnswers(_ count: Int) {
        let goal = counts.answered + count
        waitUntil { counts.answered >= goal }
    }

    /// Sends nothing more, and waits for what is under way.
    func finish() throws -> Counts {
        state.withLock { $0.isFinishing = true }
        try thread.withLock { $0 }?.join()
        return counts
    }
}

/// One connection's worth of clients; the loop keeps it alive through what is under way.
private final class Client: DeadlineHandler {
    private static let pause = Duration.milliseconds(2)

    private let configuration: ClientConfiguration
    private let shared: ClientLoop
    private let load: Load
    private let number: Int
    private var connection: ClientConnection?
    private var requests = 0
    /// How many it has under way, or is about to send again.
    private var active: Int

    init(_ number: Int, depth: Int, _ configuration: ClientConfiguration, _ shared: ClientLoop, _ load: Load) {
        self.number = number
        active = depth
        self.configuration = configuration
        self.shared = shared
        self.load = load
    }

    /// Sends the next request, and another when that is answered.
    func ask() {
        let isFinished = load.state.withLock { state in
            guard state.isFinishing else { return false }
            state.clients -= 1
            if state.clients == 0 { shared.loop.stop() }
            return true
        }
        guard !isFinished else {
            active -= 1
            if active == 0 { connection?.close() }
            return
        }
        do {
            let connection = try openConnection()
            requests += 1
            // Sizes on both sides of a TLS record and of a read.
            let body = Array(repeating: UInt8(ascii: "a") + UInt8(requests % 26), count: requests * 997 % 20_000)
            let head = ClientRequestHead(.post, authority: "localhost", target: "/\(number)", contentType: "text/plain")
            connection.send(head, body: body) { [self] result in
                switch result {
                case .success(let response):
                    let isRight = response.status == 200 && response.body == body
                    load.state.withLock { state in
                        state.counts.answered += 1
                        if !isRight { state.counts.lost.append("a wrong answer: \(response.status)") }
                    }
                    ask()
                case .failure(let error): noteFailure(error)
                }
            }
        } catch {
            noteFailure(error)
        }
    }

    private func openConnection() throws(ClientError) -> ClientConnection {
        if let connection, !connection.isClosed { return connection }
        let connection = try ClientConnection(configuration, on: shared)
        self.connection = connection
        load.state.withLock { $0.counts.connections += 1 }
        return connection
    }

    private func noteFailure(_ error: ClientError) {
        load.state.withLock { state in
            if error.isUnprocessed { state.counts.sentAgain += 1 } else { state.counts.lost.append("\(error)") }
        }
        _ = shared.loop.schedule(at: .now() + Client.pause, self)
    }

    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        ask()
    }
}

/// Lets other threads work.
func sleep(milliseconds: UInt32) {
    usleep(milliseconds * 1000)
}

/// Waits until something is so, 30 s at most; asking may be what brings it about.
///
/// - Returns: Whether it is so.
@discardableResult
func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = MonotonicInstant.now() + .seconds(30)
    while try !condition() {
        if MonotonicInstant.now() > deadline { return false }
        sleep(milliseconds: 1)
    }
    return true
}
