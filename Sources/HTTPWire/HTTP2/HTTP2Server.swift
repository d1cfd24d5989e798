import CNghttp2

/// The server side of an HTTP/2 connection.
final class HTTP2Server: HTTP2Connection {
    private var drain = Drain.no

    /// GOAWAY in two steps (RFC 9113 §6.8), so that no request that was on its way is lost.
    private enum Drain {
        case no
        /// GOAWAY that names no stream was sent, and a PING after it.
        case announced
        /// The PING came back, so the peer has seen the first: GOAWAY that names the last stream was sent.
        case final
    }

    init(limits: HTTPLimits) {
        super.init(.server, limits: limits)
    }

    var isIdle: Bool { streams.isEmpty }

    func receive(_ bytes: Span<UInt8>, at offset: inout Int, _ context: inout WireContext) -> ServerEvent {
        while let event = next(bytes, at: &offset, &context) {
            switch event {
            case .complete(let id):
                // It may have been reset since.
                if streams[id] != nil { return .request(StreamID(rawValue: id)) }
            case .failed(_, let failure), .ended(let failure): return .failed(failure)
            }
        }
        return isClosed ? .closed : .needsBytes
    }

    func receiveEnd(_ context: inout WireContext) -> ServerEvent {
        end()
        var offset = 0
        return receive(Span(), at: &offset, &context)
    }

    func head(of stream: StreamID) -> RequestHead {
        streams[stream.rawValue]?.request ?? RequestHead()
    }

    func takeBody(of stream: StreamID) -> [UInt8] {
        streams[stream.rawValue]?.takeBody() ?? []
    }

    func respond(
        to stream: StreamID,
        _ response: ServerResponseHead,
        body: Span<UInt8>,
        _ context: inout WireContext
    ) {
        takeTime(context)
        // The peer may have given it up.
        guard let stream = streams[stream.rawValue], stream.phase == .complete else { return }
        answer(stream, response, body: body)
        earnCostlyFrame()
        if response.closes { beginDrain() }
        flush(&context)
    }

    func beginDrain(_ context: inout WireContext) {
        beginDrain()
        flush(&context)
    }

    func expire(_ context: inout WireContext) -> HTTPFailure? {
        var last: HTTPFailure?
        for stream in takeExpired(context) {
            switch stream.phase {
            case .head:
                endForTimeout(&context)
                return HTTPFailure(.timedOut, closes: true)
            case .body:
                refuse(stream, .timedOut)
                last = HTTPFailure(.timedOut, status: 408, closes: false)
            case .complete: break
            case .answered:
                reset(stream, NGHTTP2_CANCEL)
                last = HTTPFailure(.timedOut, closes: false)
            }
        }
        flush(&context)
        return last
    }

    private func beginDrain() {
        guard drain == .no else { return }
        drain = .announced
        // Fails only without memory, or when a GOAWAY was sent already.
        _ = unsafe nghttp2_submit_shutdown_notice(session)
    }

    private func answer(_ stream: HTTP2Stream, _ response: ServerResponseHead, body: Span<UInt8>) {
        precondition(response.status >= 200 && response.status <= 599, "a final status: \(response.status)")
        stream.body = []
        release(stream)
        stream.phase = .answered
        setDeadline(stream, seconds: limits.responseSeconds)
        let hasBody = response.status != 204 && response.status != 304
        block.begin()
        block.append(":status", decimal: response.status)
        block.append("date") { $0.append(date.text.span, 0..<29) }
        if hasBody {
            if let type = response.contentType { block.append("content-type", type) }
            block.append("content-length", decimal: body.count)
        }
        for field in response.fields { block.append(field) }
        let sendsBody = hasBody && body.count > 0 && stream.request.method != .head
        if sendsBody { stream.outgoing.append(body, 0..<body.count) }
        _ = unsafe block.withNameValues { list, count in
            unsafe HTTP2Connection.withBodyProvider(sendsBody) { provider in
                unsafe nghttp2_submit_response(session, stream.id, list, count, provider)
            }
        }
    }

    // MARK: - HTTP2Connection

    override func beginStream(_ id: Int32) {
        let stream = HTTP2Stream(id: id)
        setDeadline(stream, seconds: limits.headSeconds)
        streams[id] = stream
    }

