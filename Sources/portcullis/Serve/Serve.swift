internal import ArgumentParser
internal import EventLoop
internal import Glibc

/// `portcullis serve`.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer the AdmissionReviews of API servers.",
        discussion: """
            Serves POST /validate and /mutate over TLS, and /metrics, /livez and /readyz on the admin port. It is ready when \
            every policy of the folder is in force, and the inventory read if there is one; until then no review is answered "allowed". SIGTERM drains: readiness \
            goes, connections end after --drain-delay, requests in flight are answered. SIGHUP reads everything again.

            Every option is also an environment variable (--tls-cert is PORTCULLIS_TLS_CERT) and a key of the YAML file that \
            --config names (tls-cert: /etc/tls.crt). The command line wins over the environment, which wins over the file.

            Example:
              portcullis certs init
              portcullis serve --policies policies --tls-cert certs/tls.crt --tls-key certs/tls.key
            """
    )

    @Option(ServeSettings.policiesSetting) var policies: String?
    @Option(ServeSettings.inventorySetting) var inventory: String?
    @Option(ServeSettings.listenSetting) var listen: String?
    @Option(ServeSettings.certificateSetting) var tlsCert: [String] = []
    @Option(ServeSettings.keySetting) var tlsKey: [String] = []
    @Option(ServeSettings.clientAuthoritiesSetting) var clientCA: String?
    @Option(ServeSettings.clientAuthenticationSetting) var clientAuth: String?
    @Option(ServeSettings.adminSetting) var admin: String?
    @Option(ServeSettings.workersSetting) var workers: String?
    @Option(ServeSettings.drainDelaySetting) var drainDelay: String?
    @Option(ServeSettings.connectionRequestsSetting) var connectionRequests: String?
    @Option(ServeSettings.connectionAgeSetting) var connectionAge: String?
    @Option(ServeSettings.logFormatSetting) var logFormat: String?
    @Option(ServeSettings.logLevelSetting) var logLevel: String?
    @Option(ServeSettings.decisionLogSetting) var decisionLog: String?
    @Option(ServeSettings.recordSetting) var record: String?
    @Option(ServeSettings.azureDataSetting) var azureData: String?
    @Option(ServeSettings.controllersSetting) var controllers: String?
    @Option(ServeSettings.expressionTimeSetting) var expressionTime: String?
    @Option(Self.configSetting) var config: String?

    /// Not one of ``ServeSettings``: a file does not name another.
    static let configSetting = Setting("config", "FILE", "Settings as YAML, below flags and environment.")

    /// The largest configuration file, in bytes.
    private static let maximumFileBytes = 1 << 20

    func run() throws {
        try ServerProcess.run(ServeSettings(sources(environment: environmentVariable)))
    }

    /// What the command line, the environment and the file say.
    func sources(environment: @escaping (String) -> String?) throws(UsageError) -> SettingSources {
        var sources = SettingSources(environment: environment)
        sources.take(policies, for: ServeSettings.policiesSetting)
        sources.take(inventory, for: ServeSettings.inventorySetting)
        sources.take(listen, for: ServeSettings.listenSetting)
        sources.take(tlsCert, for: ServeSettings.certificateSetting)
        sources.take(tlsKey, for: ServeSettings.keySetting)
        sources.take(clientCA, for: ServeSettings.clientAuthoritiesSetting)
        sources.take(clientAuth, for: ServeSettings.clientAuthenticationSetting)
        sources.take(admin, for: ServeSettings.adminSetting)
        sources.take(workers, for: ServeSettings.workersSetting)
        sources.take(drainDelay, for: ServeSettings.drainDelaySetting)
        sources.take(connectionRequests, for: ServeSettings.connectionRequestsSetting)
        sources.take(connectionAge, for: ServeSettings.connectionAgeSetting)
        sources.take(logFormat, for: ServeSettings.logFormatSetting)
        sources.take(logLevel, for: ServeSettings.logLevelSetting)
        sources.take(decisionLog, for: ServeSettings.decisionLogSetting)
        sources.take(record, for: ServeSettings.recordSetting)
        sources.take(azureData, for: ServeSettings.azureDataSetting)
        sources.take(controllers, for: ServeSettings.controllersSetting)
        sources.take(expressionTime, for: ServeSettings.expressionTimeSetting)
        sources.take(config, for: Serve.configSetting)
        if let given = sources.find(Serve.configSetting) {
            let bytes: [UInt8]
            do {
                bytes = try FileSystem.read(given.text, limitBytes: Serve.maximumFileBytes)
            } catch {
                throw UsageError("\(given.origin): \(error)")
            }
            sources.use(try SettingsFile(parsing: bytes, path: given.text, settings: ServeSettings.all))
        }
        return sources
    }
}

/// The value of an environment variable; nothing if it is not set.
func environmentVariable(_ name: String) -> String? {
    // Nobody changes the environment of this process, so that the pointer stays good for the copy.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}
