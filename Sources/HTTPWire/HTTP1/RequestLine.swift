/// The parts of a request line (RFC 9112 §3), validated.
struct RequestLine: StartLine {
    var methodName: ByteRange
    var method: HTTPMethod
    var version: HTTPVersion
    /// Host and port of an absolute-form target.
    var authority: ByteRange?
    var path: ByteRange
    var query: ByteRange

    static var failure: HTTPFailure.Code { .badRequestLine }
    static var tooLong: HTTPFailure.Code { .targetTooLong }

    /// Parses the line that starts at `start`; as with fields, what is wrong is said when the line is complete.
    static func parse(_ bytes: Span<UInt8>, at start: Int) -> StartLineResult<RequestLine> {
        let method = bytes.end(of: .token, from: start)
        guard method < bytes.count, bytes[method] == 0x20, method > start else {
            return .refuse(.badRequestLine, bytes, at: start)
        }
        let target = TargetScan(bytes, from: method &+ 1)
        guard target.end < bytes.count, bytes[target.end] == 0x20, target.end > target.start else {
            // A space, a CR or LF ends a target; anything else in it is not for a target.
            let isTarget = target.end < bytes.count && bytes[target.end] > 0x20
            return .refuse(isTarget ? .badTarget : .badRequestLine, bytes, at: start)
        }
        let versionStart = target.end &+ 1
        let next = versionStart &+ 10
        guard next <= bytes.count, bytes[next &- 2] == 0x0d, bytes[next &- 1] == 0x0a else {
            return .refuse(.badRequestLine, bytes, at: start)
        }
        let version: HTTPVersion
        switch HTTP1Version.parse(bytes, at: versionStart) {
        case .http1(let minor): version = minor == 0 ? .http1_0 : .http1_1
        case .other: return .failed(.unsupportedVersion)
        case .malformed: return .failed(.badRequestLine)
        }
        guard target.isValid(bytes) else { return .failed(.badTarget) }
        var line = RequestLine(
            methodName: ByteRange(start, method),
            method: HTTPMethod(bytes.extracting(start..<method)),
            version: version,
            authority: nil,
            path: target.path,
            query: target.query
        )
        if bytes[target.start] == UInt8(ascii: "/"), line.method != .connect { return .line(line, next: next) }
        return line.resolve(bytes, target.start..<target.end).map(StartLineResult.failed) ?? .line(line, next: next)
    }

    /// Decides the rarer forms of a target (RFC 9112 §3.2): absolute, authority, asterisk.
    private mutating func resolve(_ bytes: Span<UInt8>, _ target: Range<Int>) -> HTTPFailure.Code? {
        if method == .connect {
            // We are no proxy; the target is judged all the same, for a malformed one is a malformed request.
            return HostPort.isValid(bytes.extracting(target), needsPort: true) ? .connectRefused : .badTarget
        }
        if target.count == 1, bytes[target.lowerBound] == UInt8(ascii: "*") {
            return method == .options ? nil : .badTarget
        }
        let scheme =
            if bytes.matches("https://", at: target.lowerBound) {
                8
            } else if bytes.matches("http://", at: target.lowerBound) {
                7
            } else {
                0
            }
        guard scheme > 0 else { return .badTarget }
        let start = target.lowerBound + scheme
        var end = start
        while end < path.end, bytes[end] != UInt8(ascii: "/") { end += 1 }
        guard end < path.end, HostPort.isValid(bytes.extracting(start..<end)) else { return .badTarget }
        authority = ByteRange(start, end)
        path = ByteRange(end, path.end)
        return nil
    }
}

/// The eight bytes of an HTTP version (RFC 9112 §2.3).
enum HTTP1Version {
    case http1(minor: Int)
    case other
    case malformed

    /// - Precondition: eight bytes from `start`.
    static func parse(_ bytes: Span<UInt8>, at start: Int) -> HTTP1Version {
        let raw = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self).littleEndian
        switch raw {
        case 0x312e_312f_5054_5448: return .http1(minor: 1)
        case 0x302e_312f_5054_5448: return .http1(minor: 0)
        default:
            let isVersion = raw & 0xffff_ffff_ff == 0x2f_5054_5448
            let dot = bytes[start + 6] == UInt8(ascii: ".")
            let digits = bytes[start + 5] &- 0x30 < 10 && bytes[start + 7] &- 0x30 < 10
            return isVersion && dot && digits ? .other : .malformed
        }
    }
}

/// `uri-host [":" port]` (RFC 9110 §7.2) as we accept it: a name of letters, digits and `-._`, or an address.
enum HostPort {
    static func isValid(_ bytes: Span<UInt8>, needsPort: Bool = false) -> Bool {
        var index = 0
        if bytes.count > 0, bytes[0] == UInt8(ascii: "[") {
            index = 1
            while index < bytes.count, isAddress(bytes[index]) { index &+= 1 }
            guard index > 2, index < bytes.count, bytes[index] == UInt8(ascii: "]") else { return false }
            index &+= 1
        } else {
            index = bytes.end(of: .host, from: 0)
            guard index > 0 else { return false }
        }
        if index == bytes.count { return !needsPort }
        guard bytes[index] == UInt8(ascii: ":"), bytes.count &- index <= 6, bytes.count &- index > 1 else {
            return false
        }
        var port = 0
        for position in index + 1..<bytes.count {
            guard bytes[position] &- 0x30 < 10 else { return false }
            port = port * 10 + Int(bytes[position] &- 0x30)
        }
        return port <= 65_535
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 6 || byte &- 0x30 < 10 || byte == 0x3a || byte == 0x2e
    }
}

/// The characters of a request target (RFC 9112 §3.2), found in one pass.
struct TargetScan {
    let start: Int
    private(set) var end: Int
    private var question = -1
    private var hasPercent = false

    /// Goes from `start` to the first byte that no target may hold.
    init(_ bytes: Span<UInt8>, from start: Int) {
        self.start = start
        end = start
        while true {
            end = bytes.skipNameCharacters(from: end)
            guard end < bytes.count else { break }
            let byte = bytes[end]
            guard ASCIISet.target.contains(byte) else { break }
            if byte == UInt8(ascii: "?"), question < 0 { question = end }
            if byte == UInt8(ascii: "%") { hasPercent = true }
            end &+= 1
        }
    }

    /// What comes before the `?`.
    var path: ByteRange { ByteRange(start, question < 0 ? end : question) }
    /// What comes after it.
    var query: ByteRange { question < 0 ? .empty : ByteRange(question &+ 1, end) }

    /// Whether each `%` is followed by two hexadecimal digits.
    func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard hasPercent else { return true }
        for index in start..<end where bytes[index] == UInt8(ascii: "%") {
            guard index + 2 < end, bytes[index + 1].hexadecimal != nil, bytes[index + 2].hexadecimal != nil else {
                return false
            }
        }
        return true
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    var hexadecimal: Int? {
        if self &- 0x30 < 10 { return Int(self &- 0x30) }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? Int(letter) + 10 : nil
    }
}
