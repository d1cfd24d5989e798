import Authoring
import Foundation
import JSON
import Policy
import TestSupport
import Testing

/// That the schemas say of documents what the loaders read, no more and no less.
@Suite struct SchemaTests {
    // MARK: Both directions

    /// An object of the format: the field that it is, and a document around it.
    struct Place: CustomTestStringConvertible {
        let kind: String
        let path: String
        let form: ObjectForm
        /// A document with an object in that place, written in JSON.
        let document: @Sendable (String) -> String

        var testDescription: String { "\(kind) \(path)" }

        func object(with fields: [(String, String)], without missing: String? = nil) -> String {
            Exemplar.object(form, with: fields, without: missing, at: "\(kind).\(path)")
        }
    }

    static let places = DocumentForm.all.flatMap { Exemplar.places(of: $0) }

    @Test(arguments: places) func loaderAndSchemaKnowTheSameFields(_ place: Place) throws {
        let object = place.object(with: [("zzzzzzzzzz", "1")])
        let faults = Exemplar.faults(in: place.document(object))
        let unknown = faults.filter { $0.contains("zzzzzzzzzz: is unknown") }
        // Selectors have messages of their own.
        if place.form.name == "labelSelector" || place.path.contains("matchExpressions") { return }
        let fault = try #require(unknown.first, "\(faults)")
        let known = try #require(fault.components(separatedBy: "known are ").last).components(separatedBy: ", ")
        var names = Set(place.form.fields.map(\.name))
        // What is said of namespaces' policies to help whoever moves a rule there.
        for name in known where !names.contains(name) {
            let text = place.document(place.object(with: [(name, "[]")]))
            if Exemplar.faults(in: text).contains(where: { $0.contains("is not for a NamespaceAzurePolicy") }) {
                names.insert(name)
            }
        }
        #expect(Set(known) == names)
    }

    @Test(arguments: places) func loaderReadsEveryField(_ place: Place) {
        for field in place.form.fields {
            for example in Exemplar.examples(of: field.form, at: "\(place.path).\(field.name)") {
                let text = place.document(place.object(with: [(field.name, example)]))
                let faults = Exemplar.faults(in: text).filter { !Exemplar.isOfMeaning($0, kind: place.kind) }
                #expect(faults == [], "\(field.name): \(example)")
            }
        }
    }

    @Test(arguments: places) func loaderAndSchemaKnowTheSameWords(_ place: Place) throws {
        for field in place.form.fields {
            guard let (words, isElement) = field.form.enumeration else { continue }
            let wrong = isElement ? "[\"zzzzzzzzzz\"]" : "\"zzzzzzzzzz\""
            let text = place.document(place.object(with: [(field.name, wrong)]))
            let faults = Exemplar.faults(in: text)
            if place.path.contains("matchExpressions") {
                #expect(!faults.isEmpty)
                continue
            }
            #expect(
                faults.contains { $0.hasSuffix("is \"zzzzzzzzzz\"; write \(words.joinedForChoice())") },
                "\(field.name): \(faults)"
            )
        }
    }

    @Test(arguments: places) func whatAFieldNeedsIsRequired(_ place: Place) {
        for field in place.form.fields where field.isRequired {
            let text = place.document(place.object(with: [], without: field.name))
            #expect(Exemplar.faults(in: text).isEmpty == false, "\(field.name) may be left out")
        }
    }

    // MARK: What is there

    /// Documents of the folder of policies and of its tests.
    private static func shipped() throws -> [(file: String, documents: [JSONDocument])] {
        let root = URL(filePath: Fixtures.policies).resolvingSymlinksInPath()
        let files = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return try files.filter { $0.hasSuffix(".yaml") }.sorted().map { file in
            let text = try Data(contentsOf: root.appending(path: file))
            return (file, try JSONDocument.parseYAML(Array(text)))
        }
    }

    @Test func everyPolicyAndSuiteFitsTheSchema() throws {
        let validator = try SchemaValidator(JSONSchema.text)
        var count = 0
        for (file, documents) in try Self.shipped() {
            for document in documents {
                #expect(validator.faults(of: JSONFragment(document)) == [], "\(file)")
                count += 1
            }
        }
        #expect(count > 100)
    }

    @Test func everyPolicyFitsItsCustomResourceDefinition() throws {
        let list = JSONFragment(try JSONDocument(parsing: Array(CustomResourceDefinitions.json.utf8)))
        var validators: [String: SchemaValidator] = [:]
        for definition in list["items"]?.elements ?? [] {
            let spec = try #require(definition["spec"])
            let kind = try #require(spec["names"]?["kind"]).text
            let schema = spec["versions"]?.elements.first?["schema"]?["openAPIV3Schema"]
            validators[kind] = SchemaValidator(try #require(schema))
        }
        #expect(
            validators.keys.sorted() == [
                "AzureBinding", "AzurePolicy", "NamespaceAzurePolicy", "PolicyException", "PriceList",
            ]
        )
        var count = 0
        for (file, documents) in try Self.shipped() {
            for document in documents {
                let object = JSONFragment(document)
                guard let kind = object["kind"]?.text, let validator = validators[kind] else { continue }
                #expect(validator.faults(of: object) == [], "\(file)")
                count += 1
            }
        }
        #expect(count > 60)
    }

    @Test(arguments: [
        ("a field's name", "rules: [{name: a, locatoins: {allow: [westeurope]}}]"),
        ("a word", "rules: [{name: a, action: Denied, locations: {allow: [westeurope]}}]"),
        ("two bodies of a rule", "rules: [{name: a, locations: {allow: [westeurope]}, skus: {allow: [S0]}}]"),
        ("a rule without a body", "rules: [{name: a}]"),
        ("an empty list", "rules: [{name: a, locations: {allow: []}}]"),
        ("a text for a number", "rules: [{name: a, skus: {maximum: {vCores: four}}}]"),
        ("a reference that is none", "rules: [{name: a, locations: {allow: \"${parameter.regions}\"}}]"),
        ("a kind without its group", "match: {resources: [StorageAccount]}"),
    ])
    func schemaRefuses(_ name: String, _ spec: String) throws {
        let validator = try SchemaValidator(JSONSchema.text)
        let text =
            "{apiVersion: portcullis.dev/v1alpha1, kind: AzurePolicy, metadata: {name: a}, spec: {\(spec)}}"
        let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
        #expect(validator.faults(of: JSONFragment(document)).isEmpty == false, "\(name)")
        #expect(Exemplar.faults(in: text).isEmpty == false, "\(name)")
    }

    @Test func schemaLeavesOthersAlone() throws {
        let validator = try SchemaValidator(JSONSchema.text)
        let others = ["{apiVersion: v1, kind: ConfigMap, data: {a: b}}", "{resources: [a.yaml]}"]
        for text in others {
            let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
            #expect(validator.faults(of: JSONFragment(document)) == [])
        }
        let unknown = "{apiVersion: portcullis.dev/v1alpha1, kind: AzurePolice}"
        let document = try #require(try JSONDocument.parseYAML(Array(unknown.utf8)).first)
        #expect(validator.faults(of: JSONFragment(document)) != [])
    }
}

