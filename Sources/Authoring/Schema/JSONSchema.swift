internal import JSON

/// The JSON Schema (draft-07) of all documents of `portcullis.dev/v1alpha1`, for editors.
///
/// Documents of other kinds, which may lie in the same folder, fit it whatever they say.
public struct JSONSchema {
    /// Objects with names, as they have been met.
    private var definitions: [TemplateLiteral.Member] = []
    private var names: Set<String> = []
    /// Whether parameters may stand for values.
    private var hasParameters = false

    /// The schema in lines.
    public static var text: String {
        var schema = JSONSchema()
        return schema.root().indentedJSON
    }

    private mutating func root() -> TemplateLiteral {
        for form in DocumentForm.all { definitions.append(.init(key: form.kind, value: document(form))) }
        let parameter: TemplateLiteral = [
            "description": "The value of a parameter of the policy.", "type": "string",
            "pattern": .string(DocumentForm.parameter),
        ]
        return [
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": .string("Policies of Portcullis (\(DocumentForm.apiVersion))"),
            "type": "object",
            "properties": [
                "apiVersion": ["type": "string", "examples": [.string(DocumentForm.apiVersion)]],
                "kind": ["type": "string"],
            ],
            // Whatever else lies in a folder of policies is not ours to judge.
            "if": Self.constant("apiVersion", DocumentForm.apiVersion),
            "then": [
                "required": ["kind"],
                "properties": ["kind": ["enum": .strings(DocumentForm.all.map(\.kind))]],
                "allOf": .array(
                    DocumentForm.all.map {
                        ["if": Self.constant("kind", $0.kind), "then": Self.reference($0.kind)]
                    }
                ),
            ],
            "definitions": .object(definitions + [.init(key: "parameter", value: parameter)]),
        ]
    }

    private static func constant(_ field: String, _ text: String) -> TemplateLiteral {
        ["required": [.string(field)], "properties": .object([.init(key: field, value: ["const": .string(text)])])]
    }

    private static func reference(_ name: String) -> TemplateLiteral { ["$ref": .string("#/definitions/\(name)")] }

    private mutating func document(_ form: DocumentForm) -> TemplateLiteral {
        hasParameters = false
        let metadata = object(form.metadata)
        hasParameters = form.hasParameters
        var properties: [TemplateLiteral.Member] = [
            .init(key: "apiVersion", value: ["const": .string(DocumentForm.apiVersion)]),
            .init(key: "kind", value: ["const": .string(form.kind)]),
            .init(key: "metadata", value: metadata),
            .init(key: "spec", value: object(form.spec)),
        ]
        // What an API server may add, and nobody reads.
        if form.resource != nil { properties.append(.init(key: "status", value: [:])) }
        return [
            "description": .string(form.description),
            "type": "object",
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": .object(properties),
            "additionalProperties": false,
        ]
    }

    // MARK: Forms

    private mutating func schema(_ form: Form, _ description: String? = nil) -> TemplateLiteral {
        let inner: TemplateLiteral
        switch form {
        case .text(let text) where text.pattern == nil: inner = Self.text(text)
        case .text(let text): inner = orParameter(Self.text(text))
        case .words(let words): inner = orParameter(["enum": .strings(words)])
        case .flag: inner = orParameter(["type": "boolean"])
        case .number(let number): inner = orParameter(Self.number(number))
        case .list(let element, let list):
            let schema = TemplateLiteral(
                ("type", "array"),
                ("minItems", list.leastShown),
                ("maxItems", list.mostShown),
                ("items", schema(element))
            )
            inner = list.key == nil ? orParameter(schema) : schema
        case .map(let value, let list):
            let isFree = if case .anything = value { true } else { false }
            inner = orParameter(
                TemplateLiteral(
                    ("type", "object"),
                    ("minProperties", list.leastShown),
                    ("maxProperties", list.mostShown),
                    ("additionalProperties", isFree ? nil : schema(value))
                )
            )
        case .object(let form):
            guard let name = form.name else {
                inner = orParameter(object(form))
                break
            }
            let definition = hasParameters || !form.differs ? name : "\(name)WithoutParameters"
            if names.insert(definition).inserted {
                let schema = object(form)
                definitions.append(.init(key: definition, value: schema))
            }
            // Beside a $ref, draft-07 looks at nothing else.
            inner = description == nil ? Self.reference(definition) : ["allOf": [Self.reference(definition)]]
        case .either(let forms):
            let wasPolicy = hasParameters
            hasParameters = false
            let schemas = forms.map { schema($0) }
            hasParameters = wasPolicy
            inner = orParameter(["anyOf": .array(schemas)])
        case .anything: inner = [:]
        case .anyObject: inner = ["type": "object"]
        }
        guard let description else { return inner }
        return .object([.init(key: "description", value: .string(description))] + (inner.members ?? []))
    }

    private func orParameter(_ schema: TemplateLiteral) -> TemplateLiteral {
        guard hasParameters else { return schema }
        if let alternatives = schema["anyOf"]?.elements {
            return ["anyOf": .array(alternatives + [Self.reference("parameter")])]
        }
        return ["anyOf": [schema, Self.reference("parameter")]]
    }

    private static func text(_ text: Form.Text) -> TemplateLiteral {
        TemplateLiteral(
            ("type", "string"),
            ("minLength", text.minimum > 0 ? .int(Int64(text.minimum)) : nil),
            ("maxLength", text.maximum == Form.Text.usualMaximum ? nil : .int(Int64(text.maximum))),
            ("pattern", text.pattern.map { .string($0) }),
            ("format", text.isDateTime ? "date-time" : nil),
            ("examples", [.string(text.example)])
        )
    }

    private static func number(_ number: Form.Number) -> TemplateLiteral {
        TemplateLiteral(
            ("type", number.isWhole ? "integer" : "number"),
            ("minimum", number.minimum.map { .int(Int64($0)) }),
            ("maximum", number.maximum.map { .int(Int64($0)) })
        )
    }

    private mutating func object(_ form: ObjectForm) -> TemplateLiteral {
        var properties: [TemplateLiteral.Member] = []
        for field in form.fields {
            properties.append(.init(key: field.name, value: schema(field.form, field.description)))
        }
        return TemplateLiteral(
            ("type", "object"),
            ("required", form.requiredShown),
            ("minProperties", form.leastShown),
            ("oneOf", form.alternativesShown),
            ("anyOf", form.choicesShown),
            ("properties", .object(properties)),
            ("additionalProperties", false)
        )
    }
}
