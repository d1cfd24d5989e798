internal import Azure
internal import JSON
internal import Policy

/// What lint looks for in one document beside what the compiler tells.
struct LintChecks {
    let document: JSONDocument
    private let object: JSONValue
    private let file: String
    private let tables: AzureTables
    private let now: WallTime?
    private(set) var findings: [LintFinding] = []
    /// How many things are told of one document.
    private static let maximumFindings = 200
    /// When people are first told of an exception's end.
    private static let noticeSeconds: Int64 = 30 * 24 * 3600

    init(_ document: JSONDocument, _ object: JSONValue, file: String, _ tables: AzureTables, now: WallTime? = nil) {
        self.document = document
        self.object = object
        self.file = file
        self.tables = tables
        self.now = now
    }

    /// Looks for all there is to find; documents that are no policies of ours have nothing.
    mutating func run(hasTests: Bool) {
        guard text(object, "apiVersion") == PolicyFile.apiVersion, let spec = document.member("spec", of: object),
            spec.isObject
        else { return }
        switch text(object, "kind") {
        case "AzurePolicy", "NamespaceAzurePolicy": checkPolicy(spec, hasTests: hasTests)
        case "AzureBinding": checkBinding(spec)
        case "PolicyException": checkException(spec)
        default: break
        }
    }

    // MARK: Values

    func text(_ value: JSONValue, _ name: String) -> String? {
        document.member(name, of: value).flatMap { document.string($0) }
    }

    private func has(_ value: JSONValue, _ name: String) -> Bool {
        document.member(name, of: value).map { !$0.isNull } ?? false
    }

    func elements(_ value: JSONValue, _ name: String) -> [JSONValue] {
        guard let list = document.member(name, of: value), list.isArray else { return [] }
        return Array(document.elements(of: list))
    }

    mutating func report(
        _ code: LintCode,
        _ field: String,
        at value: JSONValue,
        offset: Int? = nil,
        level: Report.Level? = nil,
        _ message: String,
        mend: String,
        new: String? = nil
    ) {
        guard findings.count < Self.maximumFindings else { return }
        let position = offset.map { document.position(at: $0, in: value) } ?? document.position(of: value)
        let edit = new.flatMap { new in
            document.string(value).map { LintEdit(line: position.line, column: position.column, old: $0, new: new) }
        }
        let place = Report.Place(file: file, line: position.line, column: position.column)
        findings.append(LintFinding(code, level: level, field: field, message, mend: mend, at: place, edit: edit))
    }

    // MARK: Policies

    private mutating func checkPolicy(_ spec: JSONValue, hasTests: Bool) {
        if !hasTests {
            let name = document.member("metadata", of: object).flatMap { document.member("name", of: $0) }
            report(
                .noTests,
                "metadata.name",
                at: name ?? object,
                "no tests lie beside the policy or above it",
                mend: "write a PolicyTest in a folder 'tests' beside it"
            )
        }
        let kinds = matchedKinds(spec)
        let rules = elements(spec, "rules")
        let policyAction = text(spec, "action")?.lowercased() ?? "deny"
        if text(spec, "failurePolicy")?.lowercased() == "ignore",
            let place = document.member("failurePolicy", of: spec),
            rules.contains(where: { !["warn", "audit"].contains(text($0, "action")?.lowercased() ?? policyAction) })
        {
            report(
                .ignoredFailure,
                "spec.failurePolicy",
                at: place,
                "lets in what a rule that denies cannot judge",
                mend: "write Fail, or make a policy of its own of what may be skipped"
            )
        }
        for (number, rule) in rules.enumerated() { checkRule(rule, "spec.rules[\(number)]", kinds) }
        checkExpressions(spec, kinds)
        checkVariables(spec)
    }

    /// The kinds of the tables that a policy matches.
    private func matchedKinds(_ spec: JSONValue) -> [AzureKind] {
        let match = document.member("match", of: spec)
        func globs(_ name: String) -> [Glob]? {
            guard var list = match.flatMap({ document.member(name, of: $0) }) else { return nil }
            let reference = document.string(list).flatMap { text -> String? in
                guard text.hasPrefix("${parameters."), text.hasSuffix("}") else { return nil }
                return String(text.dropFirst("${parameters.".count).dropLast())
            }
            if let reference, let values = document.member("parameters", of: spec),
                let value = document.member(reference, of: values)
            {
                list = value
            }
            guard list.isArray else { return nil }
            return document.elements(of: list).compactMap { document.string($0).map { Glob($0) } }
        }
        let included = globs("resources")
        let excluded = globs("excludedResources") ?? []
        return tables.kinds.filter { kind in
            (included?.contains { $0.matches(kind.description) } ?? true)
                && !excluded.contains { $0.matches(kind.description) }
        }
    }

