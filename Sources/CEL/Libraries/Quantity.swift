/// A number as Kubernetes writes amounts of resources (`resource.Quantity` of apimachinery), with its two representations:
/// what `asInteger` can tell depends on which one a value has, not only on the value.
struct Quantity: Sendable {
    private enum Amount: Sendable {
        /// `value × 10^scale`
        case small(value: Int64, scale: Int)
        case large(Decimal)
    }

    private let amount: Amount

    private init(_ amount: Amount) { self.amount = amount }

    /// A whole number.
    init(_ value: Int64) { amount = .small(value: value, scale: 0) }

    /// Digits and exponent together, beyond what anything real needs and before arithmetic takes long.
    ///
    /// Kubernetes has no such limit: `1e2147483647` is a quantity there until it is compared.
    static let maximumDigits = 1000

    // MARK: Parsing

    /// Reads a number with a suffix (`1.5Gi`, `100m`, `12e6`).
    ///
    /// - Throws: What Kubernetes says about it.
    init(_ text: [UInt8]) throws(CELError) {
        let parts = try Parts(text)
        guard let suffix = Suffix(parts.suffix) else { throw Self.flaw("unable to parse quantity's suffix") }
        guard parts.whole.count + parts.fraction.count + abs(suffix.exponent) <= Self.maximumDigits else {
            throw Self.flaw("a quantity of more than \(Self.maximumDigits) digits")
        }
        if let small = Self.small(parts, suffix) {
            amount = small
        } else {
            guard parts.hasDigits else { throw Self.flaw("unable to parse numeric part of quantity") }
            var decimal = Decimal(digits: parts.whole + parts.fraction, scale: parts.fraction.count)
            if suffix.isBinary {
                for _ in 0..<(suffix.exponent / 10) { decimal.multiply(by: 1024) }
            } else {
                decimal.scale -= suffix.exponent
            }
            decimal.roundAway(scale: 9)
            // Only amounts with binary suffixes are capped.
            if suffix.isBinary, decimal.order(Self.largest) > 0 { decimal = Self.largest }
            decimal.isNegative = parts.isNegative && !decimal.isZero
            amount = .large(decimal)
        }
    }

    private static let largest = Decimal(Int64.max, scale: 0)

    /// The representation in 64 bits, for numbers that Kubernetes takes for short enough.
    private static func small(_ parts: Parts, _ suffix: Suffix) -> Amount? {
        let digits = parts.whole.count + parts.fraction.count
        var scale = suffix.isBinary ? 0 : suffix.exponent
        if suffix.isBinary {
            // A binary suffix takes about three digits for ten bits.
            guard parts.fraction.isEmpty, digits + suffix.exponent * 3 / 10 + 1 <= 15 else { return nil }
        } else {
            guard digits <= 18 else { return nil }
        }
        scale -= parts.fraction.count
        guard scale >= -9, let value = Int64(String(decoding: parts.whole + parts.fraction, as: UTF8.self)) else {
            return nil
        }
        let (product, overflow) = value.multipliedReportingOverflow(by: suffix.isBinary ? 1 << suffix.exponent : 1)
        guard !overflow else { return nil }
        return .small(value: parts.isNegative ? -product : product, scale: scale)
    }

    /// The parts of `-012.50Ki`: a sign, 12, 50 and Ki.
    private struct Parts {
        let isNegative: Bool
        /// Without leading zeros, but never empty.
        let whole: ArraySlice<UInt8>
        let fraction: ArraySlice<UInt8>
        let suffix: ArraySlice<UInt8>
        /// Whether there are any digits; only some numbers without them are refused.
        let hasDigits: Bool

        init(_ text: [UInt8]) throws(CELError) {
            var rest = text[...]
            isNegative = rest.first == UInt8(ascii: "-")
            if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard !text.isEmpty else { throw Self.malformed }
            rest = rest.drop { $0 == UInt8(ascii: "0") }
            let digits = rest.prefix(while: Self.isDigit)
            rest = rest.dropFirst(digits.count)
            whole = digits.isEmpty ? [UInt8(ascii: "0")] : digits
            if rest.first == UInt8(ascii: ".") {
                rest = rest.dropFirst()
                fraction = rest.prefix(while: Self.isDigit)
                rest = rest.dropFirst(fraction.count)
            } else {
                fraction = []
            }
            suffix = rest
            hasDigits = text[..<rest.startIndex].contains(where: Self.isDigit)
            let letters = Array("eEinumkKMGTP".utf8)
            rest = rest.drop { letters.contains($0) }
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard rest.allSatisfy(Self.isDigit) else { throw Self.malformed }
        }

