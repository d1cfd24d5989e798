internal import JSON

/// A text with the object's name and namespace in it: `${namespace}-${name}`.
struct NameTemplate: Sendable, CustomStringConvertible {
    enum Piece: Equatable, Sendable {
        case text([UInt8])
        case name
        case namespace
    }

    let pieces: [Piece]
    let description: String

    /// `${name}`.
    static let name = NameTemplate(pieces: [.name], description: "${name}")

    private init(pieces: [Piece], description: String) {
        self.pieces = pieces
        self.description = description
    }

    /// - Returns: nil if a `${` is neither `${name}` nor `${namespace}`.
    init?(_ text: String) {
        var pieces: [Piece] = []
        var rest = Array(text.utf8)[...]
        var literal: [UInt8] = []
        while let byte = rest.first {
            let found: (Piece, Int)?
            if rest.starts(with: "${name}".utf8) {
                found = (.name, 7)
            } else if rest.starts(with: "${namespace}".utf8) {
                found = (.namespace, 12)
            } else if rest.starts(with: "${".utf8) {
                return nil
            } else {
                found = nil
            }
            if let (piece, length) = found {
                if !literal.isEmpty { pieces.append(.text(literal)) }
                literal = []
                pieces.append(piece)
                rest = rest.dropFirst(length)
            } else {
                literal.append(byte)
                rest = rest.dropFirst()
            }
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
        description = text
    }

    /// The text for an object; what it has not is left out.
    func text(name: String?, namespace: String?) -> String {
        pieces.reduce(into: "") { result, piece in
            switch piece {
            case .text(let bytes): result += String(decoding: bytes, as: UTF8.self)
            case .name: result += name ?? ""
            case .namespace: result += namespace ?? ""
            }
        }
    }

    /// Whether a text begins with it, or ends with it.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: The object's name, in UTF-8.
    ///   - namespace: Its namespace.
    ///   - isEnd: Whether the end is meant.
    /// - Returns: Whether it does.
    func matches(_ text: Span<UInt8>, name: Span<UInt8>, namespace: Span<UInt8>, atEnd isEnd: Bool) -> Bool {
        var length = 0
        for piece in pieces {
            switch piece {
            case .text(let bytes): length += bytes.count
            case .name: length += name.count
            case .namespace: length += namespace.count
            }
        }
        guard length <= text.count else { return false }
        var place = isEnd ? text.count - length : 0
        for piece in pieces {
            switch piece {
            case .text(let bytes):
                guard text.extracting(place..<(place + bytes.count)).equals(bytes.span) else { return false }
                place += bytes.count
            case .name:
                guard text.extracting(place..<(place + name.count)).equals(name) else { return false }
                place += name.count
            case .namespace:
                guard text.extracting(place..<(place + namespace.count)).equals(namespace) else { return false }
                place += namespace.count
            }
        }
        return true
    }
}

extension Node {
    func nameTemplate() -> NameTemplate? {
        guard let text = string() else { return nil }
        guard let template = NameTemplate(text) else {
            error("holds a '${' that is not known here", mend: "write ${name} or ${namespace}")
            return nil
        }
        return template
    }
}

extension JSONDocument {
    func string(_ value: JSONValue?) -> String? {
        value.flatMap { string($0) }
    }
}
