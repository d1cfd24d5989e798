/// The header block that is arriving; a connection has one at a time (RFC 9113 §4.3).
///
/// nghttp2 has checked the characters of each field and, of pseudo-header fields, place and number.
struct IncomingHead {
    /// Where the values of pseudo-header fields are (RFC 9113 §8.3).
    struct Pseudo {
        var method = ByteRange.empty
        var scheme = ByteRange.empty
        var path = ByteRange.empty
        var authority = ByteRange.empty
        var status = ByteRange.empty
    }

    /// The fields, and in their buffer the values of the pseudo-header fields.
    var fields = HTTPFields()
    private(set) var pseudo = Pseudo()
    /// Why the head is refused once it is complete.
    private(set) var refusal: HTTPFailure.Code?
    private var isTrailers = false
    /// As RFC 9113 §6.5.2 counts it: names, values and 32 for each field, in bytes.
    private var size = 0

    /// Starts a head, or a trailer section, which is counted and thrown away.
    mutating func begin(isTrailers: Bool) {
        self = IncomingHead()
        self.isTrailers = isTrailers
        guard !isTrailers else { return }
        fields.bytes.reserveCapacity(256)
        fields.entries.reserveCapacity(16)
    }

    /// Adds a field.
    ///
    /// - Returns: False if there is so much that not even an answer is worth reading on.
    mutating func append(
        name: UnsafeBufferPointer<UInt8>,
        value: UnsafeBufferPointer<UInt8>,
        limits: borrowing HTTPLimits
    ) -> Bool {
        size += name.count + value.count + 32
        guard size <= 4 * limits.headBytes else { return false }
        if isTrailers {
            if size > limits.trailerBytes { refusal = .trailerTooLarge }
        } else if size > limits.headBytes {
            refusal = .headTooLarge
        } else if unsafe name.first == UInt8(ascii: ":") {
            let range = unsafe store(value)
            let name = unsafe Span(_unsafeElements: name)
            if name.isExactly(":path") {
                pseudo.path = range
            } else if name.isExactly(":method") {
                pseudo.method = range
            } else if name.isExactly(":scheme") {
                pseudo.scheme = range
            } else if name.isExactly(":authority") {
                pseudo.authority = range
            } else if name.isExactly(":status") {
                pseudo.status = range
            }
        } else if fields.count < limits.fieldCount {
            let nameRange = unsafe store(name)
            let valueRange = unsafe store(value)
            fields.entries.append(HTTPFields.Entry(name: nameRange, value: valueRange))
        } else {
            refusal = .tooManyFields
        }
        return true
    }

    private mutating func store(_ text: UnsafeBufferPointer<UInt8>) -> ByteRange {
        let start = fields.bytes.count
        unsafe fields.bytes.append(contentsOf: text)
        return ByteRange(start, fields.bytes.count)
    }
}
