internal import EventLoop
internal import Logging
internal import Observability
internal import TLS

/// What `serve` can be told, resolved and checked.
struct ServeSettings {
    var policies: String
    var inventory: String?
    var listen: [SocketAddress]
    var identities: [IdentityFiles]
    var clientAuthorities: String?
    var clientAuthentication: ClientAuthentication
    var admin: [SocketAddress]
    var workers: Int?
    var drainDelay: Duration
    var connectionRequests: Int?
    var connectionAge: Duration?
    var logFormat: LogFormat
    var logLevel: Logger.Level
    var decisionLog: LineLog.Destination?
    var record: String?
    var azureData: String?
    var controllers: [String]?
    var expressionTime: Duration

    /// Where a certificate chain and its key are.
    struct IdentityFiles: Equatable, CustomStringConvertible {
        var certificate: String
        var key: String

        /// What an error names.
        var description: String { "\(certificate), \(key)" }
    }

    enum ClientAuthentication: String, CaseIterable {
        case off, request, require
    }

    // MARK: - Names, defaults and help

    static let policiesSetting = Setting(
        "policies",
        "DIR",
        "Folder of policies (*.yaml, *.yml, *.json, in folders below too). A change is in force within 50 ms; a faulty one is refused whole and the last good set stays."
    )
    static let inventorySetting = Setting(
        "inventory",
        "DIR",
        "Folder of manifests, or of what 'kubectl get -A -o yaml' writes, or the file of a snapshot, that tells what else there is: owners, credentials, and what quotas count. Read again when it changes; what is faulty is refused whole. Without it such things are unknown."
    )
    static let listenSetting = Setting(
        "listen",
        "ADDRESS:PORT",
        default: ":8443",
        "Where API servers connect; several with commas. ':8443' is every address of both families, port 0 lets the system choose."
    )
    static let certificateSetting = Setting(
        "tls-cert",
        "FILE",
        "The server's certificate chain in PEM, the leaf first. A new file is used for the next connection. May be given twice, or two with a comma: one with an ECDSA key and one with an RSA key, of which the client takes what it can."
    )
    static let keySetting = Setting(
        "tls-key",
        "FILE",
        "The leaf's private key in PEM, not encrypted; as many as --tls-cert, in the same order."
    )
    static let clientAuthoritiesSetting = Setting(
        "client-ca",
        "FILE",
        "Authorities that may vouch for clients, in PEM."
    )
    static let clientAuthenticationSetting = Setting(
        "client-auth",
        "off|request|require",
        "Whether clients show a certificate of --client-ca (default: require with --client-ca, off without)."
    )
    static let adminSetting = Setting(
        "admin",
        "ADDRESS:PORT",
        default: "127.0.0.1:8081",
        "Where /metrics, /livez and /readyz are, over plain HTTP; several with commas."
    )
    static let workersSetting = Setting(
        "workers",
        "N",
        "Event loops (default: one per processor that the process may use)."
    )
    static let drainDelaySetting = Setting(
        "drain-delay",
        "DURATION",
        default: "10s",
        "How long connections are still accepted after SIGTERM, until everybody knows that the server is not ready."
    )
    static let connectionRequestsSetting = Setting(
        "connection-requests",
        "N",
        default: "10000",
        "Requests after which a connection is closed with its answer, so that load reaches new replicas; up to a quarter fewer at random, 0 for never."
    )
    static let connectionAgeSetting = Setting(
        "connection-age",
        "DURATION",
        default: "10m",
        "Age after which a connection is closed likewise; 0 for never."
    )
    static let logFormatSetting = Setting(
        "log-format",
        "text|json",
        default: "text",
        "The form of the log on standard error."
    )
    static let logLevelSetting = Setting(
        "log-level",
        "LEVEL",
        default: "info",
        "The least that is logged: debug, info, notice, warning or error."
    )
    static let decisionLogSetting = Setting(
        "decision-log",
        "FILE|-",
        "Writes every decision as a JSON line to a file, or to standard output. SIGHUP opens the file again."
    )
    static let recordSetting = Setting(
        "record",
        "FILE",
        "Writes every AdmissionReview that /validate is sent, for 'portcullis replay' and 'portcullis diff': what objects hold stands in the file. Secrets are left out. SIGHUP opens the file again."
    )
    static let azureDataSetting = Setting(
        "azure-data",
        "DIR",
        "Tables of Azure kinds to use instead of those in the executable."
    )
    static let controllersSetting = Setting(
        "controllers",
        "NAME,…",
        "Users whose metadata-only writes pass (default: the service accounts of Azure Service Operator, the garbage collector and the namespace controller)."
    )

