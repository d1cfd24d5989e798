internal import JSON

/// The `if` of a definition.
indirect enum PolicyCondition: Sendable {
    case allOf([PolicyCondition])
    case anyOf([PolicyCondition])
    case not(PolicyCondition)
    case test(Subject, Operator, TemplateExpression)

    /// What is tested.
    enum Subject: Sendable {
        /// A field: a name, or an expression that gives one.
        case field(TemplateExpression)
        case value(TemplateExpression)
        case count(Count)
    }

    /// How many elements fulfil a condition.
    struct Count: Sendable {
        enum Source: Sendable {
            /// The elements of a field of the resource, by its alias.
            case field(String)
            /// The elements of an array, and the name by which `current` tells them.
            case value(TemplateExpression, name: String?)
        }

        let source: Source
        let condition: PolicyCondition?
    }

    /// The conditions of the language.
    enum Operator: String, CaseIterable, Sendable {
        case equals, notEquals, like, notLike, match, notMatch, matchInsensitively, notMatchInsensitively
        case contains, notContains, `in`, notIn, containsKey, notContainsKey
        case less, lessOrEquals, greater, greaterOrEquals, exists

        /// The condition that this one denies; nil if it denies none.
        var denied: Operator? {
            switch self {
            case .notEquals: .equals
            case .notLike: .like
            case .notMatch: .match
            case .notMatchInsensitively: .matchInsensitively
            case .notContains: .contains
            case .notIn: .in
            case .notContainsKey: .containsKey
            default: nil
            }
        }

        private static let byName = Dictionary(
            uniqueKeysWithValues: allCases.map { ($0.rawValue.lowercasedASCII, $0) }
        )

        init?(name: String) {
            guard let found = Self.byName[name.lowercasedASCII] else { return nil }
            self = found
        }
    }
}

/// Reads conditions from JSON.
struct ConditionReader {
    /// The deepest nesting of conditions.
    static let maximumDepth = 48
    /// The most conditions of a definition: the largest of Azure's own has a few hundred.
    static let maximumCount = 2_000

    let document: JSONDocument
    private var depth = 0
    private var count = 0

    init(_ document: JSONDocument) {
        self.document = document
    }

    private func fault(_ value: JSONValue, _ message: String, mend: String) -> ImportError {
        ImportError(message, mend: mend, at: document.position(of: value))
    }

    mutating func condition(_ value: JSONValue) throws(ImportError) -> PolicyCondition {
        depth += 1
        count += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw fault(value, "conditions are nested deeper than \(Self.maximumDepth) levels", mend: "flatten them")
        }
        guard count <= Self.maximumCount else {
            throw fault(value, "there are more than \(Self.maximumCount) conditions", mend: "split the definition")
        }
        guard value.isObject else {
            throw fault(value, "a condition must be an object", mend: "write field, value, count, allOf, anyOf or not")
        }
        var members: [String: JSONValue] = [:]
        for member in document.members(of: value) {
            members[(document.string(member.key) ?? "").lowercasedASCII] = member.value
        }
        if let list = members["allof"] { return .allOf(try conditions(list)) }
        if let list = members["anyof"] { return .anyOf(try conditions(list)) }
        if let inner = members["not"] { return .not(try condition(inner)) }
        let subject: PolicyCondition.Subject
        if let field = members["field"] {
            guard let name = document.string(field), !name.isEmpty else {
                throw fault(field, "field must be a text", mend: "write the name of a field or an alias")
            }
            subject = .field(try expression(field))
        } else if let given = members["value"] {
            subject = .value(try expression(given))
        } else if let given = members["count"] {
            subject = .count(try counted(given))
        } else {
            throw fault(
                value,
                "the condition has none of field, value, count, allOf, anyOf and not",
                mend: "write what is tested"
            )
        }
        var found: (PolicyCondition.Operator, JSONValue)?
        for member in document.members(of: value) {
            let name = document.string(member.key) ?? ""
            if ["field", "value", "count"].contains(name.lowercasedASCII) { continue }
            guard let known = PolicyCondition.Operator(name: name) else {
                throw fault(
                    member.key,
                    "\"\(name.abridged)\" is no condition",
                    mend: "write equals, in, exists or another"
                )
            }
            guard found == nil else {
                throw fault(member.key, "is the second condition of one object", mend: "write an allOf of both")
            }
            found = (known, member.value)
        }
        guard let (name, operand) = found else {
            throw fault(value, "nothing is asked of it", mend: "write a condition such as equals")
        }
        return .test(subject, name, try expression(operand))
    }

    private mutating func conditions(_ value: JSONValue) throws(ImportError) -> [PolicyCondition] {
        guard value.isArray else {
            throw fault(value, "must be a list of conditions", mend: "write the conditions in brackets")
        }
        var result: [PolicyCondition] = []
        for element in document.elements(of: value) { result.append(try condition(element)) }
        return result
    }

    private mutating func counted(_ value: JSONValue) throws(ImportError) -> PolicyCondition.Count {
        guard value.isObject else {
            throw fault(value, "count must be an object", mend: "write field or value, and where")
        }
        var condition: PolicyCondition?
        if let inner = document.member("where", of: value) { condition = try self.condition(inner) }
        if let field = document.member("field", of: value) {
            guard let name = document.string(field), name.contains("[*]") else {
                throw fault(field, "count.field must name the elements of an array", mend: "write an alias with [*]")
            }
            return PolicyCondition.Count(source: .field(name), condition: condition)
        }
        guard let given = document.member("value", of: value) else {
            throw fault(value, "count has neither field nor value", mend: "write which elements are counted")
        }
        let name = document.member("name", of: value).flatMap { document.string($0) }
        return PolicyCondition.Count(source: .value(try expression(given), name: name), condition: condition)
    }

    /// Reads a value with the expressions in it.
    func expression(_ value: JSONValue) throws(ImportError) -> TemplateExpression {
        do throws(TemplateError) {
            return try TemplateExpression(TemplateLiteral(value, in: document))
        } catch {
            throw fault(
                value,
                "is no expression of the template language: \(error.message) (character \(error.offset + 1))",
                mend: "correct it, or write [[ for a bracket"
            )
        }
    }
}
