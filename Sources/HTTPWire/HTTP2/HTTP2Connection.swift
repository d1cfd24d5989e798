import CNghttp2

/// What both sides of an HTTP/2 connection (RFC 9113) have in common: the nghttp2 session, streams, windows, limits.
///
/// nghttp2 does framing, HPACK, stream states and the checks of RFC 9113 §8; it calls the methods below while bytes are
/// received or sent. Those may submit frames but never receive or send.
///
/// A body that fits in a stream's first window just arrives. A larger one is let in whole when it fits in
/// ``HTTPLimits/connectionBodyBytes`` beside those let in before it; until then its stream's window is closed. So memory is
/// bounded and every body that was let in can end. The window of the connection never throttles.
@safe class HTTP2Connection {
    enum Event {
        case complete(Int32)
        case failed(Int32, HTTPFailure)
        case ended(HTTPFailure)
    }

    let limits: HTTPLimits
    /// Owned; nghttp2 keeps `self`, unretained, as user data and calls back only from calls made here.
    let session: OpaquePointer
    var streams: [Int32: HTTP2Stream] = [:]
    private(set) var nowNanoseconds: UInt64 = 0
    private(set) var date = HTTPDate()
    /// The head that is arriving.
    var incoming = IncomingHead()
    /// Memory for the heads that we send.
    var block = HeaderBlock()

    private var events: [Event] = []
    private var nextEvent = 0
    private var isFirstCall = true
    private(set) var isClosed = false
    /// A failure that nghttp2 cannot survive or does not know of, and the code for its GOAWAY.
    private var fatal: (code: HTTPFailure.Code, error: nghttp2_error_code)?
    /// What large bodies that were let in may hold.
    private var grantedBytes = 0
    /// Streams of large bodies that were not, the oldest first.
    private var waiting: [Int32] = []
    private var costlyFrameBudget: CostlyFrameBudget
    /// No stream's deadline is before it.
    private var earliestDeadlineNanoseconds = UInt64.max

    init(_ role: Role, limits: HTTPLimits) {
        self.limits = limits
        costlyFrameBudget = CostlyFrameBudget(limits)
        unsafe session = HTTP2Connection.makeSession(role)
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        submitSettings(role)
    }

    deinit {
        unsafe nghttp2_session_del(session)
    }

    // MARK: - For the two sides to override

    /// The first head on a stream begins.
    func beginStream(_ id: Int32) {}
    /// A head, not a trailer section, is complete.
    func finishHead(_ stream: HTTP2Stream) {}
    /// A message is complete.
    func finishMessage(_ stream: HTTP2Stream) {}
    /// Too much arrived for a stream that is not answered yet.
    func refuse(_ stream: HTTP2Stream, _ code: HTTPFailure.Code) {}
    /// A GOAWAY that is no error was sent.
    func noteSentGoAway() {}
    /// A PING that we sent came back.
    func notePingAck() {}
    /// All of our message was sent.
    func noteSent(_ stream: HTTP2Stream) {}

    // MARK: - Bytes in

    /// The next event that bytes up to the end of `bytes` bring about; `nil` if there is none.
    func next(_ bytes: Span<UInt8>, at offset: inout Int, _ context: inout WireContext) -> Event? {
        takeTime(context)
        if isFirstCall {
            // Our SETTINGS come first, even before a GOAWAY for noise.
            isFirstCall = false
            flush(&context)
        }
        while true {
            if nextEvent < events.count {
                defer { nextEvent += 1 }
                return events[nextEvent]
            }
            events.removeAll(keepingCapacity: true)
            nextEvent = 0
            guard offset < bytes.count, !isClosed else { break }
            feed(bytes.extracting(offset..<bytes.count), &context)
            offset = bytes.count
        }
        offset = bytes.count
        flush(&context)
        guard nextEvent < events.count else { return nil }
        defer { nextEvent += 1 }
        return events[nextEvent]
    }

