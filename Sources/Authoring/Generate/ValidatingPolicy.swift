internal import Azure

/// One ValidatingAdmissionPolicy with its binding, as it is put together.
struct ValidatingPolicy {
    private let match: MatchExpression
    private let tables: AzureTables
    private let action: String
    private var operations: [String]
    private var variables: [(name: String, expression: String)] = []
    private var validations: [TemplateLiteral] = []
    private let ratchets: Bool
    private let spec: TemplateLiteral

    init(_ spec: TemplateLiteral, _ match: MatchExpression, _ tables: AzureTables, action: String) {
        self.spec = spec
        self.match = match
        self.tables = tables
        self.action = action
        operations = match.operations
        // A warning is given at any time; only what denies knows old failures.
        ratchets = match.ratchets && action == "Deny"
    }

    var isEmpty: Bool { validations.isEmpty }

    /// Adds a rule.
    ///
    /// - Throws: Why it cannot be said.
    mutating func add(_ rule: TemplateLiteral) throws(Unsayable) {
        if rule["cel"] == nil, rule["deletion"] == nil,
            match.operations.contains(where: { $0 == "DELETE" || $0 == "CONNECT" })
        {
            throw Unsayable("it is judged on DELETE or CONNECT too, where there is no new object")
        }
        if let body = rule["deletion"] { return try addDeletion(rule, body) }
        if let body = rule["cel"] { return try addExpression(rule, body) }
        if let body = rule["kinds"] { return addKinds(rule, body) }
        if let body = rule["immutable"] { return try addImmutable(rule, body) }
        for (body, reason) in Self.unsayable where rule[body] != nil { throw Unsayable("\(body): \(reason)") }
        let failures = try failures(of: rule)
        let variable = variableName(of: rule)
        var old = "oldObject"
        if let condition = match.oldObjectCondition { old = "oldObject != null && \(condition) ? oldObject : null" }
        let objects = ratchets ? "[object, \(old)]" : "[object]"
        variables.append((variable, "\(objects).map(o, o == null ? [] : (\(failures)))"))
        let new = "variables.\(variable)[0]"
        // Elements of lists may fail alike: each old failure stands for one new one.
        let isSeveral = failures.contains(".map(")
        let before = "variables.\(variable)[1]"
        let isOld =
            isSeveral
            ? "\(new).filter(g, g == f).size() <= \(before).filter(g, g == f).size()" : "f in \(before)"
        let message = "\(new)" + (ratchets ? ".filter(f, !(\(isOld)))" : "") + ".map(f, string(f[0])).join('; ')"
        validations.append(
            .record([
                ("expression", .string(ratchets ? "\(new).all(f, \(isOld))" : "size(\(new)) == 0")),
                ("messageExpression", .string(Self.framed(message, rule))), ("reason", .string("Forbidden")),
            ])
        )
    }

    /// Rules that CEL cannot say, and why.
    private static let unsayable = [
        ("quota", "it counts what else there is, and CEL sees one object"),
        ("cost", "prices are in price lists, which CEL does not read"),
    ]

    /// The list of failures of whatever kind the object `o` is.
    private func failures(of rule: TemplateLiteral) throws(Unsayable) -> String {
        let expression = RuleExpression(rule, tables)
        var groups: [(failures: String, kinds: [String])] = []
        let others = match.meansUnknownKinds ? try expression.failures(of: tables.general) ?? "[]" : nil
        for kind in match.kinds {
            let failures = try expression.failures(of: kind) ?? "[]"
            if failures == others { continue }
            if let place = groups.firstIndex(where: { $0.failures == failures }) {
                groups[place].kinds.append(kind.description)
            } else {
                groups.append((failures, [kind.description]))
            }
        }
        guard groups.contains(where: { $0.failures != "[]" }) || others.map({ $0 != "[]" }) ?? false else {
            throw Unsayable("no kind that it is for has such a field")
        }
        guard others != nil || groups.count > 1 else { return groups[0].failures }
        var result = others ?? "[]"
        for (failures, kinds) in groups.reversed() where others != nil || failures != "[]" {
            result = "\(NameExpression.matches("variables.kind", kinds)) ? (\(failures)) : (\(result))"
        }
        return result
    }

    private var usesKind: Bool { variables.contains { $0.expression.contains("variables.kind") } }

    private func variableName(of rule: TemplateLiteral) -> String {
        let name = String(
            (rule["name"]?.text ?? "rule").map { $0 == "-" || $0 == "." ? "_" : $0 }
        )
        return "rule_\(name)"
    }

