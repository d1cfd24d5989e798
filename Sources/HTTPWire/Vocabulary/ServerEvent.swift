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

/// Why a message, or a connection, was refused.
public struct HTTPFailure: Error, Equatable, Sendable, BitwiseCopyable {
    /// The rule or limit.
    public enum Code: String, Sendable, BitwiseCopyable {
        case badRequestLine, targetTooLong, badTarget, unsupportedVersion, connectRefused
        case headTooLarge, tooManyFields, badFieldLine, badFieldName, badFieldValue
        case missingHost, repeatedHost, badHost
        case badContentLength, repeatedContentLength, lengthAndCoding, badTransferCoding, unsupportedTransferCoding
        case unsupportedExpectation
        case bodyTooLarge, badChunk, chunkOverheadTooLarge, badTrailer, trailerTooLarge
        case endedEarly, timedOut
        case badPreface, badFrame, badPseudoField, badCompression, badBodyLength
        case tooManyResets, tooManyCostlyFrames, tooManyStreams, connectionBodyTooLarge, resetByPeer, badStatusLine
    }

    /// The rule or limit.
    public let code: Code

    /// The status of the answer that was sent; 0 where none was.
    public let status: Int

    /// Whether the connection ends with this.
    public let closes: Bool
}

extension HTTPFailure: CustomStringConvertible {
    /// For people: the rule, and the status if one was sent.
    public var description: String {
        status == 0 ? code.rawValue : "\(code.rawValue) (\(status))"
    }
}

/// What a server connection waits for, and since when on the monotonic clock: what deadlines are measured against.
public enum ServerWait: Equatable, Sendable {
    /// For a request to begin.
    case nothing
    /// For the rest of a head whose first byte came then.
    case head(sinceNanoseconds: UInt64)
    /// For the rest of a body whose head was complete then; with HTTP/2 the oldest.
    case body(sinceNanoseconds: UInt64)
}