    func takeTime(_ context: borrowing WireContext) {
        nowNanoseconds = context.nowNanoseconds
        date = context.date
    }

    private func feed(_ bytes: Span<UInt8>, _ context: inout WireContext) {
        let used = unsafe bytes.withUnsafeBufferPointer {
            unsafe nghttp2_session_mem_recv(session, $0.baseAddress, $0.count)
        }
        guard used < 0 else { return }
        switch nghttp2_error(CInt(used)) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC: fatal = (.badPreface, NGHTTP2_PROTOCOL_ERROR)
        case NGHTTP2_ERR_FLOODED: fatal = (.costlyFrames, NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: fatal = (.headerFlood, NGHTTP2_ENHANCE_YOUR_CALM)
        default: fatal = fatal ?? (.badFrame, NGHTTP2_INTERNAL_ERROR)
        }
        endFatally(&context)
    }

    /// The peer will send nothing more.
    func end() {
        guard !isClosed else { return }
        isClosed = true
        for stream in streams.values where stream.isUnfinished {
            events.append(.failed(stream.id, HTTPFailure(.endedEarly, closes: true)))
        }
        streams.removeAll()
        earliestDeadlineNanoseconds = .max
    }

    // MARK: - Bytes out

    /// Appends frames until there are none, windows are used up, or the output is long enough for now.
    func flush(_ context: inout WireContext) {
        guard !isClosed else { return }
        while context.output.count < limits.outputBytes {
            var frame: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &frame)
            guard count > 0 else {
                if count < 0 {
                    fatal = fatal ?? (.badFrame, NGHTTP2_INTERNAL_ERROR)
                    return endFatally(&context)
                }
                break
            }
            unsafe context.output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
        }
        if unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 { end() }
    }

    /// Ends the connection with a GOAWAY of our own: a session that failed may not be asked for one.
    private func endFatally(_ context: inout WireContext) {
        guard let fatal, !isClosed else { return }
        let lastStream = unsafe nghttp2_session_get_last_proc_stream_id(session)
        context.output.append(contentsOf: [0, 0, 8, UInt8(NGHTTP2_GOAWAY.rawValue), 0, 0, 0, 0, 0])
        context.output.append(bigEndian: UInt32(lastStream))
        context.output.append(bigEndian: fatal.error.rawValue)
        events.append(.ended(HTTPFailure(fatal.code, closes: true)))
        end()
    }

    /// Stops at the next chance, from within a callback.
    ///
    /// - Returns: What the callback returns to nghttp2.
    func fail(_ code: HTTPFailure.Code, _ error: nghttp2_error_code) -> CInt {
        fatal = fatal ?? (code, error)
        return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }

    func report(_ event: Event) {
        events.append(event)
    }

    // MARK: - Bodies

    /// A stream's window to begin with, in bytes, as RFC 9113 §6.9.2 has it.
    static let firstWindow = 65_535

    /// Asks for a window for the whole body, if the first is too small; a body of unknown length is taken for large when
    /// it has used half of the first.
    func widenWindow(of stream: HTTP2Stream) {
        let isLarge = stream.announcedBytes.map { $0 > HTTP2Connection.firstWindow }
        guard isLarge ?? (stream.body.count > HTTP2Connection.firstWindow / 2), !stream.hasAskedForWindow else {
            return
        }
        stream.hasAskedForWindow = true
        waiting.append(stream.id)
        grantWindows()
    }

    private func grantWindows() {
        while let id = waiting.first {
            if let stream = streams[id], stream.phase == .body {
                let bytes = min(stream.announcedBytes ?? limits.bodyBytes, limits.bodyBytes)
                guard grantedBytes == 0 || grantedBytes + bytes <= limits.connectionBodyBytes else { return }
                grantedBytes += bytes
                stream.grantedBytes = bytes
                // One more, so that a body beyond the limit is seen to be.
                let window = Int32(clamping: max(bytes + 1, HTTP2Connection.firstWindow))
                _ = unsafe nghttp2_session_set_local_window_size(
                    session,
                    UInt8(NGHTTP2_FLAG_NONE.rawValue),
                    id,
                    window
                )
            }
            waiting.removeFirst()
        }
    }

    /// Gives back what a stream's body used of the connection's window and of the memory for large ones.
    ///
    /// A complete body no longer counts: whoever serves requests one by one takes it at once.
    func release(_ stream: HTTP2Stream) {
        if stream.unconsumedBytes > 0 {
            // Fails only without memory, which the next call finds out.
            _ = unsafe nghttp2_session_consume_connection(session, stream.unconsumedBytes)
            stream.unconsumedBytes = 0
        }
        grantedBytes -= stream.grantedBytes
        stream.grantedBytes = 0
        grantWindows()
    }

    func reset(_ stream: HTTP2Stream, _ error: nghttp2_error_code) {
        _ = unsafe nghttp2_submit_rst_stream(
            session,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            stream.id,
            error.rawValue
        )
    }

    // MARK: - Deadlines

    /// When a stream may have waited too long; a guess that is never late.
    var deadlineNanoseconds: UInt64? {
        earliestDeadlineNanoseconds == .max ? nil : earliestDeadlineNanoseconds
    }

    func setDeadline(_ stream: HTTP2Stream, seconds: Int) {
        stream.deadlineNanoseconds = nowNanoseconds + UInt64(seconds) * 1_000_000_000
        earliestDeadlineNanoseconds = min(earliestDeadlineNanoseconds, stream.deadlineNanoseconds)
    }

    /// The streams whose time is up; their deadlines are gone.
    func takeExpired(_ context: borrowing WireContext) -> [HTTP2Stream] {
        takeTime(context)
        guard nowNanoseconds >= earliestDeadlineNanoseconds else { return [] }
        var expired: [HTTP2Stream] = []
        earliestDeadlineNanoseconds = .max
        for stream in streams.values {
            if stream.deadlineNanoseconds <= nowNanoseconds {
                stream.deadlineNanoseconds = .max
                expired.append(stream)
            }
            earliestDeadlineNanoseconds = min(earliestDeadlineNanoseconds, stream.deadlineNanoseconds)
        }
        return expired
    }

    /// Ends the connection because a head does not end: its half-read header block blocks everything else.
    func endForTimeout(_ context: inout WireContext) {
        fatal = (.timedOut, NGHTTP2_ENHANCE_YOUR_CALM)
        endFatally(&context)
    }
}

