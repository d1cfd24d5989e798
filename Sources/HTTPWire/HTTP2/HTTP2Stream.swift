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

    /// The request's head, in a server.
    var request = RequestHead()
    /// The response's head, in a client.
    var response = ResponseHead()

    /// What arrived of the other side's body.
    var body: [UInt8] = []
    /// Its length as the head announced it.
    var announcedBytes: Int?
    /// Whether a window for the whole of it was asked for.
    var hasAskedForWindow = false
    /// What it may hold of the memory for large bodies.
    var grantedBytes = 0
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
