/// The value of a `Date` field (RFC 9110 §5.6.7, IMF-fixdate), kept so that it is made once a second.
struct HTTPDate {
    private var second = Int64.min
    private(set) var text: InlineArray<29, UInt8> = .init(repeating: 0x20)

    /// Takes a time in seconds since 1970 UTC; costs nothing when it is the one at hand.
    mutating func set(unixSeconds: Int64) {
        guard unixSeconds != second else { return }
        second = unixSeconds
        let (days, inDay) = unixSeconds.flooredDivision(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        put("SunMonTueWedThuFriSat", 3 * Int((days + 4).flooredDivision(by: 7).remainder), count: 3, at: 0)
        put(", ", 0, count: 2, at: 3)
        putDigits(date.day, count: 2, at: 5)
        put(" JanFebMarAprMayJunJulAugSepOctNovDec", 0, count: 1, at: 7)
        put(" JanFebMarAprMayJunJulAugSepOctNovDec", 3 * date.month - 2, count: 3, at: 8)
        put(" ", 0, count: 1, at: 11)
        putDigits(date.year, count: 4, at: 12)
        put(" ", 0, count: 1, at: 16)
        putDigits(Int(inDay / 3600), count: 2, at: 17)
        put(":", 0, count: 1, at: 19)
        putDigits(Int(inDay / 60 % 60), count: 2, at: 20)
        put(":", 0, count: 1, at: 22)
        putDigits(Int(inDay % 60), count: 2, at: 23)
        put(" GMT", 0, count: 4, at: 25)
    }

    private mutating func put(_ source: StaticString, _ start: Int, count: Int, at index: Int) {
        source.withUTF8Buffer { bytes in
            for offset in 0..<count { text[index + offset] = unsafe bytes[start + offset] }
        }
    }

    private mutating func putDigits(_ value: Int, count: Int, at index: Int) {
        var rest = value
        for offset in stride(from: count - 1, through: 0, by: -1) {
            text[index + offset] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}

/// A day of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
private struct CivilDate {
    let year: Int
    let month: Int
    let day: Int

    init(daysSince1970: Int64) {
        let shifted = daysSince1970 + 719_468  // days since 1 March of year 0
        let (era, inEra) = shifted.flooredDivision(by: 146_097)
        let yearOfEra = (inEra - inEra / 1460 + inEra / 36_524 - inEra / 146_096) / 365
        let dayOfYear = inEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
