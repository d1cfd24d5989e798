import CEL
import Testing

/// Times, durations and zones: what is read, written and calculated.
@Suite struct TimeTests {
    static let timestamps: [(text: String, seconds: Int64?, nanoseconds: Int32)] = [
        ("1970-01-01T00:00:00Z", 0, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999), ("2000-02-29T12:00:00Z", 951_825_600, 0),
        ("2009-02-13T23:31:30+02:30", 1_234_558_890, 0), ("2009-02-13T23:31:30.5-00:00", 1_234_567_890, 500_000_000),
        ("1969-12-31T23:59:59.25Z", -1, 250_000_000), ("2020-01-01T00:00:00.1234567899Z", 1_577_836_800, 123_456_789),
        ("2001-02-29T00:00:00Z", nil, 0), ("1900-02-29T00:00:00Z", nil, 0), ("2020-13-01T00:00:00Z", nil, 0),
        ("2020-00-01T00:00:00Z", nil, 0), ("2020-01-00T00:00:00Z", nil, 0), ("2020-01-01T24:00:00Z", nil, 0),
        ("2020-01-01T00:60:00Z", nil, 0), ("2020-01-01T00:00:60Z", nil, 0), ("2020-01-01T00:00:00", nil, 0),
        ("2020-01-01 00:00:00Z", nil, 0), ("2020-01-01t00:00:00z", nil, 0), ("2020-01-01T00:00:00.Z", nil, 0),
        ("2020-01-01T00:00:00+24:00", nil, 0), ("2020-01-01T00:00:00+0100", nil, 0), ("20200101T000000Z", nil, 0),
        ("0001-01-01T00:00:00+00:01", nil, 0), ("+2020-01-01T00:00:00Z", nil, 0), ("", nil, 0),
        ("２020-01-01T00:00:00Z", nil, 0),
    ]

