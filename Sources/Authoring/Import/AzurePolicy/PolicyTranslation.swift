internal import Azure

/// What becomes of one definition: policies, and what of it could not be said.
struct PolicyTranslation {
    /// Policies with the kind that examples of them are of.
    private(set) var drafts: [(draft: PolicyDraft, kind: AzureKind, isMutation: Bool)] = []
    private(set) var reasons: [ImportReason] = []
    private(set) var notes: [String] = []

    /// The longest expression, in bytes: policies take 64 KiB, with the breaks between lines.
    private static let maximumExpressionBytes = 60 * 1024

    private let definition: PolicyDefinition
    private let name: String
    private let doesNotEnforce: Bool
    private let message: String

    /// What the effect is here.
    private enum Plan: Equatable {
        case rule(action: String)
        case mutation
        case append
        case deletion(action: String)
    }

    /// Translates a definition.
    ///
    /// - Parameters:
    ///   - definition: With the values of its assignment, if it has one.
    ///   - name: The policies' name.
    ///   - message: What is told to the user; the title, if nothing else.
    ///   - doesNotEnforce: Whether the assignment only wants to know.
    init(_ definition: PolicyDefinition, name: String, message: String? = nil, doesNotEnforce: Bool = false) {
        self.definition = definition
        self.name = name
        self.doesNotEnforce = doesNotEnforce
        let title = message ?? (definition.title.isEmpty ? definition.name : definition.title)
        self.message = title.isEmpty ? name : title.asMessage
        do throws(ImportReason) {
            try translate()
        } catch {
            reasons.append(error)
        }
        // One reason for many kinds is one reason.
        var seen: Set<ImportReason> = []
        reasons = reasons.filter { seen.insert($0).inserted }
    }

    private var effectParameter: (name: String, exported: String)?
    private var isOffByDefault = false

    // MARK: - The effect

    private mutating func plan() throws(ImportReason) -> Plan {
        let words: [String]
        var isParameter = false
        switch definition.effect {
        case .literal(.string(let word)): words = [word]
        case .call("parameters", let arguments):
            guard let name = arguments.first?.literal?.text,
                let parameter = definition.parameters.first(where: { $0.name.lowercasedASCII == name.lowercasedASCII })
            else { throw ImportReason(.effect, "the effect is a parameter that is not declared") }
            effectParameter = (parameter.name, parameter.name.asParameterName)
            isParameter = true
            let allowed = parameter.allowed.compactMap(\.text)
            let chosen = parameter.value?.text ?? allowed.first { $0.lowercasedASCII != "disabled" } ?? "Deny"
            if parameter.value == nil {
                notes.append("the parameter \(parameter.name) has no default: \(chosen) is taken")
            }
            words = [chosen] + allowed
        default: throw ImportReason(.effect, "the effect is an expression")
        }
        guard let first = words.first else { throw ImportReason(.effect, "there is no effect") }
        var word = first.lowercasedASCII
        if word == "disabled" {
            guard isParameter, let other = words.first(where: { $0.lowercasedASCII != "disabled" }) else {
                throw ImportReason(.disabled, "the effect is disabled")
            }
            // It is told by a parameter of its own whether the policy is on.
            isOffByDefault = true
            word = other.lowercasedASCII
        }
        let action: (String) -> String = { [effectParameter] literal in
            effectParameter.map { "${parameters.\($0.exported)}" } ?? literal
        }
        switch word {
        case "deny": return .rule(action: doesNotEnforce ? "Audit" : action("Deny"))
        case "audit": return .rule(action: doesNotEnforce ? "Audit" : action("Audit"))
        case "denyaction":
            effectParameter = nil
            return .deletion(action: doesNotEnforce ? "Audit" : "Deny")
        case "modify", "append":
            effectParameter = nil
            if doesNotEnforce {
                throw ImportReason(.disabled, "the assignment is not enforced, and nothing is to be changed")
            }
            return word == "modify" ? .mutation : .append
        case "auditifnotexists", "deployifnotexists":
            throw ImportReason(.otherResources, "\(first) looks at other resources than the one that is written")
        default: throw ImportReason(.effect, "the effect \(first.abridged)")
        }
    }

    /// The value of the effect's parameter.
    private func actionValue(_ word: String?) -> String {
        switch word?.lowercasedASCII {
        case "audit": "Audit"
        default: "Deny"
        }
    }

    // MARK: - Kinds

    /// What one kind's resources are asked.
    private struct Question: Hashable {
        let formula: Formula
        let fieldPath: String?
        let changes: [Change]
    }

