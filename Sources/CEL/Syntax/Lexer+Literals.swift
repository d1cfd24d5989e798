internal import Glibc

// What the tokens of literals stand for.
extension Lexer {
    /// The value of an `int`, with the minus before it if there was one, because -2⁶³ has no positive counterpart.
    func int(_ token: Token, isNegative: Bool) throws(SyntaxIssue) -> Int64 {
        guard let magnitude = magnitude(token.start..<token.end) else { throw outOfRange(token, "an int") }
        if isNegative {
            guard magnitude <= 1 << 63 else { throw outOfRange(token, "an int") }
            return Int64(truncatingIfNeeded: 0 &- magnitude)
        }
        guard let value = Int64(exactly: magnitude) else { throw outOfRange(token, "an int") }
        return value
    }

    /// The value of a `uint`.
    func uint(_ token: Token) throws(SyntaxIssue) -> UInt64 {
        guard let value = magnitude(token.start..<token.end - 1) else { throw outOfRange(token, "a uint") }
        return value
    }

    /// The value of a `double`.
    func double(_ token: Token, isNegative: Bool) throws(SyntaxIssue) -> Double {
        // The lexer has let through digits, a point and an exponent only, all of which `strtod` knows in the C locale.
        let text = (isNegative ? "-" : "") + self.text(token)
        let value = unsafe text.withCString { unsafe strtod($0, nil) }
        guard value.isFinite else { throw outOfRange(token, "a double") }
        return value
    }

    private func outOfRange(_ token: Token, _ type: String) -> SyntaxIssue {
        SyntaxIssue(message: "the number does not fit into \(type)", offset: token.start)
    }

    /// A number of decimal digits, or of hexadecimal ones behind `0x`; nil if 64 bits do not hold it.
    private func magnitude(_ range: Range<Int>) -> UInt64? {
        let isHex = range.count > 2 && bytes[range.lowerBound + 1] == UInt8(ascii: "x")
        let radix: UInt64 = isHex ? 16 : 10
        var value: UInt64 = 0
        for index in (isHex ? range.lowerBound + 2 : range.lowerBound)..<range.upperBound {
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(Self.hexDigit(bytes[index]) ?? 0))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The text of a string literal.
    func string(_ token: Token) throws(SyntaxIssue) -> String {
        let (content, isRaw) = content(token)
        guard content.contains(where: { $0 == UInt8(ascii: "\\") && !isRaw || $0 == UInt8(ascii: "\r") }) else {
            return String(decoding: bytes[content.startIndex..<content.endIndex], as: UTF8.self)
        }
        return String(decoding: try unescape(content, isRaw: isRaw, isBytes: false), as: UTF8.self)
    }

    /// The bytes of a bytes literal.
    func byteString(_ token: Token) throws(SyntaxIssue) -> [UInt8] {
        let (content, isRaw) = content(token)
        return try unescape(content, isRaw: isRaw, isBytes: true)
    }

    /// What is between the quotes.
    private func content(_ token: Token) -> (ArraySlice<UInt8>, isRaw: Bool) {
        var start = token.start
        var isRaw = false
        while bytes[start] != UInt8(ascii: "\""), bytes[start] != UInt8(ascii: "'") {
            isRaw = bytes[start] | 0x20 == UInt8(ascii: "r")
            start += 1
        }
        let isTriple = token.end - start >= 6 && bytes[start + 1] == bytes[start] && bytes[start + 2] == bytes[start]
        let quotes = isTriple ? 3 : 1
        return (bytes[start + quotes..<token.end - quotes], isRaw)
    }

    private func unescape(_ content: ArraySlice<UInt8>, isRaw: Bool, isBytes: Bool) throws(SyntaxIssue) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var index = content.startIndex
        while index < content.endIndex {
            let byte = content[index]
            if byte == UInt8(ascii: "\r") {
                // Lines end with a line feed, however the source ended them.
                result.append(UInt8(ascii: "\n"))
                index += 1
                if index < content.endIndex, content[index] == UInt8(ascii: "\n") { index += 1 }
            } else if byte == UInt8(ascii: "\\"), !isRaw {
                index = try appendEscape(content, at: index, isBytes: isBytes, to: &result)
            } else {
                result.append(byte)
                index += 1
            }
        }
        return result
    }

    /// Appends what the escape at a place stands for.
    ///
    /// - Returns: The place behind it.
    private func appendEscape(
        _ content: ArraySlice<UInt8>,
        at start: Int,
        isBytes: Bool,
        to result: inout [UInt8]
    ) throws(SyntaxIssue) -> Int {
        // The lexer has made sure that something follows a backslash.
        let code = content[start + 1]
        switch code {
        case UInt8(ascii: "a"): result.append(0x07)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "v"): result.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "?"):
            result.append(code)
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            return try appendNumbered(content, start, digits: start + 2..<start + 4, 16, isBytes: isBytes, to: &result)
        case UInt8(ascii: "u") where !isBytes:
            return try appendNumbered(content, start, digits: start + 2..<start + 6, 16, isBytes: false, to: &result)
        case UInt8(ascii: "U") where !isBytes:
            return try appendNumbered(content, start, digits: start + 2..<start + 10, 16, isBytes: false, to: &result)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            return try appendNumbered(content, start, digits: start + 1..<start + 4, 8, isBytes: isBytes, to: &result)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            throw SyntaxIssue(message: "bytes have no escapes for code points; write \\x and two digits", offset: start)
        default:
            throw SyntaxIssue(message: "there is no such escape; for a backslash, write \\\\", offset: start)
        }
        return start + 2
    }

    private func appendNumbered(
        _ content: ArraySlice<UInt8>,
        _ start: Int,
        digits: Range<Int>,
        _ radix: UInt32,
        isBytes: Bool,
        to result: inout [UInt8]
    ) throws(SyntaxIssue) -> Int {
        var value: UInt32 = 0
        for index in digits {
            guard index < content.endIndex, let digit = Self.hexDigit(content[index]), digit < radix else {
                throw SyntaxIssue(
                    message: "the escape needs \(digits.count) \(radix == 8 ? "octal" : "hexadecimal") digits",
                    offset: start
                )
            }
            value = value &* radix &+ UInt32(digit)
        }
        if isBytes {
            result.append(UInt8(truncatingIfNeeded: value))
        } else if let scalar = Unicode.Scalar(value) {
            result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else {
            throw SyntaxIssue(message: "the escape names no code point", offset: start)
        }
        return digits.upperBound
    }
}
