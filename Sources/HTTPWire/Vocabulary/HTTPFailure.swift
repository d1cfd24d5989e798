/// Why a message, or a connection, was refused.
public struct HTTPFailure: Error, Equatable, Sendable, BitwiseCopyable {
    /// The rule or limit.
    public enum Code: String, CaseIterable, Sendable, BitwiseCopyable {
        // Heads.
        case badRequestLine, badStatusLine, targetTooLong, badTarget, unsupportedVersion, connectRefused
        case headTooLarge, tooManyFields, badFieldName, badFieldValue
        case missingHost, repeatedHost, badHost, unsupportedExpectation
        // Bodies.
        case badContentLength, repeatedContentLength, lengthAndCoding, badTransferCoding, unsupportedTransferCoding
        case bodyTooLarge, badChunk, chunkOverheadTooLarge, badTrailer, trailerTooLarge
        // Connections.
        case endedEarly, timedOut, unsolicitedResponse
        // HTTP/2: a connection error of the peer's, a malformed message (RFC 9113 §8.1.1), costs we do not bear.
        case badPreface, badFrame, badCompression, badMessage, headerFlood, costlyFrames
        // HTTP/2: what the peer said.
        case resetByPeer, refusedByPeer
    }

    /// The rule or limit.
    public let code: Code

    /// The status of the answer that was sent; 0 where none was.
    public let status: Int

    /// Whether the connection ends with this.
    public let closes: Bool

    init(_ code: Code, status: Int = 0, closes: Bool) {
        self.code = code
        self.status = status
        self.closes = closes
    }
}

extension HTTPFailure: CustomStringConvertible {
    /// For people: the rule, and the status if one was sent.
    public var description: String {
        status == 0 ? code.rawValue : "\(code.rawValue) (\(status))"
    }
}

extension HTTPFailure {
    /// The head of the answer that says so.
    var response: ServerResponseHead {
        ServerResponseHead(status: status, contentType: "text/plain; charset=utf-8", closes: closes)
    }

    /// The body of that answer: the name of the rule, for whoever debugs the peer.
    var explanation: [UInt8] {
        Array((code.rawValue + "\n").utf8)
    }
}

extension HTTPFailure.Code {
    /// The status that answers it.
    var status: Int {
        switch self {
        case .timedOut: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .unsupportedExpectation: 417
        case .headTooLarge, .tooManyFields, .trailerTooLarge: 431
        case .connectRefused, .unsupportedTransferCoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }
}
