internal import JSON
internal import Kubernetes

// The API server's reading of `admissionregistration.k8s.io`: what is empty counts as absent, words are compared exactly,
// and what its validation refuses is refused here, each fault at its place.

extension Node {
    /// The elements of a list, which may be empty.
    func items() -> [Node] {
        guard value.isArray else {
            error("must be a list, not \(typeName)", mend: "write a list (- …)")
            return []
        }
        var result: [Node] = []
        for element in document.elements(of: value) { result.append(at(element, "\(path)[\(result.count)]")) }
        return result
    }

    /// A text, which may be empty.
    func text() -> String? {
        guard let text = document.string(value) else {
            error("must be a string, not \(typeName)", mend: "quote it")
            return nil
        }
        return text
    }

    /// A text that says something.
    func content() -> String? {
        guard let text = text() else { return nil }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            error("is empty", mend: "write a value")
            return nil
        }
        return text
    }

    /// One of the words of an enumeration, as it is spelt.
    func word<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> Word? where Word.RawValue == String {
        guard let text = text() else { return nil }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        error("is \"\(text.prefix(40).description.singleLine)\"", mend: "write \(words.joinedForChoice())")
        return nil
    }

    /// A name of an object: a DNS sub-domain.
    func subdomain() -> String? {
        guard let text = content() else { return nil }
        guard text.utf8Span.span.isSubdomain else {
            error(
                "is \"\(text.prefix(80).description.singleLine)\"",
                mend: "use at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends"
            )
            return nil
        }
        return text
    }

    /// A name that is part of a URL's path.
    func pathSegment() -> String? {
        guard let text = content() else { return nil }
        guard text != ".", text != "..",
            !text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") })
        else {
            error("is \"\(text.prefix(80).description.singleLine)\"", mend: "use no '/' and no '%'")
            return nil
        }
        return text
    }

    /// A name as labels and annotations have: at most 63 characters after an optional DNS sub-domain and `/`.
    func qualifiedName() -> String? {
        guard let text = content() else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, name.isQualifiedName,
            parts.count == 1 || (!parts[0].isEmpty && parts[0].count <= 253)
        else {
            error(
                "is \"\(text.prefix(80).description.singleLine)\"",
                mend: "use at most 63 of letters, digits, '-', '_' and '.', with a letter or digit at both ends"
            )
            return nil
        }
        return text
    }

    /// A name that expressions can speak.
    func identifier() -> String? {
        guard let text = content() else { return nil }
        let isWord =
            text.utf8.first.map { !($0 >= 0x30 && $0 <= 0x39) } ?? false
            && text.utf8.allSatisfy { $0.isAlphanumericASCII || $0 == UInt8(ascii: "_") }
        guard isWord, !Self.reservedWords.contains(text) else {
            error(
                "is \"\(text.prefix(80).description.singleLine)\"",
                mend: "use letters, digits and '_', and no word that CEL reserves"
            )
            return nil
        }
        return text
    }

    private static let reservedWords: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    ]
}

extension UInt8 {
    fileprivate var isLowercaseOrDigit: Bool { isAlphanumericASCII && !(self >= 0x41 && self <= 0x5a) }
}

extension Substring.UTF8View {
    fileprivate var isQualifiedName: Bool {
        guard let first, let last else { return false }
        return count <= 63 && first.isAlphanumericASCII && last.isAlphanumericASCII
            && allSatisfy { $0.isAlphanumericASCII || "-_.".utf8.contains($0) }
    }
}

// MARK: Matching

extension MatchResources {
    private static let fields = [
        "namespaceSelector", "objectSelector", "resourceRules", "excludeResourceRules", "matchPolicy",
    ]

    private enum MatchPolicy: String, CaseIterable {
        case exact = "Exact"
        case equivalent = "Equivalent"
    }

    /// Reads `matchConstraints` or `matchResources`.
    init(_ node: Node) {
        guard let fields = node.fields(Self.fields) else { return }
        namespaceSelector = fields["namespaceSelector"]?.selector()
        objectSelector = fields["objectSelector"]?.selector()
        rules = fields["resourceRules"]?.items().compactMap { ResourceRule($0) } ?? []
        excluded = fields["excludeResourceRules"]?.items().compactMap { ResourceRule($0) } ?? []
        isExact = fields["matchPolicy"]?.word(MatchPolicy.self) == .exact
    }
}