// MARK: - What nghttp2 calls

extension HTTP2Connection {
    /// A head or trailer section begins.
    func beginHead(_ id: Int32, isFirst: Bool) {
        if isFirst { beginStream(id) }
        incoming.begin(isTrailers: streams[id]?.phase != .head)
    }

    /// A field of it.
    func receiveField(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) -> CInt {
        if unsafe incoming.append(name: name, value: value, limits: limits) { return 0 }
        return fail(.headerFlood, NGHTTP2_ENHANCE_YOUR_CALM)
    }

    /// A stretch of a body.
    func receiveData(_ id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let stream = streams[id], stream.phase == .body else {
            // Of no use to anyone: the window gets it back at once.
            _ = unsafe nghttp2_session_consume_connection(session, bytes.count)
            return
        }
        stream.unconsumedBytes += bytes.count
        guard bytes.count <= limits.bodyBytes - stream.body.count else {
            return refuse(stream, .bodyTooLarge)
        }
        if stream.body.isEmpty, let length = stream.announcedBytes {
            stream.body.reserveCapacity(min(length, 64 * 1024))
        }
        unsafe stream.body.append(contentsOf: bytes)
        widenWindow(of: stream)
    }

    /// A frame begins: its header is there.
    func beginFrame(_ header: nghttp2_frame_hd) -> CInt {
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_PRIORITY:
            // Priorities of RFC 7540 are off, and nghttp2 with them: it does not even look.
            if header.stream_id == 0 { return fail(.badFrame, NGHTTP2_PROTOCOL_ERROR) }
        case NGHTTP2_RST_STREAM: break
        case NGHTTP2_PING, NGHTTP2_SETTINGS:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { return 0 }
        case NGHTTP2_DATA:
            if header.length > 0 || header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { return 0 }
        default: return 0
        }
        return spendOnCostlyFrame()
    }

    /// A frame is complete.
    func receiveFrame(_ frame: nghttp2_frame) {
        let header = unsafe frame.hd
        let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS:
            guard let stream = streams[header.stream_id] else { return }
            stream.hasEnded = stream.hasEnded || endsStream
            if stream.phase == .head {
                finishHead(stream)
            } else if stream.phase == .body, let refusal = incoming.refusal {
                refuse(stream, refusal)
            }
            if endsStream, stream.phase == .body { finishMessage(stream) }
        case NGHTTP2_DATA:
            guard endsStream, let stream = streams[header.stream_id] else { return }
            stream.hasEnded = true
            if stream.phase == .body { finishMessage(stream) }
        case NGHTTP2_PING where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
            notePingAck()
        default: break
        }
    }

    /// A frame was sent.
    func noteSentFrame(_ frame: nghttp2_frame) -> CInt {
        let header = unsafe frame.hd
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS, NGHTTP2_DATA:
            if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0, let stream = streams[header.stream_id] {
                noteSent(stream)
            }
        case NGHTTP2_RST_STREAM:
            guard unsafe frame.rst_stream.error_code != NGHTTP2_NO_ERROR.rawValue else { return 0 }
            if let stream = streams[header.stream_id], stream.failure == nil, stream.isUnfinished {
                stream.failure = .badMessage
            }
            // A peer that makes us reset streams costs as much as one that resets them ("MadeYouReset").
            return spendOnCostlyFrame()
        case NGHTTP2_GOAWAY:
            let error = unsafe frame.goaway.error_code
            guard error != NGHTTP2_NO_ERROR.rawValue else {
                noteSentGoAway()
                return 0
            }
            let isCompression = error == NGHTTP2_COMPRESSION_ERROR.rawValue
            report(.ended(HTTPFailure(isCompression ? .badCompression : .badFrame, closes: true)))
        default: break
        }
        return 0
    }

    /// A stream is over, for whatever reason.
    func receiveClose(_ id: Int32, error: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        release(stream)
        if streams.isEmpty { earliestDeadlineNanoseconds = .max }
        if let code = stream.failure {
            report(.failed(id, HTTPFailure(code, closes: false)))
        } else if stream.isUnfinished {
            let isRefusal = error == NGHTTP2_REFUSED_STREAM.rawValue
            report(.failed(id, HTTPFailure(isRefusal ? .refusedByPeer : .resetByPeer, closes: false)))
        }
    }

    /// Copies the next stretch of our body to where nghttp2 wants it.
    func provide(_ id: Int32, into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, isEnd: Bool) {
        guard let stream = streams[id] else { return (0, true) }
        let count = min(buffer.count, stream.outgoing.count - stream.sentBytes)
        let range = stream.sentBytes..<stream.sentBytes + count
        unsafe stream.outgoing.withUnsafeBytes { unsafe buffer.copyMemory(from: .init(rebasing: $0[range])) }
        stream.sentBytes += count
        return (count, stream.sentBytes == stream.outgoing.count)
    }

    private func spendOnCostlyFrame() -> CInt {
        costlyFrameBudget.spend(nowNanoseconds) ? 0 : fail(.costlyFrames, NGHTTP2_ENHANCE_YOUR_CALM)
    }

    /// A request was answered: who asks for work may also cause some.
    func earnCostlyFrame() {
        costlyFrameBudget.earn()
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: UInt32) {
        for shift in stride(from: 24, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }
}
