internal import JSON

/// An IPv4 or IPv6 address, read and written as Go's `net/netip` does, without zones and without IPv4 inside of IPv6.
package struct IPAddress: Hashable, Sendable {
    /// 4 or 6.
    package let family: Int
    /// The address's bits at the low end.
    package let bits: UInt128

    /// How many bits an address has.
    package var bitCount: Int { family == 4 ? 32 : 128 }

    package init(family: Int, bits: UInt128) {
        self.family = family
        self.bits = bits
    }

    /// Reads an address.
    ///
    /// - Throws: What is wrong with it, in words that follow a text such as "parse error: ".
    package init(_ text: Span<UInt8>) throws(Flaw) {
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "."):
                family = 4
                bits = UInt128(try Self.version4(text))
                return
            case UInt8(ascii: ":"):
                family = 6
                bits = try Self.version6(text)
                guard bits >> 32 != 0xFFFF else { throw Flaw.mapped }
                return
            case UInt8(ascii: "%"): throw Flaw.malformed("missing IPv6 address")
            default: continue
            }
        }
        throw Flaw.malformed("unable to parse IP")
    }

    /// Why a text is not an address.
    package enum Flaw: Error {
        case malformed(String)
        case zone
        case mapped
    }

    private static func version4(_ text: Span<UInt8>) throws(Flaw) -> UInt32 {
        var result: UInt32 = 0
        var fields = 0
        var start = 0
        for index in 0...text.count {
            if index < text.count, text[index] != UInt8(ascii: ".") {
                guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[index] else {
                    throw Flaw.malformed("unexpected character in an IPv4 address")
                }
                continue
            }
            guard index > start else { throw Flaw.malformed("IPv4 field must have at least one digit") }
            guard index - start == 1 || text[start] != UInt8(ascii: "0") else {
                throw Flaw.malformed("IPv4 field has octet with leading zero")
            }
            var value: UInt32 = 0
            for digit in start..<Swift.min(index, start + 4) { value = value * 10 + UInt32(text[digit] - 0x30) }
            guard index - start <= 3, value <= 255 else { throw Flaw.malformed("IPv4 field has value >255") }
            fields += 1
            guard fields <= 4 else { throw Flaw.malformed("IPv4 address too long") }
            result = result << 8 | value
            start = index + 1
        }
        guard fields == 4 else { throw Flaw.malformed("IPv4 address too short") }
        return result
    }

    private static func version6(_ text: Span<UInt8>) throws(Flaw) -> UInt128 {
        for index in text.indices where text[index] == UInt8(ascii: "%") {
            guard index + 1 < text.count else { throw Flaw.malformed("zone must be a non-empty string") }
            _ = try version6(text.extracting(0..<index))
            throw Flaw.zone
        }
        // The words before and after the `::`; a word is 16 bits.
        var words: [UInt16] = []
        var gap: Int?
        var index = 0
        if text.count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
            gap = 0
            index = 2
        }
        while index < text.count, words.count < 8 {
            let start = index
            var word: UInt32 = 0
            while index < text.count, let digit = hexadecimal(text[index]) {
                word = word << 4 | digit
                index += 1
                guard index - start <= 4 else { throw Flaw.malformed("each group must have 4 or less digits") }
            }
            guard index > start else { throw Flaw.malformed("each colon-separated field must have at least one digit") }
            if index < text.count, text[index] == UInt8(ascii: ".") {
                guard words.count <= 6, gap != nil || words.count == 6 else {
                    throw Flaw.malformed("embedded IPv4 address must replace the final 2 fields of the address")
                }
                let address = try version4(text.extracting(start..<text.count))
                words += [UInt16(address >> 16), UInt16(address & 0xFFFF)]
                index = text.count
                break
            }
            words.append(UInt16(word))
            guard index < text.count else { break }
            guard text[index] == UInt8(ascii: ":") else { throw Flaw.malformed("unexpected character, want colon") }
            index += 1
            guard index < text.count else { throw Flaw.malformed("colon must be followed by more characters") }
            if text[index] == UInt8(ascii: ":") {
                guard gap == nil else { throw Flaw.malformed("multiple :: in address") }
                gap = words.count
                index += 1
            }
        }
        guard index == text.count else { throw Flaw.malformed("trailing garbage after address") }
        if let gap {
            guard words.count < 8 else { throw Flaw.malformed("the :: must expand to at least one field of zeros") }
            words.insert(contentsOf: [UInt16](repeating: 0, count: 8 - words.count), at: gap)
        }
        guard words.count == 8 else { throw Flaw.malformed("address string too short") }
        return words.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - 0x30)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - 0x61) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - 0x41) + 10
        default: nil
        }
    }

    /// The one canonical text (RFC 5952): lower case, no leading zeros, the first longest run of two or more zeros as `::`.
    package var text: String {
        if family == 4 {
            return (0..<4).map { String(bits >> UInt128(24 - $0 * 8) & 0xFF) }.joined(separator: ".")
        }
        var run = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, word(end) == 0 { end += 1 }
            if end - index > Swift.max(run.count, 1) { run = index..<end }
            index = Swift.max(end, index + 1)
        }
        guard !run.isEmpty else { return hexadecimal(0..<8) }
        return hexadecimal(0..<run.lowerBound) + "::" + hexadecimal(run.upperBound..<8)
    }

    private func word(_ index: Int) -> UInt16 { UInt16(bits >> UInt128(112 - index * 16) & 0xFFFF) }

    private func hexadecimal(_ words: Range<Int>) -> String {
        words.map { String(word($0), radix: 16) }.joined(separator: ":")
    }
}

