/// Decodes the chunked transfer coding (RFC 9112 §7.1) byte by byte around the data, which it copies whole.
///
/// ```
/// size ── ext ─┐
///   └──────────┴─ sizeLF ── data ── dataCR ── dataLF ── size
///                    └ (size 0) ── trailers ── done
/// ```
struct ChunkedDecoder {
    private enum State {
        case size(digits: Int)
        case spaceBeforeExtension
        case chunkExtension
        case sizeLineFeed
        case data
        case dataReturn
        case dataLineFeed
        case trailers
    }

    private var state = State.size(digits: 0)
    private var remaining = 0
    private var overhead = 0
    /// The trailer section so far.
    ///
    /// It is checked and thrown away: nothing here has a use for trailers.
    private var trailers: [UInt8] = []
    private var trailerLine = 0

    /// Appends data to `body` up to the end of the bytes or of the coding.
    mutating func decode(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        into body: inout [UInt8],
        limits: borrowing HTTPLimits
    ) -> BodyReader.Progress {
        while offset < bytes.count {
            let byte = bytes[offset]
            switch state {
            case .data:
                let count = min(remaining, bytes.count - offset)
                body.append(bytes, offset..<offset + count)
                offset += count
                remaining -= count
                if remaining == 0 { state = .dataReturn }
                continue
            case .trailers:
                return decodeTrailers(bytes, at: &offset, limits: limits)
            case .size(let digits):
                if let value = byte.hexadecimal {
                    // A digit after nothing but zeros says nothing new about the size.
                    if digits > 0, remaining == 0 { overhead += 1 }
                    remaining = remaining << 4 | value
                    guard remaining <= limits.bodyBytes - body.count else { return .failed(.bodyTooLarge) }
                    state = .size(digits: digits + 1)
                } else if digits == 0 {
                    return .failed(.badChunk)
                } else if byte == 0x0d {
                    state = .sizeLineFeed
                } else if byte == UInt8(ascii: ";") {
                    state = .chunkExtension
                } else if byte == 0x20 || byte == 0x09 {
                    state = .spaceBeforeExtension
                } else {
                    return .failed(.badChunk)
                }
            case .spaceBeforeExtension:
                overhead += 1
                if byte == UInt8(ascii: ";") {
                    state = .chunkExtension
                } else if byte != 0x20 && byte != 0x09 {
                    return .failed(.badChunk)
                }
            case .chunkExtension:
                overhead += 1
                if byte == 0x0d {
                    state = .sizeLineFeed
                } else if byte < 0x20 && byte != 0x09 || byte == 0x7f {
                    return .failed(.badChunk)
                }
            case .sizeLineFeed:
                guard byte == 0x0a else { return .failed(.badChunk) }
                state = remaining == 0 ? .trailers : .data
            case .dataReturn:
                guard byte == 0x0d else { return .failed(.badChunk) }
                state = .dataLineFeed
            case .dataLineFeed:
                guard byte == 0x0a else { return .failed(.badChunk) }
                state = .size(digits: 0)
            }
            guard overhead <= limits.chunkOverheadBytes else { return .failed(.chunkOverheadTooLarge) }
            offset += 1
        }
        return .needsBytes
    }

    private mutating func decodeTrailers(
        _ bytes: Span<UInt8>,
        at offset: inout Int,
        limits: borrowing HTTPLimits
    ) -> BodyReader.Progress {
        let before = trailers.count
        let count = min(bytes.count - offset, limits.trailerBytes - before)
        trailers.append(bytes, offset..<offset + count)
        while true {
            switch FieldLine.parse(trailers.span, at: trailerLine) {
            case .field(_, let next):
                trailerLine = next
            case .end(let end):
                offset += end - before
                return .done
            case .failed:
                return .failed(.badTrailer)
            case .incomplete:
                offset += count
                return trailers.count == limits.trailerBytes ? .failed(.trailerTooLarge) : .needsBytes
            }
        }
    }
}
