/// What a YAML scalar is as JSON, by the rules of the Kubernetes YAML→JSON path.
///
/// That path is sigs.k8s.io/yaml over go-yaml v2 (`resolve.go`): YAML 1.1 with its booleans (`yes`, `no`, `on`, `off`, `y`,
/// `n`) and its octal, binary and underscored integers, without its base-60 numbers. Timestamps stay strings.
enum YAMLScalar: Equatable {
    case null
    case bool(Bool)
    /// Beyond `Int64` only from 2⁶³ to 2⁶⁴ − 1.
    case int(Int128)
    case double(Double)
    case string([UInt8])

    /// Resolves the text of a scalar that has no tag and no quotes.
    init(plain text: [UInt8]) throws(YAMLError.Code) {
        guard let first = text.first else {
            self = .null
            return
        }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            self = try Self.number(text) ?? .string(text)
        case UInt8(ascii: "~") where text.count == 1:
            self = .null
        default:
            // All words of the table have at most five letters, as they are, with a capital, or in capitals.
            self = text.count <= 5 ? Self.words[String(text.span)] ?? .string(text) : .string(text)
        }
    }

    /// Resolves the text of a scalar with a tag, quoted or not.
    init(_ text: [UInt8], tag: String) throws(YAMLError.Code) {
        switch tag {
        case "tag:yaml.org,2002:str", "!":
            self = .string(text)
        case "tag:yaml.org,2002:int":
            let value = try YAMLScalar(plain: text)
            guard case .int = value else { throw .tagMismatch("!!int") }
            self = value
        case "tag:yaml.org,2002:float":
            switch try YAMLScalar(plain: text) {
            case .int(let value): self = .double(Double(value))
            case .double(let value): self = .double(value)
            default: throw .tagMismatch("!!float")
            }
        case "tag:yaml.org,2002:bool":
            let value = try YAMLScalar(plain: text)
            guard case .bool = value else { throw .tagMismatch("!!bool") }
            self = value
        case "tag:yaml.org,2002:null":
            guard try YAMLScalar(plain: text) == .null else { throw .tagMismatch("!!null") }
            self = .null
        default:
            throw .unsupportedTag(YAMLScalar.shortened(tag))
        }
    }

    /// A tag as one writes it.
    static func shortened(_ tag: String) -> String {
        let prefix = "tag:yaml.org,2002:"
        return tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
    }

    private static let words: [String: YAMLScalar] = {
        let lists: [(YAMLScalar, [String])] = [
            (.bool(true), ["y", "yes", "true", "on"]), (.bool(false), ["n", "no", "false", "off"]), (.null, ["null"]),
        ]
        var words: [String: YAMLScalar] = [:]
        for (value, list) in lists {
            for word in list {
                for form in [word, word.prefix(1).uppercased() + word.dropFirst(), word.uppercased()] {
                    words[form] = value
                }
            }
        }
        return words
    }()

    // MARK: As JSON

    /// The value as JSON text.
    func write(to text: inout [UInt8]) {
        switch self {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let value): text.append(contentsOf: value.description.utf8)
        case .double(let value): text.append(contentsOf: DecimalDigits(value).json.utf8)
        case .string(let value): text.appendQuoted(value.span)
        }
    }

    /// The value as a key, which JSON wants to be a string (`convertToJSONableObject`); nil if it cannot be one.
    var key: [UInt8]? {
        switch self {
        case .null: nil
        case .bool(let value): Array((value ? "true" : "false").utf8)
        case .int(let value): value <= Int64.max ? Array(value.description.utf8) : nil
        case .double(let value): Array(DecimalDigits.key(value).utf8)
        case .string(let value): value
        }
    }
}

// MARK: Numbers

extension YAMLScalar {
    /// Reads a number, or what looks like one to go-yaml; nil if it is a string after all.
    private static func number(_ text: [UInt8]) throws(YAMLError.Code) -> YAMLScalar? {
        let digits = text.first == UInt8(ascii: ".") ? text : text.filter { $0 != UInt8(ascii: "_") }
        if let value = try integer(digits) { return value }
        switch String(digits.span) {
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
            throw .notANumber(String(text.span))
        default:
            break
        }
        // What overflows is a string to go-yaml: the short commit hash 12e4567 is none of its numbers.
        guard isFloat(digits), let value = Double(String(digits.span)), value.isFinite else { return nil }
        return .double(value)
    }

