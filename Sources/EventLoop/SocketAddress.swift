internal import CLinux
internal import Glibc

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Hashable, Sendable {
    /// An address without a port.
    public enum Host: Hashable, Sendable {
        /// Four bytes, the first of the text in the highest bits.
        case v4(UInt32)
        /// Sixteen bytes, the first of the text in the highest bits of `high`; `scope` is the interface of a link-local one.
        case v6(high: UInt64, low: UInt64, scope: UInt32)
    }

    /// The address.
    public var host: Host
    /// The port; 0 asks the kernel for one.
    public var port: UInt16

    /// Names an address.
    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:80`, `[::1]:9443`, `localhost:80` (IPv4) or `:9443` (all addresses of both families).
    ///
    /// Nothing if it is none of these: other names would need a resolver.
    ///
    /// - Parameter text: An address and a port.
    public init?(parsing text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(digits: text[text.index(after: colon)...])
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self.init(host: .v6(high: 0, low: 0, scope: 0), port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]") {
            guard let v6 = Host(parsingV6: String(host.dropFirst().dropLast())) else { return nil }
            self.init(host: v6, port: port)
        } else {
            guard let v4 = Host(parsingV4: host == "localhost" ? "127.0.0.1" : String(host)) else { return nil }
            self.init(host: v4, port: port)
        }
    }
}

extension UInt16 {
    /// Digits and nothing else, which the standard initializer does not insist on.
    fileprivate init?(digits: Substring) {
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        self.init(digits)
    }
}

extension SocketAddress.Host {
    /// Reads an address of either family, without brackets; nothing if it is neither.
    ///
    /// - Parameter text: Such as `10.0.0.1` or `::1`.
    public init?(parsing text: String) {
        guard let host = Self(parsingV4: text) ?? Self(parsingV6: text) else { return nil }
        self = host
    }

    fileprivate init?(parsingV4 text: String) {
        var address = in_addr()
        guard unsafe inet_pton(AF_INET, text, &address) == 1 else { return nil }
        self = .v4(UInt32(bigEndian: address.s_addr))
    }

    fileprivate init?(parsingV6 text: String) {
        var address = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        self.init(address, scope: 0)
    }

    fileprivate init(_ address: in6_addr, scope: UInt32) {
        let (high, low) = unsafe withUnsafeBytes(of: address) { bytes in
            unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self = .v6(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low), scope: scope)
    }
}

extension SocketAddress {
    /// `AF_INET` or `AF_INET6`.
    var family: CInt {
        switch host {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }

    /// Lends the kernel's form of the address.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch host {
        case .v4(let bits):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = bits.bigEndian
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sockaddr in
                    unsafe body(sockaddr, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6(let high, let low, let scope):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sockaddr in
                    unsafe body(sockaddr, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    /// Takes what a call wrote; an IPv4 address in an IPv6 one (`::ffff:10.0.0.1`) becomes what it stands for.
    init?(_ storage: sockaddr_storage) {
        switch CInt(storage.ss_family) {
        case AF_INET:
            let address = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
            self.init(host: .v4(UInt32(bigEndian: address.sin_addr.s_addr)), port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in6.self) }
            let host = Host(address.sin6_addr, scope: address.sin6_scope_id)
            let port = UInt16(bigEndian: address.sin6_port)
            if case .v6(high: 0, let low, _) = host, low >> 32 == 0xffff {
                self.init(host: .v4(UInt32(truncatingIfNeeded: low)), port: port)
            } else {
                self.init(host: host, port: port)
            }
        default: return nil
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// As ``init(parsing:)`` reads it.
    public var description: String {
        switch host {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        }
    }
}

extension SocketAddress.Host: CustomStringConvertible {
    /// As RFC 5952 writes it, without brackets.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch self {
        case .v4(let bits):
            var address = in_addr(s_addr: bits.bigEndian)
            unsafe inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        case .v6(let high, let low, _):
            var address = (high.bigEndian, low.bigEndian)
            unsafe inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