    private mutating func checkRule(_ rule: JSONValue, _ path: String, _ kinds: [AzureKind]) {
        if let skus = document.member("skus", of: rule) {
            // No value satisfies no allow-list.
            if !has(skus, "allow"), ["deny", "maximum", "total"].contains(where: { has(skus, $0) }),
                !has(rule, "ifAbsent"),
                let kind = kinds.first(where: {
                    $0.facets.contains(.sku) && !tables.knowsDefault(of: .sku, .name, of: $0)
                })
            {
                report(
                    .absence,
                    "\(path).skus",
                    at: skus,
                    "finds nothing where an object names no SKU, and nobody documents what Azure takes for \(kind) then",
                    mend: "add ifAbsent: Deny, or ifAbsent: Allow if that is meant"
                )
            }
            let sized = ["maximum", "total"].contains { name in
                document.member(name, of: skus).map { has($0, "vCores") || has($0, "memoryGB") } ?? false
            }
            if sized { checkSize(rule, skus, "\(path).skus", "an SKU whose size the tables do not know passes") }
        }
        if let cost = document.member("cost", of: rule) {
            checkSize(rule, cost, "\(path).cost", "what no price list speaks of passes")
        }
        if let cel = document.member("cel", of: rule), has(cel, "expression"),
            !has(rule, "message"), !has(cel, "message"), !has(cel, "messageExpression")
        {
            report(
                .noMessage,
                "\(path).cel",
                at: cel,
                "tells the user nothing but the expression",
                mend: "add message: what to do"
            )
        }
        if let locations = document.member("locations", of: rule) {
            checkRegions(locations, "\(path).locations")
            if let replicas = document.member("replicas", of: locations) {
                checkRegions(replicas, "\(path).locations.replicas")
            }
        }
    }

    private mutating func checkSize(_ rule: JSONValue, _ body: JSONValue, _ path: String, _ message: String) {
        guard !has(rule, "ifUnknown") else { return }
        report(.unknownSize, path, at: body, message, mend: "add ifUnknown: Deny, or ifUnknown: Allow if that is meant")
    }

    private mutating func checkRegions(_ locations: JSONValue, _ path: String) {
        for list in ["allow", "deny"] {
            for (number, element) in elements(locations, list).enumerated() {
                guard let text = document.string(element) else { continue }
                let name = Region.normalise(text)
                guard name != text, tables.region(name) != nil else { continue }
                report(
                    .regionSpelling,
                    "\(path).\(list)[\(number)]",
                    at: element,
                    "\"\(text)\" is \(name) in Azure",
                    mend: "write \(name)",
                    new: name
                )
            }
        }
    }

    private mutating func checkVariables(_ spec: JSONValue) {
        let variables = elements(spec, "variables")
        // The compiler takes fewer.
        guard (1...Self.maximumFindings).contains(variables.count) else { return }
        let texts = strings(of: spec)
        for (number, variable) in variables.enumerated() {
            guard let name = text(variable, "name"), !texts.contains(where: { $0.reads("variables." + name) }) else {
                continue
            }
            report(
                .unused,
                "spec.variables[\(number)]",
                at: variable,
                "is a variable that nothing reads",
                mend: "read variables.\(name) where it is meant, or remove it"
            )
        }
    }

    /// All strings of a value.
    private func strings(of value: JSONValue) -> [String] {
        var pending = [value]
        var strings: [String] = []
        while let value = pending.popLast() {
            switch value.kind {
            case .string: if let text = document.string(value) { strings.append(text) }
            case .array: pending += document.elements(of: value)
            case .object: pending += document.members(of: value).map(\.value)
            default: break
            }
        }
        return strings
    }

    /// What a refusal of the generator is about: a rule or mutation by its name, or the whole.
    mutating func report(_ refusal: AdmissionPolicyGenerator.Refusal) {
        var place = document.member("metadata", of: object).flatMap { document.member("name", of: $0) } ?? object
        var field = "metadata.name"
        if !refusal.rule.isEmpty, let spec = document.member("spec", of: object) {
            for list in ["rules", "mutations"] {
                for (number, element) in elements(spec, list).enumerated() where text(element, "name") == refusal.rule {
                    place = element
                    field = "spec.\(list)[\(number)]"
                }
            }
        }
        report(
            .notPortable,
            field,
            at: place,
            "has no form as an admission policy of Kubernetes: \(refusal.reason)",
            mend: "leave it to the webhook, or say it otherwise"
        )
    }

    // MARK: Exceptions and bindings

    private mutating func checkException(_ spec: JSONValue) {
        guard let now, let value = document.member("expiresAt", of: spec),
            let end = document.string(value).flatMap({ WallTime($0) })
        else { return }
        let (left, isFar) = end.seconds.subtractingReportingOverflow(now.seconds)
        guard !isFar, left > 0, left <= Self.noticeSeconds else { return }
        report(
            .endingException,
            "spec.expiresAt",
            at: value,
            "ends in \(left / 86_400) days",
            mend: "see whether it is still needed, and have it renewed if so"
        )
    }

    private mutating func checkBinding(_ spec: JSONValue) {
        for (number, element) in elements(spec, "namespaces").enumerated() where document.equals(element, "*") {
            report(
                .everyNamespace,
                "spec.namespaces[\(number)]",
                at: element,
                "gives every namespace the same credentials and identities",
                mend: "name the namespaces that are meant"
            )
        }
    }
}

extension String {
    /// Whether a name stands in the text, not as the beginning of a longer one.
    fileprivate func reads(_ name: String) -> Bool {
        let (text, name) = (Array(utf8), Array(name.utf8))
        guard text.count >= name.count else { return false }
        return (0...(text.count - name.count)).contains { start in
            guard text[start] == name.first ?? 0, text[start...].starts(with: name) else { return false }
            let end = start + name.count
            return end == text.count
                || !((0x61...0x7a).contains(text[end] | 0x20) || (0x30...0x39).contains(text[end])
                    || text[end] == UInt8(ascii: "_"))
        }
    }
}
