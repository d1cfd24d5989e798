internal import JSON

/// A policy definition, as Azure and its command line write it.
struct PolicyDefinition: Sendable {
    struct Parameter: Sendable {
        let name: String
        let type: ConditionTranslator.Term.ValueType
        /// The value of an assignment or initiative, else the default.
        var value: TemplateLiteral?
        let allowed: [TemplateLiteral]
        /// A value that is decided here and not by whoever uses the policy.
        var fixed: TemplateLiteral?
    }

    let file: String
    let position: JSONPosition
    /// The last part of its resource ID.
    let name: String
    let title: String
    let description: String
    let category: String
    let isIndexed: Bool
    let mode: String
    var parameters: [Parameter]
    let condition: PolicyCondition
    let effect: TemplateExpression
    let details: TemplateLiteral?

    /// The member of a definition, whether it stands in `properties` or not.
    init(_ value: JSONValue, in document: JSONDocument, file: String) throws(ImportError) {
        let properties = document.member("properties", of: value) ?? value
        let fault: (JSONValue, String, String) -> ImportError = {
            ImportError($1, mend: $2, at: document.position(of: $0))
        }
        let text: (String) -> String = { name in
            (document.member(name, of: properties) ?? document.member(name, of: value))
                .flatMap { document.string($0) } ?? ""
        }
        let rule: JSONValue
        if let given = document.member("policyRule", of: properties) {
            rule = given
        } else if document.member("if", of: value) != nil {
            rule = value
        } else {
            throw fault(value, "has no policyRule", "write policyRule with if and then")
        }
        guard rule.isObject, let condition = document.member("if", of: rule) else {
            throw fault(rule, "policyRule has no if", "write the condition")
        }
        guard let then = document.member("then", of: rule), let effect = document.member("effect", of: then) else {
            throw fault(rule, "policyRule has no then.effect", "write the effect")
        }
        guard effect.isString else { throw fault(effect, "effect must be a text", "write deny, audit or another") }
        var reader = ConditionReader(document)
        self.file = file
        position = document.position(of: value)
        let id = text("name").isEmpty ? text("id") : text("name")
        name = id.split(separator: "/").last.map(String.init) ?? ""
        title = text("displayName")
        description = text("description")
        category =
            document.member("metadata", of: properties).flatMap { document.member("category", of: $0) }
            .flatMap { document.string($0) } ?? ""
        mode = text("mode").isEmpty ? "All" : text("mode")
        isIndexed = mode.lowercasedASCII == "indexed"
        self.condition = try reader.condition(condition)
        self.effect = try reader.expression(effect)
        details = document.member("details", of: then).map { TemplateLiteral($0, in: document) }
        parameters = try Self.parameters(document.member("parameters", of: properties), in: document)
    }

    static func parameters(_ value: JSONValue?, in document: JSONDocument) throws(ImportError) -> [Parameter] {
        guard let value, !value.isNull else { return [] }
        guard value.isObject else {
            throw ImportError(
                "parameters must be an object",
                mend: "write each parameter's name with its type",
                at: document.position(of: value)
            )
        }
        var result: [Parameter] = []
        for (key, value) in document.members(of: value) {
            let name = document.string(key) ?? ""
            guard value.isObject, let type = document.member("type", of: value).flatMap({ document.string($0) }) else {
                throw ImportError(
                    "the parameter \(name.abridged) has no type",
                    mend: "write String, Array, Object, Boolean, Integer, Float or DateTime",
                    at: document.position(of: value)
                )
            }
            let kind: ConditionTranslator.Term.ValueType =
                switch type.lowercasedASCII {
                case "string", "datetime": .string
                case "array": .array
                case "object": .object
                case "boolean": .bool
                case "integer": .int
                case "float": .double
                default: .any
                }
            result.append(
                Parameter(
                    name: name,
                    type: kind,
                    value: document.member("defaultValue", of: value).map { TemplateLiteral($0, in: document) },
                    allowed: document.member("allowedValues", of: value).map { TemplateLiteral($0, in: document) }?
                        .elements ?? []
                )
            )
        }
        return result
    }
}
