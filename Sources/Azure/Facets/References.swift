import JSON

extension AzureKind {
    /// Visits every resource ID in `spec`, in whatever field of whatever version it stands, but for the owner's.
    func visitReferences(
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        guard let spec = document.member("spec", of: object) else { return true }
        for (key, value) in document.members(of: spec) where !document.equals(key, "owner") {
            guard ReferenceWalk(document: document).visit(key, value, in: spec, body) else { return false }
        }
        return true
    }
}

/// A walk over values of unknown shape that stops at resource IDs.
private struct ReferenceWalk {
    let document: JSONDocument

    func visit(
        _ key: JSONValue?,
        _ value: JSONValue,
        in container: JSONValue,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        switch value.kind {
        case .object:
            if let key, document.equals(key, "$propertyBag") {
                for (_, entry) in document.members(of: value) where mentionsResource(entry) {
                    guard body(occurrence(.propertyBag, entry, in: value)) else { return false }
                }
                return true
            }
            for (inner, member) in document.members(of: value) {
                // Maps by ID, as Azure Resource Manager keeps user-assigned identities.
                if isID(document.utf8(inner)) {
                    guard body(occurrence(.resourceID, inner, in: value)) else { return false }
                }
                guard visit(inner, member, in: value, body) else { return false }
            }
        case .array:
            for element in document.elements(of: value) {
                guard visit(nil, element, in: value, body) else { return false }
            }
        case .string:
            if let key, document.equals(key, "armId") {
                return body(occurrence(.armID, value, in: container))
            }
            if ResourceID.isLike(document.utf8(value)) {
                return body(occurrence(.resourceID, value, in: container))
            }
        case .null, .bool, .int, .double:
            break
        }
        return true
    }

    /// Whether a key is a resource ID; most are told by their first letter.
    private func isID(_ key: Span<UInt8>) -> Bool {
        guard !key.isEmpty, key[0] == UInt8(ascii: "/") || key[0] <= UInt8(ascii: " ") else { return false }
        return ResourceID.isLike(key)
    }

    /// A property bag keeps what a conversion would lose, as JSON in strings: a reference can hide there.
    ///
    /// It is read as the conversion reads it, so that no escape in it hides anything; what is no JSON is suspicious.
    private func mentionsResource(_ entry: JSONValue) -> Bool {
        guard !entry.isNull else { return false }
        guard let inner = try? JSONDocument(parsing: Array(document.utf8(entry))) else { return true }
        return !ReferenceWalk(document: inner).visit(nil, inner.root, in: inner.root) { _ in false }
    }

    private func occurrence(_ part: Facet.Part, _ value: JSONValue, in container: JSONValue) -> Occurrence {
        Occurrence(
            facet: .reference,
            part: part,
            sense: .text,
            state: .known,
            container: container,
            place: value,
            node: -1,
            depth: 0
        )
    }
}
