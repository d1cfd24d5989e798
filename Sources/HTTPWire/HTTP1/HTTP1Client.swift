/// The client side of an HTTP/1.1 connection (RFC 9112): one request at a time.
///
/// ```
///   idle ── submit ── head ──── body ──── idle
///             ↑        │ 1xx     │          │ close
///             └────────┘         └── end ── closed
/// ```
struct HTTP1Client: ~Copyable {
    private enum State {
        case idle, head, body, closed
    }

    private let limits: HTTPLimits
    private var state = State.idle
    private(set) var head = ResponseHead()
    private var headReader = HeadReader<StatusLine>()
    private var bodyReader = BodyReader(.none)
    private var requests: Int32 = 0
    private var method = HTTPMethod.get
    private var interimResponses = 0
    private var keepsAlive = true
    private var closingFailure: HTTPFailure?

    /// The most interim (1xx) responses to one request.
    private static let maximumInterimResponses = 16

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    var canSubmit: Bool { state == .idle && keepsAlive }
    var isClosed: Bool { state == .closed }
    var isIdle: Bool { state == .idle }

    private var stream: StreamID { StreamID(rawValue: requests) }

    mutating func submit(
        _ request: ClientRequestHead,
        body: Span<UInt8>,
        _ context: inout WireContext
    ) -> StreamID {
        precondition(canSubmit, "HTTP/1.1: one request at a time")
        HTTP1Writer.append(request, body: body, &context)
        head.fields.reset()
        bodyReader.body = []
        method = request.method
        interimResponses = 0
        requests &+= 1
        state = .head
        return stream
    }

    mutating func receive(_ bytes: Span<UInt8>, at offset: inout Int) -> ClientEvent {
        while true {
            switch state {
            case .idle:
                guard keepsAlive else { return close(nil) }
                guard offset < bytes.count else { return .needsBytes }
                return close(HTTPFailure(.unsolicitedResponse, closes: true))
            case .head:
                guard offset < bytes.count else { return .needsBytes }
                switch headReader.read(bytes, at: &offset, into: &head.fields, limits: limits) {
                case .incomplete: return .needsBytes
                case .failed(let code): return fail(code)
                case .complete:
                    if let event = beginBody() { return event }
                }
            case .body:
                guard offset < bytes.count else { return .needsBytes }
                switch bodyReader.read(bytes, at: &offset, limits: limits) {
                case .needsBytes: return .needsBytes
                case .done: return complete()
                case .failed(let code): return fail(code)
                }
            case .closed:
                offset = bytes.count
                return .closed(closingFailure)
            }
        }
    }

    mutating func receiveEnd() -> ClientEvent {
        switch state {
        case .idle, .closed: return close(closingFailure)
        case .body where bodyReader.endsWithConnection: return complete()
        case .head, .body: return fail(.endedEarly)
        }
    }

    mutating func takeBody() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bodyReader.body)
        return taken
    }

    /// Gives up the request at hand, and with it the connection: nothing else tells the server.
    mutating func cancel() {
        _ = close(nil)
    }

    private mutating func beginBody() -> ClientEvent? {
        guard let line = headReader.line else { preconditionFailure("a complete head has a first line") }
        let noted = headReader.noted
        headReader = HeadReader()
        head.status = line.status
        guard line.status >= 200 else {
            interimResponses += 1
            // 101 would be an answer to an `Upgrade` that we never send.
            guard interimResponses <= HTTP1Client.maximumInterimResponses, line.status != 101 else {
                return fail(.badStatusLine)
            }
            head.fields.reset()
            return nil
        }
        let framing: HTTP1Framing
        do throws(FramingError) {
            framing = try HTTP1Framing(response: head, noted, isOld: line.isOld, answersHead: method == .head)
        } catch {
            return fail(error.code)
        }
        keepsAlive = framing.keepsAlive
        switch framing.body {
        case .none, .length(0): return complete()
        case .length(let length) where length > limits.bodyBytes: return fail(.bodyTooLarge)
        default: break
        }
        bodyReader = BodyReader(framing.body)
        state = .body
        return nil
    }

    private mutating func complete() -> ClientEvent {
        state = .idle
        return .response(stream)
    }

    private mutating func fail(_ code: HTTPFailure.Code) -> ClientEvent {
        let failure = HTTPFailure(code, closes: true)
        _ = close(failure)
        return .failed(stream, failure)
    }

    private mutating func close(_ failure: HTTPFailure?) -> ClientEvent {
        state = .closed
        closingFailure = failure
        return .closed(failure)
    }
}