    /// Reads an integer as Go's `strconv.ParseInt(text, 0, 64)` and `ParseUint` do: `0x`, `0o`, `0b` and `0` name the base.
    private static func integer(_ text: [UInt8]) throws(YAMLError.Code) -> YAMLScalar? {
        var digits = text[...]
        let sign = digits.first
        let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
        if isSigned { digits.removeFirst() }
        var base: Int128 = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): base = 16
            case UInt8(ascii: "o"): base = 8
            case UInt8(ascii: "b"): base = 2
            default: base = 0
            }
            digits.removeFirst(base == 0 ? 1 : 2)
            if base == 0 { base = 8 }
        }
        guard !digits.isEmpty else { return nil }
        var value: Int128 = 0
        for byte in digits {
            let digit = Int128(Self.digit(byte))
            guard digit < base else { return nil }
            // Once too large it stays so; the rest must still be digits.
            value = min(value * base + digit, 1 << 66)
        }
        if sign == UInt8(ascii: "-") { value.negate() }
        // A sign is none of an unsigned integer's.
        let range = Int128(Int64.min)...(isSigned ? Int128(Int64.max) : Int128(UInt64.max))
        guard !range.contains(value) else { return .int(value) }
        if base == 10 || isFloat(text) { return nil }  // a double
        throw .numberOutOfRange(String(text.span))
    }

    private static func digit(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: 99
        }
    }

    /// Whether the text is `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, go-yaml's `yamlStyleFloat`.
    private static func isFloat(_ text: [UInt8]) -> Bool {
        var rest = text[...]
        func skipDigits() -> Int {
            let count = rest.prefix { 0x30...0x39 ~= $0 }.count
            rest.removeFirst(count)
            return count
        }
        func skipSign() {
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        }
        skipSign()
        let whole = skipDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard skipDigits() > 0 || whole > 0 else { return false }
        } else if whole == 0 {
            return false
        }
        guard let byte = rest.first else { return true }
        guard byte | 0x20 == UInt8(ascii: "e") else { return false }
        rest.removeFirst()
        skipSign()
        return skipDigits() > 0 && rest.isEmpty
    }
}

/// The shortest digits that name a floating-point number, and where its point is.
struct DecimalDigits {
    private let sign: String
    /// Without zeros at either end; empty for zero.
    private var digits: [UInt8]
    /// How many of the digits stand before the point; less than 0 for zeros after it.
    private var point: Int

    init(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
        let text = value.description
        sign = text.hasPrefix("-") ? "-" : ""
        let parts = text.drop { $0 == "-" }.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        digits = Array(mantissa.joined().utf8)
        point = mantissa[0].utf8.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits.isEmpty { point = 1 }
    }

    /// As Go's `encoding/json` writes a `float64`: with an exponent below 10⁻⁶ and from 10²¹ on.
    var json: String {
        digits.isEmpty || -5...21 ~= point ? plain : scientific(exponentDigits: 1)
    }

    /// As sigs.k8s.io/yaml writes a float that is a key: `FormatFloat(f, 'g', -1, 32)`.
    static func key(_ value: Double) -> String {
        let single = Float(value)
        guard single.isFinite else { return single < 0 ? "-.inf" : ".inf" }
        let decimal = DecimalDigits(single)
        return -3...6 ~= decimal.point ? decimal.plain : decimal.scientific(exponentDigits: 2)
    }

    private var plain: String {
        guard !digits.isEmpty else { return sign + "0" }
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: max(-point, point - digits.count, 0))
        let text =
            point <= 0
            ? Array("0.".utf8) + zeros + digits
            : point >= digits.count
                ? digits + zeros : digits[..<point] + [UInt8(ascii: ".")] + digits[point...]
        return sign + String(text.span)
    }

    private func scientific(exponentDigits: Int) -> String {
        let exponent = point - 1
        let magnitude = String(exponent.magnitude)
        let padding = String(repeating: "0", count: max(0, exponentDigits - magnitude.count))
        let fraction = digits.count > 1 ? "." + String([UInt8](digits[1...]).span) : ""
        return
            "\(sign)\(Character(Unicode.Scalar(digits[0])))\(fraction)e\(exponent < 0 ? "-" : "+")\(padding)\(magnitude)"
    }
}
