internal import JSON

extension JSONWriter {
    /// Writes bytes as a string in base64 with padding (RFC 4648 §4), as Go encodes `[]byte`.
    mutating func base64(_ bytes: [UInt8]) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let padding = UInt8(ascii: "=")
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        alphabet.withUTF8Buffer { digits in
            var index = 0
            while index < bytes.count {
                let left = bytes.count - index
                let group =
                    UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                    | (left > 2 ? UInt32(bytes[index + 2]) : 0)
                unsafe text.append(digits[Int(group >> 18 & 63)])
                unsafe text.append(digits[Int(group >> 12 & 63)])
                text.append(left > 1 ? unsafe digits[Int(group >> 6 & 63)] : padding)
                text.append(left > 2 ? unsafe digits[Int(group & 63)] : padding)
                index += 3
            }
        }
        string(text.span)
    }
}