    /// A message with the rule's name and its author's words before it.
    private static func framed(_ message: String, _ rule: TemplateLiteral) -> String {
        let words = rule["message"]?.text.flatMap { $0.contains("${") ? nil : $0 }
        var result = message
        if let words { result = "\("\(words) (".celLiteral) + \(result) + ')'" }
        let link = rule["link"]?.text.map { " + \("; see \($0)".celLiteral)" } ?? ""
        return "\("\(rule["name"]?.text ?? ""): ".celLiteral) + \(result)\(link)"
    }

    // MARK: Rules of other forms

    private mutating func addKinds(_ rule: TemplateLiteral, _ body: TemplateLiteral) {
        let kind = MatchExpression.kind
        let allow = body["allow"]?.elements.map { $0.compactMap(\.text) }
        let deny = (body["deny"]?.elements ?? []).compactMap(\.text)
        var conditions: [String] = []
        // What is there already is an old failure.
        if !deny.isEmpty { conditions.append("!(\(NameExpression.matches(kind, deny)))") }
        if let allow { conditions.append(NameExpression.matches(kind, allow)) }
        var expression = conditions.joined(separator: " && ")
        if ratchets { expression = "\(isOldObjectMatched) || \(expression)" }
        let mend = allow.map { "; allowed: \($0.joined(separator: ", "))" } ?? "; use another kind of resource"
        validations.append(
            .record([
                ("expression", .string(expression)),
                (
                    "messageExpression",
                    .string(Self.framed("'kind ' + \(kind) + ' is not allowed here' + \(mend.celLiteral)", rule))
                ), ("reason", .string("Forbidden")),
            ])
        )
    }

    private var isOldObjectMatched: String {
        match.oldObjectCondition.map { "(oldObject != null && \($0))" } ?? "oldObject != null"
    }

    private mutating func addExpression(_ rule: TemplateLiteral, _ body: TemplateLiteral) throws(Unsayable) {
        let source = body["expression"]?.text ?? ""
        let message = body["messageExpression"]?.text
        let (expression, names) = ExpressionRenaming.renamed(source, parameters: match.parameters)
        let said = message.map { ExpressionRenaming.renamed($0, parameters: match.parameters) }
        for name in ["facets", "params", "variables"] where names.union(said?.names ?? []).contains(name) {
            throw Unsayable("cel: it reads \(name), which Kubernetes' policies have not, or have of another kind")
        }
        var condition = expression
        if ratchets {
            let isSame: String
            if let path = body["fieldPath"]?.text {
                if names.contains("oldObject") {
                    throw Unsayable("cel: it compares with oldObject and has a fieldPath")
                }
                func was(_ text: String) -> String {
                    ExpressionRenaming.renamed(text, ["object": "oldObject"], parameters: match.parameters).text
                }
                func field(_ object: String) -> String {
                    let names = path.split(separator: ".").map(String.init)
                    return PlaceExpression.value(object, names)
                }
                if path.contains("[") { throw Unsayable("cel: its fieldPath has brackets") }
                var parts = ["\(field("object")) == \(field("oldObject"))", "!(\(was(source)))"]
                if let message, let said { parts.append("(\(said.text)) == (\(was(message)))") }
                isSame = parts.joined(separator: " && ")
            } else {
                let fields = "['managedFields', 'resourceVersion', 'generation']"
                isSame =
                    "object.?spec == oldObject.?spec && object.metadata.all(k, k in \(fields) || k in oldObject.metadata"
                    + " && object.metadata[k] == oldObject.metadata[k])"
                    + " && oldObject.metadata.all(k, k in \(fields) || k in object.metadata)"
            }
            condition = "(\(expression)) || \(isOldObjectMatched) && object != null && \(isSame)"
        }
        var members: [(String, TemplateLiteral)] = [("expression", .string(condition))]
        let fallback = body["message"]?.text ?? rule["message"]?.text
        if let said {
            members.append(("messageExpression", .string(Self.framed(said.text, rule))))
        } else {
            members.append(
                ("message", .string("\(rule["name"]?.text ?? ""): \(fallback ?? "the expression is false")"))
            )
        }
        members.append(("reason", .string(body["reason"]?.text ?? "Invalid")))
        validations.append(.record(members))
    }

    /// What an UPDATE may not change; what was there before is no old failure of it.
    private mutating func addImmutable(_ rule: TemplateLiteral, _ body: TemplateLiteral) throws(Unsayable) {
        let expression = ImmutableExpression(
            tables: tables,
            allowsAddition: body["addition"]?.text == "Allow",
            deniesUnknown: rule["ifUnknown"]?.text != "Allow"
        )
        var held: [TemplateLiteral] = []
        for name in (body["facets"]?.elements ?? []).compactMap(\.text) {
            let facet = try ImmutableExpression.facet(name)
            let fine = try byKind { (kind) throws(Unsayable) in try expression.isKept(facet, of: kind) }
            let words = "\(name) may not change; set it back, or make another resource".celLiteral
            held.append(
                .record([
                    ("expression", .string("request.operation != 'UPDATE' || oldObject == null || (\(fine))")),
                    ("messageExpression", .string(Self.framed(words, rule))), ("reason", .string("Forbidden")),
                ])
            )
        }
        for field in (body["fields"]?.elements ?? []).compactMap(\.text) {
            let names = try FieldNames.names(of: field, "immutable")
            let (new, old) = (PlaceExpression.value("object", names), PlaceExpression.value("oldObject", names))
            var fine = "\(new) == \(old)"
            if body["addition"]?.text == "Allow" { fine += " || \(old) == null" }
            let words = "\(field) may not change; set it back, or make another resource".celLiteral
            held.append(
                .record([
                    ("expression", .string("request.operation != 'UPDATE' || oldObject == null || \(fine)")),
                    ("messageExpression", .string(Self.framed(words, rule))), ("reason", .string("Forbidden")),
                ])
            )
        }
        validations += held
    }

    /// A condition for each kind; true for kinds without one.
    private func byKind(_ condition: (AzureKind) throws(Unsayable) -> String?) throws(Unsayable) -> String {
        let others = match.meansUnknownKinds ? try condition(tables.general) ?? "true" : "true"
        var groups: [(condition: String, kinds: [String])] = []
        for kind in match.kinds {
            let text = try condition(kind) ?? "true"
            if text == others { continue }
            if let place = groups.firstIndex(where: { $0.condition == text }) {
                groups[place].kinds.append(kind.description)
            } else {
                groups.append((text, [kind.description]))
            }
        }
        if groups.isEmpty, others == "true" { throw Unsayable("no kind that it is for has such a field") }
        if groups.count == 1, groups[0].kinds.count == match.kinds.count, !match.meansUnknownKinds {
            return groups[0].condition
        }
        return groups.reversed().reduce(others) { rest, group in
            "\(NameExpression.matches(MatchExpression.kind, group.kinds)) ? (\(group.condition)) : (\(rest))"
        }
    }

    private mutating func addDeletion(_ rule: TemplateLiteral, _ body: TemplateLiteral) throws(Unsayable) {
        if !operations.contains("DELETE") { operations.append("DELETE") }
        let reconcile = "serviceoperator.azure.com/reconcile-policy"
        let going = "(request.operation == 'DELETE' ? oldObject : object)"
        func annotation(_ object: String, _ name: String) -> String {
            PlaceExpression.value(object, ["metadata", "annotations", name])
        }
        if body["detachOnDelete"]?.text == "Deny" {
            let value = annotation(going, reconcile)
            let words = "\(reconcile) would leave the resource behind in Azure without its object; set it to manage"
            validations.append(
                .record([
                    (
                        "expression",
                        .string(
                            "\(value) != 'detach-on-delete' && !(request.operation == 'DELETE' && \(value) == 'skip')"
                        )
                    ), ("messageExpression", .string(Self.framed(words.celLiteral, rule))),
                    ("reason", .string("Forbidden")),
                ])
            )
        }
        guard let protected = body["protected"] else { return }
        var reasons: [String] = []
        if protected == .bool(true) { reasons.append("true") }
        let kinds = (protected["kinds"]?.elements ?? []).compactMap(\.text)
        if !kinds.isEmpty { reasons.append(NameExpression.matches(MatchExpression.kind, kinds)) }
        for tag in protected["tags"]?.members ?? [] {
            let values = (tag.value.elements ?? [tag.value]).compactMap(\.text)
            let map = "oldObject.?spec.?tags.orValue({})"
            reasons.append(
                "\(map).exists(k, \(NameExpression.matches("k", [tag.key], ignoringCase: true))"
                    + " && \(NameExpression.matches("string(\(map)[k])", values, ignoringCase: true)))"
            )
        }
        let isProtected = reasons.map { "(\($0))" }.joined(separator: " || ")
        let fine = "request.operation != 'DELETE' || has(oldObject.metadata.deletionTimestamp) || !(\(isProtected))"
        guard let confirmation = body["confirmation"] else {
            validations.append(
                .record([
                    ("expression", .string(fine)),
                    (
                        "messageExpression",
                        .string(
                            Self.framed(
                                "it is protected from deletion; keep it, or ask the platform team".celLiteral,
                                rule
                            )
                        )
                    ), ("reason", .string("Forbidden")),
                ])
            )
            return
        }
        let name = confirmation["annotation"]?.text ?? "portcullis.dev/confirm-deletion"
        let wanted = try Self.template(
            confirmation["value"]?.text ?? "${name}",
            name: "oldObject.metadata.name",
            "deletion: the confirmation's value"
        )
        validations.append(
            .record([
                ("expression", .string("\(fine) || \(annotation("oldObject", name)) == \(wanted)")),
                (
                    "messageExpression",
                    .string(
                        Self.framed(
                            "it is protected and its deletion is not confirmed; keep it, or first annotate it with \(name)="
                                .celLiteral + " + \(wanted)",
                            rule
                        )
                    )
                ), ("reason", .string("Forbidden")),
            ])
        )
    }

    /// A text with `${name}` and `${namespace}` as CEL.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: The expression of the object's name.
    ///   - what: What it is, for the reason of a refusal.
    /// - Returns: The expression.
    /// - Throws: That it names something else.
    static func template(_ text: String, name: String, _ what: String) throws(Unsayable) -> String {
        var parts: [String] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            if start.lowerBound > rest.startIndex { parts.append(String(rest[..<start.lowerBound]).celLiteral) }
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw Unsayable("\(what) is no template")
            }
            switch rest[start.upperBound..<end] {
            case "name": parts.append(name)
            case "namespace": parts.append("request.?namespace.orValue('')")
            default: throw Unsayable("\(what) names more than name and namespace")
            }
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty || parts.isEmpty { parts.append(String(rest).celLiteral) }
        return parts.count == 1 ? parts[0] : "(\(parts.joined(separator: " + ")))"
    }

