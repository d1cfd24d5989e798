internal import JSON

extension JSONFragment {
    /// The value as a JSON Merge Patch (RFC 7396) leaves it: objects are merged, `null` removes, all else replaces.
    func merged(with patch: JSONFragment) throws(ManifestError) -> JSONFragment {
        var writer = JSONWriter()
        writer.merge(self, patch)
        do throws(JSONError) {
            return JSONFragment(try JSONDocument(parsing: writer.finish()))
        } catch {
            throw ManifestError("with its changes is no object: \(error.code)", mend: "make them smaller")
        }
    }
}

extension JSONWriter {
    /// Documents have a depth, and so has this.
    fileprivate mutating func merge(_ target: JSONFragment?, _ patch: JSONFragment) {
        guard patch.value.isObject else { return copy(patch) }
        beginObject()
        let old = target.flatMap { $0.value.isObject ? $0 : nil }
        if let old {
            for (key, value) in old.document.members(of: old.value) {
                let name = old.document.utf8(key)
                let change = patch.document.member(name, of: patch.value)
                if let change, change.isNull { continue }
                self.key(name)
                if let change {
                    merge(JSONFragment(old.document, value), JSONFragment(patch.document, change))
                } else {
                    copy(value, in: old.document)
                }
            }
        }
        for (key, value) in patch.document.members(of: patch.value) where !value.isNull {
            let name = patch.document.utf8(key)
            if let old, old.document.member(name, of: old.value) != nil { continue }
            self.key(name)
            merge(nil, JSONFragment(patch.document, value))
        }
        endObject()
    }
}
