/// A URL as Go's `net/url` takes it apart, which is what Kubernetes' `url()` and the format `uri` do.
struct ParsedURL: Hashable, Sendable {
    private(set) var scheme: [UInt8] = []
    /// With the port; brackets around IPv6 stay, escapes are decoded.
    private(set) var host: [UInt8] = []
    /// As it was written if that is valid, else escaped anew.
    private(set) var escapedPath: [UInt8] = []
    private(set) var query: [UInt8] = []
    private var opaque: [UInt8] = []
    private var user: [UInt8]?
    private var fragment: [UInt8] = []
    private var hasEmptyQuery = false

    /// Why a text is not a URL.
    struct Flaw: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// Takes a URI apart that is absolute or an absolute path (`ParseRequestURI`): a `#` is like any other character.
    init(request text: [UInt8]) throws(Flaw) {
        guard !text.isEmpty else { throw Flaw("empty url") }
        try parse(text[...], isRequest: true)
    }

    /// Takes a reference apart (`Parse`): what follows a `#` is the fragment.
    init(reference text: [UInt8]) throws(Flaw) {
        let (rest, fragment) = Self.cut(text[...], UInt8(ascii: "#"))
        try parse(rest, isRequest: false)
        self.fragment = try Self.unescape(fragment ?? [], .fragment)
    }

