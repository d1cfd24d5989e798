internal import Glibc
internal import Synchronization

/// A time zone: how far its clocks are from UTC, and since when.
///
/// Names of the IANA database are looked up in the system's files (`/usr/share/zoneinfo`, RFC 8536). A table in the executable
/// would be stale within months, because governments change their clocks at short notice, while images are rebuilt and
/// hosts updated anyway. Where there are no such files, as in an empty image, only `UTC` and offsets such as `+02:00` work, and
/// a name is an error that says so.
final class TimeZone: Sendable {
    /// The zone of a name or an offset.
    ///
    /// That is `UTC`, nothing for UTC, an offset `±hh:mm` whose plus sign may be missing, or an IANA name.
    static func named(_ name: String) throws(CELError) -> TimeZone {
        if name.isEmpty || name.isSame(as: "UTC") { return utc }
        if name.utf8.contains(UInt8(ascii: ":")) {
            guard let offset = offset(name) else {
                throw CELError(.invalidArgument, "'\(name.prefix(64))' is no offset from UTC such as +02:00")
            }
            return TimeZone([Transition(from: .min, offset: offset)], rule: nil)
        }
        return try cache.withLock { zones throws(CELError) in
            if let zone = zones[name] { return zone }
            let zone = try read(name)
            // There are some six hundred names; whatever else were asked for would fail to be read.
            zones[name] = zone
            return zone
        }
    }

    /// Seconds east of UTC at a point in time.
    func offset(at timestamp: TimestampValue) -> Int64 {
        if let rule, let last = transitions.last, timestamp.seconds >= last.from {
            return rule.offset(at: timestamp.seconds)
        }
        var low = 0
        var high = transitions.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if transitions[middle].from <= timestamp.seconds { low = middle } else { high = middle }
        }
        return transitions[low].offset
    }

    private struct Transition: Sendable {
        let from: Int64
        let offset: Int64
    }

    /// In ascending order, the first from the beginning of time.
    private let transitions: [Transition]
    /// What holds after the last.
    private let rule: ZoneRule?

    private static let utc = TimeZone([Transition(from: .min, offset: 0)], rule: nil)
    private static let cache = Mutex<[String: TimeZone]>([:])

    private init(_ transitions: [Transition], rule: ZoneRule?) {
        self.transitions = transitions
        self.rule = rule
    }

    private static func offset(_ text: String) -> Int64? {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, let hours = Int64(String(parts[0]) ?? ""), let minutes = Int64(String(parts[1]) ?? ""),
            (-24...24).contains(hours), (0...59).contains(minutes)
        else { return nil }
        let isNegative = parts[0].first == UInt8(ascii: "-")
        return hours * 3600 + (isNegative ? -minutes : minutes) * 60
    }
}

// MARK: Files

extension TimeZone {
    private static let folder = "/usr/share/zoneinfo/"

    /// The largest file that is read; those there are have less than four kilobytes.
    private static let maximumBytes = 64 * 1024

    private static func read(_ name: String) throws(CELError) -> TimeZone {
        let unknown = CELError(
            .invalidArgument,
            "there is no time zone '\(name.prefix(64))' in \(folder); write an offset such as +02:00"
        )
        // Nothing that would leave the folder, and no hidden file.
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard name.utf8.count <= 64, parts.allSatisfy({ $0.first.map { $0 != UInt8(ascii: ".") } ?? false }),
            name.utf8.allSatisfy({ isNameByte($0) })
        else { throw unknown }
        let descriptor = unsafe open(folder + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unknown }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        var length = 0
        while length < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: length), buffer.count - length)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            length += count
        }
        guard let zone = TimeZone(TZif: Array(bytes[..<length])) else { throw unknown }
        return zone
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// Reads a file of version 2 or later, of which the second block has 64-bit times.
    private convenience init?(TZif bytes: [UInt8]) {
        guard bytes.starts(with: Array("TZif".utf8)), let first = Header(bytes, at: 0),
            first.version >= UInt8(ascii: "2"),
            let header = Header(bytes, at: Header.length + first.byteCount(timeSize: 4))
        else { return nil }
        let times = Header.length + first.byteCount(timeSize: 4) + Header.length
        let kinds = times + header.times * 8
        let types = kinds + header.times
        let footer = times + header.byteCount(timeSize: 8)
        guard header.types > 0, footer <= bytes.count else { return nil }
        func offset(_ type: Int) -> Int64? {
            guard type < header.types else { return nil }
            return Int64(Int32(truncatingIfNeeded: bigEndian(bytes, types + type * 6, 4)))
        }
        guard let standard = offset(0) else { return nil }
        var transitions = [Transition(from: .min, offset: standard)]
        for index in 0..<header.times {
            guard let offset = offset(Int(bytes[kinds + index])) else { return nil }
            let from = bigEndian(bytes, times + index * 8, 8)
            guard index == 0 || from > transitions[transitions.count - 1].from else { return nil }
            transitions.append(Transition(from: from, offset: offset))
        }
        let text = bytes[footer...].dropFirst().prefix { $0 != UInt8(ascii: "\n") }
        self.init(transitions, rule: text.isEmpty ? nil : ZoneRule(Array(text)))
    }

    private struct Header {
        static let length = 44

        let version: UInt8
        let times: Int
        let types: Int
        private let others: (characters: Int, leaps: Int, standards: Int, universals: Int)

        init?(_ bytes: [UInt8], at start: Int) {
            guard start >= 0, start + Self.length <= bytes.count else { return nil }
            func count(_ field: Int) -> Int { Int(bigEndian(bytes, start + 20 + field * 4, 4)) }
            // No count can exceed the bytes there are, so that sums cannot overflow.
            guard (0..<6).allSatisfy({ count($0) <= bytes.count }) else { return nil }
            version = bytes[start + 4]
            others = (count(5), count(2), count(1), count(0))
            times = count(3)
            types = count(4)
        }

        func byteCount(timeSize: Int) -> Int {
            times * (timeSize + 1) + types * 6 + others.characters + others.leaps * (timeSize + 4) + others.standards
                + others.universals
        }
    }
}