    private struct Change: Hashable {
        let body: TemplateLiteral
        /// A condition that must be true of the field after all, for `append`.
        let demand: Formula?
    }

    private mutating func translate() throws(ImportReason) {
        guard definition.isIndexed || definition.mode.lowercasedASCII == "all" else {
            throw ImportReason(
                .otherResources,
                "the mode \(definition.mode.abridged) judges what lies inside of a service, not resources"
            )
        }
        let plan = try plan()
        var groups: [(question: Question, kinds: [AzureKind], used: Set<String>)] = []
        func add(_ kind: AzureKind, _ question: Question, _ used: Set<String>) {
            if let place = groups.firstIndex(where: { $0.question == question }) {
                groups[place].kinds.append(kind)
                groups[place].used.formUnion(used)
            } else {
                groups.append((question, [kind], used))
            }
        }
        let tables = AzureTables.embedded
        var candidates = tables.kinds.filter { $0.armType != nil && isConcerned($0) }
        if candidates.isEmpty {
            throw ImportReason(.noKind, "no kind of Azure Service Operator has the resource types that it names")
        }
        if definition.isIndexed {
            let indexed = candidates.filter { kind in
                let fields = ARMFieldTable.embedded.fields(of: kind)
                // Resource groups are for the mode All.
                return kind.scope != .subscription && fields.contains { $0.armPath == "location" }
                    && fields.contains { $0.armPath == "tags{}" }
            }
            if !indexed.isEmpty { candidates = indexed }
        }
        var refusedKinds: [String] = []
        for kind in candidates {
            var translator = ConditionTranslator(
                AliasResolver(kind),
                parameters: definition.parameters,
                root: isDeletion(plan) ? "oldObject" : "object"
            )
            do throws(ImportReason) {
                let formula = try translator.formula(definition.condition)
                if formula.constant == false { continue }
                guard formula.text.utf8.count <= Self.maximumExpressionBytes else {
                    throw ImportReason(
                        .unsupported,
                        "a condition that takes more than \(Self.maximumExpressionBytes) bytes to say"
                    )
                }
                if formula.constant == true, translator.readsAbsent, !isDeletion(plan),
                    plan != .mutation
                {
                    throw ImportReason(
                        .noField,
                        "every \(kind) would violate it: Azure Service Operator never sends the value that it asks for"
                    )
                }
                for (formula, changes) in try self.changes(plan, formula, &translator) {
                    let field = translator.readsMore ? nil : translator.readFields.first
                    let path = translator.readFields.count == 1 ? field : nil
                    add(kind, Question(formula: formula, fieldPath: path, changes: changes), translator.usedParameters)
                }
            } catch {
                reasons.append(error)
                refusedKinds.append(kind.description)
            }
        }
        if groups.isEmpty {
            guard reasons.isEmpty else { return }
            let kinds = candidates.prefix(3).map(\.description).joined(separator: ", ")
            throw ImportReason(.noKind, "it is never true of what Azure Service Operator sends for \(kinds)")
        }
        if !refusedKinds.isEmpty { notes.append("not for \(refusedKinds.joined(separator: ", "))") }
        for (index, group) in groups.enumerated() {
            append(plan, group.question, group.kinds, group.used, index)
        }
    }

    private func isDeletion(_ plan: Plan) -> Bool {
        if case .deletion = plan { true } else { false }
    }

    /// Whether the condition's tests of the type let it be true for a kind; all others are left open.
    private func isConcerned(_ kind: AzureKind) -> Bool {
        typeTruth(definition.condition, kind) != false
    }

    private func typeTruth(_ condition: PolicyCondition, _ kind: AzureKind) -> Bool? {
        switch condition {
        case .allOf(let parts):
            var isOpen = false
            for part in parts {
                switch typeTruth(part, kind) {
                case false?: return false
                case nil: isOpen = true
                case true?: break
                }
            }
            return isOpen ? nil : true
        case .anyOf(let parts):
            var isOpen = false
            for part in parts {
                switch typeTruth(part, kind) {
                case true?: return true
                case nil: isOpen = true
                case false?: break
                }
            }
            return isOpen ? nil : false
        case .not(let inner): return typeTruth(inner, kind).map { !$0 }
        case .test(.field(.literal(.string(let name))), let op, .literal(let operand)):
            guard name.lowercasedASCII == "type" else { return nil }
            let translator = ConditionTranslator(AliasResolver(kind, fields: []), parameters: [])
            let left = ConditionTranslator.Term(.string(kind.policyType))
            return (try? translator.test(left, op, ConditionTranslator.Term(operand), true))?.constant
        case .test: return nil
        }
    }

