/// What a peer may ask of one connection; everything beyond is refused with a clear status.
public struct HTTPLimits: Sendable {
    /// The largest head (request line and fields, or HTTP/2 header list), in bytes: 414 or 431 beyond.
    ///
    /// A kube-apiserver's head has some 200 bytes; a bearer token adds a few thousand. At most 65,535.
    public var headBytes = 16 * 1024 {
        didSet { precondition(1...65_535 ~= headBytes, "heads are addressed with 16 bits: \(headBytes)") }
    }

    /// The most field lines in one head, pseudo-header fields included: 431 beyond.
    public var fieldCount = 100

    /// The largest body, in bytes: 413 beyond, before it is read where its length was announced.
    ///
    /// Two objects (`object`, `oldObject`) of at most 3 MiB, the API server's limit on a request, plus 1 MiB.
    public var bodyBytes = 7 * 1024 * 1024

    /// The most bytes that chunk extensions and needless zeros may add to one chunked body: 400 beyond.
    public var chunkOverheadBytes = 4 * 1024

    /// The largest trailer section, in bytes: 431 beyond.
    public var trailerBytes = 4 * 1024

    /// The most HTTP/2 streams that a peer may have open; kube-apiserver's own server and client use 250.
    public var concurrentStreams = 250

    /// The most bytes of unfinished HTTP/2 bodies larger than 65,535 bytes that one connection holds.
    ///
    /// The rest of such bodies waits for its turn; smaller ones never wait. Two of the largest fit.
    public var connectionBodyBytes = 16 * 1024 * 1024

    /// The most frames of a kind that costs us more than the peer (RST_STREAM, PING, SETTINGS, PRIORITY, empty DATA)
    /// in ``costlyFrameSeconds``: GOAWAY ENHANCE_YOUR_CALM beyond.
    public var costlyFrames = 1000

    /// The time over which ``costlyFrames`` are counted, in seconds.
    public var costlyFrameSeconds = 10

    /// The longest time from a head's first byte to its last, in seconds: 408 beyond.
    public var headSeconds = 10

    /// The longest time from the end of a head to the end of its body, in seconds: 408 (HTTP/2: CANCEL) beyond.
    ///
    /// The API server gives a webhook at most 30 s for everything.
    public var bodySeconds = 30

    /// The longest time that an HTTP/2 peer may keep an answer back by its flow control, in seconds: CANCEL beyond.
    public var responseSeconds = 30

    /// How many bytes of output a call may leave in ``WireContext/output`` before it stops asking HTTP/2 for more.
    public var outputBytes = 256 * 1024

    /// The limits as documented at each property.
    public init() {}
}
