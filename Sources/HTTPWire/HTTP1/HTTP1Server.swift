/// The server side of an HTTP/1.1 connection (RFC 9112).
///
/// ```
///       ┌──────────────── respond ────────────────┐
///     head ──── body ──── responding ── respond, close ── closed
///       └───────────────────↑                               ↑
///                  refused, from anywhere ──────────────────┘
/// ```
///
/// Whatever two readers could frame differently (RFC 9112 §11.2) is refused, and the connection closed.
struct HTTP1Server: ~Copyable {
    private enum State {
        case head, body, responding, closed
    }

    private let limits: HTTPLimits
    private var state = State.head
    private(set) var head = RequestHead()
    private var headReader = HeadReader<RequestLine>()
    private var bodyReader = BodyReader(.none)
    /// Whether the connection outlives the request at hand.
    private var keepsAlive = true
    private var isDraining = false
    /// When the request at hand must be read; `nil` between requests.
    private(set) var deadlineNanoseconds: UInt64?

    /// The one stream that there is.
    static let stream = StreamID(rawValue: 1)

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    var isClosed: Bool { state == .closed }
    var isIdle: Bool { state == .head && deadlineNanoseconds == nil }

    mutating func receive(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        _ context: inout WireContext
    ) -> ServerEvent {
        while true {
            switch state {
            case .head:
                guard offset < bytes.count else { return .needsBytes }
                if deadlineNanoseconds == nil {
                    // Not sooner, for whoever handled the last request may have had a copy of its head until now.
                    head.fields.reset()
                    setDeadline(limits.headSeconds, context)
                }
                switch headReader.read(bytes, at: &offset, into: &head.fields, limits: limits) {
                case .incomplete: return .needsBytes
                case .failed(let code): return fail(code, &context)
                case .complete:
                    if let event = beginBody(&context) { return event }
                }
            case .body:
                guard offset < bytes.count else { return .needsBytes }
                switch bodyReader.read(bytes, at: &offset, limits: limits) {
                case .needsBytes: return .needsBytes
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
        let isClean = isIdle || isClosed
        close()
        return isClean ? .closed : .failed(HTTPFailure(.endedEarly, closes: true))
    }

    mutating func takeBody() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bodyReader.body)
        return taken
    }

    mutating func respond(_ response: ServerResponseHead, body: Span<UInt8>, _ context: inout WireContext) {
        precondition(state == .responding, "HTTP/1.1: no request to respond to")
        keepsAlive = keepsAlive && !response.closes && !isDraining
        HTTP1Writer.append(
            response,
            body: body,
            isHead: head.method == .head,
            connection: keepsAlive ? (head.version == .http1_0 ? .keepAlive : .unsaid) : .close,
            &context
        )
        guard keepsAlive else { return close() }
        bodyReader.body = []
        head.fields.trim()
        head.method = .other
        state = .head
    }

    mutating func beginDrain() {
        isDraining = true
    }

    mutating func expire(_ context: inout WireContext) -> HTTPFailure? {
        guard let deadlineNanoseconds, context.nowNanoseconds >= deadlineNanoseconds,
            case .failed(let failure) = fail(.timedOut, &context)
        else { return nil }
        return failure
    }

    /// Decides from the head what follows it; an event if nothing does.
    private mutating func beginBody(_ context: inout WireContext) -> ServerEvent? {
        guard let line = headReader.line else { preconditionFailure("a complete head has a first line") }
        head.take(line)
        let framing: HTTP1Framing
        do throws(FramingError) {
            framing = try HTTP1Framing(request: &head, headReader.noted, target: line.authority)
        } catch {
            return fail(error.code, &context)
        }
        headReader = HeadReader()
        keepsAlive = framing.keepsAlive
        switch framing.body {
        case .none: return complete()
        case .length(let length) where length > limits.bodyBytes: return fail(.bodyTooLarge, &context)
        default: break
        }
        bodyReader = BodyReader(framing.body)
        if framing.expectsContinue { context.output.append("HTTP/1.1 100 Continue\r\n\r\n") }
        setDeadline(limits.bodySeconds, context)
        state = .body
        return nil
    }

    private mutating func complete() -> ServerEvent {
        state = .responding
        deadlineNanoseconds = nil
        return .request(HTTP1Server.stream)
    }

    private mutating func fail(_ code: HTTPFailure.Code, _ context: inout WireContext) -> ServerEvent {
        let failure = HTTPFailure(code, status: code.status, closes: true)
        let method = headReader.line?.method ?? head.method
        HTTP1Writer.append(
            failure.response,
            body: failure.explanation.span,
            isHead: method == .head,
            connection: .close,
            &context
        )
        close()
        return .failed(failure)
    }

    private mutating func close() {
        state = .closed
        deadlineNanoseconds = nil
        bodyReader.body = []
        head.fields = HTTPFields()
    }

    private mutating func setDeadline(_ seconds: Int, _ context: borrowing WireContext) {
        deadlineNanoseconds = context.nowNanoseconds + UInt64(seconds) * 1_000_000_000
    }
}

extension RequestHead {
    fileprivate mutating func take(_ line: RequestLine) {
        method = line.method
        methodNameRange = line.methodName
        version = line.version
        pathRange = line.path
        queryRange = line.query
    }
}