private func bigEndian(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64 {
    var value: Int64 = 0
    for index in start..<start + count { value = value << 8 | Int64(bytes[index]) }
    return value
}

// MARK: Rules

/// The rule of a zone for all time to come, in the syntax of POSIX's `TZ` (`CET-1CEST,M3.5.0,M10.5.0/3`).
private struct ZoneRule: Sendable {
    private let standard: Int64
    private let summer: (offset: Int64, from: Day, until: Day)?

    /// A day of a year and a time of it.
    private struct Day: Sendable {
        enum Kind: Sendable {
            /// A day from 1 to 365, the leap day never counted.
            case julian(Int)
            /// A day from 0, the leap day counted.
            case ordinal(Int)
            /// A week (5 is the last) of a month, and a day of it.
            case weekday(month: Int, week: Int, day: Int)
        }
        let kind: Kind
        let seconds: Int64

        /// In seconds since the epoch, by a clock that does not change.
        func local(_ year: Int) -> Int64 {
            let first = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch
            let day: Int64
            switch kind {
            case .julian(let number):
                day = first + Int64(number - 1) + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
            case .ordinal(let number):
                day = first + Int64(number)
            case .weekday(let month, let week, let weekday):
                let start = CivilDate(year: year, month: month, day: 1).daysSinceEpoch
                let startWeekday = Int(((start + 4) % 7 + 7) % 7)
                var number = (weekday - startWeekday + 7) % 7 + (week - 1) * 7
                if number >= CivilDate.days(in: month, of: year) { number -= 7 }
                day = start + Int64(number)
            }
            return day * 86_400 + seconds
        }
    }

    func offset(at seconds: Int64) -> Int64 {
        guard let summer else { return standard }
        let days = (seconds + standard) / 86_400
        let year = CivilDate(daysSinceEpoch: days).year
        let from = summer.from.local(year) - standard
        let until = summer.until.local(year) - summer.offset
        let isSummer =
            from < until ? (from..<until).contains(seconds) : !(until..<from).contains(seconds)
        return isSummer ? summer.offset : standard
    }

    init?(_ text: [UInt8]) {
        var text = text[...]
        guard Self.name(&text), let west = Self.time(&text) else { return nil }
        standard = -west
        guard !text.isEmpty else {
            summer = nil
            return
        }
        guard Self.name(&text) else { return nil }
        let offset: Int64
        if text.first == UInt8(ascii: ",") {
            offset = standard + 3600
        } else {
            guard let west = Self.time(&text) else { return nil }
            offset = -west
        }
        guard let from = Self.day(&text), let until = Self.day(&text), text.isEmpty else { return nil }
        summer = (offset, from, until)
    }

    /// Takes a name off, in angle brackets or of letters alone.
    private static func name(_ text: inout ArraySlice<UInt8>) -> Bool {
        if text.first == UInt8(ascii: "<") {
            guard let end = text.firstIndex(of: UInt8(ascii: ">")) else { return false }
            text = text[(end + 1)...]
            return true
        }
        let letters = text.prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
        text.removeFirst(letters.count)
        return letters.count >= 3
    }

    /// Takes `[±]h[:m[:s]]` off, in seconds.
    private static func time(_ text: inout ArraySlice<UInt8>) -> Int64? {
        var sign: Int64 = 1
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            sign = first == UInt8(ascii: "-") ? -1 : 1
            text.removeFirst()
        }
        guard let hours = number(&text) else { return nil }
        var seconds = Int64(hours) * 3600
        for unit in [60, 1] as [Int64] where text.first == UInt8(ascii: ":") {
            text.removeFirst()
            guard let value = number(&text) else { return nil }
            seconds += Int64(value) * unit
        }
        return sign * seconds
    }

    /// Takes `,M3.5.0/2` and its like off.
    private static func day(_ text: inout ArraySlice<UInt8>) -> Day? {
        guard text.first == UInt8(ascii: ",") else { return nil }
        text.removeFirst()
        let kind: Day.Kind
        if text.first == UInt8(ascii: "M") {
            text.removeFirst()
            guard let month = number(&text), take(UInt8(ascii: "."), &text), let week = number(&text),
                take(UInt8(ascii: "."), &text), let day = number(&text),
                (1...12).contains(month), (1...5).contains(week), (0...6).contains(day)
            else { return nil }
            kind = .weekday(month: month, week: week, day: day)
        } else if take(UInt8(ascii: "J"), &text) {
            guard let number = number(&text), (1...365).contains(number) else { return nil }
            kind = .julian(number)
        } else {
            guard let number = number(&text), (0...365).contains(number) else { return nil }
            kind = .ordinal(number)
        }
        guard take(UInt8(ascii: "/"), &text) else { return Day(kind: kind, seconds: 7200) }
        return time(&text).map { Day(kind: kind, seconds: $0) }
    }

    private static func take(_ byte: UInt8, _ text: inout ArraySlice<UInt8>) -> Bool {
        guard text.first == byte else { return false }
        text.removeFirst()
        return true
    }

    private static func number(_ text: inout ArraySlice<UInt8>) -> Int? {
        let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty, digits.count <= 4 else { return nil }
        text.removeFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