    // MARK: - Changes

    /// What is changed, by the conditions under which it is; nothing is changed by rules.
    private func changes(
        _ plan: Plan,
        _ formula: Formula,
        _ translator: inout ConditionTranslator
    ) throws(ImportReason) -> [(Formula, [Change])] {
        switch plan {
        case .rule, .deletion: return [(formula, [])]
        case .append:
            guard let elements = definition.details?.elements else {
                throw ImportReason(.unsupported, "append without a list of details")
            }
            var changes: [Change] = []
            for element in elements { changes.append(try appended(element, &translator)) }
            return [(formula, changes)]
        case .mutation:
            guard let operations = definition.details?["operations"]?.elements else {
                throw ImportReason(.unsupported, "modify without operations")
            }
            var result: [(Formula, [Change])] = []
            for operation in operations {
                var whole = formula
                if let condition = operation["condition"] {
                    let term = try translator.term(try Self.expression(condition), .init())
                    guard let asked = term.formula else {
                        throw ImportReason(.unsupported, "the condition of an operation")
                    }
                    whole = .all([formula, asked])
                }
                if whole.constant == false { continue }
                guard let change = try modified(operation, &translator) else { continue }
                if let place = result.firstIndex(where: { $0.0 == whole }) {
                    result[place].1.append(change)
                } else {
                    result.append((whole, [change]))
                }
            }
            return result
        }
    }

    private static func expression(_ literal: TemplateLiteral) throws(ImportReason) -> TemplateExpression {
        do throws(TemplateError) {
            return try TemplateExpression(literal)
        } catch {
            throw ImportReason(.unsupported, "an expression that cannot be read: \(error.message)")
        }
    }

    /// Where an operation writes: a tag, or a field.
    private enum Target {
        case tag(String)
        /// A tag whose name a parameter gives.
        case namedTag(TemplateExpression)
        case field(AliasField)
    }

    private func target(
        _ literal: TemplateLiteral?,
        _ translator: inout ConditionTranslator
    ) throws(ImportReason) -> Target? {
        guard let text = literal?.text else { throw ImportReason(.unsupported, "an operation without field") }
        let expression = try Self.expression(.string(text))
        guard let name = try translator.term(expression, .init()).literal?.text else {
            if let tag = ConditionTranslator.tagName(in: expression) {
                guard case .field = try translator.resolver.resolve("tags") else { return nil }
                return .namedTag(tag)
            }
            throw ImportReason(.unsupported, "a field whose name is known only to the assignment")
        }
        if let tag = AliasResolver.tagName(name) {
            guard case .field = try translator.resolver.resolve("tags") else { return nil }
            return .tag(tag)
        }
        switch try translator.resolver.resolve(name) {
        case .field(let field):
            if field.isReference || field.path.contains(".identity") || field.rule == .secret {
                throw ImportReason(.protectedField, "\(name): policies write no identities, references and secrets")
            }
            if !field.alternatives.isEmpty || field.steps.last == .element
                || field.steps.contains(where: { if case .key = $0 { true } else { false } })
            {
                throw ImportReason(.unsupported, "a change of \(name)")
            }
            return .field(field)
        case .absent:
            // Another type's field: the operation is not for this kind. One that it should have cannot be set.
            let type = name.split(separator: "/").dropLast().joined(separator: "/")
            if type.lowercasedASCII == translator.kind.policyType.lowercasedASCII {
                throw ImportReason(.noField, "the alias \(name): \(translator.kind) has no such field")
            }
            return nil
        case .known, .name: throw ImportReason(.protectedField, "\(name) is not changed by policies")
        }
    }

    /// A value that is written, of the field's type.
    private func value(
        _ literal: TemplateLiteral?,
        _ field: AliasField?,
        _ translator: inout ConditionTranslator
    ) throws(ImportReason) -> (value: TemplateLiteral, term: ConditionTranslator.Term) {
        guard let literal else { throw ImportReason(.unsupported, "an operation without value") }
        let term = try translator.term(try Self.expression(literal), .init())
        if let known = term.literal {
            switch (known, field?.type) {
            case (.string(let text), .bool?) where ["true", "false"].contains(text.lowercasedASCII):
                return (.bool(text.lowercasedASCII == "true"), term)
            case (.string(let text), .int?): return (Int64(text).map { .int($0) } ?? known, term)
            case (.string(let text), _): return (.string(text.replacing("${", with: "$${")), term)
            case (.bool, nil), (.int, nil): return (.string(known.folded ?? ""), term)
            default: return (known, term)
            }
        }
        if term.text.hasPrefix("parameters."), term.text.dropFirst(11).isIdentifier {
            let parameter = definition.parameters.first { "parameters.\($0.name.asParameterName)" == term.text }
            if parameter?.value == .string("") {
                throw ImportReason(
                    .unsupported,
                    "the parameter \(parameter?.name ?? "") is empty, and nothing empty is written"
                )
            }
            return (.string("${\(term.text)}"), term)
        }
        guard term.type == .string, !term.isOptional, term.unknown.isEmpty else {
            throw ImportReason(.unsupported, "a value that is computed")
        }
        return (.string("${\(term.text)}"), term)
    }

