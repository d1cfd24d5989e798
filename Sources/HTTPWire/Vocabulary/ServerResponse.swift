/// A field to send.
public struct HTTPField: Sendable {
    /// The name, a token in lower case.
    public let name: StaticString
    /// The value; must hold no control characters.
    public let value: [UInt8]

    /// Makes a field.
    ///
    /// - Precondition: `value` holds no control characters: a response cannot be split by what it quotes.
    public init(_ name: StaticString, _ value: [UInt8]) {
        precondition(value.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }, "control character in \(name)")
        self.name = name
        self.value = value
    }

    /// Makes a field of a text.
    public init(_ name: StaticString, _ value: String) {
        self.init(name, Array(value.utf8))
    }
}

/// The head of a response, without what the protocol adds (length, `Date`, framing).
public struct ServerResponseHead: Sendable {
    /// The status code, 200–599.
    public var status: Int
    /// The `Content-Type`; none without a body.
    public var contentType: StaticString?
    /// Fields beyond it, usually none.
    public var fields: [HTTPField]
    /// Whether the connection ends after this response: `Connection: close`, or GOAWAY in HTTP/2.
    public var closes: Bool

    /// A response's head.
    public init(status: Int, contentType: StaticString? = nil, fields: [HTTPField] = [], closes: Bool = false) {
        self.status = status
        self.contentType = contentType
        self.fields = fields
        self.closes = closes
    }
}
