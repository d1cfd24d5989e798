internal import JSON

/// `'…'.format([…])`: the standard's behaviour, and the older one that Kubernetes keeps (`StringsVersion(2)`, cel-go
/// `ext/formatting.go`; the standard's is `ext/formatting_v2.go`).
enum StringFormat {
    static func format(
        _ text: CELValue,
        _ list: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try format(text, list, &evaluation, StandardClauses())
    }

    static func formatForKubernetes(
        _ text: CELValue,
        _ list: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try format(text, list, &evaluation, KubernetesClauses())
    }

    private static func format(
        _ text: CELValue,
        _ list: CELValue,
        _ evaluation: inout Evaluation,
        _ clauses: some FormatClauses
    ) throws(CELError) -> CELValue {
        let arguments = evaluation.elements(of: list)
        var result = TextBuilder(evaluation)
        try evaluation.withUTF8(text) { (bytes) throws(CELError) in
            var pieces = FormatPieces(maximumPrecision: clauses.maximumPrecision)
            while let piece = try pieces.next(in: bytes, argumentCount: arguments.count) {
                switch piece {
                case .text(let range): try result.append(bytes.extracting(range))
                case .clause(let clause, let number):
                    try clauses.write(clause, arguments[number], to: &result, evaluation)
                }
            }
        }
        return result.value
    }

    /// Judges a call whose format is a literal and whose arguments are the elements of a list literal.
    ///
    /// - Parameters:
    ///   - text: The format.
    ///   - arguments: The list's elements.
    ///   - types: What the checker learnt of the nodes, by their numbers.
    ///   - profile: Decides which types a clause takes.
    /// - Returns: What is wrong and with which argument, if it is one's fault; nil if nothing is.
    static func check(
        _ text: String,
        _ arguments: [Expression],
        types: [CELType],
        profile: Profile
    ) -> (message: String, argument: Expression?)? {
        let clauses: any FormatClauses = profile == .standard ? StandardClauses() : KubernetesClauses()
        var seen = 0
        var pieces = FormatPieces(maximumPrecision: clauses.maximumPrecision)
        do throws(CELError) {
            let bytes = text.utf8Span.span
            while let piece = try pieces.next(in: bytes, argumentCount: arguments.count) {
                guard case .clause(let clause, let number) = piece else { continue }
                seen = number + 1
                if let (type, culprit) = unfit(arguments[number], for: clause, types, clauses) {
                    return ("error during formatting: " + clauses.refusal(of: clause, type), culprit)
                }
            }
        } catch { return (error.message, nil) }
        guard arguments.count <= seen else {
            return ("too many arguments supplied to string.format (expected \(seen), got \(arguments.count))", nil)
        }
        return nil
    }

    /// The expression whose type a clause does not take, if it is not `dyn`; of a list or map, elements are looked at too.
    private static func unfit(
        _ argument: Expression,
        for clause: FormatClause,
        _ types: [CELType],
        _ clauses: any FormatClauses
    ) -> (type: String, Expression)? {
        let type = types[argument.id]
        guard type != .dyn else { return nil }
        guard clauses.takes(clause, type) else { return (type.runtimeName, argument) }
        guard clause == .string else { return nil }
        let parts: [Expression] =
            switch argument.form {
            case .list(let elements, _): elements
            case .map(let entries): entries.flatMap { [$0.key, $0.value] }
            default: []
            }
        for part in parts {
            if let culprit = unfit(part, for: clause, types, clauses) { return culprit }
        }
        return nil
    }
}

/// What a `%` asks for.
enum FormatClause: Equatable {
    case string
    case decimal
    case fixed(Int?)
    case scientific(Int?)
    case binary
    case hex(uppercase: Bool)
    case octal
}

/// Splits a format into text and clauses.
private struct FormatPieces {
    enum Piece {
        case text(Range<Int>)
        case clause(FormatClause, argument: Int)
    }

    let maximumPrecision: Int
    private var index = 0
    private var argument = 0

    init(maximumPrecision: Int) { self.maximumPrecision = maximumPrecision }