    // MARK: Manifests

    /// Storage versions keep fields of newer versions where no rule looks: in a bag of `spec`, or of an object in it.
    private var guards: [TemplateLiteral] {
        guard action == "Deny", match.failurePolicy == "Fail" else { return [] }
        let bag = "[?'$propertyBag'].orValue(dyn({})).size() > 0"
        let expression =
            "object == null || !request.kind.version.endsWith('storage') || !has(object.spec) || !(object.spec\(bag)"
            + " || object.spec.exists(k, type(object.spec[k]) == map && object.spec[k]\(bag)))"
        return [
            .record([
                ("expression", .string(expression)),
                ("message", .string("a storage version keeps fields in a $propertyBag, where rules do not look")),
                ("reason", .string("Invalid")),
            ])
        ]
    }

    /// The policy and its binding.
    func manifests(named name: String) -> [[String]] {
        var spec: [(String, TemplateLiteral)] = [
            ("failurePolicy", .string(match.failurePolicy)), ("matchConstraints", match.constraints(operations)),
            ("matchConditions", match.matchConditions),
        ]
        var named = variables
        if usesKind { named.insert(("kind", MatchExpression.kind), at: 0) }
        if !named.isEmpty {
            spec.append(
                (
                    "variables",
                    .array(named.map { .record([("name", .string($0.name)), ("expression", .string($0.expression))]) })
                )
            )
        }
        spec.append(("validations", .array(validations + guards)))
        return [
            AdmissionManifest.lines("ValidatingAdmissionPolicy", named: name, spec),
            AdmissionManifest.lines(
                "ValidatingAdmissionPolicyBinding",
                named: name,
                [("policyName", .string(name)), ("validationActions", .texts([action]))]
            ),
        ]
    }
}

/// A manifest of Kubernetes' admission policies as text.
enum AdmissionManifest {
    /// Its lines.
    static func lines(
        _ kind: String,
        named name: String,
        version: String = "v1",
        _ spec: [(String, TemplateLiteral)]
    ) -> [String] {
        ["apiVersion: admissionregistration.k8s.io/\(version)", "kind: \(kind)", "metadata:"]
            + ImportedYAML.entry("name", .string(name), indent: 2) + ["spec:"]
            + spec.flatMap { ImportedYAML.entry($0.0, $0.1, indent: 2) }
    }
}
