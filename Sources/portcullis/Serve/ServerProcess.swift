internal import Admission
internal import Azure
internal import EventLoop
internal import Logging
internal import Observability
internal import Policy
internal import Server
internal import Synchronization
internal import TLS

/// A server from its settings to its end: the webhook's listener, the admin listener, and on the control loop everything
/// that waits for files and signals.
///
/// ```
///  SIGTERM, SIGINT ──▶ readiness off ──▶ drain ──▶ control loop stops        (a second one: at once)
///  SIGHUP, a changed folder ──▶ read again ──▶ swap                          (what is faulty is logged and not used)
/// ```
final class ServerProcess {
    /// Where the webhook listens.
    let addresses: [SocketAddress]
    /// Where the admin listener listens.
    let adminAddresses: [SocketAddress]

    let settings: ServeSettings
    let loop: Loop
    let logger = Logger(label: "portcullis")
    let policies: FolderLoader<PolicyContents>
    let inventory: FolderLoader<InventoryContents>?
    let readiness = Readiness()
    let webhook: Listener
    private let admin: Listener
    let decisionLog: LineLog?
    let recorder: LineLog?
    var certificates: CertificateFiles
    /// Until when all leaves in use are good.
    let leafExpiry = SharedInstant()
    var watches: [DirectoryWatch]
    /// The folders that a kustomization leads to, each with a watch.
    var watchedFolders: Set<String> = []
    /// Waits for the webhook's end, for which the control loop must not.
    private let waiter: LoopThread

    /// Serves until a signal ends it, on the calling thread, which must be the process's only one.
    ///
    /// - Parameters:
    ///   - settings: What to serve, where and how.
    ///   - whenServing: Runs once, when addresses are known and policies were read.
    /// - Throws: What ``init(_:on:)`` and ``finish()`` throw.
    static func run(_ settings: ServeSettings, whenServing: (ServerProcess) throws -> Void = { _ in }) throws {
        // Before any thread: threads inherit what their maker blocks.
        let signals = try SignalSource()
        SignalSource.ignoreBrokenPipes()
        let log = try LineLog(to: .standardError)
        defer { log.close() }
        let (format, level) = (settings.logFormat, settings.logLevel)
        LoggingSystem.bootstrap { StructuredLogHandler(label: $0, level: level, format: format, log: log) }
        let loop = try Loop()
        let process = try ServerProcess(settings, on: loop)
        let handler = try SignalHandler(signals, on: loop, process.receive)
        try whenServing(process)
        try withExtendedLifetime(handler) { try loop.run() }
        try process.finish()
    }

    /// Starts to serve; returns when the policies were read, good or not.
    ///
    /// - Parameters:
    ///   - settings: What to serve, where and how.
    ///   - loop: The control loop: the caller runs it until the server has ended, then calls ``finish()``.
    /// - Throws: `UsageError` for files that cannot be used, `CommandFailure` for an address that cannot.
    init(_ settings: ServeSettings, on loop: Loop) throws {
        self.settings = settings
        self.loop = loop
        var certificates = CertificateFiles(settings)
        let tls = try certificates.load()
        self.certificates = certificates
        let tables = try settings.tables()
        let decisionLog = try settings.openDecisionLog()
        self.decisionLog = decisionLog
        let recorder = try settings.openRecorder()
        self.recorder = recorder

        let metrics = Metrics()
        let holder = PolicyHolder()
        var policyConfiguration = PolicyConfiguration(tables: tables)
        if let controllers = settings.controllers { policyConfiguration.controllers = controllers }
        policyConfiguration.maximumExpressionTime = settings.expressionTime
        let folder = PolicyFolder(path: settings.policies, holder: holder, configuration: policyConfiguration)
        let policies = FolderLoader(folder, holder, .policies, logger) { [logger] set in
            guard !set.hasBinding else { return }
            logger.warning(
                "no AzureBinding is loaded: identity is not checked",
                metadata: ["folder": "\(folder.path)"]
            )
        }
        self.policies = policies
        // Before the first reading, so that no change is missed between the two.
        watches = [try Self.watch(.init(path: settings.policies), on: loop, logger) { policies.load() }]
        let objects = settings.inventory.map { path in
            let holder = InventoryHolder()
            return (
                folder: InventoryFolder(path: path, holder: holder, configuration: policyConfiguration),
                holder: holder
            )
        }
        let inventory = objects.map { [logger] folder, holder in
            FolderLoader(folder, holder, .inventory, logger) { inventory in
                logger.info("objects known", metadata: ["count": "\(inventory.entries.count)"])
            }
        }
        self.inventory = inventory
        if let inventory, let path = settings.inventory {
            // A file is replaced as a whole, which its folder hears of.
            let isFile = FileSystem.exists(path) && !FileSystem.isDirectory(path)
            let watched =
                isFile
                ? DirectoryWatch.Configuration(path: FileSystem.parent(of: path), depth: 0)
                : DirectoryWatch.Configuration(path: path)
            watches.append(try Self.watch(watched, on: loop, logger) { inventory.load() })
        }
        let service = AdminService(
            metrics: metrics,
            folder: folder,
            holder: holder,
            inventory: objects,
            readiness: readiness
        )
        let adminConfiguration = settings.adminConfiguration
        var webhookConfiguration = settings.webhookConfiguration
        DescriptorBudget([adminConfiguration, webhookConfiguration]).apply(to: &webhookConfiguration, logger)
        let admissionMetrics = AdmissionMetrics(in: metrics, tables: tables)
        let serverMetrics = ServerMetrics(in: metrics, listeners: ["webhook", "admin"])
        admin = try Self.listening(at: ServeSettings.adminSetting) { () throws(SystemError) in
            try Listener(adminConfiguration, tls: nil, metrics: serverMetrics) { _ in AdminHandler(service) }
        }
        adminAddresses = admin.addresses
        // Before the webhook listens, so that a server that takes another's place refuses nobody.
        policies.load()
        inventory?.load()
        let webhook = try Self.listening(at: ServeSettings.listenSetting) {
            [webhookConfiguration] () throws(SystemError) in
            try Listener(webhookConfiguration, tls: tls, metrics: serverMetrics) { loop in
                AdmissionHandler(
                    AdmissionService(
                        policies: holder,
                        inventory: objects?.holder,
                        metrics: admissionMetrics,
                        shard: loop.metrics,
                        decisionLog: decisionLog,
                        recorder: recorder
                    )
                )
            }
        }
        self.webhook = webhook
        addresses = webhook.addresses
        let control = loop.remote
        waiter = try LoopThread(name: "drain") { own in
            defer {
                control.stop()
                own.remote.stop()
            }
            try webhook.join()
        }
        declareMetrics(metrics)
        announce()
        try watchCertificates()
        policies.onFolders = { [unowned self] in watchFolders($0) }
        watchFolders(folder.status.folders)
        do {
            try ProgramCode.release()
        } catch {
            logger.debug("code of the start stays in memory", metadata: ["error": "\(error)"])
        }
    }

