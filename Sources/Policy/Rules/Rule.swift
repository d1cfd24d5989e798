internal import Azure
internal import JSON

/// One rule of a policy: what must hold, and what it means if it does not.
final class Rule: Sendable {
    let name: String
    /// The member that says what must hold: `locations`.
    let field: String
    /// Whom failures are reported under.
    let origin: Failure.Origin
    /// What no value means; nil asks the test's own default.
    let ifAbsent: Verdict?
    /// What a value that admission cannot know means; nil asks the test's own default.
    let ifUnknown: Verdict?
    let test: Test
    /// The facets that the test asks for, and the parts of them.
    let demand: PolicySet.Demand
    /// The operations on which it is asked.
    let operations: OperationSet

    /// What must hold.
    enum Test: Sendable {
        case locations(LocationRule)
        case skus(SKURule)
        case tags(TagRule)
        case naming(NamingRule)
        case exposure(ExposureRule)
        case kinds(KindRule)
        case cel(ExpressionRule)
        case circumstantial(any CircumstantialTest)

        init(_ locations: LocationRule) {
            self = locations.isWithOwner ? .circumstantial(OwnerLocationTest(locations)) : .locations(locations)
        }
    }

    /// How the body of each kind of rule is read, in the order in which messages list them.
    private static let readers: [(field: String, read: @Sendable (Node, Context) -> Test?)] = [
        ("locations", { node, _ in LocationRule(node).map(Test.init) }),
        ("skus", { node, context in SKURule(node, of: context.policy).map(Test.skus) }),
        ("tags", { node, _ in TagRule(node)?.test }),
        ("naming", { node, _ in NamingRule(node).map(Test.naming) }),
        ("exposure", { node, _ in ExposureRule.read(node) }),
        ("encryption", { node, _ in EncryptionRule(node).map(Test.circumstantial) }),
        ("zones", { node, _ in ZoneRule(node).map(Test.circumstantial) }),
        ("backup", { node, _ in BackupRule(node).map(Test.circumstantial) }),
        ("cost", { node, _ in CostRule(node).map(Test.circumstantial) }),
        ("kinds", { node, _ in KindRule(node).map(Test.kinds) }),
        ("deletion", { node, _ in DeletionRule(node).map(Test.circumstantial) }),
        ("immutable", { node, _ in ImmutableRule(node).map(Test.circumstantial) }),
        ("cel", { node, context in ExpressionRule(node, context.scope).map(Test.cel) }),
        ("quota", { node, context in QuotaRule(node, of: context.policy).map(Test.circumstantial) }),
    ]
    static let tests = readers.map(\.field)

    /// The fields that every rule may have.
    private static let common = ["name", "action", "message", "severity", "link", "ifAbsent", "ifUnknown"]

    /// What a policy says for all of its rules.
    struct Policy {
        var source = Failure.Source.policy
        /// The namespace that the policy is in; nil if it is in none.
        var namespace: String?
        let name: String
        var action = Action.deny
        var operations: OperationSet = []
        /// The kinds that it matches.
        var resources = PatternIndex.Entry()
        var ratchets = true
    }

    /// What the body of a rule is read with.
    struct Context {
        let policy: Policy
        let scope: ExpressionScope
    }

    /// Reads an element of `spec.rules`.
    init?(_ node: Node, of policy: Policy, _ scope: ExpressionScope) {
        guard
            let fields = node.fields(
                Self.common + Self.tests
            )
        else { return nil }
        let name = fields.required("name", "add a name: failures are reported under it")?.label()
        var action = policy.action
        if let node = fields["action"] { action = node.keyword(Action.self) ?? action }
        let present = Self.tests.filter { fields.present($0) != nil }
        guard present.count == 1, let field = present.first else {
            // A misspelt rule has been reported already; saying that there is none would only add noise.
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
        guard
            let body = fields.present(field),
            let test = Self.readers.first(where: { $0.field == field })?.read(
                body,
                Context(policy: policy, scope: scope)
            )
        else { return nil }
        if policy.namespace != nil, case .circumstantial(let test) = test, test.readsOtherNamespaces {
            body.error(
                "looks at other namespaces, which a NamespaceAzurePolicy may not",
                mend: "ask the platform team for an AzurePolicy with this rule"
            )
        }
        self.name = name ?? field
        self.field = field
        let effect: Failure.Effect =
            switch action {
            case .deny: .deny
            case .warn: .warn
            case .audit: .audit
            }
        origin = Failure.Origin(
            source: policy.source,
            policy: policy.name,
            rule: self.name,
            effect: effect,
            namespace: policy.namespace,
            message: fields["message"].flatMap { MessageTemplate($0) },
            severity: fields["severity"]?.keyword(Severity.self),
            link: fields["link"]?.link(),
            ratchets: policy.ratchets && test.ratchets
        )
        ifAbsent = fields["ifAbsent"]?.keyword(Verdict.self)
        ifUnknown = fields["ifUnknown"]?.keyword(Verdict.self)
        self.test = test
        demand = test.demand
        operations = test.operations ?? policy.operations
    }

    func deniesAbsence(byDefault: Bool) -> Bool {
        ifAbsent.map { $0 == .deny } ?? byDefault
    }

    func deniesUnknown(byDefault: Bool) -> Bool {
        ifUnknown.map { $0 == .deny } ?? byDefault
    }

    private static func hasOnlyKnownFields(_ node: Node) -> Bool {
        node.document.members(of: node.value).allSatisfy { common.contains(node.document.string($0.key) ?? "") }
    }
}

extension Node {
    /// The body of a rule, which is an element of `spec.rules`; the element itself if it has none.
    var body: Node {
        let fields = Fields(node: self)
        return Rule.tests.lazy.compactMap { fields.present($0) }.first ?? self
    }
}

extension Rule.Test {
    fileprivate var demand: PolicySet.Demand {
        switch self {
        case .locations: PolicySet.Demand(facets: FacetSet(.location), parts: PartSet(.region))
        case .skus(let rule): PolicySet.Demand(facets: rule.facets, parts: rule.parts)
        case .tags: PolicySet.Demand(facets: FacetSet(.tags), parts: PartSet(.map))
        case .exposure(let rule): PolicySet.Demand(facets: rule.facets, parts: rule.parts)
        case .naming, .kinds, .cel: PolicySet.Demand()
        case .circumstantial(let test): test.demand
        }
    }

    /// Whether it says nothing of a request without an object, such as a connection.
    var needsObject: Bool {
        switch self {
        case .kinds, .cel: false
        case .locations, .skus, .tags, .naming, .exposure, .circumstantial: true
        }
    }

    fileprivate var operations: OperationSet? {
        if case .circumstantial(let test) = self { test.operations } else { nil }
    }

    fileprivate var ratchets: Bool {
        if case .circumstantial(let test) = self { test.ratchets } else { true }
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
    package func line() -> String? {
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
