/// What a loop lends its streams for the length of a call: one set of buffers for all connections.
public struct StreamBuffers: ~Copyable {
    /// What a peer has sent, decrypted; whoever called `receive` uses it up before the next stream is called.
    public var input: [UInt8] = []

    /// What comes from the socket, before TLS; empty between calls.
    var ciphertext: [UInt8] = []
    /// What goes to the socket, behind TLS; empty between calls.
    var output: [UInt8] = []

    /// The largest output buffer that is kept for the next stream: most answers are a thousandth of it.
    static let keptBytes = 1024 * 1024

    /// Buffers that grow with their first use.
    public init() {}

    /// The most bytes of one read: 4 TLS records.
    ///
    /// A body of some megabytes takes few calls, and yet no connection holds up the others for more than some 50 µs.
    static let readBytes = 64 * 1024
}
