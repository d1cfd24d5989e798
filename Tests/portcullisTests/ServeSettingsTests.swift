import ArgumentParser
import EventLoop
import Logging
import Observability
import Testing

@testable import portcullis

/// What `serve` makes of a command line, an environment and a file.
private func settings(
    _ arguments: [String],
    environment: [String: String] = [:],
    file: String? = nil
) throws -> ServeSettings {
    let serve = try #require(try Serve.parseAsRoot(arguments) as? Serve)
    var sources = try serve.sources { environment[$0] }
    if let file {
        sources.use(try SettingsFile(parsing: Array(file.utf8), path: "settings.yaml", settings: ServeSettings.all))
    }
    return try ServeSettings(sources)
}

private let least = ["--policies", "p", "--tls-cert", "c", "--tls-key", "k"]

@Suite struct ServeSettingsTests {
    @Test func defaultsAreThoseOfTheHelp() throws {
        let settings = try settings(least)
        #expect(settings.listen == [SocketAddress(parsing: ":8443")])
        #expect(settings.admin == [SocketAddress(parsing: "127.0.0.1:8081")])
        #expect(settings.drainDelay == .seconds(10))
        #expect(settings.connectionRequests == 10_000)
        #expect(settings.connectionAge == .seconds(600))
        #expect(settings.clientAuthentication == .off)
        #expect(settings.logFormat == .text)
        #expect(settings.decisionLog == nil)
        #expect(settings.workers == nil)
        #expect(settings.controllers == nil)
        #expect(settings.expressionTime == .milliseconds(5))
    }

    @Test func flagWinsOverEnvironmentOverFileOverDefault() throws {
        let file = "drain-delay: 1s\nworkers: 3\nlog-format: json\n"
        let environment = ["PORTCULLIS_DRAIN_DELAY": "2s", "PORTCULLIS_WORKERS": "4"]
        let settings = try settings(least + ["--drain-delay", "3s"], environment: environment, file: file)
        #expect(settings.drainDelay == .seconds(3))
        #expect(settings.workers == 4)
        #expect(settings.logFormat == .json)
        #expect(settings.logLevel == .info)
    }

    @Test func everySettingIsAFlagAVariableAndAKey() throws {
        let values = [
            "policies": "p", "inventory": "i", "listen": "127.0.0.1:1", "tls-cert": "c", "tls-key": "k",
            "client-ca": "ca",
            "client-auth": "request", "admin": "127.0.0.1:2", "workers": "2", "drain-delay": "5s",
            "connection-requests": "0", "connection-age": "0", "log-format": "json", "log-level": "debug",
            "decision-log": "-", "record": "r", "azure-data": "d", "controllers": "a,b", "expression-time": "20ms",
        ]
        #expect(Set(values.keys) == Set(ServeSettings.all.map(\.name)))
        let flags = try settings(values.flatMap { ["--\($0)", $1] })
        let environment = try settings(
            [],
            environment: Dictionary(
                uniqueKeysWithValues: ServeSettings.all.map { ($0.variable, values[$0.name] ?? "") }
            )
        )
        let file = try settings([], file: values.map { "\($0): \"\($1)\"" }.joined(separator: "\n"))
        for settings in [flags, environment, file] {
            #expect(settings.inventory == "i")
            #expect(settings.listen == [SocketAddress(parsing: "127.0.0.1:1")])
            #expect(settings.clientAuthentication == .request)
            #expect(settings.connectionRequests == nil)
            #expect(settings.connectionAge == nil)
            #expect(settings.decisionLog == .standardOutput)
            #expect(settings.record == "r")
            #expect(settings.azureData == "d")
            #expect(settings.controllers == ["a", "b"])
            #expect(settings.expressionTime == .milliseconds(20))
        }
    }

    @Test func listsOfAFileAreListsOfAFlag() throws {
        let settings = try settings(least, file: "listen: [\"127.0.0.1:1\", \"[::1]:2\"]\ncontrollers:\n- a\n- b\n")
        #expect(settings.listen.map(\.description) == ["127.0.0.1:1", "[::1]:2"])
        #expect(settings.controllers == ["a", "b"])
    }