extension Form {
    /// The words of an enumeration, or of a list's elements.
    fileprivate var enumeration: (words: [String], isElement: Bool)? {
        switch self {
        case .words(let words): (words, false)
        case .list(.words(let words), _): (words, true)
        case .either(let forms): forms.lazy.compactMap(\.enumeration).first
        default: nil
        }
    }
}

/// Documents made of forms.
enum Exemplar {
    /// What must stand beside a field, by the end of its object's path.
    private static let companions: [(path: String, fields: [(String, String)])] = [
        ("deletion", [("protected", "true")]),
        ("params", [("parameterNotFoundAction", "\"Allow\"")]),
        ("locations", [("allow", "[\"northeurope\"]")]),
        ("skus", [("allow", "[\"Premium_ZRS\"]")]),
        ("quota", [("count", "5")]),
        (
            "mutations.cel",
            [
                ("expression", "\"dyn(Object{spec: Object.spec{location: 'westeurope'}})\""),
                ("patchType", "\"ApplyConfiguration\""),
            ]
        ),
        ("PriceList.spec", [("currency", "\"EUR\"")]),
        ("prices", [("currency", "\"EUR\"")]),
        ("PolicyTest.spec", [("manifest", "\"account.yaml\"")]),
        ("Policy.spec", [("rules", "[{\"name\": \"a\", \"locations\": {\"allow\": [\"westeurope\"]}}]")]),
        ("immutable", [("fields", "[\"spec.location\"]")]),
        ("AzureBinding.spec", [("namespaces", "[\"team-a\"]"), ("subscriptions", "[\"\(guid)\"]")]),
        ("roles", [("allow", "[\"Reader\"]")]),
    ]
    private static let guid = "22222222-2222-2222-2222-222222222222"

    /// All objects of a kind of document, each once for the place where it stands.
    static func places(of form: DocumentForm) -> [SchemaTests.Place] {
        let kind = form.kind
        let namespace = form.resource?.isNamespaced == true ? ", \"namespace\": \"team-a\"" : ""
        var result: [SchemaTests.Place] = []
        visit(.object(form.spec), "spec", kind, &result) { spec in
            """
            {"apiVersion": "portcullis.dev/v1alpha1", "kind": "\(kind)", "metadata": {"name": "a"\(namespace)}, "spec": \(spec)}
            """
        }
        return result
    }

