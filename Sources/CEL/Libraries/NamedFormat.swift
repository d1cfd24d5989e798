internal import JSON

extension Library {
    /// Kubernetes' named formats of texts (`apiserver/pkg/cel/library/format.go`).
    static let formats = Library(
        name: "kubernetes.format",
        types: [FormatValue.type],
        functions: NamedFormat.all.map { entry in
            let value = CELValue.object(FormatValue(entry.format))
            return Function(
                "format.\(entry.name)",
                .function(
                    "format.\(entry.name)",
                    [],
                    FormatValue.type,
                    availability: since,
                    .nullary { _ in value }
                )
            )
        } + [
            Function(
                "format.named",
                .function(
                    "format-named",
                    [.string],
                    .optional(FormatValue.type),
                    availability: since,
                    .unary { (name, evaluation) throws(CELError) in
                        let name = evaluation.utf8(name)
                        let entry = NamedFormat.all.first { $0.name.utf8.elementsEqual(name) }
                        return .optional(entry.map { OptionalValue(.object(FormatValue($0.format))) } ?? .none)
                    }
                )
            ),
            Function(
                "validate",
                .method(
                    "format-validate",
                    [FormatValue.type, .string],
                    .optional(.list(.string)),
                    availability: since,
                    named: validateCost,
                    .binary { (format, text, evaluation) throws(CELError) in
                        let flaws = format.format?.validate(evaluation.utf8(text)) ?? []
                        return .optional(flaws.isEmpty ? .none : OptionalValue(.strings(flaws)))
                    }
                )
            ),
        ]
    )

    private static let since = Availability.kubernetesOnly(from: 31)
    /// As if each format were a pattern of its length.
    private static let validateCost = CallCost.computed { arguments, _, evaluation in
        CallCost.pattern(evaluation.size(of: arguments[1]), arguments[0].format?.patternLength ?? 0)
    }
}

/// A format as a value.
final class FormatValue: ObjectValue {
    static let type = CELType.opaque("kubernetes.NamedFormat")
    let format: NamedFormat

    init(_ format: NamedFormat) { self.format = format }

    var type: CELType { Self.type }
    func isEqual(to other: any ObjectValue) -> Bool { (other as? FormatValue)?.format.name == format.name }
}

extension CELValue {
    fileprivate var format: NamedFormat? {
        if case .object(let object) = self { (object as? FormatValue)?.format } else { nil }
    }
}

/// A format and what is said about texts that do not have it (apimachinery `util/validation`, kube-openapi `strfmt`).
struct NamedFormat: Sendable {
    let name: String
    /// What Kubernetes takes for the length of its pattern.
    let patternLength: UInt64
    /// The flaws of a text; none if it has the format.
    let validate: @Sendable ([UInt8]) -> [String]

    static let all: [(name: String, format: NamedFormat)] = [
        ("dns1123Label", NamedFormat("DNS1123Label", 30) { label($0) }),
        ("dns1123Subdomain", NamedFormat("DNS1123Subdomain", 60) { subdomain($0) }),
        ("dns1035Label", NamedFormat("DNS1035Label", 30) { label1035($0) }),
        ("qualifiedName", NamedFormat("QualifiedName", 60) { qualifiedName($0) }),
        ("dns1123LabelPrefix", NamedFormat("DNS1123LabelPrefix", 30) { label(prefix($0)) }),
        ("dns1123SubdomainPrefix", NamedFormat("DNS1123SubdomainPrefix", 60) { subdomain(prefix($0)) }),
        ("dns1035LabelPrefix", NamedFormat("DNS1035LabelPrefix", 30) { label1035(prefix($0)) }),
        ("labelValue", NamedFormat("LabelValue", 40) { labelValue($0) }),
        ("uri", NamedFormat("URI", 1103) { uri($0) }),
        ("uuid", NamedFormat("uuid", 70) { isUUID($0) ? [] : ["does not match the UUID format"] }),
        ("byte", NamedFormat("byte", 84) { isBase64($0) ? [] : ["invalid base64"] }),
        ("date", NamedFormat("date", 71) { isDate($0[...]) ? [] : ["invalid date"] }),
        ("datetime", NamedFormat("datetime", 71) { isDateTime($0) ? [] : ["invalid datetime"] }),
    ]

