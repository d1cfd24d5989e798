internal import JSON
internal import Policy

// What both kinds of schema are made with.

extension TemplateLiteral: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral text: String) { self = .string(text) }
    init(integerLiteral number: Int64) { self = .int(number) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: TemplateLiteral...) { self = .array(elements) }
    init(dictionaryLiteral members: (String, TemplateLiteral)...) {
        self = .object(members.map { Member(key: $0.0, value: $0.1) })
    }

    /// An object of those members that are there.
    init(_ members: (key: String, value: TemplateLiteral?)...) {
        self = .object(members.compactMap { member in member.value.map { Member(key: member.key, value: $0) } })
    }

    static func strings(_ texts: [String]) -> TemplateLiteral { .array(texts.map { .string($0) }) }

    /// The value in JSON as people read it: what fits a line stands in one.
    var indentedJSON: String { lines(after: 0).joined(separator: "\n") }

    private static let lineLength = 100

    /// The value in lines, of which the first has some characters already.
    private func lines(after count: Int) -> [String] {
        func inner(_ parts: [(key: String, value: TemplateLiteral)], _ open: String, _ close: String) -> [String] {
            var result = [open]
            for (place, part) in parts.enumerated() {
                var lines = part.value.lines(after: part.key.utf8.count + 2)
                lines[0] = part.key + lines[0]
                if place < parts.count - 1 { lines[lines.count - 1] += "," }
                result += lines.map { "  " + $0 }
            }
            return result + [close]
        }
        let line = json
        if count + line.utf8.count <= Self.lineLength { return [line] }
        switch self {
        case .object(let members):
            return inner(members.map { (TemplateLiteral.string($0.key).json + ": ", $0.value) }, "{", "}")
        case .array(let elements): return inner(elements.map { ("", $0) }, "[", "]")
        case .null, .bool, .int, .double, .string: return [line]
        }
    }
}

extension Form.Text {
    static let usualMaximum = 4096
}

extension Form.List {
    var leastShown: TemplateLiteral? { minimum > 0 ? .int(Int64(minimum)) : nil }
    var mostShown: TemplateLiteral? { maximum.map { .int(Int64($0)) } }
}

extension ObjectForm {
    var requiredShown: TemplateLiteral? {
        let names = fields.filter(\.isRequired).map(\.name)
        return names.isEmpty ? nil : .strings(names)
    }
    var leastShown: TemplateLiteral? {
        isFilled && requiredShown == nil && alternatives.isEmpty && choices.isEmpty ? 1 : nil
    }
    var alternativesShown: TemplateLiteral? {
        alternatives.isEmpty ? nil : .array(alternatives.map { ["required": [.string($0)]] })
    }

    var choicesShown: TemplateLiteral? {
        choices.isEmpty ? nil : .array(choices.map { ["required": [.string($0)]] })
    }

    /// Whether parameters make a difference to it.
    var differs: Bool { fields.contains { $0.form.differs } }
}

extension Form {
    fileprivate var differs: Bool {
        switch self {
        case .text(let text): text.pattern != nil
        case .anything, .anyObject: false
        case .object(let form) where form.name != nil: form.differs
        default: true
        }
    }
}

extension DocumentForm {
    /// The version of our own kinds.
    static let apiVersion = PolicyFile.apiVersion

    /// What documents say of themselves.
    var metadata: ObjectForm {
        let strings = Form.map(.text(Form.Text(minimum: 0, maximum: 256 * 1024, example: "team-a")), minimum: 0)
        let isSuite = resource == nil
        var fields: [FieldForm] = [
            .init("name", isSuite ? .line : .label, "The document's name.", isRequired: true),
            .init("labels", strings, "Labels."),
            .init("annotations", strings, "Annotations."),
        ]
        if resource?.isNamespaced == true {
            fields.append(.init("namespace", .label, "The namespace whose objects it judges.", isRequired: true))
        }
        return ObjectForm(fields: fields)
    }
}
