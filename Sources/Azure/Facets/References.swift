import JSON

extension AzureKind {
    /// Visits every resource ID in `spec`, in whatever field of whatever version it stands, but for the owner's.
    func forEachReference<Failure: Error>(
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        guard let spec = document.member("spec", of: object) else { return }
        for (key, value) in document.members(of: spec) where !document.equals(key, "owner") {
            try ReferenceWalk(document: document).visit(key, value, in: spec, body)
        }
    }
}

/// A walk over values of unknown shape that stops at resource IDs.
private struct ReferenceWalk {
    let document: JSONDocument

    func visit<Failure: Error>(
        _ key: JSONValue?,
        _ value: JSONValue,
        in container: JSONValue,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        switch value.kind {
        case .object:
            if let key, document.equals(key, "$propertyBag") {
                for (_, entry) in document.members(of: value) where mentionsResource(entry) {
                    try body(occurrence(.propertyBag, entry, in: value))
                }
                return
            }
            for (inner, member) in document.members(of: value) {
                try visit(inner, member, in: value, body)
            }
        case .array:
            for element in document.elements(of: value) {
                try visit(nil, element, in: value, body)
            }
        case .string:
            if let key, document.equals(key, "armId") {
                try body(occurrence(.armID, value, in: container))
            } else if ResourceID.isLike(document.utf8(value)) {
                try body(occurrence(.resourceID, value, in: container))
            }
        case .null, .bool, .int, .double:
            return
        }
    }

    /// A property bag keeps what a conversion would lose, as JSON in strings: a reference can hide there.
    private func mentionsResource(_ entry: JSONValue) -> Bool {
        let text = document.utf8(entry)
        return text.containsIgnoringCase("armid") || text.containsIgnoringCase("/subscriptions/")
            || text.containsIgnoringCase("/providers/")
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