    override func finishHead(_ stream: HTTP2Stream) {
        stream.phase = .body
        swap(&stream.request.fields, &incoming.fields)
        let expectsContinue: Bool
        do throws(FramingError) {
            if let refusal = incoming.refusal { throw FramingError(code: refusal) }
            expectsContinue = try stream.request.complete(incoming.pseudo)
            guard stream.request.contentLength ?? 0 <= limits.bodyBytes else { throw FramingError(code: .bodyTooLarge) }
        } catch {
            return refuse(stream, error.code)
        }
        guard !stream.hasEnded else { return }
        setDeadline(stream, seconds: limits.bodySeconds)
        stream.announcedBytes = stream.request.contentLength
        widenWindow(of: stream)
        if expectsContinue {
            block.begin()
            block.append(":status", decimal: 100)
            _ = unsafe block.withNameValues { list, count in
                unsafe nghttp2_submit_headers(
                    session,
                    UInt8(NGHTTP2_FLAG_NONE.rawValue),
                    stream.id,
                    nil,
                    list,
                    count,
                    nil
                )
            }
        }
    }

    override func finishMessage(_ stream: HTTP2Stream) {
        stream.phase = .complete
        release(stream)
        stream.deadlineNanoseconds = .max
        report(.complete(stream.id))
    }

    override func refuse(_ stream: HTTP2Stream, _ code: HTTPFailure.Code) {
        let failure = HTTPFailure(code, status: code.status, closes: false)
        answer(stream, failure.response, body: failure.explanation.span)
        report(.failed(stream.id, failure))
    }

    override func noteSentGoAway() {
        guard drain == .announced else { return }
        // Not before: nghttp2 lets a PING overtake other frames.
        _ = unsafe nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    override func notePingAck() {
        guard drain == .announced else { return }
        drain = .final
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(
            session,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            last,
            NGHTTP2_NO_ERROR.rawValue,
            nil,
            0
        )
    }

    override func noteSent(_ stream: HTTP2Stream) {
        // An answer before the end of the request: the peer may stop (RFC 9113 §8.1).
        if !stream.hasEnded { reset(stream, NGHTTP2_NO_ERROR) }
    }
}

extension RequestHead {
    /// Judges what nghttp2 does not: the target's and authority's characters, the length, expectations.
    ///
    /// - Returns: Whether the peer waits for 100 (Continue).
    fileprivate mutating func complete(_ pseudo: IncomingHead.Pseudo) throws(FramingError) -> Bool {
        version = .http2
        methodNameRange = pseudo.method
        method = HTTPMethod(fields[pseudo.method])
        if method == .connect { throw FramingError(code: .connectRefused) }
        var noted = NotedFields()
        for (index, entry) in fields.entries.enumerated() { noted.note(entry, fields.bytes.span, index: index) }
        if let code = noted.repeated { throw FramingError(code: code) }
        // nghttp2 leaves the path of another scheme alone.
        guard fields[pseudo.scheme].isText("https") || fields[pseudo.scheme].isText("http") else {
            throw FramingError(code: .badTarget)
        }
        let target = TargetScan(fields.bytes.span.extracting(0..<pseudo.path.end), from: pseudo.path.start)
        guard target.end == pseudo.path.end, target.isValid(fields.bytes.span) else {
            throw FramingError(code: .badTarget)
        }
        pathRange = target.path
        queryRange = target.query
        authorityRange = pseudo.authority
        if noted.host >= 0 {
            let host = fields.entries[noted.host].value
            guard pseudo.authority.count == 0 || fields[host].isEqual(fields[pseudo.authority]) else {
                throw FramingError(code: .badHost)
            }
            authorityRange = host
        }
        guard HostPort.isValid(fields[authorityRange]) else { throw FramingError(code: .badHost) }
        contentLength = nil
        if noted.contentLength >= 0 { contentLength = try parseContentLength(fields.value(at: noted.contentLength)) }
        guard noted.expect >= 0 else { return false }
        guard fields.value(at: noted.expect).isText("100-continue") else {
            throw FramingError(code: .unsupportedExpectation)
        }
        return true
    }
}