    @Test func certificatesAreGivenTwiceOrWithACommaAndMeetTheirKeysInOrder() throws {
        let expected = [
            ServeSettings.IdentityFiles(certificate: "c", key: "k"),
            ServeSettings.IdentityFiles(certificate: "rsa.crt", key: "rsa.key"),
        ]
        let twice = try settings(least + ["--tls-cert", "rsa.crt", "--tls-key", "rsa.key"])
        let comma = try settings(["--policies", "p", "--tls-cert", "c, rsa.crt", "--tls-key", "k,rsa.key"])
        let list = try settings(
            ["--policies", "p"],
            environment: ["PORTCULLIS_TLS_KEY": "k,rsa.key"],
            file: "tls-cert: [c, rsa.crt]\n"
        )
        for settings in [twice, comma, list] { #expect(settings.identities == expected) }
    }

    @Test func anEmptyVariableIsNoValue() throws {
        #expect(try settings(least, environment: ["PORTCULLIS_WORKERS": ""]).workers == nil)
    }

    @Test func clientAuthoritiesAloneRequireCertificates() throws {
        #expect(try settings(least + ["--client-ca", "ca"]).clientAuthentication == .require)
    }

    /// What is wrong, and what the error must name.
    static let refused: [(arguments: [String], environment: [String: String], file: String?, error: String)] = [
        (
            [], [:], nil,
            "--policies is missing: give --policies DIR, PORTCULLIS_POLICIES, or policies: in the configuration file"
        ),
        (
            least + ["--listen", "example.com:1"], [:], nil,
            "--listen: 'example.com:1' is not an address such as 127.0.0.1:8443, [::1]:8443 or :8443"
        ),
        (least + ["--listen", ""], [:], nil, "--listen: '' is not an address"),
        (
            least + ["--tls-cert", "second"], [:], nil,
            "--tls-cert names 2 files (c, second) and --tls-key 1 (k): give each certificate its key"
        ),
        (["--policies", "p", "--tls-cert", ",", "--tls-key", "k"], [:], nil, "--tls-cert: ',' is not a file's name"),
        (least + ["--workers", "0"], [:], nil, "--workers: '0' is not a number from 1 to 1024"),
        (least + ["--workers", "+2"], [:], nil, "--workers: '+2' is not a number from 1 to 1024"),
        (least + ["--connection-requests=-1"], [:], nil, "a number, 0 for never"),
        (
            least, ["PORTCULLIS_DRAIN_DELAY": "10"], nil,
            "PORTCULLIS_DRAIN_DELAY: '10' is not a duration such as 500ms, 10s, 5m or 1h"
        ),
        (least, [:], "log-level: loud\n", "settings.yaml:1:12: log-level: 'loud' is not debug"),
        (
            least, [:], "workers: 2\nlissten: \":1\"\n",
            "settings.yaml:2:1: there is no setting 'lissten'; did you mean 'listen'?"
        ),
        (
            least, [:], "colour: red\n",
            "settings.yaml:1:1: there is no setting 'colour'; the keys are policies, inventory, listen,"
        ),
        (least, [:], "config: other.yaml\n", "settings.yaml:1:1: there is no setting 'config'"),
        (least, [:], "workers:\n  a: 1\n", "settings.yaml:2:3: 'workers' is a single value or a list of them"),
        (least, [:], "- workers\n", "settings.yaml:1:1: settings are a mapping"),
        (least, [:], "workers: 1\n---\nworkers: 2\n", "settings.yaml:3:1: a second document; settings are one"),
        (least, [:], "workers: [\n", "settings.yaml:"),
        (least, [:], "workers: 1\nworkers: 2\n", "settings.yaml:2:1: the key 'workers'"),
        (least + ["--client-auth", "require"], [:], nil, "--client-auth require needs --client-ca FILE"),
        (least + ["--client-auth", "maybe"], [:], nil, "--client-auth: 'maybe' is not off, request or require"),
        (least + ["--config", "/nowhere/settings.yaml"], [:], nil, "--config: /nowhere/settings.yaml: open:"),
    ]

    @Test(arguments: refused.indices) func refuses(_ index: Int) {
        let (arguments, environment, file, expected) = ServeSettingsTests.refused[index]
        let error = #expect(throws: UsageError.self) {
            _ = try settings(arguments, environment: environment, file: file)
        }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "nothing") lacks \(expected)")
    }

    @Test(arguments: [
        ("0", Duration.zero), ("0s", .zero), ("250ms", .milliseconds(250)), ("10s", .seconds(10)),
        ("5m", .seconds(300)),
        ("2h", .seconds(7200)),
    ])
    func readsDuration(_ text: String, _ duration: Duration) {
        #expect(Duration(parsing: text) == duration)
    }

    @Test(arguments: ["", "s", "10", "-1s", "+1s", "1.5s", "1 s", "1d", "99999999999999999999s", "99999999999999h"])
    func refusesDuration(_ text: String) {
        #expect(Duration(parsing: text) == nil)
    }
}
