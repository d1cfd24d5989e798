internal import JSON

/// CustomResourceDefinitions of the kinds of `portcullis.dev/v1alpha1` that a cluster can keep.
///
/// Their schemas are structural. A list, a number or a switch for which `${parameters.name}` may stand has no type there, and
/// says of each type what that must be: a structural schema gives a field one type or none.
public enum CustomResourceDefinitions {
    /// A stream of documents.
    public static var yaml: String {
        definitions.map { "---\n" + YAMLText.yaml(ofJSON: Array($0.json.utf8)) + "\n" }.joined()
    }

    /// A List of them.
    public static var json: String {
        TemplateLiteral.object([
            .init(key: "apiVersion", value: "v1"), .init(key: "kind", value: "List"),
            .init(key: "items", value: .array(definitions)),
        ]).indentedJSON
    }

    private static let group = "portcullis.dev"

    private static var definitions: [TemplateLiteral] {
        DocumentForm.all.compactMap { form in form.resource.map { definition(form, $0) } }
    }

    private static func definition(_ form: DocumentForm, _ resource: DocumentForm.Resource) -> TemplateLiteral {
        var columns: [TemplateLiteral] = resource.columns.map { column in
            TemplateLiteral(
                ("name", .string(column.name)),
                ("type", .string(column.type)),
                ("priority", column.isWide ? 1 : nil),
                ("jsonPath", .string(column.path))
            )
        }
        columns.append(["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"])
        return [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(resource.plural).\(group)")],
            "spec": [
                "group": .string(group),
                "scope": resource.isNamespaced ? "Namespaced" : "Cluster",
                "names": [
                    "kind": .string(form.kind), "listKind": .string(form.kind + "List"),
                    "plural": .string(resource.plural), "singular": .string(form.kind.lowercased()),
                    "shortNames": .strings(resource.shortNames), "categories": ["portcullis"],
                ],
                "versions": [
                    [
                        "name": .string(String(DocumentForm.apiVersion.dropFirst(group.utf8.count + 1))),
                        "served": true,
                        "storage": true,
                        "additionalPrinterColumns": .array(columns),
                        "schema": ["openAPIV3Schema": schema(form)],
                    ]
                ],
            ],
        ]
    }

    private static func schema(_ form: DocumentForm) -> TemplateLiteral {
        let name = StructuralSchema(hasParameters: false).schema(.label, nil)
        let spec = StructuralSchema(hasParameters: form.hasParameters).schema(.object(form.spec), nil)
        return [
            "description": .string(form.description),
            "type": "object",
            "required": ["spec"],
            "properties": [
                "apiVersion": ["type": "string"],
                "kind": ["type": "string"],
                "metadata": ["type": "object", "properties": ["name": name]],
                "spec": spec,
            ],
        ]
    }
}

/// Forms as an API server takes them (OpenAPI v3, structural).
private struct StructuralSchema {
    /// Whether parameters may stand for values.
    let hasParameters: Bool

    func schema(_ form: Form, _ description: String?) -> TemplateLiteral {
        let inner: [TemplateLiteral.Member]
        switch form {
        case .text(let text): inner = self.text(text)
        case .words(let words): inner = self.words(words)
        case .number(let number): inner = self.number(number)
        case .flag: inner = hasParameters ? Self.untyped + Self.parameter : [.init(key: "type", value: "boolean")]
        case .list(let element, let list):
            let isParameter = hasParameters && list.key == nil
            inner =
                type("array", isParameter)
                + members(
                    ("minItems", list.leastShown),
                    ("maxItems", list.mostShown),
                    ("x-kubernetes-list-type", list.key.map { _ in "map" }),
                    ("x-kubernetes-list-map-keys", list.key.map { [.string($0)] }),
                    ("items", schema(element, nil))
                )
        case .map(let value, let list):
            let limits = members(("minProperties", list.leastShown), ("maxProperties", list.mostShown))
            if case .anything = value {
                inner =
                    [.init(key: "type", value: "object")] + limits
                    + [.init(key: "x-kubernetes-preserve-unknown-fields", value: true)]
            } else {
                inner =
                    type("object", hasParameters) + limits
                    + [.init(key: "additionalProperties", value: schema(value, nil))]
            }
        case .object(let form): inner = type("object", hasParameters && form.isParameter) + object(form)
        case .either(let forms): inner = either(forms)
        case .anything: inner = Self.untyped
        case .anyObject: inner = [.init(key: "type", value: "object")] + Self.untyped
        }
        guard let description else { return .object(inner) }
        return .object([.init(key: "description", value: .string(description))] + inner)
    }

