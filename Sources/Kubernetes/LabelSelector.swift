public import JSON

/// A label selector, compiled (`meta/v1.LabelSelector`): every requirement must hold; without any, everything matches.
public struct LabelSelector: Sendable, CustomStringConvertible {
    fileprivate struct Requirement: Sendable {
        enum Test: Sendable {
            case isIn([[UInt8]])
            case isNotIn([[UInt8]])
            case exists
            case doesNotExist
        }

        let key: JSONKey
        let test: Test

        func holds(_ value: JSONValue?, _ document: JSONDocument) -> Bool {
            switch test {
            case .isIn(let wanted):
                // As in Kubernetes, a label that is absent is in no set …
                value.map { LabelSelector.isOne(of: wanted, $0, document) } ?? false
            case .isNotIn(let unwanted):
                // … and therefore also satisfies NotIn.
                value.map { !LabelSelector.isOne(of: unwanted, $0, document) } ?? true
            case .exists: value != nil
            case .doesNotExist: value == nil
            }
        }
    }

    private let requirements: [Requirement]

    /// The labels that it asks for, one for each requirement; none if it matches everything.
    public var keys: [JSONKey] { requirements.map(\.key) }

    /// Compiles the selector that `value` spells; `path` says where, for the errors (`spec.match.namespaceSelector`).
    ///
    /// - Throws: The first member that the API server would refuse too, and those that it would ignore silently: a selector
    ///   with a misspelt member matches everything.
    public init(compiling value: JSONValue, in document: JSONDocument, path: String) throws(LabelSelectorError) {
        let compiler = LabelSelectorCompiler(document: document)
        try compiler.expect(.object, value, path)
        var requirements: [Requirement] = []
        for (key, member) in document.members(of: value) {
            let name = document.string(key) ?? ""
            switch name {
            case "matchLabels":
                try compiler.expect(.object, member, "\(path).matchLabels")
                for (label, wanted) in document.members(of: member) {
                    let key = document.string(label) ?? ""
                    let at = "\(path).matchLabels[\(key)]"
                    requirements.append(
                        Requirement(
                            key: try compiler.key(key, label, at),
                            test: .isIn([try compiler.labelValue(wanted, at)])
                        )
                    )
                }
            case "matchExpressions":
                try compiler.expect(.array, member, "\(path).matchExpressions")
                var index = 0
                for expression in document.elements(of: member) {
                    requirements.append(
                        try Self.requirement(expression, "\(path).matchExpressions[\(index)]", compiler)
                    )
                    index += 1
                }
            default:
                throw LabelSelectorError(
                    path: "\(path).\(name)",
                    message: "is not a member of a label selector",
                    mend: "use matchLabels or matchExpressions",
                    value: key
                )
            }
        }
        self.requirements = requirements
    }

    private static func requirement(
        _ expression: JSONValue,
        _ path: String,
        _ compiler: LabelSelectorCompiler
    ) throws(LabelSelectorError) -> Requirement {
        let document = compiler.document
        try compiler.expect(.object, expression, path)
        var key: JSONValue?
        var operation: JSONValue?
        var values: [[UInt8]] = []
        var valuesMember: JSONValue?
        for (name, member) in document.members(of: expression) {
            switch document.string(name) ?? "" {
            case "key": key = member
            case "operator": operation = member
            case "values":
                valuesMember = member
                try compiler.expect(.array, member, "\(path).values")
                for value in document.elements(of: member) {
                    values.append(try compiler.labelValue(value, "\(path).values"))
                }
            case let unknown:
                throw LabelSelectorError(
                    path: "\(path).\(unknown)",
                    message: "is not a member of a requirement",
                    mend: "use key, operator and values",
                    value: name
                )
            }
        }
        guard let key, let text = document.string(key) else {
            throw LabelSelectorError(
                path: "\(path).key",
                message: "is missing or not a string",
                mend: "name the label",
                value: expression
            )
        }
        let compiledKey = try compiler.key(text, key, "\(path).key")
        let name = operation.flatMap { document.string($0) } ?? ""
        let takesValues = name == "In" || name == "NotIn"
        guard takesValues || name == "Exists" || name == "DoesNotExist" else {
            throw LabelSelectorError(
                path: "\(path).operator",
                message: "is not an operator of a label selector",
                mend: "use In, NotIn, Exists or DoesNotExist",
                value: operation ?? expression
            )
        }
        guard takesValues != values.isEmpty else {
            throw LabelSelectorError(
                path: "\(path).values",
                message: takesValues ? "is missing or empty" : "must be empty",
                mend: takesValues ? "\(name) needs at least one value" : "\(name) takes no values",
                value: valuesMember ?? expression
            )
        }
        let test: Requirement.Test =
            switch name {
            case "In": .isIn(values)
            case "NotIn": .isNotIn(values)
            case "Exists": .exists
            default: .doesNotExist
            }
        return Requirement(key: compiledKey, test: test)
    }

