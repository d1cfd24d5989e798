internal import CEL
internal import JSON

/// Writes what expressions give as JSON, with Kubernetes' checks of apply configurations.
struct CELValueWriter {
    private var writer = JSONWriter()
    private var depth = 0

    /// As deep as a document may be.
    private static let maximumDepth = JSONLimits.default.maximumDepth

    /// The value as a document.
    ///
    /// - Throws: If it holds what JSON cannot say, or an object literal whose type is not named after its place
    ///   (`Object.spec.sku` below `spec.sku`).
    static func document(
        _ value: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(EvaluationError) -> JSONDocument {
        var writer = CELValueWriter()
        try writer.write(value, evaluation, as: nil)
        do throws(JSONError) {
            return try JSONDocument(parsing: writer.writer.finish())
        } catch {
            throw .expression("what it gives is no JSON: \(error)")
        }
    }

    /// Writes a value; `type` is the name that an object literal here must have.
    private mutating func write(
        _ value: CELValue,
        _ evaluation: borrowing Evaluation,
        as type: String?
    ) throws(EvaluationError) {
        guard depth < Self.maximumDepth, writer.bytes.count <= JSONLimits.default.maximumBytes else {
            throw .expression("what it gives is too large or too deep")
        }
        depth += 1
        defer { depth -= 1 }
        switch value {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.int(value)
        case .uint(let value):
            if let value = Int64(exactly: value) { writer.int(value) } else { writer.double(Double(value)) }
        case .double(let value):
            guard value.isFinite else { throw .expression("JSON has no number \(value)") }
            // As Go writes it: an integral value has no fraction, and is an integer to whoever reads it.
            if let integer = Int64(exactly: value), value.magnitude < 1e15 {
                writer.int(integer)
            } else {
                writer.double(value)
            }
        case .string(let text): writer.string(text)
        case .json(let json): writer.copy(json, in: evaluation.document(of: json))
        case .bytes(let bytes): writer.string(Self.base64(bytes))
        case .timestamp(let time): writer.string(time.rfc3339)
        case .duration(let duration): writer.string(duration.json)
        case .list(let list):
            writer.beginArray()
            for element in list.elements { try write(element, evaluation, as: type) }
            writer.endArray()
        case .map(let map): try write(map, evaluation, as: type)
        case .object(let object):
            guard let literal = object as? StructValue else {
                throw .expression("a value of type \(object.type) is no JSON")
            }
            try write(literal, evaluation, as: type)
        case .type, .optional: throw .expression("a type or an optional is no JSON")
        }
    }

    private mutating func write(
        _ map: MapValue,
        _ evaluation: borrowing Evaluation,
        as type: String?
    ) throws(EvaluationError) {
        writer.beginObject()
        var keys: Set<[UInt8]> = []
        for (key, value) in map.entries {
            switch key {
            case .string, .json: break
            default: throw .expression("a map has a key that is no string")
            }
            let name = evaluation.string(key)
            guard keys.insert(Array(name.utf8)).inserted else { throw .expression("a map has a key twice") }
            writer.key(name)
            try write(value, evaluation, as: type)
        }
        writer.endObject()
    }

    private mutating func write(
        _ literal: StructValue,
        _ evaluation: borrowing Evaluation,
        as type: String?
    ) throws(EvaluationError) {
        if let type, type != literal.typeName {
            throw .expression(
                "type mismatch: unexpected type name \"\(literal.typeName)\", expected \"\(type)\", which matches field "
                    + "name path from root Object type"
            )
        }
        writer.beginObject()
        let isApplied = literal.typeName != KubernetesTypes.jsonPatch.name
        for (name, value) in literal.fields {
            writer.key(name)
            // What a JSON Patch puts somewhere may be of any type; only its parts are named after their places in it.
            try write(value, evaluation, as: isApplied ? "\(literal.typeName).\(name)" : nil)
        }
        writer.endObject()
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | UInt32(index < group.count ? group[start + index] : 0) }
            for index in 0..<4 {
                let sextet = Int(bits >> UInt32(18 - 6 * index) & 63)
                text.append(index <= group.count ? alphabet[sextet] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension TimestampValue {
    /// `2024-05-01T12:00:00.5Z`.
    fileprivate var rfc3339: String {
        let (days, second) = seconds.quotientAndModulus(86_400)
        // Civil date of a day number: eras of 400 years that begin on 1 March.
        let (era, dayOfEra) = (days + 719_468).quotientAndModulus(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let time = "\(second / 3600, digits: 2):\(second / 60 % 60, digits: 2):\(second % 60, digits: 2)"
        let fraction = nanoseconds == 0 ? "" : Self.fraction(nanoseconds)
        return "\(year, digits: 4)-\(month, digits: 2)-\(day, digits: 2)T\(time)\(fraction)Z"
    }

    fileprivate static func fraction(_ nanoseconds: Int32) -> String {
        var digits = ".\(Int64(nanoseconds.magnitude), digits: 9)"
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits
    }
}

extension DurationValue {
    /// `-1.5s`.
    fileprivate var json: String {
        let isNegative = seconds < 0 || nanoseconds < 0
        let fraction = nanoseconds == 0 ? "" : TimestampValue.fraction(nanoseconds)
        return "\(isNegative ? "-" : "")\(seconds.magnitude)\(fraction)s"
    }
}

extension Int64 {
    fileprivate func quotientAndModulus(_ divisor: Int64) -> (quotient: Int64, modulus: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(_ number: Int64, digits: Int) {
        let text = String(number)
        appendLiteral(String(repeating: "0", count: max(0, digits - text.utf8.count)) + text)
    }
}
