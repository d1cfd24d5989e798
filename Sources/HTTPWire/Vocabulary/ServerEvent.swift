/// One request on a connection.
///
/// HTTP/1.1 has one at a time; HTTP/2 has many.
public struct StreamID: Hashable, Sendable, BitwiseCopyable {
    let rawValue: Int32
}

/// What came of bytes that a server connection received.
public enum ServerEvent: Equatable, Sendable {
    /// All bytes are used; more are needed.
    case needsBytes

    /// A request is complete: read its head and body, then respond.
    case request(StreamID)

    /// The peer broke a rule or a limit. The answer, where there is one, is already in the output.
    ///
    /// For counting and logging; keep asking for events, for `.closed` may follow.
    case failed(HTTPFailure)

    /// Nothing more will be read: send what is in the output, end the sending side, and throw away what still arrives
    /// for a moment, lest a reset destroy the answer (RFC 9112 §9.6).
    case closed
}