    private init(_ name: String, _ patternLength: UInt64, _ validate: @escaping @Sendable ([UInt8]) -> [String]) {
        self.name = name
        self.patternLength = patternLength
        self.validate = validate
    }

    // MARK: Names

    private static let labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    private static let keyPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

    static func label(_ text: [UInt8]) -> [String] {
        var flaws = tooLong(text, 63)
        if !isLabel(text[...]) {
            // Its length is judged already: it must be dots.
            flaws.append(
                isSubdomain(text)
                    ? "must not contain dots"
                    : mismatch(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                            + "and must start and end with an alphanumeric character",
                        labelPattern,
                        ["my-name", "123-abc"]
                    )
            )
        }
        return flaws
    }

    static func subdomain(_ text: [UInt8], unit: String = "characters") -> [String] {
        guard !isSubdomain(text) else { return tooLong(text, 253, unit) }
        return tooLong(text, 253, unit) + [
            mismatch(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                    + "and must start and end with an alphanumeric character",
                labelPattern + "(\\." + labelPattern + ")*",
                ["example.com"]
            )
        ]
    }

    private static func label1035(_ text: [UInt8]) -> [String] {
        guard !isLabel(text[...]) || !(text.first.map(isLower) ?? false) else { return tooLong(text, 63) }
        return tooLong(text, 63) + [
            mismatch(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
                    + "start with an alphabetic character, and end with an alphanumeric character",
                "[a-z]([-a-z0-9]*[a-z0-9])?",
                ["my-name", "abc-123"]
            )
        ]
    }