    mutating func next(in text: Span<UInt8>, argumentCount: Int) throws(CELError) -> Piece? {
        guard index < text.count else { return nil }
        let percent = UInt8(ascii: "%")
        let start = index
        while index < text.count, text[index] != percent { index += 1 }
        if index > start { return .text(start..<index) }
        if index + 1 < text.count, text[index + 1] == percent {
            index += 2
            return .text(start..<start + 1)
        }
        guard argument < argumentCount else { throw CELError(.invalidArgument, "index \(argument) out of range") }
        index += 1
        guard index < text.count else { throw CELError(.invalidArgument, "unexpected end of string") }
        let clause = try clause(in: text)
        defer { argument += 1 }
        return .clause(clause, argument: argument)
    }

    private mutating func clause(in text: Span<UInt8>) throws(CELError) -> FormatClause {
        let precision = try precision(in: text)
        let letter = text[index]
        index += 1
        switch letter {
        case UInt8(ascii: "s"): return .string
        case UInt8(ascii: "d"): return .decimal
        case UInt8(ascii: "f"): return .fixed(precision)
        case UInt8(ascii: "e"): return .scientific(precision)
        case UInt8(ascii: "b"): return .binary
        case UInt8(ascii: "x"): return .hex(uppercase: false)
        case UInt8(ascii: "X"): return .hex(uppercase: true)
        case UInt8(ascii: "o"): return .octal
        default:
            let end = text.end(ofCodePointAt: index - 1)
            let name = String(text.extracting((index - 1)..<end))
            throw Self.unparsed("unrecognized formatting clause \"\(name)\"")
        }
    }

    private mutating func precision(in text: Span<UInt8>) throws(CELError) -> Int? {
        guard text[index] == UInt8(ascii: ".") else { return nil }
        index += 1
        var precision = 0
        let start = index
        while index < text.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[index] {
            precision = precision * 10 + Int(text[index] - UInt8(ascii: "0"))
            guard precision <= maximumPrecision else {
                throw Self.unparsed(
                    "error while parsing precision: a precision exceeds the maximum, which is \(maximumPrecision)"
                )
            }
            index += 1
        }
        guard index < text.count else {
            throw Self.unparsed("error while parsing precision: could not find end of precision specifier")
        }
        guard index > start else { throw Self.unparsed("error while parsing precision: no digits after \".\"") }
        return precision
    }

    private static func unparsed(_ reason: String) -> CELError {
        CELError(.invalidArgument, "could not parse formatting clause: \(reason)")
    }
}

/// How values are written.
private protocol FormatClauses: Sendable {
    /// The most digits after the point.
    var maximumPrecision: Int { get }

    /// Whether a clause takes values of a type, for calls that are judged when they are compiled.
    func takes(_ clause: FormatClause, _ type: CELType) -> Bool

    /// Why a clause does not take values of a type.
    func refusal(of clause: FormatClause, _ type: String) -> String

    func write(
        _ clause: FormatClause,
        _ value: CELValue,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError)

    /// What stands between a key and its value.
    var keyMark: String { get }

    /// Writes a value that is neither a list nor a map, on its own or inside of one.
    func writeScalar(
        _ value: CELValue,
        isNested: Bool,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError)
}

/// What is still to be written of a value.
private enum PendingText {
    case value(CELValue, isNested: Bool)
    case text(String)
    case bytes([UInt8])
}

extension FormatClauses {
    fileprivate func refuse(
        _ clause: FormatClause,
        _ value: CELValue,
        _ evaluation: borrowing Evaluation
    ) -> CELError {
        CELError(.invalidArgument, "error during formatting: " + refusal(of: clause, evaluation.typeName(of: value)))
    }

    /// Whether `%s` takes it.
    fileprivate func isText(_ type: CELType) -> Bool {
        switch type {
        case .list, .map, .int, .uint, .double, .bool, .string, .timestamp, .bytes, .duration, .type, .null, .dyn: true
        default: false
        }
    }

