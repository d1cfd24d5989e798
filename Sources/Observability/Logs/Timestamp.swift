internal import Glibc

/// A moment of the wall clock (`CLOCK_REALTIME`), in UTC.
public struct Timestamp: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// Since 1970, without leap seconds.
    public let seconds: Int64
    /// Below 10⁹.
    public let nanoseconds: Int32

    /// Names a moment.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock (23 ns).
    public static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    /// Whether one moment is before another.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The date and time as RFC 3339 writes them, with milliseconds: `2026-11-23T02:38:01.042Z`.
    public var rfc3339: InlineArray<24, UInt8> {
        let (days, secondOfDay) = (seconds.flooredDivision(by: 86_400), seconds.flooredRemainder(by: 86_400))
        let (year, month, day) = Self.date(ofDay: days)
        var text = InlineArray<24, UInt8>(repeating: UInt8(ascii: "Z"))
        func put(_ value: Int64, digits: Int, at start: Int, then separator: Unicode.Scalar) {
            var rest = value
            for index in (start..<start + digits).reversed() {
                text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            text[start + digits] = UInt8(ascii: separator)
        }
        put(year, digits: 4, at: 0, then: "-")
        put(month, digits: 2, at: 5, then: "-")
        put(day, digits: 2, at: 8, then: "T")
        put(secondOfDay / 3600, digits: 2, at: 11, then: ":")
        put(secondOfDay / 60 % 60, digits: 2, at: 14, then: ":")
        put(secondOfDay % 60, digits: 2, at: 17, then: ".")
        put(Int64(nanoseconds) / 1_000_000, digits: 3, at: 20, then: "Z")
        return text
    }

    /// As `rfc3339`.
    public var description: String {
        unsafe String(copying: UTF8Span(unchecked: rfc3339.span))  // ASCII, just written
    }

    /// The proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
        let shifted = day + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted.flooredRemainder(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        (self - flooredRemainder(by: divisor)) / divisor
    }

    fileprivate func flooredRemainder(by divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
