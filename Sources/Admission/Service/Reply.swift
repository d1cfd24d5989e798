/// What to send besides the body of an answer.
public struct Reply: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The media type of the body.
    public let contentType: StaticString
    /// The methods of an `Allow` field (RFC 9110 §10.2.1), which a 405 must have.
    public let allow: StaticString?

    init(status: Int, contentType: StaticString, allow: StaticString? = nil) {
        self.status = status
        self.contentType = contentType
        self.allow = allow
    }
}
