/// The server side of an HTTP/1.1 connection (RFC 9112).
///
/// ```
///          ┌───────────── respond, keep-alive ─────────────┐
///        head ──┬── fixedBody ────┬── responding ── respond, close ── closed
///               ├── chunkedBody ──┤                                     │
///               └─────────────────┘        refused, anywhere ───────────┘
/// ```
///
/// Whatever two readers could frame differently (RFC 9112 §11.2) is refused, and the connection closed.
struct HTTP1Server: ~Copyable {
    private enum State {
        case head
        case fixedBody(remaining: Int)
        case chunkedBody(ChunkedDecoder)
        case responding
        case closed
    }

    private let limits: HTTPLimits
    private var state = State.head
    private(set) var head = RequestHead()
    private var body: [UInt8] = []
    private var parser = HeadParser()
    /// Whether the connection outlives the request at hand.
    private var keepsAlive = true
    private var isDraining = false
    private(set) var wait = ServerWait.nothing

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    mutating func receive(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        _ context: inout WireContext
    ) -> ServerEvent {
        while true {
            switch state {
            case .head:
                guard offset < bytes.count else { return .needsBytes }
                if wait == .nothing { wait = .head(sinceNanoseconds: context.nowNanoseconds) }
                switch readHead(bytes, at: &offset) {
                case .incomplete: return .needsBytes
                case .failed(let code): return fail(code, &context)
                case .complete:
                    if let event = beginBody(&context) { return event }
                }
            case .fixedBody(let remaining):
                guard offset < bytes.count else { return .needsBytes }
                let count = min(remaining, bytes.count - offset)
                reserve(for: count, of: remaining)
                body.append(bytes, offset..<offset + count)
                offset += count
                if count == remaining { return complete() }
                state = .fixedBody(remaining: remaining - count)
            case .chunkedBody(var decoder):
                guard offset < bytes.count else { return .needsBytes }
                state = .responding  // so that the decoder has one owner while it works
                switch decoder.decode(bytes, at: &offset, into: &body, limits: limits) {
                case .needsBytes: state = .chunkedBody(decoder)
                case .done: return complete()
                case .failed(let code): return fail(code, &context)
                }
            case .responding:
                preconditionFailure("HTTP/1.1: respond before the next receive")
            case .closed:
                offset = bytes.count
                return .closed
            }
        }
    }

    mutating func receiveEnd() -> ServerEvent {
        let wasWaiting = wait == .nothing
        let wasClosed = isClosed
        close()
        return wasWaiting || wasClosed ? .closed : .failed(HTTPFailure(code: .endedEarly, status: 0, closes: true))
    }

    mutating func takeBody() -> [UInt8] {
        let taken = body
        body = []
        return taken
    }

    mutating func respond(_ response: ServerResponseHead, body: Span<UInt8>, _ context: inout WireContext) {
        guard case .responding = state else { preconditionFailure("HTTP/1.1: no request to respond to") }
        keepsAlive = keepsAlive && !response.closes && !isDraining
        HTTP1Writer.append(
            response,
            body: body,
            isHead: head.method == .head,
            connection: keepsAlive ? (head.version == .http1_0 ? .keepAlive : .unsaid) : .close,
            &context
        )
        guard keepsAlive else { return close() }
        self.body = []
        head.fields.reset()
        state = .head
        wait = .nothing
    }

    mutating func beginDrain() {
        isDraining = true
    }

    mutating func expire(
        headsBegunBefore: UInt64,
        bodiesBegunBefore: UInt64,
        _ context: inout WireContext
    ) -> HTTPFailure? {
        switch wait {
        case .head(let since) where since < headsBegunBefore: break
        case .body(let since) where since < bodiesBegunBefore: break
        default: return nil
        }
        guard case .failed(let failure) = fail(.timedOut, &context) else { return nil }
        return failure
    }

    // MARK: - Head

    private enum HeadProgress {
        case incomplete, complete
        case failed(HTTPFailure.Code)
    }

    /// Parses the head where it lies if it lies whole in `bytes`; gathers it in `head.fields.bytes` otherwise.
    private mutating func readHead(_ bytes: Span<UInt8>, at offset: inout Int) -> HeadProgress {
        let gathered = head.fields.bytes.count
        let count = min(bytes.count - offset, limits.headBytes - gathered)
        let result: HeadParser.Result
        if gathered == 0 {
            result = parser.parse(bytes.extracting(offset..<offset + count), into: &head, limits: limits)
            if case .complete(let end) = result {
                head.fields.bytes.append(bytes, offset..<offset + end)
            } else {
                head.fields.bytes.append(bytes, offset..<offset + count)
            }
        } else {
            head.fields.bytes.append(bytes, offset..<offset + count)
            // Parsing borrows the bytes while it adds entries: they leave the head for the length of the call.
            var gatheredBytes: [UInt8] = []
            swap(&gatheredBytes, &head.fields.bytes)
            result = parser.parse(gatheredBytes.span, into: &head, limits: limits)
            if case .complete(let end) = result { gatheredBytes.removeLast(gatheredBytes.count - end) }
            swap(&gatheredBytes, &head.fields.bytes)
        }
        switch result {
        case .complete(let end):
            offset += end - gathered
            return .complete
        case .incomplete:
            offset += count
            guard gathered + count == limits.headBytes else { return .incomplete }
            return .failed(parser.isInRequestLine ? .targetTooLong : .headTooLarge)
        case .failed(let code):
            return .failed(code)
        }
    }

    /// Decides from the head what follows it; an event if nothing does.
    private mutating func beginBody(_ context: inout WireContext) -> ServerEvent? {
        let framing: HTTP1Framing
        do throws(HTTP1HeadError) {
            framing = try HTTP1Framing(request: &head, parser: parser)
        } catch {
            return fail(error.code, &context)
        }
        parser = HeadParser()
        keepsAlive = framing.keepsAlive
        switch framing.body {
        case .none:
            return complete()
        case .fixed(let length):
            guard length <= limits.bodyBytes else { return fail(.bodyTooLarge, &context) }
            state = .fixedBody(remaining: length)
        case .chunked:
            state = .chunkedBody(ChunkedDecoder())
        }
        if framing.expectsContinue { context.output.append("HTTP/1.1 100 Continue\r\n\r\n") }
        wait = .body(sinceNanoseconds: context.nowNanoseconds)
        return nil
    }

    // MARK: - Body and end

    /// Grows the body as bytes arrive, so that a head alone costs no memory: at once only for usual lengths.
    private mutating func reserve(for count: Int, of remaining: Int) {
        let needed = body.count + count
        guard body.capacity < needed else { return }
        body.reserveCapacity(min(body.count + remaining, max(64 * 1024, 2 * needed)))
    }

    private mutating func complete() -> ServerEvent {
        state = .responding
        wait = .nothing
        return .request(HTTP1Server.stream)
    }

    private mutating func fail(_ code: HTTPFailure.Code, _ context: inout WireContext) -> ServerEvent {
        let status = code.http1Status
        HTTP1Writer.append(
            ServerResponseHead(status: status, contentType: "text/plain; charset=utf-8", closes: true),
            body: HTTPFailure(code: code, status: status, closes: true).explanation.span,
            isHead: false,
            connection: .close,
            &context
        )
        close()
        return .failed(HTTPFailure(code: code, status: status, closes: true))
    }

    private mutating func close() {
        state = .closed
        wait = .nothing
        body = []
        head.fields.bytes = []
        head.fields.entries = []
    }

    /// The one stream that there is.
    static let stream = StreamID(rawValue: 1)
}
