internal import Azure
internal import JSON
internal import Policy

/// Makes AzurePolicies of Azure Policy's definitions, initiatives and assignments.
///
/// Documents are added in any order, then `finish` translates them: an initiative and an assignment find their definitions
/// among all documents by resource ID or name. Nothing is read and nothing is written here.
public struct AzurePolicyImport {
    /// The largest document, in bytes: a hundred times what Azure takes.
    public static let maximumFileBytes = 16 << 20
    /// The most definitions of an initiative, as many as Azure takes.
    static let maximumMembers = 1_000
    /// The deepest nesting of a document: twice what a definition needs.
    private static let maximumDepth = 256

    /// An initiative: definitions with values for their parameters.
    struct Initiative {
        struct Member {
            let id: String
            let values: [(name: String, value: TemplateLiteral)]
            let reference: String
        }

        let file: String
        let position: JSONPosition
        let name: String
        let title: String
        var parameters: [PolicyDefinition.Parameter]
        let members: [Member]
    }

    private struct Assignment {
        let file: String
        let position: JSONPosition
        let name: String
        let title: String
        let target: String
        let values: [(name: String, value: TemplateLiteral)]
        let isEnforced: Bool
        let message: String?
        let reasons: [ImportReason]
        let notes: [String]
    }

    private var definitions: [PolicyDefinition] = []
    private var initiatives: [Initiative] = []
    private var assignments: [Assignment] = []
    private var issues: [PolicyIssue] = []
    private var names: Set<String> = []

    /// Begins an import.
    public init() {}

