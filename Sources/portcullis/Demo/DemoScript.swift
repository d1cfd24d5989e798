internal import EventLoop
internal import Glibc
internal import TLS

/// What the demo does with a server: asks it, and prints what it answers.
struct DemoScript: Sendable {
    /// AdmissionReviews that are shown one by one.
    let reviews: [[UInt8]]
    /// AdmissionReviews that are only counted.
    let recorded: [[UInt8]]
    /// The name of the policies' folder.
    let policies: String
    /// Who vouches for the server.
    let authority: Certificate

    private static let maximumReviewBytes = 8 << 20
    private static let maximumRecordedBytes = 64 << 20

    /// The bodies in a folder, in the order of their names.
    static func readReviews(_ folder: String) throws -> [[UInt8]] {
        do {
            let names = try FileSystem.files(under: folder).filter { $0.hasSuffix(".json") }
            guard !names.isEmpty else { throw UsageError("--reviews: \(folder) holds no *.json") }
            return try names.map { try FileSystem.read(FileSystem.path(folder, $0), limitBytes: maximumReviewBytes) }
        } catch let error as FileError {
            throw UsageError("--reviews: \(error)")
        }
    }

    /// The lines of a file.
    static func readRecorded(_ file: String) throws -> [[UInt8]] {
        do {
            return try FileSystem.read(file, limitBytes: maximumRecordedBytes).split(separator: UInt8(ascii: "\n")).map(
                Array.init
            )
        } catch {
            throw UsageError("--recorded: \(error)")
        }
    }

    /// Asks everything, over both protocols.
    ///
    /// - Throws: `CommandFailure` if an answer is none, or the protocols differ in one.
    func play(with address: SocketAddress) throws {
        let (width, isTerminal) = terminal()
        let table = OutcomeTable(
            width: width,
            isColoured: isTerminal && environmentVariable("NO_COLOR") == nil
        )
        let clients = try ["http/1.1", "h2"].map { version in
            try ReviewClient(to: address, trusting: authority, speaking: version)
        }
        print(
            "Portcullis at https://\(address) with \(policies)/, asked as an API server asks: /mutate, then /validate\n"
        )
        let outcomes = try ask(reviews, clients)
        for line in table.lines(outcomes) { print(line) }
        print("")
        print("\(reviews.count) reviews over HTTP/1.1 and again over HTTP/2: \(tally(outcomes)).")
        let microseconds =
            clients.flatMap(\.latencies).sorted()[clients.flatMap(\.latencies).count / 2] / .microseconds(1)
        if !recorded.isEmpty {
            print("\(recorded.count) reviews that a kube-apiserver sent: \(tally(try ask(recorded, clients))).")
        }
        print("Half of the answers took less than \(Int(microseconds)) µs, client included.")
    }

    private func ask(_ bodies: [[UInt8]], _ clients: [ReviewClient]) throws -> [ReviewClient.Outcome] {
        try bodies.map { body in
            let outcomes = try clients.map { try $0.ask(body) }
            guard outcomes.allSatisfy({ $0 == outcomes[0] }) else {
                throw CommandFailure("the protocols differ in \(outcomes[0].request): \(outcomes)")
            }
            return outcomes[0]
        }
    }

    private func tally(_ outcomes: [ReviewClient.Outcome]) -> String {
        let denied = outcomes.filter { !$0.isAllowed }
        let several = denied.filter { $0.failures.count > 1 }.count
        let patched = outcomes.filter { !$0.patch.isEmpty }.count
        return
            "\(outcomes.count - denied.count) allowed, \(denied.count) denied (\(several) for several reasons), \(patched) patched"
    }

    /// How wide standard output is, and whether it is a terminal.
    private func terminal() -> (width: Int, isTerminal: Bool) {
        guard isatty(STDOUT_FILENO) == 1 else { return (110, false) }
        var size = winsize()
        let code = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        return (code == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100, true)
    }
}
