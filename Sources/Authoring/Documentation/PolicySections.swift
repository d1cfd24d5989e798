internal import JSON

/// What a page says of one document.
extension Documented {
    /// The lines of its section, without its heading.
    ///
    /// - Parameter bindings: Of a policy of Kubernetes, what binds it.
    /// - Returns: Lines of Markdown.
    func section(bindings: [Documented]) -> [String] {
        var lines = [title.map { "\(kind): **\(Markdown.text($0))**" } ?? Markdown.text(kind), ""]
        lines += Markdown.paragraphs(annotation("description") ?? "")
        switch kind {
        case "AzurePolicy", "NamespaceAzurePolicy": lines += policy
        case "AzureBinding": lines += fields(of: .azureBinding)
        case "PolicyException": lines += exception
        case "PriceList": lines += priceList
        case "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy": lines += admissionPolicy(bindings)
        default:
            lines +=
                ["- Policy, which is not among these: \(Markdown.code(text("spec", "policyName") ?? ""))"] + binding
        }
        return lines
    }

    // MARK: AzurePolicy, NamespaceAzurePolicy

    private var policy: [String] {
        var lines = [
            bullet("Resources", resources), bullet("Namespaces", namespaces),
            bullet("Operations", codes("operations") ?? "`CREATE`, `UPDATE`"),
            bullet("Users", except(value("spec", "match", "users"), value("spec", "match", "excludedUsers"))),
            bullet("Groups", except(value("spec", "match", "groups"), value("spec", "match", "excludedGroups"))),
            bullet("Objects with labels", value("spec", "match", "objectSelector").map { code($0) }),
            bullet("Parameters from", value("spec", "params").map { code($0) }),
            bullet(
                "Action",
                list("spec", "rules").isEmpty ? nil : value("spec", "action").map { parameter($0) } ?? "Deny"
            ),
            bullet("Where an evaluation breaks", value("spec", "failurePolicy").map { parameter($0) } ?? "Fail"),
            bullet("Old failures of an UPDATE", value("spec", "ratchet").map { "ratchet \(parameter($0))" }),
            bullet("Severity", severity),
        ].flatMap { $0 }
        lines += named("Only if", list("spec", "match", "conditions"))
        lines += named("Variables", list("spec", "variables"))
        let parameters = value("spec", "parameters").map { $0.fields } ?? []
        if !parameters.isEmpty {
            let rows = parameters.map { [Markdown.code($0.name), code($0.value)] }
            lines += [""] + Markdown.table(["Parameter", "Default"], rows)
        }
        for mutation in list("spec", "mutations") { lines += entry(mutation, as: "Mutation") }
        for rule in list("spec", "rules") { lines += entry(rule, as: "Rule") }
        return lines
    }

    private func codes(_ name: String) -> String? {
        value("spec", "match", name).map { Markdown.codes($0.texts) }
    }

    /// Fields of a rule that say something beside what it asks.
    private static let besides: Set<String> = [
        "name", "action", "severity", "message", "link", "ifAbsent", "ifUnknown",
    ]

    /// The longest body, in characters, that stands on a line.
    private static let longestLine = 100

    /// A rule or a mutation: what it asks as it is written, and what it says.
    private func entry(_ fragment: JSONFragment, as word: String) -> [String] {
        let entry = Documented(fragment)
        var lines = ["", "### \(word) \(Markdown.code(entry.text("name") ?? ""))", ""]
        var body = fragment.fields.filter { !Self.besides.contains($0.name) }
        if body.count == 1, body[0].name == "cel", let expression = entry.text("cel", "expression") {
            lines += Self.expression(expression)
            body = body[0].value.fields.filter { $0.name != "expression" }
            lines += body.isEmpty ? [] : [""]
            for (name, value) in body { lines.append("- \(Markdown.text(name)): \(code(value))") }
        } else {
            let short = body.map { "\(YAMLText.scalar($0.name)): \(YAMLText.flow($0.value))" }
            if short.count == 1, short[0].count <= Self.longestLine {
                lines.append(Markdown.code(short[0]))
            } else {
                lines += Markdown.block(body.flatMap { Self.yaml($0.name, $0.value) }, language: "yaml")
            }
        }
        let said = [
            bullet("Message", entry.text("message").map { Markdown.text($0) }),
            bullet("Action", entry.value("action").map { parameter($0) }),
            bullet("Severity", entry.value("severity").map { parameter($0) }),
            bullet("If absent", entry.value("ifAbsent").map { parameter($0) }),
            bullet("If unknown", entry.value("ifUnknown").map { parameter($0) }),
            bullet("More", entry.text("link").map { Markdown.link($0) }),
        ].flatMap { $0 }
        return lines + (said.isEmpty ? [] : [""] + said)
    }

    private static func yaml(_ name: String, _ value: JSONFragment) -> [String] {
        let isFilled = (value.value.isObject || value.value.isArray) && value.document.count(of: value.value) > 0
        guard isFilled else { return ["\(YAMLText.scalar(name)): \(YAMLText.flow(value))"] }
        return ["\(YAMLText.scalar(name)):"] + YAMLText.block(value, indent: 2)
    }

