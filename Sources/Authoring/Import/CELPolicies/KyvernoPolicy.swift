internal import Azure

/// Kyverno's policies with CEL.
enum KyvernoPolicy {
    // MARK: - ValidatingPolicy

    /// A ValidatingPolicy is a ValidatingAdmissionPolicy that binds itself.
    static func validating(_ input: CELPolicyImport.Input) -> CELPolicyImport.Output {
        var output = CELPolicyImport.Output()
        let spec = input.spec
        if let mode = spec["evaluation"]?["mode"]?.text, mode != "Kubernetes" {
            output.reasons.append(
                ImportReason(.unsupported, "evaluation.mode \(mode): nothing of Kubernetes is judged")
            )
            return output
        }
        let taken = [
            "failurePolicy", "matchConstraints", "matchConditions", "variables", "validations", "auditAnnotations",
        ]
        let members = (spec.members ?? []).filter { taken.contains($0.key) }
        let passedOver: Set<String> = ["validationActions", "evaluation", "webhookConfiguration", "autogen"]
        for member in spec.members ?? [] where !taken.contains(member.key) && !passedOver.contains(member.key) {
            output.reasons.append(ImportReason(.unsupported, "spec.\(member.key)"))
        }
        guard output.reasons.isEmpty else { return output }
        let actions = spec["validationActions"] ?? .array([.string("Deny")])
        output.documents = [
            .kubernetes("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", input.name, members),
            .kubernetes(
                "admissionregistration.k8s.io/v1",
                "ValidatingAdmissionPolicyBinding",
                input.name,
                [.init(key: "policyName", value: .string(input.name)), .init(key: "validationActions", value: actions)]
            ),
        ]
        return output
    }

    // MARK: - ClusterPolicy

    static func cluster(_ input: CELPolicyImport.Input) -> CELPolicyImport.Output {
        var output = CELPolicyImport.Output()
        let rules = input.spec["rules"]?.elements ?? []
        if rules.isEmpty { output.reasons.append(ImportReason(.unsupported, "it has no rules")) }
        for (place, rule) in rules.enumerated() {
            let name = rule["name"]?.text ?? "rule-\(place + 1)"
            do throws(ImportReason) {
                for (number, filter) in try filters(rule).enumerated() {
                    let suffix = number == 0 ? "" : "-\(number + 1)"
                    output.documents.append(
                        try policy("\(input.name)-\(name)\(suffix)".asName(limit: 63), rule, filter, input.spec)
                    )
                }
            } catch {
                output.reasons.append(ImportReason(error.code, "rule \(name): \(error.message)"))
            }
        }
        return output
    }

    /// What a rule matches: each filter by itself.
    private static func filters(_ rule: TemplateLiteral) throws(ImportReason) -> [TemplateLiteral] {
        guard let match = rule["match"] else { throw ImportReason(.unsupported, "it has no match") }
        if let any = match["any"]?.elements { return any }
        if let all = match["all"]?.elements {
            guard all.count == 1 else { throw ImportReason(.unsupported, "match.all of several filters") }
            return all
        }
        return [match]
    }

    private static func policy(
        _ name: String,
        _ rule: TemplateLiteral,
        _ filter: TemplateLiteral,
        _ spec: TemplateLiteral
    ) throws(ImportReason) -> TemplateLiteral {
        let validation = rule["validate"]
        guard let cel = validation?["cel"] else {
            let other = ["validate", "mutate", "generate", "verifyImages"].first { rule[$0] != nil } ?? "nothing"
            let language = validation?.members?.map(\.key).filter { $0 != "message" && $0 != "failureAction" }.first
            throw ImportReason(.unsupported, "\(other)\(language.map { ".\($0)" } ?? "") is no CEL")
        }
        for word in ["preconditions", "context", "skipBackgroundRequests"] where rule[word] != nil {
            if word != "skipBackgroundRequests" { throw ImportReason(.unsupported, word) }
        }
        var match = try matched(filter)
        if let excluded = rule["exclude"] { match += try exclusions(excluded) }
        if let conditions = rule["celPreconditions"], conditions.elements?.isEmpty == false {
            match.append(.init(key: "conditions", value: conditions))
        }
        let action =
            (validation?["failureAction"] ?? spec["validationFailureAction"])?.text?.lowercasedASCII == "enforce"
            ? "Deny" : "Audit"
        var members: [TemplateLiteral.Member] = [.init(key: "match", value: .object(match))]
        members.append(.init(key: "action", value: .string(action)))
        let failurePolicy = rule["failurePolicy"]?.text ?? spec["failurePolicy"]?.text ?? "Fail"
        members.append(.init(key: "failurePolicy", value: .string(failurePolicy)))
        if let params = try params(cel) { members.append(.init(key: "params", value: params)) }
        if let variables = cel["variables"], variables.elements?.isEmpty == false {
            members.append(.init(key: "variables", value: variables))
        }
        let message = validation?["message"]?.text
        members.append(.init(key: "rules", value: try .celRules(cel["expressions"], message: message)))
        return .kubernetes("portcullis.dev/v1alpha1", "AzurePolicy", name, members)
    }

