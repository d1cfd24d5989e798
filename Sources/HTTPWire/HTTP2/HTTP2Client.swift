import CNghttp2

/// The client side of an HTTP/2 connection.
final class HTTP2Client: HTTP2Connection {
    /// Responses that were reported and not yet taken; their streams are over.
    private var finished: [Int32: HTTP2Stream] = [:]
    private var failure: HTTPFailure?

    init(limits: HTTPLimits) {
        super.init(.client, limits: limits)
    }

    var isIdle: Bool { streams.isEmpty }

    var canSubmit: Bool {
        let permitted = unsafe nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        let isAllowed = unsafe nghttp2_session_check_request_allowed(session) != 0
        return isAllowed && !isClosed && streams.count < min(Int(permitted), limits.concurrentStreams)
    }

    func submit(_ request: ClientRequestHead, body: Span<UInt8>, _ context: inout WireContext) -> StreamID {
        precondition(canSubmit, "HTTP/2: no stream may be opened")
        block.begin()
        block.append(":method", request.method.name)
        block.append(":scheme", "https")
        block.append(":authority", request.authority)
        block.append(":path", request.target)
        if let agent = request.userAgent { block.append("user-agent", agent) }
        if request.sendsLength(body) { block.append("content-length", decimal: body.count) }
        if let type = request.contentType { block.append("content-type", type) }
        for field in request.fields { block.append(field) }
        let hasBody = body.count > 0
        let id = unsafe block.withNameValues { list, count in
            unsafe HTTP2Connection.withBodyProvider(hasBody) { provider in
                unsafe nghttp2_submit_request(session, nil, list, count, provider, nil)
            }
        }
        precondition(id > 0, "nghttp2 refused a request it said it would allow: \(id)")
        let stream = HTTP2Stream(id: id)
        if hasBody { stream.outgoing.append(body, 0..<body.count) }
        streams[id] = stream
        flush(&context)
        return StreamID(rawValue: id)
    }

    func receive(_ bytes: Span<UInt8>, at offset: inout Int, _ context: inout WireContext) -> ClientEvent {
        while let event = next(bytes, at: &offset, &context) {
            switch event {
            case .complete(let id): return .response(StreamID(rawValue: id))
            case .failed(let id, let failure): return .failed(StreamID(rawValue: id), failure)
            case .ended(let failure): self.failure = failure
            }
        }
        return isClosed ? .closed(failure) : .needsBytes
    }

    func receiveEnd(_ context: inout WireContext) -> ClientEvent {
        end()
        var offset = 0
        return receive(Span(), at: &offset, &context)
    }

    func head(of stream: StreamID) -> ResponseHead {
        finished[stream.rawValue]?.response ?? ResponseHead()
    }

    func takeBody(of stream: StreamID) -> [UInt8] {
        finished.removeValue(forKey: stream.rawValue)?.takeBody() ?? []
    }

    func cancel(_ stream: StreamID, _ context: inout WireContext) {
        guard let stream = streams.removeValue(forKey: stream.rawValue) else { return }
        release(stream)
        reset(stream, NGHTTP2_CANCEL)
        flush(&context)
    }

    // MARK: - HTTP2Connection

    override func finishHead(_ stream: HTTP2Stream) {
        // nghttp2 has seen to three digits.
        let digits = incoming.pseudo.status
        let status = (digits.start..<digits.end).reduce(0) { $0 * 10 + Int(incoming.fields.bytes[$1] &- 0x30) }
        if let refusal = incoming.refusal { return refuse(stream, refusal) }
        // Interim responses come before the one that is asked for (RFC 9113 §8.1).
        guard status >= 200 else { return }
        stream.response.status = status
        swap(&stream.response.fields, &incoming.fields)
        stream.phase = .body
        if let length = stream.response.fields.first("content-length") {
            // nghttp2 has seen to digits.
            stream.announcedBytes = try? parseContentLength(length)
        }
        widenWindow(of: stream)
    }

    override func finishMessage(_ stream: HTTP2Stream) {
        stream.phase = .complete
        release(stream)
        finished[stream.id] = stream
        report(.complete(stream.id))
    }

    override func refuse(_ stream: HTTP2Stream, _ code: HTTPFailure.Code) {
        stream.failure = code
        stream.phase = .answered
        stream.body = []
        release(stream)
        reset(stream, NGHTTP2_CANCEL)
    }
}