extension Node {
    /// A label selector; nil if it selects everything.
    func selector() -> LabelSelector? {
        labelSelector().flatMap { $0.keys.isEmpty ? nil : $0 }
    }
}

extension ResourceRule {
    private static let fields = ["apiGroups", "apiVersions", "resources", "operations", "scope", "resourceNames"]

    private enum Word: String, CaseIterable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
        case connect = "CONNECT"
        case all = "*"
    }

    /// Reads an element of `resourceRules` or `excludeResourceRules`.
    init?(_ node: Node) {
        guard let fields = node.fields(Self.fields) else { return nil }
        groups = Self.names(fields, "apiGroups", mayBeEmpty: true, example: "[storage.azure.com]")
        versions = Self.names(fields, "apiVersions", mayBeEmpty: false, example: "['*']")
        resources = Self.resources(fields)
        operations = Self.operations(fields)
        scope = fields["scope"]?.word(Scope.self) ?? .all
        var seen: Set<String> = []
        for item in fields["resourceNames"]?.items() ?? [] {
            guard let name = item.pathSegment() else { continue }
            if !seen.insert(name).inserted { item.error("is listed twice", mend: "keep one") }
            objectNames.append(Array(name.utf8))
        }
    }

    private static func list(_ fields: Fields, _ name: String, _ example: String) -> [Node] {
        guard let node = fields[name] else {
            fields.node.error("has no \(name)", mend: "add \(name): \(example)")
            return []
        }
        let items = node.items()
        if items.isEmpty, node.value.isArray { node.error("is an empty list", mend: "write \(example)") }
        return items
    }

    private static func names(_ fields: Fields, _ name: String, mayBeEmpty: Bool, example: String) -> Names {
        let items = list(fields, name, example)
        let texts = items.compactMap { mayBeEmpty ? $0.text() : $0.content() }
        guard texts.contains("*") else { return texts.map { Array($0.utf8) } }
        if texts.count > 1 { fields[name]?.error("has other elements beside '*'", mend: "leave '*' alone") }
        return nil
    }

    private static func resources(_ fields: Fields) -> [Resource] {
        var resources: [Resource] = []
        var texts: [String] = []
        for item in list(fields, "resources", "[storageaccounts]") {
            guard let text = item.content() else { continue }
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let resource = String(parts[0])
            let subResource = parts.count > 1 ? String(parts[1]) : nil
            if let subResource {
                for shadow in ["\(resource)/*", "*/\(subResource)"] where texts.contains(shadow) && shadow != text {
                    item.error("is part of '\(shadow)'", mend: "remove one of them")
                }
            }
            texts.append(text)
            resources.append(
                Resource(
                    name: resource == "*" ? nil : Array(resource.utf8),
                    subResource: subResource == "*" ? nil : Array((subResource ?? "").utf8)
                )
            )
        }
        if texts.count > 1, texts.contains("*/*") {
            fields["resources"]?.error("has other elements beside '*/*'", mend: "leave '*/*' alone")
        } else if texts.contains("*"), texts.contains(where: { $0 != "*" && !$0.contains("/") }) {
            fields["resources"]?.error("has other resources beside '*'", mend: "leave '*' alone")
        }
        return resources
    }

    private static func operations(_ fields: Fields) -> OperationSet {
        var result: OperationSet = []
        let items = list(fields, "operations", "[CREATE, UPDATE]")
        for item in items {
            switch item.word(Word.self) {
            case .create: result.insert(.create)
            case .update: result.insert(.update)
            case .delete: result.insert(.delete)
            case .connect: result.insert(.connect)
            case .all:
                result = [.create, .update, .delete, .connect]
                if items.count > 1 { fields["operations"]?.error("has others beside '*'", mend: "leave '*' alone") }
            case nil: break
            }
        }
        return result
    }
}

extension Span where Element == UInt8 {
    /// Whether it is a DNS sub-domain (RFC 1123), as names of most objects are.
    var isSubdomain: Bool {
        guard count <= 253 else { return false }
        // A label begins behind a dot, and at the start.
        var last = UInt8(ascii: ".")
        for index in indices {
            switch self[index] {
            case UInt8(ascii: "."): guard last.isLowercaseOrDigit else { return false }
            case UInt8(ascii: "-"): guard last != UInt8(ascii: ".") else { return false }
            case let byte: guard byte.isLowercaseOrDigit else { return false }
            }
            last = self[index]
        }
        return last.isLowercaseOrDigit
    }
}
