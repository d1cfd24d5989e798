internal import CEL
internal import JSON

/// What a mutation's expression gives.
enum PatchForm: String, CaseIterable, Sendable {
    /// `Object{…}`: the fields that are to be so, merged into the object.
    case applyConfiguration = "ApplyConfiguration"
    /// `[JSONPatch{…}]`: operations, done in their order.
    case jsonPatch = "JSONPatch"
}

/// What a mutation's expression gives, applied to an object.
enum ExpressionPatch {
    /// Applies what an expression gave.
    ///
    /// - Returns: The object as it is then; nil if a `test` of a JSON Patch did not hold, or nothing is different.
    /// - Throws: Why it cannot be applied.
    static func apply(
        _ value: CELValue,
        as form: PatchForm,
        _ evaluation: borrowing Evaluation,
        to object: JSONFragment,
        schema: MergeSchema
    ) throws(EvaluationError) -> JSONDocument? {
        let document = try CELValueWriter.document(value, evaluation)
        let result: JSONDocument?
        switch form {
        case .applyConfiguration:
            result = try ApplyConfiguration(document).merge(into: object, schema: schema)
        case .jsonPatch:
            result = try JSONPatchList(document).apply(to: object)
        }
        guard let result, JSONFragment(result) != object else { return nil }
        return result
    }
}

/// A JSON Patch that an expression made.
private struct JSONPatchList {
    private let patch: JSONPatch

    init(_ document: JSONDocument) throws(EvaluationError) {
        do throws(JSONPatchError) {
            patch = try JSONPatch(parsing: document)
        } catch {
            throw .expression("JSON Patch: \(error)")
        }
    }

    /// Applies it as the API server's library does: a member that is absent is `null` to a `test`.
    func apply(to object: JSONFragment) throws(EvaluationError) -> JSONDocument? {
        var operations = patch.operations
        while true {
            do throws(JSONPatchError) {
                return try JSONPatch(operations).apply(to: object)
            } catch {
                guard let place = error.operation, case .test(let path, let expected) = operations[place] else {
                    throw .expression("JSON Patch: \(error)")
                }
                if error.code == .testFailed { return nil }
                guard error.code == .notFound, isObject(above: path, after: operations[..<place], in: object) else {
                    throw .expression("JSON Patch: \(error)")
                }
                guard expected.value.isNull else { return nil }
                operations.remove(at: place)
            }
        }
    }

    /// Whether there is an object in which the path's last member is missing, once some operations are done.
    private func isObject(
        above path: JSONPointer,
        after operations: ArraySlice<JSONPatchOperation>,
        in object: JSONFragment
    ) -> Bool {
        guard !path.tokens.isEmpty, let document = try? JSONPatch(Array(operations)).apply(to: object) else {
            return false
        }
        let parent = JSONPointer(tokens: path.tokens.dropLast())
        return document.value(at: parent).map { $0.isObject } ?? false
    }
}

/// A structured merge of an apply configuration into an object, without field managers.
struct ApplyConfiguration {
    private let patch: JSONDocument
    private var writer = JSONWriter()

    init(_ patch: JSONDocument) { self.patch = patch }

    /// Merges.
    ///
    /// - Throws: If the configuration sets what is atomic, which would take away what it does not say, or something that has
    ///   another form in the object.
    consuming func merge(into object: JSONFragment, schema: MergeSchema) throws(EvaluationError) -> JSONDocument {
        var atomics: [String] = []
        findAtomics(patch.root, schema, "", &atomics)
        guard atomics.isEmpty else {
            let paths = atomics.prefix(8).joined(separator: ", ")
            throw .expression(
                "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \(paths); use a JSONPatch"
            )
        }
        try write(object, patch.root, schema, "")
        do throws(JSONError) {
            return try JSONDocument(parsing: writer.finish())
        } catch {
            throw .expression("the merged object is too large or too deep")
        }
    }

    private func findAtomics(_ value: JSONValue, _ schema: MergeSchema, _ path: String, _ found: inout [String]) {
        if value.isObject {
            if case .atomic = schema.form { found.append(path) }
            for (key, member) in patch.members(of: value) {
                let name = patch.string(key) ?? ""
                findAtomics(member, schema.member(name), "\(path).\(name)", &found)
            }
        } else if value.isArray {
            switch schema.form {
            case .set: break
            case .keyed(_, let element):
                for (place, item) in patch.elements(of: value).enumerated() {
                    findAtomics(item, element, "\(path)[\(place)]", &found)
                }
            case .open, .object, .atomic: found.append(path)
            }
        }
    }

