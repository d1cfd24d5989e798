/// How CEL writes and reads floating-point numbers.
enum DoubleText {
    /// As `string(double)` writes it: the fewest digits that read back as the same number.
    static func shortest(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return ShortestDecimal(value).general
    }

    /// As a literal of the language: never with an exponent, always with a point.
    static func literal(_ value: Double) -> String {
        if value.isNaN { return "double(\"NaN\")" }
        if value.isInfinite { return value < 0 ? "double(\"-Infinity\")" : "double(\"Infinity\")" }
        let text = ShortestDecimal(value).fixed
        return text.utf8.contains(UInt8(ascii: ".")) ? text : text + ".0"
    }

    /// Reads what `double(string)` takes: decimal or hexadecimal, with exponent, or `inf`, `infinity`, `nan` in any case.
    static func parse(_ text: String) -> Double? {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        switch String(decoding: rest.map { $0 | 0x20 }, as: UTF8.self) {
        case "inf", "infinity": return isNegative ? -Double.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        guard let first = rest.first, first == UInt8(ascii: ".") || isDigit(first) else { return nil }
        let isHexadecimal = first == UInt8(ascii: "0") && rest.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
        // A hexadecimal number must have a binary exponent.
        guard !isHexadecimal || rest.contains(where: { $0 | 0x20 == UInt8(ascii: "p") }) else { return nil }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
