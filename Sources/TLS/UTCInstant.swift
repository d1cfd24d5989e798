internal import Glibc

/// A second on the calendar, as certificates count time.
public struct UTCInstant: Comparable, Hashable, Sendable {
    /// Seconds since 1970 without leap seconds, as POSIX counts them.
    public let secondsSinceEpoch: Int64

    /// Names a second.
    ///
    /// - Parameter secondsSinceEpoch: As POSIX counts them.
    public init(secondsSinceEpoch: Int64) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// Reads the machine's clock.
    ///
    /// - Returns: The current second.
    public static func now() -> UTCInstant {
        UTCInstant(secondsSinceEpoch: Int64(time(nil)))
    }

    /// Whether one second is before another.
    public static func < (left: UTCInstant, right: UTCInstant) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// The second that is `duration` later, parts of a second cut off.
    public static func + (left: UTCInstant, duration: Duration) -> UTCInstant {
        UTCInstant(secondsSinceEpoch: left.secondsSinceEpoch + duration.components.seconds)
    }

    /// The time from one second to another.
    public static func - (left: UTCInstant, right: UTCInstant) -> Duration {
        .seconds(left.secondsSinceEpoch - right.secondsSinceEpoch)
    }
}

extension UTCInstant: CustomStringConvertible {
    /// As RFC 3339 writes it: `2026-11-23T09:30:00Z`.
    public var description: String {
        let (year, month, day) = civil
        let second = Int(((secondsSinceEpoch % 86_400) + 86_400) % 86_400)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        return "\(year)-\(two(month))-\(two(day))T\(time)Z"
    }

    /// The date in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private var civil: (year: Int, month: Int, day: Int) {
        // Years begin in March here, so that the leap day is the last of its year; an era has 400 of them.
        let days = Int(secondsSinceEpoch.quotientRoundedDown(by: 86_400)) + 719_468
        let era = days.quotientRoundedDown(by: 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension BinaryInteger {
    /// Division that rounds towards negative infinity.
    fileprivate func quotientRoundedDown(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
