internal import Admission
internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Policy

/// `portcullis generate webhooks`.
struct GenerateWebhooks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "Make the registrations of the webhook that a set of policies needs.",
        discussion: """
            A ValidatingWebhookConfiguration and, if a policy mutates, a MutatingWebhookConfiguration, whose rules name the \
            groups, kinds and operations that the policies match, and all of Azure Service Operator's with the Secrets and \
            Namespaces that it reads once there is an AzureBinding. Where policies change, make them anew: what is not \
            registered is not asked about. deploy/webhooks.yaml registers everything that policies could match.

              portcullis generate webhooks policies --ca certs/ca.crt | kubectl apply -f -
              portcullis generate webhooks policies --url https://10.0.0.5:8443 --ca certs/ca.crt

            Exit codes: 0 made; 2 the command line, a policy or the certificate is wrong; 4 no policy asks for anything.
            """
    )

    @Argument(
        help: ArgumentHelp("Policy folders and files, or - for standard input (default: policies).", valueName: "path")
    )
    var paths: [String] = ["policies"]
    @Option(
        help: ArgumentHelp(
            "The Service that leads to the webhook (default: portcullis-system/portcullis); its port is 443.",
            valueName: "namespace/name[:port]"
        )
    )
    var service: String?
    @Option(help: ArgumentHelp("Where API servers find it without a Service, without /validate.", valueName: "url"))
    var url: String?
    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("Certificates in PEM by which the API server knows it: the caBundle.", valueName: "file")
    )
    var authority: String?
    @Option(help: ArgumentHelp("How long the API server waits, in seconds, 1 to 30.", valueName: "seconds"))
    var timeout = 5
    @Option(name: .shortAndLong, help: ArgumentHelp("How they are printed: yaml or json.", valueName: "format"))
    var output = AdmissionPolicyOptions.Output.yaml

    /// The largest bundle that is read, in bytes: a hundred certificates or so.
    private static let maximumBundleBytes = 256 * 1024

    func validate() throws {
        guard (1...30).contains(timeout) else { throw ValidationError("--timeout: \(timeout) is not within 1 and 30") }
        if service != nil, url != nil { throw ValidationError("--service and --url are two places: remove one") }
        _ = try address()
    }

    func run() throws {
        var settings = WebhookGenerator.Settings(address: try address(), timeoutSeconds: timeout)
        settings.authority = try bundle()
        var generator = WebhookGenerator(settings)
        for document in try AdmissionPolicyOptions.documents(of: paths) { generator.add(document) }
        guard !generator.isEmpty else {
            Terminal.complain("portcullis: no policy asks for anything\n")
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
        switch output {
        case .yaml: print(generator.yaml, terminator: "")
        case .json: Terminal.print(generator.json)
        }
        for note in generator.notes { Terminal.complain(note.singleLine + "\n") }
        if authority == nil {
            Terminal.complain("there is no caBundle: give --ca, or let what issues the certificate fill it in\n")
        }
    }

    private func address() throws -> WebhookGenerator.Address {
        if let url {
            let rest = url.dropFirst("https://".count)
            let isPlain = rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !rest.contains { "?#@\"\\".contains($0) }
            guard url.hasPrefix("https://"), let first = rest.first, first != "/", isPlain else {
                throw ValidationError("--url: \"\(url)\" is no https URL without user, query and fragment")
            }
            return .url(url)
        }
        let text = service ?? "portcullis-system/portcullis"
        let ends = text.split(separator: ":", omittingEmptySubsequences: false)
        let names = ends[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let port = ends.count == 2 ? Int(ends[1]) : ends.count == 1 ? 443 : nil
        guard names.count == 2, names.allSatisfy({ Self.isName($0) }), let port, (1...65535).contains(port) else {
            throw ValidationError("--service: \"\(text)\" is no NAMESPACE/NAME or NAMESPACE/NAME:PORT")
        }
        return .service(namespace: names[0], name: names[1], port: port)
    }

    /// Whether a text is a DNS label (RFC 1123).
    private static func isName(_ text: String) -> Bool {
        let isLabel = text.utf8.allSatisfy {
            ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-")
        }
        return isLabel && (1...63).contains(text.utf8.count) && text.first != "-" && text.last != "-"
    }

    private func bundle() throws -> [UInt8]? {
        guard let authority else { return nil }
        let content: [UInt8]
        do throws(FileError) {
            content = try FileSystem.read(authority, limitBytes: Self.maximumBundleBytes)
        } catch {
            throw UsageError("--ca: \(error)")
        }
        let text = String(decoding: content, as: UTF8.self)
        guard text.contains("-----BEGIN CERTIFICATE-----") else {
            throw UsageError(
                "--ca: \(authority) holds no certificate in PEM; name that of the authority, such as ca.crt"
            )
        }
        // A registration is for everybody to read.
        guard !text.contains("PRIVATE KEY-----") else {
            throw UsageError("--ca: \(authority) holds a private key; name a file with certificates alone")
        }
        return content
    }
}