    static let expressionTimeSetting = Setting(
        "expression-time",
        "DURATION",
        default: "5ms",
        "How long the expressions of one request may hold up others of its loop, in all; beyond, the policy's failurePolicy decides."
    )

    /// All of them, in the order of `--help`.
    static let all = [
        policiesSetting, inventorySetting, listenSetting, certificateSetting, keySetting, clientAuthoritiesSetting,
        clientAuthenticationSetting,
        adminSetting, workersSetting, drainDelaySetting, connectionRequestsSetting, connectionAgeSetting,
        logFormatSetting,
        logLevelSetting, decisionLogSetting, recordSetting, azureDataSetting, controllersSetting, expressionTimeSetting,
    ]

    // MARK: - Resolving

    /// Finds what holds for every setting.
    ///
    /// - Throws: The first that is missing or cannot be read.
    init(_ sources: SettingSources) throws(UsageError) {
        policies = try sources.require(Self.policiesSetting)
        inventory = sources.find(Self.inventorySetting)?.text
        listen = try sources.require(Self.listenSetting, as: Self.addressForm, Self.addresses)
        identities = try Self.identities(sources)
        clientAuthorities = sources.find(Self.clientAuthoritiesSetting)?.text
        clientAuthentication =
            try sources.find(
                Self.clientAuthenticationSetting,
                as: "off, request or require",
                ClientAuthentication.init(rawValue:)
            )
            ?? (clientAuthorities == nil ? .off : .require)
        admin = try sources.require(Self.adminSetting, as: Self.addressForm, Self.addresses)
        workers = try sources.find(Self.workersSetting, as: "a number from 1 to 1024") { Self.number($0, in: 1...1024) }
        drainDelay = try sources.require(Self.drainDelaySetting, as: Self.durationForm, Duration.init(parsing:))
        let requests = try sources.require(Self.connectionRequestsSetting, as: "a number, 0 for never") {
            Self.number($0, in: 0...Int.max)
        }
        connectionRequests = requests == 0 ? nil : requests
        let age = try sources.require(Self.connectionAgeSetting, as: Self.durationForm, Duration.init(parsing:))
        connectionAge = age == .zero ? nil : age
        logFormat = try sources.require(Self.logFormatSetting, as: "text or json", LogFormat.init(rawValue:))
        logLevel = try sources.require(
            Self.logLevelSetting,
            as: "debug, info, notice, warning or error",
            Logger.Level.init(rawValue:)
        )
        decisionLog = sources.find(Self.decisionLogSetting).map { $0.text == "-" ? .standardOutput : .file($0.text) }
        record = sources.find(Self.recordSetting)?.text
        azureData = sources.find(Self.azureDataSetting)?.text
        controllers = sources.find(Self.controllersSetting).map { Self.list($0.text) }
        expressionTime = try sources.require(Self.expressionTimeSetting, as: Self.durationForm) { text in
            // Nothing could be evaluated in no time at all.
            Duration(parsing: text).flatMap { $0 > .zero ? $0 : nil }
        }
        if clientAuthentication != .off, clientAuthorities == nil {
            throw UsageError(
                "\(Self.clientAuthenticationSetting.flag) \(clientAuthentication.rawValue) needs "
                    + "\(Self.clientAuthoritiesSetting.flag) \(Self.clientAuthoritiesSetting.placeholder)"
            )
        }
    }

    private static func identities(_ sources: SettingSources) throws(UsageError) -> [IdentityFiles] {
        let certificates = try sources.require(certificateSetting, as: fileForm, files)
        let keys = try sources.require(keySetting, as: fileForm, files)
        guard certificates.count == keys.count else {
            throw UsageError(
                "\(certificateSetting.flag) names \(certificates.count) files (\(certificates.joined(separator: ", "))) and "
                    + "\(keySetting.flag) \(keys.count) (\(keys.joined(separator: ", "))): give each certificate its key, in the "
                    + "same order"
            )
        }
        return zip(certificates, keys).map { IdentityFiles(certificate: $0, key: $1) }
    }

    private static func files(_ text: String) -> [String]? {
        let files = list(text)
        return files.isEmpty ? nil : files
    }

    private static let fileForm = "a file's name"
    private static let addressForm = "an address such as 127.0.0.1:8443, [::1]:8443 or :8443"
    private static let durationForm = "a duration such as 500ms, 10s, 5m or 1h"

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.trimmingSpaces) }.filter { !$0.isEmpty }
    }

    private static func addresses(_ text: String) -> [SocketAddress]? {
        let texts = list(text)
        let addresses = texts.compactMap(SocketAddress.init(parsing:))
        return addresses.isEmpty || addresses.count < texts.count ? nil : addresses
    }

    private static func number(_ text: String, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
