extension JSONPatch {
    /// Applies the patch to a document, which stays as it is.
    ///
    /// - Returns: The document that the operations make; what they do not touch keeps its text.
    /// - Throws: Why the first operation that fails cannot be applied; nothing has then been done.
    public func apply(to document: JSONDocument, limits: JSONLimits = .default) throws(JSONPatchError) -> JSONDocument {
        try apply(to: JSONFragment(document), limits: limits)
    }

    /// Applies the patch to a value as if it were a document of its own.
    ///
    /// - Returns: The document that the operations make; what they do not touch keeps its text.
    /// - Throws: Why the first operation that fails cannot be applied; nothing has then been done.
    public func apply(to fragment: JSONFragment, limits: JSONLimits = .default) throws(JSONPatchError) -> JSONDocument {
        guard operations.count <= Self.maximumOperations else {
            throw JSONPatchError(.tooManyOperations, operation: nil, at: "")
        }
        var tree = PatchTree.untouched(fragment)
        var seal = PatchSeal(limits: limits)
        for (place, operation) in operations.enumerated() {
            do throws(JSONPatchError.Code) {
                try operation.apply(to: &tree, &seal)
            } catch {
                throw JSONPatchError(error, operation: place, at: operation.path.description)
            }
        }
        var writer = JSONWriter()
        do throws(JSONPatchError.Code) {
            try tree.write(to: &writer, limits: limits)
        } catch {
            throw JSONPatchError(error, operation: nil, at: "")
        }
        do throws(JSONError) {
            return fragment.document.mayHaveUnknowns
                ? try JSONDocument(parsingUnknowns: writer.finish(), limits: limits)
                : try JSONDocument(parsing: writer.finish(), limits: limits)
        } catch {
            // What was valid and has been put together again can only have outgrown the limits.
            throw JSONPatchError(.resultTooLarge, operation: nil, at: "")
        }
    }
}

extension JSONPatchOperation {
    fileprivate func apply(to tree: inout PatchTree, _ seal: inout PatchSeal) throws(JSONPatchError.Code) {
        // Each token opens one container: a pointer that is deeper than a document may be leads nowhere.
        guard path.tokens.count <= seal.limits.maximumDepth else { throw .notFound }
        switch self {
        case .add(let path, let value):
            try Self.put(.untouched(value), at: path, in: &tree)
        case .remove(let path):
            guard !path.tokens.isEmpty else { throw .removeRoot }
            try tree.change(at: path.tokens[...], .remove)
        case .replace(let path, let value):
            guard !path.tokens.isEmpty else {
                tree = .untouched(value)
                return
            }
            try tree.change(at: path.tokens[...], .replace(.untouched(value)))
        case .move(let from, let path):
            let value = try tree.value(at: from.tokens[...])
            guard from != path else { return }
            guard !path.tokens.starts(with: from.tokens) else { throw .moveIntoItself }
            let sealed = try seal.sealed(value)
            try tree.change(at: from.tokens[...], .remove)
            try Self.put(.untouched(sealed), at: path, in: &tree)
        case .copy(let from, let path):
            let sealed = try seal.sealed(try tree.value(at: from.tokens[...]))
            try Self.put(.untouched(sealed), at: path, in: &tree)
        case .test(let path, let expected):
            guard try seal.sealed(try tree.value(at: path.tokens[...])) == expected else { throw .testFailed }
        }
    }

    private static func put(
        _ value: PatchTree,
        at path: JSONPointer,
        in tree: inout PatchTree
    ) throws(JSONPatchError.Code) {
        guard !path.tokens.isEmpty else {
            tree = value
            return
        }
        try tree.change(at: path.tokens[...], .add(value))
    }
}

/// Makes documents of what a patch has changed and goes on to move, copy or test.
///
/// So a tree never grows deeper than a document and a pointer together, however many operations there are.
private struct PatchSeal {
    let limits: JSONLimits
    /// How many bytes may still be written for operations in between.
    private var budget: Int

    init(limits: JSONLimits) {
        self.limits = limits
        budget = limits.maximumBytes
    }

    mutating func sealed(_ tree: PatchTree) throws(JSONPatchError.Code) -> JSONFragment {
        if case .untouched(let fragment) = tree { return fragment }
        var writer = JSONWriter()
        try tree.write(to: &writer, limits: JSONLimits(maximumDepth: limits.maximumDepth, maximumBytes: budget))
        budget -= writer.bytes.count
        guard budget >= 0, let document = try? JSONDocument(parsing: writer.finish(), limits: limits) else {
            throw .resultTooLarge
        }
        return JSONFragment(document)
    }
}
