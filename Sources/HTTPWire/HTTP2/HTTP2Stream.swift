/// One request and its response on an HTTP/2 connection, as far as they have come.
final class HTTP2Stream {
    enum Phase {
        /// The other side's head is awaited or arriving.
        case head
        /// The other side's body is arriving.
        case body
        /// The other side's message was reported whole.
        case complete
        /// A server's answer is on its way; what still arrives of the request is thrown away.
        case answered
    }

    let id: Int32
    var phase = Phase.head
    /// Whether the other side's message is still awaited.
    var isUnfinished: Bool { phase == .head || phase == .body }

    /// The fields of the other side's head, as they arrive.
    var fields = HTTPFields()
    /// The request's head, in a server.
    var request = RequestHead()
    /// The response's head, in a client.
    var response = ResponseHead()
    /// Size of the head so far as RFC 9113 §6.5.2 counts it: names, values and 32 for each field, in bytes.
    var headBytes = 0
    /// Why the head is refused once it is complete.
    var refusal: HTTPFailure.Code?
    var pseudo = PseudoFields()

    /// What arrived of the other side's body.
    var body: [UInt8] = []
    /// How much of it the connection's window has not got back.
    var unconsumedBytes = 0
    /// Whether the other side's END_STREAM was there.
    var hasEnded = false

    /// The body that we send.
    var outgoing: [UInt8] = []
    var sentBytes = 0

    /// When the stream has waited too long for its peer.
    var deadlineNanoseconds = UInt64.max
    /// Why it was reset from our side.
    var failure: HTTPFailure.Code?

    init(id: Int32) {
        self.id = id
    }

    /// Hands over the body.
    func takeBody() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &body)
        return taken
    }
}

/// Where a head keeps the values of its pseudo-header fields (RFC 9113 §8.3); nghttp2 has seen to presence and order.
struct PseudoFields {
    var method = ByteRange.empty
    var scheme = ByteRange.empty
    var path = ByteRange.empty
    var authority = ByteRange.empty
    var status = ByteRange.empty
}

extension HTTPFields {
    /// Stores a field that HPACK decoded.
    mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        let nameRange = unsafe store(name)
        let valueRange = unsafe store(value)
        entries.append(Entry(name: nameRange, value: valueRange))
    }

    /// Stores bytes that are no field of their own.
    mutating func store(_ text: UnsafeBufferPointer<UInt8>) -> ByteRange {
        let start = bytes.count
        unsafe bytes.append(contentsOf: text)
        return ByteRange(start, bytes.count)
    }
}
