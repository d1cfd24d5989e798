import EventLoop
import Foundation
import Glibc
import HTTPClient
import HTTPWire
import TLS
import TestSupport
import Testing

@testable import portcullis

/// `portcullis serve` as a process of its own, on a folder and ports of its own.
final class ServedProcess {
    let folder: URL
    let certificates: CertificateFolder
    private(set) var webhook: SocketAddress
    private let admin: SocketAddress
    private let process: pid_t
    private var hasEnded = false

    /// Starts it with a copy of the shipped policies, and waits until it is ready.
    ///
    /// - Parameters:
    ///   - folder: Where its policies and certificates are, from another that has ended; a new one if nothing.
    ///   - port: Where it listens; the kernel chooses if 0.
    ///   - descriptors: The hard limit of its descriptors; ours if nothing.
    ///   - prepare: Makes more of its folder before it starts, and says what else is on the command line.
    /// - Throws: That it could not be started, or is not ready in time.
    init(
        in folder: URL? = nil,
        port: UInt16 = 0,
        descriptors: Int? = nil,
        prepare: (CertificateFolder) throws -> [String] = { _ in [] }
    ) throws {
        if let folder {
            self.folder = folder
        } else {
            self.folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: URL(filePath: Fixtures.policies),
                to: self.folder.appending(path: "policies")
            )
        }
        certificates = CertificateFolder(path: self.folder.appending(path: "certs").path)
        if !certificates.isInUse {
            try certificates.create(names: CertificateFolder.localNames(), validity: .days(2), at: .now())
        }
        let log = self.folder.appending(path: "log").path
        process = try Self.spawn(
            [
                "serve", "--policies", self.folder.appending(path: "policies").path, "--listen", "127.0.0.1:\(port)",
                "--admin", "127.0.0.1:0", "--tls-cert", certificates.certificatePath, "--tls-key", certificates.keyPath,
                "--drain-delay", "50ms", "--decision-log", self.folder.appending(path: "decisions").path,
            ] + prepare(certificates),
            log: log,
            descriptors: descriptors
        )
        let process = process
        func address(of listener: String) throws -> SocketAddress {
            var found: SocketAddress?
            try wait("the \(listener) listener of process \(process)") {
                for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
                    guard line.hasSuffix("listener=\(listener)"), let range = line.range(of: "address=") else {
                        continue
                    }
                    found = SocketAddress(parsing: String(line[range.upperBound...].prefix { $0 != " " }))
                }
                return found != nil
            }
            return try #require(found)
        }
        webhook = try address(of: "webhook")
        admin = try address(of: "admin")
        try wait("readiness") { try ask("/readyz").status == 200 }
    }

    deinit {
        if !hasEnded {
            kill(process, SIGKILL)
            _ = waitpid(process, nil, 0)
        }
    }

    /// Sends a signal, and waits for the end.
    ///
    /// - Returns: The exit code; 128 and the signal's number if a signal ended it.
    func end(_ signal: CInt = SIGTERM) -> Int32 {
        kill(process, signal)
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
        hasEnded = true
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    /// What the admin port says.
    func ask(_ path: String) throws -> (status: Int, text: String) {
        let client = try HTTPClient(ClientConfiguration(address: admin))
        let response = try client.perform(ClientRequestHead(.get, authority: "localhost", target: path))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// How to reach the webhook.
    func client(_ version: String) throws -> ClientConfiguration {
        var tls = TLSClientConfiguration(trust: .authorities([try certificates.authorityCertificate()]))
        tls.applicationProtocols = [version]
        return ClientConfiguration(address: webhook, tls: try TLSContext(client: tls), serverName: "localhost")
    }

    /// Replaces a policy file as an editor does: written beside it, renamed over it.
    func replacePolicy(_ name: String, with text: String) throws {
        try replace(name, in: "policies", with: text)
    }

    /// Replaces a file of the inventory likewise.
    func replaceInventory(_ name: String, with text: String) throws {
        try replace(name, in: "inventory", with: text)
    }

    private func replace(_ name: String, in directory: String, with text: String) throws {
        let target = folder.appending(path: "\(directory)/\(name)")
        let next = folder.appending(path: "\(directory)/.\(name).new")
        try Data(text.utf8).write(to: next)
        guard unsafe rename(next.path, target.path) == 0 else { throw SystemFailure(code: errno) }
    }

    /// What it has written to standard error.
    func log() throws -> String {
        try String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
    }

    func policy(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: "policies/\(name)"), encoding: .utf8)
    }

    private struct SystemFailure: Error {
        let code: CInt
    }

    private static func spawn(_ arguments: [String], log: String, descriptors: Int?) throws -> pid_t {
        var command = [Executable.path] + arguments
        if let descriptors {
            // The soft limit starts below the hard one, as it does on most systems.
            let script = "ulimit -n \(descriptors) && ulimit -Sn \(descriptors / 2) && exec \"$@\""
            command = ["/bin/sh", "-c", script, "sh"] + command
        }
        let program = command[0]
        let words = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var process: pid_t = 0
        let code = unsafe posix_spawn(&process, program, &actions, nil, words, environ)
        guard code == 0 else { throw SystemFailure(code: code) }
        return process
    }
}

/// Waits until something is so, 30 s at most.
func wait(_ what: String, until condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try !condition() {
        try #require(ContinuousClock.now < deadline, "waited 30 s for \(what)")
        usleep(2000)
    }
}