        private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

        private static var malformed: CELError {
            Quantity.flaw(
                "quantities must match the regular expression "
                    + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            )
        }
    }

    private struct Suffix {
        let isBinary: Bool
        /// Of 10, or of 2 if it is binary.
        let exponent: Int

        private static let decimal = [
            "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
        ]
        private static let binary = ["Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60]

        init?(_ text: ArraySlice<UInt8>) {
            let name = String(decoding: text, as: UTF8.self)
            isBinary = Self.binary[name] != nil
            if let known = Self.decimal[name] ?? Self.binary[name] {
                exponent = known
            } else if text.count > 1, text.first.map({ $0 | 0x20 }) == UInt8(ascii: "e"),
                let parsed = Int64(name.dropFirst())
            {
                // There the number is cut to 32 bits.
                exponent = Int(Int32(truncatingIfNeeded: parsed))
            } else {
                return nil
            }
        }
    }

    private static func flaw(_ reason: String) -> CELError { CELError(.invalidArgument, reason) }

    // MARK: Reading

    /// The value if it is a whole number of 64 bits in the smaller representation.
    var integer: Int64? {
        guard case .small(var value, let scale) = amount, scale >= 0 else { return nil }
        guard value != 0, scale > 0 else { return value }
        for _ in 0..<scale {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
        }
        return value
    }

    /// The nearest double of the digits, times a power of ten.
    var approximate: Double {
        switch amount {
        case .small(let value, let scale): Self.double(Double(value), scale)
        case .large(let decimal): Self.double(decimal.unscaledDouble, -decimal.scale)
        }
    }

    private static func double(_ base: Double, _ exponent: Int) -> Double {
        guard exponent != 0 else { return base }
        return base * (Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity))
    }

    /// -1, 0 or 1.
    var sign: Int { order(Quantity(0)) }

    /// -1, 0 or 1.
    func order(_ other: Quantity) -> Int {
        if case .small(let mine, let scale) = amount, case .small(let theirs, scale) = other.amount {
            return mine == theirs ? 0 : mine < theirs ? -1 : 1
        }
        return decimal.order(other.decimal)
    }

    private var decimal: Decimal {
        switch amount {
        case .small(let value, let scale): Decimal(value, scale: -scale)
        case .large(let decimal): decimal
        }
    }

    // MARK: Arithmetic

    static func + (first: Quantity, second: Quantity) throws(CELError) -> Quantity {
        if case .small(let mine, let scale) = first.amount, case .small(let theirs, let otherScale) = second.amount {
            if theirs == 0 { return first }
            if mine == 0 { return second }
            let common = Swift.min(scale, otherScale)
            if let mine = rescaled(mine, by: scale - common), let theirs = rescaled(theirs, by: otherScale - common) {
                let (sum, overflow) = mine.addingReportingOverflow(theirs)
                if !overflow { return Quantity(.small(value: sum, scale: common)) }
            }
        }
        let sum = first.decimal.adding(second.decimal)
        guard sum.digits.count <= 4 * maximumDigits else {
            throw flaw("a quantity of more than \(4 * maximumDigits) digits")
        }
        return Quantity(.large(sum))
    }

    static func - (first: Quantity, second: Quantity) throws(CELError) -> Quantity {
        switch second.amount {
        case .small(let value, let scale):
            // The most negative number stays what it is, as in Go.
            return try first + Quantity(.small(value: 0 &- value, scale: scale))
        case .large(var decimal):
            decimal.isNegative = !decimal.isNegative && !decimal.isZero
            return try first + Quantity(.large(decimal))
        }
    }

    private static func rescaled(_ value: Int64, by scale: Int) -> Int64? {
        guard scale < 19 else { return nil }
        var value = value
        for _ in 0..<scale {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
        }
        return value
    }
}

