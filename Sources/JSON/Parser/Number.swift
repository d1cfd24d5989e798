/// The numbers of RFC 8259 §6, as the Kubernetes API server understands them.
///
/// Its decoder (sigs.k8s.io/json, `convertNumber`) makes an `int64` of what has neither fraction nor exponent and fits, a
/// `float64` of everything else, and refuses what overflows that. So `-0` is the integer 0, `1e-400` is 0, and `1e400` is an
/// error.
enum Number {
    /// Reads the number that begins at `start`.
    ///
    /// - Returns: Where it ends, and whether it is an `.int` or a `.double`.
    @inline(__always)
    static func scan(
        _ bytes: Span<UInt8>,
        from start: Int
    ) throws(Fault) -> (end: Int, kind: JSONValue.Kind) {
        var index = start
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative {
            index &+= 1
            guard index < bytes.count else { throw Fault(.unexpectedEnd, at: index) }
        }
        let firstDigit = index
        var digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { throw Fault(.invalidNumber, at: index) }
        if digit == 0 {
            index &+= 1
            if index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { throw Fault(.invalidNumber, at: index) }
        } else {
            repeat {
                index &+= 1
                guard index < bytes.count else { break }
                digit = bytes[index] &- UInt8(ascii: "0")
            } while digit < 10
        }
        if index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
                return (try scanReal(bytes, from: start, at: index), .double)
            }
        }
        let digits = index &- firstDigit
        if digits <= 18 { return (index, .int) }
        if digits == 19, fits(bytes, from: firstDigit, isNegative: isNegative) { return (index, .int) }
        return (try checkedEnd(bytes, from: start, end: index), .double)
    }

    /// The double nearest to a number that `scan` has accepted.
    static func double(_ lexeme: Span<UInt8>) -> Double {
        // `scan` has seen that it is one.
        Double(String(lexeme)) ?? .nan
    }

    /// Fraction and exponent, from the byte that begins them.
    private static func scanReal(_ bytes: Span<UInt8>, from start: Int, at place: Int) throws(Fault) -> Int {
        var index = place
        if bytes[index] == UInt8(ascii: ".") {
            index = try scanDigits(bytes, from: index &+ 1)
        }
        var exponentDigits = 0
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index &+= 1
            }
            let first = index
            index = try scanDigits(bytes, from: index)
            exponentDigits = index &- first
        }
        // 200 digits times 10⁹⁹ are far from the largest double (1.8 × 10³⁰⁸).
        return exponentDigits < 3 && index &- start <= 200 ? index : try checkedEnd(bytes, from: start, end: index)
    }

    /// The end of one or more digits.
    private static func scanDigits(_ bytes: Span<UInt8>, from start: Int) throws(Fault) -> Int {
        var index = start
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index &+= 1 }
        guard index > start else {
            throw Fault(index < bytes.count ? .invalidNumber : .unexpectedEnd, at: index)
        }
        return index
    }

    private static func checkedEnd(_ bytes: Span<UInt8>, from start: Int, end: Int) throws(Fault) -> Int {
        guard double(bytes.extracting(start..<end)).isFinite else { throw Fault(.numberOutOfRange, at: start) }
        return end
    }

    /// Whether 19 digits are no more than an `Int64` holds.
    private static func fits(_ bytes: Span<UInt8>, from start: Int, isNegative: Bool) -> Bool {
        var magnitude: UInt64 = 0  // 19 digits always fit 64 bits
        for index in start..<(start &+ 19) {
            magnitude = magnitude &* 10 &+ UInt64(bytes[index] &- UInt8(ascii: "0"))
        }
        return magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0)
    }
}

/// An error before its line and column are counted.
struct Fault: Error {
    let code: JSONError.Code
    let offset: Int

    init(_ code: JSONError.Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}
