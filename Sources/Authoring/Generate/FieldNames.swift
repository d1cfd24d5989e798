/// The members on the way to a field that a policy names, such as `metadata.labels['team']`.
enum FieldNames {
    /// The names of the members.
    ///
    /// - Throws: That the way leads through a list, whose elements are followed by their keys.
    static func names(of field: String, _ what: String) throws(Unsayable) -> [String] {
        var names: [String] = []
        var rest = field[...]
        while let first = rest.first {
            if first == "[" {
                let quoted = rest.dropFirst()
                guard let quote = quoted.first, quote == "'" || quote == "\"",
                    let end = quoted.dropFirst().firstIndex(of: quote)
                else {
                    throw Unsayable("\(what): \(field) leads through a list, whose elements are followed by their keys")
                }
                names.append(String(quoted[quoted.index(after: quoted.startIndex)..<end]))
                rest = quoted[end...].dropFirst(2)
                continue
            }
            if first == "." { rest = rest.dropFirst() }
            let name = rest.prefix { $0 != "." && $0 != "[" }
            if name.isEmpty { throw Unsayable("\(what): \(field) names no field") }
            names.append(String(name))
            rest = rest.dropFirst(name.count)
        }
        return names
    }

    /// The JSON Pointer to a field as a literal of CEL.
    static func pointer(_ names: [String]) -> String {
        names.map { name in
            "/" + name.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
        }.joined().celLiteral
    }
}

/// What a request's namespace says, as an expression that gives an empty text where it says nothing.
///
/// Kubernetes knows every namespace, where we know those whose manifests are in the folder.
enum NamespaceText {
    /// Of `{fromNamespaceLabel: …}` or `{fromNamespaceAnnotation: …}`; nil if it is neither.
    static func expression(_ source: TemplateLiteral) -> String? {
        for (field, map) in [("fromNamespaceLabel", "labels"), ("fromNamespaceAnnotation", "annotations")] {
            if let name = source[field]?.text { return text(map, name) }
        }
        return nil
    }

    private static func text(_ map: String, _ name: String) -> String {
        "namespaceObject.metadata.?\(map)[?\(name.celLiteral)].orValue('')"
    }

    /// Tags, and what the namespace says that they are: labels of the same names, or where each comes from.
    static func inherited(_ body: TemplateLiteral?) throws(Unsayable) -> [(name: String, value: String)] {
        guard let body else { return [] }
        if let names = body.elements { return names.compactMap(\.text).map { ($0, text("labels", $0)) } }
        var result: [(name: String, value: String)] = []
        for member in body.members ?? [] {
            guard let value = expression(member.value) else {
                throw Unsayable("tags: \(member.key) does not say where its value comes from")
            }
            result.append((member.key, value))
        }
        return result
    }
}