    private func modified(
        _ operation: TemplateLiteral,
        _ translator: inout ConditionTranslator
    ) throws(ImportReason) -> Change? {
        guard let target = try target(operation["field"], &translator) else { return nil }
        let word = operation["operation"]?.text?.lowercasedASCII ?? ""
        switch (word, target) {
        case ("remove", .tag(let tag)):
            return Change(body: .at(["tags", "remove"], .array([.string(tag)])), demand: nil)
        case ("remove", .field(let field)):
            return Change(body: .at(["remove"], .array([.string(field.path)])), demand: nil)
        case ("add", .tag(let tag)), ("addorreplace", .tag(let tag)):
            let value = try value(operation["value"], nil, &translator).value
            return Change(body: .at(["tags", word == "add" ? "default" : "set", tag], value), demand: nil)
        case ("add", .namedTag(let tag)), ("addorreplace", .namedTag(let tag)):
            let name = translator.concrete(try translator.term(tag, .init()))
            guard let literal = operation["value"] else {
                throw ImportReason(.unsupported, "an operation without value")
            }
            let value = try translator.term(try Self.expression(literal), .init())
            guard value.type == .string, !value.isOptional, value.unknown.isEmpty else {
                throw ImportReason(.unsupported, "a value that is computed")
            }
            return Change(body: Self.patch(ofTag: name, value: value.text, overwrites: word != "add"), demand: nil)
        case ("addorreplace", .field(let field)) where operation["value"] == .null:
            return Change(body: .at(["remove"], .array([.string(field.path)])), demand: nil)
        case ("add", .field(let field)), ("addorreplace", .field(let field)):
            let value = try value(operation["value"], field, &translator).value
            return Change(body: .at([word == "add" ? "defaults" : "set", field.path], value), demand: nil)
        default: throw ImportReason(.unsupported, "the operation \(word.abridged)")
        }
    }

    /// A patch that sets a tag whose name is told by an expression; letter case makes no difference to names.
    private static func patch(ofTag name: String, value: String, overwrites: Bool) -> TemplateLiteral {
        let same = "object.spec.tags.filter(t, t.lowerAscii() == \(name).lowerAscii())"
        let expression = """
            !has(object.spec.tags)
              ? [JSONPatch{op: 'add', path: '/spec/tags', value: {\(name): \(value)}}]
              : \(overwrites ? "" : "size(\(same)) > 0 ? [] : ")[JSONPatch{
                  op: 'add',
                  path: '/spec/tags/' + (\(same) + [\(name)])[0].replace('~', '~0').replace('/', '~1'),
                  value: \(value)
                }]
            """
        return .at(["cel", "expression"], .string(expression))
    }

    /// A field of `append`: it is set where it is missing, and must be the same where it is not.
    private func appended(
        _ element: TemplateLiteral,
        _ translator: inout ConditionTranslator
    ) throws(ImportReason) -> Change {
        guard let target = try target(element["field"], &translator) else {
            throw ImportReason(.noField, "append of a field that \(translator.kind) has not")
        }
        switch target {
        case .namedTag: throw ImportReason(.unsupported, "append of a tag whose name is a parameter")
        case .tag(let tag):
            let (value, term) = try value(element["value"], nil, &translator)
            let given = try translator.value(ofField: "tags['\(tag)']", .init())
            let demand = try translator.test(given, .equals, term, false)
            return Change(body: .at(["tags", "default", tag], value), demand: demand)
        case .field(let field):
            guard !field.isList else { throw ImportReason(.unsupported, "append to an array") }
            let (value, term) = try value(element["value"], field, &translator)
            guard let name = element["field"]?.text else { throw ImportReason(.unsupported, "append without field") }
            let demand = try translator.test(try translator.value(ofField: name, .init()), .equals, term, false)
            return Change(body: .at(["defaults", field.path], value), demand: demand)
        }
    }