    /// Whether an object's labels satisfy every requirement.
    ///
    /// `labels` is the value of `metadata.labels`; `nil` and anything but an object mean that there are none.
    public func matches(_ document: JSONDocument, labels: JSONValue?) -> Bool {
        for requirement in requirements {
            let value = labels.flatMap { document.member(requirement.key, of: $0) }
            if !requirement.holds(value, document) { return false }
        }
        return true
    }

    /// What a requirement asks for, in words, and what labels have instead.
    public struct Finding: Hashable, Sendable {
        /// The requirement as `kubectl` writes it: `tier=standard`, `tier in (a,b)`, `!tier`.
        public let requirement: String
        /// The label.
        public let key: String
        /// Its value; nil if there is no such label.
        public let value: String?
        /// Whether it satisfies the requirement.
        public let holds: Bool
    }

    /// What comes of each requirement, in their order: for people who want to know why a selector does not match.
    public func findings(_ document: JSONDocument, labels: JSONValue?) -> [Finding] {
        requirements.map { requirement in
            let value = labels.flatMap { document.member(requirement.key, of: $0) }
            return Finding(
                requirement: requirement.description,
                key: requirement.key.description,
                value: value.map { document.string($0) ?? "" },
                holds: requirement.holds(value, document)
            )
        }
    }

    /// The requirements as `kubectl` writes them.
    public var description: String { requirements.map(\.description).joined(separator: ",") }

    fileprivate static func isOne(of values: [[UInt8]], _ value: JSONValue, _ document: JSONDocument) -> Bool {
        for candidate in values where document.equals(value, candidate) {
            return true
        }
        return false
    }
}

extension LabelSelector.Requirement: CustomStringConvertible {
    var description: String {
        func list(_ values: [[UInt8]]) -> String {
            values.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
        }
        return switch test {
        case .isIn(let values): values.count == 1 ? "\(key)=\(list(values))" : "\(key) in (\(list(values)))"
        case .isNotIn(let values): values.count == 1 ? "\(key)!=\(list(values))" : "\(key) notin (\(list(values)))"
        case .exists: "\(key)"
        case .doesNotExist: "!\(key)"
        }
    }
}

/// What is wrong with a label selector, and where.
public struct LabelSelectorError: Error, Sendable, CustomStringConvertible {
    /// The member, from the path that the caller gave.
    public let path: String
    /// What is wrong with it.
    public let message: String
    /// What to write instead.
    public let mend: String
    /// The value to point at, in the document that was compiled.
    public let value: JSONValue

    /// One line: place, problem and mend.
    public var description: String {
        "\(path) \(message): \(mend)"
    }
}

/// The checks of `k8s.io/apimachinery/pkg/util/validation` that keep a selector from matching nothing for ever.
private struct LabelSelectorCompiler {
    let document: JSONDocument

    func expect(_ kind: JSONValue.Kind, _ value: JSONValue, _ path: String) throws(LabelSelectorError) {
        guard value.kind == kind else {
            let type = kind == .object ? "an object" : "a list"
            throw LabelSelectorError(path: path, message: "is not \(type)", mend: "write \(type)", value: value)
        }
    }

    /// A qualified name: an optional DNS subdomain and a slash, then a name of at most 63 characters.
    func key(_ text: String, _ value: JSONValue, _ path: String) throws(LabelSelectorError) -> JSONKey {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let name = parts.last ?? text.utf8[...]
        let isPrefixValid =
            parts.count == 1
            || (parts.count == 2 && !parts[0].isEmpty && parts[0].count <= 253
                && parts[0].allSatisfy {
                    Self.isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                })
        guard isPrefixValid, !name.isEmpty, Self.isName(name) else {
            throw LabelSelectorError(
                path: path,
                message: "is not a label key",
                mend: "at most 63 of letters, digits, '-', '_', '.', starting and ending with a letter or digit, "
                    + "after an optional DNS name and '/'",
                value: value
            )
        }
        return JSONKey(text)
    }

    /// A label's value: empty, or at most 63 characters as in a name.
    func labelValue(_ value: JSONValue, _ path: String) throws(LabelSelectorError) -> [UInt8] {
        guard let text = document.string(value) else {
            throw LabelSelectorError(
                path: path,
                message: "is not a string",
                mend: "quote it: label values are strings",
                value: value
            )
        }
        guard Self.isName(text.utf8[...]) else {
            throw LabelSelectorError(
                path: path,
                message: "can be no label's value",
                mend: "at most 63 of letters, digits, '-', '_', '.', starting and ending with a letter or digit",
                value: value
            )
        }
        return Array(text.utf8)
    }

    private static func isName(_ name: Substring.UTF8View) -> Bool {
        guard let first = name.first, let last = name.last else { return true }
        return name.count <= 63 && isLetterOrDigit(first) && isLetterOrDigit(last)
            && name.allSatisfy {
                isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLowercaseOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