    /// The manifest that a rule's expressions read as `params`.
    private static func params(_ cel: TemplateLiteral) throws(ImportReason) -> TemplateLiteral? {
        guard let kind = cel["paramKind"] else { return nil }
        guard let reference = cel["paramRef"], let name = reference["name"]?.text else {
            throw ImportReason(.unsupported, "paramRef without a name")
        }
        var members = (kind.members ?? []) + [TemplateLiteral.Member(key: "name", value: .string(name))]
        for key in ["namespace", "parameterNotFoundAction"] {
            if let value = reference[key] { members.append(.init(key: key, value: value)) }
        }
        return .object(members)
    }

    private static func matched(_ filter: TemplateLiteral) throws(ImportReason) -> [TemplateLiteral.Member] {
        for member in filter.members ?? [] where member.key != "resources" {
            throw ImportReason(.unsupported, "match.\(member.key)")
        }
        guard let resources = filter["resources"] else { throw ImportReason(.unsupported, "match without resources") }
        var match: [TemplateLiteral.Member] = []
        for member in resources.members ?? [] {
            switch member.key {
            case "kinds":
                var names: [TemplateLiteral] = []
                for kind in member.value.elements ?? [] { names += try kinds(kind.text ?? "").map { .string($0) } }
                match.append(.init(key: "resources", value: .array(names)))
            case "namespaces": match.append(.init(key: "namespaces", value: try globs(member.value)))
            case "selector": match.append(.init(key: "objectSelector", value: member.value))
            case "namespaceSelector", "operations": match.append(member)
            default: throw ImportReason(.unsupported, "match.resources.\(member.key)")
            }
        }
        return match
    }

    private static func exclusions(_ excluded: TemplateLiteral) throws(ImportReason) -> [TemplateLiteral.Member] {
        let filters = excluded["any"]?.elements ?? excluded["all"]?.elements ?? [excluded]
        var namespaces: [TemplateLiteral] = []
        for filter in filters {
            guard filter.members?.map(\.key) == ["resources"],
                filter["resources"]?.members?.map(\.key) == ["namespaces"],
                excluded["all"] == nil || filters.count == 1
            else { throw ImportReason(.unsupported, "exclude of anything but namespaces") }
            namespaces += try globs(filter["resources"]?["namespaces"] ?? .array([])).elements ?? []
        }
        return [.init(key: "excludedNamespaces", value: .array(namespaces))]
    }

    private static func globs(_ list: TemplateLiteral) throws(ImportReason) -> TemplateLiteral {
        if (list.elements ?? []).contains(where: { $0.text?.contains("?") ?? true }) {
            throw ImportReason(.unsupported, "a pattern with ?")
        }
        return list
    }

    /// `Kind`, `group/Kind`, `version/Kind`, `group/version/Kind`.
    private static func kinds(_ text: String) throws(ImportReason) -> [String] {
        let parts = text.split(separator: "/").map(String.init)
        guard let kind = parts.last, parts.count <= 3, !text.contains("?") else {
            throw ImportReason(.unsupported, "the kind \(text.abridged)")
        }
        let group = parts.count == 3 || parts.count == 2 && parts[0].contains(".") ? parts[0] : "*"
        let tables = AzureTables.embedded
        if group == "*" {
            if kind == "*" { return ["*.azure.com/*"] }
            let known = tables.kinds.filter { $0.kind == kind }.map(\.description)
            guard !known.isEmpty else {
                throw ImportReason(.noKind, "\(kind) is no kind of Azure Service Operator")
            }
            return known
        }
        guard group.hasSuffix("azure.com") else {
            throw ImportReason(.noKind, "\(text) is no kind of Azure Service Operator")
        }
        return ["\(group)/\(kind)"]
    }
}

extension TemplateLiteral {
    /// An object of Kubernetes.
    static func kubernetes(_ version: String, _ kind: String, _ name: String, _ spec: [Member]) -> TemplateLiteral {
        .object([
            Member(key: "apiVersion", value: .string(version)), Member(key: "kind", value: .string(kind)),
            Member(key: "metadata", value: .at(["name"], .string(name))), Member(key: "spec", value: .object(spec)),
        ])
    }

    /// Validations of Kubernetes as rules of an AzurePolicy.
    static func celRules(_ validations: TemplateLiteral?, message: String?) throws(ImportReason) -> TemplateLiteral {
        guard let validations = validations?.elements, !validations.isEmpty else {
            throw ImportReason(.unsupported, "no expressions")
        }
        var rules: [TemplateLiteral] = []
        for (place, validation) in validations.enumerated() {
            guard let members = validation.members else {
                throw ImportReason(.unsupported, "an expression that is no object")
            }
            var body: [Member] = []
            for member in members {
                switch member.key {
                case "expression", "messageExpression", "reason": body.append(member)
                case "message": body.append(Member(key: "message", value: .string((member.value.text ?? "").asMessage)))
                default: throw ImportReason(.unsupported, "\(member.key) of an expression")
                }
            }
            if let message, validation["message"] == nil {
                body.append(Member(key: "message", value: .string(message.asMessage)))
            }
            rules.append(
                .object([
                    Member(key: "name", value: .string("validation-\(place + 1)")),
                    Member(key: "cel", value: .object(body)),
                ])
            )
        }
        return .array(rules)
    }
}