    /// Reads a file: one document, a list of them, or what the Azure command line prints.
    ///
    /// - Parameters:
    ///   - bytes: JSON in UTF-8, with or without a byte order mark.
    ///   - file: Its name, for messages.
    public mutating func add(_ bytes: [UInt8], file: String) {
        let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(
                parsing: text,
                limits: JSONLimits(maximumDepth: Self.maximumDepth, maximumBytes: Self.maximumFileBytes)
            )
        } catch {
            issues.append(
                PolicyIssue(
                    file: file,
                    line: error.position.line,
                    column: error.position.column,
                    message: "is no JSON: \(error.code)",
                    mend: "save what Azure gives as JSON"
                )
            )
            return
        }
        add(document.root, in: document, file: file)
    }

    private mutating func add(_ value: JSONValue, in document: JSONDocument, file: String) {
        if value.isArray {
            for element in document.elements(of: value) { add(element, in: document, file: file) }
            return
        }
        if let list = document.member("value", of: value), list.isArray {
            for element in document.elements(of: list) { add(element, in: document, file: file) }
            return
        }
        do throws(ImportError) {
            let properties = document.member("properties", of: value) ?? value
            if document.member("policyDefinitions", of: properties) != nil {
                initiatives.append(try Self.initiative(value, properties, in: document, file: file))
            } else if document.member("policyDefinitionId", of: properties) != nil {
                assignments.append(try Self.assignment(value, properties, in: document, file: file))
            } else if document.member("policyRule", of: properties) != nil || document.member("if", of: value) != nil {
                definitions.append(try PolicyDefinition(value, in: document, file: file))
            } else {
                throw ImportError(
                    "is no policy definition, initiative or assignment",
                    mend: "name a file with policyRule, policyDefinitions or policyDefinitionId",
                    at: document.position(of: value)
                )
            }
        } catch {
            issues.append(error.issue(file))
        }
    }

    // MARK: - Reading

    private static func text(_ name: String, _ values: JSONValue..., in document: JSONDocument) -> String {
        for value in values {
            if let text = document.member(name, of: value).flatMap({ document.string($0) }) { return text }
        }
        return ""
    }

    private static func lastName(_ id: String) -> String { id.split(separator: "/").last.map(String.init) ?? "" }

    private static func values(
        _ value: JSONValue?,
        in document: JSONDocument
    ) throws(ImportError) -> [(name: String, value: TemplateLiteral)] {
        guard let value, !value.isNull else { return [] }
        guard value.isObject else {
            throw ImportError(
                "parameters must be an object",
                mend: "write each parameter's name with {\"value\": …}",
                at: document.position(of: value)
            )
        }
        var result: [(name: String, value: TemplateLiteral)] = []
        for (key, entry) in document.members(of: value) {
            guard let given = document.member("value", of: entry) else {
                throw ImportError(
                    "the parameter \((document.string(key) ?? "").abridged) has no value",
                    mend: "write {\"value\": …}",
                    at: document.position(of: entry)
                )
            }
            result.append((document.string(key) ?? "", TemplateLiteral(given, in: document)))
        }
        return result
    }

    private static func initiative(
        _ value: JSONValue,
        _ properties: JSONValue,
        in document: JSONDocument,
        file: String
    ) throws(ImportError) -> Initiative {
        guard let list = document.member("policyDefinitions", of: properties), list.isArray else {
            throw ImportError(
                "policyDefinitions must be a list",
                mend: "write the definitions in brackets",
                at: document.position(of: properties)
            )
        }
        guard document.count(of: list) <= maximumMembers else {
            throw ImportError(
                "has \(document.count(of: list)) definitions",
                mend: "keep within Azure's \(maximumMembers)",
                at: document.position(of: list)
            )
        }
        var members: [Initiative.Member] = []
        for element in document.elements(of: list) {
            let id = text("policyDefinitionId", element, in: document)
            guard !id.isEmpty else {
                throw ImportError(
                    "has no policyDefinitionId",
                    mend: "write the definition's resource ID",
                    at: document.position(of: element)
                )
            }
            members.append(
                Initiative.Member(
                    id: id,
                    values: try values(document.member("parameters", of: element), in: document),
                    reference: text("policyDefinitionReferenceId", element, in: document)
                )
            )
        }
        let name = text("name", properties, value, in: document)
        return Initiative(
            file: file,
            position: document.position(of: value),
            name: name.isEmpty ? lastName(text("id", value, in: document)) : name,
            title: text("displayName", properties, in: document),
            parameters: try PolicyDefinition.parameters(document.member("parameters", of: properties), in: document),
            members: members
        )
    }

    private static func assignment(
        _ value: JSONValue,
        _ properties: JSONValue,
        in document: JSONDocument,
        file: String
    ) throws(ImportError) -> Assignment {
        var reasons: [ImportReason] = []
        for (field, text) in [
            ("overrides", "overrides of the assignment"), ("resourceSelectors", "resource selectors of the assignment"),
        ] {
            if let list = document.member(field, of: properties), document.count(of: list) > 0 {
                reasons.append(ImportReason(.unsupported, text))
            }
        }
        var notes: [String] = []
        let scope = text("scope", properties, in: document)
        if !scope.isEmpty {
            notes.append("the scope \(scope.abridged) is Azure's: say in spec.match which namespaces are meant")
        }
        if let excluded = document.member("notScopes", of: properties), document.count(of: excluded) > 0 {
            notes.append("notScopes are Azure's: say in spec.match.excludedNamespaces which namespaces are not meant")
        }
        var message: String?
        if let messages = document.member("nonComplianceMessages", of: properties) {
            for element in document.elements(of: messages) where message == nil {
                if document.member("policyDefinitionReferenceId", of: element) == nil {
                    message = text("message", element, in: document)
                }
            }
        }
        let name = text("name", value, properties, in: document)
        return Assignment(
            file: file,
            position: document.position(of: value),
            name: name.isEmpty ? lastName(text("id", value, in: document)) : name,
            title: text("displayName", properties, in: document),
            target: text("policyDefinitionId", properties, in: document),
            values: try values(document.member("parameters", of: properties), in: document),
            isEnforced: text("enforcementMode", properties, in: document).lowercasedASCII != "donotenforce",
            message: message.flatMap { $0.isEmpty ? nil : $0 },
            reasons: reasons,
            notes: notes
        )
    }

    // MARK: - Translating

    /// Translates what was read.
    ///
    /// If there are assignments, they are what is imported; else initiatives, else definitions by themselves. What is only
    /// named by others is imported as they name it.
    ///
    /// - Parameter progress: Is told after each policy how many are done.
    /// - Returns: The policies, and what could not be carried over.
    public consuming func finish(progress: (Int) -> Void = { _ in }) -> ImportReport {
        var report = ImportReport()
        report.issues = issues
        var used: Set<String> = []
        func add(_ items: [ImportReport.Item]) {
            report.items += items
            progress(report.items.count)
        }
        for assignment in assignments {
            let (items, names) = translate(assignment)
            used.formUnion(names)
            add(items)
        }
        for initiative in initiatives where !used.contains(initiative.name.lowercasedASCII) {
            let (items, names) = translate(initiative)
            used.formUnion(names)
            add(items)
        }
        for definition in definitions where !used.contains(definition.name.lowercasedASCII) || definition.name.isEmpty {
            add([translate(definition, folder: "")])
        }
        return report
    }

    private mutating func unique(_ wanted: String) -> String {
        let base = wanted.isEmpty ? "policy" : wanted
        var name = base
        var number = 2
        while !names.insert(name).inserted {
            name = "\(base)-\(number)"
            number += 1
        }
        return name
    }

    private func definition(_ id: String) -> PolicyDefinition? {
        let name = Self.lastName(id).lowercasedASCII
        return definitions.first { $0.name.lowercasedASCII == name }
    }

    private func refused(_ name: String, _ title: String, _ file: String, _ line: Int, _ reason: ImportReason)
        -> ImportReport.Item
    {
        ImportReport.Item(name: name.asName, title: title, id: name, file: file, line: line, reasons: [reason])
    }

    private mutating func translate(_ assignment: Assignment) -> (items: [ImportReport.Item], used: Set<String>) {
        var used: Set<String> = []
        var items: [ImportReport.Item] = []
        let target = Self.lastName(assignment.target).lowercasedASCII
        if let definition = definition(assignment.target) {
            used.insert(target)
            items = [
                translate(
                    definition.with(assignment.values),
                    folder: "",
                    name: assignment.name.asName,
                    message: assignment.message,
                    doesNotEnforce: !assignment.isEnforced
                )
            ]
        } else if var initiative = initiatives.first(where: { $0.name.lowercasedASCII == target }) {
            used.insert(target)
            initiative.parameters.set(assignment.values)
            let (members, names) = translate(
                initiative,
                message: assignment.message,
                doesNotEnforce: !assignment.isEnforced
            )
            items = members
            used.formUnion(names)
        } else {
            return (
                [
                    refused(
                        assignment.name,
                        assignment.title,
                        assignment.file,
                        assignment.position.line,
                        ImportReason(.missingDefinition, "\(assignment.target) is not among the files")
                    )
                ], []
            )
        }
        for index in items.indices {
            items[index].notes = assignment.notes + items[index].notes
            items[index].reasons += assignment.reasons
            if !assignment.reasons.isEmpty, items[index].status == .imported { items[index].status = .partly }
        }
        return (items, used)
    }

    private mutating func translate(
        _ initiative: Initiative,
        message: String? = nil,
        doesNotEnforce: Bool = false
    ) -> (items: [ImportReport.Item], used: Set<String>) {
        let folder = unique((initiative.title.isEmpty ? initiative.name : initiative.title).asName)
        var used: Set<String> = []
        var items: [ImportReport.Item] = []
        for member in initiative.members {
            let name = Self.lastName(member.id).lowercasedASCII
            guard let definition = definition(member.id) else {
                items.append(
                    refused(
                        name,
                        member.reference,
                        initiative.file,
                        initiative.position.line,
                        ImportReason(.missingDefinition, "\(member.id) is not among the files")
                    )
                )
                continue
            }
            used.insert(name)
            do throws(ImportReason) {
                var values: [(name: String, value: TemplateLiteral)] = []
                for (name, value) in member.values {
                    if let value = try initiative.value(of: value) { values.append((name, value)) }
                }
                items.append(
                    translate(definition.with(values), folder: folder, message: message, doesNotEnforce: doesNotEnforce)
                )
            } catch {
                items.append(
                    refused(name, definition.title, definition.file, definition.position.line, error)
                )
            }
        }
        return (items, used)
    }

    private mutating func translate(
        _ definition: PolicyDefinition,
        folder: String,
        name given: String = "",
        message: String? = nil,
        doesNotEnforce: Bool = false
    ) -> ImportReport.Item {
        let title = definition.title.isEmpty ? definition.name : definition.title
        let name = unique(given.isEmpty ? title.asName : given)
        var item = ImportReport.Item(
            name: name,
            title: title,
            id: definition.name,
            file: definition.file,
            line: definition.position.line
        )
        let translation = PolicyTranslation(definition, name: name, message: message, doesNotEnforce: doesNotEnforce)
        item.reasons = translation.reasons
        item.notes = translation.notes
        guard !translation.drafts.isEmpty else { return item }
        let text =
            "# From the Azure Policy \"\(title.asMessage)\"\n"
            + translation.drafts.map(\.draft.text).joined(separator: "---\n")
        let issues = ImportProof.issues(text)
        guard issues.isEmpty else {
            item.reasons += issues.map { ImportReason(.internalFault, "\($0.description.singleLine)") }
            return item
        }
        item.status = item.reasons.isEmpty ? .imported : .partly
        let path = (folder.isEmpty ? "" : folder + "/") + name
        item.files = [ImportReport.File(path: "\(path)/policy.yaml", text: text)]
        let suite = ImportedSuite(definition, translation, policy: text, name: name)
        item.notes += suite.notes
        if let text = suite.text {
            item.caseCount = suite.caseCount
            item.files.append(ImportReport.File(path: "\(path)/tests/suite.yaml", text: text))
        }
        return item
    }
}

