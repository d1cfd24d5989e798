public import JSON

/// A page about a set of policies, in Markdown: an overview, and a section for each.
///
/// Whatever stands in the documents is text or code there, whatever it looks like.
public struct PolicyDocumentation {
    private var documents: [Documented] = []
    private var bindings: [Documented] = []

    /// Begins a page without policies.
    public init() {}

    /// Adds a document that was compiled; one of a kind that says nothing of policies is passed over.
    public mutating func add(_ document: JSONDocument) {
        add(JSONFragment(document))
    }

    private mutating func add(_ fragment: JSONFragment) {
        let document = Documented(fragment)
        if document.kind == "List", document.text("apiVersion") == "v1" {
            for item in document.list("items") { add(item) }
        } else if document.kind.hasSuffix("AdmissionPolicyBinding") {
            bindings.append(document)
        } else if Documented.kinds.contains(document.kind) {
            documents.append(document)
        }
    }

    /// Whether there is nothing to describe.
    public var isEmpty: Bool { documents.isEmpty && bindings.isEmpty }

    /// The page, by kinds, in these by number and name.
    public func markdown() -> [String] {
        let names = Set(
            documents.filter { $0.kind.hasSuffix("AdmissionPolicy") }.map { "\($0.kind)Binding/\($0.name)" }
        )
        // A binding is told of with its policy, if that is here.
        let lost = bindings.filter { !names.contains("\($0.kind)/\($0.text("spec", "policyName") ?? "")") }
        let sorted = (documents + lost).sorted { ($0.order, $0.shown) < ($1.order, $1.shown) }
        var anchors: Set<String> = []
        let entries = sorted.map { document in
            (
                document: document, anchor: Self.anchor(document, &anchors),
                bindings: bindings.filter {
                    $0.kind == "\(document.kind)Binding" && $0.text("spec", "policyName") == document.name
                }
            )
        }
        var lines = ["# Policies", ""] + Self.overview(entries.map { ($0.document, $0.anchor, $0.bindings) })
        for entry in entries {
            lines += ["", "<a id=\"\(entry.anchor)\"></a>", "", "## \(Markdown.code(entry.document.shown))", ""]
            var section = entry.document.section(bindings: entry.bindings)
            while section.last?.isEmpty == true { section.removeLast() }
            lines += section
        }
        return lines
    }

    private static func overview(_ entries: [(document: Documented, anchor: String, bindings: [Documented])])
        -> [String]
    {
        let columns: [(head: String, otherwise: String, cell: (Int) -> String?)] = [
            ("Policy", "", { "[\(Markdown.code(entries[$0].document.shown))](#\(entries[$0].anchor))" }),
            ("Kind", "", { Markdown.text(entries[$0].document.kind) }),
            ("For", "", { entries[$0].document.title.map { Markdown.text($0) } }),
            ("Resources", "", { entries[$0].document.resources }),
            ("Namespaces", "", { entries[$0].document.namespaces }),
            ("Action", "", { entries[$0].document.actions(bindings: entries[$0].bindings) }),
            ("Severity", "", { entries[$0].document.severity }),
        ]
        let stated = columns.map { column in (column.head, entries.indices.map { column.cell($0) ?? column.otherwise })
        }
        .filter { $0.1.contains { !$0.isEmpty } }
        return Markdown.table(stated.map(\.0), entries.indices.map { row in stated.map { $0.1[row] } })
    }

    /// A name for links that nothing else on the page has.
    private static func anchor(_ document: Documented, _ taken: inout Set<String>) -> String {
        let name = "\(document.kind)-\(document.shown)".lowercased().utf8.map { byte in
            let isPlain = (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
            return isPlain ? byte : UInt8(ascii: "-")
        }
        let stem = String(decoding: name, as: UTF8.self)
        var anchor = stem
        var number = 1
        while !taken.insert(anchor).inserted {
            number += 1
            anchor = "\(stem)-\(number)"
        }
        return anchor
    }
}

/// A document of which a page tells.
struct Documented {
    /// The kinds of which a page tells, in its order; bindings without their policies come last.
    static let kinds = [
        "AzurePolicy", "NamespaceAzurePolicy", "AzureBinding", "PolicyException", "PriceList",
        "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy",
    ]

    let fragment: JSONFragment
    private(set) var kind = ""
    private(set) var name = ""
    private(set) var namespace: String?

    init(_ fragment: JSONFragment) {
        self.fragment = fragment
        kind = text("kind") ?? ""
        name = text("metadata", "name") ?? ""
        namespace = text("metadata", "namespace")
    }

    /// The name as the page calls it.
    var shown: String { namespace.map { "\($0)/\(name)" } ?? name }

    /// Where it stands: its kind, and then its number if it has one.
    var order: Int {
        let kind = Self.kinds.firstIndex(of: kind) ?? Self.kinds.count
        let number = annotation("number").flatMap { Int($0) } ?? .max
        return kind * 1_000_000 + min(max(number, 0), 999_999)
    }

    // MARK: Reading

    func value(_ path: String...) -> JSONFragment? { value(path) }

    private func value(_ path: [String]) -> JSONFragment? {
        var value = fragment.value
        for name in path {
            guard let member = fragment.document.member(name, of: value) else { return nil }
            value = member
        }
        return JSONFragment(fragment.document, value)
    }

