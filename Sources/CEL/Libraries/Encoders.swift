extension Library {
    /// Base64 (cel-go `ext/encoders.go`, RFC 4648 §4).
    static let encoders = Library(
        name: "encoders",
        functions: [
            Function(
                "base64.decode",
                .function(
                    "base64_decode_string",
                    [.string],
                    .bytes,
                    availability: .standardOnly,
                    charge: .traversal,
                    .unary { (text, evaluation) throws(CELError) in
                        .bytes(try Base64.decode(evaluation.utf8(text)))
                    }
                )
            ),
            Function(
                "base64.encode",
                .function(
                    "base64_encode_bytes",
                    [.bytes],
                    .string,
                    availability: .standardOnly,
                    charge: .traversal,
                    .unary { (bytes, evaluation) throws(CELError) in
                        var result = TextBuilder(evaluation)
                        try Base64.encode(bytes.bytesValue, to: &result)
                        return result.value
                    }
                )
            ),
        ]
    )
}

enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    static func encode(_ bytes: [UInt8], to result: inout TextBuilder) throws(CELError) {
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<Swift.min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for byte in group { word = word << 8 | UInt32(byte) }
            word <<= UInt32(3 - group.count) * 8
            for digit in 0..<4 {
                let index = Int(word >> UInt32(18 - digit * 6) & 0x3F)
                try result.append(digit <= group.count ? alphabet[index] : padding)
            }
        }
    }

    /// Ends of lines are skipped; padding may be left away but not be wrong.
    static func decode(_ text: [UInt8]) throws(CELError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3 + 2)
        var word: UInt32 = 0
        var digits = 0
        var padded = 0
        for (offset, byte) in text.enumerated() where byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") {
            if byte == padding {
                padded += 1
                // Two digits need two, three need one.
                guard digits >= 2, digits + padded <= 4 else { throw corrupt(offset) }
                continue
            }
            guard padded == 0, let value = value(of: byte) else { throw corrupt(offset) }
            word = word << 6 | value
            digits += 1
            if digits == 4 {
                result.append(contentsOf: [UInt8(word >> 16 & 0xFF), UInt8(word >> 8 & 0xFF), UInt8(word & 0xFF)])
                (word, digits) = (0, 0)
            }
        }
        guard padded == 0 || digits + padded == 4, digits != 1 else { throw corrupt(text.count) }
        if digits == 2 { result.append(UInt8(word >> 4 & 0xFF)) }
        if digits == 3 { result.append(contentsOf: [UInt8(word >> 10 & 0xFF), UInt8(word >> 2 & 0xFF)]) }
        return result
    }

    private static func corrupt(_ offset: Int) -> CELError {
        CELError(.invalidArgument, "illegal base64 data at input byte \(offset)")
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