/// A whole number of any length times a power of ten.
private struct Decimal: Sendable {
    /// From the highest on, without leading zeros; none for zero.
    private(set) var digits: [UInt8]
    /// How many of the digits are behind the point; negative for zeros that follow them.
    var scale: Int
    var isNegative = false

    /// From digits as text.
    init(digits text: some Sequence<UInt8>, scale: Int) {
        digits = text.drop { $0 == UInt8(ascii: "0") }.map { $0 - UInt8(ascii: "0") }
        self.scale = scale
    }

    init(_ value: Int64, scale: Int) {
        self.init(digits: String(value.magnitude).utf8, scale: scale)
        isNegative = value < 0
    }

    var isZero: Bool { digits.isEmpty }

    /// The digits as a number.
    var unscaledDouble: Double {
        let text = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        let value = isZero ? 0 : Double(text) ?? .infinity
        return isNegative ? -value : value
    }

    mutating func multiply(by factor: Int) {
        var carry = 0
        for index in digits.indices.reversed() {
            let product = Int(digits[index]) * factor + carry
            digits[index] = UInt8(product % 10)
            carry = product / 10
        }
        while carry > 0 {
            digits.insert(UInt8(carry % 10), at: 0)
            carry /= 10
        }
    }

    /// Gives a number that is not zero so many digits behind the point, rounded away from zero.
    mutating func roundAway(scale newScale: Int) {
        guard !isZero else { return }
        if newScale >= scale {
            digits.append(contentsOf: repeatElement(0, count: newScale - scale))
        } else {
            let dropped = digits.suffix(scale - newScale)
            let isExact = dropped.allSatisfy { $0 == 0 }
            digits.removeLast(dropped.count)
            if !isExact { digits = Self.sum(digits, [1]) }
        }
        scale = newScale
    }

    /// The digits with zeros behind, so that so many are behind the point.
    private func digits(at newScale: Int) -> [UInt8] {
        isZero ? [] : digits + repeatElement(0, count: newScale - scale)
    }

    func adding(_ other: Decimal) -> Decimal {
        let common = Swift.max(scale, other.scale)
        let (mine, theirs) = (digits(at: common), other.digits(at: common))
        var result = Decimal(digits: [], scale: common)
        if isNegative == other.isNegative {
            result.digits = Self.sum(mine, theirs)
            result.isNegative = isNegative
        } else {
            let order = Self.order(mine, theirs)
            result.digits = order >= 0 ? Self.difference(mine, theirs) : Self.difference(theirs, mine)
            result.isNegative = order > 0 ? isNegative : order < 0 && other.isNegative
        }
        return result
    }

    /// -1, 0 or 1.
    func order(_ other: Decimal) -> Int {
        guard !isZero || !other.isZero else { return 0 }
        let (mine, theirs) = (isZero ? 0 : isNegative ? -1 : 1, other.isZero ? 0 : other.isNegative ? -1 : 1)
        guard mine == theirs else { return mine < theirs ? -1 : 1 }
        let common = Swift.max(scale, other.scale)
        return Self.order(digits(at: common), other.digits(at: common)) * mine
    }

    private static func order(_ first: [UInt8], _ second: [UInt8]) -> Int {
        guard first.count == second.count else { return first.count < second.count ? -1 : 1 }
        return first == second ? 0 : first.lexicographicallyPrecedes(second) ? -1 : 1
    }

    private static func sum(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        let (longer, shorter) = first.count >= second.count ? (first, second) : (second, first)
        var result = longer
        var carry: UInt8 = 0
        for place in 0..<longer.count {
            let index = longer.count - 1 - place
            let other = place < shorter.count ? shorter[shorter.count - 1 - place] : 0
            let digit = longer[index] + other + carry
            result[index] = digit % 10
            carry = digit / 10
        }
        if carry > 0 { result.insert(carry, at: 0) }
        return result
    }

    /// The difference of a number and one that is not greater.
    private static func difference(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        var result = first
        var borrow: UInt8 = 0
        for place in 0..<first.count {
            let index = first.count - 1 - place
            let other = (place < second.count ? second[second.count - 1 - place] : 0) + borrow
            borrow = first[index] < other ? 1 : 0
            result[index] = first[index] + borrow * 10 - other
        }
        return Array(result.drop { $0 == 0 })
    }
}
