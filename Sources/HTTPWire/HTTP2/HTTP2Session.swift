import CNghttp2

extension HTTP2Connection {
    enum Role {
        case server, client
    }

    /// Makes a session whose callbacks go to the connection that is its user data.
    static func makeSession(_ role: Role) -> OpaquePointer {
        var options: OpaquePointer?
        check(unsafe nghttp2_option_new(&options))
        defer { unsafe nghttp2_option_del(options) }
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        // Ours (`CostlyFrameBudget`) has the caller's clock and the right error code.
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, .max, .max)

        var callbacks: OpaquePointer?
        check(unsafe nghttp2_session_callbacks_new(&callbacks))
        defer { unsafe nghttp2_session_callbacks_del(callbacks) }
        unsafe setCallbacks(callbacks)

        var session: OpaquePointer?
        switch role {
        case .server: check(unsafe nghttp2_session_server_new2(&session, callbacks, nil, options))
        case .client: check(unsafe nghttp2_session_client_new2(&session, callbacks, nil, options))
        }
        guard let session = unsafe session else { preconditionFailure("nghttp2 made no session and no error") }
        return unsafe session
    }

    /// Says what the peer may do.
    func submitSettings(_ role: Role) {
        // For each stream its first window, for large bodies their memory; nghttp2 gives back when half is used.
        let largest = limits.concurrentStreams * HTTP2Connection.firstWindow
        let connectionWindow = Int32(clamping: 2 * (largest + max(limits.connectionBodyBytes, limits.bodyBytes)))
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(limits.headBytes)
            )
        ]
        switch role {
        case .server:
            settings += [
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                    value: UInt32(limits.concurrentStreams)
                ),
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue),
                    value: 1
                ),
            ]
        case .client:
            settings.append(
                nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0)
            )
        }
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        HTTP2Connection.check(unsafe nghttp2_submit_settings(session, none, settings, settings.count))
        HTTP2Connection.check(
            unsafe nghttp2_session_set_local_window_size(session, none, 0, connectionWindow)
        )
    }

    /// Lends what nghttp2 reads a message's body from, or `nil` for a message without one.
    static func withBodyProvider<Result>(
        _ hasBody: Bool,
        _ body: (UnsafePointer<nghttp2_data_provider>?) -> Result
    ) -> Result {
        guard hasBody else { return body(nil) }
        var provider = unsafe nghttp2_data_provider()
        unsafe provider.read_callback = { _, id, buffer, length, flags, _, user in
            let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: length)
            let (count, isEnd) = unsafe connection(user).provide(id, into: bytes)
            if isEnd { unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
            return count
        }
        return unsafe withUnsafePointer(to: &provider) { unsafe body($0) }
    }

    /// Traps on what only a bug of ours, or the end of memory, can cause.
    static func check(_ status: CInt) {
        precondition(status == 0, "nghttp2: \(unsafe String(cString: nghttp2_strerror(status)))")
    }

    private static func setCallbacks(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, user in
            guard let header = unsafe header?.pointee else { return 0 }
            return unsafe connection(user).beginFrame(header)
        }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
            guard let frame = unsafe frame?.pointee else { return 0 }
            let isFirst = unsafe frame.headers.cat != NGHTTP2_HCAT_HEADERS
            unsafe connection(user).beginHead(frame.hd.stream_id, isFirst: isFirst)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _,
            _,
            name,
            nameCount,
            value,
            valueCount,
            _,
            user in
            unsafe connection(user).receiveField(
                name: UnsafeBufferPointer(start: name, count: nameCount),
                value: UnsafeBufferPointer(start: value, count: valueCount)
            )
        }
        // Without this nghttp2 would drop a malformed field and accept the rest (RFC 9113 §8.2.1 says: malformed).
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in
            NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, user in
            unsafe connection(user).receiveData(id, UnsafeBufferPointer(start: bytes, count: count))
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            guard let frame = unsafe frame?.pointee else { return 0 }
            unsafe connection(user).receiveFrame(frame)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
            guard let frame = unsafe frame?.pointee else { return 0 }
            return unsafe connection(user).noteSentFrame(frame)
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, error, user in
            unsafe connection(user).receiveClose(id, error: error)
            return 0
        }
    }
}

/// The connection that a callback is for.
private func connection(_ user: UnsafeMutableRawPointer?) -> HTTP2Connection {
    guard let user = unsafe user else { preconditionFailure("user data is set when a session is made") }
    return unsafe Unmanaged<HTTP2Connection>.fromOpaque(user).takeUnretainedValue()
}
