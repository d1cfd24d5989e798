/// Line and column of every so many bytes of a text: a report of a thousand places must not read it a thousand times.
final class LineIndex: Sendable {
    /// Bytes from one known place to the next.
    static let spacing = 4096

    private let places: [JSONPosition]

    init(of text: Span<UInt8>) {
        var places: [JSONPosition] = []
        places.reserveCapacity(text.count / Self.spacing + 1)
        var position = JSONPosition(line: 1, column: 1)
        for start in stride(from: 0, to: text.count, by: Self.spacing) {
            places.append(position)
            position = position.advanced(over: text.extracting(start..<min(start + Self.spacing, text.count)))
        }
        self.places = places
    }

    /// The place of an offset of the same text.
    func position(of offset: Int, in text: Span<UInt8>) -> JSONPosition {
        let known = min(offset / Self.spacing, places.count - 1)
        let start = known * Self.spacing
        return places[known].advanced(over: text.extracting(start..<min(max(offset, start), text.count)))
    }
}

extension JSONPosition {
    /// The place behind some bytes that begin here.
    func advanced(over bytes: Span<UInt8>) -> JSONPosition {
        var line = line
        var column = column
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[index] & 0xc0 != 0x80 {
                column += 1
            }
        }
        return JSONPosition(line: line, column: column)
    }
}