    private static func expression(_ text: String, indent: Int = 0) -> [String] {
        Markdown.block(
            text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init),
            language: "cel",
            indent: indent
        )
    }

    /// Expressions with their names.
    private func named(_ heading: String, _ expressions: [JSONFragment]) -> [String] {
        guard !expressions.isEmpty else { return [] }
        return ["", "\(heading):", ""]
            + expressions.flatMap { expression -> [String] in
                let entry = Documented(expression)
                let name = Markdown.code(entry.text("name") ?? "")
                let text = entry.text("expression") ?? ""
                guard text.contains(where: \.isNewline) else { return ["- \(name): \(Markdown.code(text))"] }
                return ["- \(name):", ""] + Self.expression(text, indent: 2)
            }
    }

    // MARK: Other documents

    /// The fields of `spec` with what they mean.
    private func fields(of form: DocumentForm) -> [String] {
        let stated = value("spec").map { $0.fields } ?? []
        let rows = stated.map { name, value in
            let meaning = form.spec.fields.first { $0.name == name }?.description ?? ""
            return [
                Markdown.code(name), value.value.isArray ? Markdown.codes(value.texts) : code(value),
                Markdown.text(meaning),
            ]
        }
        return Markdown.table(["Field", "Value", "Meaning"], rows)
    }

    private var exception: [String] {
        var lines = list("spec", "policies").map { waived in
            let waived = Documented(waived)
            let rules = waived.list("rules").map(\.shown)
            return "- Waives of \(Markdown.code(waived.text("name") ?? "")): \(Markdown.codes(rules))"
        }
        let subjects = value("spec", "subjects").map { $0.fields } ?? []
        for (name, value) in subjects {
            lines.append(
                "- For \(Markdown.text(name)): \(value.value.isArray ? Markdown.codes(value.texts) : code(value))"
            )
        }
        lines += bullet("Until", text("spec", "expiresAt").map { Markdown.code($0) })
        for (label, field) in [("Reason", "reason"), ("Ticket", "ticket"), ("Approved by", "approvedBy")] {
            lines += bullet(label, text("spec", field).map { Markdown.text($0) })
        }
        return lines
    }

    private var priceList: [String] {
        let count = list("spec", "prices").count
        return ["- Prices: \(count)"] + bullet("Currency", text("spec", "currency").map { Markdown.code($0) })
            + bullet("Kinds", pricedKinds.isEmpty ? nil : Markdown.codes(pricedKinds))
    }

    private func admissionPolicy(_ bindings: [Documented]) -> [String] {
        var lines = bullet("Where an evaluation breaks", Markdown.text(text("spec", "failurePolicy") ?? "Fail"))
        for field in ["paramKind", "reinvocationPolicy"] {
            lines += bullet(field, value("spec", field).map { code($0) })
        }
        if let constraints = value("spec", "matchConstraints") {
            lines += ["", "Matches:", ""] + Markdown.block(YAMLText.block(constraints), language: "yaml")
        }
        lines += named("Only if", list("spec", "matchConditions"))
        lines += named("Variables", list("spec", "variables"))
        for (word, field) in [
            ("Validation", "validations"), ("Mutation", "mutations"), ("Audit annotation", "auditAnnotations"),
        ] {
            for (index, item) in list("spec", field).enumerated() {
                lines += ["", "### \(word) \(index + 1)", ""] + admissionEntry(item)
            }
        }
        for binding in bindings {
            lines += ["", "### Binding \(Markdown.code(binding.name))", ""] + binding.binding
        }
        return lines
    }

    private func admissionEntry(_ item: JSONFragment) -> [String] {
        let entry = Documented(item)
        // A mutation keeps its expression in a field of its patch's type.
        let expressions = ["applyConfiguration", "jsonPatch"].compactMap { entry.text($0, "expression") }
        guard let expression = entry.text("expression") ?? expressions.first else {
            return Markdown.block(YAMLText.block(item), language: "yaml")
        }
        let more = item.fields.filter { !["expression", "applyConfiguration", "jsonPatch"].contains($0.name) }
        return Self.expression(expression) + (more.isEmpty ? [] : [""])
            + more.map { name, value in
                let isText = name == "message"
                return "- \(Markdown.text(name)): \(isText ? Markdown.text(value.shown) : code(value))"
            }
    }

    private var binding: [String] {
        (value("spec").map { $0.fields } ?? []).filter { $0.name != "policyName" }.map { name, value in
            "- \(Markdown.text(name)): \(code(value))"
        }
    }

    // MARK: Words

    private func bullet(_ label: String, _ text: String?) -> [String] { text.map { ["- \(label): \($0)"] } ?? [] }

    private func code(_ value: JSONFragment) -> String { Markdown.code(value.shown) }

    /// A word, and where it comes from a parameter, that too.
    private func parameter(_ value: JSONFragment) -> String {
        let word = resolved(value.shown)
        return word == value.shown ? Markdown.text(word) : "\(Markdown.text(word)) (\(code(value)))"
    }
}