    func text(_ path: String...) -> String? { value(path).flatMap { fragment.document.string($0.value) } }

    func list(_ path: String...) -> [JSONFragment] { value(path).map { $0.items } ?? [] }

    func annotation(_ name: String) -> String? { text("metadata", "annotations", "portcullis.dev/\(name)") }

    var title: String? { annotation("title").flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 } }

    /// What a text comes to if it is the name of a parameter: its default.
    func resolved(_ text: String) -> String {
        let start = "${parameters."
        guard text.hasPrefix(start), text.hasSuffix("}") else { return text }
        let name = String(text.dropFirst(start.count).dropLast())
        return value("spec", "parameters", name).map { $0.shown } ?? text
    }

    // MARK: Cells

    /// The resources that it is about, in words.
    var resources: String? {
        switch kind {
        case "AzurePolicy", "NamespaceAzurePolicy":
            except(
                value("spec", "match", "resources"),
                value("spec", "match", "excludedResources"),
                all: "all of Azure's"
            )
                ?? "all of Azure's"
        case "PolicyException": value("spec", "subjects", "resources").map { Markdown.codes($0.texts) }
        case "PriceList": Markdown.codes(pricedKinds)
        case "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy":
            Markdown.codes(
                list("spec", "matchConstraints", "resourceRules").flatMap { rule in
                    let rule = Documented(rule)
                    let groups = rule.list("apiGroups").flatMap(\.texts)
                    return groups.flatMap { group in
                        rule.list("resources").flatMap(\.texts).map { group.isEmpty ? $0 : "\(group)/\($0)" }
                    }
                }
            )
        default: nil
        }
    }

    /// The namespaces that it is about, in words.
    var namespaces: String? {
        switch kind {
        case "NamespaceAzurePolicy": namespace.map { Markdown.code($0) }
        case "AzurePolicy": namespaces("spec", "match") ?? "all"
        case "AzureBinding": namespaces("spec")
        case "PolicyException": value("spec", "subjects", "namespaces").map { Markdown.codes($0.texts) }
        default: nil
        }
    }

    private func namespaces(_ path: String...) -> String? {
        let names = except(value(path + ["namespaces"]), value(path + ["excludedNamespaces"]))
        let labels = value(path + ["namespaceSelector"]).map { "with labels \(Markdown.code(YAMLText.flow($0)))" }
        return names == nil && labels == nil ? nil : [names, labels].compactMap { $0 }.joined(separator: ", ")
    }

    /// What it does, in words.
    func actions(bindings: [Documented]) -> String? {
        var words: [String] = []
        switch kind {
        case "AzurePolicy", "NamespaceAzurePolicy":
            let rules = list("spec", "rules")
            let all = text("spec", "action").map { resolved($0) } ?? "Deny"
            words = rules.map { Documented($0).text("action").map { resolved($0) } ?? all }
            if !list("spec", "mutations").isEmpty { words.append("Mutate") }
        case "AzureBinding": words = ["Deny"]
        case "PolicyException": words = ["Waive"]
        case "ValidatingAdmissionPolicy":
            words = bindings.flatMap { $0.list("spec", "validationActions").flatMap(\.texts) }
        case "MutatingAdmissionPolicy": words = ["Mutate"]
        default: break
        }
        return words.isEmpty ? nil : words.unique.map { Markdown.text($0) }.joined(separator: ", ")
    }

    /// How bad it is where it does not hold: as the policy says, or its rules.
    var severity: String? {
        let stated = annotation("severity").map { [$0] }
        let words = stated ?? list("spec", "rules").compactMap { Documented($0).text("severity").map { resolved($0) } }
        return words.isEmpty ? nil : words.unique.map { Markdown.text($0) }.joined(separator: ", ")
    }

    /// The kinds of which a price list knows a price.
    var pricedKinds: [String] { list("spec", "prices").compactMap { Documented($0).text("kind") }.unique }

    /// A list with what is taken away of it; nil if there is neither.
    func except(_ included: JSONFragment?, _ excluded: JSONFragment?, all: String = "all") -> String? {
        let names = included.map { $0.texts }.map { $0.isEmpty ? nil : Markdown.codes($0) } ?? nil
        let but = excluded.map { $0.texts }.map { $0.isEmpty ? nil : Markdown.codes($0) } ?? nil
        guard let but else { return names }
        return "\(names ?? all) but \(but)"
    }
}

extension JSONFragment {
    /// The elements of a list.
    var items: [JSONFragment] {
        value.isArray ? document.elements(of: value).map { JSONFragment(document, $0) } : []
    }

    /// The texts of a list, or the one text in its place.
    var texts: [String] { value.isArray ? items.map(\.shown) : [shown] }

    /// The members of an object.
    var fields: [(name: String, value: JSONFragment)] {
        guard value.isObject else { return [] }
        return document.members(of: value).map { (document.string($0) ?? "", JSONFragment(document, $1)) }
    }

    /// A text as it is, anything else in YAML's flow style.
    var shown: String { document.string(value) ?? YAMLText.flow(self) }
}

extension [String] {
    /// The words, each once, in the order in which they come.
    fileprivate var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