    /// Writes any value, without recursion, because JSON may be deep.
    ///
    /// Entries of maps are sorted by what is written of their keys.
    fileprivate func writeText(
        _ value: CELValue,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        var pending = [PendingText.value(value, isNested: false)]
        while let next = pending.popLast() {
            switch next {
            case .text(let text): try result.append(text)
            case .bytes(let bytes): try result.append(bytes.span)
            case .value(let value, let isNested):
                switch evaluation.type(of: value) {
                case .list:
                    try result.append("[")
                    pending.append(.text("]"))
                    let elements = evaluation.elements(of: value)
                    for index in elements.indices.reversed() {
                        pending.append(.value(elements[index], isNested: true))
                        if index > 0 { pending.append(.text(", ")) }
                    }
                case .map:
                    try result.append("{")
                    pending.append(.text("}"))
                    let entries = try sorted(evaluation.entries(of: value), evaluation)
                    for index in entries.indices.reversed() {
                        pending.append(.value(entries[index].value, isNested: true))
                        pending.append(.text(keyMark))
                        pending.append(.bytes(entries[index].key))
                        if index > 0 { pending.append(.text(", ")) }
                    }
                default: try writeScalar(value, isNested: isNested, to: &result, evaluation)
                }
            }
        }
    }

    private func sorted(
        _ entries: [(key: CELValue, value: CELValue)],
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> [(key: [UInt8], value: CELValue)] {
        var result: [(key: [UInt8], value: CELValue)] = []
        for entry in entries {
            var key = TextBuilder(evaluation)
            try writeScalar(entry.key, isNested: true, to: &key, evaluation)
            result.append((key.bytes, entry.value))
        }
        return result.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// The clauses that both write alike, except that one of them takes more.
    fileprivate func writeInteger(
        _ clause: FormatClause,
        _ value: CELValue,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        switch (clause, value) {
        case (.decimal, .int(let number)): try result.append(String(number))
        case (.decimal, .uint(let number)): try result.append(String(number))
        case (.binary, .bool(let isTrue)): try result.append(isTrue ? "1" : "0")
        case (.binary, .int(let number)): try result.append(String(number, radix: 2))
        case (.binary, .uint(let number)): try result.append(String(number, radix: 2))
        case (.octal, .int(let number)): try result.append(String(number, radix: 8))
        case (.octal, .uint(let number)): try result.append(String(number, radix: 8))
        case (.hex(let uppercase), .int(let number)):
            try result.append(String(number, radix: 16, uppercase: uppercase))
        case (.hex(let uppercase), .uint(let number)):
            try result.append(String(number, radix: 16, uppercase: uppercase))
        case (.hex(let uppercase), .bytes(let bytes)): try result.appendHex(bytes.span, uppercase)
        case (.hex(let uppercase), _) where value.isString:
            try evaluation.withUTF8(value) { (bytes) throws(CELError) in try result.appendHex(bytes, uppercase) }
        default: throw refuse(clause, value, evaluation)
        }
    }
}

extension TextBuilder {
    fileprivate mutating func appendHex(_ bytes: Span<UInt8>, _ uppercase: Bool) throws(CELError) {
        let ten = UInt8(ascii: uppercase ? "A" : "a") - 10
        for index in bytes.indices {
            for digit in [bytes[index] >> 4, bytes[index] & 0xF] {
                try append(digit < 10 ? UInt8(ascii: "0") + digit : ten + digit)
            }
        }
    }
}

// MARK: The standard

private struct StandardClauses: FormatClauses {
    /// cel-go's own limit.
    let maximumPrecision = 100

    func takes(_ clause: FormatClause, _ type: CELType) -> Bool {
        switch (clause, type) {
        case (.string, _): isText(type)
        case (.decimal, .double), (.fixed, .double), (.scientific, .double): true
        case (.binary, .bool), (.hex, .string), (.hex, .bytes): true
        case (_, .int), (_, .uint): true
        default: false
        }
    }

    func refusal(of clause: FormatClause, _ type: String) -> String {
        switch clause {
        case .string:
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
                + "and timestamps, was given \(type)"
        case .decimal: "decimal clause can only be used on ints, uints, and doubles, was given \(type)"
        case .fixed: "fixed-point clause can only be used on ints, uints, and doubles, was given \(type)"
        case .scientific: "scientific clause can only be used on ints, uints, and doubles, was given \(type)"
        case .binary: "only ints, uints, and bools can be formatted as binary, was given \(type)"
        case .hex: "only ints, uints, bytes, and strings can be formatted as hex, was given \(type)"
        case .octal: "octal clause can only be used on ints and uints, was given \(type)"
        }
    }

    func write(
        _ clause: FormatClause,
        _ value: CELValue,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        switch (clause, value) {
        case (.string, _): try writeText(value, to: &result, evaluation)
        case (.decimal, .double(let number)):
            try result.append(special(number) ?? ShortestDecimal(number).fixed)
        case (.fixed(let digits), _): try writeDouble(clause, value, digits, to: &result, evaluation)
        case (.scientific(let digits), _): try writeDouble(clause, value, digits, to: &result, evaluation)
        default: try writeInteger(clause, value, to: &result, evaluation)
        }
    }

    private func writeDouble(
        _ clause: FormatClause,
        _ value: CELValue,
        _ digits: Int?,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        let number: Double
        switch value {
        case .int(let integer): number = Double(integer)
        case .uint(let integer): number = Double(integer)
        case .double(let double): number = double
        default: throw refuse(clause, value, evaluation)
        }
        let isScientific = if case .scientific = clause { true } else { false }
        try result.append(special(number) ?? number.text(digits: digits ?? 6, scientific: isScientific))
    }

    private func special(_ number: Double) -> String? {
        number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : nil
    }

    let keyMark = ": "

    func writeScalar(
        _ value: CELValue,
        isNested: Bool,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        switch value {
        case .null: try result.append("null")
        case .bool(let isTrue): try result.append(isTrue ? "true" : "false")
        case .int(let number): try result.append(String(number))
        case .uint(let number): try result.append(String(number))
        case .double(let number): try result.append(special(number) ?? ShortestDecimal(number).fixed)
        case .bytes(let bytes): try result.append(bytes.span)
        case .timestamp(let time): try result.append(time.description)
        case .duration(let span): try result.append(span.description)
        case .type(let type): try result.append(type.runtimeName)
        case .string, .json:
            try evaluation.withUTF8(value) { (bytes) throws(CELError) in try result.append(bytes) }
        case .list, .map, .optional, .object: throw refuse(.string, value, evaluation)
        }
    }
}

// MARK: Kubernetes

/// What `golang.org/x/text/message` writes for `en_US`, and values inside lists and maps as CEL's literals.
private struct KubernetesClauses: FormatClauses {
    /// Kubernetes has no limit of its own; what nobody can want is refused.
    let maximumPrecision = 1000

    func takes(_ clause: FormatClause, _ type: CELType) -> Bool {
        switch (clause, type) {
        case (.string, _): isText(type)
        case (.fixed, _), (.scientific, _): type == .double || type == .string
        case (.binary, .bool), (.hex, .string), (.hex, .bytes): true
        case (_, .int), (_, .uint): true
        default: false
        }
    }

    func refusal(of clause: FormatClause, _ type: String) -> String {
        switch clause {
        case .string: StandardClauses().refusal(of: clause, type)
        case .decimal: "decimal clause can only be used on integers, was given \(type)"
        case .fixed: "fixed-point clause can only be used on doubles, was given \(type)"
        case .scientific: "scientific clause can only be used on doubles, was given \(type)"
        case .binary: "only integers and bools can be formatted as binary, was given \(type)"
        case .hex: "only integers, byte buffers, and strings can be formatted as hex, was given \(type)"
        case .octal: "octal clause can only be used on integers, was given \(type)"
        }
    }

    func write(
        _ clause: FormatClause,
        _ value: CELValue,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        switch clause {
        case .string: try writeText(value, to: &result, evaluation)
        case .fixed(let digits):
            let number = try double(clause, value, evaluation)
            try result.append(fixed(number, digits: digits ?? 6))
        case .scientific(let width):
            // The precision, six if there is none, becomes a width there; the digits are always six.
            let text = scientific(try double(clause, value, evaluation))
            for _ in 0..<max(0, (width ?? 6) - text.unicodeScalars.count) { try result.append(" ") }
            try result.append(text)
        default: try writeInteger(clause, value, to: &result, evaluation)
        }
    }

    /// A double, or one of the three texts that stand for numbers that have no literal.
    private func double(
        _ clause: FormatClause,
        _ value: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> Double {
        if case .double(let number) = value { return number }
        guard value.isString else { throw refuse(clause, value, evaluation) }
        switch evaluation.string(value) {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: throw refuse(clause, value, evaluation)
        }
    }

    private func special(_ number: Double) -> String? {
        number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-∞" : "∞") : nil
    }

    /// With commas between groups of three digits.
    private func fixed(_ number: Double, digits: Int) -> String {
        if let special = special(number) { return special }
        var text = Array((number == 0 ? 0 : number).text(digits: digits, scientific: false).utf8)
        // There the least number of digits is kept in a byte.
        let zeros = digits & 0xFF
        if digits > zeros, let point = text.firstIndex(of: UInt8(ascii: ".")) {
            while text.count - point - 1 > zeros, text.last == UInt8(ascii: "0") { text.removeLast() }
            if text.last == UInt8(ascii: ".") { text.removeLast() }
        }
        var end = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        let start = text.first == UInt8(ascii: "-") ? 1 : 0
        while end - start > 3 {
            end -= 3
            text.insert(UInt8(ascii: ","), at: end)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Such as `1.052033×10⁰³`.
    private func scientific(_ number: Double) -> String {
        if let special = special(number) { return special }
        let text = (number == 0 ? 0 : number).text(digits: 6, scientific: true)
        let parts = text.split(separator: "e")
        var result = String(parts[0]) + "×10"
        for digit in parts[1].unicodeScalars {
            switch digit {
            case "-": result += "\u{207B}"
            case "+": break
            case "1": result += "\u{B9}"
            case "2": result += "\u{B2}"
            case "3": result += "\u{B3}"
            default: result.unicodeScalars.append(Unicode.Scalar(0x2070 + digit.value - 0x30) ?? digit)
            }
        }
        return result
    }

    let keyMark = ":"

    /// Inside lists and maps as a literal of the language.
    func writeScalar(
        _ value: CELValue,
        isNested: Bool,
        to result: inout TextBuilder,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        switch value {
        case .double(let number) where isNested && number.isFinite:
            try result.append(number.text(digits: 6, scientific: false))
        case .double(let number): try result.append(isNested ? "\"\(general(number))\"" : general(number))
        case .timestamp(let time) where isNested: try result.append("timestamp(\"\(time)\")")
        case .duration(let span) where isNested: try result.append("duration(\"\(span)\")")
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELError(
                    .invalidArgument,
                    "error during formatting: invalid UTF-8 in bytes, cannot convert to string"
                )
            }
            if isNested { try result.append("b") }
            try isNested ? writeQuoted(text, to: &result) : result.append(text)
        case .optional, .object:
            guard isNested else { throw refuse(.string, value, evaluation) }
            throw CELError(
                .invalidArgument,
                "error during formatting: no formatting function for \(evaluation.typeName(of: value))"
            )
        case .string where isNested, .json where isNested: try writeQuoted(evaluation.string(value), to: &result)
        default: try StandardClauses().writeScalar(value, isNested: isNested, to: &result, evaluation)
        }
    }

    private func general(_ number: Double) -> String {
        number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Inf" : "+Inf") : ShortestDecimal(number).general
    }

    /// As Go's `%q`: what cannot be printed is escaped.
    private func writeQuoted(_ text: String, to result: inout TextBuilder) throws(CELError) {
        try result.append("\"")
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: try result.append("\\\(scalar)")
            case 0x07: try result.append("\\a")
            case 0x08: try result.append("\\b")
            case 0x09: try result.append("\\t")
            case 0x0A: try result.append("\\n")
            case 0x0B: try result.append("\\v")
            case 0x0C: try result.append("\\f")
            case 0x0D: try result.append("\\r")
            case 0x20: try result.append(" ")
            case 0..<0x20, 0x7F: try result.append("\\x" + hex(scalar.value, digits: 2))
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
                    .spaceSeparator:
                    try result.append(
                        scalar.value < 0x10000
                            ? "\\u" + hex(scalar.value, digits: 4) : "\\U" + hex(scalar.value, digits: 8)
                    )
                default: try result.append(String(scalar))
                }
            }
        }
        try result.append("\"")
    }

    private func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