    /// Writes what a value becomes.
    private mutating func write(
        _ old: JSONFragment,
        _ new: JSONValue,
        _ schema: MergeSchema,
        _ path: String
    ) throws(EvaluationError) {
        switch (old.value.kind, new.kind) {
        case (.object, .object): try writeObject(old, new, schema, path)
        case (.array, .array): try writeList(old, new, schema, path)
        case (.object, .null), (.array, .null): writer.copy(old)
        case (.null, _): writer.copy(new, in: patch)
        case (.object, _), (.array, _), (_, .object), (_, .array):
            throw .expression("\(path.isEmpty ? "the object" : path) has another form in the object")
        default: writer.copy(new, in: patch)
        }
    }

    private mutating func writeObject(
        _ old: JSONFragment,
        _ new: JSONValue,
        _ schema: MergeSchema,
        _ path: String
    ) throws(EvaluationError) {
        writer.beginObject()
        for (key, value) in old.document.members(of: old.value) {
            let name = old.document.utf8(key)
            writer.key(name)
            if let change = patch.member(name, of: new) {
                let text = String(name)
                try write(JSONFragment(old.document, value), change, schema.member(text), "\(path).\(text)")
            } else {
                writer.copy(value, in: old.document)
            }
        }
        let document = patch
        for (key, value) in document.members(of: new) {
            let name = document.utf8(key)
            // What is not there cannot be unset.
            guard !value.isNull, old.document.member(name, of: old.value) == nil else { continue }
            writer.key(name)
            writer.copy(value, in: document)
        }
        writer.endObject()
    }

    // MARK: Lists

    private mutating func writeList(
        _ old: JSONFragment,
        _ new: JSONValue,
        _ schema: MergeSchema,
        _ path: String
    ) throws(EvaluationError) {
        let olds = Array(old.document.elements(of: old.value))
        let news = Array(patch.elements(of: new))
        let keys: [MergeSchema.Key]
        let element: MergeSchema
        switch schema.form {
        case .keyed(let names, let schema): (keys, element) = (names, schema)
        default: (keys, element) = ([], .open)
        }
        let oldKeys = olds.map { Self.key($0, in: old.document, keys) }
        let newKeys = news.map { Self.key($0, in: patch, keys) }
        guard newKeys.allSatisfy({ $0 != nil }) else {
            throw .expression("\(path): an element lacks \(keys.map(\.name).joined(separator: " or "))")
        }
        guard Set(newKeys).count == newKeys.count else { throw .expression("\(path): an element is there twice") }
        writer.beginArray()
        for step in Self.order(oldKeys, newKeys) {
            switch step {
            case .old(let place): writer.copy(olds[place], in: old.document)
            case .new(let place): writer.copy(news[place], in: patch)
            case .merged(let oldPlace, let newPlace):
                let fragment = JSONFragment(old.document, olds[oldPlace])
                try write(fragment, news[newPlace], element, "\(path)[\(newPlace)]")
            }
        }
        writer.endArray()
    }

    /// What tells an element from others; nil if it lacks a part of it.
    private static func key(_ value: JSONValue, in document: JSONDocument, _ keys: [MergeSchema.Key]) -> String? {
        guard !keys.isEmpty else { return String(document.lexeme(value)) }
        var text = ""
        for key in keys {
            text += "\u{0}"
            if let part = document.member(key.name, of: value), !part.isNull {
                text += document.string(part) ?? String(document.lexeme(part))
            } else if let standard = key.standard {
                text += standard
            } else {
                return nil
            }
        }
        return text
    }

    private enum Step {
        case old(Int)
        case new(Int)
        case merged(Int, Int)
    }

    /// The order of a merged list: elements of both stand as the configuration has them; what the object alone has keeps its
    /// place before and between them, and what the configuration alone has comes behind that.
    private static func order(_ olds: [String?], _ news: [String?]) -> [Step] {
        var places: [String: Int] = [:]
        for (place, key) in olds.enumerated() { if let key, places[key] == nil { places[key] = place } }
        let wanted = Set(news.compactMap { $0 })
        var steps: [Step] = []
        var merged: Set<String> = []
        var (old, new) = (0, 0)
        while old < olds.count || new < news.count {
            if old < olds.count {
                guard let key = olds[old], wanted.contains(key) else {
                    steps.append(.old(old))
                    old += 1
                    continue
                }
                let nextShared = news[new...].lazy.compactMap { $0 }.first { places[$0] != nil }
                if merged.contains(key) || nextShared != key {
                    old += 1
                    continue
                }
            }
            guard new < news.count else { continue }
            if let key = news[new], let place = places[key] {
                steps.append(.merged(place, new))
                merged.insert(key)
            } else {
                steps.append(.new(new))
            }
            new += 1
        }
        return steps
    }
}