    /// The type of an object, in CEL.
    private static func types(of kinds: [AzureKind], _ root: String) -> String {
        let rows = kinds.map { "\($0.description.celLiteral): \($0.policyType.celLiteral)" }
        return "{\n  \(rows.joined(separator: ",\n  "))\n}[\(root).apiVersion.split('/')[0] + '/' + \(root).kind]"
    }

    // MARK: - Drafts

    private mutating func append(
        _ plan: Plan,
        _ question: Question,
        _ kinds: [AzureKind],
        _ used: Set<String>,
        _ index: Int
    ) {
        guard let kind = kinds.first else { return }
        var draft = PolicyDraft(name: index == 0 ? name : "\(name)-kind-\(index + 1)")
        draft.annotations = [("portcullis.dev/title", definition.title.isEmpty ? name : definition.title.asMessage)]
        if !definition.category.isEmpty {
            draft.annotations.append(("portcullis.dev/category", definition.category.asMessage))
        }
        if !definition.name.isEmpty {
            draft.annotations.append(("portcullis.dev/azure-policy-id", definition.name.asMessage))
        }
        draft.resources = kinds.map(\.description)
        let isMutation = plan == .mutation || plan == .append
        if question.formula.text.contains(ConditionTranslator.typeVariable) {
            let root = isDeletion(plan) ? "oldObject" : "object"
            draft.variables = [("type", Self.types(of: kinds, root))]
        }
        if isOffByDefault {
            draft.parameters.append(("enabled", .bool(false)))
            draft.conditions.append(("enabled", .call("parameters.enabled")))
        }
        if let effectParameter, !isMutation, !doesNotEnforce {
            let value = definition.parameters.first { $0.name == effectParameter.name }
            let word =
                isOffByDefault
                ? value?.allowed.compactMap(\.text).first { $0.lowercasedASCII != "disabled" } : value?.value?.text
            draft.parameters.append((effectParameter.exported, .string(actionValue(word ?? "Deny"))))
        }
        for parameter in definition.parameters where used.contains(parameter.name) {
            if parameter.name == effectParameter?.name { continue }
            draft.parameters.append((parameter.name.asParameterName, parameter.value ?? parameter.placeholder))
            if parameter.value == nil, index == 0 {
                notes.append("the parameter \(parameter.name) has no default: set it in spec.parameters")
            }
        }
        switch plan {
        case .rule(let action), .deletion(let action):
            draft.action = action
            if case .deletion = plan { draft.operations = ["DELETE"] }
            let denied = !question.formula
            let isAlways = denied.constant == false
            draft.rules = [
                PolicyDraft.Rule(
                    name: "azure-policy",
                    formula: isAlways ? nil : denied,
                    message: message,
                    fieldPath: question.fieldPath
                )
            ]
        case .mutation, .append:
            if question.formula.constant != true { draft.conditions.append(("applies", question.formula)) }
            for (place, change) in question.changes.enumerated() {
                draft.mutations.append(
                    PolicyDraft.Mutation(
                        name: place == 0 ? "azure-policy" : "azure-policy-\(place + 1)",
                        body: change.body
                    )
                )
            }
            let demands = question.changes.compactMap(\.demand)
            if !demands.isEmpty {
                draft.rules = [PolicyDraft.Rule(name: "azure-policy", formula: .all(demands), message: message)]
            }
        }
        drafts.append((draft, kind, isMutation))
    }
}

extension TemplateLiteral {
    /// The value in objects of one member each.
    static func at(_ keys: [String], _ value: TemplateLiteral) -> TemplateLiteral {
        keys.reversed().reduce(value) { .object([Member(key: $1, value: $0)]) }
    }
}

extension PolicyDefinition.Parameter {
    /// What stands for a value that only an assignment gives.
    var placeholder: TemplateLiteral {
        if let first = allowed.first { return type == .array ? .array([first]) : first }
        switch type {
        case .string, .any: return .string("change-me")
        case .int, .double: return .int(0)
        case .bool: return .bool(false)
        case .array: return .array([])
        case .object: return .object([])
        }
    }
}

extension StringProtocol {
    /// Whether it is a name of CEL.
    var isIdentifier: Bool { String(self).isCELField }
}

extension String {
    /// The name with the characters replaced that no parameter has.
    var asParameterName: String {
        let text = String(
            decoding: utf8.prefix(63).map { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    ? byte : 0x5f
            },
            as: UTF8.self
        )
        return text.isCELField ? text : "p_" + text.prefix(61)
    }
}
