import EventLoop
import FoundationEssentials
import Glibc
import Testing

/// A directory that is gone when its owner is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/portcullis-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(_ name: String) -> String { FileSystem.path(path, name) }

    /// Writes in place, as `echo > file` does.
    func write(_ text: String, _ name: String) throws {
        let file = try OpenFile(path(name))
        file.write(text)
    }

    func makeDirectory(_ name: String) throws { try FileSystem.makeDirectory(path(name)) }

    func link(_ name: String, to target: String) throws {
        try require(unsafe symlink(target, path(name)))
    }

    func rename(_ old: String, to new: String) throws {
        try require(unsafe Glibc.rename(path(old), path(new)))
    }

    func remove(_ name: String) throws {
        try require(unsafe Glibc.remove(path(name)))
    }
}

extension Loop {
    /// Works for a while, or until something stops the loop.
    func run(for duration: Duration) throws {
        let alarm = schedule(at: .now() + duration, Stop())
        try run()
        cancel(alarm)
    }
}

final class Stop: DeadlineHandler {
    func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) { loop.stop() }
}

/// Calls a closure when a descriptor is ready.
final class OnReady: ReadinessHandler {
    let body: (Loop, Poller.Registration, Poller.Readiness) -> Void

    init(_ body: @escaping (Loop, Poller.Registration, Poller.Readiness) -> Void) { self.body = body }

    func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        body(loop, registration, readiness)
    }
}

/// Two connected, non-blocking sockets.
struct SocketPair: ~Copyable {
    let left: OwnedDescriptor
    let right: OwnedDescriptor

    init() throws {
        var pair: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try require(unsafe socketpair(AF_UNIX, type, 0, &pair))
        left = OwnedDescriptor(owning: pair[0])
        right = OwnedDescriptor(owning: pair[1])
    }

    /// Closes the right one.
    consuming func leftAlone() -> OwnedDescriptor { left }
}

/// A file that is being written in place.
@safe final class OpenFile {
    private let file: UnsafeMutablePointer<FILE>

    init(_ path: String) throws {
        guard let file = unsafe fopen(path, "w") else { throw SystemError(code: errno, call: "fopen") }
        unsafe self.file = file
    }

    func write(_ text: String) {
        unsafe fputs(text, file)
        unsafe fflush(file)
    }

    deinit { unsafe fclose(file) }
}

/// Insists that a call of the C library succeeds.
func require(_ status: CInt) throws {
    if status != 0 { throw SystemError(code: errno, call: "preparation") }
}