    private static func qualifiedName(_ text: [UInt8]) -> [String] {
        let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
        let mismatch = mismatch(
            "must consist of alphanumeric characters, '-', '_' or '.', "
                + "and must start and end with an alphanumeric character",
            keyPattern,
            ["MyName", "my.name", "123-abc"]
        )
        guard parts.count <= 2, let name = parts.last else {
            return [
                "a valid label key \(mismatch) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        var flaws: [String] = []
        if parts.count == 2 {
            flaws = (parts[0].isEmpty ? ["must be non-empty"] : subdomain(parts[0], unit: "bytes")).map {
                "prefix part \($0)"
            }
        }
        flaws += (name.isEmpty ? ["must be non-empty"] : tooLong(name, 63, "bytes")).map { "name part \($0)" }
        if !isKey(name) { flaws.append("name part \(mismatch)") }
        return flaws
    }

    private static func labelValue(_ text: [UInt8]) -> [String] {
        guard !text.isEmpty, !isKey(text) else { return tooLong(text, 63, "bytes") }
        return tooLong(text, 63, "bytes") + [
            mismatch(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                    + "and must start and end with an alphanumeric character",
                "(\(keyPattern))?",
                ["MyValue", "my_value", "12345"]
            )
        ]
    }

    /// A name to which something will be added may end with a hyphen: it counts as one that ends with a letter.
    private static func prefix(_ text: [UInt8]) -> [UInt8] {
        text.count > 1 && text.last == UInt8(ascii: "-") ? text.dropLast(2) + [UInt8(ascii: "a")] : text
    }

    /// Bytes are counted, whatever the message calls them.
    private static func tooLong(_ text: [UInt8], _ limit: Int, _ unit: String = "characters") -> [String] {
        text.count > limit ? ["must be no more than \(limit) \(unit)"] : []
    }

    private static func mismatch(_ rule: String, _ pattern: String, _ examples: [String]) -> String {
        let examples = examples.map { "'\($0)', " }.joined(separator: " or ")
        return "\(rule) (e.g. \(examples)regex used for validation is '\(pattern)')"
    }

    private static func isLower(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte }
    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte | 0x20) || isDigit(byte) }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
    }

    private static func isLabel(_ text: ArraySlice<UInt8>) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return !text.isEmpty && text.first != hyphen && text.last != hyphen
            && text.allSatisfy { isLower($0) || isDigit($0) || $0 == hyphen }
    }

    private static func isSubdomain(_ text: [UInt8]) -> Bool {
        text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isKey(_ text: [UInt8]) -> Bool {
        guard let first = text.first, let last = text.last else { return false }
        let marks = Array("-_.".utf8)
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.allSatisfy { isAlphanumeric($0) || marks.contains($0) }
    }

    // MARK: Formats of OpenAPI

    private static func uri(_ text: [UInt8]) -> [String] {
        do throws(ParsedURL.Flaw) {
            _ = try ParsedURL(request: text)
            return []
        } catch {
            return ["parse \"\(String(text.span))\": \(error.reason)"]
        }
    }

    /// Eight, four, four, four and twelve hexadecimal digits, with or without hyphens between them.
    private static func isUUID(_ text: [UInt8]) -> Bool {
        var rest = text[...]
        for (number, length) in [8, 4, 4, 4, 12].enumerated() {
            if number > 0, rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard rest.prefix(length).count == length, rest.prefix(length).allSatisfy(isHexadecimal) else {
                return false
            }
            rest = rest.dropFirst(length)
        }
        return rest.isEmpty
    }

    private static func isBase64(_ text: [UInt8]) -> Bool {
        guard !text.isEmpty, text.count % 4 == 0 else { return false }
        let digits = text.prefix { $0 != UInt8(ascii: "=") }
        let padding = text.count - digits.count
        return padding <= 2 && text.suffix(padding).allSatisfy { $0 == UInt8(ascii: "=") }
            && digits.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
    }

    /// `2006-01-02`, and a day that there is.
    private static func isDate(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy(isDigit) }) else { return false }
        let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        guard 1...12 ~= month else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        return 1...days ~= day
    }

    /// A date, `T`, `15:04:05` with a fraction or none, and `Z` or an offset; what follows another `T` does not matter.
    private static func isDateTime(_ text: [UInt8]) -> Bool {
        let parts = text.split(omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "t") }
        guard parts.count >= 2, isDate(parts[0]) else { return false }
        var rest = parts[1]
        for (number, limit) in [23, 59, 59].enumerated() {
            if number > 0 {
                guard rest.first == UInt8(ascii: ":") else { return false }
                rest = rest.dropFirst()
            }
            guard let value = twoDigits(rest), value <= limit else { return false }
            rest = rest.dropFirst(2)
        }
        if isZone(rest) { return true }
        // A fraction may begin with any character.
        guard let first = rest.first, first != UInt8(ascii: "\n") else { return false }
        rest = rest.dropFirst()
        while let byte = rest.first, Span<UInt8>.isContinuation(byte) { rest = rest.dropFirst() }
        let digits = rest.prefix(while: isDigit)
        return !digits.isEmpty && isZone(rest.dropFirst(digits.count))
    }

    private static func twoDigits(_ text: ArraySlice<UInt8>) -> Int? {
        let digits = text.prefix(2)
        guard digits.count == 2, digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// `z`, or a sign, two digits, a colon and two digits.
    private static func isZone(_ text: ArraySlice<UInt8>) -> Bool {
        if text.count == 1, text.first.map({ $0 | 0x20 }) == UInt8(ascii: "z") { return true }
        guard text.count == 6, text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-") else { return false }
        let rest = text.dropFirst()
        return twoDigits(rest) != nil && rest.dropFirst(2).first == UInt8(ascii: ":")
            && twoDigits(rest.dropFirst(3)) != nil
    }
}
