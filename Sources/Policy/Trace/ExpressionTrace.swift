internal import CEL
internal import JSON

extension ExpressionTrace {
    /// Puts into words what an expression gave.
    init(
        _ program: CELProgram,
        _ role: Role,
        _ result: Result<CELValue, CELError>,
        _ entries: [TraceEntry],
        _ cost: UInt64,
        _ evaluation: borrowing Evaluation,
        _ shield: inout ValueShield
    ) {
        var rows: [TraceRow] = []
        for entry in entries.prefix(TraceEntry.maximumCount) {
            rows.append(TraceRow(part: entry.text, value: shield.text(of: entry.result, entry.text, evaluation)))
        }
        self.init(
            role: role,
            source: program.source.trimmed,
            value: shield.text(of: result, program.source, evaluation),
            isBroken: (try? result.get()) == nil,
            parts: rows.withoutRepetitions.prefix(Self.maximumParts).map { row in
                Part(text: row.part.singleLine.shortened(to: 1024), value: row.value)
            },
            cost: cost
        )
        if case .variable(let name) = role, value == ValueShield.redacted { shield.hide("variables.\(name)") }
    }
}

/// Tells a trace what the expressions of one policy give.
final class ExpressionListener {
    private let trace: DecisionTrace
    private var shield: ValueShield

    init(_ trace: DecisionTrace, isSecret: Bool, _ secrets: SecretValues) {
        self.trace = trace
        shield = ValueShield(isSecret: isSecret, secrets)
    }

    func hear(
        _ program: CELProgram,
        _ role: ExpressionTrace.Role,
        _ result: Result<CELValue, CELError>,
        _ entries: [TraceEntry],
        _ cost: UInt64,
        _ evaluation: borrowing Evaluation
    ) {
        trace.add(ExpressionTrace(program, role, result, entries, cost, evaluation, &shield))
    }
}

/// Texts that an object keeps under names of secrets: whatever shows one is not shown.
struct SecretValues {
    private var texts: Set<[UInt8]> = []
    /// Whether there are more than are kept, so that any text may be one.
    private var areMore = false

    /// Shorter ones are compared as a whole: they stand in other texts by chance.
    private static let shortBytes = 4
    /// The most that are kept: every text that is shown is looked through for each.
    private static let maximumCount = 256

    /// Keeps nothing, or what objects keep.
    init(of objects: [JSONFragment] = []) {
        for object in objects { add(object) }
    }

    /// Whether nothing is kept.
    var isEmpty: Bool { texts.isEmpty }

    /// Looks through an object.
    mutating func add(_ object: JSONFragment) {
        add(object.value, in: object.document, isSecret: false)
    }

    /// The parser limits how deep a document is.
    private mutating func add(_ value: JSONValue, in document: JSONDocument, isSecret: Bool) {
        switch value.kind {
        case .object:
            for (key, member) in document.members(of: value) {
                let namesSecret = document.utf8(key).namesSecret
                // `{name: …, key: …}` says where the secret is, and is none.
                let isReference = isSecret && ["name", "key", "namespace"].contains(document.string(key))
                add(member, in: document, isSecret: (isSecret || namesSecret) && !isReference)
            }
        case .array:
            for element in document.elements(of: value) { add(element, in: document, isSecret: isSecret) }
        case .string:
            if isSecret, let text = document.string(value), !text.isEmpty { add(text) }
        case .int, .double:
            if isSecret { add(String(document.lexeme(value))) }
        case .null, .bool: return
        }
    }

    private mutating func add(_ text: String) {
        guard texts.count < Self.maximumCount else {
            areMore = true
            return
        }
        texts.insert(Array(text.utf8))
        if text.escaped != text { texts.insert(Array(text.escaped.utf8)) }
    }

    /// Whether a text, which shows a value as CEL writes it, tells one of them.
    func areIn(_ text: String) -> Bool {
        if texts.isEmpty { return false }
        if areMore { return true }
        let bytes = text.utf8Span.span
        return texts.contains { secret in
            guard secret.count < Self.shortBytes else { return bytes.contains(secret.span) }
            return bytes.equals(secret.span)
                || bytes.equals(("'" + String(decoding: secret, as: UTF8.self) + "'").utf8Span.span)
        }
    }
}

extension SecretValues {
    /// A value that may be shown under its name, unless it tells one of them.
    func hidden(_ text: String?) -> String? { text.map { areIn($0) ? ValueShield.redacted : $0 } }
}

