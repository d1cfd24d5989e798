extension JSONPatch {
    /// Makes the patch that turns one document into another.
    public static func difference(from old: JSONDocument, to new: JSONDocument) -> JSONPatch {
        difference(from: JSONFragment(old), to: JSONFragment(new))
    }

    /// Makes the patch that turns one value into another, each taken as a document of its own.
    ///
    /// Only `add`, `remove` and `replace` are used. In arrays what is equal at both ends stays; between them elements are
    /// changed in place, then added or removed.
    public static func difference(from old: JSONFragment, to new: JSONFragment) -> JSONPatch {
        var difference = Difference(old: old.document, new: new.document)
        difference.compare(old.value, new.value)
        return JSONPatch(difference.operations)
    }
}

/// Walks two values side by side and notes where they differ.
private struct Difference {
    let old: JSONDocument
    let new: JSONDocument
    var operations: [JSONPatchOperation] = []
    var path = JSONPointer()

    mutating func compare(_ a: JSONValue, _ b: JSONValue) {
        switch (a.kind, b.kind) {
        case (.object, .object): compareObjects(a, b)
        case (.array, .array): compareArrays(Array(old.elements(of: a)), Array(new.elements(of: b)))
        default:
            if !isEqual(a, in: old, b, in: new) { operations.append(.replace(path, JSONFragment(new, b))) }
        }
    }

    private mutating func compareObjects(_ a: JSONValue, _ b: JSONValue) {
        var added = new.index(of: b) { $1 }
        for (key, value) in old.members(of: a) {
            let match = added.removeValue(forKey: Array(old.utf8(key)))
            at(String(old.utf8(key))) { difference in
                if let match {
                    difference.compare(value, match)
                } else {
                    difference.operations.append(.remove(difference.path))
                }
            }
        }
        // In the order of the text, not of the table.
        for (key, value) in new.members(of: b) where added[Array(new.utf8(key))] != nil {
            operations.append(.add(path.appending(String(new.utf8(key))), JSONFragment(new, value)))
        }
    }

    private mutating func compareArrays(_ a: [JSONValue], _ b: [JSONValue]) {
        let shorter = min(a.count, b.count)
        var head = 0
        while head < shorter, isEqual(a[head], in: old, b[head], in: new) { head += 1 }
        var tail = 0
        while tail < shorter - head, isEqual(a[a.count - 1 - tail], in: old, b[b.count - 1 - tail], in: new) {
            tail += 1
        }
        let shared = shorter - tail
        for index in head..<shared {
            at(String(index)) { $0.compare(a[index], b[index]) }
        }
        for _ in shared..<(a.count - tail) {
            operations.append(.remove(path.appending(String(shared))))
        }
        for index in shared..<(b.count - tail) {
            operations.append(.add(path.appending(String(index)), JSONFragment(new, b[index])))
        }
    }

    private mutating func at(_ token: String, _ body: (inout Difference) -> Void) {
        path.tokens.append(token)
        body(&self)
        path.tokens.removeLast()
    }
}
