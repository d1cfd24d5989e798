/// How long the API server waits for an answer: `?timeout=10s`, which it always appends.
enum RequestTimeout {
    /// What `timeoutSeconds` is when a webhook configuration does not say, in nanoseconds.
    static let `default`: Int64 = 10_000_000_000
    /// The longest `timeoutSeconds` that the API server accepts, in nanoseconds.
    static let longest: Int64 = 30_000_000_000

    /// Reads the timeout out of a query string.
    ///
    /// - Returns: Nanoseconds: the default if there is none, at most `longest`; `nil` if there is one that is not a positive
    ///   duration.
    static func parse(query: Span<UInt8>) -> Int64? {
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count, query[end] != UInt8(ascii: "&") { end += 1 }
            let parameter = query.extracting(start..<end)
            if let value = parameter.suffix(behind: "timeout=") {
                guard let nanoseconds = goDuration(value), nanoseconds > 0 else { return nil }
                return min(nanoseconds, longest)
            }
            start = end + 1
        }
        return `default`
    }

    /// Reads a duration as Go's `time.ParseDuration` does: decimal numbers, each with a unit (`1m30s`, `1.5h`, `200ms`).
    ///
    /// - Returns: Nanoseconds; `nil` for anything else, a sign included, and beyond 292 years.
    static func goDuration(_ text: Span<UInt8>) -> Int64? {
        if text.count == 1, text[0] == UInt8(ascii: "0") { return 0 }
        guard !text.isEmpty else { return nil }
        var total: Int64 = 0
        var index = 0
        while index < text.count {
            var whole: Int64 = 0
            var fraction: Int64 = 0
            var scale: Int64 = 1
            var hasDigits = false
            while index < text.count, let digit = digit(text[index]) {
                let (product, overflows) = whole.multipliedReportingOverflow(by: 10)
                let (sum, overflowsToo) = product.addingReportingOverflow(digit)
                guard !overflows, !overflowsToo else { return nil }
                whole = sum
                hasDigits = true
                index += 1
            }
            if index < text.count, text[index] == UInt8(ascii: ".") {
                index += 1
                while index < text.count, let digit = digit(text[index]) {
                    // Digits beyond the twelfth are below a nanosecond in every unit that people write.
                    if scale < 1_000_000_000_000 {
                        fraction = fraction * 10 + digit
                        scale *= 10
                    }
                    hasDigits = true
                    index += 1
                }
            }
            guard hasDigits else { return nil }
            let unitStart = index
            while index < text.count, digit(text[index]) == nil, text[index] != UInt8(ascii: ".") { index += 1 }
            guard let unit = nanoseconds(ofUnit: text.extracting(unitStart..<index)) else { return nil }
            let (product, overflows) = whole.multipliedReportingOverflow(by: unit)
            let part = Int64(Double(fraction) * (Double(unit) / Double(scale)))
            let (sum, overflowsToo) = total.addingReportingOverflow(product)
            let (end, overflowsThree) = sum.addingReportingOverflow(part)
            guard !overflows, !overflowsToo, !overflowsThree else { return nil }
            total = end
        }
        return total
    }

    private static func digit(_ byte: UInt8) -> Int64? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    private static func nanoseconds(ofUnit unit: Span<UInt8>) -> Int64? {
        // µ has two code points in Unicode (U+00B5, U+03BC), and Go accepts both.
        if unit.equals("s") { return 1_000_000_000 }
        if unit.equals("ms") { return 1_000_000 }
        if unit.equals("m") { return 60_000_000_000 }
        if unit.equals("h") { return 3_600_000_000_000 }
        if unit.equals("us") || unit.equals("\u{b5}s") || unit.equals("\u{3bc}s") { return 1000 }
        if unit.equals("ns") { return 1 }
        return nil
    }
}