extension Span where Element == UInt8 {
    fileprivate func contains(_ needle: Span<UInt8>) -> Bool {
        guard let first = needle.count == 0 ? nil : needle[0], needle.count <= count else { return false }
        for start in 0...(count - needle.count) where self[start] == first {
            if extracting(start..<start + needle.count).equals(needle) { return true }
        }
        return false
    }
}

extension String {
    /// The text as a literal of CEL or JSON has it between its quotes.
    fileprivate var escaped: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\\", "'", "\"": result += "\\\(scalar)"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Decides which values of expressions are shown.
///
/// As of failures: no value of a Secret, nothing under a name of a secret but whether it is there, and objects and lists only by
/// their size. An expression can reach a value without naming it, as by the keys of a map; so whatever is made of something that
/// is not shown is not shown either.
struct ValueShield {
    static let redacted = "(redacted)"

    /// Whether nothing may be shown at all.
    private let isSecret: Bool
    private let secrets: SecretValues
    /// Sub-expressions whose values are not shown.
    private var hidden: Set<String> = []

    /// How much of a value is shown, in bytes.
    private static let maximumBytes = 256
    /// The longest value of which anything is shown, in bytes: all of it is looked through.
    private static let maximumTextBytes = 4096

    init(isSecret: Bool, _ secrets: SecretValues) {
        self.isSecret = isSecret
        self.secrets = secrets
    }

    mutating func hide(_ expression: String) { hidden.insert(expression) }

    /// What a sub-expression gave.
    mutating func text(
        of result: Result<CELValue, CELError>,
        _ expression: String,
        _ evaluation: borrowing Evaluation
    ) -> String {
        let mayShow = !isSecret && !expression.utf8Span.span.namesSecret && !usesHidden(expression)
        switch result {
        case .success(.bool(let value)): return value ? "true" : "false"
        case .success(.null): return "null"
        case .success(.json(let value)) where value.kind == .bool || value.isNull:
            return evaluation.description(of: .json(value))
        case .success(let value):
            guard mayShow else {
                hide(expression)
                return Self.redacted
            }
            // What is in an object is looked at by other expressions, or by none.
            guard let whole = evaluation.text(ofFlat: value) else { return "an object" }
            if whole.utf8.contains(UInt8(ascii: "{")), whole.first == "[" { return "a list" }
            guard whole.utf8.count <= Self.maximumTextBytes else {
                if !secrets.isEmpty { hide(expression) }
                return "a text of \(whole.utf8.count) bytes"
            }
            // Before anything is cut off.
            if secrets.areIn(whole) {
                hide(expression)
                return Self.redacted
            }
            return whole.singleLine.shortened(to: Self.maximumBytes)
        case .failure(let error):
            let text = "error: \(error.message)"
            guard mayShow, !secrets.areIn(text) else { return "error" }
            return text.singleLine.shortened(to: Self.maximumBytes)
        }
    }

    private func usesHidden(_ expression: String) -> Bool {
        hidden.contains { $0.isWord(in: expression) }
    }
}

extension Evaluation {
    /// The most of a list that is written, in bytes: lists may share what they hold.
    private static var maximumListBytes: Int { 64 * 1024 }

    /// A value as CEL writes it; nil for an object.
    fileprivate func text(ofFlat value: CELValue) -> String? {
        switch value {
        case .map, .object: return nil
        case .json(let json) where json.isObject: return nil
        case .string, .bytes: return description(of: value, limit: .max)
        case .json(let json) where json.isString: return description(of: value, limit: .max)
        case .optional:
            let text = description(of: value, limit: Self.maximumListBytes)
            return text.utf8.contains(UInt8(ascii: "{")) ? nil : text
        default: return description(of: value, limit: Self.maximumListBytes)
        }
    }
}

extension String {
    /// Whether it stands in a text, and not as a part of a longer name.
    fileprivate func isWord(in text: String) -> Bool {
        let (needle, bytes) = (Array(utf8), Array(text.utf8))
        guard !needle.isEmpty, needle.count <= bytes.count else { return false }
        func isName(_ byte: UInt8) -> Bool { byte.isAlphanumericASCII || byte == UInt8(ascii: "_") }
        for start in 0...(bytes.count - needle.count) where bytes[start...].starts(with: needle) {
            let end = start + needle.count
            let begins = start == 0 || !isName(bytes[start - 1]) || !isName(needle[0])
            let ends = end == bytes.count || !isName(bytes[end]) || !isName(needle[needle.count - 1])
            if begins && ends { return true }
        }
        return false
    }
}
