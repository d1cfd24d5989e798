internal import CEL
internal import JSON

/// A value of a mutation: meant as it is written, or with expressions in it (`${namespaceObject.metadata.name}-db`).
enum MutationValue: Sendable {
    case literal(String)
    case template([InterpolationPiece<CELProgram>])

    /// The most expressions of one value.
    static let maximumExpressions = 16

    var usesExpressions: Bool {
        if case .template = self { true } else { false }
    }

    /// The value for a request.
    ///
    /// - Throws: If an expression gives no text and nothing that can be written as one.
    func text(_ expressions: ExpressionContext?) throws(EvaluationError) -> String {
        let pieces: [InterpolationPiece<CELProgram>]
        switch self {
        case .literal(let text): return text
        case .template(let all): pieces = all
        }
        guard let expressions else { throw .expression("expressions cannot be evaluated here") }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .hole(let program):
                result += try Self.text(of: try expressions.evaluate(program, as: .value), program, expressions)
            }
        }
        guard result.utf8.count <= 4096 else { throw .expression("a value has more than 4096 bytes") }
        return result
    }

    /// The value for a field: an expression that stands alone gives a number or a bool of its own, all else is text.
    func fragment(_ expressions: ExpressionContext?) throws(EvaluationError) -> JSONFragment {
        guard case .template(let pieces) = self, pieces.count == 1, case .hole(let program)? = pieces.first,
            let expressions
        else { return JSONFragment(string: try text(expressions)) }
        let value = try expressions.evaluate(program, as: .value)
        switch value {
        case .bool(let value): return JSONFragment { $0.bool(value) }
        case .int(let value): return JSONFragment { $0.int(value) }
        case .double(let value) where value.isFinite: return JSONFragment { $0.double(value) }
        default: return JSONFragment(string: try Self.text(of: value, program, expressions))
        }
    }

    private static func text(
        of value: CELValue,
        _ program: CELProgram,
        _ expressions: ExpressionContext
    ) throws(EvaluationError) -> String {
        switch value {
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .uint(let value): return String(value)
        default:
            guard let text = expressions.string(value) else {
                throw .expression("${\(program.source.singleLine.shortened(to: 80))} gives no text")
            }
            return text
        }
    }

    /// What people mean by a name on its own.
    fileprivate static let shorthands = ["name": "object.metadata.name", "namespace": "request.namespace"]
}

extension Node {
    /// A value that may hold expressions.
    func mutationValue(_ scope: ExpressionScope) -> MutationValue? {
        guard let source = string() else { return nil }
        guard source.utf8.contains(UInt8(ascii: "$")) else { return .literal(source) }
        let pieces: [InterpolationPiece<CELProgram>]? = interpolation(of: source) { bytes, start in
            SourceScanner(bytes: bytes, start: start).end()
        } piece: { expression, start in
            let name = expression.trimmed
            guard !name.isEmpty else {
                error("has an empty '${}'", mend: "write an expression, or $${ for the text ${", at: start - 2)
                return nil
            }
            let source = MutationValue.shorthands[name] ?? expression
            return scope.compile(source, in: self, offset: start, .scalar).map { .hole($0) }
        }
        guard let pieces else { return nil }
        guard pieces.count <= 2 * MutationValue.maximumExpressions + 1 else {
            error("holds too many expressions", mend: "keep within \(MutationValue.maximumExpressions)")
            return nil
        }
        if case .text(let only)? = pieces.first, pieces.count == 1 { return .literal(only) }
        return .template(pieces)
    }
}

/// A part of a text with `${…}` in it.
enum InterpolationPiece<Hole: Sendable>: Sendable {
    case text(String)
    /// What `${…}` stands for.
    case hole(Hole)
}

extension Node {
    /// Reads a text with `${…}` in it; `$${` is the text `${`.
    ///
    /// - Parameters:
    ///   - source: The text, which is the node's.
    ///   - end: Where the brace is that closes what begins at a byte.
    ///   - piece: What stands between the braces, and at which byte; nil if it is wrong, which has been reported then.
    /// - Returns: Nil if something is wrong.
    func interpolation<Hole>(
        of source: String,
        end: (_ bytes: [UInt8], _ start: Int) -> Int?,
        piece: (_ inner: String, _ start: Int) -> InterpolationPiece<Hole>?
    ) -> [InterpolationPiece<Hole>]? {
        let bytes = Array(source.utf8)
        var pieces: [InterpolationPiece<Hole>] = []
        var text: [UInt8] = []
        var isGood = true
        var index = 0
        func flush() {
            if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
            text = []
        }
        while index < bytes.count {
            let rest = bytes[index...]
            if rest.starts(with: "$${".utf8) {
                text += Array("${".utf8)
                index += 3
            } else if rest.starts(with: "${".utf8) {
                guard let end = end(bytes, index + 2) else {
                    error("has a '${' that is not closed", mend: "add '}', or write $${ for the text ${", at: index)
                    return nil
                }
                flush()
                if let piece = piece(String(decoding: bytes[(index + 2)..<end], as: UTF8.self), index + 2) {
                    pieces.append(piece)
                } else {
                    isGood = false
                }
                index = end + 1
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        flush()
        return isGood ? pieces : nil
    }
}

/// Walks over the source of an expression, string literals aside.
private struct SourceScanner {
    let bytes: [UInt8]
    let start: Int

    /// Where the brace is that ends an expression: braces of maps and those in literals are the expression's own.
    func end() -> Int? {
        var depth = 0
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                if depth == 0 { return index }
                depth -= 1
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                guard let end = endOfLiteral(at: index) else { return nil }
                index = end
            default: break
            }
            index += 1
        }
        return nil
    }

    /// Where a name stands first that is no field of something.
    func firstUse(of name: [UInt8]) -> Int? {
        var index = start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") {
                guard let end = endOfLiteral(at: index) else { return nil }
                index = end + 1
                continue
            }
            guard isWord(index) else {
                index += 1
                continue
            }
            var end = index
            while end < bytes.count, isWord(end) { end += 1 }
            let isField = index > start && bytes[index - 1] == UInt8(ascii: ".")
            if !isField, bytes[index..<end].elementsEqual(name) { return index }
            index = end
        }
        return nil
    }

    private func isWord(_ index: Int) -> Bool {
        bytes[index].isAlphanumericASCII || bytes[index] == UInt8(ascii: "_")
    }

    /// The last quote of a string literal; `r"…"` knows no escapes, three quotes end with three.
    private func endOfLiteral(at quote: Int) -> Int? {
        let mark = bytes[quote]
        let isTriple = bytes[quote...].starts(with: [mark, mark, mark])
        var isRaw = false
        var before = quote - 1
        while before >= start, "rRbB".utf8.contains(bytes[before]) {
            isRaw = isRaw || bytes[before] | 0x20 == UInt8(ascii: "r")
            before -= 1
        }
        // Letters that belong to a name are no prefix.
        if before >= start, isWord(before) { isRaw = false }
        var index = quote + (isTriple ? 3 : 1)
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), !isRaw {
                index += 2
                continue
            }
            if bytes[index] == mark {
                if !isTriple { return index }
                if bytes[index...].starts(with: [mark, mark, mark]) { return index + 2 }
            }
            index += 1
        }
        return nil
    }
}

extension String {
    /// Where an expression uses a name, in bytes; a field, and what stands in a literal, is no use of it.
    func firstUse(of name: String) -> Int? {
        SourceScanner(bytes: Array(utf8), start: 0).firstUse(of: Array(name.utf8))
    }
}
