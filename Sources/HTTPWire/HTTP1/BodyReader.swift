/// Reads a message's body, however it is delimited (RFC 9112 §6.3), into memory that grows as bytes arrive.
struct BodyReader {
    enum Framing {
        case none
        case length(Int)
        case chunked
        /// A response without a length: the end of the connection is the end of the body.
        case untilEnd
    }

    enum Progress {
        case needsBytes
        case done
        case failed(HTTPFailure.Code)
    }

    private enum State {
        case length(remaining: Int)
        case chunked(ChunkedDecoder)
        case untilEnd
    }

    private var state: State
    /// The body so far; whoever takes it leaves an empty one.
    var body: [UInt8] = []

    /// A reader that has read nothing; `.none` is done after no bytes.
    init(_ framing: Framing) {
        state =
            switch framing {
            case .none: .length(remaining: 0)
            case .length(let length): .length(remaining: length)
            case .chunked: .chunked(ChunkedDecoder())
            case .untilEnd: .untilEnd
            }
    }

    /// Whether the end of the connection ends the body.
    var endsWithConnection: Bool {
        if case .untilEnd = state { true } else { false }
    }

    /// Uses bytes up to the end of the body.
    mutating func read(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        limits: borrowing HTTPLimits
    ) -> Progress {
        switch state {
        case .length(let remaining):
            let count = min(remaining, bytes.count - offset)
            reserve(for: count, of: remaining)
            body.append(bytes, offset..<offset + count)
            offset += count
            state = .length(remaining: remaining - count)
            return count == remaining ? .done : .needsBytes
        case .chunked(var decoder):
            state = .untilEnd  // so that the decoder has one owner while it works
            let progress = decoder.decode(bytes, at: &offset, into: &body, limits: limits)
            state = .chunked(decoder)
            return progress
        case .untilEnd:
            guard bytes.count - offset <= limits.bodyBytes - body.count else { return .failed(.bodyTooLarge) }
            body.append(bytes, offset..<bytes.count)
            offset = bytes.count
            return .needsBytes
        }
    }

    /// Makes room at once only for usual lengths: a head alone must not cost memory.
    private mutating func reserve(for count: Int, of remaining: Int) {
        let needed = body.count + count
        guard body.capacity < needed else { return }
        body.reserveCapacity(min(body.count + remaining, max(64 * 1024, 2 * needed)))
    }
}
