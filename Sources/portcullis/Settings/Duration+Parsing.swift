extension Duration {
    /// Reads a whole number with its unit: `250ms`, `10s`, `5m`, `1h`.
    ///
    /// A bare `0` too; nothing if it is none of these.
    init?(parsing text: String) {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let number = Int64(digits) else { return nil }
        switch text[digits.endIndex...] {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "m" where number <= 1_000_000: self = .seconds(number * 60)
        case "h" where number <= 1_000_000: self = .seconds(number * 3600)
        case "" where number == 0: self = .zero
        default: return nil
        }
    }
}
