/// Whether two values are the same JSON value, as JSONPatch's `test` asks (RFC 6902 §4.6).
///
/// Numbers are compared by value (`1`, `1.0` and `1e0` are equal), strings by their decoded bytes, objects without regard to the
/// order of their members. An unknown is equal to nothing.
public func isEqual(_ a: JSONValue, in first: JSONDocument, _ b: JSONValue, in second: JSONDocument) -> Bool {
    // As deep as the deeper document, which the parser limits.
    switch (a.kind, b.kind) {
    case (.null, .null):
        return !a.isUnknown && !b.isUnknown
    case (.bool, .bool):
        return a.bool == b.bool
    case (.string, .string):
        // What is written alike is alike: most strings of an update are, and those with escapes stay undecoded.
        return first.source(a).equals(second.source(b)) || first.utf8(a).equals(second.utf8(b))
    case (.int, .int):
        return first.int(a) == second.int(b)
    case (.int, .double), (.double, .int), (.double, .double):
        return isEqualNumber(a, in: first, b, in: second)
    case (.array, .array):
        guard first.count(of: a) == second.count(of: b) else { return false }
        return zip(first.elements(of: a), second.elements(of: b)).allSatisfy { isEqual($0, in: first, $1, in: second) }
    case (.object, .object):
        return isEqualObject(a, in: first, b, in: second)
    default:
        return false
    }
}

private func isEqualNumber(_ a: JSONValue, in first: JSONDocument, _ b: JSONValue, in second: JSONDocument) -> Bool {
    guard let left = first.double(a), let right = second.double(b), left == right else { return false }
    // An integer beyond 2⁵³ must not become equal to a neighbour by being rounded.
    if let exact = first.int(a) ?? second.int(b) { return Int64(exactly: left) == exact }
    return true
}

private func isEqualObject(_ a: JSONValue, in first: JSONDocument, _ b: JSONValue, in second: JSONDocument) -> Bool {
    guard first.count(of: a) == second.count(of: b) else { return false }
    // Members mostly stand in the same order; those that do not are looked up.
    var others = second.members(of: b)
    var index: [[UInt8]: JSONValue]?
    for (key, value) in first.members(of: a) {
        var match: JSONValue?
        if index == nil, let other = others.next(), second.utf8(other.key).equals(first.utf8(key)) {
            match = other.value
        } else {
            let members = index ?? second.index(of: b) { $1 }
            index = members
            match = members[Array(first.utf8(key))]
        }
        guard let match, isEqual(value, in: first, match, in: second) else { return false }
    }
    return true
}

extension JSONDocument {
    /// What a closure makes of the members of an object, by key.
    func index<Entry>(of object: JSONValue, _ entry: (_ key: JSONValue, _ value: JSONValue) -> Entry) -> [[UInt8]:
        Entry]
    {
        var index: [[UInt8]: Entry] = [:]
        for (key, value) in members(of: object) { index[Array(utf8(key))] = entry(key, value) }
        return index
    }
}
