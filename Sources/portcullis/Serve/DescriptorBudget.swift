internal import EventLoop
internal import Logging
internal import Server

/// How many descriptors a server needs, and what becomes of its connections if it may not have them.
struct DescriptorBudget {
    /// What is open at once when every connection is.
    private let wanted: Int

    /// An event loop's epoll, eventfd and timerfd.
    private static let perLoop = 3
    /// Standard streams, listening sockets, logs, signals, watches, and the folder and file that are being read.
    private static let reserve = 64

    /// Adds up.
    ///
    /// - Parameter listeners: All that the process will have.
    init(_ listeners: [ServerConfiguration]) {
        // Beside the listeners' loops there are the control loop's and the one that waits for the end.
        let loops = listeners.reduce(2) { $0 + $1.workers }
        wanted =
            listeners.reduce(0) { $0 + $1.limits.connections + $1.addresses.count } + loops * DescriptorBudget.perLoop
            + DescriptorBudget.reserve
    }

    /// Raises the process's limit to what is needed, and lowers a listener's to what the process got.
    ///
    /// Without that the process would run out of descriptors instead, and could not read a changed policy.
    ///
    /// - Parameters:
    ///   - configuration: The listener that gives way.
    ///   - logger: Hears what came of it.
    func apply(to configuration: inout ServerConfiguration, _ logger: Logger) {
        let granted: Int
        do {
            granted = try DescriptorLimit.raise(to: wanted)
        } catch {
            return logger.warning("limit of descriptors unknown", metadata: ["error": "\(error)"])
        }
        let connections = configuration.limits.connections
        let possible = max(1, connections - max(0, wanted - granted))
        configuration.limits.connections = possible
        logger.info("limits", metadata: ["descriptors": "\(granted)", "connections": "\(possible)"])
        guard possible < connections else { return }
        logger.warning(
            "fewer connections than usual: raise the hard limit of descriptors (ulimit -Hn, LimitNOFILE=)",
            metadata: [
                "connections": "\(possible)", "usual": "\(connections)", "descriptors": "\(granted)",
                "wanted": "\(wanted)",
            ]
        )
    }
}