    @Test(arguments: timestamps.indices) func readsTimestamps(index: Int) {
        let (text, seconds, nanoseconds) = Self.timestamps[index]
        let time = TimestampValue(text)
        #expect(time?.seconds == seconds, "\(text)")
        if seconds != nil { #expect(time?.nanoseconds == nanoseconds, "\(text)") }
    }

    @Test func timestampsAreWrittenAsTheyAreRead() throws {
        // A day every 97 days or so, through all years.
        for seconds in stride(from: TimestampValue.firstSecond, through: TimestampValue.lastSecond, by: 8_400_007) {
            let time = try #require(TimestampValue(seconds: seconds, nanoseconds: 120_000_000))
            #expect(TimestampValue(time.description) == time)
        }
        #expect(TimestampValue(seconds: 0, nanoseconds: 1)?.description == "1970-01-01T00:00:00.000000001Z")
        #expect(TimestampValue(seconds: TimestampValue.lastSecond + 1) == nil)
    }

    static let durations: [(text: String, nanoseconds: Int64?, written: String)] = [
        ("0", 0, "0s"), ("1s", 1_000_000_000, "1s"), ("-1.5h", -5_400_000_000_000, "-5400s"),
        ("1h30m10.25s", 5_410_250_000_000, "5410.25s"), ("+5us", 5_000, "0.000005s"), ("5µs", 5_000, "0.000005s"),
        ("5μs", 5_000, "0.000005s"), (".5s", 500_000_000, "0.5s"), ("1.s", 1_000_000_000, "1s"),
        ("0.0000000019s", 1, "0.000000001s"), ("100ms1ns", 100_000_001, "0.100000001s"),
        ("9223372036854775807ns", .max, "9223372036.854775807s"),
        ("-9223372036854775808ns", .min, "-9223372036.854775808s"),
        ("0.333333333333333333333h", 1_199_999_999_999, "1199.999999999s"),
        ("2540400h", 9_145_440_000_000_000_000, "9145440000s"),
        ("9223372036854775808ns", nil, ""), ("2562048h", nil, ""), ("1", nil, ""), ("1d", nil, ""), ("s", nil, ""),
        ("", nil, ""),
        ("-", nil, ""), (".s", nil, ""), ("1 s", nil, ""), ("1s ", nil, ""), ("1e3s", nil, ""), ("--1s", nil, ""),
        ("99999999999999999999s", nil, ""), ("1S", nil, ""),
    ]

    @Test(arguments: durations.indices) func readsDurations(index: Int) {
        let (text, nanoseconds, written) = Self.durations[index]
        let span = DurationValue(text)
        #expect(span?.totalNanoseconds == nanoseconds, "\(text)")
        if let span { #expect(span.description == written, "\(text)") }
    }

    static let fields: [(source: String, result: String)] = [
        ("t.getFullYear()", "2009"), ("t.getMonth()", "1"), ("t.getDate()", "13"), ("t.getDayOfMonth()", "12"),
        ("t.getDayOfYear()", "43"), ("t.getDayOfWeek()", "5"), ("t.getHours()", "23"), ("t.getMinutes()", "31"),
        ("t.getSeconds()", "30"), ("t.getMilliseconds()", "123"), ("t.getHours('+02:00')", "1"),
        ("t.getHours('02:00')", "1"),
        ("t.getHours('-03:30')", "20"), ("t.getDate('Australia/Sydney')", "14"),
        ("t.getHours('America/New_York')", "18"),
        ("t.getHours('')", "23"), ("t.getHours('UTC')", "23"), ("t.getMinutes('Asia/Kathmandu')", "16"),
        // Summer, after the last of the transitions that files list.
        ("timestamp('2057-07-01T12:00:00Z').getHours('Europe/Berlin')", "14"),
        ("timestamp('2057-01-01T12:00:00Z').getHours('Europe/Berlin')", "13"),
        ("timestamp('2057-01-01T12:00:00Z').getHours('Australia/Sydney')", "23"),
        ("timestamp('2057-07-01T12:00:00Z').getHours('Australia/Sydney')", "22"),
        ("timestamp('1850-01-01T00:00:00Z').getMinutes('Europe/Berlin')", "53"),
        ("timestamp('0001-01-01T00:00:00Z').getDayOfWeek()", "1"),
        ("timestamp('9999-12-31T23:59:59Z').getDayOfYear()", "364"),
        ("t.getHours('Nowhere/Atlantis')", "error: there is no time zone 'Nowhere/Atlantis'"),
        ("t.getHours('../../etc/passwd')", "error: there is no time zone"),
        ("t.getHours('/etc/passwd')", "error: there is no"),
        ("t.getHours('Europe')", "error: there is no time zone"),
        ("t.getHours('tzdata.zi')", "error: there is no time zone"),
        ("t.getHours('1:2:3')", "error: '1:2:3' is no offset"),
        ("t.getHours('+99:00')", "error: '+99:00' is no offset"),
        ("t.getHours(':')", "error: ':' is no offset"), ("duration('90061.5s').getHours()", "25"),
        ("duration('-90s').getMinutes()", "-1"), ("duration('61.5s').getMilliseconds()", "500"),
        ("t + duration('1h') - t == duration('60m')", "true"), ("t - duration('100000h') < t", "true"),
        ("timestamp(253402300799) + duration('1s')", "error: the time leaves the range of years 1 to 9999"),
        ("duration('9223372036s') + duration('1s')", "error: the duration leaves the range of 292 years"),
    ]

    @Test(arguments: fields.indices) func calculates(index: Int) {
        let (source, result) = Self.fields[index]
        let bound = "cel.bind(t, timestamp('2009-02-13T23:31:30.123Z'), \(source))"
        #expect(answer(bound).text.hasPrefix(result), "\(source)")
    }
}

extension TimestampValue {
    fileprivate static let firstSecond: Int64 = -62_135_596_800
    fileprivate static let lastSecond: Int64 = 253_402_300_799
}
