internal import CLinux
internal import Glibc

/// TCP sockets; all of them are non-blocking and CLOEXEC from birth.
public enum Socket {
    /// A connection that was accepted.
    public struct Accepted: ~Copyable {
        /// The connection.
        public let descriptor: OwnedDescriptor
        /// Who is at the other end.
        public let peer: SocketAddress

        /// Takes the connection out.
        public consuming func take() -> OwnedDescriptor { descriptor }
    }

    /// Opens a listening socket.
    ///
    /// - Parameters:
    ///   - address: Where; `[::]` also takes IPv4 connections.
    ///   - backlog: Connections that the kernel completes before they are accepted, capped by `net.core.somaxconn`.
    /// - Returns: A socket to watch for reading.
    /// - Throws: What the calls report: EADDRINUSE, EADDRNOTAVAIL, EACCES and the like.
    public static func listen(on address: SocketAddress, backlog: Int = 1024) throws(SystemError) -> OwnedDescriptor {
        let socket = try make(address.family)
        try set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 {
            try set(socket, CInt(IPPROTO_IPV6), IPV6_V6ONLY, address.host == .v6(high: 0, low: 0, scope: 0) ? 0 : 1)
        }
        let raw = socket.raw
        try systemCall("bind") { unsafe address.withSockaddr { unsafe Glibc.bind(raw, $0, $1) } }
        try systemCall("listen") { Glibc.listen(raw, CInt(clamping: backlog)) }
        return socket
    }

