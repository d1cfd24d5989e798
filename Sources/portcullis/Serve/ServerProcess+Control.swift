internal import Admission
internal import EventLoop
internal import Glibc
internal import Logging
internal import Observability
internal import Policy
internal import Server
internal import Synchronization
internal import TLS

// What happens on the control loop after the start.

extension ServerProcess {
    /// Says in the log what runs where.
    func announce() {
        for address in addresses {
            logger.info("listening", metadata: ["listener": "webhook", "address": "\(address)"])
        }
        for address in adminAddresses {
            logger.info("listening", metadata: ["listener": "admin", "address": "\(address)"])
        }
        announceCertificates("certificate in use")
        if let record = settings.record {
            logger.warning("reviews are recorded with what their objects hold", metadata: ["file": "\(record)"])
        }
    }

    private func announceCertificates(_ message: Logger.Message) {
        let leaves = certificates.leaves
        guard let expiry = leaves.map(\.notAfter.secondsSinceEpoch).min() else { return }
        leafExpiry.seconds.store(expiry, ordering: .relaxed)
        for leaf in leaves {
            logger.info(
                message,
                metadata: ["subject": "\(leaf.subject)", "key": "\(leaf.keyType)", "expires": "\(leaf.notAfter)"]
            )
        }
    }

    // MARK: - Files

    /// Reads the certificate files again whenever something beside them changes.
    func watchCertificates() throws {
        for directory in certificates.folders {
            let watch = try Self.watch(.init(path: directory, depth: 0), on: loop, logger) { [unowned self] in
                loadCertificates()
            }
            watches.append(watch)
        }
    }

    /// Reads the policies again whenever something changes in a folder that their kustomization leads to.
    func watchFolders(_ folders: [String]) {
        var hasNew = false
        for folder in folders where watchedFolders.insert(folder).inserted {
            hasNew = true
            do {
                watches.append(
                    try Self.watch(.init(path: folder), on: loop, logger) { [unowned self] in policies.load() }
                )
            } catch {
                logger.error(
                    "changes of a folder will be missed",
                    metadata: ["path": "\(folder)", "error": "\(error)"]
                )
            }
        }
        // Once more, for what has changed between the first reading and the watch.
        if hasNew { policies.load() }
    }

    /// Does something whenever a folder changes.
    static func watch(
        _ watched: DirectoryWatch.Configuration,
        on loop: Loop,
        _ logger: Logger,
        _ load: @escaping () -> Void
    ) throws -> DirectoryWatch {
        try DirectoryWatch(watched, on: loop) { result in
            load()
            guard case .failure(let error) = result else { return }
            logger.error(
                "changes may be missed; reading every \(Polling.interval) instead",
                metadata: ["path": "\(watched.path)", "error": "\(error)"]
            )
            Polling(loop, load).start()
        }
    }

    /// Reads the certificate files, and uses them for the next connection if they have changed and are good.
    func loadCertificates() {
        do {
            guard let context = try certificates.load() else { return }
            webhook.use(context)
            announceCertificates("certificate changed")
        } catch {
            // Half of a pair that is being written is the usual reason; the other half is an event of its own.
            logger.error("certificate refused", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Signals

    /// Acts on a signal.
    func receive(_ signal: SignalSource.Signal) {
        switch signal {
        case .hangUp:
            logger.info("reading everything again")
            policies.load()
            inventory?.load()
            loadCertificates()
            do {
                try decisionLog?.reopen()
            } catch {
                logger.error("decision log not opened", metadata: ["error": "\(error)"])
            }
            do {
                try recorder?.reopen()
            } catch {
                logger.error("record not opened", metadata: ["error": "\(error)"])
            }
        case .terminate, .interrupt:
            if webhook.isDraining {
                logger.notice("ending at once")
                webhook.stop()
            } else {
                logger.info("draining", metadata: ["delay": "\(settings.drainDelay)"])
                readiness.beginDraining()
                webhook.drain()
            }
        }
    }
}

/// Hands signals to the server.
final class SignalHandler: ReadinessHandler {
    private let source: SignalSource
    private let receive: (SignalSource.Signal) -> Void

    /// Starts to listen.
    init(_ source: consuming SignalSource, on loop: Loop, _ receive: @escaping (SignalSource.Signal) -> Void) throws {
        self.source = source
        self.receive = receive
        _ = try loop.add(self.source.descriptor, interest: .read, handler: self)
    }

    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        while let signal = try? source.next() { receive(signal) }
    }
}

/// Does something again and again, where the kernel cannot tell of changes any more.
private final class Polling: DeadlineHandler {
    static let interval = Duration.seconds(5)

    private let loop: Loop
    private let load: () -> Void

    init(_ loop: Loop, _ load: @escaping () -> Void) {
        self.loop = loop
        self.load = load
    }

    func start() {
        _ = loop.schedule(at: loop.now + Polling.interval, self)
    }

    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        load()
        start()
    }
}
