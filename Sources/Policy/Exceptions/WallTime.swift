internal import CEL

/// A moment of the wall clock, as whoever asks for a decision reads it: exceptions end at one.
public struct WallTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Since 1970-01-01T00:00:00Z, without leap seconds; negative before.
    public let seconds: Int64

    /// Names a moment; any number will do, for clocks go wrong.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads RFC 3339: `2027-01-31T00:00:00Z`, or with an offset; fractions of a second are cut off.
    public init?(_ text: String) {
        guard let time = TimestampValue(text) else { return nil }
        seconds = time.seconds
    }

    /// Whether one moment is before another.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.seconds < right.seconds
    }

    /// RFC 3339 in UTC; the bare number of seconds for what lies outside of years 1 to 9999.
    public var description: String {
        TimestampValue(seconds: seconds)?.description ?? "\(seconds)"
    }
}