    private mutating func parse(_ text: ArraySlice<UInt8>, isRequest: Bool) throws(Flaw) {
        guard !text.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw Flaw("invalid control character in URL") }
        guard !text.elementsEqual("*".utf8) else {
            escapedPath = Array(text)
            return
        }
        var rest = try takeScheme(text)
        if rest.last == UInt8(ascii: "?"), rest.firstIndex(of: UInt8(ascii: "?")) == rest.endIndex - 1 {
            hasEmptyQuery = true
            rest = rest.dropLast()
        } else {
            let (path, query) = Self.cut(rest, UInt8(ascii: "?"))
            (rest, self.query) = (path, Array(query ?? []))
        }
        let slash = UInt8(ascii: "/")
        if rest.first != slash {
            if !scheme.isEmpty {
                opaque = Array(rest)
                return
            }
            guard !isRequest else { throw Flaw("invalid URI for request") }
            guard !Self.cut(rest, slash).0.contains(UInt8(ascii: ":")) else {
                throw Flaw("first path segment in URL cannot contain colon")
            }
        }
        let hasAuthority = !scheme.isEmpty || !isRequest && !rest.starts(with: "///".utf8)
        if hasAuthority, rest.starts(with: "//".utf8) {
            let authority = rest.dropFirst(2)
            let end = authority.firstIndex(of: slash) ?? authority.endIndex
            try parseAuthority(authority[..<end])
            rest = authority[end...]
        }
        try setPath(rest)
    }

    /// What comes before the first colon, if it has the form of a scheme.
    private mutating func takeScheme(_ text: ArraySlice<UInt8>) throws(Flaw) -> ArraySlice<UInt8> {
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if index == text.startIndex { return text }
            case UInt8(ascii: ":"):
                guard index > text.startIndex else { throw Flaw("missing protocol scheme") }
                scheme = text[..<index].map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
                return text[(index + 1)...]
            default: return text
            }
        }
        return text
    }

    // MARK: Authority

    private mutating func parseAuthority(_ authority: ArraySlice<UInt8>) throws(Flaw) {
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else {
            host = try parseHost(authority)
            return
        }
        host = try parseHost(authority[(at + 1)...])
        let user = authority[..<at]
        let marks = Array("-._:~!$&'()*+,;=%@".utf8)
        guard user.allSatisfy({ Self.isAlphanumeric($0) || marks.contains($0) }) else {
            throw Flaw("invalid userinfo")
        }
        _ = try Self.unescape(user, .user)
        self.user = Array(user)
    }

    private func parseHost(_ text: ArraySlice<UInt8>) throws(Flaw) -> [UInt8] {
        guard text.contains(UInt8(ascii: "[")) else {
            let isStrict = scheme.elementsEqual("http".utf8) || scheme.elementsEqual("https".utf8)
            let colon = UInt8(ascii: ":")
            // A host of HTTP has no colons but the port's; others may list hosts with their ports.
            if let port = isStrict ? text.firstIndex(of: colon) : text.lastIndex(of: colon),
                !Self.isOptionalPort(text[port...])
            {
                throw Flaw("invalid port after host")
            }
            return try Self.unescape(text, .host)
        }
        guard text.lastIndex(of: UInt8(ascii: "[")) == text.startIndex else { throw Flaw("invalid IP-literal") }
        return try Self.literalHost(text)
    }

    /// `[::1]`, with a port or none.
    private static func literalHost(_ text: ArraySlice<UInt8>) throws(Flaw) -> [UInt8] {
        guard let close = text.lastIndex(of: UInt8(ascii: "]")) else { throw Flaw("missing ']' in host") }
        let port = text[(close + 1)...]
        guard isOptionalPort(port) else { throw Flaw("invalid port after host") }
        let name = text[(text.startIndex + 1)..<close]
        let zone = name.indices.first { name[$0...].starts(with: "%25".utf8) } ?? close
        let address = try unescape(name[..<zone], .host)
        // What brackets hold is IPv6.
        guard address.contains(UInt8(ascii: ":")) else { throw Flaw("invalid IP-literal") }
        do throws(IPAddress.Flaw) { _ = try IPAddress(address.span) } catch {
            if case .malformed(let reason) = error { throw Flaw("invalid host: \(reason)") }
        }
        let decodedZone = try unescape(name[zone...], .zone)
        return [UInt8(ascii: "[")] + address + decodedZone + [UInt8(ascii: "]")] + Array(port)
    }

    private static func isOptionalPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        return first == UInt8(ascii: ":") && text.dropFirst().allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    /// The host without its port and brackets, and the port.
    var hostnameAndPort: (hostname: [UInt8], port: [UInt8]) {
        var name = host[...]
        var port: ArraySlice<UInt8> = []
        if let colon = name.lastIndex(of: UInt8(ascii: ":")), Self.isOptionalPort(name[colon...]) {
            port = name[(colon + 1)...]
            name = name[..<colon]
        }
        if name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]") { name = name.dropFirst().dropLast() }
        return (Array(name), Array(port))
    }

    // MARK: Path and query

    private mutating func setPath(_ text: ArraySlice<UInt8>) throws(Flaw) {
        let decoded = try Self.unescape(text, .path)
        let marks = Array("!$&'()*+,;=:@[]%".utf8)
        if text.allSatisfy({ marks.contains($0) || !Self.isEscaped($0, .path) }) {
            escapedPath = Array(text)
        } else {
            escapedPath = Self.escape(decoded)
        }
    }

    /// The parameters of the query, decoded, each key with its values in their order; what cannot be decoded is left out.
    ///
    /// Of a query with more than ten thousand parameters none are read.
    var parameters: [(key: [UInt8], values: [[UInt8]])] {
        guard query.lazy.filter({ $0 == UInt8(ascii: "&") }).count < 10_000 else { return [] }
        var places: [[UInt8]: Int] = [:]
        var result: [(key: [UInt8], values: [[UInt8]])] = []
        for part in query.split(separator: UInt8(ascii: "&")) where !part.contains(UInt8(ascii: ";")) {
            let (name, text) = Self.cut(part, UInt8(ascii: "="))
            guard let key = try? Self.unescape(name, .query), let value = try? Self.unescape(text ?? [], .query) else {
                continue
            }
            if let place = places[key] {
                result[place].values.append(value)
            } else {
                places[key] = result.count
                result.append((key, [value]))
            }
        }
        return result
    }

    private static func cut(
        _ text: ArraySlice<UInt8>,
        _ separator: UInt8
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[(index + 1)...])
    }

    // MARK: Escapes

    private enum Part {
        case path
        case host
        case zone
        case user
        case query
        case fragment
    }

    private static func unescape(_ text: ArraySlice<UInt8>, _ part: Part) throws(Flaw) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard index + 2 <= text.endIndex, let high = hexadecimal(text[index]),
                    let low = hexadecimal(text[index + 1])
                else { throw Flaw("invalid URL escape") }
                let value = high << 4 | low
                index += 2
                // In a host only what is not ASCII may be escaped; in a zone also the percent sign and the space.
                if part == .host, high < 8, value != UInt8(ascii: "%") { throw Flaw("invalid URL escape in host") }
                if part == .zone, value != UInt8(ascii: "%"), value != UInt8(ascii: " "), isEscaped(value, .host) {
                    throw Flaw("invalid URL escape in zone")
                }
                result.append(value)
            } else if part == .query, byte == UInt8(ascii: "+") {
                result.append(UInt8(ascii: " "))
            } else {
                if part == .host || part == .zone, byte < 0x80, isEscaped(byte, part) {
                    throw Flaw("invalid character in host name")
                }
                result.append(byte)
            }
        }
        return result
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func escape(_ path: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in path {
            if isEscaped(byte, .path) {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// Whether a byte has to be escaped in a part; asked for paths and hosts only.
    private static func isEscaped(_ byte: UInt8, _ part: Part) -> Bool {
        if isAlphanumeric(byte) { return false }
        let marks: StaticString = part == .path ? "-_.~$&+,/:;=@" : "-_.~!$&'()*+,;=:[]<>\""
        return unsafe !UnsafeBufferPointer(start: marks.utf8Start, count: marks.utf8CodeUnitCount).contains(byte)
    }
}