// MARK: Kinds

extension IPAddress {
    var isUnspecified: Bool { bits == 0 }
    var isLoopback: Bool { family == 4 ? bits >> 24 == 127 : bits == 1 }
    var isMulticast: Bool { family == 4 ? bits >> 28 == 0xE : bits >> 120 == 0xFF }
    /// 224.0.0.0/24, and the scope 2 of IPv6.
    var isLinkLocalMulticast: Bool { family == 4 ? bits >> 8 == 0xE00000 : bits >> 112 & 0xFF0F == 0xFF02 }
    /// 169.254.0.0/16, fe80::/10.
    var isLinkLocalUnicast: Bool { family == 4 ? bits >> 16 == 0xA9FE : bits >> 118 == 0xFE80 >> 6 }
    var isGlobalUnicast: Bool {
        !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast && !(family == 4 && bits == 0xFFFF_FFFF)
    }
}

/// An address and the number of its leading bits that name a network; the others may be anything.
package struct IPPrefix: Hashable, Sendable {
    package let address: IPAddress
    package let length: Int

    init(_ address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }

    /// Reads `address/length`.
    package init(_ text: Span<UInt8>) throws(IPAddress.Flaw) {
        guard let slash = text.last(of: [UInt8(ascii: "/")].span, endingBy: text.count) else {
            throw IPAddress.Flaw.malformed("no '/'")
        }
        do throws(IPAddress.Flaw) {
            address = try IPAddress(text.extracting(0..<slash))
        } catch {
            if case .zone = error { throw IPAddress.Flaw.malformed("IPv6 zones cannot be present in a prefix") }
            throw error
        }
        let digits = text.extracting((slash + 1)..<text.count)
        var length = 0
        for index in digits.indices {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digits[index], index < 3 else {
                throw IPAddress.Flaw.malformed("bad bits after slash")
            }
            length = length * 10 + Int(digits[index] - 0x30)
        }
        guard !digits.isEmpty, digits.count == 1 || digits[0] != UInt8(ascii: "0") else {
            throw IPAddress.Flaw.malformed("bad bits after slash")
        }
        guard length <= address.bitCount else { throw IPAddress.Flaw.malformed("prefix length out of range") }
        self.length = length
    }

    /// The prefix with zeros after the network's bits.
    var masked: IPPrefix { IPPrefix(IPAddress(family: address.family, bits: network), length: length) }

    /// Whether an address is of the network; never if it is of the other family.
    func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && IPPrefix(other, length: length).network == network
    }

    /// Whether a whole network lies in this one.
    func contains(_ other: IPPrefix) -> Bool { length <= other.length && contains(other.address) }

    private var network: UInt128 {
        let shift = UInt128(address.bitCount - length)
        return (address.bits >> shift) << shift
    }

    package var text: String { "\(address.text)/\(length)" }
}