    private static let untyped: [TemplateLiteral.Member] = [
        .init(key: "x-kubernetes-preserve-unknown-fields", value: true)
    ]
    /// What a text must be where the field means something else.
    private static let parameter: [TemplateLiteral.Member] = [
        .init(key: "pattern", value: .string(DocumentForm.parameter))
    ]

    private func members(_ members: (String, TemplateLiteral?)...) -> [TemplateLiteral.Member] {
        members.compactMap { key, value in value.map { .init(key: key, value: $0) } }
    }

    private func type(_ name: String, _ isParameter: Bool) -> [TemplateLiteral.Member] {
        isParameter ? Self.untyped + Self.parameter : [.init(key: "type", value: .string(name))]
    }

    private func text(_ text: Form.Text) -> [TemplateLiteral.Member] {
        let limits = members(
            ("type", "string"),
            ("minLength", text.minimum > 0 ? .int(Int64(text.minimum)) : nil),
            ("maxLength", .int(Int64(text.maximum))),
            ("format", text.isDateTime ? "date-time" : nil)
        )
        guard let pattern = text.pattern else { return limits }
        guard hasParameters else { return limits + [.init(key: "pattern", value: .string(pattern))] }
        return limits + orParameter([.init(key: "pattern", value: .string(pattern))])
    }

    private func words(_ words: [String]) -> [TemplateLiteral.Member] {
        let words: [TemplateLiteral.Member] = [.init(key: "enum", value: .strings(words))]
        return [.init(key: "type", value: "string")] + (hasParameters ? orParameter(words) : words)
    }

    private func orParameter(_ demand: [TemplateLiteral.Member]) -> [TemplateLiteral.Member] {
        [.init(key: "anyOf", value: [.object(demand), .object(Self.parameter)])]
    }

    private func number(_ number: Form.Number) -> [TemplateLiteral.Member] {
        let limits = members(
            ("minimum", number.minimum.map { .int(Int64($0)) }),
            ("maximum", number.maximum.map { .int(Int64($0)) })
        )
        guard hasParameters else {
            return [.init(key: "type", value: number.isWhole ? "integer" : "number")] + limits
        }
        guard number.isWhole else { return Self.untyped + Self.parameter + limits }
        return [.init(key: "x-kubernetes-int-or-string", value: true)] + Self.parameter + limits
    }

    private func object(_ form: ObjectForm) -> [TemplateLiteral.Member] {
        members(
            ("required", form.requiredShown),
            ("minProperties", form.leastShown),
            ("oneOf", form.alternativesShown),
            ("anyOf", form.choicesShown),
            (
                "properties",
                .object(form.fields.map { .init(key: $0.name, value: schema($0.form, $0.description)) })
            )
        )
    }

    /// What each type must be, without a type: lists by their elements, objects by their fields.
    private func either(_ forms: [Form]) -> [TemplateLiteral.Member] {
        let hasWhole = forms.contains { if case .number(let number) = $0 { number.isWhole } else { false } }
        if hasWhole { return [.init(key: "x-kubernetes-int-or-string", value: true)] }
        var result = Self.untyped
        for form in forms {
            let inner = StructuralSchema(hasParameters: hasParameters).schema(form, nil).members ?? []
            result += inner.filter { ["properties", "items", "additionalProperties"].contains($0.key) }
        }
        return result
    }
}
