internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import TLS

/// `portcullis demo`.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the server at work: reviews in, decisions out.",
        discussion: """
            Starts 'portcullis serve' on ports that the system chooses, sends it AdmissionReviews over HTTP/1.1 and again over \
            HTTP/2 as an API server does (first /mutate, then /validate), prints a table, and stops it with SIGTERM.
            """
    )

    @Option(help: ArgumentHelp("Folder of policies.", valueName: "dir")) var policies = "policies"
    @Option(help: ArgumentHelp("Folder of AdmissionReviews, one in a *.json file.", valueName: "dir"))
    var reviews = "Tests/Fixtures/reviews"
    @Option(help: ArgumentHelp("Folder for the certificates; made if absent or expiring.", valueName: "dir"))
    var certs = "certs"
    @Option(help: ArgumentHelp("More AdmissionReviews, one a line; only counted.", valueName: "file"))
    var recorded: String?

    func run() throws {
        let certificates = CertificateFolder(path: certs)
        let names = try CertificateFolder.localNames()
        if !certificates.isGood(for: names, at: .now()) {
            try certificates.create(names: names, validity: .days(90), at: .now())
        }
        let script = DemoScript(
            reviews: try DemoScript.readReviews(reviews),
            recorded: try recorded.map(DemoScript.readRecorded) ?? [],
            policies: policies,
            authority: try certificates.authorityCertificate()
        )
        var sources = SettingSources { _ in nil }
        sources.take(policies, for: ServeSettings.policiesSetting)
        sources.take("127.0.0.1:0", for: ServeSettings.listenSetting)
        sources.take("127.0.0.1:0", for: ServeSettings.adminSetting)
        sources.take(certificates.certificatePath, for: ServeSettings.certificateSetting)
        sources.take(certificates.keyPath, for: ServeSettings.keySetting)
        sources.take("0", for: ServeSettings.drainDelaySetting)
        sources.take("warning", for: ServeSettings.logLevelSetting)

        var client: LoopThread?
        try ServerProcess.run(ServeSettings(sources)) { process in
            let address = process.addresses[0]
            client = try LoopThread(name: "client") { own in
                defer {
                    // As whoever runs the server would end it.
                    kill(getpid(), SIGTERM)
                    own.remote.stop()
                }
                try script.play(with: address)
            }
        }
        try client?.join()
        print("Told to end with SIGTERM, the server has ended.")
    }
}
