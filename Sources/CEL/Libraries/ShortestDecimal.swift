internal import Glibc

/// The fewest decimal digits that stand for a finite double and no other.
struct ShortestDecimal {
    private let isNegative: Bool
    /// Without zeros at the ends; empty for zero.
    private let digits: [UInt8]
    /// Where the decimal point is, from before the first digit on: 1.5 has 1, 0.015 has -1.
    private let point: Int

    init(_ value: Double) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        // Swift's own description has these digits, with a point or an exponent or both.
        let text = Array(value.magnitude.description.utf8)
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(mark + 1)...], as: UTF8.self)) ?? 0
        }
        for byte in text.prefix(while: { $0 != UInt8(ascii: "e") }) {
            if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte) }
        }
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        self.point = (point ?? digits.count) + exponent - zeros
        digits.removeFirst(zeros)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        self.digits = digits
        isNegative = value.sign == .minus
    }

    /// All digits, without an exponent: Go's `strconv.FormatFloat(x, 'f', -1, 64)`.
    var fixed: String {
        var text: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        if point <= 0 { text.append(UInt8(ascii: "0")) }
        for index in 0..<max(point, 0) { text.append(index < digits.count ? digits[index] : UInt8(ascii: "0")) }
        if digits.count > max(point, 0) {
            text.append(UInt8(ascii: "."))
            for _ in 0..<max(-point, 0) { text.append(UInt8(ascii: "0")) }
            text.append(contentsOf: digits[max(point, 0)...])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// With an exponent if there are more than four zeros before or more than six digits in front of the point: Go's
    /// `strconv.FormatFloat(x, 'g', -1, 64)`.
    var general: String {
        let exponent = point - 1
        guard !digits.isEmpty, exponent < -4 || exponent >= 6 else { return fixed }
        var text: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        text.append(digits[0])
        if digits.count > 1 {
            text.append(UInt8(ascii: "."))
            text.append(contentsOf: digits[1...])
        }
        text.append(UInt8(ascii: "e"))
        text.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        if exponent.magnitude < 10 { text.append(UInt8(ascii: "0")) }
        text.append(contentsOf: String(exponent.magnitude).utf8)
        return String(decoding: text, as: UTF8.self)
    }
}

extension Double {
    /// The exact value rounded half to even to so many digits after the point, with an exponent of two digits or more if
    /// asked for: C's `%.*f` and `%.*e`, which round as Go's do.
    ///
    /// - Precondition: The value is finite.
    func text(digits: Int, scientific: Bool) -> String {
        // 309 digits before the point, a sign, the point, an exponent.
        let capacity = 330 + digits
        return unsafe String(unsafeUninitializedCapacity: capacity) { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                let count = unsafe withVaList([Int32(digits), self]) {
                    unsafe vsnprintf(buffer.baseAddress, capacity, scientific ? "%.*e" : "%.*f", $0)
                }
                return Swift.min(Int(count), capacity - 1)
            }
        }
    }
}