extension AzurePolicyImport.Initiative {
    /// What a member's parameter is: known, or that of a parameter of the initiative; nil if that has no value.
    fileprivate func value(of literal: TemplateLiteral) throws(ImportReason) -> TemplateLiteral? {
        guard let text = literal.text else { return literal }
        let expression: TemplateExpression
        do throws(TemplateError) {
            expression = try TemplateExpression(text)
        } catch {
            throw ImportReason(.unsupported, "\(text): \(error.message)")
        }
        switch expression {
        case .literal(let value): return value
        case .call("parameters", let arguments):
            guard let name = arguments.first?.literal?.text,
                let parameter = parameters.first(where: { $0.name.lowercasedASCII == name.lowercasedASCII })
            else { throw ImportReason(.unsupported, "\(text): the initiative declares no such parameter") }
            return parameter.value
        default: throw ImportReason(.unsupported, "\(text): a value that is computed")
        }
    }
}

extension PolicyDefinition {
    /// The definition with values of an assignment or initiative.
    fileprivate func with(_ values: [(name: String, value: TemplateLiteral)]) -> PolicyDefinition {
        var copy = self
        copy.parameters.set(values)
        return copy
    }
}

extension [PolicyDefinition.Parameter] {
    fileprivate mutating func set(_ values: [(name: String, value: TemplateLiteral)]) {
        for (name, value) in values {
            for index in indices where self[index].name.lowercasedASCII == name.lowercasedASCII {
                self[index].value = value
            }
        }
    }
}