    private static func visit(
        _ form: Form,
        _ path: String,
        _ kind: String,
        _ result: inout [SchemaTests.Place],
        _ wrap: @escaping @Sendable (String) -> String
    ) {
        switch form {
        case .object(let object):
            result.append(SchemaTests.Place(kind: kind, path: path, form: object, document: wrap))
            for field in object.fields {
                visit(field.form, "\(path).\(field.name)", kind, &result) { inner in
                    wrap(Self.object(object, with: [(field.name, inner)], at: "\(kind).\(path)"))
                }
            }
        case .list(let element, _): visit(element, path, kind, &result) { wrap("[\($0)]") }
        case .map(let value, _): visit(value, path, kind, &result) { wrap("{\"team\": \($0)}") }
        case .either(let forms): for form in forms { visit(form, path, kind, &result, wrap) }
        case .text, .words, .number, .flag, .anything, .anyObject: return
        }
    }

    /// An object with some fields, and those that must stand beside them.
    static func object(
        _ form: ObjectForm,
        with fields: [(String, String)],
        without missing: String? = nil,
        at path: String
    ) -> String {
        var result = fields
        func add(_ name: String, _ value: String) {
            if name != missing, !result.contains(where: { $0.0 == name }) { result.append((name, value)) }
        }
        for (end, fields) in companions where path.hasSuffix(end) { for (name, value) in fields { add(name, value) } }
        func add(_ field: FieldForm) { add(field.name, example(of: field.form, at: "\(path).\(field.name)")) }
        for field in form.fields where field.isRequired { add(field) }
        // Only these operators take values.
        if path.hasSuffix("matchExpressions"), let word = result.first(where: { $0.0 == "operator" })?.1,
            word.contains("In\"")
        {
            add("values", "[\"standard\"]")
        }
        let given = Set(result.map(\.0))
        if !form.alternatives.isEmpty, given.isDisjoint(with: form.alternatives) {
            if let field = form.fields.first(where: { $0.name == form.alternatives[0] }) { add(field) }
        } else if form.isFilled, let first = form.fields.first, given.isSubset(of: ["zzzzzzzzzz"]) {
            add(first)
        }
        return "{" + result.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    /// Values of a form, at least one of each type that it may have.
    static func examples(of form: Form, at path: String) -> [String] {
        switch form {
        case .words(let words): words.map { "\"\($0)\"" }
        case .list(let element, _): examples(of: element, at: path).map { "[\($0)]" }
        case .map(.anything, _) where path.contains("mutations"): ["{\"spec.location\": \"westeurope\"}"]
        case .map(let value, _): examples(of: value, at: path).map { "{\"team\": \($0)}" }
        case .either(let forms): forms.flatMap { examples(of: $0, at: path) }
        case .object(let form): [object(form, with: [], at: path)]
        case .text(let text): [String(decoding: text.example.json, as: UTF8.self)]
        case .number(let number): ["\(max(1, number.minimum ?? 1))"]
        case .flag: ["true"]
        case .anything: ["\"a\""]
        case .anyObject: ["{\"metadata\": {}}"]
        }
    }

    static func example(of form: Form, at path: String) -> String { examples(of: form, at: path)[0] }

    /// Errors of the loader that reads such a document.
    static func faults(in text: String) -> [String] {
        guard let document = try? JSONDocument.parseYAML(Array(text.utf8)).first else { return ["is no YAML"] }
        if JSONFragment(document)["kind"]?.text == "PolicyTest" {
            let files = Files(["p/policy.yaml": policy, "p/tests/suite.yaml": text, "p/tests/account.yaml": account])
            return ((try? files.run())?.faults ?? []).map { $0 }
        }
        var compiler = PolicyCompiler()
        compiler.add(document, file: "a.yaml")
        for text in [policy, prices] {
            for document in (try? JSONDocument.parseYAML(Array(text.utf8))) ?? [] {
                compiler.add(document, file: "others.yaml")
            }
        }
        return compiler.finish().errors.map(\.description)
    }

    /// Whether a fault is about what a document means beside others, and not about its form.
    static func isOfMeaning(_ fault: String, kind: String) -> Bool {
        switch kind {
        case "PolicyTest": !fault.contains("is unknown") && !fault.contains("must be")
        case "NamespaceAzurePolicy" where fault.contains("outside its namespace") || fault.contains("other namespaces"):
            true
        default: fault.contains("names ConfigMap limits") && fault.contains("which the folder does not have")
        }
    }

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: regions}
        spec: {rules: [{name: eu-only, locations: {allow: [westeurope]}}]}
        """
    private static let prices = """
        apiVersion: portcullis.dev/v1alpha1
        kind: PriceList
        metadata: {name: prices}
        spec: {currency: EUR, prices: [{kind: sql.azure.com/ServersDatabase, unit: hour, price: 1}]}
        """
    private static let account = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: data, namespace: team-a}
        spec: {location: westeurope}
        """
}

extension String {
    fileprivate var json: [UInt8] {
        var writer = JSONWriter()
        writer.string(self)
        return writer.finish()
    }
}
