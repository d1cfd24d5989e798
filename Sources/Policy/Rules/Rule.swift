internal import Azure
internal import JSON

/// One rule of a policy: what must hold, and what it means if it does not.
final class Rule: Sendable {
    let name: String
    /// Whom failures are reported under.
    let origin: Failure.Origin
    /// What no value means; nil asks the test's own default.
    let ifAbsent: Verdict?
    /// What a value that admission cannot know means; nil asks the test's own default.
    let ifUnknown: Verdict?
    let test: Test
    /// The facets that the test asks for, and the parts of them.
    let facets: FacetSet
    let parts: PartSet

    /// What must hold.
    enum Test: Sendable {
        case locations(LocationRule)
        case skus(SKURule)
        case tags(TagRule)
        case naming(NamingRule)
        case exposure(ExposureRule)
        case kinds(KindRule)
        case cel(ExpressionRule)
    }

    static let tests = ["locations", "skus", "tags", "naming", "exposure", "kinds", "cel"]
    /// Rules and fields of the design that later versions bring.
    private static let reserved = [
        "quota", "cost", "backup", "encryption", "zones", "deletion", "immutable", "severity", "link",
    ]

    /// Reads an element of `spec.rules`.
    init?(_ node: Node, of policy: String, action: Action, _ scope: ExpressionScope) {
        guard
            let fields = node.fields(
                ["name", "action", "message", "ifAbsent", "ifUnknown"] + Self.tests,
                reserved: Self.reserved
            )
        else { return nil }
        let name = fields.required("name", "add a name: failures are reported under it")?.label()
        var action = action
        if let node = fields["action"] { action = node.keyword(Action.self) ?? action }
        let present = Self.tests.filter { fields.present($0) != nil }
        guard present.count == 1, let field = present.first else {
            // A misspelt or reserved rule has been reported already; saying that there is none would only add noise.
            if present.count > 1 {
                node.error("has \(present.joinedForChoice()) in one rule", mend: "make a rule of each")
            } else if Self.hasOnlyKnownFields(node) {
                node.error("says nothing", mend: "add one of \(Self.tests.joined(separator: ", "))")
            }
            return nil
        }
        if field == "cel" {
            for name in ["ifAbsent", "ifUnknown"] {
                fields[name]?.error("means nothing to an expression", mend: "ask in the expression itself")
            }
        }
        guard let body = fields.present(field), let test = Self.test(field, body, scope) else { return nil }
        self.name = name ?? field
        let effect: Failure.Effect =
            switch action {
            case .deny: .deny
            case .warn: .warn
            case .audit: .audit
            }
        origin = Failure.Origin(
            source: .policy,
            policy: policy,
            rule: self.name,
            effect: effect,
            message: fields["message"]?.line()
        )
        ifAbsent = fields["ifAbsent"]?.keyword(Verdict.self)
        ifUnknown = fields["ifUnknown"]?.keyword(Verdict.self)
        self.test = test
        facets =
            switch test {
            case .locations: FacetSet(.location)
            case .skus(let rule): rule.facets
            case .tags: FacetSet(.tags)
            case .exposure(let rule): rule.facets
            case .naming, .kinds, .cel: []
            }
        parts =
            switch test {
            case .locations: PartSet(.region)
            case .skus(let rule): rule.parts
            case .tags: PartSet(.map)
            case .exposure(let rule): rule.parts
            case .naming, .kinds, .cel: []
            }
    }

    func deniesAbsence(byDefault: Bool) -> Bool {
        ifAbsent.map { $0 == .deny } ?? byDefault
    }

    func deniesUnknown(byDefault: Bool) -> Bool {
        ifUnknown.map { $0 == .deny } ?? byDefault
    }

    private static func hasOnlyKnownFields(_ node: Node) -> Bool {
        let known = ["name", "action", "message", "ifAbsent", "ifUnknown"]
        return node.document.members(of: node.value).allSatisfy { known.contains(node.document.string($0.key) ?? "") }
    }

    private static func test(_ field: String, _ node: Node, _ scope: ExpressionScope) -> Test? {
        switch field {
        case "locations": LocationRule(node).map(Test.locations)
        case "skus": SKURule(node).map(Test.skus)
        case "tags": TagRule(node).map(Test.tags)
        case "naming": NamingRule(node).map(Test.naming)
        case "exposure": ExposureRule(node).map(Test.exposure)
        case "kinds": KindRule(node).map(Test.kinds)
        default: ExpressionRule(node, scope).map(Test.cel)
        }
    }
}

/// What a rule makes of a value that is absent or unknown.
enum Verdict: String, CaseIterable, Sendable {
    case allow = "Allow"
    case deny = "Deny"
}

extension Node {
    /// A name that messages, metrics and audit annotations carry: a DNS label's letters, and short.
    func label() -> String? {
        guard let text = string() else { return nil }
        let isLabel =
            text.utf8.count <= 63
            && text.utf8.allSatisfy { byte in
                (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2d || byte == 0x2e
            }
        guard isLabel else {
            error("is \"\(text.prefix(80))\"", mend: "use at most 63 of a-z, 0-9, '-' and '.'")
            return nil
        }
        return text
    }

    /// Text for people that must fit a line.
    func line() -> String? {
        guard let text = string() else { return nil }
        guard text.utf8.count <= 1024, !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
        else {
            error("must be one line of at most 1024 bytes", mend: "shorten it and remove line breaks")
            return nil
        }
        return text
    }

    func glob() -> Glob? { string().map { Glob($0) } }

    func globs() -> [Glob] { strings().map { Glob($0) } }

    func namePattern() -> NamePattern? { string().map { NamePattern($0) } }

    func namePatterns() -> [NamePattern] { strings().map { NamePattern($0) } }
}
