internal import JSON

/// `spec.parameters`: values that a policy's rules name as `${parameters.name}`, so that who uses a policy changes them in
/// one place.
///
/// They are put in when the policy is read, so that a rule sees nothing but the value; expressions read `parameters`.
final class PolicyParameters {
    /// The most parameters of a policy.
    static let maximumCount = 64

    private let node: Node
    /// The names that something in the policy has asked for.
    private var used: Set<String> = []
    /// The names that something has asked for in vain.
    private var missing: Set<String> = []

    let names: [String]

    /// The object of values.
    var object: JSONFragment { JSONFragment(node.document, node.value) }

    /// Reads an object of values; what is wrong with it goes to the node's log.
    init?(_ node: Node) {
        let entries = node.entries()
        guard !entries.isEmpty else { return nil }
        guard entries.count <= Self.maximumCount else {
            node.error("has \(entries.count) parameters", mend: "keep within \(Self.maximumCount)")
            return nil
        }
        for (name, entry) in entries where !Self.isName(name) {
            entry.error(
                "\"\(String(name.prefix(80)).singleLine)\" is no name of a parameter",
                mend: "use letters, digits and _, not a digit first"
            )
        }
        self.node = node
        names = entries.map(\.key)
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.count <= 63 && name.utf8.allSatisfy { $0.isAlphanumericASCII || $0 == UInt8(ascii: "_") }
    }

    /// What a node is that holds nothing but `${parameters.name}`: the parameter's value, at its place; any other node is
    /// itself.
    func resolve(_ reference: Node) -> Node {
        guard reference.value.isString, let text = reference.document.string(reference.value) else { return reference }
        guard text.hasPrefix("${parameters."), text.hasSuffix("}") else { return reference }
        let name = String(text.dropFirst("${parameters.".count).dropLast())
        // `${parameters.a + parameters.b}` is an expression.
        guard Self.isName(name) else { return reference }
        guard let value = node.document.member(name, of: node.value) else {
            // A field is read more than once; its fault is told once.
            guard missing.insert(name).inserted else { return reference }
            let near = name.nearest(in: names)
            reference.error(
                .unknownName,
                "names the parameter \(name), which the policy does not have"
                    + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
                mend: near.map { "write ${parameters.\($0)}" } ?? "add it to spec.parameters"
            )
            return reference
        }
        used.insert(name)
        return Node(
            document: node.document,
            value: value,
            file: node.file,
            path: "\(node.path).\(name)",
            loading: node.loading
        )
    }

    /// A parameter as words: a scalar as it is written, a list of them with commas; nil if there is none, or it is no such
    /// thing.
    func words(_ name: String) -> String? {
        let document = node.document
        guard let value = document.member(name, of: node.value) else { return nil }
        used.insert(name)
        func scalar(_ value: JSONValue) -> String? {
            if value.isObject || value.isArray || value.isNull { return nil }
            return document.string(value) ?? String(document.lexeme(value))
        }
        guard value.isArray else { return scalar(value) }
        var words: [String] = []
        for element in document.elements(of: value) {
            guard let word = scalar(element) else { return nil }
            words.append(word)
        }
        return words.joined(separator: ", ")
    }

    /// Notes the parameters that an expression reads.
    func noteUses(in expression: String) {
        for name in names where expression.contains("parameters.\(name)") { used.insert(name) }
    }

    /// Warns of parameters that nothing has asked for.
    func reportUnused() {
        for (name, entry) in node.entries() where !used.contains(name) {
            entry.warning(
                .unused,
                "is a parameter that nothing uses",
                mend: "write ${parameters.\(name)} where it is meant, or remove it"
            )
        }
    }
}
