internal import Authoring
internal import EventLoop
internal import Glibc
internal import Policy

/// What a person sees of the process, beside its results.
enum Terminal {
    /// Whether people look at what is written to a descriptor.
    static func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

    /// Whether what is written to a descriptor may have colours (https://no-color.org).
    static func hasColours(_ descriptor: CInt) -> Bool {
        isTerminal(descriptor) && environmentVariable("NO_COLOR") == nil
    }

    /// Writes to standard error.
    static func complain(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

extension Terminal {
    /// Writes a text and the end of its line to standard output.
    static func print(_ text: String) {
        Swift.print(text)
    }

    /// Writes what is wrong to standard error, a line for each.
    static func complain(of issues: [PolicyIssue]) {
        let isColoured = hasColours(STDERR_FILENO)
        for issue in issues {
            let style: TextStyle = issue.severity == .error ? .red : .yellow
            complain(style.paint(issue.description.singleLine.logLine, isColoured: isColoured) + "\n")
        }
    }
}

/// Tells a person who waits how far it is: only on a terminal, and only after two seconds.
struct Progress {
    /// What is counted.
    let unit: String
    private let isShown: Bool
    private var next = ContinuousClock.now + .seconds(2)
    private var hasShown = false

    /// - Parameters:
    ///   - unit: What is counted.
    ///   - besideOutput: Whether results are written meanwhile, which no line of progress must come between.
    init(_ unit: String, besideOutput: Bool = false) {
        self.unit = unit
        isShown = Terminal.isTerminal(STDERR_FILENO) && !(besideOutput && Terminal.isTerminal(STDOUT_FILENO))
    }

    mutating func show(_ count: Int) {
        guard isShown, ContinuousClock.now >= next else { return }
        next = ContinuousClock.now + .milliseconds(500)
        hasShown = true
        Terminal.complain("\r\(count) \(unit) …")
    }

    /// Tells of something else that is counted, whose end is known.
    mutating func show(_ count: Int, of all: Int, _ unit: String) {
        guard isShown, ContinuousClock.now >= next else { return }
        next = ContinuousClock.now + .milliseconds(500)
        hasShown = true
        Terminal.complain("\r\u{1b}[K\(count) of \(all) \(unit) …")
    }

    func end() {
        if hasShown { Terminal.complain("\r\u{1b}[K") }
    }
}