    /// Takes the next connection, with TCP_NODELAY set.
    ///
    /// - Parameter listener: A listening socket.
    /// - Returns: Nothing if none is waiting. Connections that ended before they were accepted are skipped.
    /// - Throws: EMFILE, ENFILE, ENOBUFS, ENOMEM. The caller then stops watching the listener for a moment, for the
    ///   connection stays in the queue, and a level-triggered poller would report it without pause.
    public static func accept(from listener: borrowing OwnedDescriptor) throws(SystemError) -> Accepted? {
        let raw = listener.raw
        while true {
            var storage = sockaddr_storage()
            let accepted: CInt?
            do {
                accepted = try systemCallUnlessBlocked("accept4") {
                    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                            return unsafe portcullis_accept4(raw, address, &length)
                        }
                    }
                }
            } catch {
                // accept(2): errors that are already pending on the new connection are to be treated like EAGAIN.
                switch error.code {
                case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
                    ENETUNREACH:
                    continue
                default: throw error
                }
            }
            guard let accepted else { return nil }
            let descriptor = OwnedDescriptor(owning: accepted)
            guard let peer = SocketAddress(storage) else { continue }
            try setNoDelay(descriptor)
            return Accepted(descriptor: descriptor, peer: peer)
        }
    }

    /// Begins to connect, with TCP_NODELAY set.
    ///
    /// - Parameter address: Where to.
    /// - Returns: A socket that becomes writable when the attempt has ended; ask ``connectionError(of:)`` then.
    /// - Throws: What can be known at once: ENETUNREACH, EADDRNOTAVAIL, no descriptors left.
    public static func connect(to address: SocketAddress) throws(SystemError) -> OwnedDescriptor {
        let socket = try make(address.family)
        try setNoDelay(socket)
        let raw = socket.raw
        do {
            try systemCall("connect") { unsafe address.withSockaddr { unsafe Glibc.connect(raw, $0, $1) } }
        } catch {
            // EALREADY: a signal interrupted the first call, and the attempt goes on.
            if error.code != EINPROGRESS && error.code != EALREADY { throw error }
        }
        return socket
    }

    /// Takes the pending error of a socket, such as how an attempt to connect has ended.
    ///
    /// - Parameter socket: A socket that ``connect(to:)`` returned and that has become writable.
    /// - Returns: Nothing if it is connected.
    public static func connectionError(of socket: borrowing OwnedDescriptor) -> SystemError? {
        let raw = socket.raw
        var code: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        do {
            try systemCall("getsockopt") { unsafe getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &length) }
        } catch {
            return error
        }
        return code == 0 ? nil : SystemError(code: code, call: "connect")
    }

    /// The address that a socket is bound to, with the port that the kernel chose.
    ///
    /// - Parameter socket: A listening or connected socket.
    /// - Returns: The address.
    /// - Throws: What `getsockname` reports: no memory left.
    public static func localAddress(of socket: borrowing OwnedDescriptor) throws(SystemError) -> SocketAddress {
        let raw = socket.raw
        var storage = sockaddr_storage()
        try systemCall("getsockname") {
            unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                    return unsafe getsockname(raw, address, &length)
                }
            }
        }
        guard let address = SocketAddress(storage) else { throw SystemError(code: EAFNOSUPPORT, call: "getsockname") }
        return address
    }

    /// Reads what there is, at most `limit` bytes, behind the bytes that are there.
    ///
    /// - Parameters:
    ///   - socket: A connected socket.
    ///   - buffer: What grows.
    ///   - limit: The largest number of bytes to append, more than 0.
    /// - Returns: The number of bytes; 0 at the end of the stream; nothing if there is nothing to read yet.
    /// - Throws: What `recv` reports but EAGAIN and EINTR.
    public static func receive(
        from socket: borrowing OwnedDescriptor,
        appendingTo buffer: inout [UInt8],
        atMost limit: Int
    ) throws(SystemError) -> Int? {
        precondition(limit > 0, "a read of 0 bytes looks like the end of the stream")
        let raw = socket.raw
        var count: Int?
        try buffer.append(addingCapacity: limit) { (output: inout OutputSpan<UInt8>) throws(SystemError) in
            try unsafe output.withUnsafeMutableBufferPointer { room, initialized throws(SystemError) in
                // For sockets `recv` and `send` are shorter ways through the kernel than `read` and `write`.
                count = try systemCallUnlessBlocked("recv") { unsafe recv(raw, room.baseAddress, limit, 0) }
                initialized = count ?? 0
            }
        }
        return count
    }

    /// Writes as much as the kernel takes.
    ///
    /// - Parameters:
    ///   - bytes: What to write.
    ///   - socket: A connected socket.
    /// - Returns: The number of bytes taken, which may be less than there are; nothing if none can be taken now.
    /// - Throws: What `send` reports but EAGAIN and EINTR: EPIPE after the peer's reset, without a signal.
    public static func send(
        _ bytes: Span<UInt8>,
        to socket: borrowing OwnedDescriptor
    ) throws(SystemError) -> Int? {
        let raw = socket.raw
        return try unsafe bytes.withUnsafeBytes { buffer throws(SystemError) in
            try systemCallUnlessBlocked("send") {
                unsafe Glibc.send(raw, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL))
            }
        }
    }

    /// Says that nothing more will be written; the peer reads the end of the stream.
    ///
    /// - Parameter socket: A connected socket.
    /// - Throws: What `shutdown` reports: ENOTCONN.
    public static func shutdownWriting(_ socket: borrowing OwnedDescriptor) throws(SystemError) {
        let raw = socket.raw
        try systemCall("shutdown") { Glibc.shutdown(raw, CInt(SHUT_WR)) }
    }

    /// Makes the close of a connection a reset, which leaves no TIME_WAIT and drops what was not sent.
    ///
    /// - Parameter socket: A connected socket.
    /// - Throws: What `setsockopt` reports.
    public static func resetOnClose(_ socket: borrowing OwnedDescriptor) throws(SystemError) {
        let raw = socket.raw
        var value = linger(l_onoff: 1, l_linger: 0)
        try systemCall("setsockopt") {
            unsafe setsockopt(raw, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        }
    }

    private static func make(_ family: CInt) throws(SystemError) -> OwnedDescriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return OwnedDescriptor(owning: try systemCall("socket") { Glibc.socket(family, type, 0) })
    }

    private static func setNoDelay(_ socket: borrowing OwnedDescriptor) throws(SystemError) {
        try set(socket, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    private static func set(
        _ socket: borrowing OwnedDescriptor,
        _ level: CInt,
        _ option: CInt,
        _ value: CInt
    ) throws(SystemError) {
        let raw = socket.raw
        var value = value
        try systemCall("setsockopt") {
            unsafe setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }
}