    private func declareMetrics(_ metrics: Metrics) {
        metrics.gauge(
            "portcullis_certificate_expiry_timestamp_seconds",
            help: "Until when the certificates in use are good: all of them."
        ) { [leafExpiry] in Double(leafExpiry.seconds.load(ordering: .relaxed)) }
        if let decisionLog {
            metrics.gauge(
                "portcullis_decision_log_dropped_lines_total",
                help: "Decisions that the decision log was too slow for.",
                isCounter: true
            ) { Double(decisionLog.droppedLines) }
        }
        if let recorder {
            metrics.gauge(
                "portcullis_record_dropped_lines_total",
                help: "Reviews that the record was too slow for.",
                isCounter: true
            ) { Double(recorder.droppedLines) }
        }
    }

    /// Ends what is left after the control loop has stopped.
    ///
    /// - Throws: What ended the webhook's listener early: a bug.
    func finish() throws {
        for watch in watches { watch.cancel() }
        try waiter.join()
        admin.stop()
        try admin.join()
        decisionLog?.close()
        recorder?.close()
        logger.info("ended")
    }

    private static func listening(
        at setting: Setting,
        _ listen: () throws(SystemError) -> Listener
    ) throws(CommandFailure) -> Listener {
        do {
            return try listen()
        } catch {
            throw CommandFailure("\(setting.flag): \(error)")
        }
    }
}

/// A moment that the control loop sets and whoever renders metrics reads, in seconds since 1970.
final class SharedInstant: Sendable {
    let seconds = Atomic<Int64>(0)
}

// MARK: - What settings become

extension ServeSettings {
    fileprivate var webhookConfiguration: ServerConfiguration {
        var configuration = ServerConfiguration(addresses: listen)
        configuration.name = "webhook"
        if let workers { configuration.workers = workers }
        configuration.drain.delay = drainDelay
        if connectionRequests == nil && connectionAge == nil {
            configuration.rotation = nil
        } else {
            var rotation = ServerConfiguration.Rotation()
            rotation.requests = connectionRequests ?? .max
            rotation.age = connectionAge ?? Self.never
            configuration.rotation = rotation
        }
        return configuration
    }

    /// An age that no connection reaches: a hundred years.
    private static let never = Duration.seconds(100 * 366 * 86400)

    fileprivate var adminConfiguration: ServerConfiguration {
        var configuration = ServerConfiguration(addresses: admin)
        configuration.name = "admin"
        configuration.workers = 1
        configuration.limits.connections = 64
        configuration.rotation = nil
        configuration.drain.delay = .zero
        return configuration
    }

    fileprivate func openDecisionLog() throws(UsageError) -> LineLog? {
        guard let decisionLog else { return nil }
        do {
            return try LineLog(to: decisionLog)
        } catch {
            throw UsageError("\(ServeSettings.decisionLogSetting.flag): \(error)")
        }
    }

    fileprivate func openRecorder() throws(UsageError) -> LineLog? {
        guard let record else { return nil }
        do {
            // Some twenty of the largest reviews, thousands of ordinary ones.
            return try LineLog(to: .privateFile(record), capacityBytes: 128 << 20)
        } catch {
            throw UsageError("\(ServeSettings.recordSetting.flag) \(record): \(error)")
        }
    }

    fileprivate func tables() throws(UsageError) -> AzureTables {
        guard let azureData else { return .embedded }
        do {
            var files: [String: [UInt8]] = [:]
            for name in try FileSystem.files(under: azureData) {
                files[name] = try FileSystem.read(FileSystem.path(azureData, name), limitBytes: Self.maximumTableBytes)
            }
            return try AzureTables(directory: files)
        } catch {
            throw UsageError("\(ServeSettings.azureDataSetting.flag) \(azureData): \(error)")
        }
    }

    /// Ten times the largest of ours.
    private static let maximumTableBytes = 32 << 20
}
