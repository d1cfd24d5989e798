/// A span of time, to the nanosecond (`google.protobuf.Duration`), in the range of 64 bits of nanoseconds: some 292 years.
///
/// The protocol buffer's own range is wider, but the conformance tests ask for this one, and so does Kubernetes.
public struct DurationValue: Hashable, Sendable, Comparable {
    /// The whole span in nanoseconds.
    public let totalNanoseconds: Int64

    /// A span of so many nanoseconds.
    public init(nanoseconds: Int64) { totalNanoseconds = nanoseconds }

    /// A span of seconds and nanoseconds that have the same sign; nil if it is out of range.
    public init?(seconds: Int64, nanoseconds: Int32 = 0) {
        let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isStillTooLarge) = product.addingReportingOverflow(Int64(nanoseconds))
        guard !isTooLarge, !isStillTooLarge else { return nil }
        totalNanoseconds = sum
    }

    /// Whole seconds.
    public var seconds: Int64 { totalNanoseconds / 1_000_000_000 }
    /// What is added to them, with the sign of the span.
    public var nanoseconds: Int32 { Int32(totalNanoseconds % 1_000_000_000) }

    /// Whether one is shorter, or more negative, than the other.
    public static func < (a: DurationValue, b: DurationValue) -> Bool { a.totalNanoseconds < b.totalNanoseconds }

    /// Reads `1h30m`, `-1.5s`, `250ms`: a sign, then decimal numbers with the units `h m s ms us µs ns`; or `0` alone.
    ///
    /// - Returns: nil for anything else, and for what is out of range.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        if bytes.elementsEqual([UInt8(ascii: "0")]) {
            totalNanoseconds = 0
            return
        }
        guard !bytes.isEmpty else { return nil }
        // The magnitude goes one further below zero than above.
        var total: UInt64 = 0
        while !bytes.isEmpty {
            guard let part = Self.part(&bytes) else { return nil }
            let (sum, isTooLarge) = total.addingReportingOverflow(part)
            guard !isTooLarge, sum <= UInt64(Int64.max) + 1 else { return nil }
            total = sum
        }
        if isNegative {
            totalNanoseconds = Int64(truncatingIfNeeded: 0 &- total)
        } else {
            guard let positive = Int64(exactly: total) else { return nil }
            totalNanoseconds = positive
        }
    }

    /// Takes one number with its unit off the front.
    private static func part(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        let whole = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        bytes.removeFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if bytes.first == UInt8(ascii: ".") {
            bytes.removeFirst()
            fraction = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            bytes.removeFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let unit = bytes.prefix { $0 != UInt8(ascii: ".") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        bytes.removeFirst(unit.count)
        let scale: UInt64
        switch String(decoding: unit, as: UTF8.self) {
        case "ns": scale = 1
        case "us", "\u{b5}s", "\u{3bc}s": scale = 1_000
        case "ms": scale = 1_000_000
        case "s": scale = 1_000_000_000
        case "m": scale = 60_000_000_000
        case "h": scale = 3_600_000_000_000
        default: return nil
        }
        var value: UInt64 = 0
        for digit in whole {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            guard !isTooLarge, product <= UInt64(Int64.max) else { return nil }
            value = product + UInt64(digit - UInt8(ascii: "0"))
        }
        let (product, isTooLarge) = value.multipliedReportingOverflow(by: scale)
        guard !isTooLarge else { return nil }
        return sum(product, fraction: fraction, scale: scale)
    }

    /// Adds a fraction of a unit; what is less than a nanosecond is cut off.
    private static func sum(_ whole: UInt64, fraction: ArraySlice<UInt8>, scale: UInt64) -> UInt64? {
        var numerator: UInt64 = 0
        var denominator: UInt64 = 1
        for digit in fraction.prefix(18) {
            numerator = numerator * 10 + UInt64(digit - UInt8(ascii: "0"))
            denominator *= 10
        }
        let (high, low) = numerator.multipliedFullWidth(by: scale)
        // The quotient is less than the scale, so it fits.
        let nanoseconds = denominator.dividingFullWidth((high, low)).quotient
        let (sum, isTooLarge) = whole.addingReportingOverflow(nanoseconds)
        return isTooLarge ? nil : sum
    }
}

extension DurationValue: CustomStringConvertible {
    /// Seconds with as many decimals as it takes: `5400s`, `-0.25s`.
    public var description: String {
        let magnitude = totalNanoseconds.magnitude
        let sign = totalNanoseconds < 0 ? "-" : ""
        return "\(sign)\(magnitude / 1_000_000_000)\(decimals(UInt32(magnitude % 1_000_000_000)))s"
    }
}

/// A fraction of a second as text: a point and up to nine digits without zeros at the end; nothing for zero.
func decimals(_ nanoseconds: UInt32) -> String {
    guard nanoseconds > 0 else { return "" }
    let digits = String(nanoseconds)
    var text = "." + String(repeating: "0", count: 9 - digits.utf8.count) + digits
    while text.utf8.last == UInt8(ascii: "0") { text.removeLast() }
    return text
}
