/// The parts of a status line (RFC 9112 §4) that a client uses; the reason phrase is for people.
struct StatusLine: StartLine {
    var isOld: Bool
    var status: Int

    static var failure: HTTPFailure.Code { .badStatusLine }
    static var tooLong: HTTPFailure.Code { .badStatusLine }

    static func parse(_ bytes: Span<UInt8>, at start: Int) -> StartLineResult<StatusLine> {
        guard start + 14 <= bytes.count else { return .refuse(.badStatusLine, bytes, at: start) }
        var status = 0
        for index in start + 9..<start + 12 {
            guard bytes[index] &- 0x30 < 10 else { return .refuse(.badStatusLine, bytes, at: start) }
            status = status * 10 + Int(bytes[index] &- 0x30)
        }
        // Without a reason some servers leave out the space, too.
        let separator = bytes[start + 12]
        let end = bytes.endOfFieldValue(from: start + 12)
        guard bytes[start + 8] == 0x20, separator == 0x20 || separator == 0x0d, status >= 100,
            end + 1 < bytes.count, bytes[end] == 0x0d, bytes[end + 1] == 0x0a
        else { return .refuse(.badStatusLine, bytes, at: start) }
        switch HTTP1Version.parse(bytes, at: start) {
        case .http1(let minor): return .line(StatusLine(isOld: minor == 0, status: status), next: end + 2)
        case .other: return .failed(.unsupportedVersion)
        case .malformed: return .failed(.badStatusLine)
        }
    }
}
