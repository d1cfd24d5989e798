internal import CLinux
internal import Glibc

/// A system call that failed: what `errno` said, and which call.
public struct SystemError: Error, Equatable, Sendable {
    /// The value of `errno`.
    public let code: CInt
    /// The name of the call, as section 2 of the manual spells it.
    public let call: StaticText

    /// Names a failure.
    ///
    /// - Parameters:
    ///   - code: A value of `errno`.
    ///   - call: The name of the call.
    public init(code: CInt, call: StaticText) {
        self.code = code
        self.call = call
    }
}

/// A string literal that compares by its text, which `StaticString` does not.
public struct StaticText: ExpressibleByStringLiteral, Equatable, Sendable, CustomStringConvertible {
    private let literal: StaticString

    /// Takes a literal.
    public init(stringLiteral value: StaticString) {
        literal = value
    }

    /// The text.
    public var description: String { literal.description }

    /// Whether two literals have the same text.
    public static func == (left: StaticText, right: StaticText) -> Bool {
        left.description == right.description
    }
}

extension SystemError: CustomStringConvertible {
    /// For people: `connect: Connection refused (111)`.
    public var description: String {
        // glibc's strerror() has a buffer for each thread since 2.32.
        "\(call): \(unsafe String(cString: strerror(code))) (\(code))"
    }
}

extension SystemError {
    /// Whether the file does not exist.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR }

    /// Whether the peer went away: reset, or closed while we wrote.
    public var isDisconnect: Bool {
        code == ECONNRESET || code == EPIPE || code == ETIMEDOUT || code == ECONNABORTED || code == ENOTCONN
    }
}

/// The one way to the kernel: repeats what a signal interrupted, and traps for what only our own code can cause.
///
/// Not for `close`, which Linux has done even when it reports EINTR (`OwnedDescriptor`).
///
/// - Parameters:
///   - call: The name of the call.
///   - body: The call, which returns -1 and sets `errno` when it fails. It may run more than once.
/// - Returns: What `body` returned.
/// - Throws: Every failure but EINTR; EBADF and EFAULT trap.
@inline(__always)
@discardableResult
func systemCall<Value: SignedInteger>(_ call: StaticText, _ body: () -> Value) throws(SystemError) -> Value {
    while true {
        let value = body()
        if value != -1 { return value }
        let code = errno
        switch code {
        case EINTR: continue
        case EBADF, EFAULT: fatalError("\(SystemError(code: code, call: call))")
        default: throw SystemError(code: code, call: call)
        }
    }
}

/// A system call on a non-blocking descriptor.
///
/// - Returns: What `body` returned; nothing if it would have had to wait.
@inline(__always)
func systemCallUnlessBlocked<Value: SignedInteger>(
    _ call: StaticText,
    _ body: () -> Value
) throws(SystemError) -> Value? {
    do {
        return try systemCall(call, body)
    } catch {
        if error.code == EAGAIN { return nil }
        throw error
    }
}
